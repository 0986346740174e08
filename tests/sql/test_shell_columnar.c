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

int main(void) {
  const struct CMUnitTest tests[] = {
      drive_test(import_makes_a_columnar_table),
      drive_test(a_bad_line_is_named_and_nothing_is_imported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
