/* SPDX-License-Identifier: MIT */
/*
 * .check's part for graphs: every node's and edge's record is read, each node is found by its key,
 * each edge by its id, and both ends of an edge exist. Through the public interface alone: what it
 * cannot reach, nobody can miss. What has expired is not seen here.
 */
#include "shell_internal.h"

typedef struct shell_check_graph {
  shell_check_run *run;
  const char *name;
  tv_graph *graph;
  uint64_t nodes, edges;
} shell_check_graph;

static void shell_check_graph_note(shell_check_graph *check, const char *what, tv_slice name,
                                   int status, const char *otherwise) {
  const tv_error *error = tv_txn_error(check->run->txn);
  shell_cell cell = shell_cell_bytes(name);
  shell_text text = {0};
  if (status < 0 && error->status == status && error->message[0] != '\0') {
    shell_text_format(&text, "%s (%s ", error->message, what); /* it names the graph */
    shell_cell_print(check->run->sh, &cell, &text);
    shell_text_char(&text, ')');
  } else {
    shell_text_format(&text, "graph \"%s\", %s ", check->name, what);
    shell_cell_print(check->run->sh, &cell, &text);
    shell_text_format(&text, ": %s", otherwise);
  }
  shell_check_problem(check->run, text.data);
  shell_text_free(&text);
}

static int shell_check_property(void *ctx, const char *name, tv_value value) {
  (void)ctx, (void)name, (void)value;
  return 0;
}

static int shell_check_label(void *ctx, const char *label) {
  (void)ctx, (void)label;
  return 0;
}

/* Whether the walk goes on. */
static int shell_check_graph_tick(const shell_check_graph *check) {
  uint64_t count = check->nodes + check->edges;
  return count % 10000 == 0 ? shell_check_progress(check->run, "graph", check->name, count) : 0;
}

static int shell_check_node(void *ctx, tv_node node) {
  shell_check_graph *check = ctx;
  char number[32];
  tv_slice key = {NULL, 0};
  tv_node found = TV_NODE_NONE;
  check->nodes++;
  snprintf(number, sizeof number, "#%llu", (unsigned long long)node);
  int status = tv_graph_node_key(check->graph, node, &key);
  char *copy = status == TV_OK ? shell_copy_bytes(key) : shell_copy(number);
  tv_slice shown = tv_str(copy);
  if (status == TV_OK) status = tv_graph_node_find(check->graph, key, &found);
  if (status == TV_OK && found != node) {
    shell_check_graph_note(check, "node", shown, TV_OK, "its key leads to another node");
  } else {
    if (status == TV_OK) status = tv_graph_node_labels(check->graph, node, shell_check_label, NULL);
    if (status == TV_OK)
      status = tv_graph_node_properties(check->graph, node, shell_check_property, NULL);
    if (status == TV_NOTFOUND)
      shell_check_graph_note(check, "node", shown, status, "it is not found by its key");
    else if (status != TV_OK)
      shell_check_graph_note(check, "node", shown, status, tv_status_name(status));
  }
  shell_free(copy);
  return shell_check_graph_tick(check);
}

static int shell_check_edge(void *ctx, const tv_edge_ref *edge) {
  shell_check_graph *check = ctx;
  tv_edge_ref found = {0};
  tv_slice key;
  char number[100];
  check->edges++;
  int status = tv_graph_edge_find(check->graph, edge->edge, &found);
  bool same = found.from == edge->from && found.to == edge->to && found.type == edge->type;
  if (status == TV_OK) status = tv_graph_node_key(check->graph, edge->from, &key);
  if (status == TV_OK) status = tv_graph_node_key(check->graph, edge->to, &key);
  if (status == TV_OK && tv_graph_type_name(check->graph, edge->type) == NULL)
    status = tv_txn_error(check->run->txn)->status;
  if (status == TV_OK)
    status = tv_graph_edge_properties(check->graph, edge, shell_check_property, NULL);
  if (status != TV_OK || !same) {
    snprintf(number, sizeof number, "%llu (from #%llu to #%llu)", (unsigned long long)edge->edge,
             (unsigned long long)edge->from, (unsigned long long)edge->to);
    shell_check_graph_note(check, "edge", tv_str(number), status,
                           status == TV_NOTFOUND ? "it is not found by its id"
                           : status != TV_OK     ? tv_status_name(status)
                                                 : "its id leads to another edge");
  }
  return shell_check_graph_tick(check);
}

/* More than are counted is a fault; fewer may have expired, and still count. */
static void shell_check_graph_counts(shell_check_graph *check, const tv_graph_stat *stat) {
  shell_text text = {0};
  if (check->nodes > stat->nodes || check->edges > stat->edges) {
    shell_text_format(&text, "graph \"%s\": counts %llu nodes and %llu edges but has %llu and %llu",
                      check->name, (unsigned long long)stat->nodes, (unsigned long long)stat->edges,
                      (unsigned long long)check->nodes, (unsigned long long)check->edges);
    shell_check_problem(check->run, text.data);
  }
  shell_text_free(&text);
}

static int shell_check_graph_one(void *ctx, tv_slice name) {
  shell_check_graph check = {.run = ctx};
  char *text = shell_copy_bytes(name);
  tv_graph_stat stat = {0};
  check.name = text;
  int status = tv_graph_open(check.run->txn, text, 0, &check.graph);
  if (status == TV_OK) status = tv_graph_stat_get(check.graph, &stat);
  if (status < 0) {
    shell_check_graph_note(&check, "its", tv_str("records"), status, tv_status_name(status));
  } else {
    int nodes = tv_graph_nodes(check.graph, NULL, shell_check_node, &check);
    if (nodes < 0)
      shell_check_graph_note(&check, "its", tv_str("nodes"), nodes, tv_status_name(nodes));
    int edges =
        nodes != TV_STOP ? tv_graph_edges(check.graph, NULL, shell_check_edge, &check) : TV_STOP;
    if (edges < 0)
      shell_check_graph_note(&check, "its", tv_str("edges"), edges, tv_status_name(edges));
    if (nodes == TV_OK && edges == TV_OK) shell_check_graph_counts(&check, &stat);
  }
  check.run->things++;
  check.run->records += check.nodes + check.edges;
  shell_free(text);
  return shell_interrupted();
}

int shell_check_graphs(shell_check_run *run) {
  return tv_graph_list(run->txn, shell_check_graph_one, run);
}
