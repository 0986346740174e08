/* SPDX-License-Identifier: MIT */
/* Statements of tv_sql_prepare: columns, types, parameters, errors and schema changes are SQLite's,
 * whichever way they run. */
#include "sql_answer.h"

#define NUMBERS(n) \
  "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < " #n ") "

static int open_tables(void **state) {
  fixture *f;
  if (open_store(state) != 0) return 1;
  f = *state;
  answer_is(f->sql,
            "PRAGMA tv_executor = on;"
            "CREATE VIRTUAL TABLE t USING columnar(id INTEGER, name TEXT, price REAL, day DATE, "
            "code TEXT COLLATE NOCASE, PRIMARY KEY(id));"
            "INSERT INTO t " NUMBERS(500) "SELECT i, 'n' || (i % 7), i * 0.5, "
            "date('2020-01-01', '+' || (i % 50) || ' days'), iif(i % 3, 'a', 'B') FROM s;"
            "CREATE TABLE label(k INTEGER PRIMARY KEY, \"long name\" VARCHAR(10), v);"
            "INSERT INTO label VALUES(0, 'zero', 1), (1, 'one', 2.5), (2, 'two', 'x')",
            "on");
  return 0;
}

static sqlite3_stmt *prepare(fixture *f, const char *sql) {
  sqlite3_stmt *statement = NULL;
  const char *tail = NULL;
  if (tv_sql_prepare(f->sql, sql, -1, &statement, &tail) != SQLITE_OK)
    print_error("%s: %s\n", sql, sqlite3_errmsg(f->sql));
  assert_non_null(statement);
  assert_string_equal(tail, "");
  return statement;
}

/* Prepares a statement that the executor must cover. */
static sqlite3_stmt *prepare_covered(fixture *f, const char *sql) {
  sqlite3_stmt *statement = prepare(f, sql);
  if (tv_sql_declined(f->sql) != NULL) print_error("%s: %s\n", sql, tv_sql_declined(f->sql));
  assert_null(tv_sql_declined(f->sql));
  assert_string_not_equal(sqlite3_sql(statement), sql);
  assert_string_equal(tv_sql_text(statement), sql);
  return statement;
}

static void declined(fixture *f, const char *sql, const char *reason) {
  sqlite3_stmt *statement = prepare(f, sql);
  const char *given = tv_sql_declined(f->sql);
  if (given == NULL || strcmp(given, reason) != 0)
    print_error("%s\n  gave:     %s\n", sql, given == NULL ? "no reason" : given);
  assert_non_null(given);
  assert_string_equal(given, reason);
  assert_string_equal(sqlite3_sql(statement), sql);
  sqlite3_finalize(statement);
}

static const char *or_null(const char *text) {
  return text == NULL ? "NULL" : text;
}

/* ---- What a statement says of itself ---- */

static void names_types_and_parameters_are_those_of_sqlite(void **state) {
  static const char *const statements[] = {
      "SELECT id, t.name, NAME, price AS \"a \"\"b\"\"\", price + 1, (id) FROM t GROUP BY 1, 2, 4",
      "SELECT day, code, count(*), 'x', 5 FROM t GROUP BY day, code",
      "SELECT * FROM t ORDER BY id",
      "SELECT t.*, label.* FROM t, label WHERE t.id = label.k",
      "SELECT * FROM t JOIN label ON t.id % 3 = k WHERE v > ?",
      "SELECT rowid, oid FROM t WHERE price > 1",
      "SELECT max(name), ?, ?5, :x, @y, $z, ?2 FROM t WHERE name < :x",
      "SELECT count(*) FROM t WHERE id > ?3",
      "SELECT \"long name\", [long name] x, 'it''s' FROM label, t WHERE k = id",
      "SELECT count(*)  , sum( price )total FROM t",
  };
  fixture *f = *state;
  size_t s;
  int i;
  for (s = 0; s < sizeof statements / sizeof statements[0]; s++) {
    sqlite3_stmt *ours = prepare_covered(f, statements[s]), *theirs = NULL;
    assert_int_equal(sqlite3_prepare_v2(f->sql, statements[s], -1, &theirs, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_column_count(ours), sqlite3_column_count(theirs));
    assert_int_equal(sqlite3_stmt_readonly(ours), 1);
    for (i = 0; i < sqlite3_column_count(ours); i++) {
      assert_string_equal(sqlite3_column_name(ours, i), sqlite3_column_name(theirs, i));
      assert_string_equal(or_null(sqlite3_column_decltype(ours, i)),
                          or_null(sqlite3_column_decltype(theirs, i)));
    }
    assert_int_equal(sqlite3_bind_parameter_count(ours), sqlite3_bind_parameter_count(theirs));
    for (i = 1; i <= sqlite3_bind_parameter_count(ours); i++)
      assert_string_equal(or_null(sqlite3_bind_parameter_name(ours, i)),
                          or_null(sqlite3_bind_parameter_name(theirs, i)));
    sqlite3_finalize(ours);
    sqlite3_finalize(theirs);
  }
}

static void parameters_keep_their_values_until_they_are_bound_again(void **state) {
  fixture *f = *state;
  sqlite3_stmt *s =
      prepare_covered(f, "SELECT count(*), ?2, max(name) FROM t WHERE id <= ?1 AND price > :least");
  assert_int_equal(sqlite3_step(s), SQLITE_ROW); /* NULL: no row passes */
  assert_int_equal(sqlite3_column_int(s, 0), 0);
  assert_int_equal(sqlite3_column_type(s, 1), SQLITE_NULL);
  assert_int_equal(sqlite3_step(s), SQLITE_DONE);
  sqlite3_reset(s);
  sqlite3_bind_int(s, 1, 10);
  sqlite3_bind_text(s, 2, "text", -1, SQLITE_STATIC);
  sqlite3_bind_double(s, sqlite3_bind_parameter_index(s, ":least"), 1.75);
  assert_int_equal(sqlite3_step(s), SQLITE_ROW);
  assert_int_equal(sqlite3_column_int(s, 0), 7);
  assert_string_equal((const char *)sqlite3_column_text(s, 1), "text");
  assert_string_equal((const char *)sqlite3_column_text(s, 2), "n6");
  sqlite3_reset(s);
  sqlite3_bind_text(s, 1, "20", -1, SQLITE_STATIC); /* a number to an INTEGER column */
  assert_int_equal(sqlite3_step(s), SQLITE_ROW);
  assert_int_equal(sqlite3_column_int(s, 0), 17);
  sqlite3_finalize(s);
}

static void a_statement_ends_where_sqlite_ends_it(void **state) {
  fixture *f = *state;
  const char *sql = "SELECT count(*) FROM t; SELECT 2", *tail = NULL;
  sqlite3_stmt *s = NULL;
  assert_int_equal(tv_sql_prepare(f->sql, sql, -1, &s, &tail), SQLITE_OK);
  assert_string_equal(tail, " SELECT 2");
  assert_string_equal(tv_sql_text(s), "SELECT count(*) FROM t;");
  sqlite3_finalize(s);
  assert_int_equal(tv_sql_prepare(f->sql, "SELECT count(*) FROM t WHERE 0", 22, &s, &tail),
                   SQLITE_OK);
  assert_int_equal(sqlite3_step(s), SQLITE_ROW);
  assert_int_equal(sqlite3_column_int(s, 0), 500);
  sqlite3_finalize(s);
  assert_int_equal(tv_sql_prepare(f->sql, " -- nothing", -1, &s, &tail), SQLITE_OK);
  assert_null(s);
}

static void errors_are_those_of_sqlite(void **state) {
  fixture *f = *state;
  sqlite3_stmt *s = NULL;
  assert_int_equal(tv_sql_prepare(f->sql, "SELECT nope FROM t", -1, &s, NULL), SQLITE_ERROR);
  assert_string_equal(sqlite3_errmsg(f->sql), "no such column: nope");
  assert_null(s);
  assert_int_equal(tv_sql_prepare(f->sql, "SELECT k FROM label, label x", -1, &s, NULL),
                   SQLITE_ERROR);
  assert_string_equal(sqlite3_errmsg(f->sql), "ambiguous column name: k");
  assert_int_equal(tv_sql_prepare(f->sql, "SELEC", -1, &s, NULL), SQLITE_ERROR);
  s = prepare_covered(f, "SELECT sum(id + 9223372036854775000) FROM t");
  assert_int_equal(sqlite3_step(s), SQLITE_ERROR);
  assert_string_equal(sqlite3_errmsg(f->sql), "integer overflow");
  sqlite3_finalize(s);
}

/* ---- Which way ---- */

static void what_is_not_covered_runs_in_sqlite_and_says_why(void **state) {
  fixture *f = *state;
  declined(f, "SELECT k FROM label", "it reads no columnar table");
  declined(f, "SELECT * FROM t", "SQLite hands out all rows as it reads them");
  declined(f, "SELECT * FROM t WHERE id = ?", "SQLite finds the one row by its key");
  declined(f, "SELECT id, count(*) FROM t GROUP BY name",
           "the result has a column that is neither grouped nor aggregated");
  declined(f, "SELECT name FROM t UNION SELECT 1", "UNION is not covered");
  declined(f, "SELECT group_concat(name) FROM t", "the function group_concat is not covered");
  declined(f, "SELECT count(*) FROM t WHERE day > date('now')", "the function date is not covered");
  declined(f, "SELECT count(*) FROM t WHERE name = \"no column\"",
           "the name no column is not found");
  declined(f, "SELECT count(*) FROM t WHERE name > 'a' COLLATE RTRIM",
           "the collation RTRIM is not covered");
  declined(f, "SELECT DISTINCT name FROM t ORDER BY price", "it orders what DISTINCT has dropped");
  declined(f, "SELECT name FROM t ORDER BY 1 LIMIT '3'",
           "its LIMIT is neither an integer nor a parameter");
  answer_is(f->sql, "CREATE VIEW w AS SELECT * FROM t", "");
  declined(f, "SELECT count(*) FROM w", "w is a view");
  answer_is(f->sql, "PRAGMA tv_executor = off", "off");
  declined(f, "SELECT count(*) FROM t", "PRAGMA tv_executor is off");
  answer_is(f->sql, "PRAGMA tv_executor = on; PRAGMA case_sensitive_like = on", "on");
  declined(f, "SELECT count(*) FROM t WHERE name LIKE 'N%'",
           "LIKE regards case on this connection");
}

static char *explain(fixture *f, const char *sql) {
  sqlite3_stmt *s = prepare(f, sql);
  sqlite3_str *text = sqlite3_str_new(NULL);
  assert_int_equal(sqlite3_column_count(s), 4);
  assert_string_equal(sqlite3_column_name(s, 3), "detail");
  while (sqlite3_step(s) == SQLITE_ROW)
    sqlite3_str_appendf(text, "%s\n", sqlite3_column_text(s, 3));
  assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
  return sqlite3_str_finish(text);
}

static void explain_shows_which_way_a_query_goes(void **state) {
  fixture *f = *state;
  char *text = explain(f, "EXPLAIN QUERY PLAN SELECT name, count(*) FROM t GROUP BY name");
  assert_null(strstr(text, "BY SQLITE"));
  assert_non_null(strstr(text, "t"));
  sqlite3_free(text);
  text = explain(f, "EXPLAIN QUERY PLAN SELECT sum(price) OVER () FROM t WHERE id > ?");
  assert_non_null(strstr(text, "VIRTUAL TABLE INDEX"));
  assert_non_null(strstr(text, "BY SQLITE: OVER is not covered"));
  sqlite3_free(text);
}

static int profile_seen;

static void profile_line(void *ctx, int depth, const char *text, uint64_t rows, uint64_t ns) {
  (void)ctx;
  (void)rows;
  (void)ns;
  assert_true(depth >= 0 && text[0] != '\0');
  profile_seen++;
}

static void the_last_run_is_profiled(void **state) {
  fixture *f = *state;
  sqlite3_stmt *s = prepare_covered(f, "SELECT name, count(*) FROM t GROUP BY name");
  profile_seen = 0;
  tv_sql_profile(f->sql, profile_line, NULL);
  assert_int_equal(profile_seen, 0);
  while (sqlite3_step(s) == SQLITE_ROW) continue;
  sqlite3_finalize(s);
  tv_sql_profile(f->sql, profile_line, NULL);
  assert_true(profile_seen > 0);
}

/* ---- What changes under a statement ---- */

static int64_t single(sqlite3_stmt *s) {
  int64_t value;
  assert_int_equal(sqlite3_step(s), SQLITE_ROW);
  value = sqlite3_column_int64(s, 0);
  assert_int_equal(sqlite3_step(s), SQLITE_DONE);
  assert_int_equal(sqlite3_reset(s), SQLITE_OK);
  return value;
}

static void a_statement_sees_its_transaction(void **state) {
  fixture *f = *state;
  sqlite3 *other = sql_answer_open(f->db);
  sqlite3_stmt *s = prepare_covered(f, "SELECT count(*) FROM t WHERE id > 0");
  assert_int_equal(single(s), 500);
  answer_is(f->sql, "BEGIN; INSERT INTO t(id) VALUES(1001); DELETE FROM t WHERE id < 10", "");
  assert_int_equal(single(s), 492);
  answer_is(f->sql, "SAVEPOINT a; INSERT INTO t(id) SELECT id + 2000 FROM t", "");
  assert_int_equal(single(s), 984);
  answer_is(f->sql, "ROLLBACK TO a", "");
  assert_int_equal(single(s), 492);
  answer_is(f->sql, "ROLLBACK", "");
  assert_int_equal(single(s), 500);
  answer_is(f->sql, "BEGIN", "");
  assert_int_equal(single(s), 500);
  answer_is(other, "DELETE FROM t WHERE id <= 100", "");
  assert_int_equal(single(s), 500); /* its snapshot */
  answer_is(f->sql, "COMMIT", "");
  assert_int_equal(single(s), 400);
  sqlite3_finalize(s);
  assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static void rows_are_those_of_the_first_step(void **state) {
  fixture *f = *state;
  sqlite3_stmt *s = prepare_covered(f, "SELECT id FROM t WHERE id <= 100 ORDER BY id");
  int rows = 0;
  answer_is(f->sql, "BEGIN IMMEDIATE", "");
  while (sqlite3_step(s) == SQLITE_ROW) {
    assert_int_equal(sqlite3_column_int(s, 0), ++rows);
    if (rows == 3) answer_is(f->sql, "DELETE FROM t", "");
  }
  assert_int_equal(rows, 100);
  assert_int_equal(sqlite3_reset(s), SQLITE_OK);
  answer_is(f->sql, "ROLLBACK", "");
  sqlite3_finalize(s);
}

static void a_changed_schema_is_bound_again(void **state) {
  fixture *f = *state;
  sqlite3_stmt *s = prepare_covered(f, "SELECT count(*) FROM t, label WHERE k = id AND v > 1");
  sqlite3_stmt *star = prepare_covered(f, "SELECT * FROM label, t WHERE k = id");
  assert_int_equal(single(s), 2);
  answer_is(f->sql, "DROP TABLE label; CREATE TABLE label(k, v, w)", "");
  answer_is(f->sql, "INSERT INTO label VALUES(1, 5, 0), (2, 6, 0), ('3', 7, 0), (4, 8, 0)", "");
  assert_int_equal(single(s), 4); /* '3' becomes a number: id is INTEGER */
  answer_is(f->sql, "DROP TABLE t; CREATE TABLE t(id, v2); INSERT INTO t VALUES(2, 0)", "");
  assert_int_equal(single(s), 1); /* by SQLite now */
  assert_non_null(tv_sql_declined(f->sql));
  assert_int_equal(sqlite3_step(star), SQLITE_SCHEMA);
  sqlite3_reset(star);
  answer_is(f->sql, "DROP TABLE t", "");
  assert_int_equal(sqlite3_step(s), SQLITE_ERROR);
  assert_string_equal(sqlite3_errmsg(f->sql), "no such table: t");
  sqlite3_finalize(s);
  sqlite3_finalize(star);
}

static void a_temporary_table_hides_the_stored_one(void **state) {
  fixture *f = *state;
  sqlite3_stmt *s = prepare_covered(f, "SELECT count(*) FROM t WHERE id > 490");
  assert_int_equal(single(s), 10);
  answer_is(f->sql, "CREATE TEMP TABLE t(id); INSERT INTO t VALUES(1000)", "");
  assert_int_equal(single(s), 1);
  sqlite3_finalize(s);
  s = prepare_covered(f, "SELECT count(*) FROM main.t WHERE id > 490");
  assert_int_equal(single(s), 10);
  sqlite3_finalize(s);
}

static void many_statements_leave_nothing_behind(void **state) {
  fixture *f = *state;
  sqlite3_stmt *kept = prepare_covered(f, "SELECT count(*) FROM t WHERE id > 5"), *s;
  int i;
  for (i = 0; i < 200; i++) {
    s = prepare_covered(f, "SELECT sum(id) FROM t WHERE id > 1");
    assert_int_equal(single(s), 125249);
    sqlite3_finalize(s);
  }
  assert_int_equal(single(kept), 495);
  sqlite3_finalize(kept);
  answer_is(f->sql, "SELECT count(*) < 60 FROM pragma_module_list WHERE name LIKE 'trivet plan %'",
            "1");
}

static int interrupt_at_once(void *sql) {
  sqlite3_interrupt(sql);
  return 0;
}

static void an_interrupt_ends_a_run(void **state) {
  fixture *f = *state;
  sqlite3_stmt *s = prepare_covered(f, "SELECT count(*) FROM t a, t b WHERE a.price < b.price * 2");
  sqlite3_progress_handler(f->sql, 1, interrupt_at_once, f->sql);
  assert_int_equal(sqlite3_step(s), SQLITE_INTERRUPT);
  sqlite3_progress_handler(f->sql, 0, NULL, NULL);
  sqlite3_reset(s);
  assert_true(single(s) > 0);
  sqlite3_finalize(s);
}

static void settings_are_checked(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "PRAGMA tv_threads = 2; PRAGMA tv_threads", "2\n2");
  answer_is(f->sql, "PRAGMA tv_memory = 64; PRAGMA tv_deadline = 1000; PRAGMA tv_memory",
            "64\n1000\n64");
  answer_has(f->sql, "PRAGMA tv_threads = 0", "tv_threads is a number from 1 to 256");
  answer_has(f->sql, "PRAGMA tv_executor = 2", "tv_executor is on or off");
  answer_has(f->sql, "PRAGMA tv_memory = -1", "tv_memory is a number of MiB");
  answer_is(f->sql, "SELECT c1 FROM tv_query('SELECT count(*) FROM t')", "500");
}

/* ---- tv_query ---- */

static void tv_query_runs_a_select(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "SELECT c1, c2 FROM tv_query('SELECT name, count(*) FROM t WHERE id > ? GROUP "
            "BY 1 ORDER BY 1 LIMIT 2', 400)",
            "n0|14\nn1|14");
  assert_null(tv_sql_declined(f->sql));
  answer_is(f->sql, "SELECT * FROM tv_query('SELECT 1, ''a\"b'', NULL, x''00'', 2.5')",
            "[1,\"a\\\"b\",null,\"00\",2.5]");
  assert_non_null(tv_sql_declined(f->sql));
  answer_is(f->sql, "SELECT sum(c1) FROM label, tv_query('SELECT max(id) FROM t WHERE id < ?', k)",
            "1");
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE temp.v USING tv_query('SELECT name AS \"the name\", "
            "count(*) AS n, day FROM t GROUP BY 1, 3');"
            "SELECT \"the name\", n FROM v WHERE day = '2020-01-02' ORDER BY 1 LIMIT 1;"
            "SELECT group_concat(name || ' ' || type) FROM pragma_table_info('v')",
            "n0|1\nthe name TEXT,n ,day DATE");
  answer_has(f->sql, "SELECT * FROM tv_query('DELETE FROM t')", "takes one SELECT");
  answer_has(f->sql, "SELECT * FROM tv_query('SELECT 1; SELECT 2')", "takes one SELECT");
  answer_has(f->sql, "SELECT * FROM tv_query('SELECT ?', 1, 2)", "has 1 parameters, and 2");
  answer_has(f->sql, "SELECT * FROM tv_query('SELECT nope')", "no such column: nope");
  answer_has(f->sql, "SELECT * FROM tv_query", "write tv_query('SELECT ...')");
}

int main(void) {
#define store_test(name) cmocka_unit_test_setup_teardown(name, open_tables, close_store)
  const struct CMUnitTest tests[] = {
      store_test(names_types_and_parameters_are_those_of_sqlite),
      store_test(parameters_keep_their_values_until_they_are_bound_again),
      store_test(a_statement_ends_where_sqlite_ends_it),
      store_test(errors_are_those_of_sqlite),
      store_test(what_is_not_covered_runs_in_sqlite_and_says_why),
      store_test(explain_shows_which_way_a_query_goes),
      store_test(the_last_run_is_profiled),
      store_test(a_statement_sees_its_transaction),
      store_test(rows_are_those_of_the_first_step),
      store_test(a_changed_schema_is_bound_again),
      store_test(a_temporary_table_hides_the_stored_one),
      store_test(many_statements_leave_nothing_behind),
      store_test(an_interrupt_ends_a_run),
      store_test(settings_are_checked),
      store_test(tv_query_runs_a_select),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
