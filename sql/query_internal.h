/* SPDX-License-Identifier: MIT */
/*
 * The front half of the analytic executor: SELECT text into a bound plan (plan_internal.h), and the
 * plan into an ordinary sqlite3_stmt. From the bottom up; each file knows only those above it:
 *
 *   query_lex.c        text into tokens, cut as SQLite cuts them
 *   query_tree.c       the parsed statement, nodes in one array
 *   query_grammar.y    tokens into that tree (by lemon, at build time)
 *   query_catalog.c    what tables there are and what their columns mean
 *   query_names.c      names into columns
 *   query_meaning.c    affinity and collation of each expression, by SQLite's rules
 *   query_fold.c       constant expressions into values
 *   query_clauses.c    WHERE into filters and joins; GROUP BY, ORDER BY into plan keys
 *   query_bind.c       a statement into a plan, or the reason why not
 *   query_room.c       a connection's plans and settings
 *   query_table.c      the table function behind each plan
 *   query_prepare.c    tv_sql_prepare; EXPLAIN QUERY PLAN
 *   query_function.c   tv_query('SELECT ...')
 *
 * SQLite prepares every statement first. So a statement that reaches the parser is correct SQL, its
 * names, types and parameters are known from SQLite, and what the grammar does not know is not an
 * error: it runs in SQLite, and the reason is kept.
 */
#ifndef TRIVET_QUERY_INTERNAL_H
#define TRIVET_QUERY_INTERNAL_H

#include "plan_internal.h"

/* ---- Tokens (query_lex.c) ---- */

/* Names as in query_grammar.y. Those up to PLAN are keywords of the same spelling. */
#define TVI_QUERY_KEYWORDS(X) \
  X(SELECT)                   \
  X(DISTINCT)                 \
  X(ALL)                      \
  X(AS)                       \
  X(FROM)                     \
  X(JOIN)                     \
  X(INNER)                    \
  X(CROSS)                    \
  X(ON)                       \
  X(USING)                    \
  X(WHERE)                    \
  X(GROUP)                    \
  X(BY)                       \
  X(HAVING)                   \
  X(ORDER)                    \
  X(LIMIT)                    \
  X(OFFSET)                   \
  X(ASC)                      \
  X(DESC)                     \
  X(NULLS)                    \
  X(FIRST)                    \
  X(LAST)                     \
  X(AND)                      \
  X(OR)                       \
  X(NOT)                      \
  X(IS)                       \
  X(ISNULL)                   \
  X(NOTNULL)                  \
  X(NULL)                     \
  X(BETWEEN)                  \
  X(IN)                       \
  X(LIKE)                     \
  X(GLOB)                     \
  X(ESCAPE)                   \
  X(CASE)                     \
  X(WHEN)                     \
  X(THEN)                     \
  X(ELSE)                     \
  X(END)                      \
  X(CAST)                     \
  X(COLLATE)                  \
  X(EXPLAIN)                  \
  X(QUERY)                    \
  X(PLAN)

#define TVI_QUERY_MARKS(X) \
  X(ID)                    \
  X(STRING)                \
  X(BLOB)                  \
  X(INTEGER)               \
  X(FLOAT)                 \
  X(VARIABLE)              \
  X(LP)                    \
  X(RP)                    \
  X(COMMA)                 \
  X(DOT)                   \
  X(STAR)                  \
  X(PLUS)                  \
  X(MINUS)                 \
  X(SLASH)                 \
  X(REM)                   \
  X(CONCAT)                \
  X(EQ)                    \
  X(NE)                    \
  X(LT)                    \
  X(LE)                    \
  X(GT)                    \
  X(GE)                    \
  X(BITAND)                \
  X(BITOR)                 \
  X(BITNOT)                \
  X(LSHIFT)                \
  X(RSHIFT)

typedef enum tvi_query_token_kind {
  TVI_QT_FINISH = 0, /* the end of the statement */
#define TVI_QUERY_TOKEN_ENUM(name) TVI_QT_##name,
  TVI_QUERY_KEYWORDS(TVI_QUERY_TOKEN_ENUM) TVI_QUERY_MARKS(TVI_QUERY_TOKEN_ENUM)
#undef TVI_QUERY_TOKEN_ENUM
      TVI_QT_OTHER, /* SQL that no query here is made of */
  TVI_QT_COUNT
} tvi_query_token_kind;

/* A piece of the statement. */
typedef struct tvi_query_text {
  uint32_t at, size; /* bytes */
} tvi_query_text;

typedef struct tvi_query_lexer {
  const char *sql;
  uint32_t size, at;
  int after_rp; /* the last token was ')': OVER and FILTER mean something */
} tvi_query_lexer;

/* The next token that is no blank or comment, and its place. */
tvi_query_token_kind tvi_query_lex(tvi_query_lexer *lexer, tvi_query_text *text);

/* ---- The parsed statement (query_tree.c) ---- */

typedef enum tvi_query_kind {
  TVI_QN_NULL,
  TVI_QN_INTEGER,
  TVI_QN_FLOAT,
  TVI_QN_STRING,
  TVI_QN_BLOB,
  TVI_QN_VARIABLE,
  TVI_QN_NAME,    /* [database.][table.]text */
  TVI_QN_UNARY,   /* op left: MINUS PLUS BITNOT NOT ISNULL NOTNULL */
  TVI_QN_BINARY,  /* left op right */
  TVI_QN_LIKE,    /* left op right ESCAPE third; op LIKE or GLOB */
  TVI_QN_BETWEEN, /* left BETWEEN right AND third */
  TVI_QN_IN,      /* left IN (list) */
  TVI_QN_CASE,    /* CASE left WHEN list THEN list ... ELSE third */
  TVI_QN_CAST,    /* CAST(left AS text) */
  TVI_QN_COLLATE, /* left COLLATE text */
  TVI_QN_CALL,    /* text([DISTINCT] list), text(*) */
  TVI_QN_STAR     /* in the result: [table.]* */
} tvi_query_kind;

/* Node -1 is none. Children have lower numbers than their parents: passes over the tree are loops
 * over the array, and no statement decides the depth of a stack. */
typedef struct tvi_query_node {
  uint8_t kind; /* tvi_query_kind */
  uint8_t op;   /* tvi_query_token_kind; IS NOT (NOT) DISTINCT FROM is IS below a NOT */
  uint8_t distinct, star;
  int left, right, third;
  int list, next;      /* first of a list; the next in the list that this one is in */
  uint32_t start, end; /* the expression in the statement */
  tvi_query_text text, table, database;
} tvi_query_node;

typedef struct tvi_query_column { /* of the result */
  int expression;
  tvi_query_text alias; /* size 0: none */
} tvi_query_column;

typedef struct tvi_query_source {
  tvi_query_text name, database, alias;
  int on;         /* node or -1 */
  int using_list; /* list of NAME nodes or -1 */
} tvi_query_source;

typedef struct tvi_query_term { /* of ORDER BY */
  int expression;
  uint8_t descending;
  uint8_t nulls; /* FIRST, LAST, or 0: as SQLite does */
} tvi_query_term;

#define TVI_QUERY_NODES_MAX 20000 /* of a statement: more runs in SQLite */

typedef struct tvi_query {
  const char *sql;
  uint32_t size;
  int status;       /* TV_OK, TV_ENOMEM */
  char reason[160]; /* why it is not covered; "" when it is */

  int distinct;
  tvi_query_node *node;
  int nodes, nodes_room;
  tvi_query_column *column;
  int columns, columns_room;
  tvi_query_source *source;
  int sources, sources_room;
  int where, having, group, limit, offset; /* nodes; group is a list */
  tvi_query_term *order;
  int orders, orders_room;
} tvi_query;

/* Parses sql[0..size). Returns TV_OK, or TV_ENOMEM; query->reason says whether it is covered.
 * Freed with tvi_query_free in any case. `sql` must outlive it. */
int tvi_query_parse(tvi_query *query, const char *sql, uint32_t size);
void tvi_query_free(tvi_query *query);

/* Notes why the statement is not covered; the first reason stays. */
void tvi_query_decline(tvi_query *query, const char *format, ...) TVI_PRINTF(2, 3);

/* For the grammar. Each returns a node, or -1 without memory. */
int tvi_query_leaf(tvi_query *query, tvi_query_kind kind, tvi_query_text text);
int tvi_query_branch(tvi_query *query, tvi_query_kind kind, int op, int left, int right, int third);
/* The span of an expression grows by a token. */
void tvi_query_extend(tvi_query *query, int at, tvi_query_text text);
typedef struct tvi_query_list {
  int first, last;
} tvi_query_list;
tvi_query_list tvi_query_append(tvi_query *query, tvi_query_list list, int node);
void tvi_query_add_column(tvi_query *query, int expression, const tvi_query_text *alias);
void tvi_query_add_source(tvi_query *query, const tvi_query_source *source);
void tvi_query_add_order(tvi_query *query, int expression, int descending, int nulls);

/* The parser that lemon makes; feeds it all tokens. */
int tvi_query_grammar(tvi_query *query);

/* An identifier or string without its quotes, as a string of its own; NULL without memory. */
char *tvi_query_unquote(const tvi_query *query, tvi_query_text text);

/* ---- Tables (query_catalog.c) ---- */

typedef enum tvi_collation {
  TVI_COLLATE_NONE = 0, /* an expression without one: BINARY, unless the other side has one */
  TVI_COLLATE_BINARY,
  TVI_COLLATE_NOCASE,
  TVI_COLLATE_OTHER
} tvi_collation;

/* What a value can be, as far as its column or operator says. */
typedef enum tvi_query_values {
  TVI_VALUES_ANY,
  TVI_VALUES_NUMBER,     /* numbers and NULL */
  TVI_VALUES_NO_NUMERAL, /* no text that reads as a number: conversion to a number changes nothing
                          */
  TVI_VALUES_TEXT        /* no numbers */
} tvi_query_values;

typedef struct tvi_query_table_column {
  char *name;
  uint8_t affinity;  /* a tvi_affinity */
  uint8_t collation; /* a tvi_collation */
  uint8_t values;    /* a tvi_query_values */
  uint8_t hidden;    /* not part of * */
  uint8_t joined;    /* by USING: * and bare names mean the left table's */
} tvi_query_table_column;

typedef struct tvi_query_table {
  char *name, *database, *alias; /* alias: what queries call it */
  tvi_columnar *columnar;        /* NULL: a row table */
  int has_rowid;
  int columns;
  tvi_query_table_column *column;
} tvi_query_table;

#define TVI_QUERY_ROWS_MAX 1000000 /* of a row table that is read into memory */

tvi_collation tvi_query_collation(const char *name);
/* The affinity of a declared type, as SQLite finds it. */
tvi_affinity tvi_query_type_affinity(const char *type, size_t size);
/* Finds a FROM item. TV_OK, TV_ENOMEM; query->reason says when it is not covered. */
int tvi_query_table_find(tvi_query *query, sqlite3 *sql, tvi_conn *conn,
                         const tvi_query_source *source, tvi_query_table *table);
/* 1 when it has too many rows to be read into memory. */
int tvi_query_table_is_large(sqlite3 *sql, const tvi_query_table *table, int *large);
void tvi_query_table_free(tvi_query_table *table);
/* The column of that name; -1: rowid; -2: none. */
int tvi_query_table_column_find(const tvi_query_table *table, const char *name);

/* ---- Binding ---- */

typedef enum tvi_query_call { /* what a CALL calls */
                              TVI_CALL_NONE,
                              TVI_CALL_AGGREGATE,
                              TVI_CALL_FUNCTION,
                              TVI_CALL_COALESCE,
                              TVI_CALL_NULLIF,
                              TVI_CALL_IIF,
                              TVI_CALL_CONSTANT /* SQLite's own, covered where all its arguments are
                                                   constants */
} tvi_query_call;

/* What is known of a node. */
typedef struct tvi_query_bound {
  int table, column; /* of a NAME: column -1 is the rowid; table -1: it is no column */
  int same;          /* the node that it stands for (an alias, a number of a column), or -1 */
  int alike;         /* the first node that is the same expression */
  int key;           /* place in GROUP BY, or -1 */
  int depth, size;   /* of its expression in the plan, at most */
  uint8_t skip;      /* it is part of no expression */
  uint8_t constant;  /* neither columns nor parameters nor aggregates are in it */
  uint8_t truth;     /* a NAME that is TRUE or FALSE */
  uint8_t is_term;   /* the whole of an ORDER BY term: aliases come before columns */
  uint8_t affinity;  /* a tvi_affinity, or 0 */
  uint8_t collation; /* a tvi_collation */
  uint8_t collates;  /* COLLATE stands in it */
  uint8_t values;    /* a tvi_query_values */
  uint8_t is_column;
  uint8_t call;       /* a tvi_query_call */
  uint8_t code;       /* a tvi_aggregate_op or tvi_expr_function */
  uint8_t aggregates; /* one stands in it */
  uint8_t is_chain;   /* AND right below AND, OR below OR: its arguments are its parent's */
  tvi_expr *row;      /* per row; NULL: not so, or not made */
  tvi_expr *group;    /* per group; the same */
} tvi_query_bound;

typedef struct tvi_query_output {
  int expression;
  char *alias; /* NULL: none */
} tvi_query_output;

typedef struct tvi_query_binder {
  tvi_query *query;
  sqlite3 *sql;
  tvi_conn *conn;
  sqlite3_stmt *statement; /* the whole of it, prepared by SQLite */
  tvi_plan *plan;
  int parsed; /* nodes of the statement; those behind it were added */
  tvi_query_table table[TVI_PLAN_TABLES_MAX];
  int tables;
  tvi_query_bound *bound; /* per node */
  int bound_room;
  tvi_query_output *output;
  int outputs;
  int *joins; /* nodes: equalities of USING */
  int joins_count;
} tvi_query_binder;

/* The k-th node in an order in which each comes behind those that it is made of. */
static inline int tvi_query_nth(const tvi_query_binder *binder, int k) {
  int added = binder->query->nodes - binder->parsed;
  return k < added ? binder->parsed + k : k - added;
}

/* The passes. Each returns TV_OK or TV_ENOMEM, and may decline. */
int tvi_query_bind_names(tvi_query_binder *binder);   /* query_names.c */
int tvi_query_bind_meaning(tvi_query_binder *binder); /* query_meaning.c */
int tvi_query_bind_alike(tvi_query_binder *binder);   /* query_alike.c */

/* query_calls.c: what function a CALL names. */
void tvi_query_call_find(tvi_query_binder *binder, int node);

/* query_meaning.c: what SQLite would take for a comparison. affinity: a tvi_affinity, or 0. */
tvi_collation tvi_query_collation_of(const tvi_query_binder *binder, int left, int right);
int tvi_query_affinity_of(const tvi_query_binder *binder, int left, int right);

/* query_fold.c: the value of a constant, by SQLite. NULL: none (declined), or no memory. */
tvi_expr *tvi_query_fold(tvi_query_binder *binder, int node);
/* The value as a comparison with that affinity sees it. TV_OK or TV_ENOMEM. */
int tvi_query_fold_affinity(tvi_query_binder *binder, tvi_value *value, int affinity);

/* query_express.c */
typedef enum tvi_query_level { TVI_PER_ROW, TVI_PER_GROUP } tvi_query_level;
/* The node's expression in the plan, of rows or of groups. NULL: it has none there (a column that
 * is not grouped), or no memory, or it was declined. */
tvi_expr *tvi_query_expr(tvi_query_binder *binder, int node, tvi_query_level level);
/* Makes those of all nodes. */
int tvi_query_express(tvi_query_binder *binder, tvi_query_level level);
/* query_clauses.c: the place of a column in its plan table, made when it is new. */
int tvi_query_plan_column(tvi_query_binder *binder, int table, int column);
/* The collation to group, sort or tell apart by: 1 is NOCASE. Declines others. */
int tvi_query_nocase(tvi_query_binder *binder, int node);
/* The same of a comparison. */
int tvi_query_nocase_of(tvi_query_binder *binder, int left, int right);
/* query_operands.c: an operand as a comparison with that affinity sees it. */
tvi_expr *tvi_query_operand(tvi_query_binder *binder, int node, tvi_query_level level,
                            int affinity);
tvi_expr *tvi_query_compare(tvi_query_binder *binder, tvi_expr_op op, int left, int right,
                            tvi_query_level level);

int tvi_query_bind_clauses(tvi_query_binder *binder); /* query_clauses.c */

/* Fills *plan when the statement is covered, else query->reason. statement: the same text prepared
 * by SQLite. TV_OK or TV_ENOMEM. */
int tvi_query_bind(tvi_query *query, sqlite3 *sql, tvi_conn *conn, sqlite3_stmt *statement,
                   tvi_plan **plan);

/* ---- Running (query_run.c) ---- */

typedef struct tvi_query_room tvi_query_room;

/* One run of a statement: by the executor, or by SQLite. All zero: none. */
typedef struct tvi_query_run {
  tvi_query_room *room;
  tvi_exec *exec;
  tvi_value *params;
  sqlite3_stmt *inner; /* what SQLite runs */
  const tvi_value *row;
  int eof;
} tvi_query_run;

typedef struct tvi_query_task {
  tvi_plan *plan;  /* NULL: SQLite runs it */
  const char *sql; /* the statement; ends in a zero byte */
  int columns;
} tvi_query_task;

/* Begins a run and steps to its first row. An SQLite code; *message by sqlite3_mprintf. */
int tvi_query_run_begin(tvi_query_run *run, tvi_query_room *room, const tvi_query_task *task,
                        int argc, sqlite3_value **argv, char **message);
int tvi_query_run_next(tvi_query_run *run, char **message);
/* A column of the row. copies: 1 when the value may be used after the run has ended. */
void tvi_query_run_column(tvi_query_run *run, sqlite3_context *context, int column, int copies);
/* The same as a value, borrowed until the next row. TV_OK or TV_ENOMEM. */
int tvi_query_run_value(const tvi_query_run *run, int column, tvi_value *out);
void tvi_query_run_end(tvi_query_run *run);

/* ---- A connection's plans (query_room.c) ---- */

typedef struct tvi_query_line { /* of the last run: what an operator did */
  char *text;
  int depth;
  uint64_t rows, ns;
} tvi_query_line;

/* A statement that tv_sql_prepare made. */
typedef struct tvi_query_handle {
  tvi_query_room *room;
  struct tvi_query_handle *next, **before;
  uint64_t number;
  char *sql;     /* as given; its end a zero byte */
  char *body;    /* the same without EXPLAIN QUERY PLAN */
  char *wrapper; /* what SQLite prepared in its place */
  sqlite3_stmt *statement;
  tvi_plan *plan; /* NULL: SQLite runs it */
  char reason[160];
  int explain, columns, params;
  int stale; /* the schema may have changed since it was bound */
} tvi_query_handle;

struct tvi_query_room {
  tvi_conn *conn;
  sqlite3 *sql;
  uint64_t numbers;
  tvi_query_handle *handles;
  int live, sweep_at;
  char reason[160]; /* why the last statement is SQLite's; "": it is not */
  tvi_query_line *line;
  int lines, lines_room;
};

#define TVI_QUERY_NO_TABLE "it reads no columnar table"

tvi_query_room *tvi_query_room_of(sqlite3 *sql);
/* 0 when the connection knows of no columnar table: no statement that it has prepared names one. */
int tvi_query_room_has_tables(const tvi_query_room *room);
void tvi_query_handle_free(void *data);
/* Drops the plans whose statements are gone. */
void tvi_query_room_sweep(tvi_query_room *room);
void tvi_query_room_forget_lines(tvi_query_room *room);
/* Keeps what a run counted. */
void tvi_query_room_keep_lines(tvi_query_room *room, const tvi_exec *exec);

/* Binds text that SQLite has prepared as `statement`. *plan NULL: reason says why. TV_OK or
 * TV_ENOMEM. */
int tvi_query_plan(tvi_query_room *room, const char *sql, sqlite3_stmt *statement, tvi_plan **plan,
                   char reason[160]);

/* query_table.c: the table function behind a handle. */
extern const sqlite3_module tvi_query_table_methods;
/* query_function.c; frees the room with its module, also when this fails. */
int tvi_query_function_register(sqlite3 *sql, tvi_query_room *room, void (*room_free)(void *));

#endif
