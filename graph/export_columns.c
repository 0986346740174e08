/* SPDX-License-Identifier: MIT */
/*
 * Properties as columns. CSV and GraphML declare them before the first value, so a first walk finds
 * which names there are and of which types; a name with two types gets two columns, so that each
 * value comes back as what it was. Rejected: one column of the widest type, which would make the
 * text "1" out of the number.
 */
#include <string.h>

#include "export_internal.h"

const char *tvi_export_type_word(int type) {
  static const char *const words[TVI_EXPORT_TYPES] = {"",       "bool", "int64",
                                                      "double", "text", "blob"};
  return words[type];
}

typedef struct export_mark {
  tvi_export *x;
  tvi_export_columns *columns;
} export_mark;

/* The number of a property's place. TV_OK, or the failure. */
static int export_place(const export_mark *mark, const char *name, int type, size_t *place) {
  uint32_t number;
  int status = tvi_name_find(mark->x->graph, TVI_NAME_PROPERTY, name, &number);

  if (status == TV_OK &&
      (number >= mark->columns->names || type <= TV_NULL || type >= (int)TVI_EXPORT_TYPES))
    status = TV_ECORRUPT;
  if (status != TV_OK)
    return tvi_txn_fail(mark->x->graph->txn, TV_ECORRUPT, 0,
                        "graph \"%s\": property \"%.64s\" has no number",
                        tvi_graph_name(mark->x->graph), name);
  *place = (size_t)number * TVI_EXPORT_TYPES + (size_t)type;
  return TV_OK;
}

static int export_mark_property(void *ctx, const char *name, tv_value value) {
  export_mark *mark = ctx;
  size_t place = 0;
  int status = export_place(mark, name, value.type, &place);

  if (status != TV_OK) {
    mark->x->failure = status;
    return 1;
  }
  mark->columns->place[place] = 1;
  return 0;
}

static int export_mark_end(tvi_export *x, int status) {
  return status == TV_STOP ? x->failure : status;
}

static int export_mark_node(tvi_export *x, tv_node node) {
  export_mark mark = {x, &x->node_columns};
  return export_mark_end(x, tv_graph_node_properties(x->graph, node, export_mark_property, &mark));
}

static int export_mark_edge(tvi_export *x, const tv_edge_ref *edge) {
  export_mark mark = {x, &x->edge_columns};
  return export_mark_end(x, tv_graph_edge_properties(x->graph, edge, export_mark_property, &mark));
}

static int export_columns_open(tvi_export *x, tvi_export_columns *columns) {
  int status = tvi_name_count(x->graph, TVI_NAME_PROPERTY, &columns->names);

  if (status != TV_OK) return status;
  columns->place =
      tvi_zalloc(((size_t)columns->names + 1) * TVI_EXPORT_TYPES * sizeof *columns->place);
  return columns->place == NULL ? tvi_export_no_memory(x) : TV_OK;
}

/* Gives the places that were marked their columns. */
static int export_columns_number(tvi_export *x, tvi_export_columns *columns) {
  size_t i, n = (size_t)columns->names * TVI_EXPORT_TYPES;

  for (i = 0; i < n; i++)
    if (columns->place[i] != 0) columns->place[i] = ++columns->n;
  columns->at = tvi_zalloc(((size_t)columns->n + 1) * sizeof *columns->at);
  return columns->at == NULL ? tvi_export_no_memory(x) : TV_OK;
}

int tvi_export_find_node_columns(tvi_export *x) {
  int status = export_columns_open(x, &x->node_columns);
  if (status == TV_OK) status = tvi_export_nodes(x, export_mark_node);
  return status == TV_OK ? export_columns_number(x, &x->node_columns) : status;
}

int tvi_export_find_edge_columns(tvi_export *x) {
  int status = export_columns_open(x, &x->edge_columns);
  if (status == TV_OK) status = tvi_export_edges(x, export_mark_edge);
  return status == TV_OK ? export_columns_number(x, &x->edge_columns) : status;
}

void tvi_export_columns_close(tvi_export_columns *columns) {
  tvi_free(columns->place);
  tvi_free(columns->at);
  tvi_buffer_free(&columns->cells);
}

int tvi_export_each_column(tvi_export *x, const tvi_export_columns *columns,
                           tvi_export_column_fn visit) {
  size_t i, n = (size_t)columns->names * TVI_EXPORT_TYPES;
  int status = TV_OK;

  for (i = 0; i < n && status == TV_OK; i++) {
    const char *name;
    if (columns->place[i] == 0) continue;
    status = tvi_name_text(x->graph, TVI_NAME_PROPERTY, (uint32_t)(i / TVI_EXPORT_TYPES), &name);
    if (status == TV_OK)
      status = visit(x, columns->place[i] - 1, name, (int)(i % TVI_EXPORT_TYPES));
  }
  return status;
}

/* ---- Rows ---- */

static int export_cell(void *ctx, const char *name, tv_value value) {
  export_mark *mark = ctx;
  tvi_export_columns *columns = mark->columns;
  tvi_export_cell *cell;
  size_t place = 0;
  int status = export_place(mark, name, value.type, &place);

  if (status == TV_OK && columns->place[place] != 0) {
    cell = &columns->at[columns->place[place] - 1];
    cell->at = columns->cells.size;
    cell->there = 1;
    status = tvi_export_value(mark->x, &columns->cells, &value);
    cell->size = columns->cells.size - cell->at;
  }
  mark->x->failure = status;
  return status != TV_OK;
}

static void export_row_begin(tvi_export_columns *columns) {
  columns->cells.size = 0;
  memset(columns->at, 0, (size_t)columns->n * sizeof *columns->at);
}

int tvi_export_node_row(tvi_export *x, tv_node node) {
  export_mark mark = {x, &x->node_columns};
  export_row_begin(&x->node_columns);
  return export_mark_end(x, tv_graph_node_properties(x->graph, node, export_cell, &mark));
}

int tvi_export_edge_row(tvi_export *x, const tv_edge_ref *edge) {
  export_mark mark = {x, &x->edge_columns};
  export_row_begin(&x->edge_columns);
  return export_mark_end(x, tv_graph_edge_properties(x->graph, edge, export_cell, &mark));
}
