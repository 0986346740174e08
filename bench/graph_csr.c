/* SPDX-License-Identifier: MIT */
/*
 * The baseline: compressed sparse rows in memory and the same algorithms on them that a tuned
 * library uses (direction-optimising search, pulling PageRank, Afforest, triangles over edges
 * turned towards the higher degree). Rejected: a naive baseline, beside which any store looks fast.
 */
#include <stdlib.h>
#include <string.h>

#include "graph_bench.h"
#include "tool_heap.h"

static void csr_side(uint32_t nodes, uint64_t n, const uint64_t *from, const uint64_t *to,
                     uint64_t **at_out, uint32_t **list_out) {
  uint64_t *at = heap_take(((size_t)nodes + 2) * sizeof *at), i;
  uint32_t *list = heap_take((size_t)(n + 1) * sizeof *list);
  memset(at, 0, ((size_t)nodes + 2) * sizeof *at);
  for (i = 0; i < n; i++) at[from[i] + 2]++;
  for (i = 2; i < (uint64_t)nodes + 2; i++) at[i] += at[i - 1];
  for (i = 0; i < n; i++) list[at[from[i] + 1]++] = (uint32_t)to[i];
  *at_out = at;
  *list_out = list;
}

void graph_csr_build(graph_csr *csr, const graph_edges *edges) {
  csr->nodes = edges->nodes;
  csr->edges = edges->n;
  csr_side(edges->nodes, edges->n, edges->from, edges->to, &csr->out_at, &csr->out);
  csr_side(edges->nodes, edges->n, edges->to, edges->from, &csr->in_at, &csr->in);
}

void graph_csr_free(graph_csr *csr) {
  free(csr->out_at);
  free(csr->in_at);
  free(csr->out);
  free(csr->in);
}

typedef struct csr_search {
  const graph_csr *csr;
  uint32_t *levels, *queue;
  uint64_t *front, *next;
  size_t words;
  uint32_t depth;
} csr_search;

static uint32_t csr_ahead(csr_search *s, uint32_t from, uint32_t to, uint64_t *edges) {
  const graph_csr *csr = s->csr;
  uint32_t at, tail = to;
  *edges = 0;
  for (at = from; at < to; at++) {
    uint64_t i, end = csr->out_at[s->queue[at] + 1];
    for (i = csr->out_at[s->queue[at]]; i < end; i++) {
      uint32_t found = csr->out[i];
      if (s->levels[found] != UINT32_MAX) continue;
      s->levels[found] = s->depth;
      *edges += csr->out_at[found + 1] - csr->out_at[found];
      s->queue[tail++] = found;
    }
  }
  return tail;
}

static uint32_t csr_wake(csr_search *s) {
  const graph_csr *csr = s->csr;
  uint32_t node, awake = 0;
  for (node = 0; node < csr->nodes; node++) {
    uint64_t i;
    if (s->levels[node] != UINT32_MAX) continue;
    for (i = csr->in_at[node]; i < csr->in_at[node + 1]; i++) {
      uint32_t from = csr->in[i];
      if ((s->front[from >> 6] >> (from & 63) & 1) == 0) continue;
      s->levels[node] = s->depth;
      s->next[node >> 6] |= UINT64_C(1) << (node & 63);
      awake++;
      break;
    }
  }
  return awake;
}

static uint32_t csr_back(csr_search *s, uint32_t from, uint32_t to) {
  uint32_t i, awake = to - from, before;
  memset(s->front, 0, s->words * 8);
  for (i = from; i < to; i++) s->front[s->queue[i] >> 6] |= UINT64_C(1) << (s->queue[i] & 63);
  do {
    uint64_t *swap = s->front;
    before = awake;
    memset(s->next, 0, s->words * 8);
    awake = csr_wake(s);
    s->front = s->next;
    s->next = swap;
    s->depth++;
  } while (awake > 0 && (awake >= before || awake > s->csr->nodes / 18));
  for (to = from, i = 0; i < s->words; i++) {
    uint64_t word = s->front[i];
    for (; word != 0; word &= word - 1)
      s->queue[to++] = (uint32_t)(i * 64 + (unsigned)__builtin_ctzll(word));
  }
  return to;
}

void graph_csr_levels(const graph_csr *csr, uint32_t start, uint32_t *levels) {
  csr_search s = {.csr = csr, .levels = levels, .words = (size_t)csr->nodes / 64 + 1, .depth = 1};
  uint64_t edges = csr->out_at[start + 1] - csr->out_at[start], left = csr->edges;
  uint32_t from = 0, to = 1;
  s.queue = heap_take(((size_t)csr->nodes + 1) * sizeof *s.queue);
  s.front = heap_take(s.words * 8);
  s.next = heap_take(s.words * 8);
  memset(levels, 0xff, (size_t)csr->nodes * sizeof *levels);
  levels[start] = 0;
  s.queue[0] = start;
  while (from < to) {
    if (edges > left / 15) {
      to = csr_back(&s, from, to);
      edges = 1;
    } else {
      uint32_t end;
      left -= edges < left ? edges : left;
      end = csr_ahead(&s, from, to, &edges);
      from = to;
      to = end;
      s.depth++;
    }
  }
  free(s.queue);
  free(s.front);
  free(s.next);
}

void graph_csr_pagerank(const graph_csr *csr, unsigned iterations, double *ranks) {
  double *gives = heap_take(((size_t)csr->nodes + 1) * sizeof *gives), n = csr->nodes;
  uint32_t node;
  for (node = 0; node < csr->nodes; node++) ranks[node] = 1 / n;
  while (iterations-- > 0) {
    double lost = 0;
    for (node = 0; node < csr->nodes; node++) {
      uint64_t degree = csr->out_at[node + 1] - csr->out_at[node];
      if (degree == 0) lost += ranks[node];
      gives[node] = degree == 0 ? 0 : ranks[node] / (double)degree;
    }
    for (node = 0; node < csr->nodes; node++) {
      uint64_t i;
      double sum = 0;
      for (i = csr->in_at[node]; i < csr->in_at[node + 1]; i++) sum += gives[csr->in[i]];
      ranks[node] = 0.85 * sum + (0.15 + 0.85 * lost) / n;
    }
  }
  free(gives);
}

static void csr_link(uint32_t *tree, uint32_t a, uint32_t b) {
  uint32_t x = tree[a], y = tree[b];
  while (x != y) {
    uint32_t high = x > y ? x : y, low = x > y ? y : x, up = tree[high];
    if (up == low) return;
    if (up == high) {
      tree[high] = low;
      return;
    }
    x = tree[up];
    y = tree[low];
  }
}

static void csr_compress(uint32_t *tree, uint32_t nodes) {
  uint32_t node;
  for (node = 0; node < nodes; node++)
    while (tree[node] != tree[tree[node]]) tree[node] = tree[tree[node]];
}

/* The root that most of 1,024 samples have. */
static uint32_t csr_largest(const uint32_t *tree, uint32_t nodes) {
  uint32_t roots[1024], best = 0, best_count = 0, i, j;
  uint64_t state = 1;
  for (i = 0; i < 1024; i++) {
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    roots[i] = tree[(state >> 33) % nodes];
  }
  for (i = 0; i < 1024 && best_count < 512; i++) {
    uint32_t count = 0;
    for (j = 0; j < 1024; j++) count += roots[j] == roots[i];
    if (count > best_count) {
      best = roots[i];
      best_count = count;
    }
  }
  return best;
}

uint64_t graph_csr_components(const graph_csr *csr, uint32_t *tree) {
  uint32_t node, largest;
  uint64_t round, i, count = 0;
  if (csr->nodes == 0) return 0;
  for (node = 0; node < csr->nodes; node++) tree[node] = node;
  for (round = 0; round < 2; round++) {
    for (node = 0; node < csr->nodes; node++)
      if (csr->out_at[node] + round < csr->out_at[node + 1])
        csr_link(tree, node, csr->out[csr->out_at[node] + round]);
    csr_compress(tree, csr->nodes);
  }
  largest = csr_largest(tree, csr->nodes);
  for (node = 0; node < csr->nodes; node++) {
    if (tree[node] == largest) continue;
    for (i = csr->out_at[node] + 2; i < csr->out_at[node + 1]; i++)
      csr_link(tree, node, csr->out[i]);
    for (i = csr->in_at[node]; i < csr->in_at[node + 1]; i++) csr_link(tree, node, csr->in[i]);
  }
  csr_compress(tree, csr->nodes);
  for (node = 0; node < csr->nodes; node++) count += tree[node] == node;
  return count;
}

/* ---- Triangles ---- */

typedef struct csr_turned {
  const graph_csr *csr;
  uint32_t *marks, *lists;
  uint64_t *at;
} csr_turned;

static uint64_t csr_degree(const graph_csr *csr, uint32_t node) {
  return csr->out_at[node + 1] - csr->out_at[node] + csr->in_at[node + 1] - csr->in_at[node];
}

static uint64_t csr_turn(csr_turned *t, const uint64_t *at, const uint32_t *list, uint32_t node,
                         uint64_t n) {
  uint64_t i, degree = csr_degree(t->csr, node);
  for (i = at[node]; i < at[node + 1]; i++) {
    uint32_t to = list[i];
    uint64_t other = csr_degree(t->csr, to);
    if (to == node || other < degree || (other == degree && to < node)) continue;
    if (t->marks[to] == node + 1) continue;
    t->marks[to] = node + 1;
    t->lists[n++] = to;
  }
  return n;
}

uint64_t graph_csr_triangles(const graph_csr *csr) {
  csr_turned t = {csr, NULL, NULL, NULL};
  size_t ids = (size_t)csr->nodes + 1;
  uint64_t sum = 0, i, j;
  uint32_t node;
  t.marks = heap_take(ids * sizeof *t.marks);
  t.at = heap_take(ids * sizeof *t.at);
  t.lists = heap_take((size_t)(csr->edges + 1) * sizeof *t.lists);
  memset(t.marks, 0, ids * sizeof *t.marks);
  t.at[0] = 0;
  for (node = 0; node < csr->nodes; node++) {
    t.at[node + 1] = csr_turn(&t, csr->out_at, csr->out, node, t.at[node]);
    t.at[node + 1] = csr_turn(&t, csr->in_at, csr->in, node, t.at[node + 1]);
  }
  memset(t.marks, 0, ids * sizeof *t.marks);
  for (node = 0; node < csr->nodes; node++) {
    for (i = t.at[node]; i < t.at[node + 1]; i++) t.marks[t.lists[i]] = node + 1;
    for (i = t.at[node]; i < t.at[node + 1]; i++)
      for (j = t.at[t.lists[i]]; j < t.at[t.lists[i] + 1]; j++)
        sum += t.marks[t.lists[j]] == node + 1;
  }
  free(t.marks);
  free(t.at);
  free(t.lists);
  return sum;
}
