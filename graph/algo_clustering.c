/* SPDX-License-Identifier: MIT */
/*
 * Local clustering coefficients as LDBC Graphalytics defines them: a node's neighbourhood is all
 * that an edge of either direction joins to it, and each edge from one neighbour to another counts,
 * by its direction. Rejected: deriving them from the triangles, which know no directions.
 */
#include "view_internal.h"

#define CLUSTER_GRAIN 64u

typedef struct cluster_state {
  tvi_algorithm a;
  double *out;
  uint32_t *near[TVI_WORKERS_MAX]; /* node + 1 of the node whose neighbour it is */
  uint32_t *once[TVI_WORKERS_MAX]; /* the pair's first end, so that parallel edges count once */
  uint32_t *list[TVI_WORKERS_MAX]; /* the neighbours */
} cluster_state;

static uint32_t cluster_gather(tvi_view *view, uint32_t node, uint32_t *near, uint32_t *list,
                               uint32_t count) {
  tvi_view_run run = {0};
  uint32_t i;
  while (tvi_view_next(view, node, &run)) {
    for (i = 0; i < run.n; i++) {
      uint32_t to = tvi_view_at(view, run.list, i);
      if (to == node || near[to] == node + 1) continue;
      near[to] = node + 1;
      list[count++] = to;
    }
  }
  return count;
}

static void cluster_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  cluster_state *s = ctx;
  uint32_t *near = s->near[worker], *once = s->once[worker], *list = s->list[worker];
  uint32_t node, i, j;
  for (node = from; node < to; node++) {
    uint32_t count = cluster_gather(&s->a.out, node, near, list, 0);
    uint64_t joined = 0;
    count = cluster_gather(&s->a.in, node, near, list, count);
    for (i = 0; i < count; i++) {
      tvi_view_run run = {0};
      once[list[i]] = list[i] + 1; /* an edge to itself joins no pair */
      while (tvi_view_next(&s->a.out, list[i], &run)) {
        for (j = 0; j < run.n; j++) {
          uint32_t end = tvi_view_at(&s->a.out, run.list, j);
          if (near[end] != node + 1 || once[end] == list[i] + 1) continue;
          once[end] = list[i] + 1;
          joined++;
        }
      }
    }
    /* The next node may have a neighbour in common. */
    for (i = 0; i < count; i++) once[list[i]] = 0;
    s->out[node] = count < 2 ? 0 : (double)joined / ((double)count * (double)(count - 1));
  }
}

int tv_graph_clustering(tv_graph *graph, const tv_algorithm_options *options, double *coefficients,
                        uint64_t n) {
  cluster_state *s = tvi_zalloc(sizeof *s);
  unsigned i;
  int status;
  if (s == NULL) return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for coefficients");
  s->out = coefficients;
  status = tvi_algorithm_open(&s->a, graph, options, TV_BOTH, n);
  for (i = 0; status == TV_OK && i < s->a.threads; i++) {
    size_t bytes = ((size_t)s->a.ids + 1) * sizeof(uint32_t);
    s->near[i] = tvi_zalloc(bytes);
    s->once[i] = tvi_zalloc(bytes);
    s->list[i] = tvi_alloc(bytes);
    if (s->near[i] == NULL || s->once[i] == NULL || s->list[i] == NULL)
      status = tvi_algorithm_no_memory(&s->a);
  }
  if (status == TV_OK) status = tvi_parallel(&s->a, s->a.ids, CLUSTER_GRAIN, cluster_piece, s);
  status = tvi_algorithm_close(&s->a, status);
  for (i = 0; i < TVI_WORKERS_MAX; i++) {
    tvi_free(s->near[i]);
    tvi_free(s->once[i]);
    tvi_free(s->list[i]);
  }
  tvi_free(s);
  return status;
}
