/* SPDX-License-Identifier: MIT */
/*
 * Sets of nodes: a bitmap over ids in chunks of 4 KiB that get memory when a member falls into
 * them, so that two hops in a graph of a hundred million nodes do not clear twelve megabytes.
 * Rejected: a hash set, which costs several times as much for each edge looked at.
 */
#include "traversal_internal.h"

static size_t node_set_chunks(const tvi_node_set *set) {
  return (size_t)((set->ids >> TVI_NODE_SET_CHUNK_BITS) + 1);
}

int tvi_node_set_open(tvi_node_set *set, uint64_t ids) {
  set->ids = ids;
  set->chunks = tvi_zalloc(node_set_chunks(set) * sizeof *set->chunks);
  return set->chunks == NULL ? TV_ENOMEM : TV_OK;
}

void tvi_node_set_close(tvi_node_set *set) {
  size_t i;
  if (set->chunks == NULL) return;
  for (i = 0; i < node_set_chunks(set); i++) tvi_free(set->chunks[i]);
  tvi_free(set->chunks);
  set->chunks = NULL;
}

int tvi_node_set_grow(tvi_node_set *set, tv_node node) {
  uint64_t *chunk = tvi_zalloc(TVI_NODE_SET_CHUNK_WORDS * sizeof *chunk);
  if (chunk == NULL) return TV_ENOMEM;
  set->chunks[node >> TVI_NODE_SET_CHUNK_BITS] = chunk;
  return TV_OK;
}
