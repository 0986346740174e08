/* SPDX-License-Identifier: MIT */
/*
 * Runs of graphs that have segments: for each node and type, the segment's row and the delta's keys
 * are both in the order of neighbour and edge, and are merged; a delta record that says an edge is
 * dead takes it out. Rejected: delta first, then segment; the documented order of edges would be
 * lost, and a scan could not go on behind an edge.
 */
#include "adjacency_internal.h"

#define MERGE_TYPES_END 0x10000u

/* Forgets the segments of the block read last. */
static void merge_drop_block(tvi_adj_reader *reader) {
  reader->segment_count = 0;
  reader->segment_block = UINT64_MAX;
}

static int merge_add_segment(tvi_adj_reader *reader, uint32_t type, const tvi_segment *segment) {
  if (reader->segment_count == reader->segment_capacity) {
    size_t capacity = reader->segment_capacity == 0 ? 4 : reader->segment_capacity * 2;
    tvi_adj_segment *segments = tvi_realloc(reader->segments, capacity * sizeof *segments);
    if (segments == NULL)
      return tvi_txn_fail(reader->graph->txn, TV_ENOMEM, 0, "no memory for %zu segments", capacity);
    reader->segments = segments;
    reader->segment_capacity = capacity;
  }
  reader->segments[reader->segment_count].type = type;
  reader->segments[reader->segment_count++].segment = *segment;
  return TV_OK;
}

/* All types' segments of a block, through one cursor. */
static int merge_load_all(tvi_adj_reader *reader, uint64_t block) {
  unsigned char from[TVI_SEGMENT_KEY_BYTES];
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  int status;
  tvi_segment_key(from, reader->direction, block, 0);
  status = tv_cursor_seek(reader->segment_cursor, tv_bytes(from, sizeof from), &key, &value);
  while (status == TV_OK && key.size == sizeof from && memcmp(key.data, from, 5) == 0) {
    tvi_segment segment;
    if (tvi_segment_decode(value, &segment) != TV_OK)
      return tvi_graph_corrupt(reader->graph, "a segment of block", block);
    status =
        merge_add_segment(reader, tvi_load_be16((const unsigned char *)key.data + 5), &segment);
    if (status == TV_OK) status = tv_cursor_next(reader->segment_cursor, &key, &value);
  }
  return status == TV_END ? TV_OK : status;
}

static int merge_load_block(tvi_adj_reader *reader, uint64_t block) {
  size_t i;
  int status = TV_OK;
  if (reader->segment_block == block) return TV_OK;
  merge_drop_block(reader);
  if (reader->types->n == 0 || reader->scanning) {
    status = merge_load_all(reader, block);
  } else {
    for (i = 0; i < reader->types->n && status == TV_OK; i++) {
      tvi_segment segment;
      status = tvi_segment_get(reader->graph, reader->direction, block, reader->types->types[i],
                               &segment);
      if (status == TV_OK) status = merge_add_segment(reader, reader->types->types[i], &segment);
      if (status == TV_NOTFOUND) status = TV_OK;
    }
  }
  if (status == TV_OK) reader->segment_block = block;
  return status;
}

static const tvi_segment *merge_segment_of(const tvi_adj_reader *reader, uint32_t type) {
  size_t i;
  for (i = 0; i < reader->segment_count; i++)
    if (reader->segments[i].type == type) return &reader->segments[i].segment;
  return NULL;
}

/* The first type at or after reader->want at which the node may have edges. TV_END: none. */
static int merge_next_type(tvi_adj_reader *reader, uint32_t *type) {
  size_t i;
  uint32_t best = MERGE_TYPES_END;
  if (reader->types->n != 0 && !reader->scanning) {
    for (i = 0; i < reader->types->n; i++)
      if (reader->types->types[i] >= reader->want) {
        *type = reader->types->types[i];
        return TV_OK;
      }
    return TV_END;
  }
  for (i = 0; i < reader->segment_count; i++)
    if (reader->segments[i].type >= reader->want && reader->segments[i].type < best)
      best = reader->segments[i].type;
  if (!reader->delta_empty && reader->want < MERGE_TYPES_END) {
    uint64_t high = reader->node << 16 | UINT16_MAX;
    int status = tvi_adj_delta_enter(reader, reader->node << 16 | reader->want, high);
    if (status != TV_OK) return status;
    /* Only looked at: the cursor may serve again from here on. */
    reader->high = (reader->node << 16 | reader->want) - (reader->node != 0 || reader->want != 0);
    if (tvi_adj_delta_there(reader, high) && (reader->at & UINT16_MAX) < best)
      best = (uint32_t)(reader->at & UINT16_MAX);
  }
  *type = best;
  return best == MERGE_TYPES_END ? TV_END : TV_OK;
}

/* Stands before the edges of one type. */
static int merge_enter_type(tvi_adj_reader *reader, uint32_t type) {
  const tvi_segment *segment = merge_segment_of(reader, type);
  uint64_t place = reader->node << 16 | type;
  int status = TV_OK, after = reader->has_after && reader->after.type == type;
  reader->group = type;
  reader->in_group = 1;
  reader->segment_at = reader->segment_end = 0;
  if (segment != NULL) {
    if (!tvi_segment_row(segment, (uint32_t)(reader->node & (TVI_BLOCK_NODES - 1)),
                         &reader->segment_at, &reader->segment_end))
      return tvi_graph_corrupt(reader->graph, "the segment of node", reader->node);
    if (after)
      reader->segment_at = tvi_segment_lower(segment, reader->segment_at, reader->segment_end,
                                             reader->after_neighbour, reader->after.edge + 1);
  }
  if (reader->delta_empty) return TV_OK;
  if (after)
    status = tvi_adj_delta_after(reader, place);
  else
    status = tvi_adj_delta_enter(reader, place, place);
  reader->high = place;
  return status;
}

/* Less than, equal to, greater than: (neighbour, edge) of the delta against the segment's. */
static int merge_compare(const tvi_adj_reader *reader, uint32_t neighbour, tv_edge edge) {
  if (reader->at_neighbour != neighbour) return reader->at_neighbour < neighbour ? -1 : 1;
  return reader->at_edge < edge ? -1 : reader->at_edge > edge;
}

/* Takes edges of the group until the run is full or the group ends. */
static int merge_fill(tvi_adj_reader *reader, size_t *filled) {
  const tvi_segment *segment = merge_segment_of(reader, reader->group);
  uint64_t place = reader->node << 16 | reader->group;
  size_t n = 0;
  int status = TV_OK;
  while (n < reader->run_max && status == TV_OK) {
    int in_segment = reader->segment_at < reader->segment_end;
    int in_delta = tvi_adj_delta_there(reader, place);
    uint32_t neighbour = 0;
    tv_edge edge = 0;
    int order;
    if (!in_segment && !in_delta) break;
    if (in_segment) {
      neighbour = tvi_segment_neighbour(segment, reader->segment_at);
      edge = tvi_segment_edge(segment, reader->segment_at);
    }
    order = !in_delta ? 1 : !in_segment ? -1 : merge_compare(reader, neighbour, edge);
    if (order > 0) {
      reader->neighbours[n] = neighbour;
      reader->edges[n++] = edge;
      reader->segment_at++;
      continue;
    }
    if (order == 0) reader->segment_at++; /* dead, or else merged while its record stayed */
    if (!reader->at_dead) {
      reader->neighbours[n] = reader->at_neighbour;
      reader->edges[n++] = reader->at_edge;
    }
    status = tvi_adj_delta_step(reader);
  }
  *filled = n;
  return status;
}

/* The next node of a scan. TV_END: there is none. */
static int merge_next_node(tvi_adj_reader *reader) {
  if (!reader->scanning || reader->node + 1 >= reader->scan_end) return TV_END;
  reader->node++;
  reader->want = 0;
  reader->has_after = 0;
  return TV_OK;
}

int tvi_adj_next_merged(tvi_adj_reader *reader, tvi_adj_run *run) {
  size_t n = 0;
  int status = TV_OK;
  /* In a write transaction the caller may have written since: elsewhere, which moves pages. */
  if (reader->unstable) merge_drop_block(reader);
  for (;;) {
    uint32_t type;
    status = merge_load_block(reader, tvi_block_of(reader->node));
    if (status != TV_OK) return status;
    if (!reader->in_group) {
      status = merge_next_type(reader, &type);
      if (status == TV_END) {
        status = merge_next_node(reader);
        if (status != TV_OK) return status;
        continue;
      }
      if (status == TV_OK) status = merge_enter_type(reader, type);
      if (status != TV_OK) return status;
    }
    status = merge_fill(reader, &n);
    if (status != TV_OK) return status;
    if (n > 0) break;
    reader->in_group = 0;
    reader->want = reader->group + 1;
  }
  if (n == reader->run_max && n < TVI_ADJ_RUN_MAX) reader->run_max *= 2;
  run->node = reader->node;
  run->type = reader->group;
  run->n = n;
  run->neighbours = reader->neighbours;
  run->edges = reader->edges;
  return TV_OK;
}

void tvi_adj_seek_merged(tvi_adj_reader *reader, tv_node node) {
  reader->node = node;
  reader->want = 0;
  reader->in_group = 0;
  reader->has_after = 0;
  reader->scanning = 0;
  if (reader->unstable) merge_drop_block(reader);
}

void tvi_adj_seek_after(tvi_adj_reader *reader, tv_node node, const tv_edge_ref *after) {
  tvi_adj_seek(reader, node);
  reader->run_max = TVI_ADJ_RUN_MAX;
  reader->has_after = 1;
  reader->after = *after;
  reader->after_neighbour = reader->direction == TV_OUT ? after->to : after->from;
  reader->want = after->type;
}

int tvi_adj_scan_merged(tvi_adj_reader *reader, const tv_edge_ref *after) {
  int status = tvi_node_ids(reader->graph, &reader->scan_end);
  tvi_adj_seek_merged(reader, 0);
  merge_drop_block(reader);
  reader->scanning = 1;
  reader->high = 0;
  reader->state = 0;
  if (status != TV_OK || after == NULL) return status;
  tvi_adj_seek_after(reader, after->from, after);
  reader->scanning = 1;
  merge_drop_block(reader);
  if (after->from >= reader->scan_end) { /* beyond the last node: nothing follows */
    reader->node = reader->scan_end;
    reader->want = MERGE_TYPES_END;
  }
  return TV_OK;
}
