/* SPDX-License-Identifier: MIT */
/*
 * kill -9 where SQL leads: the child begins, writes rows, entries and edges by SQL and by C, opens
 * and ends savepoints, and kills itself before a given step; and kill -9 of a process whose threads
 * share commits. Afterwards each transaction is there as a whole or not at all, the acknowledged
 * ones are there, and the check finds the file sound.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test_store.h"
#include "trivet_graph.h"
#include "trivet_kv.h"
#include "trivet_sql.h"

enum { THREADS = 4, STEPS = 15 };

typedef struct acknowledgement {
  atomic_int wrong, of_thread[THREADS];
} acknowledgement;

static char *folder, path[4200];
static acknowledgement *acknowledged; /* shared with the child */
static int die_at, step;

static int go_on(int status) {
  if (++step == die_at) raise(SIGKILL);
  return status == TV_OK;
}

static int run(sqlite3 *sql, const char *text, const char *key) {
  char *statement = sqlite3_mprintf(text, key);
  int code = sqlite3_exec(sql, statement, NULL, NULL, NULL);
  sqlite3_free(statement);
  return code == SQLITE_OK ? TV_OK : TV_ESQL;
}

static int hang(tv_txn *txn, const char *key) {
  tv_graph *graph;
  tv_node from, to;
  int status = tv_graph_open(txn, "g", TV_CREATE, &graph);
  if (status == TV_OK) status = tv_graph_node_put(graph, tv_str("hub"), "Hub", &from);
  if (status == TV_OK) status = tv_graph_node_put(graph, tv_str(key), "Leaf", &to);
  if (status == TV_OK) status = tv_graph_edge_add(graph, from, to, "has", 0, NULL, NULL);
  return status;
}

/* A row, an entry and an edge of one key; and others of the key "undone", which are undone. */
static int write_by_sql(sqlite3 *sql, const char *key) {
  tv_error err = {0};
  tv_txn *txn;
  step = 0;
  if (!go_on(run(sql, "BEGIN", ""))) return 0;
  if (!go_on(run(sql, "INSERT INTO t(k) VALUES(%Q)", key))) return 0;
  if (!go_on(run(sql, "SAVEPOINT s", ""))) return 0;
  if (!go_on(run(sql, "INSERT INTO v(key, value) VALUES('undone', 'x')", ""))) return 0;
  if (!go_on(tv_sql_txn(sql, TV_WRITE, &txn, &err))) return 0;
  if (!go_on(hang(txn, "undone"))) return 0;
  if (!go_on(run(sql, "INSERT INTO t(k) VALUES('undone')", ""))) return 0;
  if (!go_on(run(sql, "ROLLBACK TO s", ""))) return 0;
  if (!go_on(run(sql, "INSERT INTO v(key, value) VALUES(%Q, 'x')", key))) return 0;
  if (!go_on(tv_sql_txn(sql, TV_WRITE, &txn, &err))) return 0;
  if (!go_on(hang(txn, key))) return 0;
  if (!go_on(run(sql, "RELEASE s", ""))) return 0;
  if (!go_on(run(sql, "UPDATE t SET n = n + 1", ""))) return 0;
  if (!go_on(run(sql, "COMMIT", ""))) return 0;
  return go_on(TV_OK);
}

static sqlite3 *open_sql(tv_db **db) {
  sqlite3 *sql = NULL;
  if (tv_open(path, NULL, db, NULL) != TV_OK || tv_sql_open(*db, 0, &sql, NULL) != TV_OK) _exit(1);
  if (run(sql,
          "CREATE TABLE IF NOT EXISTS t(k TEXT PRIMARY KEY, n INTEGER DEFAULT 0);"
          "CREATE VIRTUAL TABLE IF NOT EXISTS v USING kv('b')",
          "") != TV_OK)
    _exit(2);
  return sql;
}

/* ---- What is there ---- */

static long number(sqlite3 *sql, const char *query) {
  sqlite3_stmt *row;
  long n = -1;
  assert_int_equal(sqlite3_prepare_v2(sql, query, -1, &row, NULL), SQLITE_OK);
  if (sqlite3_step(row) == SQLITE_ROW) n = (long)sqlite3_column_int64(row, 0);
  sqlite3_finalize(row);
  return n;
}

/* The number of keys, on which all three models agree. */
static long keys_there(void) {
  tv_check_report report;
  tv_error err = {0};
  sqlite3 *sql;
  tv_txn *txn;
  tv_db *db;
  tv_graph *graph;
  long n;
  if (tv_check_file(path, NULL, NULL, &report, &err) != TV_OK) fail_msg("%s", err.message);
  sql = open_sql(&db);
  n = number(sql, "SELECT count(*) FROM t");
  assert_int_equal(number(sql, "SELECT count(*) FROM t JOIN kv('b') AS b ON b.key = t.k"), n);
  assert_int_equal(number(sql, "SELECT count(*) FROM kv('b')"), n);
  txn = test_begin(db, TV_READ);
  if (tv_graph_open(txn, "g", 0, &graph) == TV_OK)
    assert_int_equal(number(sql,
                            "SELECT count(*) FROM graph_neighbors('g', 'hub') JOIN t ON k = "
                            "neighbor"),
                     n);
  else
    assert_int_equal(n, 0);
  tv_abort(txn);
  assert_int_equal(number(sql, "SELECT count(*) FROM t WHERE k = 'undone'"), 0);
  assert_int_equal(number(sql,
                          "SELECT count(*) FROM pragma_integrity_check WHERE "
                          "integrity_check = 'ok'"),
                   1);
  sqlite3_close(sql);
  test_close(db);
  return n;
}

static void killed_between_any_two_steps_of_sql_nothing_or_all_is_there(void **state) {
  long before = 0, now;
  (void)state;
  for (die_at = 1; die_at <= STEPS + 1; die_at++) {
    int result;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      char key[16];
      tv_db *db;
      sqlite3 *sql = open_sql(&db);
      snprintf(key, sizeof key, "k%d", die_at);
      _exit(write_by_sql(sql, key) ? 0 : 3);
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    if (die_at <= STEPS)
      assert_true(WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL);
    else
      assert_int_equal(result, 0);
    now = keys_there();
    /* The last two steps follow the return of COMMIT. */
    assert_int_equal(now, before + (die_at >= STEPS - 1 ? 1 : 0));
    before = now;
  }
  die_at = 0;
}

/* ---- Threads that share commits ---- */

typedef struct writer {
  tv_db *db;
  int number, turn;
} writer;

/* The entry and the edge of a turn, and how many turns there were. */
static int write_turn(tv_txn *txn, void *ctx) {
  const writer *w = ctx;
  char name[16], key[32];
  tv_bucket *bucket;
  int64_t turns;
  int status = tv_kv_open(txn, "turns", TV_CREATE, NULL, &bucket);
  snprintf(name, sizeof name, "n%d", w->number);
  snprintf(key, sizeof key, "t%d-%06d", w->number, w->turn);
  if (status == TV_OK) status = tv_kv_add(bucket, tv_str(name), 1, &turns);
  if (status == TV_OK) status = tv_kv_put(bucket, tv_str(key), tv_str("x"));
  if (status == TV_OK && w->turn % 3 == 2) return TV_MISMATCH; /* leaves nothing */
  if (status == TV_OK) status = hang(txn, key);
  return status;
}

static void *write_turns(void *arg) {
  writer *w = arg;
  for (;; w->turn++) {
    int status = tv_db_write(w->db, write_turn, w, NULL);
    if (status != (w->turn % 3 == 2 ? TV_MISMATCH : TV_OK))
      atomic_fetch_add(&acknowledged->wrong, 1);
    if (status == TV_OK) atomic_fetch_add(&acknowledged->of_thread[w->number], 1);
  }
  return NULL;
}

static void child_of_threads(int round) {
  static writer writers[THREADS];
  pthread_t thread;
  tv_db *db;
  int i;
  if (tv_open(path, NULL, &db, NULL) != TV_OK) _exit(1);
  for (i = 0; i < THREADS; i++) {
    writers[i] = (writer){db, i, round * 100000};
    if (pthread_create(&thread, NULL, write_turns, &writers[i]) != 0) _exit(2);
  }
  for (;;) pause();
}

/* A thread's counter, entries and edges agree; at least the acknowledged are there. */
static long turns_of(tv_db *db, int thread) {
  tv_txn *txn = test_begin(db, TV_READ);
  tv_kv_cursor *cursor;
  tv_bucket *bucket;
  tv_graph *graph;
  tv_slice key, value;
  tv_node node;
  char name[16], text[24] = "";
  long turns, entries = 0;
  if (tv_kv_open(txn, "turns", 0, NULL, &bucket) != TV_OK) {
    tv_abort(txn);
    return 0;
  }
  snprintf(name, sizeof name, "n%d", thread);
  if (tv_kv_get(bucket, tv_str(name), &value) == TV_OK) memcpy(text, value.data, value.size);
  turns = strtol(text, NULL, 10);
  snprintf(name, sizeof name, "t%d-", thread);
  test_ok(tv_kv_cursor_open_prefix(bucket, tv_str(name), &cursor));
  test_ok(tv_graph_open(txn, "g", 0, &graph));
  while (tv_kv_cursor_next(cursor, &key, NULL) == TV_OK) {
    test_ok(tv_graph_node_find(graph, key, &node));
    entries++;
  }
  assert_int_equal(turns, entries);
  tv_abort(txn);
  return turns;
}

static void killed_in_the_middle_of_shared_commits_each_is_whole(void **state) {
  const char *flavour = getenv("TV_FLAVOUR");
  int rounds = flavour == NULL || strcmp(flavour, "release") == 0 ? 60 : 15, round, i, most = 0;
  uint64_t random = test_seed();
  long before[THREADS] = {0};
  (void)state;
  for (round = 0; round < rounds; round++) {
    /* Some of the first kills come before the store is made. */
    struct timespec pause = {0, (long)(test_random(&random) % 16000000)};
    tv_check_report report;
    tv_db *db;
    int result;
    pid_t child;
    memset(acknowledged, 0, sizeof *acknowledged);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) child_of_threads(round);
    nanosleep(&pause, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result));
    assert_int_equal(atomic_load(&acknowledged->wrong), 0);
    if (access(path, F_OK) != 0) continue;
    if (round % 10 == 0) {
      /* Killed before the first commit, the file is not a store yet: opening makes it one. */
      int status = tv_check_file(path, NULL, NULL, &report, NULL);
      assert_true(status == TV_OK || (status == TV_ENOTDB && most == 0));
    }
    db = test_open(path, 0);
    for (i = 0; i < THREADS; i++) {
      long there = turns_of(db, i), known = atomic_load(&acknowledged->of_thread[i]);
      if (there < before[i] + known || there > before[i] + known + 1)
        fail_msg("thread %d: %ld there, %ld before, %ld acknowledged", i, there, before[i], known);
      before[i] = there;
      if (known > most) most = (int)known;
    }
    test_close(db);
  }
  print_message("%d kills, at most %d writes of a thread before one\n", rounds, most);
  assert_true(most > 0);
}

static int set_up(void **state) {
  void *memory =
      mmap(NULL, sizeof *acknowledged, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  (void)state;
  if (memory == MAP_FAILED) return -1;
  acknowledged = memory;
  folder = test_folder_make_fast();
  test_path(path, sizeof path, folder, "a.tv");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  munmap(acknowledged, sizeof *acknowledged);
  test_folder_remove(folder);
  return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(killed_between_any_two_steps_of_sql_nothing_or_all_is_there),
      TEST(killed_in_the_middle_of_shared_commits_each_is_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
