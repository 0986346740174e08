/* SPDX-License-Identifier: MIT */
/*
 * The Star Schema Benchmark (P. O'Neil, B. O'Neil, X. Chen: Star Schema Benchmark, Revision 3,
 * 2009): its five tables, its data, its 13 queries.
 */
#ifndef TRIVET_BENCH_SSB_H
#define TRIVET_BENCH_SSB_H

#include <stdint.h>
#include <stdio.h>

#include "sql_suite.h"

enum { SSB_LINEORDER = 0, SSB_DATE, SSB_CUSTOMER, SSB_SUPPLIER, SSB_PART, SSB_TABLES };
#define SSB_QUERIES 13

extern const sql_table ssb_tables[SSB_TABLES];
extern const sql_query ssb_queries[SSB_QUERIES];

/* Rows at a scale factor; of lineorder, how many orders there are. */
uint64_t ssb_rows(int table, double scale);

/*
 * Writes a table as the specification's generator does: fields parted by '|', a bar behind the
 * last one too. progress may be NULL; it is called with the rows so far, and anything but 0 ends
 * the table early. Returns the rows written; UINT64_MAX when the file could not be written.
 */
uint64_t ssb_write(int table, double scale, FILE *out, int (*progress)(void *ctx, uint64_t rows),
                   void *ctx);

#endif
