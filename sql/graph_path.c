/* SPDX-License-Identifier: MIT */
/*
 * graph_path(graph, source, target [, direction [, types [, weight]]]): one shortest path, a row
 * per node: step 0 is the source, each later step is reached over its edge. graph_all_paths(graph,
 * source, target [, k [, direction [, types [, weight]]]]): all shortest paths, or the k shortest,
 * in the same form with a number for each path. No path gives no rows. Two functions rather than
 * one, since a single path needs no number and its search is far cheaper.
 *
 * The searches ask now and then whether the connection was interrupted.
 */
#include "graph_algorithm_internal.h"

#define GRAPH_PATHS_MAX 1000000

enum {
  GRAPH_PATH_STEP = 0,
  GRAPH_PATH_NODE = 1,
  GRAPH_PATH_TYPE = 2,
  GRAPH_PATH_EDGE = 3,
  GRAPH_PATH_GRAPH = 4,
  GRAPH_PATH_SOURCE = 5,
  GRAPH_PATH_DIRECTION = 7,
  /* Of graph_all_paths: columns of graph_path, one further. */
  GRAPH_PATHS_PATH = 0,
  GRAPH_PATHS_TOTAL = 5,
  GRAPH_PATHS_GRAPH = 6,
  GRAPH_PATHS_SOURCE = 7,
  GRAPH_PATHS_K = 9,
  GRAPH_PATHS_DIRECTION = 10
};

typedef struct graph_path_row {
  tv_node node;
  tv_edge edge;
  double total; /* of the path */
  uint64_t step;
  uint32_t path, type;
} graph_path_row;

typedef struct graph_path_cursor {
  tvi_graph_cursor base;
  uint32_t paths;
} graph_path_cursor;

/* Searching from both ends touches about the square root of the graph, twice; weights more. */
static void graph_path_estimate(tvi_graph_outlook *outlook) {
  outlook->rows = 6;
  outlook->cost = 20 + outlook->edges / 10;
}

static void graph_paths_estimate(tvi_graph_outlook *outlook) {
  outlook->rows = 60;
  outlook->cost = 200 + outlook->edges / 5;
}

/* A row for each node of a path. Non-zero: stop. */
static int graph_path_rows(void *ctx, const tv_path *path, double weight) {
  graph_path_cursor *cursor = ctx;
  graph_path_row row = {.path = ++cursor->paths, .total = weight};

  for (row.step = 0; row.step <= path->length; row.step++) {
    row.node = path->nodes[row.step];
    if (row.step > 0) {
      row.edge = path->edges[row.step - 1].edge;
      row.type = path->edges[row.step - 1].type;
    }
    if (tvi_graph_rows_add(&cursor->base, &row)) return 1;
  }
  return 0;
}

/* ---- Arguments ---- */

typedef struct graph_path_search {
  tv_node from, to;
  tv_path_options options;
  int found; /* both nodes are there */
} graph_path_search;

/* Source, target, direction, types and weight; the columns follow each other from `source` and from
 * `direction` on. options.types.types is to be freed. */
static int graph_path_arguments(tvi_graph_cursor *base, int source, int direction,
                                graph_path_search *search) {
  tv_algorithm_options options;
  int from_found = 0, to_found = 0, code;

  *search = (graph_path_search){.found = 0};
  code = tvi_graph_argument_direction(base, direction, &search->options.direction);
  if (code == SQLITE_OK)
    code = tvi_graph_algorithm_weight(base, direction + 2, &search->options.weight);
  if (code == SQLITE_OK) code = tvi_graph_argument_node(base, source, &search->from, &from_found);
  if (code == SQLITE_OK) code = tvi_graph_argument_node(base, source + 1, &search->to, &to_found);
  if (code != SQLITE_OK) return code;
  code = tvi_graph_algorithm_options(base, direction + 1, &options);
  search->options.types = options.types;
  search->options.limits = options.limits;
  search->found = from_found && to_found;
  return code;
}

static int graph_path_end(tvi_graph_cursor *base, graph_path_search *search, int status, int code) {
  tvi_free((void *)search->options.types.types);
  if (status == TV_NOTFOUND) status = TV_OK; /* no path: no rows */
  return code == SQLITE_OK ? tvi_graph_rows_end(base, status) : code;
}

/* ---- graph_path ---- */

static int graph_path_filter(tvi_graph_cursor *base) {
  graph_path_cursor *cursor = (graph_path_cursor *)base;
  graph_path_search search;
  tv_path path = {0, NULL, NULL};
  double weight = 0;
  int status = TV_OK;
  int code = graph_path_arguments(base, GRAPH_PATH_SOURCE, GRAPH_PATH_DIRECTION, &search);

  cursor->paths = 0;
  if (code == SQLITE_OK && search.found) {
    status =
        tv_graph_path_find(base->graph, search.from, search.to, &search.options, &path, &weight);
    if (status == TV_OK) (void)graph_path_rows(cursor, &path, weight);
    tv_graph_path_free(&path);
  }
  return graph_path_end(base, &search, status, code);
}

static int graph_path_value(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  const graph_path_row *row = tvi_graph_row(base);

  switch (column) {
    case GRAPH_PATH_STEP:
      sqlite3_result_int64(context, (sqlite3_int64)row->step);
      return SQLITE_OK;
    case GRAPH_PATH_NODE:
      return tvi_graph_result_key(base, context, row->node);
    case GRAPH_PATH_TYPE:
      if (row->step == 0) return SQLITE_OK;
      return tvi_graph_result_type(base, context, row->type);
    default:
      if (row->step > 0) sqlite3_result_int64(context, (sqlite3_int64)row->edge);
      return SQLITE_OK;
  }
}

static int graph_path_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  if (column <= GRAPH_PATH_EDGE) return graph_path_value(base, context, column);
  return tvi_graph_result_argument(base, context, column,
                                   column == GRAPH_PATH_DIRECTION ? "out" : "");
}

/* ---- graph_all_paths ---- */

static int graph_paths_filter(tvi_graph_cursor *base) {
  graph_path_cursor *cursor = (graph_path_cursor *)base;
  graph_path_search search;
  int64_t k = 0;
  int status = TV_OK;
  int code = graph_path_arguments(base, GRAPH_PATHS_SOURCE, GRAPH_PATHS_DIRECTION, &search);

  cursor->paths = 0;
  if (code == SQLITE_OK)
    code = tvi_graph_argument_whole(base, GRAPH_PATHS_K, 1, GRAPH_PATHS_MAX, &k);
  if (code == SQLITE_OK && search.found && k == 0)
    status = tv_graph_all_shortest_paths(base->graph, search.from, search.to, &search.options,
                                         graph_path_rows, cursor);
  else if (code == SQLITE_OK && search.found)
    status = tv_graph_k_shortest_paths(base->graph, search.from, search.to, (uint32_t)k,
                                       &search.options, graph_path_rows, cursor);
  return graph_path_end(base, &search, status, code);
}

static int graph_paths_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  const graph_path_row *row = tvi_graph_row(base);

  if (column == GRAPH_PATHS_PATH) {
    sqlite3_result_int64(context, row->path);
    return SQLITE_OK;
  }
  if (column == GRAPH_PATHS_TOTAL) {
    sqlite3_result_double(context, row->total);
    return SQLITE_OK;
  }
  if (column < GRAPH_PATHS_TOTAL) return graph_path_value(base, context, column - 1);
  if (column == GRAPH_PATHS_K && base->given[column] == NULL) return SQLITE_OK;
  return tvi_graph_result_argument(base, context, column,
                                   column == GRAPH_PATHS_DIRECTION ? "out" : "");
}

const tvi_graph_spec tvi_graph_path_spec = {
    .module = "graph_path",
    .usage = "graph_path('g', source, target [, 'out'|'in'|'both' [, 'type,type' [, 'weight']]])",
    .create =
        "CREATE TABLE x(step INTEGER, node TEXT, type TEXT, edge INTEGER, graph TEXT HIDDEN, "
        "source HIDDEN, target HIDDEN, direction TEXT HIDDEN, types TEXT HIDDEN, weight TEXT "
        "HIDDEN, PRIMARY KEY(graph, source, target, direction, types, weight, step)) WITHOUT ROWID",
    .columns = {"step", "node", "type", "edge", "graph", "source", "target", "direction", "types",
                "weight"},
    .first_argument = GRAPH_PATH_GRAPH,
    .arguments = 6,
    .required = 3,
    .node_arguments = 2,
    .ordered_by = GRAPH_PATH_STEP,
    .order_unique = 1,
    .cursor_bytes = sizeof(graph_path_cursor),
    .row_bytes = sizeof(graph_path_row),
    .estimate = graph_path_estimate,
    .filter = graph_path_filter,
    .column = graph_path_column,
};

const tvi_graph_spec tvi_graph_all_paths_spec = {
    .module = "graph_all_paths",
    .usage =
        "graph_all_paths('g', source, target [, k [, 'out'|'in'|'both' [, 'type,type' [, "
        "'weight']]]])",
    .create =
        "CREATE TABLE x(path INTEGER, step INTEGER, node TEXT, type TEXT, edge INTEGER, "
        "total REAL, graph TEXT HIDDEN, source HIDDEN, target HIDDEN, k HIDDEN, "
        "direction TEXT HIDDEN, types TEXT HIDDEN, weight TEXT HIDDEN, PRIMARY KEY(graph, source, "
        "target, k, direction, types, weight, path, step)) WITHOUT ROWID",
    .columns = {"path", "step", "node", "type", "edge", "total", "graph", "source", "target", "k",
                "direction", "types", "weight"},
    .first_argument = GRAPH_PATHS_GRAPH,
    .arguments = 7,
    .required = 3,
    .node_arguments = 2,
    .ordered_by = GRAPH_PATHS_PATH,
    .order_unique = 0,
    .cursor_bytes = sizeof(graph_path_cursor),
    .row_bytes = sizeof(graph_path_row),
    .estimate = graph_paths_estimate,
    .filter = graph_paths_filter,
    .column = graph_paths_column,
};
