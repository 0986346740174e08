/* SPDX-License-Identifier: MIT */
/*
 * Expiry. An entry's expiry time is in its envelope, so that a read needs nothing else to pass an
 * expired one over. A second store of the bucket, its part "expiry", orders those entries by time:
 *
 *   key:   expiry time, 8 bytes big-endian, then the entry's key        value: empty
 *
 * so that a sweep costs no more than what it removes. The part is made by the first write with an
 * expiry time; buckets that never see one pay a look-up per transaction. Rows are kept
 * exact with each write. Rejected: leaving outdated rows to the sweep, which saves a get per write,
 * but lets a session that is refreshed each second leave a row each second for its whole time to
 * live. A sweep still compares a row with its entry, and removes an entry only when they agree.
 */
#include <string.h>

#include "bucket_internal.h"
#include "encode_internal.h"

#define EXPIRY_TIME_BYTES 8

/* Finds the index for the transaction, or makes it. */
int tvi_kv_expiry_find(tvi_kv_handle *handle, int create) {
  tv_txn *txn = tvi_store_txn(handle->store);
  uint64_t epoch = tvi_txn_epoch(txn);
  int status;

  if (TVI_LIKELY(handle->expiry_epoch == epoch) && (handle->expiry_store != NULL || !create))
    return TV_OK;
  handle->expiry_store = NULL;
  handle->expiry_swept = 0;
  handle->expiry_epoch = 0;
  handle->plain_epoch = 0;
  status =
      tvi_store_open(txn, TVI_KIND_BUCKET, tvi_store_name(handle->store), "expiry",
                     create ? (unsigned)TV_CREATE : 0u, tv_bytes(NULL, 0), &handle->expiry_store);
  if (status == TV_NOTFOUND) {
    handle->expiry_store = NULL;
    status = TV_OK;
  }
  if (status == TV_OK) handle->expiry_epoch = epoch;
  if (handle->expiry_store != NULL) tvi_kv_cursors_see_expiry(handle);
  return status;
}

int tvi_kv_expiry_of(tv_bucket *bucket, int64_t ttl_ms, int64_t *expiry) {
  tv_txn *txn = tvi_store_txn(bucket->store);
  int64_t now;

  *expiry = 0;
  if (ttl_ms == 0) return TV_OK;
  now = tv_txn_now(txn);
  if (ttl_ms < 0 || ttl_ms > (INT64_MAX - now) / 1000)
    return tvi_txn_fail(txn, TV_EINVAL, 0,
                        "bucket '%s': a time to live of %lld ms is negative or too long",
                        tvi_store_name(bucket->store), (long long)ttl_ms);
  *expiry = now + ttl_ms * 1000;
  return TV_OK;
}

int tvi_kv_expiry_move(tvi_kv_handle *handle, size_t key_size, int64_t old, int64_t now) {
  tv_slice row = tv_bytes(handle->row, EXPIRY_TIME_BYTES + key_size);
  int status;

  if (old == now) return TV_OK;
  if (old != 0) {
    tvi_store_be64(handle->row, (uint64_t)old);
    status = tv_store_delete(handle->expiry_store, row);
    if (status != TV_OK && status != TV_NOTFOUND) return status;
  }
  if (now == 0) return TV_OK;
  tvi_store_be64(handle->row, (uint64_t)now);
  return tv_store_put(handle->expiry_store, row, tv_bytes(NULL, 0), 0);
}

/* Removes one row of the index and the entry that it is about. */
static int expiry_sweep_row(tvi_kv_handle *handle, tv_slice row) {
  tv_slice key, wrapped;
  tvi_envelope envelope;
  int64_t expiry;
  int status;

  memcpy(handle->row, row.data, row.size);
  row.data = handle->row;
  key = tv_bytes(handle->row + EXPIRY_TIME_BYTES, row.size - EXPIRY_TIME_BYTES);
  expiry = (int64_t)tvi_load_be64(row.data);
  status = tv_store_get(handle->store, key, &wrapped);
  if (status == TV_OK && tvi_envelope_peek(wrapped, &envelope) == TV_OK &&
      envelope.expiry == expiry)
    status = tv_store_delete(handle->store, key);
  if (status != TV_OK && status != TV_NOTFOUND) return status;
  return tv_store_delete(handle->expiry_store, row);
}

int tvi_kv_expiry_sweep(tvi_kv_handle *handle, uint64_t limit, uint64_t *swept) {
  tv_txn *txn = tvi_store_txn(handle->store);
  tv_cursor *cursor;
  uint64_t n = 0;
  int status;

  *swept = 0;
  if (handle->expiry_store == NULL || handle->expiry_swept) return TV_END;
  status = tv_cursor_open(handle->expiry_store, &cursor);
  if (status != TV_OK) return status;
  for (;;) {
    tv_slice row;
    status = tv_cursor_first(cursor, &row, NULL);
    if (status != TV_OK) break;
    if (row.size <= EXPIRY_TIME_BYTES || row.size > sizeof handle->row) {
      status =
          tvi_txn_fail(txn, TV_ECORRUPT, 0, "bucket '%s': its index of expiry times is damaged",
                       tvi_store_name(handle->store));
      break;
    }
    if ((int64_t)tvi_load_be64(row.data) > tv_txn_now(txn)) {
      status = TV_END;
      break;
    }
    if (n == limit) break;
    status = expiry_sweep_row(handle, row);
    if (status != TV_OK) break;
    n++;
  }
  tv_cursor_close(cursor);
  /* Nothing that is written later in this transaction expires in it. */
  if (status == TV_END) handle->expiry_swept = 1;
  *swept = n;
  return status;
}

int tv_kv_sweep(tv_bucket *bucket, uint64_t limit, uint64_t *swept) {
  tv_txn *txn = tvi_store_txn(bucket->store);
  uint64_t n = 0;
  int status;

  if (swept != NULL) *swept = 0;
  if (!tv_txn_is_write(txn))
    return tvi_txn_fail(txn, TV_EREADONLY, 0, "bucket '%s': a sweep needs a write transaction",
                        tvi_store_name(bucket->store));
  status = tvi_kv_expiry_find(bucket->handle, 0);
  if (status == TV_OK) status = tvi_kv_expiry_sweep(bucket->handle, limit, &n);
  if (swept != NULL) *swept = n;
  return status;
}
