/* SPDX-License-Identifier: MIT */
/* Order statistics of a few samples. */
#ifndef TRIVET_BENCH_PAIRED_STATS_H
#define TRIVET_BENCH_PAIRED_STATS_H

#include <stddef.h>

typedef struct paired_spread {
  double median, p25, p75, min, max;
} paired_spread;

/* The q-quantile (0 to 1) of n sorted samples, linear between neighbours (type 7 of Hyndman and
 * Fan, what R and NumPy do by default). n > 0. */
double paired_quantile(const double *sorted, size_t n, double q);
/* The spread of n samples in any order; all zero when n is 0. */
paired_spread paired_spread_of(const double *samples, size_t n);

#endif
