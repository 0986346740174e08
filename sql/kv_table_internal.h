/* SPDX-License-Identifier: MIT */
/*
 * What the files of the kv module share: the table, the plan that xBestIndex hands to xFilter, and
 * how SQL values become keys.
 */
#ifndef TRIVET_KV_TABLE_INTERNAL_H
#define TRIVET_KV_TABLE_INTERNAL_H

#include "conn_internal.h"
#include "trivet_kv.h"

/* The columns of kv('bucket') and of a table made with CREATE VIRTUAL TABLE. Those from BUCKET on
 * are hidden, and begin with the function's argument. */
typedef enum tvi_kv_column {
  TVI_KV_KEY = 0,
  TVI_KV_VALUE = 1,
  TVI_KV_BUCKET = 2,
  TVI_KV_EXPIRES = 3,
  TVI_KV_VERSION = 4,
  TVI_KV_ENTRY = 5 /* of the function only: names a row among those of all buckets */
} tvi_kv_column;

/* The function has one column more, where SQLite puts a second argument: to be refused there, as
 * it would be taken for a condition on `expires`. Columns from here on are one further in it. */
#define TVI_KV_SECOND 3

typedef struct tvi_kv_scan tvi_kv_scan;

/* One per connection, the module's client data. */
typedef struct tvi_kv_module {
  tvi_conn *conn;
  tvi_kv_scan *open; /* all open cursors: a write freezes those on its bucket */
} tvi_kv_module;

typedef struct tvi_kv_table {
  tvi_conn_table base;
  tvi_kv_module *module;
  sqlite3 *sql;
  char *name;                /* of the table */
  char *bucket;              /* NULL: the function kv(), which is told its bucket by each use */
  tv_bucket_options options; /* for a bucket that this table creates */
  int utf16;                 /* 1: BINARY does not order text as the bucket orders bytes */
} tvi_kv_table;

/* Opens the table's bucket for writing, and makes it when it is not there. Returns a tv_status. */
int tvi_kv_table_ensure(tvi_kv_table *table, tv_bucket **bucket, tv_error *err);

/* ---- Arguments of CREATE VIRTUAL TABLE (kv_table_args.c) ---- */

/* Fills bucket (tvi_alloc'ed) and options from the arguments behind the table's name. On a failure
 * returns an SQLite code and a message of sqlite3_mprintf. */
int tvi_kv_args_parse(int argc, const char *const *argv, char **bucket, tv_bucket_options *options,
                      char **message);

/* ---- The plan (kv_table_plan.c): bits of idxNum; xFilter's values come in this order ---- */

enum {
  TVI_KV_PLAN_BUCKET = 1 << 0,
  TVI_KV_PLAN_EQ = 1 << 1, /* one key */
  TVI_KV_PLAN_IN = 1 << 2, /* a list of keys, all at once */
  TVI_KV_PLAN_LOWER = 1 << 3,
  TVI_KV_PLAN_UPPER = 1 << 4,
  TVI_KV_PLAN_LIKE = 1 << 5,
  TVI_KV_PLAN_GLOB = 1 << 6,
  TVI_KV_PLAN_LIMIT = 1 << 7,
  TVI_KV_PLAN_OFFSET = 1 << 8,
  /* Without a value of their own. */
  TVI_KV_PLAN_LOWER_OPEN = 1 << 9, /* > rather than >= */
  TVI_KV_PLAN_UPPER_OPEN = 1 << 10,
  TVI_KV_PLAN_LITERAL = 1 << 11, /* EQ's value has no affinity: a number is its text */
  TVI_KV_PLAN_DESC = 1 << 12,
  TVI_KV_PLAN_VALUE = 1 << 13 /* the value is wanted */
};

int tvi_kv_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info);

/* ---- SQL values as keys (kv_table_key.c) ---- */

typedef enum tvi_kv_match {
  TVI_KV_MATCH_BYTES = 0, /* narrowed to the bytes given */
  TVI_KV_MATCH_NONE = 1,  /* no key of that type can match */
  TVI_KV_MATCH_ALL = 2    /* cannot be narrowed: SQLite compares row by row */
} tvi_kv_match;

#define TVI_KV_NUMBER_KEY_BYTES 8

/* The key that equals `value`. Lifetime of *key: the value's, or of `number`. */
tvi_kv_match tvi_kv_match_key(sqlite3_value *value, int key_type, int literal,
                              unsigned char number[TVI_KV_NUMBER_KEY_BYTES], tv_slice *key);

/* A range of keys being narrowed. All zero is every key. */
typedef struct tvi_kv_bounds {
  unsigned char from[TV_KEY_BYTES_MAX], to[TV_KEY_BYTES_MAX];
  size_t from_size, to_size; /* 0: unbounded; from is inclusive, to exclusive */
  int none;                  /* 1: nothing lies in it */
} tvi_kv_bounds;

/* Narrows by `key > value` (open) or `key >= value`; the second form by < or <=. */
void tvi_kv_bound_lower(tvi_kv_bounds *bounds, sqlite3_value *value, int key_type, int open);
void tvi_kv_bound_upper(tvi_kv_bounds *bounds, sqlite3_value *value, int key_type, int open);
/* Narrows by the fixed beginning of a LIKE or GLOB pattern. */
void tvi_kv_bound_like(tvi_kv_bounds *bounds, sqlite3_value *pattern, int key_type);
void tvi_kv_bound_glob(tvi_kv_bounds *bounds, sqlite3_value *pattern, int key_type);
tv_range tvi_kv_bounds_range(const tvi_kv_bounds *bounds);

/* Gives SQL the key or value. TV_ECORRUPT: an integer key that is not one of 8 bytes. */
int tvi_kv_result_key(sqlite3_context *context, tv_slice key, int key_type);
void tvi_kv_result_value(sqlite3_context *context, tv_slice value, int value_type);

/* ---- Reading (kv_table_scan.c, kv_table_freeze.c) ---- */

int tvi_kv_scan_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out);
int tvi_kv_scan_close(sqlite3_vtab_cursor *cursor);
int tvi_kv_scan_filter(sqlite3_vtab_cursor *cursor, int plan, const char *plan_text, int argc,
                       sqlite3_value **argv);
int tvi_kv_scan_next(sqlite3_vtab_cursor *cursor);
int tvi_kv_scan_eof(sqlite3_vtab_cursor *cursor);
int tvi_kv_scan_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column);
/* Before a write: every open scan of the bucket takes what it has still to deliver into memory, so
 * that no scan meets rows which its own statement writes. Returns an SQLite code. */
int tvi_kv_scans_freeze(tvi_kv_module *module, const char *bucket);

/* ---- Writing (kv_table_write.c) ---- */

int tvi_kv_update(sqlite3_vtab *vtab, int argc, sqlite3_value **argv, sqlite3_int64 *rowid);

#endif
