/* SPDX-License-Identifier: MIT */
/*
 * Betweenness (Brandes, A faster algorithm for betweenness centrality, 2001): from each start a
 * breadth-first search counts shortest paths, then what depends on each node is summed from the
 * farthest back. A worker takes whole starts. Rejected: threads within one search, which need
 * atomic sums of doubles at every edge; and lists of predecessors, which the levels tell as well.
 */
#include <math.h>

#include "view_internal.h"

typedef struct between_worker {
  uint32_t *levels, *order; /* order: nodes in the order in which they are reached */
  double *paths, *depends, *scores;
} between_worker;

typedef struct between_state {
  tvi_algorithm a;
  tvi_view *views[2];
  size_t view_count;
  uint32_t *starts;
  uint32_t start_count;
  between_worker workers[TVI_WORKERS_MAX];
  int overflow; /* set by any thread */
} between_state;

/* Levels and numbers of paths from a start. Returns how many nodes are reached. */
static uint32_t between_search(between_state *s, const between_worker *w, uint32_t start) {
  uint32_t at, i, tail = 1;
  size_t v;
  w->levels[start] = 0;
  w->paths[start] = 1;
  w->order[0] = start;
  for (at = 0; at < tail; at++) {
    uint32_t node = w->order[at], next = w->levels[node] + 1;
    if (TVI_UNLIKELY(isinf(w->paths[node]))) __atomic_store_n(&s->overflow, 1, __ATOMIC_RELAXED);
    for (v = 0; v < s->view_count; v++) {
      tvi_view_run run = {0};
      while (tvi_view_next(s->views[v], node, &run))
        for (i = 0; i < run.n; i++) {
          uint32_t to = tvi_view_at(s->views[v], run.list, i);
          if (w->levels[to] == TV_LEVEL_NONE) {
            w->levels[to] = next;
            w->paths[to] = 0;
            w->order[tail++] = to;
          }
          if (w->levels[to] == next) w->paths[to] += w->paths[node];
        }
    }
  }
  return tail;
}

static void between_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  between_state *s = ctx;
  const between_worker *w = &s->workers[worker];
  uint32_t at, i;
  size_t v;
  for (; from < to; from++) {
    uint32_t reached = between_search(s, w, s->starts[from]);
    for (at = reached; at-- > 0;) {
      uint32_t node = w->order[at], next = w->levels[node] + 1;
      double depends = 0;
      for (v = 0; v < s->view_count; v++) {
        tvi_view_run run = {0};
        while (tvi_view_next(s->views[v], node, &run))
          for (i = 0; i < run.n; i++) {
            uint32_t end = tvi_view_at_checked(run.list, i);
            end = TVI_LIKELY(end < s->a.ids) ? end : 0;
            if (w->levels[end] == next)
              depends += w->paths[node] / w->paths[end] * (1 + w->depends[end]);
          }
      }
      w->depends[node] = depends;
      if (at > 0) w->scores[node] += depends;
    }
    for (at = 0; at < reached; at++) w->levels[w->order[at]] = TV_LEVEL_NONE;
  }
}

/* All nodes, or `samples` of them: the first of a shuffle. */
static int between_starts(between_state *s, uint64_t samples, uint64_t seed) {
  uint32_t node, n = 0, i;
  s->starts = tvi_alloc(((size_t)s->a.ids + 1) * sizeof *s->starts);
  if (s->starts == NULL) return tvi_algorithm_no_memory(&s->a);
  for (node = 0; node < s->a.ids; node++)
    if (tvi_algorithm_alive(&s->a, node)) s->starts[n++] = node;
  s->start_count = samples == 0 || samples > n ? n : (uint32_t)samples;
  for (i = 0; i < s->start_count && s->start_count < n; i++) {
    uint32_t other, swap = s->starts[i];
    uint64_t mix = seed += UINT64_C(0x9E3779B97F4A7C15); /* splitmix64 */
    mix = (mix ^ mix >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mix = (mix ^ mix >> 27) * UINT64_C(0x94D049BB133111EB);
    other = i + (uint32_t)((mix ^ mix >> 31) % (n - i));
    s->starts[i] = s->starts[other];
    s->starts[other] = swap;
  }
  return TV_OK;
}

static int between_workers(between_state *s) {
  size_t ids = (size_t)s->a.ids + 1, j;
  unsigned i;
  for (i = 0; i < s->a.threads; i++) {
    between_worker *w = &s->workers[i];
    w->levels = tvi_alloc(ids * sizeof *w->levels);
    w->order = tvi_alloc(ids * sizeof *w->order);
    w->paths = tvi_alloc(ids * sizeof *w->paths);
    w->depends = tvi_alloc(ids * sizeof *w->depends);
    w->scores = tvi_zalloc(ids * sizeof *w->scores);
    if (w->levels == NULL || w->order == NULL || w->paths == NULL || w->depends == NULL ||
        w->scores == NULL)
      return tvi_algorithm_no_memory(&s->a);
    for (j = 0; j < ids; j++) w->levels[j] = TV_LEVEL_NONE;
  }
  return TV_OK;
}

static int between_run(between_state *s, double *scores) {
  double scale = s->start_count == 0 ? 1 : (double)s->a.nodes / (double)s->start_count;
  uint32_t node;
  unsigned i;
  int status = tvi_parallel(&s->a, s->start_count, 1, between_piece, s);
  if (status == TV_OK && s->overflow)
    status = tvi_txn_fail(s->a.graph->txn, TV_ELIMIT, 0,
                          "there are more shortest paths between two nodes than can be counted");
  if (s->view_count == 2) scale /= 2; /* each pair was met from both its ends */
  for (node = 0; node < s->a.ids && status == TV_OK; node++) {
    scores[node] = 0;
    for (i = 0; i < s->a.threads; i++) scores[node] += s->workers[i].scores[node];
    scores[node] *= scale;
  }
  return status;
}

int tv_graph_betweenness(tv_graph *graph, const tv_algorithm_options *options, int direction,
                         uint64_t samples, uint64_t seed, double *scores, uint64_t n) {
  between_state *s = tvi_zalloc(sizeof *s);
  unsigned i;
  int status;
  if (s == NULL) return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for scores");
  status = tvi_algorithm_open(&s->a, graph, options, direction, n);
  if (status == TV_OK) {
    if ((direction & TV_OUT) != 0) s->views[s->view_count++] = &s->a.out;
    if ((direction & TV_IN) != 0) s->views[s->view_count++] = &s->a.in;
    status = between_starts(s, samples, seed);
  }
  if (status == TV_OK) status = between_workers(s);
  if (status == TV_OK) status = between_run(s, scores);
  status = tvi_algorithm_close(&s->a, status);
  tvi_free(s->starts);
  for (i = 0; i < TVI_WORKERS_MAX; i++) {
    tvi_free(s->workers[i].levels);
    tvi_free(s->workers[i].order);
    tvi_free(s->workers[i].paths);
    tvi_free(s->workers[i].depends);
    tvi_free(s->workers[i].scores);
  }
  tvi_free(s);
  return status;
}
