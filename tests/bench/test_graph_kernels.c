/* SPDX-License-Identifier: MIT */
/* The graph benchmark's sides that are not the store: the generator, the baseline on one thread
 * and several against plain definitions, and GraphBLAS against the baseline. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph_bench.h"
#include "interrupt.h"
#include "kv_bench.h"
#include "peer_graphblas.h"
#include "test_store.h"
#include "tool_heap.h"

enum { SCALE = 8, NODES = 1 << SCALE };

static void the_generator_makes_distinct_edges_that_the_seed_decides(void **state) {
  graph_edges a, b;
  uint64_t i;
  (void)state;
  graph_kronecker(&a, SCALE, 1);
  graph_kronecker(&b, SCALE, 1);
  assert_int_equal(a.nodes, NODES);
  assert_true(a.n > NODES && a.n <= 16 * NODES);
  assert_int_equal(a.n, b.n);
  assert_memory_equal(a.from, b.from, a.n * sizeof *a.from);
  assert_memory_equal(a.weight, b.weight, a.n * sizeof *a.weight);
  for (i = 0; i < a.n; i++) {
    assert_true(a.from[i] < NODES && a.to[i] < NODES && a.from[i] != a.to[i]);
    assert_in_range(a.weight[i], 1, GRAPH_WEIGHT_MAX);
    assert_true(i == 0 || a.from[i] > a.from[i - 1] ||
                (a.from[i] == a.from[i - 1] && a.to[i] > a.to[i - 1]));
  }
  graph_edges_free(&b);
  graph_kronecker(&b, SCALE, 2);
  assert_true(a.n != b.n || memcmp(a.to, b.to, a.n * sizeof *a.to) != 0);
  graph_edges_free(&a);
  graph_edges_free(&b);
}

/* ---- Plain definitions ---- */

/* Relaxes every edge until nothing changes: Bellman-Ford. */
static void plain_distances(const graph_edges *e, uint32_t start, int weighted, uint32_t *far) {
  uint64_t k;
  int changed = 1;
  memset(far, 0xff, e->nodes * sizeof *far);
  far[start] = 0;
  while (changed)
    for (changed = 0, k = 0; k < e->n; k++) {
      uint32_t step = weighted ? e->weight[k] : 1;
      if (far[e->from[k]] == GRAPH_FAR || far[e->from[k]] + step >= far[e->to[k]]) continue;
      far[e->to[k]] = far[e->from[k]] + step;
      changed = 1;
    }
}

static uint64_t plain_components(const graph_edges *e, uint32_t *tree) {
  uint64_t k, count = 0;
  uint32_t i;
  int changed = 1;
  for (i = 0; i < e->nodes; i++) tree[i] = i;
  while (changed)
    for (changed = 0, k = 0; k < e->n; k++) {
      uint32_t *a = &tree[e->from[k]], *b = &tree[e->to[k]];
      if (*a == *b) continue;
      if (*a < *b)
        *b = *a;
      else
        *a = *b;
      changed = 1;
    }
  for (i = 0; i < e->nodes; i++) count += tree[i] == i;
  return count;
}

static uint64_t plain_triangles(const graph_edges *e) {
  static unsigned char joined[NODES][NODES];
  uint64_t k, count = 0;
  unsigned a, b, c;
  memset(joined, 0, sizeof joined);
  for (k = 0; k < e->n; k++) joined[e->from[k]][e->to[k]] = joined[e->to[k]][e->from[k]] = 1;
  for (a = 0; a < NODES; a++)
    for (b = a + 1; b < NODES; b++)
      for (c = b + 1; joined[a][b] && c < NODES; c++) count += joined[a][c] && joined[b][c];
  return count;
}

/* Pushes along edges; parallel ones count each. */
static void plain_ranks(const graph_edges *e, unsigned iterations, double *ranks) {
  double next[NODES], n = e->nodes;
  uint64_t degree[NODES] = {0}, k;
  uint32_t i;
  for (k = 0; k < e->n; k++) degree[e->from[k]]++;
  for (i = 0; i < e->nodes; i++) ranks[i] = 1 / n;
  while (iterations-- > 0) {
    double lost = 0;
    for (i = 0; i < e->nodes; i++)
      if (degree[i] == 0) lost += ranks[i];
    for (i = 0; i < e->nodes; i++) next[i] = (0.15 + 0.85 * lost) / n;
    for (k = 0; k < e->n; k++)
      next[e->to[k]] += 0.85 * ranks[e->from[k]] / (double)degree[e->from[k]];
    memcpy(ranks, next, e->nodes * sizeof *ranks);
  }
}

/* A graph of 256 nodes with loops and parallel edges, in no order, as a user's file may be. */
static void messy_edges(graph_edges *e, uint64_t seed, uint64_t n) {
  uint64_t i;
  e->nodes = NODES;
  e->n = n;
  e->from = heap_take(n * sizeof *e->from);
  e->to = heap_take(n * sizeof *e->to);
  e->weight = heap_take(n * sizeof *e->weight);
  for (i = 0; i < n; i++) {
    e->from[i] = kv_random_below(&seed, NODES);
    e->to[i] = kv_random_below(&seed, i % 3 == 0 ? NODES : 16);
    e->weight[i] = 1 + (uint32_t)kv_random_below(&seed, i % 2 == 0 ? 9 : 100000);
  }
}

static void check_baseline(const graph_edges *e, unsigned threads) {
  graph_team *team = graph_team_make(threads);
  uint32_t far[NODES], plain[NODES], start;
  double ranks[NODES], plain_rank[NODES];
  graph_csr csr;
  int i;
  graph_csr_build(&csr, e);
  for (start = 0; start < NODES; start += 37) {
    plain_distances(e, start, 0, plain);
    graph_csr_levels(&csr, team, start, far);
    assert_memory_equal(far, plain, sizeof far);
    plain_distances(e, start, 1, plain);
    graph_csr_distances(&csr, team, start, far);
    assert_memory_equal(far, plain, sizeof far);
  }
  assert_int_equal(graph_csr_components(&csr, team, far), plain_components(e, plain));
  assert_memory_equal(far, plain, sizeof far);
  assert_int_equal(graph_csr_triangles(&csr, team), plain_triangles(e));
  graph_csr_pagerank(&csr, team, 20, ranks);
  plain_ranks(e, 20, plain_rank);
  for (i = 0; i < NODES; i++) assert_true(fabs(ranks[i] - plain_rank[i]) < 1e-12);
  graph_csr_free(&csr);
  graph_team_free(team);
}

static void the_baseline_answers_as_plain_definitions_do(void **state) {
  static const uint64_t sizes[] = {1, 40, 300, 3000};
  graph_edges e;
  unsigned threads;
  size_t i;
  (void)state;
  for (threads = 1; threads <= 3; threads++) {
    graph_kronecker(&e, SCALE, 3);
    assert_true(plain_triangles(&e) > 0);
    check_baseline(&e, threads);
    graph_edges_free(&e);
    for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
      messy_edges(&e, i + threads, sizes[i]);
      check_baseline(&e, threads);
      graph_edges_free(&e);
    }
  }
}

/* Enough nodes for the search to turn, for bins to be shared, for pieces to be many. */
static void several_threads_answer_as_one(void **state) {
  graph_team *one = graph_team_make(1), *many = graph_team_make(4);
  uint32_t *a, *b;
  graph_edges e;
  graph_csr csr;
  size_t bytes;
  (void)state;
  graph_kronecker(&e, 14, 5);
  graph_csr_build(&csr, &e);
  bytes = (size_t)csr.nodes * sizeof *a;
  a = heap_take(bytes);
  b = heap_take(bytes);
  graph_csr_levels(&csr, one, (uint32_t)e.from[0], a);
  graph_csr_levels(&csr, many, (uint32_t)e.from[0], b);
  assert_memory_equal(a, b, bytes);
  graph_csr_distances(&csr, one, (uint32_t)e.from[0], a);
  graph_csr_distances(&csr, many, (uint32_t)e.from[0], b);
  assert_memory_equal(a, b, bytes);
  assert_int_equal(graph_csr_components(&csr, one, a), graph_csr_components(&csr, many, b));
  assert_memory_equal(a, b, bytes);
  assert_int_equal(graph_csr_triangles(&csr, one), graph_csr_triangles(&csr, many));
  free(a);
  free(b);
  graph_csr_free(&csr);
  graph_edges_free(&e);
  graph_team_free(one);
  graph_team_free(many);
}

static void check_graphblas(const graph_edges *e) {
  graph_team *team = graph_team_make(1);
  uint32_t a[NODES], b[NODES], start;
  double x[NODES], y[NODES];
  uint64_t count;
  graph_csr csr;
  graph_csr_build(&csr, e);
  assert_int_equal(graphblas_begin(&csr), 0);
  graphblas_threads(2);
  for (start = 0; start < NODES; start += 31) {
    assert_int_equal(graphblas_levels(0, start), 0);
    assert_int_equal(graphblas_distances(1, start), 0);
    assert_int_equal(graphblas_take_far(0, a), 0);
    graph_csr_levels(&csr, team, start, b);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(graphblas_take_far(1, a), 0);
    graph_csr_distances(&csr, team, start, b);
    assert_memory_equal(a, b, sizeof a);
  }
  assert_int_equal(graphblas_components(), 0);
  assert_int_equal(graphblas_take_components(a, &count), 0);
  assert_int_equal(graph_csr_components(&csr, team, b), count);
  assert_memory_equal(a, b, sizeof a);
  assert_int_equal(graphblas_triangles(&count), 0);
  assert_int_equal(graph_csr_triangles(&csr, team), count);
  assert_int_equal(graphblas_pagerank(20), 0);
  assert_int_equal(graphblas_take_ranks(x), 0);
  graph_csr_pagerank(&csr, team, 20, y);
  for (start = 0; start < NODES; start++) assert_true(fabs(x[start] - y[start]) < 1e-12);
  graphblas_end();
  graph_csr_free(&csr);
  graph_team_free(team);
}

static void graphblas_answers_as_the_baseline(void **state) {
  char version[128];
  graph_edges e;
  (void)state;
  if (graphblas_load(version, sizeof version) != 0) {
    assert_string_equal(version, "not installed: make deps-peers");
    skip();
  }
  graph_kronecker(&e, SCALE, 4);
  check_graphblas(&e);
  graph_edges_free(&e);
  messy_edges(&e, 9, 2000);
  check_graphblas(&e);
  graph_edges_free(&e);
}

static void note_pieces(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  unsigned char *seen = ctx;
  (void)thread;
  for (; from < to; from++) seen[from]++;
}

static void a_team_does_each_piece_once(void **state) {
  graph_team *team = graph_team_make(3);
  unsigned char seen[1000];
  size_t n, i;
  (void)state;
  assert_int_equal(graph_team_threads(team), 3);
  for (n = 0; n < sizeof seen; n += 111) {
    memset(seen, 0, sizeof seen);
    graph_team_share(team, n, 7, note_pieces, seen);
    for (i = 0; i < sizeof seen; i++) assert_int_equal(seen[i], i < n);
  }
  interrupt_raise();
  memset(seen, 0, sizeof seen);
  graph_team_share(team, sizeof seen, 7, note_pieces, seen);
  interrupt_clear();
  for (i = 0; i < sizeof seen; i++) assert_int_equal(seen[i], 0);
  graph_team_free(team);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_generator_makes_distinct_edges_that_the_seed_decides),
      cmocka_unit_test(the_baseline_answers_as_plain_definitions_do),
      cmocka_unit_test(several_threads_answer_as_one),
      cmocka_unit_test(graphblas_answers_as_the_baseline),
      cmocka_unit_test(a_team_does_each_piece_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
