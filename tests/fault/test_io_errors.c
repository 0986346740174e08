/* SPDX-License-Identifier: MIT */
/*
 * Every write, sync and truncation fails once, as a full disk and as a broken one. What was
 * acknowledged stays, what was not is gone or whole, the database refuses further writes until it
 * is opened anew, and no sync is tried again.
 */
#include "test_store.h"

#include <stdio.h>

#include "io_faults.h"

enum { COMMITS = 12, ROWS = 40 };

static char *folder;
static char path[4200];

static void remove_store(void) {
  char lock[4300];
  snprintf(lock, sizeof lock, "%s-lock", path);
  unlink(path);
  unlink(lock);
}

/* Commit number n writes ROWS rows that all say n. */
static int commit_one(tv_db *db, int n, tv_error *err) {
  tv_txn *txn;
  tv_store *s;
  char value[700];
  int i, status = tv_begin(db, TV_WRITE, &txn, err);
  if (status != TV_OK) return status;
  memset(value, n, sizeof value);
  status = tv_store_open(txn, "s", TV_CREATE, &s);
  for (i = 0; i < ROWS && status == TV_OK; i++) {
    char key[16];
    snprintf(key, sizeof key, "%03d", i);
    status = tv_store_put(s, tv_str(key), tv_bytes(value, sizeof value), 0);
  }
  if (status == TV_OK) return tv_commit(txn, err);
  tv_abort(txn);
  return status;
}

/* The number that all rows say; 0 for none. */
static int committed(tv_db *db) {
  tv_txn *txn = test_begin(db, TV_READ);
  tv_store *s;
  tv_slice key, value;
  tv_cursor *c;
  int n = 0, rows = 0;
  if (tv_store_open(txn, "s", 0, &s) == TV_OK) {
    test_ok(tv_cursor_open(s, &c));
    while (tv_cursor_next(c, &key, &value) == TV_OK) {
      const unsigned char *bytes = value.data;
      assert_int_equal(value.size, 700);
      if (rows++ == 0) n = bytes[0];
      assert_int_equal(bytes[0], n);
      assert_int_equal(bytes[699], n);
    }
    assert_true(rows == 0 || rows == ROWS);
  }
  tv_abort(txn);
  return n;
}

/* LMDB takes a failed meta page back by writing old numbers over new roots: of no harm until it is
 * next. */
static void only_the_older_meta_page(void *ctx, const char *sentence) {
  (void)ctx;
  if (strstr(sentence, "the older meta page") == NULL) fail_msg("%s", sentence);
}

static void check_is_sound(void) {
  tv_check_report report;
  tv_error err = {0};
  if (tv_check_file(path, NULL, NULL, &report, &err) != TV_OK) fail_msg("%s", err.message);
}

/* Returns 1 when a failure was injected, 0 when the run needed fewer calls. */
static int run_with_failure(long call, int kinds, int error, int short_write) {
  tv_options options = {0};
  tv_error err = {0};
  tv_db *db;
  tv_check_report report;
  int n, last = 0, status = TV_OK;
  remove_store();
  test_ok(tv_open(path, &options, &db, &err));
  io_watch(path);
  io.short_write = short_write;
  io_fail_at(call, kinds, error);
  for (n = 1; n <= COMMITS && status == TV_OK; n++) {
    status = commit_one(db, n, &err);
    if (status == TV_OK) last = n;
  }
  io.countdown = -1;
  if (io.failures == 0) {
    assert_int_equal(last, COMMITS);
    test_close(db);
    return 0;
  }
  assert_true(status == TV_ENOSPC || status == TV_EIO);
  assert_string_not_equal(err.message, "");
  if (error == ENOSPC && !short_write) assert_int_equal(status, TV_ENOSPC);
  test_status(commit_one(db, 99, &err), TV_EIO); /* refuses until opened anew */
  test_close(db);
  (void)tv_check_file(path, only_the_older_meta_page, NULL, &report, &err);
  db = test_open(path, TV_OPEN_EXISTING);
  n = committed(db);
  assert_in_range(n, last, last + 1); /* the failed one whole, or not at all */
  test_ok(commit_one(db, 50, &err));
  assert_int_equal(committed(db), 50);
  test_close(db);
  check_is_sound();
  return 1;
}

static void run_all(int kinds, int error, int short_write) {
  long call;
  for (call = 0; run_with_failure(call, kinds, error, short_write); call++) assert_true(call < 500);
  assert_true(call > 5 || kinds == IO_TRUNCATE);
}

static void every_write_may_find_the_disk_full(void **state) {
  (void)state;
  run_all(IO_WRITE, ENOSPC, 0);
}

static void every_write_may_fail(void **state) {
  (void)state;
  run_all(IO_WRITE, EIO, 0);
}

static void every_write_may_be_cut_short(void **state) {
  (void)state;
  run_all(IO_WRITE, EIO, 1);
}

static void every_sync_may_fail_and_is_not_tried_again(void **state) {
  (void)state;
  run_all(IO_SYNC, EIO, 0);
  run_all(IO_SYNC, ENOSPC, 0);
}

static void every_truncation_may_fail(void **state) {
  (void)state;
  run_all(IO_TRUNCATE, ENOSPC, 0);
}

static void creating_a_store_may_fail_at_every_call(void **state) {
  long call;
  int failed = 1;
  (void)state;
  for (call = 0; failed; call++) {
    tv_error err = {0};
    tv_db *db;
    int fd, status;
    assert_true(call < 500);
    remove_store();
    fd = open(path, O_CREAT | O_WRONLY, 0644); /* so that it can be watched before it is opened */
    assert_true(fd >= 0);
    close(fd);
    io_watch(path);
    io_fail_at(call, IO_WRITE | IO_SYNC | IO_TRUNCATE, ENOSPC);
    status = tv_open(path, NULL, &db, &err);
    io.countdown = -1;
    failed = io.failures != 0;
    if (failed) {
      assert_true(status < 0);
      assert_string_not_equal(err.message, "");
      test_ok(tv_open(path, NULL, &db, &err)); /* and the next try succeeds */
    } else {
      test_ok(status);
    }
    test_ok(commit_one(db, 1, &err));
    assert_int_equal(committed(db), 1);
    test_close(db);
  }
  assert_true(call > 3);
}

static int set_up(void **state) {
  (void)state;
  io.countdown = -1;
  folder = test_folder_make_fast();
  test_path(path, sizeof path, folder, "a.tv");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  io.watching = 0;
  test_folder_remove(folder);
  return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_write_may_find_the_disk_full), TEST(every_write_may_fail),
      TEST(every_write_may_be_cut_short),       TEST(every_sync_may_fail_and_is_not_tried_again),
      TEST(every_truncation_may_fail),          TEST(creating_a_store_may_fail_at_every_call),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
