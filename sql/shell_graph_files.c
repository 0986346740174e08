/* SPDX-License-Identifier: MIT */
/*
 * .graph export and .graph load: whole graphs, or what lies around a node, as files. The file's
 * ending says the format; guessing it from the first lines was rejected, since a list of edges
 * looks like any other text. A load is one transaction, an export that fails leaves no file.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "shell_internal.h"
#include "trivet_graph_text.h"

typedef struct shell_graph_file {
  shell *sh;
  const shell_args *args;
  const char *path;
  FILE *file;
  tv_graph *graph;
  int format; /* tv_export_format, or of a load SHELL_GRAPH_CSV or a tv_load_format */
  tv_export_report written;
  tv_csv_report read;
} shell_graph_file;

static bool shell_graph_ends(const char *path, const char *ending) {
  size_t size = strlen(path), part = strlen(ending);
  return size > part && strcasecmp(path + size - part, ending) == 0;
}

/* ---- Export ---- */

static int shell_graph_put(void *ctx, const void *data, size_t size) {
  const shell_graph_file *call = ctx;
  return fwrite(data, 1, size, call->file) != size;
}

static int shell_graph_export_progress(void *ctx, const tv_export_report *report) {
  (void)ctx, (void)report;
  return shell_interrupted();
}

/* The types named by --type. */
static int shell_graph_file_types(const shell_graph_file *call, uint32_t *numbers,
                                  tv_types *types) {
  const shell_args *args = call->args;
  int status = TV_OK;
  for (int i = 0; i < args->options && status == TV_OK; i++)
    if (strcmp(args->option[i], "--type") == 0)
      status = tv_graph_type_find(call->graph, args->value[i], &numbers[types->n++]);
  types->types = numbers;
  return status;
}

/* The nodes around the one that --from names, of whom the part consists. */
static int shell_graph_around(shell_graph_file *call, const char *from, tv_types types,
                              tv_reached *reached) {
  const shell_args *args = call->args;
  int direction = shell_has(args, "--in") ? TV_IN : shell_has(args, "--both") ? TV_BOTH : TV_OUT;
  tv_path_options options = {
      .types = types, .direction = direction, .limits = {.cancel = shell_interrupt_flag()}};
  uint64_t depth = 0;
  tv_node start;
  char *typed = shell_copy(from);
  int status = tv_graph_node_find(call->graph, shell_unquote_bytes(typed), &start);
  shell_free(typed);
  if (status == TV_NOTFOUND)
    return shell_refuse(call->sh, TV_ENONODE, "no such node in %s: %s", args->v[0], from);
  if (shell_option_count(call->sh, args, "--depth", UINT32_MAX, &depth) != 0) return TV_EINVAL;
  if (depth > UINT32_MAX) depth = UINT32_MAX;
  if (status != TV_OK) return status;
  return tv_graph_khop(call->graph, 1, &start, (uint32_t)depth, &options, reached);
}

static int shell_graph_export_work(tv_txn *txn, void *ctx) {
  shell_graph_file *call = ctx;
  const char *from = shell_option(call->args, "--from");
  uint32_t numbers[SHELL_OPTIONS_MAX];
  tv_reached reached = {0, NULL, NULL};
  tv_export_options options = {.format = call->format,
                               .label = shell_option(call->args, "--label"),
                               .write = shell_graph_put,
                               .progress = shell_graph_export_progress,
                               .ctx = call};
  int status = tv_graph_open(txn, call->args->v[0], 0, &call->graph);
  if (status == TV_OK) status = shell_graph_file_types(call, numbers, &options.types);
  if (status == TV_OK && from != NULL) {
    status = shell_graph_around(call, from, options.types, &reached);
    options.nodes = reached.nodes;
    options.node_count = reached.n;
  }
  if (status == TV_OK) status = tv_graph_export(call->graph, &options, &call->written);
  tv_graph_reached_free(&reached);
  return status;
}

static int shell_graph_export_format(shell_graph_file *call) {
  static const struct {
    const char *ending;
    int format;
  } formats[] = {{".dot", TV_EXPORT_DOT},
                 {".gv", TV_EXPORT_DOT},
                 {".graphml", TV_EXPORT_GRAPHML},
                 {".xml", TV_EXPORT_GRAPHML},
                 {".csv", TV_EXPORT_EDGES_CSV}};
  call->format = -1;
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
    if (shell_graph_ends(call->path, formats[i].ending)) call->format = formats[i].format;
  if (call->format < 0)
    return shell_fail(call->sh, "name the file .dot, .graphml or .csv",
                      "no format of that ending: %s", call->path);
  if (!shell_has(call->args, "--nodes")) return 0;
  if (call->format != TV_EXPORT_EDGES_CSV)
    return shell_fail(call->sh, "leave it out: .dot and .graphml hold nodes and edges",
                      "--nodes is for .csv");
  call->format = TV_EXPORT_NODES_CSV;
  return 0;
}

int shell_graph_export(shell *sh, const shell_args *args) {
  shell_graph_file call = {.sh = sh, .args = args, .path = args->v[1]};
  if (shell_option(args, "--from") == NULL &&
      (shell_has(args, "--depth") || shell_has(args, "--in") || shell_has(args, "--both")))
    return shell_fail(sh, "add --from NODE",
                      "--depth, --in and --both are for what is around a node");
  if (shell_graph_export_format(&call) != 0) return 1;
  call.file = fopen(call.path, "we");
  if (call.file == NULL)
    return shell_fail(sh, "check the path and its permissions", "cannot open %s: %s", call.path,
                      strerror(errno));
  int status = shell_read(sh, shell_graph_export_work, &call);
  bool failed = ferror(call.file) != 0;
  failed = fclose(call.file) != 0 || failed;
  if (status == TV_OK && !failed) return 0;
  unlink(call.path);
  if (failed)
    return shell_fail(sh, "is the disk full?", "cannot write %s: %s", call.path, strerror(errno));
  return shell_fail_status(sh, status, &sh->error, args->v[0]);
}

/* ---- Load ---- */

enum { SHELL_GRAPH_CSV = -1 };

static int shell_graph_take(void *ctx, void *buffer, size_t capacity, size_t *got) {
  const shell_graph_file *call = ctx;
  *got = fread(buffer, 1, capacity, call->file);
  return ferror(call->file) != 0;
}

static bool shell_graph_load_tick(const shell_graph_file *call, uint64_t lines) {
  if (call->sh->interactive && isatty(STDERR_FILENO) && lines % 65536 < 4096)
    fprintf(stderr, "\r%llu lines", (unsigned long long)lines);
  return shell_interrupted();
}

static int shell_graph_csv_progress(void *ctx, const tv_csv_report *report) {
  return shell_graph_load_tick(ctx, report->lines);
}

static int shell_graph_list_progress(void *ctx, const tv_load_report *report) {
  return shell_graph_load_tick(ctx, report->lines);
}

/* An edge list of SNAP or Matrix Market. */
static int shell_graph_load_list(shell_graph_file *call) {
  const char *type = shell_option(call->args, "--type");
  tv_load_report report;
  tv_load_options options = {.format = call->format,
                             .skip_bad_lines = shell_has(call->args, "--skip-bad"),
                             .type = type != NULL ? type : "edge",
                             .label = shell_option(call->args, "--label"),
                             .weight = shell_option(call->args, "--weight"),
                             .read = shell_graph_take,
                             .progress = shell_graph_list_progress,
                             .ctx = call};
  int status = tv_graph_load(call->graph, &options, &report);
  call->read.lines = report.lines;
  call->read.edges = report.edges;
  call->read.bad_lines = report.bad_lines;
  call->read.first_bad_line = report.first_bad_line;
  return status;
}

static int shell_graph_load_csv(shell_graph_file *call) {
  const char *separator = shell_option(call->args, "--separator");
  tv_csv_options options = {.kind = shell_has(call->args, "--nodes") ? TV_CSV_NODES : TV_CSV_EDGES,
                            .skip_bad_lines = shell_has(call->args, "--skip-bad"),
                            .create_nodes = shell_has(call->args, "--create-nodes"),
                            .separator = shell_graph_ends(call->path, ".tsv") ? '\t' : ',',
                            .label = shell_option(call->args, "--label"),
                            .type = shell_option(call->args, "--type"),
                            .read = shell_graph_take,
                            .progress = shell_graph_csv_progress,
                            .ctx = call};
  if (separator != NULL) options.separator = separator[0];
  return tv_graph_csv_load(call->graph, &options, &call->read);
}

static int shell_graph_load_work(tv_txn *txn, void *ctx) {
  shell_graph_file *call = ctx;
  rewind(call->file);
  int status = tv_graph_open(txn, call->args->v[0], TV_CREATE, &call->graph);
  if (status != TV_OK) return status;
  return call->format == SHELL_GRAPH_CSV ? shell_graph_load_csv(call) : shell_graph_load_list(call);
}

static int shell_graph_load_format(shell_graph_file *call) {
  const shell_args *args = call->args;
  const char *separator = shell_option(args, "--separator");
  bool is_csv = shell_graph_ends(call->path, ".csv") || shell_graph_ends(call->path, ".tsv");
  call->format = is_csv                                 ? (int)SHELL_GRAPH_CSV
                 : shell_graph_ends(call->path, ".mtx") ? (int)TV_LOAD_MATRIX_MARKET
                                                        : (int)TV_LOAD_SNAP;
  if (!is_csv &&
      (shell_has(args, "--nodes") || shell_has(args, "--create-nodes") || separator != NULL))
    return shell_fail(call->sh, "name the file .csv or .tsv",
                      "--nodes, --create-nodes and --separator are for CSV");
  if (is_csv && shell_has(args, "--weight"))
    return shell_fail(call->sh, "the header names the weight's column, as in km:double",
                      "--weight is for edge lists");
  if (separator != NULL && (separator[0] == '\0' || separator[1] != '\0' || separator[0] == '"'))
    return shell_fail(call->sh, "give one character other than a quote", "no separator: %s",
                      separator);
  return 0;
}

static int shell_graph_load_told(shell_graph_file *call) {
  static const char *const titles[] = {"nodes", "edges", "bad_lines", "first_bad_line"};
  const tv_csv_report *read = &call->read;
  shell_cell cells[] = {
      shell_cell_count(read->nodes), shell_cell_count(read->edges),
      shell_cell_count(read->bad_lines),
      read->bad_lines > 0 ? shell_cell_count(read->first_bad_line) : shell_cell_null()};
  shell_rows_begin(call->sh, 4, titles);
  shell_rows_add(call->sh, cells);
  return shell_rows_end(call->sh);
}

int shell_graph_load(shell *sh, const shell_args *args) {
  shell_graph_file call = {.sh = sh, .args = args, .path = args->v[1]};
  if (shell_graph_load_format(&call) != 0) return 1;
  call.file = fopen(call.path, "re");
  if (call.file == NULL)
    return shell_fail(sh, "check the path", "cannot open %s: %s", call.path, strerror(errno));
  int status = shell_write(sh, shell_graph_load_work, &call);
  fclose(call.file);
  if (status == TV_OK) return shell_graph_load_told(&call);
  if (status == TV_EINVAL)
    return shell_fail(sh, shell_import_nothing, "%s: %s", call.path, sh->error.message);
  return shell_fail_status(sh, status, &sh->error, args->v[0]);
}

/* ---- Compact ---- */

typedef struct shell_graph_merge {
  const char *name;
  uint64_t merged;
} shell_graph_merge;

enum { SHELL_GRAPH_STEPS = 64 }; /* a transaction: some megabytes of pages */

static int shell_graph_compact_work(tv_txn *txn, void *ctx) {
  shell_graph_merge *merge = ctx;
  tv_graph *graph;
  int status = tv_graph_open(txn, merge->name, 0, &graph);
  return status == TV_OK ? tv_graph_compact(graph, SHELL_GRAPH_STEPS, &merge->merged) : status;
}

int shell_graph_compact(shell *sh, const shell_args *args) {
  static const char *const titles[] = {"merged"};
  shell_graph_merge merge = {.name = args->v[0], .merged = SHELL_GRAPH_STEPS};
  uint64_t total = 0;
  while (merge.merged == SHELL_GRAPH_STEPS) {
    int status = shell_write(sh, shell_graph_compact_work, &merge);
    if (status != TV_OK) return shell_fail_status(sh, status, &sh->error, args->v[0]);
    total += merge.merged;
    if (shell_interrupted()) return shell_fail(sh, "what was merged stays", "interrupted");
  }
  shell_cell cell = shell_cell_count(total);
  shell_rows_begin(sh, 1, titles);
  shell_rows_add(sh, &cell);
  return shell_rows_end(sh);
}
