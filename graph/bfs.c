/* SPDX-License-Identifier: MIT */
/*
 * Breadth-first search: two arrays of nodes, this frontier and the next, and a bitmap of nodes
 * reached. A frontier is sorted before it is expanded. Rejected: a queue of single nodes; it visits
 * the store in the order of discovery, which is random, and leaves nothing to expand in one go.
 */
#include "traversal_internal.h"

#define BFS_FRONTIER_FIRST 256

typedef struct bfs_search {
  tv_graph *graph;
  tvi_adj_pair pair;
  tvi_node_set reached;
  tvi_limits limits;
  tv_reach_fn visit;
  void *ctx;
  tv_node *now, *next; /* both of `capacity` elements */
  size_t now_count, next_count;
  size_t capacity;
  uint32_t depth; /* of the nodes in next */
} bfs_search;

static int bfs_no_memory(bfs_search *search) {
  return tvi_txn_fail(search->graph->txn, TV_ENOMEM, 0, "no memory for a frontier of %zu nodes",
                      search->next_count);
}

static int bfs_grow(bfs_search *search) {
  size_t capacity = search->capacity == 0 ? BFS_FRONTIER_FIRST : search->capacity * 2;
  tv_node *now = tvi_realloc(search->now, capacity * sizeof *now), *next;
  if (now == NULL) return bfs_no_memory(search);
  search->now = now;
  next = tvi_realloc(search->next, capacity * sizeof *next);
  if (next == NULL) return bfs_no_memory(search);
  search->next = next;
  search->capacity = capacity;
  return TV_OK;
}

/* A node was found that may be new. */
static int bfs_reach(bfs_search *search, tv_node node, tv_node parent, const tv_edge_ref *edge) {
  int status = tvi_node_set_add(&search->reached, node);
  if (TVI_LIKELY(status == 0)) return TV_OK;
  if (status == TV_ECORRUPT)
    return tvi_graph_corrupt(search->graph, "the adjacency of node", parent);
  if (status < 0) return bfs_no_memory(search);
  status = tvi_limits_reach(&search->limits);
  if (status == TV_OK && search->next_count == search->capacity) status = bfs_grow(search);
  if (status != TV_OK) return status;
  search->next[search->next_count++] = node;
  return search->visit(search->ctx, node, search->depth, parent, edge) != 0 ? TV_STOP : TV_OK;
}

static int bfs_expand_run(bfs_search *search, const tvi_adj_run *run, int direction) {
  size_t i;
  for (i = 0; i < run->n; i++) {
    tv_edge_ref ref;
    int status;
    if (tvi_node_set_has(&search->reached, run->neighbours[i])) continue;
    ref = tvi_adj_ref(run, i, direction);
    status = bfs_reach(search, run->neighbours[i], run->node, &ref);
    if (status != TV_OK) return status;
  }
  return tvi_limits_poll(&search->limits);
}

static int bfs_expand_frontier(bfs_search *search) {
  size_t i, d;
  for (i = 0; i < search->now_count; i++) {
    int status = tvi_limits_poll(&search->limits);
    for (d = 0; d < search->pair.n && status == TV_OK; d++) {
      tvi_adj_reader *reader = &search->pair.readers[d];
      tvi_adj_run run;
      tvi_adj_seek(reader, search->now[i]);
      while ((status = tvi_adj_next(reader, &run)) == TV_OK) {
        status = bfs_expand_run(search, &run, reader->direction);
        if (status != TV_OK) return status;
      }
      if (status == TV_END) status = TV_OK;
    }
    if (status != TV_OK) return status;
  }
  return TV_OK;
}

static int bfs_run(bfs_search *search, size_t n, const tv_node *starts, uint32_t depth_max) {
  int status = TV_OK;
  size_t i;
  for (i = 0; i < n && status == TV_OK; i++)
    status = bfs_reach(search, starts[i], TV_NODE_NONE, NULL);
  while (status == TV_OK && search->next_count != 0 && search->depth < depth_max) {
    tv_node *swap = search->now;
    tvi_nodes_sort(search->next, search->now, search->next_count, search->reached.ids);
    search->now = search->next;
    search->now_count = search->next_count;
    search->next = swap;
    search->next_count = 0;
    search->depth++;
    status = bfs_expand_frontier(search);
  }
  return status;
}

static int bfs_prepare(bfs_search *search, size_t n, const tv_node *starts,
                       const tv_limits *limits) {
  uint64_t ids;
  size_t i;
  int status = tvi_limits_begin(&search->limits, search->graph, limits);
  for (i = 0; i < n && status == TV_OK; i++) status = tvi_node_check(search->graph, starts[i]);
  if (status == TV_OK) status = tvi_node_ids(search->graph, &ids);
  if (status == TV_OK && tvi_node_set_open(&search->reached, ids) != TV_OK)
    status = bfs_no_memory(search);
  return status;
}

int tv_graph_bfs(tv_graph *graph, size_t n, const tv_node *starts, int direction, tv_types types,
                 uint32_t depth_max, const tv_limits *limits, tv_reach_fn visit, void *ctx) {
  bfs_search search;
  tvi_type_set set = {0};
  int status = tvi_graph_enter(graph);
  if (status == TV_OK) status = tvi_type_set_open(graph, types, &set);
  if (status != TV_OK) return status;
  search.graph = graph;
  search.visit = visit;
  search.ctx = ctx;
  search.reached.chunks = NULL;
  search.now = search.next = NULL;
  search.now_count = search.next_count = search.capacity = 0;
  search.depth = 0;
  status = tvi_adj_pair_open(&search.pair, graph, direction, &set);
  if (status == TV_OK) {
    graph->traversals++;
    status = bfs_prepare(&search, n, starts, limits);
    if (status == TV_OK) status = bfs_run(&search, n, starts, depth_max);
    graph->traversals--;
    tvi_adj_pair_close(&search.pair);
  }
  tvi_node_set_close(&search.reached);
  tvi_free(search.now);
  tvi_free(search.next);
  tvi_type_set_close(&set);
  return status;
}

static int bfs_count(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                     const tv_edge_ref *edge) {
  (void)node;
  (void)parent;
  (void)edge;
  *(uint64_t *)ctx += depth != 0;
  return 0;
}

int tv_graph_khop_count(tv_graph *graph, tv_node start, int direction, tv_types types,
                        uint32_t depth_max, const tv_limits *limits, uint64_t *count) {
  *count = 0;
  return tv_graph_bfs(graph, 1, &start, direction, types, depth_max, limits, bfs_count, count);
}
