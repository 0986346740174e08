/* SPDX-License-Identifier: MIT */
/*
 * Reads of keys. A plain value is handed out where it lies in the map: the path from tv_kv_get to
 * it is one look-up, one byte compared and, unless unverified, one checksum. Rejected: a
 * cache of values above the store; the map is that cache already.
 */
#include "bucket_internal.h"

/* Everything but the plain, unverified value. Verifies first: damage must not pass for expiry. */
static int get_unwrap(tv_bucket *bucket, tv_slice key, tv_slice wrapped, tvi_envelope *envelope) {
  int status = tvi_envelope_unwrap(&bucket->codec, key, wrapped, bucket->verify_gets, envelope);
  if (TVI_UNLIKELY(status != TV_OK)) return tvi_kv_fail(bucket, key, status);
  return tvi_kv_expired(bucket, envelope->expiry) ? TV_NOTFOUND : TV_OK;
}

int tv_kv_get(tv_bucket *bucket, tv_slice key, tv_slice *value) {
  tvi_envelope envelope;
  tv_slice wrapped;
  int status;

  if (TVI_UNLIKELY(key.size - 1 >= TV_KEY_BYTES_MAX)) {
    *value = tv_bytes(NULL, 0);
    return tvi_kv_key_check(bucket, key);
  }
  status = tv_store_get(bucket->store, key, &wrapped);
  if (TVI_LIKELY(status == TV_OK)) {
    if (tvi_kv_is_plain(wrapped) &&
        (!bucket->verify_gets || tvi_envelope_plain_intact(key, wrapped))) {
      *value = tvi_kv_plain_payload(wrapped);
      return TV_OK;
    }
    status = get_unwrap(bucket, key, wrapped, &envelope);
    if (status == TV_OK) {
      *value = envelope.payload;
      return TV_OK;
    }
  }
  *value = tv_bytes(NULL, 0);
  return status;
}

int tv_kv_get_entry(tv_bucket *bucket, tv_slice key, tv_kv_entry *entry) {
  tvi_envelope envelope;
  tv_slice wrapped;
  int status = tvi_kv_key_check(bucket, key);

  *entry = (tv_kv_entry){0};
  if (status == TV_OK) status = tv_store_get(bucket->store, key, &wrapped);
  if (status == TV_OK) status = get_unwrap(bucket, key, wrapped, &envelope);
  if (status != TV_OK) return status;
  entry->value = envelope.payload;
  entry->expires = envelope.expiry;
  entry->version = envelope.version;
  return TV_OK;
}

/* ---- Many keys ---- */

/*
 * Unwraps values[] in place. Unpacked ones are gathered in bucket->many, which may move while it
 * grows: until all are there, such a value's address is its offset and NULL data marks it.
 */
static int get_many_unwrap(tv_bucket *bucket, size_t n, const tv_slice *keys, tv_slice *values,
                           int *statuses) {
  size_t i, at = 0;

  bucket->many.size = 0;
  for (i = 0; i < n; i++) {
    tvi_envelope envelope;
    if (statuses[i] != TV_OK) continue;
    if (!bucket->verify_gets && tvi_kv_is_plain(values[i])) {
      values[i] = tvi_kv_plain_payload(values[i]);
      continue;
    }
    statuses[i] = get_unwrap(bucket, keys[i], values[i], &envelope);
    values[i] = statuses[i] == TV_OK ? envelope.payload : tv_bytes(NULL, 0);
    if (statuses[i] == TV_ENOMEM) return TV_ENOMEM;
    if (values[i].size == 0 || !tvi_codec_holds(&bucket->codec, values[i])) continue;
    if (tvi_buffer_append(&bucket->many, values[i].data, values[i].size) != TV_OK)
      return tvi_kv_fail(bucket, keys[i], TV_ENOMEM);
    values[i].data = NULL;
  }
  for (i = 0; i < n; i++) {
    if (values[i].data != NULL || values[i].size == 0) continue;
    values[i].data = bucket->many.data + at;
    at += values[i].size;
  }
  return TV_OK;
}

static int get_many_sorted(size_t n, const tv_slice *keys) {
  size_t i;
  for (i = 1; i < n; i++)
    if (tvi_kv_compare(keys[i - 1], keys[i]) > 0) return 0;
  return 1;
}

/* Sorts positions by their keys: bottom-up merge, in room for 2 * n positions. */
static size_t *get_many_order(size_t n, const tv_slice *keys, size_t *room) {
  size_t *from = room, *to = room + n, *swap;
  size_t width, i;

  for (i = 0; i < n; i++) from[i] = i;
  for (width = 1; width < n; width *= 2) {
    for (i = 0; i < n; i += 2 * width) {
      size_t middle = n - i < width ? n : i + width;
      size_t end = n - i < 2 * width ? n : i + 2 * width;
      size_t a = i, b = middle, k;
      for (k = i; k < end; k++) {
        int left = b == end || (a < middle && tvi_kv_compare(keys[from[a]], keys[from[b]]) <= 0);
        to[k] = left ? from[a++] : from[b++];
      }
    }
    swap = from;
    from = to;
    to = swap;
  }
  return from;
}

/* Looks unsorted keys up in key order, so that one pass over the tree finds them all. */
static int get_many_unsorted(tv_bucket *bucket, size_t n, const tv_slice *keys, tv_slice *values,
                             int *statuses) {
  size_t each = 2 * sizeof(tv_slice) + 2 * sizeof(size_t) + sizeof(int);
  tv_slice *sorted_keys, *found;
  size_t *room, *order;
  int *found_statuses;
  size_t i;
  int status;
  void *memory = n > SIZE_MAX / each ? NULL : tvi_alloc(n * each);

  if (memory == NULL)
    return tvi_txn_fail(tvi_store_txn(bucket->store), TV_ENOMEM, 0,
                        "bucket '%s': out of memory for %zu keys", tvi_store_name(bucket->store),
                        n);
  sorted_keys = memory;
  found = sorted_keys + n;
  room = (size_t *)(void *)(found + n);
  found_statuses = (int *)(void *)(room + 2 * n);
  order = get_many_order(n, keys, room);
  for (i = 0; i < n; i++) sorted_keys[i] = keys[order[i]];
  status = tv_store_get_many(bucket->store, n, sorted_keys, found, found_statuses);
  for (i = 0; status == TV_OK && i < n; i++) {
    values[order[i]] = found[i];
    statuses[order[i]] = found_statuses[i];
  }
  tvi_free(memory);
  return status;
}

int tv_kv_get_many(tv_bucket *bucket, size_t n, const tv_slice *keys, tv_slice *values,
                   int *statuses) {
  size_t i;
  int status = TV_OK;

  for (i = 0; i < n && status == TV_OK; i++) status = tvi_kv_key_check(bucket, keys[i]);
  if (status != TV_OK || n == 0) return status;
  if (get_many_sorted(n, keys))
    status = tv_store_get_many(bucket->store, n, keys, values, statuses);
  else
    status = get_many_unsorted(bucket, n, keys, values, statuses);
  if (status != TV_OK) return status;
  return get_many_unwrap(bucket, n, keys, values, statuses);
}
