/* SPDX-License-Identifier: MIT */
/*
 * What traversals share: sets of nodes, sorting of frontiers, limits.
 */
#ifndef TRIVET_TRAVERSAL_INTERNAL_H
#define TRIVET_TRAVERSAL_INTERNAL_H

#include "adjacency_internal.h"

/* ---- Sets of nodes (node_set.c) ---- */

#define TVI_NODE_SET_CHUNK_BITS 15 /* 4 KiB of bits a chunk */
#define TVI_NODE_SET_CHUNK_WORDS ((size_t)1 << (TVI_NODE_SET_CHUNK_BITS - 6))

typedef struct tvi_node_set {
  uint64_t ids; /* members are below */
  uint64_t **chunks;
} tvi_node_set;

int tvi_node_set_open(tvi_node_set *set, uint64_t ids); /* TV_OK or TV_ENOMEM */
void tvi_node_set_close(tvi_node_set *set);
int tvi_node_set_grow(tvi_node_set *set, tv_node node); /* gives a node's chunk its memory */

static inline int tvi_node_set_has(const tvi_node_set *set, tv_node node) {
  const uint64_t *chunk;
  if (node >= set->ids) return 0;
  chunk = set->chunks[node >> TVI_NODE_SET_CHUNK_BITS];
  return chunk != NULL &&
         (chunk[node >> 6 & (TVI_NODE_SET_CHUNK_WORDS - 1)] >> (node & 63) & 1) != 0;
}

/* Adds a node. Returns 1 when it was no member, 0 when it was, TV_ECORRUPT (no message) for an id
 * that was never given out, TV_ENOMEM. */
static inline int tvi_node_set_add(tvi_node_set *set, tv_node node) {
  uint64_t *word, bit = UINT64_C(1) << (node & 63);
  size_t chunk = (size_t)(node >> TVI_NODE_SET_CHUNK_BITS);
  if (TVI_UNLIKELY(node >= set->ids)) return TV_ECORRUPT;
  if (TVI_UNLIKELY(set->chunks[chunk] == NULL) && tvi_node_set_grow(set, node) != TV_OK)
    return TV_ENOMEM;
  word = &set->chunks[chunk][node >> 6 & (TVI_NODE_SET_CHUNK_WORDS - 1)];
  if ((*word & bit) != 0) return 0;
  *word |= bit;
  return 1;
}

/* ---- Frontiers (frontier_sort.c) ---- */

/* A node reached by a search that must find its way back. */
typedef struct tvi_step {
  tv_node node;
  uint64_t parent; /* place of the step before it; UINT64_MAX: a start */
  tv_edge edge;
  uint32_t type;
  uint32_t edge_from_parent; /* 1: the edge is stored as parent -> node */
} tvi_step;

/* Sorts by node; scratch has room for n elements. ids: nodes are below. */
void tvi_nodes_sort(tv_node *nodes, tv_node *scratch, size_t n, uint64_t ids);
void tvi_steps_sort(tvi_step *steps, tvi_step *scratch, size_t n, uint64_t ids);

/* ---- Limits (traversal_limits.c) ---- */

typedef struct tvi_limits {
  tv_graph *graph;
  uint64_t nodes_left; /* UINT64_MAX: no limit */
  uint64_t nodes_max;
  int64_t deadline_ns; /* of the monotonic clock; 0: none */
  int64_t deadline_ms;
  const int *cancel;
  int (*interrupted)(void *ctx);
  void *ctx;
  unsigned polls;
} tvi_limits;

/* limits may be NULL. TV_OK, TV_EINVAL. */
int tvi_limits_begin(tvi_limits *out, tv_graph *graph, const tv_limits *limits);
int tvi_limits_poll_now(tvi_limits *limits);
int tvi_limits_full(tvi_limits *limits);

/* To be called for each run or node: TV_OK, TV_EINTR. */
static inline int tvi_limits_poll(tvi_limits *limits) {
  if (TVI_LIKELY((++limits->polls & 63) != 0 && limits->cancel == NULL)) return TV_OK;
  return tvi_limits_poll_now(limits);
}
/* To be called for each node reached: TV_OK, TV_ELIMIT. */
static inline int tvi_limits_reach(tvi_limits *limits) {
  return TVI_LIKELY(limits->nodes_left-- != 0) ? TV_OK : tvi_limits_full(limits);
}

#endif
