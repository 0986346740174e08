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
 * time is never returned, though it takes space until it is swept. Each put into a bucket
 * that holds entries with an expiry time sweeps at most two expired ones.
 *
 * Writes read their arguments before they change anything, so a key or value that a get or a
 * cursor of the same transaction returned may be passed to them.
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
  tv_slice dictionary; /* for compression: bytes typical of the values, at most
                          TV_DICTIONARY_BYTES_MAX; see tv_kv_train */
} tv_bucket_options;

/* LZ4 looks back 64 KiB; the rest is left for the other options in the catalogue's record. */
#define TV_DICTIONARY_BYTES_MAX ((size_t)60 * 1024)

enum {
  /* beside TV_CREATE and TV_ONLY_NEW */
  TV_KV_UNVERIFIED = 1u << 8,  /* gets do not compare checksums */
  TV_KV_VERIFY_SCANS = 1u << 9 /* cursors do */
};

/*
 * Opens a bucket. `options` is used (and checked) only when the bucket is created; NULL: defaults.
 * Opening again in a transaction with the same flags gives the same handle.
 * Lifetime: *out until the transaction ends, the bucket is dropped or renamed, or a savepoint
 * opened before its creation is rolled back.
 * Returns: TV_OK, TV_ENOBUCKET, TV_EXISTS (TV_ONLY_NEW), TV_EINVAL, TV_ELIMIT, TV_EREADONLY,
 *   TV_EVERSION (options written by a newer Trivet), TV_ECORRUPT, TV_ENOMEM.
 * Cost: a look-up in the catalogue; in a transaction that follows one with the same bucket, a
 * comparison.
 */
TV_API int tv_kv_open(tv_txn *txn, const char *name, unsigned flags,
                      const tv_bucket_options *options, tv_bucket **out);
/* Removes a bucket and all its entries. Returns TV_OK, TV_ENOBUCKET. Cost: O(pages). */
TV_API int tv_kv_drop(tv_txn *txn, const char *name);
/* Returns TV_OK, TV_ENOBUCKET, TV_EXISTS (new_name is taken), TV_EINVAL. Cost: O(1). */
TV_API int tv_kv_rename(tv_txn *txn, const char *name, const char *new_name);
/* Calls visit for each bucket's name, in order, until it returns non-zero (then TV_STOP). */
TV_API int tv_kv_list(tv_txn *txn, int (*visit)(void *ctx, tv_slice name), void *ctx);
/* The options as created. Lifetime of the dictionary: the bucket's. */
TV_API void tv_kv_options(const tv_bucket *bucket, tv_bucket_options *out);

/* ---- Single keys. A key is 1 to TV_KEY_BYTES_MAX bytes, else TV_EKEYSIZE. ---- */

/*
 * Looks a key up. *value becomes empty unless TV_OK is returned.
 * Returns TV_OK, TV_NOTFOUND, TV_ECORRUPT (checksum), TV_EKEYSIZE, TV_ENOMEM (compressed only).
 * Cost: O(log n); no copy and no allocation; of a compressed value, unpacking it into the handle's
 * memory, which grows to the largest value.
 */
TV_API int tv_kv_get(tv_bucket *bucket, tv_slice key, tv_slice *value);

typedef struct tv_kv_entry {
  tv_slice value;
  int64_t expires;  /* microseconds since 1970 UTC; 0: never */
  uint64_t version; /* 0 in a bucket without versions; else 1 for the first write */
} tv_kv_entry;
TV_API int tv_kv_get_entry(tv_bucket *bucket, tv_slice key, tv_kv_entry *entry);

/*
 * Writes a value; the time to live is the bucket's. A value is at most about 2 GB (TV_ELIMIT).
 * Cost: O(log n); in a versioned bucket also a get; in one that holds entries with an
 * expiry time also a get and a write to the index of expiry times. After a failure (other than of
 * an argument) roll the transaction or savepoint back.
 */
TV_API int tv_kv_put(tv_bucket *bucket, tv_slice key, tv_slice value);
/* ttl_ms: milliseconds from the transaction's now; 0: for ever. TV_EINVAL when negative or past the
 * year 294,000. */
TV_API int tv_kv_put_ttl(tv_bucket *bucket, tv_slice key, tv_slice value, int64_t ttl_ms);
/* TV_EXISTS when the key is there (and not expired). */
TV_API int tv_kv_put_absent(tv_bucket *bucket, tv_slice key, tv_slice value);
/* TV_MISMATCH when the present value differs from `expected`; TV_NOTFOUND when there is none. */
TV_API int tv_kv_put_equal(tv_bucket *bucket, tv_slice key, tv_slice expected, tv_slice value);
/* version 0: the key must be absent. TV_MISMATCH when the present version is another, or the key is
 * absent; TV_EINVAL in a bucket without versions. Versions of a deleted or expired key begin
 * at 1 again. */
TV_API int tv_kv_put_version(tv_bucket *bucket, tv_slice key, uint64_t version, tv_slice value);
/* The key must be greater than all in the bucket: the fastest load. TV_EINVAL when it is not. */
TV_API int tv_kv_put_append(tv_bucket *bucket, tv_slice key, tv_slice value);
/* Returns TV_NOTFOUND when the key was absent (or expired). */
TV_API int tv_kv_delete(tv_bucket *bucket, tv_slice key);
/* Deletes the keys of a range; *deleted (may be NULL) counts those that had not expired. Cost:
 * O(entries deleted); the whole of a bucket without expiry times: O(its pages). */
TV_API int tv_kv_delete_range(tv_bucket *bucket, tv_range range, uint64_t *deleted);

/* ---- Merge operations ---- */

/* Both keep the expiry time of a present entry; a new one gets the bucket's time to live. */

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
/*
 * The stored entries of a range: exactly when they are at most 1,000 or the range is the whole
 * bucket, else estimated from some hundred short samples of the range, between which keys are
 * interpolated. Measured: for evenly spread binary keys the estimate is mostly within a tenth, for
 * numbers in text within a third, for natural names within a factor of two and at worst of ten;
 * it is never more than tv_kv_count. Cost: some 100 us, whatever the size.
 */
TV_API int tv_kv_count_estimate(tv_bucket *bucket, tv_range range, uint64_t *count);
TV_API int tv_kv_stat(tv_bucket *bucket, tv_store_stat *out);

/* Removes at most `limit` expired entries, those that expired first; *swept (may be NULL)
 * counts them. Returns TV_OK (more may be left), TV_END (none is left), TV_EREADONLY. Cost:
 * O(entries removed). */
TV_API int tv_kv_sweep(tv_bucket *bucket, uint64_t limit, uint64_t *swept);

/*
 * Switches the bucket's changes into the engine's change log (tv_feed), or out of it again, from
 * this transaction on; kept in the catalogue. A change names the bucket and the key as written
 * here: puts, merge operations and imports are TV_CHANGE_PUT; deletes, and sweeps of expired
 * entries, TV_CHANGE_DELETE; a delete_range over the whole of a bucket may be one TV_CHANGE_CLEAR.
 * The index of expiry times is never logged. Returns TV_OK, TV_EREADONLY. Cost: as tv_store_log.
 */
TV_API int tv_kv_log(tv_bucket *bucket, int on);

/* ---- Cursors ---- */

/*
 * A cursor over a range in either direction. range: {0} is the whole bucket; the slices of the
 * range are copied. Moves and returns as a tv_cursor does; expired entries are passed over.
 * A damaged entry gives TV_ECORRUPT and its key; the cursor stands on it and can move on.
 * Lifetime: until tv_kv_cursor_close or the end of the bucket's handle.
 * Returns: TV_OK, TV_ENOMEM, TV_EKEYSIZE (an end of the range). Cost of opening: O(1), mostly
 * without an allocation; of a step: a few ns over tv_cursor_next.
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

/* ---- Dictionaries ---- */

/*
 * Builds a dictionary for tv_bucket_options from n samples of the values: the stretches of text
 * that occur in most samples. A few hundred to some ten thousand samples do; 100 times the size of
 * the dictionary in all is plenty. The same samples give the same dictionary.
 * dictionary: room for `capacity` bytes, at most TV_DICTIONARY_BYTES_MAX; *size becomes what
 * is used, 0 when the samples have nothing in common. err may be NULL.
 * Returns: TV_OK, TV_EINVAL (no sample, no capacity), TV_ELIMIT (2 GiB of samples), TV_ENOMEM.
 * Cost: O(bytes of the samples), some 10 MB/s; a copy of the samples and 8 to 32 MiB of memory.
 */
TV_API int tv_kv_train(size_t n, const tv_slice *samples, void *dictionary, size_t capacity,
                       size_t *size, tv_error *err);

/* ---- Bulk load of unsorted input ---- */

/*
 * A load takes pairs in any order, sorts them in memory, spills sorted runs to a temporary file
 * (unlinked as soon as it is made, so that nothing is left behind) when they become too many, and
 * then puts the merged runs into a bucket in key order, which is several times faster than
 * random puts. Of a key that was added several times the last value wins. It belongs to
 * no transaction, so its output can be committed in batches:
 *
 *     tv_kv_load_open(NULL, &load, &err);
 *     while (...) tv_kv_load_add(load, key, value, &err);
 *     do {
 *       tv_begin(db, TV_WRITE, &txn, &err);
 *       tv_kv_open(txn, "users", TV_CREATE, NULL, &users);
 *       status = tv_kv_load_put(load, users, 100000, NULL);
 *       ... on a failure: tv_abort(txn); tv_kv_load_back(load); try again or give up
 *       tv_commit(txn, &err);
 *     } while (status == TV_OK);
 *     tv_kv_load_close(load);
 */
typedef struct tv_kv_load tv_kv_load;

typedef struct tv_kv_load_options {
  uint64_t memory_bytes; /* held in memory before spilling; 0: 64 MiB; at least 64 KiB */
  const char *folder;    /* where the temporary file is made; NULL: $TMPDIR, else /tmp */
} tv_kv_load_options;

/* `options` may be NULL. Returns TV_OK, TV_EINVAL, TV_ENOMEM. */
TV_API int tv_kv_load_open(const tv_kv_load_options *options, tv_kv_load **out, tv_error *err);
/* Adds a pair; both slices are copied. Returns TV_OK, TV_EKEYSIZE, TV_ELIMIT (value too large, too
 * many runs for the memory), TV_EMISUSE (after the first tv_kv_load_put), TV_ENOMEM, TV_ENOSPC,
 * TV_EIO, TV_EACCES. A failure leaves the load as it was before the pair. */
TV_API int tv_kv_load_add(tv_kv_load *load, tv_slice key, tv_slice value, tv_error *err);
/* Puts at most `limit` (0: all) of the remaining pairs into the bucket, in key order; *put (may be
 * NULL) counts them. Returns TV_OK (more may be left), TV_END (that was all), or a failure, after
 * which the transaction should be rolled back. Cost: that of tv_kv_put_append while the
 * bucket's keys are all less, else of tv_kv_put in key order. */
TV_API int tv_kv_load_put(tv_kv_load *load, tv_bucket *bucket, uint64_t limit, uint64_t *put);
/* Steps back to where the last tv_kv_load_put began: for a transaction that was not committed. */
TV_API void tv_kv_load_back(tv_kv_load *load);
/* NULL is allowed. */
TV_API void tv_kv_load_close(tv_kv_load *load);

/* ---- Export and import ---- */

typedef enum tv_kv_format {
  TV_KV_JSONL = 0, /* JSON Lines: an object a line: "key" and "value" as text, or "key64" and
                      "value64" in base64 where the bytes are not valid UTF-8; "expires"
                      (microseconds since 1970 UTC, 0: never) and "version" where there are any */
  TV_KV_DUMP = 1   /* binary, with a checksum for each entry; docs/kv.md describes it */
} tv_kv_format;

/* Takes `size` bytes; another return value than 0 ends the export with TV_STOP. */
typedef int (*tv_kv_write_fn)(void *ctx, const void *data, size_t size);
/* Fills at most `capacity` bytes and sets *size, 0 at the end; another return value than 0 ends the
 * import with TV_STOP. */
typedef int (*tv_kv_read_fn)(void *ctx, void *buffer, size_t capacity, size_t *size);

typedef struct tv_kv_export tv_kv_export;
typedef struct tv_kv_import tv_kv_import;

/*
 * Exports the entries of a range in key order; expired ones are left out.
 * Lifetime: *out until tv_kv_export_close, which must come before the transaction ends.
 * Returns: TV_OK, TV_EINVAL (format), TV_EKEYSIZE, TV_ENOMEM.
 */
TV_API int tv_kv_export_open(tv_bucket *bucket, tv_range range, int format, tv_kv_export **out);
/* Writes at most `limit` (0: all) further entries; *entries (may be NULL) counts them.
 * Returns TV_OK (more may be left), TV_END (complete), TV_STOP, TV_ECORRUPT, TV_ENOMEM. Checksums
 * are verified. */
TV_API int tv_kv_export_some(tv_kv_export *job, uint64_t limit, tv_kv_write_fn write, void *ctx,
                             uint64_t *entries);
/* NULL is allowed. */
TV_API void tv_kv_export_close(tv_kv_export *job);

/*
 * Imports what tv_kv_export wrote (or anybody else, as JSON Lines). An import belongs to no
 * transaction, so that it can be committed in batches. Where "expires" is missing, the bucket's
 * time to live applies. Returns: TV_OK, TV_EINVAL, TV_ENOMEM.
 */
TV_API int tv_kv_import_open(int format, tv_kv_read_fn read, void *ctx, tv_kv_import **out,
                             tv_error *err);
/*
 * Puts at most `limit` (0: all) further entries into the bucket; *entries (may be NULL) counts
 * those written: entries that have expired meanwhile are not. An entry keeps its version in a
 * versioned bucket.
 * Returns: TV_OK (more may be left), TV_END (complete), TV_STOP, TV_EINVAL (a bad line; the message
 *   tells its number and what is wrong with it), TV_ECORRUPT (a damaged or cut dump; the message
 *   tells the entry), TV_EVERSION (a dump of a newer format), or a failure of the put.
 * Cost: that of the puts; memory for the input of one call.
 */
TV_API int tv_kv_import_some(tv_kv_import *job, tv_bucket *bucket, uint64_t limit,
                             uint64_t *entries);
/* Steps back to where the last tv_kv_import_some began: for a transaction that was not committed.
 */
TV_API void tv_kv_import_back(tv_kv_import *job);
/* Lines (entries of a dump) read so far. */
TV_API uint64_t tv_kv_import_line(const tv_kv_import *job);
/* NULL is allowed. */
TV_API void tv_kv_import_close(tv_kv_import *job);

/* ---- Checking ---- */

/* What a check calls; each function may be NULL. */
typedef struct tv_kv_check_hooks {
  /* A sentence, naming bucket and key, for each of the first 100 problems. */
  void (*report)(void *ctx, const char *sentence);
  /* Every 10,000 entries; non-zero ends the check with TV_STOP. */
  int (*progress)(void *ctx, tv_slice bucket, uint64_t entries);
  void *ctx; /* of both */
} tv_kv_check_hooks;

typedef struct tv_kv_check_report {
  uint64_t buckets;  /* looked at */
  uint64_t entries;  /* in them */
  uint64_t expiring; /* those with an expiry time */
  uint64_t problems; /* 0: sound */
} tv_kv_check_report;

/*
 * Checks one bucket, or all (name NULL), as the transaction sees them: each value unpacked and its
 * checksum compared, versions and key sizes as the options say, the index of expiry times against
 * the entries both ways, the number of entries. Damaged pages are tv_check_file's part, which
 * should come first. hooks and out may be NULL. Returns: TV_OK (sound), TV_ECORRUPT (problems; the
 * transaction's error names the first), TV_STOP, TV_ENOBUCKET, TV_ENOMEM. Cost: reads everything
 * once, some 100 ns an entry.
 */
TV_API int tv_kv_check(tv_txn *txn, const char *name, const tv_kv_check_hooks *hooks,
                       tv_kv_check_report *out);

#ifdef __cplusplus
}
#endif
#endif
