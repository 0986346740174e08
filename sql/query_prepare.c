/* SPDX-License-Identifier: MIT */
/*
 * tv_sql_prepare: SQLite prepares the statement first, which settles whether it is correct and what
 * its columns and parameters are. A SELECT that binds to a plan is then replaced by one over the
 * plan's table function, with the same columns and parameters. Replacing SQLite's own planner hooks
 * was not possible: it has none.
 */
#include <string.h>

#include "query_internal.h"
#include "trivet_sql.h"

#define PREPARE_PARAMS_MAX 100 /* of a table function: SQLite limits its arguments */

static char *prepare_copy(const char *text, size_t size) {
  char *copy = tvi_alloc(size + 1);
  if (copy == NULL) return NULL;
  memcpy(copy, text, size);
  copy[size] = '\0';
  return copy;
}

/* 1 for a SELECT, 2 behind EXPLAIN QUERY PLAN; *body is where it begins. */
static int prepare_kind(const char *sql, size_t size, size_t *body) {
  tvi_query_lexer lexer = {sql, (uint32_t)size, 0, 0};
  tvi_query_text text;
  tvi_query_token_kind kind = tvi_query_lex(&lexer, &text);

  *body = text.at;
  if (kind == TVI_QT_SELECT) return 1;
  if (kind != TVI_QT_EXPLAIN || tvi_query_lex(&lexer, &text) != TVI_QT_QUERY ||
      tvi_query_lex(&lexer, &text) != TVI_QT_PLAN)
    return 0;
  kind = tvi_query_lex(&lexer, &text);
  *body = text.at;
  return kind == TVI_QT_SELECT ? 2 : 0;
}

/* The statement that takes the original's place: the same names, the same parameters. */
static char *prepare_wrapper(const tvi_query_handle *handle, sqlite3_stmt *original) {
  static const char *const names[] = {"id", "parent", "notused", "detail"};
  sqlite3_str *text = sqlite3_str_new(NULL);
  int i;

  for (i = 0; i < handle->columns; i++) {
    const char *name = handle->explain ? names[i] : sqlite3_column_name(original, i);
    sqlite3_str_appendf(text, "%s c%d AS \"%w\"", i == 0 ? "SELECT" : ",", i,
                        name != NULL ? name : "");
  }
  sqlite3_str_appendf(text, " FROM \"trivet plan %llu\"", (unsigned long long)handle->number);
  for (i = 1; i <= handle->params; i++) {
    const char *name = sqlite3_bind_parameter_name(original, i);
    sqlite3_str_appendf(text, "%s%s", i == 1 ? "(" : ", ", name != NULL ? name : "?");
  }
  if (handle->params > 0) sqlite3_str_appendall(text, ")");
  return sqlite3_str_finish(text);
}

/* Takes over the handle, also when it fails. */
static int prepare_replace(tvi_query_handle *handle, sqlite3_stmt **statement) {
  tvi_query_room *room = handle->room;
  sqlite3_stmt *original = *statement, *wrapper = NULL;
  char name[40];
  int i, code;

  handle->wrapper = prepare_wrapper(handle, original);
  if (handle->wrapper == NULL) {
    tvi_query_handle_free(handle);
    return SQLITE_NOMEM;
  }
  handle->next = room->handles;
  handle->before = &room->handles;
  if (handle->next != NULL) handle->next->before = &handle->next;
  room->handles = handle;
  room->live++;
  sqlite3_snprintf(sizeof name, name, "trivet plan %llu", (unsigned long long)handle->number);
  /* SQLite frees the handle also when this fails. */
  code = sqlite3_create_module_v2(room->sql, name, &tvi_query_table_methods, handle,
                                  tvi_query_handle_free);
  if (code != SQLITE_OK) return code;
  handle->statement = original; /* its columns' types are declared */
  code = sqlite3_prepare_v2(room->sql, handle->wrapper, -1, &wrapper, NULL);
  for (i = 0; code == SQLITE_OK && i < handle->columns && !handle->explain; i++) {
    const char *type = sqlite3_column_decltype(original, i);
    const char *given = sqlite3_column_decltype(wrapper, i);
    if (strcmp(type == NULL ? "" : type, given == NULL ? "" : given) != 0) code = SQLITE_MISMATCH;
  }
  if (code == SQLITE_OK && sqlite3_bind_parameter_count(wrapper) != handle->params)
    code = SQLITE_MISMATCH;
  if (code != SQLITE_OK) {
    (void)sqlite3_finalize(wrapper);
    (void)sqlite3_create_module_v2(room->sql, name, NULL, NULL, NULL);
    return code;
  }
  handle->statement = wrapper;
  handle->stale = 0;
  *statement = wrapper;
  (void)sqlite3_finalize(original);
  return SQLITE_OK;
}

/* For EXPLAIN, binds what is explained. */
static int prepare_plan(tvi_query_handle *handle, sqlite3_stmt *original) {
  sqlite3_stmt *body = original;
  int status = TV_OK, code = SQLITE_OK;

  if (handle->explain) code = sqlite3_prepare_v2(handle->room->sql, handle->body, -1, &body, NULL);
  if (code == SQLITE_OK)
    status = tvi_query_plan(handle->room, handle->body, body, &handle->plan, handle->reason);
  if (body != original) (void)sqlite3_finalize(body);
  return status != TV_OK ? SQLITE_NOMEM : code;
}

/* Replaces *statement by one over a plan where there is one. */
static int prepare_select(tvi_query_room *room, const char *sql, size_t size, int kind, size_t body,
                          sqlite3_stmt **statement) {
  tvi_query_handle *handle = tvi_zalloc(sizeof *handle);
  int code;

  if (handle == NULL) return SQLITE_NOMEM;
  handle->room = room;
  handle->number = ++room->numbers;
  handle->explain = kind == 2;
  handle->columns = sqlite3_column_count(*statement);
  handle->params = sqlite3_bind_parameter_count(*statement);
  handle->sql = prepare_copy(sql, size);
  handle->body = prepare_copy(sql + body, size - body);
  code =
      handle->sql == NULL || handle->body == NULL ? SQLITE_NOMEM : prepare_plan(handle, *statement);
  if (code == SQLITE_OK && handle->plan != NULL && handle->params > PREPARE_PARAMS_MAX) {
    tvi_plan_free(handle->plan);
    handle->plan = NULL;
    sqlite3_snprintf(sizeof handle->reason, handle->reason, "it has more than %d parameters",
                     PREPARE_PARAMS_MAX);
  }
  memcpy(room->reason, handle->reason, sizeof room->reason);
  if (code != SQLITE_OK || (handle->plan == NULL && !handle->explain)) {
    tvi_query_handle_free(handle);
    return code;
  }
  code = prepare_replace(handle, statement);
  if (code == SQLITE_OK || code == SQLITE_NOMEM) return code;
  sqlite3_snprintf(sizeof room->reason, room->reason,
                   "the types of its columns cannot be declared again");
  return SQLITE_OK;
}

int tv_sql_prepare(sqlite3 *connection, const char *sql, int bytes, sqlite3_stmt **out,
                   const char **tail) {
  const char *end = NULL;
  int code = sqlite3_prepare_v2(connection, sql, bytes, out, &end), kind;
  tvi_query_room *room;
  size_t size, body;

  if (tail != NULL) *tail = end;
  if (code != SQLITE_OK || *out == NULL) return code;
  room = tvi_query_room_of(connection);
  if (room == NULL) return SQLITE_OK;
  sqlite3_snprintf(sizeof room->reason, room->reason, "%s", TVI_QUERY_NO_TABLE);
  if (!tvi_query_room_has_tables(room)) return SQLITE_OK;
  size = (size_t)(end - sql);
  kind = size < UINT32_MAX ? prepare_kind(sql, size, &body) : 0;
  if (kind == 0) return SQLITE_OK;
  tvi_query_room_sweep(room);
  code = prepare_select(room, sql, size, kind, body, out);
  if (code == SQLITE_OK) return SQLITE_OK;
  (void)sqlite3_finalize(*out);
  *out = NULL;
  return code;
}

const char *tv_sql_text(sqlite3_stmt *statement) {
  tvi_query_room *room = tvi_query_room_of(sqlite3_db_handle(statement));
  const char *text = sqlite3_sql(statement);
  const tvi_query_handle *handle = room == NULL || text == NULL ? NULL : room->handles;

  for (; handle != NULL; handle = handle->next)
    if (handle->statement == statement && strcmp(handle->wrapper, text) == 0) return handle->sql;
  return text;
}

const char *tv_sql_declined(sqlite3 *connection) {
  tvi_query_room *room = tvi_query_room_of(connection);
  if (room == NULL) return TVI_QUERY_NO_TABLE;
  return room->reason[0] == '\0' ? NULL : room->reason;
}

void tv_sql_profile(sqlite3 *connection, tv_sql_profile_fn line, void *ctx) {
  tvi_query_room *room = tvi_query_room_of(connection);
  int i;
  for (i = 0; room != NULL && i < room->lines; i++) {
    const tvi_query_line *of = &room->line[i];
    line(ctx, of->depth, of->text, of->rows, of->ns);
  }
}
