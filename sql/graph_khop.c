/* SPDX-License-Identifier: MIT */
/*
 * graph_khop(graph, start, depth [, direction [, types]]): what a breadth-first search reaches, the
 * start included at depth 0, in the order of depth. The search runs to its end before the
 * first row: it cannot be left and entered again, and a search per row would be worse. Each
 * row reached costs 32 bytes meanwhile.
 */
#include "graph_table_internal.h"

#define GRAPH_KHOP_LEVELS 64 /* of an estimate: beyond, growth has reached every node or ended */

enum {
  GRAPH_KHOP_NODE = 0,
  GRAPH_KHOP_DEPTH = 1,
  GRAPH_KHOP_PARENT = 2,
  GRAPH_KHOP_TYPE = 3,
  GRAPH_KHOP_EDGE = 4,
  GRAPH_KHOP_GRAPH = 5,
  GRAPH_KHOP_START = 6,
  GRAPH_KHOP_DEPTH_MAX = 7,
  GRAPH_KHOP_DIRECTION = 8,
  GRAPH_KHOP_TYPES = 9
};

typedef struct graph_khop_row {
  tv_node node, parent; /* parent: TV_NODE_NONE at the start */
  tv_edge edge;
  uint32_t depth, type;
} graph_khop_row;

typedef struct graph_khop_cursor {
  tvi_graph_cursor base;
  tvi_buffer rows;
  size_t n, at;
  int status;
} graph_khop_cursor;

static void graph_khop_estimate(tvi_graph_outlook *outlook) {
  sqlite3_value *literal = outlook->literal[GRAPH_KHOP_DEPTH_MAX];
  int known = literal != NULL && sqlite3_value_type(literal) != SQLITE_NULL;
  sqlite3_int64 depth = known ? sqlite3_value_int64(literal) : literal != NULL ? -1 : 3;
  double level = 1;
  int i;

  outlook->rows = 1;
  for (i = 0; i < GRAPH_KHOP_LEVELS && i != depth; i++) {
    level *= outlook->degree;
    outlook->rows += level;
  }
  if (depth < 0 && outlook->degree >= 1) outlook->rows = outlook->nodes;
  if (outlook->rows > outlook->nodes) outlook->rows = outlook->nodes;
  outlook->cost = 10 + outlook->rows * (2 + outlook->degree);
}

static int graph_khop_collect(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                              const tv_edge_ref *edge) {
  graph_khop_cursor *cursor = ctx;
  graph_khop_row row = {.node = node, .parent = parent, .depth = depth};

  if (edge != NULL) {
    row.edge = edge->edge;
    row.type = edge->type;
  }
  cursor->status = tvi_buffer_append(&cursor->rows, &row, sizeof row);
  if (cursor->status != TV_OK) return 1;
  return ++cursor->n >= cursor->base.rows_max || tvi_graph_poll(&cursor->base);
}

/* -1 and NULL: no bound. */
static int graph_khop_depth(tvi_graph_cursor *base, uint32_t *depth) {
  sqlite3_value *value = base->given[GRAPH_KHOP_DEPTH_MAX];
  int type = sqlite3_value_numeric_type(value);
  double number = type == SQLITE_NULL ? -1 : sqlite3_value_double(value);
  int whole = type == SQLITE_INTEGER || type == SQLITE_NULL ||
              (type == SQLITE_FLOAT && number == (double)sqlite3_value_int64(value));

  *depth = UINT32_MAX;
  if (!whole || number < -1) {
    char shown[TVI_SHOW_BYTES];
    const void *text = sqlite3_value_text(value);
    tv_slice given = tv_bytes(text, (size_t)sqlite3_value_bytes(value));
    return tvi_graph_complain(
        base, SQLITE_ERROR,
        sqlite3_mprintf("%s: depth is a whole number of steps, or -1 for no bound, not %s",
                        base->spec->module, text != NULL ? tvi_show(given, shown) : "that"));
  }
  if (number >= 0 && number < UINT32_MAX) *depth = (uint32_t)number;
  return SQLITE_OK;
}

static int graph_khop_filter(tvi_graph_cursor *base) {
  graph_khop_cursor *cursor = (graph_khop_cursor *)base;
  tv_types types = {0, NULL};
  tv_node start = 0;
  uint32_t depth = 0;
  int direction, found = 0, status, code = graph_khop_depth(base, &depth);

  cursor->rows.size = 0;
  cursor->n = cursor->at = 0;
  cursor->status = TV_OK;
  if (code == SQLITE_OK)
    code = tvi_graph_argument_direction(base, GRAPH_KHOP_DIRECTION, &direction);
  if (code == SQLITE_OK) code = tvi_graph_argument_node(base, GRAPH_KHOP_START, &start, &found);
  if (code == SQLITE_OK) code = tvi_graph_argument_types(base, GRAPH_KHOP_TYPES, &types);
  if (code != SQLITE_OK || !found) {
    tvi_free((void *)types.types);
    return code;
  }
  status = tv_graph_bfs(base->graph, 1, &start, direction, types, depth, NULL, graph_khop_collect,
                        cursor);
  tvi_free((void *)types.types);
  if (cursor->status != TV_OK) return SQLITE_NOMEM;
  code = tvi_graph_ended(base, status);
  base->eof = code != SQLITE_OK || cursor->n == 0;
  return code;
}

static int graph_khop_next(tvi_graph_cursor *base) {
  graph_khop_cursor *cursor = (graph_khop_cursor *)base;
  base->eof = ++cursor->at >= cursor->n;
  return SQLITE_OK;
}

static int graph_khop_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  graph_khop_cursor *cursor = (graph_khop_cursor *)base;
  const graph_khop_row *row = (const graph_khop_row *)(const void *)cursor->rows.data + cursor->at;

  switch (column) {
    case GRAPH_KHOP_NODE:
      return tvi_graph_result_key(base, context, row->node);
    case GRAPH_KHOP_DEPTH:
      sqlite3_result_int64(context, row->depth);
      return SQLITE_OK;
    case GRAPH_KHOP_PARENT:
      if (row->parent == TV_NODE_NONE) return SQLITE_OK;
      return tvi_graph_result_key(base, context, row->parent);
    case GRAPH_KHOP_TYPE:
      if (row->parent == TV_NODE_NONE) return SQLITE_OK;
      return tvi_graph_result_type(base, context, row->type);
    case GRAPH_KHOP_EDGE:
      if (row->parent != TV_NODE_NONE) sqlite3_result_int64(context, (sqlite3_int64)row->edge);
      return SQLITE_OK;
    case GRAPH_KHOP_DEPTH_MAX:
      return tvi_graph_result_argument(base, context, column, "-1");
    case GRAPH_KHOP_DIRECTION:
      return tvi_graph_result_argument(base, context, column, "out");
    default:
      return tvi_graph_result_argument(base, context, column, "");
  }
}

static void graph_khop_close(tvi_graph_cursor *base) {
  tvi_buffer_free(&((graph_khop_cursor *)base)->rows);
}

const tvi_graph_spec tvi_graph_khop_spec = {
    .module = "graph_khop",
    .usage = "graph_khop('g', node, depth [, 'out'|'in'|'both' [, 'type,type']])",
    .create =
        "CREATE TABLE x(node TEXT, depth INTEGER, parent TEXT, type TEXT, edge INTEGER, "
        "graph TEXT HIDDEN, start HIDDEN, depth_max HIDDEN, direction TEXT HIDDEN, "
        "types TEXT HIDDEN, PRIMARY KEY(graph, start, depth_max, direction, types, node)) "
        "WITHOUT ROWID",
    .columns = {"node", "depth", "parent", "type", "edge", "graph", "start", "depth_max",
                "direction", "types"},
    .first_argument = GRAPH_KHOP_GRAPH,
    .arguments = 5,
    .required = 3,
    .node_arguments = 1,
    .keyed = 0,
    .ordered_by = GRAPH_KHOP_DEPTH,
    .order_unique = 0,
    .cursor_bytes = sizeof(graph_khop_cursor),
    .estimate = graph_khop_estimate,
    .filter = graph_khop_filter,
    .next = graph_khop_next,
    .column = graph_khop_column,
    .close = graph_khop_close,
};
