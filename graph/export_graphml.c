/* SPDX-License-Identifier: MIT */
/*
 * Export to GraphML (U. Brandes and others, "GraphML Progress Report", 2001; graphml.graphdrawing.
 * org). Ids of nodes and edges are those of the graph; key, labels, type and properties are data,
 * declared with their types before the graph. A blob is a string of hexadecimal digits.
 */
#include "export_internal.h"

#define GRAPHML_HEAD                                                                \
  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                    \
  "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\" "                       \
  "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "                        \
  "xsi:schemaLocation=\"http://graphml.graphdrawing.org/xmlns "                     \
  "http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd\">\n"                      \
  "  <key id=\"key\" for=\"node\" attr.name=\"key\" attr.type=\"string\"/>\n"       \
  "  <key id=\"labels\" for=\"node\" attr.name=\"labels\" attr.type=\"string\"/>\n" \
  "  <key id=\"type\" for=\"edge\" attr.name=\"type\" attr.type=\"string\"/>\n"

static const char *graphml_type(int type) {
  static const char *const words[TVI_EXPORT_TYPES] = {"",       "boolean", "long",
                                                      "double", "string",  "string"};
  return words[type];
}

static int graphml_declare(tvi_export *x, const char *kind, uint32_t column, const char *name,
                           int type) {
  int status = tvi_export_str(x, "  <key id=\"");

  if (status == TV_OK) status = tvi_export_bytes(x, kind, 1);
  if (status == TV_OK) status = tvi_export_count(x, column);
  if (status == TV_OK) status = tvi_export_str(x, "\" for=\"");
  if (status == TV_OK) status = tvi_export_str(x, kind);
  if (status == TV_OK) status = tvi_export_str(x, "\" attr.name=\"");
  if (status == TV_OK) status = tvi_export_xml(x, tv_str(name));
  if (status == TV_OK) status = tvi_export_str(x, "\" attr.type=\"");
  if (status == TV_OK) status = tvi_export_str(x, graphml_type(type));
  return status == TV_OK ? tvi_export_str(x, "\"/>\n") : status;
}

static int graphml_declare_node(tvi_export *x, uint32_t column, const char *name, int type) {
  return graphml_declare(x, "node", column, name, type);
}

static int graphml_declare_edge(tvi_export *x, uint32_t column, const char *name, int type) {
  return graphml_declare(x, "edge", column, name, type);
}

static int graphml_data(tvi_export *x, const char *key, tv_slice text) {
  int status = tvi_export_str(x, "<data key=\"");

  if (status == TV_OK) status = tvi_export_str(x, key);
  if (status == TV_OK) status = tvi_export_str(x, "\">");
  if (status == TV_OK) status = tvi_export_xml(x, text);
  return status == TV_OK ? tvi_export_str(x, "</data>") : status;
}

static int graphml_cells(tvi_export *x, const tvi_export_columns *columns, const char *kind) {
  int status = TV_OK;
  uint32_t i;

  for (i = 0; i < columns->n && status == TV_OK; i++) {
    const tvi_export_cell *cell = &columns->at[i];
    tv_slice text = tv_bytes(columns->cells.data + cell->at, cell->size);
    if (!cell->there) continue;
    status = tvi_export_str(x, "<data key=\"");
    if (status == TV_OK) status = tvi_export_bytes(x, kind, 1);
    if (status == TV_OK) status = tvi_export_count(x, i);
    if (status == TV_OK) status = tvi_export_str(x, "\">");
    if (status == TV_OK) status = tvi_export_xml(x, text);
    if (status == TV_OK) status = tvi_export_str(x, "</data>");
  }
  return status;
}

static int graphml_node(tvi_export *x, tv_node node) {
  tv_slice text;
  int status = tvi_export_str(x, "    <node id=\"n");

  if (status == TV_OK) status = tvi_export_count(x, node);
  if (status == TV_OK) status = tvi_export_str(x, "\">");
  if (status == TV_OK) status = tvi_export_key(x, node, &text);
  if (status == TV_OK) status = graphml_data(x, "key", text);
  if (status == TV_OK) status = tvi_export_labels(x, node, &text);
  if (status == TV_OK && text.size > 0) status = graphml_data(x, "labels", text);
  if (status == TV_OK) status = tvi_export_node_row(x, node);
  if (status == TV_OK) status = graphml_cells(x, &x->node_columns, "n");
  x->report->nodes += status == TV_OK;
  return status == TV_OK ? tvi_export_str(x, "</node>\n") : status;
}

static int graphml_edge(tvi_export *x, const tv_edge_ref *edge) {
  const char *type;
  int status = tvi_export_str(x, "    <edge id=\"e");

  if (status == TV_OK) status = tvi_export_count(x, edge->edge);
  if (status == TV_OK) status = tvi_export_str(x, "\" source=\"n");
  if (status == TV_OK) status = tvi_export_count(x, edge->from);
  if (status == TV_OK) status = tvi_export_str(x, "\" target=\"n");
  if (status == TV_OK) status = tvi_export_count(x, edge->to);
  if (status == TV_OK) status = tvi_export_str(x, "\">");
  if (status == TV_OK) status = tv_graph_type_text(x->graph, edge->type, &type);
  if (status == TV_OK) status = graphml_data(x, "type", tv_str(type));
  if (status == TV_OK) status = tvi_export_edge_row(x, edge);
  if (status == TV_OK) status = graphml_cells(x, &x->edge_columns, "e");
  x->report->edges += status == TV_OK;
  return status == TV_OK ? tvi_export_str(x, "</edge>\n") : status;
}

int tvi_export_as_graphml(tvi_export *x) {
  int status = tvi_export_find_node_columns(x);

  if (status == TV_OK) status = tvi_export_find_edge_columns(x);
  if (status == TV_OK) status = tvi_export_str(x, GRAPHML_HEAD);
  if (status == TV_OK) status = tvi_export_each_column(x, &x->node_columns, graphml_declare_node);
  if (status == TV_OK) status = tvi_export_each_column(x, &x->edge_columns, graphml_declare_edge);
  if (status == TV_OK) status = tvi_export_str(x, "  <graph id=\"");
  if (status == TV_OK) status = tvi_export_xml(x, tv_str(tvi_graph_name(x->graph)));
  if (status == TV_OK) status = tvi_export_str(x, "\" edgedefault=\"directed\">\n");
  if (status == TV_OK) status = tvi_export_nodes(x, graphml_node);
  if (status == TV_OK) status = tvi_export_edges(x, graphml_edge);
  return status == TV_OK ? tvi_export_str(x, "  </graph>\n</graphml>\n") : status;
}
