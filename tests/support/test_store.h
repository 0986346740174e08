/* SPDX-License-Identifier: MIT */
/*
 * What most tests need: stores in memory or in a folder of their own, seeds, randomness, checks of
 * statuses that print what went wrong.
 */
#ifndef TRIVET_TEST_STORE_H
#define TRIVET_TEST_STORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

#include "trivet.h"

/* Asserts TV_OK, and prints the status' name when it is another. */
#define test_ok(call) test_status_at((call), TV_OK, #call, __FILE__, __LINE__)
#define test_status(call, expected) test_status_at((call), (expected), #call, __FILE__, __LINE__)
void test_status_at(int status, int expected, const char *call, const char *file, int line);

/* An in-memory store. */
tv_db *test_open_memory(void);
tv_db *test_open(const char *path, unsigned flags);
void test_close(tv_db *db);
tv_txn *test_begin(tv_db *db, unsigned mode);
void test_commit(tv_txn *txn);

/* A new folder below $TMPDIR or /tmp; freed and removed with all that is in it by
 * test_folder_remove. */
char *test_folder_make(void);
/* The same in memory where the machine has /dev/shm: for tests that sync much and mean no disk. */
char *test_folder_make_fast(void);
void test_folder_remove(char *folder);
void test_path(char *out, size_t size, const char *folder, const char *name);

/* TV_TEST_SEED from the environment, else the clock; printed so that a failure can be run again. */
uint64_t test_seed(void);
/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
uint64_t test_random(uint64_t *state);

/* 1 when the slice holds exactly the bytes of `text`. */
int test_slice_is(tv_slice slice, const char *text);

#endif
