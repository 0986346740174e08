/* SPDX-License-Identifier: MIT */
/*
 * A segment: one column of a row group, immutable, as one value of the store. Values beyond half a
 * page are padded to one of eight sizes between a power of two and the next, so that the space of a
 * segment that goes fits one that comes. A REAL column is kept as integers: decimals times a power
 * of ten where every value comes back to the bit, else the integers that order as the reals do.
 *
 *   offset  size  what
 *   0       1     version: 1
 *   1       1     1: strings (columnar_strings.c); 0: integers (columnar_ints.c)
 *   2       1     of reals that are decimals: digits behind the point, plus 1
 *   3       1     0
 *   4       4     le32 rows
 *   8       8     le64 XXH3 of the bytes from 16 on, plus the first eight bytes as a number
 *   16      4     le32 size, padding not included
 *   20      4     le32 size of the bitmap of NULLs; 0: none is NULL
 *   24            bitmap, low bits first, then integers or strings
 */
#include <math.h>
#include <string.h>

#include "columnar_internal.h"
#include "encode_internal.h"
#include "envelope_internal.h"

#define SEGMENT_VERSION 1
#define SEGMENT_HEADER_BYTES 24u
#define SEGMENT_SUM_FROM 16u
#define SEGMENT_PAGE 4096u
#define SEGMENT_INLINE_MAX 2000u /* smaller ones lie among the keys and need no padding */
#define SEGMENT_SCALE_MAX 9
#define SEGMENT_SKETCH_BITS 65536u

static const double segment_powers[SEGMENT_SCALE_MAX + 1] = {1e0, 1e1, 1e2, 1e3, 1e4,
                                                             1e5, 1e6, 1e7, 1e8, 1e9};

/* The size that a value of `used` bytes is given. */
static size_t segment_class(size_t used) {
  size_t pages, step = 1;

  if (used <= SEGMENT_INLINE_MAX) return used;
  pages = (used + 16 + SEGMENT_PAGE - 1) / SEGMENT_PAGE;
  while (pages > 16 * step) step *= 2;
  pages = (pages + step - 1) / step * step;
  return pages * SEGMENT_PAGE - 16;
}

/* Writes the header's place; the rest follows. */
static int segment_begin(tvi_buffer *out, int strings, int scale, uint32_t rows) {
  unsigned char head[SEGMENT_HEADER_BYTES] = {SEGMENT_VERSION, (unsigned char)strings,
                                              (unsigned char)scale};
  out->size = 0;
  tvi_store_le32(head + 4, rows);
  return tvi_buffer_append(out, head, sizeof head);
}

static uint64_t segment_sum(const unsigned char *value, size_t used) {
  return tvi_checksum(value + SEGMENT_SUM_FROM, used - SEGMENT_SUM_FROM) + tvi_load_le64(value);
}

static int segment_end(tvi_buffer *out) {
  size_t used = out->size, size = segment_class(used);

  if (used > UINT32_MAX) return TV_ELIMIT;
  if (tvi_buffer_reserve(out, size) != TV_OK) return TV_ENOMEM;
  memset(out->data + used, 0, size - used);
  out->size = size;
  tvi_store_le32(out->data + 16, (uint32_t)used);
  tvi_store_le64(out->data + 8, segment_sum(out->data, used));
  return TV_OK;
}

/* Appends the bitmap, when there is any NULL. */
static int segment_put_nulls(const tvi_batch_column *column, const uint32_t *order, uint32_t n,
                             tvi_buffer *out, tvi_zone *zone) {
  size_t bytes = (n + 7) / 8;
  unsigned char *bits;
  uint32_t i;

  if (column->nulls == NULL) return TV_OK;
  for (i = 0; i < n; i++) zone->nulls += column->nulls[order[i]];
  if (zone->nulls == 0) return TV_OK;
  if (tvi_buffer_reserve(out, out->size + bytes) != TV_OK) return TV_ENOMEM;
  bits = out->data + out->size;
  memset(bits, 0, bytes);
  for (i = 0; i < n; i++)
    bits[i / 8] = (unsigned char)(bits[i / 8] | column->nulls[order[i]] << (i % 8));
  out->size += bytes;
  tvi_store_le32(out->data + 20, (uint32_t)bytes);
  return TV_OK;
}

/* ---- Numbers ---- */

/* Linear counting: how many bits of a sketch stay zero tells how many values differ. */
static int segment_distinct(const int64_t *numbers, uint32_t n, uint32_t *distinct) {
  unsigned char *sketch = tvi_zalloc(SEGMENT_SKETCH_BITS / 8);
  uint32_t i, zeros = SEGMENT_SKETCH_BITS;
  double estimate;

  if (sketch == NULL) return TV_ENOMEM;
  for (i = 0; i < n; i++) {
    uint32_t bit = (uint32_t)(((uint64_t)numbers[i] * UINT64_C(0x9e3779b97f4a7c15)) >> 48);
    unsigned char mask = (unsigned char)(1u << (bit % 8));
    zeros -= (sketch[bit / 8] & mask) == 0;
    sketch[bit / 8] = (unsigned char)(sketch[bit / 8] | mask);
  }
  tvi_free(sketch);
  estimate = SEGMENT_SKETCH_BITS * log((double)SEGMENT_SKETCH_BITS / (zeros > 0 ? zeros : 1));
  *distinct = estimate >= n ? n : (uint32_t)(estimate + 0.5);
  if (*distinct == 0) *distinct = 1;
  return TV_OK;
}

static int segment_is_decimal(double value, int scale, int64_t *out) {
  double scaled = value * segment_powers[scale];

  if (!(fabs(scaled) < 9007199254740992.0)) return 0;
  *out = llround(scaled);
  return (double)*out / segment_powers[scale] == value;
}

/* Makes ordered reals decimals in place. Returns the digits plus 1, or 0 when that is not exact. */
static int segment_decimals(int64_t *numbers, uint32_t n) {
  int scale = 0;
  uint32_t i;
  int64_t whole;

  for (i = 0; i < n; i++) {
    double value = tvi_cell_to_real(numbers[i]);
    while (scale <= SEGMENT_SCALE_MAX && !segment_is_decimal(value, scale, &whole)) scale++;
    if (scale > SEGMENT_SCALE_MAX) return 0;
  }
  for (i = 0; i < n; i++)
    if (!segment_is_decimal(tvi_cell_to_real(numbers[i]), scale, &whole)) return 0;
  for (i = 0; i < n; i++) {
    (void)segment_is_decimal(tvi_cell_to_real(numbers[i]), scale, &whole);
    numbers[i] = whole;
  }
  return scale + 1;
}

/* Gathers the rows' numbers and what the zone map says of them. */
static int segment_gather(const tvi_batch_column *column, const uint32_t *order, uint32_t n,
                          int64_t *numbers, tvi_zone *zone) {
  int64_t last = 0;
  uint32_t i, seen = 0;

  for (i = 0; i < n; i++) {
    int null = column->nulls != NULL && column->nulls[order[i]];
    if (!null) {
      last = column->numbers[order[i]];
      if (seen == 0 || last < zone->min) zone->min = last;
      if (seen == 0 || last > zone->max) zone->max = last;
      seen = 1;
    }
    numbers[i] = last;
  }
  /* NULLs before the first number take that number. */
  for (i = 0; seen && i < n && column->nulls != NULL && column->nulls[order[i]]; i++)
    numbers[i] = zone->min;
  return seen ? segment_distinct(numbers, n, &zone->distinct) : TV_OK;
}

static int segment_encode_number(const tvi_batch *batch, int column, const uint32_t *order,
                                 uint32_t n, tvi_buffer *out, tvi_zone *zone) {
  const tvi_batch_column *c = &batch->column[column];
  int64_t *numbers = tvi_alloc(n * sizeof *numbers);
  int status, scale = 0;

  if (numbers == NULL) return TV_ENOMEM;
  status = segment_gather(c, order, n, numbers, zone);
  if (status == TV_OK && batch->schema->column[column].type == TVI_COL_REAL)
    scale = segment_decimals(numbers, n);
  if (status == TV_OK) status = segment_begin(out, 0, scale, n);
  if (status == TV_OK) status = segment_put_nulls(c, order, n, out, zone);
  if (status == TV_OK) status = tvi_ints_encode(numbers, n, out);
  tvi_free(numbers);
  return status;
}

/* ---- Strings ---- */

static void segment_zone_strings(tvi_zone *zone, tv_slice low, tv_slice high) {
  zone->low_size = (unsigned char)(low.size < TVI_ZONE_TEXT ? low.size : TVI_ZONE_TEXT);
  zone->high_size = (unsigned char)(high.size < TVI_ZONE_TEXT ? high.size : TVI_ZONE_TEXT);
  zone->high_cut = high.size > TVI_ZONE_TEXT;
  if (zone->low_size > 0) memcpy(zone->low, low.data, zone->low_size);
  if (zone->high_size > 0) memcpy(zone->high, high.data, zone->high_size);
}

static int segment_encode_string(const tvi_batch *batch, int column, const uint32_t *order,
                                 uint32_t n, tvi_buffer *out, tvi_zone *zone) {
  tv_slice *strings = tvi_alloc(n * sizeof *strings), low = {NULL, 0}, high = {NULL, 0};
  uint32_t i, seen = 0;
  int status;

  if (strings == NULL) return TV_ENOMEM;
  for (i = 0; i < n; i++) {
    tvi_cell cell;
    tvi_batch_cell(batch, column, order[i], &cell);
    strings[i] = cell.null ? tv_bytes("", 0) : cell.bytes;
    if (cell.null) continue;
    if (!seen || tvi_slice_order(cell.bytes, low) < 0) low = cell.bytes;
    if (!seen || tvi_slice_order(cell.bytes, high) > 0) high = cell.bytes;
    seen = 1;
  }
  segment_zone_strings(zone, low, high);
  status = segment_begin(out, 1, 0, n);
  if (status == TV_OK) status = segment_put_nulls(&batch->column[column], order, n, out, zone);
  if (status == TV_OK) status = tvi_strings_encode(strings, n, out, &zone->distinct);
  if (zone->distinct == 0) zone->distinct = n;
  tvi_free(strings);
  return status;
}

int tvi_segment_encode(const tvi_batch *batch, int column, const uint32_t *order, uint32_t n,
                       tvi_buffer *out, tvi_zone *zone) {
  int status;

  memset(zone, 0, sizeof *zone);
  if (tvi_col_is_number(batch->schema->column[column].type))
    status = segment_encode_number(batch, column, order, n, out, zone);
  else
    status = segment_encode_string(batch, column, order, n, out, zone);
  if (status == TV_OK) status = segment_end(out);
  zone->stored = (uint32_t)out->size;
  return status;
}

int tvi_segment_encode_numbers(const int64_t *numbers, uint32_t n, tvi_buffer *out) {
  int status = segment_begin(out, 0, 0, n);
  if (status == TV_OK) status = tvi_ints_encode(numbers, n, out);
  return status == TV_OK ? segment_end(out) : status;
}

/* ---- Reading ---- */

int tvi_segment_open(tv_slice value, int is_strings, uint32_t rows, int verify,
                     tvi_column_segment *out) {
  const unsigned char *head = value.data;
  size_t used, nulls;
  int status;

  memset(out, 0, sizeof *out);
  if (value.size < SEGMENT_HEADER_BYTES) return TV_ECORRUPT;
  used = tvi_load_le32(head + 16);
  nulls = tvi_load_le32(head + 20);
  if (head[0] != SEGMENT_VERSION || head[1] != is_strings || head[2] > SEGMENT_SCALE_MAX + 1 ||
      tvi_load_le32(head + 4) != rows || used > value.size || used < SEGMENT_HEADER_BYTES ||
      (nulls != 0 && nulls != (rows + 7) / 8) || nulls > used - SEGMENT_HEADER_BYTES)
    return TV_ECORRUPT;
  if (verify && segment_sum(head, used) != tvi_load_le64(head + 8)) return TV_ECORRUPT;
  out->rows = rows;
  out->scale = head[2];
  out->is_strings = is_strings;
  if (nulls > 0) out->nulls = head + SEGMENT_HEADER_BYTES;
  head += SEGMENT_HEADER_BYTES + nulls;
  used -= SEGMENT_HEADER_BYTES + nulls;
  if (is_strings) {
    status = tvi_strings_open(head, used, &out->strings);
    if (status == TV_OK && out->strings.ints.count != rows) status = TV_ECORRUPT;
    if (status != TV_OK) tvi_strings_close(&out->strings);
    return status;
  }
  status = tvi_ints_open(head, used, &out->ints);
  return status == TV_OK && out->ints.count != rows ? TV_ECORRUPT : status;
}

void tvi_segment_close(tvi_column_segment *segment) {
  if (segment->is_strings) tvi_strings_close(&segment->strings);
}
