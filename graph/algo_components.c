/* SPDX-License-Identifier: MIT */
/*
 * Weakly connected components (Sutton, Ben-Nun, Barak: Afforest, 2018): a forest of links to lower
 * ids, first over two neighbours of each node; then the largest tree is guessed from a sample, and
 * only nodes outside it look at the rest of their edges. Threads link by compare and swap, and a
 * link only ever lowers. Rejected: a search from each node not yet reached, which reads every edge.
 */
#include "view_scan_internal.h"

#define FOREST_FIRST 2u /* neighbours that every node is linked to */
#define FOREST_SAMPLE 1024
#define FOREST_GRAIN TVI_BLOCK_NODES
#define FOREST_AHEAD 16u

typedef struct forest {
  tvi_algorithm a;
  uint32_t *tree; /* a node of the same component, not above; itself: a root */
  uint32_t largest;
} forest;

static inline uint32_t forest_load(const uint32_t *tree, uint32_t node) {
  return __atomic_load_n(&tree[node], __ATOMIC_RELAXED);
}

/* Joins the trees of two nodes. */
static void forest_link(uint32_t *tree, uint32_t a, uint32_t b) {
  uint32_t x = forest_load(tree, a), y = forest_load(tree, b);
  while (x != y) {
    uint32_t high = x > y ? x : y, low = x > y ? y : x, up = forest_load(tree, high);
    if (up == low) return;
    if (up == high &&
        __atomic_compare_exchange_n(&tree[high], &up, low, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      return;
    x = forest_load(tree, forest_load(tree, high));
    y = forest_load(tree, low);
  }
}

static void forest_plant_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  uint32_t *tree = ((forest *)ctx)->tree;
  (void)worker;
  for (; from < to; from++) tree[from] = from;
}

static void forest_compress_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  uint32_t *tree = ((forest *)ctx)->tree;
  (void)worker;
  for (; from < to; from++) {
    uint32_t up = forest_load(tree, from), top;
    while ((top = forest_load(tree, up)) != up) up = top;
    __atomic_store_n(&tree[from], up, __ATOMIC_RELAXED);
  }
}

static inline void forest_fetch(const tvi_view_scan *scan, uint32_t node) {
  const unsigned char *list;
  uint32_t n;
  if (tvi_view_scan_at(scan, node, &list, &n)) __builtin_prefetch(list);
}

/* Links to the first neighbours. */
static void forest_first_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  forest *f = ctx;
  const tvi_view out = f->a.out;
  const tvi_view_scan scan = tvi_view_scan_begin(&out, from);
  const unsigned char *list;
  uint32_t node, i, n;
  (void)worker;
  for (node = from; node < to; node++) {
    if (node + FOREST_AHEAD < to) forest_fetch(&scan, node + FOREST_AHEAD);
    if (!tvi_view_scan_at(&scan, node, &list, &n)) {
      tvi_view_run run = {0};
      if (!tvi_view_next(&out, node, &run)) continue;
      list = run.list;
      n = run.n;
    }
    for (i = 0; i < n && i < FOREST_FIRST; i++)
      forest_link(f->tree, node, tvi_view_at(&out, list, i));
  }
}

static void forest_link_all(uint32_t *tree, const tvi_view *view, uint32_t node) {
  tvi_view_run run = {0};
  uint32_t i;
  while (tvi_view_next(view, node, &run))
    for (i = 0; i < run.n; i++) forest_link(tree, node, tvi_view_at(view, run.list, i));
}

/* Nodes outside the largest tree look at all their edges, also those that they know. */
static void forest_rest_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  forest *f = ctx;
  const tvi_view out = f->a.out, in = f->a.in;
  uint32_t *tree = f->tree, node;
  (void)worker;
  for (node = from; node < to; node++) {
    if (forest_load(tree, node) == f->largest) continue;
    forest_link_all(tree, &out, node);
    forest_link_all(tree, &in, node);
  }
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

static int forest_grow(forest *f) {
  uint32_t ids = f->a.ids;
  int status = tvi_parallel(&f->a, ids, FOREST_GRAIN, forest_plant_piece, f);
  if (status == TV_OK) status = tvi_parallel(&f->a, ids, FOREST_GRAIN, forest_first_piece, f);
  if (status == TV_OK) status = tvi_parallel(&f->a, ids, FOREST_GRAIN, forest_compress_piece, f);
  if (status != TV_OK || ids == 0) return status;
  f->largest = forest_largest(f);
  status = tvi_parallel(&f->a, ids, FOREST_GRAIN, forest_rest_piece, f);
  if (status == TV_OK) status = tvi_parallel(&f->a, ids, FOREST_GRAIN, forest_compress_piece, f);
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
