/* SPDX-License-Identifier: MIT */
/* The quick check beside another process that writes: it must not take motion for damage. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check_internal.h"
#include "test_store.h"

#define CHECK_SECONDS 0.6

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The newest commit in the file; 0: none yet, or no file. */
static uint64_t newest_commit(const char *path) {
  tvi_check_source source;
  uint64_t newest = 0;
  if (tvi_check_source_open(&source, path, NULL) != TV_OK) return 0;
  if (tvi_check_source_read(&source, 0, NULL) == TV_OK) newest = source.meta.txn_id;
  tvi_check_source_close(&source);
  return newest;
}

/* A child that ends with its parent, so that a failed test leaves nobody writing. */
static pid_t fork_child(void) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) _exit(1);
  if (child == 0) (void)alarm(120); /* a timer is not inherited */
  return child;
}

static void stop(pid_t child) {
  int result;
  assert_int_equal(kill(child, SIGKILL), 0);
  assert_true(waitpid(child, &result, 0) == child);
  assert_true(WIFSIGNALED(result)); /* it had not ended by a failure of its own */
}

/* Commits as fast as it can, so that pages are used again at once. */
static void write_for_ever(const char *path) {
  tv_options options = {.durability = TV_BULK};
  tv_error err;
  tv_db *db;
  unsigned round;
  if (tv_open(path, &options, &db, &err) != TV_OK) _exit(1);
  for (round = 0;; round++) {
    tv_txn *txn;
    unsigned i;
    if (tv_begin(db, TV_WRITE, &txn, &err) != TV_OK) _exit(1);
    for (i = 0; i < 8; i++) {
      char name[8], key[16], value[6000];
      tv_store *store;
      size_t size = (size_t)snprintf(key, sizeof key, "%u", (round * 8 + i) * 2654435761u % 400);
      snprintf(name, sizeof name, "s%u", i);
      memset(value, (int)round, sizeof value);
      if (tv_store_open(txn, name, TV_CREATE, &store) != TV_OK ||
          tv_store_put(store, tv_bytes(key, size),
                       tv_bytes(value, i == 0 ? sizeof value : round % 300), 0) != TV_OK)
        _exit(1);
    }
    if (tv_commit(txn, &err) != TV_OK) _exit(1);
  }
}

static void a_store_being_written_is_never_called_damaged(void **state) {
  char path[4200], *folder = test_folder_make();
  size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
  uint64_t first, last, rounds;
  double end;
  pid_t child;
  (void)state;
  test_path(path, sizeof path, folder, "busy.tv");
  test_close(test_open(path, 0));
  child = fork_child();
  if (child == 0) write_for_ever(path);
  first = newest_commit(path);
  end = seconds() + CHECK_SECONDS;
  for (rounds = 0; seconds() < end || newest_commit(path) < first + 200; rounds++) {
    tv_error err = {0};
    int status = tvi_check_open(path, page_bytes, &err);
    if (status != TV_OK) print_error("%s\n", err.message);
    test_ok(status);
  }
  stop(child);
  last = newest_commit(path);
  print_message("%llu checks beside %llu commits\n", (unsigned long long)rounds,
                (unsigned long long)(last - first));
  test_ok(tv_check_file(path, NULL, NULL, NULL, NULL)); /* and killing it did no harm */
  test_folder_remove(folder);
}

static void create_for_ever(const char *path, const char *lock) {
  for (;;) {
    tv_options options = {.durability = TV_BULK};
    tv_error err;
    tv_db *db;
    (void)unlink(path);
    (void)unlink(lock);
    if (tv_open(path, &options, &db, &err) != TV_OK || tv_close(db, &err) != TV_OK) _exit(1);
  }
}

static void a_store_being_made_is_never_called_foreign(void **state) {
  char path[4200], lock[4200], *folder = test_folder_make();
  size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
  uint64_t made = 0, before = 0;
  double end;
  pid_t child;
  (void)state;
  test_path(path, sizeof path, folder, "new.tv");
  test_path(lock, sizeof lock, folder, "new.tv-lock");
  child = fork_child();
  if (child == 0) create_for_ever(path, lock);
  end = seconds() + CHECK_SECONDS;
  while (seconds() < end || made < 20) {
    tv_error err = {0};
    uint64_t commit;
    int status = tvi_check_open(path, page_bytes, &err);
    if (status != TV_OK) print_error("%s\n", err.message);
    test_ok(status);
    commit = newest_commit(path);
    made += before == 0 && commit > 0;
    before = commit;
  }
  stop(child);
  test_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_store_being_written_is_never_called_damaged),
      cmocka_unit_test(a_store_being_made_is_never_called_foreign),
  };
  if (access("/dev/shm", W_OK) == 0) (void)setenv("TMPDIR", "/dev/shm", 0); /* faster commits */
  (void)alarm(300); /* a check that hangs is a failure too */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
