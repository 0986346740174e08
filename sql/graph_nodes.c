/* SPDX-License-Identifier: MIT */
/*
 * graph_nodes(graph [, label]): the nodes, in the order of their ids. The ids are fetched some at a
 * time and the walk goes on behind the last, so that a LIMIT costs what it shows and no walk of the
 * graph layer is open between two rows. Fetching all ids first was rejected: 8 bytes per node.
 * CREATE VIRTUAL TABLE makes it a table to write to.
 */
#include "graph_table_internal.h"

#define GRAPH_NODES_BATCH 256

enum {
  GRAPH_NODES_ID = 0,
  GRAPH_NODES_KEY = 1,
  GRAPH_NODES_LABELS = 2,
  GRAPH_NODES_PROPERTIES = 3,
  GRAPH_NODES_GRAPH = 4,
  GRAPH_NODES_LABEL = 5,
  GRAPH_NODES_GUARD = 6
};

typedef struct graph_nodes_cursor {
  tvi_graph_cursor base;
  int more; /* 1: the walk goes on at `from`, some nodes at a time */
  tv_node from;
  tv_node end; /* ids given out since the walk began are not visited */
} graph_nodes_cursor;

static const char *graph_nodes_label(const graph_nodes_cursor *cursor) {
  sqlite3_value *label = cursor->base.given[GRAPH_NODES_LABEL];
  return label == NULL ? NULL : (const char *)sqlite3_value_text(label);
}

static tv_node graph_nodes_row(const tvi_graph_cursor *base) {
  return *(const tv_node *)tvi_graph_row(base);
}

static void graph_nodes_estimate(tvi_graph_outlook *outlook) {
  int given = outlook->given;

  outlook->rows = outlook->nodes;
  if (given & (1 << GRAPH_NODES_ID | 1 << GRAPH_NODES_KEY)) {
    outlook->rows = 1;
    outlook->unique =
        (given & 1 << GRAPH_NODES_ID) != 0 || outlook->literal[GRAPH_NODES_KEY] != NULL;
  } else if (given & 1 << GRAPH_NODES_LABEL) {
    outlook->rows = outlook->nodes / 4;
  }
  outlook->cost = 8 + outlook->rows * 2;
}

static int graph_nodes_collect(void *ctx, tv_node node) {
  graph_nodes_cursor *cursor = ctx;

  if (node >= cursor->end) return 1;
  cursor->from = node + 1;
  return tvi_graph_rows_add(&cursor->base, &node) ||
         (cursor->more && cursor->base.row_count == GRAPH_NODES_BATCH);
}

static int graph_nodes_walk(graph_nodes_cursor *cursor) {
  tvi_graph_cursor *base = &cursor->base;
  int status, code = tvi_graph_attach(base);

  base->eof = 1;
  if (code != SQLITE_OK || base->txn == NULL) return code;
  status = tv_graph_nodes_from(base->graph, graph_nodes_label(cursor), cursor->from,
                               graph_nodes_collect, cursor);
  return tvi_graph_rows_end(base, status);
}

/* Fetches the next ids. */
static int graph_nodes_fill(graph_nodes_cursor *cursor) {
  int code;

  tvi_graph_rows_begin(&cursor->base);
  cursor->base.eof = 1;
  if (!cursor->more) return SQLITE_OK;
  code = graph_nodes_walk(cursor);
  cursor->more = cursor->base.row_count == GRAPH_NODES_BATCH;
  return code;
}

static int graph_nodes_freeze(tvi_graph_cursor *base) {
  graph_nodes_cursor *cursor = (graph_nodes_cursor *)base;

  if (!cursor->more) return SQLITE_OK;
  cursor->more = 0;
  return graph_nodes_walk(cursor);
}

/* The one node that id or key names, if it has the label. */
static int graph_nodes_single(graph_nodes_cursor *cursor, tv_node node) {
  tvi_graph_cursor *base = &cursor->base;
  const char *label = graph_nodes_label(cursor);
  tv_slice key;
  int status = node >= TV_NODES_MAX ? TV_ENONODE : tv_graph_node_key(base->graph, node, &key);

  cursor->more = 0;
  if (status == TV_OK && label != NULL) status = tv_graph_label_has(base->graph, node, label);
  if (status == TV_ENONODE || status == TV_NOTFOUND) return SQLITE_OK;
  if (status == TV_OK) (void)tvi_graph_rows_add(base, &node);
  return tvi_graph_rows_end(base, status);
}

static int graph_nodes_filter(tvi_graph_cursor *base) {
  graph_nodes_cursor *cursor = (graph_nodes_cursor *)base;
  sqlite3_value *label = base->given[GRAPH_NODES_LABEL];
  tvi_graph_match match = TVI_GRAPH_MATCH_ALL;
  tv_graph_stat stat;
  tv_node node = 0;
  int code = SQLITE_OK, status;

  cursor->more = 0;
  if (label != NULL && sqlite3_value_type(label) == SQLITE_NULL) return SQLITE_OK;
  if (base->given[GRAPH_NODES_ID] != NULL)
    match = tvi_graph_match_number(base, GRAPH_NODES_ID, &node);
  else if (base->given[GRAPH_NODES_KEY] != NULL)
    code = tvi_graph_match_key(base, GRAPH_NODES_KEY, &match, &node);
  if (code != SQLITE_OK || match == TVI_GRAPH_MATCH_NONE) return code;
  if (match == TVI_GRAPH_MATCH_ONE) return graph_nodes_single(cursor, node);
  status = tv_graph_stat_get(base->graph, &stat);
  if (status != TV_OK) return tvi_graph_fail(base, status);
  cursor->more = 1;
  cursor->from = 0;
  cursor->end = stat.node_ids;
  return graph_nodes_fill(cursor);
}

static int graph_nodes_next(tvi_graph_cursor *base) {
  if (++base->row_at < base->row_count) return SQLITE_OK;
  return graph_nodes_fill((graph_nodes_cursor *)base);
}

static sqlite3_int64 graph_nodes_rowid(tvi_graph_cursor *base) {
  return (sqlite3_int64)graph_nodes_row(base);
}

typedef struct graph_nodes_list {
  tvi_buffer text;
  int status;
} graph_nodes_list;

static int graph_nodes_join(void *ctx, const char *label) {
  graph_nodes_list *list = ctx;

  if (list->text.size > 0) list->status = tvi_buffer_append(&list->text, ",", 1);
  if (list->status == TV_OK)
    list->status = tvi_buffer_append(&list->text, label, tv_str(label).size);
  return list->status != TV_OK;
}

static int graph_nodes_labels(tvi_graph_cursor *base, sqlite3_context *context, tv_node node) {
  graph_nodes_list list = {.status = TV_OK};
  int status = tv_graph_node_labels(base->graph, node, graph_nodes_join, &list);

  if (list.status == TV_OK && (status == TV_OK || status == TV_STOP))
    sqlite3_result_text64(context, list.text.size > 0 ? (const char *)list.text.data : "",
                          list.text.size, SQLITE_TRANSIENT, SQLITE_UTF8);
  tvi_buffer_free(&list.text);
  if (list.status != TV_OK) return SQLITE_NOMEM;
  return status == TV_OK || status == TV_ENONODE ? SQLITE_OK : tvi_graph_fail(base, status);
}

static int graph_nodes_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  tv_node node = graph_nodes_row(base);

  switch (column) {
    case GRAPH_NODES_ID:
      sqlite3_result_int64(context, (sqlite3_int64)node);
      return SQLITE_OK;
    case GRAPH_NODES_KEY:
      return tvi_graph_result_key(base, context, node);
    case GRAPH_NODES_LABELS:
      return graph_nodes_labels(base, context, node);
    case GRAPH_NODES_PROPERTIES:
      return tvi_graph_result_node_json(base, context, node);
    default:
      return tvi_graph_result_argument(base, context, column, "");
  }
}

const tvi_graph_spec tvi_graph_nodes_spec = {
    .module = "graph_nodes",
    .usage = "graph_nodes('g' [, label])",
    .create =
        "CREATE TABLE x(id INTEGER, key TEXT, labels TEXT, properties TEXT, "
        "graph TEXT HIDDEN, label TEXT HIDDEN, entry TEXT HIDDEN PRIMARY KEY) WITHOUT ROWID",
    .made =
        "CREATE TABLE x(id INTEGER, key TEXT, labels TEXT, properties TEXT, "
        "graph TEXT HIDDEN, label TEXT HIDDEN, entry TEXT HIDDEN)",
    .columns = {"id", "key", "labels", "properties", "graph", "label"},
    .first_argument = GRAPH_NODES_GRAPH,
    .arguments = 2,
    .required = 1,
    .node_arguments = 0,
    .guard = GRAPH_NODES_GUARD,
    .keyed = 1 << GRAPH_NODES_ID | 1 << GRAPH_NODES_KEY,
    .ordered_by = GRAPH_NODES_ID,
    .order_unique = 1,
    .cursor_bytes = sizeof(graph_nodes_cursor),
    .row_bytes = sizeof(tv_node),
    .estimate = graph_nodes_estimate,
    .filter = graph_nodes_filter,
    .next = graph_nodes_next,
    .column = graph_nodes_column,
    .rowid = graph_nodes_rowid,
    .freeze = graph_nodes_freeze,
};
