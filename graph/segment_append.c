/* SPDX-License-Identifier: MIT */
/*
 * New edges into segments, in order, a block after the other: what a block's segment holds already
 * is taken over between them. New ids are higher than all old ones, so of equal neighbours the old
 * edges come first. Rejected: writing a second segment for what is loaded; every reader would have
 * to merge them.
 */
#include "adjacency_internal.h"

void tvi_append_begin(tvi_appender *to, tv_graph *graph, int direction, uint32_t type) {
  *to = (tvi_appender){.graph = graph, .direction = direction, .block = UINT64_MAX};
  to->rows.type = type;
}

static int append_finish_block(tvi_appender *to) {
  int status;
  if (to->block == UINT64_MAX) return TV_OK;
  status =
      tvi_segment_rows_take(to->graph, &to->rows, to->block, &to->old, &to->taken, UINT32_MAX, 0);
  if (status == TV_OK)
    status = tvi_segment_rows_write(to->graph, &to->rows, to->direction, to->block);
  if (status == TV_OK && to->direction == TV_OUT)
    status = tvi_range_put(to->graph, to->first, to->last, to->rows.type, to->block);
  tvi_segment_rows_clear(&to->rows);
  return status;
}

static int append_enter_block(tvi_appender *to, uint64_t block, tv_edge edge) {
  int status = append_finish_block(to);
  to->block = block;
  to->first = edge;
  to->taken = (tvi_rows_cursor){0, 0};
  if (status == TV_OK)
    status = tvi_segment_get(to->graph, to->direction, block, to->rows.type, &to->old);
  if (status != TV_NOTFOUND) return status;
  to->old = (tvi_segment){0};
  return TV_OK;
}

/* Takes over the old edges that come before a new one. */
static int append_take(tvi_appender *to, uint32_t row, tv_node neighbour) {
  size_t from, end;
  if (!tvi_segment_row(&to->old, row, &from, &end))
    return tvi_graph_corrupt(to->graph, "a segment of block", to->block);
  from = tvi_segment_lower(&to->old, from, end, neighbour, TV_EDGES_MAX);
  return tvi_segment_rows_take(to->graph, &to->rows, to->block, &to->old, &to->taken, row, from);
}

int tvi_append_edge(tvi_appender *to, tv_node node, tv_node neighbour, tv_edge edge) {
  uint32_t row = (uint32_t)(node & (TVI_BLOCK_NODES - 1));
  int status = TV_OK;
  if (TVI_UNLIKELY(tvi_block_of(node) != to->block)) {
    status = append_enter_block(to, tvi_block_of(node), edge);
    if (status != TV_OK) return status;
  }
  if (to->old.edges != 0) status = append_take(to, row, neighbour);
  to->last = edge;
  return status == TV_OK ? tvi_segment_rows_add(to->graph, &to->rows, row, neighbour, edge)
                         : status;
}

int tvi_append_end(tvi_appender *to, int status) {
  if (status == TV_OK) status = append_finish_block(to);
  tvi_segment_rows_free(&to->rows);
  return status;
}

/* ---- What follows a load ---- */

static int append_index_run(tv_graph *graph, const tvi_adj_run *run, tv_edge first) {
  size_t i;
  int status = TV_OK;
  for (i = 0; i < run->n && status == TV_OK; i++) {
    tv_edge_ref ref = tvi_adj_ref(run, i, TV_OUT);
    tv_slice list;
    if (ref.edge < first) continue;
    status = tvi_edge_list(graph, &ref, &list);
    if (status == TV_OK) status = tvi_index_note_edge(graph, &ref, NULL, &list);
    if (status == TV_OK) status = tvi_index_apply(graph);
  }
  return status;
}

/* Enters edges into the indexes of edges, one by one. */
static int append_index(tv_graph *graph, uint32_t type, tv_edge first) {
  tvi_type_set all = {0};
  tvi_adj_reader reader;
  tvi_adj_run run;
  int status = tvi_adj_open(&reader, graph, TV_OUT, &all);
  if (status != TV_OK) return status;
  reader.raw = 1;
  status = tvi_adj_scan(&reader, NULL);
  while (status == TV_OK && (status = tvi_adj_next(&reader, &run)) == TV_OK)
    if (run.type == type) status = append_index_run(graph, &run, first);
  tvi_adj_close(&reader);
  return status == TV_END ? TV_OK : status;
}

int tvi_bulk_finish(tv_graph *graph, uint32_t type, tv_edge first, uint64_t n, int has_columns) {
  int status = tvi_range_count_add(graph, (int64_t)n);
  if (status == TV_OK) status = tvi_edge_ids_skip(graph, n);
  if (status != TV_OK || !has_columns || graph->edge_indexes == 0) return status;
  return append_index(graph, type, first);
}
