/* SPDX-License-Identifier: MIT */
/*
 * Betweenness against a count of shortest paths by matrices, degrees against a count of edges, and
 * results as streams and as properties; on random multigraphs with deleted nodes.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph_algo.h"

enum { NODES = 40, EDGES = 150, WORLDS = 12 };

typedef struct world {
  uint64_t seed;
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  tv_types types;
  uint32_t type;
  int alive[NODES];
  double cell[NODES][NODES]; /* edges from one to another */
  size_t alive_count;
} world;

static uint64_t roll(world *w, uint64_t below) {
  return test_random(&w->seed) % below;
}

static int note_node(void *ctx, tv_node node) {
  world *w = ctx;
  w->alive[node] = 1;
  w->alive_count++;
  return 0;
}

static int note_edge(void *ctx, const tv_edge_ref *e) {
  world *w = ctx;
  if (w->types.n == 0 || e->type == w->type) w->cell[e->from][e->to]++;
  return 0;
}

static void build(world *w) {
  tv_node from[EDGES], to[EDGES];
  char key[8];
  size_t i;
  w->db = test_open_memory();
  w->txn = test_begin(w->db, TV_WRITE);
  test_ok(tv_graph_open(w->txn, "g", TV_CREATE, &w->g));
  for (i = 0; i < NODES; i++) {
    snprintf(key, sizeof key, "%zu", i);
    test_ok(tv_graph_node_put(w->g, tv_str(key), NULL, NULL));
  }
  for (i = 0; i < EDGES; i++) {
    from[i] = roll(w, NODES);
    to[i] = roll(w, 2) ? roll(w, 10) : roll(w, NODES);
  }
  test_ok(tv_graph_edges_load(w->g, "a", EDGES / 2, from, to, NULL));
  for (i = EDGES / 2; i < EDGES; i++)
    test_ok(tv_graph_edge_add(w->g, from[i], to[i], roll(w, 3) ? "a" : "b", 0, NULL, NULL));
  for (i = roll(w, 4); i > 0; i--) (void)tv_graph_node_delete(w->g, roll(w, NODES - 1));
  test_ok(tv_graph_type_find(w->g, "a", &w->type));
  w->types = roll(w, 2) ? (tv_types){1, &w->type} : (tv_types){0, NULL};
  test_ok(tv_graph_nodes(w->g, NULL, note_node, w));
  test_ok(tv_graph_edges(w->g, NULL, note_edge, w));
}

static void world_close(world *w) {
  tv_abort(w->txn);
  test_close(w->db);
}

/* ---- Betweenness ---- */

/* steps[a][b] and paths[a][b]: the length and number of shortest paths, by powers of the matrix. */
typedef struct pairs {
  int steps[NODES][NODES];
  double paths[NODES][NODES];
} pairs;

static double joined(const world *w, int direction, int a, int b) {
  return ((direction & TV_OUT) ? w->cell[a][b] : 0) + ((direction & TV_IN) ? w->cell[b][a] : 0);
}

static void count_paths(const world *w, int direction, pairs *p) {
  static double now[NODES][NODES], next[NODES][NODES];
  int a, b, c, step;
  memset(now, 0, sizeof now);
  for (a = 0; a < NODES; a++)
    for (b = 0; b < NODES; b++) {
      p->steps[a][b] = a == b ? 0 : -1;
      now[a][b] = p->paths[a][b] = a == b;
    }
  for (step = 1; step < NODES; step++) {
    for (a = 0; a < NODES; a++)
      for (b = 0; b < NODES; b++) {
        next[a][b] = 0;
        for (c = 0; c < NODES; c++) next[a][b] += now[a][c] * joined(w, direction, c, b);
        if (next[a][b] == 0 || p->steps[a][b] >= 0) continue;
        p->steps[a][b] = step;
        p->paths[a][b] = next[a][b];
      }
    memcpy(now, next, sizeof now);
  }
}

static double plain_betweenness(const pairs *p, int v, int a) {
  double sum = 0;
  int b;
  for (b = 0; b < NODES; b++) {
    if (a == v || b == v || a == b || p->steps[a][b] < 0) continue;
    if (p->steps[a][v] < 0 || p->steps[v][b] < 0) continue;
    if (p->steps[a][v] + p->steps[v][b] == p->steps[a][b])
      sum += p->paths[a][v] * p->paths[v][b] / p->paths[a][b];
  }
  return sum;
}

static void betweenness_is_the_share_of_shortest_paths(void **state) {
  static world w;
  static pairs p;
  uint64_t seed = test_seed();
  int i, v, a;
  (void)state;
  for (i = 0; i < WORLDS; i++) {
    double scores[NODES];
    int direction = 1 + i % 3;
    tv_algorithm_options options = {.threads = 1 + (uint32_t)i % 2 * 2};
    memset(&w, 0, sizeof w);
    w.seed = seed++;
    build(&w);
    options.types = w.types;
    count_paths(&w, direction, &p);
    test_ok(tv_graph_betweenness(w.g, &options, direction, 0, 0, scores, NODES));
    for (v = 0; v < NODES; v++) {
      double expected = 0;
      for (a = 0; a < NODES; a++) expected += plain_betweenness(&p, v, a);
      if (direction == TV_BOTH) expected /= 2;
      assert_true(fabs(scores[v] - expected) <= 1e-9 * (1 + expected));
    }
    world_close(&w);
  }
}

/* Every sample is a sum over some starts; the mean of many nears the whole. */
static void sampled_betweenness_depends_on_the_seed_alone_and_nears_the_exact_one(void **state) {
  static world w;
  double exact[NODES], one[NODES], again[NODES], mean[NODES] = {0}, sum = 0, off = 0;
  int i, v;
  (void)state;
  w.seed = 11;
  build(&w);
  test_ok(tv_graph_betweenness(w.g, NULL, TV_OUT, 0, 0, exact, NODES));
  test_ok(tv_graph_betweenness(w.g, NULL, TV_OUT, 1000, 5, one, NODES));
  assert_memory_equal(one, exact, sizeof exact); /* more samples than nodes: exact */
  for (i = 0; i < 400; i++) {
    test_ok(tv_graph_betweenness(w.g, NULL, TV_OUT, 8, (uint64_t)i, one, NODES));
    test_ok(tv_graph_betweenness(w.g, NULL, TV_OUT, 8, (uint64_t)i, again, NODES));
    assert_memory_equal(one, again, sizeof one);
    for (v = 0; v < NODES; v++) mean[v] += one[v] / 400;
  }
  for (v = 0; v < NODES; v++) {
    sum += exact[v];
    off += fabs(mean[v] - exact[v]);
  }
  assert_true(sum > 0);
  assert_true(off < 0.1 * sum);
  world_close(&w);
}

/* ---- Degrees ---- */

static int compare_degrees(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static void degrees_are_counted_by_direction_and_type(void **state) {
  static world w;
  uint64_t seed = test_seed();
  int i, a, b;
  (void)state;
  for (i = 0; i < WORLDS; i++) {
    uint64_t degrees[NODES], sorted[NODES], n = 0, sum = 0, buckets = 0;
    int direction = 1 + i % 3;
    tv_algorithm_options options = {.threads = 2};
    tv_degree_stat stat;
    memset(&w, 0, sizeof w);
    w.seed = seed++;
    build(&w);
    options.types = w.types;
    test_ok(tv_graph_degrees(w.g, &options, direction, degrees, NODES));
    for (a = 0; a < NODES; a++) {
      double expected = 0;
      for (b = 0; b < NODES; b++) expected += joined(&w, direction, a, b);
      assert_true((double)degrees[a] == expected);
      if (!w.alive[a]) continue;
      sorted[n++] = degrees[a];
      sum += degrees[a];
    }
    qsort(sorted, n, sizeof *sorted, compare_degrees);
    test_ok(tv_graph_degree_stat(w.g, &options, direction, &stat));
    assert_int_equal(stat.nodes, n);
    assert_int_equal(stat.edge_ends, sum);
    assert_int_equal(stat.min, sorted[0]);
    assert_int_equal(stat.max, sorted[n - 1]);
    assert_true(fabs(stat.mean - (double)sum / (double)n) < 1e-12);
    for (a = 0; a <= 100; a++) {
      uint64_t at_most = 0, below = 0, j;
      for (j = 0; j < n; j++) {
        at_most += sorted[j] <= stat.percentiles[a];
        below += sorted[j] < stat.percentiles[a];
      }
      assert_true(at_most * 100 >= n * (uint64_t)a);
      assert_true(a == 0 ? below == 0 : below * 100 < n * (uint64_t)a);
    }
    for (a = 0; a < TV_DEGREE_BUCKETS; a++) {
      uint64_t low = a == 0 ? 0 : UINT64_C(1) << (a - 1), high = a == 0 ? 0 : low + (low - 1), j;
      for (b = 0, j = 0; j < n; j++) b += sorted[j] >= low && sorted[j] <= high;
      assert_int_equal(stat.histogram[a], b);
      buckets += stat.histogram[a];
    }
    assert_int_equal(buckets, n);
    world_close(&w);
  }
}

static void degrees_of_nothing_are_zero(void **state) {
  world w = {.seed = 1};
  tv_degree_stat stat = {.nodes = 7};
  double scores[1];
  (void)state;
  w.db = test_open_memory();
  w.txn = test_begin(w.db, TV_WRITE);
  test_ok(tv_graph_open(w.txn, "g", TV_CREATE, &w.g));
  test_ok(tv_graph_degree_stat(w.g, NULL, TV_BOTH, &stat));
  assert_true(stat.nodes == 0 && stat.max == 0 && stat.histogram[0] == 0);
  test_status(tv_graph_degree_stat(w.g, NULL, 0, &stat), TV_EINVAL);
  test_ok(tv_graph_betweenness(w.g, NULL, TV_BOTH, 0, 0, scores, 0));
  test_status(tv_graph_betweenness(w.g, NULL, 4, 0, 0, scores, 0), TV_EINVAL);
  world_close(&w);
}

/* ---- Results ---- */

typedef struct stream {
  const world *w;
  uint64_t n, stop_at;
  tv_node last;
} stream;

static int check_row(void *ctx, tv_node node, tv_value value) {
  stream *s = ctx;
  assert_true(s->n == 0 || node > s->last);
  assert_true(s->w->alive[node]);
  assert_true(value.type == TV_INT64 && value.as.integer == (int64_t)node * 3);
  s->last = node;
  return ++s->n == s->stop_at;
}

static int refuse(void *ctx) {
  (void)ctx;
  return 1;
}

static void results_are_streamed_for_nodes_that_have_one(void **state) {
  static world w;
  uint32_t levels[NODES];
  tv_result result = {TV_RESULT_LEVELS, NODES, levels};
  tv_limits limits = {.interrupted = refuse};
  stream s = {.w = &w};
  uint32_t i;
  (void)state;
  memset(&w, 0, sizeof w);
  w.seed = 3;
  build(&w);
  for (i = 0; i < NODES; i++) levels[i] = i * 3;
  levels[NODES - 1] = TV_LEVEL_NONE;
  test_ok(tv_graph_result_each(w.g, &result, NULL, check_row, &s));
  assert_int_equal(s.n, w.alive_count - 1);
  s.n = 0;
  s.stop_at = 5;
  test_status(tv_graph_result_each(w.g, &result, NULL, check_row, &s), TV_STOP);
  assert_int_equal(s.n, 5);
  test_status(tv_graph_result_each(w.g, &result, &limits, check_row, &s), TV_EINTR);
  result.n--;
  test_status(tv_graph_result_each(w.g, &result, NULL, check_row, &s), TV_EINVAL);
  result.n++;
  result.kind = 5;
  test_status(tv_graph_result_each(w.g, &result, NULL, check_row, &s), TV_EINVAL);
  world_close(&w);
}

static void results_are_written_as_properties_and_rolled_back(void **state) {
  static world w;
  double ranks[NODES];
  tv_node components[NODES], v;
  tv_result as_rank = {TV_RESULT_NUMBERS, NODES, ranks};
  tv_result as_component = {TV_RESULT_NODES, NODES, components};
  uint64_t written;
  unsigned depth;
  (void)state;
  memset(&w, 0, sizeof w);
  w.seed = 4;
  build(&w);
  test_ok(tv_graph_pagerank(w.g, NULL, 0.85, 5, NULL, ranks, NODES));
  test_ok(tv_graph_components(w.g, NULL, components, NODES, NULL));
  ranks[NODES - 1] = NAN; /* never deleted */
  test_ok(tv_graph_node_set(w.g, NODES - 1, "rank", (tv_value){.type = TV_INT64}));
  test_ok(tv_savepoint(w.txn, &depth));
  test_ok(tv_graph_result_store(w.g, &as_rank, "rank", NULL, &written));
  assert_int_equal(written, w.alive_count - 1);
  test_ok(tv_graph_result_store(w.g, &as_component, "component", NULL, &written));
  assert_int_equal(written, w.alive_count);
  for (v = 0; v < NODES; v++) {
    tv_value value;
    if (!w.alive[v]) continue;
    if (v == NODES - 1) {
      test_status(tv_graph_node_get(w.g, v, "rank", &value), TV_NOTFOUND);
    } else {
      test_ok(tv_graph_node_get(w.g, v, "rank", &value));
      assert_true(value.type == TV_DOUBLE && value.as.real == ranks[v]);
    }
    test_ok(tv_graph_node_get(w.g, v, "component", &value));
    assert_true(value.type == TV_INT64 && value.as.integer == (int64_t)components[v]);
  }
  test_ok(tv_savepoint_rollback(w.txn, depth));
  for (v = 0; v < NODES; v++) {
    tv_value value;
    if (w.alive[v]) assert_int_equal(tv_graph_node_get(w.g, v, "component", &value), TV_NOTFOUND);
  }
  test_status(tv_graph_result_store(w.g, &as_rank, "", NULL, &written), TV_EINVAL);
  world_close(&w);
}

static void a_reader_cannot_store_results(void **state) {
  static world w;
  tv_node none[1];
  tv_result result = {TV_RESULT_NODES, 0, none};
  (void)state;
  memset(&w, 0, sizeof w);
  w.db = test_open_memory();
  w.txn = test_begin(w.db, TV_WRITE);
  test_ok(tv_graph_open(w.txn, "g", TV_CREATE, &w.g));
  test_commit(w.txn);
  w.txn = test_begin(w.db, TV_READ);
  test_ok(tv_graph_open(w.txn, "g", 0, &w.g));
  test_status(tv_graph_result_store(w.g, &result, "x", NULL, NULL), TV_EREADONLY);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(betweenness_is_the_share_of_shortest_paths),
      cmocka_unit_test(sampled_betweenness_depends_on_the_seed_alone_and_nears_the_exact_one),
      cmocka_unit_test(degrees_are_counted_by_direction_and_type),
      cmocka_unit_test(degrees_of_nothing_are_zero),
      cmocka_unit_test(results_are_streamed_for_nodes_that_have_one),
      cmocka_unit_test(results_are_written_as_properties_and_rolled_back),
      cmocka_unit_test(a_reader_cannot_store_results),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
