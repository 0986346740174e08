/* SPDX-License-Identifier: MIT */
/* The shell and columnar tables: .import --columnar makes and fills one, .dump gives it back. */
#include "test_shell_drive.h"

static void columnar_write(void **state, const char *name, const char *text) {
  char path[512];
  test_path(path, sizeof path, *state, name);
  drive_write(path, text);
}

static void import_makes_a_columnar_table(void **state) {
  columnar_write(state, "p.csv", "id,name,zip,height\n1,Ada,00710,1.65\n-2,,123,\n");
  drive_expect(*state,
               ".import p.csv p --columnar\n.schema p\n.mode quote\nselect * from p;\n.dump p\n",
               "CREATE VIRTUAL TABLE p USING columnar(id INTEGER, name TEXT, zip TEXT, height "
               "REAL);\n1,'Ada','00710',1.65\n-2,'','123',NULL\n"
               "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n"
               "CREATE VIRTUAL TABLE p USING columnar(id INTEGER, name TEXT, zip TEXT, height "
               "REAL);\n"
               "INSERT INTO p(id,name,zip,height) VALUES(1,'Ada','00710',1.65);\n"
               "INSERT INTO p(id,name,zip,height) VALUES(-2,'','123',NULL);\nCOMMIT;\n");
}

static void a_bad_line_is_named_and_nothing_is_imported(void **state) {
  columnar_write(state, "q.csv", "a,b\n1,2020-01-01\n2,2020-13-01\n");
  drive_expect(*state, "create virtual table t using columnar(a int, b date);\n", "");
  drive_expect_error(*state, ".import q.csv t\n", "q.csv:3: t.b, row 2: the column is DATE");
  drive_expect(*state, "select count(*) from t;\n", "0\n");
  drive_expect_error(*state, ".import q.csv b --bucket --columnar\n", "--columnar is for tables");
}

static const char columnar_small[] =
    "pragma tv_executor=on;\ncreate virtual table t using columnar(a int, b text);\n"
    "insert into t values(1,'x'),(2,'y'),(3,'x');\n";

/* The script succeeds, and prints two texts one behind the other. */
static void drive_expect_part(const char *folder, const char *script, const char *first,
                              const char *second) {
  drive_run run = drive_script(folder, script);
  const char *at = strstr(run.out, first);
  if (at == NULL || strstr(at + strlen(first), second) == NULL) fail_msg("%s%s", run.out, run.err);
  assert_int_equal(run.code, 0);
  drive_free(&run);
}

static void profile_shows_operators_or_why_sqlite_ran_it(void **state) {
  drive_expect(*state, columnar_small, "on\n");
  drive_expect(*state,
               "pragma tv_executor=on;\n.profile on\nselect group_concat(b) from t;\n"
               "create table r(x);\n",
               "on\nx,y,x\n"
               "Run by SQLite: the function group_concat is not covered\n");
  drive_expect_part(*state,
                    "pragma tv_executor=on;\n.profile on\nselect b, sum(a) from t group by "
                    "b order by b;\n",
                    "x|4\ny|2\n", " rows ");
}

static void explain_draws_the_operators(void **state) {
  drive_expect(*state, columnar_small, "on\n");
  drive_expect_part(*state,
                    "pragma tv_executor=on;\n"
                    "explain query plan select b, sum(a) from t where a > 1 group by b;\n",
                    "QUERY PLAN\n`--", "t");
  drive_expect_part(*state,
                    "pragma tv_executor=on;\n"
                    "explain query plan select b from t union select 1;\n",
                    "QUERY PLAN\n", "`--BY SQLITE: union is not covered\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      drive_test(import_makes_a_columnar_table),
      drive_test(a_bad_line_is_named_and_nothing_is_imported),
      drive_test(profile_shows_operators_or_why_sqlite_ran_it),
      drive_test(explain_draws_the_operators),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
