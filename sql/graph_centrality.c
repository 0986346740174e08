/* SPDX-License-Identifier: MIT */
/*
 * graph_pagerank(graph [, types [, damping [, iterations [, start]]]]) and graph_betweenness(graph
 * [, types [, direction [, samples [, seed]]]]): how central each node is. A start makes the rank
 * personalised: surfers begin anew there.
 */
#include "graph_algorithm_internal.h"

#define GRAPH_RANK_DAMPING 0.85
#define GRAPH_RANK_ITERATIONS 20
#define GRAPH_RANK_ITERATIONS_MAX 1000000

enum {
  GRAPH_CENTRAL_TYPES = 3,
  GRAPH_RANK_DAMPING_COLUMN = 4,
  GRAPH_RANK_ITERATIONS_COLUMN = 5,
  GRAPH_RANK_START = 6,
  GRAPH_BETWEENNESS_DIRECTION = 4,
  GRAPH_BETWEENNESS_SAMPLES = 5,
  GRAPH_BETWEENNESS_SEED = 6
};

/* The weights of where surfers begin: all of it at one node. NULL: no memory. */
static double *graph_rank_weights(const tvi_graph_algorithm_cursor *cursor, tv_node start) {
  double *weights = tvi_zalloc((size_t)(cursor->ids + 1) * sizeof *weights);
  if (weights != NULL) weights[start] = 1;
  return weights;
}

static int graph_pagerank_run(tvi_graph_algorithm_cursor *cursor, tv_algorithm_options *options) {
  tvi_graph_cursor *base = &cursor->base;
  double damping = GRAPH_RANK_DAMPING, *weights = NULL;
  int64_t rounds = GRAPH_RANK_ITERATIONS;
  sqlite3_value *given = base->given[GRAPH_RANK_START];
  tv_node start = 0;
  int found = 0, status, code;

  code = tvi_graph_argument_real(base, GRAPH_RANK_DAMPING_COLUMN, &damping);
  if (code == SQLITE_OK)
    code = tvi_graph_argument_whole(base, GRAPH_RANK_ITERATIONS_COLUMN, 0,
                                    GRAPH_RANK_ITERATIONS_MAX, &rounds);
  if (code == SQLITE_OK) code = tvi_graph_algorithm_node(base, GRAPH_RANK_START, &start, &found);
  if (code != SQLITE_OK) return code;
  if (found) {
    weights = graph_rank_weights(cursor, start);
    if (weights == NULL) return SQLITE_NOMEM;
  } else if (given != NULL && sqlite3_value_type(given) != SQLITE_NULL) {
    base->eof = 1; /* a node of a join that is not in the graph */
    return SQLITE_OK;
  }
  status = tv_graph_pagerank(base->graph, options, damping, (uint32_t)rounds, weights,
                             cursor->values[0], cursor->ids);
  tvi_free(weights);
  return tvi_graph_ended(base, status);
}

static int graph_betweenness_run(tvi_graph_algorithm_cursor *cursor,
                                 tv_algorithm_options *options) {
  tvi_graph_cursor *base = &cursor->base;
  int64_t samples = 0, seed = 0;
  int direction, code = tvi_graph_argument_direction(base, GRAPH_BETWEENNESS_DIRECTION, &direction);

  if (code == SQLITE_OK)
    code = tvi_graph_argument_whole(base, GRAPH_BETWEENNESS_SAMPLES, 0, INT64_MAX, &samples);
  if (code == SQLITE_OK)
    code = tvi_graph_argument_whole(base, GRAPH_BETWEENNESS_SEED, 0, INT64_MAX, &seed);
  if (code != SQLITE_OK) return code;
  return tvi_graph_ended(
      base, tv_graph_betweenness(base->graph, options, direction, (uint64_t)samples, (uint64_t)seed,
                                 cursor->values[0], cursor->ids));
}

static const tvi_graph_algorithm graph_pagerank_detail = {
    .kinds = {TV_RESULT_NUMBERS},
    .types = GRAPH_CENTRAL_TYPES,
    .otherwise = {[GRAPH_RANK_DAMPING_COLUMN] = "0.85", [GRAPH_RANK_ITERATIONS_COLUMN] = "20"},
    .run = graph_pagerank_run};
static const tvi_graph_algorithm graph_betweenness_detail = {
    .kinds = {TV_RESULT_NUMBERS},
    .types = GRAPH_CENTRAL_TYPES,
    .otherwise = {[GRAPH_BETWEENNESS_DIRECTION] = "out",
                  [GRAPH_BETWEENNESS_SAMPLES] = "0",
                  [GRAPH_BETWEENNESS_SEED] = "0"},
    .run = graph_betweenness_run};

const tvi_graph_spec tvi_graph_pagerank_spec = {
    .module = "graph_pagerank",
    .usage = "graph_pagerank('g' [, 'type,type' [, damping [, iterations [, node]]]])",
    .create =
        "CREATE TABLE x(node TEXT, rank REAL, graph TEXT HIDDEN, types TEXT HIDDEN, damping "
        "HIDDEN, iterations HIDDEN, start HIDDEN, PRIMARY KEY(graph, types, damping, iterations, "
        "start, node)) WITHOUT ROWID",
    .columns = {"node", "rank", "graph", "types", "damping", "iterations", "start"},
    .first_argument = 2,
    .arguments = 5,
    .required = 1,
    .node_arguments = 0,
    .ordered_by = -1,
    .cursor_bytes = sizeof(tvi_graph_algorithm_cursor),
    .detail = &graph_pagerank_detail,
    .estimate = tvi_graph_algorithm_estimate,
    .filter = tvi_graph_algorithm_filter,
    .next = tvi_graph_algorithm_next,
    .column = tvi_graph_algorithm_column,
    .close = tvi_graph_algorithm_close,
};

const tvi_graph_spec tvi_graph_betweenness_spec = {
    .module = "graph_betweenness",
    .usage = "graph_betweenness('g' [, 'type,type' [, 'out'|'in'|'both' [, samples [, seed]]]])",
    .create =
        "CREATE TABLE x(node TEXT, betweenness REAL, graph TEXT HIDDEN, types TEXT HIDDEN, "
        "direction TEXT HIDDEN, samples HIDDEN, seed HIDDEN, PRIMARY KEY(graph, types, direction, "
        "samples, seed, node)) WITHOUT ROWID",
    .columns = {"node", "betweenness", "graph", "types", "direction", "samples", "seed"},
    .first_argument = 2,
    .arguments = 5,
    .required = 1,
    .node_arguments = 0,
    .ordered_by = -1,
    .cursor_bytes = sizeof(tvi_graph_algorithm_cursor),
    .detail = &graph_betweenness_detail,
    .estimate = tvi_graph_algorithm_estimate_heavy,
    .filter = tvi_graph_algorithm_filter,
    .next = tvi_graph_algorithm_next,
    .column = tvi_graph_algorithm_column,
    .close = tvi_graph_algorithm_close,
};
