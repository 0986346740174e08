/* SPDX-License-Identifier: MIT */
/*
 * Single values with SQLite's semantics, and the memory of a run. This is the general path of the
 * executor, and what its kernels are tested against.
 */
#ifndef TRIVET_EXEC_VALUE_INTERNAL_H
#define TRIVET_EXEC_VALUE_INTERNAL_H

#include <stdatomic.h>

#include "plan_internal.h"

/* ---- Memory of a run (exec_memory.c) ---- */

/* Shared by all threads of a run. */
typedef struct tvi_memory {
  atomic_uint_fast64_t used;
  uint64_t most; /* 0: no limit */
  atomic_int exceeded;
} tvi_memory;

/* TV_ELIMIT when the limit was the reason that an allocation failed, else TV_ENOMEM. */
int tvi_memory_status(const tvi_memory *memory);
/* Counts bytes that come (or go, negative). 0 when the limit forbids it. */
int tvi_memory_take(tvi_memory *memory, int64_t bytes);

/* Memory that goes all at once. One thread's. */
typedef struct tvi_arena {
  tvi_memory *memory;
  struct tvi_arena_page *pages;
} tvi_arena;
void *tvi_arena_alloc(tvi_arena *pool,
                      size_t size); /* NULL: none left; not zeroed; 64-byte aligned */
void *tvi_arena_zalloc(tvi_arena *pool, size_t size);
/* A copy of bytes. 0 when there is no memory. */
int tvi_arena_copy(tvi_arena *pool, tv_slice bytes, tv_slice *out);
void tvi_arena_reset(tvi_arena *pool); /* keeps one page */
void tvi_arena_free(tvi_arena *pool);
/* Makes room for `need` elements of `size` bytes, by doubling. 0 when there is no memory. */
int tvi_arena_grow(tvi_memory *memory, void **array, size_t *capacity, size_t need, size_t size);
void tvi_arena_drop(tvi_memory *memory, void *array, size_t capacity, size_t size);

/* ---- Text and numbers (exec_number.c) ---- */

typedef enum tvi_number_form {
  TVI_NUMBER_NONE,   /* not even a prefix is a number */
  TVI_NUMBER_PREFIX, /* an integer, then something else */
  TVI_NUMBER_PREFIX_REAL,
  TVI_NUMBER_INTEGER, /* all of it, white space at the ends aside */
  TVI_NUMBER_REAL
} tvi_number_form;

/* The number that text begins with, as SQLite 3.40 reads it. */
tvi_number_form tvi_number_parse(tv_slice text, double *real);
/* The integer that text begins with, held at int64's bounds. Returns 1 when it went beyond them. */
int tvi_number_integer(tv_slice text, int64_t *integer);
int64_t tvi_number_from_real(double real); /* as CAST does */

/* ---- Values (exec_value.c) ---- */

static inline tvi_value tvi_value_null(void) {
  tvi_value value;
  value.type = SQLITE_NULL;
  value.as.integer = 0;
  return value;
}
static inline tvi_value tvi_value_integer(int64_t integer) {
  tvi_value value;
  value.type = SQLITE_INTEGER;
  value.as.integer = integer;
  return value;
}
static inline tvi_value tvi_value_real(double real) {
  tvi_value value;
  value.type = SQLITE_FLOAT;
  value.as.real = real;
  return value;
}
static inline tvi_value tvi_value_bytes(int type, tv_slice bytes) {
  tvi_value value;
  value.type = type;
  value.as.bytes = bytes;
  return value;
}
/* Below, at or above zero; NULL is less than all and equal to itself, as when sorting. */
int tvi_value_order(const tvi_value *left, const tvi_value *right, int nocase);
int tvi_text_order(tv_slice left, tv_slice right, int nocase);
int tvi_real_order(int64_t integer, double real); /* exactly */
/* 1 true, 0 false, -1 NULL. */
int tvi_value_truth(const tvi_value *value);
int64_t tvi_value_to_integer(const tvi_value *value);
double tvi_value_to_real(const tvi_value *value);
/* What sqlite3_value_numeric_type makes of text: a number where all of it is one. */
void tvi_value_numeric(tvi_value *value);
/* Text of a value; numbers are printed into the pool. 0 when there is no memory. */
int tvi_value_text(tvi_arena *pool, const tvi_value *value, tv_slice *out);
/* CAST. */
int tvi_value_cast(tvi_arena *pool, const tvi_value *value, int affinity, tvi_value *out);
/* What an operand of a comparison is converted to. */
int tvi_value_affinity(tvi_arena *pool, const tvi_value *value, int affinity, tvi_value *out);
/*
 * An operator or function, TVI_X_NEGATE and those after it, on its arguments. Results may borrow
 * from arguments and from the pool. TV_OK; TV_ENOMEM (or the limit); TV_EINVAL: an error of SQL,
 * whose sentence tvi_value_error gives.
 */
int tvi_value_apply(tvi_arena *pool, const tvi_expr *expr, const tvi_value *args, tvi_value *out);

#endif
