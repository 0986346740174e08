/* SPDX-License-Identifier: MIT */
/*
 * .check: is the store sound? From the bottom up: first the file's pages without any trust in them,
 * then each bucket's checksums, each graph's edges, each table. Stopping at the first problem was
 * rejected: who has a damaged store wants to know what is still whole.
 */
#include <string.h>

#include "shell_internal.h"

typedef struct shell_check_run {
  shell *sh;
  uint64_t problems;
  uint64_t buckets, graphs, entries, edges;
  tv_txn *txn;
  tv_graph *graph;
} shell_check_run;

static void shell_check_problem(void *ctx, const char *sentence) {
  shell_check_run *run = ctx;
  run->problems++;
  fprintf(run->sh->out, "%s\n", sentence);
}

static void shell_check_note(shell_check_run *run, const char *kind, const char *name, int status) {
  shell_text text = {0};
  const tv_error *error = tv_txn_error(run->txn);
  shell_text_format(&text, "%s %s: %s", kind, name,
                    error->status == status && error->message[0] != '\0' ? error->message
                                                                         : tv_status_name(status));
  shell_check_problem(run, text.data);
  shell_text_free(&text);
}

static int shell_check_bucket(void *ctx, tv_slice name) {
  shell_check_run *run = ctx;
  char *text = shell_copy_bytes(name);
  tv_bucket *bucket;
  tv_kv_cursor *cursor = NULL;
  int status = tv_kv_open(run->txn, text, TV_KV_VERIFY_SCANS, NULL, &bucket);
  if (status == TV_OK)
    status = tv_kv_cursor_open(bucket, (tv_range){{NULL, 0}, {NULL, 0}}, &cursor);
  while (status == TV_OK && !shell_interrupted()) {
    tv_slice key, value;
    status = tv_kv_cursor_next(cursor, &key, &value);
    if (status == TV_OK) run->entries++;
  }
  if (status < 0) shell_check_note(run, "bucket", text, status);
  tv_kv_cursor_close(cursor);
  shell_free(text);
  run->buckets++;
  return shell_interrupted();
}

/* Each edge must be found by its id, and its ends must exist. */
static int shell_check_edge(void *ctx, const tv_edge_ref *edge) {
  shell_check_run *run = ctx;
  tv_edge_ref found;
  tv_slice key;
  int status = tv_graph_edge_find(run->graph, edge->edge, &found);
  if (status == TV_OK) status = tv_graph_node_key(run->graph, edge->from, &key);
  if (status == TV_OK) status = tv_graph_node_key(run->graph, edge->to, &key);
  if (status != TV_OK || found.from != edge->from || found.to != edge->to) {
    shell_text text = {0};
    shell_text_format(&text, "edge %llu from node %llu to node %llu: %s",
                      (unsigned long long)edge->edge, (unsigned long long)edge->from,
                      (unsigned long long)edge->to,
                      status != TV_OK ? tv_status_name(status) : "its id names another edge");
    shell_check_problem(run, text.data);
    shell_text_free(&text);
  }
  run->edges++;
  return shell_interrupted();
}

static int shell_check_graph(void *ctx, tv_slice name) {
  shell_check_run *run = ctx;
  char *text = shell_copy_bytes(name);
  tv_graph_stat stat = {0};
  uint64_t before = run->edges;
  int status = tv_graph_open(run->txn, text, 0, &run->graph);
  if (status == TV_OK) status = tv_graph_stat_get(run->graph, &stat);
  if (status == TV_OK) status = tv_graph_edges(run->graph, NULL, shell_check_edge, run);
  if (status < 0) {
    shell_check_note(run, "graph", text, status);
  } else if (status == TV_OK && run->edges - before != stat.edges) {
    shell_text sentence = {0};
    shell_text_format(&sentence, "graph %s: counts %llu edges but has %llu", text,
                      (unsigned long long)stat.edges, (unsigned long long)(run->edges - before));
    shell_check_problem(run, sentence.data);
    shell_text_free(&sentence);
  }
  shell_free(text);
  run->graphs++;
  return shell_interrupted();
}

static int shell_check_models(tv_txn *txn, void *ctx) {
  shell_check_run *run = ctx;
  run->txn = txn;
  int status = tv_kv_list(txn, shell_check_bucket, run);
  if (status == TV_OK) status = tv_graph_list(txn, shell_check_graph, run);
  return status;
}

/* PRAGMA integrity_check answers "ok", or a row for each problem. */
static int shell_check_tables(shell_check_run *run) {
  sqlite3_stmt *statement = shell_sql_prepare(run->sh, "PRAGMA integrity_check", 0, NULL);
  int code = SQLITE_ERROR;
  while (statement != NULL && (code = sqlite3_step(statement)) == SQLITE_ROW) {
    const char *text = (const char *)sqlite3_column_text(statement, 0);
    if (text != NULL && strcmp(text, "ok") != 0) shell_check_problem(run, text);
  }
  int rc = statement == NULL ? 1 : code == SQLITE_DONE ? 0 : shell_fail_sql(run->sh, NULL);
  sqlite3_finalize(statement);
  return rc;
}

static int shell_check_pages(shell_check_run *run, const char *path) {
  tv_error error = {0};
  tv_check_report report = {0};
  int status = tv_check_file(path, shell_check_problem, run, &report, &error);
  if (status == TV_ECORRUPT || status == TV_ETRUNCATED) {
    if (report.problems == 0) report.problems = 1; /* too damaged to be walked */
    if (error.message[0] != '\0') fprintf(run->sh->out, "%s\n", error.message);
  } else if (status != TV_OK) {
    return shell_fail_status(run->sh, status, &error, path);
  }
  run->problems = report.problems; /* those that were only counted, too */
  fprintf(run->sh->out, "pages: %llu in use, %llu free, %llu lost; %llu records; problems: %llu\n",
          (unsigned long long)report.pages_seen, (unsigned long long)report.pages_free,
          (unsigned long long)report.pages_lost, (unsigned long long)report.entries,
          (unsigned long long)report.problems);
  return 0;
}

int shell_check(shell *sh, const shell_args *args) {
  shell_check_run run = {.sh = sh};
  const char *path = args->n > 0 ? args->v[0] : sh->path;
  bool is_open = strcmp(path, sh->path) == 0;
  if (!sqlite3_get_autocommit(sh->sql))
    return shell_fail(sh, "end it with COMMIT or ROLLBACK first", "a transaction is open");
  if (strcmp(path, ":memory:") != 0 && shell_check_pages(&run, path) != 0) return 1;
  if (is_open && run.problems == 0) {
    int status = shell_read(sh, shell_check_models, &run);
    if (status < 0) return shell_fail_status(sh, status, &sh->error, path);
    fprintf(sh->out, "buckets: %llu with %llu entries; graphs: %llu with %llu edges\n",
            (unsigned long long)run.buckets, (unsigned long long)run.entries,
            (unsigned long long)run.graphs, (unsigned long long)run.edges);
    if (shell_check_tables(&run) != 0) return 1;
  }
  if (shell_interrupted()) return shell_fail(sh, NULL, "interrupted");
  if (run.problems > 0)
    return shell_fail(sh,
                      "restore it from a backup, or save what can be read with .dump and .export",
                      "%s is damaged: %llu problems", path, (unsigned long long)run.problems);
  fprintf(sh->out, "%s is sound\n", path);
  return 0;
}
