/* SPDX-License-Identifier: MIT */
/*
 * Graphs for `trivet-bench graph` as they come before any store: edges, compressed sparse rows in
 * memory, and the kernels on those rows that the store is compared with. Nothing here uses the
 * library.
 */
#ifndef TRIVET_BENCH_GRAPH_BENCH_H
#define TRIVET_BENCH_GRAPH_BENCH_H

#include <stdint.h>

#include "graph_team.h"

/* ---- graph_kronecker.c ---- */

#define GRAPH_WEIGHT_MAX 255

typedef struct graph_edges {
  uint32_t nodes;
  uint64_t n;
  uint64_t *from, *to; /* distinct, in the order of from, to */
  uint32_t *weight;    /* 1 to GRAPH_WEIGHT_MAX */
} graph_edges;

/* The Graph500's Kronecker graph: 2^scale nodes, 16 edges drawn for each, repeated ones and loops
 * left out, ids shuffled, integer weights of equal probability. */
void graph_kronecker(graph_edges *edges, unsigned scale, uint64_t seed);
void graph_edges_free(graph_edges *edges);

/* ---- graph_csr.c: compressed sparse rows in memory ---- */

typedef struct graph_arc {
  uint32_t to, weight;
} graph_arc;

typedef struct graph_csr {
  uint32_t nodes;
  uint64_t edges;
  uint64_t *out_at, *in_at; /* row v is [at[v], at[v + 1]) */
  uint32_t *out, *in;       /* each row in ascending order */
  graph_arc *arcs;          /* rows out with their weights; NULL without */
  uint32_t weight_mean;
} graph_csr;

/* From edges in any order. Weights are taken when there are some. */
void graph_csr_build(graph_csr *csr, const graph_edges *edges);
void graph_csr_free(graph_csr *csr);

/* ---- The kernels, each in a file of its own ---- */

#define GRAPH_FAR UINT32_MAX /* a level or distance of what is not reached */

/* Steps from start along edges out. */
void graph_csr_levels(const graph_csr *csr, graph_team *team, uint32_t start, uint32_t *levels);
/* As LDBC Graphalytics defines PageRank, damping 0.85: ranks sum to 1. */
void graph_csr_pagerank(const graph_csr *csr, graph_team *team, unsigned iterations, double *ranks);
/* tree[v]: the least node of v's weakly connected component. Returns how many there are. */
uint64_t graph_csr_components(const graph_csr *csr, graph_team *team, uint32_t *tree);
/* Sums of weights along cheapest paths from start; csr->arcs must be there. */
void graph_csr_distances(const graph_csr *csr, graph_team *team, uint32_t start,
                         uint32_t *distances);
/* Sets of three nodes that are all joined, whatever the direction and number of edges. */
uint64_t graph_csr_triangles(const graph_csr *csr, graph_team *team);

#endif
