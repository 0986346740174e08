/* SPDX-License-Identifier: MIT */
/*
 * The subcommands as a user runs them, each in a child process: output, exit status, what is left
 * behind. `apt-cache` is kept out of reach, so that the tests do not depend on the machine.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"
#include "kv_bench.h"
#include "test_store.h"

typedef struct command_run {
  char *folder, *text;
  char out[512];
  int status;
} command_run;

static char *file_text(const char *path) {
  size_t capacity = 1u << 20, size;
  char *text = calloc(1, capacity);
  FILE *in = fopen(path, "r");
  assert_non_null(text);
  if (in == NULL) return text;
  size = fread(text, 1, capacity - 1, in);
  text[size] = '\0';
  fclose(in);
  return text;
}

/* Runs a subcommand in a child; interrupt_ms > 0: sends SIGINT after that time. */
static void command_start(command_run *run, int (*command)(int argc, char **argv), int argc,
                          char **argv, long interrupt_ms) {
  pid_t child;
  int status;
  test_path(run->out, sizeof run->out, run->folder, "out");
  fflush(NULL);
  child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    setenv("TMPDIR", run->folder, 1);
    setenv("PATH", "/nonexistent", 1);
    if (freopen(run->out, "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
      _exit(99);
    exit(command(argc, argv));
  }
  if (interrupt_ms > 0) {
    struct timespec pause = {interrupt_ms / 1000, interrupt_ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
    kill(child, SIGINT);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  run->status = WEXITSTATUS(status);
  run->text = file_text(run->out);
}

static int folder_holds(const char *folder, const char *pattern) {
  char command[700];
  snprintf(command, sizeof command, "ls '%s' | grep -q '%s'", folder, pattern);
  return system(command) == 0;
}

static void test_bars_of_a_small_run_are_lines_of_four_cells(void **state) {
  char *argv[] = {"kv",       "--records", "3000",  "--quick", "--bars",
                  "--seed=7", "--json",    "unset", NULL};
  char json[512], *line, *end, *text;
  command_run run = {test_folder_make(), NULL, "", 0};
  int lines = 0;
  (void)state;
  test_path(json, sizeof json, run.folder, "kv.json");
  argv[7] = json;
  command_start(&run, kv_command, 7, argv + 1, 0);
  assert_int_equal(run.status, 0);
  for (line = run.text; *line != '\0'; line = end + 1, lines++) {
    char word[8], measure[128], bar[32];
    double ratio;
    end = strchr(line, '\n');
    assert_non_null(end);
    *end = '\0';
    assert_int_equal(sscanf(line, "%7[a-z]\t%127[^\t]\t%lf\t%31s", word, measure, &ratio, bar), 4);
    assert_true(strcmp(word, "ok") == 0 || strcmp(word, "short") == 0);
    assert_true(bar[0] == '>' || bar[0] == '<');
    assert_true(ratio >= 0);
  }
  assert_int_equal(lines, 14);
  assert_int_equal(kv_bars_count(), 14);
  text = file_text(json);
  assert_non_null(strstr(text, "\"complete\": true"));
  assert_null(strstr(text, "\"failed\""));
  assert_null(strstr(text, "\"unequal answers\""));
  free(text);
  assert_false(folder_holds(run.folder, "trivet-bench"));
  free(run.text);
  test_folder_remove(run.folder);
}

static void test_an_interrupted_run_is_partial_and_leaves_nothing_behind(void **state) {
  char *argv[] = {"kv", "--records", "20000000", "--json", "unset", NULL};
  char json[512], *text;
  command_run run = {test_folder_make(), NULL, "", 0};
  (void)state;
  test_path(json, sizeof json, run.folder, "kv.json");
  argv[4] = json;
  command_start(&run, kv_command, 4, argv + 1, 400);
  assert_int_equal(run.status, 130);
  assert_non_null(strstr(run.text, "partial"));
  text = file_text(json);
  assert_non_null(strstr(text, "\"complete\": false"));
  free(text);
  assert_false(folder_holds(run.folder, "trivet-bench"));
  free(run.text);
  test_folder_remove(run.folder);
}

static void test_interrupted_bars_name_every_measure_and_what_is_partial(void **state) {
  char *argv[] = {"kv", "--records", "20000000", "--bars", NULL}, *line;
  command_run run = {test_folder_make(), NULL, "", 0};
  size_t lines = 0, partial = 0;
  (void)state;
  command_start(&run, kv_command, 3, argv + 1, 600);
  assert_int_equal(run.status, 130);
  for (line = strtok(run.text, "\n"); line != NULL; line = strtok(NULL, "\n"), lines++)
    partial += strncmp(line, "partial\t", 8) == 0;
  assert_int_equal(lines, kv_bars_count());
  assert_true(partial >= 11); /* neither store was filled */
  free(run.text);
  test_folder_remove(run.folder);
}

static void test_peers_are_columns_and_their_samples_are_in_the_json(void **state) {
  char *argv[] = {"kv", "--records", "2000", "--peers", "lmdb,sqlite", "--json", "unset", NULL};
  char *refused[] = {"kv", "--bars", "--peers", "lmdb", NULL};
  char json[512], *text;
  command_run run = {test_folder_make(), NULL, "", 0};
  (void)state;
  test_path(json, sizeof json, run.folder, "kv.json");
  argv[6] = json;
  command_start(&run, kv_command, 6, argv + 1, 0);
  assert_int_equal(run.status, 0);
  assert_non_null(strstr(run.text, "Trivet KV  raw LMDB"));
  assert_non_null(strstr(strstr(run.text, "raw LMDB "), " SQLite "));
  text = file_text(json);
  assert_non_null(strstr(text, "\"name\": \"SQLite\""));
  assert_null(strstr(text, "RocksDB"));
  free(text);
  free(run.text);
  command_start(&run, kv_command, 3, refused + 1, 0);
  assert_int_equal(run.status, 2);
  free(run.text);
  test_folder_remove(run.folder);
}

static void write_index(const char *path, const char *text) {
  FILE *out = fopen(path, "w");
  assert_non_null(out);
  fputs(text, out);
  assert_int_equal(fclose(out), 0);
}

static void test_the_demo_runs_on_a_small_index_and_replaces_the_old_store(void **state) {
  char index[512], store[512];
  char *argv[] = {"demo", "--packages", index, "--store", store, NULL};
  command_run run = {test_folder_make(), NULL, "", 0};
  struct stat before, after;
  (void)state;
  test_path(index, sizeof index, run.folder, "index");
  test_path(store, sizeof store, run.folder, "demo.tv");
  write_index(index,
              "Package: libc6\nVersion: 2\nSection: libs\nInstalled-Size: 10\n\n"
              "Package: nginx\nVersion: 1\nSection: web\nInstalled-Size: 20\nDepends: ssl | tls\n"
              "Maintainer: Someone <s@example.org>\n\n"
              "Package: ssl\nVersion: 1\nInstalled-Size: 30\nPre-Depends: libc6\nProvides: tls\n");
  write_index(store, "");
  assert_int_equal(stat(store, &before), 0);
  command_start(&run, demo_command, 4, argv + 1, 0);
  assert_int_equal(run.status, 0);
  assert_int_equal(stat(store, &after), 0);
  assert_true(after.st_size > before.st_size);
  assert_non_null(strstr(run.text, "2 packages, up to 2 steps"));
  assert_non_null(strstr(run.text, "nginx -> ssl => libc6"));
  assert_non_null(strstr(run.text, "PIE, measured"));
  assert_non_null(strstr(run.text, "* ")); /* the fastest is marked */
  assert_null(strchr(run.text, '\033'));
  assert_null(strstr(run.text, "interrupted"));
  assert_false(folder_holds(run.folder, "loading"));
  free(run.text);
  command_start(&run, demo_command, 4, argv + 1, 0); /* and once more over its own store */
  assert_int_equal(run.status, 0);
  free(run.text);
  test_folder_remove(run.folder);
}

static void test_the_demo_refuses_what_is_no_index_and_keeps_the_old_store(void **state) {
  char index[512], store[512], *text;
  char *argv[] = {"demo", "--packages", index, "--store", store, NULL};
  char *without[] = {"demo", "--store", store, NULL};
  command_run run = {test_folder_make(), NULL, "", 0};
  (void)state;
  test_path(index, sizeof index, run.folder, "index");
  test_path(store, sizeof store, run.folder, "demo.tv");
  write_index(store, "precious");
  command_start(&run, demo_command, 4, argv + 1, 0); /* no such file */
  assert_int_equal(run.status, 1);
  free(run.text);
  write_index(index, "This is: not a package index\n");
  command_start(&run, demo_command, 4, argv + 1, 0);
  assert_int_equal(run.status, 1);
  free(run.text);
  command_start(&run, demo_command, 2, without + 1, 0); /* no apt-cache */
  assert_int_equal(run.status, 1);
  free(run.text);
  text = file_text(store);
  assert_string_equal(text, "precious");
  free(text);
  test_folder_remove(run.folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bars_of_a_small_run_are_lines_of_four_cells),
      cmocka_unit_test(test_an_interrupted_run_is_partial_and_leaves_nothing_behind),
      cmocka_unit_test(test_interrupted_bars_name_every_measure_and_what_is_partial),
      cmocka_unit_test(test_peers_are_columns_and_their_samples_are_in_the_json),
      cmocka_unit_test(test_the_demo_runs_on_a_small_index_and_replaces_the_old_store),
      cmocka_unit_test(test_the_demo_refuses_what_is_no_index_and_keeps_the_old_store),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
