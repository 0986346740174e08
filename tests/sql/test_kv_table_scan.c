/* SPDX-License-Identifier: MIT */
/*
 * Scans of kv tables: the same answers as an ordinary table over the same rows, whatever the WHERE;
 * and scans that meet writes to their own bucket, another transaction, another connection.
 */
#include "sql_answer.h"
#include "trivet_kv.h"

/* ---- The same answers as an ordinary table ---- */

typedef struct generator {
  uint64_t state;
  int type; /* of the keys: 't', 'i' or 'b' */
} generator;

static unsigned pick(generator *g, unsigned n) {
  return (unsigned)(test_random(&g->state) % n);
}

/* A literal that may or may not be like a key. */
static void literal(generator *g, char *out, size_t size) {
  static const char *const odd[] = {"NULL",
                                    "''",
                                    "x''",
                                    "'7'",
                                    "7",
                                    "7.0",
                                    "-2.5",
                                    "'a'",
                                    "x'61'",
                                    "9223372036854775807",
                                    "-9223372036854775808",
                                    "1e300",
                                    "-1e300",
                                    "' 7'",
                                    "'07'",
                                    "x'ff'",
                                    "'zz'",
                                    "'\xC3\xA9'"};
  unsigned n = pick(g, 40);
  if (pick(g, 4) == 0) {
    snprintf(out, size, "%s", odd[pick(g, sizeof odd / sizeof odd[0])]);
  } else if (g->type == 'i') {
    snprintf(out, size, "%d%s", (int)n - 20, pick(g, 3) == 0 ? ".5" : "");
  } else if (g->type == 't') {
    snprintf(out, size, "'%c%c'", "abAB7\x60{"[n % 7], "ab%_"[n % 4]);
  } else {
    snprintf(out, size, "x'%02x%02x'", n % 5 + 0x60, n % 3 + 0xfe);
  }
}

static void condition(generator *g, char *out, size_t size) {
  static const char *const ops[] = {"=", "<", "<=", ">", ">=", "IS", "=", "<>"};
  char a[64], b[64], c[64];
  literal(g, a, sizeof a);
  literal(g, b, sizeof b);
  literal(g, c, sizeof c);
  switch (pick(g, 12)) {
    case 0:
      snprintf(out, size, "key IN (%s, %s, %s)", a, b, c);
      return;
    case 1:
      snprintf(out, size, "key BETWEEN %s AND %s", a, b);
      return;
    case 2:
      snprintf(out, size, "key LIKE %s || '%%'", a);
      return;
    case 3:
      snprintf(out, size, "key GLOB %s || '*'", a);
      return;
    case 4:
      snprintf(out, size, "(key = %s OR key > %s)", a, b);
      return;
    case 5:
      snprintf(out, size, "key = (SELECT n FROM numbers WHERE n = %u)", pick(g, 9));
      return;
    case 6:
      snprintf(out, size, "key IN (SELECT n FROM numbers)");
      return;
    case 7:
      snprintf(out, size, "key %s (SELECT t FROM numbers WHERE n = %u)", ops[pick(g, 5)],
               pick(g, 9));
      return;
    case 8:
      snprintf(out, size, "key = %s COLLATE NOCASE", a);
      return;
    case 9:
      snprintf(out, size, "key > %s COLLATE NOCASE AND value <> %s", a, b);
      return;
    default:
      snprintf(out, size, "key %s %s", ops[pick(g, 8)], a);
  }
}

static void query(generator *g, const char *table, const char *where, unsigned shape, char *out,
                  size_t size) {
  static const char *const shapes[] = {
      "SELECT key, value FROM %s WHERE %s ORDER BY key",
      "SELECT key FROM %s WHERE %s ORDER BY key DESC",
      "SELECT count(*), min(key), max(value) FROM %s WHERE %s",
      "SELECT value FROM %s WHERE %s ORDER BY key LIMIT 3 OFFSET 2",
      "SELECT DISTINCT value FROM %s WHERE %s ORDER BY value",
      "SELECT key, value FROM %s WHERE %s ORDER BY value, key",
      "SELECT value, count(*) FROM %s WHERE %s GROUP BY value ORDER BY value",
      "SELECT a.key, n FROM %s a LEFT JOIN numbers ON a.key = n WHERE %s ORDER BY a.key, n",
      "SELECT key, value FROM %s WHERE %s ORDER BY key COLLATE NOCASE, key LIMIT 4",
  };
  (void)g;
  /* The shapes above are the formats: two strings each. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(out, size, shapes[shape], table, where);
#pragma GCC diagnostic pop
}

static void fill(fixture *f, generator *g, const char *type) {
  char sql[512], key[64];
  int i;
  snprintf(sql, sizeof sql,
           "CREATE VIRTUAL TABLE v USING kv('b', key=%s); CREATE TABLE o(key %s PRIMARY KEY, value "
           "TEXT) WITHOUT ROWID; CREATE TABLE p(key, value);"
           "CREATE TABLE numbers(n INTEGER, t TEXT);"
           "INSERT INTO numbers VALUES (0,'a'),(1,'B'),(2,'7'),(3,'a%%'),(7,'07'),(8,x'6162')",
           type, type);
  answer_is(f->sql, sql, "");
  for (i = 0; i < 60; i++) {
    if (g->type == 'i')
      snprintf(key, sizeof key, "%d", (int)pick(g, 40) - 20);
    else if (g->type == 't')
      snprintf(key, sizeof key, "'%c%.*s'", "abAB7{"[pick(g, 6)], (int)pick(g, 3),
               pick(g, 2) ? "ab" : "%B");
    else
      snprintf(key, sizeof key, "x'%02x%s'", 0x60 + pick(g, 5), pick(g, 2) ? "ff" : "");
    snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO v VALUES (%s, 'v%u')", key, pick(g, 5));
    answer_is(f->sql, sql, "");
  }
  if (g->type == 't')
    answer_is(f->sql, "INSERT OR REPLACE INTO v VALUES ('7','x'),('07','y'),('7.0','z')", "");
  answer_is(f->sql, "INSERT INTO o SELECT * FROM v; INSERT INTO p SELECT * FROM v", "");
}

static void compare_with_ordinary_tables(fixture *f, int letter, const char *type) {
  generator g = {test_seed(), letter};
  char where[512], sql[1024];
  int i;
  fill(f, &g, type);
  for (i = 0; i < 3000; i++) {
    unsigned shape = pick(&g, 9);
    int function = i % 2;
    char *expected;
    condition(&g, where, sizeof where);
    /* Texts that equal the same number have no order that SQLite would keep to: count them. */
    if (letter == 't' && strncmp(where, "key = (SELECT", 13) == 0) shape = 2;
    /* The table declares its types as o does, the function none, as p. */
    query(&g, function ? "p" : "o", where, shape, sql, sizeof sql);
    expected = sql_answer(f->sql, sql);
    query(&g, function ? "kv('b')" : "v", where, shape, sql, sizeof sql);
    answer_is(f->sql, sql, expected);
    free(expected);
  }
}

static void a_text_bucket_answers_as_a_table_of_text(void **state) {
  compare_with_ordinary_tables(*state, 't', "text");
}

static void an_integer_bucket_answers_as_a_table_of_integers(void **state) {
  compare_with_ordinary_tables(*state, 'i', "integer");
}

static void a_blob_bucket_answers_as_a_table_of_blobs(void **state) {
  compare_with_ordinary_tables(*state, 'b', "blob");
}

/* ---- Scans that meet writes ---- */

static void some_rows(fixture *f) {
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE t USING kv('b'); CREATE VIRTUAL TABLE u USING kv('b');"
            "WITH RECURSIVE c(i) AS (VALUES (1000) UNION ALL SELECT i + 1 FROM c WHERE i < 1999)"
            "INSERT INTO t SELECT 'k' || i, 'v' || i FROM c",
            "");
}

static void inserting_from_the_same_bucket_ends_and_sees_each_row_once(void **state) {
  fixture *f = *state;
  some_rows(f);
  answer_is(f->sql, "INSERT INTO t SELECT key || 'a', value FROM t; SELECT changes()", "1000");
  answer_is(f->sql, "INSERT INTO t SELECT key || 'b', value FROM kv('b'); SELECT changes()",
            "2000");
  answer_is(f->sql,
            "INSERT INTO t SELECT key || 'c', value FROM u WHERE key LIKE '%1'"
            "ORDER BY key DESC; SELECT changes()",
            "100");
  answer_is(f->sql,
            "SELECT count(*), count(DISTINCT key), sum(value = 'v' || substr(key, 2, 4)) "
            "FROM kv('b')",
            "4100|4100|4100");
}

static void replacing_while_scanning_delivers_the_old_values(void **state) {
  fixture *f = *state;
  some_rows(f);
  answer_is(f->sql,
            "BEGIN; REPLACE INTO t SELECT 'k' || (2999 - substr(key, 2)), value FROM kv('b');"
            "SELECT count(*), sum(substr(key, 2) + substr(value, 2) = 2999) FROM t; ROLLBACK;"
            "SELECT sum(substr(key, 2) = substr(value, 2)) FROM t",
            "1000|1000\n1000");
}

static void updating_and_deleting_all_rows_touches_each_once(void **state) {
  fixture *f = *state;
  some_rows(f);
  answer_is(f->sql,
            "UPDATE t SET key = key || 'x', value = value || '!'; SELECT changes();"
            "SELECT count(*), min(length(key)), max(length(key)), max(length(value)) FROM t",
            "1000\n1000|6|6|6");
  answer_is(f->sql,
            "UPDATE t SET value = (SELECT count(*) FROM kv('b')) WHERE key IN "
            "(SELECT key FROM kv('b') WHERE key < 'k1010'); SELECT changes();"
            "SELECT DISTINCT value FROM t WHERE key < 'k1010'",
            "10\n1000");
  answer_is(f->sql,
            "DELETE FROM t WHERE key IN (SELECT key FROM u); SELECT changes();"
            "SELECT count(*) FROM t",
            "1000\n0");
}

static void step_row(sqlite3_stmt *statement, const char *key, const char *value) {
  assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
  assert_string_equal((const char *)sqlite3_column_text(statement, 0), key);
  assert_string_equal((const char *)sqlite3_column_text(statement, 1), value);
}

static void an_open_select_is_not_disturbed_by_another_statement(void **state) {
  fixture *f = *state;
  sqlite3_stmt *select;
  some_rows(f);
  assert_int_equal(sqlite3_prepare_v2(f->sql, "SELECT key, value FROM t", -1, &select, NULL),
                   SQLITE_OK);
  step_row(select, "k1000", "v1000");
  answer_is(f->sql, "DELETE FROM t WHERE key < 'k1002'; UPDATE t SET value = 'new'", "");
  step_row(select, "k1001", "v1001");
  step_row(select, "k1002", "v1002");
  answer_is(f->sql, "BEGIN; DELETE FROM u; COMMIT", "");
  step_row(select, "k1003", "v1003");
  assert_int_equal(sqlite3_finalize(select), SQLITE_OK);
  answer_is(f->sql, "SELECT count(*) FROM t", "0");
}

/* The read transaction becomes a write transaction between two rows, without a write to the
 * bucket. */
static void a_scan_goes_on_in_another_transaction_behind_its_last_key(void **state) {
  fixture *f = *state;
  static const char *const queries[][2] = {
      {"SELECT key, value FROM t", "up"},
      {"SELECT key, value FROM t ORDER BY key DESC", "down"},
      {"SELECT key, value FROM t WHERE key IN ('k1000', 'k1001', 'k1002', 'k1003')", "up"}};
  size_t i;
  some_rows(f);
  answer_is(f->sql, "CREATE TABLE o(x)", "");
  for (i = 0; i < 3; i++) {
    int down = strcmp(queries[i][1], "down") == 0;
    sqlite3_stmt *select;
    assert_int_equal(sqlite3_prepare_v2(f->sql, queries[i][0], -1, &select, NULL), SQLITE_OK);
    step_row(select, down ? "k1999" : "k1000", down ? "v1999" : "v1000");
    answer_is(f->sql, "INSERT INTO o VALUES (1)", "");
    step_row(select, down ? "k1998" : "k1001", down ? "v1998" : "v1001");
    answer_is(f->sql, "BEGIN; INSERT INTO o VALUES (2)", "");
    step_row(select, down ? "k1997" : "k1002", down ? "v1997" : "v1002");
    answer_is(f->sql, "SAVEPOINT s; INSERT INTO o VALUES (3); ROLLBACK TO s; COMMIT", "");
    step_row(select, down ? "k1996" : "k1003", down ? "v1996" : "v1003");
    assert_int_equal(sqlite3_finalize(select), SQLITE_OK);
  }
}

static void one_snapshot_serves_a_select_while_another_connection_commits(void **state) {
  fixture *f = *state;
  sqlite3 *other = sql_answer_open(f->db);
  sqlite3_stmt *select;
  int rows = 1;
  some_rows(f);
  answer_is(f->sql, "BEGIN", "");
  assert_int_equal(sqlite3_prepare_v2(f->sql, "SELECT key, value FROM t", -1, &select, NULL),
                   SQLITE_OK);
  step_row(select, "k1000", "v1000");
  answer_is(other,
            "DELETE FROM t WHERE key > 'k1500'; UPDATE t SET value = ''; "
            "SELECT count(*) FROM t",
            "501");
  while (sqlite3_step(select) == SQLITE_ROW) {
    assert_int_equal(sqlite3_column_bytes(select, 1), 5);
    rows++;
  }
  assert_int_equal(rows, 1000);
  assert_int_equal(sqlite3_finalize(select), SQLITE_OK);
  answer_is(f->sql,
            "SELECT count(*), max(value) FROM kv('b'); COMMIT;"
            "SELECT count(*), max(value) FROM kv('b')",
            "1000|v1999\n501|");
  assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static void a_select_sees_the_writes_of_its_own_transaction(void **state) {
  fixture *f = *state;
  tv_error err = {0, 0, ""};
  tv_bucket *bucket;
  tv_txn *txn;
  some_rows(f);
  answer_is(f->sql, "BEGIN; INSERT INTO t VALUES ('mine', 'sql')", "");
  test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
  test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
  test_ok(tv_kv_put(bucket, tv_str("yours"), tv_str("c")));
  answer_is(f->sql, "SELECT * FROM kv('b') WHERE key > 'l'", "mine|sql\nyours|c");
  answer_is(f->sql, "ROLLBACK; SELECT * FROM kv('b') WHERE key > 'l'", "");
}

static void sql_runs_in_the_transaction_that_c_holds(void **state) {
  fixture *f = *state;
  tv_bucket *bucket;
  tv_txn *txn;
  some_rows(f);
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
  test_ok(tv_kv_put(bucket, tv_str("c"), tv_str("1")));
  test_ok(tv_sql_join(f->sql, txn));
  answer_is(f->sql, "SELECT * FROM t WHERE key < 'k'; INSERT INTO t VALUES ('d', '2')", "c|1");
  answer_has(f->sql, "INSERT INTO t VALUES ('e', '3'), ('d', '4')", "UNIQUE constraint failed");
  answer_is(f->sql, "CREATE VIRTUAL TABLE w USING kv('made'); INSERT INTO w VALUES ('x', 'y')", "");
  test_ok(tv_sql_leave(f->sql));
  test_commit(txn);
  answer_is(f->sql, "SELECT * FROM t WHERE key < 'k'; SELECT * FROM w", "c|1\nd|2\nx|y");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      with_store(a_text_bucket_answers_as_a_table_of_text),
      with_store(an_integer_bucket_answers_as_a_table_of_integers),
      with_store(a_blob_bucket_answers_as_a_table_of_blobs),
      with_store(inserting_from_the_same_bucket_ends_and_sees_each_row_once),
      with_store(replacing_while_scanning_delivers_the_old_values),
      with_store(updating_and_deleting_all_rows_touches_each_once),
      with_store(an_open_select_is_not_disturbed_by_another_statement),
      with_store(a_scan_goes_on_in_another_transaction_behind_its_last_key),
      with_store(one_snapshot_serves_a_select_while_another_connection_commits),
      with_store(a_select_sees_the_writes_of_its_own_transaction),
      with_store(sql_runs_in_the_transaction_that_c_holds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
