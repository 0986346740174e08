/* SPDX-License-Identifier: MIT */
/*
 * Algorithms over whole graphs against plain implementations of their definitions, on random graphs
 * that are part in segments and part in the delta, with parallel edges, loops, deleted nodes and
 * edges, and lifetimes that have ended; more than one block of ids, one thread and three.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test_store.h"
#include "trivet_graph_algo.h"

enum { NODES = 5000, HOT = 150, EDGES_MAX = 60000, ROUNDS = 4 };

typedef struct plain_edge {
  tv_node from, to;
} plain_edge;

typedef struct world {
  uint64_t seed;
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  uint64_t ids, alive_count;
  unsigned char *alive;
  plain_edge *edges;
  size_t n;
  tv_algorithm_options options;
  uint32_t type; /* edges of type "a"; the others do not count with types */
} world;

static uint64_t roll(world *w, uint64_t below) {
  return test_random(&w->seed) % below;
}

/* Most ends are among few nodes, so that there are triangles, and hubs. */
static tv_node any_node(world *w) {
  return roll(w, 3) != 0 ? roll(w, HOT) * 33 : roll(w, NODES);
}

static void open_graph(world *w, unsigned mode) {
  w->txn = test_begin(w->db, mode);
  test_ok(tv_graph_open(w->txn, "g", mode == TV_WRITE ? TV_CREATE : 0, &w->g));
}

static void add_nodes(world *w) {
  char key[16];
  int i;
  for (i = 0; i < NODES; i++) {
    snprintf(key, sizeof key, "%d", i);
    test_ok(tv_graph_node_put(w->g, tv_str(key), NULL, NULL));
  }
}

static void load_edges(world *w, const char *type, int n) {
  tv_node *from = malloc((size_t)n * sizeof *from), *to = malloc((size_t)n * sizeof *to);
  int i;
  assert_true(from != NULL && to != NULL);
  for (i = 0; i < n; i++) {
    from[i] = any_node(w);
    to[i] = any_node(w);
  }
  test_ok(tv_graph_edges_load(w->g, type, (uint64_t)n, from, to, NULL));
  free(from);
  free(to);
}

static void add_edges(world *w, const char *type, int n) {
  while (n-- > 0) {
    int status = tv_graph_edge_add(w->g, any_node(w), any_node(w), type, 0, NULL, NULL);
    assert_true(status == TV_OK || status == TV_ENONODE); /* some nodes are deleted */
  }
}

/* Some edges and nodes go, some will have expired in the next transaction. */
static void take_away(world *w) {
  tv_graph_stat stat;
  int i;
  test_ok(tv_graph_stat_get(w->g, &stat));
  for (i = 0; i < 200; i++) {
    int status = tv_graph_edge_delete(w->g, roll(w, stat.edges));
    assert_true(status == TV_OK || status == TV_NOTFOUND);
    status = tv_graph_edge_expire(w->g, roll(w, stat.edges), 1);
    assert_true(status == TV_OK || status == TV_NOTFOUND);
  }
  for (i = 0; i < 20; i++) {
    int status = tv_graph_node_expire(w->g, any_node(w), 1);
    assert_true(status == TV_OK || status == TV_ENONODE);
    status = tv_graph_node_delete(w->g, roll(w, NODES));
    assert_true(status == TV_OK || status == TV_NOTFOUND);
  }
}

/* kind 0: all in the delta; 1: all in segments; 2: both; 3: both, and much taken away. */
static void build(world *w, int kind) {
  struct timespec wait = {0, 3000000};
  open_graph(w, TV_WRITE);
  add_nodes(w);
  if (kind != 0) {
    load_edges(w, "a", 6000);
    load_edges(w, "b", 3000);
  }
  if (kind != 1) add_edges(w, "a", 3000);
  if (kind == 3) test_ok(tv_graph_compact(w->g, 1, NULL));
  if (kind >= 2) load_edges(w, "a", 500);
  if (kind >= 2) add_edges(w, "b", 1000);
  if (kind == 3) take_away(w);
  test_ok(tv_graph_type_find(w->g, "a", &w->type));
  test_commit(w->txn);
  (void)nanosleep(&wait, NULL);
}

static int note_node(void *ctx, tv_node node) {
  world *w = ctx;
  w->alive[node] = 1;
  w->alive_count++;
  return 0;
}

static int note_edge(void *ctx, const tv_edge_ref *edge) {
  world *w = ctx;
  if (w->options.types.n != 0 && edge->type != w->type) return 0;
  assert_true(w->n < EDGES_MAX);
  w->edges[w->n++] = (plain_edge){edge->from, edge->to};
  return 0;
}

/* Reads the graph with calls that other tests cover. */
static void read_plain(world *w) {
  tv_graph_stat stat;
  test_ok(tv_graph_stat_get(w->g, &stat));
  w->ids = stat.node_ids;
  w->n = 0;
  w->alive_count = 0;
  memset(w->alive, 0, NODES);
  test_ok(tv_graph_nodes(w->g, NULL, note_node, w));
  test_ok(tv_graph_edges(w->g, NULL, note_edge, w));
}

/* ---- Plain implementations ---- */

static void check_levels(world *w) {
  uint32_t *levels = malloc(w->ids * sizeof *levels), *plain = malloc(w->ids * sizeof *plain);
  tv_node *parents = malloc(w->ids * sizeof *parents), start, v;
  int direction = TV_OUT + (int)roll(w, 3), changed = 1;
  size_t i;
  do start = any_node(w);
  while (!w->alive[start]);
  for (v = 0; v < w->ids; v++) plain[v] = v == start ? 0 : TV_LEVEL_NONE;
  while (changed)
    for (changed = 0, i = 0; i < w->n; i++) {
      uint32_t *from = &plain[w->edges[i].from], *to = &plain[w->edges[i].to];
      if ((direction & TV_OUT) && *from != TV_LEVEL_NONE && *from + 1 < *to)
        *to = *from + 1, changed = 1;
      if ((direction & TV_IN) && *to != TV_LEVEL_NONE && *to + 1 < *from)
        *from = *to + 1, changed = 1;
    }
  test_ok(tv_graph_levels(w->g, &w->options, start, direction, levels, parents, w->ids));
  assert_memory_equal(levels, plain, w->ids * sizeof *levels);
  for (v = 0; v < w->ids; v++) {
    int has = levels[v] != TV_LEVEL_NONE && v != start;
    assert_int_equal(parents[v] != TV_NODE_NONE, has);
    if (has) assert_int_equal(levels[parents[v]], levels[v] - 1);
  }
  free(levels);
  free(plain);
  free(parents);
}

static void check_pagerank(world *w, const double *start) {
  double *ranks = malloc(w->ids * sizeof *ranks), *plain = calloc(w->ids, sizeof *plain);
  double *next = malloc(w->ids * sizeof *next), sum = 0;
  uint32_t *degrees = calloc(w->ids, sizeof *degrees);
  size_t i;
  int round;
  for (i = 0; i < w->ids; i++) sum += w->alive[i] ? (start == NULL ? 1 : start[i]) : 0;
  for (i = 0; i < w->n; i++) degrees[w->edges[i].from]++;
  for (i = 0; i < w->ids; i++) plain[i] = w->alive[i] ? (start == NULL ? 1 : start[i]) / sum : 0;
  for (round = 0; round < 10; round++) {
    double lost = 0;
    for (i = 0; i < w->ids; i++) lost += degrees[i] == 0 ? plain[i] : 0;
    for (i = 0; i < w->ids; i++)
      next[i] = !w->alive[i] ? 0 : (0.15 + 0.85 * lost) * (start == NULL ? 1 : start[i]) / sum;
    for (i = 0; i < w->n; i++)
      next[w->edges[i].to] += 0.85 * plain[w->edges[i].from] / degrees[w->edges[i].from];
    memcpy(plain, next, w->ids * sizeof *plain);
  }
  test_ok(tv_graph_pagerank(w->g, &w->options, 0.85, 10, start, ranks, w->ids));
  for (sum = 0, i = 0; i < w->ids; i++) {
    assert_true(fabs(ranks[i] - plain[i]) <= 1e-9 * plain[i]);
    sum += ranks[i];
  }
  assert_true(fabs(sum - 1) < 1e-9);
  free(ranks);
  free(plain);
  free(next);
  free(degrees);
}

/* Lowest ids spread along the edges until nothing changes. */
static void check_components(world *w) {
  tv_node *found = malloc(w->ids * sizeof *found), *plain = malloc(w->ids * sizeof *plain);
  uint64_t count, expected = 0;
  int changed = 1;
  size_t i;
  for (i = 0; i < w->ids; i++) plain[i] = w->alive[i] ? i : TV_NODE_NONE;
  while (changed)
    for (changed = 0, i = 0; i < w->n; i++) {
      tv_node *a = &plain[w->edges[i].from], *b = &plain[w->edges[i].to];
      if (*a < *b) *b = *a, changed = 1;
      if (*b < *a) *a = *b, changed = 1;
    }
  for (i = 0; i < w->ids; i++) expected += plain[i] == i;
  test_ok(tv_graph_components(w->g, &w->options, found, w->ids, &count));
  assert_memory_equal(found, plain, w->ids * sizeof *found);
  assert_int_equal(count, expected);
  free(found);
  free(plain);
}

/* Marks what `start` reaches along the edges, or against them. */
static void reach(world *w, tv_node start, int back, unsigned char *seen) {
  int changed = 1;
  size_t i;
  memset(seen, 0, w->ids);
  seen[start] = 1;
  while (changed)
    for (changed = 0, i = 0; i < w->n; i++) {
      tv_node from = back ? w->edges[i].to : w->edges[i].from;
      tv_node to = back ? w->edges[i].from : w->edges[i].to;
      if (seen[from] && !seen[to]) seen[to] = 1, changed = 1;
    }
}

static void check_strong(world *w) {
  tv_node *found = malloc(w->ids * sizeof *found), v, start;
  unsigned char *ahead = malloc(w->ids), *behind = malloc(w->ids);
  uint64_t count, names = 0;
  int tries;
  test_ok(tv_graph_strong_components(w->g, &w->options, found, w->ids, &count));
  for (v = 0; v < w->ids; v++) {
    assert_int_equal(found[v] != TV_NODE_NONE, w->alive[v]);
    if (found[v] == v) names++;
    if (w->alive[v]) assert_true(found[v] <= v && found[found[v]] == found[v]);
  }
  assert_int_equal(names, count);
  for (tries = 0; tries < 8; tries++) {
    do start = any_node(w);
    while (!w->alive[start]);
    reach(w, start, 0, ahead);
    reach(w, start, 1, behind);
    for (v = 0; v < w->ids; v++)
      assert_int_equal(found[v] == found[start], w->alive[v] && ahead[v] && behind[v]);
  }
  free(found);
  free(ahead);
  free(behind);
}

/* A matrix of the nodes that matter is small enough: those with an edge get a number. */
typedef struct matrix {
  int n;
  int *number; /* of a node; -1: none */
  unsigned char *cell;
} matrix;

static matrix matrix_of(world *w, int both) {
  matrix m = {0, calloc(w->ids + 1, sizeof(int)), NULL};
  size_t i;
  for (i = 0; i < w->ids; i++) m.number[i] = -1;
  for (i = 0; i < w->n; i++) {
    if (m.number[w->edges[i].from] < 0) m.number[w->edges[i].from] = m.n++;
    if (m.number[w->edges[i].to] < 0) m.number[w->edges[i].to] = m.n++;
  }
  m.cell = calloc((size_t)m.n * (size_t)m.n + 1, 1);
  for (i = 0; i < w->n; i++) {
    int a = m.number[w->edges[i].from], b = m.number[w->edges[i].to];
    if (a == b) continue;
    m.cell[(size_t)a * (size_t)m.n + (size_t)b] = 1;
    if (both) m.cell[(size_t)b * (size_t)m.n + (size_t)a] = 1;
  }
  return m;
}

static int cell(const matrix *m, int a, int b) {
  return m->cell[(size_t)a * (size_t)m->n + (size_t)b];
}

/* The neighbours of one node, either direction. */
static int around(const matrix *m, int node, int *list) {
  int n = 0, i;
  for (i = 0; i < m->n; i++)
    if (cell(m, node, i) || cell(m, i, node)) list[n++] = i;
  return n;
}

static void check_triangles_and_clustering(world *w) {
  matrix both = matrix_of(w, 1), once = matrix_of(w, 0);
  int *list = malloc((size_t)(both.n + 1) * sizeof *list), n, i, j;
  double *found = malloc(w->ids * sizeof *found);
  uint64_t count, expected = 0;
  tv_node v;
  assert_true(list != NULL && found != NULL && both.number != NULL);
  test_ok(tv_graph_clustering(w->g, &w->options, found, w->ids));
  for (v = 0; v < w->ids; v++) {
    uint64_t joined = 0;
    double plain;
    n = both.number[v] < 0 ? 0 : around(&once, both.number[v], list);
    for (i = 0; i < n; i++)
      for (j = 0; j < n; j++) {
        joined += (uint64_t)cell(&once, list[i], list[j]);
        if (j > i) expected += (uint64_t)cell(&both, list[i], list[j]);
      }
    plain = n < 2 ? 0 : (double)joined / (n * (n - 1.0));
    assert_true(fabs(found[v] - plain) < 1e-12);
  }
  test_ok(tv_graph_triangles(w->g, &w->options, &count));
  assert_int_equal(count, expected / 3);
  assert_true(count > 0);
  free(list);
  free(found);
  free(both.number);
  free(both.cell);
  free(once.number);
  free(once.cell);
}

/* The most frequent of n labels; the least of those. `tally` is all 0 before and after. */
static tv_node most_frequent(const tv_node *labels, size_t n, tv_node otherwise, uint32_t *tally) {
  uint32_t best = 0;
  size_t i;
  for (i = 0; i < n; i++) tally[labels[i]]++;
  for (i = 0; i < n; i++) {
    uint32_t count = tally[labels[i]];
    if (count < best || (count == best && labels[i] > otherwise)) continue;
    best = count;
    otherwise = labels[i];
  }
  for (i = 0; i < n; i++) tally[labels[i]] = 0;
  return otherwise;
}

static void check_labels(world *w) {
  tv_node *now = malloc(w->ids * sizeof *now), *found = malloc(w->ids * sizeof *found);
  tv_node *lists = calloc(2 * w->n + 1, sizeof *lists);
  size_t *at = calloc(w->ids + 2, sizeof *at), i;
  uint32_t *tally = calloc(w->ids + 1, sizeof *tally);
  int round;
  for (i = 0; i < w->ids; i++) now[i] = i;
  for (i = 0; i < w->n; i++) {
    at[w->edges[i].from + 1]++;
    at[w->edges[i].to + 1]++;
  }
  for (i = 0; i < w->ids; i++) at[i + 1] += at[i];
  for (round = 0; round < 5; round++) {
    size_t *fill = malloc((w->ids + 1) * sizeof *fill);
    memcpy(fill, at, (w->ids + 1) * sizeof *fill);
    for (i = 0; i < w->n; i++) {
      lists[fill[w->edges[i].from]++] = now[w->edges[i].to];
      lists[fill[w->edges[i].to]++] = now[w->edges[i].from];
    }
    for (i = 0; i < w->ids; i++)
      now[i] = most_frequent(lists + at[i], at[i + 1] - at[i], now[i], tally);
    free(fill);
  }
  for (i = 0; i < w->ids; i++)
    if (!w->alive[i]) now[i] = TV_NODE_NONE;
  test_ok(tv_graph_label_propagation(w->g, &w->options, 5, found, w->ids));
  assert_memory_equal(found, now, w->ids * sizeof *now);
  free(now);
  free(found);
  free(lists);
  free(at);
  free(tally);
}

static void check_all(world *w) {
  double *start = malloc(w->ids * sizeof *start);
  uint64_t i;
  for (i = 0; i < w->ids; i++) start[i] = roll(w, 10) == 0 ? (double)roll(w, 100) : 0;
  for (i = 0; i < 6; i++) check_levels(w);
  check_pagerank(w, NULL);
  check_pagerank(w, start);
  check_components(w);
  check_strong(w);
  check_triangles_and_clustering(w);
  check_labels(w);
  free(start);
}

static void run_kind(int kind) {
  world w = {.seed = test_seed()};
  int round;
  w.db = test_open_memory();
  w.alive = malloc(NODES);
  w.edges = malloc(EDGES_MAX * sizeof *w.edges);
  assert_true(w.alive != NULL && w.edges != NULL);
  build(&w, kind);
  for (round = 0; round < ROUNDS; round++) {
    open_graph(&w, round < 2 ? TV_READ : TV_WRITE);
    w.options.threads = round % 2 == 0 ? 1 : 3;
    w.options.types = round % 2 == 0 ? (tv_types){0, NULL} : (tv_types){1, &w.type};
    if (round >= 2) add_edges(&w, "a", 50); /* its own writes count */
    read_plain(&w);
    check_all(&w);
    tv_abort(w.txn);
  }
  free(w.alive);
  free(w.edges);
  test_close(w.db);
}

static void algorithms_are_right_on_a_delta(void **state) {
  (void)state;
  run_kind(0);
}

static void algorithms_are_right_on_segments(void **state) {
  (void)state;
  run_kind(1);
}

static void algorithms_are_right_on_segments_and_delta(void **state) {
  (void)state;
  run_kind(2);
}

static void algorithms_are_right_after_deletes_and_expiry(void **state) {
  (void)state;
  run_kind(3);
}

static int always(void *ctx) {
  (void)ctx;
  return 1;
}

static void bad_arguments_limits_and_empty_graphs_are_told_apart(void **state) {
  world w = {.seed = 1};
  tv_algorithm_options options = {.limits = {.interrupted = always}}, threads = {.threads = 65};
  uint32_t levels[3];
  double ranks[3], weights[3] = {0, 0, 0};
  tv_node components[3];
  uint64_t count = 7;
  (void)state;
  w.db = test_open_memory();
  open_graph(&w, TV_WRITE);
  test_ok(tv_graph_components(w.g, NULL, components, 0, &count));
  assert_int_equal(count, 0);
  test_ok(tv_graph_triangles(w.g, NULL, &count));
  assert_int_equal(count, 0);
  test_ok(tv_graph_pagerank(w.g, NULL, 0.85, 3, NULL, ranks, 0));
  test_status(tv_graph_levels(w.g, NULL, 0, TV_OUT, levels, NULL, 0), TV_ENONODE);
  test_ok(tv_graph_node_put(w.g, tv_str("x"), NULL, NULL));
  test_ok(tv_graph_node_put(w.g, tv_str("y"), NULL, NULL));
  test_status(tv_graph_pagerank(w.g, NULL, 0.85, 3, NULL, ranks, 3), TV_EINVAL);
  test_status(tv_graph_pagerank(w.g, NULL, 1.5, 3, NULL, ranks, 2), TV_EINVAL);
  test_status(tv_graph_pagerank(w.g, NULL, 0.85, 3, weights, ranks, 2), TV_EINVAL);
  weights[1] = -1;
  test_status(tv_graph_pagerank(w.g, NULL, 0.85, 3, weights, ranks, 2), TV_EINVAL);
  test_status(tv_graph_levels(w.g, NULL, 0, 4, levels, NULL, 2), TV_EINVAL);
  test_status(tv_graph_pagerank(w.g, &options, 0.85, 3, NULL, ranks, 2), TV_EINTR);
  test_status(tv_graph_pagerank(w.g, &threads, 0.85, 3, NULL, ranks, 2), TV_EINVAL);
  tv_abort(w.txn);
  test_close(w.db);
}

/* What a reader keeps for its next algorithm is forgotten when it moves on, and of no use to a
 * writer or to another choice of types. */
static void a_kept_view_is_of_its_snapshot_and_types_only(void **state) {
  world w = {.db = test_open_memory()};
  tv_types other = {0};
  tv_algorithm_options only_b = {0};
  uint32_t type;
  uint32_t levels[4];
  tv_graph *writer;
  tv_txn *txn;
  tv_node i;
  int again;
  (void)state;
  open_graph(&w, TV_WRITE);
  for (i = 0; i < 4; i++) {
    char key[2] = {(char)('a' + i), '\0'};
    test_ok(tv_graph_node_put(w.g, tv_str(key), NULL, NULL));
  }
  test_ok(tv_graph_edge_add(w.g, 0, 1, "a", 0, NULL, NULL));
  test_ok(tv_graph_edge_add(w.g, 1, 2, "b", 0, NULL, NULL));
  for (again = 0; again < 2; again++) { /* a writer sees its own writes at once */
    test_ok(tv_graph_levels(w.g, NULL, 0, TV_OUT, levels, NULL, 4));
    assert_int_equal(levels[3], again == 0 ? TV_LEVEL_NONE : 3);
    if (again == 0) test_ok(tv_graph_edge_add(w.g, 2, 3, "a", 0, NULL, NULL));
  }
  test_commit(w.txn);
  open_graph(&w, TV_READ);
  test_ok(tv_graph_type_find(w.g, "b", &type));
  other.types = &type;
  other.n = 1;
  only_b.types = other;
  for (again = 0; again < 3; again++) {
    test_ok(tv_graph_levels(w.g, NULL, 0, TV_OUT, levels, NULL, 4));
    assert_int_equal(levels[3], 3);
    test_ok(tv_graph_levels(w.g, &only_b, 0, TV_OUT, levels, NULL, 4));
    assert_int_equal(levels[1], TV_LEVEL_NONE);
  }
  txn = test_begin(w.db, TV_WRITE);
  test_ok(tv_graph_open(txn, "g", 0, &writer));
  test_ok(tv_graph_edge_add(writer, 0, 3, "a", 0, NULL, NULL));
  test_commit(txn);
  test_ok(tv_graph_levels(w.g, NULL, 0, TV_OUT, levels, NULL, 4));
  assert_int_equal(levels[3], 3); /* still its snapshot */
  test_ok(tv_refresh(w.txn));
  test_ok(tv_graph_levels(w.g, NULL, 0, TV_OUT, levels, NULL, 4));
  assert_int_equal(levels[3], 1);
  tv_abort(w.txn);
  test_close(w.db);
}

/* The example of trivet_graph_algo.h. */
static void the_header_example_runs(void **state) {
  tv_db *db = test_open_memory();
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_graph_stat stat;
  double *ranks;
  tv_graph *g;
  (void)state;
  test_ok(tv_graph_open(txn, "g", TV_CREATE, &g));
  test_ok(tv_graph_node_put(g, tv_str("a"), NULL, NULL));
  test_ok(tv_graph_stat_get(g, &stat));
  ranks = malloc(stat.node_ids * sizeof *ranks);
  test_ok(tv_graph_pagerank(g, NULL, 0.85, 20, NULL, ranks, stat.node_ids));
  assert_true(fabs(ranks[0] - 1) < 1e-12);
  free(ranks);
  tv_abort(txn);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(algorithms_are_right_on_a_delta),
      cmocka_unit_test(algorithms_are_right_on_segments),
      cmocka_unit_test(algorithms_are_right_on_segments_and_delta),
      cmocka_unit_test(algorithms_are_right_after_deletes_and_expiry),
      cmocka_unit_test(bad_arguments_limits_and_empty_graphs_are_told_apart),
      cmocka_unit_test(a_kept_view_is_of_its_snapshot_and_types_only),
      cmocka_unit_test(the_header_example_runs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
