/* SPDX-License-Identifier: MIT */
/*
 * Triangles: nodes are named by descending number of neighbours, and each keeps the neighbours of
 * lower name, once, which leaves no list longer than about the square root of all edges (Chiba,
 * Nishizeki: Arboricity and subgraph listing algorithms, 1985). A triangle is found from its
 * highest name: its list is a bitmap, in which the lists of those in it are looked up; the bits
 * used are those of low names, and stay in the nearest cache. Rejected: intersecting sorted lists;
 * on graphs with hubs the bitmap is more than twice as fast, and the lists need no order.
 */
#include <string.h>

#include "view_internal.h"

#define TRIANGLE_GRAIN 256u

typedef struct triangle_worker {
  uint64_t *bits; /* by name; all 0 between nodes */
  uint32_t *list; /* the one being made */
  uint64_t sum;
} triangle_worker;

typedef struct triangle_count {
  tvi_algorithm a;
  uint32_t *names, *order; /* order[names[node]] == node */
  uint32_t *sizes;         /* by name, of its list; before, by node, how many neighbours */
  uint64_t *at;            /* by name: where its list begins */
  uint32_t *lists;         /* names */
  uint64_t used, capacity; /* of lists */
  triangle_worker workers[TVI_WORKERS_MAX];
} triangle_count;

static void triangle_degree_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  triangle_count *t = ctx;
  uint32_t node;
  (void)worker;
  for (node = from; node < to; node++)
    t->sizes[node] = tvi_view_degree(&t->a.out, node) + tvi_view_degree(&t->a.in, node);
}

/* Counting sort; what has more neighbours than there are nodes counts as having as many. */
static int triangle_name(triangle_count *t) {
  uint32_t ids = t->a.ids, node;
  uint32_t *places = tvi_zalloc(((size_t)ids + 2) * sizeof *places);
  if (places == NULL) return tvi_algorithm_no_memory(&t->a);
  for (node = 0; node < ids; node++)
    places[ids - (t->sizes[node] < ids ? t->sizes[node] : ids) + 1]++;
  for (node = 1; node <= ids; node++) places[node] += places[node - 1];
  for (node = 0; node < ids; node++) {
    uint32_t *place = &places[ids - (t->sizes[node] < ids ? t->sizes[node] : ids)];
    t->names[node] = *place;
    t->order[(*place)++] = node;
  }
  tvi_free(places);
  return TV_OK;
}

static inline uint32_t triangle_add(const triangle_count *t, const tvi_view *view, uint32_t name,
                                    const tvi_view_run *run, triangle_worker *w, uint32_t n) {
  uint32_t i;
  for (i = 0; i < run->n; i++) {
    uint32_t other = t->names[tvi_view_at(view, run->list, i)];
    if (other >= name || (w->bits[other >> 6] >> (other & 63) & 1) != 0) continue;
    w->bits[other >> 6] |= UINT64_C(1) << (other & 63);
    w->list[n++] = other;
  }
  return n;
}

/* The two views may disagree in a damaged file: then the lists have no room. */
static int triangle_keep(triangle_count *t, uint32_t name, const uint32_t *list, uint32_t n) {
  uint64_t at = __atomic_fetch_add(&t->used, n, __ATOMIC_RELAXED);
  t->at[name] = at;
  t->sizes[name] = n;
  if (at + n <= t->capacity) {
    if (n != 0) memcpy(t->lists + at, list, n * sizeof *list);
    return 1;
  }
  t->sizes[name] = 0;
  __atomic_store_n(t->a.out.damaged, 1, __ATOMIC_RELAXED);
  return 0;
}

static void triangle_list_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  triangle_count *t = ctx;
  triangle_worker *w = &t->workers[worker];
  const tvi_view out = t->a.out, in = t->a.in;
  uint32_t name, i;
  for (name = from; name < to; name++) {
    tvi_view_run run = {0};
    uint32_t n = 0;
    while (tvi_view_next(&out, t->order[name], &run)) n = triangle_add(t, &out, name, &run, w, n);
    run = (tvi_view_run){0};
    while (tvi_view_next(&in, t->order[name], &run)) n = triangle_add(t, &in, name, &run, w, n);
    for (i = 0; i < n; i++) w->bits[w->list[i] >> 6] = 0;
    if (!triangle_keep(t, name, w->list, n)) return;
  }
}

static void triangle_count_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  triangle_count *t = ctx;
  uint64_t *bits = t->workers[worker].bits, sum = 0;
  uint32_t name, i, j;
  for (name = from; name < to; name++) {
    const uint32_t *list = t->lists + t->at[name];
    uint32_t n = t->sizes[name];
    if (n < 2) continue;
    for (i = 0; i < n; i++) bits[list[i] >> 6] |= UINT64_C(1) << (list[i] & 63);
    for (i = 0; i < n; i++) {
      const uint32_t *further = t->lists + t->at[list[i]];
      uint32_t size = t->sizes[list[i]];
      for (j = 0; j < size; j++) sum += bits[further[j] >> 6] >> (further[j] & 63) & 1;
    }
    for (i = 0; i < n; i++) bits[list[i] >> 6] = 0;
  }
  t->workers[worker].sum += sum;
}

static int triangle_arrays(triangle_count *t) {
  size_t ids = (size_t)t->a.ids + 1;
  unsigned i;
  t->capacity = t->a.out.edges;
  t->names = tvi_alloc(ids * sizeof *t->names);
  t->order = tvi_alloc(ids * sizeof *t->order);
  t->sizes = tvi_alloc(ids * sizeof *t->sizes);
  t->at = tvi_alloc(ids * sizeof *t->at);
  t->lists = tvi_alloc(((size_t)t->capacity + 1) * sizeof *t->lists);
  if (t->names == NULL || t->order == NULL || t->sizes == NULL || t->at == NULL || t->lists == NULL)
    return tvi_algorithm_no_memory(&t->a);
  for (i = 0; i < t->a.threads; i++) {
    t->workers[i].bits = tvi_zalloc((ids / 64 + 1) * sizeof *t->workers[i].bits);
    t->workers[i].list = tvi_alloc(ids * sizeof *t->workers[i].list);
    if (t->workers[i].bits == NULL || t->workers[i].list == NULL)
      return tvi_algorithm_no_memory(&t->a);
  }
  return TV_OK;
}

static int triangle_run(triangle_count *t, uint64_t *count) {
  uint32_t ids = t->a.ids;
  unsigned i;
  int status = triangle_arrays(t);
  if (status == TV_OK) status = tvi_parallel(&t->a, ids, TRIANGLE_GRAIN, triangle_degree_piece, t);
  if (status == TV_OK) status = triangle_name(t);
  if (status == TV_OK) status = tvi_parallel(&t->a, ids, TRIANGLE_GRAIN, triangle_list_piece, t);
  if (status != TV_OK || t->a.damaged) return status;
  status = tvi_parallel(&t->a, ids, TRIANGLE_GRAIN, triangle_count_piece, t);
  for (i = 0; i < TVI_WORKERS_MAX; i++) *count += t->workers[i].sum;
  return status;
}

int tv_graph_triangles(tv_graph *graph, const tv_algorithm_options *options, uint64_t *count) {
  triangle_count *t = tvi_zalloc(sizeof *t);
  uint64_t ids = 0;
  unsigned i;
  int status;
  *count = 0;
  if (t == NULL) return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for triangles");
  status = tvi_graph_enter(graph);
  if (status == TV_OK) status = tvi_node_ids(graph, &ids);
  if (status == TV_OK) status = tvi_algorithm_open(&t->a, graph, options, TV_BOTH, ids);
  if (status == TV_OK) status = triangle_run(t, count);
  status = tvi_algorithm_close(&t->a, status);
  for (i = 0; i < TVI_WORKERS_MAX; i++) {
    tvi_free(t->workers[i].bits);
    tvi_free(t->workers[i].list);
  }
  tvi_free(t->names);
  tvi_free(t->order);
  tvi_free(t->sizes);
  tvi_free(t->at);
  tvi_free(t->lists);
  tvi_free(t);
  return status;
}
