/* SPDX-License-Identifier: MIT */
/*
 * The library's allocator hook with counters. A heap profiler would see the same and could not run
 * inside a benchmark.
 */
#include "heap_count.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "tool_heap.h"
#include "trivet.h"

static struct heap_counters {
  atomic_ullong calls;
  atomic_llong bytes, peak;
} heap_counters;

static void heap_count_add(long long bytes) {
  long long now = atomic_fetch_add(&heap_counters.bytes, bytes) + bytes;
  long long peak = atomic_load(&heap_counters.peak);
  while (now > peak && !atomic_compare_exchange_weak(&heap_counters.peak, &peak, now)) continue;
}

static void *heap_count_allocate(void *ctx, size_t bytes) {
  void *taken = malloc(bytes);
  (void)ctx;
  atomic_fetch_add(&heap_counters.calls, 1);
  if (taken != NULL) heap_count_add((long long)malloc_usable_size(taken));
  return taken;
}

static void *heap_count_reallocate(void *ctx, void *old, size_t bytes) {
  long long before = old != NULL ? (long long)malloc_usable_size(old) : 0;
  void *taken = realloc(old, bytes);
  (void)ctx;
  atomic_fetch_add(&heap_counters.calls, 1);
  if (taken != NULL) heap_count_add((long long)malloc_usable_size(taken) - before);
  return taken;
}

static void heap_count_release(void *ctx, void *old) {
  (void)ctx;
  if (old == NULL) return;
  heap_count_add(-(long long)malloc_usable_size(old));
  free(old);
}

void heap_count_begin(void) {
  tv_allocator counting = {heap_count_allocate, heap_count_reallocate, heap_count_release, NULL};
  if (tv_allocator_set(&counting) != TV_OK) heap_stop("cannot count memory: a store is open");
}

void heap_count_end(void) {
  tv_allocator_set(NULL);
}

unsigned long long heap_count_calls(void) {
  return atomic_load(&heap_counters.calls);
}

long long heap_count_bytes(void) {
  return atomic_load(&heap_counters.bytes);
}

long long heap_count_peak(void) {
  return atomic_load(&heap_counters.peak);
}

void heap_count_peak_reset(void) {
  atomic_store(&heap_counters.peak, atomic_load(&heap_counters.bytes));
}
