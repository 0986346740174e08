/* SPDX-License-Identifier: MIT */
#include "test_store.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void test_status_at(int status, int expected, const char *call, const char *file, int line) {
  if (status != expected)
    print_error("%s gave %s, not %s\n", call, tv_status_name(status), tv_status_name(expected));
  _assert_int_equal((uintmax_t)(intmax_t)status, (uintmax_t)(intmax_t)expected, file, line);
}

tv_db *test_open_memory(void) {
  return test_open(NULL, 0);
}

tv_db *test_open(const char *path, unsigned flags) {
  tv_options options = {.flags = flags};
  tv_error err = {0};
  tv_db *db = NULL;
  int status = tv_open(path, &options, &db, &err);
  if (status != TV_OK) print_error("tv_open: %s\n", err.message);
  test_ok(status);
  return db;
}

void test_close(tv_db *db) {
  tv_error err = {0};
  int status = tv_close(db, &err);
  if (status != TV_OK) print_error("tv_close: %s\n", err.message);
  test_ok(status);
}

tv_txn *test_begin(tv_db *db, unsigned mode) {
  tv_error err = {0};
  tv_txn *txn = NULL;
  int status = tv_begin(db, mode, &txn, &err);
  if (status != TV_OK) print_error("tv_begin: %s\n", err.message);
  test_ok(status);
  return txn;
}

void test_commit(tv_txn *txn) {
  tv_error err = {0};
  int status = tv_commit(txn, &err);
  if (status != TV_OK) print_error("tv_commit: %s\n", err.message);
  test_ok(status);
}

static char *test_folder_below(const char *parent) {
  char *path = malloc(4096);
  assert_non_null(path);
  snprintf(path, 4096, "%s/trivet-test-XXXXXX", parent);
  assert_non_null(mkdtemp(path));
  return path;
}

char *test_folder_make(void) {
  const char *parent = getenv("TMPDIR");
  return test_folder_below(parent != NULL && *parent != '\0' ? parent : "/tmp");
}

char *test_folder_make_fast(void) {
  return access("/dev/shm", W_OK) == 0 ? test_folder_below("/dev/shm") : test_folder_make();
}

static int test_remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at) {
  (void)info;
  (void)kind;
  (void)at;
  return remove(path);
}

void test_folder_remove(char *folder) {
  (void)nftw(folder, test_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  free(folder);
}

void test_path(char *out, size_t size, const char *folder, const char *name) {
  int n = snprintf(out, size, "%s/%s", folder, name);
  assert_true(n > 0 && (size_t)n < size);
}

uint64_t test_seed(void) {
  const char *given = getenv("TV_TEST_SEED");
  uint64_t seed;
  if (given != NULL && *given != '\0') {
    seed = strtoull(given, NULL, 0);
  } else {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    seed = (uint64_t)now.tv_sec * 1000003 ^ (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 32;
  }
  print_message("TV_TEST_SEED=%llu\n", (unsigned long long)seed);
  return seed;
}

uint64_t test_random(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

int test_slice_is(tv_slice slice, const char *text) {
  return slice.size == strlen(text) && memcmp(slice.data, text, slice.size) == 0;
}
