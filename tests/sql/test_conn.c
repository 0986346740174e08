/* SPDX-License-Identifier: MIT */
/* Several connections, threads and processes on one store: who waits, who sees what. */
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sql_run.h"

typedef struct conn_fixture {
  char *folder;
  char path[512];
  tv_db *db;
  sqlite3 *one, *two;
} conn_fixture;

static int conn_setup(void **state) {
  conn_fixture *f = calloc(1, sizeof *f);
  f->folder = test_folder_make();
  test_path(f->path, sizeof f->path, f->folder, "app.tv");
  f->db = test_open(f->path, 0);
  f->one = sql_open(f->db, 0);
  f->two = sql_open(f->db, 0);
  sql_run(f->one, "CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t VALUES(1, 'one')");
  *state = f;
  return 0;
}

static int conn_teardown(void **state) {
  conn_fixture *f = *state;
  sql_close(f->one);
  sql_close(f->two);
  test_close(f->db);
  test_folder_remove(f->folder);
  free(f);
  return 0;
}

static double conn_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void a_reader_keeps_its_snapshot_while_another_commits(void **state) {
  conn_fixture *f = *state;
  sql_run(f->two, "BEGIN");
  sql_is(f->two, "SELECT count(*) FROM t", "1|\n");
  sql_run(f->one, "INSERT INTO t SELECT a + 1, b FROM t; UPDATE t SET b = 'new'");
  sql_is(f->two, "SELECT group_concat(b) FROM t", "one|\n");
  sql_run(f->two, "COMMIT");
  sql_is(f->two, "SELECT group_concat(b) FROM t", "new,new|\n");
}

static void a_scan_reads_on_while_its_own_connection_commits(void **state) {
  conn_fixture *f = *state;
  sqlite3_stmt *scan;
  int rows = 0;
  sql_run(f->one,
          "CREATE TABLE u(x);"
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<5000)"
          "INSERT INTO u SELECT 'text ' || i FROM n");
  assert_int_equal(sqlite3_prepare_v2(f->one, "SELECT x FROM u", -1, &scan, NULL), SQLITE_OK);
  while (sqlite3_step(scan) == SQLITE_ROW) {
    if (rows % 500 == 0) /* its own commits move its snapshot; after another's it is too old */
      sql_run(rows < 2500 ? f->one : f->two,
              "INSERT INTO t(b) VALUES(randomblob(9000)); DELETE FROM t WHERE a > 2");
    assert_memory_equal(sqlite3_column_text(scan, 0), "text ", 5);
    rows++;
  }
  assert_int_equal(rows, 5000);
  sqlite3_finalize(scan);
  sql_is(f->one, "PRAGMA integrity_check", "ok|\n");
}

static void readers_never_wait_for_the_writer(void **state) {
  conn_fixture *f = *state;
  double start = conn_seconds();
  sql_run(f->one, "BEGIN IMMEDIATE; INSERT INTO t VALUES(2, 'two')");
  sql_is(f->two, "SELECT count(*) FROM t", "1|\n");
  sql_is(f->one, "SELECT count(*) FROM t", "2|\n");
  sql_run(f->one, "ROLLBACK");
  sql_is(f->one, "SELECT count(*) FROM t", "1|\n");
  assert_true(conn_seconds() - start < 1.0);
}

static void a_second_writer_gets_busy_when_it_may_not_wait(void **state) {
  conn_fixture *f = *state;
  sql_run(f->two, "PRAGMA busy_timeout=0");
  sql_run(f->one, "BEGIN IMMEDIATE");
  assert_int_equal(sql_code(f->two, "INSERT INTO t VALUES(2, 'two')"), SQLITE_BUSY);
  assert_int_equal(sql_code(f->two, "BEGIN IMMEDIATE"), SQLITE_BUSY);
  sql_run(f->one, "COMMIT");
  sql_run(f->two, "INSERT INTO t VALUES(2, 'two')");
}

static void a_waiting_writer_gives_up_at_its_timeout(void **state) {
  conn_fixture *f = *state;
  double start = conn_seconds();
  sql_run(f->two, "PRAGMA busy_timeout=150");
  sql_run(f->one, "BEGIN IMMEDIATE");
  assert_int_equal(sql_code(f->two, "INSERT INTO t VALUES(2, 'two')"), SQLITE_BUSY);
  assert_true(conn_seconds() - start > 0.1);
  assert_true(conn_seconds() - start < 2.0);
  sql_run(f->one, "COMMIT");
}

static void sqlites_own_busy_timeout_works_too(void **state) {
  conn_fixture *f = *state;
  sqlite3_busy_timeout(f->two, 50);
  sql_run(f->one, "BEGIN IMMEDIATE");
  assert_int_equal(sql_code(f->two, "INSERT INTO t VALUES(2, 'two')"), SQLITE_BUSY);
  sql_run(f->one, "COMMIT");
  sql_run(f->two, "INSERT INTO t VALUES(2, 'two')");
}

static void a_stale_snapshot_cannot_be_upgraded(void **state) {
  conn_fixture *f = *state;
  sql_run(f->two, "BEGIN");
  sql_is(f->two, "SELECT count(*) FROM t", "1|\n");
  sql_run(f->one, "INSERT INTO t VALUES(2, 'two')");
  assert_int_equal(sql_code(f->two, "INSERT INTO t VALUES(3, 'three')"), SQLITE_BUSY_SNAPSHOT);
  sql_run(f->two, "ROLLBACK; BEGIN; INSERT INTO t VALUES(3, 'three'); COMMIT");
  sql_is(f->one, "SELECT count(*) FROM t", "3|\n");
}

static void other_stores_commits_also_make_a_snapshot_stale(void **state) {
  conn_fixture *f = *state;
  tv_error err = {0, 0, ""};
  tv_store *store;
  tv_txn *txn, *sql_txn;
  sql_run(f->two, "BEGIN");
  test_ok(tv_sql_txn(f->two, TV_READ, &sql_txn, &err));
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_store_open(txn, "s", TV_CREATE, &store));
  test_commit(txn);
  test_status(tv_sql_txn(f->two, TV_WRITE, &sql_txn, &err), TV_ECONFLICT);
  sql_run(f->two, "ROLLBACK; BEGIN");
  test_ok(tv_sql_txn(f->two, TV_WRITE, &sql_txn, &err));
  sql_run(f->two, "COMMIT");
}

typedef struct conn_writer {
  tv_db *db;
  unsigned flags;
  int inserts, number;
  double worst;
} conn_writer;

static void *conn_writer_main(void *ctx) {
  conn_writer *w = ctx;
  sqlite3 *sql = NULL;
  char text[100];
  if (tv_sql_open(w->db, w->flags, &sql, NULL) != TV_OK) return "open";
  for (int i = 0; i < w->inserts; i++) {
    double start = conn_seconds(), took;
    sqlite3_snprintf(sizeof text, text, "INSERT INTO t(b) VALUES('%d/%d')", w->number, i);
    if (sqlite3_exec(sql, text, NULL, NULL, NULL) != SQLITE_OK) return "insert";
    took = conn_seconds() - start;
    if (took > w->worst) w->worst = took;
  }
  return sqlite3_close(sql) == SQLITE_OK ? NULL : "close";
}

static void writers_on_many_threads_queue_and_all_succeed(void **state) {
  conn_fixture *f = *state;
  conn_writer writers[4];
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    writers[i] = (conn_writer){f->db, i % 2 != 0 ? TV_SQL_THREAD_BOUND : 0, 60, i, 0};
    assert_int_equal(pthread_create(&threads[i], NULL, conn_writer_main, &writers[i]), 0);
  }
  for (int i = 0; i < 4; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    if (failed != NULL) print_message("writer %d: %s\n", i, (const char *)failed);
    assert_null(failed);
  }
  sql_is(f->one, "SELECT count(*) FROM t; PRAGMA integrity_check", "241|\nok|\n");
}

static void *conn_run_main(void *ctx) {
  return sqlite3_exec(ctx,
                      "INSERT INTO t VALUES(3, 'three'); SAVEPOINT x; DELETE FROM t WHERE a = 1",
                      NULL, NULL, NULL) == SQLITE_OK
             ? NULL
             : "failed";
}

static void a_transaction_may_move_between_threads(void **state) {
  conn_fixture *f = *state;
  pthread_t thread;
  void *failed;
  sql_run(f->one, "BEGIN; INSERT INTO t VALUES(2, 'two')");
  pthread_create(&thread, NULL, conn_run_main, f->one);
  pthread_join(thread, &failed);
  assert_null(failed);
  sql_run(f->one, "ROLLBACK TO x; COMMIT");
  sql_is(f->two, "SELECT group_concat(b) FROM t", "one,two,three|\n");
}

static void *conn_interrupt_main(void *ctx) {
  struct timespec wait = {0, 100000000};
  nanosleep(&wait, NULL);
  sqlite3_interrupt(ctx);
  return NULL;
}

static void a_waiting_writer_can_be_interrupted(void **state) {
  conn_fixture *f = *state;
  double start = conn_seconds();
  pthread_t thread;
  sql_run(f->two, "PRAGMA busy_timeout=20000");
  sql_run(f->one, "BEGIN IMMEDIATE");
  pthread_create(&thread, NULL, conn_interrupt_main, f->two);
  assert_int_equal(sql_code(f->two, "INSERT INTO t VALUES(2, 'two')"), SQLITE_INTERRUPT);
  pthread_join(thread, NULL);
  assert_true(conn_seconds() - start < 5.0);
  sql_run(f->one, "COMMIT");
  sql_run(f->two, "INSERT INTO t VALUES(2, 'two')");
}

/* In the child process. */
static int conn_child(const char *path) {
  sqlite3 *sql;
  tv_db *db;
  tv_error err = {0, 0, ""};
  int code = 0;
  if (tv_open(path, NULL, &db, &err) != TV_OK || tv_sql_open(db, 0, &sql, &err) != TV_OK) {
    fprintf(stderr, "child: %s\n", err.message);
    return 1;
  }
  for (int i = 0; i < 50 && code == 0; i++)
    code = sqlite3_exec(sql, "BEGIN IMMEDIATE; UPDATE c SET n = n + 1; COMMIT", NULL, NULL, NULL);
  if (code != 0) fprintf(stderr, "child: %s\n", sqlite3_errmsg(sql));
  sqlite3_close(sql);
  tv_close(db, NULL);
  return code != 0;
}

static void processes_share_a_store_without_losing_updates(void **state) {
  conn_fixture *f = *state;
  pid_t child;
  int status;
  sql_run(f->one, "CREATE TABLE c(n); INSERT INTO c VALUES(0)");
  child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "test_conn", "--child", f->path, (char *)NULL);
    _exit(127);
  }
  assert_true(child > 0);
  for (int i = 0; i < 50; i++) {
    sql_run(f->two, "BEGIN IMMEDIATE; UPDATE c SET n = n + 1; COMMIT");
    sql_run(f->one, "SELECT n FROM c");
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  sql_is(f->one, "SELECT n FROM c; PRAGMA integrity_check", "100|\nok|\n");
}

static void closing_in_the_middle_rolls_back(void **state) {
  conn_fixture *f = *state;
  sqlite3 *third = sql_open(f->db, 0);
  sql_run(third,
          "PRAGMA cache_size=10; BEGIN; "
          "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i+1 FROM n WHERE i<3000)"
          "INSERT INTO t SELECT i, hex(zeroblob(100)) FROM n");
  sql_close(third);
  sql_is(f->one, "SELECT count(*) FROM t; PRAGMA integrity_check", "1|\nok|\n");
  sql_run(f->two, "INSERT INTO t VALUES(2, 'two')");
}

static void a_full_store_rolls_back_and_stays_usable(void **state) {
  tv_options options = {.map_bytes = 1 << 20, .map_bytes_max = 2 << 20};
  conn_fixture *f = *state;
  tv_error err = {0, 0, ""};
  char path[512];
  tv_db *db;
  sqlite3 *sql;
  int code;
  test_path(path, sizeof path, f->folder, "small.tv");
  test_ok(tv_open(path, &options, &db, &err));
  sql = sql_open(db, 0);
  sql_run(sql, "CREATE TABLE t(a); INSERT INTO t VALUES('kept')");
  code = sql_code(sql,
                  "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<9000)"
                  "INSERT INTO t SELECT randomblob(1000) FROM n");
  assert_int_equal(code, SQLITE_FULL);
  sql_is(sql, "SELECT group_concat(a) FROM t; PRAGMA integrity_check", "kept|\nok|\n");
  sql_run(sql, "INSERT INTO t VALUES('more')");
  sql_close(sql);
  test_close(db);
}

static void a_small_map_grows_between_transactions(void **state) {
  tv_options options = {.map_bytes = 1 << 20, .map_bytes_max = 1 << 30};
  conn_fixture *f = *state;
  tv_error err = {0, 0, ""};
  char path[512];
  int full = 0;
  tv_db *db;
  sqlite3 *sql;
  test_path(path, sizeof path, f->folder, "small.tv");
  test_ok(tv_open(path, &options, &db, &err));
  sql = sql_open(db, 0);
  sql_run(sql, "CREATE TABLE t(a)");
  for (int i = 0; i < 20; i++) { /* each run begins with a read, under which nothing can grow */
    int code = sql_code(sql,
                        "BEGIN; SELECT count(*) FROM t; INSERT INTO t VALUES(zeroblob(5000000));"
                        "COMMIT");
    if (code == SQLITE_OK) continue;
    assert_int_equal(code, SQLITE_FULL);
    if (!sqlite3_get_autocommit(sql)) sql_run(sql, "ROLLBACK");
    assert_true(++full < 10);
    i--;
  }
  assert_true(full > 0);
  sql_is(sql, "SELECT count(*), sum(length(a)) FROM t; PRAGMA integrity_check",
         "20|100000000|\nok|\n");
  sql_close(sql);
  test_close(db);
}

static void pages_in_place_survive_a_moving_map(void **state) {
  tv_options options = {.map_bytes = 1 << 20, .map_bytes_max = 1 << 30};
  conn_fixture *f = *state;
  tv_error err = {0, 0, ""};
  char path[512];
  tv_db *db;
  sqlite3 *sql;
  test_path(path, sizeof path, f->folder, "small.tv");
  test_ok(tv_open(path, &options, &db, &err));
  sql = sql_open(db, 0);
  sql_run(sql,
          "CREATE TABLE u(x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n"
          " WHERE i<3000) INSERT INTO u SELECT 'text ' || i FROM n; CREATE TABLE t(a)");
  for (int i = 0; i < 30; i++) {
    while (sql_code(sql, "INSERT INTO t VALUES(zeroblob(1000000))") == SQLITE_FULL) continue;
    sql_is(sql, "SELECT count(*), sum(length(x)) FROM u", "3000|25893|\n");
    tv_abort(test_begin(db, TV_WRITE)); /* may move the map without a commit */
    sql_is(sql, "SELECT count(*), sum(length(x)) FROM u", "3000|25893|\n");
  }
  sql_close(sql);
  test_close(db);
}

#define conn_test(name) cmocka_unit_test_setup_teardown(name, conn_setup, conn_teardown)

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      conn_test(a_reader_keeps_its_snapshot_while_another_commits),
      conn_test(a_scan_reads_on_while_its_own_connection_commits),
      conn_test(readers_never_wait_for_the_writer),
      conn_test(a_second_writer_gets_busy_when_it_may_not_wait),
      conn_test(a_waiting_writer_gives_up_at_its_timeout),
      conn_test(sqlites_own_busy_timeout_works_too),
      conn_test(a_stale_snapshot_cannot_be_upgraded),
      conn_test(other_stores_commits_also_make_a_snapshot_stale),
      conn_test(writers_on_many_threads_queue_and_all_succeed),
      conn_test(a_transaction_may_move_between_threads),
      conn_test(a_waiting_writer_can_be_interrupted),
      conn_test(processes_share_a_store_without_losing_updates),
      conn_test(closing_in_the_middle_rolls_back),
      conn_test(a_full_store_rolls_back_and_stays_usable),
      conn_test(a_small_map_grows_between_transactions),
      conn_test(pages_in_place_survive_a_moving_map),
  };
  if (argc == 3 && strcmp(argv[1], "--child") == 0) return conn_child(argv[2]);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
