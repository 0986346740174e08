/* SPDX-License-Identifier: MIT */
/*
 * What the table functions give SQL: keys, types, properties, arguments. Keys are bytes; one
 * that is UTF-8 is shown as TEXT, any other as BLOB, so that keys join with the text that people
 * keep in tables. BLOB for all was rejected: TEXT = BLOB matches nothing.
 */
#include "graph_table_internal.h"

int tvi_graph_result_key(tvi_graph_cursor *cursor, sqlite3_context *context, tv_node node) {
  tv_slice key;
  int status = tv_graph_node_key(cursor->graph, node, &key);

  if (status == TV_ENONODE) return SQLITE_OK; /* deleted since the row was made: NULL */
  if (status != TV_OK) return tvi_graph_fail(cursor, status);
  if (tvi_utf8_valid(key))
    sqlite3_result_text64(context, key.data, key.size, SQLITE_TRANSIENT, SQLITE_UTF8);
  else
    sqlite3_result_blob64(context, key.data, key.size, SQLITE_TRANSIENT);
  return SQLITE_OK;
}

int tvi_graph_result_type(tvi_graph_cursor *cursor, sqlite3_context *context, uint32_t type) {
  const char *name;
  int status = tv_graph_type_text(cursor->graph, type, &name);

  if (status != TV_OK) return tvi_graph_fail(cursor, status);
  sqlite3_result_text(context, name, -1, SQLITE_TRANSIENT);
  return SQLITE_OK;
}

int tvi_graph_result_argument(tvi_graph_cursor *cursor, sqlite3_context *context, int column,
                              const char *otherwise) {
  sqlite3_value *value = cursor->given[column];

  if (value != NULL && sqlite3_value_type(value) != SQLITE_NULL)
    sqlite3_result_value(context, value);
  else
    sqlite3_result_text(context, otherwise, -1, SQLITE_TRANSIENT);
  return SQLITE_OK;
}

typedef struct graph_result_object {
  tvi_buffer json;
  int status;
} graph_result_object;

static int graph_result_property(void *ctx, const char *name, tv_value value) {
  graph_result_object *object = ctx;

  object->status = tvi_buffer_append(&object->json, object->json.size == 0 ? "{" : ",", 1);
  if (object->status == TV_OK)
    object->status = tvi_graph_json_property(&object->json, name, &value);
  return object->status != TV_OK;
}

/* Hands the object over to SQL. */
static int graph_result_finish(tvi_graph_cursor *cursor, sqlite3_context *context, int status,
                               graph_result_object *object) {
  if (object->status == TV_OK && (status == TV_OK || status == TV_STOP)) {
    const char *end = object->json.size == 0 ? "{}" : "}";
    object->status = tvi_buffer_append(&object->json, end, tv_str(end).size);
    status = TV_OK;
  }
  if (status == TV_OK && object->status == TV_OK) {
    sqlite3_result_text64(context, (const char *)object->json.data, object->json.size, tvi_free,
                          SQLITE_UTF8);
    return SQLITE_OK;
  }
  tvi_buffer_free(&object->json);
  if (object->status != TV_OK) return SQLITE_NOMEM;
  /* A node or edge deleted since the row was made: NULL. */
  return status == TV_ENONODE || status == TV_NOTFOUND ? SQLITE_OK : tvi_graph_fail(cursor, status);
}

int tvi_graph_result_node_json(tvi_graph_cursor *cursor, sqlite3_context *context, tv_node node) {
  graph_result_object object = {.status = TV_OK};
  int status = tv_graph_node_properties(cursor->graph, node, graph_result_property, &object);
  return graph_result_finish(cursor, context, status, &object);
}

int tvi_graph_result_edge_json(tvi_graph_cursor *cursor, sqlite3_context *context,
                               const tv_edge_ref *edge) {
  graph_result_object object = {.status = TV_OK};
  int status = tv_graph_edge_properties(cursor->graph, edge, graph_result_property, &object);
  return graph_result_finish(cursor, context, status, &object);
}
