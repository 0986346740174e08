/* SPDX-License-Identifier: MIT */
/*
 * Segments as bytes: keys, decoding, building. Rejected: neighbours as differences in variable
 * width; they halve the space and cost a factor of two to three in every traversal, and no row
 * could be entered in its middle.
 */
#include <inttypes.h>
#include <string.h>

#include "segment_internal.h"

/* The smallest value: it must have pages of its own, so that it is read in place. */
#define SEGMENT_BYTES_MIN 4080

void tvi_segment_key(unsigned char key[TVI_SEGMENT_KEY_BYTES], int direction, uint64_t block,
                     uint32_t type) {
  key[0] = direction == TV_OUT ? 'o' : 'i';
  tvi_store_be32(key + 1, (uint32_t)block);
  tvi_store_be16(key + 5, (uint16_t)type);
}

static size_t segment_id_bytes(uint32_t flags) {
  if ((flags & TVI_SEGMENT_DENSE) != 0) return 0;
  return (flags & TVI_SEGMENT_WIDE) != 0 ? 8 : 4;
}

/* Bytes before the padding. */
static uint64_t segment_bytes(uint32_t nodes, uint64_t edges, uint32_t flags) {
  return TVI_SEGMENT_HEADER_BYTES + 4 * ((uint64_t)nodes + 1) +
         edges * (4 + segment_id_bytes(flags));
}

int tvi_segment_decode(tv_slice value, tvi_segment *out) {
  const unsigned char *bytes = value.data;
  if (value.size < TVI_SEGMENT_HEADER_BYTES) return TV_ECORRUPT;
  out->flags = tvi_load_le32(bytes + 8);
  out->nodes = tvi_load_le32(bytes + 12);
  out->edges = tvi_load_le64(bytes + 16);
  out->first_edge = tvi_load_le64(bytes + 24);
  if ((out->flags & ~(uint32_t)(TVI_SEGMENT_DENSE | TVI_SEGMENT_WIDE)) != 0 ||
      out->nodes > TVI_BLOCK_NODES || out->edges > UINT32_MAX || out->first_edge >= TV_EDGES_MAX ||
      segment_bytes(out->nodes, out->edges, out->flags) > value.size)
    return TV_ECORRUPT;
  out->offsets = bytes + TVI_SEGMENT_HEADER_BYTES;
  out->neighbours = out->offsets + 4 * ((size_t)out->nodes + 1);
  out->ids = out->neighbours + 4 * out->edges;
  return TV_OK;
}

static uint64_t segment_checksum(tv_slice key, const unsigned char *bytes, uint64_t size) {
  return tvi_checksum(bytes + 8, (size_t)size - 8) ^ tvi_checksum(key.data, key.size);
}

int tvi_segment_verify(tv_slice key, tv_slice value) {
  tvi_segment segment;
  if (tvi_segment_decode(value, &segment) != TV_OK) return 0;
  return tvi_load_le64(value.data) ==
         segment_checksum(key, value.data,
                          segment_bytes(segment.nodes, segment.edges, segment.flags));
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

/* ---- Building ---- */

static int segment_no_memory(tv_graph *graph, int status) {
  return tvi_txn_fail(graph->txn, status, 0, "no memory for a segment");
}

int tvi_segment_rows_add(tv_graph *graph, tvi_segment_rows *rows, uint32_t row, tv_node neighbour,
                         tv_edge edge) {
  uint32_t narrow = (uint32_t)neighbour;
  size_t count = rows->neighbours.size / sizeof narrow;
  int status;
  if (neighbour >= TVI_SEGMENT_IDS_MAX)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0,
                        "node %" PRIu64 " is beyond the ids that a segment can hold", neighbour);
  if (count == UINT32_MAX)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "a segment cannot hold more edges");
  if (rows->offsets == NULL) {
    rows->offsets = tvi_alloc((TVI_BLOCK_NODES + 1) * sizeof *rows->offsets);
    if (rows->offsets == NULL) return segment_no_memory(graph, TV_ENOMEM);
  }
  while (rows->nodes <= row) rows->offsets[rows->nodes++] = (uint32_t)count;
  status = tvi_buffer_append(&rows->neighbours, &narrow, sizeof narrow);
  if (status == TV_OK) status = tvi_buffer_append(&rows->ids, &edge, sizeof edge);
  return status == TV_OK ? TV_OK : segment_no_memory(graph, status);
}

static uint64_t segment_id_at(const tvi_segment_rows *rows, size_t at) {
  uint64_t id;
  memcpy(&id, rows->ids.data + at * sizeof id, sizeof id);
  return id;
}

static uint32_t segment_flags(const tvi_segment_rows *rows, size_t count) {
  uint32_t flags = TVI_SEGMENT_DENSE;
  uint64_t first = segment_id_at(rows, 0);
  size_t i;
  for (i = 0; i < count; i++) {
    uint64_t id = segment_id_at(rows, i);
    if (id != first + i) flags &= ~(uint32_t)TVI_SEGMENT_DENSE;
    if (id > UINT32_MAX) flags |= TVI_SEGMENT_WIDE;
  }
  return (flags & TVI_SEGMENT_DENSE) != 0 ? (uint32_t)TVI_SEGMENT_DENSE : flags;
}

/* Eight sizes for each doubling: a value that is replaced by one of about its size leaves a hole
 * that fits the next, and padding takes 6 % on average. */
static size_t segment_size_class(uint64_t bytes) {
  uint64_t step = SEGMENT_BYTES_MIN + 16;
  if (bytes <= SEGMENT_BYTES_MIN) return SEGMENT_BYTES_MIN;
  while (step * 16 <= bytes) step *= 2;
  return (size_t)((bytes + 16 + step - 1) / step * step - 16);
}

static void segment_fill(const tvi_segment_rows *rows, size_t count, uint32_t flags,
                         unsigned char *bytes) {
  unsigned char *at = bytes + TVI_SEGMENT_HEADER_BYTES;
  size_t i, width = segment_id_bytes(flags);
  tvi_store_le32(bytes + 8, flags);
  tvi_store_le32(bytes + 12, rows->nodes);
  tvi_store_le64(bytes + 16, count);
  tvi_store_le64(bytes + 24, width == 0 ? segment_id_at(rows, 0) : 0);
  for (i = 0; i < rows->nodes; i++, at += 4) tvi_store_le32(at, rows->offsets[i]);
  tvi_store_le32(at, (uint32_t)count);
  at += 4;
  for (i = 0; i < count; i++, at += 4) {
    uint32_t neighbour;
    memcpy(&neighbour, rows->neighbours.data + 4 * i, sizeof neighbour);
    tvi_store_le32(at, neighbour);
  }
  for (i = 0; i < count && width != 0; i++, at += width) {
    if (width == 8)
      tvi_store_le64(at, segment_id_at(rows, i));
    else
      tvi_store_le32(at, (uint32_t)segment_id_at(rows, i));
  }
}

int tvi_segment_rows_write(tv_graph *graph, const tvi_segment_rows *rows, int direction,
                           uint64_t block) {
  unsigned char key[TVI_SEGMENT_KEY_BYTES], *bytes;
  size_t count = rows->neighbours.size / sizeof(uint32_t), size;
  uint64_t used;
  uint32_t flags;
  tv_store *segments;
  int status = tvi_graph_store(graph, TVI_GRAPH_SEGMENTS, &segments);
  tvi_segment_key(key, direction, block, rows->type);
  if (status != TV_OK) return status;
  if (count == 0) {
    status = tv_store_delete(segments, tv_bytes(key, sizeof key));
    return status == TV_NOTFOUND ? TV_OK : status;
  }
  flags = segment_flags(rows, count);
  used = segment_bytes(rows->nodes, count, flags);
  size = segment_size_class(used);
  bytes = tvi_alloc(size);
  if (bytes == NULL) return segment_no_memory(graph, TV_ENOMEM);
  memset(bytes + used, 0, size - used);
  segment_fill(rows, count, flags, bytes);
  tvi_store_le64(bytes, segment_checksum(tv_bytes(key, sizeof key), bytes, used));
  status = tv_store_put(segments, tv_bytes(key, sizeof key), tv_bytes(bytes, size), 0);
  tvi_free(bytes);
  return status;
}

void tvi_segment_rows_free(tvi_segment_rows *rows) {
  tvi_free(rows->offsets);
  tvi_buffer_free(&rows->neighbours);
  tvi_buffer_free(&rows->ids);
  *rows = (tvi_segment_rows){0};
}
