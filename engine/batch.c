/* SPDX-License-Identifier: MIT */
/*
 * Many keys in one call. In a write transaction one LMDB cursor serves a whole batch: for sorted
 * keys its next target is often on the page where it stands, which LMDB recognises before it
 * descends from the root. A read transaction descends by itself, which costs less than LMDB's
 * recognition.
 */
#include <string.h>

#include "env_internal.h"
#include "lmdb_status_internal.h"

static int batch_get_read(tv_store *store, size_t n, const tv_slice *keys, tv_slice *values,
                          int *statuses) {
  size_t i;
  int status = tvi_store_tree_ready(store);
  for (i = 0; i < n && status == TV_OK; i++) {
    status = tvi_store_key_check(store, keys[i]);
    if (status != TV_OK) break;
    statuses[i] = tvi_tree_get(&store->tree, keys[i], &values[i]);
    if (statuses[i] != TV_OK) values[i] = tv_bytes(NULL, 0);
    if (statuses[i] == TV_ECORRUPT) status = tvi_store_tree_fail(store);
  }
  return status;
}

static int batch_get_write(tv_store *store, size_t n, const tv_slice *keys, tv_slice *values,
                           int *statuses) {
  MDB_cursor *cursor;
  size_t i;
  int status = TV_OK, native = mdb_cursor_open(store->txn->mdb, store->dbi, &cursor);
  if (native != 0) return tvi_txn_lmdb_fail(store->txn, native, "cannot open a cursor");
  for (i = 0; i < n && status == TV_OK; i++) {
    MDB_val k = tvi_val_of(keys[i]), v;
    status = tvi_store_key_check(store, keys[i]);
    if (status != TV_OK) break;
    native = mdb_cursor_get(cursor, &k, &v, MDB_SET_KEY);
    statuses[i] = native == 0 ? TV_OK : TV_NOTFOUND;
    values[i] = native == 0 ? tvi_slice_of(v) : tv_bytes(NULL, 0);
    if (native != 0 && native != MDB_NOTFOUND)
      status = tvi_txn_lmdb_fail(store->txn, native, "cannot read");
  }
  mdb_cursor_close(cursor);
  return status;
}

int tv_store_get_many(tv_store *store, size_t n, const tv_slice *keys, tv_slice *values,
                      int *statuses) {
  int status = tvi_store_ready(store);
  if (status != TV_OK) return status;
  return store->txn->write ? batch_get_write(store, n, keys, values, statuses)
                           : batch_get_read(store, n, keys, values, statuses);
}

/* The end of a prefix's range: the prefix with its last byte below 0xff raised, the rest cut off.
 */
tv_range tv_range_prefix(tv_slice prefix, void *buffer) {
  tv_range range = {prefix, {NULL, 0}};
  unsigned char *end = buffer;
  size_t size = prefix.size;
  if (size > TV_KEY_BYTES_MAX) size = TV_KEY_BYTES_MAX;
  if (size == 0) return range;
  memcpy(end, prefix.data, size);
  while (size > 0 && end[size - 1] == 0xff) size--;
  if (size > 0) {
    end[size - 1]++;
    range.to = tv_bytes(end, size);
  }
  return range;
}

static int batch_before(tv_slice key, tv_slice end) {
  size_t n = key.size < end.size ? key.size : end.size;
  int order = memcmp(key.data, end.data, n);
  return order != 0 ? order < 0 : key.size < end.size;
}

static int batch_scan_range(tv_store *store, tv_cursor *cursor, size_t index, const tv_range *range,
                            tv_scan_fn visit, void *ctx) {
  tv_slice key, value;
  int status;
  if (range->from.size > TVI_KEY_BYTES_LIMIT) return tvi_store_key_fail(store, range->from);
  status = tv_cursor_seek(cursor, range->from, &key, &value);
  while (status == TV_OK && (range->to.size == 0 || batch_before(key, range->to))) {
    if (visit(ctx, index, key, value) != 0) return TV_STOP;
    status = tv_cursor_next(cursor, &key, &value);
  }
  return status == TV_END ? TV_OK : status;
}

int tv_store_scan_many(tv_store *store, size_t n, const tv_range *ranges, tv_scan_fn visit,
                       void *ctx) {
  tv_cursor *cursor;
  size_t i;
  int status = tv_cursor_open(store, &cursor);
  if (status != TV_OK) return status;
  for (i = 0; i < n && status == TV_OK; i++)
    status = batch_scan_range(store, cursor, i, &ranges[i], visit, ctx);
  tv_cursor_close(cursor);
  return status;
}

int tv_store_write_many(tv_store *store, size_t n, const tv_write *writes) {
  size_t i;
  int status = TV_OK;
  for (i = 0; i < n && status == TV_OK; i++) {
    if (!writes[i].erase) {
      status = tv_store_put(store, writes[i].key, writes[i].value, 0);
    } else {
      status = tv_store_delete(store, writes[i].key);
      if (status == TV_NOTFOUND) status = TV_OK;
    }
  }
  return status;
}
