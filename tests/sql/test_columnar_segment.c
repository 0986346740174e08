/* SPDX-License-Identifier: MIT */
/* Encodings come back as they went in, and bytes that are no segment never crash a reader. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columnar_internal.h"
#include "test_store.h"

enum { ROWS_MAX = 5000 };

/* Arrays of the kinds that the forms are for. */
static uint32_t make_numbers(uint64_t *random, int64_t *out) {
  uint32_t n = 1 + (uint32_t)(test_random(random) % ROWS_MAX);
  unsigned kind = (unsigned)(test_random(random) % 7), width = (unsigned)(test_random(random) % 64);
  int64_t last = (int64_t)test_random(random);
  for (uint32_t i = 0; i < n; i++) {
    uint64_t r = test_random(random);
    switch (kind) {
      case 0:
        out[i] = last;
        break;
      case 1:
        out[i] = (int64_t)(r >> width);
        break;
      case 2:
        out[i] = (int64_t)((uint64_t)last + (uint64_t)i * 1000 + r % 7);
        break;
      case 3:
        if (r % 50 == 0) last = (int64_t)(r >> width);
        out[i] = last;
        break;
      case 4:
        out[i] = r % 2 ? INT64_MAX : INT64_MIN;
        break;
      default:
        out[i] = (int64_t)(r % (1 + width)) - 20;
    }
  }
  return n;
}

static void integers_come_back(void **state) {
  uint64_t random = test_seed();
  static int64_t numbers[ROWS_MAX], decoded[TVI_COL_BLOCK];
  (void)state;
  for (int round = 0; round < 300; round++) {
    uint32_t n = make_numbers(&random, numbers);
    tvi_buffer out = {NULL, 0, 0};
    tvi_ints ints;
    test_ok(tvi_ints_encode(numbers, n, &out));
    test_ok(tvi_ints_open(out.data, out.size, &ints));
    assert_int_equal(ints.count, n);
    for (uint32_t block = 0; block < ints.blocks; block++) {
      int64_t min, max;
      test_ok(tvi_ints_decode(&ints, block, decoded));
      tvi_ints_bounds(&ints, block, &min, &max);
      for (uint32_t i = 0; i < tvi_ints_block_rows(&ints, block); i++) {
        assert_true(decoded[i] == numbers[block * TVI_COL_BLOCK + i]);
        assert_true(decoded[i] >= min && decoded[i] <= max);
      }
    }
    tvi_buffer_free(&out);
  }
}

static void encodings_are_small_where_the_data_is(void **state) {
  static int64_t numbers[65536];
  tvi_buffer out = {NULL, 0, 0};
  (void)state;
  for (int i = 0; i < 65536; i++) numbers[i] = INT64_C(1) << 60;
  test_ok(tvi_ints_encode(numbers, 65536, &out));
  assert_true(out.size < 2000); /* the directory of blocks alone */
  out.size = 0;
  for (int i = 0; i < 65536; i++) numbers[i] = (INT64_C(1) << 60) + i * INT64_C(1000003);
  test_ok(tvi_ints_encode(numbers, 65536, &out));
  assert_true(out.size < 4000); /* equal steps */
  out.size = 0;
  for (int i = 0; i < 65536; i++) numbers[i] = i * 7919 % 16;
  test_ok(tvi_ints_encode(numbers, 65536, &out));
  assert_true(out.size < 36000); /* four bits each */
  tvi_buffer_free(&out);
}

/* A batch of one column of each type; NULLs in every seventh row. */
static void fill_batch(tvi_batch *batch, const tvi_col_schema *schema, uint64_t *random,
                       uint32_t rows, unsigned variety) {
  char text[64];
  test_ok(tvi_batch_make(batch, schema, rows));
  for (uint32_t i = 0; i < rows; i++) {
    uint64_t r = test_random(random) % variety;
    tvi_cell cells[3] = {{0, (int64_t)r, {NULL, 0}},
                         {0, tvi_cell_from_real((double)r * 0.25), {NULL, 0}},
                         {0, 0, {text, 0}}};
    cells[2].bytes.size =
        (size_t)snprintf(text, sizeof text, "some text with the number %u", (unsigned)r);
    if (i % 7 == 3) cells[r % 3].null = 1;
    test_ok(tvi_batch_add(batch, i + 1, cells));
  }
}

static tvi_col_column columns[3] = {
    {"i", TVI_COL_INTEGER, 0, 0}, {"r", TVI_COL_REAL, 0, 0}, {"t", TVI_COL_TEXT, 0, 0}};
static const tvi_col_schema three = {3, columns, 0, NULL, 0, NULL};

/* Reads all there is to read. */
static void read_segment(const tvi_column_segment *segment, int64_t *numbers, tv_slice *strings,
                         tvi_buffer *room) {
  const tvi_ints *ints = segment->is_strings ? &segment->strings.ints : &segment->ints;
  size_t sum = 0;
  for (uint32_t block = 0; block < ints->blocks; block++) {
    if (!segment->is_strings || segment->strings.count > 0) {
      (void)tvi_ints_decode(ints, block, numbers);
    } else if (tvi_strings_block(&segment->strings, block, numbers, strings, room) == TV_OK) {
      for (uint32_t i = 0; i < tvi_ints_block_rows(ints, block); i++)
        if (strings[i].size > 0) sum += *(const unsigned char *)strings[i].data;
    }
  }
  for (uint32_t i = 0; segment->is_strings && i < segment->strings.count; i++) {
    tv_slice entry = tvi_strings_entry(&segment->strings, i);
    if (entry.size > 0) sum += ((const unsigned char *)entry.data)[entry.size - 1];
  }
  assert_true(sum < SIZE_MAX);
}

static void damaged_segments_are_refused_or_read_within_their_bytes(void **state) {
  uint64_t random = test_seed();
  static int64_t numbers[TVI_COL_BLOCK];
  static tv_slice strings[TVI_COL_BLOCK];
  static uint32_t order[3000];
  tvi_buffer room = {NULL, 0, 0};
  int refused = 0, noticed = 0;
  (void)state;
  for (uint32_t i = 0; i < 3000; i++) order[i] = i;
  for (int round = 0; round < 1500; round++) {
    tvi_buffer value = {NULL, 0, 0};
    tvi_batch batch;
    tvi_column_segment segment;
    tvi_zone zone;
    int column = round % 3, status;
    uint32_t rows = round % 50 == 0 ? 3000 : 1 + (uint32_t)(test_random(&random) % 300);
    size_t size;
    unsigned char *exact;
    fill_batch(&batch, &three, &random, rows, round % 2 ? 5 : 1000000);
    test_ok(tvi_segment_encode(&batch, column, order, rows, &value, &zone));
    test_ok(tvi_segment_open(tv_bytes(value.data, value.size), column == 2, rows, 1, &segment));
    tvi_segment_close(&segment);
    size = value.size > 2000 ? value.size : value.size - test_random(&random) % 3;
    exact = malloc(size); /* so that a sanitizer sees a read behind its end */
    assert_non_null(exact);
    memcpy(exact, value.data, size);
    for (uint64_t n = 1 + test_random(&random) % 3; n > 0; n--)
      exact[24 + test_random(&random) % (size - 24)] = (unsigned char)test_random(&random);
    status = tvi_segment_open(tv_bytes(exact, size), column == 2, rows, 0, &segment);
    refused += status != TV_OK;
    if (status == TV_OK) {
      read_segment(&segment, numbers, strings, &room);
      tvi_segment_close(&segment);
    }
    status = tvi_segment_open(tv_bytes(exact, size), column == 2, rows, 1, &segment);
    noticed += status != TV_OK;
    if (status == TV_OK) tvi_segment_close(&segment);
    free(exact);
    tvi_batch_free(&batch);
    tvi_buffer_free(&value);
  }
  tvi_buffer_free(&room);
  print_message("%d of 1500 refused without the checksum, %d with it\n", refused, noticed);
  assert_true(noticed > 1200); /* others hit padding, or wrote what was there */
}

static void reals_that_are_decimals_come_back_to_the_bit(void **state) {
  static const double values[] = {0.1, 0.25, -3.75, 1234567.89, 0, 1e13, 9.99};
  tvi_col_schema schema = {1, &columns[1], 0, NULL, 0, NULL};
  uint32_t order[7];
  tvi_buffer value = {NULL, 0, 0};
  tvi_column_segment segment;
  tvi_batch batch;
  tvi_zone zone;
  int64_t numbers[TVI_COL_BLOCK];
  (void)state;
  test_ok(tvi_batch_make(&batch, &schema, 7));
  for (uint32_t i = 0; i < 7; i++) {
    tvi_cell cell = {0, tvi_cell_from_real(values[i]), {NULL, 0}};
    order[i] = i;
    assert_true(tvi_cell_to_real(cell.number) == values[i]);
    test_ok(tvi_batch_add(&batch, i, &cell));
  }
  test_ok(tvi_segment_encode(&batch, 0, order, 7, &value, &zone));
  test_ok(tvi_segment_open(tv_bytes(value.data, value.size), 0, 7, 1, &segment));
  assert_int_equal(segment.scale, 3);
  test_ok(tvi_ints_decode(&segment.ints, 0, numbers));
  for (int i = 0; i < 7; i++) assert_true((double)numbers[i] / 100 == values[i]);
  tvi_batch_free(&batch);
  tvi_buffer_free(&value);
}

static void every_day_of_ten_thousand_years_is_a_date(void **state) {
  char text[TVI_DATE_BYTES], last[TVI_DATE_BYTES] = {0};
  (void)state;
  for (int64_t day = -719528; day <= 2932896; day++) {
    int64_t back;
    tvi_cell_print_date(day, text);
    assert_true(tvi_cell_parse_date(tv_bytes(text, sizeof text), &back));
    assert_true(back == day && memcmp(last, text, sizeof text) < 0);
    memcpy(last, text, sizeof text);
  }
  assert_memory_equal(last, "9999-12-31", sizeof last);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(integers_come_back),
      cmocka_unit_test(encodings_are_small_where_the_data_is),
      cmocka_unit_test(damaged_segments_are_refused_or_read_within_their_bytes),
      cmocka_unit_test(reals_that_are_decimals_come_back_to_the_bit),
      cmocka_unit_test(every_day_of_ten_thousand_years_is_a_date),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
