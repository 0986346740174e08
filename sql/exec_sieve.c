/* SPDX-License-Identifier: MIT */
/*
 * Sieves: conditions that need one column. What a sieve comes to is decided per part: nothing, by
 * the zone map; a range of numbers; or a set of bits, one per code of the dictionary or per number
 * between the part's bounds, made by evaluating the condition once per distinct value. LIKE, IN,
 * OR, CASE on one column so cost a look-up per row. A kernel for each operator was rejected: there
 * are more conditions than kinds of columns.
 */
#include <string.h>

#include "exec_internal.h"

#define SIEVE_SPAN_MAX 16384 /* numbers that a condition is tried on */

/* Bounds and NULLs of a column in a part. 0: not known. */
static int sieve_zone(const tvi_scan *scan, int column, int64_t *lo, int64_t *hi, int *nulls,
                      int *all_null) {
  const tvi_part *part = scan->part;

  if (part->image != NULL) {
    const tvi_rows_column *c = &part->image->column[tvi_part_column(part, column)];
    *nulls = c->nulls != NULL || c->kind == TVI_VEC_NULL;
    *all_null = c->kind == TVI_VEC_NULL;
    *lo = c->lo;
    *hi = c->hi;
    return c->kind == TVI_VEC_I64 || c->kind == TVI_VEC_DATE || *all_null;
  }
  *nulls = part->group.zone[column].nulls > 0;
  *all_null = part->group.zone[column].nulls == part->rows;
  *lo = part->group.zone[column].min;
  *hi = part->group.zone[column].max;
  return 1;
}

static int sieve_is_narrow(int64_t lo, int64_t hi) {
  return lo >= INT32_MIN && hi <= INT32_MAX;
}

/* ---- Conditions tried on values ---- */

static int sieve_room(tvi_scan *scan, tvi_sift *sift, uint32_t span) {
  void *own = sift->own;
  size_t words = (size_t)span / 32 + 1;

  if (!tvi_arena_grow(scan->pool.memory, &own, &sift->own_words, words, sizeof *sift->own))
    return tvi_memory_status(scan->pool.memory);
  sift->own = own;
  memset(sift->own, 0, words * sizeof *sift->own);
  return TV_OK;
}

/* Tries the condition on the values of scan->probed, whose first has the bit `first`. */
static int sieve_try(tvi_scan *scan, tvi_sift *sift, uint32_t first, uint32_t n, uint32_t *kept) {
  uint32_t i;
  int status;

  tvi_eval_begin(&scan->probe, n);
  status = tvi_eval_select(&scan->probe, sift->sieve->node, scan->kept, kept);
  for (i = 0; status == TV_OK && i < *kept; i++) {
    uint32_t bit = first + scan->kept[i];
    sift->own[bit / 32] |= UINT32_C(1) << (bit % 32);
  }
  return status;
}

/* Whether NULL passes. */
static int sieve_try_null(tvi_scan *scan, tvi_sift *sift) {
  uint32_t kept;
  int status;

  memset(&scan->probed, 0, sizeof scan->probed);
  scan->probed.kind = TVI_VEC_NULL;
  tvi_eval_begin(&scan->probe, 1);
  status = tvi_eval_select(&scan->probe, sift->sieve->node, scan->kept, &kept);
  sift->null_passes = kept > 0;
  return status;
}

static int sieve_try_dictionary(tvi_scan *scan, tvi_sift *sift, const tvi_strings *strings,
                                int is_blob, uint32_t *passed) {
  tv_slice *entries = scan->column[sift->sieve->column].room;
  uint32_t from, i, n, kept;
  int status = sieve_room(scan, sift, strings->count);

  for (from = 0; from < strings->count && status == TV_OK; from += n) {
    n = strings->count - from < TVI_EXEC_ROWS ? strings->count - from : TVI_EXEC_ROWS;
    for (i = 0; i < n; i++) entries[i] = tvi_strings_entry(strings, from + i);
    memset(&scan->probed, 0, sizeof scan->probed);
    scan->probed.kind = is_blob ? TVI_VEC_BLOB : TVI_VEC_TEXT;
    scan->probed.as.bytes = entries;
    status = sieve_try(scan, sift, from, n, &kept);
    *passed += kept;
  }
  sift->own_base = 0;
  sift->own_span = 0; /* another part has another dictionary */
  return status;
}

static int sieve_try_numbers(tvi_scan *scan, tvi_sift *sift, int64_t lo, uint32_t span, int is_date,
                             uint32_t *passed) {
  int32_t *numbers = scan->column[sift->sieve->column].room;
  uint32_t from, i, n, kept;
  int status = sieve_room(scan, sift, span);

  for (from = 0; from < span && status == TV_OK; from += n) {
    n = span - from < TVI_EXEC_ROWS ? span - from : TVI_EXEC_ROWS;
    for (i = 0; i < n; i++) numbers[i] = (int32_t)(lo + from + i);
    memset(&scan->probed, 0, sizeof scan->probed);
    scan->probed.kind = is_date ? TVI_VEC_DATE : TVI_VEC_I32;
    scan->probed.as.i32 = numbers;
    scan->probed.lo = lo;
    scan->probed.hi = lo + span - 1;
    status = sieve_try(scan, sift, from, n, &kept);
    *passed += kept;
  }
  sift->own_base = lo;
  sift->own_span = span;
  return status;
}

static void sieve_bits32(tvi_sift *sift, int32_t base, uint32_t span, const uint32_t *bits) {
  sift->op = TVI_SIFT_BITS32;
  sift->base = base;
  sift->span = span;
  sift->bits = bits;
}

static int sieve_begin_value(tvi_scan *scan, tvi_sift *sift) {
  int column = sift->sieve->column, type = scan->source->column[column].type, nulls, all_null;
  const tvi_strings *strings = &scan->column[column].segment.strings;
  int64_t lo, hi;
  uint32_t passed = 0, span;
  int status;

  sift->op = TVI_SIFT_ROW;
  if (scan->part->image != NULL || type == TVI_COL_REAL) return TV_OK;
  sieve_zone(scan, column, &lo, &hi, &nulls, &all_null);
  status = sieve_try_null(scan, sift);
  if (status != TV_OK || (nulls && sift->null_passes)) return status;
  if (all_null) {
    sift->op = TVI_SIFT_NONE;
    return TV_OK;
  }
  if (!tvi_col_is_number(type)) {
    status = tvi_scan_open(scan, column);
    if (status != TV_OK || strings->count == 0) return status;
    status = sieve_try_dictionary(scan, sift, strings, type == TVI_COL_BLOB, &passed);
    sieve_bits32(sift, 0, strings->count, sift->own);
    if (passed == 0) sift->op = TVI_SIFT_NONE;
    if (passed == strings->count && !nulls) sift->op = TVI_SIFT_ALL;
    return status;
  }
  if (!sieve_is_narrow(lo, hi) || hi - lo >= SIEVE_SPAN_MAX) return TV_OK;
  span = (uint32_t)(hi - lo + 1);
  if (sift->own_span != span || sift->own_base != lo)
    status = sieve_try_numbers(scan, sift, lo, span, type == TVI_COL_DATE, &passed);
  sieve_bits32(sift, (int32_t)lo, span, sift->own);
  return status;
}

/* ---- Ranges and joins ---- */

static void sieve_begin_range(const tvi_scan *scan, tvi_sift *sift) {
  const tvi_sieve *sieve = sift->sieve;
  int nulls, all_null;
  int64_t lo, hi;

  sieve_zone(scan, sieve->column, &lo, &hi, &nulls, &all_null);
  sift->op = sieve_is_narrow(lo, hi) ? TVI_SIFT_RANGE32 : TVI_SIFT_RANGE64;
  sift->lo = sieve->lo > lo ? sieve->lo : lo;
  sift->hi = sieve->hi < hi ? sieve->hi : hi;
  if (all_null || sieve->lo > hi || sieve->hi < lo)
    sift->op = TVI_SIFT_NONE;
  else if (sieve->lo <= lo && sieve->hi >= hi && !nulls)
    sift->op = TVI_SIFT_ALL;
}

static void sieve_begin_real(const tvi_scan *scan, tvi_sift *sift) {
  const tvi_sieve *sieve = sift->sieve;
  int nulls, all_null, column;
  int64_t lo, hi;

  sift->op = TVI_SIFT_REAL;
  if (scan->part->image != NULL) {
    column = tvi_part_column(scan->part, sieve->column);
    if (scan->part->image->column[column].kind == TVI_VEC_NULL) sift->op = TVI_SIFT_NONE;
    return;
  }
  sieve_zone(scan, sieve->column, &lo, &hi, &nulls, &all_null);
  if (all_null || tvi_cell_from_real(sieve->real_lo) > hi ||
      tvi_cell_from_real(sieve->real_hi) < lo)
    sift->op = TVI_SIFT_NONE;
}

static void sieve_begin_bits(const tvi_scan *scan, tvi_sift *sift) {
  const tvi_sieve *sieve = sift->sieve;
  int nulls, all_null;
  int64_t lo, hi;

  sieve_zone(scan, sieve->column, &lo, &hi, &nulls, &all_null);
  sift->lo = sieve->base;
  if (all_null || sieve->span == 0 || hi < sieve->base ||
      (lo > sieve->base && (uint64_t)lo - (uint64_t)sieve->base >= sieve->span)) {
    sift->op = TVI_SIFT_NONE;
  } else if (sieve_is_narrow(lo, hi) && sieve_is_narrow(sieve->base, sieve->base)) {
    sieve_bits32(sift, (int32_t)sieve->base, sieve->span, sieve->bits);
  } else {
    sift->op = TVI_SIFT_BITS64;
    sift->span = sieve->span;
    sift->bits = sieve->bits;
  }
}

int tvi_sift_begin(tvi_scan *scan, tvi_sift *sift) {
  sift->null_passes = 0;
  switch (sift->sieve->kind) {
    case TVI_SIEVE_RANGE:
      sieve_begin_range(scan, sift);
      return TV_OK;
    case TVI_SIEVE_REAL:
      sieve_begin_real(scan, sift);
      return TV_OK;
    case TVI_SIEVE_BITS:
      sieve_begin_bits(scan, sift);
      return TV_OK;
    case TVI_SIEVE_VALUE:
      return sieve_begin_value(scan, sift);
    default:
      sift->op = TVI_SIFT_ROW;
      return TV_OK;
  }
}

/* ---- Rows ---- */

static uint32_t sieve_range64(const int64_t *v, const uint16_t *rows, uint32_t n, int64_t lo,
                              int64_t hi, uint16_t *out) {
  uint32_t i, kept = 0;

  for (i = 0; i < n; i++) {
    uint16_t row = rows == NULL ? (uint16_t)i : rows[i];
    out[kept] = row;
    kept += v[row] >= lo && v[row] <= hi;
  }
  return kept;
}

static uint32_t sieve_reals(const double *v, const uint16_t *rows, uint32_t n, double lo, double hi,
                            uint16_t *out) {
  uint32_t i, kept = 0;

  for (i = 0; i < n; i++) {
    uint16_t row = rows == NULL ? (uint16_t)i : rows[i];
    out[kept] = row;
    kept += v[row] >= lo && v[row] <= hi;
  }
  return kept;
}

static uint32_t sieve_bits64(const tvi_vec *vec, const uint16_t *rows, uint32_t n,
                             const tvi_sift *sift, uint16_t *out) {
  uint32_t i, kept = 0;

  for (i = 0; i < n; i++) {
    uint16_t row = rows == NULL ? (uint16_t)i : rows[i];
    uint64_t at = (uint64_t)tvi_vec_int(vec, row) - (uint64_t)sift->lo;
    out[kept] = row;
    if (at < sift->span) kept += sift->bits[at / 32] >> (at % 32) & 1;
  }
  return kept;
}

static uint32_t sieve_not_null(const unsigned char *nulls, uint16_t *rows, uint32_t n) {
  uint32_t i, kept = 0;

  for (i = 0; i < n; i++) {
    uint16_t row = rows[i];
    rows[kept] = row;
    kept += nulls[row] == 0;
  }
  return kept;
}

static int sieve_rows(tvi_scan *scan, tvi_sift *sift, const uint16_t *rows, uint32_t n,
                      uint16_t *out, uint32_t *kept) {
  uint16_t picked[TVI_EXEC_ROWS];
  uint32_t i;
  int status;

  scan->now = rows;
  scan->now_rows = n;
  tvi_eval_begin(&scan->eval, n);
  status = tvi_eval_select(&scan->eval, sift->sieve->node, picked, kept);
  for (i = 0; status == TV_OK && i < *kept; i++)
    out[i] = rows == NULL ? picked[i] : rows[picked[i]];
  return status;
}

int tvi_sift_run(tvi_scan *scan, tvi_sift *sift, const uint16_t *rows, uint32_t n, uint16_t *out,
                 uint32_t *kept) {
  tvi_vec *vec;
  int status;

  if (sift->op == TVI_SIFT_ROW) return sieve_rows(scan, sift, rows, n, out, kept);
  status = tvi_scan_load(scan, sift->sieve->column, rows, n, &vec);
  if (status != TV_OK) return status;
  switch (sift->op) {
    case TVI_SIFT_RANGE32:
      *kept = scan->kernels->select_range32(vec->as.i32, rows, n, (int32_t)sift->lo,
                                            (int32_t)sift->hi, out);
      break;
    case TVI_SIFT_RANGE64:
      *kept = sieve_range64(vec->as.i64, rows, n, sift->lo, sift->hi, out);
      break;
    case TVI_SIFT_REAL:
      *kept = sieve_reals(vec->as.real, rows, n, sift->sieve->real_lo, sift->sieve->real_hi, out);
      break;
    case TVI_SIFT_BITS32:
      *kept = scan->kernels->select_bits32(vec->as.i32, rows, n, sift->base, sift->span, sift->bits,
                                           out);
      break;
    default:
      *kept = sieve_bits64(vec, rows, n, sift, out);
  }
  if (vec->nulls != NULL) *kept = sieve_not_null(vec->nulls, out, *kept);
  return TV_OK;
}
