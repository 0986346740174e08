/* SPDX-License-Identifier: MIT */
/* What the shell says and returns when something is wrong; options of its command line. */
#include "test_shell_drive.h"

/* ---- Errors and exit codes ---- */

static void a_script_stops_at_its_first_error(void **state) {
  drive_run run = drive_script(*state, "select 1;\n\nselect nope;\nselect 2;\n");
  assert_string_equal(run.out, "1\n");
  assert_string_equal(
      run.err,
      "Error: near line 3: no such column: nope - .schema shows each table's columns\n"
      "  select nope;\n         ^--- here\n");
  assert_int_equal(run.code, 1);
  drive_free(&run);
}

static void bail_off_goes_on_and_still_fails(void **state) {
  drive_run run = drive_script(*state, ".bail off\nselect nope;\n.nope\nselect 2;\n");
  assert_string_equal(run.out, "2\n");
  assert_int_equal(run.code, 1);
  drive_free(&run);
}

static void errors_name_the_line_where_the_statement_began(void **state) {
  drive_expect_error(*state, "select 1;\n\nselect 1,\n 2,\n nope;\n",
                     "near line 3: no such column: nope");
}

static void unknown_commands_get_the_nearest(void **state) {
  drive_expect_error(
      *state, ".tabels\n",
      "Error: near line 1: unknown command: .tabels - did you mean .tables? .help lists them");
  drive_expect_error(*state, ".xyzzy\n", "unknown command: .xyzzy - .help lists them");
  drive_expect_error(*state, ".kv gte u k\n", "unknown command: .kv gte - did you mean get?");
  drive_expect_error(*state, ".kv\n", ".kv what? - .help kv lists what it does");
  drive_expect_error(*state, ".s\n", "it could be .schema, .separator, .show, .stat");
  drive_expect_error(*state, "tables;\n", "did you mean .tables ?");
}

static void commands_may_be_abbreviated_and_end_in_a_semicolon(void **state) {
  drive_expect(*state, "create table t(a);\n.tab\n.tables;\n.buc\n", "t\nt\n");
}

static void usage_errors_show_the_usage(void **state) {
  drive_expect_error(*state, ".kv put u k\n", "VALUE is missing - usage: .kv put BUCKET KEY VALUE");
  drive_expect_error(*state, ".kv drop u v\n", "unexpected argument: v - usage: .kv drop BUCKET");
  drive_expect_error(*state, ".kv scan u --limt 3\n", "unknown option: --limt - usage: .kv scan");
  drive_expect_error(*state, ".kv scan u --limit\n", "a value is missing after --limit");
  drive_expect_error(*state, ".kv scan u --limit x\n", "x is no count for --limit");
  drive_expect_error(*state, ".timer maybe\n", "neither on nor off: maybe");
  drive_expect_error(*state, ".kv put u \"a b\n", "a quote is not closed");
}

static void missing_things_come_with_a_remedy(void **state) {
  drive_expect_error(*state, ".kv get nob k\n",
                     "create it with .kv create nob, or list them with .buckets");
  drive_expect_error(*state, ".graph nodes nog\n", "create it with .graph create nog");
  drive_expect_error(*state, ".kv create u\n.kv get u zz\n",
                     "no such key in u: zz - .kv scan u lists the keys");
  drive_expect_error(*state, "create table people(a);\nselect * from poeple;\n",
                     "no such table: poeple - did you mean people?");
  drive_expect_error(*state, "select * from kv('nob');\n", ".buckets lists them");
  drive_expect_error(*state, "select * from graph_nodes('nog');\n", ".graphs lists them");
  drive_expect_error(*state, ".read nofile\n", "cannot open nofile: No such file");
  drive_expect_error(*state, ".kv put u \"\" v\n", "a key has 1 to 480 bytes");
}

static void a_forgotten_commit_is_told_and_rolled_back(void **state) {
  drive_expect_error(*state, "create table t(a);\nbegin;\ninsert into t values(1);\n",
                     "the open transaction was rolled back - end it with COMMIT");
  drive_expect(*state, "select count(*) from t;\n", "0\n");
}

static void the_last_statement_needs_no_semicolon_but_an_end(void **state) {
  drive_expect(*state, "select 1;\nselect 2", "1\n2\n");
  drive_expect_error(*state, "select (1", "incomplete input");
  drive_expect_error(*state, "select 'abc\n", "unrecognized token");
}

static void comments_blank_lines_and_a_byte_order_mark_are_skipped(void **state) {
  drive_expect(
      *state,
      "\xef\xbb\xbf# a comment\n\n   \n-- another\nselect 1; -- and one\n/* long\n; */ select 2;\n",
      "1\n2\n");
}

static void several_statements_on_a_line_all_run(void **state) {
  drive_expect(
      *state, "select 1; select 2; create table t(a); insert into t values(3);\nselect * from t;\n",
      "1\n2\n3\n");
  drive_run run = drive_script(*state, ".bail off\nselect 1; select * from nosuch; select 3;\n");
  assert_string_equal(run.out, "1\n");
  drive_free(&run);
}

static void a_trigger_is_one_statement(void **state) {
  drive_expect(*state,
               "create table t(a);\ncreate trigger r after insert on t begin\n  delete from t "
               "where a = 1;\nend;\n"
               "insert into t values(1),(2);\nselect * from t;\n",
               "2\n");
}

/* ---- Files that are no stores ---- */

static void foreign_and_missing_files_are_refused(void **state) {
  static const char *const foreign[] = {"text.tv", "select 1", NULL};
  static const char *const missing[] = {"-readonly", "nofile.tv", "select 1", NULL};
  static const char *const folder[] = {"nofolder/x.tv", "select 1", NULL};
  char path[512], text[9000];
  test_path(path, sizeof path, *state, "text.tv");
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  drive_write(path, text);
  drive_run run = drive(*state, "", foreign);
  assert_non_null(strstr(run.err, "text.tv"));
  assert_non_null(strstr(run.err, "choose a Trivet store"));
  assert_int_equal(run.code, 1);
  drive_free(&run);
  run = drive(*state, "", missing);
  assert_non_null(strstr(run.err, "nofile.tv"));
  assert_non_null(strstr(run.err, "without -readonly it is created"));
  assert_int_equal(run.code, 1);
  drive_free(&run);
  run = drive(*state, "", folder);
  assert_non_null(strstr(run.err, "nofolder/x.tv"));
  assert_int_equal(run.code, 1);
  drive_free(&run);
  test_path(path, sizeof path, *state, "nofile.tv");
  assert_int_not_equal(access(path, F_OK), 0);
}

static void check_reads_a_file_that_cannot_be_opened(void **state) {
  char path[512];
  static const char *const words[] = {":memory:", ".check s.tv", NULL};
  drive_expect(*state, "create table t(a);\n.kv create u\n", "");
  test_path(path, sizeof path, *state, "s.tv");
  assert_int_equal(truncate(path, 3 * 4096), 0);
  drive_run run = drive(*state, "", words);
  assert_non_null(strstr(run.err, "s.tv is damaged"));
  assert_int_equal(run.code, 1);
  drive_free(&run);
}

static void a_readonly_store_refuses_writes(void **state) {
  static const char *const sql[] = {"-readonly", "s.tv", "insert into t values(1)", NULL};
  static const char *const kv[] = {"-readonly", "s.tv", ".kv put u k v", NULL};
  static const char *const read[] = {"-readonly", "s.tv", "select count(*) from t", ".kv count u",
                                     NULL};
  drive_expect(*state, "create table t(a);\n.kv create u\n", "");
  drive_run run = drive(*state, "", sql);
  assert_non_null(strstr(run.err, "without -readonly to write"));
  assert_int_equal(run.code, 1);
  drive_free(&run);
  run = drive(*state, "", kv);
  assert_non_null(strstr(run.err, "without -readonly to write"));
  assert_int_equal(run.code, 1);
  drive_free(&run);
  run = drive(*state, "", read);
  assert_string_equal(run.out, "0\n0\n");
  assert_int_equal(run.code, 0);
  drive_free(&run);
}

/* ---- Options ---- */

static void options_expect(void **state, const char *const *words, const char *input,
                           const char *expected) {
  drive_run run = drive(*state, input, words);
  assert_string_equal(run.err, "");
  assert_string_equal(run.out, expected);
  assert_int_equal(run.code, 0);
  drive_free(&run);
}

static void arguments_run_and_end(void **state) {
  static const char *const words[] = {"a.tv", "select 1", ".print hello", "select 2; select 3",
                                      NULL};
  static const char *const failing[] = {"a.tv", "select 1", "select nope", "select 2", NULL};
  static const char *const going_on[] = {"-no-bail", "a.tv", "select nope", "select 2", NULL};
  options_expect(state, words, "select 99;\n", "1\nhello\n2\n3\n");
  drive_run run = drive(*state, "", failing);
  assert_string_equal(run.out, "1\n");
  assert_non_null(strstr(run.err, "Error: no such column: nope"));
  assert_int_equal(run.code, 1);
  drive_free(&run);
  run = drive(*state, "", going_on);
  assert_string_equal(run.out, "2\n");
  assert_int_equal(run.code, 1);
  drive_free(&run);
}

static void without_a_file_the_store_is_in_memory(void **state) {
  static const char *const none[] = {NULL};
  static const char *const named[] = {":memory:", "select 5", NULL};
  options_expect(state, none, "create table t(a);\ninsert into t values(4);\nselect * from t;\n",
                 "4\n");
  options_expect(state, named, "", "5\n");
}

static void mode_options_choose_the_mode(void **state) {
  static const char *const csv[] = {"-csv", "-header", ":memory:", "select 1 as a, 'x,y' as b",
                                    NULL};
  static const char *const json[] = {"--json", ":memory:", "select 1 as a", NULL};
  static const char *const null[] = {
      "-nullvalue", "NIL", "-separator", ";", ":memory:", "select 1, NULL", NULL};
  static const char *const bare[] = {"-box", "-noheader", ":memory:", "select 1 as a", NULL};
  options_expect(state, csv, "", "a,b\r\n1,\"x,y\"\r\n");
  options_expect(state, json, "", "[{\"a\":1}]\n");
  options_expect(state, null, "", "1;NIL\n");
  options_expect(state, bare, "", "┌───┐\n│ 1 │\n└───┘\n");
}

static void commands_and_init_files_run_first(void **state) {
  char path[512];
  static const char *const words[] = {"-init", "init.sql",    "-cmd",     ".mode csv",
                                      "-cmd",  "select 2, 3", ":memory:", NULL};
  test_path(path, sizeof path, *state, "init.sql");
  drive_write(path, "select 1, 1;\n");
  options_expect(state, words, "select 4, 5;\n", "1|1\n2,3\r\n4,5\r\n");
}

static void version_help_and_unknown_options(void **state) {
  static const char *const version[] = {"-version", NULL};
  static const char *const help[] = {"--help", NULL};
  static const char *const unknown[] = {"-foo", NULL};
  drive_run run = drive(*state, "", version);
  assert_non_null(strstr(run.out, "Trivet " TV_VERSION_STRING ", SQLite 3."));
  assert_int_equal(run.code, 0);
  drive_free(&run);
  run = drive(*state, "", help);
  assert_non_null(strstr(run.out, "Usage: trivet [OPTIONS] [FILE [SQL...]]"));
  assert_int_equal(run.code, 0);
  drive_free(&run);
  run = drive(*state, "", unknown);
  assert_non_null(strstr(run.err, "-foo"));
  assert_int_equal(run.code, 1);
  drive_free(&run);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      drive_test(a_script_stops_at_its_first_error),
      drive_test(bail_off_goes_on_and_still_fails),
      drive_test(errors_name_the_line_where_the_statement_began),
      drive_test(unknown_commands_get_the_nearest),
      drive_test(commands_may_be_abbreviated_and_end_in_a_semicolon),
      drive_test(usage_errors_show_the_usage),
      drive_test(missing_things_come_with_a_remedy),
      drive_test(a_forgotten_commit_is_told_and_rolled_back),
      drive_test(the_last_statement_needs_no_semicolon_but_an_end),
      drive_test(comments_blank_lines_and_a_byte_order_mark_are_skipped),
      drive_test(several_statements_on_a_line_all_run),
      drive_test(a_trigger_is_one_statement),
      drive_test(foreign_and_missing_files_are_refused),
      drive_test(check_reads_a_file_that_cannot_be_opened),
      drive_test(a_readonly_store_refuses_writes),
      drive_test(arguments_run_and_end),
      drive_test(without_a_file_the_store_is_in_memory),
      drive_test(mode_options_choose_the_mode),
      drive_test(commands_and_init_files_run_first),
      drive_test(version_help_and_unknown_options),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
