/* SPDX-License-Identifier: MIT */
/* Columnar tables: what they take, what they refuse, what survives rollbacks, merges and damage. */
#include "layer_internal.h"
#include "sql_answer.h"

#define NUMBERS(n) \
  "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < " #n ") "

/* A group of 20,000 rows. */
static void make_group(fixture *f) {
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE t USING columnar(id INTEGER, name TEXT, price REAL, day DATE, "
            "PRIMARY KEY(id))",
            "");
  answer_is(f->sql,
            "INSERT INTO t " NUMBERS(20000) "SELECT i, 'n' || (i % 100), i * 0.25, "
                                            "date('2020-01-01', '+' || (i / 100) || ' days') "
                                            "FROM s",
            "");
}

static void columns_have_types_and_a_wrong_value_is_named_with_its_row(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE t USING columnar(a INTEGER, b TEXT NOT NULL, c REAL, d DATE, "
            "e BLOB)",
            "");
  answer_is(f->sql, "INSERT INTO t VALUES('7', 8, '2.5', '2020-02-29', x'00ff')", "");
  answer_is(f->sql, "SELECT *, typeof(a), typeof(b), typeof(c), typeof(d) FROM t",
            "7|8|2.5|2020-02-29|x'00ff'|integer|text|real|text");
  answer_has(f->sql, "INSERT INTO t VALUES('x', '', 0, NULL, NULL)",
             "t.a, row 2: the column is INTEGER, and x is text");
  answer_has(f->sql, "INSERT INTO t VALUES(1.5, '', 0, NULL, NULL)",
             "row 2: the column is INTEGER");
  answer_has(f->sql, "INSERT INTO t VALUES(1, NULL, 0, NULL, NULL)",
             "NOT NULL constraint failed: t.b, row 2");
  answer_has(f->sql, "INSERT INTO t VALUES(1, '', x'00', NULL, NULL)",
             "t.c, row 2: the column is REAL");
  answer_has(f->sql, "INSERT INTO t VALUES(1, '', 0, '2021-02-29', NULL)",
             "t.d, row 2: the column is DATE, and 2021-02-29 is text");
  answer_has(f->sql, "INSERT INTO t VALUES(1, '', 0, NULL, 'text')",
             "t.e, row 2: the column is BLOB");
  answer_has(f->sql, "UPDATE t SET a = 'y'", "t.a, row 1: the column is INTEGER");
  answer_is(f->sql, "SELECT count(*) FROM t", "1");
}

static void declarations_that_make_no_sense_are_refused(void **state) {
  fixture *f = *state;
  answer_has(f->sql, "CREATE VIRTUAL TABLE t USING columnar()", "a table has columns");
  answer_has(f->sql, "CREATE VIRTUAL TABLE t USING columnar(a)", "column a has the type \"\"");
  answer_has(f->sql, "CREATE VIRTUAL TABLE t USING columnar(a THING)", "the type \"THING\"");
  answer_has(f->sql, "CREATE VIRTUAL TABLE t USING columnar(a INT, A TEXT)",
             "two columns are named A");
  answer_has(f->sql, "CREATE VIRTUAL TABLE t USING columnar(a INT NOT NUL)",
             "\"NUL\" stands where NULL");
  answer_has(f->sql, "CREATE VIRTUAL TABLE t USING columnar(a INT, PRIMARY KEY(b))", "names \"b\"");
  answer_has(f->sql, "CREATE VIRTUAL TABLE t USING columnar(a INT COLLATE NOCASE)",
             "NOCASE is for TEXT");
  answer_has(f->sql, "CREATE VIRTUAL TABLE t USING columnar(tv_command INT)", "cannot be named");
  answer_has(f->sql, "CREATE VIRTUAL TABLE temp.t USING columnar(a INT)",
             "must be in database main");
  answer_is(
      f->sql,
      "CREATE VIRTUAL TABLE t USING columnar(\"primary\" INT, [a b] VARCHAR(20) COLLATE nocase)",
      "");
  answer_is(f->sql, "INSERT INTO t VALUES(1, 'X'); SELECT * FROM t WHERE \"a b\" = 'x'", "1|X");
}

static void the_primary_key_is_enforced_as_the_statement_says(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE t USING columnar(a INTEGER, b TEXT, c TEXT, PRIMARY KEY(b, a))",
            "");
  answer_is(f->sql, "INSERT INTO t VALUES(1, 'x', 'first'), (2, 'x', 'second')", "");
  answer_has(f->sql, "INSERT INTO t VALUES(1, 'x', 'again')", "UNIQUE constraint failed: t.b");
  answer_is(f->sql, "INSERT OR IGNORE INTO t VALUES(1, 'x', 'again'); SELECT c FROM t WHERE a = 1",
            "first");
  answer_is(f->sql, "INSERT OR REPLACE INTO t VALUES(1, 'x', 'again'); SELECT c FROM t WHERE a = 1",
            "again");
  answer_has(f->sql, "UPDATE t SET a = 2 WHERE a = 1", "UNIQUE constraint failed");
  answer_is(f->sql, "UPDATE t SET a = 3 WHERE a = 1; SELECT a, b FROM t ORDER BY a", "2|x\n3|x");
  answer_is(f->sql, "INSERT INTO t VALUES(1, 'x', 'free'); SELECT count(*) FROM t", "3");
  answer_has(f->sql, "INSERT INTO t VALUES(1, printf('%500c', 'y'), '')", "more than 480 bytes");
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT c FROM t WHERE a = 1 AND b = 'x'", "primary key");
  answer_is(f->sql, "SELECT c FROM t WHERE a = 1 AND b = 'x'", "free");
}

static void rowids_are_stable_and_never_given_twice(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "CREATE VIRTUAL TABLE t USING columnar(a INTEGER, ORDER BY (a))", "");
  answer_is(f->sql, "INSERT INTO t VALUES(30),(20),(10); INSERT INTO t(rowid, a) VALUES(100, 5)",
            "");
  answer_is(f->sql, "INSERT INTO t(tv_command) VALUES('merge')", "");
  answer_is(f->sql, "SELECT rowid, a FROM t", "100|5\n3|10\n2|20\n1|30");
  answer_is(f->sql,
            "DELETE FROM t WHERE rowid = 100; INSERT INTO t VALUES(1); SELECT max(rowid) FROM t",
            "101");
  answer_is(f->sql,
            "UPDATE t SET a = 21 WHERE rowid = 2; INSERT INTO t(tv_command) VALUES('merge')", "");
  answer_is(f->sql, "SELECT rowid, a FROM t WHERE rowid IN (2, 3, 100)", "2|21\n3|10");
  answer_has(f->sql, "INSERT INTO t(rowid, a) VALUES(2, 0)", "UNIQUE constraint failed: t.rowid");
  answer_is(f->sql, "UPDATE t SET rowid = 7 WHERE rowid = 2; SELECT a FROM t WHERE rowid = 7",
            "21");
  answer_is(f->sql, "INSERT INTO t(rowid, a) VALUES(-5, 0), (9223372036854775807, 9)", "");
  answer_has(f->sql, "INSERT INTO t VALUES(1)", "no rowid left");
  answer_is(f->sql,
            "INSERT INTO t(tv_command) VALUES('merge'); SELECT rowid FROM t WHERE rowid > 100 OR "
            "rowid < 0 ORDER BY 1",
            "-5\n101\n9223372036854775807");
}

static void rollbacks_take_back_rows_held_in_memory_and_rows_in_the_store(void **state) {
  fixture *f = *state;
  make_group(f);
  answer_is(
      f->sql,
      "CREATE VIRTUAL TABLE k USING kv('b'); CREATE VIRTUAL TABLE u USING columnar(a INTEGER)", "");
  answer_is(f->sql, "BEGIN; INSERT INTO k VALUES('x', 'y'); INSERT INTO u VALUES(1); SAVEPOINT s",
            "");
  answer_is(f->sql,
            "INSERT INTO u VALUES(2); INSERT INTO t VALUES(50000, 'new', 0, NULL); DELETE FROM t "
            "WHERE id <= 100",
            "");
  answer_is(f->sql, "SELECT count(*) FROM t; SELECT count(*) FROM u", "19901\n2");
  answer_is(f->sql, "ROLLBACK TO s; SELECT count(*), sum(id) FROM t; SELECT a FROM u",
            "20000|200010000\n1");
  answer_is(f->sql, "INSERT INTO t(tv_command) VALUES('merge'); INSERT INTO u VALUES(3); COMMIT",
            "");
  answer_is(f->sql, "SELECT a FROM u; SELECT count(*) FROM t WHERE id <= 100", "1\n3\n100");
  answer_is(f->sql, "BEGIN; INSERT INTO u VALUES(4); ROLLBACK; SELECT count(*) FROM u", "2");
  answer_has(
      f->sql,
      "INSERT INTO t SELECT id + 20000, name, price, day FROM t UNION ALL SELECT 1, '', 0, NULL",
      "UNIQUE");
  answer_is(f->sql, "SELECT count(*) FROM t", "20000");
}

static void tables_are_created_renamed_and_dropped_within_transactions(void **state) {
  fixture *f = *state;
  answer_is(
      f->sql,
      "BEGIN; CREATE VIRTUAL TABLE t USING columnar(a INTEGER); INSERT INTO t VALUES(1); ROLLBACK",
      "");
  answer_has(f->sql, "SELECT * FROM t", "no such table");
  answer_is(
      f->sql,
      "CREATE VIRTUAL TABLE t USING columnar(a INTEGER, PRIMARY KEY(a)); INSERT INTO t VALUES(1)",
      "");
  answer_is(f->sql, "BEGIN; SAVEPOINT s; DROP TABLE t; ROLLBACK TO s; COMMIT; SELECT * FROM t",
            "1");
  answer_is(f->sql, "ALTER TABLE t RENAME TO u; INSERT INTO u VALUES(2); SELECT * FROM u", "1\n2");
  answer_is(f->sql,
            "DROP TABLE u; CREATE VIRTUAL TABLE u USING columnar(b TEXT); SELECT count(*) FROM u",
            "0");
}

static void a_reader_keeps_its_snapshot_and_another_connection_sees_commits(void **state) {
  fixture *f = *state;
  sqlite3 *other = sql_answer_open(f->db);
  make_group(f);
  answer_is(other, "BEGIN; SELECT count(*) FROM t", "20000");
  answer_is(f->sql,
            "DELETE FROM t WHERE id > 15000; UPDATE t SET name = 'z' WHERE id = 1; INSERT INTO "
            "t(tv_command) VALUES('merge')",
            "");
  answer_is(other, "SELECT count(*), max(id), max(name) FROM t; COMMIT", "20000|20000|n99");
  answer_is(other, "SELECT count(*), max(id), max(name) FROM t", "15000|15000|z");
  assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static void a_statement_goes_on_when_the_connection_writes_and_commits_meanwhile(void **state) {
  fixture *f = *state;
  sqlite3_stmt *statement;
  int64_t rows = 0, sum = 0;
  make_group(f);
  assert_int_equal(
      sqlite3_prepare_v2(f->sql, "SELECT id, name FROM t WHERE price >= 0", -1, &statement, NULL),
      SQLITE_OK);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    sum += sqlite3_column_int64(statement, 0);
    if (++rows % 5000 == 1)
      answer_is(
          f->sql,
          "BEGIN; DELETE FROM t WHERE id = -1; INSERT INTO t VALUES(-1, 'w', -1, NULL); COMMIT",
          "");
    assert_int_equal(sqlite3_column_text(statement, 1)[0], 'n');
  }
  assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
  assert_int_equal(rows, 20000);
  assert_int_equal(sum, 200010000);
}

static void conditions_are_pushed_down_and_joins_use_a_hash(void **state) {
  fixture *f = *state;
  make_group(f);
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT price FROM t WHERE id = 7", "primary key id=?");
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT price FROM t WHERE rowid = 7", "rowid rowid=?");
  answer_has(f->sql,
             "EXPLAIN QUERY PLAN SELECT 1 FROM t WHERE day >= '2020-03-01' AND name LIKE 'n1%'",
             "scan day>=? name LIKE ?");
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT 1 FROM t WHERE name IN ('a', 'b')",
             "name IN (...)");
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT 1 FROM t WHERE price > 3 LIMIT 5 OFFSET 2",
             "limit offset");
  answer_has(f->sql,
             "EXPLAIN QUERY PLAN SELECT 1 FROM t a JOIN t b ON a.price = b.price WHERE a.id < 30",
             "hash price=?");
  answer_is(f->sql,
            "SELECT count(*), sum(b.id) FROM t a JOIN t b ON a.price = b.price WHERE a.id < 30",
            "29|435");
  answer_is(f->sql, "SELECT id FROM t WHERE price > 3 LIMIT 3 OFFSET 2", "15\n16\n17");
  answer_is(f->sql, "SELECT count(*) FROM t WHERE day BETWEEN '2020-01-10' AND '2020-01-19'",
            "1000");
  answer_is(f->sql, "SELECT count(*) FROM t WHERE day > '2020-07'", "1801");
  answer_is(f->sql, "SELECT id FROM t WHERE id IN (5, 3.0, '4', 'x', NULL) ORDER BY id", "3\n4\n5");
  answer_is(f->sql, "SELECT count(*) FROM t WHERE id < 2.5; SELECT count(*) FROM t WHERE id > 'x'",
            "2\n0");
}

static void data_moves_both_ways_and_survives_reopening(void **state) {
  fixture *f = *state;
  char *folder = test_folder_make(), path[512];
  tv_db *db;
  sqlite3 *sql;
  (void)f;
  test_path(path, sizeof path, folder, "c.tv");
  db = test_open(path, 0);
  sql = sql_answer_open(db);
  answer_is(
      sql,
      "CREATE TABLE r(a INTEGER, b TEXT); INSERT INTO r " NUMBERS(100000) "SELECT i, i % 7 FROM s",
      "");
  answer_is(
      sql,
      "CREATE VIRTUAL TABLE c USING columnar(a INTEGER, b TEXT); INSERT INTO c SELECT * FROM r",
      "");
  assert_int_equal(sqlite3_close(sql), SQLITE_OK);
  test_close(db);
  db = test_open(path, 0);
  sql = sql_answer_open(db);
  answer_is(sql, "SELECT count(*), sum(a), count(DISTINCT b) FROM c", "100000|5000050000|7");
  answer_is(sql, "DELETE FROM r; INSERT INTO r SELECT * FROM c; SELECT count(*), sum(a) FROM r",
            "100000|5000050000");
  assert_int_equal(sqlite3_close(sql), SQLITE_OK);
  test_close(db);
  test_folder_remove(folder);
}

static void merging_happens_by_itself_and_by_command(void **state) {
  fixture *f = *state;
  make_group(f);
  answer_is(f->sql, "INSERT INTO t(tv_command) VALUES('merge')", "");
  answer_has(f->sql, "INSERT INTO t(tv_command) VALUES('shrink')",
             "the command \"shrink\" is unknown");
  answer_is(f->sql, "UPDATE t SET price = -price WHERE id % 2 = 0", "");
  answer_is(f->sql, "SELECT count(*), sum(price) FROM t", "20000|-2500.0");
  answer_is(f->sql, "UPDATE t SET name = name || 'x'", ""); /* more than a commit lets stand */
  answer_is(f->sql, "SELECT count(*), sum(price), count(DISTINCT name) FROM t WHERE name LIKE '%x'",
            "20000|-2500.0|100");
  answer_is(f->sql,
            "DELETE FROM t; INSERT INTO t(tv_command) VALUES('merge'); SELECT count(*) FROM t",
            "0");
  answer_is(f->sql, "INSERT INTO t VALUES(1, 'a', 1, NULL); SELECT rowid, * FROM t",
            "20001|1|a|1.0|NULL");
}

static int interrupt_now(void *sql) {
  sqlite3_interrupt(sql);
  return 0;
}

static void an_interruption_ends_a_statement_and_no_more(void **state) {
  fixture *f = *state;
  make_group(f);
  answer_is(f->sql, "INSERT INTO t SELECT id + 20000, name, price, day FROM t", "");
  answer_is(f->sql, "INSERT INTO t SELECT id + 40000, name, price, day FROM t", "");
  sqlite3_progress_handler(f->sql, 1, interrupt_now, f->sql);
  answer_has(f->sql, "SELECT count(*) FROM t WHERE price = 7.1", "interrupted");
  sqlite3_progress_handler(f->sql, 0, NULL, NULL);
  answer_is(f->sql, "SELECT count(*) FROM t WHERE price = 7.1", "0");
}

/* ---- Damage ---- */

typedef struct damage {
  tv_store *store;
  unsigned char key[32], value[200000];
  size_t key_size, value_size;
} damage;

static int find_segment(void *ctx, size_t range, tv_slice key, tv_slice value) {
  damage *d = ctx;
  (void)range;
  assert_true(key.size <= sizeof d->key && value.size <= sizeof d->value);
  memcpy(d->key, key.data, key.size);
  memcpy(d->value, value.data, value.size);
  d->key_size = key.size;
  d->value_size = value.size;
  return 1;
}

/* Changes a byte (counted round its end) of the first record whose key begins with `kind`. */
static void damage_one(tv_db *db, char kind, size_t at) {
  static damage d;
  char prefix[2] = {kind, '\0'}, end[TV_KEY_BYTES_MAX];
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_range range = tv_range_prefix(tv_str(prefix), end);
  test_ok(tvi_store_open(txn, TVI_KIND_COLUMNAR, "t", NULL, 0, tv_bytes(NULL, 0), &d.store));
  test_status(tv_store_scan_many(d.store, 1, &range, find_segment, &d), TV_STOP);
  d.value[at % d.value_size] ^= 0x40;
  test_ok(tv_store_put(d.store, tv_bytes(d.key, d.key_size), tv_bytes(d.value, d.value_size), 0));
  test_commit(txn);
}

static void damage_is_reported_with_table_column_and_segment(void **state) {
  fixture *f = *state;
  make_group(f);
  damage_one(f->db, 's', 500);
  answer_has(f->sql, "SELECT sum(id) FROM t",
             "columnar table \"t\": segment of column id in row group 0 is damaged");
  answer_is(f->sql, "SELECT count(*) FROM t WHERE name = 'n5'", "200");
  damage_one(f->db, 'g', 60);
  answer_has(f->sql, "SELECT count(*) FROM t WHERE name = 'n5'", "directory record");
  answer_is(f->sql, "DROP TABLE t", "");
}

static void a_damaged_delta_row_delete_bits_and_header_are_reported(void **state) {
  fixture *f = *state;
  make_group(f);
  answer_is(f->sql, "DELETE FROM t WHERE id = 3; INSERT INTO t VALUES(30000, 'd', 0, NULL)", "");
  damage_one(f->db, 'd', 17);
  answer_has(f->sql, "SELECT count(*) FROM t", "delete bits of block 0 of row group 0 are damaged");
  damage_one(f->db, 'd', 17);
  damage_one(f->db, 'r', 9);
  answer_has(f->sql, "SELECT count(*) FROM t", "row 20001 of the delta is damaged");
  damage_one(f->db, 'h', 20);
  answer_has(f->sql, "SELECT count(*) FROM t", "its header is damaged");
}

/* A segment that is damaged is missed only when it is read. */
static void like_with_a_prefix_reads_no_group_that_cannot_match(void **state) {
  fixture *f = *state;
  answer_is(
      f->sql,
      "CREATE VIRTUAL TABLE t USING columnar(name TEXT);"
      "INSERT INTO t WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < "
      "9000) SELECT iif(i % 2, 'Ma', 'mz') || (i % 7) FROM s",
      "");
  answer_is(f->sql, "SELECT count(*) FROM t WHERE name LIKE 'mA%'", "4500");
  answer_is(f->sql, "SELECT count(*) FROM t WHERE +name LIKE 'mA%'", "4500");
  damage_one(f->db, 's', 500);
  answer_is(f->sql, "SELECT count(*) FROM t WHERE name LIKE 'na%'", "0");
  answer_is(f->sql, "SELECT count(*) FROM t WHERE name LIKE 'L%'", "0");
  answer_is(f->sql, "SELECT count(*) FROM t WHERE name LIKE 'mzz%'", "0");
}

static void keep_sentence(void *ctx, uint32_t page, const char *sentence) {
  sqlite3_str *told = ctx;
  (void)page;
  sqlite3_str_appendf(told, "%s\n", sentence);
}

/* What tv_sql_check_columnar tells. */
static void check_tells(sqlite3 *sql, const char *expected) {
  sqlite3_str *told = sqlite3_str_new(NULL);
  tv_sql_check_hooks hooks = {keep_sentence, NULL, told};
  tv_sql_check_report report;
  tv_error err = {0};
  int status = tv_sql_check_columnar(sql, &hooks, &report, &err);
  char *text;
  assert_int_equal(status, expected[0] == '\0' ? TV_OK : TV_ECORRUPT);
  assert_int_equal(report.problems > 0, expected[0] != '\0');
  text = sqlite3_str_finish(told);
  assert_string_equal(text != NULL ? text : "", expected);
  sqlite3_free(text);
}

static void a_check_names_all_that_is_damaged(void **state) {
  fixture *f = *state;
  make_group(f);
  answer_is(f->sql, "DELETE FROM t WHERE id = 3; INSERT INTO t VALUES(30000, 'd', 0, NULL)", "");
  check_tells(f->sql, "");
  damage_one(f->db, 's', 500);
  damage_one(f->db, 'r', 9);
  damage_one(f->db, 'd', 17);
  check_tells(f->sql,
              "columnar table \"t\": segment of column id in row group 0 is damaged: its "
              "checksum differs\n"
              "columnar table \"t\": delete bits of row group 0 are damaged\n"
              "columnar table \"t\": row 20001 of the delta is damaged\n");
  damage_one(f->db, 'h', 20);
  check_tells(f->sql, "columnar table \"t\": its header is damaged\n");
}

/* Whatever byte of a segment changes, the answer is an error or, behind its end, right. */
static void no_damage_to_a_segment_goes_unnoticed_or_crashes(void **state) {
  fixture *f = *state;
  uint64_t random = test_seed();
  make_group(f);
  for (int i = 0; i < 60; i++) {
    sqlite3 *fresh;
    char *text;
    size_t at = i < 40 ? (size_t)i : test_random(&random) % 20000;
    damage_one(f->db, 's', at);
    fresh = sql_answer_open(f->db);
    text = sql_answer(fresh, "SELECT sum(id) FROM t");
    if (strcmp(text, "200010000") != 0) assert_non_null(strstr(text, "is damaged"));
    assert_true(at > 100 || strcmp(text, "200010000") != 0); /* no padding there */
    free(text);
    assert_int_equal(sqlite3_close(fresh), SQLITE_OK);
    damage_one(f->db, 's', at);
  }
  answer_is(f->sql, "SELECT sum(id) FROM t", "200010000");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      with_store(columns_have_types_and_a_wrong_value_is_named_with_its_row),
      with_store(declarations_that_make_no_sense_are_refused),
      with_store(the_primary_key_is_enforced_as_the_statement_says),
      with_store(rowids_are_stable_and_never_given_twice),
      with_store(rollbacks_take_back_rows_held_in_memory_and_rows_in_the_store),
      with_store(tables_are_created_renamed_and_dropped_within_transactions),
      with_store(a_reader_keeps_its_snapshot_and_another_connection_sees_commits),
      with_store(a_statement_goes_on_when_the_connection_writes_and_commits_meanwhile),
      with_store(conditions_are_pushed_down_and_joins_use_a_hash),
      with_store(data_moves_both_ways_and_survives_reopening),
      with_store(merging_happens_by_itself_and_by_command),
      with_store(an_interruption_ends_a_statement_and_no_more),
      with_store(damage_is_reported_with_table_column_and_segment),
      with_store(a_damaged_delta_row_delete_bits_and_header_are_reported),
      with_store(a_check_names_all_that_is_damaged),
      with_store(like_with_a_prefix_reads_no_group_that_cannot_match),
      with_store(no_damage_to_a_segment_goes_unnoticed_or_crashes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
