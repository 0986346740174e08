/* SPDX-License-Identifier: MIT */
/*
 * What a person reads: humane units, colours on a terminal that wants them, aligned columns. Plain
 * text everywhere else.
 */
#ifndef TRIVET_BENCH_TERMINAL_H
#define TRIVET_BENCH_TERMINAL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TERM_UNIT_BYTES 40

/* Each writes a short text into out (TERM_UNIT_BYTES) and returns it. Three significant digits. */
char *term_time(char *out, double ns);         /* "1.23 us" */
char *term_rate(char *out, double per_second); /* "1.23 M/s" */
char *term_bytes(char *out, double bytes);     /* "12.3 MB": 1 MB is 10^6 bytes */
char *term_count(char *out, uint64_t n);       /* "63,666" */
char *term_factor(char *out, double factor);   /* "1.07x" */

typedef enum term_style {
  TERM_PLAIN = 0,
  TERM_BOLD,
  TERM_DIM,
  TERM_GREEN,
  TERM_RED,
  TERM_YELLOW,
  TERM_CYAN
} term_style;

/* 1 when `out` is a terminal, NO_COLOR is empty or unset and TERM is not "dumb". */
int term_has_colour(FILE *out);
/* Columns of the terminal behind `out`, at most 120; 100 when it is none. */
int term_columns(FILE *out);
/* The escape sequences of a style and of its end; "" where there is no colour. */
const char *term_on(FILE *out, term_style style);
const char *term_off(FILE *out);
/* Columns that a UTF-8 text takes (one per character; escape sequences of styles take none). */
size_t term_width(const char *text);
/* What a bar is made of: a block where `out` is a terminal that takes UTF-8, else '#'. */
const char *term_block(FILE *out);

/* Prints text broken at spaces into lines of at most term_columns(out), each after `indent` spaces,
 * those behind the first after two more. */
void term_wrap(FILE *out, int indent, const char *text);

/* A table: rows of cells, columns as wide as their widest cell. */
typedef struct term_table term_table;
term_table *term_table_make(size_t columns);
/* right: 1 aligns a column to the right. */
void term_table_align(term_table *table, size_t column, int right);
/* Adds the next cell, row by row; the text is copied. */
void term_table_cell(term_table *table, term_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A line across, after the row that was completed last; or that text, unaligned. */
void term_table_rule(term_table *table);
void term_table_line(term_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints each row after `indent` spaces. */
void term_table_print(const term_table *table, FILE *out, int indent);
void term_table_free(term_table *table);

#endif
