/* SPDX-License-Identifier: MIT */
/*
 * Cursors. In a read transaction a step within a leaf page reads the page itself: its rows stand in
 * an array of offsets, and LMDB's general move costs several times as much. LMDB's cursor is
 * brought up to date (one comparison) when the page is left, and by LMDB go all values outside the
 * leaf. In a write transaction the cursor keeps a copy of its key: after any write to the store,
 * and across savepoints, it seeks that key again instead of relying on LMDB's adjustment of foreign
 * cursors, so that "the entry under it was deleted" has one meaning everywhere: it counts as
 * passed.
 */
#include <string.h>

#include "env_internal.h"
#include "leaf_internal.h"
#include "lmdb_status_internal.h"

enum { CURSOR_NEW, CURSOR_ON, CURSOR_END };

struct tv_cursor {
  tvi_leaf leaf;   /* of a read transaction */
  MDB_cursor *mdb; /* NULL: detached */
  tv_store *store;
  int state;
  int write;               /* in a write transaction */
  uint64_t writes;         /* store->writes when the LMDB cursor was placed */
  const unsigned char *at; /* key of the row that LMDB gave last */
  tv_cursor *next, **link; /* in the transaction */
  size_t key_size;
  unsigned char key[TVI_KEY_BYTES_LIMIT];
};

int tv_cursor_open(tv_store *store, tv_cursor **out) {
  tv_txn *txn = store->txn;
  tv_cursor *cursor;
  int native, status = tvi_store_ready(store);
  *out = NULL;
  if (status != TV_OK) return status;
  cursor = tvi_alloc(sizeof *cursor);
  if (cursor == NULL) return tvi_txn_fail(txn, TV_ENOMEM, 0, "out of memory opening a cursor");
  native = mdb_cursor_open(txn->mdb, store->dbi, &cursor->mdb);
  if (native != 0) {
    tvi_free(cursor);
    return tvi_txn_lmdb_fail(txn, native, "cannot open a cursor");
  }
  cursor->store = store;
  cursor->state = CURSOR_NEW;
  cursor->write = txn->write;
  cursor->writes = store->writes;
  cursor->key_size = 0;
  cursor->leaf = (tvi_leaf){.page_bytes = txn->env->page_bytes};
  cursor->next = txn->cursors;
  cursor->link = &txn->cursors;
  if (txn->cursors != NULL) txn->cursors->link = &cursor->next;
  txn->cursors = cursor;
  *out = cursor;
  return TV_OK;
}

void tv_cursor_close(tv_cursor *cursor) {
  if (cursor == NULL) return;
  if (cursor->mdb != NULL) mdb_cursor_close(cursor->mdb);
  *cursor->link = cursor->next;
  if (cursor->next != NULL) cursor->next->link = cursor->link;
  tvi_free(cursor);
}

static void cursor_drop_appenders(tv_txn *txn) {
  size_t i;
  if (!txn->write) return;
  for (i = 0; i < txn->store_count; i++) tvi_store_drop_appender(txn->stores[i]);
}

void tvi_cursors_detach(tv_txn *txn) {
  tv_cursor *cursor;
  cursor_drop_appenders(txn);
  for (cursor = txn->cursors; cursor != NULL; cursor = cursor->next) {
    if (cursor->mdb != NULL) mdb_cursor_close(cursor->mdb);
    cursor->mdb = NULL;
  }
}

void tvi_cursors_free(tv_txn *txn) {
  cursor_drop_appenders(txn);
  while (txn->cursors != NULL) tv_cursor_close(txn->cursors);
}

static int cursor_fail(tv_cursor *cursor, int native) {
  return tvi_txn_lmdb_fail(cursor->store->txn, native, "cannot read");
}

/* A live LMDB cursor in the innermost transaction, placed nowhere in particular. */
static int cursor_attach(tv_cursor *cursor) {
  int native, status = tvi_store_ready(cursor->store);
  if (status != TV_OK || cursor->mdb != NULL) return status;
  native = mdb_cursor_open(cursor->store->txn->mdb, cursor->store->dbi, &cursor->mdb);
  return native == 0 ? TV_OK : cursor_fail(cursor, native);
}

static void cursor_leaf_forget(tv_cursor *cursor) {
  cursor->leaf.page = NULL;
  cursor->leaf.rows = 0;
  cursor->leaf.index = 0;
  cursor->leaf.behind = 0;
}

/* Hands the row out and, in a write transaction, keeps its key. */
static int cursor_land(tv_cursor *cursor, int native, MDB_val *k, MDB_val *v, tv_slice *key,
                       tv_slice *value) {
  cursor_leaf_forget(cursor);
  if (TVI_LIKELY(native == 0)) {
    if (key != NULL) *key = tvi_slice_of(*k);
    if (value != NULL) *value = tvi_slice_of(*v);
    cursor->state = CURSOR_ON;
    cursor->at = k->mv_data;
    if (cursor->write) {
      cursor->writes = cursor->store->writes;
      cursor->key_size = k->mv_size;
      memcpy(cursor->key, k->mv_data, k->mv_size);
    }
    return TV_OK;
  }
  cursor->state = CURSOR_END;
  if (key != NULL) *key = tv_bytes(NULL, 0);
  if (value != NULL) *value = tv_bytes(NULL, 0);
  return native == MDB_NOTFOUND ? TV_END : cursor_fail(cursor, native);
}

static int cursor_jump(tv_cursor *cursor, MDB_cursor_op op, tv_slice *key, tv_slice *value) {
  MDB_val k, v;
  int status = cursor_attach(cursor);
  if (status != TV_OK) return status;
  return cursor_land(cursor, mdb_cursor_get(cursor->mdb, &k, &v, op), &k, &v, key, value);
}

int tv_cursor_first(tv_cursor *cursor, tv_slice *key, tv_slice *value) {
  return cursor_jump(cursor, MDB_FIRST, key, value);
}

int tv_cursor_last(tv_cursor *cursor, tv_slice *key, tv_slice *value) {
  return cursor_jump(cursor, MDB_LAST, key, value);
}

/* LMDB's empty key is invalid; as a place it is before all keys. */
static int cursor_seek_native(tv_cursor *cursor, tv_slice at, MDB_val *k, MDB_val *v) {
  if (at.size == 0) return mdb_cursor_get(cursor->mdb, k, v, MDB_FIRST);
  if (at.size > TVI_KEY_BYTES_LIMIT) at.size = TVI_KEY_BYTES_LIMIT;
  *k = tvi_val_of(at);
  return mdb_cursor_get(cursor->mdb, k, v, MDB_SET_RANGE);
}

static int cursor_seek(tv_cursor *cursor, tv_slice at, tv_slice *key, tv_slice *value) {
  MDB_val k, v;
  int native, status = cursor_attach(cursor);
  if (status != TV_OK) return status;
  native = cursor_seek_native(cursor, at, &k, &v);
  /* A key longer than any stored one was cut to search: the cut itself is before it. */
  if (native == 0 && at.size > TVI_KEY_BYTES_LIMIT && k.mv_size == TVI_KEY_BYTES_LIMIT &&
      memcmp(k.mv_data, at.data, k.mv_size) == 0)
    native = mdb_cursor_get(cursor->mdb, &k, &v, MDB_NEXT);
  return cursor_land(cursor, native, &k, &v, key, value);
}

int tv_cursor_seek(tv_cursor *cursor, tv_slice at, tv_slice *key, tv_slice *value) {
  tvi_metrics *metrics = cursor->store->txn->metrics;
  uint64_t since;
  int status;
  if (TVI_LIKELY(metrics == NULL)) return cursor_seek(cursor, at, key, value);
  since = tvi_metric_clock();
  status = cursor_seek(cursor, at, key, value);
  tvi_metric_record(metrics, TVI_METRIC_SEEK, since);
  return status;
}

int tv_cursor_seek_before(tv_cursor *cursor, tv_slice at, tv_slice *key, tv_slice *value) {
  MDB_val k, v;
  int native, status = cursor_attach(cursor);
  if (status != TV_OK) return status;
  if (at.size == 0) return cursor_jump(cursor, MDB_LAST, key, value);
  native = cursor_seek_native(cursor, at, &k, &v);
  if (native == 0 && at.size > TVI_KEY_BYTES_LIMIT && k.mv_size == TVI_KEY_BYTES_LIMIT &&
      memcmp(k.mv_data, at.data, k.mv_size) == 0)
    return cursor_land(cursor, 0, &k, &v, key, value);
  native = mdb_cursor_get(cursor->mdb, &k, &v, native == 0 ? MDB_PREV : MDB_LAST);
  return cursor_land(cursor, native, &k, &v, key, value);
}

/* The store was written to, or a savepoint began or ended: back to the key, then one step. */
static int cursor_step_again(tv_cursor *cursor, int forward, MDB_val *k, MDB_val *v) {
  tv_slice at = tv_bytes(cursor->key, cursor->key_size);
  int native = cursor_seek_native(cursor, at, k, v);
  if (!forward) return mdb_cursor_get(cursor->mdb, k, v, native == 0 ? MDB_PREV : MDB_LAST);
  if (native == 0 && k->mv_size == at.size && memcmp(k->mv_data, at.data, at.size) == 0)
    return mdb_cursor_get(cursor->mdb, k, v, MDB_NEXT);
  return native;
}

/* ---- Steps within a leaf ---- */

tvi_leaf *tvi_cursor_leaf(tv_cursor *cursor) {
  return &cursor->leaf;
}

/* Finds the row that LMDB gave last in its page; `hint`: probably this one. Leaves page NULL if it
 * cannot. */
static void cursor_leaf_enter(tv_cursor *cursor, unsigned hint) {
  size_t page_bytes = cursor->leaf.page_bytes;
  size_t offset = (uintptr_t)cursor->at & (page_bytes - 1);
  const unsigned char *page = cursor->at - offset;
  unsigned lower = tvi_page_lower(page), i, rows;
  if (tvi_page_flags(page) != TVI_PAGE_LEAF || lower < TVI_PAGE_HEADER_BYTES || lower > page_bytes)
    return;
  rows = tvi_page_nodes(page);
  offset -= TVI_NODE_HEADER_BYTES;
  for (i = hint; i < rows && tvi_page_node_offset(page, i) != offset; i++) continue;
  if (i == rows)
    for (i = 0; i < rows && tvi_page_node_offset(page, i) != offset; i++) continue;
  if (i >= rows) return;
  cursor->leaf.page = page;
  cursor->leaf.index = i;
  cursor->leaf.rows = rows;
}

/* Brings LMDB's cursor to the row where ours stands. */
static int cursor_leaf_sync(tv_cursor *cursor, MDB_val *k, MDB_val *v) {
  const unsigned char *node = tvi_page_node(cursor->leaf.page, cursor->leaf.index);
  *k = tvi_val_of(tv_bytes(tvi_node_key(node), tvi_node_key_size(node)));
  cursor->leaf.behind = 0;
  return mdb_cursor_get(cursor->mdb, k, v, MDB_SET_KEY);
}

/* A row of the leaf that tvi_leaf_row does not give: its value lies outside, or the page is
 * damaged. */
static int cursor_leaf_outside(tv_cursor *cursor, unsigned index, tv_slice *key, tv_slice *value) {
  tvi_leaf leaf = cursor->leaf;
  size_t offset = tvi_page_node_offset(leaf.page, index);
  const unsigned char *node = leaf.page + offset;
  MDB_val k, v;
  int status;
  if (offset + TVI_NODE_HEADER_BYTES > leaf.page_bytes || tvi_node_flags(node) != TVI_NODE_BIG ||
      offset + TVI_NODE_HEADER_BYTES + tvi_node_key_size(node) + 8 > leaf.page_bytes)
    return cursor_fail(cursor, MDB_CORRUPTED);
  cursor->leaf.index = index;
  status = cursor_land(cursor, cursor_leaf_sync(cursor, &k, &v), &k, &v, key, value);
  if (status == TV_OK) {
    leaf.index = index;
    leaf.behind = 0;
    cursor->leaf = leaf;
  }
  return status;
}

static int cursor_leaf_step(tv_cursor *cursor, unsigned index, tv_slice *key, tv_slice *value) {
  tv_slice k, v;
  if (TVI_UNLIKELY(!tvi_leaf_row(&cursor->leaf, index, 0, &k, &v)))
    return cursor_leaf_outside(cursor, index, key, value);
  if (key != NULL) *key = k;
  if (value != NULL) *value = v;
  return TV_OK;
}

/* Through LMDB, to the next leaf or where the leaf cannot be read. */
static int cursor_step_lmdb(tv_cursor *cursor, int forward, tv_slice *key, tv_slice *value) {
  MDB_val k, v;
  int native = 0, status;
  if (cursor->leaf.page != NULL && cursor->leaf.behind) native = cursor_leaf_sync(cursor, &k, &v);
  if (native == 0) native = mdb_cursor_get(cursor->mdb, &k, &v, forward ? MDB_NEXT : MDB_PREV);
  status = cursor_land(cursor, native, &k, &v, key, value);
  if (status == TV_OK && forward) cursor_leaf_enter(cursor, 0);
  return status;
}

/* A step in a read transaction: in the leaf while there are rows. */
static int cursor_step_read(tv_cursor *cursor, int forward, tv_slice *key, tv_slice *value) {
  const tvi_leaf *leaf = &cursor->leaf;
  if (leaf->page == NULL) cursor_leaf_enter(cursor, 0);
  if (leaf->page != NULL && forward && leaf->index + 1 < leaf->rows)
    return cursor_leaf_step(cursor, leaf->index + 1, key, value);
  if (leaf->page != NULL && !forward && leaf->index > 0)
    return cursor_leaf_step(cursor, leaf->index - 1, key, value);
  return cursor_step_lmdb(cursor, forward, key, value);
}

static int cursor_step(tv_cursor *cursor, int forward, tv_slice *key, tv_slice *value) {
  MDB_val k, v;
  int native, status;
  if (cursor->state == CURSOR_NEW)
    return cursor_jump(cursor, forward ? MDB_FIRST : MDB_LAST, key, value);
  if (cursor->state == CURSOR_END) return cursor_land(cursor, MDB_NOTFOUND, NULL, NULL, key, value);
  if (!cursor->write) return cursor_step_read(cursor, forward, key, value);
  if (TVI_UNLIKELY(cursor->mdb == NULL || cursor->writes != cursor->store->writes)) {
    status = cursor_attach(cursor);
    if (status != TV_OK) return status;
    native = cursor_step_again(cursor, forward, &k, &v);
  } else {
    native = mdb_cursor_get(cursor->mdb, &k, &v, forward ? MDB_NEXT : MDB_PREV);
  }
  return cursor_land(cursor, native, &k, &v, key, value);
}

int tv_cursor_next(tv_cursor *cursor, tv_slice *key, tv_slice *value) {
  if (TVI_LIKELY(cursor->leaf.index + 1 < cursor->leaf.rows))
    return cursor_leaf_step(cursor, cursor->leaf.index + 1, key, value);
  return cursor_step(cursor, 1, key, value);
}

int tv_cursor_prev(tv_cursor *cursor, tv_slice *key, tv_slice *value) {
  return cursor_step(cursor, 0, key, value);
}
