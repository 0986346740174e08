/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "test_store.h"
#include "trivet_kv.h"

/* A bucket with the keys 000 002 ... 998, each with itself as value. */
static tv_bucket *cursor_fill(tv_txn *txn, const tv_bucket_options *options) {
  tv_bucket *bucket;
  char key[16];
  int i;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, options, &bucket));
  for (i = 0; i < 1000; i += 2) {
    snprintf(key, sizeof key, "%03d", i);
    test_ok(tv_kv_put(bucket, tv_str(key), tv_str(key)));
  }
  return bucket;
}

static void cursor_expect(int status, tv_slice key, tv_slice value, int expected) {
  char text[16];
  snprintf(text, sizeof text, "%03d", expected);
  test_ok(status);
  assert_true(test_slice_is(key, text));
  assert_true(test_slice_is(value, text));
}

static void a_cursor_walks_its_range_both_ways(void **unused) {
  static const tv_bucket_options kinds[] = {
      {0}, {.versioned = 1}, {.compression = TV_COMPRESS_LZ4}, {.ttl_ms = 1000000}};
  /* from, to (-1: open), first and last key within */
  static const struct {
    int from, to, first, last;
  } ranges[] = {{-1, -1, 0, 998},    {100, 200, 100, 198}, {101, 201, 102, 200}, {-1, 50, 0, 48},
                {950, -1, 950, 998}, {998, 999, 998, 998}, {-1, 1, 0, 0}};
  size_t kind, r;
  (void)unused;
  for (kind = 0; kind < 4; kind++) {
    tv_db *db = test_open_memory();
    tv_txn *txn = test_begin(db, TV_WRITE);
    unsigned mode;
    cursor_fill(txn, &kinds[kind]);
    test_commit(txn);
    for (mode = 0; mode < 4; mode++) {
      tv_bucket *bucket;
      txn = test_begin(db, mode & 1 ? TV_WRITE : TV_READ);
      test_ok(tv_kv_open(txn, "b", mode & 2 ? TV_KV_VERIFY_SCANS : 0, NULL, &bucket));
      for (r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
        char from[16], to[16];
        tv_range range = {0};
        tv_kv_cursor *cursor;
        tv_slice k, v;
        int i;
        snprintf(from, sizeof from, "%03d", ranges[r].from);
        snprintf(to, sizeof to, "%03d", ranges[r].to);
        if (ranges[r].from >= 0) range.from = tv_str(from);
        if (ranges[r].to >= 0) range.to = tv_str(to);
        test_ok(tv_kv_cursor_open(bucket, range, &cursor));
        from[0] = to[0] = 'x'; /* the ends were copied */
        for (i = ranges[r].first; i <= ranges[r].last; i += 2)
          cursor_expect(tv_kv_cursor_next(cursor, &k, &v), k, v, i);
        test_status(tv_kv_cursor_next(cursor, &k, &v), TV_END);
        assert_int_equal(k.size, 0);
        test_status(tv_kv_cursor_next(cursor, &k, &v), TV_END);
        test_status(tv_kv_cursor_prev(cursor, &k, &v), TV_END);
        tv_kv_cursor_close(cursor);
        snprintf(from, sizeof from, "%03d", ranges[r].from);
        snprintf(to, sizeof to, "%03d", ranges[r].to);
        test_ok(tv_kv_cursor_open(bucket, range, &cursor));
        for (i = ranges[r].last; i >= ranges[r].first; i -= 2)
          cursor_expect(tv_kv_cursor_prev(cursor, &k, &v), k, v, i);
        test_status(tv_kv_cursor_prev(cursor, &k, &v), TV_END);
        cursor_expect(tv_kv_cursor_first(cursor, &k, &v), k, v, ranges[r].first);
        cursor_expect(tv_kv_cursor_last(cursor, &k, &v), k, v, ranges[r].last);
        tv_kv_cursor_close(cursor);
      }
      tv_abort(txn);
    }
    test_close(db);
  }
}

static void a_seek_stays_within_the_range(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = cursor_fill(txn, NULL);
  tv_range range = {tv_str("100"), tv_str("200")};
  tv_kv_cursor *cursor;
  tv_slice k, v;
  (void)unused;
  test_ok(tv_kv_cursor_open(bucket, range, &cursor));
  cursor_expect(tv_kv_cursor_seek(cursor, tv_str("150"), &k, &v), k, v, 150);
  cursor_expect(tv_kv_cursor_next(cursor, &k, &v), k, v, 152);
  cursor_expect(tv_kv_cursor_seek(cursor, tv_str("151"), &k, &v), k, v, 152);
  cursor_expect(tv_kv_cursor_seek(cursor, tv_str("000"), &k, &v), k, v, 100);
  cursor_expect(tv_kv_cursor_seek(cursor, tv_bytes("", 0), &k, &v), k, v, 100);
  test_status(tv_kv_cursor_seek(cursor, tv_str("199"), &k, &v), TV_END);
  test_status(tv_kv_cursor_seek(cursor, tv_str("500"), &k, &v), TV_END);
  cursor_expect(tv_kv_cursor_seek_prev(cursor, tv_str("150"), &k, &v), k, v, 150);
  cursor_expect(tv_kv_cursor_prev(cursor, &k, &v), k, v, 148);
  cursor_expect(tv_kv_cursor_seek_prev(cursor, tv_str("151"), &k, &v), k, v, 150);
  cursor_expect(tv_kv_cursor_seek_prev(cursor, tv_str("200"), &k, &v), k, v, 198);
  cursor_expect(tv_kv_cursor_seek_prev(cursor, tv_str("999"), &k, &v), k, v, 198);
  test_status(tv_kv_cursor_seek_prev(cursor, tv_str("099"), &k, &v), TV_END);
  test_status(tv_kv_cursor_seek_prev(cursor, tv_bytes("", 0), &k, &v), TV_EKEYSIZE);
  tv_kv_cursor_close(cursor);
  range = (tv_range){0};
  test_ok(tv_kv_cursor_open(bucket, range, &cursor));
  cursor_expect(tv_kv_cursor_seek_prev(cursor, tv_str("zzz"), &k, &v), k, v, 998);
  tv_kv_cursor_close(cursor);
  tv_abort(txn);
  test_close(db);
}

static void a_prefix_cursor_gives_what_begins_with_it(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = cursor_fill(txn, NULL);
  static char long_prefix[TV_KEY_BYTES_MAX + 1];
  tv_kv_cursor *cursor;
  tv_slice k, v;
  int i;
  (void)unused;
  test_ok(tv_kv_put(bucket, tv_bytes("\xff\xff", 2), tv_str("high")));
  test_ok(tv_kv_put(bucket, tv_bytes("\xff\xff\x01", 3), tv_str("higher")));
  test_ok(tv_kv_cursor_open_prefix(bucket, tv_str("12"), &cursor));
  for (i = 120; i < 130; i += 2) cursor_expect(tv_kv_cursor_next(cursor, &k, &v), k, v, i);
  test_status(tv_kv_cursor_next(cursor, &k, &v), TV_END);
  cursor_expect(tv_kv_cursor_last(cursor, &k, &v), k, v, 128);
  tv_kv_cursor_close(cursor);
  test_ok(tv_kv_cursor_open_prefix(bucket, tv_bytes("\xff\xff", 2), &cursor));
  test_ok(tv_kv_cursor_first(cursor, NULL, &v));
  assert_true(test_slice_is(v, "high"));
  test_ok(tv_kv_cursor_next(cursor, NULL, &v));
  assert_true(test_slice_is(v, "higher"));
  test_status(tv_kv_cursor_next(cursor, NULL, NULL), TV_END);
  tv_kv_cursor_close(cursor);
  test_ok(tv_kv_cursor_open_prefix(bucket, tv_bytes("", 0), &cursor));
  cursor_expect(tv_kv_cursor_first(cursor, &k, &v), k, v, 0);
  tv_kv_cursor_close(cursor);
  test_status(tv_kv_cursor_open_prefix(bucket, tv_bytes(long_prefix, sizeof long_prefix), &cursor),
              TV_EKEYSIZE);
  tv_kv_cursor_close(NULL);
  tv_abort(txn);
  test_close(db);
}

static void an_entry_deleted_under_the_cursor_counts_as_passed(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = cursor_fill(txn, NULL);
  tv_range whole = {0};
  tv_kv_cursor *cursor;
  tv_slice k, v;
  uint64_t n;
  int i;
  (void)unused;
  test_ok(tv_kv_cursor_open(bucket, whole, &cursor));
  for (i = 0; i < 1000; i += 2) {
    cursor_expect(tv_kv_cursor_next(cursor, &k, &v), k, v, i);
    if (i % 4 == 0) test_ok(tv_kv_delete(bucket, k));
  }
  test_status(tv_kv_cursor_next(cursor, &k, &v), TV_END);
  test_ok(tv_kv_count(bucket, &n));
  assert_int_equal(n, 250);
  tv_kv_cursor_close(cursor);
  tv_abort(txn);
  test_close(db);
}

/* Each cursor of a compressed bucket has memory of its own. */
static void two_cursors_do_not_share_an_unpacked_value(void **unused) {
  static const tv_bucket_options options = {.compression = TV_COMPRESS_LZ4};
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_range whole = {0};
  tv_kv_cursor *one, *two;
  tv_slice a, b, c;
  tv_bucket *bucket;
  char text[300];
  (void)unused;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, &options, &bucket));
  memset(text, 'a', sizeof text);
  test_ok(tv_kv_put(bucket, tv_str("a"), tv_bytes(text, sizeof text)));
  memset(text, 'b', sizeof text);
  test_ok(tv_kv_put(bucket, tv_str("b"), tv_bytes(text, sizeof text)));
  test_ok(tv_kv_cursor_open(bucket, whole, &one));
  test_ok(tv_kv_cursor_open(bucket, whole, &two));
  test_ok(tv_kv_cursor_first(one, NULL, &a));
  test_ok(tv_kv_cursor_last(two, NULL, &b));
  test_ok(tv_kv_get(bucket, tv_str("b"), &c));
  assert_int_equal(*(const char *)a.data, 'a');
  assert_int_equal(*(const char *)b.data, 'b');
  assert_int_equal(*(const char *)c.data, 'b');
  tv_kv_cursor_close(one);
  tv_kv_cursor_close(two);
  tv_abort(txn);
  test_close(db);
}

/* The leak checkers of the sanitizer builds decide. */
static void cursors_left_open_go_with_their_transaction(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_bucket *bucket = cursor_fill(txn, NULL);
  tv_range whole = {0};
  tv_kv_cursor *cursor;
  tv_slice k, v;
  int i, round;
  (void)unused;
  for (i = 0; i < 10; i++) {
    test_ok(tv_kv_cursor_open(bucket, whole, &cursor));
    test_ok(tv_kv_cursor_next(cursor, NULL, NULL));
  }
  test_commit(txn);
  for (round = 0; round < 3; round++) {
    txn = test_begin(db, TV_READ);
    test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
    for (i = 0; i < 10; i++) {
      test_ok(tv_kv_cursor_open(bucket, whole, &cursor));
      cursor_expect(tv_kv_cursor_next(cursor, &k, &v), k, v, 0);
    }
    tv_kv_cursor_close(cursor);
    tv_abort(txn);
  }
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_cursor_walks_its_range_both_ways),
      cmocka_unit_test(a_seek_stays_within_the_range),
      cmocka_unit_test(a_prefix_cursor_gives_what_begins_with_it),
      cmocka_unit_test(an_entry_deleted_under_the_cursor_counts_as_passed),
      cmocka_unit_test(two_cursors_do_not_share_an_unpacked_value),
      cmocka_unit_test(cursors_left_open_go_with_their_transaction),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
