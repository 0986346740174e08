/* SPDX-License-Identifier: MIT */
/*
 * trivet_sql.h - SQL over the store, by SQLite.
 *
 * A connection is a real sqlite3*, whose main database lives inside the Trivet file: its pages are
 * values of one store. Tables, indexes, views, triggers and FTS5 persist there, and a SQL COMMIT is
 * the commit of the one transaction: KV and graph writes made through the connection commit with
 * it.
 *
 * In SQL, buckets and graphs are tables: kv('bucket'), graph_nodes('g'), graph_edges('g'),
 * graph_neighbors('g', key, ...), graph_khop('g', key, depth, ...), graph_path('g', from, to, ...),
 * graph_pagerank('g'), graph_components('g'), graph_triangles('g'),
 * and CREATE VIRTUAL TABLE t USING kv('bucket') makes a writable view of a bucket. See docs/sql.md.
 *
 * Two ways to have C calls and SQL in one transaction:
 *  - SQL leads: BEGIN in SQL, then tv_sql_txn gives C code the transaction; COMMIT in SQL.
 *  - C leads: tv_begin in C, then tv_sql_join runs the connection's statements inside it; tv_commit
 * in C.
 *
 * Example (compiled and run by tests/sql/test_header_example.c):
 *
 *     sqlite3 *sql;
 *     tv_sql_open(db, 0, &sql, &err);
 *     tv_begin(db, TV_WRITE, &txn, &err);
 *     tv_sql_join(sql, txn);
 *     sqlite3_exec(sql, "INSERT INTO orders VALUES (1, 'ada')", NULL, NULL, NULL);
 *     tv_kv_put(users, tv_str("ada"), tv_str("..."));
 *     tv_sql_leave(sql);
 *     tv_commit(txn, &err);
 */
#ifndef TRIVET_SQL_H
#define TRIVET_SQL_H

#include <sqlite3.h>

#include "trivet.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  TV_SQL_READONLY = 1u << 0,
  TV_SQL_THREAD_BOUND = 1u << 1 /* the connection stays on one thread: its write transactions begin
                                   and commit without the hand-over of TV_MOVABLE */
};

/*
 * Opens a SQL connection on a database. Close it with sqlite3_close; the database must outlive
 * it no longer than that (the connection holds a handle of its own). Waiting for the writer's turn
 * follows busy_wait_ms of the database; PRAGMA busy_timeout changes it. Returns: TV_OK; TV_ESQL
 * with SQLite's code and message; TV_ECORRUPT; TV_EREADONLY; TV_ENOMEM.
 */
TV_API int tv_sql_open(tv_db *db, unsigned flags, sqlite3 **out, tv_error *err);

/* The database behind a connection; NULL when its main database is no Trivet store. */
TV_API tv_db *tv_sql_db(sqlite3 *connection);

/*
 * Runs the connection's statements inside a transaction that the caller holds, until tv_sql_leave
 * or the transaction's end. There BEGIN opens a savepoint, ROLLBACK returns to it, and COMMIT never
 * ends the caller's transaction. In a read transaction the connection reads that snapshot and
 * writes are refused. Returns: TV_OK; TV_EMISUSE when the connection has a transaction or an
 * unfinished statement, has joined already, or belongs to another database; tv_txn_error(txn) says
 * which.
 */
TV_API int tv_sql_join(sqlite3 *connection, tv_txn *txn);
/* Returns TV_EMISUSE when statements or a BEGIN are still open. */
TV_API int tv_sql_leave(sqlite3 *connection);

/*
 * The transaction that SQL's BEGIN began (or that was joined), for C calls on KV and graph inside
 * it. mode TV_WRITE makes it a write transaction first, where BEGIN was deferred. C writes follow
 * SQL's SAVEPOINT, ROLLBACK TO and ROLLBACK. It is not to be committed or aborted by the caller.
 * Lifetime: until SQL's COMMIT or ROLLBACK; ask again after each SQL statement that writes.
 * Returns: TV_OK; TV_EMISUSE outside BEGIN; TV_EBUSY; TV_ECONFLICT when the snapshot read so far is
 * not the newest any more (ROLLBACK and run it again); TV_ESQL.
 */
TV_API int tv_sql_txn(sqlite3 *connection, unsigned mode, tv_txn **out, tv_error *err);

/* ---- Loading ---- */

enum {
  TV_SQL_LOAD_NULLS = 1u << 0,   /* an empty field without quotes is NULL in text columns too */
  TV_SQL_LOAD_TRAILING = 1u << 1 /* a separator may stand behind a line's last field */
};

/* All zero is the default of every field. */
typedef struct tv_sql_load_options {
  unsigned flags;
  char separator;                            /* 0: ',' */
  uint64_t line;                             /* the number of the text's first line; 0: 1 */
  int (*progress)(void *ctx, uint64_t rows); /* every 65,536 rows; non-zero ends it: TV_EINTR */
  void *ctx;
} tv_sql_load_options;

/*
 * Inserts the rows of a text in CSV (RFC 4180; UTF-8) into a columnar table: a field for each
 * column, in their order, without a header. A field is converted as an INSERT of the text would be;
 * an empty one without quotes is NULL in a column of numbers or dates. All rows or none: within a
 * savepoint, in a transaction of its own when none is open. text may lie in a map and is not
 * changed. *rows (may be NULL): how many there were.
 * Returns: TV_OK; TV_EINVAL (no columnar table; the text: "line N: ..."); TV_ESQL (a value or a
 *   conflict: "line N: ...", with SQLite's code; SQLite failed); TV_EINTR; TV_ENOMEM.
 * Cost: some 20 ns per field, a third of what INSERT takes.
 */
TV_API int tv_sql_load(sqlite3 *connection, const char *table, const char *text, size_t size,
                       const tv_sql_load_options *options, uint64_t *rows, tv_error *err);

/* ---- The analytic executor ---- */

/*
 * As sqlite3_prepare_v2, of which it takes the arguments and returns the code; but a SELECT over
 * columnar tables that the analytic executor covers becomes a statement that runs there. It is an
 * ordinary statement, with the columns' names, declared types and parameters that SQLite gives the
 * same text; only sqlite3_sql shows another one (see tv_sql_text). Rows without ORDER BY may come
 * in another order. What the executor does not cover runs in SQLite, over the same tables, with the
 * same answer. Lifetime: until sqlite3_finalize; its plan goes at a later tv_sql_prepare, or with
 * the connection. Cost: SQLite prepares the text, and a second, short one.
 * docs/executor.md says what is covered and what PRAGMA tv_executor, tv_threads, tv_memory and
 * tv_deadline do.
 */
TV_API int tv_sql_prepare(sqlite3 *connection, const char *sql, int bytes, sqlite3_stmt **out,
                          const char **tail);
/* The text that the statement was prepared from. Lifetime: the statement's. */
TV_API const char *tv_sql_text(sqlite3_stmt *statement);
/* Why the statement that tv_sql_prepare prepared or stepped last runs in SQLite; NULL: it runs in
 * the executor. Lifetime: until the connection's next call. */
TV_API const char *tv_sql_declined(sqlite3 *connection);

/* One operator of a plan. depth: how many operators take its rows; rows: that left it; ns: time of
 * all threads together. */
typedef void (*tv_sql_profile_fn)(void *ctx, int depth, const char *text, uint64_t rows,
                                  uint64_t ns);
/* Calls `line` for each operator of the executor's last run on this connection; for none when
 * SQLite ran it. */
TV_API void tv_sql_profile(sqlite3 *connection, tv_sql_profile_fn line, void *ctx);

/* What a check calls; each function may be NULL. */
typedef struct tv_sql_check_hooks {
  /* A sentence for each of the first 100 problems; page 0: of none. */
  void (*report)(void *ctx, uint32_t page, const char *sentence);
  /* Every 10,000 pages; non-zero ends the check with TV_STOP. */
  int (*progress)(void *ctx, uint64_t pages);
  void *ctx; /* of both */
} tv_sql_check_hooks;

typedef struct tv_sql_check_report {
  uint64_t pages;    /* looked at */
  uint64_t problems; /* 0: sound */
} tv_sql_check_report;

/*
 * Compares the checksum of each stored SQL page, as the transaction sees them. What the pages mean
 * is for PRAGMA integrity_check, afterwards. hooks and out may be NULL.
 * Returns: TV_OK (sound), TV_ECORRUPT (problems; the transaction's error names the first), TV_STOP,
 *   TV_ENOMEM. Cost: reads every page once.
 */
TV_API int tv_sql_check_pages(tv_txn *txn, const tv_sql_check_hooks *hooks,
                              tv_sql_check_report *out);

/*
 * Checks every columnar table of the connection, as its next statement would see them: each
 * segment's checksum and blocks, delete bits, rows of the delta, counts. hooks (pages: segments;
 * the progress once per row group) and out may be NULL. Returns: TV_OK (sound), TV_ECORRUPT
 * (problems; each was told, with table, column and row group), TV_STOP, TV_EINVAL (no store),
 * TV_ENOMEM. Cost: reads and decodes every segment once.
 */
TV_API int tv_sql_check_columnar(sqlite3 *connection, const tv_sql_check_hooks *hooks,
                                 tv_sql_check_report *out, tv_error *err);

#ifdef __cplusplus
}
#endif
#endif
