/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_kv.h"

static tv_bucket *bucket_open(tv_txn *txn, const char *name, unsigned flags,
                              const tv_bucket_options *options) {
  tv_bucket *bucket;
  test_ok(tv_kv_open(txn, name, flags, options, &bucket));
  return bucket;
}

static void an_unknown_bucket_is_named_in_the_message(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket;
  (void)unused;
  test_status(tv_kv_open(txn, "nowhere", 0, NULL, &bucket), TV_ENOBUCKET);
  assert_null(bucket);
  assert_non_null(strstr(tv_txn_error(txn)->message, "nowhere"));
  test_status(tv_kv_drop(txn, "gone"), TV_ENOBUCKET);
  assert_non_null(strstr(tv_txn_error(txn)->message, "gone"));
  test_status(tv_kv_rename(txn, "lost", "found"), TV_ENOBUCKET);
  assert_non_null(strstr(tv_txn_error(txn)->message, "lost"));
  tv_abort(txn);
  test_close(db);
}

static void open_refuses_flags_that_do_not_go_together(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket;
  (void)unused;
  test_status(tv_kv_open(txn, "b", TV_ONLY_NEW, NULL, &bucket), TV_EINVAL);
  test_status(tv_kv_open(txn, "b", TV_CREATE | 1u << 20, NULL, &bucket), TV_EINVAL);
  test_ok(tv_kv_open(txn, "b", TV_CREATE | TV_ONLY_NEW, NULL, &bucket));
  test_status(tv_kv_open(txn, "b", TV_CREATE | TV_ONLY_NEW, NULL, &bucket), TV_EXISTS);
  test_status(tv_kv_open(txn, "", TV_CREATE, NULL, &bucket), TV_EINVAL);
  tv_abort(txn);
  txn = test_begin(db, TV_READ);
  test_status(tv_kv_open(txn, "b", TV_CREATE, NULL, &bucket), TV_EREADONLY);
  tv_abort(txn);
  test_close(db);
}

static void each_wrong_option_is_refused_with_its_name(void **unused) {
  static char big[TV_DICTIONARY_BYTES_MAX + 1];
  struct {
    tv_bucket_options options;
    const char *word;
  } wrong[] = {
      {{.compression = 3}, "compression"},
      {{.compression = -1}, "compression"},
      {{.versioned = 2}, "versioned"},
      {{.ttl_ms = -1}, "ttl_ms"},
      {{.key_type = 3}, "key_type"},
      {{.value_type = -1}, "value_type"},
      {{.compression = 1, .dictionary = {big, sizeof big}}, "dictionary"},
      {{.compression = 1, .dictionary = {NULL, 1}}, "dictionary"},
      {{.dictionary = {big, 5}}, "compression"},
  };
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket;
  size_t i;
  (void)unused;
  for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    test_status(tv_kv_open(txn, "b", TV_CREATE, &wrong[i].options, &bucket), TV_EINVAL);
    assert_non_null(strstr(tv_txn_error(txn)->message, wrong[i].word));
    test_status(tv_kv_open(txn, "b", 0, NULL, &bucket), TV_ENOBUCKET);
  }
  tv_abort(txn);
  test_close(db);
}

static void options_and_dictionary_outlive_a_reopen(void **unused) {
  static char dictionary[TV_DICTIONARY_BYTES_MAX];
  tv_bucket_options options = {.compression = TV_COMPRESS_LZ4_HC,
                               .versioned = 1,
                               .ttl_ms = INT64_C(123456789012),
                               .key_type = TV_COLUMN_INTEGER,
                               .value_type = TV_COLUMN_TEXT,
                               .dictionary = {dictionary, sizeof dictionary}};
  char *folder = test_folder_make();
  tv_bucket_options got;
  char path[4096];
  tv_bucket *bucket;
  tv_slice value;
  tv_txn *txn;
  tv_db *db;
  size_t i;
  (void)unused;
  for (i = 0; i < sizeof dictionary; i++) dictionary[i] = (char)(i * 7 + i / 251);
  test_path(path, sizeof path, folder, "options.tv");
  db = test_open(path, 0);
  txn = test_begin(db, TV_WRITE);
  bucket = bucket_open(txn, "b", TV_CREATE, &options);
  test_ok(tv_kv_put(bucket, tv_str("k"), tv_bytes(dictionary + 1000, 5000)));
  test_commit(txn);
  test_close(db);
  db = test_open(path, 0);
  txn = test_begin(db, TV_READ);
  bucket = bucket_open(txn, "b", 0, NULL);
  tv_kv_options(bucket, &got);
  assert_int_equal(got.compression, options.compression);
  assert_int_equal(got.versioned, 1);
  assert_int_equal(got.ttl_ms, options.ttl_ms);
  assert_int_equal(got.key_type, options.key_type);
  assert_int_equal(got.value_type, options.value_type);
  assert_int_equal(got.dictionary.size, sizeof dictionary);
  assert_memory_equal(got.dictionary.data, dictionary, sizeof dictionary);
  test_ok(tv_kv_get(bucket, tv_str("k"), &value));
  assert_int_equal(value.size, 5000);
  assert_memory_equal(value.data, dictionary + 1000, 5000);
  tv_abort(txn);
  test_close(db);
  test_folder_remove(folder);
}

static void flags_of_one_handle_do_not_change_another(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *plain = bucket_open(txn, "b", TV_CREATE, NULL);
  tv_bucket *unverified = bucket_open(txn, "b", TV_KV_UNVERIFIED, NULL);
  tv_slice value;
  (void)unused;
  assert_ptr_not_equal(plain, unverified);
  assert_ptr_equal(plain, bucket_open(txn, "b", 0, NULL));
  test_ok(tv_kv_put(plain, tv_str("k"), tv_str("v")));
  test_ok(tv_kv_get(unverified, tv_str("k"), &value));
  assert_true(test_slice_is(value, "v"));
  test_commit(txn);
  test_close(db);
}

static void keys_are_1_to_480_bytes(void **unused) {
  static const tv_bucket_options with_ttl = {.ttl_ms = 1000000};
  static char key[TV_KEY_BYTES_MAX + 1];
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  int round;
  (void)unused;
  memset(key, 'k', sizeof key);
  for (round = 0; round < 2; round++) {
    tv_bucket *bucket = round == 0 ? bucket_open(txn, "plain", TV_CREATE, NULL)
                                   : bucket_open(txn, "expiring", TV_CREATE, &with_ttl);
    tv_slice none = tv_bytes("", 0), most = tv_bytes(key, 480), over = tv_bytes(key, 481);
    tv_slice value, values[2], keys[2] = {tv_str("a"), over};
    tv_range range = {over, {0}};
    tv_kv_cursor *cursor;
    tv_kv_entry entry;
    int statuses[2];
    uint64_t n;
    test_status(tv_kv_put(bucket, none, tv_str("v")), TV_EKEYSIZE);
    test_status(tv_kv_put(bucket, over, tv_str("v")), TV_EKEYSIZE);
    assert_non_null(strstr(tv_txn_error(txn)->message, "481"));
    test_status(tv_kv_put_absent(bucket, over, tv_str("v")), TV_EKEYSIZE);
    test_status(tv_kv_put_equal(bucket, over, tv_str("v"), tv_str("v")), TV_EKEYSIZE);
    test_status(tv_kv_put_append(bucket, over, tv_str("v")), TV_EKEYSIZE);
    test_status(tv_kv_add(bucket, none, 1, NULL), TV_EKEYSIZE);
    test_status(tv_kv_append(bucket, over, tv_str("v")), TV_EKEYSIZE);
    test_status(tv_kv_delete(bucket, over), TV_EKEYSIZE);
    test_status(tv_kv_get(bucket, none, &value), TV_EKEYSIZE);
    test_status(tv_kv_get(bucket, over, &value), TV_EKEYSIZE);
    test_status(tv_kv_get_entry(bucket, over, &entry), TV_EKEYSIZE);
    test_status(tv_kv_get_many(bucket, 2, keys, values, statuses), TV_EKEYSIZE);
    test_status(tv_kv_delete_range(bucket, range, &n), TV_EKEYSIZE);
    test_status(tv_kv_cursor_open(bucket, range, &cursor), TV_EKEYSIZE);
    test_status(tv_kv_count_estimate(bucket, range, &n), TV_EKEYSIZE);
    test_ok(tv_kv_put(bucket, most, tv_str("longest")));
    test_ok(tv_kv_put(bucket, tv_bytes("\0", 1), tv_str("shortest")));
    test_ok(tv_kv_get(bucket, most, &value));
    assert_true(test_slice_is(value, "longest"));
    test_ok(tv_kv_get(bucket, tv_bytes("\0", 1), &value));
    assert_true(test_slice_is(value, "shortest"));
    test_ok(tv_kv_delete(bucket, most));
    test_status(tv_kv_get(bucket, most, &value), TV_NOTFOUND);
  }
  test_commit(txn);
  test_close(db);
}

static void values_may_be_empty_or_of_many_pages(void **unused) {
  tv_db *db = test_open_memory();
  size_t size = 3 * 1000 * 1000, i;
  char *big = malloc(size);
  int compression;
  (void)unused;
  assert_non_null(big);
  for (i = 0; i < size; i++) big[i] = (char)(i * i >> 7);
  for (compression = 0; compression <= TV_COMPRESS_LZ4_HC; compression++) {
    tv_bucket_options options = {.compression = compression};
    tv_txn *txn = test_begin(db, TV_WRITE);
    char name[] = "b0";
    tv_bucket *bucket;
    tv_slice value;
    name[1] = (char)('0' + compression);
    bucket = bucket_open(txn, name, TV_CREATE, &options);
    test_ok(tv_kv_put(bucket, tv_str("empty"), tv_bytes(NULL, 0)));
    test_ok(tv_kv_put(bucket, tv_str("big"), tv_bytes(big, size)));
    test_ok(tv_kv_put(bucket, tv_str("page"), tv_bytes(big, 4096)));
    test_commit(txn);
    txn = test_begin(db, TV_READ);
    bucket = bucket_open(txn, name, 0, NULL);
    test_ok(tv_kv_get(bucket, tv_str("empty"), &value));
    assert_int_equal(value.size, 0);
    test_ok(tv_kv_get(bucket, tv_str("big"), &value));
    assert_int_equal(value.size, size);
    assert_memory_equal(value.data, big, size);
    test_ok(tv_kv_get(bucket, tv_str("page"), &value));
    assert_int_equal(value.size, 4096);
    assert_memory_equal(value.data, big, 4096);
    tv_abort(txn);
  }
  free(big);
  test_close(db);
}

static int list_join(void *ctx, tv_slice name) {
  strncat(ctx, name.data, name.size);
  strcat(ctx, " ");
  return 0;
}

static int list_stop(void *ctx, tv_slice name) {
  (void)name;
  return ++*(int *)ctx == 2;
}

static void buckets_are_listed_renamed_and_dropped_with_their_expiry(void **unused) {
  static const tv_bucket_options with_ttl = {.ttl_ms = 1000000};
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  char names[64] = "";
  tv_bucket *bucket;
  tv_slice value;
  int seen = 0;
  uint64_t n;
  (void)unused;
  bucket = bucket_open(txn, "b", TV_CREATE, &with_ttl);
  test_ok(tv_kv_put(bucket, tv_str("k"), tv_str("v")));
  bucket_open(txn, "a", TV_CREATE, NULL);
  bucket_open(txn, "c", TV_CREATE, NULL);
  test_ok(tv_kv_list(txn, list_join, names));
  assert_string_equal(names, "a b c ");
  test_status(tv_kv_list(txn, list_stop, &seen), TV_STOP);
  test_status(tv_kv_rename(txn, "b", "c"), TV_EXISTS);
  test_ok(tv_kv_rename(txn, "b", "z"));
  bucket = bucket_open(txn, "z", 0, NULL);
  test_ok(tv_kv_get(bucket, tv_str("k"), &value));
  test_ok(tv_kv_put(bucket, tv_str("l"), tv_str("v")));
  test_ok(tv_kv_delete(bucket, tv_str("k")));
  test_commit(txn);

  txn = test_begin(db, TV_WRITE);
  bucket = bucket_open(txn, "z", 0, NULL);
  test_ok(tv_kv_count(bucket, &n));
  assert_int_equal(n, 1);
  test_ok(tv_kv_drop(txn, "z"));
  test_status(tv_kv_get(bucket, tv_str("l"), &value), TV_ENOSTORE);
  test_status(tv_kv_get(bucket, tv_str("l"), &value), TV_ENOSTORE);
  /* The name can be used again at once, also with an expiry index of its own. */
  bucket = bucket_open(txn, "z", TV_CREATE, &with_ttl);
  test_status(tv_kv_get(bucket, tv_str("l"), &value), TV_NOTFOUND);
  test_ok(tv_kv_put(bucket, tv_str("m"), tv_str("v")));
  test_ok(tv_kv_delete(bucket, tv_str("m")));
  names[0] = '\0';
  test_ok(tv_kv_list(txn, list_join, names));
  assert_string_equal(names, "a c z ");
  test_commit(txn);
  test_close(db);
}

static void a_dropped_or_renamed_bucket_comes_back_with_a_rollback(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = bucket_open(txn, "b", TV_CREATE, NULL);
  tv_kv_cursor *cursor;
  tv_range whole = {0};
  unsigned depth;
  tv_slice value;
  (void)unused;
  test_ok(tv_kv_put(bucket, tv_str("k"), tv_str("v")));
  test_ok(tv_savepoint(txn, &depth));
  test_ok(tv_kv_cursor_open(bucket, whole, &cursor));
  test_ok(tv_kv_drop(txn, "b"));
  test_ok(tv_savepoint_rollback(txn, depth));
  bucket = bucket_open(txn, "b", 0, NULL);
  test_ok(tv_kv_get(bucket, tv_str("k"), &value));
  test_ok(tv_savepoint(txn, &depth));
  test_ok(tv_kv_rename(txn, "b", "c"));
  test_status(tv_kv_open(txn, "b", 0, NULL, &bucket), TV_ENOBUCKET);
  test_ok(tv_savepoint_rollback(txn, depth));
  bucket = bucket_open(txn, "b", 0, NULL);
  test_ok(tv_kv_get(bucket, tv_str("k"), &value));
  assert_true(test_slice_is(value, "v"));
  tv_abort(txn);
  test_close(db);
}

static void stat_and_count_tell_the_entries(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = bucket_open(txn, "b", TV_CREATE, NULL);
  tv_store_stat stat;
  uint64_t n;
  (void)unused;
  test_ok(tv_kv_put(bucket, tv_str("a"), tv_str("1")));
  test_ok(tv_kv_put(bucket, tv_str("b"), tv_str("2")));
  test_ok(tv_kv_count(bucket, &n));
  assert_int_equal(n, 2);
  test_ok(tv_kv_stat(bucket, &stat));
  assert_int_equal(stat.entries, 2);
  assert_true(stat.bytes > 0);
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_unknown_bucket_is_named_in_the_message),
      cmocka_unit_test(open_refuses_flags_that_do_not_go_together),
      cmocka_unit_test(each_wrong_option_is_refused_with_its_name),
      cmocka_unit_test(options_and_dictionary_outlive_a_reopen),
      cmocka_unit_test(flags_of_one_handle_do_not_change_another),
      cmocka_unit_test(keys_are_1_to_480_bytes),
      cmocka_unit_test(values_may_be_empty_or_of_many_pages),
      cmocka_unit_test(buckets_are_listed_renamed_and_dropped_with_their_expiry),
      cmocka_unit_test(a_dropped_or_renamed_bucket_comes_back_with_a_rollback),
      cmocka_unit_test(stat_and_count_tell_the_entries),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
