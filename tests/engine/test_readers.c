/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test_store.h"

typedef struct seen {
  int count;
  tv_reader last;
} seen;

static int note(void *ctx, const tv_reader *reader) {
  seen *s = ctx;
  s->count++;
  s->last = *reader;
  return 0;
}

static void warn(void *ctx, const tv_reader *reader) {
  (void)note(ctx, reader);
}

static void churn(tv_db *db, int rounds) {
  static char value[1000];
  int i;
  for (i = 0; i < rounds; i++) {
    tv_txn *txn = test_begin(db, TV_WRITE);
    tv_store *s;
    char key[16];
    memset(value, i, sizeof value);
    snprintf(key, sizeof key, "%d", i % 10);
    test_ok(tv_store_open(txn, "s", TV_CREATE, &s));
    test_ok(tv_store_put(s, tv_str(key), tv_bytes(value, sizeof value), 0));
    test_commit(txn);
  }
}

static void a_forgotten_reader_is_shown_with_what_it_pins(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn;
  seen s = {0};
  struct timespec pause = {0, 30000000};
  (void)state;
  churn(db, 3);
  txn = test_begin(db, TV_READ);
  nanosleep(&pause, NULL);
  churn(db, 20);
  test_ok(tv_readers(db, note, &s, NULL));
  assert_int_equal(s.count, 1);
  assert_int_equal(s.last.pid, getpid());
  assert_int_equal(s.last.snapshot, tv_txn_snapshot(txn));
  assert_int_equal(s.last.behind, 20);
  assert_in_range(s.last.pages_pinned, 20, 400);
  assert_in_range(s.last.age_ms, 10, 60000);
  tv_abort(txn);
  s.count = 0;
  test_ok(tv_readers(db, note, &s, NULL));
  assert_int_equal(s.count, 0);
  test_close(db);
}

static void a_watch_warns_after_a_commit(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn;
  seen s = {0};
  (void)state;
  churn(db, 3);
  txn = test_begin(db, TV_READ);
  churn(db, 10);
  test_ok(tv_readers_watch(db, 0, 1000000, warn, &s, NULL));
  churn(db, 1);
  assert_int_equal(s.count, 0);
  test_ok(tv_readers_watch(db, 0, 5, warn, &s, NULL));
  churn(db, 5);
  assert_int_equal(s.count, 1); /* not at every commit */
  test_ok(tv_readers_watch(db, 0, 0, NULL, NULL, NULL));
  test_status(tv_readers_watch(db, -1, 0, warn, &s, NULL), TV_EINVAL);
  tv_abort(txn);
  test_close(db);
}

static void a_killed_reader_is_reaped(void **state) {
  char *folder = test_folder_make(), path[4200], byte;
  uint32_t reaped = 0;
  seen s = {0};
  pid_t child;
  int pipes[2], result;
  tv_db *db;
  (void)state;
  test_path(path, sizeof path, folder, "a.tv");
  db = test_open(path, 0);
  churn(db, 2);
  assert_int_equal(pipe(pipes), 0);
  child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    tv_db *own;
    tv_txn *txn;
    if (tv_open(path, NULL, &own, NULL) != TV_OK || tv_begin(own, TV_READ, &txn, NULL) != TV_OK)
      _exit(1);
    if (write(pipes[1], "r", 1) != 1) _exit(2);
    for (;;) pause();
  }
  assert_int_equal(read(pipes[0], &byte, 1), 1);
  churn(db, 5);
  test_ok(tv_readers(db, note, &s, NULL));
  assert_int_equal(s.count, 1);
  assert_int_equal(s.last.pid, child);
  assert_int_equal(s.last.behind, 5);
  assert_int_equal(s.last.age_ms, -1);
  assert_int_equal(kill(child, SIGKILL), 0);
  assert_int_equal(waitpid(child, &result, 0), child);
  test_ok(tv_readers_reap(db, &reaped, NULL));
  assert_int_equal(reaped, 1);
  s.count = 0;
  test_ok(tv_readers(db, note, &s, NULL));
  assert_int_equal(s.count, 0);
  close(pipes[0]);
  close(pipes[1]);
  test_close(db);
  test_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_forgotten_reader_is_shown_with_what_it_pins),
      cmocka_unit_test(a_watch_warns_after_a_commit),
      cmocka_unit_test(a_killed_reader_is_reaped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
