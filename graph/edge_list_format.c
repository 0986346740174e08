/* SPDX-License-Identifier: MIT */
/*
 * Lines of edge lists: SNAP's two words, CSV's first two fields, Matrix Market's two numbers.
 * Rejected: guessing the format; a header that looks like data would silently become an edge.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "edge_list_internal.h"

static int format_is_blank(char c) {
  return c == ' ' || c == '\t' || c == ',' || c == ';';
}

/* The next word; empty at the end of the line. */
static tv_slice format_word(const char *line, size_t size, size_t *at) {
  size_t from;
  while (*at < size && format_is_blank(line[*at])) ++*at;
  from = *at;
  while (*at < size && !format_is_blank(line[*at])) ++*at;
  return tv_bytes(line + from, *at - from);
}

static int format_edge(tvi_load *load, tv_slice from, tv_slice to, const uint64_t *values) {
  if (from.size == 0 || to.size == 0) return tvi_load_bad(load, "does not name two nodes");
  if (from.size > TV_KEY_BYTES_MAX || to.size > TV_KEY_BYTES_MAX)
    return tvi_load_bad(load, "has a key that is too long");
  return tvi_load_edge(load, from, to, values);
}

/* The weight of a line whose ends were read, if one is asked for. 0: it has none. */
static int format_weight(tvi_load *load, const char *line, size_t size, size_t *at,
                         uint64_t *weight) {
  return load->column_count == 0 ||
         tvi_text_number(format_word(line, size, at), load->columns[0].type, weight);
}

int tvi_load_line_snap(tvi_load *load, const char *line, size_t size) {
  size_t at = 0;
  tv_slice from = format_word(line, size, &at), to = format_word(line, size, &at);
  uint64_t weight = 0;
  if (from.size == 0 || *(const char *)from.data == '#' || *(const char *)from.data == '%')
    return TV_OK;
  if (to.size != 0 && !format_weight(load, line, size, &at, &weight))
    return tvi_load_bad(load, "has no number as its third word");
  return format_edge(load, from, to, &weight);
}

/* ---- CSV ---- */

/* One field; a quoted one may hold commas and doubled quotes, and is unescaped into `room`.
 * 0: a quote is not closed or in the middle of a field. */
static int format_field(const char *line, size_t size, size_t *at, char *room, tv_slice *field) {
  size_t from = *at, n = 0;
  if (from < size && line[from] == '"') {
    for (++*at; *at < size; ++*at) {
      if (line[*at] == '"' && (*at + 1 == size || line[*at + 1] != '"')) break;
      if (line[*at] == '"') ++*at;
      if (n < TV_KEY_BYTES_MAX + 1) room[n++] = line[*at];
    }
    if (*at == size) return 0;
    ++*at;
    *field = tv_bytes(room, n);
  } else {
    while (*at < size && line[*at] != ',') ++*at;
    *field = tv_bytes(line + from, *at - from);
  }
  if (*at < size && line[*at] != ',') return 0;
  ++*at;
  return 1;
}

/* 1: the field is NAME:type of a number; *field becomes its name. */
static int format_typed(const tvi_load *load, tv_slice *field, int32_t *type) {
  static const struct {
    const char *suffix;
    int32_t type;
  } kinds[] = {{":int", TV_INT64},
               {":int64", TV_INT64},
               {":long", TV_INT64},
               {":double", TV_DOUBLE},
               {":float", TV_DOUBLE}};
  tv_slice weight = tv_str(load->options->weight == NULL ? "" : load->options->weight);
  const char *bytes = field->data;
  size_t i;
  for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    tv_slice suffix = tv_str(kinds[i].suffix);
    if (field->size <= suffix.size ||
        memcmp(bytes + field->size - suffix.size, suffix.data, suffix.size) != 0)
      continue;
    *type = kinds[i].type;
    field->size -= suffix.size;
    return 1;
  }
  *type = TV_DOUBLE;
  return weight.size != 0 && field->size == weight.size &&
         memcmp(bytes, weight.data, weight.size) == 0;
}

/* The header names the numbers that lines have behind the two ends. */
static int format_csv_header(tvi_load *load, const char *line, size_t size) {
  char room[TV_KEY_BYTES_MAX + 1];
  size_t at = 0, i;
  int32_t type;
  int status = TV_OK;
  load->header_seen = 1;
  for (i = 0; at < size && status == TV_OK; i++) {
    tv_slice field;
    if (!format_field(line, size, &at, room, &field))
      return tvi_load_bad(load, "has a quote that is not closed or in the middle of a field");
    if (i >= 2 && format_typed(load, &field, &type)) status = tvi_load_column(load, field, type, i);
  }
  if (status == TV_OK && load->options->weight != NULL && load->column_count == 0)
    return tvi_load_bad(load, "names no field that is the weight");
  return status;
}

int tvi_load_line_csv(tvi_load *load, const char *line, size_t size) {
  char rooms[2][TV_KEY_BYTES_MAX + 1], room[TV_KEY_BYTES_MAX + 1];
  uint64_t values[TVI_COLUMNS_MAX];
  tv_slice from, to = {NULL, 0}, field;
  size_t at = 0, i, next = 2;
  if (!load->header_seen) return format_csv_header(load, line, size);
  if (size == 0) return TV_OK;
  if (!format_field(line, size, &at, rooms[0], &from) ||
      (at <= size && !format_field(line, size, &at, rooms[1], &to)))
    return tvi_load_bad(load, "has a quote that is not closed or in the middle of a field");
  for (i = 0; i < load->column_count; i++) {
    field = tv_bytes(NULL, 0);
    for (; next <= load->columns[i].field; next++)
      if (at > size || !format_field(line, size, &at, room, &field))
        return tvi_load_bad(load,
                            "has fewer fields than the header, or a quote that is not closed");
    if (!tvi_text_number(field, load->columns[i].type, &values[i]))
      return tvi_load_bad(load, "has a field that is not the number that the header names");
  }
  return format_edge(load, from, to, values);
}

/* ---- Matrix Market ---- */

static int format_number(tv_slice word, uint64_t *number) {
  const char *text = word.data;
  size_t i;
  *number = 0;
  for (i = 0; i < word.size; i++) {
    if (text[i] < '0' || text[i] > '9' || *number > TV_NODES_MAX) return 0;
    *number = *number * 10 + (uint64_t)(text[i] - '0');
  }
  return word.size != 0;
}

static int format_word_is(tv_slice word, const char *text) {
  const char *bytes = word.data;
  size_t i;
  for (i = 0; i < word.size && text[i] != '\0'; i++)
    if ((bytes[i] | 0x20) != text[i]) return 0;
  return i == word.size && text[i] == '\0';
}

static int format_matrix_bad(tvi_load *load, const char *problem) {
  return tvi_txn_fail(load->graph->txn, TV_EINVAL, 0, "line %" PRIu64 " %s", load->report->lines,
                      problem);
}

/* "%%MatrixMarket matrix coordinate real|integer|pattern general|symmetric" */
static int format_matrix_banner(tvi_load *load, const char *line, size_t size) {
  tv_slice words[5];
  size_t at = 0, i;
  for (i = 0; i < 5; i++) words[i] = format_word(line, size, &at);
  if (size < 14 || memcmp(line, "%%MatrixMarket", 14) != 0 || !format_word_is(words[1], "matrix") ||
      !format_word_is(words[2], "coordinate"))
    return format_matrix_bad(load, "does not begin a Matrix Market coordinate matrix");
  load->symmetric = format_word_is(words[4], "symmetric");
  if (!load->symmetric && !format_word_is(words[4], "general"))
    return format_matrix_bad(load, "has a symmetry that is neither general nor symmetric");
  load->header_seen = 1;
  return TV_OK;
}

/* "rows columns entries": a node for each row, keyed 1, 2, ... */
static int format_matrix_size(tvi_load *load, const char *line, size_t size) {
  uint64_t columns, i;
  char key[24];
  size_t at = 0;
  int status = TV_OK;
  if (!format_number(format_word(line, size, &at), &load->rows) ||
      !format_number(format_word(line, size, &at), &columns) ||
      !format_number(format_word(line, size, &at), &load->entries) || load->rows != columns)
    return format_matrix_bad(load, "does not give the size of a square matrix");
  for (i = 1; i <= load->rows && status == TV_OK; i++) {
    tv_node node;
    int n = snprintf(key, sizeof key, "%" PRIu64, i);
    status = tvi_load_node(load, tv_bytes(key, (size_t)n), &node);
  }
  load->header_seen = 2;
  return status;
}

int tvi_load_line_matrix(tvi_load *load, const char *line, size_t size) {
  uint64_t row = 0, column = 0, weight = 0;
  size_t at = 0;
  tv_slice words[2];
  int status;
  if (load->header_seen == 0) return format_matrix_banner(load, line, size);
  words[0] = format_word(line, size, &at);
  words[1] = format_word(line, size, &at);
  if (words[0].size == 0 || *(const char *)words[0].data == '%') return TV_OK;
  if (load->header_seen == 1) return format_matrix_size(load, line, size);
  load->taken++;
  if (!format_number(words[0], &row) || !format_number(words[1], &column) || row == 0 ||
      column == 0 || row > load->rows || column > load->rows)
    return tvi_load_bad(load, "does not give a row and a column of the matrix");
  if (!format_weight(load, line, size, &at, &weight))
    return tvi_load_bad(load, "has no number as its third word");
  status = format_edge(load, words[0], words[1], &weight);
  if (status != TV_OK || !load->symmetric || row == column) return status;
  return format_edge(load, words[1], words[0], &weight);
}

int tvi_load_matrix_end(tvi_load *load) {
  if (load->options->format != TV_LOAD_MATRIX_MARKET) return TV_OK;
  if (load->header_seen == 2 && load->taken == load->entries) return TV_OK;
  if (load->header_seen == 2 && load->options->skip_bad_lines) return TV_OK;
  return tvi_txn_fail(load->graph->txn, TV_EINVAL, 0,
                      "the matrix ends after %" PRIu64 " of %" PRIu64 " entries", load->taken,
                      load->entries);
}
