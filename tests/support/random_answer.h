/* SPDX-License-Identifier: MIT */
/* The answer to a statement with the types of its values, and when two of them are the same. */
#ifndef TRIVET_RANDOM_ANSWER_H
#define TRIVET_RANDOM_ANSWER_H

#include <sqlite3.h>
#include <stddef.h>

#include "random_tree.h"

typedef struct random_answer {
  int code; /* SQLITE_DONE, or the error's primary code */
  char message[256];
  int columns;
  char *names; /* each ended by a newline */
  size_t rows, capacity;
  sqlite3_value **cells;
} random_answer;

/* Binds the statement's parameters and steps it to its end. Finalizes it. code: of its prepare. */
void random_answer_take(random_answer *answer, sqlite3 *sql, sqlite3_stmt *stmt, int code,
                        const tree_print *print);
void random_answer_free(random_answer *answer);
/* ordered: rows stand in this order. summed: reals may differ in their last digits. Returns 0 when
 * they are the same, else says why (256 bytes). */
int random_answers_differ(const random_answer *left, const random_answer *right, int ordered,
                          int summed, char *why);
void random_answer_show(const random_answer *answer);

#endif
