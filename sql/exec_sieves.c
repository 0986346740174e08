/* SPDX-License-Identifier: MIT */
/*
 * Which sieve a condition of one table becomes, and between which bounds an expression's integers
 * lie. Ranges on integers and dates are taken out as such, since zone maps and blocks' bounds
 * answer them; whatever else needs one column is tried on its distinct values; the rest is
 * evaluated per row.
 */
#include <math.h>
#include <string.h>

#include "exec_internal.h"

/* A comparison of a column with a constant, the column on the left. */
typedef struct sieves_term {
  tvi_expr_op op;
  int column, type;
  const tvi_value *value;
} sieves_term;

static tvi_expr_op sieves_turned(tvi_expr_op op) {
  switch (op) {
    case TVI_X_LT:
      return TVI_X_GT;
    case TVI_X_LE:
      return TVI_X_GE;
    case TVI_X_GT:
      return TVI_X_LT;
    case TVI_X_GE:
      return TVI_X_LE;
    default:
      return op;
  }
}

static int sieves_term_of(const tvi_exec *exec, int table, int node, sieves_term *term) {
  const tvi_node *n = &exec->program.node[node], *left, *right;

  switch (n->expr->op) {
    case TVI_X_EQ:
    case TVI_X_LT:
    case TVI_X_LE:
    case TVI_X_GT:
    case TVI_X_GE:
      break;
    default:
      return 0;
  }
  left = &exec->program.node[n->arg[0]];
  right = &exec->program.node[n->arg[1]];
  term->op = n->expr->op;
  if (left->constant) {
    const tvi_node *swap = left;
    left = right;
    right = swap;
    term->op = sieves_turned(term->op);
  }
  if (left->slot < 0 || !right->constant) return 0;
  term->column = left->slot - exec->slot[table];
  term->type = exec->source[table].column[term->column].type;
  term->value = &right->value;
  return 1;
}

static void sieves_none(tvi_sieve *sieve) {
  sieve->lo = 1;
  sieve->hi = 0;
}

/* Numbers n with n `op` bound, where bound is one or lies just below it (exact 0). */
static void sieves_range(tvi_sieve *sieve, tvi_expr_op op, int64_t bound, int exact) {
  sieve->lo = INT64_MIN;
  sieve->hi = INT64_MAX;
  switch (op) {
    case TVI_X_EQ:
      sieve->lo = sieve->hi = bound;
      if (!exact) sieves_none(sieve);
      return;
    case TVI_X_LT:
    case TVI_X_LE:
      if (op == TVI_X_LE && exact)
        sieve->hi = bound;
      else if (bound == INT64_MIN)
        sieves_none(sieve);
      else
        sieve->hi = bound - 1;
      return;
    default:
      if (op == TVI_X_GE || !exact)
        sieve->lo = bound;
      else if (bound == INT64_MAX)
        sieves_none(sieve);
      else
        sieve->lo = bound + 1;
  }
}

#define SIEVES_DAYS_MIN (-719528) /* 0000-01-01 */
#define SIEVES_DAYS_MAX 2932896   /* 9999-12-31 */

/* The first day whose text is not less than `text`. */
static int64_t sieves_day(tv_slice text, int *exact) {
  int64_t low = SIEVES_DAYS_MIN, high = SIEVES_DAYS_MAX + 1;
  char day[TVI_DATE_BYTES];

  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    tvi_cell_print_date(middle, day);
    if (tvi_slice_order(tv_bytes(day, sizeof day), text) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  tvi_cell_print_date(low, day);
  *exact = low <= SIEVES_DAYS_MAX && tvi_slice_order(tv_bytes(day, sizeof day), text) == 0;
  return low;
}

/* An integer column against a real. */
static void sieves_integer_real(tvi_sieve *sieve, tvi_expr_op op, double real) {
  double up = ceil(real);

  sieve->lo = INT64_MIN;
  sieve->hi = INT64_MAX;
  if (up >= 9223372036854775808.0) {
    if (op == TVI_X_EQ || op == TVI_X_GT || op == TVI_X_GE) sieves_none(sieve);
  } else if (up < -9223372036854775808.0) {
    if (op == TVI_X_EQ || op == TVI_X_LT || op == TVI_X_LE) sieves_none(sieve);
  } else {
    sieves_range(sieve, op, (int64_t)up, up == real);
  }
}

static int sieves_real(tvi_sieve *sieve, const sieves_term *term) {
  double real = term->value->as.real;

  if (term->value->type == SQLITE_INTEGER) {
    int64_t integer = term->value->as.integer;
    if (integer > (INT64_C(1) << 53) || integer < -(INT64_C(1) << 53)) return 0;
    real = (double)integer;
  } else if (term->value->type != SQLITE_FLOAT) {
    return 0;
  }
  sieve->kind = TVI_SIEVE_REAL;
  sieve->real_lo = -HUGE_VAL;
  sieve->real_hi = HUGE_VAL;
  if (term->op == TVI_X_EQ || term->op == TVI_X_GE) sieve->real_lo = real;
  if (term->op == TVI_X_EQ || term->op == TVI_X_LE) sieve->real_hi = real;
  if (term->op == TVI_X_GT) sieve->real_lo = nextafter(real, HUGE_VAL);
  if (term->op == TVI_X_LT) sieve->real_hi = nextafter(real, -HUGE_VAL);
  /* Nothing is beyond infinity, but nextafter stays there. */
  if (isinf(real) && (term->op == TVI_X_GT || term->op == TVI_X_LT)) return 0;
  return 1;
}

/* A range of numbers, or 0. */
static int sieves_number(tvi_sieve *sieve, const sieves_term *term) {
  int64_t day;
  int exact;

  sieve->kind = TVI_SIEVE_RANGE;
  if (term->type == TVI_COL_REAL) return sieves_real(sieve, term);
  if (term->type == TVI_COL_INTEGER && term->value->type == SQLITE_INTEGER) {
    sieves_range(sieve, term->op, term->value->as.integer, 1);
    return 1;
  }
  if (term->type == TVI_COL_INTEGER && term->value->type == SQLITE_FLOAT) {
    sieves_integer_real(sieve, term->op, term->value->as.real);
    return 1;
  }
  if (term->type != TVI_COL_DATE || term->value->type != SQLITE_TEXT) return 0;
  day = sieves_day(term->value->as.bytes, &exact);
  sieves_range(sieve, term->op, day, exact);
  return 1;
}

/* Two ranges of a column are one. */
static int sieves_join_range(tvi_exec *exec, int table, const tvi_sieve *sieve) {
  int i;

  for (i = 0; i < exec->sieves[table]; i++) {
    tvi_sieve *other = &exec->sieve[table][i];
    if (other->kind != sieve->kind || other->column != sieve->column) continue;
    if (sieve->kind == TVI_SIEVE_RANGE) {
      if (sieve->lo > other->lo) other->lo = sieve->lo;
      if (sieve->hi < other->hi) other->hi = sieve->hi;
      return 1;
    }
    if (sieve->kind == TVI_SIEVE_REAL) {
      if (sieve->real_lo > other->real_lo) other->real_lo = sieve->real_lo;
      if (sieve->real_hi < other->real_hi) other->real_hi = sieve->real_hi;
      return 1;
    }
  }
  return 0;
}

int tvi_exec_sieve(tvi_exec *exec, int node) {
  int table = __builtin_ctz(exec->program.node[node].tables), slot;
  tvi_sieve sieve = {.kind = TVI_SIEVE_ROW, .column = -1, .node = node};
  sieves_term term;

  if (sieves_term_of(exec, table, node, &term) && sieves_number(&sieve, &term)) {
    sieve.column = term.column;
    if (sieves_join_range(exec, table, &sieve)) return TV_OK;
  } else {
    slot = tvi_program_single_slot(&exec->program, node);
    sieve.kind = slot >= 0 ? TVI_SIEVE_VALUE : TVI_SIEVE_ROW;
    sieve.column = slot >= 0 ? slot - exec->slot[table] : -1;
  }
  exec->sieve[table][exec->sieves[table]++] = sieve;
  return TV_OK;
}

/* ---- Bounds ---- */

static int sieves_corner(tvi_expr_op op, int64_t a, int64_t b, int64_t *out) {
  if (op == TVI_X_ADD) return __builtin_add_overflow(a, b, out);
  if (op == TVI_X_SUBTRACT) return __builtin_sub_overflow(a, b, out);
  return __builtin_mul_overflow(a, b, out);
}

static tvi_bounds sieves_arithmetic(tvi_expr_op op, const tvi_bounds *a, const tvi_bounds *b) {
  tvi_bounds out = {.known = 1, .lo = INT64_MAX, .hi = INT64_MIN};
  const tvi_bounds unknown = {.known = 0};
  int64_t corner;
  int i;

  for (i = 0; i < 4; i++) {
    if (sieves_corner(op, i & 1 ? a->hi : a->lo, i & 2 ? b->hi : b->lo, &corner)) return unknown;
    if (corner < out.lo) out.lo = corner;
    if (corner > out.hi) out.hi = corner;
  }
  return out;
}

static tvi_bounds sieves_bounds_of(const tvi_exec *exec, const tvi_node *n) {
  tvi_bounds out = {.known = 0}, *a, *b;
  tvi_expr_op op;

  if (n->constant) {
    out.known = n->value.type == SQLITE_INTEGER;
    out.lo = out.hi = out.known ? n->value.as.integer : 0;
    return out;
  }
  if (n->slot >= 0) {
    int table = __builtin_ctz(n->tables);
    const tvi_source_column *c = &exec->source[table].column[n->slot - exec->slot[table]];
    out.known = c->bounded && c->lo <= c->hi;
    out.is_date = c->type == TVI_COL_DATE;
    out.lo = c->lo;
    out.hi = c->hi;
    return out;
  }
  op = n->expr->op;
  a = n->args > 0 ? &exec->bounds[n->arg[0]] : NULL;
  b = n->args > 1 ? &exec->bounds[n->arg[1]] : NULL;
  if ((op >= TVI_X_EQ && op <= TVI_X_IN) || op == TVI_X_NOT || op == TVI_X_ISNULL ||
      op == TVI_X_NOTNULL) {
    out.known = 1;
    out.hi = 1;
    return out;
  }
  if (a == NULL || b == NULL || !a->known || !b->known || a->is_date || b->is_date) return out;
  if (op >= TVI_X_ADD && op <= TVI_X_MULTIPLY) return sieves_arithmetic(op, a, b);
  if ((op == TVI_X_DIVIDE || op == TVI_X_REMAINDER) && b->lo > 0) {
    out.known = 1;
    out.lo = a->lo >= 0 ? 0 : a->lo;
    out.hi = a->hi <= 0 ? 0 : a->hi;
    if (op == TVI_X_REMAINDER && out.hi > b->hi - 1) out.hi = b->hi - 1;
    if (op == TVI_X_REMAINDER && out.lo < 1 - b->hi) out.lo = 1 - b->hi;
    return out;
  }
  if (op == TVI_X_CASE && n->args == 3) {
    const tvi_bounds *c = &exec->bounds[n->arg[2]];
    out.known = c->known && !c->is_date;
    out.lo = b->lo < c->lo ? b->lo : c->lo;
    out.hi = b->hi > c->hi ? b->hi : c->hi;
  }
  return out;
}

int tvi_exec_bounds(tvi_exec *exec) {
  int i;

  exec->bounds =
      tvi_arena_alloc(&exec->pool, ((size_t)exec->program.count + 1) * sizeof *exec->bounds);
  if (exec->bounds == NULL) return tvi_memory_status(&exec->memory);
  for (i = 0; i < exec->program.count; i++)
    exec->bounds[i] = sieves_bounds_of(exec, &exec->program.node[i]);
  return TV_OK;
}
