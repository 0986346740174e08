/* SPDX-License-Identifier: MIT */
/* Lifetimes of nodes and edges: what has expired is found by no read and goes with later writes. */
#include <stdio.h>
#include <time.h>

#include "test_store.h"
#include "trivet_graph.h"

typedef struct fixture {
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  tv_node a, b, c;
  tv_edge ab, bc, ca;
} fixture;

static const tv_types all_types = {0, NULL};

static void reopen(fixture *f, unsigned mode) {
  f->txn = test_begin(f->db, mode);
  test_ok(tv_graph_open(f->txn, "g", TV_CREATE * (mode == TV_WRITE), &f->g));
}

/* Commits, and lets what has a lifetime of a millisecond expire. */
static void pass_time(fixture *f, unsigned mode) {
  struct timespec wait = {0, 3000000};
  test_commit(f->txn);
  (void)nanosleep(&wait, NULL);
  reopen(f, mode);
}

static int set_up(void **state) {
  static fixture f;
  f.db = test_open_memory();
  reopen(&f, TV_WRITE);
  test_ok(tv_graph_node_put(f.g, tv_str("a"), "N", &f.a));
  test_ok(tv_graph_node_put(f.g, tv_str("b"), "N", &f.b));
  test_ok(tv_graph_node_put(f.g, tv_str("c"), "N", &f.c));
  test_ok(tv_graph_edge_add(f.g, f.a, f.b, "e", 0, NULL, &f.ab));
  test_ok(tv_graph_edge_add(f.g, f.b, f.c, "e", 0, NULL, &f.bc));
  test_ok(tv_graph_edge_add(f.g, f.c, f.a, "e", 0, NULL, &f.ca));
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  tv_abort(f->txn);
  test_close(f->db);
  return 0;
}

static int count_node(void *ctx, tv_node node) {
  (void)node;
  ++*(int *)ctx;
  return 0;
}

static int count_edge(void *ctx, const tv_edge_ref *edge) {
  (void)edge;
  ++*(int *)ctx;
  return 0;
}

static int count_expanded(void *ctx, size_t index, tv_node neighbour, const tv_edge_ref *edge) {
  (void)index, (void)neighbour;
  return count_edge(ctx, edge);
}

static int nodes_of(fixture *f, const char *label) {
  int n = 0;
  test_ok(tv_graph_nodes(f->g, label, count_node, &n));
  return n;
}

static int edges_of(fixture *f) {
  int n = 0;
  test_ok(tv_graph_edges(f->g, NULL, count_edge, &n));
  return n;
}

static uint64_t degree_of(fixture *f, tv_node node) {
  uint64_t degree;
  test_ok(tv_graph_degree(f->g, node, TV_BOTH, all_types, &degree));
  return degree;
}

static void an_expired_edge_is_found_by_no_read(void **state) {
  fixture *f = *state;
  tv_edge_ref ref;
  tv_path path;
  uint64_t reached;
  int n = 0;
  test_ok(tv_graph_edge_find(f->g, f->ab, &ref));
  test_ok(tv_graph_edge_set(f->g, f->ab, "x", (tv_value){TV_INT64, {7}}));
  test_ok(tv_graph_edge_expire(f->g, f->ab, 1));
  assert_int_equal(edges_of(f), 3); /* not yet: the clock stands still */
  pass_time(f, TV_READ);
  test_status(tv_graph_edge_find(f->g, f->ab, &ref), TV_NOTFOUND);
  test_status(tv_graph_edge_get(f->g, &ref, "x", &(tv_value){0}), TV_NOTFOUND);
  assert_int_equal(edges_of(f), 2);
  assert_int_equal(degree_of(f, f->a), 1);
  test_ok(tv_graph_edges_at(f->g, f->b, TV_IN, all_types, count_edge, &n));
  test_ok(tv_graph_expand(f->g, 1, &f->a, TV_OUT, all_types, count_expanded, &n));
  assert_int_equal(n, 0);
  test_ok(tv_graph_khop_count(f->g, f->a, TV_OUT, all_types, UINT32_MAX, NULL, &reached));
  assert_int_equal(reached, 0);
  test_status(tv_graph_shortest_path(f->g, f->a, f->b, TV_OUT, all_types, NULL, &path),
              TV_NOTFOUND);
}

static void an_expired_node_is_gone_with_its_edges_and_its_key_is_free(void **state) {
  fixture *f = *state;
  tv_graph_stat stat;
  tv_node found;
  tv_slice key;
  test_ok(tv_graph_node_expire(f->g, f->b, 1));
  pass_time(f, TV_WRITE);
  test_status(tv_graph_node_find(f->g, tv_str("b"), &found), TV_NOTFOUND);
  test_status(tv_graph_node_key(f->g, f->b, &key), TV_ENONODE);
  test_status(tv_graph_node_delete(f->g, f->b), TV_NOTFOUND);
  test_status(tv_graph_edge_add(f->g, f->a, f->b, "e", 0, NULL, NULL), TV_ENONODE);
  test_status(tv_graph_edge_delete(f->g, f->bc), TV_NOTFOUND);
  assert_int_equal(nodes_of(f, NULL), 2);
  assert_int_equal(nodes_of(f, "N"), 2);
  assert_int_equal(edges_of(f), 1);
  assert_int_equal(degree_of(f, f->a), 1);
  test_ok(tv_graph_stat_get(f->g, &stat));
  assert_int_equal(stat.nodes, 3); /* stored, not swept */
  test_ok(tv_graph_node_put(f->g, tv_str("b"), NULL, &found));
  assert_int_equal(found, 3);
  test_ok(tv_graph_stat_get(f->g, &stat));
  assert_int_equal(stat.nodes, 3);
  assert_int_equal(stat.edges, 1);
}

static void a_lifetime_may_be_changed_and_taken_back(void **state) {
  fixture *f = *state;
  int64_t expires;
  test_ok(tv_graph_node_expires(f->g, f->a, &expires));
  assert_int_equal(expires, 0);
  test_ok(tv_graph_node_expire(f->g, f->a, 1));
  test_ok(tv_graph_node_expire(f->g, f->a, 60000));
  test_ok(tv_graph_edge_expire(f->g, f->ab, 1));
  test_ok(tv_graph_edge_expire(f->g, f->ab, 0));
  test_ok(tv_graph_node_expires(f->g, f->a, &expires));
  assert_int_equal(expires, tv_txn_now(f->txn) + 60000000);
  test_ok(tv_graph_edge_expires(f->g, f->ab, &expires));
  assert_int_equal(expires, 0);
  pass_time(f, TV_WRITE);
  assert_int_equal(nodes_of(f, NULL), 3);
  assert_int_equal(edges_of(f), 3);
  test_status(tv_graph_node_expire(f->g, f->a, -1), TV_EINVAL);
  test_status(tv_graph_node_expire(f->g, f->a, INT64_MAX), TV_EINVAL);
  test_status(tv_graph_node_expire(f->g, 17, 1), TV_ENONODE);
  test_status(tv_graph_edge_expire(f->g, 17, 1), TV_NOTFOUND);
}

static void a_lifetime_rolls_back_with_its_savepoint(void **state) {
  fixture *f = *state;
  unsigned depth;
  test_ok(tv_savepoint(f->txn, &depth));
  test_ok(tv_graph_node_expire(f->g, f->a, 1));
  test_ok(tv_savepoint_rollback(f->txn, depth));
  pass_time(f, TV_WRITE);
  assert_int_equal(nodes_of(f, NULL), 3);
  test_ok(tv_graph_node_expire(f->g, f->b, 1));
  pass_time(f, TV_WRITE);
  assert_int_equal(nodes_of(f, NULL), 2);
}

/* A star: each sweep of three takes three of its edges, the last the node too. */
static void sweeps_are_bounded_and_leave_nothing_behind(void **state) {
  fixture *f = *state;
  tv_graph_stat stat;
  tv_node hub, leaf;
  uint64_t swept, sum = 0;
  char key[16];
  int i;
  test_ok(tv_graph_node_put(f->g, tv_str("hub"), "N", &hub));
  for (i = 0; i < 10; i++) {
    snprintf(key, sizeof key, "leaf%d", i);
    test_ok(tv_graph_node_put(f->g, tv_str(key), "L", &leaf));
    test_ok(tv_graph_edge_add(f->g, i % 2 ? hub : leaf, i % 2 ? leaf : hub, "e", 0, NULL, NULL));
  }
  test_ok(tv_graph_node_expire(f->g, hub, 1));
  test_ok(tv_graph_edge_expire(f->g, f->ab, 1));
  pass_time(f, TV_WRITE);
  do {
    test_ok(tv_graph_sweep(f->g, 3, &swept));
    assert_true(swept <= 3);
    assert_int_equal(edges_of(f), 2); /* the same before, amid and after */
    sum += swept;
  } while (swept == 3);
  assert_int_equal(sum, 12);
  test_ok(tv_graph_stat_get(f->g, &stat));
  assert_int_equal(stat.nodes, 13);
  assert_int_equal(stat.edges, 2);
}

static void writes_sweep_what_has_expired(void **state) {
  fixture *f = *state;
  tv_graph_stat stat;
  tv_node node;
  char key[16];
  int i;
  for (i = 0; i < 40; i++) {
    snprintf(key, sizeof key, "t%d", i);
    test_ok(tv_graph_node_put(f->g, tv_str(key), NULL, &node));
    test_ok(tv_graph_node_expire(f->g, node, 1));
  }
  pass_time(f, TV_WRITE);
  for (i = 0; i < 3; i++) test_ok(tv_graph_node_put(f->g, tv_str("a"), NULL, &node));
  test_ok(tv_graph_stat_get(f->g, &stat));
  assert_int_equal(stat.nodes, 3);
  test_ok(tv_graph_drop(f->txn, "g"));
  test_ok(tv_graph_open(f->txn, "g", TV_CREATE, &f->g));
  test_ok(tv_graph_stat_get(f->g, &stat));
  assert_int_equal(stat.nodes, 0);
}

#define with_graph(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      with_graph(an_expired_edge_is_found_by_no_read),
      with_graph(an_expired_node_is_gone_with_its_edges_and_its_key_is_free),
      with_graph(a_lifetime_may_be_changed_and_taken_back),
      with_graph(a_lifetime_rolls_back_with_its_savepoint),
      with_graph(sweeps_are_bounded_and_leave_nothing_behind),
      with_graph(writes_sweep_what_has_expired),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
