/* SPDX-License-Identifier: MIT */
/*
 * graph_components, graph_strong_components, graph_clustering, graph_communities and graph_degrees:
 * algorithms that take a graph and edge types, and give each node a value.
 */
#include "graph_algorithm_internal.h"

#define GRAPH_COMMUNITY_ROUNDS 10
#define GRAPH_COMMUNITY_ROUNDS_MAX 1000000

enum { GRAPH_GROUPS_TYPES = 3, GRAPH_GROUPS_ITERATIONS = 4, GRAPH_DEGREES_TYPES = 4 };

static int graph_components_run(tvi_graph_algorithm_cursor *cursor, tv_algorithm_options *options) {
  return tvi_graph_ended(&cursor->base, tv_graph_components(cursor->base.graph, options,
                                                            cursor->values[0], cursor->ids, NULL));
}

static int graph_strong_run(tvi_graph_algorithm_cursor *cursor, tv_algorithm_options *options) {
  return tvi_graph_ended(&cursor->base,
                         tv_graph_strong_components(cursor->base.graph, options, cursor->values[0],
                                                    cursor->ids, NULL));
}

static int graph_clustering_run(tvi_graph_algorithm_cursor *cursor, tv_algorithm_options *options) {
  return tvi_graph_ended(&cursor->base, tv_graph_clustering(cursor->base.graph, options,
                                                            cursor->values[0], cursor->ids));
}

static int graph_communities_run(tvi_graph_algorithm_cursor *cursor,
                                 tv_algorithm_options *options) {
  int64_t rounds = GRAPH_COMMUNITY_ROUNDS;
  int code = tvi_graph_argument_whole(&cursor->base, GRAPH_GROUPS_ITERATIONS, 0,
                                      GRAPH_COMMUNITY_ROUNDS_MAX, &rounds);

  if (code != SQLITE_OK) return code;
  return tvi_graph_ended(&cursor->base,
                         tv_graph_label_propagation(cursor->base.graph, options, (uint32_t)rounds,
                                                    cursor->values[0], cursor->ids));
}

static int graph_degrees_run(tvi_graph_algorithm_cursor *cursor, tv_algorithm_options *options) {
  tv_graph *graph = cursor->base.graph;
  int status = tv_graph_degrees(graph, options, TV_OUT, cursor->values[0], cursor->ids);

  if (status == TV_OK)
    status = tv_graph_degrees(graph, options, TV_IN, cursor->values[1], cursor->ids);
  return tvi_graph_ended(&cursor->base, status);
}

static const tvi_graph_algorithm graph_components_detail = {
    .kinds = {TV_RESULT_NODES}, .types = GRAPH_GROUPS_TYPES, .run = graph_components_run};
static const tvi_graph_algorithm graph_strong_detail = {
    .kinds = {TV_RESULT_NODES}, .types = GRAPH_GROUPS_TYPES, .run = graph_strong_run};
static const tvi_graph_algorithm graph_clustering_detail = {
    .kinds = {TV_RESULT_NUMBERS}, .types = GRAPH_GROUPS_TYPES, .run = graph_clustering_run};
static const tvi_graph_algorithm graph_communities_detail = {
    .kinds = {TV_RESULT_NODES},
    .types = GRAPH_GROUPS_TYPES,
    .otherwise = {[GRAPH_GROUPS_ITERATIONS] = "10"},
    .run = graph_communities_run};
static const tvi_graph_algorithm graph_degrees_detail = {
    .kinds = {TV_RESULT_COUNTS, TV_RESULT_COUNTS},
    .types = GRAPH_DEGREES_TYPES,
    .run = graph_degrees_run};

const tvi_graph_spec tvi_graph_components_spec = {
    .module = "graph_components",
    .usage = "graph_components('g' [, 'type,type'])",
    .create =
        "CREATE TABLE x(node TEXT, component INTEGER, graph TEXT HIDDEN, types TEXT HIDDEN, "
        "PRIMARY KEY(graph, types, node)) WITHOUT ROWID",
    .columns = {"node", "component", "graph", "types"},
    .first_argument = 2,
    .arguments = 2,
    .required = 1,
    .node_arguments = 0,
    .ordered_by = -1,
    .cursor_bytes = sizeof(tvi_graph_algorithm_cursor),
    .detail = &graph_components_detail,
    .estimate = tvi_graph_algorithm_estimate,
    .filter = tvi_graph_algorithm_filter,
    .next = tvi_graph_algorithm_next,
    .column = tvi_graph_algorithm_column,
    .close = tvi_graph_algorithm_close,
};

const tvi_graph_spec tvi_graph_strong_components_spec = {
    .module = "graph_strong_components",
    .usage = "graph_strong_components('g' [, 'type,type'])",
    .create =
        "CREATE TABLE x(node TEXT, component INTEGER, graph TEXT HIDDEN, types TEXT HIDDEN, "
        "PRIMARY KEY(graph, types, node)) WITHOUT ROWID",
    .columns = {"node", "component", "graph", "types"},
    .first_argument = 2,
    .arguments = 2,
    .required = 1,
    .node_arguments = 0,
    .ordered_by = -1,
    .cursor_bytes = sizeof(tvi_graph_algorithm_cursor),
    .detail = &graph_strong_detail,
    .estimate = tvi_graph_algorithm_estimate,
    .filter = tvi_graph_algorithm_filter,
    .next = tvi_graph_algorithm_next,
    .column = tvi_graph_algorithm_column,
    .close = tvi_graph_algorithm_close,
};

const tvi_graph_spec tvi_graph_clustering_spec = {
    .module = "graph_clustering",
    .usage = "graph_clustering('g' [, 'type,type'])",
    .create =
        "CREATE TABLE x(node TEXT, coefficient REAL, graph TEXT HIDDEN, types TEXT HIDDEN, PRIMARY "
        "KEY(graph, types, node)) WITHOUT ROWID",
    .columns = {"node", "coefficient", "graph", "types"},
    .first_argument = 2,
    .arguments = 2,
    .required = 1,
    .node_arguments = 0,
    .ordered_by = -1,
    .cursor_bytes = sizeof(tvi_graph_algorithm_cursor),
    .detail = &graph_clustering_detail,
    .estimate = tvi_graph_algorithm_estimate_heavy,
    .filter = tvi_graph_algorithm_filter,
    .next = tvi_graph_algorithm_next,
    .column = tvi_graph_algorithm_column,
    .close = tvi_graph_algorithm_close,
};

const tvi_graph_spec tvi_graph_communities_spec = {
    .module = "graph_communities",
    .usage = "graph_communities('g' [, 'type,type' [, iterations]])",
    .create =
        "CREATE TABLE x(node TEXT, community INTEGER, graph TEXT HIDDEN, types TEXT HIDDEN, "
        "iterations HIDDEN, PRIMARY KEY(graph, types, iterations, node)) WITHOUT ROWID",
    .columns = {"node", "community", "graph", "types", "iterations"},
    .first_argument = 2,
    .arguments = 3,
    .required = 1,
    .node_arguments = 0,
    .ordered_by = -1,
    .cursor_bytes = sizeof(tvi_graph_algorithm_cursor),
    .detail = &graph_communities_detail,
    .estimate = tvi_graph_algorithm_estimate,
    .filter = tvi_graph_algorithm_filter,
    .next = tvi_graph_algorithm_next,
    .column = tvi_graph_algorithm_column,
    .close = tvi_graph_algorithm_close,
};

const tvi_graph_spec tvi_graph_degrees_spec = {
    .module = "graph_degrees",
    .usage = "graph_degrees('g' [, 'type,type'])",
    .create =
        "CREATE TABLE x(node TEXT, degree_out INTEGER, degree_in INTEGER, graph TEXT HIDDEN, types "
        "TEXT HIDDEN, PRIMARY KEY(graph, types, node)) WITHOUT ROWID",
    .columns = {"node", "degree_out", "degree_in", "graph", "types"},
    .first_argument = 3,
    .arguments = 2,
    .required = 1,
    .node_arguments = 0,
    .ordered_by = -1,
    .cursor_bytes = sizeof(tvi_graph_algorithm_cursor),
    .detail = &graph_degrees_detail,
    .estimate = tvi_graph_algorithm_estimate,
    .filter = tvi_graph_algorithm_filter,
    .next = tvi_graph_algorithm_next,
    .column = tvi_graph_algorithm_column,
    .close = tvi_graph_algorithm_close,
};
