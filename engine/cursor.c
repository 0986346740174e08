/* SPDX-License-Identifier: MIT */
/*
 * Cursors. In a read transaction a cursor is a path through the store's pages in the map, and a
 * step within a leaf reads the next row of the page: LMDB's general move costs several times as
 * much. In a write transaction it is a cursor of LMDB's and a copy of its key: after any write to
 * the store, and across savepoints, it seeks that key again instead of relying on LMDB's adjustment
 * of foreign cursors, so that "the entry under it was deleted" has one meaning everywhere: it
 * counts as passed.
 */
#include <string.h>

#include "env_internal.h"
#include "leaf_internal.h"
#include "lmdb_status_internal.h"

enum { CURSOR_NEW, CURSOR_ON, CURSOR_END };

struct tv_cursor {
  tvi_leaf leaf;        /* of a read transaction: where it stands; rows 0: nowhere */
  const tvi_tree *tree; /* the store's; NULL in a write transaction */
  MDB_cursor *mdb;      /* of a write transaction; NULL: detached */
  tv_store *store;
  int state;
  uint64_t writes;         /* store->writes when the LMDB cursor was placed */
  tv_cursor *next, **link; /* in the transaction */
  size_t key_size;
  union {
    tvi_tree_path path;                     /* of a read transaction, down to the leaf */
    unsigned char key[TVI_KEY_BYTES_LIMIT]; /* of a write transaction: where it stands */
  } at;
};

int tv_cursor_open(tv_store *store, tv_cursor **out) {
  tv_txn *txn = store->txn;
  tv_cursor *cursor;
  int native, status = tvi_store_ready(store);
  *out = NULL;
  if (status != TV_OK) return status;
  if (!txn->write) status = tvi_store_tree_ready(store);
  if (status != TV_OK) return status;
  cursor = tvi_alloc(sizeof *cursor);
  if (cursor == NULL) return tvi_txn_fail(txn, TV_ENOMEM, 0, "out of memory opening a cursor");
  cursor->mdb = NULL;
  native = txn->write ? mdb_cursor_open(txn->mdb, store->dbi, &cursor->mdb) : 0;
  if (native != 0) {
    tvi_free(cursor);
    return tvi_txn_lmdb_fail(txn, native, "cannot open a cursor");
  }
  cursor->store = store;
  cursor->state = CURSOR_NEW;
  cursor->tree = txn->write ? NULL : &store->tree;
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

static int cursor_at_end(tv_cursor *cursor, tv_slice *key, tv_slice *value) {
  cursor->leaf.rows = cursor->leaf.index = 0;
  cursor->state = CURSOR_END;
  if (key != NULL) *key = tv_bytes(NULL, 0);
  if (value != NULL) *value = tv_bytes(NULL, 0);
  return TV_END;
}

/* ---- Read transactions ---- */

static int cursor_damaged(tv_cursor *cursor) {
  (void)cursor_at_end(cursor, NULL, NULL);
  return tvi_store_tree_fail(cursor->store);
}

/* The row of the leaf where the cursor goes. */
static int cursor_row(tv_cursor *cursor, unsigned index, tv_slice *key, tv_slice *value) {
  tv_slice k, v;
  if (TVI_UNLIKELY(!tvi_leaf_row(&cursor->leaf, index, 0, &k, &v))) { /* perhaps a large value */
    if (tvi_tree_row(cursor->tree, cursor->leaf.page, index, &k, &v) != TV_OK)
      return cursor_damaged(cursor);
    cursor->leaf.index = index;
  }
  if (key != NULL) *key = k;
  if (value != NULL) *value = v;
  return TV_OK;
}

/* Hands out the row where the path ends, as `status` says. */
static int cursor_arrive(tv_cursor *cursor, int status, tv_slice *key, tv_slice *value) {
  const tvi_tree_step *step;
  if (status == TV_END) return cursor_at_end(cursor, key, value);
  if (TVI_UNLIKELY(status != TV_OK)) return cursor_damaged(cursor);
  step = &cursor->at.path.step[cursor->at.path.depth - 1];
  cursor->leaf.page = step->page;
  cursor->leaf.rows = step->rows;
  cursor->state = CURSOR_ON;
  return cursor_row(cursor, step->index, key, value);
}

static int cursor_edge(tv_cursor *cursor, int last, tv_slice *key, tv_slice *value) {
  return cursor_arrive(cursor, tvi_tree_edge(cursor->tree, last, &cursor->at.path), key, value);
}

static int cursor_step_read(tv_cursor *cursor, int forward, tv_slice *key, tv_slice *value) {
  tvi_tree_path *path = &cursor->at.path;
  const tvi_leaf *leaf = &cursor->leaf;
  if (cursor->state == CURSOR_NEW) return cursor_edge(cursor, !forward, key, value);
  if (forward) {
    if (leaf->index + 1 < leaf->rows) return cursor_row(cursor, leaf->index + 1, key, value);
    return cursor_arrive(cursor, tvi_tree_next_leaf(cursor->tree, path), key, value);
  }
  if (leaf->index > 0) return cursor_row(cursor, leaf->index - 1, key, value);
  return cursor_arrive(cursor, tvi_tree_prev_leaf(cursor->tree, path), key, value);
}

static int cursor_seek_before_read(tv_cursor *cursor, tv_slice at, tv_slice *key, tv_slice *value) {
  tvi_tree_path *path = &cursor->at.path;
  int status = at.size == 0 ? TV_END : tvi_tree_seek(cursor->tree, at, path);
  if (status == TV_END) return cursor_edge(cursor, 1, key, value);
  if (status == TV_OK) {
    tvi_tree_step *step = &path->step[path->depth - 1];
    if (step->index > 0)
      step->index--;
    else
      status = tvi_tree_prev_leaf(cursor->tree, path);
  }
  return cursor_arrive(cursor, status, key, value);
}

tvi_leaf *tvi_cursor_leaf(tv_cursor *cursor) {
  return &cursor->leaf;
}

/* ---- Write transactions ---- */

/* A live LMDB cursor in the innermost transaction, placed nowhere in particular. */
static int cursor_attach(tv_cursor *cursor) {
  int native, status = tvi_store_ready(cursor->store);
  if (status != TV_OK || cursor->mdb != NULL) return status;
  native = mdb_cursor_open(cursor->store->txn->mdb, cursor->store->dbi, &cursor->mdb);
  return native == 0 ? TV_OK : cursor_fail(cursor, native);
}

/* Hands the row out and keeps its key. */
static int cursor_land(tv_cursor *cursor, int native, MDB_val *k, MDB_val *v, tv_slice *key,
                       tv_slice *value) {
  if (TVI_UNLIKELY(native != 0)) {
    int status = cursor_at_end(cursor, key, value);
    return native == MDB_NOTFOUND ? status : cursor_fail(cursor, native);
  }
  if (key != NULL) *key = tvi_slice_of(*k);
  if (value != NULL) *value = tvi_slice_of(*v);
  cursor->state = CURSOR_ON;
  cursor->writes = cursor->store->writes;
  cursor->key_size = k->mv_size;
  memcpy(cursor->at.key, k->mv_data, k->mv_size);
  return TV_OK;
}

static int cursor_jump(tv_cursor *cursor, MDB_cursor_op op, tv_slice *key, tv_slice *value) {
  MDB_val k, v;
  int status = cursor_attach(cursor);
  if (status != TV_OK) return status;
  return cursor_land(cursor, mdb_cursor_get(cursor->mdb, &k, &v, op), &k, &v, key, value);
}

int tv_cursor_first(tv_cursor *cursor, tv_slice *key, tv_slice *value) {
  if (cursor->tree != NULL) return cursor_edge(cursor, 0, key, value);
  return cursor_jump(cursor, MDB_FIRST, key, value);
}

int tv_cursor_last(tv_cursor *cursor, tv_slice *key, tv_slice *value) {
  if (cursor->tree != NULL) return cursor_edge(cursor, 1, key, value);
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
  int native, status;
  if (cursor->tree != NULL)
    return cursor_arrive(cursor, tvi_tree_seek(cursor->tree, at, &cursor->at.path), key, value);
  status = cursor_attach(cursor);
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
  int native, status;
  if (cursor->tree != NULL) return cursor_seek_before_read(cursor, at, key, value);
  status = cursor_attach(cursor);
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
  tv_slice at = tv_bytes(cursor->at.key, cursor->key_size);
  int native = cursor_seek_native(cursor, at, k, v);
  if (!forward) return mdb_cursor_get(cursor->mdb, k, v, native == 0 ? MDB_PREV : MDB_LAST);
  if (native == 0 && k->mv_size == at.size && memcmp(k->mv_data, at.data, at.size) == 0)
    return mdb_cursor_get(cursor->mdb, k, v, MDB_NEXT);
  return native;
}

static int cursor_step(tv_cursor *cursor, int forward, tv_slice *key, tv_slice *value) {
  MDB_val k, v;
  int native, status;
  if (cursor->state == CURSOR_END) return cursor_at_end(cursor, key, value);
  if (cursor->tree != NULL) return cursor_step_read(cursor, forward, key, value);
  if (cursor->state == CURSOR_NEW)
    return cursor_jump(cursor, forward ? MDB_FIRST : MDB_LAST, key, value);
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
    return cursor_row(cursor, cursor->leaf.index + 1, key, value);
  return cursor_step(cursor, 1, key, value);
}

int tv_cursor_prev(tv_cursor *cursor, tv_slice *key, tv_slice *value) {
  return cursor_step(cursor, 0, key, value);
}
