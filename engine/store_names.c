/* SPDX-License-Identifier: MIT */
/*
 * Stores as things with names: dropping, renaming, listing. All of it is records of the catalogue,
 * so it commits and rolls back with the transaction; other stores that are open notice by their
 * stamp.
 */
#include <string.h>

#include "env_internal.h"
#include "lmdb_status_internal.h"

int tv_store_drop(tv_store *store) {
  tv_txn *txn = store->txn;
  int status = tvi_txn_writable(txn);
  if (status == TV_OK) status = tvi_store_ready(store);
  if (status == TV_OK) status = tvi_feed_note(store, TV_CHANGE_DROP, tv_bytes(NULL, 0));
  if (status == TV_OK) status = tvi_catalogue_slot_give(txn, store->slot);
  if (status == TV_OK) status = tvi_catalogue_remove(txn, tv_bytes(store->key, store->key_size));
  if (status == TV_OK) tvi_store_gone(store);
  return status;
}

/* The first catalogue entry with key >= *key; a copy of its key is left there. */
static int names_next(tv_txn *txn, char key[TVI_KEY_BYTES_LIMIT], size_t *size) {
  MDB_val k = {*size, key}, v;
  MDB_cursor *cursor;
  int native = mdb_cursor_open(txn->mdb, txn->env->meta, &cursor);
  if (native != 0) return tvi_txn_lmdb_fail(txn, native, "cannot read the catalogue");
  native = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
  if (native == 0) {
    memcpy(key, k.mv_data, k.mv_size);
    *size = k.mv_size;
  }
  mdb_cursor_close(cursor);
  if (native == MDB_NOTFOUND) return TV_END;
  return native == 0 ? TV_OK : tvi_txn_lmdb_fail(txn, native, "cannot read the catalogue");
}

/*
 * Each step looks up again behind the last name, so visit may open, create and drop. Appending 0x01
 * passes over the parts of a name (0x00 ...) and stays before every other name.
 */
int tvi_store_list(tv_txn *txn, tvi_kind kind, int (*visit)(void *ctx, tv_slice name), void *ctx) {
  char key[TVI_KEY_BYTES_LIMIT + 1];
  size_t size = 1;
  int status;
  key[0] = (char)kind;
  while ((status = names_next(txn, key, &size)) == TV_OK && key[0] == (char)kind) {
    if (memchr(key, '\0', size) == NULL && visit(ctx, tv_bytes(key + 1, size - 1)) != 0)
      return TV_STOP;
    if (size < sizeof key) key[size++] = '\x01';
  }
  return status == TV_END ? TV_OK : status;
}

int tv_store_list(tv_txn *txn, int (*visit)(void *ctx, tv_slice name), void *ctx) {
  return tvi_store_list(txn, TVI_KIND_STORE, visit, ctx);
}

static int names_move(tv_txn *txn, tv_slice from, tv_slice to) {
  char options[65537];
  tv_slice found;
  unsigned slot;
  int status = tvi_catalogue_find(txn, from, &slot, &found);
  if (status != TV_OK) return status;
  if (found.size > sizeof options)
    return tvi_txn_fail(txn, TV_ECORRUPT, 0, "a catalogue entry is damaged");
  if (found.size > 0) memcpy(options, found.data, found.size);
  status = tvi_catalogue_remove(txn, from);
  if (status == TV_OK) status = tvi_catalogue_put(txn, to, slot, tv_bytes(options, found.size));
  return status;
}

/* Moves the entry `name` of a kind and all its parts. */
static int names_move_all(tv_txn *txn, char kind, tv_slice name, tv_slice new_name) {
  char key[TVI_KEY_BYTES_LIMIT + 1], to[TVI_KEY_BYTES_LIMIT + 1];
  size_t size = name.size + 1;
  int status;
  key[0] = kind;
  memcpy(key + 1, name.data, name.size);
  while ((status = names_next(txn, key, &size)) == TV_OK) {
    size_t tail = size - name.size - 1;
    if (size <= name.size || key[0] != kind || memcmp(key + 1, name.data, name.size) != 0 ||
        (tail > 0 && key[name.size + 1] != '\0'))
      break;
    to[0] = kind;
    memcpy(to + 1, new_name.data, new_name.size);
    memcpy(to + 1 + new_name.size, key + 1 + name.size, tail);
    status = names_move(txn, tv_bytes(key, size), tv_bytes(to, 1 + new_name.size + tail));
    if (status != TV_OK) return status;
    key[size++] = '\0';
  }
  return status == TV_END ? TV_OK : status;
}

int tvi_store_rename(tv_txn *txn, tvi_kind kind, const char *name, const char *new_name) {
  tv_store *store;
  int status = tvi_txn_writable(txn);
  if (status == TV_OK)
    status = tvi_store_open(txn, kind, new_name, NULL, 0, tv_bytes(NULL, 0), &store);
  if (status == TV_OK) return TV_EXISTS;
  if (status != TV_NOTFOUND) return status;
  status = tvi_store_open(txn, kind, name, NULL, 0, tv_bytes(NULL, 0), &store);
  if (status == TV_OK) status = tvi_feed_note(store, TV_CHANGE_RENAME, tv_str(new_name));
  if (status != TV_OK) return status;
  return names_move_all(txn, (char)kind, tv_str(name), tv_str(new_name));
}

int tv_store_rename(tv_store *store, const char *name) {
  int status = tvi_store_rename(store->txn, (tvi_kind)store->kind, tvi_store_name(store), name);
  if (status == TV_NOTFOUND)
    return tvi_txn_fail(store->txn, TV_ENOSTORE, 0, "no such store: '%s'", tvi_store_name(store));
  return status;
}
