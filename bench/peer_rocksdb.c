/* SPDX-License-Identifier: MIT */
/*
 * RocksDB through its C interface, loaded at run time. Settings are those of "Setup Options and
 * Basic Tuning" in RocksDB's wiki, with two that fit this workload better: 4 KiB blocks (its
 * default; the page's 16 KiB read four times as much for a value of 100 bytes), and no compression
 * of records that are random bytes. A sorted load goes through SST files that are ingested, the
 * way its wiki recommends; prepare_for_bulk_load was rejected, since it leaves a store that is slow
 * to read until compacted. Writes that need not be durable keep the log and do not sync it: what is
 * finished survives the process, as with LMDB's MDB_NOSYNC.
 *
 * Handles are void pointers and no header is included: the tool builds where RocksDB is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"
#include "peer_library.h"
#include "peer_stripes.h"
#include "tool_heap.h"

#define ROCKS_NO_COMPRESSION 0
#define ROCKS_LZ4 4
#define ROCKS_ZSTD 7
#define ROCKS_DICTIONARY_BYTES 16384
#define ROCKS_TRAIN_BYTES (100 * ROCKS_DICTIONARY_BYTES) /* its manual's proportion */
#define ROCKS_SETTLE_MS 20000

#define ROCKS_CALLS(X)                                                                             \
  X(void *, open, (const void *, const char *, char **))                                           \
  X(void, close, (void *))                                                                         \
  X(void, free, (void *))                                                                          \
  X(void *, options_create, (void))                                                                \
  X(void, options_destroy, (void *))                                                               \
  X(void, options_set_create_if_missing, (void *, unsigned char))                                  \
  X(void, options_set_level_compaction_dynamic_level_bytes, (void *, unsigned char))               \
  X(void, options_set_max_background_jobs, (void *, int))                                          \
  X(void, options_set_bytes_per_sync, (void *, uint64_t))                                          \
  X(void, options_set_compression, (void *, int))                                                  \
  X(void, options_set_bottommost_compression, (void *, int))                                       \
  X(void, options_set_bottommost_compression_options, (void *, int, int, int, int, unsigned char)) \
  X(void, options_set_bottommost_compression_options_zstd_max_train_bytes,                         \
    (void *, int, unsigned char))                                                                  \
  X(void, options_set_block_based_table_factory, (void *, void *))                                 \
  X(void *, block_based_options_create, (void))                                                    \
  X(void, block_based_options_destroy, (void *))                                                   \
  X(void, block_based_options_set_block_cache, (void *, void *))                                   \
  X(void, block_based_options_set_filter_policy, (void *, void *))                                 \
  X(void, block_based_options_set_format_version, (void *, int))                                   \
  X(void, block_based_options_set_cache_index_and_filter_blocks, (void *, unsigned char))          \
  X(void, block_based_options_set_pin_l0_filter_and_index_blocks_in_cache,                         \
    (void *, unsigned char))                                                                       \
  X(void *, filterpolicy_create_bloom_full, (double))                                              \
  X(void *, cache_create_lru, (size_t))                                                            \
  X(void, cache_destroy, (void *))                                                                 \
  X(void *, writeoptions_create, (void))                                                           \
  X(void, writeoptions_destroy, (void *))                                                          \
  X(void, writeoptions_set_sync, (void *, unsigned char))                                          \
  X(void *, writebatch_create, (void))                                                             \
  X(void, writebatch_destroy, (void *))                                                            \
  X(void, writebatch_clear, (void *))                                                              \
  X(void, writebatch_put, (void *, const char *, size_t, const char *, size_t))                    \
  X(void, write, (void *, const void *, void *, char **))                                          \
  X(void *, envoptions_create, (void))                                                             \
  X(void, envoptions_destroy, (void *))                                                            \
  X(void *, sstfilewriter_create, (const void *, const void *))                                    \
  X(void, sstfilewriter_open, (void *, const char *, char **))                                     \
  X(void, sstfilewriter_put, (void *, const char *, size_t, const char *, size_t, char **))        \
  X(void, sstfilewriter_finish, (void *, char **))                                                 \
  X(void, sstfilewriter_destroy, (void *))                                                         \
  X(void *, ingestexternalfileoptions_create, (void))                                              \
  X(void, ingestexternalfileoptions_set_move_files, (void *, unsigned char))                       \
  X(void, ingestexternalfileoptions_destroy, (void *))                                             \
  X(void, ingest_external_file, (void *, const char *const *, size_t, const void *, char **))      \
  X(int, property_int, (void *, const char *, uint64_t *))                                         \
  X(void *, readoptions_create, (void))                                                            \
  X(void, readoptions_destroy, (void *))                                                           \
  X(void, readoptions_set_verify_checksums, (void *, unsigned char))                               \
  X(void, readoptions_set_snapshot, (void *, const void *))                                        \
  X(const void *, create_snapshot, (void *))                                                       \
  X(void, release_snapshot, (void *, const void *))                                                \
  X(void *, get_pinned, (void *, const void *, const char *, size_t, char **))                     \
  X(const char *, pinnableslice_value, (const void *, size_t *))                                   \
  X(void, pinnableslice_destroy, (void *))                                                         \
  X(void *, create_iterator, (void *, const void *))                                               \
  X(void, iter_destroy, (void *))                                                                  \
  X(void, iter_seek_to_first, (void *))                                                            \
  X(void, iter_seek, (void *, const char *, size_t))                                               \
  X(unsigned char, iter_valid, (const void *))                                                     \
  X(void, put, (void *, const void *, const char *, size_t, const char *, size_t, char **))        \
  X(void, iter_next, (void *))                                                                     \
  X(const char *, iter_key, (const void *, size_t *))                                              \
  X(const char *, iter_value, (const void *, size_t *))                                            \
  X(void, iter_get_error, (const void *, char **))

/* A type and a list of parameters cannot stand in parentheses. */
#define ROCKS_MEMBER(type, name, args) type(*name) args;  // NOLINT(bugprone-macro-parentheses)
#define ROCKS_SYMBOL(type, name, args) {"rocksdb_" #name, offsetof(struct rocks_calls, name)},

static struct rocks_calls { ROCKS_CALLS(ROCKS_MEMBER) } rocks;

static const char *const rocks_files[] = {"librocksdb.so",   "librocksdb.so.10",  "librocksdb.so.9",
                                          "librocksdb.so.8", "librocksdb.so.7.8", NULL};
static const peer_symbol rocks_symbols[] = {ROCKS_CALLS(ROCKS_SYMBOL)};
static peer_library rocks_library = {
    rocks_files, rocks_symbols, sizeof rocks_symbols / sizeof rocks_symbols[0], &rocks, 0, ""};

struct peer_store {
  void *db, *options, *cache, *write_options;
  void *newest; /* read options without a snapshot */
  peer_stripes stripes;
  char folder[768];
  unsigned loads; /* SST files made */
  char why[PEER_WHY_BYTES];
};

struct peer_session {
  peer_store *store;
  const void *snapshot;
  void *read_options;
  void *held; /* the value that the last get returned */
};

/* Takes over RocksDB's message; 0 when there is none. */
static int peer_rocksdb_failed(char *why, const char *what, char *message) {
  if (message == NULL) return 0;
  snprintf(why, PEER_WHY_BYTES, "%.40s: %.200s", what, message);
  rocks.free(message);
  return -1;
}

static int peer_rocksdb_version(char *out, size_t size) {
  if (peer_library_load(&rocks_library, out, size) != 0) return -1;
  snprintf(out, size, "%s", rocks_library.number[0] != '\0' ? rocks_library.number : "(unnamed)");
  return 0;
}

static void peer_rocksdb_close(peer_store *store) {
  if (store == NULL) return;
  if (store->db != NULL) rocks.close(store->db);
  rocks.writeoptions_destroy(store->write_options);
  rocks.readoptions_destroy(store->newest);
  peer_stripes_end(&store->stripes);
  rocks.options_destroy(store->options);
  rocks.cache_destroy(store->cache);
  free(store);
}

static void peer_rocksdb_tune(const peer_setup *setup, peer_store *store) {
  void *table = rocks.block_based_options_create();
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  store->options = rocks.options_create();
  store->cache = rocks.cache_create_lru((size_t)pages / 3 * (size_t)page);
  rocks.block_based_options_set_block_cache(table, store->cache);
  rocks.block_based_options_set_filter_policy(table, rocks.filterpolicy_create_bloom_full(10));
  rocks.block_based_options_set_format_version(table, 5);
  rocks.block_based_options_set_cache_index_and_filter_blocks(table, 1);
  rocks.block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1);
  rocks.options_set_block_based_table_factory(store->options, table);
  rocks.block_based_options_destroy(table);
  rocks.options_set_create_if_missing(store->options, 1);
  rocks.options_set_level_compaction_dynamic_level_bytes(store->options, 1);
  rocks.options_set_max_background_jobs(store->options, 6);
  rocks.options_set_bytes_per_sync(store->options, 1048576);
  rocks.options_set_compression(store->options,
                                setup->compressed ? ROCKS_LZ4 : ROCKS_NO_COMPRESSION);
  if (setup->compressed) { /* -14, 32767, 0: its defaults for window, level and strategy */
    rocks.options_set_bottommost_compression(store->options, ROCKS_ZSTD);
    rocks.options_set_bottommost_compression_options(store->options, -14, 32767, 0,
                                                     ROCKS_DICTIONARY_BYTES, 1);
    rocks.options_set_bottommost_compression_options_zstd_max_train_bytes(store->options,
                                                                          ROCKS_TRAIN_BYTES, 1);
  }
  store->write_options = rocks.writeoptions_create();
  store->newest = rocks.readoptions_create();
  peer_stripes_begin(&store->stripes);
  rocks.writeoptions_set_sync(store->write_options, setup->durable != 0);
}

static int peer_rocksdb_open(const peer_setup *setup, peer_store **out, char *why) {
  peer_store *store;
  char path[800], *message = NULL;
  if (peer_library_load(&rocks_library, why, PEER_WHY_BYTES) != 0) return -1;
  store = heap_take(sizeof *store);
  if (snprintf(store->folder, sizeof store->folder, "%s", setup->folder) >=
      (int)sizeof store->folder)
    heap_stop("the path of the temporary folder is too long: %s", setup->folder);
  peer_rocksdb_tune(setup, store);
  snprintf(path, sizeof path, "%s/rocksdb", store->folder);
  store->db = rocks.open(store->options, path, &message);
  if (peer_rocksdb_failed(why, "open", message) != 0) {
    store->db = NULL;
    peer_rocksdb_close(store);
    return -1;
  }
  *out = store;
  return 0;
}

/* Record `at` of the batch. */
static void peer_rocksdb_record(const peer_batch *batch, uint64_t at, void *room, tv_slice *key,
                                tv_slice *value) {
  uint64_t i = batch->order != NULL ? batch->order[at] : batch->from + at;
  batch->source->record(batch->source->ctx, i, room, key, value);
}

/* Records [at, end) as one SST file, ingested. */
static int peer_rocksdb_load(peer_store *store, const peer_batch *batch, uint64_t at,
                             uint64_t end) {
  unsigned char room[PEER_KEY_ROOM];
  void *environment = rocks.envoptions_create();
  void *writer = rocks.sstfilewriter_create(environment, store->options);
  void *how = rocks.ingestexternalfileoptions_create();
  char path[800], *message = NULL;
  const char *list[1] = {path};
  snprintf(path, sizeof path, "%s/load-%u.sst", store->folder, store->loads++);
  rocks.ingestexternalfileoptions_set_move_files(how, 1);
  rocks.sstfilewriter_open(writer, path, &message);
  for (; at < end && message == NULL; at++) {
    tv_slice key, value;
    peer_rocksdb_record(batch, at, room, &key, &value);
    rocks.sstfilewriter_put(writer, key.data, key.size, value.data, value.size, &message);
  }
  if (message == NULL) rocks.sstfilewriter_finish(writer, &message);
  if (message == NULL) rocks.ingest_external_file(store->db, list, 1, how, &message);
  rocks.ingestexternalfileoptions_destroy(how);
  rocks.sstfilewriter_destroy(writer);
  rocks.envoptions_destroy(environment);
  return peer_rocksdb_failed(store->why, "load", message);
}

static int peer_rocksdb_write(peer_store *store, const peer_batch *batch) {
  unsigned char room[PEER_KEY_ROOM];
  void *puts = rocks.writebatch_create();
  uint64_t at = 0;
  int rc = 0;
  while (at < batch->n && rc == 0) {
    uint64_t left = batch->n - at;
    uint64_t end = at + (left < batch->per_transaction ? left : batch->per_transaction);
    if (batch->sorted) {
      rc = peer_rocksdb_load(store, batch, at, end);
      at = end;
    } else {
      char *message = NULL;
      rocks.writebatch_clear(puts);
      for (; at < end; at++) {
        tv_slice key, value;
        peer_rocksdb_record(batch, at, room, &key, &value);
        rocks.writebatch_put(puts, key.data, key.size, value.data, value.size);
      }
      rocks.write(store->db, store->write_options, puts, &message);
      rc = peer_rocksdb_failed(store->why, "write", message);
    }
  }
  rocks.writebatch_destroy(puts);
  return rc;
}

static uint64_t peer_rocksdb_number(peer_store *store, const char *property) {
  uint64_t number = 0;
  return rocks.property_int(store->db, property, &number) == 0 ? number : 0;
}

static void peer_rocksdb_settle(peer_store *store, int loaded) {
  const struct timespec pause = {0, 10000000};
  int i;
  (void)loaded; /* sorted loads pass by its write buffer */
  for (i = 0; i < ROCKS_SETTLE_MS / 10; i++) {
    if (peer_rocksdb_number(store, "rocksdb.num-running-compactions") == 0 &&
        peer_rocksdb_number(store, "rocksdb.num-running-flushes") == 0 &&
        peer_rocksdb_number(store, "rocksdb.compaction-pending") == 0 &&
        peer_rocksdb_number(store, "rocksdb.mem-table-flush-pending") == 0)
      break;
    nanosleep(&pause, NULL);
  }
}

static uint64_t peer_rocksdb_bytes(peer_store *store) {
  return peer_rocksdb_number(store, "rocksdb.live-sst-files-size") +
         peer_rocksdb_number(store, "rocksdb.cur-size-active-mem-table");
}

static void peer_rocksdb_release(peer_session *session) {
  if (session->held != NULL) rocks.pinnableslice_destroy(session->held);
  session->held = NULL;
}

static void peer_rocksdb_stand(peer_session *session) {
  session->snapshot = rocks.create_snapshot(session->store->db);
  rocks.readoptions_set_snapshot(session->read_options, session->snapshot);
}

static int peer_rocksdb_session_open(peer_store *store, int verified, peer_session **out) {
  peer_session *session = heap_take(sizeof *session);
  session->store = store;
  session->read_options = rocks.readoptions_create();
  rocks.readoptions_set_verify_checksums(session->read_options, verified != 0);
  peer_rocksdb_stand(session);
  *out = session;
  return 0;
}

static void peer_rocksdb_session_close(peer_session *session) {
  if (session == NULL) return;
  peer_rocksdb_release(session);
  rocks.release_snapshot(session->store->db, session->snapshot);
  rocks.readoptions_destroy(session->read_options);
  free(session);
}

static int peer_rocksdb_renew(peer_session *session) {
  peer_rocksdb_release(session);
  rocks.release_snapshot(session->store->db, session->snapshot);
  peer_rocksdb_stand(session);
  return 0;
}

static int peer_rocksdb_get(peer_session *session, tv_slice key, tv_slice *value) {
  char *message = NULL;
  size_t size = 0;
  const char *data;
  peer_rocksdb_release(session);
  session->held =
      rocks.get_pinned(session->store->db, session->read_options, key.data, key.size, &message);
  if (peer_rocksdb_failed(session->store->why, "get", message) != 0) return -1;
  if (session->held == NULL) return TV_NOTFOUND;
  data = rocks.pinnableslice_value(session->held, &size);
  *value = tv_bytes(data, size);
  return TV_OK;
}

/* Folds up to rows_max records from where the iterator stands, and destroys it. */
static int peer_rocksdb_fold(peer_session *session, void *iterator, uint64_t rows_max,
                             uint64_t *rows, uint64_t *answer) {
  char *message = NULL;
  uint64_t n = 0, sum = 0;
  for (; n < rows_max && rocks.iter_valid(iterator); rocks.iter_next(iterator)) {
    size_t key_size, value_size;
    const char *key = rocks.iter_key(iterator, &key_size);
    const char *value = rocks.iter_value(iterator, &value_size);
    sum = peer_fold(sum, tv_bytes(key, key_size), tv_bytes(value, value_size));
    n++;
  }
  rocks.iter_get_error(iterator, &message);
  rocks.iter_destroy(iterator);
  *rows = n;
  *answer = sum;
  return peer_rocksdb_failed(session->store->why, "scan", message);
}

static int peer_rocksdb_scan(peer_session *session, uint64_t *rows, uint64_t *answer) {
  void *iterator = rocks.create_iterator(session->store->db, session->read_options);
  rocks.iter_seek_to_first(iterator);
  return peer_rocksdb_fold(session, iterator, UINT64_MAX, rows, answer);
}

static int peer_rocksdb_range(peer_session *session, tv_slice from, uint64_t rows_max,
                              uint64_t *rows, uint64_t *answer) {
  void *iterator = rocks.create_iterator(session->store->db, session->read_options);
  rocks.iter_seek(iterator, from.data, from.size);
  return peer_rocksdb_fold(session, iterator, rows_max, rows, answer);
}

static int peer_rocksdb_modify(peer_store *store, tv_slice key, peer_change change, void *ctx) {
  pthread_mutex_t *lock = peer_stripe(&store->stripes, key);
  char *message = NULL;
  void *held;
  int rc;
  pthread_mutex_lock(lock);
  held = rocks.get_pinned(store->db, store->newest, key.data, key.size, &message);
  rc = peer_rocksdb_failed(store->why, "get", message);
  if (rc == 0 && held == NULL) {
    snprintf(store->why, PEER_WHY_BYTES, "modify: there is no such key");
    rc = -1;
  }
  if (rc == 0) {
    size_t size = 0;
    const char *old = rocks.pinnableslice_value(held, &size);
    tv_slice now = change(ctx, tv_bytes(old, size));
    rocks.put(store->db, store->write_options, key.data, key.size, now.data, now.size, &message);
    rc = peer_rocksdb_failed(store->why, "put", message);
  }
  if (held != NULL) rocks.pinnableslice_destroy(held);
  pthread_mutex_unlock(lock);
  return rc;
}

static const char *peer_rocksdb_error(const peer_store *store) {
  return store->why;
}

const peer_engine peer_rocksdb = {
    .name = "RocksDB",
    .word = "rocksdb",
    .settings =
        "block cache a third of memory, bloom filter of 10 bits, dynamic level sizes, 6 "
        "background jobs; sorted loads ingest SST files; documents LZ4, at the bottom ZSTD "
        "with a 16 KiB dictionary; WriteOptions.sync where durable",
    .source = "its wiki: Setup Options and Basic Tuning, Dictionary Compression",
    .version = peer_rocksdb_version,
    .open = peer_rocksdb_open,
    .close = peer_rocksdb_close,
    .write = peer_rocksdb_write,
    .settle = peer_rocksdb_settle,
    .bytes = peer_rocksdb_bytes,
    .session_open = peer_rocksdb_session_open,
    .session_close = peer_rocksdb_session_close,
    .renew = peer_rocksdb_renew,
    .get = peer_rocksdb_get,
    .scan = peer_rocksdb_scan,
    .range = peer_rocksdb_range,
    .modify = peer_rocksdb_modify,
    .error = peer_rocksdb_error,
};
