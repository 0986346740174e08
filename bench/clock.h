/* SPDX-License-Identifier: MIT */
/*
 * The clock of every measurement: monotonic, nanoseconds. Reading it costs some 20 ns, so whoever
 * times something shorter than a microsecond repeats it (see paired.h).
 */
#ifndef TRIVET_BENCH_CLOCK_H
#define TRIVET_BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Nanoseconds that the calling thread has run: they stand still while others have the processor. */
static inline uint64_t clock_own_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#endif
