/* SPDX-License-Identifier: MIT */
/*
 * tv_query: the executor for those who prepare through SQLite themselves, also in the stock shell.
 *
 *   SELECT c1, c2 FROM tv_query('SELECT ...', parameter, ...)   columns c1, c2, ...; `row` is the
 *                                                               whole row as a JSON array
 *   CREATE VIRTUAL TABLE temp.v USING tv_query('SELECT ...')    columns of the query's own names
 *
 * A table function's columns are declared before its argument is known, hence the numbered ones. A
 * SQL function that returns one value was rejected: a query has rows.
 */
#include <string.h>

#include "graph_table_internal.h"
#include "query_internal.h"

#define FUNCTION_COLUMNS 100
#define FUNCTION_PARAMS 16
#define FUNCTION_SQL 1 /* the column of the argument */

typedef struct query_function {
  sqlite3_vtab base;
  tvi_query_room *room;
  char *sql;   /* of CREATE VIRTUAL TABLE; NULL: the argument */
  int columns; /* of it */
} query_function;

typedef struct query_function_cursor {
  sqlite3_vtab_cursor base;
  tvi_query_run run;
  tvi_plan *plan;
  int columns;
  sqlite3_int64 rowid;
} query_function_cursor;

static int function_fail(sqlite3_vtab *vtab, int code, char *message) {
  sqlite3_free(vtab->zErrMsg);
  vtab->zErrMsg = message;
  return message == NULL ? SQLITE_NOMEM : code;
}

/* ---- Columns ---- */

static char *function_declare(void) {
  sqlite3_str *text = sqlite3_str_new(NULL);
  int i;

  sqlite3_str_appendall(text, "CREATE TABLE x(\"row\", sql HIDDEN");
  for (i = 1; i <= FUNCTION_PARAMS; i++) sqlite3_str_appendf(text, ", p%d HIDDEN", i);
  for (i = 1; i <= FUNCTION_COLUMNS; i++) sqlite3_str_appendf(text, ", c%d HIDDEN", i);
  sqlite3_str_appendall(text, ")");
  return sqlite3_str_finish(text);
}

/* Prepares one statement that only reads. */
static int function_prepare(sqlite3 *sql, const char *text, sqlite3_stmt **statement,
                            char **message) {
  const char *tail = NULL;
  int code = sqlite3_prepare_v2(sql, text, -1, statement, &tail);

  if (code != SQLITE_OK) {
    *message = sqlite3_mprintf("tv_query: %s", sqlite3_errmsg(sql));
    return code;
  }
  while (*tail == ' ' || *tail == '\n' || *tail == '\t' || *tail == '\r' || *tail == ';') tail++;
  if (*statement != NULL && sqlite3_stmt_readonly(*statement) &&
      sqlite3_column_count(*statement) > 0 && *tail == '\0')
    return SQLITE_OK;
  (void)sqlite3_finalize(*statement);
  *statement = NULL;
  *message = sqlite3_mprintf("tv_query takes one SELECT, not: %s", text);
  return SQLITE_ERROR;
}

/* The columns of the query that CREATE VIRTUAL TABLE names. */
static int function_describe(sqlite3 *sql, query_function *table, const char *argument,
                             char **create, char **message) {
  sqlite3_str *text;
  sqlite3_stmt *statement = NULL;
  tvi_query of = {.sql = argument, .size = (uint32_t)strlen(argument)};
  int i, code;

  table->sql = tvi_query_unquote(&of, (tvi_query_text){0, of.size});
  if (table->sql == NULL) return SQLITE_NOMEM;
  code = function_prepare(sql, table->sql, &statement, message);
  if (code != SQLITE_OK) return code;
  if (sqlite3_bind_parameter_count(statement) > 0) {
    (void)sqlite3_finalize(statement);
    *message = sqlite3_mprintf("tv_query: a virtual table takes no parameters");
    return SQLITE_ERROR;
  }
  table->columns = sqlite3_column_count(statement);
  text = sqlite3_str_new(sql);
  for (i = 0; i < table->columns; i++) {
    const char *type = sqlite3_column_decltype(statement, i);
    sqlite3_str_appendf(text, "%s\"%w\" %s", i == 0 ? "CREATE TABLE x(" : ", ",
                        sqlite3_column_name(statement, i), type != NULL ? type : "");
  }
  sqlite3_str_appendall(text, ")");
  (void)sqlite3_finalize(statement);
  *create = sqlite3_str_finish(text);
  return *create == NULL ? SQLITE_NOMEM : SQLITE_OK;
}

static int function_disconnect(sqlite3_vtab *vtab) {
  query_function *table = (query_function *)vtab;
  tvi_free(table->sql);
  tvi_free(table);
  return SQLITE_OK;
}

static int function_connect(sqlite3 *sql, void *client, int argc, const char *const *argv,
                            sqlite3_vtab **out, char **message) {
  query_function *table = tvi_zalloc(sizeof *table);
  char *create = NULL;
  int code = SQLITE_OK;

  if (table == NULL) return SQLITE_NOMEM;
  table->room = client;
  if (argc == 4) {
    code = function_describe(sql, table, argv[3], &create, message);
  } else if (argc > 4) {
    code = SQLITE_ERROR;
    *message = sqlite3_mprintf("tv_query takes one SELECT, in single quotes");
  } else {
    create = function_declare();
    if (create == NULL) code = SQLITE_NOMEM;
  }
  if (code == SQLITE_OK) code = sqlite3_declare_vtab(sql, create);
  sqlite3_free(create);
  if (code != SQLITE_OK) {
    (void)function_disconnect(&table->base);
    return code;
  }
  *out = &table->base;
  return SQLITE_OK;
}

/* ---- Planning ---- */

static int function_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  const query_function *table = (const query_function *)vtab;
  int i, given = 0;

  info->estimatedCost = 10000;
  info->estimatedRows = 1000;
  if (table->sql != NULL) return SQLITE_OK;
  for (i = 0; i < info->nConstraint; i++) {
    const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
    int argument = constraint->iColumn - FUNCTION_SQL;
    if (constraint->op != SQLITE_INDEX_CONSTRAINT_EQ || argument < 0 || argument > FUNCTION_PARAMS)
      continue;
    if (!constraint->usable) return SQLITE_CONSTRAINT;
    if (given & 1 << argument) continue;
    info->aConstraintUsage[i].argvIndex = argument + 1;
    info->aConstraintUsage[i].omit = 1;
    given |= 1 << argument;
  }
  info->idxNum = given;
  if ((given & (given + 1)) == 0) return SQLITE_OK;
  return SQLITE_CONSTRAINT; /* the arguments before it are those of another join order */
}

/* ---- Cursors ---- */

static int function_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  query_function_cursor *cursor = tvi_zalloc(sizeof *cursor);
  (void)vtab;
  if (cursor == NULL) return SQLITE_NOMEM;
  cursor->run.eof = 1;
  *out = &cursor->base;
  return SQLITE_OK;
}

static int function_close(sqlite3_vtab_cursor *base) {
  query_function_cursor *cursor = (query_function_cursor *)base;
  tvi_query_run_end(&cursor->run);
  tvi_plan_free(cursor->plan);
  tvi_free(cursor);
  return SQLITE_OK;
}

/* Binds the text and begins its run. */
static int function_begin(query_function_cursor *cursor, const char *text, int argc,
                          sqlite3_value **argv) {
  query_function *table = (query_function *)cursor->base.pVtab;
  tvi_query_room *room = table->room;
  sqlite3_stmt *statement = NULL;
  tvi_query_task task;
  char *message = NULL;
  int params, code = function_prepare(room->sql, text, &statement, &message);

  if (code != SQLITE_OK) return function_fail(&table->base, code, message);
  cursor->columns = sqlite3_column_count(statement);
  params = sqlite3_bind_parameter_count(statement);
  if (tvi_query_plan(room, text, statement, &cursor->plan, room->reason) != TV_OK)
    code = SQLITE_NOMEM;
  (void)sqlite3_finalize(statement);
  if (code != SQLITE_OK) return code;
  if (params != argc)
    return function_fail(
        &table->base, SQLITE_ERROR,
        sqlite3_mprintf("tv_query: the SELECT has %d parameters, and %d are given", params, argc));
  if (table->sql == NULL && cursor->columns > FUNCTION_COLUMNS)
    return function_fail(
        &table->base, SQLITE_ERROR,
        sqlite3_mprintf("tv_query: the SELECT has more than %d columns", FUNCTION_COLUMNS));
  task = (tvi_query_task){cursor->plan, text, cursor->columns};
  code = tvi_query_run_begin(&cursor->run, room, &task, argc, argv, &message);
  if (message != NULL) (void)function_fail(&table->base, code, message);
  return code;
}

static int function_filter(sqlite3_vtab_cursor *base, int plan, const char *plan_text, int argc,
                           sqlite3_value **argv) {
  query_function_cursor *cursor = (query_function_cursor *)base;
  query_function *table = (query_function *)base->pVtab;
  const char *text = table->sql;

  (void)plan;
  (void)plan_text;
  tvi_query_run_end(&cursor->run);
  tvi_plan_free(cursor->plan);
  cursor->plan = NULL;
  cursor->rowid = 1;
  if (text == NULL && argc == 0)
    return function_fail(base->pVtab, SQLITE_ERROR,
                         sqlite3_mprintf("tv_query: write tv_query('SELECT ...')"));
  if (text != NULL) return function_begin(cursor, text, 0, NULL);
  text = (const char *)sqlite3_value_text(argv[0]);
  return text == NULL ? SQLITE_OK : function_begin(cursor, text, argc - 1, argv + 1);
}

static int function_next(sqlite3_vtab_cursor *base) {
  query_function_cursor *cursor = (query_function_cursor *)base;
  char *message = NULL;
  int code = tvi_query_run_next(&cursor->run, &message);
  if (message != NULL) (void)function_fail(base->pVtab, code, message);
  cursor->rowid++;
  return code;
}

static int function_eof(sqlite3_vtab_cursor *base) {
  return ((query_function_cursor *)base)->run.eof;
}

static int function_row_value(const query_function_cursor *cursor, int column, tvi_buffer *json) {
  tv_value value = {.type = TV_NULL};
  tvi_value from;
  int status = tvi_query_run_value(&cursor->run, column, &from);

  if (status == TV_OK) status = tvi_buffer_append(json, column == 0 ? "[" : ",", 1);
  if (status != TV_OK) return status;
  if (from.type == SQLITE_INTEGER) {
    value.type = TV_INT64;
    value.as.integer = from.as.integer;
  } else if (from.type == SQLITE_FLOAT) {
    value.type = TV_DOUBLE;
    value.as.real = from.as.real;
  } else if (from.type != SQLITE_NULL) {
    value.type = from.type == SQLITE_TEXT ? TV_TEXT : TV_BLOB;
    value.as.bytes = from.as.bytes;
  }
  return tvi_json_value(json, &value);
}

/* The row as a JSON array. */
static int function_row(const query_function_cursor *cursor, sqlite3_context *context) {
  tvi_buffer json = {NULL, 0, 0};
  int i, status = TV_OK;

  for (i = 0; i < cursor->columns && status == TV_OK; i++)
    status = function_row_value(cursor, i, &json);
  if (status == TV_OK) status = tvi_buffer_append(&json, "]", 1);
  if (status == TV_OK)
    sqlite3_result_text64(context, (const char *)json.data, json.size, SQLITE_TRANSIENT,
                          SQLITE_UTF8);
  tvi_buffer_free(&json);
  return status == TV_OK ? SQLITE_OK : SQLITE_NOMEM;
}

static int function_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
  query_function_cursor *cursor = (query_function_cursor *)base;
  const query_function *table = (const query_function *)base->pVtab;
  int number = table->sql != NULL ? column : column - FUNCTION_SQL - FUNCTION_PARAMS - 1;

  if (table->sql == NULL && column == 0) return function_row(cursor, context);
  if (number >= 0 && number < cursor->columns)
    tvi_query_run_column(&cursor->run, context, number, 1);
  return SQLITE_OK;
}

static int function_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  *rowid = ((query_function_cursor *)base)->rowid;
  return SQLITE_OK;
}

/* xCreate is xConnect: a table of it keeps nothing, and may be dropped at any time. */
static const sqlite3_module function_methods = {
    .iVersion = 1,
    .xCreate = function_connect,
    .xConnect = function_connect,
    .xBestIndex = function_best_index,
    .xDisconnect = function_disconnect,
    .xDestroy = function_disconnect,
    .xOpen = function_open,
    .xClose = function_close,
    .xFilter = function_filter,
    .xNext = function_next,
    .xEof = function_eof,
    .xColumn = function_column,
    .xRowid = function_rowid,
};

int tvi_query_function_register(sqlite3 *sql, tvi_query_room *room, void (*room_free)(void *)) {
  return sqlite3_create_module_v2(sql, "tv_query", &function_methods, room, room_free);
}
