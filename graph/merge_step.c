/* SPDX-License-Identifier: MIT */
/*
 * Merging by writers: every 256 edges written, one step merges blocks of each direction in turn
 * while the delta is larger than a sixty-fourth of the graph. So a delta stays small by itself, an
 * edge pays for a bounded number of edges written again, and no reader ever rebuilds anything.
 * Where the next block is needs no record: a transaction begins at a block drawn by its number.
 * Rejected: a thread that merges; it would be a second writer that others wait for. Also rejected:
 * merging a block as soon as it has enough of a delta, which needs a count for each block.
 */
#include "segment_internal.h"

#define MERGE_EVERY 256u /* edges written for a step */
#define MERGE_DELTA_MIN                                                                        \
  4096                     /* edges in a direction's delta that are never merged by themselves \
                            */
#define MERGE_SHARE 64     /* ... more than one of so many of the graph's edges are */
#define MERGE_BUDGET 16384 /* edges rewritten in a step and direction, the last block aside */
#define MERGE_LOOKS 8      /* blocks looked at in a step and direction */
#define MERGE_WORTH 1024   /* a block is worth it when it has one of so many of its edges anew */
#define MERGE_WORTH_MAX 64

/* Edges in the delta of a direction, and how many may stay there. */
static int merge_sizes(tv_graph *graph, int direction, uint64_t *delta, uint64_t *allowed) {
  uint64_t single, bulk;
  tv_store *store;
  int status = tvi_graph_store(graph, tvi_delta_part(direction), &store);
  if (status == TV_OK) status = tv_store_count(store, delta);
  *allowed = graph->merge_min;
  if (status != TV_OK || *delta <= *allowed) return status;
  status = tvi_graph_store(graph, TVI_GRAPH_EDGES, &store);
  if (status == TV_OK) status = tv_store_count(store, &single);
  if (status == TV_OK) status = tvi_range_count(graph, &bulk);
  if (status == TV_OK) *allowed += (single + bulk) / MERGE_SHARE;
  return status;
}

/* The first use in a transaction. */
static int merge_begin(tv_graph *graph) {
  uint64_t ids, out, allowed, blocks;
  int status = tvi_node_ids(graph, &ids);
  if (status == TV_OK) status = merge_sizes(graph, TV_OUT, &out, &allowed);
  if (status != TV_OK) return status;
  blocks = tvi_block_of(ids) + 1;
  graph->merge_at[0] = tv_txn_snapshot(graph->txn) * UINT64_C(0x9E3779B97F4A7C15) % blocks;
  graph->merge_at[1] = graph->merge_at[0];
  /* As if the delta's last edges had been written here: transactions of one edge get their turn. */
  graph->merge_writes += (unsigned)(out % MERGE_EVERY);
  graph->merge_state = ids > TVI_SEGMENT_IDS_MAX ? 2 : 1;
  return TV_OK;
}

/* The stores that a merge may need; without room for them the delta stays. */
static int merge_stores(tv_graph *graph) {
  uint32_t names;
  int status = tvi_name_count(graph, TVI_NAME_PROPERTY, &names);
  if (status == TV_OK)
    status = tvi_graph_add_feature(graph, TVI_GRAPH_HAS_SEGMENTS, TVI_GRAPH_SEGMENTS);
  if (status == TV_OK && names != 0)
    status = tvi_graph_add_feature(graph, TVI_GRAPH_HAS_PROPS, TVI_GRAPH_PROPS);
  if (status == TV_ELIMIT) graph->merge_state = 2;
  return status;
}

/* 1 in *worth: the block has enough of a delta. */
static int merge_is_worth(tv_graph *graph, int direction, uint64_t block, int *worth) {
  unsigned char from[TVI_SEGMENT_KEY_BYTES];
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  uint64_t edges = 0, n = 0;
  tv_store *segments, *delta;
  tv_cursor *cursor;
  int status = tvi_graph_store(graph, TVI_GRAPH_SEGMENTS, &segments);
  if (status == TV_OK) status = tvi_graph_store(graph, tvi_delta_part(direction), &delta);
  if (status == TV_OK) status = tv_cursor_open(segments, &cursor);
  if (status != TV_OK) return status;
  tvi_segment_key(from, direction, block, 0);
  status = tv_cursor_seek(cursor, tv_bytes(from, sizeof from), &key, &value);
  while (status == TV_OK && key.size == sizeof from && memcmp(key.data, from, 5) == 0) {
    if (value.size >= TVI_SEGMENT_HEADER_BYTES)
      edges += tvi_load_le64((const unsigned char *)value.data + 16);
    status = tv_cursor_next(cursor, &key, &value);
  }
  tv_cursor_close(cursor);
  if (status != TV_OK && status != TV_END) return status;
  edges = edges / MERGE_WORTH < MERGE_WORTH_MAX ? edges / MERGE_WORTH : MERGE_WORTH_MAX;
  status = tv_cursor_open(delta, &cursor);
  if (status != TV_OK) return status;
  tvi_store_be40(from, block << TVI_BLOCK_BITS);
  status = tv_cursor_seek(cursor, tv_bytes(from, TVI_NODE_KEY_BYTES), &key, NULL);
  while (status == TV_OK && n < edges && key.size == TVI_ADJ_KEY_BYTES &&
         tvi_block_of(tvi_load_be40(key.data)) == block) {
    n++;
    status = tv_cursor_next(cursor, &key, NULL);
  }
  tv_cursor_close(cursor);
  *worth = n >= edges;
  return status == TV_END ? TV_OK : status;
}

static int merge_direction(tv_graph *graph, int direction) {
  uint64_t *at = &graph->merge_at[direction == TV_IN], delta, allowed, written = 0;
  int looks, status = merge_sizes(graph, direction, &delta, &allowed);
  for (looks = 0; status == TV_OK && looks < MERGE_LOOKS; looks++) {
    uint64_t block = 0;
    int worth = 0;
    if (delta <= allowed || written >= MERGE_BUDGET) return TV_OK;
    status = merge_stores(graph);
    if (status == TV_OK) status = tvi_delta_block(graph, direction, *at, &block);
    if (status == TV_END) status = tvi_delta_block(graph, direction, 0, &block);
    if (status == TV_OK) status = merge_is_worth(graph, direction, block, &worth);
    if (status == TV_OK && worth) status = tvi_block_merge(graph, direction, block, &written);
    *at = block + 1;
    if (status == TV_OK && worth) status = merge_sizes(graph, direction, &delta, &allowed);
  }
  return status == TV_END || (status == TV_ELIMIT && graph->merge_state == 2) ? TV_OK : status;
}

int tvi_merge_step(tv_graph *graph) {
  int status = TV_OK;
  if (TVI_UNLIKELY(graph->merge_state == 0)) status = merge_begin(graph);
  if (TVI_LIKELY(graph->merge_writes < MERGE_EVERY)) return status;
  while (status == TV_OK && graph->merge_writes >= MERGE_EVERY) {
    graph->merge_writes -= MERGE_EVERY;
    if (graph->merge_state == 1) status = merge_direction(graph, TV_OUT);
    if (status == TV_OK && graph->merge_state == 1) status = merge_direction(graph, TV_IN);
  }
  return status;
}
