/* SPDX-License-Identifier: MIT */
/* SQL inside a transaction of C code, C code inside a transaction of SQL, and what a rollback of
 * either leaves in SQLite's page cache. */
#include "sql_run.h"

typedef struct join_fixture {
  tv_db *db;
  sqlite3 *sql, *other;
} join_fixture;

static int join_setup(void **state) {
  join_fixture *f = calloc(1, sizeof *f);
  f->db = test_open_memory();
  f->sql = sql_open(f->db, 0);
  f->other = sql_open(f->db, 0);
  sql_run(f->sql, "CREATE TABLE t(a); INSERT INTO t VALUES('first')");
  *state = f;
  return 0;
}

static int join_teardown(void **state) {
  join_fixture *f = *state;
  sql_close(f->sql);
  sql_close(f->other);
  test_close(f->db);
  free(f);
  return 0;
}

static void join_put(tv_txn *txn, const char *key) {
  tv_store *store;
  test_ok(tv_store_open(txn, "s", TV_CREATE, &store));
  test_ok(tv_store_put(store, tv_str(key), tv_str("v"), 0));
}

static int join_has(tv_txn *txn, const char *key) {
  tv_store *store;
  tv_slice value;
  if (tv_store_open(txn, "s", 0, &store) != TV_OK) return 0;
  return tv_store_get(store, tv_str(key), &value) == TV_OK;
}

static int join_has_now(tv_db *db, const char *key) {
  tv_txn *txn = test_begin(db, TV_READ);
  int has = join_has(txn, key);
  tv_abort(txn);
  return has;
}

static void the_owner_commits_what_sql_wrote(void **state) {
  join_fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_sql_join(f->sql, txn));
  sql_run(f->sql, "INSERT INTO t VALUES('joined'); CREATE TABLE u AS SELECT * FROM t");
  sql_is(f->sql, "SELECT count(*) FROM u", "2|\n");
  join_put(txn, "k");
  sql_is(f->other, "SELECT group_concat(a) FROM t", "first|\n");
  test_ok(tv_sql_leave(f->sql));
  sql_is(f->sql, "SELECT group_concat(a) FROM t", "first|\n"); /* its own snapshot again */
  test_commit(txn);
  sql_is(f->other, "SELECT group_concat(a) FROM u", "first,joined|\n");
  sql_is(f->sql, "SELECT group_concat(a) FROM u; PRAGMA integrity_check", "first,joined|\nok|\n");
  assert_true(join_has_now(f->db, "k"));
}

static void the_owner_aborts_and_nothing_stays(void **state) {
  join_fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_sql_join(f->sql, txn));
  sql_run(f->sql, "CREATE TABLE gone(x); INSERT INTO t VALUES('gone')");
  test_ok(tv_sql_leave(f->sql));
  tv_abort(txn);
  sql_is(f->sql, "SELECT group_concat(a) FROM t", "first|\n");
  assert_int_equal(sql_code(f->sql, "SELECT * FROM gone"), SQLITE_ERROR);
  sql_is(f->sql, "PRAGMA integrity_check", "ok|\n");
}

/* The change counter and the schema cookie are the same on both ways: only the content differs. */
static void pages_of_an_aborted_join_do_not_pass_for_later_ones(void **state) {
  join_fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_sql_join(f->sql, txn));
  sql_run(f->sql, "CREATE TABLE x(lost); INSERT INTO x VALUES('lost')");
  sql_is(f->sql, "SELECT * FROM x; SELECT * FROM t", "lost|\nfirst|\n");
  test_ok(tv_sql_leave(f->sql));
  tv_abort(txn);
  sql_run(f->other, "CREATE TABLE y(kept, more); INSERT INTO y VALUES('kept', 1)");
  sql_is(f->sql, "SELECT * FROM t", "first|\n");
  sql_is(f->sql, "SELECT kept, more FROM y", "kept|1|\n");
  assert_int_equal(sql_code(f->sql, "SELECT * FROM x"), SQLITE_ERROR);
  sql_run(f->sql, "INSERT INTO y VALUES('mine', 2)");
  sql_is(f->other, "SELECT count(*) FROM y; PRAGMA integrity_check", "2|\nok|\n");
}

static void the_owner_ends_the_transaction_without_leaving(void **state) {
  join_fixture *f = *state;
  for (int commit = 0; commit < 2; commit++) {
    tv_txn *txn = test_begin(f->db, TV_WRITE);
    test_ok(tv_sql_join(f->sql, txn));
    sql_run(f->sql, "INSERT INTO t VALUES('more')");
    if (commit != 0)
      test_commit(txn);
    else
      tv_abort(txn);
    sql_is(f->sql, "SELECT count(*) FROM t", commit != 0 ? "2|\n" : "1|\n");
    test_ok(tv_sql_leave(f->sql));
    test_status(tv_sql_leave(f->sql), TV_EMISUSE);
  }
}

static void an_open_begin_is_refused_after_its_transaction_ended(void **state) {
  join_fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE), *dead;
  tv_error err = {0, 0, ""};
  test_ok(tv_sql_join(f->sql, txn));
  sql_run(f->sql, "BEGIN; INSERT INTO t VALUES('lost')");
  test_status(tv_sql_leave(f->sql), TV_EMISUSE);
  test_commit(txn);
  assert_int_not_equal(tv_sql_txn(f->sql, TV_READ, &dead, &err), TV_OK);
  assert_int_not_equal(sql_code(f->sql, "COMMIT"), SQLITE_OK);
  (void)sqlite3_exec(f->sql, "ROLLBACK", NULL, NULL, NULL);
  sql_is(f->sql, "SELECT group_concat(a) FROM t; PRAGMA integrity_check", "first|\nok|\n");
  sql_run(f->sql, "INSERT INTO t VALUES('own')");
  sql_is(f->other, "SELECT group_concat(a) FROM t", "first,own|\n");
}

static void a_scan_stops_when_its_transaction_ends(void **state) {
  join_fixture *f = *state;
  sqlite3_stmt *scan;
  tv_txn *txn;
  int code, rows = 0;
  sql_run(f->sql,
          "PRAGMA cache_size=10;"
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000)"
          "INSERT INTO t SELECT hex(zeroblob(400)) FROM n");
  txn = test_begin(f->db, TV_READ);
  test_ok(tv_sql_join(f->sql, txn));
  assert_int_equal(sqlite3_prepare_v2(f->sql, "SELECT a FROM t", -1, &scan, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(scan), SQLITE_ROW);
  tv_abort(txn);
  while ((code = sqlite3_step(scan)) == SQLITE_ROW) rows++;
  assert_int_equal(code, SQLITE_ABORT);
  assert_true(rows < 2000);
  sqlite3_finalize(scan);
  sql_is(f->sql, "SELECT count(*) FROM t", "2001|\n");
}

static void one_snapshot_serves_sql_and_cursors(void **state) {
  join_fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_READ);
  test_ok(tv_sql_join(f->sql, txn));
  sql_run(f->other, "INSERT INTO t VALUES('later')");
  sql_is(f->sql, "SELECT count(*) FROM t", "1|\n");
  assert_int_equal(sql_code(f->sql, "INSERT INTO t VALUES(1)"), SQLITE_READONLY);
  test_ok(tv_sql_leave(f->sql));
  sql_is(f->sql, "SELECT count(*) FROM t", "2|\n");
  tv_abort(txn);
}

static void begin_in_a_join_is_a_savepoint(void **state) {
  join_fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE), *inner;
  tv_error err = {0, 0, ""};
  test_ok(tv_sql_join(f->sql, txn));
  join_put(txn, "before");
  sql_run(f->sql, "BEGIN");
  test_ok(tv_sql_txn(f->sql, TV_WRITE, &inner, &err));
  assert_ptr_equal(inner, txn);
  join_put(inner, "inside");
  sql_run(f->sql, "INSERT INTO t VALUES('inside'); ROLLBACK");
  assert_true(join_has(txn, "before"));
  assert_false(join_has(txn, "inside"));
  sql_run(f->sql, "BEGIN; INSERT INTO t VALUES('kept'); COMMIT");
  sql_is(f->other, "SELECT count(*) FROM t", "1|\n");
  test_ok(tv_sql_leave(f->sql));
  test_commit(txn);
  sql_is(f->other, "SELECT group_concat(a) FROM t", "first,kept|\n");
  assert_true(join_has_now(f->db, "before"));
}

static void the_owners_savepoint_rollback_reaches_sql(void **state) {
  join_fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  unsigned depth;
  test_ok(tv_sql_join(f->sql, txn));
  sql_run(f->sql, "INSERT INTO t VALUES('kept')");
  test_ok(tv_savepoint(txn, &depth));
  sql_run(f->sql, "INSERT INTO t VALUES('undone'); CREATE TABLE undone(x)");
  test_ok(tv_savepoint_rollback(txn, depth));
  sql_is(f->sql, "SELECT group_concat(a) FROM t", "first,kept|\n");
  assert_int_equal(sql_code(f->sql, "SELECT * FROM undone"), SQLITE_ERROR);
  sql_run(f->sql, "CREATE TABLE other_one(y); INSERT INTO other_one VALUES(1)");
  test_ok(tv_sql_leave(f->sql));
  test_commit(txn);
  sql_is(f->sql, "SELECT * FROM other_one; PRAGMA integrity_check", "1|\nok|\n");
  sql_is(f->other, "SELECT group_concat(a) FROM t; PRAGMA integrity_check", "first,kept|\nok|\n");
}

static void an_owners_rollback_under_an_open_begin_is_refused(void **state) {
  join_fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  unsigned depth;
  test_ok(tv_sql_join(f->sql, txn));
  test_ok(tv_savepoint(txn, &depth));
  sql_run(f->sql, "BEGIN; INSERT INTO t VALUES('lost')");
  test_ok(tv_savepoint_rollback(txn, depth));
  assert_int_not_equal(sql_code(f->sql, "COMMIT"), SQLITE_OK);
  (void)sqlite3_exec(f->sql, "ROLLBACK", NULL, NULL, NULL);
  sql_is(f->sql, "SELECT group_concat(a) FROM t", "first|\n");
  sql_run(f->sql, "INSERT INTO t VALUES('again')");
  test_ok(tv_sql_leave(f->sql));
  test_commit(txn);
  sql_is(f->other, "SELECT group_concat(a) FROM t; PRAGMA integrity_check", "first,again|\nok|\n");
}

static void a_failed_statement_in_a_join_undoes_itself_alone(void **state) {
  join_fixture *f = *state;
  tv_txn *txn;
  sql_run(f->sql, "CREATE TABLE k(v UNIQUE); INSERT INTO k VALUES(500)");
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_sql_join(f->sql, txn));
  sql_run(f->sql, "INSERT INTO k VALUES(-1)");
  assert_int_equal(
      sql_code(f->sql,
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<900)"
               "INSERT INTO k SELECT i FROM n"),
      SQLITE_CONSTRAINT_UNIQUE);
  sql_is(f->sql, "SELECT count(*) FROM k", "2|\n");
  test_ok(tv_sql_leave(f->sql));
  test_commit(txn);
  sql_is(f->other, "SELECT count(*) FROM k; PRAGMA integrity_check", "2|\nok|\n");
}

static void joins_follow_one_another_within_a_transaction(void **state) {
  join_fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  for (int i = 0; i < 10; i++) {
    sqlite3 *sql = i % 2 != 0 ? f->other : f->sql;
    test_ok(tv_sql_join(sql, txn));
    sql_run(sql, "INSERT INTO t SELECT count(*) FROM t");
    if (i == 4) sql_run(sql, "CREATE TABLE mid(x)");
    if (i == 7) sql_run(sql, "INSERT INTO mid VALUES(7)");
    test_ok(tv_sql_leave(sql));
  }
  test_commit(txn);
  sql_is(f->sql, "SELECT group_concat(a), (SELECT x FROM mid) FROM t; PRAGMA integrity_check",
         "first,1,2,3,4,5,6,7,8,9,10|7|\nok|\n");
}

static void a_wrong_moment_to_join_is_refused(void **state) {
  join_fixture *f = *state;
  tv_db *elsewhere = test_open_memory();
  tv_txn *foreign = test_begin(elsewhere, TV_READ);
  tv_txn *txn = test_begin(f->db, TV_READ);
  test_status(tv_sql_join(f->sql, foreign), TV_EMISUSE);
  sql_run(f->sql, "BEGIN");
  test_status(tv_sql_join(f->sql, txn), TV_EMISUSE);
  sql_run(f->sql, "COMMIT");
  test_ok(tv_sql_join(f->sql, txn));
  test_status(tv_sql_join(f->sql, txn), TV_EMISUSE);
  test_ok(tv_sql_leave(f->sql));
  test_status(tv_sql_join(f->sql, NULL), TV_EINVAL);
  tv_abort(txn);
  tv_abort(foreign);
  test_close(elsewhere);
}

static void a_connection_closes_while_its_last_join_is_open(void **state) {
  join_fixture *f = *state;
  tv_txn *txn = test_begin(f->db, TV_WRITE);
  sqlite3 *third = sql_open(f->db, 0), *fourth = sql_open(f->db, 0);
  test_ok(tv_sql_join(third, txn));
  sql_run(third, "INSERT INTO t VALUES('third')");
  test_ok(tv_sql_leave(third));
  sql_close(third);
  test_ok(tv_sql_join(fourth, txn));
  sql_run(fourth, "INSERT INTO t VALUES('fourth')");
  sql_close(fourth);
  test_commit(txn);
  sql_is(f->sql, "SELECT group_concat(a) FROM t", "first,third,fourth|\n");
}

static void vacuum_works_in_a_join(void **state) {
  join_fixture *f = *state;
  tv_txn *txn;
  sql_run(f->sql,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3000)"
          "INSERT INTO t SELECT hex(zeroblob(400)) FROM n; DELETE FROM t WHERE rowid > 9");
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_sql_join(f->sql, txn));
  sql_run(f->sql, "VACUUM");
  sql_is(f->sql, "SELECT count(*) FROM t; PRAGMA integrity_check", "9|\nok|\n");
  test_ok(tv_sql_leave(f->sql));
  test_commit(txn);
  sql_is(f->other, "SELECT count(*) FROM t; PRAGMA integrity_check", "9|\nok|\n");
}

/* ---- SQL leads ---- */

static void c_writes_commit_with_sql(void **state) {
  join_fixture *f = *state;
  tv_error err = {0, 0, ""};
  tv_txn *txn;
  sql_run(f->sql, "BEGIN");
  test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
  join_put(txn, "k");
  sql_run(f->sql, "INSERT INTO t VALUES('sql')");
  assert_false(join_has_now(f->db, "k"));
  sql_run(f->sql, "COMMIT");
  assert_true(join_has_now(f->db, "k"));
  sql_is(f->other, "SELECT count(*) FROM t", "2|\n");
  sql_run(f->sql, "BEGIN");
  test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
  join_put(txn, "other");
  sql_run(f->sql, "ROLLBACK");
  assert_false(join_has_now(f->db, "other"));
}

static void c_writes_follow_savepoints_without_a_page_write(void **state) {
  join_fixture *f = *state;
  tv_error err = {0, 0, ""};
  tv_txn *txn;
  sql_run(f->sql, "SAVEPOINT whole");
  test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
  join_put(txn, "a");
  sql_run(f->sql, "SAVEPOINT x");
  join_put(txn, "b");
  sql_run(f->sql, "SAVEPOINT y");
  join_put(txn, "c");
  sql_run(f->sql, "RELEASE y");
  assert_true(join_has(txn, "c"));
  sql_run(f->sql, "ROLLBACK TO x");
  assert_true(join_has(txn, "a"));
  assert_false(join_has(txn, "b"));
  assert_false(join_has(txn, "c"));
  join_put(txn, "d");
  sql_run(f->sql, "ROLLBACK TO x");
  assert_false(join_has(txn, "d"));
  sql_run(f->sql, "ROLLBACK TO whole");
  assert_false(join_has(txn, "a"));
  join_put(txn, "e");
  sql_run(f->sql, "RELEASE whole");
  assert_true(join_has_now(f->db, "e"));
  assert_false(join_has_now(f->db, "a"));
}

static void a_failed_statement_leaves_c_writes_alone(void **state) {
  join_fixture *f = *state;
  tv_error err = {0, 0, ""};
  tv_txn *txn;
  sql_run(f->sql,
          "CREATE TABLE k(v UNIQUE); INSERT INTO k VALUES(20); PRAGMA cache_size=10; BEGIN");
  test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
  join_put(txn, "mine");
  assert_int_equal(
      sql_code(f->sql,
               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<90)"
               "INSERT INTO k SELECT i FROM n"),
      SQLITE_CONSTRAINT_UNIQUE);
  assert_true(join_has(txn, "mine"));
  sql_run(f->sql, "COMMIT");
  assert_true(join_has_now(f->db, "mine"));
  sql_is(f->other, "SELECT count(*) FROM k", "1|\n");
}

static void reading_by_c_pins_sqls_snapshot(void **state) {
  join_fixture *f = *state;
  tv_error err = {0, 0, ""};
  tv_txn *txn;
  sql_run(f->sql, "BEGIN");
  test_ok(tv_sql_txn(f->sql, TV_READ, &txn, &err));
  assert_int_equal(tv_txn_is_write(txn), 0);
  sql_run(f->other, "INSERT INTO t VALUES('later')");
  sql_is(f->sql, "SELECT count(*) FROM t", "1|\n");
  sql_run(f->sql, "COMMIT");
}

static void tv_sql_txn_counts_as_no_change(void **state) {
  join_fixture *f = *state;
  tv_error err = {0, 0, ""};
  tv_txn *txn;
  sqlite3_int64 total;
  sql_run(f->sql, "BEGIN; INSERT INTO t VALUES(2), (3)");
  total = sqlite3_total_changes64(f->sql);
  test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
  assert_int_equal(sqlite3_total_changes64(f->sql), total);
  sql_run(f->sql, "COMMIT");
  sql_is(f->sql, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'tv%'", "0|\n");
  assert_int_equal(sql_code(f->sql, "INSERT INTO tv_enlist VALUES(1)"), SQLITE_READONLY);
}

#define join_test(name) cmocka_unit_test_setup_teardown(name, join_setup, join_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      join_test(the_owner_commits_what_sql_wrote),
      join_test(the_owner_aborts_and_nothing_stays),
      join_test(pages_of_an_aborted_join_do_not_pass_for_later_ones),
      join_test(the_owner_ends_the_transaction_without_leaving),
      join_test(an_open_begin_is_refused_after_its_transaction_ended),
      join_test(a_scan_stops_when_its_transaction_ends),
      join_test(one_snapshot_serves_sql_and_cursors),
      join_test(begin_in_a_join_is_a_savepoint),
      join_test(the_owners_savepoint_rollback_reaches_sql),
      join_test(an_owners_rollback_under_an_open_begin_is_refused),
      join_test(a_failed_statement_in_a_join_undoes_itself_alone),
      join_test(joins_follow_one_another_within_a_transaction),
      join_test(a_wrong_moment_to_join_is_refused),
      join_test(a_connection_closes_while_its_last_join_is_open),
      join_test(vacuum_works_in_a_join),
      join_test(c_writes_commit_with_sql),
      join_test(c_writes_follow_savepoints_without_a_page_write),
      join_test(a_failed_statement_leaves_c_writes_alone),
      join_test(reading_by_c_pins_sqls_snapshot),
      join_test(tv_sql_txn_counts_as_no_change),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
