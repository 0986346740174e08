/* SPDX-License-Identifier: MIT */
/*
 * Reads: random gets on one and more threads, a full scan, a read transaction per get. Sessions are
 * opened before the clock starts. Threads take the gets of a run from one counter, some hundred at
 * a time: all of them work until the last get is taken. A fixed share for each was rejected, since
 * a run then ends with one thread alone whenever the machine gives the other less.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "interrupt.h"
#include "kv_bench.h"
#include "tool_heap.h"

#define KV_READS_CHUNK 500

typedef struct kv_reads kv_reads;

typedef struct kv_reader {
  kv_reads *reads;
  peer_session *session;
  uint64_t answer;
  int failed;
} kv_reader;

struct kv_reads {
  const peer_engine *engine;
  peer_store *store;
  const kv_source *source;
  uint64_t records, chunks; /* chunks: of a run, by all threads */
  uint64_t seed_base, seed; /* of the measure and of the round */
  unsigned threads;
  int verified, renew;
  atomic_uint_fast64_t next; /* chunk to take */
  kv_reader reader[KV_THREADS_MAX];
};

/* The gets of a chunk. Which they are depends on the round and the chunk, not on the thread, so
 * that the sum is the same however threads share them. Returns 0, or -1. */
static int kv_reads_chunk(const kv_reads *reads, peer_session *session, uint64_t chunk,
                          uint64_t *sum) {
  const peer_engine *engine = reads->engine;
  unsigned char room[PEER_KEY_ROOM];
  uint64_t state = reads->seed + (chunk << 32);
  int n;
  for (n = 0; n < KV_READS_CHUNK; n++) {
    uint64_t i = kv_random_below(&state, reads->records);
    tv_slice key, value = {NULL, 0}, unused;
    kv_source_record(reads->source, i, room, &key, &unused);
    if (reads->renew && engine->renew(session) != 0) return -1;
    if (engine->get(session, key, &value) != TV_OK) return -1;
    *sum += peer_touch(value);
  }
  return 0;
}

static void *kv_reads_thread(void *ctx) {
  kv_reader *reader = ctx;
  kv_reads *reads = reader->reads;
  uint64_t chunk, sum = 0;
  int failed = 0;
  while (!failed && (chunk = atomic_fetch_add(&reads->next, 1)) < reads->chunks)
    failed = kv_reads_chunk(reads, reader->session, chunk, &sum) != 0 || interrupt_seen();
  reader->failed = failed; /* written once: neighbours in the array share cache lines */
  reader->answer = sum;
  return NULL;
}

static int kv_reads_prepare(void *ctx, unsigned round, char *why) {
  kv_reads *reads = ctx;
  unsigned t;
  reads->seed = reads->seed_base + round;
  atomic_store(&reads->next, 0);
  for (t = 0; t < reads->threads; t++) {
    kv_reader *reader = &reads->reader[t];
    reader->reads = reads;
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
static int kv_measure_gets(const kv_bench *bench, kv_stores *stores, const kv_source *source,
                           const char *name, unsigned threads, int verified, int renew) {
  static kv_reads reads[KV_ENGINES_MAX];
  paired_plan plan = {0};
  size_t s;
  int stop;
  plan.name = name;
  plan.operation = "get";
  plan.operations = (uint64_t)(bench->records < KV_RECORDS_FEW ? 2000 : 50000) * threads;
  plan.sides = bench->engines;
  plan.own_time = threads == 1;
  kv_rounds(bench, &plan, 8);
  for (s = 0; s < bench->engines; s++) {
    memset(&reads[s], 0, sizeof reads[s]);
    reads[s].engine = bench->engine[s];
    reads[s].store = stores->store[s];
    reads[s].source = source;
    reads[s].records = bench->records;
    reads[s].chunks = plan.operations / KV_READS_CHUNK;
    reads[s].seed_base = bench->seed;
    reads[s].threads = threads;
    reads[s].verified = verified;
    reads[s].renew = renew;
    plan.side[s] =
        (paired_side){bench->engine[s]->name, kv_reads_prepare, kv_reads_run, NULL, &reads[s]};
  }
  stop = kv_measure(bench, &plan);
  for (s = 0; s < bench->engines; s++) kv_reads_end(&reads[s]);
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

static int kv_measure_scan(const kv_bench *bench, kv_stores *stores, int verified) {
  kv_scan scan[KV_ENGINES_MAX];
  paired_plan plan = {0};
  const size_t engines = bench->engines;
  size_t s;
  int stop;
  plan.name = verified ? "full scan, verified" : "full scan, unverified";
  plan.operation = "row";
  plan.operations = bench->records;
  plan.batch_ns = UINT64_C(20000000);
  plan.sides = engines;
  plan.own_time = 1;
  kv_rounds(bench, &plan, 8);
  for (s = 0; s < engines; s++) {
    scan[s] = (kv_scan){bench->engine[s], stores->store[s], NULL, bench->records};
    if (scan[s].engine->session_open(scan[s].store, verified, &scan[s].session) != 0)
      heap_stop("%s: %s", scan[s].engine->name, scan[s].engine->error(scan[s].store));
    plan.side[s] = (paired_side){bench->engine[s]->name, NULL, kv_scan_run, NULL, &scan[s]};
  }
  stop = kv_measure(bench, &plan);
  for (s = 0; s < engines; s++) scan[s].engine->session_close(scan[s].session);
  return stop;
}

/* Reads every store once, so that no measure pays for the first touch of a page. */
static void kv_reads_warm(const kv_bench *bench, const kv_stores *stores) {
  size_t s;
  for (s = 0; s < bench->engines && !interrupt_seen(); s++) {
    const peer_engine *engine = bench->engine[s];
    uint64_t rows, answer;
    peer_session *session;
    if (engine->session_open(stores->store[s], 1, &session) != 0 ||
        engine->scan(session, &rows, &answer) != 0)
      heap_stop("%s: %s", engine->name, engine->error(stores->store[s]));
    engine->session_close(session);
  }
}

int kv_measure_reads(const kv_bench *bench, kv_stores *stores, const kv_source *source) {
  char name[PAIRED_TEXT_BYTES];
  size_t t;
  int verified;
  kv_reads_warm(bench, stores);
  for (t = 0; t < bench->threads_n; t++)
    for (verified = 0; verified < 2; verified++) {
      snprintf(name, sizeof name, "random get, %u thread%s, %s", bench->threads[t],
               bench->threads[t] == 1 ? "" : "s", verified ? "verified" : "unverified");
      if (kv_measure_gets(bench, stores, source, name, bench->threads[t], verified, 0)) return 1;
    }
  if (kv_measure_gets(bench, stores, source, "open a read transaction and get", 1, 0, 1)) return 1;
  if (kv_measure_scan(bench, stores, 0)) return 1;
  return kv_measure_scan(bench, stores, 1);
}
