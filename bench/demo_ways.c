/* SPDX-License-Identifier: MIT */
/*
 * Three questions, one of each shape, and every way that can answer each. A way that only wins or
 * only loses is as welcome as the others: the table is there to show the trade-off, so nothing
 * was left out for being slow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "paired.h"
#include "tool_heap.h"

static int demo_way_fail(char *why, const char *what) {
  snprintf(why, PAIRED_TEXT_BYTES, "%.250s", what);
  return -1;
}

static int demo_way_fail_graph(const demo_store *store, char *why) {
  return demo_way_fail(why, tv_txn_error(store->txn)->message);
}

static tv_slice demo_way_column(sqlite3_stmt *stmt, int column) {
  const void *text = sqlite3_column_text(stmt, column);
  return tv_bytes(text, (size_t)sqlite3_column_bytes(stmt, column));
}

/* Runs a statement whose first column is a name; `about` is its parameter where it has one. The
 * answer sums the names' hashes, or, with totals, name and figure. */
static int demo_way_sql(demo_store *store, const char *sql, const char *about, demo_totals *totals,
                        uint64_t *answer, char *why) {
  sqlite3_stmt *stmt = demo_statement(store, sql, why);
  uint64_t sum = 0;
  int rc;
  if (stmt == NULL) return -1;
  demo_bind(store, stmt, about);
  while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    tv_slice name = demo_way_column(stmt, 0);
    if (totals != NULL)
      demo_totals_add(totals, name, sqlite3_column_int64(stmt, 1));
    else
      sum += demo_hash(name);
  }
  rc = sqlite3_reset(stmt);
  *answer = totals != NULL ? demo_totals_hash(totals) : sum;
  return rc == SQLITE_OK ? 0 : demo_way_fail(why, sqlite3_errmsg(store->sql));
}

/* ---- KV shape: a point look-up ---- */

static const char demo_sql_version[] = "SELECT version FROM packages WHERE name = ?";

static int demo_version_sql(demo_store *store, const char *about, uint64_t *answer, char *why) {
  return demo_way_sql(store, demo_sql_version, about, NULL, answer, why);
}

static int demo_version_graph(demo_store *store, const char *about, uint64_t *answer, char *why) {
  tv_value value;
  tv_node node;
  if (tv_graph_node_find(store->graph, tv_str(about), &node) != TV_OK ||
      tv_graph_node_get(store->graph, node, "version", &value) != TV_OK)
    return demo_way_fail_graph(store, why);
  *answer = demo_hash(value.as.bytes);
  return 0;
}

static const demo_way demo_version_ways[] = {
    {"KV: get, then the stanza's line", "2 calls of C", demo_kv_version},
    {"graph: property of the node", "2 calls of C", demo_version_graph},
    {"SQL: by primary key", "1 statement", demo_version_sql},
};

/* ---- Graph shape: a closure ---- */

static const char demo_sql_khop[] = "SELECT node FROM graph_khop('" DEMO_GRAPH
                                    "', ?1, 1000000, 'in', ?2)"
                                    " WHERE depth > 0";

/* A common table expression over the table made for it. */
static const char demo_sql_recursive[] =
    "WITH RECURSIVE needs(name) AS ("
    "  VALUES(?1) UNION SELECT package FROM depends JOIN needs ON target = name) "
    "SELECT name FROM needs WHERE name <> ?1";

/* The same over the graph's edges, one neighbourhood at a time. */
static const char demo_sql_neighbours[] =
    "WITH RECURSIVE needs(name) AS ("
    "  VALUES(?1) UNION SELECT n.neighbor FROM needs,"
    "  graph_neighbors('" DEMO_GRAPH
    "', needs.name, 'in', ?2) AS n) "
    "SELECT name FROM needs WHERE name <> ?1";

static int demo_closure_sql_khop(demo_store *store, const char *about, uint64_t *answer,
                                 char *why) {
  return demo_way_sql(store, demo_sql_khop, about, NULL, answer, why);
}

static int demo_closure_sql_recursive(demo_store *store, const char *about, uint64_t *answer,
                                      char *why) {
  return demo_way_sql(store, demo_sql_recursive, about, NULL, answer, why);
}

static int demo_closure_sql_neighbours(demo_store *store, const char *about, uint64_t *answer,
                                       char *why) {
  return demo_way_sql(store, demo_sql_neighbours, about, NULL, answer, why);
}

typedef struct demo_way_walk {
  tv_graph *graph;
  uint64_t sum;
} demo_way_walk;

static int demo_way_walk_visit(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                               const tv_edge_ref *edge) {
  demo_way_walk *walk = ctx;
  tv_slice key;
  (void)parent;
  (void)edge;
  if (depth == 0) return 0;
  if (tv_graph_node_key(walk->graph, node, &key) != TV_OK) return -1;
  walk->sum += demo_hash(key);
  return 0;
}

static int demo_closure_graph(demo_store *store, const char *about, uint64_t *answer, char *why) {
  demo_way_walk walk = {store->graph, 0};
  uint32_t types[2];
  tv_types hard;
  tv_node node;
  hard.n = demo_hard_types(store->graph, types);
  hard.types = types;
  if (hard.n == 0) return demo_way_fail(why, "the index has no dependencies");
  if (tv_graph_node_find(store->graph, tv_str(about), &node) != TV_OK ||
      tv_graph_bfs(store->graph, 1, &node, TV_IN, hard, UINT32_MAX, NULL, demo_way_walk_visit,
                   &walk) != TV_OK)
    return demo_way_fail_graph(store, why);
  *answer = walk.sum;
  return 0;
}

static const demo_way demo_closure_ways[] = {
    {"graph: breadth-first search", "1 call of C", demo_closure_graph},
    {"SQL: graph_khop() as a table", "1 statement", demo_closure_sql_khop},
    {"SQL: recursive, over graph_neighbors()", "1 statement", demo_closure_sql_neighbours},
    {"SQL: recursive, over a table made for it", "1 statement + table", demo_closure_sql_recursive},
    {"KV: scan and parse all, then search", "90 lines of C", demo_kv_closure},
};

/* ---- Analytic shape: a group by ---- */

static const char demo_sql_totals[] =
    "SELECT section, coalesce(sum(installed_size), 0) FROM packages GROUP BY section";

static int demo_sections_sql(demo_store *store, const char *about, uint64_t *answer, char *why) {
  demo_totals totals;
  int rc;
  memset(&totals, 0, sizeof totals);
  rc = demo_way_sql(store, demo_sql_totals, about, &totals, answer, why);
  demo_totals_free(&totals);
  return rc;
}

typedef struct demo_way_nodes {
  tv_graph *graph;
  demo_totals totals;
} demo_way_nodes;

static int demo_way_node(void *ctx, tv_node node) {
  demo_way_nodes *nodes = ctx;
  tv_value section, size;
  int rc = tv_graph_node_get(nodes->graph, node, "installed_size", &size);
  if (rc < 0) return rc;
  if (rc == TV_NOTFOUND) size.as.integer = 0;
  if (tv_graph_node_get(nodes->graph, node, "section", &section) != TV_OK) return -1;
  demo_totals_add(&nodes->totals, section.as.bytes, size.as.integer);
  return 0;
}

static int demo_sections_graph(demo_store *store, const char *about, uint64_t *answer, char *why) {
  demo_way_nodes nodes;
  int rc;
  (void)about;
  memset(&nodes, 0, sizeof nodes);
  nodes.graph = store->graph;
  rc = tv_graph_nodes(store->graph, "Package", demo_way_node, &nodes);
  *answer = demo_totals_hash(&nodes.totals);
  demo_totals_free(&nodes.totals);
  return rc == TV_OK ? 0 : demo_way_fail_graph(store, why);
}

static const demo_way demo_sections_ways[] = {
    {"SQL: GROUP BY", "1 statement", demo_sections_sql},
    {"graph: properties of all nodes", "30 lines of C", demo_sections_graph},
    {"KV: scan and parse all, then add up", "40 lines of C", demo_kv_sections},
};

#define DEMO_WAYS(ways) sizeof(ways) / sizeof(ways)[0], ways
const demo_question demo_questions[DEMO_QUESTIONS] = {
    {"KV shape", "Which version of %s is it?", DEMO_WAYS(demo_version_ways)},
    {"graph shape", "What leans on %s, over any number of steps?", DEMO_WAYS(demo_closure_ways)},
    {"analytic shape", "How much do the packages of each section install?",
     DEMO_WAYS(demo_sections_ways)},
};
