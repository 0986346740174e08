/* SPDX-License-Identifier: MIT */
/*
 * Writes: batches of random puts, a sorted bulk load into a fresh store, and durable single puts by
 * many threads. What was written is read back after the clock stops and is the answer compared: a
 * write that was fast because it was lost does not count.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "kv_bench.h"
#include "scratch.h"
#include "tool_heap.h"

typedef struct kv_writes {
  const kv_bench *bench;
  int side;
  peer_store *store;
  kv_source source; /* a copy: its salt is the round's */
  uint64_t *order;  /* records to put in this round */
  uint64_t n;
  uint64_t per_transaction;
  unsigned threads; /* > 1: each puts n / threads of them */
} kv_writes;

static int kv_writes_fail(const kv_writes *writes, char *why) {
  snprintf(why, PAIRED_TEXT_BYTES, "%s", writes->bench->engine[writes->side]->error(writes->store));
  return -1;
}

static int kv_writes_prepare(void *ctx, unsigned round, char *why) {
  kv_writes *writes = ctx;
  uint64_t state = writes->bench->seed * 7919 + round, i;
  (void)why;
  for (i = 0; i < writes->n; i++)
    writes->order[i] = kv_random_below(&state, writes->bench->records);
  writes->source.salt = UINT64_C(1000003) * (round + 1);
  return 0;
}

/* The answer: every record written in the round, read back. */
static int kv_writes_answer(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kv_writes *writes = ctx;
  const peer_engine *engine = writes->bench->engine[writes->side];
  unsigned char room[PEER_KEY_ROOM];
  peer_session *session;
  uint64_t i, sum = 0;
  int rc = 0;
  (void)round;
  if (engine->session_open(writes->store, 1, &session) != 0) return kv_writes_fail(writes, why);
  for (i = 0; i < writes->n && rc == 0; i++) {
    tv_slice key, wanted, value = {NULL, 0};
    kv_source_record(&writes->source, writes->order[i], room, &key, &wanted);
    rc = engine->get(session, key, &value);
    if (rc == 0 && (value.size != wanted.size || memcmp(value.data, wanted.data, wanted.size) != 0))
      rc = 1;
    sum += peer_touch(value);
  }
  engine->session_close(session);
  if (rc != 0) {
    snprintf(why, PAIRED_TEXT_BYTES, "a record was not read back as it was written");
    return -1;
  }
  *answer = sum;
  return 0;
}

static int kv_writes_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kv_writes *writes = ctx;
  peer_source source = {kv_source_record, &writes->source};
  peer_batch batch = {&source, writes->order, 0, writes->n, writes->per_transaction, 0};
  (void)round;
  (void)answer;
  if (writes->bench->engine[writes->side]->write(writes->store, &batch) != 0)
    return kv_writes_fail(writes, why);
  return 0;
}

static int kv_measure_batches(const kv_bench *bench, kv_writes *writes, const char *name,
                              double bar) {
  paired_plan plan = {0};
  int s;
  plan.name = name;
  plan.operation = "put";
  plan.operations = writes[0].n;
  plan.rounds_min = 5;
  plan.rounds_max = 9;
  plan.budget_ns = UINT64_C(5000000000);
  plan.bar_kind = bar > 0 ? PAIRED_AT_LEAST : PAIRED_NO_BAR;
  plan.bar = bar;
  plan.sides = 2;
  for (s = 0; s < 2; s++)
    plan.side[s] = (paired_side){bench->engine[s]->name, kv_writes_prepare, kv_writes_run,
                                 kv_writes_answer, &writes[s]};
  return kv_measure(bench, &plan);
}

static void kv_writes_begin(const kv_bench *bench, const kv_pair *pair, const kv_source *source,
                            uint64_t n, uint64_t per_transaction, kv_writes *writes) {
  int s;
  for (s = 0; s < 2; s++) {
    memset(&writes[s], 0, sizeof writes[s]);
    writes[s].bench = bench;
    writes[s].side = s;
    writes[s].store = pair->store[s];
    writes[s].source = *source;
    writes[s].n = n;
    writes[s].per_transaction = per_transaction;
    writes[s].order = heap_take(n * sizeof(uint64_t));
  }
}

static void kv_writes_end(kv_writes *writes) {
  free(writes[0].order);
  free(writes[1].order);
}

int kv_measure_puts(const kv_bench *bench, kv_pair *pair, const kv_source *source) {
  kv_writes writes[2];
  uint64_t puts = bench->quick ? 50000 : 200000;
  int stop;
  if (puts > bench->records) puts = bench->records;
  kv_writes_begin(bench, pair, source, puts, 1000, writes);
  stop = kv_measure_batches(bench, writes, "put, 1,000 per transaction, no sync", 0.95);
  kv_writes_end(writes);
  return stop;
}

/* ---- Sorted bulk load: a fresh store each round ---- */

typedef struct kv_bulk {
  const kv_bench *bench;
  int side;
  peer_store *store;
  const kv_source *source;
} kv_bulk;

static int kv_bulk_prepare(void *ctx, unsigned round, char *why) {
  kv_bulk *bulk = ctx;
  const peer_engine *engine = bulk->bench->engine[bulk->side];
  peer_setup setup = {0};
  char folder[1024];
  (void)round;
  engine->close(bulk->store);
  bulk->store = NULL;
  scratch_subfolder(folder, sizeof folder, bulk->bench->folder,
                    bulk->side == 0 ? "bulk-ours" : "bulk-peer");
  setup.folder = folder;
  return engine->open(&setup, &bulk->store, why);
}

static int kv_bulk_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kv_bulk *bulk = ctx;
  const peer_engine *engine = bulk->bench->engine[bulk->side];
  peer_source source = {kv_source_record, bulk->source};
  peer_batch batch = {&source, NULL, 0, bulk->bench->records, 100000, 1};
  (void)round;
  (void)answer;
  if (engine->write(bulk->store, &batch) == 0) return 0;
  snprintf(why, PAIRED_TEXT_BYTES, "%s", engine->error(bulk->store));
  return -1;
}

static int kv_bulk_answer(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kv_bulk *bulk = ctx;
  const peer_engine *engine = bulk->bench->engine[bulk->side];
  peer_session *session;
  uint64_t rows = 0;
  int rc = engine->session_open(bulk->store, 1, &session);
  (void)round;
  if (rc == 0) {
    rc = engine->scan(session, &rows, answer);
    engine->session_close(session);
  }
  if (rc != 0) {
    snprintf(why, PAIRED_TEXT_BYTES, "%s", engine->error(bulk->store));
  } else if (rows != bulk->bench->records) {
    snprintf(why, PAIRED_TEXT_BYTES, "%llu records after the load of %llu",
             (unsigned long long)rows, (unsigned long long)bulk->bench->records);
    rc = -1;
  }
  return rc;
}

int kv_measure_bulk(const kv_bench *bench, const kv_source *source) {
  kv_bulk bulk[2];
  paired_plan plan = {0};
  int s, stop;
  plan.name = "sorted bulk load, no sync";
  plan.operation = "record";
  plan.operations = bench->records;
  plan.rounds_min = bench->quick ? 5 : 3;
  plan.rounds_max = bench->quick ? 9 : 5;
  plan.budget_ns = UINT64_C(20000000000);
  plan.bar_kind = PAIRED_AT_LEAST;
  plan.bar = 0.95;
  plan.sides = 2;
  for (s = 0; s < 2; s++) {
    bulk[s] = (kv_bulk){bench, s, NULL, source};
    plan.side[s] = (paired_side){bench->engine[s]->name, kv_bulk_prepare, kv_bulk_run,
                                 kv_bulk_answer, &bulk[s]};
  }
  stop = kv_measure(bench, &plan);
  for (s = 0; s < 2; s++) bench->engine[s]->close(bulk[s].store);
  return stop;
}

/* ---- Durable single puts by many threads ---- */

typedef struct kv_writer {
  kv_writes *writes;
  uint64_t from, n;
  int failed;
} kv_writer;

static void *kv_writer_thread(void *ctx) {
  kv_writer *writer = ctx;
  kv_writes *writes = writer->writes;
  peer_source source = {kv_source_record, &writes->source};
  peer_batch batch = {&source, writes->order + writer->from, 0, writer->n, 1, 0};
  writer->failed = writes->bench->engine[writes->side]->write(writes->store, &batch) != 0;
  return NULL;
}

static int kv_durable_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kv_writes *writes = ctx;
  kv_writer writer[KV_THREADS_MAX];
  pthread_t thread[KV_THREADS_MAX];
  unsigned t, started;
  int failed = 0;
  (void)round;
  (void)answer;
  for (started = 0; started < writes->threads; started++) {
    uint64_t share = writes->n / writes->threads;
    writer[started] = (kv_writer){writes, started * share, share, 0};
    if (pthread_create(&thread[started], NULL, kv_writer_thread, &writer[started]) != 0) break;
  }
  for (t = 0; t < started; t++) {
    pthread_join(thread[t], NULL);
    failed |= writer[t].failed;
  }
  if (started == writes->threads && !failed) return 0;
  return kv_writes_fail(writes, why);
}

static int kv_measure_durable_threads(const kv_bench *bench, const kv_pair *pair,
                                      const kv_source *source, unsigned threads, double bar) {
  kv_writes writes[2];
  paired_plan plan = {0};
  char name[PAIRED_TEXT_BYTES];
  int s, stop;
  uint64_t each = threads >= 32 ? 8 : 40;
  if (bench->records < KV_RECORDS_FEW) each = 2;
  kv_writes_begin(bench, pair, source, each * threads, 1, writes);
  snprintf(name, sizeof name, "durable single puts, %u threads", threads);
  plan.name = name;
  plan.operation = "commit";
  plan.operations = each * threads;
  plan.rounds_min = 3;
  plan.rounds_max = 7;
  plan.budget_ns = UINT64_C(6000000000);
  plan.bar_kind = PAIRED_AT_LEAST;
  plan.bar = bar;
  plan.sides = 2;
  for (s = 0; s < 2; s++) {
    writes[s].threads = threads;
    plan.side[s] = (paired_side){bench->engine[s]->name, kv_writes_prepare, kv_durable_run,
                                 kv_writes_answer, &writes[s]};
  }
  stop = kv_measure(bench, &plan);
  kv_writes_end(writes);
  return stop;
}

int kv_measure_durable(const kv_bench *bench, const kv_source *source) {
  kv_bench small = *bench;
  peer_setup setup = {0};
  peer_source records = {kv_source_record, source};
  peer_batch batch = {&records, NULL, 0, 0, 10000, 1};
  kv_writes writes[2];
  kv_pair pair;
  int stop;
  if (small.records > 100000) small.records = 100000;
  batch.n = small.records;
  setup.durable = 1;
  kv_pair_open(&small, "durable", &setup, &pair);
  stop = kv_pair_fill(&small, "filling the durable stores", &batch, &pair);
  if (!stop) {
    kv_writes_begin(&small, &pair, source, small.records < 10000 ? small.records : 10000, 1000,
                    writes);
    stop = kv_measure_batches(&small, writes, "put, 1,000 per transaction, durable", 0);
    kv_writes_end(writes);
  }
  if (!stop) stop = kv_measure_durable_threads(&small, &pair, source, 8, 4);
  if (!stop) stop = kv_measure_durable_threads(&small, &pair, source, 64, 10);
  kv_pair_close(&small, &pair);
  return stop;
}
