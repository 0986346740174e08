/* SPDX-License-Identifier: MIT */
/*
 * Writes of single keys. All of them end in tvi_kv_put_write, which looks the present entry up only
 * where its version or expiry time matters; everything is read and wrapped before anything is
 * changed, since the caller's slices may lie in pages that the write moves. Rejected: reserving
 * room in the page and wrapping in place, which saves a copy but must know the compressed size.
 */
#include "bucket_internal.h"

#include <string.h>

#define PUT_SWEEP_ENTRIES 2 /* more than are written, so that expired ones never pile up */

/* A damaged record is reported only where its contents decide; others may write over it. */
static int put_present_find(tv_bucket *bucket, tv_slice key, int strict, tvi_kv_present *present) {
  tvi_envelope envelope;
  tv_slice wrapped;
  int status = tv_store_get(bucket->store, key, &wrapped);

  *present = (tvi_kv_present){0};
  if (status == TV_NOTFOUND) return TV_OK;
  if (status != TV_OK) return status;
  present->stored = 1;
  status = tvi_envelope_peek(wrapped, &envelope);
  if (status != TV_OK) {
    if (strict) return tvi_kv_fail(bucket, key, status);
    present->live = 1;
    return TV_OK;
  }
  present->expiry = envelope.expiry;
  present->live = !tvi_kv_expired(bucket, envelope.expiry);
  if (present->live) present->version = envelope.version;
  return TV_OK;
}

int tvi_kv_present_read(tv_bucket *bucket, tv_slice key, tvi_kv_present *present, tv_slice *value) {
  tvi_envelope envelope;
  tv_slice wrapped;
  int status = tvi_kv_key_check(bucket, key);

  *present = (tvi_kv_present){0};
  *value = tv_bytes(NULL, 0);
  if (status == TV_OK) status = tv_store_get(bucket->store, key, &wrapped);
  if (status == TV_NOTFOUND) return TV_OK;
  if (status != TV_OK) return status;
  status = tvi_envelope_unwrap(&bucket->handle->writer, key, wrapped, 1, &envelope);
  if (status != TV_OK) return tvi_kv_fail(bucket, key, status);
  present->stored = 1;
  present->expiry = envelope.expiry;
  present->live = !tvi_kv_expired(bucket, envelope.expiry);
  if (!present->live) return TV_OK;
  present->version = envelope.version;
  *value = envelope.payload;
  return TV_OK;
}

/* The version that the entry is to carry; 0 in a bucket without versions. */
static int put_version_next(tv_bucket *bucket, const tvi_kv_write *write, uint64_t *version) {
  char shown[TVI_SHOW_BYTES];
  *version = 0;
  if (!bucket->handle->options.versioned) return TV_OK;
  *version = write->version != 0 ? write->version : write->present->version + 1;
  if (*version != 0) return TV_OK;
  return tvi_txn_fail(tvi_store_txn(bucket->store), TV_ELIMIT, 0,
                      "bucket '%s', key %s: its version cannot grow further",
                      tvi_store_name(bucket->store), tvi_show(write->key, shown));
}

int tvi_kv_put_write(tv_bucket *bucket, const tvi_kv_write *asked) {
  tvi_kv_handle *handle = bucket->handle;
  tvi_kv_write write = *asked;
  tvi_kv_present present = {0};
  tv_slice wrapped;
  uint64_t version, swept;
  int status = tvi_kv_key_check(bucket, write.key);

  if (status == TV_OK) status = tvi_kv_expiry_find(handle, write.expiry != 0);
  if (status != TV_OK) return status;
  memcpy(handle->row + 8, write.key.data, write.key.size);
  write.key.data = handle->row + 8;
  if (write.present == NULL) {
    write.present = &present;
    if ((handle->expiry_store != NULL || handle->options.versioned) &&
        (write.put_flags & TV_PUT_APPEND) == 0) {
      int strict = (write.put_flags & TV_PUT_ABSENT) != 0;
      status = put_present_find(bucket, write.key, strict, &present);
      if (status != TV_OK) return status;
      if (strict && present.live) return TV_EXISTS;
      write.put_flags &= ~(unsigned)TV_PUT_ABSENT;
    }
  }
  status = put_version_next(bucket, &write, &version);
  if (status != TV_OK) return status;
  status =
      tvi_envelope_wrap(&handle->writer, write.key, write.value, write.expiry, version, &wrapped);
  if (status != TV_OK) return tvi_kv_fail(bucket, write.key, status);
  status = tv_store_put(bucket->store, write.key, wrapped, write.put_flags);
  if (status != TV_OK || handle->expiry_store == NULL) return status;
  status = tvi_kv_expiry_move(handle, write.key.size, write.present->expiry, write.expiry);
  if (status == TV_OK && !handle->expiry_swept) {
    status = tvi_kv_expiry_sweep(handle, PUT_SWEEP_ENTRIES, &swept);
    if (status == TV_END) status = TV_OK;
  }
  return status;
}

/* ---- The public puts ---- */

/* An entry that is its value and nothing else, in a bucket where no entry is more. */
static int put_plain(tv_bucket *bucket, tv_slice key, tv_slice value, unsigned put_flags) {
  tv_slice key_copy, wrapped;
  int status = tvi_envelope_wrap_plain(&bucket->handle->writer, key, value, &key_copy, &wrapped);
  if (status != TV_OK) return tvi_kv_fail(bucket, key, status);
  return tv_store_put(bucket->store, key_copy, wrapped, put_flags);
}

static int put_is_plain(const tvi_kv_handle *handle) {
  return handle->options.compression == TV_COMPRESS_NONE && !handle->options.versioned &&
         handle->expiry_store == NULL;
}

static int put_with_ttl(tv_bucket *bucket, tv_slice key, tv_slice value, int64_t ttl_ms,
                        const tvi_kv_present *present, unsigned put_flags) {
  tvi_kv_write write;
  int status = tvi_kv_key_check(bucket, key);
  if (status == TV_OK) status = tvi_kv_expiry_find(bucket->handle, 0);
  if (TVI_UNLIKELY(status != TV_OK)) return status;
  if (TVI_LIKELY(ttl_ms == 0 && put_is_plain(bucket->handle))) {
    if (bucket->handle->options.ttl_ms == 0)
      bucket->handle->plain_epoch = bucket->handle->expiry_epoch;
    return put_plain(bucket, key, value, put_flags);
  }
  write = (tvi_kv_write){.key = key, .value = value, .present = present, .put_flags = put_flags};
  if (ttl_ms != 0) {
    status = tvi_kv_expiry_of(bucket, ttl_ms, &write.expiry);
    if (status != TV_OK) return status;
  }
  return tvi_kv_put_write(bucket, &write);
}

/* 1 when an earlier put of this transaction found that all entries are plain. */
static inline int put_known_plain(const tv_bucket *bucket, tv_slice key) {
  const tvi_kv_handle *handle = bucket->handle;
  return handle->plain_epoch == tvi_txn_epoch(tvi_store_txn(handle->store)) &&
         key.size - 1 < TV_KEY_BYTES_MAX;
}

int tv_kv_put(tv_bucket *bucket, tv_slice key, tv_slice value) {
  if (put_known_plain(bucket, key)) return put_plain(bucket, key, value, 0);
  return put_with_ttl(bucket, key, value, bucket->handle->options.ttl_ms, NULL, 0);
}

int tv_kv_put_ttl(tv_bucket *bucket, tv_slice key, tv_slice value, int64_t ttl_ms) {
  return put_with_ttl(bucket, key, value, ttl_ms, NULL, 0);
}

int tv_kv_put_absent(tv_bucket *bucket, tv_slice key, tv_slice value) {
  return put_with_ttl(bucket, key, value, bucket->handle->options.ttl_ms, NULL, TV_PUT_ABSENT);
}

int tv_kv_put_append(tv_bucket *bucket, tv_slice key, tv_slice value) {
  if (put_known_plain(bucket, key)) return put_plain(bucket, key, value, TV_PUT_APPEND);
  return put_with_ttl(bucket, key, value, bucket->handle->options.ttl_ms, NULL, TV_PUT_APPEND);
}

int tv_kv_put_equal(tv_bucket *bucket, tv_slice key, tv_slice expected, tv_slice value) {
  tvi_kv_present present;
  tv_slice current;
  int status = tvi_kv_present_read(bucket, key, &present, &current);

  if (status != TV_OK) return status;
  if (!present.live) return TV_NOTFOUND;
  if (tvi_kv_compare(current, expected) != 0) return TV_MISMATCH;
  return put_with_ttl(bucket, key, value, bucket->handle->options.ttl_ms, &present, 0);
}

int tv_kv_put_version(tv_bucket *bucket, tv_slice key, uint64_t version, tv_slice value) {
  tvi_kv_present present;
  int status;

  if (!bucket->handle->options.versioned)
    return tvi_txn_fail(tvi_store_txn(bucket->store), TV_EINVAL, 0,
                        "bucket '%s' was created without versions", tvi_store_name(bucket->store));
  status = tvi_kv_key_check(bucket, key);
  if (status == TV_OK) status = put_present_find(bucket, key, 1, &present);
  if (status != TV_OK) return status;
  if (present.version != version) return TV_MISMATCH;
  return put_with_ttl(bucket, key, value, bucket->handle->options.ttl_ms, &present, 0);
}

/* ---- Deletes ---- */

int tvi_kv_delete_key(tv_bucket *bucket, tv_slice key) {
  tvi_kv_handle *handle = bucket->handle;
  tvi_kv_present present = {.stored = 1, .live = 1};
  int status = tvi_kv_key_check(bucket, key);

  if (status == TV_OK) status = tvi_kv_expiry_find(handle, 0);
  if (status != TV_OK) return status;
  memcpy(handle->row + 8, key.data, key.size);
  key.data = handle->row + 8;
  if (handle->expiry_store != NULL) {
    status = put_present_find(bucket, key, 0, &present);
    if (status != TV_OK) return status;
    if (!present.stored) return TV_NOTFOUND;
  }
  status = tv_store_delete(bucket->store, key);
  if (status != TV_OK) return status;
  status = tvi_kv_expiry_move(handle, key.size, present.expiry, 0);
  if (status != TV_OK) return status;
  return present.live ? TV_OK : TV_NOTFOUND;
}

int tv_kv_delete(tv_bucket *bucket, tv_slice key) {
  return tvi_kv_delete_key(bucket, key);
}

int tv_kv_write_many(tv_bucket *bucket, size_t n, const tv_write *writes) {
  size_t i;
  for (i = 0; i < n; i++) {
    int status = writes[i].erase ? tvi_kv_delete_key(bucket, writes[i].key)
                                 : tv_kv_put(bucket, writes[i].key, writes[i].value);
    if (status != TV_OK && status != TV_NOTFOUND) return status;
  }
  return TV_OK;
}
