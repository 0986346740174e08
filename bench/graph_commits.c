/* SPDX-License-Identifier: MIT */
/*
 * Durable transactions that add edges to the graph, beside raw LMDB that commits two puts of the
 * same size for each. LMDB's database is empty at first, as the graph's delta is after a bulk load,
 * so that both trees have the same height; one with all the graph in it was rejected, since then
 * LMDB would write more pages than we do.
 */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "graph_run.h"
#include "interrupt.h"
#include "kv_bench.h"
#include "peer_lmdb_edges.h"
#include "scratch.h"
#include "tool_heap.h"

#define COMMITS_EDGES_MAX 100 /* in a transaction */

typedef struct commits_run {
  graph_bench *bench;
  graph_store *store;
  lmdb_edges *lmdb;
  unsigned edges, transactions; /* in one transaction, in one run */
  uint64_t first_id;            /* of LMDB's side */
} commits_run;

/* The edges of one transaction: both sides add the same, the round decides which. */
static void commits_edges(const commits_run *run, unsigned round, unsigned transaction,
                          uint64_t *from, uint64_t *to) {
  uint64_t state = run->bench->seed + ((uint64_t)round << 32) + transaction;
  unsigned i;
  for (i = 0; i < run->edges; i++) {
    from[i] = kv_random_below(&state, run->bench->csr.nodes);
    to[i] = kv_random_below(&state, run->bench->csr.nodes);
  }
}

/* ---- Trivet ---- */

static int commits_run_store(void *ctx, unsigned round, uint64_t *answer, char *why) {
  commits_run *run = ctx;
  graph_store *store = run->store;
  uint64_t from[COMMITS_EDGES_MAX], to[COMMITS_EDGES_MAX];
  unsigned t, i;
  (void)answer, (void)why;
  for (t = 0; t < run->transactions && !interrupt_seen(); t++) {
    tv_error err;
    commits_edges(run, round, t, from, to);
    if (tv_begin(store->db, TV_WRITE, &store->txn, &err) != TV_OK) heap_stop("%s", err.message);
    graph_store_must(store, tv_graph_open(store->txn, "g", 0, &store->graph), "opening the graph");
    for (i = 0; i < run->edges; i++)
      graph_store_must(store,
                       tv_graph_edge_add(store->graph, from[i], to[i], GRAPH_TYPE, 0, NULL, NULL),
                       "adding an edge");
    graph_store_end(store);
  }
  return 0;
}

typedef struct commits_asked {
  tv_node other;
  int out;
  unsigned found;
} commits_asked;

static int commits_see(void *ctx, const tv_edge_ref *edge) {
  commits_asked *asked = ctx;
  asked->found |= (asked->out ? edge->to : edge->from) == asked->other;
  return 0;
}

/* How many of an edge's two records are there. */
static unsigned commits_find(graph_store *store, tv_node from, tv_node to) {
  static const tv_types all = {0, NULL};
  commits_asked out = {to, 1, 0}, in = {from, 0, 0};
  graph_store_must(store, tv_graph_edges_at(store->graph, from, TV_OUT, all, commits_see, &out),
                   "reading back");
  graph_store_must(store, tv_graph_edges_at(store->graph, to, TV_IN, all, commits_see, &in),
                   "reading back");
  return out.found + in.found;
}

static int commits_answer_store(void *ctx, unsigned round, uint64_t *answer, char *why) {
  commits_run *run = ctx;
  uint64_t from[COMMITS_EDGES_MAX], to[COMMITS_EDGES_MAX];
  unsigned t, i;
  (void)why;
  *answer = 0;
  graph_store_begin(run->store, TV_READ);
  for (t = 0; t < run->transactions; t++) {
    commits_edges(run, round, t, from, to);
    for (i = 0; i < run->edges; i++) *answer += commits_find(run->store, from[i], to[i]);
  }
  graph_store_end(run->store);
  return 0;
}

/* ---- Raw LMDB ---- */

static int commits_run_lmdb(void *ctx, unsigned round, uint64_t *answer, char *why) {
  commits_run *run = ctx;
  uint64_t from[COMMITS_EDGES_MAX], to[COMMITS_EDGES_MAX];
  unsigned t;
  (void)answer, (void)why;
  for (t = 0; t < run->transactions && !interrupt_seen(); t++) {
    commits_edges(run, round, t, from, to);
    lmdb_edges_add(run->lmdb, run->edges, from, to, run->first_id + (uint64_t)t * run->edges);
  }
  return 0;
}

static int commits_answer_lmdb(void *ctx, unsigned round, uint64_t *answer, char *why) {
  commits_run *run = ctx;
  uint64_t from[COMMITS_EDGES_MAX], to[COMMITS_EDGES_MAX];
  unsigned t, i;
  (void)why;
  *answer = 0;
  for (t = 0; t < run->transactions; t++) {
    commits_edges(run, round, t, from, to);
    for (i = 0; i < run->edges; i++)
      *answer +=
          lmdb_edges_find(run->lmdb, from[i], to[i], run->first_id + (uint64_t)t * run->edges + i);
  }
  run->first_id += (uint64_t)run->transactions * run->edges;
  return 0;
}

/* ---- The measures ---- */

static void commits_measure(commits_run *run, const char *name, unsigned edges,
                            unsigned transactions, double bar) {
  paired_plan plan = {.name = name, .operation = "transaction", .bar_kind = PAIRED_AT_LEAST};
  char folder[1200];
  run->edges = edges;
  run->transactions = transactions;
  run->first_id = 1;
  plan.operations = transactions;
  plan.rounds_min = 9;
  plan.rounds_max = 61;
  plan.budget_ns = UINT64_C(4000000000);
  plan.bar = bar;
  plan.sides = 2;
  plan.side[0] = (paired_side){"trivet", NULL, commits_run_store, commits_answer_store, run};
  plan.side[1] = (paired_side){"raw LMDB", NULL, commits_run_lmdb, commits_answer_lmdb, run};
  scratch_subfolder(folder, sizeof folder, scratch_folder(1), "lmdb");
  run->lmdb = lmdb_edges_open(folder);
  graph_measure(run->bench, &plan);
  lmdb_edges_close(run->lmdb);
}

/* Median microseconds of a reader's first hop after a commit: nothing is rebuilt for it. */
static double commits_first_hop(commits_run *run) {
  static const tv_types all = {0, NULL};
  double times[64];
  uint64_t state = run->bench->seed;
  size_t i;
  run->edges = run->transactions = 1;
  for (i = 0; i < sizeof times / sizeof times[0] && !interrupt_seen(); i++) {
    commits_asked asked = {TV_NODE_NONE, 1, 0};
    tv_node node = kv_random_below(&state, run->bench->csr.nodes);
    uint64_t from;
    commits_run_store(run, 1000000 + (unsigned)i, NULL, NULL);
    from = clock_ns();
    graph_store_begin(run->store, TV_READ);
    graph_store_must(run->store,
                     tv_graph_edges_at(run->store->graph, node, TV_OUT, all, commits_see, &asked),
                     "one hop");
    graph_store_end(run->store);
    times[i] = (double)(clock_ns() - from) / 1000;
  }
  return graph_median(times, i);
}

void graph_measure_commits(graph_bench *bench, graph_store *store) {
  commits_run run = {.bench = bench, .store = store};
  if (store->txn != NULL) graph_store_end(store);
  commits_measure(&run, "durable transactions of 1 edge", 1, 16, 0.8);
  commits_measure(&run, "durable transactions of 100 edges", 100, 4, 0.7);
  graph_figure(bench, "new reader's first hop after a commit, median microseconds",
               commits_first_hop(&run), PAIRED_NO_BAR, 0);
}
