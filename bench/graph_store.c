/* SPDX-License-Identifier: MIT */
/*
 * The store's side of the benchmark: a file, filled from edges in memory, and its transactions.
 * Ids of nodes equal their numbers in memory because they are created in that order; a table that
 * maps one to the other was rejected, for it would be read within measured time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "graph_run.h"
#include "interrupt.h"
#include "progress.h"
#include "scratch.h"
#include "tool_heap.h"

#define STORE_PIECE 100000 /* between two looks at Ctrl-C */

void graph_store_name(graph_store *store, const char *name) {
  scratch_subfolder(store->path, sizeof store->path - 16, scratch_folder(1), name);
  snprintf(store->path + tv_str(store->path).size, 16, "/graph.tv");
}

void graph_store_must(const graph_store *store, int status, const char *what) {
  if (status >= 0) return;
  heap_stop("%s: %s: %s", what, tv_status_name(status),
            store->txn != NULL ? tv_txn_error(store->txn)->message : "");
}

void graph_store_open(graph_store *store) {
  tv_error err;
  if (tv_open(store->path, NULL, &store->db, &err) != TV_OK) heap_stop("%s", err.message);
}

void graph_store_close(graph_store *store) {
  tv_error err;
  if (store->txn != NULL) graph_store_end(store);
  if (store->db != NULL && tv_close(store->db, &err) != TV_OK) heap_stop("%s", err.message);
  store->db = NULL;
}

void graph_store_begin(graph_store *store, unsigned mode) {
  tv_graph_stat stat;
  tv_error err;
  if (tv_begin(store->db, mode, &store->txn, &err) != TV_OK) heap_stop("%s", err.message);
  graph_store_must(store,
                   tv_graph_open(store->txn, "g", mode == TV_WRITE ? TV_CREATE : 0, &store->graph),
                   "opening the graph");
  graph_store_must(store, tv_graph_stat_get(store->graph, &stat), "counting the graph");
  store->ids = stat.node_ids;
}

void graph_store_end(graph_store *store) {
  tv_error err;
  if (tv_txn_is_write(store->txn)) {
    if (tv_commit(store->txn, &err) != TV_OK) heap_stop("%s", err.message);
  } else {
    tv_abort(store->txn);
  }
  store->txn = NULL;
}

tv_node graph_store_node(graph_store *store, uint64_t number) {
  char key[24];
  tv_node node = TV_NODE_NONE;
  snprintf(key, sizeof key, "%" PRIu64, number);
  if (tv_graph_node_find(store->graph, tv_str(key), &node) != TV_OK)
    heap_stop("the store has no node %s", key);
  return node;
}

static void store_nodes(graph_store *store, uint64_t nodes, progress *bar) {
  uint64_t i;
  char key[24];
  for (i = 0; i < nodes && !interrupt_seen(); i++) {
    snprintf(key, sizeof key, "%" PRIu64, i);
    graph_store_must(store, tv_graph_node_put(store->graph, tv_str(key), NULL, NULL),
                     "adding a node");
    if (i % STORE_PIECE == 0) progress_at(bar, i);
  }
}

static int store_in_delta(uint64_t edge, int some_in_delta) {
  return some_in_delta && edge % 100 == 50;
}

/* Edges for segments, in one call. */
static void store_bulk(graph_store *store, const graph_edges *edges, int some_in_delta) {
  uint64_t *from = heap_take((size_t)(edges->n + 1) * sizeof *from), i, n = 0;
  uint64_t *to = heap_take((size_t)(edges->n + 1) * sizeof *to);
  int64_t *weight = heap_take((size_t)(edges->n + 1) * sizeof *weight);
  tv_edge_column column = {GRAPH_WEIGHT, TV_INT64, weight};
  tv_edges list = {GRAPH_TYPE, 0, from, to, 1, &column};
  for (i = 0; i < edges->n; i++) {
    if (store_in_delta(i, some_in_delta)) continue;
    from[n] = edges->from[i];
    to[n] = edges->to[i];
    weight[n++] = edges->weight[i];
  }
  list.n = n;
  graph_store_must(store, tv_graph_edges_load_with(store->graph, &list, NULL), "loading edges");
  free(from);
  free(to);
  free(weight);
}

static void store_single(graph_store *store, const graph_edges *edges, uint64_t i) {
  tv_property weight = {GRAPH_WEIGHT, {TV_INT64, {edges->weight[i]}}};
  graph_store_must(
      store,
      tv_graph_edge_add(store->graph, edges->from[i], edges->to[i], GRAPH_TYPE, 1, &weight, NULL),
      "adding an edge");
}

void graph_store_fill(graph_store *store, const graph_edges *edges, int some_in_delta) {
  uint64_t i, steps = edges->nodes + edges->n;
  progress bar;
  progress_begin(&bar, "filling the store", steps);
  graph_store_open(store);
  graph_store_begin(store, TV_WRITE);
  store_nodes(store, edges->nodes, &bar);
  if (!interrupt_seen()) store_bulk(store, edges, some_in_delta);
  for (i = 0; i < edges->n && some_in_delta && !interrupt_seen(); i++)
    if (store_in_delta(i, some_in_delta)) store_single(store, edges, i);
  graph_store_end(store);
  progress_end(&bar);
  graph_store_close(store);
}
