/* SPDX-License-Identifier: MIT */
/* The command `trivet-bench graph`, which fails by itself when two sides' answers differ. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph_run.h"
#include "interrupt.h"
#include "test_store.h"

/* Runs the command with its output in a file. Returns the exit status; `text` gets the output. */
static int run_command(char *folder, int argc, char **argv, char *text, size_t size) {
  char path[512];
  int saved = dup(STDOUT_FILENO), status;
  FILE *file;
  size_t n;
  test_path(path, sizeof path, folder, "out");
  fflush(stdout);
  assert_non_null(freopen(path, "w", stdout));
  status = graph_command(argc - 1, argv + 1);
  fflush(stdout);
  assert_true(dup2(saved, STDOUT_FILENO) >= 0);
  close(saved);
  file = fopen(path, "r");
  assert_non_null(file);
  n = fread(text, 1, size - 1, file);
  text[n] = '\0';
  fclose(file);
  return status;
}

static int count_of(const char *text, const char *part) {
  int n = 0;
  for (text = strstr(text, part); text != NULL; text = strstr(text + 1, part)) n++;
  return n;
}

/* 4 figures of load and hops, 5 kernels x 2 thread counts x 3 states, 5 of memory, 2 of commits. */
enum { BARS = 41 };

static void bars_prints_a_line_for_each_measure(void **state) {
  char *folder = test_folder_make(), text[8192], *line;
  char *argv[] = {"graph", "--scale", "8", "--bars"};
  int lines = 0;
  (void)state;
  assert_int_equal(run_command(folder, 4, argv, text, sizeof text), 0);
  for (line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"), lines++) {
    char *tab = strchr(line, '\t'), *second = tab != NULL ? strchr(tab + 1, '\t') : NULL;
    assert_true(strncmp(line, "ok\t", 3) == 0 || strncmp(line, "short\t", 6) == 0);
    assert_non_null(second);
    assert_true(strtod(second + 1, &tab) > 0);
    assert_true(strncmp(tab, "\t<=", 3) == 0 || strncmp(tab, "\t>=", 3) == 0);
  }
  assert_int_equal(lines, BARS);
  test_folder_remove(folder);
}

static void an_interrupted_run_still_names_every_bar(void **state) {
  char *folder = test_folder_make(), text[8192];
  char *argv[] = {"graph", "--scale", "8", "--bars"};
  (void)state;
  interrupt_raise();
  assert_int_equal(run_command(folder, 4, argv, text, sizeof text), 130);
  interrupt_clear();
  assert_int_equal(count_of(text, "partial\t"), BARS);
  assert_int_equal(count_of(text, "\n"), BARS);
  test_folder_remove(folder);
}

static void write_text(char *path, size_t size, const char *folder, const char *name,
                       const char *text) {
  FILE *file;
  test_path(path, size, folder, name);
  file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

/* a -> b -> c -> a, c -> d, and x -> y apart. */
static void a_file_of_edges_gets_its_results(void **state) {
  static const char *const names[] = {"e.txt", "e.csv", "e.mtx"};
  static const char *const texts[] = {
      "# comment\na b\nb c\nc a\nc d\nx y\n", "from,to\na,b\nb,c\nc,a\nc,d\nx,y\n",
      "%%MatrixMarket matrix coordinate pattern general\n6 6 5\n1 2\n2 3\n3 1\n3 4\n5 6\n"};
  static const char *const starts[] = {"a", "a", "1"};
  char *folder = test_folder_make(), text[8192], path[512];
  size_t i;
  (void)state;
  for (i = 0; i < 3; i++) {
    char start[8], *argv[] = {"graph", "--file", path, "--start", start};
    snprintf(start, sizeof start, "%s", starts[i]);
    write_text(path, sizeof path, folder, names[i], texts[i]);
    assert_int_equal(run_command(folder, 5, argv, text, sizeof text), 0);
    assert_int_equal(count_of(text, ": 4 nodes reached, the farthest after 3 steps, sum of"), 1);
    assert_int_equal(count_of(text, "2 weakly connected, the largest of 4 nodes"), 1);
    assert_int_equal(count_of(text, "triangles: 1,"), 1);
    assert_int_equal(count_of(text, "BFS, warm, 2 threads"), 1);
  }
  test_folder_remove(folder);
}

/* a -> c costs 2.5 by way of b, 4 straight. */
static void a_weighted_file_gets_distances_too(void **state) {
  static const char *const names[] = {"w.txt", "w.csv", "typed.csv", "w.mtx"};
  static const char *const texts[] = {
      "a b 1.5\nb c 1\na c 4\n", "from,to,cost\na,b,1.5\nb,c,1\na,c,4\n",
      "from,to,cost:double\na,b,1.5\nb,c,1\na,c,4\n",
      "%%MatrixMarket matrix coordinate real general\n3 3 3\n1 2 1.5\n2 3 1\n1 3 4\n"};
  char *folder = test_folder_make(), text[8192], path[512];
  char *argv[] = {"graph", "--file", path, "--weighted"};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    write_text(path, sizeof path, folder, names[i], texts[i]);
    assert_int_equal(run_command(folder, 4, argv, text, sizeof text), 0);
    assert_int_equal(count_of(text, ": 3 nodes reached, the farthest at 2.5, sum of distances 4"),
                     1);
    assert_int_equal(count_of(text, "SSSP, warm, 2 threads"), 1);
    assert_int_equal(count_of(text, "UNEQUAL"), 0);
  }
  write_text(path, sizeof path, folder, "untold.csv", "from,to\na,b\n");
  assert_int_equal(run_command(folder, 4, argv, text, sizeof text), 1);
  write_text(path, sizeof path, folder, "negative.txt", "a b -1\n");
  assert_int_equal(run_command(folder, 4, argv, text, sizeof text), 1);
  write_text(path, sizeof path, folder, "fine.txt", "a b 0.12345678\n");
  assert_int_equal(run_command(folder, 4, argv, text, sizeof text), 1);
  test_folder_remove(folder);
}

static void bad_files_and_options_are_named(void **state) {
  char *folder = test_folder_make(), text[2048], path[512];
  char *file[] = {"graph", "--file", path, "--start", "nobody"};
  char *scale[] = {"graph", "--scale", "99"}, *peer[] = {"graph", "--peers", "neo"};
  char *both[] = {"graph", "--file", path, "--bars"}, *start[] = {"graph", "--start", "a"};
  char *threads[] = {"graph", "--threads", "0"};
  (void)state;
  test_path(path, sizeof path, folder, "missing");
  assert_int_equal(run_command(folder, 3, file, text, sizeof text), 1);
  write_text(path, sizeof path, folder, "empty.txt", "# nothing\n");
  assert_int_equal(run_command(folder, 3, file, text, sizeof text), 1);
  write_text(path, sizeof path, folder, "bad.txt", "a b\nc\n");
  assert_int_equal(run_command(folder, 3, file, text, sizeof text), 1);
  write_text(path, sizeof path, folder, "good.txt", "a b\n");
  assert_int_equal(run_command(folder, 5, file, text, sizeof text), 1);
  assert_int_equal(run_command(folder, 3, scale, text, sizeof text), 2);
  assert_int_equal(run_command(folder, 3, peer, text, sizeof text), 2);
  assert_int_equal(run_command(folder, 4, both, text, sizeof text), 2);
  assert_int_equal(run_command(folder, 3, start, text, sizeof text), 2);
  assert_int_equal(run_command(folder, 3, threads, text, sizeof text), 2);
  test_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bars_prints_a_line_for_each_measure),
      cmocka_unit_test(an_interrupted_run_still_names_every_bar),
      cmocka_unit_test(a_file_of_edges_gets_its_results),
      cmocka_unit_test(a_weighted_file_gets_distances_too),
      cmocka_unit_test(bad_files_and_options_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
