/* SPDX-License-Identifier: MIT */
/*
 * Every allocation of the library fails once. The call that needed it says TV_ENOMEM (SQLite says
 * SQLITE_NOMEM for it), the transaction can be aborted, nothing leaks and the store goes on.
 */
#include "scenario.h"

#include <stdlib.h>

static struct {
  long countdown; /* the allocation that makes it 0 fails; negative: none */
  long failures, live;
} heap;

static int heap_fails(void) {
  if (heap.countdown < 0 || heap.countdown-- > 0) return 0;
  heap.failures++;
  return 1;
}

static void *heap_allocate(void *ctx, size_t bytes) {
  void *memory = heap_fails() ? NULL : malloc(bytes);
  (void)ctx;
  if (memory != NULL) heap.live++;
  return memory;
}

static void *heap_reallocate(void *ctx, void *old, size_t bytes) {
  void *memory = heap_fails() ? NULL : realloc(old, bytes);
  (void)ctx;
  if (memory != NULL && old == NULL) heap.live++;
  return memory;
}

static void heap_release(void *ctx, void *old) {
  (void)ctx;
  if (old != NULL) heap.live--;
  free(old);
}

static const tv_allocator failing = {heap_allocate, heap_reallocate, heap_release, NULL};

/* Returns 1 when an allocation failed on the way. */
static int run_failing_at(long allocation) {
  tv_error err = {0};
  tv_db *db = NULL;
  int status;
  heap.countdown = allocation;
  heap.failures = 0;
  status = tv_open(":memory:", NULL, &db, &err);
  if (status == TV_OK) status = scenario_run(db, &err);
  heap.countdown = -1;
  if (heap.failures == 0) {
    test_ok(status);
  } else if (status != TV_ENOMEM && status != TV_OK) {
    fail_msg("allocation %ld: %s (%s)", allocation, tv_status_name(status), err.message);
  }
  if (db != NULL) {
    test_ok(scenario_run(db, &err));
    test_close(db);
  }
  if (heap.live != 0) fail_msg("allocation %ld: %ld blocks leaked", allocation, heap.live);
  return heap.failures != 0;
}

static void every_allocation_may_fail(void **state) {
  long allocation;
  (void)state;
  test_ok(tv_allocator_set(&failing));
  for (allocation = 0; run_failing_at(allocation); allocation++) assert_true(allocation < 100000);
  print_message("%ld allocations failed in turn\n", allocation);
  assert_true(allocation > 50);
  test_ok(tv_allocator_set(NULL));
}

static void the_allocator_stays_while_a_database_is_open(void **state) {
  tv_allocator half = {heap_allocate, NULL, heap_release, NULL};
  tv_db *db = test_open_memory();
  (void)state;
  test_status(tv_allocator_set(&failing), TV_EMISUSE);
  test_close(db);
  test_status(tv_allocator_set(&half), TV_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(the_allocator_stays_while_a_database_is_open),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
