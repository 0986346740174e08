/* SPDX-License-Identifier: MIT */
/*
 * Zipfian numbers. Rejection sampling (as newer generators use) draws the same distribution without
 * zeta(n), and was rejected for that: the numbers are to be those of YCSB.
 */
#include "zipfian.h"

#include <math.h>

#define ZIPFIAN_SCRAMBLED_N UINT64_C(10000000000)
#define ZIPFIAN_SCRAMBLED_ZETA 26.46902820178302 /* zeta(10^10), as YCSB has it */

static void zipfian_settle(zipfian *z) {
  z->alpha = 1 / (1 - ZIPFIAN_THETA);
  z->zeta_2 = 1 + pow(0.5, ZIPFIAN_THETA);
  z->eta = (1 - pow(2 / (double)z->n, 1 - ZIPFIAN_THETA)) / (1 - z->zeta_2 / z->zeta_n);
}

void zipfian_grow(zipfian *z, uint64_t n) {
  if (n <= z->n) return;
  for (; z->n < n; z->n++) z->zeta_n += 1 / pow((double)(z->n + 1), ZIPFIAN_THETA);
  zipfian_settle(z);
}

void zipfian_begin(zipfian *z, uint64_t n) {
  *z = (zipfian){0};
  zipfian_grow(z, n);
}

uint64_t zipfian_at(const zipfian *z, double u) {
  double uz = u * z->zeta_n;
  uint64_t at;
  if (uz < 1) return 0;
  if (uz < z->zeta_2) return z->n > 1 ? 1 : 0;
  at = (uint64_t)((double)z->n * pow(z->eta * u - z->eta + 1, z->alpha));
  return at < z->n ? at : z->n - 1; /* rounding at u near 1 */
}

uint64_t zipfian_hash(uint64_t number) {
  uint64_t hash = UINT64_C(0xCBF29CE484222325);
  int i;
  for (i = 0; i < 8; i++, number >>= 8) {
    hash ^= number & 0xff;
    hash *= UINT64_C(1099511628211);
  }
  return (int64_t)hash < 0 ? 0 - hash : hash; /* Java's absolute value */
}

uint64_t zipfian_scrambled(uint64_t n, double u) {
  /* As zipfian_settle computes them; a test compares. */
  static const zipfian wide = {ZIPFIAN_SCRAMBLED_N, ZIPFIAN_SCRAMBLED_ZETA, 1.5034777750283594,
                               1 / (1 - ZIPFIAN_THETA), 0.21220003380882607};
  return zipfian_hash(zipfian_at(&wide, u)) % n;
}
