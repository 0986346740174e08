/* SPDX-License-Identifier: MIT */
/*
 * Compressed sparse rows: one counting sort for each direction. Rows end up ascending because the
 * counting sort keeps the order of what it places, once by the one end and once by the other;
 * sorting each row by itself was rejected for being slower on long ones.
 */
#include <stdlib.h>
#include <string.h>

#include "graph_bench.h"
#include "tool_heap.h"

/* at[v] .. at[v + 1]: places of the edges whose `end` is v. */
static uint64_t *csr_places(uint32_t nodes, uint64_t n, const uint64_t *end) {
  uint64_t *at = heap_take(((size_t)nodes + 2) * sizeof *at), i;
  for (i = 0; i < n; i++) at[end[i] + 2]++;
  for (i = 2; i < (uint64_t)nodes + 2; i++) at[i] += at[i - 1];
  return at;
}

/* The edges' numbers in the order of `end`, those of one end in the order of `order` (NULL: as they
 * are). Leaves at[v] where row v begins. */
static uint32_t *csr_sort(uint64_t n, const uint64_t *end, const uint32_t *order, uint64_t *at) {
  uint32_t *sorted = heap_take((size_t)(n + 1) * sizeof *sorted);
  uint64_t i;
  for (i = 0; i < n; i++) {
    uint32_t edge = order != NULL ? order[i] : (uint32_t)i;
    sorted[at[end[edge] + 1]++] = edge;
  }
  return sorted;
}

void graph_csr_build(graph_csr *csr, const graph_edges *edges) {
  uint32_t *by_from, *by_to, *rows;
  uint64_t i, *unused, weights = 0;
  if (edges->n >= UINT32_MAX) heap_stop("the baseline in memory takes fewer than 2^32 edges");
  csr->nodes = edges->nodes;
  csr->edges = edges->n;
  csr->out_at = csr_places(edges->nodes, edges->n, edges->from);
  csr->in_at = csr_places(edges->nodes, edges->n, edges->to);
  by_from = csr_sort(edges->n, edges->from, NULL, csr->out_at);
  by_to = csr_sort(edges->n, edges->to, by_from, csr->in_at); /* rows in: by source */
  unused = csr_places(edges->nodes, edges->n, edges->from);
  rows = csr_sort(edges->n, edges->from, by_to, unused); /* rows out: by target */
  free(unused);
  free(by_from);
  csr->in = by_to;
  csr->out = rows;
  csr->arcs = edges->weight == NULL ? NULL : heap_take((size_t)(edges->n + 1) * sizeof *csr->arcs);
  for (i = 0; i < edges->n; i++) {
    if (csr->arcs != NULL) {
      csr->arcs[i] = (graph_arc){(uint32_t)edges->to[rows[i]], edges->weight[rows[i]]};
      weights += csr->arcs[i].weight;
    }
    rows[i] = (uint32_t)edges->to[rows[i]];
    by_to[i] = (uint32_t)edges->from[by_to[i]];
  }
  csr->weight_mean = edges->n > 0 ? (uint32_t)(weights / edges->n) : 0;
}

void graph_csr_free(graph_csr *csr) {
  free(csr->out_at);
  free(csr->in_at);
  free(csr->out);
  free(csr->in);
  free(csr->arcs);
  memset(csr, 0, sizeof *csr);
}
