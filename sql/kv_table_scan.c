/* SPDX-License-Identifier: MIT */
/*
 * Cursors of kv: a walk over a range of the bucket, or gets of a list of keys. In a read
 * transaction the current value is borrowed from the map; in a write transaction it is copied,
 * since any write may move it. The connection may go on to another transaction between two rows (a
 * read that becomes a write): then the bucket is opened again and the walk goes on beyond the last
 * key.
 */
#include "kv_table_scan_internal.h"

#include <string.h>

static tvi_kv_table *kv_scan_table(tvi_kv_scan *scan) {
  return (tvi_kv_table *)scan->base.pVtab;
}

int tvi_kv_scan_fail(tvi_kv_scan *scan, int status) {
  const tv_error *err = scan->txn != NULL ? tv_txn_error(scan->txn) : NULL;
  return tvi_vtab_fail(scan->base.pVtab, status, err != NULL && err->status == status ? err : NULL);
}

int tvi_kv_scan_set(tvi_buffer *buffer, tv_slice bytes) {
  buffer->size = 0;
  return tvi_buffer_append(buffer, bytes.data, bytes.size);
}

int tvi_kv_scan_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  tvi_kv_module *module = ((tvi_kv_table *)vtab)->module;
  tvi_kv_scan *scan = tvi_zalloc(sizeof *scan);

  if (scan == NULL) return SQLITE_NOMEM;
  scan->eof = 1;
  scan->next = module->open;
  scan->before = &module->open;
  if (scan->next != NULL) scan->next->before = &scan->next;
  module->open = scan;
  *out = &scan->base;
  return SQLITE_OK;
}

/* 1 when what is open still belongs to the connection's transaction. */
static int kv_scan_current(tvi_kv_scan *scan, tv_txn **txn, uint64_t *generation, int *code) {
  *code = tvi_conn_read(kv_scan_table(scan)->module->conn, txn, generation);
  return *code == SQLITE_OK && scan->txn == *txn && scan->generation == *generation &&
         scan->epoch == tvi_txn_epoch(*txn);
}

/* Closes the walk. One that another transaction left behind died with it. */
static void kv_scan_stop(tvi_kv_scan *scan) {
  uint64_t generation;
  tv_txn *txn;
  int code;

  if (scan->walk != NULL && kv_scan_current(scan, &txn, &generation, &code))
    tv_kv_cursor_close(scan->walk);
  scan->walk = NULL;
}

int tvi_kv_scan_close(sqlite3_vtab_cursor *cursor) {
  tvi_kv_scan *scan = (tvi_kv_scan *)cursor;

  kv_scan_stop(scan);
  *scan->before = scan->next;
  if (scan->next != NULL) scan->next->before = scan->before;
  tvi_buffer_free(&scan->name);
  tvi_buffer_free(&scan->list);
  tvi_buffer_free(&scan->key);
  tvi_buffer_free(&scan->value_copy);
  tvi_buffer_free(&scan->rows);
  tvi_free(scan);
  return SQLITE_OK;
}

int tvi_kv_scan_attach(tvi_kv_scan *scan) {
  tvi_kv_table *table = kv_scan_table(scan);
  uint64_t generation;
  tv_txn *txn;
  int code, status;

  if (kv_scan_current(scan, &txn, &generation, &code)) return SQLITE_OK;
  if (code != SQLITE_OK) return code;
  scan->walk = NULL;
  scan->bucket = NULL;
  scan->txn = txn;
  scan->generation = generation;
  scan->epoch = tvi_txn_epoch(txn);
  status = tv_kv_open(txn, (const char *)scan->name.data, 0, NULL, &scan->bucket);
  if (status == TV_ENOBUCKET && table->bucket != NULL) return SQLITE_OK; /* reads as empty */
  if (status != TV_OK) {
    tv_error err = *tv_txn_error(txn);
    scan->txn = NULL; /* so that the next use tries again */
    if (status == TV_ENOBUCKET)
      (void)tvi_error_set(&err, status, 0, "kv: no such bucket: %s", (const char *)scan->name.data);
    return tvi_vtab_fail(scan->base.pVtab, status, &err);
  }
  tv_kv_options(scan->bucket, &scan->options);
  return SQLITE_OK;
}

/* Makes an entry the current row. `shared`: the value lives in memory that other calls reuse. */
static int kv_scan_take(tvi_kv_scan *scan, tv_slice key, tv_slice value, int shared) {
  int status = tvi_kv_scan_set(&scan->key, key);

  scan->has_value = (scan->plan & TVI_KV_PLAN_VALUE) != 0;
  scan->value = value;
  if (status == TV_OK && scan->has_value && (shared || tv_txn_is_write(scan->txn))) {
    status = tvi_kv_scan_set(&scan->value_copy, value);
    scan->value = tv_bytes(scan->value_copy.data, scan->value_copy.size);
  }
  scan->eof = 0;
  return status == TV_OK ? SQLITE_OK : SQLITE_NOMEM;
}

/* ---- Moving ---- */

static int kv_scan_list_step(tvi_kv_scan *scan) {
  tv_slice key, value;

  while (tvi_kv_list_next(scan, &key)) {
    int status = tv_kv_get(scan->bucket, key, &value);
    if (status == TV_OK) return kv_scan_take(scan, key, value, 1);
    if (status != TV_NOTFOUND) return tvi_kv_scan_fail(scan, status);
  }
  scan->eof = 1;
  return SQLITE_OK;
}

/* Opens the walk beyond the current key. Returns a tv_status, TV_OK with the entry there. */
static int kv_scan_resume(tvi_kv_scan *scan, tv_slice *key, tv_slice *value) {
  int down = scan->plan & TVI_KV_PLAN_DESC, status;
  tv_slice last = tv_bytes(scan->key.data, scan->key.size);

  status = tv_kv_cursor_open(scan->bucket, tvi_kv_bounds_range(&scan->bounds), &scan->walk);
  if (status != TV_OK) return status;
  status = down ? tv_kv_cursor_seek_prev(scan->walk, last, key, value)
                : tv_kv_cursor_seek(scan->walk, last, key, value);
  if (status != TV_OK || key->size != last.size || memcmp(key->data, last.data, last.size) != 0)
    return status;
  return down ? tv_kv_cursor_prev(scan->walk, key, value)
              : tv_kv_cursor_next(scan->walk, key, value);
}

static int kv_scan_arrive(tvi_kv_scan *scan, int status, tv_slice key, tv_slice value) {
  if (status == TV_OK) return kv_scan_take(scan, key, value, 0);
  scan->eof = 1;
  return status == TV_END ? SQLITE_OK : tvi_kv_scan_fail(scan, status);
}

int tvi_kv_scan_step(tvi_kv_scan *scan) {
  tv_slice key, value = {NULL, 0};
  tv_slice *wanted = scan->plan & TVI_KV_PLAN_VALUE ? &value : NULL;
  int code = tvi_kv_scan_attach(scan), status;

  if (code != SQLITE_OK) return code;
  if (scan->bucket == NULL || scan->rows_left == 0) {
    scan->eof = 1;
    return SQLITE_OK;
  }
  if (scan->rows_left > 0) scan->rows_left--;
  if (scan->listed) return kv_scan_list_step(scan);
  if (scan->walk == NULL)
    status = kv_scan_resume(scan, &key, wanted);
  else if (scan->plan & TVI_KV_PLAN_DESC)
    status = tv_kv_cursor_prev(scan->walk, &key, wanted);
  else
    status = tv_kv_cursor_next(scan->walk, &key, wanted);
  return kv_scan_arrive(scan, status, key, value);
}

int tvi_kv_scan_next(sqlite3_vtab_cursor *cursor) {
  tvi_kv_scan *scan = (tvi_kv_scan *)cursor;
  return scan->frozen ? tvi_kv_frozen_next(scan) : tvi_kv_scan_step(scan);
}

int tvi_kv_scan_eof(sqlite3_vtab_cursor *cursor) {
  return ((tvi_kv_scan *)cursor)->eof;
}

/* ---- Filter: what is asked for ---- */

/* Sets the bucket's name. *none becomes 1 for NULL, which names nothing. */
static int kv_scan_name(tvi_kv_scan *scan, sqlite3_value *argument, int *none) {
  const char *name = kv_scan_table(scan)->bucket;
  size_t size;

  *none = 0;
  if (name == NULL && argument == NULL) {
    tv_error err;
    (void)tvi_error_set(&err, TV_EINVAL, 0, "kv needs the name of a bucket, as in kv('users')");
    return tvi_vtab_fail(scan->base.pVtab, TV_EINVAL, &err);
  }
  if (name == NULL) {
    *none = sqlite3_value_type(argument) == SQLITE_NULL;
    if (*none) return SQLITE_OK;
    name = (const char *)sqlite3_value_text(argument);
    if (name == NULL) return SQLITE_NOMEM;
  }
  size = strlen(name) + 1;
  if (scan->name.size == size && memcmp(scan->name.data, name, size) == 0) return SQLITE_OK;
  scan->txn = NULL; /* another bucket than before */
  return tvi_kv_scan_set(&scan->name, tv_bytes(name, size)) == TV_OK ? SQLITE_OK : SQLITE_NOMEM;
}

/* Reads the constraints' values into list, bounds and limit. */
static int kv_scan_ask(tvi_kv_scan *scan, sqlite3_value **values, sqlite3_int64 *offset) {
  int plan = scan->plan, type = scan->options.key_type, all = 0, code = SQLITE_OK;

  if (plan & TVI_KV_PLAN_BUCKET) values++;
  scan->listed = (plan & (TVI_KV_PLAN_EQ | TVI_KV_PLAN_IN)) != 0;
  scan->bounds.from_size = scan->bounds.to_size = 0;
  scan->bounds.none = 0;
  if (scan->listed) {
    code = tvi_kv_list_fill(scan, *values++, &all);
    if (all) scan->listed = 0; /* SQLite picks what is equal out of all rows */
  }
  if (plan & TVI_KV_PLAN_LOWER)
    tvi_kv_bound_lower(&scan->bounds, *values++, type, plan & TVI_KV_PLAN_LOWER_OPEN);
  if (plan & TVI_KV_PLAN_UPPER)
    tvi_kv_bound_upper(&scan->bounds, *values++, type, plan & TVI_KV_PLAN_UPPER_OPEN);
  if (plan & TVI_KV_PLAN_LIKE) tvi_kv_bound_like(&scan->bounds, *values++, type);
  if (plan & TVI_KV_PLAN_GLOB) tvi_kv_bound_glob(&scan->bounds, *values++, type);
  if (plan & TVI_KV_PLAN_LIMIT) scan->rows_left = sqlite3_value_int64(*values++);
  if (scan->rows_left < 0) scan->rows_left = -1;
  if (plan & TVI_KV_PLAN_OFFSET) *offset = sqlite3_value_int64(*values++);
  return code;
}

/* 1 when the range holds nothing by its bounds alone. */
static int kv_scan_is_empty(const tvi_kv_bounds *bounds) {
  size_t from = bounds->from_size, to = bounds->to_size;
  int order;

  if (bounds->none) return 1;
  if (from == 0 || to == 0) return 0;
  order = memcmp(bounds->from, bounds->to, from < to ? from : to);
  return order > 0 || (order == 0 && from >= to);
}

/* Goes to the first row. */
static int kv_scan_begin(tvi_kv_scan *scan) {
  tv_slice key, value = {NULL, 0};
  tv_slice *wanted = scan->plan & TVI_KV_PLAN_VALUE ? &value : NULL;
  int status;

  if (scan->bucket == NULL || scan->rows_left == 0) return SQLITE_OK;
  if (scan->listed) return tvi_kv_scan_step(scan);
  if (kv_scan_is_empty(&scan->bounds)) return SQLITE_OK;
  if (scan->rows_left > 0) scan->rows_left--;
  status = tv_kv_cursor_open(scan->bucket, tvi_kv_bounds_range(&scan->bounds), &scan->walk);
  if (status != TV_OK) return tvi_kv_scan_fail(scan, status);
  status = scan->plan & TVI_KV_PLAN_DESC ? tv_kv_cursor_last(scan->walk, &key, wanted)
                                         : tv_kv_cursor_first(scan->walk, &key, wanted);
  return kv_scan_arrive(scan, status, key, value);
}

int tvi_kv_scan_filter(sqlite3_vtab_cursor *cursor, int plan, const char *plan_text, int argc,
                       sqlite3_value **argv) {
  tvi_kv_scan *scan = (tvi_kv_scan *)cursor;
  sqlite3_int64 offset = 0, limit;
  int none, code;

  (void)plan_text;
  kv_scan_stop(scan);
  scan->plan = plan;
  scan->frozen = 0;
  scan->eof = 1;
  scan->rows_left = -1;
  code = kv_scan_name(scan, plan & TVI_KV_PLAN_BUCKET && argc > 0 ? argv[0] : NULL, &none);
  if (code != SQLITE_OK || none) return code;
  code = tvi_kv_scan_attach(scan);
  if (code != SQLITE_OK || scan->bucket == NULL) return code;
  code = kv_scan_ask(scan, argv, &offset);
  if (code != SQLITE_OK) return code;
  limit = scan->rows_left;
  if (offset > 0) scan->rows_left = limit == 0 ? 0 : -1;
  code = kv_scan_begin(scan);
  if (offset <= 0 || code != SQLITE_OK) return code;
  for (; offset > 0 && !scan->eof && code == SQLITE_OK; offset--) code = tvi_kv_scan_step(scan);
  scan->rows_left = limit > 0 ? limit - 1 : limit;
  return code;
}

/* ---- Columns ---- */

static int kv_scan_column_key(tvi_kv_scan *scan, sqlite3_context *context) {
  char shown[TVI_SHOW_BYTES];
  tv_slice key = tv_bytes(scan->key.data, scan->key.size);
  tv_error err;

  if (tvi_kv_result_key(context, key, scan->options.key_type) == TV_OK) return SQLITE_OK;
  (void)tvi_error_set(&err, TV_ECORRUPT, 0,
                      "bucket \"%s\": key %s is not one of the 8-byte integers that it declares",
                      (const char *)scan->name.data, tvi_show(key, shown));
  return tvi_vtab_fail(scan->base.pVtab, TV_ECORRUPT, &err);
}

/* The value of a row whose value was not fetched, or was borrowed from a transaction that is gone.
 * A row deleted meanwhile has none. */
static int kv_scan_reload(tvi_kv_scan *scan, int *found) {
  int code = tvi_kv_scan_attach(scan), status;
  tv_slice value;

  *found = 0;
  if (code != SQLITE_OK || scan->bucket == NULL) return code;
  status = tv_kv_get(scan->bucket, tv_bytes(scan->key.data, scan->key.size), &value);
  if (status == TV_NOTFOUND) return SQLITE_OK;
  if (status != TV_OK) return tvi_kv_scan_fail(scan, status);
  if (tvi_kv_scan_set(&scan->value_copy, value) != TV_OK) return SQLITE_NOMEM;
  scan->value = tv_bytes(scan->value_copy.data, scan->value_copy.size);
  scan->has_value = 1;
  *found = 1;
  return SQLITE_OK;
}

static int kv_scan_column_value(tvi_kv_scan *scan, sqlite3_context *context) {
  int found = scan->has_value, code = SQLITE_OK, read;
  uint64_t generation;
  tv_txn *txn;

  if (!scan->frozen && (!found || (scan->value.data != scan->value_copy.data &&
                                   !kv_scan_current(scan, &txn, &generation, &read))))
    code = kv_scan_reload(scan, &found);
  if (code == SQLITE_OK && found)
    tvi_kv_result_value(context, scan->value, scan->options.value_type);
  return code;
}

static int kv_scan_column_entry(tvi_kv_scan *scan, sqlite3_context *context, int column) {
  tv_kv_entry entry = {.expires = scan->expires, .version = scan->version};
  int code = SQLITE_OK, status = TV_OK;

  if (!scan->frozen) {
    code = tvi_kv_scan_attach(scan);
    if (code != SQLITE_OK || scan->bucket == NULL) return code;
    status = tv_kv_get_entry(scan->bucket, tv_bytes(scan->key.data, scan->key.size), &entry);
  }
  if (status == TV_NOTFOUND) return SQLITE_OK;
  if (status != TV_OK) return tvi_kv_scan_fail(scan, status);
  if (column == TVI_KV_EXPIRES && entry.expires != 0)
    sqlite3_result_int64(context, entry.expires);
  else if (column == TVI_KV_VERSION && entry.version != 0)
    sqlite3_result_int64(context, (sqlite3_int64)entry.version);
  return SQLITE_OK;
}

/* The bucket's name, a NUL and the key. */
static int kv_scan_column_identity(tvi_kv_scan *scan, sqlite3_context *context) {
  tvi_buffer both = {NULL, 0, 0};

  if (tvi_buffer_append(&both, scan->name.data, scan->name.size) != TV_OK ||
      tvi_buffer_append(&both, scan->key.data, scan->key.size) != TV_OK) {
    tvi_buffer_free(&both);
    return SQLITE_NOMEM;
  }
  sqlite3_result_blob64(context, both.data, both.size, tvi_free);
  return SQLITE_OK;
}

int tvi_kv_scan_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column) {
  tvi_kv_scan *scan = (tvi_kv_scan *)cursor;

  if (((tvi_kv_table *)cursor->pVtab)->bucket == NULL && column >= TVI_KV_SECOND) {
    if (column == TVI_KV_SECOND) return SQLITE_OK;
    column--;
  }
  if (column == TVI_KV_KEY) return kv_scan_column_key(scan, context);
  if (column == TVI_KV_ENTRY) return kv_scan_column_identity(scan, context);
  if (sqlite3_vtab_nochange(context)) return SQLITE_OK; /* an UPDATE leaves it as it is */
  if (column == TVI_KV_VALUE) return kv_scan_column_value(scan, context);
  if (column == TVI_KV_BUCKET) {
    sqlite3_result_text(context, (const char *)scan->name.data, -1, SQLITE_TRANSIENT);
    return SQLITE_OK;
  }
  return kv_scan_column_entry(scan, context, column);
}
