/* SPDX-License-Identifier: MIT */
/*
 * Weakly connected components (Sutton, Ben-Nun, Barak: Afforest, 2018): a forest of links to lower
 * ids, first over two neighbours of each node; then the largest tree is guessed from a sample, and
 * only nodes outside it look at the rest of their edges. Rejected: a search from each node not yet
 * reached, which reads every edge.
 */
#include "view_internal.h"

#define FOREST_ROUNDS 2
#define FOREST_SAMPLE 1024
#define FOREST_POLL 65536u

typedef struct forest {
  tvi_algorithm a;
  uint32_t *tree; /* a node of the same component, not above; itself: a root */
} forest;

/* Joins the trees of two nodes. */
static void forest_link(uint32_t *tree, uint32_t a, uint32_t b) {
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

static void forest_compress(uint32_t *tree, uint32_t ids) {
  uint32_t node;
  for (node = 0; node < ids; node++)
    while (tree[node] != tree[tree[node]]) tree[node] = tree[tree[node]];
}

/* The round-th neighbour of each node. */
static int forest_round(forest *f, uint32_t round) {
  const tvi_view out = f->a.out;
  uint32_t *tree = f->tree, node;
  for (node = 0; node < out.ids; node++) {
    tvi_view_run run = {0};
    uint32_t skip = round;
    while (tvi_view_next(&out, node, &run)) {
      if (skip < run.n) {
        forest_link(tree, node, tvi_view_at(&out, run.list, skip));
        break;
      }
      skip -= run.n;
    }
  }
  f->a.limits.polls = 0;
  return tvi_limits_poll_now(&f->a.limits);
}

/* The root that most of a sample has. */
static uint32_t forest_largest(const forest *f) {
  uint32_t roots[FOREST_SAMPLE], best = 0, best_count = 0, i, j;
  uint64_t state = 0x9E3779B97F4A7C15u; /* fixed: the answer never depends on it */
  for (i = 0; i < FOREST_SAMPLE; i++) {
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    roots[i] = f->tree[(state >> 33) % f->a.ids];
  }
  for (i = 0; i < FOREST_SAMPLE && best_count < FOREST_SAMPLE / 2; i++) {
    uint32_t count = 0;
    for (j = 0; j < FOREST_SAMPLE; j++) count += roots[j] == roots[i];
    if (count > best_count) {
      best = roots[i];
      best_count = count;
    }
  }
  return best;
}

static inline void forest_link_all(uint32_t *tree, const tvi_view *view, uint32_t node,
                                   uint32_t skip) {
  tvi_view_run run = {0};
  uint32_t i;
  while (tvi_view_next(view, node, &run)) {
    for (i = skip; i < run.n; i++) forest_link(tree, node, tvi_view_at(view, run.list, i));
    skip = skip > run.n ? skip - run.n : 0;
  }
}

static int forest_grow(forest *f) {
  const tvi_view out = f->a.out, in = f->a.in;
  uint32_t node, largest, round;
  int status = TV_OK;
  for (node = 0; node < f->a.ids; node++) f->tree[node] = node;
  for (round = 0; round < FOREST_ROUNDS && status == TV_OK; round++) {
    status = forest_round(f, round);
    forest_compress(f->tree, f->a.ids);
  }
  if (status != TV_OK || f->a.ids == 0) return status;
  largest = forest_largest(f);
  for (node = 0; node < f->a.ids && status == TV_OK; node++) {
    if (f->tree[node] == largest) continue;
    forest_link_all(f->tree, &out, node, FOREST_ROUNDS);
    forest_link_all(f->tree, &in, node, 0);
    if (node % FOREST_POLL == 0) {
      f->a.limits.polls = 0;
      status = tvi_limits_poll_now(&f->a.limits);
    }
  }
  forest_compress(f->tree, f->a.ids);
  return status;
}

int tv_graph_components(tv_graph *graph, const tv_algorithm_options *options, tv_node *components,
                        uint64_t n, uint64_t *count) {
  forest f = {.tree = NULL};
  uint64_t roots = 0;
  uint32_t node;
  int status = tvi_algorithm_open(&f.a, graph, options, TV_BOTH, n);
  if (status == TV_OK) {
    f.tree = tvi_alloc(((size_t)f.a.ids + 1) * sizeof *f.tree);
    status = f.tree == NULL ? tvi_algorithm_no_memory(&f.a) : forest_grow(&f);
  }
  for (node = 0; status == TV_OK && node < f.a.ids; node++) {
    int alive = tvi_algorithm_alive(&f.a, node);
    components[node] = alive ? f.tree[node] : TV_NODE_NONE;
    roots += alive && f.tree[node] == node;
  }
  if (count != NULL) *count = roots;
  tvi_free(f.tree);
  return tvi_algorithm_close(&f.a, status);
}
