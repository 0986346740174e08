/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_kv.h"

#define ESTIMATE_N 60000

typedef size_t (*estimate_key_fn)(uint64_t i, uint64_t *state, unsigned char *key);

static size_t estimate_key_binary(uint64_t i, uint64_t *state, unsigned char *key) {
  int b;
  (void)i;
  for (b = 0; b < 8; b++) key[b] = (unsigned char)(test_random(state) >> 56);
  return 8;
}

static size_t estimate_key_big_endian(uint64_t i, uint64_t *state, unsigned char *key) {
  int b;
  (void)state;
  for (b = 0; b < 8; b++) key[b] = (unsigned char)(i >> (56 - 8 * b));
  return 8;
}

static size_t estimate_key_decimal(uint64_t i, uint64_t *state, unsigned char *key) {
  (void)state;
  return (size_t)snprintf((char *)key, 32, "user:%010llu", (unsigned long long)i);
}

static size_t estimate_key_hex(uint64_t i, uint64_t *state, unsigned char *key) {
  (void)i;
  return (size_t)snprintf((char *)key, 32, "%016llx", (unsigned long long)test_random(state));
}

/* Words of skewed syllables with a number behind: as uneven as package names. */
static size_t estimate_key_word(uint64_t i, uint64_t *state, unsigned char *key) {
  static const char *syllables[] = {"lib", "py", "thon",   "go", "lang", "per", "l-", "r-",
                                    "gno", "me", "fonts-", "x",  "dev",  "kde", "a",  "zz"};
  size_t n = 0, s, syllable_count = 2 + (size_t)(test_random(state) % 3);
  for (s = 0; s < syllable_count; s++) {
    uint64_t r = test_random(state) % 256;
    n += (size_t)snprintf((char *)key + n, 16, "%s", syllables[r * r >> 12]);
  }
  return n + (size_t)snprintf((char *)key + n, 16, "%llu", (unsigned long long)i);
}

/* Compares estimates of random ranges with exact counts; returns the median factor of error. */
static double estimate_median_error(estimate_key_fn make, uint64_t *state, double *worst) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  unsigned char key[64];
  double errors[60];
  uint64_t i, all;
  tv_bucket *bucket;
  tv_kv_cursor *cursor;
  tv_slice *keys = malloc((ESTIMATE_N + 1) * sizeof *keys);
  tv_range whole = {0};
  size_t n = 0, r;
  assert_non_null(keys);
  test_ok(tv_kv_open(txn, "b", TV_CREATE, NULL, &bucket));
  for (i = 0; i < ESTIMATE_N; i++) {
    size_t size = make(i, state, key);
    test_ok(tv_kv_put(bucket, tv_bytes(key, size), tv_str("value")));
  }
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  test_ok(tv_kv_open(txn, "b", 0, NULL, &bucket));
  test_ok(tv_kv_count(bucket, &all));
  test_ok(tv_kv_cursor_open(bucket, whole, &cursor));
  while (tv_kv_cursor_next(cursor, &keys[n], NULL) == TV_OK) n++;
  tv_kv_cursor_close(cursor);
  assert_int_equal(n, all);
  *worst = 1;
  for (r = 0; r < 60; r++) {
    size_t from = test_random(state) % n, to = test_random(state) % n, swap;
    uint64_t estimate, exact;
    tv_range range;
    double error;
    if (from > to) {
      swap = from;
      from = to;
      to = swap;
    }
    range.from = r % 3 == 0 ? tv_bytes(NULL, 0) : keys[from];
    range.to = r % 3 == 1 ? tv_bytes(NULL, 0) : keys[to];
    exact = (r % 3 == 1 ? n : to) - (r % 3 == 0 ? 0 : from);
    test_ok(tv_kv_count_estimate(bucket, range, &estimate));
    if (exact <= 1000) assert_int_equal(estimate, exact);
    assert_true(estimate <= all);
    error = (double)(estimate + 1) / (double)(exact + 1);
    errors[r] = error < 1 ? 1 / error : error;
    if (errors[r] > *worst) *worst = errors[r];
  }
  for (r = 1; r < 60; r++) {
    double e = errors[r];
    size_t at = r;
    for (; at > 0 && errors[at - 1] > e; at--) errors[at] = errors[at - 1];
    errors[at] = e;
  }
  tv_abort(txn);
  test_close(db);
  free(keys);
  return errors[30];
}

static void estimates_are_near_for_keys_of_every_kind(void **unused) {
  static const struct {
    const char *name;
    estimate_key_fn make;
    double median_max, worst_max;
  } kinds[] = {{"random bytes", estimate_key_binary, 1.1, 1.5},
               {"big-endian numbers", estimate_key_big_endian, 1.05, 1.25},
               {"decimal text", estimate_key_decimal, 1.25, 1.7},
               {"random hex", estimate_key_hex, 1.2, 1.7},
               {"words", estimate_key_word, 2.5, 40}};
  /* The bounds are of a fixed sample: the worst of random ranges has no bound of its own. */
  uint64_t state = getenv("TV_TEST_SEED") != NULL ? test_seed() : 1;
  size_t i;
  (void)unused;
  for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    double worst, median = estimate_median_error(kinds[i].make, &state, &worst);
    print_message("%s: median factor %.3f, worst %.2f\n", kinds[i].name, median, worst);
    assert_true(median <= kinds[i].median_max);
    assert_true(worst <= kinds[i].worst_max);
  }
}

static void the_whole_bucket_and_an_empty_range_are_exact(void **unused) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_range whole = {0}, none = {tv_str("x"), tv_str("y")}, turned = {tv_str("5"), tv_str("1")};
  tv_bucket *bucket;
  uint64_t n = 7;
  char key[16];
  int i;
  (void)unused;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, NULL, &bucket));
  test_ok(tv_kv_count_estimate(bucket, whole, &n));
  assert_int_equal(n, 0);
  test_ok(tv_kv_count_estimate(bucket, none, &n));
  assert_int_equal(n, 0);
  for (i = 0; i < 5000; i++) {
    snprintf(key, sizeof key, "%d", i);
    test_ok(tv_kv_put(bucket, tv_str(key), tv_str("v")));
  }
  test_ok(tv_kv_count_estimate(bucket, whole, &n));
  assert_int_equal(n, 5000);
  test_ok(tv_kv_count_estimate(bucket, none, &n));
  assert_int_equal(n, 0);
  test_ok(tv_kv_count_estimate(bucket, turned, &n));
  assert_int_equal(n, 0);
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(estimates_are_near_for_keys_of_every_kind),
      cmocka_unit_test(the_whole_bucket_and_an_empty_range_are_exact),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
