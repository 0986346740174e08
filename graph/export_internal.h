/* SPDX-License-Identifier: MIT */
/* What the export of graphs (graph_export.c) and its formats (export_*.c) share. */
#ifndef TRIVET_EXPORT_INTERNAL_H
#define TRIVET_EXPORT_INTERNAL_H

#include "traversal_internal.h"
#include "trivet_graph_text.h"

#define TVI_EXPORT_TYPES 6u /* of values, TV_NULL included */

/* Properties that nodes or edges have: a column for each name and type. */
typedef struct tvi_export_columns {
  uint32_t *place; /* by name * TVI_EXPORT_TYPES + type: column + 1; 0: not there */
  uint32_t names;  /* how many names there are */
  uint32_t n;
  tvi_buffer cells;           /* of the row being written: bytes of its values */
  struct tvi_export_cell *at; /* of each column */
} tvi_export_columns;

typedef struct tvi_export_cell {
  size_t at, size;
  int there;
} tvi_export_cell;

typedef struct tvi_export {
  tv_graph *graph;
  const tv_export_options *options;
  tv_export_report *report;
  tvi_buffer out;  /* not written yet */
  tvi_buffer text; /* of what is put together before it is escaped */
  int is_part;     /* 1: only `nodes` */
  tv_node *nodes;  /* ascending */
  size_t n;
  tvi_node_set set;
  tvi_type_set types;
  tvi_export_columns node_columns, edge_columns;
  int failure; /* of a visit; TV_OK: none */
} tvi_export;

/* ---- Writing (export_text.c). Each returns TV_OK or the failure, which is set. ---- */

int tvi_export_bytes(tvi_export *x, const void *data, size_t size);
int tvi_export_str(tvi_export *x, const char *text);
int tvi_export_flush(tvi_export *x);
/* A number in decimal. */
int tvi_export_count(tvi_export *x, uint64_t number);
/* A field of CSV; an empty one in quotes, since one without is a property that is not there. */
int tvi_export_csv(tvi_export *x, tv_slice field);
/* Inside quotes of DOT, and inside an element or attribute of XML. */
int tvi_export_dot(tvi_export *x, tv_slice text);
int tvi_export_xml(tvi_export *x, tv_slice text);
/* A key as it is shown: text, or x'00ff'. Lifetime: until x->text is used again. */
int tvi_export_key(tvi_export *x, tv_node node, tv_slice *key);
/* Appends a value in the words of CSV. */
int tvi_export_value(tvi_export *x, tvi_buffer *buffer, const tv_value *value);

/* ---- Walking (graph_export.c) ---- */

typedef int (*tvi_export_node_fn)(tvi_export *x, tv_node node);
typedef int (*tvi_export_edge_fn)(tvi_export *x, const tv_edge_ref *edge);
/* Calls visit for each node or edge of the part; it returns a status, and what is not TV_OK ends
 * the walk with it. */
int tvi_export_nodes(tvi_export *x, tvi_export_node_fn visit);
int tvi_export_edges(tvi_export *x, tvi_export_edge_fn visit);

/* ---- Properties as columns (export_columns.c) ---- */

/* Finds the columns of all nodes, or all edges, of the part. */
int tvi_export_find_node_columns(tvi_export *x);
int tvi_export_find_edge_columns(tvi_export *x);
void tvi_export_columns_close(tvi_export_columns *columns);
/* Name and type of each column, in order. */
typedef int (*tvi_export_column_fn)(tvi_export *x, uint32_t column, const char *name, int type);
int tvi_export_each_column(tvi_export *x, const tvi_export_columns *columns,
                           tvi_export_column_fn visit);
/* Puts the values of a node or edge into the cells of its columns. */
int tvi_export_node_row(tvi_export *x, tv_node node);
int tvi_export_edge_row(tvi_export *x, const tv_edge_ref *edge);
/* The words of a type, as in a header. */
const char *tvi_export_type_word(int type);

/* ---- Formats ---- */

int tvi_export_as_dot(tvi_export *x);     /* export_dot.c */
int tvi_export_as_graphml(tvi_export *x); /* export_graphml.c */
int tvi_export_nodes_csv(tvi_export *x);  /* export_csv.c */
int tvi_export_edges_csv(tvi_export *x);

/* The labels of a node with ';' between, escaped. Lifetime: until x->text is used again. */
int tvi_export_labels(tvi_export *x, tv_node node, tv_slice *labels);
int tvi_export_no_memory(tvi_export *x);

#endif
