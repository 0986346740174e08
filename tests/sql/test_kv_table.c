/* SPDX-License-Identifier: MIT */
/* Buckets as SQL tables: what they show, what they take, what they refuse. */
#include "sql_answer.h"
#include "trivet_kv.h"

static void put(tv_bucket *bucket, const char *key, const char *value) {
  test_ok(tv_kv_put(bucket, tv_str(key), tv_str(value)));
}

static void make_bucket(tv_db *db, const char *name, int32_t key_type, int32_t value_type,
                        const char *const *pairs) {
  tv_bucket_options options = {.key_type = key_type, .value_type = value_type};
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket;

  test_ok(tv_kv_open(txn, name, TV_CREATE, &options, &bucket));
  for (; pairs != NULL && *pairs != NULL; pairs += 2) put(bucket, pairs[0], pairs[1]);
  test_commit(txn);
}

static const char *const people[] = {"ada", "1815", "alan", "1912", "bob", "1950", NULL};

static void the_function_shows_a_text_bucket(void **state) {
  fixture *f = *state;
  make_bucket(f->db, "users", TV_COLUMN_TEXT, TV_COLUMN_TEXT, people);
  answer_is(f->sql, "SELECT * FROM kv('users')", "ada|1815\nalan|1912\nbob|1950");
  answer_is(f->sql, "SELECT value, typeof(key), typeof(value) FROM kv('users') WHERE key = 'alan'",
            "1912|text|text");
  answer_is(f->sql, "SELECT key FROM kv('users') WHERE key LIKE 'A%' ORDER BY key DESC",
            "alan\nada");
  answer_is(f->sql, "SELECT key FROM kv('users') WHERE key GLOB 'a*' LIMIT 1", "ada");
  answer_is(f->sql, "SELECT key, bucket FROM kv WHERE bucket = 'users' AND key > 'ada'",
            "alan|users\nbob|users");
  answer_is(f->sql, "SELECT count(*) FROM kv(NULL)", "0");
}

static void a_second_argument_of_the_function_is_refused(void **state) {
  fixture *f = *state;
  make_bucket(f->db, "users", TV_COLUMN_TEXT, TV_COLUMN_TEXT, people);
  answer_has(f->sql, "SELECT * FROM kv('users', 'ada')", "error: kv: takes one argument");
  answer_has(f->sql, "SELECT * FROM kv('users', NULL, 5)", "error: kv: takes one argument");
  answer_has(f->sql, "SELECT u.key FROM (SELECT 'x' AS a) t, kv('users', t.a) u",
             "error: kv: takes one argument");
  answer_is(f->sql, "SELECT key, second, expires, version FROM kv('users') WHERE expires IS NULL",
            "ada|NULL|NULL|NULL\nalan|NULL|NULL|NULL\nbob|NULL|NULL|NULL");
}

static void a_blob_bucket_compares_with_blobs_and_an_integer_bucket_with_numbers(void **state) {
  fixture *f = *state;
  make_bucket(f->db, "raw", TV_COLUMN_BLOB, TV_COLUMN_BLOB, people);
  answer_is(f->sql, "SELECT key FROM kv('raw') WHERE key = x'626f62'", "x'626f62'");
  answer_is(f->sql, "SELECT key FROM kv('raw') WHERE key = 'bob'", "");
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE n USING kv('numbers', key=integer, value=integer);"
            "INSERT INTO n VALUES (-5, 50), (0, 0), (7, -7), (300, 9);"
            "SELECT key, value, typeof(key), typeof(value) FROM n WHERE key > -5.5 AND key < 7.5",
            "-5|50|integer|integer\n0|0|integer|integer\n7|-7|integer|integer");
  answer_is(f->sql, "SELECT key FROM n WHERE key = '7'", "7");
  answer_is(f->sql, "SELECT key FROM n WHERE key IN (300, 0, 0, 12, -5) ORDER BY key DESC",
            "300\n0\n-5");
}

static void counters_and_sql_see_the_same_numbers(void **state) {
  fixture *f = *state;
  tv_bucket *bucket;
  tv_txn *txn;
  int64_t sum;
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE hits USING kv('hits', value=integer);"
            "INSERT INTO hits VALUES ('home', 41)",
            "");
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_kv_open(txn, "hits", 0, NULL, &bucket));
  test_ok(tv_kv_add(bucket, tv_str("home"), 1, &sum));
  assert_int_equal(sum, 42);
  test_commit(txn);
  answer_is(f->sql, "UPDATE hits SET value = value + 1; SELECT * FROM hits", "home|43");
}

static void the_plan_is_readable_and_uses_the_key(void **state) {
  fixture *f = *state;
  make_bucket(f->db, "users", TV_COLUMN_TEXT, TV_COLUMN_TEXT, people);
  answer_is(f->sql, "CREATE VIRTUAL TABLE u USING kv('users')", "");
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT value FROM kv('users') WHERE key = 'ada'",
             "bucket=? key=?");
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT value FROM u WHERE key IN ('a', 'b')",
             "key IN (...)");
  answer_has(
      f->sql,
      "EXPLAIN QUERY PLAN SELECT value FROM u WHERE key BETWEEN 'a' AND 'b' ORDER BY key DESC",
      "key>=? key<=? descending");
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT key FROM u WHERE key LIKE 'a%'",
             "key LIKE ? keys only");
  answer_has(f->sql, "EXPLAIN QUERY PLAN SELECT key FROM u LIMIT 2 OFFSET 1", "limit offset");
}

static void order_by_key_needs_no_sorting(void **state) {
  fixture *f = *state;
  char *plan;
  make_bucket(f->db, "users", TV_COLUMN_TEXT, TV_COLUMN_TEXT, people);
  plan =
      sql_answer(f->sql, "EXPLAIN QUERY PLAN SELECT * FROM kv('users') ORDER BY key DESC, value");
  assert_null(strstr(plan, "TEMP B-TREE"));
  free(plan);
  plan = sql_answer(f->sql, "EXPLAIN QUERY PLAN SELECT * FROM kv('users') ORDER BY value");
  assert_non_null(strstr(plan, "TEMP B-TREE"));
  free(plan);
}

/* Who is small is known from the bucket itself, not from ANALYZE. */
static void a_join_is_driven_from_the_smaller_side(void **state) {
  fixture *f = *state;
  char *plan;
  make_bucket(f->db, "few", TV_COLUMN_TEXT, TV_COLUMN_TEXT, people);
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE many USING kv('many');"
            "WITH RECURSIVE c(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM c WHERE i < 5000)"
            "INSERT INTO many SELECT 'm' || i, i FROM c",
            "");
  plan = sql_answer(f->sql,
                    "EXPLAIN QUERY PLAN SELECT m.value FROM many m JOIN kv('few') f "
                    "ON m.key = f.value");
  assert_non_null(strstr(plan, "SCAN f"));
  assert_true(strstr(plan, "SCAN f") < strstr(plan, "SCAN m"));
  assert_non_null(strstr(strstr(plan, "SCAN m"), "key=?"));
  free(plan);
}

static void creating_makes_the_bucket_and_dropping_leaves_it(void **state) {
  fixture *f = *state;
  tv_bucket_options options;
  tv_bucket *bucket;
  tv_txn *txn;
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE s USING kv('sessions', key=integer, value=blob, "
            "compression=lz4, ttl_ms=60000, versioned=1)",
            "");
  txn = test_begin(f->db, TV_READ);
  test_ok(tv_kv_open(txn, "sessions", 0, NULL, &bucket));
  tv_kv_options(bucket, &options);
  assert_int_equal(options.key_type, TV_COLUMN_INTEGER);
  assert_int_equal(options.value_type, TV_COLUMN_BLOB);
  assert_int_equal(options.compression, TV_COMPRESS_LZ4);
  assert_int_equal(options.ttl_ms, 60000);
  assert_int_equal(options.versioned, 1);
  tv_abort(txn);
  answer_is(f->sql, "INSERT INTO s VALUES (1, x'00ff'); DROP TABLE s", "");
  answer_has(f->sql, "SELECT * FROM s", "error: no such table: s");
  answer_is(f->sql, "SELECT key, value FROM kv('sessions')", "1|x'00ff'");
  answer_is(f->sql, "CREATE VIRTUAL TABLE again USING kv('sessions'); SELECT * FROM again",
            "1|x'00ff'");
}

static void a_rolled_back_create_leaves_no_bucket(void **state) {
  fixture *f = *state;
  tv_bucket *bucket;
  tv_txn *txn;
  answer_is(f->sql,
            "BEGIN; CREATE VIRTUAL TABLE a USING kv('a'); INSERT INTO a VALUES('x','y');"
            "ROLLBACK",
            "");
  answer_is(f->sql,
            "BEGIN; SAVEPOINT s; CREATE VIRTUAL TABLE b USING kv('b'); ROLLBACK TO s;"
            "COMMIT",
            "");
  txn = test_begin(f->db, TV_READ);
  test_status(tv_kv_open(txn, "a", 0, NULL, &bucket), TV_ENOBUCKET);
  test_status(tv_kv_open(txn, "b", 0, NULL, &bucket), TV_ENOBUCKET);
  tv_abort(txn);
}

static void a_table_whose_bucket_is_gone_reads_as_empty_and_makes_it_anew(void **state) {
  fixture *f = *state;
  tv_txn *txn;
  sqlite3 *other;
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE t USING kv('t', key=integer); INSERT INTO t VALUES(1,'x')", "");
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_kv_drop(txn, "t"));
  test_commit(txn);
  answer_is(f->sql, "SELECT * FROM t", "");
  other = sql_answer_open(f->db);
  answer_is(other, "SELECT * FROM t; UPDATE t SET value = 'z'; DELETE FROM t", "");
  answer_is(other, "INSERT INTO t VALUES(2,'y'); SELECT key, typeof(key) FROM t", "2|integer");
  answer_is(other, "DROP TABLE t", "");
  assert_int_equal(sqlite3_close(other), SQLITE_OK);
}

static void renaming_keeps_bucket_and_rows(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE a USING kv('people'); INSERT INTO a VALUES ('k', 'v');"
            "ALTER TABLE a RENAME TO b; SELECT * FROM b; INSERT INTO b VALUES ('l', 'w');"
            "SELECT count(*) FROM kv('people')",
            "k|v\n2");
  answer_has(f->sql, "INSERT INTO b VALUES ('k', 'v')",
             "UNIQUE constraint failed: b.key: k is in bucket \"people\" already");
}

static void rows_survive_closing_and_opening(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "CREATE VIRTUAL TABLE a USING kv('people'); INSERT INTO a VALUES ('k', 'v')",
            "");
  assert_int_equal(sqlite3_close(f->sql), SQLITE_OK);
  f->sql = sql_answer_open(f->db);
  answer_is(f->sql, "SELECT * FROM a; SELECT sql FROM sqlite_schema",
            "k|v\nCREATE VIRTUAL TABLE a USING kv('people')");
}

static void conflicts_are_resolved_as_the_statement_says(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE t USING kv('t'); INSERT INTO t VALUES ('a','1'),('b','2')", "");
  answer_has(f->sql, "INSERT INTO t VALUES ('a','x')", "error: UNIQUE constraint failed: t.key");
  answer_is(f->sql, "INSERT OR IGNORE INTO t VALUES ('a','x'), ('c','3'); SELECT * FROM t",
            "a|1\nb|2\nc|3");
  answer_is(f->sql,
            "INSERT OR REPLACE INTO t VALUES ('a','9'); REPLACE INTO t VALUES ('d', '4');"
            "SELECT * FROM t",
            "a|9\nb|2\nc|3\nd|4");
  answer_has(f->sql, "UPDATE t SET key = 'b' WHERE key = 'a'", "UNIQUE constraint failed");
  answer_is(f->sql, "UPDATE OR IGNORE t SET key = 'b' WHERE key = 'a'; SELECT key FROM t",
            "a\nb\nc\nd");
  answer_is(f->sql, "UPDATE OR REPLACE t SET key = 'b' WHERE key = 'a'; SELECT * FROM t",
            "b|9\nc|3\nd|4");
  answer_is(f->sql,
            "UPDATE t SET key = key || '!', value = value || '?' WHERE key >= 'c';"
            "SELECT * FROM t",
            "b|9\nc!|3?\nd!|4?");
  answer_is(f->sql, "DELETE FROM t WHERE key LIKE 'c%'; SELECT changes(); SELECT key FROM t",
            "1\nb\nd!");
  answer_has(f->sql, "BEGIN; INSERT OR ROLLBACK INTO t VALUES ('z','z'), ('b','x')",
             "UNIQUE constraint failed");
  assert_true(sqlite3_get_autocommit(f->sql));
  answer_is(f->sql, "SELECT key FROM t", "b\nd!");
}

static void a_statement_that_fails_leaves_nothing(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "CREATE VIRTUAL TABLE t USING kv('t'); INSERT INTO t VALUES ('m','0')", "");
  answer_has(f->sql, "INSERT INTO t VALUES ('a','1'), ('b','2'), ('m','3'), ('z','4')",
             "UNIQUE constraint failed");
  answer_is(f->sql, "SELECT key FROM t", "m");
  answer_is(f->sql, "BEGIN; INSERT INTO t VALUES ('c','5')", "");
  answer_has(f->sql, "INSERT INTO t VALUES ('a','1'), ('b','2'), ('m','3'), ('z','4')",
             "UNIQUE constraint failed");
  answer_is(f->sql, "SELECT key FROM t", "c\nm");
  answer_has(f->sql, "INSERT OR FAIL INTO t VALUES ('a','1'), ('m','3'), ('z','4')",
             "UNIQUE constraint failed");
  answer_is(f->sql, "COMMIT; SELECT key FROM t", "a\nc\nm");
  answer_has(f->sql, "UPDATE t SET key = 'c' || substr(key, 2, 0)", "UNIQUE constraint failed");
  answer_is(f->sql, "SELECT key FROM t", "a\nc\nm");
}

static void savepoints_roll_bucket_and_table_back_together(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "CREATE TABLE o(x); CREATE VIRTUAL TABLE t USING kv('t');"
            "BEGIN; INSERT INTO t VALUES ('a','1'); INSERT INTO o VALUES (1);"
            "SAVEPOINT one; INSERT INTO t VALUES ('b','2'); INSERT INTO o VALUES (2);"
            "SAVEPOINT two; DELETE FROM t; DELETE FROM o; ROLLBACK TO two;"
            "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM o);"
            "ROLLBACK TO one; RELEASE one; COMMIT;"
            "SELECT (SELECT group_concat(key) FROM t), (SELECT group_concat(x) FROM o)",
            "2|2\na|1");
}

static void bad_input_gets_a_sentence_that_names_it(void **state) {
  fixture *f = *state;
  static const char *const refused[][2] = {
      {"SELECT * FROM kv('nowhere')", "kv: no such bucket: nowhere"},
      {"SELECT * FROM kv", "kv needs the name of a bucket"},
      {"INSERT INTO kv(bucket, key, value) VALUES ('t', 'a', 'b')", "CREATE VIRTUAL TABLE"},
      {"CREATE VIRTUAL TABLE x USING kv", "name the bucket"},
      {"CREATE VIRTUAL TABLE x USING kv('')", "bucket's name"},
      {"CREATE VIRTUAL TABLE x USING kv('b', colour=red)", "unknown option \"colour\""},
      {"CREATE VIRTUAL TABLE x USING kv('b', key=real)",
       "key is blob, text or integer, not \"real\""},
      {"CREATE VIRTUAL TABLE x USING kv('b', ttl_ms=soon)", "ttl_ms is a number of milliseconds"},
      {"CREATE VIRTUAL TABLE x USING kv('b', text)", "\"text\" is no option"},
      {"CREATE VIRTUAL TABLE temp.x USING kv('b')", "must be in database main"},
      {"INSERT INTO t VALUES (NULL, 'v')", "NOT NULL constraint failed: t.key"},
      {"INSERT INTO t VALUES ('k', NULL)", "NOT NULL constraint failed: t.value"},
      {"INSERT INTO t VALUES (x'01', 'v')", "t.key: bucket \"t\" holds text"},
      {"INSERT INTO t VALUES ('', 'v')", "cannot be empty"},
      {"INSERT INTO t VALUES (printf('%.481c', 'x'), 'v')", "has 481 bytes; at most 480"},
      {"INSERT INTO n VALUES ('seven', 'v')",
       "n.key: bucket \"n\" holds integers, and seven is text"},
      {"INSERT INTO t(key, value, version) VALUES ('k', 'v', 3)", "counts versions itself"},
      {"INSERT INTO t(key, value, bucket) VALUES ('k', 'v', 'u')",
       "shows bucket \"t\" and no other"},
      {"INSERT INTO t(key, value, expires) VALUES ('k', 'v', 5)", "a time to come"},
  };
  size_t i;
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE t USING kv('t');"
            "CREATE VIRTUAL TABLE n USING kv('n', key=integer)",
            "");
  for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    answer_has(f->sql, refused[i][0], "error: ");
    answer_has(f->sql, refused[i][0], refused[i][1]);
  }
  answer_is(f->sql, "SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM n)", "0|0");
  answer_is(f->sql, "INSERT OR IGNORE INTO t VALUES (NULL, 'v'), ('k', 'v'); SELECT * FROM t",
            "k|v");
  answer_is(f->sql, "INSERT INTO t VALUES (printf('%.480c', 'x'), 'v'); SELECT length(key) FROM t",
            "1\n480");
}

static void expiry_and_version_are_hidden_columns(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "CREATE VIRTUAL TABLE t USING kv('t', versioned=1);"
            "INSERT INTO t VALUES ('a','1'); UPDATE t SET value = '2'; UPDATE t SET value = '3';"
            "SELECT key, value, version, expires FROM t",
            "a|3|3|NULL");
  answer_is(f->sql,
            "UPDATE t SET expires = (unixepoch() + 1000) * 1000000 WHERE key = 'a';"
            "SELECT (expires/1000000 - unixepoch()) / 10 FROM t",
            "100");
  answer_is(f->sql,
            "UPDATE t SET value = 'kept';"
            "SELECT value, (expires/1000000 - unixepoch()) / 10 FROM t",
            "kept|100");
  answer_is(f->sql,
            "UPDATE t SET key = 'moved';"
            "SELECT key, value, (expires/1000000 - unixepoch()) / 10 FROM t",
            "moved|kept|100");
  answer_is(f->sql, "UPDATE t SET expires = NULL; SELECT expires, value FROM t", "NULL|kept");
}

static void rows_of_two_buckets_with_the_same_key_are_two_rows(void **state) {
  fixture *f = *state;
  make_bucket(f->db, "a", TV_COLUMN_TEXT, TV_COLUMN_TEXT, people);
  make_bucket(f->db, "b", TV_COLUMN_TEXT, TV_COLUMN_TEXT, people);
  answer_is(f->sql,
            "SELECT bucket, key FROM kv WHERE (bucket = 'a' AND key = 'ada') OR "
            "(bucket = 'b' AND key >= 'bob') OR (bucket = 'b' AND key = 'ada') ORDER BY 1, 2",
            "a|ada\nb|ada\nb|bob");
  answer_is(f->sql, "SELECT DISTINCT key FROM kv WHERE bucket IN ('a', 'b') ORDER BY 1",
            "ada\nalan\nbob");
  answer_is(f->sql, "SELECT count(*) FROM kv('a') x JOIN kv('b') y ON x.key = y.key", "3");
  answer_is(f->sql,
            "WITH names(n) AS (VALUES ('b'), ('a')) SELECT n, key FROM names, kv(n) "
            "WHERE key = 'bob' ORDER BY n",
            "a|bob\nb|bob");
}

static void a_utf16_database_compares_right_if_not_by_the_index(void **state) {
  static const char *const keys[] = {"\xEF\xBD\xA1", "1", "\xF0\x90\x80\x80", "2", "z", "3", NULL};
  tv_db *db = test_open_memory();
  sqlite3 *sql = sql_answer_open(db);
  (void)state;
  make_bucket(db, "wide", TV_COLUMN_TEXT, TV_COLUMN_TEXT, keys);
  answer_is(sql, "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(key TEXT);", "");
  answer_is(sql, "INSERT INTO t SELECT key FROM kv('wide')", "");
  answer_is(sql,
            "SELECT (SELECT group_concat(key) FROM (SELECT key FROM kv('wide') ORDER BY key)) ="
            " (SELECT group_concat(key) FROM (SELECT key FROM t ORDER BY key))",
            "1");
  answer_is(sql, "SELECT value FROM kv('wide') WHERE key = 'z'", "3");
  assert_int_equal(sqlite3_close(sql), SQLITE_OK);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      with_store(the_function_shows_a_text_bucket),
      with_store(a_second_argument_of_the_function_is_refused),
      with_store(a_blob_bucket_compares_with_blobs_and_an_integer_bucket_with_numbers),
      with_store(counters_and_sql_see_the_same_numbers),
      with_store(the_plan_is_readable_and_uses_the_key),
      with_store(order_by_key_needs_no_sorting),
      with_store(a_join_is_driven_from_the_smaller_side),
      with_store(creating_makes_the_bucket_and_dropping_leaves_it),
      with_store(a_rolled_back_create_leaves_no_bucket),
      with_store(a_table_whose_bucket_is_gone_reads_as_empty_and_makes_it_anew),
      with_store(renaming_keeps_bucket_and_rows),
      with_store(rows_survive_closing_and_opening),
      with_store(conflicts_are_resolved_as_the_statement_says),
      with_store(a_statement_that_fails_leaves_nothing),
      with_store(savepoints_roll_bucket_and_table_back_together),
      with_store(bad_input_gets_a_sentence_that_names_it),
      with_store(expiry_and_version_are_hidden_columns),
      with_store(rows_of_two_buckets_with_the_same_key_are_two_rows),
      cmocka_unit_test(a_utf16_database_compares_right_if_not_by_the_index),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
