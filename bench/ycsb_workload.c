/* SPDX-License-Identifier: MIT */
/*
 * What YCSB's workloads are: mixes, choice of records, keys and fields. An operation follows from
 * its number alone, so that every engine gets the same ones whatever threads share them; YCSB
 * draws from one generator per thread, which gives the same distribution and no such promise.
 */
#include <stdio.h>
#include <string.h>

#include "kv_bench.h"
#include "ycsb.h"

const ycsb_mix ycsb_mixes[6] = {
    {"update heavy: half reads, half updates", {0.5, 0.5, 0, 0, 0}, YCSB_ZIPFIAN, 'A'},
    {"read mostly: 95 % reads, 5 % updates", {0.95, 0.05, 0, 0, 0}, YCSB_ZIPFIAN, 'B'},
    {"read only", {1, 0, 0, 0, 0}, YCSB_ZIPFIAN, 'C'},
    {"read latest: 95 % reads, 5 % inserts", {0.95, 0, 0.05, 0, 0}, YCSB_LATEST, 'D'},
    {"short ranges: 95 % scans of 1 to 100, 5 % inserts", {0, 0, 0.05, 0.95, 0}, YCSB_ZIPFIAN, 'E'},
    {"half reads, half read-modify-writes", {0.5, 0, 0, 0, 0.5}, YCSB_ZIPFIAN, 'F'},
};

const char *ycsb_kind_name(ycsb_kind kind) {
  static const char *const names[YCSB_KINDS] = {"read", "update", "insert", "scan",
                                                "read-modify-write"};
  return names[kind];
}

/* Uniform in [0, 1). */
static double ycsb_uniform(uint64_t *state) {
  return (double)(kv_random(state) >> 11) * 0x1p-53;
}

static ycsb_kind ycsb_kind_at(const ycsb_mix *mix, double u) {
  int kind;
  for (kind = 0; kind < YCSB_KINDS - 1; kind++) {
    if (u < mix->share[kind]) return (ycsb_kind)kind;
    u -= mix->share[kind];
  }
  return mix->share[kind] > 0 ? (ycsb_kind)kind : YCSB_READ; /* what rounding leaves over */
}

ycsb_operation ycsb_operation_at(const ycsb_mix *mix, uint64_t seed, uint64_t i, uint64_t n,
                                 zipfian *latest) {
  uint64_t state = seed ^ (i * UINT64_C(0xD1342543DE82EF95));
  ycsb_operation it = {0};
  it.kind = ycsb_kind_at(mix, ycsb_uniform(&state));
  if (mix->choice == YCSB_LATEST) {
    zipfian_grow(latest, n);
    it.record = n - 1 - zipfian_at(latest, ycsb_uniform(&state)) % n;
  } else {
    it.record = zipfian_scrambled(n, ycsb_uniform(&state));
  }
  it.rows = 1 + (unsigned)kv_random_below(&state, YCSB_SCAN_MAX);
  it.field = (unsigned)kv_random_below(&state, YCSB_FIELDS);
  it.salt = kv_random(&state);
  return it;
}

tv_slice ycsb_key(uint64_t i, void *room) {
  int size = snprintf(room, PEER_KEY_ROOM, "user%llu", (unsigned long long)zipfian_hash(i));
  return tv_bytes(room, (size_t)size);
}

void ycsb_field(uint64_t record, unsigned field, uint64_t salt, void *room) {
  uint64_t state = record * YCSB_FIELDS + field + salt * UINT64_C(0x9E3779B97F4A7C15);
  unsigned char *to = room;
  size_t at;
  for (at = 0; at < YCSB_FIELD_BYTES; at += 4) { /* printable, as YCSB's are */
    uint32_t word = (uint32_t)kv_random(&state);
    word = (word & 0x3f3f3f3fu) + 0x20202020u;
    memcpy(to + at, &word, 4);
  }
}
