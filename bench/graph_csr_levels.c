/* SPDX-License-Identifier: MIT */
/*
 * Direction-optimising breadth-first search (Beamer, Asanovic, Patterson: SC 2012), with the GAP
 * suite's thresholds: forward from a queue while the frontier has few edges, else backwards, each
 * node that is left looking for a parent in a bitmap. Forward alone was rejected: it looks at every
 * edge where backward ends at the first that serves.
 */
#include <stdlib.h>
#include <string.h>

#include "graph_bench.h"
#include "tool_heap.h"

#define SEARCH_ALPHA 15
#define SEARCH_BETA 18
#define SEARCH_FOUND 512 /* a thread's own nodes before they go to the queue */

typedef struct csr_search {
  const graph_csr *csr;
  int alone; /* one thread: needs no atomic exchange */
  uint32_t *levels, *queue;
  uint64_t *front, *next; /* bitmaps */
  uint64_t *left;         /* who may be found yet, while searching backwards */
  uint64_t from, tail;    /* the queue's part that is expanded, and its end */
  uint64_t found;         /* nodes found backwards */
  uint64_t edges;         /* edges out of what was found forward */
  uint32_t depth;
} csr_search;

static void search_flush(csr_search *s, const uint32_t *found, uint32_t n) {
  uint64_t at = __atomic_fetch_add(&s->tail, n, __ATOMIC_RELAXED);
  memcpy(s->queue + at, found, n * sizeof *found);
}

/* 1 for the one thread that reaches the node first. */
static int search_take(csr_search *s, uint32_t node) {
  uint32_t far = GRAPH_FAR;
  if (__atomic_load_n(&s->levels[node], __ATOMIC_RELAXED) != GRAPH_FAR) return 0;
  if (s->alone) {
    s->levels[node] = s->depth;
    return 1;
  }
  return __atomic_compare_exchange_n(&s->levels[node], &far, s->depth, 0, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED);
}

static void search_ahead(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  csr_search *s = ctx;
  const graph_csr *csr = s->csr;
  uint32_t found[SEARCH_FOUND], n = 0;
  uint64_t edges = 0, at;
  (void)thread;
  for (at = s->from + from; at < s->from + to; at++) {
    uint64_t i, end = csr->out_at[s->queue[at] + 1];
    for (i = csr->out_at[s->queue[at]]; i < end; i++) {
      uint32_t node = csr->out[i];
      if (!search_take(s, node)) continue;
      edges += csr->out_at[node + 1] - csr->out_at[node];
      found[n++] = node;
      if (n < SEARCH_FOUND) continue;
      search_flush(s, found, n);
      n = 0;
    }
  }
  if (n > 0) search_flush(s, found, n);
  __atomic_fetch_add(&s->edges, edges, __ATOMIC_RELAXED);
}

/* Notes who is left, but for nodes without edges in, whom nothing reaches. Pieces, here and below,
 * are whole words of the bitmaps. */
static void search_left(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  csr_search *s = ctx;
  const uint64_t *at = s->csr->in_at;
  uint64_t node;
  (void)thread;
  memset(s->left + from / 64, 0, (size_t)((to - from + 63) / 64) * 8);
  for (node = from; node < to; node++)
    s->left[node >> 6] |= (uint64_t)(s->levels[node] == GRAPH_FAR && at[node] < at[node + 1])
                          << (node & 63);
}

/* 1 when some parent of the node is in the front. */
static int search_woken(const csr_search *s, uint32_t node) {
  const uint32_t *in = s->csr->in + s->csr->in_at[node];
  const uint32_t *end = s->csr->in + s->csr->in_at[node + 1];
  for (; in < end; in++)
    if ((s->front[*in >> 6] >> (*in & 63) & 1) != 0) return 1;
  return 0;
}

static void search_back(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  csr_search *s = ctx;
  uint64_t found = 0, word;
  (void)thread;
  for (word = from / 64; word * 64 < to; word++) {
    uint64_t left = s->left[word], bits, woken = 0;
    for (bits = left; bits != 0; bits &= bits - 1) /* rows are fetched before the first is read */
      __builtin_prefetch(s->csr->in + s->csr->in_at[word * 64 + (unsigned)__builtin_ctzll(bits)]);
    for (bits = left; bits != 0; bits &= bits - 1) {
      unsigned bit = (unsigned)__builtin_ctzll(bits);
      if (!search_woken(s, (uint32_t)(word * 64 + bit))) continue;
      s->levels[word * 64 + bit] = s->depth;
      woken |= UINT64_C(1) << bit;
    }
    s->left[word] = left & ~woken;
    s->next[word] = woken;
    found += (unsigned)__builtin_popcountll(woken);
  }
  __atomic_fetch_add(&s->found, found, __ATOMIC_RELAXED);
}

static void search_backwards(csr_search *s, graph_team *team) {
  size_t words = ((size_t)s->csr->nodes + 63) / 64, i;
  uint64_t before, at;
  memset(s->front, 0, words * 8);
  for (at = s->from; at < s->tail; at++)
    s->front[s->queue[at] >> 6] |= UINT64_C(1) << (s->queue[at] & 63);
  graph_team_share(team, s->csr->nodes, 16384, search_left, s);
  s->found = s->tail - s->from;
  do {
    uint64_t *swap = s->front;
    before = s->found;
    s->found = 0;
    graph_team_share(team, s->csr->nodes, 4096, search_back, s);
    s->front = s->next;
    s->next = swap;
    s->depth++;
  } while (s->found > 0 && (s->found >= before || s->found > s->csr->nodes / SEARCH_BETA));
  s->from = s->tail = 0;
  for (i = 0; i < words; i++) {
    uint64_t word = s->front[i];
    for (; word != 0; word &= word - 1)
      s->queue[s->tail++] = (uint32_t)(i * 64 + (unsigned)__builtin_ctzll(word));
  }
}

void graph_csr_levels(const graph_csr *csr, graph_team *team, uint32_t start, uint32_t *levels) {
  csr_search s = {.csr = csr, .levels = levels, .depth = 1};
  uint64_t left = csr->edges;
  s.alone = graph_team_threads(team) == 1;
  s.queue = heap_take(((size_t)csr->nodes + 1) * sizeof *s.queue);
  s.front = heap_take((size_t)csr->nodes / 8 + 16);
  s.next = heap_take((size_t)csr->nodes / 8 + 16);
  s.left = heap_take((size_t)csr->nodes / 8 + 16);
  memset(levels, 0xff, (size_t)csr->nodes * sizeof *levels);
  levels[start] = 0;
  s.queue[0] = start;
  s.tail = 1;
  s.edges = csr->out_at[start + 1] - csr->out_at[start];
  while (s.from < s.tail) {
    if (s.edges > left / SEARCH_ALPHA) {
      search_backwards(&s, team);
      s.edges = 1;
    } else {
      uint64_t end = s.tail;
      left -= s.edges < left ? s.edges : left;
      s.edges = 0;
      graph_team_share(team, end - s.from, 64, search_ahead, &s);
      s.from = end;
      s.depth++;
    }
  }
  free(s.queue);
  free(s.front);
  free(s.next);
  free(s.left);
}
