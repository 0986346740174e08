/* SPDX-License-Identifier: MIT */
/*
 * A SQL engine as the SQL benchmark sees it: it opens an empty database in a folder, loads tables
 * from files, prepares queries and executes them. All return 0, or -1 and say why
 * (SQL_WHY_BYTES).
 */
#ifndef TRIVET_BENCH_SQL_ENGINE_H
#define TRIVET_BENCH_SQL_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "sql_result.h"
#include "sql_suite.h"

#define SQL_WHY_BYTES 256

typedef struct sql_engine sql_engine;
typedef struct sql_statement sql_statement;

typedef struct sql_kind {
  const char *name; /* "DuckDB" */
  const char *word; /* as on the command line */
  const char *settings;
  int (*version)(char *out, size_t size, char *why); /* fails when it is not installed */
  int (*open)(const char *folder, sql_engine **out, char *why);
  void (*close)(sql_engine *engine);
  int (*threads)(sql_engine *engine, unsigned threads, char *why);
  /* Runs statements that return nothing. */
  int (*run)(sql_engine *engine, const char *text, char *why);
  /* CREATE TABLE with the engine's own words. */
  int (*create)(sql_engine *engine, const sql_table *table, char *why);
  /* One transaction; fields parted by '|'. */
  int (*load)(sql_engine *engine, const sql_table *table, const char *path, char *why);
  int (*settle)(sql_engine *engine, char *why); /* what the engine defers is done */
  uint64_t (*bytes)(sql_engine *engine);        /* of its file */
  int (*prepare)(sql_engine *engine, const char *text, sql_statement **out, char *why);
  int (*execute)(sql_statement *statement, sql_answer *answer, char *why);
  void (*finish)(sql_statement *statement);
  /* Runs a statement with parameter ?1 once for each key, each in a transaction of its own, and
   * adds up what it returns. NULL where it is not measured. */
  int (*ask)(sql_engine *engine, const char *text, const int64_t *keys, size_t n, uint64_t *answer,
             char *why);
  int (*unsynced)(sql_engine *engine, char *why); /* commits do not wait for the disk; or NULL */
} sql_kind;

extern const sql_kind sql_kind_columnar, sql_kind_rows, sql_kind_sqlite, sql_kind_duckdb;

#define SQL_KINDS 4
extern const sql_kind *const sql_kinds[SQL_KINDS]; /* in the order of the table */

#endif
