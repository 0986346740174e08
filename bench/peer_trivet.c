/* SPDX-License-Identifier: MIT */
/*
 * Trivet's own side of a key-value benchmark, through its public headers only: what is measured is
 * what a user gets. Writes go through tv_db_write, the call that Trivet recommends.
 */
#include <stdio.h>
#include <stdlib.h>

#include "peer.h"
#include "tool_heap.h"
#include "trivet_kv.h"

#define PEER_TRIVET_BUCKET "records"

struct peer_store {
  tv_db *db;
  char why[PEER_WHY_BYTES];
};

struct peer_session {
  peer_store *store;
  tv_txn *txn;
  tv_bucket *bucket;
  unsigned flags;
};

static int peer_trivet_fail(char *why, const char *what, const tv_error *err) {
  snprintf(why, PEER_WHY_BYTES, "%.40s: %s, %.190s", what, tv_status_name(err->status),
           err->message);
  return -1;
}

static int peer_trivet_version(char *out, size_t size) {
  snprintf(out, size, "%s", TV_VERSION_STRING);
  return 0;
}

static void peer_trivet_close(peer_store *store) {
  if (store == NULL) return;
  tv_close(store->db, NULL);
  free(store);
}

typedef struct peer_trivet_create {
  const peer_setup *setup;
} peer_trivet_create;

static int peer_trivet_create_fn(tv_txn *txn, void *ctx) {
  const peer_setup *setup = ((const peer_trivet_create *)ctx)->setup;
  tv_bucket_options options = {0};
  tv_bucket *bucket;
  if (setup->compressed) {
    options.compression = TV_COMPRESS_LZ4_HC;
    options.dictionary = setup->dictionary;
  }
  return tv_kv_open(txn, PEER_TRIVET_BUCKET, TV_CREATE, &options, &bucket);
}

static int peer_trivet_open(const peer_setup *setup, peer_store **out, char *why) {
  peer_store *store = heap_take(sizeof *store);
  peer_trivet_create create = {setup};
  tv_options options = {0};
  char path[1024];
  tv_error err = {0};
  options.durability = setup->durable ? TV_SYNC : TV_BULK;
  snprintf(path, sizeof path, "%s/bench.tv", setup->folder);
  if (tv_open(path, &options, &store->db, &err) != TV_OK) {
    free(store);
    return peer_trivet_fail(why, "open", &err);
  }
  if (tv_db_write(store->db, peer_trivet_create_fn, &create, &err) != TV_OK) {
    peer_trivet_close(store);
    return peer_trivet_fail(why, "create the bucket", &err);
  }
  *out = store;
  return 0;
}

typedef struct peer_trivet_part {
  const peer_batch *batch;
  uint64_t at, end;
} peer_trivet_part;

static int peer_trivet_write_fn(tv_txn *txn, void *ctx) {
  const peer_trivet_part *part = ctx;
  const peer_batch *batch = part->batch;
  unsigned char room[PEER_KEY_ROOM];
  tv_bucket *bucket;
  uint64_t at;
  int rc = tv_kv_open(txn, PEER_TRIVET_BUCKET, 0, NULL, &bucket);
  for (at = part->at; at < part->end && rc == TV_OK; at++) {
    uint64_t i = batch->order != NULL ? batch->order[at] : batch->from + at;
    tv_slice key, value;
    batch->source->record(batch->source->ctx, i, room, &key, &value);
    rc = batch->sorted ? tv_kv_put_append(bucket, key, value) : tv_kv_put(bucket, key, value);
  }
  return rc;
}

static int peer_trivet_write(peer_store *store, const peer_batch *batch) {
  peer_trivet_part part = {batch, 0, 0};
  while (part.end < batch->n) {
    uint64_t left = batch->n - part.end;
    tv_error err = {0};
    part.at = part.end;
    part.end += left < batch->per_transaction ? left : batch->per_transaction;
    if (tv_db_write(store->db, peer_trivet_write_fn, &part, &err) != TV_OK)
      return peer_trivet_fail(store->why, "write", &err);
  }
  return 0;
}

static uint64_t peer_trivet_bytes(peer_store *store) {
  tv_txn *txn;
  tv_bucket *bucket;
  tv_store_stat stat;
  uint64_t bytes = 0;
  if (tv_begin(store->db, TV_READ, &txn, NULL) != TV_OK) return 0;
  if (tv_kv_open(txn, PEER_TRIVET_BUCKET, 0, NULL, &bucket) == TV_OK &&
      tv_kv_stat(bucket, &stat) == TV_OK)
    bytes = stat.bytes;
  tv_abort(txn);
  return bytes;
}

static int peer_trivet_begin(peer_session *session) {
  tv_error err = {0};
  if (tv_begin(session->store->db, TV_READ, &session->txn, &err) != TV_OK) {
    session->txn = NULL;
    return peer_trivet_fail(session->store->why, "begin a read transaction", &err);
  }
  if (tv_kv_open(session->txn, PEER_TRIVET_BUCKET, session->flags, NULL, &session->bucket) != TV_OK)
    return peer_trivet_fail(session->store->why, "open the bucket", tv_txn_error(session->txn));
  return 0;
}

static void peer_trivet_session_close(peer_session *session) {
  if (session == NULL) return;
  tv_abort(session->txn);
  free(session);
}

static int peer_trivet_session_open(peer_store *store, int verified, peer_session **out) {
  peer_session *session = heap_take(sizeof *session);
  session->store = store;
  session->flags = verified ? TV_KV_VERIFY_SCANS : TV_KV_UNVERIFIED;
  if (peer_trivet_begin(session) != 0) {
    peer_trivet_session_close(session);
    return -1;
  }
  *out = session;
  return 0;
}

static int peer_trivet_renew(peer_session *session) {
  tv_abort(session->txn);
  return peer_trivet_begin(session);
}

static int peer_trivet_get(peer_session *session, tv_slice key, tv_slice *value) {
  int rc = tv_kv_get(session->bucket, key, value);
  if (rc < 0) return peer_trivet_fail(session->store->why, "get", tv_txn_error(session->txn));
  return rc;
}

static int peer_trivet_scan(peer_session *session, uint64_t *rows, uint64_t *answer) {
  tv_range all = {{NULL, 0}, {NULL, 0}};
  tv_kv_cursor *cursor;
  tv_slice key, value;
  uint64_t n = 0, sum = 0;
  int rc;
  if (tv_kv_cursor_open(session->bucket, all, &cursor) != TV_OK)
    return peer_trivet_fail(session->store->why, "open a cursor", tv_txn_error(session->txn));
  while ((rc = tv_kv_cursor_next(cursor, &key, &value)) == TV_OK) {
    sum = peer_fold(sum, key, value);
    n++;
  }
  tv_kv_cursor_close(cursor);
  *rows = n;
  *answer = sum;
  return rc != TV_END ? peer_trivet_fail(session->store->why, "scan", tv_txn_error(session->txn))
                      : 0;
}

static int peer_trivet_range(peer_session *session, tv_slice from, uint64_t rows_max,
                             uint64_t *rows, uint64_t *answer) {
  tv_range range = {from, {NULL, 0}};
  tv_kv_cursor *cursor;
  tv_slice key, value;
  uint64_t n = 0, sum = 0;
  int rc = TV_OK;
  if (tv_kv_cursor_open(session->bucket, range, &cursor) != TV_OK)
    return peer_trivet_fail(session->store->why, "open a cursor", tv_txn_error(session->txn));
  while (n < rows_max && (rc = tv_kv_cursor_next(cursor, &key, &value)) == TV_OK) {
    sum = peer_fold(sum, key, value);
    n++;
  }
  tv_kv_cursor_close(cursor);
  *rows = n;
  *answer = sum;
  return rc < 0 ? peer_trivet_fail(session->store->why, "range", tv_txn_error(session->txn)) : 0;
}

typedef struct peer_trivet_change {
  tv_slice key;
  peer_change change;
  void *ctx;
} peer_trivet_change;

static int peer_trivet_modify_fn(tv_txn *txn, void *ctx) {
  const peer_trivet_change *it = ctx;
  tv_bucket *bucket;
  tv_slice old;
  int rc = tv_kv_open(txn, PEER_TRIVET_BUCKET, 0, NULL, &bucket);
  if (rc == TV_OK) rc = tv_kv_get(bucket, it->key, &old);
  return rc == TV_OK ? tv_kv_put(bucket, it->key, it->change(it->ctx, old)) : rc;
}

static int peer_trivet_modify(peer_store *store, tv_slice key, peer_change change, void *ctx) {
  peer_trivet_change it = {key, change, ctx};
  tv_error err = {0};
  if (tv_db_write(store->db, peer_trivet_modify_fn, &it, &err) == TV_OK) return 0;
  return peer_trivet_fail(store->why, "modify", &err);
}

static const char *peer_trivet_error(const peer_store *store) {
  return store->why;
}

const peer_engine peer_trivet = {
    .name = "Trivet KV",
    .word = "trivet",
    .settings =
        "defaults; TV_BULK where the measure does not sync; TV_KV_UNVERIFIED where it says so",
    .source = "docs/kv.md",
    .version = peer_trivet_version,
    .open = peer_trivet_open,
    .close = peer_trivet_close,
    .write = peer_trivet_write,
    .bytes = peer_trivet_bytes,
    .session_open = peer_trivet_session_open,
    .session_close = peer_trivet_session_close,
    .renew = peer_trivet_renew,
    .get = peer_trivet_get,
    .scan = peer_trivet_scan,
    .range = peer_trivet_range,
    .modify = peer_trivet_modify,
    .error = peer_trivet_error,
};
