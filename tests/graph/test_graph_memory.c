/* SPDX-License-Identifier: MIT */
/*
 * Runs out of memory at every allocation in turn: each failure is TV_ENOMEM or is survived, nothing
 * leaks and the file stays as it was or becomes what it should.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph_algo.h"

/* Allocations until one fails; negative: never. */
static long left = -1, live = 0;

static int memory_refused(void) {
  return left >= 0 && left-- == 0;
}

static void *memory_allocate(void *ctx, size_t bytes) {
  void *p;
  (void)ctx;
  if (memory_refused()) return NULL;
  p = malloc(bytes);
  live += p != NULL;
  return p;
}

static void *memory_reallocate(void *ctx, void *old, size_t bytes) {
  void *p;
  (void)ctx;
  if (memory_refused()) return NULL;
  p = realloc(old, bytes);
  live += old == NULL && p != NULL;
  return p;
}

static void memory_release(void *ctx, void *old) {
  (void)ctx;
  live -= old != NULL;
  free(old);
}

static int ignore_property(void *ctx, const char *name, tv_value value) {
  (void)ctx, (void)name, (void)value;
  return 0;
}

static int ignore_label(void *ctx, const char *label) {
  (void)ctx, (void)label;
  return 0;
}

static int count_reached(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                         const tv_edge_ref *edge) {
  (void)node, (void)depth, (void)parent, (void)edge;
  ++*(int *)ctx;
  return 0;
}

static int give_text(void *ctx, void *buffer, size_t capacity, size_t *got) {
  static const char text[] = "k0 k1 1\nk1 k2 2.5\nk2 k0 3\nk0 new 4\n";
  int *calls = ctx;
  *got = (*calls)++ < 300 && capacity >= sizeof text - 1 ? sizeof text - 1 : 0;
  memcpy(buffer, text, *got);
  return 0;
}

/* Merges, loads, lets expire. */
static int write_segments(tv_graph *g) {
  int calls = 0, status = tv_graph_compact(g, UINT64_MAX, NULL);
  tv_load_options options = {.type = "p0",
                             .label = "Odd",
                             .read = give_text,
                             .ctx = &calls,
                             .weight = "w",
                             .memory_bytes_max = 1}; /* 1,200 edges: more than a run */
  tv_value heavy = {TV_INT64, {.integer = 9}};
  if (status == TV_OK) status = tv_graph_load(g, &options, NULL);
  if (status == TV_OK) status = tv_graph_edge_set(g, 50, "w", heavy);
  if (status == TV_OK) status = tv_graph_edge_set(g, 5, "w", heavy);
  if (status == TV_OK) status = tv_graph_edge_delete(g, 2);
  if (status == TV_OK) status = tv_graph_edge_add(g, 3, 4, "late", 0, NULL, NULL);
  return status == TV_OK ? tv_graph_edge_expire(g, 4, 3600000) : status;
}

/* Every algorithm. */
static int run_algorithms(tv_graph *g, uint64_t n) {
  tv_algorithm_options options = {.threads = 2};
  uint32_t levels[64];
  double reals[64];
  tv_node nodes[64];
  uint64_t count;
  int status = tv_graph_levels(g, &options, 0, TV_BOTH, levels, nodes, n);
  assert_true(n <= 64);
  if (status == TV_OK) status = tv_graph_pagerank(g, &options, 0.85, 3, NULL, reals, n);
  if (status == TV_OK) status = tv_graph_components(g, &options, nodes, n, &count);
  if (status == TV_OK) status = tv_graph_strong_components(g, &options, nodes, n, &count);
  if (status == TV_OK) status = tv_graph_triangles(g, &options, &count);
  if (status == TV_OK) status = tv_graph_clustering(g, &options, reals, n);
  return status == TV_OK ? tv_graph_label_propagation(g, &options, 3, nodes, n) : status;
}

static int write_graph(tv_txn *txn) {
  tv_property properties[20];
  char names[20][16], key[16];
  tv_graph *g;
  tv_node node = 0, first = 0;
  int i, status = tv_graph_open(txn, "g", TV_CREATE, &g);
  for (i = 0; i < 20; i++) {
    snprintf(names[i], sizeof names[i], "p%d", i);
    properties[i].name = names[i];
    properties[i].value.type = TV_TEXT;
    properties[i].value.as.bytes = tv_str(names[i]);
  }
  for (i = 0; i < 40 && status == TV_OK; i++) {
    snprintf(key, sizeof key, "k%d", i);
    status = tv_graph_node_put(g, tv_str(key), i % 2 ? "Odd" : "Even", &node);
    if (status == TV_OK && i == 0) first = node;
    if (status == TV_OK) status = tv_graph_node_set(g, node, "p", properties[0].value);
    if (status == TV_OK)
      status = tv_graph_edge_add(g, first, node, names[i % 20], 20, properties, NULL);
  }
  if (status == TV_OK) status = tv_graph_label_add(g, first, "Third");
  if (status == TV_OK) status = write_segments(g);
  if (status == TV_OK) status = tv_graph_edge_set(g, 3, "p1", (tv_value){TV_NULL, {0}});
  return status == TV_OK ? tv_graph_node_delete(g, node) : status;
}

static int read_graph(tv_txn *txn) {
  uint32_t numbers[20] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  tv_types set = {20, numbers};
  tv_edge_ref ref;
  tv_graph *g;
  tv_node start;
  tv_path path;
  int reached = 0, status = tv_graph_open(txn, "g", 0, &g);
  if (status == TV_OK) status = tv_graph_node_find(g, tv_str("k0"), &start);
  if (status == TV_OK) status = tv_graph_node_labels(g, start, ignore_label, NULL);
  if (status == TV_OK) status = tv_graph_node_properties(g, start, ignore_property, NULL);
  if (status == TV_OK) status = tv_graph_check(g, NULL, NULL, NULL);
  if (status == TV_OK) status = tv_graph_edge_find(g, 51, &ref);
  if (status == TV_OK) status = tv_graph_edge_properties(g, &ref, ignore_property, NULL);
  if (status == TV_OK) status = tv_graph_edge_find(g, 3, &ref);
  if (status == TV_OK) status = tv_graph_edge_properties(g, &ref, ignore_property, NULL);
  if (status == TV_OK)
    status = tv_graph_bfs(g, 1, &start, TV_BOTH, set, UINT32_MAX, NULL, count_reached, &reached);
  if (status == TV_OK) status = tv_graph_shortest_path(g, 5, 7, TV_BOTH, set, NULL, &path);
  if (status != TV_OK) return status;
  assert_int_equal(reached, 40);
  assert_int_equal(path.length, 2);
  tv_graph_path_free(&path);
  return run_algorithms(g, 41);
}

/* Runs `work` with the nth allocation refused. Returns its status. */
static int run_with_failure(tv_db *db, unsigned mode, int (*work)(tv_txn *txn), long n) {
  tv_txn *txn = test_begin(db, mode);
  int status;
  left = n;
  status = work(txn);
  left = -1;
  tv_abort(txn);
  return status;
}

static void every_allocation_may_fail(void **state) {
  const tv_allocator allocator = {memory_allocate, memory_reallocate, memory_release, NULL};
  tv_txn *txn;
  tv_db *db;
  long n, write_failures = 0, read_failures = 0;
  int status;
  (void)state;
  test_ok(tv_allocator_set(&allocator));
  for (n = 0;; n++) {
    db = test_open_memory(); /* anew: no pooled memory hides an allocation */
    status = run_with_failure(db, TV_WRITE, write_graph, n);
    assert_true(status == TV_OK || status == TV_ENOMEM);
    write_failures += status == TV_ENOMEM;
    if (status != TV_OK) {
      test_close(db);
      continue;
    }
    txn = test_begin(db, TV_WRITE);
    test_ok(write_graph(txn));
    test_commit(txn);
    break;
  }
  for (n = 0;; n++) {
    status = run_with_failure(db, TV_READ, read_graph, n);
    assert_true(status == TV_OK || status == TV_ENOMEM);
    read_failures += status == TV_ENOMEM;
    if (status == TV_OK) break;
  }
  test_close(db);
  assert_true(write_failures > 20);
  assert_true(read_failures > 5);
  assert_int_equal(live, 0);
  test_ok(tv_allocator_set(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
