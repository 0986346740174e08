/* SPDX-License-Identifier: MIT */
/*
 * Writes: batches of random puts, a sorted bulk load into a fresh store, and durable single puts by
 * many threads. What was written is read back after the clock stops and is the answer compared: a
 * write that was fast because it was lost does not count.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "kv_bench.h"
#include "scratch.h"
#include "tool_heap.h"

#define KV_BULK_TRANSACTION 100000
#define KV_BULK_PART_MIN 50000

typedef struct kv_writes {
  const kv_bench *bench;
  size_t side;
  peer_store *store;
  kv_source source; /* a copy: its salt is the round's */
  uint64_t *order;  /* records to put in this round */
  uint64_t n;
  uint64_t per_transaction;
  unsigned threads;          /* of durable puts */
  struct kv_writer *writer;  /* one each */
  pthread_barrier_t start;   /* all of them and the one who takes the time */
  atomic_uint_fast64_t next; /* of order, for threads to take */
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
  atomic_store(&writes->next, 0);
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
  if (engine->settle != NULL) engine->settle(writes->store, 0);
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

static int kv_measure_batches(const kv_bench *bench, kv_writes *writes, const char *name) {
  paired_plan plan = {0};
  size_t s;
  plan.name = name;
  plan.operation = "put";
  plan.operations = writes[0].n;
  plan.sides = bench->engines;
  kv_rounds(bench, &plan, 10);
  for (s = 0; s < bench->engines; s++)
    plan.side[s] = (paired_side){bench->engine[s]->name, kv_writes_prepare, kv_writes_run,
                                 kv_writes_answer, &writes[s]};
  return kv_measure(bench, &plan);
}

static void kv_writes_begin(const kv_bench *bench, const kv_stores *stores, const kv_source *source,
                            uint64_t n, uint64_t per_transaction, kv_writes *writes) {
  size_t s;
  memset(writes, 0, KV_ENGINES_MAX * sizeof *writes);
  for (s = 0; s < bench->engines; s++) {
    writes[s].bench = bench;
    writes[s].side = s;
    writes[s].store = stores->store[s];
    writes[s].source = *source;
    writes[s].n = n;
    writes[s].per_transaction = per_transaction;
    writes[s].order = heap_take(n * sizeof(uint64_t));
  }
}

static void kv_writes_end(const kv_bench *bench, kv_writes *writes) {
  size_t s;
  for (s = 0; s < bench->engines; s++) free(writes[s].order);
}

int kv_measure_puts(const kv_bench *bench, kv_stores *stores, const kv_source *source) {
  kv_writes writes[KV_ENGINES_MAX];
  uint64_t puts = 20000;
  int stop;
  if (puts > bench->records) puts = bench->records;
  kv_writes_begin(bench, stores, source, puts, 1000, writes);
  stop = kv_measure_batches(bench, writes, "put, 1,000 per transaction, no sync");
  kv_writes_end(bench, writes);
  return stop;
}

/* ---- Sorted bulk load ---- */

/*
 * A round loads the next part of the records into each store, so that loading all of them gives
 * many paired samples; when the last part is in, the next round begins with fresh stores. One
 * sample for a whole load was rejected: seconds lie between its two sides, and few are affordable.
 */
typedef struct kv_bulk {
  const kv_bench *bench;
  size_t side;
  peer_store *store;
  const kv_source *source;
  uint64_t part, parts; /* records of a part; parts of a load */
  uint64_t from;        /* of this round */
} kv_bulk;

static int kv_bulk_prepare(void *ctx, unsigned round, char *why) {
  kv_bulk *bulk = ctx;
  const peer_engine *engine = bulk->bench->engine[bulk->side];
  peer_setup setup = {0};
  char folder[1024], name[64];
  bulk->from = round % bulk->parts * bulk->part;
  if (bulk->from > 0) return 0;
  engine->close(bulk->store);
  bulk->store = NULL;
  snprintf(name, sizeof name, "bulk-%s", engine->word);
  scratch_subfolder(folder, sizeof folder, bulk->bench->folder, name);
  setup.folder = folder;
  return engine->open(&setup, &bulk->store, why);
}

static int kv_bulk_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kv_bulk *bulk = ctx;
  const peer_engine *engine = bulk->bench->engine[bulk->side];
  peer_source source = {kv_source_record, bulk->source};
  peer_batch batch = {&source, NULL, bulk->from, bulk->part, KV_BULK_TRANSACTION, 1};
  (void)round;
  (void)answer;
  if (engine->write(bulk->store, &batch) == 0) return 0;
  snprintf(why, PAIRED_TEXT_BYTES, "%s", engine->error(bulk->store));
  return -1;
}

/* Every seventh record of the part by a get; after the last part, all records by a scan. */
static int kv_bulk_answer(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kv_bulk *bulk = ctx;
  const peer_engine *engine = bulk->bench->engine[bulk->side];
  unsigned char room[PEER_KEY_ROOM];
  peer_session *session;
  uint64_t rows = 0, sum = 0, i, end = bulk->from + bulk->part;
  int rc;
  (void)round;
  if (engine->settle != NULL) engine->settle(bulk->store, 0);
  rc = engine->session_open(bulk->store, 1, &session);
  if (rc == 0) {
    for (i = bulk->from; i < end && rc == 0; i += 7) {
      tv_slice key, value = {NULL, 0}, unused;
      kv_source_record(bulk->source, i, room, &key, &unused);
      rc = engine->get(session, key, &value);
      sum += peer_touch(value);
    }
    *answer = sum;
    if (rc == 0 && end == bulk->parts * bulk->part) rc = engine->scan(session, &rows, answer);
    engine->session_close(session);
  }
  if (rc != 0) {
    snprintf(why, PAIRED_TEXT_BYTES, "a record that was loaded is not read: %.180s",
             engine->error(bulk->store));
  } else if (rows != 0 && rows != end) {
    snprintf(why, PAIRED_TEXT_BYTES, "%llu records after the load of %llu",
             (unsigned long long)rows, (unsigned long long)end);
    rc = -1;
  }
  return rc;
}

int kv_measure_bulk(const kv_bench *bench, const kv_source *source) {
  kv_bulk bulk[KV_ENGINES_MAX];
  paired_plan plan = {0};
  const size_t engines = bench->engines;
  uint64_t part = bench->records / 25;
  size_t s;
  int stop;
  if (part < KV_BULK_PART_MIN) part = KV_BULK_PART_MIN;
  if (part > bench->records) part = bench->records;
  plan.name = "sorted bulk load, no sync";
  plan.operation = "record";
  plan.operations = part;
  plan.sides = engines;
  kv_rounds(bench, &plan, 12);
  for (s = 0; s < engines; s++) {
    bulk[s] = (kv_bulk){bench, s, NULL, source, part, bench->records / part, 0};
    plan.side[s] = (paired_side){bench->engine[s]->name, kv_bulk_prepare, kv_bulk_run,
                                 kv_bulk_answer, &bulk[s]};
  }
  stop = kv_measure(bench, &plan);
  for (s = 0; s < engines; s++) bulk[s].bench->engine[s]->close(bulk[s].store);
  return stop;
}

/* ---- Durable single puts by many threads ---- */

typedef struct kv_writer {
  kv_writes *writes;
  pthread_t thread;
  int failed;
} kv_writer;

/* Takes puts from one counter until none is left, so that all threads contend to the end. */
static void *kv_writer_thread(void *ctx) {
  kv_writer *writer = ctx;
  kv_writes *writes = writer->writes;
  peer_source source = {kv_source_record, &writes->source};
  peer_batch batch = {&source, NULL, 0, 1, 1, 0};
  uint64_t at;
  int failed = 0;
  pthread_barrier_wait(&writes->start);
  while (!failed && (at = atomic_fetch_add(&writes->next, 1)) < writes->n) {
    batch.order = &writes->order[at];
    failed = writes->bench->engine[writes->side]->write(writes->store, &batch) != 0;
  }
  writer->failed = failed;
  return NULL;
}

/* Starts the threads, which wait: starting 64 takes milliseconds that are not the engine's. */
static int kv_durable_prepare(void *ctx, unsigned round, char *why) {
  kv_writes *writes = ctx;
  unsigned t;
  if (kv_writes_prepare(ctx, round, why) != 0) return -1;
  for (t = 0; t < writes->threads; t++) {
    kv_writer *writer = &writes->writer[t];
    writer->writes = writes;
    if (pthread_create(&writer->thread, NULL, kv_writer_thread, writer) != 0)
      heap_stop("cannot start %u threads", writes->threads);
  }
  return 0;
}

static int kv_durable_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  kv_writes *writes = ctx;
  unsigned t;
  int failed = 0;
  (void)round;
  (void)answer;
  pthread_barrier_wait(&writes->start);
  for (t = 0; t < writes->threads; t++) {
    pthread_join(writes->writer[t].thread, NULL);
    failed |= writes->writer[t].failed;
  }
  return failed ? kv_writes_fail(writes, why) : 0;
}

static int kv_measure_durable_threads(const kv_bench *bench, const kv_stores *stores,
                                      const kv_source *source, unsigned threads) {
  kv_writes writes[KV_ENGINES_MAX];
  paired_plan plan = {0};
  char name[PAIRED_TEXT_BYTES];
  size_t s;
  int stop;
  uint64_t each = threads >= 32 ? 12 : 50;
  if (bench->records < KV_RECORDS_FEW) each = 1;
  kv_writes_begin(bench, stores, source, each * threads, 1, writes);
  snprintf(name, sizeof name, "durable single puts, %u threads", threads);
  plan.name = name;
  plan.operation = "commit";
  plan.operations = each * threads;
  plan.sides = bench->engines;
  kv_rounds(bench, &plan, 12);
  if (plan.rounds_min > 5) plan.rounds_min = 5; /* a slow disk takes seconds for one */
  for (s = 0; s < bench->engines; s++) {
    writes[s].threads = threads;
    writes[s].writer = heap_take(threads * sizeof *writes[s].writer);
    pthread_barrier_init(&writes[s].start, NULL, threads + 1);
    plan.side[s] = (paired_side){bench->engine[s]->name, kv_durable_prepare, kv_durable_run,
                                 kv_writes_answer, &writes[s]};
  }
  stop = kv_measure(bench, &plan);
  for (s = 0; s < bench->engines; s++) {
    pthread_barrier_destroy(&writes[s].start);
    free(writes[s].writer);
  }
  kv_writes_end(bench, writes);
  return stop;
}

int kv_measure_durable(const kv_bench *bench, const kv_source *source) {
  kv_bench small = *bench;
  peer_setup setup = {0};
  peer_source records = {kv_source_record, source};
  peer_batch batch = {&records, NULL, 0, 0, 10000, 1};
  kv_writes writes[KV_ENGINES_MAX];
  kv_stores stores;
  int stop;
  if (small.records > 100000) small.records = 100000;
  batch.n = small.records;
  setup.durable = 1;
  kv_stores_open(&small, "durable", &setup, &stores);
  stop = kv_stores_fill(&small, "filling the durable stores", &batch, &stores);
  if (!stop && !bench->bars_only) {
    kv_writes_begin(&small, &stores, source, small.records < 10000 ? small.records : 10000, 1000,
                    writes);
    stop = kv_measure_batches(&small, writes, "put, 1,000 per transaction, durable");
    kv_writes_end(bench, writes);
  }
  if (!stop) stop = kv_measure_durable_threads(&small, &stores, source, 8);
  if (!stop) stop = kv_measure_durable_threads(&small, &stores, source, 64);
  kv_stores_close(&small, &stores);
  return stop;
}
