/* SPDX-License-Identifier: MIT */
/*
 * .import into a bucket (JSON Lines or a dump, as .export writes them, or CSV of key and value) and
 * into a graph (an edge list). Each is one transaction, so that a bad line leaves nothing behind;
 * batches would be lighter on memory, but half an import cannot be told from a whole one.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "shell_internal.h"

static int shell_import_line_bad(const shell_import_call *call, long line, const char *what) {
  return shell_refuse(call->sh, TV_EINVAL, "%s:%ld: %s", call->path, line, what);
}

static bool shell_import_ends(const shell_import_call *call, const char *ending) {
  const char *dot = strrchr(call->path, '.');
  return dot != NULL && strcasecmp(dot, ending) == 0;
}

static bool shell_import_is_csv(const shell_import_call *call) {
  return shell_has(call->args, "--csv") || shell_import_ends(call, ".csv") ||
         shell_import_ends(call, ".tsv");
}

/* ---- Buckets from what .export wrote ---- */

static int shell_import_read(void *ctx, void *buffer, size_t capacity, size_t *size) {
  FILE *file = ctx;
  *size = fread(buffer, 1, capacity, file);
  return ferror(file);
}

static int shell_import_entries(shell_import_call *call, tv_txn *txn, tv_bucket *bucket) {
  enum { BATCH = 10000 };
  tv_kv_import *job = NULL;
  long line;
  int format = shell_import_ends(call, ".dump") ? TV_KV_DUMP : TV_KV_JSONL;
  shell_import_rewind(call, &line);
  int status = tv_kv_import_open(format, shell_import_read, call->file, &job, &call->sh->error);
  while (status == TV_OK) {
    uint64_t entries = 0;
    status = tv_kv_import_some(job, bucket, BATCH, &entries);
    for (uint64_t i = 0; i < entries; i++) shell_import_tick(call);
    if (status == TV_OK && shell_interrupted()) status = TV_EINTR;
  }
  if (status == TV_STOP)
    status = shell_refuse(call->sh, TV_EIO, "cannot read %s: %s", call->path, strerror(errno));
  bool is_input = status == TV_EINVAL || status == TV_ECORRUPT || status == TV_EKEYSIZE;
  if (is_input && job != NULL)
    shell_refuse(call->sh, status, "%s: %s", call->path, tv_txn_error(txn)->message);
  tv_kv_import_close(job);
  return status == TV_END ? TV_OK : status;
}

/* ---- Buckets from CSV ---- */

static int shell_import_pair(const shell_import_call *call, tv_bucket *bucket,
                             const tv_bucket_options *options, const shell_csv *csv) {
  unsigned char room[8];
  tv_slice bytes[2], key;
  if (csv->n != 2)
    return shell_import_line_bad(call, csv->line, "expected two fields, key and value");
  for (int i = 0; i < 2; i++) {
    /* x'00ff' are bytes, as in .kv; in quotes it is text. */
    bytes[i] = csv->bare[i] ? shell_unquote_bytes(csv->bytes.data + csv->starts[i])
                            : shell_csv_field(csv, i);
  }
  if (shell_kv_key(call->sh, options, bytes[0], room, &key) != TV_OK)
    return shell_import_line_bad(call, csv->line, "the key is no whole number");
  if (key.size == 0 || key.size > TV_KEY_BYTES_MAX)
    return shell_import_line_bad(call, csv->line, "a key has 1 to 480 bytes");
  return tv_kv_put(bucket, key, bytes[1]);
}

static bool shell_import_is_title(const shell_csv *csv, const char *left, const char *right) {
  return csv->n >= 2 && strcasecmp(shell_csv_field(csv, 0).data, left) == 0 &&
         strcasecmp(shell_csv_field(csv, 1).data, right) == 0;
}

static int shell_import_pairs(shell_import_call *call, tv_bucket *bucket) {
  shell_csv csv = {.file = call->file, .separator = call->separator};
  tv_bucket_options options;
  int status = TV_OK, got = 0;
  tv_kv_options(bucket, &options);
  shell_import_rewind(call, &csv.next);
  for (bool first = true; status == TV_OK && (got = shell_csv_next(&csv)) != 0; first = false) {
    if (got < 0) {
      status = shell_import_line_bad(call, csv.line, csv.problem);
    } else if (!first || !shell_import_is_title(&csv, "key", "value")) {
      status = shell_import_pair(call, bucket, &options, &csv);
      if (status == TV_OK && shell_import_tick(call)) status = TV_EINTR;
    }
  }
  shell_csv_free(&csv);
  return status;
}

static int shell_import_bucket_work(tv_txn *txn, void *ctx) {
  shell_import_call *call = ctx;
  tv_bucket_options text = {.key_type = TV_COLUMN_TEXT, .value_type = TV_COLUMN_TEXT};
  tv_bucket *bucket;
  int status = tv_kv_open(txn, call->name, TV_CREATE, &text, &bucket);
  if (status != TV_OK) return status;
  return shell_import_is_csv(call) ? shell_import_pairs(call, bucket)
                                   : shell_import_entries(call, txn, bucket);
}

int shell_import_bucket(shell_import_call *call) {
  if (call->skip > 0 && !shell_import_is_csv(call))
    return shell_fail(call->sh, "leave it out", "--skip is for CSV");
  int status = shell_write(call->sh, shell_import_bucket_work, call);
  return status == TV_OK ? 0 : shell_import_fail(call, status);
}

/* ---- Graphs ---- */

static int shell_import_node(const shell_import_call *call, tv_graph *graph, const shell_csv *csv,
                             int field, tv_node *node) {
  tv_slice key = shell_csv_field(csv, field);
  if (key.size == 0 || key.size > TV_KEY_BYTES_MAX)
    return shell_import_line_bad(call, csv->line, "a node has 1 to 480 bytes");
  return tv_graph_node_put(graph, key, shell_option(call->args, "--label"), node);
}

static int shell_import_edge(const shell_import_call *call, tv_graph *graph, const shell_csv *csv) {
  const char *type = shell_option(call->args, "--type");
  tv_node from = TV_NODE_NONE, to = TV_NODE_NONE;
  if (csv->n < 2 || csv->n > 3)
    return shell_import_line_bad(call, csv->line, "expected two or three fields: from, to, type");
  if (csv->n == 3 && shell_csv_field(csv, 2).size > 0) type = shell_csv_field(csv, 2).data;
  int status = shell_import_node(call, graph, csv, 0, &from);
  if (status == TV_OK) status = shell_import_node(call, graph, csv, 1, &to);
  if (status != TV_OK) return status;
  return tv_graph_edge_add(graph, from, to, type != NULL ? type : "edge", 0, NULL, NULL);
}

/* "from,to" above the list, and comments as published edge lists have them. */
static bool shell_import_is_no_edge(const shell_import_call *call, const shell_csv *csv) {
  const char *field = shell_csv_field(csv, 0).data;
  if (field[0] == '#' && csv->bare[0]) return true;
  return call->rows == 0 && shell_import_is_title(csv, "from", "to");
}

static int shell_import_graph_work(tv_txn *txn, void *ctx) {
  shell_import_call *call = ctx;
  shell_csv csv = {.file = call->file, .separator = call->separator};
  tv_graph *graph;
  int got = 0;
  int status = tv_graph_open(txn, call->name, TV_CREATE, &graph);
  if (status == TV_OK) shell_import_rewind(call, &csv.next);
  while (status == TV_OK && (got = shell_csv_next(&csv)) != 0) {
    if (got < 0) {
      status = shell_import_line_bad(call, csv.line, csv.problem);
    } else if (!shell_import_is_no_edge(call, &csv)) {
      status = shell_import_edge(call, graph, &csv);
      if (status == TV_OK && shell_import_tick(call)) status = TV_EINTR;
    }
  }
  shell_csv_free(&csv);
  return status;
}

int shell_import_graph(shell_import_call *call) {
  int status = shell_write(call->sh, shell_import_graph_work, call);
  return status == TV_OK ? 0 : shell_import_fail(call, status);
}
