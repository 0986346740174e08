/* SPDX-License-Identifier: MIT */
/*
 * SQLite as a key-value store: one table, prepared statements, in its write-ahead mode. Records of
 * 116 bytes live in a WITHOUT ROWID table, as its manual recommends for rows much smaller than a
 * page; documents do not, as it advises against that for rows of more than a twentieth of one.
 * SQLite has one writer at a time and its busy handler sleeps, so writers queue at a mutex for one
 * connection: many connections that contend were rejected, they only make SQLite slower. Readers
 * have a connection each.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "peer.h"
#include "tool_heap.h"

#define PEER_SQLITE_GET "SELECT v FROM records WHERE k = ?1"
#define SQLITE_PEER_MMAP "68719476736" /* clipped to SQLite's own compiled limit (2 GB) */

struct peer_store {
  sqlite3 *db; /* the writer */
  sqlite3_stmt *put, *begin, *commit, *get, *update;
  pthread_mutex_t gate;
  char path[1024];
  char why[PEER_WHY_BYTES];
};

struct peer_session {
  peer_store *store;
  sqlite3 *db;
  sqlite3_stmt *get, *scan, *range, *begin, *commit;
};

static int peer_sqlite_fail(char *why, const char *what, sqlite3 *db) {
  snprintf(why, PEER_WHY_BYTES, "%.40s: %.200s", what,
           db != NULL ? sqlite3_errmsg(db) : "out of memory");
  return -1;
}

static int peer_sqlite_version(char *out, size_t size) {
  snprintf(out, size, "%s", sqlite3_libversion());
  return 0;
}

static int peer_sqlite_connect(const char *path, const char *pragmas, sqlite3 **db) {
  int rc = sqlite3_open_v2(path, db,
                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_busy_timeout(*db, 60000);
  if (rc == SQLITE_OK) rc = sqlite3_exec(*db, pragmas, NULL, NULL, NULL);
  return rc;
}

static int peer_sqlite_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out) {
  return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
}

/* Steps a statement that returns no rows. */
static int peer_sqlite_do(sqlite3_stmt *stmt) {
  sqlite3_step(stmt);
  return sqlite3_reset(stmt);
}

static void peer_sqlite_close(peer_store *store) {
  if (store == NULL) return;
  sqlite3_finalize(store->put);
  sqlite3_finalize(store->begin);
  sqlite3_finalize(store->commit);
  sqlite3_finalize(store->get);
  sqlite3_finalize(store->update);
  sqlite3_close(store->db);
  pthread_mutex_destroy(&store->gate);
  free(store);
}

static int peer_sqlite_open(const peer_setup *setup, peer_store **out, char *why) {
  peer_store *store = heap_take(sizeof *store);
  char sql[512];
  int rc;
  pthread_mutex_init(&store->gate, NULL);
  snprintf(store->path, sizeof store->path, "%s/sqlite.db", setup->folder);
  snprintf(sql, sizeof sql,
           "PRAGMA journal_mode=WAL; PRAGMA synchronous=%s; PRAGMA mmap_size=" SQLITE_PEER_MMAP
           "; CREATE TABLE records(k BLOB NOT NULL PRIMARY KEY, v BLOB NOT NULL)%s",
           setup->durable ? "FULL" : "OFF", setup->compressed ? "" : " WITHOUT ROWID");
  rc = peer_sqlite_connect(store->path, sql, &store->db);
  if (rc == SQLITE_OK)
    rc = peer_sqlite_prepare(store->db, "REPLACE INTO records VALUES(?1, ?2)", &store->put);
  if (rc == SQLITE_OK) rc = peer_sqlite_prepare(store->db, "BEGIN IMMEDIATE", &store->begin);
  if (rc == SQLITE_OK) rc = peer_sqlite_prepare(store->db, "COMMIT", &store->commit);
  if (rc == SQLITE_OK) rc = peer_sqlite_prepare(store->db, PEER_SQLITE_GET, &store->get);
  if (rc == SQLITE_OK)
    rc = peer_sqlite_prepare(store->db, "UPDATE records SET v = ?1 WHERE k = ?2", &store->update);
  if (rc != SQLITE_OK) {
    peer_sqlite_fail(why, "open", store->db);
    peer_sqlite_close(store);
    return -1;
  }
  *out = store;
  return 0;
}

/* One transaction with records [at, end) of the batch, on the writer's connection. */
static int peer_sqlite_write_some(peer_store *store, const peer_batch *batch, uint64_t at,
                                  uint64_t end) {
  unsigned char room[PEER_KEY_ROOM];
  int rc = peer_sqlite_do(store->begin);
  for (; at < end && rc == SQLITE_OK; at++) {
    uint64_t i = batch->order != NULL ? batch->order[at] : batch->from + at;
    tv_slice key, value;
    batch->source->record(batch->source->ctx, i, room, &key, &value);
    rc = sqlite3_bind_blob64(store->put, 1, key.data, key.size, SQLITE_STATIC);
    if (rc == SQLITE_OK)
      rc = sqlite3_bind_blob64(store->put, 2, value.data, value.size, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = peer_sqlite_do(store->put);
  }
  if (rc == SQLITE_OK) rc = peer_sqlite_do(store->commit);
  if (rc == SQLITE_OK) return 0;
  peer_sqlite_fail(store->why, "write", store->db);
  if (!sqlite3_get_autocommit(store->db)) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  return -1;
}

static int peer_sqlite_write(peer_store *store, const peer_batch *batch) {
  uint64_t at = 0;
  int rc = 0;
  while (at < batch->n && rc == 0) {
    uint64_t left = batch->n - at;
    uint64_t some = left < batch->per_transaction ? left : batch->per_transaction;
    pthread_mutex_lock(&store->gate);
    rc = peer_sqlite_write_some(store, batch, at, at + some);
    pthread_mutex_unlock(&store->gate);
    at += some;
  }
  return rc;
}

static uint64_t peer_sqlite_bytes(peer_store *store) {
  sqlite3_stmt *stmt;
  uint64_t bytes = 0;
  if (peer_sqlite_prepare(store->db,
                          "SELECT (page_count - freelist_count) * page_size FROM"
                          " pragma_page_count, pragma_freelist_count, pragma_page_size",
                          &stmt) != SQLITE_OK)
    return 0;
  if (sqlite3_step(stmt) == SQLITE_ROW) bytes = (uint64_t)sqlite3_column_int64(stmt, 0);
  sqlite3_finalize(stmt);
  return bytes;
}

static void peer_sqlite_session_close(peer_session *session) {
  if (session == NULL) return;
  sqlite3_finalize(session->get);
  sqlite3_finalize(session->scan);
  sqlite3_finalize(session->range);
  sqlite3_finalize(session->begin);
  sqlite3_finalize(session->commit);
  sqlite3_close(session->db);
  free(session);
}

static int peer_sqlite_session_open(peer_store *store, int verified, peer_session **out) {
  peer_session *session = heap_take(sizeof *session);
  int rc = peer_sqlite_connect(store->path, "PRAGMA mmap_size=" SQLITE_PEER_MMAP, &session->db);
  (void)verified; /* SQLite's pages have no checksums by default */
  session->store = store;
  if (rc == SQLITE_OK) rc = peer_sqlite_prepare(session->db, PEER_SQLITE_GET, &session->get);
  if (rc == SQLITE_OK)
    rc = peer_sqlite_prepare(session->db, "SELECT k, v FROM records ORDER BY k", &session->scan);
  if (rc == SQLITE_OK)
    rc = peer_sqlite_prepare(
        session->db, "SELECT k, v FROM records WHERE k >= ?1 ORDER BY k LIMIT ?2", &session->range);
  if (rc == SQLITE_OK) rc = peer_sqlite_prepare(session->db, "BEGIN", &session->begin);
  if (rc == SQLITE_OK) rc = peer_sqlite_prepare(session->db, "COMMIT", &session->commit);
  if (rc == SQLITE_OK) rc = peer_sqlite_do(session->begin);
  if (rc != SQLITE_OK) {
    peer_sqlite_fail(store->why, "open a reader", session->db);
    peer_sqlite_session_close(session);
    return -1;
  }
  *out = session;
  return 0;
}

static int peer_sqlite_renew(peer_session *session) {
  int rc = sqlite3_reset(session->get);
  if (rc == SQLITE_OK) rc = peer_sqlite_do(session->commit);
  if (rc == SQLITE_OK) rc = peer_sqlite_do(session->begin);
  return rc != SQLITE_OK ? peer_sqlite_fail(session->store->why, "renew", session->db) : 0;
}

static int peer_sqlite_get(peer_session *session, tv_slice key, tv_slice *value) {
  int rc = sqlite3_reset(session->get);
  if (rc == SQLITE_OK) rc = sqlite3_bind_blob64(session->get, 1, key.data, key.size, SQLITE_STATIC);
  if (rc == SQLITE_OK) rc = sqlite3_step(session->get);
  if (rc == SQLITE_DONE) return TV_NOTFOUND;
  if (rc != SQLITE_ROW) return peer_sqlite_fail(session->store->why, "get", session->db);
  *value =
      tv_bytes(sqlite3_column_blob(session->get, 0), (size_t)sqlite3_column_bytes(session->get, 0));
  return TV_OK;
}

/* Folds the row where a statement of (k, v) stands. */
static uint64_t peer_sqlite_fold(sqlite3_stmt *stmt, uint64_t sum) {
  tv_slice key = tv_bytes(sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
  tv_slice value = tv_bytes(sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1));
  return peer_fold(sum, key, value);
}

static int peer_sqlite_scan(peer_session *session, uint64_t *rows, uint64_t *answer) {
  sqlite3_stmt *scan = session->scan;
  uint64_t n = 0, sum = 0;
  while (sqlite3_step(scan) == SQLITE_ROW) {
    sum = peer_sqlite_fold(scan, sum);
    n++;
  }
  *rows = n;
  *answer = sum;
  if (sqlite3_reset(scan) == SQLITE_OK) return 0;
  return peer_sqlite_fail(session->store->why, "scan", session->db);
}

static int peer_sqlite_range(peer_session *session, tv_slice from, uint64_t rows_max,
                             uint64_t *rows, uint64_t *answer) {
  sqlite3_stmt *range = session->range;
  uint64_t n = 0, sum = 0;
  int rc = sqlite3_bind_blob64(range, 1, from.data, from.size, SQLITE_STATIC);
  if (rc == SQLITE_OK) rc = sqlite3_bind_int64(range, 2, (sqlite3_int64)rows_max);
  while (rc == SQLITE_OK && sqlite3_step(range) == SQLITE_ROW) {
    sum = peer_sqlite_fold(range, sum);
    n++;
  }
  *rows = n;
  *answer = sum;
  if (sqlite3_reset(range) == SQLITE_OK && rc == SQLITE_OK) return 0;
  return peer_sqlite_fail(session->store->why, "range", session->db);
}

/* On the writer's connection. */
static int peer_sqlite_modify(peer_store *store, tv_slice key, peer_change change, void *ctx) {
  int rc, found = 0;
  pthread_mutex_lock(&store->gate);
  rc = peer_sqlite_do(store->begin);
  if (rc == SQLITE_OK) rc = sqlite3_bind_blob64(store->get, 1, key.data, key.size, SQLITE_STATIC);
  if (rc == SQLITE_OK && sqlite3_step(store->get) == SQLITE_ROW) {
    const void *old = sqlite3_column_blob(store->get, 0);
    tv_slice now = change(ctx, tv_bytes(old, (size_t)sqlite3_column_bytes(store->get, 0)));
    rc = sqlite3_bind_blob64(store->update, 1, now.data, now.size, SQLITE_STATIC);
    if (rc == SQLITE_OK)
      rc = sqlite3_bind_blob64(store->update, 2, key.data, key.size, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = peer_sqlite_do(store->update);
    found = 1;
  }
  sqlite3_reset(store->get);
  if (!found && rc == SQLITE_OK) rc = SQLITE_NOTFOUND;
  if (rc == SQLITE_OK) rc = peer_sqlite_do(store->commit);
  if (rc != SQLITE_OK) {
    peer_sqlite_fail(store->why, "modify", store->db);
    if (!sqlite3_get_autocommit(store->db)) sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
  }
  pthread_mutex_unlock(&store->gate);
  return rc == SQLITE_OK ? 0 : -1;
}

static const char *peer_sqlite_error(const peer_store *store) {
  return store->why;
}

const peer_engine peer_sqlite = {
    .name = "SQLite",
    .word = "sqlite",
    .settings =
        "WITHOUT ROWID (not for documents), prepared statements, WAL, synchronous=FULL where "
        "durable, else OFF; mmap_size at its limit; writers queue for one connection; no "
        "compression of its own",
    .source = "its manual: Write-Ahead Logging, WITHOUT ROWID, Memory-Mapped I/O",
    .version = peer_sqlite_version,
    .open = peer_sqlite_open,
    .close = peer_sqlite_close,
    .write = peer_sqlite_write,
    .bytes = peer_sqlite_bytes,
    .session_open = peer_sqlite_session_open,
    .session_close = peer_sqlite_session_close,
    .renew = peer_sqlite_renew,
    .get = peer_sqlite_get,
    .scan = peer_sqlite_scan,
    .range = peer_sqlite_range,
    .modify = peer_sqlite_modify,
    .error = peer_sqlite_error,
};
