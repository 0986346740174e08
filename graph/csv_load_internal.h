/* SPDX-License-Identifier: MIT */
/* What loading CSV (csv_load.c), its header and values (csv_columns.c) and its edges
 * (csv_edges.c) share. */
#ifndef TRIVET_CSV_LOAD_INTERNAL_H
#define TRIVET_CSV_LOAD_INTERNAL_H

#include "csv_reader_internal.h"
#include "graph_internal.h"
#include "trivet_graph_text.h"

typedef enum tvi_csv_role {
  TVI_CSV_KEY = 0,
  TVI_CSV_LABELS = 1,
  TVI_CSV_SOURCE = 2,
  TVI_CSV_TARGET = 3,
  TVI_CSV_EDGE_TYPE = 4,
  TVI_CSV_PROPERTY = 5
} tvi_csv_role;

typedef struct tvi_csv_column {
  int role;
  int type;   /* of a property's values */
  char *name; /* of a property */
} tvi_csv_column;

/* Edges of one type that wait to be loaded at once: those with all numbers, or with none. */
typedef struct tvi_csv_batch {
  char *type;
  int has_numbers;
  tvi_buffer from, to; /* tv_node */
  tvi_buffer *numbers; /* of each column with numbers */
} tvi_csv_batch;

typedef struct tvi_csv_load {
  tv_graph *graph;
  const tv_csv_options *options;
  tv_csv_report *report;
  tvi_csv csv;
  tvi_csv_column *columns;
  size_t n;
  int at[TVI_CSV_PROPERTY]; /* the column of each role; -1: there is none */
  tv_property *values;      /* of the line being read */
  size_t value_count;
  tvi_buffer blobs; /* bytes of its blobs */
  tvi_buffer text;  /* what had to be copied */
  size_t number_columns;
  tvi_csv_batch *batches;
  size_t batch_count;
} tvi_csv_load;

/* Reads the header. TV_OK, or TV_EINVAL with a message. */
int tvi_csv_header(tvi_csv_load *load);
/* The line's properties, into load->values. TV_OK; TV_EINVAL without a message: *problem says what
 * is wrong with the line. TV_ENOMEM. */
int tvi_csv_values(tvi_csv_load *load, const char **problem);
/* Notes that the line cannot be used: TV_OK to go on with the next, or TV_EINVAL. */
int tvi_csv_bad(tvi_csv_load *load, const char *problem);
int tvi_csv_no_memory(tvi_csv_load *load);

/* One line of edges, and what is left of them at the end (csv_edges.c). */
int tvi_csv_edge(tvi_csv_load *load);
int tvi_csv_edges_end(tvi_csv_load *load);
void tvi_csv_edges_close(tvi_csv_load *load);

#endif
