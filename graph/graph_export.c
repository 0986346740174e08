/* SPDX-License-Identifier: MIT */
/*
 * Export of a graph, or of the part that some nodes span: which nodes and edges are in it, and the
 * walk over them. The text goes out as it is made, so that a graph larger than memory can be
 * written. Rejected: building a subgraph first, which would be as large as the answer.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export_internal.h"

#define EXPORT_PROGRESS_EVERY 4096u

int tvi_export_no_memory(tvi_export *x) {
  return tvi_txn_fail(x->graph->txn, TV_ENOMEM, 0, "no memory for an export of graph \"%s\"",
                      tvi_graph_name(x->graph));
}

/* ---- Which nodes ---- */

static int export_add(tvi_export *x, tvi_buffer *list, tv_node node) {
  return tvi_buffer_append(list, &node, sizeof node) == TV_OK ? TV_OK : tvi_export_no_memory(x);
}

typedef struct export_labelled {
  tvi_export *x;
  tvi_buffer *list;
} export_labelled;

static int export_add_labelled(void *ctx, tv_node node) {
  export_labelled *labelled = ctx;
  labelled->x->failure = export_add(labelled->x, labelled->list, node);
  return labelled->x->failure != TV_OK;
}

/* Those of the caller's that exist and have the label. */
static int export_choose(tvi_export *x, tvi_buffer *list) {
  const tv_export_options *options = x->options;
  int status = TV_OK;
  size_t i;

  for (i = 0; i < options->node_count && status == TV_OK; i++) {
    tv_node node = options->nodes[i];
    tv_slice key;
    status = node < TV_NODES_MAX ? tv_graph_node_key(x->graph, node, &key)
                                 : tvi_graph_no_node(x->graph, node);
    if (status == TV_OK && options->label != NULL) {
      status = tv_graph_label_has(x->graph, node, options->label);
      if (status == TV_NOTFOUND) {
        status = TV_OK;
        continue;
      }
    }
    if (status == TV_OK) status = export_add(x, list, node);
  }
  return status;
}

static int export_ascending(const void *left, const void *right) {
  tv_node a = *(const tv_node *)left, b = *(const tv_node *)right;
  return a < b ? -1 : a > b;
}

/* Sorts the part's nodes, drops repetitions and makes the set. */
static int export_settle(tvi_export *x, tvi_buffer *list) {
  size_t n = list->size / sizeof(tv_node), i;
  uint64_t ids;
  int status = tvi_node_ids(x->graph, &ids);

  if (status != TV_OK) return status;
  if (tvi_node_set_open(&x->set, ids) != TV_OK) return tvi_export_no_memory(x);
  x->nodes = (tv_node *)(void *)list->data;
  if (n > 1) qsort(x->nodes, n, sizeof *x->nodes, export_ascending);
  for (i = 0; i < n; i++) {
    if (x->n > 0 && x->nodes[i] == x->nodes[x->n - 1]) continue;
    x->nodes[x->n++] = x->nodes[i];
    if (tvi_node_set_add(&x->set, x->nodes[i]) < 0) return tvi_export_no_memory(x);
  }
  return TV_OK;
}

static int export_open(tvi_export *x) {
  const tv_export_options *options = x->options;
  tvi_buffer list = {NULL, 0, 0};
  export_labelled labelled = {x, &list};
  int status = tvi_type_set_open(x->graph, options->types, &x->types);

  if (status != TV_OK) return status;
  x->is_part = options->nodes != NULL || options->label != NULL;
  if (!x->is_part) return TV_OK;
  if (options->nodes != NULL) {
    status = export_choose(x, &list);
  } else {
    status = tv_graph_nodes(x->graph, options->label, export_add_labelled, &labelled);
    if (status == TV_STOP) status = x->failure;
  }
  if (status == TV_OK) status = export_settle(x, &list);
  if (x->nodes == NULL) tvi_buffer_free(&list);
  return status;
}

static void export_close(tvi_export *x) {
  tvi_export_columns_close(&x->node_columns);
  tvi_export_columns_close(&x->edge_columns);
  tvi_node_set_close(&x->set);
  tvi_type_set_close(&x->types);
  tvi_free(x->nodes);
  tvi_buffer_free(&x->out);
  tvi_buffer_free(&x->text);
}

/* ---- Walks ---- */

typedef struct export_walk {
  tvi_export *x;
  tvi_export_node_fn node;
  tvi_export_edge_fn edge;
  uint64_t steps;
} export_walk;

static int export_tick(export_walk *walk) {
  const tv_export_options *options = walk->x->options;
  if (++walk->steps % EXPORT_PROGRESS_EVERY != 0 || options->progress == NULL) return TV_OK;
  if (options->progress(options->ctx, walk->x->report) == 0) return TV_OK;
  return tvi_txn_fail(walk->x->graph->txn, TV_EINTR, 0, "the export was interrupted");
}

static int export_visit_node(void *ctx, tv_node node) {
  export_walk *walk = ctx;
  walk->x->failure = walk->node(walk->x, node);
  if (walk->x->failure == TV_OK) walk->x->failure = export_tick(walk);
  return walk->x->failure != TV_OK;
}

int tvi_export_nodes(tvi_export *x, tvi_export_node_fn visit) {
  export_walk walk = {.x = x, .node = visit};
  size_t i;
  int status;

  if (!x->is_part) {
    status = tv_graph_nodes(x->graph, NULL, export_visit_node, &walk);
    return status == TV_STOP ? x->failure : status;
  }
  for (i = 0; i < x->n; i++)
    if (export_visit_node(&walk, x->nodes[i])) return x->failure;
  return TV_OK;
}

static int export_has_type(const tvi_type_set *types, uint32_t type) {
  size_t i;
  for (i = 0; i < types->n && types->types[i] != type; i++) continue;
  return types->n == 0 || i < types->n;
}

static int export_visit_edge(void *ctx, const tv_edge_ref *edge) {
  export_walk *walk = ctx;
  tvi_export *x = walk->x;

  if (!export_has_type(&x->types, edge->type)) return 0;
  if (x->is_part && !tvi_node_set_has(&x->set, edge->to)) return 0;
  x->failure = walk->edge(x, edge);
  if (x->failure == TV_OK) x->failure = export_tick(walk);
  return x->failure != TV_OK;
}

static int export_visit_expanded(void *ctx, size_t index, tv_node neighbour,
                                 const tv_edge_ref *edge) {
  (void)index;
  (void)neighbour;
  return export_visit_edge(ctx, edge);
}

int tvi_export_edges(tvi_export *x, tvi_export_edge_fn visit) {
  export_walk walk = {.x = x, .edge = visit};
  int status;

  if (x->is_part)
    status = tv_graph_expand(x->graph, x->n, x->nodes, TV_OUT, x->options->types,
                             export_visit_expanded, &walk);
  else
    status = tv_graph_edges(x->graph, NULL, export_visit_edge, &walk);
  return status == TV_STOP ? x->failure : status;
}

/* ---- The call ---- */

static int export_run(tvi_export *x) {
  switch (x->options->format) {
    case TV_EXPORT_DOT:
      return tvi_export_as_dot(x);
    case TV_EXPORT_GRAPHML:
      return tvi_export_as_graphml(x);
    case TV_EXPORT_NODES_CSV:
      return tvi_export_nodes_csv(x);
    default:
      return tvi_export_edges_csv(x);
  }
}

int tv_graph_export(tv_graph *graph, const tv_export_options *options, tv_export_report *report) {
  tv_export_report unused;
  tvi_export x = {.graph = graph, .options = options};
  int status = tvi_graph_enter(graph);

  x.report = report != NULL ? report : &unused;
  *x.report = (tv_export_report){0, 0};
  if (status != TV_OK) return status;
  if (options == NULL || options->write == NULL || options->format < TV_EXPORT_DOT ||
      options->format > TV_EXPORT_EDGES_CSV || (options->nodes == NULL && options->node_count != 0))
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0,
                        "tv_graph_export: the format, write or the nodes are wrong");
  graph->traversals++; /* the callbacks must not write */
  status = export_open(&x);
  if (status == TV_OK) status = export_run(&x);
  if (status == TV_OK) status = tvi_export_flush(&x);
  graph->traversals--;
  export_close(&x);
  return status;
}
