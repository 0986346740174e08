/* SPDX-License-Identifier: MIT */
/*
 * What to do with an algorithm's array: a walk over the nodes that have a value, and a property
 * written from it. Rejected: a property name in each algorithm's options; each would write by
 * itself, and what the caller computes from two results could not be kept the same way.
 */
#include <inttypes.h>
#include <math.h>

#include "traversal_internal.h"
#include "trivet_graph_algo.h"

/* The value of a node; TV_NULL: it has none. */
static tv_value result_value(const tv_result *result, tv_node node) {
  tv_value value = {.type = TV_NULL};
  uint64_t number = UINT64_MAX;
  if (result->kind == TV_RESULT_NUMBERS) {
    value.as.real = ((const double *)result->values)[node];
    if (isfinite(value.as.real)) value.type = TV_DOUBLE;
    return value;
  }
  if (result->kind == TV_RESULT_LEVELS) {
    uint32_t level = ((const uint32_t *)result->values)[node];
    if (level != TV_LEVEL_NONE) number = level;
  } else {
    number = ((const uint64_t *)result->values)[node];
  }
  if (number > INT64_MAX) return value;
  value.type = TV_INT64;
  value.as.integer = (int64_t)number;
  return value;
}

static int result_check(tv_graph *graph, const tv_result *result) {
  uint64_t ids;
  int status = tvi_node_ids(graph, &ids);
  if (status != TV_OK) return status;
  if (result->kind < TV_RESULT_LEVELS || result->kind > TV_RESULT_NUMBERS)
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "%" PRId32 " is no kind of result", result->kind);
  if (result->n == ids) return TV_OK;
  return tvi_txn_fail(graph->txn, TV_EINVAL, 0,
                      "the result has %" PRIu64 " elements, the graph %" PRIu64 " ids", result->n,
                      ids);
}

typedef struct result_walk {
  const tv_result *result;
  tvi_limits limits;
  tv_result_fn visit;
  void *ctx;
  tvi_buffer nodes; /* tv_node */
  int status;
} result_walk;

static int result_visit(void *ctx, tv_node node) {
  result_walk *walk = ctx;
  tv_value value;
  walk->status = tvi_limits_poll(&walk->limits);
  if (walk->status != TV_OK || node >= walk->result->n) return 1;
  value = result_value(walk->result, node);
  if (value.type != TV_NULL && walk->visit(walk->ctx, node, value) != 0) walk->status = TV_STOP;
  return walk->status != TV_OK;
}

int tv_graph_result_each(tv_graph *graph, const tv_result *result, const tv_limits *limits,
                         tv_result_fn visit, void *ctx) {
  result_walk walk = {.result = result, .visit = visit, .ctx = ctx, .status = TV_OK};
  int status = tvi_graph_enter(graph);
  if (status == TV_OK) status = result_check(graph, result);
  if (status == TV_OK) status = tvi_limits_begin(&walk.limits, graph, limits);
  if (status == TV_OK) status = tv_graph_nodes(graph, NULL, result_visit, &walk);
  return status == TV_STOP ? walk.status : status;
}

static int result_note(void *ctx, tv_node node) {
  result_walk *walk = ctx;
  walk->status = tvi_limits_poll(&walk->limits);
  if (walk->status == TV_OK) walk->status = tvi_buffer_append(&walk->nodes, &node, sizeof node);
  return walk->status != TV_OK;
}

/* The nodes come first: a walk over them would not survive the writes. */
int tv_graph_result_store(tv_graph *graph, const tv_result *result, const char *name,
                          const tv_limits *limits, uint64_t *written) {
  result_walk walk = {.result = result, .status = TV_OK};
  uint64_t count = 0;
  size_t i;
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = result_check(graph, result);
  if (status == TV_OK) status = tvi_limits_begin(&walk.limits, graph, limits);
  if (status == TV_OK) status = tv_graph_nodes(graph, NULL, result_note, &walk);
  if (status == TV_STOP) status = walk.status;
  if (walk.status == TV_ENOMEM)
    status = tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for the nodes of a result");
  for (i = 0; i < walk.nodes.size / sizeof(tv_node) && status == TV_OK; i++) {
    tv_node node = ((const tv_node *)(const void *)walk.nodes.data)[i];
    tv_value value = result_value(result, node);
    status = tvi_limits_poll(&walk.limits);
    if (status == TV_OK) status = tv_graph_node_set(graph, node, name, value);
    count += status == TV_OK && value.type != TV_NULL;
  }
  tvi_buffer_free(&walk.nodes);
  if (written != NULL) *written = count;
  return status;
}
