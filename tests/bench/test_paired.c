/* SPDX-License-Identifier: MIT */
/* The harness: statistics on known samples, order of the runs, what ends a measure. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "interrupt.h"
#include "paired.h"
#include "test_store.h"

static int near(double a, double b) {
  return fabs(a - b) < 1e-9;
}

static void test_quantiles_are_linear_between_neighbours(void **state) {
  static const double samples[] = {7, 1, 3, 5}, one[] = {4};
  paired_spread spread = paired_spread_of(samples, 4);
  (void)state;
  assert_true(near(spread.median, 4));
  assert_true(near(spread.p25, 2.5));
  assert_true(near(spread.p75, 5.5));
  assert_true(near(spread.min, 1) && near(spread.max, 7));
  spread = paired_spread_of(one, 1);
  assert_true(near(spread.median, 4) && near(spread.p25, 4) && near(spread.max, 4));
  spread = paired_spread_of(one, 0);
  assert_true(near(spread.median, 0));
}

static void test_one_wild_sample_does_not_move_the_median(void **state) {
  double samples[11];
  size_t i;
  (void)state;
  for (i = 0; i < 11; i++) samples[i] = 10 + (double)i;
  samples[3] = 1e12;
  assert_true(paired_spread_of(samples, 11).median <= 16);
}

/* A side that writes down when it ran. */
typedef struct logged {
  char name;
  char *log;
  uint64_t answer;
  unsigned differs_in; /* round in which the answer is another; 0: none */
  unsigned fails_in;
  unsigned interrupts_in;
  unsigned long nanoseconds;
} logged;

static int logged_run(void *ctx, unsigned round, uint64_t *answer, char *why) {
  logged *side = ctx;
  size_t at = strlen(side->log);
  side->log[at] = side->name;
  side->log[at + 1] = '\0';
  if (side->nanoseconds > 0) {
    struct timespec pause = {0, (long)side->nanoseconds};
    nanosleep(&pause, NULL);
  }
  if (side->interrupts_in == round && round > 0) interrupt_raise();
  if (side->fails_in == round && round > 0) {
    snprintf(why, PAIRED_TEXT_BYTES, "the disk is gone");
    return -1;
  }
  *answer = side->answer + (side->differs_in == round && round > 0 ? 1 : 0);
  return 0;
}

static paired_plan plan_of(logged *a, logged *b, char *log) {
  paired_plan plan = {0};
  log[0] = '\0';
  *a = (logged){'a', log, 42, 0, 0, 0, 0};
  *b = (logged){'b', log, 42, 0, 0, 0, 0};
  plan.name = "test";
  plan.operation = "run";
  plan.operations = 1;
  plan.rounds_min = 4;
  plan.sides = 2;
  plan.side[0] = (paired_side){"a", NULL, logged_run, NULL, a};
  plan.side[1] = (paired_side){"b", NULL, logged_run, NULL, b};
  return plan;
}

static void test_both_sides_warm_up_and_then_take_turns_at_going_first(void **state) {
  char log[256];
  logged a, b;
  paired_plan plan = plan_of(&a, &b, log);
  paired_result result;
  (void)state;
  assert_int_equal(paired_run(&plan, &result), PAIRED_DONE);
  assert_string_equal(log,
                      "ab"
                      "ba"
                      "ba"
                      "ab"
                      "ab");
  assert_int_equal(result.rounds, 4);
  assert_int_equal((int)result.answer, 42);
  paired_free(&result);
}

static void test_three_sides_each_go_first_and_last_equally_often(void **state) {
  char log[256];
  logged a, b, c;
  paired_plan plan = plan_of(&a, &b, log);
  paired_result result;
  (void)state;
  c = a;
  c.name = 'c';
  plan.sides = 3;
  plan.rounds_min = 5;
  plan.side[2] = (paired_side){"c", NULL, logged_run, NULL, &c};
  assert_int_equal(paired_run(&plan, &result), PAIRED_DONE);
  assert_string_equal(log,
                      "abc"
                      "cba"
                      "bca"
                      "acb"
                      "cab"
                      "bac");
  paired_free(&result);
}

static void test_unequal_answers_end_the_measure_and_reach_no_bar(void **state) {
  char log[256];
  logged a, b;
  paired_plan plan = plan_of(&a, &b, log);
  paired_result result;
  (void)state;
  b.differs_in = 2;
  plan.bar_kind = PAIRED_AT_LEAST;
  plan.bar = 0;
  assert_int_equal(paired_run(&plan, &result), PAIRED_UNEQUAL);
  assert_int_equal(result.rounds, 1);
  assert_non_null(strstr(result.why, "answers differ in round 2"));
  assert_int_equal(paired_reached(&result), 0);
  paired_free(&result);
  plan = plan_of(&a, &b, log);
  b.answer = 43; /* found in the warm-up already */
  assert_int_equal(paired_run(&plan, &result), PAIRED_UNEQUAL);
  assert_int_equal(result.rounds, 0);
  paired_free(&result);
}

static void test_a_failing_side_ends_the_measure_with_its_reason(void **state) {
  char log[256];
  logged a, b;
  paired_plan plan = plan_of(&a, &b, log);
  paired_result result;
  (void)state;
  a.fails_in = 3;
  assert_int_equal(paired_run(&plan, &result), PAIRED_FAILED);
  assert_string_equal(result.why, "a: the disk is gone");
  assert_int_equal(result.rounds, 2);
  paired_free(&result);
}

static void test_an_interruption_keeps_the_complete_rounds(void **state) {
  char log[256];
  logged a, b;
  paired_plan plan = plan_of(&a, &b, log);
  paired_result result;
  (void)state;
  a.interrupts_in = 3;
  assert_int_equal(paired_run(&plan, &result), PAIRED_INTERRUPTED);
  interrupt_clear();
  assert_int_equal(result.rounds, 2);
  assert_int_equal(paired_reached(&result), 0);
  paired_free(&result);
  /* What a side says of being stopped is no failure to tell. */
  plan = plan_of(&a, &b, log);
  a.interrupts_in = a.fails_in = 2;
  assert_int_equal(paired_run(&plan, &result), PAIRED_INTERRUPTED);
  interrupt_clear();
  assert_string_equal(result.why, "");
  paired_free(&result);
}

static void test_short_runs_are_repeated_until_the_clock_can_see_them(void **state) {
  char *log = calloc(1, 1u << 16);
  logged a, b;
  paired_plan plan = plan_of(&a, &b, log);
  paired_result result;
  (void)state;
  assert_non_null(log);
  a.nanoseconds = 100000;
  b.nanoseconds = 20000000; /* far apart, so that a busy machine does not bring them together */
  plan.batch_ns = 60000000;
  plan.rounds_min = 3;
  assert_int_equal(paired_run(&plan, &result), PAIRED_DONE);
  assert_true(result.side[0].batch > 4);
  assert_true(result.side[0].batch > result.side[1].batch);
  assert_true(result.side[0].spread.median >= 100000);
  assert_true(result.side[1].spread.median >= 20000000);
  assert_true(result.ratio.median > 1); /* a is the faster one */
  assert_int_equal((int)paired_fastest(&result), 0);
  paired_free(&result);
  free(log);
}

static void test_a_bar_is_reached_from_its_own_side(void **state) {
  char log[256];
  logged a, b;
  paired_plan plan = plan_of(&a, &b, log);
  paired_result result;
  (void)state;
  plan.bar_kind = PAIRED_AT_MOST;
  plan.bar = 0.35;
  paired_count(&plan, PAIRED_SPACE, 30, 100, &result);
  assert_true(near(result.ratio.median, 0.30));
  assert_int_equal(paired_reached(&result), 1);
  paired_free(&result);
  paired_count(&plan, PAIRED_SPACE, 40, 100, &result);
  assert_int_equal(paired_reached(&result), 0);
  paired_free(&result);
  plan.bar_kind = PAIRED_AT_LEAST;
  paired_count(&plan, PAIRED_SPEED, 100, 40, &result); /* ours needs 100 ns, the peer 40 */
  assert_true(near(result.ratio.median, 0.4));
  assert_int_equal(paired_reached(&result), 1);
  paired_free(&result);
  plan.bar_kind = PAIRED_AT_MOST;
  plan.bar = 1.3;
  paired_count(&plan, PAIRED_TIME, 52, 40, &result);
  assert_true(near(result.ratio.median, 1.3));
  assert_int_equal(paired_reached(&result), 1);
  paired_free(&result);
  plan.bar = 0;
  paired_count(&plan, PAIRED_COUNT, 3, 0, &result);
  assert_true(near(result.ratio.median, 3));
  assert_int_equal(paired_reached(&result), 0);
  paired_free(&result);
}

static void test_a_ratio_is_the_median_of_the_rounds_own_ratios(void **state) {
  paired_result result;
  double ours[] = {1, 10, 100}, peers[] = {2, 20, 200}; /* the machine slowed down tenfold, twice */
  (void)state;
  memset(&result, 0, sizeof result);
  result.sides = 2;
  result.rounds = 3;
  result.side[0].samples = ours;
  result.side[1].samples = peers;
  assert_true(near(paired_ratio(&result, 0, 1).median, 2));
  assert_true(near(paired_ratio(&result, 0, 1).min, 2));
  assert_true(near(paired_ratio(&result, 1, 0).median, 0.5));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_quantiles_are_linear_between_neighbours),
      cmocka_unit_test(test_one_wild_sample_does_not_move_the_median),
      cmocka_unit_test(test_both_sides_warm_up_and_then_take_turns_at_going_first),
      cmocka_unit_test(test_three_sides_each_go_first_and_last_equally_often),
      cmocka_unit_test(test_unequal_answers_end_the_measure_and_reach_no_bar),
      cmocka_unit_test(test_a_failing_side_ends_the_measure_with_its_reason),
      cmocka_unit_test(test_an_interruption_keeps_the_complete_rounds),
      cmocka_unit_test(test_short_runs_are_repeated_until_the_clock_can_see_them),
      cmocka_unit_test(test_a_bar_is_reached_from_its_own_side),
      cmocka_unit_test(test_a_ratio_is_the_median_of_the_rounds_own_ratios),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
