/* SPDX-License-Identifier: MIT */
/*
 * Reads CSV (RFC 4180, any one-byte separator, either line end) record by record from a callback. A
 * record that is not whole yet is read again from its start once more text is there; a state
 * machine that stops anywhere was rejected, as records are short and it would be harder to believe.
 * Behind a record with wrong quotes reading goes on at the next line, so that one lost quote does
 * not swallow the rest of the file.
 */
#include "csv_reader_internal.h"

#include <string.h>

#define CSV_READ_BYTES ((size_t)1 << 16)

enum { CSV_MORE = 100 }; /* the text ends within the record */

static int csv_add(tvi_csv *csv, const void *data, size_t size) {
  return tvi_buffer_append(&csv->bytes, data, size);
}

/* Reads more text; what was passed goes. */
static int csv_fill(tvi_csv *csv) {
  size_t got = 0;

  if (csv->at > 0) memmove(csv->text.data, csv->text.data + csv->at, csv->text.size - csv->at);
  csv->text.size -= csv->at;
  csv->at = 0;
  if (tvi_buffer_reserve(&csv->text, csv->text.size + CSV_READ_BYTES) != TV_OK) return TV_ENOMEM;
  if (csv->read(csv->ctx, csv->text.data + csv->text.size, CSV_READ_BYTES, &got) != 0 ||
      got > CSV_READ_BYTES)
    return TV_EIO;
  csv->text.size += got;
  csv->ended = got == 0;
  return TV_OK;
}

/* A field in quotes whose first quote is at *at; leaves *at behind the last. */
static int csv_quoted(tvi_csv *csv, size_t *at) {
  const char *text = (const char *)csv->text.data;
  size_t size = csv->text.size, from = ++*at;

  for (;;) {
    const char *quote = memchr(text + from, '"', size - from), *line;
    size_t end = quote == NULL ? size : (size_t)(quote - text);
    for (line = text + from; (line = memchr(line, '\n', (size_t)(text + end - line))); line++)
      csv->next++;
    if (quote == NULL || (end + 1 == size && !csv->ended)) {
      csv->problem = "has a quote that is not closed";
      return csv->ended ? TV_EINVAL : CSV_MORE;
    }
    if (csv_add(csv, text + from, end - from) != TV_OK) return TV_ENOMEM;
    *at = end + 1;
    if (*at == size || text[*at] != '"') return TV_OK;
    if (csv_add(csv, "\"", 1) != TV_OK) return TV_ENOMEM;
    from = *at + 1;
  }
}

/* A field without quotes. */
static int csv_bare(tvi_csv *csv, size_t *at) {
  const char *text = (const char *)csv->text.data;
  size_t from = *at, end, size = csv->text.size;

  while (*at < size && text[*at] != csv->separator && text[*at] != '\n') ++*at;
  end = *at;
  if (end == size && !csv->ended) return CSV_MORE;
  if (end > from && text[end - 1] == '\r' && (end == size || text[end] == '\n')) end--;
  return csv_add(csv, text + from, end - from);
}

/* One record from csv->at on; leaves *end behind it. TV_OK, CSV_MORE, TV_EINVAL, TV_ENOMEM. */
static int csv_record(tvi_csv *csv, size_t *end) {
  const char *text = (const char *)csv->text.data;
  size_t at = csv->at, size = csv->text.size;
  int status;

  csv->bytes.size = csv->fields.size = csv->n = 0;
  csv->next = csv->line;
  csv->problem = NULL;
  for (;;) {
    tvi_csv_field field = {csv->bytes.size, 0, at < size && text[at] == '"'};
    status = field.quoted ? csv_quoted(csv, &at) : csv_bare(csv, &at);
    if (status != TV_OK) return status;
    field.size = csv->bytes.size - field.at;
    if (tvi_buffer_append(&csv->fields, &field, sizeof field) != TV_OK) return TV_ENOMEM;
    csv->n++;
    if (at + 1 < size && text[at] == '\r' && text[at + 1] == '\n') at++;
    if (at + 1 >= size && !csv->ended) return CSV_MORE;
    if (at >= size || text[at] == '\n') break;
    if (text[at] != csv->separator) {
      csv->problem = "has text behind a closing quote";
      return TV_EINVAL;
    }
    at++;
  }
  csv->next++;
  *end = at < size ? at + 1 : size;
  return TV_OK;
}

/* Passes over the line on which a bad record begins, also where it is not read to its end yet. */
static int csv_skip_line(tvi_csv *csv) {
  csv->next = csv->line + 1;
  for (;;) {
    const char *text = (const char *)csv->text.data;
    const char *end = memchr(text + csv->at, '\n', csv->text.size - csv->at);
    int status;

    csv->at = end == NULL ? csv->text.size : (size_t)(end - text) + 1;
    if (end != NULL || csv->ended) return TV_EINVAL;
    status = csv_fill(csv);
    if (status != TV_OK) return status;
  }
}

static int csv_one(tvi_csv *csv) {
  size_t end = 0;
  int status;

  csv->line = csv->next == 0 ? 1 : csv->next;
  for (;;) {
    if (csv->ended && csv->at == csv->text.size) return TV_END;
    status = csv->at == csv->text.size ? CSV_MORE : csv_record(csv, &end);
    if (status == TV_EINVAL) return csv_skip_line(csv);
    if (status != CSV_MORE) break;
    if (csv->text.size - csv->at > TVI_CSV_RECORD_BYTES_MAX)
      return csv->problem != NULL ? csv_skip_line(csv) : TV_ELIMIT;
    status = csv_fill(csv);
    if (status != TV_OK) return status;
  }
  if (status == TV_OK) csv->at = end;
  return status;
}

int tvi_csv_next(tvi_csv *csv) {
  for (;;) {
    int status = csv_one(csv);
    if (status != TV_OK || csv->n > 1 || csv->bytes.size > 0 || tvi_csv_quoted(csv, 0))
      return status;
  }
}

static const tvi_csv_field *csv_field(const tvi_csv *csv, size_t i) {
  return (const tvi_csv_field *)(const void *)csv->fields.data + i;
}

tv_slice tvi_csv_text(const tvi_csv *csv, size_t field) {
  const tvi_csv_field *f = csv_field(csv, field);
  return tv_bytes(csv->bytes.data + f->at, f->size);
}

int tvi_csv_quoted(const tvi_csv *csv, size_t field) {
  return csv_field(csv, field)->quoted;
}

void tvi_csv_close(tvi_csv *csv) {
  tvi_buffer_free(&csv->text);
  tvi_buffer_free(&csv->bytes);
  tvi_buffer_free(&csv->fields);
}
