/* SPDX-License-Identifier: MIT */
/*
 * Digests and comparison of answers. Comparing the rows in the order they came was rejected: a
 * statement without a total ORDER BY has no order to compare.
 */
#include "sql_result.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool_heap.h"

#define ANSWER_END '\x1f'

void sql_answer_begin(sql_answer *answer, int keep) {
  answer->rows = answer->digest = answer->row = 0;
  answer->keep = keep;
  answer->size = 0;
  heap_grow(&answer->starts, &answer->starts_capacity, 1, sizeof *answer->starts);
  answer->starts[0] = 0;
}

static void answer_mix(sql_answer *answer, uint64_t value) {
  uint64_t x = (answer->row ^ value) * UINT64_C(0x9e3779b97f4a7c15);
  answer->row = (x ^ x >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + 1;
}

static void answer_keep(sql_answer *answer, const void *data, size_t size) {
  if (!answer->keep) return;
  heap_grow(&answer->text, &answer->capacity, answer->size + size + 1, 1);
  if (size > 0) memcpy(answer->text + answer->size, data, size);
  answer->text[answer->size + size] = ANSWER_END;
  answer->size += size + 1;
}

void sql_answer_null(sql_answer *answer) {
  answer_mix(answer, UINT64_C(0x6e756c6c));
  answer_keep(answer, "NULL", 4);
}

void sql_answer_integer(sql_answer *answer, int64_t value) {
  answer_mix(answer, (uint64_t)value);
  if (answer->keep) {
    char text[32];
    answer_keep(answer, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
  }
}

void sql_answer_real(sql_answer *answer, double value) {
  answer_mix(answer, UINT64_C(0x7265616c));
  if (answer->keep) {
    char text[40];
    answer_keep(answer, text, (size_t)snprintf(text, sizeof text, "%.15g", value));
  }
}

void sql_answer_bytes(sql_answer *answer, const void *data, size_t size) {
  const unsigned char *at = data;
  uint64_t word;
  size_t rest = size;
  for (; rest >= sizeof word; rest -= sizeof word, at += sizeof word) {
    memcpy(&word, at, sizeof word);
    answer_mix(answer, word);
  }
  word = size;
  for (; rest > 0; rest--) word = word << 8 | *at++;
  answer_mix(answer, word);
  answer_keep(answer, data, size);
}

void sql_answer_row(sql_answer *answer) {
  answer->digest += answer->row;
  answer->row = 0;
  answer->rows++;
  if (!answer->keep) return;
  heap_grow(&answer->starts, &answer->starts_capacity, (size_t)answer->rows + 1,
            sizeof *answer->starts);
  answer->starts[answer->rows] = answer->size;
}

/* ---- Comparing ---- */

typedef struct answer_row {
  const char *text;
  size_t size;
} answer_row;

/* 1 when both cells are numbers that differ by no more than rounding explains. */
static int answer_near(const char *left, size_t left_size, const char *right, size_t right_size) {
  char a[48], b[48], *end_a, *end_b;
  double x, y;
  if (left_size >= sizeof a || right_size >= sizeof b || left_size == 0 || right_size == 0)
    return 0;
  memcpy(a, left, left_size);
  memcpy(b, right, right_size);
  a[left_size] = b[right_size] = '\0';
  x = strtod(a, &end_a);
  y = strtod(b, &end_b);
  if (*end_a != '\0' || *end_b != '\0') return 0;
  if (strpbrk(a, ".eEn") == NULL && strpbrk(b, ".eEn") == NULL) return 0; /* both whole: differ */
  return x == y || fabs(x - y) <= 1e-9 * (fabs(x) + fabs(y));
}

static int answer_rows_equal(const answer_row *left, const answer_row *right) {
  const char *a = left->text, *a_end = a + left->size, *b = right->text, *b_end = b + right->size;
  while (a < a_end && b < b_end) {
    size_t a_size = (size_t)((const char *)memchr(a, ANSWER_END, (size_t)(a_end - a)) - a);
    size_t b_size = (size_t)((const char *)memchr(b, ANSWER_END, (size_t)(b_end - b)) - b);
    if ((a_size != b_size || memcmp(a, b, a_size) != 0) && !answer_near(a, a_size, b, b_size))
      return 0;
    a += a_size + 1;
    b += b_size + 1;
  }
  return a == a_end && b == b_end;
}

static int answer_order(const void *left, const void *right) {
  const answer_row *a = left, *b = right;
  size_t size = a->size < b->size ? a->size : b->size;
  int order = memcmp(a->text, b->text, size);
  if (order != 0) return order;
  return a->size < b->size ? -1 : a->size > b->size;
}

static answer_row *answer_sorted(const sql_answer *answer) {
  answer_row *rows = heap_take(((size_t)answer->rows + 1) * sizeof *rows);
  size_t i;
  for (i = 0; i < answer->rows; i++) {
    rows[i].text = answer->text + answer->starts[i];
    rows[i].size = answer->starts[i + 1] - answer->starts[i];
  }
  qsort(rows, (size_t)answer->rows, sizeof *rows, answer_order);
  return rows;
}

/* A row as people read it. */
static void answer_show(const answer_row *row, char *out, size_t size) {
  size_t i, n = row->size > 0 ? row->size - 1 : 0;
  if (n >= size) n = size - 1;
  for (i = 0; i < n; i++) out[i] = row->text[i] == ANSWER_END ? '|' : row->text[i];
  out[n] = '\0';
}

int sql_answer_differs(sql_answer *left, sql_answer *right, char *why) {
  answer_row *a, *b;
  char shown_a[180], shown_b[180];
  size_t i;
  int differs = 0;
  if (left->rows != right->rows) {
    snprintf(why, SQL_ANSWER_TEXT_BYTES, "%" PRIu64 " rows and %" PRIu64 " rows", left->rows,
             right->rows);
    return 1;
  }
  a = answer_sorted(left);
  b = answer_sorted(right);
  for (i = 0; i < left->rows && !differs; i++) {
    if (answer_rows_equal(&a[i], &b[i])) continue;
    answer_show(&a[i], shown_a, sizeof shown_a);
    answer_show(&b[i], shown_b, sizeof shown_b);
    snprintf(why, SQL_ANSWER_TEXT_BYTES, "%s and %s", shown_a, shown_b);
    differs = 1;
  }
  free(a);
  free(b);
  return differs;
}

void sql_answer_free(sql_answer *answer) {
  free(answer->text);
  free(answer->starts);
  answer->text = NULL;
  answer->starts = NULL;
  answer->capacity = answer->starts_capacity = 0;
}
