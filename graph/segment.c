/* SPDX-License-Identifier: MIT */
/*
 * Segments as bytes: keys, decoding, searching. Rejected: neighbours as differences in variable
 * width; they halve the space and cost a factor of two to three in every traversal, and no row
 * could be entered in its middle.
 */
#include <inttypes.h>
#include <string.h>

#include "segment_internal.h"

void tvi_segment_key(unsigned char key[TVI_SEGMENT_KEY_BYTES], int direction, uint64_t block,
                     uint32_t type) {
  key[0] = direction == TV_OUT ? 'o' : 'i';
  tvi_store_be32(key + 1, (uint32_t)block);
  tvi_store_be16(key + 5, (uint16_t)type);
}

uint64_t tvi_segment_row_bytes(uint32_t nodes, uint64_t edges, uint32_t flags) {
  return TVI_SEGMENT_HEADER_BYTES + 4 * ((uint64_t)nodes + 1) +
         edges * (4 + tvi_segment_id_bytes(flags));
}

static int segment_decode_columns(tv_slice value, tvi_segment *out) {
  uint64_t left = value.size - out->bytes, bytes;
  out->directory = (const unsigned char *)value.data + out->bytes;
  bytes = tvi_segment_columns_bytes(out->directory, out->edges, left);
  if (bytes == 0) return TV_ECORRUPT;
  out->columns = tvi_load_le16(out->directory);
  out->bytes += bytes;
  return TV_OK;
}

int tvi_segment_decode(tv_slice value, tvi_segment *out) {
  const unsigned char *bytes = value.data;
  if (value.size < TVI_SEGMENT_HEADER_BYTES) return TV_ECORRUPT;
  out->flags = tvi_load_le32(bytes + 8);
  out->nodes = tvi_load_le32(bytes + 12);
  out->edges = tvi_load_le64(bytes + 16);
  out->first_edge = tvi_load_le64(bytes + 24);
  if ((out->flags & ~(uint32_t)TVI_SEGMENT_FLAGS) != 0 || out->nodes > TVI_BLOCK_NODES ||
      out->edges > UINT32_MAX || out->first_edge >= TV_EDGES_MAX)
    return TV_ECORRUPT;
  out->bytes = tvi_segment_row_bytes(out->nodes, out->edges, out->flags);
  if (out->bytes > value.size) return TV_ECORRUPT;
  out->offsets = bytes + TVI_SEGMENT_HEADER_BYTES;
  out->neighbours = out->offsets + 4 * ((size_t)out->nodes + 1);
  out->ids = out->neighbours + 4 * out->edges;
  out->columns = 0;
  return (out->flags & TVI_SEGMENT_COLUMNS) == 0 ? TV_OK : segment_decode_columns(value, out);
}

uint64_t tvi_segment_checksum(tv_slice key, const unsigned char *bytes, uint64_t size) {
  return tvi_checksum(bytes + 8, (size_t)size - 8) ^ tvi_checksum(key.data, key.size);
}

int tvi_segment_verify(tv_slice key, tv_slice value) {
  tvi_segment segment;
  if (tvi_segment_decode(value, &segment) != TV_OK) return 0;
  return tvi_load_le64(value.data) == tvi_segment_checksum(key, value.data, segment.bytes);
}

int tvi_segment_get(tv_graph *graph, int direction, uint64_t block, uint32_t type,
                    tvi_segment *out) {
  unsigned char key[TVI_SEGMENT_KEY_BYTES];
  tv_store *segments;
  tv_slice value;
  int status;
  if ((graph->features & TVI_GRAPH_HAS_SEGMENTS) == 0) return TV_NOTFOUND;
  tvi_segment_key(key, direction, block, type);
  status = tvi_graph_store(graph, TVI_GRAPH_SEGMENTS, &segments);
  if (status == TV_OK) status = tv_store_get(segments, tv_bytes(key, sizeof key), &value);
  if (status == TV_OK) status = tvi_segment_decode(value, out);
  if (status != TV_ECORRUPT) return status;
  return tvi_graph_corrupt(graph, "a segment of block", block);
}

size_t tvi_segment_lower(const tvi_segment *segment, size_t from, size_t to, tv_node neighbour,
                         tv_edge edge) {
  while (from < to) {
    size_t middle = from + (to - from) / 2;
    uint32_t found = tvi_segment_neighbour(segment, middle);
    if (found < neighbour || (found == neighbour && tvi_segment_edge(segment, middle) < edge))
      from = middle + 1;
    else
      to = middle;
  }
  return from;
}

int tvi_segment_find(tv_graph *graph, const tvi_segment *segment, tv_node node, tv_node neighbour,
                     tv_edge edge, size_t *at) {
  size_t from, to;
  if (!tvi_segment_row(segment, (uint32_t)(node & (TVI_BLOCK_NODES - 1)), &from, &to))
    return tvi_graph_corrupt(graph, "the segment of node", node);
  *at = tvi_segment_lower(segment, from, to, neighbour, edge);
  return *at < to && tvi_segment_neighbour(segment, *at) == neighbour &&
                 tvi_segment_edge(segment, *at) == edge
             ? TV_OK
             : TV_NOTFOUND;
}
