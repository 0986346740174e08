/* SPDX-License-Identifier: MIT */
/*
 * All shortest paths between two nodes. Without weights: two breadth-first searches towards each
 * other, whole levels in turn, that keep every edge from one level to the next; since levels are
 * complete, all paths pass the nodes that the newest levels have in common. With weights:
 * Dijkstra's search from the start, which keeps every edge that is as good as the best. Rejected:
 * one shortest path first and then a depth-first search bounded by its length; it goes astray as
 * often as a graph has nodes near the start.
 */
#include <inttypes.h>

#include "path_internal.h"

typedef struct all_side {
  tvi_adj_pair pair;
  tvi_ways ways;
  size_t level; /* where the newest level begins */
  double depth; /* of the newest level */
} all_side;

typedef struct all_search {
  tvi_path_ask ask;
  all_side sides[2]; /* from the start forwards, from the end backwards */
  tvi_step *order, *scratch;
  size_t order_capacity;
  tvi_heap heap;
  tvi_buffer settled; /* uint64_t: places of sides[0] in the order of distance; with weights */
} all_search;

/* An edge from a place of the newest level. */
static int all_meet(all_search *s, all_side *side, const tvi_adj_run *run, size_t i,
                    uint64_t parent, int direction) {
  tvi_way_link link = {parent, 0, run->edges[i], run->type, direction == TV_OUT};
  uint64_t place = tvi_places_find(&side->ways.places, run->neighbours[i]);
  if (place == TVI_PLACE_NONE) {
    int status = tvi_ways_add(&s->ask, &side->ways, run->neighbours[i], side->depth + 1);
    if (status != TV_OK) return status;
    place = side->ways.places.count - 1;
  }
  if (side->ways.at[place].distance <= side->depth) return TV_OK;
  return tvi_ways_link(&s->ask, &side->ways, place, &link);
}

static int all_expand_node(all_search *s, all_side *side, const tvi_step *step) {
  size_t d, i;
  for (d = 0; d < side->pair.n; d++) {
    tvi_adj_reader *reader = &side->pair.readers[d];
    tvi_adj_run run;
    int status;
    tvi_adj_seek(reader, step->node);
    while ((status = tvi_adj_next(reader, &run)) == TV_OK) {
      status = tvi_limits_poll(&s->ask.limits);
      for (i = 0; i < run.n && status == TV_OK; i++)
        status = all_meet(s, side, &run, i, step->parent, reader->direction);
      if (status != TV_OK) return status;
    }
    if (status != TV_END) return status;
  }
  return TV_OK;
}

/* The newest level in the order of ids, which is how the store is read fastest. */
static int all_sort_level(all_search *s, const all_side *side) {
  size_t n = side->ways.places.count - side->level, i;
  if (n > s->order_capacity) {
    tvi_free(s->order);
    tvi_free(s->scratch);
    s->order_capacity = 0;
    s->order = tvi_alloc(n * sizeof *s->order);
    s->scratch = tvi_alloc(n * sizeof *s->scratch);
    if (s->order == NULL || s->scratch == NULL) return tvi_path_no_memory(&s->ask, n);
    s->order_capacity = n;
  }
  for (i = 0; i < n; i++)
    s->order[i] =
        (tvi_step){.node = side->ways.places.nodes[side->level + i], .parent = side->level + i};
  tvi_steps_sort(s->order, s->scratch, n, TV_NODES_MAX);
  return TV_OK;
}

static int all_expand_level(all_search *s, all_side *side) {
  size_t i, end = side->ways.places.count, n = end - side->level;
  int status = all_sort_level(s, side);
  for (i = 0; i < n && status == TV_OK; i++) status = all_expand_node(s, side, &s->order[i]);
  side->level = end;
  side->depth++;
  return status;
}

static int all_have_met(const all_search *s, const all_side *side) {
  const tvi_places *other = &s->sides[side == s->sides].ways.places, *own = &side->ways.places;
  size_t i;
  for (i = side->level; i < own->count; i++)
    if (tvi_places_find(other, own->nodes[i]) != TVI_PLACE_NONE) return 1;
  return 0;
}

static int all_run_levels(all_search *s) {
  all_side *side = &s->sides[0];
  int status = TV_OK;
  while (status == TV_OK && !all_have_met(s, side)) {
    size_t ahead = s->sides[0].ways.places.count - s->sides[0].level;
    size_t back = s->sides[1].ways.places.count - s->sides[1].level;
    if (ahead == 0 || back == 0) return TV_NOTFOUND;
    side = &s->sides[ahead <= back ? 0 : 1];
    status = all_expand_level(s, side);
  }
  return status;
}

/* ---- With weights ---- */

/* Notes that an edge leads to a node at that distance. */
static int all_relax(all_search *s, tv_node node, const tvi_way_link *link, double distance) {
  tvi_ways *ways = &s->sides[0].ways;
  uint64_t place = tvi_places_find(&ways->places, node);
  int status = TV_OK, nearer = 1;
  if (place == TVI_PLACE_NONE) {
    status = tvi_ways_add(&s->ask, ways, node, distance);
    place = ways->places.count - 1;
  } else {
    nearer = distance < ways->at[place].distance;
    if (distance > ways->at[place].distance) return TV_OK;
  }
  if (status == TV_OK && nearer) {
    ways->at[place].distance = distance;
    ways->at[place].first = TVI_PLACE_NONE;
    if (tvi_heap_push(&s->heap, distance, place) != TV_OK)
      status = tvi_path_no_memory(&s->ask, s->heap.count);
  }
  return status == TV_OK ? tvi_ways_link(&s->ask, ways, place, link) : status;
}

static int all_relax_run(all_search *s, const tvi_adj_run *run, uint64_t place, int direction) {
  double weights[TVI_ADJ_RUN_MAX];
  size_t i;
  int status = tvi_path_weights(&s->ask, run, direction, weights);
  for (i = 0; i < run->n && status == TV_OK; i++) {
    tvi_way_link link = {place, 0, run->edges[i], run->type, direction == TV_OUT};
    if (!(weights[i] > 0))
      return tvi_txn_fail(s->ask.graph->txn, TV_EINVAL, 0,
                          "edge %" PRIu64 " weighs nothing: walks over it have no end",
                          run->edges[i]);
    status =
        all_relax(s, run->neighbours[i], &link, s->sides[0].ways.at[place].distance + weights[i]);
  }
  return status == TV_OK ? tvi_limits_poll(&s->ask.limits) : status;
}

static int all_settle(all_search *s, uint64_t place) {
  all_side *side = &s->sides[0];
  tv_node node = side->ways.places.nodes[place];
  size_t d;
  if (tvi_buffer_append(&s->settled, &place, sizeof place) != TV_OK)
    return tvi_path_no_memory(&s->ask, s->settled.size / sizeof place);
  for (d = 0; d < side->pair.n; d++) {
    tvi_adj_reader *reader = &side->pair.readers[d];
    tvi_adj_run run;
    int status;
    tvi_adj_seek(reader, node);
    while ((status = tvi_adj_next(reader, &run)) == TV_OK) {
      status = all_relax_run(s, &run, place, reader->direction);
      if (status != TV_OK) return status;
    }
    if (status != TV_END) return status;
  }
  return TV_OK;
}

static int all_run_weighted(all_search *s, tv_node to) {
  tvi_ways *ways = &s->sides[0].ways;
  int status = tvi_heap_push(&s->heap, 0, 0) == TV_OK ? TV_OK : tvi_path_no_memory(&s->ask, 1);
  while (status == TV_OK && s->heap.count > 0) {
    tvi_heap_entry top = tvi_heap_pop(&s->heap);
    if (top.distance > ways->at[top.place].distance) continue;
    if (ways->places.nodes[top.place] == to) {
      s->sides[0].depth = top.distance;
      if (tvi_buffer_append(&s->settled, &top.place, sizeof top.place) == TV_OK) return TV_OK;
      return tvi_path_no_memory(&s->ask, s->settled.size / sizeof top.place);
    }
    status = all_settle(s, top.place);
  }
  return status == TV_OK ? TV_NOTFOUND : status;
}

/* ---- Both ---- */

static int all_find(all_search *s, tv_node from, tv_node to) {
  tv_graph *graph = s->ask.graph;
  int status = tvi_adj_pair_open(&s->sides[0].pair, graph, s->ask.direction, &s->ask.types);
  if (status == TV_OK)
    status = tvi_adj_pair_open(&s->sides[1].pair, graph, tvi_path_reverse(s->ask.direction),
                               &s->ask.types);
  if (status == TV_OK) status = tvi_ways_add(&s->ask, &s->sides[0].ways, from, 0);
  if (status == TV_OK) status = tvi_ways_add(&s->ask, &s->sides[1].ways, to, 0);
  if (status != TV_OK) return status;
  return s->ask.weight == NULL ? all_run_levels(s) : all_run_weighted(s, to);
}

/* The next node that all paths of a kind pass, from *at on. 0: there is none. */
static int all_meeting(const all_search *s, size_t *at, uint64_t *ahead) {
  const tvi_places *back = &s->sides[1].ways.places;
  for (; *at < back->count; ++*at) {
    *ahead = tvi_places_find(&s->sides[0].ways.places, back->nodes[*at]);
    if (*ahead == TVI_PLACE_NONE) continue;
    if (s->sides[0].ways.at[*ahead].distance == s->sides[0].depth) return 1;
  }
  return 0;
}

static int all_emit(all_search *s, tv_path_fn visit, void *ctx) {
  double weight = s->sides[0].depth + s->sides[1].depth;
  size_t at;
  uint64_t ahead;
  int status = TV_OK;
  for (at = s->sides[1].level; status == TV_OK && all_meeting(s, &at, &ahead); at++)
    status = tvi_ways_emit(&s->ask, &s->sides[0].ways, &s->sides[1].ways,
                           s->sides[1].ways.places.nodes[at], weight, visit, ctx);
  return status;
}

static int all_count(all_search *s, uint64_t *count) {
  const uint64_t *settled = (const uint64_t *)(const void *)s->settled.data;
  size_t at, n = s->settled.size / sizeof *settled;
  uint64_t ahead, sum = 0, both;
  int status = TV_OK;
  for (at = 0; at < n && status == TV_OK; at++)
    status = tvi_ways_count(&s->ask, &s->sides[0].ways, settled[at]);
  for (at = 0; s->ask.weight == NULL && at < s->sides[0].ways.places.count && status == TV_OK; at++)
    status = tvi_ways_count(&s->ask, &s->sides[0].ways, at);
  for (at = 0; at < s->sides[1].ways.places.count && status == TV_OK; at++)
    status = tvi_ways_count(&s->ask, &s->sides[1].ways, at);
  if (status != TV_OK) return status;
  for (at = s->sides[1].level; all_meeting(s, &at, &ahead); at++)
    if (__builtin_mul_overflow(s->sides[0].ways.at[ahead].count, s->sides[1].ways.at[at].count,
                               &both) ||
        __builtin_add_overflow(sum, both, &sum))
      return tvi_txn_fail(s->ask.graph->txn, TV_ELIMIT, 0, "there are more than 2^64 paths");
  if (s->ask.paths_max != 0 && sum > s->ask.paths_max)
    return tvi_txn_fail(s->ask.graph->txn, TV_ELIMIT, 0, "there are more than %" PRIu64 " paths",
                        s->ask.paths_max);
  *count = sum;
  return TV_OK;
}

/* Searches, then names the paths (visit) or counts them. */
static int all_run(tv_graph *graph, tv_node from, tv_node to, const tv_path_options *options,
                   tv_path_fn visit, void *ctx, uint64_t *count, double *weight) {
  all_search *s = tvi_zalloc(sizeof *s); /* too much for a stack that is not ours */
  int i, status;
  if (s == NULL) return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for a search");
  status = tvi_path_ask_open(&s->ask, graph, from, to, options);
  if (status == TV_OK) status = all_find(s, from, to);
  if (status == TV_OK && weight != NULL) *weight = s->sides[0].depth + s->sides[1].depth;
  if (status == TV_OK) status = visit != NULL ? all_emit(s, visit, ctx) : all_count(s, count);
  for (i = 0; i < 2; i++) {
    tvi_adj_pair_close(&s->sides[i].pair);
    tvi_ways_free(&s->sides[i].ways);
  }
  tvi_heap_free(&s->heap);
  tvi_buffer_free(&s->settled);
  tvi_free(s->order);
  tvi_free(s->scratch);
  tvi_path_ask_close(&s->ask);
  tvi_free(s);
  return status;
}

int tv_graph_all_shortest_paths(tv_graph *graph, tv_node from, tv_node to,
                                const tv_path_options *options, tv_path_fn visit, void *ctx) {
  return all_run(graph, from, to, options, visit, ctx, NULL, NULL);
}

int tv_graph_shortest_path_count(tv_graph *graph, tv_node from, tv_node to,
                                 const tv_path_options *options, uint64_t *count, double *weight) {
  *count = 0;
  return all_run(graph, from, to, options, NULL, NULL, count, weight);
}
