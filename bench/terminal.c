/* SPDX-License-Identifier: MIT */
/*
 * Units, colours, tables. A curses library was rejected: the screen is a plain stream that scrolls,
 * can be piped into a file and reads the same there.
 */
#include "terminal.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tool_heap.h"

/* Three significant digits, no exponent. */
static void term_digits(char *out, double value, const char *unit) {
  int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  snprintf(out, TERM_UNIT_BYTES, "%.*f %s", decimals, value, unit);
}

static char *term_scaled(char *out, double value, double step, const char *const *units, size_t n) {
  size_t i = 0;
  while (i + 1 < n && value >= 0.9995 * step) {
    value /= step;
    i++;
  }
  term_digits(out, value, units[i]);
  return out;
}

char *term_time(char *out, double ns) {
  static const char *const units[] = {"ns", "us", "ms", "s"};
  return term_scaled(out, ns, 1000, units, 4);
}

char *term_rate(char *out, double per_second) {
  static const char *const units[] = {"/s", "k/s", "M/s", "G/s"};
  return term_scaled(out, per_second, 1000, units, 4);
}

char *term_bytes(char *out, double bytes) {
  static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
  if (bytes < 1000) {
    snprintf(out, TERM_UNIT_BYTES, "%.0f B", bytes);
    return out;
  }
  return term_scaled(out, bytes, 1000, units, 5);
}

char *term_count(char *out, uint64_t n) {
  char digits[24];
  int size = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
  char *to = out;
  int i;
  for (i = 0; i < size; i++) {
    if (i > 0 && (size - i) % 3 == 0) *to++ = ',';
    *to++ = digits[i];
  }
  *to = '\0';
  return out;
}

char *term_factor(char *out, double factor) {
  char whole[TERM_UNIT_BYTES];
  if (factor < 9.995)
    snprintf(out, TERM_UNIT_BYTES, "%.2fx", factor);
  else if (factor < 99.95)
    snprintf(out, TERM_UNIT_BYTES, "%.1fx", factor);
  else if (factor < 1e15)
    snprintf(out, TERM_UNIT_BYTES, "%.30sx", term_count(whole, (uint64_t)(factor + 0.5)));
  else
    snprintf(out, TERM_UNIT_BYTES, "%.2gx", factor);
  return out;
}

int term_has_colour(FILE *out) {
  const char *no = getenv("NO_COLOR");
  const char *term = getenv("TERM");
  if (no != NULL && no[0] != '\0') return 0;
  if (term == NULL || strcmp(term, "dumb") == 0) return 0;
  return isatty(fileno(out));
}

int term_columns(FILE *out) {
  struct winsize size;
  if (isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
    return size.ws_col < 120 ? size.ws_col : 120;
  return 100;
}

const char *term_on(FILE *out, term_style style) {
  static const char *const codes[] = {"",         "\033[1m",  "\033[2m", "\033[32m",
                                      "\033[31m", "\033[33m", "\033[36m"};
  return style != TERM_PLAIN && term_has_colour(out) ? codes[style] : "";
}

const char *term_off(FILE *out) {
  return term_has_colour(out) ? "\033[0m" : "";
}

size_t term_width(const char *text) {
  size_t width = 0;
  while (*text != '\0') {
    if (*text == '\033') {
      text += strcspn(text, "m");
      if (*text != '\0') text++;
      continue;
    }
    if (((unsigned char)*text & 0xC0) != 0x80) width++;
    text++;
  }
  return width;
}

const char *term_block(FILE *out) {
  static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
  size_t i;
  if (!isatty(fileno(out))) return "#";
  for (i = 0; i < 3; i++) {
    const char *locale = getenv(names[i]);
    if (locale == NULL || locale[0] == '\0') continue;
    return strstr(locale, "UTF-8") != NULL || strstr(locale, "utf8") != NULL ? "\u2588" : "#";
  }
  return "#";
}

void term_wrap(FILE *out, int indent, const char *text) {
  int room = term_columns(out) - indent, used = 0;
  fprintf(out, "%*s", indent, "");
  while (*text != '\0') {
    int size = (int)strcspn(text, " ");
    if (used > 0 && used + 1 + size > room) {
      fprintf(out, "\n%*s", indent + 2, "");
      used = 2;
    } else if (used > 0) {
      fputc(' ', out);
      used++;
    }
    fprintf(out, "%.*s", size, text);
    used += size;
    text += size;
    text += strspn(text, " ");
  }
  fputc('\n', out);
}

typedef struct term_cell {
  char *text;
  term_style style;
} term_cell;

/* A line between rows. */
typedef struct term_line {
  size_t row; /* it stands before that one */
  char *text; /* NULL: a rule */
} term_line;

struct term_table {
  size_t columns;
  int *right;
  term_cell *cells;
  size_t n, capacity;
  term_line *lines;
  size_t lines_n, lines_capacity;
};

term_table *term_table_make(size_t columns) {
  term_table *table = heap_take(sizeof *table);
  table->columns = columns;
  table->right = heap_take(columns * sizeof *table->right);
  return table;
}

void term_table_align(term_table *table, size_t column, int right) {
  table->right[column] = right;
}

void term_table_cell(term_table *table, term_style style, const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  heap_grow(&table->cells, &table->capacity, table->n + 1, sizeof *table->cells);
  table->cells[table->n].text = heap_text(text, strlen(text));
  table->cells[table->n].style = style;
  table->n++;
}

static void term_table_add_line(term_table *table, char *text) {
  heap_grow(&table->lines, &table->lines_capacity, table->lines_n + 1, sizeof *table->lines);
  table->lines[table->lines_n].row = table->n / table->columns;
  table->lines[table->lines_n++].text = text;
}

void term_table_rule(term_table *table) {
  term_table_add_line(table, NULL);
}

void term_table_line(term_table *table, const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  term_table_add_line(table, heap_text(text, strlen(text)));
}

static void term_table_spaces(FILE *out, size_t n) {
  for (; n > 0; n--) fputc(' ', out);
}

static void term_table_row(const term_table *table, size_t row, const size_t *widths, FILE *out) {
  size_t column;
  for (column = 0; column < table->columns; column++) {
    const term_cell *cell = &table->cells[row * table->columns + column];
    size_t pad = widths[column] - term_width(cell->text);
    if (table->right[column]) term_table_spaces(out, pad);
    if (cell->style != TERM_PLAIN && cell->text[0] != '\0')
      fprintf(out, "%s%s%s", term_on(out, cell->style), cell->text, term_off(out));
    else
      fputs(cell->text, out);
    if (column + 1 == table->columns) break;
    if (!table->right[column]) term_table_spaces(out, pad);
    fputs("  ", out);
  }
  fputc('\n', out);
}

/* The lines that stand before a row; *line is the next one to print. */
static void term_table_lines(const term_table *table, size_t row, size_t width, FILE *out,
                             int indent, size_t *line) {
  size_t i;
  for (; *line < table->lines_n && table->lines[*line].row == row; (*line)++) {
    const char *text = table->lines[*line].text;
    if (text == NULL || text[0] != '\0') term_table_spaces(out, (size_t)indent);
    if (text != NULL) {
      fprintf(out, "%s\n", text);
      continue;
    }
    fputs(term_on(out, TERM_DIM), out);
    for (i = 0; i < width; i++) fputc('-', out);
    fprintf(out, "%s\n", term_off(out));
  }
}

void term_table_print(const term_table *table, FILE *out, int indent) {
  size_t rows = table->n / table->columns, row, column, line = 0, total = 0;
  size_t *widths = heap_take(table->columns * sizeof *widths);
  for (row = 0; row < rows; row++)
    for (column = 0; column < table->columns; column++) {
      size_t width = term_width(table->cells[row * table->columns + column].text);
      if (width > widths[column]) widths[column] = width;
    }
  for (column = 0; column < table->columns; column++)
    total += widths[column] + (column > 0 ? 2 : 0);
  for (row = 0; row < rows; row++) {
    term_table_lines(table, row, total, out, indent, &line);
    term_table_spaces(out, (size_t)indent);
    term_table_row(table, row, widths, out);
  }
  term_table_lines(table, rows, total, out, indent, &line);
  free(widths);
}

void term_table_free(term_table *table) {
  size_t i;
  if (table == NULL) return;
  for (i = 0; i < table->n; i++) free(table->cells[i].text);
  free(table->cells);
  for (i = 0; i < table->lines_n; i++) free(table->lines[i].text);
  free(table->lines);
  free(table->right);
  free(table);
}
