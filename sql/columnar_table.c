/* SPDX-License-Identifier: MIT */
/*
 * The module columnar: CREATE VIRTUAL TABLE t USING columnar(...) makes a table whose rows lie in
 * the store, column by column; DROP TABLE removes them. Table functions that show a table's inside
 * were rejected: the row groups are nobody's to rely on.
 */
#include <string.h>

#include "columnar_internal.h"
#include "vfs_internal.h"

static void columnar_table_free(tvi_columnar *table) {
  if (table == NULL) return;
  if (table->before != NULL) {
    *table->before = table->next;
    if (table->next != NULL) table->next->before = table->before;
  }
  tvi_columnar_write_free(table);
  tvi_col_schema_free(&table->schema);
  tvi_free(table->name);
  sqlite3_free(table->base.zErrMsg); /* SQLite leaves what a failed xDestroy said */
  tvi_free(table);
}

static int columnar_is_utf16(sqlite3 *sql, int *utf16) {
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(sql, "PRAGMA encoding", -1, &statement, NULL);

  if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(statement, 0);
    *utf16 = name == NULL || strcmp(name, "UTF-8") != 0;
  }
  return code != SQLITE_OK ? code : sqlite3_finalize(statement);
}

static int columnar_message(char **message, const tvi_columnar *table, int status,
                            const tv_error *err) {
  *message = sqlite3_mprintf("table %s: %s", table->name,
                             err->message[0] != '\0' ? err->message : tv_status_name(status));
  return *message == NULL ? SQLITE_NOMEM : tvi_sql_code(status);
}

/* The write transaction for what no xUpdate announces. */
static int columnar_write_begin(tvi_columnar *table, tv_txn **txn, tv_error *err) {
  int status = tvi_conn_follow(table->sql, err);
  return status == TV_OK ? tvi_conn_write(table->module->conn, txn, err) : status;
}

static int columnar_data_create(tvi_columnar *table, char **message) {
  tv_error err = {0};
  tv_txn *txn;
  int status = columnar_write_begin(table, &txn, &err);

  if (status == TV_OK) {
    status = tvi_col_store_create(&table->store, txn);
    if (status != TV_OK) err = *tv_txn_error(txn);
    table->store.main = NULL;
  }
  return status == TV_OK ? SQLITE_OK : columnar_message(message, table, status, &err);
}

/* A statement stepped after the interruption fails with it; this SQLite has no other way to ask. */
int tvi_columnar_interrupted(sqlite3 *sql) {
  return sqlite3_exec(sql, "SELECT 1", NULL, NULL, NULL) == SQLITE_INTERRUPT;
}

static int columnar_declare(tvi_columnar *table) {
  char *text = tvi_col_schema_sql(&table->schema);
  int code = text == NULL ? SQLITE_NOMEM : sqlite3_declare_vtab(table->sql, text);

  sqlite3_free(text);
  if (code == SQLITE_OK) code = sqlite3_vtab_config(table->sql, SQLITE_VTAB_CONSTRAINT_SUPPORT, 1);
  return code;
}

static int columnar_describe(tvi_columnar *table, int argc, const char *const *argv,
                             char **message) {
  const char *main_name = sqlite3_db_name(table->sql, 0);

  if (main_name != NULL && sqlite3_stricmp(argv[1], main_name) != 0) {
    *message = sqlite3_mprintf(
        "columnar: table %s must be in database %s, where the store is, "
        "not in %s",
        argv[2], main_name, argv[1]);
    return SQLITE_ERROR;
  }
  table->name = tvi_word_copy(argv[2]);
  if (table->name == NULL) return SQLITE_NOMEM;
  table->store.name = table->name;
  table->store.schema = &table->schema;
  return tvi_col_schema_parse(argc - 3, argv + 3, &table->schema, message);
}

static int columnar_make(sqlite3 *sql, void *module, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **message, int create) {
  tvi_columnar *table = tvi_zalloc(sizeof *table);
  int code;

  if (table == NULL) return SQLITE_NOMEM;
  table->module = module;
  table->sql = sql;
  code = columnar_describe(table, argc, argv, message);
  if (code == SQLITE_OK) code = columnar_is_utf16(sql, &table->utf16);
  if (code == SQLITE_OK) code = columnar_declare(table);
  if (code == SQLITE_OK && create) code = columnar_data_create(table, message);
  if (code != SQLITE_OK) {
    columnar_table_free(table);
    return code;
  }
  table->next = table->module->tables;
  table->before = &table->module->tables;
  if (table->next != NULL) table->next->before = &table->next;
  table->module->tables = table;
  *out = &table->base;
  return SQLITE_OK;
}

static int columnar_create(sqlite3 *sql, void *module, int argc, const char *const *argv,
                           sqlite3_vtab **out, char **message) {
  return columnar_make(sql, module, argc, argv, out, message, 1);
}

static int columnar_connect(sqlite3 *sql, void *module, int argc, const char *const *argv,
                            sqlite3_vtab **out, char **message) {
  return columnar_make(sql, module, argc, argv, out, message, 0);
}

static int columnar_disconnect(sqlite3_vtab *vtab) {
  columnar_table_free((tvi_columnar *)vtab);
  return SQLITE_OK;
}

static int columnar_destroy(sqlite3_vtab *vtab) {
  tvi_columnar *table = (tvi_columnar *)vtab;
  tv_error err = {0};
  tv_txn *txn;
  int status = columnar_write_begin(table, &txn, &err);

  tvi_columnar_forget(table);
  if (status != TV_OK) return tvi_vtab_fail(vtab, status, &err);
  status = tvi_col_store_open(&table->store, txn);
  if (status == TV_OK) status = tvi_col_store_drop(&table->store);
  /* Damage, or absence, must not keep a table from being dropped. */
  if (status != TV_OK && status != TV_ENOSTORE && status != TV_ECORRUPT)
    return tvi_columnar_fail(table, status, txn);
  columnar_table_free(table);
  return SQLITE_OK;
}

static int columnar_rename(sqlite3_vtab *vtab, const char *name) {
  tvi_columnar *table = (tvi_columnar *)vtab;
  char *copy = tvi_word_copy(name);
  tv_error err = {0};
  tv_txn *txn;
  int status;

  if (copy == NULL) return SQLITE_NOMEM;
  status = columnar_write_begin(table, &txn, &err);
  if (status == TV_OK) status = tvi_columnar_flush(table, &err);
  if (status != TV_OK) {
    tvi_free(copy);
    return tvi_vtab_fail(vtab, status, &err);
  }
  table->store.main = NULL; /* it may be another transaction's */
  status = tvi_col_store_open(&table->store, txn);
  if (status == TV_OK) status = tvi_col_store_rename(&table->store, copy);
  if (status != TV_OK) {
    tvi_free(copy);
    return tvi_columnar_fail(table, status, txn);
  }
  tvi_free(table->name);
  table->name = copy;
  table->store.name = copy;
  return SQLITE_OK;
}

/* ---- Transactions ---- */

static int columnar_begin(sqlite3_vtab *vtab) {
  (void)vtab;
  return SQLITE_OK;
}

static int columnar_sync(sqlite3_vtab *vtab) {
  tv_error err = {0};
  int status = tvi_columnar_settle((tvi_columnar *)vtab, &err);
  return status == TV_OK ? SQLITE_OK : tvi_vtab_fail(vtab, status, &err);
}

static int columnar_commit(sqlite3_vtab *vtab) {
  tvi_columnar_forget((tvi_columnar *)vtab); /* all of it is written */
  return SQLITE_OK;
}

static int columnar_rollback(sqlite3_vtab *vtab) {
  tvi_columnar_forget((tvi_columnar *)vtab);
  return SQLITE_OK;
}

static int columnar_savepoint(sqlite3_vtab *vtab, int n) {
  return tvi_conn_savepoint(((tvi_columnar *)vtab)->module->conn, n);
}

static int columnar_release(sqlite3_vtab *vtab, int n) {
  return tvi_conn_release(((tvi_columnar *)vtab)->module->conn, n);
}

static int columnar_rollback_to(sqlite3_vtab *vtab, int n) {
  tvi_columnar_forget((tvi_columnar *)vtab);
  return tvi_conn_rollback_to(((tvi_columnar *)vtab)->module->conn, n);
}

static const sqlite3_module columnar_methods = {
    .iVersion = 2,
    .xCreate = columnar_create,
    .xConnect = columnar_connect,
    .xBestIndex = tvi_columnar_best_index,
    .xDisconnect = columnar_disconnect,
    .xDestroy = columnar_destroy,
    .xOpen = tvi_columnar_open,
    .xClose = tvi_columnar_close,
    .xFilter = tvi_columnar_filter,
    .xNext = tvi_columnar_next,
    .xEof = tvi_columnar_eof,
    .xColumn = tvi_columnar_column,
    .xRowid = tvi_columnar_rowid,
    .xUpdate = tvi_columnar_update,
    .xBegin = columnar_begin,
    .xSync = columnar_sync,
    .xCommit = columnar_commit,
    .xRollback = columnar_rollback,
    .xRename = columnar_rename,
    .xSavepoint = columnar_savepoint,
    .xRelease = columnar_release,
    .xRollbackTo = columnar_rollback_to,
};

/* ---- Registering ---- */

/* What tables hold back belongs below the savepoint that is being opened, whichever table SQLite
 * tells of it first. */
static int columnar_before_savepoint(void *ctx) {
  return tvi_columnar_flush_all(ctx, NULL);
}

static void columnar_module_free(void *data) {
  tvi_col_module *module = data;
  tvi_conn *conn = module->conn;

  if (conn->before_savepoint_ctx == module) conn->before_savepoint = NULL;
  tvi_conn_unref(conn);
  tvi_free(module);
}

int tvi_module_columnar_register(sqlite3 *sql, tvi_conn *conn) {
  tvi_col_module *module = tvi_zalloc(sizeof *module);

  if (module == NULL) return SQLITE_NOMEM;
  module->conn = conn;
  conn->references++;
  conn->before_savepoint = columnar_before_savepoint;
  conn->before_savepoint_ctx = module;
  /* SQLite calls columnar_module_free also when this fails. */
  return sqlite3_create_module_v2(sql, "columnar", &columnar_methods, module, columnar_module_free);
}
