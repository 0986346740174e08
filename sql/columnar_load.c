/* SPDX-License-Identifier: MIT */
/*
 * Rows from the text of a CSV file straight into a table's batch: fields become numbers where they
 * lie, and no statement runs for each row, which would cost three times what parsing and encoding
 * do together. What a field means is still SQLite's to say: forms of numbers that are not plain
 * digits are given to it.
 */
#include <string.h>

#include "columnar_internal.h"
#include "trivet_sql.h"
#include "vfs_internal.h"

#define LOAD_ASK_ROWS 65536u /* between two questions whether to go on */
#define LOAD_EXACT 15        /* digits that a double holds */

typedef struct load_text {
  tvi_columnar *table;
  const tv_sql_load_options *options;
  const char *at, *end;
  char separator;
  uint64_t line, next_line; /* of the current row, of what follows it */
  tvi_buffer room;          /* of fields in quotes that hold quotes */
  size_t *roomed;           /* per column: where its field begins in room, plus 1; 0: in the text */
  sqlite3_stmt *value;      /* SELECT ?1, for what SQLite shall convert */
  const char *problem;      /* what is wrong with the text; NULL: the table has said it */
} load_text;

/* ---- Fields ---- */

typedef struct load_field {
  const char *at;
  size_t size;
  size_t roomed; /* where it begins in the room, plus 1; 0: in the text */
  int bare;      /* 1: without quotes */
} load_field;

static int load_problem(load_text *load, const char *what) {
  load->problem = what;
  return SQLITE_ERROR;
}

/* Behind the opening quote. */
static int load_quoted(load_text *load, load_field *field) {
  const char *from = load->at, *at = from;
  size_t kept = load->room.size;

  for (;; at++) {
    if (at == load->end) return load_problem(load, "a quote is not closed");
    load->next_line += *at == '\n';
    if (*at != '"') continue;
    if (at + 1 == load->end || at[1] != '"') break;
    /* A doubled quote stands for one: the part before it is copied. */
    if (tvi_buffer_append(&load->room, from, (size_t)(at - from) + 1) != TV_OK) return SQLITE_NOMEM;
    from = ++at + 1;
  }
  field->bare = 0;
  field->at = from;
  field->size = (size_t)(at - from);
  load->at = at + 1;
  if (load->room.size == kept) return SQLITE_OK;
  if (tvi_buffer_append(&load->room, from, field->size) != TV_OK) return SQLITE_NOMEM;
  field->at = (const char *)load->room.data + kept;
  field->size = load->room.size - kept;
  field->roomed = kept + 1;
  return SQLITE_OK;
}

/* Takes a field; load->at is then at what ends it. */
static int load_take(load_text *load, load_field *field) {
  const char *at = load->at, *end = load->end;
  char separator = load->separator;
  int code;

  field->roomed = 0;
  if (at < end && *at == '"') {
    load->at++;
    code = load_quoted(load, field);
    if (code == SQLITE_OK && load->at < end && *load->at == '\r') load->at++;
    if (code == SQLITE_OK && load->at < end && *load->at != separator && *load->at != '\n')
      return load_problem(load, "text follows a closing quote");
    return code;
  }
  while (at < end && *at != separator && *at != '\n') at++;
  field->at = load->at;
  field->size = (size_t)(at - load->at);
  field->bare = 1;
  load->at = at;
  if ((at == end || *at == '\n') && field->size > 0 && at[-1] == '\r') field->size--;
  return SQLITE_OK;
}

/* ---- Values ---- */

/* SQLite converts the field as the column's affinity says, or the table refuses it. */
static int load_by_sqlite(load_text *load, int column, const load_field *field) {
  sqlite3_value *value = NULL;
  int code = SQLITE_OK;

  if (load->value == NULL)
    code = sqlite3_prepare_v2(load->table->sql, "SELECT ?1", -1, &load->value, NULL);
  if (code == SQLITE_OK && field != NULL)
    code = sqlite3_bind_text64(load->value, 1, field->at == NULL ? "" : field->at, field->size,
                               SQLITE_STATIC, SQLITE_UTF8);
  if (code == SQLITE_OK && sqlite3_step(load->value) == SQLITE_ROW)
    value = sqlite3_value_dup(sqlite3_column_value(load->value, 0));
  if (value == NULL) return SQLITE_NOMEM;
  code = tvi_columnar_take(load->table, load->table->store.header.next_rowid, column, value);
  sqlite3_value_free(value);
  sqlite3_reset(load->value);
  sqlite3_clear_bindings(load->value);
  return code;
}

/* Plain digits. Returns 0 when they are not. */
static int load_integer(const load_field *field, int64_t *out) {
  const char *at = field->at, *end = at + field->size;
  int negative = at < end && *at == '-';
  int64_t number = 0;

  at += negative;
  if (at == end || end - at > 18) return 0;
  for (; at < end; at++) {
    unsigned digit = (unsigned)*at - '0';
    if (digit > 9) return 0;
    number = number * 10 + digit;
  }
  *out = negative ? -number : number;
  return 1;
}

/* Digits with a point, few enough that number and power of ten are both exact. */
static int load_real(const load_field *field, int64_t *out) {
  static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  const char *at = field->at, *end = at + field->size;
  int negative = at < end && *at == '-', digits = 0, behind = -1;
  int64_t number = 0;
  double real;

  for (at += negative; at < end; at++) {
    unsigned digit = (unsigned)*at - '0';
    if (*at == '.' && behind < 0 && digits > 0) {
      behind = 0;
      continue;
    }
    if (digit > 9 || ++digits > LOAD_EXACT) return 0;
    number = number * 10 + digit;
    behind += behind >= 0;
  }
  if (digits == 0 || number == 0) return 0;
  real = (double)number / powers[behind > 0 ? behind : 0];
  *out = tvi_cell_from_real(negative ? -real : real);
  return 1;
}

static int load_value(load_text *load, int column, const load_field *field) {
  const tvi_col_column *c = &load->table->schema.column[column];
  tvi_cell *cell = &load->table->cells[column];
  int number = tvi_col_is_number(c->type), known = 0;

  cell->null = 0;
  cell->bytes = tv_bytes(NULL, 0);
  load->roomed[column] = 0;
  if (field->size == 0 && field->bare &&
      (number || (load->options->flags & TV_SQL_LOAD_NULLS) != 0)) {
    cell->null = 1;
    cell->number = 0;
    return c->not_null ? load_by_sqlite(load, column, NULL) : SQLITE_OK;
  }
  switch (c->type) {
    case TVI_COL_INTEGER:
      known = load_integer(field, &cell->number);
      break;
    case TVI_COL_REAL:
      known = load_real(field, &cell->number);
      break;
    case TVI_COL_DATE:
      known = tvi_cell_parse_date(tv_bytes(field->at, field->size), &cell->number);
      break;
    case TVI_COL_TEXT:
      cell->number = 0;
      cell->bytes = tv_bytes(field->at, field->size);
      load->roomed[column] = field->roomed;
      known = field->size <= TVI_COL_STRING_BYTES_MAX;
      break;
    default:
      break;
  }
  return known ? SQLITE_OK : load_by_sqlite(load, column, field);
}

/* ---- Rows ---- */

/* A row's fields into the table's cells; load->at is then at the next line. */
static int load_line(load_text *load) {
  int columns = load->table->schema.columns, i, code = SQLITE_OK;

  load->line = load->next_line;
  load->room.size = 0;
  for (i = 0; i < columns && code == SQLITE_OK; i++) {
    load_field field;
    code = load_take(load, &field);
    if (code != SQLITE_OK) return code;
    code = load_value(load, i, &field);
    if (i + 1 == columns) break;
    if (load->at == load->end || *load->at == '\n')
      return load_problem(load, "it has fewer fields than the table has columns");
    load->at++;
  }
  if (code != SQLITE_OK) return code;
  if ((load->options->flags & TV_SQL_LOAD_TRAILING) != 0 && load->at < load->end &&
      *load->at == load->separator)
    load->at++;
  if (load->at < load->end && *load->at == '\r') load->at++;
  if (load->at < load->end && *load->at != '\n')
    return load_problem(load, "it has more fields than the table has columns");
  load->next_line++;
  load->at += load->at < load->end;
  /* The room may have moved since a field was put there. */
  for (i = 0; load->room.size > 0 && i < columns; i++)
    if (load->roomed[i] > 0)
      load->table->cells[i].bytes.data = load->room.data + load->roomed[i] - 1;
  return SQLITE_OK;
}

/* Skips an empty line, which is a row only in a table of one column. */
static int load_skip(load_text *load) {
  size_t rest = (size_t)(load->end - load->at);
  size_t size = *load->at == '\n' ? 1 : rest > 1 && memcmp(load->at, "\r\n", 2) == 0 ? 2 : 0;

  if (size == 0 || load->table->schema.columns == 1) return 0;
  load->at += size;
  load->next_line++;
  return 1;
}

static int load_rows(load_text *load, uint64_t *rows) {
  int code = SQLITE_OK;

  while (code == SQLITE_OK && load->at < load->end) {
    if (load_skip(load)) continue;
    code = load_line(load);
    if (code == SQLITE_OK) code = tvi_columnar_load_row(load->table);
    if (code != SQLITE_OK || ++*rows % LOAD_ASK_ROWS != 0) continue;
    if (tvi_columnar_interrupted(load->table->sql) ||
        (load->options->progress != NULL &&
         load->options->progress(load->options->ctx, *rows) != 0))
      code = SQLITE_INTERRUPT;
  }
  return code;
}

/* ---- The call ---- */

static tvi_columnar *load_find(sqlite3 *connection, const char *name) {
  tvi_conn *conn = tvi_conn_of(connection);
  tvi_col_module *module = conn == NULL ? NULL : conn->before_savepoint_ctx;
  tvi_columnar *table = module == NULL ? NULL : module->tables;

  while (table != NULL && sqlite3_stricmp(table->name, name) != 0) table = table->next;
  return table;
}

static int load_run(sqlite3 *connection, const char *format, const char *name) {
  char *text = sqlite3_mprintf(format, name);
  int code = text == NULL ? SQLITE_NOMEM : sqlite3_exec(connection, text, NULL, NULL, NULL);
  sqlite3_free(text);
  return code;
}

/* The table's own sentence, else SQLite's. */
static int load_fail(const load_text *load, sqlite3 *connection, int code, tv_error *err) {
  const char *message = load->problem;
  int status;

  if (code == SQLITE_INTERRUPT) return tvi_error_set(err, TV_EINTR, 0, "interrupted");
  if (code == SQLITE_NOMEM) return tvi_error_set(err, TV_ENOMEM, 0, "out of memory");
  if (message == NULL && load->table != NULL) message = load->table->base.zErrMsg;
  if (message == NULL) message = sqlite3_errmsg(connection);
  status = load->problem != NULL ? TV_EINVAL : TV_ESQL;
  if (load->line == 0) return tvi_error_set(err, status, code, "%s", message);
  return tvi_error_set(err, status, code, "line %llu: %s", (unsigned long long)load->line, message);
}

static int load_all(load_text *load, uint64_t *rows, tv_error *err) {
  int code = tvi_columnar_load_begin(load->table, err), ended;

  if (code != SQLITE_OK) return code;
  code = load_rows(load, rows);
  ended = tvi_columnar_load_end(load->table, err);
  if (code != SQLITE_OK) return code;
  load->line = 0;
  return ended;
}

/* Within a savepoint that is open. An SQLite code. */
static int load_into(load_text *load, sqlite3 *connection, const char *table, uint64_t *rows,
                     tv_error *err) {
  /* A statement that changes nothing tells SQLite that the table takes part in the transaction. */
  int code = load_run(connection, "DELETE FROM \"%w\" WHERE 0", table);

  if (code != SQLITE_OK) return code;
  load->table = load_find(connection, table);
  if (load->table == NULL) return load_problem(load, "the table to load is not a columnar table");
  load->roomed = tvi_zalloc((size_t)load->table->schema.columns * sizeof *load->roomed);
  if (load->roomed == NULL) return SQLITE_NOMEM;
  return load_all(load, rows, err);
}

int tv_sql_load(sqlite3 *connection, const char *table, const char *text, size_t size,
                const tv_sql_load_options *options, uint64_t *rows, tv_error *err) {
  static const tv_sql_load_options defaults = {0};
  load_text load = {.options = options != NULL ? options : &defaults};
  uint64_t count = 0;
  int code, status = TV_OK;

  if (rows != NULL) *rows = 0;
  if (tvi_conn_of(connection) == NULL)
    return tvi_error_set(err, TV_EINVAL, 0, "the connection's main database is not a store");
  load.separator = load.options->separator == '\0' ? ',' : load.options->separator;
  load.next_line = load.options->line > 0 ? load.options->line : 1;
  load.at = text;
  load.end = text + size;
  code = load_run(connection, "SAVEPOINT tv_load", NULL);
  if (code != SQLITE_OK) return load_fail(&load, connection, code, err);
  code = load_into(&load, connection, table, &count, err);
  if (code == SQLITE_OK) {
    code = load_run(connection, "RELEASE tv_load", NULL);
    load.table = NULL; /* what it said is older */
  }
  if (code != SQLITE_OK) {
    status = load_fail(&load, connection, code, err);
    (void)sqlite3_exec(connection, "ROLLBACK TO tv_load; RELEASE tv_load", NULL, NULL, NULL);
  }
  sqlite3_finalize(load.value);
  tvi_buffer_free(&load.room);
  tvi_free(load.roomed);
  if (status == TV_OK && rows != NULL) *rows = count;
  return status;
}
