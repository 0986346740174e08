/* SPDX-License-Identifier: MIT */
/*
 * trivet_graph_algo.h - algorithms over whole graphs.
 *
 * They see the transaction's snapshot and its own writes. Segments (tv_graph_compact,
 * tv_graph_edges_load) are read where they lie; edges that are still in the delta are copied to
 * memory first, 8 bytes each, so a graph is best compacted from time to time.
 *
 * Results go into arrays of the caller, indexed by node id; their length n is the graph's number of
 * ids (tv_graph_stat.node_ids), else TV_EINVAL. Elements of ids without a node get the value that
 * each function names.
 *
 * All return TV_OK, TV_EINVAL, TV_ENOLABEL (an unknown edge type), TV_ELIMIT (2^32 ids or more),
 * TV_EINTR (deadline, cancel, interrupted), TV_ENOMEM, TV_ECORRUPT; after a failure the arrays hold
 * nothing of use. limits.interrupted runs on the calling thread and must not write.
 *
 * Example (compiled and run by tests/graph/test_algorithm.c):
 *
 *     tv_graph_stat stat;
 *     double *ranks;
 *     tv_graph_stat_get(g, &stat);
 *     ranks = malloc(stat.node_ids * sizeof *ranks);
 *     tv_graph_pagerank(g, NULL, 0.85, 20, NULL, ranks, stat.node_ids);
 */
#ifndef TRIVET_GRAPH_ALGO_H
#define TRIVET_GRAPH_ALGO_H

#include "trivet_graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All zero is the default of every field; NULL means that too. */
typedef struct tv_algorithm_options {
  tv_types types;   /* edges that count; n == 0: all */
  tv_limits limits; /* nodes_max is not used */
  uint32_t threads; /* that work, the caller included; 0: 1; at most 64 */
} tv_algorithm_options;

#define TV_LEVEL_NONE UINT32_MAX

/*
 * Breadth-first search from one node: levels[v] is the number of steps to v, TV_LEVEL_NONE when v
 * is not reached; parents[v] (parents may be NULL) the node before it, TV_NODE_NONE for the start
 * and what is not reached. Switches direction (Beamer) while the frontier is large. Memory: 4.5
 * bytes per id.
 */
TV_API int tv_graph_levels(tv_graph *graph, const tv_algorithm_options *options, tv_node start,
                           int direction, uint32_t *levels, tv_node *parents, uint64_t n);

/*
 * PageRank as LDBC Graphalytics defines it: `iterations` rounds, ranks sum to 1, nodes without
 * edges out give to all. start (NULL: all nodes alike) are n weights >= 0 of where a surfer begins
 * anew: personalised PageRank. Ids without a node: 0. Memory: 24 bytes per id.
 */
TV_API int tv_graph_pagerank(tv_graph *graph, const tv_algorithm_options *options, double damping,
                             uint32_t iterations, const double *start, double *ranks, uint64_t n);

/*
 * Weakly connected components: components[v] is the lowest id in v's; *count (may be NULL) how many
 * there are. Ids without a node: TV_NODE_NONE. Memory: 4 bytes per id.
 */
TV_API int tv_graph_components(tv_graph *graph, const tv_algorithm_options *options,
                               tv_node *components, uint64_t n, uint64_t *count);

/* The same for strongly connected ones (Tarjan). Memory: 40 bytes per id at most. */
TV_API int tv_graph_strong_components(tv_graph *graph, const tv_algorithm_options *options,
                                      tv_node *components, uint64_t n, uint64_t *count);

/*
 * How many sets of three nodes are all adjacent to each other, whatever the direction and number of
 * the edges. Memory: 8 bytes per edge, 12 per id, and 4 per id and thread.
 */
TV_API int tv_graph_triangles(tv_graph *graph, const tv_algorithm_options *options,
                              uint64_t *count);

/*
 * Local clustering coefficients as LDBC Graphalytics defines them: of the ordered pairs of v's
 * neighbours (either direction), the share that an edge joins. Ids without a node: 0. Memory: 12
 * bytes per id and thread.
 */
TV_API int tv_graph_clustering(tv_graph *graph, const tv_algorithm_options *options,
                               double *coefficients, uint64_t n);

/*
 * Community detection by label propagation as LDBC Graphalytics defines it: labels begin as node
 * ids; in each round every node takes the label most frequent among its neighbours, the least of
 * them, an edge in each direction counting once each. Ids without a node: TV_NODE_NONE. Memory: 8
 * bytes per id, and 16 per neighbour of the node that has most, per thread.
 */
TV_API int tv_graph_label_propagation(tv_graph *graph, const tv_algorithm_options *options,
                                      uint32_t iterations, tv_node *labels, uint64_t n);

#ifdef __cplusplus
}
#endif
#endif
