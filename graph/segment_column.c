/* SPDX-License-Identifier: MIT */
/*
 * Reading the columns of segments: numbers of edges, one property each, at the place of the edge,
 * so that an algorithm reads a weight where it reads the neighbour. Rejected: varints as in
 * property lists; the i-th could not be found, and a weight would cost what an edge costs.
 */
#include "segment_internal.h"

#define COLUMN_FLAGS_KNOWN 15u

static uint64_t column_bits_bytes(uint64_t m) {
  return (m + 7) / 8;
}

static uint64_t column_bytes(uint32_t encoding, uint32_t flags, uint64_t m) {
  uint64_t bytes = m * tvi_column_width(encoding);
  if ((flags & TVI_COLUMN_HAS_GAPS) != 0) bytes += column_bits_bytes(m);
  if ((flags & TVI_COLUMN_HAS_INTEGERS) != 0) bytes += column_bits_bytes(m);
  if ((flags & TVI_COLUMN_HAS_EXACT) != 0) bytes += 8 * m;
  return bytes;
}

uint64_t tvi_segment_columns_bytes(const unsigned char *directory, uint64_t m, uint64_t size) {
  uint64_t bytes;
  uint32_t i, count, above = 0;
  if (size < 2) return 0;
  count = tvi_load_le16(directory);
  bytes = 2 + (uint64_t)TVI_COLUMN_ENTRY_BYTES * count;
  if (count == 0 || count > TVI_COLUMNS_MAX || bytes > size) return 0;
  for (i = 0; i < count; i++) {
    const unsigned char *entry = directory + 2 + (size_t)TVI_COLUMN_ENTRY_BYTES * i;
    uint32_t property = tvi_load_le16(entry);
    if (property < above || entry[2] < TVI_COLUMN_U8 || entry[2] > TVI_COLUMN_F64 ||
        entry[3] > COLUMN_FLAGS_KNOWN)
      return 0;
    above = property + 1;
    bytes += column_bytes(entry[2], entry[3], m);
  }
  return bytes <= size ? bytes : 0;
}

/* Sets the places of a column whose bytes begin at `at`. */
static void column_places(const unsigned char *entry, const unsigned char *at, uint64_t m,
                          tvi_segment_column *out) {
  *out = (tvi_segment_column){.property = tvi_load_le16(entry),
                              .encoding = entry[2],
                              .flags = entry[3],
                              .base = (int64_t)tvi_load_le64(entry + 8),
                              .values = at};
  at += m * tvi_column_width(out->encoding);
  if ((out->flags & TVI_COLUMN_HAS_GAPS) != 0) {
    out->present = at;
    at += column_bits_bytes(m);
  }
  if ((out->flags & TVI_COLUMN_HAS_INTEGERS) != 0) {
    out->integers = at;
    at += column_bits_bytes(m);
  }
  if ((out->flags & TVI_COLUMN_HAS_EXACT) != 0) out->exact = at;
}

void tvi_segment_column_at(const tvi_segment *segment, uint32_t i, tvi_segment_column *out) {
  const unsigned char *entry = segment->directory + 2, *at;
  uint32_t k;
  at = entry + (size_t)TVI_COLUMN_ENTRY_BYTES * segment->columns;
  for (k = 0; k < i; k++, entry += TVI_COLUMN_ENTRY_BYTES)
    at += column_bytes(entry[2], entry[3], segment->edges);
  column_places(entry, at, segment->edges, out);
}

int tvi_segment_column_find(const tvi_segment *segment, uint32_t property,
                            tvi_segment_column *out) {
  uint32_t i;
  for (i = 0; i < segment->columns; i++) {
    if (tvi_load_le16(segment->directory + 2 + (size_t)TVI_COLUMN_ENTRY_BYTES * i) != property)
      continue;
    tvi_segment_column_at(segment, i, out);
    return 1;
  }
  return 0;
}

static int column_bit(const unsigned char *bits, size_t at) {
  return bits[at >> 3] >> (at & 7) & 1;
}

int tvi_segment_column_value(const tvi_segment_column *column, size_t at, tv_value *value) {
  const unsigned char *values = column->values;
  uint64_t base = (uint64_t)column->base; /* sums wrap, whatever the bytes are */
  if (column->present != NULL && !column_bit(column->present, at)) return 0;
  value->type = TV_INT64;
  switch (column->encoding) {
    case TVI_COLUMN_U8:
      value->as.integer = (int64_t)(base + values[at]);
      return 1;
    case TVI_COLUMN_U16:
      value->as.integer = (int64_t)(base + tvi_load_le16(values + 2 * at));
      return 1;
    case TVI_COLUMN_U32:
      value->as.integer = (int64_t)(base + tvi_load_le32(values + 4 * at));
      return 1;
    case TVI_COLUMN_I64:
      value->as.integer = (int64_t)tvi_load_le64(values + 8 * at);
      return 1;
    default:
      break;
  }
  value->type = TV_DOUBLE;
  value->as.real = tvi_column_number(column->encoding, values, 0, at);
  if (column->integers == NULL || !column_bit(column->integers, at)) return 1;
  value->type = TV_INT64;
  if (column->exact != NULL)
    value->as.integer = (int64_t)tvi_load_le64(column->exact + 8 * at);
  else /* damaged bytes may hold what is no int64 */
    value->as.integer =
        value->as.real >= -9223372036854775808.0 && value->as.real < 9223372036854775808.0
            ? (int64_t)value->as.real
            : 0;
  return 1;
}
