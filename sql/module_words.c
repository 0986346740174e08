/* SPDX-License-Identifier: MIT */
/*
 * The words behind USING module(...), which SQLite hands over as they were written: a name in
 * quotes, options as name=value. For the modules that look at what is there already; columnar
 * tables, whose words declare columns, have a parser of their own.
 */
#include <string.h>

#include "conn_internal.h"

static int module_is_blank(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

char *tvi_word_unquote(const char *text) {
  size_t size, in, out = 0;
  char quote, *copy;

  while (module_is_blank(*text)) text++;
  size = strlen(text);
  while (size > 0 && module_is_blank(text[size - 1])) size--;
  copy = tvi_alloc(size + 1);
  if (copy == NULL) return NULL;
  quote = size >= 2 ? text[0] : '\0';
  if (quote == '[') quote = ']';
  if ((quote != '\'' && quote != '"' && quote != '`' && quote != ']') || text[size - 1] != quote) {
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
  }
  for (in = 1; in < size - 1; in++) {
    copy[out++] = text[in];
    if (quote != ']' && text[in] == quote && in + 1 < size - 1 && text[in + 1] == quote) in++;
  }
  copy[out] = '\0';
  return copy;
}

int tvi_word_option(const char *argument, const char **name, size_t *size, char **value) {
  const char *equals = strchr(argument, '=');

  if (equals == NULL) return SQLITE_ERROR;
  while (module_is_blank(*argument)) argument++;
  *name = argument;
  *size = (size_t)(equals - argument);
  while (*size > 0 && module_is_blank(argument[*size - 1])) --*size;
  *value = tvi_word_unquote(equals + 1);
  return *value == NULL ? SQLITE_NOMEM : SQLITE_OK;
}

const char *tvi_word_switch(const char *text, int *on) {
  static const char *const words[] = {"0", "1", "off", "on", "no", "yes", "false", "true"};
  size_t i;

  for (i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (sqlite3_stricmp(words[i], text) != 0) continue;
    *on = (int)(i & 1);
    return NULL;
  }
  return "0 or 1";
}

char *tvi_word_copy(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = tvi_alloc(size);
  if (copy != NULL) memcpy(copy, text, size);
  return copy;
}
