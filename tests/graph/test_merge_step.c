/* SPDX-License-Identifier: MIT */
/* Merging by writers: the delta stays small by itself, in one large transaction and in many small
 * ones, and nothing of what is read changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "segment_internal.h"
#include "test_store.h"

enum { NODES = 20000, EDGES = 60000 };

typedef struct fixture {
  uint64_t seed;
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  char *alive; /* of each edge id */
  tv_node *from, *to;
} fixture;

static int set_up(void **state) {
  static fixture f;
  char key[16];
  int i;
  f.seed = test_seed();
  f.alive = calloc(EDGES, 1);
  f.from = calloc(EDGES, sizeof *f.from);
  f.to = calloc(EDGES, sizeof *f.to);
  assert_true(f.alive != NULL && f.from != NULL && f.to != NULL);
  f.db = test_open_memory();
  f.txn = test_begin(f.db, TV_WRITE);
  test_ok(tv_graph_open(f.txn, "web", TV_CREATE, &f.g));
  for (i = 0; i < NODES; i++) {
    snprintf(key, sizeof key, "%d", i);
    test_ok(tv_graph_node_put(f.g, tv_str(key), NULL, NULL));
  }
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  tv_abort(f->txn);
  test_close(f->db);
  free(f->alive);
  free(f->from);
  free(f->to);
  return 0;
}

static void again(fixture *f) {
  test_commit(f->txn);
  f->txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_graph_open(f->txn, "web", 0, &f->g));
}

static void add(fixture *f, int i) {
  tv_edge edge;
  tv_property weight = {"weight", {TV_INT64, {.integer = i}}};
  f->from[i] = test_random(&f->seed) % NODES;
  f->to[i] = test_random(&f->seed) % NODES;
  test_ok(tv_graph_edge_add(f->g, f->from[i], f->to[i], i % 3 ? "a" : "b", 1, &weight, &edge));
  assert_int_equal(edge, i);
  f->alive[i] = 1;
}

static uint64_t delta_of(fixture *f, int direction) {
  tv_store *store;
  uint64_t count;
  test_ok(tvi_graph_store(f->g, tvi_delta_part(direction), &store));
  test_ok(tv_store_count(store, &count));
  return count;
}

static int check_edge(void *ctx, const tv_edge_ref *ref) {
  fixture *f = ctx;
  assert_true(ref->edge < EDGES && f->alive[ref->edge] == 1);
  assert_true(ref->from == f->from[ref->edge] && ref->to == f->to[ref->edge]);
  f->alive[ref->edge] = 2;
  return 0;
}

/* Every edge is seen once from each end, with its weight. */
static void check(fixture *f) {
  static const tv_types all = {0, NULL};
  int direction, i;
  tv_node node;
  for (direction = TV_OUT; direction <= TV_IN; direction++) {
    for (node = 0; node < NODES; node++)
      test_ok(tv_graph_edges_at(f->g, node, direction, all, check_edge, f));
    for (i = 0; i < EDGES; i++) {
      assert_true(f->alive[i] != 1);
      if (f->alive[i] == 2) f->alive[i] = 1;
    }
  }
  for (i = 0; i < EDGES; i += 17) {
    tv_edge_ref ref;
    tv_value value;
    test_status(tv_graph_edge_find(f->g, (tv_edge)i, &ref), f->alive[i] ? TV_OK : TV_NOTFOUND);
    if (!f->alive[i]) continue;
    test_ok(tv_graph_edge_get(f->g, &ref, "weight", &value));
    assert_int_equal(value.as.integer, i);
  }
}

/* What the step promises: a 64th of the graph, its minimum, and what a step may lag behind. */
static void delta_is_small(fixture *f) {
  uint64_t most = EDGES / 64 + TVI_MERGE_MIN + 2 * 256;
  assert_true(delta_of(f, TV_OUT) <= most);
  assert_true(delta_of(f, TV_IN) <= most);
}

static void one_large_transaction_leaves_a_small_delta(void **state) {
  fixture *f = *state;
  int i;
  for (i = 0; i < EDGES; i++) add(f, i);
  delta_is_small(f);
  check(f);
}

static void many_small_transactions_leave_a_small_delta(void **state) {
  fixture *f = *state;
  int i;
  for (i = 0; i < EDGES; i++) {
    add(f, i);
    if (i % 7 == 0 || i < 300) again(f);
  }
  delta_is_small(f);
  check(f);
}

static void deletes_are_merged_too(void **state) {
  fixture *f = *state;
  int i;
  for (i = 0; i < EDGES; i++) add(f, i);
  test_ok(tv_graph_compact(f->g, UINT64_MAX, NULL));
  for (i = 0; i < EDGES; i += 2) {
    test_ok(tv_graph_edge_delete(f->g, (tv_edge)i));
    f->alive[i] = 0;
    if (i % 1000 == 0) again(f);
  }
  delta_is_small(f);
  check(f);
}

static void a_small_graph_is_left_alone(void **state) {
  fixture *f = *state;
  int i;
  for (i = 0; i < TVI_MERGE_MIN; i++) add(f, i);
  assert_int_equal(delta_of(f, TV_OUT), TVI_MERGE_MIN);
}

static int fill_slots(fixture *f) {
  tv_store *store;
  char name[32];
  int i;
  for (i = 0;; i++) {
    snprintf(name, sizeof name, "store-%d", i);
    if (tv_store_open(f->txn, name, TV_CREATE, &store) != TV_OK) return i;
  }
}

static void without_room_for_stores_edges_stay_in_the_delta(void **state) {
  fixture *f = *state;
  int i;
  assert_true(fill_slots(f) > 0);
  for (i = 0; i < EDGES / 3; i++) add(f, i);
  assert_int_equal(delta_of(f, TV_OUT), EDGES / 3);
  check(f);
}

#define with_graph(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      with_graph(one_large_transaction_leaves_a_small_delta),
      with_graph(many_small_transactions_leave_a_small_delta),
      with_graph(deletes_are_merged_too),
      with_graph(a_small_graph_is_left_alone),
      with_graph(without_room_for_stores_edges_stay_in_the_delta),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
