/* SPDX-License-Identifier: MIT */
/*
 * What a YCSB run shows: for each workload a table of the engines, closed loop and open loop side
 * by side. One table of all workloads was rejected: its columns do not fit a terminal, and a
 * workload is what is compared.
 */
#include <stdlib.h>

#include "json_write.h"
#include "terminal.h"
#include "ycsb.h"

static const double ycsb_shares[] = {0.5, 0.99, 0.999, 0.9999};
#define YCSB_SHARES (sizeof ycsb_shares / sizeof ycsb_shares[0])

static void ycsb_report_latency(term_table *table, const ycsb_figures *it) {
  char text[TERM_UNIT_BYTES];
  size_t s;
  if (it->latency == NULL || it->latency->operations == 0) {
    for (s = 0; s < YCSB_SHARES + 2; s++) term_table_cell(table, TERM_PLAIN, "-");
    return;
  }
  term_table_cell(table, TERM_PLAIN, "%s", term_rate(text, it->rate));
  for (s = 0; s < YCSB_SHARES; s++)
    term_table_cell(table, TERM_PLAIN, "%s",
                    term_time(text, (double)latency_at(&it->latency->latencies, ycsb_shares[s])));
  term_table_cell(table, TERM_PLAIN, "%s", term_time(text, (double)it->latency->latencies.max));
}

static void ycsb_report_engine(const ycsb_report *report, term_table *table, size_t w, size_t e) {
  const ycsb_figures *it = &report->figures[w][e];
  char text[TERM_UNIT_BYTES], low[TERM_UNIT_BYTES], high[TERM_UNIT_BYTES];
  term_table_cell(table, TERM_BOLD, "%s", report->engine[e]->name);
  if (it->rounds == 0) {
    term_table_cell(table, TERM_PLAIN, "-");
    term_table_cell(table, TERM_PLAIN, "-");
  } else {
    term_table_cell(table, TERM_GREEN, "%s", term_rate(text, it->throughput.median));
    term_table_cell(table, TERM_DIM, "%s to %s", term_rate(low, it->throughput.min),
                    term_rate(high, it->throughput.max));
  }
  ycsb_report_latency(table, it);
  if (it->best_rate > 0)
    term_table_cell(table, TERM_PLAIN, "%s", term_rate(text, it->best_rate));
  else
    term_table_cell(table, TERM_PLAIN, "-");
}

static void ycsb_report_workload(const ycsb_report *report, size_t w, FILE *out) {
  static const char *const head[] = {"",      "closed loop", "least to most", "open loop",
                                     "p50",   "p99",         "p99.9",         "p99.99",
                                     "worst", "most within"};
  const size_t columns = sizeof head / sizeof head[0];
  term_table *table = term_table_make(columns);
  char text[TERM_UNIT_BYTES];
  size_t e, c;
  fprintf(out, "\n%sWorkload %c%s: %s\n", term_on(out, TERM_BOLD), ycsb_mixes[w].letter,
          term_off(out), ycsb_mixes[w].about);
  for (c = 0; c < columns; c++) {
    if (c > 0) term_table_align(table, c, 1);
    term_table_cell(table, TERM_DIM, "%s", head[c]);
  }
  term_table_rule(table);
  for (e = 0; e < report->engines; e++) ycsb_report_engine(report, table, w, e);
  term_table_print(table, out, 2);
  term_table_free(table);
  for (e = 0; e < report->engines; e++) {
    const ycsb_figures *it = &report->figures[w][e];
    if (it->state == YCSB_UNEQUAL || it->state == YCSB_FAILED)
      fprintf(out, "  %s%s: %s%s\n", term_on(out, TERM_RED), report->engine[e]->name, it->why,
              term_off(out));
    if (it->latency != NULL && it->latency->behind > report->slo_us / 1e6)
      fprintf(out, "  %s%s fell behind: at the end it was %s late%s\n", term_on(out, TERM_YELLOW),
              report->engine[e]->name, term_time(text, it->latency->behind * 1e9), term_off(out));
  }
}

void ycsb_report_table(const ycsb_report *report, FILE *out) {
  char records[TERM_UNIT_BYTES], slo[TERM_UNIT_BYTES];
  size_t w;
  fprintf(out, "YCSB: %s records of 1,000 bytes, %u thread%s, %s commits, seed %llu\n",
          term_count(records, report->records), report->threads, report->threads == 1 ? "" : "s",
          report->durable ? "durable" : "unsynced", (unsigned long long)report->seed);
  fprintf(out, "%s; %ld processors\n", report->machine.processor, report->machine.processors);
  for (w = 0; w < 6; w++)
    if (report->figures[w][0].state != YCSB_NOT_RUN) ycsb_report_workload(report, w, out);
  fputc('\n', out);
  term_wrap(out, 0,
            "closed loop: each thread sends its next operation when the last has ended. open loop: "
            "operations come at that rate whatever happens, and their latency counts from when "
            "they came.");
  fprintf(out, "most within: the highest rate found at which p99 stays below %s\n",
          term_time(slo, report->slo_us * 1e3));
  if (report->interrupted) fputs("interrupted: the figures are partial\n", out);
}

/* ---- JSON ---- */

static void ycsb_json_latency(json_write *json, const ycsb_figures *it) {
  const latency *h = &it->latency->latencies;
  json_object(json, "open_loop");
  json_real(json, "rate", it->rate);
  json_integer(json, "operations", (int64_t)it->latency->operations);
  json_real(json, "seconds", it->latency->seconds);
  json_real(json, "mean_ns", latency_mean(h));
  json_integer(json, "min_ns", (int64_t)h->min);
  json_integer(json, "p50_ns", (int64_t)latency_at(h, 0.5));
  json_integer(json, "p90_ns", (int64_t)latency_at(h, 0.9));
  json_integer(json, "p99_ns", (int64_t)latency_at(h, 0.99));
  json_integer(json, "p99_9_ns", (int64_t)latency_at(h, 0.999));
  json_integer(json, "p99_99_ns", (int64_t)latency_at(h, 0.9999));
  json_integer(json, "max_ns", (int64_t)h->max);
  json_real(json, "behind_seconds", it->latency->behind);
  json_integer(json, "generator_late_p99_ns", (int64_t)it->latency->late_ns);
  json_object_end(json);
}

static void ycsb_json_figures(json_write *json, const ycsb_report *report, size_t w, size_t e) {
  static const char *const states[] = {"not run", "done", "partial", "unequal answers", "failed"};
  const ycsb_figures *it = &report->figures[w][e];
  char letter[2] = {ycsb_mixes[w].letter, '\0'};
  unsigned r;
  json_object(json, NULL);
  json_text(json, "workload", letter);
  json_text(json, "engine", report->engine[e]->name);
  json_text(json, "state", states[it->state]);
  if (it->why[0] != '\0') json_text(json, "why", it->why);
  json_array(json, "closed_loop_per_second");
  for (r = 0; r < it->rounds; r++) json_real(json, NULL, it->samples[r]);
  json_array_end(json);
  if (it->latency != NULL) ycsb_json_latency(json, it);
  json_real(json, "highest_rate_within_slo", it->best_rate);
  json_object_end(json);
}

static void ycsb_json_write(const void *ctx, FILE *out) {
  const ycsb_report *report = ctx;
  json_write json;
  char version[64];
  size_t w, e;
  json_begin(&json, out);
  json_object(&json, NULL);
  json_text(&json, "tool", "trivet-bench");
  json_integer(&json, "format", 1);
  json_text(&json, "command", report->command);
  json_truth(&json, "complete", !report->interrupted);
  machine_json(&report->machine, &json);
  json_object(&json, "settings");
  json_integer(&json, "records", (int64_t)report->records);
  json_integer(&json, "threads", report->threads);
  json_truth(&json, "durable", report->durable);
  json_integer(&json, "seed", (int64_t)report->seed);
  json_real(&json, "seconds", report->seconds);
  json_real(&json, "slo_us", report->slo_us);
  json_object_end(&json);
  json_array(&json, "engines");
  for (e = 0; e < report->engines; e++) {
    report->engine[e]->version(version, sizeof version);
    json_object(&json, NULL);
    json_text(&json, "name", report->engine[e]->name);
    json_text(&json, "version", version);
    json_text(&json, "settings", report->engine[e]->settings);
    json_text(&json, "source", report->engine[e]->source);
    json_object_end(&json);
  }
  json_array_end(&json);
  json_array(&json, "figures");
  for (w = 0; w < 6; w++)
    for (e = 0; e < report->engines; e++)
      if (report->figures[w][e].state != YCSB_NOT_RUN) ycsb_json_figures(&json, report, w, e);
  json_array_end(&json);
  json_object_end(&json);
}

int ycsb_report_json(const ycsb_report *report, const char *path) {
  return json_file(path, ycsb_json_write, report);
}
