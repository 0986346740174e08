/* SPDX-License-Identifier: MIT */
/*
 * Buckets as things: open, drop, rename, list, options, counts. What is costly to make (decoded
 * options, dictionary, codec memory) hangs on the engine's store and is found again by later
 * transactions. Rejected: a cache of handles keyed by name in this layer; the engine knows better
 * when a catalogue record changed.
 */
#include "bucket_internal.h"

#include <string.h>

#define BUCKET_FLAGS_KNOWN \
  ((unsigned)(TV_CREATE | TV_ONLY_NEW | TV_KV_UNVERIFIED | TV_KV_VERIFY_SCANS))

int tvi_kv_key_check(tv_bucket *bucket, tv_slice key) {
  char shown[TVI_SHOW_BYTES];
  if (TVI_LIKELY(key.size - 1 < TV_KEY_BYTES_MAX)) return TV_OK;
  if (key.size == 0)
    return tvi_txn_fail(tvi_store_txn(bucket->store), TV_EKEYSIZE, 0, "bucket '%s': a key is empty",
                        tvi_store_name(bucket->store));
  return tvi_txn_fail(tvi_store_txn(bucket->store), TV_EKEYSIZE, 0,
                      "bucket '%s': key %s has %zu bytes, more than %d",
                      tvi_store_name(bucket->store), tvi_show(key, shown), key.size,
                      TV_KEY_BYTES_MAX);
}

int tvi_kv_fail(tv_bucket *bucket, tv_slice key, int status) {
  char shown[TVI_SHOW_BYTES];
  const char *what = status == TV_ECORRUPT ? "the stored value is damaged"
                     : status == TV_ENOMEM ? "out of memory"
                                           : "the value is too large";
  return tvi_txn_fail(tvi_store_txn(bucket->store), status, 0, "bucket '%s', key %s: %s",
                      tvi_store_name(bucket->store), tvi_show(key, shown), what);
}

/* ---- The handle ---- */

static void bucket_handle_free(tvi_kv_handle *handle) {
  unsigned i;
  tvi_kv_cursors_free(handle);
  for (i = 0; i < TVI_KV_VIEWS; i++) {
    tvi_codec_free(&handle->views[i].codec);
    tvi_buffer_free(&handle->views[i].many);
  }
  tvi_codec_free(&handle->writer);
  tvi_buffer_free(&handle->joined);
  tvi_free(handle->dictionary);
  tvi_free(handle);
}

static void bucket_handle_release(void *data) {
  tvi_kv_handle *handle = data;
  if (!handle->retired) bucket_handle_free(handle);
}

static void bucket_handle_end(void *ctx, tv_txn *txn, int committed) {
  (void)txn;
  (void)committed;
  bucket_handle_free(ctx);
}

/* Takes the handle off a bucket that goes away or gets another name. Its memory stays until the
 * transaction ends, so that a call with it is refused by the engine instead of reading freed
 * memory.
 */
static int bucket_handle_retire(tv_store *store) {
  tvi_kv_handle *handle = tvi_store_attached(store);
  if (handle == NULL) return TV_OK;
  if (tvi_txn_on_end(tvi_store_txn(store), bucket_handle_end, handle) != TV_OK)
    return tvi_txn_fail(tvi_store_txn(store), TV_ENOMEM, 0, "bucket '%s': out of memory",
                        tvi_store_name(store));
  handle->retired = 1;
  tvi_store_attach(store, NULL, NULL);
  return TV_OK;
}

static int bucket_handle_make(tv_store *store, tvi_kv_handle **out) {
  tv_txn *txn = tvi_store_txn(store);
  tvi_kv_handle *handle = tvi_zalloc(sizeof *handle);
  unsigned i;
  int status;

  *out = NULL;
  if (handle == NULL)
    return tvi_txn_fail(txn, TV_ENOMEM, 0, "bucket '%s': out of memory", tvi_store_name(store));
  status = tvi_kv_options_decode(tvi_store_options(store), &handle->options);
  if (status != TV_OK) {
    tvi_free(handle);
    return tvi_txn_fail(txn, status, 0,
                        status == TV_EVERSION ? "bucket '%s' was made by a newer version of Trivet"
                                              : "bucket '%s': its options are damaged",
                        tvi_store_name(store));
  }
  if (handle->options.dictionary.size > 0) {
    handle->dictionary = tvi_alloc(handle->options.dictionary.size);
    if (handle->dictionary == NULL) {
      tvi_free(handle);
      return tvi_txn_fail(txn, TV_ENOMEM, 0, "bucket '%s': out of memory", tvi_store_name(store));
    }
    memcpy(handle->dictionary, handle->options.dictionary.data, handle->options.dictionary.size);
    handle->options.dictionary.data = handle->dictionary;
  }
  handle->writer.compression = handle->options.compression;
  handle->writer.with_version = handle->options.versioned;
  handle->writer.dictionary = handle->options.dictionary;
  for (i = 0; i < TVI_KV_VIEWS; i++) {
    tv_bucket *view = &handle->views[i];
    view->handle = handle;
    view->codec = handle->writer;
    view->verify_gets = (i & 1) == 0;
    view->verify_scans = (i & 2) != 0;
  }
  *out = handle;
  return TV_OK;
}

/* Opens a store of a bucket; absent gives TV_ENOBUCKET in words. */
static int bucket_store_open(tv_txn *txn, const char *name, tv_store **out) {
  int status = tvi_store_open(txn, TVI_KIND_BUCKET, name, NULL, 0, tv_bytes(NULL, 0), out);
  if (status != TV_NOTFOUND) return status;
  return tvi_txn_fail(txn, TV_ENOBUCKET, 0, "there is no bucket '%s'", name);
}

static int bucket_create(tv_txn *txn, const char *name, const tv_bucket_options *options,
                         tv_store **out) {
  static const tv_bucket_options plain = {0};
  tvi_buffer record = {0};
  int status;

  if (options == NULL) options = &plain;
  status = tvi_kv_options_check(txn, name, options);
  if (status != TV_OK) return status;
  status = tvi_kv_options_encode(options, &record);
  if (status != TV_OK)
    (void)tvi_txn_fail(txn, status, 0, "bucket '%s': out of memory", name);
  else
    status = tvi_store_open(txn, TVI_KIND_BUCKET, name, NULL, TV_CREATE,
                            tv_bytes(record.data, record.size), out);
  tvi_buffer_free(&record);
  return status;
}

int tv_kv_open(tv_txn *txn, const char *name, unsigned flags, const tv_bucket_options *options,
               tv_bucket **out) {
  tvi_kv_handle *handle;
  tv_store *store;
  tv_bucket *view;
  int status;

  *out = NULL;
  if ((flags & ~BUCKET_FLAGS_KNOWN) != 0 || (flags & (TV_CREATE | TV_ONLY_NEW)) == TV_ONLY_NEW)
    return tvi_txn_fail(txn, TV_EINVAL, 0, "bucket '%s': flags %#x are not valid together", name,
                        flags);
  status = tvi_store_open(txn, TVI_KIND_BUCKET, name, NULL, 0, tv_bytes(NULL, 0), &store);
  if (status == TV_OK && (flags & TV_ONLY_NEW) != 0) return TV_EXISTS;
  if (status == TV_NOTFOUND) {
    if ((flags & TV_CREATE) == 0)
      return tvi_txn_fail(txn, TV_ENOBUCKET, 0, "there is no bucket '%s'", name);
    status = bucket_create(txn, name, options, &store);
  }
  if (status != TV_OK) return status;
  handle = tvi_store_attached(store);
  if (TVI_UNLIKELY(handle == NULL)) {
    status = bucket_handle_make(store, &handle);
    if (status != TV_OK) return status;
    tvi_store_attach(store, handle, bucket_handle_release);
  }
  handle->store = store;
  view =
      &handle->views[(flags & TV_KV_UNVERIFIED ? 1u : 0u) | (flags & TV_KV_VERIFY_SCANS ? 2u : 0u)];
  view->store = store;
  *out = view;
  return TV_OK;
}

/* ---- The bucket as a whole ---- */

int tv_kv_drop(tv_txn *txn, const char *name) {
  tv_store *store;
  tv_store *expiry;
  int status = bucket_store_open(txn, name, &store);

  if (status == TV_OK) status = bucket_handle_retire(store);
  if (status != TV_OK) return status;
  status = tvi_store_open(txn, TVI_KIND_BUCKET, name, "expiry", 0, tv_bytes(NULL, 0), &expiry);
  if (status == TV_OK) status = tv_store_drop(expiry);
  if (status != TV_OK && status != TV_NOTFOUND) return status;
  return tv_store_drop(store);
}

int tv_kv_rename(tv_txn *txn, const char *name, const char *new_name) {
  tv_store *store;
  int status = bucket_store_open(txn, name, &store);
  if (status == TV_OK) status = bucket_handle_retire(store);
  if (status != TV_OK) return status;
  return tvi_store_rename(txn, TVI_KIND_BUCKET, name, new_name);
}

int tv_kv_list(tv_txn *txn, int (*visit)(void *ctx, tv_slice name), void *ctx) {
  return tvi_store_list(txn, TVI_KIND_BUCKET, visit, ctx);
}

void tv_kv_options(const tv_bucket *bucket, tv_bucket_options *out) {
  *out = bucket->handle->options;
}

int tv_kv_count(tv_bucket *bucket, uint64_t *count) {
  return tv_store_count(bucket->store, count);
}

int tv_kv_stat(tv_bucket *bucket, tv_store_stat *out) {
  return tv_store_stat_get(bucket->store, out);
}

int tv_kv_log(tv_bucket *bucket, int on) {
  return tv_store_log(bucket->store, on);
}
