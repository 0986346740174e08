/* SPDX-License-Identifier: MIT */
/*
 * The table function behind a statement of tv_sql_prepare: its columns are the statement's, its
 * hidden columns the parameters. One module per statement, since a module's columns are declared
 * once; one module for all, with columns of no name and type, was rejected.
 *
 * SQLite asks xBestIndex whenever it prepares the statement again, which is whenever the schema
 * changed: then the next run binds anew.
 */
#include <string.h>

#include "query_internal.h"
#include "vfs_internal.h"

typedef struct query_table {
  sqlite3_vtab base;
  tvi_query_handle *handle;
} query_table;

typedef struct query_table_step { /* of EXPLAIN QUERY PLAN */
  int id, parent;
  char *text;
} query_table_step;

typedef struct query_table_cursor {
  sqlite3_vtab_cursor base;
  tvi_query_run run;
  query_table_step *step;
  int steps, steps_room, at;
} query_table_cursor;

static tvi_query_handle *table_handle(const query_table_cursor *cursor) {
  return ((query_table *)cursor->base.pVtab)->handle;
}

/* ---- Connecting and planning ---- */

static int table_connect(sqlite3 *sql, void *client, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **message) {
  tvi_query_handle *handle = client;
  sqlite3_str *text = sqlite3_str_new(sql);
  query_table *table;
  char *create;
  int i, code;

  (void)argc;
  (void)argv;
  (void)message;
  sqlite3_str_appendall(text, "CREATE TABLE x(");
  for (i = 0; i < handle->columns; i++) {
    const char *type = handle->explain ? NULL : sqlite3_column_decltype(handle->statement, i);
    sqlite3_str_appendf(text, "%sc%d %s", i > 0 ? ", " : "", i, type != NULL ? type : "");
  }
  for (i = 0; i < handle->params; i++) sqlite3_str_appendf(text, ", p%d HIDDEN", i);
  sqlite3_str_appendall(text, ")");
  create = sqlite3_str_finish(text);
  code = create == NULL ? SQLITE_NOMEM : sqlite3_declare_vtab(sql, create);
  sqlite3_free(create);
  if (code != SQLITE_OK) return code;
  table = tvi_zalloc(sizeof *table);
  if (table == NULL) return SQLITE_NOMEM;
  table->handle = handle;
  *out = &table->base;
  return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *vtab) {
  tvi_free(vtab);
  return SQLITE_OK;
}

static int table_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  tvi_query_handle *handle = ((query_table *)vtab)->handle;
  int i;

  handle->stale = 1;
  for (i = 0; i < info->nConstraint; i++) {
    const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
    int param = constraint->iColumn - handle->columns;
    if (constraint->op != SQLITE_INDEX_CONSTRAINT_EQ || param < 0) continue;
    if (!constraint->usable) return SQLITE_CONSTRAINT;
    info->aConstraintUsage[i].argvIndex = param + 1;
    info->aConstraintUsage[i].omit = 1;
  }
  info->estimatedCost = 1000;
  info->estimatedRows = 1000;
  return SQLITE_OK;
}

/* ---- Binding again ---- */

/* 1 when the statement's columns are what the caller was told. */
static int table_is_same(const tvi_query_handle *handle, sqlite3_stmt *statement) {
  int i;
  if (sqlite3_column_count(statement) != handle->columns) return 0;
  for (i = 0; i < handle->columns; i++) {
    const char *name = sqlite3_column_name(statement, i);
    const char *type = sqlite3_column_decltype(statement, i);
    const char *old_name = sqlite3_column_name(handle->statement, i);
    const char *old_type = sqlite3_column_decltype(handle->statement, i);
    if (name == NULL || old_name == NULL || strcmp(name, old_name) != 0) return 0;
    if (sqlite3_stricmp(type == NULL ? "" : type, old_type == NULL ? "" : old_type) != 0) return 0;
  }
  return 1;
}

static int table_bind(query_table_cursor *cursor) {
  tvi_query_handle *handle = table_handle(cursor);
  tvi_query_room *room = handle->room;
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(room->sql, handle->body, -1, &statement, NULL);

  if (code != SQLITE_OK) {
    cursor->base.pVtab->zErrMsg = sqlite3_mprintf("%s", sqlite3_errmsg(room->sql));
    return code;
  }
  tvi_plan_free(handle->plan);
  handle->plan = NULL;
  if (!handle->explain && !table_is_same(handle, statement))
    code = SQLITE_SCHEMA;
  else if (tvi_query_plan(room, handle->body, statement, &handle->plan, handle->reason) != TV_OK)
    code = SQLITE_NOMEM;
  (void)sqlite3_finalize(statement);
  if (code == SQLITE_OK) handle->stale = 0;
  return code;
}

/* ---- EXPLAIN QUERY PLAN ---- */

static void table_steps_free(query_table_cursor *cursor) {
  while (cursor->steps > 0) tvi_free(cursor->step[--cursor->steps].text);
  cursor->at = 0;
}

static int table_step(query_table_cursor *cursor, int id, int parent, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = tvi_alloc(size);

  if (copy == NULL) return SQLITE_NOMEM;
  if (cursor->steps == cursor->steps_room) {
    int wanted = cursor->steps_room * 2 + 16;
    query_table_step *grown = tvi_realloc(cursor->step, (size_t)wanted * sizeof *grown);
    if (grown == NULL) {
      tvi_free(copy);
      return SQLITE_NOMEM;
    }
    cursor->step = grown;
    cursor->steps_room = wanted;
  }
  memcpy(copy, text, size);
  cursor->step[cursor->steps++] = (query_table_step){id, parent, copy};
  return SQLITE_OK;
}

/* The parent of a line is the last one above it that stands less deep. */
static int table_explain_lines(query_table_cursor *cursor, const tvi_exec *exec) {
  int i, j, count, code = SQLITE_OK;
  const tvi_exec_line *line = tvi_exec_lines(exec, &count);

  for (i = 0; i < count && code == SQLITE_OK; i++) {
    for (j = i - 1; j >= 0 && line[j].depth >= line[i].depth; j--) {
    }
    code = table_step(cursor, i + 1, j + 1, line[i].text);
  }
  return code;
}

static int table_explain_plan(query_table_cursor *cursor, int argc) {
  tvi_query_handle *handle = table_handle(cursor);
  tvi_exec_options options = {.threads = handle->room->conn->threads};
  tvi_value *params = tvi_zalloc((size_t)(argc + 1) * sizeof *params);
  tvi_exec *exec = NULL;
  tv_error err = {0};
  int i, status, code;

  if (params == NULL) return SQLITE_NOMEM;
  for (i = 0; i < argc; i++) params[i].type = SQLITE_NULL;
  status = tvi_exec_open(handle->plan, &options, params, &exec, &err);
  code = status == TV_OK ? table_explain_lines(cursor, exec)
                         : tvi_vtab_fail(cursor->base.pVtab, status, &err);
  tvi_exec_close(exec);
  tvi_free(params);
  return code;
}

static int table_explain_sqlite(query_table_cursor *cursor) {
  tvi_query_handle *handle = table_handle(cursor);
  sqlite3 *sql = handle->room->sql;
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(sql, handle->sql, -1, &statement, NULL), last = 0;
  char *why;

  while (code == SQLITE_OK || code == SQLITE_ROW) {
    const char *text;
    code = sqlite3_step(statement);
    if (code != SQLITE_ROW) break;
    text = (const char *)sqlite3_column_text(statement, 3);
    last = sqlite3_column_int(statement, 0);
    code = table_step(cursor, last, sqlite3_column_int(statement, 1), text != NULL ? text : "");
  }
  (void)sqlite3_finalize(statement);
  if (code != SQLITE_DONE) return code;
  why = sqlite3_mprintf("BY SQLITE: %s", handle->reason);
  code = why == NULL ? SQLITE_NOMEM : table_step(cursor, last + 1, 0, why);
  sqlite3_free(why);
  return code;
}

/* ---- Cursors ---- */

static int table_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  query_table_cursor *cursor = tvi_zalloc(sizeof *cursor);
  (void)vtab;
  if (cursor == NULL) return SQLITE_NOMEM;
  cursor->run.eof = 1;
  *out = &cursor->base;
  return SQLITE_OK;
}

static int table_close(sqlite3_vtab_cursor *base) {
  query_table_cursor *cursor = (query_table_cursor *)base;
  tvi_query_run_end(&cursor->run);
  table_steps_free(cursor);
  tvi_free(cursor->step);
  tvi_free(cursor);
  return SQLITE_OK;
}

static int table_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
                        sqlite3_value **argv) {
  query_table_cursor *cursor = (query_table_cursor *)base;
  tvi_query_handle *handle = table_handle(cursor);
  tvi_query_task task;
  int code = SQLITE_OK;

  (void)plan;
  (void)text;
  tvi_query_run_end(&cursor->run);
  table_steps_free(cursor);
  if (handle->stale) code = table_bind(cursor);
  if (code != SQLITE_OK) return code;
  memcpy(handle->room->reason, handle->reason, sizeof handle->reason);
  if (handle->explain)
    return handle->plan != NULL ? table_explain_plan(cursor, argc) : table_explain_sqlite(cursor);
  task = (tvi_query_task){handle->plan, handle->body, handle->columns};
  sqlite3_free(base->pVtab->zErrMsg);
  base->pVtab->zErrMsg = NULL;
  return tvi_query_run_begin(&cursor->run, handle->room, &task, argc, argv, &base->pVtab->zErrMsg);
}

static int table_next(sqlite3_vtab_cursor *base) {
  query_table_cursor *cursor = (query_table_cursor *)base;
  if (table_handle(cursor)->explain) {
    cursor->at++;
    return SQLITE_OK;
  }
  return tvi_query_run_next(&cursor->run, &base->pVtab->zErrMsg);
}

static int table_eof(sqlite3_vtab_cursor *base) {
  query_table_cursor *cursor = (query_table_cursor *)base;
  return table_handle(cursor)->explain ? cursor->at >= cursor->steps : cursor->run.eof;
}

static int table_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
  query_table_cursor *cursor = (query_table_cursor *)base;
  tvi_query_handle *handle = table_handle(cursor);

  if (column >= handle->columns) return SQLITE_OK;
  if (!handle->explain) {
    tvi_query_run_column(&cursor->run, context, column, 0);
  } else if (column == 3) {
    sqlite3_result_text(context, cursor->step[cursor->at].text, -1, SQLITE_TRANSIENT);
  } else {
    const query_table_step *step = &cursor->step[cursor->at];
    sqlite3_result_int(context, column == 0 ? step->id : column == 1 ? step->parent : 0);
  }
  return SQLITE_OK;
}

static int table_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  (void)base;
  *rowid = 0;
  return SQLITE_OK;
}

const sqlite3_module tvi_query_table_methods = {
    .iVersion = 1,
    .xConnect = table_connect,
    .xBestIndex = table_best_index,
    .xDisconnect = table_disconnect,
    .xOpen = table_open,
    .xClose = table_close,
    .xFilter = table_filter,
    .xNext = table_next,
    .xEof = table_eof,
    .xColumn = table_column,
    .xRowid = table_rowid,
};
