/* SPDX-License-Identifier: MIT */
/*
 * The log-linear histogram. A sorted array of all samples was rejected: at a million operations a
 * second it is the measure's greatest cost; and so were fixed percentile estimators (P2, t-digest),
 * whose error at p99.99 is not bounded.
 */
#include "latency.h"

#include <string.h>

void latency_clear(latency *histogram) {
  memset(histogram, 0, sizeof *histogram);
}

static unsigned latency_bucket(uint64_t ns) {
  unsigned magnitude;
  if (ns > LATENCY_NS_MAX) ns = LATENCY_NS_MAX;
  if (ns < (UINT64_C(1) << LATENCY_PART_BITS)) return (unsigned)ns;
  magnitude = 63u - (unsigned)__builtin_clzll(ns) - LATENCY_PART_BITS + 1;
  /* The top LATENCY_PART_BITS + 1 bits, less the leading one, behind the magnitude. */
  return (magnitude << LATENCY_PART_BITS) +
         (unsigned)((ns >> (magnitude - 1)) - (UINT64_C(1) << LATENCY_PART_BITS));
}

/* The greatest value of a bucket. */
static uint64_t latency_top(unsigned bucket) {
  unsigned magnitude = bucket >> LATENCY_PART_BITS;
  uint64_t part = bucket & ((1u << LATENCY_PART_BITS) - 1);
  if (magnitude == 0) return part;
  return (((UINT64_C(1) << LATENCY_PART_BITS) + part + 1) << (magnitude - 1)) - 1;
}

void latency_record(latency *histogram, uint64_t ns) {
  if (histogram->count == 0 || ns < histogram->min) histogram->min = ns;
  if (ns > histogram->max) histogram->max = ns;
  histogram->count++;
  histogram->sum += (double)ns;
  histogram->bucket[latency_bucket(ns)]++;
}

void latency_add(latency *to, const latency *from) {
  unsigned i;
  if (from->count == 0) return;
  if (to->count == 0 || from->min < to->min) to->min = from->min;
  if (from->max > to->max) to->max = from->max;
  to->count += from->count;
  to->sum += from->sum;
  for (i = 0; i < LATENCY_BUCKETS; i++) to->bucket[i] += from->bucket[i];
}

uint64_t latency_at(const latency *histogram, double q) {
  uint64_t seen = 0, wanted;
  unsigned i;
  if (histogram->count == 0) return 0;
  if (q >= 1) return histogram->max;
  wanted = (uint64_t)(q * (double)histogram->count + 0.999999); /* rounded up: not fewer than q */
  if (wanted == 0) return histogram->min;
  for (i = 0; i < LATENCY_BUCKETS; i++) {
    seen += histogram->bucket[i];
    if (seen >= wanted) break;
  }
  return latency_top(i) < histogram->max ? latency_top(i) : histogram->max;
}

double latency_mean(const latency *histogram) {
  return histogram->count == 0 ? 0 : histogram->sum / (double)histogram->count;
}
