/* SPDX-License-Identifier: MIT */
/*
 * `trivet-bench graph`: whole-graph kernels from the store beside the same in memory and by
 * GraphBLAS, and what a store does beyond them: hops, loads, commits. Options, order of the
 * measures, output.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arguments.h"
#include "graph_run.h"
#include "interrupt.h"
#include "kv_bench.h"
#include "peer_graphblas.h"
#include "scratch.h"
#include "terminal.h"
#include "tool_heap.h"

#define GRAPH_SCALE_DEFAULT 18
#define GRAPH_SCALE_LEAST 4
#define GRAPH_SCALE_MOST 24

typedef struct graph_arguments {
  uint64_t scale, seed;
  const char *json, *threads, *peers;
  int bars;
  graph_file file; /* path NULL: a Kronecker graph */
} graph_arguments;

static int graph_wrong(const char *what) {
  fprintf(stderr, "trivet-bench graph: %s\n", what);
  return -1;
}

/* What only one of the two kinds of run takes. Returns 0, or -1 after saying what is wrong. */
static int graph_arguments_check(const graph_arguments *a) {
  if (a->scale != 0 && (a->scale < GRAPH_SCALE_LEAST || a->scale > GRAPH_SCALE_MOST))
    return graph_wrong("--scale takes a number from 4 to 24");
  if (a->bars && a->peers != NULL)
    return graph_wrong("--bars is against the rows in memory: no --peers with it");
  if (a->peers != NULL && strcmp(a->peers, "graphblas") != 0 && strcmp(a->peers, "none") != 0)
    return graph_wrong("no such peer: --peers takes graphblas or none");
  if (a->file.path != NULL && (a->bars || a->scale != 0))
    return graph_wrong("--file measures that file: no --bars, no --scale with it");
  if (a->file.path == NULL && (a->file.weighted || a->file.format != NULL || a->file.start != NULL))
    return graph_wrong("--weighted, --format and --start go with --file");
  return 0;
}

static void graph_choose_peer(graph_bench *bench, const char *peers) {
  char version[128];
  if (bench->bars_only || (peers != NULL && strcmp(peers, "none") == 0)) return;
  bench->peers = graphblas_load(version, sizeof version) == 0;
  paired_report_setting(bench->report, "GraphBLAS", "%s%s%s",
                        bench->peers ? "SuiteSparse:GraphBLAS " : "", version,
                        bench->peers ? ", LAGraph's formulations of the kernels" : "");
  if (!bench->peers) fprintf(stderr, "trivet-bench graph: GraphBLAS: %s\n", version);
}

static void graph_peer_begin(graph_bench *bench) {
  if (bench->peers && !interrupt_seen() && graphblas_begin(&bench->csr) != 0)
    heap_stop("%s", graphblas_error());
}

static void graph_settings(const graph_bench *bench, const char *graph, int of_file) {
  char nodes[TERM_UNIT_BYTES], edges[TERM_UNIT_BYTES];
  paired_report_setting(bench->report, "graph", "%s: %s nodes, %s edges", graph,
                        term_count(nodes, bench->csr.nodes), term_count(edges, bench->csr.edges));
  paired_report_setting(bench->report, "method",
                        "alternating runs in one process, medians, results compared; ratio of "
                        "kernels: Trivet's time to that in memory%s",
                        of_file ? "" : ", of transactions: Trivet's speed to raw LMDB's");
}

/* ---- A Kronecker graph: everything ---- */

static void graph_generate(graph_bench *bench, unsigned scale) {
  char text[64];
  uint64_t state = bench->seed;
  size_t s;
  if (isatty(STDERR_FILENO)) fprintf(stderr, "\r\033[Kgenerating the graph ...");
  graph_kronecker(&bench->edges, scale, bench->seed);
  graph_csr_build(&bench->csr, &bench->edges);
  if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
  for (s = 0; s < GRAPH_SEARCHES; s++) do
      bench->starts[s] = (uint32_t)kv_random_below(&state, bench->csr.nodes);
    while (bench->csr.out_at[bench->starts[s]] == bench->csr.out_at[bench->starts[s] + 1]);
  snprintf(text, sizeof text, "Kronecker, scale %u, seed %" PRIu64, scale, bench->seed);
  graph_settings(bench, text, 0);
}

/* What it will take, from measured rates at scales 18 and 20. */
static void graph_estimate(const graph_bench *bench) {
  double million = (double)bench->csr.edges / 1e6, kernels = (double)bench->threads_n;
  double seconds = 12 + 6 * million + kernels * (12 + (bench->peers ? 14 : 8) * million);
  if (!isatty(STDERR_FILENO) || bench->csr.edges < GRAPH_EDGES_FEW) return;
  fprintf(stderr, "some %.0f %s; Ctrl-C keeps what is complete\n",
          seconds < 90 ? seconds : seconds / 60, seconds < 90 ? "seconds" : "minutes");
}

static void graph_run_generated(graph_bench *bench, unsigned scale) {
  graph_store store = {0};
  graph_generate(bench, scale);
  graph_estimate(bench);
  graph_peer_begin(bench);
  graph_measure_load(bench);
  graph_store_name(&store, "bulk");
  graph_store_fill(&store, &bench->edges, 0);
  graph_store_open(&store);
  graph_store_begin(&store, TV_READ);
  graph_measure_hops(bench, &store);
  graph_measure_kernels(bench, &store, "warm", 0, bench->peers, 1.3);
  if (bench->peers) graphblas_end();
  graph_measure_kernels(bench, &store, "just opened", 1, 0, 1.6);
  graph_store_close(&store);
  graph_measure_memory(bench, &store);
  graph_store_open(&store);
  graph_measure_commits(bench, &store);
  graph_store_close(&store);
  graph_store_name(&store, "delta");
  graph_store_fill(&store, &bench->edges, 1);
  graph_store_open(&store);
  graph_store_begin(&store, TV_READ);
  graph_measure_kernels(bench, &store, "1 % in the delta", 0, 0, 2);
  graph_store_close(&store);
}

/* ---- A file of the user's: the kernels ---- */

/* Returns 0, or -1 after saying what is wrong. */
static int graph_run_file(graph_bench *bench, const graph_file *file) {
  graph_store store = {0};
  int rc = graph_file_load(bench, &store, file);
  if (rc == 0) {
    graph_settings(bench, file->path, 1);
    graph_peer_begin(bench);
    graph_measure_kernels(bench, &store, "warm", 0, bench->peers, 0);
    graph_results(bench, &store);
    if (bench->peers) graphblas_end();
  }
  if (store.txn != NULL && tv_txn_is_write(store.txn)) { /* a load that ended early */
    tv_abort(store.txn);
    store.txn = NULL;
  }
  graph_store_close(&store);
  return rc < 0 ? -1 : 0;
}

/* ---- The command ---- */

static int graph_parse(graph_arguments *a, int argc, char **argv) {
  argument_option options[] = {
      {"--scale", ARGUMENT_NUMBER, &a->scale, "N", "a Kronecker graph of 2^N nodes (default 18)"},
      {"--file", ARGUMENT_TEXT, &a->file.path, "EDGES", "a graph of your own instead"},
      {"--weighted", ARGUMENT_FLAG, &a->file.weighted, NULL, "its lines carry weights"},
      {"--format", ARGUMENT_TEXT, &a->file.format, "F",
       "of it: snap, csv or mtx (default: guessed)"},
      {"--start", ARGUMENT_TEXT, &a->file.start, "KEY",
       "where searches begin (default: the node with most edges out)"},
      {"--threads", ARGUMENT_TEXT, &a->threads, "LIST", "threads of the kernels (default 1,2)"},
      {"--peers", ARGUMENT_TEXT, &a->peers, "P", "graphblas or none (default graphblas)"},
      {"--json", ARGUMENT_TEXT, &a->json, "FILE", "write every sample there"},
      {"--bars", ARGUMENT_FLAG, &a->bars, NULL, "print only ok|short, measure, ratio, bar"},
      {"--seed", ARGUMENT_NUMBER, &a->seed, "S", "of the random numbers (default 1)"},
  };
  return arguments_parse(
      "trivet-bench graph",
      "Kernels over whole graphs from the store, beside the same in memory; hops, loads, commits.",
      options, sizeof options / sizeof options[0], argc, argv);
}

static void graph_bench_free(graph_bench *bench) {
  graph_edges_free(&bench->edges);
  graph_csr_free(&bench->csr);
}

int graph_command(int argc, char **argv) {
  graph_arguments a = {.seed = 1};
  graph_bench bench = {0};
  paired_report report;
  char command[512];
  int status, parsed = graph_parse(&a, argc, argv);
  if (parsed != 0) return parsed < 0 ? 2 : 0;
  if (graph_arguments_check(&a) != 0) return 2;
  if (arguments_threads("trivet-bench graph", a.threads != NULL ? a.threads : "1,2", GRAPH_TEAM_MAX,
                        GRAPH_THREAD_COUNTS_MAX, bench.threads, &bench.threads_n) != 0)
    return 2;
  bench.seed = a.seed;
  bench.bars_only = a.bars;
  bench.weight = a.file.path == NULL ? GRAPH_WEIGHT : NULL;
  bench.weight_scale = 1;
  bench.report = &report;
  paired_report_begin(&report, arguments_joined(command, sizeof command, argc, argv));
  report.wide = 1;
  graph_choose_peer(&bench, a.peers);
  interrupt_arm();
  if (a.file.path == NULL) {
    graph_run_generated(&bench, (unsigned)(a.scale > 0 ? a.scale : GRAPH_SCALE_DEFAULT));
  } else if (graph_run_file(&bench, &a.file) != 0) {
    graph_bench_free(&bench);
    paired_report_free(&report);
    return 1;
  }
  report.interrupted = interrupt_seen();
  if (a.bars)
    paired_report_bars(&report, stdout);
  else
    paired_report_table(&report, stdout);
  status = paired_report_status(&report);
  if (a.json != NULL && paired_report_json(&report, a.json) != 0 && status == 0) status = 1;
  paired_report_free(&report);
  graph_bench_free(&bench);
  return status;
}
