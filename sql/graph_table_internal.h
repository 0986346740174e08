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

#define TVI_GRAPH_COLUMNS_MAX 14

typedef struct tvi_graph_cursor tvi_graph_cursor;

/* What xBestIndex knows, for a function's estimate. */
typedef struct tvi_graph_outlook {
  double nodes, edges;
  double degree;                                 /* edges per node */
  double fan;                                    /* edges where the traversal starts */
  double starts;                                 /* nodes at which it starts */
  int given;                                     /* bit c: a value for column c */
  sqlite3_value *literal[TVI_GRAPH_COLUMNS_MAX]; /* NULL: not known while preparing */
  double matches;                                /* rows as `look` counted them; -1: not known */
  const char *how;                               /* a word of `look` on the way; NULL: none */
  double rows, cost;                             /* to be filled */
  int unique;                                    /* to be set when there is at most one row */
} tvi_graph_outlook;

typedef struct tvi_graph_spec {
  const char *module;
  const char *usage;  /* as in an error message */
  const char *create; /* CREATE TABLE x(...) */
  const char *made;   /* the same for CREATE VIRTUAL TABLE; NULL: it is a function only */
  const char *columns[TVI_GRAPH_COLUMNS_MAX];
  int first_argument; /* the column of the graph */
  int arguments;      /* hidden columns from there on that are arguments */
  int required;       /* so many of them must be given */
  int node_arguments; /* so many behind the graph are node keys, for which NULL gives no rows */
  int guard;          /* a hidden column behind the arguments, where SQLite puts one too many: an
                         error; in a table, it names the row. 0:
                         SQLite itself refuses that */
  int keyed;          /* bits of columns */
  int listed;         /* bits of columns for which an IN list comes whole; at most one in a plan */
  int start;          /* the column of the node where a traversal starts; 0: there is none */
  int direction;      /* the column of its direction */
  int ordered_by;     /* rows come in ascending order of that column; -1: of none */
  int order_unique;   /* 1: no two rows have the same value there */
  size_t cursor_bytes;
  size_t row_bytes;   /* of tvi_graph_row; 0: the function keeps its rows itself */
  const void *detail; /* the function's own */
  /* Looks into the graph, when it is known while preparing; NULL: need not. */
  void (*look)(tvi_graph_outlook *outlook, tv_graph *graph);
  void (*estimate)(tvi_graph_outlook *outlook);
  /* Each returns an SQLite code. filter and next set cursor->eof. next NULL: the next of the
   * rows collected. */
  int (*filter)(tvi_graph_cursor *cursor);
  int (*next)(tvi_graph_cursor *cursor);
  int (*column)(tvi_graph_cursor *cursor, sqlite3_context *context, int column);
  /* Of what is also a table: the id of the row, and taking the rest of the rows into memory. */
  sqlite3_int64 (*rowid)(tvi_graph_cursor *cursor);
  int (*freeze)(tvi_graph_cursor *cursor);
  void (*close)(tvi_graph_cursor *cursor); /* frees what is the function's own; NULL: nothing */
} tvi_graph_spec;

extern const tvi_graph_spec tvi_graph_nodes_spec;
extern const tvi_graph_spec tvi_graph_edges_spec;
extern const tvi_graph_spec tvi_graph_find_spec;
extern const tvi_graph_spec tvi_graph_neighbors_spec;
extern const tvi_graph_spec tvi_graph_khop_spec;
extern const tvi_graph_spec tvi_graph_path_spec;
extern const tvi_graph_spec tvi_graph_all_paths_spec;
extern const tvi_graph_spec tvi_graph_pagerank_spec;
extern const tvi_graph_spec tvi_graph_betweenness_spec;
extern const tvi_graph_spec tvi_graph_components_spec;
extern const tvi_graph_spec tvi_graph_strong_components_spec;
extern const tvi_graph_spec tvi_graph_clustering_spec;
extern const tvi_graph_spec tvi_graph_communities_spec;
extern const tvi_graph_spec tvi_graph_degrees_spec;
extern const tvi_graph_spec tvi_graph_degree_stat_spec;
extern const tvi_graph_spec tvi_graph_triangles_spec;
extern const tvi_graph_spec tvi_graph_levels_spec;
extern const tvi_graph_spec tvi_graph_sssp_spec;

/* One per connection, for all functions. */
typedef struct tvi_graph_module {
  tvi_conn *conn;
  tvi_graph_cursor *open; /* all open cursors: a write freezes those that are on their way */
  int references;
} tvi_graph_module;

typedef struct tvi_graph_table {
  tvi_conn_table base;
  sqlite3 *sql;
  tvi_graph_module *module;
  const tvi_graph_spec *spec;
  char *name;  /* of a table made with CREATE VIRTUAL TABLE */
  char *bound; /* the graph of such a table; NULL: a function, which is told it by each use */
  sqlite3_stmt *object; /* takes a JSON object apart; NULL until needed */
  int creates;          /* 1: an edge written makes the nodes that it names */
} tvi_graph_table;

/* Every function's cursor begins with this. */
struct tvi_graph_cursor {
  sqlite3_vtab_cursor base;
  tvi_graph_cursor *next, **before; /* in the module's list */
  const tvi_graph_spec *spec;
  int plan;
  sqlite3_value *given[TVI_GRAPH_COLUMNS_MAX]; /* copies; NULL: not given */
  tvi_buffer name;                             /* of the graph, with its NUL */
  tv_txn *txn;
  uint64_t generation, epoch;
  tv_graph *graph;
  uint64_t rows_max; /* more rows are not asked for; UINT64_MAX: all */
  int list_column;   /* whose values are a list; -1: none */
  sqlite3_value **list;
  size_t list_count;
  tvi_buffer rows; /* collected: spec->row_bytes each */
  size_t row_count, row_at;
  int rows_status; /* TV_ENOMEM: a row found no room */
  int eof;
  sqlite3_stmt *probe; /* SELECT 1: fails once the connection is interrupted */
  unsigned polls;
  int interrupted;
};

/* ---- graph_table.c: the methods that all modules have ---- */

int tvi_graph_table_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out);
int tvi_graph_table_close(sqlite3_vtab_cursor *base);
int tvi_graph_table_filter(sqlite3_vtab_cursor *base, int plan, const char *plan_text, int argc,
                           sqlite3_value **argv);
int tvi_graph_table_next(sqlite3_vtab_cursor *base);
int tvi_graph_table_eof(sqlite3_vtab_cursor *base);
int tvi_graph_table_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column);

/* Opens the graph in the connection's transaction unless it is open there. Ids outlive the
 * transaction, so a cursor keeps ids and asks again. For a table whose graph is gone cursor->txn is
 * NULL afterwards. */
int tvi_graph_attach(tvi_graph_cursor *cursor);
/* Passes a failure of the graph layer on, with its sentence. An SQLite code. */
int tvi_graph_fail(tvi_graph_cursor *cursor, int status);
/* Fails with a sentence of sqlite3_mprintf, which is taken over. */
int tvi_graph_complain(tvi_graph_cursor *cursor, int code, char *message);
const char *tvi_graph_title(const tvi_graph_cursor *cursor);

/* ---- graph_module.c ---- */

/* Opens a table's graph for writing, and makes it when it is not there. Returns a tv_status. */
int tvi_graph_table_ensure(tvi_graph_table *table, tv_txn **txn, tv_graph **graph, tv_error *err);
/* Before a write: open scans of the graph take what they have still to deliver into memory, so that
 * none meets what its own statement writes. Returns an SQLite code. */
int tvi_graph_scans_freeze(tvi_graph_table *table);

/* ---- graph_update.c, graph_properties.c: writing ---- */

/* What holds the bytes of a property: values of SQL, or a copy of the name. */
typedef struct tvi_graph_item {
  sqlite3_value *name, *atom;
  char *copy;
} tvi_graph_item;
/* The properties that a JSON object names. */
typedef struct tvi_graph_object {
  tvi_graph_item *items;
  tv_property *list;
  size_t n, room;
} tvi_graph_object;
/* Reads the object in column `title`. An SQLite code, with a sentence. */
int tvi_graph_object_read(tvi_graph_table *table, const char *title, sqlite3_value *json,
                          tvi_graph_object *object);
/* Makes the object a list of changes against what a node or edge has: names that the object lacks
 * are removed, and what SQL was shown in another form than it is stored stays as it is. */
int tvi_graph_object_compare(tvi_graph_object *object, tv_graph *graph, tv_node node,
                             const tv_edge_ref *edge, int *status); /* edge NULL: of the node */
/* Adds a property with copies of its name and bytes. SQLITE_OK or SQLITE_NOMEM. */
int tvi_graph_object_keep(tvi_graph_object *object, const char *name, tv_value value);
void tvi_graph_object_free(tvi_graph_object *object);

int tvi_graph_update(sqlite3_vtab *vtab, int argc, sqlite3_value **argv, sqlite3_int64 *rowid);
int tvi_graph_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid);

/* Which constraints the function answers, and what that costs (graph_table_plan.c). */
int tvi_graph_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info);

/* Bits of idxNum: column c has a value; that value is a literal; the rest. xFilter's values come in
 * the order of columns, then LIMIT and OFFSET. */
#define TVI_GRAPH_PLAN_LITERAL TVI_GRAPH_COLUMNS_MAX
#define TVI_GRAPH_PLAN_LIMIT (1 << 28)
#define TVI_GRAPH_PLAN_OFFSET (1 << 29)
#define TVI_GRAPH_PLAN_LIST (1 << 30) /* the first listed column that has a value has a list */

/* ---- graph_rows.c: rows of a function that runs to its end before the first of them ---- */

void tvi_graph_rows_begin(tvi_graph_cursor *cursor);
/* Adds a row. Non-zero: what collects is to stop. */
int tvi_graph_rows_add(tvi_graph_cursor *cursor, const void *row);
/* What collected ended with `status`: the SQLite code; sets eof. */
int tvi_graph_rows_end(tvi_graph_cursor *cursor, int status);
int tvi_graph_rows_next(tvi_graph_cursor *cursor);
/* The current row. */
const void *tvi_graph_row(const tvi_graph_cursor *cursor);

/* ---- graph_interrupt.c ---- */

/* To be called for each step of something long. Non-zero: stop, cursor->interrupted is set. */
int tvi_graph_poll(tvi_graph_cursor *cursor);
/* The same, without counting. */
int tvi_graph_poll_now(tvi_graph_cursor *cursor);
/* The SQLite code of a traversal that ended with `status`; a poll's and the visitor's own stop
 * included (TV_STOP is success). */
int tvi_graph_ended(tvi_graph_cursor *cursor, int status);

/* ---- graph_argument.c ---- */

/* The bytes of a key given in SQL: of a text or blob, the digits of an integer. */
tv_slice tvi_graph_key_bytes(sqlite3_value *value);
/* The node that a key given in SQL names. TV_OK, TV_NOTFOUND, or a failure. */
int tvi_graph_key_find(tv_graph *graph, sqlite3_value *value, tv_node *node);

/* The node that the key in an argument names. *found is 0 when there is none: an error when the
 * key is a literal of the statement, else the answer is empty. */
int tvi_graph_argument_node(tvi_graph_cursor *cursor, int column, tv_node *node, int *found);
/* Where a traversal starts: one node, or those of a list that exist. */
typedef struct tvi_graph_starts {
  tv_node *nodes;
  sqlite3_value **given; /* what named each; lives as long as the cursor's values */
  size_t n;
} tvi_graph_starts;
int tvi_graph_argument_starts(tvi_graph_cursor *cursor, int column, tvi_graph_starts *starts);
void tvi_graph_starts_free(tvi_graph_starts *starts);
/* Puts nodes in ascending order, without repetitions; how many are left. */
size_t tvi_graph_nodes_sort(tv_node *nodes, size_t n);
/* A whole number from `least` to `most`, or a real number; NULL or not given: *number stays. */
int tvi_graph_argument_whole(tvi_graph_cursor *cursor, int column, int64_t least, int64_t most,
                             int64_t *number);
int tvi_graph_argument_real(tvi_graph_cursor *cursor, int column, double *number);
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
int tvi_json_value(tvi_buffer *json, const tv_value *value);
int tvi_graph_json_property(tvi_buffer *json, const char *name, const tv_value *value);

#endif
