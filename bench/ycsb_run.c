/* SPDX-License-Identifier: MIT */
/*
 * A YCSB workload on one engine: each operation is a transaction of its own, a read as well, as a
 * server would run it. Sessions are renewed for each read rather than opened: all engines have a
 * cheap way to a newer snapshot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "tool_heap.h"
#include "ycsb.h"

#define YCSB_LOAD_BATCH 1000
#define YCSB_ENDED ((uint64_t)sizeof(((ycsb_store *)0)->ended))

typedef struct ycsb_worker {
  unsigned char record[YCSB_RECORD_BYTES];
  uint64_t sum;
  zipfian latest;
} ycsb_worker;

typedef struct ycsb_running {
  ycsb_store *store;
  const ycsb_load *load;
  ycsb_worker *worker;
} ycsb_running;

static void ycsb_fill_record(uint64_t i, uint64_t salt, unsigned char *record) {
  unsigned field;
  for (field = 0; field < YCSB_FIELDS; field++)
    ycsb_field(i, field, salt, record + (size_t)field * YCSB_FIELD_BYTES);
}

/* A source of whole records; ctx: room for one. One thread at a time. */
static void ycsb_source(const void *ctx, uint64_t i, void *key_room, tv_slice *key,
                        tv_slice *value) {
  unsigned char *record = (unsigned char *)(uintptr_t)ctx;
  ycsb_fill_record(i, 0, record);
  *key = ycsb_key(i, key_room);
  *value = tv_bytes(record, YCSB_RECORD_BYTES);
}

int ycsb_open(ycsb_store *store, const peer_engine *engine, const char *folder, int durable,
              uint64_t n, char *why) {
  unsigned char record[YCSB_RECORD_BYTES];
  peer_source source = {ycsb_source, record};
  peer_setup setup = {.folder = folder, .durable = durable};
  peer_batch batch = {&source, NULL, 0, 0, YCSB_LOAD_BATCH, 0};
  progress bar;
  char label[96];
  int rc = 0;
  memset(store, 0, sizeof *store);
  pthread_mutex_init(&store->ended_lock, NULL);
  store->engine = engine;
  if (engine->open(&setup, &store->store, why) != 0) return -1;
  snprintf(label, sizeof label, "loading %s", engine->name);
  progress_begin(&bar, label, n);
  for (; batch.from < n && rc == 0; batch.from += batch.n) {
    batch.n = n - batch.from < YCSB_LOAD_BATCH ? n - batch.from : YCSB_LOAD_BATCH;
    rc = engine->write(store->store, &batch);
    progress_at(&bar, batch.from + batch.n);
  }
  progress_end(&bar);
  if (rc != 0) {
    snprintf(why, PEER_WHY_BYTES, "%s", engine->error(store->store));
    return -1;
  }
  if (engine->settle != NULL) engine->settle(store->store, 1);
  store->loaded = n;
  atomic_store(&store->inserted, n);
  atomic_store(&store->known, n);
  return 0;
}

void ycsb_close(ycsb_store *store) {
  unsigned t;
  for (t = 0; t < YCSB_THREADS_MAX; t++) {
    if (store->session[t] != NULL) store->engine->session_close(store->session[t]);
    store->session[t] = NULL;
  }
  if (store->store != NULL) store->engine->close(store->store);
  store->store = NULL;
  pthread_mutex_destroy(&store->ended_lock);
}

/* An insert ended. `known` follows the inserts that ended without a gap (YCSB's acknowledged
 * counter), so that a read of the latest finds it. */
static void ycsb_inserted(ycsb_store *store, uint64_t i) {
  pthread_mutex_lock(&store->ended_lock);
  store->ended[i % YCSB_ENDED] = 1;
  for (i = atomic_load(&store->known); store->ended[i % YCSB_ENDED]; i++)
    store->ended[i % YCSB_ENDED] = 0;
  atomic_store(&store->known, i);
  pthread_mutex_unlock(&store->ended_lock);
}

typedef struct ycsb_change {
  const ycsb_operation *operation;
  unsigned char *record;
} ycsb_change;

static tv_slice ycsb_change_field(void *ctx, tv_slice old) {
  const ycsb_change *change = ctx;
  const ycsb_operation *it = change->operation;
  if (old.size == YCSB_RECORD_BYTES) memcpy(change->record, old.data, old.size);
  ycsb_field(it->record, it->field, it->salt,
             change->record + (size_t)it->field * YCSB_FIELD_BYTES);
  return tv_bytes(change->record, YCSB_RECORD_BYTES);
}

static int ycsb_read(ycsb_store *store, unsigned thread, tv_slice key, uint64_t *sum) {
  tv_slice value;
  if (store->engine->renew(store->session[thread]) != 0 ||
      store->engine->get(store->session[thread], key, &value) != TV_OK ||
      value.size != YCSB_RECORD_BYTES)
    return -1;
  *sum += peer_touch(value);
  return 0;
}

static int ycsb_scan(ycsb_store *store, unsigned thread, tv_slice key, unsigned rows,
                     uint64_t *sum) {
  uint64_t found, answer;
  if (store->engine->renew(store->session[thread]) != 0 ||
      store->engine->range(store->session[thread], key, rows, &found, &answer) != 0)
    return -1;
  *sum += answer + found;
  return 0;
}

static int ycsb_insert(ycsb_store *store, ycsb_worker *worker) {
  peer_source source = {ycsb_source, worker->record};
  peer_batch batch = {&source, NULL, atomic_fetch_add(&store->inserted, 1), 1, 1, 0};
  int rc = store->engine->write(store->store, &batch);
  if (rc == 0) ycsb_inserted(store, batch.from);
  return rc;
}

static int ycsb_do(void *ctx, unsigned thread, uint64_t i) {
  ycsb_running *running = ctx;
  ycsb_store *store = running->store;
  ycsb_worker *worker = &running->worker[thread];
  ycsb_operation it = ycsb_operation_at(running->load->mix, running->load->seed, i,
                                        atomic_load(&store->known), &worker->latest);
  ycsb_change change = {&it, worker->record};
  char room[PEER_KEY_ROOM];
  tv_slice key = ycsb_key(it.record, room);
  switch (it.kind) {
    case YCSB_READ:
      return ycsb_read(store, thread, key, &worker->sum);
    case YCSB_SCAN:
      return ycsb_scan(store, thread, key, it.rows, &worker->sum);
    case YCSB_INSERT:
      return ycsb_insert(store, worker);
    case YCSB_READ_MODIFY_WRITE:
      if (ycsb_read(store, thread, key, &worker->sum) != 0) return -1;
      break;
    default:
      break;
  }
  return store->engine->modify(store->store, key, ycsb_change_field, &change);
}

static int ycsb_sessions(ycsb_store *store, unsigned threads) {
  unsigned t;
  for (t = 0; t < threads; t++)
    if (store->session[t] == NULL &&
        store->engine->session_open(store->store, 1, &store->session[t]) != 0)
      return -1;
  return 0;
}

int ycsb_run(ycsb_store *store, const ycsb_load *load, open_loop_result *result, uint64_t *sum,
             char *why) {
  ycsb_running running = {store, load, heap_take(load->threads * sizeof(ycsb_worker))};
  open_loop_plan plan = {.rate = load->rate,
                         .operations = load->operations > 0 ? load->operations : UINT64_MAX,
                         .seconds = load->seconds,
                         .threads = load->threads,
                         .run = ycsb_do,
                         .ctx = &running};
  unsigned t;
  int rc = ycsb_sessions(store, load->threads);
  for (t = 0; t < load->threads && load->mix->choice == YCSB_LATEST; t++)
    zipfian_begin(&running.worker[t].latest, atomic_load(&store->known));
  if (rc == 0) rc = open_loop_run(&plan, result);
  if (rc != 0) {
    const char *text = store->engine->error(store->store);
    snprintf(why, PEER_WHY_BYTES, "%.250s", text[0] != '\0' ? text : "a record was not found");
  }
  *sum = 0;
  for (t = 0; t < load->threads; t++) *sum += running.worker[t].sum;
  free(running.worker);
  return rc;
}
