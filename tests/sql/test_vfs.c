/* SPDX-License-Identifier: MIT */
/* What stock SQLite can do with ordinary tables works inside a store, and persists. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "encode_internal.h"
#include "layer_internal.h"
#include "sql_run.h"

typedef struct vfs_fixture {
  char *folder;
  char path[512], other[512];
  tv_db *db;
  sqlite3 *sql;
} vfs_fixture;

static int vfs_setup(void **state) {
  vfs_fixture *f = calloc(1, sizeof *f);
  f->folder = test_folder_make();
  test_path(f->path, sizeof f->path, f->folder, "app.tv");
  test_path(f->other, sizeof f->other, f->folder, "other.db");
  f->db = test_open(f->path, 0);
  f->sql = sql_open(f->db, 0);
  *state = f;
  return 0;
}

static int vfs_teardown(void **state) {
  vfs_fixture *f = *state;
  sql_close(f->sql);
  test_close(f->db);
  test_folder_remove(f->folder);
  free(f);
  return 0;
}

static void vfs_reopen(vfs_fixture *f) {
  sql_close(f->sql);
  test_close(f->db);
  f->db = test_open(f->path, TV_OPEN_EXISTING);
  f->sql = sql_open(f->db, 0);
}

static void vfs_sound(vfs_fixture *f) {
  sql_is(f->sql, "PRAGMA integrity_check", "ok|\n");
}

static void the_schema_and_rows_persist_over_reopen(void **state) {
  vfs_fixture *f = *state;
  sql_run(f->sql,
          "CREATE TABLE orders(id INTEGER PRIMARY KEY, who TEXT NOT NULL, cents INTEGER,"
          " euro REAL GENERATED ALWAYS AS (cents / 100.0) STORED);"
          "CREATE INDEX orders_who ON orders(who);"
          "CREATE VIEW big AS SELECT * FROM orders WHERE cents > 1000;"
          "CREATE TABLE log(what TEXT);"
          "CREATE TRIGGER seen AFTER INSERT ON orders BEGIN INSERT INTO log VALUES(new.who); END;"
          "INSERT INTO orders(who, cents) VALUES('ada', 1250), ('bob', 300), ('cyd', 9900);");
  vfs_reopen(f);
  sql_is(f->sql, "SELECT who, euro FROM big ORDER BY who", "ada|12.5|\ncyd|99.0|\n");
  sql_is(f->sql, "SELECT group_concat(what) FROM log", "ada,bob,cyd|\n");
  sql_is(f->sql, "SELECT id FROM orders WHERE who = 'bob'", "2|\n");
  vfs_sound(f);
}

static void windows_foreign_keys_upserts_and_json_work(void **state) {
  vfs_fixture *f = *state;
  sql_run(f->sql,
          "PRAGMA foreign_keys=1; CREATE TABLE p(id INTEGER PRIMARY KEY);"
          "CREATE TABLE c(p REFERENCES p(id) ON DELETE CASCADE, v INT UNIQUE);"
          "INSERT INTO p VALUES(1),(2); INSERT INTO c VALUES(1,10),(1,20),(2,5);");
  assert_int_equal(sql_code(f->sql, "INSERT INTO c VALUES(3, 1)"), SQLITE_CONSTRAINT_FOREIGNKEY);
  sql_is(f->sql, "SELECT v, sum(v) OVER (ORDER BY v) FROM c", "5|5|\n10|15|\n20|35|\n");
  sql_run(f->sql, "DELETE FROM p WHERE id = 1");
  sql_is(f->sql, "SELECT count(*) FROM c", "1|\n");
  sql_run(f->sql, "INSERT INTO c VALUES(2, 5) ON CONFLICT(v) DO UPDATE SET v = 6");
  sql_is(f->sql, "SELECT json_group_array(v) FROM c", "[6]|\n");
}

static void full_text_search_persists(void **state) {
  vfs_fixture *f = *state;
  sql_run(f->sql,
          "CREATE VIRTUAL TABLE d USING fts5(t);"
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000)"
          "INSERT INTO d SELECT 'word' || i || ' common ' || (i % 7) FROM n;");
  vfs_reopen(f);
  sql_is(f->sql, "SELECT count(*) FROM d('word77 OR word78')", "2|\n");
  sql_is(f->sql, "SELECT count(*) FROM d('common')", "2000|\n");
  sql_run(f->sql,
          "INSERT INTO d(d) VALUES('optimize'); INSERT INTO d(d) VALUES('integrity-check')");
  vfs_sound(f);
}

static void blobs_of_many_pages_come_back_whole(void **state) {
  vfs_fixture *f = *state;
  sqlite3_blob *blob;
  char some[5] = "";
  sql_run(f->sql,
          "CREATE TABLE b(id INTEGER PRIMARY KEY, v BLOB);"
          "INSERT INTO b VALUES(1, randomblob(3000000)), (2, zeroblob(100000));"
          "UPDATE b SET v = CAST(hex(v) AS BLOB) WHERE id = 1");
  assert_int_equal(sqlite3_blob_open(f->sql, "main", "b", "v", 2, 1, &blob), SQLITE_OK);
  assert_int_equal(sqlite3_blob_write(blob, "hello", 5, 50000), SQLITE_OK);
  assert_int_equal(sqlite3_blob_close(blob), SQLITE_OK);
  vfs_reopen(f);
  sql_is(f->sql, "SELECT length(v), substr(v, 50001, 5) FROM b WHERE id = 2", "100000|hello|\n");
  sql_is(f->sql,
         "SELECT length(v), unhex_ok FROM (SELECT v, v NOT GLOB '*[^0-9A-F]*' AS unhex_ok"
         " FROM b WHERE id = 1)",
         "6000000|1|\n");
  assert_int_equal(sqlite3_blob_open(f->sql, "main", "b", "v", 2, 0, &blob), SQLITE_OK);
  assert_int_equal(sqlite3_blob_read(blob, some, 5, 50000), SQLITE_OK);
  assert_memory_equal(some, "hello", 5);
  sqlite3_blob_close(blob);
  vfs_sound(f);
}

static void vacuum_shrinks_and_keeps_the_page_layout(void **state) {
  vfs_fixture *f = *state;
  char *before, *after;
  sql_run(f->sql,
          "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX tb ON t(b);"
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<20000)"
          "INSERT INTO t SELECT i, 'row ' || i FROM n; DELETE FROM t WHERE a % 10;");
  before = sql_answer(f->sql, "PRAGMA page_count");
  sql_run(f->sql, "PRAGMA page_size=8192; VACUUM");
  after = sql_answer(f->sql, "PRAGMA page_count");
  assert_true(atoi(after) * 3 < atoi(before));
  sqlite3_free(before);
  sqlite3_free(after);
  sql_is(f->sql, "SELECT count(*), sum(a) FROM t", "2000|20010000|\n");
  vfs_sound(f);
  vfs_reopen(f);
  sql_is(f->sql, "SELECT count(*), sum(a) FROM t", "2000|20010000|\n");
  sql_run(f->sql, "INSERT INTO t VALUES(1, 'after')");
  vfs_sound(f);
}

static void auto_vacuum_gives_pages_back(void **state) {
  vfs_fixture *f = *state;
  char *before, *after;
  sql_run(f->sql, "PRAGMA auto_vacuum=full; CREATE TABLE t(b)");
  sql_is(f->sql, "PRAGMA auto_vacuum", "1|\n");
  sql_run(f->sql,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<500)"
          "INSERT INTO t SELECT randomblob(3000) FROM n");
  before = sql_answer(f->sql, "PRAGMA page_count");
  sql_run(f->sql, "DELETE FROM t WHERE rowid > 50");
  after = sql_answer(f->sql, "PRAGMA page_count");
  assert_true(atoi(after) * 5 < atoi(before));
  sqlite3_free(before);
  sqlite3_free(after);
  vfs_sound(f);
  vfs_reopen(f);
  sql_is(f->sql, "PRAGMA auto_vacuum; SELECT count(*) FROM t", "1|\n50|\n");
  vfs_sound(f);
}

static void plain_databases_attach_beside_the_store(void **state) {
  vfs_fixture *f = *state;
  char text[700];
  sql_run(f->sql, "CREATE TABLE t(a); INSERT INTO t VALUES(1),(2)");
  sqlite3_snprintf(sizeof text, text, "ATTACH '%s' AS o", f->other);
  sql_run(f->sql, text);
  sql_run(f->sql,
          "CREATE TABLE o.u AS SELECT a * 10 AS a FROM t;"
          "CREATE TEMP TABLE tmp AS SELECT a FROM o.u;"
          "BEGIN; INSERT INTO o.u VALUES(30); INSERT INTO t VALUES(3); COMMIT");
  sql_is(f->sql,
         "SELECT sum(a) FROM t UNION ALL SELECT sum(a) FROM o.u UNION ALL "
         "SELECT sum(a) FROM tmp",
         "6|\n60|\n30|\n");
  sql_run(f->sql, "DETACH o");
  vfs_sound(f);
}

static void another_store_attaches_by_uri(void **state) {
  vfs_fixture *f = *state;
  char text[700], path[512];
  test_path(path, sizeof path, f->folder, "second.tv");
  sql_run(f->sql, "CREATE TABLE t(a); INSERT INTO t VALUES(1),(2)");
  sqlite3_snprintf(sizeof text, text, "ATTACH 'file:%s?vfs=trivet' AS o", path);
  sql_run(f->sql, text);
  sql_run(f->sql,
          "CREATE TABLE o.u(a); INSERT INTO o.u SELECT a FROM t; BEGIN;"
          "INSERT INTO o.u VALUES(9); ROLLBACK");
  sql_is(f->sql, "SELECT count(*) FROM o.u; PRAGMA o.integrity_check", "2|\nok|\n");
  sql_run(f->sql, "DETACH o");
  sqlite3_snprintf(sizeof text, text, "ATTACH '%s' AS o", path); /* found to be a store */
  sql_run(f->sql, text);
  sql_is(f->sql, "SELECT count(*) FROM o.u", "2|\n");
  sql_run(f->sql, "DETACH o");
}

static void the_same_store_attached_twice_is_busy_at_once(void **state) {
  vfs_fixture *f = *state;
  char text[700];
  sql_run(f->sql, "CREATE TABLE t(a)");
  sqlite3_snprintf(sizeof text, text, "ATTACH 'file:%s?vfs=trivet' AS o", f->path);
  sql_run(f->sql, text);
  sql_run(f->sql, "BEGIN; INSERT INTO main.t VALUES(1)");
  assert_int_equal(sql_code(f->sql, "INSERT INTO o.t VALUES(2)"), SQLITE_BUSY);
  sql_run(f->sql, "COMMIT");
  sql_run(f->sql, "INSERT INTO o.t VALUES(2)");
  sql_is(f->sql, "SELECT group_concat(a) FROM main.t", "1,2|\n");
}

static void vacuum_into_writes_a_plain_database(void **state) {
  vfs_fixture *f = *state;
  sqlite3 *plain;
  char text[700];
  sql_run(f->sql, "CREATE TABLE t(a); INSERT INTO t VALUES(1),(2)");
  sqlite3_snprintf(sizeof text, text, "VACUUM INTO '%s'", f->other);
  sql_run(f->sql, text);
  assert_int_equal(sqlite3_open(f->other, &plain), SQLITE_OK);
  sql_is(plain, "SELECT sum(a) FROM t; PRAGMA integrity_check", "3|\nok|\n");
  sqlite3_close(plain);
}

static void backup_copies_out_but_not_a_foreign_layout_in(void **state) {
  vfs_fixture *f = *state;
  sqlite3 *plain;
  sqlite3_backup *backup;
  sql_run(f->sql,
          "CREATE TABLE t(a);"
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<5000)"
          "INSERT INTO t SELECT i FROM n");
  assert_int_equal(sqlite3_open(f->other, &plain), SQLITE_OK);
  backup = sqlite3_backup_init(plain, "main", f->sql, "main");
  assert_int_equal(sqlite3_backup_step(backup, -1), SQLITE_DONE);
  assert_int_equal(sqlite3_backup_finish(backup), SQLITE_OK);
  sql_is(plain, "SELECT count(*) FROM t; PRAGMA integrity_check", "5000|\nok|\n");
  sqlite3_close(plain);

  assert_int_equal(sqlite3_open(":memory:", &plain), SQLITE_OK);
  sql_run(plain, "CREATE TABLE foreign_one(a); INSERT INTO foreign_one VALUES(1)");
  backup = sqlite3_backup_init(f->sql, "main", plain, "main");
  (void)sqlite3_backup_step(backup, -1);
  assert_int_not_equal(sqlite3_backup_finish(backup), SQLITE_OK);
  sqlite3_close(plain);
  sql_is(f->sql, "SELECT count(*) FROM t", "5000|\n");
  vfs_reopen(f);
  sql_is(f->sql, "SELECT count(*) FROM t", "5000|\n");
  vfs_sound(f);
}

static void pragmas_tell_the_truth_and_change_nothing(void **state) {
  vfs_fixture *f = *state;
  char text[32];
  sqlite3_snprintf(sizeof text, text, "%u|\n", (unsigned)tvi_page_bytes(f->db));
  sql_is(f->sql, "PRAGMA journal_mode=wal", "memory|\n");
  sql_is(f->sql, "PRAGMA journal_mode=delete; PRAGMA main.journal_mode", "memory|\nmemory|\n");
  sql_is(f->sql, "PRAGMA locking_mode=exclusive", "normal|\n");
  sql_is(f->sql, "PRAGMA page_size=1024; PRAGMA page_size", text);
  sql_is(f->sql, "PRAGMA busy_timeout=1234; PRAGMA busy_timeout", "1234|\n1234|\n");
  assert_int_equal(sql_code(f->sql, "PRAGMA busy_timeout=soon"), SQLITE_ERROR);
  sql_is(f->sql, "PRAGMA tv_verify; PRAGMA tv_verify=1", "0|\n1|\n");
  sql_run(f->sql, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
  sql_is(f->sql, "SELECT * FROM t", "1|\n");
}

static void a_store_without_sql_opens_empty_and_read_only(void **state) {
  vfs_fixture *f = *state;
  sqlite3 *reader = sql_open(f->db, TV_SQL_READONLY);
  sql_is(reader, "SELECT count(*) FROM sqlite_schema", "0|\n");
  assert_int_equal(sql_code(reader, "CREATE TABLE t(a)"), SQLITE_READONLY);
  sql_run(f->sql, "CREATE TABLE t(a)");
  sql_is(reader, "SELECT count(*) FROM t", "0|\n");
  assert_int_equal(sql_code(reader, "INSERT INTO t VALUES(1)"), SQLITE_READONLY);
  sql_close(reader);
  sql_close(f->sql);
  test_close(f->db);
  f->db = test_open(f->path, TV_OPEN_READONLY);
  f->sql = sql_open(f->db, 0);
  sql_is(f->sql, "SELECT count(*) FROM t", "0|\n");
  assert_int_equal(sql_code(f->sql, "INSERT INTO t VALUES(1)"), SQLITE_READONLY);
}

static void a_store_in_memory_works(void **state) {
  tv_db *db = test_open_memory();
  sqlite3 *sql = sql_open(db, 0), *second = sql_open(db, 0);
  (void)state;
  sql_run(sql, "CREATE TABLE t(a); INSERT INTO t VALUES(7)");
  sql_is(second, "SELECT a FROM t", "7|\n");
  sql_close(sql);
  sql_is(second, "SELECT a FROM t; PRAGMA integrity_check", "7|\nok|\n");
  sql_close(second);
  test_close(db);
}

static void odd_paths_open(void **state) {
  static const char *const names[] = {"a b.tv", "100%.tv", "what?.tv", "a#b.tv", "a&vfs=x.tv"};
  vfs_fixture *f = *state;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[512];
    tv_db *db;
    sqlite3 *sql;
    test_path(path, sizeof path, f->folder, names[i]);
    db = test_open(path, 0);
    sql = sql_open(db, 0);
    sql_run(sql, "CREATE TABLE t(a)");
    assert_string_equal(strrchr(sqlite3_db_filename(sql, "main"), '/') + 1, names[i]);
    sql_close(sql);
    test_close(db);
  }
}

static void a_journal_beside_the_store_is_not_played_back(void **state) {
  vfs_fixture *f = *state;
  char path[600];
  FILE *file;
  sql_run(f->sql, "CREATE TABLE t(a); INSERT INTO t VALUES(7)");
  sqlite3_snprintf(sizeof path, path, "%s-journal", f->path);
  file = fopen(path, "wb");
  assert_non_null(file);
  for (int i = 0; i < 2048; i++) fputc("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"[i % 8], file);
  fclose(file);
  vfs_reopen(f);
  sql_is(f->sql, "SELECT a FROM t", "7|\n");
  assert_int_equal(access(path, F_OK), 0);
}

/* Changes one byte of a page's value through the engine. */
static void vfs_damage(tv_db *db, uint32_t page) {
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *store;
  tv_slice value;
  unsigned char key[4], copy[65536];
  test_ok(tvi_store_open(txn, TVI_KIND_SQL, "main", NULL, 0, tv_bytes(NULL, 0), &store));
  tvi_store_be32(key, page);
  test_ok(tv_store_get(store, tv_bytes(key, 4), &value));
  memcpy(copy, value.data, value.size);
  copy[200] ^= 1;
  test_ok(tv_store_put(store, tv_bytes(key, 4), tv_bytes(copy, value.size), 0));
  test_commit(txn);
}

static void a_damaged_page_is_found_out(void **state) {
  tv_error err = {0, 0, ""};
  vfs_fixture *f = *state;
  sql_run(f->sql,
          "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);"
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3000)"
          "INSERT INTO t SELECT i, 'some text ' || i FROM n");
  vfs_damage(f->db, 5);
  vfs_reopen(f);
  sql_run(f->sql, "PRAGMA tv_verify=1");
  assert_int_equal(sql_code(f->sql, "SELECT sum(length(b)) FROM t"), SQLITE_CORRUPT);
  vfs_damage(f->db, 1);
  sql_close(f->sql);
  test_status(tv_sql_open(f->db, 0, &f->sql, &err), TV_ECORRUPT);
  assert_null(f->sql);
}

static void the_file_is_as_many_pages_as_its_last_key_says(void **state) {
  vfs_fixture *f = *state;
  tv_txn *txn;
  tv_store *store;
  uint64_t count;
  char text[32];
  sql_run(f->sql,
          "CREATE TABLE t(b); INSERT INTO t VALUES(randomblob(100000));"
          "DELETE FROM t; INSERT INTO t VALUES(randomblob(20000))");
  txn = test_begin(f->db, TV_READ);
  test_ok(tvi_store_open(txn, TVI_KIND_SQL, "main", NULL, 0, tv_bytes(NULL, 0), &store));
  test_ok(tv_store_count(store, &count));
  tv_abort(txn);
  sqlite3_snprintf(sizeof text, text, "%llu|\n", (unsigned long long)count);
  sql_is(f->sql, "PRAGMA page_count", text);
}

/* SQLite need not write free pages, yet one that becomes the last makes the size of the file. */
static void a_last_page_that_was_never_written_counts(void **state) {
  vfs_fixture *f = *state;
  sql_run(f->sql,
          "PRAGMA secure_delete=0; PRAGMA auto_vacuum=incremental; CREATE TABLE t(b); BEGIN;"
          "INSERT INTO t VALUES(zeroblob(100000)); DELETE FROM t; COMMIT");
  vfs_reopen(f);
  vfs_sound(f);
  for (int i = 0; i < 5; i++) {
    sql_run(f->sql, "PRAGMA incremental_vacuum(3)");
    vfs_reopen(f);
    vfs_sound(f);
  }
  sql_run(f->sql, "INSERT INTO t VALUES(zeroblob(50000))");
  vfs_sound(f);
}

/* The last page of the file has nothing behind it, and a backup reads every page to its end. */
static void backup_reads_the_files_last_page(void **state) {
  vfs_fixture *f = *state;
  sqlite3 *plain;
  sqlite3_backup *backup;
  char text[100];
  sql_run(f->sql, "CREATE TABLE t(a)");
  for (int i = 0; i < 100; i++) {
    sqlite3_snprintf(sizeof text, text, "INSERT INTO t VALUES(zeroblob(%d))", i * 7919 % 30000);
    sql_run(f->sql, text);
    if (i % 5 == 4) sql_run(f->sql, "DELETE FROM t WHERE rowid % 4 = 1");
    assert_int_equal(sqlite3_open(":memory:", &plain), SQLITE_OK);
    backup = sqlite3_backup_init(plain, "main", f->sql, "main");
    assert_int_equal(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    assert_int_equal(sqlite3_backup_finish(backup), SQLITE_OK);
    sqlite3_close(plain);
  }
}

static void a_store_is_copied_into_a_store(void **state) {
  vfs_fixture *f = *state;
  tv_db *db = test_open_memory();
  sqlite3 *copy = sql_open(db, 0);
  sqlite3_backup *backup;
  sql_run(copy, "CREATE TABLE old(a)");
  sql_run(f->sql,
          "CREATE TABLE t(a);"
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<5000)"
          "INSERT INTO t SELECT i FROM n");
  backup = sqlite3_backup_init(copy, "main", f->sql, "main");
  assert_int_equal(sqlite3_backup_step(backup, -1), SQLITE_DONE);
  assert_int_equal(sqlite3_backup_finish(backup), SQLITE_OK);
  sql_is(copy, "SELECT name FROM sqlite_schema; SELECT sum(a) FROM t; PRAGMA integrity_check",
         "t|\n12502500|\nok|\n");
  sql_close(copy);
  test_close(db);
}

static void ways_of_opening_that_go_round_the_locks_are_refused(void **state) {
  static const char *const with[] = {"cache=shared", "nolock=1", "immutable=1"};
  vfs_fixture *f = *state;
  for (size_t i = 0; i < 3; i++) {
    char uri[700];
    sqlite3 *sql;
    sqlite3_snprintf(sizeof uri, uri, "file:%s?vfs=trivet&%s", f->path, with[i]);
    assert_int_equal(sqlite3_open_v2(uri, &sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, "trivet"),
                     SQLITE_CANTOPEN);
    sqlite3_close(sql);
  }
}

static void a_connection_turned_into_a_memory_database_forgets_the_store(void **state) {
  vfs_fixture *f = *state;
  sqlite3 *sql = sql_open(f->db, 0);
  sqlite3_int64 size;
  unsigned char *image;
  sqlite3 *plain;
  assert_int_equal(sqlite3_open(":memory:", &plain), SQLITE_OK);
  sql_run(plain, "CREATE TABLE p(a); INSERT INTO p VALUES(5)");
  image = sqlite3_serialize(plain, "main", &size, 0);
  sqlite3_close(plain);
  assert_int_equal(
      sqlite3_deserialize(sql, "main", image, size, size, SQLITE_DESERIALIZE_FREEONCLOSE),
      SQLITE_OK);
  sql_is(sql, "SELECT a FROM p", "5|\n");
  assert_null(tv_sql_db(sql));
  assert_int_not_equal(sql_code(sql, "SELECT * FROM kv('b')"), SQLITE_OK);
  sql_close(sql);
}

static void bad_arguments_have_their_own_status(void **state) {
  vfs_fixture *f = *state;
  sqlite3 *sql = NULL, *plain;
  tv_error err = {0, 0, ""};
  tv_txn *txn;
  test_status(tv_sql_open(NULL, 0, &sql, &err), TV_EINVAL);
  test_status(tv_sql_open(f->db, 0x80, &sql, &err), TV_EINVAL);
  assert_non_null(strstr(err.message, "0x80"));
  assert_int_equal(sqlite3_open(":memory:", &plain), SQLITE_OK);
  assert_null(tv_sql_db(plain));
  assert_non_null(tv_sql_db(f->sql));
  test_status(tv_sql_txn(plain, TV_READ, &txn, &err), TV_EINVAL);
  test_status(tv_sql_txn(f->sql, TV_READ, &txn, &err), TV_EMISUSE);
  test_status(tv_sql_leave(f->sql), TV_EMISUSE);
  sqlite3_close(plain);
}

#define vfs_test(name) cmocka_unit_test_setup_teardown(name, vfs_setup, vfs_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      vfs_test(the_schema_and_rows_persist_over_reopen),
      vfs_test(windows_foreign_keys_upserts_and_json_work),
      vfs_test(full_text_search_persists),
      vfs_test(blobs_of_many_pages_come_back_whole),
      vfs_test(vacuum_shrinks_and_keeps_the_page_layout),
      vfs_test(auto_vacuum_gives_pages_back),
      vfs_test(plain_databases_attach_beside_the_store),
      vfs_test(another_store_attaches_by_uri),
      vfs_test(the_same_store_attached_twice_is_busy_at_once),
      vfs_test(vacuum_into_writes_a_plain_database),
      vfs_test(backup_copies_out_but_not_a_foreign_layout_in),
      vfs_test(pragmas_tell_the_truth_and_change_nothing),
      vfs_test(a_store_without_sql_opens_empty_and_read_only),
      cmocka_unit_test(a_store_in_memory_works),
      vfs_test(odd_paths_open),
      vfs_test(a_journal_beside_the_store_is_not_played_back),
      vfs_test(a_damaged_page_is_found_out),
      vfs_test(the_file_is_as_many_pages_as_its_last_key_says),
      vfs_test(a_last_page_that_was_never_written_counts),
      vfs_test(backup_reads_the_files_last_page),
      vfs_test(a_store_is_copied_into_a_store),
      vfs_test(ways_of_opening_that_go_round_the_locks_are_refused),
      vfs_test(a_connection_turned_into_a_memory_database_forgets_the_store),
      vfs_test(bad_arguments_have_their_own_status),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
