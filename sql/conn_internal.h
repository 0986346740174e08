/* SPDX-License-Identifier: MIT */
/*
 * The connection: the one place where SQLite's locks and savepoints meet the engine's transaction.
 * VFS, virtual tables and executor take the transaction only from here.
 */
#ifndef TRIVET_CONN_INTERNAL_H
#define TRIVET_CONN_INTERNAL_H

#include "layer_internal.h"
#include "sqlite_internal.h"

typedef struct tvi_conn tvi_conn;

/* The connection behind a sqlite3*; NULL when its main database is not a Trivet store. */
tvi_conn *tvi_conn_of(sqlite3 *sql);
tv_db *tvi_conn_db(tvi_conn *conn);

/*
 * The transaction that statements read from now: the write transaction, else the read snapshot,
 * else the joined one. For xFilter, xNext, xColumn, where SQLite holds its lock. *generation
 * changes whenever the transaction is another one than before: a cursor that finds it changed opens
 * its bucket or graph again and seeks by its last key. Returns SQLITE_OK or SQLITE_MISUSE (none).
 */
int tvi_conn_read(tvi_conn *conn, tv_txn **txn, uint64_t *generation);

/* For xConnect and xBestIndex, where SQLite holds no lock: the current transaction, or a short
 * snapshot of its own. Returns a tv_status; each success is paired with tvi_conn_peek_end. */
int tvi_conn_peek_begin(tvi_conn *conn, tv_txn **txn, tv_error *err);
void tvi_conn_peek_end(tvi_conn *conn, tv_txn *txn);

/* For xUpdate: the write transaction, with SQL's open savepoints made real in the engine. Returns a
 * tv_status. Page writes go to an overlay from here until those savepoints end. */
int tvi_conn_write(tvi_conn *conn, tv_txn **txn, tv_error *err);

/* What a writable module's xSavepoint, xRelease and xRollbackTo call; any number of tables may
 * repeat the same call. Return an SQLite code. */
int tvi_conn_savepoint(tvi_conn *conn, int n);
int tvi_conn_release(tvi_conn *conn, int n);
int tvi_conn_rollback_to(tvi_conn *conn, int n);

/* What a writable table of the connection begins with, and the transaction methods of a table that
 * keeps nothing of its own between two statements (sql/conn_enlist.c). */
typedef struct tvi_conn_table {
  sqlite3_vtab vtab;
  tvi_conn *conn;
} tvi_conn_table;
int tvi_conn_table_transaction(sqlite3_vtab *vtab); /* xBegin, xSync, xCommit, xRollback */
int tvi_conn_table_savepoint(sqlite3_vtab *vtab, int n);
int tvi_conn_table_release(sqlite3_vtab *vtab, int n);
int tvi_conn_table_rollback_to(sqlite3_vtab *vtab, int n);
/* Before a write that no xUpdate announces: SQLite tells a table of savepoints only once it was
 * written to, so the connection's hidden table tv_enlist listens in its place. */
int tvi_conn_follow(sqlite3 *sql, tv_error *err);

/* ---- Words behind USING module(...) (sql/module_words.c) ---- */

/* Copies a word without blanks around it and without its quotes. NULL: no memory. */
char *tvi_word_unquote(const char *text);
/* Takes `name = value` apart; *value is to be freed with tvi_free. SQLITE_ERROR: there is no '='.
 */
int tvi_word_option(const char *argument, const char **name, size_t *size, char **value);
/* NULL when the word is a yes or no, else what it should have been. */
const char *tvi_word_switch(const char *text, int *on);
char *tvi_word_copy(const char *text);

/* ---- Status translation (sql/sql_status.c) ---- */

/* The SQLite result code for a tv_status. */
int tvi_sql_code(int status);
/* Sets vtab->zErrMsg from err (or the status' name) and returns the SQLite code. */
int tvi_vtab_fail(sqlite3_vtab *vtab, int status, const tv_error *err);

/* ---- Modules (sql/modules.c registers all of them on a connection) ---- */
int tvi_modules_register(sqlite3 *sql, tvi_conn *conn);
int tvi_module_kv_register(sqlite3 *sql, tvi_conn *conn);       /* sql/kv_table*.c */
int tvi_module_graph_register(sqlite3 *sql, tvi_conn *conn);    /* sql/graph_*.c */
int tvi_module_columnar_register(sqlite3 *sql, tvi_conn *conn); /* sql/columnar_*.c */
int tvi_module_query_register(sqlite3 *sql, tvi_conn *conn);    /* sql/query_*.c */

#endif
