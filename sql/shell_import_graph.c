/* SPDX-License-Identifier: MIT */
/*
 * .import into a graph: an edge list, in one transaction, so that a bad line leaves nothing behind.
 * Nodes are made as edges name them; a file of nodes beside it was rejected, as published edge
 * lists have none.
 */
#include "shell_internal.h"

static int shell_import_node(const shell_import_call *call, tv_graph *graph, const shell_csv *csv,
                             int field, tv_node *node) {
  tv_slice key = shell_csv_field(csv, field);
  if (key.size == 0 || key.size > TV_KEY_BYTES_MAX)
    return shell_import_line_bad(call, csv->line, "a node has 1 to 480 bytes");
  return tv_graph_node_put(graph, key, shell_option(call->args, "--label"), node);
}

static int shell_import_edge(const shell_import_call *call, tv_graph *graph, const shell_csv *csv) {
  const char *type = shell_option(call->args, "--type");
  tv_node from = TV_NODE_NONE, to = TV_NODE_NONE;
  if (csv->n < 2 || csv->n > 3)
    return shell_import_line_bad(call, csv->line, "expected two or three fields: from, to, type");
  if (csv->n == 3 && shell_csv_field(csv, 2).size > 0) type = shell_csv_field(csv, 2).data;
  int status = shell_import_node(call, graph, csv, 0, &from);
  if (status == TV_OK) status = shell_import_node(call, graph, csv, 1, &to);
  if (status != TV_OK) return status;
  return tv_graph_edge_add(graph, from, to, type != NULL ? type : "edge", 0, NULL, NULL);
}

/* "from,to" above the list, and comments as published edge lists have them. */
static bool shell_import_is_no_edge(const shell_import_call *call, const shell_csv *csv) {
  const char *field = shell_csv_field(csv, 0).data;
  if (field[0] == '#' && csv->bare[0]) return true;
  return call->rows == 0 && shell_import_is_title(csv, "from", "to");
}

static int shell_import_graph_work(tv_txn *txn, void *ctx) {
  shell_import_call *call = ctx;
  shell_csv csv = {.file = call->file, .separator = call->separator};
  tv_graph *graph;
  int got = 0;
  int status = tv_graph_open(txn, call->name, TV_CREATE, &graph);
  if (status == TV_OK) shell_import_rewind(call, &csv.next);
  while (status == TV_OK && (got = shell_csv_next(&csv)) != 0) {
    if (got < 0) {
      status = shell_import_line_bad(call, csv.line, csv.problem);
    } else if (!shell_import_is_no_edge(call, &csv)) {
      status = shell_import_edge(call, graph, &csv);
      if (status == TV_OK && shell_import_tick(call)) status = TV_EINTR;
    }
  }
  shell_csv_free(&csv);
  return status;
}

int shell_import_graph(shell_import_call *call) {
  int status = shell_write(call->sh, shell_import_graph_work, call);
  return status == TV_OK ? 0 : shell_import_fail(call, status);
}
