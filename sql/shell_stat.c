/* SPDX-License-Identifier: MIT */
/*
 * .stat: the file, its free pages and who holds them back, and the size of everything in it. Sizes
 * come from the trees' own records, in O(1) each; a walk that also tells how full pages are was
 * rejected, as nobody would call it on a store that is large enough to ask.
 */
#include <string.h>

#include "shell_internal.h"

/* ---- Everything that has a name ---- */

static void shell_stat_size(shell *sh, const char *kind, const char *name, uint64_t entries,
                            uint64_t bytes, const tv_store_stat *tree) {
  shell_cell cells[] = {shell_cell_str(kind),
                        shell_cell_str(name),
                        shell_cell_count(entries),
                        shell_cell_count(bytes),
                        tree != NULL ? shell_cell_int(tree->depth) : shell_cell_null(),
                        tree != NULL ? shell_cell_count(tree->branch_pages) : shell_cell_null(),
                        tree != NULL ? shell_cell_count(tree->leaf_pages) : shell_cell_null(),
                        tree != NULL ? shell_cell_count(tree->overflow_pages) : shell_cell_null()};
  shell_rows_add(sh, cells);
}

static int shell_stat_bucket(shell *sh, tv_txn *txn, const char *name) {
  tv_bucket *bucket;
  tv_store_stat stat;
  int status = tv_kv_open(txn, name, 0, NULL, &bucket);
  if (status == TV_OK) status = tv_kv_stat(bucket, &stat);
  if (status == TV_OK) shell_stat_size(sh, "bucket", name, stat.entries, stat.bytes, &stat);
  return status;
}

/* A graph is several trees, whose depths differ. */
static int shell_stat_graph(shell *sh, tv_txn *txn, const char *name) {
  tv_graph *graph;
  tv_graph_stat stat;
  int status = tv_graph_open(txn, name, 0, &graph);
  if (status == TV_OK) status = tv_graph_stat_get(graph, &stat);
  if (status == TV_OK)
    shell_stat_size(sh, "graph", name, stat.nodes + stat.edges, stat.bytes, NULL);
  return status;
}

static int shell_stat_store(shell *sh, tv_txn *txn, const char *name) {
  tv_store *store;
  tv_store_stat stat;
  int status = tv_store_open(txn, name, 0, &store);
  if (status == TV_OK) status = tv_store_stat_get(store, &stat);
  if (status == TV_OK) shell_stat_size(sh, "store", name, stat.entries, stat.bytes, &stat);
  return status;
}

static int shell_stat_sizes_work(tv_txn *txn, void *ctx) {
  static const struct {
    int (*list)(tv_txn *txn, int (*visit)(void *ctx, tv_slice name), void *ctx);
    int (*row)(shell *sh, tv_txn *txn, const char *name);
  } models[] = {{tv_kv_list, shell_stat_bucket},
                {tv_graph_list, shell_stat_graph},
                {tv_store_list, shell_stat_store}};
  int status = TV_OK;
  for (size_t i = 0; i < 3 && status == TV_OK; i++) {
    shell_names names = {0};
    status = models[i].list(txn, shell_names_collect, &names);
    for (size_t n = 0; n < names.n && status == TV_OK; n++)
      status = models[i].row(ctx, txn, names.v[n]);
    shell_names_free(&names);
  }
  return status;
}

static uint64_t shell_stat_number(shell *sh, const char *sql) {
  sqlite3_stmt *statement = NULL;
  int64_t value = 0;
  if (sqlite3_prepare_v2(sh->sql, sql, -1, &statement, NULL) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW)
    value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return (uint64_t)value;
}

static int shell_stat_sizes(shell *sh) {
  static const char *const titles[] = {"kind",  "name",         "entries",    "bytes",
                                       "depth", "branch_pages", "leaf_pages", "overflow_pages"};
  shell_rows_begin(sh, 8, titles);
  int status = shell_read(sh, shell_stat_sizes_work, sh);
  if (status != TV_OK) {
    shell_rows_drop(sh);
    return shell_fail_status(sh, status, &sh->error, NULL);
  }
  uint64_t pages = shell_stat_number(sh, "PRAGMA page_count");
  shell_stat_size(sh, "sql", "tables and indexes",
                  shell_stat_number(sh, "SELECT count(*) FROM sqlite_schema"),
                  pages * shell_stat_number(sh, "PRAGMA page_size"), NULL);
  return shell_rows_end(sh);
}

/* ---- The file ---- */

static int shell_stat_work(tv_txn *txn, void *ctx) {
  return tv_stat(txn, ctx);
}

static void shell_stat_row(shell *sh, const char *what, uint64_t value) {
  shell_cell cells[] = {shell_cell_str(what), shell_cell_count(value)};
  shell_rows_add(sh, cells);
}

/* The oldest reader pins what younger ones pin, and more. */
static int shell_stat_reader(void *ctx, const tv_reader *reader) {
  uint64_t *pinned = ctx;
  if (reader->pages_pinned > *pinned) *pinned = reader->pages_pinned;
  return 0;
}

static int shell_stat_file(shell *sh) {
  static const char *const titles[] = {"property", "value"};
  tv_db_stat stat;
  tv_error error = {0};
  uint64_t pinned = 0;
  int status = shell_read(sh, shell_stat_work, &stat);
  if (status != TV_OK) return shell_fail_status(sh, status, &sh->error, NULL);
  status = tv_readers(sh->db, shell_stat_reader, &pinned, &error);
  if (status != TV_OK) return shell_fail_status(sh, status, &error, NULL);
  shell_rows_begin(sh, 2, titles);
  shell_cell path[] = {shell_cell_str("store"), shell_cell_str(sh->path)};
  shell_rows_add(sh, path);
  shell_stat_row(sh, "file bytes", stat.file_bytes);
  shell_stat_row(sh, "page bytes", stat.page_bytes);
  shell_stat_row(sh, "pages used", stat.pages_used);
  shell_stat_row(sh, "pages free", stat.pages_free);
  shell_stat_row(sh, "pages pinned by the oldest reader", pinned);
  shell_stat_row(sh, "address space reserved", stat.map_bytes);
  shell_stat_row(sh, "last transaction", stat.last_txn_id);
  shell_stat_row(sh, "oldest reader's transaction", stat.oldest_reader_txn_id);
  shell_stat_row(sh, "readers", stat.readers);
  shell_stat_row(sh, "readers at most", stat.readers_max);
  shell_stat_row(sh, "stores", stat.stores);
  shell_stat_row(sh, "stores spare", stat.stores_spare);
  return shell_rows_end(sh);
}

int shell_stat(shell *sh, const shell_args *args) {
  (void)args;
  return shell_stat_file(sh) != 0 ? 1 : shell_stat_sizes(sh);
}
