/* SPDX-License-Identifier: MIT */
/* Traversals of steps: the example, starts, paths, modes, limits, misuse. Random ones are compared
 * with an enumerator in test_pipeline_random.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph_traverse.h"

typedef struct fixture {
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  tv_traversal *t;
} fixture;

static const tv_types all = {0, NULL};

static int set_up(void **state) {
  static fixture f;
  f.db = test_open_memory();
  f.txn = test_begin(f.db, TV_WRITE);
  test_ok(tv_graph_open(f.txn, "g", TV_CREATE, &f.g));
  f.t = NULL;
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  tv_traversal_close(f->t);
  tv_abort(f->txn);
  test_close(f->db);
  return 0;
}

static tv_node node(fixture *f, const char *key, int64_t age) {
  tv_property property = {"age", {.type = TV_INT64, .as.integer = age}};
  tv_node made;
  test_ok(tv_graph_node_upsert(f->g, tv_str(key), "Person", age != 0, &property, &made));
  return made;
}

static void edge(fixture *f, tv_node from, tv_node to, const char *type) {
  test_ok(tv_graph_edge_add(f->g, from, to, type, 0, NULL, NULL));
}

/* A new traversal from a node. */
static tv_traversal *from(fixture *f, tv_node start, unsigned flags) {
  tv_traversal_close(f->t);
  test_ok(tv_traversal_open(f->g, flags, &f->t));
  test_ok(tv_traversal_nodes(f->t, 1, &start));
  return f->t;
}

static void repeat(fixture *f, uint32_t min, uint32_t max, int mode, int direction) {
  test_ok(tv_traversal_repeat(f->t, min, max, mode));
  test_ok(tv_traversal_expand(f->t, direction, all));
  test_ok(tv_traversal_repeat_end(f->t));
}

static int by_number(const void *a, const void *b) {
  tv_node x = *(const tv_node *)a, y = *(const tv_node *)b;
  return x < y ? -1 : x > y;
}

/* The nodes of all rows, in order: "1 2 2 ". */
static const char *nodes_of(fixture *f) {
  static char out[1024];
  tv_node found[200];
  size_t n = 0, i, at = 0;
  tv_row row;
  int status;
  while ((status = tv_traversal_next(f->t, &row)) == TV_OK && n < 200) found[n++] = row.node;
  test_status(status, TV_END);
  test_status(tv_traversal_next(f->t, &row), TV_END);
  qsort(found, n, sizeof found[0], by_number);
  out[0] = '\0';
  for (i = 0; i < n; i++) at += (size_t)snprintf(out + at, sizeof out - at, "%d ", (int)found[i]);
  return out;
}

static void the_example_of_the_header_works(void **state) {
  fixture *f = *state;
  tv_graph *g = f->g;
  tv_node a = node(f, "ada", 36), b = node(f, "bob", 20), c = node(f, "cyd", 50);
  char printed[64] = "";
  tv_types knows;
  uint32_t type;
  edge(f, a, b, "knows");
  edge(f, b, c, "knows");
  edge(f, b, a, "knows");
  edge(f, c, node(f, "dan", 70), "knows");
  test_ok(tv_graph_type_find(g, "knows", &type));
  knows = (tv_types){1, &type};

  tv_traversal *t;
  tv_slice ada = tv_str("ada");
  tv_value thirty = {.type = TV_INT64, .as.integer = 30};
  tv_row row;
  test_ok(tv_traversal_open(g, 0, &t));
  test_ok(tv_traversal_keys(t, 1, &ada));
  test_ok(tv_traversal_repeat(t, 1, 2, TV_REPEAT_REACH));
  test_ok(tv_traversal_expand(t, TV_OUT, knows));
  test_ok(tv_traversal_repeat_end(t));
  test_ok(tv_traversal_where(t, TV_ON_NODE, "age", TV_GT, &thirty));
  while (tv_traversal_next(t, &row) == TV_OK)
    snprintf(printed + strlen(printed), 8, "%d\n", (int)row.node);
  tv_traversal_close(t);
  assert_string_equal(printed, "2\n");
}

static void starts_are_ids_keys_labels_and_indexes(void **state) {
  fixture *f = *state;
  tv_index by_age = {TV_INDEX_NODES, "Person", "age"}, edges = {TV_INDEX_EDGES, NULL, "age"};
  tv_value ten = {.type = TV_INT64, .as.integer = 10};
  tv_index_range range = {.to = &ten, .descending = 1};
  tv_node ids[4], wanted[] = {1, 77, 0, 1, TV_NODE_NONE};
  tv_slice keys[] = {tv_str("c"), tv_str("nobody"), tv_str("a")}, empty = {NULL, 0};
  tv_row row;
  int i;
  for (i = 0; i < 4; i++) ids[i] = node(f, (char[]){(char)('a' + i), 0}, 10 * (3 - i));
  test_ok(tv_graph_label_remove(f->g, ids[3], "Person"));
  test_ok(tv_graph_index_create(f->g, &by_age, 0));
  test_ok(tv_traversal_open(f->g, 0, &f->t));
  test_ok(tv_traversal_nodes(f->t, 5, wanted));
  assert_string_equal(nodes_of(f), "0 1 1 ");
  tv_traversal_close(f->t);
  test_ok(tv_traversal_open(f->g, 0, &f->t));
  test_ok(tv_traversal_keys(f->t, 3, keys));
  assert_string_equal(nodes_of(f), "0 2 ");
  tv_traversal_close(f->t);
  test_ok(tv_traversal_open(f->g, 0, &f->t));
  test_ok(tv_traversal_label(f->t, "Person"));
  assert_string_equal(nodes_of(f), "0 1 2 ");
  tv_traversal_close(f->t);
  test_ok(tv_traversal_open(f->g, 0, &f->t));
  test_ok(tv_traversal_label(f->t, NULL));
  assert_string_equal(nodes_of(f), "0 1 2 3 ");
  tv_traversal_close(f->t);
  ten.as.integer = 20;
  test_ok(tv_traversal_open(f->g, 0, &f->t));
  test_ok(tv_traversal_index(f->t, &by_age, &range));
  test_ok(tv_traversal_next(f->t, &row)); /* in the index's order */
  assert_int_equal(row.node, 1);
  assert_int_equal(row.depth, 0);
  assert_null(row.path);
  assert_string_equal(nodes_of(f), "2 ");
  tv_traversal_close(f->t);
  test_ok(tv_traversal_open(f->g, 0, &f->t));
  test_status(tv_traversal_index(f->t, &edges, NULL), TV_EINVAL);
  tv_traversal_close(f->t);
  test_ok(tv_traversal_open(f->g, 0, &f->t));
  test_status(tv_traversal_keys(f->t, 1, &empty), TV_EKEYSIZE);
}

/* 0 -> 1 -> 2 -> 0, 0 -> 0, and 1 => 2 a second time. */
static void triangle(fixture *f) {
  tv_node a = node(f, "a", 0), b = node(f, "b", 0), c = node(f, "c", 0);
  edge(f, a, b, "e");
  edge(f, b, c, "e");
  edge(f, c, a, "e");
  edge(f, a, a, "loop");
  edge(f, b, c, "e");
}

static void modes_differ_in_what_may_come_twice(void **state) {
  fixture *f = *state;
  triangle(f);
  from(f, 0, 0);
  repeat(f, 3, 3, TV_REPEAT_WALK, TV_OUT);
  /* 0001 0000 0012 0012 0120 0120: by way of the loop and round */
  assert_string_equal(nodes_of(f), "0 0 0 1 2 2 ");
  from(f, 0, 0);
  repeat(f, 3, 3, TV_REPEAT_TRAIL, TV_OUT);
  assert_string_equal(nodes_of(f), "0 0 2 2 ");
  from(f, 0, 0);
  repeat(f, 1, UINT32_MAX, TV_REPEAT_ACYCLIC, TV_OUT);
  assert_string_equal(nodes_of(f), "1 2 2 ");
  from(f, 0, 0);
  repeat(f, 0, UINT32_MAX, TV_REPEAT_REACH, TV_OUT);
  assert_string_equal(nodes_of(f), "0 1 2 ");
  from(f, 0, 0);
  repeat(f, 1, 1, TV_REPEAT_WALK, TV_BOTH);
  assert_string_equal(nodes_of(f), "0 0 1 2 "); /* the loop out and in */
}

static void an_acyclic_repeat_looks_at_its_own_part_only(void **state) {
  fixture *f = *state;
  triangle(f);
  from(f, 2, 0);
  test_ok(tv_traversal_expand(f->t, TV_OUT, all)); /* to 0 */
  repeat(f, 2, 2, TV_REPEAT_ACYCLIC, TV_OUT);
  assert_string_equal(nodes_of(f), "2 2 ");
}

static void reach_gives_nodes_by_distance_and_a_shortest_path(void **state) {
  fixture *f = *state;
  uint32_t depth = 0;
  tv_row row;
  char key[16];
  int i, n = 0;
  for (i = 0; i < 600; i++) {
    snprintf(key, sizeof key, "%d", i);
    node(f, key, 0);
  }
  for (i = 1; i < 600; i++) edge(f, (tv_node)(i - 1) / 2, (tv_node)i, "child");
  edge(f, 599, 0, "child");
  from(f, 0, TV_TRAVERSE_PATHS);
  repeat(f, 0, UINT32_MAX, TV_REPEAT_REACH, TV_OUT);
  while (tv_traversal_next(f->t, &row) == TV_OK) {
    uint32_t distance = 0;
    tv_node at;
    assert_true(row.depth >= depth);
    depth = row.depth;
    for (at = row.node; at != 0; at = (at - 1) / 2) distance++;
    assert_int_equal(row.depth, distance);
    assert_int_equal(row.path->length, distance);
    assert_int_equal(row.path->nodes[0], 0);
    assert_int_equal(row.path->nodes[distance], row.node);
    n++;
  }
  assert_int_equal(n, 600);
}

static void conditions_compare_and_know_null(void **state) {
  fixture *f = *state;
  tv_value text = {.type = TV_TEXT, .as.bytes = tv_str("x")}, real = {.type = TV_DOUBLE};
  tv_value prefix = {.type = TV_TEXT, .as.bytes = tv_str("Ad")};
  tv_node a = node(f, "a", 5), b = node(f, "b", 6);
  static const struct {
    int op;
    const char *expected;
  } cases[] = {{TV_EQ, "0 "}, {TV_NE, "1 "},   {TV_LT, ""},      {TV_LE, "0 "},
               {TV_GT, "1 "}, {TV_GE, "0 1 "}, {TV_HAS, "0 1 "}, {TV_LACKS, "2 "}};
  size_t i;
  node(f, "c", 0);
  real.as.real = 5.0;
  test_ok(
      tv_graph_node_set(f->g, a, "name", (tv_value){.type = TV_TEXT, .as.bytes = tv_str("Ada")}));
  test_ok(tv_graph_node_set(f->g, b, "name", (tv_value){.type = TV_TEXT, .as.bytes = tv_str("A")}));
  for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    tv_traversal_close(f->t);
    test_ok(tv_traversal_open(f->g, 0, &f->t));
    test_ok(tv_traversal_label(f->t, NULL));
    test_ok(tv_traversal_where(f->t, TV_ON_NODE, "age", cases[i].op, &real));
    assert_string_equal(nodes_of(f), cases[i].expected);
  }
  from(f, a, 0);
  test_ok(tv_traversal_where(f->t, TV_ON_NODE, "age", TV_NE, &text)); /* another kind */
  assert_string_equal(nodes_of(f), "0 ");
  from(f, a, 0);
  test_ok(tv_traversal_where(f->t, TV_ON_EDGE, "age", TV_LACKS, NULL)); /* a start has no edge */
  test_ok(tv_traversal_where(f->t, TV_ON_NODE, "never", TV_LACKS, NULL));
  assert_string_equal(nodes_of(f), "0 ");
  tv_traversal_close(f->t);
  test_ok(tv_traversal_open(f->g, 0, &f->t));
  test_ok(tv_traversal_label(f->t, "Person"));
  test_ok(tv_traversal_where(f->t, TV_ON_NODE, "name", TV_PREFIX, &prefix));
  assert_string_equal(nodes_of(f), "0 ");
}

static int stop_at_five(void *ctx, const tv_row *row) {
  ++*(int *)ctx;
  return row->node == 5 ? 7 : 1;
}

static void a_limit_ends_early_and_a_filter_can_stop(void **state) {
  fixture *f = *state;
  char key[16];
  tv_row row;
  int i, asked = 0;
  for (i = 0; i < 20000; i++) {
    snprintf(key, sizeof key, "%d", i);
    node(f, key, 0);
    if (i > 0) edge(f, 0, (tv_node)i, "e");
  }
  from(f, 0, 0);
  test_ok(tv_traversal_expand(f->t, TV_OUT, all));
  test_ok(tv_traversal_filter(f->t, stop_at_five, &asked));
  test_ok(tv_traversal_limit(f->t, 3));
  assert_string_equal(nodes_of(f), "1 2 3 ");
  assert_int_equal(asked, 3);
  from(f, 0, 0);
  test_ok(tv_traversal_expand(f->t, TV_OUT, all));
  test_ok(tv_traversal_expand(f->t, TV_IN, all));
  test_ok(tv_traversal_filter(f->t, stop_at_five, &asked));
  test_ok(tv_traversal_skip(f->t, 2));
  test_ok(tv_traversal_limit(f->t, 2));
  assert_string_equal(nodes_of(f), "0 0 ");
  from(f, 0, 0);
  test_ok(tv_traversal_limit(f->t, 0));
  assert_string_equal(nodes_of(f), "");
  from(f, 0, 0);
  test_ok(tv_traversal_expand(f->t, TV_OUT, all));
  test_ok(tv_traversal_filter(f->t, stop_at_five, &asked));
  while ((i = tv_traversal_next(f->t, &row)) == TV_OK) assert_true(row.node < 5);
  assert_int_equal(i, TV_STOP);
  test_status(tv_traversal_next(f->t, &row), TV_STOP);
}

/* The status at which reading ends. */
static int ends_with(fixture *f, const tv_traversal_limits *limits) {
  uint64_t count;
  test_ok(tv_traversal_limit_to(f->t, limits));
  return tv_traversal_count(f->t, &count);
}

static int never_mind(void *ctx) {
  return ++*(int *)ctx > 10;
}

static void every_limit_is_an_error(void **state) {
  fixture *f = *state;
  int cancel = 1, asked = 0;
  tv_row row;
  int i;
  triangle(f);
  from(f, 0, 0);
  repeat(f, 1, 5, TV_REPEAT_WALK, TV_OUT);
  assert_int_equal(ends_with(f, &(tv_traversal_limits){.rows_max = 3}), TV_ELIMIT);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "more than 3 rows"));
  from(f, 0, 0);
  repeat(f, 1, UINT32_MAX, TV_REPEAT_WALK, TV_OUT);
  assert_int_equal(ends_with(f, &(tv_traversal_limits){.depth_max = 9}), TV_ELIMIT);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "deeper than 9"));
  from(f, 0, 0);
  repeat(f, 30, 30, TV_REPEAT_WALK, TV_OUT);
  assert_int_equal(ends_with(f, &(tv_traversal_limits){.frontier_max = 100}), TV_ELIMIT);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "holds more than 100"));
  from(f, 0, 0);
  repeat(f, 1, UINT32_MAX, TV_REPEAT_WALK, TV_OUT);
  assert_int_equal(ends_with(f, &(tv_traversal_limits){.deadline_ms = 20}), TV_EINTR);
  from(f, 0, 0);
  assert_int_equal(ends_with(f, &(tv_traversal_limits){.cancel = &cancel}), TV_EINTR);
  from(f, 0, 0);
  repeat(f, 1, UINT32_MAX, TV_REPEAT_WALK, TV_OUT);
  assert_int_equal(ends_with(f, &(tv_traversal_limits){.interrupted = never_mind, .ctx = &asked}),
                   TV_EINTR);
  from(f, 0, 0);
  repeat(f, 1, 3, TV_REPEAT_REACH, TV_OUT);
  test_ok(tv_traversal_limit_to(f->t, &(tv_traversal_limits){.rows_max = 2, .depth_max = 3}));
  for (i = 0; i < 2; i++) test_ok(tv_traversal_next(f->t, &row));
  test_status(tv_traversal_next(f->t, &row), TV_END); /* exactly as many as allowed */
}

static int try_to_write(void *ctx, const tv_row *row) {
  fixture *f = ctx;
  test_status(tv_graph_node_set(f->g, row->node, "age", (tv_value){.type = TV_NULL}), TV_EMISUSE);
  return 1;
}

static void a_graph_that_changes_ends_the_traversal(void **state) {
  fixture *f = *state;
  unsigned depth;
  tv_row row;
  triangle(f);
  from(f, 0, 0);
  test_ok(tv_traversal_expand(f->t, TV_OUT, all));
  test_ok(tv_traversal_filter(f->t, try_to_write, f));
  test_ok(tv_traversal_next(f->t, &row));
  node(f, "new", 0);
  test_status(tv_traversal_next(f->t, &row), TV_EMISUSE);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "changed"));
  test_ok(tv_savepoint(f->txn, &depth));
  from(f, 0, 0);
  test_ok(tv_savepoint_rollback(f->txn, depth));
  test_status(tv_traversal_next(f->t, &row), TV_EMISUSE);
}

static void steps_in_a_wrong_order_are_refused(void **state) {
  fixture *f = *state;
  tv_value one = {.type = TV_INT64, .as.integer = 1}, null = {.type = TV_NULL};
  tv_node start = 0;
  uint32_t unknown = 99;
  tv_row row;
  int i;
  triangle(f);
#define REFUSED(expected, ...)                             \
  do {                                                     \
    tv_traversal_close(f->t);                              \
    test_ok(tv_traversal_open(f->g, 0, &f->t));            \
    __VA_ARGS__;                                           \
    test_status(tv_traversal_next(f->t, &row), expected);  \
    assert_true(tv_txn_error(f->txn)->message[0] != '\0'); \
  } while (0)
  REFUSED(TV_EMISUSE, (void)0);
  REFUSED(TV_EINVAL, tv_traversal_expand(f->t, TV_OUT, all));
  REFUSED(TV_EINVAL, tv_traversal_dedup(f->t));
  REFUSED(TV_EINVAL, tv_traversal_label(f->t, NULL); tv_traversal_label(f->t, NULL));
  REFUSED(TV_ENOLABEL, tv_traversal_label(f->t, "Nobody"));
  REFUSED(TV_ENOLABEL, tv_traversal_label(f->t, NULL); tv_traversal_has_label(f->t, "Nobody"));
  REFUSED(TV_EINVAL, tv_traversal_label(f->t, NULL); tv_traversal_expand(f->t, 4, all));
  REFUSED(TV_ENOLABEL, tv_traversal_label(f->t, NULL);
          tv_traversal_expand(f->t, TV_OUT, (tv_types){1, &unknown}));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start);
          tv_traversal_where(f->t, TV_ON_NODE, "x", 9, &one));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start);
          tv_traversal_where(f->t, 2, "x", TV_EQ, &one));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start);
          tv_traversal_where(f->t, TV_ON_NODE, "x", TV_EQ, &null));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start);
          tv_traversal_where(f->t, TV_ON_NODE, "x", TV_PREFIX, &one));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start); tv_traversal_filter(f->t, NULL, NULL));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, NULL));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start); tv_traversal_repeat(f->t, 2, 1, 0));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start); tv_traversal_repeat(f->t, 0, 0, 0));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start); tv_traversal_repeat(f->t, 1, 2, 4));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start); tv_traversal_repeat(f->t, 1, 2, 0);
          tv_traversal_repeat_end(f->t));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start); tv_traversal_repeat(f->t, 1, 2, 0);
          tv_traversal_repeat(f->t, 1, 2, 0));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start); tv_traversal_repeat(f->t, 1, 2, 0);
          tv_traversal_has_label(f->t, "Person"));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start); tv_traversal_repeat(f->t, 1, 2, 0);
          tv_traversal_expand(f->t, TV_OUT, all); tv_traversal_limit(f->t, 1));
  REFUSED(TV_EMISUSE, tv_traversal_nodes(f->t, 1, &start); tv_traversal_repeat(f->t, 1, 2, 0);
          tv_traversal_expand(f->t, TV_OUT, all));
  REFUSED(TV_EINVAL, tv_traversal_nodes(f->t, 1, &start); tv_traversal_repeat_end(f->t));
  REFUSED(TV_ELIMIT, tv_traversal_nodes(f->t, 1, &start);
          for (i = 0; i < 70; i++) tv_traversal_expand(f->t, TV_OUT, all));
  REFUSED(TV_NOTFOUND,
          tv_traversal_index(f->t, &(tv_index){TV_INDEX_NODES, "Person", "age"}, NULL));
  tv_traversal_close(f->t);
  test_status(tv_traversal_open(f->g, 8, &f->t), TV_EINVAL);
  from(f, 0, 0);
  test_ok(tv_traversal_next(f->t, &row));
  test_status(tv_traversal_dedup(f->t), TV_EMISUSE);
}

static void long_trails_need_a_batch_for_each_round(void **state) {
  enum { CHAIN = 30000 };
  fixture *f = *state;
  char key[16];
  tv_row row;
  uint64_t count;
  int i;
  for (i = 0; i <= CHAIN; i++) {
    snprintf(key, sizeof key, "%d", i);
    node(f, key, 0);
    if (i > 0) edge(f, (tv_node)(i - 1), (tv_node)i, "next");
  }
  from(f, 0, 0);
  repeat(f, 1, UINT32_MAX, TV_REPEAT_WALK, TV_OUT);
  test_ok(tv_traversal_count(f->t, &count));
  assert_int_equal(count, CHAIN);
  from(f, 0, TV_TRAVERSE_PATHS);
  repeat(f, CHAIN, CHAIN, TV_REPEAT_REACH, TV_OUT);
  test_ok(tv_traversal_next(f->t, &row));
  assert_int_equal(row.path->length, CHAIN);
  for (i = 0; i <= CHAIN; i++) assert_int_equal(row.path->nodes[i], i);
  test_status(tv_traversal_next(f->t, &row), TV_END);
}

static void expired_nodes_are_no_rows(void **state) {
  fixture *f = *state;
  tv_node gone = 1;
  triangle(f);
  test_ok(tv_graph_node_expire(f->g, 1, 1));
  test_commit(f->txn);
  do {
    f->txn = test_begin(f->db, TV_READ);
    test_ok(tv_graph_open(f->txn, "g", 0, &f->g));
    if (tv_graph_node_key(f->g, 1, &(tv_slice){0}) == TV_ENONODE) break;
    tv_abort(f->txn);
  } while (1);
  from(f, gone, 0);
  assert_string_equal(nodes_of(f), "");
  from(f, 0, 0);
  repeat(f, 1, 3, TV_REPEAT_REACH, TV_BOTH);
  assert_string_equal(nodes_of(f), "2 ");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(the_example_of_the_header_works),
      TEST(starts_are_ids_keys_labels_and_indexes),
      TEST(modes_differ_in_what_may_come_twice),
      TEST(an_acyclic_repeat_looks_at_its_own_part_only),
      TEST(reach_gives_nodes_by_distance_and_a_shortest_path),
      TEST(conditions_compare_and_know_null),
      TEST(a_limit_ends_early_and_a_filter_can_stop),
      TEST(every_limit_is_an_error),
      TEST(a_graph_that_changes_ends_the_traversal),
      TEST(steps_in_a_wrong_order_are_refused),
      TEST(long_trails_need_a_batch_for_each_round),
      TEST(expired_nodes_are_no_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
