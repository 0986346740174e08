/* SPDX-License-Identifier: MIT */
/* The JSON of a run: every sample, so that a later reader can choose other statistics than ours. */
#include "paired_report.h"

static const char *paired_json_state(paired_state state) {
  static const char *const names[] = {"done", "interrupted", "unequal answers", "failed"};
  return names[state];
}

static void paired_json_spread(json_write *json, const char *name, const paired_spread *spread) {
  json_object(json, name);
  json_real(json, "median", spread->median);
  json_real(json, "p25", spread->p25);
  json_real(json, "p75", spread->p75);
  json_real(json, "min", spread->min);
  json_real(json, "max", spread->max);
  json_object_end(json);
}

static void paired_json_side(json_write *json, const paired_result *result, size_t s) {
  unsigned r;
  json_object(json, NULL);
  json_text(json, "name", result->side[s].name);
  json_integer(json, "runs_per_sample", (int64_t)result->side[s].batch);
  paired_json_spread(json, "spread", &result->side[s].spread);
  json_array(json, "samples");
  for (r = 0; r < result->rounds; r++) json_real(json, NULL, result->side[s].samples[r]);
  json_array_end(json);
  json_object_end(json);
}

static void paired_json_result(json_write *json, const paired_result *result) {
  static const char *const units[] = {"ns per operation", "bytes", "count", "ns per operation"};
  size_t s;
  json_object(json, NULL);
  json_text(json, "name", result->name);
  json_text(json, "operation", result->operation);
  json_integer(json, "operations_per_run", (int64_t)result->operations);
  json_text(json, "unit", units[result->kind]);
  json_text(json, "clock", result->own_time ? "thread" : "wall");
  json_text(json, "state", paired_json_state(result->state));
  if (result->why[0] != '\0') json_text(json, "why", result->why);
  json_integer(json, "rounds", result->rounds);
  if (result->rounds > 0) paired_json_spread(json, "ratio", &result->ratio);
  if (result->bar_kind != PAIRED_NO_BAR) {
    json_text(json, "bar_kind", result->bar_kind == PAIRED_AT_LEAST ? "at least" : "at most");
    json_real(json, "bar", result->bar);
    json_truth(json, "bar_reached", paired_reached(result));
  }
  json_array(json, "sides");
  for (s = 0; s < result->sides; s++) paired_json_side(json, result, s);
  json_array_end(json);
  json_object_end(json);
}

static void paired_json_write(const void *ctx, FILE *out) {
  const paired_report *report = ctx;
  json_write json;
  size_t i;
  json_begin(&json, out);
  json_object(&json, NULL);
  json_text(&json, "tool", "trivet-bench");
  json_integer(&json, "format", 1);
  json_text(&json, "command", report->command);
  json_truth(&json, "complete", paired_report_complete(report));
  machine_json(&report->machine, &json);
  json_object(&json, "settings");
  for (i = 0; i < report->settings_n; i++)
    json_text(&json, report->settings[i].name, report->settings[i].value);
  json_object_end(&json);
  if (report->notes_n > 0) {
    json_object(&json, "results");
    for (i = 0; i < report->notes_n; i++)
      json_text(&json, report->notes[i].name, report->notes[i].value);
    json_object_end(&json);
  }
  json_array(&json, "measures");
  for (i = 0; i < report->n; i++) paired_json_result(&json, &report->results[i]);
  json_array_end(&json);
  json_object_end(&json);
}

int paired_report_json(const paired_report *report, const char *path) {
  return json_file(path, paired_json_write, report);
}
