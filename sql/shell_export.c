/* SPDX-License-Identifier: MIT */
/*
 * .export: a table or a query in the format that the file's name asks for, a bucket as JSON Lines,
 * a graph as an edge list. What is written here, .import reads back. A file that could not be
 * written whole is removed: half an export looks like an export.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "shell_internal.h"

/* ---- Buckets ---- */

typedef struct shell_export_call {
  shell *sh;
  const char *name;
  int format; /* tv_kv_format */
  tv_graph *graph;
} shell_export_call;

static int shell_export_write(void *ctx, const void *data, size_t size) {
  const shell *sh = ctx;
  return fwrite(data, 1, size, sh->out) != size;
}

static int shell_export_bucket_work(tv_txn *txn, void *ctx) {
  enum { BATCH = 10000 };
  const shell_export_call *call = ctx;
  tv_bucket *bucket;
  tv_kv_export *job = NULL;
  tv_range all = {{NULL, 0}, {NULL, 0}};
  int status = tv_kv_open(txn, call->name, 0, NULL, &bucket);
  if (status == TV_OK) status = tv_kv_export_open(bucket, all, call->format, &job);
  while (status == TV_OK) {
    status = tv_kv_export_some(job, BATCH, shell_export_write, call->sh, NULL);
    if (status == TV_OK && shell_interrupted()) status = TV_EINTR;
  }
  tv_kv_export_close(job);
  /* A failed write is told by ferror when the file is closed. */
  return status == TV_END || status == TV_STOP ? TV_OK : status;
}

static int shell_export_bucket(shell *sh, const char *bucket, const char *ending) {
  shell_export_call call = {.sh = sh, .name = bucket};
  call.format = strcasecmp(ending, ".dump") == 0 ? TV_KV_DUMP : TV_KV_JSONL;
  int status = shell_read(sh, shell_export_bucket_work, &call);
  return status == TV_OK ? 0 : shell_fail_status(sh, status, &sh->error, bucket);
}

/* ---- Graphs as edge lists ---- */

static int shell_export_edge(void *ctx, const tv_edge_ref *edge) {
  const shell_export_call *call = ctx;
  const tv_node ends[] = {edge->from, edge->to};
  const char *type = tv_graph_type_name(call->graph, edge->type);
  shell_text line = {0};
  bool is_sound = type != NULL;
  for (int i = 0; i < 2 && is_sound; i++) {
    tv_slice key;
    is_sound = tv_graph_node_key(call->graph, ends[i], &key) == TV_OK;
    if (is_sound) shell_quote_csv(&line, key, ",");
    shell_text_char(&line, ',');
  }
  if (is_sound) {
    shell_quote_csv(&line, tv_str(type), ",");
    fprintf(call->sh->out, "%s\r\n", line.data);
  }
  shell_text_free(&line);
  return shell_interrupted() || !is_sound;
}

static int shell_export_graph_work(tv_txn *txn, void *ctx) {
  shell_export_call *call = ctx;
  int status = tv_graph_open(txn, call->name, 0, &call->graph);
  if (status != TV_OK) return status;
  fputs("from,to,type\r\n", call->sh->out);
  status = tv_graph_edges(call->graph, NULL, shell_export_edge, call);
  if (status == TV_STOP) /* interrupted, or an end of an edge that cannot be read */
    return shell_interrupted() ? TV_EINTR
                               : shell_refuse(call->sh, TV_ECORRUPT,
                                              "an edge of %s has no end or type", call->name);
  return status;
}

static int shell_export_graph(shell *sh, const char *graph) {
  shell_export_call call = {.sh = sh, .name = graph};
  int status = shell_read(sh, shell_export_graph_work, &call);
  return status == TV_OK ? 0 : shell_fail_status(sh, status, &sh->error, graph);
}

/* ---- Tables and queries ---- */

static bool shell_export_is_query(const char *name) {
  return strpbrk(name, " \t\n(") != NULL;
}

/* The same text as a LIKE pattern that matches nothing else. */
static char *shell_export_exactly(const char *name) {
  shell_text like = {0};
  for (const char *c = name; *c != '\0'; c++) {
    if (*c == '%' || *c == '_' || *c == '\\') shell_text_char(&like, '\\');
    shell_text_char(&like, *c);
  }
  return like.data != NULL ? like.data : shell_copy("");
}

static int shell_export_sql(shell *sh, const char *name) {
  if (name == NULL) return shell_dump_all(sh, "%");
  if (shell_export_is_query(name))
    return shell_fail(sh, "choose .csv, .json, .jsonl or .md for a query",
                      "only tables are exported as .sql");
  char *like = shell_export_exactly(name);
  int rc = shell_dump_all(sh, like);
  shell_free(like);
  return rc;
}

static int shell_export_rows(shell *sh, const char *name) {
  if (shell_export_is_query(name)) return shell_sql_run(sh, name);
  shell_text sql = {0};
  shell_text_str(&sql, "SELECT * FROM ");
  shell_quote_name(&sql, name);
  int rc = shell_sql_run(sh, sql.data);
  shell_text_free(&sql);
  return rc;
}

static int shell_export_run(shell *sh, const shell_args *args, const char *ending) {
  const char *name = args->n > 1 ? args->v[1] : NULL;
  if (name != NULL && shell_has(args, "--bucket")) return shell_export_bucket(sh, name, ending);
  if (name != NULL && shell_has(args, "--graph")) return shell_export_graph(sh, name);
  if (strcasecmp(ending, ".sql") == 0) return shell_export_sql(sh, name);
  if (name == NULL)
    return shell_fail(sh, "usage: .export FILE NAME; without NAME only FILE.sql, the whole dump",
                      "NAME is missing: a table or a query in quotes");
  return shell_export_rows(sh, name);
}

/* The mode that a file name's ending asks for; others: the current one. */
static shell_mode shell_export_mode(const shell *sh, const char *ending) {
  static const struct {
    const char *ending;
    shell_mode mode;
  } modes[] = {{".csv", SHELL_CSV},
               {".tsv", SHELL_TABS},
               {".json", SHELL_JSON},
               {".jsonl", SHELL_JSONL},
               {".md", SHELL_MARKDOWN}};
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
    if (strcasecmp(ending, modes[i].ending) == 0) return modes[i].mode;
  }
  return sh->format.mode;
}

static int shell_export_check(shell *sh, const shell_args *args, const char *ending) {
  bool bucket = shell_has(args, "--bucket"), graph = shell_has(args, "--graph");
  if (bucket && graph)
    return shell_fail(sh, "give one of them", "--bucket and --graph do not go together");
  if (bucket && strcasecmp(ending, ".jsonl") != 0 && strcasecmp(ending, ".dump") != 0)
    return shell_fail(sh, "for CSV and others export a query: SELECT * FROM kv('BUCKET')",
                      "a bucket is exported as .jsonl (JSON Lines) or .dump (binary)");
  if (graph && strcasecmp(ending, ".csv") != 0)
    return shell_fail(sh, ".graph export writes .dot, .graphml and .csv with properties",
                      "a graph is exported as an edge list");
  return 0;
}

int shell_export(shell *sh, const shell_args *args) {
  const char *path = args->v[0];
  const char *dot = strrchr(path, '.');
  const char *ending = dot != NULL && strchr(dot, '/') == NULL ? dot : "";
  if (shell_export_check(sh, args, ending) != 0) return 1;
  FILE *file = fopen(path, "we");
  if (file == NULL)
    return shell_fail(sh, "check the path and its permissions", "cannot open %s: %s", path,
                      strerror(errno));
  FILE *out = sh->out;
  shell_format format = sh->format;
  sh->format.mode = shell_export_mode(sh, ending);
  sh->format.wrap = 0;
  if (sh->format.headers < 0) sh->format.headers = 1;
  sh->out = file;
  int rc = shell_export_run(sh, args, ending);
  bool failed = ferror(file) != 0;
  failed = fclose(file) != 0 || failed;
  sh->out = out;
  sh->format = format;
  if (failed && rc == 0)
    rc = shell_fail(sh, "is the disk full?", "cannot write %s: %s", path, strerror(errno));
  if (rc != 0) unlink(path);
  return rc;
}
