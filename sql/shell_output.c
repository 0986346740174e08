/* SPDX-License-Identifier: MIT */
/*
 * Rows on their way out: every command and every SELECT prints through shell_rows_*, so that each
 * output mode exists once. Modes that need no column widths write each row as it comes, in constant
 * memory; the aligned ones (shell_aligned.c) keep the rows until the last.
 */
#include <math.h>
#include <string.h>

#include "shell_internal.h"

static const char *const shell_output_modes[SHELL_MODES] = {
    [SHELL_LIST] = "list",   [SHELL_CSV] = "csv",       [SHELL_TABS] = "tabs",
    [SHELL_JSON] = "json",   [SHELL_JSONL] = "jsonl",   [SHELL_LINE] = "line",
    [SHELL_QUOTE] = "quote", [SHELL_INSERT] = "insert", [SHELL_TABLE] = "table",
    [SHELL_BOX] = "box",     [SHELL_COLUMN] = "column", [SHELL_MARKDOWN] = "markdown"};

const char *shell_mode_name(shell_mode mode) {
  return shell_output_modes[mode];
}

bool shell_mode_find(const char *name, shell_mode *mode) {
  for (int i = 0; i < SHELL_MODES; i++) {
    if (sqlite3_stricmp(name, shell_output_modes[i]) != 0) continue;
    *mode = (shell_mode)i;
    return true;
  }
  return false;
}

/* ---- Cells ---- */

shell_cell shell_cell_int(int64_t value) {
  return (shell_cell){.type = SQLITE_INTEGER, .integer = value};
}

shell_cell shell_cell_count(uint64_t value) {
  return shell_cell_int(value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

shell_cell shell_cell_real(double value) {
  return (shell_cell){.type = SQLITE_FLOAT, .real = value};
}

shell_cell shell_cell_null(void) {
  return (shell_cell){.type = SQLITE_NULL};
}

shell_cell shell_cell_str(const char *text) {
  if (text == NULL) return shell_cell_null();
  return (shell_cell){.type = SQLITE_TEXT, .bytes = tv_str(text)};
}

shell_cell shell_cell_bytes(tv_slice bytes) {
  return (shell_cell){.type = shell_is_readable(bytes) ? SQLITE_TEXT : SQLITE_BLOB, .bytes = bytes};
}

shell_cell shell_cell_column(sqlite3_stmt *statement, int column) {
  shell_cell cell = {.type = sqlite3_column_type(statement, column)};
  if (cell.type == SQLITE_INTEGER) {
    cell.integer = sqlite3_column_int64(statement, column);
  } else if (cell.type == SQLITE_FLOAT) {
    cell.real = sqlite3_column_double(statement, column);
  } else if (cell.type != SQLITE_NULL) {
    const void *data = cell.type == SQLITE_TEXT
                           ? (const void *)sqlite3_column_text(statement, column)
                           : sqlite3_column_blob(statement, column);
    cell.bytes = tv_bytes(data, (size_t)sqlite3_column_bytes(statement, column));
  }
  return cell;
}

/* For the eye as SQLite prints it; for other programs, as what reads back as the same number. */
static void shell_output_real(const shell *sh, double value, shell_text *out) {
  char digits[64];
  bool is_exact = sh->format.mode == SHELL_CSV || sh->format.mode == SHELL_TABS;
  if (is_exact) {
    shell_format_real(out, value);
  } else if (isinf(value)) {
    shell_text_str(out, value > 0 ? "Inf" : "-Inf");
  } else {
    sqlite3_snprintf((int)sizeof digits, digits, "%!.15g", value);
    shell_text_str(out, digits);
  }
}

void shell_cell_print(const shell *sh, const shell_cell *cell, shell_text *out) {
  switch (cell->type) {
    case SQLITE_INTEGER:
      shell_text_format(out, "%lld", (long long)cell->integer);
      break;
    case SQLITE_FLOAT:
      shell_output_real(sh, cell->real, out);
      break;
    case SQLITE_TEXT:
      shell_text_add(out, cell->bytes.data, cell->bytes.size);
      break;
    case SQLITE_BLOB:
      if (shell_is_readable(cell->bytes)) {
        shell_text_add(out, cell->bytes.data, cell->bytes.size);
      } else {
        shell_quote_blob(out, cell->bytes);
      }
      break;
    default:
      shell_text_str(out, sh->format.null_value);
      break;
  }
}

void shell_cell_sql(const shell_cell *cell, shell_text *out) {
  switch (cell->type) {
    case SQLITE_INTEGER:
      shell_text_format(out, "%lld", (long long)cell->integer);
      break;
    case SQLITE_FLOAT:
      shell_format_real(out, cell->real);
      break;
    case SQLITE_TEXT:
      shell_quote_sql(out, cell->bytes);
      break;
    case SQLITE_BLOB:
      shell_quote_blob(out, cell->bytes);
      break;
    default:
      shell_text_str(out, "NULL");
      break;
  }
}

static void shell_output_json_cell(const shell *sh, const shell_cell *cell, shell_text *out) {
  if (cell->type == SQLITE_NULL) {
    shell_text_str(out, "null");
  } else if (cell->type == SQLITE_INTEGER || cell->type == SQLITE_FLOAT) {
    shell_cell_sql(cell, out);
  } else {
    shell_text text = {0};
    shell_cell_print(sh, cell, &text);
    shell_quote_json(out, tv_bytes(shell_text_get(&text), text.size));
    shell_text_free(&text);
  }
}

static void shell_output_csv_cell(const shell *sh, const shell_cell *cell, shell_text *out) {
  const char *null = sh->format.null_value;
  if (cell->type == SQLITE_TEXT) {
    shell_quote_csv(out, cell->bytes, sh->format.csv_separator);
  } else if (cell->type == SQLITE_NULL) {
    /* Nothing between the separators: the one field that is not even "". */
    if (null[0] != '\0') shell_quote_csv(out, tv_str(null), sh->format.csv_separator);
  } else {
    shell_text text = {0};
    shell_cell_print(sh, cell, &text);
    shell_quote_csv(out, tv_bytes(shell_text_get(&text), text.size), sh->format.csv_separator);
    shell_text_free(&text);
  }
}

/* ---- Rows ---- */

static bool shell_output_is_aligned(shell_mode mode) {
  return mode == SHELL_TABLE || mode == SHELL_BOX || mode == SHELL_COLUMN || mode == SHELL_MARKDOWN;
}

static bool shell_output_headers(const shell *sh) {
  if (sh->format.headers >= 0) return sh->format.headers == 1;
  return shell_output_is_aligned(sh->format.mode);
}

static void shell_output_write(shell *sh, shell_text *text) {
  fwrite(shell_text_get(text), 1, text->size, sh->out);
  shell_text_free(text);
}

/* Values of one row with a separator between, and the row's end. */
static void shell_output_row(shell *sh, const shell_cell *cells, shell_text *out) {
  const shell_format *f = &sh->format;
  const char *between = f->mode == SHELL_CSV    ? f->csv_separator
                        : f->mode == SHELL_TABS ? "\t"
                        : f->mode == SHELL_LIST ? f->column_separator
                                                : ",";
  for (size_t i = 0; i < sh->rows.columns; i++) {
    if (i > 0) shell_text_str(out, between);
    if (f->mode == SHELL_CSV) {
      shell_output_csv_cell(sh, &cells[i], out);
    } else if (f->mode == SHELL_QUOTE || f->mode == SHELL_INSERT) {
      shell_cell_sql(&cells[i], out);
    } else {
      shell_cell_print(sh, &cells[i], out);
    }
  }
  if (f->mode == SHELL_INSERT) shell_text_str(out, ");");
  shell_text_str(out, f->mode == SHELL_CSV    ? "\r\n"
                      : f->mode == SHELL_LIST ? f->row_separator
                                              : "\n");
}

static void shell_output_object(shell *sh, const shell_cell *cells, shell_text *out) {
  bool is_array = sh->format.mode == SHELL_JSON;
  if (is_array) shell_text_str(out, sh->rows.count == 0 ? "[" : ",\n");
  shell_text_char(out, '{');
  for (size_t i = 0; i < sh->rows.columns; i++) {
    if (i > 0) shell_text_char(out, ',');
    shell_quote_json(out, tv_str(sh->rows.names[i]));
    shell_text_char(out, ':');
    shell_output_json_cell(sh, &cells[i], out);
  }
  shell_text_str(out, is_array ? "}" : "}\n");
}

static void shell_output_lines(shell *sh, const shell_cell *cells, shell_text *out) {
  size_t width = 5;
  for (size_t i = 0; i < sh->rows.columns; i++) {
    size_t size = strlen(sh->rows.names[i]);
    if (size > width) width = size;
  }
  if (sh->rows.count > 0) shell_text_char(out, '\n');
  for (size_t i = 0; i < sh->rows.columns; i++) {
    shell_text_format(out, "%*s = ", (int)width, sh->rows.names[i]);
    shell_cell_print(sh, &cells[i], out);
    shell_text_char(out, '\n');
  }
}

static void shell_output_insert(shell *sh, shell_text *out) {
  shell_text_str(out, "INSERT INTO ");
  shell_quote_name(out, sh->format.insert_table);
  if (sh->format.headers == 1) {
    shell_text_char(out, '(');
    for (size_t i = 0; i < sh->rows.columns; i++) {
      if (i > 0) shell_text_char(out, ',');
      shell_quote_name(out, sh->rows.names[i]);
    }
    shell_text_char(out, ')');
  }
  shell_text_str(out, " VALUES(");
}

/* Kept cells are C strings: a NUL byte becomes visible. */
static void shell_output_show_nul(shell_text *text) {
  shell_text shown = {0};
  for (size_t i = 0; i < text->size; i++) {
    if (text->data[i] == '\0') {
      shell_text_str(&shown, "\\x00");
    } else {
      shell_text_char(&shown, text->data[i]);
    }
  }
  shell_text_free(text);
  *text = shown;
}

static void shell_output_keep(shell *sh, const shell_cell *cells) {
  shell_rows *rows = &sh->rows;
  if (rows->kept_size + rows->columns > rows->kept_capacity) {
    rows->kept_capacity = rows->kept_capacity * 2 + rows->columns * 16;
    rows->kept = shell_realloc(rows->kept, rows->kept_capacity * sizeof *rows->kept);
  }
  for (size_t i = 0; i < rows->columns; i++) {
    shell_text text = {0};
    shell_cell_print(sh, &cells[i], &text);
    shell_text_add(&text, "", 0);
    if (strlen(text.data) < text.size) shell_output_show_nul(&text);
    if (cells[i].type == SQLITE_TEXT || cells[i].type == SQLITE_BLOB) rows->is_text[i] = true;
    rows->kept[rows->kept_size++] = text.data;
  }
}

void shell_rows_begin(shell *sh, size_t columns, const char *const *names) {
  shell_rows *rows = &sh->rows;
  shell_mode mode = sh->format.mode;
  shell_rows_drop(sh);
  rows->columns = columns;
  rows->names = shell_alloc(columns * sizeof *rows->names);
  rows->is_text = shell_alloc(columns * sizeof *rows->is_text);
  for (size_t i = 0; i < columns; i++) rows->names[i] = shell_copy(names[i]);
  bool in_line =
      mode == SHELL_LIST || mode == SHELL_CSV || mode == SHELL_TABS || mode == SHELL_QUOTE;
  if (!in_line || !shell_output_headers(sh) || columns == 0) return;
  shell_text line = {0};
  shell_cell *cells = shell_alloc(columns * sizeof *cells);
  for (size_t i = 0; i < columns; i++) cells[i] = shell_cell_str(names[i]);
  shell_output_row(sh, cells, &line);
  shell_free(cells);
  shell_output_write(sh, &line);
}

void shell_rows_add(shell *sh, const shell_cell *cells) {
  shell_text text = {0};
  shell_mode mode = sh->format.mode;
  if (shell_output_is_aligned(mode)) {
    shell_output_keep(sh, cells);
  } else if (mode == SHELL_JSON || mode == SHELL_JSONL) {
    shell_output_object(sh, cells, &text);
  } else if (mode == SHELL_LINE) {
    shell_output_lines(sh, cells, &text);
  } else {
    if (mode == SHELL_INSERT) shell_output_insert(sh, &text);
    shell_output_row(sh, cells, &text);
  }
  shell_output_write(sh, &text);
  sh->rows.count++;
}

int shell_rows_end(shell *sh) {
  shell_rows *rows = &sh->rows;
  if (sh->format.mode == SHELL_JSON && rows->columns > 0)
    fputs(rows->count == 0 ? "[]\n" : "]\n", sh->out);
  bool aligned = shell_output_is_aligned(sh->format.mode) && rows->columns > 0;
  if (aligned && (rows->count > 0 || sh->format.headers == 1)) shell_aligned_print(sh);
  shell_rows_drop(sh);
  if (aligned && shell_interrupted()) return shell_fail(sh, NULL, "interrupted");
  if (!ferror(sh->out)) return 0;
  clearerr(sh->out);
  return shell_fail(sh, "check the disk's free space", "cannot write %s",
                    sh->out_name != NULL ? sh->out_name : "the output");
}

void shell_rows_drop(shell *sh) {
  shell_rows *rows = &sh->rows;
  for (size_t i = 0; i < rows->columns; i++) shell_free(rows->names[i]);
  for (size_t i = 0; i < rows->kept_size; i++) shell_free(rows->kept[i]);
  shell_free(rows->names);
  shell_free(rows->kept);
  shell_free(rows->is_text);
  *rows = (shell_rows){0};
}
