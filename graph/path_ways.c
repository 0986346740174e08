/* SPDX-License-Identifier: MIT */
/*
 * All shortest ways at once, as a graph of links back to where a search began: it takes memory for
 * the links, while the ways in it may be more than could ever be listed. Naming them is a walk with
 * a stack of links; every link leads to the start, so that no step is in vain. Rejected: a list of
 * parents for each node in memory of its own; most nodes have one.
 */
#include "path_internal.h"

#define WAYS_FIRST 128

int tvi_ways_add(tvi_path_ask *ask, tvi_ways *ways, tv_node node, double distance) {
  int status = tvi_limits_reach(&ask->limits);
  if (status != TV_OK) return status;
  if (node >= ask->ids) return tvi_graph_corrupt(ask->graph, "an edge to node", node);
  if (ways->places.count == ways->capacity) {
    size_t capacity = ways->capacity == 0 ? WAYS_FIRST : ways->capacity * 2;
    tvi_way_place *at = tvi_realloc(ways->at, capacity * sizeof *at);
    if (at == NULL) return tvi_path_no_memory(ask, capacity);
    ways->at = at;
    ways->capacity = capacity;
  }
  ways->at[ways->places.count] = (tvi_way_place){TVI_PLACE_NONE, 0, distance};
  return tvi_places_add(&ways->places, node) == TV_OK ? TV_OK
                                                      : tvi_path_no_memory(ask, ways->places.count);
}

int tvi_ways_link(tvi_path_ask *ask, tvi_ways *ways, uint64_t place, const tvi_way_link *link) {
  if (ways->link_count == ways->link_capacity) {
    size_t capacity = ways->link_capacity == 0 ? WAYS_FIRST : ways->link_capacity * 2;
    tvi_way_link *links = tvi_realloc(ways->links, capacity * sizeof *links);
    if (links == NULL) return tvi_path_no_memory(ask, capacity);
    ways->links = links;
    ways->link_capacity = capacity;
  }
  ways->links[ways->link_count] = *link;
  ways->links[ways->link_count].next = ways->at[place].first;
  ways->at[place].first = ways->link_count++;
  return TV_OK;
}

int tvi_ways_count(tvi_path_ask *ask, tvi_ways *ways, uint64_t place) {
  uint64_t link, sum = 0;
  if (place == 0) sum = 1;
  for (link = ways->at[place].first; link != TVI_PLACE_NONE; link = ways->links[link].next)
    if (__builtin_add_overflow(sum, ways->at[ways->links[link].parent].count, &sum))
      return tvi_txn_fail(ask->graph->txn, TV_ELIMIT, 0, "there are more than 2^64 paths");
  ways->at[place].count = sum;
  return TV_OK;
}

void tvi_ways_free(tvi_ways *ways) {
  tvi_places_free(&ways->places);
  tvi_free(ways->at);
  tvi_free(ways->links);
  *ways = (tvi_ways){0};
}

/* ---- Naming them ---- */

typedef struct ways_walk {
  tvi_path_ask *ask;
  const tvi_ways *ahead, *back;
  uint64_t *links; /* from the node to the start of ahead, then from the node to that of back */
  size_t depth, capacity;
  size_t ahead_depth;             /* links of ahead when all of its way is there */
  uint64_t ahead_from, back_from; /* the node's places */
  tv_path path;
} ways_walk;

/* Whether the way ahead is whole: then links follow that are of `back`. */
static int ways_is_ahead(const ways_walk *walk) {
  return walk->ahead_depth == SIZE_MAX;
}

/* The place at which the walk stands. */
static uint64_t ways_here(const ways_walk *walk) {
  if (ways_is_ahead(walk))
    return walk->depth == 0 ? walk->ahead_from
                            : walk->ahead->links[walk->links[walk->depth - 1]].parent;
  return walk->depth == walk->ahead_depth ? walk->back_from
                                          : walk->back->links[walk->links[walk->depth - 1]].parent;
}

static int ways_push(ways_walk *walk, uint64_t link) {
  if (walk->depth == walk->capacity) {
    size_t capacity = walk->capacity == 0 ? WAYS_FIRST : walk->capacity * 2;
    uint64_t *links = tvi_realloc(walk->links, capacity * sizeof *links);
    tv_path path = {0};
    if (links == NULL) return tvi_path_no_memory(walk->ask, capacity);
    walk->links = links;
    if (tvi_path_alloc(walk->ask, capacity, &path) != TV_OK) return TV_ENOMEM;
    tv_graph_path_free(&walk->path);
    walk->path = path;
    walk->capacity = capacity;
  }
  walk->links[walk->depth++] = link;
  return TV_OK;
}

/* Walks on from where it stands to the end of the way, taking first links. */
static int ways_fill(ways_walk *walk) {
  for (;;) {
    uint64_t here = ways_here(walk);
    int status;
    if (here == 0 && ways_is_ahead(walk)) {
      walk->ahead_depth = walk->depth;
      continue;
    }
    if (here == 0) return TV_OK;
    status = ways_push(walk, (ways_is_ahead(walk) ? walk->ahead : walk->back)->at[here].first);
    if (status != TV_OK) return status;
  }
}

/* Takes back links until one has another beside it. 0: all ways were named. */
static int ways_next(ways_walk *walk) {
  while (walk->depth > 0) {
    const tvi_ways *ways = walk->depth > walk->ahead_depth ? walk->back : walk->ahead;
    uint64_t other = ways->links[walk->links[--walk->depth]].next;
    if (ways == walk->ahead) walk->ahead_depth = SIZE_MAX;
    if (other == TVI_PLACE_NONE) continue;
    walk->links[walk->depth++] = other;
    return 1;
  }
  return 0;
}

static tv_edge_ref way_edge(const tvi_way_link *link, tv_node parent, tv_node node) {
  tv_edge_ref ref;
  ref.from = link->edge_from_parent ? parent : node;
  ref.to = link->edge_from_parent ? node : parent;
  ref.edge = link->edge;
  ref.type = link->type;
  return ref;
}

static int ways_emit_one(ways_walk *walk, tv_node node, double weight, tv_path_fn visit,
                         void *ctx) {
  tv_path *path = &walk->path;
  size_t i, at = walk->ahead_depth;
  tv_node here = node, parent;
  path->length = walk->depth;
  path->nodes[at] = node;
  for (i = 0; i < walk->ahead_depth; i++) {
    const tvi_way_link *link = &walk->ahead->links[walk->links[i]];
    parent = walk->ahead->places.nodes[link->parent];
    path->edges[--at] = way_edge(link, parent, here);
    path->nodes[at] = here = parent;
  }
  for (here = node, at = i; i < walk->depth; i++) {
    const tvi_way_link *link = &walk->back->links[walk->links[i]];
    parent = walk->back->places.nodes[link->parent];
    path->edges[at++] = way_edge(link, parent, here);
    path->nodes[at] = here = parent;
  }
  return tvi_path_emit(walk->ask, path, weight, visit, ctx);
}

int tvi_ways_emit(tvi_path_ask *ask, const tvi_ways *ahead, const tvi_ways *back, tv_node node,
                  double weight, tv_path_fn visit, void *ctx) {
  ways_walk walk = {.ask = ask, .ahead = ahead, .back = back, .ahead_depth = SIZE_MAX};
  int status = tvi_path_alloc(ask, 0, &walk.path);
  walk.ahead_from = tvi_places_find(&ahead->places, node);
  walk.back_from = tvi_places_find(&back->places, node);
  if (status == TV_OK) status = ways_fill(&walk);
  while (status == TV_OK) {
    status = ways_emit_one(&walk, node, weight, visit, ctx);
    if (status != TV_OK || !ways_next(&walk)) break;
    status = ways_fill(&walk);
  }
  tvi_free(walk.links);
  tv_graph_path_free(&walk.path);
  return status;
}
