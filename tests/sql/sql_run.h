/* SPDX-License-Identifier: MIT */
/* Running SQL in a test: statements that must succeed, must fail with a code, or have an answer. */
#ifndef TRIVET_TEST_SQL_RUN_H
#define TRIVET_TEST_SQL_RUN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_sql.h"

/* The statements' rows as text: columns end in '|', rows in '\n'; a failure is "error N". */
static inline char *sql_answer(sqlite3 *sql, const char *text) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  sqlite3_stmt *stmt = NULL;
  const char *rest = text;
  int code = SQLITE_OK;
  char *answer;
  while (*rest != '\0' && code == SQLITE_OK) {
    code = sqlite3_prepare_v2(sql, rest, -1, &stmt, &rest);
    if (code != SQLITE_OK || stmt == NULL) break;
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
      for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        const char *column = (const char *)sqlite3_column_text(stmt, i);
        sqlite3_str_appendf(out, "%s|", column != NULL ? column : "NULL");
      }
      sqlite3_str_appendchar(out, 1, '\n');
    }
    code = sqlite3_finalize(stmt);
  }
  if (code != SQLITE_OK) sqlite3_str_appendf(out, "error %d", code & 0xff);
  answer = sqlite3_str_finish(out);
  return answer != NULL ? answer : sqlite3_mprintf("");
}

static inline void sql_is_at(sqlite3 *sql, const char *text, const char *expected, int line) {
  char *answer = sql_answer(sql, text);
  if (strcmp(answer, expected) != 0) {
    print_message("line %d: %s\n  gives    %s\n  expected %s\n  last error: %s\n", line, text,
                  answer, expected, sqlite3_errmsg(sql));
    fail();
  }
  sqlite3_free(answer);
}
#define sql_is(sql, text, expected) sql_is_at(sql, text, expected, __LINE__)

static inline void sql_run_at(sqlite3 *sql, const char *text, int line) {
  char *message = NULL;
  if (sqlite3_exec(sql, text, NULL, NULL, &message) != SQLITE_OK) {
    print_message("line %d: %s: %s\n", line, text, message);
    fail();
  }
}
#define sql_run(sql, text) sql_run_at(sql, text, __LINE__)

/* The extended code of a statement that fails. */
static inline int sql_code(sqlite3 *sql, const char *text) {
  int code = sqlite3_exec(sql, text, NULL, NULL, NULL);
  return code == SQLITE_OK ? SQLITE_OK : sqlite3_extended_errcode(sql);
}

static inline sqlite3 *sql_open(tv_db *db, unsigned flags) {
  sqlite3 *sql = NULL;
  tv_error err = {0, 0, ""};
  int status = tv_sql_open(db, flags, &sql, &err);
  if (status != TV_OK) print_message("tv_sql_open: %s\n", err.message);
  assert_int_equal(status, TV_OK);
  return sql;
}

static inline void sql_close(sqlite3 *sql) {
  assert_int_equal(sqlite3_close(sql), SQLITE_OK);
}

#endif
