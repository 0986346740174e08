/* SPDX-License-Identifier: MIT */
/* Stored bytes are changed behind the bucket's back, through the engine's store. */
#include <stdio.h>
#include <string.h>

#include "layer_internal.h"
#include "test_store.h"
#include "trivet_kv.h"

static tv_store *damage_store(tv_txn *txn, const char *part) {
  tv_store *store;
  test_ok(tvi_store_open(txn, TVI_KIND_BUCKET, "b", part, 0, tv_bytes(NULL, 0), &store));
  return store;
}

static const char damage_text[] = "a value that is long enough to be compressed, compressed, yes";

static void every_flipped_byte_is_reported_with_bucket_and_key(void **unused) {
  static const tv_bucket_options kinds[] = {{0},
                                            {.versioned = 1, .ttl_ms = 1000000},
                                            {.compression = TV_COMPRESS_LZ4},
                                            {.compression = TV_COMPRESS_LZ4_HC, .versioned = 1}};
  size_t kind, at;
  (void)unused;
  for (kind = 0; kind < 4; kind++) {
    tv_db *db = test_open_memory();
    tv_txn *txn = test_begin(db, TV_WRITE);
    unsigned char stored[200];
    tv_slice key = tv_str("victim"), other = tv_str("other"), value, keys[2], values[2];
    tv_range whole = {0};
    tv_kv_cursor *cursor;
    tv_kv_entry entry;
    tv_bucket *bucket, *scans;
    tv_store *store;
    int statuses[2];
    size_t size;
    test_ok(tv_kv_open(txn, "b", TV_CREATE, &kinds[kind], &bucket));
    test_ok(tv_kv_open(txn, "b", TV_KV_VERIFY_SCANS, NULL, &scans));
    test_ok(tv_kv_put(bucket, key, tv_str(damage_text)));
    test_ok(tv_kv_put(bucket, other, tv_str(damage_text)));
    store = damage_store(txn, NULL);
    test_ok(tv_store_get(store, key, &value));
    size = value.size;
    assert_true(size <= sizeof stored);
    memcpy(stored, value.data, size);
    for (at = 0; at < size; at++) {
      stored[at] ^= 0x21;
      test_ok(tv_store_put(store, key, tv_bytes(stored, size), 0));
      stored[at] ^= 0x21;
      test_status(tv_kv_get(bucket, key, &value), TV_ECORRUPT);
      assert_int_equal(value.size, 0);
      assert_non_null(strstr(tv_txn_error(txn)->message, "'b'"));
      assert_non_null(strstr(tv_txn_error(txn)->message, "victim"));
      test_status(tv_kv_get_entry(bucket, key, &entry), TV_ECORRUPT);
      test_status(tv_kv_put_equal(bucket, key, tv_str(damage_text), key), TV_ECORRUPT);
      test_status(tv_kv_add(bucket, key, 1, NULL), TV_ECORRUPT);
      test_status(tv_kv_append(bucket, key, key), TV_ECORRUPT);
      keys[0] = key;
      keys[1] = other;
      test_ok(tv_kv_get_many(bucket, 2, keys, values, statuses));
      assert_int_equal(statuses[0], TV_ECORRUPT);
      assert_int_equal(statuses[1], TV_OK);
      assert_true(test_slice_is(values[1], damage_text));
      /* A scan tells, and goes on behind it. */
      test_ok(tv_kv_cursor_open(scans, whole, &cursor));
      test_ok(tv_kv_cursor_next(cursor, &key, &value));
      test_status(tv_kv_cursor_next(cursor, &key, &value), TV_ECORRUPT);
      assert_true(test_slice_is(key, "victim"));
      test_status(tv_kv_cursor_next(cursor, &key, &value), TV_END);
      tv_kv_cursor_close(cursor);
      key = tv_str("victim");
    }
    /* Cut off at any length, never read beyond. */
    for (at = 0; at < size; at++) {
      test_ok(tv_store_put(store, key, tv_bytes(stored, at), 0));
      test_status(tv_kv_get(bucket, key, &value), TV_ECORRUPT);
    }
    /* What is damaged can be written over and deleted. */
    test_ok(tv_kv_put(bucket, key, tv_str("sound")));
    test_ok(tv_kv_get(bucket, key, &value));
    assert_true(test_slice_is(value, "sound"));
    test_ok(tv_store_put(store, key, tv_bytes(stored, 3), 0));
    test_ok(tv_kv_delete(bucket, key));
    tv_abort(txn);
    test_close(db);
  }
}

static void a_value_under_another_key_is_found_out(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  unsigned char stored[100];
  tv_bucket *bucket, *unverified;
  tv_store *store;
  tv_slice value;
  size_t size;
  (void)unused;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, NULL, &bucket));
  test_ok(tv_kv_open(txn, "b", TV_KV_UNVERIFIED, NULL, &unverified));
  test_ok(tv_kv_put(bucket, tv_str("one"), tv_str("value")));
  store = damage_store(txn, NULL);
  test_ok(tv_store_get(store, tv_str("one"), &value));
  size = value.size;
  memcpy(stored, value.data, size);
  test_ok(tv_store_put(store, tv_str("two"), tv_bytes(stored, size), 0));
  test_status(tv_kv_get(bucket, tv_str("two"), &value), TV_ECORRUPT);
  test_ok(tv_kv_get(unverified, tv_str("two"), &value));
  assert_true(test_slice_is(value, "value"));
  tv_abort(txn);
  test_close(db);
}

static void damaged_options_are_refused_and_newer_ones_told_apart(void **unused) {
  tv_bucket_options options = {.compression = TV_COMPRESS_LZ4,
                               .dictionary = {"some dictionary", 15}};
  unsigned char record[100];
  size_t size, at;
  (void)unused;
  for (at = 0; at <= 40; at++) {
    tv_db *db = test_open_memory();
    tv_txn *txn = test_begin(db, TV_WRITE);
    tv_bucket *bucket;
    tv_store *store;
    tv_slice kept;
    test_ok(tv_kv_open(txn, "b", TV_CREATE, &options, &bucket));
    store = damage_store(txn, NULL);
    kept = tvi_store_options(store);
    size = kept.size;
    assert_int_equal(size, 40);
    memcpy(record, kept.data, size);
    if (at < size) record[at] ^= 0x40;
    if (at == 1) record[1] = 9;
    if (at == size) size--;
    test_ok(tvi_store_set_options(store, tv_bytes(record, size)));
    test_commit(txn);
    txn = test_begin(db, TV_READ);
    if (at == 0)
      test_status(tv_kv_open(txn, "b", 0, NULL, &bucket), TV_EVERSION);
    else if (at >= 5 && at < 13) /* another time to live is as good as any, unless negative */
      test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
    else
      test_status(tv_kv_open(txn, "b", 0, NULL, &bucket), TV_ECORRUPT);
    if (at == 1) assert_non_null(strstr(tv_txn_error(txn)->message, "'b'"));
    tv_abort(txn);
    test_close(db);
  }
}

static void a_damaged_expiry_index_deletes_nothing_that_lives(void **unused) {
  static const unsigned char early[9] = {0, 0, 0, 0, 0, 0, 0, 1, 'k'};
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket;
  tv_slice value;
  uint64_t swept;
  (void)unused;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, NULL, &bucket));
  test_ok(tv_kv_put_ttl(bucket, tv_str("k"), tv_str("v"), 1000000));
  test_commit(txn);
  txn = test_begin(db, TV_WRITE);
  test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
  test_ok(tv_store_put(damage_store(txn, "expiry"), tv_bytes(early, 9), tv_bytes("", 0), 0));
  test_status(tv_kv_sweep(bucket, 10, &swept), TV_END);
  test_ok(tv_kv_get(bucket, tv_str("k"), &value));
  test_commit(txn);
  txn = test_begin(db, TV_WRITE);
  test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
  test_ok(tv_store_put(damage_store(txn, "expiry"), tv_bytes(early, 8), tv_bytes("", 0), 0));
  test_status(tv_kv_sweep(bucket, 10, &swept), TV_ECORRUPT);
  assert_non_null(strstr(tv_txn_error(txn)->message, "'b'"));
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_flipped_byte_is_reported_with_bucket_and_key),
      cmocka_unit_test(a_value_under_another_key_is_found_out),
      cmocka_unit_test(damaged_options_are_refused_and_newer_ones_told_apart),
      cmocka_unit_test(a_damaged_expiry_index_deletes_nothing_that_lives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
