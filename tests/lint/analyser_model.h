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

#endif
