/* SPDX-License-Identifier: MIT */
/*
 * Long traversals and sqlite3_interrupt. SQLite looks for an interruption between its own steps
 * only, and this version has no way to ask; but any statement of the connection that is stepped
 * after the interruption fails with SQLITE_INTERRUPT. So a traversal steps SELECT 1 now and
 * then. The progress handler was rejected: it belongs to the application.
 */
#include "graph_table_internal.h"

#define GRAPH_POLL_EVERY 1024u /* steps: some ten microseconds */

int tvi_graph_poll_now(tvi_graph_cursor *cursor) {
  tvi_graph_table *table = (tvi_graph_table *)cursor->base.pVtab;

  if (cursor->probe == NULL &&
      sqlite3_prepare_v2(table->sql, "SELECT 1", -1, &cursor->probe, NULL) != SQLITE_OK)
    return 0; /* the statement that asks finds the reason itself */
  if (sqlite3_step(cursor->probe) == SQLITE_INTERRUPT) cursor->interrupted = 1;
  (void)sqlite3_reset(cursor->probe);
  return cursor->interrupted;
}

int tvi_graph_poll(tvi_graph_cursor *cursor) {
  return ++cursor->polls % GRAPH_POLL_EVERY == 0 ? tvi_graph_poll_now(cursor) : 0;
}

int tvi_graph_ended(tvi_graph_cursor *cursor, int status) {
  if (cursor->interrupted) return SQLITE_INTERRUPT;
  if (status == TV_OK || status == TV_STOP) return SQLITE_OK;
  return tvi_graph_fail(cursor, status);
}
