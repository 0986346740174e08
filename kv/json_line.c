/* SPDX-License-Identifier: MIT */
/*
 * The JSON of an export: a flat object of strings and whole numbers, so that a hand-written scanner
 * of a page does, with sentences for what is wrong and no depth that data could drive. Bytes that
 * are not UTF-8 go as base64 under another field name, since JSON has no other way to say
 * what they are. Rejected: escaping them as \u00XX, which reads as other text.
 */
#include "json_line_internal.h"

#include <string.h>

/* ---- UTF-8 ---- */

static size_t json_utf8_put(unsigned char *to, uint32_t c) {
  if (c < 0x80) {
    to[0] = (unsigned char)c;
    return 1;
  }
  if (c < 0x800) {
    to[0] = (unsigned char)(0xc0 | c >> 6);
    to[1] = (unsigned char)(0x80 | (c & 0x3f));
    return 2;
  }
  if (c < 0x10000) {
    to[0] = (unsigned char)(0xe0 | c >> 12);
    to[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
    to[2] = (unsigned char)(0x80 | (c & 0x3f));
    return 3;
  }
  to[0] = (unsigned char)(0xf0 | c >> 18);
  to[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
  to[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
  to[3] = (unsigned char)(0x80 | (c & 0x3f));
  return 4;
}

/* ---- Base64 (RFC 4648, with padding) ---- */

static const char json_base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t json_base64_put(char *to, tv_slice bytes) {
  const unsigned char *p = bytes.data;
  size_t at, n = 0;
  for (at = 0; at < bytes.size; at += 3) {
    size_t left = bytes.size - at;
    uint32_t group = (uint32_t)p[at] << 16;
    if (left > 1) group |= (uint32_t)p[at + 1] << 8;
    if (left > 2) group |= p[at + 2];
    to[n++] = json_base64_digits[group >> 18];
    to[n++] = json_base64_digits[group >> 12 & 63];
    to[n++] = left > 1 ? json_base64_digits[group >> 6 & 63] : '=';
    to[n++] = left > 2 ? json_base64_digits[group & 63] : '=';
  }
  return n;
}

static int json_base64_digit(unsigned char c) {
  const char *at = c == '\0' ? NULL : strchr(json_base64_digits, c);
  return at == NULL ? -1 : (int)(at - json_base64_digits);
}

/* Decodes in place; returns the size, or SIZE_MAX when it is not base64. */
static size_t json_base64_get(unsigned char *text, size_t size) {
  size_t at, n = 0, padding = 0;
  if (size % 4 != 0) return SIZE_MAX;
  if (size > 0 && text[size - 1] == '=') padding = text[size - 2] == '=' ? 2 : 1;
  for (at = 0; at < size; at += 4) {
    size_t pad = at + 4 == size ? padding : 0, i;
    uint32_t group = 0;
    for (i = 0; i < 4; i++) {
      int digit = i >= 4 - pad ? 0 : json_base64_digit(text[at + i]);
      if (digit < 0) return SIZE_MAX;
      group = group << 6 | (uint32_t)digit;
    }
    text[n++] = (unsigned char)(group >> 16);
    if (pad < 2) text[n++] = (unsigned char)(group >> 8);
    if (pad < 1) text[n++] = (unsigned char)group;
  }
  return n;
}

/* ---- Writing ---- */

static int json_text_put(tvi_buffer *out, const char *text) {
  return tvi_buffer_append(out, text, strlen(text));
}

/* Escapes what JSON demands; runs between are copied whole. */
static int json_string_put(tvi_buffer *out, tv_slice text) {
  static const char hex[] = "0123456789abcdef";
  const unsigned char *p = text.data;
  size_t at, from = 0;
  int status = TV_OK;

  for (at = 0; at < text.size && status == TV_OK; at++) {
    char escape[6] = {'\\', 'u', '0', '0', '0', '0'};
    size_t n = 2;
    if (p[at] >= 0x20 && p[at] != '"' && p[at] != '\\') continue;
    if (p[at] == '\n') {
      escape[1] = 'n';
    } else if (p[at] == '\t') {
      escape[1] = 't';
    } else if (p[at] >= 0x20) {
      escape[1] = (char)p[at];
    } else {
      escape[4] = hex[p[at] >> 4];
      escape[5] = hex[p[at] & 15];
      n = 6;
    }
    status = tvi_buffer_append(out, p + from, at - from);
    if (status == TV_OK) status = tvi_buffer_append(out, escape, n);
    from = at + 1;
  }
  if (status == TV_OK && from < text.size)
    status = tvi_buffer_append(out, p + from, text.size - from);
  return status;
}

static int json_field_put(tvi_buffer *out, const char *name, tv_slice bytes) {
  int text = tvi_utf8_valid(bytes);
  int status = json_text_put(out, name);

  if (status == TV_OK) status = json_text_put(out, text ? "\":\"" : "64\":\"");
  if (status == TV_OK && text) status = json_string_put(out, bytes);
  if (status == TV_OK && !text) {
    status = tvi_buffer_reserve(out, out->size + bytes.size / 3 * 4 + 4);
    if (status == TV_OK) out->size += json_base64_put((char *)out->data + out->size, bytes);
  }
  if (status == TV_OK) status = json_text_put(out, "\"");
  return status;
}

static int json_number_put(tvi_buffer *out, const char *name, uint64_t value) {
  char digits[21];
  size_t at = sizeof digits;
  int status = json_text_put(out, name);
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  if (status == TV_OK) status = tvi_buffer_append(out, digits + at, sizeof digits - at);
  return status;
}

int tvi_json_line_write(tvi_buffer *out, const tvi_json_entry *entry) {
  int status = json_field_put(out, "{\"key", entry->key);
  if (status == TV_OK) status = json_field_put(out, ",\"value", entry->value);
  if (status == TV_OK && entry->expires >= 0)
    status = json_number_put(out, ",\"expires\":", (uint64_t)entry->expires);
  if (status == TV_OK && entry->version != 0)
    status = json_number_put(out, ",\"version\":", entry->version);
  if (status == TV_OK) status = json_text_put(out, "}\n");
  return status;
}

/* ---- Reading ---- */

typedef struct json_scan {
  const unsigned char *at, *end;
  const char *what; /* what is wrong */
} json_scan;

static int json_wrong(json_scan *scan, const char *what) {
  scan->what = what;
  return TV_EINVAL;
}

static void json_skip_space(json_scan *scan) {
  while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\r'))
    scan->at++;
}

static int json_next_is(json_scan *scan, unsigned char c) {
  json_skip_space(scan);
  if (scan->at == scan->end || *scan->at != c) return 0;
  scan->at++;
  return 1;
}

static int json_hex4(json_scan *scan, uint32_t *out) {
  int i;
  *out = 0;
  if (scan->end - scan->at < 4) return json_wrong(scan, "an escape \\u is cut off");
  for (i = 0; i < 4; i++) {
    unsigned char c = *scan->at++;
    uint32_t digit = c >= '0' && c <= '9'   ? c - (uint32_t)'0'
                     : c >= 'a' && c <= 'f' ? c - (uint32_t)'a' + 10
                     : c >= 'A' && c <= 'F' ? c - (uint32_t)'A' + 10
                                            : 16;
    if (digit == 16) return json_wrong(scan, "an escape \\u needs four hex digits");
    *out = *out << 4 | digit;
  }
  return TV_OK;
}

/* Behind the backslash. Writes at most 4 bytes. */
static int json_escape_get(json_scan *scan, unsigned char *to, size_t *n) {
  static const char from[] = "\"\\/bfnrt";
  static const char into[] = "\"\\/\b\f\n\r\t";
  const char *found;
  uint32_t c, low;
  int status;

  if (scan->at == scan->end) return json_wrong(scan, "a string does not end");
  c = *scan->at++;
  found = c == 0 ? NULL : strchr(from, (int)c);
  if (found != NULL) {
    to[0] = (unsigned char)into[found - from];
    *n = 1;
    return TV_OK;
  }
  if (c != 'u') return json_wrong(scan, "a string has an unknown escape");
  status = json_hex4(scan, &c);
  if (status != TV_OK) return status;
  if (c >= 0xdc00 && c < 0xe000) return json_wrong(scan, "half a surrogate pair");
  if (c >= 0xd800 && c < 0xdc00) {
    if (scan->end - scan->at < 2 || scan->at[0] != '\\' || scan->at[1] != 'u')
      return json_wrong(scan, "half a surrogate pair");
    scan->at += 2;
    status = json_hex4(scan, &low);
    if (status != TV_OK) return status;
    if (low < 0xdc00 || low > 0xdfff) return json_wrong(scan, "half a surrogate pair");
    c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
  }
  *n = json_utf8_put(to, c);
  return TV_OK;
}

/* Appends a string's bytes to room, which has capacity enough: no string grows when decoded. */
static int json_string_get(json_scan *scan, tvi_buffer *room, tv_slice *out) {
  unsigned char *start = room->data + room->size, *to = start;

  if (!json_next_is(scan, '"')) return json_wrong(scan, "a string in quotes was expected");
  for (;;) {
    size_t n;
    if (scan->at == scan->end) return json_wrong(scan, "a string does not end");
    if (*scan->at == '"') break;
    if (*scan->at < 0x20) return json_wrong(scan, "a control character in a string");
    if (*scan->at == '\\') {
      int status;
      scan->at++;
      status = json_escape_get(scan, to, &n);
      if (status != TV_OK) return status;
    } else {
      n = tvi_utf8_length(scan->at, (size_t)(scan->end - scan->at));
      if (n == 0) return json_wrong(scan, "a string is not valid UTF-8");
      memcpy(to, scan->at, n);
      scan->at += n;
    }
    to += n;
  }
  scan->at++;
  room->size += (size_t)(to - start);
  *out = tv_bytes(start, (size_t)(to - start));
  return TV_OK;
}

static int json_number_get(json_scan *scan, uint64_t most, uint64_t *out) {
  const unsigned char *from;
  uint64_t sum = 0;

  json_skip_space(scan);
  from = scan->at;
  for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++) {
    unsigned digit = (unsigned)(*scan->at - '0');
    if (sum > (most - digit) / 10) return json_wrong(scan, "a number is too large");
    sum = sum * 10 + digit;
  }
  if (scan->at == from) return json_wrong(scan, "a whole number was expected");
  *out = sum;
  return TV_OK;
}

/* Sets the slice of a field and notes that it is there; base64 is decoded where it lies. */
static int json_bytes_get(json_scan *scan, tvi_buffer *room, int base64, tv_slice *out,
                          int *present) {
  int status;
  if (*present) return json_wrong(scan, "a field is there twice");
  *present = 1;
  status = json_string_get(scan, room, out);
  if (status != TV_OK || !base64) return status;
  out->size = json_base64_get(room->data + (room->size - out->size), out->size);
  return out->size == SIZE_MAX ? json_wrong(scan, "a field is not valid base64") : TV_OK;
}

static int json_field_get(json_scan *scan, tvi_buffer *room, tvi_json_entry *entry, int *key,
                          int *value) {
  tv_slice name;
  uint64_t number = 0;
  int status = json_string_get(scan, room, &name);

  if (status != TV_OK) return status;
  if (!json_next_is(scan, ':')) return json_wrong(scan, "':' was expected after a field's name");
#define JSON_NAME_IS(text) \
  (name.size == sizeof(text) - 1 && memcmp(name.data, text, name.size) == 0)
  if (JSON_NAME_IS("key")) return json_bytes_get(scan, room, 0, &entry->key, key);
  if (JSON_NAME_IS("key64")) return json_bytes_get(scan, room, 1, &entry->key, key);
  if (JSON_NAME_IS("value")) return json_bytes_get(scan, room, 0, &entry->value, value);
  if (JSON_NAME_IS("value64")) return json_bytes_get(scan, room, 1, &entry->value, value);
  if (JSON_NAME_IS("expires")) {
    status = json_number_get(scan, INT64_MAX, &number);
    entry->expires = (int64_t)number;
    return status;
  }
  if (JSON_NAME_IS("version")) return json_number_get(scan, UINT64_MAX, &entry->version);
#undef JSON_NAME_IS
  return json_wrong(scan, "a field is none of key, key64, value, value64, expires, version");
}

int tvi_json_line_read(tv_slice line, tvi_buffer *room, tvi_json_entry *entry, const char **what) {
  json_scan scan = {line.data, (const unsigned char *)line.data + line.size, NULL};
  int key = 0, value = 0, status;

  *entry = (tvi_json_entry){.expires = -1};
  room->size = 0;
  status = tvi_buffer_reserve(room, line.size + 4);
  if (status != TV_OK) return status;
  if (!json_next_is(&scan, '{')) {
    status = json_wrong(&scan, "an object in braces was expected");
  } else {
    do {
      status = json_field_get(&scan, room, entry, &key, &value);
    } while (status == TV_OK && json_next_is(&scan, ','));
    if (status == TV_OK && !json_next_is(&scan, '}'))
      status = json_wrong(&scan, "',' or '}' was expected after a field");
    json_skip_space(&scan);
    if (status == TV_OK && scan.at != scan.end)
      status = json_wrong(&scan, "something follows the object");
    if (status == TV_OK && !key) status = json_wrong(&scan, "there is no \"key\"");
    if (status == TV_OK && !value) status = json_wrong(&scan, "there is no \"value\"");
  }
  *what = scan.what;
  return status;
}
