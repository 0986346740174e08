/* SPDX-License-Identifier: MIT */
/* The check of buckets finds every kind of damage by bucket and key, and none in sound ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encode_internal.h"
#include "layer_internal.h"
#include "test_store.h"
#include "trivet_kv.h"

typedef struct checked {
  char text[8000];
  int sentences, calls;
  tv_kv_check_report report;
} checked;

static void checked_hear(void *ctx, const char *sentence) {
  checked *c = ctx;
  size_t used = strlen(c->text);
  snprintf(c->text + used, sizeof c->text - used, "%s\n", sentence);
  c->sentences++;
}

static int checked_stop(void *ctx, tv_slice bucket, uint64_t entries) {
  checked *c = ctx;
  assert_true(test_slice_is(bucket, "big"));
  assert_int_equal(entries % 10000, 0);
  return ++c->calls == 2;
}

static int checked_run(tv_txn *txn, const char *name, checked *c) {
  tv_kv_check_hooks hooks = {checked_hear, NULL, c};
  memset(c, 0, sizeof *c);
  return tv_kv_check(txn, name, &hooks, &c->report);
}

static tv_store *checked_store(tv_txn *txn, const char *name, const char *part) {
  tv_store *store;
  test_ok(tvi_store_open(txn, TVI_KIND_BUCKET, name, part, 0, tv_bytes(NULL, 0), &store));
  return store;
}

static const char checked_value[] = "a value, a value, a value, a value that can be compressed";

/* Ten entries, five of which expire some day. */
static tv_bucket *checked_fill(tv_txn *txn, const char *name, const tv_bucket_options *options) {
  tv_bucket *bucket;
  char key[16];
  int i;
  test_ok(tv_kv_open(txn, name, TV_CREATE, options, &bucket));
  for (i = 0; i < 10; i++) {
    snprintf(key, sizeof key, "key%d", i);
    test_ok(tv_kv_put_ttl(bucket, tv_str(key), tv_str(checked_value), i < 5 ? 3600000 + i : 0));
  }
  return bucket;
}

static const tv_bucket_options checked_kinds[] = {
    {0},
    {.versioned = 1},
    {.compression = TV_COMPRESS_LZ4},
    {.compression = TV_COMPRESS_LZ4_HC, .versioned = 1, .dictionary = {"a value, ", 9}}};

static void sound_buckets_have_no_problem(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket;
  checked c;
  int i;
  (void)unused;
  test_ok(checked_run(txn, NULL, &c));
  assert_int_equal(c.report.buckets, 0);
  for (i = 0; i < 4; i++) {
    char name[16];
    snprintf(name, sizeof name, "b%d", i);
    bucket = checked_fill(txn, name, &checked_kinds[i]);
    test_ok(tv_kv_delete(bucket, tv_str("key0")));
    test_ok(tv_kv_put(bucket, tv_str("key1"), tv_str("no expiry any more")));
    test_ok(tv_kv_put_ttl(bucket, tv_str("key2"), tv_str("x"), 1)); /* expired soon, not swept */
    test_ok(tv_kv_append(bucket, tv_str("key3"), tv_str("tail")));
  }
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  test_ok(checked_run(txn, NULL, &c));
  assert_int_equal(c.report.buckets, 4);
  assert_int_equal(c.report.entries, 36);
  assert_int_equal(c.report.expiring, 12);
  assert_int_equal(c.report.problems, 0);
  test_ok(checked_run(txn, "b2", &c));
  assert_int_equal(c.report.entries, 9);
  test_ok(tv_kv_check(txn, NULL, NULL, NULL));
  test_status(checked_run(txn, "none", &c), TV_ENOBUCKET);
  tv_abort(txn);
  test_close(db);
}

static void a_flipped_byte_anywhere_in_a_record_is_told_with_bucket_and_key(void **unused) {
  size_t kind, at, size;
  (void)unused;
  for (kind = 0; kind < 4; kind++) {
    tv_db *db = test_open_memory();
    tv_txn *txn = test_begin(db, TV_WRITE);
    unsigned char stored[200];
    tv_store *store;
    tv_slice value;
    checked c;
    checked_fill(txn, "other", NULL);
    checked_fill(txn, "victims", &checked_kinds[kind]);
    store = checked_store(txn, "victims", NULL);
    test_ok(tv_store_get(store, tv_str("key3"), &value));
    size = value.size;
    memcpy(stored, value.data, size);
    for (at = 0; at < size; at++) {
      stored[at] ^= 0x10;
      test_ok(tv_store_put(store, tv_str("key3"), tv_bytes(stored, size), 0));
      stored[at] ^= 0x10;
      test_status(checked_run(txn, NULL, &c), TV_ECORRUPT);
      assert_string_equal(c.text, "bucket 'victims', key key3: the stored value is damaged\n");
      assert_non_null(strstr(tv_txn_error(txn)->message, "'victims', key key3"));
      assert_int_equal(c.report.entries, 20);
    }
    tv_abort(txn);
    test_close(db);
  }
}

static void the_index_of_expiry_times_is_compared_both_ways(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  unsigned char row[8 + 16];
  tv_store *index;
  tv_cursor *cursor;
  tv_slice first;
  checked c;
  (void)unused;
  checked_fill(txn, "b", NULL);
  index = checked_store(txn, "b", "expiry");
  /* A row is missing. */
  test_ok(tv_cursor_open(index, &cursor));
  test_ok(tv_cursor_first(cursor, &first, NULL));
  assert_int_equal(first.size, 12);
  memcpy(row, first.data, first.size);
  tv_cursor_close(cursor);
  test_ok(tv_store_delete(index, tv_bytes(row, 12)));
  test_status(checked_run(txn, NULL, &c), TV_ECORRUPT);
  assert_string_equal(
      c.text, "bucket 'b', key key0: its expiry time is not in the index: it is never swept\n");
  /* It has another time. */
  row[7] ^= 1;
  test_ok(tv_store_put(index, tv_bytes(row, 12), tv_bytes(NULL, 0), 0));
  test_status(checked_run(txn, NULL, &c), TV_ECORRUPT);
  assert_int_equal(c.report.problems, 2);
  assert_non_null(strstr(c.text, "key key0: the index of expiry times has another time"));
  test_ok(tv_store_delete(index, tv_bytes(row, 12)));
  row[7] ^= 1;
  test_ok(tv_store_put(index, tv_bytes(row, 12), tv_bytes(NULL, 0), 0));
  test_ok(checked_run(txn, NULL, &c));
  /* A row without an entry; a row that is none. */
  memcpy(row + 8, "gone", 4);
  test_ok(tv_store_put(index, tv_bytes(row, 12), tv_bytes(NULL, 0), 0));
  test_ok(tv_store_put(index, tv_bytes(row, 5), tv_bytes(NULL, 0), 0));
  test_status(checked_run(txn, NULL, &c), TV_ECORRUPT);
  assert_int_equal(c.report.problems, 2);
  assert_non_null(strstr(c.text, "key gone: the index of expiry times has it, but the bucket"));
  assert_non_null(strstr(c.text, "a row of its index of expiry times has 5 bytes"));
  tv_abort(txn);
  test_close(db);
}

static void foreign_records_are_told(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  char key[16];
  tv_slice value;
  tv_store *plain, *versioned;
  checked c;
  int i;
  (void)unused;
  checked_fill(txn, "plain", NULL);
  checked_fill(txn, "versioned", &checked_kinds[1]);
  plain = checked_store(txn, "plain", NULL);
  versioned = checked_store(txn, "versioned", NULL);
  /* key9 has no expiry time: sound records, in the wrong bucket. */
  unsigned char a[200], b[200];
  size_t a_size, b_size;
  test_ok(tv_store_get(plain, tv_str("key9"), &value));
  a_size = value.size;
  memcpy(a, value.data, a_size);
  test_ok(tv_store_get(versioned, tv_str("key9"), &value));
  b_size = value.size;
  memcpy(b, value.data, b_size);
  test_ok(tv_store_put(plain, tv_str("key9"), tv_bytes(b, b_size), 0));
  test_ok(tv_store_put(versioned, tv_str("key9"), tv_bytes(a, a_size), 0));
  test_status(checked_run(txn, NULL, &c), TV_ECORRUPT);
  assert_string_equal(c.text,
                      "bucket 'plain', key key9: it has a version in a bucket without\n"
                      "bucket 'versioned', key key9: it has no version\n");
  /* Of many problems all are counted and 100 told. */
  for (i = 0; i < 150; i++) {
    snprintf(key, sizeof key, "x%d", i);
    test_ok(tv_store_put(plain, tv_str(key), tv_str("?"), 0));
  }
  test_status(checked_run(txn, NULL, &c), TV_ECORRUPT);
  assert_int_equal(c.report.problems, 152);
  assert_int_equal(c.sentences, 100);
  tv_abort(txn);
  test_close(db);
}

static void damaged_options_are_a_problem_and_the_rest_is_checked(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *store;
  checked c;
  (void)unused;
  test_ok(
      tvi_store_open(txn, TVI_KIND_BUCKET, "a", NULL, TV_CREATE, tv_str("\x01nonsense"), &store));
  checked_fill(txn, "b", NULL);
  test_status(checked_run(txn, NULL, &c), TV_ECORRUPT);
  assert_int_equal(c.report.buckets, 2);
  assert_int_equal(c.report.entries, 10);
  assert_int_equal(c.sentences, 1);
  assert_non_null(strstr(c.text, "bucket 'a'"));
  tv_abort(txn);
  test_close(db);
}

static void progress_can_end_a_check(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_kv_check_hooks hooks = {NULL, checked_stop, NULL};
  tv_kv_check_report report;
  tv_bucket *bucket;
  unsigned char key[4];
  uint32_t i;
  checked c = {0};
  (void)unused;
  hooks.ctx = &c;
  test_ok(tv_kv_open(txn, "big", TV_CREATE, NULL, &bucket));
  for (i = 0; i < 30000; i++) {
    tvi_store_be32(key, i);
    test_ok(tv_kv_put_append(bucket, tv_bytes(key, 4), tv_str("v")));
  }
  test_status(tv_kv_check(txn, NULL, &hooks, &report), TV_STOP);
  assert_int_equal(report.entries, 20000);
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sound_buckets_have_no_problem),
      cmocka_unit_test(a_flipped_byte_anywhere_in_a_record_is_told_with_bucket_and_key),
      cmocka_unit_test(the_index_of_expiry_times_is_compared_both_ways),
      cmocka_unit_test(foreign_records_are_told),
      cmocka_unit_test(damaged_options_are_a_problem_and_the_rest_is_checked),
      cmocka_unit_test(progress_can_end_a_check),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
