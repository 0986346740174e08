/* SPDX-License-Identifier: MIT */
/*
 * Bytes on their way out: the buffer before the caller's write, and what each format wants quoted.
 * In DOT a backslash begins an escape and `&` an entity, so both are written as escapes of
 * themselves; XML has no place for most control characters at all, so they become U+FFFD there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export_internal.h"

#define EXPORT_WRITE_BYTES ((size_t)1 << 16)
#define EXPORT_REPLACEMENT "\xEF\xBF\xBD"

int tvi_export_flush(tvi_export *x) {
  const tv_export_options *options = x->options;

  if (x->out.size == 0) return TV_OK;
  if (options->write(options->ctx, x->out.data, x->out.size) != 0)
    return tvi_txn_fail(x->graph->txn, TV_EIO, 0, "the export of graph \"%s\" could not be written",
                        tvi_graph_name(x->graph));
  x->out.size = 0;
  return TV_OK;
}

int tvi_export_bytes(tvi_export *x, const void *data, size_t size) {
  if (tvi_buffer_append(&x->out, data, size) != TV_OK) return tvi_export_no_memory(x);
  return x->out.size >= EXPORT_WRITE_BYTES ? tvi_export_flush(x) : TV_OK;
}

int tvi_export_str(tvi_export *x, const char *text) {
  return tvi_export_bytes(x, text, strlen(text));
}

int tvi_export_count(tvi_export *x, uint64_t number) {
  char text[24];
  return tvi_export_bytes(x, text, (size_t)snprintf(text, sizeof text, "%" PRIu64, number));
}

/* ---- CSV ---- */

int tvi_export_csv(tvi_export *x, tv_slice field) {
  const char *p = field.data, *quote;
  size_t at = 0, i;
  int plain = field.size > 0, status;

  for (i = 0; i < field.size && plain; i++)
    plain = p[i] != ',' && p[i] != '"' && p[i] != '\n' && p[i] != '\r';
  if (plain) return tvi_export_bytes(x, p, field.size);
  status = tvi_export_bytes(x, "\"", 1);
  while (status == TV_OK && at < field.size && (quote = memchr(p + at, '"', field.size - at))) {
    size_t end = (size_t)(quote - p) + 1;
    status = tvi_export_bytes(x, p + at, end - at);
    if (status == TV_OK) status = tvi_export_bytes(x, "\"", 1);
    at = end;
  }
  if (status == TV_OK && at < field.size) status = tvi_export_bytes(x, p + at, field.size - at);
  return status == TV_OK ? tvi_export_bytes(x, "\"", 1) : status;
}

/* ---- DOT, XML ---- */

static const char *export_dot_escape(unsigned char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '&':
      return "&amp;";
    case '\t':
      return NULL;
    default:
      return c < 0x20 || c == 0x7f ? EXPORT_REPLACEMENT : NULL;
  }
}

static const char *export_xml_escape(unsigned char c) {
  switch (c) {
    case '"':
      return "&quot;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '&':
      return "&amp;";
    case '\n':
      return "&#10;";
    case '\r':
      return "&#13;";
    case '\t':
      return "&#9;";
    default:
      return c < 0x20 ? EXPORT_REPLACEMENT : NULL;
  }
}

/* U+FFFE and U+FFFF, which XML excludes. */
static int export_is_none(const unsigned char *p, size_t length) {
  return length == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe;
}

static int export_escaped(tvi_export *x, tv_slice text, const char *(*escape)(unsigned char c)) {
  const unsigned char *p = text.data;
  size_t at = 0;
  int status = TV_OK;

  while (status == TV_OK && at < text.size) {
    size_t length = tvi_utf8_length(p + at, text.size - at);
    const char *instead = length == 1 ? escape(p[at]) : NULL;
    if (length == 0 || export_is_none(p + at, length)) instead = EXPORT_REPLACEMENT;
    status = instead != NULL ? tvi_export_str(x, instead) : tvi_export_bytes(x, p + at, length);
    at += length == 0 ? 1 : length;
  }
  return status;
}

int tvi_export_dot(tvi_export *x, tv_slice text) {
  return export_escaped(x, text, export_dot_escape);
}

int tvi_export_xml(tvi_export *x, tv_slice text) {
  return export_escaped(x, text, export_xml_escape);
}

/* ---- Keys and values ---- */

static int export_append(tvi_export *x, tvi_buffer *buffer, const void *data, size_t size) {
  return tvi_buffer_append(buffer, data, size) == TV_OK ? TV_OK : tvi_export_no_memory(x);
}

static int export_hex(tvi_export *x, tvi_buffer *buffer, tv_slice bytes) {
  static const char digits[] = "0123456789abcdef";
  const unsigned char *p = bytes.data;
  size_t i;
  int status = TV_OK;

  for (i = 0; i < bytes.size && status == TV_OK; i++) {
    char pair[2] = {digits[p[i] >> 4], digits[p[i] & 15]};
    status = export_append(x, buffer, pair, sizeof pair);
  }
  return status;
}

/* Text without what would not be shown. */
static int export_is_shown(tv_slice key) {
  const unsigned char *p = key.data;
  size_t i;

  for (i = 0; i < key.size; i++)
    if (p[i] < 0x20 || p[i] == 0x7f) return 0;
  return tvi_utf8_valid(key);
}

int tvi_export_key(tvi_export *x, tv_node node, tv_slice *key) {
  int status = tv_graph_node_key(x->graph, node, key);

  if (status != TV_OK || export_is_shown(*key)) return status;
  x->text.size = 0;
  status = export_append(x, &x->text, "x'", 2);
  if (status == TV_OK) status = export_hex(x, &x->text, *key);
  if (status == TV_OK) status = export_append(x, &x->text, "'", 1);
  *key = tv_bytes(x->text.data, x->text.size);
  return status;
}

static int export_real(tvi_export *x, tvi_buffer *buffer, double real) {
  char text[40];
  int digits;

  if (real != real) return export_append(x, buffer, "nan", 3);
  if (real - real != 0)
    return real > 0 ? export_append(x, buffer, "inf", 3) : export_append(x, buffer, "-inf", 4);
  for (digits = 15; digits < 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, real);
    if (strtod(text, NULL) == real) break;
  }
  if (digits == 17) snprintf(text, sizeof text, "%.17g", real);
  return export_append(x, buffer, text, strlen(text));
}

int tvi_export_value(tvi_export *x, tvi_buffer *buffer, const tv_value *value) {
  char text[24];

  switch (value->type) {
    case TV_BOOL:
      return value->as.integer ? export_append(x, buffer, "true", 4)
                               : export_append(x, buffer, "false", 5);
    case TV_INT64:
      return export_append(x, buffer, text,
                           (size_t)snprintf(text, sizeof text, "%" PRId64, value->as.integer));
    case TV_DOUBLE:
      return export_real(x, buffer, value->as.real);
    case TV_TEXT:
      return export_append(x, buffer, value->as.bytes.data, value->as.bytes.size);
    default:
      return export_hex(x, buffer, value->as.bytes);
  }
}
