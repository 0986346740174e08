/* SPDX-License-Identifier: MIT */
/*
 * A table-driven parser. getopt_long was rejected: it knows neither kinds nor help texts, so every
 * subcommand would repeat both.
 */
#include "arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void arguments_help(const char *command, const char *about, const argument_option *options,
                           size_t n) {
  size_t i;
  printf("%s [OPTIONS]\n%s\n\n", command, about);
  for (i = 0; i < n; i++) {
    char left[64];
    snprintf(left, sizeof left, "%s%s%s", options[i].name, options[i].value != NULL ? " " : "",
             options[i].value != NULL ? options[i].value : "");
    printf("  %-20s %s\n", left, options[i].help);
  }
  printf("  %-20s %s\n", "--help", "this text");
}

static int arguments_number(const char *text, uint64_t *out) {
  uint64_t n = 0;
  const char *p;
  if (text[0] == '\0') return -1;
  for (p = text; *p != '\0'; p++) {
    if ((*p == ',' || *p == '_') && p > text) continue;
    if (*p < '0' || *p > '9' || n > (UINT64_MAX - 9) / 10) return -1;
    n = 10 * n + (uint64_t)(*p - '0');
  }
  *out = n;
  return 0;
}

static int arguments_set(const char *command, const argument_option *option, const char *value) {
  if (option->kind == ARGUMENT_FLAG) {
    *(int *)option->into = 1;
  } else if (option->kind == ARGUMENT_TEXT) {
    *(const char **)option->into = value;
  } else if (arguments_number(value, option->into) != 0) {
    fprintf(stderr, "%s: %s takes a number, not '%s'\n", command, option->name, value);
    return -1;
  }
  return 0;
}

int arguments_parse(const char *command, const char *about, const argument_option *options,
                    size_t n, int argc, char **argv) {
  int a;
  for (a = 0; a < argc; a++) {
    const char *equals = strchr(argv[a], '=');
    size_t size = equals != NULL ? (size_t)(equals - argv[a]) : strlen(argv[a]), i;
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (strcmp(argv[a], "--help") == 0 || strcmp(argv[a], "-h") == 0) {
      arguments_help(command, about, options, n);
      return 1;
    }
    for (i = 0; i < n; i++)
      if (strlen(options[i].name) == size && memcmp(options[i].name, argv[a], size) == 0) break;
    if (i == n) {
      fprintf(stderr, "%s: no such option: %s (try --help)\n", command, argv[a]);
      return -1;
    }
    if (options[i].kind == ARGUMENT_FLAG && value != NULL) {
      fprintf(stderr, "%s: %s takes no value\n", command, options[i].name);
      return -1;
    }
    if (options[i].kind != ARGUMENT_FLAG && value == NULL) {
      if (a + 1 == argc) {
        fprintf(stderr, "%s: %s needs a value: %s\n", command, options[i].name, options[i].value);
        return -1;
      }
      value = argv[++a];
    }
    if (arguments_set(command, &options[i], value) != 0) return -1;
  }
  return 0;
}

int arguments_threads(const char *command, const char *text, unsigned most, size_t counts_most,
                      unsigned *counts, size_t *n) {
  *n = 0;
  while (*text != '\0') {
    char *end;
    unsigned long count = strtoul(text, &end, 10);
    if (end == text || count < 1 || count > most || (*end != ',' && *end != '\0') ||
        *n == counts_most) {
      fprintf(stderr, "%s: --threads takes up to %zu numbers from 1 to %u: 1,2\n", command,
              counts_most, most);
      return -1;
    }
    counts[(*n)++] = (unsigned)count;
    text = *end == ',' ? end + 1 : end;
  }
  return 0;
}

const char *arguments_joined(char *out, size_t size, int argc, char **argv) {
  size_t at = (size_t)snprintf(out, size, "trivet-bench");
  int a;
  for (a = -1; a < argc && at < size; a++)
    at += (size_t)snprintf(out + at, size - at, " %s", argv[a]);
  return out;
}
