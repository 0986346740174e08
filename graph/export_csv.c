/* SPDX-License-Identifier: MIT */
/*
 * Export as CSV: a file of nodes and a file of edges, each with a header that types its columns, so
 * that csv_load.c makes the same graph of them. One file for both was rejected: no spreadsheet or
 * database would read it.
 */
#include <string.h>

#include "export_internal.h"

/* ---- Labels ---- */

typedef struct export_label_list {
  tvi_export *x;
  int status;
} export_label_list;

static int export_label(void *ctx, const char *label) {
  export_label_list *list = ctx;
  tvi_buffer *text = &list->x->text;
  int status = text->size > 0 ? tvi_buffer_append(text, ";", 1) : TV_OK;

  for (; *label != '\0' && status == TV_OK; label++) {
    if (*label == ';' || *label == '\\') status = tvi_buffer_append(text, "\\", 1);
    if (status == TV_OK) status = tvi_buffer_append(text, label, 1);
  }
  list->status = status;
  return status != TV_OK;
}

int tvi_export_labels(tvi_export *x, tv_node node, tv_slice *labels) {
  export_label_list list = {x, TV_OK};
  int status;

  x->text.size = 0;
  status = tv_graph_node_labels(x->graph, node, export_label, &list);
  if (list.status != TV_OK) return tvi_export_no_memory(x);
  *labels = tv_bytes(x->text.data, x->text.size);
  return status;
}

/* ---- Rows ---- */

static int export_csv_title(tvi_export *x, uint32_t column, const char *name, int type) {
  const char *word = tvi_export_type_word(type);

  (void)column;
  x->text.size = 0;
  if (tvi_buffer_append(&x->text, name, strlen(name)) != TV_OK ||
      tvi_buffer_append(&x->text, ":", 1) != TV_OK ||
      tvi_buffer_append(&x->text, word, strlen(word)) != TV_OK ||
      tvi_export_bytes(x, ",", 1) != TV_OK)
    return tvi_export_no_memory(x);
  return tvi_export_csv(x, tv_bytes(x->text.data, x->text.size));
}

/* The cells of a row, behind those that all rows have. */
static int export_csv_cells(tvi_export *x, const tvi_export_columns *columns) {
  int status = TV_OK;
  uint32_t i;

  for (i = 0; i < columns->n && status == TV_OK; i++) {
    const tvi_export_cell *cell = &columns->at[i];
    status = tvi_export_bytes(x, ",", 1);
    if (status == TV_OK && cell->there)
      status = tvi_export_csv(x, tv_bytes(columns->cells.data + cell->at, cell->size));
  }
  return status == TV_OK ? tvi_export_bytes(x, "\r\n", 2) : status;
}

static int export_csv_node(tvi_export *x, tv_node node) {
  tv_slice text;
  int status = tvi_export_node_row(x, node);

  if (status == TV_OK) status = tv_graph_node_key(x->graph, node, &text);
  if (status == TV_OK) status = tvi_export_csv(x, text);
  if (status == TV_OK) status = tvi_export_bytes(x, ",", 1);
  if (status == TV_OK) status = tvi_export_labels(x, node, &text);
  if (status == TV_OK && text.size > 0) status = tvi_export_csv(x, text);
  if (status == TV_OK) status = export_csv_cells(x, &x->node_columns);
  x->report->nodes += status == TV_OK;
  return status;
}

static int export_csv_edge(tvi_export *x, const tv_edge_ref *edge) {
  const tv_node ends[] = {edge->from, edge->to};
  const char *type;
  int end, status = tvi_export_edge_row(x, edge);

  for (end = 0; end < 2 && status == TV_OK; end++) {
    tv_slice key;
    status = tv_graph_node_key(x->graph, ends[end], &key);
    if (status == TV_OK) status = tvi_export_csv(x, key);
    if (status == TV_OK) status = tvi_export_bytes(x, ",", 1);
  }
  if (status == TV_OK) status = tv_graph_type_text(x->graph, edge->type, &type);
  if (status == TV_OK) status = tvi_export_csv(x, tv_str(type));
  if (status == TV_OK) status = export_csv_cells(x, &x->edge_columns);
  x->report->edges += status == TV_OK;
  return status;
}

int tvi_export_nodes_csv(tvi_export *x) {
  int status = tvi_export_find_node_columns(x);

  if (status == TV_OK) status = tvi_export_str(x, "key,labels");
  if (status == TV_OK) status = tvi_export_each_column(x, &x->node_columns, export_csv_title);
  if (status == TV_OK) status = tvi_export_str(x, "\r\n");
  return status == TV_OK ? tvi_export_nodes(x, export_csv_node) : status;
}

int tvi_export_edges_csv(tvi_export *x) {
  int status = tvi_export_find_edge_columns(x);

  if (status == TV_OK) status = tvi_export_str(x, "source,target,type");
  if (status == TV_OK) status = tvi_export_each_column(x, &x->edge_columns, export_csv_title);
  if (status == TV_OK) status = tvi_export_str(x, "\r\n");
  return status == TV_OK ? tvi_export_edges(x, export_csv_edge) : status;
}
