/* SPDX-License-Identifier: MIT */
/*
 * A sample store's bytes to be damaged, and what both checks say about them.
 */
#ifndef TRIVET_TEST_DAMAGE_H
#define TRIVET_TEST_DAMAGE_H

#include "check_internal.h"
#include "test_file_bytes.h"

#define TEST_DAMAGE_PATH_BYTES 4200

typedef struct test_damage {
  char *folder;
  char sample_path[TEST_DAMAGE_PATH_BYTES];
  char path[TEST_DAMAGE_PATH_BYTES]; /* where the damaged copy goes: ".../check.tv" */
  test_file_bytes sample;
  test_file_bytes bytes; /* the copy */
  size_t large;          /* large values in the sample, of three pages each */
  size_t page_bytes;
  tv_check_report sample_report;
  char sentences[100][256]; /* of the last check */
  size_t sentence_count;
} test_damage;

test_damage *test_damage_make(void);
void test_damage_free(test_damage *damage);
/* Undoes all damage to the copy. */
void test_damage_fresh(test_damage *damage);
/* Writes the copy to its path. */
void test_damage_write(const test_damage *damage);

/* Checks the file at the path, whatever it is now, and keeps the sentences. */
int test_damage_check(test_damage *damage, tv_check_report *report, tv_error *err);
/* Writes the copy; the check must answer so, with a message that holds this and the file's name. */
void test_damage_found(test_damage *damage, int expected, const char *part_of_message);
/* The same of the check before opening, and of tv_open. */
void test_damage_found_at_open(test_damage *damage, int expected, const char *part_of_message);

/* Places in the copy. */
unsigned char *test_damage_page(test_damage *damage, uint64_t number);
unsigned char *test_damage_meta(test_damage *damage); /* the newest meta page */
uint64_t test_damage_main_root(test_damage *damage);
/* The record of a named tree. */
unsigned char *test_damage_tree(test_damage *damage, const char *name);
/* The record, and the root page, of the store with so many levels: 3 is "deep", 2 is "wide". */
unsigned char *test_damage_record(test_damage *damage, unsigned depth);
unsigned char *test_damage_root(test_damage *damage, unsigned depth);

#endif
