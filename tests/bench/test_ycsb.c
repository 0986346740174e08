/* SPDX-License-Identifier: MIT */
/*
 * The YCSB workloads: numbers as YCSB draws them, shares as it defines them, percentiles against a
 * sorted array, an open loop that tells of a stall that a closed loop hides, and runs on engines.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "kv_bench.h"
#include "test_store.h"
#include "ycsb.h"

static int by_size(const void *a, const void *b) {
  const uint64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

static void percentiles_are_those_of_the_sorted_values(void **state) {
  enum { N = 20000 };
  static const double shares[] = {0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1};
  latency *one = test_malloc(sizeof *one), *other = test_malloc(sizeof *other);
  uint64_t *values = test_malloc(N * sizeof *values), random = test_seed();
  size_t i, s;
  (void)state;
  latency_clear(one);
  latency_clear(other);
  assert_int_equal(latency_at(one, 0.5), 0);
  for (i = 0; i < N; i++) {
    values[i] = test_random(&random) >> (24 + test_random(&random) % 40);
    if (values[i] > LATENCY_NS_MAX) values[i] = LATENCY_NS_MAX;
    latency_record(i % 3 == 0 ? one : other, values[i]);
  }
  latency_add(one, other);
  qsort(values, N, sizeof *values, by_size);
  assert_int_equal(one->count, N);
  assert_true(one->min == values[0] && one->max == values[N - 1]);
  for (s = 0; s < sizeof shares / sizeof shares[0]; s++) {
    uint64_t exact = values[(size_t)ceil(shares[s] * N) - 1], told = latency_at(one, shares[s]);
    assert_true(told >= exact && (double)told <= (double)exact * 1.001 + 1);
  }
  test_free(one);
  test_free(other);
  test_free(values);
}

/* P(k) is 1 / (k + 1)^theta / zeta(n): the first numbers' shares follow it. */
static void zipfian_numbers_have_their_frequencies(void **state) {
  enum { ITEMS = 1000, DRAWS = 400000 };
  static uint64_t count[ITEMS];
  uint64_t random = test_seed();
  zipfian z, grown;
  double zeta = 0;
  int i;
  (void)state;
  memset(count, 0, sizeof count);
  zipfian_begin(&z, ITEMS);
  zipfian_begin(&grown, 10);
  zipfian_grow(&grown, ITEMS);
  assert_true(fabs(grown.zeta_n - z.zeta_n) < 1e-9 && fabs(grown.eta - z.eta) < 1e-9);
  for (i = 1; i <= ITEMS; i++) zeta += pow(i, -ZIPFIAN_THETA);
  for (i = 0; i < DRAWS; i++)
    count[zipfian_at(&z, (double)(test_random(&random) >> 11) * 0x1p-53)]++;
  for (i = 0; i < 2; i++) { /* exact in the algorithm; the rest is its approximation */
    double expected = DRAWS * pow(i + 1, -ZIPFIAN_THETA) / zeta;
    assert_true(fabs((double)count[i] - expected) < 6 * sqrt(expected));
  }
  for (i = 2; i < 100; i++) assert_true(count[i] > 0);
  assert_true(zipfian_at(&z, 0x1.fffffffffffffp-1) < ITEMS);
}

/* Popular numbers are spread over all items, and the constants written down are right. */
static void scrambled_numbers_spread_over_all_items(void **state) {
  enum { ITEMS = 64, DRAWS = 64000 };
  uint64_t random = test_seed(), most = 0;
  static uint64_t count[ITEMS];
  zipfian z = {.n = UINT64_C(10000000000)};
  int i, hit = 0;
  (void)state;
  memset(count, 0, sizeof count);
  for (i = 0; i < DRAWS; i++)
    count[zipfian_scrambled(ITEMS, (double)(test_random(&random) >> 11) * 0x1p-53)]++;
  for (i = 0; i < ITEMS; i++) {
    hit += count[i] > 0;
    if (count[i] > most) most = count[i];
  }
  assert_int_equal(hit, ITEMS);
  assert_true(most > DRAWS / ITEMS * 2); /* some are popular */
  /* The constants of the wide distribution are those that its parameters give. */
  z.zeta_n = 26.46902820178302;
  z.zeta_2 = 1 + pow(0.5, ZIPFIAN_THETA);
  z.alpha = 1 / (1 - ZIPFIAN_THETA);
  z.eta = (1 - pow(2 / (double)z.n, 1 - ZIPFIAN_THETA)) / (1 - z.zeta_2 / z.zeta_n);
  for (i = 0; i < 1000; i++) {
    double u = (double)(test_random(&random) >> 11) * 0x1p-53;
    assert_true(zipfian_scrambled(1000003, u) == zipfian_hash(zipfian_at(&z, u)) % 1000003);
  }
}

static void mixes_have_their_shares(void **state) {
  enum { N = 40000, RECORDS = 1000 };
  size_t w;
  (void)state;
  for (w = 0; w < 6; w++) {
    unsigned count[YCSB_KINDS] = {0}, kind, i, newest = 0, rows_most = 0;
    zipfian latest;
    zipfian_begin(&latest, 1);
    for (i = 0; i < N; i++) {
      ycsb_operation it = ycsb_operation_at(&ycsb_mixes[w], 7, i, RECORDS, &latest);
      assert_true(it.record < RECORDS && it.field < YCSB_FIELDS);
      assert_true(it.rows >= 1 && it.rows <= YCSB_SCAN_MAX);
      if (it.rows > rows_most) rows_most = it.rows;
      newest += it.record >= RECORDS - 10;
      count[it.kind]++;
    }
    for (kind = 0; kind < YCSB_KINDS; kind++)
      assert_true(fabs(count[kind] - N * ycsb_mixes[w].share[kind]) < 5 * sqrt(N));
    assert_int_equal(rows_most, YCSB_SCAN_MAX);
    if (ycsb_mixes[w].choice == YCSB_LATEST) assert_true(newest > N / 4);
  }
}

/* One thread, a thousand operations a second, one of which takes 100 ms: of the following ones some
 * hundred have waited. */
static int stalls_once(void *ctx, unsigned thread, uint64_t i) {
  const struct timespec pause = {0, 100000000};
  (void)ctx;
  (void)thread;
  if (i == 50) nanosleep(&pause, NULL);
  return 0;
}

static void an_open_loop_tells_of_everybody_who_waited(void **state) {
  open_loop_plan plan = {.rate = 1000, .operations = 400, .threads = 1, .run = stalls_once};
  open_loop_result *open = test_malloc(sizeof *open), *closed = test_malloc(sizeof *closed);
  (void)state;
  assert_int_equal(open_loop_run(&plan, open), 0);
  plan.rate = 0;
  assert_int_equal(open_loop_run(&plan, closed), 0);
  assert_int_equal(open->operations, 400);
  assert_int_equal(closed->operations, 400);
  /* A tenth of the users waited more than 50 ms; the closed loop knows of one. */
  assert_true(latency_at(&open->latencies, 0.9) > 30000000);
  assert_true(latency_at(&closed->latencies, 0.99) < 30000000);
  assert_true(closed->latencies.max >= 100000000);
  test_free(open);
  test_free(closed);
}

static int fails_at_ten(void *ctx, unsigned thread, uint64_t i) {
  (void)ctx;
  (void)thread;
  return i == 10 ? -1 : 0;
}

static void a_failed_operation_ends_the_run(void **state) {
  open_loop_plan plan = {.operations = 1000000000, .threads = 3, .run = fails_at_ten};
  open_loop_result *result = test_malloc(sizeof *result);
  (void)state;
  assert_int_equal(open_loop_run(&plan, result), -1);
  assert_int_equal(result->failed, 1);
  test_free(result);
}

/* Every workload on Trivet and LMDB: equal sums from one thread, all inserts there after four. */
static void engines_give_equal_answers(void **state) {
  const peer_engine *engine[2] = {&peer_trivet, &peer_lmdb};
  open_loop_result *result = test_malloc(sizeof *result);
  char *folder = test_folder_make_fast(), why[PEER_WHY_BYTES] = "";
  size_t w, e;
  (void)state;
  for (w = 0; w < 6; w++) {
    uint64_t sum[2], unused;
    for (e = 0; e < 2; e++) {
      ycsb_load load = {&ycsb_mixes[w], 5, 0, 0, 300, 1};
      char sub[600];
      ycsb_store *store = test_malloc(sizeof *store);
      snprintf(sub, sizeof sub, "%s/%zu-%zu", folder, w, e);
      assert_int_equal(mkdir(sub, 0700), 0);
      if (ycsb_open(store, engine[e], sub, 0, 500, why) != 0) fail_msg("%s", why);
      if (ycsb_run(store, &load, result, &sum[e], why) != 0) fail_msg("%s", why);
      assert_int_equal(result->operations, 300);
      load.threads = 4;
      load.seed = 6;
      if (ycsb_run(store, &load, result, &unused, why) != 0) fail_msg("%s", why);
      assert_true(atomic_load(&store->known) == atomic_load(&store->inserted));
      if (ycsb_mixes[w].share[YCSB_INSERT] > 0) assert_true(atomic_load(&store->known) > 500);
      ycsb_close(store);
      test_free(store);
    }
    assert_true(sum[0] == sum[1] && (sum[0] != 0));
  }
  test_folder_remove(folder);
  test_free(result);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(percentiles_are_those_of_the_sorted_values),
      cmocka_unit_test(zipfian_numbers_have_their_frequencies),
      cmocka_unit_test(scrambled_numbers_spread_over_all_items),
      cmocka_unit_test(mixes_have_their_shares),
      cmocka_unit_test(an_open_loop_tells_of_everybody_who_waited),
      cmocka_unit_test(a_failed_operation_ends_the_run),
      cmocka_unit_test(engines_give_equal_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
