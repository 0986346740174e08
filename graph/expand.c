/* SPDX-License-Identifier: MIT */
/*
 * One step: the edges at a node, at a whole frontier, and all edges. Rejected: a public iterator
 * beside the callbacks; it would have to survive writes and hold a cursor for each step of a
 * traversal, where a callback's frame ends with the call.
 */
#include "adjacency_internal.h"

/* A node without edges is looked up only then: an edge proves that its ends exist. */
static int expand_no_edges(tv_graph *graph, tv_node node, uint64_t seen) {
  return seen != 0 ? TV_OK : tvi_node_check(graph, node);
}

static int expand_one(tvi_adj_reader *reader, tv_node node, tv_edge_fn visit, void *ctx,
                      uint64_t *seen) {
  tvi_adj_run run;
  int status;
  tvi_adj_seek(reader, node);
  while ((status = tvi_adj_next(reader, &run)) == TV_OK) {
    size_t i;
    *seen += run.n;
    if (visit == NULL) continue;
    for (i = 0; i < run.n; i++) {
      tv_edge_ref ref = tvi_adj_ref(&run, i, reader->direction);
      if (visit(ctx, &ref) != 0) return TV_STOP;
    }
  }
  return status == TV_END ? TV_OK : status;
}

static int expand_at(tv_graph *graph, tv_node node, int direction, tv_types types, tv_edge_fn visit,
                     void *ctx, uint64_t *seen) {
  tvi_type_set set = {0};
  tvi_adj_pair pair;
  size_t d;
  int status = tvi_graph_enter(graph);
  if (status != TV_OK) return status;
  if (node >= TV_NODES_MAX) return tvi_graph_no_node(graph, node);
  status = tvi_type_set_open(graph, types, &set);
  if (status != TV_OK) return status;
  *seen = 0;
  status = tvi_adj_pair_open(&pair, graph, direction, &set);
  if (status == TV_OK) {
    graph->traversals++;
    for (d = 0; d < pair.n && status == TV_OK; d++)
      status = expand_one(&pair.readers[d], node, visit, ctx, seen);
    graph->traversals--;
    tvi_adj_pair_close(&pair);
    if (status == TV_OK) status = expand_no_edges(graph, node, *seen);
  }
  tvi_type_set_close(&set);
  return status;
}

int tv_graph_edges_at(tv_graph *graph, tv_node node, int direction, tv_types types,
                      tv_edge_fn visit, void *ctx) {
  uint64_t seen;
  return expand_at(graph, node, direction, types, visit, ctx, &seen);
}

int tv_graph_degree(tv_graph *graph, tv_node node, int direction, tv_types types,
                    uint64_t *degree) {
  return expand_at(graph, node, direction, types, NULL, NULL, degree);
}

/* Stands before the edges of `type` or above from `from` to `to`. */
static void expand_seek_between(tvi_adj_reader *reader, tv_node from, tv_node to, uint32_t type) {
  tv_edge_ref after = {from, to, TV_EDGES_MAX - 1, type};
  if (to > 0) {
    after.to = to - 1;
  } else if (type > 0) {
    after.to = TV_NODES_MAX - 1;
    after.type = type - 1;
  } else {
    tvi_adj_seek(reader, from);
    return;
  }
  tvi_adj_seek_after(reader, from, &after);
}

/* One run of edges to `to` or beyond. *type: from where to go on when all to `to` were seen. */
static int expand_run_between(const tvi_adj_run *run, tv_node to, tv_edge_fn visit, void *ctx,
                              uint32_t *type) {
  size_t i;
  for (i = 0; i < run->n; i++) {
    tv_edge_ref ref = tvi_adj_ref(run, i, TV_OUT);
    if (ref.to > to) {
      *type = run->type + 1;
      break;
    }
    if (visit(ctx, &ref) != 0) return TV_STOP;
  }
  return TV_OK;
}

int tv_graph_edges_between(tv_graph *graph, tv_node from, tv_node to, tv_types types,
                           tv_edge_fn visit, void *ctx) {
  tvi_type_set set = {0};
  tvi_adj_reader reader;
  tvi_adj_run run;
  uint32_t type = 0, next = 0;
  int status = tvi_graph_enter(graph);
  if (status == TV_OK) status = tvi_node_check(graph, from);
  if (status == TV_OK) status = tvi_node_check(graph, to);
  if (status == TV_OK) status = tvi_type_set_open(graph, types, &set);
  if (status != TV_OK) return status;
  status = tvi_adj_open(&reader, graph, TV_OUT, &set);
  graph->traversals++;
  if (status == TV_OK) expand_seek_between(&reader, from, to, 0);
  while (status == TV_OK && (status = tvi_adj_next(&reader, &run)) == TV_OK) {
    if (run.type > type)
      next = run.type;
    else
      status = expand_run_between(&run, to, visit, ctx, &next);
    if (next == type) continue;
    type = next;
    expand_seek_between(&reader, from, to, type);
  }
  graph->traversals--;
  tvi_adj_close(&reader);
  tvi_type_set_close(&set);
  return status == TV_END ? TV_OK : status;
}

static int expand_index(tvi_adj_pair *pair, size_t index, tv_node node, tv_expand_fn visit,
                        void *ctx) {
  size_t d, i;
  for (d = 0; d < pair->n; d++) {
    tvi_adj_reader *reader = &pair->readers[d];
    tvi_adj_run run;
    int status;
    tvi_adj_seek(reader, node);
    while ((status = tvi_adj_next(reader, &run)) == TV_OK) {
      for (i = 0; i < run.n; i++) {
        tv_edge_ref ref = tvi_adj_ref(&run, i, reader->direction);
        if (visit(ctx, index, run.neighbours[i], &ref) != 0) return TV_STOP;
      }
    }
    if (status != TV_END) return status;
  }
  return TV_OK;
}

int tv_graph_expand(tv_graph *graph, size_t n, const tv_node *frontier, int direction,
                    tv_types types, tv_expand_fn visit, void *ctx) {
  tvi_type_set set = {0};
  tvi_adj_pair pair;
  uint64_t ids;
  size_t i;
  int status = tvi_graph_enter(graph);
  if (status == TV_OK) status = tvi_node_ids(graph, &ids);
  if (status != TV_OK) return status;
  for (i = 0; i < n; i++)
    if (frontier[i] >= ids) return tvi_graph_no_node(graph, frontier[i]);
  status = tvi_type_set_open(graph, types, &set);
  if (status != TV_OK) return status;
  status = tvi_adj_pair_open(&pair, graph, direction, &set);
  if (status == TV_OK) {
    graph->traversals++;
    for (i = 0; i < n && status == TV_OK; i++)
      status = expand_index(&pair, i, frontier[i], visit, ctx);
    graph->traversals--;
    tvi_adj_pair_close(&pair);
  }
  tvi_type_set_close(&set);
  return status;
}

static int expand_scan(tvi_adj_reader *reader, const tv_edge_ref *after, int64_t type,
                       tv_edge_fn visit, void *ctx) {
  tvi_adj_run run;
  int status = tvi_adj_scan(reader, after);
  while (status == TV_OK) {
    size_t i;
    status = tvi_adj_next(reader, &run);
    if (status != TV_OK || (type >= 0 && run.type != type)) continue;
    for (i = 0; i < run.n; i++) {
      tv_edge_ref ref = tvi_adj_ref(&run, i, TV_OUT);
      if (visit(ctx, &ref) != 0) return TV_STOP;
    }
  }
  return status == TV_END ? TV_OK : status;
}

int tv_graph_edges_after(tv_graph *graph, const char *type, const tv_edge_ref *after,
                         tv_edge_fn visit, void *ctx) {
  tvi_type_set all = {0};
  tvi_adj_reader reader;
  uint32_t number = 0;
  int status = tvi_graph_enter(graph);
  if (status == TV_OK && type != NULL) {
    status = tvi_name_find(graph, TVI_NAME_TYPE, type, &number);
    if (status == TV_NOTFOUND) return tvi_name_unknown(graph, TVI_NAME_TYPE, type);
  }
  if (status == TV_OK) status = tvi_adj_open(&reader, graph, TV_OUT, &all);
  if (status != TV_OK) return status;
  graph->traversals++;
  status = expand_scan(&reader, after, type == NULL ? -1 : (int64_t)number, visit, ctx);
  graph->traversals--;
  tvi_adj_close(&reader);
  return status;
}

int tv_graph_edges(tv_graph *graph, const char *type, tv_edge_fn visit, void *ctx) {
  return tv_graph_edges_after(graph, type, NULL, visit, ctx);
}
