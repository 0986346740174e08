/* SPDX-License-Identifier: MIT */
/*
 * A store that tells whether a snapshot is whole: a writer changes some of its entries and puts the
 * hash of all of them in the same transaction; a reader reckons the hash again. Nothing here
 * asserts, so that threads and child processes can use it. Included by one file of a program.
 */
#ifndef TRIVET_TEST_SNAPSHOT_HASH_H
#define TRIVET_TEST_SNAPSHOT_HASH_H

#include <stdio.h>
#include <string.h>

#include "test_store.h"

enum { HASH_ENTRIES = 64, HASH_VALUE_MAX = 700 };

/* The hash key sorts behind the entries. */
#define HASH_KEY tv_str("z-hash")

typedef struct hash_record {
  uint64_t hash, turns; /* turns: transactions that wrote */
} hash_record;

/* FNV-1a (Fowler, Noll, Vo). */
static inline uint64_t hash_add(uint64_t hash, tv_slice bytes) {
  const unsigned char *at = bytes.data;
  size_t i;
  for (i = 0; i < bytes.size; i++) hash = (hash ^ at[i]) * UINT64_C(1099511628211);
  return (hash ^ bytes.size) * UINT64_C(1099511628211);
}

/* Reckons the hash of a store's entries and reads the one it holds. TV_ECORRUPT: no record. */
static inline int hash_read(tv_store *store, uint64_t *reckoned, hash_record *record) {
  tv_cursor *cursor;
  tv_slice key, value;
  int found = 0, status = tv_cursor_open(store, &cursor);
  *reckoned = UINT64_C(14695981039346656037);
  if (status != TV_OK) return status;
  while ((status = tv_cursor_next(cursor, &key, &value)) == TV_OK) {
    if (test_slice_is(key, "z-hash")) {
      found = value.size == sizeof *record;
      if (found) memcpy(record, value.data, sizeof *record);
    } else {
      *reckoned = hash_add(hash_add(*reckoned, key), value);
    }
  }
  tv_cursor_close(cursor);
  if (status != TV_END) return status;
  return found ? TV_OK : TV_ECORRUPT;
}

/* Changes some entries at random and puts the new hash. A store without a hash gets its first. */
static inline int hash_write(tv_store *store, uint64_t *random) {
  hash_record record = {0, 0};
  uint64_t reckoned;
  char key[16], value[HASH_VALUE_MAX];
  int i, changes = 1 + (int)(test_random(random) % 12),
         status = hash_read(store, &reckoned, &record);
  if (status == TV_OK && reckoned != record.hash) return TV_ECORRUPT;
  if (status == TV_ECORRUPT) changes = HASH_ENTRIES; /* the first time */
  if (status != TV_OK && status != TV_ECORRUPT) return status;
  status = TV_OK;
  for (i = 0; i < changes && status == TV_OK; i++) {
    uint64_t draw = test_random(random);
    size_t size = (size_t)(draw >> 32) % sizeof value;
    memset(value, (int)(draw & 0xff), size);
    snprintf(key, sizeof key, "k%02d", (int)(test_random(random) % HASH_ENTRIES));
    if (draw % 5 == 0) {
      status = tv_store_delete(store, tv_str(key));
      if (status == TV_NOTFOUND) status = TV_OK;
    } else {
      status = tv_store_put(store, tv_str(key), tv_bytes(value, size), 0);
    }
  }
  record.turns++;
  if (status == TV_OK) status = tv_store_put(store, HASH_KEY, tv_bytes(&record, sizeof record), 0);
  if (status == TV_OK) status = hash_read(store, &record.hash, &(hash_record){0, 0});
  if (status == TV_OK) status = tv_store_put(store, HASH_KEY, tv_bytes(&record, sizeof record), 0);
  return status;
}

/* One look at the newest snapshot. TV_ECORRUPT: it is not whole, or older than the last one seen.
 */
static inline int hash_look(tv_txn *txn, const char *name, uint64_t *turns) {
  hash_record record = {0, 0};
  uint64_t reckoned;
  tv_store *store;
  int status = tv_store_open(txn, name, 0, &store);
  if (status == TV_OK) status = hash_read(store, &reckoned, &record);
  if (status != TV_OK) return status;
  if (reckoned != record.hash || record.turns < *turns) return TV_ECORRUPT;
  *turns = record.turns;
  return TV_OK;
}

#endif
