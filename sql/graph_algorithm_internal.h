/* SPDX-License-Identifier: MIT */
/* What the table functions over whole graphs share: the cursor over an algorithm's arrays. */
#ifndef TRIVET_GRAPH_ALGORITHM_INTERNAL_H
#define TRIVET_GRAPH_ALGORITHM_INTERNAL_H

#include "graph_table_internal.h"
#include "trivet_graph_algo.h"

#define TVI_GRAPH_ALGORITHM_VALUES 2

typedef struct tvi_graph_algorithm_cursor {
  tvi_graph_cursor base;
  void *values[TVI_GRAPH_ALGORITHM_VALUES]; /* one element per id */
  uint64_t ids, at;
} tvi_graph_algorithm_cursor;

/* A spec's detail. */
typedef struct tvi_graph_algorithm {
  int kinds[TVI_GRAPH_ALGORITHM_VALUES]; /* tv_result_kind of the columns behind the node; 0: no
                                            more */
  int types;                             /* the column of the edge types */
  const char *otherwise[TVI_GRAPH_COLUMNS_MAX]; /* what arguments that are not given read as */
  /* Runs it into the arrays. Returns an SQLite code. */
  int (*run)(tvi_graph_algorithm_cursor *cursor, tv_algorithm_options *options);
} tvi_graph_algorithm;

/* The spec's filter, next, column and close. */
int tvi_graph_algorithm_filter(tvi_graph_cursor *base);
int tvi_graph_algorithm_next(tvi_graph_cursor *base);
int tvi_graph_algorithm_column(tvi_graph_cursor *base, sqlite3_context *context, int column);
void tvi_graph_algorithm_close(tvi_graph_cursor *base);
/* Estimates: of those that look at each edge a few times, and at each edge for each node. */
void tvi_graph_algorithm_estimate(tvi_graph_outlook *outlook);
void tvi_graph_algorithm_estimate_heavy(tvi_graph_outlook *outlook);

/* Edge types and the interruption, for whatever runs long. types->types is to be freed with
 * tvi_free, on a failure too. */
int tvi_graph_algorithm_options(tvi_graph_cursor *cursor, int types_column,
                                tv_algorithm_options *options);
/* An optional node: *found is 0 when it is not given (or not there: then eof is all there is). */
int tvi_graph_algorithm_node(tvi_graph_cursor *cursor, int column, tv_node *node, int *found);
/* The name of a property of edges that holds their weight; NULL when none is given. */
int tvi_graph_algorithm_weight(tvi_graph_cursor *cursor, int column, const char **weight);

#endif
