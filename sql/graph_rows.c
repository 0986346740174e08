/* SPDX-License-Identifier: MIT */
/*
 * Rows of functions that run to their end before the first row: a traversal cannot be left and
 * entered again, and one per row would be worse. One array of equal records for all of them; a
 * collector in each function was rejected, since they differed in how they ended.
 */
#include "graph_table_internal.h"

void tvi_graph_rows_begin(tvi_graph_cursor *cursor) {
  cursor->rows.size = 0;
  cursor->row_count = cursor->row_at = 0;
  cursor->rows_status = TV_OK;
}

int tvi_graph_rows_add(tvi_graph_cursor *cursor, const void *row) {
  cursor->rows_status = tvi_buffer_append(&cursor->rows, row, cursor->spec->row_bytes);
  if (cursor->rows_status != TV_OK) return 1;
  return ++cursor->row_count >= cursor->rows_max || tvi_graph_poll(cursor);
}

int tvi_graph_rows_end(tvi_graph_cursor *cursor, int status) {
  int code;

  cursor->eof = 1;
  if (cursor->rows_status != TV_OK) return SQLITE_NOMEM;
  code = tvi_graph_ended(cursor, status);
  if (code == SQLITE_OK) cursor->eof = cursor->row_count == 0;
  return code;
}

int tvi_graph_rows_next(tvi_graph_cursor *cursor) {
  cursor->eof = ++cursor->row_at >= cursor->row_count;
  return SQLITE_OK;
}

const void *tvi_graph_row(const tvi_graph_cursor *cursor) {
  return cursor->rows.data + cursor->row_at * cursor->spec->row_bytes;
}
