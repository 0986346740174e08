/* SPDX-License-Identifier: MIT */
/*
 * Writing the columns of segments: the narrowest encoding that gives every value back exactly, its
 * type included. Rejected: one width for a whole graph; most weights fit a byte, and a few blocks
 * with wide ones would widen them all.
 */
#include "segment_internal.h"

/* What a column's values have in common. */
typedef struct rows_column_kind {
  uint32_t encoding, flags;
  int64_t base;
} rows_column_kind;

typedef struct rows_column_range {
  int64_t min, max;
  size_t integers, doubles;
  int narrow; /* 1: every double is a float */
  int exact;  /* 1: every integer is a double */
  int negative;
} rows_column_range;

static double rows_double(uint64_t raw) {
  double real;
  memcpy(&real, &raw, sizeof real);
  return real;
}

static int rows_is_float(double real) {
  float narrow;
  if (!(real >= -1e36 && real <= 1e36)) return 0;
  narrow = (float)real;
  return (double)narrow == real;
}

static void rows_range_integer(rows_column_range *range, int64_t integer) {
  if (integer < range->min) range->min = integer;
  if (integer > range->max) range->max = integer;
  range->exact &= integer >= -(INT64_C(1) << 53) && integer <= INT64_C(1) << 53;
  range->negative |= integer < 0;
}

static void rows_range(const tvi_segment_values *column, size_t count, rows_column_range *range) {
  size_t i;
  *range = (rows_column_range){.min = INT64_MAX, .max = INT64_MIN, .narrow = 1, .exact = 1};
  for (i = 0; i < count; i++) {
    if (column->types[i] == TV_INT64) {
      range->integers++;
      rows_range_integer(range, (int64_t)column->raw[i]);
    } else if (column->types[i] == TV_DOUBLE) {
      double real = rows_double(column->raw[i]);
      range->doubles++;
      range->narrow &= rows_is_float(real);
      range->negative |= !(real >= 0);
    }
  }
  /* The place of an edge without a value holds 1. */
  if (range->integers + range->doubles < count) rows_range_integer(range, 1);
}

static rows_column_kind rows_column_decide(const tvi_segment_values *column, size_t count) {
  rows_column_kind kind = {TVI_COLUMN_I64, 0, 0};
  rows_column_range range;
  rows_range(column, count, &range);
  if (range.integers + range.doubles < count) kind.flags |= TVI_COLUMN_HAS_GAPS;
  if (range.negative) kind.flags |= TVI_COLUMN_IS_NEGATIVE;
  if (range.doubles != 0) {
    kind.encoding = range.narrow && range.integers == 0 ? TVI_COLUMN_F32 : TVI_COLUMN_F64;
    if (range.integers != 0) kind.flags |= TVI_COLUMN_HAS_INTEGERS;
    if (range.integers != 0 && !range.exact) kind.flags |= TVI_COLUMN_HAS_EXACT;
    return kind;
  }
  if (count != 0) {
    uint64_t spread = (uint64_t)range.max - (uint64_t)range.min;
    if (spread <= UINT8_MAX)
      kind.encoding = TVI_COLUMN_U8;
    else if (spread <= UINT16_MAX)
      kind.encoding = TVI_COLUMN_U16;
    else if (spread <= UINT32_MAX)
      kind.encoding = TVI_COLUMN_U32;
    if (kind.encoding != TVI_COLUMN_I64) kind.base = range.min;
  }
  return kind;
}

static size_t rows_kind_bytes(const rows_column_kind *kind, size_t count) {
  size_t bytes = count * tvi_column_width(kind->encoding);
  if ((kind->flags & TVI_COLUMN_HAS_GAPS) != 0) bytes += (count + 7) / 8;
  if ((kind->flags & TVI_COLUMN_HAS_INTEGERS) != 0) bytes += (count + 7) / 8;
  if ((kind->flags & TVI_COLUMN_HAS_EXACT) != 0) bytes += 8 * count;
  return bytes;
}

size_t tvi_rows_columns_bytes(const tvi_segment_rows *rows) {
  size_t bytes = 2;
  uint32_t i;
  if (rows->column_count == 0) return 0;
  for (i = 0; i < rows->column_count; i++) {
    rows_column_kind kind = rows_column_decide(&rows->columns[i], rows->count);
    bytes += TVI_COLUMN_ENTRY_BYTES + rows_kind_bytes(&kind, rows->count);
  }
  return bytes;
}

static void rows_put_integer(const rows_column_kind *kind, int64_t integer, unsigned char *at) {
  uint64_t above = (uint64_t)integer - (uint64_t)kind->base;
  switch (kind->encoding) {
    case TVI_COLUMN_U8:
      *at = (unsigned char)above;
      break;
    case TVI_COLUMN_U16:
      tvi_store_le16(at, (uint16_t)above);
      break;
    case TVI_COLUMN_U32:
      tvi_store_le32(at, (uint32_t)above);
      break;
    default:
      tvi_store_le64(at, above);
  }
}

static void rows_put_double(const rows_column_kind *kind, double real, unsigned char *at) {
  float narrow;
  uint32_t bits;
  if (kind->encoding == TVI_COLUMN_F64) {
    tvi_store_f64(at, real);
    return;
  }
  narrow = (float)real;
  memcpy(&bits, &narrow, sizeof bits);
  tvi_store_le32(at, bits);
}

static void rows_put_values(const tvi_segment_values *column, const rows_column_kind *kind,
                            size_t count, unsigned char *at) {
  size_t i, width = tvi_column_width(kind->encoding);
  int real = kind->encoding == TVI_COLUMN_F32 || kind->encoding == TVI_COLUMN_F64;
  for (i = 0; i < count; i++, at += width) {
    int64_t integer = column->types[i] == TV_NULL ? 1 : (int64_t)column->raw[i];
    if (!real)
      rows_put_integer(kind, integer, at);
    else if (column->types[i] == TV_DOUBLE)
      rows_put_double(kind, rows_double(column->raw[i]), at);
    else
      rows_put_double(kind, (double)integer, at);
  }
}

/* Bits of the edges whose value is (not) of a type. */
static unsigned char *rows_put_bits(const tvi_segment_values *column, size_t count, int type,
                                    int is, unsigned char *at) {
  size_t i;
  memset(at, 0, (count + 7) / 8);
  for (i = 0; i < count; i++)
    at[i >> 3] |= (unsigned char)(((column->types[i] == type) == is) << (i & 7));
  return at + (count + 7) / 8;
}

void tvi_rows_columns_fill(const tvi_segment_rows *rows, unsigned char *at) {
  unsigned char *entry = at + 2;
  size_t count = rows->count, k;
  uint32_t i;
  tvi_store_le16(at, (uint16_t)rows->column_count);
  at = entry + TVI_COLUMN_ENTRY_BYTES * (size_t)rows->column_count;
  for (i = 0; i < rows->column_count; i++, entry += TVI_COLUMN_ENTRY_BYTES) {
    const tvi_segment_values *column = &rows->columns[i];
    rows_column_kind kind = rows_column_decide(column, count);
    tvi_store_le16(entry, (uint16_t)column->property);
    entry[2] = (unsigned char)kind.encoding;
    entry[3] = (unsigned char)kind.flags;
    tvi_store_le32(entry + 4, 0);
    tvi_store_le64(entry + 8, (uint64_t)kind.base);
    rows_put_values(column, &kind, count, at);
    at += count * tvi_column_width(kind.encoding);
    if ((kind.flags & TVI_COLUMN_HAS_GAPS) != 0) at = rows_put_bits(column, count, TV_NULL, 0, at);
    if ((kind.flags & TVI_COLUMN_HAS_INTEGERS) != 0)
      at = rows_put_bits(column, count, TV_INT64, 1, at);
    if ((kind.flags & TVI_COLUMN_HAS_EXACT) == 0) continue;
    for (k = 0; k < count; k++, at += 8)
      tvi_store_le64(at, column->types[k] == TV_NULL ? 0 : column->raw[k]);
  }
}
