/* SPDX-License-Identifier: MIT */
/*
 * Questions about single nodes: one hop by key, two hops distinct, each from the same random nodes
 * that have edges out, the look-up of the key included. The median is over questions; a mean
 * would be that of a few hubs. Answers are compared with rows in memory, outside the time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "graph_run.h"
#include "interrupt.h"
#include "kv_bench.h"
#include "tool_heap.h"

#define HOPS_ASKED 2000

static int hops_count(void *ctx, const tv_edge_ref *edge) {
  *(uint64_t *)ctx += edge->to;
  return 0;
}

/* The sum of neighbours, or how many nodes are within two steps. */
static uint64_t hops_of_store(graph_store *store, const char *key, unsigned depth) {
  static const tv_types all = {0, NULL};
  uint64_t found = 0;
  tv_node node;
  graph_store_must(store, tv_graph_node_find(store->graph, tv_str(key), &node), "finding a node");
  if (depth == 1)
    graph_store_must(store, tv_graph_edges_at(store->graph, node, TV_OUT, all, hops_count, &found),
                     "one hop");
  else
    graph_store_must(store,
                     tv_graph_khop_count(store->graph, node, TV_OUT, all, depth, NULL, &found),
                     "two hops");
  return found;
}

/* seen[v] == mark: v is counted. */
static uint64_t hops_of_csr(const graph_csr *csr, uint32_t node, unsigned depth, uint32_t *seen,
                            uint32_t mark) {
  uint64_t i, j, sum = 0, count = 0;
  seen[node] = mark;
  for (i = csr->out_at[node]; i < csr->out_at[node + 1]; i++) {
    uint32_t near = csr->out[i];
    sum += near;
    count += seen[near] != mark;
    seen[near] = mark;
    for (j = csr->out_at[near]; depth == 2 && j < csr->out_at[near + 1]; j++) {
      count += seen[csr->out[j]] != mark;
      seen[csr->out[j]] = mark;
    }
  }
  return depth == 1 ? sum : count;
}

static uint32_t hops_start(const graph_csr *csr, uint64_t *state) {
  uint32_t node;
  do node = (uint32_t)kv_random_below(state, csr->nodes);
  while (csr->out_at[node] == csr->out_at[node + 1]);
  return node;
}

/* Returns the median in microseconds. */
static double hops_median(graph_bench *bench, graph_store *store, unsigned depth) {
  double *times = heap_take(HOPS_ASKED * sizeof *times), median;
  uint32_t *seen = heap_take(((size_t)bench->csr.nodes + 1) * sizeof *seen), i;
  uint64_t state = bench->seed;
  for (i = 0; i < HOPS_ASKED && !interrupt_seen(); i++) {
    uint32_t start = hops_start(&bench->csr, &state);
    uint64_t from, found;
    char key[24];
    snprintf(key, sizeof key, "%" PRIu32, start);
    from = clock_ns();
    found = hops_of_store(store, key, depth);
    times[i] = (double)(clock_ns() - from) / 1000;
    if (found != hops_of_csr(&bench->csr, start, depth, seen, i + 1))
      heap_stop("%u hops from node %s: the store's answer is not that of the rows in memory", depth,
                key);
  }
  median = graph_median(times, i);
  free(times);
  free(seen);
  return median;
}

void graph_measure_hops(graph_bench *bench, graph_store *store) {
  hops_median(bench, store, 1); /* warms up */
  graph_figure(bench, "one hop by key, median microseconds", hops_median(bench, store, 1),
               PAIRED_AT_MOST, 3);
  graph_figure(bench, "two hops distinct, median microseconds", hops_median(bench, store, 2),
               PAIRED_AT_MOST, 150);
}
