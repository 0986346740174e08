/* SPDX-License-Identifier: MIT */
/*
 * Loading edge lists from text: lines are parsed here, keys become nodes through a table in memory,
 * and the edges go to tv_graph_edges_load_with or, when they exceed the memory allowed, to an
 * external sort. The text comes through a callback, since no layer of the
 * library opens files. Rejected: adding edges as they come, which cannot be written as segments.
 */
#include <inttypes.h>
#include <string.h>

#include "edge_list_internal.h"

#define LOAD_READ_BYTES ((size_t)1 << 16)

static int load_no_memory(tvi_load *load) {
  return tvi_txn_fail(load->graph->txn, TV_ENOMEM, 0, "no memory for %" PRIu64 " edges",
                      load->report->edges);
}

int tvi_load_node(tvi_load *load, tv_slice key, tv_node *node) {
  int status;
  if (TVI_LIKELY(tvi_key_table_find(&load->keys, key, node))) return TV_OK;
  status = tv_graph_node_put(load->graph, key, load->options->label, node);
  if (status == TV_OK) status = tvi_key_table_add(&load->keys, key, *node);
  if (status == TV_ENOMEM) return load_no_memory(load);
  return status != TV_ELIMIT
             ? status
             : tvi_txn_fail(load->graph->txn, TV_ELIMIT, 0,
                            "node %" PRIu64 " is beyond the ids that a load can hold", *node);
}

int tvi_load_column(tvi_load *load, tv_slice name, int32_t type, size_t field) {
  size_t i = load->column_count;
  if (i == TVI_COLUMNS_MAX)
    return tvi_txn_fail(load->graph->txn, TV_ELIMIT, 0, "the edges have more than %d numbers",
                        TVI_COLUMNS_MAX);
  load->columns[i].name = tvi_zalloc(name.size + 1);
  if (load->columns[i].name == NULL) return load_no_memory(load);
  memcpy(load->columns[i].name, name.data, name.size);
  load->columns[i].type = type;
  load->columns[i].field = field;
  load->column_count++;
  return TV_OK;
}

/* The columns as tv_graph_edges_load_with takes them. */
static tv_edges load_edges(const tvi_load *load, tv_edge_column columns[TVI_COLUMNS_MAX]) {
  tv_edges edges = {.type = load->options->type,
                    .n = load->from.size / sizeof(tv_node),
                    .from = (const tv_node *)(const void *)load->from.data,
                    .to = (const tv_node *)(const void *)load->to.data,
                    .column_count = load->column_count,
                    .columns = columns};
  size_t i;
  for (i = 0; i < load->column_count; i++)
    columns[i] = (tv_edge_column){load->columns[i].name, load->columns[i].type,
                                  load->columns[i].values.data};
  return edges;
}

/* Gives what was gathered to the external sort, and its memory back. */
static int load_begin_stream(tvi_load *load) {
  tv_edge_column columns[TVI_COLUMNS_MAX];
  tv_edges edges = load_edges(load, columns);
  uint64_t values[TVI_COLUMNS_MAX], i;
  size_t c;
  int status =
      tvi_bulk_stream_open(&load->stream, load->graph, &edges, load->options->memory_bytes_max);
  load->streaming = 1;
  for (i = 0; i < edges.n && status == TV_OK; i++) {
    for (c = 0; c < load->column_count; c++)
      memcpy(&values[c], load->columns[c].values.data + 8 * i, 8);
    status = tvi_bulk_stream_add(&load->stream, edges.from[i], edges.to[i], values);
  }
  tvi_buffer_free(&load->from);
  tvi_buffer_free(&load->to);
  for (c = 0; c < load->column_count; c++) tvi_buffer_free(&load->columns[c].values);
  return status;
}

/* 1: the arrays, and what sorting them takes, would exceed the memory allowed. */
static int load_exceeds(const tvi_load *load) {
  uint64_t edge = 2 * sizeof(tv_node) + 12 + (load->column_count == 0 ? 0 : 4) +
                  8 * (uint64_t)load->column_count;
  return load->options->memory_bytes_max != 0 &&
         load->from.size / sizeof(tv_node) * edge > load->options->memory_bytes_max;
}

int tvi_load_edge(tvi_load *load, tv_slice from, tv_slice to, const uint64_t *values) {
  tv_node ends[2] = {0, 0};
  size_t c;
  int status = tvi_load_node(load, from, &ends[0]);
  if (status == TV_OK) status = tvi_load_node(load, to, &ends[1]);
  if (status != TV_OK) return status;
  load->report->edges++;
  if (load->streaming) return tvi_bulk_stream_add(&load->stream, ends[0], ends[1], values);
  if (tvi_buffer_append(&load->from, &ends[0], sizeof ends[0]) != TV_OK ||
      tvi_buffer_append(&load->to, &ends[1], sizeof ends[1]) != TV_OK)
    return load_no_memory(load);
  for (c = 0; c < load->column_count; c++)
    if (tvi_buffer_append(&load->columns[c].values, &values[c], 8) != TV_OK)
      return load_no_memory(load);
  return load_exceeds(load) ? load_begin_stream(load) : TV_OK;
}

int tvi_load_bad(tvi_load *load, const char *problem) {
  tv_load_report *report = load->report;
  if (report->bad_lines++ == 0) report->first_bad_line = report->lines;
  if (load->options->skip_bad_lines) return TV_OK;
  return tvi_txn_fail(load->graph->txn, TV_EINVAL, 0, "line %" PRIu64 " %s", report->lines,
                      problem);
}

/* ---- Lines ---- */

static int load_one_line(tvi_load *load, const char *line, size_t size) {
  load->report->lines++;
  if (size > 0 && line[size - 1] == '\r') size--;
  switch (load->options->format) {
    case TV_LOAD_CSV:
      return tvi_load_line_csv(load, line, size);
    case TV_LOAD_MATRIX_MARKET:
      return tvi_load_line_matrix(load, line, size);
    default:
      return tvi_load_line_snap(load, line, size);
  }
}

/* Takes whole lines out of the text; what is left of the last is moved to the front. */
static int load_take_lines(tvi_load *load, int at_end) {
  const char *text = (const char *)load->text.data;
  size_t at = 0, size = load->text.size;
  int status = TV_OK;
  while (status == TV_OK && at < size) {
    const char *end = memchr(text + at, '\n', size - at);
    if (end == NULL && !at_end) break;
    if (end == NULL) end = text + size;
    status = load_one_line(load, text + at, (size_t)(end - text) - at);
    at = (size_t)(end - text) + 1;
  }
  if (at > size) at = size;
  memmove(load->text.data, load->text.data + at, size - at);
  load->text.size = size - at;
  return status;
}

static int load_read(tvi_load *load) {
  const tv_load_options *options = load->options;
  for (;;) {
    size_t got = 0;
    int status;
    if (load->text.size > LOAD_READ_BYTES * 16)
      return tvi_txn_fail(load->graph->txn, TV_ELIMIT, 0,
                          "line %" PRIu64 " is longer than a megabyte", load->report->lines + 1);
    if (tvi_buffer_reserve(&load->text, load->text.size + LOAD_READ_BYTES) != TV_OK)
      return load_no_memory(load);
    if (options->read(options->ctx, load->text.data + load->text.size, LOAD_READ_BYTES, &got) !=
            0 ||
        got > LOAD_READ_BYTES)
      return tvi_txn_fail(load->graph->txn, TV_EIO, 0,
                          "the text could not be read behind line %" PRIu64, load->report->lines);
    load->text.size += got;
    status = load_take_lines(load, got == 0);
    if (status != TV_OK || got == 0) return status;
    if (options->progress != NULL && options->progress(options->ctx, load->report) != 0)
      return tvi_txn_fail(load->graph->txn, TV_EINTR, 0, "the load was interrupted");
  }
}

static int load_write(tvi_load *load) {
  tv_edge_column columns[TVI_COLUMNS_MAX];
  tv_edges edges = load_edges(load, columns);
  return load->streaming ? tvi_bulk_stream_finish(&load->stream)
                         : tv_graph_edges_load_with(load->graph, &edges, NULL);
}

int tv_graph_load(tv_graph *graph, const tv_load_options *options, tv_load_report *report) {
  tv_load_report unused;
  tvi_load load = {.graph = graph, .options = options};
  size_t i;
  int status = tvi_graph_enter_write(graph);
  load.report = report != NULL ? report : &unused;
  *load.report = (tv_load_report){0};
  if (status != TV_OK) return status;
  if (options == NULL || options->read == NULL || options->format < TV_LOAD_SNAP ||
      options->format > TV_LOAD_MATRIX_MARKET)
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "tv_graph_load: the format or read is wrong");
  if (options->weight != NULL && options->format != TV_LOAD_CSV)
    status = tvi_load_column(&load, tv_str(options->weight), TV_DOUBLE, 2);
  if (status == TV_OK) status = load_read(&load);
  if (status == TV_OK) status = tvi_load_matrix_end(&load);
  if (status == TV_OK) status = load_write(&load);
  tvi_buffer_free(&load.text);
  tvi_key_table_free(&load.keys);
  tvi_bulk_stream_close(&load.stream);
  for (i = 0; i < load.column_count; i++) {
    tvi_free(load.columns[i].name);
    tvi_buffer_free(&load.columns[i].values);
  }
  tvi_buffer_free(&load.from);
  tvi_buffer_free(&load.to);
  return status;
}
