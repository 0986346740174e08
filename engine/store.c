/* SPDX-License-Identifier: MIT */
/*
 * Stores: opening by name, and single-key access.
 *
 * A store object belongs to its transaction's memory, which the pool reuses: opening the same name
 * again finds the object by comparing names, and its stamp tells whether the catalogue still is the
 * one that it was resolved in. So the usual open costs no look-up and no allocation.
 */
#include "env_internal.h"
#include "lmdb_status_internal.h"

#include <string.h>

#define STORE_CATALOGUE_KEY_MAX (1 + TV_NAME_BYTES_MAX + 1 + 32)

void tvi_store_free(tv_store *store) {
  if (store->attached != NULL && store->release != NULL) store->release(store->attached);
  tvi_free((void *)store->options.data);
  tvi_free(store->key);
  tvi_free(store);
}

/* ---- Names ---- */

static int store_name_check(tv_txn *txn, const char *name, size_t *size) {
  size_t i, n = name == NULL ? 0 : strnlen(name, TV_NAME_BYTES_MAX + 1);
  char shown[TVI_SHOW_BYTES];
  if (n == 0) return tvi_txn_fail(txn, TV_EINVAL, 0, "a name must not be empty");
  if (n > TV_NAME_BYTES_MAX)
    return tvi_txn_fail(txn, TV_EINVAL, 0, "the name %s is longer than %d bytes",
                        tvi_show(tv_bytes(name, n), shown), TV_NAME_BYTES_MAX);
  for (i = 0; i < n; i++)
    if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
      return tvi_txn_fail(txn, TV_EINVAL, 0, "the name %s has a control character",
                          tvi_show(tv_bytes(name, n), shown));
  *size = n;
  return TV_OK;
}

/* kind, name, and where there is a part 0x00 and it. */
static int store_catalogue_key(tv_txn *txn, tvi_kind kind, const char *name, const char *part,
                               char key[STORE_CATALOGUE_KEY_MAX], size_t *size) {
  size_t n = 0;
  int status = store_name_check(txn, name, &n);
  if (status != TV_OK) return status;
  key[0] = (char)kind;
  memcpy(key + 1, name, n);
  *size = n + 1;
  if (part != NULL) {
    size_t m = strlen(part);
    if (m > 31) return tvi_txn_fail(txn, TV_EINVAL, 0, "the part name '%s' is too long", part);
    key[(*size)++] = '\0';
    memcpy(key + *size, part, m);
    *size += m;
  }
  return TV_OK;
}

/* ---- Resolving ---- */

static void store_let_go(tv_store *store) {
  if (store->attached != NULL && store->release != NULL) store->release(store->attached);
  store->attached = NULL;
  tvi_free((void *)store->options.data);
  store->options = tv_bytes(NULL, 0);
}

void tvi_store_gone(tv_store *store) {
  store_let_go(store);
  store->alive = 0;
}

/* Takes what the catalogue says over; what a layer attached stays while nothing differs. */
static int store_adopt(tv_store *store, unsigned entry, tv_slice options) {
  tv_txn *txn = store->txn;
  unsigned slot = entry & TVI_ENTRY_SLOT;
  if (slot >= atomic_load(&txn->env->slots))
    return tvi_txn_fail(txn, TV_ECORRUPT, 0, "the catalogue names a slot that does not exist");
  if (!store->alive || store->slot != slot || store->options.size != options.size ||
      (options.size > 0 && memcmp(store->options.data, options.data, options.size) != 0)) {
    store_let_go(store);
    if (options.size > 0) {
      void *copy = tvi_alloc(options.size);
      if (copy == NULL) return tvi_txn_fail(txn, TV_ENOMEM, 0, "out of memory opening a store");
      memcpy(copy, options.data, options.size);
      store->options = tv_bytes(copy, options.size);
    }
  }
  store->slot = slot;
  store->logged = (entry & TVI_ENTRY_LOGGED) != 0;
  store->dbi = txn->env->slot_dbi[slot];
  store->alive = 1;
  store->stamp = txn->stamp;
  return TV_OK;
}

int tvi_store_revalidate(tv_store *store) {
  tv_slice options;
  unsigned entry;
  int status =
      tvi_catalogue_find(store->txn, tv_bytes(store->key, store->key_size), &entry, &options);
  if (status == TV_OK) return store_adopt(store, entry, options);
  if (status != TV_NOTFOUND) return status;
  tvi_store_gone(store);
  return tvi_txn_fail(store->txn, TV_ENOSTORE, 0, "'%s' was dropped in this transaction",
                      tvi_store_name(store));
}

static tv_store *store_known(tv_txn *txn, const char *key, size_t size) {
  size_t i;
  for (i = 0; i < txn->store_count; i++) {
    tv_store *store = txn->stores[i];
    if (store->key_size == size && memcmp(store->key, key, size) == 0) return store;
  }
  return NULL;
}

static tv_store *store_new(tv_txn *txn, const char *key, size_t size) {
  tv_store *store;
  if (txn->store_count == txn->store_capacity) {
    size_t capacity = txn->store_capacity == 0 ? 8 : txn->store_capacity * 2;
    tv_store **stores = tvi_realloc(txn->stores, capacity * sizeof *stores);
    if (stores == NULL) return NULL;
    txn->stores = stores;
    txn->store_capacity = capacity;
  }
  store = tvi_zalloc(sizeof *store);
  if (store == NULL) return NULL;
  store->key = tvi_zalloc(size + 1);
  if (store->key == NULL) {
    tvi_free(store);
    return NULL;
  }
  memcpy(store->key, key, size);
  store->key_size = size;
  store->kind = key[0];
  store->has_part = memchr(key, '\0', size) != NULL;
  store->key_bytes_max = key[0] == TVI_KIND_STORE ? TV_KEY_BYTES_MAX : TVI_KEY_BYTES_LIMIT;
  store->txn = txn;
  txn->stores[txn->store_count++] = store;
  return store;
}

static int store_create(tv_txn *txn, tv_slice key, tv_slice options, unsigned *slot) {
  int status = tvi_txn_writable(txn);
  if (status == TV_OK && options.size > 65536)
    status = tvi_txn_fail(txn, TV_ELIMIT, 0, "options of more than 64 KiB");
  if (status == TV_OK) status = tvi_catalogue_slot_take(txn, slot);
  if (status == TV_OK) status = tvi_catalogue_put(txn, key, *slot, options);
  return status;
}

static int store_resolve(tv_txn *txn, tv_slice key, unsigned flags, tv_slice options,
                         tv_store **out) {
  tv_store *store = store_known(txn, key.data, key.size);
  tv_slice found;
  unsigned slot;
  int status;
  if (store != NULL && store->alive && store->stamp == txn->stamp) {
    if ((flags & TV_ONLY_NEW) != 0) return TV_EXISTS;
    *out = store;
    return TV_OK;
  }
  status = tvi_catalogue_find(txn, key, &slot, &found);
  if (status == TV_OK && (flags & TV_ONLY_NEW) != 0) return TV_EXISTS;
  if (status == TV_NOTFOUND && (flags & TV_CREATE) != 0) {
    status = store_create(txn, key, options, &slot);
    found = options;
  }
  if (status == TV_OK && store == NULL) {
    store = store_new(txn, key.data, key.size);
    if (store == NULL) return tvi_txn_fail(txn, TV_ENOMEM, 0, "out of memory opening a store");
  }
  if (status == TV_OK) status = store_adopt(store, slot, found);
  if (status == TV_OK) *out = store;
  return status;
}

/* The usual case, without checking a name that was checked when the store was made. */
static tv_store *store_open_already(tv_txn *txn, char kind, const char *name) {
  size_t i;
  for (i = 0; i < txn->store_count; i++) {
    tv_store *store = txn->stores[i];
    if (store->kind == kind && !store->has_part && store->alive && store->stamp == txn->stamp &&
        strcmp(store->key + 1, name) == 0)
      return store;
  }
  return NULL;
}

int tvi_store_open(tv_txn *txn, tvi_kind kind, const char *name, const char *part, unsigned flags,
                   tv_slice options, tv_store **out) {
  char key[STORE_CATALOGUE_KEY_MAX];
  size_t size;
  int status;
  if (part == NULL && (flags & TV_ONLY_NEW) == 0 && name != NULL) {
    *out = store_open_already(txn, (char)kind, name);
    if (TVI_LIKELY(*out != NULL)) return TV_OK;
  }
  status = store_catalogue_key(txn, kind, name, part, key, &size);
  *out = NULL;
  if (status != TV_OK) return status;
  return store_resolve(txn, tv_bytes(key, size), flags, options, out);
}

int tv_store_open(tv_txn *txn, const char *name, unsigned flags, tv_store **out) {
  int status = tvi_store_open(txn, TVI_KIND_STORE, name, NULL, flags, tv_bytes(NULL, 0), out);
  if (status == TV_NOTFOUND) return tvi_txn_fail(txn, TV_ENOSTORE, 0, "no such store: '%s'", name);
  return status;
}

/* ---- What layers ask of a store ---- */

unsigned tvi_store_entry(const tv_store *store) {
  return store->slot | (store->logged ? TVI_ENTRY_LOGGED : 0);
}

tv_slice tvi_store_options(const tv_store *store) {
  return store->options;
}

int tvi_store_is_logged(const tv_store *store) {
  return store->logged;
}

tv_txn *tvi_store_txn(const tv_store *store) {
  return store->txn;
}

const char *tvi_store_name(const tv_store *store) {
  return store->key + 1; /* ends at the NUL before a part, or at the end */
}

void *tvi_store_attached(const tv_store *store) {
  return store->attached;
}

void tvi_store_attach(tv_store *store, void *data, void (*release)(void *data)) {
  if (store->attached != NULL && store->release != NULL && store->attached != data)
    store->release(store->attached);
  store->attached = data;
  store->release = release;
}

int tvi_store_set_options(tv_store *store, tv_slice options) {
  int status = tvi_txn_writable(store->txn);
  if (status == TV_OK) status = tvi_store_ready(store);
  if (status == TV_OK && options.size > 65536)
    status = tvi_txn_fail(store->txn, TV_ELIMIT, 0, "options of more than 64 KiB");
  if (status == TV_OK)
    status = tvi_catalogue_put(store->txn, tv_bytes(store->key, store->key_size),
                               tvi_store_entry(store), options);
  return status;
}

/* ---- Single keys ---- */

int tvi_store_key_fail(tv_store *store, tv_slice key) {
  char shown[TVI_SHOW_BYTES];
  if (key.size == 0)
    return tvi_txn_fail(store->txn, TV_EKEYSIZE, 0, "an empty key in '%s'", tvi_store_name(store));
  return tvi_txn_fail(store->txn, TV_EKEYSIZE, 0, "the key %s in '%s' has %zu bytes, more than %u",
                      tvi_show(key, shown), tvi_store_name(store), key.size, store->key_bytes_max);
}

int tvi_store_tree_fail(tv_store *store) {
  return tvi_txn_fail(store->txn, TV_ECORRUPT, 0, "a page of '%s' in '%s' is damaged",
                      tvi_store_name(store), store->txn->env->path);
}

int tvi_store_tree_load(tv_store *store) {
  tv_txn *txn = store->txn;
  tvi_env *env = txn->env;
  MDB_val record;
  MDB_envinfo info;
  int native = tvi_slots_record(txn->mdb, store->slot, &record);
  if (native != 0) return tvi_txn_lmdb_fail(txn, native, "cannot read");
  mdb_env_info(env->mdb, &info);
  store->tree.map = tvi_map_of(env, record.mv_data);
  store->tree.pages = info.me_last_pgno + 1;
  store->tree.root = tvi_tree_record_load(record.mv_data).root;
  store->tree.page_bytes = env->page_bytes;
  store->tree_epoch = txn->epoch;
  return TV_OK;
}

static int store_get_read(tv_store *store, tv_slice key, tv_slice *value) {
  int status = tvi_store_tree_ready(store);
  if (TVI_LIKELY(status == TV_OK)) {
    status = tvi_tree_get(&store->tree, key, value);
    if (TVI_LIKELY(status == TV_OK)) return TV_OK;
    if (status == TV_ECORRUPT) status = tvi_store_tree_fail(store);
  }
  *value = tv_bytes(NULL, 0);
  return status;
}

static int store_get(tv_store *store, tv_slice key, tv_slice *value) {
  MDB_val k = tvi_val_of(key), v;
  int native, status = tvi_store_ready(store);
  if (status == TV_OK) status = tvi_store_key_check(store, key);
  if (TVI_UNLIKELY(status != TV_OK)) return status;
  if (!store->txn->write) return store_get_read(store, key, value);
  native = mdb_get(store->txn->mdb, store->dbi, &k, &v);
  if (TVI_LIKELY(native == 0)) {
    *value = tvi_slice_of(v);
    return TV_OK;
  }
  *value = tv_bytes(NULL, 0);
  if (native == MDB_NOTFOUND) return TV_NOTFOUND;
  return tvi_txn_lmdb_fail(store->txn, native, "cannot read");
}

int tv_store_get(tv_store *store, tv_slice key, tv_slice *value) {
  tvi_metrics *metrics = store->txn->metrics;
  uint64_t since;
  int status;
  if (TVI_LIKELY(metrics == NULL)) return store_get(store, key, value);
  since = tvi_metric_clock();
  status = store_get(store, key, value);
  tvi_metric_record(metrics, TVI_METRIC_GET, since);
  return status;
}

static int store_write_ready(tv_store *store, tv_slice key) {
  int status = tvi_txn_writable(store->txn);
  if (status == TV_OK) status = tvi_store_ready(store);
  if (status == TV_OK) status = tvi_store_key_check(store, key);
  return status;
}

/*
 * LMDB finds the end of the store anew for each appended key, unless a cursor stands there. Ours
 * does, as long as nothing but appending is written to the store.
 */
static int store_append(tv_store *store, MDB_val *key, MDB_val *value, unsigned flags) {
  int native = 0;
  if (store->appender != NULL && store->appended != store->writes) tvi_store_drop_appender(store);
  if (store->appender == NULL)
    native = mdb_cursor_open(store->txn->mdb, store->dbi, &store->appender);
  if (native == 0) native = mdb_cursor_put(store->appender, key, value, flags);
  store->writes++;
  store->appended = store->writes;
  if (native != 0) tvi_store_drop_appender(store);
  return native;
}

void tvi_store_drop_appender(tv_store *store) {
  if (store->appender != NULL) mdb_cursor_close(store->appender);
  store->appender = NULL;
}

static int store_put(tv_store *store, tv_slice key, tv_slice value, unsigned flags) {
  MDB_val k = tvi_val_of(key), v = tvi_val_of(value);
  int native, status = store_write_ready(store, key);
  if (TVI_UNLIKELY(status != TV_OK)) return status;
  if (TVI_UNLIKELY(value.size > UINT32_MAX))
    return tvi_txn_fail(store->txn, TV_ELIMIT, 0, "a value of %zu bytes; 4 GiB is the limit",
                        value.size);
  if ((flags & TV_PUT_APPEND) != 0) {
    native =
        store_append(store, &k, &v, MDB_APPEND | (flags & TV_PUT_ABSENT ? MDB_NOOVERWRITE : 0u));
  } else {
    native =
        mdb_put(store->txn->mdb, store->dbi, &k, &v, flags & TV_PUT_ABSENT ? MDB_NOOVERWRITE : 0u);
    store->writes++;
  }
  if (TVI_LIKELY(native == 0)) return tvi_feed_note(store, TV_CHANGE_PUT, key);
  if (native == MDB_KEYEXIST && (flags & TV_PUT_APPEND) != 0) {
    char shown[TVI_SHOW_BYTES];
    return tvi_txn_fail(store->txn, TV_EINVAL, 0,
                        "the key %s is not greater than all in '%s': it cannot be appended",
                        tvi_show(key, shown), tvi_store_name(store));
  }
  if (native == MDB_KEYEXIST) return TV_EXISTS;
  return tvi_txn_lmdb_fail(store->txn, native, "cannot write");
}

int tv_store_put(tv_store *store, tv_slice key, tv_slice value, unsigned flags) {
  tvi_metrics *metrics = store->txn->metrics;
  uint64_t since;
  int status;
  if (TVI_LIKELY(metrics == NULL)) return store_put(store, key, value, flags);
  since = tvi_metric_clock();
  status = store_put(store, key, value, flags);
  tvi_metric_record(metrics, TVI_METRIC_PUT, since);
  return status;
}

static int store_delete(tv_store *store, tv_slice key) {
  MDB_val k = tvi_val_of(key);
  int native, status = store_write_ready(store, key);
  if (TVI_UNLIKELY(status != TV_OK)) return status;
  native = mdb_del(store->txn->mdb, store->dbi, &k, NULL);
  if (native == MDB_NOTFOUND) return TV_NOTFOUND;
  store->writes++;
  return native == 0 ? tvi_feed_note(store, TV_CHANGE_DELETE, key)
                     : tvi_txn_lmdb_fail(store->txn, native, "cannot delete");
}

int tv_store_delete(tv_store *store, tv_slice key) {
  tvi_metrics *metrics = store->txn->metrics;
  uint64_t since;
  int status;
  if (TVI_LIKELY(metrics == NULL)) return store_delete(store, key);
  since = tvi_metric_clock();
  status = store_delete(store, key);
  tvi_metric_record(metrics, TVI_METRIC_DELETE, since);
  return status;
}

int tv_store_clear(tv_store *store) {
  int native, status = tvi_txn_writable(store->txn);
  if (status == TV_OK) status = tvi_store_ready(store);
  if (status != TV_OK) return status;
  native = mdb_drop(store->txn->mdb, store->dbi, 0);
  store->writes++;
  return native == 0 ? tvi_feed_note(store, TV_CHANGE_CLEAR, tv_bytes(NULL, 0))
                     : tvi_txn_lmdb_fail(store->txn, native, "cannot clear a store");
}

int tv_store_count(tv_store *store, uint64_t *count) {
  tv_store_stat stat;
  int status = tv_store_stat_get(store, &stat);
  *count = status == TV_OK ? stat.entries : 0;
  return status;
}

int tv_store_stat_get(tv_store *store, tv_store_stat *out) {
  MDB_stat stat;
  int native, status = tvi_store_ready(store);
  memset(out, 0, sizeof *out);
  if (status != TV_OK) return status;
  native = mdb_stat(store->txn->mdb, store->dbi, &stat);
  if (native != 0) return tvi_txn_lmdb_fail(store->txn, native, "cannot read");
  out->entries = stat.ms_entries;
  out->branch_pages = stat.ms_branch_pages;
  out->leaf_pages = stat.ms_leaf_pages;
  out->overflow_pages = stat.ms_overflow_pages;
  out->depth = stat.ms_depth;
  out->bytes = (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
               (uint64_t)stat.ms_psize;
  return TV_OK;
}
