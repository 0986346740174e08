/* SPDX-License-Identifier: MIT */
/*
 * Views: collecting segments' addresses, and what the delta changes about them. Rejected: merging
 * the delta into each list while it is read; a branch and a search for every node, where a short
 * list beside the row costs only those nodes that have one.
 */
#include <string.h>

#include "view_internal.h"

typedef struct view_pair {
  uint32_t node, neighbour;
} view_pair;

typedef struct view_builder {
  tvi_view *view;
  tv_graph *graph;
  int direction;
  const tvi_type_set *types;
  tvi_buffer pairs; /* view_pair: edges that are in no row */
} view_builder;

static int view_no_memory(view_builder *b) {
  return tvi_txn_fail(b->graph->txn, TV_ENOMEM, 0, "no memory for a view of the graph");
}

static int view_has_type(const view_builder *b, uint32_t type) {
  size_t i;
  if (b->types->n == 0) return 1;
  for (i = 0; i < b->types->n; i++)
    if (b->types->types[i] == type) return 1;
  return 0;
}

/* ---- Segments ---- */

/* The layer of a type, added when it is met first; *layers holds the types of the layers. */
static int view_layer(view_builder *b, tvi_buffer *layers, uint32_t type, size_t *out) {
  tvi_view *view = b->view;
  tvi_view_block *rows;
  size_t i, size = view->blocks * sizeof *rows;
  for (i = 0; layers->data != NULL && i < view->layers; i++) {
    uint32_t known;
    memcpy(&known, layers->data + i * sizeof known, sizeof known);
    *out = i;
    if (known == type) return TV_OK;
  }
  if (tvi_buffer_append(layers, &type, sizeof type) != TV_OK) return view_no_memory(b);
  rows = tvi_realloc(view->rows, (view->layers + 1) * size);
  if (rows == NULL) return view_no_memory(b);
  view->rows = rows;
  memset(rows + view->layers * view->blocks, 0, size);
  *out = view->layers++;
  return TV_OK;
}

/* Everything about a segment but its neighbours is checked here, so that reading a row needs no
 * check. */
static int view_add_segment(view_builder *b, tvi_buffer *layers, tv_slice key, tv_slice value) {
  uint64_t number = tvi_load_be32((const unsigned char *)key.data + 1);
  tvi_segment segment;
  tvi_view_block *block;
  size_t layer = 0;
  uint32_t i, at = 0;
  int status = view_layer(b, layers, tvi_load_be16((const unsigned char *)key.data + 5), &layer);
  if (status != TV_OK) return status;
  if (number >= b->view->blocks || tvi_segment_decode(value, &segment) != TV_OK)
    return tvi_graph_corrupt(b->graph, "a segment of block", number);
  for (i = 0; i <= segment.nodes; i++) {
    uint32_t next = tvi_load_le32(segment.offsets + 4 * (size_t)i);
    if (next < at || next > segment.edges)
      return tvi_graph_corrupt(b->graph, "a segment of block", number);
    at = next;
  }
  block = &b->view->rows[layer * b->view->blocks + number];
  block->offsets = segment.offsets;
  block->neighbours = segment.neighbours;
  block->nodes =
      number == b->view->blocks - 1 && segment.nodes > b->view->ids - (number << TVI_BLOCK_BITS)
          ? (uint32_t)(b->view->ids - (number << TVI_BLOCK_BITS))
          : segment.nodes;
  b->view->edges += segment.edges;
  return TV_OK;
}

static int view_segments(view_builder *b) {
  unsigned char from[TVI_SEGMENT_KEY_BYTES];
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  tvi_buffer layers = {0};
  tv_store *segments;
  tv_cursor *cursor;
  int status;
  if ((b->graph->features & TVI_GRAPH_HAS_SEGMENTS) == 0) return TV_OK;
  status = tvi_graph_store(b->graph, TVI_GRAPH_SEGMENTS, &segments);
  if (status == TV_OK) status = tv_cursor_open(segments, &cursor);
  if (status != TV_OK) return status;
  tvi_segment_key(from, b->direction, 0, 0);
  status = tv_cursor_seek(cursor, tv_bytes(from, sizeof from), &key, &value);
  while (status == TV_OK && key.size == sizeof from &&
         *(const unsigned char *)key.data == from[0]) {
    if (view_has_type(b, tvi_load_be16((const unsigned char *)key.data + 5)))
      status = view_add_segment(b, &layers, key, value);
    if (status == TV_OK) status = tv_cursor_next(cursor, &key, &value);
  }
  tv_cursor_close(cursor);
  tvi_buffer_free(&layers);
  return status == TV_END ? TV_OK : status;
}

/* ---- The delta ---- */

static int view_add_pair(view_builder *b, tv_node node, tv_node neighbour) {
  view_pair pair = {(uint32_t)node, (uint32_t)neighbour};
  if (node >= b->view->ids || neighbour >= b->view->ids)
    return tvi_graph_corrupt(b->graph, "the adjacency of node", node);
  if (b->pairs.size / sizeof pair >= UINT32_MAX)
    return tvi_txn_fail(b->graph->txn, TV_ELIMIT, 0,
                        "more than 2^32 edges are in no segment: compact the graph");
  return tvi_buffer_append(&b->pairs, &pair, sizeof pair) == TV_OK ? TV_OK : view_no_memory(b);
}

static int view_is_hidden(const tvi_view *view, uint32_t node) {
  return view->hidden != NULL && (view->hidden[node >> 6] >> (node & 63) & 1) != 0;
}

static int view_hide(view_builder *b, tv_node node) {
  if (node >= b->view->ids) return tvi_graph_corrupt(b->graph, "the adjacency of node", node);
  if (b->view->hidden == NULL)
    b->view->hidden = tvi_zalloc(((size_t)b->view->ids / 64 + 1) * sizeof *b->view->hidden);
  if (b->view->hidden == NULL) return view_no_memory(b);
  b->view->hidden[node >> 6] |= UINT64_C(1) << (node & 63);
  return TV_OK;
}

static int view_delta(view_builder *b) {
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  tv_store *delta;
  tv_cursor *cursor;
  int status =
      tvi_graph_store(b->graph, b->direction == TV_OUT ? TVI_GRAPH_OUT : TVI_GRAPH_IN, &delta);
  if (status == TV_OK) status = tv_cursor_open(delta, &cursor);
  if (status != TV_OK) return status;
  while ((status = tv_cursor_next(cursor, &key, &value)) == TV_OK) {
    const unsigned char *bytes = key.data;
    if (key.size != TVI_ADJ_KEY_BYTES)
      status = tvi_graph_corrupt(b->graph, "the adjacency of node", 0);
    else if (!view_has_type(b, tvi_load_be16(bytes + 5)))
      continue;
    else if (tvi_delta_is_dead(value))
      status = view_hide(b, tvi_load_be40(bytes));
    else
      status = view_add_pair(b, tvi_load_be40(bytes), tvi_load_be40(bytes + 7));
    if (status != TV_OK) break;
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

/* ---- What has expired ---- */

static int view_hide_at(view_builder *b, tv_node node) {
  tvi_type_set all = {0};
  tvi_adj_reader reader;
  tvi_adj_run run;
  size_t i;
  int status = tvi_adj_open(&reader, b->graph, b->direction == TV_OUT ? TV_IN : TV_OUT, &all);
  if (status != TV_OK) return status;
  reader.raw = 1;
  tvi_adj_seek(&reader, node);
  while ((status = tvi_adj_next(&reader, &run)) == TV_OK)
    for (i = 0; i < run.n && status == TV_OK; i++) status = view_hide(b, run.neighbours[i]);
  tvi_adj_close(&reader);
  return status == TV_END ? view_hide(b, node) : status;
}

/* Rows with an edge that has expired do not count. */
static int view_expired(view_builder *b) {
  size_t i;
  int status = TV_OK;
  for (i = 0; i < b->graph->gone_slots && status == TV_OK; i++) {
    tv_edge_ref ref;
    tvi_mortal kind;
    uint64_t id;
    if (!tvi_gone_at(b->graph, i, &kind, &id)) continue;
    if (kind == TVI_MORTAL_NODE) {
      status = view_hide_at(b, id);
      continue;
    }
    status = tvi_edge_lookup(b->graph, id, &ref);
    if (status == TV_OK) status = view_hide(b, b->direction == TV_OUT ? ref.from : ref.to);
    if (status == TV_NOTFOUND) status = TV_OK; /* swept in this transaction */
  }
  return status;
}

/* ---- Lists ---- */

/* Replaces what the delta says about hidden nodes by all their edges as a reader sees them. */
static int view_read_hidden(view_builder *b) {
  view_pair *pairs = (view_pair *)(void *)b->pairs.data;
  size_t n = b->pairs.size / sizeof *pairs, kept = 0, i;
  tvi_adj_reader reader;
  tvi_adj_run run;
  uint32_t node;
  int status;
  for (i = 0; i < n; i++)
    if (!view_is_hidden(b->view, pairs[i].node)) pairs[kept++] = pairs[i];
  b->pairs.size = kept * sizeof *pairs;
  status = tvi_adj_open(&reader, b->graph, b->direction, b->types);
  for (node = 0; node < b->view->ids && status == TV_OK; node++) {
    if (!view_is_hidden(b->view, node)) continue;
    tvi_adj_seek(&reader, node);
    while ((status = tvi_adj_next(&reader, &run)) == TV_OK)
      for (i = 0; i < run.n && status == TV_OK; i++)
        status = view_add_pair(b, node, run.neighbours[i]);
    if (status == TV_END) status = TV_OK;
  }
  tvi_adj_close(&reader);
  return status;
}

static int view_lists(view_builder *b) {
  tvi_view *view = b->view;
  const view_pair *pairs = (const view_pair *)(const void *)b->pairs.data;
  size_t n = b->pairs.size / sizeof *pairs, i;
  if (n == 0) return TV_OK;
  view->extra_at = tvi_zalloc(((size_t)view->ids + 2) * sizeof *view->extra_at);
  view->extra = tvi_alloc(n * 4);
  if (view->extra_at == NULL || view->extra == NULL) return view_no_memory(b);
  /* One place further, so that filling moves each beginning to where it belongs. */
  for (i = 0; i < n; i++) view->extra_at[pairs[i].node + 2]++;
  for (i = 2; i < (size_t)view->ids + 2; i++) view->extra_at[i] += view->extra_at[i - 1];
  for (i = 0; i < n; i++)
    tvi_store_le32(view->extra + 4 * (size_t)view->extra_at[pairs[i].node + 1]++,
                   pairs[i].neighbour);
  view->edges += n;
  return TV_OK;
}

int tvi_view_open(tvi_view *view, tv_graph *graph, int direction, const tvi_type_set *types,
                  int *damaged) {
  view_builder b = {view, graph, direction, types, {0}};
  uint64_t ids;
  int status = tvi_node_ids(graph, &ids);
  *view = (tvi_view){.graph = graph, .damaged = damaged};
  if (status != TV_OK) return status;
  if (ids >= UINT32_MAX)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "a graph of 2^32 ids is too large to be viewed");
  view->ids = (uint32_t)ids;
  view->blocks = ((size_t)ids + TVI_BLOCK_NODES - 1) >> TVI_BLOCK_BITS;
  status = view_segments(&b);
  if (status == TV_OK) status = view_delta(&b);
  if (status == TV_OK) status = view_expired(&b);
  if (status == TV_OK && view->hidden != NULL) status = view_read_hidden(&b);
  if (status == TV_OK) status = view_lists(&b);
  tvi_buffer_free(&b.pairs);
  view->parts = view->layers + (view->extra_at != NULL);
  return status;
}

void tvi_view_close(tvi_view *view) {
  tvi_free(view->rows);
  tvi_free(view->extra_at);
  tvi_free(view->extra);
  tvi_free(view->hidden);
  *view = (tvi_view){0};
}
