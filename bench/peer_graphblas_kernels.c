/* SPDX-License-Identifier: MIT */
/*
 * The kernels in the language of linear algebra, as LAGraph has them (Szarnyas et al.: GrAPL 2021):
 * direction-optimising search, PageRank for sinks too, FastSV, delta-stepping, triangles as
 * L * L masked by L after sorting by degree (L * U' took nearly three times as long). LAGraph
 * itself is not in Debian. Naive formulations were rejected: the peer is to be as fast as those who
 * know it make it.
 */
#include <stdlib.h>
#include <string.h>

#include "peer_graphblas_calls.h"
#include "tool_heap.h"

/* Runs a call of the library unless one before it failed. */
#define GRB(call) (rc = rc != 0 ? rc : graphblas_check(call, #call))

/* ---- Breadth-first search ---- */

typedef struct grb_search {
  void *front, *levels, *degrees;
  grb_index found, before;
  int64_t left; /* edges not looked at */
  int push;
} grb_search;

/* Push or pull, by LAGraph's rule. */
static int grb_search_choose(const graphblas_graph *g, grb_search *s) {
  const graphblas_calls *c = g->call;
  int rc = 0;
  if (s->push && s->left >= (int64_t)g->n) {
    int64_t edges = 0;
    GRB(c->v_assign(s->degrees, s->front, NULL, g->out_degree, *c->all, g->n, *c->desc_rs));
    GRB(c->v_sum_int64(&edges, NULL, *c->sum_int64, s->degrees, NULL));
    s->left -= edges;
    if (s->found > s->before && edges > s->left / 8) s->push = 0;
  } else if (!s->push && s->found < s->before && s->found <= g->n / 512) {
    s->push = 1;
  }
  return rc;
}

int graphblas_levels(unsigned slot, uint32_t start) {
  graphblas_graph *g = &graphblas_now;
  const graphblas_calls *c = g->call;
  grb_search s = {.found = 1, .left = (int64_t)g->edges, .push = 1};
  int32_t level = 0;
  int rc = 0;
  GRB(c->v_free(&g->far[slot]));
  GRB(c->v_new(&s.front, *c->boolean, g->n));
  GRB(c->v_new(&s.degrees, *c->int64, g->n));
  GRB(c->v_new(&s.levels, *c->int32, g->n));
  GRB(c->v_option(s.levels, GRAPHBLAS_OPTION_SPARSITY, GRAPHBLAS_BITMAP + GRAPHBLAS_FULL));
  GRB(c->v_set_bool(s.front, true, start));
  GRB(c->v_set_int32(s.levels, 0, start));
  while (rc == 0 && s.found > 0) {
    rc = grb_search_choose(g, &s);
    GRB(c->v_option(s.front, GRAPHBLAS_OPTION_SPARSITY,
                    s.push ? GRAPHBLAS_SPARSE : GRAPHBLAS_BITMAP));
    if (s.push)
      GRB(c->vxm(s.front, s.levels, NULL, *c->any_pair_bool, s.front, g->out, *c->desc_rsc));
    else
      GRB(c->mxv(s.front, s.levels, NULL, *c->any_pair_bool, g->in, s.front, *c->desc_rsc));
    s.before = s.found;
    GRB(c->v_nvals(&s.found, s.front));
    GRB(c->v_assign_int32(s.levels, s.front, NULL, ++level, *c->all, g->n, *c->desc_s));
  }
  c->v_free(&s.front);
  c->v_free(&s.degrees);
  g->far[slot] = s.levels;
  return rc;
}

int graphblas_take_far(unsigned slot, uint32_t *far) {
  graphblas_graph *g = &graphblas_now;
  grb_index *at = heap_take((size_t)(g->n + 1) * sizeof *at), n = g->n, i;
  int32_t *value = heap_take((size_t)(g->n + 1) * sizeof *value);
  int rc = 0;
  GRB(g->call->v_tuples_int32(at, value, &n, g->far[slot]));
  memset(far, 0xff, (size_t)g->n * sizeof *far);
  for (i = 0; i < n && rc == 0; i++)
    if (value[i] != INT32_MAX) far[at[i]] = (uint32_t)value[i];
  free(at);
  free(value);
  return rc;
}

/* ---- PageRank ---- */

int graphblas_pagerank(unsigned iterations) {
  graphblas_graph *g = &graphblas_now;
  const graphblas_calls *c = g->call;
  void *before = NULL, *gives = NULL, *lost = NULL;
  double n = (double)g->n;
  int rc = 0;
  GRB(c->v_free(&g->ranks));
  GRB(c->v_new(&g->ranks, *c->fp64, g->n));
  GRB(c->v_new(&before, *c->fp64, g->n));
  GRB(c->v_new(&gives, *c->fp64, g->n));
  GRB(c->v_new(&lost, *c->fp64, g->n));
  GRB(c->v_assign_fp64(g->ranks, NULL, NULL, (1 / n), *c->all, g->n, NULL));
  while (iterations-- > 0 && rc == 0) {
    void *swap = before;
    double sum = 0;
    GRB(c->v_clear(lost));
    GRB(c->v_assign(lost, g->sinks, NULL, g->ranks, *c->all, g->n, *c->desc_s));
    GRB(c->v_sum_fp64(&sum, NULL, *c->sum_fp64, lost, NULL));
    before = g->ranks;
    g->ranks = swap;
    GRB(c->v_multiply(gives, NULL, NULL, *c->divide_fp64, before, g->shares, NULL));
    GRB(c->v_assign_fp64(g->ranks, NULL, NULL, ((0.15 + 0.85 * sum) / n), *c->all, g->n, NULL));
    if (g->repeats != NULL)
      GRB(c->mxv(g->ranks, NULL, *c->plus_fp64, *c->plus_times_fp64, g->repeats, gives, NULL));
    else
      GRB(c->mxv(g->ranks, NULL, *c->plus_fp64, *c->plus_second_fp64, g->in, gives, NULL));
  }
  c->v_free(&before);
  c->v_free(&gives);
  c->v_free(&lost);
  return rc;
}

int graphblas_take_ranks(double *ranks) {
  graphblas_graph *g = &graphblas_now;
  grb_index *at = heap_take((size_t)(g->n + 1) * sizeof *at), n = g->n, i;
  double *value = heap_take((size_t)(g->n + 1) * sizeof *value);
  int rc = 0;
  GRB(g->call->v_tuples_fp64(at, value, &n, g->ranks));
  for (i = 0; i < n && rc == 0; i++) ranks[at[i]] = value[i];
  free(at);
  free(value);
  return rc;
}

/* ---- Components ---- */

/* One round of FastSV behind the product: hooks and shortcuts. Returns 1 while something changes.
 */
static int grb_forest_round(uint32_t *tree, uint32_t *grand, const uint32_t *least, grb_index n) {
  grb_index i;
  int changed = 0;
  for (i = 0; i < n; i++) /* the least neighbour's grandparent goes to the parent */
    if (least[i] < tree[tree[i]]) tree[tree[i]] = least[i];
  for (i = 0; i < n; i++) {
    uint32_t low = tree[i] < least[i] ? tree[i] : least[i];
    tree[i] = low < grand[i] ? low : grand[i];
  }
  for (i = 0; i < n; i++) {
    uint32_t up = tree[tree[i]];
    changed |= up != grand[i];
    grand[i] = up;
  }
  return changed;
}

int graphblas_components(void) {
  graphblas_graph *g = &graphblas_now;
  const graphblas_calls *c = g->call;
  size_t bytes = (size_t)g->n * sizeof(uint32_t);
  void *grand = NULL, *least = NULL, *grand_x = malloc(bytes), *least_x = malloc(bytes);
  grb_index size, i;
  bool iso;
  int rc = 0, more = 1;
  free(g->tree);
  g->tree = heap_take(bytes);
  if (grand_x == NULL || least_x == NULL) heap_stop("out of memory (components)");
  for (i = 0; i < g->n; i++)
    g->tree[i] = ((uint32_t *)grand_x)[i] = ((uint32_t *)least_x)[i] = (uint32_t)i;
  GRB(c->v_new(&grand, *c->uint32, g->n));
  GRB(c->v_new(&least, *c->uint32, g->n));
  while (rc == 0 && more) {
    GRB(c->v_pack(grand, &grand_x, bytes, false, NULL));
    GRB(c->v_pack(least, &least_x, bytes, false, NULL));
    GRB(c->mxv(least, NULL, *c->min_uint32, *c->min_second_uint32, g->both, grand, NULL));
    GRB(c->v_unpack(grand, &grand_x, &size, &iso, NULL));
    GRB(c->v_unpack(least, &least_x, &size, &iso, NULL));
    if (rc == 0) more = grb_forest_round(g->tree, grand_x, least_x, g->n);
  }
  c->v_free(&grand);
  c->v_free(&least);
  free(grand_x);
  free(least_x);
  return rc;
}

int graphblas_take_components(uint32_t *tree, uint64_t *count) {
  const graphblas_graph *g = &graphblas_now;
  grb_index i;
  *count = 0;
  memcpy(tree, g->tree, (size_t)g->n * sizeof *tree);
  for (i = 0; i < g->n; i++) *count += tree[i] == i;
  return 0;
}

/* ---- Cheapest paths ---- */

typedef struct grb_steps {
  void *light, *heavy;                   /* edges up to the width of a bucket, and above */
  void *distances, *reached, *settled;   /* reached: in a bucket that is not done */
  void *bucket, *asked, *better, *empty; /* asked: distances by way of the bucket */
} grb_steps;

/* Distances that are asked for and less than those known are taken over. */
static int grb_steps_take(const graphblas_graph *g, grb_steps *s) {
  const graphblas_calls *c = g->call;
  int rc = 0;
  GRB(c->v_add(s->better, s->asked, NULL, *c->less_int32, s->asked, s->distances, *c->desc_rs));
  GRB(c->v_select_bool(s->better, NULL, NULL, *c->value_equal_bool, s->better, true, NULL));
  GRB(c->v_assign_bool(s->reached, s->better, NULL, true, *c->all, g->n, *c->desc_s));
  GRB(c->v_assign(s->distances, s->better, NULL, s->asked, *c->all, g->n, *c->desc_s));
  return rc;
}

/* One bucket: light edges until nothing falls into it any more, then heavy ones. */
static int grb_steps_bucket(const graphblas_graph *g, grb_steps *s, int32_t end) {
  const graphblas_calls *c = g->call;
  grb_index n = 0;
  int rc = 0;
  GRB(c->v_clear(s->settled));
  GRB(c->v_assign(s->bucket, s->reached, NULL, s->distances, *c->all, g->n, *c->desc_rs));
  GRB(c->v_select_int32(s->bucket, NULL, NULL, *c->value_less_int32, s->bucket, end, NULL));
  GRB(c->v_nvals(&n, s->bucket));
  while (rc == 0 && n > 0) {
    GRB(c->v_assign_bool(s->settled, s->bucket, NULL, true, *c->all, g->n, *c->desc_s));
    GRB(c->vxm(s->asked, NULL, NULL, *c->min_plus_int32, s->bucket, s->light, NULL));
    rc = rc != 0 ? rc : grb_steps_take(g, s);
    GRB(c->v_select_int32(s->bucket, s->better, NULL, *c->value_less_int32, s->asked, end,
                          *c->desc_rs));
    GRB(c->v_nvals(&n, s->bucket));
  }
  GRB(c->v_assign(s->bucket, s->settled, NULL, s->distances, *c->all, g->n, *c->desc_rs));
  GRB(c->vxm(s->asked, NULL, NULL, *c->min_plus_int32, s->bucket, s->heavy, NULL));
  rc = rc != 0 ? rc : grb_steps_take(g, s);
  GRB(c->v_assign(s->reached, s->settled, NULL, s->empty, *c->all, g->n, *c->desc_s));
  return rc;
}

static int grb_steps_make(const graphblas_graph *g, grb_steps *s, int32_t width) {
  const graphblas_calls *c = g->call;
  void **flags[] = {&s->reached, &s->settled, &s->better, &s->empty};
  void **numbers[] = {&s->distances, &s->bucket, &s->asked};
  size_t i;
  int rc = 0;
  memset(s, 0, sizeof *s);
  for (i = 0; i < sizeof flags / sizeof flags[0]; i++) GRB(c->v_new(flags[i], *c->boolean, g->n));
  for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    GRB(c->v_new(numbers[i], *c->int32, g->n));
  GRB(c->m_new(&s->light, *c->int32, g->n, g->n));
  GRB(c->m_new(&s->heavy, *c->int32, g->n, g->n));
  GRB(c->m_select_int32(s->light, NULL, NULL, *c->value_at_most_int32, g->weights, width, NULL));
  GRB(c->m_select_int32(s->heavy, NULL, NULL, *c->value_above_int32, g->weights, width, NULL));
  return rc;
}

int graphblas_distances(unsigned slot, uint32_t start) {
  graphblas_graph *g = &graphblas_now;
  const graphblas_calls *c = g->call;
  int32_t width = g->weight_mean > 8 ? g->weight_mean / 4 : 2, least = 0;
  grb_index open = 1;
  grb_steps s;
  int rc = grb_steps_make(g, &s, width);
  GRB(c->v_free(&g->far[slot]));
  GRB(c->v_assign_int32(s.distances, NULL, NULL, INT32_MAX, *c->all, g->n, NULL));
  GRB(c->v_set_int32(s.distances, 0, start));
  GRB(c->v_set_bool(s.reached, true, start));
  while (rc == 0 && open > 0) {
    rc = grb_steps_bucket(g, &s, (least / width + 1) * width);
    GRB(c->v_nvals(&open, s.reached));
    GRB(c->v_assign(s.bucket, s.reached, NULL, s.distances, *c->all, g->n, *c->desc_rs));
    GRB(c->v_min_int32(&least, NULL, *c->least_int32, s.bucket, NULL));
  }
  c->m_free(&s.light);
  c->m_free(&s.heavy);
  c->v_free(&s.reached);
  c->v_free(&s.settled);
  c->v_free(&s.bucket);
  c->v_free(&s.asked);
  c->v_free(&s.better);
  c->v_free(&s.empty);
  g->far[slot] = s.distances;
  return rc;
}

/* ---- Triangles ---- */

/* Nodes by ascending degree: a counting sort. */
static void grb_by_degree(const graphblas_graph *g, grb_index *order) {
  int64_t most = 0;
  grb_index i, *at;
  for (i = 0; i < g->n; i++) most = g->degree[i] > most ? g->degree[i] : most;
  at = heap_take((size_t)(most + 2) * sizeof *at);
  for (i = 0; i < g->n; i++) at[g->degree[i] + 1]++;
  for (i = 1; i <= (grb_index)most; i++) at[i] += at[i - 1];
  for (i = 0; i < g->n; i++) order[at[g->degree[i]]++] = i;
  free(at);
}

int graphblas_triangles(uint64_t *count) {
  const graphblas_graph *g = &graphblas_now;
  const graphblas_calls *c = g->call;
  grb_index *order = heap_take((size_t)(g->n + 1) * sizeof *order);
  void *sorted = NULL, *lower = NULL, *found = NULL;
  int64_t sum = 0;
  int rc = 0;
  grb_by_degree(g, order);
  GRB(c->m_new(&sorted, *c->boolean, g->n, g->n));
  GRB(c->m_new(&lower, *c->boolean, g->n, g->n));
  GRB(c->m_new(&found, *c->int64, g->n, g->n));
  GRB(c->m_extract(sorted, NULL, NULL, g->both, order, g->n, order, g->n, NULL));
  GRB(c->m_select_int64(lower, NULL, NULL, *c->lower, sorted, -1, NULL));
  GRB(c->mxm(found, lower, NULL, *c->plus_pair_int64, lower, lower, *c->desc_s));
  GRB(c->m_sum(&sum, NULL, *c->sum_int64, found, NULL));
  c->m_free(&sorted);
  c->m_free(&lower);
  c->m_free(&found);
  free(order);
  *count = (uint64_t)sum;
  return rc;
}
