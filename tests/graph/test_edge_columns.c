/* SPDX-License-Identifier: MIT */
/* Numbers of edges in columns: exact in every encoding, through loads, merges, changes, deletes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "test_store.h"
#include "view_internal.h"

enum { NODES = 40, VALUES = 12 };

typedef struct fixture {
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
} fixture;

static int set_up(void **state) {
  static fixture f;
  char key[16];
  int i;
  f.db = test_open_memory();
  f.txn = test_begin(f.db, TV_WRITE);
  test_ok(tv_graph_open(f.txn, "roads", TV_CREATE, &f.g));
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
  return 0;
}

static tv_value integer(int64_t number) {
  tv_value value = {TV_INT64, {0}};
  value.as.integer = number;
  return value;
}

static tv_value real(double number) {
  tv_value value = {TV_DOUBLE, {0}};
  value.as.real = number;
  return value;
}

static tv_edge add(fixture *f, tv_node from, tv_node to, const char *name, tv_value value) {
  tv_property property = {name, value};
  tv_edge edge;
  test_ok(tv_graph_edge_add(f->g, from, to, "road", 1, &property, &edge));
  return edge;
}

static void merge(fixture *f) {
  test_ok(tv_graph_compact(f->g, UINT64_MAX, NULL));
}

static tv_value get(fixture *f, tv_edge edge, const char *name) {
  tv_value value = {TV_NULL, {0}};
  tv_edge_ref ref;
  test_ok(tv_graph_edge_find(f->g, edge, &ref));
  test_ok(tv_graph_edge_get(f->g, &ref, name, &value));
  return value;
}

static void is_same(tv_value a, tv_value b) {
  assert_int_equal(a.type, b.type);
  assert_memory_equal(&a.as.integer, &b.as.integer, 8);
}

/* What the only edge at a node weighs in a view; *view_out gets the view's flags. */
static double weight_at(fixture *f, int direction, uint32_t node, const char *name,
                        tvi_view *flags) {
  tvi_type_set all = {0};
  tvi_view_run run = {0};
  tvi_view view;
  uint32_t number, n = 0;
  double weight = -77;
  int damaged = 0;
  test_ok(tvi_graph_enter(f->g));
  test_ok(tvi_name_find(f->g, TVI_NAME_PROPERTY, name, &number));
  test_ok(tvi_view_open(&view, f->g, direction, &all, number, &damaged));
  while (tvi_view_next(&view, node, &run)) {
    if (run.n != 0) weight = tvi_view_weight(&run, 0);
    n += run.n;
  }
  assert_int_equal(n, 1);
  if (flags != NULL) *flags = view;
  tvi_view_close(&view);
  return weight;
}

/* The encoding of the only column of block 0. */
static uint32_t encoding_of(fixture *f, int direction) {
  tvi_segment segment;
  tvi_segment_column column;
  test_ok(tvi_segment_get(f->g, direction, 0, 0, &segment));
  assert_int_equal(segment.columns, 1);
  tvi_segment_column_at(&segment, 0, &column);
  return column.encoding;
}

static void each_set_of_values_has_the_narrowest_exact_encoding(void **state) {
  static const struct {
    uint32_t encoding;
    int n, reals;
    int64_t integers[3];
    double doubles[3];
  } sets[] = {
      {TVI_COLUMN_U8, 3, 0, {1000000, 1000255, 1000003}, {0}},
      {TVI_COLUMN_U8, 3, 0, {-5, 250, 0}, {0}},
      {TVI_COLUMN_U16, 2, 0, {-5, 251}, {0}},
      {TVI_COLUMN_U32, 2, 0, {7, 7 + 65536}, {0}},
      {TVI_COLUMN_U32, 2, 0, {INT64_MIN, INT64_MIN + UINT32_MAX}, {0}},
      {TVI_COLUMN_I64, 2, 0, {INT64_MIN, INT64_MAX}, {0}},
      {TVI_COLUMN_F32, 0, 3, {0}, {0.5, -1.25, 1e6}},
      {TVI_COLUMN_F64, 0, 3, {0}, {0.1, 0.5, 2}},
      {TVI_COLUMN_F64, 0, 2, {0}, {1e300, -0.0}},
      {TVI_COLUMN_F64, 1, 1, {3}, {0.5}},
      {TVI_COLUMN_F64, 2, 2, {INT64_MAX - 1, 3}, {0.1, 7}},
  };
  fixture *f = *state;
  size_t s;
  for (s = 0; s < sizeof sets / sizeof sets[0]; s++) {
    tv_edge edges[6];
    unsigned depth;
    int i, n = 0;
    test_ok(tv_savepoint(f->txn, &depth));
    for (i = 0; i < sets[s].n; i++) edges[n++] = add(f, 1, 2, "x", integer(sets[s].integers[i]));
    for (i = 0; i < sets[s].reals; i++) edges[n++] = add(f, 2, 3, "x", real(sets[s].doubles[i]));
    merge(f);
    assert_int_equal(encoding_of(f, TV_OUT), sets[s].encoding);
    assert_int_equal(encoding_of(f, TV_IN), sets[s].encoding);
    for (n = 0, i = 0; i < sets[s].n; i++)
      is_same(get(f, edges[n++], "x"), integer(sets[s].integers[i]));
    for (i = 0; i < sets[s].reals; i++) is_same(get(f, edges[n++], "x"), real(sets[s].doubles[i]));
    test_ok(tv_savepoint_rollback(f->txn, depth));
    test_ok(tv_graph_open(f->txn, "roads", 0, &f->g));
  }
}

static void an_edge_without_a_value_weighs_1_and_the_view_says_so(void **state) {
  fixture *f = *state;
  tv_edge edge = add(f, 1, 2, "x", integer(9));
  tvi_view view;
  tv_edge_ref ref;
  tv_value value;
  assert_true(weight_at(f, TV_OUT, 1, "x", &view) == 9);
  assert_int_equal(view.gaps, 0);
  add(f, 3, 4, "other", integer(5));
  assert_true(weight_at(f, TV_OUT, 3, "x", &view) == 1);
  assert_int_equal(view.gaps, 1);
  merge(f);
  assert_true(weight_at(f, TV_OUT, 3, "x", &view) == 1);
  assert_true(weight_at(f, TV_IN, 4, "x", NULL) == 1);
  assert_true(weight_at(f, TV_IN, 2, "x", NULL) == 9);
  assert_int_equal(view.gaps, 1);
  assert_int_equal(view.negative, 0);
  test_ok(tv_graph_edge_set(f->g, edge, "x", (tv_value){TV_NULL, {0}}));
  assert_true(weight_at(f, TV_OUT, 1, "x", NULL) == 1);
  merge(f);
  test_ok(tv_graph_edge_find(f->g, edge, &ref));
  test_status(tv_graph_edge_get(f->g, &ref, "x", &value), TV_NOTFOUND);
}

static void a_change_is_seen_from_both_ends_before_and_after_a_merge(void **state) {
  fixture *f = *state;
  tv_edge edge = add(f, 1, 2, "x", integer(9));
  tvi_view view;
  test_ok(tv_graph_edge_set(f->g, edge, "x", integer(10)));
  assert_true(weight_at(f, TV_IN, 2, "x", NULL) == 10);
  merge(f);
  test_ok(tv_graph_edge_set(f->g, edge, "name", (tv_value){TV_TEXT, {.bytes = tv_str("A1")}}));
  test_ok(tv_graph_edge_set(f->g, edge, "x", real(-0.5)));
  assert_true(weight_at(f, TV_OUT, 1, "x", &view) == -0.5);
  assert_int_equal(view.negative, 1);
  assert_true(weight_at(f, TV_IN, 2, "x", NULL) == -0.5);
  is_same(get(f, edge, "x"), real(-0.5));
  assert_true(test_slice_is(get(f, edge, "name").as.bytes, "A1"));
  merge(f);
  assert_true(weight_at(f, TV_OUT, 1, "x", &view) == -0.5);
  assert_int_equal(view.negative, 1);
  assert_true(weight_at(f, TV_IN, 2, "x", NULL) == -0.5);
  assert_true(test_slice_is(get(f, edge, "name").as.bytes, "A1"));
  test_ok(tv_graph_edge_set(f->g, edge, "x", real(NAN)));
  assert_true(isnan(weight_at(f, TV_OUT, 1, "x", &view)));
  assert_int_equal(view.negative, 1);
}

static int count_edge(void *ctx, const tv_edge_ref *edge) {
  (void)edge;
  ++*(int *)ctx;
  return 0;
}

static void an_edge_deleted_after_a_change_stays_deleted(void **state) {
  static const tv_types all = {0, NULL};
  fixture *f = *state;
  tv_edge edge = add(f, 1, 2, "x", integer(9));
  tv_edge_ref ref;
  int round, n = 0;
  merge(f);
  test_ok(tv_graph_edge_set(f->g, edge, "x", integer(10)));
  test_ok(tv_graph_edge_delete(f->g, edge));
  for (round = 0; round < 2; round++) {
    test_status(tv_graph_edge_find(f->g, edge, &ref), TV_NOTFOUND);
    test_ok(tv_graph_edges_at(f->g, 1, TV_OUT, all, count_edge, &n));
    test_ok(tv_graph_edges_at(f->g, 2, TV_IN, all, count_edge, &n));
    assert_int_equal(n, 0);
    merge(f);
  }
}

static int note_property(void *ctx, const char *name, tv_value value) {
  char *text = ctx;
  size_t used = strlen(text);
  if (value.type == TV_INT64)
    snprintf(text + used, 200 - used, "%s=%d ", name, (int)value.as.integer);
  else
    snprintf(text + used, 200 - used, "%s=%.*s ", name, (int)value.as.bytes.size,
             (const char *)value.as.bytes.data);
  return 0;
}

static void properties_in_and_out_of_columns_are_walked_together(void **state) {
  fixture *f = *state;
  tv_property properties[4] = {{"a", {TV_TEXT, {.bytes = tv_str("one")}}},
                               {"b", {TV_INT64, {.integer = 2}}},
                               {"c", {TV_TEXT, {.bytes = tv_str("three")}}},
                               {"d", {TV_INT64, {.integer = 4}}}};
  tv_edge edge;
  tv_edge_ref ref;
  char text[200] = "";
  test_ok(tv_graph_edge_add(f->g, 1, 2, "road", 4, properties, &edge));
  merge(f);
  test_ok(tv_graph_edge_find(f->g, edge, &ref));
  test_ok(tv_graph_edge_properties(f->g, &ref, note_property, text));
  assert_string_equal(text, "a=one b=2 c=three d=4 ");
}

static void a_number_beyond_the_columns_is_a_property_like_any_other(void **state) {
  fixture *f = *state;
  tvi_type_set all = {0};
  tvi_view view;
  tv_edge edges[TVI_COLUMNS_MAX + 1];
  uint32_t number;
  char name[16];
  int i, damaged = 0;
  for (i = 0; i <= TVI_COLUMNS_MAX; i++) {
    snprintf(name, sizeof name, "p%d", i);
    edges[i] = add(f, 1, 2, name, integer(i + 100));
  }
  merge(f);
  for (i = 0; i <= TVI_COLUMNS_MAX; i++) {
    snprintf(name, sizeof name, "p%d", i);
    is_same(get(f, edges[i], name), integer(i + 100));
  }
  test_ok(tvi_name_find(f->g, TVI_NAME_PROPERTY, name, &number));
  test_status(tvi_view_open(&view, f->g, TV_OUT, &all, number, &damaged), TV_EUNSUPPORTED);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "p16"));
  tvi_view_close(&view);
}

static void loaded_columns_are_read_back(void **state) {
  fixture *f = *state;
  tv_node from[VALUES], to[VALUES];
  int64_t integers[VALUES];
  double reals[VALUES];
  tv_edge_column columns[2] = {{"x", TV_INT64, integers}, {"y", TV_DOUBLE, reals}};
  tv_edges edges = {"road", VALUES, from, to, 2, columns};
  tv_edge first;
  int i, round;
  for (i = 0; i < VALUES; i++) {
    from[i] = (tv_node)(i * 7 % VALUES); /* each once, in no order */
    to[i] = NODES - 1 - from[i];
    integers[i] = (int64_t)from[i] * 1000;
    reals[i] = (double)from[i] / 3;
  }
  test_ok(tv_graph_edges_load_with(f->g, &edges, &first));
  for (round = 0; round < 2; round++) {
    for (i = 0; i < VALUES; i++) {
      is_same(get(f, first + (tv_edge)i, "x"), integer(i * 1000));
      is_same(get(f, first + (tv_edge)i, "y"), real((double)i / 3));
      assert_true(weight_at(f, TV_IN, (uint32_t)(NODES - 1 - i), "y", NULL) == (double)i / 3);
    }
    /* A second load copies the first one's columns. */
    if (round == 0) {
      tv_node more_from = 30, more_to = 0;
      test_ok(tv_graph_edges_load(f->g, "road", 1, &more_from, &more_to, NULL));
    }
  }
}

static void columns_that_cannot_be_are_refused(void **state) {
  fixture *f = *state;
  tv_node node = 1;
  int64_t value = 5;
  tv_edge_column columns[2] = {{"x", TV_TEXT, &value}, {"x", TV_INT64, &value}};
  tv_edges edges = {"road", 1, &node, &node, 1, columns};
  test_status(tv_graph_edges_load_with(f->g, &edges, NULL), TV_EINVAL);
  columns[0] = (tv_edge_column){NULL, TV_INT64, &value};
  test_status(tv_graph_edges_load_with(f->g, &edges, NULL), TV_EINVAL);
  columns[0] = (tv_edge_column){"x", TV_INT64, NULL};
  test_status(tv_graph_edges_load_with(f->g, &edges, NULL), TV_EINVAL);
  columns[0] = columns[1];
  edges.column_count = 2;
  test_status(tv_graph_edges_load_with(f->g, &edges, NULL), TV_EINVAL);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "twice"));
  edges.column_count = TVI_COLUMNS_MAX + 1;
  test_status(tv_graph_edges_load_with(f->g, &edges, NULL), TV_ELIMIT);
  edges.column_count = 0;
  edges.to = NULL;
  test_status(tv_graph_edges_load_with(f->g, &edges, NULL), TV_EINVAL);
}

#define with_graph(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      with_graph(each_set_of_values_has_the_narrowest_exact_encoding),
      with_graph(an_edge_without_a_value_weighs_1_and_the_view_says_so),
      with_graph(a_change_is_seen_from_both_ends_before_and_after_a_merge),
      with_graph(an_edge_deleted_after_a_change_stays_deleted),
      with_graph(properties_in_and_out_of_columns_are_walked_together),
      with_graph(a_number_beyond_the_columns_is_a_property_like_any_other),
      with_graph(loaded_columns_are_read_back),
      with_graph(columns_that_cannot_be_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
