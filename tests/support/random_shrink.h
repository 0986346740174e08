/* SPDX-License-Identifier: MIT */
/* Makes a failing case smaller: fewer rows, columns and changes, a shorter statement. */
#ifndef TRIVET_RANDOM_SHRINK_H
#define TRIVET_RANDOM_SHRINK_H

#include "random_query.h"

typedef struct random_case {
  world *w;
  random_query *query;
  int (*fails)(const struct random_case *c); /* 1: it still does */
  int tries;                                 /* calls of it that are left */
} random_case;

/* Changes the world and the query; every step that does not fail any more is taken back. */
void random_shrink(random_case *c);

#endif
