/* SPDX-License-Identifier: MIT */
/*
 * The module kv: the table function kv('bucket') and, by CREATE VIRTUAL TABLE t USING kv('bucket'),
 * a writable table over the bucket t. SQLite allows one module to be both only if creating and
 * connecting are the same function. So there is one rule for both: a table whose connection happens
 * to hold a write transaction sees to it that its bucket exists; else nothing is written, and a
 * bucket that is not there reads as empty and is made by the first INSERT. Two modules under two
 * names were rejected: one word for one thing.
 */
#include <string.h>

#include "kv_table_internal.h"

static const char *const kv_table_affinities[] = {"BLOB", "TEXT", "INTEGER"};

static void kv_table_free(tvi_kv_table *table) {
  if (table == NULL) return;
  tvi_free(table->name);
  tvi_free(table->bucket);
  tvi_free(table);
}

/* Whether text is UTF-16 in this database: BINARY then compares other bytes than the bucket. */
static int kv_table_is_utf16(sqlite3 *sql, int *utf16) {
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(sql, "PRAGMA encoding", -1, &statement, NULL);

  if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(statement, 0);
    *utf16 = name == NULL || strcmp(name, "UTF-8") != 0;
  }
  return code != SQLITE_OK ? code : sqlite3_finalize(statement);
}

int tvi_kv_table_ensure(tvi_kv_table *table, tv_bucket **bucket, tv_error *err) {
  tv_txn *txn;
  int status = tvi_conn_write(table->module->conn, &txn, err);

  if (status != TV_OK) return status;
  status = tv_kv_open(txn, table->bucket, TV_CREATE, &table->options, bucket);
  if (status < 0 && err != NULL) *err = *tv_txn_error(txn);
  return status;
}

/* Makes the bucket of a table that is being created. */
static int kv_table_make(tvi_kv_table *table, tv_bucket **bucket, tv_error *err) {
  int status = tvi_conn_follow(table->sql, err);
  return status == TV_OK ? tvi_kv_table_ensure(table, bucket, err) : status;
}

/* The types to declare: those of the bucket where there is one, else those it would get. */
static int kv_table_types(tvi_kv_table *table, tv_bucket_options *options, tv_error *err) {
  tvi_conn *conn = table->module->conn;
  tv_bucket *bucket;
  tv_txn *txn;
  int status;

  *options = table->options;
  status = tvi_conn_peek_begin(conn, &txn, err);
  if (status != TV_OK) return status;
  status = tv_kv_open(txn, table->bucket, 0, NULL, &bucket);
  if (status == TV_OK)
    tv_kv_options(bucket, options);
  else if (status != TV_ENOBUCKET)
    *err = *tv_txn_error(txn);
  tvi_conn_peek_end(conn, txn);
  if (status != TV_ENOBUCKET) return status;
  if (sqlite3_txn_state(table->sql, sqlite3_db_name(table->sql, 0)) != SQLITE_TXN_WRITE)
    return TV_OK;
  return kv_table_make(table, &bucket, err);
}

static const char *kv_table_affinity(int32_t type) {
  return kv_table_affinities[type == TV_COLUMN_TEXT || type == TV_COLUMN_INTEGER ? type : 0];
}

static int kv_table_declare(tvi_kv_table *table, char **message) {
  tv_bucket_options options;
  tv_error err = {0};
  char *sql;
  int status, code;

  if (table->bucket == NULL)
    return sqlite3_declare_vtab(
        table->sql,
        "CREATE TABLE x(key, value, bucket HIDDEN, second HIDDEN, expires INTEGER HIDDEN, "
        "version INTEGER HIDDEN, entry BLOB HIDDEN PRIMARY KEY) WITHOUT ROWID");
  status = kv_table_types(table, &options, &err);
  if (status != TV_OK) {
    *message = sqlite3_mprintf("table %s: %s", table->name,
                               err.message[0] != '\0' ? err.message : tv_status_name(status));
    return tvi_sql_code(status);
  }
  sql = sqlite3_mprintf(
      "CREATE TABLE x(key %s PRIMARY KEY, value %s, bucket TEXT HIDDEN, expires INTEGER HIDDEN, "
      "version INTEGER HIDDEN) WITHOUT ROWID",
      kv_table_affinity(options.key_type), kv_table_affinity(options.value_type));
  if (sql == NULL) return SQLITE_NOMEM;
  code = sqlite3_declare_vtab(table->sql, sql);
  sqlite3_free(sql);
  return code;
}

/* Fills the table from CREATE VIRTUAL TABLE's words: module, database, table, arguments. */
static int kv_table_describe(tvi_kv_table *table, int argc, const char *const *argv,
                             char **message) {
  const char *main_name = sqlite3_db_name(table->sql, 0);

  table->name = tvi_word_copy(argv[2]);
  if (table->name == NULL) return SQLITE_NOMEM;
  if (argc == 3 && sqlite3_stricmp(argv[0], argv[2]) == 0) return SQLITE_OK;
  if (main_name != NULL && sqlite3_stricmp(argv[1], main_name) != 0) {
    *message =
        sqlite3_mprintf("kv: table %s must be in database %s, where the bucket is, not in %s",
                        argv[2], main_name, argv[1]);
    return SQLITE_ERROR;
  }
  return tvi_kv_args_parse(argc - 3, argv + 3, &table->bucket, &table->options, message);
}

static int kv_table_connect(sqlite3 *sql, void *module, int argc, const char *const *argv,
                            sqlite3_vtab **out, char **message) {
  tvi_kv_table *table = tvi_zalloc(sizeof *table);
  int code;

  if (table == NULL) return SQLITE_NOMEM;
  table->module = module;
  table->base.conn = table->module->conn;
  table->sql = sql;
  code = kv_table_describe(table, argc, argv, message);
  if (code == SQLITE_OK) code = kv_table_is_utf16(sql, &table->utf16);
  if (code == SQLITE_OK) code = kv_table_declare(table, message);
  if (code == SQLITE_OK) code = sqlite3_vtab_config(sql, SQLITE_VTAB_CONSTRAINT_SUPPORT, 1);
  if (code != SQLITE_OK) {
    kv_table_free(table);
    return code;
  }
  *out = &table->base.vtab;
  return SQLITE_OK;
}

/* Also DROP TABLE: the table goes, the bucket stays. */
static int kv_table_disconnect(sqlite3_vtab *vtab) {
  kv_table_free((tvi_kv_table *)vtab);
  return SQLITE_OK;
}

static int kv_table_rename(sqlite3_vtab *vtab, const char *name) {
  tvi_kv_table *table = (tvi_kv_table *)vtab;
  char *copy = tvi_word_copy(name);

  if (copy == NULL) return SQLITE_NOMEM;
  tvi_free(table->name);
  table->name = copy;
  return SQLITE_OK;
}

static const sqlite3_module kv_table_methods = {
    .iVersion = 2,
    .xCreate = kv_table_connect,
    .xConnect = kv_table_connect,
    .xBestIndex = tvi_kv_best_index,
    .xDisconnect = kv_table_disconnect,
    .xDestroy = kv_table_disconnect,
    .xOpen = tvi_kv_scan_open,
    .xClose = tvi_kv_scan_close,
    .xFilter = tvi_kv_scan_filter,
    .xNext = tvi_kv_scan_next,
    .xEof = tvi_kv_scan_eof,
    .xColumn = tvi_kv_scan_column,
    .xUpdate = tvi_kv_update,
    .xBegin = tvi_conn_table_transaction,
    .xSync = tvi_conn_table_transaction,
    .xCommit = tvi_conn_table_transaction,
    .xRollback = tvi_conn_table_transaction,
    .xRename = kv_table_rename,
    .xSavepoint = tvi_conn_table_savepoint,
    .xRelease = tvi_conn_table_release,
    .xRollbackTo = tvi_conn_table_rollback_to,
};

int tvi_module_kv_register(sqlite3 *sql, tvi_conn *conn) {
  tvi_kv_module *module = tvi_zalloc(sizeof *module);

  if (module == NULL) return SQLITE_NOMEM;
  module->conn = conn;
  /* SQLite calls tvi_free also when this fails. */
  return sqlite3_create_module_v2(sql, "kv", &kv_table_methods, module, tvi_free);
}
