/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "encode_internal.h"
#include "envelope_internal.h"
#include "test_store.h"

#define TEXT_BYTES 6000

/* Text that compresses like text: words drawn from a small set. */
static void fill_text(char *to, size_t size, uint64_t *seed) {
  static const char *words[] = {"Package: ", "Depends: ", "libc6 ",  "Version: 1.2-", "amd64\n",
                                "section ",  "priority ", "admin, ", "optional\n",    "(>= 2.36) "};
  size_t at = 0;
  while (at < size) {
    const char *word = words[test_random(seed) % 10];
    size_t length = strlen(word);
    if (length > size - at) length = size - at;
    memcpy(to + at, word, length);
    at += length;
  }
}

static void fill_noise(char *to, size_t size, uint64_t *seed) {
  size_t at;
  for (at = 0; at < size; at++) to[at] = (char)test_random(seed);
}

/* A copy of exactly this size on the heap, so that sanitizers see a read beyond it. */
static tv_slice exact_copy(tv_slice from) {
  void *copy = malloc(from.size > 0 ? from.size : 1);
  assert_non_null(copy);
  if (from.size > 0) memcpy(copy, from.data, from.size);
  return tv_bytes(copy, from.size);
}

static void assert_round_trip(tvi_codec *codec, tv_slice key, tv_slice payload, int64_t expiry,
                              uint64_t version) {
  tv_slice wrapped, copy;
  tvi_envelope back;
  test_ok(tvi_envelope_wrap(codec, key, payload, expiry, version, &wrapped));
  assert_true(wrapped.size <= payload.size + TVI_ENV_OVERHEAD_MAX);
  copy = exact_copy(wrapped);
  test_ok(tvi_envelope_unwrap(codec, key, copy, 1, &back));
  assert_int_equal(back.payload.size, payload.size);
  if (payload.size > 0) assert_memory_equal(back.payload.data, payload.data, payload.size);
  assert_true(back.expiry == expiry);
  assert_true(back.version == (codec->with_version ? version : 0));
  test_ok(tvi_envelope_peek(copy, &back));
  assert_true(back.expiry == expiry);
  assert_true(back.version == (codec->with_version ? version : 0));
  free((void *)copy.data);
}

static void values_of_every_kind_come_back(void **state) {
  static const size_t sizes[] = {0, 1, 12, 13, 14, 16, 100, 240, 241, 1000, 4080, TEXT_BYTES};
  uint64_t seed = test_seed();
  char text[TEXT_BYTES], noise[TEXT_BYTES], dictionary[3000];
  int compression, with_version, with_dictionary;
  size_t i;
  (void)state;
  fill_text(text, sizeof text, &seed);
  fill_noise(noise, sizeof noise, &seed);
  fill_text(dictionary, sizeof dictionary, &seed);
  for (compression = TVI_COMPRESS_NONE; compression <= TVI_COMPRESS_LZ4_HC; compression++) {
    for (with_version = 0; with_version < 2; with_version++) {
      for (with_dictionary = 0; with_dictionary < 2; with_dictionary++) {
        tvi_codec codec = {.compression = compression, .with_version = with_version};
        if (with_dictionary) codec.dictionary = tv_bytes(dictionary, sizeof dictionary);
        for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
          assert_round_trip(&codec, tv_str("key"), tv_bytes(text, sizes[i]), 0, i);
          assert_round_trip(&codec, tv_str(""), tv_bytes(noise, sizes[i]), -1, UINT64_MAX);
          assert_round_trip(&codec, tv_str("k"), tv_bytes(text, sizes[i]), INT64_MAX, 7);
        }
        tvi_codec_free(&codec);
      }
    }
  }
}

static void a_value_larger_than_lz4s_window_comes_back(void **state) {
  uint64_t seed = test_seed();
  size_t size = 300000;
  char *text = malloc(size);
  int compression;
  (void)state;
  assert_non_null(text);
  fill_text(text, size, &seed);
  for (compression = TVI_COMPRESS_LZ4; compression <= TVI_COMPRESS_LZ4_HC; compression++) {
    tvi_codec codec = {.compression = compression, .dictionary = tv_bytes(text + 1000, 100000)};
    assert_round_trip(&codec, tv_str("k"), tv_bytes(text, size), 0, 0);
    assert_round_trip(&codec, tv_str("k"), tv_bytes(text, 2000), 0, 0);
    codec.dictionary = tv_bytes(NULL, 0); /* a codec may lose its dictionary */
    assert_round_trip(&codec, tv_str("k"), tv_bytes(text, size), 0, 0);
    tvi_codec_free(&codec);
  }
  free(text);
}

static void compression_is_used_only_where_it_saves(void **state) {
  uint64_t seed = test_seed();
  char text[1000], noise[1000], dictionary[4000];
  size_t plain, packed, packed_dictionary, i;
  tv_slice wrapped;
  tvi_codec none = {0}, lz4 = {.compression = TVI_COMPRESS_LZ4};
  tvi_codec with = {.compression = TVI_COMPRESS_LZ4};
  (void)state;
  fill_text(text, sizeof text, &seed);
  fill_noise(noise, sizeof noise, &seed);
  fill_text(dictionary, sizeof dictionary, &seed);
  with.dictionary = tv_bytes(dictionary, sizeof dictionary);
  test_ok(tvi_envelope_wrap(&none, tv_str("k"), tv_bytes(text, sizeof text), 0, 0, &wrapped));
  plain = wrapped.size;
  assert_int_equal(plain, sizeof text + TVI_ENV_HEADER_BYTES);
  test_ok(tvi_envelope_wrap(&lz4, tv_str("k"), tv_bytes(text, sizeof text), 0, 0, &wrapped));
  packed = wrapped.size;
  assert_int_equal(*(const unsigned char *)wrapped.data, TVI_ENV_LZ4);
  test_ok(tvi_envelope_wrap(&with, tv_str("k"), tv_bytes(text, sizeof text), 0, 0, &wrapped));
  packed_dictionary = wrapped.size;
  assert_int_equal(*(const unsigned char *)wrapped.data, TVI_ENV_LZ4 | TVI_ENV_DICTIONARY);
  assert_true(packed_dictionary < packed && packed < plain);
  /* Noise is stored as it is, and a failed compression leaves the next value unharmed. */
  for (i = 0; i < 3; i++) {
    test_ok(tvi_envelope_wrap(&lz4, tv_str("k"), tv_bytes(noise, sizeof noise), 0, 0, &wrapped));
    assert_int_equal(wrapped.size, plain);
    assert_int_equal(*(const unsigned char *)wrapped.data, 0);
    test_ok(tvi_envelope_wrap(&lz4, tv_str("k"), tv_bytes(text, sizeof text), 0, 0, &wrapped));
    assert_int_equal(wrapped.size, packed);
  }
  tvi_codec_free(&none);
  tvi_codec_free(&lz4);
  tvi_codec_free(&with);
}

static void the_bytes_are_those_of_the_format(void **state) {
  /* Offsets as envelope_internal.h gives them. */
  tvi_codec codec = {.with_version = 1};
  const unsigned char *bytes;
  tv_slice wrapped;
  (void)state;
  test_ok(tvi_envelope_wrap(&codec, tv_str("key"), tv_str("payload"), 0x0102, 0x0304, &wrapped));
  bytes = wrapped.data;
  assert_int_equal(wrapped.size, 9 + 8 + 8 + 7);
  assert_int_equal(bytes[0], TVI_ENV_EXPIRY | TVI_ENV_VERSION);
  assert_true(tvi_load_le64(bytes + 9) == 0x0102);
  assert_true(tvi_load_le64(bytes + 17) == 0x0304);
  assert_memory_equal(bytes + 25, "payload", 7);
  /* The example of docs/file-format.md, computed there without this code. */
  assert_memory_equal(bytes,
                      "\x0c\xb3\x99\xc9\x14\xf7\x99\x5b\x6c\x02\x01\0\0\0\0\0\0\x04\x03\0\0\0\0\0\0"
                      "payload",
                      32);
  /* XXH3-64 of nothing with seed 0, from the algorithm's specification. */
  assert_true(tvi_checksum("", 0) == UINT64_C(0x2d06800538d394c2));
  tvi_codec_free(&codec);
}

static void any_flipped_bit_is_found(void **state) {
  uint64_t seed = test_seed();
  char text[400], dictionary[400];
  int kind;
  (void)state;
  fill_text(text, sizeof text, &seed);
  fill_text(dictionary, sizeof dictionary, &seed);
  for (kind = 0; kind < 4; kind++) {
    tvi_codec codec = {.compression = kind % 2, .with_version = kind / 2};
    tv_slice wrapped, copy;
    tvi_envelope back;
    unsigned char *bytes;
    size_t bit;
    if (kind == 3) codec.dictionary = tv_bytes(dictionary, sizeof dictionary);
    test_ok(
        tvi_envelope_wrap(&codec, tv_str("key"), tv_bytes(text, sizeof text), kind, 9, &wrapped));
    copy = exact_copy(wrapped);
    bytes = (void *)copy.data;
    for (bit = 0; bit < 8 * copy.size; bit++) {
      bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
      test_status(tvi_envelope_unwrap(&codec, tv_str("key"), copy, 1, &back), TV_ECORRUPT);
      assert_null(back.payload.data);
      bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    test_ok(tvi_envelope_unwrap(&codec, tv_str("key"), copy, 1, &back));
    free(bytes);
    tvi_codec_free(&codec);
  }
}

static void a_value_under_another_key_is_found(void **state) {
  tvi_codec codec = {0};
  tv_slice wrapped;
  tvi_envelope back;
  (void)state;
  test_ok(tvi_envelope_wrap(&codec, tv_str("abc"), tv_str("def"), 0, 0, &wrapped));
  test_ok(tvi_envelope_unwrap(&codec, tv_str("abc"), wrapped, 1, &back));
  test_status(tvi_envelope_unwrap(&codec, tv_str("abd"), wrapped, 1, &back), TV_ECORRUPT);
  test_status(tvi_envelope_unwrap(&codec, tv_str("ab"), wrapped, 1, &back), TV_ECORRUPT);
  test_ok(tvi_envelope_unwrap(&codec, tv_str("abd"), wrapped, 0, &back)); /* not asked to look */
  tvi_codec_free(&codec);
}

/* Without verification damaged bytes may be believed, but never read or written out of bounds. */
static void no_bytes_whatever_lead_outside(void **state) {
  uint64_t seed = test_seed();
  char text[600], dictionary[300];
  int round, accepted = 0, refused = 0;
  (void)state;
  fill_text(text, sizeof text, &seed);
  fill_text(dictionary, sizeof dictionary, &seed);
  for (round = 0; round < 20000; round++) {
    tvi_codec codec = {.compression = TVI_COMPRESS_LZ4, .with_version = round % 2};
    tv_slice wrapped, copy;
    tvi_envelope back;
    unsigned char *bytes;
    size_t i, flips = test_random(&seed) % 4;
    int status;
    if (round % 3 == 0) codec.dictionary = tv_bytes(dictionary, sizeof dictionary);
    test_ok(tvi_envelope_wrap(&codec, tv_str("k"), tv_bytes(text, test_random(&seed) % 600),
                              round % 5, 1, &wrapped));
    wrapped.size -= test_random(&seed) % (wrapped.size / 4 + 1);
    if (round % 7 == 0) wrapped.size = test_random(&seed) % 20 % (wrapped.size + 1);
    copy = exact_copy(wrapped);
    bytes = (void *)copy.data;
    for (i = 0; i < flips && copy.size > 0; i++) {
      size_t span = test_random(&seed) % 2 == 0 ? copy.size : copy.size < 30 ? copy.size : 30;
      bytes[test_random(&seed) % span] = (unsigned char)test_random(&seed);
    }
    if (round % 11 == 0) codec.dictionary = tv_bytes(NULL, 0);
    status = tvi_envelope_unwrap(&codec, tv_str("k"), copy, 0, &back);
    if (status == TV_OK) {
      size_t sum = 0;
      for (i = 0; i < back.payload.size; i++) sum += ((const unsigned char *)back.payload.data)[i];
      accepted += sum > 0;
    } else {
      test_status(status, TV_ECORRUPT);
      refused++;
    }
    (void)tvi_envelope_peek(copy, &back);
    free(bytes);
    tvi_codec_free(&codec);
  }
  assert_true(accepted > 100 && refused > 100);
}

static void a_lying_size_asks_for_no_memory(void **state) {
  unsigned char bytes[32] = {TVI_ENV_LZ4};
  tvi_codec codec = {.compression = TVI_COMPRESS_LZ4};
  tvi_envelope back;
  size_t prefix;
  (void)state;
  prefix = tvi_varint_put(bytes + TVI_ENV_HEADER_BYTES, TVI_PAYLOAD_BYTES_MAX);
  test_status(tvi_envelope_unwrap(&codec, tv_str("k"),
                                  tv_bytes(bytes, TVI_ENV_HEADER_BYTES + prefix + 4), 0, &back),
              TV_ECORRUPT);
  assert_int_equal(codec.unpacked.capacity, 0);
  tvi_codec_free(&codec);
}

static void a_payload_over_the_limit_is_refused(void **state) {
  tvi_codec codec = {0};
  tv_slice wrapped;
  (void)state;
  test_status(tvi_envelope_wrap(&codec, tv_str("k"), tv_bytes("x", TVI_PAYLOAD_BYTES_MAX + 1), 0, 0,
                                &wrapped),
              TV_ELIMIT);
  tvi_codec_free(&codec);
}

/* ---- Out of memory ---- */

static int allocations_left;

static void *scarce_allocate(void *ctx, size_t bytes) {
  (void)ctx;
  return allocations_left-- > 0 ? malloc(bytes) : NULL;
}
static void *scarce_reallocate(void *ctx, void *old, size_t bytes) {
  (void)ctx;
  return allocations_left-- > 0 ? realloc(old, bytes) : NULL;
}
static void scarce_release(void *ctx, void *old) {
  (void)ctx;
  free(old);
}

static void each_failed_allocation_is_reported_and_survived(void **state) {
  tv_allocator scarce = {scarce_allocate, scarce_reallocate, scarce_release, NULL};
  uint64_t seed = test_seed();
  char text[2000];
  int compression, allowed, done;
  (void)state;
  fill_text(text, sizeof text, &seed);
  test_ok(tv_allocator_set(&scarce));
  for (compression = TVI_COMPRESS_NONE; compression <= TVI_COMPRESS_LZ4_HC; compression++) {
    for (allowed = 0, done = 0; !done; allowed++) {
      tvi_codec codec = {.compression = compression, .dictionary = tv_bytes(text, 1000)};
      tv_slice wrapped = {NULL, 0};
      tvi_envelope back;
      int status;
      allocations_left = allowed;
      status = tvi_envelope_wrap(&codec, tv_str("k"), tv_bytes(text, sizeof text), 0, 0, &wrapped);
      if (status == TV_OK) status = tvi_envelope_unwrap(&codec, tv_str("k"), wrapped, 1, &back);
      done = status == TV_OK;
      if (!done) {
        test_status(status, TV_ENOMEM);
        allocations_left = 100; /* the same codec works on once there is memory */
        assert_round_trip(&codec, tv_str("k"), tv_bytes(text, sizeof text), 0, 0);
      }
      tvi_codec_free(&codec);
      assert_true(allowed < 20);
    }
    assert_true(allowed > (compression == TVI_COMPRESS_NONE ? 1 : 5));
  }
  test_ok(tv_allocator_set(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_of_every_kind_come_back),
      cmocka_unit_test(a_value_larger_than_lz4s_window_comes_back),
      cmocka_unit_test(compression_is_used_only_where_it_saves),
      cmocka_unit_test(the_bytes_are_those_of_the_format),
      cmocka_unit_test(any_flipped_bit_is_found),
      cmocka_unit_test(a_value_under_another_key_is_found),
      cmocka_unit_test(no_bytes_whatever_lead_outside),
      cmocka_unit_test(a_lying_size_asks_for_no_memory),
      cmocka_unit_test(a_payload_over_the_limit_is_refused),
      cmocka_unit_test(each_failed_allocation_is_reported_and_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
