/* SPDX-License-Identifier: MIT */
/* What a SQL benchmark is made of: tables that are read from files, and queries. */
#ifndef TRIVET_BENCH_SQL_SUITE_H
#define TRIVET_BENCH_SQL_SUITE_H

typedef struct sql_table {
  const char *name;    /* its file is NAME.tbl */
  const char *columns; /* as between the parentheses of CREATE TABLE, without the key */
  const char *key;     /* the column that is its primary key; NULL: none */
} sql_table;

typedef struct sql_query {
  const char *name;
  const char *text;
} sql_query;

#endif
