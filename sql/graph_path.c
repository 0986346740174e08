/* SPDX-License-Identifier: MIT */
/*
 * graph_path(graph, source, target [, direction [, types]]): one shortest path, a row per node:
 * step 0 is the source, each later step is reached over its edge. No path gives no rows.
 *
 * The search asks now and then whether the connection was interrupted.
 */
#include "graph_table_internal.h"

enum {
  GRAPH_PATH_STEP = 0,
  GRAPH_PATH_NODE = 1,
  GRAPH_PATH_TYPE = 2,
  GRAPH_PATH_EDGE = 3,
  GRAPH_PATH_GRAPH = 4,
  GRAPH_PATH_SOURCE = 5,
  GRAPH_PATH_TARGET = 6,
  GRAPH_PATH_DIRECTION = 7,
  GRAPH_PATH_TYPES = 8
};

typedef struct graph_path_cursor {
  tvi_graph_cursor base;
  tv_path path;
  size_t at;
} graph_path_cursor;

static void graph_path_estimate(tvi_graph_outlook *outlook) {
  outlook->rows = 6;
  /* Searching from both ends touches about the square root of the graph, twice. */
  outlook->cost = 20 + outlook->edges / 10;
}

static int graph_path_interrupted(void *ctx) {
  return tvi_graph_poll_now(ctx);
}

static int graph_path_search(graph_path_cursor *cursor, tv_node from, tv_node to, int direction,
                             tv_types types) {
  tvi_graph_cursor *base = &cursor->base;
  tv_limits limits = {.interrupted = graph_path_interrupted, .ctx = base};
  int status =
      tv_graph_shortest_path(base->graph, from, to, direction, types, &limits, &cursor->path);

  if (status == TV_NOTFOUND) return SQLITE_OK;
  base->eof = status != TV_OK;
  return tvi_graph_ended(base, status);
}

static int graph_path_filter(tvi_graph_cursor *base) {
  graph_path_cursor *cursor = (graph_path_cursor *)base;
  tv_types types = {0, NULL};
  tv_node from = 0, to = 0;
  int direction, from_found = 0, to_found = 0, code;

  tv_graph_path_free(&cursor->path);
  cursor->path = (tv_path){0, NULL, NULL};
  cursor->at = 0;
  code = tvi_graph_argument_direction(base, GRAPH_PATH_DIRECTION, &direction);
  if (code == SQLITE_OK)
    code = tvi_graph_argument_node(base, GRAPH_PATH_SOURCE, &from, &from_found);
  if (code == SQLITE_OK) code = tvi_graph_argument_node(base, GRAPH_PATH_TARGET, &to, &to_found);
  if (code == SQLITE_OK) code = tvi_graph_argument_types(base, GRAPH_PATH_TYPES, &types);
  if (code == SQLITE_OK && from_found && to_found)
    code = graph_path_search(cursor, from, to, direction, types);
  tvi_free((void *)types.types);
  return code;
}

static int graph_path_next(tvi_graph_cursor *base) {
  graph_path_cursor *cursor = (graph_path_cursor *)base;
  base->eof = ++cursor->at > cursor->path.length;
  return SQLITE_OK;
}

static int graph_path_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  graph_path_cursor *cursor = (graph_path_cursor *)base;
  size_t at = cursor->at;

  switch (column) {
    case GRAPH_PATH_STEP:
      sqlite3_result_int64(context, (sqlite3_int64)at);
      return SQLITE_OK;
    case GRAPH_PATH_NODE:
      return tvi_graph_result_key(base, context, cursor->path.nodes[at]);
    case GRAPH_PATH_TYPE:
      if (at == 0) return SQLITE_OK;
      return tvi_graph_result_type(base, context, cursor->path.edges[at - 1].type);
    case GRAPH_PATH_EDGE:
      if (at > 0) sqlite3_result_int64(context, (sqlite3_int64)cursor->path.edges[at - 1].edge);
      return SQLITE_OK;
    case GRAPH_PATH_DIRECTION:
      return tvi_graph_result_argument(base, context, column, "out");
    default:
      return tvi_graph_result_argument(base, context, column, "");
  }
}

static void graph_path_close(tvi_graph_cursor *base) {
  tv_graph_path_free(&((graph_path_cursor *)base)->path);
}

const tvi_graph_spec tvi_graph_path_spec = {
    .module = "graph_path",
    .usage = "graph_path('g', source, target [, 'out'|'in'|'both' [, 'type,type']])",
    .create =
        "CREATE TABLE x(step INTEGER, node TEXT, type TEXT, edge INTEGER, "
        "graph TEXT HIDDEN, source HIDDEN, target HIDDEN, direction TEXT HIDDEN, "
        "types TEXT HIDDEN, PRIMARY KEY(graph, source, target, direction, types, step)) "
        "WITHOUT ROWID",
    .columns = {"step", "node", "type", "edge", "graph", "source", "target", "direction", "types"},
    .first_argument = GRAPH_PATH_GRAPH,
    .arguments = 5,
    .required = 3,
    .node_arguments = 2,
    .start = GRAPH_PATH_SOURCE,
    .direction = GRAPH_PATH_DIRECTION,
    .ordered_by = GRAPH_PATH_STEP,
    .order_unique = 1,
    .cursor_bytes = sizeof(graph_path_cursor),
    .estimate = graph_path_estimate,
    .filter = graph_path_filter,
    .next = graph_path_next,
    .column = graph_path_column,
    .close = graph_path_close,
};
