/* SPDX-License-Identifier: MIT */
/*
 * Edges that were loaded in bulk: they have no record by id. A row for each block that a load wrote
 * says which ids went there, and the id is looked for in that block's segment. Rejected: a record
 * for each of them, which would cost more space and time than their segments.
 */
#include "segment_internal.h"

#define RANGE_KEY_BYTES 6
#define RANGE_RECORD_BYTES 11

int tvi_range_put(tv_graph *graph, tv_edge first, tv_edge last, uint32_t type, uint64_t block) {
  unsigned char key[RANGE_KEY_BYTES], record[RANGE_RECORD_BYTES];
  tv_store *segments;
  int status = tvi_graph_store(graph, TVI_GRAPH_SEGMENTS, &segments);
  if (status != TV_OK) return status;
  key[0] = 'r';
  tvi_store_be40(key + 1, first);
  tvi_store_be40(record, last);
  tvi_store_be16(record + 5, (uint16_t)type);
  tvi_store_be32(record + 7, (uint32_t)block);
  return tvi_sealed_put(segments, tv_bytes(key, sizeof key), tv_bytes(record, sizeof record), 0);
}

/* Looks for the id among the edges of a block. */
static int range_search(tv_graph *graph, const tvi_segment *segment, uint64_t block, tv_edge edge,
                        tv_edge_ref *out) {
  size_t at = 0, from, to;
  uint32_t row;
  if ((segment->flags & TVI_SEGMENT_DENSE) != 0) {
    if (edge < segment->first_edge || edge - segment->first_edge >= segment->edges)
      return TV_NOTFOUND;
    at = (size_t)(edge - segment->first_edge);
  }
  while (at < segment->edges && tvi_segment_edge(segment, at) != edge) at++;
  if (at == segment->edges) return TV_NOTFOUND;
  for (row = 0; row < segment->nodes; row++) {
    if (!tvi_segment_row(segment, row, &from, &to))
      return tvi_graph_corrupt(graph, "a segment of block", block);
    if (at < from || at >= to) continue;
    out->from = block << TVI_BLOCK_BITS | row;
    out->to = tvi_segment_neighbour(segment, at);
    out->edge = edge;
    return TV_OK;
  }
  return tvi_graph_corrupt(graph, "a segment of block", block);
}

/* TV_NOTFOUND when the edge was deleted since. */
static int range_not_dead(tv_graph *graph, const tv_edge_ref *ref) {
  unsigned char key[TVI_ADJ_KEY_BYTES];
  tv_store *out;
  tv_slice value;
  int status = tvi_graph_store(graph, TVI_GRAPH_OUT, &out);
  tvi_adj_key(key, ref->from, ref->type, ref->to, ref->edge);
  if (status == TV_OK) status = tv_store_get(out, tv_bytes(key, sizeof key), &value);
  if (status == TV_OK) return tvi_delta_is_dead(value) ? TV_NOTFOUND : TV_OK;
  return status == TV_NOTFOUND ? TV_OK : status;
}

int tvi_range_find(tv_graph *graph, tv_edge edge, tv_edge_ref *out) {
  unsigned char before[RANGE_KEY_BYTES];
  const unsigned char *record;
  tvi_segment segment;
  tv_store *segments;
  tv_cursor *cursor;
  tv_slice key = {NULL, 0}, value;
  uint64_t block;
  int status;
  if ((graph->features & TVI_GRAPH_HAS_SEGMENTS) == 0 || edge >= TV_EDGES_MAX) return TV_NOTFOUND;
  before[0] = 'r';
  tvi_store_be40(before + 1, edge + 1);
  status = tvi_graph_store(graph, TVI_GRAPH_SEGMENTS, &segments);
  if (status == TV_OK) status = tv_cursor_open(segments, &cursor);
  if (status != TV_OK) return status;
  status = tv_cursor_seek_before(cursor, tv_bytes(before, sizeof before), &key, NULL);
  if (status == TV_OK && (key.size != RANGE_KEY_BYTES || *(const unsigned char *)key.data != 'r'))
    status = TV_END;
  if (status == TV_OK) status = tvi_sealed_get(segments, key, &value);
  tv_cursor_close(cursor);
  if (status == TV_END) return TV_NOTFOUND;
  if (status == TV_ECORRUPT || (status == TV_OK && value.size != RANGE_RECORD_BYTES))
    return tvi_graph_corrupt(graph, "the range of edge", edge);
  if (status != TV_OK) return status;
  record = value.data;
  if (edge > tvi_load_be40(record)) return TV_NOTFOUND;
  out->type = tvi_load_be16(record + 5);
  block = tvi_load_be32(record + 7);
  status = tvi_segment_get(graph, TV_OUT, block, out->type, &segment);
  if (status == TV_OK) status = range_search(graph, &segment, block, edge, out);
  return status == TV_OK ? range_not_dead(graph, out) : status;
}

int tvi_range_count(tv_graph *graph, uint64_t *count) {
  tv_store *segments;
  tv_slice value;
  int status;
  *count = 0;
  if ((graph->features & TVI_GRAPH_HAS_SEGMENTS) == 0) return TV_OK;
  status = tvi_graph_store(graph, TVI_GRAPH_SEGMENTS, &segments);
  if (status == TV_OK) status = tvi_sealed_get(segments, tv_str("c"), &value);
  if (status == TV_NOTFOUND) return TV_OK;
  if (status == TV_ECORRUPT || (status == TV_OK && value.size != 8))
    return tvi_graph_corrupt(graph, "the number of edges in segments", 0);
  if (status == TV_OK) *count = tvi_load_be64(value.data);
  return status;
}

int tvi_range_count_add(tv_graph *graph, int64_t change) {
  unsigned char record[8];
  tv_store *segments;
  uint64_t count;
  int status = tvi_range_count(graph, &count);
  if (status == TV_OK && change < 0 && count < (uint64_t)-change)
    return tvi_graph_corrupt(graph, "the number of edges in segments", count);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_SEGMENTS, &segments);
  if (status != TV_OK) return status;
  tvi_store_be64(record, count + (uint64_t)change);
  return tvi_sealed_put(segments, tv_str("c"), tv_bytes(record, sizeof record), 0);
}
