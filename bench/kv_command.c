/* SPDX-License-Identifier: MIT */
/*
 * `trivet-bench kv`: the key-value leg beside raw LMDB and, where they are installed, other
 * engines. Options, order of the measures, output. The measures themselves are functions of one
 * shape, so that the order here is the whole plan.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "interrupt.h"
#include "kv_bench.h"
#include "peers.h"
#include "progress.h"
#include "scratch.h"
#include "terminal.h"
#include "tool_heap.h"

#define KV_RECORDS_DEFAULT 5000000
#define KV_RECORDS_QUICK 200000
#define KV_FILL_CHUNK 100000
#define KV_BUDGET_S 110 /* of all measures that have a budget, with two engines */

void kv_stores_open(const kv_bench *bench, const char *name, const peer_setup *setup,
                    kv_stores *stores) {
  size_t s;
  memset(stores, 0, sizeof *stores);
  for (s = 0; s < bench->engines; s++) {
    peer_setup own = *setup;
    char folder[1024], part[128], why[PEER_WHY_BYTES] = "";
    snprintf(part, sizeof part, "%s-%s", name, bench->engine[s]->word);
    scratch_subfolder(folder, sizeof folder, bench->folder, part);
    own.folder = folder;
    if (bench->engine[s]->open(&own, &stores->store[s], why) != 0)
      heap_stop("%s: %s", bench->engine[s]->name, why);
  }
}

int kv_stores_fill(const kv_bench *bench, const char *label, const peer_batch *batch,
                   kv_stores *stores) {
  progress bar;
  uint64_t at;
  size_t s;
  progress_begin(&bar, label, bench->engines * batch->n);
  for (at = 0; at < batch->n && !interrupt_seen(); at += KV_FILL_CHUNK)
    for (s = 0; s < bench->engines; s++) {
      peer_batch part = *batch;
      part.from = at;
      part.n = batch->n - at < KV_FILL_CHUNK ? batch->n - at : KV_FILL_CHUNK;
      if (bench->engine[s]->write(stores->store[s], &part) != 0)
        heap_stop("%s: %s", bench->engine[s]->name, bench->engine[s]->error(stores->store[s]));
      progress_at(&bar, bench->engines * at + (s + 1) * part.n);
    }
  for (s = 0; s < bench->engines && !interrupt_seen(); s++)
    if (bench->engine[s]->settle != NULL) bench->engine[s]->settle(stores->store[s], 1);
  progress_end(&bar);
  return interrupt_seen();
}

void kv_stores_close(const kv_bench *bench, kv_stores *stores) {
  size_t s;
  for (s = 0; s < bench->engines; s++) {
    bench->engine[s]->close(stores->store[s]);
    stores->store[s] = NULL;
  }
}

void kv_rounds(const kv_bench *bench, paired_plan *plan, double seconds) {
  double factor = (bench->quick ? 0.4 : 1.0) * (double)bench->engines / 2;
  plan->rounds_min = 9;
  plan->rounds_max = 101;
  plan->budget_ns = (uint64_t)(1e9 * seconds * factor);
  if (bench->records < KV_RECORDS_FEW) plan->rounds_min = plan->rounds_max = 2;
}

static void kv_measure_tick(void *ctx, unsigned round) {
  const paired_plan *plan = ctx;
  fprintf(stderr, "\r\033[K%s, round %u ...", plan->name, round);
  fflush(stderr);
}

int kv_measure(const kv_bench *bench, const paired_plan *plan) {
  paired_plan own = *plan;
  paired_result result;
  int visible = isatty(STDERR_FILENO);
  kv_bar_set(bench, &own);
  if (bench->bars_only && own.bar_kind == PAIRED_NO_BAR) return interrupt_seen();
  if (visible) {
    own.tick = kv_measure_tick;
    own.tick_ctx = &own;
    fprintf(stderr, "\r\033[K%s, warming up ...", plan->name);
  }
  paired_run(&own, &result);
  if (visible) fputs("\r\033[K", stderr);
  paired_report_add(bench->report, &result);
  return result.state == PAIRED_INTERRUPTED;
}

static void kv_settings(const kv_bench *bench) {
  char version[64], count[TERM_UNIT_BYTES];
  size_t s;
  paired_report_setting(bench->report, "records",
                        "%s of %d-byte keys and %d-byte values, seed %llu",
                        term_count(count, bench->records), KV_KEY_BYTES, KV_VALUE_BYTES,
                        (unsigned long long)bench->seed);
  for (s = 0; s < bench->engines; s++) {
    const peer_engine *engine = bench->engine[s];
    engine->version(version, sizeof version);
    paired_report_setting(bench->report, engine->name, "%s; %s (%s)", version, engine->settings,
                          engine->source);
  }
  paired_report_setting(bench->report, "method",
                        "alternating runs in one process, medians; ratio of Trivet to %s, above 1: "
                        "Trivet is faster (space: below 1: smaller)",
                        bench->engine[1]->name);
}

/* Everything in its order; stops early when interrupted. */
static void kv_run(const kv_bench *bench) {
  kv_source source;
  peer_setup setup = {0};
  peer_source records = {kv_source_record, &source};
  peer_batch batch = {&records, NULL, 0, bench->records, 100000, 1};
  kv_stores stores;
  int stop;
  kv_source_begin(&source, bench->seed);
  stop = kv_measure_memory(bench, &source);
  if (!stop) {
    kv_stores_open(bench, "main", &setup, &stores);
    stop = kv_stores_fill(bench, "filling the stores", &batch, &stores);
    if (!stop) stop = kv_measure_reads(bench, &stores, &source);
    if (!stop) stop = kv_measure_puts(bench, &stores, &source);
    kv_stores_close(bench, &stores);
  }
  if (!stop) stop = kv_measure_bulk(bench, &source);
  if (!stop) stop = kv_measure_durable(bench, &source);
  if (!stop) kv_measure_documents(bench);
  kv_source_end(&source);
}

/* What it will take, from measured rates: budgets of the measures, and filling and loading. */
static void kv_estimate(const kv_bench *bench) {
  double engines = (double)bench->engines, records = (double)bench->records;
  double seconds = (bench->quick ? 0.4 : 1.0) * KV_BUDGET_S * engines / 2 +
                   records * engines / (engines > 2 ? 350e3 : 900e3) + 5;
  char text[TERM_UNIT_BYTES];
  if (!isatty(STDERR_FILENO) || bench->records < KV_RECORDS_FEW) return;
  fprintf(stderr, "%s records, %zu engines: some %.0f %s; Ctrl-C keeps what is complete\n",
          term_count(text, bench->records), bench->engines, seconds < 90 ? seconds : seconds / 60,
          seconds < 90 ? "seconds" : "minutes");
}

static int kv_peers(kv_bench *bench, const char *list) {
  peers_chosen chosen = {.command = "trivet-bench kv", .report = bench->report};
  if (peers_choose(&chosen, list) != 0) return -1;
  memcpy(bench->engine, chosen.engine, sizeof bench->engine);
  bench->engines = chosen.n;
  return 0;
}

/* Trivet, the peers, the report's head. Returns 0, or -1 after saying what is wrong. */
static int kv_prepare(kv_bench *bench, const char *peers, const char *threads) {
  if (bench->bars_only && (peers != NULL || threads != NULL)) {
    fputs(
        "trivet-bench kv: --bars is against raw LMDB on 1 and 2 threads: no --peers, no "
        "--threads with it\n",
        stderr);
    return -1;
  }
  if (arguments_threads("trivet-bench kv", threads != NULL ? threads : "1,2", KV_THREADS_MAX,
                        KV_THREAD_COUNTS_MAX, bench->threads, &bench->threads_n) != 0)
    return -1;
  if (kv_peers(bench, bench->bars_only ? "lmdb" : peers) != 0) return -1;
  bench->folder = scratch_folder(1);
  bench->report->wide = 1;
  kv_settings(bench);
  return 0;
}

int kv_command(int argc, char **argv) {
  const char *threads = NULL, *peers = NULL, *json = NULL;
  uint64_t records = 0, seed = 1;
  int quick = 0, bars = 0, status;
  argument_option options[] = {
      {"--records", ARGUMENT_NUMBER, &records, "N",
       "records of the main store (default 5,000,000)"},
      {"--threads", ARGUMENT_TEXT, &threads, "LIST", "threads of the random gets (default 1,2)"},
      {"--peers", ARGUMENT_TEXT, &peers, "LIST",
       "of lmdb,rocksdb,leveldb,sqlite (default all; the ratio is to the first)"},
      {"--quick", ARGUMENT_FLAG, &quick, NULL, "200,000 records and shorter runs"},
      {"--json", ARGUMENT_TEXT, &json, "FILE", "write every sample there"},
      {"--bars", ARGUMENT_FLAG, &bars, NULL, "print only ok|short, measure, ratio, bar"},
      {"--seed", ARGUMENT_NUMBER, &seed, "S", "of the random numbers (default 1)"},
  };
  kv_bench bench = {0};
  paired_report report;
  char command[512];
  int parsed = arguments_parse("trivet-bench kv",
                               "Trivet's key-value leg beside raw LMDB and other engines.", options,
                               sizeof options / sizeof options[0], argc, argv);
  if (parsed != 0) return parsed < 0 ? 2 : 0;
  bench.records = records > 0 ? records : quick ? KV_RECORDS_QUICK : KV_RECORDS_DEFAULT;
  bench.seed = seed;
  bench.quick = quick;
  bench.bars_only = bars;
  bench.report = &report;
  paired_report_begin(&report, arguments_joined(command, sizeof command, argc, argv));
  if (kv_prepare(&bench, peers, threads) != 0) return 2;
  kv_estimate(&bench);
  interrupt_arm();
  kv_run(&bench);
  report.interrupted = interrupt_seen();
  if (bars && report.interrupted) kv_bars_missing(&bench);
  if (bars)
    paired_report_bars(&report, stdout);
  else
    paired_report_table(&report, stdout);
  status = paired_report_status(&report);
  if (json != NULL && paired_report_json(&report, json) != 0 && status == 0) status = 1;
  paired_report_free(&report);
  return status;
}
