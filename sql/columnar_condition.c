/* SPDX-License-Identifier: MIT */
/*
 * SQL's comparisons as filters. The rules are SQLite's: a numeric column makes a number of text
 * that looks like one, whatever it is compared with; numbers stand before text and text before
 * blobs; an integer and a real compare by their exact values. So `a < 2.5` is `a <= 2` and nothing
 * is rounded. A text column compared with a number may or may not become one, which xFilter is not
 * told: then the filter lets everything through.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "columnar_internal.h"

#define CONDITION_DATE_MIN (-719528) /* 0000-01-01 */
#define CONDITION_DATE_MAX 2932896   /* 9999-12-31 */

/* A value among a number column's: the least of those that are not below it, and whether it is
 * equal. beyond: 1, all are below it; exact has no meaning then. */
typedef struct condition_point {
  int64_t at;
  int exact, beyond;
} condition_point;

static condition_point condition_integer(sqlite3_value *value) {
  condition_point p = {0, 1, 0};
  double real, up;

  if (sqlite3_value_numeric_type(value) == SQLITE_INTEGER) {
    p.at = sqlite3_value_int64(value);
    return p;
  }
  real = sqlite3_value_double(value);
  up = ceil(real);
  p.exact = up == real;
  p.beyond = up >= 9223372036854775808.0;
  if (up < -9223372036854775808.0) {
    p.at = INT64_MIN;
    p.exact = 0;
  } else if (!p.beyond) {
    p.at = (int64_t)up;
  }
  return p;
}

static condition_point condition_real(sqlite3_value *value) {
  condition_point p = {0, 1, 0};
  double real = sqlite3_value_double(value);

  if (real == 0) real = 0;
  p.at = tvi_cell_from_real(real);
  if (sqlite3_value_numeric_type(value) == SQLITE_INTEGER) {
    int64_t whole = sqlite3_value_int64(value);
    int above = real >= 9223372036854775808.0 || (int64_t)real > whole;
    p.exact = !(real >= 9223372036854775808.0) && (int64_t)real == whole;
    if (!p.exact && !above) p.at++; /* the next real */
  }
  return p;
}

/* Dates are text of ten characters: any text has its place among them. */
static condition_point condition_date(tv_slice text) {
  condition_point p = {CONDITION_DATE_MIN, 0, 0};
  int64_t high = CONDITION_DATE_MAX + 1;
  char date[TVI_DATE_BYTES];

  while (p.at < high) {
    int64_t middle = p.at + (high - p.at) / 2;
    tvi_cell_print_date(middle, date);
    if (tvi_slice_order(tv_bytes(date, sizeof date), text) < 0)
      p.at = middle + 1;
    else
      high = middle;
  }
  p.beyond = p.at > CONDITION_DATE_MAX;
  if (!p.beyond) {
    tvi_cell_print_date(p.at, date);
    p.exact = tvi_slice_order(tv_bytes(date, sizeof date), text) == 0;
  }
  return p;
}

/* The value's place among the column's numbers. Returns -1 when it stands before all that the
 * column can hold, 1 when behind, 0 when among them. */
static int condition_place(int type, sqlite3_value *value, condition_point *p) {
  int given = sqlite3_value_numeric_type(value);

  if (given == SQLITE_BLOB) return 1;
  if (type == TVI_COL_DATE) {
    if (given != SQLITE_TEXT) return -1;
    *p = condition_date(tv_bytes(sqlite3_value_text(value), (size_t)sqlite3_value_bytes(value)));
    return p->beyond;
  }
  if (given == SQLITE_TEXT) return 1;
  *p = type == TVI_COL_REAL ? condition_real(value) : condition_integer(value);
  return p->beyond;
}

static tvi_filter_scope condition_number(tvi_filter *f, int type, int op, sqlite3_value *value) {
  condition_point p = {0, 0, 0};
  int place = condition_place(type, value, &p);

  f->kind = TVI_FILTER_RANGE;
  f->lo = INT64_MIN;
  f->hi = INT64_MAX;
  switch (op) {
    case TVI_COL_EQ:
    case TVI_COL_IS:
      if (place != 0 || !p.exact) return TVI_FILTER_NO;
      f->lo = f->hi = p.at;
      return TVI_FILTER_SOME;
    case TVI_COL_GT:
    case TVI_COL_GE:
      if (place > 0) return TVI_FILTER_NO;
      if (place == 0) f->lo = p.at;
      if (place == 0 && op == TVI_COL_GT && p.exact) {
        if (p.at == INT64_MAX) return TVI_FILTER_NO;
        f->lo = p.at + 1;
      }
      return TVI_FILTER_SOME; /* not ALL: a NULL does not pass */
    default:
      if (place < 0) return TVI_FILTER_NO;
      if (place == 0 && op == TVI_COL_LE && p.exact) {
        f->hi = p.at;
      } else if (place == 0) {
        if (p.at == INT64_MIN) return TVI_FILTER_NO;
        f->hi = p.at - 1;
      }
      return TVI_FILTER_SOME;
  }
}

/* ---- Strings ---- */

/* Copies the value's bytes into the filter. Returns 0 when it is of the other kind. */
static int condition_bytes(tvi_filter *f, int type, sqlite3_value *value, tv_slice *out,
                           int *status) {
  const void *bytes;
  size_t size;

  if (sqlite3_value_type(value) != (type == TVI_COL_TEXT ? SQLITE_TEXT : SQLITE_BLOB)) return 0;
  bytes =
      type == TVI_COL_TEXT ? (const void *)sqlite3_value_text(value) : sqlite3_value_blob(value);
  size = bytes == NULL ? 0 : (size_t)sqlite3_value_bytes(value);
  f->bytes.size = 0;
  *status = tvi_buffer_reserve(&f->bytes, size + 1);
  if (*status != TV_OK) return 1;
  (void)tvi_buffer_append(&f->bytes, bytes, size);
  *out = tv_bytes(f->bytes.data, size);
  return 1;
}

static tvi_filter_scope condition_string(tvi_filter *f, int type, int op, sqlite3_value *value,
                                         int *status) {
  tv_slice bytes = {NULL, 0};

  f->kind = TVI_FILTER_STRING;
  if (!condition_bytes(f, type, value, &bytes, status)) return TVI_FILTER_ALL;
  if (op == TVI_COL_EQ || op == TVI_COL_IS || op == TVI_COL_GT || op == TVI_COL_GE) {
    f->low = bytes;
    f->has_low = 1;
    f->low_open = op == TVI_COL_GT;
  }
  if (op == TVI_COL_EQ || op == TVI_COL_IS || op == TVI_COL_LT || op == TVI_COL_LE) {
    f->high = bytes;
    f->has_high = 1;
    f->high_open = op == TVI_COL_LT;
  }
  return TVI_FILTER_SOME;
}

/* What stands before the first wildcard: every spelling of it lies between the one in upper and the
 * one in lower case, so a zone map can rule it out. */
static int condition_like_bounds(tvi_filter *f, const char *pattern) {
  size_t size = 0, i, room;

  /* Beyond ASCII a byte may stand for another: SQLite reads broken characters as one. */
  while (strchr("%_", pattern[size]) == NULL && (unsigned char)pattern[size] < 0x80) size++;
  if (size == 0) return TV_OK;
  room = size + TVI_ZONE_TEXT + 1;
  f->bytes.size = 0;
  if (tvi_buffer_reserve(&f->bytes, size + room) != TV_OK) return TV_ENOMEM;
  for (i = 0; i < size; i++) {
    unsigned char c = (unsigned char)pattern[i];
    f->bytes.data[i] = c >= 'a' && c <= 'z' ? (unsigned char)(c - ('a' - 'A')) : c;
    f->bytes.data[size + i] = c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
  }
  memset(f->bytes.data + 2 * size, 0xff, room - size);
  f->low = tv_bytes(f->bytes.data, size);
  f->high = tv_bytes(f->bytes.data + size, room);
  f->has_low = f->has_high = 1;
  return TV_OK;
}

static tvi_filter_scope condition_like(tvi_filter *f, sqlite3_value *value, int *status) {
  const char *pattern;
  size_t size;

  f->kind = TVI_FILTER_LIKE;
  if (sqlite3_value_type(value) != SQLITE_TEXT) return TVI_FILTER_ALL;
  pattern = (const char *)sqlite3_value_text(value);
  if (pattern == NULL) return TVI_FILTER_ALL;
  size = strlen(pattern) + 1;
  f->pattern = tvi_alloc(size);
  if (f->pattern == NULL)
    *status = TV_ENOMEM;
  else
    memcpy(f->pattern, pattern, size);
  if (*status == TV_OK) *status = condition_like_bounds(f, pattern);
  return TVI_FILTER_SOME;
}

/* ---- Lists ---- */

static int condition_number_order(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return a < b ? -1 : a > b;
}

static int condition_string_order(const void *left, const void *right) {
  return tvi_slice_order(*(const tv_slice *)left, *(const tv_slice *)right);
}

/* Adds an element that some value of the column can equal. *all: it cannot be told. */
static int condition_list_add(tvi_filter *f, int type, sqlite3_value *value, tvi_buffer *items,
                              int *all) {
  condition_point p = {0, 0, 0};
  size_t place[2];

  if (sqlite3_value_type(value) == SQLITE_NULL) return TV_OK;
  if (tvi_col_is_number(type)) {
    if (condition_place(type, value, &p) != 0 || !p.exact) return TV_OK;
    return tvi_buffer_append(items, &p.at, sizeof p.at);
  }
  if (sqlite3_value_type(value) != (type == TVI_COL_TEXT ? SQLITE_TEXT : SQLITE_BLOB)) {
    *all = 1;
    return TV_OK;
  }
  place[1] = (size_t)sqlite3_value_bytes(value);
  place[0] = f->bytes.size;
  if (tvi_buffer_append(&f->bytes, sqlite3_value_blob(value), place[1]) != TV_OK) return TV_ENOMEM;
  return tvi_buffer_append(items, place, sizeof place);
}

/* Sorts what was gathered. */
static int condition_list_end(tvi_filter *f, int type, tvi_buffer *items) {
  size_t i;

  if (tvi_col_is_number(type)) {
    f->kind = TVI_FILTER_SET;
    f->count = items->size / sizeof *f->set;
    f->set = (int64_t *)(void *)items->data;
    items->data = NULL;
    qsort(f->set, f->count, sizeof *f->set, condition_number_order);
    return TV_OK;
  }
  f->kind = TVI_FILTER_STRINGS;
  f->count = items->size / (2 * sizeof(size_t));
  f->strings = tvi_alloc(f->count * sizeof *f->strings);
  if (f->strings == NULL) return TV_ENOMEM;
  for (i = 0; i < f->count; i++) {
    size_t place[2];
    memcpy(place, items->data + i * sizeof place, sizeof place);
    f->strings[i] = tv_bytes(f->bytes.data == NULL ? NULL : f->bytes.data + place[0], place[1]);
  }
  qsort(f->strings, f->count, sizeof *f->strings, condition_string_order);
  return TV_OK;
}

static tvi_filter_scope condition_list(tvi_filter *f, int type, sqlite3_value *value, int *status) {
  tvi_buffer items = {NULL, 0, 0};
  sqlite3_value *element = NULL;
  tvi_filter_scope scope = TVI_FILTER_SOME;
  int all = 0, code;

  for (code = sqlite3_vtab_in_first(value, &element);
       code == SQLITE_OK && element != NULL && *status == TV_OK;
       code = sqlite3_vtab_in_next(value, &element))
    *status = condition_list_add(f, type, element, &items, &all);
  if (code == SQLITE_NOMEM) *status = TV_ENOMEM;
  if (code != SQLITE_OK && code != SQLITE_DONE) all = 1;
  if (items.size == 0) scope = TVI_FILTER_NO;
  if (all) scope = TVI_FILTER_ALL;
  if (*status == TV_OK && scope == TVI_FILTER_SOME) *status = condition_list_end(f, type, &items);
  tvi_buffer_free(&items);
  return scope;
}

int tvi_filter_make(tvi_filter *filter, const tvi_col_schema *schema, int op, int column,
                    int nocase, sqlite3_value *value, tvi_filter_scope *scope) {
  int type = column < 0 ? TVI_COL_INTEGER : schema->column[column].type;
  int is_null = op != TVI_COL_IN && sqlite3_value_type(value) == SQLITE_NULL, status = TV_OK;

  memset(filter, 0, sizeof *filter);
  filter->column = column;
  filter->nocase = nocase;
  *scope = TVI_FILTER_SOME;
  if (op == TVI_COL_ISNULL || op == TVI_COL_NOTNULL || (op == TVI_COL_IS && is_null)) {
    filter->kind = op == TVI_COL_NOTNULL ? TVI_FILTER_NOT_NULL : TVI_FILTER_NULL;
    if (column < 0) *scope = op == TVI_COL_NOTNULL ? TVI_FILTER_ALL : TVI_FILTER_NO;
  } else if (is_null) {
    *scope = TVI_FILTER_NO;
  } else if (op == TVI_COL_IN) {
    *scope = condition_list(filter, type, value, &status);
  } else if (op == TVI_COL_LIKE) {
    *scope = condition_like(filter, value, &status);
  } else if (tvi_col_is_number(type)) {
    *scope = condition_number(filter, type, op, value);
  } else {
    *scope = condition_string(filter, type, op, value, &status);
  }
  return status;
}
