/* SPDX-License-Identifier: MIT */
/*
 * Properties from JSON, the way back of graph_json.c. SQLite's json_each takes the object apart, so
 * that what is valid JSON here is what it is everywhere in SQL. Where the way out lost something (a
 * blob shown as its digits, a NaN as null), an object that still says the same leaves the property
 * as it is: an UPDATE of one property must not change the others.
 */
#include <string.h>

#include "graph_table_internal.h"

#define GRAPH_OBJECT_SQL "SELECT key, type, atom FROM json_each(?1)"

enum { GRAPH_OBJECT_NAME = 0, GRAPH_OBJECT_TYPE = 1, GRAPH_OBJECT_ATOM = 2 };

static int graph_object_refuse(tvi_graph_table *table, char *message) {
  sqlite3_vtab *vtab = &table->base.vtab;
  sqlite3_free(vtab->zErrMsg);
  vtab->zErrMsg = message;
  return message == NULL ? SQLITE_NOMEM : SQLITE_CONSTRAINT;
}

/* One more, all zero yet; its item. */
static tvi_graph_item *graph_object_grow(tvi_graph_object *object) {
  if (object->n == object->room) {
    size_t room = object->room * 2 + 8;
    tvi_graph_item *items = tvi_realloc(object->items, room * sizeof *items);
    tv_property *list;
    if (items == NULL) return NULL;
    object->items = items;
    list = tvi_realloc(object->list, room * sizeof *list);
    if (list == NULL) return NULL;
    object->list = list;
    object->room = room;
  }
  object->items[object->n] = (tvi_graph_item){NULL, NULL, NULL};
  object->list[object->n] = (tv_property){.name = NULL};
  return &object->items[object->n++];
}

/* The value of a JSON type. 0: properties have no such values. */
static int graph_object_value(const char *type, sqlite3_value *atom, tv_value *value) {
  if (strcmp(type, "null") == 0) {
    value->type = TV_NULL;
  } else if (strcmp(type, "true") == 0 || strcmp(type, "false") == 0) {
    value->type = TV_BOOL;
    value->as.integer = type[0] == 't';
  } else if (strcmp(type, "integer") == 0 && sqlite3_value_type(atom) == SQLITE_INTEGER) {
    value->type = TV_INT64;
    value->as.integer = sqlite3_value_int64(atom);
  } else if (strcmp(type, "integer") == 0 || strcmp(type, "real") == 0) {
    value->type = TV_DOUBLE;
    value->as.real = sqlite3_value_double(atom);
  } else if (strcmp(type, "text") == 0) {
    const void *text = sqlite3_value_text(atom);
    value->type = TV_TEXT;
    value->as.bytes = tv_bytes(text, text == NULL ? 0 : (size_t)sqlite3_value_bytes(atom));
  } else {
    return 0;
  }
  return 1;
}

static int graph_object_add(tvi_graph_table *table, const char *title, sqlite3_stmt *row,
                            tvi_graph_object *object) {
  tvi_graph_item *item = graph_object_grow(object);
  const char *type = (const char *)sqlite3_column_text(row, GRAPH_OBJECT_TYPE);
  tv_property *property;

  if (item == NULL) return SQLITE_NOMEM;
  property = &object->list[object->n - 1];
  item->name = sqlite3_value_dup(sqlite3_column_value(row, GRAPH_OBJECT_NAME));
  item->atom = sqlite3_value_dup(sqlite3_column_value(row, GRAPH_OBJECT_ATOM));
  if (item->name == NULL || item->atom == NULL || type == NULL) return SQLITE_NOMEM;
  property->name = (const char *)sqlite3_value_text(item->name);
  if (property->name == NULL) return SQLITE_NOMEM;
  if (graph_object_value(type, item->atom, &property->value)) return SQLITE_OK;
  return graph_object_refuse(
      table, sqlite3_mprintf("%s.%s: property \"%s\" is an %s, which a property cannot hold",
                             table->name, title, property->name, type));
}

/* Only an object is taken: the scalars and arrays that json_each takes apart too have no names. */
static int graph_object_is_one(const char *text) {
  while (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r') text++;
  return *text == '{';
}

static int graph_object_rows(tvi_graph_table *table, const char *title, sqlite3_value *json,
                             tvi_graph_object *object) {
  sqlite3_stmt *each = table->object;
  int code = sqlite3_bind_value(each, 1, json);

  while (code == SQLITE_OK) {
    code = sqlite3_step(each);
    if (code == SQLITE_ROW) code = graph_object_add(table, title, each, object);
  }
  if (code == SQLITE_ERROR)
    code = graph_object_refuse(
        table, sqlite3_mprintf("%s.%s: %s", table->name, title, sqlite3_errmsg(table->sql)));
  (void)sqlite3_reset(each);
  (void)sqlite3_clear_bindings(each);
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

int tvi_graph_object_read(tvi_graph_table *table, const char *title, sqlite3_value *json,
                          tvi_graph_object *object) {
  const char *text;
  int code = SQLITE_OK;

  if (sqlite3_value_type(json) == SQLITE_NULL) return SQLITE_OK;
  text = (const char *)sqlite3_value_text(json);
  if (text == NULL) return SQLITE_NOMEM;
  if (strcmp(text, "{}") == 0) return SQLITE_OK;
  if (sqlite3_value_type(json) != SQLITE_TEXT || !graph_object_is_one(text))
    return graph_object_refuse(
        table, sqlite3_mprintf("%s.%s: a JSON object is needed, as in '{\"name\": 1}'", table->name,
                               title));
  if (table->object == NULL)
    code = sqlite3_prepare_v3(table->sql, GRAPH_OBJECT_SQL, -1, SQLITE_PREPARE_PERSISTENT,
                              &table->object, NULL);
  return code == SQLITE_OK ? graph_object_rows(table, title, json, object) : code;
}

int tvi_graph_object_keep(tvi_graph_object *object, const char *name, tv_value value) {
  int bytes = value.type == TV_TEXT || value.type == TV_BLOB;
  size_t size = strlen(name) + 1;
  tvi_graph_item *item = graph_object_grow(object);
  tv_property *property;

  if (item == NULL) return SQLITE_NOMEM;
  item->copy = tvi_alloc(size + (bytes ? value.as.bytes.size : 0));
  if (item->copy == NULL) {
    object->n--;
    return SQLITE_NOMEM;
  }
  property = &object->list[object->n - 1];
  memcpy(item->copy, name, size);
  property->name = item->copy;
  property->value = value;
  if (bytes && value.as.bytes.size > 0)
    memcpy(item->copy + size, value.as.bytes.data, value.as.bytes.size);
  if (bytes) property->value.as.bytes = tv_bytes(item->copy + size, value.as.bytes.size);
  return SQLITE_OK;
}

/* ---- Against what is there ---- */

typedef struct graph_object_comparison {
  tvi_graph_object *object;
  int code;
} graph_object_comparison;

static int graph_object_is_hex(tv_slice text, tv_slice blob) {
  static const char digits[] = "0123456789abcdef";
  const unsigned char *b = blob.data;
  const char *t = text.data;
  size_t i;

  if (text.size != 2 * blob.size) return 0;
  for (i = 0; i < blob.size; i++)
    if (t[2 * i] != digits[b[i] >> 4] || t[2 * i + 1] != digits[b[i] & 15]) return 0;
  return 1;
}

/* The JSON still says what it was shown for a value that JSON cannot hold. */
static int graph_object_is_shown(const tv_value *given, const tv_value *old) {
  if (old->type == TV_BLOB && given->type == TV_TEXT)
    return graph_object_is_hex(given->as.bytes, old->as.bytes);
  return old->type == TV_DOUBLE && given->type == TV_NULL && old->as.real != old->as.real;
}

static void graph_object_item_free(tvi_graph_item *item) {
  sqlite3_value_free(item->name);
  sqlite3_value_free(item->atom);
  tvi_free(item->copy);
}

static void graph_object_drop(tvi_graph_object *object, size_t at) {
  size_t last = --object->n;

  graph_object_item_free(&object->items[at]);
  object->items[at] = object->items[last];
  object->list[at] = object->list[last];
}

static int graph_object_meet(void *ctx, const char *name, tv_value old) {
  graph_object_comparison *comparison = ctx;
  tvi_graph_object *object = comparison->object;
  size_t i;

  for (i = 0; i < object->n; i++) {
    if (strcmp(object->list[i].name, name) != 0) continue;
    if (graph_object_is_shown(&object->list[i].value, &old)) graph_object_drop(object, i);
    return 0;
  }
  comparison->code = tvi_graph_object_keep(object, name, (tv_value){.type = TV_NULL});
  return comparison->code != SQLITE_OK;
}

int tvi_graph_object_compare(tvi_graph_object *object, tv_graph *graph, tv_node node,
                             const tv_edge_ref *edge, int *status) {
  graph_object_comparison comparison = {object, SQLITE_OK};

  *status = edge == NULL ? tv_graph_node_properties(graph, node, graph_object_meet, &comparison)
                         : tv_graph_edge_properties(graph, edge, graph_object_meet, &comparison);
  if (*status == TV_STOP) *status = TV_OK;
  return comparison.code;
}

void tvi_graph_object_free(tvi_graph_object *object) {
  size_t i;

  for (i = 0; i < object->n; i++) graph_object_item_free(&object->items[i]);
  tvi_free(object->items);
  tvi_free(object->list);
}
