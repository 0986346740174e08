/* SPDX-License-Identifier: MIT */
/*
 * graph_khop(graph, start, depth [, direction [, types]]): what a breadth-first search reaches, the
 * start included at depth 0, in the order of depth. The search runs to its end before the
 * first row: it cannot be left and entered again, and a search per row would be worse. Each
 * row reached costs 40 bytes meanwhile. Several starts in one IN list are searched together
 * (graph_khop_list.c).
 */
#include "graph_khop_internal.h"

#define GRAPH_KHOP_LEVELS 64 /* of an estimate: beyond, growth has reached every node or ended */

static void graph_khop_estimate(tvi_graph_outlook *outlook) {
  sqlite3_value *literal = outlook->literal[TVI_KHOP_DEPTH_MAX];
  int known = literal != NULL && sqlite3_value_type(literal) != SQLITE_NULL;
  sqlite3_int64 depth = known ? sqlite3_value_int64(literal) : literal != NULL ? -1 : 3;
  double level = outlook->fan;
  int i;

  outlook->rows = 1;
  for (i = 0; i < GRAPH_KHOP_LEVELS && i != depth; i++) {
    outlook->rows += level;
    level *= outlook->degree;
  }
  if (depth < 0 && outlook->degree >= 1 && outlook->fan > 0) outlook->rows = outlook->nodes;
  if (outlook->rows > outlook->nodes) outlook->rows = outlook->nodes;
  outlook->rows *= outlook->starts;
  outlook->cost = 10 + outlook->rows * (2 + outlook->degree);
}

static int graph_khop_collect(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                              const tv_edge_ref *edge) {
  tvi_khop_cursor *cursor = ctx;
  tvi_khop_row row = {.node = node, .parent = parent, .depth = depth};

  if (edge != NULL) {
    row.edge = edge->edge;
    row.type = edge->type;
  }
  return tvi_graph_rows_add(&cursor->base, &row);
}

/* -1 and NULL: no bound. */
static int graph_khop_depth(tvi_graph_cursor *base, uint32_t *depth) {
  sqlite3_value *value = base->given[TVI_KHOP_DEPTH_MAX];
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
  tvi_khop_cursor *cursor = (tvi_khop_cursor *)base;
  tv_types types = {0, NULL};
  uint32_t depth = 0;
  int direction, status = TV_OK, code = graph_khop_depth(base, &depth);

  tvi_graph_starts_free(&cursor->starts);
  if (code == SQLITE_OK) code = tvi_graph_argument_direction(base, TVI_KHOP_DIRECTION, &direction);
  if (code == SQLITE_OK) code = tvi_graph_argument_starts(base, TVI_KHOP_START, &cursor->starts);
  if (code == SQLITE_OK) code = tvi_graph_argument_types(base, TVI_KHOP_TYPES, &types);
  if (code == SQLITE_OK) {
    if (cursor->starts.n == 1)
      status = tv_graph_bfs(base->graph, 1, cursor->starts.nodes, direction, types, depth, NULL,
                            graph_khop_collect, cursor);
    else if (cursor->starts.n > 1)
      status = tvi_khop_list(cursor, direction, types, depth);
    code = tvi_graph_rows_end(base, status);
  }
  tvi_free((void *)types.types);
  return code;
}

static int graph_khop_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  const tvi_khop_row *row = tvi_graph_row(base);

  switch (column) {
    case TVI_KHOP_NODE:
      return tvi_graph_result_key(base, context, row->node);
    case TVI_KHOP_DEPTH:
      sqlite3_result_int64(context, row->depth);
      return SQLITE_OK;
    case TVI_KHOP_PARENT:
      if (row->parent == TV_NODE_NONE) return SQLITE_OK;
      return tvi_graph_result_key(base, context, row->parent);
    case TVI_KHOP_TYPE:
      if (row->parent == TV_NODE_NONE) return SQLITE_OK;
      return tvi_graph_result_type(base, context, row->type);
    case TVI_KHOP_EDGE:
      if (row->parent != TV_NODE_NONE) sqlite3_result_int64(context, (sqlite3_int64)row->edge);
      return SQLITE_OK;
    case TVI_KHOP_START:
      sqlite3_result_value(context, ((tvi_khop_cursor *)base)->starts.given[row->start]);
      return SQLITE_OK;
    case TVI_KHOP_DEPTH_MAX:
      return tvi_graph_result_argument(base, context, column, "-1");
    case TVI_KHOP_DIRECTION:
      return tvi_graph_result_argument(base, context, column, "out");
    default:
      return tvi_graph_result_argument(base, context, column, "");
  }
}

static void graph_khop_close(tvi_graph_cursor *base) {
  tvi_graph_starts_free(&((tvi_khop_cursor *)base)->starts);
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
    .first_argument = TVI_KHOP_GRAPH,
    .arguments = 5,
    .required = 3,
    .node_arguments = 1,
    .listed = 1 << TVI_KHOP_START,
    .start = TVI_KHOP_START,
    .direction = TVI_KHOP_DIRECTION,
    .ordered_by = TVI_KHOP_DEPTH,
    .order_unique = 0,
    .cursor_bytes = sizeof(tvi_khop_cursor),
    .row_bytes = sizeof(tvi_khop_row),
    .estimate = graph_khop_estimate,
    .filter = graph_khop_filter,
    .column = graph_khop_column,
    .close = graph_khop_close,
};
