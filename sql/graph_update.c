/* SPDX-License-Identifier: MIT */
/*
 * INSERT, UPDATE and DELETE on tables over a graph's nodes and edges. A row is checked whole before
 * its first write, so that OR IGNORE leaves nothing of it. Two things SQL can say have no like in a
 * graph: another key for a node is refused, since the key is what others know it by; another end or
 * type for an edge makes another edge, with another id.
 */
#include <string.h>

#include "graph_table_internal.h"

/* Columns of a table: graph_nodes' and graph_edges' own, the hidden ones behind them. */
enum {
  GRAPH_ROW_ID = 0,
  GRAPH_ROW_KEY = 1,
  GRAPH_ROW_LABELS = 2,
  GRAPH_ROW_NODE_PROPERTIES = 3,
  GRAPH_ROW_SOURCE = 1,
  GRAPH_ROW_TARGET = 2,
  GRAPH_ROW_TYPE = 3,
  GRAPH_ROW_EDGE_PROPERTIES = 4,
  GRAPH_ROW_SOURCE_ID = 7,
  GRAPH_ROW_TARGET_ID = 8
};

/* One row being written. */
typedef struct graph_row {
  tvi_graph_table *table;
  tv_graph *graph;
  tv_txn *txn;
  sqlite3_value **columns; /* the new row; NULL when it is deleted */
  sqlite3_value *old;      /* the id of the old row; NULL when it is new */
  tvi_graph_object object;
  const char *type;
  tv_node ends[2];
  tv_slice made[2]; /* keys of ends that have yet to be made; NULL: there already */
} graph_row;

static int graph_row_fail(graph_row *row, int code, char *message) {
  sqlite3_vtab *vtab = &row->table->base.vtab;
  sqlite3_free(vtab->zErrMsg);
  vtab->zErrMsg = message;
  return message == NULL ? SQLITE_NOMEM : code;
}

/* Passes a status of the graph layer on. A unique index that refuses is a conflict. */
static int graph_row_status(graph_row *row, int status) {
  if (status == TV_EXISTS)
    return graph_row_fail(row, SQLITE_CONSTRAINT,
                          sqlite3_mprintf("UNIQUE constraint failed: %s: %s", row->table->name,
                                          tv_txn_error(row->txn)->message));
  if (status >= 0) return SQLITE_OK;
  return tvi_vtab_fail(&row->table->base.vtab, status, tv_txn_error(row->txn));
}

static int graph_row_is_null(const graph_row *row, int column) {
  return sqlite3_value_type(row->columns[column]) == SQLITE_NULL;
}

static int graph_row_stays(const graph_row *row, int column) {
  return row->old != NULL && sqlite3_value_nochange(row->columns[column]);
}

static int graph_row_required(graph_row *row, const char *column) {
  return graph_row_fail(row, SQLITE_CONSTRAINT,
                        sqlite3_mprintf("NOT NULL constraint failed: %s.%s (graph \"%s\")",
                                        row->table->name, column, row->table->bound));
}

/* Ids are the graph's to give. */
static int graph_row_id(graph_row *row) {
  sqlite3_value *id = row->columns[GRAPH_ROW_ID];

  if (graph_row_stays(row, GRAPH_ROW_ID)) return SQLITE_OK;
  if (row->old == NULL && sqlite3_value_type(id) == SQLITE_NULL) return SQLITE_OK;
  if (row->old != NULL && sqlite3_value_type(id) == SQLITE_INTEGER &&
      sqlite3_value_int64(id) == sqlite3_value_int64(row->old))
    return SQLITE_OK;
  return graph_row_fail(row, SQLITE_CONSTRAINT,
                        sqlite3_mprintf("%s.id: graph \"%s\" numbers its nodes and edges itself",
                                        row->table->name, row->table->bound));
}

static int graph_row_key(graph_row *row, int column, tv_slice *key) {
  sqlite3_value *value = row->columns[column];
  const char *title = row->table->spec->columns[column];
  char shown[TVI_SHOW_BYTES];

  if (sqlite3_value_type(value) == SQLITE_NULL) return graph_row_required(row, title);
  if (sqlite3_value_type(value) == SQLITE_FLOAT)
    return graph_row_fail(
        row, SQLITE_MISMATCH,
        sqlite3_mprintf("%s.%s: the key of a node is text, a blob or an integer, not the real %s",
                        row->table->name, title, sqlite3_value_text(value)));
  *key = tvi_graph_key_bytes(value);
  if (key->data == NULL) return SQLITE_NOMEM;
  if (key->size > 0 && key->size <= TV_KEY_BYTES_MAX) return SQLITE_OK;
  return graph_row_fail(
      row, key->size == 0 ? SQLITE_CONSTRAINT : SQLITE_TOOBIG,
      sqlite3_mprintf("%s.%s: the key of a node has 1 to %d bytes, and %s has %llu",
                      row->table->name, title, TV_KEY_BYTES_MAX, tvi_show(*key, shown),
                      (unsigned long long)key->size));
}

static int graph_row_properties(graph_row *row, int column) {
  if (graph_row_stays(row, column)) return SQLITE_OK;
  return tvi_graph_object_read(row->table, "properties", row->columns[column], &row->object);
}

/* ---- Nodes ---- */

/* The next label of 'a,b'; 0 at the end. */
static int graph_row_label(const char **at, char label[TV_NAME_BYTES_MAX + 2]) {
  const char *end;
  size_t size;

  if (**at == '\0') return 0;
  end = strchr(*at, ',');
  size = end == NULL ? strlen(*at) : (size_t)(end - *at);
  if (size > TV_NAME_BYTES_MAX + 1) size = TV_NAME_BYTES_MAX + 1; /* too long: to be refused */
  memcpy(label, *at, size);
  label[size] = '\0';
  *at = end == NULL ? *at + strlen(*at) : end + 1;
  return 1;
}

/* NULL is no labels. */
static const char *graph_row_labels(const graph_row *row) {
  const char *text = (const char *)sqlite3_value_text(row->columns[GRAPH_ROW_LABELS]);
  return text == NULL ? "" : text;
}

static int graph_row_labels_check(graph_row *row) {
  char label[TV_NAME_BYTES_MAX + 2];
  const char *at;

  if (graph_row_stays(row, GRAPH_ROW_LABELS)) return SQLITE_OK;
  at = graph_row_labels(row);
  while (graph_row_label(&at, label)) {
    if (label[0] != '\0' && strlen(label) <= TV_NAME_BYTES_MAX) continue;
    return graph_row_fail(row, SQLITE_CONSTRAINT,
                          sqlite3_mprintf("%s.labels: a label has 1 to %d bytes; write 'a,b'",
                                          row->table->name, TV_NAME_BYTES_MAX));
  }
  return SQLITE_OK;
}

typedef struct graph_row_stale {
  const char *wanted;
  char label[TV_NAME_BYTES_MAX + 2];
} graph_row_stale;

/* Finds a label that the node has and the row lacks. */
static int graph_row_stale_label(void *ctx, const char *label) {
  graph_row_stale *stale = ctx;
  char wanted[TV_NAME_BYTES_MAX + 2];
  const char *at = stale->wanted;
  size_t size = strlen(label);

  while (graph_row_label(&at, wanted))
    if (strcmp(wanted, label) == 0) return 0;
  memcpy(stale->label, label, size < sizeof stale->label ? size + 1 : 0);
  return 1;
}

static int graph_row_labels_write(graph_row *row, tv_node node) {
  graph_row_stale stale = {.wanted = graph_row_labels(row)};
  char label[TV_NAME_BYTES_MAX + 2];
  const char *at = stale.wanted;
  int status;

  while ((status = tv_graph_node_labels(row->graph, node, graph_row_stale_label, &stale)) ==
         TV_STOP) {
    status = tv_graph_label_remove(row->graph, node, stale.label);
    if (status != TV_OK) break;
  }
  while (status == TV_OK && graph_row_label(&at, label))
    status = tv_graph_label_add(row->graph, node, label);
  return graph_row_status(row, status);
}

/* The object's properties take the place of those that the node has. */
static int graph_row_node_properties(graph_row *row, tv_node node) {
  int status, code = tvi_graph_object_compare(&row->object, row->graph, node, NULL, &status);
  size_t i;

  if (code != SQLITE_OK) return code;
  for (i = 0; i < row->object.n && status >= TV_OK; i++)
    status =
        tv_graph_node_set(row->graph, node, row->object.list[i].name, row->object.list[i].value);
  return graph_row_status(row, status);
}

static int graph_row_node_write(graph_row *row, tv_node node) {
  int code = SQLITE_OK;

  if (!graph_row_stays(row, GRAPH_ROW_LABELS)) code = graph_row_labels_write(row, node);
  if (code == SQLITE_OK && !graph_row_stays(row, GRAPH_ROW_NODE_PROPERTIES))
    code = graph_row_node_properties(row, node);
  return code;
}

static int graph_row_node_insert(graph_row *row, sqlite3_int64 *rowid) {
  char shown[TVI_SHOW_BYTES];
  tv_node node;
  tv_slice key = {NULL, 0};
  int status, is_new, code = graph_row_key(row, GRAPH_ROW_KEY, &key);

  if (code != SQLITE_OK) return code;
  status = tv_graph_node_find(row->graph, key, &node);
  if (status == TV_OK && sqlite3_vtab_on_conflict(row->table->sql) != SQLITE_REPLACE)
    return graph_row_fail(
        row, SQLITE_CONSTRAINT,
        sqlite3_mprintf("UNIQUE constraint failed: %s.key: %s is in graph \"%s\" already",
                        row->table->name, tvi_show(key, shown), row->table->bound));
  is_new = status == TV_NOTFOUND;
  if (is_new) status = tv_graph_node_put(row->graph, key, NULL, &node);
  if (status != TV_OK) return graph_row_status(row, status);
  *rowid = (sqlite3_int64)node;
  code = graph_row_node_write(row, node);
  /* A unique index has refused it: OR IGNORE goes on without this row, and without the node. */
  if (code == SQLITE_CONSTRAINT && is_new) (void)tv_graph_node_delete(row->graph, node);
  return code;
}

static int graph_row_node_update(graph_row *row) {
  tv_node node = (tv_node)sqlite3_value_int64(row->old), same = TV_NODE_NONE;
  char shown[TVI_SHOW_BYTES];
  tv_slice key = {NULL, 0};
  int status;

  if (!graph_row_stays(row, GRAPH_ROW_KEY)) {
    int code = graph_row_key(row, GRAPH_ROW_KEY, &key);
    if (code != SQLITE_OK) return code;
    status = tv_graph_node_find(row->graph, key, &same);
    if (status < 0) return graph_row_status(row, status);
    if (same != node)
      return graph_row_fail(
          row, SQLITE_CONSTRAINT,
          sqlite3_mprintf("%s.key: a node keeps its key; insert %s as another node",
                          row->table->name, tvi_show(key, shown)));
  }
  status = tv_graph_node_key(row->graph, node, &key);
  if (status == TV_ENONODE) return SQLITE_OK; /* an earlier row of the statement deleted it */
  return status == TV_OK ? graph_row_node_write(row, node) : graph_row_status(row, status);
}

static int graph_row_node(graph_row *row, sqlite3_int64 *rowid) {
  int code = graph_row_labels_check(row);

  if (code == SQLITE_OK) code = graph_row_properties(row, GRAPH_ROW_NODE_PROPERTIES);
  if (code != SQLITE_OK) return code;
  return row->old == NULL ? graph_row_node_insert(row, rowid) : graph_row_node_update(row);
}

/* ---- Edges ---- */

static int graph_row_no_end(graph_row *row, int column, tv_slice key) {
  char shown[TVI_SHOW_BYTES];
  return graph_row_fail(
      row, SQLITE_CONSTRAINT,
      sqlite3_mprintf("FOREIGN KEY constraint failed: %s.%s: no such node: %s in graph \"%s\"",
                      row->table->name, row->table->spec->columns[column], tvi_show(key, shown),
                      row->table->bound));
}

/* One end: by its key, else by its id. */
static int graph_row_end(graph_row *row, int end, int by_key, int by_id, tv_node otherwise) {
  int key_given = !graph_row_stays(row, by_key) && !graph_row_is_null(row, by_key);
  int id_given = !graph_row_stays(row, by_id) && !graph_row_is_null(row, by_id);
  tv_slice key = {NULL, 0};
  int status, code;

  if (!key_given && !id_given) {
    row->ends[end] = otherwise;
    if (row->old == NULL || !graph_row_stays(row, by_key))
      return graph_row_required(row, row->table->spec->columns[by_key]);
    return SQLITE_OK;
  }
  if (!key_given) {
    sqlite3_int64 id = sqlite3_value_int64(row->columns[by_id]);
    row->ends[end] = (tv_node)id;
    status = id < 0 || (tv_node)id >= TV_NODES_MAX
                 ? TV_ENONODE
                 : tv_graph_node_key(row->graph, (tv_node)id, &key);
    if (status != TV_ENONODE) return graph_row_status(row, status);
    return graph_row_no_end(row, by_id, tvi_graph_key_bytes(row->columns[by_id]));
  }
  code = graph_row_key(row, by_key, &key);
  if (code != SQLITE_OK) return code;
  status = tv_graph_node_find(row->graph, key, &row->ends[end]);
  if (status != TV_NOTFOUND) return graph_row_status(row, status);
  if (!row->table->creates) return graph_row_no_end(row, by_key, key);
  row->made[end] = key;
  return SQLITE_OK;
}

static int graph_row_type(graph_row *row, const char *otherwise) {
  sqlite3_value *type = row->columns[GRAPH_ROW_TYPE];
  size_t size;

  row->type = otherwise;
  if (graph_row_stays(row, GRAPH_ROW_TYPE)) return SQLITE_OK;
  if (sqlite3_value_type(type) == SQLITE_NULL) return graph_row_required(row, "type");
  row->type = (const char *)sqlite3_value_text(type);
  if (row->type == NULL) return SQLITE_NOMEM;
  size = strlen(row->type);
  if (size > 0 && size <= TV_NAME_BYTES_MAX) return SQLITE_OK;
  return graph_row_fail(row, SQLITE_CONSTRAINT,
                        sqlite3_mprintf("%s.type: an edge type has 1 to %d bytes", row->table->name,
                                        TV_NAME_BYTES_MAX));
}

static int graph_row_edge_add(graph_row *row, sqlite3_int64 *rowid) {
  tv_edge edge = 0;
  int status = TV_OK, end;

  for (end = 0; end < 2 && status == TV_OK; end++)
    if (row->made[end].data != NULL)
      status = tv_graph_node_put(row->graph, row->made[end], NULL, &row->ends[end]);
  if (status == TV_OK)
    status = tv_graph_edge_add(row->graph, row->ends[0], row->ends[1], row->type, row->object.n,
                               row->object.list, &edge);
  if (status == TV_OK && rowid != NULL) *rowid = (sqlite3_int64)edge;
  return graph_row_status(row, status);
}

static int graph_row_edge_insert(graph_row *row, sqlite3_int64 *rowid) {
  int code = graph_row_type(row, NULL);

  if (code == SQLITE_OK)
    code = graph_row_end(row, 0, GRAPH_ROW_SOURCE, GRAPH_ROW_SOURCE_ID, TV_NODE_NONE);
  if (code == SQLITE_OK)
    code = graph_row_end(row, 1, GRAPH_ROW_TARGET, GRAPH_ROW_TARGET_ID, TV_NODE_NONE);
  return code == SQLITE_OK ? graph_row_edge_add(row, rowid) : code;
}

/* The properties of an edge that is to be made anew: they outlive the old one in memory. */
static int graph_row_edge_carry(void *ctx, const char *name, tv_value value) {
  graph_row *row = ctx;
  return tvi_graph_object_keep(&row->object, name, value) != SQLITE_OK;
}

static int graph_row_edge_replace(graph_row *row, const tv_edge_ref *old) {
  int status = TV_OK, code;

  if (graph_row_stays(row, GRAPH_ROW_EDGE_PROPERTIES))
    status = tv_graph_edge_properties(row->graph, old, graph_row_edge_carry, row);
  if (status == TV_STOP) return SQLITE_NOMEM;
  if (status == TV_OK) {
    code = graph_row_edge_add(row, NULL);
    if (code != SQLITE_OK) return code;
    status = tv_graph_edge_delete(row->graph, old->edge);
  }
  return graph_row_status(row, status);
}

static int graph_row_edge_update(graph_row *row) {
  tv_edge_ref old;
  int status = tv_graph_edge_find(row->graph, (tv_edge)sqlite3_value_int64(row->old), &old), code;
  const char *type;

  if (status == TV_NOTFOUND) return SQLITE_OK; /* an earlier row of the statement deleted it */
  if (status == TV_OK) status = tv_graph_type_text(row->graph, old.type, &type);
  if (status != TV_OK) return graph_row_status(row, status);
  code = graph_row_type(row, type);
  if (code == SQLITE_OK)
    code = graph_row_end(row, 0, GRAPH_ROW_SOURCE, GRAPH_ROW_SOURCE_ID, old.from);
  if (code == SQLITE_OK)
    code = graph_row_end(row, 1, GRAPH_ROW_TARGET, GRAPH_ROW_TARGET_ID, old.to);
  if (code != SQLITE_OK) return code;
  if (row->made[0].data != NULL || row->made[1].data != NULL || row->ends[0] != old.from ||
      row->ends[1] != old.to || strcmp(row->type, type) != 0)
    return graph_row_edge_replace(row, &old);
  if (graph_row_stays(row, GRAPH_ROW_EDGE_PROPERTIES)) return SQLITE_OK;
  code = tvi_graph_object_compare(&row->object, row->graph, 0, &old, &status);
  if (code != SQLITE_OK) return code;
  if (status == TV_OK && row->object.n > 0)
    status = tv_graph_edge_update(row->graph, old.edge, row->object.n, row->object.list);
  return graph_row_status(row, status);
}

static int graph_row_edge(graph_row *row, sqlite3_int64 *rowid) {
  int code = graph_row_properties(row, GRAPH_ROW_EDGE_PROPERTIES);

  if (code != SQLITE_OK) return code;
  return row->old == NULL ? graph_row_edge_insert(row, rowid) : graph_row_edge_update(row);
}

/* ---- Both ---- */

static int graph_row_delete(graph_row *row, int is_node) {
  uint64_t id = (uint64_t)sqlite3_value_int64(row->old);
  int status =
      is_node ? tv_graph_node_delete(row->graph, id) : tv_graph_edge_delete(row->graph, id);

  /* Gone already, with a node that an earlier row of the statement deleted. */
  return status == TV_NOTFOUND || status == TV_ENONODE ? SQLITE_OK : graph_row_status(row, status);
}

/* A function has no rows of its own to write. */
static int graph_row_readonly(graph_row *row) {
  const char *module = row->table->spec->module;
  return graph_row_fail(row, SQLITE_READONLY,
                        sqlite3_mprintf("%s(...) is read-only; CREATE VIRTUAL TABLE t USING "
                                        "%s('g') makes a table to write to",
                                        module, module));
}

int tvi_graph_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid) {
  tvi_graph_cursor *scan = (tvi_graph_cursor *)cursor;
  *rowid = scan->spec->rowid(scan);
  return SQLITE_OK;
}

int tvi_graph_update(sqlite3_vtab *vtab, int argc, sqlite3_value **argv, sqlite3_int64 *rowid) {
  tvi_graph_table *table = (tvi_graph_table *)vtab;
  graph_row row = {.table = table};
  int status, code, is_node = table->spec == &tvi_graph_nodes_spec;
  tv_error err = {0};

  if (table->bound == NULL) return graph_row_readonly(&row);
  status = tvi_graph_table_ensure(table, &row.txn, &row.graph, &err);
  if (status != TV_OK) return tvi_vtab_fail(vtab, status, &err);
  if (argc > 1) row.columns = argv + 2;
  if (sqlite3_value_type(argv[0]) != SQLITE_NULL) row.old = argv[0];
  code = tvi_graph_scans_freeze(table);
  if (code != SQLITE_OK) return code;
  if (argc == 1) return graph_row_delete(&row, is_node);
  code = graph_row_id(&row);
  if (code == SQLITE_OK) code = is_node ? graph_row_node(&row, rowid) : graph_row_edge(&row, rowid);
  tvi_graph_object_free(&row.object);
  return code;
}
