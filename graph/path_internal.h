/* SPDX-License-Identifier: MIT */
/*
 * What searches for paths between two nodes share: the question, edges' weights, a map from nodes
 * to places in arrays, a heap of distances, and the graph of all ways that are equally short.
 */
#ifndef TRIVET_PATH_INTERNAL_H
#define TRIVET_PATH_INTERNAL_H

#include "traversal_internal.h"
#include "trivet_graph_algo.h"

/* ---- The question (path_ask.c) ---- */

typedef struct tvi_path_ask {
  tv_graph *graph;
  tvi_type_set types;
  int direction;
  uint64_t ids; /* nodes are below */
  tvi_limits limits;
  const char *weight; /* NULL: every edge weighs 1 */
  uint64_t paths_left, paths_max;
  /* For k_paths.c: nodes that no path may pass, and edges at its start that it may not take. */
  tv_node spur;
  const tv_node *nodes_out;
  size_t nodes_out_count;
  const tv_edge *edges_out;
  size_t edges_out_count;
} tvi_path_ask;

/* options may be NULL. Checks the ends. Close it whatever is returned. The ask must not be moved.
 */
int tvi_path_ask_open(tvi_path_ask *ask, tv_graph *graph, tv_node from, tv_node to,
                      const tv_path_options *options);
void tvi_path_ask_close(tvi_path_ask *ask);
/* Gives a path to the caller. TV_OK, TV_STOP, TV_ELIMIT. */
int tvi_path_emit(tvi_path_ask *ask, const tv_path *path, double weight, tv_path_fn visit,
                  void *ctx);
int tvi_path_no_memory(tvi_path_ask *ask, size_t n);
/* What edges of a run weigh, into weights[0..run->n): TV_OK, TV_EINVAL, TV_ECORRUPT. */
int tvi_path_weights(tvi_path_ask *ask, const tvi_adj_run *run, int direction, double *weights);
/* The same for one edge; there must be a weight to read. */
int tvi_path_weight(tvi_path_ask *ask, const tv_edge_ref *ref, double *out);
/* Memory for a path of that length. */
int tvi_path_alloc(tvi_path_ask *ask, size_t length, tv_path *out);

static inline int tvi_path_reverse(int direction) {
  return direction == TV_OUT ? TV_IN : direction == TV_IN ? TV_OUT : direction;
}

/* 1 when the question forbids an edge between the two. */
static inline int tvi_path_edge_out(const tvi_path_ask *ask, tv_node node, tv_node neighbour,
                                    tv_edge edge) {
  size_t i;
  if (TVI_LIKELY(ask->edges_out_count == 0) || (node != ask->spur && neighbour != ask->spur))
    return 0;
  for (i = 0; i < ask->edges_out_count; i++)
    if (ask->edges_out[i] == edge) return 1;
  return 0;
}

/*
 * One path with the fewest edges (shortest_path.c), one of the least weight (weighted_path.c), and
 * whichever is asked for. TV_NOTFOUND when there is none.
 */
int tvi_path_shortest(tvi_path_ask *ask, tv_node from, tv_node to, tv_path *out);
int tvi_path_lightest(tvi_path_ask *ask, tv_node from, tv_node to, tv_path *out);
int tvi_path_find(tvi_path_ask *ask, tv_node from, tv_node to, tv_path *out);
/* The sum of a path's weights from its start on, or its length. */
int tvi_path_sum(tvi_path_ask *ask, const tv_path *path, double *weight);

/* ---- Places of nodes (path_place.c) ---- */

#define TVI_PLACE_NONE UINT64_MAX

/* Nodes get places 0, 1, 2, ... in the order in which they come. All zero is empty. */
typedef struct tvi_places {
  tv_node *nodes; /* by place */
  size_t count, capacity;
  uint64_t *slots; /* place + 1; 0: free */
  size_t slot_count;
} tvi_places;

uint64_t tvi_places_find(const tvi_places *places, tv_node node); /* or TVI_PLACE_NONE */
/* The node must not have a place yet. TV_OK, TV_ENOMEM (no message). */
int tvi_places_add(tvi_places *places, tv_node node);
void tvi_places_free(tvi_places *places);

/* ---- Heaps of distances (path_place.c) ---- */

typedef struct tvi_heap_entry {
  double distance;
  uint64_t place;
} tvi_heap_entry;

typedef struct tvi_heap {
  tvi_heap_entry *entries; /* [0] has the least distance */
  size_t count, capacity;
} tvi_heap;

int tvi_heap_push(tvi_heap *heap, double distance, uint64_t place); /* TV_OK, TV_ENOMEM */
tvi_heap_entry tvi_heap_pop(tvi_heap *heap);                        /* it must not be empty */
void tvi_heap_free(tvi_heap *heap);

/* ---- All ways (path_ways.c) ---- */

/* An edge over which the shortest ways reach a place. */
typedef struct tvi_way_link {
  uint64_t parent; /* place */
  uint64_t next;   /* another link to the same place; TVI_PLACE_NONE: none */
  tv_edge edge;
  uint32_t type;
  uint32_t edge_from_parent; /* 1: the edge is stored as parent -> place */
} tvi_way_link;

typedef struct tvi_way_place {
  uint64_t first;  /* link; TVI_PLACE_NONE: none */
  uint64_t count;  /* of ways; set by tvi_ways_count */
  double distance; /* or depth */
} tvi_way_place;

/* Ways from one node; its place is 0. */
typedef struct tvi_ways {
  tvi_places places;
  tvi_way_place *at; /* by place */
  size_t capacity;
  tvi_way_link *links;
  size_t link_count, link_capacity;
} tvi_ways;

/* A new place without links. TV_OK, TV_ELIMIT, TV_ENOMEM, TV_ECORRUPT. */
int tvi_ways_add(tvi_path_ask *ask, tvi_ways *ways, tv_node node, double distance);
int tvi_ways_link(tvi_path_ask *ask, tvi_ways *ways, uint64_t place, const tvi_way_link *link);
/* Counts the ways to a place whose parents are counted. TV_OK, TV_ELIMIT: 2^64 or more. */
int tvi_ways_count(tvi_path_ask *ask, tvi_ways *ways, uint64_t place);
void tvi_ways_free(tvi_ways *ways);
/* Emits each way ahead from its start to the node and on, against `back`, to the start of that. */
int tvi_ways_emit(tvi_path_ask *ask, const tvi_ways *ahead, const tvi_ways *back, tv_node node,
                  double weight, tv_path_fn visit, void *ctx);

#endif
