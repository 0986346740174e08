/* SPDX-License-Identifier: MIT */
/*
 * SQLite's locks as transactions of the engine. SHARED is a snapshot. RESERVED is the write
 * transaction, taken without waiting and only while that snapshot is the newest; the busy handler
 * waits (conn_busy.c). SQLITE_FCNTL_COMMIT_PHASETWO commits; leaving RESERVED without it is a
 * rollback. Waiting inside xLock was rejected: by the time the turn comes, the snapshot read before
 * it is stale, and SQLite cannot renew it there.
 */
#include "vfs_internal.h"

int tvi_conn_new(tv_db *db, int readonly, tvi_conn **out) {
  tvi_conn *conn = tvi_zalloc(sizeof *conn);
  *out = NULL;
  if (conn == NULL) return TV_ENOMEM;
  conn->db = db;
  conn->references = 1;
  conn->readonly = readonly;
  conn->page_bytes = tvi_page_bytes(db);
  conn->wait_ms = tvi_db_busy_wait_ms(db); /* until PRAGMA busy_timeout */
  conn->overlay.value_bytes = conn->page_bytes - TVI_PAGE_RESERVED + TVI_PAGE_SUM;
  conn->value = tvi_alloc(conn->overlay.value_bytes);
  if (conn->value == NULL) {
    tvi_free(conn);
    return TV_ENOMEM;
  }
  *out = conn;
  return TV_OK;
}

static void conn_changed(tvi_conn *conn) {
  conn->generation++;
  tvi_pages_forget(conn);
}

static void conn_read_end(tvi_conn *conn) {
  if (conn->read == NULL) return;
  tv_abort(conn->read);
  conn->read = NULL;
  conn_changed(conn);
}

/* The write transaction is over: what hung on it goes. */
static void conn_write_over(tvi_conn *conn) {
  conn->write = NULL;
  conn->eager = 0;
  tvi_conn_savepoints_reset(conn);
  tvi_overlay_clear(&conn->overlay);
  conn_changed(conn);
}

void tvi_conn_unref(void *ctx) {
  tvi_conn *conn = ctx;
  if (--conn->references == 0) tvi_free(conn);
}

void tvi_conn_close(tvi_conn *conn) {
  if (conn->write != NULL) {
    tv_abort(conn->write);
    conn_write_over(conn);
  }
  tvi_conn_grant_drop(conn);
  tvi_conn_join_forget(conn);
  conn_read_end(conn);
  tvi_overlay_clear(&conn->overlay);
  (void)tv_close(conn->db, NULL);
  conn->db = NULL;
  tvi_free(conn->savepoints);
  tvi_free(conn->places);
  tvi_free(conn->value);
  tvi_conn_unref(conn);
}

/* ---- Locks ---- */

static int conn_lock_shared(tvi_conn *conn) {
  tv_error err = {0, 0, ""};
  int status;
  if (conn->joined != NULL) return tvi_conn_join_lock(conn);
  tvi_conn_join_settle(conn);
  status = tv_begin(conn->db, TV_READ, &conn->read, &err);
  if (status != TV_OK) {
    conn->read = NULL;
    sqlite3_log(tvi_sql_code(status), "Trivet: %s", err.message);
    return tvi_sql_page_code(status, tvi_sql_code(status));
  }
  conn_changed(conn);
  conn->places_ready = 0;
  return tvi_pages_size(conn);
}

tv_begin_options tvi_conn_write_options(tvi_conn *conn) {
  tv_begin_options options = {TV_WRITE, 0, NULL, NULL};
  if (!conn->thread_bound) options.mode |= TV_MOVABLE;
  return options;
}

/* SQLite asks through its main connection, whichever of its files found the gate taken. */
static void conn_blocked(tvi_conn *conn) {
  tvi_conn *main_conn = conn->sql != NULL ? tvi_conn_of(conn->sql) : NULL;
  if (main_conn != NULL) main_conn->blocked = conn;
}

static int conn_write_begin(tvi_conn *conn) {
  tv_begin_options options = tvi_conn_write_options(conn);
  tv_error err = {0, 0, ""};
  int status = TV_OK;
  if (conn->granted != NULL) {
    conn->write = conn->granted;
    conn->granted = NULL;
  } else {
    status = tv_begin_with(conn->db, &options, &conn->write, &err);
  }
  if (status == TV_OK) return SQLITE_OK;
  conn->write = NULL;
  if (status == TV_EBUSY)
    conn_blocked(conn);
  else
    sqlite3_log(tvi_sql_code(status), "Trivet: %s", err.message);
  return tvi_sql_code(status);
}

static int conn_lock_reserved(tvi_conn *conn) {
  int code;
  if (conn->joined != NULL) {
    if (!tv_txn_is_write(conn->joined)) return SQLITE_READONLY;
    conn->owner_depth = tvi_txn_depth(conn->joined);
    return tvi_conn_join_check(conn);
  }
  if (conn->forsaken || conn->read == NULL) return SQLITE_ABORT;
  if (conn->interrupted) {
    conn->interrupted = 0;
    return SQLITE_INTERRUPT;
  }
  code = conn_write_begin(conn);
  if (code != SQLITE_OK) return code;
  if (tv_txn_snapshot(conn->write) != tv_txn_snapshot(conn->read)) {
    tv_abort(conn->write);
    conn->write = NULL;
    return SQLITE_BUSY_SNAPSHOT;
  }
  conn_changed(conn);
  return SQLITE_OK;
}

int tvi_conn_lock(tvi_conn *conn, int level) {
  int code = SQLITE_OK;
  if (conn->lock == SQLITE_LOCK_NONE) {
    code = conn_lock_shared(conn);
    if (code != SQLITE_OK) {
      conn_read_end(conn);
      return code;
    }
    conn->lock = SQLITE_LOCK_SHARED;
  }
  if (level >= SQLITE_LOCK_RESERVED && conn->lock < SQLITE_LOCK_RESERVED)
    code = conn_lock_reserved(conn);
  if (code == SQLITE_OK && level > conn->lock) conn->lock = level;
  return code;
}

static void conn_abort(tvi_conn *conn) {
  if (tv_txn_error(conn->write)->status == TV_ERETRY) conn->grow = 1;
  tv_abort(conn->write);
  conn_write_over(conn);
}

/* The map can grow only while we hold no snapshot; a BEGIN that reads first never would again. */
static void conn_grow(tvi_conn *conn) {
  tv_begin_options options = tvi_conn_write_options(conn);
  tv_txn *txn;
  conn->grow = 0;
  if (tv_begin_with(conn->db, &options, &txn, NULL) == TV_OK) tv_abort(txn);
}

/* RESERVED is left without a commit, or after it: then there is nothing left to undo. */
static void conn_rollback(tvi_conn *conn) {
  if (conn->write != NULL) {
    conn_abort(conn);
  } else if (conn->joined != NULL) {
    (void)tvi_conn_savepoints_end(conn, conn->joined, 0);
    tvi_overlay_clear(&conn->overlay);
    conn->eager = 0;
    conn_changed(conn);
  }
}

int tvi_conn_unlock(tvi_conn *conn, int level) {
  int code = SQLITE_OK;
  if (conn->lock >= SQLITE_LOCK_RESERVED && level < SQLITE_LOCK_RESERVED) {
    conn_rollback(conn);
    if (level == SQLITE_LOCK_SHARED && tvi_conn_current(conn) != NULL) code = tvi_pages_size(conn);
  }
  if (level == SQLITE_LOCK_NONE) {
    conn_read_end(conn);
    tvi_conn_grant_drop(conn);
    if (conn->grow) conn_grow(conn);
    conn->interrupted = 0;
    conn->forsaken = 0;
  }
  if (level < conn->lock) conn->lock = level;
  return code;
}

/* ---- Commit ---- */

/* Pages go into the joined transaction; it stays open, its owner commits. */
static int conn_commit_joined(tvi_conn *conn) {
  int code = tvi_conn_join_check(conn);
  int status;
  if (code != SQLITE_OK) return SQLITE_IOERR;
  code = tvi_pages_flush(conn); /* inside the savepoints: a failure undoes it */
  status = tvi_conn_savepoints_end(conn, conn->joined, code == SQLITE_OK);
  if (code == SQLITE_OK) code = tvi_sql_page_code(status, SQLITE_IOERR);
  conn->eager = 0;
  conn_changed(conn);
  return code;
}

static int conn_commit_own(tvi_conn *conn) {
  tv_error err = {0, 0, ""};
  int status = tvi_conn_savepoints_end(conn, conn->write, 1);
  int code = tvi_sql_page_code(status, SQLITE_IOERR);
  if (code == SQLITE_OK) code = tvi_pages_flush(conn);
  if (code != SQLITE_OK) {
    conn_abort(conn);
    return code;
  }
  status = tvi_commit_keep_gate(conn->write, &err);
  conn_write_over(conn);
  if (status != TV_EMISUSE && status != TV_EFORK) {
    /* Behind the gate the newest snapshot is exactly this commit. */
    int refreshed = status == TV_OK ? tv_refresh(conn->read) : TV_OK;
    tvi_gate_leave(conn->db);
    if (refreshed != TV_OK) conn_read_end(conn); /* what follows gets SQLITE_IOERR */
  }
  conn->places_ready = 0;
  if (status == TV_OK) return SQLITE_OK;
  if (status == TV_ERETRY) conn->grow = 1;
  sqlite3_log(tvi_sql_code(status), "Trivet: %s", err.message);
  return tvi_sql_page_code(status, SQLITE_IOERR);
}

int tvi_conn_commit(tvi_conn *conn) {
  if (conn->forsaken) return SQLITE_IOERR;
  if (conn->joined != NULL) return conn_commit_joined(conn);
  return conn->write != NULL ? conn_commit_own(conn) : SQLITE_OK;
}

/* ---- What the virtual tables ask for ---- */

tv_db *tvi_conn_db(tvi_conn *conn) {
  return conn->db;
}

int tvi_conn_read(tvi_conn *conn, tv_txn **txn, uint64_t *generation) {
  *txn = conn->lock >= SQLITE_LOCK_SHARED ? tvi_conn_current(conn) : NULL;
  *generation = conn->generation;
  return *txn != NULL ? SQLITE_OK : SQLITE_MISUSE;
}

int tvi_conn_peek_begin(tvi_conn *conn, tv_txn **txn, tv_error *err) {
  *txn = tvi_conn_current(conn);
  if (*txn != NULL) return TV_OK;
  if (conn->db == NULL) return tvi_error_set(err, TV_EMISUSE, 0, "the store has been closed");
  return tv_begin(conn->db, TV_READ, txn, err);
}

void tvi_conn_peek_end(tvi_conn *conn, tv_txn *txn) {
  if (txn != conn->write && txn != conn->joined && txn != conn->read) tv_abort(txn);
}

int tvi_conn_write(tvi_conn *conn, tv_txn **txn, tv_error *err) {
  int status;
  *txn = conn->write;
  if (*txn == NULL && conn->lock >= SQLITE_LOCK_RESERVED) *txn = conn->joined;
  if (*txn == NULL)
    return tvi_error_set(err, TV_EMISUSE, 0, "the connection has no write transaction");
  status = tvi_conn_materialise(conn, *txn, err);
  return status;
}
