/* SPDX-License-Identifier: MIT */
/*
 * Segments: the edges of one type and direction at a block of consecutive node ids, as compressed
 * sparse rows in one large value that is read where it lies. All numbers are little-endian.
 *
 *   offset  size         what
 *   0       8            XXH3-64 over the key and the bytes from offset 8 up to the padding
 *   8       4            flags: TVI_SEGMENT_*
 *   12      4            n: rows; nodes of the block beyond them have no edges
 *   16      8            m: edges
 *   24      8            first edge id; only with TVI_SEGMENT_DENSE, else 0
 *   32      4 (n + 1)    where each row begins, and m
 *   then    4 m          neighbours; a row is in the order of neighbour, then edge id
 *   then    4 m or 8 m   edge ids; not with TVI_SEGMENT_DENSE: there they count up from the first
 *   then                 zeros, up to one of few sizes
 *
 * Part "segments" of a graph:
 *   'o' or 'i', be32 block, be16 type     a segment: edges out or in
 *   'r', be40 first edge id               sealed be40 last id, be16 type, be32 block: edges loaded
 * in bulk have no record of their own, this finds them 'c'                                   sealed
 * be64: how many of those there are
 *
 * The checksum is compared by whoever rewrites a segment and by checks, not by reads; reads check
 * every place against the value's bounds.
 */
#ifndef TRIVET_SEGMENT_INTERNAL_H
#define TRIVET_SEGMENT_INTERNAL_H

#include "graph_internal.h"

#define TVI_BLOCK_BITS 12
#define TVI_BLOCK_NODES (1u << TVI_BLOCK_BITS)
#define TVI_SEGMENT_KEY_BYTES 7
#define TVI_SEGMENT_HEADER_BYTES 32
#define TVI_SEGMENT_IDS_MAX (UINT64_C(1) << 32) /* node ids in segments are below */

enum {
  TVI_SEGMENT_DENSE = 1u << 0, /* edge ids count up */
  TVI_SEGMENT_WIDE = 1u << 1   /* edge ids have 8 bytes */
};

typedef struct tvi_segment {
  uint32_t nodes; /* rows */
  uint32_t flags;
  uint64_t edges;
  uint64_t first_edge;
  const unsigned char *offsets, *neighbours, *ids;
} tvi_segment;

static inline uint64_t tvi_block_of(tv_node node) {
  return node >> TVI_BLOCK_BITS;
}

static inline uint32_t tvi_segment_neighbour(const tvi_segment *segment, size_t at) {
  return tvi_load_le32(segment->neighbours + 4 * at);
}

static inline tv_edge tvi_segment_edge(const tvi_segment *segment, size_t at) {
  if ((segment->flags & TVI_SEGMENT_DENSE) != 0) return segment->first_edge + at;
  if ((segment->flags & TVI_SEGMENT_WIDE) != 0) return tvi_load_le64(segment->ids + 8 * at);
  return tvi_load_le32(segment->ids + 4 * at);
}

/* The row of a node of the block, by its low bits. 0 when the segment is damaged there. */
static inline int tvi_segment_row(const tvi_segment *segment, uint32_t row, size_t *from,
                                  size_t *to) {
  if (row >= segment->nodes) {
    *from = *to = 0;
    return 1;
  }
  *from = tvi_load_le32(segment->offsets + 4 * (size_t)row);
  *to = tvi_load_le32(segment->offsets + 4 * (size_t)row + 4);
  return *from <= *to && *to <= segment->edges;
}

void tvi_segment_key(unsigned char key[TVI_SEGMENT_KEY_BYTES], int direction, uint64_t block,
                     uint32_t type);
/* TV_OK or TV_ECORRUPT (no message). */
int tvi_segment_decode(tv_slice value, tvi_segment *out);
/* 1 when the checksum is that of the bytes. */
int tvi_segment_verify(tv_slice key, tv_slice value);
/* TV_OK; TV_NOTFOUND (no message): there is none; TV_ECORRUPT. Borrowed. */
int tvi_segment_get(tv_graph *graph, int direction, uint64_t block, uint32_t type,
                    tvi_segment *out);
/* The place of an edge in its row. TV_OK, TV_NOTFOUND, TV_ECORRUPT. */
int tvi_segment_find(tv_graph *graph, const tvi_segment *segment, tv_node node, tv_node neighbour,
                     tv_edge edge, size_t *at);
/* The first place of a row whose (neighbour, edge) is at least that. */
size_t tvi_segment_lower(const tvi_segment *segment, size_t from, size_t to, tv_node neighbour,
                         tv_edge edge);

/* Rows being built: edges are added in the order of node, neighbour, edge. All zero is empty. */
typedef struct tvi_segment_rows {
  uint32_t type;
  uint32_t nodes;        /* rows so far; the last may grow */
  uint32_t *offsets;     /* TVI_BLOCK_NODES + 1; NULL until the first edge */
  tvi_buffer neighbours; /* uint32_t */
  tvi_buffer ids;        /* uint64_t */
} tvi_segment_rows;

int tvi_segment_rows_add(tv_graph *graph, tvi_segment_rows *rows, uint32_t row, tv_node neighbour,
                         tv_edge edge);
/* Stores the rows as a segment, or removes it when there are none. */
int tvi_segment_rows_write(tv_graph *graph, const tvi_segment_rows *rows, int direction,
                           uint64_t block);
void tvi_segment_rows_free(tvi_segment_rows *rows);

/* Edges loaded in bulk (segment_range.c). */
int tvi_range_put(tv_graph *graph, tv_edge first, tv_edge last, uint32_t type, uint64_t block);
/* TV_OK, TV_NOTFOUND, TV_ECORRUPT; a deleted one is not found. */
int tvi_range_find(tv_graph *graph, tv_edge edge, tv_edge_ref *out);
int tvi_range_count(tv_graph *graph, uint64_t *count);
int tvi_range_count_add(tv_graph *graph, int64_t change);

#endif
