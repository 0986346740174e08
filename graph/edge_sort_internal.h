/* SPDX-License-Identifier: MIT */
/*
 * Sorting more edges than fit into memory (edge_sort.c) and loading them (bulk_stream.c).
 */
#ifndef TRIVET_EDGE_SORT_INTERNAL_H
#define TRIVET_EDGE_SORT_INTERNAL_H

#include "segment_internal.h"

/* An edge on its way: a node, its neighbour, and what else belongs to the edge. */
typedef struct tvi_sort_edge {
  uint64_t place; /* node << 32 | neighbour: the order */
  uint64_t edge;
  uint64_t values[TVI_COLUMNS_MAX]; /* as many as the sort has columns */
} tvi_sort_edge;

/* Edges of equal place keep the order in which they were added. */
typedef struct tvi_edge_sort {
  tv_graph *graph;
  size_t record; /* bytes of each */
  size_t capacity, count;
  unsigned char *records, *scratch; /* capacity of each */
  tvi_spill spill;
  tvi_buffer runs; /* sort_run */
  /* Once it is read: */
  uint32_t *heap; /* runs by their first record */
  size_t heap_size, next;
} tvi_edge_sort;

/* memory: bytes that it may take, at least some pages. */
int tvi_edge_sort_open(tvi_edge_sort *sort, tv_graph *graph, size_t columns, uint64_t memory);
int tvi_edge_sort_add(tvi_edge_sort *sort, const tvi_sort_edge *edge);
/* After the last: it is read from now on. */
int tvi_edge_sort_finish(tvi_edge_sort *sort);
/* TV_OK, TV_END, a failure. */
int tvi_edge_sort_next(tvi_edge_sort *sort, tvi_sort_edge *edge);
/* Closing one that was only zeroed is allowed. */
void tvi_edge_sort_close(tvi_edge_sort *sort);

/* Edges of one type that come one by one and may exceed memory. */
typedef struct tvi_bulk_stream {
  tv_graph *graph;
  uint32_t type;
  uint64_t n;
  uint64_t memory;
  size_t column_count;
  uint32_t columns[TVI_COLUMNS_MAX]; /* numbers of properties */
  int32_t types[TVI_COLUMNS_MAX];
  tvi_edge_sort out, in;
} tvi_bulk_stream;

/* The columns' names, types; their values are not looked at. */
int tvi_bulk_stream_open(tvi_bulk_stream *stream, tv_graph *graph, const tv_edges *edges,
                         uint64_t memory);
/* values: one for each column, an int64 or the bits of a double. */
int tvi_bulk_stream_add(tvi_bulk_stream *stream, tv_node from, tv_node to, const uint64_t *values);
/* Writes the segments; *first gets the first edge's id. */
int tvi_bulk_stream_finish(tvi_bulk_stream *stream);
void tvi_bulk_stream_close(tvi_bulk_stream *stream);

/* Interns the names of columns and makes them columns of the graph (bulk.c). */
int tvi_bulk_columns(tv_graph *graph, const tv_edges *edges, uint32_t columns[TVI_COLUMNS_MAX]);

#endif
