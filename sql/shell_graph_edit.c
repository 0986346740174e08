/* SPDX-License-Identifier: MIT */
/*
 * .graph, the writing half. Edges are added between nodes that exist: creating an end that was only
 * mistyped was rejected, since the graph would answer questions about it for ever after.
 */
#include <stdlib.h>
#include <string.h>

#include "shell_internal.h"

typedef struct shell_graph_edit {
  shell *sh;
  const shell_args *args;
  tv_property properties[SHELL_WORDS_MAX];
  size_t n;
  tv_graph *graph;
  tv_edge edge;
} shell_graph_edit;

/* ---- NAME=VALUE ---- */

static tv_value shell_graph_edit_value(char *text) {
  tv_value value = {.type = TV_TEXT};
  size_t size = strlen(text);
  bool is_hex = (text[0] == 'x' || text[0] == 'X') && text[1] == '\'';
  if (shell_is_integer(text, &value.as.integer)) {
    value.type = TV_INT64;
  } else if (shell_is_real(text, &value.as.real)) {
    value.type = TV_DOUBLE;
  } else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
    value.type = TV_BOOL;
    value.as.integer = text[0] == 't';
  } else if (strcmp(text, "null") == 0) {
    value.type = TV_NULL;
  } else if (size >= 2 && (text[0] == '"' || text[0] == '\'') && text[size - 1] == text[0]) {
    value.as.bytes = tv_bytes(text + 1, size - 2); /* quoted: a text whatever it looks like */
  } else {
    value.as.bytes = shell_unquote_bytes(text);
    if (is_hex && value.as.bytes.size < size) value.type = TV_BLOB;
  }
  return value;
}

int shell_property_parse(shell *sh, char *word, tv_property *out) {
  char *equals = strchr(word, '=');
  if (equals == NULL || equals == word)
    return shell_fail(sh, "write NAME=VALUE", "not a property: %s", word);
  *equals = '\0';
  out->name = word;
  out->value = shell_graph_edit_value(equals + 1);
  return 0;
}

/* ---- Running ---- */

/* Runs work in a write transaction; words from `first` on are properties. */
static int shell_graph_edit_run(shell *sh, const shell_args *args, int first,
                                shell_graph_edit *edit, shell_work_fn work) {
  edit->sh = sh;
  edit->args = args;
  for (int i = first; i < args->n; i++) {
    if (shell_property_parse(sh, args->v[i], &edit->properties[edit->n++]) != 0) return 1;
  }
  int status = shell_write(sh, work, edit);
  if (status == TV_EXISTS)
    return shell_fail(sh, ".graphs lists them", "a graph of that name is there already: %s",
                      args->n > 1 ? args->v[1] : args->v[0]);
  return status == TV_OK ? 0 : shell_fail_status(sh, status, &sh->error, args->v[0]);
}

static int shell_graph_edit_open(tv_txn *txn, shell_graph_edit *edit) {
  return tv_graph_open(txn, edit->args->v[0], 0, &edit->graph);
}

static int shell_graph_edit_node(shell_graph_edit *edit, int index, tv_node *node) {
  char *typed = shell_copy(edit->args->v[index]);
  int status = tv_graph_node_find(edit->graph, shell_unquote_bytes(typed), node);
  shell_free(typed);
  if (status != TV_NOTFOUND) return status;
  return shell_refuse(edit->sh, TV_ENONODE, "no such node in %s: %s", edit->args->v[0],
                      edit->args->v[index]);
}

static int shell_graph_edit_set(shell_graph_edit *edit, tv_node node) {
  int status = TV_OK;
  for (size_t i = 0; i < edit->n && status >= TV_OK; i++)
    status =
        tv_graph_node_set(edit->graph, node, edit->properties[i].name, edit->properties[i].value);
  return status < 0 ? status : TV_OK; /* removing what is not there is no failure */
}

/* ---- Graphs ---- */

static int shell_graph_create_work(tv_txn *txn, void *ctx) {
  shell_graph_edit *edit = ctx;
  return tv_graph_open(txn, edit->args->v[0], TV_CREATE | TV_ONLY_NEW, &edit->graph);
}

int shell_graph_create(shell *sh, const shell_args *args) {
  shell_graph_edit edit = {0};
  return shell_graph_edit_run(sh, args, args->n, &edit, shell_graph_create_work);
}

static int shell_graph_drop_work(tv_txn *txn, void *ctx) {
  const shell_graph_edit *edit = ctx;
  return tv_graph_drop(txn, edit->args->v[0]);
}

int shell_graph_drop(shell *sh, const shell_args *args) {
  shell_graph_edit edit = {0};
  return shell_graph_edit_run(sh, args, args->n, &edit, shell_graph_drop_work);
}

static int shell_graph_rename_work(tv_txn *txn, void *ctx) {
  const shell_graph_edit *edit = ctx;
  return tv_graph_rename(txn, edit->args->v[0], edit->args->v[1]);
}

int shell_graph_rename(shell *sh, const shell_args *args) {
  shell_graph_edit edit = {0};
  return shell_graph_edit_run(sh, args, args->n, &edit, shell_graph_rename_work);
}

/* ---- Nodes ---- */

static int shell_graph_add_node_work(tv_txn *txn, void *ctx) {
  shell_graph_edit *edit = ctx;
  const shell_args *args = edit->args;
  tv_node node;
  int status = shell_graph_edit_open(txn, edit);
  if (status != TV_OK) return status;
  char *typed = shell_copy(args->v[1]);
  status = tv_graph_node_put(edit->graph, shell_unquote_bytes(typed), NULL, &node);
  shell_free(typed);
  for (int i = 0; i < args->options && status == TV_OK; i++)
    status = tv_graph_label_add(edit->graph, node, args->value[i]);
  return status == TV_OK ? shell_graph_edit_set(edit, node) : status;
}

int shell_graph_add_node(shell *sh, const shell_args *args) {
  shell_graph_edit edit = {0};
  return shell_graph_edit_run(sh, args, 2, &edit, shell_graph_add_node_work);
}

static int shell_graph_set_work(tv_txn *txn, void *ctx) {
  shell_graph_edit *edit = ctx;
  tv_node node;
  int status = shell_graph_edit_open(txn, edit);
  if (status == TV_OK) status = shell_graph_edit_node(edit, 1, &node);
  return status == TV_OK ? shell_graph_edit_set(edit, node) : status;
}

int shell_graph_set(shell *sh, const shell_args *args) {
  shell_graph_edit edit = {0};
  return shell_graph_edit_run(sh, args, 2, &edit, shell_graph_set_work);
}

static int shell_graph_del_node_work(tv_txn *txn, void *ctx) {
  shell_graph_edit *edit = ctx;
  tv_node node;
  int status = shell_graph_edit_open(txn, edit);
  if (status == TV_OK) status = shell_graph_edit_node(edit, 1, &node);
  return status == TV_OK ? tv_graph_node_delete(edit->graph, node) : status;
}

int shell_graph_del_node(shell *sh, const shell_args *args) {
  shell_graph_edit edit = {0};
  return shell_graph_edit_run(sh, args, args->n, &edit, shell_graph_del_node_work);
}

/* ---- Edges ---- */

static int shell_graph_add_edge_work(tv_txn *txn, void *ctx) {
  shell_graph_edit *edit = ctx;
  tv_node from, to;
  int status = shell_graph_edit_open(txn, edit);
  if (status == TV_OK) status = shell_graph_edit_node(edit, 1, &from);
  if (status == TV_OK) status = shell_graph_edit_node(edit, 2, &to);
  if (status != TV_OK) return status;
  return tv_graph_edge_add(edit->graph, from, to, edit->args->v[3], edit->n, edit->properties,
                           &edit->edge);
}

int shell_graph_add_edge(shell *sh, const shell_args *args) {
  static const char *const title = "edge";
  shell_graph_edit edit = {0};
  if (shell_graph_edit_run(sh, args, 4, &edit, shell_graph_add_edge_work) != 0) return 1;
  shell_cell cell = shell_cell_count(edit.edge);
  shell_rows_begin(sh, 1, &title);
  shell_rows_add(sh, &cell);
  return shell_rows_end(sh);
}

static int shell_graph_del_edge_work(tv_txn *txn, void *ctx) {
  shell_graph_edit *edit = ctx;
  int64_t number;
  if (!shell_is_integer(edit->args->v[1], &number) || number < 0)
    return shell_refuse(edit->sh, TV_EINVAL, "EDGE is the number that .graph edges shows, not %s",
                        edit->args->v[1]);
  int status = shell_graph_edit_open(txn, edit);
  if (status == TV_OK) status = tv_graph_edge_delete(edit->graph, (tv_edge)number);
  if (status != TV_NOTFOUND) return status;
  return shell_refuse(edit->sh, TV_EINVAL, "no such edge in %s: %s", edit->args->v[0],
                      edit->args->v[1]);
}

int shell_graph_del_edge(shell *sh, const shell_args *args) {
  shell_graph_edit edit = {0};
  return shell_graph_edit_run(sh, args, args->n, &edit, shell_graph_del_edge_work);
}
