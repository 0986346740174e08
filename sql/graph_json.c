/* SPDX-License-Identifier: MIT */
/*
 * Properties as JSON. What JSON cannot say is said in the nearest way that stays valid: a blob in
 * hexadecimal digits, infinity as SQLite's own 9e999, bytes that are no UTF-8 as U+FFFD.
 * SQLite's json_object was rejected: it would want every property as a value of a statement.
 */
#include <stdlib.h>
#include <string.h>

#include "graph_table_internal.h"

static int graph_json_literal(tvi_buffer *json, const char *text) {
  return tvi_buffer_append(json, text, strlen(text));
}

/* The escape of a byte below 0x80; NULL when it stands for itself. */
static const char *graph_json_escape(unsigned char byte, char buffer[8]) {
  switch (byte) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      if (byte >= 0x20 && byte != 0x7F) return NULL;
      return sqlite3_snprintf(8, buffer, "\\u%04x", byte);
  }
}

static int graph_json_text(tvi_buffer *json, tv_slice text) {
  const unsigned char *p = text.data;
  size_t at = 0;
  int status = graph_json_literal(json, "\"");

  while (status == TV_OK && at < text.size) {
    size_t length = tvi_utf8_length(p + at, text.size - at);
    char buffer[8];
    const char *escape = length == 1 ? graph_json_escape(p[at], buffer) : NULL;
    if (length == 0)
      status = graph_json_literal(json, "\xEF\xBF\xBD");
    else if (escape != NULL)
      status = graph_json_literal(json, escape);
    else
      status = tvi_buffer_append(json, p + at, length);
    at += length == 0 ? 1 : length;
  }
  return status == TV_OK ? graph_json_literal(json, "\"") : status;
}

static int graph_json_blob(tvi_buffer *json, tv_slice blob) {
  static const char digits[] = "0123456789abcdef";
  const unsigned char *p = blob.data;
  int status = graph_json_literal(json, "\"");
  size_t i;

  for (i = 0; status == TV_OK && i < blob.size; i++) {
    char pair[2] = {digits[p[i] >> 4], digits[p[i] & 15]};
    status = tvi_buffer_append(json, pair, sizeof pair);
  }
  return status == TV_OK ? graph_json_literal(json, "\"") : status;
}

/* The shortest of SQLite's renderings that reads back as the same number. */
static int graph_json_real(tvi_buffer *json, double real) {
  static const char *const formats[] = {"%!.15g", "%!.16g", "%!.17g"};
  char text[64];
  size_t i;

  if (real != real) return graph_json_literal(json, "null");
  if (real - real != 0) return graph_json_literal(json, real > 0 ? "9e999" : "-9e999");
  for (i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    sqlite3_snprintf(sizeof text, text, formats[i], real);
    if (strtod(text, NULL) == real) break;
  }
  return graph_json_literal(json, text);
}

int tvi_json_value(tvi_buffer *json, const tv_value *value) {
  char text[32];

  switch (value->type) {
    case TV_BOOL:
      return graph_json_literal(json, value->as.integer != 0 ? "true" : "false");
    case TV_INT64:
      sqlite3_snprintf(sizeof text, text, "%lld", (long long)value->as.integer);
      return graph_json_literal(json, text);
    case TV_DOUBLE:
      return graph_json_real(json, value->as.real);
    case TV_TEXT:
      return graph_json_text(json, value->as.bytes);
    case TV_BLOB:
      return graph_json_blob(json, value->as.bytes);
    default:
      return graph_json_literal(json, "null");
  }
}

int tvi_graph_json_property(tvi_buffer *json, const char *name, const tv_value *value) {
  int status = graph_json_text(json, tv_str(name));

  if (status == TV_OK) status = graph_json_literal(json, ":");
  return status == TV_OK ? tvi_json_value(json, value) : status;
}
