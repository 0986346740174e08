/* SPDX-License-Identifier: MIT */
/*
 * Lines of a mapped file: fields are slices of it, so that what is measured is the engine that
 * takes them. Quoting is not known: the benchmark's files have none.
 */
#include "sql_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int sql_lines_open(sql_lines *lines, const char *path) {
  struct stat st;
  void *map;
  int file = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
  memset(lines, 0, sizeof *lines);
  if (file < 0) return errno;
  if (fstat(file, &st) != 0) {
    rc = errno;
  } else if (st.st_size > 0) {
    map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (map == MAP_FAILED) {
      rc = errno;
    } else {
      lines->bytes = lines->at = map;
      lines->size = (size_t)st.st_size;
      lines->end = lines->bytes + lines->size;
    }
  }
  close(file);
  return rc;
}

int sql_lines_next(sql_lines *lines) {
  const char *at, *end, *bar;
  do {
    if (lines->at == lines->end) return 0;
    at = lines->at;
    end = memchr(at, '\n', (size_t)(lines->end - at));
    lines->at = end == NULL ? lines->end : end + 1;
    if (end == NULL) end = lines->end;
    if (end > at && end[-1] == '\r') end--;
    lines->line++;
  } while (at == end);
  lines->fields = 0;
  for (; lines->fields < SQL_FIELDS_MAX; at = bar + 1) {
    bar = memchr(at, '|', (size_t)(end - at));
    lines->field[lines->fields] = at;
    lines->field_size[lines->fields++] = (int)((bar != NULL ? bar : end) - at);
    if (bar == NULL || bar + 1 == end) break;
  }
  return 1;
}

void sql_lines_close(sql_lines *lines) {
  if (lines->bytes != NULL) munmap((void *)(uintptr_t)lines->bytes, lines->size);
  memset(lines, 0, sizeof *lines);
}
