/* SPDX-License-Identifier: MIT */
/*
 * Deleting a range of keys. The cursor runs over the store itself, so that expired entries go too.
 * Rejected: collecting the keys first; the engine's cursor finds its place again after a delete.
 */
#include <string.h>

#include "bucket_internal.h"

/* The whole bucket: pages are given back without being read. */
static int delete_range_all(tv_bucket *bucket, uint64_t *deleted) {
  tvi_kv_handle *handle = bucket->handle;
  int status = TV_OK;

  if (deleted != NULL) status = tv_store_count(bucket->store, deleted);
  if (status == TV_OK) status = tv_store_clear(bucket->store);
  if (status == TV_OK && handle->expiry_store != NULL)
    status = tv_store_clear(handle->expiry_store);
  return status;
}

static int delete_range_loop(tv_bucket *bucket, tv_cursor *cursor, tv_range range, uint64_t *n) {
  tv_slice key;
  int status = range.from.size > 0 ? tv_cursor_seek(cursor, range.from, &key, NULL)
                                   : tv_cursor_first(cursor, &key, NULL);

  for (; status == TV_OK; status = tv_cursor_next(cursor, &key, NULL)) {
    if (range.to.size > 0 && tvi_kv_compare(key, range.to) >= 0) break;
    status = tvi_kv_delete_key(bucket, key);
    if (status == TV_OK) ++*n;
    if (status != TV_OK && status != TV_NOTFOUND) return status;
  }
  return status == TV_END ? TV_OK : status;
}

int tv_kv_delete_range(tv_bucket *bucket, tv_range range, uint64_t *deleted) {
  /* The ends may lie in pages that the deletes change. */
  unsigned char from[TV_KEY_BYTES_MAX], to[TV_KEY_BYTES_MAX];
  tv_cursor *cursor;
  uint64_t n = 0;
  int status = TV_OK;

  if (deleted != NULL) *deleted = 0;
  if (range.from.size > 0) status = tvi_kv_key_check(bucket, range.from);
  if (status == TV_OK && range.to.size > 0) status = tvi_kv_key_check(bucket, range.to);
  if (status == TV_OK) status = tvi_kv_expiry_find(bucket->handle, 0);
  if (status != TV_OK) return status;
  if (range.from.size == 0 && range.to.size == 0 &&
      (bucket->handle->expiry_store == NULL || deleted == NULL))
    return delete_range_all(bucket, deleted);
  if (range.from.size > 0) memcpy(from, range.from.data, range.from.size);
  if (range.to.size > 0) memcpy(to, range.to.data, range.to.size);
  range.from.data = from;
  range.to.data = to;
  status = tv_cursor_open(bucket->store, &cursor);
  if (status != TV_OK) return status;
  status = delete_range_loop(bucket, cursor, range, &n);
  tv_cursor_close(cursor);
  if (deleted != NULL) *deleted = n;
  return status;
}
