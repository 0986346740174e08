/* SPDX-License-Identifier: MIT */
/*
 * SSB's generator held to the specification: counts of rows, and how many of them the queries take,
 * by a join that is written here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sql_lines.h"
#include "ssb.h"
#include "test_store.h"

enum { FIELDS_MAX = 20, PARTS = 200001, CUSTOMERS = 30001, SUPPLIERS = 2001 };

/* What a line of lineorder is counted by. */
typedef struct counts {
  unsigned char *part_maker, *part_category, *customer_region, *supplier_region; /* by key */
  uint64_t rows, q1, q2, q3, q4;
  uint64_t bad; /* lines that break a rule of the specification */
  char rest[512];
  size_t rest_size;
} counts;

/* First letters tell regions apart but for AFRICA, AMERICA, ASIA: the second does. */
static unsigned char region_of(const char *name) {
  return (unsigned char)name[1];
}

static uint64_t number_at(char *const *field, int i) {
  return strtoull(field[i], NULL, 10);
}

static void count_line(counts *c, char *line) {
  char *field[FIELDS_MAX], *at = line;
  int n = 0;
  while (*at != '\0' && n < FIELDS_MAX) {
    field[n++] = at;
    at = strchr(at, '|');
    if (at == NULL) break;
    *at++ = '\0';
  }
  c->rows++;
  if (n != 17) {
    c->bad++;
    return;
  }
  uint64_t year = number_at(field, 5) / 10000, quantity = number_at(field, 8);
  uint64_t discount = number_at(field, 11), price = number_at(field, 9);
  uint64_t part = number_at(field, 3), customer = number_at(field, 2);
  uint64_t supplier = number_at(field, 4), line_number = number_at(field, 1);
  if (quantity < 1 || quantity > 50 || discount > 10 || number_at(field, 14) > 8 ||
      number_at(field, 12) != price * (100 - discount) / 100 || line_number < 1 ||
      line_number > 7 || number_at(field, 15) <= number_at(field, 5) || part >= PARTS ||
      customer >= CUSTOMERS || customer % 3 == 0 || supplier >= SUPPLIERS) {
    c->bad++;
    return;
  }
  int from_asia = c->supplier_region[supplier] == 'S',
      from_america = c->supplier_region[supplier] == 'M';
  c->q1 += year == 1993 && discount >= 1 && discount <= 3 && quantity < 25;
  c->q2 += c->part_category[part] == 12 && from_america;
  c->q3 += from_asia && c->customer_region[customer] == 'S' && year <= 1997;
  c->q4 += from_america && c->customer_region[customer] == 'M' && c->part_maker[part] <= 2;
}

/* Takes written bytes apart into lines, as a stream. */
static ssize_t count_bytes(void *ctx, const char *bytes, size_t size) {
  counts *c = ctx;
  const char *at = bytes, *end = bytes + size, *stop;
  while ((stop = memchr(at, '\n', (size_t)(end - at))) != NULL) {
    size_t n = (size_t)(stop - at);
    assert_true(c->rest_size + n < sizeof c->rest);
    memcpy(c->rest + c->rest_size, at, n);
    c->rest[c->rest_size + n] = '\0';
    count_line(c, c->rest);
    c->rest_size = 0;
    at = stop + 1;
  }
  assert_true(c->rest_size + (size_t)(end - at) < sizeof c->rest);
  memcpy(c->rest + c->rest_size, at, (size_t)(end - at));
  c->rest_size += (size_t)(end - at);
  return (ssize_t)size;
}

static void write_table(int table, double scale, const char *path) {
  FILE *out = fopen(path, "w");
  assert_non_null(out);
  assert_int_equal(ssb_write(table, scale, out, NULL, NULL), ssb_rows(table, scale));
  assert_int_equal(fclose(out), 0);
}

/* Reads a dimension: what(fields) by the key in field 0. */
static void read_dimension(int table, const char *path, counts *c) {
  sql_lines lines;
  write_table(table, 1, path);
  assert_int_equal(sql_lines_open(&lines, path), 0);
  while (sql_lines_next(&lines)) {
    long key = strtol(lines.field[0], NULL, 10);
    if (table == SSB_PART) {
      c->part_maker[key] = (unsigned char)(lines.field[2][5] - '0');
      c->part_category[key] = (unsigned char)strtol(lines.field[3] + 5, NULL, 10);
    } else {
      unsigned char *regions = table == SSB_CUSTOMER ? c->customer_region : c->supplier_region;
      regions[key] = region_of(lines.field[5]);
    }
  }
  sql_lines_close(&lines);
}

/* A query takes that share of the lines, give or take a fiftieth of it. */
static void selects(uint64_t rows, double percent) {
  double got = 100.0 * (double)rows / 6001215;
  if (got < percent * 0.98 || got > percent * 1.02) print_message("%.3f %%\n", got);
  assert_true(got > percent * 0.98 && got < percent * 1.02);
}

static void test_scale_factor_one_has_the_published_rows_and_selectivities(void **state) {
  const char *flavour = getenv("TV_FLAVOUR");
  char *folder, path[512];
  counts *c;
  cookie_io_functions_t into_counts = {.write = count_bytes};
  FILE *out;
  (void)state;
  if (flavour != NULL && strcmp(flavour, "release") != 0) {
    print_message("skipped: six million lines take a sanitizer minutes\n");
    skip();
  }
  folder = test_folder_make();
  c = calloc(1, sizeof *c);
  assert_non_null(c);
  c->part_maker = calloc(PARTS, 1);
  c->part_category = calloc(PARTS, 1);
  c->customer_region = calloc(CUSTOMERS, 1);
  c->supplier_region = calloc(SUPPLIERS, 1);
  assert_true(c->part_maker && c->part_category && c->customer_region && c->supplier_region);
  test_path(path, sizeof path, folder, "table.tbl");
  read_dimension(SSB_PART, path, c);
  read_dimension(SSB_CUSTOMER, path, c);
  read_dimension(SSB_SUPPLIER, path, c);
  out = fopencookie(c, "w", into_counts);
  assert_non_null(out);
  assert_int_equal(ssb_write(SSB_LINEORDER, 1, out, NULL, NULL), 6001215);
  fclose(out);
  assert_int_equal(c->bad, 0);
  assert_int_equal(c->rows, 6001215);
  assert_int_equal(c->q1, 118598);
  selects(c->q1, 1.98);
  selects(c->q2, 0.77);
  selects(c->q3, 4.1);
  selects(c->q4, 1.51);
  free(c->part_maker);
  free(c->part_category);
  free(c->customer_region);
  free(c->supplier_region);
  free(c);
  test_folder_remove(folder);
}

static void test_tables_have_the_rows_of_their_scale(void **state) {
  (void)state;
  assert_int_equal(ssb_rows(SSB_DATE, 1), 2556);
  assert_int_equal(ssb_rows(SSB_CUSTOMER, 1), 30000);
  assert_int_equal(ssb_rows(SSB_SUPPLIER, 1), 2000);
  assert_int_equal(ssb_rows(SSB_PART, 1), 200000);
  assert_int_equal(ssb_rows(SSB_PART, 4), 600000); /* 200,000 (1 + log2 SF) */
  assert_int_equal(ssb_rows(SSB_CUSTOMER, 10), 300000);
  assert_int_equal(ssb_rows(SSB_PART, 0.1), 20000);
}

static void test_days_are_those_of_the_calendar(void **state) {
  char *folder = test_folder_make(), path[512], expected[160], got[160], month[16], rest[64];
  sql_lines lines;
  struct tm day = {0};
  time_t at;
  int rows = 0;
  (void)state;
  setenv("TZ", "UTC", 1);
  tzset();
  test_path(path, sizeof path, folder, "date.tbl");
  write_table(SSB_DATE, 1, path);
  assert_int_equal(sql_lines_open(&lines, path), 0);
  for (at = 694224000; sql_lines_next(&lines); at += 86400, rows++) { /* 1992-01-01 */
    gmtime_r(&at, &day);
    strftime(month, sizeof month, "%B", &day);
    strftime(rest, sizeof rest, "%A|%B|%Y|%Y%m|%b%Y|", &day);
    snprintf(expected, sizeof expected, "%d%02d%02d|%s %d, %d|%s", day.tm_year + 1900,
             day.tm_mon + 1, day.tm_mday, month, day.tm_mday, day.tm_year + 1900, rest);
    assert_memory_equal(lines.field[0], expected, strlen(expected));
    snprintf(expected, sizeof expected, "%d|%d|%d|%d|%d|", day.tm_wday + 1, day.tm_mday,
             day.tm_yday + 1, day.tm_mon + 1, (day.tm_yday + 1) / 7 + 1);
    snprintf(got, sizeof got, "%.*s", (int)strlen(expected), lines.field[7]);
    assert_string_equal(got, expected);
    assert_int_equal(lines.fields, 17);
  }
  assert_int_equal(rows, 2556);
  sql_lines_close(&lines);
  test_folder_remove(folder);
}

static void test_lines_end_with_or_without_a_bar(void **state) {
  char *folder = test_folder_make(), path[512];
  sql_lines lines;
  FILE *out;
  (void)state;
  test_path(path, sizeof path, folder, "a.tbl");
  out = fopen(path, "w");
  assert_non_null(out);
  fputs("1|a||\n\n2|b|c\r\n3|d|e|", out);
  fclose(out);
  assert_int_equal(sql_lines_open(&lines, path), 0);
  assert_int_equal(sql_lines_next(&lines), 1);
  assert_int_equal(lines.fields, 3);
  assert_int_equal(lines.field_size[2], 0);
  assert_int_equal(sql_lines_next(&lines), 1);
  assert_int_equal(lines.line, 3);
  assert_int_equal(lines.fields, 3);
  assert_int_equal(lines.field_size[2], 1);
  assert_int_equal(sql_lines_next(&lines), 1);
  assert_int_equal(lines.fields, 3);
  assert_int_equal(sql_lines_next(&lines), 0);
  sql_lines_close(&lines);
  assert_int_not_equal(sql_lines_open(&lines, "/nonexistent/file"), 0);
  test_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_scale_factor_one_has_the_published_rows_and_selectivities),
      cmocka_unit_test(test_tables_have_the_rows_of_their_scale),
      cmocka_unit_test(test_days_are_those_of_the_calendar),
      cmocka_unit_test(test_lines_end_with_or_without_a_bar),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
