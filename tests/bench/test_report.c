/* SPDX-License-Identifier: MIT */
/* What a run tells: table, bars, JSON; units and widths; command lines. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "paired_report.h"
#include "terminal.h"
#include "test_store.h"

static paired_result result_of(const char *name, double ours, double peer, paired_bar kind,
                               double bar) {
  paired_plan plan = {0};
  paired_result result;
  plan.name = name;
  plan.operation = "get";
  plan.operations = 10;
  plan.bar_kind = kind;
  plan.bar = bar;
  plan.sides = 2;
  plan.side[0].name = "ours";
  plan.side[1].name = "theirs";
  paired_count(&plan, PAIRED_SPEED, ours, peer, &result);
  return result;
}

static void report_of(paired_report *report) {
  paired_result result;
  paired_report_begin(report, "trivet-bench test \"quoted\"");
  paired_report_setting(report, "records", "%d", 7);
  result = result_of("fast enough", 100, 100, PAIRED_AT_LEAST, 0.97);
  paired_report_add(report, &result);
  result = result_of("too slow", 200, 100, PAIRED_AT_LEAST, 0.97);
  paired_report_add(report, &result);
  result = result_of("no bar", 200, 100, PAIRED_NO_BAR, 0);
  paired_report_add(report, &result);
}

/* What `print` writes to a stream. */
static char *printed(const paired_report *report,
                     void (*print)(const paired_report *report, FILE *out)) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  print(report, out);
  assert_int_equal(fclose(out), 0);
  return text;
}

static void test_bars_are_four_cells_parted_by_tabs_and_nothing_else(void **state) {
  paired_report report;
  char *text;
  (void)state;
  report_of(&report);
  text = printed(&report, paired_report_bars);
  assert_string_equal(text, "ok\tfast enough\t1.000\t>=0.97\nshort\ttoo slow\t0.500\t>=0.97\n");
  free(text);
  assert_int_equal(paired_report_status(&report), 0); /* short is a result, not a failure */
  paired_report_free(&report);
}

static void test_the_table_shows_both_sides_and_is_plain_in_a_file(void **state) {
  paired_report report;
  char *text;
  (void)state;
  report_of(&report);
  text = printed(&report, paired_report_table);
  assert_non_null(strstr(text, "fast enough"));
  assert_non_null(strstr(text, "10.0 M/s")); /* a sample is nanoseconds of one operation */
  assert_non_null(strstr(text, "5.00 M/s"));
  assert_non_null(strstr(text, "0.50x"));
  assert_non_null(strstr(text, "theirs"));
  assert_null(strchr(text, '\033'));
  assert_null(strstr(text, "partial"));
  free(text);
  paired_report_free(&report);
}

static void test_an_interrupted_or_failed_measure_is_marked_everywhere(void **state) {
  paired_report report;
  char *text;
  (void)state;
  report_of(&report);
  report.results[1].state = PAIRED_INTERRUPTED;
  text = printed(&report, paired_report_table);
  assert_non_null(strstr(text, "partial"));
  free(text);
  assert_int_equal(paired_report_complete(&report), 0);
  assert_int_equal(paired_report_status(&report), 130);
  report.results[0].state = PAIRED_UNEQUAL;
  text = printed(&report, paired_report_bars);
  assert_non_null(strstr(text, "short\tfast enough"));
  free(text);
  assert_int_equal(paired_report_status(&report), 1);
  paired_report_free(&report);
}

/* Asks SQLite's own JSON functions about the file. */
static void assert_json(const char *path, const char *expression, const char *expected) {
  char sql[1024];
  sqlite3 *db;
  sqlite3_stmt *stmt;
  size_t capacity = 1u << 16, size;
  char *text = calloc(1, capacity);
  FILE *in = fopen(path, "r");
  assert_non_null(in);
  assert_non_null(text);
  size = fread(text, 1, capacity - 1, in);
  fclose(in);
  snprintf(sql, sizeof sql, "SELECT %s", expression);
  assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
  sqlite3_bind_text(stmt, 1, text, (int)size, SQLITE_STATIC);
  assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
  assert_string_equal((const char *)sqlite3_column_text(stmt, 0), expected);
  sqlite3_finalize(stmt);
  sqlite3_close(db);
  free(text);
}

static void test_the_json_is_valid_and_holds_every_sample(void **state) {
  char path[512], *folder = test_folder_make();
  paired_report report;
  (void)state;
  test_path(path, sizeof path, folder, "result.json");
  report_of(&report);
  assert_int_equal(paired_report_json(&report, path), 0);
  assert_json(path, "json_valid(?1)", "1");
  assert_json(path, "?1 ->> '$.command'", "trivet-bench test \"quoted\"");
  assert_json(path, "?1 ->> '$.complete'", "1");
  assert_json(path, "json_array_length(?1, '$.measures')", "3");
  assert_json(path, "?1 ->> '$.measures[1].sides[0].samples[0]'", "200");
  assert_json(path, "?1 ->> '$.measures[1].bar_reached'", "0");
  assert_json(path, "?1 ->> '$.settings.records'", "7");
  assert_json(path, "(?1 ->> '$.machine.processors') > 0", "1");
  assert_json(path, "(?1 ->> '$.libraries') LIKE '%LMDB%SQLite%LZ4%'", "1");
  report.interrupted = 1;
  assert_int_equal(paired_report_json(&report, path), 0);
  assert_json(path, "?1 ->> '$.complete'", "0");
  assert_int_not_equal(paired_report_json(&report, "/nonexistent/folder/x.json"), 0);
  paired_report_free(&report);
  test_folder_remove(folder);
}

static void test_units_have_three_digits_and_change_in_time(void **state) {
  char text[TERM_UNIT_BYTES];
  (void)state;
  assert_string_equal(term_time(text, 1.234), "1.23 ns");
  assert_string_equal(term_time(text, 999.4), "999 ns");
  assert_string_equal(term_time(text, 999.9), "1.00 us");
  assert_string_equal(term_time(text, 12345678), "12.3 ms");
  assert_string_equal(term_time(text, 5e12), "5000 s");
  assert_string_equal(term_rate(text, 49e6), "49.0 M/s");
  assert_string_equal(term_bytes(text, 512), "512 B");
  assert_string_equal(term_bytes(text, 1.5e9), "1.50 GB");
  assert_string_equal(term_count(text, 0), "0");
  assert_string_equal(term_count(text, 999), "999");
  assert_string_equal(term_count(text, 1000), "1,000");
  assert_string_equal(term_count(text, UINT64_MAX), "18,446,744,073,709,551,615");
  assert_string_equal(term_factor(text, 1), "1.00x");
  assert_string_equal(term_factor(text, 123456), "123,456x");
}

static void test_widths_count_characters_and_not_bytes_or_colours(void **state) {
  (void)state;
  assert_int_equal((int)term_width("abc"), 3);
  assert_int_equal((int)term_width("\u00e4\u20ac"), 2);
  assert_int_equal((int)term_width("\033[1mab\033[0m"), 2);
}

static void test_long_lines_are_broken_at_spaces(void **state) {
  char *text = NULL, long_text[400] = "";
  size_t size = 0, i;
  FILE *out = open_memstream(&text, &size);
  const char *line;
  (void)state;
  for (i = 0; i < 30; i++) strcat(long_text, "word%20word ");
  term_wrap(out, 2, long_text);
  fclose(out);
  for (line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
    assert_true(strcspn(line, "\n") <= 100);
    assert_memory_equal(line, line == text ? "  word" : "    word", 6);
  }
  assert_true(size >= strlen(long_text)); /* nothing is lost */
  free(text);
}

static void test_a_table_aligns_its_columns(void **state) {
  term_table *table = term_table_make(2);
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  (void)state;
  term_table_align(table, 1, 1);
  term_table_cell(table, TERM_PLAIN, "name");
  term_table_cell(table, TERM_PLAIN, "n");
  term_table_rule(table);
  term_table_cell(table, TERM_PLAIN, "\u00e4");
  term_table_cell(table, TERM_PLAIN, "1000");
  term_table_line(table, "that is all");
  term_table_print(table, out, 1);
  fclose(out);
  assert_string_equal(text, " name     n\n ----------\n \u00e4     1000\n that is all\n");
  free(text);
  term_table_free(table);
}

static void test_options_are_parsed_or_refused_by_name(void **state) {
  uint64_t n = 0;
  const char *file = NULL;
  int flag = 0;
  argument_option options[] = {{"--n", ARGUMENT_NUMBER, &n, "N", ""},
                               {"--file", ARGUMENT_TEXT, &file, "FILE", ""},
                               {"--flag", ARGUMENT_FLAG, &flag, NULL, ""}};
  char *good[] = {"--n", "5,000,000", "--file=a=b", "--flag"};
  char *bad[][2] = {{"--n", "12x"}, {"--n=", ""},     {"--other", ""},
                    {"plain", ""},  {"--flag=1", ""}, {"--n", "99999999999999999999"}};
  char *cut[] = {"--file"};
  size_t i;
  (void)state;
  assert_int_equal(arguments_parse("test", "", options, 3, 4, good), 0);
  assert_int_equal((int)n, 5000000);
  assert_string_equal(file, "a=b");
  assert_int_equal(flag, 1);
  for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(arguments_parse("test", "", options, 3, bad[i][1][0] != '\0' ? 2 : 1, bad[i]),
                     -1);
  assert_int_equal(arguments_parse("test", "", options, 3, 1, cut), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bars_are_four_cells_parted_by_tabs_and_nothing_else),
      cmocka_unit_test(test_the_table_shows_both_sides_and_is_plain_in_a_file),
      cmocka_unit_test(test_an_interrupted_or_failed_measure_is_marked_everywhere),
      cmocka_unit_test(test_the_json_is_valid_and_holds_every_sample),
      cmocka_unit_test(test_units_have_three_digits_and_change_in_time),
      cmocka_unit_test(test_widths_count_characters_and_not_bytes_or_colours),
      cmocka_unit_test(test_long_lines_are_broken_at_spaces),
      cmocka_unit_test(test_a_table_aligns_its_columns),
      cmocka_unit_test(test_options_are_parsed_or_refused_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
