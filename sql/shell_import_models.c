/* SPDX-License-Identifier: MIT */
/*
 * .import into a bucket (JSON Lines as .export writes them, or CSV of key and value) and into a
 * graph (an edge list). Each is one transaction. SQLite's own JSON functions read the lines: a
 * second JSON parser beside them would only be a second opinion on what JSON is.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "shell_internal.h"

/* ---- Buckets ---- */

typedef struct shell_import_lines {
  shell_import_call *call;
  tv_bucket *bucket;
  tv_bucket_options options;
  sqlite3_stmt *parse;
  long line;
  int64_t now;
} shell_import_lines;

static int shell_import_line_bad(const shell_import_call *call, long line, const char *what) {
  return shell_refuse(call->sh, TV_EINVAL, "%s:%ld: %s", call->path, line, what);
}

static int shell_import_put(shell_import_lines *in, tv_slice typed, tv_slice value,
                            int64_t expires) {
  unsigned char room[8];
  tv_slice key;
  int status = shell_kv_key(in->call->sh, &in->options, typed, room, &key);
  if (status != TV_OK)
    return shell_import_line_bad(in->call, in->line, "the key is no whole number");
  if (key.size == 0 || key.size > TV_KEY_BYTES_MAX)
    return shell_import_line_bad(in->call, in->line, "a key has 1 to 480 bytes");
  if (expires == 0) return tv_kv_put(in->bucket, key, value);
  int64_t left_ms = (expires - in->now) / 1000;
  return left_ms > 0 ? tv_kv_put_ttl(in->bucket, key, value, left_ms) : TV_OK; /* expired */
}

/* A column of the parsed line: text as it is, or hexadecimal digits. False: neither is there. */
static bool shell_import_bytes(sqlite3_stmt *parse, int text, int hex, shell_text *room,
                               tv_slice *out) {
  if (sqlite3_column_type(parse, text) != SQLITE_NULL) {
    const void *data = sqlite3_column_text(parse, text);
    *out = tv_bytes(data, (size_t)sqlite3_column_bytes(parse, text));
    return true;
  }
  if (sqlite3_column_type(parse, hex) != SQLITE_TEXT) return false;
  shell_text_format(room, "x'%s'", (const char *)sqlite3_column_text(parse, hex));
  size_t typed = room->size;
  *out = shell_unquote_bytes(room->data);
  return out->size != typed;
}

static int shell_import_json_line(shell_import_lines *in, const char *line) {
  shell_text key_room = {0}, value_room = {0};
  tv_slice key, value;
  int status;
  sqlite3_bind_text(in->parse, 1, line, -1, SQLITE_STATIC);
  if (sqlite3_step(in->parse) != SQLITE_ROW || sqlite3_column_type(in->parse, 0) == SQLITE_NULL) {
    status = shell_import_line_bad(in->call, in->line, "not a JSON object");
  } else if (!shell_import_bytes(in->parse, 1, 2, &key_room, &key)) {
    status = shell_import_line_bad(in->call, in->line, "no \"key\", and no sound \"key_hex\"");
  } else if (!shell_import_bytes(in->parse, 3, 4, &value_room, &value)) {
    status = shell_import_line_bad(in->call, in->line, "no \"value\", and no sound \"value_hex\"");
  } else {
    status = shell_import_put(in, key, value, sqlite3_column_int64(in->parse, 5));
  }
  sqlite3_reset(in->parse);
  shell_text_free(&key_room);
  shell_text_free(&value_room);
  return status;
}

static int shell_import_json(shell_import_lines *in) {
  /* A value that is no string is kept as its JSON text. */
  static const char sql[] =
      "SELECT j, j->>'$.key', j->>'$.key_hex',"
      " iif(json_type(j, '$.value') = 'text', j->>'$.value', j->'$.value'), j->>'$.value_hex',"
      " j->>'$.expires' FROM (SELECT iif(json_valid(?1), iif(json_type(?1) = 'object', ?1, NULL), "
      "NULL) AS j)";
  int status = TV_OK;
  shell_import_rewind(in->call, &in->line);
  if (sqlite3_prepare_v2(in->call->sh->sql, sql, -1, &in->parse, NULL) != SQLITE_OK)
    return shell_refuse(in->call->sh, TV_ESQL, "%s", sqlite3_errmsg(in->call->sh->sql));
  while (status == TV_OK) {
    char *line = shell_line_read(in->call->file);
    if (line == NULL) break;
    if (line[strspn(line, " \t")] != '\0') {
      status = shell_import_json_line(in, line);
      if (status == TV_OK && shell_import_tick(in->call)) status = TV_EINTR;
    }
    shell_free(line);
    in->line++;
  }
  sqlite3_finalize(in->parse);
  return status;
}

static int shell_import_pairs(shell_import_lines *in) {
  shell_csv csv = {.file = in->call->file, .separator = in->call->separator};
  int status = TV_OK, got;
  shell_import_rewind(in->call, &csv.next);
  bool first = true;
  while (status == TV_OK && (got = shell_csv_next(&csv)) != 0) {
    in->line = csv.line;
    if (got < 0) {
      status = shell_import_line_bad(in->call, csv.line, csv.problem);
    } else if (csv.n != 2) {
      status = shell_import_line_bad(in->call, csv.line, "expected two fields, key and value");
    } else {
      char *key = csv.bytes.data, *value = csv.bytes.data + csv.starts[1];
      bool header = first && strcasecmp(key, "key") == 0 && strcasecmp(value, "value") == 0;
      tv_slice value_bytes = shell_csv_field(&csv, 1);
      if (csv.bare[1]) value_bytes = shell_unquote_bytes(value);
      tv_slice key_bytes = csv.bare[0] ? shell_unquote_bytes(key) : shell_csv_field(&csv, 0);
      if (!header) status = shell_import_put(in, key_bytes, value_bytes, 0);
      if (!header && status == TV_OK && shell_import_tick(in->call)) status = TV_EINTR;
    }
    first = false;
  }
  shell_csv_free(&csv);
  return status;
}

static bool shell_import_is_csv(const shell_import_call *call) {
  const char *dot = strrchr(call->path, '.');
  return shell_has(call->args, "--csv") ||
         (dot != NULL && (strcasecmp(dot, ".csv") == 0 || strcasecmp(dot, ".tsv") == 0));
}

static int shell_import_bucket_work(tv_txn *txn, void *ctx) {
  shell_import_lines in = {.call = ctx, .now = tv_txn_now(txn)};
  tv_bucket_options text = {.key_type = TV_COLUMN_TEXT, .value_type = TV_COLUMN_TEXT};
  int status = tv_kv_open(txn, in.call->name, TV_CREATE, &text, &in.bucket);
  if (status != TV_OK) return status;
  tv_kv_options(in.bucket, &in.options);
  return shell_import_is_csv(in.call) ? shell_import_pairs(&in) : shell_import_json(&in);
}

int shell_import_bucket(shell_import_call *call) {
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
  tv_node from, to;
  if (csv->n < 2 || csv->n > 3)
    return shell_import_line_bad(call, csv->line, "expected two or three fields: from, to, type");
  if (csv->n == 3 && shell_csv_field(csv, 2).size > 0) type = shell_csv_field(csv, 2).data;
  int status = shell_import_node(call, graph, csv, 0, &from);
  if (status == TV_OK) status = shell_import_node(call, graph, csv, 1, &to);
  if (status != TV_OK) return status;
  return tv_graph_edge_add(graph, from, to, type != NULL ? type : "edge", 0, NULL, NULL);
}

/* "from,to" above the list, and comments as published edge lists have them. */
static bool shell_import_is_no_edge(const shell_csv *csv, bool first) {
  const char *field = shell_csv_field(csv, 0).data;
  if (field[0] == '#' && csv->bare[0]) return true;
  return first && csv->n >= 2 && strcasecmp(field, "from") == 0 &&
         strcasecmp(shell_csv_field(csv, 1).data, "to") == 0;
}

static int shell_import_graph_work(tv_txn *txn, void *ctx) {
  shell_import_call *call = ctx;
  shell_csv csv = {.file = call->file, .separator = call->separator};
  tv_graph *graph;
  int got = 0;
  bool first = true;
  int status = tv_graph_open(txn, call->name, TV_CREATE, &graph);
  if (status == TV_OK) shell_import_rewind(call, &csv.next);
  while (status == TV_OK && (got = shell_csv_next(&csv)) != 0) {
    if (got < 0) {
      status = shell_import_line_bad(call, csv.line, csv.problem);
    } else if (!shell_import_is_no_edge(&csv, first)) {
      status = shell_import_edge(call, graph, &csv);
      if (status == TV_OK && shell_import_tick(call)) status = TV_EINTR;
    }
    first = false;
  }
  shell_csv_free(&csv);
  return status;
}

int shell_import_graph(shell_import_call *call) {
  int status = shell_write(call->sh, shell_import_graph_work, call);
  return status == TV_OK ? 0 : shell_import_fail(call, status);
}
