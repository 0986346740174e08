/* SPDX-License-Identifier: MIT */
/* Edges: adding, finding, deleting, properties, types; one step from a node or a frontier. */
#include <stdio.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph.h"

typedef struct fixture {
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  tv_node a, b, c;
} fixture;

static const tv_types all_types = {0, NULL};

static int set_up(void **state) {
  static fixture f;
  f.db = test_open_memory();
  f.txn = test_begin(f.db, TV_WRITE);
  test_ok(tv_graph_open(f.txn, "g", TV_CREATE, &f.g));
  test_ok(tv_graph_node_put(f.g, tv_str("a"), NULL, &f.a));
  test_ok(tv_graph_node_put(f.g, tv_str("b"), NULL, &f.b));
  test_ok(tv_graph_node_put(f.g, tv_str("c"), NULL, &f.c));
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  tv_abort(f->txn);
  test_close(f->db);
  return 0;
}

static tv_edge add(fixture *f, tv_node from, tv_node to, const char *type) {
  tv_edge edge = UINT64_MAX;
  test_ok(tv_graph_edge_add(f->g, from, to, type, 0, NULL, &edge));
  return edge;
}

/* The edges seen, as text: "from-type>to " for each. */
typedef struct listing {
  tv_graph *g;
  char text[512];
  int stop_after; /* 0: never */
} listing;

static int list_edge(void *ctx, const tv_edge_ref *edge) {
  listing *l = ctx;
  char one[64];
  snprintf(one, sizeof one, "%d-%s>%d ", (int)edge->from, tv_graph_type_name(l->g, edge->type),
           (int)edge->to);
  strcat(l->text, one);
  return l->stop_after != 0 && --l->stop_after == 0;
}

static void check_at(fixture *f, tv_node node, int direction, tv_types types,
                     const char *expected) {
  listing l = {f->g, "", 0};
  uint64_t degree, count = 0;
  const char *at;
  test_ok(tv_graph_edges_at(f->g, node, direction, types, list_edge, &l));
  assert_string_equal(l.text, expected);
  for (at = expected; *at != '\0'; at++) count += *at == ' ';
  test_ok(tv_graph_degree(f->g, node, direction, types, &degree));
  assert_int_equal(degree, count);
}

static void edges_are_seen_from_both_ends_in_order_of_type_and_neighbour(void **state) {
  fixture *f = *state;
  add(f, f->a, f->c, "x");
  add(f, f->a, f->b, "y");
  add(f, f->a, f->b, "x");
  add(f, f->c, f->a, "y");
  check_at(f, f->a, TV_OUT, all_types, "0-x>1 0-x>2 0-y>1 ");
  check_at(f, f->a, TV_IN, all_types, "2-y>0 ");
  check_at(f, f->a, TV_BOTH, all_types, "0-x>1 0-x>2 0-y>1 2-y>0 ");
  check_at(f, f->b, TV_OUT, all_types, "");
  check_at(f, f->b, TV_IN, all_types, "0-x>1 0-y>1 ");
}

static void a_set_of_types_selects(void **state) {
  fixture *f = *state;
  uint32_t x, y, z, many[40], some[3];
  int i;
  add(f, f->a, f->b, "x");
  add(f, f->a, f->b, "y");
  add(f, f->a, f->c, "z");
  test_ok(tv_graph_type_find(f->g, "x", &x));
  test_ok(tv_graph_type_find(f->g, "y", &y));
  test_ok(tv_graph_type_find(f->g, "z", &z));
  check_at(f, f->a, TV_OUT, (tv_types){1, &y}, "0-y>1 ");
  check_at(f, f->c, TV_IN, (tv_types){1, &y}, "");
  some[0] = some[2] = z;
  some[1] = x;
  check_at(f, f->a, TV_OUT, (tv_types){3, some}, "0-x>1 0-z>2 ");
  for (i = 0; i < 40; i++) many[i] = i % 2 ? z : y;
  check_at(f, f->a, TV_BOTH, (tv_types){40, many}, "0-y>1 0-z>2 ");
}

static void unknown_types_are_named(void **state) {
  fixture *f = *state;
  const char *name = "x";
  uint32_t type = 17;
  tv_types set = {1, &type};
  listing l = {f->g, "", 0};
  test_status(tv_graph_type_find(f->g, "marries", &type), TV_ENOLABEL);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "marries"));
  test_status(tv_graph_edges(f->g, "marries", list_edge, &l), TV_ENOLABEL);
  test_status(tv_graph_edges_at(f->g, f->a, TV_OUT, set, list_edge, &l), TV_ENOLABEL);
  assert_null(tv_graph_type_name(f->g, 17));
  test_status(tv_graph_type_text(f->g, 17, &name), TV_ENOLABEL);
  assert_null(name);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "edge type number 17"));
  assert_null(tv_graph_type_name(f->g, UINT32_MAX));
  test_status(tv_graph_edge_add(f->g, f->a, f->b, "", 0, NULL, NULL), TV_EINVAL);
  test_status(tv_graph_edge_add(f->g, f->a, f->b, NULL, 0, NULL, NULL), TV_EINVAL);
}

static void unknown_nodes_and_directions_are_named(void **state) {
  fixture *f = *state;
  listing l = {f->g, "", 0};
  uint64_t degree;
  test_status(tv_graph_edge_add(f->g, f->a, 4711, "x", 0, NULL, NULL), TV_ENONODE);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "4711"));
  test_status(tv_graph_edge_add(f->g, TV_NODE_NONE, f->a, "x", 0, NULL, NULL), TV_ENONODE);
  test_status(tv_graph_edges_at(f->g, 4711, TV_OUT, all_types, list_edge, &l), TV_ENONODE);
  test_status(tv_graph_degree(f->g, TV_NODE_NONE, TV_BOTH, all_types, &degree), TV_ENONODE);
  test_status(tv_graph_edges_at(f->g, f->a, 0, all_types, list_edge, &l), TV_EINVAL);
  test_status(tv_graph_edges_at(f->g, f->a, 4, all_types, list_edge, &l), TV_EINVAL);
}

static void parallel_edges_and_loops_are_edges_of_their_own(void **state) {
  fixture *f = *state;
  tv_edge first = add(f, f->a, f->b, "x"), second = add(f, f->a, f->b, "x"), loop;
  tv_edge_ref ref;
  assert_int_not_equal(first, second);
  check_at(f, f->a, TV_OUT, all_types, "0-x>1 0-x>1 ");
  loop = add(f, f->a, f->a, "x");
  check_at(f, f->a, TV_OUT, all_types, "0-x>0 0-x>1 0-x>1 ");
  check_at(f, f->a, TV_BOTH, all_types, "0-x>0 0-x>1 0-x>1 0-x>0 ");
  test_ok(tv_graph_edge_delete(f->g, first));
  test_status(tv_graph_edge_find(f->g, first, &ref), TV_NOTFOUND);
  test_ok(tv_graph_edge_find(f->g, second, &ref));
  assert_true(ref.from == f->a && ref.to == f->b && ref.edge == second);
  test_ok(tv_graph_edge_delete(f->g, loop));
  check_at(f, f->a, TV_BOTH, all_types, "0-x>1 ");
  test_status(tv_graph_edge_delete(f->g, loop), TV_NOTFOUND);
  test_status(tv_graph_edge_delete(f->g, UINT64_MAX), TV_NOTFOUND);
}

static void edge_ids_are_not_given_out_again(void **state) {
  fixture *f = *state;
  tv_error err;
  tv_edge e = add(f, f->a, f->b, "x");
  test_ok(tv_graph_edge_delete(f->g, e));
  test_ok(tv_commit(f->txn, &err));
  f->txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_graph_open(f->txn, "g", 0, &f->g));
  assert_int_equal(add(f, f->a, f->b, "x"), e + 1);
}

static void deleting_a_node_deletes_its_edges_at_both_ends(void **state) {
  fixture *f = *state;
  tv_graph_stat stat;
  tv_slice key;
  int i;
  for (i = 0; i < 400; i++) {
    add(f, f->a, i % 2 ? f->b : f->c, "x");
    add(f, f->b, f->a, "y");
    add(f, f->a, f->a, "z");
  }
  add(f, f->b, f->c, "kept");
  test_ok(tv_graph_node_delete(f->g, f->a));
  check_at(f, f->b, TV_BOTH, all_types, "1-kept>2 ");
  check_at(f, f->c, TV_BOTH, all_types, "1-kept>2 ");
  test_ok(tv_graph_stat_get(f->g, &stat));
  assert_int_equal(stat.edges, 1);
  assert_int_equal(stat.nodes, 2);
  test_status(tv_graph_node_key(f->g, f->a, &key), TV_ENONODE);
  test_status(tv_graph_edge_add(f->g, f->a, f->b, "x", 0, NULL, NULL), TV_ENONODE);
}

static int collect_property(void *ctx, const char *name, tv_value value) {
  char one[64];
  snprintf(one, sizeof one, "%s=%d ", name, (int)value.as.integer);
  strcat(ctx, one);
  return 0;
}

static void edges_carry_properties(void **state) {
  static const tv_value null = {TV_NULL, {0}};
  fixture *f = *state;
  tv_property properties[] = {
      {"b", {TV_INT64, {2}}}, {"nothing", {TV_NULL, {0}}}, {"a", {TV_INT64, {1}}}};
  tv_value value, three = {TV_INT64, {3}};
  tv_edge_ref ref, absent = {0, 1, 999, 0};
  tv_edge e, plain;
  char list[64] = "";
  test_ok(tv_graph_edge_add(f->g, f->a, f->b, "x", 3, properties, &e));
  plain = add(f, f->a, f->c, "x");
  test_ok(tv_graph_edge_find(f->g, e, &ref));
  test_ok(tv_graph_edge_properties(f->g, &ref, collect_property, list));
  assert_string_equal(list, "b=2 a=1 ");
  test_ok(tv_graph_edge_set(f->g, e, "c", three));
  test_ok(tv_graph_edge_set(f->g, e, "b", null));
  test_ok(tv_graph_edge_get(f->g, &ref, "c", &value));
  assert_int_equal(value.as.integer, 3);
  test_status(tv_graph_edge_get(f->g, &ref, "b", &value), TV_NOTFOUND);
  test_ok(tv_graph_edge_set(f->g, e, "a", null));
  test_ok(tv_graph_edge_set(f->g, e, "c", null));
  list[0] = '\0';
  test_ok(tv_graph_edge_properties(f->g, &ref, collect_property, list));
  assert_string_equal(list, "");
  test_ok(tv_graph_edge_set(f->g, plain, "c", three));
  test_ok(tv_graph_edge_find(f->g, plain, &ref));
  test_ok(tv_graph_edge_get(f->g, &ref, "c", &value));
  test_status(tv_graph_edge_get(f->g, &absent, "c", &value), TV_NOTFOUND);
  test_status(tv_graph_edge_set(f->g, 999, "c", three), TV_NOTFOUND);
}

static void bad_property_lists_are_refused_and_add_nothing(void **state) {
  fixture *f = *state;
  tv_property twice[] = {{"w", {TV_INT64, {1}}}, {"v", {TV_INT64, {1}}}, {"w", {TV_INT64, {2}}}};
  tv_property bad = {"shade", {99, {0}}}, unnamed = {NULL, {TV_INT64, {1}}};
  test_status(tv_graph_edge_add(f->g, f->a, f->b, "x", 3, twice, NULL), TV_EINVAL);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "\"w\""));
  test_status(tv_graph_edge_add(f->g, f->a, f->b, "x", 1, &bad, NULL), TV_EINVAL);
  test_status(tv_graph_edge_add(f->g, f->a, f->b, "x", 1, &unnamed, NULL), TV_EINVAL);
  test_status(tv_graph_edge_add(f->g, f->a, f->b, "x", 1, NULL, NULL), TV_EINVAL);
  check_at(f, f->a, TV_BOTH, all_types, "");
}

static void an_edge_takes_many_properties(void **state) {
  enum { MANY = 300 };
  static char names[MANY][8];
  static tv_property properties[MANY];
  fixture *f = *state;
  tv_edge_ref ref;
  tv_value value;
  tv_edge e;
  int i;
  for (i = 0; i < MANY; i++) {
    snprintf(names[i], sizeof names[i], "p%d", (i * 7) % MANY);
    properties[i].name = names[i];
    properties[i].value.type = TV_INT64;
    properties[i].value.as.integer = (i * 7) % MANY;
  }
  test_ok(tv_graph_edge_add(f->g, f->a, f->b, "x", MANY / 2, properties + MANY / 2, &e));
  test_ok(tv_graph_edge_add(f->g, f->a, f->b, "x", MANY, properties, &e));
  test_ok(tv_graph_edge_find(f->g, e, &ref));
  for (i = 0; i < MANY; i++) {
    test_ok(tv_graph_edge_get(f->g, &ref, names[i], &value));
    assert_int_equal(value.as.integer, properties[i].value.as.integer);
  }
}

static void all_edges_are_walked_and_a_walk_resumes(void **state) {
  fixture *f = *state;
  listing l = {f->g, "", 2};
  tv_edge_ref after;
  tv_edge third;
  add(f, f->b, f->a, "y");
  third = add(f, f->a, f->c, "y");
  add(f, f->a, f->b, "x");
  add(f, f->a, f->a, "y");
  test_status(tv_graph_edges(f->g, NULL, list_edge, &l), TV_STOP);
  assert_string_equal(l.text, "0-y>0 0-y>2 "); /* types in the order of their numbers */
  l.text[0] = '\0';
  test_ok(tv_graph_edge_find(f->g, third, &after));
  test_ok(tv_graph_edges_after(f->g, NULL, &after, list_edge, &l));
  assert_string_equal(l.text, "0-x>1 1-y>0 ");
  l.text[0] = '\0';
  test_ok(tv_graph_edges(f->g, "y", list_edge, &l));
  assert_string_equal(l.text, "0-y>0 0-y>2 1-y>0 ");
  l.text[0] = '\0';
  after.from = TV_NODE_NONE;
  test_ok(tv_graph_edges_after(f->g, NULL, &after, list_edge, &l));
  assert_string_equal(l.text, "");
}

typedef struct expansion {
  char text[512];
  int stop_after;
} expansion;

static int list_expanded(void *ctx, size_t index, tv_node neighbour, const tv_edge_ref *edge) {
  expansion *x = ctx;
  char one[64];
  snprintf(one, sizeof one, "%d:%d(%d) ", (int)index, (int)neighbour, (int)edge->edge);
  strcat(x->text, one);
  return x->stop_after != 0 && --x->stop_after == 0;
}

static void a_frontier_is_expanded_in_one_call(void **state) {
  fixture *f = *state;
  tv_node frontier[4] = {f->c, f->a, f->a, f->b}, beyond = 3;
  expansion x = {"", 0};
  add(f, f->a, f->b, "x");
  add(f, f->b, f->c, "x");
  add(f, f->c, f->c, "x");
  test_ok(tv_graph_expand(f->g, 4, frontier, TV_OUT, all_types, list_expanded, &x));
  assert_string_equal(x.text, "0:2(2) 1:1(0) 2:1(0) 3:2(1) ");
  x.text[0] = '\0';
  test_ok(tv_graph_expand(f->g, 4, frontier, TV_BOTH, all_types, list_expanded, &x));
  assert_string_equal(x.text, "0:2(2) 0:1(1) 0:2(2) 1:1(0) 2:1(0) 3:2(1) 3:0(0) ");
  x.text[0] = '\0';
  x.stop_after = 1;
  test_status(tv_graph_expand(f->g, 4, frontier, TV_IN, all_types, list_expanded, &x), TV_STOP);
  test_ok(tv_graph_expand(f->g, 0, NULL, TV_IN, all_types, list_expanded, &x));
  test_status(tv_graph_expand(f->g, 1, &beyond, TV_IN, all_types, list_expanded, &x), TV_ENONODE);
  test_status(tv_graph_expand(f->g, 1, frontier, 7, all_types, list_expanded, &x), TV_EINVAL);
}

typedef struct writer {
  tv_store *store;
  tv_graph *g;
  int edges;
  int status;
} writer;

static int write_elsewhere(void *ctx, const tv_edge_ref *edge) {
  writer *w = ctx;
  char value[2000];
  memset(value, 'v', sizeof value);
  test_ok(tv_store_put(w->store, tv_bytes(&edge->edge, sizeof edge->edge),
                       tv_bytes(value, sizeof value), 0));
  w->status = tv_graph_edge_set(w->g, edge->edge, "p", (tv_value){TV_INT64, {1}});
  w->edges++;
  return 0;
}

static void a_callback_may_write_to_other_stores_but_not_to_its_graph(void **state) {
  fixture *f = *state;
  writer w = {NULL, f->g, 0, 0};
  int i;
  test_ok(tv_store_open(f->txn, "elsewhere", TV_CREATE, &w.store));
  for (i = 0; i < 1000; i++) add(f, f->a, i % 2 ? f->b : f->c, "x");
  test_ok(tv_graph_edges_at(f->g, f->a, TV_OUT, all_types, write_elsewhere, &w));
  assert_int_equal(w.edges, 1000);
  assert_int_equal(w.status, TV_EMISUSE);
}

#define edge_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      edge_test(edges_are_seen_from_both_ends_in_order_of_type_and_neighbour),
      edge_test(a_set_of_types_selects),
      edge_test(unknown_types_are_named),
      edge_test(unknown_nodes_and_directions_are_named),
      edge_test(parallel_edges_and_loops_are_edges_of_their_own),
      edge_test(edge_ids_are_not_given_out_again),
      edge_test(deleting_a_node_deletes_its_edges_at_both_ends),
      edge_test(edges_carry_properties),
      edge_test(bad_property_lists_are_refused_and_add_nothing),
      edge_test(an_edge_takes_many_properties),
      edge_test(all_edges_are_walked_and_a_walk_resumes),
      edge_test(a_frontier_is_expanded_in_one_call),
      edge_test(a_callback_may_write_to_other_stores_but_not_to_its_graph),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
