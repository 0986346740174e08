/* SPDX-License-Identifier: MIT */
/*
 * Reads: random gets on one and more threads, a full scan, a read transaction per get. Sessions
 * are opened before the clock starts; a run of several threads includes starting them, some 50 us
 * of at least 100 ms, the same for both sides.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "interrupt.h"
#include "kv_bench.h"
#include "tool_heap.h"

typedef struct kv_reads kv_reads;

typedef struct kv_reader {
  const kv_reads *reads;
  peer_session *session;
  uint64_t state; /* of the random numbers */
  uint64_t answer;
  int failed;
} kv_reader;

struct kv_reads {
  const peer_engine *engine;
  peer_store *store;
  const kv_source *source;
  uint64_t records, gets, seed; /* gets: of each thread */
  unsigned threads;
  int verified, renew;
  kv_reader reader[KV_THREADS_MAX];
};

static void *kv_reads_thread(void *ctx) {
  kv_reader *reader = ctx;
  const kv_reads *reads = reader->reads;
  const peer_engine *engine = reads->engine;
  unsigned char room[PEER_KEY_ROOM];
  uint64_t n, sum = 0;
  for (n = 0; n < reads->gets; n++) {
    uint64_t i = kv_random_below(&reader->state, reads->records);
    tv_slice key, value = {NULL, 0}, unused;
    if ((n & 4095) == 0 && interrupt_seen()) break;
    kv_source_record(reads->source, i, room, &key, &unused);
    if (reads->renew && engine->renew(reader->session) != 0) break;
    if (engine->get(reader->session, key, &value) != TV_OK) break;
    sum += peer_touch(value);
  }
  reader->failed = n < reads->gets;
  reader->answer = sum;
  return NULL;
}

static int kv_reads_prepare(void *ctx, unsigned round, char *why) {
  kv_reads *reads = ctx;
  unsigned t;
  for (t = 0; t < reads->threads; t++) {
    kv_reader *reader = &reads->reader[t];
    reader->reads = reads;
    reader->state = reads->seed + 1000 * (uint64_t)round + t;
    if (reader->session == NULL &&
        reads->engine->session_open(reads->store, reads->verified, &reader->session) != 0) {
      snprintf(why, PAIRED_TEXT_BYTES, "%s", reads->engine->error(reads->store));
      return -1;
    }
  }
  return 0;
}

static int kv_reads_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kv_reads *reads = ctx;
  pthread_t thread[KV_THREADS_MAX];
  unsigned t, started = 0;
  int failed = 0;
  uint64_t sum = 0;
  (void)round;
  if (reads->threads == 1) {
    kv_reads_thread(&reads->reader[0]);
    started = 1;
  } else {
    for (; started < reads->threads; started++)
      if (pthread_create(&thread[started], NULL, kv_reads_thread, &reads->reader[started]) != 0)
        break;
    for (t = 0; t < started; t++) pthread_join(thread[t], NULL);
  }
  for (t = 0; t < started; t++) {
    failed |= reads->reader[t].failed;
    sum += reads->reader[t].answer;
  }
  if (started < reads->threads || failed) {
    snprintf(why, PAIRED_TEXT_BYTES, "a get failed or found nothing: %.150s",
             reads->engine->error(reads->store));
    return -1;
  }
  *answer = sum;
  return 0;
}

static void kv_reads_end(kv_reads *reads) {
  unsigned t;
  for (t = 0; t < reads->threads; t++) {
    reads->engine->session_close(reads->reader[t].session);
    reads->reader[t].session = NULL;
  }
}

/* One measure of random gets. */
static int kv_measure_gets(const kv_bench *bench, kv_pair *pair, const kv_source *source,
                           const char *name, double bar, unsigned threads, int verified,
                           int renew) {
  static kv_reads reads[2];
  paired_plan plan = {0};
  int s, stop;
  memset(reads, 0, sizeof reads);
  plan.name = name;
  plan.operation = "get";
  plan.rounds_min = 5;
  plan.rounds_max = bench->quick ? 7 : 9;
  plan.budget_ns = UINT64_C(4000000000);
  plan.bar_kind = PAIRED_AT_LEAST;
  plan.bar = bar;
  plan.sides = 2;
  for (s = 0; s < 2; s++) {
    reads[s].engine = bench->engine[s];
    reads[s].store = pair->store[s];
    reads[s].source = source;
    reads[s].records = bench->records;
    reads[s].gets = bench->quick ? 200000 : 500000;
    if (reads[s].gets > bench->records) reads[s].gets = bench->records;
    reads[s].seed = bench->seed;
    reads[s].threads = threads;
    reads[s].verified = verified;
    reads[s].renew = renew;
    plan.side[s] =
        (paired_side){bench->engine[s]->name, kv_reads_prepare, kv_reads_run, NULL, &reads[s]};
  }
  plan.operations = reads[0].gets * threads;
  stop = kv_measure(bench, &plan);
  kv_reads_end(&reads[0]);
  kv_reads_end(&reads[1]);
  return stop;
}

typedef struct kv_scan {
  const peer_engine *engine;
  peer_store *store;
  peer_session *session;
  uint64_t records;
} kv_scan;

static int kv_scan_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kv_scan *scan = ctx;
  uint64_t rows = 0;
  (void)round;
  if (scan->engine->scan(scan->session, &rows, answer) != 0) {
    snprintf(why, PAIRED_TEXT_BYTES, "%s", scan->engine->error(scan->store));
    return -1;
  }
  if (rows != scan->records) {
    snprintf(why, PAIRED_TEXT_BYTES, "scanned %llu rows of %llu", (unsigned long long)rows,
             (unsigned long long)scan->records);
    return -1;
  }
  return 0;
}

static int kv_measure_scan(const kv_bench *bench, kv_pair *pair, int verified) {
  kv_scan scan[2];
  paired_plan plan = {0};
  int s, stop;
  plan.name = verified ? "full scan, verified" : "full scan, unverified";
  plan.operation = "row";
  plan.operations = bench->records;
  plan.rounds_min = 5;
  plan.rounds_max = 15;
  plan.budget_ns = UINT64_C(3000000000);
  plan.batch_ns = UINT64_C(20000000);
  plan.bar_kind = verified ? PAIRED_NO_BAR : PAIRED_AT_LEAST;
  plan.bar = verified ? 0 : 0.90;
  plan.sides = 2;
  for (s = 0; s < 2; s++) {
    scan[s] = (kv_scan){bench->engine[s], pair->store[s], NULL, bench->records};
    if (scan[s].engine->session_open(scan[s].store, verified, &scan[s].session) != 0)
      heap_stop("%s: %s", scan[s].engine->name, scan[s].engine->error(scan[s].store));
    plan.side[s] = (paired_side){bench->engine[s]->name, NULL, kv_scan_run, NULL, &scan[s]};
  }
  stop = kv_measure(bench, &plan);
  for (s = 0; s < 2; s++) scan[s].engine->session_close(scan[s].session);
  return stop;
}

int kv_measure_reads(const kv_bench *bench, kv_pair *pair, const kv_source *source) {
  char name[PAIRED_TEXT_BYTES];
  size_t t;
  int verified;
  for (t = 0; t < bench->threads_n; t++)
    for (verified = 0; verified < 2; verified++) {
      snprintf(name, sizeof name, "random get, %u thread%s, %s", bench->threads[t],
               bench->threads[t] == 1 ? "" : "s", verified ? "verified" : "unverified");
      if (kv_measure_gets(bench, pair, source, name, verified ? 0.94 : 0.97, bench->threads[t],
                          verified, 0))
        return 1;
    }
  if (kv_measure_gets(bench, pair, source, "open a read transaction and get", 0.95, 1, 0, 1))
    return 1;
  if (kv_measure_scan(bench, pair, 0)) return 1;
  return kv_measure_scan(bench, pair, 1);
}
