/* SPDX-License-Identifier: MIT */
/* The manual says what the shell does: each line of .help stands in docs/shell.md. */
#include "test_shell_drive.h"

/* docs/shell.md, found upward from this program: the build folder may be nested. */
static char *docs_read(void) {
  char path[1024];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);
  assert_true(length > 0);
  path[length] = '\0';
  for (char *slash = strrchr(path, '/'); slash != NULL; slash = strrchr(path, '/')) {
    strcpy(slash, "/docs/shell.md");
    if (access(path, R_OK) == 0) return drive_read(path, NULL);
    *slash = '\0';
  }
  fail_msg("docs/shell.md is not above this program");
  return NULL;
}

static void the_manual_has_every_line_of_help(void **state) {
  char *docs = docs_read();
  size_t lines = 0;
  drive_run run = drive_script(*state, ".help\n");
  char *end = strstr(run.out, "\n\nAnything else is SQL");
  assert_non_null(end);
  *end = '\0';
  for (char *line = strtok(run.out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    if (strstr(docs, line) == NULL) fail_msg("docs/shell.md lacks this line of .help: %s", line);
    lines++;
  }
  assert_true(lines > 60);
  drive_free(&run);
  free(docs);
}

/* And nothing more: no command of the manual's list is unknown to the shell. */
static void the_manual_lists_no_other_commands(void **state) {
  char *docs = docs_read();
  drive_run run = drive_script(*state, ".help\n");
  char *at = strstr(docs, "\n## Commands\n");
  assert_non_null(at);
  at = strstr(at, "\n```\n");
  char *end = strstr(at + 4, "\n```\n");
  *end = '\0';
  for (char *line = strtok(at + 5, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    if (strstr(run.out, line) == NULL) fail_msg("not in .help: %s", line);
  }
  drive_free(&run);
  free(docs);
}

static void the_manual_names_every_mode_and_option(void **state) {
  static const char *const words[] = {"-help", NULL};
  static const char *const modes[] = {"list",  "csv",    "tabs",  "json", "jsonl",  "line",
                                      "quote", "insert", "table", "box",  "column", "markdown"};
  char *docs = docs_read();
  char quoted[64];
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
    snprintf(quoted, sizeof quoted, "`%s`", modes[i]);
    assert_non_null(strstr(docs, quoted));
  }
  drive_run run = drive(*state, "", words);
  for (char *word = strtok(run.out, " ,\n"); word != NULL; word = strtok(NULL, " ,\n")) {
    if (word[0] == '-' && word[1] != '\0' && strstr(docs, word) == NULL)
      fail_msg("docs/shell.md lacks the option %s", word);
  }
  drive_free(&run);
  free(docs);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      drive_test(the_manual_has_every_line_of_help),
      drive_test(the_manual_lists_no_other_commands),
      drive_test(the_manual_names_every_mode_and_option),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
