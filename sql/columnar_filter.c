/* SPDX-License-Identifier: MIT */
/*
 * Conditions on a column, evaluated where it is cheapest: on the zone map of a group, on the
 * entries of its dictionary (once per entry, not per row), on the bounds of a block, and only then
 * row by row. Handing conditions to SQLite was rejected as the rule: it would have every row made a
 * value first. What cannot be decided exactly here is left to it.
 */
#include <string.h>

#include "columnar_internal.h"

static const tv_slice filter_empty = {"", 0};

void tvi_filter_free(tvi_filter *filter) {
  tvi_free(filter->set);
  tvi_free(filter->strings);
  tvi_free(filter->pattern);
  tvi_free(filter->codes);
  tvi_buffer_free(&filter->bytes);
  memset(filter, 0, sizeof *filter);
}

/* ---- Zone maps ---- */

/* 1 when [lo, hi] and the set meet. */
static int filter_set_meets(const tvi_filter *f, int64_t lo, int64_t hi) {
  size_t low = 0, high = f->count;

  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (f->set[middle] < lo)
      low = middle + 1;
    else
      high = middle;
  }
  return low < f->count && f->set[low] <= hi;
}

/* 1 when a string between the zone's bounds can be `key` or beyond it on that side. */
static int filter_zone_reaches(const tvi_zone *zone, tv_slice key, int upwards) {
  if (upwards)
    return zone->high_cut || tvi_slice_order(tv_bytes(zone->high, zone->high_size), key) >= 0;
  return tvi_slice_order(tv_bytes(zone->low, zone->low_size), key) <= 0;
}

static int filter_zone_strings(const tvi_filter *f, const tvi_zone *zone) {
  size_t i;

  if (f->kind == TVI_FILTER_LIKE || (f->kind == TVI_FILTER_STRING && !f->nocase))
    return (!f->has_low || filter_zone_reaches(zone, f->low, 1)) &&
           (!f->has_high || filter_zone_reaches(zone, f->high, 0));
  if (f->kind != TVI_FILTER_STRINGS) return 1;
  for (i = 0; i < f->count; i++)
    if (filter_zone_reaches(zone, f->strings[i], 1) && filter_zone_reaches(zone, f->strings[i], 0))
      return 1;
  return 0;
}

int tvi_filter_zone(const tvi_filter *filter, int type, const tvi_zone *zone, uint32_t rows) {
  if (filter->kind == TVI_FILTER_NULL) return zone->nulls > 0;
  if (zone->nulls == rows) return 0;
  if (filter->kind == TVI_FILTER_NOT_NULL) return 1;
  if (!tvi_col_is_number(type)) return filter_zone_strings(filter, zone);
  if (filter->kind == TVI_FILTER_SET) return filter_set_meets(filter, zone->min, zone->max);
  return filter->lo <= zone->max && filter->hi >= zone->min;
}

/* ---- Values ---- */

static int filter_like(const tvi_filter *f, tv_slice string) {
  char room[512], *copy = room;
  int match;

  if (string.size >= sizeof room) copy = tvi_alloc(string.size + 1);
  if (copy == NULL) return 1; /* SQLite looks again */
  if (string.size > 0) memcpy(copy, string.data, string.size);
  copy[string.size] = '\0';
  match = sqlite3_strlike(f->pattern, copy, 0) == 0;
  if (copy != room) tvi_free(copy);
  return match;
}

static int filter_in_strings(const tvi_filter *f, tv_slice string) {
  size_t low = 0, high = f->count;

  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = tvi_slice_order(f->strings[middle], string);
    if (order == 0) return 1;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return 0;
}

static int filter_string(const tvi_filter *f, tv_slice string) {
  int order;

  if (f->kind == TVI_FILTER_LIKE) return filter_like(f, string);
  if (f->kind == TVI_FILTER_STRINGS) return filter_in_strings(f, string);
  if (string.size == 0) string = filter_empty;
  if (f->nocase)
    return string.size == f->low.size &&
           sqlite3_strnicmp(string.data, f->low.data, (int)string.size) == 0;
  if (f->has_low) {
    order = tvi_slice_order(string, f->low);
    if (order < 0 || (order == 0 && f->low_open)) return 0;
  }
  if (!f->has_high) return 1;
  order = tvi_slice_order(string, f->high);
  return order < 0 || (order == 0 && !f->high_open);
}

static int filter_number(const tvi_filter *f, int64_t number) {
  if (f->kind == TVI_FILTER_SET) return filter_set_meets(f, number, number);
  return number >= f->lo && number <= f->hi;
}

static int filter_is_strings(const tvi_filter *f) {
  return f->kind == TVI_FILTER_STRING || f->kind == TVI_FILTER_STRINGS ||
         f->kind == TVI_FILTER_LIKE;
}

int tvi_filter_cell(const tvi_filter *filter, int64_t rowid, const tvi_cell *cells) {
  const tvi_cell *cell;

  if (filter->column < 0) return filter_number(filter, rowid);
  cell = &cells[filter->column];
  if (filter->kind == TVI_FILTER_NULL) return cell->null;
  if (cell->null) return 0;
  if (filter->kind == TVI_FILTER_NOT_NULL) return 1;
  return filter_is_strings(filter) ? filter_string(filter, cell->bytes)
                                   : filter_number(filter, cell->number);
}

/* ---- Groups ---- */

/* Asks every entry of the dictionary once. */
static int filter_codes(tvi_filter *f, const tvi_strings *strings, int *none) {
  uint32_t i;

  f->coded = strings->count > 0;
  if (!f->coded) return TV_OK;
  if (f->codes_capacity < strings->count) {
    unsigned char *grown = tvi_realloc(f->codes, strings->count);
    if (grown == NULL) return TV_ENOMEM;
    f->codes = grown;
    f->codes_capacity = strings->count;
  }
  f->code_lo = INT64_MAX;
  f->code_hi = -1;
  for (i = 0; i < strings->count; i++) {
    f->codes[i] = (unsigned char)filter_string(f, tvi_strings_entry(strings, i));
    if (!f->codes[i]) continue;
    if (f->code_hi < 0) f->code_lo = i;
    f->code_hi = i;
  }
  *none = f->code_hi < 0;
  return TV_OK;
}

int tvi_filter_group(tvi_filter *filter, tvi_reader *reader, int *none) {
  const tvi_col_group *group = &reader->group;
  const tvi_zone *zone;
  tvi_column_segment *segment;
  int type, status;

  *none = filter->passes = filter->coded = 0;
  if (filter->column < 0) {
    if (filter->kind == TVI_FILTER_SET) {
      *none = !filter_set_meets(filter, group->first, group->last);
      return TV_OK;
    }
    *none = filter->lo > group->last || filter->hi < group->first;
    filter->passes = filter->lo <= group->first && filter->hi >= group->last;
    return TV_OK;
  }
  type = reader->store->schema->column[filter->column].type;
  zone = &reader->zone[filter->column];
  *none = !tvi_filter_zone(filter, type, zone, group->rows);
  if (*none) return TV_OK;
  if (filter->kind == TVI_FILTER_NOT_NULL) filter->passes = zone->nulls == 0;
  if (filter->kind == TVI_FILTER_RANGE)
    filter->passes = zone->nulls == 0 && filter->lo <= zone->min && filter->hi >= zone->max;
  if (!filter_is_strings(filter)) return TV_OK;
  status = tvi_reader_segment(reader, (unsigned)filter->column, &segment);
  return status == TV_OK ? filter_codes(filter, &segment->strings, none) : status;
}

/* ---- Blocks ---- */

/* 0 when the block's bounds rule it out. */
static int filter_block_meets(const tvi_filter *f, const tvi_column_segment *segment,
                              uint32_t block) {
  const tvi_ints *ints = segment->is_strings ? &segment->strings.ints : &segment->ints;
  int64_t min, max;

  if (block >= ints->blocks || segment->scale > 0) return 1;
  tvi_ints_bounds(ints, block, &min, &max);
  if (segment->is_strings) return !f->coded || (f->code_lo <= max && f->code_hi >= min);
  if (f->kind == TVI_FILTER_SET) return filter_set_meets(f, min, max);
  return f->lo <= max && f->hi >= min;
}

static uint32_t filter_rows_rowid(tvi_filter *f, tvi_reader *reader, uint32_t block, uint16_t *rows,
                                  uint32_t n, int *status) {
  uint32_t i, kept = 0;
  int64_t rowid;

  for (i = 0; i < n && *status == TV_OK; i++) {
    *status = tvi_reader_rowid(reader, block * TVI_COL_BLOCK + rows[i], &rowid);
    if (*status == TV_OK && filter_number(f, rowid)) rows[kept++] = rows[i];
  }
  return kept;
}

/* Rows whose NULL bit is `wanted`. */
static uint32_t filter_rows_null(const tvi_column_segment *segment, uint32_t block, uint16_t *rows,
                                 uint32_t n, int wanted) {
  uint32_t i, kept = 0;

  for (i = 0; i < n; i++) {
    uint32_t row = block * TVI_COL_BLOCK + rows[i];
    int null = segment->nulls != NULL && (segment->nulls[row / 8] >> (row % 8) & 1) != 0;
    rows[kept] = rows[i];
    kept += null == wanted;
  }
  return kept;
}

static uint32_t filter_rows_range(const tvi_filter *f, const int64_t *numbers, uint16_t *rows,
                                  uint32_t n) {
  uint64_t lo = (uint64_t)f->lo, width = (uint64_t)f->hi - lo;
  uint32_t i, kept = 0;

  for (i = 0; i < n; i++) {
    rows[kept] = rows[i];
    kept += (uint64_t)numbers[rows[i]] - lo <= width;
  }
  return kept;
}

static uint32_t filter_rows_each(const tvi_filter *f, const tvi_vector *vector, uint16_t *rows,
                                 uint32_t n) {
  uint32_t i, kept = 0;

  for (i = 0; i < n; i++) {
    int passes;
    if (f->coded)
      passes = f->codes[vector->numbers[rows[i]]];
    else if (filter_is_strings(f))
      passes = filter_string(f, vector->strings[rows[i]]);
    else
      passes = filter_number(f, vector->numbers[rows[i]]);
    rows[kept] = rows[i];
    kept += passes != 0;
  }
  return kept;
}

int tvi_filter_block(tvi_filter *filter, tvi_reader *reader, uint32_t block, uint16_t *rows,
                     uint32_t *n) {
  tvi_column_segment *segment;
  tvi_vector *vector;
  int status = TV_OK;

  if (filter->passes || *n == 0) return TV_OK;
  if (filter->column < 0) {
    *n = filter_rows_rowid(filter, reader, block, rows, *n, &status);
    return status;
  }
  status = tvi_reader_segment(reader, (unsigned)filter->column, &segment);
  if (status != TV_OK) return status;
  if (filter->kind == TVI_FILTER_NULL || segment->nulls != NULL)
    *n = filter_rows_null(segment, block, rows, *n, filter->kind == TVI_FILTER_NULL);
  if (filter->kind == TVI_FILTER_NULL || filter->kind == TVI_FILTER_NOT_NULL) return TV_OK;
  if (!filter_block_meets(filter, segment, block)) *n = 0;
  if (*n == 0) return TV_OK;
  status = tvi_reader_block(reader, (unsigned)filter->column, block, &vector);
  if (status != TV_OK) return status;
  *n = filter->kind == TVI_FILTER_RANGE ? filter_rows_range(filter, vector->numbers, rows, *n)
                                        : filter_rows_each(filter, vector, rows, *n);
  return TV_OK;
}
