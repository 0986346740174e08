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
  GRAPH_NEIGHBORS_GUARD = 9,
  GRAPH_NEIGHBORS_ORDINAL = 10 /* names the row; not an argument */
};

typedef struct graph_neighbors_row {
  tv_edge_ref edge;
  tv_node neighbor;
  size_t start, ordinal; /* index among the starts; of the row among those of its start */
} graph_neighbors_row;

typedef struct graph_neighbors_cursor {
  tvi_graph_cursor base;
  tvi_graph_starts starts;
  size_t last, ordinal; /* the start whose rows come now, and how many came */
} graph_neighbors_cursor;

static void graph_neighbors_estimate(tvi_graph_outlook *outlook) {
  outlook->rows = outlook->fan * outlook->starts;
  if (outlook->given & 1 << GRAPH_NEIGHBORS_TYPES) outlook->rows /= 2;
  outlook->cost = 10 + outlook->rows * 2;
}

static int graph_neighbors_collect(void *ctx, size_t index, tv_node neighbour,
                                   const tv_edge_ref *edge) {
  graph_neighbors_cursor *cursor = ctx;
  graph_neighbors_row row = {*edge, neighbour, index, 0};

  if (index != cursor->last) cursor->ordinal = 0;
  cursor->last = index;
  row.ordinal = cursor->ordinal++;
  return tvi_graph_rows_add(&cursor->base, &row);
}

/* All starts are one frontier, expanded in one call. */
static int graph_neighbors_filter(tvi_graph_cursor *base) {
  graph_neighbors_cursor *cursor = (graph_neighbors_cursor *)base;
  tv_types types = {0, NULL};
  int direction, status, code;

  tvi_graph_starts_free(&cursor->starts);
  cursor->last = cursor->ordinal = 0;
  code = tvi_graph_argument_direction(base, GRAPH_NEIGHBORS_DIRECTION, &direction);
  if (code == SQLITE_OK)
    code = tvi_graph_argument_starts(base, GRAPH_NEIGHBORS_START, &cursor->starts);
  if (code == SQLITE_OK) code = tvi_graph_argument_types(base, GRAPH_NEIGHBORS_TYPES, &types);
  if (code == SQLITE_OK) {
    status = tv_graph_expand(base->graph, cursor->starts.n, cursor->starts.nodes, direction, types,
                             graph_neighbors_collect, cursor);
    code = tvi_graph_rows_end(base, status);
  }
  tvi_free((void *)types.types);
  return code;
}

static int graph_neighbors_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  graph_neighbors_cursor *cursor = (graph_neighbors_cursor *)base;
  const graph_neighbors_row *row = tvi_graph_row(base);

  switch (column) {
    case GRAPH_NEIGHBORS_NODE:
      return tvi_graph_result_key(base, context, cursor->starts.nodes[row->start]);
    case GRAPH_NEIGHBORS_NEIGHBOR:
      return tvi_graph_result_key(base, context, row->neighbor);
    case GRAPH_NEIGHBORS_EDGE:
      sqlite3_result_int64(context, (sqlite3_int64)row->edge.edge);
      return SQLITE_OK;
    case GRAPH_NEIGHBORS_TYPE:
      return tvi_graph_result_type(base, context, row->edge.type);
    case GRAPH_NEIGHBORS_PROPERTIES:
      return tvi_graph_result_edge_json(base, context, &row->edge);
    case GRAPH_NEIGHBORS_ORDINAL:
      sqlite3_result_int64(context, (sqlite3_int64)row->ordinal);
      return SQLITE_OK;
    case GRAPH_NEIGHBORS_START:
      sqlite3_result_value(context, cursor->starts.given[row->start]);
      return SQLITE_OK;
    case GRAPH_NEIGHBORS_DIRECTION:
      return tvi_graph_result_argument(base, context, column, "out");
    default:
      return tvi_graph_result_argument(base, context, column, "");
  }
}

static void graph_neighbors_close(tvi_graph_cursor *base) {
  tvi_graph_starts_free(&((graph_neighbors_cursor *)base)->starts);
}

const tvi_graph_spec tvi_graph_neighbors_spec = {
    .module = "graph_neighbors",
    .usage = "graph_neighbors('g', node [, 'out'|'in'|'both' [, 'type,type']])",
    .create =
        "CREATE TABLE x(node TEXT, neighbor TEXT, edge INTEGER, type TEXT, properties TEXT, "
        "graph TEXT HIDDEN, start HIDDEN, direction TEXT HIDDEN, types TEXT HIDDEN, "
        "surplus HIDDEN, ordinal INTEGER HIDDEN, PRIMARY KEY(graph, start, direction, types, "
        "ordinal)) "
        "WITHOUT ROWID",
    .columns = {"node", "neighbor", "edge", "type", "properties", "graph", "start", "direction",
                "types"},
    .first_argument = GRAPH_NEIGHBORS_GRAPH,
    .arguments = 4,
    .required = 2,
    .node_arguments = 1,
    .guard = GRAPH_NEIGHBORS_GUARD,
    .listed = 1 << GRAPH_NEIGHBORS_START,
    .start = GRAPH_NEIGHBORS_START,
    .direction = GRAPH_NEIGHBORS_DIRECTION,
    .ordered_by = -1,
    .cursor_bytes = sizeof(graph_neighbors_cursor),
    .row_bytes = sizeof(graph_neighbors_row),
    .estimate = graph_neighbors_estimate,
    .filter = graph_neighbors_filter,
    .column = graph_neighbors_column,
    .close = graph_neighbors_close,
};
