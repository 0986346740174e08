/* SPDX-License-Identifier: MIT */
/*
 * Waiting for the writer's turn. SQLite calls the busy handler after it has let go of its snapshot;
 * the handler queues at the writer gate, begins the write transaction there, and lets SQLite try
 * again: the retried SHARED reads a snapshot that no other writer can pass any more, and RESERVED
 * takes the transaction over. Sleeping and trying again, as SQLite's own handler does, was
 * rejected: it is not fair, and the map could not grow while our own snapshot is open.
 */
#include "trivet_sql.h"
#include "vfs_internal.h"

void tvi_conn_grant_drop(tvi_conn *conn) {
  if (conn->granted != NULL) tv_abort(conn->granted);
  conn->granted = NULL;
}

/*
 * sqlite3_is_interrupted came with 3.41: until then a statement that touches no table tells.
 * It is prepared anew each time, as a lasting one would keep sqlite3_close from closing.
 */
static int busy_interrupted(void *ctx) {
  tvi_conn *conn = ctx;
  sqlite3_stmt *probe = NULL;
  int code = sqlite3_prepare_v2(conn->sql, "SELECT 1", -1, &probe, NULL);
  if (code == SQLITE_OK) code = sqlite3_step(probe);
  sqlite3_finalize(probe);
  return code == SQLITE_INTERRUPT;
}

int tvi_conn_busy(void *ctx, int count) {
  tvi_conn *main_conn = ctx;
  tvi_conn *conn = main_conn->blocked != NULL ? main_conn->blocked : main_conn;
  tv_begin_options options = tvi_conn_write_options(conn);
  int status;
  main_conn->blocked = NULL;
  if (conn->db == NULL) return 0;
  if (conn->granted != NULL || count > 16) {
    tvi_conn_grant_drop(conn);
    return 0;
  }
  /* The same store attached twice: the turn is our own and would never come. */
  if (conn != main_conn && main_conn->write != NULL &&
      tvi_db_id(conn->db) == tvi_db_id(main_conn->db))
    return 0;
  options.wait_ms = main_conn->wait_ms;
  options.interrupted = busy_interrupted;
  options.ctx = main_conn;
  status = tv_begin_with(conn->db, &options, &conn->granted, NULL);
  if (status == TV_OK) return 1;
  conn->granted = NULL;
  if (status != TV_EINTR) return 0;
  conn->interrupted = 1; /* SQLite would say BUSY; the retried lock says INTERRUPT */
  return 1;
}
