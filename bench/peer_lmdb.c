/* SPDX-License-Identifier: MIT */
/*
 * Raw LMDB: what Trivet stands on, so the peer that shows what Trivet itself costs. It gets the
 * same flags as Trivet's engine gives LMDB (one file, read transactions not tied to threads) and
 * the one sync setting of the measure. MDB_WRITEMAP was rejected: Trivet does not use it, and the
 * point of this peer is the same storage with nothing above.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "peer.h"
#include "tool_heap.h"

#ifdef TVI_MAP_BYTES_DEFAULT /* builds with sanitizers leave less address space */
#define PEER_LMDB_MAP_BYTES ((size_t)TVI_MAP_BYTES_DEFAULT)
#else
#define PEER_LMDB_MAP_BYTES ((size_t)1 << 38) /* reserved address space, sparse */
#endif
#define PEER_LMDB_READERS 1022

struct peer_store {
  MDB_env *env;
  MDB_dbi dbi;
  char why[PEER_WHY_BYTES];
};

struct peer_session {
  peer_store *store;
  MDB_txn *txn;
};

static int peer_lmdb_fail(char *why, const char *what, int rc) {
  snprintf(why, PEER_WHY_BYTES, "%.120s: %.120s", what, mdb_strerror(rc));
  return -1;
}

static int peer_lmdb_version(char *out, size_t size) {
  int major, minor, patch;
  mdb_version(&major, &minor, &patch);
  snprintf(out, size, "%d.%d.%d", major, minor, patch);
  return 0;
}

static void peer_lmdb_close(peer_store *store) {
  if (store == NULL) return;
  if (store->env != NULL) mdb_env_close(store->env);
  free(store);
}

static int peer_lmdb_open(const peer_setup *setup, peer_store **out, char *why) {
  peer_store *store = heap_take(sizeof *store);
  unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (setup->durable ? 0u : MDB_NOSYNC);
  char path[1024];
  MDB_txn *txn = NULL;
  int rc;
  snprintf(path, sizeof path, "%s/lmdb", setup->folder);
  rc = mdb_env_create(&store->env);
  if (rc == 0) rc = mdb_env_set_mapsize(store->env, PEER_LMDB_MAP_BYTES);
  if (rc == 0) rc = mdb_env_set_maxreaders(store->env, PEER_LMDB_READERS);
  if (rc == 0) rc = mdb_env_set_maxdbs(store->env, 4);
  if (rc == 0) rc = mdb_env_open(store->env, path, flags, 0600);
  if (rc == 0) rc = mdb_txn_begin(store->env, NULL, 0, &txn);
  /* A named database, as each bucket of Trivet is one. */
  if (rc == 0) rc = mdb_dbi_open(txn, "records", MDB_CREATE, &store->dbi);
  if (rc == 0) {
    rc = mdb_txn_commit(txn);
    txn = NULL;
  }
  if (rc != 0) {
    if (txn != NULL) mdb_txn_abort(txn);
    peer_lmdb_close(store);
    return peer_lmdb_fail(why, path, rc);
  }
  *out = store;
  return 0;
}

/* One transaction with records [at, end) of the batch. */
static int peer_lmdb_write_some(peer_store *store, const peer_batch *batch, uint64_t at,
                                uint64_t end) {
  unsigned char room[PEER_KEY_ROOM];
  MDB_cursor *cursor = NULL; /* a sorted load appends through one, as mdb_load does */
  MDB_txn *txn;
  int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
  if (rc != 0) return peer_lmdb_fail(store->why, "begin", rc);
  if (batch->sorted) rc = mdb_cursor_open(txn, store->dbi, &cursor);
  for (; at < end && rc == 0; at++) {
    uint64_t i = batch->order != NULL ? batch->order[at] : batch->from + at;
    tv_slice key, value;
    MDB_val k, v;
    batch->source->record(batch->source->ctx, i, room, &key, &value);
    k.mv_data = (void *)key.data;
    k.mv_size = key.size;
    v.mv_data = (void *)value.data;
    v.mv_size = value.size;
    rc = batch->sorted ? mdb_cursor_put(cursor, &k, &v, MDB_APPEND)
                       : mdb_put(txn, store->dbi, &k, &v, 0);
  }
  if (cursor != NULL) mdb_cursor_close(cursor);
  if (rc != 0) {
    mdb_txn_abort(txn);
    return peer_lmdb_fail(store->why, "put", rc);
  }
  rc = mdb_txn_commit(txn);
  return rc != 0 ? peer_lmdb_fail(store->why, "commit", rc) : 0;
}

static int peer_lmdb_write(peer_store *store, const peer_batch *batch) {
  uint64_t at = 0;
  while (at < batch->n) {
    uint64_t left = batch->n - at;
    uint64_t some = left < batch->per_transaction ? left : batch->per_transaction;
    if (peer_lmdb_write_some(store, batch, at, at + some) != 0) return -1;
    at += some;
  }
  return 0;
}

static uint64_t peer_lmdb_bytes(peer_store *store) {
  MDB_txn *txn;
  MDB_stat stat;
  uint64_t bytes = 0;
  if (mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) != 0) return 0;
  if (mdb_stat(txn, store->dbi, &stat) == 0)
    bytes = (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
            (uint64_t)stat.ms_psize;
  mdb_txn_abort(txn);
  return bytes;
}

static int peer_lmdb_session_open(peer_store *store, int verified, peer_session **out) {
  peer_session *session = heap_take(sizeof *session);
  int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &session->txn);
  (void)verified; /* LMDB has no checksums */
  session->store = store;
  if (rc != 0) {
    free(session);
    return peer_lmdb_fail(store->why, "begin a read transaction", rc);
  }
  *out = session;
  return 0;
}

static void peer_lmdb_session_close(peer_session *session) {
  if (session == NULL) return;
  mdb_txn_abort(session->txn);
  free(session);
}

static int peer_lmdb_renew(peer_session *session) {
  int rc;
  mdb_txn_reset(session->txn);
  rc = mdb_txn_renew(session->txn);
  return rc != 0 ? peer_lmdb_fail(session->store->why, "renew", rc) : 0;
}

static int peer_lmdb_get(peer_session *session, tv_slice key, tv_slice *value) {
  MDB_val k, v;
  int rc;
  k.mv_data = (void *)key.data;
  k.mv_size = key.size;
  rc = mdb_get(session->txn, session->store->dbi, &k, &v);
  if (rc == MDB_NOTFOUND) return TV_NOTFOUND;
  if (rc != 0) return peer_lmdb_fail(session->store->why, "get", rc);
  *value = tv_bytes(v.mv_data, v.mv_size);
  return TV_OK;
}

static int peer_lmdb_scan(peer_session *session, uint64_t *rows, uint64_t *answer) {
  MDB_cursor *cursor;
  MDB_val k, v;
  uint64_t n = 0, sum = 0;
  int rc = mdb_cursor_open(session->txn, session->store->dbi, &cursor);
  if (rc != 0) return peer_lmdb_fail(session->store->why, "open a cursor", rc);
  while ((rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) == 0) {
    sum = peer_fold(sum, tv_bytes(k.mv_data, k.mv_size), tv_bytes(v.mv_data, v.mv_size));
    n++;
  }
  mdb_cursor_close(cursor);
  *rows = n;
  *answer = sum;
  return rc != MDB_NOTFOUND ? peer_lmdb_fail(session->store->why, "scan", rc) : 0;
}

static int peer_lmdb_range(peer_session *session, tv_slice from, uint64_t rows_max, uint64_t *rows,
                           uint64_t *answer) {
  MDB_cursor *cursor;
  MDB_val k = {from.size, (void *)from.data}, v;
  uint64_t n = 0, sum = 0;
  int rc = mdb_cursor_open(session->txn, session->store->dbi, &cursor);
  if (rc != 0) return peer_lmdb_fail(session->store->why, "open a cursor", rc);
  for (rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE); rc == 0;
       rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
    sum = peer_fold(sum, tv_bytes(k.mv_data, k.mv_size), tv_bytes(v.mv_data, v.mv_size));
    if (++n == rows_max) break;
  }
  mdb_cursor_close(cursor);
  *rows = n;
  *answer = sum;
  return rc != 0 && rc != MDB_NOTFOUND ? peer_lmdb_fail(session->store->why, "range", rc) : 0;
}

static int peer_lmdb_modify(peer_store *store, tv_slice key, peer_change change, void *ctx) {
  MDB_val k = {key.size, (void *)key.data}, v;
  MDB_txn *txn;
  int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
  if (rc != 0) return peer_lmdb_fail(store->why, "begin", rc);
  rc = mdb_get(txn, store->dbi, &k, &v);
  if (rc == 0) {
    tv_slice now = change(ctx, tv_bytes(v.mv_data, v.mv_size));
    v = (MDB_val){now.size, (void *)now.data};
    rc = mdb_put(txn, store->dbi, &k, &v, 0);
  }
  if (rc != 0) {
    mdb_txn_abort(txn);
    return peer_lmdb_fail(store->why, "modify", rc);
  }
  rc = mdb_txn_commit(txn);
  return rc != 0 ? peer_lmdb_fail(store->why, "commit", rc) : 0;
}

static const char *peer_lmdb_error(const peer_store *store) {
  return store->why;
}

const peer_engine peer_lmdb = {
    .name = "raw LMDB",
    .word = "lmdb",
    .settings =
        "MDB_NOSUBDIR | MDB_NOTLS, MDB_NOSYNC where the measure does not sync; default sync "
        "otherwise",
    .source = "the flags of Trivet's own engine; lmdb.h for their meaning",
    .version = peer_lmdb_version,
    .open = peer_lmdb_open,
    .close = peer_lmdb_close,
    .write = peer_lmdb_write,
    .bytes = peer_lmdb_bytes,
    .session_open = peer_lmdb_session_open,
    .session_close = peer_lmdb_session_close,
    .renew = peer_lmdb_renew,
    .get = peer_lmdb_get,
    .scan = peer_lmdb_scan,
    .range = peer_lmdb_range,
    .modify = peer_lmdb_modify,
    .error = peer_lmdb_error,
};
