/* SPDX-License-Identifier: MIT */
/*
 * What the table functions over graphs share. Each function is a tvi_graph_spec: its columns, its
 * arguments and what to do; graph_table.c does what is the same for all of them.
 *
 * Arguments are hidden columns; the first is always the graph. Columns in `keyed` are ordinary ones
 * whose `= value` the function can answer itself; SQLite compares those again.
 */
#ifndef TRIVET_GRAPH_TABLE_INTERNAL_H
#define TRIVET_GRAPH_TABLE_INTERNAL_H

#include "conn_internal.h"
#include "trivet_graph.h"

#define TVI_GRAPH_COLUMNS_MAX 12

typedef struct tvi_graph_cursor tvi_graph_cursor;

/* What xBestIndex knows, for a function's estimate. */
typedef struct tvi_graph_outlook {
  double nodes, edges;
  double degree;                                 /* edges per node */
  int given;                                     /* bit c: a value for column c */
  sqlite3_value *literal[TVI_GRAPH_COLUMNS_MAX]; /* NULL: not known while preparing */
  double rows, cost;                             /* to be filled */
  int unique;                                    /* to be set when there is at most one row */
} tvi_graph_outlook;

typedef struct tvi_graph_spec {
  const char *module;
  const char *usage;  /* as in an error message */
  const char *create; /* CREATE TABLE x(...) */
  const char *columns[TVI_GRAPH_COLUMNS_MAX];
  int first_argument; /* the column of the graph */
  int arguments;      /* hidden columns from there on that are arguments */
  int required;       /* so many of them must be given */
  int node_arguments; /* so many behind the graph are node keys, for which NULL gives no rows */
  int keyed;          /* bits of columns */
  int ordered_by;     /* rows come in ascending order of that column; -1: of none */
  int order_unique;   /* 1: no two rows have the same value there */
  size_t cursor_bytes;
  void (*estimate)(tvi_graph_outlook *outlook);
  /* Each returns an SQLite code. filter and next set cursor->eof. */
  int (*filter)(tvi_graph_cursor *cursor);
  int (*next)(tvi_graph_cursor *cursor);
  int (*column)(tvi_graph_cursor *cursor, sqlite3_context *context, int column);
  void (*close)(tvi_graph_cursor *cursor); /* frees what is the function's own */
} tvi_graph_spec;

extern const tvi_graph_spec tvi_graph_nodes_spec;
extern const tvi_graph_spec tvi_graph_edges_spec;
extern const tvi_graph_spec tvi_graph_neighbors_spec;
extern const tvi_graph_spec tvi_graph_khop_spec;
extern const tvi_graph_spec tvi_graph_path_spec;
extern const tvi_graph_spec tvi_graph_pagerank_spec;
extern const tvi_graph_spec tvi_graph_components_spec;
extern const tvi_graph_spec tvi_graph_triangles_spec;

typedef struct tvi_graph_table {
  sqlite3_vtab base;
  sqlite3 *sql;
  tvi_conn *conn;
  const tvi_graph_spec *spec;
} tvi_graph_table;

/* Every function's cursor begins with this. */
struct tvi_graph_cursor {
  sqlite3_vtab_cursor base;
  const tvi_graph_spec *spec;
  int plan;
  sqlite3_value *given[TVI_GRAPH_COLUMNS_MAX]; /* copies; NULL: not given */
  tvi_buffer name;                             /* of the graph, with its NUL */
  tv_txn *txn;
  uint64_t generation, epoch;
  tv_graph *graph;
  uint64_t rows_max; /* more rows are not asked for; UINT64_MAX: all */
  int eof;
  sqlite3_stmt *probe; /* SELECT 1: fails once the connection is interrupted */
  unsigned polls;
  int interrupted;
};

/* ---- graph_table.c ---- */

/* Opens the graph in the connection's transaction unless it is open there. Ids outlive the
 * transaction, so a cursor keeps ids and asks again. */
int tvi_graph_attach(tvi_graph_cursor *cursor);
/* Passes a failure of the graph layer on, with its sentence. An SQLite code. */
int tvi_graph_fail(tvi_graph_cursor *cursor, int status);
/* Fails with a sentence of sqlite3_mprintf, which is taken over. */
int tvi_graph_complain(tvi_graph_cursor *cursor, int code, char *message);
const char *tvi_graph_title(const tvi_graph_cursor *cursor);

/* ---- graph_interrupt.c ---- */

/* To be called for each step of something long. Non-zero: stop, cursor->interrupted is set. */
int tvi_graph_poll(tvi_graph_cursor *cursor);
/* The same, without counting. */
int tvi_graph_poll_now(tvi_graph_cursor *cursor);
/* The SQLite code of a traversal that ended with `status`; a poll's and the visitor's own stop
 * included (TV_STOP is success). */
int tvi_graph_ended(tvi_graph_cursor *cursor, int status);

/* ---- graph_argument.c ---- */

/* The node that the key in an argument names. *found is 0 when there is none: an error when the
 * key is a literal of the statement, else the answer is empty. */
int tvi_graph_argument_node(tvi_graph_cursor *cursor, int column, tv_node *node, int *found);
/* 'out', 'in', 'both'; NULL or not given: out. */
int tvi_graph_argument_direction(tvi_graph_cursor *cursor, int column, int *direction);
/* 'a,b'; NULL, empty or not given: all. types->types is to be freed with tvi_free. */
int tvi_graph_argument_types(tvi_graph_cursor *cursor, int column, tv_types *types);

typedef enum tvi_graph_match {
  TVI_GRAPH_MATCH_ONE = 0,  /* narrowed to the node or number */
  TVI_GRAPH_MATCH_NONE = 1, /* nothing can match */
  TVI_GRAPH_MATCH_ALL = 2   /* cannot be narrowed: SQLite compares row by row */
} tvi_graph_match;

/* What `column = value` of a key column or a number column narrows to. */
int tvi_graph_match_key(tvi_graph_cursor *cursor, int column, tvi_graph_match *match,
                        tv_node *node);
tvi_graph_match tvi_graph_match_number(const tvi_graph_cursor *cursor, int column,
                                       uint64_t *number);

/* ---- graph_result.c ---- */

/* Gives SQL a node's key: TEXT when it is UTF-8, else BLOB; NULL when the node is gone. */
int tvi_graph_result_key(tvi_graph_cursor *cursor, sqlite3_context *context, tv_node node);
int tvi_graph_result_type(tvi_graph_cursor *cursor, sqlite3_context *context, uint32_t type);
/* An argument's column: what was given, else `otherwise`. */
int tvi_graph_result_argument(tvi_graph_cursor *cursor, sqlite3_context *context, int column,
                              const char *otherwise);
/* Properties as a JSON object. */
int tvi_graph_result_node_json(tvi_graph_cursor *cursor, sqlite3_context *context, tv_node node);
int tvi_graph_result_edge_json(tvi_graph_cursor *cursor, sqlite3_context *context,
                               const tv_edge_ref *edge);

/* ---- graph_json.c ---- */

/* Appends `"name":value` to an object that is being written. TV_OK or TV_ENOMEM. */
int tvi_graph_json_property(tvi_buffer *json, const char *name, const tv_value *value);
/* The length of the UTF-8 sequence at p, 1 to 4; 0 when there is none. */
size_t tvi_utf8_length(const unsigned char *p, size_t size);

#endif
