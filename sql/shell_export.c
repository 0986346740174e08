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

/* ---- Buckets as JSON Lines ---- */

typedef struct shell_export_call {
  shell *sh;
  const char *name;
  tv_graph *graph;
} shell_export_call;

/* "key":"text", or "key_hex":"00ff" where it is no text. */
static void shell_export_field(shell_text *out, const char *name, shell_cell cell) {
  bool is_nul_free = cell.bytes.size == 0 || memchr(cell.bytes.data, '\0', cell.bytes.size) == NULL;
  if (cell.type == SQLITE_INTEGER) {
    shell_text_format(out, "\"%s\":%lld", name, (long long)cell.integer);
  } else if (cell.type == SQLITE_TEXT && is_nul_free) {
    shell_text_format(out, "\"%s\":", name);
    shell_quote_json(out, cell.bytes);
  } else {
    shell_text hex = {0};
    shell_quote_blob(&hex, cell.bytes);
    shell_text_format(out, "\"%s_hex\":\"%.*s\"", name, (int)hex.size - 3, hex.data + 2);
    shell_text_free(&hex);
  }
}

static int shell_export_bucket_work(tv_txn *txn, void *ctx) {
  const shell_export_call *call = ctx;
  tv_bucket *bucket;
  tv_bucket_options options;
  tv_kv_cursor *cursor = NULL;
  tv_slice key;
  tv_kv_entry entry;
  int status = shell_kv_open(txn, call->name, 0, &bucket, &options);
  if (status == TV_OK)
    status = tv_kv_cursor_open(bucket, (tv_range){{NULL, 0}, {NULL, 0}}, &cursor);
  while (status == TV_OK) {
    status = shell_interrupted() ? TV_EINTR : tv_kv_cursor_next(cursor, &key, NULL);
    if (status == TV_OK) status = tv_kv_get_entry(bucket, key, &entry);
    if (status != TV_OK) break;
    shell_text line = {0};
    shell_text_char(&line, '{');
    shell_export_field(&line, "key", shell_kv_key_cell(&options, key));
    shell_text_char(&line, ',');
    shell_export_field(&line, "value", shell_cell_bytes(entry.value));
    if (entry.expires != 0) shell_text_format(&line, ",\"expires\":%lld", (long long)entry.expires);
    shell_text_str(&line, "}\n");
    fwrite(line.data, 1, line.size, call->sh->out);
    shell_text_free(&line);
  }
  tv_kv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

int shell_export_bucket(shell *sh, const char *bucket) {
  shell_export_call call = {.sh = sh, .name = bucket};
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

int shell_export_graph(shell *sh, const char *graph) {
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
  if (name != NULL && shell_has(args, "--bucket")) return shell_export_bucket(sh, name);
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
  if (bucket && strcasecmp(ending, ".jsonl") != 0)
    return shell_fail(sh, "name the file .jsonl, or export a query: SELECT * FROM kv('BUCKET')",
                      "a bucket is exported as JSON Lines");
  if (graph && strcasecmp(ending, ".csv") != 0)
    return shell_fail(sh,
                      "name the file .csv, or export a query: SELECT * FROM graph_edges('GRAPH')",
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
