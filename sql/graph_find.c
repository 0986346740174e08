/* SPDX-License-Identifier: MIT */
/*
 * graph_find(graph, label, property, least [, most]): nodes whose property is `least`, or from
 * `least` to `most`, through the index of that label and property where there is one, else by a
 * walk. The bounds are arguments rather than conditions on a column: SQL would put texts above all
 * numbers, and an index of properties keeps each kind of value apart.
 */
#include "graph_table_internal.h"
#include "trivet_graph_index.h"

enum {
  GRAPH_FIND_ID = 0,
  GRAPH_FIND_KEY = 1,
  GRAPH_FIND_VALUE = 2,
  GRAPH_FIND_PROPERTIES = 3,
  GRAPH_FIND_GRAPH = 4,
  GRAPH_FIND_LABEL = 5,
  GRAPH_FIND_PROPERTY = 6,
  GRAPH_FIND_LEAST = 7,
  GRAPH_FIND_MOST = 8
};

typedef struct graph_find_search {
  tvi_graph_cursor *base;
  const char *property;
  tv_value least, most;
} graph_find_search;

/* A value of SQL as one of a property. 0: NULL, which nothing equals. */
static int graph_find_value(sqlite3_value *given, tv_value *value) {
  switch (sqlite3_value_type(given)) {
    case SQLITE_INTEGER:
      value->type = TV_INT64;
      value->as.integer = sqlite3_value_int64(given);
      return 1;
    case SQLITE_FLOAT:
      value->type = TV_DOUBLE;
      value->as.real = sqlite3_value_double(given);
      return 1;
    case SQLITE_NULL:
      return 0;
    default:
      value->type = sqlite3_value_type(given) == SQLITE_TEXT ? TV_TEXT : TV_BLOB;
      value->as.bytes = tvi_graph_key_bytes(given);
      return 1;
  }
}

static const char *graph_find_text(sqlite3_value *given) {
  if (given == NULL || sqlite3_value_type(given) == SQLITE_NULL) return NULL;
  return (const char *)sqlite3_value_text(given);
}

/* ---- Estimates ---- */

static void graph_find_look(tvi_graph_outlook *outlook, tv_graph *graph) {
  tv_index index = {TV_INDEX_NODES, graph_find_text(outlook->literal[GRAPH_FIND_LABEL]),
                    graph_find_text(outlook->literal[GRAPH_FIND_PROPERTY])};
  sqlite3_value *least = outlook->literal[GRAPH_FIND_LEAST];
  tv_index_range range = {NULL, NULL, 0, 0, 0};
  tv_value bound;
  uint64_t count = 0;

  if (index.property == NULL) return;
  if (least != NULL && graph_find_value(least, &bound)) range.from = range.to = &bound;
  outlook->how = "walk";
  if (range.from == NULL || (outlook->given >> GRAPH_FIND_MOST & 1)) {
    tv_index_cursor *cursor;
    if (tv_index_cursor_open(graph, &index, NULL, &cursor) != TV_OK) return;
    tv_index_cursor_close(cursor);
  } else if (tv_graph_index_count(graph, &index, &range, &count) != TV_OK) {
    return;
  } else {
    outlook->matches = (double)count;
  }
  outlook->how = "index";
}

static void graph_find_estimate(tvi_graph_outlook *outlook) {
  int ranged = outlook->given >> GRAPH_FIND_MOST & 1;

  outlook->rows = outlook->matches >= 0 ? outlook->matches : ranged ? outlook->nodes / 4 : 2;
  outlook->cost = 8 + outlook->rows * 2;
  if (outlook->how != NULL && outlook->how[0] == 'w') outlook->cost += outlook->nodes * 2;
}

/* ---- Searching ---- */

static int graph_find_by_index(graph_find_search *search, const tv_index *index) {
  tv_index_range range = {&search->least, &search->most, 0, 0, 0};
  tv_index_cursor *cursor;
  uint64_t node;
  int status = tv_index_cursor_open(search->base->graph, index, &range, &cursor);

  if (status != TV_OK) return status;
  while ((status = tv_index_cursor_next(cursor, &node)) == TV_OK)
    if (tvi_graph_rows_add(search->base, &node)) break;
  tv_index_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

static int graph_find_visit(void *ctx, tv_node node) {
  graph_find_search *search = ctx;
  tv_value value;
  int low, high;

  if (tvi_graph_poll(search->base)) return 1;
  if (tv_graph_node_get(search->base->graph, node, search->property, &value) != TV_OK) return 0;
  if (tv_value_compare(&value, &search->least, &low) != TV_OK || low < 0) return 0;
  if (tv_value_compare(&value, &search->most, &high) != TV_OK || high > 0) return 0;
  return tvi_graph_rows_add(search->base, &node);
}

static int graph_find_run(graph_find_search *search, const char *label) {
  tv_index index = {TV_INDEX_NODES, label, search->property};
  int order, status;

  if (tv_value_compare(&search->least, &search->most, &order) != TV_OK)
    return tvi_graph_complain(
        search->base, SQLITE_ERROR,
        sqlite3_mprintf("%s: least and most are values of two kinds", search->base->spec->module));
  status = graph_find_by_index(search, &index);
  if (status == TV_NOTFOUND)
    status = tv_graph_nodes(search->base->graph, label, graph_find_visit, search);
  return tvi_graph_rows_end(search->base, status);
}

static int graph_find_filter(tvi_graph_cursor *base) {
  graph_find_search search = {.base = base};
  sqlite3_value *most = base->given[GRAPH_FIND_MOST];

  search.property = graph_find_text(base->given[GRAPH_FIND_PROPERTY]);
  if (search.property == NULL) return SQLITE_OK;
  if (!graph_find_value(base->given[GRAPH_FIND_LEAST], &search.least)) return SQLITE_OK;
  if (most == NULL || !graph_find_value(most, &search.most)) search.most = search.least;
  return graph_find_run(&search, graph_find_text(base->given[GRAPH_FIND_LABEL]));
}

/* ---- Columns ---- */

static int graph_find_result(tvi_graph_cursor *base, sqlite3_context *context, tv_node node) {
  const char *property = graph_find_text(base->given[GRAPH_FIND_PROPERTY]);
  tv_value value;
  int status = tv_graph_node_get(base->graph, node, property, &value);

  if (status == TV_NOTFOUND || status == TV_ENONODE) return SQLITE_OK;
  if (status != TV_OK) return tvi_graph_fail(base, status);
  if (value.type == TV_INT64)
    sqlite3_result_int64(context, value.as.integer);
  else if (value.type == TV_DOUBLE)
    sqlite3_result_double(context, value.as.real);
  else if (value.type == TV_TEXT)
    sqlite3_result_text64(context, value.as.bytes.data, value.as.bytes.size, SQLITE_TRANSIENT,
                          SQLITE_UTF8);
  else if (value.type == TV_BLOB)
    sqlite3_result_blob64(context, value.as.bytes.data, value.as.bytes.size, SQLITE_TRANSIENT);
  return SQLITE_OK;
}

static int graph_find_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  tv_node node = *(const tv_node *)tvi_graph_row(base);

  switch (column) {
    case GRAPH_FIND_ID:
      sqlite3_result_int64(context, (sqlite3_int64)node);
      return SQLITE_OK;
    case GRAPH_FIND_KEY:
      return tvi_graph_result_key(base, context, node);
    case GRAPH_FIND_VALUE:
      return graph_find_result(base, context, node);
    case GRAPH_FIND_PROPERTIES:
      return tvi_graph_result_node_json(base, context, node);
    default:
      if (base->given[column] != NULL) sqlite3_result_value(context, base->given[column]);
      return SQLITE_OK;
  }
}

const tvi_graph_spec tvi_graph_find_spec = {
    .module = "graph_find",
    .usage = "graph_find('g', 'label' or NULL, 'property', value [, most])",
    .create =
        "CREATE TABLE x(id INTEGER, key TEXT, value, properties TEXT, graph TEXT HIDDEN, "
        "label TEXT HIDDEN, property TEXT HIDDEN, least HIDDEN, most HIDDEN, "
        "PRIMARY KEY(graph, label, property, least, most, id)) WITHOUT ROWID",
    .columns = {"id", "key", "value", "properties", "graph", "label", "property", "least", "most"},
    .first_argument = GRAPH_FIND_GRAPH,
    .arguments = 5,
    .required = 4,
    .ordered_by = -1,
    .cursor_bytes = sizeof(tvi_graph_cursor),
    .row_bytes = sizeof(tv_node),
    .look = graph_find_look,
    .estimate = graph_find_estimate,
    .filter = graph_find_filter,
    .column = graph_find_column,
};
