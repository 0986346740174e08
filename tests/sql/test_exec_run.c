/* SPDX-License-Identifier: MIT */
/*
 * Plans that run over row groups, the delta, row tables and joins, with one thread and with four:
 * each answer is compared with that of SQLite over the same rows in ordinary tables.
 */
#include "layer_internal.h"
#include "sql_answer.h"

typedef struct both_sides {
  tv_db *db;
  sqlite3 *sql, *plain;
} both_sides;

#define ROWS(n) "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < " #n ") "

/* 150,000 rows in three groups; then deletes, updates and a delta. `%s` names the kind of table. */
static const char *const facts[] = {
    "INSERT INTO f " ROWS(150000) "SELECT i, i % 997, i % 13, CASE WHEN i % 11 = 0 THEN NULL ELSE "
                                  "(i * 7919) % 100003 END, 'name ' || (i % 700), i * 0.25, "
                                  "date('2020-01-01', '+' || (i % 900) || ' days'), i * 60000000007 "
                                  "FROM s",
    "DELETE FROM f WHERE id % 1009 = 3",
    "UPDATE f SET v = -5 WHERE id % 2003 = 4",
    "INSERT INTO f " ROWS(500) "SELECT 200000 + i, i % 10, 7, i, 'late', 0.5, '2023-01-01', 9 FROM s",
};

static const char *const smalls[] = {
    "INSERT INTO d " ROWS(600) "SELECT i, 'label ' || (i % 9), i % 4, i * 0.5 FROM s",
    "INSERT INTO m " ROWS(40) "SELECT i % 13, 'many ' || i FROM s",
    "INSERT INTO m VALUES(NULL, 'none'), (NULL, 'none either')",
    "INSERT INTO n " ROWS(300) "SELECT 'NAME ' || i, i FROM s",
};

static void run_all(sqlite3 *sql, const char *const *statements, int count) {
  for (int i = 0; i < count; i++) {
    char *message = NULL;
    if (sqlite3_exec(sql, statements[i], NULL, NULL, &message) != SQLITE_OK)
      fail_msg("%s: %s", statements[i], message);
  }
}

#define FACT "(id INTEGER, k INTEGER, g INTEGER, v INTEGER, t TEXT, r REAL, d DATE, big INTEGER)"

static int open_tables(void **state) {
  static const char *const columnar[] = {
      ("CREATE VIRTUAL TABLE f USING columnar" FACT),
      "CREATE VIRTUAL TABLE d USING columnar(k INTEGER, label TEXT, q INTEGER, w REAL)",
      "CREATE TABLE m(g INTEGER, what TEXT)",
      "CREATE VIRTUAL TABLE n USING columnar(t TEXT, x INTEGER)",
      "CREATE VIRTUAL TABLE e USING columnar(a INTEGER, b TEXT)",
  };
  static const char *const plain[] = {
      ("CREATE TABLE f" FACT),
      "CREATE TABLE d(k INTEGER, label TEXT, q INTEGER, w REAL)",
      "CREATE TABLE m(g INTEGER, what TEXT)",
      "CREATE TABLE n(t TEXT, x INTEGER)",
      "CREATE TABLE e(a INTEGER, b TEXT)",
  };
  both_sides *f = calloc(1, sizeof *f);
  f->db = test_open_memory();
  f->sql = sql_answer_open(f->db);
  assert_int_equal(sqlite3_open(":memory:", &f->plain), SQLITE_OK);
  run_all(f->sql, columnar, 5);
  run_all(f->plain, plain, 5);
  run_all(f->sql, facts, 4);
  run_all(f->plain, facts, 4);
  run_all(f->sql, smalls, 4);
  run_all(f->plain, smalls, 4);
  *state = f;
  return 0;
}

static int close_tables(void **state) {
  both_sides *f = *state;
  assert_int_equal(sqlite3_close(f->sql), SQLITE_OK);
  assert_int_equal(sqlite3_close(f->plain), SQLITE_OK);
  test_close(f->db);
  free(f);
  return 0;
}

/* The answer of one statement; executor: it must be the executor's. */
static char *answer_of(sqlite3 *sql, const char *text, int executor) {
  sqlite3_stmt *stmt = NULL;
  char *answer = NULL;
  int code = executor ? tv_sql_prepare(sql, text, -1, &stmt, NULL)
                      : sqlite3_prepare_v2(sql, text, -1, &stmt, NULL);
  if (code != SQLITE_OK) fail_msg("%s: %s", text, sqlite3_errmsg(sql));
  if (executor && tv_sql_declined(sql) != NULL) fail_msg("%s: %s", text, tv_sql_declined(sql));
  sql_answer_add(&answer, "");
  while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
      sql_answer_value(&answer, stmt, i);
      sql_answer_add(&answer, i + 1 < sqlite3_column_count(stmt) ? "|" : "\n");
    }
  }
  if (code != SQLITE_DONE) {
    sql_answer_add(&answer, "error: ");
    sql_answer_add(&answer, sqlite3_errmsg(sql));
  }
  sqlite3_finalize(stmt);
  return answer;
}

static void same_at(both_sides *f, const char *text, int line) {
  char *expected = answer_of(f->plain, text, 0);
  for (int threads = 1; threads <= 4; threads += 3) {
    char pragma[40], *got;
    snprintf(pragma, sizeof pragma, "PRAGMA tv_threads=%d", threads);
    assert_int_equal(sqlite3_exec(f->sql, pragma, NULL, NULL, NULL), SQLITE_OK);
    got = answer_of(f->sql, text, 1);
    if (strcmp(got, expected) != 0)
      fail_msg("line %d, %d threads: %s\n  gives\n%.600s\n  expected\n%.600s", line, threads, text,
               got, expected);
    free(got);
  }
  free(expected);
}
#define same(text) same_at(f, text, __LINE__)

static void conditions_keep_the_rows_that_sqlite_keeps(void **state) {
  both_sides *f = *state;
  same("SELECT count(*), count(v), min(id), max(id) FROM f");
  same("SELECT count(*), sum(v) FROM f WHERE id BETWEEN 1000 AND 100000 AND v < 500");
  same("SELECT count(*) FROM f WHERE id > 70000.5 AND id <= 140000.0 AND k < 9.99");
  same("SELECT count(*), sum(v) FROM f WHERE v IS NULL OR v > 99000");
  same("SELECT count(*) FROM f WHERE v IS NOT NULL AND v % 7 = 3 AND g IN (1, 5, 12, 99)");
  same("SELECT count(*), min(t) FROM f WHERE t LIKE 'name 1%' OR t = 'late'");
  same("SELECT count(*) FROM f WHERE t > 'name 5' AND t <= 'name 61'");
  same("SELECT count(*) FROM f WHERE t IN ('name 5', 'name 77', 'none')");
  same("SELECT count(*) FROM f WHERE d >= '2021-05-05' AND d < '2021-06'");
  same("SELECT count(*) FROM f WHERE d = '2021-05-05' OR d LIKE '2022-0_-01'");
  same("SELECT count(*) FROM f WHERE d = '2021-02-30'");
  same("SELECT count(*) FROM f WHERE r > 100.25 AND r <= 30000");
  same("SELECT count(*) FROM f WHERE big > 5000000000000000 AND big < 7000000000000000.5");
  same("SELECT count(*) FROM f WHERE k + g > 1000 AND k - g < id");
  same("SELECT count(*) FROM f WHERE coalesce(v, -1) = -1");
  same("SELECT count(*) FROM f WHERE 1 = 0");
  same("SELECT count(*), sum(a) FROM e");
}

static void joins_find_all_that_match(void **state) {
  both_sides *f = *state;
  same("SELECT d.label, count(*), sum(f.v) FROM f, d WHERE f.k = d.k GROUP BY d.label ORDER BY 1");
  same("SELECT d.q, count(*) FROM f, d WHERE f.k = d.k AND d.w < 100 GROUP BY d.q ORDER BY 1");
  same("SELECT m.what, count(*), sum(f.id) FROM f, m WHERE f.g = m.g GROUP BY m.what ORDER BY 1");
  same("SELECT count(*), sum(d.q * f.g) FROM f, d, m WHERE f.k = d.k AND f.g = m.g AND d.q < f.g");
  same("SELECT count(*), sum(n.x) FROM f, n WHERE f.t = n.t COLLATE NOCASE");
  same("SELECT count(*) FROM f, n WHERE f.t = n.t");
  same("SELECT count(*) FROM f, d WHERE f.k = d.k AND f.g = d.q");
  same("SELECT count(*) FROM f, d WHERE f.r = d.w");
  same("SELECT count(*) FROM f, e WHERE f.k = e.a");
  same(
      "SELECT count(*), sum(a.q) FROM d AS a, d AS b, f WHERE a.q = b.q AND f.k = a.k AND b.k < 5");
  same("SELECT count(*) FROM d, m WHERE d.k < 50");
}

static void groups_and_aggregates_are_sqlites(void **state) {
  both_sides *f = *state;
  same(
      "SELECT g, count(*), count(v), sum(v), avg(v), total(v), min(v), max(v) FROM f GROUP BY g "
      "ORDER BY g");
  same("SELECT t, count(*), sum(id) FROM f GROUP BY t ORDER BY 2 DESC, 1 LIMIT 20");
  same("SELECT k, g, count(*) FROM f GROUP BY k, g HAVING count(*) > 11 ORDER BY k, g");
  same("SELECT v, count(*) FROM f GROUP BY v ORDER BY 2 DESC, 1 LIMIT 30 OFFSET 5");
  same("SELECT d, min(t), max(r) FROM f GROUP BY d ORDER BY d DESC LIMIT 12");
  same("SELECT big, t, count(*) FROM f GROUP BY big, t ORDER BY big DESC LIMIT 7");
  same("SELECT sum(r), avg(r), total(r), sum(r * g) FROM f");
  same("SELECT g, sum(r), avg(r) FROM f GROUP BY g ORDER BY g");
  same("SELECT count(DISTINCT t), count(DISTINCT v), count(DISTINCT d), count(DISTINCT r) FROM f");
  same("SELECT g, count(DISTINCT k), count(DISTINCT t) FROM f GROUP BY g ORDER BY g");
  same(
      "SELECT id % 5, sum(CASE WHEN v > 50000 THEN 1 ELSE 0 END), sum(k * g + 1) FROM f "
      "GROUP BY id % 5 ORDER BY 1");
  /* Rows that were updated lie in the delta, behind the others: sums of reals depend on that. */
  same("SELECT avg(big), total(big) FROM f WHERE id % 2003 <> 4");
  same("SELECT sum(v) FROM f WHERE id < 0");
  same("SELECT DISTINCT g, k % 3 FROM f ORDER BY g, k % 3");
  same("SELECT DISTINCT d.label FROM f, d WHERE f.k = d.k ORDER BY 1 DESC LIMIT 4");
}

static void rows_come_in_order_and_within_limits(void **state) {
  both_sides *f = *state;
  same("SELECT id, t, d, r FROM f WHERE v > 90000 ORDER BY r DESC LIMIT 10 OFFSET 3");
  same("SELECT id, v FROM f WHERE id < 3000 ORDER BY v, id");
  same("SELECT id, v FROM f WHERE id < 3000 ORDER BY v DESC NULLS FIRST, id DESC LIMIT 700");
  same("SELECT t || '/' || g, -k, id FROM f WHERE g = 3 ORDER BY id DESC LIMIT 9");
  same("SELECT count(*) FROM f LIMIT 0");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conditions_keep_the_rows_that_sqlite_keeps),
      cmocka_unit_test(joins_find_all_that_match),
      cmocka_unit_test(groups_and_aggregates_are_sqlites),
      cmocka_unit_test(rows_come_in_order_and_within_limits),
  };
  return cmocka_run_group_tests(tests, open_tables, close_tables);
}
