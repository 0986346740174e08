/* SPDX-License-Identifier: MIT */
/*
 * Takes a dot command's line apart, by sqlite3's rules of quoting, and checks it against the usage
 * text that .help shows. The usage is the specification: getopt tables beside it were rejected,
 * because two descriptions of one command drift apart.
 */
#include <string.h>

#include "shell_internal.h"

static bool shell_words_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* One backslash escape, as in C; *in stands behind the backslash. */
static char shell_words_escape(const char **in) {
  char c = *(*in)++;
  if (c == 'n') return '\n';
  if (c == 't') return '\t';
  if (c == 'r') return '\r';
  if (c < '0' || c > '7') return c;
  int value = c - '0';
  for (int i = 0; i < 2 && **in >= '0' && **in <= '7'; i++) value = value * 8 + (*(*in)++ - '0');
  return (char)(unsigned char)value;
}

/* A quoted word; *in stands on the opening quote. Returns false when it is never closed. */
static bool shell_words_quoted(const char **in, char **out) {
  char quote = *(*in)++;
  while (**in != '\0') {
    char c = *(*in)++;
    if (c == quote) {
      if (quote == '"' || **in != quote) return true;
      (*in)++; /* '' within single quotes is one */
    } else if (c == '\\' && quote == '"' && **in != '\0') {
      c = shell_words_escape(in);
    }
    *(*out)++ = c;
  }
  return false;
}

/* A bare word. name="a b" keeps its quotes, and the blanks within. */
static bool shell_words_bare(const char **in, char **out) {
  while (**in != '\0' && !shell_words_blank(**in)) {
    char c = *(*in)++;
    *(*out)++ = c;
    if (c != '=' || (**in != '"' && **in != '\'')) continue;
    char quote = **in;
    *(*out)++ = *(*in)++;
    while (**in != '\0' && **in != quote) *(*out)++ = *(*in)++;
    if (**in == '\0') return false;
    *(*out)++ = *(*in)++;
  }
  return true;
}

int shell_words_split(shell *sh, const char *line, shell_words *words) {
  const char *in = line;
  words->n = 0;
  /* Each word takes at most its own length and a NUL where a blank or a quote stood. */
  words->line = shell_alloc(strlen(line) + 2);
  char *out = words->line;
  for (;;) {
    while (shell_words_blank(*in)) in++;
    if (*in == '\0') return 0;
    if (words->n == SHELL_WORDS_MAX) {
      shell_words_free(words);
      return shell_fail(sh, NULL, "a command has at most %d words", SHELL_WORDS_MAX);
    }
    words->quoted[words->n] = *in == '"' || *in == '\'';
    words->v[words->n] = out;
    bool closed =
        words->quoted[words->n] ? shell_words_quoted(&in, &out) : shell_words_bare(&in, &out);
    if (!closed) {
      shell_words_free(words);
      return shell_fail(sh, "close it on the same line", "a quote is not closed");
    }
    *out++ = '\0';
    words->n++;
  }
}

void shell_words_free(shell_words *words) {
  shell_free(words->line);
  words->line = NULL;
  words->n = 0;
}

/* ---- The usage text ---- */

/* One part of a usage text. */
typedef struct shell_usage_part {
  const char *at; /* its name */
  size_t size;
  bool optional, many, option, takes_value;
} shell_usage_part;

static bool shell_usage_next(const char **usage, shell_usage_part *part) {
  const char *at = *usage + strspn(*usage, " ");
  if (*at == '\0') return false;
  *part = (shell_usage_part){.at = at};
  part->optional = *at == '[';
  if (part->optional) part->at = ++at;
  part->option = strncmp(at, "--", 2) == 0;
  part->size = strcspn(at, part->optional ? " ]." : " .");
  size_t whole = strcspn(at, part->optional ? "]" : " ");
  part->takes_value = part->option && part->size < whole;
  part->many = whole >= 3 && strncmp(at + whole - 3, "...", 3) == 0;
  at += whole;
  if (part->optional && *at == ']') at++;
  if (strncmp(at, "...", 3) == 0) {
    part->many = true;
    at += 3;
  }
  *usage = at;
  return true;
}

static bool shell_usage_option(const char *usage, const char *word, shell_usage_part *part) {
  while (shell_usage_next(&usage, part)) {
    if (part->option && strlen(word) == part->size && strncmp(part->at, word, part->size) == 0)
      return true;
  }
  return false;
}

static int shell_usage_fail(shell *sh, const char *command, const char *usage, const char *what,
                            const char *word) {
  shell_text remedy = {0};
  shell_text_format(&remedy, "usage: %s%s%s", command, usage[0] != '\0' ? " " : "", usage);
  int rc = shell_fail(sh, remedy.data, "%s%s", what, word);
  shell_text_free(&remedy);
  return rc;
}

static int shell_args_count(shell *sh, const char *command, const char *usage,
                            const shell_args *args) {
  const char *at = usage;
  shell_usage_part part;
  int position = 0;
  bool many = false;
  while (shell_usage_next(&at, &part)) {
    if (part.option) continue;
    position++;
    many = many || part.many;
    if (part.optional || args->n >= position) continue;
    shell_text missing = {0};
    shell_text_format(&missing, "%.*s is missing", (int)part.size, part.at);
    int rc = shell_usage_fail(sh, command, usage, missing.data, "");
    shell_text_free(&missing);
    return rc;
  }
  if (args->n > position && !many)
    return shell_usage_fail(sh, command, usage, "unexpected argument: ", args->v[position]);
  return 0;
}

int shell_args_bind(shell *sh, const shell_words *words, int first, const char *command,
                    const char *usage, shell_args *args) {
  bool only_positions = false;
  args->n = 0;
  args->options = 0;
  for (int i = first; i < words->n; i++) {
    char *word = words->v[i];
    shell_usage_part part;
    if (only_positions || words->quoted[i] || strncmp(word, "--", 2) != 0) {
      args->v[args->n++] = word;
      continue;
    }
    if (word[2] == '\0') {
      only_positions = true;
      continue;
    }
    if (!shell_usage_option(usage, word, &part))
      return shell_usage_fail(sh, command, usage, "unknown option: ", word);
    if (part.takes_value && i + 1 == words->n)
      return shell_usage_fail(sh, command, usage, "a value is missing after ", word);
    if (args->options == SHELL_OPTIONS_MAX)
      return shell_fail(sh, NULL, "a command has at most %d options", SHELL_OPTIONS_MAX);
    args->option[args->options] = word;
    args->value[args->options++] = part.takes_value ? words->v[++i] : NULL;
  }
  return shell_args_count(sh, command, usage, args);
}

/* ---- Options ---- */

bool shell_has(const shell_args *args, const char *option) {
  for (int i = 0; i < args->options; i++) {
    if (strcmp(args->option[i], option) == 0) return true;
  }
  return false;
}

char *shell_option(const shell_args *args, const char *option) {
  for (int i = args->options - 1; i >= 0; i--) { /* the last one counts */
    if (strcmp(args->option[i], option) == 0) return args->value[i];
  }
  return NULL;
}

int shell_option_count(shell *sh, const shell_args *args, const char *option, uint64_t otherwise,
                       uint64_t *value) {
  const char *word = shell_option(args, option);
  int64_t number;
  *value = otherwise;
  if (word == NULL) return 0;
  if (!shell_is_integer(word, &number) || number < 0)
    return shell_fail(sh, "give a whole number", "%s is no count for %s", word, option);
  *value = (uint64_t)number;
  return 0;
}

int shell_on_off(shell *sh, const char *word, bool *value) {
  static const char *const on[] = {"on", "yes", "true", "1"};
  static const char *const off[] = {"off", "no", "false", "0"};
  for (size_t i = 0; i < sizeof on / sizeof on[0]; i++) {
    bool is_on = sqlite3_stricmp(word, on[i]) == 0;
    if (!is_on && sqlite3_stricmp(word, off[i]) != 0) continue;
    *value = is_on;
    return 0;
  }
  return shell_fail(sh, "say on or off", "neither on nor off: %s", word);
}
