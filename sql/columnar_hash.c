/* SPDX-License-Identifier: MIT */
/*
 * An equality join with a columnar table as its inner side asks for one value after another, and
 * SQLite builds no index for a virtual table. So the second question builds one: a hash of the
 * column over all rows, for the statement's life. It maps to rowids; the row is then found as by
 * rowid, and SQLite compares again. An index kept in the store was rejected: that is what a primary
 * key is for.
 */
#include <string.h>

#include "columnar_internal.h"
#include "encode_internal.h"
#include "envelope_internal.h"

#define HASH_ROWS_MAX UINT32_C(0x7fffffff)

void tvi_col_hash_free(tvi_col_hash *hash) {
  tvi_free(hash->keys);
  tvi_free(hash->next);
  tvi_free(hash->heads);
  tvi_free(hash->rowids);
  memset(hash, 0, sizeof *hash);
}

uint64_t tvi_col_hash_key(int type, const tvi_cell *cell) {
  return tvi_col_is_number(type) ? (uint64_t)cell->number
                                 : tvi_checksum(cell->bytes.data, cell->bytes.size);
}

static uint32_t hash_slot(const tvi_col_hash *hash, uint64_t key) {
  return (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & hash->mask;
}

static void hash_add(tvi_col_hash *hash, uint64_t key, int64_t rowid) {
  if (hash->count == hash->capacity) return; /* the header's count is wrong: a damaged table */
  hash->keys[hash->count] = key;
  hash->rowids[hash->count++] = rowid;
}

/* Chains the entries, so that each chain ascends. */
static void hash_link(tvi_col_hash *hash) {
  uint32_t i;

  memset(hash->heads, 0xff, ((size_t)hash->mask + 1) * sizeof *hash->heads);
  for (i = hash->count; i > 0; i--) {
    uint32_t slot = hash_slot(hash, hash->keys[i - 1]);
    hash->next[i - 1] = hash->heads[slot];
    hash->heads[slot] = i - 1;
  }
}

static int hash_group(tvi_col_hash *hash, tvi_reader *reader, int column) {
  int type = reader->store->schema->column[column].type, deleted, status = TV_OK;
  tvi_cell cell = {0};
  int64_t rowid;
  uint32_t row;

  for (row = 0; row < reader->group.rows && status == TV_OK; row++) {
    status = tvi_reader_is_deleted(reader, row, &deleted);
    if (status != TV_OK || deleted) continue;
    status = tvi_reader_cell(reader, column, row, &cell);
    if (status == TV_OK && !cell.null) status = tvi_reader_rowid(reader, row, &rowid);
    if (status == TV_OK && !cell.null) hash_add(hash, tvi_col_hash_key(type, &cell), rowid);
  }
  return status;
}

static int hash_groups(tvi_col_hash *hash, tvi_reader *reader, int column, sqlite3 *sql) {
  int64_t at = INT64_MIN;
  int status;

  for (;;) {
    if (tvi_columnar_interrupted(sql)) return TV_EINTR;
    status = tvi_col_group_seek(reader->store, at, reader->zone, &reader->group);
    if (status != TV_OK) return status == TV_END ? TV_OK : status;
    tvi_reader_enter(reader);
    status = hash_group(hash, reader, column);
    at = reader->group.first;
    tvi_reader_leave(reader);
    if (status != TV_OK || at++ == INT64_MAX) return status;
  }
}

static int hash_delta(tvi_col_hash *hash, tvi_col_store *store, int column) {
  tvi_cell *cells = tvi_zalloc((size_t)store->schema->columns * sizeof *cells);
  int type = store->schema->column[column].type, status;
  int64_t rowid = INT64_MIN;
  tv_slice record;

  if (cells == NULL) return TV_ENOMEM;
  for (;;) {
    status = tvi_col_row_seek(store, rowid, &rowid, &record);
    if (status != TV_OK) break;
    status = tvi_col_row_cells(store, rowid, record, cells);
    if (status != TV_OK) break;
    if (!cells[column].null) hash_add(hash, tvi_col_hash_key(type, &cells[column]), rowid);
    if (rowid++ == INT64_MAX) break;
  }
  tvi_free(cells);
  return status == TV_END ? TV_OK : status;
}

int tvi_col_hash_make(tvi_col_hash *hash, tvi_reader *reader, int column, sqlite3 *sql) {
  tvi_col_store *store = reader->store;
  uint64_t rows = store->header.rows;
  int status;

  tvi_col_hash_free(hash);
  if (rows > HASH_ROWS_MAX) return TV_ELIMIT;
  hash->capacity = (uint32_t)rows;
  for (hash->mask = 15; hash->mask < rows; hash->mask = hash->mask * 2 + 1) continue;
  hash->keys = tvi_alloc((rows + 1) * sizeof *hash->keys);
  hash->rowids = tvi_alloc((rows + 1) * sizeof *hash->rowids);
  hash->next = tvi_alloc((rows + 1) * sizeof *hash->next);
  hash->heads = tvi_alloc(((size_t)hash->mask + 1) * sizeof *hash->heads);
  if (hash->keys == NULL || hash->rowids == NULL || hash->next == NULL || hash->heads == NULL) {
    tvi_col_hash_free(hash);
    return TV_ENOMEM;
  }
  status = hash_groups(hash, reader, column, sql);
  if (status == TV_OK) status = hash_delta(hash, store, column);
  if (status != TV_OK) {
    tvi_col_hash_free(hash);
    return status;
  }
  hash_link(hash);
  hash->edits = store->header.edits;
  hash->ready = 1;
  return TV_OK;
}

static uint32_t hash_match(const tvi_col_hash *hash, uint32_t entry, uint64_t key) {
  while (entry != UINT32_MAX && hash->keys[entry] != key) entry = hash->next[entry];
  return entry;
}

uint32_t tvi_col_hash_first(const tvi_col_hash *hash, uint64_t key) {
  return hash_match(hash, hash->heads[hash_slot(hash, key)], key);
}

uint32_t tvi_col_hash_next(const tvi_col_hash *hash, uint32_t entry) {
  return hash_match(hash, hash->next[entry], hash->keys[entry]);
}
