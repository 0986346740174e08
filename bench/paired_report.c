/* SPDX-License-Identifier: MIT */
/*
 * The table and the bars. Ratios are shown beside both sides' own figures: a ratio alone
 * hides whether a thing takes a nanosecond or an hour.
 */
#include "paired_report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "terminal.h"
#include "tool_heap.h"

void paired_report_begin(paired_report *report, const char *command) {
  memset(report, 0, sizeof *report);
  report->command = command;
  machine_read(&report->machine);
}

static void paired_report_fact(paired_setting *facts, size_t *n, const char *name,
                               const char *format, va_list args) {
  paired_setting *fact;
  if (*n == PAIRED_SETTINGS_MAX) heap_stop("too many settings in one report");
  fact = &facts[(*n)++];
  snprintf(fact->name, sizeof fact->name, "%s", name);
  vsnprintf(fact->value, sizeof fact->value, format, args);
}

void paired_report_setting(paired_report *report, const char *name, const char *format, ...) {
  va_list args;
  va_start(args, format);
  paired_report_fact(report->settings, &report->settings_n, name, format, args);
  va_end(args);
}

void paired_report_note(paired_report *report, const char *name, const char *format, ...) {
  va_list args;
  va_start(args, format);
  paired_report_fact(report->notes, &report->notes_n, name, format, args);
  va_end(args);
}

void paired_report_add(paired_report *report, const paired_result *result) {
  heap_grow(&report->results, &report->capacity, report->n + 1, sizeof *report->results);
  report->results[report->n++] = *result;
}

int paired_report_complete(const paired_report *report) {
  size_t i;
  if (report->interrupted) return 0;
  for (i = 0; i < report->n; i++)
    if (report->results[i].state == PAIRED_INTERRUPTED) return 0;
  return 1;
}

int paired_report_status(const paired_report *report) {
  size_t i;
  for (i = 0; i < report->n; i++)
    if (report->results[i].state == PAIRED_FAILED || report->results[i].state == PAIRED_UNEQUAL)
      return 1;
  return paired_report_complete(report) ? 0 : 130;
}

static void paired_report_figure(term_table *table, const paired_result *result, size_t side) {
  char text[TERM_UNIT_BYTES];
  double median = side < result->sides ? result->side[side].spread.median : 0;
  if (side >= result->sides || result->rounds == 0)
    term_table_cell(table, TERM_PLAIN, "-");
  else if (result->kind == PAIRED_SPACE)
    term_table_cell(table, TERM_PLAIN, "%s", term_bytes(text, median));
  else if (result->kind == PAIRED_COUNT)
    term_table_cell(table, TERM_PLAIN, "%.4g", median);
  else if (result->kind == PAIRED_TIME)
    term_table_cell(table, TERM_PLAIN, "%s", term_time(text, median));
  else
    term_table_cell(table, TERM_PLAIN, "%s",
                    term_rate(text, median > 0 ? 1e9 / median : 0)); /* rates compare easiest */
}

static void paired_report_quartiles(term_table *table, const paired_result *result) {
  if (result->rounds > 1)
    term_table_cell(table, TERM_DIM, "%.2f-%.2f", result->ratio.p25, result->ratio.p75);
  else
    term_table_cell(table, TERM_PLAIN, "%s", "");
}

/* With further sides their columns take the place of the quartiles. */
static void paired_report_row(term_table *table, const paired_result *result, size_t columns) {
  int ok = paired_reached(result);
  size_t side;
  term_table_cell(table, TERM_PLAIN, "%s", result->name);
  for (side = 0; side < columns; side++) paired_report_figure(table, result, side);
  if (result->rounds == 0 || result->kind == PAIRED_COUNT)
    term_table_cell(table, TERM_PLAIN, "%s", "");
  else
    term_table_cell(table, TERM_BOLD, "%.2fx", result->ratio.median);
  if (columns == 2) paired_report_quartiles(table, result);
  if (result->bar_kind == PAIRED_NO_BAR)
    term_table_cell(table, TERM_PLAIN, "%s", "");
  else
    term_table_cell(table, TERM_PLAIN, "%s %g",
                    result->bar_kind == PAIRED_AT_LEAST ? ">=" : "<=", result->bar);
  if (result->state == PAIRED_INTERRUPTED)
    term_table_cell(table, TERM_YELLOW, "partial");
  else if (result->state != PAIRED_DONE)
    term_table_cell(table, TERM_RED, "%s", result->state == PAIRED_UNEQUAL ? "UNEQUAL" : "FAILED");
  else if (result->bar_kind == PAIRED_NO_BAR)
    term_table_cell(table, TERM_PLAIN, "%s", "");
  else
    term_table_cell(table, ok ? TERM_GREEN : TERM_RED, "%s", ok ? "ok" : "short");
}

static void paired_report_head(const paired_report *report, FILE *out) {
  const machine_facts *m = &report->machine;
  char memory[TERM_UNIT_BYTES], line[800];
  size_t i;
  fprintf(out, "%s%s%s\n%s", term_on(out, TERM_BOLD), report->command, term_off(out),
          term_on(out, TERM_DIM));
  snprintf(line, sizeof line, "%s, %ld processors, %s, %s, %s; %s", m->processor, m->processors,
           term_bytes(memory, (double)m->memory_bytes), m->kernel, m->compiler, m->libraries);
  term_wrap(out, 2, line);
  for (i = 0; i < report->settings_n; i++) {
    snprintf(line, sizeof line, "%s: %s", report->settings[i].name, report->settings[i].value);
    term_wrap(out, 2, line);
  }
  fprintf(out, "%s\n", term_off(out));
}

void paired_report_table(const paired_report *report, FILE *out) {
  const paired_result *named = report->results; /* one with all sides, for the headings */
  size_t i, columns = 2;
  term_table *table;
  for (i = 0; i < report->n && named->sides < 2; i++) named = &report->results[i];
  for (i = 0; i < report->n && report->wide; i++)
    if (report->results[i].sides > named->sides) named = &report->results[i];
  if (report->wide && report->n > 0 && named->sides > columns) columns = named->sides;
  paired_report_head(report, out);
  table = term_table_make((columns == 2 ? 5 : 4) + columns);
  for (i = 1; i < (columns == 2 ? 4 : 3) + columns; i++) term_table_align(table, i, 1);
  term_table_cell(table, TERM_BOLD, "measure");
  for (i = 0; i < columns; i++)
    term_table_cell(table, TERM_BOLD, "%s", report->n > 0 ? named->side[i].name : "");
  term_table_cell(table, TERM_BOLD, "ratio");
  if (columns == 2) term_table_cell(table, TERM_BOLD, "p25-p75");
  term_table_cell(table, TERM_BOLD, "bar");
  term_table_cell(table, TERM_BOLD, "%s", "");
  term_table_rule(table);
  for (i = 0; i < report->n; i++) paired_report_row(table, &report->results[i], columns);
  term_table_print(table, out, 0);
  term_table_free(table);
  for (i = 0; i < report->n; i++)
    if (report->results[i].why[0] != '\0')
      fprintf(out, "%s%s: %s%s\n", term_on(out, TERM_RED), report->results[i].name,
              report->results[i].why, term_off(out));
  if (report->notes_n > 0) fputc('\n', out);
  for (i = 0; i < report->notes_n; i++) {
    char line[800];
    snprintf(line, sizeof line, "%s: %s", report->notes[i].name, report->notes[i].value);
    term_wrap(out, 0, line);
  }
  if (!paired_report_complete(report))
    fprintf(out, "%sInterrupted: this is a partial result.%s\n", term_on(out, TERM_YELLOW),
            term_off(out));
}

void paired_report_bars(const paired_report *report, FILE *out) {
  size_t i;
  for (i = 0; i < report->n; i++) {
    const paired_result *r = &report->results[i];
    const char *word = paired_reached(r) ? "ok" : "short";
    char ratio[32] = "-";
    if (r->bar_kind == PAIRED_NO_BAR) continue;
    if (r->state == PAIRED_INTERRUPTED) word = "partial";
    if (r->rounds > 0) snprintf(ratio, sizeof ratio, "%.3f", r->ratio.median);
    fprintf(out, "%s\t%s\t%s\t%s%g\n", word, r->name, ratio,
            r->bar_kind == PAIRED_AT_LEAST ? ">=" : "<=", r->bar);
  }
}

void paired_report_free(paired_report *report) {
  size_t i;
  for (i = 0; i < report->n; i++) paired_free(&report->results[i]);
  free(report->results);
  report->results = NULL;
  report->n = 0;
}
