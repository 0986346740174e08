/* SPDX-License-Identifier: MIT */
/*
 * Export to Graphviz. Nodes are n0, n1, ... and show their keys; labels and properties are in
 * tooltips. As attributes of DOT they were rejected: a property called "width" or "color" would
 * change the picture or stop it.
 */
#include "export_internal.h"

typedef struct export_tip {
  tvi_export *x;
  int count;
} export_tip;

/* "name = value" on a line of its own. */
static int export_dot_property(void *ctx, const char *name, tv_value value) {
  export_tip *tip = ctx;
  tvi_export *x = tip->x;
  int status = tip->count++ > 0 ? tvi_export_str(x, "\\n") : TV_OK;

  x->text.size = 0;
  if (status == TV_OK) status = tvi_export_dot(x, tv_str(name));
  if (status == TV_OK) status = tvi_export_str(x, " = ");
  if (status == TV_OK) status = tvi_export_value(x, &x->text, &value);
  if (status == TV_OK) status = tvi_export_dot(x, tv_bytes(x->text.data, x->text.size));
  x->failure = status;
  return status != TV_OK;
}

static int export_dot_tip(tvi_export *x, int status) {
  if (status == TV_STOP) status = x->failure;
  return status == TV_OK ? tvi_export_str(x, "\"];\n") : status;
}

static int export_dot_node(tvi_export *x, tv_node node) {
  export_tip tip = {x, 0};
  tv_slice text;
  int status = tvi_export_str(x, "  n");

  if (status == TV_OK) status = tvi_export_count(x, node);
  if (status == TV_OK) status = tvi_export_str(x, " [label=\"");
  if (status == TV_OK) status = tvi_export_key(x, node, &text);
  if (status == TV_OK) status = tvi_export_dot(x, text);
  if (status == TV_OK) status = tvi_export_str(x, "\", tooltip=\"");
  if (status == TV_OK) status = tvi_export_labels(x, node, &text);
  if (status == TV_OK) status = tvi_export_dot(x, text);
  if (status != TV_OK) return status;
  tip.count = text.size > 0;
  status = tv_graph_node_properties(x->graph, node, export_dot_property, &tip);
  x->report->nodes++;
  return export_dot_tip(x, status);
}

static int export_dot_edge(tvi_export *x, const tv_edge_ref *edge) {
  export_tip tip = {x, 0};
  const char *type;
  int status = tvi_export_str(x, "  n");

  if (status == TV_OK) status = tvi_export_count(x, edge->from);
  if (status == TV_OK) status = tvi_export_str(x, " -> n");
  if (status == TV_OK) status = tvi_export_count(x, edge->to);
  if (status == TV_OK) status = tvi_export_str(x, " [label=\"");
  if (status == TV_OK) status = tv_graph_type_text(x->graph, edge->type, &type);
  if (status == TV_OK) status = tvi_export_dot(x, tv_str(type));
  if (status == TV_OK) status = tvi_export_str(x, "\", tooltip=\"");
  if (status != TV_OK) return status;
  status = tv_graph_edge_properties(x->graph, edge, export_dot_property, &tip);
  x->report->edges++;
  return export_dot_tip(x, status);
}

int tvi_export_as_dot(tvi_export *x) {
  int status = tvi_export_str(x, "digraph \"");

  if (status == TV_OK) status = tvi_export_dot(x, tv_str(tvi_graph_name(x->graph)));
  if (status == TV_OK) status = tvi_export_str(x, "\" {\n");
  if (status == TV_OK) status = tvi_export_nodes(x, export_dot_node);
  if (status == TV_OK) status = tvi_export_edges(x, export_dot_edge);
  return status == TV_OK ? tvi_export_str(x, "}\n") : status;
}
