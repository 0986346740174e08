/* SPDX-License-Identifier: MIT */
/*
 * SuiteSparse:GraphBLAS as a peer of the graph kernels. Its library is found with dlopen and its
 * header is not needed. One graph at a time; all functions that return int return 0, or -1 and
 * graphblas_error tells why.
 */
#ifndef TRIVET_BENCH_PEER_GRAPHBLAS_H
#define TRIVET_BENCH_PEER_GRAPHBLAS_H

#include <stddef.h>

#include "graph_bench.h"

/* Loads the library; `version` (size bytes) gets its number, or on failure what to do about it. */
int graphblas_load(char *version, size_t size);
const char *graphblas_error(void);

/* Builds what kernels take as given: the matrix, its transpose, the weighted one, the symmetric one
 * without loops, degrees. */
int graphblas_begin(const graph_csr *csr);
void graphblas_end(void);
void graphblas_threads(unsigned threads);

/* ---- peer_graphblas_kernels.c: the kernels; results stay in the library's own form ---- */

/* Levels along edges out; result `slot` (below GRAPHBLAS_SLOTS). */
#define GRAPHBLAS_SLOTS 16
int graphblas_levels(unsigned slot, uint32_t start);
int graphblas_distances(unsigned slot, uint32_t start);
/* Takes such a result: GRAPH_FAR for what is not reached. */
int graphblas_take_far(unsigned slot, uint32_t *far);
int graphblas_pagerank(unsigned iterations);
int graphblas_take_ranks(double *ranks);
int graphblas_components(void);
int graphblas_take_components(uint32_t *tree, uint64_t *count);
int graphblas_triangles(uint64_t *count);

#endif
