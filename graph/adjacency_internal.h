/* SPDX-License-Identifier: MIT */
/*
 * The way in which traversals read edges at nodes. A reader delivers *runs*: arrays of neighbours
 * and edge ids of one node, one type and one direction, merged from segments and the delta
 * (adjacency_merge.c) into small arrays of the reader. Algorithms over the whole graph read
 * segments in place instead, through view_internal.h.
 */
#ifndef TRIVET_ADJACENCY_INTERNAL_H
#define TRIVET_ADJACENCY_INTERNAL_H

#include <string.h>

#include "segment_internal.h"

#define TVI_TYPE_SET_FIXED 16

/* A validated set of edge types: ascending, without repetition. n == 0: all. */
typedef struct tvi_type_set {
  size_t n;
  const uint32_t *types;
  uint32_t fixed[TVI_TYPE_SET_FIXED];
  uint32_t *heap;
} tvi_type_set;

/* TV_OK, TV_ENOLABEL (unknown number), TV_ENOMEM. The set must not be moved. */
int tvi_type_set_open(tv_graph *graph, tv_types types, tvi_type_set *set);
void tvi_type_set_close(tvi_type_set *set);

typedef struct tvi_adj_run {
  tv_node node;
  uint32_t type;
  size_t n; /* at least 1 */
  const tv_node *neighbours;
  const tv_edge *edges;
} tvi_adj_run;

#define TVI_ADJ_RUN_MAX 128

typedef struct tvi_adj_segment {
  uint32_t type;
  tvi_segment segment;
} tvi_adj_segment;

typedef struct tvi_adj_reader {
  tv_graph *graph;
  int direction; /* TV_OUT or TV_IN */
  const tvi_type_set *types;
  tv_cursor *cursor;
  uint64_t high; /* end, inclusive, of the range read now or last: node << 16 | type */
  tv_node node;
  size_t type_at; /* the next member of types to read at node */
  size_t run_max; /* grows, so that a caller who stops early did not make us decode much */
  int in_range;
  int raw; /* 1: edges that have expired are delivered too */
  /* The key under the cursor. */
  int state;
  uint64_t at; /* node << 16 | type */
  tv_node at_neighbour;
  tv_edge at_edge;
  tv_node neighbours[TVI_ADJ_RUN_MAX];
  tv_edge edges[TVI_ADJ_RUN_MAX];
  int at_dead; /* the record under the cursor takes an edge out of its segment */
  /* Of a graph with segments. */
  int segmented, unstable, scanning, delta_empty;
  tv_cursor *segment_cursor;
  tvi_adj_segment *segments; /* of segment_block */
  size_t segment_count, segment_capacity;
  uint64_t segment_block; /* UINT64_MAX: none is loaded */
  uint32_t want;          /* the least type still to be read at node */
  uint32_t group;         /* the type being read, while in_group */
  int in_group;
  size_t segment_at, segment_end; /* what is left of its row */
  int has_after;                  /* at node, what is up to `after` is passed over */
  tv_edge_ref after;
  tv_node after_neighbour;
  tv_node scan_end;
} tvi_adj_reader;

int tvi_adj_open(tvi_adj_reader *reader, tv_graph *graph, int direction, const tvi_type_set *types);
/* Closing one that was only zeroed is allowed. */
void tvi_adj_close(tvi_adj_reader *reader);
/* The runs that follow are those at `node`. Ascending nodes are fastest. Never fails. */
void tvi_adj_seek(tvi_adj_reader *reader, tv_node node);
/* The runs that follow are those of all nodes in order, beginning after the given edge (NULL: at
 * the start). The type set is not applied: run->type tells. */
int tvi_adj_scan(tvi_adj_reader *reader, const tv_edge_ref *after);
/* The runs that follow are those at `node` behind an edge there, which may be deleted by now. */
void tvi_adj_seek_after(tvi_adj_reader *reader, tv_node node, const tv_edge_ref *after);
/* TV_OK, TV_END, TV_ECORRUPT. A run lives until the next call on the reader. */
int tvi_adj_next(tvi_adj_reader *reader, tvi_adj_run *run);

/* ---- Between adjacency.c and adjacency_merge.c ---- */

int tvi_adj_next_merged(tvi_adj_reader *reader, tvi_adj_run *run);
void tvi_adj_seek_merged(tvi_adj_reader *reader, tv_node node);
int tvi_adj_scan_merged(tvi_adj_reader *reader, const tv_edge_ref *after);
/* Moves the delta's cursor to the first key at or after the place `low` (node << 16 | type). */
int tvi_adj_delta_enter(tvi_adj_reader *reader, uint64_t low, uint64_t high);
/* ... to the first key behind reader->after. */
int tvi_adj_delta_after(tvi_adj_reader *reader, uint64_t high);
int tvi_adj_delta_step(tvi_adj_reader *reader);
/* 1 when the cursor stands on a key up to the place `high` (and not before what was entered). */
int tvi_adj_delta_there(const tvi_adj_reader *reader, uint64_t high);

/* An edge of a run as it is stored. */
static inline tv_edge_ref tvi_adj_ref(const tvi_adj_run *run, size_t i, int direction) {
  tv_edge_ref ref;
  ref.from = direction == TV_OUT ? run->node : run->neighbours[i];
  ref.to = direction == TV_OUT ? run->neighbours[i] : run->node;
  ref.edge = run->edges[i];
  ref.type = run->type;
  return ref;
}

/*
 * Readers for a direction that may be TV_BOTH: 1 or 2 of them, the one for edges out first.
 */
typedef struct tvi_adj_pair {
  size_t n;
  tvi_adj_reader readers[2];
} tvi_adj_pair;
/* TV_EINVAL for a direction that is none. */
int tvi_adj_pair_open(tvi_adj_pair *pair, tv_graph *graph, int direction,
                      const tvi_type_set *types);
void tvi_adj_pair_close(tvi_adj_pair *pair);

#endif
