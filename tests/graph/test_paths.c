/* SPDX-License-Identifier: MIT */
/*
 * Paths between two nodes against a listing of every loopless path by depth-first search, on small
 * random multigraphs, part in segments and part in the delta; with and without weights, in each
 * direction.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph_algo.h"

enum { NODES = 9, EDGES = 26, WORLDS = 300, PATHS_MAX = 60000 };

typedef struct plain_path {
  size_t length;
  tv_edge edges[NODES];
  double weight;
} plain_path;

typedef struct world {
  uint64_t seed;
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  tv_edge_ref edges[EDGES];
  double weights[EDGES];
  int fractions; /* 0: all weights are integers */
  size_t n;
  plain_path *all; /* of the pair asked for last */
  size_t count;
} world;

static uint64_t roll(world *w, uint64_t below) {
  return test_random(&w->seed) % below;
}

static tv_value number(world *w, double value) {
  tv_value v = {.type = TV_DOUBLE, .as.real = value};
  if ((!w->fractions || roll(w, 2) == 0) && value == floor(value)) {
    v.type = TV_INT64;
    v.as.integer = (int64_t)value;
  }
  return v;
}

static int note_edge(void *ctx, const tv_edge_ref *ref) {
  world *w = ctx;
  w->edges[w->n++] = *ref;
  return 0;
}

/* Half of the edges are loaded in bulk, then get their weights. */
static void build(world *w) {
  tv_node from[EDGES], to[EDGES];
  char key[8];
  size_t i;
  w->txn = test_begin(w->db, TV_WRITE);
  test_ok(tv_graph_open(w->txn, "g", TV_CREATE, &w->g));
  for (i = 0; i < NODES; i++) {
    snprintf(key, sizeof key, "%zu", i);
    test_ok(tv_graph_node_put(w->g, tv_str(key), NULL, NULL));
  }
  for (i = 0; i < EDGES; i++) {
    from[i] = roll(w, NODES);
    to[i] = roll(w, NODES);
  }
  test_ok(tv_graph_edges_load(w->g, "a", EDGES / 2, from, to, NULL));
  for (i = EDGES / 2; i < EDGES; i++)
    test_ok(tv_graph_edge_add(w->g, from[i], to[i], roll(w, 2) ? "a" : "b", 0, NULL, NULL));
  w->n = 0;
  test_ok(tv_graph_edges(w->g, NULL, note_edge, w));
  assert_int_equal(w->n, EDGES);
  for (i = 0; i < EDGES; i++) {
    w->weights[i] = (double)(1 + roll(w, 6));
    if (w->fractions && roll(w, 4) == 0) w->weights[i] += 0.5;
    test_ok(tv_graph_edge_set(w->g, w->edges[i].edge, "w", number(w, w->weights[i])));
  }
}

/* ---- The listing ---- */

/* A path that may go on. */
typedef struct partial {
  plain_path path;
  tv_node at;
  unsigned passed; /* bits of nodes */
} partial;

/* Every path that is one edge longer. Returns how many. */
static size_t list_longer(world *w, const tv_path_options *options, const partial *p,
                          partial *longer) {
  int direction = options->direction == 0 ? TV_OUT : options->direction, side;
  size_t i, n = 0;
  for (i = 0; i < w->n; i++) {
    const tv_edge_ref *e = &w->edges[i];
    if (options->types.n != 0 && options->types.types[0] != e->type) continue;
    for (side = TV_OUT; side <= TV_IN; side++) {
      tv_node here = side == TV_OUT ? e->from : e->to, next = side == TV_OUT ? e->to : e->from;
      if ((direction & side) == 0 || here != p->at || (p->passed >> next & 1) != 0) continue;
      longer[n] = *p;
      longer[n].path.edges[longer[n].path.length++] = e->edge;
      longer[n].path.weight += options->weight == NULL ? 1 : w->weights[i];
      longer[n].passed |= 1u << next;
      longer[n++].at = next;
    }
  }
  return n;
}

static int by_weight(const void *a, const void *b) {
  const plain_path *x = a, *y = b;
  if (x->weight != y->weight) return x->weight < y->weight ? -1 : 1;
  if (x->length != y->length) return x->length < y->length ? -1 : 1;
  return memcmp(x->edges, y->edges, x->length * sizeof *x->edges);
}

static void list_all(world *w, const tv_path_options *options, tv_node from, tv_node to) {
  static partial stack[(NODES + 1) * EDGES * 2];
  size_t depth = 1;
  w->count = 0;
  stack[0] = (partial){.at = from, .passed = 1u << from};
  while (depth > 0) {
    partial p = stack[--depth];
    if (p.at != to) {
      depth += list_longer(w, options, &p, stack + depth);
      continue;
    }
    assert_true(w->count < PATHS_MAX);
    w->all[w->count++] = p.path;
  }
  qsort(w->all, w->count, sizeof *w->all, by_weight);
}

static size_t count_best(const world *w) {
  size_t n = 0;
  while (n < w->count && w->all[n].weight == w->all[0].weight) n++;
  return n;
}

/* ---- What was found ---- */

typedef struct found {
  const world *w;
  int direction;
  tv_node from, to;
  plain_path *paths;
  size_t n, stop_at;
} found;

/* Each path is one: its edges join its nodes, in the direction asked for. */
static int note_path(void *ctx, const tv_path *path, double weight) {
  found *f = ctx;
  plain_path *p = &f->paths[f->n++];
  size_t i;
  *p = (plain_path){.length = path->length, .weight = weight};
  assert_true(path->length < NODES);
  assert_int_equal(path->nodes[0], f->from);
  assert_int_equal(path->nodes[path->length], f->to);
  for (i = 0; i < path->length; i++) {
    const tv_edge_ref *e = &path->edges[i];
    int out = e->from == path->nodes[i] && e->to == path->nodes[i + 1];
    int in = e->to == path->nodes[i] && e->from == path->nodes[i + 1];
    assert_true(((f->direction & TV_OUT) && out) || ((f->direction & TV_IN) && in));
    p->edges[i] = e->edge;
  }
  return f->n == f->stop_at;
}

static void check_same(const world *w, const found *f, size_t n) {
  size_t i, j;
  assert_int_equal(f->n, n);
  qsort(f->paths, f->n, sizeof *f->paths, by_weight);
  for (i = 0; i < n; i++) {
    assert_true(f->paths[i].weight == w->all[i].weight);
    for (j = 0; j < n; j++)
      if (by_weight(&f->paths[i], &w->all[j]) == 0) break;
    assert_true(j < n);
    if (i > 0) assert_true(by_weight(&f->paths[i - 1], &f->paths[i]) != 0);
  }
}

static void check_one(world *w, const tv_path_options *options, found *f) {
  tv_path path;
  double weight;
  int status = tv_graph_path_find(w->g, f->from, f->to, options, &path, &weight);
  if (w->count == 0) {
    assert_int_equal(status, TV_NOTFOUND);
    assert_null(path.nodes);
    return;
  }
  test_ok(status);
  f->n = f->stop_at = 0;
  (void)note_path(f, &path, weight);
  assert_true(weight == w->all[0].weight);
  tv_graph_path_free(&path);
}

static void check_all_shortest(world *w, const tv_path_options *options, found *f) {
  uint64_t count = 7;
  double weight;
  size_t best = count_best(w);
  int expected = best == 0 ? TV_NOTFOUND : TV_OK;
  f->n = f->stop_at = 0;
  test_status(tv_graph_all_shortest_paths(w->g, f->from, f->to, options, note_path, f), expected);
  check_same(w, f, best);
  test_status(tv_graph_shortest_path_count(w->g, f->from, f->to, options, &count, &weight),
              expected);
  assert_int_equal(count, best);
  if (best > 0) assert_true(weight == w->all[0].weight);
}

static void check_k(world *w, const tv_path_options *options, found *f) {
  uint32_t k = 1 + (uint32_t)roll(w, 40);
  size_t i, n = k < w->count ? k : w->count;
  f->n = f->stop_at = 0;
  test_status(tv_graph_k_shortest_paths(w->g, f->from, f->to, k, options, note_path, f),
              n == 0 ? TV_NOTFOUND : TV_OK);
  assert_int_equal(f->n, n);
  for (i = 0; i < n; i++) {
    assert_true(f->paths[i].weight == w->all[i].weight); /* and so in order */
    if (i > 0) assert_true(by_weight(&f->paths[i - 1], &f->paths[i]) != 0);
  }
  if (n == w->count) check_same(w, f, n);
}

/* Distances by rounds over all edges until nothing changes. */
static void check_distances(world *w, const tv_path_options *options, const found *f) {
  tv_algorithm_options algorithm = {.types = options->types,
                                    .threads = 1 + (uint32_t)roll(w, 2) * 2};
  double distances[NODES], plain[NODES];
  tv_node parents[NODES], v;
  int changed = 1;
  size_t i;
  for (v = 0; v < NODES; v++) plain[v] = v == f->from ? 0 : INFINITY;
  while (changed)
    for (changed = 0, i = 0; i < w->n; i++) {
      double *from = &plain[w->edges[i].from], *to = &plain[w->edges[i].to];
      double weight = options->weight == NULL ? 1 : w->weights[i];
      if (options->types.n != 0 && options->types.types[0] != w->edges[i].type) continue;
      if ((f->direction & TV_OUT) && *from + weight < *to) *to = *from + weight, changed = 1;
      if ((f->direction & TV_IN) && *to + weight < *from) *from = *to + weight, changed = 1;
    }
  test_ok(tv_graph_distances(w->g, &algorithm, f->from, f->direction, options->weight, distances,
                             parents, NODES));
  for (v = 0; v < NODES; v++) {
    int has = v != f->from && !isinf(plain[v]);
    assert_true(distances[v] == plain[v]);
    assert_int_equal(parents[v] != TV_NODE_NONE, has);
    if (has) assert_true(distances[parents[v]] < distances[v]);
  }
}

static void check_world(world *w, uint32_t type_b) {
  tv_path_options options = {.direction = (int32_t)roll(w, 4)};
  found f = {.w = w, .direction = options.direction == 0 ? TV_OUT : options.direction};
  int pairs;
  if (roll(w, 4) == 0) options.types = (tv_types){1, &type_b};
  if (roll(w, 2) == 0) options.weight = "w";
  f.paths = malloc(PATHS_MAX * sizeof *f.paths);
  assert_non_null(f.paths);
  for (pairs = 0; pairs < 4; pairs++) {
    f.from = roll(w, NODES);
    f.to = roll(w, NODES);
    list_all(w, &options, f.from, f.to);
    check_one(w, &options, &f);
    check_all_shortest(w, &options, &f);
    check_k(w, &options, &f);
    check_distances(w, &options, &f);
  }
  free(f.paths);
}

static void paths_are_those_of_a_full_listing(void **state) {
  world w = {.seed = test_seed()};
  int i;
  (void)state;
  w.all = malloc(PATHS_MAX * sizeof *w.all);
  assert_non_null(w.all);
  for (i = 0; i < WORLDS; i++) {
    uint32_t type = 0;
    w.db = test_open_memory();
    w.fractions = i % 2;
    build(&w);
    test_ok(tv_graph_type_find(w.g, "a", &type));
    check_world(&w, type);
    tv_abort(w.txn);
    test_close(w.db);
  }
  free(w.all);
}

/* ---- Single cases ---- */

typedef struct fixture {
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
} fixture;

static void fixture_open(fixture *f, int nodes) {
  char key[16];
  int i;
  f->db = test_open_memory();
  f->txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_graph_open(f->txn, "g", TV_CREATE, &f->g));
  for (i = 0; i < nodes; i++) {
    snprintf(key, sizeof key, "%d", i);
    test_ok(tv_graph_node_put(f->g, tv_str(key), NULL, NULL));
  }
}

static void fixture_close(fixture *f) {
  tv_abort(f->txn);
  test_close(f->db);
}

static tv_edge add(fixture *f, tv_node from, tv_node to, const char *name, tv_value weight) {
  tv_property property = {name, weight};
  tv_edge edge;
  test_ok(tv_graph_edge_add(f->g, from, to, "e", name == NULL ? 0 : 1, &property, &edge));
  return edge;
}

static int count_path(void *ctx, const tv_path *path, double weight) {
  (void)path;
  (void)weight;
  ++*(uint64_t *)ctx;
  return 0;
}

/* From corner to corner of a grid of 2 * half steps there are binomial(2 half, half) ways. */
static void ways_over_a_grid_are_counted_beyond_what_can_be_listed(void **state) {
  enum { SIDE = 31 };
  tv_value none = {.type = TV_NULL};
  tv_path_options few = {.paths_max = 1000};
  uint64_t count, row[SIDE];
  double weight;
  fixture f;
  tv_node x, y;
  (void)state;
  fixture_open(&f, SIDE * SIDE);
  for (y = 0; y < SIDE; y++)
    for (x = 0; x < SIDE; x++) {
      if (x + 1 < SIDE) add(&f, y * SIDE + x, y * SIDE + x + 1, NULL, none);
      if (y + 1 < SIDE) add(&f, y * SIDE + x, (y + 1) * SIDE + x, NULL, none);
    }
  for (x = 0; x < SIDE; x++) row[x] = 1;
  for (y = 1; y < SIDE; y++)
    for (x = 1; x < SIDE; x++) row[x] += row[x - 1]; /* Pascal's triangle */
  test_ok(tv_graph_shortest_path_count(f.g, 0, SIDE * SIDE - 1, NULL, &count, &weight));
  assert_int_equal(count, row[SIDE - 1]);
  assert_true(weight == 2.0 * (SIDE - 1));
  test_status(tv_graph_shortest_path_count(f.g, 0, SIDE * SIDE - 1, &few, &count, NULL), TV_ELIMIT);
  count = 0;
  test_status(tv_graph_all_shortest_paths(f.g, 0, SIDE * SIDE - 1, &few, count_path, &count),
              TV_ELIMIT);
  assert_int_equal(count, 1000);
  fixture_close(&f);
}

static void more_than_2_64_paths_are_a_limit(void **state) {
  tv_value none = {.type = TV_NULL};
  uint64_t count;
  fixture f;
  tv_node i;
  (void)state;
  fixture_open(&f, 70);
  for (i = 0; i + 1 < 70; i++) {
    add(&f, i, i + 1, NULL, none);
    add(&f, i, i + 1, NULL, none);
  }
  test_ok(tv_graph_shortest_path_count(f.g, 0, 63, NULL, &count, NULL));
  assert_true(count == UINT64_C(1) << 63);
  test_status(tv_graph_shortest_path_count(f.g, 0, 64, NULL, &count, NULL), TV_ELIMIT);
  fixture_close(&f);
}

static int stop_at_three(void *ctx, const tv_path *path, double weight) {
  (void)path;
  (void)weight;
  return ++*(int *)ctx == 3;
}

static int write_within(void *ctx, const tv_path *path, double weight) {
  (void)path;
  (void)weight;
  test_status(tv_graph_node_put(ctx, tv_str("new"), NULL, NULL), TV_EMISUSE);
  return 0;
}

static int always(void *ctx) {
  (void)ctx;
  return 1;
}

static void enumerations_stop_are_interrupted_and_forbid_writes(void **state) {
  tv_value none = {.type = TV_NULL};
  tv_path_options interrupted = {.limits = {.interrupted = always}};
  tv_path_options narrow = {.limits = {.nodes_max = 3}};
  fixture f;
  int i, seen = 0;
  (void)state;
  fixture_open(&f, 6);
  for (i = 1; i <= 4; i++) {
    add(&f, 0, (tv_node)i, NULL, none);
    add(&f, (tv_node)i, 5, NULL, none);
  }
  test_status(tv_graph_all_shortest_paths(f.g, 0, 5, NULL, stop_at_three, &seen), TV_STOP);
  assert_int_equal(seen, 3);
  seen = 0;
  test_status(tv_graph_k_shortest_paths(f.g, 0, 5, 10, NULL, stop_at_three, &seen), TV_STOP);
  assert_int_equal(seen, 3);
  test_ok(tv_graph_all_shortest_paths(f.g, 0, 5, NULL, write_within, f.g));
  test_ok(tv_graph_k_shortest_paths(f.g, 0, 5, 10, NULL, write_within, f.g));
  test_status(tv_graph_all_shortest_paths(f.g, 0, 5, &interrupted, stop_at_three, &seen), TV_EINTR);
  test_status(tv_graph_k_shortest_paths(f.g, 0, 5, 2, &interrupted, stop_at_three, &seen),
              TV_EINTR);
  test_status(tv_graph_all_shortest_paths(f.g, 0, 5, &narrow, stop_at_three, &seen), TV_ELIMIT);
  test_status(tv_graph_k_shortest_paths(f.g, 0, 5, 2, &narrow, stop_at_three, &seen), TV_ELIMIT);
  fixture_close(&f);
}

static void bad_questions_are_told_apart(void **state) {
  tv_value one = {.type = TV_DOUBLE, .as.real = 1}, zero = {.type = TV_INT64, .as.integer = 0};
  tv_value less = {.type = TV_INT64, .as.integer = -1};
  tv_path_options by_w = {.weight = "w"}, by_x = {.weight = "x"}, nowhere = {.direction = 4};
  double weight, distances[3];
  uint64_t count;
  tv_path path;
  tv_edge edge;
  fixture f;
  (void)state;
  fixture_open(&f, 3);
  edge = add(&f, 0, 1, "w", one);
  (void)add(&f, 1, 2, "w", one);
  test_status(tv_graph_path_find(f.g, 0, 3, &by_w, &path, &weight), TV_ENONODE);
  test_status(tv_graph_path_find(f.g, 0, 2, &by_x, &path, &weight), TV_ENOLABEL);
  test_status(tv_graph_path_find(f.g, 0, 2, &nowhere, &path, &weight), TV_EINVAL);
  test_status(tv_graph_k_shortest_paths(f.g, 0, 2, 0, &by_w, count_path, &count), TV_EINVAL);
  test_status(tv_graph_path_find(f.g, 2, 0, &by_w, &path, &weight), TV_NOTFOUND);
  test_ok(tv_graph_edge_set(f.g, edge, "w", less));
  test_status(tv_graph_path_find(f.g, 0, 2, &by_w, &path, &weight), TV_EINVAL);
  assert_non_null(strstr(tv_txn_error(f.txn)->message, "the weight -1 of edge 0"));
  test_status(tv_graph_distances(f.g, NULL, 0, TV_OUT, "w", distances, NULL, 3), TV_EINVAL);
  test_status(tv_graph_distances(f.g, NULL, 0, TV_OUT, "x", distances, NULL, 3), TV_ENOLABEL);
  test_status(tv_graph_distances(f.g, NULL, 3, TV_OUT, "w", distances, NULL, 3), TV_ENONODE);
  test_ok(tv_graph_edge_set(f.g, edge, "w", zero));
  test_ok(tv_graph_path_find(f.g, 0, 2, &by_w, &path, &weight));
  assert_true(weight == 1 && path.length == 2);
  tv_graph_path_free(&path);
  test_status(tv_graph_shortest_path_count(f.g, 0, 2, &by_w, &count, NULL), TV_EINVAL);
  fixture_close(&f);
}

static void edges_without_a_number_weigh_one(void **state) {
  tv_value two = {.type = TV_INT64, .as.integer = 2}, text = {.type = TV_TEXT};
  tv_path_options by_w = {.weight = "w"};
  double weight, distances[4];
  tv_path path;
  fixture f;
  (void)state;
  fixture_open(&f, 4);
  (void)add(&f, 0, 1, "w", two);
  (void)add(&f, 1, 2, "w", text);
  (void)add(&f, 2, 3, "other", two);
  test_ok(tv_graph_path_find(f.g, 0, 3, &by_w, &path, &weight));
  assert_true(weight == 4);
  tv_graph_path_free(&path);
  test_ok(tv_graph_distances(f.g, NULL, 0, TV_OUT, "w", distances, NULL, 4));
  assert_true(distances[1] == 2 && distances[2] == 3 && distances[3] == 4);
  fixture_close(&f);
}

/* ---- Hops ---- */

static void hops_come_with_their_distances_nearest_first(void **state) {
  tv_value none = {.type = TV_NULL};
  tv_path_options in = {.direction = TV_IN}, narrow = {.limits = {.nodes_max = 2}};
  tv_node starts[] = {0, 4};
  tv_reached reached;
  fixture f;
  (void)state;
  fixture_open(&f, 6);
  add(&f, 0, 2, NULL, none);
  add(&f, 0, 1, NULL, none);
  add(&f, 1, 3, NULL, none);
  add(&f, 3, 5, NULL, none);
  add(&f, 4, 3, NULL, none);
  test_ok(tv_graph_khop(f.g, 1, starts, 2, NULL, &reached));
  assert_int_equal(reached.n, 4);
  assert_true(reached.nodes[0] == 0 && reached.depths[0] == 0);
  assert_true(reached.nodes[1] == 1 && reached.depths[1] == 1);
  assert_true(reached.nodes[2] == 2 && reached.depths[2] == 1);
  assert_true(reached.nodes[3] == 3 && reached.depths[3] == 2);
  tv_graph_reached_free(&reached);
  test_ok(tv_graph_khop(f.g, 2, starts, 1, NULL, &reached));
  assert_int_equal(reached.n, 5);
  tv_graph_reached_free(&reached);
  test_ok(tv_graph_khop(f.g, 1, starts + 1, 9, &in, &reached));
  assert_int_equal(reached.n, 1);
  tv_graph_reached_free(&reached);
  test_status(tv_graph_khop(f.g, 1, starts, 9, &narrow, &reached), TV_ELIMIT);
  assert_int_equal(reached.n, 0);
  assert_null(reached.nodes);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(paths_are_those_of_a_full_listing),
      cmocka_unit_test(ways_over_a_grid_are_counted_beyond_what_can_be_listed),
      cmocka_unit_test(more_than_2_64_paths_are_a_limit),
      cmocka_unit_test(enumerations_stop_are_interrupted_and_forbid_writes),
      cmocka_unit_test(bad_questions_are_told_apart),
      cmocka_unit_test(edges_without_a_number_weigh_one),
      cmocka_unit_test(hops_come_with_their_distances_nearest_first),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
