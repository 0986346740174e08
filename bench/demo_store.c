/* SPDX-License-Identifier: MIT */
/*
 * An open demo store: one read transaction that bucket, graph and SQL connection share, so that
 * every answer on the screen is about the same snapshot. Statements are prepared once,
 * as an application would; preparing one per question would charge SQL for its compiler.
 */
#include <stdio.h>
#include <string.h>

#include "demo.h"
#include "paired.h"

static void demo_store_types(demo_store *store) {
  uint32_t types[2];
  size_t n = demo_hard_types(store->graph, types), i;
  for (i = 0; i < n; i++)
    snprintf(store->hard + strlen(store->hard), sizeof store->hard - strlen(store->hard), "%s%s",
             i > 0 ? "," : "", tv_graph_type_name(store->graph, types[i]));
  if (n == 0) snprintf(store->hard, sizeof store->hard, "%s", deb_relation_names[DEB_DEPENDS]);
}

int demo_open(const char *path, demo_store *store, tv_error *err) {
  tv_options options = {0};
  int rc;
  memset(store, 0, sizeof *store);
  memset(err, 0, sizeof *err);
  options.flags = TV_OPEN_EXISTING;
  rc = tv_open(path, &options, &store->db, err);
  if (rc == TV_OK) rc = tv_sql_open(store->db, TV_SQL_THREAD_BOUND, &store->sql, err);
  if (rc == TV_OK) rc = tv_begin(store->db, TV_READ, &store->txn, err);
  if (rc == TV_OK) {
    rc = tv_sql_join(store->sql, store->txn);
    if (rc == TV_OK) rc = tv_kv_open(store->txn, DEMO_BUCKET, 0, NULL, &store->bucket);
    if (rc == TV_OK) rc = tv_graph_open(store->txn, DEMO_GRAPH, 0, &store->graph);
    if (rc == TV_OK) demo_store_types(store);
    if (rc != TV_OK) *err = *tv_txn_error(store->txn);
  }
  if (rc != TV_OK) demo_close(store);
  return rc;
}

void demo_close(demo_store *store) {
  size_t i;
  for (i = 0; i < DEMO_STATEMENTS_MAX; i++) sqlite3_finalize(store->statements[i].prepared);
  if (store->txn != NULL) {
    tv_sql_leave(store->sql);
    tv_abort(store->txn);
  }
  sqlite3_close(store->sql);
  tv_close(store->db, NULL);
  memset(store, 0, sizeof *store);
}

sqlite3_stmt *demo_statement(demo_store *store, const char *sql, char *why) {
  size_t i;
  for (i = 0; i < DEMO_STATEMENTS_MAX; i++) {
    if (store->statements[i].sql == sql) return store->statements[i].prepared;
    if (store->statements[i].sql == NULL) break;
  }
  if (i == DEMO_STATEMENTS_MAX) {
    snprintf(why, PAIRED_TEXT_BYTES, "more than %d statements", DEMO_STATEMENTS_MAX);
    return NULL;
  }
  if (sqlite3_prepare_v2(store->sql, sql, -1, &store->statements[i].prepared, NULL) != SQLITE_OK) {
    snprintf(why, PAIRED_TEXT_BYTES, "%.250s", sqlite3_errmsg(store->sql));
    return NULL;
  }
  store->statements[i].sql = sql;
  return store->statements[i].prepared;
}

void demo_bind(const demo_store *store, sqlite3_stmt *stmt, const char *about) {
  int n = sqlite3_bind_parameter_count(stmt);
  if (n > 0) sqlite3_bind_text(stmt, 1, about, -1, SQLITE_STATIC);
  if (n > 1) sqlite3_bind_text(stmt, 2, store->hard, -1, SQLITE_STATIC);
}
