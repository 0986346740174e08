/* SPDX-License-Identifier: MIT */
/*
 * What algorithms over a whole graph read: a *view* of one direction at one snapshot. It points
 * into the segments, which stay where they are. A node's neighbours come in *runs*: a row for each
 * type; for a node that the delta says something about, the pieces of its rows between deleted
 * edges, then a short list of what was added. Memory: 80 bytes for each record of the delta at
 * most, 4 for each node id when there is a delta. Workers on other threads read a view and nothing
 * else of the graph.
 */
#ifndef TRIVET_VIEW_INTERNAL_H
#define TRIVET_VIEW_INTERNAL_H

#include "segment_internal.h"
#include "traversal_internal.h"
#include "trivet_graph_algo.h"

typedef struct tvi_view_block {
  const unsigned char *offsets, *neighbours; /* offsets are ascending and within: checked at open */
  const unsigned char *weights;
  double base;
  uint32_t nodes;
  uint32_t encoding; /* tvi_column_encoding */
} tvi_view_block;

/* Where a walk over a node's runs is. All zero is its beginning. */
typedef struct tvi_view_place {
  uint32_t next;
} tvi_view_place;

/* A run: neighbours that stand side by side. Begin with a place of zero. */
typedef struct tvi_view_run {
  tvi_view_place place; /* of the run that follows */
  uint32_t n;           /* may be 0 */
  const unsigned char *list;
  const unsigned char *weights;
  double base;
  uint32_t encoding; /* of the weights: tvi_column_encoding */
} tvi_view_run;

/* A run of a node in the delta. */
typedef struct tvi_view_piece {
  const unsigned char *list, *weights;
  double base;
  uint32_t n, encoding;
} tvi_view_piece;

#define TVI_NO_WEIGHT UINT32_MAX

typedef struct tvi_view {
  tv_graph *graph;
  uint32_t ids;
  uint32_t weight; /* the property, or TVI_NO_WEIGHT: every weight is 1 */
  uint32_t layers; /* types that have segments */
  size_t blocks;
  tvi_view_block *rows; /* layers * blocks */
  uint32_t *layer_types;
  uint32_t *pieces_at; /* ids + 1; NULL: there is no delta. A node without pieces has its rows */
  tvi_view_piece *pieces;
  tvi_buffer extra, extra_weights; /* neighbours and weights of edges in the delta */
  uint64_t edges;
  int gaps;     /* 1: some edge may have no weight; it reads as 1 */
  int negative; /* 1: some weight may be below 0 or not a number */
  int *damaged; /* becomes 1 when a neighbour is no node; set by any thread */
} tvi_view;

/* direction: TV_OUT or TV_IN. weight: number of a property's name, or TVI_NO_WEIGHT. TV_OK,
 * TV_ELIMIT (2^32 ids), TV_EUNSUPPORTED (a weight that is in no column), TV_ENOMEM, TV_ECORRUPT. */
int tvi_view_open(tvi_view *view, tv_graph *graph, int direction, const tvi_type_set *types,
                  uint32_t weight, int *damaged);
/* Closing one that was only zeroed is allowed. */
void tvi_view_close(tvi_view *view);

/*
 * The same as opening and closing, but a read transaction keeps a view that has a delta, until it
 * ends or moves on, and takes it again when the types are all and the weight is the same
 * (view_keep.c). Giving one that is zeroed, or whose opening failed, is allowed.
 */
int tvi_view_take(tvi_view *view, tv_graph *graph, int direction, const tvi_type_set *types,
                  uint32_t weight, int *damaged);
void tvi_view_give(tvi_view *view, int direction, const tvi_type_set *types);

/* Loops that write numbers copy the view first: the compiler then knows that it does not change. */

/*
 * The next run of a node, 0 when there is none:
 *
 *     tvi_view_run run = {0};
 *     while (tvi_view_next(&view, node, &run))
 *       for (i = 0; i < run.n; i++) ... tvi_view_at(&view, run.list, i) ...
 *
 * A run lives until the next call with it. A place kept from before a call goes back there.
 */
static inline int tvi_view_next(const tvi_view *view, uint32_t node, tvi_view_run *run) {
  uint32_t row = node & (TVI_BLOCK_NODES - 1), from;
  if (TVI_UNLIKELY(view->pieces_at != NULL) && view->pieces_at[node] != view->pieces_at[node + 1]) {
    uint32_t at = view->pieces_at[node] + run->place.next;
    const tvi_view_piece *piece = &view->pieces[at];
    if (at >= view->pieces_at[node + 1]) return 0;
    run->place.next++;
    run->n = piece->n;
    run->list = piece->list;
    run->weights = piece->weights;
    run->base = piece->base;
    run->encoding = piece->encoding;
    return 1;
  }
  while (run->place.next < view->layers) {
    const tvi_view_block *block =
        &view->rows[run->place.next++ * view->blocks + (node >> TVI_BLOCK_BITS)];
    if (row >= block->nodes) continue;
    from = tvi_load_le32(block->offsets + 4 * (size_t)row);
    run->n = tvi_load_le32(block->offsets + 4 * (size_t)row + 4) - from;
    run->list = block->neighbours + 4 * (size_t)from;
    run->encoding = block->encoding;
    run->base = block->base;
    run->weights = block->weights + (size_t)from * tvi_column_width(block->encoding);
    return 1;
  }
  return 0;
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

/* The weight of a run's i-th edge. When the view says negative == 0, only damaged bytes are below 0
 * or not a number. */
static inline double tvi_view_weight(const tvi_view_run *run, uint32_t i) {
  return tvi_column_number(run->encoding, run->weights, run->base, i);
}

static inline uint32_t tvi_view_degree(const tvi_view *view, uint32_t node) {
  tvi_view_run run = {0};
  uint32_t sum = 0;
  while (tvi_view_next(view, node, &run)) sum += run.n;
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
/* The same with the weights of that property; NULL: every weight is 1. TV_ENOLABEL,
 * TV_EUNSUPPORTED. */
int tvi_algorithm_open_weighted(tvi_algorithm *algorithm, tv_graph *graph,
                                const tv_algorithm_options *options, int directions,
                                const char *weight, uint64_t n);
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
