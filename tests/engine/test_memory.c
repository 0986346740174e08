/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "layer_internal.h"
#include "test_store.h"

/* An allocator that counts what is out, fills what it gives and fails when told to. */
typedef struct counting {
  int64_t out, calls, fail_from;
} counting;

static void *counting_allocate(void *ctx, size_t bytes) {
  counting *c = ctx;
  void *memory;
  if (++c->calls >= c->fail_from) return NULL;
  memory = malloc(bytes);
  if (memory != NULL) {
    memset(memory, 0xa5, bytes);
    c->out++;
  }
  return memory;
}

static void *counting_reallocate(void *ctx, void *old, size_t bytes) {
  counting *c = ctx;
  assert_non_null(old);
  if (++c->calls >= c->fail_from) return NULL;
  return realloc(old, bytes);
}

static void counting_release(void *ctx, void *old) {
  counting *c = ctx;
  assert_non_null(old);
  free(old);
  c->out--;
}

static tv_allocator counting_allocator(counting *c) {
  tv_allocator allocator = {counting_allocate, counting_reallocate, counting_release, c};
  *c = (counting){.fail_from = INT64_MAX};
  return allocator;
}

static void all_memory_comes_from_the_allocator_that_was_set(void **state) {
  counting c;
  tv_allocator allocator = counting_allocator(&c);
  unsigned char *bytes;
  size_t i;
  (void)state;
  test_ok(tv_allocator_set(&allocator));
  bytes = tvi_zalloc(100);
  assert_non_null(bytes);
  for (i = 0; i < 100; i++) assert_int_equal(bytes[i], 0);
  bytes = tvi_realloc(bytes, 200);
  assert_non_null(bytes);
  for (i = 0; i < 100; i++) assert_int_equal(bytes[i], 0);
  assert_int_equal(c.calls, 2);
  tvi_free(bytes);
  tvi_free(NULL);
  bytes = tvi_realloc(NULL, 10);
  assert_non_null(bytes);
  tvi_free(bytes);
  assert_int_equal(c.out, 0);
  test_ok(tv_allocator_set(NULL));
  bytes = tvi_alloc(10);
  assert_non_null(bytes);
  tvi_free(bytes);
  assert_int_equal(c.calls, 3);
}

static void a_buffer_keeps_its_bytes_while_it_grows(void **state) {
  tvi_buffer buffer = {0};
  size_t i, j;
  (void)state;
  for (i = 0; i < 5000; i++) {
    unsigned char chunk[7];
    memset(chunk, (int)(i % 251), sizeof chunk);
    test_ok(tvi_buffer_append(&buffer, chunk, i % 8));
    assert_true(buffer.size <= buffer.capacity);
  }
  for (i = 0, j = 0; i < 5000; i++) {
    size_t k;
    for (k = 0; k < i % 8; k++) assert_int_equal(buffer.data[j++], i % 251);
  }
  assert_int_equal(buffer.size, j);
  test_ok(tvi_buffer_append(&buffer, NULL, 0));
  tvi_buffer_free(&buffer);
  assert_null(buffer.data);
  assert_int_equal(buffer.capacity, 0);
}

static void a_buffer_survives_a_failed_growth(void **state) {
  counting c;
  tv_allocator allocator = counting_allocator(&c);
  tvi_buffer buffer = {0};
  char big[4096] = {0};
  (void)state;
  test_ok(tv_allocator_set(&allocator));
  test_ok(tvi_buffer_append(&buffer, "kept", 4));
  c.fail_from = c.calls + 1;
  test_status(tvi_buffer_append(&buffer, big, sizeof big), TV_ENOMEM);
  test_status(tvi_buffer_append(&buffer, big, SIZE_MAX - 2), TV_ENOMEM);
  test_status(tvi_buffer_reserve(&buffer, SIZE_MAX), TV_ENOMEM);
  assert_int_equal(buffer.size, 4);
  assert_memory_equal(buffer.data, "kept", 4);
  tvi_buffer_free(&buffer);
  assert_int_equal(c.out, 0);
  test_ok(tv_allocator_set(NULL));
}

static void an_incomplete_allocator_is_refused(void **state) {
  counting c;
  tv_allocator allocator = counting_allocator(&c);
  (void)state;
  allocator.reallocate = NULL;
  test_status(tv_allocator_set(&allocator), TV_EINVAL);
}

static void the_allocator_stays_while_a_database_is_open(void **state) {
  counting c;
  tv_allocator allocator = counting_allocator(&c);
  tv_db *db;
  (void)state;
  test_ok(tv_allocator_set(&allocator));
  db = test_open_memory();
  test_status(tv_allocator_set(NULL), TV_EMISUSE);
  test_close(db);
  assert_int_equal(c.out, 0);
  test_ok(tv_allocator_set(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_memory_comes_from_the_allocator_that_was_set),
      cmocka_unit_test(a_buffer_keeps_its_bytes_while_it_grows),
      cmocka_unit_test(a_buffer_survives_a_failed_growth),
      cmocka_unit_test(an_incomplete_allocator_is_refused),
      cmocka_unit_test(the_allocator_stays_while_a_database_is_open),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
