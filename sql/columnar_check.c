/* SPDX-License-Identifier: MIT */
/*
 * A columnar table checked whole: every segment's sum and every block of it, delete bits, rows of
 * the delta, and the header's counts. Reading the table through SQL was rejected: it ends at the
 * first damage, and who has a damaged table wants to know what is still whole.
 */
#include <stdarg.h>

#include "columnar_internal.h"
#include "trivet_sql.h"
#include "vfs_internal.h"

typedef struct inspect_run {
  const tv_sql_check_hooks *hooks;
  tv_sql_check_report *report;
  tvi_col_store *store;
  tvi_vector vector;
  uint64_t rows, delta, deleted;
} inspect_run;

#define CHECK_TOLD_MAX 100u

__attribute__((format(printf, 2, 3))) static void inspect_tell(inspect_run *run, const char *format,
                                                               ...) {
  tv_error error = {0};
  va_list args;
  char *text;

  if (++run->report->problems > CHECK_TOLD_MAX || run->hooks->report == NULL) return;
  va_start(args, format);
  text = sqlite3_vmprintf(format, args);
  va_end(args);
  (void)tvi_error_set(&error, TV_ECORRUPT, 0, "columnar table \"%s\": %s", run->store->name,
                      text == NULL ? "damaged" : text);
  sqlite3_free(text);
  run->hooks->report(run->hooks->ctx, 0, error.message);
}

/* Decodes every block. TV_OK, TV_ECORRUPT, or TV_ENOMEM. */
static int inspect_blocks(inspect_run *run, const tvi_column_segment *segment) {
  const tvi_ints *ints = segment->is_strings ? &segment->strings.ints : &segment->ints;
  uint32_t block, i;
  int status = TV_OK;

  for (block = 0; block < ints->blocks && status == TV_OK; block++) {
    if (segment->is_strings && segment->strings.count == 0) {
      status = tvi_strings_block(&segment->strings, block, run->vector.numbers, run->vector.strings,
                                 &run->vector.room);
      continue;
    }
    status = tvi_ints_decode(ints, block, run->vector.numbers);
    for (i = 0; segment->is_strings && status == TV_OK && i < tvi_ints_block_rows(ints, block); i++)
      if (run->vector.numbers[i] < 0 || run->vector.numbers[i] >= segment->strings.count)
        status = TV_ECORRUPT;
  }
  return status;
}

static int inspect_segment(inspect_run *run, const tvi_col_group *group, unsigned column) {
  const tvi_col_schema *schema = run->store->schema;
  int is_rowid = column == TVI_COL_ROWIDS;
  int strings = !is_rowid && !tvi_col_is_number(schema->column[column].type);
  const char *name = is_rowid ? "rowid" : schema->column[column].name;
  unsigned char key[TVI_COL_KEY_BYTES];
  tvi_column_segment segment;
  tv_slice value;
  int status = tv_store_get(run->store->main,
                            tv_bytes(key, tvi_col_key_segment(key, group->id, column)), &value);

  if (status == TV_NOTFOUND) {
    inspect_tell(run, "segment of column %s in row group %llu is missing", name,
                 (unsigned long long)group->id);
    return TV_OK;
  }
  if (status != TV_OK) return status;
  run->report->pages++;
  status = tvi_segment_open(value, strings, group->rows, 1, &segment);
  if (status == TV_OK) {
    status = inspect_blocks(run, &segment);
    tvi_segment_close(&segment);
    if (status == TV_ECORRUPT)
      inspect_tell(run, "segment of column %s in row group %llu cannot be decoded", name,
                   (unsigned long long)group->id);
  } else if (status == TV_ECORRUPT) {
    inspect_tell(run, "segment of column %s in row group %llu is damaged: its checksum differs",
                 name, (unsigned long long)group->id);
  }
  return status == TV_ECORRUPT ? TV_OK : status;
}

static int inspect_group(inspect_run *run, const tvi_col_group *group) {
  unsigned char bits[TVI_COL_BITS_BYTES];
  uint32_t block, blocks = (group->rows + TVI_COL_BLOCK - 1) / TVI_COL_BLOCK, i, deleted = 0;
  int column, status = TV_OK;

  for (column = 0; column < run->store->schema->columns && status == TV_OK; column++)
    status = inspect_segment(run, group, (unsigned)column);
  if (status == TV_OK && !group->dense) status = inspect_segment(run, group, TVI_COL_ROWIDS);
  for (block = 0; block < blocks && status == TV_OK && group->deleted > 0; block++) {
    status = tvi_col_deleted_get(run->store, group->id, block, bits);
    for (i = 0; status == TV_OK && i < sizeof bits; i++)
      deleted += (uint32_t)__builtin_popcount(bits[i]);
  }
  if (status == TV_ECORRUPT || (status == TV_OK && deleted != group->deleted)) {
    inspect_tell(run, "delete bits of row group %llu are damaged", (unsigned long long)group->id);
    status = TV_OK;
  }
  run->rows += group->rows - group->deleted;
  run->deleted += group->deleted;
  if (run->hooks->progress != NULL &&
      run->hooks->progress(run->hooks->ctx, run->report->pages) != 0)
    return TV_STOP;
  return status;
}

static int inspect_groups(inspect_run *run) {
  int64_t from = INT64_MIN;
  int status = TV_OK;

  while (status == TV_OK) {
    tvi_col_group group;
    status = tvi_col_group_seek(run->store, from, NULL, &group);
    if (status == TV_ECORRUPT) inspect_tell(run, "a record of its directory is damaged");
    if (status == TV_OK) status = inspect_group(run, &group);
    if (status != TV_OK || group.first == INT64_MAX) break;
    from = group.first + 1;
  }
  return status == TV_END || status == TV_ECORRUPT ? TV_OK : status;
}

static int inspect_delta(inspect_run *run) {
  tvi_cell *cells = tvi_alloc((size_t)run->store->schema->columns * sizeof *cells);
  int64_t from = INT64_MIN, rowid;
  tv_slice record;
  int status = cells == NULL ? TV_ENOMEM : TV_OK;

  while (status == TV_OK) {
    status = tvi_col_row_seek(run->store, from, &rowid, &record);
    if (status != TV_OK) break;
    run->delta++;
    if (tvi_cells_read(run->store->schema, rowid, record, cells) != TV_OK)
      inspect_tell(run, "row %lld of the delta is damaged", (long long)rowid);
    if (rowid == INT64_MAX) break;
    from = rowid + 1;
  }
  tvi_free(cells);
  return status == TV_END ? TV_OK : status;
}

static int inspect_store(inspect_run *run) {
  const tvi_col_header *header = &run->store->header;
  uint64_t rows;
  int status;

  run->vector.numbers = tvi_alloc(TVI_COL_BLOCK * sizeof *run->vector.numbers);
  run->vector.strings = tvi_alloc(TVI_COL_BLOCK * sizeof *run->vector.strings);
  status = run->vector.numbers == NULL || run->vector.strings == NULL ? TV_ENOMEM : TV_OK;
  if (status == TV_OK) status = inspect_groups(run);
  if (status == TV_OK) status = inspect_delta(run);
  rows = run->rows + run->delta;
  if (status == TV_OK &&
      (rows != header->rows || run->delta != header->delta || run->deleted != header->deleted))
    inspect_tell(run, "its header counts %llu rows, and there are %llu",
                 (unsigned long long)header->rows, (unsigned long long)rows);
  tvi_free(run->vector.numbers);
  tvi_free(run->vector.strings);
  tvi_buffer_free(&run->vector.room);
  return status;
}

/* ---- All tables ---- */

static int inspect_table(tvi_columnar *table, const tv_sql_check_hooks *hooks,
                         tv_sql_check_report *report, tv_error *err) {
  tvi_col_store store = {.name = table->name, .schema = &table->schema};
  inspect_run run = {.hooks = hooks, .report = report, .store = &store};
  tv_txn *txn;
  int status = tvi_columnar_flush(table, err);

  if (status == TV_OK) status = tvi_conn_peek_begin(table->module->conn, &txn, err);
  if (status != TV_OK) return status;
  status = tvi_col_store_open(&store, txn);
  if (status == TV_OK)
    status = inspect_store(&run);
  else if (status == TV_ECORRUPT)
    inspect_tell(&run, "its header is damaged");
  if (status < 0 && status != TV_ECORRUPT) *err = *tv_txn_error(txn);
  tvi_conn_peek_end(table->module->conn, txn);
  return status == TV_ECORRUPT ? TV_OK : status;
}

/* A statement that names it has SQLite connect the table. */
static void inspect_connect(sqlite3 *connection) {
  sqlite3_stmt *names = NULL, *one = NULL;

  if (sqlite3_prepare_v2(connection,
                         "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage = 0 AND "
                         "sql LIKE 'CREATE VIRTUAL TABLE%columnar%'",
                         -1, &names, NULL) != SQLITE_OK)
    return;
  while (sqlite3_step(names) == SQLITE_ROW) {
    char *text = sqlite3_mprintf("SELECT 1 FROM \"%w\"", sqlite3_column_text(names, 0));
    if (text != NULL) (void)sqlite3_prepare_v2(connection, text, -1, &one, NULL);
    sqlite3_finalize(one);
    sqlite3_free(text);
    one = NULL;
  }
  sqlite3_finalize(names);
}

int tv_sql_check_columnar(sqlite3 *connection, const tv_sql_check_hooks *hooks,
                          tv_sql_check_report *out, tv_error *err) {
  static const tv_sql_check_hooks silent = {0};
  tvi_conn *conn = tvi_conn_of(connection);
  tv_sql_check_report report = {0};
  tvi_col_module *module;
  tvi_columnar *table;
  int status = TV_OK;

  if (out == NULL) out = &report;
  *out = report;
  if (conn == NULL)
    return tvi_error_set(err, TV_EINVAL, 0, "the connection's main database is not a store");
  inspect_connect(connection);
  module = conn->before_savepoint_ctx;
  for (table = module == NULL ? NULL : module->tables; table != NULL && status == TV_OK;
       table = table->next)
    status = inspect_table(table, hooks == NULL ? &silent : hooks, out, err);
  if (status == TV_OK && out->problems > 0)
    return tvi_error_set(err, TV_ECORRUPT, 0, "%llu problems in columnar tables",
                         (unsigned long long)out->problems);
  return status;
}
