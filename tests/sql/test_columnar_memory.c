/* SPDX-License-Identifier: MIT */
/* Memory that runs out in the middle of a statement over columnar tables: the statement fails or
 * gives the whole answer, and the next one works. */
#include "scarce_memory.h"

#define NUMBERS(n) \
  "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < " #n ") "

static void fill(sqlite3 *sql) {
  answer_is(sql,
            "CREATE VIRTUAL TABLE t USING columnar(id INTEGER, a TEXT, b REAL, c BLOB, d DATE, "
            "PRIMARY KEY(id), ORDER BY (a));"
            "INSERT INTO t " NUMBERS(300) "SELECT i, 'long enough to be packed ' || (i % 7), i / "
            "4.0, CAST(i || 'x' AS BLOB), iif(i % 5 = 0, NULL, date('2020-01-01')) FROM s;"
            "INSERT INTO t(tv_command) VALUES('merge');"
            "DELETE FROM t WHERE id > 290; UPDATE t SET b = 0 WHERE id < 5;"
            "INSERT INTO t VALUES(1000, 'last', 1, x'00', NULL)",
            "");
}

/* Statement and its answer when memory suffices. Each leaves the store as it was. */
static const char *const statements[][2] = {
    {"SELECT count(*), sum(id), count(DISTINCT a), sum(b), max(c), count(d) FROM t",
     "291|43195|8|10547.25|x'3978'|232"},
    {"SELECT a, b FROM t WHERE id = 3", "long enough to be packed 3|0.0"},
    {"SELECT count(*) FROM t WHERE a LIKE '%packed 3' AND b IN (1.75, 2.5) AND c > x'31'", "1"},
    {"SELECT count(*) FROM t WHERE a IN ('last', 'x') OR a = 'LAST' COLLATE NOCASE", "1"},
    {"SELECT count(*) FROM t x JOIN t y ON x.a = y.a WHERE x.id < 4", "126"},
    {"BEGIN; INSERT INTO t SELECT id + 5000, a, b, c, d FROM t; SELECT count(*) FROM t;"
     "SAVEPOINT s; DELETE FROM t WHERE id < 100; UPDATE t SET id = id + 10000 WHERE id > 5200;"
     "SELECT count(*) FROM t; INSERT INTO t(tv_command) VALUES('merge'); ROLLBACK TO s;"
     "SELECT count(*) FROM t; ROLLBACK",
     "582\n483\n582"},
    {"BEGIN; INSERT OR REPLACE INTO t VALUES(1, 'new', 1, NULL, NULL), (2000, 'x', 0, NULL, NULL);"
     "SELECT a FROM t WHERE id IN (1, 2000) ORDER BY id; ROLLBACK",
     "new\nx"},
    {"BEGIN; CREATE VIRTUAL TABLE n USING columnar(x INTEGER, y TEXT, PRIMARY KEY(y));"
     "INSERT INTO n VALUES(1, 'x'); SELECT * FROM n; ALTER TABLE n RENAME TO m; DROP TABLE m;"
     "ROLLBACK",
     "1|x"},
};

static void each_failed_allocation_is_an_error_and_nothing_else(void **state) {
  sqlite3 *sql;
  tv_db *db;
  size_t i;
  (void)state;
  test_ok(tv_allocator_set(&scarce_allocator));
  db = test_open_memory();
  sql = sql_answer_open(db);
  fill(sql);
  for (i = 0; i < sizeof statements / sizeof statements[0]; i++) {
    scarce_check(sql, sql_answer, statements[i]);
    answer_is(sql, "SELECT count(*), sum(id) FROM t", "291|43195");
  }
  assert_int_equal(sqlite3_close(sql), SQLITE_OK);
  test_close(db);
  test_ok(tv_allocator_set(NULL));
}

static void a_load_that_runs_out_of_memory_leaves_nothing(void **state) {
  static const tv_allocator scarce = {allocate, reallocate, release, NULL};
  static const char text[] = "2001,\"a \"\"b\"\", c\",1.5,,2020-01-01\n2002,\"x\"\"\",1e3,,\n";
  tv_sql_load_options options = {.flags = TV_SQL_LOAD_NULLS};
  sqlite3 *sql;
  tv_db *db;
  long n, failed = 0;
  int status = TV_ENOMEM;
  (void)state;
  test_ok(tv_allocator_set(&scarce));
  db = test_open_memory();
  sql = sql_answer_open(db);
  fill(sql);
  for (n = 0; status != TV_OK; n++) {
    tv_error err = {0};
    uint64_t rows = 0;
    answer_is(sql, "BEGIN", "");
    fail_in = n;
    status = tv_sql_load(sql, "t", text, strlen(text), &options, &rows, &err);
    fail_in = -1;
    failed += status != TV_OK;
    answer_is(sql, "SELECT count(*) FROM t", status == TV_OK ? "293" : "291");
    assert_int_equal(rows, status == TV_OK ? 2 : 0);
    if (!sqlite3_get_autocommit(sql)) answer_is(sql, "ROLLBACK", ""); /* SQLite may have done it */
    answer_is(sql, "SELECT count(*) FROM t", "291");
    assert_true(n < 6000);
  }
  assert_true(failed > 5);
  assert_int_equal(sqlite3_close(sql), SQLITE_OK);
  test_close(db);
  test_ok(tv_allocator_set(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_failed_allocation_is_an_error_and_nothing_else),
      cmocka_unit_test(a_load_that_runs_out_of_memory_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
