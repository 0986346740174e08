/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic, comparisons and logic on vectors of numbers. Bounds travel with integers: where they
 * show that a sum or product cannot overflow, the loop has no test, and the result has bounds in
 * turn; where they do not, the vector goes value by value, as SQLite would. Testing each operation
 * was rejected: a loop with a way out does not use the vector units.
 */
#include <string.h>

#include "exec_internal.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

/* Makes out a vector of a kind in the node's room. */
static int arith_begin(tvi_eval *eval, int node, tvi_vec_kind kind, tvi_vec *out) {
  memset(out, 0, sizeof *out);
  if (!tvi_eval_take(eval, node, tvi_vec_width(kind))) return 0;
  out->kind = kind;
  out->as.any = eval->room[node].data;
  return 1;
}

/* NULL where any argument is. */
static void arith_nulls(tvi_eval *eval, int node, const tvi_vec *const *args, int n, tvi_vec *out) {
  unsigned char *nulls = eval->room[node].nulls;
  uint32_t row;
  int i;

  for (i = 0; i < n; i++) {
    const unsigned char *from = args[i]->nulls;
    if (from == NULL || nulls == NULL) continue;
    if (out->nulls == NULL) memset(nulls, 0, eval->n);
    out->nulls = nulls;
    for (row = 0; row < eval->n; row++)
      nulls[row] = (unsigned char)(nulls[row] | from[args[i]->constant ? 0 : row]);
  }
}

/* An argument's numbers as int64, in `room` when they are not so already. */
static const int64_t *arith_wide(const tvi_vec *vec, uint32_t n, int64_t *room) {
  uint32_t i;

  if (vec->kind == TVI_VEC_I64 && !vec->constant) return vec->as.i64;
  if (vec->constant) {
    int64_t number = tvi_vec_int(vec, 0);
    for (i = 0; i < n; i++) room[i] = number;
  } else {
    for (i = 0; i < n; i++) room[i] = vec->as.i32[i];
  }
  return room;
}

static const double *arith_real(const tvi_vec *vec, uint32_t n, double *room) {
  uint32_t i;

  if (vec->kind == TVI_VEC_REAL && !vec->constant) return vec->as.real;
  if (vec->kind == TVI_VEC_REAL || vec->constant) {
    double real = vec->kind == TVI_VEC_REAL ? vec->as.real[0] : (double)tvi_vec_int(vec, 0);
    for (i = 0; i < n; i++) room[i] = real;
  } else if (vec->kind == TVI_VEC_I64) {
    for (i = 0; i < n; i++) room[i] = (double)vec->as.i64[i];
  } else {
    for (i = 0; i < n; i++) room[i] = vec->as.i32[i];
  }
  return room;
}

/* ---- Arithmetic on integers ---- */

/* One corner of the operands' bounds. 1: it leaves int64. */
static int arith_corner(tvi_expr_op op, int64_t a, int64_t b, int64_t *out) {
  if (op == TVI_X_ADD) return __builtin_add_overflow(a, b, out);
  if (op == TVI_X_SUBTRACT) return __builtin_sub_overflow(a, b, out);
  return __builtin_mul_overflow(a, b, out);
}

/* Bounds of the result: its extremes lie in the corners. 0 when it may leave int64. */
static int arith_bounds(tvi_expr_op op, const tvi_vec *a, const tvi_vec *b, tvi_vec *out) {
  int64_t corner;
  int i;

  out->lo = INT64_MAX;
  out->hi = INT64_MIN;
  for (i = 0; i < 4; i++) {
    if (arith_corner(op, i & 1 ? a->hi : a->lo, i & 2 ? b->hi : b->lo, &corner)) return 0;
    if (corner < out->lo) out->lo = corner;
    if (corner > out->hi) out->hi = corner;
  }
  return 1;
}

static int arith_integers(tvi_eval *eval, int node, tvi_expr_op op, const tvi_vec *const *args,
                          tvi_vec *out) {
  int64_t left[TVI_EXEC_ROWS], right[TVI_EXEC_ROWS];
  const int64_t *a, *b;
  uint32_t i, n = eval->n;
  tvi_vec bounds;

  if (!arith_bounds(op, args[0], args[1], &bounds)) return 0;
  if (!arith_begin(eval, node, TVI_VEC_I64, out)) return -1;
  out->lo = bounds.lo;
  out->hi = bounds.hi;
  a = arith_wide(args[0], n, left);
  b = arith_wide(args[1], n, right);
  /* Under a NULL there may be any number: hence without a sign, where nothing can go wrong. */
  if (op == TVI_X_ADD)
    for (i = 0; i < n; i++) out->as.i64[i] = (int64_t)((uint64_t)a[i] + (uint64_t)b[i]);
  else if (op == TVI_X_SUBTRACT)
    for (i = 0; i < n; i++) out->as.i64[i] = (int64_t)((uint64_t)a[i] - (uint64_t)b[i]);
  else
    for (i = 0; i < n; i++) out->as.i64[i] = (int64_t)((uint64_t)a[i] * (uint64_t)b[i]);
  arith_nulls(eval, node, args, 2, out);
  return 1;
}

/* Division and remainder by a constant that is neither 0 nor -1. */
static int arith_divide(tvi_eval *eval, int node, tvi_expr_op op, const tvi_vec *const *args,
                        tvi_vec *out) {
  int64_t left[TVI_EXEC_ROWS], by;
  const int64_t *a;
  uint32_t i, n = eval->n;

  if (!args[1]->constant) return 0;
  by = tvi_vec_int(args[1], 0);
  if (by == 0 || by == -1) return 0;
  if (!arith_begin(eval, node, TVI_VEC_I64, out)) return -1;
  a = arith_wide(args[0], n, left);
  if (op == TVI_X_DIVIDE) {
    for (i = 0; i < n; i++) out->as.i64[i] = a[i] / by;
    out->lo = by > 0 ? args[0]->lo / by : args[0]->hi / by;
    out->hi = by > 0 ? args[0]->hi / by : args[0]->lo / by;
  } else {
    int64_t most = by == INT64_MIN ? INT64_MAX : (by > 0 ? by : -by) - 1;
    for (i = 0; i < n; i++) out->as.i64[i] = a[i] % by;
    out->lo = args[0]->lo >= 0 ? 0 : -most;
    out->hi = args[0]->hi <= 0 ? 0 : most;
  }
  arith_nulls(eval, node, args, 2, out);
  return 1;
}

/* ---- Arithmetic on reals ---- */

static void arith_reals_loop(tvi_expr_op op, const double *a, const double *b, uint32_t n,
                             double *out) {
  uint32_t i;

  if (op == TVI_X_ADD)
    for (i = 0; i < n; i++) out[i] = a[i] + b[i];
  else if (op == TVI_X_SUBTRACT)
    for (i = 0; i < n; i++) out[i] = a[i] - b[i];
  else if (op == TVI_X_MULTIPLY)
    for (i = 0; i < n; i++) out[i] = a[i] * b[i];
  else
    for (i = 0; i < n; i++) out[i] = b[i] == 0 ? (double)__builtin_nan("") : a[i] / b[i];
}

static int arith_reals(tvi_eval *eval, int node, tvi_expr_op op, const tvi_vec *const *args,
                       tvi_vec *out) {
  double left[TVI_EXEC_ROWS], right[TVI_EXEC_ROWS];
  uint32_t i, n = eval->n, bad = 0;
  unsigned char *nulls;

  if (!arith_begin(eval, node, TVI_VEC_REAL, out)) return -1;
  arith_reals_loop(op, arith_real(args[0], n, left), arith_real(args[1], n, right), n,
                   out->as.real);
  arith_nulls(eval, node, args, 2, out);
  for (i = 0; i < n; i++) bad += out->as.real[i] != out->as.real[i];
  if (bad == 0) return 1;
  nulls = eval->room[node].nulls; /* what is no number is NULL */
  if (nulls == NULL) return -1;
  if (out->nulls == NULL) memset(nulls, 0, n);
  out->nulls = nulls;
  for (i = 0; i < n; i++) out->nulls[i] |= (unsigned char)(out->as.real[i] != out->as.real[i]);
  return 1;
}

/* ---- Comparisons ---- */

#define ARITH_COMPARE(a, b)                              \
  switch (op) {                                          \
    case TVI_X_EQ:                                       \
      for (i = 0; i < n; i++) out[i] = (a)[i] == (b)[i]; \
      break;                                             \
    case TVI_X_NE:                                       \
      for (i = 0; i < n; i++) out[i] = (a)[i] != (b)[i]; \
      break;                                             \
    case TVI_X_LT:                                       \
      for (i = 0; i < n; i++) out[i] = (a)[i] < (b)[i];  \
      break;                                             \
    case TVI_X_LE:                                       \
      for (i = 0; i < n; i++) out[i] = (a)[i] <= (b)[i]; \
      break;                                             \
    case TVI_X_GT:                                       \
      for (i = 0; i < n; i++) out[i] = (a)[i] > (b)[i];  \
      break;                                             \
    default:                                             \
      for (i = 0; i < n; i++) out[i] = (a)[i] >= (b)[i]; \
  }

static void arith_compare_wide(tvi_expr_op op, const int64_t *a, const int64_t *b, uint32_t n,
                               int32_t *out) {
  uint32_t i;
  ARITH_COMPARE(a, b)
}

static void arith_compare_real(tvi_expr_op op, const double *a, const double *b, uint32_t n,
                               int32_t *out) {
  uint32_t i;
  ARITH_COMPARE(a, b)
}

static int arith_compare(tvi_eval *eval, int node, tvi_expr_op op, const tvi_vec *const *args,
                         tvi_vec *out) {
  union {
    int64_t wide[TVI_EXEC_ROWS];
    double real[TVI_EXEC_ROWS];
  } left, right;
  const tvi_vec *a = args[0], *b = args[1];
  int integers = tvi_vec_is_int(a) && tvi_vec_is_int(b);
  int dates = a->kind == TVI_VEC_DATE && b->kind == TVI_VEC_DATE;
  uint32_t n = eval->n;

  if (!integers && !dates && !(a->kind == TVI_VEC_REAL && b->kind == TVI_VEC_REAL)) return 0;
  if (!arith_begin(eval, node, TVI_VEC_I32, out)) return -1;
  out->hi = 1;
  if (integers || dates)
    arith_compare_wide(op, arith_wide(a, n, left.wide), arith_wide(b, n, right.wide), n,
                       out->as.i32);
  else
    arith_compare_real(op, arith_real(a, n, left.real), arith_real(b, n, right.real), n,
                       out->as.i32);
  arith_nulls(eval, node, args, 2, out);
  return 1;
}

/* ---- Logic ---- */

/* AND, OR and NOT of integers without NULL. */
static int arith_logic(tvi_eval *eval, int node, tvi_expr_op op, const tvi_vec *const *args, int n,
                       tvi_vec *out) {
  int64_t room[TVI_EXEC_ROWS];
  uint32_t row;
  int i;

  for (i = 0; i < n; i++)
    if (!tvi_vec_is_int(args[i]) || args[i]->nulls != NULL) return 0;
  if (!arith_begin(eval, node, TVI_VEC_I32, out)) return -1;
  out->hi = 1;
  for (row = 0; row < eval->n; row++) out->as.i32[row] = op != TVI_X_OR;
  for (i = 0; i < n; i++) {
    const int64_t *from = arith_wide(args[i], eval->n, room);
    if (op == TVI_X_OR)
      for (row = 0; row < eval->n; row++) out->as.i32[row] |= from[row] != 0;
    else if (op == TVI_X_AND)
      for (row = 0; row < eval->n; row++) out->as.i32[row] &= from[row] != 0;
    else
      for (row = 0; row < eval->n; row++) out->as.i32[row] = from[row] == 0;
  }
  return 1;
}

static int arith_null_test(tvi_eval *eval, int node, tvi_expr_op op, const tvi_vec *arg,
                           tvi_vec *out) {
  uint32_t row;

  if (!arith_begin(eval, node, TVI_VEC_I32, out)) return -1;
  out->hi = 1;
  for (row = 0; row < eval->n; row++)
    out->as.i32[row] = tvi_vec_is_null(arg, row) == (op == TVI_X_ISNULL);
  return 1;
}

/* CASE with one condition, of integers: SUM(CASE WHEN ... THEN x ELSE 0 END). */
static int arith_case(tvi_eval *eval, int node, const tvi_vec *const *args, int n, tvi_vec *out) {
  int64_t room[TVI_EXEC_ROWS], left[TVI_EXEC_ROWS], right[TVI_EXEC_ROWS];
  const int64_t *test, *a, *b;
  uint32_t row;

  if (n != 3 || !tvi_vec_is_int(args[0]) || args[0]->nulls != NULL || !tvi_vec_is_int(args[1]) ||
      args[1]->nulls != NULL || !tvi_vec_is_int(args[2]) || args[2]->nulls != NULL)
    return 0;
  if (!arith_begin(eval, node, TVI_VEC_I64, out)) return -1;
  out->lo = args[1]->lo < args[2]->lo ? args[1]->lo : args[2]->lo;
  out->hi = args[1]->hi > args[2]->hi ? args[1]->hi : args[2]->hi;
  test = arith_wide(args[0], eval->n, room);
  a = arith_wide(args[1], eval->n, left);
  b = arith_wide(args[2], eval->n, right);
  for (row = 0; row < eval->n; row++) out->as.i64[row] = test[row] != 0 ? a[row] : b[row];
  return 1;
}

static int arith_is_number(const tvi_vec *vec) {
  return tvi_vec_is_int(vec) || vec->kind == TVI_VEC_REAL;
}

int tvi_arith_apply(tvi_eval *eval, int node, const tvi_vec *const *args, tvi_vec *out) {
  const tvi_node *n = &eval->program->node[node];
  tvi_expr_op op = n->expr->op;
  int integers;

  switch (op) {
    case TVI_X_ADD:
    case TVI_X_SUBTRACT:
    case TVI_X_MULTIPLY:
    case TVI_X_DIVIDE:
    case TVI_X_REMAINDER:
      if (!arith_is_number(args[0]) || !arith_is_number(args[1])) return 0;
      integers = tvi_vec_is_int(args[0]) && tvi_vec_is_int(args[1]);
      if (!integers) return op == TVI_X_REMAINDER ? 0 : arith_reals(eval, node, op, args, out);
      if (op == TVI_X_DIVIDE || op == TVI_X_REMAINDER)
        return arith_divide(eval, node, op, args, out);
      return arith_integers(eval, node, op, args, out);
    case TVI_X_EQ:
    case TVI_X_NE:
    case TVI_X_LT:
    case TVI_X_LE:
    case TVI_X_GT:
    case TVI_X_GE:
      return arith_compare(eval, node, op, args, out);
    case TVI_X_AND:
    case TVI_X_OR:
    case TVI_X_NOT:
      return arith_logic(eval, node, op, args, n->args, out);
    case TVI_X_ISNULL:
    case TVI_X_NOTNULL:
      return arith_null_test(eval, node, op, args[0], out);
    case TVI_X_CASE:
      return arith_case(eval, node, args, n->args, out);
    default:
      return 0;
  }
}
