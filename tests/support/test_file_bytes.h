/* SPDX-License-Identifier: MIT */
/*
 * Files as bytes, for tests that damage them, and a store that holds every kind of page.
 */
#ifndef TRIVET_TEST_FILE_BYTES_H
#define TRIVET_TEST_FILE_BYTES_H

#include "test_store.h"

typedef struct test_file_bytes {
  unsigned char *data;
  size_t size;
} test_file_bytes;

test_file_bytes test_file_read(const char *path);
void test_file_write(const char *path, const void *data, size_t size);

/*
 * Makes a store with trees of one to three levels, large values, many transactions, dropped stores
 * and free pages, among them the file's last ones. *large: number of large values in it.
 */
void test_sample_make(const char *path, size_t *large);

/* Reads all entries of all stores; returns how many there are. Fails only by a status or a crash.
 */
int test_read_all(tv_db *db, uint64_t *entries);

#endif
