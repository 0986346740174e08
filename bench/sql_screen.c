/* SPDX-License-Identifier: MIT */
/*
 * The table of a run: a row per statement, a column per engine with median and best, and each
 * engine's time as a multiple of the first one's. The report of paired_report.h was not used: it
 * compares two, and here one looks across.
 */
#include <stdlib.h>

#include "sql_bench.h"
#include "terminal.h"

static void screen_head(const sql_bench *bench, term_table *table) {
  size_t s;
  term_table_cell(table, TERM_BOLD, "%s", "");
  for (s = 0; s < bench->sides; s++) {
    term_table_align(table, 1 + 2 * s, 1);
    term_table_align(table, 2 + 2 * s, 1);
    term_table_cell(table, TERM_BOLD, "%s", bench->side[s].kind->name);
    term_table_cell(table, TERM_DIM, "%s", s == 0 ? "best" : "ratio");
  }
  term_table_rule(table);
}

static void screen_time(term_table *table, const paired_result *result, size_t s) {
  char text[TERM_UNIT_BYTES];
  double ours = result->side[0].spread.median, theirs = result->side[s].spread.median;
  int fastest = paired_fastest(result) == s;
  term_table_cell(table, fastest ? TERM_GREEN : TERM_PLAIN, "%s", term_time(text, theirs));
  if (s == 0)
    term_table_cell(table, TERM_DIM, "%s", term_time(text, result->side[0].spread.min));
  else
    term_table_cell(table, TERM_DIM, "%s", ours > 0 ? term_factor(text, theirs / ours) : "-");
}

static void screen_results(const sql_bench *bench, size_t from, term_table *table) {
  const paired_report *report = bench->report;
  size_t i, s;
  for (i = from; i < report->n; i++) {
    const paired_result *result = &report->results[i];
    if (result->sides < bench->sides || result->rounds == 0) {
      term_table_cell(table, TERM_PLAIN, "%s", result->name);
      for (s = 0; s < 2 * bench->sides; s++)
        term_table_cell(table, TERM_PLAIN, "%s", s == 0 ? "-" : "");
      term_table_line(table, "  %s",
                      result->state == PAIRED_INTERRUPTED ? "interrupted" : result->why);
      continue;
    }
    term_table_cell(table, TERM_PLAIN, "%s%s", result->name,
                    result->state == PAIRED_DONE ? "" : " (partial)");
    for (s = 0; s < bench->sides; s++) screen_time(table, result, s);
    if (result->state == PAIRED_UNEQUAL || result->state == PAIRED_FAILED)
      term_table_line(table, "  %s", result->why);
  }
}

static void screen_geomean(const sql_bench *bench, size_t from, term_table *table) {
  double ours = sql_geomean(bench->report, from, 0);
  char text[TERM_UNIT_BYTES];
  size_t s;
  if (ours <= 0) return;
  term_table_rule(table);
  term_table_cell(table, TERM_BOLD, "geometric mean");
  for (s = 0; s < bench->sides; s++) {
    double mean = sql_geomean(bench->report, from, s);
    term_table_cell(table, TERM_BOLD, "%s", term_time(text, mean));
    term_table_cell(table, TERM_BOLD, "%s", s == 0 ? "" : term_factor(text, mean / ours));
  }
}

static void screen_figure(const sql_bench *bench, term_table *table, const char *name, int bytes) {
  char text[TERM_UNIT_BYTES];
  size_t s;
  term_table_cell(table, TERM_PLAIN, "%s", name);
  for (s = 0; s < bench->sides; s++) {
    const sql_side *side = &bench->side[s];
    double own = bytes ? side->bytes : side->load_ns;
    double first = bytes ? bench->side[0].bytes : bench->side[0].load_ns;
    term_table_cell(table, TERM_PLAIN, "%s", bytes ? term_bytes(text, own) : term_time(text, own));
    term_table_cell(table, TERM_DIM, "%s",
                    s == 0 || first <= 0 ? "" : term_factor(text, own / first));
  }
}

void sql_screen(const sql_bench *bench, size_t from, unsigned threads, FILE *out) {
  term_table *table = term_table_make(1 + 2 * bench->sides);
  fprintf(out, "%u thread%s, warm, medians of %u by turns in one process; answers were equal\n\n",
          threads, threads == 1 ? "" : "s", bench->rounds);
  screen_head(bench, table);
  screen_results(bench, from, table);
  screen_geomean(bench, from, table);
  term_table_rule(table);
  screen_figure(bench, table, "load", 0);
  screen_figure(bench, table, "file", 1);
  term_table_print(table, out, 2);
  term_table_free(table);
}
