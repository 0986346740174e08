/* SPDX-License-Identifier: MIT */
/*
 * Who reads, since when, and what it costs. A reader pins the pages that were replaced after its
 * snapshot; one that is forgotten makes the file grow without bound. LMDB's reader table tells
 * process and snapshot of every reader; when ours began we remember ourselves.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "env_internal.h"
#include "lmdb_status_internal.h"

#define READERS_WATCH_MS 1000

typedef struct readers_list {
  tv_reader *rows;
  size_t count, capacity;
  int64_t own_pid;
  int failed;
} readers_list;

int64_t tvi_coarse_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int readers_add(readers_list *list, int64_t pid, uint64_t snapshot, int64_t age_ms) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
    tv_reader *rows = tvi_realloc(list->rows, capacity * sizeof *rows);
    if (rows == NULL) {
      list->failed = 1;
      return -1;
    }
    list->rows = rows;
    list->capacity = capacity;
  }
  list->rows[list->count] = (tv_reader){.pid = pid, .snapshot = snapshot, .age_ms = age_ms};
  list->count++;
  return 0;
}

/*
 * LMDB reports readers only as text lines: process, thread in hexadecimal, transaction or "-". The
 * first line is a heading. Those of this process come from our own list instead.
 */
static int readers_line(const char *line, void *ctx) {
  readers_list *list = ctx;
  char *end;
  int64_t pid = strtoll(line, &end, 10);
  uint64_t snapshot;
  if (end == line || pid == 0 || pid == list->own_pid) return 0;
  (void)strtoull(end, &end, 16);
  snapshot = strtoull(end, NULL, 10);
  return snapshot == 0 ? 0 : readers_add(list, pid, snapshot, -1);
}

static void readers_own(tvi_env *env, readers_list *list) {
  int64_t now = tvi_coarse_ms();
  tv_txn *txn;
  pthread_mutex_lock(&env->lock);
  for (txn = env->readers; txn != NULL; txn = txn->next) {
    uint64_t snapshot = atomic_load_explicit(&txn->shown, memory_order_relaxed);
    if (snapshot != 0 &&
        readers_add(list, list->own_pid, snapshot,
                    now - atomic_load_explicit(&txn->since_ms, memory_order_relaxed)) != 0)
      break;
  }
  pthread_mutex_unlock(&env->lock);
}

/* What one transaction replaced, snapshots before it still need. */
static void readers_add_pinned(void *ctx, uint64_t txn_id, uint64_t pages) {
  readers_list *list = ctx;
  size_t i;
  for (i = 0; i < list->count; i++)
    if (list->rows[i].snapshot < txn_id) list->rows[i].pages_pinned += pages;
}

static int readers_gather(tvi_env *env, readers_list *list) {
  uint64_t last = 0;
  size_t i;
  int native;
  list->own_pid = (int64_t)getpid();
  readers_own(env, list);
  (void)mdb_reader_list(env->mdb, readers_line, list);
  if (list->failed) return ENOMEM;
  native = list->count == 0 ? 0 : tvi_freelist_scan(env, readers_add_pinned, list, &last);
  for (i = 0; i < list->count; i++)
    if (last > list->rows[i].snapshot) list->rows[i].behind = last - list->rows[i].snapshot;
  return native;
}

int tv_readers(tv_db *db, tv_reader_fn visit, void *ctx, tv_error *err) {
  readers_list list = {0};
  size_t i;
  int native, status = TV_OK;
  if (db->env->forks != tvi_registry_forks())
    return tvi_error_set(err, TV_EFORK, 0, "'%s' was opened before fork()", db->env->path);
  tvi_map_enter(db->env);
  native = readers_gather(db->env, &list);
  tvi_map_leave(db->env);
  if (native != 0)
    status = tvi_lmdb_fail(err, native, "cannot list the readers of '%s'", db->env->path);
  for (i = 0; i < list.count && status == TV_OK; i++)
    if (visit(ctx, &list.rows[i]) != 0) status = TV_STOP;
  tvi_free(list.rows);
  return status;
}

int tv_readers_reap(tv_db *db, uint32_t *reaped, tv_error *err) {
  int dead = 0, native;
  if (db->env->forks != tvi_registry_forks())
    return tvi_error_set(err, TV_EFORK, 0, "'%s' was opened before fork()", db->env->path);
  native = mdb_reader_check(db->env->mdb, &dead);
  if (reaped != NULL) *reaped = (uint32_t)dead;
  return native == 0
             ? TV_OK
             : tvi_lmdb_fail(err, native, "cannot check the readers of '%s'", db->env->path);
}

int tv_readers_watch(tv_db *db, int64_t age_ms, uint64_t pages,
                     void (*warn)(void *ctx, const tv_reader *reader), void *ctx, tv_error *err) {
  if (age_ms < 0) return tvi_error_set(err, TV_EINVAL, 0, "a negative age");
  pthread_mutex_lock(&db->env->lock);
  db->env->watch.age_ms = age_ms;
  db->env->watch.pages = pages;
  db->env->watch.warn = warn;
  db->env->watch.ctx = ctx;
  db->env->watch.checked_ms = 0;
  pthread_mutex_unlock(&db->env->lock);
  return TV_OK;
}

void tvi_readers_watch_run(tvi_env *env) {
  readers_list list = {0};
  void (*warn)(void *ctx, const tv_reader *reader);
  void *ctx;
  int64_t age_ms, now;
  uint64_t pages;
  size_t i;
  pthread_mutex_lock(&env->lock);
  warn = env->watch.warn;
  ctx = env->watch.ctx;
  age_ms = env->watch.age_ms;
  pages = env->watch.pages;
  now = warn == NULL ? 0 : tvi_coarse_ms();
  if (warn != NULL && env->watch.checked_ms != 0 && now - env->watch.checked_ms < READERS_WATCH_MS)
    warn = NULL;
  if (warn != NULL) {
    env->watch.checked_ms = now;
    env->active++; /* its look at the freelist is a transaction */
  }
  pthread_mutex_unlock(&env->lock);
  if (warn == NULL) return;
  if (readers_gather(env, &list) != 0)
    list.count = 0; /* a watch that cannot see does not disturb */
  tvi_map_leave(env);
  for (i = 0; i < list.count; i++)
    if ((age_ms != 0 && list.rows[i].age_ms > age_ms) ||
        (pages != 0 && list.rows[i].pages_pinned > pages))
      warn(ctx, &list.rows[i]);
  tvi_free(list.rows);
}
