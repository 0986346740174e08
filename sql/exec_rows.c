/* SPDX-License-Identifier: MIT */
/*
 * Rows in memory, column by column: the small side of a join, the delta of a table, a row table. A
 * column has the kind of its first value that is not NULL until another kind comes; then it is
 * mixed. Rows of SQLite values throughout were rejected: they are three times as large, and a join
 * reads them at random.
 */
#include <string.h>

#include "exec_internal.h"

int tvi_rows_make(tvi_rows *rows, tvi_memory *memory, int columns) {
  memset(rows, 0, sizeof *rows);
  rows->memory = rows->pool.memory = memory;
  rows->columns = columns;
  rows->column = tvi_zalloc((size_t)(columns + 1) * sizeof *rows->column);
  return rows->column == NULL ? TV_ENOMEM : TV_OK;
}

void tvi_rows_free(tvi_rows *rows) {
  int i;

  if (rows->memory == NULL) return;
  for (i = 0; rows->column != NULL && i < rows->columns; i++) {
    tvi_rows_column *c = &rows->column[i];
    tvi_arena_drop(rows->memory, c->as.any, c->capacity, tvi_vec_width(c->kind));
    tvi_arena_drop(rows->memory, c->nulls, c->nulls_capacity, 1);
  }
  tvi_free(rows->column);
  tvi_arena_free(&rows->pool);
  memset(rows, 0, sizeof *rows);
}

/* ---- Appending ---- */

static int rows_reserve(tvi_rows *rows, tvi_rows_column *c, uint32_t n, int nulls) {
  size_t need = (size_t)rows->rows + n, had = c->nulls_capacity;

  if (need > TVI_ROWS_MAX) return TV_ELIMIT;
  if (c->kind != TVI_VEC_NULL &&
      !tvi_arena_grow(rows->memory, &c->as.any, &c->capacity, need, tvi_vec_width(c->kind)))
    return tvi_memory_status(rows->memory);
  if (!nulls && c->nulls == NULL) return TV_OK;
  if (need > had) {
    void *grown = c->nulls;
    if (!tvi_arena_grow(rows->memory, &grown, &c->nulls_capacity, need, 1))
      return tvi_memory_status(rows->memory);
    c->nulls = grown;
    memset(c->nulls + had, 0, c->nulls_capacity - had);
  }
  return TV_OK;
}

static void rows_value(const tvi_rows_column *c, uint32_t row, tvi_value *out) {
  *out = tvi_value_null();
  if (c->kind == TVI_VEC_NULL || (c->nulls != NULL && c->nulls[row])) return;
  if (c->kind == TVI_VEC_I64) *out = tvi_value_integer(c->as.i64[row]);
  if (c->kind == TVI_VEC_REAL) *out = tvi_value_real(c->as.real[row]);
  if (c->kind == TVI_VEC_TEXT) *out = tvi_value_bytes(SQLITE_TEXT, c->as.bytes[row]);
  if (c->kind == TVI_VEC_BLOB) *out = tvi_value_bytes(SQLITE_BLOB, c->as.bytes[row]);
}

/* Another kind came. Dates never meet it: a column of a columnar table has one type. */
static int rows_to_mixed(tvi_rows *rows, tvi_rows_column *c) {
  tvi_rows_column mixed = {.kind = TVI_VEC_MIXED};
  uint32_t i;

  if (!tvi_arena_grow(rows->memory, &mixed.as.any, &mixed.capacity, (size_t)rows->rows + 1,
                      sizeof(tvi_value)))
    return tvi_memory_status(rows->memory);
  for (i = 0; i < rows->rows; i++) rows_value(c, i, &mixed.as.mixed[i]);
  tvi_arena_drop(rows->memory, c->as.any, c->capacity, tvi_vec_width(c->kind));
  tvi_arena_drop(rows->memory, c->nulls, c->nulls_capacity, 1);
  *c = mixed;
  return TV_OK;
}

/* Makes the column ready for values of a kind. */
static int rows_kind(tvi_rows *rows, tvi_rows_column *c, tvi_vec_kind kind) {
  if (kind == TVI_VEC_NULL || c->kind == kind || c->kind == TVI_VEC_MIXED) return TV_OK;
  if (c->kind != TVI_VEC_NULL) return rows_to_mixed(rows, c);
  c->kind = kind;
  c->lo = INT64_MAX;
  c->hi = INT64_MIN;
  if (kind == TVI_VEC_MIXED) return rows_to_mixed(rows, c);
  if (rows->rows == 0) return TV_OK;
  if (!tvi_arena_grow(rows->memory, &c->as.any, &c->capacity, rows->rows, tvi_vec_width(kind)))
    return tvi_memory_status(rows->memory);
  memset(c->as.any, 0, rows->rows * tvi_vec_width(kind)); /* under NULLs */
  return TV_OK;
}

int tvi_rows_append_value(tvi_rows *rows, int column, const tvi_value *value) {
  static const tvi_vec_kind kinds[] = {TVI_VEC_NULL, TVI_VEC_I64,  TVI_VEC_REAL,
                                       TVI_VEC_TEXT, TVI_VEC_BLOB, TVI_VEC_NULL};
  tvi_rows_column *c = &rows->column[column];
  int null = value->type == SQLITE_NULL, status = rows_kind(rows, c, kinds[value->type]);
  tvi_value kept = *value;

  if (status == TV_OK) status = rows_reserve(rows, c, 1, null && c->kind != TVI_VEC_MIXED);
  if (status != TV_OK) return status;
  if ((value->type == SQLITE_TEXT || value->type == SQLITE_BLOB) &&
      !tvi_arena_copy(&rows->pool, value->as.bytes, &kept.as.bytes))
    return tvi_memory_status(rows->memory);
  if (c->kind == TVI_VEC_MIXED) {
    c->as.mixed[rows->rows] = kept;
    return TV_OK;
  }
  if (null) {
    c->nulls[rows->rows] = 1;
    if (c->kind != TVI_VEC_NULL)
      memset((char *)c->as.any + rows->rows * tvi_vec_width(c->kind), 0, tvi_vec_width(c->kind));
    return TV_OK;
  }
  if (c->kind == TVI_VEC_I64) {
    c->as.i64[rows->rows] = kept.as.integer;
    if (kept.as.integer < c->lo) c->lo = kept.as.integer;
    if (kept.as.integer > c->hi) c->hi = kept.as.integer;
  } else if (c->kind == TVI_VEC_REAL) {
    c->as.real[rows->rows] = kept.as.real;
  } else {
    c->as.bytes[rows->rows] = kept.as.bytes;
  }
  return TV_OK;
}

static void rows_bounds(tvi_rows_column *c, const tvi_vec *vec, uint32_t n) {
  uint32_t i;

  for (i = 0; i < n; i++) {
    int64_t number = tvi_vec_int(vec, i);
    if (tvi_vec_is_null(vec, i)) continue;
    if (number < c->lo) c->lo = number;
    if (number > c->hi) c->hi = number;
  }
}

static int rows_append_strings(tvi_rows *rows, tvi_rows_column *c, const tvi_vec *vec, uint32_t n) {
  tv_slice *to = c->as.bytes + rows->rows, last = {NULL, 0}, copy = {NULL, 0};
  uint32_t i, at;

  for (i = 0; i < n; i++) {
    tv_slice bytes;
    at = vec->constant ? 0 : i;
    to[i] = tv_bytes("", 0);
    if (tvi_vec_is_null(vec, i)) continue;
    bytes = vec->kind == TVI_VEC_CODE ? tvi_strings_entry(vec->dict, (uint32_t)vec->as.i32[at])
                                      : vec->as.bytes[at];
    if (last.data == NULL || bytes.data != last.data || bytes.size != last.size) {
      if (!tvi_arena_copy(&rows->pool, bytes, &copy)) return tvi_memory_status(rows->memory);
      last = bytes;
    }
    to[i] = copy;
  }
  return TV_OK;
}

static int rows_append_each(tvi_rows *rows, int column, const tvi_vec *vec, uint32_t n) {
  uint32_t i, start = rows->rows;
  int status = TV_OK;

  for (i = 0; i < n && status == TV_OK; i++) {
    tvi_value value;
    if (!tvi_vec_value(&rows->pool, vec, i, &value))
      status = tvi_memory_status(rows->memory);
    else
      status = tvi_rows_append_value(rows, column, &value);
    rows->rows++;
  }
  rows->rows = start;
  return status;
}

int tvi_rows_append(tvi_rows *rows, int column, const tvi_vec *vec, uint32_t n) {
  tvi_rows_column *c = &rows->column[column];
  tvi_vec_kind kind = vec->kind;
  uint32_t i;
  int status;

  if (kind == TVI_VEC_I32) kind = TVI_VEC_I64;
  if (kind == TVI_VEC_CODE) kind = vec->is_blob ? TVI_VEC_BLOB : TVI_VEC_TEXT;
  if (kind == TVI_VEC_MIXED || (c->kind != TVI_VEC_NULL && c->kind != kind))
    return rows_append_each(rows, column, vec, n);
  status = rows_kind(rows, c, kind);
  if (status == TV_OK)
    status = rows_reserve(rows, c, n, vec->nulls != NULL || kind == TVI_VEC_NULL);
  if (status != TV_OK) return status;
  for (i = 0; c->nulls != NULL && i < n; i++)
    c->nulls[rows->rows + i] = (unsigned char)tvi_vec_is_null(vec, i);
  switch (kind) {
    case TVI_VEC_I64:
      rows_bounds(c, vec, n);
      for (i = 0; i < n; i++) c->as.i64[rows->rows + i] = tvi_vec_int(vec, i);
      return TV_OK;
    case TVI_VEC_DATE:
      rows_bounds(c, vec, n);
      for (i = 0; i < n; i++) c->as.i32[rows->rows + i] = (int32_t)tvi_vec_int(vec, i);
      return TV_OK;
    case TVI_VEC_REAL:
      for (i = 0; i < n; i++) c->as.real[rows->rows + i] = vec->as.real[vec->constant ? 0 : i];
      return TV_OK;
    case TVI_VEC_NULL:
      return TV_OK;
    default:
      return rows_append_strings(rows, c, vec, n);
  }
}

/* ---- Reading ---- */

static void rows_vector(const tvi_rows_column *c, tvi_vec *out) {
  memset(out, 0, sizeof *out);
  out->kind = c->kind;
  out->lo = c->lo;
  out->hi = c->hi;
}

void tvi_rows_view(const tvi_rows *rows, int column, uint32_t from, tvi_vec *out) {
  const tvi_rows_column *c = &rows->column[column];

  rows_vector(c, out);
  if (c->kind == TVI_VEC_NULL) return;
  out->as.any = (char *)c->as.any + from * tvi_vec_width(c->kind);
  if (c->nulls != NULL) out->nulls = c->nulls + from;
}

void tvi_rows_gather(const tvi_rows *rows, int column, const uint32_t *at, uint32_t n, void *room,
                     unsigned char *nulls, tvi_vec *out) {
  const tvi_rows_column *c = &rows->column[column];
  uint32_t i;

  rows_vector(c, out);
  out->as.any = room;
  if (c->nulls != NULL) {
    for (i = 0; i < n; i++) nulls[i] = c->nulls[at[i]];
    out->nulls = nulls;
  }
  switch (tvi_vec_width(c->kind)) {
    case sizeof(int32_t):
      for (i = 0; i < n; i++) out->as.i32[i] = c->as.i32[at[i]];
      return;
    case sizeof(int64_t):
      for (i = 0; i < n; i++) out->as.i64[i] = c->as.i64[at[i]];
      return;
    case sizeof(tv_slice):
      for (i = 0; i < n; i++) out->as.bytes[i] = c->as.bytes[at[i]];
      return;
    case sizeof(tvi_value):
      for (i = 0; i < n; i++) out->as.mixed[i] = c->as.mixed[at[i]];
      return;
    default:
      return;
  }
}
