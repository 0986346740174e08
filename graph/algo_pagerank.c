/* SPDX-License-Identifier: MIT */
/*
 * PageRank by pulling: each node sums what its neighbours against the edges give, so that no two
 * threads write the same place and the sums do not depend on their number. Rejected: pushing along
 * the edges, which needs atomic additions of doubles.
 */
#include "view_scan_internal.h"

#define RANK_GRAIN TVI_BLOCK_NODES

typedef struct rank_state {
  tvi_algorithm a;
  double damping;
  const double *start; /* NULL: uniform */
  double start_sum;
  double even; /* where a surfer begins anew when all nodes are alike */
  double *ranks;
  double *gives,
      *next;      /* what each node gives along each of its edges, in this round and the next */
  double *shares; /* 1 / edges out; 0: there are none */
  double *losses; /* per piece of RANK_GRAIN nodes: what those without edges out have */
  double given;   /* to everybody, by nodes without edges out and by surfers who begin anew */
  uint32_t round;
} rank_state;

/* Where a surfer who begins anew goes. */
static inline double rank_start(const rank_state *s, uint32_t node) {
  if (TVI_UNLIKELY(!tvi_algorithm_alive(&s->a, node))) return 0;
  return s->start == NULL ? s->even : s->start[node] / s->start_sum;
}

/* A node has a new rank. Whether it has edges out is as good as random: no branch asks. */
static inline void rank_set(rank_state *s, uint32_t node, double rank, double *loss) {
  double share = s->shares[node], terms[2] = {0, rank};
  s->ranks[node] = rank;
  s->next[node] = rank * share;
  *loss += terms[share == 0];
}

static void rank_begin_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  rank_state *s = ctx;
  double loss = 0;
  uint32_t node;
  (void)worker;
  for (node = from; node < to; node++) {
    uint32_t degree = tvi_view_degree(&s->a.out, node);
    s->shares[node] = degree == 0 ? 0 : 1 / (double)degree;
    rank_set(s, node, rank_start(s, node), &loss);
  }
  s->losses[from / RANK_GRAIN] = loss;
}

/* Four sums at once: one alone waits for each addition before the next. */
static inline __attribute__((always_inline)) double rank_sum(const double *gives,
                                                             const unsigned char *list,
                                                             uint32_t n) {
  double a = 0, b = 0, c = 0, d = 0;
  uint32_t i;
  for (i = 0; i + 4 <= n; i += 4) {
    a += gives[tvi_view_at_checked(list, i)];
    b += gives[tvi_view_at_checked(list, i + 1)];
    c += gives[tvi_view_at_checked(list, i + 2)];
    d += gives[tvi_view_at_checked(list, i + 3)];
  }
  for (; i < n; i++) a += gives[tvi_view_at_checked(list, i)];
  return (a + b) + (c + d);
}

/* The first round reads every neighbour for the first time and checks it. */
static double rank_sum_checked(const tvi_view *in, const double *gives, const unsigned char *list,
                               uint32_t n) {
  uint32_t i;
  for (i = 0; i < n; i++) (void)tvi_view_at(in, list, i);
  return __atomic_load_n(in->damaged, __ATOMIC_RELAXED) ? 0 : rank_sum(gives, list, n);
}

static inline double rank_pull(const tvi_view *in, const double *gives, const unsigned char *list,
                               uint32_t n, int check) {
  return check ? rank_sum_checked(in, gives, list, n) : rank_sum(gives, list, n);
}

static double rank_pull_runs(const tvi_view *in, const double *gives, uint32_t node, int check) {
  tvi_view_run run = {0};
  double sum = 0;
  while (tvi_view_next(in, node, &run)) sum += rank_pull(in, gives, run.list, run.n, check);
  return sum;
}

static inline __attribute__((always_inline)) void rank_pull_nodes(rank_state *s, uint32_t from,
                                                                  uint32_t to, const int check) {
  const tvi_view in = s->a.in;
  const tvi_view_scan scan = tvi_view_scan_begin(&in, from);
  const double *gives = s->gives;
  const unsigned char *list;
  double loss = 0, sum;
  uint32_t node, n;
  for (node = from; node < to; node++) {
    if (TVI_LIKELY(tvi_view_scan_at(&scan, node, &list, &n)))
      sum = rank_pull(&in, gives, list, n, check);
    else
      sum = rank_pull_runs(&in, gives, node, check);
    rank_set(s, node, s->damping * sum + s->given * rank_start(s, node), &loss);
  }
  s->losses[from / RANK_GRAIN] = loss;
}

static void rank_pull_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  rank_state *s = ctx;
  (void)worker;
  if (s->round == 0)
    rank_pull_nodes(s, from, to, 1);
  else
    rank_pull_nodes(s, from, to, 0);
}

static int rank_run(rank_state *s, uint32_t iterations) {
  uint32_t i, pieces = (uint32_t)(((uint64_t)s->a.ids + RANK_GRAIN - 1) / RANK_GRAIN);
  int status;
  s->even = 1 / (double)s->a.nodes;
  status = tvi_parallel(&s->a, s->a.ids, RANK_GRAIN, rank_begin_piece, s);
  for (s->round = 0; s->round < iterations && status == TV_OK && !s->a.damaged; s->round++) {
    double *swap = s->gives, lost = 0;
    for (i = 0; i < pieces; i++) lost += s->losses[i];
    s->given = 1 - s->damping + s->damping * lost;
    s->gives = s->next;
    s->next = swap;
    status = tvi_parallel(&s->a, s->a.ids, RANK_GRAIN, rank_pull_piece, s);
  }
  return status;
}

static int rank_arrays(rank_state *s) {
  size_t ids = (size_t)s->a.ids + 1;
  s->gives = tvi_alloc(ids * sizeof *s->gives);
  s->next = tvi_alloc(ids * sizeof *s->next);
  s->shares = tvi_alloc(ids * sizeof *s->shares);
  s->losses = tvi_alloc((ids / RANK_GRAIN + 1) * sizeof *s->losses);
  if (s->gives != NULL && s->next != NULL && s->shares != NULL && s->losses != NULL) return TV_OK;
  return tvi_algorithm_no_memory(&s->a);
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
  if (status == TV_OK) status = rank_arrays(s);
  if (status == TV_OK) status = rank_run(s, iterations);
  status = tvi_algorithm_close(&s->a, status);
  tvi_free(s->gives);
  tvi_free(s->next);
  tvi_free(s->shares);
  tvi_free(s->losses);
  tvi_free(s);
  return status;
}
