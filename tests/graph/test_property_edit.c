/* SPDX-License-Identifier: MIT */
/* Several properties at once: upserts and updates of nodes and edges; and the edges between two
 * nodes, against a walk over all edges of one of them. */
#include <stdio.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph_index.h"

typedef struct fixture {
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
} fixture;

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

static tv_property number(const char *name, int64_t n) {
  return (tv_property){name, {.type = TV_INT64, .as.integer = n}};
}

static int show(void *ctx, const char *name, tv_value value) {
  char *out = ctx;
  snprintf(out + strlen(out), 32, "%s=%d ", name, (int)value.as.integer);
  return 0;
}

static const char *shown(fixture *f, tv_node node) {
  static char out[1024];
  out[0] = '\0';
  test_ok(tv_graph_node_properties(f->g, node, show, out));
  return out;
}

static void an_upsert_makes_a_node_or_changes_what_it_names(void **state) {
  fixture *f = *state;
  tv_property first[] = {number("b", 2), number("a", 1), {"none", {.type = TV_NULL}}};
  tv_property second[] = {number("c", 3), {"b", {.type = TV_NULL}}, number("a", 7)};
  tv_property third[] = {{"a", {.type = TV_NULL}}, {"c", {.type = TV_NULL}}};
  tv_node node, again;
  tv_value value;
  test_ok(tv_graph_node_upsert(f->g, tv_str("k"), "One", 3, first, &node));
  assert_string_equal(shown(f, node), "b=2 a=1 ");
  test_ok(tv_graph_node_upsert(f->g, tv_str("k"), "Two", 3, second, &again));
  assert_int_equal(node, again);
  assert_string_equal(shown(f, node), "a=7 c=3 ");
  test_ok(tv_graph_label_has(f->g, node, "One"));
  test_ok(tv_graph_label_has(f->g, node, "Two"));
  test_ok(tv_graph_node_upsert(f->g, tv_str("k"), NULL, 2, third, NULL));
  assert_string_equal(shown(f, node), "");
  test_status(tv_graph_node_get(f->g, node, "a", &value), TV_NOTFOUND);
  assert_int_equal(value.type, TV_NULL);
}

static void an_update_of_many_properties_is_one(void **state) {
  fixture *f = *state;
  static char names[40][8];
  tv_property many[40];
  tv_node node;
  tv_value value;
  int i;
  test_ok(tv_graph_node_put(f->g, tv_str("k"), NULL, &node));
  for (i = 0; i < 40; i++) {
    snprintf(names[i], sizeof names[i], "p%d", (i * 7) % 40);
    many[i] = number(names[i], i);
  }
  test_ok(tv_graph_node_update(f->g, node, 40, many));
  for (i = 0; i < 40; i++) {
    test_ok(tv_graph_node_get(f->g, node, names[i], &value));
    assert_int_equal(value.as.integer, i);
    if (i % 3 == 0) many[i].value.type = TV_NULL;
  }
  test_ok(tv_graph_node_update(f->g, node, 40, many));
  for (i = 0; i < 40; i++)
    test_status(tv_graph_node_get(f->g, node, names[i], &value), i % 3 == 0 ? TV_NOTFOUND : TV_OK);
}

static void bad_updates_are_refused(void **state) {
  fixture *f = *state;
  tv_property twice[] = {number("a", 1), number("b", 1), number("a", 2)},
              bad[] = {{NULL, {0, {0}}}};
  tv_node node;
  tv_edge edge;
  test_ok(tv_graph_node_put(f->g, tv_str("k"), NULL, &node));
  test_ok(tv_graph_edge_add(f->g, node, node, "e", 0, NULL, &edge));
  test_status(tv_graph_node_update(f->g, node, 3, twice), TV_EINVAL);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "\"a\" is given twice"));
  test_status(tv_graph_edge_update(f->g, edge, 3, twice), TV_EINVAL);
  test_status(tv_graph_node_update(f->g, node, 1, bad), TV_EINVAL);
  test_status(tv_graph_node_update(f->g, node, 1, NULL), TV_EINVAL);
  test_status(tv_graph_node_update(f->g, 9, 1, twice), TV_ENONODE);
  test_status(tv_graph_edge_update(f->g, 9, 1, twice), TV_NOTFOUND);
  assert_string_equal(shown(f, node), "");
}

static void a_refused_upsert_changes_neither_label_nor_property(void **state) {
  fixture *f = *state;
  tv_index unique = {TV_INDEX_NODES, "User", "mail"};
  tv_property one = number("mail", 1);
  tv_node a, b;
  test_ok(tv_graph_index_create(f->g, &unique, TV_INDEX_UNIQUE));
  test_ok(tv_graph_node_upsert(f->g, tv_str("a"), "User", 1, &one, &a));
  test_ok(tv_graph_node_put(f->g, tv_str("b"), NULL, &b));
  test_status(tv_graph_node_upsert(f->g, tv_str("b"), "User", 1, &one, NULL), TV_EXISTS);
  test_status(tv_graph_node_upsert(f->g, tv_str("c"), "User", 1, &one, NULL), TV_EXISTS);
  test_status(tv_graph_label_has(f->g, b, "User"), TV_NOTFOUND);
  test_status(tv_graph_node_find(f->g, tv_str("c"), &a), TV_NOTFOUND);
  assert_string_equal(shown(f, b), "");
}

static void an_edge_is_updated_in_the_delta_and_in_a_segment(void **state) {
  fixture *f = *state;
  tv_property set[] = {number("a", 1), number("b", 2)};
  tv_property change[] = {{"a", {.type = TV_NULL}}, number("c", 3)};
  tv_edge_ref ref;
  tv_node node;
  tv_edge edge;
  uint64_t merged;
  char out[64] = "";
  test_ok(tv_graph_node_put(f->g, tv_str("k"), NULL, &node));
  test_ok(tv_graph_edge_add(f->g, node, node, "e", 0, NULL, &edge));
  test_ok(tv_graph_edge_update(f->g, edge, 2, set));
  test_ok(tv_graph_compact(f->g, 100, &merged));
  test_ok(tv_graph_edge_update(f->g, edge, 2, change));
  test_ok(tv_graph_edge_find(f->g, edge, &ref));
  test_ok(tv_graph_edge_properties(f->g, &ref, show, out));
  assert_string_equal(out, "b=2 c=3 ");
}

enum { NODES = 12, EDGES = 900, TYPES = 5 };

typedef struct between {
  tv_node to;
  int any_end; /* walk of all edges: only those to `to` count */
  int n;
  tv_edge edges[EDGES];
} between;

static int note(void *ctx, const tv_edge_ref *ref) {
  between *b = ctx;
  assert_true(b->any_end || ref->to == b->to);
  if (ref->to == b->to) b->edges[b->n++] = ref->edge;
  return 0;
}

static void check_between(fixture *f, uint64_t *seed) {
  static between found, walked;
  uint32_t set[TYPES];
  tv_types types = {0, set};
  tv_node from, to;
  int i;
  for (from = 0; from < NODES; from++)
    for (to = 0; to < NODES; to++) {
      types.n = test_random(seed) % (TYPES + 1);
      for (i = 0; i < (int)types.n; i++) set[i] = (uint32_t)(test_random(seed) % TYPES);
      found.to = walked.to = to;
      found.n = walked.n = 0;
      walked.any_end = 1;
      test_ok(tv_graph_edges_between(f->g, from, to, types, note, &found));
      test_ok(tv_graph_edges_at(f->g, from, TV_OUT, types, note, &walked));
      assert_int_equal(found.n, walked.n);
      assert_memory_equal(found.edges, walked.edges, (size_t)found.n * sizeof found.edges[0]);
    }
}

static void edges_between_two_nodes_are_those_of_a_walk(void **state) {
  static const char *const names[TYPES] = {"a", "b", "c", "d", "e"};
  fixture *f = *state;
  uint64_t seed = test_seed(), merged;
  tv_types all = {0, NULL};
  between none = {0};
  char key[16];
  int i;
  for (i = 0; i < NODES; i++) {
    snprintf(key, sizeof key, "%d", i);
    test_ok(tv_graph_node_put(f->g, tv_str(key), NULL, NULL));
  }
  for (i = 0; i < EDGES; i++) {
    tv_node from = test_random(&seed) % NODES, to = test_random(&seed) % NODES;
    test_ok(tv_graph_edge_add(
        f->g, from, to, names[i < TYPES ? i : (int)(test_random(&seed) % TYPES)], 0, NULL, NULL));
    if (i == EDGES / 2) check_between(f, &seed);
    if (i == EDGES / 2) test_ok(tv_graph_compact(f->g, 100, &merged));
    if (i % 5 == 0) test_ok(tv_graph_edge_delete(f->g, (tv_edge)i / 2));
  }
  check_between(f, &seed);
  test_status(tv_graph_edges_between(f->g, 0, 99, all, note, &none), TV_ENONODE);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(an_upsert_makes_a_node_or_changes_what_it_names),
      TEST(an_update_of_many_properties_is_one),
      TEST(bad_updates_are_refused),
      TEST(a_refused_upsert_changes_neither_label_nor_property),
      TEST(an_edge_is_updated_in_the_delta_and_in_a_segment),
      TEST(edges_between_two_nodes_are_those_of_a_walk),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
