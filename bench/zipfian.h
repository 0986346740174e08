/* SPDX-License-Identifier: MIT */
/*
 * Zipfian numbers as YCSB draws them (Cooper et al., Benchmarking Cloud Serving Systems with YCSB,
 * SoCC 2010; the algorithm is Gray et al., Quickly Generating Billion-Record Synthetic Databases,
 * SIGMOD 1994, with theta 0.99).
 */
#ifndef TRIVET_BENCH_ZIPFIAN_H
#define TRIVET_BENCH_ZIPFIAN_H

#include <stdint.h>

#define ZIPFIAN_THETA 0.99

typedef struct zipfian {
  uint64_t n; /* numbers are 0 to n - 1, 0 the most frequent */
  double zeta_n, zeta_2, alpha, eta;
} zipfian;

/* Cost: n powers, 20 ms for a million. */
void zipfian_begin(zipfian *z, uint64_t n);
/* To more numbers. Cost: a power for each that is new. */
void zipfian_grow(zipfian *z, uint64_t n);
/* The number for u, uniform in [0, 1). */
uint64_t zipfian_at(const zipfian *z, double u);

/*
 * YCSB's scrambled Zipfian: a Zipfian number out of 10,000,000,000 hashed over n items, so that
 * the popular ones are spread over all. Nothing to set up.
 */
uint64_t zipfian_scrambled(uint64_t n, double u);

/* FNV-1 over the number's eight bytes, as YCSB hashes. */
uint64_t zipfian_hash(uint64_t number);

#endif
