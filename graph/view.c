/* SPDX-License-Identifier: MIT */
/*
 * Views: collecting segments' addresses; view_delta.c adds what the delta changes about them.
 * Rejected: merging the delta into each list while it is read; a branch and a search for every
 * node, where pieces beside the rows cost only those nodes that have some.
 */
#include <string.h>

#include "view_delta_internal.h"

int tvi_view_no_memory(const tvi_view *view) {
  return tvi_txn_fail(view->graph->txn, TV_ENOMEM, 0, "no memory for a view of the graph");
}

int tvi_type_set_has(const tvi_type_set *types, uint32_t type) {
  size_t i;
  if (types->n == 0) return 1;
  for (i = 0; i < types->n; i++)
    if (types->types[i] == type) return 1;
  return 0;
}

/* The layer of a type, added when it is met first. */
static int view_layer(tvi_view *view, uint32_t type, size_t *out) {
  size_t size = view->blocks * sizeof *view->rows;
  tvi_view_block *rows;
  uint32_t *types;
  for (*out = 0; *out < view->layers; ++*out)
    if (view->layer_types[*out] == type) return TV_OK;
  types = tvi_realloc(view->layer_types, (view->layers + 1) * sizeof *types);
  if (types == NULL) return tvi_view_no_memory(view);
  view->layer_types = types;
  rows = tvi_realloc(view->rows, (view->layers + 1) * size);
  if (rows == NULL) return tvi_view_no_memory(view);
  view->rows = rows;
  memset(rows + view->layers * view->blocks, 0, size);
  types[view->layers++] = type;
  return TV_OK;
}

static void view_add_weights(tvi_view *view, const tvi_segment *segment, tvi_view_block *block) {
  tvi_segment_column column;
  block->weights = segment->neighbours;
  block->encoding = TVI_COLUMN_ONES;
  if (view->weight == TVI_NO_WEIGHT) return;
  if (!tvi_segment_column_find(segment, view->weight, &column)) {
    view->gaps |= segment->edges != 0;
    return;
  }
  block->weights = column.values;
  block->encoding = column.encoding;
  block->base = (double)column.base;
  view->gaps |= column.present != NULL;
  view->negative |= (column.flags & TVI_COLUMN_IS_NEGATIVE) != 0 || column.base < 0;
}

/* Everything about a segment but its neighbours is checked here, so that reading a row needs no
 * check. */
static int view_add_segment(tvi_view *view, tv_slice key, tv_slice value) {
  uint64_t number = tvi_load_be32((const unsigned char *)key.data + 1);
  tvi_segment segment;
  tvi_view_block *block;
  size_t layer = 0;
  uint32_t i, at = 0;
  int status;
  if (number >= view->blocks || tvi_segment_decode(value, &segment) != TV_OK)
    return tvi_graph_corrupt(view->graph, "a segment of block", number);
  for (i = 0; i <= segment.nodes; i++) {
    uint32_t next = tvi_load_le32(segment.offsets + 4 * (size_t)i);
    if (next < at || next > segment.edges)
      return tvi_graph_corrupt(view->graph, "a segment of block", number);
    at = next;
  }
  status = view_layer(view, tvi_load_be16((const unsigned char *)key.data + 5), &layer);
  if (status != TV_OK) return status;
  block = &view->rows[layer * view->blocks + number];
  block->offsets = segment.offsets;
  block->neighbours = segment.neighbours;
  block->nodes = segment.nodes;
  if (number == view->blocks - 1 && block->nodes > view->ids - (number << TVI_BLOCK_BITS))
    block->nodes = (uint32_t)(view->ids - (number << TVI_BLOCK_BITS));
  view_add_weights(view, &segment, block);
  view->edges += segment.edges;
  return TV_OK;
}

static int view_segments(tvi_view *view, int direction, const tvi_type_set *types) {
  unsigned char from[TVI_SEGMENT_KEY_BYTES];
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  tv_store *segments;
  tv_cursor *cursor;
  int status;
  if ((view->graph->features & TVI_GRAPH_HAS_SEGMENTS) == 0) return TV_OK;
  status = tvi_graph_store(view->graph, TVI_GRAPH_SEGMENTS, &segments);
  if (status == TV_OK) status = tv_cursor_open(segments, &cursor);
  if (status != TV_OK) return status;
  tvi_segment_key(from, direction, 0, 0);
  status = tv_cursor_seek(cursor, tv_bytes(from, sizeof from), &key, &value);
  while (status == TV_OK && key.size == sizeof from &&
         *(const unsigned char *)key.data == from[0]) {
    if (tvi_type_set_has(types, tvi_load_be16((const unsigned char *)key.data + 5)))
      status = view_add_segment(view, key, value);
    if (status == TV_OK) status = tv_cursor_next(cursor, &key, &value);
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

/* A number that no edge ever had is a weight like any other: it is missing everywhere. */
static int view_check_weight(const tvi_view *view) {
  static const tv_value a_number = {TV_INT64, {0}};
  const char *name = "";
  char shown[TVI_SHOW_BYTES];
  int status;
  if (view->weight == TVI_NO_WEIGHT) return TV_OK;
  status = tvi_columns_load(view->graph);
  if (status != TV_OK || view->graph->column_count < TVI_COLUMNS_MAX ||
      tvi_columns_takes(view->graph, view->weight, &a_number))
    return status;
  status = tvi_name_text(view->graph, TVI_NAME_PROPERTY, view->weight, &name);
  if (status != TV_OK) return status;
  return tvi_txn_fail(view->graph->txn, TV_EUNSUPPORTED, 0,
                      "property \"%s\" is not among the %d that are kept as weights",
                      tvi_show(tv_str(name), shown), TVI_COLUMNS_MAX);
}

int tvi_view_open(tvi_view *view, tv_graph *graph, int direction, const tvi_type_set *types,
                  uint32_t weight, int *damaged) {
  uint64_t ids;
  int status = tvi_node_ids(graph, &ids);
  *view = (tvi_view){.graph = graph, .weight = weight, .damaged = damaged};
  if (status != TV_OK) return status;
  if (ids >= UINT32_MAX)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "a graph of 2^32 ids is too large to be viewed");
  view->ids = (uint32_t)ids;
  view->blocks = ((size_t)ids + TVI_BLOCK_NODES - 1) >> TVI_BLOCK_BITS;
  status = view_check_weight(view);
  if (status == TV_OK) status = view_segments(view, direction, types);
  return status == TV_OK ? tvi_view_lay_delta(view, direction, types) : status;
}

void tvi_view_close(tvi_view *view) {
  tvi_free(view->rows);
  tvi_free(view->layer_types);
  tvi_free(view->pieces_at);
  tvi_free(view->pieces);
  tvi_buffer_free(&view->extra);
  tvi_buffer_free(&view->extra_weights);
  *view = (tvi_view){0};
}
