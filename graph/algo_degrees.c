/* SPDX-License-Identifier: MIT */
/*
 * Degrees and what they are like over the whole graph. Percentiles come from sorting all degrees,
 * not from the histogram, whose buckets double: the planner and people want to know whether the
 * median is 3 or 4. Rejected: counts kept as edges come and go, which every write would pay for.
 */
#include <string.h>

#include "view_internal.h"

#define DEGREE_GRAIN 65536u

typedef struct degree_state {
  tvi_algorithm a;
  int direction;
  uint64_t *degrees;
} degree_state;

static void degree_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  degree_state *s = ctx;
  uint32_t node;
  (void)worker;
  for (node = from; node < to; node++) {
    uint64_t degree = 0;
    if ((s->direction & TV_OUT) != 0) degree += tvi_view_degree(&s->a.out, node);
    if ((s->direction & TV_IN) != 0) degree += tvi_view_degree(&s->a.in, node);
    s->degrees[node] = degree;
  }
}

static int degree_open(degree_state *s, tv_graph *graph, const tv_algorithm_options *options,
                       int direction, uint64_t n) {
  s->direction = direction;
  return tvi_algorithm_open(&s->a, graph, options, direction, n);
}

int tv_graph_degrees(tv_graph *graph, const tv_algorithm_options *options, int direction,
                     uint64_t *degrees, uint64_t n) {
  degree_state s = {.degrees = degrees};
  int status = degree_open(&s, graph, options, direction, n);
  if (status == TV_OK) status = tvi_parallel(&s.a, s.a.ids, DEGREE_GRAIN, degree_piece, &s);
  return tvi_algorithm_close(&s.a, status);
}

/* Of n > 0 sorted degrees. */
static void degree_describe(const uint64_t *degrees, uint64_t n, tv_degree_stat *out) {
  uint64_t i;
  unsigned p;
  out->nodes = n;
  out->min = degrees[0];
  out->max = degrees[n - 1];
  for (i = 0; i < n; i++) {
    out->edge_ends += degrees[i];
    out->histogram[degrees[i] == 0 ? 0 : 64 - __builtin_clzll(degrees[i])]++;
  }
  out->mean = (double)out->edge_ends / (double)n;
  for (p = 0; p <= 100; p++) {
    uint64_t rank = (n / 100) * p + ((n % 100) * p + 99) / 100; /* n * p / 100, rounded up */
    out->percentiles[p] = degrees[rank == 0 ? 0 : rank - 1];
  }
}

static int degree_sort(degree_state *s, tv_degree_stat *out) {
  uint64_t n = 0, max = 0, *scratch;
  uint32_t node;
  for (node = 0; node < s->a.ids; node++) {
    if (!tvi_algorithm_alive(&s->a, node)) continue;
    if (s->degrees[node] > max) max = s->degrees[node];
    s->degrees[n++] = s->degrees[node];
  }
  if (n == 0) return TV_OK;
  scratch = tvi_alloc((size_t)n * sizeof *scratch);
  if (scratch == NULL) return tvi_algorithm_no_memory(&s->a);
  tvi_nodes_sort(s->degrees, scratch, (size_t)n, max + 1);
  tvi_free(scratch);
  degree_describe(s->degrees, n, out);
  return TV_OK;
}

int tv_graph_degree_stat(tv_graph *graph, const tv_algorithm_options *options, int direction,
                         tv_degree_stat *out) {
  degree_state s = {.degrees = NULL};
  uint64_t ids = 0;
  int status = tvi_graph_enter(graph);
  memset(out, 0, sizeof *out);
  if (status == TV_OK) status = tvi_node_ids(graph, &ids);
  if (status != TV_OK) return status;
  status = degree_open(&s, graph, options, direction, ids);
  if (status == TV_OK) {
    s.degrees = tvi_alloc(((size_t)ids + 1) * sizeof *s.degrees);
    status = s.degrees == NULL ? tvi_algorithm_no_memory(&s.a)
                               : tvi_parallel(&s.a, s.a.ids, DEGREE_GRAIN, degree_piece, &s);
  }
  if (status == TV_OK) status = degree_sort(&s, out);
  tvi_free(s.degrees);
  return tvi_algorithm_close(&s.a, status);
}
