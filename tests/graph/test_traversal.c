/* SPDX-License-Identifier: MIT */
/* Breadth-first search and shortest paths: depths, directions, limits, stopping. Random graphs are
 * compared with an oracle in test_graph_model.c. */
#include <stdio.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph.h"

enum { CHAIN = 100000 };

typedef struct fixture {
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
} fixture;

static const tv_types all_types = {0, NULL};

static int set_up(void **state) {
  static fixture f;
  f.db = test_open_memory();
  f.txn = test_begin(f.db, TV_WRITE);
  test_ok(tv_graph_open(f.txn, "g", TV_CREATE, &f.g));
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  tv_abort(f->txn);
  test_close(f->db);
  return 0;
}

/* Nodes 0..n-1. */
static void nodes(fixture *f, int n) {
  char key[16];
  int i;
  for (i = 0; i < n; i++) {
    snprintf(key, sizeof key, "%d", i);
    test_ok(tv_graph_node_put(f->g, tv_str(key), NULL, NULL));
  }
}

static void edge(fixture *f, tv_node from, tv_node to) {
  test_ok(tv_graph_edge_add(f->g, from, to, "e", 0, NULL, NULL));
}

typedef struct trace {
  char text[512];
  uint64_t count;
  uint32_t depth;
  int quiet, stop_at_depth;
} trace;

static int note(void *ctx, tv_node node, uint32_t depth, tv_node parent, const tv_edge_ref *ref) {
  trace *t = ctx;
  char one[48];
  assert_true(depth >= t->depth);
  assert_true((depth == 0) == (ref == NULL));
  assert_true((depth == 0) == (parent == TV_NODE_NONE));
  if (ref != NULL) {
    assert_true((ref->from == parent && ref->to == node) ||
                (ref->to == parent && ref->from == node));
  }
  t->depth = depth;
  t->count++;
  if (!t->quiet) {
    snprintf(one, sizeof one, "%d@%u ", (int)node, (unsigned)depth);
    strcat(t->text, one);
  }
  return t->stop_at_depth != 0 && depth == (uint32_t)t->stop_at_depth;
}

static void check_bfs(fixture *f, tv_node start, int direction, uint32_t depth_max,
                      const char *expected) {
  trace t = {0};
  test_ok(tv_graph_bfs(f->g, 1, &start, direction, all_types, depth_max, NULL, note, &t));
  assert_string_equal(t.text, expected);
}

static void bfs_visits_each_node_once_in_order_of_depth(void **state) {
  fixture *f = *state;
  nodes(f, 6);
  edge(f, 0, 2);
  edge(f, 0, 1);
  edge(f, 1, 3);
  edge(f, 2, 3);
  edge(f, 3, 0);
  edge(f, 3, 3);
  edge(f, 4, 3);
  check_bfs(f, 0, TV_OUT, UINT32_MAX, "0@0 1@1 2@1 3@2 ");
  check_bfs(f, 0, TV_OUT, 1, "0@0 1@1 2@1 ");
  check_bfs(f, 0, TV_OUT, 0, "0@0 ");
  check_bfs(f, 3, TV_IN, UINT32_MAX, "3@0 1@1 2@1 4@1 0@2 ");
  check_bfs(f, 0, TV_BOTH, UINT32_MAX, "0@0 1@1 2@1 3@1 4@2 ");
  check_bfs(f, 5, TV_BOTH, UINT32_MAX, "5@0 ");
}

static void nodes_within_some_hops_are_counted_without_the_start(void **state) {
  fixture *f = *state;
  uint64_t count;
  int i;
  nodes(f, 10);
  for (i = 0; i < 9; i++) edge(f, (tv_node)i, (tv_node)i + 1);
  edge(f, 2, 0);
  test_ok(tv_graph_khop_count(f->g, 0, TV_OUT, all_types, 0, NULL, &count));
  assert_int_equal(count, 0);
  test_ok(tv_graph_khop_count(f->g, 0, TV_OUT, all_types, 3, NULL, &count));
  assert_int_equal(count, 3);
  test_ok(tv_graph_khop_count(f->g, 0, TV_BOTH, all_types, UINT32_MAX, NULL, &count));
  assert_int_equal(count, 9);
  test_status(tv_graph_khop_count(f->g, 10, TV_OUT, all_types, 3, NULL, &count), TV_ENONODE);
}

static void bfs_starts_from_several_nodes_and_takes_doubles_once(void **state) {
  fixture *f = *state;
  tv_node starts[] = {3, 0, 3}, unknown[] = {0, 9};
  trace t = {0};
  nodes(f, 5);
  edge(f, 0, 1);
  edge(f, 3, 1);
  edge(f, 1, 2);
  test_ok(tv_graph_bfs(f->g, 3, starts, TV_OUT, all_types, UINT32_MAX, NULL, note, &t));
  assert_string_equal(t.text, "3@0 0@0 1@1 2@2 ");
  t = (trace){0};
  test_status(tv_graph_bfs(f->g, 2, unknown, TV_OUT, all_types, 1, NULL, note, &t), TV_ENONODE);
  assert_int_equal(t.count, 0);
  test_ok(tv_graph_bfs(f->g, 0, NULL, TV_OUT, all_types, 1, NULL, note, &t));
  assert_int_equal(t.count, 0);
}

static void bfs_follows_the_given_types_only(void **state) {
  fixture *f = *state;
  uint32_t type;
  tv_types set = {1, &type};
  tv_node start = 0;
  trace t = {0};
  nodes(f, 4);
  edge(f, 0, 1);
  test_ok(tv_graph_edge_add(f->g, 0, 2, "other", 0, NULL, NULL));
  test_ok(tv_graph_edge_add(f->g, 1, 3, "other", 0, NULL, NULL));
  test_ok(tv_graph_type_find(f->g, "other", &type));
  test_ok(tv_graph_bfs(f->g, 1, &start, TV_OUT, set, UINT32_MAX, NULL, note, &t));
  assert_string_equal(t.text, "0@0 2@1 ");
  type = 12;
  test_status(tv_graph_bfs(f->g, 1, &start, TV_OUT, set, 1, NULL, note, &t), TV_ENOLABEL);
}

static void a_chain_of_a_hundred_thousand_does_not_recurse(void **state) {
  fixture *f = *state;
  tv_node start = 0;
  tv_path path;
  trace t = {0};
  size_t i;
  nodes(f, CHAIN);
  for (i = 0; i + 1 < CHAIN; i++) edge(f, i, i + 1);
  t.quiet = 1;
  test_ok(tv_graph_bfs(f->g, 1, &start, TV_OUT, all_types, UINT32_MAX, NULL, note, &t));
  assert_int_equal(t.count, CHAIN);
  assert_int_equal(t.depth, CHAIN - 1);
  test_ok(tv_graph_shortest_path(f->g, 0, CHAIN - 1, TV_OUT, all_types, NULL, &path));
  assert_int_equal(path.length, CHAIN - 1);
  for (i = 0; i < CHAIN; i++) assert_int_equal(path.nodes[i], i);
  for (i = 0; i + 1 < CHAIN; i++) assert_true(path.edges[i].from == i && path.edges[i].to == i + 1);
  tv_graph_path_free(&path);
  assert_null(path.nodes);
}

/* A star of n leaves, deep enough for radix sort and several runs. */
static void star(fixture *f, int n) {
  int i;
  nodes(f, n + 1);
  for (i = n; i > 0; i--) edge(f, 0, (tv_node)i);
}

static void limits_end_a_search_with_an_error(void **state) {
  fixture *f = *state;
  tv_limits limits = {0};
  tv_node start = 0;
  tv_path path;
  int cancel[2] = {0, 1}; /* not yet, and now */
  trace t = {0};
  t.quiet = 1;
  star(f, 1000);
  limits.nodes_max = 1001;
  test_ok(tv_graph_bfs(f->g, 1, &start, TV_OUT, all_types, 1, &limits, note, &t));
  assert_int_equal(t.count, 1001);
  limits.nodes_max = 1000;
  t = (trace){.quiet = 1};
  test_status(tv_graph_bfs(f->g, 1, &start, TV_OUT, all_types, 1, &limits, note, &t), TV_ELIMIT);
  assert_int_equal(t.count, 1000);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "1000"));
  test_status(
      tv_graph_shortest_path(f->g, 5, 6, TV_BOTH, all_types, &(tv_limits){.nodes_max = 2}, &path),
      TV_ELIMIT);
  assert_null(path.nodes);
  limits = (tv_limits){.cancel = &cancel[0]};
  t = (trace){.quiet = 1};
  test_ok(tv_graph_bfs(f->g, 1, &start, TV_OUT, all_types, 1, &limits, note, &t));
  limits.cancel = &cancel[1];
  test_status(tv_graph_bfs(f->g, 1, &start, TV_OUT, all_types, 1, &limits, note, &t), TV_EINTR);
  test_status(tv_graph_shortest_path(f->g, 5, 6, TV_BOTH, all_types, &limits, &path), TV_EINTR);
  limits = (tv_limits){.deadline_ms = -1};
  test_status(tv_graph_bfs(f->g, 1, &start, TV_OUT, all_types, 1, &limits, note, &t), TV_EINVAL);
}

typedef struct canceller {
  int flag;
  uint64_t count;
} canceller;

static int cancel_soon(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                       const tv_edge_ref *ref) {
  canceller *c = ctx;
  (void)node, (void)depth, (void)parent, (void)ref;
  if (++c->count == 10) c->flag = 1;
  return 0;
}

static int wait_a_little(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                         const tv_edge_ref *ref) {
  struct {
    uint64_t count;
  } *c = ctx;
  volatile uint64_t spin;
  (void)node, (void)depth, (void)parent, (void)ref;
  c->count++;
  for (spin = 0; spin < 20000;) spin++;
  return 0;
}

static int ask_until(void *ctx) {
  return --*(int *)ctx < 0;
}

static void a_search_under_way_asks_whether_it_is_interrupted(void **state) {
  fixture *f = *state;
  tv_node start = 0;
  int asks = 5;
  tv_limits limits = {.interrupted = ask_until, .ctx = &asks};
  uint64_t count;
  int i;
  nodes(f, 5000);
  for (i = 1; i < 5000; i++) edge(f, (tv_node)i - 1, (tv_node)i);
  test_status(tv_graph_khop_count(f->g, start, TV_OUT, all_types, UINT32_MAX, &limits, &count),
              TV_EINTR);
  assert_int_equal(asks, -1);
  assert_true(count > 0 && count < 1000);
  asks = 1000;
  test_ok(tv_graph_khop_count(f->g, start, TV_OUT, all_types, UINT32_MAX, &limits, &count));
  assert_true(asks < 995);
}

static void a_search_under_way_notices_cancel_and_deadline(void **state) {
  fixture *f = *state;
  canceller c = {0, 0};
  tv_limits limits = {.cancel = &c.flag}, deadline = {.deadline_ms = 5};
  tv_node start = 0;
  uint64_t reached[1] = {0};
  int i;
  nodes(f, 20000);
  for (i = 0; i + 1 < 20000; i++) edge(f, (tv_node)i, (tv_node)i + 1);
  test_status(
      tv_graph_bfs(f->g, 1, &start, TV_OUT, all_types, UINT32_MAX, &limits, cancel_soon, &c),
      TV_EINTR);
  assert_true(c.count < 100);
  test_status(tv_graph_bfs(f->g, 1, &start, TV_OUT, all_types, UINT32_MAX, &deadline, wait_a_little,
                           reached),
              TV_EINTR);
  assert_true(reached[0] < 20000);
}

static void a_visitor_stops_a_search(void **state) {
  fixture *f = *state;
  tv_node start = 0;
  trace t = {.stop_at_depth = 1};
  star(f, 3);
  test_status(tv_graph_bfs(f->g, 1, &start, TV_OUT, all_types, UINT32_MAX, NULL, note, &t),
              TV_STOP);
  assert_string_equal(t.text, "0@0 1@1 ");
}

static void a_path_is_shortest_and_follows_the_direction(void **state) {
  fixture *f = *state;
  tv_path path;
  nodes(f, 7);
  edge(f, 0, 1);
  edge(f, 1, 2);
  edge(f, 2, 3);
  edge(f, 0, 4);
  edge(f, 4, 3);
  edge(f, 3, 5);
  test_ok(tv_graph_shortest_path(f->g, 0, 5, TV_OUT, all_types, NULL, &path));
  assert_int_equal(path.length, 3);
  assert_true(path.nodes[0] == 0 && path.nodes[1] == 4 && path.nodes[2] == 3 && path.nodes[3] == 5);
  assert_true(path.edges[1].from == 4 && path.edges[1].to == 3 && path.edges[1].edge == 4);
  tv_graph_path_free(&path);
  test_status(tv_graph_shortest_path(f->g, 5, 0, TV_OUT, all_types, NULL, &path), TV_NOTFOUND);
  assert_null(path.nodes);
  test_ok(tv_graph_shortest_path(f->g, 5, 0, TV_IN, all_types, NULL, &path));
  assert_int_equal(path.length, 3);
  assert_true(path.nodes[0] == 5 && path.nodes[3] == 0);
  assert_true(path.edges[0].from == 3 && path.edges[0].to == 5);
  tv_graph_path_free(&path);
  test_ok(tv_graph_shortest_path(f->g, 2, 4, TV_BOTH, all_types, NULL, &path));
  assert_int_equal(path.length, 2);
  tv_graph_path_free(&path);
  test_ok(tv_graph_shortest_path(f->g, 2, 2, TV_OUT, all_types, NULL, &path));
  assert_true(path.length == 0 && path.nodes[0] == 2);
  tv_graph_path_free(&path);
  test_status(tv_graph_shortest_path(f->g, 6, 0, TV_BOTH, all_types, NULL, &path), TV_NOTFOUND);
  test_status(tv_graph_shortest_path(f->g, 0, 99, TV_OUT, all_types, NULL, &path), TV_ENONODE);
  test_status(tv_graph_shortest_path(f->g, 0, 1, 0, all_types, NULL, &path), TV_EINVAL);
  tv_graph_path_free(NULL);
}

static void a_hub_with_many_neighbours_is_read_in_several_runs(void **state) {
  fixture *f = *state;
  tv_node start = 0;
  trace t = {.quiet = 1};
  tv_path path;
  int i;
  star(f, 5000);
  for (i = 1; i <= 5000; i++) edge(f, (tv_node)i, (tv_node)(5001 - i));
  test_ok(tv_graph_bfs(f->g, 1, &start, TV_BOTH, all_types, UINT32_MAX, NULL, note, &t));
  assert_int_equal(t.count, 5001);
  assert_int_equal(t.depth, 1);
  test_ok(tv_graph_shortest_path(f->g, 17, 23, TV_BOTH, all_types, NULL, &path));
  assert_int_equal(path.length, 2);
  assert_int_equal(path.nodes[1], 0);
  tv_graph_path_free(&path);
}

#define traversal_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      traversal_test(bfs_visits_each_node_once_in_order_of_depth),
      traversal_test(nodes_within_some_hops_are_counted_without_the_start),
      traversal_test(bfs_starts_from_several_nodes_and_takes_doubles_once),
      traversal_test(bfs_follows_the_given_types_only),
      traversal_test(a_chain_of_a_hundred_thousand_does_not_recurse),
      traversal_test(limits_end_a_search_with_an_error),
      traversal_test(a_search_under_way_notices_cancel_and_deadline),
      traversal_test(a_search_under_way_asks_whether_it_is_interrupted),
      traversal_test(a_visitor_stops_a_search),
      traversal_test(a_path_is_shortest_and_follows_the_direction),
      traversal_test(a_hub_with_many_neighbours_is_read_in_several_runs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
