/* SPDX-License-Identifier: MIT */
/* Relations and versions. */
#include <string.h>

#include "deb_depends.h"
#include "test_store.h"

static deb_dependencies parsed(const char *field) {
  deb_dependencies list = {NULL, 0, 0, 0};
  deb_depends_parse(tv_str(field), &list);
  return list;
}

static void test_every_part_of_a_relation_is_told_apart(void **state) {
  deb_dependencies list = parsed("a (>= 1.2) | b [amd64 !arm64] <!nocheck> <cross>, c:any (<<2~)");
  (void)state;
  assert_int_equal((int)list.n, 3);
  assert_int_equal((int)list.malformed, 0);
  assert_true(test_slice_is(list.items[0].name, "a"));
  assert_string_equal(list.items[0].relation, ">=");
  assert_true(test_slice_is(list.items[0].version, "1.2"));
  assert_int_equal(list.items[0].group, 1);
  assert_int_equal(list.items[0].alternatives, 2);
  assert_true(test_slice_is(list.items[1].name, "b"));
  assert_string_equal(list.items[1].relation, "");
  assert_true(test_slice_is(list.items[1].architectures, "amd64 !arm64"));
  assert_true(test_slice_is(list.items[1].profiles, "<!nocheck> <cross>"));
  assert_int_equal(list.items[1].group, 1);
  assert_true(test_slice_is(list.items[2].name, "c"));
  assert_true(test_slice_is(list.items[2].qualifier, "any"));
  assert_string_equal(list.items[2].relation, "<<");
  assert_true(test_slice_is(list.items[2].version, "2~"));
  assert_int_equal(list.items[2].group, 2);
  assert_int_equal(list.items[2].alternatives, 1);
  deb_dependencies_free(&list);
}

static void test_no_space_and_much_space_are_the_same(void **state) {
  deb_dependencies tight = parsed("a(>=1)|b,c"), wide = parsed("\n a  ( >=  1 )\n | b ,\n\tc\n,");
  size_t i;
  (void)state;
  assert_int_equal((int)tight.n, 3);
  assert_int_equal((int)wide.n, 3);
  assert_int_equal((int)(tight.malformed + wide.malformed), 0);
  for (i = 0; i < 3; i++) {
    assert_int_equal((int)tight.items[i].name.size, 1);
    assert_memory_equal(tight.items[i].name.data, wide.items[i].name.data, 1);
    assert_int_equal(tight.items[i].group, wide.items[i].group);
    assert_string_equal(tight.items[i].relation, wide.items[i].relation);
  }
  deb_dependencies_free(&tight);
  deb_dependencies_free(&wide);
}

static void test_old_relations_keep_their_old_meaning(void **state) {
  deb_dependencies list = parsed("a (< 1), b (> 1), c (= 1), d (<= 1), e (>> 1)");
  (void)state;
  assert_int_equal((int)list.n, 5);
  assert_string_equal(list.items[0].relation, "<=");
  assert_string_equal(list.items[1].relation, ">=");
  assert_string_equal(list.items[2].relation, "=");
  assert_string_equal(list.items[3].relation, "<=");
  assert_string_equal(list.items[4].relation, ">>");
  deb_dependencies_free(&list);
}

static void test_a_malformed_part_is_left_out_alone(void **state) {
  static const char *const fields[] = {
      "good, (>= 1), also",       "good, bad (1.0), also", "good, bad (>= 1, also",
      "good, bad (>= 1 2), also", "good, bad: , also",     "good, two words, also",
      "good, bad [amd64, also",   "good, bad (>=), also",  "good, bad ) , also"};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    deb_dependencies list = parsed(fields[i]);
    assert_int_equal((int)list.malformed, 1);
    assert_true(list.n == 2);
    assert_true(test_slice_is(list.items[0].name, "good"));
    assert_true(test_slice_is(list.items[1].name, "also"));
    deb_dependencies_free(&list);
  }
}

static void test_stray_commas_and_bars_make_no_relation(void **state) {
  deb_dependencies list = parsed(", , a | , b,,");
  (void)state;
  assert_int_equal((int)list.n, 2);
  assert_int_equal(list.items[0].alternatives, 1);
  assert_int_equal(list.items[1].group, 2);
  deb_dependencies_free(&list);
  list = parsed("");
  assert_int_equal((int)list.n, 0);
  deb_dependencies_free(&list);
}

static void test_any_bytes_end_without_harm(void **state) {
  uint64_t random = test_seed();
  static const char alphabet[] = "ab1 ()[]<>|,:=>~\n\t\0";
  char field[64];
  int round;
  (void)state;
  for (round = 0; round < 20000; round++) {
    size_t size = (size_t)(test_random(&random) % sizeof field), i;
    deb_dependencies list = {NULL, 0, 0, 0};
    for (i = 0; i < size; i++) field[i] = alphabet[test_random(&random) % (sizeof alphabet - 1)];
    deb_depends_parse(tv_bytes(field, size), &list);
    for (i = 0; i < list.n; i++) {
      const char *name = list.items[i].name.data;
      assert_true(list.items[i].name.size > 0);
      assert_true(name >= field && name + list.items[i].name.size <= field + size);
      assert_true(list.items[i].alternatives > 0 && list.items[i].group > 0);
    }
    deb_dependencies_free(&list);
  }
}

static void test_versions_are_ordered_as_dpkg_orders_them(void **state) {
  static const char *const ascending[] = {
      "0",      "1.0~~", "1.0~~a", "1.0~", "1.0", "1.0-1", "1.0-1.1",         "1.0-2", "1.0a",
      "1.0+b1", "1.0.1", "1.2",    "1.10", "10",  "1:0.1", "1:0.1-0+deb12u1", "2:0"};
  size_t n = sizeof ascending / sizeof ascending[0], i, j;
  (void)state;
  for (i = 0; i < n; i++)
    for (j = 0; j < n; j++) {
      int order = deb_version_compare(tv_str(ascending[i]), tv_str(ascending[j]));
      assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
    }
  assert_int_equal(deb_version_compare(tv_str("1.0"), tv_str("0:1.0")), 0);
  assert_int_equal(deb_version_compare(tv_str("1.00"), tv_str("1.0-0")), 0);
  assert_int_equal(deb_version_compare(tv_str("01.2"), tv_str("1.02")), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_part_of_a_relation_is_told_apart),
      cmocka_unit_test(test_no_space_and_much_space_are_the_same),
      cmocka_unit_test(test_old_relations_keep_their_old_meaning),
      cmocka_unit_test(test_a_malformed_part_is_left_out_alone),
      cmocka_unit_test(test_stray_commas_and_bars_make_no_relation),
      cmocka_unit_test(test_any_bytes_end_without_harm),
      cmocka_unit_test(test_versions_are_ordered_as_dpkg_orders_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
