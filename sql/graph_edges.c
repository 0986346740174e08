/* SPDX-License-Identifier: MIT */
/*
 * graph_edges(graph): every edge, or those with an id, at a source or target, of a type. All edges
 * are fetched some at a time, going on behind the last one; the edges at a single node, which one
 * call gives, all at once.
 */
#include "graph_table_internal.h"

#define GRAPH_EDGES_BATCH 256

enum {
  GRAPH_EDGES_ID = 0,
  GRAPH_EDGES_SOURCE = 1,
  GRAPH_EDGES_TARGET = 2,
  GRAPH_EDGES_TYPE = 3,
  GRAPH_EDGES_PROPERTIES = 4,
  GRAPH_EDGES_GRAPH = 5,
  GRAPH_EDGES_SOURCE_ID = 6,
  GRAPH_EDGES_TARGET_ID = 7
};

typedef struct graph_edges_cursor {
  tvi_graph_cursor base;
  tvi_buffer edges; /* tv_edge_ref, those fetched */
  size_t n, at;
  int status;  /* of collecting */
  int batched; /* 1: the walk over all edges goes on behind `last` */
  int begun;
  tv_edge_ref last;
  const char *type; /* NULL: all. Lives in the cursor's copy of the value */
} graph_edges_cursor;

static void graph_edges_estimate(tvi_graph_outlook *outlook) {
  int given = outlook->given;

  outlook->rows = outlook->edges;
  if (given & 1 << GRAPH_EDGES_ID) {
    outlook->rows = 1;
    outlook->unique = 1;
  } else if (given & (1 << GRAPH_EDGES_SOURCE | 1 << GRAPH_EDGES_TARGET |
                      1 << GRAPH_EDGES_SOURCE_ID | 1 << GRAPH_EDGES_TARGET_ID)) {
    outlook->rows = outlook->degree;
  }
  outlook->cost = 10 + outlook->rows * 2;
  if (given & 1 << GRAPH_EDGES_TYPE && !outlook->unique) outlook->rows /= 4;
}

static const tv_edge_ref *graph_edges_row(const graph_edges_cursor *cursor, size_t i) {
  return (const tv_edge_ref *)(const void *)cursor->edges.data + i;
}

static int graph_edges_add(graph_edges_cursor *cursor, const tv_edge_ref *edge) {
  cursor->status = tvi_buffer_append(&cursor->edges, edge, sizeof *edge);
  if (cursor->status != TV_OK) return 1;
  cursor->n++;
  return 0;
}

static int graph_edges_collect(void *ctx, const tv_edge_ref *edge) {
  graph_edges_cursor *cursor = ctx;
  return graph_edges_add(cursor, edge) || tvi_graph_poll(&cursor->base);
}

static int graph_edges_collect_some(void *ctx, const tv_edge_ref *edge) {
  graph_edges_cursor *cursor = ctx;

  if (tvi_graph_poll(&cursor->base)) return 1;
  return graph_edges_add(cursor, edge) || cursor->n == GRAPH_EDGES_BATCH;
}

static void graph_edges_clear(graph_edges_cursor *cursor) {
  cursor->edges.size = 0;
  cursor->n = cursor->at = 0;
  cursor->status = TV_OK;
}

/* After collecting: where the cursor stands. */
static int graph_edges_arrive(graph_edges_cursor *cursor, int status) {
  cursor->base.eof = 1;
  if (cursor->status != TV_OK) return SQLITE_NOMEM;
  status = tvi_graph_ended(&cursor->base, status);
  if (status == SQLITE_OK) cursor->base.eof = cursor->n == 0;
  return status;
}

static int graph_edges_fill(graph_edges_cursor *cursor) {
  int status, code;

  if (cursor->n > 0) {
    cursor->last = *graph_edges_row(cursor, cursor->n - 1);
    cursor->begun = 1;
  }
  graph_edges_clear(cursor);
  cursor->base.eof = 1;
  if (!cursor->batched) return SQLITE_OK;
  code = tvi_graph_attach(&cursor->base);
  if (code != SQLITE_OK) return code;
  status =
      tv_graph_edges_after(cursor->base.graph, cursor->type, cursor->begun ? &cursor->last : NULL,
                           graph_edges_collect_some, cursor);
  cursor->batched = cursor->n == GRAPH_EDGES_BATCH;
  return graph_edges_arrive(cursor, status);
}

static int graph_edges_by_id(graph_edges_cursor *cursor, tvi_graph_match match, tv_edge id) {
  tv_edge_ref edge;
  int status = TV_NOTFOUND;

  if (match == TVI_GRAPH_MATCH_ONE && id < TV_EDGES_MAX)
    status = tv_graph_edge_find(cursor->base.graph, id, &edge);
  if (status == TV_NOTFOUND) return SQLITE_OK;
  if (status == TV_OK) (void)graph_edges_add(cursor, &edge);
  return graph_edges_arrive(cursor, status);
}

/* The node that one end is bound to: by key, or by id. */
static int graph_edges_end(graph_edges_cursor *cursor, int key, int id, tvi_graph_match *match,
                           tv_node *node) {
  tvi_graph_cursor *base = &cursor->base;

  *match = TVI_GRAPH_MATCH_ALL;
  if (base->given[id] != NULL) {
    *match = tvi_graph_match_number(base, id, node);
    return SQLITE_OK;
  }
  return base->given[key] == NULL ? SQLITE_OK : tvi_graph_match_key(base, key, match, node);
}

/* A type that the graph does not know matches nothing; it is a column here, not an argument. */
static int graph_edges_type(graph_edges_cursor *cursor, tvi_graph_match *match, uint32_t *type) {
  sqlite3_value *value = cursor->base.given[GRAPH_EDGES_TYPE];
  int status;

  cursor->type = NULL;
  *match = TVI_GRAPH_MATCH_ALL;
  if (value == NULL || sqlite3_value_type(value) == SQLITE_INTEGER ||
      sqlite3_value_type(value) == SQLITE_FLOAT)
    return SQLITE_OK;
  *match = TVI_GRAPH_MATCH_NONE;
  if (sqlite3_value_type(value) != SQLITE_TEXT) return SQLITE_OK;
  cursor->type = (const char *)sqlite3_value_text(value);
  if (cursor->type == NULL) return SQLITE_NOMEM;
  status = tv_graph_type_find(cursor->base.graph, cursor->type, type);
  if (status == TV_ENOLABEL || status == TV_EINVAL) return SQLITE_OK;
  if (status != TV_OK) return tvi_graph_fail(&cursor->base, status);
  *match = TVI_GRAPH_MATCH_ONE;
  return SQLITE_OK;
}

static int graph_edges_at(graph_edges_cursor *cursor, tv_node node, int direction, tv_types types) {
  int status = TV_ENONODE;

  if (node < TV_NODES_MAX)
    status =
        tv_graph_edges_at(cursor->base.graph, node, direction, types, graph_edges_collect, cursor);
  if (status == TV_ENONODE) return SQLITE_OK;
  return graph_edges_arrive(cursor, status);
}

static int graph_edges_all(graph_edges_cursor *cursor) {
  cursor->batched = 1;
  cursor->begun = 0;
  return graph_edges_fill(cursor);
}

static int graph_edges_filter(tvi_graph_cursor *base) {
  graph_edges_cursor *cursor = (graph_edges_cursor *)base;
  tvi_graph_match by_type, source = TVI_GRAPH_MATCH_ALL, target = TVI_GRAPH_MATCH_ALL;
  tv_types types = {0, NULL};
  tv_node from = 0, to = 0;
  uint32_t type = 0;
  int code;

  graph_edges_clear(cursor);
  cursor->batched = 0;
  if (base->given[GRAPH_EDGES_ID] != NULL) {
    tv_edge id = 0;
    tvi_graph_match match = tvi_graph_match_number(base, GRAPH_EDGES_ID, &id);
    return graph_edges_by_id(cursor, match, id);
  }
  code = graph_edges_type(cursor, &by_type, &type);
  if (code == SQLITE_OK)
    code = graph_edges_end(cursor, GRAPH_EDGES_SOURCE, GRAPH_EDGES_SOURCE_ID, &source, &from);
  if (code == SQLITE_OK)
    code = graph_edges_end(cursor, GRAPH_EDGES_TARGET, GRAPH_EDGES_TARGET_ID, &target, &to);
  if (code != SQLITE_OK || by_type == TVI_GRAPH_MATCH_NONE || source == TVI_GRAPH_MATCH_NONE ||
      target == TVI_GRAPH_MATCH_NONE)
    return code;
  if (by_type == TVI_GRAPH_MATCH_ONE) {
    types.n = 1;
    types.types = &type;
  }
  if (source == TVI_GRAPH_MATCH_ONE) return graph_edges_at(cursor, from, TV_OUT, types);
  if (target == TVI_GRAPH_MATCH_ONE) return graph_edges_at(cursor, to, TV_IN, types);
  return graph_edges_all(cursor);
}

static int graph_edges_next(tvi_graph_cursor *base) {
  graph_edges_cursor *cursor = (graph_edges_cursor *)base;

  if (++cursor->at < cursor->n) return SQLITE_OK;
  return graph_edges_fill(cursor);
}

static int graph_edges_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  graph_edges_cursor *cursor = (graph_edges_cursor *)base;
  const tv_edge_ref *edge = graph_edges_row(cursor, cursor->at);

  switch (column) {
    case GRAPH_EDGES_ID:
      sqlite3_result_int64(context, (sqlite3_int64)edge->edge);
      return SQLITE_OK;
    case GRAPH_EDGES_SOURCE:
      return tvi_graph_result_key(base, context, edge->from);
    case GRAPH_EDGES_TARGET:
      return tvi_graph_result_key(base, context, edge->to);
    case GRAPH_EDGES_TYPE:
      return tvi_graph_result_type(base, context, edge->type);
    case GRAPH_EDGES_PROPERTIES:
      return tvi_graph_result_edge_json(base, context, edge);
    case GRAPH_EDGES_SOURCE_ID:
      sqlite3_result_int64(context, (sqlite3_int64)edge->from);
      return SQLITE_OK;
    case GRAPH_EDGES_TARGET_ID:
      sqlite3_result_int64(context, (sqlite3_int64)edge->to);
      return SQLITE_OK;
    default:
      return tvi_graph_result_argument(base, context, column, "");
  }
}

static void graph_edges_close(tvi_graph_cursor *base) {
  tvi_buffer_free(&((graph_edges_cursor *)base)->edges);
}

const tvi_graph_spec tvi_graph_edges_spec = {
    .module = "graph_edges",
    .usage = "graph_edges('g')",
    .create =
        "CREATE TABLE x(id INTEGER, source TEXT, target TEXT, type TEXT, properties TEXT, "
        "graph TEXT HIDDEN, source_id INTEGER HIDDEN, target_id INTEGER HIDDEN, "
        "PRIMARY KEY(graph, id)) WITHOUT ROWID",
    .columns = {"id", "source", "target", "type", "properties", "graph", "source_id", "target_id"},
    .first_argument = GRAPH_EDGES_GRAPH,
    .arguments = 1,
    .required = 1,
    .node_arguments = 0,
    .keyed = 1 << GRAPH_EDGES_ID | 1 << GRAPH_EDGES_SOURCE | 1 << GRAPH_EDGES_TARGET |
             1 << GRAPH_EDGES_TYPE | 1 << GRAPH_EDGES_SOURCE_ID | 1 << GRAPH_EDGES_TARGET_ID,
    .ordered_by = -1,
    .cursor_bytes = sizeof(graph_edges_cursor),
    .estimate = graph_edges_estimate,
    .filter = graph_edges_filter,
    .next = graph_edges_next,
    .column = graph_edges_column,
    .close = graph_edges_close,
};
