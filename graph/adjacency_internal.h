/* SPDX-License-Identifier: MIT */
/*
 * The one way in which the graph layer reads edges at nodes. A reader delivers *runs*: arrays of
 * neighbours and edge ids of one node, one type and one direction. Today a run is decoded from the
 * delta's composite keys into a small array of the reader; a run of a CSR segment will point into
 * the segment. Traversals see only runs, so they stay as they are.
 */
#ifndef TRIVET_ADJACENCY_INTERNAL_H
#define TRIVET_ADJACENCY_INTERNAL_H

#include "graph_internal.h"

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
} tvi_adj_reader;

int tvi_adj_open(tvi_adj_reader *reader, tv_graph *graph, int direction, const tvi_type_set *types);
/* Closing one that was only zeroed is allowed. */
void tvi_adj_close(tvi_adj_reader *reader);
/* The runs that follow are those at `node`. Ascending nodes are fastest. Never fails. */
void tvi_adj_seek(tvi_adj_reader *reader, tv_node node);
/* The runs that follow are those of all nodes in order, beginning after the given edge (NULL: at
 * the start). The type set is not applied: run->type tells. */
int tvi_adj_scan(tvi_adj_reader *reader, const tv_edge_ref *after);
/* TV_OK, TV_END, TV_ECORRUPT. A run lives until the next call on the reader. */
int tvi_adj_next(tvi_adj_reader *reader, tvi_adj_run *run);

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
