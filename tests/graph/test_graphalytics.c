/* SPDX-License-Identifier: MIT */
/*
 * LDBC Graphalytics' six kernels, validated by its rules (Iosup et al.: The LDBC Graphalytics
 * benchmark, v1.0): BFS and CDLP exactly, WCC up to names, PageRank, LCC and SSSP to a relative
 * 1e-4, against plain implementations of the definitions, on a random graph, a Kronecker graph and
 * the dependencies of the packages installed here (a few stored ones where there is no such list).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph_algo.h"

enum { NODES_MAX = 4096, EDGES_MAX = 60000, NAME_BYTES = 64 };

typedef struct plain_edge {
  tv_node from, to;
  double weight;
} plain_edge;

typedef struct world {
  uint64_t seed;
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  tv_algorithm_options options;
  uint64_t n; /* nodes */
  size_t m;
  plain_edge edges[EDGES_MAX];
  char names[NODES_MAX][NAME_BYTES]; /* of packages */
} world;

static uint64_t roll(world *w, uint64_t below) {
  return test_random(&w->seed) % below;
}

/* ---- Graphs ---- */

static void edge_add(world *w, tv_node from, tv_node to) {
  size_t i;
  if (from == to || w->m == EDGES_MAX) return; /* Graphalytics has neither loops nor doubles */
  for (i = w->m; i-- > 0 && w->m - i < 300;)
    if (w->edges[i].from == from && w->edges[i].to == to) return;
  w->edges[w->m++] = (plain_edge){from, to, 0};
}

static int by_ends(const void *a, const void *b) {
  const plain_edge *x = a, *y = b;
  if (x->from != y->from) return x->from < y->from ? -1 : 1;
  return x->to < y->to ? -1 : x->to > y->to;
}

static void edges_distinct(world *w) {
  size_t i, kept = 0;
  qsort(w->edges, w->m, sizeof *w->edges, by_ends);
  for (i = 0; i < w->m; i++)
    if (kept == 0 || by_ends(&w->edges[kept - 1], &w->edges[i]) != 0)
      w->edges[kept++] = w->edges[i];
  w->m = kept;
}

static void random_graph(world *w) {
  int i;
  w->n = 800;
  for (i = 0; i < 5000; i++) edge_add(w, roll(w, w->n), roll(w, w->n));
}

/* The Graph500's probabilities. */
static void kronecker_graph(world *w) {
  int i, bit;
  w->n = 1024;
  for (i = 0; i < 16000; i++) {
    tv_node from = 0, to = 0;
    for (bit = 0; bit < 10; bit++) {
      uint64_t r = roll(w, 100);
      from = from * 2 + (r >= 76);
      to = to * 2 + ((r >= 57 && r < 76) || r >= 95);
    }
    edge_add(w, from, to);
  }
}

static tv_node package(world *w, const char *name, size_t size) {
  tv_node i;
  if (size >= NAME_BYTES) size = NAME_BYTES - 1;
  for (i = 0; i < w->n; i++)
    if (strlen(w->names[i]) == size && memcmp(w->names[i], name, size) == 0) return i;
  assert_true(w->n < NODES_MAX);
  memcpy(w->names[w->n], name, size);
  return w->n++;
}

/* "libc6 (>= 2.36), libx | liby": an edge to each name. */
static void package_depends(world *w, tv_node from, const char *text) {
  while (*text != 0 && *text != '\n') {
    size_t size = strcspn(text, " ,|(:\n");
    if (size != 0 && w->n < NODES_MAX - 1) edge_add(w, from, package(w, text, size));
    text += size;
    while (*text != 0 && *text != '\n' && *text != ',' && *text != '|') text++;
    text += strspn(text, ",| ");
  }
}

static void debian_graph(world *w) {
  static const char *const stored[] = {
      "a", "b, c (>= 1), d", "b", "d | e", "c", "d",       "d", "a", "f", "g",
      "g", "f, a",           "h", "b | i", "j", "h, k, l",
  };
  static char line[1 << 16];
  FILE *status = fopen("/var/lib/dpkg/status", "r");
  tv_node now = 0;
  size_t i;
  memset(w->names, 0, sizeof w->names);
  w->n = 0;
  for (i = 0; i < sizeof stored / sizeof stored[0]; i += 2)
    package_depends(w, package(w, stored[i], strlen(stored[i])), stored[i + 1]);
  while (status != NULL && fgets(line, sizeof line, status) != NULL && w->n < NODES_MAX - 1) {
    if (strncmp(line, "Package: ", 9) == 0) now = package(w, line + 9, strcspn(line + 9, "\n"));
    if (strncmp(line, "Depends: ", 9) == 0) package_depends(w, now, line + 9);
  }
  if (status != NULL) (void)fclose(status);
}

/* Two thirds in segments, the rest in the delta. kind: 0: small integers; 1: fractions; 2: also
 * some whose sums need more than 32 bits; 3: some that do so alone. */
static void store_graph(world *w, int kind) {
  tv_node *from = malloc((w->m + 1) * sizeof *from), *to = malloc((w->m + 1) * sizeof *to);
  double *weights = malloc((w->m + 1) * sizeof *weights);
  int64_t *integers = malloc((w->m + 1) * sizeof *integers);
  tv_edge_column column = {"w", kind == 1 ? TV_DOUBLE : TV_INT64, integers};
  tv_edges list = {"e", 0, from, to, 1, &column};
  char key[24];
  size_t i;
  assert_true(from != NULL && to != NULL && weights != NULL && integers != NULL);
  if (kind == 1) column.values = weights;
  w->db = test_open_memory();
  w->txn = test_begin(w->db, TV_WRITE);
  test_ok(tv_graph_open(w->txn, "g", TV_CREATE, &w->g));
  for (i = 0; i < w->n; i++) {
    snprintf(key, sizeof key, "%zu", i);
    test_ok(tv_graph_node_put(w->g, tv_str(key), NULL, NULL));
  }
  for (i = 0; i < w->m; i++) {
    w->edges[i].weight = (double)(1 + roll(w, 100));
    if (kind == 1) w->edges[i].weight /= 8;
    if (kind >= 2 && roll(w, 5) == 0) w->edges[i].weight *= kind == 2 ? 3e7 : 1e9;
    if (i % 3 == 2) continue;
    from[list.n] = w->edges[i].from;
    to[list.n] = w->edges[i].to;
    integers[list.n] = (int64_t)w->edges[i].weight;
    weights[list.n++] = w->edges[i].weight;
  }
  test_ok(tv_graph_edges_load_with(w->g, &list, NULL));
  for (i = 2; i < w->m; i += 3) {
    tv_property weight = {"w", {.type = TV_DOUBLE, .as.real = w->edges[i].weight}};
    if (kind != 1) weight.value.type = TV_INT64;
    if (kind != 1) weight.value.as.integer = (int64_t)w->edges[i].weight;
    test_ok(tv_graph_edge_add(w->g, w->edges[i].from, w->edges[i].to, "e", 1, &weight, NULL));
  }
  free(from);
  free(to);
  free(weights);
  free(integers);
}

/* ---- Validation ---- */

static int near_enough(double found, double expected) {
  if (isinf(expected)) return isinf(found);
  return fabs(found - expected) <= 1e-4 * fabs(expected);
}

static void validate_bfs(world *w, tv_node start) {
  uint32_t *found = malloc(w->n * sizeof *found), *expected = malloc(w->n * sizeof *expected);
  uint32_t depth;
  int more = 1;
  size_t i;
  memset(expected, 0xff, w->n * sizeof *expected);
  expected[start] = 0;
  for (depth = 0; more; depth++)
    for (more = 0, i = 0; i < w->m; i++)
      if (expected[w->edges[i].from] == depth && expected[w->edges[i].to] > depth + 1) {
        expected[w->edges[i].to] = depth + 1;
        more = 1;
      }
  test_ok(tv_graph_levels(w->g, &w->options, start, TV_OUT, found, NULL, w->n));
  assert_memory_equal(found, expected, w->n * sizeof *found);
  free(found);
  free(expected);
}

static void validate_pagerank(world *w) {
  double *found = malloc(w->n * sizeof *found), *now = malloc(w->n * sizeof *now);
  double *next = malloc(w->n * sizeof *next), *out = calloc(w->n, sizeof *out);
  int round;
  size_t i;
  for (i = 0; i < w->m; i++) out[w->edges[i].from]++;
  for (i = 0; i < w->n; i++) now[i] = 1.0 / (double)w->n;
  for (round = 0; round < 20; round++) {
    double dangling = 0;
    for (i = 0; i < w->n; i++) dangling += out[i] == 0 ? now[i] : 0;
    for (i = 0; i < w->n; i++) next[i] = (0.15 + 0.85 * dangling) / (double)w->n;
    for (i = 0; i < w->m; i++)
      next[w->edges[i].to] += 0.85 * now[w->edges[i].from] / out[w->edges[i].from];
    memcpy(now, next, w->n * sizeof *now);
  }
  test_ok(tv_graph_pagerank(w->g, &w->options, 0.85, 20, NULL, found, w->n));
  for (i = 0; i < w->n; i++) assert_true(near_enough(found[i], now[i]));
  free(found);
  free(now);
  free(next);
  free(out);
}

static tv_node root(tv_node *tree, tv_node node) {
  while (tree[node] != node) node = tree[node];
  return node;
}

/* Equivalent: each name of one stands for one name of the other. */
static void validate_components(world *w) {
  tv_node *found = malloc(w->n * sizeof *found), *tree = malloc(w->n * sizeof *tree);
  tv_node *here = malloc(w->n * sizeof *here), *there = malloc(w->n * sizeof *there), v;
  uint64_t count, expected = 0;
  size_t i;
  for (v = 0; v < w->n; v++) tree[v] = v, here[v] = there[v] = TV_NODE_NONE;
  for (i = 0; i < w->m; i++) tree[root(tree, w->edges[i].from)] = root(tree, w->edges[i].to);
  test_ok(tv_graph_components(w->g, &w->options, found, w->n, &count));
  for (v = 0; v < w->n; v++) {
    tv_node r = root(tree, v);
    expected += r == v;
    if (here[found[v]] == TV_NODE_NONE) here[found[v]] = r;
    if (there[r] == TV_NODE_NONE) there[r] = found[v];
    assert_true(here[found[v]] == r && there[r] == found[v]);
  }
  assert_int_equal(count, expected);
  free(found);
  free(tree);
  free(here);
  free(there);
}

/* The most frequent label of a node's neighbours, edges in and out each counting; the least. */
static void validate_labels(world *w) {
  tv_node *found = malloc(w->n * sizeof *found), *now = malloc(w->n * sizeof *now);
  tv_node *next = malloc(w->n * sizeof *next), v;
  uint32_t *counts = malloc(w->n * sizeof *counts);
  int round;
  size_t i;
  for (v = 0; v < w->n; v++) now[v] = v;
  for (round = 0; round < 4; round++) {
    for (v = 0; v < w->n; v++) {
      tv_node label;
      memset(counts, 0, w->n * sizeof *counts);
      for (i = 0; i < w->m; i++) {
        if (w->edges[i].from == v) counts[now[w->edges[i].to]]++;
        if (w->edges[i].to == v) counts[now[w->edges[i].from]]++;
      }
      next[v] = 0;
      for (label = 1; label < w->n; label++)
        if (counts[label] > counts[next[v]]) next[v] = label;
      if (counts[next[v]] == 0) next[v] = now[v];
    }
    memcpy(now, next, w->n * sizeof *now);
  }
  test_ok(tv_graph_label_propagation(w->g, &w->options, 4, found, w->n));
  assert_memory_equal(found, now, w->n * sizeof *found);
  free(found);
  free(now);
  free(next);
  free(counts);
}

static void validate_clustering(world *w) {
  double *found = malloc(w->n * sizeof *found);
  unsigned char *cells = calloc(w->n, w->n);
  tv_node *near = malloc(w->n * sizeof *near), v, a, b;
  size_t i;
  for (i = 0; i < w->m; i++) cells[w->edges[i].from * w->n + w->edges[i].to] = 1;
  test_ok(tv_graph_clustering(w->g, &w->options, found, w->n));
  for (v = 0; v < w->n; v++) {
    uint64_t n = 0, joined = 0;
    for (a = 0; a < w->n; a++)
      if (cells[v * w->n + a] || cells[a * w->n + v]) near[n++] = a;
    for (a = 0; a < n; a++)
      for (b = 0; b < n; b++) joined += cells[near[a] * w->n + near[b]];
    assert_true(near_enough(found[v], n < 2 ? 0 : (double)joined / (double)(n * (n - 1))));
  }
  free(found);
  free(cells);
  free(near);
}

/* Dijkstra with the nearest node looked for among all. */
static void validate_distances(world *w, tv_node start) {
  double *found = malloc(w->n * sizeof *found), *expected = malloc(w->n * sizeof *expected);
  tv_node *parents = malloc(w->n * sizeof *parents), v;
  unsigned char *settled = calloc(w->n, 1);
  size_t i;
  for (v = 0; v < w->n; v++) expected[v] = v == start ? 0 : INFINITY;
  for (;;) {
    tv_node nearest = TV_NODE_NONE;
    for (v = 0; v < w->n; v++)
      if (!settled[v] && (nearest == TV_NODE_NONE || expected[v] < expected[nearest])) nearest = v;
    if (nearest == TV_NODE_NONE || isinf(expected[nearest])) break;
    settled[nearest] = 1;
    for (i = 0; i < w->m; i++) /* sorted by source */
      if (w->edges[i].from == nearest &&
          expected[nearest] + w->edges[i].weight < expected[w->edges[i].to])
        expected[w->edges[i].to] = expected[nearest] + w->edges[i].weight;
  }
  test_ok(tv_graph_distances(w->g, &w->options, start, TV_OUT, "w", found, parents, w->n));
  for (v = 0; v < w->n; v++) {
    assert_true(near_enough(found[v], expected[v]));
    assert_true(found[v] == expected[v]); /* the header promises more than Graphalytics asks */
    assert_int_equal(parents[v] != TV_NODE_NONE, v != start && !isinf(expected[v]));
    if (parents[v] != TV_NODE_NONE) assert_true(found[parents[v]] < found[v]);
  }
  free(found);
  free(expected);
  free(parents);
  free(settled);
}

static void validate(void (*make)(world *w)) {
  world *w = calloc(1, sizeof *w);
  int kind;
  assert_non_null(w);
  w->seed = test_seed();
  make(w);
  edges_distinct(w);
  assert_true(w->m > 10);
  for (kind = 0; kind < 4; kind++) {
    tv_node start = w->edges[roll(w, w->m)].from;
    store_graph(w, kind);
    w->options.threads = 1 + (uint32_t)kind % 2;
    validate_bfs(w, start);
    validate_distances(w, start);
    validate_pagerank(w);
    validate_components(w);
    if (kind == 0) validate_labels(w);
    if (kind == 1) validate_clustering(w);
    tv_abort(w->txn);
    test_close(w->db);
  }
  free(w);
}

static void a_random_graph_passes_graphalytics_validation(void **state) {
  (void)state;
  validate(random_graph);
}

static void a_kronecker_graph_passes_graphalytics_validation(void **state) {
  (void)state;
  validate(kronecker_graph);
}

static void a_package_graph_passes_graphalytics_validation(void **state) {
  (void)state;
  validate(debian_graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_random_graph_passes_graphalytics_validation),
      cmocka_unit_test(a_kronecker_graph_passes_graphalytics_validation),
      cmocka_unit_test(a_package_graph_passes_graphalytics_validation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
