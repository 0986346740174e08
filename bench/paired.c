/* SPDX-License-Identifier: MIT */
/*
 * Rounds of alternating runs. The alternative, all runs of one side and then all of the other (or
 * two processes), was rejected: frequency scaling, page cache and neighbours drift over seconds,
 * and drift between blocks looks like a difference between sides.
 */
#include "paired.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "interrupt.h"
#include "tool_heap.h"

#define PAIRED_BATCH_MAX (UINT64_C(1) << 24)

static void paired_begin(const paired_plan *plan, paired_kind kind, unsigned rounds,
                         paired_result *result) {
  size_t s;
  memset(result, 0, sizeof *result);
  snprintf(result->name, sizeof result->name, "%s", plan->name);
  snprintf(result->operation, sizeof result->operation, "%s", plan->operation);
  result->kind = kind;
  result->operations = plan->operations > 0 ? plan->operations : 1;
  result->own_time = plan->own_time;
  result->bar_kind = plan->bar_kind;
  result->bar = plan->bar;
  result->sides = plan->sides;
  for (s = 0; s < plan->sides; s++) {
    snprintf(result->side[s].name, sizeof result->side[s].name, "%s", plan->side[s].name);
    result->side[s].batch = 1;
    result->side[s].samples = heap_take(rounds * sizeof(double));
  }
}

static int paired_fail(paired_result *result, const char *side, const char *why) {
  result->state = PAIRED_FAILED;
  snprintf(result->why, sizeof result->why, "%.60s: %.180s", side,
           why[0] != '\0' ? why : "failed and gave no reason");
  return -1;
}

/* One sample: prepare, then batch runs under the clock, then the answer. */
static int paired_sample(const paired_side *side, unsigned round, uint64_t batch,
                         paired_result *result, double *ns, uint64_t *answer) {
  char why[PAIRED_TEXT_BYTES] = "";
  uint64_t i, from, to, first = 0, differ = 0;
  if (side->prepare != NULL && side->prepare(side->ctx, round, why) != 0)
    return paired_fail(result, side->name, why);
  from = result->own_time ? clock_own_ns() : clock_ns();
  for (i = 0; i < batch; i++) {
    uint64_t got = 0;
    if (side->run(side->ctx, round, &got, why) != 0) return paired_fail(result, side->name, why);
    if (i == 0) first = got;
    differ |= got ^ first;
  }
  to = result->own_time ? clock_own_ns() : clock_ns();
  *ns = (double)(to - from);
  *answer = first;
  if (differ != 0) return paired_fail(result, side->name, "its answer changed between two runs");
  if (side->answer != NULL && side->answer(side->ctx, round, answer, why) != 0)
    return paired_fail(result, side->name, why);
  return 0;
}

/* Finds how many runs make a sample of at least batch_ns; the runs are warm-up as well. */
static int paired_calibrate(const paired_plan *plan, size_t s, paired_result *result,
                            uint64_t *answer) {
  uint64_t batch = 1;
  for (;;) {
    double ns, factor;
    if (paired_sample(&plan->side[s], 0, batch, result, &ns, answer) != 0) return -1;
    if (plan->batch_ns > 0 && !interrupt_seen()) { /* a sample can be long for being disturbed */
      double again;
      if (paired_sample(&plan->side[s], 0, batch, result, &again, answer) != 0) return -1;
      if (again < ns) ns = again;
    }
    if (plan->batch_ns == 0 || ns >= 0.8 * (double)plan->batch_ns || batch >= PAIRED_BATCH_MAX)
      break;
    if (interrupt_seen()) break;
    factor = ns > 0 ? (double)plan->batch_ns / ns : 10;
    factor = factor > 10 ? 10 : factor < 1.25 ? 1.25 : factor;
    batch = (uint64_t)ceil((double)batch * factor);
  }
  result->side[s].batch = batch;
  return 0;
}

static int paired_same(paired_result *result, const uint64_t *answers, unsigned round) {
  size_t s;
  result->answer = answers[0];
  for (s = 1; s < result->sides; s++) {
    if (answers[s] == answers[0]) continue;
    result->state = PAIRED_UNEQUAL;
    snprintf(result->why, sizeof result->why,
             "answers differ in round %u: %s gives %016llx, %s gives %016llx", round,
             result->side[0].name, (unsigned long long)answers[0], result->side[s].name,
             (unsigned long long)answers[s]);
    return -1;
  }
  return 0;
}

/* Returns 0: the round counts; 1: interrupted; -1: failed. */
static int paired_round(const paired_plan *plan, unsigned round, paired_result *result) {
  double ns[PAIRED_SIDES_MAX];
  uint64_t answers[PAIRED_SIDES_MAX] = {0};
  size_t i, s;
  for (i = 0; i < plan->sides; i++) {
    s = ((round % 2 == 0 ? i : plan->sides - 1 - i) + round / 2) % plan->sides;
    if (interrupt_seen()) return 1;
    if (paired_sample(&plan->side[s], round, result->side[s].batch, result, &ns[s], &answers[s]))
      return interrupt_seen() ? 1 : -1;
  }
  if (interrupt_seen()) return 1;
  if (paired_same(result, answers, round) != 0) return -1;
  for (s = 0; s < plan->sides; s++)
    result->side[s].samples[result->rounds] =
        ns[s] / (double)result->side[s].batch / (double)result->operations;
  result->rounds++;
  return 0;
}

static void paired_finish(paired_result *result) {
  size_t s;
  for (s = 0; s < result->sides; s++)
    result->side[s].spread = paired_spread_of(result->side[s].samples, result->rounds);
  if (result->sides > 1) result->ratio = paired_ratio(result, 0, 1);
}

paired_state paired_run(const paired_plan *plan, paired_result *result) {
  unsigned rounds_min = plan->rounds_min > 0 ? plan->rounds_min : 3;
  unsigned rounds_max = plan->rounds_max > rounds_min ? plan->rounds_max : rounds_min;
  uint64_t answers[PAIRED_SIDES_MAX] = {0}, started;
  unsigned round;
  size_t s;
  int rc = 0;
  paired_begin(plan, plan->kind, rounds_max, result);
  for (s = 0; s < plan->sides && rc == 0; s++) {
    rc = interrupt_seen() ? 1 : paired_calibrate(plan, s, result, &answers[s]);
    if (rc < 0 && interrupt_seen()) rc = 1;
  }
  if (rc == 0 && interrupt_seen()) rc = 1;
  if (rc == 0) rc = paired_same(result, answers, 0);
  started = clock_ns();
  for (round = 1; round <= rounds_max && rc == 0; round++) {
    if (round > rounds_min && plan->budget_ns > 0 && clock_ns() - started > plan->budget_ns) break;
    if (plan->tick != NULL) plan->tick(plan->tick_ctx, round);
    rc = paired_round(plan, round, result);
  }
  if (rc == 1) {
    result->state = PAIRED_INTERRUPTED;
    result->why[0] = '\0'; /* what a side said when it was stopped */
  }
  paired_finish(result);
  return result->state;
}

void paired_counts(const paired_plan *plan, paired_kind kind, const double *numbers,
                   paired_result *result) {
  size_t s;
  paired_begin(plan, kind, 1, result);
  result->rounds = 1;
  for (s = 0; s < plan->sides; s++) result->side[s].samples[0] = numbers[s];
  paired_finish(result);
  if (kind == PAIRED_COUNT) result->ratio = result->side[0].spread;
}

void paired_count(const paired_plan *plan, paired_kind kind, double ours, double peer,
                  paired_result *result) {
  double numbers[PAIRED_SIDES_MAX] = {ours, peer};
  paired_counts(plan, kind, numbers, result);
}

paired_spread paired_ratio(const paired_result *result, size_t side, size_t other) {
  double *ratios = heap_take((result->rounds + 1) * sizeof *ratios);
  paired_spread spread;
  unsigned r;
  for (r = 0; r < result->rounds; r++) {
    double ours = result->side[side].samples[r], others = result->side[other].samples[r];
    int inverse = result->kind == PAIRED_SPACE || result->kind == PAIRED_TIME;
    double above = inverse ? ours : others;
    double below = inverse ? others : ours;
    ratios[r] = below > 0 ? above / below : 0;
  }
  spread = paired_spread_of(ratios, result->rounds);
  free(ratios);
  return spread;
}

size_t paired_fastest(const paired_result *result) {
  size_t s, fastest = 0;
  for (s = 1; s < result->sides; s++)
    if (result->side[s].spread.median < result->side[fastest].spread.median) fastest = s;
  return fastest;
}

int paired_reached(const paired_result *result) {
  if (result->state != PAIRED_DONE || result->rounds == 0) return 0;
  if (result->bar_kind == PAIRED_AT_LEAST) return result->ratio.median >= result->bar;
  if (result->bar_kind == PAIRED_AT_MOST) return result->ratio.median <= result->bar;
  return 1;
}

void paired_free(paired_result *result) {
  size_t s;
  for (s = 0; s < result->sides; s++) {
    free(result->side[s].samples);
    result->side[s].samples = NULL;
  }
}
