/* SPDX-License-Identifier: MIT */
/*
 * Label propagation as LDBC Graphalytics defines CDLP: synchronous rounds, the most frequent label
 * among the neighbours, of those the least. A worker counts in a table of marks over all labels,
 * which are node ids. Rejected: sorting each node's labels; for hubs that is the larger part of the
 * time.
 */
#include "view_internal.h"

#define LABELS_GRAIN 1024u

typedef struct labels_state {
  tvi_algorithm a;
  uint32_t *now, *next;
  uint32_t *counts[TVI_WORKERS_MAX]; /* of each label; all 0 between nodes */
} labels_state;

static void labels_count(labels_state *s, tvi_view *view, uint32_t node, uint32_t *counts,
                         uint32_t *best, uint32_t *best_count) {
  tvi_view_run run = {0};
  uint32_t i;
  while (tvi_view_next(view, node, &run)) {
    for (i = 0; i < run.n; i++) {
      uint32_t label = s->now[tvi_view_at(view, run.list, i)], count = ++counts[label];
      if (count < *best_count || (count == *best_count && label > *best)) continue;
      *best = label;
      *best_count = count;
    }
  }
}

static void labels_forget(labels_state *s, tvi_view *view, uint32_t node, uint32_t *counts) {
  tvi_view_run run = {0};
  uint32_t i;
  while (tvi_view_next(view, node, &run)) {
    for (i = 0; i < run.n; i++) counts[s->now[tvi_view_at(view, run.list, i)]] = 0;
  }
}

static void labels_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  labels_state *s = ctx;
  uint32_t *counts = s->counts[worker], node;
  for (node = from; node < to; node++) {
    uint32_t best = s->now[node], best_count = 0;
    labels_count(s, &s->a.out, node, counts, &best, &best_count);
    labels_count(s, &s->a.in, node, counts, &best, &best_count);
    labels_forget(s, &s->a.out, node, counts);
    labels_forget(s, &s->a.in, node, counts);
    s->next[node] = best;
  }
}

static int labels_run(labels_state *s, uint32_t iterations, tv_node *labels) {
  size_t bytes = ((size_t)s->a.ids + 1) * sizeof(uint32_t);
  uint32_t round, node;
  unsigned i;
  int status = TV_OK;
  s->now = tvi_alloc(bytes);
  s->next = tvi_alloc(bytes);
  if (s->now == NULL || s->next == NULL) return tvi_algorithm_no_memory(&s->a);
  for (i = 0; i < s->a.threads; i++) {
    s->counts[i] = tvi_zalloc(bytes);
    if (s->counts[i] == NULL) return tvi_algorithm_no_memory(&s->a);
  }
  for (node = 0; node < s->a.ids; node++) s->now[node] = node;
  for (round = 0; round < iterations && status == TV_OK; round++) {
    uint32_t *swap = s->now;
    status = tvi_parallel(&s->a, s->a.ids, LABELS_GRAIN, labels_piece, s);
    s->now = s->next;
    s->next = swap;
  }
  for (node = 0; node < s->a.ids && status == TV_OK; node++)
    labels[node] = tvi_algorithm_alive(&s->a, node) ? s->now[node] : TV_NODE_NONE;
  return status;
}

int tv_graph_label_propagation(tv_graph *graph, const tv_algorithm_options *options,
                               uint32_t iterations, tv_node *labels, uint64_t n) {
  labels_state *s = tvi_zalloc(sizeof *s);
  unsigned i;
  int status;
  if (s == NULL) return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for labels");
  status = tvi_algorithm_open(&s->a, graph, options, TV_BOTH, n);
  if (status == TV_OK) status = labels_run(s, iterations, labels);
  status = tvi_algorithm_close(&s->a, status);
  tvi_free(s->now);
  tvi_free(s->next);
  for (i = 0; i < TVI_WORKERS_MAX; i++) tvi_free(s->counts[i]);
  tvi_free(s);
  return status;
}
