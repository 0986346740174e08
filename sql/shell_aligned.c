/* SPDX-License-Identifier: MIT */
/*
 * The modes with columns of equal width: table (ASCII), box (Unicode), column and markdown. A cell
 * may have several lines, by its own line ends or by wrapping. Widths are those of a terminal
 * (wide characters count two), not bytes; padding by printf was rejected since it counts bytes.
 */
#include <string.h>

#include "shell_internal.h"

/* A cell cut into lines. */
typedef struct shell_aligned_cell {
  char **lines;
  int *widths;
  size_t count;
} shell_aligned_cell;

/* What a mode draws with. */
typedef struct shell_aligned_style {
  const char *left, *between, *right;         /* around the cells of a line */
  const char *top[4], *middle[4], *bottom[4]; /* left, fill, between, right; NULL: no such rule */
} shell_aligned_style;

static const shell_aligned_style shell_aligned_table = {"| ",
                                                        " | ",
                                                        " |\n",
                                                        {"+-", "-", "-+-", "-+\n"},
                                                        {"+-", "-", "-+-", "-+\n"},
                                                        {"+-", "-", "-+-", "-+\n"}};
static const shell_aligned_style shell_aligned_box = {
    "\u2502 ",
    " \u2502 ",
    " \u2502\n",
    {"\u250c\u2500", "\u2500", "\u2500\u252c\u2500", "\u2500\u2510\n"},
    {"\u251c\u2500", "\u2500", "\u2500\u253c\u2500", "\u2500\u2524\n"},
    {"\u2514\u2500", "\u2500", "\u2500\u2534\u2500", "\u2500\u2518\n"}};
static const shell_aligned_style shell_aligned_column = {
    "", "  ", "\n", {NULL, NULL, NULL, NULL}, {"", "-", "  ", "\n"}, {NULL, NULL, NULL, NULL}};
static const shell_aligned_style shell_aligned_markdown = {"| ",
                                                           " | ",
                                                           " |\n",
                                                           {NULL, NULL, NULL, NULL},
                                                           {NULL, NULL, NULL, NULL},
                                                           {NULL, NULL, NULL, NULL}};

static void shell_aligned_line(shell_aligned_cell *cell, shell_text *text, int width) {
  cell->lines = shell_realloc(cell->lines, (cell->count + 1) * sizeof *cell->lines);
  cell->widths = shell_realloc(cell->widths, (cell->count + 1) * sizeof *cell->widths);
  shell_text_add(text, "", 0);
  cell->lines[cell->count] = text->data;
  cell->widths[cell->count++] = width;
  *text = (shell_text){0};
}

/* Adds a character as it may be shown: controls and bytes that are not UTF-8 as escapes. */
static int shell_aligned_put(shell_text *text, const char *at, size_t used, int32_t point) {
  size_t before = text->size;
  if (point == '\t') {
    shell_text_str(text, "\\t");
  } else if (point == '\r') {
    shell_text_str(text, "\\r");
  } else if (point < 0x20 || point == 0x7f || (point >= 0x80 && point < 0xa0)) {
    for (size_t i = 0; i < used; i++) shell_text_format(text, "\\x%02x", (unsigned char)at[i]);
  } else {
    shell_text_add(text, at, used);
    return shell_utf8_width(point);
  }
  return (int)(text->size - before);
}

static shell_aligned_cell shell_aligned_cut(const char *text, int wrap, bool is_markdown) {
  shell_aligned_cell cell = {0};
  shell_text line = {0};
  size_t size = strlen(text);
  int width = 0;
  for (size_t i = 0; i < size;) {
    int32_t point;
    size_t used = shell_utf8_next(text + i, size - i, &point);
    if (point == '\n' && is_markdown) {
      shell_text_str(&line, "<br>"); /* a Markdown row has one line */
      width += 4;
    } else if (point == '\n') {
      shell_aligned_line(&cell, &line, width);
      width = 0;
    } else {
      if (wrap > 0 && !is_markdown && width + shell_utf8_width(point) > wrap) {
        shell_aligned_line(&cell, &line, width);
        width = 0;
      }
      if (point == '|' && is_markdown) {
        shell_text_char(&line, '\\');
        width++;
      }
      width += shell_aligned_put(&line, text + i, used, point);
    }
    i += used;
  }
  shell_aligned_line(&cell, &line, width);
  return cell;
}

static void shell_aligned_cell_free(shell_aligned_cell *cell) {
  for (size_t i = 0; i < cell->count; i++) shell_free(cell->lines[i]);
  shell_free(cell->lines);
  shell_free(cell->widths);
}

static void shell_aligned_rule(shell *sh, const char *const rule[4], const int *widths) {
  if (rule[0] == NULL) return;
  fputs(rule[0], sh->out);
  for (size_t i = 0; i < sh->rows.columns; i++) {
    if (i > 0) fputs(rule[2], sh->out);
    for (int n = 0; n < widths[i]; n++) fputs(rule[1], sh->out);
  }
  fputs(rule[3], sh->out);
}

/* Markdown's rule also says, by a colon, which columns stand to the right. */
static void shell_aligned_markdown_rule(shell *sh, const int *widths) {
  for (size_t i = 0; i < sh->rows.columns; i++) {
    fputs("|-", sh->out);
    for (int n = 0; n < widths[i]; n++) fputc('-', sh->out);
    fputc(sh->rows.is_text[i] ? '-' : ':', sh->out);
  }
  fputs("|\n", sh->out);
}

static void shell_aligned_row(shell *sh, const shell_aligned_style *style,
                              const shell_aligned_cell *cells, const int *widths) {
  size_t lines = 1, columns = sh->rows.columns;
  for (size_t i = 0; i < columns; i++) {
    if (cells[i].count > lines) lines = cells[i].count;
  }
  for (size_t l = 0; l < lines; l++) {
    shell_text line = {0};
    shell_text_str(&line, style->left);
    for (size_t i = 0; i < columns; i++) {
      const char *text = l < cells[i].count ? cells[i].lines[l] : "";
      int pad = widths[i] - (l < cells[i].count ? cells[i].widths[l] : 0);
      bool to_right = !sh->rows.is_text[i];
      if (i > 0) shell_text_str(&line, style->between);
      shell_text_format(&line, "%*s%s%*s", to_right ? pad : 0, "", text, to_right ? 0 : pad, "");
    }
    while (style->right[0] == '\n' && line.size > 0 && line.data[line.size - 1] == ' ')
      line.data[--line.size] = '\0'; /* no blanks at the end of a line */
    fprintf(sh->out, "%s%s", shell_text_get(&line), style->right);
    shell_text_free(&line);
  }
}

/* A table whose rows have several lines needs rules between them to be read. */
static bool shell_aligned_is_tall(const shell_aligned_cell *cells, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (cells[i].count > 1) return true;
  }
  return false;
}

static void shell_aligned_draw(shell *sh, const shell_aligned_style *style,
                               const shell_aligned_cell *cells, const int *widths, size_t rows) {
  size_t columns = sh->rows.columns;
  bool is_markdown = style == &shell_aligned_markdown;
  bool tall = style->top[0] != NULL && shell_aligned_is_tall(cells + columns, columns * rows);
  bool headers = is_markdown || sh->format.headers != 0;
  shell_aligned_rule(sh, style->top, widths);
  if (headers) {
    shell_aligned_row(sh, style, cells, widths);
    if (is_markdown) {
      shell_aligned_markdown_rule(sh, widths);
    } else {
      shell_aligned_rule(sh, style->middle, widths);
    }
  }
  for (size_t r = 1; r <= rows && !shell_interrupted(); r++) {
    if (tall && r > 1) shell_aligned_rule(sh, style->middle, widths);
    shell_aligned_row(sh, style, cells + r * columns, widths);
  }
  shell_aligned_rule(sh, style->bottom, widths);
}

void shell_aligned_print(shell *sh) {
  const shell_aligned_style *style = sh->format.mode == SHELL_BOX      ? &shell_aligned_box
                                     : sh->format.mode == SHELL_COLUMN ? &shell_aligned_column
                                     : sh->format.mode == SHELL_TABLE  ? &shell_aligned_table
                                                                       : &shell_aligned_markdown;
  size_t columns = sh->rows.columns;
  size_t rows = sh->rows.kept_size / columns;
  size_t count = columns * (rows + 1);
  shell_aligned_cell *cells = shell_alloc(count * sizeof *cells);
  int *widths = shell_alloc(columns * sizeof *widths);
  for (size_t i = 0; i < count; i++) {
    const char *text = i < columns ? sh->rows.names[i] : sh->rows.kept[i - columns];
    cells[i] = shell_aligned_cut(text, sh->format.wrap, style == &shell_aligned_markdown);
    for (size_t l = 0; l < cells[i].count; l++) {
      bool counts = i >= columns || style == &shell_aligned_markdown || sh->format.headers != 0;
      if (counts && cells[i].widths[l] > widths[i % columns])
        widths[i % columns] = cells[i].widths[l];
    }
  }
  shell_aligned_draw(sh, style, cells, widths, rows);
  for (size_t i = 0; i < count; i++) shell_aligned_cell_free(&cells[i]);
  shell_free(cells);
  shell_free(widths);
}
