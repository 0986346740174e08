/* SPDX-License-Identifier: MIT */
/*
 * The Kronecker generator of the Graph500 (A, B, C = 0.57, 0.19, 0.19; 16 edges per node), distinct
 * edges only. Sorting by counting over both ends makes them distinct; a hash set was rejected, for
 * it takes longer than the rest together.
 */
#include <stdlib.h>

#include "graph_bench.h"
#include "kv_bench.h"
#include "tool_heap.h"

#define KRONECKER_EDGE_FACTOR 16

/* One edge: a quadrant is chosen for each bit. */
static void kronecker_edge(uint64_t *state, unsigned scale, uint32_t *from, uint32_t *to) {
  unsigned bit;
  *from = *to = 0;
  for (bit = 0; bit < scale; bit++) {
    uint64_t dice = (kv_random(state) >> 32) * 100 >> 32;
    unsigned a = dice >= 57 + 19, b = (dice >= 57 && dice < 57 + 19) || dice >= 57 + 19 + 19;
    *from |= (uint32_t)a << bit;
    *to |= (uint32_t)b << bit;
  }
}

static void kronecker_shuffle(uint32_t *ids, uint32_t n, uint64_t *state) {
  uint32_t i;
  for (i = 0; i < n; i++) ids[i] = i;
  for (i = n; i > 1; i--) {
    uint32_t j = (uint32_t)kv_random_below(state, i), swap = ids[i - 1];
    ids[i - 1] = ids[j];
    ids[j] = swap;
  }
}

static int kronecker_compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

void graph_kronecker(graph_edges *edges, unsigned scale, uint64_t seed) {
  uint32_t nodes = (uint32_t)1 << scale, *ids = heap_take((size_t)nodes * sizeof *ids);
  uint64_t drawn = (uint64_t)nodes * KRONECKER_EDGE_FACTOR, i, kept = 0, state = seed;
  uint64_t *both = heap_take((size_t)drawn * sizeof *both);
  kronecker_shuffle(ids, nodes, &state);
  for (i = 0; i < drawn; i++) {
    uint32_t from, to;
    kronecker_edge(&state, scale, &from, &to);
    both[i] = (uint64_t)ids[from] << 32 | ids[to];
  }
  qsort(both, (size_t)drawn, sizeof *both, kronecker_compare);
  edges->nodes = nodes;
  edges->from = heap_take((size_t)drawn * sizeof *edges->from);
  edges->to = heap_take((size_t)drawn * sizeof *edges->to);
  edges->weight = heap_take((size_t)drawn * sizeof *edges->weight);
  for (i = 0; i < drawn; i++) {
    if ((i > 0 && both[i] == both[i - 1]) || both[i] >> 32 == (both[i] & UINT32_MAX)) continue;
    edges->from[kept] = both[i] >> 32;
    edges->weight[kept] = 1 + (uint32_t)kv_random_below(&state, GRAPH_WEIGHT_MAX);
    edges->to[kept++] = both[i] & UINT32_MAX;
  }
  edges->n = kept;
  free(both);
  free(ids);
}

void graph_edges_free(graph_edges *edges) {
  free(edges->from);
  free(edges->to);
  free(edges->weight);
}
