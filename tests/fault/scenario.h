/* SPDX-License-Identifier: MIT */
/*
 * One walk over the public calls of all layers, for tests that make things fail on the way. Returns
 * the first status that was not the expected one; closes whatever it opened. Included by one file
 * of a program.
 */
#ifndef TRIVET_SCENARIO_H
#define TRIVET_SCENARIO_H

#include <stdio.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph_algo.h"
#include "trivet_graph_text.h"
#include "trivet_graph_traverse.h"
#include "trivet_kv.h"
#include "trivet_sql.h"

enum { SCENARIO_ROWS = 60 };

static int scenario_stores(tv_txn *txn) {
  tv_store *s;
  tv_cursor *c;
  tv_slice key, value, keys[2] = {tv_str("key-001"), tv_str("none")}, values[2];
  int i, statuses[2], status = tv_store_open(txn, "store", TV_CREATE, &s);
  unsigned depth;
  for (i = 0; i < SCENARIO_ROWS && status == TV_OK; i++) {
    char text[32], big[900];
    snprintf(text, sizeof text, "key-%03d", i);
    memset(big, i, sizeof big);
    status = tv_store_put(s, tv_str(text), tv_bytes(big, sizeof big), 0);
  }
  if (status == TV_OK) status = tv_store_get_many(s, 2, keys, values, statuses);
  if (status == TV_OK) status = tv_cursor_open(s, &c);
  if (status == TV_OK) {
    status = tv_cursor_seek(c, tv_str("key-01"), &key, &value);
    if (status == TV_OK) status = tv_savepoint(txn, &depth);
    if (status == TV_OK) {
      status = tv_store_delete(s, tv_str("key-011"));
      if (status == TV_OK) status = tv_cursor_next(c, &key, &value);
      if (status == TV_OK) status = tv_savepoint_rollback(txn, depth);
    }
    tv_cursor_close(c);
  }
  return status;
}

static int scenario_buckets(tv_txn *txn) {
  tv_bucket_options options = {.compression = TV_COMPRESS_LZ4_HC, .versioned = 1, .ttl_ms = 60000};
  tv_bucket *plain, *packed;
  tv_kv_cursor *c;
  tv_slice key, value, keys[2] = {tv_str("k-1"), tv_str("k-2")}, values[2];
  uint64_t n;
  int64_t sum;
  int i, statuses[2], status = tv_kv_open(txn, "plain", TV_CREATE, NULL, &plain);
  if (status == TV_OK) status = tv_kv_open(txn, "packed", TV_CREATE, &options, &packed);
  for (i = 0; i < SCENARIO_ROWS && status == TV_OK; i++) {
    char text[32], big[600];
    snprintf(text, sizeof text, "k-%d", i);
    memset(big, 'a' + i % 20, sizeof big);
    status = tv_kv_put(plain, tv_str(text), tv_bytes(big, sizeof big));
    if (status == TV_OK) status = tv_kv_put(packed, tv_str(text), tv_bytes(big, sizeof big));
  }
  if (status == TV_OK) status = tv_kv_get(packed, tv_str("k-1"), &value);
  if (status == TV_OK) status = tv_kv_get_many(packed, 2, keys, values, statuses);
  if (status == TV_OK) status = tv_kv_append(packed, tv_str("k-3"), tv_str("tail"));
  if (status == TV_OK) status = tv_kv_add(plain, tv_str("counter"), 5, &sum);
  if (status == TV_OK) status = tv_kv_put_ttl(plain, tv_str("brief"), tv_str("v"), 1000);
  if (status == TV_OK) status = tv_kv_delete(plain, tv_str("k-4"));
  if (status == TV_OK)
    status = tv_kv_delete_range(plain, (tv_range){tv_str("k-5"), tv_str("k-6")}, &n);
  if (status == TV_OK) status = tv_kv_cursor_open_prefix(packed, tv_str("k-"), &c);
  if (status == TV_OK) {
    for (i = 0; i < 5 && status == TV_OK; i++) status = tv_kv_cursor_next(c, &key, &value);
    tv_kv_cursor_close(c);
  }
  return status;
}

static int scenario_visit_node(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                               const tv_edge_ref *edge) {
  (void)node, (void)depth, (void)parent, (void)edge;
  ++*(int *)ctx;
  return 0;
}

/* Indexes that are filled, kept, read and dropped. */
static int scenario_indexes(tv_graph *g, tv_node node) {
  tv_index by_name = {TV_INDEX_NODES, "Odd", "name"}, by_weight = {TV_INDEX_EDGES, NULL, "weight"};
  tv_value text = {.type = TV_TEXT, .as.bytes = tv_str("a property")};
  tv_value other = {.type = TV_TEXT, .as.bytes = tv_str("another")};
  tv_index_range range = {&text, &text, 0, 0, 0};
  uint64_t count;
  int status = tv_graph_index_create(g, &by_name, 0);
  if (status == TV_OK) status = tv_graph_index_create(g, &by_weight, 0);
  if (status == TV_OK) status = tv_graph_node_set(g, node, "name", other);
  if (status == TV_OK) status = tv_graph_index_count(g, &by_name, &range, &count);
  if (status == TV_OK) status = tv_graph_index_drop(g, &by_weight);
  return status == TV_EXISTS ? TV_OK : status; /* the scenario runs twice in a file */
}

static int scenario_visit_path(void *ctx, const tv_path *path, double weight) {
  (void)path, (void)weight;
  ++*(int *)ctx;
  return 0;
}

/* What a graph can be asked over weighted paths and as a whole. */
static int scenario_algorithms(tv_graph *g, const tv_node *nodes) {
  tv_path_options weighted = {.weight = "weight", .direction = TV_BOTH};
  tv_algorithm_options threads = {.threads = 2};
  double numbers[512]; /* walks repeat, and ids do not */
  tv_result result = {TV_RESULT_NUMBERS, 0, numbers};
  tv_graph_stat stat;
  tv_degree_stat degrees;
  tv_reached reached;
  tv_path way;
  uint64_t count, n;
  int seen = 0, status = tv_graph_stat_get(g, &stat);
  if (status != TV_OK) return status;
  n = result.n = stat.node_ids;
  if (n > sizeof numbers / sizeof numbers[0]) return TV_ELIMIT;
  if (status == TV_OK) status = tv_graph_khop(g, 1, nodes, 3, NULL, &reached);
  if (status == TV_OK) tv_graph_reached_free(&reached);
  if (status == TV_OK) status = tv_graph_path_find(g, nodes[0], nodes[9], &weighted, &way, NULL);
  if (status == TV_OK) tv_graph_path_free(&way);
  if (status == TV_OK)
    status = tv_graph_all_shortest_paths(g, nodes[0], nodes[9], NULL, scenario_visit_path, &seen);
  if (status == TV_OK)
    status = tv_graph_shortest_path_count(g, nodes[0], nodes[9], &weighted, &count, NULL);
  if (status == TV_OK)
    status =
        tv_graph_k_shortest_paths(g, nodes[0], nodes[4], 2, &weighted, scenario_visit_path, &seen);
  if (status == TV_OK)
    status = tv_graph_distances(g, &threads, nodes[0], TV_OUT, "weight", numbers, NULL, n);
  if (status == TV_OK) status = tv_graph_degree_stat(g, &threads, TV_BOTH, &degrees);
  if (status == TV_OK) status = tv_graph_betweenness(g, &threads, TV_BOTH, 3, 1, numbers, n);
  if (status == TV_OK) status = tv_graph_result_store(g, &result, "central", NULL, &count);
  return status;
}

/* A traversal with all kinds of steps. */
static int scenario_traversal(tv_graph *g, tv_node node) {
  tv_value text = {.type = TV_TEXT, .as.bytes = tv_str("a")};
  tv_types all = {0, NULL};
  tv_traversal *t;
  tv_row row;
  int status = tv_traversal_open(g, TV_TRAVERSE_PATHS, &t);
  if (status != TV_OK) return status;
  (void)tv_traversal_nodes(t, 1, &node);
  (void)tv_traversal_repeat(t, 0, 4, TV_REPEAT_TRAIL);
  (void)tv_traversal_expand(t, TV_BOTH, all);
  (void)tv_traversal_where(t, TV_ON_NODE, "name", TV_PREFIX, &text);
  (void)tv_traversal_repeat_end(t);
  (void)tv_traversal_repeat(t, 1, 2, TV_REPEAT_REACH);
  (void)tv_traversal_expand(t, TV_OUT, all);
  (void)tv_traversal_repeat_end(t);
  (void)tv_traversal_expand(t, TV_IN, all);
  (void)tv_traversal_dedup(t);
  while ((status = tv_traversal_next(t, &row)) == TV_OK) continue;
  tv_traversal_close(t);
  return status == TV_END ? TV_OK : status;
}

/* Text that a graph is written as and read from. */
typedef struct scenario_text {
  char text[16384];
  size_t size, at;
} scenario_text;

static int scenario_put(void *ctx, const void *data, size_t size) {
  scenario_text *text = ctx;
  if (size > sizeof text->text - text->size) return 0; /* more nodes than are read back */
  memcpy(text->text + text->size, data, size);
  text->size += size;
  return 0;
}

static int scenario_take(void *ctx, void *buffer, size_t capacity, size_t *got) {
  scenario_text *text = ctx;
  *got = text->size - text->at < capacity ? text->size - text->at : capacity;
  memcpy(buffer, text->text + text->at, *got);
  text->at += *got;
  return 0;
}

/* Written in each format; the nodes are read back, and an edge of either kind. */
static int scenario_files(tv_graph *g) {
  scenario_text edges = {.text =
                             "source,target,type,weight:double,note\nn0,n1,next,1,\nn1,n2,next,,x"};
  tv_csv_options load = {.kind = TV_CSV_EDGES, .read = scenario_take, .ctx = &edges};
  int format, status;
  edges.size = strlen(edges.text);
  status = tv_graph_csv_load(g, &load, NULL);
  for (format = TV_EXPORT_DOT; format <= TV_EXPORT_EDGES_CSV && status == TV_OK; format++) {
    scenario_text text = {.size = 0};
    tv_export_options options = {.format = format, .write = scenario_put, .ctx = &text};
    status = tv_graph_export(g, &options, NULL);
    load = (tv_csv_options){.skip_bad_lines = 1, .read = scenario_take, .ctx = &text};
    if (status == TV_OK && format == TV_EXPORT_NODES_CSV)
      status = tv_graph_csv_load(g, &load, NULL);
  }
  return status;
}

static int scenario_graph(tv_txn *txn) {
  tv_graph *g;
  tv_node nodes[20] = {0};
  tv_edge edge = 0;
  tv_types all = {0, NULL};
  tv_value text = {.type = TV_TEXT, .as.bytes = tv_str("a property")};
  tv_property property = {"weight", {.type = TV_DOUBLE, .as.real = 1.5}};
  tv_path way;
  int i, seen = 0, status = tv_graph_open(txn, "graph", TV_CREATE, &g);
  for (i = 0; i < 20 && status == TV_OK; i++) {
    char key[16];
    snprintf(key, sizeof key, "n%d", i);
    status = tv_graph_node_put(g, tv_str(key), i % 2 ? "Odd" : "Even", &nodes[i]);
    if (status == TV_OK) status = tv_graph_node_set(g, nodes[i], "name", text);
    if (status == TV_OK && i > 0)
      status = tv_graph_edge_add(g, nodes[i - 1], nodes[i], "next", 1, &property, &edge);
  }
  if (status == TV_OK)
    status = tv_graph_bfs(g, 1, nodes, TV_OUT, all, 5, NULL, scenario_visit_node, &seen);
  if (status == TV_OK)
    status = tv_graph_shortest_path(g, nodes[0], nodes[9], TV_OUT, all, NULL, &way);
  if (status == TV_OK) tv_graph_path_free(&way);
  if (status == TV_OK) status = scenario_indexes(g, nodes[1]);
  if (status == TV_OK) status = scenario_traversal(g, nodes[1]);
  if (status == TV_OK) status = scenario_algorithms(g, nodes);
  if (status == TV_OK) status = scenario_files(g);
  if (status == TV_OK) status = tv_graph_edge_delete(g, edge);
  if (status == TV_OK) status = tv_graph_node_delete(g, nodes[3]);
  return status;
}

static int scenario_sql_run(sqlite3 *sql, const char *text) {
  int code = sqlite3_exec(sql, text, NULL, NULL, NULL);
  if (code == SQLITE_OK) return TV_OK;
  if (code == SQLITE_NOMEM || sqlite3_extended_errcode(sql) == SQLITE_IOERR_NOMEM) return TV_ENOMEM;
  return code == SQLITE_FULL ? TV_EFULL : TV_ESQL;
}

static int scenario_sql(sqlite3 *sql) {
  static const char grouped[] =
      "SELECT * FROM tv_query('SELECT b, count(*), max(t.a) FROM c JOIN t USING (b) WHERE c.a > ? "
      "GROUP BY b HAVING count(*) > 0 ORDER BY 2 DESC LIMIT 5', 3)";
  static const char *const statements[] = {
      "CREATE TABLE IF NOT EXISTS t(a INTEGER PRIMARY KEY, b TEXT)",
      "INSERT INTO t(b) SELECT hex(zeroblob(100)) FROM kv('plain') LIMIT 40",
      "SAVEPOINT s",
      "UPDATE t SET b = b || 'x'",
      "ROLLBACK TO s",
      "RELEASE s",
      "SELECT count(*) FROM t JOIN graph_khop('graph', 'n0', 3) AS h",
      "SELECT * FROM graph_path('graph', 'n0', 'n2')",
      "SELECT * FROM graph_all_paths('graph', 'n0', 'n2')",
      "SELECT count(*) FROM graph_components('graph')",
      "SELECT count(*) FROM graph_find('graph', 'Odd', 'name', 'another')",
      "CREATE VIRTUAL TABLE IF NOT EXISTS v USING kv('plain')",
      "INSERT OR REPLACE INTO v(key, value) VALUES(x'01', x'02')",
      "DROP TABLE v",
      "CREATE VIRTUAL TABLE IF NOT EXISTS c USING columnar(a INTEGER, b TEXT)",
      "INSERT INTO c SELECT a, b FROM t",
      grouped,
  };
  size_t i;
  int status = TV_OK;
  for (i = 0; i < sizeof statements / sizeof statements[0] && status == TV_OK; i++)
    status = scenario_sql_run(sql, statements[i]);
  return status;
}

/* Everything in one transaction over three models. */
static int scenario_run(tv_db *db, tv_error *err) {
  sqlite3 *sql = NULL;
  tv_txn *txn = NULL;
  int status = tv_begin(db, TV_WRITE, &txn, err);
  if (status != TV_OK) return status;
  status = scenario_stores(txn);
  if (status == TV_OK) status = scenario_buckets(txn);
  if (status == TV_OK) status = scenario_graph(txn);
  if (status == TV_OK) {
    status = tv_sql_open(db, 0, &sql, err);
    if (status == TV_ESQL && err->native == SQLITE_NOMEM) status = TV_ENOMEM;
  }
  if (status == TV_OK) {
    status = tv_sql_join(sql, txn);
    if (status == TV_OK) status = scenario_sql(sql);
    if (status == TV_OK) status = tv_sql_leave(sql);
  }
  if (status == TV_OK) {
    status = tv_commit(txn, err);
  } else {
    tv_abort(txn);
  }
  if (sql != NULL) (void)sqlite3_close(sql);
  return status;
}

#endif
