/* SPDX-License-Identifier: MIT */
/*
 * A key in three models: put into a bucket, linked into a graph, inserted into a table; and looks
 * at where it is, by SQL and by C. For tests of what holds for all three together.
 */
#ifndef TRIVET_TEST_THREE_MODELS_H
#define TRIVET_TEST_THREE_MODELS_H

#include "sql_run.h"
#include "trivet_graph.h"
#include "trivet_kv.h"

enum { IN_BUCKET = 1, IN_GRAPH = 2, IN_TABLE = 4, IN_ALL = 7 };

typedef struct three {
  char *folder, path[4200];
  tv_db *db;
  sqlite3 *sql, *other;
} three;

static const tv_bucket_options three_text = {.key_type = TV_COLUMN_TEXT,
                                             .value_type = TV_COLUMN_TEXT};

static inline void three_put(tv_txn *txn, const char *key) {
  tv_bucket *bucket;
  test_ok(tv_kv_open(txn, "b", TV_CREATE, &three_text, &bucket));
  test_ok(tv_kv_put(bucket, tv_str(key), tv_str("value")));
}

static inline void three_hang(tv_txn *txn, const char *key) {
  tv_graph *graph;
  tv_node hub, node;
  test_ok(tv_graph_open(txn, "g", TV_CREATE, &graph));
  test_ok(tv_graph_node_put(graph, tv_str("hub"), "Hub", &hub));
  test_ok(tv_graph_node_put(graph, tv_str(key), "Leaf", &node));
  test_ok(tv_graph_edge_add(graph, hub, node, "has", 0, NULL, NULL));
}

static inline void three_insert(sqlite3 *sql, const char *key) {
  char text[100];
  snprintf(text, sizeof text, "INSERT INTO t(k) VALUES('%s')", key);
  sql_run(sql, text);
}

static inline void three_step(tv_txn *txn, sqlite3 *sql, int model, const char *key) {
  if (model == IN_BUCKET) three_put(txn, key);
  if (model == IN_GRAPH) three_hang(txn, key);
  if (model == IN_TABLE) three_insert(sql, key);
}

static inline void three_write(tv_txn *txn, sqlite3 *sql, const char *key) {
  three_step(txn, sql, IN_BUCKET, key);
  three_step(txn, sql, IN_GRAPH, key);
  three_step(txn, sql, IN_TABLE, key);
}

/* Where a connection sees the key. */
static inline int three_sees(sqlite3 *sql, const char *key) {
  char text[400];
  char *answer;
  int bits;
  snprintf(text, sizeof text,
           "SELECT (SELECT count(*) FROM kv('b') WHERE key = '%s')"
           " + 2 * (SELECT count(*) FROM graph_neighbors('g', 'hub') WHERE neighbor = '%s')"
           " + 4 * (SELECT count(*) FROM t WHERE k = '%s')",
           key, key, key);
  answer = sql_answer(sql, text);
  if (strncmp(answer, "error", 5) == 0) fail_msg("%s: %s", answer, sqlite3_errmsg(sql));
  bits = atoi(answer);
  sqlite3_free(answer);
  return bits;
}

static inline int three_same(void *ctx, const tv_edge_ref *edge) {
  return edge->to == *(const tv_node *)ctx;
}

/* Where C code sees the key in a transaction; the table it cannot see. */
static inline int three_hold(tv_txn *txn, const char *key) {
  tv_bucket *bucket;
  tv_graph *graph;
  tv_node hub, node;
  tv_slice value;
  int bits = 0;
  if (tv_kv_open(txn, "b", 0, NULL, &bucket) == TV_OK &&
      tv_kv_get(bucket, tv_str(key), &value) == TV_OK)
    bits |= IN_BUCKET;
  if (tv_graph_open(txn, "g", 0, &graph) == TV_OK &&
      tv_graph_node_find(graph, tv_str("hub"), &hub) == TV_OK &&
      tv_graph_node_find(graph, tv_str(key), &node) == TV_OK &&
      tv_graph_edges_at(graph, hub, TV_OUT, (tv_types){0, NULL}, three_same, &node) == TV_STOP)
    bits |= IN_GRAPH;
  return bits;
}

static inline int three_setup(void **state) {
  three *f = calloc(1, sizeof *f);
  tv_txn *txn;
  f->folder = test_folder_make_fast();
  test_path(f->path, sizeof f->path, f->folder, "a.tv");
  f->db = test_open(f->path, 0);
  f->sql = sql_open(f->db, 0);
  f->other = sql_open(f->db, 0);
  sql_run(f->sql, "CREATE TABLE t(id INTEGER PRIMARY KEY, k TEXT UNIQUE)");
  txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_sql_join(f->sql, txn));
  three_write(txn, f->sql, "first");
  test_ok(tv_sql_leave(f->sql));
  test_commit(txn);
  *state = f;
  return 0;
}

static inline int three_teardown(void **state) {
  three *f = *state;
  sql_is(f->sql, "PRAGMA integrity_check", "ok|\n");
  sql_close(f->sql);
  sql_close(f->other);
  test_close(f->db);
  test_folder_remove(f->folder);
  free(f);
  return 0;
}

#endif
