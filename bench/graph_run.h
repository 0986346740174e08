/* SPDX-License-Identifier: MIT */
/* The parts of `trivet-bench graph`; graph_command.c puts them in order. */
#ifndef TRIVET_BENCH_GRAPH_RUN_H
#define TRIVET_BENCH_GRAPH_RUN_H

#include "graph_bench.h"
#include "paired_report.h"
#include "trivet_graph_algo.h"

#define GRAPH_THREAD_COUNTS_MAX 8
#define GRAPH_SEARCHES 8 /* starts of a run of BFS or SSSP */
#define GRAPH_RANK_ROUNDS 20
#define GRAPH_EDGES_FEW 10000 /* below, runs are only long enough to see that they work */
#define GRAPH_TYPE "e"
#define GRAPH_WEIGHT "weight"

typedef enum graph_kernel {
  GRAPH_BFS = 0,
  GRAPH_PAGERANK,
  GRAPH_COMPONENTS,
  GRAPH_SSSP,
  GRAPH_TRIANGLES,
  GRAPH_KERNELS
} graph_kernel;
extern const char *const graph_kernel_names[GRAPH_KERNELS];

/* ---- graph_store.c: a graph in a file of ours ---- */

typedef struct graph_store {
  char path[1200];
  tv_db *db;
  tv_txn *txn;     /* NULL: none is open */
  tv_graph *graph; /* of txn */
  uint64_t ids;
} graph_store;

/* Names a file in a scratch folder of its own; nothing is made. */
void graph_store_name(graph_store *store, const char *name);
/* All stop the program on a failure. */
void graph_store_open(graph_store *store);
void graph_store_close(graph_store *store);
void graph_store_begin(graph_store *store, unsigned mode);
void graph_store_end(graph_store *store); /* commits a write, ends a read */
void graph_store_must(const graph_store *store, int status, const char *what);
/* Makes the file: nodes 0 to nodes - 1, keyed by their decimal numbers, then the edges with their
 * weights in segments; some_in_delta: but every hundredth edge is added by itself. */
void graph_store_fill(graph_store *store, const graph_edges *edges, int some_in_delta);
/* The node with a decimal number as its key. */
tv_node graph_store_node(graph_store *store, uint64_t number);

/* ---- What all measures share ---- */

typedef struct graph_bench {
  uint64_t seed;
  int bars_only; /* 1: only measures that have a bar */
  int peers;     /* 1: SuiteSparse:GraphBLAS takes part */
  unsigned threads[GRAPH_THREAD_COUNTS_MAX];
  size_t threads_n;
  graph_edges edges;
  graph_csr csr;
  uint32_t starts[GRAPH_SEARCHES]; /* with edges out */
  const char *weight;              /* the store's property of edges; NULL: they have none */
  char weight_room[TV_NAME_BYTES_MAX + 1];
  double weight_scale; /* weights in memory are the store's times this, and whole */
  paired_report *report;
} graph_bench;

/* Runs the plan with a line of progress and adds its result to the report. After Ctrl-C nothing
 * runs and a measure with a bar is added as interrupted, so that --bars names all of them. */
void graph_measure(const graph_bench *bench, const paired_plan *plan);
/* The same for one number of ours. */
void graph_figure(const graph_bench *bench, const char *name, double figure, paired_bar kind,
                  double bar);
/* The median; sorts. */
double graph_median(double *numbers, size_t n);

/* ---- The measures; the store is open, in a read transaction ---- */

/* graph_kernels.c: every kernel beside the baseline. reopen: the file is opened anew before each
 * run. all_peers: GraphBLAS beside them. */
void graph_measure_kernels(graph_bench *bench, graph_store *store, const char *state, int reopen,
                           int all_peers, double bar);
/* Runs a kernel on the store on one thread, its searches from one start alone. Stops on failure. */
void graph_kernel_on_store(graph_bench *bench, graph_store *store, graph_kernel kernel);
/* graph_hops.c: questions about single nodes. */
void graph_measure_hops(graph_bench *bench, graph_store *store);
/* graph_load.c: CSV to file. */
void graph_measure_load(graph_bench *bench);
/* graph_commits.c: durable transactions beside raw LMDB's. They change the store. */
void graph_measure_commits(graph_bench *bench, graph_store *store);
/* graph_memory.c: what kernels take from the heap. Opens the store's file by itself. */
void graph_measure_memory(graph_bench *bench, const graph_store *filled);

/* ---- graph_file.c: a graph that the user brings ---- */

typedef struct graph_file {
  const char *path;
  const char *format; /* "snap", "csv", "mtx"; NULL: by what the file looks like */
  const char *start;  /* key of the node that searches begin at; NULL: that of the highest degree */
  int weighted;
} graph_file;

/* Loads the file into the store, which is left open in a read transaction, and makes bench->edges,
 * csr and starts from what the store then has. Returns 0, or -1 after saying what is wrong; 1:
 * interrupted. */
int graph_file_load(graph_bench *bench, graph_store *store, const graph_file *file);
/* graph_results.c: notes each kernel's result in the report. */
void graph_results(graph_bench *bench, graph_store *store);

int graph_command(int argc, char **argv);

#endif
