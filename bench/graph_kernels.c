/* SPDX-License-Identifier: MIT */
/*
 * Kernels from the store beside the same on compressed sparse rows in memory and by
 * SuiteSparse:GraphBLAS. Results of all are compared outside the time: a digest within it, as
 * searches often have in benchmarks, would be the same work on all sides and draw ratios to 1.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph_run.h"
#include "interrupt.h"
#include "peer_graphblas.h"
#include "tool_heap.h"

const char *const graph_kernel_names[GRAPH_KERNELS] = {"BFS", "PageRank", "components", "SSSP",
                                                       "triangles"};

/* LDBC Graphalytics' tolerance for ranks. */
#define KERNEL_RANK_TOLERANCE 1e-4
/* Sums of decimal fractions in binary ones; whole weights have exact sums. */
#define KERNEL_SUM_TOLERANCE 1e-9

/* What one kernel's sides have in common. */
typedef struct kernel_run {
  graph_bench *bench;
  graph_store *store;
  graph_team *team;
  graph_kernel kernel;
  unsigned threads;
  int reopen;
  uint32_t *far[GRAPH_SEARCHES]; /* levels or distances of each start */
  double *reals[GRAPH_SEARCHES]; /* the store's distances; [0] also ranks */
  double *ranks;                 /* the baseline's, to compare with */
  uint32_t *tree;
  tv_node *components;
  uint64_t count;
} kernel_run;

static int kernel_searches(graph_kernel kernel) {
  return kernel == GRAPH_BFS || kernel == GRAPH_SSSP ? GRAPH_SEARCHES : 1;
}

/* ---- Digests ---- */

static uint64_t kernel_digest_far(const kernel_run *run) {
  uint64_t sum = 0;
  uint32_t i;
  int s;
  for (s = 0; s < GRAPH_SEARCHES; s++)
    for (i = 0; i < run->bench->csr.nodes; i++)
      sum = sum * 31 + (run->far[s][i] == GRAPH_FAR ? 0 : (uint64_t)run->far[s][i] + 1);
  return sum;
}

/* Distances of the store are doubles: whole numbers once they are scaled as those in memory are. */
static uint64_t kernel_digest_reals(const kernel_run *run) {
  uint64_t sum = 0;
  uint32_t i;
  int s;
  for (s = 0; s < GRAPH_SEARCHES; s++)
    for (i = 0; i < run->bench->csr.nodes; i++) {
      double d = run->reals[s][i] * run->bench->weight_scale, whole = floor(d + 0.5);
      if (isfinite(d) && !(d >= 0 && fabs(d - whole) <= KERNEL_SUM_TOLERANCE * (1 + d))) return 0;
      sum = sum * 31 + (isfinite(d) ? (uint64_t)whole + 1 : 0);
    }
  return sum;
}

/* 1: all ranks are the baseline's within the tolerance; else 2 and more, the first that is not. */
static uint64_t kernel_compare_ranks(const kernel_run *run) {
  uint32_t i;
  for (i = 0; i < run->bench->csr.nodes; i++)
    if (!(fabs(run->reals[0][i] - run->ranks[i]) <= KERNEL_RANK_TOLERANCE * run->ranks[i]))
      return (uint64_t)i + 2;
  return 1;
}

static uint64_t kernel_digest_components(const kernel_run *run, int of_store) {
  uint64_t sum = 0;
  uint32_t i;
  for (i = 0; i < run->bench->csr.nodes; i++)
    sum = sum * 31 + (of_store ? run->components[i] : run->tree[i]);
  return sum * 31 + run->count;
}

static uint64_t kernel_digest(const kernel_run *run, int of_store) {
  switch (run->kernel) {
    case GRAPH_BFS:
      return kernel_digest_far(run);
    case GRAPH_SSSP:
      return of_store ? kernel_digest_reals(run) : kernel_digest_far(run);
    case GRAPH_PAGERANK:
      return kernel_compare_ranks(run);
    case GRAPH_COMPONENTS:
      return kernel_digest_components(run, of_store);
    default:
      return run->count;
  }
}

static int kernel_answer_store(void *ctx, unsigned round, uint64_t *answer, char *why) {
  (void)round, (void)why;
  *answer = kernel_digest(ctx, 1);
  return 0;
}

static int kernel_answer_other(void *ctx, unsigned round, uint64_t *answer, char *why) {
  (void)round, (void)why;
  *answer = kernel_digest(ctx, 0);
  return 0;
}

/* ---- The store ---- */

static int kernel_interrupted(void *ctx) {
  (void)ctx;
  return interrupt_seen();
}

static int kernel_store(kernel_run *run) {
  tv_algorithm_options options = {.threads = run->threads};
  tv_graph *graph = run->store->graph;
  uint64_t ids = run->store->ids;
  int status = TV_OK, s;
  options.limits.interrupted = kernel_interrupted;
  switch (run->kernel) {
    case GRAPH_BFS:
      for (s = 0; s < GRAPH_SEARCHES && status == TV_OK; s++)
        status =
            tv_graph_levels(graph, &options, run->bench->starts[s], TV_OUT, run->far[s], NULL, ids);
      return status;
    case GRAPH_SSSP:
      for (s = 0; s < GRAPH_SEARCHES && status == TV_OK; s++)
        status = tv_graph_distances(graph, &options, run->bench->starts[s], TV_OUT,
                                    run->bench->weight, run->reals[s], NULL, ids);
      return status;
    case GRAPH_PAGERANK:
      return tv_graph_pagerank(graph, &options, 0.85, GRAPH_RANK_ROUNDS, NULL, run->reals[0], ids);
    case GRAPH_COMPONENTS:
      return tv_graph_components(graph, &options, run->components, ids, &run->count);
    default:
      return tv_graph_triangles(graph, &options, &run->count);
  }
}

static int kernel_run_store(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kernel_run *run = ctx;
  (void)round, (void)answer;
  if (kernel_store(run) == TV_OK) return 0;
  snprintf(why, PAIRED_TEXT_BYTES, "%s", tv_txn_error(run->store->txn)->message);
  return -1;
}

/* What a run leaves is overwritten before the next one, which so cannot pass with it. */
static int kernel_prepare_other(void *ctx, unsigned round, char *why) {
  kernel_run *run = ctx;
  size_t n = run->bench->csr.nodes;
  int s;
  (void)round, (void)why;
  for (s = 0; s < kernel_searches(run->kernel); s++) {
    memset(run->far[s], 0x55, n * sizeof *run->far[s]);
    memset(run->reals[s], 0x55, n * sizeof *run->reals[s]);
  }
  memset(run->tree, 0x55, n * sizeof *run->tree);
  memset(run->components, 0x55, n * sizeof *run->components);
  run->count = 0;
  return 0;
}

/* The page cache keeps the file; the process maps it anew. */
static int kernel_prepare_store(void *ctx, unsigned round, char *why) {
  kernel_run *run = ctx;
  if (run->reopen) {
    graph_store_close(run->store);
    graph_store_open(run->store);
    graph_store_begin(run->store, TV_READ);
  }
  return kernel_prepare_other(ctx, round, why);
}

/* ---- The others ---- */

static int kernel_run_csr(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kernel_run *run = ctx;
  const graph_csr *csr = &run->bench->csr;
  int s;
  (void)round, (void)answer, (void)why;
  switch (run->kernel) {
    case GRAPH_BFS:
      for (s = 0; s < GRAPH_SEARCHES; s++)
        graph_csr_levels(csr, run->team, run->bench->starts[s], run->far[s]);
      break;
    case GRAPH_SSSP:
      for (s = 0; s < GRAPH_SEARCHES; s++)
        graph_csr_distances(csr, run->team, run->bench->starts[s], run->far[s]);
      break;
    case GRAPH_PAGERANK:
      graph_csr_pagerank(csr, run->team, GRAPH_RANK_ROUNDS, run->reals[0]);
      break;
    case GRAPH_COMPONENTS:
      run->count = graph_csr_components(csr, run->team, run->tree);
      break;
    default:
      run->count = graph_csr_triangles(csr, run->team);
  }
  return 0;
}

static int kernel_run_graphblas(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kernel_run *run = ctx;
  int rc = 0;
  unsigned s;
  (void)round, (void)answer;
  switch (run->kernel) {
    case GRAPH_BFS:
      for (s = 0; s < GRAPH_SEARCHES && rc == 0; s++)
        rc = graphblas_levels(s, run->bench->starts[s]);
      break;
    case GRAPH_SSSP:
      for (s = 0; s < GRAPH_SEARCHES && rc == 0; s++)
        rc = graphblas_distances(s, run->bench->starts[s]);
      break;
    case GRAPH_PAGERANK:
      rc = graphblas_pagerank(GRAPH_RANK_ROUNDS);
      break;
    case GRAPH_COMPONENTS:
      rc = graphblas_components();
      break;
    default:
      rc = graphblas_triangles(&run->count);
  }
  if (rc != 0) snprintf(why, PAIRED_TEXT_BYTES, "%s", graphblas_error());
  return rc;
}

static int kernel_answer_graphblas(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kernel_run *run = ctx;
  int rc = 0;
  unsigned s;
  (void)round;
  if (run->kernel == GRAPH_BFS || run->kernel == GRAPH_SSSP)
    for (s = 0; s < GRAPH_SEARCHES && rc == 0; s++) rc = graphblas_take_far(s, run->far[s]);
  if (run->kernel == GRAPH_PAGERANK) rc = graphblas_take_ranks(run->reals[0]);
  if (run->kernel == GRAPH_COMPONENTS) rc = graphblas_take_components(run->tree, &run->count);
  if (rc != 0) snprintf(why, PAIRED_TEXT_BYTES, "%s", graphblas_error());
  *answer = kernel_digest(run, 0);
  return rc;
}

/* ---- One measure ---- */

static void kernel_arrays(kernel_run *run) {
  size_t n = (size_t)run->bench->csr.nodes + 1;
  int s;
  for (s = 0; s < GRAPH_SEARCHES; s++) {
    run->far[s] = heap_take(n * sizeof *run->far[s]);
    run->reals[s] = heap_take(n * sizeof *run->reals[s]);
  }
  run->ranks = heap_take(n * sizeof *run->ranks);
  run->tree = heap_take(n * sizeof *run->tree);
  run->components = heap_take(n * sizeof *run->components);
}

static void kernel_arrays_free(kernel_run *run) {
  int s;
  for (s = 0; s < GRAPH_SEARCHES; s++) {
    free(run->far[s]);
    free(run->reals[s]);
  }
  free(run->ranks);
  free(run->tree);
  free(run->components);
}

static void kernel_measure(kernel_run *run, const char *state, int all_peers, double bar) {
  char name[96];
  paired_plan plan = {.name = name, .kind = PAIRED_TIME, .bar = bar};
  if (bar > 0) plan.bar_kind = PAIRED_AT_MOST;
  snprintf(name, sizeof name, "%s, %s, %u thread%s", graph_kernel_names[run->kernel], state,
           run->threads, run->threads == 1 ? "" : "s");
  plan.operation = kernel_searches(run->kernel) > 1 ? "search" : "run";
  plan.operations = (uint64_t)kernel_searches(run->kernel);
  plan.own_time = run->threads == 1; /* nothing waits: what others do on the machine counts less */
  plan.rounds_min = run->kernel == GRAPH_TRIANGLES ? 3 : 7;
  plan.rounds_max = 31;
  plan.budget_ns = UINT64_C(1500000000);
  plan.sides = 2;
  plan.side[0] =
      (paired_side){"trivet", kernel_prepare_store, kernel_run_store, kernel_answer_store, run};
  plan.side[1] =
      (paired_side){"in memory", kernel_prepare_other, kernel_run_csr, kernel_answer_other, run};
  if (all_peers)
    plan.side[plan.sides++] = (paired_side){"GraphBLAS", kernel_prepare_other, kernel_run_graphblas,
                                            kernel_answer_graphblas, run};
  graph_measure(run->bench, &plan);
}

void graph_measure_kernels(graph_bench *bench, graph_store *store, const char *state, int reopen,
                           int all_peers, double bar) {
  kernel_run run = {.bench = bench, .store = store, .reopen = reopen};
  size_t t;
  int kernel;
  kernel_arrays(&run);
  for (t = 0; t < bench->threads_n; t++) {
    run.threads = bench->threads[t];
    run.team = graph_team_make(run.threads);
    if (all_peers) graphblas_threads(run.threads);
    if (!interrupt_seen()) graph_csr_pagerank(&bench->csr, run.team, GRAPH_RANK_ROUNDS, run.ranks);
    for (kernel = 0; kernel < GRAPH_KERNELS; kernel++) {
      if (kernel == GRAPH_SSSP && bench->csr.arcs == NULL) continue; /* without weights */
      run.kernel = (graph_kernel)kernel;
      kernel_measure(&run, state, all_peers, bar);
    }
    graph_team_free(run.team);
  }
  kernel_arrays_free(&run);
}

void graph_kernel_on_store(graph_bench *bench, graph_store *store, graph_kernel kernel) {
  kernel_run run = {.bench = bench, .store = store, .kernel = kernel, .threads = 1};
  kernel_arrays(&run);
  if (!interrupt_seen()) graph_store_must(store, kernel_store(&run), graph_kernel_names[kernel]);
  kernel_arrays_free(&run);
}
