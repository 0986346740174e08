/* SPDX-License-Identifier: MIT */
/* The parts of `trivet-bench graph`: the generator, the baseline in memory, and the command. */
#ifndef TRIVET_BENCH_GRAPH_BENCH_H
#define TRIVET_BENCH_GRAPH_BENCH_H

#include <stdint.h>

/* ---- graph_kronecker.c ---- */

typedef struct graph_edges {
  uint32_t nodes;
  uint64_t n;
  uint64_t *from, *to; /* distinct, in the order of from, to */
} graph_edges;

/* The Graph500's Kronecker graph: 2^scale nodes, 16 edges drawn for each, repeated ones and loops
 * left out, ids shuffled. */
void graph_kronecker(graph_edges *edges, unsigned scale, uint64_t seed);
void graph_edges_free(graph_edges *edges);

/* ---- graph_csr.c: compressed sparse rows in memory and the kernels on them ---- */

typedef struct graph_csr {
  uint32_t nodes;
  uint64_t edges;
  uint64_t *out_at, *in_at;
  uint32_t *out, *in;
} graph_csr;

void graph_csr_build(graph_csr *csr, const graph_edges *edges);
void graph_csr_free(graph_csr *csr);
void graph_csr_levels(const graph_csr *csr, uint32_t start, uint32_t *levels);
void graph_csr_pagerank(const graph_csr *csr, unsigned iterations, double *ranks);
/* Returns the number of components. */
uint64_t graph_csr_components(const graph_csr *csr, uint32_t *tree);
uint64_t graph_csr_triangles(const graph_csr *csr);

int graph_command(int argc, char **argv);

#endif
