/* SPDX-License-Identifier: MIT */
/*
 * The paired-run harness: two or more ways to do the same thing, timed by turns in one process so
 * that what the machine does meanwhile hits all of them alike.
 *
 * A round runs every side once. Rounds come in pairs, the second in the order opposite to the
 * first's, and who goes first rotates from pair to pair: whoever is second finds warm caches, and
 * in A B B A a steady drift of the machine cancels out. Round 0 warms up and is not counted. Each
 * run answers with 64 bits; sides whose answers differ within a round end the measure as
 * PAIRED_UNEQUAL: a time of a wrong answer is no time. Figures are medians with quartiles over the
 * rounds, and a ratio is the median of the rounds' own ratios.
 */
#ifndef TRIVET_BENCH_PAIRED_H
#define TRIVET_BENCH_PAIRED_H

#include <stddef.h>
#include <stdint.h>

#include "paired_stats.h"

#define PAIRED_SIDES_MAX 8
#define PAIRED_TEXT_BYTES 256

/* All return 0, or non-zero to fail (then *why, PAIRED_TEXT_BYTES, says why). */
typedef struct paired_side {
  const char *name;
  int (*prepare)(void *ctx, unsigned round, char *why);               /* not timed; may be NULL */
  int (*run)(void *ctx, unsigned round, uint64_t *answer, char *why); /* timed */
  int (*answer)(void *ctx, unsigned round, uint64_t *answer, char *why); /* not timed: reads back
                                            what run wrote and replaces its answer; may be NULL */
  void *ctx;
} paired_side;

typedef enum paired_kind {
  PAIRED_SPEED = 0, /* samples: nanoseconds per operation; ratio: peer's / ours, so > 1: faster */
  PAIRED_SPACE,     /* samples: bytes; ratio: ours / peer's, so < 1: smaller */
  PAIRED_COUNT,     /* samples: a number of ours alone; "ratio" is that number */
  PAIRED_TIME       /* samples as PAIRED_SPEED's; ratio: ours / peer's, so < 1: faster */
} paired_kind;

typedef enum paired_bar { PAIRED_NO_BAR = 0, PAIRED_AT_LEAST, PAIRED_AT_MOST } paired_bar;

typedef struct paired_plan {
  const char *name;      /* of the measure */
  const char *operation; /* what one operation is: "get", "row" */
  uint64_t operations;   /* of one run */
  paired_kind kind;      /* of a timed measure: PAIRED_SPEED or PAIRED_TIME */
  unsigned rounds_min;   /* 0: 3 */
  unsigned rounds_max;   /* 0: rounds_min */
  uint64_t budget_ns;    /* rounds beyond rounds_min begin only within it; 0: none */
  uint64_t batch_ns;     /* a run shorter than this is repeated until it is; 0: run once. The run
                            must then be repeatable and give the same answer each time */
  paired_bar bar_kind;
  double bar;
  int own_time; /* 1: the clock is the running time of the calling thread, for runs of one thread
                   that wait for nothing; 0: time that passes */
  void (*tick)(void *ctx, unsigned round); /* before each round, not timed; may be NULL */
  void *tick_ctx;
  size_t sides; /* the first is ours, the second the peer that the ratio is taken to */
  paired_side side[PAIRED_SIDES_MAX];
} paired_plan;

typedef enum paired_state {
  PAIRED_DONE = 0,
  PAIRED_INTERRUPTED, /* what was complete until then is there */
  PAIRED_UNEQUAL,
  PAIRED_FAILED
} paired_state;

typedef struct paired_result {
  char name[PAIRED_TEXT_BYTES];
  char operation[32];
  paired_kind kind;
  paired_state state;
  char why[PAIRED_TEXT_BYTES]; /* of PAIRED_UNEQUAL and PAIRED_FAILED */
  uint64_t operations;
  int own_time;
  unsigned rounds; /* complete ones */
  paired_bar bar_kind;
  double bar;
  size_t sides;
  struct {
    char name[64];
    uint64_t batch;  /* runs per sample */
    double *samples; /* one per round */
    paired_spread spread;
  } side[PAIRED_SIDES_MAX];
  uint64_t answer;     /* of the last round */
  paired_spread ratio; /* of the first side to the second; see paired_kind */
} paired_result;

/* Runs a plan. Returns result->state. Free with paired_free. */
paired_state paired_run(const paired_plan *plan, paired_result *result);
/* A result that was counted, not timed: a number for each side. */
void paired_counts(const paired_plan *plan, paired_kind kind, const double *numbers,
                   paired_result *result);
/* The same for one side or two. */
void paired_count(const paired_plan *plan, paired_kind kind, double ours, double peer,
                  paired_result *result);
/* The spread over the rounds of (time of `other`) / (time of `side`). */
paired_spread paired_ratio(const paired_result *result, size_t side, size_t other);
/* The side with the smallest median. */
size_t paired_fastest(const paired_result *result);
/* 1: the bar is reached (or there is none). A partial or failed result never reaches one. */
int paired_reached(const paired_result *result);
void paired_free(paired_result *result);

#endif
