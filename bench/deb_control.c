/* SPDX-License-Identifier: MIT */
/*
 * A reader over one text in memory. Reading line by line from a stream was rejected: a package
 * index is some 50 MB, and slices into it spare a copy of every field.
 */
#include "deb_control.h"

#include <string.h>

deb_reader deb_reader_of(tv_slice text) {
  deb_reader reader;
  reader.at = text.data;
  reader.end = text.size > 0 ? reader.at + text.size : reader.at;
  return reader;
}

/* The end of the line that begins at p: its '\n', or end. */
static const char *deb_line_end(const char *p, const char *end) {
  const char *newline = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
  return newline != NULL ? newline : end;
}

static int deb_is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Policy lets a line of nothing but spaces and tabs part stanzas too. */
static int deb_line_is_blank(const char *p, const char *end) {
  while (p < end && deb_is_space(*p)) p++;
  return p == end;
}

static tv_slice deb_trim(const char *from, const char *to) {
  while (from < to && deb_is_space(*from)) from++;
  while (to > from && deb_is_space(to[-1])) to--;
  return tv_bytes(from, (size_t)(to - from));
}

int deb_stanza_next(deb_reader *reader, tv_slice *stanza) {
  const char *from, *to;
  while (reader->at < reader->end) {
    const char *line_end = deb_line_end(reader->at, reader->end);
    if (!deb_line_is_blank(reader->at, line_end)) break;
    reader->at = line_end < reader->end ? line_end + 1 : line_end;
  }
  from = to = reader->at;
  while (reader->at < reader->end) {
    const char *line_end = deb_line_end(reader->at, reader->end);
    if (deb_line_is_blank(reader->at, line_end)) break;
    to = line_end;
    reader->at = line_end < reader->end ? line_end + 1 : line_end;
  }
  *stanza = tv_bytes(from, (size_t)(to - from));
  return to > from;
}

int deb_field_next(deb_reader *reader, deb_field *field) {
  const char *from, *to, *colon;
  for (;;) {
    if (reader->at >= reader->end) return 0;
    from = reader->at;
    to = deb_line_end(from, reader->end);
    reader->at = to < reader->end ? to + 1 : to;
    if (*from != '#' && !deb_line_is_blank(from, to)) break;
  }
  if (*from == ' ' || *from == '\t') return -1;
  colon = memchr(from, ':', (size_t)(to - from));
  if (colon == NULL || colon == from) return -1;
  /* Continuation lines; a comment among them does not end the field. */
  while (reader->at < reader->end &&
         (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '#')) {
    const char *line = reader->at, *line_end = deb_line_end(line, reader->end);
    reader->at = line_end < reader->end ? line_end + 1 : line_end;
    if (*line != '#') to = line_end;
  }
  field->name = deb_trim(from, colon);
  field->value = deb_trim(colon + 1, to);
  return 1;
}

static char deb_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int deb_same_name(tv_slice a, const char *b) {
  const char *p = a.data;
  size_t i;
  for (i = 0; i < a.size; i++)
    if (b[i] == '\0' || deb_lower(p[i]) != deb_lower(b[i])) return 0;
  return b[a.size] == '\0';
}

int deb_field_find(tv_slice stanza, const char *name, tv_slice *value) {
  deb_reader reader = deb_reader_of(stanza);
  deb_field field;
  int rc;
  while ((rc = deb_field_next(&reader, &field)) != 0) {
    if (rc < 0 || !deb_same_name(field.name, name)) continue;
    *value = field.value;
    return 1;
  }
  *value = tv_bytes(NULL, 0);
  return 0;
}

int64_t deb_number(tv_slice text) {
  const char *p = text.data;
  int64_t n = 0;
  size_t i;
  for (i = 0; i < text.size && p[i] >= '0' && p[i] <= '9'; i++) {
    if (n > (INT64_MAX - 9) / 10) return -1;
    n = 10 * n + (p[i] - '0');
  }
  return i > 0 ? n : -1;
}

tv_slice deb_first_line(tv_slice text) {
  const char *p = text.data;
  if (text.size == 0) return text;
  return deb_trim(p, deb_line_end(p, p + text.size));
}
