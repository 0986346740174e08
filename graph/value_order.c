/* SPDX-License-Identifier: MIT */
/*
 * The order of property values, and values as bytes in that order. A number is written as the
 * double next below it and the distance to it, so that integers and doubles are in one exact order.
 * Rejected: integers and doubles as kinds of their own (a program that writes 1 and looks for 1.0
 * finds nothing); integers rounded to doubles (two ids above 2^53 become one).
 */
#include <math.h>
#include <string.h>

#include "property_index_internal.h"

#define ORDER_NUMBER_BYTES 10 /* be64 double in order, be16 distance */
#define ORDER_INT64_END 9223372036854775808.0

int tvi_order_kind(const tv_value *value) {
  switch (value->type) {
    case TV_BOOL:
      return TVI_ORDER_BOOL;
    case TV_INT64:
    case TV_DOUBLE:
      return TVI_ORDER_NUMBER;
    case TV_TEXT:
      return TVI_ORDER_TEXT;
    case TV_BLOB:
      return TVI_ORDER_BLOB;
    default:
      return 0;
  }
}

/* Doubles are 1024 apart at most where an int64 is, so that the distance fits 16 bits. */
static void order_put_number(unsigned char out[ORDER_NUMBER_BYTES], const tv_value *value) {
  double below;
  uint16_t distance = 0;
  if (value->type == TV_INT64) {
    below = (double)value->as.integer;
    if (below >= ORDER_INT64_END || (int64_t)below > value->as.integer)
      below = nextafter(below, -INFINITY);
    distance = (uint16_t)(value->as.integer - (int64_t)below);
  } else {
    below = value->as.real;
    if (below != below) below = (double)NAN; /* one bit pattern, positive: behind infinity */
  }
  if (below == 0) below = 0; /* -0.0 too */
  tvi_store_key_f64(out, below != below ? fabs(below) : below);
  tvi_store_be16(out + 8, distance);
}

size_t tvi_order_put(unsigned char out[TVI_ORDER_BYTES_MAX], const tv_value *value, int *cut) {
  const unsigned char *bytes;
  size_t n = 0, i, size;
  int kind = tvi_order_kind(value);
  *cut = 0;
  out[n++] = (unsigned char)kind;
  if (kind == TVI_ORDER_BOOL) {
    out[n++] = (unsigned char)(value->as.integer != 0);
    return n;
  }
  if (kind == TVI_ORDER_NUMBER) {
    order_put_number(out + n, value);
    return n + ORDER_NUMBER_BYTES;
  }
  bytes = value->as.bytes.data;
  size = value->as.bytes.size;
  *cut = size > TV_INDEX_VALUE_BYTES_MAX;
  if (*cut) size = TV_INDEX_VALUE_BYTES_MAX;
  for (i = 0; i < size; i++) {
    out[n++] = bytes[i];
    if (bytes[i] == 0) out[n++] = 0xff;
  }
  out[n++] = 0;
  out[n++] = (unsigned char)*cut;
  return n;
}

static int order_of_bytes(tv_slice a, tv_slice b) {
  size_t least = a.size < b.size ? a.size : b.size;
  int order = least == 0 ? 0 : memcmp(a.data, b.data, least);
  if (order == 0) return a.size < b.size ? -1 : a.size > b.size;
  return order < 0 ? -1 : 1;
}

int tv_value_compare(const tv_value *a, const tv_value *b, int *order) {
  unsigned char first[ORDER_NUMBER_BYTES], second[ORDER_NUMBER_BYTES];
  int kind = tvi_order_kind(a), of_bytes;
  *order = 0;
  if (kind == 0 || kind != tvi_order_kind(b)) return TV_MISMATCH;
  if (a->type == TV_INT64 && b->type == TV_INT64) {
    *order = a->as.integer < b->as.integer ? -1 : a->as.integer > b->as.integer;
  } else if (kind == TVI_ORDER_BOOL) {
    *order = (a->as.integer != 0) - (b->as.integer != 0);
  } else if (kind == TVI_ORDER_NUMBER) {
    order_put_number(first, a);
    order_put_number(second, b);
    of_bytes = memcmp(first, second, sizeof first);
    *order = of_bytes < 0 ? -1 : of_bytes > 0;
  } else {
    *order = order_of_bytes(a->as.bytes, b->as.bytes);
  }
  return TV_OK;
}
