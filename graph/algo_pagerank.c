/* SPDX-License-Identifier: MIT */
/*
 * PageRank by pulling: each node sums what its neighbours against the edges give, so that no two
 * threads write the same place and the sums do not depend on their number. Rejected: pushing along
 * the edges, which needs atomic additions of doubles.
 */
#include "view_internal.h"

#define RANK_GRAIN 4096u

typedef struct rank_state {
  tvi_algorithm a;
  double damping;
  const double *start; /* NULL: uniform */
  double start_sum;
  double *ranks;
  double *gives; /* what each node gives along each of its edges */
  uint32_t *degrees;
  double lost; /* what nodes without edges have */
} rank_state;

/* Also looks at every neighbour once, so that the rounds need not. */
static void rank_degrees_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  rank_state *s = ctx;
  const tvi_view in = s->a.in;
  uint32_t node, i;
  (void)worker;
  for (node = from; node < to; node++) {
    tvi_view_run run = {0};
    s->degrees[node] = tvi_view_degree(&s->a.out, node);
    while (tvi_view_next(&in, node, &run))
      for (i = 0; i < run.n; i++) (void)tvi_view_at(&in, run.list, i);
  }
}

static void rank_gives_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  rank_state *s = ctx;
  uint32_t node;
  (void)worker;
  for (node = from; node < to; node++)
    s->gives[node] = s->degrees[node] == 0 ? 0 : s->ranks[node] / s->degrees[node];
}

/* Where a surfer who begins anew goes. */
static double rank_start(const rank_state *s, uint32_t node) {
  if (!tvi_algorithm_alive(&s->a, node)) return 0;
  return s->start == NULL ? 1 / (double)s->a.nodes : s->start[node] / s->start_sum;
}

static void rank_pull_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  rank_state *s = ctx;
  const tvi_view in = s->a.in;
  const double *gives = s->gives;
  uint32_t node, i;
  (void)worker;
  for (node = from; node < to; node++) {
    tvi_view_run run = {0};
    double sum = 0;
    while (tvi_view_next(&in, node, &run))
      for (i = 0; i < run.n; i++) sum += gives[tvi_view_at_checked(run.list, i)];
    s->ranks[node] =
        s->damping * sum + (1 - s->damping + s->damping * s->lost) * rank_start(s, node);
  }
}

static int rank_run(rank_state *s, uint32_t iterations) {
  uint32_t node, round;
  int status = tvi_parallel(&s->a, s->a.ids, RANK_GRAIN, rank_degrees_piece, s);
  for (node = 0; node < s->a.ids; node++) s->ranks[node] = rank_start(s, node);
  for (round = 0; round < iterations && status == TV_OK && !s->a.damaged; round++) {
    s->lost = 0;
    for (node = 0; node < s->a.ids; node++)
      if (s->degrees[node] == 0) s->lost += s->ranks[node];
    status = tvi_parallel(&s->a, s->a.ids, RANK_GRAIN, rank_gives_piece, s);
    if (status == TV_OK) status = tvi_parallel(&s->a, s->a.ids, RANK_GRAIN, rank_pull_piece, s);
  }
  return status;
}

/* Checks and sums the caller's weights. */
static int rank_check(rank_state *s) {
  uint32_t node;
  if (!(s->damping >= 0 && s->damping <= 1))
    return tvi_txn_fail(s->a.graph->txn, TV_EINVAL, 0, "a damping of %g is not from 0 to 1",
                        s->damping);
  for (node = 0; s->start != NULL && node < s->a.ids; node++) {
    if (!(s->start[node] >= 0 && s->start[node] <= 1e300))
      return tvi_txn_fail(s->a.graph->txn, TV_EINVAL, 0,
                          "the weight %g of node %u is not from 0 on", s->start[node],
                          (unsigned)node);
    if (tvi_algorithm_alive(&s->a, node)) s->start_sum += s->start[node];
  }
  if (s->start != NULL && s->a.nodes != 0 && !(s->start_sum > 0))
    return tvi_txn_fail(s->a.graph->txn, TV_EINVAL, 0, "all nodes have the weight 0");
  return TV_OK;
}

int tv_graph_pagerank(tv_graph *graph, const tv_algorithm_options *options, double damping,
                      uint32_t iterations, const double *start, double *ranks, uint64_t n) {
  rank_state *s = tvi_zalloc(sizeof *s);
  int status;
  if (s == NULL) return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for ranks");
  s->damping = damping;
  s->start = start;
  s->ranks = ranks;
  status = tvi_algorithm_open(&s->a, graph, options, TV_BOTH, n);
  if (status == TV_OK) status = rank_check(s);
  if (status == TV_OK) {
    s->gives = tvi_alloc(((size_t)s->a.ids + 1) * sizeof *s->gives);
    s->degrees = tvi_alloc(((size_t)s->a.ids + 1) * sizeof *s->degrees);
    status = s->gives == NULL || s->degrees == NULL ? tvi_algorithm_no_memory(&s->a)
                                                    : rank_run(s, iterations);
  }
  status = tvi_algorithm_close(&s->a, status);
  tvi_free(s->gives);
  tvi_free(s->degrees);
  tvi_free(s);
  return status;
}
