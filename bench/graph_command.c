/* SPDX-License-Identifier: MIT */
/*
 * `trivet-bench graph`: whole-graph algorithms from the store beside the same algorithms on
 * compressed sparse rows in memory, on a Kronecker graph. The store's side runs in a read
 * transaction: as it stands, just opened, and with a hundredth of the edges still in the delta.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arguments.h"
#include "clock.h"
#include "graph_bench.h"
#include "interrupt.h"
#include "kv_bench.h"
#include "paired_report.h"
#include "scratch.h"
#include "tool_heap.h"
#include "trivet_graph_algo.h"

#define GRAPH_SCALE_DEFAULT 18
#define GRAPH_STARTS 8
#define GRAPH_RANK_ROUNDS 20
#define GRAPH_HOPS 2000

typedef enum graph_kernel {
  GRAPH_BFS = 0,
  GRAPH_PAGERANK,
  GRAPH_COMPONENTS,
  GRAPH_TRIANGLES,
  GRAPH_KERNELS
} graph_kernel;

static const char *const graph_kernel_names[GRAPH_KERNELS] = {"BFS", "PageRank", "components",
                                                              "triangles"};

typedef struct graph_run {
  char path[1200];
  tv_db *db;
  tv_txn *txn;
  tv_graph *graph;
  uint64_t ids;
  graph_csr csr;
  uint32_t starts[GRAPH_STARTS];
  uint32_t *levels, *tree;
  tv_node *components;
  double *ranks;
  unsigned threads;
  int reopen; /* 1: the file is opened anew before each run */
  paired_report *report;
  double load_ns, bytes;
} graph_run;

typedef struct graph_side {
  graph_run *run;
  graph_kernel kernel;
} graph_side;

static void graph_must(graph_run *run, int status, const char *what) {
  if (status >= 0) return;
  heap_stop("%s: %s: %s", what, tv_status_name(status),
            run->txn != NULL ? tv_txn_error(run->txn)->message : "");
}

static void graph_begin(graph_run *run, unsigned mode) {
  tv_error err;
  tv_graph_stat stat;
  if (tv_begin(run->db, mode, &run->txn, &err) != TV_OK) heap_stop("%s", err.message);
  graph_must(run, tv_graph_open(run->txn, "g", mode == TV_WRITE ? TV_CREATE : 0, &run->graph),
             "opening the graph");
  graph_must(run, tv_graph_stat_get(run->graph, &stat), "counting the graph");
  run->ids = stat.node_ids;
}

static void graph_end(graph_run *run) {
  tv_error err;
  if (tv_txn_is_write(run->txn)) {
    if (tv_commit(run->txn, &err) != TV_OK) heap_stop("%s", err.message);
  } else {
    tv_abort(run->txn);
  }
  run->txn = NULL;
}

static void graph_open_file(graph_run *run) {
  tv_error err;
  if (tv_open(run->path, NULL, &run->db, &err) != TV_OK) heap_stop("%s", err.message);
}

static void graph_close_file(graph_run *run) {
  tv_error err;
  if (tv_close(run->db, &err) != TV_OK) heap_stop("%s", err.message);
}

/* ---- Loading ---- */

/* Nodes first, then the edges that go to segments at once, then those that stay in the delta. */
static void graph_load(graph_run *run, const graph_edges *edges, uint64_t in_delta) {
  uint64_t started = clock_ns(), bulk = edges->n - in_delta, i;
  tv_graph_stat before, after;
  char key[16];
  graph_open_file(run);
  graph_begin(run, TV_WRITE);
  for (i = 0; i < edges->nodes; i++) {
    snprintf(key, sizeof key, "%" PRIu64, i);
    graph_must(run, tv_graph_node_put(run->graph, tv_str(key), NULL, NULL), "adding a node");
  }
  graph_must(run, tv_graph_stat_get(run->graph, &before), "counting the graph");
  graph_must(run, tv_graph_edges_load(run->graph, "e", bulk, edges->from, edges->to, NULL),
             "loading edges");
  graph_must(run, tv_graph_stat_get(run->graph, &after), "counting the graph");
  run->bytes = (double)(after.bytes - before.bytes) / (double)bulk;
  for (i = bulk; i < edges->n; i++)
    graph_must(run, tv_graph_edge_add(run->graph, edges->from[i], edges->to[i], "e", 0, NULL, NULL),
               "adding an edge");
  graph_end(run);
  run->load_ns = (double)(clock_ns() - started) / (double)edges->n;
  graph_begin(run, TV_READ);
}

/* A hundredth of the edges, spread evenly, goes to the end of the arrays. */
static uint64_t graph_put_last(graph_edges *edges) {
  uint64_t kept = 0, n = 0, i;
  uint64_t *from = heap_take((size_t)(edges->n / 100 + 2) * sizeof *from);
  uint64_t *to = heap_take((size_t)(edges->n / 100 + 2) * sizeof *to);
  for (i = 0; i < edges->n; i++) {
    if (i % 100 == 50) {
      from[n] = edges->from[i];
      to[n++] = edges->to[i];
    } else {
      edges->from[kept] = edges->from[i];
      edges->to[kept++] = edges->to[i];
    }
  }
  for (i = 0; i < n; i++) {
    edges->from[kept + i] = from[i];
    edges->to[kept + i] = to[i];
  }
  free(from);
  free(to);
  return n;
}

/* ---- Kernels ---- */

static uint64_t graph_digest_levels(const graph_run *run, uint64_t sum) {
  uint32_t i;
  for (i = 0; i < run->csr.nodes; i++)
    sum = sum * 31 + (run->levels[i] == UINT32_MAX ? 0 : run->levels[i] + 1);
  return sum;
}

/* Six digits of a weighted sum: the order of additions may differ. */
static uint64_t graph_digest_ranks(const graph_run *run) {
  double sum = 0;
  uint32_t i;
  for (i = 0; i < run->csr.nodes; i++) sum += run->ranks[i] * (i % 7 + 1);
  return (uint64_t)(sum * 1e6 + 0.5);
}

static int graph_run_store(void *ctx, unsigned round, uint64_t *answer, char *why) {
  const graph_side *side = ctx;
  graph_run *run = side->run;
  tv_algorithm_options options = {.threads = run->threads};
  int status = TV_OK, i;
  (void)round;
  *answer = 0;
  switch (side->kernel) {
    case GRAPH_BFS:
      for (i = 0; i < GRAPH_STARTS && status == TV_OK; i++) {
        status = tv_graph_levels(run->graph, &options, run->starts[i], TV_OUT, run->levels, NULL,
                                 run->ids);
        *answer = graph_digest_levels(run, *answer);
      }
      break;
    case GRAPH_PAGERANK:
      status = tv_graph_pagerank(run->graph, &options, 0.85, GRAPH_RANK_ROUNDS, NULL, run->ranks,
                                 run->ids);
      *answer = graph_digest_ranks(run);
      break;
    case GRAPH_COMPONENTS:
      status = tv_graph_components(run->graph, &options, run->components, run->ids, answer);
      break;
    default:
      status = tv_graph_triangles(run->graph, &options, answer);
  }
  if (status == TV_OK) return 0;
  snprintf(why, PAIRED_TEXT_BYTES, "%s", tv_txn_error(run->txn)->message);
  return -1;
}

static int graph_run_csr(void *ctx, unsigned round, uint64_t *answer, char *why) {
  const graph_side *side = ctx;
  graph_run *run = side->run;
  int i;
  (void)round;
  (void)why;
  *answer = 0;
  switch (side->kernel) {
    case GRAPH_BFS:
      for (i = 0; i < GRAPH_STARTS; i++) {
        graph_csr_levels(&run->csr, run->starts[i], run->levels);
        *answer = graph_digest_levels(run, *answer);
      }
      break;
    case GRAPH_PAGERANK:
      graph_csr_pagerank(&run->csr, GRAPH_RANK_ROUNDS, run->ranks);
      *answer = graph_digest_ranks(run);
      break;
    case GRAPH_COMPONENTS:
      *answer = graph_csr_components(&run->csr, run->tree);
      break;
    default:
      *answer = graph_csr_triangles(&run->csr);
  }
  return 0;
}

static int graph_prepare(void *ctx, unsigned round, char *why) {
  graph_run *run = ((graph_side *)ctx)->run;
  (void)round;
  (void)why;
  if (!run->reopen) return 0;
  graph_end(run);
  graph_close_file(run);
  graph_open_file(run);
  graph_begin(run, TV_READ);
  return 0;
}

/* One kernel beside the baseline. Returns 1 when interrupted. */
static int graph_measure(graph_run *run, graph_kernel kernel, const char *state, double slower) {
  graph_side side = {run, kernel};
  char name[96];
  paired_plan plan = {0};
  paired_result result;
  snprintf(name, sizeof name, "%s, %s", graph_kernel_names[kernel], state);
  plan.name = name;
  plan.operation = kernel == GRAPH_BFS ? "search" : "run";
  plan.operations = kernel == GRAPH_BFS ? GRAPH_STARTS : 1;
  plan.rounds_min = kernel == GRAPH_TRIANGLES ? 3 : 7;
  plan.bar_kind = PAIRED_AT_LEAST;
  plan.bar = 1 / slower;
  plan.sides = 2;
  plan.side[0] = (paired_side){"trivet", graph_prepare, graph_run_store, NULL, &side};
  plan.side[1] = (paired_side){"in memory", NULL, graph_run_csr, NULL, &side};
  paired_run(&plan, &result);
  paired_report_add(run->report, &result);
  return result.state == PAIRED_INTERRUPTED;
}

static int graph_measure_all(graph_run *run, const char *state, double slower) {
  int kernel, stop = 0;
  for (kernel = 0; kernel < GRAPH_KERNELS && !stop; kernel++)
    stop = graph_measure(run, (graph_kernel)kernel, state, slower);
  return stop;
}

/* ---- Single figures ---- */

static int graph_compare_times(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static int graph_count_edge(void *ctx, const tv_edge_ref *edge) {
  *(uint64_t *)ctx += edge->to;
  return 0;
}

/* The median over random nodes of one question, in microseconds. */
static double graph_hops(graph_run *run, unsigned depth) {
  static const tv_types all = {0, NULL};
  double *times = heap_take(GRAPH_HOPS * sizeof *times), median;
  uint64_t state = 7, found = 0;
  int i;
  for (i = 0; i < GRAPH_HOPS; i++) {
    uint64_t started;
    char key[16];
    tv_node node;
    snprintf(key, sizeof key, "%" PRIu64, kv_random_below(&state, run->csr.nodes));
    started = clock_ns();
    graph_must(run, tv_graph_node_find(run->graph, tv_str(key), &node), "finding a node");
    if (depth == 1)
      graph_must(run, tv_graph_edges_at(run->graph, node, TV_OUT, all, graph_count_edge, &found),
                 "one hop");
    else
      graph_must(run, tv_graph_khop_count(run->graph, node, TV_OUT, all, depth, NULL, &found),
                 "hops");
    times[i] = (double)(clock_ns() - started) / 1000;
  }
  qsort(times, GRAPH_HOPS, sizeof *times, graph_compare_times);
  median = times[GRAPH_HOPS / 2];
  free(times);
  return median;
}

static void graph_figure(graph_run *run, const char *name, double figure, paired_bar kind,
                         double bar) {
  paired_plan plan = {.name = name, .operation = "", .bar_kind = kind, .bar = bar};
  paired_result result;
  plan.sides = 1;
  plan.side[0].name = "trivet";
  paired_count(&plan, PAIRED_COUNT, figure, 0, &result);
  paired_report_add(run->report, &result);
}

/* ---- The command ---- */

static void graph_arrays(graph_run *run, uint64_t seed) {
  size_t n = (size_t)run->csr.nodes + 1;
  int i;
  run->levels = heap_take(n * sizeof *run->levels);
  run->tree = heap_take(n * sizeof *run->tree);
  run->components = heap_take(n * sizeof *run->components);
  run->ranks = heap_take(n * sizeof *run->ranks);
  for (i = 0; i < GRAPH_STARTS; i++) {
    do run->starts[i] = (uint32_t)kv_random_below(&seed, run->csr.nodes);
    while (run->csr.out_at[run->starts[i]] == run->csr.out_at[run->starts[i] + 1]);
  }
}

static void graph_run_all(graph_run *run, graph_edges *edges, uint64_t seed) {
  uint64_t delta;
  char *folder = run->path;
  int stop;
  scratch_subfolder(folder, sizeof run->path - 16, scratch_folder(1), "graph");
  snprintf(folder + tv_str(folder).size, 16, "/bulk.tv");
  graph_csr_build(&run->csr, edges);
  graph_arrays(run, seed);
  graph_load(run, edges, 0);
  graph_figure(run, "load of nodes and edges, million edges per second", 1000 / run->load_ns,
               PAIRED_NO_BAR, 0);
  graph_figure(run, "bytes per edge, both directions", run->bytes, PAIRED_AT_MOST, 16);
  graph_figure(run, "one hop by key, microseconds", graph_hops(run, 1), PAIRED_AT_MOST, 3);
  graph_figure(run, "two hops distinct, microseconds", graph_hops(run, 2), PAIRED_AT_MOST, 150);
  stop = graph_measure_all(run, "warm", 1.3);
  run->reopen = 1;
  if (!stop) stop = graph_measure_all(run, "just opened", 1.6);
  run->reopen = 0;
  graph_end(run);
  graph_close_file(run);
  if (stop) return;
  scratch_subfolder(folder, sizeof run->path - 16, scratch_folder(1), "graph");
  snprintf(folder + tv_str(folder).size, 16, "/delta.tv");
  delta = graph_put_last(edges);
  graph_load(run, edges, delta);
  graph_measure_all(run, "1 % in the delta", 2);
  graph_end(run);
  graph_close_file(run);
}

int graph_command(int argc, char **argv) {
  uint64_t scale = GRAPH_SCALE_DEFAULT, seed = 1;
  const char *json = NULL;
  int bars = 0, status;
  argument_option options[] = {
      {"--scale", ARGUMENT_NUMBER, &scale, "N", "2^N nodes (4 to 24; default 18)"},
      {"--json", ARGUMENT_TEXT, &json, "FILE", "write every sample there"},
      {"--bars", ARGUMENT_FLAG, &bars, NULL, "print only ok|short, measure, ratio, bar"},
      {"--seed", ARGUMENT_NUMBER, &seed, "S", "of the random numbers (default 1)"},
  };
  graph_run run = {.threads = 1};
  graph_edges edges;
  paired_report report;
  char command[512];
  int parsed = arguments_parse("trivet-bench graph",
                               "Algorithms over a whole graph beside the same in memory.", options,
                               sizeof options / sizeof options[0], argc, argv);
  if (parsed != 0) return parsed < 0 ? 2 : 0;
  if (scale < 4 || scale > 24) {
    fprintf(stderr, "trivet-bench graph: --scale takes a number from 4 to 24\n");
    return 2;
  }
  run.report = &report;
  paired_report_begin(&report, arguments_joined(command, sizeof command, argc, argv));
  interrupt_arm();
  graph_kronecker(&edges, (unsigned)scale, seed);
  paired_report_setting(&report, "graph",
                        "Kronecker, scale %u: %u nodes, %" PRIu64 " edges, seed %" PRIu64,
                        (unsigned)scale, (unsigned)edges.nodes, edges.n, seed);
  paired_report_setting(&report, "method",
                        "alternating runs in one process, one thread, medians; "
                        "ratio above 1: the store is faster than memory");
  graph_run_all(&run, &edges, seed);
  report.interrupted = interrupt_seen();
  if (bars)
    paired_report_bars(&report, stdout);
  else
    paired_report_table(&report, stdout);
  status = paired_report_status(&report);
  if (json != NULL && paired_report_json(&report, json) != 0 && status == 0) status = 1;
  paired_report_free(&report);
  graph_edges_free(&edges);
  graph_csr_free(&run.csr);
  free(run.levels);
  free(run.tree);
  free(run.components);
  free(run.ranks);
  return status;
}
