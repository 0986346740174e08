/* SPDX-License-Identifier: MIT */
/*
 * Reads CSV (RFC 4180, any one-byte separator, either line end), a record at a time. Malformed
 * quoting is an error with its line: reading on, as lenient readers do, can swallow the rest of a
 * file into one field.
 */
#include <string.h>

#include "shell_internal.h"

static void shell_csv_begin_field(shell_csv *csv) {
  if (csv->n + 2 > csv->capacity) {
    csv->capacity = csv->capacity * 2 + 16;
    csv->starts = shell_realloc(csv->starts, (size_t)csv->capacity * sizeof *csv->starts);
    csv->bare = shell_realloc(csv->bare, (size_t)csv->capacity * sizeof *csv->bare);
  }
  csv->starts[csv->n] = csv->bytes.size;
  csv->bare[csv->n] = true;
}

static void shell_csv_end_field(shell_csv *csv) {
  shell_text_char(&csv->bytes, '\0');
  csv->n++;
  csv->starts[csv->n] = csv->bytes.size;
}

/* The text of a quoted field, behind its opening quote. Returns the character that follows the
 * closing one. */
static int shell_csv_quoted(shell_csv *csv) {
  csv->bare[csv->n] = false;
  for (;;) {
    int c = getc_unlocked(csv->file);
    if (c == '"') {
      c = getc_unlocked(csv->file);
      if (c != '"') return c;
    }
    if (c == EOF) {
      csv->problem = "a quote is not closed";
      return EOF;
    }
    if (c == '\n') csv->next++;
    shell_text_char(&csv->bytes, (char)c);
  }
}

static int shell_csv_bare(shell_csv *csv, int c) {
  while (c != EOF && c != '\n' && c != csv->separator) {
    shell_text_char(&csv->bytes, (char)c);
    c = getc_unlocked(csv->file);
  }
  size_t size = csv->bytes.size;
  if (c == '\n' && size > csv->starts[csv->n] && csv->bytes.data[size - 1] == '\r')
    csv->bytes.size--;
  return c;
}

/* One record whose first character is c. */
static int shell_csv_record(shell_csv *csv, int c) {
  for (;;) {
    shell_csv_begin_field(csv);
    if (c == '"') {
      c = shell_csv_quoted(csv);
      if (c == '\r') c = getc_unlocked(csv->file);
      if (csv->problem == NULL && c != EOF && c != '\n' && c != csv->separator)
        csv->problem = "text follows a closing quote";
      if (csv->problem != NULL) return -1;
    } else {
      c = shell_csv_bare(csv, c);
    }
    shell_csv_end_field(csv);
    if (c == '\n') csv->next++;
    if (c != csv->separator) return 1;
    c = getc_unlocked(csv->file);
  }
}

static int shell_csv_first(shell_csv *csv) {
  int c = getc_unlocked(csv->file);
  if (csv->next != 1 || c != 0xef) return c;
  /* A byte order mark, as spreadsheets write it. */
  if (getc_unlocked(csv->file) == 0xbb && getc_unlocked(csv->file) == 0xbf)
    return getc_unlocked(csv->file);
  rewind(csv->file);
  return getc_unlocked(csv->file);
}

int shell_csv_next(shell_csv *csv) {
  if (csv->next == 0) csv->next = 1;
  for (;;) {
    csv->n = 0;
    csv->bytes.size = 0;
    csv->line = csv->next;
    int c = shell_csv_first(csv);
    if (c == EOF) return 0;
    int got = shell_csv_record(csv, c);
    bool blank = got == 1 && csv->n == 1 && csv->bare[0] && csv->bytes.size == 1;
    if (!blank || csv->keep_blank) return got;
  }
}

tv_slice shell_csv_field(const shell_csv *csv, int index) {
  size_t start = csv->starts[index];
  return tv_bytes(csv->bytes.data + start, csv->starts[index + 1] - start - 1);
}

void shell_csv_free(shell_csv *csv) {
  shell_text_free(&csv->bytes);
  shell_free(csv->starts);
  shell_free(csv->bare);
  csv->starts = NULL;
  csv->bare = NULL;
}
