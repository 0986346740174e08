/* SPDX-License-Identifier: MIT */
/*
 * The bars: which measures have one, against raw LMDB. They stand in one table and not with their
 * measures, so that an interrupted run can name those it did not reach.
 */
#include "kv_bench.h"

static const struct kv_bar {
  const char *measure;
  paired_bar kind;
  double bar;
} kv_bars[] = {
    {"allocations in 100,000 gets", PAIRED_AT_MOST, 0},
    {"bytes a read transaction grew by in them", PAIRED_AT_MOST, 0},
    {"random get, 1 thread, unverified", PAIRED_AT_LEAST, 0.97},
    {"random get, 1 thread, verified", PAIRED_AT_LEAST, 0.94},
    {"random get, 2 threads, unverified", PAIRED_AT_LEAST, 0.97},
    {"random get, 2 threads, verified", PAIRED_AT_LEAST, 0.94},
    {"open a read transaction and get", PAIRED_AT_LEAST, 0.95},
    {"full scan, unverified", PAIRED_AT_LEAST, 0.90},
    {"put, 1,000 per transaction, no sync", PAIRED_AT_LEAST, 0.95},
    {"sorted bulk load, no sync", PAIRED_AT_LEAST, 0.95},
    {"durable single puts, 8 threads", PAIRED_AT_LEAST, 4},
    {"durable single puts, 64 threads", PAIRED_AT_LEAST, 10},
    {"space of JSON documents, LZ4-HC, dictionary", PAIRED_AT_MOST, 0.35},
    {"get JSON documents, LZ4-HC, dictionary", PAIRED_AT_LEAST, 0.6},
};
#define KV_BARS (sizeof kv_bars / sizeof kv_bars[0])

void kv_bar_set(const kv_bench *bench, paired_plan *plan) {
  size_t i;
  plan->bar_kind = PAIRED_NO_BAR;
  if (bench->engines > 1 && bench->engine[1] != &peer_lmdb) return;
  for (i = 0; i < KV_BARS; i++) {
    if (strcmp(kv_bars[i].measure, plan->name) != 0) continue;
    plan->bar_kind = kv_bars[i].kind;
    plan->bar = kv_bars[i].bar;
  }
}

void kv_bars_missing(const kv_bench *bench) {
  paired_report *report = bench->report;
  size_t i, r;
  for (i = 0; i < KV_BARS; i++) {
    paired_result result = {0};
    for (r = 0; r < report->n; r++)
      if (strcmp(report->results[r].name, kv_bars[i].measure) == 0) break;
    if (r < report->n) continue;
    memcpy(result.name, kv_bars[i].measure, strlen(kv_bars[i].measure) + 1);
    result.state = PAIRED_INTERRUPTED;
    result.bar_kind = kv_bars[i].kind;
    result.bar = kv_bars[i].bar;
    paired_report_add(report, &result);
  }
}

size_t kv_bars_count(void) {
  return KV_BARS;
}
