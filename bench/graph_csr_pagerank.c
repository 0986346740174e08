/* SPDX-License-Identifier: MIT */
/*
 * PageRank by pulling: each node sums what its sources give, so no two threads write to one place.
 * Pushing along edges out was rejected for that reason. What nodes without edges out lose is given
 * to all, as LDBC Graphalytics defines it.
 */
#include <stdlib.h>

#include "graph_bench.h"
#include "tool_heap.h"

#define RANK_DAMPING 0.85
#define RANK_PIECE 2048

typedef struct csr_rank {
  const graph_csr *csr;
  double *ranks, *gives;
  double lost[GRAPH_TEAM_MAX][8]; /* a cache line for each thread */
  double base;
} csr_rank;

static void rank_give(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  csr_rank *r = ctx;
  double lost = 0;
  uint64_t node;
  for (node = from; node < to; node++) {
    uint64_t degree = r->csr->out_at[node + 1] - r->csr->out_at[node];
    if (degree == 0) lost += r->ranks[node];
    r->gives[node] = degree == 0 ? 0 : r->ranks[node] / (double)degree;
  }
  r->lost[thread][0] += lost;
}

static void rank_pull(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  const csr_rank *r = ctx;
  const uint64_t *at = r->csr->in_at;
  const uint32_t *in = r->csr->in;
  const double *gives = r->gives;
  uint64_t node, i;
  (void)thread;
  for (node = from; node < to; node++) {
    uint64_t end = at[node + 1];
    double sum = 0;
    for (i = at[node]; i < end; i++) sum += gives[in[i]];
    r->ranks[node] = RANK_DAMPING * sum + r->base;
  }
}

void graph_csr_pagerank(const graph_csr *csr, graph_team *team, unsigned iterations,
                        double *ranks) {
  csr_rank *r = heap_take(sizeof *r);
  double n = csr->nodes;
  uint32_t node;
  r->csr = csr;
  r->ranks = ranks;
  r->gives = heap_take(((size_t)csr->nodes + 1) * sizeof *r->gives);
  for (node = 0; node < csr->nodes; node++) ranks[node] = 1 / n;
  while (iterations-- > 0) {
    double lost = 0;
    unsigned t;
    for (t = 0; t < graph_team_threads(team); t++) r->lost[t][0] = 0;
    graph_team_share(team, csr->nodes, 16384, rank_give, r);
    for (t = 0; t < graph_team_threads(team); t++) lost += r->lost[t][0];
    r->base = (1 - RANK_DAMPING + RANK_DAMPING * lost) / n;
    graph_team_share(team, csr->nodes, RANK_PIECE, rank_pull, r);
  }
  free(r->gives);
  free(r);
}
