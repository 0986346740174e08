/* SPDX-License-Identifier: MIT */
/*
 * One value of a columnar table: taken from SQL as its column's affinity would convert it, given
 * back as SQL knows it, written into a record of the delta, made part of a key. A value that the
 * column's type does not hold is refused rather than kept as it is: a column of one type is what
 * makes segments small and scans fast.
 *
 * A record of the delta: le64 XXH3 of what follows, plus the rowid; then per column a byte (0 NULL,
 * 1 number, 2 string) and a zigzag varint, or a varint size and bytes.
 *
 * A key: per column 8 bytes that order as the number does, or the string with 00 as 00 FF and ended
 * by 00 00; under NOCASE in lower case.
 */
#include <string.h>

#include "columnar_internal.h"
#include "encode_internal.h"
#include "envelope_internal.h"

#define CELL_DAYS_MIN (-719528) /* 0000-01-01 */
#define CELL_DAYS_MAX 2932896   /* 9999-12-31 */
#define CELL_RECORD_SUM 8

int64_t tvi_cell_from_real(double value) {
  int64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits < 0 ? (int64_t)((uint64_t)bits ^ UINT64_C(0x7fffffffffffffff)) : bits;
}

double tvi_cell_to_real(int64_t number) {
  double value;
  if (number < 0) number = (int64_t)((uint64_t)number ^ UINT64_C(0x7fffffffffffffff));
  memcpy(&value, &number, sizeof value);
  return value;
}

/* ---- Dates: the proleptic Gregorian calendar in 400-year eras that begin in March ---- */

static int64_t cell_days(int64_t year, int month, int day) {
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  int64_t in_era = y - era * 400;
  int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

void tvi_cell_print_date(int64_t days, char out[TVI_DATE_BYTES]) {
  int64_t shifted, era, in_era, year, in_year, month, numbers[3];
  int i;

  if (days < CELL_DAYS_MIN) days = CELL_DAYS_MIN;
  if (days > CELL_DAYS_MAX) days = CELL_DAYS_MAX;
  shifted = days + 719468;
  era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  in_era = shifted - era * 146097;
  year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  in_year = in_era - (365 * year + year / 4 - year / 100);
  month = (5 * in_year + 2) / 153;
  numbers[2] = in_year - (153 * month + 2) / 5 + 1;
  numbers[1] = month < 10 ? month + 3 : month - 9;
  numbers[0] = year + era * 400 + (numbers[1] <= 2);
  for (i = 3; i >= 0; i--, numbers[0] /= 10) out[i] = (char)('0' + numbers[0] % 10);
  out[4] = out[7] = '-';
  out[5] = (char)('0' + numbers[1] / 10);
  out[6] = (char)('0' + numbers[1] % 10);
  out[8] = (char)('0' + numbers[2] / 10);
  out[9] = (char)('0' + numbers[2] % 10);
}

int tvi_cell_parse_date(tv_slice text, int64_t *days) {
  const unsigned char *p = text.data;
  char again[TVI_DATE_BYTES];
  int i, number[TVI_DATE_BYTES];

  if (text.size != TVI_DATE_BYTES) return 0;
  for (i = 0; i < TVI_DATE_BYTES; i++) {
    int dash = i == 4 || i == 7;
    if (dash ? p[i] != '-' : p[i] < '0' || p[i] > '9') return 0;
    number[i] = p[i] - '0';
  }
  i = number[5] * 10 + number[6];
  if (i < 1 || i > 12) return 0;
  *days = cell_days(number[0] * 1000 + number[1] * 100 + number[2] * 10 + number[3], i,
                    number[8] * 10 + number[9]);
  tvi_cell_print_date(*days, again); /* the 31st of February is another day */
  return memcmp(again, p, sizeof again) == 0;
}

/* ---- From SQL and to it ---- */

static int cell_take_integer(sqlite3_value *value, tvi_cell *cell) {
  double real;

  switch (sqlite3_value_numeric_type(value)) {
    case SQLITE_INTEGER:
      cell->number = sqlite3_value_int64(value);
      return 1;
    case SQLITE_FLOAT:
      real = sqlite3_value_double(value);
      if (!(real >= -9223372036854775808.0 && real < 9223372036854775808.0)) return 0;
      cell->number = (int64_t)real;
      return (double)cell->number == real;
    default:
      return 0;
  }
}

static int cell_take_real(sqlite3_value *value, tvi_cell *cell) {
  int type = sqlite3_value_numeric_type(value);
  double real;

  if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) return 0;
  real = sqlite3_value_double(value);
  if (real == 0) real = 0; /* one zero, as in SQLite's files */
  cell->number = tvi_cell_from_real(real);
  return 1;
}

static int cell_take_bytes(int type, sqlite3_value *value, tvi_cell *cell) {
  int blob = sqlite3_value_type(value) == SQLITE_BLOB;
  const void *bytes;

  if (blob != (type == TVI_COL_BLOB)) return 0;
  bytes = blob ? sqlite3_value_blob(value) : (const void *)sqlite3_value_text(value);
  cell->bytes = tv_bytes(bytes, bytes == NULL ? 0 : (size_t)sqlite3_value_bytes(value));
  return cell->bytes.size <= TVI_COL_STRING_BYTES_MAX;
}

int tvi_cell_take(const tvi_col_column *column, sqlite3_value *value, tvi_cell *cell) {
  int blob = sqlite3_value_type(value) == SQLITE_BLOB;

  cell->number = 0;
  cell->bytes = tv_bytes(NULL, 0);
  cell->null = sqlite3_value_type(value) == SQLITE_NULL;
  if (cell->null) return 1;
  switch (column->type) {
    case TVI_COL_INTEGER:
      return !blob && cell_take_integer(value, cell);
    case TVI_COL_REAL:
      return !blob && cell_take_real(value, cell);
    case TVI_COL_DATE:
      if (sqlite3_value_type(value) != SQLITE_TEXT) return 0;
      cell->bytes = tv_bytes(sqlite3_value_text(value), (size_t)sqlite3_value_bytes(value));
      return cell->bytes.data != NULL && tvi_cell_parse_date(cell->bytes, &cell->number);
    default:
      return cell_take_bytes(column->type, value, cell);
  }
}

void tvi_cell_result(const tvi_col_column *column, const tvi_cell *cell, sqlite3_context *context) {
  char date[TVI_DATE_BYTES];

  if (cell->null) {
    sqlite3_result_null(context);
    return;
  }
  switch (column->type) {
    case TVI_COL_INTEGER:
      sqlite3_result_int64(context, cell->number);
      return;
    case TVI_COL_REAL:
      sqlite3_result_double(context, tvi_cell_to_real(cell->number));
      return;
    case TVI_COL_DATE:
      tvi_cell_print_date(cell->number, date);
      sqlite3_result_text(context, date, TVI_DATE_BYTES, SQLITE_TRANSIENT);
      return;
    case TVI_COL_TEXT:
      sqlite3_result_text(context, cell->bytes.size > 0 ? cell->bytes.data : "",
                          (int)cell->bytes.size, SQLITE_TRANSIENT);
      return;
    default:
      sqlite3_result_blob64(context, cell->bytes.size > 0 ? cell->bytes.data : "", cell->bytes.size,
                            SQLITE_TRANSIENT);
  }
}

/* ---- Records of the delta ---- */

static uint64_t cell_sum(int64_t rowid, const void *data, size_t size) {
  return tvi_checksum(data, size) + (uint64_t)rowid;
}

int tvi_cells_record(const tvi_col_schema *schema, int64_t rowid, const tvi_cell *cells,
                     tvi_buffer *out) {
  size_t start = out->size;
  unsigned char head[1 + TVI_VARINT_BYTES_MAX] = {0};
  int i, status = tvi_buffer_append(out, "\0\0\0\0\0\0\0", CELL_RECORD_SUM);

  for (i = 0; i < schema->columns && status == TV_OK; i++) {
    int number = tvi_col_is_number(schema->column[i].type);
    size_t size = 1;
    head[0] = (unsigned char)(cells[i].null ? 0 : 2 - number);
    if (!cells[i].null)
      size += tvi_varint_put(head + 1,
                             number ? tvi_zigzag(cells[i].number) : (uint64_t)cells[i].bytes.size);
    status = tvi_buffer_append(out, head, size);
    if (status == TV_OK && !cells[i].null && !number)
      status = tvi_buffer_append(out, cells[i].bytes.data, cells[i].bytes.size);
  }
  if (status == TV_OK)
    tvi_store_le64(out->data + start, cell_sum(rowid, out->data + start + CELL_RECORD_SUM,
                                               out->size - start - CELL_RECORD_SUM));
  return status;
}

int tvi_cells_read(const tvi_col_schema *schema, int64_t rowid, tv_slice record, tvi_cell *cells) {
  const unsigned char *at = record.data, *end = at + record.size;
  uint64_t number;
  int i;

  if (record.size < CELL_RECORD_SUM ||
      tvi_load_le64(at) != cell_sum(rowid, at + CELL_RECORD_SUM, record.size - CELL_RECORD_SUM))
    return TV_ECORRUPT;
  at += CELL_RECORD_SUM;
  for (i = 0; i < schema->columns; i++) {
    int expected = 2 - tvi_col_is_number(schema->column[i].type);
    size_t used;
    if (at == end) return TV_ECORRUPT;
    memset(&cells[i], 0, sizeof cells[i]);
    cells[i].null = *at == 0;
    if (*at++ == 0) continue;
    if (at[-1] != expected) return TV_ECORRUPT;
    used = tvi_varint_get(at, (size_t)(end - at), &number);
    if (used == 0) return TV_ECORRUPT;
    at += used;
    if (expected == 1) {
      cells[i].number = tvi_unzigzag(number);
    } else {
      if (number > (uint64_t)(end - at)) return TV_ECORRUPT;
      cells[i].bytes = tv_bytes(at, (size_t)number);
      at += number;
    }
  }
  return at == end ? TV_OK : TV_ECORRUPT;
}

/* ---- Keys ---- */

static int cell_key_string(const tvi_col_column *column, tv_slice bytes, tvi_buffer *out) {
  const unsigned char *from = bytes.data;
  size_t i;

  if (bytes.size > TV_KEY_BYTES_MAX) return TV_EKEYSIZE;
  if (tvi_buffer_reserve(out, out->size + 2 * bytes.size + 2) != TV_OK) return TV_ENOMEM;
  for (i = 0; i < bytes.size; i++) {
    unsigned char c = from[i];
    if (column->nocase && c >= 'A' && c <= 'Z') c = (unsigned char)(c + ('a' - 'A'));
    out->data[out->size++] = c;
    if (c == 0) out->data[out->size++] = 0xff;
  }
  out->data[out->size++] = 0;
  out->data[out->size++] = 0;
  return TV_OK;
}

int tvi_cells_key(const tvi_col_schema *schema, const tvi_cell *cells, tvi_buffer *out) {
  unsigned char number[8];
  int i, status = TV_OK;

  out->size = 0;
  for (i = 0; i < schema->keys && status == TV_OK; i++) {
    const tvi_col_column *column = &schema->column[schema->key[i]];
    const tvi_cell *cell = &cells[schema->key[i]];
    if (tvi_col_is_number(column->type)) {
      tvi_store_key_i64(number, cell->number);
      status = tvi_buffer_append(out, number, sizeof number);
    } else {
      status = cell_key_string(column, cell->bytes, out);
    }
  }
  return status == TV_OK && out->size > TV_KEY_BYTES_MAX ? TV_EKEYSIZE : status;
}
