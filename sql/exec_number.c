/* SPDX-License-Identifier: MIT */
/*
 * Text as a number, digit for digit as SQLite 3.40 reads it (sqlite3AtoF and sqlite3Atoi64 of its
 * util.c, in the public domain): the answer of a query must not depend on which way it ran. strtod
 * was rejected for that reason alone: it rounds better, so differently, in the last digit.
 */
#include "exec_value_internal.h"

#define NUMBER_MOST INT64_MAX

static int number_is_space(unsigned char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static int number_is_digit(unsigned char c) {
  return c >= '0' && c <= '9';
}

/* 10 to the e, as a product of squares. */
static long double number_power(int e) {
  long double x = 10.0L, r = 1.0L;

  for (;;) {
    if (e & 1) r *= x;
    e >>= 1;
    if (e == 0) return r;
    x *= x;
  }
}

/* s times 10 to the e. */
static double number_scale(int64_t s, int e, int negative) {
  int down = e < 0;
  long double scale;
  double result;

  if (down) e = -e;
  if (s == 0) return negative ? -0.0 : 0.0;
  while (e > 0) {
    if (!down && s >= NUMBER_MOST / 10) break;
    if (down && s % 10 != 0) break;
    s = down ? s / 10 : s * 10;
    e--;
  }
  if (negative) s = -s;
  if (e == 0) return (double)s;
  if (e > 307) {
    if (e >= 342) return down ? 0.0 * (double)s : (double)__builtin_inf() * (double)s;
    scale = number_power(e - 308);
    if (down) {
      result = (double)((long double)s / scale);
      return result / 1.0e+308;
    }
    result = (double)((long double)s * scale);
    return result * 1.0e+308;
  }
  scale = number_power(e);
  return (double)(down ? (long double)s / scale : (long double)s * scale);
}

typedef struct number_reader {
  const unsigned char *z, *end;
  int64_t s;  /* significand */
  int d;      /* its decimal exponent */
  int digits; /* seen at all */
} number_reader;

static void number_digits(number_reader *r, int fraction) {
  for (; r->z < r->end && number_is_digit(*r->z); r->z++) {
    r->digits++;
    if (r->s < (NUMBER_MOST - 9) / 10) {
      r->s = r->s * 10 + (*r->z - '0');
      if (fraction) r->d--;
    } else if (!fraction) {
      r->d++;
    }
  }
}

/* Reads an exponent. Returns 0 when e stands without digits. */
static int number_exponent(number_reader *r) {
  int e = 0, sign = 1, valid = 0;

  r->z++;
  if (r->z < r->end && (*r->z == '-' || *r->z == '+')) sign = *r->z++ == '-' ? -1 : 1;
  for (; r->z < r->end && number_is_digit(*r->z); r->z++) {
    e = e < 10000 ? e * 10 + (*r->z - '0') : 10000;
    valid = 1;
  }
  r->d += e * sign;
  return valid;
}

tvi_number_form tvi_number_parse(tv_slice text, double *real) {
  number_reader r = {.z = text.data, .s = 0, .d = 0, .digits = 0};
  int negative = 0, marks = 0, exponent = 1; /* marks: '.' and 'e' */

  r.end = r.z + text.size;
  *real = 0;
  while (r.z < r.end && number_is_space(*r.z)) r.z++;
  if (r.z == r.end) return TVI_NUMBER_NONE;
  if (*r.z == '-' || *r.z == '+') negative = *r.z++ == '-';
  number_digits(&r, 0);
  if (r.z < r.end && *r.z == '.') {
    marks++;
    r.z++;
    number_digits(&r, 1);
  }
  if (r.z < r.end && (*r.z == 'e' || *r.z == 'E')) {
    marks++;
    exponent = number_exponent(&r);
  }
  while (r.z < r.end && number_is_space(*r.z)) r.z++;
  *real = number_scale(r.s, r.d, negative);
  if (r.digits == 0) return TVI_NUMBER_NONE;
  if (r.z == r.end && exponent) return marks > 0 ? TVI_NUMBER_REAL : TVI_NUMBER_INTEGER;
  /* '1e' begins with the integer 1, '1.e' with the real. */
  return marks == 2 || (marks == 1 && exponent) ? TVI_NUMBER_PREFIX_REAL : TVI_NUMBER_PREFIX;
}

int tvi_number_integer(tv_slice text, int64_t *integer) {
  const unsigned char *z = text.data, *end = z + text.size;
  int negative = 0, over = 0;
  uint64_t u = 0, most;

  while (z < end && number_is_space(*z)) z++;
  if (z < end && (*z == '-' || *z == '+')) negative = *z++ == '-';
  most = (uint64_t)INT64_MAX + (uint64_t)negative;
  for (; z < end && number_is_digit(*z); z++) {
    unsigned digit = (unsigned)(*z - '0');
    if (u > (most - digit) / 10) over = 1;
    if (!over) u = u * 10 + digit;
  }
  if (over) u = most;
  *integer = negative ? (int64_t)(0 - u) : (int64_t)u;
  return over;
}

int64_t tvi_number_from_real(double real) {
  if (real != real) return 0;
  if (real <= -9223372036854775808.0) return INT64_MIN;
  if (real >= 9223372036854775808.0) return INT64_MAX;
  return (int64_t)real;
}
