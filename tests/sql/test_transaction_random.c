/* SPDX-License-Identifier: MIT */
/*
 * The same random script in a store and in stock SQLite's memory: each statement has to give the
 * same answer. The cache has ten pages, so that pages spill in the middle of statements and
 * savepoints, and rollbacks meet pages that are written already. A second run adds a writer through
 * a virtual table's path (C writes by tv_sql_txn), which keeps engine savepoints open meanwhile.
 */
#include "sql_run.h"

#define RANDOM_STEPS 450

typedef struct random_pair {
  sqlite3 *ours, *stock;
  uint64_t seed;
  int savepoints, in_begin;
  tv_db *db;
  int with_c;     /* C writes take part */
  tv_txn *joined; /* the script runs inside this one */
} random_pair;

static uint64_t random_below(random_pair *pair, uint64_t n) {
  return test_random(&pair->seed) % n;
}

static void random_same(random_pair *pair, const char *text) {
  char *ours = sql_answer(pair->ours, text);
  char *stock = sql_answer(pair->stock, text);
  if (strcmp(ours, stock) != 0) {
    print_message("%s\n  ours  %s (%s)\n  stock %s\n", text, ours, sqlite3_errmsg(pair->ours),
                  stock);
    fail();
  }
  sqlite3_free(ours);
  sqlite3_free(stock);
}

static void random_rows(random_pair *pair, char *text, size_t size) {
  unsigned from = (unsigned)random_below(pair, 3000), n = 1 + (unsigned)random_below(pair, 60);
  switch (random_below(pair, 6)) {
    case 0: /* fails in the middle where a row exists, and undoes the statement alone */
      sqlite3_snprintf((int)size, text,
                       "WITH RECURSIVE n(i) AS (SELECT %u UNION ALL SELECT i+1 FROM n WHERE i<%u)"
                       "INSERT INTO t SELECT i, i %% 97, hex(zeroblob(i %% 300)) FROM n",
                       from, from + n);
      break;
    case 1:
      sqlite3_snprintf((int)size, text,
                       "WITH RECURSIVE n(i) AS (SELECT %u UNION ALL SELECT i+1 FROM n WHERE i<%u)"
                       "INSERT OR REPLACE INTO t SELECT i, %u, hex(zeroblob(i %% 900)) FROM n",
                       from, from + n, n);
      break;
    case 2:
      sqlite3_snprintf((int)size, text, "DELETE FROM t WHERE a BETWEEN %u AND %u", from, from + n);
      break;
    case 3:
      sqlite3_snprintf((int)size, text, "UPDATE t SET b = b + 1, c = c || 'x' WHERE a %% 31 = %u",
                       n % 31);
      break;
    case 4: /* a unique key that collides half way */
      sqlite3_snprintf((int)size, text,
                       "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<%u)"
                       "INSERT INTO u SELECT %u + i * 7, 'k' || ((%u + i) %% 400) FROM n",
                       n, from, from);
      break;
    default:
      sqlite3_snprintf((int)size, text, "DELETE FROM u WHERE rowid %% 3 = %u", n % 3);
      break;
  }
}

static void random_control(random_pair *pair, char *text, size_t size) {
  unsigned name =
      pair->savepoints > 0 ? (unsigned)random_below(pair, (uint64_t)pair->savepoints) : 0;
  switch (random_below(pair, 7)) {
    case 0:
    case 1:
      sqlite3_snprintf((int)size, text, "SAVEPOINT s%d", pair->savepoints++);
      return;
    case 2:
      sqlite3_snprintf((int)size, text, "ROLLBACK TO s%u", name);
      if (pair->savepoints > 0) pair->savepoints = (int)name + 1;
      return;
    case 3:
      sqlite3_snprintf((int)size, text, "RELEASE s%u", name);
      pair->savepoints = (int)name;
      return;
    case 4:
      sqlite3_snprintf((int)size, text, pair->in_begin ? "COMMIT" : "BEGIN");
      break;
    case 5:
      sqlite3_snprintf((int)size, text, "ROLLBACK");
      break;
    default:
      sqlite3_snprintf((int)size, text, "CREATE TABLE x%u AS SELECT a, c FROM t LIMIT 40", name);
      return;
  }
  pair->savepoints = 0;
}

/* One C write, followed in stock SQLite by the row that stands for it. */
static void random_c_write(random_pair *pair) {
  char text[100];
  unsigned number = (unsigned)random_below(pair, 50);
  tv_error err = {0, 0, ""};
  tv_store *store;
  tv_txn *txn;
  if (sqlite3_get_autocommit(pair->stock)) return;
  test_ok(tv_sql_txn(pair->ours, TV_WRITE, &txn, &err));
  test_ok(tv_store_open(txn, "by c", TV_CREATE, &store));
  sqlite3_snprintf(sizeof text, text, "%03u", number);
  test_ok(tv_store_put(store, tv_str(text), tv_str("v"), 0));
  sqlite3_snprintf(sizeof text, text, "INSERT OR IGNORE INTO by_c VALUES('%03u')", number);
  sql_run(pair->stock, text);
}

static void random_c_compare(random_pair *pair) {
  sqlite3_str *keys = sqlite3_str_new(NULL);
  tv_error err = {0, 0, ""};
  tv_txn *own = NULL, *txn = pair->joined;
  tv_store *store;
  tv_cursor *cursor;
  tv_slice key;
  char *ours;
  char *stock =
      sql_answer(pair->stock, "SELECT group_concat(k, '') FROM (SELECT k FROM by_c ORDER BY k)");
  if (!sqlite3_get_autocommit(pair->ours)) {
    test_ok(tv_sql_txn(pair->ours, TV_READ, &txn, &err));
  } else if (txn == NULL) {
    txn = own = test_begin(pair->db, TV_READ);
  }
  if (tv_store_open(txn, "by c", 0, &store) == TV_OK) {
    test_ok(tv_cursor_open(store, &cursor));
    while (tv_cursor_next(cursor, &key, NULL) == TV_OK)
      sqlite3_str_appendf(keys, "%.*s", (int)key.size, key.data);
    tv_cursor_close(cursor);
  }
  if (sqlite3_str_length(keys) == 0) sqlite3_str_appendall(keys, "NULL");
  sqlite3_str_appendall(keys, "|\n");
  ours = sqlite3_str_finish(keys);
  assert_string_equal(ours, stock);
  sqlite3_free(ours);
  sqlite3_free(stock);
  tv_abort(own);
}

static void random_step(random_pair *pair) {
  char text[300];
  uint64_t kind = random_below(pair, 10);
  if (pair->with_c && kind == 0) {
    random_c_write(pair);
    return;
  }
  if (kind < 5)
    random_rows(pair, text, sizeof text);
  else if (kind < 9)
    random_control(pair, text, sizeof text);
  else
    sqlite3_snprintf(sizeof text, text,
                     "SELECT count(*), sum(a), sum(b), sum(length(c)) FROM t;"
                     "SELECT count(*), max(k) FROM u; SELECT count(*) FROM sqlite_schema");
  random_same(pair, text);
  assert_int_equal(sqlite3_get_autocommit(pair->ours), sqlite3_get_autocommit(pair->stock));
  pair->in_begin = !sqlite3_get_autocommit(pair->stock);
  if (!pair->in_begin) pair->savepoints = 0;
}

static void random_script(random_pair *pair) {
  static const char schema[] =
      "PRAGMA cache_size=10; CREATE TABLE t(a INTEGER PRIMARY KEY, b, c); CREATE INDEX tb ON t(b);"
      "CREATE TABLE u(v, k UNIQUE)";
  assert_int_equal(sqlite3_open(":memory:", &pair->stock), SQLITE_OK);
  sql_run(pair->stock, "CREATE TABLE by_c(k PRIMARY KEY)");
  random_same(pair, schema);
  sql_run(pair->ours, "CREATE TABLE by_c(k PRIMARY KEY)"); /* the same schema on both sides */
  for (int i = 0; i < RANDOM_STEPS; i++) {
    random_step(pair);
    if (pair->with_c && i % 5 == 0) random_c_compare(pair);
  }
  if (!sqlite3_get_autocommit(pair->stock)) random_same(pair, "COMMIT");
  random_same(pair, "SELECT * FROM t; SELECT * FROM u; PRAGMA integrity_check");
  if (pair->with_c) random_c_compare(pair);
  sqlite3_close(pair->stock);
}

static void scripts_answer_as_in_stock_sqlite(void **state) {
  random_pair pair = {.seed = test_seed()};
  (void)state;
  for (int round = 0; round < 6; round++) {
    pair.db = test_open_memory();
    pair.ours = sql_open(pair.db, round % 2 != 0 ? TV_SQL_THREAD_BOUND : 0);
    random_script(&pair);
    sql_close(pair.ours);
    pair.ours = sql_open(pair.db, 0);
    sql_is(pair.ours, "PRAGMA integrity_check", "ok|\n");
    sql_close(pair.ours);
    test_close(pair.db);
  }
}

static void c_writes_follow_every_rollback(void **state) {
  random_pair pair = {.seed = test_seed(), .with_c = 1};
  (void)state;
  for (int round = 0; round < 6; round++) {
    pair.db = test_open_memory();
    pair.ours = sql_open(pair.db, 0);
    random_script(&pair);
    sql_close(pair.ours);
    test_close(pair.db);
  }
}

static void scripts_answer_the_same_inside_a_joined_transaction(void **state) {
  random_pair pair = {.seed = test_seed(), .with_c = 1};
  (void)state;
  for (int round = 0; round < 6; round++) {
    pair.db = test_open_memory();
    pair.ours = sql_open(pair.db, 0);
    pair.joined = test_begin(pair.db, TV_WRITE);
    test_ok(tv_sql_join(pair.ours, pair.joined));
    random_script(&pair);
    test_ok(tv_sql_leave(pair.ours));
    test_commit(pair.joined);
    sql_is(pair.ours, "PRAGMA integrity_check", "ok|\n");
    sql_close(pair.ours);
    test_close(pair.db);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scripts_answer_as_in_stock_sqlite),
      cmocka_unit_test(c_writes_follow_every_rollback),
      cmocka_unit_test(scripts_answer_the_same_inside_a_joined_transaction),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
