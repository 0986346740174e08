/* SPDX-License-Identifier: MIT */
/*
 * Each output mode on values that are hard to print: separators, quotes, line ends, NULL, blobs,
 * wide characters, bytes that are no text.
 */
#include "test_shell_drive.h"

/* Four rows of an integer, a text and a real. */
#define ROWS                                                   \
  "create table t(a integer, b text, c real);\n"               \
  "insert into t values(1, 'x,y', 1.5), (20, 'q\"z', NULL),\n" \
  " (3, 'two' || char(10) || 'lines', -2.25e30), (4, '', 0.1);\n"

static void modes_expect(void **state, const char *mode, const char *expected) {
  char script[1024];
  snprintf(script, sizeof script, "%s%s\nselect * from t;\n", ROWS, mode);
  drive_expect(*state, script, expected);
}

static void list_mode_separates_by_bars(void **state) {
  modes_expect(state, "", "1|x,y|1.5\n20|q\"z|\n3|two\nlines|-2.25e+30\n4||0.1\n");
}

static void list_mode_takes_separators_null_and_headers(void **state) {
  modes_expect(state, ".headers on\n.nullvalue -\n.separator \\t \" ;\\n\"",
               "a\tb\tc ;\n1\tx,y\t1.5 ;\n20\tq\"z\t- ;\n3\ttwo\nlines\t-2.25e+30 ;\n4\t\t0.1 ;\n");
}

static void csv_mode_follows_rfc_4180(void **state) {
  modes_expect(state, ".mode csv\n.headers on",
               "a,b,c\r\n1,\"x,y\",1.5\r\n20,\"q\"\"z\",\r\n3,\"two\nlines\",-2.25e+30\r\n"
               "4,\"\",0.1\r\n");
}

static void tabs_mode_separates_by_tabs(void **state) {
  drive_expect(*state, ".mode tabs\nselect 1, 'b', NULL, 2.5;\n", "1\tb\t\t2.5\n");
}

static void json_mode_is_one_array(void **state) {
  modes_expect(
      state, ".mode json",
      "[{\"a\":1,\"b\":\"x,y\",\"c\":1.5},\n{\"a\":20,\"b\":\"q\\\"z\",\"c\":null},\n"
      "{\"a\":3,\"b\":\"two\\nlines\",\"c\":-2.25e+30},\n{\"a\":4,\"b\":\"\",\"c\":0.1}]\n");
}

static void json_mode_of_no_rows_is_an_empty_array(void **state) {
  drive_expect(*state, ".mode json\nselect 1 as a where 0;\n", "[]\n");
}

static void jsonl_mode_is_an_object_a_line(void **state) {
  modes_expect(state, ".mode jsonl",
               "{\"a\":1,\"b\":\"x,y\",\"c\":1.5}\n{\"a\":20,\"b\":\"q\\\"z\",\"c\":null}\n"
               "{\"a\":3,\"b\":\"two\\nlines\",\"c\":-2.25e+30}\n{\"a\":4,\"b\":\"\",\"c\":0.1}\n");
}

static void json_escapes_controls_and_replaces_what_is_no_utf8(void **state) {
  drive_expect(*state,
               ".mode jsonl\n"
               "select char(1) || char(9) || '\\' as a, cast(x'41ff42' as text) as b,"
               " x'00ff' as c, 1e999 as d;\n",
               "{\"a\":\"\\u0001\\t\\\\\",\"b\":\"A\xef\xbf\xbd"
               "B\",\"c\":\"x'00ff'\",\"d\":1e999}\n");
}

static void line_mode_is_a_value_a_line(void **state) {
  modes_expect(
      state, ".mode line",
      "    a = 1\n    b = x,y\n    c = 1.5\n\n    a = 20\n    b = q\"z\n    c = \n\n"
      "    a = 3\n    b = two\nlines\n    c = -2.25e+30\n\n    a = 4\n    b = \n    c = 0.1\n");
}

static void quote_mode_is_sql_literals(void **state) {
  drive_expect(*state,
               ".mode quote\nselect 1, 'it''s', NULL, x'00ff', 0.1, cast(x'610062' as text);\n",
               "1,'it''s',NULL,x'00ff',0.1,CAST(x'610062' AS TEXT)\n");
}

static void insert_mode_names_the_table(void **state) {
  drive_expect(*state,
               ".mode insert \"my table\"\nselect 1 as a, 'b' as \"c d\";\n.headers on\n"
               "select 1 as a, 'b' as \"c d\";\n",
               "INSERT INTO \"my table\" VALUES(1,'b');\n"
               "INSERT INTO \"my table\"(a,\"c d\") VALUES(1,'b');\n");
}

static void table_mode_draws_ascii(void **state) {
  modes_expect(state, ".mode table",
               "+----+-------+-----------+\n"
               "|  a | b     |         c |\n"
               "+----+-------+-----------+\n"
               "|  1 | x,y   |       1.5 |\n"
               "+----+-------+-----------+\n"
               "| 20 | q\"z   |           |\n"
               "+----+-------+-----------+\n"
               "|  3 | two   | -2.25e+30 |\n"
               "|    | lines |           |\n"
               "+----+-------+-----------+\n"
               "|  4 |       |       0.1 |\n"
               "+----+-------+-----------+\n");
}

static void box_mode_counts_wide_characters_as_two(void **state) {
  drive_expect(*state,
               ".mode box\nselect 'M\xc3\xbcller' as name, '\xe4\xb8\xad\xe6\x96\x87' as text;\n",
               "┌────────┬──────┐\n"
               "│ name   │ text │\n"
               "├────────┼──────┤\n"
               "│ Müller │ 中文 │\n"
               "└────────┴──────┘\n");
}

static void box_mode_wraps_and_escapes(void **state) {
  drive_expect(*state,
               ".mode box --wrap 4\n.headers off\nselect 'abcdefghij' as a, 'x' || char(27) as b,"
               " 'p' || char(9) as c;\n",
               "┌──────┬───────┬─────┐\n"
               "│ abcd │ x\\x1b │ p\\t │\n"
               "│ efgh │       │     │\n"
               "│ ij   │       │     │\n"
               "└──────┴───────┴─────┘\n");
}

static void column_mode_has_no_blanks_at_line_ends(void **state) {
  modes_expect(state, ".mode column",
               " a  b              c\n--  -----  ---------\n 1  x,y          1.5\n20  q\"z\n"
               " 3  two    -2.25e+30\n    lines\n 4               0.1\n");
}

static void markdown_mode_escapes_bars_and_marks_numbers(void **state) {
  drive_expect(*state, ".mode markdown\nselect 12 as n, 'a|b' || char(10) || 'c' as t;\n",
               "|  n | t         |\n|---:|-----------|\n| 12 | a\\|b<br>c |\n");
}

static void blobs_are_text_when_readable_and_hex_when_not(void **state) {
  drive_expect(*state, "select x'616263', x'00ff', x'ff', x'';\n", "abc|x'00ff'|x'ff'|\n");
}

static void reals_are_exact_where_programs_read_them(void **state) {
  drive_expect(*state,
               "select 0.1, 1e100, 1.0/3, 100.0, 1e999, -1e999;\n.mode csv\n"
               "select 0.1, 1.0/3, 1e308;\n.mode quote\nselect 1.0/3, -1e999;\n",
               "0.1|1.0e+100|0.333333333333333|100.0|Inf|-Inf\n"
               "0.1,0.3333333333333333,1.0e+308\r\n0.3333333333333333,-1e999\n");
}

static void a_plan_is_drawn_as_a_tree(void **state) {
  drive_expect(*state,
               "create table t(a integer primary key, b);\n"
               "explain query plan select * from t where a in (select b from t);\n",
               "QUERY PLAN\n|--SEARCH t USING INTEGER PRIMARY KEY (rowid=?)\n"
               "`--LIST SUBQUERY 1\n   `--SCAN t\n");
}

static void an_unknown_mode_is_refused_with_the_nearest(void **state) {
  drive_expect_error(*state, ".mode bax\n", "no such mode: bax - did you mean box?");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      drive_test(list_mode_separates_by_bars),
      drive_test(list_mode_takes_separators_null_and_headers),
      drive_test(csv_mode_follows_rfc_4180),
      drive_test(tabs_mode_separates_by_tabs),
      drive_test(json_mode_is_one_array),
      drive_test(json_mode_of_no_rows_is_an_empty_array),
      drive_test(jsonl_mode_is_an_object_a_line),
      drive_test(json_escapes_controls_and_replaces_what_is_no_utf8),
      drive_test(line_mode_is_a_value_a_line),
      drive_test(quote_mode_is_sql_literals),
      drive_test(insert_mode_names_the_table),
      drive_test(table_mode_draws_ascii),
      drive_test(box_mode_counts_wide_characters_as_two),
      drive_test(box_mode_wraps_and_escapes),
      drive_test(column_mode_has_no_blanks_at_line_ends),
      drive_test(markdown_mode_escapes_bars_and_marks_numbers),
      drive_test(blobs_are_text_when_readable_and_hex_when_not),
      drive_test(reals_are_exact_where_programs_read_them),
      drive_test(a_plan_is_drawn_as_a_tree),
      drive_test(an_unknown_mode_is_refused_with_the_nearest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
