/* SPDX-License-Identifier: MIT */
/*
 * A histogram of latencies: log-linear, as HdrHistogram has it (Gil Tene, hdrhistogram.org). Each
 * power of two is split into 1,024 equal parts, so a value is known to 0.1 % from 1 ns to 18
 * minutes; longer ones count as that. Recording costs two shifts and an increment, on one thread.
 */
#ifndef TRIVET_BENCH_LATENCY_H
#define TRIVET_BENCH_LATENCY_H

#include <stdint.h>

#define LATENCY_PART_BITS 10
#define LATENCY_MAGNITUDES 31 /* powers of two above the parts of the first one */
#define LATENCY_BUCKETS ((LATENCY_MAGNITUDES + 1) << LATENCY_PART_BITS)
#define LATENCY_NS_MAX ((UINT64_C(1) << (LATENCY_PART_BITS + LATENCY_MAGNITUDES - 1)) - 1)

typedef struct latency {
  uint64_t count, min, max; /* ns; max as recorded, beyond LATENCY_NS_MAX, too */
  double sum;
  uint64_t bucket[LATENCY_BUCKETS];
} latency;

void latency_clear(latency *histogram);
void latency_record(latency *histogram, uint64_t ns);
/* Adds what another one counted. */
void latency_add(latency *to, const latency *from);
/*
 * The least value that a share q (0 to 1) of the values does not exceed, to 0.1 %; 0 when there are
 * none, the exact greatest for q = 1.
 */
uint64_t latency_at(const latency *histogram, double q);
double latency_mean(const latency *histogram);

#endif
