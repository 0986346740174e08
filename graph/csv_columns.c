/* SPDX-License-Identifier: MIT */
/*
 * The columns of a CSV file: what the header says, and values by its types. A value that is not
 * what its column holds makes the line a bad one; taking it as text instead was rejected, since the
 * graph would then hold "12 km" beside 12.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "csv_load_internal.h"

/* ---- The header ---- */

typedef struct csv_role_word {
  const char *word;
  int kind, role;
} csv_role_word;

static const csv_role_word csv_roles[] = {
    {"key", TV_CSV_NODES, TVI_CSV_KEY},        {"labels", TV_CSV_NODES, TVI_CSV_LABELS},
    {"source", TV_CSV_EDGES, TVI_CSV_SOURCE},  {"from", TV_CSV_EDGES, TVI_CSV_SOURCE},
    {"target", TV_CSV_EDGES, TVI_CSV_TARGET},  {"to", TV_CSV_EDGES, TVI_CSV_TARGET},
    {"type", TV_CSV_EDGES, TVI_CSV_EDGE_TYPE},
};

static int csv_header_bad(tvi_csv_load *load, const char *problem, tv_slice name) {
  char shown[TVI_SHOW_BYTES];
  return tvi_txn_fail(load->graph->txn, TV_EINVAL, 0, "the header %s%s", problem,
                      name.size > 0 ? tvi_show(name, shown) : "");
}

static int csv_is(tv_slice text, const char *word) {
  return text.size == strlen(word) && memcmp(text.data, word, text.size) == 0;
}

/* Takes the type behind the last colon off a property's name. Text when there is none. */
static int csv_header_type(tv_slice *name) {
  static const char *const words[] = {"bool", "int64", "double", "text", "blob"};
  const char *p = name->data;
  size_t at = name->size, i;

  while (at > 0 && p[at - 1] != ':') at--;
  for (i = 0; at > 0 && i < sizeof words / sizeof words[0]; i++) {
    if (!csv_is(tv_bytes(p + at, name->size - at), words[i])) continue;
    name->size = at - 1;
    return (int)i + TV_BOOL;
  }
  if (at > 0 && csv_is(tv_bytes(p + at, name->size - at), "int")) { /* as tv_graph_load has it */
    name->size = at - 1;
    return TV_INT64;
  }
  return TV_TEXT;
}

static int csv_header_property(tvi_csv_load *load, tvi_csv_column *column, tv_slice title) {
  tv_slice name = title;

  column->role = TVI_CSV_PROPERTY;
  column->type = csv_header_type(&name);
  if (name.size == 0 || name.size > TV_NAME_BYTES_MAX || memchr(name.data, '\0', name.size))
    return csv_header_bad(load, "names no property: ", title);
  column->name = tvi_alloc(name.size + 1);
  if (column->name == NULL) return tvi_csv_no_memory(load);
  memcpy(column->name, name.data, name.size);
  column->name[name.size] = '\0';
  load->number_columns += column->type == TV_INT64 || column->type == TV_DOUBLE;
  return TV_OK;
}

static int csv_header_column(tvi_csv_load *load, size_t i) {
  tv_slice title = tvi_csv_text(&load->csv, i);
  size_t r;

  for (r = 0; r < sizeof csv_roles / sizeof csv_roles[0]; r++) {
    const csv_role_word *role = &csv_roles[r];
    if (role->kind != load->options->kind || !csv_is(title, role->word)) continue;
    if (load->at[role->role] >= 0) return csv_header_bad(load, "has a column twice: ", title);
    load->at[role->role] = (int)i;
    load->columns[i].role = role->role;
    return TV_OK;
  }
  return csv_header_property(load, &load->columns[i], title);
}

static int csv_header_check(tvi_csv_load *load) {
  tv_slice none = {NULL, 0};
  size_t i, j;

  for (i = 0; i < load->n; i++)
    for (j = 0; j < i; j++)
      if (load->columns[i].role == TVI_CSV_PROPERTY && load->columns[j].role == TVI_CSV_PROPERTY &&
          load->columns[i].type == load->columns[j].type &&
          strcmp(load->columns[i].name, load->columns[j].name) == 0)
        return csv_header_bad(load, "has a column twice: ", tv_str(load->columns[i].name));
  if (load->options->kind == TV_CSV_NODES && load->at[TVI_CSV_KEY] < 0)
    return csv_header_bad(load, "has no column \"key\"", none);
  if (load->options->kind == TV_CSV_EDGES &&
      (load->at[TVI_CSV_SOURCE] < 0 || load->at[TVI_CSV_TARGET] < 0))
    return csv_header_bad(load, "has no columns \"source\" and \"target\"", none);
  if (load->options->kind == TV_CSV_EDGES && load->at[TVI_CSV_EDGE_TYPE] < 0 &&
      load->options->type == NULL)
    return csv_header_bad(load, "has no column \"type\", and no type was given", none);
  return TV_OK;
}

int tvi_csv_header(tvi_csv_load *load) {
  static const unsigned char mark[] = {0xef, 0xbb, 0xbf}; /* as spreadsheets write it */
  int status = tvi_csv_next(&load->csv);
  tvi_csv_field *first;
  size_t i;

  if (status == TV_END) return csv_header_bad(load, "is missing", (tv_slice){NULL, 0});
  if (status == TV_EINVAL) return csv_header_bad(load, load->csv.problem, (tv_slice){NULL, 0});
  if (status != TV_OK) return status;
  first = (tvi_csv_field *)(void *)load->csv.fields.data;
  if (first->size >= sizeof mark && memcmp(load->csv.bytes.data, mark, sizeof mark) == 0) {
    first->at += sizeof mark;
    first->size -= sizeof mark;
  }
  load->n = load->csv.n;
  load->columns = tvi_zalloc(load->n * sizeof *load->columns);
  load->values = tvi_alloc(load->n * sizeof *load->values);
  if (load->columns == NULL || load->values == NULL) return tvi_csv_no_memory(load);
  for (i = 0; i < load->n && status == TV_OK; i++) status = csv_header_column(load, i);
  return status == TV_OK ? csv_header_check(load) : status;
}

/* ---- Values ---- */

static int csv_integer(tv_slice text, int64_t *out) {
  const char *p = text.data;
  size_t i = text.size > 0 && p[0] == '-';
  uint64_t sum = 0, limit = (uint64_t)INT64_MAX + i;
  int negative = i == 1;

  if (i == text.size) return 0;
  for (; i < text.size; i++) {
    unsigned digit = (unsigned)(unsigned char)p[i] - '0';
    if (digit > 9 || sum > (limit - digit) / 10) return 0;
    sum = sum * 10 + digit;
  }
  *out = negative ? (int64_t)(0 - sum) : (int64_t)sum;
  return 1;
}

/* strtod also takes blanks before a number and hexadecimal digits, which are slips here. */
static int csv_real(tv_slice text, double *out) {
  char copy[64], *end;
  size_t i;

  if (text.size == 0 || text.size >= sizeof copy) return 0;
  memcpy(copy, text.data, text.size);
  copy[text.size] = '\0';
  for (i = 0; i < text.size; i++)
    if (copy[i] == 'x' || copy[i] == 'X' || copy[i] == ' ' || copy[i] == '\t') return 0;
  *out = strtod(copy, &end);
  return end == copy + text.size;
}

static int csv_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = (char)(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends the bytes; the value's place is set when all blobs of the line are there. */
static int csv_blob(tvi_csv_load *load, tv_slice text, tv_value *value) {
  const char *p = text.data;
  size_t i;

  if (text.size % 2 != 0) return TV_EINVAL;
  value->as.bytes.size = text.size / 2;
  for (i = 0; i < text.size; i += 2) {
    int high = csv_digit(p[i]), low = csv_digit(p[i + 1]);
    unsigned char byte = (unsigned char)((unsigned)high << 4 | (unsigned)low);
    if (high < 0 || low < 0) return TV_EINVAL;
    if (tvi_buffer_append(&load->blobs, &byte, 1) != TV_OK) return TV_ENOMEM;
  }
  return TV_OK;
}

static int csv_value(tvi_csv_load *load, int type, tv_slice text, tv_value *value) {
  value->type = type;
  switch (type) {
    case TV_BOOL:
      value->as.integer = csv_is(text, "true") || csv_is(text, "1");
      return value->as.integer || csv_is(text, "false") || csv_is(text, "0") ? TV_OK : TV_EINVAL;
    case TV_INT64:
      return csv_integer(text, &value->as.integer) ? TV_OK : TV_EINVAL;
    case TV_DOUBLE:
      return csv_real(text, &value->as.real) ? TV_OK : TV_EINVAL;
    case TV_TEXT:
      value->as.bytes = text;
      return TV_OK;
    default:
      return csv_blob(load, text, value);
  }
}

static void csv_place_blobs(tvi_csv_load *load) {
  size_t i, at = 0;

  for (i = 0; i < load->value_count; i++) {
    tv_value *value = &load->values[i].value;
    if (value->type != TV_BLOB) continue;
    value->as.bytes.data = load->blobs.size > 0 ? (const void *)(load->blobs.data + at) : "";
    at += value->as.bytes.size;
  }
}

static int csv_has(const tvi_csv_load *load, const char *name) {
  size_t i;
  for (i = 0; i < load->value_count; i++)
    if (strcmp(load->values[i].name, name) == 0) return 1;
  return 0;
}

int tvi_csv_values(tvi_csv_load *load, const char **problem) {
  static const char *const wrong[] = {"",
                                      "has a value that is no bool (true or false)",
                                      "has a value that is no int64",
                                      "has a value that is no double",
                                      "",
                                      "has a value that is no blob (hexadecimal digits)"};
  size_t i;

  load->value_count = 0;
  load->blobs.size = 0;
  for (i = 0; i < load->n; i++) {
    const tvi_csv_column *column = &load->columns[i];
    tv_property *property = &load->values[load->value_count];
    tv_slice text = tvi_csv_text(&load->csv, i);
    int status;
    if (column->role != TVI_CSV_PROPERTY) continue;
    if (text.size == 0 && !tvi_csv_quoted(&load->csv, i)) continue;
    *problem = "has two values for one property";
    if (csv_has(load, column->name)) return TV_EINVAL;
    property->name = column->name;
    *problem = wrong[column->type];
    status = csv_value(load, column->type, text, &property->value);
    if (status != TV_OK) return status;
    load->value_count++;
  }
  csv_place_blobs(load);
  return TV_OK;
}
