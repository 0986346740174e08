/* SPDX-License-Identifier: MIT */
/*
 * Merging the delta into segments, a block of nodes and a direction at a time: the delta's records
 * of the block are walked in order, what lies between them is copied from the old segment of their
 * type, and the records go. Types that the delta does not name keep their segments. The two
 * directions of an edge may be merged at different times, as each is complete in itself. Rejected:
 * merging whole types; a step would grow with the graph.
 */
#include <string.h>

#include "segment_internal.h"

#define COMPACT_TYPES_FIRST 4

/* One type of the block: what was, and what will be. */
typedef struct compact_type {
  tvi_segment old; /* no edges: there is none */
  tvi_rows_cursor taken;
  tvi_segment_rows rows;
} compact_type;

typedef struct compact_block {
  tv_graph *graph;
  int direction;
  uint64_t block;
  compact_type *types;
  size_t count, capacity;
  tvi_buffer rest; /* le64 edge, le64 size, property list: what goes to the edge's id */
} compact_block;

static int compact_damaged(compact_block *c) {
  return tvi_graph_corrupt(c->graph, "a segment of block", c->block);
}

/* Finds the old segment of a type. One that is damaged must not be taken for a sound one from now
 * on. */
static int compact_old_segment(compact_block *c, uint32_t type, tvi_segment *old) {
  unsigned char key[TVI_SEGMENT_KEY_BYTES];
  tv_store *segments;
  tv_slice value;
  int status = tvi_graph_store(c->graph, TVI_GRAPH_SEGMENTS, &segments);
  tvi_segment_key(key, c->direction, c->block, type);
  if (status == TV_OK) status = tv_store_get(segments, tv_bytes(key, sizeof key), &value);
  if (status == TV_NOTFOUND) {
    *old = (tvi_segment){0};
    return TV_OK;
  }
  if (status != TV_OK) return status;
  if (!tvi_segment_verify(tv_bytes(key, sizeof key), value) ||
      tvi_segment_decode(value, old) != TV_OK)
    return compact_damaged(c);
  return TV_OK;
}

/* The state of a type, made when it is met first. */
static int compact_type_of(compact_block *c, uint32_t type, compact_type **out) {
  size_t i;
  for (i = 0; i < c->count; i++) {
    *out = &c->types[i];
    if (c->types[i].rows.type == type) return TV_OK;
  }
  if (c->count == c->capacity) {
    size_t capacity = c->capacity == 0 ? COMPACT_TYPES_FIRST : c->capacity * 2;
    compact_type *types = tvi_realloc(c->types, capacity * sizeof *types);
    if (types == NULL)
      return tvi_txn_fail(c->graph->txn, TV_ENOMEM, 0, "no memory for %zu segments", capacity);
    c->types = types;
    c->capacity = capacity;
  }
  *out = &c->types[c->count++];
  **out = (compact_type){.rows.type = type};
  return compact_old_segment(c, type, &(*out)->old);
}

/* The list goes to columns and, for edges out, what is left of it to the edge's id. */
static int compact_values(compact_block *c, compact_type *t, tv_slice list, tv_edge edge,
                          int replaces) {
  tvi_property_reader reader;
  unsigned char head[16];
  size_t place = c->rest.size;
  uint32_t number;
  tv_value value;
  int status = tvi_properties_begin(&reader, list);
  while (status == TV_OK) {
    status = tvi_properties_next(&reader, &number, &value);
    if (status == TV_OK && tvi_columns_takes(c->graph, number, &value))
      status = tvi_segment_rows_value(c->graph, &t->rows, number, value);
  }
  if (status != TV_END || c->direction == TV_IN) return status == TV_END ? TV_OK : status;
  memset(head, 0, sizeof head);
  status = tvi_buffer_append(&c->rest, head, sizeof head);
  if (status == TV_OK) status = tvi_columns_split(c->graph, list, 0, &c->rest);
  if (status != TV_OK) return status;
  tvi_store_le64(c->rest.data + place, edge);
  tvi_store_le64(c->rest.data + place + 8, c->rest.size - place - sizeof head);
  /* An edge that had no list by its id has nothing to be written or removed there. */
  if (c->rest.size == place + sizeof head && !replaces) c->rest.size = place;
  return TV_OK;
}

/* One record of the delta. */
static int compact_record(compact_block *c, tv_slice key, tv_slice value) {
  const unsigned char *bytes = key.data;
  tv_node neighbour = tvi_load_be40(bytes + 7);
  tv_edge edge = tvi_load_be40(bytes + 12);
  uint32_t row = (uint32_t)(tvi_load_be40(bytes) & (TVI_BLOCK_NODES - 1));
  compact_type *t = NULL;
  size_t from, to;
  tv_slice list;
  int status = compact_type_of(c, tvi_load_be16(bytes + 5), &t);
  if (status != TV_OK) return status;
  if (!tvi_segment_row(&t->old, row, &from, &to)) return compact_damaged(c);
  from = tvi_segment_lower(&t->old, from, to, neighbour, edge);
  status = tvi_segment_rows_take(c->graph, &t->rows, c->block, &t->old, &t->taken, row, from);
  if (status == TV_OK && from < to && tvi_segment_neighbour(&t->old, from) == neighbour &&
      tvi_segment_edge(&t->old, from) == edge)
    t->taken.at = from + 1; /* dead or replaced */
  if (status != TV_OK || tvi_delta_is_dead(value)) return status;
  status = tvi_delta_list(c->graph, key, value, &list);
  if (status == TV_OK) status = tvi_segment_rows_add(c->graph, &t->rows, row, neighbour, edge);
  if (status == TV_OK) status = compact_values(c, t, list, edge, tvi_delta_is_over(value));
  if (status == TV_ECORRUPT) return tvi_graph_corrupt(c->graph, "the record of edge", edge);
  return status == TV_ENOMEM
             ? tvi_txn_fail(c->graph->txn, status, 0, "no memory for merging a block of edges")
             : status;
}

/* Stands on the block's first record in the delta. TV_END: there is none. */
static int compact_seek(const compact_block *c, tv_cursor *cursor, tv_slice *key, tv_slice *value) {
  unsigned char from[TVI_NODE_KEY_BYTES];
  tvi_store_be40(from, c->block << TVI_BLOCK_BITS);
  return tv_cursor_seek(cursor, tv_bytes(from, sizeof from), key, value);
}

static int compact_in_block(const compact_block *c, tv_slice key) {
  return key.size == TVI_ADJ_KEY_BYTES && tvi_block_of(tvi_load_be40(key.data)) == c->block;
}

static int compact_read(compact_block *c, tv_store *delta) {
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  tv_cursor *cursor;
  size_t i;
  int status = tv_cursor_open(delta, &cursor);
  if (status != TV_OK) return status;
  status = compact_seek(c, cursor, &key, &value);
  while (status == TV_OK && compact_in_block(c, key)) {
    status = compact_record(c, key, value);
    if (status == TV_OK) status = tv_cursor_next(cursor, &key, &value);
  }
  tv_cursor_close(cursor);
  if (status == TV_END) status = TV_OK;
  for (i = 0; i < c->count && status == TV_OK; i++)
    status = tvi_segment_rows_take(c->graph, &c->types[i].rows, c->block, &c->types[i].old,
                                   &c->types[i].taken, UINT32_MAX, 0);
  return status;
}

/* What does not go to columns. */
static int compact_write_rest(compact_block *c) {
  size_t at = 0;
  int status = TV_OK;
  while (at < c->rest.size && status == TV_OK) {
    tv_edge edge = tvi_load_le64(c->rest.data + at);
    size_t size = (size_t)tvi_load_le64(c->rest.data + at + 8);
    at += 16;
    status = tvi_edge_props_put(c->graph, edge, tv_bytes(c->rest.data + at, size));
    at += size;
  }
  return status;
}

/* Removes the delta's records of the block. */
static int compact_drop_delta(compact_block *c, tv_store *delta) {
  unsigned char key_copy[TVI_ADJ_KEY_BYTES];
  tv_slice key = {NULL, 0};
  tv_cursor *cursor;
  int status = tv_cursor_open(delta, &cursor);
  if (status != TV_OK) return status;
  status = compact_seek(c, cursor, &key, NULL);
  while (status == TV_OK && compact_in_block(c, key)) {
    memcpy(key_copy, key.data, sizeof key_copy);
    status = tv_store_delete(delta, tv_bytes(key_copy, sizeof key_copy));
    if (status == TV_OK) status = tv_cursor_next(cursor, &key, NULL);
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

int tvi_block_merge(tv_graph *graph, int direction, uint64_t block, uint64_t *written) {
  compact_block c = {.graph = graph, .direction = direction, .block = block};
  tv_store *delta;
  size_t i;
  int status = tvi_graph_store(graph, tvi_delta_part(direction), &delta);
  if (status == TV_OK) status = tvi_columns_load(graph);
  if (status == TV_OK) status = compact_read(&c, delta);
  for (i = 0; i < c.count && status == TV_OK; i++) {
    *written += c.types[i].rows.count;
    status = tvi_segment_rows_write(graph, &c.types[i].rows, direction, block);
  }
  if (status == TV_OK) status = compact_write_rest(&c);
  if (status == TV_OK) status = compact_drop_delta(&c, delta);
  for (i = 0; i < c.count; i++) tvi_segment_rows_free(&c.types[i].rows);
  tvi_free(c.types);
  tvi_buffer_free(&c.rest);
  return status;
}

/* The first block at or after one that has a delta. TV_END: there is none. */
int tvi_delta_block(tv_graph *graph, int direction, uint64_t from, uint64_t *block) {
  unsigned char start[TVI_NODE_KEY_BYTES];
  tv_slice key = {NULL, 0};
  tv_store *delta;
  tv_cursor *cursor;
  int status = tvi_graph_store(graph, tvi_delta_part(direction), &delta);
  if (status == TV_OK) status = tv_cursor_open(delta, &cursor);
  if (status != TV_OK) return status;
  tvi_store_be40(start, from << TVI_BLOCK_BITS);
  status = tv_cursor_seek(cursor, tv_bytes(start, sizeof start), &key, NULL);
  if (status == TV_OK && key.size != TVI_ADJ_KEY_BYTES)
    status = tvi_graph_corrupt(graph, "the adjacency of node", 0);
  if (status == TV_OK) *block = tvi_block_of(tvi_load_be40(key.data));
  tv_cursor_close(cursor);
  return status;
}

/* Merges the first blocks of one direction that have a delta. */
static int compact_direction(tv_graph *graph, int direction, uint64_t steps, uint64_t *merged) {
  uint64_t block = 0, written = 0;
  int status = TV_OK;
  while (status == TV_OK && *merged < steps) {
    status = tvi_delta_block(graph, direction, 0, &block);
    if (status == TV_OK) status = tvi_block_merge(graph, direction, block, &written);
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
