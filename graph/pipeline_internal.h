/* SPDX-License-Identifier: MIT */
/*
 * What the files of the traversal pipeline share. A traversal is a row of *stages* (a start,
 * expansions, repeats); each produces batches of rows into a buffer of its own from the one before
 * it, and has a chain of *filters* through which each new row goes. An expansion is a *hop*, of
 * which a repeat has one or more.
 */
#ifndef TRIVET_PIPELINE_INTERNAL_H
#define TRIVET_PIPELINE_INTERNAL_H

#include "property_index_internal.h"
#include "traversal_internal.h"
#include "trivet_graph_traverse.h"

/* ---- Rows (pipeline_rows.c) ---- */

#define TVI_PIPE_TRAIL_NONE UINT32_MAX

/* An element sorts by its first member. */
typedef struct tvi_pipe_row {
  tv_node node, from; /* from: the node before; TV_NODE_NONE at a start */
  tv_edge edge;
  uint32_t depth;
  uint32_t trail; /* its place in traversal->trails, or TVI_PIPE_TRAIL_NONE */
  uint16_t type;
  uint16_t outward; /* 1: the edge is stored from -> node */
} tvi_pipe_row;

typedef struct tvi_pipe_batch {
  tvi_pipe_row *rows; /* those from `at` to n are still to be taken */
  size_t n, at, capacity;
} tvi_pipe_batch;

/* How a row came about; rows that share a way share its entries. */
typedef struct tvi_pipe_step {
  tv_node node;
  tv_edge edge;
  uint32_t parent; /* free entries: the next free one */
  uint32_t refs;   /* rows and entries that hold it */
  uint16_t type;
  uint16_t outward;
} tvi_pipe_step;

/* ---- Filters (pipeline_filter.c) ---- */

typedef enum tvi_pipe_filter_kind {
  TVI_PIPE_WHERE,
  TVI_PIPE_LABEL,
  TVI_PIPE_CALL,
  TVI_PIPE_DEDUP,
  TVI_PIPE_SKIP,
  TVI_PIPE_LIMIT
} tvi_pipe_filter_kind;

typedef struct tvi_pipe_filter {
  int kind;
  int on, op;      /* WHERE */
  uint32_t number; /* of the property or label; UINT32_MAX: no such property */
  tv_value value;
  void *bytes; /* what the value's bytes are in */
  tv_row_fn keep;
  void *ctx;
  uint64_t left;     /* SKIP, LIMIT */
  tvi_node_set seen; /* DEDUP */
} tvi_pipe_filter;

typedef struct tvi_pipe_chain {
  size_t n;
  tvi_pipe_filter *filters;
} tvi_pipe_chain;

/* What becomes of a row: bits. LAST: no row after it is wanted. */
enum { TVI_PIPE_KEEP = 1, TVI_PIPE_LAST = 2 };

/* ---- Hops (pipeline_expand.c) ---- */

/* How far the rows of a batch have been expanded. */
typedef struct tvi_pipe_place {
  size_t reader; /* which of the hop's */
  int within;    /* the row at batch.at was begun; last is the last edge taken, if any_taken */
  int any_taken;
  tv_edge_ref last;
} tvi_pipe_place;

typedef struct tvi_pipe_hop {
  int direction;
  tvi_type_set types;
  int open;
  tvi_adj_pair pair;
  const tvi_pipe_place *owner; /* whose place the readers stand at */
  tvi_adj_run run;             /* what is left of it from run_at on is the owner's */
  size_t run_at;
  tvi_pipe_chain chain;
} tvi_pipe_hop;

/* ---- Stages ---- */

typedef enum tvi_pipe_stage_kind {
  TVI_PIPE_FROM_NODES,
  TVI_PIPE_FROM_KEYS,
  TVI_PIPE_FROM_LABEL,
  TVI_PIPE_FROM_INDEX,
  TVI_PIPE_EXPAND,
  TVI_PIPE_REPEAT
} tvi_pipe_stage_kind;

typedef struct tvi_pipe_level {
  tvi_pipe_batch batch;
  tvi_pipe_place place;
} tvi_pipe_level;

typedef struct tvi_pipe_stage {
  int kind;
  int ended;   /* it gives no further rows than those in out */
  size_t want; /* rows to produce at a time; grows */
  tvi_pipe_batch out;
  tvi_pipe_chain chain;
  /* Starts. */
  tv_node *nodes;
  unsigned char *keys; /* le16 size and bytes, one after the other */
  size_t count, at;
  char *label;
  tv_node label_next;
  tv_index_cursor *cursor;
  /* Expansions have one hop. */
  tvi_pipe_hop **hops;
  size_t hop_count;
  tvi_pipe_place place;
  /* Repeats. */
  uint32_t min, max;
  int mode, closed;
  tvi_pipe_level **levels; /* of WALK, TRAIL, ACYCLIC; level 0 are the rows that came in */
  size_t level_count, level_top;
  tvi_pipe_batch now, next; /* of REACH */
  tvi_node_set seen;
  int searching;
  uint64_t hop_number; /* hops done to get to `now` */
} tvi_pipe_stage;

struct tv_traversal {
  tv_graph *graph;
  uint64_t epoch, writes; /* of the graph when it was opened */
  unsigned flags;
  int keep_trails;
  int status; /* a failure that stays; or TV_END */
  int begun;
  size_t stage_count;
  tvi_pipe_stage *stages[TV_TRAVERSAL_STEPS_MAX];
  tv_traversal_limits given;
  tvi_limits limits;
  uint64_t live, delivered;
  tvi_pipe_step *trails;
  uint32_t trail_count, trail_capacity, trail_free;
  tvi_buffer path_nodes, path_edges;
  tv_path path;
  /* The record of the row that is being filtered. */
  int view_known;
  tvi_node_view view;
  tv_cursor *nodes; /* over the part "nodes"; NULL until needed */
  tv_node nodes_at; /* where it stands; TV_NODE_NONE: nowhere */
};

/* Makes room for one more row. TV_OK, TV_ENOMEM, TV_ELIMIT (frontier_max). */
int tvi_pipe_grow(tv_traversal *t, tvi_pipe_batch *batch);
int tvi_pipe_frontier_full(tv_traversal *t);
int tvi_pipe_no_memory(tv_traversal *t);
static inline int tvi_pipe_push(tv_traversal *t, tvi_pipe_batch *batch, const tvi_pipe_row *row) {
  if (TVI_UNLIKELY(batch->n == batch->capacity)) {
    int status = tvi_pipe_grow(t, batch);
    if (status != TV_OK) return status;
  }
  if (TVI_UNLIKELY(++t->live > t->given.frontier_max)) return tvi_pipe_frontier_full(t);
  batch->rows[batch->n++] = *row;
  return TV_OK;
}
/* Gives a row its trail, behind that of `parent` (TVI_PIPE_TRAIL_NONE: a start). */
int tvi_pipe_trail(tv_traversal *t, tvi_pipe_row *row, uint32_t parent);
void tvi_pipe_trail_release(tv_traversal *t, uint32_t trail);
static inline void tvi_pipe_trail_hold(tv_traversal *t, uint32_t trail) {
  if (trail != TVI_PIPE_TRAIL_NONE) t->trails[trail].refs++;
}
/* A row that was pushed is no longer held. */
static inline void tvi_pipe_release(tv_traversal *t, const tvi_pipe_row *row) {
  t->live--;
  if (row->trail != TVI_PIPE_TRAIL_NONE) tvi_pipe_trail_release(t, row->trail);
}
void tvi_pipe_batch_free(tvi_pipe_batch *batch);
/* All rows were taken: the buffer serves anew. */
static inline void tvi_pipe_batch_reset(tvi_pipe_batch *batch) {
  batch->n = batch->at = 0;
}
static inline tv_edge_ref tvi_pipe_edge(const tvi_pipe_row *row) {
  tv_edge_ref ref = {row->from, row->node, row->edge, row->type};
  if (!row->outward) {
    ref.from = row->node;
    ref.to = row->from;
  }
  return ref;
}
/* Fills a row as callers see it. TV_OK, TV_ENOMEM. */
int tvi_pipe_show(tv_traversal *t, const tvi_pipe_row *row, tv_row *out);
/* Sorts the rows of a batch by node. */
int tvi_pipe_sort(tv_traversal *t, tvi_pipe_batch *batch);
/* In frontier_sort.c. */
void tvi_pipe_rows_sort(tvi_pipe_row *rows, tvi_pipe_row *scratch, size_t n, uint64_t ids);

/* TVI_PIPE_* bits, TV_STOP, or a failure. */
int tvi_pipe_filter_row(tv_traversal *t, tvi_pipe_chain *chain, const tvi_pipe_row *row);
void tvi_pipe_chain_free(tvi_pipe_chain *chain);

/* Expands rows of `from` until `rows` edges were taken or all of from are expanded; for each,
 * take(t, ctx, row) is called, which owns the row's trail from then on. What take returns other
 * than TV_OK ends it. take NULL: rows without trails go to the batch ctx as they are. */
typedef int (*tvi_pipe_take)(tv_traversal *t, void *ctx, tvi_pipe_row *row);
int tvi_pipe_expand(tv_traversal *t, tvi_pipe_hop *hop, tvi_pipe_batch *from, tvi_pipe_place *place,
                    size_t rows, tvi_pipe_take take, void *ctx);
void tvi_pipe_hop_free(tvi_pipe_hop *hop);

/* A new row goes through a stage's filters into its buffer. TV_OK, a failure, or TV_END: the stage
 * and all before it are ended. */
int tvi_pipe_give(tv_traversal *t, tvi_pipe_stage *stage, tvi_pipe_row *row);

/* Each produces rows into stage->out. TV_OK; TV_NOTFOUND: it wants rows of the stage before. */
int tvi_pipe_start(tv_traversal *t, tvi_pipe_stage *stage);
int tvi_pipe_repeat(tv_traversal *t, tvi_pipe_stage *stage, tvi_pipe_stage *before);

/* Begins a building call: TV_OK, or the failure of an earlier one. */
int tvi_pipe_build(tv_traversal *t);
/* Ends one: a failure stays. */
int tvi_pipe_built(tv_traversal *t, int status);
/* One more stage; NULL: out of memory or too many, and t->status says so. */
tvi_pipe_stage *tvi_pipe_stage_add(tv_traversal *t, int kind);

#endif
