/* SPDX-License-Identifier: MIT */
/*
 * A vector: up to 2,048 values of one kind, which is known when it is made, not when the query is
 * planned. So one operator has one loop per kind, and a value that fits no kind (an integer sum
 * that became real) makes that one vector mixed, not the query. Kinds fixed by the plan were
 * rejected: SQLite's types belong to values.
 */
#include <string.h>

#include "exec_internal.h"

size_t tvi_vec_width(tvi_vec_kind kind) {
  switch (kind) {
    case TVI_VEC_NULL:
      return 1;
    case TVI_VEC_I32:
    case TVI_VEC_DATE:
    case TVI_VEC_CODE:
      return sizeof(int32_t);
    case TVI_VEC_I64:
    case TVI_VEC_REAL:
      return sizeof(int64_t);
    case TVI_VEC_TEXT:
    case TVI_VEC_BLOB:
      return sizeof(tv_slice);
    default:
      return sizeof(tvi_value);
  }
}

static int vector_date(tvi_arena *pool, int32_t days, tvi_value *out) {
  char text[TVI_DATE_BYTES];
  tv_slice copy;

  tvi_cell_print_date(days, text);
  if (!tvi_arena_copy(pool, tv_bytes(text, sizeof text), &copy)) return 0;
  *out = tvi_value_bytes(SQLITE_TEXT, copy);
  return 1;
}

int tvi_vec_value(tvi_arena *pool, const tvi_vec *vec, uint32_t row, tvi_value *out) {
  uint32_t at = vec->constant ? 0 : row;

  if (tvi_vec_is_null(vec, row)) {
    *out = tvi_value_null();
    return 1;
  }
  switch (vec->kind) {
    case TVI_VEC_I32:
      *out = tvi_value_integer(vec->as.i32[at]);
      return 1;
    case TVI_VEC_I64:
      *out = tvi_value_integer(vec->as.i64[at]);
      return 1;
    case TVI_VEC_REAL:
      *out = tvi_value_real(vec->as.real[at]);
      return 1;
    case TVI_VEC_DATE:
      return vector_date(pool, vec->as.i32[at], out);
    case TVI_VEC_CODE:
      *out = tvi_value_bytes(vec->is_blob ? SQLITE_BLOB : SQLITE_TEXT,
                             tvi_strings_entry(vec->dict, (uint32_t)vec->as.i32[at]));
      return 1;
    case TVI_VEC_TEXT:
    case TVI_VEC_BLOB:
      *out =
          tvi_value_bytes(vec->kind == TVI_VEC_TEXT ? SQLITE_TEXT : SQLITE_BLOB, vec->as.bytes[at]);
      return 1;
    default:
      *out = vec->as.mixed[at];
      return 1;
  }
}

void tvi_vec_keep(tvi_vec *vec, const uint16_t *rows, uint32_t n) {
  uint32_t i;

  if (vec->constant) return;
  for (i = 0; vec->nulls != NULL && i < n; i++) vec->nulls[i] = vec->nulls[rows[i]];
  switch (tvi_vec_width(vec->kind)) {
    case sizeof(int32_t):
      for (i = 0; i < n; i++) vec->as.i32[i] = vec->as.i32[rows[i]];
      return;
    case sizeof(int64_t):
      for (i = 0; i < n; i++) vec->as.i64[i] = vec->as.i64[rows[i]];
      return;
    case sizeof(tv_slice):
      for (i = 0; i < n; i++) vec->as.bytes[i] = vec->as.bytes[rows[i]];
      return;
    case sizeof(tvi_value):
      for (i = 0; i < n; i++) vec->as.mixed[i] = vec->as.mixed[rows[i]];
      return;
    default:
      return;
  }
}

static void vector_settle_value(tvi_vec *vec, uint32_t i) {
  tvi_value value = vec->as.mixed[i]; /* lies behind, or at, the place that is written */

  switch (vec->kind) {
    case TVI_VEC_I64:
      vec->as.i64[i] = value.type == SQLITE_NULL ? 0 : value.as.integer;
      return;
    case TVI_VEC_REAL:
      vec->as.real[i] = value.type == SQLITE_NULL ? 0 : value.as.real;
      return;
    default:
      vec->as.bytes[i] = value.type == SQLITE_NULL ? tv_bytes("", 0) : value.as.bytes;
  }
}

void tvi_vec_settle(tvi_vec *vec, uint32_t n) {
  static const tvi_vec_kind kinds[] = {TVI_VEC_NULL, TVI_VEC_I64,  TVI_VEC_REAL,
                                       TVI_VEC_TEXT, TVI_VEC_BLOB, TVI_VEC_NULL};
  unsigned seen = 0;
  uint32_t i;
  int type, null;

  for (i = 0; i < n; i++) seen |= 1u << vec->as.mixed[i].type;
  null = seen >> SQLITE_NULL & 1;
  seen &= ~(1u << SQLITE_NULL);
  if ((seen & (seen - 1)) != 0) return;
  type = seen == 0 ? 0 : __builtin_ctz(seen);
  vec->kind = kinds[type];
  vec->lo = INT64_MIN;
  vec->hi = INT64_MAX;
  for (i = 0; null && i < n; i++) vec->nulls[i] = vec->as.mixed[i].type == SQLITE_NULL;
  for (i = 0; vec->kind != TVI_VEC_NULL && i < n; i++) vector_settle_value(vec, i);
  if (!null) vec->nulls = NULL;
}
