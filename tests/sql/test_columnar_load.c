/* SPDX-License-Identifier: MIT */
/* tv_sql_load: the same rows as INSERT makes of the same texts, all or none. */
#include "sql_run.h"

static tv_db *db;
static sqlite3 *sql;

static int begin(void **state) {
  (void)state;
  db = test_open_memory();
  sql = sql_open(db, 0);
  sql_run(sql, "CREATE VIRTUAL TABLE t USING columnar(i INTEGER, r REAL, s TEXT, d DATE)");
  return 0;
}

static int end(void **state) {
  (void)state;
  sql_close(sql);
  test_close(db);
  return 0;
}

static int load_with(const char *table, const char *text, const tv_sql_load_options *options,
                     uint64_t *rows, tv_error *err) {
  memset(err, 0, sizeof *err);
  return tv_sql_load(sql, table, text, strlen(text), options, rows, err);
}

static void loads(const char *text, const tv_sql_load_options *options, uint64_t expected) {
  tv_error err;
  uint64_t rows = 0;
  int status = load_with("t", text, options, &rows, &err);
  if (status != TV_OK) print_message("%s\n", err.message);
  assert_int_equal(status, TV_OK);
  assert_int_equal(rows, expected);
}

static void refuses(const char *table, const char *text, int status, const char *says) {
  tv_error err;
  uint64_t rows = 7;
  assert_int_equal(load_with(table, text, NULL, &rows, &err), status);
  if (strstr(err.message, says) == NULL) print_message("%s\n", err.message);
  assert_non_null(strstr(err.message, says));
  assert_int_equal(rows, 0);
  assert_true(sqlite3_get_autocommit(sql));
}

static void fields_become_values_of_their_columns(void **state) {
  (void)state;
  loads(
      "1,2.5,abc,2024-02-29\n-7,-0.125,,1999-12-31\r\n,,\"\",\n"
      "3,4,\"a \"\"quoted\"\", one\nof two lines\",2000-01-01",
      NULL, 4);
  sql_is(sql, "SELECT * FROM t",
         "1|2.5|abc|2024-02-29|\n-7|-0.125||1999-12-31|\nNULL|NULL||NULL|\n"
         "3|4.0|a \"quoted\", one\nof two lines|2000-01-01|\n");
}

static void empty_text_is_null_where_that_is_asked_for(void **state) {
  tv_sql_load_options options = {.flags = TV_SQL_LOAD_NULLS};
  (void)state;
  loads("1,1,,\n2,2,\"\",\n", &options, 2);
  sql_is(sql, "SELECT i, s IS NULL FROM t", "1|1|\n2|0|\n");
}

static void a_bar_may_end_a_line(void **state) {
  tv_sql_load_options options = {.flags = TV_SQL_LOAD_TRAILING, .separator = '|'};
  (void)state;
  loads("1|1.5|a|2020-01-01|\n2|2.5|b,c|2020-01-02|\r\n3|3|c|2020-01-03\n", &options, 3);
  sql_is(sql, "SELECT i, s FROM t", "1|a|\n2|b,c|\n3|c|\n");
}

static void a_bad_line_is_named_and_nothing_is_kept(void **state) {
  (void)state;
  refuses("t", "1,1,a,2020-01-01\n2,2,b\n", TV_EINVAL, "line 2: it has fewer fields");
  refuses("t", "1,1,a,2020-01-01,\n", TV_EINVAL, "line 1: it has more fields");
  refuses("t", "1,1,\"a\nb\",2020-01-01\n1,1,\"a", TV_EINVAL, "line 3: a quote is not closed");
  refuses("t", "1,1,\"a\"b,2020-01-01\n", TV_EINVAL, "line 1: text follows a closing quote");
  refuses("t", "1,1,a,2020-01-01\n\n\nx,1,a,2020-01-01\n", TV_ESQL,
          "line 4: t.i, row 2: the column is INTEGER, and x is text");
  refuses("t", "1,1,a,2020-02-30\n", TV_ESQL, "line 1: t.d, row 1: the column is DATE");
  refuses("none", "1\n", TV_ESQL, "no such table");
  sql_run(sql, "CREATE TABLE o(a)");
  refuses("o", "1\n", TV_EINVAL, "not a columnar table");
  sql_is(sql, "SELECT count(*) FROM t", "0|\n");
}

static void keys_and_not_null_are_enforced(void **state) {
  (void)state;
  sql_run(sql,
          "CREATE VIRTUAL TABLE k USING columnar(a INTEGER, b TEXT NOT NULL, c INTEGER NOT "
          "NULL, PRIMARY KEY(a))");
  refuses("k", "1,a,1\n2,b,\n", TV_ESQL, "line 2: NOT NULL constraint failed: k.c");
  refuses("k", "1,a,1\n2,b,2\n1,c,3\n", TV_ESQL, "line 3: UNIQUE constraint failed: k.a");
  sql_is(sql, "SELECT count(*) FROM k", "0|\n");
  sql_is(sql, "INSERT INTO k VALUES (1, 'x', 1)", "");
  refuses("k", "2,a,1\n1,b,2\n", TV_ESQL, "line 2: UNIQUE constraint failed: k.a");
  sql_is(sql, "SELECT * FROM k", "1|x|1|\n");
}

static void it_takes_part_in_the_transaction(void **state) {
  (void)state;
  sql_run(sql, "BEGIN; INSERT INTO t VALUES (1, 1, 'a', NULL); SAVEPOINT s");
  loads("2,2,b,\n3,3,c,\n", NULL, 2);
  sql_is(sql, "SELECT count(*) FROM t", "3|\n");
  sql_run(sql, "ROLLBACK TO s");
  sql_is(sql, "SELECT count(*) FROM t", "1|\n");
  loads("4,4,d,\n", NULL, 1);
  sql_run(sql, "COMMIT");
  sql_is(sql, "SELECT i FROM t", "1|\n4|\n");
}

static void it_runs_in_a_transaction_that_c_code_holds(void **state) {
  tv_txn *txn = test_begin(db, TV_WRITE);
  unsigned depth;
  (void)state;
  assert_int_equal(tv_sql_join(sql, txn), TV_OK);
  test_ok(tv_savepoint(txn, &depth));
  loads("2,2,b,\n3,3,c,\n", NULL, 2);
  sql_is(sql, "SELECT count(*) FROM t", "2|\n");
  test_ok(tv_savepoint_rollback(txn, depth));
  sql_is(sql, "SELECT count(*) FROM t", "0|\n");
  loads("4,4,d,\n", NULL, 1);
  assert_int_equal(tv_sql_leave(sql), TV_OK);
  test_commit(txn);
  sql_is(sql, "SELECT i FROM t", "4|\n");
}

static int stop_at(void *ctx, uint64_t rows) {
  return rows >= *(uint64_t *)ctx;
}

static void it_can_be_interrupted(void **state) {
  uint64_t limit = 131072;
  tv_sql_load_options options = {.progress = stop_at, .ctx = &limit};
  sqlite3_str *text = sqlite3_str_new(sql);
  char *whole;
  tv_error err;
  (void)state;
  for (int i = 0; i < 200000; i++) sqlite3_str_appendall(text, "1,1,a,\n");
  whole = sqlite3_str_finish(text);
  assert_int_equal(load_with("t", whole, &options, NULL, &err), TV_EINTR);
  sql_is(sql, "SELECT count(*) FROM t", "0|\n");
  limit = UINT64_MAX;
  loads(whole, &options, 200000);
  sql_is(sql, "SELECT count(*), sum(i) FROM t", "200000|200000|\n");
  sqlite3_free(whole);
}

/* ---- Beside INSERT ---- */

static uint64_t random_state;

static const char *random_field(int column) {
  static const char *const numbers[] = {"0",
                                        "-0",
                                        "7",
                                        "-12",
                                        "007",
                                        "+5",
                                        "1e3",
                                        "12.0",
                                        "12.5",
                                        " 8",
                                        "9 ",
                                        "1.",
                                        ".5",
                                        "-.5",
                                        "0x10",
                                        "9223372036854775807",
                                        "9223372036854775808",
                                        "-9223372036854775808",
                                        "123456789012345678",
                                        "1234567890123456789",
                                        "0.1",
                                        "123456.789012",
                                        "1234567.8901234567",
                                        "1e400",
                                        "0.000",
                                        "-0.0",
                                        "99999999999999999999",
                                        "5e-324",
                                        "1.5.2",
                                        "--3",
                                        "-",
                                        "1_0",
                                        "",
                                        "1e",
                                        "3.14159265358979"};
  static const char *const texts[] = {"", "a", "abc def", "1", "Zürich", "x;y", "'q'", "null"};
  static const char *const dates[] = {"2020-01-01", "1999-12-31", "2000-02-30", "20200101", ""};
  if (column < 2) return numbers[test_random(&random_state) % (sizeof numbers / sizeof *numbers)];
  if (column == 2) return texts[test_random(&random_state) % 8];
  return dates[test_random(&random_state) % 5];
}

static void each_field_means_what_insert_makes_of_it(void **state) {
  sqlite3_stmt *insert;
  (void)state;
  random_state = test_seed();
  sql_run(sql, "CREATE VIRTUAL TABLE o USING columnar(i INTEGER, r REAL, s TEXT, d DATE)");
  assert_int_equal(sqlite3_prepare_v2(sql, "INSERT INTO o VALUES(?, ?, ?, ?)", -1, &insert, NULL),
                   SQLITE_OK);
  for (int round = 0; round < 4000; round++) {
    char line[400] = "", error[256] = "";
    tv_error err = {0};
    int code, status;
    for (int i = 0; i < 4; i++) {
      const char *field = random_field(i);
      snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s", i > 0 ? "," : "", field);
      if (field[0] == '\0' && i != 2)
        sqlite3_bind_null(insert, i + 1);
      else
        sqlite3_bind_text(insert, i + 1, field, -1, SQLITE_TRANSIENT);
    }
    sqlite3_step(insert);
    code = sqlite3_reset(insert);
    if (code != SQLITE_OK) snprintf(error, sizeof error, "%.250s", sqlite3_errmsg(sql));
    status = load_with("t", line, NULL, NULL, &err);
    if ((status == TV_OK) != (code == SQLITE_OK))
      print_message("%s: load %s, insert %s\n", line, err.message, error);
    assert_true((status == TV_OK) == (code == SQLITE_OK));
    if (code != SQLITE_OK) assert_non_null(strstr(err.message, strstr(error, "column is")));
  }
  sqlite3_finalize(insert);
  sql_is(sql, "SELECT count(*) > 100 FROM t", "1|\n");
  sql_is(sql, "SELECT * FROM t EXCEPT SELECT * FROM o", "");
  sql_is(sql, "SELECT * FROM o EXCEPT SELECT * FROM t", "");
  sql_is(sql,
         "SELECT (SELECT group_concat(quote(r) || typeof(i)) FROM t) = (SELECT "
         "group_concat(quote(r) || typeof(i)) FROM o)",
         "1|\n");
}

int main(void) {
#define LOAD_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
  const struct CMUnitTest tests[] = {
      LOAD_TEST(fields_become_values_of_their_columns),
      LOAD_TEST(empty_text_is_null_where_that_is_asked_for),
      LOAD_TEST(a_bar_may_end_a_line),
      LOAD_TEST(a_bad_line_is_named_and_nothing_is_kept),
      LOAD_TEST(keys_and_not_null_are_enforced),
      LOAD_TEST(it_takes_part_in_the_transaction),
      LOAD_TEST(it_runs_in_a_transaction_that_c_code_holds),
      LOAD_TEST(it_can_be_interrupted),
      LOAD_TEST(each_field_means_what_insert_makes_of_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
