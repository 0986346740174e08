/* SPDX-License-Identifier: MIT */
/*
 * Numbers in text. Decimals of up to 19 digits and a small exponent are exact with one
 * multiplication or division (Clinger, How to read floating point numbers accurately, 1990); others
 * go to strtod. Rejected: strtod for all; it reads a locale, wants a terminator and is a large part
 * of loading weights.
 */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "edge_list_internal.h"

#define TEXT_DIGITS_MAX 19
#define TEXT_BYTES_MAX 340 /* the longest double that is written out in full, and its sign */

static const double text_powers[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static int text_is_digit(char c) {
  return c >= '0' && c <= '9';
}

static int text_integer(const char *text, size_t size, int64_t *integer) {
  uint64_t number = 0, most;
  int negative = size > 0 && text[0] == '-';
  size_t i = size > 0 && (text[0] == '-' || text[0] == '+');
  most = negative ? UINT64_C(1) << 63 : (UINT64_C(1) << 63) - 1;
  if (i == size) return 0;
  for (; i < size; i++) {
    uint64_t digit = (uint64_t)text[i] - '0';
    if (!text_is_digit(text[i]) || number > (most - digit) / 10) return 0;
    number = number * 10 + digit;
  }
  *integer = (int64_t)(negative ? 0 - number : number);
  return 1;
}

/* What strtod makes of it. */
static int text_slow(const char *text, size_t size, double *real) {
  char copy[TEXT_BYTES_MAX + 1], *end;
  if (size > TEXT_BYTES_MAX || size == 0) return 0;
  memcpy(copy, text, size);
  copy[size] = '\0';
  *real = strtod(copy, &end);
  return end == copy + size && *real >= -DBL_MAX && *real <= DBL_MAX;
}

static int text_real(const char *text, size_t size, double *real) {
  uint64_t digits = 0;
  int count = 0, point = 0, scale = 0, exponent = 0, seen = 0;
  size_t i = size > 0 && (text[0] == '-' || text[0] == '+');
  for (; i < size && (text_is_digit(text[i]) || (text[i] == '.' && !point)); i++) {
    if (text[i] == '.') {
      point = 1;
      continue;
    }
    seen = 1;
    scale += point;
    digits = digits * 10 + (uint64_t)(text[i] - '0');
    count += digits != 0;
    if (count > TEXT_DIGITS_MAX) return text_slow(text, size, real);
  }
  if (!seen) return 0; /* no words like nan and inf, no hexadecimals */
  if (i < size && (text[i] == 'e' || text[i] == 'E')) {
    int64_t number;
    if (!text_integer(text + i + 1, size - i - 1, &number)) return 0;
    if (number < -400 || number > 400) return text_slow(text, size, real);
    exponent = (int)number;
    i = size;
  }
  if (i != size) return 0;
  exponent -= scale;
  if (digits > UINT64_C(1) << 53 || exponent < -22 || exponent > 22)
    return text_slow(text, size, real);
  *real = exponent < 0 ? (double)digits / text_powers[-exponent]
                       : (double)digits * text_powers[exponent];
  if (text[0] == '-') *real = -*real;
  return 1;
}

int tvi_text_number(tv_slice word, int32_t type, uint64_t *bits) {
  int64_t integer;
  double real;
  if (type == TV_INT64) {
    if (!text_integer(word.data, word.size, &integer)) return 0;
    memcpy(bits, &integer, sizeof *bits);
    return 1;
  }
  if (!text_real(word.data, word.size, &real)) return 0;
  memcpy(bits, &real, sizeof *bits);
  return 1;
}
