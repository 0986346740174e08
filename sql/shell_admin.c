/* SPDX-License-Identifier: MIT */
/*
 * Care of the store: lists of what is in it, copies of it, syncs. Sizes are in shell_stat.c, the
 * check in shell_check.c. The lists are rows like those of SQL; tables of SQLite's schema for them
 * were rejected, as they would be in the way of the user's own names.
 */
#include <string.h>

#include "shell_internal.h"

/* ---- Names of buckets, graphs, stores ---- */

int shell_names_collect(void *ctx, tv_slice name) {
  shell_names *names = ctx;
  char *text = shell_copy_bytes(name);
  if (names->like != NULL && sqlite3_strlike(names->like, text, 0) != 0) {
    shell_free(text);
    return 0;
  }
  names->v = shell_realloc(names->v, (names->n + 1) * sizeof *names->v);
  names->v[names->n++] = text;
  return 0;
}

void shell_names_free(shell_names *names) {
  for (size_t i = 0; i < names->n; i++) shell_free(names->v[i]);
  shell_free(names->v);
}

/* ---- .buckets, .graphs, .stores ---- */

typedef struct shell_admin_list {
  shell *sh;
  int (*list)(tv_txn *txn, int (*visit)(void *ctx, tv_slice name), void *ctx);
  int (*row)(shell *sh, tv_txn *txn, const char *name);
  const char *like;
} shell_admin_list;

static int shell_admin_list_work(tv_txn *txn, void *ctx) {
  const shell_admin_list *what = ctx;
  shell_names names = {.like = what->like};
  int status = what->list(txn, shell_names_collect, &names);
  for (size_t i = 0; i < names.n && status == TV_OK; i++)
    status = what->row(what->sh, txn, names.v[i]);
  shell_names_free(&names);
  return status;
}

static int shell_admin_print(shell *sh, shell_admin_list *what, size_t columns,
                             const char *const *titles) {
  shell_rows_begin(sh, columns, titles);
  int status = shell_read(sh, shell_admin_list_work, what);
  if (status == TV_OK) return shell_rows_end(sh);
  shell_rows_drop(sh);
  return shell_fail_status(sh, status, &sh->error, NULL);
}

static const char *shell_admin_type(int type) {
  return type == TV_COLUMN_TEXT ? "text" : type == TV_COLUMN_INTEGER ? "integer" : "blob";
}

static int shell_admin_bucket_row(shell *sh, tv_txn *txn, const char *name) {
  static const char *const codecs[] = {"none", "lz4", "lz4hc"};
  tv_bucket *bucket;
  tv_bucket_options options;
  tv_store_stat stat;
  int status = tv_kv_open(txn, name, 0, NULL, &bucket);
  if (status == TV_OK) status = tv_kv_stat(bucket, &stat);
  if (status != TV_OK) return status;
  tv_kv_options(bucket, &options);
  int codec = options.compression >= 0 && options.compression <= 2 ? options.compression : 0;
  shell_cell cells[] = {shell_cell_str(name),
                        shell_cell_count(stat.entries),
                        shell_cell_count(stat.bytes),
                        shell_cell_str(codecs[codec]),
                        options.ttl_ms > 0 ? shell_cell_int(options.ttl_ms) : shell_cell_null(),
                        shell_cell_str(options.versioned ? "yes" : "no"),
                        shell_cell_str(shell_admin_type(options.key_type)),
                        shell_cell_str(shell_admin_type(options.value_type))};
  shell_rows_add(sh, cells);
  return TV_OK;
}

int shell_buckets(shell *sh, const shell_args *args) {
  static const char *const titles[] = {"name",   "entries",  "bytes", "compression",
                                       "ttl_ms", "versions", "key",   "value"};
  shell_admin_list what = {sh, tv_kv_list, shell_admin_bucket_row, args->n > 0 ? args->v[0] : NULL};
  return shell_admin_print(sh, &what, 8, titles);
}

static int shell_admin_graph_row(shell *sh, tv_txn *txn, const char *name) {
  tv_graph *graph;
  tv_graph_stat stat;
  int status = tv_graph_open(txn, name, 0, &graph);
  if (status == TV_OK) status = tv_graph_stat_get(graph, &stat);
  if (status != TV_OK) return status;
  shell_cell cells[] = {shell_cell_str(name), shell_cell_count(stat.nodes),
                        shell_cell_count(stat.edges), shell_cell_count(stat.bytes)};
  shell_rows_add(sh, cells);
  return TV_OK;
}

int shell_graphs(shell *sh, const shell_args *args) {
  static const char *const titles[] = {"name", "nodes", "edges", "bytes"};
  shell_admin_list what = {sh, tv_graph_list, shell_admin_graph_row,
                           args->n > 0 ? args->v[0] : NULL};
  return shell_admin_print(sh, &what, 4, titles);
}

static int shell_admin_store_row(shell *sh, tv_txn *txn, const char *name) {
  tv_store *store;
  tv_store_stat stat;
  int status = tv_store_open(txn, name, 0, &store);
  if (status == TV_OK) status = tv_store_stat_get(store, &stat);
  if (status != TV_OK) return status;
  shell_cell cells[] = {shell_cell_str(name), shell_cell_count(stat.entries),
                        shell_cell_count(stat.bytes), shell_cell_int(stat.depth)};
  shell_rows_add(sh, cells);
  return TV_OK;
}

int shell_stores(shell *sh, const shell_args *args) {
  static const char *const titles[] = {"name", "entries", "bytes", "depth"};
  shell_admin_list what = {sh, tv_store_list, shell_admin_store_row,
                           args->n > 0 ? args->v[0] : NULL};
  return shell_admin_print(sh, &what, 4, titles);
}

/* ---- .backup, .sync ---- */

int shell_backup(shell *sh, const shell_args *args) {
  tv_error error = {0};
  int status = tv_backup(sh->db, args->v[0], shell_has(args, "--compact"), &error);
  if (status != TV_OK) return shell_fail_status(sh, status, &error, args->v[0]);
  if (sh->interactive) fprintf(sh->out, "Wrote %s\n", args->v[0]);
  if (!sqlite3_get_autocommit(sh->sql))
    fputs("Note: what the open transaction wrote is not in the copy\n", stderr);
  return 0;
}

int shell_sync_command(shell *sh, const shell_args *args) {
  (void)args;
  tv_error error = {0};
  int status = tv_sync(sh->db, &error);
  return status == TV_OK ? 0 : shell_fail_status(sh, status, &error, sh->path);
}
