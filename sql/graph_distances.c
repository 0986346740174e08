/* SPDX-License-Identifier: MIT */
/*
 * graph_levels(graph, start [, direction [, types]]) and graph_sssp(graph, start [, weight [,
 * direction [, types]]]): how far every node is from one, in steps or by the weights of edges.
 * Nodes that are not reached have no row. graph_khop is the better of the two where few nodes are
 * reached: these look at arrays as long as the graph has ids.
 */
#include "graph_algorithm_internal.h"

enum {
  GRAPH_FROM_START = 4,
  GRAPH_LEVELS_DIRECTION = 5,
  GRAPH_LEVELS_TYPES = 6,
  GRAPH_SSSP_WEIGHT = 5,
  GRAPH_SSSP_DIRECTION = 6,
  GRAPH_SSSP_TYPES = 7
};

/* The start; eof when it is not in the graph. */
static int graph_from_start(tvi_graph_algorithm_cursor *cursor, tv_node *start) {
  int found, code = tvi_graph_argument_node(&cursor->base, GRAPH_FROM_START, start, &found);
  if (code == SQLITE_OK) cursor->base.eof = !found;
  return code;
}

static int graph_levels_run(tvi_graph_algorithm_cursor *cursor, tv_algorithm_options *options) {
  tvi_graph_cursor *base = &cursor->base;
  tv_node start = 0;
  int direction, code = tvi_graph_argument_direction(base, GRAPH_LEVELS_DIRECTION, &direction);

  if (code == SQLITE_OK) code = graph_from_start(cursor, &start);
  if (code != SQLITE_OK || base->eof) return code;
  return tvi_graph_ended(base, tv_graph_levels(base->graph, options, start, direction,
                                               cursor->values[0], cursor->values[1], cursor->ids));
}

static int graph_sssp_run(tvi_graph_algorithm_cursor *cursor, tv_algorithm_options *options) {
  tvi_graph_cursor *base = &cursor->base;
  const char *weight = NULL;
  tv_node start = 0;
  int direction, code = tvi_graph_argument_direction(base, GRAPH_SSSP_DIRECTION, &direction);

  if (code == SQLITE_OK) code = tvi_graph_algorithm_weight(base, GRAPH_SSSP_WEIGHT, &weight);
  if (code == SQLITE_OK) code = graph_from_start(cursor, &start);
  if (code != SQLITE_OK || base->eof) return code;
  return tvi_graph_ended(
      base, tv_graph_distances(base->graph, options, start, direction, weight, cursor->values[0],
                               cursor->values[1], cursor->ids));
}

static const tvi_graph_algorithm graph_levels_detail = {
    .kinds = {TV_RESULT_LEVELS, TV_RESULT_NODES},
    .types = GRAPH_LEVELS_TYPES,
    .otherwise = {[GRAPH_LEVELS_DIRECTION] = "out"},
    .run = graph_levels_run};
static const tvi_graph_algorithm graph_sssp_detail = {.kinds = {TV_RESULT_NUMBERS, TV_RESULT_NODES},
                                                      .types = GRAPH_SSSP_TYPES,
                                                      .otherwise = {[GRAPH_SSSP_DIRECTION] = "out"},
                                                      .run = graph_sssp_run};

const tvi_graph_spec tvi_graph_levels_spec = {
    .module = "graph_levels",
    .usage = "graph_levels('g', node [, 'out'|'in'|'both' [, 'type,type']])",
    .create =
        "CREATE TABLE x(node TEXT, level INTEGER, parent TEXT, graph TEXT HIDDEN, start HIDDEN, "
        "direction TEXT HIDDEN, types TEXT HIDDEN, PRIMARY KEY(graph, start, direction, types, "
        "node)) WITHOUT ROWID",
    .columns = {"node", "level", "parent", "graph", "start", "direction", "types"},
    .first_argument = 3,
    .arguments = 4,
    .required = 2,
    .node_arguments = 1,
    .ordered_by = -1,
    .cursor_bytes = sizeof(tvi_graph_algorithm_cursor),
    .detail = &graph_levels_detail,
    .estimate = tvi_graph_algorithm_estimate,
    .filter = tvi_graph_algorithm_filter,
    .next = tvi_graph_algorithm_next,
    .column = tvi_graph_algorithm_column,
    .close = tvi_graph_algorithm_close,
};

const tvi_graph_spec tvi_graph_sssp_spec = {
    .module = "graph_sssp",
    .usage = "graph_sssp('g', node [, 'weight' [, 'out'|'in'|'both' [, 'type,type']]])",
    .create =
        "CREATE TABLE x(node TEXT, distance REAL, parent TEXT, graph TEXT HIDDEN, start HIDDEN, "
        "weight TEXT HIDDEN, direction TEXT HIDDEN, types TEXT HIDDEN, PRIMARY KEY(graph, start, "
        "weight, direction, types, node)) WITHOUT ROWID",
    .columns = {"node", "distance", "parent", "graph", "start", "weight", "direction", "types"},
    .first_argument = 3,
    .arguments = 5,
    .required = 2,
    .node_arguments = 1,
    .ordered_by = -1,
    .cursor_bytes = sizeof(tvi_graph_algorithm_cursor),
    .detail = &graph_sssp_detail,
    .estimate = tvi_graph_algorithm_estimate,
    .filter = tvi_graph_algorithm_filter,
    .next = tvi_graph_algorithm_next,
    .column = tvi_graph_algorithm_column,
    .close = tvi_graph_algorithm_close,
};
