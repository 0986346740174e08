/* SPDX-License-Identifier: MIT */
/*
 * Care of the store: what is in it, whether it is sound, copies of it. .check goes from the bottom
 * up: first the file's pages without any trust in them, then each bucket's checksums, each graph,
 * each table; a lower layer's damage would only show as nonsense above.
 */
#include <string.h>

#include "shell_internal.h"

/* ---- Names of buckets, graphs, stores ---- */

typedef struct shell_admin_names {
  const char *like;
  char **v;
  size_t n;
} shell_admin_names;

static int shell_admin_collect(void *ctx, tv_slice name) {
  shell_admin_names *names = ctx;
  char *text = shell_copy_bytes(name);
  if (names->like != NULL && sqlite3_strlike(names->like, text, 0) != 0) {
    shell_free(text);
    return 0;
  }
  names->v = shell_realloc(names->v, (names->n + 1) * sizeof *names->v);
  names->v[names->n++] = text;
  return 0;
}

static void shell_admin_names_free(shell_admin_names *names) {
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
  shell_admin_names names = {.like = what->like};
  int status = what->list(txn, shell_admin_collect, &names);
  for (size_t i = 0; i < names.n && status == TV_OK; i++)
    status = what->row(what->sh, txn, names.v[i]);
  shell_admin_names_free(&names);
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

/* ---- .stat ---- */

static int shell_admin_kind_rows(shell *sh, tv_txn *txn, const char *kind,
                                 shell_admin_names *names) {
  int status = TV_OK;
  for (size_t i = 0; i < names->n && status == TV_OK; i++) {
    tv_bucket *bucket;
    tv_graph *graph;
    tv_store *store;
    tv_store_stat stat = {0};
    tv_graph_stat graph_stat = {0};
    if (kind[0] == 'b') {
      status = tv_kv_open(txn, names->v[i], 0, NULL, &bucket);
      if (status == TV_OK) status = tv_kv_stat(bucket, &stat);
    } else if (kind[0] == 'g') {
      status = tv_graph_open(txn, names->v[i], 0, &graph);
      if (status == TV_OK) status = tv_graph_stat_get(graph, &graph_stat);
      stat.entries = graph_stat.nodes + graph_stat.edges;
      stat.bytes = graph_stat.bytes;
    } else {
      status = tv_store_open(txn, names->v[i], 0, &store);
      if (status == TV_OK) status = tv_store_stat_get(store, &stat);
    }
    shell_cell cells[] = {shell_cell_str(kind), shell_cell_str(names->v[i]),
                          shell_cell_count(stat.entries), shell_cell_count(stat.bytes)};
    if (status == TV_OK) shell_rows_add(sh, cells);
  }
  return status;
}

static int shell_admin_sizes_work(tv_txn *txn, void *ctx) {
  static const char *const kinds[] = {"bucket", "graph", "store"};
  int (*const lists[])(tv_txn *, int (*)(void *, tv_slice), void *) = {tv_kv_list, tv_graph_list,
                                                                       tv_store_list};
  int status = TV_OK;
  for (int i = 0; i < 3 && status == TV_OK; i++) {
    shell_admin_names names = {0};
    status = lists[i](txn, shell_admin_collect, &names);
    if (status == TV_OK) status = shell_admin_kind_rows(ctx, txn, kinds[i], &names);
    shell_admin_names_free(&names);
  }
  return status;
}

static int64_t shell_admin_number(shell *sh, const char *sql) {
  sqlite3_stmt *statement = NULL;
  int64_t value = 0;
  if (sqlite3_prepare_v2(sh->sql, sql, -1, &statement, NULL) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW)
    value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return value;
}

static int shell_admin_stat_work(tv_txn *txn, void *ctx) {
  return tv_stat(txn, ctx);
}

static void shell_admin_stat_row(shell *sh, const char *what, uint64_t value) {
  shell_cell cells[] = {shell_cell_str(what), shell_cell_count(value)};
  shell_rows_add(sh, cells);
}

int shell_stat(shell *sh, const shell_args *args) {
  (void)args;
  static const char *const titles[] = {"property", "value"};
  static const char *const sizes[] = {"kind", "name", "entries", "bytes"};
  tv_db_stat stat;
  int status = shell_read(sh, shell_admin_stat_work, &stat);
  if (status != TV_OK) return shell_fail_status(sh, status, &sh->error, NULL);
  shell_rows_begin(sh, 2, titles);
  shell_cell path[] = {shell_cell_str("store"), shell_cell_str(sh->path)};
  shell_rows_add(sh, path);
  shell_admin_stat_row(sh, "file bytes", stat.file_bytes);
  shell_admin_stat_row(sh, "page bytes", stat.page_bytes);
  shell_admin_stat_row(sh, "pages used", stat.pages_used);
  shell_admin_stat_row(sh, "pages free", stat.pages_free);
  shell_admin_stat_row(sh, "address space reserved", stat.map_bytes);
  shell_admin_stat_row(sh, "last transaction", stat.last_txn_id);
  shell_admin_stat_row(sh, "oldest reader's transaction", stat.oldest_reader_txn_id);
  shell_admin_stat_row(sh, "readers", stat.readers);
  shell_admin_stat_row(sh, "readers at most", stat.readers_max);
  shell_admin_stat_row(sh, "stores", stat.stores);
  shell_admin_stat_row(sh, "stores spare", stat.stores_spare);
  if (shell_rows_end(sh) != 0) return 1;
  shell_rows_begin(sh, 4, sizes);
  status = shell_read(sh, shell_admin_sizes_work, sh);
  if (status != TV_OK) {
    shell_rows_drop(sh);
    return shell_fail_status(sh, status, &sh->error, NULL);
  }
  int64_t pages = shell_admin_number(sh, "PRAGMA page_count");
  int64_t page = shell_admin_number(sh, "PRAGMA page_size");
  shell_cell sql[] = {shell_cell_str("sql"), shell_cell_str("tables and indexes"),
                      shell_cell_int(shell_admin_number(sh, "SELECT count(*) FROM sqlite_schema")),
                      shell_cell_int(pages * page)};
  shell_rows_add(sh, sql);
  return shell_rows_end(sh);
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
