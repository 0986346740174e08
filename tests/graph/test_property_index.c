/* SPDX-License-Identifier: MIT */
/* Property indexes: the order of values, ranges, uniqueness, what each write does to them. Random
 * changes against an oracle are in test_property_index_model.c. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "property_index_internal.h"
#include "test_store.h"
#include "trivet_graph_traverse.h"

typedef struct fixture {
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
} fixture;

static const tv_index by_age = {TV_INDEX_NODES, "Person", "age"};

static int set_up(void **state) {
  static fixture f;
  f.db = test_open_memory();
  f.txn = test_begin(f.db, TV_WRITE);
  test_ok(tv_graph_open(f.txn, "g", TV_CREATE, &f.g));
  *state = &f;
  return 0;
}

static int say(void *ctx, const char *sentence) {
  (void)ctx;
  print_message("%s\n", sentence);
  return 1;
}

static int tear_down(void **state) {
  fixture *f = *state;
  test_ok(tvi_index_check(f->g, say, NULL));
  tv_abort(f->txn);
  test_close(f->db);
  return 0;
}

static tv_value integer(int64_t n) {
  return (tv_value){.type = TV_INT64, .as.integer = n};
}
static tv_value real(double n) {
  return (tv_value){.type = TV_DOUBLE, .as.real = n};
}
static tv_value text(const char *s) {
  return (tv_value){.type = TV_TEXT, .as.bytes = tv_str(s)};
}
static const tv_value null = {.type = TV_NULL};

static tv_node person(fixture *f, const char *key, tv_value age) {
  tv_node node;
  test_ok(tv_graph_node_put(f->g, tv_str(key), "Person", &node));
  test_ok(tv_graph_node_set(f->g, node, "age", age));
  return node;
}

/* "3 1 2 " */
static const char *ids(fixture *f, const tv_index *index, const tv_index_range *range) {
  static char out[512];
  tv_index_cursor *cursor;
  uint64_t id, counted, n = 0;
  size_t at = 0;
  int status;
  test_ok(tv_index_cursor_open(f->g, index, range, &cursor));
  out[0] = '\0';
  while ((status = tv_index_cursor_next(cursor, &id)) == TV_OK) {
    at += (size_t)snprintf(out + at, sizeof out - at, "%d ", (int)id);
    n++;
  }
  assert_int_equal(status, TV_END);
  assert_int_equal(tv_index_cursor_next(cursor, &id), TV_END);
  tv_index_cursor_close(cursor);
  test_ok(tv_graph_index_count(f->g, index, range, &counted));
  assert_int_equal(counted, n);
  return out;
}

static const char *between(fixture *f, const tv_value *from, int from_open, const tv_value *to,
                           int to_open) {
  tv_index_range range = {from, to, from_open, to_open, 0};
  return ids(f, &by_age, &range);
}

static void the_example_of_the_header_works(void **state) {
  fixture *f = *state;
  tv_graph *g = f->g;
  char printed[32] = "";
  tv_node old = person(f, "old", integer(80));
  person(f, "young", integer(8));
  tv_index_range older = {0};
  tv_value thirty = {.type = TV_INT64, .as.integer = 30};
  tv_index_cursor *cursor;
  uint64_t node;
  older.from = &thirty;
  test_ok(tv_graph_index_create(g, &by_age, 0));
  test_ok(tv_index_cursor_open(g, &by_age, &older, &cursor));
  while (tv_index_cursor_next(cursor, &node) == TV_OK)
    snprintf(printed, sizeof printed, "%d\n", (int)node);
  tv_index_cursor_close(cursor);
  assert_int_equal(atoi(printed), (int)old);
}

static void values_are_ordered_by_kind_and_exact_number(void **state) {
  static unsigned char keys[32][TVI_ORDER_BYTES_MAX];
  size_t sizes[32], i, j, n = 0;
  int cut, order;
  tv_value ascending[] = {{.type = TV_BOOL, .as.integer = 0},
                          {.type = TV_BOOL, .as.integer = 1},
                          real(-INFINITY),
                          real(-DBL_MAX),
                          integer(INT64_MIN),
                          integer(INT64_MIN + 1),
                          integer(-(INT64_C(1) << 53) - 1),
                          real(-9007199254740992.0),
                          real(-1.5),
                          integer(-1),
                          real(-DBL_MIN),
                          integer(0),
                          real(4.9e-324),
                          real(0.5),
                          integer(1),
                          real(1.0000000000000002),
                          integer(INT64_C(1) << 53),
                          integer((INT64_C(1) << 53) + 1),
                          real(9007199254740994.0),
                          integer(INT64_MAX - 1),
                          integer(INT64_MAX),
                          real(9223372036854775808.0),
                          real(INFINITY),
                          real(NAN),
                          text(""),
                          {.type = TV_TEXT, .as.bytes = {"a\0b", 3}},
                          text("aa"),
                          text("b"),
                          {.type = TV_BLOB, .as.bytes = {NULL, 0}},
                          {.type = TV_BLOB, .as.bytes = {"\0", 1}},
                          {.type = TV_BLOB, .as.bytes = {"\0\0", 2}},
                          {.type = TV_BLOB, .as.bytes = {"\377\377", 2}}};
  (void)state;
  n = sizeof ascending / sizeof ascending[0];
  for (i = 0; i < n; i++) {
    sizes[i] = tvi_order_put(keys[i], &ascending[i], &cut);
    assert_int_equal(cut, 0);
  }
  for (i = 0; i < n; i++)
    for (j = 0; j < n; j++) {
      size_t least = sizes[i] < sizes[j] ? sizes[i] : sizes[j];
      int bytes = memcmp(keys[i], keys[j], least);
      int status = tv_value_compare(&ascending[i], &ascending[j], &order);
      if (i == j) assert_true(bytes == 0 && status == TV_OK && order == 0);
      if (i < j) assert_true(bytes < 0 && (status == TV_MISMATCH || order == -1));
      if (i > j) assert_true(bytes > 0 && (status == TV_MISMATCH || order == 1));
      assert_int_equal(status == TV_MISMATCH,
                       tvi_order_kind(&ascending[i]) != tvi_order_kind(&ascending[j]));
    }
  test_status(tv_value_compare(&null, &null, &order), TV_MISMATCH);
}

static void integers_and_doubles_of_one_value_are_equal(void **state) {
  tv_value a = integer(-3), b = real(-3.0), zero = integer(0), minus_zero = real(-0.0);
  int order = 1;
  (void)state;
  test_ok(tv_value_compare(&a, &b, &order));
  assert_int_equal(order, 0);
  test_ok(tv_value_compare(&zero, &minus_zero, &order));
  assert_int_equal(order, 0);
}

static void ranges_have_open_and_closed_ends(void **state) {
  fixture *f = *state;
  tv_value ten = integer(10), twenty = real(20), word = text("ten");
  test_ok(tv_graph_index_create(f->g, &by_age, 0));
  person(f, "a", integer(20));
  person(f, "b", integer(10));
  person(f, "c", real(15.5));
  person(f, "d", integer(10));
  person(f, "e", text("ten"));
  person(f, "f", (tv_value){.type = TV_BOOL, .as.integer = 1});
  person(f, "g", null);
  assert_string_equal(between(f, NULL, 0, NULL, 0), "5 1 3 2 0 4 ");
  assert_string_equal(between(f, &ten, 0, &twenty, 0), "1 3 2 0 ");
  assert_string_equal(between(f, &ten, 1, &twenty, 0), "2 0 ");
  assert_string_equal(between(f, &ten, 0, &twenty, 1), "1 3 2 ");
  assert_string_equal(between(f, &ten, 1, &twenty, 1), "2 ");
  assert_string_equal(between(f, &ten, 0, &ten, 0), "1 3 ");
  assert_string_equal(between(f, &ten, 1, &ten, 0), "");
  assert_string_equal(between(f, &twenty, 0, &ten, 0), "");
  assert_string_equal(between(f, &ten, 1, NULL, 0), "2 0 ");
  assert_string_equal(between(f, NULL, 0, &ten, 0), "1 3 ");
  assert_string_equal(between(f, NULL, 0, &word, 0), "4 ");
  assert_string_equal(ids(f, &by_age, &(tv_index_range){&ten, &twenty, 0, 0, 1}), "0 2 3 1 ");
  assert_string_equal(ids(f, &by_age, &(tv_index_range){NULL, NULL, 0, 0, 1}), "4 0 2 3 1 5 ");
}

static void bad_indexes_and_ranges_are_refused(void **state) {
  fixture *f = *state;
  tv_value one = integer(1), word = text("one");
  tv_index nameless = {TV_INDEX_NODES, "Person", NULL}, odd = {7, "Person", "age"};
  tv_index empty = {TV_INDEX_NODES, "Person", ""}, other = {TV_INDEX_EDGES, "Person", "age"};
  tv_index_range mixed = {&one, &word, 0, 0, 0}, nothing = {&null, NULL, 0, 0, 0};
  tv_index_cursor *cursor;
  uint64_t count;
  test_status(tv_graph_index_create(f->g, &nameless, 0), TV_EINVAL);
  test_status(tv_graph_index_create(f->g, &odd, 0), TV_EINVAL);
  test_status(tv_graph_index_create(f->g, &empty, 0), TV_EINVAL);
  test_status(tv_graph_index_create(f->g, &by_age, 2), TV_EINVAL);
  test_status(tv_graph_index_drop(f->g, &by_age), TV_NOTFOUND);
  test_ok(tv_graph_index_create(f->g, &by_age, 0));
  test_status(tv_graph_index_create(f->g, &by_age, TV_INDEX_UNIQUE), TV_EXISTS);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "age"));
  test_status(tv_index_cursor_open(f->g, &other, NULL, &cursor), TV_NOTFOUND);
  test_status(tv_index_cursor_open(f->g, &by_age, &mixed, &cursor), TV_EINVAL);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "two kinds"));
  test_status(tv_graph_index_count(f->g, &by_age, &nothing, &count), TV_EINVAL);
}

static int list_one(void *ctx, const tv_index *index, unsigned flags) {
  char *out = ctx;
  snprintf(out + strlen(out), 64, "%s:%s.%s%s ", index->kind == TV_INDEX_NODES ? "n" : "e",
           index->label == NULL ? "*" : index->label, index->property,
           flags == TV_INDEX_UNIQUE ? "!" : "");
  return 0;
}

static void indexes_are_listed_dropped_and_made_again(void **state) {
  fixture *f = *state;
  tv_index all = {TV_INDEX_NODES, NULL, "age"}, since = {TV_INDEX_EDGES, "knows", "since"};
  char out[256] = "";
  person(f, "a", integer(5));
  test_ok(tv_graph_index_create(f->g, &by_age, 0));
  test_ok(tv_graph_index_create(f->g, &all, TV_INDEX_UNIQUE));
  test_ok(tv_graph_index_create(f->g, &since, 0));
  test_ok(tv_graph_index_list(f->g, list_one, out));
  assert_string_equal(out, "n:Person.age n:*.age! e:knows.since ");
  test_ok(tv_graph_index_drop(f->g, &by_age));
  test_status(tv_graph_index_drop(f->g, &by_age), TV_NOTFOUND);
  test_ok(tv_graph_index_create(f->g, &by_age, 0));
  assert_string_equal(ids(f, &by_age, NULL), "0 ");
  out[0] = '\0';
  test_ok(tv_graph_index_list(f->g, list_one, out));
  assert_non_null(strstr(out, "n:Person.age "));
}

static void every_write_of_a_node_reaches_its_index(void **state) {
  fixture *f = *state;
  tv_node a, b;
  a = person(f, "a", integer(1));
  test_ok(tv_graph_index_create(f->g, &by_age, 0)); /* finds what is there */
  b = person(f, "b", integer(0));
  assert_string_equal(ids(f, &by_age, NULL), "1 0 ");
  test_ok(tv_graph_node_set(f->g, a, "age", integer(-1)));
  assert_string_equal(ids(f, &by_age, NULL), "0 1 ");
  test_ok(tv_graph_node_set(f->g, a, "name", text("Ada")));
  test_ok(tv_graph_label_remove(f->g, b, "Person"));
  assert_string_equal(ids(f, &by_age, NULL), "0 ");
  test_ok(tv_graph_label_add(f->g, b, "Person"));
  test_ok(tv_graph_node_set(f->g, a, "age", null));
  assert_string_equal(ids(f, &by_age, NULL), "1 ");
  test_ok(tv_graph_node_set(f->g, a, "age", real(7)));
  test_ok(tv_graph_node_delete(f->g, b));
  assert_string_equal(ids(f, &by_age, NULL), "0 ");
}

static void edges_are_indexed_in_the_delta_and_in_segments(void **state) {
  fixture *f = *state;
  tv_index since = {TV_INDEX_EDGES, "knows", "since"}, any = {TV_INDEX_EDGES, NULL, "since"};
  tv_property year = {"since", integer(1990)};
  tv_node a = person(f, "a", null), b = person(f, "b", null);
  tv_edge first, second, third;
  uint64_t merged;
  test_ok(tv_graph_edge_add(f->g, a, b, "knows", 1, &year, &first));
  test_ok(tv_graph_compact(f->g, 100, &merged));
  test_ok(tv_graph_index_create(f->g, &since, 0));
  test_ok(tv_graph_index_create(f->g, &any, 0));
  year.value = integer(1980);
  test_ok(tv_graph_edge_add(f->g, b, a, "knows", 1, &year, &second));
  test_ok(tv_graph_edge_add(f->g, b, a, "likes", 1, &year, &third));
  assert_string_equal(ids(f, &since, NULL), "1 0 ");
  assert_string_equal(ids(f, &any, NULL), "1 2 0 ");
  test_ok(tv_graph_edge_set(f->g, first, "since", integer(1970)));
  test_ok(tv_graph_edge_set(f->g, second, "since", null));
  assert_string_equal(ids(f, &since, NULL), "0 ");
  assert_string_equal(ids(f, &any, NULL), "0 2 ");
  test_ok(tv_graph_compact(f->g, 100, &merged));
  test_ok(tvi_index_check(f->g, say, NULL));
  test_ok(tv_graph_edge_delete(f->g, third));
  test_ok(tv_graph_node_delete(f->g, a));
  assert_string_equal(ids(f, &any, NULL), "");
}

static void what_expires_leaves_the_index(void **state) {
  fixture *f = *state;
  tv_index since = {TV_INDEX_EDGES, "knows", "since"};
  tv_property year = {"since", integer(1990)};
  tv_node a = person(f, "a", integer(1)), b = person(f, "b", integer(2));
  tv_edge edge;
  uint64_t swept;
  test_ok(tv_graph_index_create(f->g, &by_age, TV_INDEX_UNIQUE));
  test_ok(tv_graph_index_create(f->g, &since, 0));
  test_ok(tv_graph_edge_add(f->g, a, b, "knows", 1, &year, &edge));
  test_ok(tv_graph_node_expire(f->g, a, 1));
  test_commit(f->txn);
  do {
    f->txn = test_begin(f->db, TV_WRITE);
    test_ok(tv_graph_open(f->txn, "g", 0, &f->g));
    if (tv_graph_node_key(f->g, a, &(tv_slice){0}) == TV_ENONODE) break;
    tv_abort(f->txn);
  } while (1);
  assert_string_equal(ids(f, &by_age, NULL), "1 ");
  assert_string_equal(ids(f, &since, NULL), "");
  /* Its value is free before it is swept. */
  test_ok(tv_graph_node_set(f->g, b, "age", integer(1)));
  assert_string_equal(ids(f, &by_age, NULL), "1 ");
  test_ok(tv_graph_sweep(f->g, 100, &swept));
  assert_true(swept > 0);
  assert_string_equal(ids(f, &by_age, NULL), "1 ");
}

static void a_unique_index_refuses_equal_values_and_changes_nothing(void **state) {
  fixture *f = *state;
  tv_node a = person(f, "a", integer(1)), b = person(f, "b", real(1)), c;
  tv_value found;
  test_status(tv_graph_index_create(f->g, &by_age, TV_INDEX_UNIQUE), TV_EXISTS);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "0 and 1"));
  test_status(tv_graph_index_drop(f->g, &by_age), TV_NOTFOUND);
  test_ok(tv_graph_node_set(f->g, b, "age", integer(2)));
  test_ok(tv_graph_index_create(f->g, &by_age, TV_INDEX_UNIQUE));
  test_status(tv_graph_node_set(f->g, b, "age", integer(1)), TV_EXISTS);
  test_ok(tv_graph_node_get(f->g, b, "age", &found));
  assert_int_equal(found.as.integer, 2);
  test_ok(tv_graph_node_set(f->g, a, "age", real(1.0)));
  test_ok(tv_graph_node_put(f->g, tv_str("c"), NULL, &c));
  test_ok(tv_graph_node_set(f->g, c, "age", integer(2)));
  test_status(tv_graph_label_add(f->g, c, "Person"), TV_EXISTS);
  test_status(tv_graph_label_has(f->g, c, "Person"), TV_NOTFOUND);
  assert_string_equal(ids(f, &by_age, NULL), "0 1 ");
}

/* Texts of `size` bytes that differ in the last. */
static tv_value long_text(char *buffer, size_t size, char last) {
  memset(buffer, 'x', size);
  buffer[size - 1] = last;
  return (tv_value){.type = TV_TEXT, .as.bytes = tv_bytes(buffer, size)};
}

static void long_texts_keep_exact_bounds(void **state) {
  static char bytes[6][2000];
  fixture *f = *state;
  tv_value b, d;
  int i;
  test_ok(tv_graph_index_create(f->g, &by_age, TV_INDEX_UNIQUE));
  for (i = 0; i < 5; i++) {
    char key[2] = {(char)('a' + i), 0};
    person(f, key, long_text(bytes[i], 1000, (char)('e' - i)));
  }
  person(f, "short", long_text(bytes[5], TV_INDEX_VALUE_BYTES_MAX, 'x'));
  b = long_text(bytes[0], 1000, 'b');
  d = long_text(bytes[1], 1000, 'd');
  assert_string_equal(between(f, NULL, 0, NULL, 0), "5 0 1 2 3 4 ");
  assert_string_equal(between(f, &b, 0, &d, 0), "1 2 3 ");
  assert_string_equal(between(f, &b, 1, &d, 1), "2 ");
  assert_string_equal(between(f, &b, 0, &b, 0), "3 ");
  assert_string_equal(between(f, NULL, 0, &b, 1), "5 4 ");
  assert_string_equal(between(f, &d, 1, NULL, 0), "0 ");
  test_status(tv_graph_node_set(f->g, 4, "age", d), TV_EXISTS);
  test_ok(tv_graph_node_set(f->g, 4, "age", long_text(bytes[2], 1001, 'd')));
  d = long_text(bytes[1], TV_INDEX_VALUE_BYTES_MAX, 'x');
  assert_string_equal(between(f, &d, 0, &d, 0), "5 ");
}

static void zero_bytes_at_any_place_find_their_order(void **state) {
  fixture *f = *state;
  static unsigned char zeros[600];
  tv_value value = {.type = TV_BLOB, .as.bytes = {zeros, 0}};
  tv_node node;
  char key[16];
  int i;
  test_ok(tv_graph_index_create(f->g, &by_age, 0));
  for (i = 0; i < 20; i++) {
    snprintf(key, sizeof key, "k%d", i);
    value.as.bytes.size = (size_t)(19 - i) * 25;
    node = person(f, key, value);
  }
  assert_string_equal(between(f, &value, 0, &value, 0), "19 ");
  value.as.bytes.size = 4 * 25;
  assert_string_equal(between(f, NULL, 0, &value, 0), "19 18 17 16 15 ");
  value.as.bytes.size = 19 * 25;
  assert_string_equal(between(f, &value, 0, NULL, 0), "0 ");
  test_ok(tv_graph_node_delete(f->g, node));
}

static void a_cursor_sees_writes_ahead_of_it_and_ends_with_a_rollback(void **state) {
  fixture *f = *state;
  tv_index_cursor *cursor;
  unsigned depth;
  uint64_t id;
  test_ok(tv_graph_index_create(f->g, &by_age, 0));
  person(f, "a", integer(1));
  person(f, "b", integer(5));
  test_ok(tv_savepoint(f->txn, &depth));
  test_ok(tv_index_cursor_open(f->g, &by_age, NULL, &cursor));
  test_ok(tv_index_cursor_next(cursor, &id));
  assert_int_equal(id, 0);
  test_ok(tv_graph_node_set(f->g, 1, "age", null));
  person(f, "c", integer(7));
  test_ok(tv_index_cursor_next(cursor, &id));
  assert_int_equal(id, 2);
  test_ok(tv_savepoint_rollback(f->txn, depth));
  test_status(tv_index_cursor_next(cursor, &id), TV_EMISUSE);
  tv_index_cursor_close(cursor);
  assert_string_equal(ids(f, &by_age, NULL), "0 1 ");
}

static void a_rollback_takes_an_index_back_with_its_entries(void **state) {
  fixture *f = *state;
  unsigned depth;
  uint64_t count;
  person(f, "a", integer(1));
  test_ok(tv_savepoint(f->txn, &depth));
  test_ok(tv_graph_index_create(f->g, &by_age, 0));
  test_ok(tv_savepoint_rollback(f->txn, depth));
  test_status(tv_graph_index_count(f->g, &by_age, NULL, &count), TV_NOTFOUND);
  person(f, "b", integer(2));
  test_ok(tv_graph_index_create(f->g, &by_age, 0));
  assert_string_equal(ids(f, &by_age, NULL), "0 1 ");
  test_commit(f->txn);
  f->txn = test_begin(f->db, TV_READ);
  test_ok(tv_graph_open(f->txn, "g", 0, &f->g));
  assert_string_equal(ids(f, &by_age, NULL), "0 1 ");
  test_status(tv_graph_index_create(f->g, &(tv_index){TV_INDEX_NODES, NULL, "x"}, 0), TV_EREADONLY);
}

static void entries_that_nobody_wrote_are_damage(void **state) {
  fixture *f = *state;
  static const unsigned char brief[] = {0, 0, 2, 9}, foreign[] = {0, 0, 2, 9, 9, 9, 0, 0, 0, 0, 77};
  tv_value one = integer(1);
  tv_index_cursor *cursor;
  tv_traversal *t;
  tv_store *entries;
  tv_row row;
  uint64_t id;
  test_ok(tv_graph_index_create(f->g, &by_age, 0));
  test_ok(tvi_graph_store(f->g, TVI_GRAPH_INDEXES, &entries));
  test_ok(tv_store_put(entries, tv_bytes(brief, sizeof brief), tv_str(""), 0));
  test_ok(tv_index_cursor_open(f->g, &by_age, NULL, &cursor));
  test_status(tv_index_cursor_next(cursor, &id), TV_ECORRUPT);
  tv_index_cursor_close(cursor);
  test_ok(tv_store_delete(entries, tv_bytes(brief, sizeof brief)));
  test_ok(tv_store_put(entries, tv_bytes(foreign, sizeof foreign), tv_str(""), 0));
  test_ok(tv_traversal_open(f->g, 0, &t));
  test_ok(tv_traversal_index(t, &by_age, NULL));
  test_ok(tv_traversal_where(t, TV_ON_NODE, "age", TV_EQ, &one));
  test_status(tv_traversal_next(t, &row), TV_ECORRUPT);
  tv_traversal_close(t);
  test_ok(tv_store_delete(entries, tv_bytes(foreign, sizeof foreign)));
}

static int count_problem(void *ctx, const char *sentence) {
  assert_non_null(strstr(sentence, "index 0"));
  ++*(int *)ctx;
  return 0;
}

static void the_check_finds_missing_and_foreign_entries(void **state) {
  fixture *f = *state;
  tvi_index_key key;
  tv_store *entries;
  tv_value one = integer(1), two = integer(2);
  int problems = 0;
  test_ok(tv_graph_index_create(f->g, &by_age, 0));
  person(f, "a", one);
  test_ok(tvi_graph_store(f->g, TVI_GRAPH_INDEXES, &entries));
  tvi_index_key_put(&key, 0, &one, 0);
  test_ok(tv_store_delete(entries, tv_bytes(key.bytes, key.size)));
  test_ok(tvi_index_check(f->g, count_problem, &problems));
  assert_int_equal(problems, 1);
  tvi_index_key_put(&key, 0, &two, 0);
  test_ok(tv_store_put(entries, tv_bytes(key.bytes, key.size), tv_str(""), 0));
  tvi_index_key_put(&key, 0, &two, 9);
  test_ok(tv_store_put(entries, tv_bytes(key.bytes, key.size), tv_str(""), 0));
  problems = 0;
  test_ok(tvi_index_check(f->g, count_problem, &problems));
  assert_int_equal(problems, 3);
  test_status(tv_graph_node_delete(f->g, 0), TV_ECORRUPT);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "lacks an entry"));
  test_ok(tv_graph_index_drop(f->g, &by_age));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(the_example_of_the_header_works),
      cmocka_unit_test(values_are_ordered_by_kind_and_exact_number),
      cmocka_unit_test(integers_and_doubles_of_one_value_are_equal),
      TEST(ranges_have_open_and_closed_ends),
      TEST(bad_indexes_and_ranges_are_refused),
      TEST(indexes_are_listed_dropped_and_made_again),
      TEST(every_write_of_a_node_reaches_its_index),
      TEST(edges_are_indexed_in_the_delta_and_in_segments),
      TEST(what_expires_leaves_the_index),
      TEST(a_unique_index_refuses_equal_values_and_changes_nothing),
      TEST(long_texts_keep_exact_bounds),
      TEST(zero_bytes_at_any_place_find_their_order),
      TEST(a_cursor_sees_writes_ahead_of_it_and_ends_with_a_rollback),
      TEST(a_rollback_takes_an_index_back_with_its_entries),
      TEST(entries_that_nobody_wrote_are_damage),
      TEST(the_check_finds_missing_and_foreign_entries),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
