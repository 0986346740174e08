/* SPDX-License-Identifier: MIT */
/*
 * Questions about paths: their options checked once, their weights read, their answers handed out.
 * Rejected: options passed on as they are; each kind of search would check and default them anew.
 */
#include <inttypes.h>
#include <math.h>

#include "path_internal.h"

static int path_check_weight(tvi_path_ask *ask) {
  uint32_t number;
  int status = tvi_name_find(ask->graph, TVI_NAME_PROPERTY, ask->weight, &number);
  return status == TV_NOTFOUND ? tvi_name_unknown(ask->graph, TVI_NAME_PROPERTY, ask->weight)
                               : status;
}

int tvi_path_ask_open(tvi_path_ask *ask, tv_graph *graph, tv_node from, tv_node to,
                      const tv_path_options *options) {
  static const tv_path_options defaults = {{0, NULL}, {0, 0, NULL, NULL, NULL}, 0, NULL, 0};
  int status;
  if (options == NULL) options = &defaults;
  *ask = (tvi_path_ask){.graph = graph, .weight = options->weight};
  ask->direction = options->direction == 0 ? TV_OUT : options->direction;
  ask->paths_max = options->paths_max;
  ask->paths_left = options->paths_max == 0 ? UINT64_MAX : options->paths_max;
  status = tvi_graph_enter(graph);
  if (status == TV_OK && (ask->direction < TV_OUT || ask->direction > TV_BOTH))
    status = tvi_txn_fail(graph->txn, TV_EINVAL, 0, "%d is no direction of edges", ask->direction);
  if (status == TV_OK) status = tvi_type_set_open(graph, options->types, &ask->types);
  if (status == TV_OK) status = tvi_limits_begin(&ask->limits, graph, &options->limits);
  if (status == TV_OK && ask->weight != NULL) status = path_check_weight(ask);
  if (status == TV_OK) status = tvi_node_ids(graph, &ask->ids);
  if (status == TV_OK) status = tvi_node_check(graph, from);
  if (status == TV_OK) status = tvi_node_check(graph, to);
  return status;
}

void tvi_path_ask_close(tvi_path_ask *ask) {
  tvi_type_set_close(&ask->types);
}

int tvi_path_emit(tvi_path_ask *ask, const tv_path *path, double weight, tv_path_fn visit,
                  void *ctx) {
  int stop;
  if (ask->paths_left-- == 0)
    return tvi_txn_fail(ask->graph->txn, TV_ELIMIT, 0, "there are more than %" PRIu64 " paths",
                        ask->paths_max);
  ask->graph->traversals++;
  stop = visit(ctx, path, weight);
  ask->graph->traversals--;
  return stop != 0 ? TV_STOP : tvi_limits_poll(&ask->limits);
}

int tvi_path_no_memory(tvi_path_ask *ask, size_t n) {
  return tvi_txn_fail(ask->graph->txn, TV_ENOMEM, 0, "no memory for a search over %zu nodes", n);
}

int tvi_path_alloc(tvi_path_ask *ask, size_t length, tv_path *out) {
  out->length = length;
  out->nodes = tvi_alloc((length + 1) * sizeof *out->nodes);
  out->edges = tvi_alloc((length + 1) * sizeof *out->edges); /* never of no bytes */
  if (out->nodes != NULL && out->edges != NULL) return TV_OK;
  tv_graph_path_free(out);
  return tvi_path_no_memory(ask, length);
}

int tvi_path_weight(tvi_path_ask *ask, const tv_edge_ref *ref, double *out) {
  tv_value value = {.type = TV_NULL};
  int status = tv_graph_edge_get(ask->graph, ref, ask->weight, &value);
  if (status != TV_OK && status != TV_NOTFOUND) return status;
  *out = value.type == TV_INT64    ? (double)value.as.integer
         : value.type == TV_DOUBLE ? value.as.real
                                   : 1;
  if (*out >= 0 && !isinf(*out)) return TV_OK;
  return tvi_txn_fail(ask->graph->txn, TV_EINVAL, 0,
                      "the weight %g of edge %" PRIu64 " is no number from 0 on", *out, ref->edge);
}

int tvi_path_weights(tvi_path_ask *ask, const tvi_adj_run *run, int direction, double *weights) {
  size_t i;
  int status = TV_OK;
  for (i = 0; i < run->n && status == TV_OK; i++) {
    tv_edge_ref ref = tvi_adj_ref(run, i, direction);
    weights[i] = 1;
    if (ask->weight != NULL) status = tvi_path_weight(ask, &ref, &weights[i]);
  }
  return status;
}

void tv_graph_path_free(tv_path *path) {
  if (path == NULL) return;
  tvi_free(path->nodes);
  tvi_free(path->edges);
  *path = (tv_path){0};
}
