/* SPDX-License-Identifier: MIT */
/*
 * Memory: allocations that gets make, and whether a read transaction's memory grows with what is
 * read in it. Counted through the library's own allocator hook; a heap profiler would see
 * the same and could not run inside a benchmark.
 */
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "kv_bench.h"
#include "tool_heap.h"

typedef struct kv_memory_count {
  atomic_ullong calls;
  atomic_llong bytes; /* in use */
} kv_memory_count;

static void *kv_memory_allocate(void *ctx, size_t bytes) {
  kv_memory_count *count = ctx;
  void *taken = malloc(bytes);
  atomic_fetch_add(&count->calls, 1);
  if (taken != NULL) atomic_fetch_add(&count->bytes, (long long)malloc_usable_size(taken));
  return taken;
}

static void *kv_memory_reallocate(void *ctx, void *old, size_t bytes) {
  kv_memory_count *count = ctx;
  long long before = old != NULL ? (long long)malloc_usable_size(old) : 0;
  void *taken = realloc(old, bytes);
  atomic_fetch_add(&count->calls, 1);
  if (taken != NULL) atomic_fetch_add(&count->bytes, (long long)malloc_usable_size(taken) - before);
  return taken;
}

static void kv_memory_release(void *ctx, void *old) {
  kv_memory_count *count = ctx;
  if (old == NULL) return;
  atomic_fetch_sub(&count->bytes, (long long)malloc_usable_size(old));
  free(old);
}

/* n random gets in the session. Returns how many bytes the library holds afterwards. */
static long long kv_memory_gets(const kv_bench *bench, const kv_source *source,
                                kv_memory_count *count, peer_session *session, uint64_t n) {
  unsigned char room[PEER_KEY_ROOM];
  uint64_t state = bench->seed, i;
  for (i = 0; i < n; i++) {
    tv_slice key, value = {NULL, 0}, unused;
    kv_source_record(source, kv_random_below(&state, bench->records), room, &key, &unused);
    if (bench->engine[0]->get(session, key, &value) != TV_OK)
      heap_stop("a get found nothing while counting memory");
  }
  return atomic_load(&count->bytes);
}

static void kv_memory_add(const kv_bench *bench, const char *name, double measured) {
  paired_plan plan = {0};
  paired_result result;
  plan.name = name;
  plan.operation = "count";
  plan.sides = 1;
  plan.side[0].name = bench->engine[0]->name;
  kv_bar_set(bench, &plan);
  paired_count(&plan, PAIRED_COUNT, measured, 0, &result);
  paired_report_add(bench->report, &result);
}

int kv_measure_memory(const kv_bench *bench, const kv_source *source) {
  static kv_memory_count count;
  tv_allocator counting = {kv_memory_allocate, kv_memory_reallocate, kv_memory_release, &count};
  peer_source records = {kv_source_record, source};
  peer_batch batch = {&records, NULL, 0, 0, 10000, 1};
  peer_setup setup = {0};
  kv_bench small = *bench;
  peer_session *session;
  kv_stores stores;
  unsigned long long calls;
  long long few, many;
  int stop;
  if (small.records > 100000) small.records = 100000;
  small.engines = 1;
  batch.n = small.records;
  if (tv_allocator_set(&counting) != TV_OK) heap_stop("cannot count memory: a store is open");
  kv_stores_open(&small, "memory", &setup, &stores);
  stop = kv_stores_fill(&small, "filling a small store", &batch, &stores);
  if (!stop) {
    if (small.engine[0]->session_open(stores.store[0], 1, &session) != 0)
      heap_stop("%s", small.engine[0]->error(stores.store[0]));
    few = kv_memory_gets(&small, source, &count, session, 100);
    calls = atomic_load(&count.calls);
    many = kv_memory_gets(&small, source, &count, session, 100000);
    calls = atomic_load(&count.calls) - calls;
    small.engine[0]->session_close(session);
    kv_memory_add(bench, "allocations in 100,000 gets", (double)calls);
    kv_memory_add(bench, "bytes a read transaction grew by in them", (double)(many - few));
  }
  kv_stores_close(&small, &stores);
  tv_allocator_set(NULL);
  return stop;
}
