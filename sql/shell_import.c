/* SPDX-License-Identifier: MIT */
/*
 * .import of CSV into a table. All rows or none: the import is one savepoint, and a bad line ends
 * it with its number. Padding short rows with NULL, as sqlite3 does, was rejected: a lost separator
 * would shift the rest of the line unnoticed. A table that is missing is created from the header,
 * with the narrowest type that holds each column's values exactly as they are written, so that
 * 007 stays a text.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "shell_internal.h"

const char shell_import_nothing[] = "correct the file and import it again; nothing was imported";

/* ---- What all kinds of import share ---- */

void shell_import_rewind(shell_import_call *call, long *line) {
  rewind(call->file); /* a pipe stays where it is: it is read once */
  *line = 1;
  call->rows = 0;
  for (uint64_t i = 0; i < call->skip; i++) {
    char *skipped = shell_line_read(call->file);
    if (skipped == NULL) return;
    shell_free(skipped);
    (*line)++;
  }
}

bool shell_import_tick(shell_import_call *call) {
  call->rows++;
  if (call->rows % 100000 == 0 && call->sh->interactive && isatty(STDERR_FILENO))
    fprintf(stderr, "\r%llu rows", (unsigned long long)call->rows);
  return shell_interrupted();
}

int shell_import_fail(shell_import_call *call, int status) {
  shell *sh = call->sh;
  if (status == TV_EINVAL || status == TV_EKEYSIZE || status == TV_ECORRUPT)
    return shell_fail(sh, shell_import_nothing, "%s", sh->error.message);
  return shell_fail_status(sh, status, &sh->error, call->name);
}

int shell_import_line_bad(const shell_import_call *call, long line, const char *what) {
  return shell_refuse(call->sh, TV_EINVAL, "%s:%ld: %s", call->path, line, what);
}

bool shell_import_is_title(const shell_csv *csv, const char *left, const char *right) {
  return csv->n >= 2 && strcasecmp(shell_csv_field(csv, 0).data, left) == 0 &&
         strcasecmp(shell_csv_field(csv, 1).data, right) == 0;
}

/* ---- Tables ---- */

/* A table being filled. */
typedef struct shell_import_table {
  shell_import_call *call;
  shell_csv csv;
  shell_text columns; /* quoted names with commas */
  char **names;
  bool *empty_is_null; /* per column */
  int n;
  bool has_record; /* csv holds a record that is not inserted yet */
  sqlite3_stmt *insert;
} shell_import_table;

typedef enum shell_import_type {
  IMPORT_NONE,
  IMPORT_INTEGER,
  IMPORT_REAL,
  IMPORT_TEXT
} shell_import_type;

static int shell_import_bad(const shell_import_table *t, const char *what) {
  return shell_fail(t->call->sh, shell_import_nothing, "%s:%ld: %s", t->call->path, t->csv.line,
                    what);
}

/* The next record; 1, 0 at the end, -1 after telling what is wrong with it. */
static int shell_import_record(shell_import_table *t) {
  int got = shell_csv_next(&t->csv);
  if (got == 0 && ferror(t->call->file)) {
    shell_import_bad(t, strerror(errno));
    return -1;
  }
  if (got < 0) shell_import_bad(t, t->csv.problem);
  if (got < 1 || t->n == 0 || t->csv.n == t->n) return got;
  shell_text what = {0};
  shell_text_format(&what, "%d field%s where %s has %d column%s", t->csv.n,
                    t->csv.n == 1 ? "" : "s", t->call->name, t->n, t->n == 1 ? "" : "s");
  shell_import_bad(t, what.data);
  shell_text_free(&what);
  return -1;
}

/* The type of a value that is written as that type would be printed. */
static shell_import_type shell_import_classify(const char *text) {
  int64_t integer;
  double real;
  const char *digits = text[0] == '-' ? text + 1 : text;
  if (text[0] == '\0') return IMPORT_NONE;
  if (digits[0] < '0' || digits[0] > '9') return IMPORT_TEXT;
  if (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9') return IMPORT_TEXT;
  if (shell_is_integer(text, &integer))
    return strcmp(text, "-0") == 0 ? IMPORT_TEXT : IMPORT_INTEGER;
  return shell_is_real(text, &real) && strpbrk(text, ".eE") != NULL ? IMPORT_REAL : IMPORT_TEXT;
}

/* Reads the file once, for the type of each column. A pipe can be read only once: all is text. */
static int shell_import_types(shell_import_table *t, shell_import_type *types) {
  int got = 1;
  if (fseek(t->call->file, 0, SEEK_CUR) != 0) {
    for (int i = 0; i < t->n; i++) types[i] = IMPORT_TEXT;
    return 0;
  }
  while ((got = shell_import_record(t)) > 0) {
    for (int i = 0; i < t->n; i++) {
      shell_import_type type = shell_import_classify(shell_csv_field(&t->csv, i).data);
      if (type > types[i]) types[i] = type;
    }
    if (shell_interrupted()) return shell_fail(t->call->sh, NULL, "interrupted");
  }
  if (got < 0) return 1;
  shell_import_rewind(t->call, &t->csv.next);
  return shell_csv_next(&t->csv) == 1 ? 0 : 1; /* the header again */
}

static int shell_import_create(shell_import_table *t) {
  static const char *const types[] = {"TEXT", "INTEGER", "REAL", "TEXT"};
  if (shell_import_record(t) < 1)
    return shell_fail(t->call->sh, shell_import_nothing, "%s: no header line", t->call->path);
  int n = t->csv.n;
  shell_import_type *found = shell_alloc((size_t)n * sizeof *found);
  char **names = shell_alloc((size_t)n * sizeof *names);
  for (int i = 0; i < n; i++) names[i] = shell_copy_bytes(shell_csv_field(&t->csv, i));
  t->n = n;
  int rc = shell_import_types(t, found);
  shell_text sql = {0};
  bool columnar = shell_has(t->call->args, "--columnar");
  shell_text_str(&sql, columnar ? "CREATE VIRTUAL TABLE " : "CREATE TABLE ");
  shell_quote_name(&sql, t->call->name);
  if (columnar) shell_text_str(&sql, " USING columnar");
  for (int i = 0; i < n; i++) {
    shell_text_str(&sql, i == 0 ? "(" : ", ");
    shell_quote_name(&sql, names[i]);
    shell_text_format(&sql, " %s", types[found[i]]);
    shell_free(names[i]);
  }
  shell_text_char(&sql, ')');
  if (rc == 0) rc = shell_sql_quiet(t->call->sh, sql.data);
  t->n = 0; /* the table's own columns are asked for next */
  shell_text_free(&sql);
  shell_free(names);
  shell_free(found);
  return rc;
}

/* Learns the columns to fill; t->n stays 0 where there is no such table. */
static int shell_import_describe(shell_import_table *t) {
  sqlite3_stmt *statement = shell_sql_prepare(
      t->call->sh, "SELECT name, type FROM pragma_table_xinfo(?1) WHERE hidden = 0", 1,
      &t->call->name);
  if (statement == NULL) return 1;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(statement, 0);
    const char *type = (const char *)sqlite3_column_text(statement, 1);
    static const char *const numeric[] = {"%int%", "%real%", "%floa%", "%doub%", "%num%", "%dec%"};
    size_t n = (size_t)t->n++;
    t->names = shell_realloc(t->names, (n + 1) * sizeof *t->names);
    t->empty_is_null = shell_realloc(t->empty_is_null, (n + 1) * sizeof *t->empty_is_null);
    t->names[n] = shell_copy(name);
    t->empty_is_null[n] = shell_has(t->call->args, "--nulls");
    for (size_t i = 0; i < sizeof numeric / sizeof numeric[0]; i++)
      t->empty_is_null[n] = t->empty_is_null[n] || sqlite3_strlike(numeric[i], type, 0) == 0;
    if (n > 0) shell_text_char(&t->columns, ',');
    shell_quote_name(&t->columns, name);
  }
  sqlite3_finalize(statement);
  t->csv.keep_blank = t->n == 1;
  return 0;
}

/* A first record that says the column names is a header, also for a table that exists. */
static int shell_import_header(shell_import_table *t) {
  int got = shell_import_record(t);
  if (got < 1) return got < 0;
  bool is_header = true;
  for (int i = 0; i < t->n && is_header; i++)
    is_header = sqlite3_stricmp(shell_csv_field(&t->csv, i).data, t->names[i]) == 0;
  t->has_record = !is_header;
  return 0;
}

static int shell_import_insert(shell_import_table *t) {
  for (int i = 0; i < t->n; i++) {
    tv_slice field = shell_csv_field(&t->csv, i);
    if (field.size == 0 && t->csv.bare[i] && t->empty_is_null[i]) {
      sqlite3_bind_null(t->insert, i + 1);
    } else {
      sqlite3_bind_text64(t->insert, i + 1, field.data, field.size, SQLITE_STATIC, SQLITE_UTF8);
    }
  }
  int code = sqlite3_step(t->insert);
  sqlite3_reset(t->insert);
  if (code == SQLITE_DONE) return 0;
  if ((code & 0xff) == SQLITE_CONSTRAINT || (code & 0xff) == SQLITE_MISMATCH ||
      (code & 0xff) == SQLITE_TOOBIG)
    return shell_import_bad(t, sqlite3_errmsg(t->call->sh->sql));
  return shell_fail_sql(t->call->sh, NULL);
}

static int shell_import_rows(shell_import_table *t) {
  shell_text sql = {0};
  shell_text_str(&sql, "INSERT INTO ");
  shell_quote_name(&sql, t->call->name);
  shell_text_format(&sql, "(%s) VALUES(?", t->columns.data);
  for (int i = 1; i < t->n; i++) shell_text_str(&sql, ",?");
  shell_text_char(&sql, ')');
  t->insert = shell_sql_prepare(t->call->sh, sql.data, 0, NULL);
  shell_text_free(&sql);
  if (t->insert == NULL) return 1;
  int rc = 0;
  while (rc == 0) {
    int got = t->has_record ? 1 : shell_import_record(t);
    t->has_record = false;
    if (got < 1) return got < 0;
    rc = shell_import_insert(t);
    if (rc == 0 && shell_import_tick(t->call))
      rc = shell_fail(t->call->sh, shell_import_nothing, "interrupted");
  }
  return rc;
}

static int shell_import_table_run(shell_import_call *call) {
  shell *sh = call->sh;
  shell_import_table t = {.call = call, .csv = {.file = call->file, .separator = call->separator}};
  if (shell_sql_quiet(sh, "SAVEPOINT trivet_import") != 0) return 1;
  int rc = shell_import_describe(&t);
  shell_import_rewind(call, &t.csv.next);
  long first = ftell(call->file);
  if (rc == 0 && t.n == 0) {
    rc = shell_import_create(&t);
    if (rc == 0) rc = shell_import_describe(&t);
  } else if (rc == 0) {
    rc = shell_import_header(&t);
  }
  bool taken = false;
  if (rc == 0)
    rc = shell_import_columnar(call, t.has_record ? first : ftell(call->file),
                               t.has_record ? t.csv.line : t.csv.next, &taken);
  if (rc == 0 && !taken) rc = shell_import_rows(&t);
  sqlite3_finalize(t.insert);
  shell_csv_free(&t.csv);
  shell_text_free(&t.columns);
  for (int i = 0; i < t.n; i++) shell_free(t.names[i]);
  shell_free(t.names);
  shell_free(t.empty_is_null);
  if (rc != 0) sqlite3_exec(sh->sql, "ROLLBACK TO trivet_import", NULL, NULL, NULL);
  return rc | shell_sql_quiet(sh, "RELEASE trivet_import");
}

/* ---- The command ---- */

static int shell_import_separator(shell_import_call *call) {
  const char *word = shell_option(call->args, "--separator");
  size_t size = strlen(call->path);
  bool is_tsv = size > 4 && strcasecmp(call->path + size - 4, ".tsv") == 0;
  call->separator = is_tsv ? '\t' : ',';
  if (word == NULL) return 0;
  if (strcmp(word, "\\t") == 0) word = "\t";
  if (word[0] == '\0' || word[1] != '\0' || word[0] == '"' || word[0] == '\n')
    return shell_fail(call->sh, "give one character other than a quote", "no separator: %s", word);
  call->separator = word[0];
  return 0;
}

int shell_import(shell *sh, const shell_args *args) {
  shell_import_call call = {.sh = sh, .args = args, .path = args->v[0], .name = args->v[1]};
  bool to_bucket = shell_has(args, "--bucket"), to_graph = shell_has(args, "--graph");
  if (to_bucket && to_graph)
    return shell_fail(sh, "give one of them", "--bucket and --graph do not go together");
  if (!to_graph && (shell_has(args, "--type") || shell_has(args, "--label")))
    return shell_fail(sh, "add --graph", "--type and --label are for edge lists");
  if ((to_bucket || to_graph) && shell_has(args, "--columnar"))
    return shell_fail(sh, "leave it out", "--columnar is for tables");
  if (!to_bucket && shell_has(args, "--batch"))
    return shell_fail(sh, "leave it out: tables and graphs are imported whole",
                      "--batch is for buckets");
  if (shell_option_count(sh, args, "--skip", 0, &call.skip) != 0 ||
      shell_option_count(sh, args, "--batch", 0, &call.batch) != 0)
    return 1;
  if (shell_import_separator(&call) != 0) return 1;
  call.file = fopen(call.path, "re");
  if (call.file == NULL)
    return shell_fail(sh, "check the path", "cannot open %s: %s", call.path, strerror(errno));
  int rc = to_bucket  ? shell_import_bucket(&call)
           : to_graph ? shell_import_graph(&call)
                      : shell_import_table_run(&call);
  fclose(call.file);
  if (rc == 0 && sh->interactive)
    fprintf(sh->out, "%llu rows into %s\n", (unsigned long long)call.rows, call.name);
  return rc;
}
