/* SPDX-License-Identifier: MIT */
/*
 * EXPLAIN QUERY PLAN as a tree, as sqlite3's shell draws it. The rows say (id, parent, text) in
 * preorder; a step's line is built from its ancestors upward in a loop, since drawing by recursion
 * would let the depth of a query decide the depth of the stack.
 */
#include <string.h>

#include "shell_internal.h"

typedef struct shell_plan_step {
  int id, parent;
  char *text;
} shell_plan_step;

/* The step that is the parent of `at`, or -1; whether a later step has the same parent. */
static int shell_plan_parent(const shell_plan_step *steps, size_t n, size_t at, bool *has_later) {
  *has_later = false;
  for (size_t i = at + 1; i < n && !*has_later; i++)
    *has_later = steps[i].parent == steps[at].parent;
  for (size_t i = at; i-- > 0;) {
    if (steps[i].id == steps[at].parent) return (int)i;
  }
  return -1;
}

static void shell_plan_line(shell *sh, const shell_plan_step *steps, size_t n, size_t at) {
  shell_text line = {0};
  bool has_later;
  int up = shell_plan_parent(steps, n, at, &has_later);
  shell_text_format(&line, "%s%s", has_later ? "|--" : "`--", steps[at].text);
  while (up >= 0) {
    shell_text longer = {0};
    int above = shell_plan_parent(steps, n, (size_t)up, &has_later);
    shell_text_format(&longer, "%s%s", has_later ? "|  " : "   ", line.data);
    shell_text_free(&line);
    line = longer;
    up = above;
  }
  fprintf(sh->out, "%s\n", line.data);
  shell_text_free(&line);
}

int shell_plan_print(shell *sh, sqlite3_stmt *statement) {
  shell_plan_step *steps = NULL;
  size_t n = 0, capacity = 0;
  int code;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (n == capacity) {
      capacity = capacity * 2 + 16;
      steps = shell_realloc(steps, capacity * sizeof *steps);
    }
    const char *text = (const char *)sqlite3_column_text(statement, 3);
    steps[n++] =
        (shell_plan_step){sqlite3_column_int(statement, 0), sqlite3_column_int(statement, 1),
                          shell_copy(text != NULL ? text : "")};
  }
  int rc = code == SQLITE_DONE ? 0 : shell_fail_sql(sh, sqlite3_sql(statement));
  if (rc == 0) fputs("QUERY PLAN\n", sh->out);
  for (size_t i = 0; i < n && rc == 0; i++) shell_plan_line(sh, steps, n, i);
  for (size_t i = 0; i < n; i++) shell_free(steps[i].text);
  shell_free(steps);
  sqlite3_finalize(statement);
  return rc;
}
