/* SPDX-License-Identifier: MIT */
/*
 * Thousands of damaged files: no check may crash, hang or fail otherwise than by saying what is
 * wrong, and a file that the whole check calls sound must be readable and writable to the end by
 * LMDB, which would crash on what the check had missed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test_damage.h"

/* TV_TEST_MUTANTS sets how many; 10,000, and a quarter of it under a sanitizer. */

static test_damage *damage;

/* Where the undamaged sample has what is worth damaging. */
static size_t tree_pages[4096], tree_page_count;
static size_t records[5];
static size_t meta_at;

static int setup(void **state) {
  size_t number, pages, depth;
  (void)state;
  damage = test_damage_make();
  pages = damage->sample.size / damage->page_bytes;
  for (number = 2; number < pages && tree_page_count < 4096; number++) {
    const unsigned char *page = test_damage_page(damage, number);
    unsigned flags = tvi_page_flags(page);
    if (tvi_page_number(page) == number && (flags == TVI_PAGE_LEAF || flags == TVI_PAGE_BRANCH) &&
        tvi_page_nodes(page) > 0)
      tree_pages[tree_page_count++] = number;
  }
  assert_true(tree_page_count > 50);
  for (depth = 0; depth < 4; depth++)
    records[depth] = (size_t)(test_damage_record(damage, (unsigned)depth) - damage->bytes.data);
  records[4] = (size_t)(test_damage_tree(damage, "trivet") - damage->bytes.data);
  meta_at = (size_t)(test_damage_meta(damage) - damage->bytes.data);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  if (damage != NULL) test_damage_free(damage);
  return 0;
}

/* ---- Mutations of the copy ---- */

static unsigned char *some_page(uint64_t *seed) {
  return test_damage_page(damage, test_random(seed) % (damage->bytes.size / damage->page_bytes));
}

static unsigned char *some_tree_page(uint64_t *seed) {
  return test_damage_page(damage, tree_pages[test_random(seed) % tree_page_count]);
}

static void flip(unsigned char *from, size_t size, uint64_t *seed) {
  size_t flips = 1 + test_random(seed) % 6;
  while (flips-- > 0) {
    unsigned char *at = from + test_random(seed) % size;
    uint64_t kind = test_random(seed) % 4;
    if (kind == 0) {
      *at ^= (unsigned char)(1u << test_random(seed) % 8);
    } else if (kind == 1) {
      *at = 0;
    } else if (kind == 2) {
      *at = 0xff;
    } else {
      *at = (unsigned char)test_random(seed);
    }
  }
}

/* Damage where it hurts: a page's header, its offsets, or the head of one of its nodes. */
static void hurt_page(uint64_t *seed) {
  unsigned char *page = some_tree_page(seed);
  const unsigned char *sound = damage->sample.data + (page - damage->bytes.data);
  unsigned nodes = tvi_page_nodes(sound), node;
  switch (test_random(seed) % 3) {
    case 0:
      flip(page, TVI_PAGE_HEADER_BYTES, seed);
      break;
    case 1:
      flip(page + TVI_PAGE_HEADER_BYTES, 2 * (size_t)nodes, seed);
      break;
    default:
      node = tvi_page_node_offset(sound, (unsigned)(test_random(seed) % nodes));
      if (node + TVI_NODE_HEADER_BYTES + 8 <= damage->page_bytes)
        flip(page + node, TVI_NODE_HEADER_BYTES + 8, seed);
  }
}

static void mutate(uint64_t *seed) {
  unsigned char *a, *b, *swap;
  switch (test_random(seed) % 10) {
    case 0:
      flip(damage->bytes.data, damage->bytes.size, seed);
      break;
    case 1:
      memset(some_page(seed), 0, damage->page_bytes);
      break;
    case 2:
      a = some_tree_page(seed);
      b = some_tree_page(seed);
      swap = malloc(damage->page_bytes);
      assert_non_null(swap);
      memcpy(swap, a, damage->page_bytes);
      memcpy(a, b, damage->page_bytes);
      memcpy(b, swap, damage->page_bytes);
      free(swap);
      break;
    case 3:
      a = some_page(seed);
      for (b = a; b < a + damage->page_bytes; b++) *b = (unsigned char)test_random(seed);
      break;
    case 4: /* another page's content under this one's number */
      a = some_tree_page(seed);
      b = some_tree_page(seed);
      if (a != b) memcpy(a + 8, b + 8, damage->page_bytes - 8);
      break;
    case 5:
      flip(damage->bytes.data + meta_at, TVI_META_BYTES, seed);
      break;
    case 6:
      flip(damage->bytes.data + records[test_random(seed) % 5], TVI_TREE_BYTES, seed);
      break;
    case 7:
      damage->bytes.size = test_random(seed) % damage->bytes.size;
      break;
    default:
      hurt_page(seed);
  }
}

/* ---- What must hold ---- */

static int is_verdict(int status) {
  return status == TV_OK || status == TV_ECORRUPT || status == TV_ETRUNCATED ||
         status == TV_ENOTDB || status == TV_EVERSION;
}

/* The whole check found nothing: then nothing that LMDB does may fail. */
static void assert_usable(int write) {
  tv_options options = {.flags = write ? 0 : TV_OPEN_READONLY, .durability = TV_BULK};
  tv_error err = {0};
  tv_db *db = NULL;
  uint64_t entries;
  test_ok(tv_open(damage->path, &options, &db, &err));
  test_ok(test_read_all(db, &entries));
  assert_true(entries > 160 + 300);
  if (write) {
    tv_txn *txn = test_begin(db, TV_WRITE);
    tv_store *store;
    int i;
    test_ok(tv_store_open(txn, "wide", TV_CREATE, &store));
    for (i = 0; i < 300; i++) {
      char key[16];
      size_t size = (size_t)snprintf(key, sizeof key, "%d", i * 37);
      test_ok(tv_store_put(store, tv_bytes(key, size), tv_bytes(damage->sample.data, 300), 0));
    }
    test_commit(txn);
  }
  test_ok(tv_close(db, &err));
  if (write) test_ok(tv_check_file(damage->path, NULL, NULL, NULL, &err));
}

static void no_mutant_crashes_and_accepted_ones_work(void **state) {
  uint64_t seed = test_seed();
  const char *wish = getenv("TV_TEST_MUTANTS"), *flavour = getenv("TV_FLAVOUR");
  int mutants = flavour == NULL || strcmp(flavour, "release") == 0 ? 10000 : 2500;
  int round, found = 0, found_at_open = 0;
  (void)state;
  if (wish != NULL) mutants = atoi(wish);
  for (round = 0; round < mutants; round++) {
    tv_check_report report;
    tv_error err = {0}, err_open = {0};
    int status, status_open;
    test_damage_fresh(damage);
    do mutate(&seed);
    while (test_random(&seed) % 4 == 0 && damage->bytes.size == damage->sample.size);
    test_damage_write(damage);
    status = tv_check_file(damage->path, NULL, NULL, &report, &err);
    status_open = tvi_check_open(damage->path, damage->page_bytes, &err_open);
    assert_true(is_verdict(status) && is_verdict(status_open));
    assert_int_equal(status == TV_ECORRUPT || status == TV_ETRUNCATED, report.problems > 0);
    assert_true(status == TV_OK || err.message[0] != '\0');
    assert_true(status_open == TV_OK || err_open.message[0] != '\0');
    if (status == TV_OK) {
      assert_int_equal(status_open, TV_OK); /* open refuses nothing that is sound */
      if (round % 4 == 0) assert_usable(round % 64 == 0);
    }
    found += status != TV_OK;
    found_at_open += status_open != TV_OK;
  }
  print_message("%d mutants: %d found, %d of them before opening\n", mutants, found, found_at_open);
  assert_true(found > mutants / 2 && found_at_open > mutants / 10);
}

static void a_truncated_file_is_said_to_be_cut_off_unless_nothing_is_missing(void **state) {
  uint64_t pages = damage->sample.size / damage->page_bytes, keep;
  int accepted = 0;
  (void)state;
  test_damage_fresh(damage);
  test_damage_write(damage);
  for (keep = pages; keep-- > 0;) {
    tv_error err = {0};
    int status, status_open;
    assert_int_equal(truncate(damage->path, (off_t)(keep * damage->page_bytes)), 0);
    status = tv_check_file(damage->path, NULL, NULL, NULL, &err);
    status_open = tvi_check_open(damage->path, damage->page_bytes, &err);
    if (keep == 0) {
      assert_true(status == TV_ENOTDB && status_open == TV_OK);
    } else if (status == TV_OK) { /* free pages at the end */
      assert_int_equal(status_open, TV_OK);
      accepted++;
    } else {
      test_status(status, TV_ETRUNCATED);
      test_status(status_open, TV_ETRUNCATED);
      assert_non_null(strstr(err.message, "check.tv"));
    }
  }
  assert_true(accepted > 0);
  /* As LMDB leaves it when it frees pages at the end before it ever wrote them. */
  test_damage_fresh(damage);
  damage->bytes.size -= (size_t)accepted * damage->page_bytes;
  test_damage_write(damage);
  assert_usable(1);
}

static void a_file_cut_within_a_page_is_said_to_be_cut_off(void **state) {
  uint64_t seed = test_seed();
  int round;
  (void)state;
  for (round = 0; round < 300; round++) {
    tv_error err = {0};
    int status;
    test_damage_fresh(damage);
    damage->bytes.size = round < 40 ? (size_t)round * 7 : test_random(&seed) % damage->bytes.size;
    test_damage_write(damage);
    status = tv_check_file(damage->path, NULL, NULL, NULL, &err);
    if (damage->bytes.size < 20) {
      test_status(status, TV_ENOTDB); /* not even the magic number is there */
    } else if (status != TV_OK) {
      test_status(status, TV_ETRUNCATED);
      test_status(tvi_check_open(damage->path, damage->page_bytes, NULL), TV_ETRUNCATED);
    }
  }
}

/* Every single byte of the pages that lead to all others, in two ways. */
static void each_byte_of_the_meta_pages_may_be_wrong(void **state) {
  size_t at;
  (void)state;
  for (at = 0; at < 2 * damage->page_bytes; at++) {
    static const unsigned char changes[] = {0x01, 0xff};
    size_t change;
    if (at % damage->page_bytes >= TVI_META_BYTES) continue;
    for (change = 0; change < sizeof changes; change++) {
      tv_error err = {0};
      int status;
      test_damage_fresh(damage);
      damage->bytes.data[at] ^= changes[change];
      test_damage_write(damage);
      status = tv_check_file(damage->path, NULL, NULL, NULL, &err);
      assert_true(is_verdict(status));
      if (status == TV_OK) assert_usable(0); /* the map's size and address; what is not used */
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_mutant_crashes_and_accepted_ones_work),
      cmocka_unit_test(a_truncated_file_is_said_to_be_cut_off_unless_nothing_is_missing),
      cmocka_unit_test(a_file_cut_within_a_page_is_said_to_be_cut_off),
      cmocka_unit_test(each_byte_of_the_meta_pages_may_be_wrong),
  };
  /* Thousands of files: in memory, where that can be. */
  if (access("/dev/shm", W_OK) == 0) (void)setenv("TMPDIR", "/dev/shm", 0);
  (void)alarm(300); /* a check that hangs is a failure too */
  return cmocka_run_group_tests(tests, setup, teardown);
}
