/* SPDX-License-Identifier: MIT */
/*
 * Cuts a SELECT into tokens exactly where SQLite's tokenizer cuts it. Words that SQLite reserves
 * and this grammar does not use come out as OTHER, so that they can never pass for a name; words
 * that SQLite lets be names are names. Taking SQLite's own list of keywords (sqlite3_keyword_check)
 * was chosen over a copy of it, which a newer SQLite would outgrow.
 */
#include <string.h>

#include "query_internal.h"

/* Keywords of the grammar. */
static const struct {
  char word[10];
  unsigned char kind;
} lex_words[] = {
#define LEX_WORD(name) {#name, TVI_QT_##name},
    TVI_QUERY_KEYWORDS(LEX_WORD)
#undef LEX_WORD
};

/* Keywords of other statements, which SQLite also takes for names. */
static const char lex_names[][12] = {
    "ABORT",     "ACTION",    "AFTER",     "ALWAYS",   "ANALYZE",   "ATTACH",    "BEFORE",
    "BEGIN",     "CASCADE",   "COLUMN",    "CONFLICT", "CURRENT",   "DATABASE",  "DEFERRED",
    "DETACH",    "DO",        "EACH",      "EXCLUDE",  "EXCLUSIVE", "FAIL",      "FOLLOWING",
    "FOR",       "GENERATED", "GROUPS",    "IF",       "IGNORE",    "IMMEDIATE", "INITIALLY",
    "INSTEAD",   "KEY",       "MATCH",     "NO",       "OF",        "OTHERS",    "PARTITION",
    "PRAGMA",    "PRECEDING", "RAISE",     "RANGE",    "RECURSIVE", "REGEXP",    "REINDEX",
    "RELEASE",   "RENAME",    "REPLACE",   "RESTRICT", "ROLLBACK",  "ROW",       "ROWS",
    "SAVEPOINT", "TEMP",      "TEMPORARY", "TIES",     "TRIGGER",   "UNBOUNDED", "VACUUM",
    "VIEW",      "VIRTUAL",   "WITHOUT"};

static int lex_is_digit(char c) {
  return c >= '0' && c <= '9';
}

static int lex_is_hex(char c) {
  return lex_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static int lex_is_word(char c) {
  return lex_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '$' || ((unsigned char)c & 0x80) != 0;
}

/* The byte i places further; 0 at the end. */
static char lex_peek(const tvi_query_lexer *lexer, uint32_t i) {
  return i < lexer->size - lexer->at ? lexer->sql[lexer->at + i] : '\0';
}

static void lex_skip_blanks(tvi_query_lexer *lexer) {
  for (;;) {
    char c = lex_peek(lexer, 0);
    if (c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r') {
      lexer->at++;
    } else if (c == '-' && lex_peek(lexer, 1) == '-') {
      while (lexer->at < lexer->size && lexer->sql[lexer->at] != '\n') lexer->at++;
    } else if (c == '/' && lex_peek(lexer, 1) == '*') {
      lexer->at += 2;
      while (lexer->at < lexer->size && !(lex_peek(lexer, 0) == '*' && lex_peek(lexer, 1) == '/'))
        lexer->at++;
      lexer->at = lexer->size - lexer->at > 2 ? lexer->at + 2 : lexer->size;
    } else {
      return;
    }
  }
}

/* Bytes of a quoted token; 0: it does not end. */
static uint32_t lex_quoted(const tvi_query_lexer *lexer, char close) {
  uint32_t i, left = lexer->size - lexer->at;
  for (i = 1; i < left; i++) {
    if (lexer->sql[lexer->at + i] != close) continue;
    if (close == ']' || lex_peek(lexer, i + 1) != close) return i + 1;
    i++;
  }
  return 0;
}

static tvi_query_token_kind lex_number(const tvi_query_lexer *lexer, uint32_t *size) {
  tvi_query_token_kind kind = TVI_QT_INTEGER;
  uint32_t i = 0;

  if (lex_peek(lexer, 0) == '0' && (lex_peek(lexer, 1) | 0x20) == 'x' &&
      lex_is_hex(lex_peek(lexer, 2))) {
    for (i = 3; lex_is_hex(lex_peek(lexer, i));) i++;
  } else {
    while (lex_is_digit(lex_peek(lexer, i))) i++;
    if (lex_peek(lexer, i) == '.') {
      kind = TVI_QT_FLOAT;
      i++;
      while (lex_is_digit(lex_peek(lexer, i))) i++;
    }
    if ((lex_peek(lexer, i) | 0x20) == 'e') {
      uint32_t sign = lex_peek(lexer, i + 1) == '+' || lex_peek(lexer, i + 1) == '-';
      if (lex_is_digit(lex_peek(lexer, i + 1 + sign))) {
        kind = TVI_QT_FLOAT;
        i += 2 + sign;
        while (lex_is_digit(lex_peek(lexer, i))) i++;
      }
    }
  }
  if (lex_is_word(lex_peek(lexer, i))) kind = TVI_QT_OTHER;
  *size = i;
  return kind;
}

/* ?, ?N, :name, @name, $name. The forms $a::b and $a(b) are left out. */
static tvi_query_token_kind lex_variable(const tvi_query_lexer *lexer, uint32_t *size) {
  uint32_t i = 1;
  if (lex_peek(lexer, 0) == '?') {
    while (lex_is_digit(lex_peek(lexer, i))) i++;
  } else {
    while (lex_is_word(lex_peek(lexer, i))) i++;
    if (i == 1 || lex_peek(lexer, i) == '(' || lex_peek(lexer, i) == ':') return TVI_QT_OTHER;
  }
  *size = i;
  return TVI_QT_VARIABLE;
}

static tvi_query_token_kind lex_word(const tvi_query_lexer *lexer, uint32_t *size) {
  const char *word = lexer->sql + lexer->at;
  uint32_t i = 1;
  size_t w;

  while (lex_is_word(lex_peek(lexer, i))) i++;
  *size = i;
  if (i == 1 && (word[0] | 0x20) == 'x' && lex_peek(lexer, 1) == '\'') {
    tvi_query_lexer quoted = *lexer;
    quoted.at++;
    *size = 1 + lex_quoted(&quoted, '\'');
    return *size > 1 ? TVI_QT_BLOB : TVI_QT_OTHER;
  }
  for (w = 0; w < sizeof lex_words / sizeof lex_words[0]; w++)
    if (strlen(lex_words[w].word) == i && sqlite3_strnicmp(word, lex_words[w].word, (int)i) == 0)
      return (tvi_query_token_kind)lex_words[w].kind;
  /* After a call these begin a window or a filter; elsewhere they are names. */
  if (i == 4 && sqlite3_strnicmp(word, "OVER", 4) == 0)
    return lexer->after_rp ? TVI_QT_OTHER : TVI_QT_ID;
  if (i == 6 && sqlite3_strnicmp(word, "FILTER", 6) == 0)
    return lexer->after_rp ? TVI_QT_OTHER : TVI_QT_ID;
  if (!sqlite3_keyword_check(word, (int)i)) return TVI_QT_ID;
  for (w = 0; w < sizeof lex_names / sizeof lex_names[0]; w++)
    if (strlen(lex_names[w]) == i && sqlite3_strnicmp(word, lex_names[w], (int)i) == 0)
      return TVI_QT_ID;
  return TVI_QT_OTHER;
}

static tvi_query_token_kind lex_mark(const tvi_query_lexer *lexer, uint32_t *size) {
  static const struct {
    char text[3];
    unsigned char kind;
  } marks[] = {
      /* the longer ones first */
      {"||", TVI_QT_CONCAT}, {"==", TVI_QT_EQ},    {"!=", TVI_QT_NE},     {"<>", TVI_QT_NE},
      {"<=", TVI_QT_LE},     {">=", TVI_QT_GE},    {"<<", TVI_QT_LSHIFT}, {">>", TVI_QT_RSHIFT},
      {"->", TVI_QT_OTHER},  {"(", TVI_QT_LP},     {")", TVI_QT_RP},      {",", TVI_QT_COMMA},
      {".", TVI_QT_DOT},     {"*", TVI_QT_STAR},   {"+", TVI_QT_PLUS},    {"-", TVI_QT_MINUS},
      {"/", TVI_QT_SLASH},   {"%", TVI_QT_REM},    {"=", TVI_QT_EQ},      {"<", TVI_QT_LT},
      {">", TVI_QT_GT},      {"&", TVI_QT_BITAND}, {"|", TVI_QT_BITOR},   {"~", TVI_QT_BITNOT}};
  size_t i;

  for (i = 0; i < sizeof marks / sizeof marks[0]; i++) {
    uint32_t length = (uint32_t)strlen(marks[i].text);
    if (lex_peek(lexer, 0) != marks[i].text[0]) continue;
    if (length == 2 && lex_peek(lexer, 1) != marks[i].text[1]) continue;
    *size = length;
    return (tvi_query_token_kind)marks[i].kind;
  }
  return TVI_QT_OTHER;
}

static tvi_query_token_kind lex_token(const tvi_query_lexer *lexer, uint32_t *size) {
  char c = lex_peek(lexer, 0);

  if (lex_is_digit(c) || (c == '.' && lex_is_digit(lex_peek(lexer, 1))))
    return lex_number(lexer, size);
  if (c == '\'' || c == '"' || c == '`' || c == '[') {
    *size = lex_quoted(lexer, c == '[' ? ']' : c);
    if (*size == 0) return TVI_QT_OTHER;
    return c == '\'' ? TVI_QT_STRING : TVI_QT_ID;
  }
  if (c == '?' || c == ':' || c == '@' || c == '$') return lex_variable(lexer, size);
  if (lex_is_word(c)) return lex_word(lexer, size);
  return lex_mark(lexer, size);
}

tvi_query_token_kind tvi_query_lex(tvi_query_lexer *lexer, tvi_query_text *text) {
  tvi_query_token_kind kind;
  uint32_t size = 0;

  lex_skip_blanks(lexer);
  text->at = lexer->at;
  text->size = 0;
  if (lexer->at == lexer->size || lex_peek(lexer, 0) == ';' || lex_peek(lexer, 0) == '\0')
    return TVI_QT_FINISH;
  kind = lex_token(lexer, &size);
  if (size == 0) size = 1; /* of what is no token, one byte is shown */
  text->size = size;
  lexer->at += size;
  lexer->after_rp = kind == TVI_QT_RP;
  return kind;
}
