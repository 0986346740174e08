/* SPDX-License-Identifier: MIT */
/*
 * graph_pagerank(graph [, types [, damping [, iterations]]]), graph_components(graph [, types]) and
 * graph_triangles(graph [, types]): algorithms over a whole graph as tables. The algorithm runs to
 * its end before the first row; its result takes 8 bytes per node id meanwhile. Running it again
 * for each of several references in a statement is accepted: a cache would have to know
 * whether the graph changed.
 */
#include "graph_table_internal.h"
#include "trivet_graph_algo.h"

#define GRAPH_RANK_DAMPING 0.85
#define GRAPH_RANK_ITERATIONS 20
#define GRAPH_RANK_ITERATIONS_MAX 1000000

enum {
  GRAPH_ALGORITHM_NODE = 0,
  GRAPH_ALGORITHM_VALUE = 1,
  GRAPH_ALGORITHM_GRAPH = 2,
  GRAPH_ALGORITHM_TYPES = 3,
  GRAPH_ALGORITHM_DAMPING = 4,
  GRAPH_ALGORITHM_ITERATIONS = 5
};

/* Of graph_triangles, which has no column for a node. */
enum { GRAPH_TRIANGLES_COUNT = 0, GRAPH_TRIANGLES_GRAPH = 1, GRAPH_TRIANGLES_TYPES = 2 };

typedef struct graph_algorithm_cursor {
  tvi_graph_cursor base;
  double *ranks;
  tv_node *components;
  uint64_t ids, at;
  uint64_t count;
} graph_algorithm_cursor;

static void graph_algorithm_estimate(tvi_graph_outlook *outlook) {
  outlook->rows = outlook->nodes;
  outlook->cost = 100 + outlook->nodes * 4 + outlook->edges;
}

static void graph_triangles_estimate(tvi_graph_outlook *outlook) {
  outlook->rows = 1;
  outlook->unique = 1;
  outlook->cost = 100 + outlook->edges * 20;
}

static void graph_algorithm_clear(graph_algorithm_cursor *cursor) {
  tvi_free(cursor->ranks);
  tvi_free(cursor->components);
  cursor->ranks = NULL;
  cursor->components = NULL;
  cursor->ids = cursor->at = cursor->count = 0;
}

static int graph_algorithm_interrupted(void *ctx) {
  return tvi_graph_poll_now(ctx);
}

/* What all of them begin with. options->types.types is to be freed with tvi_free. */
static int graph_algorithm_begin(graph_algorithm_cursor *cursor, int types_column,
                                 tv_algorithm_options *options) {
  tvi_graph_cursor *base = &cursor->base;
  tv_graph_stat stat;
  int status, code;

  graph_algorithm_clear(cursor);
  *options =
      (tv_algorithm_options){.limits = {.interrupted = graph_algorithm_interrupted, .ctx = base}};
  code = tvi_graph_argument_types(base, types_column, &options->types);
  if (code != SQLITE_OK) return code;
  status = tv_graph_stat_get(base->graph, &stat);
  if (status != TV_OK) return tvi_graph_fail(base, status);
  cursor->ids = stat.node_ids;
  return SQLITE_OK;
}

static int graph_algorithm_end(graph_algorithm_cursor *cursor, tv_algorithm_options *options,
                               int status) {
  int code = tvi_graph_ended(&cursor->base, status);
  tvi_free((void *)options->types.types);
  cursor->base.eof = code != SQLITE_OK;
  return code;
}

/* Passes over ids without a node. */
static int graph_algorithm_settle(graph_algorithm_cursor *cursor) {
  tvi_graph_cursor *base = &cursor->base;
  int code = tvi_graph_attach(base);

  for (; code == SQLITE_OK && cursor->at < cursor->ids; cursor->at++) {
    tv_slice key;
    int status = tv_graph_node_key(base->graph, cursor->at, &key);
    if (status == TV_OK) break;
    if (status != TV_ENONODE) code = tvi_graph_fail(base, status);
  }
  base->eof = code != SQLITE_OK || cursor->at >= cursor->ids;
  return code;
}

static int graph_algorithm_next(tvi_graph_cursor *base) {
  graph_algorithm_cursor *cursor = (graph_algorithm_cursor *)base;
  cursor->at++;
  return graph_algorithm_settle(cursor);
}

/* ---- graph_pagerank ---- */

static int graph_rank_arguments(tvi_graph_cursor *base, double *damping, uint32_t *iterations) {
  sqlite3_value *value = base->given[GRAPH_ALGORITHM_DAMPING];
  sqlite3_int64 rounds = GRAPH_RANK_ITERATIONS;

  *damping = GRAPH_RANK_DAMPING;
  if (value != NULL && sqlite3_value_type(value) != SQLITE_NULL)
    *damping = sqlite3_value_double(value);
  value = base->given[GRAPH_ALGORITHM_ITERATIONS];
  if (value != NULL && sqlite3_value_type(value) != SQLITE_NULL)
    rounds = sqlite3_value_int64(value);
  if (rounds < 0 || rounds > GRAPH_RANK_ITERATIONS_MAX)
    return tvi_graph_complain(
        base, SQLITE_ERROR,
        sqlite3_mprintf("%s: iterations are from 0 to %d, not %lld", base->spec->module,
                        GRAPH_RANK_ITERATIONS_MAX, rounds));
  *iterations = (uint32_t)rounds;
  return SQLITE_OK;
}

static int graph_rank_filter(tvi_graph_cursor *base) {
  graph_algorithm_cursor *cursor = (graph_algorithm_cursor *)base;
  tv_algorithm_options options;
  double damping = 0;
  uint32_t iterations = 0;
  int status, code = graph_algorithm_begin(cursor, GRAPH_ALGORITHM_TYPES, &options);

  if (code == SQLITE_OK) code = graph_rank_arguments(base, &damping, &iterations);
  if (code == SQLITE_OK) {
    cursor->ranks = tvi_alloc((size_t)(cursor->ids + 1) * sizeof *cursor->ranks);
    if (cursor->ranks == NULL) code = SQLITE_NOMEM;
  }
  if (code != SQLITE_OK) {
    tvi_free((void *)options.types.types);
    return code;
  }
  status = tv_graph_pagerank(base->graph, &options, damping, iterations, NULL, cursor->ranks,
                             cursor->ids);
  code = graph_algorithm_end(cursor, &options, status);
  return code == SQLITE_OK ? graph_algorithm_settle(cursor) : code;
}

static int graph_rank_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  graph_algorithm_cursor *cursor = (graph_algorithm_cursor *)base;

  switch (column) {
    case GRAPH_ALGORITHM_NODE:
      return tvi_graph_result_key(base, context, cursor->at);
    case GRAPH_ALGORITHM_VALUE:
      sqlite3_result_double(context, cursor->ranks[cursor->at]);
      return SQLITE_OK;
    case GRAPH_ALGORITHM_DAMPING:
      return tvi_graph_result_argument(base, context, column, "0.85");
    case GRAPH_ALGORITHM_ITERATIONS:
      return tvi_graph_result_argument(base, context, column, "20");
    default:
      return tvi_graph_result_argument(base, context, column, "");
  }
}

/* ---- graph_components ---- */

static int graph_components_filter(tvi_graph_cursor *base) {
  graph_algorithm_cursor *cursor = (graph_algorithm_cursor *)base;
  tv_algorithm_options options;
  int status, code = graph_algorithm_begin(cursor, GRAPH_ALGORITHM_TYPES, &options);

  if (code == SQLITE_OK) {
    cursor->components = tvi_alloc((size_t)(cursor->ids + 1) * sizeof *cursor->components);
    if (cursor->components == NULL) code = SQLITE_NOMEM;
  }
  if (code != SQLITE_OK) {
    tvi_free((void *)options.types.types);
    return code;
  }
  status =
      tv_graph_components(base->graph, &options, cursor->components, cursor->ids, &cursor->count);
  code = graph_algorithm_end(cursor, &options, status);
  return code == SQLITE_OK ? graph_algorithm_settle(cursor) : code;
}

static int graph_components_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  graph_algorithm_cursor *cursor = (graph_algorithm_cursor *)base;

  switch (column) {
    case GRAPH_ALGORITHM_NODE:
      return tvi_graph_result_key(base, context, cursor->at);
    case GRAPH_ALGORITHM_VALUE:
      sqlite3_result_int64(context, (sqlite3_int64)cursor->components[cursor->at]);
      return SQLITE_OK;
    default:
      return tvi_graph_result_argument(base, context, column, "");
  }
}

/* ---- graph_triangles ---- */

static int graph_triangles_filter(tvi_graph_cursor *base) {
  graph_algorithm_cursor *cursor = (graph_algorithm_cursor *)base;
  tv_algorithm_options options;
  int status, code = graph_algorithm_begin(cursor, GRAPH_TRIANGLES_TYPES, &options);

  if (code != SQLITE_OK) {
    tvi_free((void *)options.types.types);
    return code;
  }
  status = tv_graph_triangles(base->graph, &options, &cursor->count);
  return graph_algorithm_end(cursor, &options, status);
}

static int graph_triangles_next(tvi_graph_cursor *base) {
  base->eof = 1;
  return SQLITE_OK;
}

static int graph_triangles_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  if (column != GRAPH_TRIANGLES_COUNT) return tvi_graph_result_argument(base, context, column, "");
  sqlite3_result_int64(context, (sqlite3_int64)((graph_algorithm_cursor *)base)->count);
  return SQLITE_OK;
}

static void graph_algorithm_close(tvi_graph_cursor *base) {
  graph_algorithm_clear((graph_algorithm_cursor *)base);
}

const tvi_graph_spec tvi_graph_pagerank_spec = {
    .module = "graph_pagerank",
    .usage = "graph_pagerank('g' [, 'type,type' [, damping [, iterations]]])",
    .create =
        "CREATE TABLE x(node TEXT, rank REAL, graph TEXT HIDDEN, types TEXT HIDDEN, "
        "damping HIDDEN, iterations HIDDEN, PRIMARY KEY(graph, types, damping, iterations, node)) "
        "WITHOUT ROWID",
    .columns = {"node", "rank", "graph", "types", "damping", "iterations"},
    .first_argument = GRAPH_ALGORITHM_GRAPH,
    .arguments = 4,
    .required = 1,
    .node_arguments = 0,
    .ordered_by = -1,
    .cursor_bytes = sizeof(graph_algorithm_cursor),
    .estimate = graph_algorithm_estimate,
    .filter = graph_rank_filter,
    .next = graph_algorithm_next,
    .column = graph_rank_column,
    .close = graph_algorithm_close,
};

const tvi_graph_spec tvi_graph_components_spec = {
    .module = "graph_components",
    .usage = "graph_components('g' [, 'type,type'])",
    .create =
        "CREATE TABLE x(node TEXT, component INTEGER, graph TEXT HIDDEN, types TEXT HIDDEN, "
        "PRIMARY KEY(graph, types, node)) WITHOUT ROWID",
    .columns = {"node", "component", "graph", "types"},
    .first_argument = GRAPH_ALGORITHM_GRAPH,
    .arguments = 2,
    .required = 1,
    .node_arguments = 0,
    .ordered_by = -1,
    .cursor_bytes = sizeof(graph_algorithm_cursor),
    .estimate = graph_algorithm_estimate,
    .filter = graph_components_filter,
    .next = graph_algorithm_next,
    .column = graph_components_column,
    .close = graph_algorithm_close,
};

const tvi_graph_spec tvi_graph_triangles_spec = {
    .module = "graph_triangles",
    .usage = "graph_triangles('g' [, 'type,type'])",
    .create =
        "CREATE TABLE x(triangles INTEGER, graph TEXT HIDDEN, types TEXT HIDDEN, "
        "PRIMARY KEY(graph, types)) WITHOUT ROWID",
    .columns = {"triangles", "graph", "types"},
    .first_argument = GRAPH_TRIANGLES_GRAPH,
    .arguments = 2,
    .required = 1,
    .node_arguments = 0,
    .ordered_by = -1,
    .cursor_bytes = sizeof(graph_algorithm_cursor),
    .estimate = graph_triangles_estimate,
    .filter = graph_triangles_filter,
    .next = graph_triangles_next,
    .column = graph_triangles_column,
    .close = graph_algorithm_close,
};
