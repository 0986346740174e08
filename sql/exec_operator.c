/* SPDX-License-Identifier: MIT */
/*
 * Operators and functions on single values, as SQLite 3.40 computes them: integers until one
 * overflows, then reals; NULL in, NULL out; three-valued AND and OR. All arguments are evaluated
 * before: there are no side effects, and what fails in a branch that SQLite would not have taken
 * (abs of the least integer) hands the statement to SQLite.
 */
#include <string.h>

#include "exec_value_internal.h"

/* ---- Arithmetic ---- */

static tvi_value operator_real(double real) {
  return real != real ? tvi_value_null() : tvi_value_real(real);
}

/* An operand of arithmetic: a number. */
static tvi_value operator_number(const tvi_value *value) {
  tvi_number_form form;
  int64_t integer;
  double real;

  if (value->type != SQLITE_TEXT && value->type != SQLITE_BLOB) return *value;
  form = tvi_number_parse(value->as.bytes, &real);
  if (form == TVI_NUMBER_REAL || form == TVI_NUMBER_PREFIX_REAL) return tvi_value_real(real);
  if (!tvi_number_integer(value->as.bytes, &integer)) return tvi_value_integer(integer);
  return tvi_value_real(real);
}

/* 1 when the result is an integer. */
static int operator_integers(tvi_expr_op op, int64_t a, int64_t b, tvi_value *out) {
  int64_t r = 0;

  *out = tvi_value_null();
  switch (op) {
    case TVI_X_ADD:
      if (__builtin_add_overflow(a, b, &r)) return 0;
      break;
    case TVI_X_SUBTRACT:
      if (__builtin_sub_overflow(a, b, &r)) return 0;
      break;
    case TVI_X_MULTIPLY:
      if (__builtin_mul_overflow(a, b, &r)) return 0;
      break;
    case TVI_X_DIVIDE:
      if (b == 0) return 1;
      if (b == -1 && a == INT64_MIN) return 0;
      r = a / b;
      break;
    default:
      if (b == 0) return 1;
      r = b == -1 ? 0 : a % b;
  }
  *out = tvi_value_integer(r);
  return 1;
}

static tvi_value operator_arithmetic(tvi_expr_op op, const tvi_value *left,
                                     const tvi_value *right) {
  tvi_value a = operator_number(left), b = operator_number(right), out;
  double x, y;

  if (a.type == SQLITE_NULL || b.type == SQLITE_NULL) return tvi_value_null();
  if (a.type == SQLITE_INTEGER && b.type == SQLITE_INTEGER &&
      operator_integers(op, a.as.integer, b.as.integer, &out))
    return out;
  x = tvi_value_to_real(&a);
  y = tvi_value_to_real(&b);
  switch (op) {
    case TVI_X_ADD:
      return operator_real(x + y);
    case TVI_X_SUBTRACT:
      return operator_real(x - y);
    case TVI_X_MULTIPLY:
      return operator_real(x * y);
    case TVI_X_DIVIDE:
      return y == 0 ? tvi_value_null() : operator_real(x / y);
    default: /* of the integers that the texts begin with: '1e1' % 5.0 is 1.0 */
      operator_integers(op, tvi_value_to_integer(left), tvi_value_to_integer(right), &out);
      return out.type == SQLITE_NULL ? out : tvi_value_real((double)out.as.integer);
  }
}

static tvi_value operator_shift(int64_t a, int64_t by, int left) {
  if (by < 0) {
    left = !left;
    by = by > -64 ? -by : 64;
  }
  if (by >= 64) return tvi_value_integer(a >= 0 || left ? 0 : -1);
  if (left || by == 0) return tvi_value_integer((int64_t)((uint64_t)a << by));
  return tvi_value_integer(a >= 0 ? a >> by
                                  : (int64_t)((uint64_t)a >> by | UINT64_MAX << (64 - by)));
}

static tvi_value operator_bits(tvi_expr_op op, const tvi_value *left, const tvi_value *right) {
  int64_t a, b;

  if (left->type == SQLITE_NULL || right->type == SQLITE_NULL) return tvi_value_null();
  a = tvi_value_to_integer(left);
  b = tvi_value_to_integer(right);
  if (op == TVI_X_BITAND) return tvi_value_integer(a & b);
  if (op == TVI_X_BITOR) return tvi_value_integer(a | b);
  return operator_shift(a, b, op == TVI_X_SHIFT_LEFT);
}

/* ---- Conditions ---- */

static tvi_value operator_truth(int truth) {
  return truth < 0 ? tvi_value_null() : tvi_value_integer(truth);
}

static int operator_compare(tvi_expr_op op, const tvi_value *left, const tvi_value *right,
                            int nocase) {
  int order, null = left->type == SQLITE_NULL || right->type == SQLITE_NULL;

  if (null && op != TVI_X_IS && op != TVI_X_ISNOT) return -1;
  order = tvi_value_order(left, right, nocase);
  switch (op) {
    case TVI_X_EQ:
    case TVI_X_IS:
      return order == 0;
    case TVI_X_NE:
    case TVI_X_ISNOT:
      return order != 0;
    case TVI_X_LT:
      return order < 0;
    case TVI_X_LE:
      return order <= 0;
    case TVI_X_GT:
      return order > 0;
    default:
      return order >= 0;
  }
}

/* AND when `decides` is 0, OR when it is 1. */
static int operator_logic(const tvi_value *args, int n, int decides) {
  int i, truth = !decides;

  for (i = 0; i < n; i++) {
    int one = tvi_value_truth(&args[i]);
    if (one == decides) return decides;
    if (one < 0) truth = -1;
  }
  return truth;
}

static int operator_in(const tvi_value *args, int n, int nocase) {
  int i, found = 0;

  if (n == 1) return 0;
  for (i = 1; i < n; i++) {
    int one = operator_compare(TVI_X_EQ, &args[0], &args[i], nocase);
    if (one == 1) return 1;
    if (one < 0) found = -1;
  }
  return found;
}

static tvi_value operator_case(const tvi_value *args, int n) {
  int i;

  for (i = 0; i + 1 < n; i += 2)
    if (tvi_value_truth(&args[i]) == 1) return args[i + 1];
  return n % 2 != 0 ? args[n - 1] : tvi_value_null();
}

/* A copy that ends in a zero byte. */
static const char *operator_string(tvi_arena *pool, const tvi_value *value) {
  tv_slice text;
  char *copy;

  if (!tvi_value_text(pool, value, &text)) return NULL;
  copy = tvi_arena_alloc(pool, text.size + 1);
  if (copy == NULL) return NULL;
  if (text.size > 0) memcpy(copy, text.data, text.size);
  copy[text.size] = '\0';
  return copy;
}

/* The character an escape is; 0: it is not one character. */
static unsigned operator_character(const char *text) {
  const unsigned char *z = (const unsigned char *)text;
  unsigned c = z[0], more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0, i;

  if (c == 0) return 0;
  if (more > 0) c &= 0x3fu >> more;
  for (i = 1; i <= more; i++) {
    if ((z[i] & 0xc0) != 0x80) return 0;
    c = c << 6 | (z[i] & 0x3f);
  }
  return z[1 + more] == '\0' ? c : 0;
}

static int operator_like(tvi_arena *pool, const tvi_expr *expr, const tvi_value *args,
                         tvi_value *out) {
  int blob = args[0].type == SQLITE_BLOB || args[1].type == SQLITE_BLOB;
  const char *text, *pattern, *escape = "";

  if (blob && sqlite3_compileoption_used("LIKE_DOESNT_MATCH_BLOBS")) {
    *out = tvi_value_integer(0);
    return TV_OK;
  }
  *out = tvi_value_null();
  if (args[0].type == SQLITE_NULL || args[1].type == SQLITE_NULL) return TV_OK;
  if (expr->args > 2 && args[2].type == SQLITE_NULL) return TV_OK;
  text = operator_string(pool, &args[0]);
  pattern = operator_string(pool, &args[1]);
  if (expr->args > 2) escape = operator_string(pool, &args[2]);
  if (text == NULL || pattern == NULL || escape == NULL) return tvi_memory_status(pool->memory);
  if (expr->op == TVI_X_GLOB)
    *out = tvi_value_integer(sqlite3_strglob(pattern, text) == 0);
  else
    *out = tvi_value_integer(sqlite3_strlike(pattern, text, operator_character(escape)) == 0);
  return TV_OK;
}

static int operator_concat(tvi_arena *pool, const tvi_value *args, tvi_value *out) {
  tv_slice left, right;
  unsigned char *room;

  *out = tvi_value_null();
  if (args[0].type == SQLITE_NULL || args[1].type == SQLITE_NULL) return TV_OK;
  if (!tvi_value_text(pool, &args[0], &left) || !tvi_value_text(pool, &args[1], &right))
    return tvi_memory_status(pool->memory);
  room = tvi_arena_alloc(pool, left.size + right.size + 1);
  if (room == NULL) return tvi_memory_status(pool->memory);
  if (left.size > 0) memcpy(room, left.data, left.size);
  if (right.size > 0) memcpy(room + left.size, right.data, right.size);
  *out = tvi_value_bytes(SQLITE_TEXT, tv_bytes(room, left.size + right.size));
  return TV_OK;
}

/* ---- Functions ---- */

/* Bytes of the first `count` characters; a byte that begins none belongs to the one before. */
static size_t operator_skip(tv_slice text, int64_t count) {
  const unsigned char *z = text.data;
  size_t at = 0;

  for (; count > 0 && at < text.size; count--) {
    int many = z[at++] >= 0xc0;
    while (many && at < text.size && (z[at] & 0xc0) == 0x80) at++;
  }
  return at;
}

static int64_t operator_length(tv_slice text) {
  const unsigned char *z = text.data;
  int64_t n = 0;
  size_t at = 0;

  while (at < text.size && z[at] != 0) {
    int many = z[at++] >= 0xc0;
    n++;
    while (many && at < text.size && (z[at] & 0xc0) == 0x80) at++;
  }
  return n;
}

/* As substrFunc of SQLite's func.c. */
static int operator_substr(tvi_arena *pool, const tvi_expr *expr, const tvi_value *args,
                           tvi_value *out) {
  int blob = args[0].type == SQLITE_BLOB, negative = 0;
  int64_t from, count = 1000000000, length = 0;
  tv_slice text;
  size_t start, end;

  *out = tvi_value_null();
  if (args[0].type == SQLITE_NULL || args[1].type == SQLITE_NULL) return TV_OK;
  if (expr->args > 2 && args[2].type == SQLITE_NULL) return TV_OK;
  if (!tvi_value_text(pool, &args[0], &text)) return tvi_memory_status(pool->memory);
  if (blob && text.size == 0) return TV_OK; /* SQLite takes it for NULL */
  from = (int32_t)tvi_value_to_integer(&args[1]);
  if (blob || from < 0) length = blob ? (int64_t)text.size : operator_length(text);
  if (expr->args > 2) {
    count = (int32_t)tvi_value_to_integer(&args[2]);
    negative = count < 0;
    if (negative) count = -count;
  }
  if (from < 0) {
    from += length;
    if (from < 0) {
      count += from;
      if (count < 0) count = 0;
      from = 0;
    }
  } else if (from > 0) {
    from--;
  } else if (count > 0) {
    count--;
  }
  if (negative) {
    from -= count;
    if (from < 0) {
      count += from;
      from = 0;
    }
  }
  if (count < 0) count = 0;
  if (blob) {
    start = (uint64_t)from < text.size ? (size_t)from : text.size;
    end = (uint64_t)count < text.size - start ? start + (size_t)count : text.size;
  } else {
    const char *zero = text.size > 0 ? memchr(text.data, 0, text.size) : NULL;
    if (zero != NULL) text.size = (size_t)(zero - (const char *)text.data);
    start = operator_skip(text, from);
    end = operator_skip(text, from + count);
  }
  *out = tvi_value_bytes(blob ? SQLITE_BLOB : SQLITE_TEXT,
                         tv_bytes((const char *)text.data + start, end - start));
  return TV_OK;
}

static int operator_fold(tvi_arena *pool, const tvi_value *arg, int upper, tvi_value *out) {
  tv_slice text;
  unsigned char *room;
  size_t i;

  *out = tvi_value_null();
  if (arg->type == SQLITE_NULL) return TV_OK;
  if (!tvi_value_text(pool, arg, &text)) return tvi_memory_status(pool->memory);
  room = tvi_arena_alloc(pool, text.size + 1);
  if (room == NULL) return tvi_memory_status(pool->memory);
  for (i = 0; i < text.size; i++) {
    unsigned char c = ((const unsigned char *)text.data)[i];
    if (upper && c >= 'a' && c <= 'z') c = (unsigned char)(c - ('a' - 'A'));
    if (!upper && c >= 'A' && c <= 'Z') c = (unsigned char)(c + ('a' - 'A'));
    room[i] = c;
  }
  *out = tvi_value_bytes(SQLITE_TEXT, tv_bytes(room, text.size));
  return TV_OK;
}

static int operator_size(tvi_arena *pool, const tvi_value *arg, tvi_value *out) {
  tv_slice text;

  *out = tvi_value_null();
  if (arg->type == SQLITE_NULL) return TV_OK;
  if (!tvi_value_text(pool, arg, &text)) return tvi_memory_status(pool->memory);
  *out = tvi_value_integer(arg->type == SQLITE_TEXT ? operator_length(text) : (int64_t)text.size);
  return TV_OK;
}

/* MIN and MAX of several arguments. sign: 1 for MAX. Of equal ones, 1 and 1.0, MAX takes the first
 * and MIN the last, as SQLite does. */
static tvi_value operator_extreme(const tvi_value *args, int n, int nocase, int sign) {
  int i, best = 0;

  for (i = 0; i < n; i++) {
    if (args[i].type == SQLITE_NULL) return args[i];
    if (tvi_value_order(&args[i], &args[best], nocase) * sign >= (sign > 0)) best = i;
  }
  return args[best];
}

static tvi_value operator_typeof(const tvi_value *arg) {
  static const char *const names[] = {"", "integer", "real", "text", "blob", "null"};
  const char *name = names[arg->type];
  return tvi_value_bytes(SQLITE_TEXT, tv_bytes(name, strlen(name)));
}

/* TV_ELIMIT: of the least integer there is none, and what SQLite says of that is its own. */
static int operator_abs(const tvi_value *arg, tvi_value *out) {
  double real;

  *out = *arg;
  if (arg->type == SQLITE_NULL) return TV_OK;
  if (arg->type == SQLITE_INTEGER) {
    if (arg->as.integer == INT64_MIN) return TV_ELIMIT;
    if (arg->as.integer < 0) out->as.integer = -arg->as.integer;
    return TV_OK;
  }
  real = tvi_value_to_real(arg);
  *out = tvi_value_real(real < 0 ? -real : real);
  return TV_OK;
}

static int operator_function(tvi_arena *pool, const tvi_expr *expr, const tvi_value *args,
                             tvi_value *out) {
  switch ((tvi_expr_function)expr->slot) {
    case TVI_F_ABS:
      return operator_abs(&args[0], out);
    case TVI_F_LENGTH:
      return operator_size(pool, &args[0], out);
    case TVI_F_LOWER:
    case TVI_F_UPPER:
      return operator_fold(pool, &args[0], expr->slot == TVI_F_UPPER, out);
    case TVI_F_SUBSTR:
      return operator_substr(pool, expr, args, out);
    case TVI_F_MIN:
    case TVI_F_MAX:
      *out = operator_extreme(args, expr->args, expr->nocase, expr->slot == TVI_F_MAX ? 1 : -1);
      return TV_OK;
    case TVI_F_TYPEOF:
      *out = operator_typeof(&args[0]);
      return TV_OK;
    default:
      return TV_EINVAL;
  }
}

/* ---- All ---- */

static tvi_value operator_unary(tvi_expr_op op, const tvi_value *arg) {
  tvi_value zero = tvi_value_integer(0);
  int truth;

  switch (op) {
    case TVI_X_NEGATE:
      return operator_arithmetic(TVI_X_SUBTRACT, &zero, arg);
    case TVI_X_BITNOT:
      if (arg->type == SQLITE_NULL) return *arg;
      return tvi_value_integer(~tvi_value_to_integer(arg));
    case TVI_X_NOT:
      truth = tvi_value_truth(arg);
      return operator_truth(truth < 0 ? truth : !truth);
    case TVI_X_ISNULL:
      return tvi_value_integer(arg->type == SQLITE_NULL);
    default:
      return tvi_value_integer(arg->type != SQLITE_NULL);
  }
}

static tvi_value operator_coalesce(const tvi_value *args, int n) {
  int i;
  for (i = 0; i < n - 1 && args[i].type == SQLITE_NULL; i++) continue;
  return args[i];
}

int tvi_value_apply(tvi_arena *pool, const tvi_expr *expr, const tvi_value *args, tvi_value *out) {
  tvi_expr_op op = expr->op;

  if (op >= TVI_X_NEGATE && op <= TVI_X_NOTNULL) {
    *out = operator_unary(op, args);
  } else if (op >= TVI_X_ADD && op <= TVI_X_REMAINDER) {
    *out = operator_arithmetic(op, &args[0], &args[1]);
  } else if (op >= TVI_X_BITAND && op <= TVI_X_SHIFT_RIGHT) {
    *out = operator_bits(op, &args[0], &args[1]);
  } else if (op >= TVI_X_EQ && op <= TVI_X_ISNOT) {
    *out = operator_truth(operator_compare(op, &args[0], &args[1], expr->nocase));
  } else {
    switch (op) {
      case TVI_X_CAST:
        return tvi_value_cast(pool, args, expr->affinity, out);
      case TVI_X_AFFINITY:
        return tvi_value_affinity(pool, args, expr->affinity, out);
      case TVI_X_CONCAT:
        return operator_concat(pool, args, out);
      case TVI_X_AND:
      case TVI_X_OR:
        *out = operator_truth(operator_logic(args, expr->args, op == TVI_X_OR));
        return TV_OK;
      case TVI_X_IN:
        *out = operator_truth(operator_in(args, expr->args, expr->nocase));
        return TV_OK;
      case TVI_X_LIKE:
      case TVI_X_GLOB:
        return operator_like(pool, expr, args, out);
      case TVI_X_CASE:
        *out = operator_case(args, expr->args);
        return TV_OK;
      case TVI_X_COALESCE:
        *out = operator_coalesce(args, expr->args);
        return TV_OK;
      case TVI_X_NULLIF:
        *out = operator_compare(TVI_X_EQ, &args[0], &args[1], expr->nocase) == 1 ? tvi_value_null()
                                                                                 : args[0];
        return TV_OK;
      case TVI_X_FUNCTION:
        return operator_function(pool, expr, args, out);
      default:
        return TV_EINVAL;
    }
  }
  return TV_OK;
}
