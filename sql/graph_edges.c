/* SPDX-License-Identifier: MIT */
/*
 * graph_edges(graph): every edge, or those with an id, at a source or target, of a type. All edges
 * are fetched some at a time, going on behind the last one; the edges at one node, or at those of
 * an IN list, which one call gives, all at once. CREATE VIRTUAL TABLE makes it a table to write to.
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
  GRAPH_EDGES_GUARD = 6,
  GRAPH_EDGES_SOURCE_ID = 7,
  GRAPH_EDGES_TARGET_ID = 8
};

typedef struct graph_edges_cursor {
  tvi_graph_cursor base;
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
  } else if (given & 1 << GRAPH_EDGES_SOURCE) {
    outlook->rows = outlook->fan * outlook->starts;
  } else if (given &
             (1 << GRAPH_EDGES_TARGET | 1 << GRAPH_EDGES_SOURCE_ID | 1 << GRAPH_EDGES_TARGET_ID)) {
    outlook->rows = outlook->degree * outlook->starts;
  }
  outlook->cost = 10 + outlook->rows * 2;
  if (given & 1 << GRAPH_EDGES_TYPE && !outlook->unique) outlook->rows /= 4;
}

static int graph_edges_collect(void *ctx, size_t index, tv_node neighbour,
                               const tv_edge_ref *edge) {
  (void)index;
  (void)neighbour;
  return tvi_graph_rows_add(ctx, edge);
}

static int graph_edges_collect_some(void *ctx, const tv_edge_ref *edge) {
  graph_edges_cursor *cursor = ctx;
  return tvi_graph_rows_add(&cursor->base, edge) ||
         (cursor->batched && cursor->base.row_count == GRAPH_EDGES_BATCH);
}

/* Fetches the next edges of a walk over all. */
static int graph_edges_fill(graph_edges_cursor *cursor) {
  tvi_graph_cursor *base = &cursor->base;
  int status, code;

  if (base->row_count > 0) {
    base->row_at = base->row_count - 1;
    cursor->last = *(const tv_edge_ref *)tvi_graph_row(base);
    cursor->begun = 1;
  }
  tvi_graph_rows_begin(base);
  base->eof = 1;
  if (!cursor->batched) return SQLITE_OK;
  code = tvi_graph_attach(base);
  if (code != SQLITE_OK || base->txn == NULL) return code;
  status = tv_graph_edges_after(base->graph, cursor->type, cursor->begun ? &cursor->last : NULL,
                                graph_edges_collect_some, cursor);
  cursor->batched = base->row_count == GRAPH_EDGES_BATCH;
  return tvi_graph_rows_end(base, status);
}

/* Takes the rest of the walk, behind the rows that are here already. */
static int graph_edges_freeze(tvi_graph_cursor *base) {
  graph_edges_cursor *cursor = (graph_edges_cursor *)base;
  tv_edge_ref last;
  size_t at = base->row_at;
  int status, code;

  if (!cursor->batched) return SQLITE_OK;
  cursor->batched = 0;
  code = tvi_graph_attach(base);
  if (code != SQLITE_OK || base->txn == NULL) return code;
  base->row_at = base->row_count - 1;
  last = *(const tv_edge_ref *)tvi_graph_row(base);
  base->row_at = at;
  status = tv_graph_edges_after(base->graph, cursor->type, &last, graph_edges_collect_some, cursor);
  return tvi_graph_rows_end(base, status);
}

static int graph_edges_by_id(tvi_graph_cursor *base, tvi_graph_match match, tv_edge id) {
  tv_edge_ref edge;
  int status = TV_NOTFOUND;

  if (match == TVI_GRAPH_MATCH_ONE && id < TV_EDGES_MAX)
    status = tv_graph_edge_find(base->graph, id, &edge);
  if (status == TV_NOTFOUND) return SQLITE_OK;
  if (status == TV_OK) (void)tvi_graph_rows_add(base, &edge);
  return tvi_graph_rows_end(base, status);
}

/* The nodes that one end is bound to: by key or id, one or a list. *match is NONE when there are
 * none, ALL when the end is not bound or cannot be narrowed. */
static int graph_edges_end(tvi_graph_cursor *base, int key, int id, tvi_graph_match *match,
                           tvi_graph_starts *ends) {
  int column = base->given[key] != NULL ? key : id, code = SQLITE_OK;
  sqlite3_value *one = base->given[column];
  size_t n = base->list_column == column ? base->list_count : 1, i;

  *match = TVI_GRAPH_MATCH_ALL;
  if (base->given[column] == NULL) return SQLITE_OK;
  *match = TVI_GRAPH_MATCH_NONE;
  if (n == 0) return SQLITE_OK;
  ends->nodes = tvi_alloc(n * sizeof *ends->nodes);
  if (ends->nodes == NULL) return SQLITE_NOMEM;
  for (i = 0; i < n && code == SQLITE_OK && *match != TVI_GRAPH_MATCH_ALL; i++) {
    if (base->list_column == column) base->given[column] = base->list[i];
    if (column == key)
      code = tvi_graph_match_key(base, column, match, &ends->nodes[ends->n]);
    else
      *match = tvi_graph_match_number(base, column, &ends->nodes[ends->n]);
    if (*match == TVI_GRAPH_MATCH_ONE && ends->nodes[ends->n] < TV_NODES_MAX) ends->n++;
  }
  base->given[column] = one;
  if (code == SQLITE_OK && *match != TVI_GRAPH_MATCH_ALL)
    *match = ends->n > 0 ? TVI_GRAPH_MATCH_ONE : TVI_GRAPH_MATCH_NONE;
  return code;
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

/* The edges at the ends found: all ends are one frontier. Ids that were never given out end
 * nowhere. */
static int graph_edges_at(tvi_graph_cursor *base, tvi_graph_starts *ends, int direction,
                          tv_types types) {
  tv_graph_stat stat;
  size_t i, n = 0;
  int status = tv_graph_stat_get(base->graph, &stat);

  if (status != TV_OK) return tvi_graph_fail(base, status);
  for (i = 0; i < ends->n; i++)
    if (ends->nodes[i] < stat.node_ids) ends->nodes[n++] = ends->nodes[i];
  n = tvi_graph_nodes_sort(ends->nodes, n); /* 'a' and x'61' are one node */
  return tvi_graph_rows_end(base, tv_graph_expand(base->graph, n, ends->nodes, direction, types,
                                                  graph_edges_collect, base));
}

static int graph_edges_all(graph_edges_cursor *cursor) {
  cursor->batched = 1;
  cursor->begun = 0;
  return graph_edges_fill(cursor);
}

static int graph_edges_filter(tvi_graph_cursor *base) {
  graph_edges_cursor *cursor = (graph_edges_cursor *)base;
  tvi_graph_match by_type, source = TVI_GRAPH_MATCH_ALL, target = TVI_GRAPH_MATCH_ALL;
  tvi_graph_starts from = {NULL, NULL, 0}, to = {NULL, NULL, 0};
  tv_types types = {0, NULL};
  uint32_t type = 0;
  int code;

  cursor->batched = 0;
  if (base->given[GRAPH_EDGES_ID] != NULL) {
    tv_edge id = 0;
    tvi_graph_match match = tvi_graph_match_number(base, GRAPH_EDGES_ID, &id);
    return graph_edges_by_id(base, match, id);
  }
  code = graph_edges_type(cursor, &by_type, &type);
  if (by_type == TVI_GRAPH_MATCH_ONE) types = (tv_types){1, &type};
  if (code == SQLITE_OK)
    code = graph_edges_end(base, GRAPH_EDGES_SOURCE, GRAPH_EDGES_SOURCE_ID, &source, &from);
  if (code == SQLITE_OK)
    code = graph_edges_end(base, GRAPH_EDGES_TARGET, GRAPH_EDGES_TARGET_ID, &target, &to);
  if (code == SQLITE_OK && by_type != TVI_GRAPH_MATCH_NONE && source != TVI_GRAPH_MATCH_NONE &&
      target != TVI_GRAPH_MATCH_NONE)
    code = source == TVI_GRAPH_MATCH_ONE   ? graph_edges_at(base, &from, TV_OUT, types)
           : target == TVI_GRAPH_MATCH_ONE ? graph_edges_at(base, &to, TV_IN, types)
                                           : graph_edges_all(cursor);
  tvi_graph_starts_free(&from);
  tvi_graph_starts_free(&to);
  return code;
}

static int graph_edges_next(tvi_graph_cursor *base) {
  if (++base->row_at < base->row_count) return SQLITE_OK;
  return graph_edges_fill((graph_edges_cursor *)base);
}

static sqlite3_int64 graph_edges_rowid(tvi_graph_cursor *base) {
  return (sqlite3_int64)((const tv_edge_ref *)tvi_graph_row(base))->edge;
}

static int graph_edges_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  const tv_edge_ref *edge = tvi_graph_row(base);

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

const tvi_graph_spec tvi_graph_edges_spec = {
    .module = "graph_edges",
    .usage = "graph_edges('g')",
    .create =
        "CREATE TABLE x(id INTEGER, source TEXT, target TEXT, type TEXT, properties TEXT, "
        "graph TEXT HIDDEN, entry TEXT HIDDEN PRIMARY KEY, source_id INTEGER HIDDEN, "
        "target_id INTEGER HIDDEN) WITHOUT ROWID",
    .made =
        "CREATE TABLE x(id INTEGER, source TEXT, target TEXT, type TEXT, properties TEXT, "
        "graph TEXT HIDDEN, entry TEXT HIDDEN, source_id INTEGER HIDDEN, target_id INTEGER HIDDEN)",
    .columns = {"id", "source", "target", "type", "properties", "graph", "entry", "source_id",
                "target_id"},
    .first_argument = GRAPH_EDGES_GRAPH,
    .arguments = 1,
    .required = 1,
    .node_arguments = 0,
    .keyed = 1 << GRAPH_EDGES_ID | 1 << GRAPH_EDGES_SOURCE | 1 << GRAPH_EDGES_TARGET |
             1 << GRAPH_EDGES_TYPE | 1 << GRAPH_EDGES_SOURCE_ID | 1 << GRAPH_EDGES_TARGET_ID,
    .guard = GRAPH_EDGES_GUARD,
    .listed = 1 << GRAPH_EDGES_SOURCE | 1 << GRAPH_EDGES_TARGET | 1 << GRAPH_EDGES_SOURCE_ID |
              1 << GRAPH_EDGES_TARGET_ID,
    .start = GRAPH_EDGES_SOURCE,
    .ordered_by = -1,
    .cursor_bytes = sizeof(graph_edges_cursor),
    .row_bytes = sizeof(tv_edge_ref),
    .estimate = graph_edges_estimate,
    .filter = graph_edges_filter,
    .next = graph_edges_next,
    .column = graph_edges_column,
    .rowid = graph_edges_rowid,
    .freeze = graph_edges_freeze,
};
