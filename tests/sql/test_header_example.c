/* SPDX-License-Identifier: MIT */
/* The example of trivet_sql.h, compiled and run. */
#include "sql_run.h"
#include "trivet_kv.h"

static void the_example_of_the_header_runs(void **state) {
  tv_db *db = test_open_memory();
  tv_error err = {0, 0, ""};
  sqlite3 *sql;
  tv_txn *txn;
  tv_bucket *users;
  (void)state;

  test_ok(tv_sql_open(db, 0, &sql, &err));
  sql_run(sql, "CREATE TABLE orders(id INTEGER PRIMARY KEY, who TEXT)");
  test_ok(tv_begin(db, TV_WRITE, &txn, &err));
  test_ok(tv_kv_open(txn, "users", TV_CREATE, NULL, &users));
  test_ok(tv_sql_join(sql, txn));
  assert_int_equal(sqlite3_exec(sql, "INSERT INTO orders VALUES (1, 'ada')", NULL, NULL, NULL),
                   SQLITE_OK);
  test_ok(tv_kv_put(users, tv_str("ada"), tv_str("...")));
  test_ok(tv_sql_leave(sql));
  test_ok(tv_commit(txn, &err));

  sql_is(sql, "SELECT who FROM orders", "ada|\n");
  sql_close(sql);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_example_of_the_header_runs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
