/* SPDX-License-Identifier: MIT */
/*
 * Edge lists that users bring: loaded by the library's own loader, then read back from the store
 * for the rows in memory, so that both sides number nodes alike. Parsing the file a second time was
 * rejected: the rows' ids would need a map of keys as large as the graph.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph_run.h"
#include "interrupt.h"
#include "kv_bench.h"
#include "progress.h"
#include "terminal.h"
#include "tool_heap.h"

#define FILE_TOP 5 /* ranks shown */

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

static int file_into_store(graph_store *store, const graph_file *file) {
  file_source source = {.file = open(file->path, O_RDONLY | O_CLOEXEC)};
  tv_load_options options = {.type = GRAPH_TYPE, .read = file_read, .progress = file_progress};
  tv_load_report report;
  struct stat st;
  int status;
  if (source.file < 0 || fstat(source.file, &st) != 0)
    return file_fail(file->path, strerror(errno));
  options.format = file_format(file, source.file);
  if (options.format < 0) {
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

static int file_take_edge(void *ctx, const tv_edge_ref *edge) {
  graph_edges *edges = ctx;
  edges->from[edges->n] = edge->from;
  edges->to[edges->n++] = edge->to;
  return 0;
}

static int file_edges(graph_store *store, graph_edges *edges, const char *path) {
  tv_graph_stat stat;
  graph_store_must(store, tv_graph_stat_get(store->graph, &stat), "counting the graph");
  if (stat.edges == 0) return file_fail(path, "has no edges");
  if (stat.node_ids >= UINT32_MAX || stat.edges >= UINT32_MAX)
    return file_fail(path, "has 2^32 nodes or edges or more, too many for the rows in memory");
  edges->nodes = (uint32_t)stat.node_ids;
  edges->from = heap_take((size_t)stat.edges * sizeof *edges->from);
  edges->to = heap_take((size_t)stat.edges * sizeof *edges->to);
  graph_store_must(store, tv_graph_edges(store->graph, NULL, file_take_edge, edges),
                   "reading edges");
  return 0;
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
  int rc = file_into_store(store, file);
  if (rc == 0) rc = file_edges(store, &bench->edges, file->path);
  if (rc != 0) return rc;
  graph_csr_build(&bench->csr, &bench->edges);
  return file_starts(bench, store, file->start);
}

/* ---- Results ---- */

static const char *file_key(graph_store *store, tv_node node, char *out, size_t size) {
  tv_slice key = {"", 0};
  graph_store_must(store, tv_graph_node_key(store->graph, node, &key), "naming a node");
  snprintf(out, size, "%.*s", (int)(key.size < 40 ? key.size : 40), (const char *)key.data);
  return out;
}

static void file_levels_result(graph_bench *bench, graph_store *store) {
  uint32_t *levels = heap_take((size_t)(store->ids + 1) * sizeof *levels);
  uint64_t reached = 0, sum = 0, deepest = 0, i;
  char key[64], counts[2][TERM_UNIT_BYTES];
  graph_store_must(
      store,
      tv_graph_levels(store->graph, NULL, bench->starts[0], TV_OUT, levels, NULL, store->ids),
      "BFS");
  for (i = 0; i < store->ids; i++) {
    if (levels[i] == TV_LEVEL_NONE) continue;
    reached++;
    sum += levels[i];
    if (levels[i] > deepest) deepest = levels[i];
  }
  paired_report_setting(bench->report, "BFS",
                        "from %s: %s nodes reached, the farthest after %" PRIu64
                        " steps, sum of distances %s",
                        file_key(store, bench->starts[0], key, sizeof key),
                        term_count(counts[0], reached), deepest, term_count(counts[1], sum));
  free(levels);
}

static void file_ranks_result(graph_bench *bench, graph_store *store) {
  double *ranks = heap_take((size_t)(store->ids + 1) * sizeof *ranks);
  char text[400] = "";
  size_t top;
  graph_store_must(
      store,
      tv_graph_pagerank(store->graph, NULL, 0.85, GRAPH_RANK_ROUNDS, NULL, ranks, store->ids),
      "PageRank");
  for (top = 0; top < FILE_TOP && top < store->ids; top++) {
    uint64_t best = 0, i;
    char key[64];
    for (i = 1; i < store->ids; i++)
      if (ranks[i] > ranks[best]) best = i;
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s %.6f", top > 0 ? ", " : "",
             file_key(store, best, key, sizeof key), ranks[best]);
    ranks[best] = -1;
  }
  paired_report_setting(bench->report, "PageRank", "%d rounds, highest: %s", GRAPH_RANK_ROUNDS,
                        text);
  free(ranks);
}

static void file_components_result(graph_bench *bench, graph_store *store) {
  tv_node *components = heap_take((size_t)(store->ids + 1) * sizeof *components);
  uint64_t *sizes = heap_take((size_t)(store->ids + 1) * sizeof *sizes), count, largest = 0, i;
  char counts[2][TERM_UNIT_BYTES];
  graph_store_must(store, tv_graph_components(store->graph, NULL, components, store->ids, &count),
                   "components");
  for (i = 0; i < store->ids; i++)
    if (components[i] != TV_NODE_NONE && ++sizes[components[i]] > largest)
      largest = sizes[components[i]];
  paired_report_setting(bench->report, "components", "%s weakly connected, the largest of %s nodes",
                        term_count(counts[0], count), term_count(counts[1], largest));
  free(components);
  free(sizes);
}

void graph_file_results(graph_bench *bench, graph_store *store) {
  char count[TERM_UNIT_BYTES];
  uint64_t triangles;
  if (interrupt_seen()) return;
  file_levels_result(bench, store);
  file_ranks_result(bench, store);
  file_components_result(bench, store);
  graph_store_must(store, tv_graph_triangles(store->graph, NULL, &triangles), "triangles");
  paired_report_setting(bench->report, "triangles", "%s, directions and repeated edges aside",
                        term_count(count, triangles));
}
