/* SPDX-License-Identifier: MIT */
/*
 * `trivet-bench ycsb`: YCSB's workloads on Trivet's key-value leg and on the engines that are
 * installed. For each workload all engines do the same some hundred operations first, one by one,
 * and what they read must be equal; then they run by turns, closed loop; then each under the same
 * open-loop rate; then the highest rate that meets the latency bound is looked for.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "interrupt.h"
#include "peers.h"
#include "scratch.h"
#include "terminal.h"
#include "tool_heap.h"
#include "ycsb.h"

#define YCSB_COMPARED 400   /* operations by which answers are compared */
#define YCSB_ROUNDS 5       /* of the closed loop */
#define YCSB_SEARCH_STEPS 6 /* halvings of the interval where the highest rate lies */
#define YCSB_RATE_SHARE 0.5 /* the open loop's rate: of the slowest engine's closed loop */
#define YCSB_RECORDS 200000
#define YCSB_RECORDS_QUICK 20000

typedef struct ycsb_command_state {
  ycsb_report report;
  ycsb_store store[YCSB_ENGINES_MAX];
  const char *folder;
  double rate; /* asked for; 0: YCSB_RATE_SHARE */
} ycsb_command_state;

static void ycsb_tell(const char *what, size_t w, const char *engine) {
  if (!isatty(STDERR_FILENO)) return;
  fprintf(stderr, "\r\033[Kworkload %c, %s, %s ...", ycsb_mixes[w].letter, engine, what);
  fflush(stderr);
}

static void ycsb_fail(ycsb_figures *it, const char *why) {
  it->state = YCSB_FAILED;
  snprintf(it->why, sizeof it->why, "%s", why);
}

/* The same operations on each engine, one by one: the answers must be equal. */
static void ycsb_compare(ycsb_command_state *state, size_t w) {
  ycsb_report *report = &state->report;
  ycsb_load load = {&ycsb_mixes[w], report->seed + 1, 0, 0, YCSB_COMPARED, 1};
  open_loop_result *result = heap_take(sizeof *result);
  char why[PEER_WHY_BYTES] = "";
  size_t e;
  for (e = 0; e < report->engines && !interrupt_seen(); e++) {
    ycsb_figures *it = &report->figures[w][e];
    ycsb_tell("comparing answers", w, report->engine[e]->name);
    it->state = YCSB_PARTIAL;
    if (ycsb_run(&state->store[e], &load, result, &it->answer, why) != 0) {
      ycsb_fail(it, why);
    } else if (report->figures[w][0].state == YCSB_PARTIAL &&
               it->answer != report->figures[w][0].answer) {
      it->state = YCSB_UNEQUAL;
      snprintf(it->why, sizeof it->why, "its answers differ from those of %s",
               report->engine[0]->name);
    }
  }
  free(result);
}

/* Rounds of a closed loop, the engines by turns. */
static void ycsb_closed(ycsb_command_state *state, size_t w) {
  ycsb_report *report = &state->report;
  ycsb_load load = {&ycsb_mixes[w], report->seed, 0, report->seconds, 0, report->threads};
  open_loop_result *result = heap_take(sizeof *result);
  char why[PEER_WHY_BYTES] = "";
  unsigned round;
  size_t e;
  for (round = 0; round < YCSB_ROUNDS; round++)
    for (e = 0; e < report->engines && !interrupt_seen(); e++) {
      ycsb_figures *it = &report->figures[w][(e + round) % report->engines];
      uint64_t sum;
      if (it->state != YCSB_PARTIAL) continue;
      ycsb_tell("closed loop", w, report->engine[(e + round) % report->engines]->name);
      load.seed = report->seed + 2 + round;
      if (ycsb_run(&state->store[(e + round) % report->engines], &load, result, &sum, why) != 0)
        ycsb_fail(it, why);
      else if (!result->interrupted)
        it->samples[it->rounds++] = (double)result->operations / result->seconds;
      it->throughput = paired_spread_of(it->samples, it->rounds);
    }
  free(result);
}

/* A run at a rate. 1: it was sustained and its p99 met the bound. */
static int ycsb_open_at(ycsb_command_state *state, size_t w, size_t e, double rate,
                        open_loop_result *result) {
  ycsb_report *report = &state->report;
  ycsb_load load = {&ycsb_mixes[w], report->seed + 50, rate, report->seconds, 0, report->threads};
  char why[PEER_WHY_BYTES] = "";
  uint64_t sum;
  if (ycsb_run(&state->store[e], &load, result, &sum, why) != 0) {
    ycsb_fail(&report->figures[w][e], why);
    return 0;
  }
  return (double)latency_at(&result->latencies, 0.99) <= report->slo_us * 1e3 &&
         result->behind * 1e6 <= report->slo_us;
}

static double ycsb_common_rate(const ycsb_command_state *state, size_t w) {
  const ycsb_report *report = &state->report;
  double least = 0;
  size_t e;
  if (state->rate > 0) return state->rate;
  for (e = 0; e < report->engines; e++) {
    const ycsb_figures *it = &report->figures[w][e];
    if (it->rounds > 0 && (least == 0 || it->throughput.median < least))
      least = it->throughput.median;
  }
  return least * YCSB_RATE_SHARE;
}

/* The highest rate within the bound, by halving what lies between none and the closed loop's. */
static void ycsb_search(ycsb_command_state *state, size_t w, size_t e) {
  ycsb_figures *it = &state->report.figures[w][e];
  open_loop_result *result = heap_take(sizeof *result);
  double low = 0, high = it->throughput.median * 1.1;
  int step;
  for (step = 0; step < YCSB_SEARCH_STEPS && !interrupt_seen() && it->state == YCSB_PARTIAL;
       step++) {
    double rate = step == 0 ? high * 0.75 : (low + high) / 2;
    int within = ycsb_open_at(state, w, e, rate, result);
    if (result->interrupted) break;
    if (within)
      low = rate;
    else
      high = rate;
  }
  it->best_rate = low;
  free(result);
}

static void ycsb_open_loops(ycsb_command_state *state, size_t w) {
  ycsb_report *report = &state->report;
  double rate = ycsb_common_rate(state, w);
  size_t e;
  for (e = 0; e < report->engines && rate > 0; e++) {
    ycsb_figures *it = &report->figures[w][e];
    if (it->state != YCSB_PARTIAL || interrupt_seen()) continue;
    ycsb_tell("open loop", w, report->engine[e]->name);
    it->rate = rate;
    it->latency = heap_take(sizeof *it->latency);
    (void)ycsb_open_at(state, w, e, rate, it->latency);
    ycsb_tell("looking for the highest rate", w, report->engine[e]->name);
    if (it->rounds > 0) ycsb_search(state, w, e);
    if (it->state == YCSB_PARTIAL && !interrupt_seen()) it->state = YCSB_DONE;
  }
}

/* Each workload on fresh stores: inserts of one are not another's records. */
static void ycsb_workload(ycsb_command_state *state, size_t w) {
  ycsb_report *report = &state->report;
  char folder[1024], name[64], why[PEER_WHY_BYTES] = "";
  size_t e;
  for (e = 0; e < report->engines; e++) {
    snprintf(name, sizeof name, "ycsb-%s", report->engine[e]->word);
    scratch_subfolder(folder, sizeof folder, state->folder, name);
    if (ycsb_open(&state->store[e], report->engine[e], folder, report->durable, report->records,
                  why) != 0)
      heap_stop("%s: %s", report->engine[e]->name, why);
  }
  ycsb_compare(state, w);
  ycsb_closed(state, w);
  ycsb_open_loops(state, w);
  if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
  for (e = 0; e < report->engines; e++) ycsb_close(&state->store[e]);
}

/* Which workloads the text names, as bits. 0: something else stands in it. */
static unsigned ycsb_letters(const char *text) {
  unsigned set = 0;
  for (; *text != '\0'; text++) {
    int letter = toupper((unsigned char)*text);
    if (letter == ',') continue;
    if (letter < 'A' || letter > 'F') return 0;
    set |= 1u << (letter - 'A');
  }
  return set;
}

static int ycsb_status(const ycsb_report *report) {
  size_t w, e;
  for (w = 0; w < 6; w++)
    for (e = 0; e < report->engines; e++)
      if (report->figures[w][e].state == YCSB_UNEQUAL || report->figures[w][e].state == YCSB_FAILED)
        return 1;
  return report->interrupted ? 130 : 0;
}

static void ycsb_estimate(const ycsb_command_state *state, unsigned set) {
  const ycsb_report *report = &state->report;
  double runs = YCSB_ROUNDS + 1 + YCSB_SEARCH_STEPS;
  double each = runs * report->seconds + (double)report->records / 50e3;
  double seconds = each * (double)report->engines * __builtin_popcount(set);
  if (isatty(STDERR_FILENO))
    fprintf(stderr, "%zu engines, %d workloads: some %.0f %s; Ctrl-C keeps what is complete\n",
            report->engines, __builtin_popcount(set), seconds < 90 ? seconds : seconds / 60,
            seconds < 90 ? "seconds" : "minutes");
}

static void ycsb_run_all(ycsb_command_state *state, unsigned set, const char *json, int *status) {
  ycsb_report *report = &state->report;
  size_t w, e;
  interrupt_arm();
  for (w = 0; w < 6 && !interrupt_seen(); w++)
    if ((set >> w & 1) != 0) ycsb_workload(state, w);
  report->interrupted = interrupt_seen();
  ycsb_report_table(report, stdout);
  *status = ycsb_status(report);
  if (json != NULL && ycsb_report_json(report, json) != 0 && *status == 0) *status = 1;
  for (w = 0; w < 6; w++)
    for (e = 0; e < report->engines; e++) free(report->figures[w][e].latency);
}

int ycsb_command(int argc, char **argv) {
  const char *workloads = "ABCDEF", *peers = NULL, *json = NULL;
  uint64_t records = 0, threads = 2, ms = 0, rate = 0, slo_us = 1000, seed = 1;
  int quick = 0, unsynced = 0, status = 0;
  argument_option options[] = {
      {"--workload", ARGUMENT_TEXT, &workloads, "LETTERS", "of A to F (default ABCDEF)"},
      {"--records", ARGUMENT_NUMBER, &records, "N", "loaded records (default 200,000)"},
      {"--threads", ARGUMENT_NUMBER, &threads, "N", "that send operations (default 2)"},
      {"--ms", ARGUMENT_NUMBER, &ms, "N", "milliseconds of each run (default 2,000)"},
      {"--rate", ARGUMENT_NUMBER, &rate, "N",
       "operations per second of the open loop (default: half of the slowest engine's most)"},
      {"--slo-us", ARGUMENT_NUMBER, &slo_us, "N", "bound of p99, microseconds (default 1,000)"},
      {"--no-sync", ARGUMENT_FLAG, &unsynced, NULL, "commits need not survive a power failure"},
      {"--peers", ARGUMENT_TEXT, &peers, "LIST", "of lmdb,rocksdb,leveldb,sqlite (default all)"},
      {"--quick", ARGUMENT_FLAG, &quick, NULL, "20,000 records, runs of 200 ms"},
      {"--json", ARGUMENT_TEXT, &json, "FILE", "write every figure there"},
      {"--seed", ARGUMENT_NUMBER, &seed, "S", "of the random numbers (default 1)"},
  };
  ycsb_command_state *state;
  peers_chosen chosen = {.command = "trivet-bench ycsb"};
  char command[512];
  unsigned set;
  int parsed = arguments_parse("trivet-bench ycsb", "YCSB's workloads A to F, engine by engine.",
                               options, sizeof options / sizeof options[0], argc, argv);
  if (parsed != 0) return parsed < 0 ? 2 : 0;
  set = ycsb_letters(workloads);
  if (set == 0 || threads == 0 || threads > YCSB_THREADS_MAX) {
    if (set == 0)
      fprintf(stderr, "trivet-bench ycsb: --workload takes letters from A to F, not '%s'\n",
              workloads);
    else
      fprintf(stderr, "trivet-bench ycsb: --threads takes 1 to %d\n", YCSB_THREADS_MAX);
    return 2;
  }
  if (peers_choose(&chosen, peers) != 0) return 2;
  state = heap_take(sizeof *state);
  state->folder = scratch_folder(!unsynced);
  state->rate = (double)rate;
  state->report.command = arguments_joined(command, sizeof command, argc, argv);
  machine_read(&state->report.machine);
  memcpy(state->report.engine, chosen.engine, sizeof state->report.engine);
  state->report.engines = chosen.n;
  state->report.records = records > 0 ? records : quick ? YCSB_RECORDS_QUICK : YCSB_RECORDS;
  state->report.seed = seed;
  state->report.threads = (unsigned)threads;
  state->report.durable = !unsynced;
  state->report.seconds = ms > 0 ? (double)ms / 1e3 : quick ? 0.2 : 2;
  state->report.slo_us = (double)slo_us;
  ycsb_estimate(state, set);
  ycsb_run_all(state, set, json, &status);
  free(state);
  return status;
}
