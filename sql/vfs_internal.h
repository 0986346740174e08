/* SPDX-License-Identifier: MIT */
/*
 * The inside of a SQL connection, shared by sql/vfs*.c (SQLite's pages as values of a store) and
 * sql/conn*.c (SQLite's locks and savepoints as transactions and savepoints of the engine). Other
 * rooms use conn_internal.h.
 *
 * Pages. The store "main" of kind TVI_KIND_SQL holds page number (u32, big-endian) -> page data
 * without the reserved bytes, followed by its XXH3-64 (little-endian): page size - 16 bytes in all,
 * which fill exactly one overflow page of LMDB.
 *
 * Which transaction serves a page: the write transaction, else the joined one, else the read
 * snapshot. The snapshot stays open beside a write transaction, because SQLite's cursors may still
 * hold pages that were fetched from it in place.
 */
#ifndef TRIVET_VFS_INTERNAL_H
#define TRIVET_VFS_INTERNAL_H

#include <stdatomic.h>

#include "conn_internal.h"

#define TVI_VFS_NAME "trivet"
#define TVI_PAGE_RESERVED 24 /* bytes that SQLite leaves unused at the end of each page */
#define TVI_PAGE_SUM 8       /* of these, stored: the checksum */

/* ---- The overlay: written pages that must outlive a rollback of the engine ---- */

#define TVI_OVERLAY_NO_LIMIT UINT32_MAX

typedef struct tvi_overlay_entry {
  uint32_t page; /* 0: empty place in the hash */
  uint32_t slot; /* where its value is */
  int dropped;   /* truncated away since */
} tvi_overlay_entry;

/* All zero but for value_bytes is an empty overlay. */
typedef struct tvi_overlay {
  size_t value_bytes;
  tvi_overlay_entry *entries; /* open addressing, a power of two */
  size_t capacity, count;
  uint32_t slots;         /* slots given out */
  unsigned char **blocks; /* heap slots, TVI_OVERLAY_BLOCK a block */
  size_t blocks_count;
  sqlite3_file *spill; /* later slots; NULL until the heap's share is used up */
  int truncated;       /* 1: pages of the store beyond store_limit count as deleted */
  uint32_t store_limit;
} tvi_overlay;

int tvi_overlay_put(tvi_overlay *overlay, uint32_t page, const void *value);
/* TV_OK and the value copied; TV_NOTFOUND: ask the store; TV_END: the page was truncated away. */
int tvi_overlay_get(tvi_overlay *overlay, uint32_t page, void *value);
void tvi_overlay_truncate(tvi_overlay *overlay, uint32_t pages);
int tvi_overlay_is_empty(const tvi_overlay *overlay);
/* Calls visit for each page in order of page number; stops at its first non-zero return. */
int tvi_overlay_each(tvi_overlay *overlay,
                     int (*visit)(void *ctx, uint32_t page, const void *value), void *ctx);
void tvi_overlay_clear(tvi_overlay *overlay);

/* ---- What became of a transaction that a connection was joined to ---- */

enum { TVI_OUTCOME_PENDING = 0, TVI_OUTCOME_KEPT = 1, TVI_OUTCOME_LOST = 2 };

/*
 * Shared by the connection and the transaction's end hook, which may run on another thread after
 * the connection left: the one that drops its reference last frees it.
 */
typedef struct tvi_outcome {
  _Atomic int state;
  _Atomic int references;
  tv_txn *txn;    /* only compared, never used after the join */
  uint64_t epoch; /* what the connection's page cache knows of the transaction */
  tvi_conn *conn; /* set while joined: same thread as the transaction */
} tvi_outcome;

/* ---- The connection ---- */

typedef struct tvi_page_place {
  uint32_t page;
  uint32_t stamp;
  const void *data;
} tvi_page_place;

struct tvi_conn {
  sqlite3 *sql;
  tv_db *db; /* NULL: the file is closed */
  int references;
  size_t page_bytes;
  int readonly;
  int thread_bound;
  int verify_fetch;   /* pages served in place are checked too (tv_verify) */
  int pragma_through; /* 1: the pragma being prepared is our own: let SQLite execute it */
  int lock;           /* SQLITE_LOCK_* that SQLite holds */

  tv_txn *read, *write, *joined;
  uint64_t generation; /* changes with the transaction that statements see */
  int grow;            /* the map must grow before the next write transaction */
  int forsaken;        /* 1: the joined transaction ended under SQLite's lock */

  /* Waiting for the writer's turn. */
  int32_t wait_ms;
  tv_txn *granted;   /* begun by the busy handler, not yet used */
  int interrupted;   /* the wait was interrupted: the next lock says so */
  tvi_conn *blocked; /* in the main connection: the file that found the gate taken */

  /* Savepoints of SQL: [0] is the transaction's begin, [n + 1] SQLite's savepoint n. Each holds
   * the engine savepoint opened at or after it, or 0: nothing was written since it. */
  unsigned *savepoints;
  size_t savepoints_count, savepoints_capacity;
  int eager;            /* C code holds the transaction: every savepoint is opened at once */
  unsigned owner_depth; /* savepoints of the joined transaction's owner */
  int (*before_savepoint)(void *ctx); /* writes what columnar tables hold back; or NULL */
  void *before_savepoint_ctx;

  /* The analytic executor (query_room.c). */
  void *query; /* its tvi_query_room */
  int executor;
  int threads;
  uint64_t memory_bytes; /* of one run; 0: no limit */
  uint64_t deadline_ms;  /* of one run; 0: none */

  /* Joining. */
  tvi_outcome *outcome;
  uint64_t join_epoch;
  int join_touched; /* the page cache has seen the joined transaction's pages */
  int left_by_owner;

  /* Pages. */
  tv_store *store; /* as opened in store_txn; NULL: open it anew */
  tv_txn *store_txn;
  uint64_t store_epoch;
  uint32_t pages; /* size of the database */
  int pristine;   /* the store holds no page yet: page 1 is made up */
  int new_auto_vacuum;
  int stale;        /* the next look at the change counter must differ */
  int schema_stale; /* and the next read of page 1 shows another schema cookie */
  uint64_t size_snapshot;
  uint32_t size_pages;
  int size_pristine;
  unsigned char *value; /* one stored page, scratch */
  tvi_overlay overlay;

  /* Pages in place: page number -> address, for one snapshot. */
  tvi_page_place *places;
  size_t places_count;
  uint32_t places_stamp;
  uint64_t places_snapshot;
  const void *places_anchor; /* where page 1 was: tells when the map has moved */
  unsigned places_missed;
  int places_ready; /* checked since the read transaction began */
};

/* The transaction that serves pages now; NULL: none. */
static inline tv_txn *tvi_conn_current(const tvi_conn *conn) {
  if (conn->write != NULL) return conn->write;
  return conn->joined != NULL ? conn->joined : conn->read;
}

/* ---- sql/vfs.c ---- */
int tvi_vfs_register(void); /* an SQLite code */

/* ---- sql/vfs_file.c ---- */
typedef struct tvi_vfs_file {
  sqlite3_file base;
  tvi_conn *conn;
} tvi_vfs_file;
extern const sqlite3_io_methods tvi_vfs_file_methods;

/* ---- sql/vfs_pragma.c ---- */
int tvi_vfs_pragma(tvi_conn *conn, char **argument);

/* ---- sql/vfs_pages.c; these return SQLite codes ---- */
int tvi_pages_size(tvi_conn *conn); /* fills pages and pristine for the current transaction */
int tvi_pages_read(tvi_conn *conn, uint32_t page, size_t offset, void *out, size_t bytes);
int tvi_pages_write(tvi_conn *conn, uint32_t page, const void *data);
int tvi_pages_truncate(tvi_conn *conn, uint32_t pages);
int tvi_pages_flush(tvi_conn *conn); /* the overlay into the store */
void tvi_pages_forget(tvi_conn *conn);

/* ---- sql/vfs_place.c ---- */
int tvi_place_fetch(tvi_conn *conn, uint32_t page, const void **data);
void tvi_place_forget(tvi_conn *conn);
/* sql/vfs_pages.c, for it: a page's value in the current transaction; a tv_status. */
int tvi_pages_get(tvi_conn *conn, uint32_t page, tv_slice *value);
int tvi_pages_verify(tvi_conn *conn, uint32_t page, tv_slice value);

/* ---- sql/conn.c ---- */
int tvi_conn_new(tv_db *db, int readonly, tvi_conn **out); /* takes over db; a tv_status */
/* The file is closed: transactions and database go. The memory stays until the modules that know
 * the connection are gone too (sqlite3_deserialize replaces a file under them). */
void tvi_conn_close(tvi_conn *conn);
void tvi_conn_unref(void *ctx);
/* The options of each write transaction of the connection. */
tv_begin_options tvi_conn_write_options(tvi_conn *conn);
int tvi_conn_lock(tvi_conn *conn, int level);
int tvi_conn_unlock(tvi_conn *conn, int level);
int tvi_conn_commit(tvi_conn *conn); /* at SQLITE_FCNTL_COMMIT_PHASETWO */

/* ---- sql/conn_savepoint.c ---- */
int tvi_conn_materialise(tvi_conn *conn, tv_txn *txn, tv_error *err); /* a tv_status */
/* Ends all engine savepoints; keep 1: their writes stay, 0: are undone. A tv_status. */
int tvi_conn_savepoints_end(tvi_conn *conn, tv_txn *txn, int keep);
void tvi_conn_savepoints_reset(tvi_conn *conn);
unsigned tvi_conn_savepoint_lowest(const tvi_conn *conn); /* engine depth; 0: none */
/* 1: page writes go to the overlay. */
int tvi_conn_overlays(const tvi_conn *conn);

/* ---- sql/conn_busy.c ---- */
int tvi_conn_busy(void *ctx, int count); /* sqlite3_busy_handler's */
void tvi_conn_grant_drop(tvi_conn *conn);

/* ---- sql/conn_join.c ---- */
int tvi_conn_join_lock(tvi_conn *conn);  /* SHARED within a joined transaction */
int tvi_conn_join_check(tvi_conn *conn); /* SQLITE_OK, or SQLITE_ABORT: it is not what it was */
void tvi_conn_join_settle(tvi_conn *conn);
void tvi_conn_join_forget(tvi_conn *conn);

/* ---- sql/conn_enlist.c ---- */
int tvi_module_enlist_register(sqlite3 *sql, tvi_conn *conn);

/* ---- sql/sql_open.c ---- */
int tvi_conn_setup(sqlite3 *sql, tvi_conn *conn); /* an SQLite code */

/* ---- sql/sql_status.c ---- */
/* The same for a page: always a code that makes SQLite distrust its page cache. */
int tvi_sql_page_code(int status, int otherwise);
/* Fills *err from a failed SQLite call and returns the tv_status. */
int tvi_sql_fail(sqlite3 *sql, int code, tv_error *err);

#endif
