/* SPDX-License-Identifier: MIT */
/*
 * The one narrow adapter behind which every key-value engine stands in a benchmark, Trivet
 * included, so that all of them pay the same for being called through it. An adapter for another
 * engine is a file peer_NAME.c with one peer_engine; nothing else knows the engine.
 *
 * All functions that return int return 0, or non-zero to fail; peer_error then tells why.
 */
#ifndef TRIVET_BENCH_PEER_H
#define TRIVET_BENCH_PEER_H

#include <stdint.h>
#include <string.h>

#include "trivet.h"

#define PEER_WHY_BYTES 256

/* How a store is opened. */
typedef struct peer_setup {
  const char *folder;  /* exists; the adapter keeps its files inside */
  int durable;         /* 1: a finished write survives power loss; 0: no sync at all */
  int compressed;      /* 1: as small as the engine's documentation recommends for reading */
  tv_slice dictionary; /* for compression, where the engine takes one */
} peer_setup;

/* Where records come from: record i's key and value, as cheap as possible. key_room is for building
 * the key in. Sources are called by several threads at once. */
#define PEER_KEY_ROOM 64
typedef struct peer_source {
  void (*record)(const void *ctx, uint64_t i, void *key_room, tv_slice *key, tv_slice *value);
  const void *ctx;
} peer_source;

/* A write of records order[0..n) of a source (order NULL: from, from + 1, ...). */
typedef struct peer_batch {
  const peer_source *source;
  const uint64_t *order;
  uint64_t from;
  uint64_t n;
  uint64_t per_transaction; /* records in one transaction; the last one may have fewer */
  int sorted;               /* 1: keys ascend and follow all those stored: a bulk load */
} peer_batch;

/* What becomes of a value: returns the new one, in memory of ctx. May run more than once for one
 * change. */
typedef tv_slice (*peer_change)(void *ctx, tv_slice old);

typedef struct peer_store peer_store;
typedef struct peer_session peer_session; /* one thread's read access, standing on a snapshot */

typedef struct peer_engine {
  const char *name;
  const char *word;     /* what names it in --peers */
  const char *settings; /* those that differ from the defaults */
  const char *source;   /* who recommends them */
  /* Writes the engine's version into out; returns non-zero when the engine is not installed (out
   * then says how to install it). */
  int (*version)(char *out, size_t size);
  int (*open)(const peer_setup *setup, peer_store **out, char *why);
  void (*close)(peer_store *store);
  int (*write)(peer_store *store, const peer_batch *batch); /* on any thread */
  /* Waits, for a bounded time, until the engine's work in the background is done, so that it does
   * not fall into the next side's time. loaded: 1 after a load, which then also leaves the engine's
   * write buffer. NULL: the engine has no such work. */
  void (*settle)(peer_store *store, int loaded);
  uint64_t (*bytes)(peer_store *store); /* what the records take */
  /* verified: 1 compares checksums where the engine has them. */
  int (*session_open)(peer_store *store, int verified, peer_session **out);
  void (*session_close)(peer_session *session);
  int (*renew)(peer_session *session); /* ends the snapshot and takes the newest, as a server does
                                          for each request */
  int (*get)(peer_session *session, tv_slice key, tv_slice *value); /* TV_OK, TV_NOTFOUND or -1 */
  /* Visits every record in key order and folds it into an answer with peer_fold. */
  int (*scan)(peer_session *session, uint64_t *rows, uint64_t *answer);
  /* Visits up to rows_max records from the first key that is at least `from`. */
  int (*range)(peer_session *session, tv_slice from, uint64_t rows_max, uint64_t *rows,
               uint64_t *answer);
  /* Replaces a value by what `change` makes of it, a transaction of its own. The key must exist.
   * On any thread. */
  int (*modify)(peer_store *store, tv_slice key, peer_change change, void *ctx);
  const char *(*error)(const peer_store *store);
} peer_engine;

extern const peer_engine peer_trivet;
extern const peer_engine peer_lmdb;
extern const peer_engine peer_rocksdb;
extern const peer_engine peer_leveldb;
extern const peer_engine peer_sqlite;

/*
 * Folds a value into an answer: its size, first and last bytes. It reads each value as little as a
 * real reader would at least, so that both sides pay for touching it and neither for more.
 */
static inline uint64_t peer_touch(tv_slice value) {
  const unsigned char *p = value.data;
  uint64_t head = 0, tail = 0;
  if (value.size >= 8) {
    memcpy(&head, p, 8);
    memcpy(&tail, p + value.size - 8, 8);
  } else {
    memcpy(&head, p, value.size);
  }
  return head + 3 * tail + value.size;
}

/* The same for a record of a scan; the sum does not depend on the order, the last key does. */
static inline uint64_t peer_fold(uint64_t answer, tv_slice key, tv_slice value) {
  return answer + peer_touch(value) + key.size;
}

#endif
