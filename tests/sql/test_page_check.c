/* SPDX-License-Identifier: MIT */
/* Stored SQL pages are changed behind SQLite's back; each is told by its number. */
#include <stdio.h>
#include <string.h>

#include "encode_internal.h"
#include "layer_internal.h"
#include "test_store.h"
#include "trivet_sql.h"

typedef struct told {
  uint32_t pages[16];
  int n;
  char last[256];
} told;

static void told_hear(void *ctx, uint32_t page, const char *sentence) {
  told *t = ctx;
  if (t->n < 16) t->pages[t->n] = page;
  t->n++;
  snprintf(t->last, sizeof t->last, "%s", sentence);
}

static int told_check(tv_txn *txn, told *t, tv_sql_check_report *report) {
  tv_sql_check_hooks hooks = {told_hear, NULL, t};
  memset(t, 0, sizeof *t);
  return tv_sql_check_pages(txn, &hooks, report);
}

static tv_db *told_open(void) {
  tv_db *db = test_open_memory();
  sqlite3 *sql;
  test_ok(tv_sql_open(db, 0, &sql, NULL));
  assert_int_equal(
      sqlite3_exec(sql,
                   "CREATE TABLE t(a, b); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                   "FROM n WHERE i < 3000) INSERT INTO t SELECT i, hex(i * 7919) FROM n",
                   NULL, NULL, NULL),
      SQLITE_OK);
  assert_int_equal(sqlite3_close(sql), SQLITE_OK);
  return db;
}

static void sound_pages_are_counted(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_READ);
  tv_sql_check_report report;
  told t;
  (void)unused;
  test_ok(told_check(txn, &t, &report));
  assert_int_equal(report.pages, 0);
  tv_abort(txn);
  test_close(db);
  db = told_open();
  txn = test_begin(db, TV_READ);
  test_ok(told_check(txn, &t, &report));
  assert_true(report.pages > 10);
  assert_int_equal(report.problems, 0);
  test_ok(tv_sql_check_pages(txn, NULL, NULL));
  tv_abort(txn);
  test_close(db);
}

static void a_flipped_byte_of_any_page_is_told_by_its_number(void **unused) {
  tv_db *db = told_open();
  tv_txn *txn = test_begin(db, TV_WRITE);
  unsigned char key[4], stored[70000];
  tv_sql_check_report report;
  tv_store *store;
  tv_slice value;
  uint64_t count;
  uint32_t page;
  told t;
  (void)unused;
  test_ok(tvi_store_open(txn, TVI_KIND_SQL, "main", NULL, 0, tv_bytes(NULL, 0), &store));
  test_ok(tv_store_count(store, &count));
  for (page = 1; page <= count; page++) {
    size_t at, size;
    tvi_store_be32(key, page);
    test_ok(tv_store_get(store, tv_bytes(key, 4), &value));
    size = value.size;
    assert_true(size <= sizeof stored);
    memcpy(stored, value.data, size);
    at = page == 1 ? size - 1 : page * 131 % size; /* once within the checksum itself */
    stored[at] ^= 0x40;
    test_ok(tv_store_put(store, tv_bytes(key, 4), tv_bytes(stored, size), 0));
    test_status(told_check(txn, &t, &report), TV_ECORRUPT);
    assert_int_equal(t.n, 1);
    assert_int_equal(t.pages[0], page);
    assert_int_equal(report.problems, 1);
    assert_string_equal(tv_txn_error(txn)->message, t.last);
    stored[at] ^= 0x40;
    test_ok(tv_store_put(store, tv_bytes(key, 4), tv_bytes(stored, size), 0));
  }
  test_ok(told_check(txn, &t, &report));
  test_ok(tv_store_put(store, tv_bytes(key, 4), tv_bytes(stored, 100), 0));
  test_ok(tv_store_put(store, tv_bytes(key, 3), tv_bytes(stored, 100), 0));
  test_status(told_check(txn, &t, &report), TV_ECORRUPT);
  assert_int_equal(t.n, 2);
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sound_pages_are_counted),
      cmocka_unit_test(a_flipped_byte_of_any_page_is_told_by_its_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
