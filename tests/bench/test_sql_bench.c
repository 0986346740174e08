/* SPDX-License-Identifier: MIT */
/* `trivet-bench sql` as a user runs it, in child processes, and how it compares answers. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sql_bench.h"
#include "ssb.h"
#include "test_store.h"

enum { TEXT_BYTES = 1 << 16 };

typedef struct command_result {
  char text[TEXT_BYTES], errors[TEXT_BYTES];
  int status;
} command_result;

static void read_text(const char *path, char *out) {
  FILE *in = fopen(path, "r");
  size_t size = in == NULL ? 0 : fread(out, 1, TEXT_BYTES - 1, in);
  if (in != NULL) fclose(in);
  out[size] = '\0';
}

/* Runs the subcommand; arguments end with NULL. */
static void run_command(command_result *result, const char *folder, const char **arguments) {
  char out[512], errors[512], *argv[20] = {(char *)(uintptr_t) "sql"};
  int argc = 0, status;
  pid_t child;
  while (arguments[argc] != NULL) {
    argv[argc + 1] = (char *)(uintptr_t)arguments[argc];
    argc++;
  }
  test_path(out, sizeof out, folder, "out");
  test_path(errors, sizeof errors, folder, "errors");
  fflush(NULL);
  child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    setenv("TMPDIR", folder, 1);
    if (freopen(out, "w", stdout) == NULL || freopen(errors, "w", stderr) == NULL) _exit(99);
    exit(sql_command(argc, argv + 1));
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  result->status = WEXITSTATUS(status);
  read_text(out, result->text);
  read_text(errors, result->errors);
}

static void test_thirteen_queries_have_equal_answers(void **state) {
  static command_result r;
  char *folder = test_folder_make(), json[512];
  const char *arguments[] = {"--sf", "0.002", "--rounds", "1", "--json", json, NULL};
  (void)state;
  test_path(json, sizeof json, folder, "sql.json");
  run_command(&r, folder, arguments);
  if (r.status != 0) print_message("%s%s", r.text, r.errors);
  assert_int_equal(r.status, 0);
  assert_non_null(strstr(r.text, "Q1.1, 1 thread"));
  assert_non_null(strstr(r.text, "Q4.3, 1 thread"));
  assert_non_null(strstr(r.text, "geometric mean"));
  assert_null(strstr(r.text, "differ"));
  read_text(json, r.text);
  assert_non_null(strstr(r.text, "\"complete\": true"));
  test_folder_remove(folder);
}

static void test_a_file_of_statements_runs_on_every_engine(void **state) {
  static command_result r;
  char *folder = test_folder_make(), path[512];
  const char *arguments[] = {"--sf",      "0.001", "--rounds",  "1",
                             "--suite",   path,    "--engines", "columnar,rows,sqlite",
                             "--threads", "2",     NULL};
  FILE *out;
  (void)state;
  test_path(path, sizeof path, folder, "own.sql");
  out = fopen(path, "w");
  assert_non_null(out);
  fputs(
      "-- a table of the user's own\nCREATE TABLE own(a INTEGER, b TEXT);\n"
      "INSERT INTO own SELECT lo_quantity, 'x;y' FROM lineorder;\n"
      "/* and a question */ SELECT a, count(*), avg(a) FROM own GROUP BY a;",
      out);
  fclose(out);
  run_command(&r, folder, arguments);
  if (r.status != 0) print_message("%s%s", r.text, r.errors);
  assert_int_equal(r.status, 0);
  assert_non_null(strstr(r.text, "statement 3, 2 threads"));
  test_folder_remove(folder);
}

static void test_the_users_own_files_are_loaded(void **state) {
  static command_result r;
  char *folder = test_folder_make(), data[512], path[600];
  const char *arguments[] = {"--data", data, "--rounds", "1", "--engines", "columnar,rows", NULL};
  int i;
  (void)state;
  test_path(data, sizeof data, folder, "data");
  assert_int_equal(mkdir(data, 0700), 0);
  run_command(&r, folder, arguments);
  assert_int_equal(r.status, 2);
  assert_non_null(strstr(r.errors, "lineorder.tbl: No such file"));
  for (i = 0; i < SSB_TABLES; i++) {
    FILE *out;
    snprintf(path, sizeof path, "%s/%s.tbl", data, ssb_tables[i].name);
    out = fopen(path, "w");
    assert_non_null(out);
    ssb_write(i, 0.001, out, NULL, NULL);
    fclose(out);
  }
  run_command(&r, folder, arguments);
  assert_int_equal(r.status, 0);
  assert_non_null(strstr(r.text, "Q3.1, 1 thread"));
  test_folder_remove(folder);
}

static void test_wrong_options_are_refused_with_a_sentence(void **state) {
  static const struct {
    const char *arguments[5];
    const char *says;
  } cases[] = {
      {{"--sf", "0", NULL}, "--sf takes a number from 0.001 to 100: 0"},
      {{"--sf", "one", NULL}, "--sf takes a number"},
      {{"--threads", "0", NULL}, "--threads takes a number from 1 to 64"},
      {{"--engines", "oracle", NULL}, "oracle"},
      {{"--bars", "--engines", "rows", NULL}, "--bars needs all engines"},
      {{"--bars", "--suite", "x.sql", NULL}, "leave out --suite"},
      {{"--data", "/nonexistent", NULL}, "/nonexistent/lineorder.tbl"},
  };
  static command_result r;
  char *folder = test_folder_make();
  size_t i;
  (void)state;
  for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const char *arguments[5];
    memcpy(arguments, cases[i].arguments, sizeof arguments);
    run_command(&r, folder, arguments);
    assert_int_equal(r.status, 2);
    if (strstr(r.errors, cases[i].says) == NULL) print_message("%s\n", r.errors);
    assert_non_null(strstr(r.errors, cases[i].says));
  }
  test_folder_remove(folder);
}

/* ---- Answers ---- */

static void add_row(sql_answer *answer, int64_t whole, double real, const char *text) {
  sql_answer_integer(answer, whole);
  sql_answer_real(answer, real);
  sql_answer_bytes(answer, text, strlen(text));
  sql_answer_null(answer);
  sql_answer_row(answer);
}

static void test_answers_are_compared_as_sets_of_rows(void **state) {
  sql_answer left = {0}, right = {0};
  char why[SQL_ANSWER_TEXT_BYTES];
  (void)state;
  sql_answer_begin(&left, 1);
  sql_answer_begin(&right, 1);
  add_row(&left, 1, 0.1 + 0.2, "a");
  add_row(&left, 2, 1e300, "b");
  add_row(&right, 2, 1e300, "b");
  add_row(&right, 1, 0.3, "a");
  assert_int_equal(sql_answer_differs(&left, &right, why), 0);
  assert_true(left.digest == right.digest);
  sql_answer_begin(&right, 1);
  add_row(&right, 2, 1e300, "b");
  add_row(&right, 1, 0.3001, "a");
  assert_int_equal(sql_answer_differs(&left, &right, why), 1);
  assert_non_null(strstr(why, "0.3001"));
  sql_answer_begin(&right, 1);
  add_row(&right, 2, 1e300, "b");
  add_row(&right, 3, 0.3, "a");
  assert_int_equal(sql_answer_differs(&left, &right, why), 1);
  assert_true(left.digest != right.digest);
  sql_answer_begin(&right, 1);
  add_row(&right, 2, 1e300, "b");
  assert_int_equal(sql_answer_differs(&left, &right, why), 1);
  assert_non_null(strstr(why, "2 rows and 1 rows"));
  sql_answer_free(&left);
  sql_answer_free(&right);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_thirteen_queries_have_equal_answers),
      cmocka_unit_test(test_a_file_of_statements_runs_on_every_engine),
      cmocka_unit_test(test_the_users_own_files_are_loaded),
      cmocka_unit_test(test_wrong_options_are_refused_with_a_sentence),
      cmocka_unit_test(test_answers_are_compared_as_sets_of_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
