/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out in the middle of a statement, at each of its allocations in turn: the
 * statement fails or gives the whole answer, and the next one works. Included by one file of a
 * program.
 */
#ifndef TRIVET_SCARCE_MEMORY_H
#define TRIVET_SCARCE_MEMORY_H

#include "sql_answer.h"

static long fail_in = -1; /* allocations until one fails; -1: none does */

static int fails(void) {
  return fail_in >= 0 && fail_in-- == 0;
}

static void *allocate(void *ctx, size_t bytes) {
  (void)ctx;
  return fails() ? NULL : malloc(bytes);
}

static void *reallocate(void *ctx, void *old, size_t bytes) {
  (void)ctx;
  return fails() ? NULL : realloc(old, bytes);
}

static void release(void *ctx, void *old) {
  (void)ctx;
  free(old);
}

/* The library allocates here until tv_allocator_set(NULL). */
static const tv_allocator scarce_allocator = {allocate, reallocate, release, NULL};

/* What runs a statement and gives its answer, as sql_answer does. */
typedef char *(*scarce_answer)(sqlite3 *sql, const char *statement);

/* statement: its text, and its answer when memory suffices. It leaves the store as it was. */
static void scarce_check(sqlite3 *sql, scarce_answer answer, const char *const statement[2]) {
  long n, failed = 0;
  char *text;
  for (n = 0;; n++) {
    int whole;
    fail_in = n;
    text = answer(sql, statement[0]);
    assert_non_null(text);
    if (text == NULL) return;
    whole = fail_in >= 0;
    fail_in = -1;
    if (strstr(text, "error: ") != NULL)
      failed++;
    else
      assert_string_equal(text, statement[1]);
    free(text);
    if (!sqlite3_get_autocommit(sql)) answer_is(sql, "ROLLBACK", "");
    if (whole) break;
    assert_true(n < 6000);
  }
  print_message("%ld of %ld failed allocations ended the statement\n", failed, n);
  text = answer(sql, statement[0]);
  assert_non_null(text);
  assert_string_equal(text, statement[1]);
  free(text);
}

#endif
