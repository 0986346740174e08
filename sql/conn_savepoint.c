/* SPDX-License-Identifier: MIT */
/*
 * SQL's savepoints and statements as savepoints of the engine. SQLite numbers them: -1 is the begin
 * of the transaction, 0 and up are nested. Each is only noted when it is opened; the engine opens
 * one for the innermost when the first write comes, and it stands for all outer ones that
 * saw no write before it. That way a statement that writes nothing through a virtual
 * table costs nothing. Opening all at once was rejected except where C code holds the transaction:
 * its writes cannot be seen coming.
 *
 * Pages do not take part: SQLite rolls them back itself (vfs_overlay.c).
 */
#include "vfs_internal.h"

/* savepoints[savepoint_index(n)] is SQLite's savepoint n. */
static size_t savepoint_index(int n) {
  return n < 0 ? 0 : (size_t)n + 1;
}

static tv_txn *savepoint_txn(tvi_conn *conn) {
  return conn->write != NULL ? conn->write : conn->joined;
}

unsigned tvi_conn_savepoint_lowest(const tvi_conn *conn) {
  for (size_t i = 0; i < conn->savepoints_count; i++)
    if (conn->savepoints[i] != 0) return conn->savepoints[i];
  return 0;
}

static unsigned savepoint_highest(const tvi_conn *conn) {
  for (size_t i = conn->savepoints_count; i > 0; i--)
    if (conn->savepoints[i - 1] != 0) return conn->savepoints[i - 1];
  return 0;
}

int tvi_conn_overlays(const tvi_conn *conn) {
  return conn->joined != NULL || tvi_conn_savepoint_lowest(conn) != 0;
}

void tvi_conn_savepoints_reset(tvi_conn *conn) {
  conn->savepoints_count = 0;
}

/* What was left out below exists as well: nothing was written through us since it was opened. */
static int savepoint_fill(tvi_conn *conn, size_t count) {
  if (count > conn->savepoints_capacity) {
    size_t capacity = count + 14;
    unsigned *grown = tvi_realloc(conn->savepoints, capacity * sizeof *grown);
    if (grown == NULL) return TV_ENOMEM;
    conn->savepoints = grown;
    conn->savepoints_capacity = capacity;
  }
  while (conn->savepoints_count < count) conn->savepoints[conn->savepoints_count++] = 0;
  return TV_OK;
}

/* Can anything roll back to the begin of the transaction, and the transaction go on? */
static int savepoint_base_needed(const tvi_conn *conn) {
  return conn->joined != NULL || !sqlite3_get_autocommit(conn->sql);
}

/* The owner of a joined transaction has moved its own savepoints while SQL's were open. */
static int savepoint_displaced(const tvi_conn *conn, tv_txn *txn, tv_error *err) {
  unsigned highest = savepoint_highest(conn);
  if (conn->joined == NULL) return TV_OK;
  if (tvi_txn_depth(txn) == (highest != 0 ? highest : conn->owner_depth)) return TV_OK;
  return tvi_error_set(err, TV_EMISUSE, 0,
                       "the transaction's owner opened or ended a savepoint inside SQL's BEGIN");
}

static int savepoint_txn_error(tv_txn *txn, int status, tv_error *err) {
  if (status != TV_OK && err != NULL) *err = *tv_txn_error(txn);
  return status;
}

int tvi_conn_materialise(tvi_conn *conn, tv_txn *txn, tv_error *err) {
  unsigned *top;
  int status = TV_OK;
  if (conn->savepoints_count == 0) {
    if (!savepoint_base_needed(conn)) return TV_OK;
    if (savepoint_fill(conn, 1) != TV_OK)
      return tvi_error_set(err, TV_ENOMEM, 0, "out of memory opening a savepoint");
  }
  top = &conn->savepoints[conn->savepoints_count - 1];
  if (*top != 0) return TV_OK;
  status = savepoint_displaced(conn, txn, err);
  if (status != TV_OK) return status;
  return savepoint_txn_error(txn, tv_savepoint(txn, top), err);
}

/* Undoing moved the engine's epoch: our own doing, not the owner's. */
static void savepoint_undone(tvi_conn *conn, tv_txn *txn) {
  if (conn->joined != NULL) conn->join_epoch = tvi_txn_epoch(txn);
  tvi_pages_forget(conn);
  conn->generation++;
}

int tvi_conn_savepoints_end(tvi_conn *conn, tv_txn *txn, int keep) {
  unsigned lowest = tvi_conn_savepoint_lowest(conn);
  int status = TV_OK;
  tvi_conn_savepoints_reset(conn);
  if (lowest == 0) return TV_OK;
  status = keep ? tv_savepoint_release(txn, lowest) : tv_savepoint_rollback(txn, lowest);
  if (!keep) savepoint_undone(conn, txn);
  return status;
}

/* Once no engine savepoint is open, pages may go to the store. */
static int savepoint_settle(tvi_conn *conn) {
  return tvi_conn_overlays(conn) ? SQLITE_OK : tvi_pages_flush(conn);
}

static int savepoint_code(tvi_conn *conn, int status) {
  tv_txn *txn = savepoint_txn(conn);
  if (status == TV_OK) return SQLITE_OK;
  sqlite3_log(tvi_sql_code(status), "Trivet: a savepoint failed: %s",
              txn != NULL ? tv_txn_error(txn)->message : tv_status_name(status));
  return tvi_sql_page_code(status, SQLITE_IOERR);
}

int tvi_conn_savepoint(tvi_conn *conn, int n) {
  tv_txn *txn = savepoint_txn(conn);
  int status = TV_OK;
  if (conn->before_savepoint != NULL) status = conn->before_savepoint(conn->before_savepoint_ctx);
  if (status == TV_OK) status = savepoint_fill(conn, savepoint_index(n) + 1);
  if (status == TV_OK && conn->eager && txn != NULL) status = tvi_conn_materialise(conn, txn, NULL);
  return savepoint_code(conn, status);
}

/* The lowest engine savepoint opened at savepoints[from] or later, and the one after it. */
static unsigned savepoint_opened_since(const tvi_conn *conn, size_t from, unsigned *second) {
  unsigned first = 0;
  *second = 0;
  for (size_t i = from; i < conn->savepoints_count; i++) {
    if (conn->savepoints[i] == 0) continue;
    if (first != 0) {
      *second = conn->savepoints[i];
      return first;
    }
    first = conn->savepoints[i];
  }
  return first;
}

int tvi_conn_release(tvi_conn *conn, int n) {
  size_t index = savepoint_index(n);
  tv_txn *txn = savepoint_txn(conn);
  unsigned first, second;
  int inherited, status = TV_OK;
  if (index >= conn->savepoints_count) return SQLITE_OK;
  first = savepoint_opened_since(conn, index, &second);
  conn->savepoints_count = index;
  if (first == 0 || txn == NULL) return SQLITE_OK;
  inherited =
      index > 0 && conn->savepoints[index - 1] == 0 && (index > 1 || savepoint_base_needed(conn));
  if (inherited) {
    conn->savepoints[index - 1] = first;
    if (second != 0) status = tv_savepoint_release(txn, second);
  } else {
    status = tv_savepoint_release(txn, first);
  }
  if (status != TV_OK) return savepoint_code(conn, status);
  return savepoint_settle(conn);
}

int tvi_conn_rollback_to(tvi_conn *conn, int n) {
  size_t index = savepoint_index(n);
  tv_txn *txn = savepoint_txn(conn);
  unsigned first, second;
  int status = TV_OK;
  first = savepoint_opened_since(conn, index, &second);
  for (size_t i = index; i < conn->savepoints_count; i++) conn->savepoints[i] = 0;
  if (index < conn->savepoints_count) conn->savepoints_count = index;
  if (first != 0 && txn != NULL) {
    status = tv_savepoint_rollback(txn, first);
    savepoint_undone(conn, txn);
  }
  if (txn == NULL) return SQLITE_OK;
  /* The savepoint itself stays open, at a state without our writes. */
  if (status == TV_OK) status = savepoint_fill(conn, index + 1);
  if (status == TV_OK && conn->eager) status = tvi_conn_materialise(conn, txn, NULL);
  if (status != TV_OK) return savepoint_code(conn, status);
  return savepoint_settle(conn);
}
