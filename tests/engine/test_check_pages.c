/* SPDX-License-Identifier: MIT */
/* Damage of one kind at a time: roots, pages, the free tree, the catalogue. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test_damage.h"

static test_damage *damage;

static int setup(void **state) {
  (void)state;
  damage = test_damage_make();
  return 0;
}

static int teardown(void **state) {
  (void)state;
  if (damage != NULL) test_damage_free(damage);
  return 0;
}

static int fresh_copy(void **state) {
  (void)state;
  test_damage_fresh(damage);
  return 0;
}

/* ---- Roots ---- */

static void a_damaged_root_is_found_at_open(void **state) {
  uint64_t roots[4];
  size_t i;
  (void)state;
  roots[0] = test_damage_main_root(damage);
  roots[1] = tvi_meta_load(test_damage_meta(damage)).free_tree.root;
  roots[2] = tvi_tree_record_load(test_damage_tree(damage, "trivet")).root;
  roots[3] = tvi_tree_record_load(test_damage_record(damage, 3)).root;
  for (i = 0; i < 4; i++) {
    test_damage_fresh(damage);
    memset(test_damage_page(damage, roots[i]), 0, damage->page_bytes);
    test_damage_found_at_open(damage, TV_ECORRUPT, "is damaged");
    test_damage_found(damage, TV_ECORRUPT, "is damaged");
    test_damage_fresh(damage);
    test_damage_page(damage, roots[i])[10] ^= 3; /* a leaf for a branch and the other way round */
    test_damage_found_at_open(damage, TV_ECORRUPT, "is damaged");
    test_damage_found(damage, TV_ECORRUPT, "is damaged");
  }
  test_damage_fresh(damage);
  tvi_store_le64(test_damage_record(damage, 1) + 40, roots[3]);
  test_damage_found_at_open(damage, TV_ECORRUPT, "is not of its depth");
}

/* ---- Pages within trees ---- */

static void keys_out_of_order_are_found(void **state) {
  unsigned char *leaf =
      test_damage_page(damage, tvi_node_child(tvi_page_node(test_damage_root(damage, 2), 1)));
  unsigned char swap[2];
  (void)state;
  assert_int_equal(tvi_page_flags(leaf), TVI_PAGE_LEAF);
  memcpy(swap, leaf + 16, 2);
  memcpy(leaf + 16, leaf + 18, 2);
  memcpy(leaf + 18, swap, 2);
  test_damage_found(damage, TV_ECORRUPT, "its keys are out of order");
}

static void keys_on_the_wrong_page_are_found(void **state) {
  unsigned char *root = test_damage_root(damage, 2);
  unsigned char *first = root + tvi_page_node_offset(root, 1);
  unsigned char *second = root + tvi_page_node_offset(root, 2);
  unsigned char swap[6];
  (void)state;
  memcpy(swap, first, 6);
  memcpy(first, second, 6); /* children change places, the separators stay */
  memcpy(second, swap, 6);
  test_damage_found(damage, TV_ECORRUPT, "its keys");
  assert_true(damage->sentence_count >= 2);
}

static void a_page_reached_twice_is_found(void **state) {
  unsigned char *root = test_damage_root(damage, 3);
  (void)state;
  memcpy(root + tvi_page_node_offset(root, 1), root + tvi_page_node_offset(root, 0), 6);
  test_damage_found(damage, TV_ECORRUPT, "is in use twice");
}

static void a_branch_that_is_its_own_child_ends_the_walk(void **state) {
  unsigned char *root = test_damage_root(damage, 3);
  (void)state;
  memcpy(root + tvi_page_node_offset(root, 0), root, 6);
  test_damage_found(damage, TV_ECORRUPT, "is in use twice");
}

static void a_branch_with_one_child_is_found(void **state) {
  (void)state;
  tvi_store_le16(test_damage_root(damage, 3) + 12, TVI_PAGE_HEADER_BYTES + 2);
  test_damage_found(damage, TV_ECORRUPT, "single child");
}

static void nodes_outside_or_over_one_another_are_found(void **state) {
  unsigned char *root = test_damage_root(damage, 2);
  uint64_t leaf = tvi_node_child(tvi_page_node(root, 0));
  uint16_t offset = (uint16_t)tvi_page_node_offset(test_damage_page(damage, leaf), 0);
  (void)state;
  tvi_store_le16(test_damage_page(damage, leaf) + 16, (uint16_t)(damage->page_bytes - 4));
  test_damage_found(damage, TV_ECORRUPT, "a node lies outside it");
  tvi_store_le16(test_damage_page(damage, leaf) + 16, 16);
  test_damage_found(damage, TV_ECORRUPT, "a node lies outside it");
  tvi_store_le16(test_damage_page(damage, leaf) + 16, (uint16_t)(offset + 1));
  test_damage_found(damage, TV_ECORRUPT, "an odd place");
  tvi_store_le16(test_damage_page(damage, leaf) + 16,
                 (uint16_t)tvi_page_node_offset(test_damage_page(damage, leaf), 1));
  test_damage_found(damage, TV_ECORRUPT, "two nodes overlap");
  tvi_store_le16(test_damage_page(damage, leaf) + 16, offset);
  tvi_store_le16(test_damage_page(damage, leaf) + offset + 6, 512);
  test_damage_found(damage, TV_ECORRUPT, "a key is longer than possible");
  tvi_store_le16(test_damage_page(damage, leaf) + offset + 6, 0);
  test_damage_found(damage, TV_ECORRUPT, "a key is empty");
  tvi_store_le16(test_damage_page(damage, leaf) + offset + 6, 16);
  tvi_store_le32(test_damage_page(damage, leaf) + offset, 60000);
  test_damage_found(damage, TV_ECORRUPT, "a value ends behind it");
  tvi_store_le32(test_damage_page(damage, leaf) + offset, 60);
  tvi_store_le16(test_damage_page(damage, leaf) + offset + 4, TVI_NODE_TREE);
  test_damage_found(damage, TV_ECORRUPT, "flags that do not belong there");
}

static void bounds_of_a_page_are_checked(void **state) {
  uint64_t leaf = tvi_node_child(tvi_page_node(test_damage_root(damage, 2), 0));
  (void)state;
  tvi_store_le16(test_damage_page(damage, leaf) + 12, 15);
  test_damage_found(damage, TV_ECORRUPT, "its bounds are wrong");
  tvi_store_le16(test_damage_page(damage, leaf) + 12, 16);
  test_damage_found(damage, TV_ECORRUPT, "it is empty");
  tvi_store_le16(test_damage_page(damage, leaf) + 12, 20);
  tvi_store_le16(test_damage_page(damage, leaf) + 14, 18);
  test_damage_found(damage, TV_ECORRUPT, "its bounds are wrong");
  tvi_store_le16(test_damage_page(damage, leaf) + 14, (uint16_t)(damage->page_bytes + 2));
  test_damage_found(damage, TV_ECORRUPT, "its bounds are wrong");
}

static void wrong_counts_are_found(void **state) {
  size_t field;
  (void)state;
  for (field = 8; field <= 32; field += 8) {
    unsigned char *record;
    test_damage_fresh(damage);
    record = test_damage_record(damage, 3);
    tvi_store_le64(record + field, tvi_load_le64(record + field) + 1);
    test_damage_found(damage, TV_ECORRUPT, field == 32 ? "entries" : "numbers of pages");
    assert_int_equal(damage->sentence_count, 1);
    assert_non_null(strstr(damage->sentences[0], "store 'deep'")); /* by its name, not its slot's */
  }
}

static void a_damaged_large_value_is_found(void **state) {
  uint64_t page;
  (void)state;
  for (page = TVI_PAGE_FIRST; page < damage->bytes.size / damage->page_bytes; page++) {
    unsigned char *at = test_damage_page(damage, page);
    if (tvi_page_number(at) == page && tvi_page_flags(at) == TVI_PAGE_OVERFLOW &&
        tvi_page_run(at) == 3)
      tvi_store_le32(at + 12, 2);
  }
  test_damage_found(damage, TV_ECORRUPT, "it is not the start of a large value");
}

static void every_zeroed_page_in_use_is_found(void **state) {
  uint64_t pages = damage->bytes.size / damage->page_bytes, page, accepted = 0, of_lists = 0;
  tvi_tree_record free_tree = tvi_meta_load(test_damage_meta(damage)).free_tree;
  tv_check_report report;
  tv_error err;
  (void)state;
  test_damage_write(damage);
  for (page = 0; page < pages; page++) {
    int status, fd = open(damage->path, O_WRONLY);
    assert_true(fd >= 0);
    memset(damage->bytes.data, 0, damage->page_bytes);
    assert_true(
        pwrite(fd, damage->bytes.data, damage->page_bytes, (off_t)(page * damage->page_bytes)) > 0);
    status = tv_check_file(damage->path, NULL, NULL, &report, &err);
    assert_true(pwrite(fd, damage->sample.data + page * damage->page_bytes, damage->page_bytes,
                       (off_t)(page * damage->page_bytes)) > 0);
    close(fd);
    if (status == TV_OK) {
      accepted++;
    } else {
      assert_true(status == TV_ECORRUPT && report.problems > 0);
    }
  }
  /* What may be zero: free pages in the file, and large values behind their first page. */
  of_lists = free_tree.overflow_pages > 0 ? free_tree.overflow_pages - 1 : 0;
  assert_true(of_lists == 0);
  assert_int_equal(accepted, damage->large * 2 + damage->sample_report.pages_free -
                                 (tvi_meta_load(damage->sample.data).last_page + 1 - pages));
}

/* ---- The free tree and the catalogue ---- */

static void a_page_both_free_and_used_is_found(void **state) {
  unsigned char *leaf =
      test_damage_page(damage, tvi_meta_load(test_damage_meta(damage)).free_tree.root);
  unsigned char *list;
  uint64_t count;
  (void)state;
  assert_int_equal(tvi_page_flags(leaf), TVI_PAGE_LEAF);
  list = leaf + tvi_page_node_offset(leaf, tvi_page_nodes(leaf) - 1) + TVI_NODE_HEADER_BYTES + 8;
  count = tvi_load_le64(list);
  assert_true(count > 1);
  tvi_store_le64(list + 8 * count, test_damage_main_root(damage));
  test_damage_found(damage, TV_ECORRUPT, "is in use, or listed twice");
  tvi_store_le64(list + 8 * count, 1);
  test_damage_found(damage, TV_ECORRUPT, "is no page of the file");
  tvi_store_le64(list + 8 * count, tvi_load_le64(list + 8 * count - 8));
  test_damage_found(damage, TV_ECORRUPT, "listed twice");
  tvi_store_le64(list, UINT64_MAX / 8);
  test_damage_found(damage, TV_ECORRUPT, "longer than its value");
  tvi_store_le64(list, count);
  tvi_store_le64(list - 8, UINT64_MAX);
  test_damage_found(damage, TV_ECORRUPT, "has not been");
}

static void two_entries_with_one_slot_are_found(void **state) {
  unsigned char *leaf =
      test_damage_page(damage, tvi_tree_record_load(test_damage_tree(damage, "trivet")).root);
  unsigned i, deep = 0, wide = 0;
  (void)state;
  assert_int_equal(tvi_page_flags(leaf), TVI_PAGE_LEAF);
  for (i = 0; i < tvi_page_nodes(leaf); i++) {
    unsigned char *node = leaf + tvi_page_node_offset(leaf, i);
    if (tvi_node_key_size(node) == 5 && memcmp(tvi_node_key(node), "sdeep", 5) == 0) deep = i;
    if (tvi_node_key_size(node) == 5 && memcmp(tvi_node_key(node), "swide", 5) == 0) wide = i;
  }
  assert_true(deep > 0 && wide > 0);
  memcpy(leaf + tvi_page_node_offset(leaf, deep) + 13, leaf + tvi_page_node_offset(leaf, wide) + 13,
         2);
  test_damage_found(damage, TV_ECORRUPT, "neither named nor spare");
  assert_int_equal(damage->sentence_count, 2);
  assert_non_null(strstr(damage->sentences[1], "named more than once"));
}

static void only_a_hundred_problems_are_told(void **state) {
  unsigned char *leaf =
      test_damage_page(damage, tvi_meta_load(test_damage_meta(damage)).free_tree.root);
  unsigned i;
  tv_check_report report;
  tv_error err = {0};
  (void)state;
  for (i = 0; i < tvi_page_nodes(leaf); i++) {
    unsigned char *list = leaf + tvi_page_node_offset(leaf, i) + TVI_NODE_HEADER_BYTES + 8;
    uint64_t count = tvi_load_le64(list), j;
    for (j = 1; j <= count; j++) tvi_store_le64(list + 8 * j, 1);
  }
  test_damage_write(damage);
  test_status(test_damage_check(damage, &report, &err), TV_ECORRUPT);
  assert_true(report.problems > 200);
  assert_int_equal(damage->sentence_count, 100);
}

int main(void) {
#define CHECK_TEST(name) cmocka_unit_test_setup(name, fresh_copy)
  const struct CMUnitTest tests[] = {
      CHECK_TEST(a_damaged_root_is_found_at_open),
      CHECK_TEST(keys_out_of_order_are_found),
      CHECK_TEST(keys_on_the_wrong_page_are_found),
      CHECK_TEST(a_page_reached_twice_is_found),
      CHECK_TEST(a_branch_that_is_its_own_child_ends_the_walk),
      CHECK_TEST(a_branch_with_one_child_is_found),
      CHECK_TEST(nodes_outside_or_over_one_another_are_found),
      CHECK_TEST(bounds_of_a_page_are_checked),
      CHECK_TEST(wrong_counts_are_found),
      CHECK_TEST(a_damaged_large_value_is_found),
      CHECK_TEST(every_zeroed_page_in_use_is_found),
      CHECK_TEST(a_page_both_free_and_used_is_found),
      CHECK_TEST(two_entries_with_one_slot_are_found),
      CHECK_TEST(only_a_hundred_problems_are_told),
  };
  (void)alarm(120); /* a check that hangs is a failure too */
  return cmocka_run_group_tests(tests, setup, teardown);
}
