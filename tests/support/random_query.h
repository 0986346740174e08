/* SPDX-License-Identifier: MIT */
/* Random SELECT statements over the tables of a world. */
#ifndef TRIVET_RANDOM_QUERY_H
#define TRIVET_RANDOM_QUERY_H

#include "random_tree.h"
#include "random_world.h"

typedef struct random_query {
  tree_pool pool;
  tree *root;
  int ordered; /* 1: ORDER BY leaves no choice: rows are compared in their order */
  int summed;  /* 1: reals may differ by how they were added up */
} random_query;

/* Draws from the world's random numbers. */
void random_query_make(random_query *query, world *w);
void random_query_free(random_query *query);

#endif
