/* SPDX-License-Identifier: MIT */
/*
 * YCSB's core workloads A to F (Cooper et al., SoCC 2010; the workload files of YCSB 0.17):
 * records of ten fields of 100 bytes, keys "user" and a hash of the record's number, reads of
 * all fields, updates of one.
 */
#ifndef TRIVET_BENCH_YCSB_H
#define TRIVET_BENCH_YCSB_H

#include <pthread.h>
#include <stdatomic.h>

#include "latency.h"
#include "open_loop.h"
#include "paired_report.h"
#include "peer.h"
#include "zipfian.h"

#define YCSB_FIELDS 10
#define YCSB_FIELD_BYTES 100
#define YCSB_RECORD_BYTES ((size_t)YCSB_FIELDS * YCSB_FIELD_BYTES)
#define YCSB_SCAN_MAX 100
#define YCSB_THREADS_MAX OPEN_LOOP_THREADS_MAX
#define YCSB_ENGINES_MAX 5

typedef enum ycsb_kind {
  YCSB_READ = 0,
  YCSB_UPDATE,
  YCSB_INSERT,
  YCSB_SCAN,
  YCSB_READ_MODIFY_WRITE,
  YCSB_KINDS
} ycsb_kind;

typedef enum ycsb_choice { YCSB_ZIPFIAN = 0, YCSB_LATEST } ycsb_choice;

typedef struct ycsb_mix {
  const char *about;
  double share[YCSB_KINDS]; /* sum 1 */
  ycsb_choice choice;
  char letter;
} ycsb_mix;

extern const ycsb_mix ycsb_mixes[6];
const char *ycsb_kind_name(ycsb_kind kind);

typedef struct ycsb_operation {
  ycsb_kind kind;
  uint64_t record; /* not of an insert: it takes the next number */
  unsigned field, rows;
  uint64_t salt; /* of what is written */
} ycsb_operation;

/* Operation i of a mix over n records: the same for every engine. latest: its state, for n records
 * or fewer; it grows. */
ycsb_operation ycsb_operation_at(const ycsb_mix *mix, uint64_t seed, uint64_t i, uint64_t n,
                                 zipfian *latest);

/* Record i's key, up to 24 bytes, into room. */
tv_slice ycsb_key(uint64_t i, void *room);
/* The bytes of one field of a record, as the salt decides, into room. */
void ycsb_field(uint64_t record, unsigned field, uint64_t salt, void *room);

/* ---- ycsb_run.c: a workload on one engine ---- */

typedef struct ycsb_store {
  const peer_engine *engine;
  peer_store *store;
  uint64_t loaded;               /* records at the start */
  atomic_uint_fast64_t inserted; /* ... and after inserts began; those below `known` are there */
  atomic_uint_fast64_t known;
  pthread_mutex_t ended_lock;
  unsigned char ended[4096]; /* inserts from known on that ended out of turn */
  peer_session *session[YCSB_THREADS_MAX];
} ycsb_store;

typedef struct ycsb_load {
  const ycsb_mix *mix;
  uint64_t seed;
  double rate; /* 0: closed loop */
  double seconds;
  uint64_t operations; /* 0: as many as the seconds allow */
  unsigned threads;
} ycsb_load;

/* Opens the engine in the folder and loads n records. Returns 0, or -1 with *why
 * (PEER_WHY_BYTES). */
int ycsb_open(ycsb_store *store, const peer_engine *engine, const char *folder, int durable,
              uint64_t n, char *why);
void ycsb_close(ycsb_store *store);
/* Runs a load. sum: of what was read. Returns 0, or -1 with *why. */
int ycsb_run(ycsb_store *store, const ycsb_load *load, open_loop_result *result, uint64_t *sum,
             char *why);

/* ---- ycsb_report.c ---- */

typedef enum ycsb_state {
  YCSB_NOT_RUN = 0,
  YCSB_DONE,
  YCSB_PARTIAL,
  YCSB_UNEQUAL,
  YCSB_FAILED
} ycsb_state;

/* One workload on one engine. */
typedef struct ycsb_figures {
  ycsb_state state;
  char why[PEER_WHY_BYTES];
  uint64_t answer;          /* of the operations by which engines are compared */
  paired_spread throughput; /* closed loop, operations per second */
  double samples[16];
  unsigned rounds;
  double rate;               /* of the open loop */
  open_loop_result *latency; /* of the open loop; NULL: not run */
  double best_rate;          /* the highest found at which p99 met the SLO; 0: none */
} ycsb_figures;

typedef struct ycsb_report {
  const char *command;
  machine_facts machine;
  const peer_engine *engine[YCSB_ENGINES_MAX];
  size_t engines;
  uint64_t records, seed;
  unsigned threads;
  int durable;
  double seconds, slo_us;
  ycsb_figures figures[6][YCSB_ENGINES_MAX]; /* by workload and engine */
  int interrupted;
} ycsb_report;

void ycsb_report_table(const ycsb_report *report, FILE *out);
/* Returns 0, or an errno after saying so on stderr. */
int ycsb_report_json(const ycsb_report *report, const char *path);

int ycsb_command(int argc, char **argv);

#endif
