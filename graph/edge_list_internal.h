/* SPDX-License-Identifier: MIT */
/* What the loader of edge lists (edge_list.c) and the formats that it reads (edge_list_format.c)
 * share. */
#ifndef TRIVET_EDGE_LIST_INTERNAL_H
#define TRIVET_EDGE_LIST_INTERNAL_H

#include "edge_sort_internal.h"

/* Keys met and their nodes (key_table.c). All zero is empty. Keys are not empty. */
typedef struct tvi_key_slot {
  uint64_t word; /* the key, or the hash of a long one */
  uint32_t size; /* 0: free */
  uint32_t value;
} tvi_key_slot;
typedef struct tvi_key_table {
  tvi_key_slot *slots;
  uint32_t slot_count; /* a power of two, or 0 */
  uint32_t hashed;     /* keys in slots */
  uint32_t *numbers;   /* node + 1 of keys that are numbers; 0: look into the slots */
  uint32_t number_count;
  uint32_t used;           /* keys */
  tvi_buffer bytes, longs; /* of keys that do not fit into a slot */
} tvi_key_table;

/* 1: the key was met. */
int tvi_key_table_find(tvi_key_table *table, tv_slice key, tv_node *node);
/* TV_OK, TV_ENOMEM, TV_ELIMIT (a node beyond what a load can hold), both without a message. */
int tvi_key_table_add(tvi_key_table *table, tv_slice key, tv_node node);
void tvi_key_table_free(tvi_key_table *table);

typedef struct tvi_load {
  tv_graph *graph;
  const tv_load_options *options;
  tv_load_report *report;
  tvi_buffer text; /* read and not parsed yet */
  tvi_key_table keys;
  tvi_buffer from, to; /* tv_node */
  size_t column_count; /* properties that lines give */
  struct {
    char *name;
    int32_t type;      /* TV_INT64 or TV_DOUBLE */
    size_t field;      /* of the line, from 0 */
    tvi_buffer values; /* of 8 bytes */
  } columns[TVI_COLUMNS_MAX];
  tvi_bulk_stream stream; /* takes the edges once they exceed memory */
  int streaming;
  int header_seen;
  int symmetric;                 /* of a matrix */
  uint64_t rows, entries, taken; /* of a matrix: nodes, lines promised, lines taken */
} tvi_load;

/* The node with that key, found or created. */
int tvi_load_node(tvi_load *load, tv_slice key, tv_node *node);
/* values: one for each column, an int64 or the bits of a double. */
int tvi_load_edge(tvi_load *load, tv_slice from, tv_slice to, const uint64_t *values);
/* Adds a column; name is copied. TV_OK, TV_ELIMIT, TV_ENOMEM. */
int tvi_load_column(tvi_load *load, tv_slice name, int32_t type, size_t field);
/* The line cannot be used: TV_OK to go on with the next, or TV_EINVAL. */
int tvi_load_bad(tvi_load *load, const char *problem);

/* The number that a word spells: an int64 or the bits of a double. 0: it spells none. */
int tvi_text_number(tv_slice word, int32_t type, uint64_t *bits);

/* One line without its end, of each format. */
int tvi_load_line_snap(tvi_load *load, const char *line, size_t size);
int tvi_load_line_csv(tvi_load *load, const char *line, size_t size);
int tvi_load_line_matrix(tvi_load *load, const char *line, size_t size);
/* The text has ended: a matrix must have had as many entries as it promised. */
int tvi_load_matrix_end(tvi_load *load);

#endif
