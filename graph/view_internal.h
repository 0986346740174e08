/* SPDX-License-Identifier: MIT */
/*
 * What algorithms over a whole graph read: a *view* of one direction at one snapshot. It points
 * into the segments, which stay where they are, and adds what the delta holds: lists of further
 * neighbours, and for nodes that lost edges, lists instead of their rows. A node's neighbours are
 * those of its *parts*: a row for each type, then the list. Workers on other threads read a view
 * and nothing else of the graph.
 */
#ifndef TRIVET_VIEW_INTERNAL_H
#define TRIVET_VIEW_INTERNAL_H

#include "segment_internal.h"
#include "traversal_internal.h"
#include "trivet_graph_algo.h"

typedef struct tvi_view_block {
  const unsigned char *offsets, *neighbours; /* offsets are ascending and within: checked at open */
  uint32_t nodes;
} tvi_view_block;

typedef struct tvi_view {
  tv_graph *graph;
  uint32_t ids;
  size_t layers, blocks, parts;
  tvi_view_block *rows; /* layers * blocks */
  uint32_t *extra_at;   /* ids + 1; NULL: there is no list */
  unsigned char *extra; /* as in a segment */
  uint64_t *hidden;     /* a bit for each node whose rows do not count; NULL: none */
  uint64_t edges;
  int *damaged; /* becomes 1 when a neighbour is no node; set by any thread */
} tvi_view;

/* direction: TV_OUT or TV_IN. TV_OK, TV_ELIMIT (2^32 ids), TV_ENOMEM, TV_ECORRUPT. */
int tvi_view_open(tvi_view *view, tv_graph *graph, int direction, const tvi_type_set *types,
                  int *damaged);
/* Closing one that was only zeroed is allowed. */
void tvi_view_close(tvi_view *view);

/* Loops that write numbers copy the view first: the compiler then knows that it does not change. */

/* One part of a node's neighbours: where they are, and how many. */
static inline const unsigned char *tvi_view_part(const tvi_view *view, size_t part, uint32_t node,
                                                 uint32_t *n) {
  const tvi_view_block *block;
  uint32_t row, from;
  if (TVI_UNLIKELY(part == view->layers)) {
    *n = view->extra_at[node + 1] - view->extra_at[node];
    return view->extra + 4 * (size_t)view->extra_at[node];
  }
  block = &view->rows[part * view->blocks + (node >> TVI_BLOCK_BITS)];
  row = node & (TVI_BLOCK_NODES - 1);
  if (row >= block->nodes ||
      (view->hidden != NULL && (view->hidden[node >> 6] >> (node & 63) & 1) != 0)) {
    *n = 0;
    return NULL;
  }
  from = tvi_load_le32(block->offsets + 4 * (size_t)row);
  *n = tvi_load_le32(block->offsets + 4 * (size_t)row + 4) - from;
  return block->neighbours + 4 * (size_t)from;
}

/* A neighbour; one that is no node becomes 0, and the view says so. */
static inline uint32_t tvi_view_at(const tvi_view *view, const unsigned char *list, uint32_t i) {
  uint32_t node = tvi_load_le32(list + 4 * (size_t)i);
  if (TVI_LIKELY(node < view->ids)) return node;
  __atomic_store_n(view->damaged, 1, __ATOMIC_RELAXED);
  return 0;
}

/* The same when all neighbours are known to be nodes: for algorithms that read each edge many
 * times, and checked it the first time. */
static inline uint32_t tvi_view_at_checked(const unsigned char *list, uint32_t i) {
  return tvi_load_le32(list + 4 * (size_t)i);
}

static inline uint32_t tvi_view_degree(const tvi_view *view, uint32_t node) {
  uint32_t sum = 0, n;
  size_t part;
  for (part = 0; part < view->parts; part++) {
    (void)tvi_view_part(view, part, node, &n);
    sum += n;
  }
  return sum;
}

/* ---- What the algorithms share (algorithm.c) ---- */

typedef struct tvi_algorithm {
  tv_graph *graph;
  tvi_type_set types;
  tvi_limits limits;
  unsigned threads;
  tvi_view out, in; /* those asked for */
  uint32_t ids;
  uint64_t nodes;     /* that exist */
  tvi_node_set alive; /* when some ids are of no node */
  int holes;
  int damaged; /* of either view */
} tvi_algorithm;

/* directions: TV_OUT, TV_IN, TV_BOTH: the views to open. n: elements of the caller's arrays; it
 * must be the number of ids (TV_EINVAL). options may be NULL. Close it whatever is returned. */
int tvi_algorithm_open(tvi_algorithm *algorithm, tv_graph *graph,
                       const tv_algorithm_options *options, int directions, uint64_t n);
/* Passes `status` on, or TV_ECORRUPT when a view turned out damaged. */
int tvi_algorithm_close(tvi_algorithm *algorithm, int status);
int tvi_algorithm_no_memory(tvi_algorithm *algorithm);

static inline int tvi_algorithm_alive(const tvi_algorithm *algorithm, uint32_t node) {
  return !algorithm->holes || tvi_node_set_has(&algorithm->alive, node);
}

/*
 * Runs work on all of 0..n-1 in pieces of `grain`, on the algorithm's threads, the calling one
 * among them; worker numbers are below TVI_WORKERS_MAX. TV_OK, TV_EINTR when a limit ended it.
 */
#define TVI_WORKERS_MAX 64u
typedef void (*tvi_work_fn)(void *ctx, unsigned worker, uint32_t from, uint32_t to);
int tvi_parallel(tvi_algorithm *algorithm, uint32_t n, uint32_t grain, tvi_work_fn work, void *ctx);

#endif
