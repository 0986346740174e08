/* SPDX-License-Identifier: MIT */
/*
 * A row group being read: segments are opened when a column is first asked for and decoded a block
 * of 1,024 rows at a time, each column keeping its last block. So a scan pays for the columns it
 * uses, and a point query for one block of each. In a read transaction segments are used where they
 * lie; in a write transaction any write may move them, and a scan there copies them first. A
 * segment's checksum is compared once per connection: it never changes.
 */
#include <string.h>

#include "columnar_internal.h"
#include "encode_internal.h"

int tvi_reader_make(tvi_reader *reader, tvi_col_store *store) {
  size_t i, columns = (size_t)store->schema->columns;

  memset(reader, 0, sizeof *reader);
  reader->store = store;
  reader->zone = tvi_zalloc(columns * sizeof *reader->zone);
  reader->column = tvi_zalloc((columns + 1) * sizeof *reader->column);
  if (reader->zone == NULL || reader->column == NULL) return TV_ENOMEM;
  for (i = 0; i <= columns; i++) reader->column[i].vector.block = UINT32_MAX;
  return TV_OK;
}

void tvi_reader_leave(tvi_reader *reader) {
  int i;

  for (i = 0; reader->column != NULL && i <= reader->store->schema->columns; i++) {
    tvi_reader_column *column = &reader->column[i];
    if (column->is_open) tvi_segment_close(&column->segment);
    column->is_open = 0;
    column->vector.block = UINT32_MAX;
  }
  reader->is_open = 0;
}

void tvi_reader_free(tvi_reader *reader) {
  int i;

  if (reader->store == NULL) return;
  tvi_reader_leave(reader);
  for (i = 0; reader->column != NULL && i <= reader->store->schema->columns; i++) {
    tvi_reader_column *column = &reader->column[i];
    tvi_buffer_free(&column->copy);
    tvi_buffer_free(&column->vector.room);
    tvi_free(column->vector.numbers);
    tvi_free(column->vector.strings);
  }
  tvi_free(reader->column);
  tvi_free(reader->zone);
  memset(reader, 0, sizeof *reader);
}

void tvi_reader_enter(tvi_reader *reader) {
  tvi_col_group group = reader->group;
  tvi_reader_leave(reader);
  reader->group = group;
  reader->is_open = 1;
  reader->deleted_block = UINT32_MAX;
}

static int reader_fail(tvi_reader *reader, unsigned column, int status) {
  tvi_col_store *store = reader->store;

  if (status != TV_ECORRUPT) return status;
  return tvi_txn_fail(store->txn, TV_ECORRUPT, 0,
                      "columnar table \"%s\": segment of column %s in row group %llu is damaged",
                      store->name,
                      column == TVI_COL_ROWIDS ? "rowid" : store->schema->column[column].name,
                      (unsigned long long)reader->group.id);
}

/* 1 when the checksum was compared before; notes that it is now. Without memory it is compared
 * again. */
static int reader_is_verified(tvi_reader *reader, unsigned column) {
  size_t columns = (size_t)reader->store->schema->columns + 1;
  size_t number = column == TVI_COL_ROWIDS ? columns - 1 : column;
  uint64_t bit = reader->group.id * columns + number;
  tvi_buffer *verified = reader->verified;
  size_t size = (size_t)(bit / 8) + 1;

  if (verified == NULL) return 0;
  if (size > verified->size) {
    if (tvi_buffer_reserve(verified, size) != TV_OK) return 0;
    memset(verified->data + verified->size, 0, size - verified->size);
    verified->size = size;
  }
  return verified->data[bit / 8] >> (bit % 8) & 1;
}

static void reader_verified(tvi_reader *reader, unsigned column) {
  size_t columns = (size_t)reader->store->schema->columns + 1;
  uint64_t bit = reader->group.id * columns + (column == TVI_COL_ROWIDS ? columns - 1 : column);
  tvi_buffer *verified = reader->verified;

  if (verified != NULL && bit / 8 < verified->size)
    verified->data[bit / 8] = (unsigned char)(verified->data[bit / 8] | 1u << (bit % 8));
}

static tvi_reader_column *reader_column(tvi_reader *reader, unsigned column) {
  int number = column == TVI_COL_ROWIDS ? reader->store->schema->columns : (int)column;
  return &reader->column[number];
}

int tvi_reader_segment(tvi_reader *reader, unsigned column, tvi_column_segment **out) {
  tvi_reader_column *c = reader_column(reader, column);
  unsigned char key[TVI_COL_KEY_BYTES];
  int strings =
      column != TVI_COL_ROWIDS && !tvi_col_is_number(reader->store->schema->column[column].type);
  tv_slice value;
  int status;

  *out = &c->segment;
  if (c->is_open) return TV_OK;
  status = tv_store_get(reader->store->main,
                        tv_bytes(key, tvi_col_key_segment(key, reader->group.id, column)), &value);
  if (status == TV_NOTFOUND) status = TV_ECORRUPT;
  if (status == TV_OK && reader->copies) {
    c->copy.size = 0;
    status = tvi_buffer_append(&c->copy, value.data, value.size);
    value = tv_bytes(c->copy.data, c->copy.size);
  }
  if (status == TV_OK)
    status = tvi_segment_open(value, strings, reader->group.rows,
                              !reader_is_verified(reader, column), &c->segment);
  if (status != TV_OK) return reader_fail(reader, column, status);
  reader_verified(reader, column);
  c->is_open = 1;
  c->vector.block = UINT32_MAX;
  return TV_OK;
}

/* Decimals back to the integers that order as reals do. */
static void reader_unscale(int64_t *numbers, uint32_t n, int scale) {
  static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  uint32_t i;
  for (i = 0; i < n; i++) numbers[i] = tvi_cell_from_real((double)numbers[i] / powers[scale - 1]);
}

static int reader_decode(tvi_column_segment *segment, uint32_t block, tvi_vector *vector) {
  tvi_ints *ints = segment->is_strings ? &segment->strings.ints : &segment->ints;
  uint32_t i, n;
  int status;

  if (block >= ints->blocks) return TV_ECORRUPT;
  n = tvi_ints_block_rows(ints, block);
  if (segment->is_strings && segment->strings.count == 0)
    return tvi_strings_block(&segment->strings, block, vector->numbers, vector->strings,
                             &vector->room);
  status = tvi_ints_decode(ints, block, vector->numbers);
  if (status != TV_OK) return status;
  if (segment->scale > 0) reader_unscale(vector->numbers, n, segment->scale);
  for (i = 0; segment->is_strings && i < n; i++) {
    if (vector->numbers[i] < 0 || vector->numbers[i] >= segment->strings.count) return TV_ECORRUPT;
  }
  return TV_OK;
}

int tvi_reader_block(tvi_reader *reader, unsigned column, uint32_t block, tvi_vector **out) {
  tvi_reader_column *c = reader_column(reader, column);
  tvi_vector *vector = &c->vector;
  tvi_column_segment *segment;
  int status;

  *out = vector;
  if (vector->block == block) return TV_OK;
  status = tvi_reader_segment(reader, column, &segment);
  if (status != TV_OK) return status;
  vector->block = UINT32_MAX;
  if (vector->numbers == NULL) vector->numbers = tvi_alloc(TVI_COL_BLOCK * sizeof *vector->numbers);
  if (vector->strings == NULL && segment->is_strings)
    vector->strings = tvi_alloc(TVI_COL_BLOCK * sizeof *vector->strings);
  if (vector->numbers == NULL || (segment->is_strings && vector->strings == NULL)) return TV_ENOMEM;
  status = reader_decode(segment, block, vector);
  if (status != TV_OK) return reader_fail(reader, column, status);
  vector->block = block;
  return TV_OK;
}

int tvi_reader_cell(tvi_reader *reader, int column, uint32_t row, tvi_cell *cell) {
  tvi_column_segment *segment = &reader->column[column].segment;
  uint32_t at = row % TVI_COL_BLOCK;
  tvi_vector *vector;
  int status = tvi_reader_block(reader, (unsigned)column, row / TVI_COL_BLOCK, &vector);

  if (status != TV_OK) return status;
  cell->null = segment->nulls != NULL && (segment->nulls[row / 8] >> (row % 8) & 1) != 0;
  cell->number = vector->numbers[at];
  if (!segment->is_strings) return TV_OK;
  cell->bytes = segment->strings.count > 0
                    ? tvi_strings_entry(&segment->strings, (uint32_t)vector->numbers[at])
                    : vector->strings[at];
  return TV_OK;
}

int tvi_reader_rowid(tvi_reader *reader, uint32_t row, int64_t *rowid) {
  tvi_vector *vector;
  int status;

  *rowid = (int64_t)((uint64_t)reader->group.first + row);
  if (reader->group.dense) return TV_OK;
  status = tvi_reader_block(reader, TVI_COL_ROWIDS, row / TVI_COL_BLOCK, &vector);
  if (status == TV_OK) *rowid = vector->numbers[row % TVI_COL_BLOCK];
  return status;
}

int tvi_reader_find(tvi_reader *reader, int64_t rowid, uint32_t *row) {
  tvi_column_segment *segment;
  tvi_vector *vector;
  uint32_t block, i, n;
  int64_t min, max;
  int status;

  if (rowid < reader->group.first || rowid > reader->group.last) return TV_NOTFOUND;
  if (reader->group.dense) {
    uint64_t at = (uint64_t)rowid - (uint64_t)reader->group.first;
    *row = (uint32_t)at;
    return at < reader->group.rows ? TV_OK : TV_NOTFOUND;
  }
  status = tvi_reader_segment(reader, TVI_COL_ROWIDS, &segment);
  if (status != TV_OK) return status;
  for (block = 0; block < segment->ints.blocks; block++) {
    tvi_ints_bounds(&segment->ints, block, &min, &max);
    if (rowid < min || rowid > max) continue;
    status = tvi_reader_block(reader, TVI_COL_ROWIDS, block, &vector);
    if (status != TV_OK) return status;
    n = tvi_ints_block_rows(&segment->ints, block);
    for (i = 0; i < n && vector->numbers[i] != rowid; i++) continue;
    *row = block * TVI_COL_BLOCK + i;
    if (i < n) return TV_OK;
  }
  return TV_NOTFOUND;
}

int tvi_reader_is_deleted(tvi_reader *reader, uint32_t row, int *deleted) {
  uint32_t block = row / TVI_COL_BLOCK, bit = row % TVI_COL_BLOCK;
  int status = TV_OK;

  *deleted = 0;
  if (reader->group.deleted == 0) return TV_OK;
  if (reader->deleted_block != block) {
    reader->deleted_block = UINT32_MAX;
    status = tvi_col_deleted_get(reader->store, reader->group.id, block, reader->deleted);
    if (status == TV_OK) reader->deleted_block = block;
  }
  *deleted = reader->deleted[bit / 8] >> (bit % 8) & 1;
  return status;
}
