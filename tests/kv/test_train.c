/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_kv.h"

#define TRAIN_SAMPLES 2000

/* Records as an application writes them: the same field names, values that differ. */
static size_t train_record(uint64_t *state, char *text, size_t size) {
  static const char *cities[] = {"Amsterdam", "Buenos Aires", "Copenhagen", "Dar es Salaam"};
  return (size_t)snprintf(
      text, size,
      "{\"customer_identifier\":%llu,\"shipping_address\":{\"city\":\"%s\",\"postal_code\":"
      "\"%05llu\"},\"subscription_status\":\"%s\",\"last_login_timestamp\":%llu}",
      (unsigned long long)(test_random(state) % 1000000000), cities[test_random(state) % 4],
      (unsigned long long)(test_random(state) % 100000),
      test_random(state) % 2 ? "active" : "cancelled",
      (unsigned long long)(test_random(state) % 10000000000));
}

static void train_fill(uint64_t *state, tv_slice *samples, char *texts) {
  size_t i;
  for (i = 0; i < TRAIN_SAMPLES; i++)
    samples[i] = tv_bytes(texts + i * 256, train_record(state, texts + i * 256, 256));
}

/* Bytes of leaf pages that the samples take in a bucket. */
static uint64_t train_stored(const tv_bucket_options *options, const tv_slice *samples) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store_stat stat;
  tv_bucket *bucket;
  tv_slice value;
  char key[16];
  size_t i;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, options, &bucket));
  for (i = 0; i < TRAIN_SAMPLES; i++) {
    snprintf(key, sizeof key, "%06zu", i);
    test_ok(tv_kv_put_append(bucket, tv_str(key), samples[i]));
  }
  for (i = 0; i < TRAIN_SAMPLES; i++) {
    snprintf(key, sizeof key, "%06zu", i);
    test_ok(tv_kv_get(bucket, tv_str(key), &value));
    assert_int_equal(value.size, samples[i].size);
    assert_memory_equal(value.data, samples[i].data, value.size);
  }
  test_ok(tv_kv_stat(bucket, &stat));
  tv_abort(txn);
  test_close(db);
  return stat.bytes;
}

static void a_dictionary_halves_what_short_records_take(void **unused) {
  tv_slice *samples = calloc(TRAIN_SAMPLES, sizeof *samples);
  char *texts = malloc(TRAIN_SAMPLES * 256), *dictionary = malloc(16384), *again = malloc(16384);
  tv_bucket_options options = {.compression = TV_COMPRESS_LZ4_HC};
  uint64_t state = 42, without, with;
  size_t size, size_again;
  tv_error err;
  (void)unused;
  assert_non_null(samples);
  assert_non_null(texts);
  assert_non_null(dictionary);
  assert_non_null(again);
  train_fill(&state, samples, texts);
  test_ok(tv_kv_train(TRAIN_SAMPLES, samples, dictionary, 16384, &size, &err));
  assert_true(size > 100 && size <= 16384);
  memset(again, 0xee, 16384);
  test_ok(tv_kv_train(TRAIN_SAMPLES, samples, again, 16384, &size_again, NULL));
  assert_int_equal(size_again, size);
  assert_memory_equal(again, dictionary, size);
  /* Judged by records that it has not seen. */
  train_fill(&state, samples, texts);
  without = train_stored(&options, samples);
  options.dictionary = tv_bytes(dictionary, size);
  with = train_stored(&options, samples);
  print_message("dictionary of %zu bytes: %llu -> %llu bytes\n", size, (unsigned long long)without,
                (unsigned long long)with);
  assert_true(with * 2 < without);
  free(again);
  free(dictionary);
  free(texts);
  free(samples);
}

static void samples_without_anything_in_common_give_no_dictionary(void **unused) {
  enum { N = 30 };
  static unsigned char noise[N][300];
  tv_slice samples[N], tiny[3] = {tv_str("a"), tv_str(""), tv_str("a")};
  static unsigned char dictionary[1000];
  uint64_t state = 7;
  size_t i, b, size = 99;
  (void)unused;
  for (i = 0; i < N; i++) {
    for (b = 0; b < sizeof noise[i]; b++) noise[i][b] = (unsigned char)test_random(&state);
    samples[i] = tv_bytes(noise[i], sizeof noise[i]);
  }
  test_ok(tv_kv_train(N, samples, dictionary, sizeof dictionary, &size, NULL));
  /* A few stretches may share a place in the hash table. */
  assert_true(size < 900);
  test_ok(tv_kv_train(3, tiny, dictionary, sizeof dictionary, &size, NULL));
  assert_int_equal(size, 0);
}

static void what_is_common_is_found_and_fits_any_capacity(void **unused) {
  enum { N = 50 };
  static char texts[N][200];
  tv_slice samples[N];
  char dictionary[500];
  size_t i, size, capacity;
  (void)unused;
  for (i = 0; i < N; i++)
    samples[i] = tv_bytes(texts[i], (size_t)snprintf(texts[i], sizeof texts[i],
                                                     "%zu-the common stretch of all samples-%zu",
                                                     i * 7919, i * 104729));
  test_ok(tv_kv_train(N, samples, dictionary, sizeof dictionary, &size, NULL));
  assert_non_null(memmem(dictionary, size, "the common stretch of all samples", 33));
  for (capacity = 1; capacity < 60; capacity++) {
    memset(dictionary, 0x55, sizeof dictionary);
    test_ok(tv_kv_train(N, samples, dictionary, capacity, &size, NULL));
    assert_true(size <= capacity);
    assert_int_equal(dictionary[capacity], 0x55);
  }
}

static void bad_arguments_are_refused(void **unused) {
  tv_slice sample = tv_str("sample");
  char dictionary[10];
  tv_error err;
  size_t size;
  (void)unused;
  test_status(tv_kv_train(0, &sample, dictionary, sizeof dictionary, &size, &err), TV_EINVAL);
  assert_non_null(strstr(err.message, "samples"));
  test_status(tv_kv_train(1, &sample, dictionary, 0, &size, &err), TV_EINVAL);
  test_status(tv_kv_train(1, &sample, dictionary, TV_DICTIONARY_BYTES_MAX + 1, &size, &err),
              TV_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_dictionary_halves_what_short_records_take),
      cmocka_unit_test(samples_without_anything_in_common_give_no_dictionary),
      cmocka_unit_test(what_is_common_is_found_and_fits_any_capacity),
      cmocka_unit_test(bad_arguments_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
