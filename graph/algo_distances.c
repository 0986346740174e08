/* SPDX-License-Identifier: MIT */
/*
 * Distances from one node to all others along weighted edges (LDBC Graphalytics' SSSP), by
 * Dijkstra's algorithm. Rejected: Bellman-Ford rounds over all edges, which read them as often as
 * the longest path has edges.
 */
#include <math.h>

#include "path_internal.h"

typedef struct distance_search {
  tvi_path_ask ask;
  tvi_adj_pair pair;
  tvi_heap heap;
  double *distances;
  tv_node *parents; /* may be NULL */
} distance_search;

static int distance_reach(distance_search *s, tv_node node, tv_node parent, double distance) {
  if (node >= s->ask.ids) return tvi_graph_corrupt(s->ask.graph, "an edge to node", node);
  if (distance >= s->distances[node]) return TV_OK;
  s->distances[node] = distance;
  if (s->parents != NULL) s->parents[node] = parent;
  if (tvi_heap_push(&s->heap, distance, node) == TV_OK) return TV_OK;
  return tvi_path_no_memory(&s->ask, s->heap.count);
}

static int distance_settle(distance_search *s, tv_node node) {
  double weights[TVI_ADJ_RUN_MAX];
  size_t d, i;
  for (d = 0; d < s->pair.n; d++) {
    tvi_adj_reader *reader = &s->pair.readers[d];
    tvi_adj_run run;
    int status;
    tvi_adj_seek(reader, node);
    while ((status = tvi_adj_next(reader, &run)) == TV_OK) {
      status = tvi_path_weights(&s->ask, &run, reader->direction, weights);
      for (i = 0; i < run.n && status == TV_OK; i++)
        status = distance_reach(s, run.neighbours[i], node, s->distances[node] + weights[i]);
      if (status == TV_OK) status = tvi_limits_poll(&s->ask.limits);
      if (status != TV_OK) return status;
    }
    if (status != TV_END) return status;
  }
  return TV_OK;
}

static int distance_run(distance_search *s, tv_node start) {
  uint64_t node;
  int status;
  for (node = 0; node < s->ask.ids; node++) {
    s->distances[node] = INFINITY;
    if (s->parents != NULL) s->parents[node] = TV_NODE_NONE;
  }
  status = distance_reach(s, start, TV_NODE_NONE, 0);
  while (status == TV_OK && s->heap.count > 0) {
    tvi_heap_entry top = tvi_heap_pop(&s->heap);
    if (top.distance == s->distances[top.place]) status = distance_settle(s, top.place);
  }
  return status;
}

int tv_graph_distances(tv_graph *graph, const tv_algorithm_options *options, tv_node start,
                       int direction, const char *weight, double *distances, tv_node *parents,
                       uint64_t n) {
  tv_path_options path_options = {.direction = direction == 0 ? -1 : direction, .weight = weight};
  distance_search s = {.distances = distances, .parents = parents};
  int status;
  if (options != NULL) {
    path_options.types = options->types;
    path_options.limits = options->limits;
    path_options.limits.nodes_max = 0;
  }
  status = tvi_path_ask_open(&s.ask, graph, start, start, &path_options);
  if (status == TV_OK && n != s.ask.ids)
    status = tvi_txn_fail(graph->txn, TV_EINVAL, 0, "the array has not one element for each id");
  if (status == TV_OK) status = tvi_adj_pair_open(&s.pair, graph, s.ask.direction, &s.ask.types);
  if (status == TV_OK) status = distance_run(&s, start);
  tvi_adj_pair_close(&s.pair);
  tvi_heap_free(&s.heap);
  tvi_path_ask_close(&s.ask);
  return status;
}
