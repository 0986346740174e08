/* SPDX-License-Identifier: MIT */
/*
 * trivet.so in a host with its own SQLite, as the stock tool would use it. Nothing here calls the
 * library that this program is linked with, but to be told that it came second.
 */
#include <unistd.h>

#include "sql_run.h"

typedef struct extension_fixture {
  char *folder;
  char uri[600];
} extension_fixture;

/* .../tests/sql/test_vfs_extension -> .../trivet.so */
static int extension_path(char *out, size_t size) {
  ssize_t n = readlink("/proc/self/exe", out, size - 1);
  char *cut;
  if (n <= 0) return 0;
  out[n] = '\0';
  for (int i = 0; i < 3; i++) {
    cut = strrchr(out, '/');
    if (cut == NULL) return 0;
    *cut = '\0';
  }
  sqlite3_snprintf((int)(size - strlen(out)), out + strlen(out), "/trivet.so");
  return access(out, R_OK) == 0;
}

static int extension_setup(void **state) {
  extension_fixture *f = calloc(1, sizeof *f);
  char path[512];
  f->folder = test_folder_make();
  test_path(path, sizeof path, f->folder, "app.tv");
  sqlite3_snprintf(sizeof f->uri, f->uri, "file:%s?vfs=trivet", path);
  *state = f;
  return 0;
}

static int extension_teardown(void **state) {
  extension_fixture *f = *state;
  test_folder_remove(f->folder);
  free(f);
  return 0;
}

static void extension_load(void) {
  char path[600], *message = NULL;
  sqlite3 *host;
  if (!extension_path(path, sizeof path)) {
    print_message("trivet.so is not built in this flavour\n");
    skip();
  }
  assert_int_equal(sqlite3_open(":memory:", &host), SQLITE_OK);
  assert_int_equal(sqlite3_enable_load_extension(host, 1), SQLITE_OK);
  if (sqlite3_load_extension(host, path, NULL, &message) != SQLITE_OK) {
    print_message("%s: %s\n", path, message);
    fail();
  }
  sqlite3_close(host);
}

static sqlite3 *extension_open(const extension_fixture *f) {
  sqlite3 *sql;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI;
  assert_int_equal(sqlite3_open_v2(f->uri, &sql, flags, NULL), SQLITE_OK);
  return sql;
}

static void a_host_opens_a_store_by_uri(void **state) {
  extension_fixture *f = *state;
  sqlite3 *sql;
  extension_load();
  sql = extension_open(f);
  sql_is(sql, "PRAGMA journal_mode", "memory|\n");
  sql_run(sql,
          "CREATE TABLE t(a); BEGIN; INSERT INTO t VALUES(1); SAVEPOINT x;"
          "INSERT INTO t VALUES(2); ROLLBACK TO x; COMMIT");
  sql_is(sql, "SELECT name FROM pragma_module_list WHERE name = 'kv'", "kv|\n");
  sqlite3_close(sql);
  sql = extension_open(f);
  sql_is(sql, "SELECT a FROM t; PRAGMA integrity_check", "1|\nok|\n");
  sqlite3_close(sql);
}

static void a_store_attaches_to_a_plain_connection(void **state) {
  extension_fixture *f = *state;
  char text[700];
  sqlite3 *host;
  extension_load();
  assert_int_equal(
      sqlite3_open_v2(":memory:", &host,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI, NULL),
      SQLITE_OK);
  sqlite3_snprintf(sizeof text, text, "ATTACH '%s' AS x", f->uri);
  sql_run(host, text);
  sql_run(host, "PRAGMA journal_mode=off; CREATE TABLE x.t(a UNIQUE); INSERT INTO x.t VALUES(4)");
  assert_int_equal(sql_code(host, "INSERT INTO x.t VALUES(3), (4)"), SQLITE_CONSTRAINT_UNIQUE);
  sql_is(host, "PRAGMA x.journal_mode; SELECT count(*) FROM x.t; PRAGMA x.integrity_check",
         "memory|\n1|\nok|\n");
  sqlite3_close(host);
}

static void the_executor_runs_through_tv_query(void **state) {
  extension_fixture *f = *state;
  sqlite3 *sql;
  extension_load();
  sql = extension_open(f);
  sql_run(sql,
          "PRAGMA tv_executor = on;"
          "CREATE VIRTUAL TABLE t USING columnar(id INTEGER, name TEXT);"
          "INSERT INTO t WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < "
          "9000) SELECT i, 'n' || (i % 3) FROM s");
  sql_is(sql,
         "SELECT c1, c2 FROM tv_query('SELECT name, sum(id) FROM t WHERE id > ? GROUP BY 1 ORDER "
         "BY 1', 10)",
         "n0|13504482|\nn1|13498478|\nn2|13501485|\n");
  sqlite3_close(sql);
}

static void a_second_copy_of_the_library_is_refused(void **state) {
  tv_error err = {0, 0, ""};
  sqlite3 *sql;
  tv_db *db;
  (void)state;
  extension_load();
  db = test_open_memory();
  test_status(tv_sql_open(db, 0, &sql, &err), TV_EMISUSE);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_host_opens_a_store_by_uri, extension_setup,
                                      extension_teardown),
      cmocka_unit_test_setup_teardown(a_store_attaches_to_a_plain_connection, extension_setup,
                                      extension_teardown),
      cmocka_unit_test_setup_teardown(the_executor_runs_through_tv_query, extension_setup,
                                      extension_teardown),
      cmocka_unit_test(a_second_copy_of_the_library_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
