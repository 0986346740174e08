/* SPDX-License-Identifier: MIT */
/*
 * Where one character of UTF-8 ends. Strict, as the standard has it: what one layer took for text
 * and another for bytes would be shown in one form and read back as another, so that there is one
 * answer for all of them.
 */
#include "layer_internal.h"

size_t tvi_utf8_length(const unsigned char *p, size_t size) {
  size_t n, i;

  if (size == 0) return 0;
  if (p[0] < 0x80) return 1;
  if (p[0] < 0xc2 || p[0] > 0xf4) return 0;
  n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
  if (size < n) return 0;
  for (i = 1; i < n; i++)
    if ((p[i] & 0xc0) != 0x80) return 0;
  if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
      (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
    return 0;
  return n;
}

int tvi_utf8_valid(tv_slice text) {
  const unsigned char *p = text.data;
  size_t at = 0;

  while (at < text.size) {
    size_t n = tvi_utf8_length(p + at, text.size - at);
    if (n == 0) return 0;
    at += n;
  }
  return 1;
}
