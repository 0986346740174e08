/* SPDX-License-Identifier: MIT */
/* Kernels of every level that this machine has, against loops that are too simple to be wrong. */
#include <stdlib.h>
#include <string.h>

#include "exec_kernel_internal.h"
#include "test_store.h"

#define ROWS TVI_EXEC_ROWS
#define ROOM (ROWS + TVI_EXEC_SLACK)

static uint64_t state_of_random;

static uint64_t draw(void) {
  state_of_random ^= state_of_random << 13;
  state_of_random ^= state_of_random >> 7;
  state_of_random ^= state_of_random << 17;
  return state_of_random;
}

static const tvi_kernels *level_of(int i) {
  return tvi_kernels_at((tvi_kernel_level)(TVI_KERNEL_PORTABLE + i));
}

/* Sizes around the widths of registers, and a whole vector. */
static uint32_t size_of(int i) {
  static const uint32_t sizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 1000, 1024, ROWS};
  return sizes[i];
}
#define SIZES 15

static void packed_numbers_of_every_width_unpack(void **unused) {
  unsigned char *bytes;
  (void)unused;
  for (int level = 0; level < 3; level++) {
    const tvi_kernels *kernels = level_of(level);
    for (unsigned width = 1; kernels != NULL && width <= 32; width++) {
      for (int s = 0; s < SIZES - 1; s++) {
        uint32_t n = size_of(s), mask = width == 32 ? UINT32_MAX : (1u << width) - 1;
        size_t size = ((size_t)n * width + 7) / 8;
        uint32_t values[TVI_COL_BLOCK], base = (uint32_t)draw();
        int32_t out[ROOM];
        bytes = calloc(1, size); /* to the byte: reading behind it is seen under ASan */
        for (uint32_t i = 0; i < n; i++) {
          values[i] = (uint32_t)draw() & mask;
          for (unsigned b = 0; b < width; b++) {
            size_t bit = (size_t)i * width + b;
            if (values[i] >> b & 1) bytes[bit / 8] |= (unsigned char)(1u << (bit % 8));
          }
        }
        kernels->unpack32(bytes, size, width, n, base, out);
        for (uint32_t i = 0; i < n; i++) assert_int_equal((uint32_t)out[i], values[i] + base);
        free(bytes);
      }
    }
  }
}

static void runs_repeat(void **unused) {
  (void)unused;
  for (int level = 0; level < 3; level++) {
    const tvi_kernels *kernels = level_of(level);
    for (int round = 0; kernels != NULL && round < 200; round++) {
      int32_t lengths[TVI_COL_BLOCK], values[TVI_COL_BLOCK], out[ROOM], expected[ROOM];
      uint32_t runs = 0, rows = 0;
      while (rows < TVI_COL_BLOCK) {
        uint32_t length = 1 + (uint32_t)(draw() % (round % 4 == 0 ? 100 : 5));
        if (length > TVI_COL_BLOCK - rows) length = TVI_COL_BLOCK - rows;
        values[runs] = (int32_t)draw();
        lengths[runs] = (int32_t)length - 1;
        for (uint32_t i = 0; i < length; i++) expected[rows++] = values[runs];
        runs++;
      }
      kernels->repeat32(lengths, values, runs, out);
      assert_memory_equal(out, expected, rows * sizeof *out);
    }
  }
}

/* Numbers, some at the bounds of int32, and some of the rows. */
static uint32_t numbers(int32_t *v, uint16_t *rows, uint32_t n, int64_t spread) {
  uint32_t picked = 0;
  for (uint32_t i = 0; i < n; i++) {
    v[i] = (int32_t)((int64_t)(draw() % (uint64_t)spread) - spread / 2);
    if (draw() % 50 == 0) v[i] = draw() % 2 ? INT32_MAX : INT32_MIN;
    if (draw() % 3 != 0) rows[picked++] = (uint16_t)i;
  }
  return picked;
}

static void check_range(const tvi_kernels *kernels, const int32_t *v, const uint16_t *rows,
                        uint32_t n, int32_t lo, int32_t hi) {
  uint16_t out[ROOM];
  uint32_t kept = kernels->select_range32(v, rows, n, lo, hi, out), at = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint16_t row = rows == NULL ? (uint16_t)i : rows[i];
    if (v[row] < lo || v[row] > hi) continue;
    assert_true(at < kept);
    assert_int_equal(out[at++], row);
  }
  assert_int_equal(at, kept);
}

static void check_bits(const tvi_kernels *kernels, const int32_t *v, const uint16_t *rows,
                       uint32_t n, int32_t base, uint32_t span, const uint32_t *bits) {
  uint16_t out[ROOM];
  uint32_t kept = kernels->select_bits32(v, rows, n, base, span, bits, out), at = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint16_t row = rows == NULL ? (uint16_t)i : rows[i];
    int64_t place = (int64_t)v[row] - base;
    if (place < 0 || place >= span || (bits[place / 32] >> (place % 32) & 1) == 0) continue;
    assert_true(at < kept);
    assert_int_equal(out[at++], row);
  }
  assert_int_equal(at, kept);
}

static void selections_keep_the_rows_that_pass_in_their_order(void **unused) {
  (void)unused;
  for (int level = 0; level < 3; level++) {
    const tvi_kernels *kernels = level_of(level);
    for (int round = 0; kernels != NULL && round < 40 * SIZES; round++) {
      static const int64_t spreads[] = {2, 100, 5000, INT64_C(1) << 32};
      int64_t spread = spreads[round % 4];
      int32_t v[ROOM], lo, hi;
      uint16_t rows[ROOM];
      uint32_t n = size_of(round % SIZES), picked = numbers(v, rows, n, spread), *bits;
      uint32_t span = (uint32_t)(draw() % 4000);
      lo = v[draw() % n];
      hi = v[draw() % n];
      check_range(kernels, v, NULL, n, lo, hi);
      check_range(kernels, v, rows, picked, lo, hi);
      check_range(kernels, v, NULL, n, INT32_MIN, INT32_MAX);
      bits = calloc(span / 32 + 1, sizeof *bits);
      for (uint32_t i = 0; i < span / 32 + 1; i++) bits[i] = (uint32_t)draw();
      check_bits(kernels, v, NULL, n, lo / 2, span, bits);
      check_bits(kernels, v, rows, picked, lo / 2, span, bits);
      check_bits(kernels, v, NULL, n, -2, span, bits);
      free(bits);
    }
  }
}

static void a_selection_may_write_over_the_rows_it_reads(void **unused) {
  (void)unused;
  for (int level = 0; level < 3; level++) {
    const tvi_kernels *kernels = level_of(level);
    for (int round = 0; kernels != NULL && round < 10 * SIZES; round++) {
      int32_t v[ROOM];
      uint16_t rows[ROOM], apart[ROOM];
      uint32_t n = size_of(round % SIZES), picked = numbers(v, rows, n, 100), kept;
      kept = kernels->select_range32(v, rows, picked, -20, 20, apart);
      assert_int_equal(kernels->select_range32(v, rows, picked, -20, 20, rows), kept);
      assert_memory_equal(rows, apart, kept * sizeof *rows);
    }
  }
}

static void values_are_gathered_and_looked_up(void **unused) {
  (void)unused;
  for (int level = 0; level < 3; level++) {
    const tvi_kernels *kernels = level_of(level);
    for (int round = 0; kernels != NULL && round < 10 * SIZES; round++) {
      int32_t v[ROOM], out[ROOM];
      uint32_t table[512], found[ROOM], n = size_of(round % SIZES), picked;
      uint16_t rows[ROOM];
      picked = numbers(v, rows, n, 1000);
      kernels->gather32(v, rows, picked, out);
      for (uint32_t i = 0; i < picked; i++) assert_int_equal(out[i], v[rows[i]]);
      for (uint32_t i = 0; i < 512; i++) table[i] = (uint32_t)draw();
      for (uint32_t i = 0; i < n; i++) v[i] = (int32_t)(draw() % 512) - 7000;
      kernels->look_up32(v, n, -7000, table, found);
      for (uint32_t i = 0; i < n; i++) assert_int_equal(found[i], table[v[i] + 7000]);
    }
  }
}

/* What encodes to each form: the same, offsets, runs, steps. */
static void fill_block(int64_t *values, uint32_t n, int shape, int64_t width) {
  int64_t at = (int64_t)(draw() % 1000) - 500;
  for (uint32_t i = 0; i < n; i++) {
    if (shape == 1) at = (int64_t)(draw() % (uint64_t)width) - width / 2;
    if (shape == 2 && draw() % 9 == 0) at = (int64_t)(draw() % (uint64_t)width) - width / 2;
    if (shape == 3) at += (int64_t)(draw() % 16);
    values[i] = at;
  }
}

static void blocks_of_every_form_decode_to_32_bits(void **unused) {
  (void)unused;
  for (int level = 0; level < 3; level++) {
    const tvi_kernels *kernels = level_of(level);
    for (int round = 0; kernels != NULL && round < 4 * 33 * 3; round++) {
      int64_t values[ROWS];
      int32_t out[TVI_COL_BLOCK + TVI_EXEC_SLACK];
      uint32_t n = round % 3 == 0 ? 1 : round % 3 == 1 ? 1030 : 2048;
      tvi_buffer bytes = {NULL, 0, 0};
      tvi_ints ints;
      fill_block(values, n, round % 4, INT64_C(1) << (round / 12 % 33));
      assert_int_equal(tvi_ints_encode(values, n, &bytes), TV_OK);
      assert_int_equal(tvi_ints_open(bytes.data, bytes.size, &ints), TV_OK);
      for (uint32_t block = 0; block < ints.blocks; block++) {
        uint32_t rows = tvi_ints_block_rows(&ints, block);
        assert_int_equal(tvi_ints_decode32(kernels, &ints, block, out), TV_OK);
        for (uint32_t i = 0; i < rows; i++)
          assert_int_equal(out[i], values[block * TVI_COL_BLOCK + i]);
      }
      tvi_buffer_free(&bytes);
    }
  }
}

static void damaged_blocks_decode_or_are_refused(void **unused) {
  int64_t values[ROWS];
  int32_t out[TVI_COL_BLOCK + TVI_EXEC_SLACK];
  (void)unused;
  for (int round = 0; round < 4000; round++) {
    const tvi_kernels *kernels = level_of(round % 3);
    tvi_buffer bytes = {NULL, 0, 0};
    unsigned char *copy;
    tvi_ints ints;
    if (kernels == NULL) continue;
    fill_block(values, 1500, round % 4, 1 << 12);
    assert_int_equal(tvi_ints_encode(values, 1500, &bytes), TV_OK);
    copy = malloc(bytes.size);
    memcpy(copy, bytes.data, bytes.size);
    for (int i = 0; i < 3; i++)
      copy[draw() % (round % 2 ? 60 : bytes.size)] = (unsigned char)draw();
    if (tvi_ints_open(copy, bytes.size, &ints) == TV_OK)
      for (uint32_t block = 0; block < ints.blocks; block++) {
        int status = tvi_ints_decode32(kernels, &ints, block, out);
        assert_true(status == TV_OK || status == TV_ECORRUPT);
      }
    free(copy);
    tvi_buffer_free(&bytes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(packed_numbers_of_every_width_unpack),
      cmocka_unit_test(runs_repeat),
      cmocka_unit_test(selections_keep_the_rows_that_pass_in_their_order),
      cmocka_unit_test(a_selection_may_write_over_the_rows_it_reads),
      cmocka_unit_test(values_are_gathered_and_looked_up),
      cmocka_unit_test(blocks_of_every_form_decode_to_32_bits),
      cmocka_unit_test(damaged_blocks_decode_or_are_refused),
  };
  state_of_random = test_seed() | 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
