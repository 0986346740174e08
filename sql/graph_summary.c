/* SPDX-License-Identifier: MIT */
/*
 * graph_triangles(graph [, types]) and graph_degree_stat(graph [, direction [, types]]): one row
 * that says something of a whole graph.
 */
#include "graph_algorithm_internal.h"

enum {
  GRAPH_TRIANGLES_COUNT = 0,
  GRAPH_TRIANGLES_TYPES = 2,
  GRAPH_STAT_NODES = 0,
  GRAPH_STAT_ENDS = 1,
  GRAPH_STAT_LEAST = 2,
  GRAPH_STAT_GREATEST = 3,
  GRAPH_STAT_MEAN = 4,
  GRAPH_STAT_P50 = 5,
  GRAPH_STAT_P90 = 6,
  GRAPH_STAT_P99 = 7,
  GRAPH_STAT_DIRECTION = 9,
  GRAPH_STAT_TYPES = 10
};

typedef struct graph_summary_cursor {
  tvi_graph_cursor base;
  uint64_t triangles;
  tv_degree_stat stat;
} graph_summary_cursor;

static void graph_triangles_estimate(tvi_graph_outlook *outlook) {
  outlook->rows = 1;
  outlook->unique = 1;
  outlook->cost = 100 + outlook->edges * 20;
}

static void graph_stat_estimate(tvi_graph_outlook *outlook) {
  outlook->rows = 1;
  outlook->unique = 1;
  outlook->cost = 100 + outlook->nodes * 4;
}

static int graph_triangles_filter(tvi_graph_cursor *base) {
  graph_summary_cursor *cursor = (graph_summary_cursor *)base;
  tv_algorithm_options options;
  int code = tvi_graph_algorithm_options(base, GRAPH_TRIANGLES_TYPES, &options);

  if (code == SQLITE_OK)
    code = tvi_graph_ended(base, tv_graph_triangles(base->graph, &options, &cursor->triangles));
  tvi_free((void *)options.types.types);
  base->eof = code != SQLITE_OK;
  return code;
}

static int graph_stat_filter(tvi_graph_cursor *base) {
  graph_summary_cursor *cursor = (graph_summary_cursor *)base;
  tv_algorithm_options options;
  int direction, code = tvi_graph_algorithm_options(base, GRAPH_STAT_TYPES, &options);

  if (code == SQLITE_OK)
    code = tvi_graph_argument_direction(base, GRAPH_STAT_DIRECTION, &direction);
  if (code == SQLITE_OK)
    code = tvi_graph_ended(base,
                           tv_graph_degree_stat(base->graph, &options, direction, &cursor->stat));
  tvi_free((void *)options.types.types);
  base->eof = code != SQLITE_OK;
  return code;
}

/* There is one row. */
static int graph_summary_next(tvi_graph_cursor *base) {
  base->eof = 1;
  return SQLITE_OK;
}

static int graph_triangles_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  if (column != GRAPH_TRIANGLES_COUNT) return tvi_graph_result_argument(base, context, column, "");
  sqlite3_result_int64(context, (sqlite3_int64)((graph_summary_cursor *)base)->triangles);
  return SQLITE_OK;
}

static int graph_stat_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  const tv_degree_stat *stat = &((graph_summary_cursor *)base)->stat;
  uint64_t count;

  switch (column) {
    case GRAPH_STAT_NODES:
      count = stat->nodes;
      break;
    case GRAPH_STAT_ENDS:
      count = stat->edge_ends;
      break;
    case GRAPH_STAT_LEAST:
      count = stat->min;
      break;
    case GRAPH_STAT_GREATEST:
      count = stat->max;
      break;
    case GRAPH_STAT_MEAN:
      sqlite3_result_double(context, stat->mean);
      return SQLITE_OK;
    case GRAPH_STAT_P50:
      count = stat->percentiles[50];
      break;
    case GRAPH_STAT_P90:
      count = stat->percentiles[90];
      break;
    case GRAPH_STAT_P99:
      count = stat->percentiles[99];
      break;
    case GRAPH_STAT_DIRECTION:
      return tvi_graph_result_argument(base, context, column, "out");
    default:
      return tvi_graph_result_argument(base, context, column, "");
  }
  sqlite3_result_int64(context, (sqlite3_int64)count);
  return SQLITE_OK;
}

const tvi_graph_spec tvi_graph_triangles_spec = {
    .module = "graph_triangles",
    .usage = "graph_triangles('g' [, 'type,type'])",
    .create =
        "CREATE TABLE x(triangles INTEGER, graph TEXT HIDDEN, types TEXT HIDDEN, "
        "PRIMARY KEY(graph, types)) WITHOUT ROWID",
    .columns = {"triangles", "graph", "types"},
    .first_argument = 1,
    .arguments = 2,
    .required = 1,
    .ordered_by = -1,
    .cursor_bytes = sizeof(graph_summary_cursor),
    .estimate = graph_triangles_estimate,
    .filter = graph_triangles_filter,
    .next = graph_summary_next,
    .column = graph_triangles_column,
};

const tvi_graph_spec tvi_graph_degree_stat_spec = {
    .module = "graph_degree_stat",
    .usage = "graph_degree_stat('g' [, 'out'|'in'|'both' [, 'type,type']])",
    .create =
        "CREATE TABLE x(nodes INTEGER, edge_ends INTEGER, least INTEGER, greatest INTEGER, "
        "mean REAL, p50 INTEGER, p90 INTEGER, p99 INTEGER, graph TEXT HIDDEN, "
        "direction TEXT HIDDEN, types TEXT HIDDEN, PRIMARY KEY(graph, direction, types)) "
        "WITHOUT ROWID",
    .columns = {"nodes", "edge_ends", "least", "greatest", "mean", "p50", "p90", "p99", "graph",
                "direction", "types"},
    .first_argument = 8,
    .arguments = 3,
    .required = 1,
    .ordered_by = -1,
    .cursor_bytes = sizeof(graph_summary_cursor),
    .estimate = graph_stat_estimate,
    .filter = graph_stat_filter,
    .next = graph_summary_next,
    .column = graph_stat_column,
};
