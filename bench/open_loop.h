/* SPDX-License-Identifier: MIT */
/*
 * Load that does not wait for the system under it. Operation i is due at start + i / rate, whether
 * the ones before have ended or not, and its latency counts from then: what a user would wait who
 * came at that moment. A loop that sends the next request after the last answer leaves out just the
 * times that are bad ("coordinated omission", Gil Tene, How NOT to Measure Latency, 2013).
 *
 * A worker that slept until an operation is due, and was woken late by the operating system, is the
 * load generator's fault: then the latency counts from when it woke, and the delay is told apart.
 */
#ifndef TRIVET_BENCH_OPEN_LOOP_H
#define TRIVET_BENCH_OPEN_LOOP_H

#include "latency.h"

#define OPEN_LOOP_THREADS_MAX 64

typedef struct open_loop_plan {
  double rate;         /* operations per second; 0: as fast as the threads go (a closed loop) */
  uint64_t operations; /* in all; the run also ends after seconds (0: no limit) */
  double seconds;
  unsigned threads; /* 1 to OPEN_LOOP_THREADS_MAX */
  /* Operation i on thread t. Returns 0, or -1 to end the run. */
  int (*run)(void *ctx, unsigned thread, uint64_t i);
  void *ctx;
} open_loop_plan;

typedef struct open_loop_result {
  uint64_t operations; /* that ended */
  double seconds;      /* from the start to the last end */
  int failed;          /* an operation returned -1 */
  int interrupted;
  latency latencies; /* from when each was due */
  uint64_t late_ns;  /* the p99 of how late sleeping workers were woken */
  double behind;     /* how far the last operation began after it was due, seconds: above the
                        latency that is looked for, the rate was not sustained */
} open_loop_result;

/* Runs a plan. Returns 0, or -1 when an operation failed. */
int open_loop_run(const open_loop_plan *plan, open_loop_result *result);

#endif
