/* SPDX-License-Identifier: MIT */
#include "random_answer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"

/* A literal's value, by SQLite itself. */
static sqlite3_value *answer_literal(sqlite3 *sql, const char *literal) {
  sqlite3_stmt *stmt = NULL;
  sqlite3_value *value = NULL;
  char *text = sqlite3_mprintf("SELECT %s", literal);
  if (text != NULL && sqlite3_prepare_v2(sql, text, -1, &stmt, NULL) == SQLITE_OK &&
      sqlite3_step(stmt) == SQLITE_ROW)
    value = sqlite3_value_dup(sqlite3_column_value(stmt, 0));
  sqlite3_finalize(stmt);
  sqlite3_free(text);
  return value;
}

static void answer_bind(sqlite3 *sql, sqlite3_stmt *stmt, const tree_print *print) {
  int i;
  for (i = 0; i < print->parameters; i++) {
    sqlite3_value *value = answer_literal(sql, print->parameter[i]);
    assert_non_null(value);
    sqlite3_bind_value(stmt, i + 1, value);
    sqlite3_value_free(value);
  }
}

static void answer_names(random_answer *answer, sqlite3_stmt *stmt) {
  sqlite3_str *names = sqlite3_str_new(NULL);
  int i;
  for (i = 0; i < answer->columns; i++)
    sqlite3_str_appendf(names, "%s\n", sqlite3_column_name(stmt, i));
  answer->names = sqlite3_str_finish(names);
}

static void answer_row(random_answer *answer, sqlite3_stmt *stmt) {
  size_t columns = (size_t)answer->columns, i;
  if (answer->rows == answer->capacity) {
    answer->capacity = answer->capacity * 2 + 16;
    answer->cells =
        realloc(answer->cells, answer->capacity * (columns + 1) * sizeof *answer->cells);
    assert_non_null(answer->cells);
  }
  for (i = 0; i < columns; i++)
    answer->cells[answer->rows * columns + i] =
        sqlite3_value_dup(sqlite3_column_value(stmt, (int)i));
  answer->rows++;
}

void random_answer_take(random_answer *answer, sqlite3 *sql, sqlite3_stmt *stmt, int code,
                        const tree_print *print) {
  memset(answer, 0, sizeof *answer);
  if (code == SQLITE_OK) {
    answer_bind(sql, stmt, print);
    answer->columns = sqlite3_column_count(stmt);
    answer_names(answer, stmt);
    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) answer_row(answer, stmt);
  }
  answer->code = code & 0xff;
  if (answer->code != SQLITE_DONE)
    snprintf(answer->message, sizeof answer->message, "%s", sqlite3_errmsg(sql));
  sqlite3_finalize(stmt);
}

void random_answer_free(random_answer *answer) {
  size_t i, n = answer->rows * (size_t)answer->columns;
  for (i = 0; i < n; i++) sqlite3_value_free(answer->cells[i]);
  free(answer->cells);
  sqlite3_free(answer->names);
  memset(answer, 0, sizeof *answer);
}

/* ---- Comparing ---- */

static int answer_bytes_order(sqlite3_value *a, sqlite3_value *b) {
  int left = sqlite3_value_bytes(a), right = sqlite3_value_bytes(b);
  int least = left < right ? left : right;
  int order = least == 0 ? 0 : memcmp(sqlite3_value_blob(a), sqlite3_value_blob(b), (size_t)least);
  return order != 0 ? order : (left > right) - (left < right);
}

/* Orders values of all types; reals only where `reals` says so. */
static int answer_cell_order(sqlite3_value *a, sqlite3_value *b, int reals) {
  int left = sqlite3_value_type(a), right = sqlite3_value_type(b);
  if (left != right) return left - right;
  if (left == SQLITE_NULL || (left == SQLITE_FLOAT && !reals)) return 0;
  if (left == SQLITE_INTEGER) {
    sqlite3_int64 x = sqlite3_value_int64(a), y = sqlite3_value_int64(b);
    return (x > y) - (x < y);
  }
  if (left == SQLITE_FLOAT) {
    double x = sqlite3_value_double(a), y = sqlite3_value_double(b);
    return (x > y) - (x < y);
  }
  return answer_bytes_order(a, b);
}

static int answer_same(sqlite3_value *a, sqlite3_value *b, int summed) {
  double x, y;
  if (sqlite3_value_type(a) != sqlite3_value_type(b)) return 0;
  if (sqlite3_value_type(a) != SQLITE_FLOAT) return answer_cell_order(a, b, 1) == 0;
  x = sqlite3_value_double(a);
  y = sqlite3_value_double(b);
  if (x == y || (isnan(x) && isnan(y))) return 1;
  return summed && fabs(x - y) <= 1e-9 * (fabs(x) + fabs(y));
}

typedef struct answer_sort {
  sqlite3_value **row;
  int columns;
} answer_sort;

static int answer_row_order(const void *left, const void *right) {
  const answer_sort *a = left, *b = right;
  int i, reals, order;
  for (reals = 0; reals < 2; reals++)
    for (i = 0; i < a->columns; i++)
      if ((order = answer_cell_order(a->row[i], b->row[i], reals)) != 0) return order;
  return 0;
}

static answer_sort *answer_rows(const random_answer *answer, int ordered) {
  answer_sort *rows = calloc(answer->rows + 1, sizeof *rows);
  size_t i;
  assert_non_null(rows);
  for (i = 0; i < answer->rows; i++) {
    rows[i].row = answer->cells + i * (size_t)answer->columns;
    rows[i].columns = answer->columns;
  }
  if (!ordered) qsort(rows, answer->rows, sizeof *rows, answer_row_order);
  return rows;
}

int random_answers_differ(const random_answer *left, const random_answer *right, int ordered,
                          int summed, char *why) {
  answer_sort *a, *b;
  size_t i;
  int c, differs = 0;
  if (left->code != right->code) {
    snprintf(why, 256, "code %d (%.90s) and code %d (%.90s)", left->code, left->message,
             right->code, right->message);
    return 1;
  }
  if (left->code != SQLITE_DONE) return 0;
  if (left->rows != right->rows || left->columns != right->columns) {
    snprintf(why, 256, "%zu rows and %zu rows", left->rows, right->rows);
    return 1;
  }
  if (strcmp(left->names, right->names) != 0) {
    snprintf(why, 256, "names %.100s and %.100s", left->names, right->names);
    return 1;
  }
  a = answer_rows(left, ordered);
  b = answer_rows(right, ordered);
  for (i = 0; i < left->rows && !differs; i++)
    for (c = 0; c < left->columns && !differs; c++)
      if (!answer_same(a[i].row[c], b[i].row[c], summed)) {
        differs = 1;
        snprintf(why, 256, "row %zu, column %d", i + 1, c + 1);
      }
  free(a);
  free(b);
  return differs;
}

void random_answer_show(const random_answer *answer) {
  static const char *const types[] = {"", "integer", "real", "text", "blob", "null"};
  size_t i;
  int c;
  if (answer->code != SQLITE_DONE) print_message("  code %d: %s\n", answer->code, answer->message);
  for (i = 0; i < answer->rows && i < 12; i++) {
    for (c = 0; c < answer->columns; c++) {
      sqlite3_value *cell = answer->cells[i * (size_t)answer->columns + (size_t)c];
      const char *text = (const char *)sqlite3_value_text(cell);
      print_message("  %s:%s", types[sqlite3_value_type(cell)], text != NULL ? text : "");
    }
    print_message("\n");
  }
  if (answer->rows > 12) print_message("  ... %zu rows\n", answer->rows);
}
