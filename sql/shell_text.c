/* SPDX-License-Identifier: MIT */
/*
 * Strings of the shell: growing text, UTF-8, and the ways of quoting. sqlite3_str was rejected
 * because its silent out-of-memory state would have to be asked for after every use; here running
 * out of memory ends the program, which is safe at any moment: the store survives worse.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "shell_internal.h"

static void *shell_text_must(void *memory) {
  if (memory != NULL) return memory;
  fputs("Error: out of memory\n", stderr);
  exit(1);
}

void *shell_alloc(size_t bytes) {
  return shell_text_must(calloc(1, bytes > 0 ? bytes : 1));
}

void *shell_realloc(void *old, size_t bytes) {
  return shell_text_must(realloc(old, bytes > 0 ? bytes : 1));
}

void shell_free(void *old) {
  free(old);
}

char *shell_copy_bytes(tv_slice bytes) {
  char *copy = shell_alloc(bytes.size + 1);
  if (bytes.size > 0) memcpy(copy, bytes.data, bytes.size);
  return copy;
}

char *shell_copy(const char *text) {
  return shell_copy_bytes(tv_str(text));
}

/* ---- Growing text ---- */

void shell_text_add(shell_text *text, const void *data, size_t size) {
  if (size + 1 > text->capacity - text->size) {
    size_t capacity = text->capacity * 2;
    if (capacity < text->size + size + 1) capacity = text->size + size + 64;
    text->data = shell_realloc(text->data, capacity);
    text->capacity = capacity;
  }
  if (size > 0) memcpy(text->data + text->size, data, size);
  text->size += size;
  text->data[text->size] = '\0';
}

void shell_text_str(shell_text *text, const char *str) {
  shell_text_add(text, str, strlen(str));
}

void shell_text_char(shell_text *text, char c) {
  shell_text_add(text, &c, 1);
}

void shell_text_format(shell_text *text, const char *format, ...) {
  char small[128];
  va_list args;
  va_start(args, format);
  int size = vsnprintf(small, sizeof small, format, args);
  va_end(args);
  if (size < 0) return;
  if ((size_t)size < sizeof small) {
    shell_text_add(text, small, (size_t)size);
    return;
  }
  char *room = shell_alloc((size_t)size + 1);
  va_start(args, format);
  vsnprintf(room, (size_t)size + 1, format, args);
  va_end(args);
  shell_text_add(text, room, (size_t)size);
  shell_free(room);
}

void shell_text_free(shell_text *text) {
  shell_free(text->data);
  *text = (shell_text){0};
}

const char *shell_text_get(const shell_text *text) {
  return text->data != NULL ? text->data : "";
}

/* ---- UTF-8 ---- */

size_t shell_utf8_next(const char *at, size_t size, int32_t *point) {
  const unsigned char *byte = (const unsigned char *)at;
  static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
  size_t more;
  int32_t value;

  if (byte[0] < 0x80) {
    *point = byte[0];
    return 1;
  }
  if ((byte[0] & 0xe0) == 0xc0) {
    more = 1;
    value = byte[0] & 0x1f;
  } else if ((byte[0] & 0xf0) == 0xe0) {
    more = 2;
    value = byte[0] & 0x0f;
  } else if ((byte[0] & 0xf8) == 0xf0) {
    more = 3;
    value = byte[0] & 0x07;
  } else {
    *point = -1;
    return 1;
  }
  for (size_t i = 1; i <= more; i++) {
    if (i >= size || (byte[i] & 0xc0) != 0x80) {
      *point = -1;
      return 1;
    }
    value = value * 64 + (byte[i] & 0x3f);
  }
  bool bad = value < least[more] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff);
  *point = bad ? -1 : value;
  return bad ? 1 : more + 1;
}

int shell_utf8_width(int32_t point) {
  if (point < 0x300) return 1;
  int width = wcwidth((wchar_t)point);
  return width < 0 ? 1 : width;
}

bool shell_is_readable(tv_slice bytes) {
  const char *at = bytes.data;
  for (size_t i = 0; i < bytes.size;) {
    int32_t point;
    i += shell_utf8_next(at + i, bytes.size - i, &point);
    if (point < 0 || point == 0x7f) return false;
    if (point < 0x20 && point != '\n' && point != '\t' && point != '\r') return false;
  }
  return true;
}

/* ---- Numbers ---- */

bool shell_is_integer(const char *text, int64_t *value) {
  char *end;
  const char *digits = text[0] == '-' || text[0] == '+' ? text + 1 : text;
  if (digits[0] < '0' || digits[0] > '9') return false;
  errno = 0;
  long long number = strtoll(text, &end, 10);
  if (errno != 0 || *end != '\0') return false;
  *value = number;
  return true;
}

bool shell_is_real(const char *text, double *value) {
  char *end;
  /* strtod would also take "nan", "infinity" and hexadecimal. */
  if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0') return false;
  *value = strtod(text, &end);
  return *end == '\0' && isfinite(*value);
}

void shell_format_real(shell_text *out, double value) {
  char digits[64];
  if (isinf(value)) {
    shell_text_str(out, value > 0 ? "1e999" : "-1e999");
    return;
  }
  sqlite3_snprintf((int)sizeof digits, digits, "%!.15g", value);
  /* 15 digits read best; some numbers need 16 or 17 to be told from their neighbours. */
  if (strtod(digits, NULL) != value) sqlite3_snprintf((int)sizeof digits, digits, "%!.16g", value);
  if (strtod(digits, NULL) != value) sqlite3_snprintf((int)sizeof digits, digits, "%!.17g", value);
  if (strtod(digits, NULL) != value) snprintf(digits, sizeof digits, "%.17g", value);
  shell_text_str(out, digits);
}

/* ---- Quoting ---- */

void shell_quote_sql(shell_text *out, tv_slice bytes) {
  const char *at = bytes.data;
  if (bytes.size > 0 && memchr(at, '\0', bytes.size) != NULL) {
    /* SQL text ends at a NUL byte: only a blob carries it. */
    shell_text_str(out, "CAST(");
    shell_quote_blob(out, bytes);
    shell_text_str(out, " AS TEXT)");
    return;
  }
  shell_text_char(out, '\'');
  for (size_t i = 0; i < bytes.size; i++) {
    if (at[i] == '\'') shell_text_char(out, '\'');
    shell_text_char(out, at[i]);
  }
  shell_text_char(out, '\'');
}

void shell_quote_name(shell_text *out, const char *name) {
  bool plain = name[0] != '\0' && (name[0] < '0' || name[0] > '9');
  for (const char *c = name; *c != '\0' && plain; c++) {
    plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || *c == '_' ||
            (*c >= '0' && *c <= '9');
  }
  if (plain && !sqlite3_keyword_check(name, (int)strlen(name))) {
    shell_text_str(out, name);
    return;
  }
  shell_text_char(out, '"');
  for (const char *c = name; *c != '\0'; c++) {
    if (*c == '"') shell_text_char(out, '"');
    shell_text_char(out, *c);
  }
  shell_text_char(out, '"');
}

void shell_quote_blob(shell_text *out, tv_slice bytes) {
  static const char digits[] = "0123456789abcdef";
  const unsigned char *at = bytes.data;
  shell_text_str(out, "x'");
  for (size_t i = 0; i < bytes.size; i++) {
    char pair[2] = {digits[at[i] >> 4], digits[at[i] & 15]};
    shell_text_add(out, pair, 2);
  }
  shell_text_char(out, '\'');
}

void shell_quote_json(shell_text *out, tv_slice bytes) {
  const char *at = bytes.data;
  shell_text_char(out, '"');
  for (size_t i = 0; i < bytes.size;) {
    int32_t point;
    size_t used = shell_utf8_next(at + i, bytes.size - i, &point);
    if (point < 0) {
      shell_text_str(out, "\xef\xbf\xbd"); /* JSON is UTF-8: U+FFFD stands for what is not */
    } else if (point == '"' || point == '\\') {
      shell_text_char(out, '\\');
      shell_text_char(out, at[i]);
    } else if (point == '\n') {
      shell_text_str(out, "\\n");
    } else if (point == '\t') {
      shell_text_str(out, "\\t");
    } else if (point == '\r') {
      shell_text_str(out, "\\r");
    } else if (point < 0x20 || point == 0x7f) {
      shell_text_format(out, "\\u%04x", (unsigned)point);
    } else {
      shell_text_add(out, at + i, used);
    }
    i += used;
  }
  shell_text_char(out, '"');
}

void shell_quote_csv(shell_text *out, tv_slice bytes, const char *separator) {
  const char *at = bytes.data;
  /* An empty text is quoted, so that it differs from a NULL. */
  bool quote = bytes.size == 0;
  for (size_t i = 0; i < bytes.size && !quote; i++) {
    quote = at[i] == '"' || at[i] == '\n' || at[i] == '\r' ||
            (separator[0] != '\0' && strchr(separator, at[i]) != NULL);
  }
  if (!quote) {
    shell_text_add(out, at, bytes.size);
    return;
  }
  shell_text_char(out, '"');
  for (size_t i = 0; i < bytes.size; i++) {
    if (at[i] == '"') shell_text_char(out, '"');
    shell_text_char(out, at[i]);
  }
  shell_text_char(out, '"');
}

static int shell_text_hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

tv_slice shell_unquote_bytes(char *word) {
  size_t size = strlen(word);
  bool is_hex = size >= 3 && (word[0] == 'x' || word[0] == 'X') && word[1] == '\'' &&
                word[size - 1] == '\'' && size % 2 == 1;
  for (size_t i = 2; is_hex && i < size - 1; i++) is_hex = shell_text_hex(word[i]) >= 0;
  if (!is_hex) return tv_str(word);
  size_t count = (size - 3) / 2;
  for (size_t i = 0; i < count; i++) {
    int byte = shell_text_hex(word[2 + 2 * i]) * 16 + shell_text_hex(word[3 + 2 * i]);
    word[i] = (char)(unsigned char)byte;
  }
  return tv_bytes(word, count);
}
