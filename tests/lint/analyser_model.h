/* SPDX-License-Identifier: MIT */
/*
 * What clang-tidy is told about functions whose bodies it does not see, because it reads one file
 * at a time: those that record a failure return one. Without this it follows paths on which a
 * failure was reported as TV_OK. Included before each file, by lint only; ANALYSED_<file> is
 * defined for the file that defines a function, where its name must stay.
 */
#ifndef TRIVET_ANALYSER_MODEL_H
#define TRIVET_ANALYSER_MODEL_H

#include "env_internal.h"
#include "layer_internal.h"
#include "lmdb_status_internal.h"
#if __has_include("bucket_internal.h")
#include "bucket_internal.h"
#endif
#if __has_include("graph_internal.h")
#include "graph_internal.h"
#endif
#if __has_include("test_store.h")
#include "test_store.h"
#endif

static inline int analyser_failure(int status) {
  if (status == TV_OK) __builtin_unreachable();
  return status;
}

/* The arguments beside the status count as read and written. */
void analyser_read(void *first, ...);
#define analyser_failure_of(status, ...) analyser_failure((analyser_read(__VA_ARGS__), (status)))

#ifndef ANALYSED_error
#define tvi_error_set(err, status, ...) analyser_failure_of(status, err, __VA_ARGS__)
#endif
#ifndef ANALYSED_txn_state
#define tvi_txn_fail(txn, status, ...) analyser_failure_of(status, txn, __VA_ARGS__)
#endif
#ifndef ANALYSED_lmdb_status
#define tvi_lmdb_fail(err, native, ...) analyser_failure_of(native, err, __VA_ARGS__)
#endif
#ifndef ANALYSED_txn
#define tvi_txn_lmdb_fail(txn, native, what) analyser_failure_of(native, txn, what)
#endif
#ifndef ANALYSED_store
#define tvi_store_key_fail(store, key) analyser_failure_of(TV_EKEYSIZE, store, key)
#endif
#ifndef ANALYSED_bucket
#define tvi_kv_fail(bucket, key, status) analyser_failure_of(status, bucket, key)
#endif
#ifndef ANALYSED_graph
#define tvi_graph_corrupt(graph, what, id) analyser_failure_of(TV_ECORRUPT, graph, what, id)
#define tvi_graph_no_node(graph, node) analyser_failure_of(TV_ENONODE, graph, node)
#endif
#ifndef ANALYSED_intern
#define tvi_name_unknown(graph, space, name) analyser_failure_of(TV_ENOLABEL, graph, space, name)
#endif

/* A test does not go on behind a check that failed. */
#if defined(TRIVET_TEST_STORE_H) && !defined(ANALYSED_test_store)
static inline void analyser_checked(int status, int expected) {
  if (status != expected) __builtin_unreachable();
}
#define test_status_at(status, expected, call, file, line) analyser_checked(status, expected)
static inline void analyser_holds(int condition) {
  if (!condition) __builtin_unreachable();
}
#undef assert_true
#undef assert_false
#undef assert_null
#undef assert_non_null
#undef assert_int_equal
#define assert_true(c) analyser_holds((c) ? 1 : 0)
#define assert_false(c) analyser_holds((c) ? 0 : 1)
#define assert_null(c) analyser_holds((c) == NULL)
#define assert_non_null(c) analyser_holds((c) != NULL)
#define assert_int_equal(a, b) analyser_holds((a) == (b))
#endif

#endif
