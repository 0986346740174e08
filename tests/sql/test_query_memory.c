/* SPDX-License-Identifier: MIT */
/* Memory that runs out while a SELECT is parsed, bound, run by the executor or explained. */
#include "scarce_memory.h"

/* As sql_answer, for one statement of tv_sql_prepare. */
static char *query_answer(sqlite3 *sql, const char *text) {
  sqlite3_stmt *statement = NULL;
  char *answer = NULL;
  int i, code = tv_sql_prepare(sql, text, -1, &statement, NULL);

  sql_answer_add(&answer, "");
  if (answer == NULL) return NULL;
  while (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
    if (*answer != '\0') sql_answer_add(&answer, "\n");
    for (i = 0; i < sqlite3_column_count(statement); i++) {
      if (i > 0) sql_answer_add(&answer, "|");
      sql_answer_value(&answer, statement, i);
    }
  }
  if (code == SQLITE_OK) code = sqlite3_finalize(statement);
  if (code != SQLITE_OK) sql_answer_add(&answer, "error: ");
  return answer;
}

static const char *const statements[][2] = {
    {"SELECT a, count(*) AS n, sum(b + 1), min(d) FROM t WHERE a LIKE '%3' OR id BETWEEN 7 AND 9 "
     "GROUP BY a HAVING n > 0 ORDER BY n DESC, a",
     "x3|5|5.0|2020-01-01\nx1|1|1.0|2020-01-08\nx2|1|1.0|2020-01-09"},
    {"SELECT DISTINCT \"long name\" FROM t JOIN r ON k = t.id WHERE b = '0' AND d > "
     "date('2019-01-01')",
     "one\ntwo"},
    {"SELECT count(*), max(CASE id % 2 WHEN 0 THEN a ELSE upper(a) END) FROM t, r USING (id)",
     "2|x2"},
    {"SELECT c1, row FROM tv_query('SELECT count(*), ''x'' FROM t WHERE id > ?', 20)",
     "10|[10,\"x\"]"},
    {"SELECT count(*) FROM t UNION SELECT 2", "2\n30"},
};

static void each_failed_allocation_is_an_error_and_nothing_else(void **state) {
  sqlite3 *sql;
  tv_db *db;
  size_t i;
  (void)state;
  test_ok(tv_allocator_set(&scarce_allocator));
  db = test_open_memory();
  sql = sql_answer_open(db);
  answer_is(
      sql,
      "PRAGMA tv_executor = on; PRAGMA tv_threads = 1;"
      "CREATE VIRTUAL TABLE t USING columnar(id INTEGER, a TEXT, b REAL, d DATE);"
      "INSERT INTO t WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < "
      "30) SELECT i, 'x' || (i % 6), 0, date('2020-01-01', i || ' days') FROM s;"
      "UPDATE t SET a = 'x3', d = '2020-01-01' WHERE id = 9;"
      "CREATE TABLE r(k INTEGER PRIMARY KEY, id, \"long name\" TEXT);"
      "INSERT INTO r VALUES(1, 1, 'one'), (2, 2, 'two')",
      "on\n1");
  for (i = 0; i < sizeof statements / sizeof statements[0]; i++)
    scarce_check(sql, query_answer, statements[i]);
  assert_int_equal(sqlite3_close(sql), SQLITE_OK);
  test_close(db);
  test_ok(tv_allocator_set(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_failed_allocation_is_an_error_and_nothing_else)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
