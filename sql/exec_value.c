/* SPDX-License-Identifier: MIT */
/*
 * Order, truth and conversions of single values, as SQLite 3.40's VDBE has them. Calling SQLite for
 * each (by a prepared SELECT) was rejected: a connection serves one thread, and rows are many.
 */
#include <string.h>

#include "exec_value_internal.h"

/* ---- Order ---- */

int tvi_real_order(int64_t integer, double real) {
  int64_t whole;

  if (real < -9223372036854775808.0) return 1;
  if (real >= 9223372036854775808.0) return -1;
  whole = (int64_t)real;
  if (integer != whole) return integer < whole ? -1 : 1;
  return (double)whole < real ? -1 : (double)whole > real;
}

int tvi_text_order(tv_slice left, tv_slice right, int nocase) {
  size_t n = left.size < right.size ? left.size : right.size;
  int order;

  if (!nocase) return tvi_slice_order(left, right);
  order = n == 0 ? 0 : sqlite3_strnicmp(left.data, right.data, (int)n);
  if (order != 0) return order;
  return left.size < right.size ? -1 : left.size > right.size;
}

/* NULL, numbers, text, blobs. */
static int value_class(int type) {
  switch (type) {
    case SQLITE_NULL:
      return 0;
    case SQLITE_INTEGER:
    case SQLITE_FLOAT:
      return 1;
    case SQLITE_TEXT:
      return 2;
    default:
      return 3;
  }
}

static int value_number_order(const tvi_value *left, const tvi_value *right) {
  if (left->type == SQLITE_INTEGER && right->type == SQLITE_INTEGER)
    return left->as.integer < right->as.integer ? -1 : left->as.integer > right->as.integer;
  if (left->type == SQLITE_INTEGER) return tvi_real_order(left->as.integer, right->as.real);
  if (right->type == SQLITE_INTEGER) return -tvi_real_order(right->as.integer, left->as.real);
  return left->as.real < right->as.real ? -1 : left->as.real > right->as.real;
}

int tvi_value_order(const tvi_value *left, const tvi_value *right, int nocase) {
  int a = value_class(left->type), b = value_class(right->type);

  if (a != b) return a < b ? -1 : 1;
  if (a == 0) return 0;
  if (a == 1) return value_number_order(left, right);
  return tvi_text_order(left->as.bytes, right->as.bytes, a == 2 && nocase);
}

/* ---- Conversions ---- */

int64_t tvi_value_to_integer(const tvi_value *value) {
  int64_t integer;

  switch (value->type) {
    case SQLITE_INTEGER:
      return value->as.integer;
    case SQLITE_FLOAT:
      return tvi_number_from_real(value->as.real);
    case SQLITE_NULL:
      return 0;
    default:
      tvi_number_integer(value->as.bytes, &integer);
      return integer;
  }
}

double tvi_value_to_real(const tvi_value *value) {
  double real;

  switch (value->type) {
    case SQLITE_INTEGER:
      return (double)value->as.integer;
    case SQLITE_FLOAT:
      return value->as.real;
    case SQLITE_NULL:
      return 0;
    default:
      tvi_number_parse(value->as.bytes, &real);
      return real;
  }
}

int tvi_value_truth(const tvi_value *value) {
  if (value->type == SQLITE_NULL) return -1;
  if (value->type == SQLITE_INTEGER) return value->as.integer != 0;
  return tvi_value_to_real(value) != 0;
}

void tvi_value_numeric(tvi_value *value) {
  int64_t integer;
  double real;
  tvi_number_form form;

  if (value->type != SQLITE_TEXT) return;
  form = tvi_number_parse(value->as.bytes, &real);
  if (form != TVI_NUMBER_INTEGER && form != TVI_NUMBER_REAL) return;
  if (form == TVI_NUMBER_INTEGER && !tvi_number_integer(value->as.bytes, &integer))
    *value = tvi_value_integer(integer);
  else
    *value = tvi_value_real(real);
}

int tvi_value_text(tvi_arena *pool, const tvi_value *value, tv_slice *out) {
  char text[64];

  if (value->type == SQLITE_TEXT || value->type == SQLITE_BLOB) {
    *out = value->as.bytes;
    return 1;
  }
  if (value->type == SQLITE_INTEGER)
    sqlite3_snprintf((int)sizeof text, text, "%lld", (sqlite3_int64)value->as.integer);
  else
    sqlite3_snprintf((int)sizeof text, text, "%!.15g", value->as.real);
  return tvi_arena_copy(pool, tv_bytes(text, strlen(text)), out);
}

/* CAST(text AS NUMERIC): an integer where nothing is lost. */
static tvi_value value_numeric_cast(tv_slice text) {
  double real;
  int64_t integer;
  tvi_number_form form = tvi_number_parse(text, &real);

  if (form != TVI_NUMBER_REAL && form != TVI_NUMBER_PREFIX_REAL &&
      !tvi_number_integer(text, &integer))
    return tvi_value_integer(integer);
  integer = tvi_number_from_real(real);
  if (real == 0 ||
      ((double)integer == real && integer >= -2251799813685248 && integer < 2251799813685248))
    return tvi_value_integer(integer);
  return tvi_value_real(real);
}

int tvi_value_cast(tvi_arena *pool, const tvi_value *value, int affinity, tvi_value *out) {
  int is_bytes = value->type == SQLITE_TEXT || value->type == SQLITE_BLOB;
  tv_slice text;

  *out = *value;
  if (value->type == SQLITE_NULL) return TV_OK;
  switch (affinity) {
    case TVI_AFFINITY_INTEGER:
      *out = tvi_value_integer(tvi_value_to_integer(value));
      return TV_OK;
    case TVI_AFFINITY_REAL:
      *out = tvi_value_real(tvi_value_to_real(value));
      return TV_OK;
    case TVI_AFFINITY_NUMERIC:
      if (is_bytes) *out = value_numeric_cast(value->as.bytes);
      return TV_OK;
    default:
      if (!tvi_value_text(pool, value, &text)) return tvi_memory_status(pool->memory);
      *out = tvi_value_bytes(affinity == TVI_AFFINITY_TEXT ? SQLITE_TEXT : SQLITE_BLOB, text);
      return TV_OK;
  }
}

int tvi_value_affinity(tvi_arena *pool, const tvi_value *value, int affinity, tvi_value *out) {
  tv_slice text;

  *out = *value;
  if (affinity == TVI_AFFINITY_BLOB) return TV_OK;
  if (affinity != TVI_AFFINITY_TEXT) {
    tvi_value_numeric(out);
    return TV_OK;
  }
  if (value->type != SQLITE_INTEGER && value->type != SQLITE_FLOAT) return TV_OK;
  if (!tvi_value_text(pool, value, &text)) return tvi_memory_status(pool->memory);
  *out = tvi_value_bytes(SQLITE_TEXT, text);
  return TV_OK;
}
