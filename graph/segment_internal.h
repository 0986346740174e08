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
 *   then    2            c: columns, 1 to 16; from here on only with TVI_SEGMENT_COLUMNS
 *   then    16 c         for each column, by ascending property:
 *             2          number of the property's name
 *             1          encoding: TVI_COLUMN_*
 *             1          flags: TVI_COLUMN_HAS_*, TVI_COLUMN_IS_*
 *             4          zero
 *             8          what is added to each value of encodings U8, U16 and U32; else 0
 *   then    for each column in turn:
 *             w m        values of 1, 2, 4 or 8 bytes; 1 where an edge has none
 *             (m + 7)/8  bits: the edge has a value; only with TVI_COLUMN_HAS_GAPS
 *             (m + 7)/8  bits: the value is an int64; only with TVI_COLUMN_HAS_INTEGERS
 *             8 m        those int64; only with TVI_COLUMN_HAS_EXACT
 *   then                 zeros, up to one of few sizes
 *
 * Part "segments" of a graph:
 *   'o' or 'i', be32 block, be16 type     a segment: edges out or in
 *   'r', be40 first edge id               sealed be40 last id, be16 type, be32 block: edges loaded
 *                                         in bulk have no record of their own, this finds them
 *   'c'                                   sealed be64: how many of those there are
 *
 * The checksum is compared by whoever rewrites a segment and by checks, not by reads; reads check
 * every place against the value's bounds.
 */
#ifndef TRIVET_SEGMENT_INTERNAL_H
#define TRIVET_SEGMENT_INTERNAL_H

#include <string.h>

#include "graph_internal.h"

#define TVI_BLOCK_BITS 12
#define TVI_BLOCK_NODES (1u << TVI_BLOCK_BITS)
#define TVI_SEGMENT_KEY_BYTES 7
#define TVI_SEGMENT_HEADER_BYTES 32
#define TVI_SEGMENT_IDS_MAX (UINT64_C(1) << 32) /* node ids in segments are below */

enum {
  TVI_SEGMENT_DENSE = 1u << 0, /* edge ids count up */
  TVI_SEGMENT_WIDE = 1u << 1,  /* edge ids have 8 bytes */
  TVI_SEGMENT_COLUMNS = 1u << 2
};
#define TVI_SEGMENT_FLAGS 7u
#define TVI_COLUMN_ENTRY_BYTES 16

typedef enum tvi_column_encoding {
  TVI_COLUMN_ONES = 0, /* no column: every value is 1; not in the file */
  TVI_COLUMN_U8 = 1,
  TVI_COLUMN_U16 = 2,
  TVI_COLUMN_U32 = 3,
  TVI_COLUMN_I64 = 4,
  TVI_COLUMN_F32 = 5,
  TVI_COLUMN_F64 = 6
} tvi_column_encoding;

enum {
  TVI_COLUMN_HAS_GAPS = 1u << 0,
  TVI_COLUMN_HAS_INTEGERS = 1u << 1, /* among doubles */
  TVI_COLUMN_HAS_EXACT = 1u << 2,    /* ... of which some are no double */
  TVI_COLUMN_IS_NEGATIVE = 1u << 3   /* a value is below 0 or not a number */
};

typedef struct tvi_segment {
  uint32_t nodes; /* rows */
  uint32_t flags;
  uint64_t edges;
  uint64_t first_edge;
  uint64_t bytes; /* without the padding */
  const unsigned char *offsets, *neighbours, *ids;
  uint32_t columns;
  const unsigned char *directory; /* of the columns */
} tvi_segment;

typedef struct tvi_segment_column {
  uint32_t property, encoding, flags;
  int64_t base;
  const unsigned char *values, *present, *integers, *exact; /* NULL: it has none */
} tvi_segment_column;

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

static inline size_t tvi_segment_id_bytes(uint32_t flags) {
  if ((flags & TVI_SEGMENT_DENSE) != 0) return 0;
  return (flags & TVI_SEGMENT_WIDE) != 0 ? 8 : 4;
}
/* Bytes before the columns or the padding. */
uint64_t tvi_segment_row_bytes(uint32_t nodes, uint64_t edges, uint32_t flags);
/* Over the key and the first `size` bytes but those of the checksum itself. */
uint64_t tvi_segment_checksum(tv_slice key, const unsigned char *bytes, uint64_t size);

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

/* ---- Columns (segment_column.c) ---- */

/* Bytes of the directory and the columns of m edges; 0 when they do not fit into `size`. */
uint64_t tvi_segment_columns_bytes(const unsigned char *directory, uint64_t m, uint64_t size);
/* The i-th column of a decoded segment. */
void tvi_segment_column_at(const tvi_segment *segment, uint32_t i, tvi_segment_column *out);
/* 1 when there is a column of that property. */
int tvi_segment_column_find(const tvi_segment *segment, uint32_t property, tvi_segment_column *out);
/* 1 when the edge at that place has a value. */
int tvi_segment_column_value(const tvi_segment_column *column, size_t at, tv_value *value);

static inline unsigned tvi_column_width(uint32_t encoding) {
  static const unsigned char widths[7] = {0, 1, 2, 4, 8, 4, 8};
  return widths[encoding];
}

/* A value of a column as algorithms read it. */
static inline double tvi_column_number(uint32_t encoding, const unsigned char *values, double base,
                                       size_t i) {
  uint32_t bits;
  float narrow;
  switch (encoding) {
    case TVI_COLUMN_U8:
      return base + values[i];
    case TVI_COLUMN_U16:
      return base + tvi_load_le16(values + 2 * i);
    case TVI_COLUMN_U32:
      return base + tvi_load_le32(values + 4 * i);
    case TVI_COLUMN_I64:
      return (double)(int64_t)tvi_load_le64(values + 8 * i);
    case TVI_COLUMN_F32:
      bits = tvi_load_le32(values + 4 * i);
      memcpy(&narrow, &bits, sizeof narrow);
      return (double)narrow;
    case TVI_COLUMN_F64:
      return tvi_load_f64(values + 8 * i);
    default:
      return 1;
  }
}

/* ---- Building (segment_rows.c) ---- */

/* The values of one property, one for each edge so far. */
typedef struct tvi_segment_values {
  uint32_t property;
  uint64_t *raw;        /* int64, or the bits of a double */
  unsigned char *types; /* tv_value_type; TV_NULL: none */
} tvi_segment_values;

/* Rows being built: edges are added in the order of node, neighbour, edge. All zero is empty. */
typedef struct tvi_segment_rows {
  uint32_t type;
  uint32_t nodes;    /* rows so far; the last may grow */
  uint32_t *offsets; /* TVI_BLOCK_NODES + 1; NULL until the first edge */
  uint32_t *neighbours;
  uint64_t *ids;
  size_t count, capacity;
  tvi_segment_values *columns; /* by ascending property */
  uint32_t column_count;
} tvi_segment_rows;

/* Makes room for more edges: adding that many does not fail. */
int tvi_segment_rows_reserve(tv_graph *graph, tvi_segment_rows *rows, size_t more);
int tvi_segment_rows_add(tv_graph *graph, tvi_segment_rows *rows, uint32_t row, tv_node neighbour,
                         tv_edge edge);
/* Gives the edge added last a value, TV_INT64 or TV_DOUBLE. */
int tvi_segment_rows_value(tv_graph *graph, tvi_segment_rows *rows, uint32_t property,
                           tv_value value);
/* Adds the edges from..to - 1 of a segment, all of one row, with their values. */
int tvi_segment_rows_copy(tv_graph *graph, tvi_segment_rows *rows, uint32_t row,
                          const tvi_segment *segment, size_t from, size_t to);
/* How far an old segment was taken over. All zero is its beginning. */
typedef struct tvi_rows_cursor {
  uint32_t row;
  size_t at;
} tvi_rows_cursor;
/* Adds the old edges up to a place of a row, or all that are left when there is no such row. */
int tvi_segment_rows_take(tv_graph *graph, tvi_segment_rows *rows, uint64_t block,
                          const tvi_segment *old, tvi_rows_cursor *cursor, uint32_t row, size_t to);
/* Forgets the edges and keeps the memory. */
void tvi_segment_rows_clear(tvi_segment_rows *rows);
/* Stores the rows as a segment, or removes it when there are none. */
int tvi_segment_rows_write(tv_graph *graph, tvi_segment_rows *rows, int direction, uint64_t block);
void tvi_segment_rows_free(tvi_segment_rows *rows);
/* Bytes that the columns take behind `m` edges, and writing them there. */
size_t tvi_rows_columns_bytes(const tvi_segment_rows *rows);
void tvi_rows_columns_fill(const tvi_segment_rows *rows, unsigned char *at);

/* ---- Merging (compact.c, merge_step.c) ---- */

static inline tvi_graph_part tvi_delta_part(int direction) {
  return direction == TV_OUT ? TVI_GRAPH_OUT : TVI_GRAPH_IN;
}
/* Merges the delta of a block; *written grows by the edges written for that. */
int tvi_block_merge(tv_graph *graph, int direction, uint64_t block, uint64_t *written);
/* The first block at or after one that has a delta. TV_END: there is none. */
int tvi_delta_block(tv_graph *graph, int direction, uint64_t from, uint64_t *block);

/* ---- Loading (segment_append.c, bulk.c, bulk_stream.c) ---- */

/* Edges with new ids on their way into the segments of one type and direction, in the order of
 * node, neighbour, id. Between two calls nothing is written to the graph but by these. */
typedef struct tvi_appender {
  tv_graph *graph;
  int direction;
  uint64_t block; /* UINT64_MAX: none yet */
  tvi_segment_rows rows;
  tvi_segment old; /* no edges: there is none */
  tvi_rows_cursor taken;
  tv_edge first, last; /* ids that the block got */
} tvi_appender;
void tvi_append_begin(tvi_appender *to, tv_graph *graph, int direction, uint32_t type);
int tvi_append_edge(tvi_appender *to, tv_node node, tv_node neighbour, tv_edge edge);
/* Writes the last block and frees what was allocated; passes a failure on. */
int tvi_append_end(tvi_appender *to, int status);
/* Counts n loaded edges, gives out their ids and enters those of them that have properties into the
 * indexes. */
int tvi_bulk_finish(tv_graph *graph, uint32_t type, tv_edge first, uint64_t n, int has_columns);

/* Edges loaded in bulk (segment_range.c). */
int tvi_range_put(tv_graph *graph, tv_edge first, tv_edge last, uint32_t type, uint64_t block);
/* TV_OK, TV_NOTFOUND, TV_ECORRUPT; a deleted one is not found. */
int tvi_range_find(tv_graph *graph, tv_edge edge, tv_edge_ref *out);
int tvi_range_count(tv_graph *graph, uint64_t *count);
int tvi_range_count_add(tv_graph *graph, int64_t change);

#endif
