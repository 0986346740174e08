/* SPDX-License-Identifier: MIT */
/*
 * Medians and quartiles. Means and standard deviations were rejected: one run that the machine
 * disturbed moves a mean by as much as it likes and a median by nothing.
 */
#include "paired_stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tool_heap.h"

static int paired_compare(const void *a, const void *b) {
  double x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return (x > y) - (x < y);
}

double paired_quantile(const double *sorted, size_t n, double q) {
  double at = q * (double)(n - 1);
  size_t low = (size_t)floor(at);
  double part = at - (double)low;
  if (low + 1 >= n) return sorted[n - 1];
  return sorted[low] + part * (sorted[low + 1] - sorted[low]);
}

paired_spread paired_spread_of(const double *samples, size_t n) {
  paired_spread spread = {0, 0, 0, 0, 0};
  double *sorted;
  if (n == 0) return spread;
  sorted = heap_take(n * sizeof *sorted);
  memcpy(sorted, samples, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, paired_compare);
  spread.median = paired_quantile(sorted, n, 0.5);
  spread.p25 = paired_quantile(sorted, n, 0.25);
  spread.p75 = paired_quantile(sorted, n, 0.75);
  spread.min = sorted[0];
  spread.max = sorted[n - 1];
  free(sorted);
  return spread;
}
