/* SPDX-License-Identifier: MIT */
/*
 * A file of SQL taken apart into statements, by SQLite's own notion of where one ends. Cutting at
 * each ';' was rejected: it stands in strings and triggers too.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "sql_bench.h"
#include "tool_heap.h"

static char *statements_text(const char *path) {
  FILE *file = fopen(path, "rb");
  char *text = NULL;
  size_t capacity = 0, size = 0, got;
  if (file == NULL) heap_stop("trivet-bench sql: %s: %s", path, strerror(errno));
  do {
    heap_grow(&text, &capacity, size + 65537, 1);
    got = fread(text + size, 1, 65536, file);
    size += got;
  } while (got > 0);
  if (ferror(file)) heap_stop("trivet-bench sql: %s: %s", path, strerror(errno));
  fclose(file);
  text[size] = '\0';
  return text;
}

/* Behind blanks and comments. */
static const char *statements_skip(const char *at) {
  for (;;) {
    at += strspn(at, " \t\r\n;");
    if (at[0] == '-' && at[1] == '-') {
      at += strcspn(at, "\n");
    } else if (at[0] == '/' && at[1] == '*') {
      const char *end = strstr(at + 2, "*/");
      at = end == NULL ? at + strlen(at) : end + 2;
    } else {
      return at;
    }
  }
}

static int statements_complete(const char *from, const char *to) {
  char *text = heap_text(from, (size_t)(to - from));
  int complete = sqlite3_complete(text);
  free(text);
  return complete;
}

size_t sql_statements_read(const char *path, sql_query *queries) {
  char *text = statements_text(path), name[32];
  const char *at = statements_skip(text), *end;
  size_t n = 0;
  while (*at != '\0') {
    if (n == SQL_STATEMENTS_MAX)
      heap_stop("trivet-bench sql: %s: more than %d statements", path, SQL_STATEMENTS_MAX);
    for (end = at; *end != '\0';) {
      end += strcspn(end, ";");
      if (*end == '\0') break;
      end++;
      if (statements_complete(at, end)) break;
    }
    snprintf(name, sizeof name, "statement %zu", n + 1);
    queries[n].name = heap_text(name, strlen(name));
    queries[n++].text = heap_text(at, (size_t)(end - at));
    at = statements_skip(end);
  }
  free(text);
  if (n == 0) heap_stop("trivet-bench sql: %s has no statement", path);
  return n;
}

void sql_statements_free(sql_query *queries, size_t n) {
  size_t i;
  for (i = 0; i < n; i++) {
    free((char *)(uintptr_t)queries[i].name);
    free((char *)(uintptr_t)queries[i].text);
  }
}
