/* SPDX-License-Identifier: MIT */
/*
 * C writes inside SQL's transaction. SQLite tells savepoints to the virtual tables that take part
 * in the transaction and to nobody else; so tv_sql_txn makes a hidden one, tv_enlist, take part, by
 * a DELETE that finds no row (an INSERT would count as a change of the application). From then on
 * each savepoint is opened in the engine at once.
 */
#include <string.h>

#include "trivet_sql.h"
#include "vfs_internal.h"

static tvi_conn *enlist_conn(sqlite3_vtab *vtab) {
  return ((tvi_conn_table *)vtab)->conn;
}

int tvi_conn_table_transaction(sqlite3_vtab *vtab) {
  (void)vtab;
  return SQLITE_OK; /* without xBegin SQLite would not call the others */
}

int tvi_conn_table_savepoint(sqlite3_vtab *vtab, int n) {
  return tvi_conn_savepoint(enlist_conn(vtab), n);
}

int tvi_conn_table_release(sqlite3_vtab *vtab, int n) {
  return tvi_conn_release(enlist_conn(vtab), n);
}

int tvi_conn_table_rollback_to(sqlite3_vtab *vtab, int n) {
  return tvi_conn_rollback_to(enlist_conn(vtab), n);
}

int tvi_conn_follow(sqlite3 *sql, tv_error *err) {
  int code = SQLITE_OK;
  if (!sqlite3_get_autocommit(sql))
    code = sqlite3_exec(sql, "DELETE FROM tv_enlist", NULL, NULL, NULL);
  if (code == SQLITE_OK) return TV_OK;
  return tvi_error_set(err, TV_ESQL, code, "it cannot follow SQL's savepoints: %s",
                       sqlite3_errmsg(sql));
}

static int enlist_connect(sqlite3 *sql, void *aux, int argc, const char *const *argv,
                          sqlite3_vtab **out, char **message) {
  tvi_conn_table *vtab;
  int code = sqlite3_declare_vtab(sql, "CREATE TABLE x(held)");
  (void)argc;
  (void)argv;
  (void)message;
  if (code != SQLITE_OK) return code;
  vtab = tvi_zalloc(sizeof *vtab);
  if (vtab == NULL) return SQLITE_NOMEM;
  vtab->conn = aux;
  *out = &vtab->vtab;
  return SQLITE_OK;
}

static int enlist_disconnect(sqlite3_vtab *vtab) {
  tvi_free(vtab);
  return SQLITE_OK;
}

static int enlist_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  (void)vtab;
  info->estimatedCost = 1;
  info->estimatedRows = 0;
  return SQLITE_OK;
}

static int enlist_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  (void)vtab;
  *out = tvi_zalloc(sizeof **out);
  return *out != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

static int enlist_close(sqlite3_vtab_cursor *cursor) {
  tvi_free(cursor);
  return SQLITE_OK;
}

static int enlist_filter(sqlite3_vtab_cursor *cursor, int number, const char *text, int argc,
                         sqlite3_value **argv) {
  (void)cursor;
  (void)number;
  (void)text;
  (void)argc;
  (void)argv;
  return SQLITE_OK;
}

static int enlist_next(sqlite3_vtab_cursor *cursor) {
  (void)cursor;
  return SQLITE_OK;
}

static int enlist_eof(sqlite3_vtab_cursor *cursor) {
  (void)cursor;
  return 1;
}

static int enlist_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column) {
  (void)cursor;
  (void)column;
  sqlite3_result_null(context);
  return SQLITE_OK;
}

static int enlist_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid) {
  (void)cursor;
  *rowid = 0;
  return SQLITE_OK;
}

static int enlist_update(sqlite3_vtab *vtab, int argc, sqlite3_value **argv, sqlite3_int64 *rowid) {
  tv_error err = {0, 0, ""};
  (void)argc;
  (void)argv;
  (void)rowid;
  return tvi_vtab_fail(
      vtab, tvi_error_set(&err, TV_EREADONLY, 0, "tv_enlist takes part and holds nothing"), &err);
}

/* No xCreate: it exists without CREATE VIRTUAL TABLE and in no schema. */
static const sqlite3_module enlist_module = {.iVersion = 2,
                                             .xConnect = enlist_connect,
                                             .xBestIndex = enlist_best_index,
                                             .xDisconnect = enlist_disconnect,
                                             .xOpen = enlist_open,
                                             .xClose = enlist_close,
                                             .xFilter = enlist_filter,
                                             .xNext = enlist_next,
                                             .xEof = enlist_eof,
                                             .xColumn = enlist_column,
                                             .xRowid = enlist_rowid,
                                             .xUpdate = enlist_update,
                                             .xBegin = tvi_conn_table_transaction,
                                             .xSavepoint = tvi_conn_table_savepoint,
                                             .xRelease = tvi_conn_table_release,
                                             .xRollbackTo = tvi_conn_table_rollback_to};

int tvi_module_enlist_register(sqlite3 *sql, tvi_conn *conn) {
  conn->references++; /* given back even when registering fails */
  return sqlite3_create_module_v2(sql, "tv_enlist", &enlist_module, conn, tvi_conn_unref);
}

/* ---- tv_sql_txn ---- */

static int enlist_run(tvi_conn *conn, const char *text, tv_error *err) {
  int code = sqlite3_exec(conn->sql, text, NULL, NULL, NULL);
  return code == SQLITE_OK ? TV_OK : tvi_sql_fail(conn->sql, code, err);
}

/* SQL's savepoints have to reach what C is about to write. */
static int enlist_writer(tvi_conn *conn, tv_txn **out, tv_error *err) {
  int status = TV_OK;
  if (!conn->eager) status = enlist_run(conn, "DELETE FROM tv_enlist", err);
  if (status != TV_OK) return status;
  status = tvi_conn_write(conn, out, err);
  if (status == TV_OK) conn->eager = 1;
  return status;
}

static int enlist_txn(tvi_conn *conn, unsigned mode, tv_txn **out, tv_error *err) {
  int in_begin = !sqlite3_get_autocommit(conn->sql);
  int status = TV_OK;
  if (conn->joined != NULL && !in_begin) {
    *out = conn->joined;
    return TV_OK;
  }
  if (!in_begin)
    return tvi_error_set(err, TV_EMISUSE, 0,
                         "there is no transaction: call tv_sql_txn between BEGIN and COMMIT");
  if ((mode & TV_WRITE) != 0 || conn->lock >= SQLITE_LOCK_RESERVED)
    return enlist_writer(conn, out, err);
  if (conn->lock == SQLITE_LOCK_NONE)
    status = enlist_run(conn, "SELECT 1 FROM main.sqlite_schema LIMIT 1", err);
  if (status != TV_OK) return status;
  *out = tvi_conn_current(conn);
  if (*out == NULL)
    return tvi_error_set(err, TV_EMISUSE, 0, "the joined transaction has ended: run ROLLBACK");
  return TV_OK;
}

int tv_sql_txn(sqlite3 *connection, unsigned mode, tv_txn **out, tv_error *err) {
  tvi_conn *conn;
  int status;
  if (connection == NULL || out == NULL)
    return tvi_error_set(err, TV_EINVAL, 0, "tv_sql_txn needs a connection and a place for *out");
  *out = NULL;
  sqlite3_mutex_enter(sqlite3_db_mutex(connection));
  conn = tvi_conn_of(connection);
  status = conn != NULL ? enlist_txn(conn, mode, out, err)
                        : tvi_error_set(err, TV_EINVAL, 0,
                                        "the connection's main database is no Trivet store");
  sqlite3_mutex_leave(sqlite3_db_mutex(connection));
  return status;
}
