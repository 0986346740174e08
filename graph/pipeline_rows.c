/* SPDX-License-Identifier: MIT */
/*
 * Rows of a traversal and the ways by which they came. A way is kept as entries that point to the
 * one before, shared by all rows that came by it and counted, so that a row costs one entry
 * whatever its length. Rejected: an array of nodes and edges in each row, which copies a path once
 * for every edge at its end.
 */
#include <inttypes.h>

#include "pipeline_internal.h"

#define PIPE_ROWS_FIRST 4
#define PIPE_TRAILS_FIRST 64

int tvi_pipe_no_memory(tv_traversal *t) {
  return tvi_txn_fail(t->graph->txn, TV_ENOMEM, 0, "no memory for a traversal of %" PRIu64 " rows",
                      t->live);
}

int tvi_pipe_frontier_full(tv_traversal *t) {
  return tvi_txn_fail(t->graph->txn, TV_ELIMIT, 0, "the traversal holds more than %" PRIu64 " rows",
                      t->given.frontier_max);
}

int tvi_pipe_grow(tv_traversal *t, tvi_pipe_batch *batch) {
  size_t capacity = batch->capacity == 0 ? PIPE_ROWS_FIRST : batch->capacity * 2;
  tvi_pipe_row *rows = tvi_realloc(batch->rows, capacity * sizeof *rows);
  if (rows == NULL) return tvi_pipe_no_memory(t);
  batch->rows = rows;
  batch->capacity = capacity;
  return TV_OK;
}

void tvi_pipe_batch_free(tvi_pipe_batch *batch) {
  tvi_free(batch->rows);
  *batch = (tvi_pipe_batch){0};
}

int tvi_pipe_sort(tv_traversal *t, tvi_pipe_batch *batch) {
  tvi_pipe_row *scratch = NULL;
  uint64_t ids;
  size_t i;
  int status = tvi_node_ids(t->graph, &ids);
  if (status != TV_OK) return status;
  for (i = 1; i < batch->n && batch->rows[i - 1].node <= batch->rows[i].node; i++) continue;
  if (i >= batch->n) return TV_OK;
  scratch = tvi_alloc(batch->n * sizeof *scratch);
  if (scratch == NULL) return tvi_pipe_no_memory(t);
  tvi_pipe_rows_sort(batch->rows, scratch, batch->n, ids);
  tvi_free(scratch);
  return TV_OK;
}

/* ---- Trails ---- */

static int pipe_trails_grow(tv_traversal *t) {
  uint32_t capacity = t->trail_capacity == 0 ? PIPE_TRAILS_FIRST : t->trail_capacity * 2;
  tvi_pipe_step *trails;
  if (capacity < t->trail_capacity)
    return tvi_txn_fail(t->graph->txn, TV_ELIMIT, 0, "the paths of a traversal have 2^32 steps");
  trails = tvi_realloc(t->trails, (size_t)capacity * sizeof *trails);
  if (trails == NULL) return tvi_pipe_no_memory(t);
  t->trails = trails;
  t->trail_capacity = capacity;
  return TV_OK;
}

int tvi_pipe_trail(tv_traversal *t, tvi_pipe_row *row, uint32_t parent) {
  uint32_t at = t->trail_free;
  tvi_pipe_step *entry;
  row->trail = TVI_PIPE_TRAIL_NONE;
  if (at != TVI_PIPE_TRAIL_NONE) {
    t->trail_free = t->trails[at].parent;
  } else {
    int status = t->trail_count == t->trail_capacity ? pipe_trails_grow(t) : TV_OK;
    if (status != TV_OK) return status;
    at = t->trail_count++;
  }
  entry = &t->trails[at];
  entry->node = row->node;
  entry->edge = row->edge;
  entry->type = row->type;
  entry->outward = row->outward;
  entry->parent = parent;
  entry->refs = 1;
  tvi_pipe_trail_hold(t, parent);
  row->trail = at;
  return TV_OK;
}

void tvi_pipe_trail_release(tv_traversal *t, uint32_t trail) {
  while (trail != TVI_PIPE_TRAIL_NONE && --t->trails[trail].refs == 0) {
    uint32_t parent = t->trails[trail].parent;
    t->trails[trail].parent = t->trail_free;
    t->trail_free = trail;
    trail = parent;
  }
}

/* Writes the way to a row into the traversal's arrays, from its end to its start. */
static int pipe_show_path(tv_traversal *t, const tvi_pipe_row *row) {
  uint32_t at = row->trail, i = row->depth;
  tv_node *nodes;
  tv_edge_ref *edges;
  if (tvi_buffer_reserve(&t->path_nodes, ((size_t)i + 1) * sizeof *nodes) != TV_OK ||
      tvi_buffer_reserve(&t->path_edges, ((size_t)i + 1) * sizeof *edges) != TV_OK)
    return tvi_pipe_no_memory(t);
  nodes = (tv_node *)(void *)t->path_nodes.data;
  edges = (tv_edge_ref *)(void *)t->path_edges.data;
  for (;;) {
    const tvi_pipe_step *entry = &t->trails[at];
    tvi_pipe_row step = {.node = entry->node, .edge = entry->edge, .type = entry->type};
    nodes[i] = entry->node;
    if (i == 0) break;
    step.outward = entry->outward;
    step.from = t->trails[entry->parent].node;
    edges[--i] = tvi_pipe_edge(&step);
    at = entry->parent;
  }
  t->path = (tv_path){row->depth, nodes, edges};
  return TV_OK;
}

int tvi_pipe_show(tv_traversal *t, const tvi_pipe_row *row, tv_row *out) {
  int status = TV_OK;
  *out = (tv_row){.node = row->node, .depth = row->depth};
  if (row->depth != 0) out->edge = tvi_pipe_edge(row);
  if ((t->flags & TV_TRAVERSE_PATHS) == 0) return TV_OK;
  status = pipe_show_path(t, row);
  out->path = &t->path;
  return status;
}
