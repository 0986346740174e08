/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_kv.h"

#define LOAD_KEYS 20000

/* What the load of `seed` ends with: value number of each key, -1: none. */
static void load_oracle(uint64_t seed, size_t adds, int *last) {
  size_t i;
  for (i = 0; i < LOAD_KEYS; i++) last[i] = -1;
  for (i = 0; i < adds; i++) last[test_random(&seed) % LOAD_KEYS] = (int)i;
}

static void load_add_all(tv_kv_load *load, uint64_t seed, size_t adds) {
  tv_error err;
  size_t i;
  for (i = 0; i < adds; i++) {
    char key[16], value[32];
    snprintf(key, sizeof key, "k%llu", (unsigned long long)(test_random(&seed) % LOAD_KEYS));
    snprintf(value, sizeof value, "value %zu", i);
    test_ok(tv_kv_load_add(load, tv_str(key), tv_str(value), &err));
  }
}

static void load_compare(tv_bucket *bucket, const int *last) {
  uint64_t n, expected = 0;
  size_t i;
  for (i = 0; i < LOAD_KEYS; i++) {
    char key[16], text[32];
    tv_slice value;
    int status;
    snprintf(key, sizeof key, "k%zu", i);
    status = tv_kv_get(bucket, tv_str(key), &value);
    if (last[i] < 0) {
      test_status(status, TV_NOTFOUND);
      continue;
    }
    expected++;
    test_ok(status);
    snprintf(text, sizeof text, "value %d", last[i]);
    assert_true(test_slice_is(value, text));
  }
  test_ok(tv_kv_count(bucket, &n));
  assert_int_equal(n, expected);
}

static int load_files_in(const char *folder) {
  DIR *dir = opendir(folder);
  int n = 0;
  assert_non_null(dir);
  while (readdir(dir) != NULL) n++;
  closedir(dir);
  return n - 2;
}

/* In memory, with a few runs, with many; each key several times. */
static void the_last_value_of_each_key_is_loaded(void **unused) {
  static const uint64_t memories[] = {0, 1 << 20, 256 << 10};
  char *folder = test_folder_make();
  int *last = malloc(LOAD_KEYS * sizeof *last);
  uint64_t seed = test_seed();
  size_t m;
  (void)unused;
  assert_non_null(last);
  load_oracle(seed, 40000, last);
  for (m = 0; m < 3; m++) {
    tv_kv_load_options options = {.memory_bytes = memories[m], .folder = folder};
    tv_db *db = test_open_memory();
    tv_txn *txn = test_begin(db, TV_WRITE);
    tv_bucket *bucket;
    tv_kv_load *load;
    uint64_t put;
    tv_error err;
    test_ok(tv_kv_open(txn, "b", TV_CREATE, NULL, &bucket));
    test_ok(tv_kv_load_open(&options, &load, &err));
    load_add_all(load, seed, 40000);
    assert_int_equal(load_files_in(folder), 0);
    test_status(tv_kv_load_put(load, bucket, 0, &put), TV_END);
    load_compare(bucket, last);
    test_status(tv_kv_load_put(load, bucket, 0, &put), TV_END);
    assert_int_equal(put, 0);
    test_status(tv_kv_load_add(load, tv_str("k"), tv_str("v"), &err), TV_EMISUSE);
    tv_kv_load_close(load);
    tv_abort(txn);
    test_close(db);
  }
  free(last);
  test_folder_remove(folder);
}

/* Batches, every third of which is rolled back and done again, into a bucket that has entries. */
static void a_load_is_committed_in_batches_that_may_fail(void **unused) {
  static const uint64_t memories[] = {0, 256 << 10};
  int *last = malloc(LOAD_KEYS * sizeof *last);
  uint64_t seed = test_seed();
  size_t m;
  (void)unused;
  assert_non_null(last);
  load_oracle(seed, 30000, last);
  for (m = 0; m < 2; m++) {
    tv_kv_load_options options = {.memory_bytes = memories[m]};
    tv_db *db = test_open_memory();
    tv_txn *txn = test_begin(db, TV_WRITE);
    tv_bucket *bucket;
    tv_kv_load *load;
    uint64_t put, sum = 0, expected = 0;
    tv_error err;
    int status = TV_OK;
    size_t i;
    for (i = 0; i < LOAD_KEYS; i++) expected += last[i] >= 0;
    test_ok(tv_kv_open(txn, "b", TV_CREATE, NULL, &bucket));
    for (i = 0; i < LOAD_KEYS; i++) {
      char key[16];
      snprintf(key, sizeof key, "k%zu", i);
      if (last[i] >= 0) test_ok(tv_kv_put(bucket, tv_str(key), tv_str("old")));
    }
    test_commit(txn);
    test_ok(tv_kv_load_open(&options, &load, &err));
    load_add_all(load, seed, 30000);
    for (i = 0; status == TV_OK; i++) {
      txn = test_begin(db, TV_WRITE);
      test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
      status = tv_kv_load_put(load, bucket, 999, &put);
      if (i % 3 == 0) {
        tv_abort(txn);
        tv_kv_load_back(load);
        status = TV_OK;
      } else {
        sum += put;
        test_commit(txn);
      }
    }
    test_status(status, TV_END);
    assert_int_equal(sum, expected);
    tv_kv_load_close(load);
    txn = test_begin(db, TV_READ);
    test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
    load_compare(bucket, last);
    tv_abort(txn);
    test_close(db);
  }
  free(last);
}

static void records_larger_than_the_memory_pass_through(void **unused) {
  tv_kv_load_options options = {.memory_bytes = 64 << 10};
  size_t size = 300000, i;
  char *big = malloc(size);
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  static char longest[TV_KEY_BYTES_MAX];
  tv_bucket *bucket;
  tv_kv_load *load;
  tv_slice value;
  tv_error err;
  (void)unused;
  assert_non_null(big);
  for (i = 0; i < size; i++) big[i] = (char)(i % 251);
  test_ok(tv_kv_open(txn, "b", TV_CREATE, NULL, &bucket));
  test_ok(tv_kv_load_open(&options, &load, &err));
  test_ok(tv_kv_load_add(load, tv_str("z"), tv_bytes(big, size), &err));
  test_ok(tv_kv_load_add(load, tv_bytes(longest, sizeof longest), tv_bytes(NULL, 0), &err));
  test_ok(tv_kv_load_add(load, tv_str("a"), tv_bytes(big, size), &err));
  test_status(tv_kv_load_put(load, bucket, 0, NULL), TV_END);
  test_ok(tv_kv_get(bucket, tv_str("a"), &value));
  assert_int_equal(value.size, size);
  assert_memory_equal(value.data, big, size);
  test_ok(tv_kv_get(bucket, tv_str("z"), &value));
  assert_memory_equal(value.data, big, size);
  test_ok(tv_kv_get(bucket, tv_bytes(longest, sizeof longest), &value));
  assert_int_equal(value.size, 0);
  tv_kv_load_close(load);
  tv_abort(txn);
  test_close(db);
  free(big);
}

static void bad_input_is_named(void **unused) {
  tv_kv_load_options little = {.memory_bytes = 1000};
  tv_kv_load_options nowhere = {.memory_bytes = 64 << 10, .folder = "/nowhere/at all"};
  tv_kv_load_options small = {.memory_bytes = 64 << 10};
  char key[TV_KEY_BYTES_MAX + 1] = "x";
  static char value[20000];
  tv_kv_load *load;
  tv_error err;
  int status = TV_OK, i;
  (void)unused;
  test_status(tv_kv_load_open(&little, &load, &err), TV_EINVAL);
  assert_null(load);
  test_ok(tv_kv_load_open(&nowhere, &load, &err));
  test_status(tv_kv_load_add(load, tv_bytes(key, 481), tv_str("v"), &err), TV_EKEYSIZE);
  test_status(tv_kv_load_add(load, tv_bytes(key, 0), tv_str("v"), &err), TV_EKEYSIZE);
  for (i = 0; i < 10 && status == TV_OK; i++)
    status = tv_kv_load_add(load, tv_str("k"), tv_bytes(value, sizeof value), &err);
  test_status(status, TV_EIO);
  assert_non_null(strstr(err.message, "/nowhere/at all"));
  tv_kv_load_close(load);
  test_ok(tv_kv_load_open(&small, &load, &err));
  for (i = 0, status = TV_OK; i < 100 && status == TV_OK; i++)
    status = tv_kv_load_add(load, tv_str("k"), tv_bytes(value, sizeof value), &err);
  test_status(status, TV_ELIMIT);
  assert_non_null(strstr(err.message, "memory_bytes"));
  tv_kv_load_close(load);
  tv_kv_load_close(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_last_value_of_each_key_is_loaded),
      cmocka_unit_test(a_load_is_committed_in_batches_that_may_fail),
      cmocka_unit_test(records_larger_than_the_memory_pass_through),
      cmocka_unit_test(bad_input_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
