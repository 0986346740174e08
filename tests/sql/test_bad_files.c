/* SPDX-License-Identifier: MIT */
/*
 * Bad files and bad places, met through SQL, buckets and graphs: a file that is no store, one that
 * was cut short, a folder that cannot be written, a disk that is full. Each has its status, the
 * message names the file, and what was acknowledged before is there afterwards.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "three_models.h"

static char *folder, path[4200];

static int set_up(void **state) {
  (void)state;
  folder = test_folder_make_fast();
  test_path(path, sizeof path, folder, "named.tv");
  return 0;
}

/* The first connection makes the VFS known to SQLite. */
static int make_vfs_known(void **state) {
  tv_db *db = test_open_memory();
  sqlite3 *sql = sql_open(db, 0);
  (void)state;
  sql_close(sql);
  test_close(db);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  (void)chmod(folder, 0700);
  test_folder_remove(folder);
  return 0;
}

static void make_store(int rows) {
  tv_db *db = test_open(path, 0);
  sqlite3 *sql = sql_open(db, 0);
  tv_txn *txn;
  int i;
  sql_run(sql, "CREATE TABLE t(id INTEGER PRIMARY KEY, k TEXT UNIQUE)");
  txn = test_begin(db, TV_WRITE);
  test_ok(tv_sql_join(sql, txn));
  for (i = 0; i < rows; i++) {
    char key[16];
    snprintf(key, sizeof key, "r%04d", i);
    three_write(txn, sql, key);
  }
  test_ok(tv_sql_leave(sql));
  test_commit(txn);
  sql_close(sql);
  test_close(db);
}

static void write_file(const char *name, const void *bytes, size_t size) {
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, bytes, size), size);
  assert_int_equal(close(fd), 0);
}

/* The way by which a program without a tv_db opens a store. */
static int open_by_uri(int flags, char *message, size_t size) {
  char uri[4300];
  sqlite3 *sql = NULL;
  int code;
  snprintf(uri, sizeof uri, "file:%s?vfs=trivet", path);
  code = sqlite3_open_v2(uri, &sql, flags | SQLITE_OPEN_URI, NULL);
  if (code == SQLITE_OK) code = sqlite3_exec(sql, "SELECT * FROM sqlite_schema", NULL, NULL, NULL);
  snprintf(message, size, "%s", sqlite3_errmsg(sql));
  (void)sqlite3_close(sql);
  return code & 0xff;
}

/* What SQLite's log says: SQLite has no room for our sentence when opening fails. */
static char logged[2000];
static int log_named;

static void log_line(void *ctx, int code, const char *message) {
  (void)ctx, (void)code;
  snprintf(logged, sizeof logged, "%s", message);
  if (strstr(message, "named.tv") != NULL) log_named = 1;
}

/* The file is refused by both ways of opening it, by its name, and is as it was. */
static void refused_file(int status_a, int status_b, int code) {
  struct stat before, after;
  tv_options options = {0};
  tv_error err = {0};
  char message[300];
  tv_db *db = NULL;
  int status;
  assert_int_equal(stat(path, &before), 0);
  status = tv_open(path, &options, &db, &err);
  if (status != status_a && status != status_b) fail_msg("%s", tv_status_name(status));
  assert_null(db);
  assert_int_equal(err.status, status);
  if (strstr(err.message, "named.tv") == NULL) fail_msg("%s", err.message);
  log_named = 0;
  assert_int_equal(open_by_uri(SQLITE_OPEN_READWRITE, message, sizeof message), code);
  if (!log_named) fail_msg("not named: %s; log: %s", message, logged);
  assert_int_equal(stat(path, &after), 0);
  assert_int_equal(before.st_size, after.st_size);
  assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void a_file_that_is_no_store_is_refused_by_name(void **state) {
  static char bytes[20000];
  sqlite3 *plain;
  (void)state;
  memset(bytes, 'x', sizeof bytes);
  write_file(path, bytes, sizeof bytes);
  refused_file(TV_ENOTDB, TV_ENOTDB, SQLITE_NOTADB);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(sqlite3_open(path, &plain), SQLITE_OK);
  sql_run(plain, "CREATE TABLE t(a); INSERT INTO t VALUES('precious')");
  sqlite3_close(plain);
  refused_file(TV_ENOTDB, TV_ENOTDB, SQLITE_NOTADB);
  assert_int_equal(sqlite3_open(path, &plain), SQLITE_OK);
  sql_is(plain, "SELECT * FROM t", "precious|\n");
  sqlite3_close(plain);
}

static void a_truncated_file_is_refused_by_name(void **state) {
  struct stat info;
  off_t whole, size;
  (void)state;
  make_store(300);
  assert_int_equal(stat(path, &info), 0);
  whole = info.st_size;
  for (size = whole / 2; size > 3 * 4096; size /= 2) {
    assert_int_equal(truncate(path, size), 0);
    refused_file(TV_ETRUNCATED, TV_ECORRUPT, SQLITE_CORRUPT);
  }
  assert_int_equal(truncate(path, 5000), 0);
  refused_file(TV_ETRUNCATED, TV_ENOTDB, SQLITE_CORRUPT);
}

/* ---- Without rights: the children are nobody ---- */

static int in_child(int (*run)(void)) {
  int result;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (getuid() == 0 && setuid(65534) != 0) _exit(99);
    _exit(run());
  }
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_true(WIFEXITED(result));
  return WEXITSTATUS(result);
}

static int create_is_denied(void) {
  char message[300];
  tv_error err = {0};
  tv_db *db;
  if (tv_open(path, NULL, &db, &err) != TV_EACCES) return 1;
  if (strstr(err.message, "named.tv") == NULL) return 2;
  if (open_by_uri(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, message, sizeof message) !=
      SQLITE_CANTOPEN)
    return 3;
  return access(path, F_OK) == 0 ? 4 : 0;
}

static void a_folder_that_cannot_be_written_is_permission_denied(void **state) {
  (void)state;
  assert_int_equal(chmod(folder, 0555), 0);
  assert_int_equal(in_child(create_is_denied), 0);
}

static int write_is_denied(void) {
  tv_error err = {0};
  tv_db *db;
  return tv_open(path, NULL, &db, &err) == TV_EACCES && strstr(err.message, "named.tv") != NULL ? 0
                                                                                                : 1;
}

static void a_store_of_somebody_else_is_permission_denied(void **state) {
  char lock[4300];
  tv_db *db;
  (void)state;
  make_store(3);
  snprintf(lock, sizeof lock, "%s-lock", path);
  assert_int_equal(chmod(path, 0444), 0);
  assert_int_equal(chmod(lock, 0444), 0);
  assert_int_equal(chmod(folder, 0555), 0);
  assert_int_equal(in_child(write_is_denied), 0);
  assert_int_equal(chmod(path, 0644), 0);
  assert_int_equal(chmod(lock, 0644), 0);
  db = test_open(path, 0);
  test_close(db);
}

static void a_store_open_for_reading_refuses_each_layers_writes(void **state) {
  tv_options options = {.flags = TV_OPEN_READONLY};
  tv_error err = {0};
  sqlite3 *sql;
  tv_txn *txn;
  tv_db *db;
  (void)state;
  make_store(3);
  test_ok(tv_open(path, &options, &db, &err));
  test_status(tv_begin(db, TV_WRITE, &txn, &err), TV_EREADONLY);
  assert_non_null(strstr(err.message, "named.tv"));
  sql = sql_open(db, 0);
  assert_int_equal(sql_code(sql, "INSERT INTO t(k) VALUES('x')") & 0xff, SQLITE_READONLY);
  assert_int_equal(sql_code(sql, "CREATE VIRTUAL TABLE v USING kv('b')") & 0xff, SQLITE_READONLY);
  assert_int_equal(three_sees(sql, "r0001"), IN_ALL);
  sql_close(sql);
  test_close(db);
}

/* ---- A full disk ---- */

enum { DISK_BYTES = 600000, DISK_ROWS = 3000 };

static volatile int disk_model; /* IN_*: what fills it */

/* One more key in one model, or in all. Returns TV_OK when it was acknowledged. */
static int disk_write(tv_db *db, sqlite3 *sql, const char *key, tv_error *err) {
  static const char padding[1200] = "";
  char text[200];
  tv_txn *txn;
  int status;
  if (disk_model == IN_TABLE) {
    int code;
    snprintf(text, sizeof text, "INSERT INTO t(k, p) VALUES('%s', randomblob(1200))", key);
    code = sqlite3_exec(sql, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? TV_OK : code == SQLITE_FULL ? TV_ENOSPC : TV_ESQL;
  }
  status = tv_begin(db, TV_WRITE, &txn, err);
  if (status != TV_OK) return status;
  if ((disk_model & IN_BUCKET) != 0) {
    tv_bucket *bucket;
    status = tv_kv_open(txn, "b", TV_CREATE, &three_text, &bucket);
    if (status == TV_OK) status = tv_kv_put(bucket, tv_str(key), tv_bytes(padding, sizeof padding));
  }
  if ((disk_model & IN_GRAPH) != 0 && status == TV_OK) {
    tv_value value = {.type = TV_BLOB, .as.bytes = {padding, 900}};
    tv_graph *graph;
    tv_node hub = 0, node = 0;
    status = tv_graph_open(txn, "g", TV_CREATE, &graph);
    if (status == TV_OK) status = tv_graph_node_put(graph, tv_str("hub"), "Hub", &hub);
    if (status == TV_OK) status = tv_graph_node_put(graph, tv_str(key), "Leaf", &node);
    if (status == TV_OK) status = tv_graph_node_set(graph, node, "p", value);
    if (status == TV_OK) status = tv_graph_edge_add(graph, hub, node, "has", 0, NULL, NULL);
  }
  if (status == TV_OK) return tv_commit(txn, err);
  tv_abort(txn);
  return status;
}

/* In the child: fills the disk; the number of acknowledged keys goes to a file beside the store. */
static int disk_fill(void) {
  struct rlimit limit = {DISK_BYTES, DISK_BYTES};
  tv_error err = {0};
  char count[4300], key[16];
  int i, status = TV_OK;
  sqlite3 *sql = NULL;
  tv_txn *txn;
  tv_db *db;
  signal(SIGXFSZ, SIG_IGN);
  if (tv_open(path, NULL, &db, &err) != TV_OK || tv_sql_open(db, 0, &sql, &err) != TV_OK) return 2;
  if (sqlite3_exec(sql, "CREATE TABLE t(k TEXT UNIQUE, p)", NULL, NULL, NULL) != SQLITE_OK)
    return 3;
  if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 4;
  for (i = 0; i < DISK_ROWS && status == TV_OK; i++) {
    snprintf(key, sizeof key, "d%05d", i);
    status = disk_write(db, sql, key, &err);
  }
  if (status != TV_ENOSPC) return 5;
  if (disk_model != IN_TABLE && strstr(err.message, "named.tv") == NULL) return 6;
  /* No write from now on, by any way; reading goes on. */
  if (tv_begin(db, TV_WRITE, &txn, &err) != TV_EIO || strstr(err.message, "named.tv") == NULL)
    return 7;
  if (sqlite3_exec(sql, "INSERT INTO t(k) VALUES('late')", NULL, NULL, NULL) == SQLITE_OK) return 8;
  if (sqlite3_exec(sql, "SELECT count(*) FROM t", NULL, NULL, NULL) != SQLITE_OK) return 9;
  if (sqlite3_close(sql) != SQLITE_OK || tv_close(db, &err) != TV_OK) return 10;
  snprintf(count, sizeof count, "%s-count", path);
  write_file(count, &(int32_t){i - 1}, 4);
  return 0;
}

static int32_t acknowledged(void) {
  char count[4300];
  int32_t n = -1;
  int fd;
  snprintf(count, sizeof count, "%s-count", path);
  fd = open(count, O_RDONLY);
  assert_true(fd >= 0);
  assert_int_equal(read(fd, &n, 4), 4);
  assert_int_equal(close(fd), 0);
  return n;
}

static void disk_is_filled_by(int model) {
  char expected[32];
  tv_check_report report;
  tv_db *db;
  sqlite3 *sql;
  disk_model = model;
  assert_int_equal(chmod(folder, 0777), 0);
  assert_int_equal(in_child(disk_fill), 0);
  assert_int_equal(chmod(path, 0666), 0);
  test_ok(tv_check_file(path, NULL, NULL, &report, NULL));
  snprintf(expected, sizeof expected, "%d|\n", (int)acknowledged());
  assert_true(acknowledged() > 10);
  db = test_open(path, TV_OPEN_EXISTING);
  sql = sql_open(db, 0);
  if ((model & IN_BUCKET) != 0) sql_is(sql, "SELECT count(*) FROM kv('b')", expected);
  if ((model & IN_GRAPH) != 0)
    sql_is(sql, "SELECT count(*) FROM graph_neighbors('g', 'hub')", expected);
  if ((model & IN_TABLE) != 0) sql_is(sql, "SELECT count(*) FROM t", expected);
  sql_run(sql, "INSERT INTO t(k) VALUES('room again')");
  sql_is(sql, "PRAGMA integrity_check", "ok|\n");
  sql_close(sql);
  test_close(db);
}

static void a_disk_filled_by_a_bucket_loses_nothing(void **state) {
  (void)state;
  disk_is_filled_by(IN_BUCKET);
}

static void a_disk_filled_by_a_graph_loses_nothing(void **state) {
  (void)state;
  disk_is_filled_by(IN_GRAPH);
}

static void a_disk_filled_by_both_loses_nothing(void **state) {
  (void)state;
  disk_is_filled_by(IN_BUCKET | IN_GRAPH);
}

static void a_disk_filled_by_sql_loses_nothing(void **state) {
  (void)state;
  disk_is_filled_by(IN_TABLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_file_that_is_no_store_is_refused_by_name),
      TEST(a_truncated_file_is_refused_by_name),
      TEST(a_folder_that_cannot_be_written_is_permission_denied),
      TEST(a_store_of_somebody_else_is_permission_denied),
      TEST(a_store_open_for_reading_refuses_each_layers_writes),
      TEST(a_disk_filled_by_a_bucket_loses_nothing),
      TEST(a_disk_filled_by_a_graph_loses_nothing),
      TEST(a_disk_filled_by_both_loses_nothing),
      TEST(a_disk_filled_by_sql_loses_nothing),
  };
  if (sqlite3_config(SQLITE_CONFIG_LOG, log_line, NULL) != SQLITE_OK) return 1;
  return cmocka_run_group_tests(tests, make_vfs_known, NULL);
}
