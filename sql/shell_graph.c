/* SPDX-License-Identifier: MIT */
/*
 * .graph, the reading half: nodes, edges, neighbours, k-hop, paths, degrees. Each row is printed as
 * the traversal reaches it, so that a large answer needs no memory of its own and Ctrl-C ends it.
 */
#include <string.h>

#include "shell_internal.h"

enum { SHELL_GRAPH_TYPES_MAX = SHELL_OPTIONS_MAX };

/* One call of a reading .graph command. */
typedef struct shell_graph_call {
  shell *sh;
  const shell_args *args;
  tv_graph *graph;
  uint32_t types[SHELL_GRAPH_TYPES_MAX];
  tv_types filter;
  int direction;
  uint64_t limit, rows; /* rows allowed and printed */
  int status;           /* of a call made within a visit */
} shell_graph_call;

/* ---- Running a call ---- */

static int shell_graph_run(shell *sh, const shell_args *args, shell_work_fn work) {
  shell_graph_call call = {.sh = sh, .args = args, .direction = TV_OUT};
  if (shell_has(args, "--in")) call.direction = TV_IN;
  if (shell_has(args, "--both")) call.direction = TV_BOTH;
  if (shell_option_count(sh, args, "--limit", UINT64_MAX, &call.limit) != 0) return 1;
  int status = shell_read(sh, work, &call);
  if (shell_interrupted()) status = TV_EINTR;
  if (status == TV_OK || status == TV_STOP) return shell_rows_end(sh);
  shell_rows_drop(sh);
  if (status == TV_NOTFOUND) return shell_fail(sh, NULL, "%s", sh->error.message);
  return shell_fail_status(sh, status, &sh->error, args->v[0]);
}

static int shell_graph_call_open(tv_txn *txn, shell_graph_call *call) {
  const shell_args *args = call->args;
  size_t n = 0;
  int status = tv_graph_open(txn, args->v[0], 0, &call->graph);
  for (int i = 0; i < args->options && status == TV_OK; i++) {
    if (strcmp(args->option[i], "--type") != 0) continue;
    status = tv_graph_type_find(call->graph, args->value[i], &call->types[n++]);
  }
  call->filter = (tv_types){n, call->types};
  return status;
}

static int shell_graph_call_node(shell_graph_call *call, int index, tv_node *node) {
  char *typed = shell_copy(call->args->v[index]);
  int status = tv_graph_node_find(call->graph, shell_unquote_bytes(typed), node);
  if (status == TV_NOTFOUND)
    status = shell_refuse(call->sh, TV_ENONODE, "no such node in %s: %s", call->args->v[0],
                          call->args->v[index]);
  shell_free(typed);
  return status;
}

/* Counts a row; true when the traversal is to end before it. */
static bool shell_graph_is_over(shell_graph_call *call) {
  return shell_interrupted() || call->status != TV_OK || call->rows++ >= call->limit;
}

static shell_cell shell_graph_key(shell_graph_call *call, tv_node node) {
  tv_slice key;
  int status = tv_graph_node_key(call->graph, node, &key);
  if (status == TV_OK) return shell_cell_bytes(key);
  call->status = status;
  return shell_cell_null();
}

static int shell_graph_ended(const shell_graph_call *call, int status) {
  return call->status != TV_OK ? call->status : status;
}

/* ---- Properties and labels as text ---- */

int shell_property_json(void *ctx, const char *name, tv_value value) {
  shell_text *out = ctx;
  shell_text_char(out, out->size == 0 ? '{' : ',');
  shell_quote_json(out, tv_str(name));
  shell_text_char(out, ':');
  switch (value.type) {
    case TV_BOOL:
      shell_text_str(out, value.as.integer ? "true" : "false");
      break;
    case TV_INT64:
      shell_text_format(out, "%lld", (long long)value.as.integer);
      break;
    case TV_DOUBLE:
      shell_format_real(out, value.as.real);
      break;
    case TV_TEXT:
      shell_quote_json(out, value.as.bytes);
      break;
    case TV_BLOB: {
      shell_text hex = {0};
      shell_quote_blob(&hex, value.as.bytes);
      shell_quote_json(out, tv_bytes(hex.data, hex.size));
      shell_text_free(&hex);
      break;
    }
    default:
      shell_text_str(out, "null");
      break;
  }
  return 0;
}

/* The object as a cell; an empty one is NULL. */
static shell_cell shell_graph_object(shell_text *object) {
  if (object->size == 0) return shell_cell_null();
  shell_text_char(object, '}');
  return shell_cell_str(object->data);
}

static int shell_graph_label(void *ctx, const char *label) {
  shell_text *out = ctx;
  if (out->size > 0) shell_text_char(out, ',');
  shell_text_str(out, label);
  return 0;
}

/* ---- nodes, node ---- */

static const char *const shell_graph_node_titles[] = {"node", "labels", "properties"};

static void shell_graph_node_row(shell_graph_call *call, tv_node node) {
  shell_text labels = {0}, object = {0};
  int status = tv_graph_node_labels(call->graph, node, shell_graph_label, &labels);
  if (status == TV_OK)
    status = tv_graph_node_properties(call->graph, node, shell_property_json, &object);
  if (status != TV_OK) call->status = status;
  shell_cell cells[] = {shell_graph_key(call, node), shell_cell_str(labels.data),
                        shell_graph_object(&object)};
  if (call->status == TV_OK) shell_rows_add(call->sh, cells);
  shell_text_free(&labels);
  shell_text_free(&object);
}

static int shell_graph_nodes_visit(void *ctx, tv_node node) {
  if (shell_graph_is_over(ctx)) return 1;
  shell_graph_node_row(ctx, node);
  return 0;
}

static int shell_graph_nodes_work(tv_txn *txn, void *ctx) {
  shell_graph_call *call = ctx;
  int status = shell_graph_call_open(txn, call);
  if (status != TV_OK) return status;
  shell_rows_begin(call->sh, 3, shell_graph_node_titles);
  const char *label = shell_option(call->args, "--label");
  return shell_graph_ended(call, tv_graph_nodes(call->graph, label, shell_graph_nodes_visit, call));
}

int shell_graph_nodes(shell *sh, const shell_args *args) {
  return shell_graph_run(sh, args, shell_graph_nodes_work);
}

static int shell_graph_node_work(tv_txn *txn, void *ctx) {
  shell_graph_call *call = ctx;
  tv_node node;
  int status = shell_graph_call_open(txn, call);
  if (status == TV_OK) status = shell_graph_call_node(call, 1, &node);
  if (status != TV_OK) return status;
  shell_rows_begin(call->sh, 3, shell_graph_node_titles);
  shell_graph_node_row(call, node);
  return call->status;
}

int shell_graph_node(shell *sh, const shell_args *args) {
  return shell_graph_run(sh, args, shell_graph_node_work);
}

/* ---- edges ---- */

static int shell_graph_edges_visit(void *ctx, const tv_edge_ref *edge) {
  shell_graph_call *call = ctx;
  shell_text object = {0};
  if (shell_graph_is_over(call)) return 1;
  int status = tv_graph_edge_properties(call->graph, edge, shell_property_json, &object);
  if (status != TV_OK) call->status = status;
  shell_cell cells[] = {shell_cell_count(edge->edge), shell_graph_key(call, edge->from),
                        shell_graph_key(call, edge->to),
                        shell_cell_str(tv_graph_type_name(call->graph, edge->type)),
                        shell_graph_object(&object)};
  if (call->status == TV_OK) shell_rows_add(call->sh, cells);
  shell_text_free(&object);
  return 0;
}

static int shell_graph_edges_work(tv_txn *txn, void *ctx) {
  static const char *const titles[] = {"edge", "from", "to", "type", "properties"};
  shell_graph_call *call = ctx;
  tv_node node = 0;
  int status = shell_graph_call_open(txn, call);
  if (status == TV_OK && call->args->n > 1) status = shell_graph_call_node(call, 1, &node);
  if (status != TV_OK) return status;
  shell_rows_begin(call->sh, 5, titles);
  if (call->args->n > 1) {
    status =
        tv_graph_edges_at(call->graph, node, TV_BOTH, call->filter, shell_graph_edges_visit, call);
  } else {
    const char *type = shell_option(call->args, "--type");
    status = tv_graph_edges(call->graph, type, shell_graph_edges_visit, call);
  }
  return shell_graph_ended(call, status);
}

int shell_graph_edges(shell *sh, const shell_args *args) {
  return shell_graph_run(sh, args, shell_graph_edges_work);
}

/* ---- neighbors, degree ---- */

typedef struct shell_graph_star {
  shell_graph_call *call;
  int direction; /* of this half */
} shell_graph_star;

static int shell_graph_neighbor_visit(void *ctx, const tv_edge_ref *edge) {
  const shell_graph_star *star = ctx;
  shell_graph_call *call = star->call;
  bool is_out = star->direction == TV_OUT;
  if (shell_graph_is_over(call)) return 1;
  shell_cell cells[] = {shell_graph_key(call, is_out ? edge->to : edge->from),
                        shell_cell_str(tv_graph_type_name(call->graph, edge->type)),
                        shell_cell_str(is_out ? "out" : "in"), shell_cell_count(edge->edge)};
  if (call->status == TV_OK) shell_rows_add(call->sh, cells);
  return 0;
}

static int shell_graph_neighbors_work(tv_txn *txn, void *ctx) {
  static const char *const titles[] = {"node", "type", "direction", "edge"};
  static const int halves[] = {TV_OUT, TV_IN};
  shell_graph_call *call = ctx;
  tv_node node;
  int status = shell_graph_call_open(txn, call);
  if (status == TV_OK) status = shell_graph_call_node(call, 1, &node);
  if (status != TV_OK) return status;
  shell_rows_begin(call->sh, 4, titles);
  for (int i = 0; i < 2 && status == TV_OK; i++) {
    shell_graph_star star = {call, halves[i]};
    if ((call->direction & halves[i]) != 0)
      status = tv_graph_edges_at(call->graph, node, halves[i], call->filter,
                                 shell_graph_neighbor_visit, &star);
  }
  return shell_graph_ended(call, status);
}

int shell_graph_neighbors(shell *sh, const shell_args *args) {
  return shell_graph_run(sh, args, shell_graph_neighbors_work);
}

static int shell_graph_degree_work(tv_txn *txn, void *ctx) {
  static const char *const titles[] = {"out", "in"};
  shell_graph_call *call = ctx;
  tv_node node;
  uint64_t out = 0, in = 0;
  int status = shell_graph_call_open(txn, call);
  if (status == TV_OK) status = shell_graph_call_node(call, 1, &node);
  if (status == TV_OK) status = tv_graph_degree(call->graph, node, TV_OUT, call->filter, &out);
  if (status == TV_OK) status = tv_graph_degree(call->graph, node, TV_IN, call->filter, &in);
  if (status != TV_OK) return status;
  shell_cell cells[] = {shell_cell_count(out), shell_cell_count(in)};
  shell_rows_begin(call->sh, 2, titles);
  shell_rows_add(call->sh, cells);
  return TV_OK;
}

int shell_graph_degree(shell *sh, const shell_args *args) {
  return shell_graph_run(sh, args, shell_graph_degree_work);
}

/* ---- khop, path ---- */

static int shell_graph_khop_visit(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                                  const tv_edge_ref *edge) {
  shell_graph_call *call = ctx;
  if (edge == NULL) return 0; /* the start itself */
  if (shell_graph_is_over(call)) return 1;
  shell_cell cells[] = {shell_cell_int(depth), shell_graph_key(call, node),
                        shell_graph_key(call, parent),
                        shell_cell_str(tv_graph_type_name(call->graph, edge->type))};
  if (call->status == TV_OK) shell_rows_add(call->sh, cells);
  return 0;
}

static int shell_graph_khop_work(tv_txn *txn, void *ctx) {
  static const char *const titles[] = {"depth", "node", "from", "type"};
  shell_graph_call *call = ctx;
  const char *word = call->args->v[2];
  tv_limits limits = {.cancel = shell_interrupt_flag()};
  tv_node node;
  int64_t depth = UINT32_MAX;
  bool is_all = strcmp(word, "all") == 0;
  if (!is_all && (!shell_is_integer(word, &depth) || depth < 0 || depth > UINT32_MAX))
    return shell_refuse(call->sh, TV_EINVAL, "DEPTH is a whole number or all, not %s", word);
  int status = shell_graph_call_open(txn, call);
  if (status == TV_OK) status = shell_graph_call_node(call, 1, &node);
  if (status != TV_OK) return status;
  shell_rows_begin(call->sh, 4, titles);
  status = tv_graph_bfs(call->graph, 1, &node, call->direction, call->filter, (uint32_t)depth,
                        &limits, shell_graph_khop_visit, call);
  return shell_graph_ended(call, status);
}

int shell_graph_khop(shell *sh, const shell_args *args) {
  return shell_graph_run(sh, args, shell_graph_khop_work);
}

static int shell_graph_path_work(tv_txn *txn, void *ctx) {
  static const char *const titles[] = {"step", "node", "type", "edge"};
  shell_graph_call *call = ctx;
  tv_limits limits = {.cancel = shell_interrupt_flag()};
  tv_node from, to;
  tv_path path = {0};
  int status = shell_graph_call_open(txn, call);
  if (status == TV_OK) status = shell_graph_call_node(call, 1, &from);
  if (status == TV_OK) status = shell_graph_call_node(call, 2, &to);
  if (status != TV_OK) return status;
  status =
      tv_graph_shortest_path(call->graph, from, to, call->direction, call->filter, &limits, &path);
  if (status == TV_NOTFOUND)
    return shell_refuse(call->sh, TV_NOTFOUND, "no path from %s to %s", call->args->v[1],
                        call->args->v[2]);
  if (status != TV_OK) return status;
  shell_rows_begin(call->sh, 4, titles);
  for (size_t i = 0; i <= path.length; i++) {
    const tv_edge_ref *edge = i > 0 ? &path.edges[i - 1] : NULL;
    const char *type = edge != NULL ? tv_graph_type_name(call->graph, edge->type) : NULL;
    shell_cell cells[] = {shell_cell_count(i), shell_graph_key(call, path.nodes[i]),
                          shell_cell_str(type),
                          edge != NULL ? shell_cell_count(edge->edge) : shell_cell_null()};
    shell_rows_add(call->sh, cells);
  }
  tv_graph_path_free(&path);
  return call->status;
}

int shell_graph_path(shell *sh, const shell_args *args) {
  return shell_graph_run(sh, args, shell_graph_path_work);
}

/* ---- stat ---- */

static int shell_graph_stat_work(tv_txn *txn, void *ctx) {
  static const char *const titles[] = {
      "nodes", "edges",    "labels",        "types",       "property_names",
      "bytes", "segments", "segment_bytes", "delta_edges", "bytes_per_edge"};
  shell_graph_call *call = ctx;
  tv_graph_stat stat;
  int status = shell_graph_call_open(txn, call);
  if (status == TV_OK) status = tv_graph_stat_get(call->graph, &stat);
  if (status != TV_OK) return status;
  double per_edge = stat.edges > 0 ? (double)stat.bytes / (double)stat.edges : 0;
  shell_cell cells[] = {shell_cell_count(stat.nodes),
                        shell_cell_count(stat.edges),
                        shell_cell_int(stat.labels),
                        shell_cell_int(stat.types),
                        shell_cell_int(stat.property_names),
                        shell_cell_count(stat.bytes),
                        shell_cell_count(stat.segments),
                        shell_cell_count(stat.segment_bytes),
                        shell_cell_count(stat.delta_edges),
                        stat.edges > 0
                            ? shell_cell_real((double)(int64_t)(per_edge * 10 + 0.5) / 10)
                            : shell_cell_null()};
  shell_rows_begin(call->sh, sizeof cells / sizeof cells[0], titles);
  shell_rows_add(call->sh, cells);
  return TV_OK;
}

int shell_graph_stat(shell *sh, const shell_args *args) {
  return shell_graph_run(sh, args, shell_graph_stat_work);
}
