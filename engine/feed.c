/* SPDX-License-Identifier: MIT */
/*
 * The change log: what changed in the stores that asked for it, in the order of commits.
 *
 * A store of its own kind, written in the transaction of the change itself, so a change is in the
 * log if and only if it was committed. Records:
 *
 *   key                            value
 *   be64 0                         le64 the newest transaction of which a change was removed (or
 * that began the log): a feed from before it would be incomplete be64 transaction, be32 number  u8
 * kind, le64 time, varint size, catalogue key of the store, key
 *
 * The log is bounded by removing a few of its oldest records whenever new ones are added, so no
 * commit pays for a big clean-up. The rejected alternative, keeping values as well, would double
 * every write.
 */
#include <string.h>

#include "encode_internal.h"
#include "env_internal.h"

#define FEED_BYTES_DEFAULT ((uint64_t)64 << 20)
#define FEED_AGE_MS_DEFAULT ((int64_t)7 * 24 * 3600 * 1000)
#define FEED_KEY_BYTES 12
#define FEED_TRIM_EVERY 16
#define FEED_TRIM_STEP 32

static int feed_open(tv_txn *txn, unsigned flags, tv_store **log) {
  return tvi_store_open(txn, TVI_KIND_LOG, "changes", NULL, flags, tv_bytes(NULL, 0), log);
}

static int feed_damaged(tv_txn *txn) {
  return tvi_txn_fail(txn, TV_ECORRUPT, 0, "a record of the change log is damaged");
}

/* ---- The mark: from where on the log is complete ---- */

static int feed_mark_get(tv_store *log, uint64_t *mark) {
  unsigned char key[8] = {0};
  tv_slice value;
  int status = tv_store_get(log, tv_bytes(key, sizeof key), &value);
  if (status == TV_OK && value.size != 8) return feed_damaged(log->txn);
  *mark = status == TV_OK ? tvi_load_le64(value.data) : 0;
  return status == TV_NOTFOUND ? TV_OK : status;
}

static int feed_mark_set(tv_store *log, uint64_t mark) {
  unsigned char key[8] = {0}, value[8];
  tvi_store_le64(value, mark);
  return tv_store_put(log, tv_bytes(key, sizeof key), tv_bytes(value, sizeof value), 0);
}

/* ---- Bounds ---- */

static void feed_bounds(const tv_store *log, uint64_t *bytes, int64_t *age_ms) {
  tv_slice options = tvi_store_options(log);
  *bytes = FEED_BYTES_DEFAULT;
  *age_ms = FEED_AGE_MS_DEFAULT;
  if (options.size != 16) return;
  *bytes = tvi_load_le64(options.data);
  *age_ms = (int64_t)tvi_load_le64((const char *)options.data + 8);
}

/* Removes the oldest change when it is too old or the log too large. TV_END: there was no need. */
static int feed_trim_one(tv_store *log, tv_cursor *cursor, uint64_t bytes, int64_t oldest) {
  tv_store_stat stat;
  tv_slice key, value;
  unsigned char copy[FEED_KEY_BYTES], first[8] = {0, 0, 0, 0, 0, 0, 0, 1};
  int status = tv_store_stat_get(log, &stat);
  if (status == TV_OK) status = tv_cursor_seek(cursor, tv_bytes(first, sizeof first), &key, &value);
  if (status != TV_OK) return status;
  if (key.size != FEED_KEY_BYTES || value.size < 9) return feed_damaged(log->txn);
  if (stat.bytes <= bytes && (int64_t)tvi_load_le64((const char *)value.data + 1) >= oldest)
    return TV_END;
  memcpy(copy, key.data, sizeof copy);
  status = tv_store_delete(log, tv_bytes(copy, sizeof copy));
  return status == TV_OK ? feed_mark_set(log, tvi_load_be64(copy)) : status;
}

static int feed_trim(tv_store *log) {
  tv_cursor *cursor;
  uint64_t bytes;
  int64_t age_ms, oldest;
  int i, status = tv_cursor_open(log, &cursor);
  if (status != TV_OK) return status;
  feed_bounds(log, &bytes, &age_ms);
  oldest = tv_txn_now(log->txn) - age_ms * 1000;
  for (i = 0; i < FEED_TRIM_STEP && status == TV_OK; i++)
    status = feed_trim_one(log, cursor, bytes, oldest);
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

int tv_feed_keep(tv_txn *txn, uint64_t bytes, int64_t age_ms) {
  unsigned char options[16];
  tv_store *log;
  int status;
  if (age_ms < 0 || age_ms > INT64_MAX / 1000)
    return tvi_txn_fail(txn, TV_EINVAL, 0, "the age %lld ms is out of range", (long long)age_ms);
  status = feed_open(txn, TV_CREATE, &log);
  if (status != TV_OK) return status;
  tvi_store_le64(options, bytes != 0 ? bytes : FEED_BYTES_DEFAULT);
  tvi_store_le64(options + 8, (uint64_t)(age_ms != 0 ? age_ms : FEED_AGE_MS_DEFAULT));
  return tvi_store_set_options(log, tv_bytes(options, sizeof options));
}

/* ---- Writing ---- */

int tv_store_log(tv_store *store, int on) {
  tv_txn *txn = store->txn;
  tv_store *log;
  uint64_t count;
  int status = tvi_txn_writable(txn);
  if (status == TV_OK) status = tvi_store_ready(store);
  if (status == TV_OK) status = feed_open(txn, TV_CREATE, &log);
  if (status == TV_OK) status = tv_store_count(log, &count);
  if (status == TV_OK && count == 0) status = feed_mark_set(log, txn->snapshot);
  if (status != TV_OK) return status;
  store->logged = on != 0;
  return tvi_catalogue_put(txn, tv_bytes(store->key, store->key_size), tvi_store_entry(store),
                           store->options);
}

int tvi_feed_append(tv_store *store, int change, tv_slice key) {
  tv_txn *txn = store->txn;
  unsigned char at[FEED_KEY_BYTES];
  unsigned char record[1 + 8 + TVI_VARINT_BYTES_MAX + 2 * TVI_KEY_BYTES_LIMIT];
  size_t size = 9;
  tv_store *log;
  int status = feed_open(txn, TV_CREATE, &log);
  if (status != TV_OK) return status;
  tvi_store_be64(at, txn->snapshot + 1);
  tvi_store_be32(at + 8, txn->log_sequence++);
  record[0] = (unsigned char)change;
  tvi_store_le64(record + 1, (uint64_t)tv_txn_now(txn));
  size += tvi_varint_put(record + size, store->key_size);
  memcpy(record + size, store->key, store->key_size);
  size += store->key_size;
  if (key.size > 0) memcpy(record + size, key.data, key.size);
  size += key.size;
  status = tv_store_put(log, tv_bytes(at, sizeof at), tv_bytes(record, size), TV_PUT_APPEND);
  if (status == TV_OK && txn->log_sequence % FEED_TRIM_EVERY == 1) status = feed_trim(log);
  return status;
}

/* ---- Reading ---- */

static int feed_decode(tv_txn *txn, tv_slice key, tv_slice value, tv_change *change) {
  const char *bytes = value.data, *end;
  size_t used;
  uint64_t size = 0;
  if (key.size != FEED_KEY_BYTES || value.size < 10) return feed_damaged(txn);
  used = tvi_varint_get(bytes + 9, value.size - 9, &size);
  if (used == 0 || size < 1 || size > value.size - 9 - used) return feed_damaged(txn);
  change->txn = tvi_load_be64(key.data);
  change->kind = (unsigned char)bytes[0];
  change->time = (int64_t)tvi_load_le64(bytes + 1);
  bytes += 9 + used;
  change->model = (unsigned char)bytes[0];
  change->name = tv_bytes(bytes + 1, size - 1);
  change->part = tv_bytes(NULL, 0);
  end = memchr(bytes + 1, '\0', size - 1);
  if (end != NULL) {
    change->name.size = (size_t)(end - bytes) - 1;
    change->part = tv_bytes(end + 1, size - 2 - change->name.size);
  }
  change->key = tv_bytes(bytes + size, value.size - 9 - used - size);
  return TV_OK;
}

static int feed_walk(tv_store *log, uint64_t since, tv_change_fn visit, void *ctx) {
  unsigned char from[8];
  tv_cursor *cursor;
  tv_slice key, value;
  tv_change change;
  int status = tv_cursor_open(log, &cursor);
  if (status != TV_OK) return status;
  tvi_store_be64(from, since + 1);
  status = tv_cursor_seek(cursor, tv_bytes(from, sizeof from), &key, &value);
  while (status == TV_OK) {
    status = feed_decode(log->txn, key, value, &change);
    if (status == TV_OK && visit(ctx, &change) != 0) status = TV_STOP;
    if (status == TV_OK) status = tv_cursor_next(cursor, &key, &value);
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

int tv_feed(tv_txn *txn, uint64_t since, tv_change_fn visit, void *ctx) {
  tv_store *log;
  uint64_t mark = 0;
  int status = feed_open(txn, 0, &log);
  if (status == TV_NOTFOUND) return TV_OK; /* nothing was ever logged */
  if (status == TV_OK) status = feed_mark_get(log, &mark);
  if (status != TV_OK) return status;
  if (since < mark)
    return tvi_txn_fail(txn, TV_ELIMIT, 0,
                        "changes are kept after transaction %llu only, not after %llu",
                        (unsigned long long)mark, (unsigned long long)since);
  return since == UINT64_MAX ? TV_OK : feed_walk(log, since, visit, ctx);
}
