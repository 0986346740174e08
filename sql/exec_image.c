/* SPDX-License-Identifier: MIT */
/*
 * What is not in row groups, made columns in memory: the delta of a columnar table, and row tables,
 * which SQLite reads. Reading row by row beside the vectors was rejected: every operator would
 * exist twice.
 */
#include <string.h>

#include "encode_internal.h"
#include "exec_internal.h"

static void image_cell(int type, int64_t rowid, int number, const tvi_cell *cells, tvi_value *out) {
  const tvi_cell *cell;

  if (number < 0) {
    *out = tvi_value_integer(rowid);
    return;
  }
  cell = &cells[number];
  if (cell->null)
    *out = tvi_value_null();
  else if (type == TVI_COL_REAL)
    *out = tvi_value_real(tvi_cell_to_real(cell->number));
  else if (tvi_col_is_number(type))
    *out = tvi_value_integer(cell->number);
  else
    *out = tvi_value_bytes(type == TVI_COL_TEXT ? SQLITE_TEXT : SQLITE_BLOB, cell->bytes);
}

static int image_date(tvi_rows *rows, int column, const tvi_value *value) {
  int32_t days = (int32_t)value->as.integer;
  tvi_vec vec = {.kind = TVI_VEC_DATE, .as.i32 = &days};
  return tvi_rows_append(rows, column, &vec, 1);
}

static int image_row(tvi_source *source, int64_t rowid, const tvi_cell *cells) {
  int i, status = TV_OK;

  if (source->image.rows == TVI_ROWS_MAX) return TV_ELIMIT;
  for (i = 0; i < source->columns && status == TV_OK; i++) {
    const tvi_source_column *c = &source->column[i];
    tvi_value value;
    image_cell(c->type, rowid, c->number, cells, &value);
    if (c->type == TVI_COL_DATE && value.type == SQLITE_INTEGER)
      status = image_date(&source->image, i, &value);
    else
      status = tvi_rows_append_value(&source->image, i, &value);
  }
  source->image.rows++;
  return status;
}

int tvi_image_delta(tvi_source *source, tvi_col_store *store) {
  size_t columns = (size_t)store->schema->columns;
  tvi_cell *cells = tvi_arena_alloc(&source->pool, (columns + 1) * sizeof *cells);
  unsigned char from[TVI_COL_KEY_BYTES];
  tv_slice key, record;
  tv_cursor *cursor;
  int status;

  if (cells == NULL) return tvi_memory_status(source->memory);
  status = tv_cursor_open(store->main, &cursor);
  if (status != TV_OK) return status;
  status = tv_cursor_seek(cursor, tv_bytes(from, tvi_col_key_row(from, INT64_MIN)), &key, &record);
  while (status == TV_OK) {
    int64_t rowid;
    if (key.size != 9 || *(const unsigned char *)key.data != 'r') break;
    rowid = tvi_load_key_i64((const unsigned char *)key.data + 1);
    status = tvi_col_row_cells(store, rowid, record, cells);
    if (status == TV_OK) status = image_row(source, rowid, cells);
    if (status == TV_OK) status = tv_cursor_next(cursor, &key, &record);
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

static void image_value(sqlite3_stmt *stmt, int column, tvi_value *out) {
  const void *bytes;

  switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
      *out = tvi_value_integer(sqlite3_column_int64(stmt, column));
      return;
    case SQLITE_FLOAT:
      *out = tvi_value_real(sqlite3_column_double(stmt, column));
      return;
    case SQLITE_NULL:
      *out = tvi_value_null();
      return;
    default:
      bytes = sqlite3_column_blob(stmt, column);
      *out = tvi_value_bytes(
          sqlite3_column_type(stmt, column),
          tv_bytes(bytes == NULL ? "" : bytes, (size_t)sqlite3_column_bytes(stmt, column)));
  }
}

int tvi_image_select(tvi_source *source, const tvi_plan *plan, tv_error *err) {
  sqlite3_stmt *stmt = NULL;
  int i, status = TV_OK;
  int code = sqlite3_prepare_v2(plan->sql, source->table->select, -1, &stmt, NULL);

  while (code == SQLITE_OK && status == TV_OK) {
    code = sqlite3_step(stmt);
    if (code != SQLITE_ROW) break;
    code = SQLITE_OK;
    if (source->image.rows == TVI_ROWS_MAX) status = TV_ELIMIT;
    for (i = 0; i < source->columns && status == TV_OK; i++) {
      tvi_value value;
      image_value(stmt, i, &value);
      status = tvi_rows_append_value(&source->image, i, &value);
    }
    source->image.rows++;
  }
  if (status == TV_OK && code != SQLITE_DONE)
    status = tvi_error_set(err, code == SQLITE_INTERRUPT ? TV_EINTR : TV_ESQL, code, "%s",
                           sqlite3_errmsg(plan->sql));
  sqlite3_finalize(stmt);
  return status;
}
