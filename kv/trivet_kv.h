/* SPDX-License-Identifier: MIT */
/*
 * trivet_kv.h - buckets: named maps from byte keys to byte values, ordered by key.
 *
 * A bucket is opened in a transaction and lives as long as it. Everything the engine says
 * about threads, lifetimes and errors holds here (see trivet.h). One exception: the
 * value of a *compressed* bucket is unpacked into memory of the bucket's handle or
 * cursor and lives until the next call on that handle or cursor.
 *
 * Each value carries a checksum, compared on every get unless the bucket was opened
 * with TV_KV_UNVERIFIED; cursors compare it only with TV_KV_VERIFY_SCANS. An entry past its expiry
 * time is never returned, though it takes space until it is swept.
 *
 * Example (compiled and run by tests/kv/test_header_example.c):
 *
 *     tv_bucket *users;
 *     tv_slice value;
 *     tv_begin(db, TV_WRITE, &txn, &err);
 *     tv_kv_open(txn, "users", TV_CREATE, NULL, &users);
 *     tv_kv_put(users, tv_str("ada"), tv_str("{\"born\":1815}"));
 *     if (tv_kv_get(users, tv_str("ada"), &value) == TV_OK)
 *       printf("%.*s\n", (int)value.size, (const char *)value.data);
 *     tv_commit(txn, &err);
 */
#ifndef TRIVET_KV_H
#define TRIVET_KV_H

#include "trivet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tv_bucket tv_bucket;
typedef struct tv_kv_cursor tv_kv_cursor;

typedef enum tv_compression {
  TV_COMPRESS_NONE = 0,
  TV_COMPRESS_LZ4 = 1,
  TV_COMPRESS_LZ4_HC = 2
} tv_compression;

/* How SQL shows keys and values of a bucket. */
typedef enum tv_column_type {
  TV_COLUMN_BLOB = 0,
  TV_COLUMN_TEXT = 1,   /* UTF-8 */
  TV_COLUMN_INTEGER = 2 /* keys: 8 bytes, big-endian, sign bit flipped (memcmp order is numeric
                           order); values: decimal text, as the counters of tv_kv_add keep them */
} tv_column_type;

/* Kept in the catalogue when the bucket is created; all zero is the default. */
typedef struct tv_bucket_options {
  int32_t compression; /* tv_compression */
  int32_t versioned;   /* 1: each entry counts its writes, for tv_kv_put_if_version */
  int64_t ttl_ms;      /* default time to live of an entry, milliseconds; 0: for ever */
  int32_t key_type;    /* tv_column_type; 0: blob */
  int32_t value_type;  /* tv_column_type */
  tv_slice dictionary; /* for compression: bytes typical of the values, at most 64 KiB; see
                          tv_kv_train */
} tv_bucket_options;

enum {
  /* beside TV_CREATE and TV_ONLY_NEW */
  TV_KV_UNVERIFIED = 1u << 8,  /* gets do not compare checksums */
  TV_KV_VERIFY_SCANS = 1u << 9 /* cursors do */
};

/*
 * Opens a bucket. `options` is used only when the bucket is created; NULL: defaults.
 * Lifetime: *out until the transaction ends or the bucket is dropped.
 * Returns: TV_OK, TV_ENOBUCKET, TV_EXISTS (TV_ONLY_NEW), TV_EINVAL, TV_ELIMIT, TV_EREADONLY.
 * Cost: a look-up in the catalogue; in a transaction that follows one with the same bucket, a
 * comparison.
 */
TV_API int tv_kv_open(tv_txn *txn, const char *name, unsigned flags,
                      const tv_bucket_options *options, tv_bucket **out);
TV_API int tv_kv_drop(tv_txn *txn, const char *name);
TV_API int tv_kv_rename(tv_txn *txn, const char *name, const char *new_name);
/* Calls visit for each bucket's name, in order, until it returns non-zero (then TV_STOP). */
TV_API int tv_kv_list(tv_txn *txn, int (*visit)(void *ctx, tv_slice name), void *ctx);
/* The options as created. Lifetime of the dictionary: the bucket's. */
TV_API void tv_kv_options(const tv_bucket *bucket, tv_bucket_options *out);

/* ---- Single keys. A key is 1 to TV_KEY_BYTES_MAX bytes, else TV_EKEYSIZE. ---- */

/* Returns TV_OK, TV_NOTFOUND, TV_ECORRUPT (checksum), TV_EKEYSIZE. Cost: O(log n); no allocation
 * unless compressed. */
TV_API int tv_kv_get(tv_bucket *bucket, tv_slice key, tv_slice *value);

typedef struct tv_kv_entry {
  tv_slice value;
  int64_t expires;  /* microseconds since 1970 UTC; 0: never */
  uint64_t version; /* 0 in a bucket without versions; else 1 for the first write */
} tv_kv_entry;
TV_API int tv_kv_get_entry(tv_bucket *bucket, tv_slice key, tv_kv_entry *entry);

/* Writes a value; the time to live is the bucket's. */
TV_API int tv_kv_put(tv_bucket *bucket, tv_slice key, tv_slice value);
/* ttl_ms: milliseconds from the transaction's now; 0: for ever. */
TV_API int tv_kv_put_ttl(tv_bucket *bucket, tv_slice key, tv_slice value, int64_t ttl_ms);
/* TV_EXISTS when the key is there (and not expired). */
TV_API int tv_kv_put_absent(tv_bucket *bucket, tv_slice key, tv_slice value);
/* TV_MISMATCH when the present value differs from `expected`; TV_NOTFOUND when there is none. */
TV_API int tv_kv_put_equal(tv_bucket *bucket, tv_slice key, tv_slice expected, tv_slice value);
/* version 0: the key must be absent. TV_MISMATCH when the present version is another; TV_EINVAL in
 * a bucket without versions. */
TV_API int tv_kv_put_version(tv_bucket *bucket, tv_slice key, uint64_t version, tv_slice value);
/* The key must be greater than all in the bucket: the fastest load. TV_EINVAL when it is not. */
TV_API int tv_kv_put_append(tv_bucket *bucket, tv_slice key, tv_slice value);
/* Returns TV_NOTFOUND when the key was absent (or expired). */
TV_API int tv_kv_delete(tv_bucket *bucket, tv_slice key);
/* Deletes the keys of a range; *deleted (may be NULL) counts them. Cost: O(entries deleted). */
TV_API int tv_kv_delete_range(tv_bucket *bucket, tv_range range, uint64_t *deleted);

/* ---- Merge operations ---- */

/* Adds to a counter kept as decimal text; an absent key counts as 0. *sum (may be NULL) gets the
 * result. TV_EINVAL when the value is no number or the sum does not fit 64 bits. */
TV_API int tv_kv_add(tv_bucket *bucket, tv_slice key, int64_t delta, int64_t *sum);
/* Appends bytes to a value; an absent key counts as empty. */
TV_API int tv_kv_append(tv_bucket *bucket, tv_slice key, tv_slice tail);

/* ---- Many keys ---- */

/* statuses[i]: TV_OK, TV_NOTFOUND or TV_ECORRUPT. In a compressed bucket values[i] are valid
 * until the next call on the bucket, all together. Returns TV_OK or a failure of the whole. */
TV_API int tv_kv_get_many(tv_bucket *bucket, size_t n, const tv_slice *keys, tv_slice *values,
                          int *statuses);
/* Applies writes in order. On a failure roll the transaction back. */
TV_API int tv_kv_write_many(tv_bucket *bucket, size_t n, const tv_write *writes);

/* Stored entries, expired but unswept ones included. Cost: O(1). */
TV_API int tv_kv_count(tv_bucket *bucket, uint64_t *count);
/* An estimate of the entries in a range, from a few samples of the tree; exact when they are few.
 * Cost: O(log n). */
TV_API int tv_kv_count_estimate(tv_bucket *bucket, tv_range range, uint64_t *count);
TV_API int tv_kv_stat(tv_bucket *bucket, tv_store_stat *out);

/* Removes at most `limit` expired entries; *swept (may be NULL) counts them. Returns TV_END when a
 * whole round found none left. Cost: O(limit). */
TV_API int tv_kv_sweep(tv_bucket *bucket, uint64_t limit, uint64_t *swept);

/* ---- Cursors ---- */

/*
 * A cursor over a range in either direction. range: {0} is the whole bucket; the slices of the
 * range are copied. Moves and returns as a tv_cursor does; expired entries are passed over.
 */
TV_API int tv_kv_cursor_open(tv_bucket *bucket, tv_range range, tv_kv_cursor **out);
TV_API int tv_kv_cursor_open_prefix(tv_bucket *bucket, tv_slice prefix, tv_kv_cursor **out);
TV_API void tv_kv_cursor_close(tv_kv_cursor *cursor);
TV_API int tv_kv_cursor_first(tv_kv_cursor *cursor, tv_slice *key, tv_slice *value);
TV_API int tv_kv_cursor_last(tv_kv_cursor *cursor, tv_slice *key, tv_slice *value);
TV_API int tv_kv_cursor_next(tv_kv_cursor *cursor, tv_slice *key, tv_slice *value);
TV_API int tv_kv_cursor_prev(tv_kv_cursor *cursor, tv_slice *key, tv_slice *value);
/* The first entry >= at (tv_kv_cursor_next goes on from there), within the range. */
TV_API int tv_kv_cursor_seek(tv_kv_cursor *cursor, tv_slice at, tv_slice *key, tv_slice *value);
/* The last entry <= at, within the range. */
TV_API int tv_kv_cursor_seek_prev(tv_kv_cursor *cursor, tv_slice at, tv_slice *key,
                                  tv_slice *value);

#ifdef __cplusplus
}
#endif
#endif
