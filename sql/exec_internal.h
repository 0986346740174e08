/* SPDX-License-Identifier: MIT */
/*
 * The back half of the analytic executor, from the bottom up. Each file knows only those above it:
 *
 *   exec_memory.c, exec_number.c, exec_value.c, exec_operator.c   single values
 * (exec_value_internal.h) exec_kernel*.c, exec_decode.c       loops over many values
 * (exec_kernel_internal.h) exec_vector.c      vectors: up to 2,048 values of one kind exec_rows.c
 * rows in memory, column by column exec_program.c     expressions as a list of nodes, constants
 * folded, equal ones shared exec_eval.c, exec_arith.c           nodes evaluated for a vector of
 * rows exec_source.c, exec_image.c         a table at its snapshot: parts that threads read
 *   exec_sieve.c       conditions on one column, and the joins' filters, on encoded values
 *   exec_scan.c        a part read: sieves first, other columns for what is left
 *   exec_intern.c      values numbered
 *   exec_join.c        hash tables over the small sides
 *   exec_aggregate.c, exec_distinct.c, exec_group.c   groups and what is counted in them
 *   exec_result.c      rows to give: DISTINCT, order, limit
 *   exec_sieves.c, exec_plan.c, exec_settle.c   what is joined with what, and how
 *   exec_pipeline.c    batches through joins and conditions to groups or results
 *   exec.c, exec_explain.c              running it
 */
#ifndef TRIVET_EXEC_INTERNAL_H
#define TRIVET_EXEC_INTERNAL_H

#include <pthread.h>

#include "exec_kernel_internal.h"
#include "exec_value_internal.h"

/* ---- Vectors (exec_vector.c) ---- */

typedef enum tvi_vec_kind {
  TVI_VEC_NULL, /* all are NULL; no data */
  TVI_VEC_I32,
  TVI_VEC_I64,
  TVI_VEC_DATE, /* int32 days: TEXT to SQL */
  TVI_VEC_REAL,
  TVI_VEC_CODE, /* int32 places in a dictionary */
  TVI_VEC_TEXT, /* tv_slice */
  TVI_VEC_BLOB,
  TVI_VEC_MIXED /* tvi_value */
} tvi_vec_kind;

typedef struct tvi_vec {
  tvi_vec_kind kind;
  int constant; /* 1: the first value stands for all */
  union {
    void *any;
    int32_t *i32;
    int64_t *i64;
    double *real;
    tv_slice *bytes;
    tvi_value *mixed;
  } as;
  unsigned char *nulls;    /* 1 per NULL; NULL: there is none. Not of MIXED */
  const tvi_strings *dict; /* of CODE */
  int is_blob;             /* of CODE */
  int64_t lo, hi;          /* I32, I64: no value is beyond them */
} tvi_vec;

size_t tvi_vec_width(tvi_vec_kind kind); /* bytes per value */
static inline int tvi_vec_is_int(const tvi_vec *vec) {
  return vec->kind == TVI_VEC_I32 || vec->kind == TVI_VEC_I64;
}
static inline int64_t tvi_vec_int(const tvi_vec *vec, uint32_t row) {
  uint32_t at = vec->constant ? 0 : row;
  return vec->kind == TVI_VEC_I64 ? vec->as.i64[at] : vec->as.i32[at];
}
static inline int tvi_vec_is_null(const tvi_vec *vec, uint32_t row) {
  uint32_t at = vec->constant ? 0 : row;
  if (vec->kind == TVI_VEC_MIXED) return vec->as.mixed[at].type == SQLITE_NULL;
  return vec->kind == TVI_VEC_NULL || (vec->nulls != NULL && vec->nulls[at]);
}
/* One value, borrowed from the vector; a date is printed into the pool. 0: no memory. */
int tvi_vec_value(tvi_arena *pool, const tvi_vec *vec, uint32_t row, tvi_value *out);
/* Keeps rows[0..n), ascending, of a vector that owns its memory. */
void tvi_vec_keep(tvi_vec *vec, const uint16_t *rows, uint32_t n);
/* Makes a MIXED vector of n values one of their kind, in place, when they have one. */
void tvi_vec_settle(tvi_vec *vec, uint32_t n);

/* ---- Rows in memory (exec_rows.c) ---- */

typedef struct tvi_rows_column {
  tvi_vec_kind kind; /* NULL (so far), I64, DATE, REAL, TEXT, BLOB, MIXED */
  union {
    void *any;
    int32_t *i32;
    int64_t *i64;
    double *real;
    tv_slice *bytes;
    tvi_value *mixed;
  } as;
  size_t capacity;
  unsigned char *nulls; /* or NULL: there is none */
  size_t nulls_capacity;
  int64_t lo, hi; /* I64, DATE */
} tvi_rows_column;

#define TVI_ROWS_MAX (UINT32_MAX - 1)
typedef struct tvi_rows {
  tvi_memory *memory;
  tvi_arena pool; /* of strings */
  int columns;
  tvi_rows_column *column;
  uint32_t rows;
} tvi_rows;

int tvi_rows_make(tvi_rows *rows, tvi_memory *memory, int columns); /* TV_OK or a failure */
void tvi_rows_free(tvi_rows *rows);
/* Appends n values to one column; strings are copied. The caller does so for all, then adds n. */
int tvi_rows_append(tvi_rows *rows, int column, const tvi_vec *vec, uint32_t n);
int tvi_rows_append_value(tvi_rows *rows, int column, const tvi_value *value);
/* A vector over rows from..from + n; nothing is copied but what is made narrower into room. */
void tvi_rows_view(const tvi_rows *rows, int column, uint32_t from, tvi_vec *out);
/* Those of the rows at[0..n) as a vector in room and nulls, which have space for n. */
void tvi_rows_gather(const tvi_rows *rows, int column, const uint32_t *at, uint32_t n, void *room,
                     unsigned char *nulls, tvi_vec *out);

/* ---- Programs (exec_program.c) ---- */

/* An expression's node. Arguments stand before it in the program. */
typedef struct tvi_node {
  const tvi_expr *expr; /* op, nocase, affinity, slot */
  int slot;             /* of a column (or key, aggregate): its place in the slots; else -1 */
  int constant;         /* 1: value stands for it */
  int args, *arg;
  tvi_value value;
  uint32_t tables; /* bit per table that it reads */
} tvi_node;

typedef struct tvi_program {
  tvi_arena *pool;
  const tvi_value *params;
  const int *slots; /* per table: its first slot */
  int keys;         /* KEY n is slot n, AGGREGATE n slot keys + n */
  tvi_node *node;
  size_t capacity;
  int count;
} tvi_program;

/* Adds an expression; *node is its number. TV_OK, TV_ENOMEM, TV_ELIMIT. */
int tvi_program_add(tvi_program *program, const tvi_expr *expr, int *node);
void tvi_program_free(tvi_program *program);
/* The slot that the node's value depends on alone, with constants; -1: none or several. */
int tvi_program_single_slot(const tvi_program *program, int node);

/* ---- Evaluation (exec_eval.c) ---- */

typedef struct tvi_eval tvi_eval;
/* Gives the slot's vector for the rows of now. A tv_status. */
typedef int (*tvi_eval_fetch)(void *context, int slot, tvi_vec **out);

typedef struct tvi_eval_room {
  void *data;
  size_t bytes;
  unsigned char *nulls;
} tvi_eval_room;

struct tvi_eval {
  const tvi_program *program;
  tvi_arena rooms; /* for as long as it lives */
  tvi_arena pool;  /* strings, for as long as the rows are the same */
  tvi_eval_fetch fetch;
  void *context;
  uint32_t n; /* rows, at most TVI_EXEC_ROWS */
  tvi_vec *result;
  tvi_eval_room *room;
  unsigned char *done, *need;
};

int tvi_eval_make(tvi_eval *eval, const tvi_program *program, tvi_memory *memory,
                  tvi_eval_fetch fetch, void *context);
void tvi_eval_free(tvi_eval *eval);
/* Forgets what was evaluated: the rows are n others now. */
void tvi_eval_begin(tvi_eval *eval, uint32_t n);
int tvi_eval_node(tvi_eval *eval, int node, tvi_vec **out);
/* The rows where the node is true: into out, which may be `rows`... Returns a tv_status. */
int tvi_eval_select(tvi_eval *eval, int node, uint16_t *out, uint32_t *kept);
/* Room for a node's values of a width; 0: no memory. */
int tvi_eval_take(tvi_eval *eval, int node, size_t width);

/* Typed loops for arithmetic, comparisons and logic. 1: done; 0: not these kinds; -1: no memory. */
int tvi_arith_apply(tvi_eval *eval, int node, const tvi_vec *const *args, tvi_vec *out);

/* ---- Sources (exec_source.c, exec_image.c) ---- */

typedef struct tvi_source_column {
  int number;  /* in the table; -1: rowid */
  int type;    /* a tvi_col_type; 0: of a row table, where any value may come */
  int bounded; /* 1: lo and hi hold all values, which are integers or dates */
  int64_t lo, hi;
  int nulls; /* 1: there may be NULLs */
} tvi_source_column;

/* What a thread reads at a time: a row group, or rows in memory. */
typedef struct tvi_part {
  uint32_t rows;
  const tvi_rows *image;  /* or NULL: a row group */
  const int *map;         /* per column of the source: which of the image; NULL: the same */
  uint32_t from;          /* of the image */
  tvi_col_group group;    /* zone: per column of the source */
  tv_slice *segment;      /* per column; size 0: there is none (a rowid that is counted) */
  unsigned char *verify;  /* per column. 1: its sum is to be compared. 2: it was, and was right */
  unsigned char *deleted; /* bits, or NULL: no row is */
} tvi_part;

/* The image's column that is a column of the source. */
static inline int tvi_part_column(const tvi_part *part, int column) {
  return part->map == NULL ? column : part->map[column];
}

typedef struct tvi_source {
  const tvi_plan_table *table;
  const char *name; /* of the columnar table */
  int columns;
  tvi_source_column *column;
  tvi_part *part;
  size_t parts_capacity;
  uint32_t parts;
  uint64_t rows;
  tvi_rows image;       /* the delta, or all of a row table */
  const tvi_rows *kept; /* the delta as the connection keeps it, and its columns */
  int *map;
  tvi_memory *memory;
  tvi_arena pool;
} tvi_source;

/*
 * Finds the table's parts in the snapshot that the connection reads from now. Segments stay where
 * they are, so nothing may be written to the store until tvi_source_close. A tv_status, with err.
 */
int tvi_source_open(tvi_source *source, const tvi_plan *plan, int table, tvi_memory *memory,
                    tv_error *err);
void tvi_source_close(tvi_source *source);
/* Reads a row table, or the delta of a columnar one, into source->image. */
int tvi_image_select(tvi_source *source, const tvi_plan *plan, tv_error *err);
int tvi_image_delta(tvi_source *source, tvi_col_store *store);
/* What the connection keeps of the table in this state; NULL: nothing can be kept. */
tvi_col_image *tvi_image_kept(tvi_columnar *table, const tvi_col_store *store);
/* The bits of a group, read and kept if they were not. NULL in *out: there is no room to keep them.
 */
int tvi_image_deleted(tvi_col_image *image, tvi_col_store *store, uint64_t group, uint32_t blocks,
                      unsigned char **out);
/* The delta with all columns, and the rowid behind them. TV_END: there is no room to keep it. */
int tvi_image_fill(tvi_col_image *image, tvi_col_store *store, const tvi_rows **out);

/* ---- Sieves (exec_sieve.c) ---- */

typedef enum tvi_sieve_kind {
  TVI_SIEVE_RANGE, /* lo <= column <= hi; an integer or a date */
  TVI_SIEVE_REAL,  /* the same of a REAL column */
  TVI_SIEVE_VALUE, /* an expression of one column */
  TVI_SIEVE_BITS,  /* a join: bit column - base is set */
  TVI_SIEVE_ROW    /* an expression of several columns */
} tvi_sieve_kind;

typedef struct tvi_sieve {
  tvi_sieve_kind kind;
  int column; /* of the source; -1 for ROW */
  int node;   /* VALUE, ROW */
  int64_t lo, hi;
  double real_lo, real_hi;
  int64_t base; /* BITS */
  uint32_t span;
  const uint32_t *bits;
} tvi_sieve;

/* What a sieve comes to in one part. */
typedef enum tvi_sieve_op {
  TVI_SIFT_ALL, /* every row passes */
  TVI_SIFT_NONE,
  TVI_SIFT_RANGE32,
  TVI_SIFT_RANGE64,
  TVI_SIFT_REAL,
  TVI_SIFT_BITS32,
  TVI_SIFT_BITS64,
  TVI_SIFT_ROW
} tvi_sieve_op;

typedef struct tvi_sift {
  const tvi_sieve *sieve;
  tvi_sieve_op op;
  int null_passes;
  int64_t lo, hi; /* RANGE; BITS64 */
  int32_t base;
  uint32_t span;
  const uint32_t *bits;
  uint32_t *own; /* bits made for VALUE, of own_span values from own_base */
  size_t own_words;
  int64_t own_base;
  uint32_t own_span;
  uint64_t in, out; /* rows seen, rows left: for the order */
  uint64_t rank;
} tvi_sift;

typedef struct tvi_scan tvi_scan;
/* Decides what the sieve comes to in the scan's part. A tv_status. */
int tvi_sift_begin(tvi_scan *scan, tvi_sift *sift);
/* The rows of the scan's vector that pass, of rows[0..n) or all (NULL); into out. A tv_status. */
int tvi_sift_run(tvi_scan *scan, tvi_sift *sift, const uint16_t *rows, uint32_t n, uint16_t *out,
                 uint32_t *kept);

/* ---- Scans (exec_scan.c) ---- */

/* Rows on their way: vectors of the scanned table's columns, and row numbers of joined ones. */
typedef struct tvi_flow {
  uint32_t n;
  tvi_vec *column; /* per column of the source */
  void **room;     /* their memory */
  unsigned char **nulls;
  uint32_t **row; /* per table of the plan; NULL: not joined (yet) */
} tvi_flow;

typedef struct tvi_scan_column {
  int open, late; /* late: needed in batches */
  tvi_column_segment segment;
  tvi_vec vec;             /* of the current vector */
  uint32_t vector, blocks; /* which one; bit per block that is decoded */
  void *room;
  unsigned char *nulls;
  void *gathered; /* for sieves of several columns */
  unsigned char *gathered_nulls;
  tv_slice *bytes;
  int64_t *wide;
  tvi_buffer text[2]; /* unpacked strings, per block */
} tvi_scan_column;

struct tvi_scan {
  const tvi_kernels *kernels;
  tvi_source *source;
  tvi_arena pool;
  int first_slot; /* of the source's columns */
  tvi_scan_column *column;
  int sifts;
  tvi_sift *sift;   /* as sieves are */
  tvi_sift **order; /* as they are run */
  tvi_eval eval;    /* for sieves of several columns */
  tvi_eval probe;   /* for sieves of one */
  tvi_vec probed;
  tvi_part *part;
  uint32_t vector, rows; /* of the part, and how many it has */
  const uint16_t *now;   /* the rows that eval is about; NULL: all */
  uint32_t now_rows;
  uint16_t kept[TVI_EXEC_ROWS + TVI_EXEC_SLACK];
  tvi_flow flow;
  int (*consume)(void *context, tvi_flow *flow);
  void *context;
  uint64_t rows_in, rows_out;
  tv_error *err;
};

int tvi_scan_make(tvi_scan *scan, tvi_source *source, const tvi_program *program, int first_slot,
                  const tvi_sieve *sieves, int count, const unsigned char *late,
                  const tvi_kernels *kernels);
void tvi_scan_free(tvi_scan *scan);
/* Reads a part; batches go to consume. A tv_status, with scan->err. */
int tvi_scan_part(tvi_scan *scan, tvi_part *part);
/* Opens a column's segment. */
int tvi_scan_open(tvi_scan *scan, int column);
/* Decodes the current vector of a column, at least the blocks where rows[0..n) lie. */
int tvi_scan_load(tvi_scan *scan, int column, const uint16_t *rows, uint32_t n, tvi_vec **out);

/* ---- Values numbered (exec_intern.c) ---- */

/* Gives values numbers, from 0; equal ones (1 and 1.0, 'a' and 'A' under NOCASE) lead to the first
 * of them by `same`. Shared by threads: the caller holds the lock. */
typedef struct tvi_intern {
  tvi_memory *memory;
  tvi_arena pool;
  int nocase;
  tvi_value *value; /* by number */
  uint64_t *hash;
  uint32_t *same;
  int folded; /* 1: some number has another `same` than itself */
  size_t value_capacity, hash_capacity, same_capacity, slots_capacity;
  uint32_t *slots; /* number + 1 */
  uint32_t count, mask;
  pthread_mutex_t lock;
} tvi_intern;

int tvi_intern_make(tvi_intern *intern, tvi_memory *memory, int nocase);
void tvi_intern_free(tvi_intern *intern);
int tvi_intern_put(tvi_intern *intern, const tvi_value *value, uint32_t *number);
/* Equal values have equal hashes. */
uint64_t tvi_value_hash(const tvi_value *value, int nocase);
uint64_t tvi_word_hash(uint64_t word);

/* ---- Joins (exec_join.c) ---- */

/* A joined table's rows, found by its keys. */
typedef struct tvi_join {
  int table;
  int keys;
  int *build, *probe; /* nodes of the keys: over this table, over those before it */
  int *nocase;
  tvi_rows rows;   /* its columns */
  tvi_rows values; /* its keys */
  int by_number;   /* one key, of integers (or dates) */
  int unique;      /* no key stands twice */
  int dense;       /* by_number: first has a place per number from base on */
  int64_t base;
  uint32_t span;
  uint32_t *bits;  /* dense: which numbers are there */
  uint32_t *first; /* per place or slot: row + 1; 0: none */
  uint32_t *next;  /* per row: the next with its key (or slot), + 1; NULL when unique and dense */
  uint64_t *hash;  /* per row, when not by_number */
  uint32_t mask;
  tvi_arena pool;
  uint64_t rows_out, ns; /* counted while running */
} tvi_join;

int tvi_join_make(tvi_join *join, tvi_memory *memory, int columns);
void tvi_join_free(tvi_join *join);
/* Adds n rows: the columns of this table, and its keys. Rows with a NULL key are left out. */
int tvi_join_add(tvi_join *join, tvi_eval *eval, tvi_vec *const *columns, int count, uint32_t n);
/* Makes it ready to be probed by about so many rows. */
int tvi_join_finish(tvi_join *join, uint64_t probes);

/* Where a probe stands between two calls. */
typedef struct tvi_probe {
  uint32_t at;   /* row of the input */
  uint32_t next; /* row + 1 of the join to look at */
  int started;
} tvi_probe;
/* Finds rows for those of eval, at most TVI_EXEC_ROWS at a time: pairs of input and joined row.
 * *count 0: that was all. */
int tvi_join_probe(tvi_join *join, tvi_eval *eval, tvi_probe *probe, uint16_t *in, uint32_t *rows,
                   uint32_t *count);

/* ---- Groups (exec_group.c) ---- */

typedef enum tvi_key_kind {
  TVI_KEY_ROW,    /* an expression of one joined table: a code per row of it */
  TVI_KEY_NUMBER, /* an integer or a date */
  TVI_KEY_VALUE   /* any other, numbered */
} tvi_key_kind;

/* A key of GROUP BY, for all threads. */
typedef struct tvi_group_key {
  tvi_key_kind kind;
  int node;
  int table;         /* ROW: whose rows */
  uint32_t *codes;   /* ROW: per row */
  int is_date;       /* NUMBER */
  int64_t base;      /* NUMBER, when narrow */
  uint64_t span;     /* codes are below it; 0: not known. NULL has the code span */
  tvi_intern values; /* ROW, VALUE */
} tvi_group_key;

typedef struct tvi_grouping {
  int keys;
  tvi_group_key *key;
  uint32_t dense; /* groups have places: the product of (span + 1); 0: they are hashed */
  int aggregates;
  const tvi_plan_aggregate *aggregate;
  int *node;            /* per aggregate: its argument's; -1: none */
  tvi_intern *distinct; /* per aggregate: values of COUNT(DISTINCT), numbered */
  int *distinct_number; /* per aggregate: 1: its values are integers, their own numbers */
  int exact;            /* 1: one thread, in the order of rows, as SQLite adds */
} tvi_grouping;

/* A code per key while a part is read: dictionary code to number. */
typedef struct tvi_group_memo {
  const tvi_strings *dict;
  uint32_t *number;
  size_t capacity;
} tvi_group_memo;

/* What is counted of one aggregate; arrays have a place per group. */
typedef struct tvi_tally {
  int64_t *sum;
  double *real;         /* exact */
  unsigned char *flags; /* exact: TVI_TALLY_ */
  uint64_t *nulls;      /* rows whose argument was NULL; NULL: none was */
  tvi_value *best;      /* MIN, MAX */
  uint64_t bound;       /* no sum is beyond it */
  /* COUNT(DISTINCT): pairs that were seen. */
  uint64_t *pair_word;
  uint32_t *pair_group, *pair_slots;
  size_t pair_word_capacity, pair_group_capacity, pair_slots_capacity;
  uint32_t pairs, pair_mask;
} tvi_tally;
#define TVI_TALLY_REAL 1u /* a real was added, or the integers overflowed */
#define TVI_TALLY_OVER 2u

/* One thread's groups. */
typedef struct tvi_groups {
  tvi_grouping *grouping;
  tvi_memory *memory;
  tvi_arena pool; /* texts of MIN and MAX */
  uint32_t count; /* of groups; of places when dense */
  uint32_t room;  /* what the arrays hold */
  uint64_t *rows; /* per group */
  tvi_tally *tally;
  uint64_t *words; /* hashed: (keys + 1) per group, the last with a bit per NULL */
  uint64_t *shown; /* hashed: per group and key: of the equal values, which to give */
  size_t words_capacity, shown_capacity, slots_capacity;
  uint32_t *slots; /* hashed: group + 1 */
  uint32_t mask;
  tvi_group_memo *memo;          /* per key */
  tvi_group_memo *distinct_memo; /* per aggregate */
  uint32_t *group;               /* of the rows of now */
  uint64_t *row_words, *row_shown;
} tvi_groups;

/* Makes the one group of a query without keys, which is there without rows too. */
int tvi_groups_single(tvi_groups *groups);
int tvi_groups_make(tvi_groups *groups, tvi_grouping *grouping, tvi_memory *memory);
void tvi_groups_free(tvi_groups *groups);
/* Another part begins: its dictionaries are others. */
void tvi_groups_part(tvi_groups *groups);
/* Adds eval's rows. rows: per table the rows joined. TV_OK; TV_END: exact is needed; a failure. */
int tvi_groups_add(tvi_groups *groups, tvi_eval *eval, uint32_t *const *rows);
/* Adds another thread's groups. */
int tvi_groups_merge(tvi_groups *groups, tvi_groups *other);
/* The values of a group: keys, then aggregates. TV_OK; TV_END: exact is needed; TV_EINVAL: integer
 * overflow; a failure. */
int tvi_groups_values(tvi_groups *groups, tvi_arena *pool, uint32_t group, tvi_value *out);

/* ---- Aggregates (exec_aggregate.c) ---- */

/* Makes the arrays hold `room` groups, those from `had` on empty. */
int tvi_tally_reserve(tvi_tally *tally, const tvi_plan_aggregate *aggregate, int exact,
                      tvi_memory *memory, uint32_t had, uint32_t room);
void tvi_tally_free(tvi_tally *tally, tvi_memory *memory, uint32_t room);
/* Adds n values to groups. As tvi_groups_add. */
int tvi_tally_add(tvi_groups *groups, int aggregate, const tvi_vec *vec, uint32_t n);
int tvi_tally_merge(tvi_groups *groups, int aggregate, uint32_t into, tvi_groups *other,
                    uint32_t from);
int tvi_tally_value(const tvi_groups *groups, int aggregate, uint32_t group, tvi_value *out);
/* Adds a pair of COUNT(DISTINCT) unless it was seen. (exec_distinct.c) */
int tvi_tally_pair(tvi_groups *groups, int aggregate, uint32_t group, uint64_t word);

/* ---- Results (exec_result.c) ---- */

/* Rows to give, with what they are ordered by. One thread's, then all. */
typedef struct tvi_result {
  tvi_memory *memory;
  const tvi_plan *plan;
  tvi_arena pool; /* strings */
  int stride;     /* values per row: outputs, then what orders */
  tvi_value *value;
  uint64_t *place; /* per row: where it was met, to tell equals apart */
  size_t value_capacity, place_capacity;
  size_t rows;
  size_t most;     /* so many are wanted at most */
  uint32_t *order; /* after tvi_result_finish */
  size_t order_capacity, at, end;
} tvi_result;

void tvi_result_make(tvi_result *result, tvi_memory *memory, const tvi_plan *plan, size_t most);
void tvi_result_free(tvi_result *result);
/* Adds a row of `stride` values; strings are copied. */
int tvi_result_add(tvi_result *result, const tvi_value *row, uint64_t place);
int tvi_result_merge(tvi_result *result, const tvi_result *other);
/* DISTINCT, order, OFFSET, LIMIT. */
int tvi_result_finish(tvi_result *result, size_t offset, size_t limit);

/* ---- The plan as it is run (exec_plan.c) ---- */

typedef enum tvi_exec_step_kind { TVI_EXEC_STEP_JOIN, TVI_EXEC_STEP_FILTER } tvi_exec_step_kind;

typedef struct tvi_exec_step {
  tvi_exec_step_kind kind;
  tvi_join *join;
  int sifted; /* JOIN: the scan's sieve left only rows that have a match, and it is the only one */
  int need_rows; /* JOIN: something of the table is used behind */
  int node;      /* FILTER */
} tvi_exec_step;

/* What is known of a node's values before the first row. */
typedef struct tvi_bounds {
  int known; /* all are integers (dates) from lo to hi, or NULL */
  int is_date;
  int64_t lo, hi;
} tvi_bounds;

#define TVI_LINE_BYTES 400
#define TVI_LINES_MAX (3 * TVI_PLAN_TABLES_MAX + 8)

struct tvi_exec {
  const tvi_plan *plan;
  tvi_exec_options options;
  tvi_memory memory;
  tvi_arena pool;
  const tvi_kernels *kernels;
  tvi_value *params;
  tvi_program program, last; /* over rows; over groups */
  tvi_source source[TVI_PLAN_TABLES_MAX];
  tvi_sieve *sieve[TVI_PLAN_TABLES_MAX];
  unsigned char *late[TVI_PLAN_TABLES_MAX]; /* per table and column: needed behind the scan */
  tvi_join join[TVI_PLAN_TABLES_MAX];
  tvi_exec_step *step;
  tvi_bounds *bounds;
  unsigned char *need; /* a mark per node, for a while */
  int *conjunct;       /* nodes of those over several tables; -1: used */
  int *key_node, *aggregate_node;
  int *output, *order; /* nodes: of last when grouped, else of program */
  tvi_grouping grouping;
  size_t limit, offset;
  tvi_result result;
  tvi_exec_line line[TVI_LINES_MAX];
  int slot[TVI_PLAN_TABLES_MAX + 1]; /* first of each table; then how many there are */
  int sieves[TVI_PLAN_TABLES_MAX];
  int driver; /* the table that is scanned */
  int empty;  /* 1: a condition without columns is not true */
  int conjuncts, joins, steps;
  int grouped; /* by GROUP BY, an aggregate, or DISTINCT */
  int keys, aggregates;
  int having; /* node of last; -1: none */
  int exact;
  int lines;
  /* While threads run. */
  atomic_uint next_part;
  atomic_uint last_part; /* parts behind it are not needed */
  atomic_int stop;       /* a status: all threads end */
  char text[TVI_LINES_MAX][TVI_LINE_BYTES];
};

/* Programs, sieves and the order of joins. A tv_status, with err. */
int tvi_exec_arrange(tvi_exec *exec, tv_error *err);
/* Marks the columns that a node reads as needed behind their scan. */
void tvi_exec_mark(tvi_exec *exec, int node);
/* Makes a condition of one table a sieve of its scan. (exec_sieves.c) */
int tvi_exec_sieve(tvi_exec *exec, int node);
/* Works out exec->bounds. */
int tvi_exec_bounds(tvi_exec *exec);
/* After the joins were built: what their keys give the scan, the steps, how groups are numbered.
 * (exec_settle.c) */
int tvi_exec_settle(tvi_exec *exec);

/* ---- Pipelines (exec_pipeline.c) ---- */

typedef struct tvi_stage {
  tvi_flow flow; /* its own memory, but for the first */
  tvi_flow *use;
  tvi_probe probe;
  int step;
} tvi_stage;

/* One thread's way from a scan to groups, a result or a join. */
typedef struct tvi_pipe {
  tvi_exec *exec;
  int table;      /* that is scanned */
  tvi_join *into; /* rows go into this join; NULL: through the steps */
  tvi_arena pool;
  tvi_scan scan;
  tvi_eval eval;
  tvi_flow *flow;   /* of now */
  void **slot_room; /* per slot: for columns of joined tables */
  unsigned char **slot_nulls;
  tvi_vec gathered;
  tvi_stage *stage;
  tvi_groups groups;
  tvi_result result;
  tvi_value *row;
  uint64_t place;
  uint64_t rows, ns; /* that came to the end; time in all */
  tv_error err;
  int status;
  pthread_t thread;
} tvi_pipe;

int tvi_pipe_make(tvi_pipe *pipe, tvi_exec *exec, int table, tvi_join *into);
void tvi_pipe_free(tvi_pipe *pipe);
/* Reads a part of the table through the pipe. */
int tvi_pipe_part(tvi_pipe *pipe, uint32_t part);

/* ---- Explanation (exec_explain.c) ---- */

/* Writes the lines; what a run counted into them. */
void tvi_exec_explain(tvi_exec *exec);
void tvi_exec_count(tvi_exec *exec, const tvi_pipe *pipes, int count);

#endif
