/* SPDX-License-Identifier: MIT */
/*
 * Laying the delta over a view. For each node that it names: the pieces of the node's rows between
 * the edges that were deleted, then a list of the edges that were added. So what is copied is the
 * delta, never a row, however long. Edges that have expired count as deleted. Rejected: a copy of
 * the whole row of a node that lost an edge; in a graph with hubs a hundredth of the edges touches
 * nearly all rows.
 */
#include <string.h>

#include "view_delta_internal.h"

typedef struct view_dead {
  size_t layer, place; /* of the segment */
} view_dead;

typedef struct view_overlay {
  tvi_view *view;
  int direction;
  const tvi_type_set *types;
  tvi_buffer pieces; /* tvi_view_piece; those without a list stand for what is in view->extra */
  tvi_buffer dead;   /* view_dead: of the node */
  tv_node node;      /* being laid; TV_NODE_NONE: none yet */
  uint32_t added;    /* edges of the node in view->extra */
  size_t filled;     /* elements of pieces_at */
  uint64_t segment_block;
  uint32_t segment_type;
  int segment_status; /* of the segment looked at last; TV_END: none yet */
  tvi_segment segment;
} view_overlay;

/* ---- Finishing a node ---- */

static int overlay_piece(view_overlay *o, const tvi_view_piece *piece) {
  if (tvi_buffer_append(&o->pieces, piece, sizeof *piece) != TV_OK)
    return tvi_view_no_memory(o->view);
  if (o->pieces.size / sizeof *piece < UINT32_MAX) return TV_OK;
  return tvi_txn_fail(o->view->graph->txn, TV_ELIMIT, 0,
                      "more than 2^32 edges are in no segment: compact the graph");
}

/* What is between two places of a row. */
static int overlay_between(view_overlay *o, const tvi_view_block *block, size_t from, size_t to) {
  tvi_view_piece piece = {.list = block->neighbours + 4 * from,
                          .weights = block->weights + from * tvi_column_width(block->encoding),
                          .base = block->base,
                          .n = (uint32_t)(to - from),
                          .encoding = block->encoding};
  return from < to ? overlay_piece(o, &piece) : TV_OK;
}

static int overlay_row(view_overlay *o, size_t layer) {
  const tvi_view *view = o->view;
  const tvi_view_block *block = &view->rows[layer * view->blocks + tvi_block_of(o->node)];
  size_t row = (size_t)o->node & (TVI_BLOCK_NODES - 1), from, to, i;
  size_t count = o->dead.size / sizeof(view_dead);
  int status = TV_OK;
  if (row >= block->nodes) return TV_OK;
  from = tvi_load_le32(block->offsets + 4 * row);
  to = tvi_load_le32(block->offsets + 4 * row + 4);
  for (i = 0; i < count && status == TV_OK; i++) {
    view_dead dead;
    memcpy(&dead, o->dead.data + i * sizeof dead, sizeof dead);
    if (dead.layer != layer || dead.place < from || dead.place >= to) continue;
    status = overlay_between(o, block, from, dead.place);
    from = dead.place + 1;
  }
  return status == TV_OK ? overlay_between(o, block, from, to) : status;
}

static void overlay_fill(view_overlay *o, uint64_t end) {
  while (o->filled < end)
    o->view->pieces_at[o->filled++] = (uint32_t)(o->pieces.size / sizeof(tvi_view_piece));
}

static int overlay_finish_node(view_overlay *o) {
  static const unsigned char nothing[1];
  tvi_view_piece none = {.list = nothing, .weights = nothing};
  tvi_view_piece added = {.n = o->added, .encoding = TVI_COLUMN_F64};
  size_t layer, before;
  int status = TV_OK;
  if (o->node == TV_NODE_NONE) return TV_OK;
  overlay_fill(o, o->node + 1);
  before = o->pieces.size;
  for (layer = 0; layer < o->view->layers && status == TV_OK; layer++)
    status = overlay_row(o, layer);
  if (status == TV_OK && o->added != 0) status = overlay_piece(o, &added);
  /* One that has nothing left has a piece too: without, its rows would count. */
  if (status == TV_OK && o->pieces.size == before) status = overlay_piece(o, &none);
  return status;
}

static int overlay_enter_node(view_overlay *o, tv_node node) {
  tvi_view *view = o->view;
  int status;
  if (node == o->node) return TV_OK;
  status = overlay_finish_node(o);
  if (status != TV_OK) return status;
  if (node >= view->ids) return tvi_graph_corrupt(view->graph, "the adjacency of node", node);
  if (view->pieces_at == NULL) {
    view->pieces_at = tvi_alloc(((size_t)view->ids + 1) * sizeof *view->pieces_at);
    if (view->pieces_at == NULL) return tvi_view_no_memory(view);
  }
  o->node = node;
  o->added = 0;
  o->dead.size = 0;
  return TV_OK;
}

/* ---- Records ---- */

/* Notes where a deleted edge is in its segment, if it is in one. */
static int overlay_dead(view_overlay *o, const unsigned char *key) {
  uint32_t type = tvi_load_be16(key + 5);
  view_dead dead = {0, 0};
  int status;
  if (o->segment_status == TV_END || o->segment_block != tvi_block_of(o->node) ||
      o->segment_type != type) {
    o->segment_block = tvi_block_of(o->node);
    o->segment_type = type;
    o->segment_status =
        tvi_segment_get(o->view->graph, o->direction, o->segment_block, type, &o->segment);
  }
  status = o->segment_status;
  if (status == TV_OK)
    status = tvi_segment_find(o->view->graph, &o->segment, o->node, tvi_load_be40(key + 7),
                              tvi_load_be40(key + 12), &dead.place);
  if (status != TV_OK) return status == TV_NOTFOUND ? TV_OK : status;
  while (dead.layer < o->view->layers && o->view->layer_types[dead.layer] != type) dead.layer++;
  o->view->edges--;
  return tvi_buffer_append(&o->dead, &dead, sizeof dead) == TV_OK ? TV_OK
                                                                  : tvi_view_no_memory(o->view);
}

static int overlay_weight(view_overlay *o, tv_slice key, tv_slice value, double *weight) {
  tv_slice list;
  tv_value number;
  int status = tvi_delta_list(o->view->graph, key, value, &list);
  *weight = 1;
  if (status != TV_OK) return status;
  status = tvi_properties_get(list, o->view->weight, &number);
  if (status == TV_ECORRUPT)
    return tvi_graph_corrupt(o->view->graph, "the record of edge",
                             tvi_load_be40((const unsigned char *)key.data + 12));
  if (status == TV_OK && number.type == TV_INT64)
    *weight = (double)number.as.integer;
  else if (status == TV_OK && number.type == TV_DOUBLE)
    *weight = number.as.real;
  else
    o->view->gaps = 1;
  o->view->negative |= !(*weight >= 0);
  return TV_OK;
}

static int overlay_add(view_overlay *o, tv_slice key, tv_slice value) {
  unsigned char neighbour[4], weight[8];
  tvi_view *view = o->view;
  tv_node to = tvi_load_be40((const unsigned char *)key.data + 7);
  double number = 1;
  if (to >= view->ids) return tvi_graph_corrupt(view->graph, "the adjacency of node", o->node);
  if (view->weight != TVI_NO_WEIGHT) {
    int status = overlay_weight(o, key, value, &number);
    if (status != TV_OK) return status;
    tvi_store_f64(weight, number);
    if (tvi_buffer_append(&view->extra_weights, weight, sizeof weight) != TV_OK)
      return tvi_view_no_memory(view);
  }
  tvi_store_le32(neighbour, (uint32_t)to);
  if (tvi_buffer_append(&view->extra, neighbour, sizeof neighbour) != TV_OK)
    return tvi_view_no_memory(view);
  o->added++;
  view->edges++;
  return TV_OK;
}

/* A key of the delta (value not NULL), of what has expired (gone: 1), or both. */
static int overlay_key(view_overlay *o, tv_slice key, const tv_slice *value, int gone) {
  const unsigned char *bytes = key.data;
  int status;
  if (!tvi_type_set_has(o->types, tvi_load_be16(bytes + 5))) return TV_OK;
  status = overlay_enter_node(o, tvi_load_be40(bytes));
  if (status == TV_OK && (value == NULL || tvi_delta_is_dead(*value) || tvi_delta_is_over(*value)))
    status = overlay_dead(o, bytes);
  if (status == TV_OK && value != NULL && !gone && !tvi_delta_is_dead(*value))
    status = overlay_add(o, key, *value);
  return status;
}

/* Walks the delta and what has expired side by side. */
static int overlay_walk(view_overlay *o, tv_cursor *cursor, const tvi_buffer *gone) {
  const unsigned char *at = gone->data, *end = at == NULL ? NULL : at + gone->size;
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  int in_delta = tv_cursor_next(cursor, &key, &value), status = TV_OK;
  while (status == TV_OK && (in_delta == TV_OK || at != end)) {
    int order = -1;
    if (in_delta != TV_OK && in_delta != TV_END) return in_delta;
    if (in_delta == TV_OK && key.size != TVI_ADJ_KEY_BYTES)
      return tvi_graph_corrupt(o->view->graph, "the adjacency of node", 0);
    if (at != end) order = in_delta == TV_OK ? memcmp(key.data, at, TVI_ADJ_KEY_BYTES) : 1;
    if (order > 0)
      status = overlay_key(o, tv_bytes(at, TVI_ADJ_KEY_BYTES), NULL, 1);
    else
      status = overlay_key(o, key, &value, order == 0);
    if (order >= 0) at += TVI_ADJ_KEY_BYTES;
    if (order <= 0 && status == TV_OK) in_delta = tv_cursor_next(cursor, &key, &value);
  }
  if (status == TV_OK && in_delta != TV_END) status = in_delta;
  return status == TV_OK ? overlay_finish_node(o) : status;
}

/* Gives the pieces of added edges their places, now that the lists do not move any more. */
static void overlay_settle(view_overlay *o) {
  tvi_view *view = o->view;
  size_t count = o->pieces.size / sizeof *view->pieces, i, at = 0;
  view->pieces = (tvi_view_piece *)(void *)o->pieces.data;
  for (i = 0; i < count; i++) {
    tvi_view_piece *piece = &view->pieces[i];
    if (piece->list != NULL) continue;
    piece->list = view->extra.data + 4 * at;
    if (view->weight != TVI_NO_WEIGHT)
      piece->weights = view->extra_weights.data + 8 * at;
    else
      piece->encoding = TVI_COLUMN_ONES;
    at += piece->n;
  }
  o->pieces = (tvi_buffer){0};
}

int tvi_view_lay_delta(tvi_view *view, int direction, const tvi_type_set *types) {
  view_overlay o = {.view = view,
                    .direction = direction,
                    .types = types,
                    .node = TV_NODE_NONE,
                    .segment_status = TV_END};
  tvi_buffer gone = {0};
  tv_store *delta;
  tv_cursor *cursor;
  int status =
      tvi_graph_store(view->graph, direction == TV_OUT ? TVI_GRAPH_OUT : TVI_GRAPH_IN, &delta);
  if (status == TV_OK) status = tvi_gone_keys(view->graph, direction, &gone);
  if (status == TV_OK) status = tv_cursor_open(delta, &cursor);
  if (status == TV_OK) {
    status = overlay_walk(&o, cursor, &gone);
    tv_cursor_close(cursor);
  }
  if (status == TV_OK && view->pieces_at != NULL) {
    overlay_fill(&o, (uint64_t)view->ids + 1);
    overlay_settle(&o);
  }
  tvi_buffer_free(&gone);
  tvi_buffer_free(&o.pieces);
  tvi_buffer_free(&o.dead);
  return status;
}
