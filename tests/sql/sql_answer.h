/* SPDX-License-Identifier: MIT */
/*
 * A statement's answer as one text, so that a test can say in a line what it expects: columns
 * joined by '|', rows by newlines, NULL as NULL, a blob as x'..', an error as "error: sentence".
 */
#ifndef TRIVET_SQL_ANSWER_H
#define TRIVET_SQL_ANSWER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_sql.h"

static inline void sql_answer_add(char **text, const char *more) {
  size_t old = *text == NULL ? 0 : strlen(*text);
  char *grown = realloc(*text, old + strlen(more) + 1);
  assert_non_null(grown);
  if (grown == NULL) return;
  memcpy(grown + old, more, strlen(more) + 1);
  *text = grown;
}

static inline void sql_answer_value(char **text, sqlite3_stmt *statement, int column) {
  int type = sqlite3_column_type(statement, column), i;
  char hex[3];

  if (type == SQLITE_NULL) {
    sql_answer_add(text, "NULL");
  } else if (type != SQLITE_BLOB) {
    sql_answer_add(text, (const char *)sqlite3_column_text(statement, column));
  } else {
    const unsigned char *blob = sqlite3_column_blob(statement, column);
    sql_answer_add(text, "x'");
    for (i = 0; i < sqlite3_column_bytes(statement, column); i++) {
      snprintf(hex, sizeof hex, "%02x", blob[i]);
      sql_answer_add(text, hex);
    }
    sql_answer_add(text, "'");
  }
}

/* Runs all statements of `sql`; the caller frees the answer. */
static inline char *sql_answer(sqlite3 *connection, const char *sql) {
  sqlite3_stmt *statement;
  char *text = NULL;
  int code = SQLITE_OK, i;

  sql_answer_add(&text, "");
  if (text == NULL) return NULL;
  while (code == SQLITE_OK && *sql != '\0') {
    code = sqlite3_prepare_v2(connection, sql, -1, &statement, &sql);
    if (code != SQLITE_OK || statement == NULL) break;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      if (*text != '\0') sql_answer_add(&text, "\n");
      for (i = 0; i < sqlite3_column_count(statement); i++) {
        if (i > 0) sql_answer_add(&text, "|");
        sql_answer_value(&text, statement, i);
      }
    }
    code = sqlite3_finalize(statement);
  }
  if (code != SQLITE_OK) {
    if (*text != '\0') sql_answer_add(&text, "\n");
    sql_answer_add(&text, "error: ");
    sql_answer_add(&text, sqlite3_errmsg(connection));
  }
  return text;
}

static inline void sql_answer_check(sqlite3 *connection, const char *sql, const char *expected,
                                    const char *file, int line) {
  char *text = sql_answer(connection, sql);
  if (strcmp(text, expected) != 0) {
    print_error("%s\n  gave:     %s\n  expected: %s\n", sql, text, expected);
    _fail(file, line);
  }
  free(text);
}
#define answer_is(connection, sql, expected) \
  sql_answer_check((connection), (sql), (expected), __FILE__, __LINE__)

/* The answer contains `part`. */
static inline void sql_answer_search(sqlite3 *connection, const char *sql, const char *part,
                                     const char *file, int line) {
  char *text = sql_answer(connection, sql);
  if (strstr(text, part) == NULL) {
    print_error("%s\n  gave:     %s\n  expected: ...%s...\n", sql, text, part);
    _fail(file, line);
  }
  free(text);
}
#define answer_has(connection, sql, part) \
  sql_answer_search((connection), (sql), (part), __FILE__, __LINE__)

static inline sqlite3 *sql_answer_open(tv_db *db) {
  sqlite3 *connection = NULL;
  tv_error err = {0, 0, ""};
  int status = tv_sql_open(db, 0, &connection, &err);
  if (status != TV_OK) print_error("tv_sql_open: %s\n", err.message);
  assert_int_equal(status, TV_OK);
  return connection;
}

/* ---- A test with a store in memory and a connection to it: with_store(test) ---- */

typedef struct fixture {
  tv_db *db;
  sqlite3 *sql;
} fixture;

static inline int open_store(void **state) {
  fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  if (f == NULL) return 1;
  f->db = test_open_memory();
  f->sql = sql_answer_open(f->db);
  *state = f;
  return 0;
}

static inline int close_store(void **state) {
  fixture *f = *state;
  assert_int_equal(sqlite3_close(f->sql), SQLITE_OK);
  test_close(f->db);
  free(f);
  return 0;
}

#define with_store(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)

#endif
