/* SPDX-License-Identifier: MIT */
/*
 * A scan of kv, shared by the files that fill, walk and freeze it.
 */
#ifndef TRIVET_KV_TABLE_SCAN_INTERNAL_H
#define TRIVET_KV_TABLE_SCAN_INTERNAL_H

#include "kv_table_internal.h"

struct tvi_kv_scan {
  sqlite3_vtab_cursor base;
  tvi_kv_scan *next, **before; /* in the module's list */
  int plan;
  tvi_buffer name; /* of the bucket, with its NUL */

  /* What is open in the transaction; stale when generation or epoch is another. */
  tv_txn *txn;
  uint64_t generation, epoch;
  tv_bucket *bucket;  /* NULL: it is not there */
  tv_kv_cursor *walk; /* NULL: to be opened beyond `key` */
  tv_bucket_options options;

  /* What is asked for: a range, or a list of keys. */
  tvi_kv_bounds bounds;
  tvi_buffer list;         /* le16 size and bytes of each key, in the order of delivery */
  size_t list_at;          /* the next one */
  int listed;              /* 1: the list counts, not the range */
  sqlite3_int64 rows_left; /* -1: no LIMIT */

  /* The current row. */
  int eof;
  int has_value;
  tvi_buffer key; /* a copy: where to go on in another transaction */
  tv_slice value; /* borrowed, or in value_copy or rows */
  tvi_buffer value_copy;

  /* Rows taken into memory (kv_table_freeze.c). */
  int frozen;
  tvi_buffer rows;
  size_t rows_at;
  int64_t expires; /* of the current row when frozen */
  uint64_t version;
};

/* Opens the bucket in the connection's transaction unless it is open there. An SQLite code. */
int tvi_kv_scan_attach(tvi_kv_scan *scan);
/* Moves on by one row without looking at frozen rows. An SQLite code. */
int tvi_kv_scan_step(tvi_kv_scan *scan);
/* Passes a failure of the kv layer on, with its sentence. */
int tvi_kv_scan_fail(tvi_kv_scan *scan, int status);
/* Replaces what is in the buffer. TV_OK or TV_ENOMEM. */
int tvi_kv_scan_set(tvi_buffer *buffer, tv_slice bytes);

/* Fills the list from EQ's or IN's value. *all becomes 1 when only a scan can tell what equals it.
 * An SQLite code. (kv_table_list.c) */
int tvi_kv_list_fill(tvi_kv_scan *scan, sqlite3_value *value, int *all);
/* The next key of the list. Returns 0 at its end. */
int tvi_kv_list_next(tvi_kv_scan *scan, tv_slice *key);

/* Makes the next frozen row the current one. An SQLite code. (kv_table_freeze.c) */
int tvi_kv_frozen_next(tvi_kv_scan *scan);

#endif
