/* SPDX-License-Identifier: MIT */
/*
 * Readers that die with their transactions open. Their slots keep pinning the snapshot they saw, so
 * the file grows; once they are reaped, its free pages serve again and it grows no further.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test_store.h"

enum { ROUNDS = 5, READERS = 100, CHURN = 60 };

static char *folder, path[4200];
static atomic_int *standing; /* children with an open transaction, or -1 after a failure */

static int set_up(void **state) {
  void *memory =
      mmap(NULL, sizeof *standing, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  (void)state;
  if (memory == MAP_FAILED) return -1;
  standing = memory;
  folder = test_folder_make_fast();
  test_path(path, sizeof path, folder, "a.tv");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  munmap(standing, sizeof *standing);
  test_folder_remove(folder);
  return 0;
}

static void churn(tv_db *db, int transactions) {
  static char value[1000];
  int i, j;
  for (i = 0; i < transactions; i++) {
    tv_txn *txn = test_begin(db, TV_WRITE);
    tv_store *store;
    test_ok(tv_store_open(txn, "s", TV_CREATE, &store));
    for (j = 0; j < 20; j++) {
      char key[16];
      snprintf(key, sizeof key, "%02d", j);
      memset(value, i + j, sizeof value);
      test_ok(tv_store_put(store, tv_str(key), tv_bytes(value, sizeof value), 0));
    }
    test_commit(txn);
  }
}

static void read_for_ever(void) {
  tv_store *store;
  tv_slice value;
  tv_txn *txn;
  tv_db *db;
  if (tv_open(path, NULL, &db, NULL) != TV_OK || tv_begin(db, TV_READ, &txn, NULL) != TV_OK ||
      tv_store_open(txn, "s", 0, &store) != TV_OK ||
      tv_store_get(store, tv_str("01"), &value) != TV_OK) {
    atomic_store(standing, -READERS);
    _exit(1);
  }
  atomic_fetch_add(standing, 1);
  for (;;) pause();
}

static void stand_readers(pid_t *pids, int n) {
  struct timespec pause = {0, 1000000};
  int i;
  atomic_store(standing, 0);
  for (i = 0; i < n; i++) {
    pids[i] = fork();
    assert_true(pids[i] >= 0);
    if (pids[i] == 0) read_for_ever();
  }
  while (atomic_load(standing) >= 0 && atomic_load(standing) < n) nanosleep(&pause, NULL);
  assert_int_equal(atomic_load(standing), n);
}

static void kill_readers(const pid_t *pids, int n) {
  int i, result;
  for (i = 0; i < n; i++) assert_int_equal(kill(pids[i], SIGKILL), 0);
  for (i = 0; i < n; i++) assert_int_equal(waitpid(pids[i], &result, 0), pids[i]);
}

static tv_db_stat stat_of(tv_db *db) {
  tv_txn *txn = test_begin(db, TV_READ);
  tv_db_stat stat;
  test_ok(tv_stat(txn, &stat));
  tv_abort(txn);
  return stat;
}

static int count_reader(void *ctx, const tv_reader *reader) {
  (void)reader;
  ++*(int *)ctx;
  return 0;
}

static int readers_of(tv_db *db) {
  int n = 0;
  test_ok(tv_readers(db, count_reader, &n, NULL));
  return n;
}

static void five_hundred_killed_readers_are_reaped_and_the_file_stays_small(void **state) {
  tv_db *db = test_open(path, 0);
  pid_t pids[READERS];
  uint64_t pinned = 0, before, reaped_all = 0;
  int round;
  (void)state;
  churn(db, CHURN);
  for (round = 0; round < ROUNDS; round++) {
    uint32_t reaped = 0;
    before = stat_of(db).pages_used;
    stand_readers(pids, READERS);
    kill_readers(pids, READERS);
    churn(db, CHURN);
    assert_int_equal(readers_of(db), READERS);
    pinned = stat_of(db).pages_used;
    test_ok(tv_readers_reap(db, &reaped, NULL));
    assert_int_equal(reaped, READERS);
    assert_int_equal(readers_of(db), 0);
    reaped_all += reaped;
    /* The first dead cost pages; what they gave back serves while the next ones stand. */
    if (round == 0) assert_true(pinned > before + CHURN);
    if (round > 1) assert_true(pinned <= before + 60);
    churn(db, 3 * CHURN);
    assert_true(stat_of(db).pages_used <= pinned + 20);
  }
  print_message("%d readers killed; %u pages at the end\n", (int)reaped_all, (unsigned)pinned);
  test_close(db);
}

static void slots_of_the_dead_serve_when_none_is_left(void **state) {
  tv_options options = {.readers_max = 12};
  tv_error err = {0};
  pid_t pids[12];
  tv_txn *txn;
  tv_db *db;
  (void)state;
  test_ok(tv_open(path, &options, &db, &err));
  churn(db, 2);
  stand_readers(pids, 12);
  test_status(tv_begin(db, TV_READ, &txn, &err), TV_EREADERS);
  assert_true(strstr(err.message, "12") != NULL || strstr(err.message, "reader") != NULL);
  churn(db, 2); /* a writer needs no slot */
  kill_readers(pids, 12);
  test_ok(tv_begin(db, TV_READ, &txn, &err));
  tv_abort(txn);
  assert_int_equal(readers_of(db), 0);
  test_close(db);
}

static void opening_reaps_the_dead(void **state) {
  pid_t pids[20];
  tv_db *db = test_open(path, 0);
  uint32_t reaped = 7;
  (void)state;
  churn(db, 2);
  test_close(db);
  stand_readers(pids, 20);
  kill_readers(pids, 20);
  db = test_open(path, 0);
  assert_int_equal(readers_of(db), 0);
  test_ok(tv_readers_reap(db, &reaped, NULL));
  assert_int_equal(reaped, 0);
  test_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(five_hundred_killed_readers_are_reaped_and_the_file_stays_small),
      TEST(slots_of_the_dead_serve_when_none_is_left),
      TEST(opening_reaps_the_dead),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
