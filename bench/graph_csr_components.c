/* SPDX-License-Identifier: MIT */
/*
 * Weakly connected components by Afforest (Sutton, Ben-Nun, Barak: IPDPS 2018), as the GAP suite
 * has it: two edges of each node first, then the component that most nodes are in by now is passed
 * over, for its nodes need not look at the rest of their edges. Plain union-find over all edges was
 * rejected: it reads them all.
 */
#include <stdlib.h>

#include "graph_bench.h"
#include "tool_heap.h"

#define FOREST_ROUNDS 2
#define FOREST_SAMPLES 1024

typedef struct csr_forest {
  const graph_csr *csr;
  uint32_t *tree;
  uint64_t round;
  uint32_t largest;
  uint64_t roots;
} csr_forest;

static uint32_t forest_up(const uint32_t *tree, uint32_t node) {
  return __atomic_load_n(&tree[node], __ATOMIC_RELAXED);
}

/* Joins the trees of a and b: the higher root below the lower, so that the root that remains is a
 * component's least node. */
static void forest_link(uint32_t *tree, uint32_t a, uint32_t b) {
  uint32_t x = forest_up(tree, a), y = forest_up(tree, b);
  while (x != y) {
    uint32_t high = x > y ? x : y, low = x > y ? y : x, up = forest_up(tree, high);
    if (up == low) return;
    if (up == high &&
        __atomic_compare_exchange_n(&tree[high], &up, low, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      return;
    x = forest_up(tree, forest_up(tree, high));
    y = forest_up(tree, low);
  }
}

static void forest_start(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  const csr_forest *f = ctx;
  (void)thread;
  for (; from < to; from++) f->tree[from] = (uint32_t)from;
}

static void forest_sample(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  const csr_forest *f = ctx;
  (void)thread;
  for (; from < to; from++)
    if (f->csr->out_at[from] + f->round < f->csr->out_at[from + 1])
      forest_link(f->tree, (uint32_t)from, f->csr->out[f->csr->out_at[from] + f->round]);
}

static void forest_compress(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  const csr_forest *f = ctx;
  (void)thread;
  for (; from < to; from++) {
    uint32_t up = forest_up(f->tree, (uint32_t)from), root = forest_up(f->tree, up);
    if (up == root) continue;
    while (up != root) {
      up = root;
      root = forest_up(f->tree, up);
    }
    __atomic_store_n(&f->tree[from], root, __ATOMIC_RELAXED);
  }
}

static void forest_rest(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  const csr_forest *f = ctx;
  const graph_csr *csr = f->csr;
  uint64_t i;
  (void)thread;
  for (; from < to; from++) {
    if (forest_up(f->tree, (uint32_t)from) == f->largest) continue;
    for (i = csr->out_at[from] + FOREST_ROUNDS; i < csr->out_at[from + 1]; i++)
      forest_link(f->tree, (uint32_t)from, csr->out[i]);
    for (i = csr->in_at[from]; i < csr->in_at[from + 1]; i++)
      forest_link(f->tree, (uint32_t)from, csr->in[i]);
  }
}

static void forest_count(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  csr_forest *f = ctx;
  uint64_t roots = 0;
  (void)thread;
  for (; from < to; from++) roots += f->tree[from] == from;
  __atomic_fetch_add(&f->roots, roots, __ATOMIC_RELAXED);
}

static int forest_compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

/* The root that most of some sampled nodes have. */
static uint32_t forest_largest(const uint32_t *tree, uint32_t nodes) {
  uint32_t roots[FOREST_SAMPLES], best = 0, best_count = 0, i, count = 0;
  uint64_t state = 1;
  for (i = 0; i < FOREST_SAMPLES; i++) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    roots[i] = tree[(state >> 33) % nodes];
  }
  qsort(roots, FOREST_SAMPLES, sizeof roots[0], forest_compare);
  for (i = 0; i < FOREST_SAMPLES; i++) {
    count = i > 0 && roots[i] == roots[i - 1] ? count + 1 : 1;
    if (count > best_count) {
      best = roots[i];
      best_count = count;
    }
  }
  return best;
}

uint64_t graph_csr_components(const graph_csr *csr, graph_team *team, uint32_t *tree) {
  csr_forest f = {.csr = csr, .tree = tree};
  if (csr->nodes == 0) return 0;
  graph_team_share(team, csr->nodes, 16384, forest_start, &f);
  for (f.round = 0; f.round < FOREST_ROUNDS; f.round++) {
    graph_team_share(team, csr->nodes, 8192, forest_sample, &f);
    graph_team_share(team, csr->nodes, 8192, forest_compress, &f);
  }
  f.largest = forest_largest(tree, csr->nodes);
  graph_team_share(team, csr->nodes, 8192, forest_rest, &f);
  graph_team_share(team, csr->nodes, 8192, forest_compress, &f);
  graph_team_share(team, csr->nodes, 16384, forest_count, &f);
  return f.roots;
}
