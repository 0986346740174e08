/* SPDX-License-Identifier: MIT */
/* `trivet-bench sql`: the same rows and statements in several engines. */
#ifndef TRIVET_BENCH_SQL_BENCH_H
#define TRIVET_BENCH_SQL_BENCH_H

#include <stdint.h>

#include "paired_report.h"
#include "sql_engine.h"

#define SQL_STATEMENTS_MAX 200
#define SQL_TABLES_MAX 8

/* An engine that takes part. */
typedef struct sql_side {
  const sql_kind *kind;
  sql_engine *engine;
  double load_ns; /* of all tables */
  double bytes;   /* of the file behind loading */
} sql_side;

typedef struct sql_bench {
  paired_report *report;
  char data[1100]; /* the folder with the tables' files */
  double scale;
  const sql_table *tables;
  size_t tables_n;
  const sql_query *queries; /* those that return rows are measured, others run once */
  size_t queries_n;
  sql_side side[SQL_KINDS];
  size_t sides;
  unsigned threads, rounds;
  int bars_only;
} sql_bench;

/* Opens the engine in a folder of its own, named `name`, and loads the tables. Returns 0, or 1 when
 * interrupted; a failure stops the program. */
int sql_load_side(sql_bench *bench, sql_side *side, const char *name);
/* Loads them all. */
int sql_load(sql_bench *bench);
void sql_unload(sql_bench *bench);
/* One statement on all engines, by turns; its result is in the report. Returns 1 when interrupted.
 */
int sql_measure(sql_bench *bench, const sql_query *query, unsigned threads);
/* Every statement of the suite. */
int sql_measure_suite(sql_bench *bench, unsigned threads);
/* The geometric mean over the results from..report->n of side `side`'s medians; 0: none. */
double sql_geomean(const paired_report *report, size_t from, size_t side);

/* The table for people: results from..report->n. */
void sql_screen(const sql_bench *bench, size_t from, unsigned threads, FILE *out);

/* The measures that have a bar (sql_bars.c). Returns 1 when interrupted. */
int sql_bars(sql_bench *bench);

/* A file's statements (sql_statements.c). Returns how many; stops the program when there are none
 * or too many. */
size_t sql_statements_read(const char *path, sql_query *queries);
void sql_statements_free(sql_query *queries, size_t n);

int sql_command(int argc, char **argv);

#endif
