/* SPDX-License-Identifier: MIT */
/*
 * Cursors over a range of a bucket. A cursor is the engine's cursor, two ends of a range and, for
 * compressed values, memory of its own. The step over plain values is kept apart from the rest,
 * since a scan pays for every nanosecond in it millions of times. Closed cursors are
 * kept by the handle, so that opening one seldom allocates; cursors that were left open are freed
 * when the transaction ends. Rejected: a cursor that reads rows ahead; the tree is in memory.
 */
#include <string.h>

#include "bucket_internal.h"
#include "leaf_internal.h"

enum { KV_CURSOR_NEW, KV_CURSOR_ON, KV_CURSOR_END };

struct tv_kv_cursor {
  tv_cursor *inner;
  tvi_leaf *leaf; /* the inner cursor's */
  tv_bucket *bucket;
  int state; /* KV_CURSOR_*, as of a tv_cursor */
  int plain; /* 1: every value is plain, and no checksum is asked for: flags need not be read */
  int verify;
  size_t from_size, to_size;      /* 0: no end on that side */
  tv_kv_cursor *next, **back_ref; /* in the handle's list; back_ref: what points here */
  tvi_codec codec;
  unsigned char from[TV_KEY_BYTES_MAX];
  unsigned char to[TV_KEY_BYTES_MAX];
};

/* ---- Opening and closing ---- */

static void kv_cursor_free(tv_kv_cursor *cursor) {
  tvi_codec_free(&cursor->codec);
  tvi_free(cursor);
}

static void kv_cursor_unlink(tv_kv_cursor *cursor) {
  *cursor->back_ref = cursor->next;
  if (cursor->next != NULL) cursor->next->back_ref = cursor->back_ref;
}

static void kv_cursor_retire(tvi_kv_handle *handle, tv_kv_cursor *cursor) {
  if (handle->spare_count == TVI_KV_SPARE_CURSORS) {
    kv_cursor_free(cursor);
    return;
  }
  cursor->next = handle->spare;
  handle->spare = cursor;
  handle->spare_count++;
}

/* The transaction ends: the engine has closed its cursors, or will. */
static void kv_cursor_txn_end(void *ctx, tv_txn *txn, int committed) {
  tvi_kv_handle *handle = ctx;
  (void)txn;
  (void)committed;
  handle->end_txn = NULL;
  while (handle->cursors != NULL) {
    tv_kv_cursor *cursor = handle->cursors;
    kv_cursor_unlink(cursor);
    kv_cursor_retire(handle, cursor);
  }
}

void tvi_kv_cursors_free(tvi_kv_handle *handle) {
  if (handle->end_txn != NULL) tvi_txn_forget_on_end(handle->end_txn, kv_cursor_txn_end, handle);
  handle->end_txn = NULL;
  while (handle->cursors != NULL) {
    tv_kv_cursor *cursor = handle->cursors;
    kv_cursor_unlink(cursor);
    kv_cursor_free(cursor);
  }
  while (handle->spare != NULL) {
    tv_kv_cursor *cursor = handle->spare;
    handle->spare = cursor->next;
    kv_cursor_free(cursor);
  }
  handle->spare_count = 0;
}

/* The first write with an expiry time: open cursors must look at each entry from now on. */
void tvi_kv_cursors_see_expiry(tvi_kv_handle *handle) {
  tv_kv_cursor *cursor;
  for (cursor = handle->cursors; cursor != NULL; cursor = cursor->next) cursor->plain = 0;
}

/* A cursor's memory: a spare one, or a new one. NULL: out of memory. */
static tv_kv_cursor *kv_cursor_take(tv_bucket *bucket) {
  tvi_kv_handle *handle = bucket->handle;
  tv_txn *txn = tvi_store_txn(bucket->store);
  tv_kv_cursor *cursor;

  if (handle->end_txn == NULL) {
    if (tvi_txn_on_end(txn, kv_cursor_txn_end, handle) != TV_OK) return NULL;
    handle->end_txn = txn;
  }
  cursor = handle->spare;
  if (cursor != NULL) {
    handle->spare = cursor->next;
    handle->spare_count--;
    return cursor;
  }
  cursor = tvi_zalloc(sizeof *cursor);
  if (cursor == NULL) return NULL;
  cursor->codec.compression = handle->options.compression;
  cursor->codec.with_version = handle->options.versioned;
  cursor->codec.dictionary = handle->options.dictionary;
  return cursor;
}

int tv_kv_cursor_open(tv_bucket *bucket, tv_range range, tv_kv_cursor **out) {
  tvi_kv_handle *handle = bucket->handle;
  tv_kv_cursor *cursor;
  int status = TV_OK;

  *out = NULL;
  if (range.from.size > 0) status = tvi_kv_key_check(bucket, range.from);
  if (status == TV_OK && range.to.size > 0) status = tvi_kv_key_check(bucket, range.to);
  if (status == TV_OK) status = tvi_kv_expiry_find(handle, 0);
  if (status != TV_OK) return status;
  cursor = kv_cursor_take(bucket);
  if (cursor == NULL)
    return tvi_txn_fail(tvi_store_txn(bucket->store), TV_ENOMEM, 0,
                        "bucket '%s': out of memory for a cursor", tvi_store_name(bucket->store));
  status = tv_cursor_open(bucket->store, &cursor->inner);
  if (status != TV_OK) {
    kv_cursor_retire(handle, cursor);
    return status;
  }
  cursor->leaf = tvi_cursor_leaf(cursor->inner);
  cursor->bucket = bucket;
  cursor->state = KV_CURSOR_NEW;
  cursor->verify = bucket->verify_scans;
  cursor->plain = !cursor->verify && handle->options.compression == TV_COMPRESS_NONE &&
                  !handle->options.versioned && handle->expiry_store == NULL;
  cursor->from_size = range.from.size;
  cursor->to_size = range.to.size;
  if (range.from.size > 0) memcpy(cursor->from, range.from.data, range.from.size);
  if (range.to.size > 0) memcpy(cursor->to, range.to.data, range.to.size);
  cursor->next = handle->cursors;
  cursor->back_ref = &handle->cursors;
  if (cursor->next != NULL) cursor->next->back_ref = &cursor->next;
  handle->cursors = cursor;
  *out = cursor;
  return TV_OK;
}

int tv_kv_cursor_open_prefix(tv_bucket *bucket, tv_slice prefix, tv_kv_cursor **out) {
  unsigned char end[TV_KEY_BYTES_MAX];
  tv_range whole = {0};

  *out = NULL;
  if (prefix.size == 0) return tv_kv_cursor_open(bucket, whole, out);
  if (prefix.size > TV_KEY_BYTES_MAX) return tvi_kv_key_check(bucket, prefix);
  return tv_kv_cursor_open(bucket, tv_range_prefix(prefix, end), out);
}

void tv_kv_cursor_close(tv_kv_cursor *cursor) {
  if (cursor == NULL) return;
  tv_cursor_close(cursor->inner);
  kv_cursor_unlink(cursor);
  kv_cursor_retire(cursor->bucket->handle, cursor);
}

/* ---- Moving ---- */

static int kv_cursor_before_end(const tv_kv_cursor *cursor, tv_slice key) {
  return cursor->to_size == 0 || tvi_kv_compare(key, tv_bytes(cursor->to, cursor->to_size)) < 0;
}

static int kv_cursor_after_start(const tv_kv_cursor *cursor, tv_slice key) {
  return cursor->from_size == 0 ||
         tvi_kv_compare(key, tv_bytes(cursor->from, cursor->from_size)) >= 0;
}

/*
 * What a step found: key, value and, for an export, the rest. A caller who wants only the key does
 * not pay for unpacking.
 */
typedef struct kv_cursor_row {
  tv_slice *key, *value; /* either may be NULL */
  tv_kv_entry *entry;    /* NULL: not wanted */
} kv_cursor_row;

/* Hands the entry out. TV_NOTFOUND: it has expired. */
static int kv_cursor_read(tv_kv_cursor *cursor, tv_slice key, tv_slice wrapped,
                          const kv_cursor_row *row) {
  int verify = cursor->verify || row->entry != NULL;
  tvi_envelope envelope;
  int status;

  if (row->value != NULL || verify) {
    status = tvi_envelope_unwrap(&cursor->codec, key, wrapped, verify, &envelope);
  } else {
    status = tvi_envelope_peek(wrapped, &envelope);
  }
  if (status == TV_OK && tvi_kv_expired(cursor->bucket, envelope.expiry)) return TV_NOTFOUND;
  if (status != TV_OK) status = tvi_kv_fail(cursor->bucket, key, status);
  if (row->key != NULL) *row->key = key;
  if (row->value != NULL) *row->value = envelope.payload;
  if (row->entry != NULL) {
    row->entry->value = envelope.payload;
    row->entry->expires = envelope.expiry;
    row->entry->version = envelope.version;
  }
  return status;
}

/* Ends a move of the inner cursor: goes on past expired entries and stops at the range's ends. */
static int kv_cursor_settle(tv_kv_cursor *cursor, int forward, int status, tv_slice key,
                            tv_slice wrapped, const kv_cursor_row *row) {
  while (status == TV_OK) {
    if (!(forward ? kv_cursor_before_end(cursor, key) : kv_cursor_after_start(cursor, key))) {
      status = TV_END;
      break;
    }
    status = kv_cursor_read(cursor, key, wrapped, row);
    if (status != TV_NOTFOUND) break;
    status = forward ? tv_cursor_next(cursor->inner, &key, &wrapped)
                     : tv_cursor_prev(cursor->inner, &key, &wrapped);
  }
  if (status == TV_END) {
    if (row->key != NULL) *row->key = tv_bytes(NULL, 0);
    if (row->value != NULL) *row->value = tv_bytes(NULL, 0);
  }
  /* It stands on a damaged entry too, so that the caller can go on behind it. */
  cursor->state = status == TV_OK || status == TV_ECORRUPT ? KV_CURSOR_ON : KV_CURSOR_END;
  return status;
}

static int kv_cursor_first_row(tv_kv_cursor *cursor, const kv_cursor_row *row) {
  tv_slice k = {0}, v = {0};
  int status =
      cursor->from_size > 0
          ? tv_cursor_seek(cursor->inner, tv_bytes(cursor->from, cursor->from_size), &k, &v)
          : tv_cursor_first(cursor->inner, &k, &v);
  return kv_cursor_settle(cursor, 1, status, k, v, row);
}

int tv_kv_cursor_first(tv_kv_cursor *cursor, tv_slice *key, tv_slice *value) {
  kv_cursor_row row = {key, value, NULL};
  return kv_cursor_first_row(cursor, &row);
}

int tv_kv_cursor_last(tv_kv_cursor *cursor, tv_slice *key, tv_slice *value) {
  kv_cursor_row row = {key, value, NULL};
  tv_slice k = {0}, v = {0};
  int status =
      cursor->to_size > 0
          ? tv_cursor_seek_before(cursor->inner, tv_bytes(cursor->to, cursor->to_size), &k, &v)
          : tv_cursor_last(cursor->inner, &k, &v);
  return kv_cursor_settle(cursor, 0, status, k, v, &row);
}

static int kv_cursor_next_slow(tv_kv_cursor *cursor, int status, tv_slice k, tv_slice v,
                               tv_slice *key, tv_slice *value) {
  kv_cursor_row row = {key, value, NULL};
  if (cursor->state == KV_CURSOR_NEW) return kv_cursor_first_row(cursor, &row);
  return kv_cursor_settle(cursor, 1, status, k, v, &row);
}

/* The inner cursor writes to where the caller wants the slices: copying one as a whole right after
 * its halves were stored would wait for the stores. */
__attribute__((noinline)) static int kv_cursor_next_row(tv_kv_cursor *cursor, tv_slice *key,
                                                        tv_slice *value) {
  tv_slice unwanted_key = {0}, unwanted_value = {0};
  tv_slice *k = key != NULL ? key : &unwanted_key;
  tv_slice *v = value != NULL ? value : &unwanted_value;
  int status;

  if (TVI_UNLIKELY(cursor->state != KV_CURSOR_ON))
    return kv_cursor_next_slow(cursor, TV_END, tv_bytes(NULL, 0), tv_bytes(NULL, 0), key, value);
  status = tv_cursor_next(cursor->inner, k, v);
  /* Not to touch the value saves a caller who wants the keys a cache miss. */
  if (TVI_LIKELY(status == TV_OK && (cursor->plain ? v->size >= TVI_ENV_HEADER_BYTES
                                                   : tvi_kv_is_plain(*v) && !cursor->verify)) &&
      (TVI_LIKELY(cursor->to_size == 0) || kv_cursor_before_end(cursor, *k))) {
    v->data = (const unsigned char *)v->data + TVI_ENV_HEADER_BYTES;
    v->size -= TVI_ENV_HEADER_BYTES;
    return TV_OK;
  }
  return kv_cursor_next_slow(cursor, status, *k, *v, key, value);
}

/* A plain row within the leaf is compiled in here; everything else is a call away. */
int tv_kv_cursor_next(tv_kv_cursor *cursor, tv_slice *key, tv_slice *value) {
  if (TVI_LIKELY(cursor->plain && cursor->to_size == 0 && key != NULL && value != NULL) &&
      TVI_LIKELY(tvi_leaf_next(cursor->leaf, TVI_ENV_HEADER_BYTES, key, value))) {
    value->data = (const unsigned char *)value->data + TVI_ENV_HEADER_BYTES;
    value->size -= TVI_ENV_HEADER_BYTES;
    return TV_OK;
  }
  return kv_cursor_next_row(cursor, key, value);
}

int tvi_kv_cursor_next_entry(tv_kv_cursor *cursor, tv_slice *key, tv_kv_entry *entry) {
  kv_cursor_row row = {key, NULL, entry};
  tv_slice k = {0}, v = {0};
  int status;

  *entry = (tv_kv_entry){0};
  if (cursor->state == KV_CURSOR_NEW) return kv_cursor_first_row(cursor, &row);
  if (cursor->state == KV_CURSOR_END) return TV_END;
  status = tv_cursor_next(cursor->inner, &k, &v);
  return kv_cursor_settle(cursor, 1, status, k, v, &row);
}

int tv_kv_cursor_prev(tv_kv_cursor *cursor, tv_slice *key, tv_slice *value) {
  kv_cursor_row row = {key, value, NULL};
  tv_slice k = {0}, v = {0};
  int status;

  if (cursor->state == KV_CURSOR_NEW) return tv_kv_cursor_last(cursor, key, value);
  if (cursor->state == KV_CURSOR_END) return kv_cursor_settle(cursor, 0, TV_END, k, v, &row);
  status = tv_cursor_prev(cursor->inner, &k, &v);
  return kv_cursor_settle(cursor, 0, status, k, v, &row);
}

int tv_kv_cursor_seek(tv_kv_cursor *cursor, tv_slice at, tv_slice *key, tv_slice *value) {
  kv_cursor_row row = {key, value, NULL};
  tv_slice k = {0}, v = {0};
  int status;

  if (at.size == 0 || !kv_cursor_after_start(cursor, at)) return kv_cursor_first_row(cursor, &row);
  status = tvi_kv_key_check(cursor->bucket, at);
  if (status != TV_OK) return status;
  status = tv_cursor_seek(cursor->inner, at, &k, &v);
  return kv_cursor_settle(cursor, 1, status, k, v, &row);
}

int tv_kv_cursor_seek_prev(tv_kv_cursor *cursor, tv_slice at, tv_slice *key, tv_slice *value) {
  kv_cursor_row row = {key, value, NULL};
  tv_slice k = {0}, v = {0};
  int status;

  if (at.size > 0 && !kv_cursor_before_end(cursor, at))
    return tv_kv_cursor_last(cursor, key, value);
  status = tvi_kv_key_check(cursor->bucket, at);
  if (status != TV_OK) return status;
  status = tv_cursor_seek(cursor->inner, at, &k, &v);
  if (status == TV_END || (status == TV_OK && tvi_kv_compare(k, at) != 0))
    status = tv_cursor_seek_before(cursor->inner, at, &k, &v);
  return kv_cursor_settle(cursor, 0, status, k, v, &row);
}
