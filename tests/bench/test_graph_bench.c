/* SPDX-License-Identifier: MIT */
/* The graph benchmark: its generator, its baseline against plain definitions, and the command,
 * which fails by itself when the store's answers differ from the baseline's. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph_bench.h"
#include "test_store.h"

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
  for (i = 0; i < a.n; i++) {
    assert_true(a.from[i] < NODES && a.to[i] < NODES && a.from[i] != a.to[i]);
    assert_true(i == 0 || a.from[i] > a.from[i - 1] ||
                (a.from[i] == a.from[i - 1] && a.to[i] > a.to[i - 1]));
  }
  graph_edges_free(&b);
  graph_kronecker(&b, SCALE, 2);
  assert_true(a.n != b.n || memcmp(a.to, b.to, a.n * sizeof *a.to) != 0);
  graph_edges_free(&a);
  graph_edges_free(&b);
}

static void check_levels(const graph_csr *csr, const graph_edges *e) {
  uint32_t levels[NODES], plain[NODES], i;
  uint64_t k;
  int changed = 1;
  for (i = 0; i < NODES; i++) plain[i] = i == 5 ? 0 : UINT32_MAX;
  while (changed)
    for (changed = 0, k = 0; k < e->n; k++)
      if (plain[e->from[k]] != UINT32_MAX && plain[e->from[k]] + 1 < plain[e->to[k]]) {
        plain[e->to[k]] = plain[e->from[k]] + 1;
        changed = 1;
      }
  graph_csr_levels(csr, 5, levels);
  assert_memory_equal(levels, plain, sizeof levels);
}

static void check_components(const graph_csr *csr, const graph_edges *e) {
  uint32_t tree[NODES], plain[NODES], i;
  uint64_t k, count = 0;
  int changed = 1;
  for (i = 0; i < NODES; i++) plain[i] = i;
  while (changed)
    for (changed = 0, k = 0; k < e->n; k++) {
      uint32_t *a = &plain[e->from[k]], *b = &plain[e->to[k]];
      if (*a < *b) {
        *b = *a;
        changed = 1;
      } else if (*b < *a) {
        *a = *b;
        changed = 1;
      }
    }
  for (i = 0; i < NODES; i++) count += plain[i] == i;
  assert_int_equal(graph_csr_components(csr, tree), count);
  assert_memory_equal(tree, plain, sizeof tree);
}

static void check_triangles(const graph_csr *csr, const graph_edges *e) {
  static unsigned char joined[NODES][NODES];
  uint64_t k, count = 0;
  int a, b, c;
  memset(joined, 0, sizeof joined);
  for (k = 0; k < e->n; k++) joined[e->from[k]][e->to[k]] = joined[e->to[k]][e->from[k]] = 1;
  for (a = 0; a < NODES; a++)
    for (b = a + 1; b < NODES; b++)
      for (c = b + 1; joined[a][b] && c < NODES; c++) count += joined[a][c] && joined[b][c];
  assert_int_equal(graph_csr_triangles(csr), count);
  assert_true(count > 0);
}

static void the_baseline_answers_as_plain_definitions_do(void **state) {
  graph_edges edges;
  graph_csr csr;
  double ranks[NODES], sum = 0;
  int i;
  (void)state;
  graph_kronecker(&edges, SCALE, 3);
  graph_csr_build(&csr, &edges);
  check_levels(&csr, &edges);
  check_components(&csr, &edges);
  check_triangles(&csr, &edges);
  graph_csr_pagerank(&csr, 20, ranks);
  for (i = 0; i < NODES; i++) sum += ranks[i];
  assert_true(fabs(sum - 1) < 1e-9);
  graph_csr_free(&csr);
  graph_edges_free(&edges);
}

/* Runs the command with its output in a file; returns the lines of it. */
static int lines_of_command(const char *path, int argc, char **argv, int *status) {
  int saved = dup(STDOUT_FILENO), lines = 0, c;
  FILE *file;
  fflush(stdout);
  assert_non_null(freopen(path, "w", stdout));
  *status = graph_command(argc, argv);
  fflush(stdout);
  assert_true(dup2(saved, STDOUT_FILENO) >= 0);
  close(saved);
  file = fopen(path, "r");
  assert_non_null(file);
  while ((c = getc(file)) != EOF) lines += c == '\n';
  fclose(file);
  return lines;
}

static void the_command_prints_a_line_for_each_bar(void **state) {
  char *folder = test_folder_make(), path[512];
  char *argv[] = {"graph", "--scale", "8", "--bars"}, *bad[] = {"graph", "--scale", "99"};
  int status;
  (void)state;
  test_path(path, sizeof path, folder, "out");
  assert_int_equal(lines_of_command(path, 3, argv + 1, &status), 15);
  assert_int_equal(status, 0);
  assert_int_equal(graph_command(2, bad + 1), 2);
  test_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_generator_makes_distinct_edges_that_the_seed_decides),
      cmocka_unit_test(the_baseline_answers_as_plain_definitions_do),
      cmocka_unit_test(the_command_prints_a_line_for_each_bar),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
