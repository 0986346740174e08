/* SPDX-License-Identifier: MIT */
/*
 * Breadth-first levels, switching direction (Beamer, Asanovic, Patterson: Direction-optimizing
 * breadth-first search, 2012): while the frontier is small its nodes look for new ones, while it is
 * large the nodes not reached look for one in the frontier and stop at the first. The second kind
 * of step runs on several threads, the first is bound by memory and too short for them. Rejected:
 * the first kind alone, which reads every edge of the graph where the other reads a tenth.
 */
#include "view_scan_internal.h"

#define LEVELS_ALPHA                                                                            \
  15                   /* edges left to look at per edge of the frontier: below, look backwards \
                        */
#define LEVELS_BETA 18 /* nodes per node of the frontier: above, look forwards again */
#define LEVELS_GRAIN TVI_BLOCK_NODES
#define LEVELS_POLL 1024u

typedef struct levels_search {
  tvi_algorithm a;
  tvi_view *ahead[2], *back[2]; /* along the edges, and against them */
  size_t views;
  uint32_t *levels;
  tv_node *parents;
  uint32_t *queue;        /* nodes in the order in which they were reached */
  uint64_t *front, *next; /* bits */
  uint64_t *asleep;       /* bits: not reached, as far as steps of the second kind know */
  int refresh;            /* 1: the levels know better */
  size_t words;
  uint32_t depth;                       /* of what is being reached */
  uint32_t awake[TVI_WORKERS_MAX * 16]; /* per worker, a cache line apart */
} levels_search;

static void levels_take(levels_search *s, uint32_t node, uint32_t parent) {
  s->levels[node] = s->depth;
  if (s->parents != NULL) s->parents[node] = parent;
}

/* Reaches what the nodes queue[from..to) lead to. Returns the new end; *edges: of those reached. */
static int levels_ahead(levels_search *s, uint32_t from, uint32_t to, uint32_t *end,
                        uint64_t *edges) {
  const tvi_view ahead[2] = {*s->ahead[0], *s->ahead[1]};
  uint32_t at, i, tail = to;
  size_t v;
  *edges = 0;
  for (at = from; at < to; at++) {
    uint32_t node = s->queue[at];
    if (at % LEVELS_POLL == 0) {
      int status;
      s->a.limits.polls = 0;
      status = tvi_limits_poll_now(&s->a.limits);
      if (status != TV_OK) return status;
    }
    for (v = 0; v < s->views; v++) {
      tvi_view_run run = {0};
      while (tvi_view_next(&ahead[v], node, &run)) {
        for (i = 0; i < run.n; i++) {
          uint32_t found = tvi_view_at(&ahead[v], run.list, i);
          if (TVI_LIKELY(s->levels[found] != TV_LEVEL_NONE)) continue;
          levels_take(s, found, node);
          *edges += tvi_view_degree(&ahead[v], found);
          s->queue[tail++] = found;
        }
      }
    }
  }
  *end = tail;
  return TV_OK;
}

/* 1: the node was reached from one of a list that is in the frontier. */
static inline int levels_wake_by(levels_search *s, const tvi_view *view, uint32_t node,
                                 const unsigned char *list, uint32_t n) {
  const uint64_t *front = s->front;
  uint32_t i;
  for (i = 0; i < n; i++) {
    uint32_t from = tvi_view_at(view, list, i);
    if ((front[from >> 6] >> (from & 63) & 1) == 0) continue;
    levels_take(s, node, from);
    return 1;
  }
  return 0;
}

/* The same from all runs of a view. *seen becomes other than 0 when there is a neighbour. */
static int levels_wake(levels_search *s, const tvi_view *view, uint32_t node, uint32_t *seen) {
  tvi_view_run run = {0};
  while (tvi_view_next(view, node, &run)) {
    *seen |= run.n;
    if (levels_wake_by(s, view, node, run.list, run.n)) return 1;
  }
  return 0;
}

/*
 * Nodes of one word of the bitmap that are still asleep. Their lists are fetched before any is
 * looked at: one at a time, each would be waited for.
 */
static inline uint64_t levels_back_word(levels_search *s, const tvi_view *back,
                                        const tvi_view_scan *scan, uint32_t word) {
  const unsigned char *lists[64]; /* NULL: it has to be read run by run */
  uint32_t sizes[64], nodes[64], count = 0, i;
  uint64_t asleep = s->asleep[word], awake = 0;
  for (; asleep != 0; asleep &= asleep - 1) {
    uint32_t node = word * 64 + (uint32_t)__builtin_ctzll(asleep);
    if (tvi_view_scan_at(scan, node, &lists[count], &sizes[count]))
      __builtin_prefetch(lists[count]);
    else
      lists[count] = NULL;
    nodes[count++] = node;
  }
  for (i = 0; i < count; i++) {
    uint32_t seen = 0;
    int woken;
    if (lists[i] != NULL)
      woken = levels_wake_by(s, &back[0], nodes[i], lists[i], seen = sizes[i]);
    else
      woken = levels_wake(s, &back[0], nodes[i], &seen);
    if (!woken && s->views == 2) woken = levels_wake(s, &back[1], nodes[i], &seen);
    if (woken)
      awake |= UINT64_C(1) << (nodes[i] & 63);
    else if (seen == 0) /* nothing leads there */
      s->asleep[word] &= ~(UINT64_C(1) << (nodes[i] & 63));
  }
  s->asleep[word] &= ~awake;
  return awake;
}

/* A piece of whole words of the bitmap, so that no two workers write the same one. */
static void levels_back_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  levels_search *s = ctx;
  const tvi_view back[2] = {*s->back[0], *s->back[1]};
  const tvi_view_scan scan = tvi_view_scan_begin(&back[0], from);
  uint32_t word, node, awake = 0;
  for (word = from / 64; word * 64 < to; word++) {
    if (s->refresh) {
      uint64_t bits = 0;
      for (node = word * 64; node < to && node < word * 64 + 64; node++)
        bits |= (uint64_t)(s->levels[node] == TV_LEVEL_NONE) << (node & 63);
      s->asleep[word] &= bits;
    }
    s->next[word] = levels_back_word(s, back, &scan, word);
    awake += (uint32_t)__builtin_popcountll(s->next[word]);
  }
  s->awake[(size_t)worker * 16] += awake;
}

static void levels_clear(uint64_t *bits, size_t words) {
  size_t i;
  for (i = 0; i < words; i++) bits[i] = 0;
}

/* Steps of the second kind, until the frontier is small and shrinking; then it is queued anew. */
static int levels_back(levels_search *s, uint32_t from, uint32_t *to) {
  uint32_t i, awake = *to - from, before;
  int status;
  s->refresh = 1; /* steps of the first kind reached some */
  levels_clear(s->front, s->words);
  for (i = from; i < *to; i++) s->front[s->queue[i] >> 6] |= UINT64_C(1) << (s->queue[i] & 63);
  do {
    uint64_t *swap = s->front;
    before = awake;
    for (i = 0; i < TVI_WORKERS_MAX; i++) s->awake[(size_t)i * 16] = 0;
    status = tvi_parallel(&s->a, s->a.ids, LEVELS_GRAIN, levels_back_piece, s);
    if (status != TV_OK) return status;
    for (awake = 0, i = 0; i < TVI_WORKERS_MAX; i++) awake += s->awake[(size_t)i * 16];
    s->front = s->next;
    s->next = swap;
    s->refresh = 0;
    s->depth++;
  } while (awake > 0 && (awake >= before || awake > s->a.ids / LEVELS_BETA));
  for (*to = from, i = 0; i < s->words; i++) {
    uint64_t word = s->front[i];
    for (; word != 0; word &= word - 1)
      s->queue[(*to)++] = (uint32_t)(i * 64 + (unsigned)__builtin_ctzll(word));
  }
  return TV_OK;
}

static int levels_run(levels_search *s, uint32_t start) {
  uint64_t edges = tvi_view_degree(s->ahead[0], start), left = 0;
  uint32_t from = 0, to = 1, i;
  size_t v;
  int status = TV_OK;
  for (v = 0; v < s->views; v++) left += s->ahead[v]->edges;
  for (i = 0; i < s->a.ids; i++) s->levels[i] = TV_LEVEL_NONE;
  for (i = 0; s->parents != NULL && i < s->a.ids; i++) s->parents[i] = TV_NODE_NONE;
  for (i = 0; i < s->words; i++) s->asleep[i] = UINT64_MAX;
  s->levels[start] = 0;
  s->queue[0] = start;
  s->depth = 1;
  while (from < to && status == TV_OK) {
    uint32_t end = to;
    if (edges > left / LEVELS_ALPHA) {
      status = levels_back(s, from, &to);
      edges = 1;
      continue;
    }
    left -= edges < left ? edges : left;
    status = levels_ahead(s, from, to, &end, &edges);
    from = to;
    to = end;
    s->depth++;
  }
  return status;
}

int tv_graph_levels(tv_graph *graph, const tv_algorithm_options *options, tv_node start,
                    int direction, uint32_t *levels, tv_node *parents, uint64_t n) {
  levels_search *s = tvi_zalloc(sizeof *s);
  int status = TV_OK;
  if (s == NULL) return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for a search");
  if (direction != TV_OUT && direction != TV_IN && direction != TV_BOTH)
    status = tvi_txn_fail(graph->txn, TV_EINVAL, 0, "%d is no direction of edges", direction);
  if (status == TV_OK) status = tvi_algorithm_open(&s->a, graph, options, TV_BOTH, n);
  if (status == TV_OK) status = tvi_node_check(graph, start);
  if (status == TV_OK) {
    s->views = direction == TV_BOTH ? 2 : 1;
    s->ahead[0] = s->back[1] = direction == TV_IN ? &s->a.in : &s->a.out;
    s->back[0] = s->ahead[1] = direction == TV_IN ? &s->a.out : &s->a.in;
    s->levels = levels;
    s->parents = parents;
    s->words = (size_t)s->a.ids / 64 + 1;
    s->queue = tvi_alloc(((size_t)s->a.ids + 1) * sizeof *s->queue);
    s->front = tvi_alloc(s->words * sizeof *s->front);
    s->next = tvi_zalloc(s->words * sizeof *s->next);
    s->asleep = tvi_alloc(s->words * sizeof *s->asleep);
    status = s->queue == NULL || s->front == NULL || s->next == NULL || s->asleep == NULL
                 ? tvi_algorithm_no_memory(&s->a)
                 : levels_run(s, (uint32_t)start);
  }
  status = tvi_algorithm_close(&s->a, status);
  tvi_free(s->queue);
  tvi_free(s->front);
  tvi_free(s->next);
  tvi_free(s->asleep);
  tvi_free(s);
  return status;
}
