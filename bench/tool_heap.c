/* SPDX-License-Identifier: MIT */
/*
 * Stop-on-failure allocation. The alternative, passing out-of-memory up through every table and
 * parser of a command-line tool, buys nothing: the user would see the same sentence.
 */
#include "tool_heap.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void heap_stop(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("trivet-bench: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  exit(1);
}

void *heap_take(size_t bytes) {
  void *taken = calloc(1, bytes > 0 ? bytes : 1);
  if (taken == NULL) heap_stop("out of memory (%zu bytes)", bytes);
  return taken;
}

void heap_grow(void *array, size_t *capacity, size_t need, size_t size) {
  void *old, *grown;
  size_t wanted = *capacity > 0 ? *capacity : 16;
  if (need <= *capacity) return;
  while (wanted < need) {
    if (wanted > SIZE_MAX / 2 / size) heap_stop("out of memory (%zu elements)", need);
    wanted *= 2;
  }
  memcpy(&old, array, sizeof old);
  grown = realloc(old, wanted * size);
  if (grown == NULL) heap_stop("out of memory (%zu bytes)", wanted * size);
  memcpy(array, &grown, sizeof grown);
  *capacity = wanted;
}

char *heap_text(const char *text, size_t size) {
  char *copy = heap_take(size + 1);
  if (size > 0) memcpy(copy, text, size);
  return copy;
}
