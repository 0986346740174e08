/* SPDX-License-Identifier: MIT */
/*
 * A shortest path between two nodes: two breadth-first searches towards each other, whole levels in
 * turn, always the smaller frontier. Levels are complete when they change turns, so the first node
 * that both have reached lies on a shortest path. Rejected: one search from the start; it reaches
 * about b^d nodes where two reach 2 b^(d/2).
 */
#include <string.h>

#include "path_internal.h"

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
  tvi_path_ask *ask;
  tvi_limits *limits;
  path_side sides[2]; /* from the start forwards, from the end backwards */
  tvi_step *scratch;
  size_t scratch_capacity;
  uint64_t meeting; /* place in sides[meeting_side] of the node that both reached */
  int meeting_side; /* -1: none yet */
} path_search;

/* Notes a node. TV_OK also when it was reached before. */
static int path_reach(path_search *search, path_side *side, const tvi_step *step) {
  int status = tvi_node_set_add(&side->reached, step->node);
  if (status == 0) return TV_OK;
  if (status == TV_ECORRUPT)
    return tvi_graph_corrupt(search->ask->graph, "the adjacency of node",
                             side->steps[step->parent].node);
  if (status < 0) return tvi_path_no_memory(search->ask, side->count);
  status = tvi_limits_reach(search->limits);
  if (status != TV_OK) return status;
  if (side->count == side->capacity) {
    size_t capacity = side->capacity == 0 ? PATH_STEPS_FIRST : side->capacity * 2;
    tvi_step *steps = tvi_realloc(side->steps, capacity * sizeof *steps);
    if (steps == NULL) return tvi_path_no_memory(search->ask, capacity);
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
    if (tvi_path_edge_out(search->ask, run->node, run->neighbours[i], run->edges[i])) continue;
    step.node = run->neighbours[i];
    step.parent = parent;
    step.edge = run->edges[i];
    step.type = run->type;
    step.edge_from_parent = direction == TV_OUT;
    status = path_reach(search, side, &step);
    if (status != TV_OK || search->meeting_side >= 0) return status;
  }
  return tvi_limits_poll(search->limits);
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
    if (search->scratch == NULL) return tvi_path_no_memory(search->ask, n);
    search->scratch_capacity = n;
  }
  tvi_steps_sort(side->steps + side->level, search->scratch, n, side->reached.ids);
  return TV_OK;
}

static int path_expand_level(path_search *search, path_side *side) {
  size_t i, end = side->count;
  int status = path_sort_level(search, side);
  for (i = side->level; i < end && status == TV_OK && search->meeting_side < 0; i++) {
    status = tvi_limits_poll(search->limits);
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
  int status = tvi_path_alloc(search->ask, first + path_depth(back, path_find(back, node)), out);
  if (status != TV_OK) return status;
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

/* Nodes that no path may pass count as reached by both sides, so that neither goes there. */
static int path_prepare(path_search *search, path_side *side) {
  const tvi_path_ask *ask = search->ask;
  size_t i;
  int status = tvi_node_set_open(&side->reached, ask->ids);
  for (i = 0; i < ask->nodes_out_count && status >= 0; i++)
    status = tvi_node_set_add(&side->reached, ask->nodes_out[i]);
  return status >= 0 ? TV_OK : tvi_path_no_memory(search->ask, ask->nodes_out_count);
}

int tvi_path_shortest(tvi_path_ask *ask, tv_node from, tv_node to, tv_path *out) {
  path_search *search = tvi_zalloc(sizeof *search); /* 9 KiB: too much for a stack not ours */
  int i, status = TV_OK;
  *out = (tv_path){0};
  if (search == NULL) return tvi_path_no_memory(ask, 0);
  search->ask = ask;
  search->limits = &ask->limits;
  search->meeting_side = -1;
  for (i = 0; i < 2 && status == TV_OK; i++) {
    int direction = i == 0 ? ask->direction : tvi_path_reverse(ask->direction);
    status = tvi_adj_pair_open(&search->sides[i].pair, ask->graph, direction, &ask->types);
    if (status == TV_OK) status = path_prepare(search, &search->sides[i]);
  }
  if (status == TV_OK) status = path_run(search, from, to);
  if (status == TV_OK) status = path_build(search, out);
  for (i = 0; i < 2; i++) {
    tvi_adj_pair_close(&search->sides[i].pair);
    tvi_node_set_close(&search->sides[i].reached);
    tvi_free(search->sides[i].steps);
  }
  tvi_free(search->scratch);
  tvi_free(search);
  return status;
}

int tv_graph_shortest_path(tv_graph *graph, tv_node from, tv_node to, int direction, tv_types types,
                           const tv_limits *limits, tv_path *out) {
  tv_path_options options = {.types = types, .direction = direction};
  tvi_path_ask ask;
  int status;
  *out = (tv_path){0};
  if (limits != NULL) options.limits = *limits;
  if (direction == 0) options.direction = -1; /* here it has no default */
  status = tvi_path_ask_open(&ask, graph, from, to, &options);
  if (status == TV_OK) status = tvi_path_shortest(&ask, from, to, out);
  tvi_path_ask_close(&ask);
  return status;
}
