/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_kv.h"

/* An open write transaction with a fresh bucket "b". */
typedef struct put_setup {
  tv_db *db;
  tv_txn *txn;
  tv_bucket *bucket;
} put_setup;

static put_setup put_begin(const tv_bucket_options *options) {
  put_setup s;
  s.db = test_open_memory();
  s.txn = test_begin(s.db, TV_WRITE);
  test_ok(tv_kv_open(s.txn, "b", TV_CREATE, options, &s.bucket));
  return s;
}

static void put_end(put_setup *s) {
  tv_abort(s->txn);
  test_close(s->db);
}

static void put_expect(tv_bucket *bucket, const char *key, const char *expected) {
  tv_slice value;
  test_ok(tv_kv_get(bucket, tv_str(key), &value));
  assert_true(test_slice_is(value, expected));
}

static void a_put_value_is_got_until_it_is_deleted(void **unused) {
  put_setup s = put_begin(NULL);
  tv_slice value;
  (void)unused;
  test_status(tv_kv_get(s.bucket, tv_str("k"), &value), TV_NOTFOUND);
  assert_int_equal(value.size, 0);
  test_ok(tv_kv_put(s.bucket, tv_str("k"), tv_str("one")));
  put_expect(s.bucket, "k", "one");
  test_ok(tv_kv_put(s.bucket, tv_str("k"), tv_str("two")));
  put_expect(s.bucket, "k", "two");
  test_ok(tv_kv_delete(s.bucket, tv_str("k")));
  test_status(tv_kv_delete(s.bucket, tv_str("k")), TV_NOTFOUND);
  test_status(tv_kv_get(s.bucket, tv_str("k"), &value), TV_NOTFOUND);
  put_end(&s);
}

static void a_write_in_a_read_transaction_is_refused(void **unused) {
  static const tv_bucket_options kinds[] = {{0}, {.versioned = 1}, {.ttl_ms = 1000000}};
  tv_db *db = test_open_memory();
  size_t i;
  (void)unused;
  for (i = 0; i < 3; i++) {
    tv_range whole = {0};
    char name[] = "b0";
    tv_bucket *bucket;
    tv_txn *txn = test_begin(db, TV_WRITE);
    name[1] = (char)('0' + i);
    test_ok(tv_kv_open(txn, name, TV_CREATE, &kinds[i], &bucket));
    test_ok(tv_kv_put(bucket, tv_str("k"), tv_str("v")));
    test_commit(txn);
    txn = test_begin(db, TV_READ);
    test_ok(tv_kv_open(txn, name, 0, NULL, &bucket));
    test_status(tv_kv_put(bucket, tv_str("k"), tv_str("v")), TV_EREADONLY);
    test_status(tv_kv_put_ttl(bucket, tv_str("k"), tv_str("v"), 1), TV_EREADONLY);
    test_status(tv_kv_delete(bucket, tv_str("k")), TV_EREADONLY);
    test_status(tv_kv_delete_range(bucket, whole, NULL), TV_EREADONLY);
    test_status(tv_kv_add(bucket, tv_str("n"), 1, NULL), TV_EREADONLY);
    test_status(tv_kv_append(bucket, tv_str("n"), tv_str("x")), TV_EREADONLY);
    test_status(tv_kv_sweep(bucket, 1, NULL), TV_EREADONLY);
    test_status(tv_kv_rename(txn, name, "other"), TV_EREADONLY);
    test_status(tv_kv_drop(txn, name), TV_EREADONLY);
    tv_abort(txn);
  }
  test_close(db);
}

static void put_absent_writes_once(void **unused) {
  static const tv_bucket_options kinds[] = {{0}, {.versioned = 1}, {.ttl_ms = 1000000}};
  size_t i;
  (void)unused;
  for (i = 0; i < 3; i++) {
    put_setup s = put_begin(&kinds[i]);
    test_ok(tv_kv_put_absent(s.bucket, tv_str("k"), tv_str("one")));
    test_status(tv_kv_put_absent(s.bucket, tv_str("k"), tv_str("two")), TV_EXISTS);
    put_expect(s.bucket, "k", "one");
    put_end(&s);
  }
}

static void put_equal_compares_the_whole_value(void **unused) {
  static const tv_bucket_options kinds[] = {{0}, {.compression = TV_COMPRESS_LZ4}};
  const char *one = "one one one one one one one one one one";
  size_t i;
  (void)unused;
  for (i = 0; i < 2; i++) {
    put_setup s = put_begin(&kinds[i]);
    test_status(tv_kv_put_equal(s.bucket, tv_str("k"), tv_str(one), tv_str("x")), TV_NOTFOUND);
    test_ok(tv_kv_put(s.bucket, tv_str("k"), tv_str(one)));
    test_status(tv_kv_put_equal(s.bucket, tv_str("k"), tv_str("one"), tv_str("x")), TV_MISMATCH);
    test_status(tv_kv_put_equal(s.bucket, tv_str("k"), tv_str(""), tv_str("x")), TV_MISMATCH);
    put_expect(s.bucket, "k", one);
    test_ok(tv_kv_put_equal(s.bucket, tv_str("k"), tv_str(one), tv_str("two")));
    put_expect(s.bucket, "k", "two");
    put_end(&s);
  }
}

static void versions_count_writes_and_guard_them(void **unused) {
  static const tv_bucket_options versioned = {.versioned = 1};
  put_setup s = put_begin(&versioned), plain = {0};
  tv_kv_entry entry;
  (void)unused;
  test_status(tv_kv_put_version(s.bucket, tv_str("k"), 1, tv_str("x")), TV_MISMATCH);
  test_ok(tv_kv_put_version(s.bucket, tv_str("k"), 0, tv_str("one")));
  test_status(tv_kv_put_version(s.bucket, tv_str("k"), 0, tv_str("x")), TV_MISMATCH);
  test_ok(tv_kv_put_version(s.bucket, tv_str("k"), 1, tv_str("two")));
  test_status(tv_kv_put_version(s.bucket, tv_str("k"), 1, tv_str("x")), TV_MISMATCH);
  test_ok(tv_kv_put(s.bucket, tv_str("k"), tv_str("three")));
  test_ok(tv_kv_append(s.bucket, tv_str("k"), tv_str("!")));
  test_ok(tv_kv_get_entry(s.bucket, tv_str("k"), &entry));
  assert_int_equal(entry.version, 4);
  assert_int_equal(entry.expires, 0);
  assert_true(test_slice_is(entry.value, "three!"));
  test_ok(tv_kv_delete(s.bucket, tv_str("k")));
  test_ok(tv_kv_put_version(s.bucket, tv_str("k"), 0, tv_str("anew")));
  put_end(&s);
  plain = put_begin(NULL);
  test_status(tv_kv_put_version(plain.bucket, tv_str("k"), 0, tv_str("x")), TV_EINVAL);
  assert_non_null(strstr(tv_txn_error(plain.txn)->message, "'b'"));
  put_end(&plain);
}

static void put_append_takes_ascending_keys_only(void **unused) {
  put_setup s = put_begin(NULL);
  tv_slice value;
  char key[16];
  int i;
  (void)unused;
  for (i = 0; i < 2000; i++) {
    snprintf(key, sizeof key, "%06d", i);
    test_ok(tv_kv_put_append(s.bucket, tv_str(key), tv_str(key)));
  }
  test_status(tv_kv_put_append(s.bucket, tv_str("000005"), tv_str("x")), TV_EINVAL);
  assert_non_null(strstr(tv_txn_error(s.txn)->message, "000005"));
  test_status(tv_kv_put_append(s.bucket, tv_str("001999"), tv_str("x")), TV_EINVAL);
  put_expect(s.bucket, "000005", "000005");
  put_expect(s.bucket, "001999", "001999");
  test_status(tv_kv_get(s.bucket, tv_str("002000"), &value), TV_NOTFOUND);
  put_end(&s);
}

static void counters_add_within_64_bits(void **unused) {
  put_setup s = put_begin(NULL);
  const char *wrong[] = {"",
                         "-",
                         "x",
                         "1 ",
                         " 1",
                         "+1",
                         "9223372036854775808",
                         "-9223372036854775809",
                         "99999999999999999999999",
                         "1.5"};
  int64_t sum = 77;
  size_t i;
  (void)unused;
  test_ok(tv_kv_add(s.bucket, tv_str("n"), 5, &sum));
  assert_int_equal(sum, 5);
  test_ok(tv_kv_add(s.bucket, tv_str("n"), -12, NULL));
  put_expect(s.bucket, "n", "-7");
  test_ok(tv_kv_add(s.bucket, tv_str("n"), 7, &sum));
  put_expect(s.bucket, "n", "0");
  test_ok(tv_kv_add(s.bucket, tv_str("n"), INT64_MAX, &sum));
  put_expect(s.bucket, "n", "9223372036854775807");
  test_status(tv_kv_add(s.bucket, tv_str("n"), 1, &sum), TV_EINVAL);
  assert_true(sum == INT64_MAX);
  test_ok(tv_kv_put(s.bucket, tv_str("n"), tv_str("-9223372036854775807")));
  test_ok(tv_kv_add(s.bucket, tv_str("n"), -1, &sum));
  assert_true(sum == INT64_MIN);
  put_expect(s.bucket, "n", "-9223372036854775808");
  test_status(tv_kv_add(s.bucket, tv_str("n"), -1, NULL), TV_EINVAL);
  test_ok(tv_kv_add(s.bucket, tv_str("n"), 8, &sum));
  assert_true(sum == INT64_MIN + 8);
  for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    test_ok(tv_kv_put(s.bucket, tv_str("w"), tv_str(wrong[i])));
    test_status(tv_kv_add(s.bucket, tv_str("w"), 1, NULL), TV_EINVAL);
    put_expect(s.bucket, "w", wrong[i]);
  }
  put_end(&s);
}

static void append_joins_bytes(void **unused) {
  static const tv_bucket_options kinds[] = {{0}, {.compression = TV_COMPRESS_LZ4_HC}};
  size_t i;
  int round;
  (void)unused;
  for (i = 0; i < 2; i++) {
    put_setup s = put_begin(&kinds[i]);
    tv_slice value;
    test_ok(tv_kv_append(s.bucket, tv_str("k"), tv_bytes(NULL, 0)));
    put_expect(s.bucket, "k", "");
    for (round = 0; round < 300; round++)
      test_ok(tv_kv_append(s.bucket, tv_str("k"), tv_str("0123456789abcdef")));
    test_ok(tv_kv_get(s.bucket, tv_str("k"), &value));
    assert_int_equal(value.size, 4800);
    assert_memory_equal((const char *)value.data + 4784, "0123456789abcdef", 16);
    /* A tail that lies in the bucket itself. */
    test_ok(tv_kv_append(s.bucket, tv_str("k"), value));
    test_ok(tv_kv_get(s.bucket, tv_str("k"), &value));
    assert_int_equal(value.size, 9600);
    assert_memory_equal((const char *)value.data + 9584, "0123456789abcdef", 16);
    put_end(&s);
  }
}

static void slices_of_the_bucket_may_be_written_back(void **unused) {
  static const tv_bucket_options kinds[] = {
      {0}, {.compression = TV_COMPRESS_LZ4}, {.ttl_ms = 1000000, .versioned = 1}};
  char long_value[400];
  size_t i;
  int n;
  (void)unused;
  memset(long_value, 'x', sizeof long_value);
  for (i = 0; i < 3; i++) {
    put_setup s = put_begin(&kinds[i]);
    tv_kv_cursor *cursor;
    tv_range whole = {0};
    tv_slice key, value;
    char text[32];
    for (n = 0; n < 400; n++) {
      snprintf(text, sizeof text, "key%05d", n);
      test_ok(tv_kv_put(s.bucket, tv_str(text), tv_str(text)));
    }
    test_ok(tv_kv_cursor_open(s.bucket, whole, &cursor));
    /* The key lies in the page that the longer value makes move. */
    for (n = 0; tv_kv_cursor_next(cursor, &key, NULL) == TV_OK; n++)
      test_ok(tv_kv_put(s.bucket, key, tv_bytes(long_value, sizeof long_value)));
    assert_int_equal(n, 400);
    tv_kv_cursor_close(cursor);
    for (n = 0; n < 400; n++) {
      snprintf(text, sizeof text, "key%05d", n);
      test_ok(tv_kv_get(s.bucket, tv_str(text), &value));
      assert_int_equal(value.size, sizeof long_value);
    }
    test_ok(tv_kv_put(s.bucket, tv_str("copy"), value));
    test_ok(tv_kv_get(s.bucket, tv_str("copy"), &value));
    assert_memory_equal(value.data, long_value, sizeof long_value);
    put_end(&s);
  }
}

static void delete_range_deletes_what_lies_within(void **unused) {
  static const tv_bucket_options kinds[] = {{0}, {.ttl_ms = 1000000}};
  size_t i;
  int n;
  (void)unused;
  for (i = 0; i < 2; i++) {
    put_setup s = put_begin(&kinds[i]);
    tv_range range = {tv_str("0100"), tv_str("0200")}, from = {tv_str("0900"), {0}};
    tv_range to = {{0}, tv_str("0050")}, none = {tv_str("5"), tv_str("4")}, whole = {0};
    uint64_t count;
    char key[16];
    for (n = 0; n < 1000; n++) {
      snprintf(key, sizeof key, "%04d", n);
      test_ok(tv_kv_put(s.bucket, tv_str(key), tv_str("v")));
    }
    test_ok(tv_kv_delete_range(s.bucket, range, &count));
    assert_int_equal(count, 100);
    test_ok(tv_kv_delete_range(s.bucket, from, &count));
    assert_int_equal(count, 100);
    test_ok(tv_kv_delete_range(s.bucket, to, &count));
    assert_int_equal(count, 50);
    test_ok(tv_kv_delete_range(s.bucket, none, &count));
    assert_int_equal(count, 0);
    test_ok(tv_kv_count(s.bucket, &count));
    assert_int_equal(count, 750);
    put_expect(s.bucket, "0099", "v");
    put_expect(s.bucket, "0200", "v");
    put_expect(s.bucket, "0899", "v");
    put_expect(s.bucket, "0050", "v");
    test_ok(tv_kv_delete_range(s.bucket, whole, &count));
    assert_int_equal(count, 750);
    test_ok(tv_kv_put(s.bucket, tv_str("k"), tv_str("v")));
    test_ok(tv_kv_delete_range(s.bucket, whole, NULL));
    test_ok(tv_kv_count(s.bucket, &count));
    assert_int_equal(count, 0);
    put_end(&s);
  }
}

/* All values of one call must be there together, whatever the order of the keys. */
static void get_many_answers_each_key(void **unused) {
  static const tv_bucket_options kinds[] = {
      {0}, {.compression = TV_COMPRESS_LZ4}, {.versioned = 1, .compression = TV_COMPRESS_LZ4_HC}};
  enum { N = 500 };
  static char texts[N][16];
  static tv_slice keys[N], values[N];
  static int statuses[N];
  uint64_t state = test_seed();
  size_t i, kind;
  (void)unused;
  for (kind = 0; kind < 3; kind++) {
    put_setup s = put_begin(&kinds[kind]);
    char value[200];
    int round;
    for (i = 0; i < N; i += 2) {
      snprintf(texts[i], sizeof texts[i], "%zu", i);
      snprintf(value, sizeof value, "%0150zu", i);
      /* Every fourth is too short to be compressed; every eighth is empty. */
      test_ok(tv_kv_put(s.bucket, tv_str(texts[i]),
                        tv_str(i % 16 == 0  ? ""
                               : i % 8 == 0 ? texts[i]
                                            : value)));
    }
    for (round = 0; round < 3; round++) {
      size_t picked[N];
      for (i = 0; i < N; i++) {
        picked[i] = round == 0 ? i : (size_t)(test_random(&state) % N);
        snprintf(texts[i], sizeof texts[i], "%zu", picked[i]);
        keys[i] = tv_str(texts[i]);
      }
      test_ok(tv_kv_get_many(s.bucket, N, keys, values, statuses));
      for (i = 0; i < N; i++) {
        size_t n = picked[i];
        snprintf(value, sizeof value, "%0150zu", n);
        assert_int_equal(statuses[i], n % 2 == 0 ? TV_OK : TV_NOTFOUND);
        if (n % 2 == 0)
          assert_true(test_slice_is(values[i], n % 16 == 0 ? "" : n % 8 == 0 ? texts[i] : value));
        else
          assert_int_equal(values[i].size, 0);
      }
    }
    test_ok(tv_kv_get_many(s.bucket, 0, NULL, NULL, NULL));
    put_end(&s);
  }
}

static void write_many_applies_in_order(void **unused) {
  put_setup s = put_begin(NULL);
  tv_write writes[] = {
      {tv_str("a"), tv_str("1"), 0}, {tv_str("b"), tv_str("2"), 0}, {tv_str("a"), {0}, 1},
      {tv_str("missing"), {0}, 1},   {tv_str("b"), tv_str("3"), 0},
  };
  tv_slice value;
  (void)unused;
  test_ok(tv_kv_write_many(s.bucket, 5, writes));
  test_status(tv_kv_get(s.bucket, tv_str("a"), &value), TV_NOTFOUND);
  put_expect(s.bucket, "b", "3");
  writes[1].key = tv_bytes("", 0);
  test_status(tv_kv_write_many(s.bucket, 5, writes), TV_EKEYSIZE);
  put_end(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_put_value_is_got_until_it_is_deleted),
      cmocka_unit_test(a_write_in_a_read_transaction_is_refused),
      cmocka_unit_test(put_absent_writes_once),
      cmocka_unit_test(put_equal_compares_the_whole_value),
      cmocka_unit_test(versions_count_writes_and_guard_them),
      cmocka_unit_test(put_append_takes_ascending_keys_only),
      cmocka_unit_test(counters_add_within_64_bits),
      cmocka_unit_test(append_joins_bytes),
      cmocka_unit_test(slices_of_the_bucket_may_be_written_back),
      cmocka_unit_test(delete_range_deletes_what_lies_within),
      cmocka_unit_test(get_many_answers_each_key),
      cmocka_unit_test(write_many_applies_in_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
