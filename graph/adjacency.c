/* SPDX-License-Identifier: MIT */
/*
 * Reading edges at nodes, in runs, from the delta: keys (node, type, neighbour, edge) read through
 * one cursor per direction, which stays where it is between nodes: when the next node of a sorted
 * frontier is where the cursor already stands, no descent is needed. Rejected: a callback for each
 * edge from here; an indirect call per edge costs more than the decoding, and a segment's arrays
 * could not be handed on in place.
 */
#include <string.h>

#include "adjacency_internal.h"

enum { ADJ_NOWHERE = 0, ADJ_ON_KEY = 1, ADJ_AT_END = 2 };

#define ADJ_RUN_FIRST 16 /* edges decoded at a node before the caller is asked whether to go on */

/* Node and type as one number, in the order of the keys: node << 16 | type. */
static uint64_t adj_place(tv_node node, uint32_t type) {
  return node << 16 | type;
}

static int adj_set_add(tvi_type_set *set, uint32_t *types, uint32_t type) {
  size_t i = set->n;
  while (i > 0 && types[i - 1] > type) i--;
  if (i > 0 && types[i - 1] == type) return 0;
  memmove(types + i + 1, types + i, (set->n - i) * sizeof *types);
  types[i] = type;
  return 1;
}

int tvi_type_set_open(tv_graph *graph, tv_types types, tvi_type_set *set) {
  char shown[TVI_SHOW_BYTES];
  uint32_t *members = set->fixed;
  size_t i;
  set->n = 0;
  set->heap = NULL;
  if (types.n > TV_LABELS_MAX || (types.n != 0 && types.types == NULL))
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "a set of %zu edge types cannot be", types.n);
  if (types.n > TVI_TYPE_SET_FIXED) {
    members = set->heap = tvi_alloc(types.n * sizeof *members);
    if (members == NULL)
      return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for %zu edge types", types.n);
  }
  for (i = 0; i < types.n; i++) {
    const char *name;
    int status = tvi_name_text(graph, TVI_NAME_TYPE, types.types[i], &name);
    if (status != TV_OK) {
      tvi_type_set_close(set);
      if (status != TV_NOTFOUND) return status;
      return tvi_txn_fail(graph->txn, TV_ENOLABEL, 0, "graph \"%s\" has no edge type number %u",
                          tvi_show(tv_str(tvi_graph_name(graph)), shown), (unsigned)types.types[i]);
    }
    set->n += (size_t)adj_set_add(set, members, types.types[i]);
  }
  set->types = members;
  return TV_OK;
}

void tvi_type_set_close(tvi_type_set *set) {
  tvi_free(set->heap);
  set->heap = NULL;
}

static int adj_open_segments(tvi_adj_reader *reader, tv_store *delta) {
  tv_store *segments;
  uint64_t count;
  int status = tvi_graph_store(reader->graph, TVI_GRAPH_SEGMENTS, &segments);
  reader->unstable = tv_txn_is_write(reader->graph->txn);
  if (status == TV_OK) status = tv_store_count(delta, &count);
  if (status == TV_OK) status = tv_cursor_open(segments, &reader->segment_cursor);
  if (status != TV_OK) return status;
  /* The graph's own writers may add to the delta while they read. */
  reader->delta_empty = count == 0 && !reader->unstable;
  return TV_OK;
}

int tvi_adj_open(tvi_adj_reader *reader, tv_graph *graph, int direction,
                 const tvi_type_set *types) {
  tv_store *store;
  int status = tvi_graph_store(graph, direction == TV_OUT ? TVI_GRAPH_OUT : TVI_GRAPH_IN, &store);
  reader->graph = graph;
  reader->direction = direction;
  reader->types = types;
  reader->cursor = NULL;
  reader->high = 0;
  reader->node = 0;
  reader->type_at = 0;
  reader->in_range = 0;
  reader->raw = 0;
  reader->state = ADJ_NOWHERE;
  reader->at_dead = 0;
  reader->segment_cursor = NULL;
  reader->segments = NULL;
  reader->segment_count = reader->segment_capacity = 0;
  reader->segment_block = UINT64_MAX;
  reader->scanning = reader->in_group = reader->has_after = 0;
  reader->after = (tv_edge_ref){0};
  reader->delta_empty = reader->unstable = 0;
  reader->segmented = (graph->features & TVI_GRAPH_HAS_SEGMENTS) != 0;
  if (status == TV_OK) status = tv_cursor_open(store, &reader->cursor);
  return status == TV_OK && reader->segmented ? adj_open_segments(reader, store) : status;
}

void tvi_adj_close(tvi_adj_reader *reader) {
  if (reader->cursor != NULL) tv_cursor_close(reader->cursor);
  if (reader->segment_cursor != NULL) tv_cursor_close(reader->segment_cursor);
  reader->cursor = reader->segment_cursor = NULL;
  tvi_free(reader->segments);
  reader->segments = NULL;
}

/* Takes what a cursor call returned. */
static int adj_land(tvi_adj_reader *reader, int status, tv_slice key, tv_slice value) {
  const unsigned char *bytes = key.data;
  if (TVI_UNLIKELY(status != TV_OK)) {
    reader->state = status == TV_END ? ADJ_AT_END : ADJ_NOWHERE;
    return status == TV_END ? TV_OK : status;
  }
  if (TVI_UNLIKELY(key.size != TVI_ADJ_KEY_BYTES)) {
    reader->state = ADJ_NOWHERE;
    return tvi_graph_corrupt(reader->graph, "the adjacency of node", reader->node);
  }
  reader->state = ADJ_ON_KEY;
  reader->at = tvi_load_be64(bytes) >> 8; /* be40 node, be16 type */
  reader->at_neighbour = tvi_load_be40(bytes + 7);
  reader->at_edge = tvi_load_be40(bytes + 12);
  reader->at_dead = tvi_delta_is_dead(value);
  return TV_OK;
}

static int adj_seek_key(tvi_adj_reader *reader, tv_slice from) {
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  int status = tv_cursor_seek(reader->cursor, from, &key, reader->segmented ? &value : NULL);
  return adj_land(reader, status, key, value);
}

static int adj_step(tvi_adj_reader *reader) {
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  int status = tv_cursor_next(reader->cursor, &key, reader->segmented ? &value : NULL);
  return adj_land(reader, status, key, value);
}

/* Moves to the first key at or after place `low` and makes low..high the range. */
static int adj_enter(tvi_adj_reader *reader, uint64_t low, uint64_t high) {
  unsigned char from[8];
  /* Beyond the range read last the cursor has skipped nothing. */
  int there = low > reader->high &&
              (reader->state == ADJ_AT_END || (reader->state == ADJ_ON_KEY && reader->at >= low));
  reader->high = high;
  reader->in_range = 1;
  if (there) return TV_OK;
  tvi_store_be64(from, low << 8);
  return adj_seek_key(reader, tv_bytes(from, 7));
}

int tvi_adj_delta_enter(tvi_adj_reader *reader, uint64_t low, uint64_t high) {
  return adj_enter(reader, low, high);
}

int tvi_adj_delta_after(tvi_adj_reader *reader, uint64_t high) {
  unsigned char from[TVI_ADJ_KEY_BYTES + 1];
  reader->high = high;
  reader->in_range = 1;
  tvi_adj_key(from, high >> 16, reader->after.type, reader->after_neighbour, reader->after.edge);
  from[TVI_ADJ_KEY_BYTES] = 0; /* the smallest key after it */
  return adj_seek_key(reader, tv_bytes(from, sizeof from));
}

int tvi_adj_delta_step(tvi_adj_reader *reader) {
  return adj_step(reader);
}

int tvi_adj_delta_there(const tvi_adj_reader *reader, uint64_t high) {
  return !reader->delta_empty && reader->state == ADJ_ON_KEY && reader->at <= high;
}

void tvi_adj_seek(tvi_adj_reader *reader, tv_node node) {
  reader->has_after = 0;
  if (reader->segmented) tvi_adj_seek_merged(reader, node);
  reader->node = node;
  reader->type_at = 0;
  reader->run_max = ADJ_RUN_FIRST;
  reader->in_range = 0;
}

int tvi_adj_scan(tvi_adj_reader *reader, const tv_edge_ref *after) {
  unsigned char from[TVI_ADJ_KEY_BYTES + 1];
  reader->run_max = TVI_ADJ_RUN_MAX;
  if (reader->segmented) return tvi_adj_scan_merged(reader, after);
  reader->type_at = SIZE_MAX; /* one range, no further one */
  reader->high = UINT64_MAX;
  reader->in_range = 1;
  reader->node = 0;
  if (after == NULL) return adj_seek_key(reader, tv_bytes("", 1));
  if (after->from >= TV_NODES_MAX || after->to >= TV_NODES_MAX || after->edge >= TV_EDGES_MAX ||
      after->type >= TV_LABELS_MAX) {
    reader->state = ADJ_AT_END;
    return TV_OK;
  }
  tvi_adj_key(from, after->from, after->type, after->to, after->edge);
  from[TVI_ADJ_KEY_BYTES] = 0; /* the smallest key after it */
  return adj_seek_key(reader, tv_bytes(from, sizeof from));
}

/* Goes to the next range of the node. TV_END: there is none. */
static int adj_next_range(tvi_adj_reader *reader) {
  const tvi_type_set *types = reader->types;
  uint64_t low, high, after;
  if (reader->has_after)
    while (reader->type_at < types->n && types->types[reader->type_at] < reader->after.type)
      reader->type_at++;
  if (reader->type_at == SIZE_MAX || (types->n != 0 && reader->type_at == types->n)) return TV_END;
  if (types->n == 0) {
    reader->type_at = SIZE_MAX;
    low = adj_place(reader->node, 0);
    high = adj_place(reader->node, UINT16_MAX);
  } else {
    low = high = adj_place(reader->node, types->types[reader->type_at++]);
  }
  after = adj_place(reader->node, reader->after.type);
  if (!reader->has_after || after < low || after > high) return adj_enter(reader, low, high);
  reader->has_after = 0;
  return tvi_adj_delta_after(reader, high);
}

static int adj_next_stored(tvi_adj_reader *reader, tvi_adj_run *run) {
  uint64_t place;
  size_t n = 0;
  int status;
  while (!reader->in_range || reader->state != ADJ_ON_KEY || reader->at > reader->high) {
    reader->in_range = 0;
    status = adj_next_range(reader);
    if (status != TV_OK) return status;
  }
  place = reader->at;
  reader->node = place >> 16;
  do {
    reader->neighbours[n] = reader->at_neighbour;
    reader->edges[n++] = reader->at_edge;
    status = adj_step(reader);
    if (TVI_UNLIKELY(status != TV_OK)) return status;
  } while (reader->state == ADJ_ON_KEY && reader->at == place && n < reader->run_max);
  if (n == reader->run_max && n < TVI_ADJ_RUN_MAX) reader->run_max *= 2;
  run->node = reader->node;
  run->type = (uint32_t)(place & UINT16_MAX);
  run->n = n;
  run->neighbours = reader->neighbours;
  run->edges = reader->edges;
  return TV_OK;
}

/* Leaves out what has expired. */
static void adj_drop_gone(tvi_adj_reader *reader, tvi_adj_run *run) {
  size_t i, kept = 0;
  for (i = 0; i < run->n; i++) {
    if (tvi_edge_gone(reader->graph, run->node, reader->neighbours[i], reader->edges[i])) continue;
    reader->neighbours[kept] = reader->neighbours[i];
    reader->edges[kept++] = reader->edges[i];
  }
  run->n = kept;
}

int tvi_adj_next(tvi_adj_reader *reader, tvi_adj_run *run) {
  int status;
  do {
    status = reader->segmented ? tvi_adj_next_merged(reader, run) : adj_next_stored(reader, run);
    if (TVI_LIKELY(status != TV_OK || reader->graph->gone_count == 0 || reader->raw)) return status;
    adj_drop_gone(reader, run);
  } while (run->n == 0);
  return TV_OK;
}

int tvi_adj_pair_open(tvi_adj_pair *pair, tv_graph *graph, int direction,
                      const tvi_type_set *types) {
  int status = TV_OK;
  pair->n = 0;
  if (direction != TV_OUT && direction != TV_IN && direction != TV_BOTH)
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "%d is no direction of edges", direction);
  if ((direction & TV_OUT) != 0)
    status = tvi_adj_open(&pair->readers[pair->n++], graph, TV_OUT, types);
  if (status == TV_OK && (direction & TV_IN) != 0)
    status = tvi_adj_open(&pair->readers[pair->n++], graph, TV_IN, types);
  if (status != TV_OK) tvi_adj_pair_close(pair);
  return status;
}

void tvi_adj_pair_close(tvi_adj_pair *pair) {
  while (pair->n > 0) tvi_adj_close(&pair->readers[--pair->n]);
}
