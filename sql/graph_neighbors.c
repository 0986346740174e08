/* SPDX-License-Identifier: MIT */
/*
 * graph_neighbors(graph, node [, direction [, types]]): one row for each edge at the node. An edge
 * is what is listed, not a neighbour: parallel edges give several rows, and with 'both' an edge
 * from a node to itself gives two, as the graph layer does.
 */
#include "graph_table_internal.h"

enum {
  GRAPH_NEIGHBORS_NODE = 0,
  GRAPH_NEIGHBORS_NEIGHBOR = 1,
  GRAPH_NEIGHBORS_EDGE = 2,
  GRAPH_NEIGHBORS_TYPE = 3,
  GRAPH_NEIGHBORS_PROPERTIES = 4,
  GRAPH_NEIGHBORS_GRAPH = 5,
  GRAPH_NEIGHBORS_START = 6,
  GRAPH_NEIGHBORS_DIRECTION = 7,
  GRAPH_NEIGHBORS_TYPES = 8,
  GRAPH_NEIGHBORS_ORDINAL = 9 /* names the row; not an argument */
};

typedef struct graph_neighbors_cursor {
  tvi_graph_cursor base;
  tv_node start;
  tvi_buffer edges; /* tv_edge_ref */
  size_t n, at;
  int status;
} graph_neighbors_cursor;

static void graph_neighbors_estimate(tvi_graph_outlook *outlook) {
  outlook->rows = outlook->degree;
  if (outlook->given & 1 << GRAPH_NEIGHBORS_TYPES) outlook->rows /= 2;
  outlook->cost = 10 + outlook->rows * 2;
}

static int graph_neighbors_collect(void *ctx, const tv_edge_ref *edge) {
  graph_neighbors_cursor *cursor = ctx;

  cursor->status = tvi_buffer_append(&cursor->edges, edge, sizeof *edge);
  if (cursor->status != TV_OK) return 1;
  return ++cursor->n >= cursor->base.rows_max || tvi_graph_poll(&cursor->base);
}

static int graph_neighbors_filter(tvi_graph_cursor *base) {
  graph_neighbors_cursor *cursor = (graph_neighbors_cursor *)base;
  tv_types types = {0, NULL};
  int direction, found, status, code;

  cursor->edges.size = 0;
  cursor->n = cursor->at = 0;
  cursor->status = TV_OK;
  code = tvi_graph_argument_direction(base, GRAPH_NEIGHBORS_DIRECTION, &direction);
  if (code == SQLITE_OK)
    code = tvi_graph_argument_node(base, GRAPH_NEIGHBORS_START, &cursor->start, &found);
  if (code == SQLITE_OK) code = tvi_graph_argument_types(base, GRAPH_NEIGHBORS_TYPES, &types);
  if (code != SQLITE_OK || !found) {
    tvi_free((void *)types.types);
    return code;
  }
  status = tv_graph_edges_at(base->graph, cursor->start, direction, types, graph_neighbors_collect,
                             cursor);
  tvi_free((void *)types.types);
  if (cursor->status != TV_OK) return SQLITE_NOMEM;
  code = tvi_graph_ended(base, status);
  base->eof = code != SQLITE_OK || cursor->n == 0;
  return code;
}

static int graph_neighbors_next(tvi_graph_cursor *base) {
  graph_neighbors_cursor *cursor = (graph_neighbors_cursor *)base;
  base->eof = ++cursor->at >= cursor->n;
  return SQLITE_OK;
}

static int graph_neighbors_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  graph_neighbors_cursor *cursor = (graph_neighbors_cursor *)base;
  const tv_edge_ref *edge = (const tv_edge_ref *)(const void *)cursor->edges.data + cursor->at;

  switch (column) {
    case GRAPH_NEIGHBORS_NODE:
      return tvi_graph_result_key(base, context, cursor->start);
    case GRAPH_NEIGHBORS_NEIGHBOR:
      return tvi_graph_result_key(base, context,
                                  edge->from == cursor->start ? edge->to : edge->from);
    case GRAPH_NEIGHBORS_EDGE:
      sqlite3_result_int64(context, (sqlite3_int64)edge->edge);
      return SQLITE_OK;
    case GRAPH_NEIGHBORS_TYPE:
      return tvi_graph_result_type(base, context, edge->type);
    case GRAPH_NEIGHBORS_PROPERTIES:
      return tvi_graph_result_edge_json(base, context, edge);
    case GRAPH_NEIGHBORS_ORDINAL:
      sqlite3_result_int64(context, (sqlite3_int64)cursor->at);
      return SQLITE_OK;
    case GRAPH_NEIGHBORS_DIRECTION:
      return tvi_graph_result_argument(base, context, column, "out");
    default:
      return tvi_graph_result_argument(base, context, column, "");
  }
}

static void graph_neighbors_close(tvi_graph_cursor *base) {
  tvi_buffer_free(&((graph_neighbors_cursor *)base)->edges);
}

const tvi_graph_spec tvi_graph_neighbors_spec = {
    .module = "graph_neighbors",
    .usage = "graph_neighbors('g', node [, 'out'|'in'|'both' [, 'type,type']])",
    .create =
        "CREATE TABLE x(node TEXT, neighbor TEXT, edge INTEGER, type TEXT, properties TEXT, "
        "graph TEXT HIDDEN, start HIDDEN, direction TEXT HIDDEN, types TEXT HIDDEN, "
        "ordinal INTEGER HIDDEN, PRIMARY KEY(graph, start, direction, types, ordinal)) "
        "WITHOUT ROWID",
    .columns = {"node", "neighbor", "edge", "type", "properties", "graph", "start", "direction",
                "types"},
    .first_argument = GRAPH_NEIGHBORS_GRAPH,
    .arguments = 4,
    .required = 2,
    .node_arguments = 1,
    .keyed = 0,
    .ordered_by = -1,
    .cursor_bytes = sizeof(graph_neighbors_cursor),
    .estimate = graph_neighbors_estimate,
    .filter = graph_neighbors_filter,
    .next = graph_neighbors_next,
    .column = graph_neighbors_column,
    .close = graph_neighbors_close,
};
