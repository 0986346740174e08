/* SPDX-License-Identifier: MIT */
/*
 * Triangles: every edge is turned towards the end with more neighbours, once, which leaves no node
 * with more than about the square root of all edges; then for each node the lists of its neighbours
 * are looked up in a table of marks. Rejected: intersecting sorted lists; on graphs with hubs
 * the marks are two to three times as fast, and the lists need no order.
 */
#include "view_internal.h"

#define TRIANGLE_GRAIN 256u

typedef struct triangle_count {
  tvi_algorithm a;
  uint32_t *degrees;
  uint64_t *at;                     /* ids + 1: where each node's list begins */
  uint32_t *lists;                  /* neighbours of higher rank, each once */
  uint32_t *ends;                   /* where it ends, counted from at */
  uint32_t *marks[TVI_WORKERS_MAX]; /* node + 1 of the node whose neighbour it is */
  uint64_t sums[TVI_WORKERS_MAX * 8];
} triangle_count;

/* 1: `to` has the higher rank. */
static int triangle_up(const triangle_count *t, uint32_t from, uint32_t to) {
  uint32_t a = t->degrees[from], b = t->degrees[to];
  return a != b ? a < b : from < to;
}

static void triangle_degree_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  triangle_count *t = ctx;
  uint32_t node;
  (void)worker;
  for (node = from; node < to; node++)
    t->degrees[node] = tvi_view_degree(&t->a.out, node) + tvi_view_degree(&t->a.in, node);
}

/* Calls for each neighbour of higher rank, once: *n of them, into `into` when it is not NULL. */
static void triangle_list(triangle_count *t, tvi_view *view, uint32_t node, uint32_t *marks,
                          uint32_t *into, uint32_t *n) {
  tvi_view_run run = {0};
  uint32_t i;
  while (tvi_view_next(view, node, &run)) {
    for (i = 0; i < run.n; i++) {
      uint32_t to = tvi_view_at(view, run.list, i);
      if (to == node || !triangle_up(t, node, to) || marks[to] == node + 1) continue;
      marks[to] = node + 1;
      if (into != NULL) into[*n] = to;
      ++*n;
    }
  }
}

static void triangle_size_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  triangle_count *t = ctx;
  uint32_t node;
  for (node = from; node < to; node++) {
    t->ends[node] = 0;
    triangle_list(t, &t->a.out, node, t->marks[worker], NULL, &t->ends[node]);
    triangle_list(t, &t->a.in, node, t->marks[worker], NULL, &t->ends[node]);
  }
}

static void triangle_fill_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  triangle_count *t = ctx;
  uint32_t node;
  for (node = from; node < to; node++) {
    uint32_t n = 0;
    triangle_list(t, &t->a.out, node, t->marks[worker], t->lists + t->at[node], &n);
    triangle_list(t, &t->a.in, node, t->marks[worker], t->lists + t->at[node], &n);
  }
}

static void triangle_count_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  triangle_count *t = ctx;
  uint32_t *marks = t->marks[worker], node, i, j;
  uint64_t sum = 0;
  for (node = from; node < to; node++) {
    const uint32_t *list = t->lists + t->at[node];
    for (i = 0; i < t->ends[node]; i++) marks[list[i]] = node + 1;
    for (i = 0; i < t->ends[node]; i++) {
      const uint32_t *further = t->lists + t->at[list[i]];
      uint32_t n = t->ends[list[i]];
      for (j = 0; j < n; j++) sum += marks[further[j]] == node + 1;
    }
  }
  t->sums[(size_t)worker * 8] += sum;
}

static void triangle_clear_marks(triangle_count *t) {
  uint32_t node;
  unsigned i;
  for (i = 0; i < t->a.threads; i++)
    for (node = 0; node < t->a.ids; node++) t->marks[i][node] = 0;
}

static int triangle_orient(triangle_count *t) {
  uint32_t ids = t->a.ids, node;
  int status = tvi_parallel(&t->a, ids, TRIANGLE_GRAIN, triangle_degree_piece, t);
  triangle_clear_marks(t);
  if (status == TV_OK) status = tvi_parallel(&t->a, ids, TRIANGLE_GRAIN, triangle_size_piece, t);
  if (status != TV_OK) return status;
  for (node = 0; node < ids; node++) t->at[node + 1] = t->at[node] + t->ends[node];
  t->lists = tvi_alloc((size_t)(t->at[ids] + 1) * sizeof *t->lists);
  if (t->lists == NULL) return tvi_algorithm_no_memory(&t->a);
  triangle_clear_marks(t);
  return tvi_parallel(&t->a, ids, TRIANGLE_GRAIN, triangle_fill_piece, t);
}

static int triangle_run(triangle_count *t, uint64_t *count) {
  size_t ids = (size_t)t->a.ids + 1;
  unsigned i;
  int status;
  t->degrees = tvi_alloc(ids * sizeof *t->degrees);
  t->at = tvi_zalloc(ids * sizeof *t->at);
  t->ends = tvi_alloc(ids * sizeof *t->ends);
  if (t->degrees == NULL || t->at == NULL || t->ends == NULL) return tvi_algorithm_no_memory(&t->a);
  for (i = 0; i < t->a.threads; i++) {
    t->marks[i] = tvi_alloc(ids * sizeof **t->marks);
    if (t->marks[i] == NULL) return tvi_algorithm_no_memory(&t->a);
  }
  status = triangle_orient(t);
  triangle_clear_marks(t);
  if (status == TV_OK)
    status = tvi_parallel(&t->a, t->a.ids, TRIANGLE_GRAIN, triangle_count_piece, t);
  for (*count = 0, i = 0; i < TVI_WORKERS_MAX; i++) *count += t->sums[(size_t)i * 8];
  return status;
}

int tv_graph_triangles(tv_graph *graph, const tv_algorithm_options *options, uint64_t *count) {
  triangle_count *t = tvi_zalloc(sizeof *t);
  uint64_t ids = 0;
  unsigned i;
  int status;
  *count = 0;
  if (t == NULL) return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for triangles");
  status = tvi_graph_enter(graph);
  if (status == TV_OK) status = tvi_node_ids(graph, &ids);
  if (status == TV_OK) status = tvi_algorithm_open(&t->a, graph, options, TV_BOTH, ids);
  if (status == TV_OK) status = triangle_run(t, count);
  status = tvi_algorithm_close(&t->a, status);
  for (i = 0; i < TVI_WORKERS_MAX; i++) tvi_free(t->marks[i]);
  tvi_free(t->degrees);
  tvi_free(t->at);
  tvi_free(t->ends);
  tvi_free(t->lists);
  tvi_free(t);
  return status;
}
