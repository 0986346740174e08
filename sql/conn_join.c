/* SPDX-License-Identifier: MIT */
/*
 * SQL inside a transaction that C code holds. Pages are read from it and flushed into it at SQL's
 * COMMIT; its owner commits or aborts it.
 *
 * The page cache is the danger: SQLite keeps pages that it believes committed and recognises them
 * by the change counter alone, so pages of a transaction that came to nothing could pass for those
 * of a later one with the same counter. The connection therefore remembers, in an outcome that the
 * transaction's end hook fills in, whether what it has cached became fact; where not, the next look
 * at the counter is answered with other bytes, once, and the next page 1 shows another schema
 * cookie, so that SQLite drops both. Always dropping them after a join was rejected: one request
 * per transaction would then parse the schema each time.
 */
#include "trivet_sql.h"
#include "vfs_internal.h"

static void join_outcome_drop(tvi_outcome *outcome) {
  if (atomic_fetch_sub(&outcome->references, 1) == 1) tvi_free(outcome);
}

static void join_distrust(tvi_conn *conn) {
  conn->stale = 1;
  conn->schema_stale = 1;
}

/* The owner ended the transaction before tv_sql_leave; called on the owner's thread. */
static void join_ended_under(tvi_conn *conn) {
  conn->joined = NULL;
  conn->left_by_owner = 1;
  conn->generation++;
  tvi_pages_forget(conn);
  tvi_overlay_clear(&conn->overlay);
  tvi_conn_savepoints_reset(conn);
  conn->eager = 0;
  if (conn->lock != SQLITE_LOCK_NONE) {
    conn->forsaken = 1;
    join_distrust(conn);
  }
}

static void join_on_end(void *ctx, tv_txn *txn, int committed) {
  tvi_outcome *outcome = ctx;
  tvi_conn *conn = outcome->conn;
  int kept;
  if (conn != NULL) {
    outcome->epoch = conn->join_epoch;
    outcome->conn = NULL;
  }
  kept = committed && tvi_txn_epoch(txn) == outcome->epoch;
  atomic_store(&outcome->state, kept ? TVI_OUTCOME_KEPT : TVI_OUTCOME_LOST);
  if (conn != NULL) join_ended_under(conn);
  join_outcome_drop(outcome);
}

/* Before the connection uses another transaction: is what it cached in the last one true? */
void tvi_conn_join_settle(tvi_conn *conn) {
  tvi_outcome *outcome = conn->outcome;
  if (outcome == NULL) return;
  conn->outcome = NULL;
  if (conn->join_touched && atomic_load(&outcome->state) != TVI_OUTCOME_KEPT) join_distrust(conn);
  conn->join_touched = 0;
  join_outcome_drop(outcome);
}

void tvi_conn_join_forget(tvi_conn *conn) {
  if (conn->outcome == NULL) return;
  if (conn->joined != NULL) conn->outcome->conn = NULL;
  join_outcome_drop(conn->outcome);
  conn->outcome = NULL;
  conn->joined = NULL;
}

int tvi_conn_join_lock(tvi_conn *conn) {
  uint64_t epoch = tvi_txn_epoch(conn->joined);
  if (epoch != conn->join_epoch && conn->join_touched) join_distrust(conn);
  conn->join_epoch = epoch;
  conn->join_touched = 1;
  conn->generation++;
  tvi_pages_forget(conn);
  return tvi_pages_size(conn);
}

int tvi_conn_join_check(tvi_conn *conn) {
  if (conn->joined == NULL) return conn->forsaken ? SQLITE_ABORT : SQLITE_OK;
  if (tvi_txn_epoch(conn->joined) == conn->join_epoch) return SQLITE_OK;
  sqlite3_log(SQLITE_ABORT,
              "Trivet: the owner of the joined transaction rolled a savepoint back or refreshed it "
              "while a SQL statement or BEGIN was open");
  join_distrust(conn);
  return SQLITE_ABORT;
}

static int join_hook(tvi_conn *conn, tv_txn *txn) {
  tvi_outcome *outcome = tvi_zalloc(sizeof *outcome);
  int status;
  if (outcome == NULL) return TV_ENOMEM;
  atomic_init(&outcome->state, TVI_OUTCOME_PENDING);
  atomic_init(&outcome->references, 2);
  outcome->txn = txn;
  status = tvi_txn_on_end(txn, join_on_end, outcome);
  if (status != TV_OK) {
    tvi_free(outcome);
    return status;
  }
  conn->outcome = outcome;
  return TV_OK;
}

/* Why the connection cannot join now; NULL: it can. */
static const char *join_obstacle(const tvi_conn *conn, const tv_txn *txn) {
  if (conn == NULL) return "the connection's main database is no Trivet store";
  if (conn->joined != NULL) return "the connection has joined a transaction already";
  if (!sqlite3_get_autocommit(conn->sql))
    return "the connection has a transaction of its own: end it by COMMIT or ROLLBACK first";
  if (conn->lock != SQLITE_LOCK_NONE)
    return "a statement of the connection is not finished: reset or finalize it first";
  if (tvi_db_id(tv_txn_db(txn)) != tvi_db_id(conn->db))
    return "the transaction belongs to another database than the connection";
  return NULL;
}

static int join_begin(tvi_conn *conn, tv_txn *txn) {
  tvi_outcome *last = conn->outcome;
  int status = TV_OK;
  /* The same transaction again, in the state it was left in: the cache still holds. */
  if (last == NULL || last->txn != txn || last->epoch != tvi_txn_epoch(txn) ||
      atomic_load(&last->state) != TVI_OUTCOME_PENDING) {
    tvi_conn_join_settle(conn);
    status = join_hook(conn, txn);
    if (status != TV_OK) return status;
  }
  conn->outcome->conn = conn;
  conn->joined = txn;
  conn->join_epoch = tvi_txn_epoch(txn);
  conn->left_by_owner = 0;
  conn->generation++;
  tvi_pages_forget(conn);
  return TV_OK;
}

int tv_sql_join(sqlite3 *connection, tv_txn *txn) {
  tvi_conn *conn;
  const char *obstacle;
  int status;
  if (txn == NULL) return TV_EINVAL;
  if (connection == NULL) return tvi_txn_fail(txn, TV_EINVAL, 0, "tv_sql_join needs a connection");
  sqlite3_mutex_enter(sqlite3_db_mutex(connection));
  conn = tvi_conn_of(connection);
  obstacle = join_obstacle(conn, txn);
  status = obstacle == NULL ? join_begin(conn, txn)
                            : tvi_txn_fail(txn, TV_EMISUSE, 0, "cannot join: %s", obstacle);
  sqlite3_mutex_leave(sqlite3_db_mutex(connection));
  return status;
}

static int join_leave(tvi_conn *conn) {
  if (conn->lock != SQLITE_LOCK_NONE || !sqlite3_get_autocommit(conn->sql)) return TV_EMISUSE;
  if (conn->joined == NULL) {
    int status = conn->left_by_owner ? TV_OK : TV_EMISUSE;
    conn->left_by_owner = 0;
    return status;
  }
  conn->outcome->epoch = conn->join_epoch;
  conn->outcome->conn = NULL;
  conn->joined = NULL;
  conn->generation++;
  tvi_pages_forget(conn);
  return TV_OK;
}

int tv_sql_leave(sqlite3 *connection) {
  tvi_conn *conn;
  int status = TV_EMISUSE;
  if (connection == NULL) return TV_EINVAL;
  sqlite3_mutex_enter(sqlite3_db_mutex(connection));
  conn = tvi_conn_of(connection);
  if (conn != NULL) status = join_leave(conn);
  sqlite3_mutex_leave(sqlite3_db_mutex(connection));
  return status;
}
