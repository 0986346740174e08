/* SPDX-License-Identifier: MIT */
/* The parts of `trivet-bench kv`: what it measures is in kv_reads.c, kv_writes.c, kv_documents.c
 * and kv_memory.c; kv_command.c puts them in order. */
#ifndef TRIVET_BENCH_KV_BENCH_H
#define TRIVET_BENCH_KV_BENCH_H

#include <stdint.h>

#include "paired_report.h"
#include "peer.h"

#define KV_THREADS_MAX 64
#define KV_RECORDS_FEW 10000 /* below, runs are only long enough to see that they work */
#define KV_THREAD_COUNTS_MAX 8
#define KV_ENGINES_MAX 5 /* as PEERS_MAX */

typedef struct kv_bench {
  uint64_t records;
  uint64_t seed;
  int quick;
  unsigned threads[KV_THREAD_COUNTS_MAX]; /* of the random gets */
  size_t threads_n;
  const peer_engine *engine[KV_ENGINES_MAX]; /* ours; the peer of the ratio; further ones */
  size_t engines;
  int bars_only;      /* 1: only measures that have a bar */
  const char *folder; /* scratch, on a disk */
  paired_report *report;
} kv_bench;

/* ---- kv_source.c: the records ---- */

#define KV_KEY_BYTES 16
#define KV_VALUE_BYTES 100
#define KV_POOL_BYTES ((size_t)1 << 20)

/* Record i: 16 hexadecimal digits of i, so keys ascend with i; 100 bytes out of a pool of random
 * ones, at a place that i and the salt decide: a value costs a multiplication to make. */
typedef struct kv_source {
  unsigned char *pool;
  uint64_t salt;
} kv_source;
void kv_source_begin(kv_source *source, uint64_t seed);
void kv_source_end(kv_source *source);
void kv_source_record(const void *ctx, uint64_t i, void *key_room, tv_slice *key, tv_slice *value);
/* splitmix64: the next number of a sequence. */
uint64_t kv_random(uint64_t *state);
/* A number below n, n > 0. */
uint64_t kv_random_below(uint64_t *state, uint64_t n);

/* ---- measures; each adds its results to the report ---- */

/* A store of each engine, opened and closed together. NULL: closed, or not opened. */
typedef struct kv_stores {
  peer_store *store[KV_ENGINES_MAX];
} kv_stores;
/* Opens fresh stores in FOLDER/name-WORD; stops the program on a failure. */
void kv_stores_open(const kv_bench *bench, const char *name, const peer_setup *setup,
                    kv_stores *stores);
/* Fills all with the same batch, with a progress line. Returns 0; 1: interrupted. */
int kv_stores_fill(const kv_bench *bench, const char *label, const peer_batch *batch,
                   kv_stores *stores);
void kv_stores_close(const kv_bench *bench, kv_stores *stores);
/* How long a measure takes: many short rounds within some seconds, fewer with --quick, more with
 * more engines. */
void kv_rounds(const kv_bench *bench, paired_plan *plan, double seconds);
/* Gives a plan its bar, runs it, adds it to the report and says so on stderr; with bars_only a plan
 * without one is left out. Returns 1 when interrupted. */
int kv_measure(const kv_bench *bench, const paired_plan *plan);

int kv_measure_reads(const kv_bench *bench, kv_stores *stores, const kv_source *source);
int kv_measure_puts(const kv_bench *bench, kv_stores *stores, const kv_source *source);
int kv_measure_bulk(const kv_bench *bench, const kv_source *source);
int kv_measure_durable(const kv_bench *bench, const kv_source *source);
int kv_measure_documents(const kv_bench *bench);
int kv_measure_memory(const kv_bench *bench, const kv_source *source);

/* ---- kv_bars.c ---- */

/* Gives the plan its bar, or PAIRED_NO_BAR. */
void kv_bar_set(const kv_bench *bench, paired_plan *plan);
/* Adds the measures with a bar that the report lacks, as interrupted ones. */
void kv_bars_missing(const kv_bench *bench);
size_t kv_bars_count(void);

int kv_command(int argc, char **argv);

#endif
