/* SPDX-License-Identifier: MIT */
/*
 * A bucket's handle, shared by the files of this folder. One handle hangs on the bucket's store and
 * outlives the transaction; in it are four views, one for each combination of the two
 * TV_KV_ flags, and a tv_bucket is a pointer to a view.
 */
#ifndef TRIVET_BUCKET_INTERNAL_H
#define TRIVET_BUCKET_INTERNAL_H

#include "envelope_internal.h"
#include "trivet_kv.h"

typedef struct tvi_kv_handle tvi_kv_handle;

struct tv_bucket {
  tv_store *store;
  int verify_gets, verify_scans;
  tvi_codec codec; /* of gets; only its unpacking side is used */
  tvi_buffer many; /* the unpacked values of tv_kv_get_many, one behind the other */
  tvi_kv_handle *handle;
};

#define TVI_KV_VIEWS 4
#define TVI_KV_SPARE_CURSORS 4

struct tvi_kv_handle {
  tv_bucket views[TVI_KV_VIEWS];
  tv_store *store;
  tv_bucket_options options;
  unsigned char *dictionary; /* options.dictionary points here; NULL: none */
  tvi_codec writer;          /* wraps; its unpacking side serves reads within writes */
  tvi_buffer joined;         /* tv_kv_append puts old and new together here */

  tv_store *expiry_store; /* the index of expiry times; NULL: no entry ever had one */
  uint64_t expiry_epoch;  /* the transaction's epoch for which the two around are known */
  uint64_t plain_epoch;   /* in this epoch all entries are plain; 0: not known */
  int expiry_swept;       /* 1: nothing is left to sweep in this transaction */

  tv_kv_cursor *cursors; /* open ones */
  tv_kv_cursor *spare;   /* closed ones, to be used again */
  unsigned spare_count;
  tv_txn *end_txn; /* where the end hook is set; NULL: nowhere */
  int retired;     /* the bucket was dropped or renamed; freed when the transaction ends */

  /* A row of the expiry index, and from byte 8 on a copy of the key that is being written: the
   * caller's key may lie in a page that the write moves. */
  unsigned char row[8 + TV_KEY_BYTES_MAX];
};

/* What is stored under a key before a write. */
typedef struct tvi_kv_present {
  int stored; /* 1: there is a record, expired or not */
  int live;   /* 1: and it has not expired */
  int64_t expiry;
  uint64_t version; /* 0 unless live */
} tvi_kv_present;

typedef struct tvi_kv_write {
  tv_slice key, value;
  int64_t expiry;                /* microseconds since 1970 UTC; 0: never */
  uint64_t version;              /* to be stored; 0: one more than the present one's */
  const tvi_kv_present *present; /* NULL: not looked up yet */
  unsigned put_flags;            /* TV_PUT_ABSENT, TV_PUT_APPEND */
} tvi_kv_write;

/* kv/bucket.c */
int tvi_kv_key_check(tv_bucket *bucket, tv_slice key);
/* Says what `status` of the envelope means for a key, and returns it. */
int tvi_kv_fail(tv_bucket *bucket, tv_slice key, int status);

/* kv/bucket_options.c: the record in the catalogue. */
int tvi_kv_options_check(tv_txn *txn, const char *name, const tv_bucket_options *options);
int tvi_kv_options_encode(const tv_bucket_options *options, tvi_buffer *out);
/* The dictionary is left pointing into the record. Returns TV_OK, TV_EVERSION, TV_ECORRUPT. */
int tvi_kv_options_decode(tv_slice record, tv_bucket_options *out);

/* kv/expiry.c */
int tvi_kv_expiry_find(tvi_kv_handle *handle, int create);
/* The time at which something written now with this time to live expires. */
int tvi_kv_expiry_of(tv_bucket *bucket, int64_t ttl_ms, int64_t *expiry);
/* Moves the row of the key in handle->row from one expiry time to another; 0: none. */
int tvi_kv_expiry_move(tvi_kv_handle *handle, size_t key_size, int64_t old, int64_t now);
int tvi_kv_expiry_sweep(tvi_kv_handle *handle, uint64_t limit, uint64_t *swept);

/* kv/put.c */
int tvi_kv_put_write(tv_bucket *bucket, const tvi_kv_write *asked);
/* Reads and verifies the value under a key, unpacked by handle->writer. */
int tvi_kv_present_read(tv_bucket *bucket, tv_slice key, tvi_kv_present *present, tv_slice *value);
int tvi_kv_delete_key(tv_bucket *bucket, tv_slice key);

/* kv/bucket_cursor.c */
void tvi_kv_cursors_free(tvi_kv_handle *handle);
void tvi_kv_cursors_see_expiry(tvi_kv_handle *handle);
/* As tv_kv_cursor_next, with expiry and version, and always verified. */
int tvi_kv_cursor_next_entry(tv_kv_cursor *cursor, tv_slice *key, tv_kv_entry *entry);

/* 1: nothing but a header precedes the payload, which is stored as it is and never expires. */
static inline int tvi_kv_is_plain(tv_slice wrapped) {
  return wrapped.size >= TVI_ENV_HEADER_BYTES && *(const unsigned char *)wrapped.data == 0;
}
static inline tv_slice tvi_kv_plain_payload(tv_slice wrapped) {
  return tv_bytes((const unsigned char *)wrapped.data + TVI_ENV_HEADER_BYTES,
                  wrapped.size - TVI_ENV_HEADER_BYTES);
}
static inline int tvi_kv_expired(const tv_bucket *bucket, int64_t expiry) {
  return expiry != 0 && expiry <= tv_txn_now(tvi_store_txn(bucket->store));
}
/* memcmp order, a prefix before what it begins. */
static inline int tvi_kv_compare(tv_slice a, tv_slice b) {
  size_t n = a.size < b.size ? a.size : b.size;
  int order = n == 0 ? 0 : __builtin_memcmp(a.data, b.data, n);
  return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

#endif
