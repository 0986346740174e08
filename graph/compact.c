/* SPDX-License-Identifier: MIT */
/*
 * Merging the delta into segments, a block of nodes and a direction at a time: the block's edges
 * are read as any reader sees them, written as new segments, and the delta's records of the block
 * go. The two directions of an edge may be merged at different times, as each is complete in
 * itself. Rejected: merging whole types; a step would grow with the graph.
 */
#include <string.h>

#include "adjacency_internal.h"

#define COMPACT_TYPES_FIRST 4

typedef struct compact_block {
  tv_graph *graph;
  int direction;
  uint64_t block;
  tvi_segment_rows *rows; /* one for each type that has edges there */
  size_t count, capacity;
} compact_block;

/* The rows of a type, made when it is met first. */
static int compact_rows_of(compact_block *c, uint32_t type, tvi_segment_rows **out) {
  size_t i;
  for (i = 0; i < c->count; i++) {
    *out = &c->rows[i];
    if (c->rows[i].type == type) return TV_OK;
  }
  if (c->count == c->capacity) {
    size_t capacity = c->capacity == 0 ? COMPACT_TYPES_FIRST : c->capacity * 2;
    tvi_segment_rows *rows = tvi_realloc(c->rows, capacity * sizeof *rows);
    if (rows == NULL)
      return tvi_txn_fail(c->graph->txn, TV_ENOMEM, 0, "no memory for %zu segments", capacity);
    c->rows = rows;
    c->capacity = capacity;
  }
  *out = &c->rows[c->count++];
  **out = (tvi_segment_rows){.type = type};
  return TV_OK;
}

static int compact_read_node(compact_block *c, tvi_adj_reader *reader, tv_node node) {
  tvi_adj_run run;
  int status;
  tvi_adj_seek(reader, node);
  while ((status = tvi_adj_next(reader, &run)) == TV_OK) {
    tvi_segment_rows *rows = NULL;
    size_t i;
    status = compact_rows_of(c, run.type, &rows);
    for (i = 0; i < run.n && status == TV_OK; i++)
      status = tvi_segment_rows_add(c->graph, rows, (uint32_t)(node & (TVI_BLOCK_NODES - 1)),
                                    run.neighbours[i], run.edges[i]);
    if (status != TV_OK) return status;
  }
  return status == TV_END ? TV_OK : status;
}

static int compact_read(compact_block *c) {
  tvi_type_set all = {0};
  tvi_adj_reader reader;
  tv_node node = c->block << TVI_BLOCK_BITS;
  uint64_t ids;
  uint32_t i;
  int status = tvi_node_ids(c->graph, &ids);
  if (status == TV_OK) status = tvi_adj_open(&reader, c->graph, c->direction, &all);
  if (status != TV_OK) return status;
  reader.raw = 1; /* what has expired is swept later, as everywhere */
  for (i = 0; i < TVI_BLOCK_NODES && node < ids && status == TV_OK; i++, node++)
    status = compact_read_node(c, &reader, node);
  tvi_adj_close(&reader);
  return status;
}

/* Segments of the block that were damaged must not be taken for sound ones from now on; those of
 * types without an edge go. */
static int compact_old_segments(compact_block *c, int erase) {
  unsigned char key_copy[TVI_SEGMENT_KEY_BYTES], from[TVI_SEGMENT_KEY_BYTES];
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  tv_store *segments;
  tv_cursor *cursor;
  int status = tvi_graph_store(c->graph, TVI_GRAPH_SEGMENTS, &segments);
  if (status == TV_OK) status = tv_cursor_open(segments, &cursor);
  if (status != TV_OK) return status;
  tvi_segment_key(from, c->direction, c->block, 0);
  status = tv_cursor_seek(cursor, tv_bytes(from, sizeof from), &key, &value);
  while (status == TV_OK && key.size == sizeof from && memcmp(key.data, from, 5) == 0) {
    memcpy(key_copy, key.data, sizeof key_copy);
    if (!erase && !tvi_segment_verify(key, value))
      status = tvi_graph_corrupt(c->graph, "a segment of block", c->block);
    else if (erase)
      status = tv_store_delete(segments, tv_bytes(key_copy, sizeof key_copy));
    if (status == TV_OK) status = tv_cursor_next(cursor, &key, &value);
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

/* The properties of an edge leave the delta with it. */
static int compact_keep_properties(compact_block *c, tv_slice key, tv_slice value) {
  tvi_envelope envelope;
  tv_edge edge = tvi_load_be40((const unsigned char *)key.data + 12);
  int status;
  if (value.size <= 1) return TV_OK;
  status = tvi_envelope_unwrap(&c->graph->codec, key, value, 1, &envelope);
  if (status == TV_ECORRUPT) return tvi_graph_corrupt(c->graph, "the record of edge", edge);
  if (status != TV_OK) return status;
  c->graph->record.size = 0; /* a copy: the put may move the pages */
  status = tvi_buffer_append(&c->graph->record, envelope.payload.data, envelope.payload.size);
  if (status != TV_OK)
    return tvi_txn_fail(c->graph->txn, status, 0, "no memory for the properties of an edge");
  return tvi_edge_props_put(c->graph, edge, tv_bytes(c->graph->record.data, c->graph->record.size));
}

/* Removes the delta's records of the block. */
static int compact_drop_delta(compact_block *c, tv_store *delta) {
  unsigned char from[TVI_NODE_KEY_BYTES], key_copy[TVI_ADJ_KEY_BYTES];
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  tv_cursor *cursor;
  int status = tv_cursor_open(delta, &cursor);
  if (status != TV_OK) return status;
  tvi_store_be40(from, c->block << TVI_BLOCK_BITS);
  status = tv_cursor_seek(cursor, tv_bytes(from, sizeof from), &key, &value);
  while (status == TV_OK && key.size == TVI_ADJ_KEY_BYTES &&
         tvi_block_of(tvi_load_be40(key.data)) == c->block) {
    memcpy(key_copy, key.data, sizeof key_copy);
    status = compact_keep_properties(c, tv_bytes(key_copy, sizeof key_copy), value);
    if (status == TV_OK) status = tv_store_delete(delta, tv_bytes(key_copy, sizeof key_copy));
    if (status == TV_OK) status = tv_cursor_next(cursor, &key, &value);
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

static int compact_block_merge(compact_block *c, tv_store *delta) {
  size_t i;
  int status = compact_old_segments(c, 0);
  if (status == TV_OK) status = compact_read(c);
  if (status == TV_OK) status = compact_old_segments(c, 1);
  for (i = 0; i < c->count && status == TV_OK; i++)
    status = tvi_segment_rows_write(c->graph, &c->rows[i], c->direction, c->block);
  if (status == TV_OK) status = compact_drop_delta(c, delta);
  for (i = 0; i < c->count; i++) tvi_segment_rows_free(&c->rows[i]);
  tvi_free(c->rows);
  return status;
}

/* Merges the first blocks of one direction that have a delta. */
static int compact_direction(tv_graph *graph, int direction, uint64_t steps, uint64_t *merged) {
  tv_store *delta;
  int status = tvi_graph_store(graph, direction == TV_OUT ? TVI_GRAPH_OUT : TVI_GRAPH_IN, &delta);
  while (status == TV_OK && *merged < steps) {
    compact_block c = {graph, direction, 0, NULL, 0, 0};
    tv_slice key = {NULL, 0};
    tv_cursor *cursor;
    status = tv_cursor_open(delta, &cursor);
    if (status != TV_OK) return status;
    status = tv_cursor_first(cursor, &key, NULL);
    if (status == TV_OK && key.size != TVI_ADJ_KEY_BYTES)
      status = tvi_graph_corrupt(graph, "the adjacency of node", 0);
    if (status == TV_OK) c.block = tvi_block_of(tvi_load_be40(key.data));
    tv_cursor_close(cursor);
    if (status == TV_OK) status = compact_block_merge(&c, delta);
    *merged += status == TV_OK;
  }
  return status == TV_END ? TV_OK : status;
}

int tv_graph_compact(tv_graph *graph, uint64_t steps, uint64_t *merged) {
  uint64_t n = 0, ids;
  int status = tvi_graph_enter_write(graph);
  if (merged != NULL) *merged = 0;
  if (status == TV_OK) status = tvi_node_ids(graph, &ids);
  if (status == TV_OK && ids > TVI_SEGMENT_IDS_MAX)
    status = tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "a graph with segments has less than 2^32 ids");
  if (status == TV_OK)
    status = tvi_graph_add_feature(graph, TVI_GRAPH_HAS_SEGMENTS, TVI_GRAPH_SEGMENTS);
  if (status == TV_OK) status = compact_direction(graph, TV_OUT, steps, &n);
  if (status == TV_OK) status = compact_direction(graph, TV_IN, steps, &n);
  if (merged != NULL) *merged = n;
  return status;
}
