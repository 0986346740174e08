/* SPDX-License-Identifier: MIT */
/*
 * .graph index, unindex and indexes: property indexes. One word each for making and dropping, so
 * that neither hides behind an option of the other.
 */
#include "shell_internal.h"
#include "trivet_graph_index.h"

typedef struct shell_graph_index_call {
  shell *sh;
  const shell_args *args;
  bool drops;
} shell_graph_index_call;

static int shell_graph_index_work(tv_txn *txn, void *ctx) {
  const shell_graph_index_call *call = ctx;
  const shell_args *args = call->args;
  const char *type = shell_option(args, "--type");
  bool edges = shell_has(args, "--edges") || type != NULL;
  tv_index index = {edges ? TV_INDEX_EDGES : TV_INDEX_NODES,
                    edges ? type : shell_option(args, "--label"), args->v[1]};
  tv_graph *graph;
  int status = tv_graph_open(txn, args->v[0], 0, &graph);
  if (status != TV_OK) return status;
  if (call->drops) {
    status = tv_graph_index_drop(graph, &index);
    return status != TV_NOTFOUND ? status
                                 : shell_refuse(call->sh, TV_EINVAL, "no such index in %s: %s",
                                                args->v[0], args->v[1]);
  }
  status = tv_graph_index_create(graph, &index, shell_has(args, "--unique") ? TV_INDEX_UNIQUE : 0);
  /* Its sentence says which two values, or that there is this index. */
  return status != TV_EXISTS ? status
                             : shell_refuse(call->sh, TV_EINVAL, "%s", tv_txn_error(txn)->message);
}

static int shell_graph_index_run(shell *sh, const shell_args *args, bool drops) {
  shell_graph_index_call call = {sh, args, drops};
  if (shell_has(args, "--label") && (shell_has(args, "--edges") || shell_has(args, "--type")))
    return shell_fail(sh, "give one of them", "--label is for nodes, --edges and --type for edges");
  int status = shell_write(sh, shell_graph_index_work, &call);
  return status == TV_OK ? 0 : shell_fail_status(sh, status, &sh->error, args->v[0]);
}

int shell_graph_index(shell *sh, const shell_args *args) {
  return shell_graph_index_run(sh, args, false);
}

int shell_graph_unindex(shell *sh, const shell_args *args) {
  return shell_graph_index_run(sh, args, true);
}

static int shell_graph_index_row(void *ctx, const tv_index *index, unsigned flags) {
  const shell_graph_index_call *call = ctx;
  shell_cell cells[] = {shell_cell_str(index->kind == TV_INDEX_NODES ? "nodes" : "edges"),
                        shell_cell_str(index->label), shell_cell_str(index->property),
                        shell_cell_str((flags & TV_INDEX_UNIQUE) != 0 ? "unique" : "")};
  shell_rows_add(call->sh, cells);
  return shell_interrupted();
}

static int shell_graph_indexes_work(tv_txn *txn, void *ctx) {
  static const char *const titles[] = {"of", "label", "property", "unique"};
  shell_graph_index_call *call = ctx;
  tv_graph *graph;
  int status = tv_graph_open(txn, call->args->v[0], 0, &graph);
  if (status != TV_OK) return status;
  shell_rows_begin(call->sh, 4, titles);
  return tv_graph_index_list(graph, shell_graph_index_row, call);
}

int shell_graph_indexes(shell *sh, const shell_args *args) {
  shell_graph_index_call call = {sh, args, false};
  int status = shell_read(sh, shell_graph_indexes_work, &call);
  if (status == TV_OK || status == TV_STOP) return shell_rows_end(sh);
  shell_rows_drop(sh);
  return shell_fail_status(sh, status, &sh->error, args->v[0]);
}
