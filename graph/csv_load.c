/* SPDX-License-Identifier: MIT */
/*
 * Loading CSV of nodes and edges: the lines, the report, and what a line of nodes does. Each line
 * is checked whole before it writes, so that one that is passed over leaves nothing. Rejected: an
 * own transaction for each line, which would cost far more than the line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "csv_load_internal.h"

#define CSV_PROGRESS_EVERY 4096u

int tvi_csv_no_memory(tvi_csv_load *load) {
  return tvi_txn_fail(load->graph->txn, TV_ENOMEM, 0, "no memory for line %" PRIu64,
                      load->csv.line);
}

int tvi_csv_bad(tvi_csv_load *load, const char *problem) {
  tv_csv_report *report = load->report;

  if (report->bad_lines++ == 0) {
    report->first_bad_line = load->csv.line;
    snprintf(report->problem, sizeof report->problem, "%s", problem);
  }
  if (load->options->skip_bad_lines) return TV_OK;
  return tvi_txn_fail(load->graph->txn, TV_EINVAL, 0, "line %" PRIu64 " %s", load->csv.line,
                      problem);
}

/* ---- Nodes ---- */

/* The next label of a list; 0 at its end. */
static int csv_label_next(tv_slice list, size_t *at, char label[TV_NAME_BYTES_MAX + 2],
                          size_t *size) {
  const char *p = list.data;

  *size = 0;
  if (*at >= list.size) return 0;
  for (; *at < list.size && p[*at] != ';'; ++*at) {
    if (p[*at] == '\\' && *at + 1 < list.size) ++*at;
    if (*size <= TV_NAME_BYTES_MAX) label[(*size)++] = p[*at];
  }
  ++*at;
  label[*size] = '\0';
  return 1;
}

static tv_slice csv_labels(const tvi_csv_load *load) {
  if (load->at[TVI_CSV_LABELS] < 0) return (tv_slice){NULL, 0};
  return tvi_csv_text(&load->csv, (size_t)load->at[TVI_CSV_LABELS]);
}

static const char *csv_labels_problem(const tvi_csv_load *load) {
  char label[TV_NAME_BYTES_MAX + 2];
  size_t at = 0, size;

  while (csv_label_next(csv_labels(load), &at, label, &size))
    if (size == 0 || size > TV_NAME_BYTES_MAX || memchr(label, '\0', size) != NULL)
      return "has a label that is empty or too long";
  return NULL;
}

static int csv_node_write(tvi_csv_load *load, tv_slice key) {
  char label[TV_NAME_BYTES_MAX + 2];
  size_t at = 0, size;
  tv_node node;
  int status = tv_graph_node_upsert(load->graph, key, load->options->label, load->value_count,
                                    load->values, &node);

  while (status == TV_OK && csv_label_next(csv_labels(load), &at, label, &size))
    status = tv_graph_label_add(load->graph, node, label);
  load->report->nodes += status == TV_OK;
  return status;
}

static int csv_node(tvi_csv_load *load) {
  tv_slice key = tvi_csv_text(&load->csv, (size_t)load->at[TVI_CSV_KEY]);
  const char *problem = NULL;
  int status;

  if (key.size == 0) return tvi_csv_bad(load, "has no key");
  if (key.size > TV_KEY_BYTES_MAX) return tvi_csv_bad(load, "has a key that is too long");
  problem = csv_labels_problem(load);
  if (problem != NULL) return tvi_csv_bad(load, problem);
  status = tvi_csv_values(load, &problem);
  if (status == TV_ENOMEM) return tvi_csv_no_memory(load);
  return status == TV_OK ? csv_node_write(load, key) : tvi_csv_bad(load, problem);
}

/* ---- Lines ---- */

static int csv_line(tvi_csv_load *load) {
  int status;

  if (load->csv.n < load->n) return tvi_csv_bad(load, "has too few fields");
  if (load->csv.n > load->n) return tvi_csv_bad(load, "has too many fields");
  status = load->options->kind == TV_CSV_NODES ? csv_node(load) : tvi_csv_edge(load);
  if (status != TV_EXISTS) return status;
  return tvi_csv_bad(load, "has a value that a unique index has already");
}

/* What reading says, with a message. */
static int csv_read_failed(tvi_csv_load *load, int status) {
  tv_txn *txn = load->graph->txn;

  switch (status) {
    case TV_EIO:
      return tvi_txn_fail(txn, TV_EIO, 0, "the text could not be read from line %" PRIu64 " on",
                          load->csv.line);
    case TV_ELIMIT:
      return tvi_txn_fail(txn, TV_ELIMIT, 0, "line %" PRIu64 " is longer than 16 MiB",
                          load->csv.line);
    case TV_ENOMEM:
      return tvi_csv_no_memory(load);
    default:
      return status;
  }
}

static int csv_tick(tvi_csv_load *load) {
  const tv_csv_options *options = load->options;

  if (options->progress == NULL || options->progress(options->ctx, load->report) == 0) return TV_OK;
  return tvi_txn_fail(load->graph->txn, TV_EINTR, 0, "the load was interrupted");
}

static int csv_lines(tvi_csv_load *load) {
  uint64_t records = 0;
  int status = TV_OK;

  while (status == TV_OK) {
    status = tvi_csv_next(&load->csv);
    if (status == TV_END) return TV_OK;
    load->report->lines = load->csv.next - 1;
    if (status == TV_EINVAL)
      status = tvi_csv_bad(load, load->csv.problem);
    else if (status == TV_OK)
      status = csv_line(load);
    else
      return csv_read_failed(load, status);
    if (status == TV_OK && ++records % CSV_PROGRESS_EVERY == 0) status = csv_tick(load);
  }
  return status;
}

static void csv_close(tvi_csv_load *load) {
  size_t i;

  tvi_csv_edges_close(load);
  for (i = 0; i < load->n && load->columns != NULL; i++) tvi_free(load->columns[i].name);
  tvi_free(load->columns);
  tvi_free(load->values);
  tvi_buffer_free(&load->blobs);
  tvi_buffer_free(&load->text);
  tvi_csv_close(&load->csv);
}

int tv_graph_csv_load(tv_graph *graph, const tv_csv_options *options, tv_csv_report *report) {
  tv_csv_report unused;
  tvi_csv_load load = {.graph = graph, .options = options, .at = {-1, -1, -1, -1, -1}};
  int status = tvi_graph_enter_write(graph);

  load.report = report != NULL ? report : &unused;
  *load.report = (tv_csv_report){.lines = 0};
  if (status != TV_OK) return status;
  if (options == NULL || options->read == NULL || options->kind < TV_CSV_NODES ||
      options->kind > TV_CSV_EDGES || options->separator == '"' || options->separator == '\n')
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0,
                        "tv_graph_csv_load: the kind, read or the separator is wrong");
  load.csv = (tvi_csv){.read = options->read,
                       .ctx = options->ctx,
                       .separator = options->separator == '\0' ? ',' : options->separator};
  status = tvi_csv_header(&load);
  if (status == TV_EIO || status == TV_ELIMIT || status == TV_ENOMEM)
    status = csv_read_failed(&load, status);
  load.report->lines = load.csv.next > 0 ? load.csv.next - 1 : 0;
  if (status == TV_OK) status = csv_lines(&load);
  if (status == TV_OK) status = tvi_csv_edges_end(&load);
  if (status == TV_OK) status = csv_tick(&load);
  csv_close(&load);
  return status;
}
