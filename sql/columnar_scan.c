/* SPDX-License-Identifier: MIT */
/*
 * Cursors of columnar tables. A scan goes group by group, block by block: conditions leave a list
 * of the block's rows that pass, and other columns are decoded only when SQLite asks for one.
 * Behind the groups come the rows of the delta. Merging both by rowid was rejected: nobody asked
 * for that order, and each row would pay for it.
 *
 * The connection may go on to another transaction between two rows: the scan then opens the table
 * again and finds its group by its first rowid.
 */
#include <stdlib.h>
#include <string.h>

#include "columnar_internal.h"

#define SCAN_READERS 64u /* groups that a hash index keeps open */
#define SCAN_OPS_MAX 64

typedef enum scan_phase { SCAN_GROUPS, SCAN_DELTA, SCAN_POINT, SCAN_HASH } scan_phase;

typedef struct col_scan {
  sqlite3_vtab_cursor base;
  tvi_col_store store;
  uint64_t generation;
  tvi_reader *readers; /* the first one serves scans */
  tvi_reader *reader;  /* of the current row's group */
  tvi_filter *filters;
  int filters_count;
  scan_phase phase;
  int eof;

  uint32_t block, n, at; /* rows[at] is current */
  uint16_t rows[TVI_COL_BLOCK];
  uint32_t row; /* of the group, or */
  int in_delta; /* 1: cells */
  int64_t rowid;
  tvi_cell *cells;
  tvi_buffer record; /* what they point into */
  int64_t delta_next;
  int delta_over;

  tvi_col_hash hash;
  uint64_t hash_generation;
  unsigned asked; /* questions so far */
  uint32_t entry;
  sqlite3_int64 limit; /* rows left; -1: all */
} col_scan;

static tvi_columnar *scan_table(col_scan *scan) {
  return (tvi_columnar *)scan->base.pVtab;
}

static int scan_fail(col_scan *scan, int status) {
  return tvi_columnar_fail(scan_table(scan), status, scan->store.txn);
}

int tvi_columnar_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  tvi_columnar *table = (tvi_columnar *)vtab;
  col_scan *scan = tvi_zalloc(sizeof *scan);

  if (scan == NULL) return SQLITE_NOMEM;
  scan->readers = tvi_zalloc(SCAN_READERS * sizeof *scan->readers);
  scan->cells = tvi_zalloc((size_t)table->schema.columns * sizeof *scan->cells);
  if (scan->readers == NULL || scan->cells == NULL) {
    tvi_free(scan->readers);
    tvi_free(scan->cells);
    tvi_free(scan);
    return SQLITE_NOMEM;
  }
  scan->store.name = table->name;
  scan->store.schema = &table->schema;
  scan->reader = scan->readers;
  scan->eof = 1;
  table->scans++;
  *out = &scan->base;
  return SQLITE_OK;
}

static void scan_filters_free(col_scan *scan) {
  int i;
  for (i = 0; i < scan->filters_count; i++) tvi_filter_free(&scan->filters[i]);
  tvi_free(scan->filters);
  scan->filters = NULL;
  scan->filters_count = 0;
}

int tvi_columnar_close(sqlite3_vtab_cursor *cursor) {
  col_scan *scan = (col_scan *)cursor;
  unsigned i;

  scan_filters_free(scan);
  for (i = 0; i < SCAN_READERS; i++) tvi_reader_free(&scan->readers[i]);
  tvi_free(scan->readers);
  tvi_free(scan->cells);
  tvi_buffer_free(&scan->record);
  tvi_col_hash_free(&scan->hash);
  scan_table(scan)->scans--;
  tvi_free(scan);
  return SQLITE_OK;
}

/* ---- The transaction ---- */

static int scan_reader_make(col_scan *scan, tvi_reader *reader) {
  int status;

  if (reader->column == NULL) {
    tvi_reader_free(reader);
    status = tvi_reader_make(reader, &scan->store);
    if (status != TV_OK) return status;
  }
  reader->verified = &scan_table(scan)->verified;
  reader->copies = tv_txn_is_write(scan->store.txn);
  return TV_OK;
}

/* Finds the current group again in another transaction; its rows are gone when it is. */
static int scan_resume(col_scan *scan) {
  tvi_reader *reader = scan->reader;
  uint64_t id = reader->group.id;
  int64_t first = reader->group.first;
  int status = scan_reader_make(scan, reader);

  if (status == TV_OK)
    status = tvi_col_group_seek(&scan->store, first, reader->zone, &reader->group);
  if (status == TV_OK && reader->group.id == id) {
    tvi_reader_enter(reader);
    return TV_OK;
  }
  reader->group.first = first;
  scan->n = scan->at = 0;
  return status == TV_END ? TV_OK : status;
}

/* Opens the table in the connection's transaction unless it is open there. An SQLite code. */
static int scan_attach(col_scan *scan) {
  uint64_t generation;
  unsigned i;
  int code, status, was_open = scan->reader->is_open;
  tv_txn *txn;

  code = tvi_conn_read(scan_table(scan)->module->conn, &txn, &generation);
  if (code != SQLITE_OK) return code;
  if (scan->store.main != NULL && scan->store.txn == txn && scan->generation == generation &&
      scan->store.epoch == tvi_txn_epoch(txn))
    return SQLITE_OK;
  scan->store.main = NULL;
  scan->generation = generation;
  for (i = 0; i < SCAN_READERS; i++) tvi_reader_leave(&scan->readers[i]);
  status = tvi_col_store_open(&scan->store, txn);
  if (status == TV_OK && was_open) status = scan_resume(scan);
  return status == TV_OK ? SQLITE_OK : scan_fail(scan, status);
}

/* ---- Rows by rowid ---- */

static int scan_take_delta(col_scan *scan, int64_t rowid, tv_slice record) {
  int status;

  scan->record.size = 0;
  status = tvi_buffer_append(&scan->record, record.data, record.size);
  if (status == TV_OK)
    status = tvi_col_row_cells(&scan->store, rowid, tv_bytes(scan->record.data, scan->record.size),
                               scan->cells);
  scan->in_delta = 1;
  scan->rowid = rowid;
  return status;
}

/* Makes the reader of the group that holds rowid current. TV_OK, TV_END or a failure. */
static int scan_enter_group(col_scan *scan, int64_t rowid) {
  tvi_reader *reader = scan->reader;
  tvi_col_group group;
  int status;

  if (reader->is_open && rowid >= reader->group.first && rowid <= reader->group.last) return TV_OK;
  status = tvi_col_group_find(&scan->store, rowid, NULL, &group);
  if (status != TV_OK) return status;
  if (scan->phase == SCAN_HASH) reader = &scan->readers[group.id % SCAN_READERS];
  scan->reader = reader;
  if (reader->is_open && reader->group.id == group.id) return TV_OK;
  status = scan_reader_make(scan, reader);
  if (status == TV_OK)
    status = tvi_col_group_find(&scan->store, rowid, reader->zone, &reader->group);
  if (status == TV_OK) tvi_reader_enter(reader);
  return status;
}

/* Makes the row with that rowid current. TV_OK, TV_NOTFOUND or a failure. */
static int scan_find(col_scan *scan, int64_t rowid) {
  tv_slice record;
  int deleted, status = tvi_col_row_get(&scan->store, rowid, &record);

  if (status == TV_OK) return scan_take_delta(scan, rowid, record);
  if (status != TV_NOTFOUND) return status;
  status = scan_enter_group(scan, rowid);
  if (status == TV_END) return TV_NOTFOUND;
  if (status == TV_OK) status = tvi_reader_find(scan->reader, rowid, &scan->row);
  if (status == TV_OK) status = tvi_reader_is_deleted(scan->reader, scan->row, &deleted);
  if (status == TV_OK && deleted) status = TV_NOTFOUND;
  scan->in_delta = 0;
  scan->rowid = rowid;
  return status;
}

/* ---- Walking ---- */

/* Fills the list with the block's rows that are there and pass. */
static int scan_block(col_scan *scan) {
  tvi_reader *reader = scan->reader;
  uint32_t i, first = scan->block * TVI_COL_BLOCK, rest = reader->group.rows - first;
  int deleted, f, status = TV_OK;

  if (rest > TVI_COL_BLOCK) rest = TVI_COL_BLOCK;
  scan->n = scan->at = 0;
  for (i = 0; i < rest && status == TV_OK; i++) {
    status = tvi_reader_is_deleted(reader, first + i, &deleted);
    scan->rows[scan->n] = (uint16_t)i;
    scan->n += !deleted;
  }
  for (f = 0; f < scan->filters_count && status == TV_OK; f++)
    status = tvi_filter_block(&scan->filters[f], reader, scan->block, scan->rows, &scan->n);
  return status;
}

/* Enters the first group at or behind `from` that may have rows. TV_END: none has. */
static int scan_group(col_scan *scan, int64_t from) {
  tvi_reader *reader = scan->reader;
  int none, f, status = scan_reader_make(scan, reader);

  while (status == TV_OK) {
    tvi_reader_leave(reader);
    status = tvi_col_group_seek(&scan->store, from, reader->zone, &reader->group);
    if (status != TV_OK) return status;
    tvi_reader_enter(reader);
    for (f = none = 0; f < scan->filters_count && !none && status == TV_OK; f++)
      status = tvi_filter_group(&scan->filters[f], reader, &none);
    scan->block = 0;
    if (status != TV_OK || !none) return status;
    if (tvi_columnar_interrupted(scan_table(scan)->sql)) return TV_EINTR;
    if (reader->group.first == INT64_MAX) return TV_END;
    from = reader->group.first + 1;
  }
  return status;
}

/* The next row in groups, or TV_END. */
static int scan_groups_next(col_scan *scan) {
  tvi_reader *reader = scan->reader;
  int status = TV_OK;

  scan->at++;
  while (scan->at >= scan->n) {
    if (reader->is_open && ++scan->block < tvi_reader_blocks(reader)) {
      status = scan_block(scan);
    } else {
      if (reader->group.first == INT64_MAX) return TV_END;
      if (tvi_columnar_interrupted(scan_table(scan)->sql)) return TV_EINTR;
      status = scan_group(scan, reader->group.first + 1);
      if (status == TV_OK) status = scan_block(scan);
    }
    if (status != TV_OK) return status;
  }
  scan->row = scan->block * TVI_COL_BLOCK + scan->rows[scan->at];
  scan->in_delta = 0;
  return TV_OK;
}

static int scan_groups_first(col_scan *scan) {
  int status = scan_group(scan, INT64_MIN);

  if (status == TV_OK) status = scan_block(scan);
  if (status != TV_OK) return status;
  if (scan->n == 0) return scan_groups_next(scan);
  scan->at = 0;
  scan->row = scan->rows[0];
  scan->in_delta = 0;
  return TV_OK;
}

/* The next row of the delta that passes, or TV_END. */
static int scan_delta_next(col_scan *scan) {
  tv_slice record;
  int64_t rowid;
  int f, status;

  while (!scan->delta_over) {
    status = tvi_col_row_seek(&scan->store, scan->delta_next, &rowid, &record);
    if (status == TV_OK) status = scan_take_delta(scan, rowid, record);
    if (status != TV_OK) return status;
    scan->delta_over = rowid == INT64_MAX;
    scan->delta_next = scan->delta_over ? rowid : rowid + 1;
    for (f = 0; f < scan->filters_count; f++)
      if (!tvi_filter_cell(&scan->filters[f], rowid, scan->cells)) break;
    if (f == scan->filters_count) return TV_OK;
  }
  return TV_END;
}

/* The next entry of the hash whose row is there. */
static int scan_hash_next(col_scan *scan) {
  int status = TV_NOTFOUND;

  while (scan->entry != UINT32_MAX && status == TV_NOTFOUND) {
    status = scan_find(scan, scan->hash.rowids[scan->entry]);
    scan->entry = tvi_col_hash_next(&scan->hash, scan->entry);
  }
  return status == TV_NOTFOUND ? TV_END : status;
}

static int scan_step(col_scan *scan, int first) {
  int status = TV_END;

  if (scan->phase == SCAN_GROUPS) {
    status = first ? scan_groups_first(scan) : scan_groups_next(scan);
    if (status == TV_END) {
      tvi_reader_leave(scan->reader);
      scan->phase = SCAN_DELTA;
    }
  }
  if (scan->phase == SCAN_DELTA) status = scan_delta_next(scan);
  if (scan->phase == SCAN_HASH) status = scan_hash_next(scan);
  scan->eof = status != TV_OK;
  return status == TV_END ? TV_OK : status;
}

int tvi_columnar_next(sqlite3_vtab_cursor *cursor) {
  col_scan *scan = (col_scan *)cursor;
  int code = scan_attach(scan), status;

  if (code != SQLITE_OK) return code;
  if (scan->phase == SCAN_POINT || (scan->limit >= 0 && --scan->limit <= 0)) {
    scan->eof = 1;
    return SQLITE_OK;
  }
  status = scan_step(scan, 0);
  return status == TV_OK ? SQLITE_OK : scan_fail(scan, status);
}

int tvi_columnar_eof(sqlite3_vtab_cursor *cursor) {
  return ((col_scan *)cursor)->eof;
}

/* ---- What is asked for ---- */

/* What the plan's text says: letter and column of each condition. */
typedef struct scan_ask {
  int op[SCAN_OPS_MAX], column[SCAN_OPS_MAX], nocase[SCAN_OPS_MAX];
  int count;
} scan_ask;

static void scan_parse(const char *text, scan_ask *ask) {
  ask->count = 0;
  while (*text != ' ' && *text != '\0' && ask->count < SCAN_OPS_MAX) {
    char *end;
    int i = ask->count++;
    ask->op[i] = (unsigned char)*text++;
    ask->nocase[i] = *text == '~';
    text += ask->nocase[i];
    ask->column[i] = (int)strtol(text, &end, 10);
    text = end;
  }
}

/* Makes the filters. *none: no row passes; *exact: each of the first `exact` narrowed. */
static int scan_ask_filters(col_scan *scan, const scan_ask *ask, sqlite3_value **argv, int *none,
                            int *exact, sqlite3_int64 *offset) {
  int i, status = TV_OK;

  *none = 0;
  *exact = ask->count;
  scan->limit = -1;
  scan_filters_free(scan);
  if (ask->count == 0) return TV_OK;
  scan->filters = tvi_zalloc((size_t)ask->count * sizeof *scan->filters);
  if (scan->filters == NULL) return TV_ENOMEM;
  for (i = 0; i < ask->count && status == TV_OK; i++) {
    tvi_filter *filter = &scan->filters[scan->filters_count];
    tvi_filter_scope scope = TVI_FILTER_SOME;
    if (ask->op[i] == TVI_COL_LIMIT) {
      scan->limit = sqlite3_value_int64(argv[i]);
    } else if (ask->op[i] == TVI_COL_OFFSET) {
      *offset = sqlite3_value_int64(argv[i]);
    } else {
      scan->filters_count++;
      status = tvi_filter_make(filter, scan->store.schema, ask->op[i], ask->column[i],
                               ask->nocase[i], argv[i], &scope);
      if (scope == TVI_FILTER_NO) *none = 1;
      if (scope != TVI_FILTER_ALL) continue;
      if (i < *exact) *exact = i;
      tvi_filter_free(filter);
      scan->filters_count--;
    }
  }
  return status;
}

/* Looks the primary key up. TV_OK, TV_NOTFOUND or a failure. */
static int scan_key(col_scan *scan) {
  const tvi_col_schema *schema = scan->store.schema;
  tvi_buffer key = {NULL, 0, 0};
  int64_t rowid;
  int i, status;

  for (i = 0; i < schema->keys; i++) {
    tvi_cell *cell = &scan->cells[schema->key[i]];
    memset(cell, 0, sizeof *cell);
    cell->number = scan->filters[i].lo;
    cell->bytes = scan->filters[i].low;
  }
  status = tvi_cells_key(schema, scan->cells, &key);
  if (status == TV_OK)
    status = tvi_col_index_get(&scan->store, tv_bytes(key.data, key.size), &rowid);
  else if (status == TV_EKEYSIZE)
    status = TV_NOTFOUND; /* no row has such a key */
  tvi_buffer_free(&key);
  return status == TV_OK ? scan_find(scan, rowid) : status;
}

/* The question by hash, from the second one on. TV_END: not by hash. */
static int scan_hash(col_scan *scan) {
  const tvi_filter *filter = &scan->filters[0];
  tvi_cell cell = {0, filter->lo, filter->low};
  int type = scan->store.schema->column[filter->column].type, status;

  if (++scan->asked < 2) return TV_END;
  if (!scan->hash.ready || scan->hash_generation != scan->generation ||
      scan->hash.edits != scan->store.header.edits) {
    status = scan_reader_make(scan, scan->readers);
    if (status == TV_OK)
      status = tvi_col_hash_make(&scan->hash, scan->readers, filter->column, scan_table(scan)->sql);
    if (status == TV_ENOMEM || status == TV_ELIMIT) return TV_END; /* it was only to be faster */
    if (status != TV_OK) return status;
    scan->hash_generation = scan->generation;
  }
  scan->phase = SCAN_HASH;
  scan->entry = tvi_col_hash_first(&scan->hash, tvi_col_hash_key(type, &cell));
  return TV_OK;
}

static int scan_begin(col_scan *scan, int plan, int exact) {
  int status = TV_END;

  if (plan != TVI_COL_HASH) scan->phase = SCAN_POINT;
  if (plan == TVI_COL_ROWID && exact > 0) {
    status = scan_find(scan, scan->filters[0].lo);
  } else if (plan == TVI_COL_KEY && exact >= scan->store.schema->keys) {
    status = scan_key(scan);
  } else {
    if (plan == TVI_COL_HASH && exact > 0) status = scan_hash(scan);
    if (status != TV_OK && status != TV_END) return status;
    if (status == TV_END) scan->phase = SCAN_GROUPS;
    return scan_step(scan, 1);
  }
  scan->eof = status != TV_OK;
  return status == TV_NOTFOUND ? TV_OK : status;
}

/* Own writes are seen: what the connection holds back is written first. */
static int scan_prepare(col_scan *scan) {
  tvi_columnar *table = scan_table(scan);
  tv_error err = {0};
  int status = tvi_columnar_flush(table, &err), writes;
  unsigned i;

  if (status != TV_OK) return tvi_vtab_fail(&table->base, status, &err);
  /* The groups that a hash index has open stay so, while nothing can have changed. */
  writes = scan->store.main != NULL && tv_txn_is_write(scan->store.txn);
  if (writes) scan->store.main = NULL;
  if (writes || scan->phase != SCAN_HASH) {
    for (i = 0; i < SCAN_READERS; i++) tvi_reader_leave(&scan->readers[i]);
    scan->reader = scan->readers;
  }
  return scan_attach(scan);
}

int tvi_columnar_filter(sqlite3_vtab_cursor *cursor, int plan, const char *text, int argc,
                        sqlite3_value **argv) {
  col_scan *scan = (col_scan *)cursor;
  sqlite3_int64 offset = 0;
  scan_ask ask;
  int none, exact, status, code;

  (void)argc;
  scan->eof = 1;
  code = scan_prepare(scan);
  if (code != SQLITE_OK) return code;
  scan->delta_next = INT64_MIN;
  scan->delta_over = 0;
  scan_parse(text, &ask);
  status = scan_ask_filters(scan, &ask, argv, &none, &exact, &offset);
  if (status != TV_OK) return scan_fail(scan, status);
  if (none || scan->limit == 0) return SQLITE_OK;
  status = scan_begin(scan, plan, exact);
  for (; offset > 0 && !scan->eof && status == TV_OK; offset--) status = scan_step(scan, 0);
  return status == TV_OK ? SQLITE_OK : scan_fail(scan, status);
}

/* ---- Columns ---- */

int tvi_columnar_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column) {
  col_scan *scan = (col_scan *)cursor;
  const tvi_col_schema *schema = scan->store.schema;
  tvi_cell cell = {0};
  int code, status;

  if (column < 0 || column >= schema->columns) return SQLITE_OK;
  if (scan->in_delta) {
    tvi_cell_result(&schema->column[column], &scan->cells[column], context);
    return SQLITE_OK;
  }
  code = scan_attach(scan);
  if (code != SQLITE_OK || !scan->reader->is_open) return code;
  status = tvi_reader_cell(scan->reader, column, scan->row, &cell);
  if (status != TV_OK) return scan_fail(scan, status);
  tvi_cell_result(&schema->column[column], &cell, context);
  return SQLITE_OK;
}

int tvi_columnar_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid) {
  col_scan *scan = (col_scan *)cursor;
  int64_t found = scan->rowid;
  int code = SQLITE_OK, status = TV_OK;

  if (!scan->in_delta && scan->phase == SCAN_GROUPS) {
    code = scan_attach(scan);
    if (code == SQLITE_OK && scan->reader->is_open)
      status = tvi_reader_rowid(scan->reader, scan->row, &found);
  }
  *rowid = found;
  return status == TV_OK ? code : scan_fail(scan, status);
}
