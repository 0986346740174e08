/* SPDX-License-Identifier: MIT */
/*
 * Random tables and rows, kept as literals so that a shrinker can take rows and columns away and
 * build the databases again.
 */
#ifndef TRIVET_RANDOM_WORLD_H
#define TRIVET_RANDOM_WORLD_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

enum { WORLD_TABLES_MAX = 4, WORLD_COLUMNS_MAX = 9, WORLD_NAME_BYTES = 16 };

typedef enum world_type {
  WORLD_ID,       /* INTEGER, unique, never NULL */
  WORLD_REF,      /* INTEGER: mostly an id of table `target` */
  WORLD_INT,      /* small INTEGER: sums stay exact */
  WORLD_INT_WILD, /* any */
  WORLD_REAL,     /* small multiples of a quarter: sums stay exact */
  WORLD_REAL_WILD,
  WORLD_TEXT,
  WORLD_NOCASE,
  WORLD_DATE,
  WORLD_BLOB
} world_type;

typedef struct world_column {
  char name[WORLD_NAME_BYTES];
  world_type type;
  int target;
  int dropped; /* by the shrinker */
} world_column;

typedef struct world_row {
  const char **cells; /* literals, as they are in the end */
  const char **old;   /* before an update; NULL: it was not updated */
  int late;           /* inserted behind the merge: it stays in the delta */
  int deleted;        /* inserted and then deleted */
} world_row;

typedef struct world_table {
  char name[WORLD_NAME_BYTES];
  int columnar; /* 0: a row table in the store */
  int merged;   /* 1: rows that are not late were made row groups */
  int sorted;   /* 1: ORDER BY its second column */
  int columns;
  world_column column[WORLD_COLUMNS_MAX];
  world_row *rows;
  size_t n;
} world_table;

typedef struct world {
  uint64_t random;
  int tables; /* the first is the largest */
  world_table table[WORLD_TABLES_MAX];
  int open; /* 1: late rows, updates and deletes stay in an open transaction */
} world;

uint64_t world_pick(world *w, uint64_t n); /* 0 to n - 1 */
/* size: 0 small, 1 some vectors of rows, 2 more than a row group. */
void world_make(world *w, uint64_t seed, int size);
void world_free(world *w);
/* A random literal that a column of the type holds. out: WORLD_LITERAL_BYTES. */
#define WORLD_LITERAL_BYTES 64
void world_literal(world *w, world_type type, char *out);

/* Builds the tables in a Trivet connection, history and all; or, in an empty SQLite database, the
 * rows as they are in the end, in this order or backwards. Return an SQLite code. */
int world_build(const world *w, sqlite3 *sql);
int world_build_plain(const world *w, sqlite3 *sql, int backwards);
/* Prints the statements that build it. */
void world_show(const world *w);

#endif
