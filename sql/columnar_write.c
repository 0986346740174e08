/* SPDX-License-Identifier: MIT */
/*
 * INSERT, UPDATE and DELETE. Rows that are inserted one after another gather in memory and become a
 * row group when there are enough of them; what is held back is written before anybody could tell:
 * before a savepoint, before a read of the table, before the commit. The primary key is written at
 * once, so a conflict is found where it happens. Writing each row to the delta and merging later
 * was rejected: a bulk load would write everything twice.
 *
 * All checks of a row come before its first write, as SQLite's ON CONFLICT relies on.
 */
#include <string.h>

#include "columnar_internal.h"
#include "encode_internal.h"
#include "vfs_internal.h"

#define WRITE_PACK_MIN (TVI_COL_GROUP_ROWS / 8) /* fewer rows go to the delta */
#define WRITE_PACK_BYTES ((size_t)32 << 20)

/* Where a row is. */
typedef struct write_place {
  int in_delta;
  uint32_t row; /* of table->reader's group */
} write_place;

int tvi_columnar_fail(tvi_columnar *table, int status, tv_txn *txn) {
  const tv_error *err = txn != NULL ? tv_txn_error(txn) : NULL;
  if (status == TV_EINTR) return SQLITE_INTERRUPT; /* SQLite has the sentence */
  return tvi_vtab_fail(&table->base, status, err != NULL && err->status == status ? err : NULL);
}

static int write_refuse(tvi_columnar *table, int code, char *message) {
  sqlite3_free(table->base.zErrMsg);
  table->base.zErrMsg = message;
  return message == NULL ? SQLITE_NOMEM : code;
}

/* Opens the table in the connection's write transaction. */
static int write_open(tvi_columnar *table, tv_txn *txn) {
  uint64_t generation = table->module->conn->generation;

  if (table->generation != generation) table->store.main = NULL;
  table->generation = generation;
  return tvi_col_store_open(&table->store, txn);
}

/* ---- What is held back ---- */

void tvi_columnar_forget(tvi_columnar *table) {
  tvi_batch_clear(&table->batch);
  table->header_dirty = 0;
  table->store.main = NULL;
  tvi_reader_leave(&table->reader);
}

static int write_rows_out(tvi_columnar *table) {
  tvi_batch *batch = &table->batch;
  uint32_t row;
  int i, status = TV_OK;

  if (batch->rows >= WRITE_PACK_MIN || batch->bytes >= WRITE_PACK_BYTES)
    return tvi_col_pack(&table->store, batch);
  for (row = 0; row < batch->rows && status == TV_OK; row++) {
    for (i = 0; i < table->schema.columns; i++) tvi_batch_cell(batch, i, row, &table->old_cells[i]);
    status = tvi_col_row_put(&table->store, batch->rowids[row], table->old_cells, &table->record);
    if (status == TV_OK) table->store.header.delta++;
  }
  return status;
}

int tvi_columnar_flush(tvi_columnar *table, tv_error *err) {
  tv_txn *txn;
  int status;

  if (table->batch.rows == 0 && !table->header_dirty) return TV_OK;
  status = tvi_conn_write(table->module->conn, &txn, err);
  if (status != TV_OK) return status;
  tvi_reader_leave(&table->reader);
  status = write_open(table, txn);
  if (status == TV_OK) status = write_rows_out(table);
  tvi_batch_clear(&table->batch);
  if (status == TV_OK) status = tvi_col_header_put(&table->store);
  table->header_dirty = 0;
  if (status != TV_OK) {
    if (err != NULL) *err = *tv_txn_error(txn);
    if (err != NULL && err->status != status)
      (void)tvi_error_set(err, status, 0, "columnar table \"%s\": %s", table->name,
                          tv_status_name(status));
    table->store.main = NULL;
  }
  return status;
}

int tvi_columnar_flush_all(tvi_col_module *module, tv_error *err) {
  tvi_columnar *table;
  int status = TV_OK;

  for (table = module->tables; table != NULL && status == TV_OK; table = table->next)
    status = tvi_columnar_flush(table, err);
  return status;
}

int tvi_columnar_settle(tvi_columnar *table, tv_error *err) {
  int more, status = tvi_columnar_flush(table, err);

  /* A statement that changed no row has not opened the table in this transaction. */
  if (status != TV_OK || table->store.main == NULL || table->scans > 0 ||
      table->generation != table->module->conn->generation || !tvi_col_merge_due(&table->store))
    return status;
  status = tvi_col_merge_step(&table->store, 0, &more);
  table->header_dirty = 1;
  if (status == TV_OK) return tvi_columnar_flush(table, err);
  *err = *tv_txn_error(table->store.txn);
  tvi_columnar_forget(table);
  return status;
}

void tvi_columnar_write_free(tvi_columnar *table) {
  tvi_batch_free(&table->batch);
  tvi_reader_free(&table->reader);
  tvi_buffer_free(&table->key);
  tvi_buffer_free(&table->old_key);
  tvi_buffer_free(&table->record);
  tvi_buffer_free(&table->verified);
  tvi_col_image_free(table->image);
  tvi_free(table->cells);
  tvi_free(table->old_cells);
}

static int write_make(tvi_columnar *table) {
  size_t bytes = (size_t)table->schema.columns * sizeof *table->cells;

  if (table->cells == NULL) table->cells = tvi_zalloc(bytes);
  if (table->old_cells == NULL) table->old_cells = tvi_zalloc(bytes);
  if (table->cells == NULL || table->old_cells == NULL) return TV_ENOMEM;
  if (table->reader.column == NULL) {
    tvi_reader_free(&table->reader);
    if (tvi_reader_make(&table->reader, &table->store) != TV_OK) return TV_ENOMEM;
    table->reader.verified = &table->verified;
  }
  if (table->batch.capacity > 0) return TV_OK;
  tvi_batch_free(&table->batch);
  return tvi_batch_make(&table->batch, &table->schema, TVI_COL_GROUP_ROWS);
}

/* ---- Checks ---- */

static int write_mismatch(tvi_columnar *table, int64_t rowid, int column, sqlite3_value *value) {
  static const char *const kinds[] = {"", "an integer", "a real number", "text", "a blob", "NULL"};
  const tvi_col_column *c = &table->schema.column[column];
  char shown[TVI_SHOW_BYTES];
  int type = sqlite3_value_type(value), size;
  const void *bytes;

  if (type == SQLITE_NULL)
    return write_refuse(table, SQLITE_CONSTRAINT_NOTNULL,
                        sqlite3_mprintf("NOT NULL constraint failed: %s.%s, row %lld", table->name,
                                        c->name, (long long)rowid));
  bytes = type == SQLITE_BLOB ? sqlite3_value_blob(value) : (const void *)sqlite3_value_text(value);
  size = sqlite3_value_bytes(value);
  if (size > TVI_COL_STRING_BYTES_MAX && !tvi_col_is_number(c->type))
    return write_refuse(
        table, SQLITE_TOOBIG,
        sqlite3_mprintf("%s.%s, row %lld: %d bytes; at most %d are possible", table->name, c->name,
                        (long long)rowid, size, TVI_COL_STRING_BYTES_MAX));
  return write_refuse(
      table, SQLITE_MISMATCH,
      sqlite3_mprintf("%s.%s, row %lld: the column is %s, and %s is %s", table->name, c->name,
                      (long long)rowid, tvi_col_type_name(c->type),
                      tvi_show(tv_bytes(bytes, bytes == NULL ? 0 : (size_t)size), shown),
                      kinds[type]));
}

/* Makes table->key from table->cells. */
static int write_key(tvi_columnar *table, int64_t rowid) {
  int status;

  if (table->schema.keys == 0) return SQLITE_OK;
  status = tvi_cells_key(&table->schema, table->cells, &table->key);
  if (status == TV_EKEYSIZE)
    return write_refuse(
        table, SQLITE_TOOBIG,
        sqlite3_mprintf("%s.%s, row %lld: the primary key has more than %d bytes", table->name,
                        table->schema.column[table->schema.key[0]].name, (long long)rowid,
                        TV_KEY_BYTES_MAX));
  return status == TV_OK ? SQLITE_OK : SQLITE_NOMEM;
}

int tvi_columnar_take(tvi_columnar *table, int64_t rowid, int column, sqlite3_value *value) {
  const tvi_col_column *c = &table->schema.column[column];

  if (!tvi_cell_take(c, value, &table->cells[column]) || (table->cells[column].null && c->not_null))
    return write_mismatch(table, rowid, column, value);
  return SQLITE_OK;
}

/* Fills table->cells and table->key from the statement's values. */
static int write_take(tvi_columnar *table, int64_t rowid, sqlite3_value **values) {
  int i, code = SQLITE_OK;

  for (i = 0; i < table->schema.columns && code == SQLITE_OK; i++)
    code = tvi_columnar_take(table, rowid, i, values[i]);
  return code == SQLITE_OK ? write_key(table, rowid) : code;
}

/* ---- Finding and removing a row ---- */

/* Where the row is now. What is held back was written. TV_OK, TV_NOTFOUND or a failure. */
static int write_find(tvi_columnar *table, int64_t rowid, write_place *place, tv_slice *record) {
  tvi_reader *reader = &table->reader;
  int deleted, status = tvi_col_row_get(&table->store, rowid, record);

  place->in_delta = status == TV_OK;
  if (status != TV_NOTFOUND) return status;
  tvi_reader_leave(reader);
  status = tvi_col_group_find(&table->store, rowid, reader->zone, &reader->group);
  if (status == TV_END) return TV_NOTFOUND;
  if (status != TV_OK) return status;
  tvi_reader_enter(reader);
  status = tvi_reader_find(reader, rowid, &place->row);
  if (status == TV_OK) status = tvi_reader_is_deleted(reader, place->row, &deleted);
  return status == TV_OK && deleted ? TV_NOTFOUND : status;
}

/* The key under which the row stands in the index, into table->old_key. */
static int write_old_key(tvi_columnar *table, int64_t rowid, const write_place *place,
                         tv_slice record) {
  const tvi_col_schema *schema = &table->schema;
  int i, status = TV_OK;

  if (schema->keys == 0) return TV_OK;
  if (place->in_delta) {
    status = tvi_col_row_cells(&table->store, rowid, record, table->old_cells);
  } else {
    for (i = 0; i < schema->keys && status == TV_OK; i++)
      status = tvi_reader_cell(&table->reader, schema->key[i], place->row,
                               &table->old_cells[schema->key[i]]);
  }
  return status == TV_OK ? tvi_cells_key(schema, table->old_cells, &table->old_key) : status;
}

/* Takes the row's data away; its key stays. */
static int write_remove(tvi_columnar *table, int64_t rowid, const write_place *place) {
  tvi_col_store *store = &table->store;
  int status;

  tvi_reader_leave(&table->reader);
  table->header_dirty = 1;
  if (!place->in_delta) return tvi_col_deleted_set(store, &table->reader.group, place->row);
  status = tvi_col_row_delete(store, rowid);
  if (status == TV_OK) store->header.delta--;
  return status;
}

/* Deletes a row. TV_OK also when there is none. */
static int write_delete(tvi_columnar *table, int64_t rowid) {
  write_place place;
  tv_slice record;
  int status = write_find(table, rowid, &place, &record);

  if (status == TV_NOTFOUND) return TV_OK; /* an earlier row of the statement replaced it */
  if (status == TV_OK) status = write_old_key(table, rowid, &place, record);
  if (status == TV_OK) status = write_remove(table, rowid, &place);
  if (status == TV_OK && table->schema.keys > 0)
    status =
        tv_store_delete(table->store.index, tv_bytes(table->old_key.data, table->old_key.size));
  if (status == TV_OK) table->store.header.rows--;
  return status;
}

/* ---- Conflicts ---- */

static int write_conflict(tvi_columnar *table, int64_t rowid, int64_t other, int by_rowid) {
  const char *column = by_rowid ? "rowid" : table->schema.column[table->schema.key[0]].name;
  return write_refuse(
      table, by_rowid ? SQLITE_CONSTRAINT_ROWID : SQLITE_CONSTRAINT_PRIMARYKEY,
      sqlite3_mprintf("UNIQUE constraint failed: %s.%s: row %lld has what row %lld was given",
                      table->name, column, (long long)other, (long long)rowid));
}

/* Deletes a row that stands in the way, when the statement says so. An SQLite code. */
static int write_yield(tvi_columnar *table, int64_t rowid, int64_t other, int by_rowid) {
  tv_error err = {0};
  int status;

  if (table->loading || sqlite3_vtab_on_conflict(table->sql) != SQLITE_REPLACE)
    return write_conflict(table, rowid, other, by_rowid);
  status = tvi_columnar_flush(table, &err);
  if (status != TV_OK) return tvi_vtab_fail(&table->base, status, &err);
  status = write_delete(table, other);
  return status == TV_OK ? SQLITE_OK : tvi_columnar_fail(table, status, table->store.txn);
}

/* Makes sure that no other row has the new rowid or key. old: the rowid before, or INT64_MIN with
 * is_new. */
static int write_claim(tvi_columnar *table, int64_t rowid, int64_t old, int is_new) {
  tvi_col_store *store = &table->store;
  int64_t other;
  int code = SQLITE_OK, status;

  if ((is_new || rowid != old) && rowid < store->header.next_rowid) {
    write_place place;
    tv_slice record;
    tv_error err = {0};
    status = tvi_columnar_flush(table, &err);
    if (status != TV_OK) return tvi_vtab_fail(&table->base, status, &err);
    status = write_find(table, rowid, &place, &record);
    if (status == TV_OK) code = write_yield(table, rowid, rowid, 1);
    if (status < 0) return tvi_columnar_fail(table, status, store->txn);
    if (code != SQLITE_OK) return code;
  }
  if (table->schema.keys == 0) return SQLITE_OK;
  status = tvi_col_index_get(store, tv_bytes(table->key.data, table->key.size), &other);
  if (status == TV_NOTFOUND || (status == TV_OK && !is_new && other == old)) return SQLITE_OK;
  if (status != TV_OK) return tvi_columnar_fail(table, status, store->txn);
  return write_yield(table, rowid, other, 0);
}

static int write_index(tvi_columnar *table, int64_t rowid) {
  unsigned char value[8];

  if (table->schema.keys == 0) return TV_OK;
  tvi_store_le64(value, (uint64_t)rowid);
  return tv_store_put(table->store.index, tv_bytes(table->key.data, table->key.size),
                      tv_bytes(value, sizeof value), 0);
}

/* The next rowid is beyond all that were ever given. */
static void write_raise(tvi_columnar *table, int64_t rowid) {
  if (rowid >= table->store.header.next_rowid)
    table->store.header.next_rowid = rowid == INT64_MAX ? INT64_MAX : rowid + 1;
}

/* ---- The three statements ---- */

/* Adds the row in table->cells. */
static int write_add(tvi_columnar *table, int64_t rowid) {
  tvi_col_store *store = &table->store;
  int status, code = write_claim(table, rowid, INT64_MIN, 1);

  if (code != SQLITE_OK) return code;
  if (rowid >= store->header.next_rowid && rowid < INT64_MAX) {
    status = tvi_batch_add(&table->batch, rowid, table->cells);
  } else {
    status = tvi_col_row_put(store, rowid, table->cells, &table->record);
    if (status == TV_OK) store->header.delta++;
  }
  if (status == TV_OK) status = write_index(table, rowid);
  if (status != TV_OK) return tvi_columnar_fail(table, status, store->txn);
  write_raise(table, rowid);
  store->header.rows++;
  table->header_dirty = 1;
  return SQLITE_OK;
}

static int write_full(tvi_columnar *table) {
  return write_refuse(table, SQLITE_FULL, sqlite3_mprintf("%s has no rowid left", table->name));
}

static int write_insert(tvi_columnar *table, sqlite3_value **argv, sqlite3_int64 *out) {
  int64_t rowid = table->store.header.next_rowid;
  int code;

  if (sqlite3_value_type(argv[1]) != SQLITE_NULL)
    rowid = sqlite3_value_int64(argv[1]);
  else if (rowid == INT64_MAX)
    return write_full(table);
  code = write_take(table, rowid, argv + 2);
  if (code == SQLITE_OK) code = write_add(table, rowid);
  *out = rowid;
  return code;
}

static int write_move(tvi_columnar *table, int64_t old, int64_t rowid, const write_place *place) {
  tvi_col_store *store = &table->store;
  int status = write_remove(table, old, place);

  if (status == TV_OK && table->schema.keys > 0) {
    status = tv_store_delete(store->index, tv_bytes(table->old_key.data, table->old_key.size));
    if (status == TV_NOTFOUND) status = TV_OK; /* damaged, and mended by this */
  }
  if (status == TV_OK) status = write_index(table, rowid);
  if (status == TV_OK) status = tvi_col_row_put(store, rowid, table->cells, &table->record);
  if (status != TV_OK) return status;
  store->header.delta++;
  write_raise(table, rowid);
  return TV_OK;
}

static int write_update(tvi_columnar *table, sqlite3_value **argv) {
  int64_t old = sqlite3_value_int64(argv[0]), rowid = sqlite3_value_int64(argv[1]);
  write_place place;
  tv_slice record;
  int code, status;

  if (sqlite3_value_type(argv[1]) == SQLITE_NULL)
    return write_refuse(table, SQLITE_MISMATCH, sqlite3_mprintf("%s.rowid: NULL", table->name));
  code = write_take(table, rowid, argv + 2);
  if (code != SQLITE_OK) return code;
  status = write_find(table, old, &place, &record);
  if (status == TV_NOTFOUND) return SQLITE_OK; /* an earlier row of the statement replaced it */
  if (status == TV_OK) code = write_claim(table, rowid, old, 0);
  if (code != SQLITE_OK) return code;
  if (status == TV_OK) status = write_find(table, old, &place, &record);
  if (status == TV_OK) status = write_old_key(table, old, &place, record);
  if (status == TV_OK) status = write_move(table, old, rowid, &place);
  return status == TV_OK ? SQLITE_OK : tvi_columnar_fail(table, status, table->store.txn);
}

/* INSERT INTO t(tv_command) VALUES ('merge'): everything into row groups, step by step. */
static int write_command(tvi_columnar *table, sqlite3_value *value, tv_error *err) {
  const char *command = (const char *)sqlite3_value_text(value);
  int status, more = 1;

  if (command == NULL || sqlite3_stricmp(command, "merge") != 0)
    return write_refuse(table, SQLITE_ERROR,
                        sqlite3_mprintf("%s: the command \"%s\" is unknown; there is merge",
                                        table->name, command == NULL ? "" : command));
  if (table->scans > 0)
    return write_refuse(
        table, SQLITE_LOCKED,
        sqlite3_mprintf("%s is being read: merge when no statement reads it", table->name));
  status = tvi_columnar_flush(table, err);
  table->store.header.merged = INT64_MIN;
  table->header_dirty = 1;
  while (status == TV_OK && more) {
    if (tvi_columnar_interrupted(table->sql)) return SQLITE_INTERRUPT;
    status = tvi_col_merge_step(&table->store, 1, &more);
    if (status != TV_OK) *err = *tv_txn_error(table->store.txn);
  }
  return status == TV_OK ? SQLITE_OK : tvi_vtab_fail(&table->base, status, err);
}

/* Opens the table for writing. An SQLite code. */
static int write_begin(tvi_columnar *table, tv_error *err) {
  tv_txn *txn;
  int status = tvi_conn_write(table->module->conn, &txn, err);

  if (status == TV_OK) status = write_make(table);
  if (status != TV_OK) return tvi_vtab_fail(&table->base, status, err);
  status = write_open(table, txn);
  return status == TV_OK ? SQLITE_OK : tvi_columnar_fail(table, status, txn);
}

/* Writes what is held back when it is a row group, or when C code holds the transaction: it may
 * undo savepoints of its own, which nobody tells us of. */
static int write_end(tvi_columnar *table, tv_error *err) {
  int status = TV_OK;

  if (table->batch.rows == table->batch.capacity || table->batch.bytes >= WRITE_PACK_BYTES ||
      table->module->conn->eager)
    status = tvi_columnar_flush(table, err);
  return status == TV_OK ? SQLITE_OK : tvi_vtab_fail(&table->base, status, err);
}

int tvi_columnar_load_begin(tvi_columnar *table, tv_error *err) {
  int code = write_begin(table, err);
  table->loading = code == SQLITE_OK;
  return code;
}

int tvi_columnar_load_row(tvi_columnar *table) {
  tvi_batch *batch = &table->batch;
  int64_t rowid = table->store.header.next_rowid;
  tv_error err = {0};
  int code = SQLITE_OK;

  if (rowid == INT64_MAX) return write_full(table);
  if (batch->rows == batch->capacity || batch->bytes >= WRITE_PACK_BYTES)
    code = write_end(table, &err);
  if (code == SQLITE_OK) code = write_key(table, rowid);
  return code == SQLITE_OK ? write_add(table, rowid) : code;
}

int tvi_columnar_load_end(tvi_columnar *table, tv_error *err) {
  table->loading = 0;
  return write_end(table, err);
}

int tvi_columnar_update(sqlite3_vtab *vtab, int argc, sqlite3_value **argv, sqlite3_int64 *rowid) {
  tvi_columnar *table = (tvi_columnar *)vtab;
  tv_error err = {0};
  int columns = table->schema.columns, status = TV_OK, code = write_begin(table, &err);
  int inserts = argc > 1 && sqlite3_value_type(argv[0]) == SQLITE_NULL;

  if (code != SQLITE_OK) return code;
  if (!inserts) status = tvi_columnar_flush(table, &err);
  if (status != TV_OK) return tvi_vtab_fail(vtab, status, &err);
  if (argc == 1) {
    status = write_delete(table, sqlite3_value_int64(argv[0]));
    code = status == TV_OK ? SQLITE_OK : tvi_columnar_fail(table, status, table->store.txn);
  } else if (!inserts) {
    code = write_update(table, argv);
  } else if (sqlite3_value_type(argv[2 + columns]) != SQLITE_NULL) {
    code = write_command(table, argv[2 + columns], &err);
  } else {
    code = write_insert(table, argv, rowid);
  }
  return code == SQLITE_OK ? write_end(table, &err) : code;
}
