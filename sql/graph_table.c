/* SPDX-License-Identifier: MIT */
/*
 * The part that all table functions over graphs have in common: hidden columns as arguments, the
 * cursor, the graph in the connection's transaction. A module written out for each function was
 * rejected: they would differ where nobody wants them to, in their errors and estimates.
 */
#include "graph_table_internal.h"

#include <string.h>

/* ---- Cursors ---- */

int tvi_graph_table_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  tvi_graph_table *table = (tvi_graph_table *)vtab;
  tvi_graph_cursor *cursor = tvi_zalloc(table->spec->cursor_bytes);

  if (cursor == NULL) return SQLITE_NOMEM;
  cursor->spec = table->spec;
  cursor->eof = 1;
  cursor->list_column = -1;
  cursor->next = table->module->open;
  cursor->before = &table->module->open;
  if (cursor->next != NULL) cursor->next->before = &cursor->next;
  table->module->open = cursor;
  *out = &cursor->base;
  return SQLITE_OK;
}

static void graph_table_forget(tvi_graph_cursor *cursor) {
  size_t n;
  int i;

  for (i = 0; i < TVI_GRAPH_COLUMNS_MAX; i++) {
    sqlite3_value_free(cursor->given[i]);
    cursor->given[i] = NULL;
  }
  for (n = 0; n < cursor->list_count; n++) sqlite3_value_free(cursor->list[n]);
  tvi_free(cursor->list);
  cursor->list = NULL;
  cursor->list_count = 0;
  cursor->list_column = -1;
}

int tvi_graph_table_close(sqlite3_vtab_cursor *base) {
  tvi_graph_cursor *cursor = (tvi_graph_cursor *)base;

  if (cursor->spec->close != NULL) cursor->spec->close(cursor);
  graph_table_forget(cursor);
  *cursor->before = cursor->next;
  if (cursor->next != NULL) cursor->next->before = cursor->before;
  (void)sqlite3_finalize(cursor->probe);
  tvi_buffer_free(&cursor->name);
  tvi_buffer_free(&cursor->rows);
  tvi_free(cursor);
  return SQLITE_OK;
}

const char *tvi_graph_title(const tvi_graph_cursor *cursor) {
  return (const char *)cursor->name.data;
}

int tvi_graph_complain(tvi_graph_cursor *cursor, int code, char *message) {
  sqlite3_vtab *vtab = cursor->base.pVtab;
  sqlite3_free(vtab->zErrMsg);
  vtab->zErrMsg = message;
  return message == NULL ? SQLITE_NOMEM : code;
}

int tvi_graph_fail(tvi_graph_cursor *cursor, int status) {
  const tv_error *err = cursor->txn != NULL ? tv_txn_error(cursor->txn) : NULL;
  return tvi_vtab_fail(cursor->base.pVtab, status,
                       err != NULL && err->status == status ? err : NULL);
}

int tvi_graph_attach(tvi_graph_cursor *cursor) {
  tvi_graph_table *table = (tvi_graph_table *)cursor->base.pVtab;
  uint64_t generation;
  tv_txn *txn;
  int status, code = tvi_conn_read(table->base.conn, &txn, &generation);

  if (code != SQLITE_OK) return code;
  if (txn == cursor->txn && generation == cursor->generation && tvi_txn_epoch(txn) == cursor->epoch)
    return SQLITE_OK;
  cursor->txn = NULL;
  status = tv_graph_open(txn, tvi_graph_title(cursor), 0, &cursor->graph);
  if (status == TV_ENOGRAPH && table->bound != NULL) return SQLITE_OK; /* dropped from C: empty */
  if (status == TV_ENOGRAPH)
    return tvi_graph_complain(
        cursor, SQLITE_ERROR,
        sqlite3_mprintf("%s: no such graph: %s", cursor->spec->module, tvi_graph_title(cursor)));
  if (status != TV_OK) return tvi_vtab_fail(cursor->base.pVtab, status, tv_txn_error(txn));
  cursor->txn = txn;
  cursor->generation = generation;
  cursor->epoch = tvi_txn_epoch(txn);
  return SQLITE_OK;
}

/* ---- xFilter ---- */

/* The elements of an IN list, of which SQLite has no two equal. */
static int graph_table_take_list(tvi_graph_cursor *cursor, sqlite3_value *in) {
  sqlite3_value *element = NULL;
  size_t room = 0;
  int code;

  for (code = sqlite3_vtab_in_first(in, &element); code == SQLITE_OK && element != NULL;
       code = sqlite3_vtab_in_next(in, &element)) {
    if (cursor->list_count == room) {
      sqlite3_value **list;
      room = room * 2 + 16;
      list = tvi_realloc(cursor->list, room * sizeof *list);
      if (list == NULL) return SQLITE_NOMEM;
      cursor->list = list;
    }
    cursor->list[cursor->list_count] = sqlite3_value_dup(element);
    if (cursor->list[cursor->list_count++] == NULL) return SQLITE_NOMEM;
  }
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Copies the values, since the cursor needs them after xFilter. */
static int graph_table_take(tvi_graph_cursor *cursor, int plan, sqlite3_value **values) {
  sqlite3_int64 limit = -1, offset = 0;
  int column, lists = plan & TVI_GRAPH_PLAN_LIST, code;

  graph_table_forget(cursor);
  cursor->plan = plan;
  cursor->rows_max = UINT64_MAX;
  for (column = 0; column < TVI_GRAPH_COLUMNS_MAX; column++) {
    if (!(plan >> column & 1)) continue;
    if (lists && cursor->list_column < 0 && (cursor->spec->listed >> column & 1)) {
      cursor->list_column = column;
      code = graph_table_take_list(cursor, *values);
      if (code != SQLITE_OK) return code;
    }
    cursor->given[column] = sqlite3_value_dup(*values++);
    if (cursor->given[column] == NULL) return SQLITE_NOMEM;
  }
  if (plan & TVI_GRAPH_PLAN_LIMIT) limit = sqlite3_value_int64(*values++);
  if (plan & TVI_GRAPH_PLAN_OFFSET) offset = sqlite3_value_int64(*values++);
  if (limit >= 0) cursor->rows_max = (uint64_t)limit + (uint64_t)(offset > 0 ? offset : 0);
  return SQLITE_OK;
}

/* The graph's name: the table's own, or the argument. */
static int graph_table_name(tvi_graph_cursor *cursor) {
  const tvi_graph_table *table = (const tvi_graph_table *)cursor->base.pVtab;
  const char *name = table->bound;

  if (name == NULL)
    name = (const char *)sqlite3_value_text(cursor->given[cursor->spec->first_argument]);
  if (name == NULL) return SQLITE_NOMEM;
  if (cursor->name.data != NULL && strcmp(name, tvi_graph_title(cursor)) == 0) return SQLITE_OK;
  cursor->txn = NULL; /* another graph than before */
  cursor->name.size = 0;
  return tvi_buffer_append(&cursor->name, name, strlen(name) + 1) == TV_OK ? SQLITE_OK
                                                                           : SQLITE_NOMEM;
}

/* Checks the arguments that all functions have alike. *none becomes 1 when a NULL among them makes
 * the answer empty. */
static int graph_table_check(tvi_graph_cursor *cursor, int *none) {
  const tvi_graph_spec *spec = cursor->spec;
  int bound = ((const tvi_graph_table *)cursor->base.pVtab)->bound != NULL, i;

  *none = 0;
  for (i = bound; i < spec->required; i++) {
    if (cursor->given[spec->first_argument + i] != NULL) continue;
    return tvi_graph_complain(
        cursor, SQLITE_ERROR,
        sqlite3_mprintf("%s: argument \"%s\" is missing; write %s", spec->module,
                        spec->columns[spec->first_argument + i], spec->usage));
  }
  for (i = bound; i <= spec->node_arguments; i++) {
    int column = spec->first_argument + i;
    if (column != cursor->list_column && sqlite3_value_type(cursor->given[column]) == SQLITE_NULL)
      *none = 1;
  }
  return *none ? SQLITE_OK : graph_table_name(cursor);
}

int tvi_graph_table_filter(sqlite3_vtab_cursor *base, int plan, const char *plan_text, int argc,
                           sqlite3_value **argv) {
  tvi_graph_cursor *cursor = (tvi_graph_cursor *)base;
  int none, code;

  (void)plan_text;
  (void)argc;
  cursor->eof = 1;
  cursor->interrupted = 0;
  tvi_graph_rows_begin(cursor);
  code = graph_table_take(cursor, plan, argv);
  if (code == SQLITE_OK) code = graph_table_check(cursor, &none);
  if (code != SQLITE_OK || none) return code;
  code = tvi_graph_attach(cursor);
  if (code != SQLITE_OK || cursor->txn == NULL || cursor->rows_max == 0) return code;
  return cursor->spec->filter(cursor);
}

int tvi_graph_table_next(sqlite3_vtab_cursor *base) {
  tvi_graph_cursor *cursor = (tvi_graph_cursor *)base;
  if (cursor->spec->next == NULL) return tvi_graph_rows_next(cursor);
  return cursor->spec->next(cursor);
}

int tvi_graph_table_eof(sqlite3_vtab_cursor *base) {
  return ((tvi_graph_cursor *)base)->eof;
}

/* Names a row among those of all graphs and labels, as a table that can be written to must: what
 * comes twice under two labels is two rows. */
static int graph_table_entry(tvi_graph_cursor *cursor, sqlite3_context *context) {
  sqlite3_value *value = cursor->given[cursor->spec->first_argument + 1];
  const char *label = NULL, *graph = tvi_graph_title(cursor);

  if (cursor->spec->rowid == NULL) return SQLITE_OK;
  if (cursor->spec->arguments > 1 && value != NULL) label = (const char *)sqlite3_value_text(value);
  if (label == NULL) label = "";
  sqlite3_result_text(context,
                      sqlite3_mprintf("%lld,%d:%s%s", cursor->spec->rowid(cursor),
                                      (int)strlen(label), label, graph),
                      -1, sqlite3_free);
  return SQLITE_OK;
}

int tvi_graph_table_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
  tvi_graph_cursor *cursor = (tvi_graph_cursor *)base;
  const tvi_graph_table *table = (const tvi_graph_table *)base->pVtab;
  int code = tvi_graph_attach(cursor);

  if (code != SQLITE_OK || cursor->txn == NULL) return code;
  if (sqlite3_vtab_nochange(context)) return SQLITE_OK; /* an UPDATE leaves it as it is */
  if (cursor->spec->guard != 0 && column == cursor->spec->guard)
    return graph_table_entry(cursor, context);
  if (column == cursor->spec->first_argument && table->bound != NULL) {
    sqlite3_result_text(context, table->bound, -1, SQLITE_TRANSIENT);
    return SQLITE_OK;
  }
  return cursor->spec->column(cursor, context, column);
}
