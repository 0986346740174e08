/* SPDX-License-Identifier: MIT */
/* Group commit: members share a commit, and only their own failures. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "test_store.h"

enum { THREADS = 16, WRITES = 60 };

typedef struct job {
  tv_db *db;
  int thread, turn;
  int wrong; /* calls whose status was not the expected one */
} job;

static int write_row(tv_txn *txn, void *ctx) {
  const job *j = ctx;
  tv_store *s;
  char key[32];
  int status = tv_store_open(txn, "rows", TV_CREATE, &s);
  snprintf(key, sizeof key, "%03d-%05d", j->thread, j->turn);
  if (status == TV_OK) status = tv_store_put(s, tv_str(key), tv_str("row"), 0);
  if (status == TV_OK && j->turn % 5 == 4) status = TV_MISMATCH; /* after having written */
  return status;
}

static void *write_rows(void *arg) {
  job *j = arg;
  for (j->turn = 0; j->turn < WRITES; j->turn++) {
    tv_error err = {0};
    int expected = j->turn % 5 == 4 ? TV_MISMATCH : TV_OK;
    if (tv_db_write(j->db, write_row, j, &err) != expected) j->wrong++;
  }
  return NULL;
}

static int row_exists(tv_store *s, int thread, int turn) {
  char key[32];
  tv_slice value;
  snprintf(key, sizeof key, "%03d-%05d", thread, turn);
  return tv_store_get(s, tv_str(key), &value) == TV_OK;
}

static void a_group_keeps_what_succeeded_and_nothing_else(void **state) {
  tv_db *db = test_open_memory();
  pthread_t threads[THREADS];
  static job jobs[THREADS];
  tv_txn *txn;
  tv_store *s;
  int i, turn;
  (void)state;
  for (i = 0; i < THREADS; i++) {
    jobs[i] = (job){.db = db, .thread = i};
    assert_int_equal(pthread_create(&threads[i], NULL, write_rows, &jobs[i]), 0);
  }
  for (i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  txn = test_begin(db, TV_READ);
  test_ok(tv_store_open(txn, "rows", 0, &s));
  for (i = 0; i < THREADS; i++) {
    assert_int_equal(jobs[i].wrong, 0);
    for (turn = 0; turn < WRITES; turn++) assert_int_equal(row_exists(s, i, turn), turn % 5 != 4);
  }
  tv_abort(txn);
  test_close(db);
}

static int write_inside_write(tv_txn *txn, void *ctx) {
  job *j = ctx;
  (void)txn;
  return tv_db_write(j->db, write_row, ctx, NULL);
}

static void a_write_within_a_write_is_misuse(void **state) {
  job j = {.db = test_open_memory()};
  tv_txn *txn;
  (void)state;
  test_status(tv_db_write(j.db, write_inside_write, &j, NULL), TV_EMISUSE);
  txn = test_begin(j.db, TV_WRITE);
  test_status(tv_db_write(j.db, write_row, &j, NULL), TV_EMISUSE);
  tv_abort(txn);
  test_ok(tv_db_write(j.db, write_row, &j, NULL));
  test_close(j.db);
}

static int leave_savepoints_open(tv_txn *txn, void *ctx) {
  unsigned depth;
  int status = tv_savepoint(txn, &depth);
  if (status == TV_OK) status = tv_savepoint(txn, &depth);
  return status == TV_OK ? write_row(txn, ctx) : status;
}

static void savepoints_left_open_are_released(void **state) {
  job j = {.db = test_open_memory(), .turn = 1};
  tv_txn *txn;
  tv_store *s;
  (void)state;
  test_ok(tv_db_write(j.db, leave_savepoints_open, &j, NULL));
  txn = test_begin(j.db, TV_READ);
  test_ok(tv_store_open(txn, "rows", 0, &s));
  assert_true(row_exists(s, 0, 1));
  tv_abort(txn);
  test_close(j.db);
}

static int fail_with_sentence(tv_txn *txn, void *ctx) {
  tv_store *s;
  (void)ctx;
  return tv_store_open(txn, "nowhere", 0, &s);
}

static void a_failure_comes_with_its_sentence(void **state) {
  tv_db *db = test_open_memory();
  tv_error err = {0};
  (void)state;
  test_status(tv_db_write(db, fail_with_sentence, NULL, &err), TV_ENOSTORE);
  assert_int_equal(err.status, TV_ENOSTORE);
  assert_non_null(strstr(err.message, "nowhere"));
  test_close(db);
}

static void *write_ahead(void *arg) {
  job *j = arg;
  tv_future *futures[WRITES];
  int n = 0, i;
  for (j->turn = 0; j->turn < WRITES; j->turn++) {
    tv_error err = {0};
    tv_future *future = NULL;
    int expected = j->turn % 5 == 4 ? TV_MISMATCH : TV_OK;
    if (tv_db_write_start(j->db, write_row, j, &future, &err) != expected) j->wrong++;
    if ((future != NULL) != (expected == TV_OK)) j->wrong++;
    if (future != NULL) futures[n++] = future;
  }
  for (i = 0; i < n; i++)
    if (tv_future_wait(futures[i], NULL) != TV_OK) j->wrong++;
  return NULL;
}

static void futures_tell_when_writes_are_durable(void **state) {
  tv_db *db = test_open_memory();
  pthread_t threads[THREADS];
  static job jobs[THREADS];
  tv_txn *txn;
  tv_store *s;
  int i, turn;
  (void)state;
  for (i = 0; i < THREADS; i++) { /* half of them wait, half do not */
    jobs[i] = (job){.db = db, .thread = i};
    assert_int_equal(pthread_create(&threads[i], NULL, i % 2 ? write_ahead : write_rows, &jobs[i]),
                     0);
  }
  for (i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  txn = test_begin(db, TV_READ);
  test_ok(tv_store_open(txn, "rows", 0, &s));
  for (i = 0; i < THREADS; i++) {
    assert_int_equal(jobs[i].wrong, 0);
    for (turn = 0; turn < WRITES; turn++) assert_int_equal(row_exists(s, i, turn), turn % 5 != 4);
  }
  tv_abort(txn);
  test_close(db);
}

static void writes_of_one_thread_share_a_commit(void **state) {
  char *folder = test_folder_make(), path[4200];
  job j = {0};
  tv_future *futures[200], *failed;
  uint64_t before;
  tv_txn *txn;
  int i;
  (void)state;
  test_path(path, sizeof path, folder, "a.tv");
  j.db = test_open(path, 0);
  j.turn = 1;
  test_ok(tv_db_write(j.db, write_row, &j, NULL));
  txn = test_begin(j.db, TV_READ);
  before = tv_txn_snapshot(txn);
  for (i = 0; i < 200; i++) {
    j.thread = i;
    test_ok(tv_db_write_start(j.db, write_row, &j, &futures[i], NULL));
  }
  test_status(tv_db_write_start(j.db, fail_with_sentence, NULL, &failed, NULL), TV_ENOSTORE);
  assert_null(failed);
  for (i = 0; i < 200; i++) test_ok(tv_future_wait(futures[i], NULL));
  test_ok(tv_refresh(txn));
  assert_in_range(tv_txn_snapshot(txn), before + 1, before + 150);
  tv_abort(txn);
  test_close(j.db);
  test_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_group_keeps_what_succeeded_and_nothing_else),
      cmocka_unit_test(a_write_within_a_write_is_misuse),
      cmocka_unit_test(savepoints_left_open_are_released),
      cmocka_unit_test(a_failure_comes_with_its_sentence),
      cmocka_unit_test(futures_tell_when_writes_are_durable),
      cmocka_unit_test(writes_of_one_thread_share_a_commit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
