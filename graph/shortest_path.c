/* SPDX-License-Identifier: MIT */
/*
 * A shortest path between two nodes: two breadth-first searches towards each other, whole levels in
 * turn, always the smaller frontier. Levels are complete when they change turns, so the first node
 * that both have reached lies on a shortest path. Rejected: one search from the start; it reaches
 * about b^d nodes where two reach 2 b^(d/2).
 */
#include <string.h>

#include "traversal_internal.h"

#define PATH_STEPS_FIRST 256

/* One of the two searches. */
typedef struct path_side {
  tvi_adj_pair pair;
  tvi_node_set reached;
  tvi_step *steps; /* all nodes reached, level after level */
  size_t count, capacity;
  size_t level; /* where the newest level begins */
} path_side;

typedef struct path_search {
  tv_graph *graph;
  tvi_limits limits;
  path_side sides[2]; /* from the start forwards, from the end backwards */
  tvi_step *scratch;
  size_t scratch_capacity;
  uint64_t meeting; /* place in sides[meeting_side] of the node that both reached */
  int meeting_side; /* -1: none yet */
} path_search;

static int path_no_memory(path_search *search, size_t n) {
  return tvi_txn_fail(search->graph->txn, TV_ENOMEM, 0, "no memory for a search over %zu nodes", n);
}

/* Notes a node. TV_OK also when it was reached before. */
static int path_reach(path_search *search, path_side *side, const tvi_step *step) {
  int status = tvi_node_set_add(&side->reached, step->node);
  if (status == 0) return TV_OK;
  if (status == TV_ECORRUPT)
    return tvi_graph_corrupt(search->graph, "the adjacency of node",
                             side->steps[step->parent].node);
  if (status < 0) return path_no_memory(search, side->count);
  status = tvi_limits_reach(&search->limits);
  if (status != TV_OK) return status;
  if (side->count == side->capacity) {
    size_t capacity = side->capacity == 0 ? PATH_STEPS_FIRST : side->capacity * 2;
    tvi_step *steps = tvi_realloc(side->steps, capacity * sizeof *steps);
    if (steps == NULL) return path_no_memory(search, capacity);
    side->steps = steps;
    side->capacity = capacity;
  }
  side->steps[side->count++] = *step;
  if (tvi_node_set_has(&search->sides[side == search->sides].reached, step->node)) {
    search->meeting = side->count - 1;
    search->meeting_side = side == search->sides ? 0 : 1;
  }
  return TV_OK;
}

static int path_expand_run(path_search *search, path_side *side, const tvi_adj_run *run,
                           uint64_t parent, int direction) {
  size_t i;
  for (i = 0; i < run->n; i++) {
    tvi_step step;
    int status;
    if (tvi_node_set_has(&side->reached, run->neighbours[i])) continue;
    step.node = run->neighbours[i];
    step.parent = parent;
    step.edge = run->edges[i];
    step.type = run->type;
    step.edge_from_parent = direction == TV_OUT;
    status = path_reach(search, side, &step);
    if (status != TV_OK || search->meeting_side >= 0) return status;
  }
  return tvi_limits_poll(&search->limits);
}

static int path_expand_node(path_search *search, path_side *side, uint64_t place) {
  size_t d;
  for (d = 0; d < side->pair.n; d++) {
    tvi_adj_reader *reader = &side->pair.readers[d];
    tvi_adj_run run;
    int status;
    tvi_adj_seek(reader, side->steps[place].node);
    while ((status = tvi_adj_next(reader, &run)) == TV_OK) {
      status = path_expand_run(search, side, &run, place, reader->direction);
      if (status != TV_OK || search->meeting_side >= 0) return status;
    }
    if (status != TV_END) return status;
  }
  return TV_OK;
}

/* Sorting a level leaves the parents of its nodes, which lie before it, where they are. */
static int path_sort_level(path_search *search, path_side *side) {
  size_t n = side->count - side->level;
  if (n > search->scratch_capacity) {
    tvi_free(search->scratch);
    search->scratch_capacity = 0;
    search->scratch = tvi_alloc(n * sizeof *search->scratch);
    if (search->scratch == NULL) return path_no_memory(search, n);
    search->scratch_capacity = n;
  }
  tvi_steps_sort(side->steps + side->level, search->scratch, n, side->reached.ids);
  return TV_OK;
}

static int path_expand_level(path_search *search, path_side *side) {
  size_t i, end = side->count;
  int status = path_sort_level(search, side);
  for (i = side->level; i < end && status == TV_OK && search->meeting_side < 0; i++) {
    status = tvi_limits_poll(&search->limits);
    if (status == TV_OK) status = path_expand_node(search, side, i);
  }
  side->level = end;
  return status;
}

static int path_run(path_search *search, tv_node from, tv_node to) {
  tvi_step start = {from, UINT64_MAX, 0, 0, 0};
  int status = path_reach(search, &search->sides[0], &start);
  start.node = to;
  if (status == TV_OK) status = path_reach(search, &search->sides[1], &start);
  while (status == TV_OK && search->meeting_side < 0) {
    size_t ahead = search->sides[0].count - search->sides[0].level;
    size_t back = search->sides[1].count - search->sides[1].level;
    if (ahead == 0 || back == 0) return TV_NOTFOUND;
    status = path_expand_level(search, &search->sides[ahead <= back ? 0 : 1]);
  }
  return status;
}

/* The place of a node in the other side: it was reached there in the newest level. */
static uint64_t path_find(const path_side *side, tv_node node) {
  size_t i = side->count;
  while (i > 0 && side->steps[i - 1].node != node) i--;
  return i - 1;
}

static tv_edge_ref path_edge(const path_side *side, const tvi_step *step) {
  tv_node parent = side->steps[step->parent].node;
  tv_edge_ref ref;
  ref.from = step->edge_from_parent ? parent : step->node;
  ref.to = step->edge_from_parent ? step->node : parent;
  ref.edge = step->edge;
  ref.type = step->type;
  return ref;
}

static size_t path_depth(const path_side *side, uint64_t place) {
  size_t depth = 0;
  for (; side->steps[place].parent != UINT64_MAX; place = side->steps[place].parent) depth++;
  return depth;
}

/* Puts the halves together: back to the start, then on to the end. */
static int path_build(path_search *search, tv_path *out) {
  const path_side *ahead = &search->sides[0], *back = &search->sides[1];
  tv_node node = search->sides[search->meeting_side].steps[search->meeting].node;
  uint64_t place = path_find(ahead, node);
  size_t first = path_depth(ahead, place), at;
  out->length = first + path_depth(back, path_find(back, node));
  out->nodes = tvi_alloc((out->length + 1) * sizeof *out->nodes);
  out->edges = tvi_alloc((out->length + 1) * sizeof *out->edges); /* never of no bytes */
  if (out->nodes == NULL || out->edges == NULL) {
    size_t length = out->length;
    tv_graph_path_free(out);
    return path_no_memory(search, length);
  }
  out->nodes[first] = node;
  for (at = first; at > 0; at--) {
    out->edges[at - 1] = path_edge(ahead, &ahead->steps[place]);
    place = ahead->steps[place].parent;
    out->nodes[at - 1] = ahead->steps[place].node;
  }
  place = path_find(back, node);
  for (at = first; at < out->length; at++) {
    out->edges[at] = path_edge(back, &back->steps[place]);
    place = back->steps[place].parent;
    out->nodes[at + 1] = back->steps[place].node;
  }
  return TV_OK;
}

static int path_prepare(path_search *search, tv_node from, tv_node to, const tv_limits *limits) {
  uint64_t ids;
  int i, status = tvi_limits_begin(&search->limits, search->graph, limits);
  if (status == TV_OK) status = tvi_node_check(search->graph, from);
  if (status == TV_OK) status = tvi_node_check(search->graph, to);
  if (status == TV_OK) status = tvi_node_ids(search->graph, &ids);
  for (i = 0; i < 2 && status == TV_OK; i++)
    if (tvi_node_set_open(&search->sides[i].reached, ids) != TV_OK)
      status = path_no_memory(search, 0);
  return status;
}

static int path_reverse(int direction) {
  return direction == TV_OUT ? TV_IN : direction == TV_IN ? TV_OUT : direction;
}

/* Opens what must be closed, searches, and closes it. */
static int path_search_with(path_search *search, tv_node from, tv_node to, int direction,
                            const tvi_type_set *set, const tv_limits *limits, tv_path *out) {
  int i, status = tvi_adj_pair_open(&search->sides[0].pair, search->graph, direction, set);
  if (status == TV_OK)
    status = tvi_adj_pair_open(&search->sides[1].pair, search->graph, path_reverse(direction), set);
  if (status == TV_OK) status = path_prepare(search, from, to, limits);
  if (status == TV_OK) status = path_run(search, from, to);
  if (status == TV_OK) status = path_build(search, out);
  for (i = 0; i < 2; i++) {
    tvi_adj_pair_close(&search->sides[i].pair);
    tvi_node_set_close(&search->sides[i].reached);
    tvi_free(search->sides[i].steps);
  }
  tvi_free(search->scratch);
  return status;
}

int tv_graph_shortest_path(tv_graph *graph, tv_node from, tv_node to, int direction, tv_types types,
                           const tv_limits *limits, tv_path *out) {
  path_search *search;
  tvi_type_set set = {0};
  int status = tvi_graph_enter(graph);
  *out = (tv_path){0};
  if (status == TV_OK) status = tvi_type_set_open(graph, types, &set);
  if (status != TV_OK) return status;
  search = tvi_zalloc(sizeof *search); /* 9 KiB: too much for a stack that is not ours */
  if (search == NULL) {
    status = tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for a search");
  } else {
    search->graph = graph;
    search->meeting_side = -1;
    status = path_search_with(search, from, to, direction, &set, limits, out);
  }
  tvi_free(search);
  tvi_type_set_close(&set);
  return status;
}

void tv_graph_path_free(tv_path *path) {
  if (path == NULL) return;
  tvi_free(path->nodes);
  tvi_free(path->edges);
  *path = (tv_path){0};
}
