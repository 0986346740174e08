/* SPDX-License-Identifier: MIT */
/* What indexes and traversals hold in memory, by an allocator that counts: filling an index does
 * not grow with the nodes, a limit not with the edges of a node, walks not with their number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph_traverse.h"

static struct { size_t live, peak; } heap;

/* Each block begins with its size. */
static void *heap_note(size_t *block, size_t bytes) {
  if (block == NULL) return NULL;
  block[0] = bytes;
  heap.live += bytes;
  if (heap.live > heap.peak) heap.peak = heap.live;
  return block + 2;
}

static void *heap_allocate(void *ctx, size_t bytes) {
  (void)ctx;
  return heap_note(malloc(bytes + 2 * sizeof(size_t)), bytes);
}

static void heap_release(void *ctx, void *old) {
  size_t *block = old;
  (void)ctx;
  if (block == NULL) return;
  block -= 2;
  heap.live -= block[0];
  free(block);
}

static void *heap_reallocate(void *ctx, void *old, size_t bytes) {
  size_t *block = old, before = block == NULL ? 0 : block[-2];
  void *made = heap_allocate(ctx, bytes);
  if (made != NULL && before != 0) memcpy(made, old, before < bytes ? before : bytes);
  if (made != NULL) heap_release(ctx, old);
  return made;
}

static const tv_allocator counting = {heap_allocate, heap_reallocate, heap_release, NULL};
static const tv_types all = {0, NULL};

typedef struct world {
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
} world;

/* A graph of n nodes that have a number and a text. */
static world make(int n) {
  world w;
  char key[16], text[200];
  int i;
  memset(text, 'x', sizeof text);
  w.db = test_open_memory();
  w.txn = test_begin(w.db, TV_WRITE);
  test_ok(tv_graph_open(w.txn, "g", TV_CREATE, &w.g));
  for (i = 0; i < n; i++) {
    tv_property two[] = {{"number", {.type = TV_INT64, .as.integer = i * 7919 % n}},
                         {"text", {.type = TV_TEXT, .as.bytes = tv_bytes(text, sizeof text)}}};
    snprintf(key, sizeof key, "%d", i);
    test_ok(tv_graph_node_upsert(w.g, tv_str(key), "L", 2, two, NULL));
  }
  return w;
}

static void done(world *w) {
  tv_abort(w->txn);
  test_close(w->db);
}

/* Bytes that making two indexes takes while it runs. */
static size_t bytes_of_indexing(int n) {
  tv_index number = {TV_INDEX_NODES, "L", "number"}, text = {TV_INDEX_NODES, NULL, "text"};
  world w = make(n);
  size_t before = heap.peak = heap.live;
  uint64_t count;
  test_ok(tv_graph_index_create(w.g, &number, TV_INDEX_UNIQUE));
  test_ok(tv_graph_index_create(w.g, &text, 0));
  test_ok(tv_graph_index_count(w.g, &number, NULL, &count));
  assert_int_equal(count, n);
  before = heap.peak - before;
  done(&w);
  return before;
}

static void filling_an_index_takes_no_memory_for_a_node(void **state) {
  size_t few, many;
  (void)state;
  test_ok(tv_allocator_set(&counting));
  few = bytes_of_indexing(500);
  many = bytes_of_indexing(20000);
  test_ok(tv_allocator_set(NULL));
  print_message("500 nodes: %zu bytes, 20,000: %zu\n", few, many);
  assert_true(many < few + 4096);
}

static size_t bytes_of_count(tv_traversal *t, uint64_t expected) {
  uint64_t count;
  test_ok(tv_traversal_count(t, &count));
  assert_int_equal(count, expected);
  tv_traversal_close(t);
  return heap.peak;
}

static void a_limit_takes_no_memory_for_what_it_leaves_out(void **state) {
  enum { EDGES = 200000 };
  static tv_node from[EDGES], to[EDGES];
  tv_traversal *t;
  size_t before, bytes;
  tv_node hub = 0;
  world w;
  int i;
  (void)state;
  test_ok(tv_allocator_set(&counting));
  w = make(1000);
  for (i = 0; i < EDGES; i++) to[i] = (tv_node)(i % 1000);
  test_ok(tv_graph_edges_load(w.g, "e", EDGES, from, to, NULL));
  before = heap.peak = heap.live;
  test_ok(tv_traversal_open(w.g, TV_TRAVERSE_PATHS, &t));
  test_ok(tv_traversal_nodes(t, 1, &hub));
  for (i = 0; i < 3; i++) test_ok(tv_traversal_expand(t, TV_OUT, all));
  test_ok(tv_traversal_limit(t, 10));
  bytes = bytes_of_count(t, 10) - before;
  print_message("ten of 200,000 * 200 * 200 walks: %zu bytes\n", bytes);
  assert_true(bytes < 100000);
  done(&w);
  test_ok(tv_allocator_set(NULL));
}

static void walks_take_a_batch_for_each_round(void **state) {
  enum { NODES = 4, ROUNDS = 9 };
  tv_traversal *t;
  size_t before, bytes;
  tv_node hub = 0, from, to;
  uint64_t walks = 1;
  world w;
  int i;
  (void)state;
  test_ok(tv_allocator_set(&counting));
  w = make(NODES);
  for (from = 0; from < NODES; from++)
    for (to = 0; to < NODES; to++) test_ok(tv_graph_edge_add(w.g, from, to, "e", 0, NULL, NULL));
  before = heap.peak = heap.live;
  test_ok(tv_traversal_open(w.g, 0, &t));
  test_ok(tv_traversal_nodes(t, 1, &hub));
  test_ok(tv_traversal_repeat(t, ROUNDS, ROUNDS, TV_REPEAT_WALK));
  test_ok(tv_traversal_expand(t, TV_OUT, all));
  test_ok(tv_traversal_repeat_end(t));
  for (i = 0; i < ROUNDS; i++) walks *= NODES;
  bytes = bytes_of_count(t, walks) - before;
  print_message("%d walks: %zu bytes\n", (int)walks, bytes);
  assert_true(bytes < ROUNDS * 1024 * 100);
  done(&w);
  test_ok(tv_allocator_set(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(filling_an_index_takes_no_memory_for_a_node),
      cmocka_unit_test(a_limit_takes_no_memory_for_what_it_leaves_out),
      cmocka_unit_test(walks_take_a_batch_for_each_round)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
