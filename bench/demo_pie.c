/* SPDX-License-Identifier: MIT */
/*
 * The first PIE table: three questions, each by every way, timed by the paired harness. Ways are
 * sides of one measure, so their answers are compared before a time is shown.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "demo.h"
#include "paired.h"
#include "terminal.h"

typedef struct demo_pie_side {
  demo_store *store;
  const demo_way *way;
  const char *about;
} demo_pie_side;

static int demo_pie_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  demo_pie_side *side = ctx;
  (void)round;
  return side->way->answer(side->store, side->about, answer, why);
}

static paired_state demo_pie_measure(demo_store *store, const demo_question *question,
                                     const char *about, paired_result *result) {
  demo_pie_side sides[PAIRED_SIDES_MAX];
  paired_plan plan = {0};
  size_t i;
  plan.name = question->shape;
  plan.operation = "answer";
  plan.operations = 1;
  plan.rounds_min = 3;
  plan.rounds_max = 25;
  plan.budget_ns = UINT64_C(2000000000);
  plan.batch_ns = UINT64_C(2000000);
  plan.sides = question->n;
  for (i = 0; i < question->n; i++) {
    sides[i] = (demo_pie_side){store, &question->ways[i], about};
    plan.side[i] = (paired_side){question->ways[i].name, NULL, demo_pie_run, NULL, &sides[i]};
  }
  return paired_run(&plan, result);
}

static void demo_pie_rows(term_table *table, const demo_question *question,
                          const paired_result *result) {
  size_t fastest = paired_fastest(result), i;
  for (i = 0; i < question->n; i++) {
    const paired_spread *spread = &result->side[i].spread;
    char median[TERM_UNIT_BYTES], low[TERM_UNIT_BYTES], high[TERM_UNIT_BYTES];
    char factor[TERM_UNIT_BYTES];
    term_style style = i == fastest ? TERM_GREEN : TERM_PLAIN;
    double times = result->side[fastest].spread.median;
    times = times > 0 ? spread->median / times : 0;
    term_table_cell(table, style, "%s %s", i == fastest ? "*" : " ", question->ways[i].name);
    term_table_cell(table, TERM_DIM, "%s", question->ways[i].written);
    term_table_cell(table, style, "%s", term_time(median, spread->median));
    term_table_cell(table, TERM_DIM, "%s - %s", term_time(low, spread->p25),
                    term_time(high, spread->p75));
    term_table_cell(table, style, "%s", term_factor(factor, times));
  }
}

static void demo_pie_head(term_table *table, const char *format, const char *shape,
                          const char *about) {
  const char *mark = strstr(format, "%s");
  int before = mark != NULL ? (int)(mark - format) : (int)strlen(format);
  term_table_line(table, "%s", "");
  term_table_line(table, "%s%s%s  %.*s%s%s", term_on(stdout, TERM_CYAN), shape, term_off(stdout),
                  before, format, mark != NULL ? about : "", mark != NULL ? mark + 2 : "");
}

/* Why a question has no figures, or fewer. Returns an exit status. */
static int demo_pie_state(term_table *table, const paired_result *result) {
  if (result->state == PAIRED_DONE) return 0;
  if (result->state == PAIRED_INTERRUPTED) {
    term_table_line(table, "  interrupted: a partial result");
    return 130;
  }
  term_table_line(table, "  %s%s%s", term_on(stdout, TERM_RED), result->why, term_off(stdout));
  return 1;
}

int demo_pie(demo_store *store, const char *const about[DEMO_QUESTIONS]) {
  term_table *table = term_table_make(5);
  unsigned rounds_low = UINT_MAX, rounds_high = 0;
  int status = 0, q, visible = isatty(STDERR_FILENO);
  for (q = 2; q < 5; q++) term_table_align(table, (size_t)q, 1);
  for (q = 0; q < DEMO_QUESTIONS; q++) {
    paired_result result;
    if (visible) fprintf(stderr, "\r\033[Kmeasuring: %s ...", demo_questions[q].shape);
    demo_pie_measure(store, &demo_questions[q], about[q], &result);
    demo_pie_head(table, demo_questions[q].format, demo_questions[q].shape, about[q]);
    if (result.rounds > 0) demo_pie_rows(table, &demo_questions[q], &result);
    if (result.rounds < rounds_low) rounds_low = result.rounds;
    if (result.rounds > rounds_high) rounds_high = result.rounds;
    if (status == 0) status = demo_pie_state(table, &result);
    paired_free(&result);
  }
  if (visible) fputs("\r\033[K", stderr);
  printf(
      "\n%sPIE, measured%s  the same answer by every way; medians of %u to %u runs, taken by "
      "turns\n",
      term_on(stdout, TERM_BOLD), term_off(stdout), rounds_low, rounds_high);
  term_table_print(table, stdout, 2);
  term_table_free(table);
  return status;
}
