/* SPDX-License-Identifier: MIT */
/*
 * Loading the engines and running a statement on all of them by turns, in the harness of paired.h.
 * The first time, rows are kept and compared value by value; in what is timed, digests are.
 * Statements are prepared once, as a program that cares for time does.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "clock.h"
#include "interrupt.h"
#include "scratch.h"
#include "sql_bench.h"
#include "tool_heap.h"

static void measure_show(const char *what, const char *whose) {
  if (!isatty(STDERR_FILENO)) return;
  fprintf(stderr, "\r\033[K%s%s%s ...", what, whose[0] != '\0' ? ": " : "", whose);
  fflush(stderr);
}

static void measure_show_end(void) {
  if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
}

/* ---- Loading ---- */

int sql_load_side(sql_bench *bench, sql_side *side, const char *name) {
  const sql_kind *kind = side->kind;
  char folder[1100], path[2300], why[SQL_WHY_BYTES] = "";
  uint64_t started, ns = 0;
  size_t i;
  scratch_subfolder(folder, sizeof folder, scratch_folder(1), name);
  if (kind->open(folder, &side->engine, why) != 0)
    heap_stop("trivet-bench sql: %s: %s", kind->name, why);
  if (kind->threads(side->engine, bench->threads, why) != 0)
    heap_stop("trivet-bench sql: %s: %s", kind->name, why);
  for (i = bench->tables_n; i-- > 0;) { /* the fact table is the first, and comes last */
    const sql_table *table = &bench->tables[i];
    if (interrupt_seen()) return 1;
    snprintf(path, sizeof path, "%s/%s.tbl", bench->data, table->name);
    measure_show(kind->name, table->name);
    started = clock_ns();
    if (kind->create(side->engine, table, why) != 0 ||
        kind->load(side->engine, table, path, why) != 0) {
      measure_show_end();
      if (interrupt_seen()) return 1;
      heap_stop("trivet-bench sql: %s: loading %s: %s", kind->name, path, why);
    }
    ns += clock_ns() - started;
  }
  started = clock_ns();
  if (kind->settle(side->engine, why) != 0) heap_stop("trivet-bench sql: %s: %s", kind->name, why);
  side->load_ns = (double)(ns + clock_ns() - started);
  side->bytes = (double)kind->bytes(side->engine);
  measure_show_end();
  return 0;
}

int sql_load(sql_bench *bench) {
  size_t s;
  for (s = 0; s < bench->sides; s++)
    if (sql_load_side(bench, &bench->side[s], bench->side[s].kind->word) != 0) return 1;
  return 0;
}

void sql_unload(sql_bench *bench) {
  size_t s;
  for (s = 0; s < bench->sides; s++) {
    if (bench->side[s].engine != NULL) bench->side[s].kind->close(bench->side[s].engine);
    bench->side[s].engine = NULL;
  }
}

/* ---- One statement ---- */

typedef struct measure_side {
  const sql_kind *kind;
  sql_statement *statement;
  sql_answer answer;
} measure_side;

static int measure_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  measure_side *side = ctx;
  (void)round;
  sql_answer_begin(&side->answer, 0);
  if (side->kind->execute(side->statement, &side->answer, why) != 0) return -1;
  *answer = side->answer.digest + side->answer.rows;
  return 0;
}

static void measure_tick(void *ctx, unsigned round) {
  const paired_plan *plan = ctx;
  char text[32];
  snprintf(text, sizeof text, "round %u", round);
  measure_show(plan->name, text);
}

static void measure_failed(sql_bench *bench, const paired_plan *plan, paired_state state,
                           const char *whose, const char *why) {
  paired_result result = {0};
  snprintf(result.name, sizeof result.name, "%s", plan->name);
  result.state = interrupt_seen() ? PAIRED_INTERRUPTED : state;
  snprintf(result.why, sizeof result.why, "%.60s: %.180s", whose, why);
  paired_report_add(bench->report, &result);
}

/* Answers of all engines, kept and compared. Returns 0 when they are equal. */
static int measure_compare(sql_bench *bench, const paired_plan *plan, measure_side *sides) {
  sql_answer answers[SQL_KINDS];
  char why[SQL_ANSWER_TEXT_BYTES];
  size_t s, made = 0;
  int rc = 0;
  memset(answers, 0, sizeof answers);
  for (s = 0; s < bench->sides && rc == 0; s++, made++) {
    measure_show(plan->name, bench->side[s].kind->name);
    sql_answer_begin(&answers[s], 1);
    rc = sides[s].kind->execute(sides[s].statement, &answers[s], why);
    if (rc != 0) {
      measure_failed(bench, plan, PAIRED_FAILED, sides[s].kind->name, why);
    } else if (s > 0 && sql_answer_differs(&answers[0], &answers[s], why) != 0) {
      rc = -1;
      measure_failed(bench, plan, PAIRED_UNEQUAL, sides[s].kind->name, why);
    }
  }
  for (s = 0; s < made; s++) sql_answer_free(&answers[s]);
  return rc;
}

/* Prepares the statement on every engine. Returns 0, or -1 after reporting. */
static int measure_prepare(sql_bench *bench, paired_plan *plan, const char *text,
                           measure_side *sides) {
  char why[SQL_WHY_BYTES];
  for (plan->sides = 0; plan->sides < bench->sides; plan->sides++) {
    measure_side *side = &sides[plan->sides];
    const sql_side *of = &bench->side[plan->sides];
    side->kind = of->kind;
    if (side->kind->prepare(of->engine, text, &side->statement, why) != 0) {
      measure_failed(bench, plan, PAIRED_FAILED, side->kind->name, why);
      return -1;
    }
    plan->side[plan->sides] = (paired_side){side->kind->name, NULL, measure_run, NULL, side};
  }
  return 0;
}

int sql_measure(sql_bench *bench, const sql_query *query, unsigned threads) {
  measure_side sides[SQL_KINDS];
  char name[PAIRED_TEXT_BYTES], why[SQL_WHY_BYTES];
  paired_plan plan = {.name = name, .operation = "statement", .operations = 1};
  paired_result result;
  size_t s;
  memset(sides, 0, sizeof sides);
  snprintf(name, sizeof name, "%s, %u thread%s", query->name, threads, threads == 1 ? "" : "s");
  plan.rounds_min = bench->rounds;
  plan.own_time = threads == 1; /* engines of one thread run on ours, and wait for nothing */
  plan.tick = measure_tick;
  plan.tick_ctx = &plan;
  for (s = 0; s < bench->sides; s++)
    if (bench->side[s].kind->threads(bench->side[s].engine, threads, why) != 0)
      heap_stop("trivet-bench sql: %s: %s", bench->side[s].kind->name, why);
  if (measure_prepare(bench, &plan, query->text, sides) == 0 &&
      measure_compare(bench, &plan, sides) == 0) {
    paired_run(&plan, &result);
    paired_report_add(bench->report, &result);
  }
  measure_show_end();
  for (s = 0; s < bench->sides; s++) {
    if (sides[s].statement != NULL) sides[s].kind->finish(sides[s].statement);
    sql_answer_free(&sides[s].answer);
  }
  return interrupt_seen();
}

/* ---- The suite ---- */

static int measure_begins(const char *text, const char *word) {
  return strncasecmp(text, word, strlen(word)) == 0;
}

/* A statement that returns no rows runs once on each engine. A table is made in each one's own
 * kind. */
static void measure_do(sql_bench *bench, const sql_query *query) {
  static const char made[] = "CREATE TABLE";
  char why[SQL_WHY_BYTES];
  size_t s;
  for (s = 0; s < bench->sides; s++) {
    const sql_side *side = &bench->side[s];
    const char *columns = strchr(query->text, '(');
    char *text = NULL;
    if (side->kind == &sql_kind_columnar && columns != NULL && measure_begins(query->text, made)) {
      size_t size = strlen(query->text) + 40;
      text = heap_take(size);
      snprintf(text, size, "CREATE VIRTUAL TABLE%.*s USING columnar%s",
               (int)(columns - query->text - (int)strlen(made)), query->text + strlen(made),
               columns);
    }
    measure_show(query->name, side->kind->name);
    if (side->kind->run(side->engine, text != NULL ? text : query->text, why) != 0)
      heap_stop("\ntrivet-bench sql: %s: %s: %s", query->name, side->kind->name, why);
    free(text);
  }
  measure_show_end();
}

int sql_measure_suite(sql_bench *bench, unsigned threads) {
  size_t i;
  int stop = 0;
  for (i = 0; i < bench->queries_n && !stop; i++) {
    const sql_query *query = &bench->queries[i];
    if (measure_begins(query->text, "SELECT") || measure_begins(query->text, "WITH") ||
        measure_begins(query->text, "VALUES"))
      stop = sql_measure(bench, query, threads);
    else
      measure_do(bench, query);
  }
  return stop || interrupt_seen();
}

double sql_geomean(const paired_report *report, size_t from, size_t side) {
  double sum = 0;
  size_t i, n = 0;
  for (i = from; i < report->n; i++) {
    const paired_result *result = &report->results[i];
    if (result->state != PAIRED_DONE || side >= result->sides || result->kind != PAIRED_SPEED)
      continue;
    sum += log(result->side[side].spread.median);
    n++;
  }
  return n == 0 ? 0 : exp(sum / (double)n);
}
