/* SPDX-License-Identifier: MIT */
/*
 * Edge lists that users bring: loaded by the library's own loader, then read back from the store
 * for the rows in memory, so that both sides number nodes alike. Parsing the file a second time was
 * rejected: the rows' ids would need a map of keys as large as the graph.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph_run.h"
#include "interrupt.h"
#include "kv_bench.h"
#include "progress.h"
#include "tool_heap.h"

#define FILE_SCALE_MAX 1e6        /* weights have up to six decimals */
#define FILE_WEIGHT_MAX (1 << 24) /* of scaled weights: sums of many stay below 2^31 */

/* ---- Loading ---- */

typedef struct file_source {
  int file;
  uint64_t done;
  progress bar;
} file_source;

static int file_read(void *ctx, void *buffer, size_t capacity, size_t *got) {
  file_source *source = ctx;
  ssize_t n = read(source->file, buffer, capacity);
  if (n < 0) return errno;
  *got = (size_t)n;
  source->done += (uint64_t)n;
  progress_at(&source->bar, source->done);
  return 0;
}

static int file_progress(void *ctx, const tv_load_report *report) {
  (void)ctx, (void)report;
  return interrupt_seen();
}

/* By name of the format; else by the file's first bytes and its name. -1: no such format. */
static int file_format(const graph_file *file, int descriptor) {
  static const char *const names[] = {"snap", "csv", "mtx"};
  static const int formats[] = {TV_LOAD_SNAP, TV_LOAD_CSV, TV_LOAD_MATRIX_MARKET};
  char head[14] = "";
  size_t i, size = strlen(file->path);
  for (i = 0; file->format != NULL && i < 3; i++)
    if (strcmp(file->format, names[i]) == 0) return formats[i];
  if (file->format != NULL) {
    fprintf(stderr, "trivet-bench graph: --format is one of snap, csv, mtx\n");
    return -1;
  }
  if (pread(descriptor, head, sizeof head, 0) == (ssize_t)sizeof head &&
      memcmp(head, "%%MatrixMarket", sizeof head) == 0)
    return TV_LOAD_MATRIX_MARKET;
  return size > 4 && strcmp(file->path + size - 4, ".csv") == 0 ? TV_LOAD_CSV : TV_LOAD_SNAP;
}

static int file_fail(const char *path, const char *why) {
  fprintf(stderr, "trivet-bench graph: %s: %s\n", path, why);
  return -1;
}

/* The name of the third field of a CSV's header, without ":int" or ":double", which make it a
 * property by themselves: *typed. 0: there is none. */
static int file_weight_field(int descriptor, char *name, size_t size, int *typed) {
  char head[1024];
  ssize_t n = pread(descriptor, head, sizeof head - 1, 0);
  char *field = head, *end;
  int i;
  head[n > 0 ? n : 0] = '\0';
  head[strcspn(head, "\r\n")] = '\0';
  for (i = 0; i < 2; i++) {
    field = strchr(field, ',');
    if (field == NULL) return 0;
    field++;
  }
  field[strcspn(field, ",")] = '\0';
  end = strchr(field, ':');
  *typed = end != NULL;
  if (end != NULL) *end = '\0';
  if (*field == '"' && strlen(field) > 2) { /* quoted */
    field[strlen(field) - 1] = '\0';
    field++;
  }
  snprintf(name, size, "%s", field);
  return *field != '\0';
}

/* Chooses the property that weights go to. Returns 0, or -1 after saying what is wrong. */
static int file_weight(graph_bench *bench, const graph_file *file, int descriptor,
                       tv_load_options *options) {
  int typed = 0;
  if (!file->weighted) return 0;
  snprintf(bench->weight_room, sizeof bench->weight_room, "%s", GRAPH_WEIGHT);
  if (options->format == TV_LOAD_CSV &&
      !file_weight_field(descriptor, bench->weight_room, sizeof bench->weight_room, &typed))
    return file_fail(file->path, "its header names no third field, which would be the weight");
  bench->weight = bench->weight_room;
  if (!typed) options->weight = bench->weight;
  return 0;
}

static int file_into_store(graph_bench *bench, graph_store *store, const graph_file *file) {
  file_source source = {.file = open(file->path, O_RDONLY | O_CLOEXEC)};
  tv_load_options options = {.type = GRAPH_TYPE, .read = file_read, .progress = file_progress};
  tv_load_report report;
  struct stat st;
  int status;
  if (source.file < 0 || fstat(source.file, &st) != 0)
    return file_fail(file->path, strerror(errno));
  options.format = file_format(file, source.file);
  if (options.format < 0 || file_weight(bench, file, source.file, &options) != 0) {
    close(source.file);
    return -1;
  }
  options.ctx = &source;
  graph_store_name(store, "file");
  graph_store_open(store);
  graph_store_begin(store, TV_WRITE);
  progress_begin(&source.bar, "loading the file", (uint64_t)st.st_size);
  status = tv_graph_load(store->graph, &options, &report);
  progress_end(&source.bar);
  close(source.file);
  if (interrupt_seen()) return 1;
  if (status != TV_OK) return file_fail(file->path, tv_txn_error(store->txn)->message);
  graph_store_end(store);
  graph_store_begin(store, TV_READ);
  return 0;
}

/* ---- Back from the store ---- */

typedef struct file_edges_read {
  graph_bench *bench;
  graph_store *store;
  double *weights; /* NULL: they have none */
} file_edges_read;

static int file_take_edge(void *ctx, const tv_edge_ref *edge) {
  file_edges_read *take = ctx;
  graph_edges *edges = &take->bench->edges;
  edges->from[edges->n] = edge->from;
  edges->to[edges->n] = edge->to;
  if (take->weights != NULL) {
    tv_value value;
    int status = tv_graph_edge_get(take->store->graph, edge, take->bench->weight, &value);
    graph_store_must(take->store, status, "reading a weight");
    take->weights[edges->n] = value.type == TV_INT64    ? (double)value.as.integer
                              : value.type == TV_DOUBLE ? value.as.real
                                                        : -1;
  }
  edges->n++;
  return 0;
}

/* 1 when all weights are whole once multiplied by the scale, and not too large. */
static int file_whole(const double *weights, uint64_t n, double scale) {
  uint64_t i;
  for (i = 0; i < n; i++) {
    double w = weights[i] * scale;
    if (!(w <= FILE_WEIGHT_MAX) || fabs(w - floor(w + 0.5)) > 1e-9 * w) return 0;
  }
  return 1;
}

/* Whole numbers for the rows in memory. Returns 0, or -1 after saying what is wrong. */
static int file_scale(graph_bench *bench, const double *weights, const char *path) {
  graph_edges *edges = &bench->edges;
  double scale = 1;
  uint64_t i;
  for (i = 0; i < edges->n; i++)
    if (!(weights[i] >= 0)) return file_fail(path, "has a weight that is missing or below 0");
  while (scale <= FILE_SCALE_MAX && !file_whole(weights, edges->n, scale)) scale *= 10;
  if (scale > FILE_SCALE_MAX)
    return file_fail(path,
                     "has weights that the rows in memory do not hold: with more than six "
                     "decimals, or too large for their decimals");
  bench->weight_scale = scale;
  edges->weight = heap_take((size_t)edges->n * sizeof *edges->weight);
  for (i = 0; i < edges->n; i++) edges->weight[i] = (uint32_t)(weights[i] * scale + 0.5);
  return 0;
}

static int file_edges(graph_bench *bench, graph_store *store, const char *path) {
  graph_edges *edges = &bench->edges;
  file_edges_read take = {bench, store, NULL};
  tv_graph_stat stat;
  int rc = 0;
  graph_store_must(store, tv_graph_stat_get(store->graph, &stat), "counting the graph");
  if (stat.edges == 0) return file_fail(path, "has no edges");
  if (stat.node_ids >= UINT32_MAX || stat.edges >= UINT32_MAX)
    return file_fail(path, "has 2^32 nodes or edges or more, too many for the rows in memory");
  edges->nodes = (uint32_t)stat.node_ids;
  edges->from = heap_take((size_t)stat.edges * sizeof *edges->from);
  edges->to = heap_take((size_t)stat.edges * sizeof *edges->to);
  if (bench->weight != NULL) take.weights = heap_take((size_t)stat.edges * sizeof(double));
  graph_store_must(store, tv_graph_edges(store->graph, NULL, file_take_edge, &take),
                   "reading edges");
  if (take.weights != NULL) rc = file_scale(bench, take.weights, path);
  free(take.weights);
  return rc;
}

/* The first start is what the user names or the node with most edges out, the others are random. */
static int file_starts(graph_bench *bench, graph_store *store, const char *start) {
  const graph_csr *csr = &bench->csr;
  uint64_t state = bench->seed;
  uint32_t node, best = 0;
  size_t s;
  for (node = 1; node < csr->nodes; node++)
    if (csr->out_at[node + 1] - csr->out_at[node] > csr->out_at[best + 1] - csr->out_at[best])
      best = node;
  if (start != NULL) {
    tv_node named;
    if (tv_graph_node_find(store->graph, tv_str(start), &named) != TV_OK)
      return file_fail(start, "no node of the file has this key");
    best = (uint32_t)named;
  }
  bench->starts[0] = best;
  for (s = 1; s < GRAPH_SEARCHES; s++) {
    do node = (uint32_t)kv_random_below(&state, csr->nodes);
    while (csr->out_at[node] == csr->out_at[node + 1]);
    bench->starts[s] = node;
  }
  return 0;
}

int graph_file_load(graph_bench *bench, graph_store *store, const graph_file *file) {
  int rc = file_into_store(bench, store, file);
  if (rc == 0) rc = file_edges(bench, store, file->path);
  if (rc != 0) return rc;
  graph_csr_build(&bench->csr, &bench->edges);
  return file_starts(bench, store, file->start);
}
