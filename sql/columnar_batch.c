/* SPDX-License-Identifier: MIT */
/*
 * Rows in memory, column by column: what a bulk load gathers and what merging rebuilds. Numbers are
 * eight bytes a row; strings lie one after another with where each ends. Rows as records were
 * rejected: each would be taken apart again, a column at a time, to be encoded.
 */
#include <string.h>

#include "columnar_internal.h"

int tvi_batch_make(tvi_batch *batch, const tvi_col_schema *schema, uint32_t capacity) {
  int i;

  memset(batch, 0, sizeof *batch);
  batch->schema = schema;
  batch->rowids = tvi_alloc(capacity * sizeof *batch->rowids);
  batch->column = tvi_zalloc((size_t)schema->columns * sizeof *batch->column);
  if (batch->rowids == NULL || batch->column == NULL) return TV_ENOMEM;
  for (i = 0; i < schema->columns; i++) {
    tvi_batch_column *column = &batch->column[i];
    if (tvi_col_is_number(schema->column[i].type))
      column->numbers = tvi_alloc(capacity * sizeof *column->numbers);
    else
      column->ends = tvi_alloc(capacity * sizeof *column->ends);
    if (column->numbers == NULL && column->ends == NULL) return TV_ENOMEM;
  }
  batch->capacity = capacity;
  return TV_OK;
}

void tvi_batch_clear(tvi_batch *batch) {
  int i;

  for (i = 0; batch->capacity > 0 && i < batch->schema->columns; i++) {
    tvi_free(batch->column[i].nulls);
    batch->column[i].nulls = NULL;
    batch->column[i].bytes.size = 0;
  }
  batch->rows = 0;
  batch->bytes = 0;
}

void tvi_batch_free(tvi_batch *batch) {
  int i;

  for (i = 0; batch->column != NULL && i < batch->schema->columns; i++) {
    tvi_free(batch->column[i].numbers);
    tvi_free(batch->column[i].ends);
    tvi_free(batch->column[i].nulls);
    tvi_buffer_free(&batch->column[i].bytes);
  }
  tvi_free(batch->column);
  tvi_free(batch->rowids);
  memset(batch, 0, sizeof *batch);
}

static int batch_add_null(tvi_batch *batch, tvi_batch_column *column) {
  if (column->nulls == NULL) column->nulls = tvi_zalloc(batch->capacity);
  if (column->nulls == NULL) return TV_ENOMEM;
  column->nulls[batch->rows] = 1;
  return TV_OK;
}

int tvi_batch_add(tvi_batch *batch, int64_t rowid, const tvi_cell *cells) {
  uint32_t row = batch->rows;
  int i, status = TV_OK;

  for (i = 0; i < batch->schema->columns; i++) {
    tvi_batch_column *column = &batch->column[i];
    if (cells[i].null)
      status = batch_add_null(batch, column);
    else if (column->nulls != NULL)
      column->nulls[row] = 0;
    if (column->numbers != NULL) {
      /* A NULL repeats the number before it: the encoding then has nothing to spell out. */
      int64_t filler = row > 0 ? column->numbers[row - 1] : 0;
      column->numbers[row] = cells[i].null ? filler : cells[i].number;
    } else {
      size_t end = row > 0 ? column->ends[row - 1] : 0;
      column->bytes.size = end; /* a row that failed half way may have left more */
      if (status == TV_OK && !cells[i].null)
        status = tvi_buffer_append(&column->bytes, cells[i].bytes.data, cells[i].bytes.size);
      if (column->bytes.size > UINT32_MAX) status = TV_ELIMIT;
      column->ends[row] = (uint32_t)column->bytes.size;
      batch->bytes += column->bytes.size - end;
    }
    if (status != TV_OK) return status;
  }
  batch->rowids[row] = rowid;
  batch->rows++;
  return TV_OK;
}

void tvi_batch_cell(const tvi_batch *batch, int column, uint32_t row, tvi_cell *cell) {
  const tvi_batch_column *c = &batch->column[column];
  uint32_t start;

  memset(cell, 0, sizeof *cell);
  cell->null = c->nulls != NULL && c->nulls[row];
  if (c->numbers != NULL) {
    cell->number = c->numbers[row];
    return;
  }
  start = row > 0 ? c->ends[row - 1] : 0;
  cell->bytes =
      tv_bytes(c->bytes.data == NULL ? NULL : c->bytes.data + start, c->ends[row] - start);
}
