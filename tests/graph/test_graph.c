/* SPDX-License-Identifier: MIT */
/* Graphs as named things: opening, creating, dropping, renaming, listing, and what becomes of
 * handles. */
#include <stdio.h>
#include <string.h>

#include "layer_internal.h"
#include "test_store.h"
#include "trivet_graph.h"

static void an_unknown_graph_is_named_in_the_message(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_READ);
  tv_graph *g;
  (void)state;
  test_status(tv_graph_open(txn, "nowhere", 0, &g), TV_ENOGRAPH);
  assert_non_null(strstr(tv_txn_error(txn)->message, "nowhere"));
  tv_abort(txn);
  txn = test_begin(db, TV_WRITE);
  test_status(tv_graph_drop(txn, "gone"), TV_ENOGRAPH);
  assert_non_null(strstr(tv_txn_error(txn)->message, "gone"));
  test_status(tv_graph_rename(txn, "gone", "come"), TV_ENOGRAPH);
  tv_abort(txn);
  test_close(db);
}

static void bad_names_and_flags_are_refused(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  char long_name[TV_NAME_BYTES_MAX + 2];
  tv_graph *g;
  (void)state;
  memset(long_name, 'n', sizeof long_name);
  long_name[sizeof long_name - 1] = '\0';
  test_status(tv_graph_open(txn, "", TV_CREATE, &g), TV_EINVAL);
  test_status(tv_graph_open(txn, long_name, TV_CREATE, &g), TV_EINVAL);
  test_status(tv_graph_open(txn, NULL, TV_CREATE, &g), TV_EINVAL);
  test_status(tv_graph_open(txn, "g", 1u << 20, &g), TV_EINVAL);
  tv_abort(txn);
  test_close(db);
}

static void creating_needs_a_write_transaction(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_READ);
  tv_graph *g;
  (void)state;
  test_status(tv_graph_open(txn, "g", TV_CREATE, &g), TV_EREADONLY);
  tv_abort(txn);
  test_close(db);
}

static void only_new_refuses_one_that_exists(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_graph *g, *again;
  (void)state;
  test_ok(tv_graph_open(txn, "g", TV_CREATE | TV_ONLY_NEW, &g));
  test_status(tv_graph_open(txn, "g", TV_CREATE | TV_ONLY_NEW, &again), TV_EXISTS);
  test_ok(tv_graph_open(txn, "g", TV_CREATE, &again));
  assert_ptr_equal(g, again);
  tv_abort(txn);
  test_close(db);
}

static int count_name(void *ctx, tv_slice name) {
  (void)name;
  ++*(int *)ctx;
  return 0;
}

static void a_list_has_each_graph_once_whatever_its_stores(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_graph *g;
  int n = 0;
  (void)state;
  test_ok(tv_graph_open(txn, "a", TV_CREATE, &g));
  test_ok(tv_graph_open(txn, "b", TV_CREATE, &g));
  test_ok(tv_graph_list(txn, count_name, &n));
  assert_int_equal(n, 2);
  n = 0;
  test_ok(tv_store_list(txn, count_name, &n));
  assert_int_equal(n, 0);
  tv_abort(txn);
  test_close(db);
}

static void a_dropped_graph_is_gone_and_its_name_free(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_graph *g;
  tv_node node;
  int n = 0;
  (void)state;
  test_ok(tv_graph_open(txn, "g", TV_CREATE, &g));
  test_ok(tv_graph_node_put(g, tv_str("x"), "L", &node));
  test_ok(tv_graph_drop(txn, "g"));
  test_status(tv_graph_open(txn, "g", 0, &g), TV_ENOGRAPH);
  test_ok(tv_graph_list(txn, count_name, &n));
  assert_int_equal(n, 0);
  test_ok(tv_graph_open(txn, "g", TV_CREATE | TV_ONLY_NEW, &g));
  test_status(tv_graph_node_find(g, tv_str("x"), &node), TV_NOTFOUND);
  test_ok(tv_graph_node_put(g, tv_str("x"), NULL, &node));
  assert_int_equal(node, 0);
  test_commit(txn);
  test_close(db);
}

static void a_renamed_graph_keeps_its_content(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_graph *g;
  tv_node node;
  (void)state;
  test_ok(tv_graph_open(txn, "other", TV_CREATE, &g));
  test_ok(tv_graph_open(txn, "old", TV_CREATE, &g));
  test_ok(tv_graph_node_put(g, tv_str("x"), "L", &node));
  test_status(tv_graph_rename(txn, "old", "other"), TV_EXISTS);
  test_ok(tv_graph_rename(txn, "old", "new"));
  test_status(tv_graph_open(txn, "old", 0, &g), TV_ENOGRAPH);
  test_ok(tv_graph_open(txn, "new", 0, &g));
  test_ok(tv_graph_node_find(g, tv_str("x"), &node));
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  test_ok(tv_graph_open(txn, "new", 0, &g));
  test_ok(tv_graph_label_has(g, node, "L"));
  tv_abort(txn);
  test_close(db);
}

static void a_handle_rolled_back_with_its_graph_says_so(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  unsigned depth;
  tv_graph *g;
  tv_node node;
  (void)state;
  test_ok(tv_savepoint(txn, &depth));
  test_ok(tv_graph_open(txn, "brief", TV_CREATE, &g));
  test_ok(tv_graph_node_put(g, tv_str("x"), NULL, &node));
  test_ok(tv_savepoint_rollback(txn, depth));
  test_status(tv_graph_node_put(g, tv_str("x"), NULL, &node), TV_ENOGRAPH);
  assert_non_null(strstr(tv_txn_error(txn)->message, "brief"));
  tv_abort(txn);
  test_close(db);
}

static void names_and_ids_of_a_rolled_back_savepoint_are_forgotten(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_property property = {"weight", {TV_INT64, {7}}};
  unsigned depth;
  tv_graph *g;
  tv_node a, b;
  tv_edge first, second;
  uint32_t type;
  (void)state;
  test_ok(tv_graph_open(txn, "g", TV_CREATE, &g));
  test_ok(tv_graph_node_put(g, tv_str("a"), "L", &a));
  test_ok(tv_savepoint(txn, &depth));
  test_ok(tv_graph_node_put(g, tv_str("b"), "M", &b));
  test_ok(tv_graph_edge_add(g, a, b, "likes", 1, &property, &first));
  test_ok(tv_savepoint_rollback(txn, depth));
  test_status(tv_graph_type_find(g, "likes", &type), TV_ENOLABEL);
  test_status(tv_graph_label_has(g, a, "M"), TV_NOTFOUND);
  test_status(tv_graph_edge_add(g, a, b, "likes", 0, NULL, NULL), TV_ENONODE);
  test_ok(tv_graph_node_put(g, tv_str("c"), "N", &b));
  test_ok(tv_graph_edge_add(g, a, b, "hates", 0, NULL, &second));
  assert_int_equal(first, second);
  test_ok(tv_graph_type_find(g, "hates", &type));
  assert_int_equal(type, 0);
  test_commit(txn);
  test_close(db);
}

static void statistics_count_what_is_there(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_property property = {"weight", {TV_INT64, {7}}};
  tv_graph_stat stat;
  tv_graph *g;
  tv_node a, b;
  (void)state;
  test_ok(tv_graph_open(txn, "g", TV_CREATE, &g));
  test_ok(tv_graph_stat_get(g, &stat));
  assert_int_equal(stat.nodes + stat.edges + stat.node_ids + stat.labels + stat.types, 0);
  test_ok(tv_graph_node_put(g, tv_str("a"), "L", &a));
  test_ok(tv_graph_node_put(g, tv_str("b"), "M", &b));
  test_ok(tv_graph_edge_add(g, a, b, "likes", 1, &property, NULL));
  test_ok(tv_graph_edge_add(g, a, b, "likes", 0, NULL, NULL));
  test_ok(tv_graph_node_put(g, tv_str("c"), "M", &b));
  test_ok(tv_graph_node_delete(g, b));
  test_ok(tv_graph_stat_get(g, &stat));
  assert_int_equal(stat.nodes, 2);
  assert_int_equal(stat.edges, 2);
  assert_int_equal(stat.node_ids, 3);
  assert_int_equal(stat.labels, 2);
  assert_int_equal(stat.types, 1);
  assert_int_equal(stat.property_names, 1);
  assert_true(stat.bytes > 0);
  tv_abort(txn);
  test_close(db);
}

static void a_graph_of_a_newer_format_is_refused(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *master;
  tv_graph *g;
  (void)state;
  test_ok(
      tvi_store_open(txn, TVI_KIND_GRAPH, "g", NULL, TV_CREATE, tv_bytes("\3\0\0\0", 4), &master));
  test_status(tv_graph_open(txn, "g", 0, &g), TV_EVERSION);
  test_ok(tvi_store_open(txn, TVI_KIND_GRAPH, "h", NULL, TV_CREATE, tv_bytes("\1", 1), &master));
  test_status(tv_graph_open(txn, "h", 0, &g), TV_ECORRUPT);
  tv_abort(txn);
  test_close(db);
}

static void a_creation_that_finds_no_slot_leaves_nothing_behind(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  char name[32];
  int i, n = 0, status = TV_OK;
  tv_graph *g;
  (void)state;
  for (i = 0; i < TV_STORES_PER_TXN_MAX && status == TV_OK; i++) {
    snprintf(name, sizeof name, "g%d", i);
    status = tv_graph_open(txn, name, TV_CREATE, &g);
  }
  assert_int_equal(status, TV_ELIMIT);
  test_status(tv_graph_open(txn, name, 0, &g), TV_ENOGRAPH);
  test_ok(tv_graph_list(txn, count_name, &n));
  assert_int_equal(n, i - 1);
  tv_abort(txn);
  test_close(db);
}

static void a_handle_serves_later_transactions(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_graph *g;
  tv_node node;
  int i;
  (void)state;
  test_ok(tv_graph_open(txn, "g", TV_CREATE, &g));
  test_ok(tv_graph_node_put(g, tv_str("0"), "L", &node));
  test_commit(txn);
  for (i = 1; i < 50; i++) {
    char key[16];
    snprintf(key, sizeof key, "%d", i);
    txn = test_begin(db, TV_WRITE);
    test_ok(tv_graph_open(txn, "g", 0, &g));
    test_ok(tv_graph_node_put(g, tv_str(key), "L", &node));
    assert_int_equal(node, i);
    if (i % 2 == 0) {
      tv_abort(txn);
      txn = test_begin(db, TV_WRITE);
      test_ok(tv_graph_open(txn, "g", 0, &g));
      test_ok(tv_graph_node_put(g, tv_str(key), "L", &node));
      assert_int_equal(node, i);
    }
    test_commit(txn);
  }
  txn = test_begin(db, TV_READ);
  test_ok(tv_graph_open(txn, "g", 0, &g));
  test_ok(tv_graph_node_find(g, tv_str("49"), &node));
  test_ok(tv_refresh(txn));
  test_ok(tv_graph_open(txn, "g", 0, &g));
  test_ok(tv_graph_node_find(g, tv_str("48"), &node));
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_unknown_graph_is_named_in_the_message),
      cmocka_unit_test(bad_names_and_flags_are_refused),
      cmocka_unit_test(creating_needs_a_write_transaction),
      cmocka_unit_test(only_new_refuses_one_that_exists),
      cmocka_unit_test(a_list_has_each_graph_once_whatever_its_stores),
      cmocka_unit_test(a_dropped_graph_is_gone_and_its_name_free),
      cmocka_unit_test(a_renamed_graph_keeps_its_content),
      cmocka_unit_test(a_handle_rolled_back_with_its_graph_says_so),
      cmocka_unit_test(names_and_ids_of_a_rolled_back_savepoint_are_forgotten),
      cmocka_unit_test(statistics_count_what_is_there),
      cmocka_unit_test(a_graph_of_a_newer_format_is_refused),
      cmocka_unit_test(a_creation_that_finds_no_slot_leaves_nothing_behind),
      cmocka_unit_test(a_handle_serves_later_transactions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
