/* SPDX-License-Identifier: MIT */
/*
 * The keys of `key = x` and `key IN (...)`, as a list to get one after another. SQLite hands the
 * whole IN list over at once; sorted and without repetitions it also serves ORDER BY key, which a
 * call per element could not.
 */
#include <stdlib.h>
#include <string.h>

#include "encode_internal.h"
#include "kv_table_scan_internal.h"

#define KV_LIST_SIZE_BYTES 2

typedef struct kv_list_entry {
  const unsigned char *key;
  size_t size;
} kv_list_entry;

static int kv_list_add(tvi_buffer *list, const void *key, size_t size) {
  unsigned char prefix[KV_LIST_SIZE_BYTES];

  tvi_store_le16(prefix, (uint16_t)size);
  if (tvi_buffer_append(list, prefix, sizeof prefix) != TV_OK ||
      tvi_buffer_append(list, key, size) != TV_OK)
    return SQLITE_NOMEM;
  return SQLITE_OK;
}

static int kv_list_value(tvi_kv_scan *scan, sqlite3_value *value, int *all) {
  unsigned char number[TVI_KV_NUMBER_KEY_BYTES];
  tv_slice key;
  tvi_kv_match match = tvi_kv_match_key(value, scan->options.key_type,
                                        scan->plan & TVI_KV_PLAN_LITERAL, number, &key);

  if (match == TVI_KV_MATCH_ALL) *all = 1;
  return match == TVI_KV_MATCH_BYTES ? kv_list_add(&scan->list, key.data, key.size) : SQLITE_OK;
}

static int kv_list_order(const void *left, const void *right) {
  const kv_list_entry *a = left, *b = right;
  int order = memcmp(a->key, b->key, a->size < b->size ? a->size : b->size);
  if (order != 0) return order;
  return a->size < b->size ? -1 : a->size > b->size;
}

/* Sorts a list of n keys into the order of delivery and drops repetitions. */
static int kv_list_sort(tvi_kv_scan *scan, size_t n) {
  kv_list_entry *entries = tvi_alloc(n * sizeof *entries);
  tvi_buffer sorted = {NULL, 0, 0};
  const unsigned char *at = scan->list.data;
  int code = SQLITE_OK;
  size_t i;

  if (entries == NULL) return SQLITE_NOMEM;
  for (i = 0; i < n; i++) {
    entries[i].size = tvi_load_le16(at);
    entries[i].key = at + KV_LIST_SIZE_BYTES;
    at += KV_LIST_SIZE_BYTES + entries[i].size;
  }
  qsort(entries, n, sizeof *entries, kv_list_order);
  for (i = 0; i < n && code == SQLITE_OK; i++) {
    const kv_list_entry *entry = &entries[scan->plan & TVI_KV_PLAN_DESC ? n - 1 - i : i];
    const kv_list_entry *last = scan->plan & TVI_KV_PLAN_DESC ? entry + 1 : entry - 1;
    if (i > 0 && kv_list_order(entry, last) == 0) continue;
    code = kv_list_add(&sorted, entry->key, entry->size);
  }
  tvi_free(entries);
  tvi_buffer_free(&scan->list);
  scan->list = sorted;
  return code;
}

int tvi_kv_list_fill(tvi_kv_scan *scan, sqlite3_value *value, int *all) {
  sqlite3_value *element = NULL;
  size_t n = 0, size;
  int code;

  scan->list.size = 0;
  scan->list_at = 0;
  *all = 0;
  if (!(scan->plan & TVI_KV_PLAN_IN)) return kv_list_value(scan, value, all);
  for (code = sqlite3_vtab_in_first(value, &element); code == SQLITE_OK && element != NULL && !*all;
       code = sqlite3_vtab_in_next(value, &element)) {
    size = scan->list.size;
    code = kv_list_value(scan, element, all);
    if (code != SQLITE_OK) return code;
    n += scan->list.size > size;
  }
  if (code != SQLITE_OK && code != SQLITE_DONE) return code;
  return *all || n < 2 ? SQLITE_OK : kv_list_sort(scan, n);
}

int tvi_kv_list_next(tvi_kv_scan *scan, tv_slice *key) {
  const unsigned char *at = scan->list.data + scan->list_at;

  if (scan->list_at >= scan->list.size) return 0;
  *key = tv_bytes(at + KV_LIST_SIZE_BYTES, tvi_load_le16(at));
  scan->list_at += KV_LIST_SIZE_BYTES + key->size;
  return 1;
}
