/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "test_store.h"

typedef struct rows {
  tv_metric get, put, commit, begin_read;
  int count;
} rows;

static int note(void *ctx, const tv_metric *metric) {
  rows *r = ctx;
  r->count++;
  if (strcmp(metric->name, "get") == 0) r->get = *metric;
  if (strcmp(metric->name, "put") == 0) r->put = *metric;
  if (strcmp(metric->name, "commit") == 0) r->commit = *metric;
  if (strcmp(metric->name, "begin read") == 0) r->begin_read = *metric;
  return 0;
}

static void work(tv_db *db) {
  tv_txn *txn = test_begin(db, TV_WRITE);
  tv_store *s;
  tv_slice value;
  int i;
  test_ok(tv_store_open(txn, "s", TV_CREATE, &s));
  for (i = 0; i < 100; i++) {
    char key[16];
    snprintf(key, sizeof key, "%d", i);
    test_ok(tv_store_put(s, tv_str(key), tv_str("v"), 0));
  }
  test_commit(txn);
  txn = test_begin(db, TV_READ);
  test_ok(tv_store_open(txn, "s", 0, &s));
  for (i = 0; i < 50; i++) test_ok(tv_store_get(s, tv_str("7"), &value));
  tv_abort(txn);
}

static void calls_are_counted_and_timed_while_on(void **state) {
  tv_db *db = test_open_memory();
  rows r = {0};
  (void)state;
  work(db);
  test_ok(tv_metrics(db, note, &r));
  assert_int_equal(r.count, 0);
  test_ok(tv_metrics_enable(db, 1, NULL));
  work(db);
  test_ok(tv_metrics(db, note, &r));
  assert_true(r.get.count >= 50 && r.put.count >= 100);
  assert_int_equal(r.commit.count, 1);
  assert_int_equal(r.begin_read.count, 1);
  assert_true(r.get.p50_ns > 0 && r.get.p50_ns <= r.get.p90_ns && r.get.p90_ns <= r.get.p99_ns &&
              r.get.p99_ns <= r.get.p999_ns && r.get.p999_ns <= r.get.max_ns);
  assert_true(r.get.sum_ns >= r.get.p50_ns && r.get.sum_ns <= r.get.max_ns * r.get.count);
  test_ok(tv_metrics_enable(db, 0, NULL));
  work(db);
  memset(&r, 0, sizeof r);
  test_ok(tv_metrics(db, note, &r));
  assert_int_equal(r.commit.count, 1);
  test_ok(tv_metrics_enable(db, 1, NULL)); /* begins from zero */
  memset(&r, 0, sizeof r);
  test_ok(tv_metrics(db, note, &r));
  assert_int_equal(r.get.count, 0);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(calls_are_counted_and_timed_while_on)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
