/* SPDX-License-Identifier: MIT */
/*
 * Records that cost next to nothing to make. Filling each value with random numbers was rejected:
 * at 13 multiplications it would take a tenth of a bulk load's time, on both sides, and
 * draw every ratio towards 1.
 */
#include <stdlib.h>

#include "kv_bench.h"
#include "tool_heap.h"

uint64_t kv_random(uint64_t *state) {
  uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

uint64_t kv_random_below(uint64_t *state, uint64_t n) {
  /* The high half of a 32-bit fraction times n: no division, no bias worth the name for n < 2^32.
   */
  if (n <= UINT32_MAX) return ((kv_random(state) >> 32) * n) >> 32;
  return kv_random(state) % n;
}

void kv_source_begin(kv_source *source, uint64_t seed) {
  uint64_t state = seed;
  size_t at;
  source->pool = heap_take(KV_POOL_BYTES + KV_VALUE_BYTES);
  for (at = 0; at < KV_POOL_BYTES; at += 8) {
    uint64_t word = kv_random(&state);
    memcpy(source->pool + at, &word, 8);
  }
  memcpy(source->pool + KV_POOL_BYTES, source->pool, KV_VALUE_BYTES);
  source->salt = 0;
}

void kv_source_end(kv_source *source) {
  free(source->pool);
  source->pool = NULL;
}

void kv_source_record(const void *ctx, uint64_t i, void *key_room, tv_slice *key, tv_slice *value) {
  static const char digits[] = "0123456789abcdef";
  const kv_source *source = ctx;
  uint64_t place = (i + source->salt) * UINT64_C(0x9E3779B97F4A7C15);
  unsigned char *to = key_room;
  int d;
  for (d = 0; d < KV_KEY_BYTES; d++) to[d] = (unsigned char)digits[(i >> (60 - 4 * d)) & 15];
  *key = tv_bytes(to, KV_KEY_BYTES);
  *value = tv_bytes(source->pool + (place >> 44), KV_VALUE_BYTES);
}
