/* SPDX-License-Identifier: MIT */
/*
 * trivet_graph_algo.h - algorithms over whole graphs.
 *
 * They see the transaction's snapshot and its own writes. Segments (tv_graph_compact,
 * tv_graph_edges_load) are read where they lie; for each edge that is still in the delta they take
 * up to 80 bytes of memory, and for each node id 4 when there is a delta.
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
 * Distances along weighted edges as LDBC Graphalytics defines its SSSP: distances[v] is the least
 * sum of weights of a path from start to v, infinite when there is none; parents (may be NULL) as
 * above, a way that has this sum. weight: a property of the edges; NULL: each weighs 1, and so does
 * an edge on which the property is not a number. The sums are those of Dijkstra's algorithm to the
 * last bit, whatever the threads. Also returns TV_ENONODE, TV_ENOLABEL (no property of that name),
 * TV_EINVAL (a weight that is negative, infinite or not a number was met) and TV_EUNSUPPORTED (it
 * is not among the first 16 properties of the graph's edges that were numbers: only those are kept
 * where an algorithm can read them). Memory: some 12 bytes per id, more when nodes are met often.
 */
TV_API int tv_graph_distances(tv_graph *graph, const tv_algorithm_options *options, tv_node start,
                              int direction, const char *weight, double *distances,
                              tv_node *parents, uint64_t n);

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
 * the edges. Memory: 4 bytes per edge, 20 per id, and 4.2 per id and thread.
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

/* ---- Distances ---- */

/*
 * What several calls below share. All zero is the default of every field; NULL means that too.
 * nodes_max of the limits counts nodes reached, by both sides where a search has two.
 */
typedef struct tv_path_options {
  tv_types types;
  tv_limits limits;
  int32_t direction;  /* tv_direction; 0: TV_OUT */
  const char *weight; /* a property of the edges; NULL: each weighs 1, and so does an edge on which
                         the property is not a number */
  uint64_t paths_max; /* one path more than these is TV_ELIMIT; 0: no limit */
} tv_path_options;

/*
 * The nodes within depth_max steps of n start nodes and their distances, in the order of distance;
 * the starts are among them, at 0. Returns TV_OK, TV_ENONODE, TV_ENOLABEL, TV_EINVAL, TV_ELIMIT,
 * TV_EINTR, TV_ENOMEM. Lifetime: *out is the caller's until tv_graph_reached_free. Cost: as
 * tv_graph_bfs, and 12 bytes per node reached. tv_graph_bfs is the same as a stream,
 * tv_graph_khop_count the count alone.
 */
typedef struct tv_reached {
  size_t n;
  tv_node *nodes;
  uint32_t *depths;
} tv_reached;
TV_API int tv_graph_khop(tv_graph *graph, size_t n, const tv_node *starts, uint32_t depth_max,
                         const tv_path_options *options, tv_reached *out);
TV_API void tv_graph_reached_free(tv_reached *reached);

/* ---- Paths between two nodes ---- */

/*
 * Called for each path; it and its weight (the sum of its edges' weights, or its length) live until
 * the call returns. Non-zero ends the enumeration with TV_STOP. Parallel edges make paths of their
 * own. A path from a node to itself has no edges.
 */
typedef int (*tv_path_fn)(void *ctx, const tv_path *path, double weight);

/*
 * The calls below return TV_OK, TV_NOTFOUND (there is no path), TV_STOP, TV_ENONODE, TV_ENOLABEL
 * (an unknown type, or no property of that name), TV_EINVAL (direction, k; a weight that is
 * negative, infinite or not a number), TV_ELIMIT, TV_EINTR, TV_ENOMEM, TV_ECORRUPT.
 */

/*
 * One path of least weight (two of Dijkstra's searches towards each other); without weights what
 * tv_graph_shortest_path finds. *weight may be NULL. Lifetime: *out is the caller's until
 * tv_graph_path_free. Cost: O(edges reached * log nodes reached); 64 bytes per node reached. A
 * weight that is in no segment costs a look-up for each edge.
 */
TV_API int tv_graph_path_find(tv_graph *graph, tv_node from, tv_node to,
                              const tv_path_options *options, tv_path *out, double *weight);

/*
 * Every path of the least number of edges between two nodes, in no particular order: two
 * breadth-first searches towards each other that keep every edge between their levels. Cost:
 * O(edges reached + paths * length); 28 bytes per node reached and 40 per edge between levels. With
 * weights: every path of the least weight (Dijkstra, Numerische Mathematik 1, 1959); weights must
 * then be above 0, since edges of none make infinitely many walks.
 */
TV_API int tv_graph_all_shortest_paths(tv_graph *graph, tv_node from, tv_node to,
                                       const tv_path_options *options, tv_path_fn visit, void *ctx);
/* How many those are, without naming them; *weight (may be NULL) is that of each. TV_ELIMIT: more
 * than 2^64, or than paths_max. */
TV_API int tv_graph_shortest_path_count(tv_graph *graph, tv_node from, tv_node to,
                                        const tv_path_options *options, uint64_t *count,
                                        double *weight);

/*
 * The k paths of least weight that pass no node twice, lightest first (Yen, Finding the k shortest
 * loopless paths in a network, Management Science 17, 1971, with Lawler's rule of 1972: deviations
 * only behind the place where a path left its parent); fewer when there are no more. Among paths of
 * one weight the order is that of length, then of edge ids, but which of them are found when k ends
 * among them is not said. Cost: O(k * length) searches between two nodes.
 */
TV_API int tv_graph_k_shortest_paths(tv_graph *graph, tv_node from, tv_node to, uint32_t k,
                                     const tv_path_options *options, tv_path_fn visit, void *ctx);

/* ---- Centrality and degrees ---- */

/*
 * Betweenness (Brandes, A faster algorithm for betweenness centrality, 2001): for each node the sum
 * over pairs of other nodes of the share of their shortest paths that pass it, not normalised; with
 * TV_BOTH each unordered pair counts once. Parallel edges make paths of their own. samples (0, or
 * as many as there are nodes: exact): only paths from that many start nodes drawn by `seed` count,
 * scaled to all (Brandes, Pich, Centrality estimation in large networks, 2007). Ids without a node:
 * 0. The last digits depend on the number of threads. TV_ELIMIT: more than 1e308 paths between two
 * nodes. Cost: O(starts * edges); 32 bytes per id and thread. Limits are looked at between starts.
 */
TV_API int tv_graph_betweenness(tv_graph *graph, const tv_algorithm_options *options, int direction,
                                uint64_t samples, uint64_t seed, double *scores, uint64_t n);

/* The degree of each node; for TV_BOTH the sum of both, a loop counting twice. Ids without a node:
 * 0. Cost: O(n). */
TV_API int tv_graph_degrees(tv_graph *graph, const tv_algorithm_options *options, int direction,
                            uint64_t *degrees, uint64_t n);

/*
 * What degrees a graph has, over the nodes that exist: the least, the greatest, the mean, and
 * percentiles[p], the least degree that p % of the nodes do not exceed (nearest rank; [0] is min).
 * histogram[0] counts degree 0, histogram[i] those from 2^(i-1) to 2^i - 1. For one edge type, name
 * it in the options. All zero for no nodes. Memory: 16 bytes per id.
 */
#define TV_DEGREE_BUCKETS 65
typedef struct tv_degree_stat {
  uint64_t nodes, edge_ends; /* how many, and the sum of their degrees */
  uint64_t min, max;
  double mean;
  uint64_t percentiles[101];
  uint64_t histogram[TV_DEGREE_BUCKETS];
} tv_degree_stat;
TV_API int tv_graph_degree_stat(tv_graph *graph, const tv_algorithm_options *options, int direction,
                                tv_degree_stat *out);

/* ---- Results ---- */

/* What an algorithm put into an array, whichever it was. */
typedef enum tv_result_kind {
  TV_RESULT_LEVELS = 1, /* uint32_t; TV_LEVEL_NONE is no value */
  TV_RESULT_NODES = 2,  /* tv_node: components, labels, parents; TV_NODE_NONE is no value */
  TV_RESULT_COUNTS = 3, /* uint64_t up to INT64_MAX: degrees; UINT64_MAX is no value */
  TV_RESULT_NUMBERS = 4 /* double; what is infinite or not a number is no value */
} tv_result_kind;

typedef struct tv_result {
  int32_t kind; /* tv_result_kind */
  uint64_t n;   /* elements, the graph's number of ids */
  const void *values;
} tv_result;

/*
 * A result as a stream: calls visit(ctx, node, value) for each node that exists and has a value, by
 * ascending id; value is TV_INT64 or TV_DOUBLE. Returns TV_OK, TV_STOP, TV_EINVAL, TV_EINTR.
 */
typedef int (*tv_result_fn)(void *ctx, tv_node node, tv_value value);
TV_API int tv_graph_result_each(tv_graph *graph, const tv_result *result, const tv_limits *limits,
                                tv_result_fn visit, void *ctx);

/*
 * Writes a result back: sets property `name` of each node to its value, in the transaction, and
 * removes the property from nodes without a value. *written (may be NULL) counts the nodes that
 * have one now. Property indexes follow. Returns TV_OK, TV_EINVAL, TV_EREADONLY, TV_EINTR,
 * TV_ELIMIT (property names); after a failure some nodes may be set: roll back. Cost: rewrites the
 * record of each node.
 */
TV_API int tv_graph_result_store(tv_graph *graph, const tv_result *result, const char *name,
                                 const tv_limits *limits, uint64_t *written);

#ifdef __cplusplus
}
#endif
#endif
