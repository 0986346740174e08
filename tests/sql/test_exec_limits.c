/* SPDX-License-Identifier: MIT */
/* What ends a run early, or in another way: damage, overflow, deadlines, the memory limit. */
#include "layer_internal.h"
#include "sql_answer.h"

#define ROWS(n) "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < " #n ") "

/* The first row of a statement that the executor runs, its columns joined by '|'; or the error. */
static char *run(sqlite3 *sql, const char *text) {
  sqlite3_stmt *stmt = NULL;
  char *answer = NULL;
  sql_answer_add(&answer, "");
  assert_int_equal(tv_sql_prepare(sql, text, -1, &stmt, NULL), SQLITE_OK);
  assert_null(tv_sql_declined(sql));
  if (sqlite3_step(stmt) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
      if (i > 0) sql_answer_add(&answer, "|");
      sql_answer_value(&answer, stmt, i);
    }
  } else {
    sql_answer_add(&answer, sqlite3_errmsg(sql));
  }
  sqlite3_finalize(stmt);
  return answer;
}

static void run_has(sqlite3 *sql, const char *text, const char *part) {
  char *answer = run(sql, text);
  if (strstr(answer, part) == NULL) fail_msg("%s\n  gives %s\n  without %s", text, answer, part);
  free(answer);
}

static void make_table(sqlite3 *sql) {
  answer_is(sql, "CREATE VIRTUAL TABLE t USING columnar(id INTEGER, name TEXT, price REAL)", "");
  answer_is(sql, "INSERT INTO t " ROWS(70000) "SELECT i, 'n' || (i % 100), i * 0.25 FROM s", "");
}

typedef struct segment {
  unsigned char key[32], value[400000];
  size_t key_size, value_size;
  int column;
} segment;

/* Takes the segment of the wanted column of the first group. */
static int take_segment(void *ctx, size_t range, tv_slice key, tv_slice value) {
  segment *s = ctx;
  const unsigned char *bytes = key.data;
  (void)range;
  if (bytes[key.size - 1] != s->column) return 0;
  assert_true(key.size <= sizeof s->key && value.size <= sizeof s->value);
  memcpy(s->key, key.data, key.size);
  memcpy(s->value, value.data, value.size);
  s->key_size = key.size;
  s->value_size = value.size;
  return 1;
}

static void damage_column(tv_db *db, int column) {
  static segment s;
  char end[TV_KEY_BYTES_MAX];
  tv_store *store;
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_range range = tv_range_prefix(tv_str("s"), end);
  s.column = column;
  test_ok(tvi_store_open(txn, TVI_KIND_COLUMNAR, "t", NULL, 0, tv_bytes(NULL, 0), &store));
  test_status(tv_store_scan_many(store, 1, &range, take_segment, &s), TV_STOP);
  s.value[200] ^= 0x10;
  test_ok(tv_store_put(store, tv_bytes(s.key, s.key_size), tv_bytes(s.value, s.value_size), 0));
  test_commit(txn);
}

static void a_damaged_segment_is_named(void **state) {
  fixture *f = *state;
  make_table(f->sql);
  damage_column(f->db, 1);
  run_has(f->sql, "SELECT count(*) FROM t WHERE name = 'n5'",
          "columnar table \"t\": segment of column name in row group 0 is damaged");
  run_has(f->sql, "SELECT max(name) FROM t", "segment of column name in row group 0 is damaged");
  run_has(f->sql, "SELECT count(*), sum(id) FROM t WHERE id > 10", "69990|2450034945");
  damage_column(f->db, 2);
  answer_is(f->sql, "PRAGMA tv_threads = 4", "4");
  run_has(f->sql, "SELECT sum(price) FROM t", "segment of column price in row group 0 is damaged");
}

static void a_sum_that_overflows_is_an_error_and_one_that_might_is_right(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "CREATE VIRTUAL TABLE b USING columnar(x INTEGER, g INTEGER)", "");
  answer_is(f->sql,
            "INSERT INTO b VALUES(9223372036854775807, 1), (-5, 1), (9223372036854775807, 2), "
            "(5, 2), (-9223372036854775807, 3)",
            "");
  run_has(f->sql, "SELECT sum(x) FROM b WHERE g = 1", "9223372036854775802");
  run_has(f->sql, "SELECT sum(x) FROM b WHERE g = 2", "integer overflow");
  run_has(f->sql, "SELECT sum(x), count(*) FROM b WHERE g IN (1, 3)", "-5|3");
  run_has(f->sql, "SELECT x + 1, x - 1 FROM b WHERE g = 1 ORDER BY x DESC",
          "9.22337203685478e+18|9223372036854775806");
  run_has(f->sql, "SELECT abs(x) FROM b WHERE g = 3", "9223372036854775807");
  answer_is(f->sql, "INSERT INTO b VALUES(-9223372036854775807 - 1, 4)", "");
  run_has(f->sql, "SELECT CASE WHEN g = 4 THEN 0 ELSE abs(x) END FROM b ORDER BY g DESC, x", "0");
  run_has(f->sql, "SELECT abs(x) FROM b WHERE g = 4", "integer overflow");
}

static void a_deadline_ends_a_run(void **state) {
  fixture *f = *state;
  make_table(f->sql);
  answer_is(f->sql, "PRAGMA tv_deadline = 1", "1");
  run_has(f->sql, "SELECT count(*) FROM t AS a, t AS b WHERE a.name = b.name AND a.id < b.id",
          "interrupted");
  answer_is(f->sql, "PRAGMA tv_deadline = 0", "0");
  run_has(f->sql, "SELECT count(*) FROM t", "70000");
}

static void a_query_beyond_its_memory_is_answered_all_the_same(void **state) {
  fixture *f = *state;
  make_table(f->sql);
  answer_is(f->sql, "PRAGMA tv_memory = 1", "1");
  run_has(f->sql, "SELECT id, count(*) FROM t GROUP BY id ORDER BY id DESC", "70000|1");
  answer_is(f->sql, "PRAGMA tv_memory = 0", "0");
  run_has(f->sql, "SELECT id, count(*) FROM t GROUP BY id ORDER BY id DESC", "70000|1");
}

static void changes_of_the_table_are_seen_at_once_and_after_a_rollback_not(void **state) {
  fixture *f = *state;
  make_table(f->sql);
  answer_is(f->sql, "UPDATE t SET id = 0 WHERE id = 7", "");
  run_has(f->sql, "SELECT count(*), sum(id) FROM t", "70000|2450034993");
  run_has(f->sql, "SELECT count(*), sum(id) FROM t", "70000|2450034993");
  answer_is(f->sql, "DELETE FROM t WHERE id = 8", "");
  run_has(f->sql, "SELECT count(*), sum(id) FROM t", "69999|2450034985");
  answer_is(f->sql, "BEGIN; UPDATE t SET id = 1000000 WHERE id = 0", "");
  run_has(f->sql, "SELECT count(*), sum(id) FROM t", "69999|2451034985");
  answer_is(f->sql, "ROLLBACK; BEGIN; UPDATE t SET id = 3 WHERE id = 0", "");
  run_has(f->sql, "SELECT count(*), sum(id) FROM t", "69999|2450034988");
  answer_is(f->sql, "COMMIT", "");
  run_has(f->sql, "SELECT count(*), sum(id) FROM t", "69999|2450034988");
  answer_is(f->sql, "INSERT INTO t(tv_command) VALUES('merge')", "");
  run_has(f->sql, "SELECT count(*), sum(id) FROM t", "69999|2450034988");
}

static void strings_of_compressed_blocks_outlive_their_block(void **state) {
  fixture *f = *state;
  answer_is(f->sql, "CREATE VIRTUAL TABLE x USING columnar(id INTEGER, s TEXT)", "");
  answer_is(f->sql,
            "INSERT INTO x " ROWS(30000) "SELECT i, 'all of these begin alike and end with ' || i "
                                         "FROM s",
            "");
  run_has(f->sql, "SELECT count(DISTINCT s) FROM x WHERE id % 500 = 1", "60");
  run_has(f->sql, "SELECT s FROM x WHERE id % 3000 = 7 ORDER BY id DESC",
          "alike and end with 27007");
  run_has(f->sql, "SELECT min(s), max(s) FROM x WHERE id % 3000 = 7",
          "end with 12007|all of these begin alike and end with 9007");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      with_store(a_damaged_segment_is_named),
      with_store(a_sum_that_overflows_is_an_error_and_one_that_might_is_right),
      with_store(a_deadline_ends_a_run),
      with_store(a_query_beyond_its_memory_is_answered_all_the_same),
      with_store(strings_of_compressed_blocks_outlive_their_block),
      with_store(changes_of_the_table_are_seen_at_once_and_after_a_rollback_not),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
