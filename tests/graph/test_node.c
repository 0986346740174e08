/* SPDX-License-Identifier: MIT */
/* Nodes: keys, ids, labels, properties, deletion, walking. */
#include <stdio.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph.h"

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

static tv_node put(fixture *f, const char *key, const char *label) {
  tv_node node = TV_NODE_NONE;
  test_ok(tv_graph_node_put(f->g, tv_str(key), label, &node));
  return node;
}

static void a_node_is_found_by_its_key_and_keeps_its_id(void **state) {
  fixture *f = *state;
  tv_node a = put(f, "a", "L"), b = put(f, "b", NULL), found;
  tv_slice key;
  assert_int_equal(a, 0);
  assert_int_equal(b, 1);
  assert_int_equal(put(f, "a", NULL), a);
  test_ok(tv_graph_node_find(f->g, tv_str("b"), &found));
  assert_int_equal(found, b);
  test_ok(tv_graph_node_key(f->g, a, &key));
  assert_true(test_slice_is(key, "a"));
  test_status(tv_graph_node_find(f->g, tv_str("c"), &found), TV_NOTFOUND);
  test_status(tv_graph_node_key(f->g, 2, &key), TV_ENONODE);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "2"));
}

static void keys_have_a_size_of_1_to_480(void **state) {
  fixture *f = *state;
  char bytes[TV_KEY_BYTES_MAX + 1];
  tv_node node;
  tv_slice key;
  memset(bytes, 0xff, sizeof bytes);
  test_status(tv_graph_node_put(f->g, tv_bytes(bytes, 0), NULL, &node), TV_EKEYSIZE);
  test_status(tv_graph_node_put(f->g, tv_bytes(bytes, sizeof bytes), NULL, &node), TV_EKEYSIZE);
  test_status(tv_graph_node_find(f->g, tv_bytes(bytes, sizeof bytes), &node), TV_EKEYSIZE);
  test_ok(tv_graph_node_put(f->g, tv_bytes(bytes, TV_KEY_BYTES_MAX), NULL, &node));
  test_ok(tv_graph_node_key(f->g, node, &key));
  assert_int_equal(key.size, TV_KEY_BYTES_MAX);
}

static void ids_are_not_given_out_again(void **state) {
  fixture *f = *state;
  tv_error err;
  tv_node a = put(f, "a", NULL), b = put(f, "b", NULL), c;
  test_ok(tv_graph_node_delete(f->g, b));
  test_ok(tv_graph_node_delete(f->g, a));
  test_ok(tv_commit(f->txn, &err));
  f->txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_graph_open(f->txn, "g", 0, &f->g));
  c = put(f, "b", NULL);
  assert_int_equal(c, 2);
  test_status(tv_graph_node_delete(f->g, a), TV_NOTFOUND);
  test_status(tv_graph_node_delete(f->g, TV_NODE_NONE), TV_NOTFOUND);
}

static int collect_label(void *ctx, const char *label) {
  strcat(ctx, label);
  strcat(ctx, " ");
  return 0;
}

static void labels_come_and_go(void **state) {
  fixture *f = *state;
  tv_node a = put(f, "a", "One");
  char labels[64] = "";
  put(f, "a", "Two");
  test_ok(tv_graph_label_add(f->g, a, "Three"));
  test_ok(tv_graph_label_add(f->g, a, "One"));
  test_ok(tv_graph_node_labels(f->g, a, collect_label, labels));
  assert_string_equal(labels, "One Two Three ");
  test_ok(tv_graph_label_remove(f->g, a, "Two"));
  test_status(tv_graph_label_remove(f->g, a, "Two"), TV_NOTFOUND);
  test_status(tv_graph_label_has(f->g, a, "Two"), TV_NOTFOUND);
  test_status(tv_graph_label_has(f->g, a, "Never"), TV_NOTFOUND);
  test_ok(tv_graph_label_has(f->g, a, "Three"));
  test_ok(tv_graph_label_add(f->g, a, "Two"));
  labels[0] = '\0';
  test_ok(tv_graph_node_labels(f->g, a, collect_label, labels));
  assert_string_equal(labels, "One Two Three ");
  test_status(tv_graph_label_add(f->g, 99, "One"), TV_ENONODE);
  test_status(tv_graph_label_has(f->g, 99, "One"), TV_ENONODE);
}

static void a_node_holds_hundreds_of_labels(void **state) {
  fixture *f = *state;
  tv_node a = put(f, "a", NULL);
  char label[16];
  int i;
  for (i = 599; i >= 0; i--) {
    snprintf(label, sizeof label, "l%d", i);
    test_ok(tv_graph_label_add(f->g, a, label));
  }
  for (i = 0; i < 600; i += 2) {
    snprintf(label, sizeof label, "l%d", i);
    test_ok(tv_graph_label_remove(f->g, a, label));
  }
  for (i = 0; i < 600; i++) {
    snprintf(label, sizeof label, "l%d", i);
    test_status(tv_graph_label_has(f->g, a, label), i % 2 == 0 ? TV_NOTFOUND : TV_OK);
  }
}

static void bad_label_names_are_refused_and_create_nothing(void **state) {
  fixture *f = *state;
  char name[TV_NAME_BYTES_MAX + 2];
  tv_graph_stat stat;
  tv_node node;
  memset(name, 'x', sizeof name);
  name[sizeof name - 1] = '\0';
  test_status(tv_graph_node_put(f->g, tv_str("a"), name, &node), TV_EINVAL);
  test_status(tv_graph_node_put(f->g, tv_str("a"), "", &node), TV_EINVAL);
  test_ok(tv_graph_stat_get(f->g, &stat));
  assert_int_equal(stat.nodes, 0);
  assert_int_equal(stat.labels, 0);
  name[TV_NAME_BYTES_MAX] = '\0';
  test_ok(tv_graph_node_put(f->g, tv_str("a"), name, &node));
  test_ok(tv_graph_label_has(f->g, node, name));
}

static tv_value integer(int64_t number) {
  tv_value value = {TV_INT64, {number}};
  return value;
}

static tv_value text(const char *bytes, int32_t type) {
  tv_value value = {type, {0}};
  value.as.bytes = tv_str(bytes);
  return value;
}

static void properties_of_every_type_come_back(void **state) {
  static const int64_t numbers[] = {0, 1, -1, 63, -64, 64, 1000000, INT64_MAX, INT64_MIN};
  fixture *f = *state;
  tv_node a = put(f, "a", "L");
  tv_value value = {TV_DOUBLE, {0}}, got;
  size_t i;
  for (i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    test_ok(tv_graph_node_set(f->g, a, "number", integer(numbers[i])));
    test_ok(tv_graph_node_get(f->g, a, "number", &got));
    assert_int_equal(got.type, TV_INT64);
    assert_true(got.as.integer == numbers[i]);
  }
  value.as.real = -0.1;
  test_ok(tv_graph_node_set(f->g, a, "real", value));
  test_ok(tv_graph_node_set(f->g, a, "text", text("gr\xc3\xbc\xc3\x9f", TV_TEXT)));
  test_ok(tv_graph_node_set(f->g, a, "blob", text("", TV_BLOB)));
  value.type = TV_BOOL;
  value.as.integer = 1;
  test_ok(tv_graph_node_set(f->g, a, "bool", value));
  test_ok(tv_graph_node_get(f->g, a, "real", &got));
  assert_true(got.type == TV_DOUBLE && got.as.real == -0.1);
  test_ok(tv_graph_node_get(f->g, a, "text", &got));
  assert_true(got.type == TV_TEXT && test_slice_is(got.as.bytes, "gr\xc3\xbc\xc3\x9f"));
  test_ok(tv_graph_node_get(f->g, a, "blob", &got));
  assert_true(got.type == TV_BLOB && got.as.bytes.size == 0);
  test_ok(tv_graph_node_get(f->g, a, "bool", &got));
  assert_true(got.type == TV_BOOL && got.as.integer == 1);
  test_status(tv_graph_node_get(f->g, a, "never", &got), TV_NOTFOUND);
  test_status(tv_graph_node_get(f->g, 5, "text", &got), TV_ENONODE);
}

static int collect_property(void *ctx, const char *name, tv_value value) {
  char one[64];
  snprintf(one, sizeof one, "%s=%d ", name, (int)value.as.integer);
  strcat(ctx, one);
  return 0;
}

static void null_removes_a_property_and_leaves_the_others(void **state) {
  static const tv_value null = {TV_NULL, {0}};
  fixture *f = *state;
  tv_node a = put(f, "a", "L");
  char list[128] = "";
  test_ok(tv_graph_node_set(f->g, a, "never", null));
  test_ok(tv_graph_node_set(f->g, a, "one", integer(1)));
  test_ok(tv_graph_node_set(f->g, a, "two", integer(2)));
  test_ok(tv_graph_node_set(f->g, a, "three", integer(3)));
  test_ok(tv_graph_node_set(f->g, a, "two", null));
  test_ok(tv_graph_node_set(f->g, a, "two", null));
  test_ok(tv_graph_node_properties(f->g, a, collect_property, list));
  assert_string_equal(list, "one=1 three=3 ");
  test_ok(tv_graph_node_set(f->g, a, "one", null));
  test_ok(tv_graph_node_set(f->g, a, "three", null));
  list[0] = '\0';
  test_ok(tv_graph_node_properties(f->g, a, collect_property, list));
  assert_string_equal(list, "");
  test_ok(tv_graph_label_has(f->g, a, "L"));
}

static void bad_values_are_refused_by_name(void **state) {
  fixture *f = *state;
  tv_node a = put(f, "a", NULL);
  tv_value value = {99, {0}};
  test_status(tv_graph_node_set(f->g, a, "shade", value), TV_EINVAL);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "shade"));
  value.type = TV_BOOL;
  value.as.integer = 2;
  test_status(tv_graph_node_set(f->g, a, "p", value), TV_EINVAL);
  value.type = TV_TEXT;
  value.as.bytes = tv_bytes(NULL, 3);
  test_status(tv_graph_node_set(f->g, a, "p", value), TV_EINVAL);
  test_status(tv_graph_node_set(f->g, a, NULL, integer(1)), TV_EINVAL);
  test_status(tv_graph_node_set(f->g, a, "", integer(1)), TV_EINVAL);
  test_status(tv_graph_node_set(f->g, 77, "p", integer(1)), TV_ENONODE);
}

static void values_borrowed_from_the_same_transaction_may_be_set(void **state) {
  fixture *f = *state;
  char bytes[3000];
  tv_value value = {TV_BLOB, {0}}, got;
  tv_slice key;
  tv_node a = put(f, "a", NULL), b = put(f, "b", NULL), c;
  memset(bytes, 'v', sizeof bytes);
  value.as.bytes = tv_bytes(bytes, sizeof bytes);
  test_ok(tv_graph_node_set(f->g, a, "p", value));
  test_ok(tv_graph_node_get(f->g, a, "p", &got));
  test_ok(tv_graph_node_set(f->g, b, "a new name", got));
  test_ok(tv_graph_node_get(f->g, b, "a new name", &got));
  assert_memory_equal(got.as.bytes.data, bytes, sizeof bytes);
  test_ok(tv_graph_node_set(f->g, b, "another", got));
  test_ok(tv_graph_node_get(f->g, b, "another", &got));
  assert_memory_equal(got.as.bytes.data, bytes, sizeof bytes);
  assert_true(got.as.bytes.size > 100);
  test_ok(tv_graph_node_put(f->g, tv_bytes(got.as.bytes.data, 100), "fresh label", &c));
  test_ok(tv_graph_node_key(f->g, c, &key));
  assert_memory_equal(key.data, bytes, 100);
}

static int count_node(void *ctx, tv_node node) {
  int *count = ctx;
  assert_true(node != 3);
  return ++*count == 1000;
}

static int stop_at_two(void *ctx, tv_node node) {
  *(tv_node *)ctx = node;
  return node == 2;
}

static void a_walk_over_nodes_follows_ids_and_labels(void **state) {
  fixture *f = *state;
  char key[16];
  tv_node last;
  int i, count = 0;
  for (i = 0; i < 100; i++) {
    snprintf(key, sizeof key, "k%d", i);
    put(f, key, i % 10 == 0 ? "Tenth" : "Rest");
  }
  test_ok(tv_graph_node_delete(f->g, 3));
  test_ok(tv_graph_nodes(f->g, NULL, count_node, &count));
  assert_int_equal(count, 99);
  count = 0;
  test_ok(tv_graph_nodes(f->g, "Tenth", count_node, &count));
  assert_int_equal(count, 10);
  count = 0;
  test_ok(tv_graph_nodes_from(f->g, "Tenth", 11, count_node, &count));
  assert_int_equal(count, 8);
  count = 0;
  test_ok(tv_graph_nodes_from(f->g, NULL, TV_NODE_NONE, count_node, &count));
  assert_int_equal(count, 0);
  test_status(tv_graph_nodes(f->g, NULL, stop_at_two, &last), TV_STOP);
  assert_int_equal(last, 2);
  test_status(tv_graph_nodes(f->g, "Nonesuch", count_node, &count), TV_ENOLABEL);
  assert_non_null(strstr(tv_txn_error(f->txn)->message, "Nonesuch"));
}

typedef struct meddler {
  tv_graph *g;
  int status;
} meddler;

static int meddle(void *ctx, tv_node node) {
  meddler *m = ctx;
  m->status = tv_graph_node_delete(m->g, node);
  return 1;
}

static void a_callback_must_not_change_its_graph(void **state) {
  fixture *f = *state;
  meddler m;
  tv_node node = put(f, "a", NULL);
  m.g = f->g;
  test_status(tv_graph_nodes(f->g, NULL, meddle, &m), TV_STOP);
  assert_int_equal(m.status, TV_EMISUSE);
  test_ok(tv_graph_node_delete(f->g, node));
}

static void a_read_transaction_cannot_change_a_graph(void **state) {
  fixture *f = *state;
  tv_error err;
  tv_node node = put(f, "a", "L");
  test_ok(tv_commit(f->txn, &err));
  f->txn = test_begin(f->db, TV_READ);
  test_ok(tv_graph_open(f->txn, "g", 0, &f->g));
  test_status(tv_graph_node_put(f->g, tv_str("a"), NULL, &node), TV_EREADONLY);
  test_status(tv_graph_node_delete(f->g, node), TV_EREADONLY);
  test_status(tv_graph_node_set(f->g, node, "p", integer(1)), TV_EREADONLY);
  test_status(tv_graph_label_add(f->g, node, "L"), TV_EREADONLY);
  test_status(tv_graph_label_remove(f->g, node, "L"), TV_EREADONLY);
  test_status(tv_graph_edge_add(f->g, node, node, "t", 0, NULL, NULL), TV_EREADONLY);
  test_status(tv_graph_edge_delete(f->g, 0), TV_EREADONLY);
  test_status(tv_graph_drop(f->txn, "g"), TV_EREADONLY);
}

#define node_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      node_test(a_node_is_found_by_its_key_and_keeps_its_id),
      node_test(keys_have_a_size_of_1_to_480),
      node_test(ids_are_not_given_out_again),
      node_test(labels_come_and_go),
      node_test(a_node_holds_hundreds_of_labels),
      node_test(bad_label_names_are_refused_and_create_nothing),
      node_test(properties_of_every_type_come_back),
      node_test(null_removes_a_property_and_leaves_the_others),
      node_test(bad_values_are_refused_by_name),
      node_test(values_borrowed_from_the_same_transaction_may_be_set),
      node_test(a_walk_over_nodes_follows_ids_and_labels),
      node_test(a_callback_must_not_change_its_graph),
      node_test(a_read_transaction_cannot_change_a_graph),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
