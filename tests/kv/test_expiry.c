/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "layer_internal.h"
#include "test_store.h"
#include "trivet_kv.h"

static void expiry_sleep(long ms) {
  struct timespec pause = {0, ms * 1000000};
  nanosleep(&pause, NULL);
}

static tv_bucket *expiry_open(tv_txn *txn, const tv_bucket_options *options) {
  tv_bucket *bucket;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, options, &bucket));
  return bucket;
}

/* Rows in the index of expiry times; 0 also when there is none. */
static uint64_t expiry_rows(tv_txn *txn) {
  tv_store *store;
  uint64_t n;
  if (tvi_store_open(txn, TVI_KIND_BUCKET, "b", "expiry", 0, tv_bytes(NULL, 0), &store) != TV_OK)
    return 0;
  test_ok(tv_store_count(store, &n));
  return n;
}

static void an_expired_entry_is_seen_by_nothing(void **unused) {
  static const tv_bucket_options options = {.versioned = 1};
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = expiry_open(txn, &options);
  tv_slice key, value, keys[2] = {tv_str("dead"), tv_str("live")}, values[2];
  tv_range whole = {0};
  tv_kv_cursor *cursor;
  tv_kv_entry entry;
  int statuses[2];
  uint64_t n;
  (void)unused;
  test_ok(tv_kv_put_ttl(bucket, tv_str("dead"), tv_str("1"), 5));
  test_ok(tv_kv_put_ttl(bucket, tv_str("live"), tv_str("2"), 0));
  test_ok(tv_kv_put_ttl(bucket, tv_str("zdead"), tv_str("3"), 5));
  /* The time of a transaction stands still. */
  expiry_sleep(10);
  test_ok(tv_kv_get(bucket, tv_str("dead"), &value));
  test_ok(tv_kv_get_entry(bucket, tv_str("dead"), &entry));
  assert_true(entry.expires == tv_txn_now(txn) + 5000);
  test_commit(txn);

  txn = test_begin(db, TV_WRITE);
  bucket = expiry_open(txn, NULL);
  test_status(tv_kv_get(bucket, tv_str("dead"), &value), TV_NOTFOUND);
  assert_int_equal(value.size, 0);
  test_status(tv_kv_get_entry(bucket, tv_str("dead"), &entry), TV_NOTFOUND);
  test_ok(tv_kv_get_many(bucket, 2, keys, values, statuses));
  assert_int_equal(statuses[0], TV_NOTFOUND);
  assert_int_equal(values[0].size, 0);
  assert_int_equal(statuses[1], TV_OK);
  test_ok(tv_kv_cursor_open(bucket, whole, &cursor));
  test_ok(tv_kv_cursor_next(cursor, &key, &value));
  assert_true(test_slice_is(key, "live"));
  test_status(tv_kv_cursor_next(cursor, &key, &value), TV_END);
  test_ok(tv_kv_cursor_last(cursor, &key, NULL));
  assert_true(test_slice_is(key, "live"));
  test_ok(tv_kv_cursor_seek(cursor, tv_str("dead"), &key, NULL));
  assert_true(test_slice_is(key, "live"));
  test_ok(tv_kv_cursor_seek_prev(cursor, tv_str("zdead"), &key, NULL));
  assert_true(test_slice_is(key, "live"));
  tv_kv_cursor_close(cursor);
  test_ok(tv_kv_count(bucket, &n));
  assert_int_equal(n, 3);
  test_status(tv_kv_put_equal(bucket, tv_str("dead"), tv_str("1"), tv_str("x")), TV_NOTFOUND);
  test_status(tv_kv_put_version(bucket, tv_str("dead"), 1, tv_str("x")), TV_MISMATCH);
  test_status(tv_kv_delete(bucket, tv_str("zdead")), TV_NOTFOUND);
  test_ok(tv_kv_put_version(bucket, tv_str("dead"), 0, tv_str("again")));
  test_ok(tv_kv_get_entry(bucket, tv_str("dead"), &entry));
  assert_int_equal(entry.version, 1);
  assert_int_equal(entry.expires, 0);
  assert_int_equal(expiry_rows(txn), 0);
  test_commit(txn);
  test_close(db);
}

static void put_absent_and_merges_take_an_expired_entry_for_none(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = expiry_open(txn, NULL);
  tv_slice value;
  int64_t sum;
  (void)unused;
  test_ok(tv_kv_put_ttl(bucket, tv_str("absent"), tv_str("old"), 2));
  test_status(tv_kv_put_absent(bucket, tv_str("absent"), tv_str("new")), TV_EXISTS);
  test_ok(tv_kv_put_ttl(bucket, tv_str("count"), tv_str("40"), 2));
  test_ok(tv_kv_put_ttl(bucket, tv_str("text"), tv_str("old"), 2));
  test_commit(txn);
  expiry_sleep(5);
  txn = test_begin(db, TV_WRITE);
  bucket = expiry_open(txn, NULL);
  test_ok(tv_kv_add(bucket, tv_str("count"), 2, &sum));
  assert_int_equal(sum, 2);
  test_ok(tv_kv_append(bucket, tv_str("text"), tv_str("new")));
  test_ok(tv_kv_put_absent(bucket, tv_str("absent"), tv_str("new")));
  test_ok(tv_kv_get(bucket, tv_str("text"), &value));
  assert_true(test_slice_is(value, "new"));
  test_ok(tv_kv_get(bucket, tv_str("absent"), &value));
  assert_true(test_slice_is(value, "new"));
  test_commit(txn);
  test_close(db);
}

static void merges_keep_the_expiry_time_and_puts_set_it_anew(void **unused) {
  static const tv_bucket_options options = {.ttl_ms = 50000};
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = expiry_open(txn, &options);
  tv_kv_entry entry;
  int64_t now = tv_txn_now(txn);
  (void)unused;
  test_ok(tv_kv_put_ttl(bucket, tv_str("n"), tv_str("1"), 1000));
  test_ok(tv_kv_add(bucket, tv_str("n"), 1, NULL));
  test_ok(tv_kv_append(bucket, tv_str("n"), tv_str("0")));
  test_ok(tv_kv_get_entry(bucket, tv_str("n"), &entry));
  assert_true(entry.expires == now + 1000000);
  test_ok(tv_kv_add(bucket, tv_str("new"), 1, NULL));
  test_ok(tv_kv_get_entry(bucket, tv_str("new"), &entry));
  assert_true(entry.expires == now + 50000000);
  test_ok(tv_kv_put(bucket, tv_str("n"), tv_str("2")));
  test_ok(tv_kv_get_entry(bucket, tv_str("n"), &entry));
  assert_true(entry.expires == now + 50000000);
  test_ok(tv_kv_put_ttl(bucket, tv_str("n"), tv_str("2"), 0));
  test_ok(tv_kv_get_entry(bucket, tv_str("n"), &entry));
  assert_true(entry.expires == 0);
  assert_int_equal(expiry_rows(txn), 1);
  test_status(tv_kv_put_ttl(bucket, tv_str("n"), tv_str("2"), -1), TV_EINVAL);
  test_status(tv_kv_put_ttl(bucket, tv_str("n"), tv_str("2"), INT64_MAX), TV_EINVAL);
  tv_abort(txn);
  test_close(db);
}

static void the_index_follows_every_write(void **unused) {
  static const tv_bucket_options options = {.ttl_ms = 1000000};
  static char longest[TV_KEY_BYTES_MAX];
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = expiry_open(txn, &options);
  tv_slice key = tv_bytes(longest, sizeof longest);
  unsigned depth;
  int i;
  (void)unused;
  memset(longest, 0xff, sizeof longest);
  for (i = 1; i <= 5; i++) {
    test_ok(tv_kv_put_ttl(bucket, key, tv_str("v"), i * 1000));
    assert_int_equal(expiry_rows(txn), 1);
  }
  test_ok(tv_kv_delete(bucket, key));
  assert_int_equal(expiry_rows(txn), 0);
  test_ok(tv_savepoint(txn, &depth));
  test_ok(tv_kv_put(bucket, key, tv_str("v")));
  test_ok(tv_savepoint_rollback(txn, depth));
  assert_int_equal(expiry_rows(txn), 0);
  test_ok(tv_kv_put_append(bucket, tv_str("a"), tv_str("v")));
  assert_int_equal(expiry_rows(txn), 1);
  test_commit(txn);
  test_close(db);
}

/* The index is made within a savepoint that is rolled back, and then again. */
static void the_index_may_be_made_late_and_rolled_back(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = expiry_open(txn, NULL);
  unsigned depth;
  tv_slice value;
  (void)unused;
  test_ok(tv_kv_put(bucket, tv_str("a"), tv_str("1")));
  test_ok(tv_savepoint(txn, &depth));
  test_ok(tv_kv_put_ttl(bucket, tv_str("a"), tv_str("2"), 1000));
  assert_int_equal(expiry_rows(txn), 1);
  test_ok(tv_savepoint_rollback(txn, depth));
  test_ok(tv_kv_get(bucket, tv_str("a"), &value));
  assert_true(test_slice_is(value, "1"));
  test_ok(tv_kv_put(bucket, tv_str("b"), tv_str("3")));
  assert_int_equal(expiry_rows(txn), 0);
  test_ok(tv_kv_put_ttl(bucket, tv_str("a"), tv_str("2"), 1000));
  assert_int_equal(expiry_rows(txn), 1);
  test_ok(tv_kv_delete(bucket, tv_str("a")));
  assert_int_equal(expiry_rows(txn), 0);
  test_commit(txn);
  test_close(db);
}

/* A cursor that was opened while nothing could expire must not trust in that for ever. */
static void an_open_cursor_notices_the_first_expiry_time(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = expiry_open(txn, NULL);
  tv_range whole = {0};
  tv_kv_cursor *cursor;
  tv_slice value;
  (void)unused;
  test_ok(tv_kv_put(bucket, tv_str("a"), tv_str("1")));
  test_ok(tv_kv_put(bucket, tv_str("b"), tv_str("2")));
  test_ok(tv_kv_cursor_open(bucket, whole, &cursor));
  test_ok(tv_kv_cursor_next(cursor, NULL, &value));
  assert_true(test_slice_is(value, "1"));
  test_ok(tv_kv_put_ttl(bucket, tv_str("b"), tv_str("3"), 100000));
  test_ok(tv_kv_cursor_next(cursor, NULL, &value));
  assert_true(test_slice_is(value, "3"));
  test_status(tv_kv_cursor_next(cursor, NULL, &value), TV_END);
  tv_kv_cursor_close(cursor);
  tv_abort(txn);
  test_close(db);
}

static void each_put_sweeps_two_and_a_sweep_as_many_as_asked(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = expiry_open(txn, NULL);
  uint64_t n, swept;
  char key[16];
  int i;
  (void)unused;
  test_status(tv_kv_sweep(bucket, 10, &swept), TV_END);
  for (i = 0; i < 100; i++) {
    snprintf(key, sizeof key, "%d", i);
    test_ok(tv_kv_put_ttl(bucket, tv_str(key), tv_str("v"), 1 + i % 3));
  }
  test_ok(tv_kv_put_ttl(bucket, tv_str("stays"), tv_str("v"), 1000000));
  test_commit(txn);
  expiry_sleep(10);
  txn = test_begin(db, TV_WRITE);
  bucket = expiry_open(txn, NULL);
  for (i = 1; i <= 5; i++) {
    test_ok(tv_kv_put(bucket, tv_str("w"), tv_str("v")));
    test_ok(tv_kv_count(bucket, &n));
    assert_int_equal(n, 101 + 1 - 2 * i);
  }
  test_ok(tv_kv_sweep(bucket, 40, &swept));
  assert_int_equal(swept, 40);
  test_ok(tv_kv_sweep(bucket, 0, &swept));
  assert_int_equal(swept, 0);
  test_status(tv_kv_sweep(bucket, 1000, &swept), TV_END);
  assert_int_equal(swept, 50);
  test_status(tv_kv_sweep(bucket, 1000, NULL), TV_END);
  test_ok(tv_kv_count(bucket, &n));
  assert_int_equal(n, 2);
  assert_int_equal(expiry_rows(txn), 1);
  test_commit(txn);
  test_close(db);
}

static void a_range_delete_counts_the_living_and_removes_all(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = expiry_open(txn, NULL);
  tv_range whole = {0};
  uint64_t n;
  (void)unused;
  test_ok(tv_kv_put_ttl(bucket, tv_str("dead"), tv_str("v"), 1));
  test_ok(tv_kv_put_ttl(bucket, tv_str("live"), tv_str("v"), 100000));
  test_commit(txn);
  expiry_sleep(3);
  txn = test_begin(db, TV_WRITE);
  bucket = expiry_open(txn, NULL);
  test_ok(tv_kv_delete_range(bucket, whole, &n));
  assert_int_equal(n, 1);
  test_ok(tv_kv_count(bucket, &n));
  assert_int_equal(n, 0);
  assert_int_equal(expiry_rows(txn), 0);
  test_commit(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_expired_entry_is_seen_by_nothing),
      cmocka_unit_test(put_absent_and_merges_take_an_expired_entry_for_none),
      cmocka_unit_test(merges_keep_the_expiry_time_and_puts_set_it_anew),
      cmocka_unit_test(the_index_follows_every_write),
      cmocka_unit_test(the_index_may_be_made_late_and_rolled_back),
      cmocka_unit_test(an_open_cursor_notices_the_first_expiry_time),
      cmocka_unit_test(each_put_sweeps_two_and_a_sweep_as_many_as_asked),
      cmocka_unit_test(a_range_delete_counts_the_living_and_removes_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
