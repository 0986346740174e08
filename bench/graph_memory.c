/* SPDX-License-Identifier: MIT */
/*
 * What kernels take from the heap beside the arrays that the caller gives them, at its most, beside
 * the arrays of their own that trivet_graph_algo.h names. A copy of the graph would take 8 bytes
 * for each edge and direction, and show. Resident size was rejected: it holds the map's pages,
 * which belong to the page cache.
 */
#include <stdio.h>

#include "graph_run.h"
#include "heap_count.h"
#include "interrupt.h"

void graph_measure_memory(graph_bench *bench, const graph_store *filled) {
  double nodes = (double)bench->csr.nodes, edges = (double)bench->csr.edges;
  const double own[GRAPH_KERNELS] = {
      [GRAPH_BFS] = 4.5 * nodes,
      [GRAPH_PAGERANK] = 24 * nodes,
      [GRAPH_COMPONENTS] = 4 * nodes,
      [GRAPH_SSSP] = 12 * nodes,
      [GRAPH_TRIANGLES] = 24.2 * nodes + 4 * edges,
  };
  graph_store store = *filled;
  int kernel;
  if (!interrupt_seen()) {
    heap_count_begin();
    graph_store_open(&store);
  }
  for (kernel = 0; kernel < GRAPH_KERNELS; kernel++) {
    char name[96];
    double taken = 0;
    if (!interrupt_seen()) {
      long long before;
      graph_store_begin(&store, TV_READ);
      before = heap_count_bytes();
      heap_count_peak_reset();
      graph_kernel_on_store(bench, &store, (graph_kernel)kernel);
      taken = (double)(heap_count_peak() - before);
      graph_store_end(&store);
    }
    snprintf(name, sizeof name, "heap in %s, of its own arrays", graph_kernel_names[kernel]);
    graph_figure(bench, name, taken / own[kernel], PAIRED_AT_MOST, 1.1);
  }
  if (store.db != NULL) {
    graph_store_close(&store);
    heap_count_end();
  }
}
