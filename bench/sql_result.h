/* SPDX-License-Identifier: MIT */
/*
 * What a query answered, taken row by row from any engine. The digest is cheap enough to be part
 * of the time: it does not depend on the order of rows, and reals only count in it, because engines
 * add them up in different orders. The kept rows are compared once, reals by a tolerance.
 */
#ifndef TRIVET_BENCH_SQL_RESULT_H
#define TRIVET_BENCH_SQL_RESULT_H

#include <stddef.h>
#include <stdint.h>

typedef struct sql_answer {
  uint64_t rows, digest;
  uint64_t row; /* digest of the current row */
  int keep;     /* 1: the rows are kept as text, columns ended by 0x1f */
  char *text;
  size_t size, capacity;
  size_t *starts; /* per row; one more at the end */
  size_t starts_capacity;
} sql_answer;

#define SQL_ANSWER_TEXT_BYTES 512

/* Empties an answer. keep: whether rows are kept. */
void sql_answer_begin(sql_answer *answer, int keep);
void sql_answer_null(sql_answer *answer);
void sql_answer_integer(sql_answer *answer, int64_t value);
void sql_answer_real(sql_answer *answer, double value);
void sql_answer_bytes(sql_answer *answer, const void *data, size_t size);
void sql_answer_row(sql_answer *answer); /* the row is complete */
/* Compares kept answers as sets of rows. Returns 0 when equal; else `why` (SQL_ANSWER_TEXT_BYTES)
 * shows the first rows that differ. Sorts both. */
int sql_answer_differs(sql_answer *left, sql_answer *right, char *why);
void sql_answer_free(sql_answer *answer);

#endif
