/* SPDX-License-Identifier: MIT */
/*
 * Loading edges that come one by one and may exceed memory: they are sorted by source and written
 * as segments, which gives them their ids, and on the way sorted by target for the other direction.
 * Rejected: sorting both at once; the ids that the second direction needs are known only in the
 * order of the first.
 */
#include <inttypes.h>
#include <string.h>

#include "edge_sort_internal.h"

int tvi_bulk_stream_open(tvi_bulk_stream *stream, tv_graph *graph, const tv_edges *edges,
                         uint64_t memory) {
  size_t i;
  int status;
  *stream = (tvi_bulk_stream){.graph = graph, .column_count = edges->column_count};
  stream->memory = memory / 2; /* both sorts have memory while the first is read */
  status = tvi_name_intern(graph, TVI_NAME_TYPE, edges->type, &stream->type);
  if (status == TV_OK) status = tvi_bulk_columns(graph, edges, stream->columns);
  for (i = 0; i < edges->column_count && status == TV_OK; i++)
    stream->types[i] = edges->columns[i].type;
  if (status != TV_OK) return status;
  return tvi_edge_sort_open(&stream->out, graph, stream->column_count, stream->memory);
}

int tvi_bulk_stream_add(tvi_bulk_stream *stream, tv_node from, tv_node to, const uint64_t *values) {
  tvi_sort_edge edge = {.place = from << 32 | to};
  if (from >= UINT32_MAX || to >= UINT32_MAX || stream->n >= TV_EDGES_MAX)
    return tvi_txn_fail(
        stream->graph->txn, TV_ELIMIT, 0,
        "an edge between nodes %" PRIu64 " and %" PRIu64 " is more than a load can hold", from, to);
  if (stream->column_count != 0) memcpy(edge.values, values, 8 * stream->column_count);
  stream->n++;
  return tvi_edge_sort_add(&stream->out, &edge);
}

static int stream_put(tvi_bulk_stream *stream, tvi_appender *to, const tvi_sort_edge *edge) {
  size_t i;
  int status = tvi_append_edge(to, edge->place >> 32, edge->place & UINT32_MAX, edge->edge);
  for (i = 0; i < stream->column_count && status == TV_OK; i++) {
    tv_value value = {stream->types[i], {0}};
    memcpy(&value.as.integer, &edge->values[i], 8);
    status = tvi_segment_rows_value(stream->graph, &to->rows, stream->columns[i], value);
  }
  return status;
}

static int stream_out(tvi_bulk_stream *stream, tv_edge first) {
  tvi_appender to;
  tvi_sort_edge edge;
  int status = tvi_edge_sort_finish(&stream->out);
  tvi_append_begin(&to, stream->graph, TV_OUT, stream->type);
  while (status == TV_OK && (status = tvi_edge_sort_next(&stream->out, &edge)) == TV_OK) {
    edge.edge = first++;
    status = stream_put(stream, &to, &edge);
    edge.place = edge.place << 32 | edge.place >> 32;
    if (status == TV_OK) status = tvi_edge_sort_add(&stream->in, &edge);
  }
  status = tvi_append_end(&to, status == TV_END ? TV_OK : status);
  tvi_edge_sort_close(&stream->out);
  return status;
}

static int stream_in(tvi_bulk_stream *stream) {
  tvi_appender to;
  tvi_sort_edge edge;
  int status = tvi_edge_sort_finish(&stream->in);
  tvi_append_begin(&to, stream->graph, TV_IN, stream->type);
  while (status == TV_OK && (status = tvi_edge_sort_next(&stream->in, &edge)) == TV_OK)
    status = stream_put(stream, &to, &edge);
  return tvi_append_end(&to, status == TV_END ? TV_OK : status);
}

int tvi_bulk_stream_finish(tvi_bulk_stream *stream) {
  tv_graph *graph = stream->graph;
  tv_edge first;
  int status = tvi_edge_ids(graph, &first);
  if (status != TV_OK || stream->n == 0) return status;
  if (stream->n > TV_EDGES_MAX - first)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "there are no ids for %" PRIu64 " more edges",
                        stream->n);
  status = tvi_graph_add_feature(graph, TVI_GRAPH_HAS_SEGMENTS, TVI_GRAPH_SEGMENTS);
  if (status == TV_OK)
    status = tvi_edge_sort_open(&stream->in, graph, stream->column_count, stream->memory);
  if (status == TV_OK) status = stream_out(stream, first);
  if (status == TV_OK) status = stream_in(stream);
  if (status != TV_OK) return status;
  return tvi_bulk_finish(graph, stream->type, first, stream->n, stream->column_count != 0);
}

void tvi_bulk_stream_close(tvi_bulk_stream *stream) {
  tvi_edge_sort_close(&stream->out);
  tvi_edge_sort_close(&stream->in);
}
