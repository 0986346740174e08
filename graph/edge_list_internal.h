/* SPDX-License-Identifier: MIT */
/* What the loader of edge lists (edge_list.c) and the formats that it reads (edge_list_format.c)
 * share. */
#ifndef TRIVET_EDGE_LIST_INTERNAL_H
#define TRIVET_EDGE_LIST_INTERNAL_H

#include "graph_internal.h"

typedef struct tvi_load {
  tv_graph *graph;
  const tv_load_options *options;
  tv_load_report *report;
  tvi_buffer text;     /* read and not parsed yet */
  tvi_buffer keys;     /* bytes of all keys met */
  tvi_buffer known;    /* where each is, and its node */
  uint32_t *slots;     /* hash table of place in known + 1; 0 is free */
  uint32_t slot_count; /* a power of two, or 0 */
  tvi_buffer from, to; /* tv_node */
  int header_seen;
  int symmetric;                 /* of a matrix */
  uint64_t rows, entries, taken; /* of a matrix: nodes, lines promised, lines taken */
} tvi_load;

/* The node with that key, found or created. */
int tvi_load_node(tvi_load *load, tv_slice key, tv_node *node);
int tvi_load_edge(tvi_load *load, tv_slice from, tv_slice to);
/* The line cannot be used: TV_OK to go on with the next, or TV_EINVAL. */
int tvi_load_bad(tvi_load *load, const char *problem);

/* One line without its end, of each format. */
int tvi_load_line_snap(tvi_load *load, const char *line, size_t size);
int tvi_load_line_csv(tvi_load *load, const char *line, size_t size);
int tvi_load_line_matrix(tvi_load *load, const char *line, size_t size);
/* The text has ended: a matrix must have had as many entries as it promised. */
int tvi_load_matrix_end(tvi_load *load);

#endif
