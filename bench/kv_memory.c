/* SPDX-License-Identifier: MIT */
/*
 * Memory: allocations that gets make, and whether a read transaction's memory grows with what is
 * read in it.
 */
#include "heap_count.h"
#include "kv_bench.h"
#include "tool_heap.h"

/* n random gets in the session. Returns how many bytes the library holds afterwards. */
static long long kv_memory_gets(const kv_bench *bench, const kv_source *source,
                                peer_session *session, uint64_t n) {
  unsigned char room[PEER_KEY_ROOM];
  uint64_t state = bench->seed, i;
  for (i = 0; i < n; i++) {
    tv_slice key, value = {NULL, 0}, unused;
    kv_source_record(source, kv_random_below(&state, bench->records), room, &key, &unused);
    if (bench->engine[0]->get(session, key, &value) != TV_OK)
      heap_stop("a get found nothing while counting memory");
  }
  return heap_count_bytes();
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
  heap_count_begin();
  kv_stores_open(&small, "memory", &setup, &stores);
  stop = kv_stores_fill(&small, "filling a small store", &batch, &stores);
  if (!stop) {
    if (small.engine[0]->session_open(stores.store[0], 1, &session) != 0)
      heap_stop("%s", small.engine[0]->error(stores.store[0]));
    few = kv_memory_gets(&small, source, session, 100);
    calls = heap_count_calls();
    many = kv_memory_gets(&small, source, session, 100000);
    calls = heap_count_calls() - calls;
    small.engine[0]->session_close(session);
    kv_memory_add(bench, "allocations in 100,000 gets", (double)calls);
    kv_memory_add(bench, "bytes a read transaction grew by in them", (double)(many - few));
  }
  kv_stores_close(&small, &stores);
  heap_count_end();
  return stop;
}
