/* SPDX-License-Identifier: MIT */
/* The reader of control data on stanzas that are not as tidy as they should be. */
#include <string.h>

#include "deb_control.h"
#include "deb_index.h"
#include "test_store.h"

static tv_slice only_stanza(const char *text) {
  deb_reader reader = deb_reader_of(tv_str(text));
  tv_slice stanza, more;
  assert_int_equal(deb_stanza_next(&reader, &stanza), 1);
  assert_int_equal(deb_stanza_next(&reader, &more), 0);
  return stanza;
}

static void test_stanzas_are_parted_by_any_number_of_blank_lines(void **state) {
  deb_reader reader = deb_reader_of(tv_str("\n\n  \nPackage: a\nVersion: 1\n \t\n\nPackage: b"));
  tv_slice stanza;
  (void)state;
  assert_int_equal(deb_stanza_next(&reader, &stanza), 1);
  assert_true(test_slice_is(stanza, "Package: a\nVersion: 1"));
  assert_int_equal(deb_stanza_next(&reader, &stanza), 1);
  assert_true(test_slice_is(stanza, "Package: b"));
  assert_int_equal(deb_stanza_next(&reader, &stanza), 0);
}

static void test_an_empty_text_has_no_stanza(void **state) {
  deb_reader reader = deb_reader_of(tv_bytes(NULL, 0));
  tv_slice stanza;
  (void)state;
  assert_int_equal(deb_stanza_next(&reader, &stanza), 0);
  reader = deb_reader_of(tv_str("\n \n\t\n"));
  assert_int_equal(deb_stanza_next(&reader, &stanza), 0);
}

static void test_continuation_lines_belong_to_their_field(void **state) {
  tv_slice stanza = only_stanza("Tag: one,\n two,\n\tthree\nSection: libs\n"), value;
  (void)state;
  assert_int_equal(deb_field_find(stanza, "Tag", &value), 1);
  assert_true(test_slice_is(value, "one,\n two,\n\tthree"));
  assert_true(test_slice_is(deb_first_line(value), "one,"));
  assert_int_equal(deb_field_find(stanza, "Section", &value), 1);
  assert_true(test_slice_is(value, "libs"));
}

static void test_names_match_in_any_case_and_the_first_of_two_counts(void **state) {
  tv_slice stanza = only_stanza("VERSION: 1\nversion: 2\nVersionX: 3\n"), value;
  (void)state;
  assert_int_equal(deb_field_find(stanza, "Version", &value), 1);
  assert_true(test_slice_is(value, "1"));
  assert_int_equal(deb_field_find(stanza, "Versio", &value), 0);
  assert_int_equal((int)value.size, 0);
}

static void test_colons_empty_values_and_carriage_returns(void **state) {
  tv_slice stanza = only_stanza("Homepage: https://a.example:80/\r\nTag:\r\nSize:7\r\n"), value;
  (void)state;
  assert_int_equal(deb_field_find(stanza, "Homepage", &value), 1);
  assert_true(test_slice_is(value, "https://a.example:80/"));
  assert_int_equal(deb_field_find(stanza, "Tag", &value), 1);
  assert_int_equal((int)value.size, 0);
  assert_int_equal(deb_field_find(stanza, "Size", &value), 1);
  assert_true(test_slice_is(value, "7"));
}

static void test_lines_that_are_no_field_are_told_and_passed_over(void **state) {
  tv_slice stanza = only_stanza(" lost\nno colon here\n: no name\n# a comment\nVersion: 1\n");
  deb_reader reader = deb_reader_of(stanza);
  deb_field field;
  int bad = 0, good = 0, rc;
  (void)state;
  while ((rc = deb_field_next(&reader, &field)) != 0) {
    if (rc < 0) bad++;
    if (rc > 0) good++;
  }
  assert_int_equal(bad, 3);
  assert_int_equal(good, 1);
  assert_true(test_slice_is(field.value, "1"));
}

static void test_a_comment_inside_a_field_does_not_end_it(void **state) {
  tv_slice stanza = only_stanza("Depends: a,\n# not this one\n b\nVersion: 1\n"), value;
  (void)state;
  assert_int_equal(deb_field_find(stanza, "Depends", &value), 1);
  assert_non_null(strstr((const char *)value.data, " b\nVersion"));
  assert_int_equal(deb_field_find(stanza, "Version", &value), 1);
}

static void test_numbers_stop_at_what_is_no_digit(void **state) {
  (void)state;
  assert_int_equal(deb_number(tv_str("123")), 123);
  assert_int_equal(deb_number(tv_str("12 kB")), 12);
  assert_int_equal(deb_number(tv_str("kB")), -1);
  assert_int_equal(deb_number(tv_str("")), -1);
  assert_int_equal(deb_number(tv_str("99999999999999999999")), -1);
}

static void test_the_index_keeps_the_highest_version_and_says_what_it_left_out(void **state) {
  static const char text[] =
      "Package: b\nVersion: 1.0~rc1\nSection: old\n\n"
      "Package: b\nVersion: 1.0\nSection: new\n\n"
      "Package: b\nVersion: 1:0.1\nSection: newest\nDepends: a, c\n\n"
      "Package: b\nVersion: 1.5\nSection: old\n\n"
      "Package: a\nVersion: 2\n\n"
      "Version: 3\n\nPackage: nameonly\n";
  deb_index index;
  const deb_package *b;
  (void)state;
  deb_index_make(tv_str(text), &index);
  assert_int_equal((int)index.n, 2);
  assert_int_equal((int)index.stanzas, 7);
  assert_int_equal((int)index.replaced, 3);
  assert_int_equal((int)index.skipped, 2);
  assert_true(test_slice_is(index.packages[0].name, "a"));
  assert_true(test_slice_is(index.packages[0].section, "unknown"));
  b = deb_index_find(&index, tv_str("b"));
  assert_non_null(b);
  assert_true(test_slice_is(b->section, "newest"));
  assert_int_equal((int)(b->relations_from[DEB_DEPENDS + 1] - b->relations_from[DEB_DEPENDS]), 2);
  assert_int_equal((int)b->installed_size, -1);
  assert_null(deb_index_find(&index, tv_str("c")));
  deb_index_free(&index);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_stanzas_are_parted_by_any_number_of_blank_lines),
      cmocka_unit_test(test_an_empty_text_has_no_stanza),
      cmocka_unit_test(test_continuation_lines_belong_to_their_field),
      cmocka_unit_test(test_names_match_in_any_case_and_the_first_of_two_counts),
      cmocka_unit_test(test_colons_empty_values_and_carriage_returns),
      cmocka_unit_test(test_lines_that_are_no_field_are_told_and_passed_over),
      cmocka_unit_test(test_a_comment_inside_a_field_does_not_end_it),
      cmocka_unit_test(test_numbers_stop_at_what_is_no_digit),
      cmocka_unit_test(test_the_index_keeps_the_highest_version_and_says_what_it_left_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
