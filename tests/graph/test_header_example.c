/* SPDX-License-Identifier: MIT */
/* The example in trivet_graph.h, as it stands there, and what it must leave behind. */
#include "test_store.h"
#include "trivet_graph.h"

static void the_example_of_the_header_works(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn;
  tv_error err;
  tv_types all = {0, NULL};
  uint64_t degree;

  tv_graph *g;
  tv_node ada, bob;
  test_ok(tv_begin(db, TV_WRITE, &txn, &err));
  test_ok(tv_graph_open(txn, "social", TV_CREATE, &g));
  test_ok(tv_graph_node_put(g, tv_str("ada"), "Person", &ada));
  test_ok(tv_graph_node_put(g, tv_str("bob"), "Person", &bob));
  test_ok(tv_graph_edge_add(g, ada, bob, "knows", 0, NULL, NULL));
  test_ok(tv_commit(txn, &err));

  (void)state;
  txn = test_begin(db, TV_READ);
  test_ok(tv_graph_open(txn, "social", 0, &g));
  test_ok(tv_graph_degree(g, ada, TV_OUT, all, &degree));
  assert_int_equal(degree, 1);
  test_ok(tv_graph_degree(g, bob, TV_IN, all, &degree));
  assert_int_equal(degree, 1);
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_example_of_the_header_works)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
