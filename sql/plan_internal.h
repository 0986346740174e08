/* SPDX-License-Identifier: MIT */
/*
 * A bound plan: what the front half of the analytic executor (grammar, binder) hands to the back
 * half (exec_*.c). It says what is asked, not how it is done: the order of joins, filters and
 * threads is the back half's. All affinities are resolved: where SQLite would convert an operand
 * before a comparison, the binder puts a TVI_X_AFFINITY node (or converts the literal itself). A
 * plan is never changed by running it; it may run many times, with other parameters and snapshots.
 */
#ifndef TRIVET_PLAN_INTERNAL_H
#define TRIVET_PLAN_INTERNAL_H

#include "columnar_internal.h"

#define TVI_PLAN_TABLES_MAX 32 /* of one SELECT */
#define TVI_PLAN_DEPTH_MAX 200 /* of an expression; AND and OR take any number of arguments */
#define TVI_PLAN_KEYS_MAX 64   /* of GROUP BY */

/* A value of SQL. type: SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB, SQLITE_NULL. */
typedef struct tvi_value {
  int type;
  union {
    int64_t integer;
    double real;
    tv_slice bytes; /* UTF-8, no closing zero byte */
  } as;
} tvi_value;

typedef enum tvi_expr_op {
  TVI_X_CONST,     /* value */
  TVI_X_PARAM,     /* slot: from 0 */
  TVI_X_COLUMN,    /* table: place in plan->table; column: place in that table's column[] */
  TVI_X_KEY,       /* slot: place in plan->key; in having, output, order of a grouped plan */
  TVI_X_AGGREGATE, /* slot: place in plan->aggregate; the same */
  /* One argument. */
  TVI_X_NEGATE,
  TVI_X_BITNOT,
  TVI_X_NOT,
  TVI_X_ISNULL,
  TVI_X_NOTNULL,
  TVI_X_CAST,     /* affinity: the type cast to */
  TVI_X_AFFINITY, /* affinity: applied as to an operand of a comparison (text that is no number
                     stays) */
  /* Two arguments. */
  TVI_X_ADD,
  TVI_X_SUBTRACT,
  TVI_X_MULTIPLY,
  TVI_X_DIVIDE,
  TVI_X_REMAINDER,
  TVI_X_BITAND,
  TVI_X_BITOR,
  TVI_X_SHIFT_LEFT,
  TVI_X_SHIFT_RIGHT,
  TVI_X_CONCAT,
  /* Comparisons, with nocase. They compare what the arguments are: see TVI_X_AFFINITY. */
  TVI_X_EQ,
  TVI_X_NE,
  TVI_X_LT,
  TVI_X_LE,
  TVI_X_GT,
  TVI_X_GE,
  TVI_X_IS,
  TVI_X_ISNOT,
  /* Any number of arguments. */
  TVI_X_AND,
  TVI_X_OR,
  TVI_X_IN,   /* arg[0] is one of the others, with nocase; NOT IN is NOT of it */
  TVI_X_LIKE, /* text, pattern [, escape: one character]; regards no ASCII case */
  TVI_X_GLOB, /* text, pattern */
  TVI_X_CASE, /* condition, result, condition, result, ..., [result else]. CASE x WHEN: as x = ...
               */
  TVI_X_COALESCE, /* IFNULL too */
  TVI_X_NULLIF,   /* two, with nocase */
  TVI_X_FUNCTION, /* slot: a tvi_expr_function */
  TVI_X_OPS
} tvi_expr_op;

typedef enum tvi_expr_function {
  TVI_F_ABS,
  TVI_F_LENGTH,
  TVI_F_LOWER,
  TVI_F_UPPER,
  TVI_F_SUBSTR, /* two or three arguments */
  TVI_F_MIN,    /* two or more, with nocase */
  TVI_F_MAX,
  TVI_F_TYPEOF,
  TVI_F_COUNT
} tvi_expr_function;

/* As SQLite has them. */
typedef enum tvi_affinity {
  TVI_AFFINITY_BLOB = 'A', /* none */
  TVI_AFFINITY_TEXT = 'B',
  TVI_AFFINITY_NUMERIC = 'C',
  TVI_AFFINITY_INTEGER = 'D',
  TVI_AFFINITY_REAL = 'E'
} tvi_affinity;

typedef struct tvi_expr tvi_expr;
struct tvi_expr {
  tvi_expr_op op;
  int nocase;   /* 1: COLLATE NOCASE; 0: BINARY */
  int affinity; /* a tvi_affinity */
  int table, column, slot;
  int args;
  tvi_expr **arg;
  tvi_value value;
};

typedef struct tvi_plan_table {
  const char *name;       /* for messages and EXPLAIN */
  tvi_columnar *columnar; /* NULL: a row table, which is read by `select` */
  const char *select;     /* a statement on plan->sql whose result columns are those of column[] */
  int columns;            /* that the plan needs */
  int *column;            /* per needed column its number in the table; -1: rowid */
} tvi_plan_table;

typedef enum tvi_aggregate_op {
  TVI_AGG_COUNT_ROWS, /* COUNT(*): no argument */
  TVI_AGG_COUNT,
  TVI_AGG_SUM,
  TVI_AGG_TOTAL,
  TVI_AGG_AVG,
  TVI_AGG_MIN,
  TVI_AGG_MAX
} tvi_aggregate_op;

/* FILTER (WHERE f) is CASE WHEN f THEN argument END; of COUNT(*), THEN 1. */
typedef struct tvi_plan_aggregate {
  tvi_aggregate_op op;
  int distinct; /* of COUNT, SUM, TOTAL, AVG */
  int nocase;   /* of MIN, MAX, DISTINCT */
  tvi_expr *arg;
} tvi_plan_aggregate;

typedef struct tvi_plan_order {
  tvi_expr *by; /* nocase: of `by` is not looked at, this is: */
  int nocase, descending, nulls_last;
} tvi_plan_order;

typedef struct tvi_plan {
  sqlite3 *sql;
  int tables; /* 0: SELECT of constants */
  tvi_plan_table *table;
  int conjuncts; /* of WHERE and of ON: a row passes when all are true */
  tvi_expr **conjunct;
  int grouped; /* 1: GROUP BY or an aggregate; without keys there is exactly one group */
  int keys;
  tvi_expr **key; /* with nocase: how it groups */
  int aggregates;
  tvi_plan_aggregate *aggregate;
  tvi_expr *having; /* or NULL; of KEY and AGGREGATE nodes */
  int outputs;
  tvi_expr **output;  /* grouped: of KEY and AGGREGATE nodes; else of COLUMN nodes */
  int *output_nocase; /* for distinct: per output; NULL: all BINARY */
  int distinct;
  int orders;
  tvi_plan_order *order;
  tvi_expr *limit, *offset; /* of CONST and PARAM nodes, or NULL */
  int params;
  struct tvi_plan_page *pages; /* memory of all this */
} tvi_plan;

/* ---- Making one (plan.c). All memory of a plan comes from it and goes with it. ---- */

tvi_plan *tvi_plan_new(void); /* NULL: out of memory */
void tvi_plan_free(tvi_plan *plan);
void *tvi_plan_alloc(tvi_plan *plan, size_t size); /* zeroed; NULL: out of memory */
/* A node with room for its arguments. NULL: out of memory. */
tvi_expr *tvi_plan_expr(tvi_plan *plan, tvi_expr_op op, int args);

/* ---- Running one (exec*.c) ---- */

typedef struct tvi_exec tvi_exec;

typedef struct tvi_exec_options {
  int threads;                     /* at least 1, the caller's among them */
  uint64_t memory_bytes_max;       /* of one run; 0: no limit. Beyond it: TV_ELIMIT */
  uint64_t deadline_ns;            /* on CLOCK_MONOTONIC; 0: none. Beyond it: TV_EINTR */
  int (*cancelled)(void *context); /* or NULL; asked on the caller's thread. 1: TV_EINTR */
  void *context;
  int kernels; /* for tests: a tvi_kernel_level; 0: the best of the machine */
} tvi_exec_options;

/* One line of EXPLAIN QUERY PLAN; after a run with what was counted. */
typedef struct tvi_exec_line {
  const char *text; /* lives as long as the executor */
  int depth;        /* for indentation */
  uint64_t rows;    /* that left the operator */
  uint64_t ns;      /* all threads together */
} tvi_exec_line;

/*
 * TV_OK when the executor covers the plan (its tables' contents are not looked at); else TV_EINVAL,
 * and *why is a sentence that lives for ever. The binder asks this last.
 */
int tvi_exec_covers(const tvi_plan *plan, const char **why);

/*
 * Decides how the plan is run in the transaction that plan->sql's connection reads from now. The
 * plan outlives it. A tv_status, with err.
 */
int tvi_exec_open(const tvi_plan *plan, const tvi_exec_options *options, const tvi_value *params,
                  tvi_exec **out, tv_error *err);
/* Runs it to its end; the rows are kept in memory, nothing is borrowed from the store after it.
 * TV_ELIMIT, also from tvi_exec_open: SQLite is to run the statement. A
 * tv_status, with err; TV_EINVAL is a failure of SQL itself, such as "integer overflow". */
int tvi_exec_run(tvi_exec *exec, tv_error *err);
/* The next row's plan->outputs values, borrowed until tvi_exec_close. TV_OK or TV_END. */
int tvi_exec_next(tvi_exec *exec, const tvi_value **row);
/* Lines of the explanation; *count of them. */
const tvi_exec_line *tvi_exec_lines(const tvi_exec *exec, int *count);
void tvi_exec_close(tvi_exec *exec);

#endif
