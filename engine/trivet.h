/* SPDX-License-Identifier: MIT */
/*
 * trivet.h - the storage engine of Trivet.
 *
 * One file holds everything: key-value buckets (trivet_kv.h), property graphs
 * (trivet_graph.h) and SQL tables (trivet_sql.h). One transaction covers all of
 * them and one snapshot is seen through all of them. This header is the engine
 * below the three: databases, transactions, named ordered stores, cursors.
 *
 * Threads. A tv_db may be used by any number of threads. A tv_txn and all that
 * was opened in it belong to one thread at a time. A write transaction is ended
 * by the thread that began it, unless it was begun with TV_MOVABLE; a read
 * transaction may move between threads. At most one write transaction exists
 * at a time, in all processes together; readers never wait and are never waited for.
 *
 * Lifetimes. Slices that Trivet returns are borrowed from the file's memory map:
 * in a read transaction they live until it ends, in a write transaction until its
 * next write, and a cursor's until it moves. Stores and cursors die with
 * their transaction.
 *
 * Errors. Every function that can fail returns a status: 0 is success, a positive
 * number an expected outcome (TV_NOTFOUND, TV_END, ...), a negative one a failure.
 * The sentence that explains a failure is in tv_txn_error(txn), or in the
 * tv_error that the caller passed where there is no transaction (yet, or any more).
 *
 * Example (compiled and run by tests/engine/test_header_example.c):
 *
 *     tv_error err;
 *     tv_db *db;
 *     tv_txn *txn;
 *     tv_store *store;
 *     tv_slice value;
 *
 *     if (tv_open("app.tv", NULL, &db, &err) != TV_OK) {
 *       fprintf(stderr, "%s\n", err.message);
 *       return 1;
 *     }
 *     tv_begin(db, TV_WRITE, &txn, &err);
 *     tv_store_open(txn, "settings", TV_CREATE, &store);
 *     tv_store_put(store, tv_str("colour"), tv_str("green"), 0);
 *     tv_commit(txn, &err);
 *
 *     tv_begin(db, TV_READ, &txn, &err);
 *     tv_store_open(txn, "settings", 0, &store);
 *     if (tv_store_get(store, tv_str("colour"), &value) == TV_OK)
 *       printf("%.*s\n", (int)value.size, (const char *)value.data);
 *     tv_abort(txn);
 *     tv_close(db, &err);
 */
#ifndef TRIVET_H
#define TRIVET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TV_API __attribute__((visibility("default")))
#else
#define TV_API
#endif

#define TV_VERSION_STRING "0.1.0"
#define TV_VERSION_NUMBER 1000 /* major * 1000000 + minor * 1000 + patch */

/* ---- Status ------------------------------------------------------------- */

/* The numbers are part of the interface and never change. */
typedef enum tv_status {
  TV_OK = 0,
  /* Expected outcomes. */
  TV_NOTFOUND = 1, /* no such key, node, edge, path */
  TV_END = 2,      /* a cursor or iterator has no further row */
  TV_EXISTS = 3,   /* put-if-absent: the key is there already */
  TV_MISMATCH = 4, /* put-if-equal, put-if-version: it was something else */
  TV_STOP = 5,     /* a callback asked to stop; not a failure */
  /* Failures of the call. */
  TV_EINVAL = -1,        /* an argument is wrong; the message names it */
  TV_EMISUSE = -2,       /* right arguments, wrong moment or thread */
  TV_ENOMEM = -3,        /* memory could not be allocated */
  TV_EBUSY = -4,         /* another writer held the gate until the deadline */
  TV_EINTR = -5,         /* interrupted, cancelled or past its deadline */
  TV_ERETRY = -6,        /* the map must grow first: abort and run the transaction again */
  TV_ECONFLICT = -7,     /* another transaction won; abort and run again */
  TV_ELIMIT = -8,        /* a documented limit would be exceeded */
  TV_EKEYSIZE = -9,      /* a key is empty or longer than TV_KEY_BYTES_MAX */
  TV_EREADONLY = -10,    /* a write in a read transaction or read-only database */
  TV_EFORK = -11,        /* the database was opened before fork(); open it anew */
  TV_EUNSUPPORTED = -12, /* this build or machine cannot do it */
  /* Failures of the file and its surroundings. */
  TV_EIO = -20,        /* an input/output error; the native code tells */
  TV_ENOSPC = -21,     /* the disk is full */
  TV_EFULL = -22,      /* the file reached map_bytes_max */
  TV_EACCES = -23,     /* permission denied, read-only directory or file system */
  TV_ENOENT = -24,     /* the file does not exist and was not to be created */
  TV_EEXIST = -25,     /* the file exists and was not to be reused */
  TV_ENOTDB = -26,     /* the file is not a Trivet store */
  TV_ETRUNCATED = -27, /* the file is shorter than its own pages say */
  TV_EVERSION = -28,   /* a newer format, or another page size */
  TV_ECORRUPT = -29,   /* damaged data: checksum or structure is wrong */
  TV_EREADERS = -30,   /* all reader slots are taken */
  /* Failures to find a named thing that had to be there. */
  TV_ENOSTORE = -40,
  TV_ENOBUCKET = -41,
  TV_ENOGRAPH = -42,
  TV_ENOLABEL = -43, /* unknown label, edge type or property name */
  TV_ENONODE = -44,
  /* Failures of a layer above. */
  TV_ESQL = -60 /* SQLite failed; the native code is SQLite's extended code */
} tv_status;

/* What a failure was. Fixed size, filled without allocating. */
typedef struct tv_error {
  int32_t status;    /* a tv_status */
  int32_t native;    /* errno, or LMDB's or SQLite's own code; 0: none */
  char message[248]; /* one sentence in UTF-8, ends in NUL, names the thing */
} tv_error;

/* The constant's name of a status ("TV_NOTFOUND"); never NULL. Static lifetime. */
TV_API const char *tv_status_name(int status);

/* ---- Slices ------------------------------------------------------------- */

/* Bytes that somebody else owns. data may be NULL only when size is 0. */
typedef struct tv_slice {
  const void *data;
  size_t size; /* bytes */
} tv_slice;

static inline tv_slice tv_bytes(const void *data, size_t size) {
  tv_slice slice = {data, size};
  return slice;
}

/* The bytes of a C string without its NUL. */
static inline tv_slice tv_str(const char *text) {
  const char *end = text;
  while (*end != '\0') end++;
  return tv_bytes(text, (size_t)(end - text));
}

/* ---- Database ----------------------------------------------------------- */

#define TV_KEY_BYTES_MAX 480     /* longest user key, every layer */
#define TV_NAME_BYTES_MAX 200    /* longest name of a store, bucket, graph */
#define TV_STORES_MAX 1000       /* slots in one file; a graph takes several */
#define TV_STORES_PER_TXN_MAX 16 /* stores that one transaction can create */
#define TV_SAVEPOINTS_MAX 64     /* nested savepoints in one transaction */

typedef struct tv_db tv_db;
typedef struct tv_txn tv_txn;
typedef struct tv_store tv_store;
typedef struct tv_cursor tv_cursor;

typedef enum tv_durability {
  TV_SYNC = 0, /* an acknowledged commit survives power loss */
  TV_LAZY = 1, /* never corrupt; power loss may take back the last commit */
  TV_BULK = 2  /* no sync until tv_sync() or tv_close(): a crash of the machine may
                  lose the whole file. For loads that are published afterwards. */
} tv_durability;

enum {
  TV_OPEN_READONLY = 1u << 0,  /* never writes; the file must exist */
  TV_OPEN_EXISTING = 1u << 1,  /* fail with TV_ENOENT rather than create */
  TV_OPEN_NEW = 1u << 2,       /* fail with TV_EEXIST rather than reuse */
  TV_OPEN_TEMPORARY = 1u << 3, /* a file in the temporary folder, gone at close */
  TV_OPEN_MEMORY = 1u << 4     /* in memory, gone at close; path is not used */
};

/* All zero is the default of every field: tv_options o = {0}. */
typedef struct tv_options {
  uint32_t flags;         /* TV_OPEN_* */
  int32_t durability;     /* tv_durability */
  uint64_t map_bytes;     /* address space reserved now; 0: as much as is cheap (1 TiB,
                             less where the address space is limited) */
  uint64_t map_bytes_max; /* the file never grows beyond; 0: no limit but map_bytes' */
  uint32_t readers_max;   /* reader slots over all processes; 0: 1022 */
  int32_t busy_wait_ms;   /* how long TV_WRITE waits for its turn; 0: 5,000; -1: for ever */
} tv_options;

/*
 * Opens the store in the file `path` ("NAME.tv" by custom; LMDB's lock table stands beside it as
 * "NAME.tv-lock"), creating it unless told otherwise. Opening a file that this process has open
 * already returns another handle on the same environment, so the first
 * opener's durability, map_bytes and readers_max stay in force. `options` may be NULL.
 * path NULL or ":memory:" means TV_OPEN_MEMORY.
 *
 * Lifetime: *out until tv_close. Not usable in a child after fork().
 * Returns: TV_OK, TV_EINVAL, TV_ENOENT, TV_EEXIST, TV_EACCES, TV_ENOTDB, TV_ETRUNCATED,
 *   TV_EVERSION, TV_ECORRUPT, TV_EMISUSE (open read-only here already), TV_ENOSPC, TV_EIO,
 * TV_ENOMEM. Cost: a handful of page reads; O(number of stores).
 */
TV_API int tv_open(const char *path, const tv_options *options, tv_db **out, tv_error *err);

/*
 * Closes a handle; the last one closes the file. Refused with TV_EMISUSE, and nothing closed, while
 * a transaction of this handle is open. NULL is allowed.
 */
TV_API int tv_close(tv_db *db, tv_error *err);

/* Makes all commits so far durable, whatever the durability. Cost: one sync of the file. */
TV_API int tv_sync(tv_db *db, tv_error *err);

/* The path as it was opened; "" for temporary and in-memory stores. Lifetime: until tv_close. */
TV_API const char *tv_db_path(const tv_db *db);

typedef struct tv_db_stat {
  uint64_t file_bytes;           /* size of the file as the pages say */
  uint64_t map_bytes;            /* address space reserved */
  uint64_t page_bytes;           /* size of a page */
  uint64_t pages_used;           /* pages ever used, free ones included */
  uint64_t pages_free;           /* pages in the freelist */
  uint64_t last_txn_id;          /* newest committed transaction */
  uint64_t oldest_reader_txn_id; /* 0: no reader */
  uint32_t readers;              /* reader slots in use */
  uint32_t readers_max;
  uint32_t stores;       /* named stores, those of layers included */
  uint32_t stores_spare; /* slots made ahead */
} tv_db_stat;

/* Fills *out for the snapshot of txn. Cost: O(length of the freelist). */
TV_API int tv_stat(tv_txn *txn, tv_db_stat *out);

/* ---- Transactions ------------------------------------------------------- */

enum {
  TV_READ = 0,         /* a snapshot */
  TV_WRITE = 1u << 0,  /* the one writer; waits for its turn in a fair queue */
  TV_MOVABLE = 1u << 1 /* with TV_WRITE: may be used and ended on any thread; begin and
                          commit cost a hand-over to a thread of the engine (some 10 us) */
};

/*
 * Begins a transaction. A reader never waits. A writer waits up to busy_wait_ms of the options.
 * Returns: TV_OK; TV_EBUSY; TV_EMISUSE (this thread has a write transaction open, which would
 *   wait for itself for ever); TV_EREADONLY; TV_EREADERS; TV_EFORK; TV_EIO after a failed sync.
 * Cost: a reader: some 100 ns, no allocation after the first; a writer: O(1) and its wait.
 */
TV_API int tv_begin(tv_db *db, unsigned mode, tv_txn **out, tv_error *err);

typedef struct tv_begin_options {
  unsigned mode;   /* as for tv_begin */
  int32_t wait_ms; /* 0: do not wait; -1: for ever; TV_WAIT_DEFAULT: the database's */
  int (*interrupted)(
      void *ctx); /* asked about every 10 ms while waiting; non-zero ends it: TV_EINTR */
  void *ctx;
} tv_begin_options;
#define TV_WAIT_DEFAULT (-2)

TV_API int tv_begin_with(tv_db *db, const tv_begin_options *options, tv_txn **out, tv_error *err);

/*
 * Ends a transaction and keeps its writes: all, or none when it fails. The transaction is gone
 * either way, except on TV_EMISUSE (wrong thread), which leaves it as it was.
 * Returns: TV_OK: durable as tv_durability says; TV_EFULL, TV_ENOSPC, TV_EIO: nothing was kept
 *   (after a failed sync the database refuses further writes until it is opened anew);
 *   TV_EMISUSE; TV_ECONFLICT.
 */
TV_API int tv_commit(tv_txn *txn, tv_error *err);

/* Ends a transaction and forgets its writes. NULL is allowed. */
TV_API void tv_abort(tv_txn *txn);

/*
 * Moves a read transaction to the newest snapshot: the cheapest way to serve a request per
 * snapshot from one transaction. What was opened or returned in it is invalid afterwards.
 * Returns: TV_OK; TV_EMISUSE for a write transaction. After a failure only tv_abort is allowed.
 */
TV_API int tv_refresh(tv_txn *txn);

/* The newest commit that the transaction's snapshot holds. */
TV_API uint64_t tv_txn_snapshot(const tv_txn *txn);
/* Wall-clock time of the transaction, microseconds since 1970 UTC; the same for its whole life. */
TV_API int64_t tv_txn_now(tv_txn *txn);
TV_API tv_db *tv_txn_db(const tv_txn *txn);
/* 1: a write transaction. */
TV_API int tv_txn_is_write(const tv_txn *txn);
/* The latest failure in this transaction. Lifetime: until the transaction ends. */
TV_API const tv_error *tv_txn_error(const tv_txn *txn);

/*
 * Runs fn(txn, ctx) in a write transaction, on the calling thread, and commits it when fn returns
 * TV_OK; any other return value rolls it back and is returned. Threads that call at the same time
 * share one commit and one sync; each one's writes are nested, so one's failure is its own. When
 * the map must grow, it grows and fn is run again, so fn must have no effect outside the
 * transaction. fn neither commits, aborts nor begins a transaction.
 * Returns: fn's value, or the failure of begin or commit. TV_OK means durable as tv_durability
 * says. Cost: a commit, shared by all who wait: with many threads, a fraction of a sync each.
 */
TV_API int tv_db_write(tv_db *db, int (*fn)(tv_txn *txn, void *ctx), void *ctx, tv_error *err);

/*
 * The same without waiting for the commit: returns when fn has run, on the calling thread, and *out
 * tells when what it wrote is durable. Until then other transactions do not see it. Many such
 * writes, of one thread or of several, share a commit. Wait for all futures before tv_close.
 * Lifetime: *out until tv_future_wait, which is to be called exactly once.
 * Returns: fn's value when that is not TV_OK (then there is no future), or the failure of begin.
 */
typedef struct tv_future tv_future;
TV_API int tv_db_write_start(tv_db *db, int (*fn)(tv_txn *txn, void *ctx), void *ctx,
                             tv_future **out, tv_error *err);
/* 1 when tv_future_wait would not wait. */
TV_API int tv_future_done(tv_future *future);
/* Waits for the commit and frees the future. Returns TV_OK: durable; else nothing was kept. */
TV_API int tv_future_wait(tv_future *future, tv_error *err);

/*
 * Savepoints: nested parts of a write transaction. tv_savepoint opens one and gives its depth (1
 * for the outermost). tv_savepoint_release keeps what was written since, tv_savepoint_rollback
 * forgets it; both end that savepoint and all opened after it. Cursors survive; slices do not.
 * Returns: TV_OK, TV_ELIMIT (TV_SAVEPOINTS_MAX), TV_EINVAL (no such depth), TV_EREADONLY.
 * Cost: some 5 us to open; a copy of each page touched.
 */
TV_API int tv_savepoint(tv_txn *txn, unsigned *depth);
TV_API int tv_savepoint_release(tv_txn *txn, unsigned depth);
TV_API int tv_savepoint_rollback(tv_txn *txn, unsigned depth);

/* ---- Stores: named ordered maps ----------------------------------------- */

enum {
  TV_CREATE = 1u << 0,  /* create the named thing when it is not there */
  TV_ONLY_NEW = 1u << 1 /* with TV_CREATE: TV_EXISTS when it is there */
};

/*
 * Opens a named store in a transaction. Names are 1 to TV_NAME_BYTES_MAX bytes, no control
 * characters. Lifetime: *out until the transaction ends, the store is dropped, or a savepoint
 * opened before its creation is rolled back. Returns: TV_OK, TV_ENOSTORE, TV_EXISTS, TV_EINVAL,
 * TV_ELIMIT (no slot left), TV_EREADONLY. Cost: a look-up in the catalogue the first time,
 * afterwards a short comparison.
 */
TV_API int tv_store_open(tv_txn *txn, const char *name, unsigned flags, tv_store **out);

/* Removes a store and all its entries. Cost: O(pages of the store). */
TV_API int tv_store_drop(tv_store *store);
/* Removes all entries. */
TV_API int tv_store_clear(tv_store *store);
/* Gives the store another name. Returns TV_EXISTS when that is taken. */
TV_API int tv_store_rename(tv_store *store, const char *name);

/*
 * Calls visit for the name of each store, in order, until it returns non-zero.
 * Returns: TV_OK; TV_STOP when visit ended it.
 */
TV_API int tv_store_list(tv_txn *txn, int (*visit)(void *ctx, tv_slice name), void *ctx);

/* Keys are ordered by memcmp, a prefix before what it begins. */
TV_API int tv_store_get(tv_store *store, tv_slice key, tv_slice *value);

enum {
  TV_PUT_ABSENT = 1u << 0, /* TV_EXISTS, and *nothing written*, when the key is there */
  TV_PUT_APPEND = 1u << 1  /* the key is greater than all in the store: fast sorted load;
                              TV_EINVAL when it is not */
};
TV_API int tv_store_put(tv_store *store, tv_slice key, tv_slice value, unsigned flags);
/* Returns TV_NOTFOUND when there was nothing to delete. */
TV_API int tv_store_delete(tv_store *store, tv_slice key);

/* Number of entries. Cost: O(1). */
TV_API int tv_store_count(tv_store *store, uint64_t *count);

typedef struct tv_store_stat {
  uint64_t entries;
  uint64_t bytes; /* pages of the store * page size */
  uint64_t branch_pages, leaf_pages, overflow_pages;
  uint32_t depth;
} tv_store_stat;
TV_API int tv_store_stat_get(tv_store *store, tv_store_stat *out);

/* Batches: one call for many keys. ------------------------------------------------ */

/*
 * Looks up n keys. statuses[i] becomes TV_OK or TV_NOTFOUND, values[i] the value or an empty slice.
 * Sorted keys are faster (the cursor moves forward instead of descending). Returns TV_OK or a
 * failure.
 */
TV_API int tv_store_get_many(tv_store *store, size_t n, const tv_slice *keys, tv_slice *values,
                             int *statuses);

typedef struct tv_range {
  tv_slice from; /* first key, inclusive; empty: from the start */
  tv_slice to;   /* end, exclusive; empty: to the end */
} tv_range;

/* The range of all keys that begin with `prefix`; `buffer` (TV_KEY_BYTES_MAX bytes) holds its end.
 */
TV_API tv_range tv_range_prefix(tv_slice prefix, void *buffer);

/*
 * Scans n ranges in turn and calls visit(ctx, range index, key, value) for each entry until it
 * returns non-zero. visit must not write to the store. Returns: TV_OK; TV_STOP when visit ended it.
 */
typedef int (*tv_scan_fn)(void *ctx, size_t range, tv_slice key, tv_slice value);
TV_API int tv_store_scan_many(tv_store *store, size_t n, const tv_range *ranges, tv_scan_fn visit,
                              void *ctx);

typedef struct tv_write {
  tv_slice key;
  tv_slice value;
  int32_t erase; /* 1: delete the key (being absent is no failure); 0: put */
} tv_write;
/* Applies n writes in order; on a failure the transaction should be rolled back. */
TV_API int tv_store_write_many(tv_store *store, size_t n, const tv_write *writes);

/* ---- Cursors ------------------------------------------------------------ */

/*
 * A cursor stands on an entry or nowhere. The moving calls return TV_OK and fill *key and *value
 * (either may be NULL), or TV_END and stand nowhere. Writes to the store are allowed
 * while it is open: the cursor finds its place again by key; an entry deleted
 * under it counts as passed.
 * tv_cursor_next on a new cursor means first, tv_cursor_prev means last.
 * Lifetime: until tv_cursor_close or the end of the transaction.
 */
TV_API int tv_cursor_open(tv_store *store, tv_cursor **out);
TV_API void tv_cursor_close(tv_cursor *cursor);
TV_API int tv_cursor_first(tv_cursor *cursor, tv_slice *key, tv_slice *value);
TV_API int tv_cursor_last(tv_cursor *cursor, tv_slice *key, tv_slice *value);
TV_API int tv_cursor_next(tv_cursor *cursor, tv_slice *key, tv_slice *value);
TV_API int tv_cursor_prev(tv_cursor *cursor, tv_slice *key, tv_slice *value);
/* The first entry whose key is >= `at`. */
TV_API int tv_cursor_seek(tv_cursor *cursor, tv_slice at, tv_slice *key, tv_slice *value);
/* The last entry whose key is < `at` (an empty `at` means the end). */
TV_API int tv_cursor_seek_before(tv_cursor *cursor, tv_slice at, tv_slice *key, tv_slice *value);

/* ---- Change feed ---------------------------------------------------------- */

typedef enum tv_change_kind {
  TV_CHANGE_PUT = 1,
  TV_CHANGE_DELETE = 2,
  TV_CHANGE_CLEAR = 3, /* all entries of the store */
  TV_CHANGE_DROP = 4,  /* the store itself */
  TV_CHANGE_RENAME = 5 /* key is the new name */
} tv_change_kind;

/* One committed change. The value is not kept: read it, in the feed's own transaction. */
typedef struct tv_change {
  uint64_t txn;  /* the transaction that made it, as tv_txn_snapshot counts */
  int64_t time;  /* its tv_txn_now, microseconds since 1970 UTC */
  int32_t kind;  /* tv_change_kind */
  int32_t model; /* 's' store, 'k' bucket, 'g' graph, 'q' SQL pages */
  tv_slice name; /* of the store or bucket or graph */
  tv_slice part; /* which of the stores of a graph; empty: the main one */
  tv_slice key;  /* as the layer wrote it */
} tv_change;

/*
 * Switches logging of a store's changes on or off, from this transaction on. The log is written in
 * the transaction of the change, so it holds exactly what was committed, in order. Cost: one more
 * record per change.
 */
TV_API int tv_store_log(tv_store *store, int on);

/*
 * Calls visit for each logged change of the transactions after `since`, in order, until it returns
 * non-zero. A reader that keeps up calls it with the snapshot of its last call.
 * Returns: TV_OK; TV_STOP; TV_ELIMIT when changes after `since` are not kept any more (read the
 * data anew); TV_ECORRUPT. Lifetime of the change's slices: the call of visit.
 */
typedef int (*tv_change_fn)(void *ctx, const tv_change *change);
TV_API int tv_feed(tv_txn *txn, uint64_t since, tv_change_fn visit, void *ctx);

/*
 * Bounds the log: older changes go, in steps, as new ones come. bytes: size of the log, 0: 64 MiB;
 * age_ms: 0: 7 days. Kept in the file.
 */
TV_API int tv_feed_keep(tv_txn *txn, uint64_t bytes, int64_t age_ms);

/* ---- Readers -------------------------------------------------------------- */

/* A read transaction somewhere. It keeps every page that was replaced since its snapshot. */
typedef struct tv_reader {
  int64_t pid;           /* its process */
  uint64_t snapshot;     /* the newest commit that it sees */
  uint64_t behind;       /* commits since */
  uint64_t pages_pinned; /* pages that could be used again but for it (and older readers) */
  int64_t age_ms;        /* milliseconds it is open; -1: another process's, not known */
} tv_reader;

/*
 * Calls visit for each open read transaction, of all processes, until it returns non-zero
 * (TV_STOP). Idle ones that are kept for reuse are not shown. Cost: O(readers + length of the
 * freelist).
 */
typedef int (*tv_reader_fn)(void *ctx, const tv_reader *reader);
TV_API int tv_readers(tv_db *db, tv_reader_fn visit, void *ctx, tv_error *err);

/* Frees the slots of readers whose process died; *reaped (may be NULL) counts them. tv_open does
 * it too, and tv_begin when no slot is left. */
TV_API int tv_readers_reap(tv_db *db, uint32_t *reaped, tv_error *err);

/*
 * Watches for readers that stay too long: after a commit of this process, at most once a second,
 * warn is called for each reader older than age_ms (this process's) or pinning more than pages
 * pages (any process's); 0: that limit is off. It runs on the committing thread, after the commit,
 * and begins no transaction. warn NULL ends the watch.
 */
TV_API int tv_readers_watch(tv_db *db, int64_t age_ms, uint64_t pages,
                            void (*warn)(void *ctx, const tv_reader *reader), void *ctx,
                            tv_error *err);

/* ---- Care of the file --------------------------------------------------- */

/*
 * Writes a consistent copy of the database to a new file, while others read and write.
 * compact != 0 leaves out free pages. The copy holds a snapshot meanwhile.
 * Returns: TV_OK, TV_EEXIST, TV_EACCES, TV_ENOSPC, TV_EIO. A failed copy is removed.
 */
TV_API int tv_backup(tv_db *db, const char *path, int compact, tv_error *err);

typedef struct tv_check_report {
  uint64_t pages_seen; /* pages visited */
  uint64_t pages_free; /* pages in the freelist */
  uint64_t pages_lost; /* neither reachable nor free: wasted, not harmful */
  uint64_t entries;    /* records visited */
  uint64_t problems;   /* what is wrong; 0: sound */
} tv_check_report;

/*
 * Checks a file without mapping it: pages, order of keys, the freelist. Calls report (may
 * be NULL) with a sentence for each problem found; further ones after 100 are only counted. The
 * file is only read, and only through pread, so a damaged one cannot crash the caller; writers
 * should be idle. Returns: TV_OK (sound), TV_ECORRUPT, TV_ETRUNCATED, TV_ENOTDB, TV_EVERSION,
 * TV_EIO, TV_ENOMEM. Cost: reads the whole file once; one bit of memory per page.
 */
TV_API int tv_check_file(const char *path, void (*report)(void *ctx, const char *sentence),
                         void *ctx, tv_check_report *out, tv_error *err);

/* ---- Metrics --------------------------------------------------------------- */

/* How often a kind of call was made since metrics were switched on, and how long it took. */
typedef struct tv_metric {
  const char
      *name; /* static: "begin read", "begin write" (its wait included), "commit", "get", ... */
  uint64_t count;
  uint64_t sum_ns;                          /* nanoseconds, all calls together */
  uint64_t p50_ns, p90_ns, p99_ns, p999_ns; /* percentiles, within 3 % */
  uint64_t max_ns;
} tv_metric;

/*
 * Switches metrics on (from zero) or off for all handles of the file; transactions that are open
 * keep as they were. Cost while on: some 50 ns a call; while off: a comparison.
 */
TV_API int tv_metrics_enable(tv_db *db, int on, tv_error *err);
/* Calls visit for each kind of call until it returns non-zero (TV_STOP); never when never switched
 * on. */
TV_API int tv_metrics(tv_db *db, int (*visit)(void *ctx, const tv_metric *metric), void *ctx);

/* ---- Memory -------------------------------------------------------------- */

/* The allocator of the whole library; all three functions or none (NULL: malloc's). */
typedef struct tv_allocator {
  void *(*allocate)(void *ctx, size_t bytes);
  void *(*reallocate)(void *ctx, void *old, size_t bytes);
  void (*release)(void *ctx, void *old);
  void *ctx;
} tv_allocator;

/* Returns TV_EMISUSE while any database is open. `allocator` is copied. */
TV_API int tv_allocator_set(const tv_allocator *allocator);

#ifdef __cplusplus
}
#endif
#endif
