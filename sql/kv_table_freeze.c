/* SPDX-License-Identifier: MIT */
/*
 * Freezing: before a bucket is written, open scans of it take the rest of their rows into memory.
 * SQLite itself does so for a statement that reads and writes the same table, but it cannot know
 * that kv('users') and a table over the bucket users are the same thing. Skipping keys that the
 * statement wrote was rejected: an overwritten row would be delivered with its new value.
 *
 * A row: sizes of key and value, expiry and version, 8 bytes each, then key and value.
 */
#include <string.h>

#include "encode_internal.h"
#include "kv_table_scan_internal.h"

#define KV_FREEZE_HEADER_BYTES 32
#define KV_FREEZE_NO_VALUE UINT64_MAX

/* Appends the current row. Its value is read again: it may have been borrowed from another
 * transaction. */
static int kv_freeze_row(tvi_kv_scan *scan) {
  unsigned char header[KV_FREEZE_HEADER_BYTES];
  tv_slice key = tv_bytes(scan->key.data, scan->key.size);
  tv_kv_entry entry = {.expires = 0};
  int status = TV_NOTFOUND;

  if (scan->bucket != NULL) status = tv_kv_get_entry(scan->bucket, key, &entry);
  if (status < 0) return tvi_kv_scan_fail(scan, status);
  tvi_store_le64(header, key.size);
  tvi_store_le64(header + 8, status == TV_OK ? entry.value.size : KV_FREEZE_NO_VALUE);
  tvi_store_le64(header + 16, (uint64_t)entry.expires);
  tvi_store_le64(header + 24, entry.version);
  if (tvi_buffer_append(&scan->rows, header, sizeof header) != TV_OK ||
      tvi_buffer_append(&scan->rows, key.data, key.size) != TV_OK ||
      tvi_buffer_append(&scan->rows, entry.value.data, status == TV_OK ? entry.value.size : 0) !=
          TV_OK)
    return SQLITE_NOMEM;
  return SQLITE_OK;
}

static int kv_freeze_scan(tvi_kv_scan *scan) {
  int code = tvi_kv_scan_attach(scan);

  scan->rows.size = 0;
  scan->rows_at = 0;
  while (code == SQLITE_OK && !scan->eof) {
    code = kv_freeze_row(scan);
    if (code == SQLITE_OK) code = tvi_kv_scan_step(scan);
  }
  if (code != SQLITE_OK) return code;
  scan->frozen = 1;
  return tvi_kv_frozen_next(scan); /* the row that was current is current again */
}

int tvi_kv_frozen_next(tvi_kv_scan *scan) {
  const unsigned char *row = scan->rows.data + scan->rows_at;
  uint64_t key_size, value_size;

  scan->eof = scan->rows_at >= scan->rows.size;
  if (scan->eof) return SQLITE_OK;
  key_size = tvi_load_le64(row);
  value_size = tvi_load_le64(row + 8);
  scan->expires = (int64_t)tvi_load_le64(row + 16);
  scan->version = tvi_load_le64(row + 24);
  scan->has_value = value_size != KV_FREEZE_NO_VALUE;
  if (!scan->has_value) value_size = 0;
  row += KV_FREEZE_HEADER_BYTES;
  if (tvi_kv_scan_set(&scan->key, tv_bytes(row, key_size)) != TV_OK) return SQLITE_NOMEM;
  scan->value = tv_bytes(row + key_size, value_size);
  scan->rows_at += KV_FREEZE_HEADER_BYTES + key_size + value_size;
  return SQLITE_OK;
}

int tvi_kv_scans_freeze(tvi_kv_module *module, const char *bucket) {
  tvi_kv_scan *scan;
  int code = SQLITE_OK;

  for (scan = module->open; scan != NULL && code == SQLITE_OK; scan = scan->next) {
    if (scan->eof || scan->frozen || strcmp((const char *)scan->name.data, bucket) != 0) continue;
    code = kv_freeze_scan(scan);
  }
  return code;
}
