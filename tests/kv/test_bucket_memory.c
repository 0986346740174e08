/* SPDX-License-Identifier: MIT */
/*
 * Lets each allocation of a run over the public calls fail in turn: every call must return
 * TV_ENOMEM (or a failure that follows from it) with a message, and nothing may leak or crash. The
 * run that meets no failure must succeed.
 */
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_kv.h"

typedef struct memory_budget {
  long left;   /* allocations until one fails; below 0: none fails */
  long blocks; /* in use */
  int failed;
} memory_budget;

static int memory_refuses(memory_budget *budget) {
  if (budget->left < 0) return 0;
  if (budget->left-- > 0) return 0;
  budget->failed = 1;
  return 1;
}

static void *memory_allocate(void *ctx, size_t bytes) {
  memory_budget *budget = ctx;
  void *memory = memory_refuses(budget) ? NULL : malloc(bytes);
  budget->blocks += memory != NULL;
  return memory;
}

static void *memory_reallocate(void *ctx, void *old, size_t bytes) {
  return memory_refuses(ctx) ? NULL : realloc(old, bytes);
}

static void memory_release(void *ctx, void *old) {
  ((memory_budget *)ctx)->blocks--;
  free(old);
}

static int memory_take(void *ctx, const void *data, size_t size) {
  (void)ctx;
  (void)data;
  (void)size;
  return 0;
}

static int memory_give(void *ctx, void *buffer, size_t capacity, size_t *size) {
  static const char line[] = "{\"key\":\"imported\",\"value\":\"\\u00e9\"}\n";
  int *given = ctx;
  (void)capacity;
  *size = *given ? 0 : sizeof line - 1;
  memcpy(buffer, line, *size);
  *given = 1;
  return 0;
}

#define MEMORY_TRY(call)           \
  do {                             \
    status = (call);               \
    if (status < 0) return status; \
  } while (0)

static int memory_load(tv_bucket *bucket, tv_kv_load *load) {
  static char value[6000];
  tv_error err;
  char key[3] = "k0";
  int i, status;
  for (i = 0; i < 40; i++) {
    key[1] = (char)('0' + i % 30);
    MEMORY_TRY(tv_kv_load_add(load, tv_bytes(key, 2), tv_bytes(value, sizeof value), &err));
  }
  return tv_kv_load_put(load, bucket, 0, NULL);
}

static int memory_export(tv_bucket *bucket) {
  tv_range whole = {0};
  tv_kv_export *job;
  int status, format;
  for (format = TV_KV_JSONL; format <= TV_KV_DUMP; format++) {
    MEMORY_TRY(tv_kv_export_open(bucket, whole, format, &job));
    status = tv_kv_export_some(job, 0, memory_take, NULL, NULL);
    tv_kv_export_close(job);
    if (status < 0) return status;
  }
  return TV_OK;
}

static int memory_import(tv_bucket *bucket) {
  tv_kv_import *job;
  tv_error err;
  int given = 0, status;
  MEMORY_TRY(tv_kv_import_open(TV_KV_JSONL, memory_give, &given, &job, &err));
  status = tv_kv_import_some(job, bucket, 0, NULL);
  tv_kv_import_close(job);
  return status;
}

static int memory_bucket(tv_txn *txn, const char *name, const tv_bucket_options *options) {
  static char text[500];
  tv_slice keys[2] = {tv_str("b"), tv_str("a")}, values[2], value;
  tv_range whole = {0}, part = {tv_str("a"), tv_str("zz")};
  tv_kv_load_options load_options = {.memory_bytes = 64 << 10};
  tv_bucket *bucket;
  tv_kv_cursor *cursor;
  tv_kv_load *load;
  tv_error err;
  int status, statuses[2], i;
  uint64_t n;
  char key[5] = "n000";
  MEMORY_TRY(tv_kv_open(txn, name, TV_CREATE, options, &bucket));
  MEMORY_TRY(tv_kv_put(bucket, tv_str("a"), tv_bytes(text, sizeof text)));
  MEMORY_TRY(tv_kv_put_ttl(bucket, tv_str("b"), tv_bytes(text, sizeof text), 100000));
  MEMORY_TRY(tv_kv_append(bucket, tv_str("a"), tv_str("tail")));
  MEMORY_TRY(tv_kv_add(bucket, tv_str("c"), 5, NULL));
  MEMORY_TRY(tv_kv_put_equal(bucket, tv_str("c"), tv_str("5"), tv_str("6")));
  MEMORY_TRY(tv_kv_get(bucket, tv_str("a"), &value));
  MEMORY_TRY(tv_kv_get_many(bucket, 2, keys, values, statuses));
  for (i = 0; i < 2; i++) {
    MEMORY_TRY(tv_kv_cursor_open(bucket, whole, &cursor));
    MEMORY_TRY(tv_kv_cursor_next(cursor, NULL, &value));
  }
  tv_kv_cursor_close(cursor);
  MEMORY_TRY(tv_kv_sweep(bucket, 10, NULL));
  for (i = 0; i < 1500; i++) {
    key[1] = (char)('a' + i / 100);
    key[2] = (char)('0' + i / 10 % 10);
    key[3] = (char)('0' + i % 10);
    MEMORY_TRY(tv_kv_put(bucket, tv_str(key), tv_str("v")));
  }
  MEMORY_TRY(tv_kv_log(bucket, 1));
  MEMORY_TRY(tv_kv_check(txn, NULL, NULL, NULL));
  MEMORY_TRY(tv_kv_count_estimate(bucket, part, &n));
  MEMORY_TRY(tv_kv_delete_range(bucket, part, NULL));
  MEMORY_TRY(memory_import(bucket));
  MEMORY_TRY(tv_kv_load_open(&load_options, &load, &err));
  status = memory_load(bucket, load);
  tv_kv_load_close(load);
  if (status < 0) return status;
  MEMORY_TRY(memory_export(bucket));
  MEMORY_TRY(tv_kv_rename(txn, name, "renamed"));
  return tv_kv_drop(txn, "renamed");
}

static int memory_train(char *dictionary, size_t *size) {
  static const char sample[] = "samples are of much the same kind, all of them";
  tv_slice samples[24];
  tv_error err;
  int i;
  for (i = 0; i < 24; i++) samples[i] = tv_bytes(sample, sizeof sample - 1 - (size_t)i % 5);
  return tv_kv_train(24, samples, dictionary, 1000, size, &err);
}

static void a_failed_allocation_is_an_error_and_leaks_nothing(void **unused) {
  static memory_budget budget;
  const tv_allocator allocator = {memory_allocate, memory_reallocate, memory_release, &budget};
  long point, runs = 0;
  (void)unused;
  budget.left = -1;
  test_ok(tv_allocator_set(&allocator));
  for (point = 0;; point++) {
    tv_bucket_options options = {0};
    tv_db *db;
    tv_txn *txn;
    int status;
    budget.left = -1;
    budget.failed = 0;
    db = test_open_memory();
    txn = test_begin(db, TV_WRITE);
    budget.left = point;
    status = memory_bucket(txn, "plain", NULL);
    options.compression = TV_COMPRESS_LZ4_HC;
    options.versioned = 1;
    options.dictionary = tv_str("bytes that are typical of the values, as it were");
    if (status >= 0) status = memory_bucket(txn, "packed", &options);
    budget.left = -1;
    runs++;
    if (status < 0) {
      test_status(status, TV_ENOMEM);
      assert_true(budget.failed);
    }
    tv_abort(txn);
    test_close(db);
    assert_int_equal(budget.blocks, 0);
    if (!budget.failed) {
      assert_true(status >= 0);
      break;
    }
  }
  print_message("%ld runs\n", runs);
  assert_true(runs > 50);
  test_ok(tv_allocator_set(NULL));
}

static void training_survives_failed_allocations(void **unused) {
  static memory_budget budget;
  const tv_allocator allocator = {memory_allocate, memory_reallocate, memory_release, &budget};
  char dictionary[1000];
  size_t size;
  long point;
  int status;
  (void)unused;
  test_ok(tv_allocator_set(&allocator));
  for (point = 0;; point++) {
    budget.failed = 0;
    budget.left = point;
    status = memory_train(dictionary, &size);
    assert_int_equal(budget.blocks, 0);
    if (!budget.failed) break;
    test_status(status, TV_ENOMEM);
    assert_int_equal(size, 0);
  }
  test_ok(status);
  assert_true(point > 5);
  budget.left = -1;
  test_ok(tv_allocator_set(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(training_survives_failed_allocations),
      cmocka_unit_test(a_failed_allocation_is_an_error_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
