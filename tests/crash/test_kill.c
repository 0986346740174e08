/* SPDX-License-Identifier: MIT */
/*
 * kill -9. A child writes transactions over all three models and notes in shared memory which were
 * acknowledged; it kills itself between two given steps, or is killed at a random moment. What is
 * found afterwards is the same number in all three models, and at least the acknowledged one.
 *
 * TV_TEST_KILLS sets how many random kills are made; 2,000, and a tenth of it under a sanitizer.
 */
#include "test_store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "trivet_graph.h"
#include "trivet_kv.h"
#include "trivet_sql.h"

static char *folder;
static char path[4200];
static volatile int
    *acknowledged; /* shared with the child: transactions of this child that returned */

/* Where a child kills itself: before step `die_at` of its transaction; 0: nowhere. */
static int die_at, step;

static int go_on(int status) {
  if (++step == die_at) raise(SIGKILL);
  return status == TV_OK;
}

static int sql_run(sqlite3 *sql, const char *text) {
  return sqlite3_exec(sql, text, NULL, NULL, NULL) == SQLITE_OK ? TV_OK : TV_ESQL;
}

static const tv_bucket_options text_keys = {.key_type = TV_COLUMN_TEXT};

/* One row, one entry, one edge more. */
static int write_three(tv_db *db, sqlite3 *sql) {
  tv_txn *txn;
  tv_bucket *bucket;
  tv_graph *graph;
  tv_node from, to;
  uint64_t n = 0;
  char key[32], statement[100];
  step = 0;
  if (!go_on(tv_begin(db, TV_WRITE, &txn, NULL))) return 0;
  if (!go_on(tv_kv_open(txn, "b", TV_CREATE, &text_keys, &bucket))) return 0;
  if (!go_on(tv_kv_count(bucket, &n))) return 0;
  snprintf(key, sizeof key, "key-%08llu", (unsigned long long)n);
  if (!go_on(tv_kv_put(bucket, tv_str(key), tv_str(key)))) return 0;
  if (!go_on(tv_graph_open(txn, "g", TV_CREATE, &graph))) return 0;
  if (!go_on(tv_graph_node_put(graph, tv_str("hub"), "Hub", &from))) return 0;
  if (!go_on(tv_graph_node_put(graph, tv_str(key), "Leaf", &to))) return 0;
  if (!go_on(tv_graph_edge_add(graph, from, to, "has", 0, NULL, NULL))) return 0;
  if (!go_on(tv_sql_join(sql, txn))) return 0;
  snprintf(statement, sizeof statement, "INSERT INTO t(k) VALUES('%s')", key);
  if (!go_on(sql_run(sql, "CREATE TABLE IF NOT EXISTS t(k TEXT PRIMARY KEY)"))) return 0;
  if (!go_on(sql_run(sql, statement))) return 0;
  if (!go_on(tv_sql_leave(sql))) return 0;
  return go_on(tv_commit(txn, NULL));
}

enum { STEPS = 13 };

static void child_run(int transactions) {
  tv_db *db;
  sqlite3 *sql;
  int i;
  if (tv_open(path, NULL, &db, NULL) != TV_OK) _exit(1);
  if (tv_sql_open(db, 0, &sql, NULL) != TV_OK) _exit(2);
  for (i = 0; i < transactions; i++) {
    if (!write_three(db, sql)) _exit(3);
    *acknowledged = i + 1;
  }
  _exit(0);
}

static long rows_of(sqlite3 *sql, const char *query) {
  sqlite3_stmt *statement;
  long n = -1;
  if (sqlite3_prepare_v2(sql, query, -1, &statement, NULL) != SQLITE_OK)
    return 0; /* no table yet */
  if (sqlite3_step(statement) == SQLITE_ROW) n = (long)sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return n;
}

/* The number that all three models agree on. */
static long state_of(tv_db *db) {
  tv_txn *txn = test_begin(db, TV_READ);
  tv_bucket *bucket;
  tv_graph *graph;
  tv_graph_stat stat = {0};
  uint64_t entries = 0;
  sqlite3 *sql;
  test_ok(tv_sql_open(db, 0, &sql, NULL));
  test_ok(tv_sql_join(sql, txn));
  if (tv_kv_open(txn, "b", 0, NULL, &bucket) == TV_OK) test_ok(tv_kv_count(bucket, &entries));
  if (tv_graph_open(txn, "g", 0, &graph) == TV_OK) test_ok(tv_graph_stat_get(graph, &stat));
  assert_int_equal(stat.edges, entries);
  assert_int_equal(stat.nodes, entries == 0 ? 0 : entries + 1);
  assert_int_equal(rows_of(sql, "SELECT count(*) FROM t"), entries);
  assert_int_equal(rows_of(sql, "SELECT count(*) FROM t JOIN kv('b') AS b ON b.key = t.k"),
                   entries);
  test_ok(tv_sql_leave(sql));
  assert_int_equal(sqlite3_close(sql), SQLITE_OK);
  tv_abort(txn);
  return (long)entries;
}

static long reopened_state(int check) {
  tv_check_report report;
  tv_error err = {0};
  struct stat file;
  tv_db *db;
  long n;
  if (stat(path, &file) != 0) return 0;
  /* Killed right after it claimed the name: an empty file, which the next one makes a store of. */
  if (check && file.st_size > 0 && tv_check_file(path, NULL, NULL, &report, &err) != TV_OK)
    fail_msg("%s", err.message);
  db = test_open(path, 0);
  n = state_of(db);
  test_close(db);
  return n;
}

static void killed_between_any_two_steps_nothing_or_all_is_there(void **state) {
  long before = 0, now;
  (void)state;
  for (die_at = 1; die_at <= STEPS + 1; die_at++) {
    int result;
    pid_t child;
    *acknowledged = 0;
    child = fork();
    assert_true(child >= 0);
    if (child == 0) child_run(1);
    assert_int_equal(waitpid(child, &result, 0), child);
    if (die_at <= STEPS)
      assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
    else
      assert_int_equal(result, 0);
    now = reopened_state(1);
    /* The last step follows the commit's return: everything is there, if not yet acknowledged. */
    assert_int_equal(now, before + (die_at >= STEPS ? 1 : 0));
    before = now;
  }
  die_at = 0;
}

static void killed_at_any_moment_what_was_acknowledged_is_there(void **state) {
  const char *wish = getenv("TV_TEST_KILLS"), *flavour = getenv("TV_FLAVOUR");
  long kills = flavour == NULL || strcmp(flavour, "release") == 0 ? 2000 : 200, i;
  uint64_t random = test_seed();
  long before = 0, most = 0;
  (void)state;
  if (wish != NULL) kills = atol(wish);
  for (i = 0; i < kills; i++) {
    struct timespec pause = {0, (long)(test_random(&random) % 10000000)};
    long now;
    int result;
    pid_t child;
    if (before > 3000) { /* keep the store small: the point is the kill */
      char lock[4300];
      snprintf(lock, sizeof lock, "%s-lock", path);
      unlink(path);
      unlink(lock);
      before = 0;
    }
    *acknowledged = 0;
    child = fork();
    assert_true(child >= 0);
    if (child == 0) child_run(1000000);
    nanosleep(&pause, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result));
    now = reopened_state(i % 50 == 0);
    if (now < before + *acknowledged || now > before + *acknowledged + 1)
      fail_msg("%ld there, %ld before and %d acknowledged", now, before, *acknowledged);
    if (*acknowledged > most) most = *acknowledged;
    before = now;
  }
  print_message("%ld kills, at most %ld transactions before one\n", kills, most);
  assert_true(most > 0);
}

static int set_up(void **state) {
  void *shared = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  (void)state;
  if (shared == MAP_FAILED) return -1;
  acknowledged = shared;
  folder = test_folder_make_fast();
  test_path(path, sizeof path, folder, "a.tv");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  munmap((void *)acknowledged, sizeof(int));
  test_folder_remove(folder);
  return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(killed_between_any_two_steps_nothing_or_all_is_there),
      TEST(killed_at_any_moment_what_was_acknowledged_is_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
