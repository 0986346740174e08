/* SPDX-License-Identifier: MIT */
/*
 * What the executor covers, and what it says of itself: a line per scan, join, grouping and order,
 * with the rows that left it and its time once it ran.
 */
#include <string.h>

#include "exec_internal.h"

/* ---- Lines ---- */

static void explain_line(tvi_exec *exec, int depth, const char *text) {
  tvi_exec_line *line;

  if (exec->lines == TVI_LINES_MAX) return;
  line = &exec->line[exec->lines];
  line->text = exec->text[exec->lines];
  line->depth = depth;
  sqlite3_snprintf(TVI_LINE_BYTES, exec->text[exec->lines++], "%s", text);
}

static void explain_scan(tvi_exec *exec, int table, int depth, const char *what) {
  const tvi_source *source = &exec->source[table];
  char text[TVI_LINE_BYTES];

  sqlite3_snprintf((int)sizeof text, text, "%s %s (%s, %u parts, %llu rows, %d columns%s)", what,
                   source->table->name, source->table->columnar != NULL ? "columnar" : "rows",
                   source->parts, (unsigned long long)source->rows, source->columns,
                   exec->sieves[table] > 0 ? ", filtered" : "");
  explain_line(exec, depth, text);
}

void tvi_exec_explain(tvi_exec *exec) {
  const tvi_plan *plan = exec->plan;
  char text[TVI_LINE_BYTES];
  int j;

  sqlite3_snprintf((int)sizeof text, text, "VECTORISED (%s, %d threads)", exec->kernels->name,
                   exec->options.threads);
  explain_line(exec, 0, text);
  if (plan->tables > 0) explain_scan(exec, exec->driver, 1, "SCAN");
  for (j = 0; j < exec->joins; j++) {
    sqlite3_snprintf((int)sizeof text, text, "JOIN BY %d KEYS WITH", exec->join[j].keys);
    explain_scan(exec, exec->join[j].table, 1, text);
  }
  if (exec->grouped) {
    sqlite3_snprintf((int)sizeof text, text, "GROUP BY %d KEYS, %d AGGREGATES", exec->keys,
                     exec->aggregates);
    explain_line(exec, 1, text);
  }
  if (plan->orders > 0 || exec->limit != SIZE_MAX)
    explain_line(exec, 1,
                 plan->orders == 0         ? "LIMIT"
                 : exec->limit == SIZE_MAX ? "ORDER"
                                           : "ORDER, LIMIT");
}

void tvi_exec_count(tvi_exec *exec, const tvi_pipe *pipes, int count) {
  tvi_exec_line *line;
  uint64_t scanned = 0, rows = 0, ns = 0;
  int i, at = 1;

  for (i = 0; i < count; i++) {
    scanned += pipes[i].scan.rows_out;
    rows += pipes[i].rows;
    ns += pipes[i].ns;
  }
  exec->line[0].rows = exec->result.rows;
  exec->line[0].ns = ns;
  if (at >= exec->lines) return;
  line = &exec->line[at++];
  line->rows = scanned;
  line->ns = ns;
  for (i = 0; i < exec->joins && at < exec->lines; i++) {
    line = &exec->line[at++];
    line->rows = exec->join[i].rows_out;
    line->ns = exec->join[i].ns;
    exec->line[0].ns += exec->join[i].ns;
  }
  for (; at < exec->lines; at++) exec->line[at].rows = exec->result.rows;
  (void)rows;
}

const tvi_exec_line *tvi_exec_lines(const tvi_exec *exec, int *count) {
  *count = exec->lines;
  return exec->line;
}

/* ---- What is covered ---- */

static const char *explain_aggregates(const tvi_plan *plan) {
  int i;

  for (i = 0; i < plan->aggregates; i++) {
    const tvi_plan_aggregate *a = &plan->aggregate[i];
    int counts = a->op == TVI_AGG_COUNT || a->op == TVI_AGG_MIN || a->op == TVI_AGG_MAX;
    if (a->distinct && !counts) return "DISTINCT in an aggregate other than COUNT";
  }
  return NULL;
}

/* Walks an expression with a stack of its own. */
static const char *explain_expr(const tvi_expr *expr) {
  const tvi_expr *stack[TVI_PLAN_DEPTH_MAX + 1];
  int next[TVI_PLAN_DEPTH_MAX + 1], depth = 0;

  stack[0] = expr;
  next[0] = 0;
  while (depth >= 0) {
    const tvi_expr *top = stack[depth];
    if (next[depth] == top->args) {
      depth--;
      continue;
    }
    if (depth == TVI_PLAN_DEPTH_MAX) return "an expression deeper than 200";
    stack[depth + 1] = top->arg[next[depth]++];
    next[++depth] = 0;
  }
  return NULL;
}

int tvi_exec_covers(const tvi_plan *plan, const char **why) {
  const char *reason = explain_aggregates(plan);
  int i;

  if (plan->tables == 0) reason = "no table";
  if (plan->tables > TVI_PLAN_TABLES_MAX) reason = "more than 32 tables";
  if (plan->keys > TVI_PLAN_KEYS_MAX - 1 ||
      (plan->distinct && !plan->grouped && plan->outputs > TVI_PLAN_KEYS_MAX - 1))
    reason = "more than 63 keys";
  for (i = 0; i < plan->conjuncts && reason == NULL; i++) reason = explain_expr(plan->conjunct[i]);
  for (i = 0; i < plan->keys && reason == NULL; i++) reason = explain_expr(plan->key[i]);
  for (i = 0; i < plan->outputs && reason == NULL; i++) reason = explain_expr(plan->output[i]);
  for (i = 0; i < plan->orders && reason == NULL; i++) reason = explain_expr(plan->order[i].by);
  for (i = 0; i < plan->aggregates && reason == NULL; i++)
    if (plan->aggregate[i].arg != NULL) reason = explain_expr(plan->aggregate[i].arg);
  if (reason == NULL && plan->having != NULL) reason = explain_expr(plan->having);
  *why = reason;
  return reason == NULL ? TV_OK : TV_EINVAL;
}
