/* SPDX-License-Identifier: MIT */
/*
 * LevelDB through its C interface, loaded at run time. Settings are those its documentation names:
 * a bloom filter of 10 bits a key, a block cache for what is read often, a larger write buffer for
 * loads. It has no bulk load of its own; ascending keys in batches become files that are never
 * merged again. Its get returns a copy from the heap, so the copy is part of what is measured.
 *
 * Handles are void pointers and no header is included: the tool builds where LevelDB is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"
#include "peer_library.h"
#include "peer_stripes.h"
#include "tool_heap.h"

#define LEVEL_NO_COMPRESSION 0
#define LEVEL_SNAPPY 1
#define LEVEL_WRITE_BUFFER ((size_t)64 << 20)
#define LEVEL_SETTLE_MS 20000
#define LEVEL_L0_TRIGGER 4 /* files at level 0 that start a compaction (dbformat.h) */

#define LEVEL_CALLS(X)                                                                      \
  X(void *, open, (const void *, const char *, char **))                                    \
  X(void, close, (void *))                                                                  \
  X(void, free, (void *))                                                                   \
  X(int, major_version, (void))                                                             \
  X(int, minor_version, (void))                                                             \
  X(void *, options_create, (void))                                                         \
  X(void, options_destroy, (void *))                                                        \
  X(void, options_set_create_if_missing, (void *, uint8_t))                                 \
  X(void, options_set_filter_policy, (void *, void *))                                      \
  X(void, options_set_cache, (void *, void *))                                              \
  X(void, options_set_write_buffer_size, (void *, size_t))                                  \
  X(void, options_set_compression, (void *, int))                                           \
  X(void *, filterpolicy_create_bloom, (int))                                               \
  X(void, filterpolicy_destroy, (void *))                                                   \
  X(void *, cache_create_lru, (size_t))                                                     \
  X(void, cache_destroy, (void *))                                                          \
  X(void *, writeoptions_create, (void))                                                    \
  X(void, writeoptions_destroy, (void *))                                                   \
  X(void, writeoptions_set_sync, (void *, uint8_t))                                         \
  X(void *, writebatch_create, (void))                                                      \
  X(void, writebatch_destroy, (void *))                                                     \
  X(void, writebatch_clear, (void *))                                                       \
  X(void, writebatch_put, (void *, const char *, size_t, const char *, size_t))             \
  X(void, write, (void *, const void *, void *, char **))                                   \
  X(void, compact_range, (void *, const char *, size_t, const char *, size_t))              \
  X(void, approximate_sizes,                                                                \
    (void *, int, const char *const *, const size_t *, const char *const *, const size_t *, \
     uint64_t *))                                                                           \
  X(char *, property_value, (void *, const char *))                                         \
  X(void *, readoptions_create, (void))                                                     \
  X(void, readoptions_destroy, (void *))                                                    \
  X(void, readoptions_set_verify_checksums, (void *, uint8_t))                              \
  X(void, readoptions_set_snapshot, (void *, const void *))                                 \
  X(const void *, create_snapshot, (void *))                                                \
  X(void, release_snapshot, (void *, const void *))                                         \
  X(char *, get, (void *, const void *, const char *, size_t, size_t *, char **))           \
  X(void *, create_iterator, (void *, const void *))                                        \
  X(void, iter_destroy, (void *))                                                           \
  X(void, iter_seek_to_first, (void *))                                                     \
  X(void, iter_seek, (void *, const char *, size_t))                                        \
  X(uint8_t, iter_valid, (const void *))                                                    \
  X(void, put, (void *, const void *, const char *, size_t, const char *, size_t, char **)) \
  X(void, iter_next, (void *))                                                              \
  X(const char *, iter_key, (const void *, size_t *))                                       \
  X(const char *, iter_value, (const void *, size_t *))                                     \
  X(void, iter_get_error, (const void *, char **))

/* A type and a list of parameters cannot stand in parentheses. */
#define LEVEL_MEMBER(type, name, args) type(*name) args;  // NOLINT(bugprone-macro-parentheses)
#define LEVEL_SYMBOL(type, name, args) {"leveldb_" #name, offsetof(struct level_calls, name)},

static struct level_calls { LEVEL_CALLS(LEVEL_MEMBER) } level;

static const char *const level_files[] = {"libleveldb.so.1d", "libleveldb.so.1", "libleveldb.so",
                                          NULL};
static const peer_symbol level_symbols[] = {LEVEL_CALLS(LEVEL_SYMBOL)};
static peer_library level_library = {
    level_files, level_symbols, sizeof level_symbols / sizeof level_symbols[0], &level, 0, ""};

struct peer_store {
  void *db, *options, *cache, *filter, *write_options;
  void *newest; /* read options without a snapshot */
  peer_stripes stripes;
  char why[PEER_WHY_BYTES];
};

struct peer_session {
  peer_store *store;
  const void *snapshot;
  void *read_options;
  char *held; /* the value that the last get returned */
};

/* Takes over LevelDB's message; 0 when there is none. */
static int peer_leveldb_failed(char *why, const char *what, char *message) {
  if (message == NULL) return 0;
  snprintf(why, PEER_WHY_BYTES, "%.40s: %.200s", what, message);
  level.free(message);
  return -1;
}

static int peer_leveldb_version(char *out, size_t size) {
  if (peer_library_load(&level_library, out, size) != 0) return -1;
  snprintf(out, size, "%d.%d", level.major_version(), level.minor_version());
  return 0;
}

static void peer_leveldb_close(peer_store *store) {
  if (store == NULL) return;
  if (store->db != NULL) level.close(store->db);
  level.writeoptions_destroy(store->write_options);
  level.readoptions_destroy(store->newest);
  peer_stripes_end(&store->stripes);
  level.options_destroy(store->options);
  level.cache_destroy(store->cache);
  level.filterpolicy_destroy(store->filter);
  free(store);
}

static int peer_leveldb_open(const peer_setup *setup, peer_store **out, char *why) {
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  char path[1024], *message = NULL;
  peer_store *store;
  if (peer_library_load(&level_library, why, PEER_WHY_BYTES) != 0) return -1;
  store = heap_take(sizeof *store);
  store->options = level.options_create();
  store->cache = level.cache_create_lru((size_t)pages / 3 * (size_t)page);
  store->filter = level.filterpolicy_create_bloom(10);
  store->write_options = level.writeoptions_create();
  store->newest = level.readoptions_create();
  peer_stripes_begin(&store->stripes);
  level.options_set_create_if_missing(store->options, 1);
  level.options_set_cache(store->options, store->cache);
  level.options_set_filter_policy(store->options, store->filter);
  level.options_set_write_buffer_size(store->options, LEVEL_WRITE_BUFFER);
  level.options_set_compression(store->options,
                                setup->compressed ? LEVEL_SNAPPY : LEVEL_NO_COMPRESSION);
  level.writeoptions_set_sync(store->write_options, setup->durable != 0);
  snprintf(path, sizeof path, "%s/leveldb", setup->folder);
  store->db = level.open(store->options, path, &message);
  if (peer_leveldb_failed(why, "open", message) != 0) {
    store->db = NULL;
    peer_leveldb_close(store);
    return -1;
  }
  *out = store;
  return 0;
}

static int peer_leveldb_write(peer_store *store, const peer_batch *batch) {
  unsigned char room[PEER_KEY_ROOM];
  void *puts = level.writebatch_create();
  uint64_t at = 0;
  int rc = 0;
  while (at < batch->n && rc == 0) {
    uint64_t left = batch->n - at;
    uint64_t end = at + (left < batch->per_transaction ? left : batch->per_transaction);
    char *message = NULL;
    level.writebatch_clear(puts);
    for (; at < end; at++) {
      uint64_t i = batch->order != NULL ? batch->order[at] : batch->from + at;
      tv_slice key, value;
      batch->source->record(batch->source->ctx, i, room, &key, &value);
      level.writebatch_put(puts, key.data, key.size, value.data, value.size);
    }
    level.write(store->db, store->write_options, puts, &message);
    rc = peer_leveldb_failed(store->why, "write", message);
  }
  level.writebatch_destroy(puts);
  return rc;
}

/* LevelDB does not tell whether it is compacting; too many files at level 0 are the sign that it
 * will. */
static void peer_leveldb_settle(peer_store *store, int loaded) {
  const struct timespec pause = {0, 10000000};
  int i;
  /* Compacting a range without keys writes out the buffer and does no more. */
  if (loaded) level.compact_range(store->db, "\xff\xff", 2, "\xff\xff", 2);
  for (i = 0; i < LEVEL_SETTLE_MS / 10; i++) {
    char *files = level.property_value(store->db, "leveldb.num-files-at-level0");
    int few = files == NULL || strtol(files, NULL, 10) < LEVEL_L0_TRIGGER;
    if (files != NULL) level.free(files);
    if (few) break;
    nanosleep(&pause, NULL);
  }
}

/* The size of its files; what is still in the write buffer is made a file first. */
static uint64_t peer_leveldb_bytes(peer_store *store) {
  const char *from[1] = {""}, *to[1] = {"\xff\xff\xff\xff"};
  const size_t from_size[1] = {0}, to_size[1] = {4};
  uint64_t bytes = 0;
  level.compact_range(store->db, NULL, 0, NULL, 0);
  level.approximate_sizes(store->db, 1, from, from_size, to, to_size, &bytes);
  return bytes;
}

static void peer_leveldb_stand(peer_session *session) {
  session->snapshot = level.create_snapshot(session->store->db);
  level.readoptions_set_snapshot(session->read_options, session->snapshot);
}

static void peer_leveldb_release(peer_session *session) {
  if (session->held != NULL) level.free(session->held);
  session->held = NULL;
}

static int peer_leveldb_session_open(peer_store *store, int verified, peer_session **out) {
  peer_session *session = heap_take(sizeof *session);
  session->store = store;
  session->read_options = level.readoptions_create();
  level.readoptions_set_verify_checksums(session->read_options, verified != 0);
  peer_leveldb_stand(session);
  *out = session;
  return 0;
}

static void peer_leveldb_session_close(peer_session *session) {
  if (session == NULL) return;
  peer_leveldb_release(session);
  level.release_snapshot(session->store->db, session->snapshot);
  level.readoptions_destroy(session->read_options);
  free(session);
}

static int peer_leveldb_renew(peer_session *session) {
  peer_leveldb_release(session);
  level.release_snapshot(session->store->db, session->snapshot);
  peer_leveldb_stand(session);
  return 0;
}

static int peer_leveldb_get(peer_session *session, tv_slice key, tv_slice *value) {
  char *message = NULL;
  size_t size = 0;
  peer_leveldb_release(session);
  session->held =
      level.get(session->store->db, session->read_options, key.data, key.size, &size, &message);
  if (peer_leveldb_failed(session->store->why, "get", message) != 0) return -1;
  if (session->held == NULL) return TV_NOTFOUND;
  *value = tv_bytes(session->held, size);
  return TV_OK;
}

/* Folds up to rows_max records from where the iterator stands, and destroys it. */
static int peer_leveldb_fold(peer_session *session, void *iterator, uint64_t rows_max,
                             uint64_t *rows, uint64_t *answer) {
  char *message = NULL;
  uint64_t n = 0, sum = 0;
  for (; n < rows_max && level.iter_valid(iterator); level.iter_next(iterator)) {
    size_t key_size, value_size;
    const char *key = level.iter_key(iterator, &key_size);
    const char *value = level.iter_value(iterator, &value_size);
    sum = peer_fold(sum, tv_bytes(key, key_size), tv_bytes(value, value_size));
    n++;
  }
  level.iter_get_error(iterator, &message);
  level.iter_destroy(iterator);
  *rows = n;
  *answer = sum;
  return peer_leveldb_failed(session->store->why, "scan", message);
}

static int peer_leveldb_scan(peer_session *session, uint64_t *rows, uint64_t *answer) {
  void *iterator = level.create_iterator(session->store->db, session->read_options);
  level.iter_seek_to_first(iterator);
  return peer_leveldb_fold(session, iterator, UINT64_MAX, rows, answer);
}

static int peer_leveldb_range(peer_session *session, tv_slice from, uint64_t rows_max,
                              uint64_t *rows, uint64_t *answer) {
  void *iterator = level.create_iterator(session->store->db, session->read_options);
  level.iter_seek(iterator, from.data, from.size);
  return peer_leveldb_fold(session, iterator, rows_max, rows, answer);
}

static int peer_leveldb_modify(peer_store *store, tv_slice key, peer_change change, void *ctx) {
  pthread_mutex_t *lock = peer_stripe(&store->stripes, key);
  char *message = NULL, *held;
  size_t size = 0;
  int rc;
  pthread_mutex_lock(lock);
  held = level.get(store->db, store->newest, key.data, key.size, &size, &message);
  rc = peer_leveldb_failed(store->why, "get", message);
  if (rc == 0 && held == NULL) {
    snprintf(store->why, PEER_WHY_BYTES, "modify: there is no such key");
    rc = -1;
  }
  if (rc == 0) {
    tv_slice now = change(ctx, tv_bytes(held, size));
    level.put(store->db, store->write_options, key.data, key.size, now.data, now.size, &message);
    rc = peer_leveldb_failed(store->why, "put", message);
  }
  if (held != NULL) level.free(held);
  pthread_mutex_unlock(lock);
  return rc;
}

static const char *peer_leveldb_error(const peer_store *store) {
  return store->why;
}

const peer_engine peer_leveldb = {
    .name = "LevelDB",
    .word = "leveldb",
    .settings =
        "block cache a third of memory, bloom filter of 10 bits, write buffer 64 MiB; "
        "documents Snappy; WriteOptions.sync where durable",
    .source = "its doc/index.md and options.h",
    .version = peer_leveldb_version,
    .open = peer_leveldb_open,
    .close = peer_leveldb_close,
    .write = peer_leveldb_write,
    .settle = peer_leveldb_settle,
    .bytes = peer_leveldb_bytes,
    .session_open = peer_leveldb_session_open,
    .session_close = peer_leveldb_session_close,
    .renew = peer_leveldb_renew,
    .get = peer_leveldb_get,
    .scan = peer_leveldb_scan,
    .range = peer_leveldb_range,
    .modify = peer_leveldb_modify,
    .error = peer_leveldb_error,
};
