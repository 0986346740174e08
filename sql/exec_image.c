/* SPDX-License-Identifier: MIT */
/*
 * What is not in row groups, made columns in memory: the delta of a columnar table, and row tables,
 * which SQLite reads. Reading row by row beside the vectors was rejected: every operator would
 * exist twice.
 */
#include <string.h>

#include "encode_internal.h"
#include "exec_internal.h"
#include "vfs_internal.h"

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

static int image_row(tvi_rows *rows, const tvi_source_column *columns, int64_t rowid,
                     const tvi_cell *cells) {
  int i, status = TV_OK;

  if (rows->rows == TVI_ROWS_MAX) return TV_ELIMIT;
  for (i = 0; i < rows->columns && status == TV_OK; i++) {
    tvi_value value;
    image_cell(columns[i].type, rowid, columns[i].number, cells, &value);
    if (columns[i].type == TVI_COL_DATE && value.type == SQLITE_INTEGER)
      status = image_date(rows, i, &value);
    else
      status = tvi_rows_append_value(rows, i, &value);
  }
  rows->rows++;
  return status;
}

/* Reads the delta into rows whose columns are those. */
static int image_rows(tvi_col_store *store, const tvi_source_column *columns, tvi_rows *rows) {
  size_t count = (size_t)store->schema->columns + 1;
  tvi_cell *cells = tvi_arena_alloc(&rows->pool, count * sizeof *cells);
  unsigned char from[TVI_COL_KEY_BYTES];
  tv_slice key, record;
  tv_cursor *cursor;
  int status;

  if (cells == NULL) return tvi_memory_status(rows->memory);
  status = tv_cursor_open(store->main, &cursor);
  if (status != TV_OK) return status;
  status = tv_cursor_seek(cursor, tv_bytes(from, tvi_col_key_row(from, INT64_MIN)), &key, &record);
  while (status == TV_OK) {
    int64_t rowid;
    if (key.size != 9 || *(const unsigned char *)key.data != 'r') break;
    rowid = tvi_load_key_i64((const unsigned char *)key.data + 1);
    status = tvi_col_row_cells(store, rowid, record, cells);
    if (status == TV_OK) status = image_row(rows, columns, rowid, cells);
    if (status == TV_OK) status = tv_cursor_next(cursor, &key, &record);
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

/* ---- What a connection keeps ---- */

#define IMAGE_KEPT_BYTES (UINT64_C(64) << 20)

/* A table's changes at one state of its header: the delta, and bits of deleted rows per group. */
struct tvi_col_image {
  tvi_memory memory;
  tvi_col_header header;
  int filled;    /* rows hold the delta */
  tvi_rows rows; /* per column of the table; the last is the rowid */
  tvi_arena bits;
  uint32_t groups, at; /* the one looked up last */
  size_t id_capacity, deleted_capacity;
  uint64_t *id;
  unsigned char **deleted;
};

void tvi_col_image_free(tvi_col_image *image) {
  if (image == NULL) return;
  tvi_rows_free(&image->rows);
  tvi_arena_free(&image->bits);
  tvi_arena_drop(&image->memory, image->id, image->id_capacity, sizeof *image->id);
  tvi_arena_drop(&image->memory, image->deleted, image->deleted_capacity, sizeof *image->deleted);
  tvi_free(image);
}

tvi_col_image *tvi_image_kept(tvi_columnar *table, const tvi_col_store *store) {
  tvi_col_image *image = table->image;

  if (tv_txn_is_write(store->txn)) return NULL; /* a rollback may give its state to another */
  if (image != NULL && memcmp(&image->header, &store->header, sizeof image->header) == 0)
    return image;
  tvi_col_image_free(image);
  image = table->image = tvi_zalloc(sizeof *image);
  if (image == NULL) return NULL;
  image->header = store->header;
  image->memory.most = IMAGE_KEPT_BYTES;
  image->bits.memory = &image->memory;
  return image;
}

/* The bits of a group: found, or read and kept. NULL in *out: there is no room to keep them. */
int tvi_image_deleted(tvi_col_image *image, tvi_col_store *store, uint64_t group, uint32_t blocks,
                      unsigned char **out) {
  void *ids = image->id, *all = image->deleted;
  uint32_t i, block;
  int status = TV_OK;

  *out = NULL;
  for (i = 0; i < image->groups; i++) { /* asked for in the same order each time */
    uint32_t at = (image->at + i) % image->groups;
    if (image->id[at] != group) continue;
    *out = image->deleted[at];
    image->at = at + 1;
    return TV_OK;
  }
  if (!tvi_arena_grow(&image->memory, &ids, &image->id_capacity, (size_t)image->groups + 1,
                      sizeof *image->id))
    return TV_OK;
  image->id = ids;
  if (!tvi_arena_grow(&image->memory, &all, &image->deleted_capacity, (size_t)image->groups + 1,
                      sizeof *image->deleted))
    return TV_OK;
  image->deleted = all;
  *out = tvi_arena_alloc(&image->bits, (size_t)blocks * TVI_COL_BITS_BYTES);
  for (block = 0; *out != NULL && block < blocks && status == TV_OK; block++)
    status = tvi_col_deleted_get(store, group, block, *out + (size_t)block * TVI_COL_BITS_BYTES);
  if (*out == NULL || status != TV_OK) return status;
  image->id[image->groups] = group;
  image->deleted[image->groups++] = *out;
  image->at = image->groups;
  return TV_OK;
}

/* The delta with all columns; TV_END: there is no room to keep it. */
int tvi_image_fill(tvi_col_image *image, tvi_col_store *store, const tvi_rows **out) {
  int i, n = store->schema->columns, status;
  tvi_source_column *columns;

  *out = &image->rows;
  if (image->filled) return TV_OK;
  tvi_rows_free(&image->rows);
  status = tvi_rows_make(&image->rows, &image->memory, n + 1);
  if (status != TV_OK) return status;
  columns = tvi_arena_zalloc(&image->rows.pool, ((size_t)n + 1) * sizeof *columns);
  if (columns == NULL) return TV_END;
  for (i = 0; i <= n; i++) {
    columns[i].number = i < n ? i : -1;
    columns[i].type = i < n ? store->schema->column[i].type : TVI_COL_INTEGER;
  }
  status = image_rows(store, columns, &image->rows);
  image->filled = status == TV_OK;
  if (!image->filled) tvi_rows_free(&image->rows);
  return status == TV_ELIMIT || status == TV_ENOMEM ? TV_END : status;
}

int tvi_image_delta(tvi_source *source, tvi_col_store *store) {
  return image_rows(store, source->column, &source->image);
}

/* ---- Row tables ---- */

/* TV_OK or TV_ENOMEM. */
static int image_value(sqlite3_stmt *stmt, int column, tvi_value *out) {
  const void *bytes;
  size_t size;

  switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
      *out = tvi_value_integer(sqlite3_column_int64(stmt, column));
      return TV_OK;
    case SQLITE_FLOAT:
      *out = tvi_value_real(sqlite3_column_double(stmt, column));
      return TV_OK;
    case SQLITE_NULL:
      *out = tvi_value_null();
      return TV_OK;
    default:
      bytes = sqlite3_column_blob(stmt, column);
      size = (size_t)sqlite3_column_bytes(stmt, column);
      *out = tvi_value_bytes(sqlite3_column_type(stmt, column),
                             tv_bytes(bytes == NULL ? "" : bytes, size));
      return bytes == NULL && size > 0 ? TV_ENOMEM : TV_OK;
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
      status = image_value(stmt, i, &value);
      if (status == TV_OK) status = tvi_rows_append_value(&source->image, i, &value);
    }
    source->image.rows++;
  }
  if (status == TV_OK && code != SQLITE_DONE) status = tvi_sql_fail(plan->sql, code, err);
  sqlite3_finalize(stmt);
  return status;
}
