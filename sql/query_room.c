/* SPDX-License-Identifier: MIT */
/*
 * What a connection keeps for the executor: its plans and what the last run counted. SQLite tells
 * nobody that a statement was finalized, so plans whose statements are gone are found by walking
 * the connection's statements, each time their number has doubled. Hanging the plan on a parameter
 * (sqlite3_bind_pointer) was rejected: the caller sees the parameter, and may clear it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "query_internal.h"
#include "vfs_internal.h"

#define ROOM_SWEEP_MIN 16
#define ROOM_THREADS_MAX 16
#define ROOM_MEMORY_SHARE 4 /* a run may take a fourth of the machine's memory */

tvi_query_room *tvi_query_room_of(sqlite3 *sql) {
  tvi_conn *conn = tvi_conn_of(sql);
  return conn == NULL ? NULL : conn->query;
}

static void room_unlink(tvi_query_handle *handle) {
  if (handle->before == NULL) return;
  *handle->before = handle->next;
  if (handle->next != NULL) handle->next->before = handle->before;
  handle->before = NULL;
  handle->room->live--;
}

void tvi_query_handle_free(void *data) {
  tvi_query_handle *handle = data;
  if (handle == NULL) return;
  room_unlink(handle);
  tvi_plan_free(handle->plan);
  tvi_free(handle->sql);
  tvi_free(handle->body);
  sqlite3_free(handle->wrapper);
  tvi_free(handle);
}

/* 1 while SQLite has the statement. Another one may lie where it was: its text differs. */
static int room_is_live(const tvi_query_handle *handle) {
  sqlite3_stmt *statement = NULL;
  while ((statement = sqlite3_next_stmt(handle->room->sql, statement)) != NULL) {
    const char *text = statement == handle->statement ? sqlite3_sql(statement) : NULL;
    if (text != NULL && strcmp(text, handle->wrapper) == 0) return 1;
  }
  return 0;
}

void tvi_query_room_sweep(tvi_query_room *room) {
  tvi_query_handle *handle, *next;
  char name[40];

  if (room->live < room->sweep_at) return;
  for (handle = room->handles; handle != NULL; handle = next) {
    next = handle->next;
    if (room_is_live(handle)) continue;
    sqlite3_snprintf(sizeof name, name, "trivet plan %llu", (unsigned long long)handle->number);
    room_unlink(handle);
    /* Frees the handle, now or when SQLite next prepares a statement. */
    (void)sqlite3_create_module_v2(room->sql, name, NULL, NULL, NULL);
  }
  room->sweep_at = room->live * 2 < ROOM_SWEEP_MIN ? ROOM_SWEEP_MIN : room->live * 2;
}

/* ---- What the last run counted ---- */

void tvi_query_room_forget_lines(tvi_query_room *room) {
  while (room->lines > 0) tvi_free(room->line[--room->lines].text);
}

void tvi_query_room_keep_lines(tvi_query_room *room, const tvi_exec *exec) {
  int i, count;
  const tvi_exec_line *from = tvi_exec_lines(exec, &count);

  tvi_query_room_forget_lines(room);
  if (count > room->lines_room) {
    tvi_query_line *grown = tvi_realloc(room->line, (size_t)count * sizeof *grown);
    if (grown == NULL) return; /* they are for show only */
    room->line = grown;
    room->lines_room = count;
  }
  for (i = 0; i < count; i++) {
    size_t size = strlen(from[i].text) + 1;
    char *text = tvi_alloc(size);
    if (text == NULL) return;
    memcpy(text, from[i].text, size);
    room->line[room->lines++] = (tvi_query_line){text, from[i].depth, from[i].rows, from[i].ns};
  }
}

/* ---- Binding ---- */

int tvi_query_room_has_tables(const tvi_query_room *room) {
  const tvi_col_module *module = room->conn->before_savepoint_ctx;
  return module != NULL && module->tables != NULL;
}

int tvi_query_plan(tvi_query_room *room, const char *sql, sqlite3_stmt *statement, tvi_plan **plan,
                   char reason[160]) {
  tvi_query query;
  int status;

  *plan = NULL;
  reason[0] = '\0';
  if (!room->conn->executor) {
    sqlite3_snprintf(160, reason, "PRAGMA tv_executor is off");
    return TV_OK;
  }
  /* SQLite has connected every table that the statement names. */
  if (!tvi_query_room_has_tables(room) || !sqlite3_stmt_readonly(statement)) {
    sqlite3_snprintf(160, reason, "%s", TVI_QUERY_NO_TABLE);
    return TV_OK;
  }
  status = tvi_query_parse(&query, sql, (uint32_t)strlen(sql));
  if (status == TV_OK) status = tvi_query_bind(&query, room->sql, room->conn, statement, plan);
  memcpy(reason, query.reason, sizeof query.reason);
  tvi_query_free(&query);
  return status;
}

/* ---- The connection ---- */

static void room_free(void *data) {
  tvi_query_room *room = data;
  tvi_conn *conn = room->conn;

  tvi_query_room_forget_lines(room);
  tvi_free(room->line);
  /* Plans that outlive the room find nothing to leave: SQLite frees modules in any order. */
  while (room->handles != NULL) {
    tvi_query_handle *handle = room->handles;
    room->handles = handle->next;
    handle->before = NULL;
  }
  if (conn->query == room) conn->query = NULL;
  tvi_conn_unref(conn);
  tvi_free(room);
}

static void room_settings(tvi_conn *conn) {
  const char *executor = getenv("TRIVET_EXECUTOR");
  long processors = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES);
  long page = sysconf(_SC_PAGESIZE);

  conn->executor = executor == NULL || strcmp(executor, "off") != 0;
  conn->threads = processors < 1                  ? 1
                  : processors > ROOM_THREADS_MAX ? ROOM_THREADS_MAX
                                                  : (int)processors;
  conn->memory_bytes =
      pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page / ROOM_MEMORY_SHARE : 0;
}

int tvi_module_query_register(sqlite3 *sql, tvi_conn *conn) {
  tvi_query_room *room = tvi_zalloc(sizeof *room);

  if (room == NULL) return SQLITE_NOMEM;
  room->conn = conn;
  room->sql = sql;
  room->sweep_at = ROOM_SWEEP_MIN;
  conn->references++;
  conn->query = room;
  room_settings(conn);
  return tvi_query_function_register(sql, room, room_free);
}
