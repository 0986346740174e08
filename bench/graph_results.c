/* SPDX-License-Identifier: MIT */
/*
 * What the kernels found in a user's graph, in numbers that another program can confirm. Digests
 * were rejected: nobody can check one by hand.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph_run.h"
#include "interrupt.h"
#include "terminal.h"
#include "tool_heap.h"

#define RESULTS_TOP 5 /* ranks shown */

static const char *results_key(graph_store *store, tv_node node, char *out, size_t size) {
  tv_slice key = {"", 0};
  graph_store_must(store, tv_graph_node_key(store->graph, node, &key), "naming a node");
  snprintf(out, size, "%.*s", (int)(key.size < 40 ? key.size : 40), (const char *)key.data);
  return out;
}

static void results_levels(graph_bench *bench, graph_store *store) {
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
  paired_report_note(bench->report, "BFS",
                     "from %s: %s nodes reached, the farthest after %" PRIu64
                     " steps, sum of distances %s",
                     results_key(store, bench->starts[0], key, sizeof key),
                     term_count(counts[0], reached), deepest, term_count(counts[1], sum));
  free(levels);
}

static void results_distances(graph_bench *bench, graph_store *store) {
  double *distances = heap_take((size_t)(store->ids + 1) * sizeof *distances), sum = 0,
         farthest = 0;
  uint64_t reached = 0, i;
  char key[64], count[TERM_UNIT_BYTES];
  graph_store_must(store,
                   tv_graph_distances(store->graph, NULL, bench->starts[0], TV_OUT, bench->weight,
                                      distances, NULL, store->ids),
                   "SSSP");
  for (i = 0; i < store->ids; i++) {
    if (!isfinite(distances[i])) continue;
    reached++;
    sum += distances[i];
    if (distances[i] > farthest) farthest = distances[i];
  }
  paired_report_note(bench->report, "SSSP",
                     "from %s: %s nodes reached, the farthest at %.12g, sum of distances %.12g",
                     results_key(store, bench->starts[0], key, sizeof key),
                     term_count(count, reached), farthest, sum);
  free(distances);
}

static void results_ranks(graph_bench *bench, graph_store *store) {
  double *ranks = heap_take((size_t)(store->ids + 1) * sizeof *ranks);
  char text[400] = "";
  size_t top;
  graph_store_must(
      store,
      tv_graph_pagerank(store->graph, NULL, 0.85, GRAPH_RANK_ROUNDS, NULL, ranks, store->ids),
      "PageRank");
  for (top = 0; top < RESULTS_TOP && top < store->ids; top++) {
    uint64_t best = 0, i;
    char key[64];
    for (i = 1; i < store->ids; i++)
      if (ranks[i] > ranks[best]) best = i;
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s %.6f", top > 0 ? ", " : "",
             results_key(store, best, key, sizeof key), ranks[best]);
    ranks[best] = -1;
  }
  paired_report_note(bench->report, "PageRank", "%d rounds, highest: %s", GRAPH_RANK_ROUNDS, text);
  free(ranks);
}

static void results_components(graph_bench *bench, graph_store *store) {
  tv_node *components = heap_take((size_t)(store->ids + 1) * sizeof *components);
  uint64_t *sizes = heap_take((size_t)(store->ids + 1) * sizeof *sizes), count, largest = 0, i;
  char counts[2][TERM_UNIT_BYTES];
  graph_store_must(store, tv_graph_components(store->graph, NULL, components, store->ids, &count),
                   "components");
  for (i = 0; i < store->ids; i++)
    if (components[i] != TV_NODE_NONE && ++sizes[components[i]] > largest)
      largest = sizes[components[i]];
  paired_report_note(bench->report, "components", "%s weakly connected, the largest of %s nodes",
                     term_count(counts[0], count), term_count(counts[1], largest));
  free(components);
  free(sizes);
}

void graph_results(graph_bench *bench, graph_store *store) {
  char count[TERM_UNIT_BYTES];
  uint64_t triangles;
  if (interrupt_seen()) return;
  results_levels(bench, store);
  if (bench->weight != NULL)
    results_distances(bench, store);
  else
    paired_report_note(bench->report, "SSSP", "left out: only --weighted takes weights");
  results_ranks(bench, store);
  results_components(bench, store);
  graph_store_must(store, tv_graph_triangles(store->graph, NULL, &triangles), "triangles");
  paired_report_note(bench->report, "triangles", "%s, directions and repeated edges aside",
                     term_count(count, triangles));
}
