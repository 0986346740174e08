/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "encode_internal.h"
#include "test_store.h"

static void fixed_numbers_have_the_bytes_of_the_format(void **state) {
  unsigned char at[8];
  (void)state;
  tvi_store_be16(at, 0x0102);
  assert_memory_equal(at, "\x01\x02", 2);
  tvi_store_be32(at, 0x01020304);
  assert_memory_equal(at, "\x01\x02\x03\x04", 4);
  tvi_store_be40(at, UINT64_C(0x0102030405));
  assert_memory_equal(at, "\x01\x02\x03\x04\x05", 5);
  tvi_store_be64(at, UINT64_C(0x0102030405060708));
  assert_memory_equal(at, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
  tvi_store_le16(at, 0x0102);
  assert_memory_equal(at, "\x02\x01", 2);
  tvi_store_le32(at, 0x01020304);
  assert_memory_equal(at, "\x04\x03\x02\x01", 4);
  tvi_store_le64(at, UINT64_C(0x0102030405060708));
  assert_memory_equal(at, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
  tvi_store_f64(at, 1.0);
  assert_memory_equal(at, "\0\0\0\0\0\0\xf0\x3f", 8);
}

static void fixed_numbers_come_back_from_any_alignment(void **state) {
  uint64_t seed = test_seed();
  int round;
  (void)state;
  for (round = 0; round < 20000; round++) {
    unsigned char buffer[24];
    uint64_t value = test_random(&seed) >> (test_random(&seed) % 64);
    unsigned char *at = buffer + test_random(&seed) % 16;
    double number;
    tvi_store_be16(at, (uint16_t)value);
    assert_int_equal(tvi_load_be16(at), (uint16_t)value);
    tvi_store_be32(at, (uint32_t)value);
    assert_int_equal(tvi_load_be32(at), (uint32_t)value);
    tvi_store_be40(at, value & UINT64_C(0xffffffffff));
    assert_true(tvi_load_be40(at) == (value & UINT64_C(0xffffffffff)));
    tvi_store_be64(at, value);
    assert_true(tvi_load_be64(at) == value);
    tvi_store_le16(at, (uint16_t)value);
    assert_int_equal(tvi_load_le16(at), (uint16_t)value);
    tvi_store_le32(at, (uint32_t)value);
    assert_int_equal(tvi_load_le32(at), (uint32_t)value);
    tvi_store_le64(at, value);
    assert_true(tvi_load_le64(at) == value);
    memcpy(&number, &value, sizeof number);
    tvi_store_f64(at, number);
    number = tvi_load_f64(at);
    assert_memory_equal(&number, &value, sizeof number);
  }
}

static void varints_come_back_and_say_their_length(void **state) {
  uint64_t seed = test_seed();
  unsigned bits;
  int round;
  (void)state;
  for (bits = 0; bits < 64; bits++) {
    for (round = 0; round < 200; round++) {
      unsigned char buffer[TVI_VARINT_BYTES_MAX];
      uint64_t value = (test_random(&seed) | UINT64_C(1) << 63) >> bits, back = 0;
      size_t size = tvi_varint_put(buffer, value), cut;
      assert_int_equal(size, (64 - bits + 6) / 7);
      assert_int_equal(tvi_varint_get(buffer, size, &back), size);
      assert_true(back == value);
      for (cut = 0; cut < size; cut++) assert_int_equal(tvi_varint_get(buffer, cut, &back), 0);
    }
  }
}

static void varints_over_64_bits_are_refused(void **state) {
  static const unsigned char all[11] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0x01, 0x00};
  unsigned char bytes[11];
  uint64_t value = 0;
  (void)state;
  assert_int_equal(tvi_varint_get(all, sizeof all, &value), 10);
  assert_true(value == UINT64_MAX);
  memcpy(bytes, all, sizeof bytes);
  bytes[9] = 0x02;
  assert_int_equal(tvi_varint_get(bytes, sizeof bytes, &value), 0);
  bytes[9] = 0x81;
  assert_int_equal(tvi_varint_get(bytes, sizeof bytes, &value), 0);
}

static void zigzag_keeps_small_magnitudes_small(void **state) {
  uint64_t seed = test_seed();
  int round;
  (void)state;
  assert_true(tvi_zigzag(0) == 0 && tvi_zigzag(-1) == 1 && tvi_zigzag(1) == 2);
  assert_true(tvi_zigzag(INT64_MAX) == UINT64_MAX - 1 && tvi_zigzag(INT64_MIN) == UINT64_MAX);
  for (round = 0; round < 20000; round++) {
    int64_t value = (int64_t)test_random(&seed) >> (test_random(&seed) % 64);
    assert_true(tvi_unzigzag(tvi_zigzag(value)) == value);
  }
  assert_true(tvi_unzigzag(tvi_zigzag(INT64_MIN)) == INT64_MIN);
}

static int sign(int value) {
  return (value > 0) - (value < 0);
}

static void keys_of_integers_are_in_their_numbers_order(void **state) {
  uint64_t seed = test_seed();
  int round;
  (void)state;
  for (round = 0; round < 50000; round++) {
    int64_t a = (int64_t)test_random(&seed) >> (test_random(&seed) % 64);
    int64_t b = (int64_t)test_random(&seed) >> (test_random(&seed) % 64);
    unsigned char x[8], y[8];
    tvi_store_key_i64(x, a);
    tvi_store_key_i64(y, b);
    assert_int_equal(sign(memcmp(x, y, 8)), (a > b) - (a < b));
    assert_true(tvi_load_key_i64(x) == a);
  }
}

static void keys_of_doubles_are_in_their_numbers_order(void **state) {
  static const double ladder[] = {-INFINITY, -1e300, -1.5, -1.0, -5e-324, -0.0,    0.0,
                                  5e-324,    1e-300, 1.0,  1.5,  1e300,   INFINITY};
  uint64_t seed = test_seed();
  unsigned char x[8], y[8];
  size_t i;
  int round;
  (void)state;
  for (i = 1; i < sizeof ladder / sizeof ladder[0]; i++) {
    tvi_store_key_f64(x, ladder[i - 1]);
    tvi_store_key_f64(y, ladder[i]);
    assert_true(memcmp(x, y, 8) < 0);
  }
  for (round = 0; round < 50000; round++) {
    uint64_t p = test_random(&seed), q = test_random(&seed);
    double a, b;
    memcpy(&a, &p, sizeof a);
    memcpy(&b, &q, sizeof b);
    if (isnan(a) || isnan(b)) continue;
    tvi_store_key_f64(x, a);
    tvi_store_key_f64(y, b);
    if (a < b) assert_true(memcmp(x, y, 8) < 0);
    if (a > b) assert_true(memcmp(x, y, 8) > 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fixed_numbers_have_the_bytes_of_the_format),
      cmocka_unit_test(fixed_numbers_come_back_from_any_alignment),
      cmocka_unit_test(varints_come_back_and_say_their_length),
      cmocka_unit_test(varints_over_64_bits_are_refused),
      cmocka_unit_test(zigzag_keeps_small_magnitudes_small),
      cmocka_unit_test(keys_of_integers_are_in_their_numbers_order),
      cmocka_unit_test(keys_of_doubles_are_in_their_numbers_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
