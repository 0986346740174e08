/* SPDX-License-Identifier: MIT */
/*
 * Memory for the bench tool. A tool that runs out of memory says so and stops: nothing here returns
 * NULL, so no caller has a half-built answer to unwind. (The library never does that.)
 */
#ifndef TRIVET_BENCH_TOOL_HEAP_H
#define TRIVET_BENCH_TOOL_HEAP_H

#include <stddef.h>

void *heap_take(size_t bytes); /* zeroed */
/* Makes room for `need` elements of `size` bytes in *array, which holds *capacity of them. */
void heap_grow(void *array, size_t *capacity, size_t need, size_t size);
char *heap_text(const char *text, size_t size); /* a copy that ends in NUL */

/* Stops the program with a sentence on stderr; what atexit registered runs. */
void heap_stop(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
