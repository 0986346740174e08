/* SPDX-License-Identifier: MIT */
/* The overlay against an array that is the obvious answer, on the heap and beyond it. */
#include "sql_run.h"
#include "vfs_internal.h"

#define OVERLAY_PAGES 6000u
#define OVERLAY_VALUE 512u

typedef struct overlay_model {
  uint32_t value[OVERLAY_PAGES + 1]; /* 0: not in the overlay */
  uint32_t store_limit;
  size_t seen;
  uint32_t last;
} overlay_model;

static void overlay_fill(unsigned char *value, uint32_t page, uint32_t number) {
  for (uint32_t i = 0; i < OVERLAY_VALUE; i += 8) {
    memcpy(value + i, &page, 4);
    memcpy(value + i + 4, &number, 4);
  }
}

static void overlay_expect(tvi_overlay *overlay, const overlay_model *model, uint32_t page) {
  unsigned char expected[OVERLAY_VALUE], value[OVERLAY_VALUE];
  int status = tvi_overlay_get(overlay, page, value);
  if (model->value[page] != 0) {
    test_ok(status);
    overlay_fill(expected, page, model->value[page]);
    assert_memory_equal(value, expected, OVERLAY_VALUE);
  } else {
    test_status(status, page > model->store_limit ? TV_END : TV_NOTFOUND);
  }
}

static int overlay_visit(void *ctx, uint32_t page, const void *value) {
  overlay_model *model = ctx;
  unsigned char expected[OVERLAY_VALUE];
  assert_true(page > model->last);
  model->last = page;
  model->seen++;
  overlay_fill(expected, page, model->value[page]);
  assert_memory_equal(value, expected, OVERLAY_VALUE);
  return TV_OK;
}

static void it_answers_as_an_array_does(void **state) {
  tvi_overlay overlay = {.value_bytes = OVERLAY_VALUE};
  overlay_model *model = calloc(1, sizeof *model);
  unsigned char value[OVERLAY_VALUE];
  uint64_t seed = test_seed();
  size_t expected = 0;
  (void)state;
  model->store_limit = TVI_OVERLAY_NO_LIMIT;
  assert_true(tvi_overlay_is_empty(&overlay));
  for (uint32_t step = 1; step <= 30000; step++) {
    uint32_t page = 1 + (uint32_t)(test_random(&seed) % OVERLAY_PAGES);
    if (step % 9001 == 0) {
      page = OVERLAY_PAGES - OVERLAY_PAGES / 8 + page / 8; /* most stay */
      tvi_overlay_truncate(&overlay, page);
      if (page < model->store_limit) model->store_limit = page;
      for (uint32_t i = page + 1; i <= OVERLAY_PAGES; i++) model->value[i] = 0;
    } else if (step % 3 == 0) {
      overlay_expect(&overlay, model, page);
    } else {
      overlay_fill(value, page, step);
      test_ok(tvi_overlay_put(&overlay, page, value));
      model->value[page] = step;
    }
  }
  assert_non_null(overlay.spill); /* it went beyond the heap */
  for (uint32_t page = 1; page <= OVERLAY_PAGES; page++) {
    overlay_expect(&overlay, model, page);
    expected += model->value[page] != 0;
  }
  test_ok(tvi_overlay_each(&overlay, overlay_visit, model));
  assert_int_equal(model->seen, expected);
  tvi_overlay_clear(&overlay);
  assert_true(tvi_overlay_is_empty(&overlay));
  assert_int_equal(overlay.value_bytes, OVERLAY_VALUE);
  free(model);
}

static int overlay_stop(void *ctx, uint32_t page, const void *value) {
  (void)page;
  (void)value;
  return ++*(int *)ctx == 3 ? TV_EFULL : TV_OK;
}

static void a_failing_visitor_ends_the_visit(void **state) {
  tvi_overlay overlay = {.value_bytes = OVERLAY_VALUE};
  unsigned char value[OVERLAY_VALUE] = {0};
  int visits = 0;
  (void)state;
  for (uint32_t page = 1; page < 10; page++) test_ok(tvi_overlay_put(&overlay, page, value));
  test_status(tvi_overlay_each(&overlay, overlay_stop, &visits), TV_EFULL);
  assert_int_equal(visits, 3);
  tvi_overlay_clear(&overlay);
}

/* 16 MB of pages written while C code holds the transaction: half of it in the temporary file. */
static void a_large_sql_transaction_under_c_savepoints_commits(void **state) {
  tv_db *db = test_open_memory();
  sqlite3 *sql = sql_open(db, 0);
  tv_error err = {0, 0, ""};
  tv_store *store;
  tv_txn *txn;
  (void)state;
  sql_run(sql, "PRAGMA cache_size=20; CREATE TABLE t(a INTEGER PRIMARY KEY, b); BEGIN");
  test_ok(tv_sql_txn(sql, TV_WRITE, &txn, &err));
  test_ok(tv_store_open(txn, "s", TV_CREATE, &store));
  test_ok(tv_store_put(store, tv_str("k"), tv_str("v"), 0));
  sql_run(sql,
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<4000)"
          "INSERT INTO t SELECT i, hex(zeroblob(2000)) FROM n; SAVEPOINT x;"
          "UPDATE t SET b = 'short' WHERE a % 2; ROLLBACK TO x; COMMIT");
  sql_close(sql);
  sql = sql_open(db, 0);
  sql_is(sql, "SELECT count(*), sum(length(b)) FROM t; PRAGMA integrity_check",
         "4000|16000000|\nok|\n");
  sql_close(sql);
  test_close(db);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_answers_as_an_array_does),
      cmocka_unit_test(a_failing_visitor_ends_the_visit),
      cmocka_unit_test(a_large_sql_transaction_under_c_savepoints_commits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
