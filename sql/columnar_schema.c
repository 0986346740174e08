/* SPDX-License-Identifier: MIT */
/*
 * The words between the parentheses of USING columnar(...): columns with a type, NOT NULL, COLLATE
 * and PRIMARY KEY, and the clauses PRIMARY KEY(...) and ORDER BY(...). A word that is not
 * understood is an error: taking it for part of a type, as SQLite does, would let NOT NUL pass.
 *
 * The record in the catalogue: version (1), le16 columns, le16 columns of the key, le16 columns of
 * the order; per column its type's letter, flags (1 NOT NULL, 2 NOCASE), le16 size of its name, the
 * name; then le16 numbers of the key's and the order's columns.
 */
#include <string.h>

#include "columnar_internal.h"
#include "encode_internal.h"

#define SCHEMA_WORD_MAX 256
#define SCHEMA_VERSION 1

typedef struct schema_parser {
  const char *at;
  tvi_col_schema *schema;
  char **message;
  char word[SCHEMA_WORD_MAX]; /* the last one; "" at the end of the argument */
  int quoted;
} schema_parser;

static const struct {
  const char *word;
  int type;
} schema_types[] = {
    {"INTEGER", TVI_COL_INTEGER},  {"INT", TVI_COL_INTEGER},     {"BIGINT", TVI_COL_INTEGER},
    {"SMALLINT", TVI_COL_INTEGER}, {"TINYINT", TVI_COL_INTEGER}, {"REAL", TVI_COL_REAL},
    {"FLOAT", TVI_COL_REAL},       {"DOUBLE", TVI_COL_REAL},     {"TEXT", TVI_COL_TEXT},
    {"VARCHAR", TVI_COL_TEXT},     {"CHAR", TVI_COL_TEXT},       {"BLOB", TVI_COL_BLOB},
    {"DATE", TVI_COL_DATE},
};

const char *tvi_col_type_name(int type) {
  switch (type) {
    case TVI_COL_INTEGER:
      return "INTEGER";
    case TVI_COL_REAL:
      return "REAL";
    case TVI_COL_TEXT:
      return "TEXT";
    case TVI_COL_DATE:
      return "DATE";
    default:
      return "BLOB";
  }
}

static int schema_fail(schema_parser *p, char *message) {
  sqlite3_free(*p->message);
  *p->message = message;
  return message == NULL ? SQLITE_NOMEM : SQLITE_ERROR;
}

/* ---- Words ---- */

static int schema_is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || (unsigned char)c >= 0x80;
}

static int schema_quoted(schema_parser *p, char quote, size_t *size) {
  char end = quote == '[' ? ']' : quote;

  for (p->at++; *p->at != '\0'; p->at++) {
    if (*p->at == end && (end == ']' || p->at[1] != end)) {
      p->at++;
      return SQLITE_OK;
    }
    if (*p->at == end) p->at++;
    if (*size + 1 >= SCHEMA_WORD_MAX) break;
    p->word[(*size)++] = *p->at;
  }
  return schema_fail(
      p, sqlite3_mprintf("columnar: a quoted name does not end or is too long: %.40s", p->word));
}

/* The next word, or one character of punctuation. */
static int schema_next(schema_parser *p) {
  size_t size = 0;
  int code = SQLITE_OK;

  while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r') p->at++;
  p->quoted = *p->at == '"' || *p->at == '`' || *p->at == '[' || *p->at == '\'';
  memset(p->word, 0, sizeof p->word);
  if (p->quoted) {
    code = schema_quoted(p, *p->at, &size);
  } else if (*p->at != '\0' && !schema_is_name(*p->at)) {
    p->word[size++] = *p->at++;
  } else {
    while (schema_is_name(*p->at)) {
      if (size + 1 >= SCHEMA_WORD_MAX)
        return schema_fail(p, sqlite3_mprintf("columnar: a word is too long: %.40s", p->word));
      p->word[size++] = *p->at++;
    }
  }
  return code;
}

static int schema_is(const schema_parser *p, const char *word) {
  return !p->quoted && sqlite3_stricmp(p->word, word) == 0;
}

static int schema_expect(schema_parser *p, const char *word) {
  int code = schema_next(p);
  if (code != SQLITE_OK || schema_is(p, word)) return code;
  return schema_fail(p, sqlite3_mprintf("columnar: \"%s\" stands where %s should", p->word, word));
}

/* ---- Columns ---- */

static int schema_find(const tvi_col_schema *schema, const char *name) {
  int i;
  for (i = 0; i < schema->columns; i++)
    if (sqlite3_stricmp(schema->column[i].name, name) == 0) return i;
  return -1;
}

/* Appends a column's number to a list. */
static int schema_list_add(schema_parser *p, int **list, int *count, int column) {
  int *grown, i;

  for (i = 0; i < *count; i++) {
    if ((*list)[i] == column)
      return schema_fail(
          p, sqlite3_mprintf("columnar: column %s is named twice", p->schema->column[column].name));
  }
  grown = tvi_realloc(*list, ((size_t)*count + 1) * sizeof **list);
  if (grown == NULL) return SQLITE_NOMEM;
  *list = grown;
  grown[(*count)++] = column;
  return SQLITE_OK;
}

/* One more column named by the current word. */
static int schema_add(schema_parser *p, tvi_col_column **out) {
  tvi_col_schema *schema = p->schema;
  tvi_col_column *grown;
  size_t size = strlen(p->word) + 1;

  if (size == 1 || (!p->quoted && !schema_is_name(p->word[0])))
    return schema_fail(p, sqlite3_mprintf("columnar: a column has no name"));
  if (schema_find(schema, p->word) >= 0)
    return schema_fail(p, sqlite3_mprintf("columnar: two columns are named %s", p->word));
  if (sqlite3_stricmp(p->word, TVI_COL_COMMAND) == 0)
    return schema_fail(p, sqlite3_mprintf("columnar: a column cannot be named " TVI_COL_COMMAND));
  if (schema->columns == TVI_COL_COLUMNS_MAX)
    return schema_fail(
        p, sqlite3_mprintf("columnar: a table has at most %d columns", TVI_COL_COLUMNS_MAX));
  grown = tvi_realloc(schema->column, ((size_t)schema->columns + 1) * sizeof *grown);
  if (grown == NULL) return SQLITE_NOMEM;
  schema->column = grown;
  *out = &grown[schema->columns];
  memset(*out, 0, sizeof **out);
  (*out)->name = tvi_alloc(size);
  if ((*out)->name == NULL) return SQLITE_NOMEM;
  memcpy((*out)->name, p->word, size);
  schema->columns++;
  return SQLITE_OK;
}

static int schema_type(schema_parser *p, tvi_col_column *column) {
  size_t i;
  int code = schema_next(p);

  for (i = 0; code == SQLITE_OK && i < sizeof schema_types / sizeof schema_types[0]; i++) {
    if (!schema_is(p, schema_types[i].word)) continue;
    column->type = schema_types[i].type;
    code = schema_next(p);
    if (code == SQLITE_OK && schema_is(p, "PRECISION") && column->type == TVI_COL_REAL)
      code = schema_next(p);
    if (code != SQLITE_OK || !schema_is(p, "(")) return code;
    while (code == SQLITE_OK && !schema_is(p, ")") && *p->at != '\0') code = schema_next(p);
    return code == SQLITE_OK ? schema_next(p) : code;
  }
  if (code != SQLITE_OK) return code;
  return schema_fail(p, sqlite3_mprintf("columnar: column %s has the type \"%s\"; there are "
                                        "INTEGER, REAL, TEXT, BLOB and DATE",
                                        column->name, p->word));
}

static int schema_collate(schema_parser *p, tvi_col_column *column) {
  int code = schema_next(p);

  if (code != SQLITE_OK) return code;
  column->nocase = sqlite3_stricmp(p->word, "NOCASE") == 0;
  if (!column->nocase && sqlite3_stricmp(p->word, "BINARY") != 0)
    return schema_fail(p, sqlite3_mprintf("columnar: column %s: collation %s is not BINARY or "
                                          "NOCASE",
                                          column->name, p->word));
  if (column->nocase && column->type != TVI_COL_TEXT)
    return schema_fail(p, sqlite3_mprintf("columnar: column %s: NOCASE is for TEXT", column->name));
  return SQLITE_OK;
}

static int schema_column(schema_parser *p) {
  tvi_col_column *column = NULL;
  int code = schema_add(p, &column);

  if (code == SQLITE_OK) code = schema_type(p, column);
  while (code == SQLITE_OK && p->word[0] != '\0') {
    if (schema_is(p, "NOT")) {
      code = schema_expect(p, "NULL");
      column->not_null = 1;
    } else if (schema_is(p, "COLLATE")) {
      code = schema_collate(p, column);
    } else if (schema_is(p, "PRIMARY")) {
      code = schema_expect(p, "KEY");
      if (code == SQLITE_OK && p->schema->keys > 0)
        code = schema_fail(p, sqlite3_mprintf("columnar: there are two primary keys"));
      if (code == SQLITE_OK)
        code = schema_list_add(p, &p->schema->key, &p->schema->keys, p->schema->columns - 1);
    } else {
      return schema_fail(p, sqlite3_mprintf("columnar: column %s: \"%s\" is not understood",
                                            column->name, p->word));
    }
    if (code == SQLITE_OK) code = schema_next(p);
  }
  return code;
}

/* "(a, b)" to the end of the argument. */
static int schema_clause(schema_parser *p, int **list, int *count) {
  int code = schema_expect(p, "(");

  if (code == SQLITE_OK && *count > 0)
    return schema_fail(p, sqlite3_mprintf("columnar: a clause stands there twice"));
  while (code == SQLITE_OK) {
    int column;
    code = schema_next(p);
    if (code != SQLITE_OK) return code;
    column = schema_find(p->schema, p->word);
    if (column < 0)
      return schema_fail(
          p, sqlite3_mprintf("columnar: a clause names \"%s\", which is no column before it",
                             p->word));
    code = schema_list_add(p, list, count, column);
    if (code == SQLITE_OK) code = schema_next(p);
    if (code == SQLITE_OK && schema_is(p, ")")) break;
    if (code == SQLITE_OK && !schema_is(p, ","))
      return schema_fail(p,
                         sqlite3_mprintf("columnar: \"%s\" stands in a list of columns", p->word));
  }
  return code == SQLITE_OK ? schema_expect(p, "") : code;
}

/* 1 when the words that follow are `word` and a parenthesis: a clause, not a column of that name.
 */
static int schema_is_clause(const schema_parser *p, const char *first, const char *second) {
  schema_parser ahead = *p;
  char *message = NULL;
  int is;

  ahead.message = &message;
  is = schema_is(p, first) && schema_next(&ahead) == SQLITE_OK && schema_is(&ahead, second) &&
       schema_next(&ahead) == SQLITE_OK && schema_is(&ahead, "(");
  sqlite3_free(message);
  return is;
}

static int schema_argument(schema_parser *p) {
  int code = schema_next(p);

  if (code != SQLITE_OK) return code;
  if (schema_is_clause(p, "PRIMARY", "KEY")) {
    (void)schema_next(p);
    return schema_clause(p, &p->schema->key, &p->schema->keys);
  }
  if (schema_is_clause(p, "ORDER", "BY")) {
    (void)schema_next(p);
    return schema_clause(p, &p->schema->order, &p->schema->orders);
  }
  return schema_column(p);
}

int tvi_col_schema_parse(int argc, const char *const *argv, tvi_col_schema *schema,
                         char **message) {
  schema_parser p = {.schema = schema, .message = message};
  int i, code = SQLITE_OK;

  for (i = 0; i < argc && code == SQLITE_OK; i++) {
    p.at = argv[i];
    code = schema_argument(&p);
  }
  if (code == SQLITE_OK && schema->columns == 0)
    return schema_fail(&p, sqlite3_mprintf("columnar: a table has columns, as in "
                                           "USING columnar(a INTEGER, b TEXT)"));
  for (i = 0; code == SQLITE_OK && i < schema->keys; i++)
    schema->column[schema->key[i]].not_null = 1;
  return code;
}

void tvi_col_schema_free(tvi_col_schema *schema) {
  int i;
  for (i = 0; i < schema->columns; i++) tvi_free(schema->column[i].name);
  tvi_free(schema->column);
  tvi_free(schema->key);
  tvi_free(schema->order);
  memset(schema, 0, sizeof *schema);
}

/* ---- As a record, as SQL ---- */

static int schema_put_u16(tvi_buffer *out, int number) {
  unsigned char bytes[2];
  tvi_store_le16(bytes, (uint16_t)number);
  return tvi_buffer_append(out, bytes, sizeof bytes);
}

int tvi_col_schema_record(const tvi_col_schema *schema, tvi_buffer *out) {
  unsigned char byte = SCHEMA_VERSION;
  int i, status = tvi_buffer_append(out, &byte, 1);

  if (status == TV_OK) status = schema_put_u16(out, schema->columns);
  if (status == TV_OK) status = schema_put_u16(out, schema->keys);
  if (status == TV_OK) status = schema_put_u16(out, schema->orders);
  for (i = 0; i < schema->columns && status == TV_OK; i++) {
    const tvi_col_column *column = &schema->column[i];
    unsigned char head[2] = {
        (unsigned char)column->type,
        (unsigned char)((column->not_null ? 1 : 0) | (column->nocase ? 2 : 0))};
    status = tvi_buffer_append(out, head, sizeof head);
    if (status == TV_OK) status = schema_put_u16(out, (int)strlen(column->name));
    if (status == TV_OK) status = tvi_buffer_append(out, column->name, strlen(column->name));
  }
  for (i = 0; i < schema->keys && status == TV_OK; i++)
    status = schema_put_u16(out, schema->key[i]);
  for (i = 0; i < schema->orders && status == TV_OK; i++)
    status = schema_put_u16(out, schema->order[i]);
  return status;
}

char *tvi_col_schema_sql(const tvi_col_schema *schema) {
  sqlite3_str *sql = sqlite3_str_new(NULL);
  int i;

  sqlite3_str_appendall(sql, "CREATE TABLE x(");
  for (i = 0; i < schema->columns; i++) {
    const tvi_col_column *column = &schema->column[i];
    sqlite3_str_appendf(sql, "\"%w\" %s%s%s, ", column->name, tvi_col_type_name(column->type),
                        column->not_null ? " NOT NULL" : "",
                        column->nocase ? " COLLATE NOCASE" : "");
  }
  sqlite3_str_appendall(sql, TVI_COL_COMMAND " HIDDEN)");
  return sqlite3_str_finish(sql);
}
