/* SPDX-License-Identifier: MIT */
/*
 * Bulk load: the graph is written as CSV, `source,target` under a header, and loaded from that text
 * into a new file, nodes and durable commit included. Loading from arrays was rejected: nobody's
 * graph lies in arrays.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "graph_run.h"
#include "interrupt.h"
#include "scratch.h"
#include "tool_heap.h"

#define LOAD_RUNS 3

static void load_write_csv(const graph_edges *edges, const char *path) {
  FILE *out = fopen(path, "w");
  uint64_t i;
  if (out == NULL) heap_stop("%s: %s", path, strerror(errno));
  fputs("source,target\n", out);
  for (i = 0; i < edges->n && !interrupt_seen(); i++)
    fprintf(out, "%" PRIu64 ",%" PRIu64 "\n", edges->from[i], edges->to[i]);
  if (fclose(out) != 0) heap_stop("%s: %s", path, strerror(errno));
}

static int load_read(void *ctx, void *buffer, size_t capacity, size_t *got) {
  ssize_t n = read(*(int *)ctx, buffer, capacity);
  if (n < 0) return errno;
  *got = (size_t)n;
  return 0;
}

static int load_progress(void *ctx, const tv_load_report *report) {
  (void)ctx, (void)report;
  return interrupt_seen();
}

/* One load. Returns its nanoseconds; *bytes is the file's size. */
static double load_once(const graph_bench *bench, const char *csv, double *bytes) {
  graph_store store = {0};
  int file = open(csv, O_RDONLY | O_CLOEXEC), status;
  tv_load_options options = {.format = TV_LOAD_CSV, .type = GRAPH_TYPE};
  tv_load_report report;
  struct stat st;
  uint64_t from;
  double ns;
  if (file < 0) heap_stop("%s: %s", csv, strerror(errno));
  options.read = load_read;
  options.progress = load_progress;
  options.ctx = &file;
  graph_store_name(&store, "load");
  graph_store_open(&store);
  from = clock_ns();
  graph_store_begin(&store, TV_WRITE);
  status = tv_graph_load(store.graph, &options, &report);
  if (!interrupt_seen()) graph_store_must(&store, status, "loading CSV");
  graph_store_end(&store);
  ns = (double)(clock_ns() - from);
  graph_store_close(&store);
  close(file);
  if (!interrupt_seen() && report.edges != bench->edges.n)
    heap_stop("loaded %" PRIu64 " of %" PRIu64 " edges", report.edges, bench->edges.n);
  *bytes = stat(store.path, &st) == 0 ? (double)st.st_size : 0;
  return ns;
}

void graph_measure_load(graph_bench *bench) {
  double speeds[LOAD_RUNS], edges = (double)bench->edges.n, bytes = 0;
  char csv[1200];
  size_t i;
  scratch_subfolder(csv, sizeof csv - 16, scratch_folder(1), "csv");
  snprintf(csv + strlen(csv), 16, "/edges.csv");
  if (!interrupt_seen()) load_write_csv(&bench->edges, csv);
  for (i = 0; i < LOAD_RUNS && !interrupt_seen(); i++)
    speeds[i] = 1000 * edges / load_once(bench, csv, &bytes);
  remove(csv);
  graph_figure(bench, "bulk load from CSV, million edges per second", graph_median(speeds, i),
               PAIRED_AT_LEAST, 3);
  graph_figure(bench, "file after it, bytes per edge, both directions", bytes / edges,
               PAIRED_AT_MOST, 16);
}
