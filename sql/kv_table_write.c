/* SPDX-License-Identifier: MIT */
/*
 * INSERT, UPDATE and DELETE on a kv table. SQL's words keep SQL's meaning: an INSERT of a key that
 * is there is a conflict, resolved as the statement says, and an UPDATE leaves alone what it does
 * not name, the expiry included. Treating an INSERT as a put was rejected: OR REPLACE says so. A
 * failure found before the first write of a row leaves that row untouched, as SQLite's ON CONFLICT
 * relies on.
 */
#include <string.h>

#include "encode_internal.h"
#include "kv_table_internal.h"

/* One row being written. */
typedef struct kv_row {
  tvi_kv_table *table;
  tv_bucket *bucket;
  tv_bucket_options options;
  sqlite3_value **columns; /* the new row; NULL when it is deleted */
  unsigned char number[TVI_KV_NUMBER_KEY_BYTES], old_number[TVI_KV_NUMBER_KEY_BYTES];
  tv_slice key, old_key;
  tv_slice value;
  char decimal[24];     /* the value of an integer bucket */
  tvi_buffer old_value; /* a copy: what a get returned may move in a write */
  int64_t ttl_ms;       /* 0: for ever; -1: as the bucket says */
} kv_row;

static const char *const kv_row_types[] = {"blobs", "text", "integers"};

static const char *kv_row_type(int32_t type) {
  return kv_row_types[type == TV_COLUMN_TEXT || type == TV_COLUMN_INTEGER ? type : 0];
}

static const char *kv_row_given(sqlite3_value *value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      return "an integer";
    case SQLITE_FLOAT:
      return "a real number";
    case SQLITE_TEXT:
      return "text";
    case SQLITE_BLOB:
      return "a blob";
    default:
      return "NULL";
  }
}

static int kv_row_fail(kv_row *row, int code, char *message) {
  sqlite3_vtab *vtab = &row->table->base.vtab;
  sqlite3_free(vtab->zErrMsg);
  vtab->zErrMsg = message;
  return message == NULL ? SQLITE_NOMEM : code;
}

/* Passes a failure of the kv layer on. */
static int kv_row_status(kv_row *row, int status, tv_txn *txn) {
  return tvi_vtab_fail(&row->table->base.vtab, status, tv_txn_error(txn));
}

static int kv_row_conflict(kv_row *row) {
  char shown[TVI_SHOW_BYTES];

  if (row->options.key_type == TV_COLUMN_INTEGER)
    return kv_row_fail(
        row, SQLITE_CONSTRAINT,
        sqlite3_mprintf("UNIQUE constraint failed: %s.key: %lld is in bucket \"%s\" already",
                        row->table->name, (long long)tvi_load_key_i64(row->key.data),
                        row->table->bucket));
  return kv_row_fail(
      row, SQLITE_CONSTRAINT,
      sqlite3_mprintf("UNIQUE constraint failed: %s.key: %s is in bucket \"%s\" already",
                      row->table->name, tvi_show(row->key, shown), row->table->bucket));
}

/* A value that the column does not hold. */
static int kv_row_mismatch(kv_row *row, const char *column, sqlite3_value *value, int32_t type) {
  char shown[TVI_SHOW_BYTES];
  const void *bytes = sqlite3_value_type(value) == SQLITE_BLOB ? sqlite3_value_blob(value)
                                                               : sqlite3_value_text(value);
  tv_slice slice = tv_bytes(bytes, bytes == NULL ? 0 : (size_t)sqlite3_value_bytes(value));

  return kv_row_fail(
      row, SQLITE_MISMATCH,
      sqlite3_mprintf("%s.%s: bucket \"%s\" holds %s, and %s is %s%s", row->table->name, column,
                      row->table->bucket, kv_row_type(type), tvi_show(slice, shown),
                      kv_row_given(value),
                      type == TV_COLUMN_BLOB ? "; CAST(... AS BLOB) makes it one" : ""));
}

static int kv_row_key_size(kv_row *row, tv_slice key) {
  char shown[TVI_SHOW_BYTES];

  if (key.size > 0 && key.size <= TV_KEY_BYTES_MAX) return SQLITE_OK;
  if (key.size == 0)
    return kv_row_fail(row, SQLITE_CONSTRAINT,
                       sqlite3_mprintf("%s.key: a key of bucket \"%s\" cannot be empty",
                                       row->table->name, row->table->bucket));
  return kv_row_fail(
      row, SQLITE_TOOBIG,
      sqlite3_mprintf("%s.key: key %s for bucket \"%s\" has %llu bytes; at most %d are possible",
                      row->table->name, tvi_show(key, shown), row->table->bucket,
                      (unsigned long long)key.size, TV_KEY_BYTES_MAX));
}

/* An SQL value as the integer that INTEGER affinity makes of it. Returns 0 when it makes none. */
static int kv_row_integer(sqlite3_value *value, int64_t *out) {
  unsigned char number[TVI_KV_NUMBER_KEY_BYTES];
  tv_slice key;

  if (tvi_kv_match_key(value, TV_COLUMN_INTEGER, 0, number, &key) != TVI_KV_MATCH_BYTES) return 0;
  *out = tvi_load_key_i64(number);
  return 1;
}

/* An SQL value as bytes of a text or blob column. Returns 0 when it is of another type. */
static int kv_row_bytes(sqlite3_value *value, int32_t type, tv_slice *out) {
  int blob = sqlite3_value_type(value) == SQLITE_BLOB;
  const void *bytes;

  if (blob != (type == TV_COLUMN_BLOB)) return 0;
  bytes = blob ? sqlite3_value_blob(value) : (const void *)sqlite3_value_text(value);
  *out = tv_bytes(bytes, bytes == NULL ? 0 : (size_t)sqlite3_value_bytes(value));
  return 1;
}

static int kv_row_key(kv_row *row, sqlite3_value *value,
                      unsigned char number[TVI_KV_NUMBER_KEY_BYTES], tv_slice *key) {
  int64_t integer;

  if (sqlite3_value_type(value) == SQLITE_NULL)
    return kv_row_fail(row, SQLITE_CONSTRAINT,
                       sqlite3_mprintf("NOT NULL constraint failed: %s.key (bucket \"%s\")",
                                       row->table->name, row->table->bucket));
  if (row->options.key_type == TV_COLUMN_INTEGER) {
    if (!kv_row_integer(value, &integer))
      return kv_row_mismatch(row, "key", value, row->options.key_type);
    tvi_store_key_i64(number, integer);
    *key = tv_bytes(number, TVI_KV_NUMBER_KEY_BYTES);
    return SQLITE_OK;
  }
  if (!kv_row_bytes(value, row->options.key_type, key))
    return kv_row_mismatch(row, "key", value, row->options.key_type);
  return kv_row_key_size(row, *key);
}

static int kv_row_value(kv_row *row, sqlite3_value *value) {
  int64_t integer;

  if (sqlite3_value_type(value) == SQLITE_NULL)
    return kv_row_fail(row, SQLITE_CONSTRAINT,
                       sqlite3_mprintf("NOT NULL constraint failed: %s.value (bucket \"%s\")",
                                       row->table->name, row->table->bucket));
  if (row->options.value_type == TV_COLUMN_INTEGER) {
    if (!kv_row_integer(value, &integer))
      return kv_row_mismatch(row, "value", value, row->options.value_type);
    sqlite3_snprintf(sizeof row->decimal, row->decimal, "%lld", (long long)integer);
    row->value = tv_str(row->decimal);
    return SQLITE_OK;
  }
  if (!kv_row_bytes(value, row->options.value_type, &row->value))
    return kv_row_mismatch(row, "value", value, row->options.value_type);
  return SQLITE_OK;
}

/* The time to live that ends at `expires`, which NULL leaves to `otherwise`. */
static int kv_row_expires(kv_row *row, tv_txn *txn, sqlite3_value *expires, int64_t otherwise) {
  int64_t now = tv_txn_now(txn), at;

  row->ttl_ms = otherwise;
  if (sqlite3_value_type(expires) == SQLITE_NULL) return SQLITE_OK;
  if (!kv_row_integer(expires, &at) || at <= now)
    return kv_row_fail(row, SQLITE_CONSTRAINT,
                       sqlite3_mprintf("%s.expires: a time to come, in microseconds since 1970, "
                                       "is needed, not %s",
                                       row->table->name, sqlite3_value_text(expires)));
  row->ttl_ms = (at - now - 1) / 1000 + 1;
  return SQLITE_OK;
}

/* What only the bucket decides cannot be set. */
static int kv_row_fixed(kv_row *row, const tv_kv_entry *old) {
  sqlite3_value *bucket = row->columns[TVI_KV_BUCKET], *version = row->columns[TVI_KV_VERSION];

  if (sqlite3_value_type(bucket) != SQLITE_NULL &&
      strcmp((const char *)sqlite3_value_text(bucket), row->table->bucket) != 0)
    return kv_row_fail(row, SQLITE_CONSTRAINT,
                       sqlite3_mprintf("%s.bucket: this table shows bucket \"%s\" and no other",
                                       row->table->name, row->table->bucket));
  if (sqlite3_value_type(version) != SQLITE_NULL &&
      (old == NULL || sqlite3_value_int64(version) != (sqlite3_int64)old->version))
    return kv_row_fail(row, SQLITE_CONSTRAINT,
                       sqlite3_mprintf("%s.version: bucket \"%s\" counts versions itself",
                                       row->table->name, row->table->bucket));
  return SQLITE_OK;
}

static int kv_row_put(kv_row *row, tv_txn *txn) {
  int status = row->ttl_ms < 0 ? tv_kv_put(row->bucket, row->key, row->value)
                               : tv_kv_put_ttl(row->bucket, row->key, row->value, row->ttl_ms);
  return status == TV_OK ? SQLITE_OK : kv_row_status(row, status, txn);
}

/* Makes sure that the new key is free, unless the statement replaces. */
static int kv_row_claim(kv_row *row, tv_txn *txn) {
  tv_kv_entry entry;
  int status;

  if (sqlite3_vtab_on_conflict(row->table->sql) == SQLITE_REPLACE) return SQLITE_OK;
  status = tv_kv_get_entry(row->bucket, row->key, &entry);
  if (status == TV_OK) return kv_row_conflict(row);
  return status == TV_NOTFOUND ? SQLITE_OK : kv_row_status(row, status, txn);
}

static int kv_row_delete(kv_row *row, tv_txn *txn) {
  int status = tv_kv_delete(row->bucket, row->old_key);
  return status == TV_OK || status == TV_NOTFOUND ? SQLITE_OK : kv_row_status(row, status, txn);
}

static int kv_row_insert(kv_row *row, tv_txn *txn) {
  int code = kv_row_key(row, row->columns[TVI_KV_KEY], row->number, &row->key);

  if (code == SQLITE_OK) code = kv_row_value(row, row->columns[TVI_KV_VALUE]);
  if (code == SQLITE_OK) code = kv_row_fixed(row, NULL);
  if (code == SQLITE_OK) code = kv_row_expires(row, txn, row->columns[TVI_KV_EXPIRES], -1);
  if (code == SQLITE_OK) code = kv_row_claim(row, txn);
  return code == SQLITE_OK ? kv_row_put(row, txn) : code;
}

/* Takes over from the old row what the statement does not name. */
static int kv_row_inherit(kv_row *row, tv_txn *txn, const tv_kv_entry *old) {
  sqlite3_value *value = row->columns[TVI_KV_VALUE], *expires = row->columns[TVI_KV_EXPIRES];

  if (sqlite3_value_nochange(value)) {
    if (tvi_buffer_append(&row->old_value, old->value.data, old->value.size) != TV_OK)
      return SQLITE_NOMEM;
    row->value = tv_bytes(row->old_value.data, row->old_value.size);
  } else {
    int code = kv_row_value(row, value);
    if (code != SQLITE_OK) return code;
  }
  if (!sqlite3_value_nochange(expires)) return kv_row_expires(row, txn, expires, 0);
  row->ttl_ms = old->expires == 0 ? 0 : (old->expires - tv_txn_now(txn) - 1) / 1000 + 1;
  if (row->ttl_ms < 0) row->ttl_ms = 1;
  return SQLITE_OK;
}

static int kv_row_update(kv_row *row, tv_txn *txn) {
  tv_kv_entry old;
  int code = kv_row_key(row, row->columns[TVI_KV_KEY], row->number, &row->key), status, moves;

  if (code != SQLITE_OK) return code;
  status = tv_kv_get_entry(row->bucket, row->old_key, &old);
  if (status == TV_NOTFOUND) return SQLITE_OK; /* an earlier row of the statement replaced it */
  if (status != TV_OK) return kv_row_status(row, status, txn);
  code = kv_row_fixed(row, &old);
  if (code == SQLITE_OK) code = kv_row_inherit(row, txn, &old);
  moves = row->key.size != row->old_key.size ||
          memcmp(row->key.data, row->old_key.data, row->key.size) != 0;
  if (code == SQLITE_OK && moves) code = kv_row_claim(row, txn);
  if (code == SQLITE_OK) code = kv_row_put(row, txn);
  if (code == SQLITE_OK && moves) code = kv_row_delete(row, txn);
  return code;
}

int tvi_kv_update(sqlite3_vtab *vtab, int argc, sqlite3_value **argv, sqlite3_int64 *rowid) {
  tvi_kv_table *table = (tvi_kv_table *)vtab;
  kv_row row = {.table = table};
  tv_error err = {0};
  tv_txn *txn = NULL;
  int status, code = SQLITE_OK;

  (void)rowid;
  if (table->bucket == NULL)
    return kv_row_fail(&row, SQLITE_READONLY,
                       sqlite3_mprintf("kv(...) is read-only; CREATE VIRTUAL TABLE t USING "
                                       "kv('bucket') makes a table to write to"));
  status = tvi_kv_table_ensure(table, &row.bucket, &err);
  if (status == TV_OK) status = tvi_conn_write(table->module->conn, &txn, &err);
  if (status != TV_OK) return tvi_vtab_fail(vtab, status, &err);
  tv_kv_options(row.bucket, &row.options);
  if (argc > 1) row.columns = argv + 2;
  if (sqlite3_value_type(argv[0]) != SQLITE_NULL)
    code = kv_row_key(&row, argv[0], row.old_number, &row.old_key);
  if (code == SQLITE_OK) code = tvi_kv_scans_freeze(table->module, table->bucket);
  if (code != SQLITE_OK) return code;
  if (argc == 1)
    code = kv_row_delete(&row, txn);
  else if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
    code = kv_row_insert(&row, txn);
  else
    code = kv_row_update(&row, txn);
  tvi_buffer_free(&row.old_value);
  return code;
}
