/* SPDX-License-Identifier: MIT */
/*
 * SuiteSparse:GraphBLAS (Davis: TOMS 2019; Debian's libgraphblas-dev has 7.4), loaded when a
 * benchmark asks for it, and the matrices that its kernels take as given. Linking it was rejected:
 * it is 180 MB that nobody needs to build Trivet.
 */
#include "peer_graphblas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer_graphblas_calls.h"
#include "peer_library.h"
#include "tool_heap.h"

graphblas_graph graphblas_now;
static char graphblas_why[128];

static const char *const graphblas_files[] = {"libgraphblas.so.7", "libgraphblas.so", NULL};
#define GRAPHBLAS_CALL_SYMBOL(member, name, parameters) {#name, offsetof(graphblas_calls, member)},
#define GRAPHBLAS_OBJECT_SYMBOL(member, name) {#name, offsetof(graphblas_calls, member)},
static const peer_symbol graphblas_symbols[] = {GRAPHBLAS_CALLS(GRAPHBLAS_CALL_SYMBOL)
                                                    GRAPHBLAS_OBJECTS(GRAPHBLAS_OBJECT_SYMBOL)};
static graphblas_calls graphblas_table;
static peer_library graphblas_library = {
    .files = graphblas_files,
    .symbols = graphblas_symbols,
    .symbols_n = sizeof graphblas_symbols / sizeof graphblas_symbols[0],
    .calls = &graphblas_table,
};

int graphblas_check(int info, const char *call) {
  if (info >= 0) return 0; /* 1: no value, which is an answer too */
  snprintf(graphblas_why, sizeof graphblas_why, "GraphBLAS: %.60s returned %d", call, info);
  return -1;
}

const char *graphblas_error(void) {
  return graphblas_why;
}

int graphblas_load(char *version, size_t size) {
  int was = graphblas_library.loaded;
  if (peer_library_load(&graphblas_library, version, size) != 0) return -1;
  if (!was && graphblas_check(graphblas_table.init(GRAPHBLAS_NONBLOCKING), "GrB_init") != 0) {
    snprintf(version, size, "%s", graphblas_why);
    return -1;
  }
  snprintf(version, size, "%s", graphblas_library.number);
  return 0;
}

void graphblas_threads(unsigned threads) {
  graphblas_table.option(GRAPHBLAS_OPTION_THREADS, (int32_t)threads);
}

/* All edges as the three arrays that matrices are built from. */
typedef struct graphblas_tuples {
  grb_index *i, *j;
  bool *x;
  int32_t *weight;
} graphblas_tuples;

static void graphblas_tuples_make(const graph_csr *csr, graphblas_tuples *t) {
  size_t room = (size_t)(2 * csr->edges + 1);
  uint64_t at;
  uint32_t node;
  t->i = heap_take(room * sizeof *t->i);
  t->j = heap_take(room * sizeof *t->j);
  t->x = heap_take(room * sizeof *t->x);
  t->weight = heap_take(room * sizeof *t->weight);
  memset(t->x, 1, room * sizeof *t->x);
  for (node = 0; node < csr->nodes; node++)
    for (at = csr->out_at[node]; at < csr->out_at[node + 1]; at++) {
      t->i[at] = node;
      t->j[at] = csr->out[at];
      t->weight[at] = csr->arcs != NULL ? (int32_t)csr->arcs[at].weight : 1;
    }
}

/* Adds the transpose behind the edges, without loops. Returns how many there are then. */
static uint64_t graphblas_both_ways(graphblas_tuples *t, uint64_t edges) {
  uint64_t at, n = 0;
  for (at = 0; at < edges; at++) {
    if (t->i[at] == t->j[at]) continue;
    t->i[n] = t->i[at];
    t->j[n++] = t->j[at];
  }
  for (at = 0; at < n; at++) {
    t->i[n + at] = t->j[at];
    t->j[n + at] = t->i[at];
  }
  return 2 * n;
}

/* Parallel edges count each in PageRank, whose matrix then needs values. */
static int graphblas_repeats(const graph_csr *csr, const graphblas_tuples *t) {
  graphblas_graph *g = &graphblas_now;
  const graphblas_calls *c = g->call;
  uint64_t at, parallel = 0;
  double *ones;
  int rc;
  for (at = 1; at < csr->edges; at++) /* rows ascend */
    parallel += t->i[at] == t->i[at - 1] && t->j[at] == t->j[at - 1];
  if (parallel == 0) return 0;
  ones = heap_take((size_t)csr->edges * sizeof *ones);
  for (at = 0; at < csr->edges; at++) ones[at] = 1;
  rc = graphblas_check(c->m_new(&g->repeats, *c->fp64, g->n, g->n), "GrB_Matrix_new");
  if (rc == 0)
    rc = graphblas_check(c->m_build_fp64(g->repeats, t->j, t->i, ones, csr->edges, *c->plus_fp64),
                         "GrB_Matrix_build");
  free(ones);
  return rc;
}

static int graphblas_matrices(const graph_csr *csr, graphblas_tuples *t) {
  graphblas_graph *g = &graphblas_now;
  const graphblas_calls *c = g->call;
  void *boolean = *c->boolean;
  uint64_t both;
  int rc = graphblas_check(c->m_new(&g->out, boolean, g->n, g->n), "GrB_Matrix_new");
  if (rc == 0) rc = graphblas_check(c->m_new(&g->in, boolean, g->n, g->n), "GrB_Matrix_new");
  if (rc == 0) rc = graphblas_check(c->m_new(&g->both, boolean, g->n, g->n), "GrB_Matrix_new");
  if (rc == 0) rc = graphblas_check(c->m_new(&g->weights, *c->int32, g->n, g->n), "GrB_Matrix_new");
  if (rc == 0)
    rc = graphblas_check(c->m_build_bool(g->out, t->i, t->j, t->x, csr->edges, *c->lor),
                         "GrB_Matrix_build");
  if (rc == 0)
    rc = graphblas_check(c->m_build_bool(g->in, t->j, t->i, t->x, csr->edges, *c->lor),
                         "GrB_Matrix_build");
  if (rc == 0)
    rc = graphblas_check(
        c->m_build_int32(g->weights, t->i, t->j, t->weight, csr->edges, *c->min_int32),
        "GrB_Matrix_build");
  if (rc == 0) rc = graphblas_repeats(csr, t);
  both = graphblas_both_ways(t, csr->edges);
  if (rc == 0)
    rc = graphblas_check(c->m_build_bool(g->both, t->i, t->j, t->x, both, *c->lor),
                         "GrB_Matrix_build");
  if (rc == 0) rc = graphblas_check(c->m_wait(g->out, GRAPHBLAS_MATERIALIZE), "GrB_Matrix_wait");
  if (rc == 0) rc = graphblas_check(c->m_wait(g->in, GRAPHBLAS_MATERIALIZE), "GrB_Matrix_wait");
  if (rc == 0) rc = graphblas_check(c->m_wait(g->both, GRAPHBLAS_MATERIALIZE), "GrB_Matrix_wait");
  return rc;
}

static int graphblas_vectors(const graph_csr *csr) {
  graphblas_graph *g = &graphblas_now;
  const graphblas_calls *c = g->call;
  uint32_t node;
  int rc = graphblas_check(c->v_new(&g->out_degree, *c->int64, g->n), "GrB_Vector_new");
  if (rc == 0) rc = graphblas_check(c->v_new(&g->shares, *c->fp64, g->n), "GrB_Vector_new");
  if (rc == 0) rc = graphblas_check(c->v_new(&g->sinks, *c->boolean, g->n), "GrB_Vector_new");
  for (node = 0; node < csr->nodes && rc == 0; node++) {
    uint64_t degree = csr->out_at[node + 1] - csr->out_at[node];
    g->degree[node] = (int64_t)(degree + csr->in_at[node + 1] - csr->in_at[node]);
    if (degree == 0) {
      rc = graphblas_check(c->v_set_bool(g->sinks, true, node), "GrB_Vector_setElement");
      continue;
    }
    rc = graphblas_check(c->v_set_int32(g->out_degree, (int32_t)degree, node),
                         "GrB_Vector_setElement");
    if (rc == 0)
      rc = graphblas_check(c->v_set_fp64(g->shares, ((double)degree / 0.85), node),
                           "GrB_Vector_setElement");
  }
  return rc;
}

int graphblas_begin(const graph_csr *csr) {
  graphblas_tuples t;
  int rc;
  memset(&graphblas_now, 0, sizeof graphblas_now);
  graphblas_now.call = &graphblas_table;
  graphblas_now.n = csr->nodes;
  graphblas_now.edges = csr->edges;
  graphblas_now.weight_mean = (int32_t)csr->weight_mean;
  graphblas_now.degree = heap_take(((size_t)csr->nodes + 1) * sizeof *graphblas_now.degree);
  graphblas_tuples_make(csr, &t);
  rc = graphblas_matrices(csr, &t);
  if (rc == 0) rc = graphblas_vectors(csr);
  free(t.i);
  free(t.j);
  free(t.x);
  free(t.weight);
  if (rc != 0) graphblas_end();
  return rc;
}

void graphblas_end(void) {
  graphblas_graph *g = &graphblas_now;
  const graphblas_calls *c = g->call;
  unsigned slot;
  if (c == NULL) return;
  c->m_free(&g->out);
  c->m_free(&g->in);
  c->m_free(&g->both);
  c->m_free(&g->weights);
  c->m_free(&g->repeats);
  c->v_free(&g->out_degree);
  c->v_free(&g->shares);
  c->v_free(&g->sinks);
  c->v_free(&g->ranks);
  for (slot = 0; slot < GRAPHBLAS_SLOTS; slot++) c->v_free(&g->far[slot]);
  free(g->degree);
  free(g->tree);
  memset(g, 0, sizeof *g);
}
