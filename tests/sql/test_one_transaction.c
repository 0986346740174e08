/* SPDX-License-Identifier: MIT */
/*
 * One transaction over three models: a key is put into a bucket, linked into a graph and inserted
 * into a table, and every look at it finds all three or none. What a look found is three bits, so
 * that a failure tells which model went its own way.
 */

#include "three_models.h"

/* ---- All or nothing ---- */

static const int orders[6][3] = {{IN_BUCKET, IN_GRAPH, IN_TABLE}, {IN_BUCKET, IN_TABLE, IN_GRAPH},
                                 {IN_GRAPH, IN_BUCKET, IN_TABLE}, {IN_GRAPH, IN_TABLE, IN_BUCKET},
                                 {IN_TABLE, IN_BUCKET, IN_GRAPH}, {IN_TABLE, IN_GRAPH, IN_BUCKET}};

/* Writes in the order; after each step its own transaction sees it, and nobody else does. */
static void write_in_order(three *f, tv_txn *txn, const int *order, const char *key) {
  int i, done = 0;
  for (i = 0; i < 3; i++) {
    three_step(txn, f->sql, order[i], key);
    done |= order[i];
    assert_int_equal(three_sees(f->sql, key), done);
    assert_int_equal(three_hold(txn, key), done & ~IN_TABLE);
    assert_int_equal(three_sees(f->other, key), 0);
  }
}

static void c_leads_and_all_or_nothing_is_kept(void **state) {
  three *f = *state;
  int i;
  for (i = 0; i < 12; i++) {
    tv_txn *txn = test_begin(f->db, i % 4 < 2 ? TV_WRITE : TV_WRITE | TV_MOVABLE);
    char key[16];
    snprintf(key, sizeof key, "c%d", i);
    test_ok(tv_sql_join(f->sql, txn));
    write_in_order(f, txn, orders[i / 2], key);
    test_ok(tv_sql_leave(f->sql));
    if (i % 2 == 0)
      test_commit(txn);
    else
      tv_abort(txn);
    assert_int_equal(three_sees(f->other, key), i % 2 == 0 ? IN_ALL : 0);
    assert_int_equal(three_sees(f->sql, key), i % 2 == 0 ? IN_ALL : 0);
  }
}

static void sql_leads_and_all_or_nothing_is_kept(void **state) {
  static const char *const begins[] = {"BEGIN", "BEGIN IMMEDIATE", "SAVEPOINT outermost"};
  three *f = *state;
  tv_error err = {0};
  int i;
  for (i = 0; i < 12; i++) {
    tv_txn *txn;
    char key[16];
    snprintf(key, sizeof key, "s%d", i);
    sql_run(f->sql, begins[i % 3]);
    test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
    write_in_order(f, txn, orders[i / 2], key);
    sql_run(f->sql, i % 2 == 0 ? "COMMIT" : "ROLLBACK");
    assert_int_equal(three_sees(f->other, key), i % 2 == 0 ? IN_ALL : 0);
    assert_int_equal(three_sees(f->sql, key), i % 2 == 0 ? IN_ALL : 0);
  }
}

static const char *const failing[] = {
    /* half way through several rows */
    "INSERT INTO t(k) VALUES('half'), ('first')",
    ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
     "INSERT INTO t(k) SELECT CASE i WHEN 499 THEN 'first' ELSE 'half' || i END FROM n"),
    /* a bucket's rows and its conflict */
    "INSERT INTO v(key, value) VALUES('half', 'x'), ('first', 'x')",
    "INSERT INTO v(key, value) VALUES('half', 'x'), (printf('%.481c', 'x'), 'y')",
    "UPDATE v SET key = 'half'",
    /* no such thing */
    "INSERT INTO t(k) SELECT key FROM kv('nowhere')",
    "INSERT INTO t(k) SELECT node FROM graph_khop('g', 'nobody', 2)",
    "SELECT * FROM graph_path('g', 'hub', 'first', 'sideways')", "INSERT INTO missing VALUES(1)"};

static void a_failed_statement_takes_nothing_else_with_it(void **state) {
  three *f = *state;
  tv_error err = {0};
  size_t i, n = sizeof failing / sizeof failing[0];
  sql_run(f->sql, "CREATE VIRTUAL TABLE v USING kv('b')");
  for (i = 0; i < 2 * n; i++) {
    int c_leads = i % 2 == 0;
    tv_txn *txn;
    char key[16], late[16];
    snprintf(key, sizeof key, "f%d", (int)i);
    snprintf(late, sizeof late, "late%d", (int)i);
    if (c_leads) {
      txn = test_begin(f->db, TV_WRITE);
      test_ok(tv_sql_join(f->sql, txn));
    } else {
      sql_run(f->sql, "BEGIN");
      test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
    }
    three_write(txn, f->sql, key);
    if (sql_code(f->sql, failing[i / 2]) == SQLITE_OK) fail_msg("%s succeeded", failing[i / 2]);
    assert_int_equal(three_sees(f->sql, key), IN_ALL);
    assert_int_equal(three_sees(f->sql, "half"), 0);
    if (!c_leads) test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
    three_write(txn, f->sql, late);
    if (c_leads) {
      test_ok(tv_sql_leave(f->sql));
      test_commit(txn);
    } else {
      sql_run(f->sql, "COMMIT");
    }
    assert_int_equal(three_sees(f->other, key), IN_ALL);
    assert_int_equal(three_sees(f->other, late), IN_ALL);
    assert_int_equal(three_sees(f->other, "half"), 0);
  }
  sql_is(f->other, "SELECT count(*) FROM kv('b') AS b JOIN t ON t.k = b.key", "37|\n");
}

static void a_failure_that_rolls_back_takes_all_three(void **state) {
  three *f = *state;
  tv_error err = {0};
  tv_txn *txn;
  sql_run(f->sql, "BEGIN");
  test_ok(tv_sql_txn(f->sql, TV_WRITE, &txn, &err));
  three_write(txn, f->sql, "gone");
  assert_int_equal(sql_code(f->sql, "INSERT OR ROLLBACK INTO t(k) VALUES('first')") & 0xff,
                   SQLITE_CONSTRAINT);
  assert_int_equal(sqlite3_get_autocommit(f->sql), 1);
  test_status(tv_sql_txn(f->sql, TV_WRITE, &txn, &err), TV_EMISUSE);
  assert_int_equal(three_sees(f->sql, "gone"), 0);
  assert_int_equal(three_sees(f->other, "gone"), 0);
}

/* ---- Savepoints ---- */

enum { WALK_STEPS = 150, WALK_ROUNDS = 8, WALK_DEPTH = 8, WALK_KEYS = 400 };

/* A random walk; at each depth, the model remembers which keys were there when it was opened. */
typedef struct walk {
  three *f;
  tv_txn *txn;
  uint64_t seed;
  int sql_leads, round, depth, keys;
  unsigned depths[WALK_DEPTH + 1];
  unsigned char there[WALK_DEPTH + 1][WALK_KEYS];
} walk;

static void walk_key(const walk *w, int number, char *key) {
  snprintf(key, 32, "w%d-%d-%d", w->sql_leads, w->round, number);
}

static void walk_sql(walk *w, const char *what, int depth) {
  tv_error err = {0};
  char text[40];
  snprintf(text, sizeof text, "%s s%d", what, depth);
  sql_run(w->f->sql, text);
  test_ok(tv_sql_txn(w->f->sql, TV_WRITE, &w->txn, &err));
}

static void walk_open(walk *w) {
  if (w->depth == WALK_DEPTH) return;
  w->depth++;
  memcpy(w->there[w->depth], w->there[w->depth - 1], WALK_KEYS);
  if (w->sql_leads)
    walk_sql(w, "SAVEPOINT", w->depth);
  else
    test_ok(tv_savepoint(w->txn, &w->depths[w->depth]));
}

static void walk_end(walk *w, int keep) {
  int depth;
  if (w->depth == 0) return;
  depth = 1 + (int)(test_random(&w->seed) % (uint64_t)w->depth);
  if (keep)
    memcpy(w->there[depth - 1], w->there[w->depth], WALK_KEYS);
  else
    memcpy(w->there[w->depth], w->there[depth - 1], WALK_KEYS);
  w->depth = depth - 1;
  if (w->sql_leads) {
    if (!keep) walk_sql(w, "ROLLBACK TO", depth);
    walk_sql(w, "RELEASE", depth);
  } else if (keep) {
    test_ok(tv_savepoint_release(w->txn, w->depths[depth]));
  } else {
    test_ok(tv_savepoint_rollback(w->txn, w->depths[depth]));
  }
}

static void walk_compare(const walk *w, sqlite3 *sql, int with_txn) {
  int i;
  for (i = 0; i < w->keys; i++) {
    int expected = w->there[w->depth][i] != 0 ? IN_ALL : 0;
    char key[32];
    walk_key(w, i, key);
    if (with_txn) assert_int_equal(three_hold(w->txn, key), expected & ~IN_TABLE);
    if (with_txn && i % 7 != 0) continue;
    if (three_sees(sql, key) != expected)
      fail_msg("%s: %d, not %d", key, three_sees(sql, key), expected);
  }
}

static void walk_write(walk *w) {
  const int *order = orders[test_random(&w->seed) % 6];
  char key[32];
  int i;
  walk_key(w, w->keys, key);
  for (i = 0; i < 3; i++) three_step(w->txn, w->f->sql, order[i], key);
  w->there[w->depth][w->keys++] = 1;
}

static void walk_run(walk *w) {
  int i;
  for (i = 0; i < WALK_STEPS; i++) {
    uint64_t kind = test_random(&w->seed) % 10;
    if (kind < 4)
      walk_write(w);
    else if (kind < 7)
      walk_open(w);
    else
      walk_end(w, kind == 7);
    if (kind == 7 && i % 3 == 0) (void)sql_code(w->f->sql, failing[1]);
    if (i % 10 == 0) walk_compare(w, w->f->sql, 1);
  }
  while (w->depth > 0) walk_end(w, (int)(test_random(&w->seed) % 2));
  walk_compare(w, w->f->sql, 1);
}

static void savepoints_of_c_hold_for_all_three(void **state) {
  static walk w;
  three *f = *state;
  uint64_t seed = test_seed();
  int round;
  for (round = 0; round < WALK_ROUNDS; round++) {
    w = (walk){.f = f, .seed = seed + (uint64_t)round, .round = round};
    w.txn = test_begin(f->db, TV_WRITE);
    test_ok(tv_sql_join(f->sql, w.txn));
    walk_run(&w);
    test_ok(tv_sql_leave(f->sql));
    test_commit(w.txn);
    walk_compare(&w, f->other, 0);
  }
}

static void savepoints_of_sql_hold_for_all_three(void **state) {
  static walk w;
  three *f = *state;
  tv_error err = {0};
  uint64_t seed = test_seed();
  int round;
  sql_run(f->sql, "PRAGMA cache_size = 10");
  for (round = 0; round < WALK_ROUNDS; round++) {
    w = (walk){.f = f, .seed = seed + (uint64_t)round, .sql_leads = 1, .round = round};
    sql_run(f->sql, "BEGIN");
    test_ok(tv_sql_txn(f->sql, TV_WRITE, &w.txn, &err));
    walk_run(&w);
    sql_run(f->sql, "COMMIT");
    walk_compare(&w, f->other, 0);
  }
}

static void begin_in_a_join_rolls_all_three_back_and_keeps_the_owners(void **state) {
  three *f = *state;
  tv_error err = {0};
  tv_txn *txn = test_begin(f->db, TV_WRITE), *inner;
  unsigned depth;
  test_ok(tv_savepoint(txn, &depth));
  test_ok(tv_sql_join(f->sql, txn));
  three_write(txn, f->sql, "owner");
  sql_run(f->sql, "BEGIN");
  test_ok(tv_sql_txn(f->sql, TV_WRITE, &inner, &err));
  three_write(inner, f->sql, "inner");
  sql_run(f->sql, "SAVEPOINT deeper");
  three_write(inner, f->sql, "deeper");
  sql_run(f->sql, "ROLLBACK TO deeper");
  assert_int_equal(three_sees(f->sql, "inner"), IN_ALL);
  assert_int_equal(three_sees(f->sql, "deeper"), 0);
  sql_run(f->sql, "ROLLBACK");
  assert_int_equal(three_sees(f->sql, "owner"), IN_ALL);
  assert_int_equal(three_sees(f->sql, "inner"), 0);
  sql_run(f->sql, "BEGIN");
  test_ok(tv_sql_txn(f->sql, TV_WRITE, &inner, &err));
  three_write(inner, f->sql, "kept");
  sql_run(f->sql, "COMMIT");
  test_ok(tv_sql_leave(f->sql));
  assert_int_equal(three_sees(f->other, "kept"), 0);
  test_commit(txn);
  assert_int_equal(three_sees(f->other, "owner"), IN_ALL);
  assert_int_equal(three_sees(f->other, "kept"), IN_ALL);
  assert_int_equal(three_sees(f->other, "inner"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, three_setup, three_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(c_leads_and_all_or_nothing_is_kept),
      TEST(sql_leads_and_all_or_nothing_is_kept),
      TEST(a_failed_statement_takes_nothing_else_with_it),
      TEST(a_failure_that_rolls_back_takes_all_three),
      TEST(savepoints_of_c_hold_for_all_three),
      TEST(savepoints_of_sql_hold_for_all_three),
      TEST(begin_in_a_join_rolls_all_three_back_and_keeps_the_owners),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
