/* SPDX-License-Identifier: MIT */
/* The lines of a file whose fields are parted by '|' (a bar behind the last one or not). */
#ifndef TRIVET_BENCH_SQL_LINES_H
#define TRIVET_BENCH_SQL_LINES_H

#include <stddef.h>
#include <stdint.h>

#define SQL_FIELDS_MAX 64

typedef struct sql_lines {
  const char *bytes, *at, *end;
  size_t size;
  uint64_t line; /* of the fields below, from 1 */
  int fields;
  const char *field[SQL_FIELDS_MAX];
  int field_size[SQL_FIELDS_MAX];
} sql_lines;

/* Opens a file. Returns 0 or an errno. */
int sql_lines_open(sql_lines *lines, const char *path);
/* Takes the next line that is not empty apart: 1, or 0 at the end. */
int sql_lines_next(sql_lines *lines);
void sql_lines_close(sql_lines *lines);

#endif
