/* SPDX-License-Identifier: MIT */
/*
 * A lightest path between two nodes: two of Dijkstra's searches towards each other, the one whose
 * next node is nearer in turn, until both are further on together than the best meeting so far
 * (Nicholson, Finding the shortest route between two points in a network, 1966). Rejected: one
 * search with estimates of what is left (A*), which a graph without coordinates cannot give.
 */
#include <math.h>

#include "path_internal.h"

/* How a place was reached. */
typedef struct light_place {
  double distance; /* -1: no path may pass */
  uint64_t parent; /* place; TVI_PLACE_NONE: the start */
  tv_edge edge;
  uint32_t type;
  uint32_t edge_from_parent; /* 1: the edge is stored as parent -> place */
} light_place;

typedef struct light_side {
  tvi_adj_pair pair;
  tvi_places places;
  light_place *at; /* by place */
  size_t capacity;
  tvi_heap heap;
} light_side;

typedef struct light_search {
  tvi_path_ask *ask;
  light_side sides[2]; /* from the start forwards, from the end backwards */
  double best;         /* the lightest meeting; infinite: none yet */
  tv_node meeting;
} light_search;

static int light_add(light_search *s, light_side *side, tv_node node, const light_place *place) {
  int status = tvi_limits_reach(&s->ask->limits);
  if (status != TV_OK) return status;
  if (node >= s->ask->ids) return tvi_graph_corrupt(s->ask->graph, "an edge to node", node);
  if (tvi_places_add(&side->places, node) != TV_OK)
    return tvi_path_no_memory(s->ask, side->places.count);
  if (side->capacity < side->places.capacity) {
    light_place *at = tvi_realloc(side->at, side->places.capacity * sizeof *at);
    if (at == NULL) return tvi_path_no_memory(s->ask, side->places.capacity);
    side->at = at;
    side->capacity = side->places.capacity;
  }
  side->at[side->places.count - 1] = *place;
  return TV_OK;
}

static int light_push(light_search *s, light_side *side, double distance, uint64_t place) {
  return tvi_heap_push(&side->heap, distance, place) == TV_OK
             ? TV_OK
             : tvi_path_no_memory(s->ask, side->heap.count);
}

/* An edge leads to a node that may be nearer than was known, or that the other side knows. */
static int light_reach(light_search *s, light_side *side, tv_node node, const light_place *found) {
  const light_side *other = &s->sides[side == s->sides];
  uint64_t place = tvi_places_find(&side->places, node), across;
  int status = TV_OK;
  if (place == TVI_PLACE_NONE) {
    status = light_add(s, side, node, found);
    place = side->places.count - 1;
  } else if (found->distance < side->at[place].distance) {
    side->at[place] = *found;
  } else {
    return TV_OK;
  }
  if (status == TV_OK) status = light_push(s, side, found->distance, place);
  across = tvi_places_find(&other->places, node);
  if (status != TV_OK || across == TVI_PLACE_NONE) return status;
  if (other->at[across].distance + found->distance < s->best) {
    s->best = other->at[across].distance + found->distance;
    s->meeting = node;
  }
  return TV_OK;
}

static int light_expand_run(light_search *s, light_side *side, const tvi_adj_run *run,
                            uint64_t place, int direction) {
  double weights[TVI_ADJ_RUN_MAX], distance = side->at[place].distance;
  size_t i;
  int status = tvi_path_weights(s->ask, run, direction, weights);
  for (i = 0; i < run->n && status == TV_OK; i++) {
    light_place found = {distance + weights[i], place, run->edges[i], run->type,
                         direction == TV_OUT};
    if (tvi_path_edge_out(s->ask, run->node, run->neighbours[i], run->edges[i])) continue;
    status = light_reach(s, side, run->neighbours[i], &found);
  }
  return status == TV_OK ? tvi_limits_poll(&s->ask->limits) : status;
}

/* The nearest node of one side that is not settled. */
static int light_settle(light_search *s, light_side *side) {
  tvi_heap_entry top = tvi_heap_pop(&side->heap);
  size_t d;
  if (top.distance > side->at[top.place].distance) return TV_OK; /* a better way was found */
  for (d = 0; d < side->pair.n; d++) {
    tvi_adj_reader *reader = &side->pair.readers[d];
    tvi_adj_run run;
    int status;
    tvi_adj_seek(reader, side->places.nodes[top.place]);
    while ((status = tvi_adj_next(reader, &run)) == TV_OK) {
      status = light_expand_run(s, side, &run, top.place, reader->direction);
      if (status != TV_OK) return status;
    }
    if (status != TV_END) return status;
  }
  return TV_OK;
}

static int light_start(light_search *s, light_side *side, tv_node node, int direction) {
  light_place start = {0, TVI_PLACE_NONE, 0, 0, 0}, barred = {-1, TVI_PLACE_NONE, 0, 0, 0};
  size_t i;
  int status = tvi_adj_pair_open(&side->pair, s->ask->graph, direction, &s->ask->types);
  if (status == TV_OK) status = light_reach(s, side, node, &start);
  for (i = 0; i < s->ask->nodes_out_count && status == TV_OK; i++)
    status = light_add(s, side, s->ask->nodes_out[i], &barred);
  return status;
}

static int light_run(light_search *s) {
  light_side *ahead = &s->sides[0], *back = &s->sides[1];
  int status = TV_OK;
  while (status == TV_OK && ahead->heap.count > 0 && back->heap.count > 0) {
    double a = ahead->heap.entries[0].distance, b = back->heap.entries[0].distance;
    if (a + b >= s->best) break;
    status = light_settle(s, a <= b ? ahead : back);
  }
  return status == TV_OK && isinf(s->best) ? TV_NOTFOUND : status;
}

static tv_edge_ref light_edge(const light_side *side, uint64_t place) {
  const light_place *at = &side->at[place];
  tv_node node = side->places.nodes[place], parent = side->places.nodes[at->parent];
  tv_edge_ref ref;
  ref.from = at->edge_from_parent ? parent : node;
  ref.to = at->edge_from_parent ? node : parent;
  ref.edge = at->edge;
  ref.type = at->type;
  return ref;
}

static size_t light_depth(const light_side *side, uint64_t place) {
  size_t depth = 0;
  for (; side->at[place].parent != TVI_PLACE_NONE; place = side->at[place].parent) depth++;
  return depth;
}

static int light_build(light_search *s, tv_path *out) {
  const light_side *ahead = &s->sides[0], *back = &s->sides[1];
  uint64_t place = tvi_places_find(&ahead->places, s->meeting);
  uint64_t across = tvi_places_find(&back->places, s->meeting);
  size_t first = light_depth(ahead, place), at;
  int status = tvi_path_alloc(s->ask, first + light_depth(back, across), out);
  if (status != TV_OK) return status;
  out->nodes[first] = s->meeting;
  for (at = first; at > 0; at--) {
    out->edges[at - 1] = light_edge(ahead, place);
    place = ahead->at[place].parent;
    out->nodes[at - 1] = ahead->places.nodes[place];
  }
  for (at = first; at < out->length; at++) {
    out->edges[at] = light_edge(back, across);
    across = back->at[across].parent;
    out->nodes[at + 1] = back->places.nodes[across];
  }
  return TV_OK;
}

int tvi_path_lightest(tvi_path_ask *ask, tv_node from, tv_node to, tv_path *out) {
  light_search *s = tvi_zalloc(sizeof *s); /* too much for a stack that is not ours */
  int i, status;
  *out = (tv_path){0};
  if (s == NULL) return tvi_path_no_memory(ask, 0);
  s->ask = ask;
  s->best = INFINITY;
  status = light_start(s, &s->sides[0], from, ask->direction);
  if (status == TV_OK) status = light_start(s, &s->sides[1], to, tvi_path_reverse(ask->direction));
  if (status == TV_OK) status = light_run(s);
  if (status == TV_OK) status = light_build(s, out);
  for (i = 0; i < 2; i++) {
    tvi_adj_pair_close(&s->sides[i].pair);
    tvi_places_free(&s->sides[i].places);
    tvi_heap_free(&s->sides[i].heap);
    tvi_free(s->sides[i].at);
  }
  tvi_free(s);
  return status;
}

int tvi_path_find(tvi_path_ask *ask, tv_node from, tv_node to, tv_path *out) {
  return ask->weight == NULL ? tvi_path_shortest(ask, from, to, out)
                             : tvi_path_lightest(ask, from, to, out);
}

int tvi_path_sum(tvi_path_ask *ask, const tv_path *path, double *weight) {
  size_t i;
  int status = TV_OK;
  *weight = ask->weight == NULL ? (double)path->length : 0;
  for (i = 0; ask->weight != NULL && i < path->length && status == TV_OK; i++) {
    double one;
    status = tvi_path_weight(ask, &path->edges[i], &one);
    *weight += one;
  }
  return status;
}

int tv_graph_path_find(tv_graph *graph, tv_node from, tv_node to, const tv_path_options *options,
                       tv_path *out, double *weight) {
  double sum = 0;
  tvi_path_ask ask;
  int status;
  *out = (tv_path){0};
  status = tvi_path_ask_open(&ask, graph, from, to, options);
  if (status == TV_OK) status = tvi_path_find(&ask, from, to, out);
  if (status == TV_OK) status = tvi_path_sum(&ask, out, &sum);
  if (status != TV_OK) tv_graph_path_free(out);
  if (weight != NULL) *weight = sum;
  tvi_path_ask_close(&ask);
  return status;
}
