/* SPDX-License-Identifier: MIT */
/*
 * `trivet-bench kv`: the key-value leg beside raw LMDB. Options, order of the measures, output. The
 * measures themselves are functions of one shape, so that the order here is the whole plan.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arguments.h"
#include "interrupt.h"
#include "kv_bench.h"
#include "progress.h"
#include "scratch.h"
#include "terminal.h"
#include "tool_heap.h"

#define KV_RECORDS_DEFAULT 5000000
#define KV_RECORDS_QUICK 200000
#define KV_FILL_CHUNK 100000

void kv_pair_open(const kv_bench *bench, const char *name, const peer_setup *setup, kv_pair *pair) {
  int s;
  for (s = 0; s < 2; s++) {
    peer_setup own = *setup;
    char folder[1024], part[128], why[PEER_WHY_BYTES] = "";
    snprintf(part, sizeof part, "%s-%s", name, s == 0 ? "ours" : "peer");
    scratch_subfolder(folder, sizeof folder, bench->folder, part);
    own.folder = folder;
    if (bench->engine[s]->open(&own, &pair->store[s], why) != 0)
      heap_stop("%s: %s", bench->engine[s]->name, why);
  }
}

int kv_pair_fill(const kv_bench *bench, const char *label, const peer_batch *batch, kv_pair *pair) {
  progress bar;
  uint64_t at;
  int s;
  progress_begin(&bar, label, 2 * batch->n);
  for (at = 0; at < batch->n && !interrupt_seen(); at += KV_FILL_CHUNK)
    for (s = 0; s < 2; s++) {
      peer_batch part = *batch;
      part.from = at;
      part.n = batch->n - at < KV_FILL_CHUNK ? batch->n - at : KV_FILL_CHUNK;
      if (bench->engine[s]->write(pair->store[s], &part) != 0)
        heap_stop("%s: %s", bench->engine[s]->name, bench->engine[s]->error(pair->store[s]));
      progress_at(&bar, 2 * at + (uint64_t)s * part.n);
    }
  progress_end(&bar);
  return interrupt_seen();
}

void kv_pair_close(const kv_bench *bench, kv_pair *pair) {
  int s;
  for (s = 0; s < 2; s++) {
    bench->engine[s]->close(pair->store[s]);
    pair->store[s] = NULL;
  }
}

int kv_measure(const kv_bench *bench, const paired_plan *plan) {
  paired_plan own = *plan;
  paired_result result;
  int visible = isatty(STDERR_FILENO);
  if (bench->records < KV_RECORDS_FEW) own.rounds_min = own.rounds_max = 2;
  if (visible) fprintf(stderr, "\r\033[Kmeasuring: %s ...", plan->name);
  paired_run(&own, &result);
  if (visible) fputs("\r\033[K", stderr);
  paired_report_add(bench->report, &result);
  return result.state == PAIRED_INTERRUPTED;
}

static void kv_settings(const kv_bench *bench) {
  char version[64], count[TERM_UNIT_BYTES];
  int s;
  paired_report_setting(bench->report, "records",
                        "%s of %d-byte keys and %d-byte values, seed %llu",
                        term_count(count, bench->records), KV_KEY_BYTES, KV_VALUE_BYTES,
                        (unsigned long long)bench->seed);
  for (s = 0; s < 2; s++) {
    const peer_engine *engine = bench->engine[s];
    engine->version(version, sizeof version);
    paired_report_setting(bench->report, engine->name, "%s; %s (%s)", version, engine->settings,
                          engine->source);
  }
  paired_report_setting(bench->report, "method",
                        "alternating runs in one process, medians; ratio above 1: Trivet is faster "
                        "(space: below 1: smaller)");
}

/* Everything in its order; stops early when interrupted. */
static void kv_run(const kv_bench *bench) {
  kv_source source;
  peer_setup setup = {0};
  peer_source records = {kv_source_record, &source};
  peer_batch batch = {&records, NULL, 0, bench->records, 10000, 1};
  kv_pair pair;
  int stop;
  kv_source_begin(&source, bench->seed);
  stop = kv_measure_memory(bench, &source);
  if (!stop) {
    kv_pair_open(bench, "main", &setup, &pair);
    stop = kv_pair_fill(bench, "filling both stores", &batch, &pair);
    if (!stop) stop = kv_measure_reads(bench, &pair, &source);
    if (!stop) stop = kv_measure_puts(bench, &pair, &source);
    kv_pair_close(bench, &pair);
  }
  if (!stop) stop = kv_measure_bulk(bench, &source);
  if (!stop) stop = kv_measure_durable(bench, &source);
  if (!stop) kv_measure_documents(bench);
  kv_source_end(&source);
}

/* "1,2,8". Returns 0, or -1 after saying what is wrong. */
static int kv_threads(const char *text, kv_bench *bench) {
  bench->threads_n = 0;
  while (*text != '\0') {
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (end == text || n < 1 || n > KV_THREADS_MAX || (*end != ',' && *end != '\0') ||
        bench->threads_n == KV_THREAD_COUNTS_MAX) {
      fprintf(stderr, "trivet-bench kv: --threads takes up to %d numbers from 1 to %d: 1,2\n",
              KV_THREAD_COUNTS_MAX, KV_THREADS_MAX);
      return -1;
    }
    bench->threads[bench->threads_n++] = (unsigned)n;
    text = *end == ',' ? end + 1 : end;
  }
  return 0;
}

int kv_command(int argc, char **argv) {
  const char *threads = "1,2", *json = NULL;
  uint64_t records = 0, seed = 1;
  int quick = 0, bars = 0, status;
  argument_option options[] = {
      {"--records", ARGUMENT_NUMBER, &records, "N",
       "records of the main store (default 5,000,000)"},
      {"--threads", ARGUMENT_TEXT, &threads, "LIST", "threads of the random gets (default 1,2)"},
      {"--quick", ARGUMENT_FLAG, &quick, NULL, "200,000 records and shorter runs"},
      {"--json", ARGUMENT_TEXT, &json, "FILE", "write every sample there"},
      {"--bars", ARGUMENT_FLAG, &bars, NULL, "print only ok|short, measure, ratio, bar"},
      {"--seed", ARGUMENT_NUMBER, &seed, "S", "of the random numbers (default 1)"},
  };
  kv_bench bench = {0};
  paired_report report;
  char command[512];
  int parsed = arguments_parse("trivet-bench kv", "Trivet's key-value leg beside raw LMDB.",
                               options, sizeof options / sizeof options[0], argc, argv);
  if (parsed != 0) return parsed < 0 ? 2 : 0;
  if (kv_threads(threads, &bench) != 0) return 2;
  bench.records = records > 0 ? records : quick ? KV_RECORDS_QUICK : KV_RECORDS_DEFAULT;
  bench.seed = seed;
  bench.quick = quick;
  bench.engine[0] = &peer_trivet;
  bench.engine[1] = &peer_lmdb;
  bench.report = &report;
  bench.folder = scratch_folder(1);
  paired_report_begin(&report, arguments_joined(command, sizeof command, argc, argv));
  kv_settings(&bench);
  interrupt_arm();
  kv_run(&bench);
  report.interrupted = interrupt_seen();
  if (bars)
    paired_report_bars(&report, stdout);
  else
    paired_report_table(&report, stdout);
  status = paired_report_status(&report);
  if (json != NULL && paired_report_json(&report, json) != 0 && status == 0) status = 1;
  paired_report_free(&report);
  return status;
}
