/* SPDX-License-Identifier: MIT */
/*
 * The memory map's size. By default it is reserved once, large and sparse, and this file
 * has nothing to do. Where address space is scarce the map starts small and grows between
 * transactions: LMDB can only move it while none is open in this process, so a growing environment
 * holds new transactions back until the open ones ended. Each LMDB transaction that is not reset is
 * counted here.
 */
#include <sys/mman.h>
#include <time.h>

#include "encode_internal.h"
#include "env_internal.h"
#include "lmdb_status_internal.h"

#define MAP_HEADROOM_BYTES ((uint64_t)16 << 20) /* a writer begins with at least this much room */

static int64_t map_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void tvi_map_enter(tvi_env *env) {
  pthread_mutex_lock(&env->lock);
  while (env->growing) pthread_cond_wait(&env->idle, &env->lock);
  env->active++;
  pthread_mutex_unlock(&env->lock);
}

void tvi_map_leave(tvi_env *env) {
  pthread_mutex_lock(&env->lock);
  if (--env->active == 0) pthread_cond_broadcast(&env->idle);
  pthread_mutex_unlock(&env->lock);
}

/*
 * Waits until no transaction is open here; env->lock is held and env->growing set. Readers that
 * live in a nook tell nobody when they end, so those are looked at every millisecond.
 */
static int map_wait_idle(tvi_env *env, int32_t wait_ms) {
  int64_t deadline = wait_ms < 0 ? INT64_MAX : map_now_ns() + (int64_t)wait_ms * 1000000;
  while (!tvi_pool_hold_nooks(env) || env->active > 0) {
    struct timespec until;
    if (map_now_ns() >= deadline) return TV_EBUSY;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 1000000;
    if (until.tv_nsec >= 1000000000) {
      until.tv_nsec -= 1000000000;
      until.tv_sec++;
    }
    (void)pthread_cond_timedwait(&env->idle, &env->lock, &until);
  }
  return TV_OK;
}

/* LMDB does not tell where the map is; a page does, since its header holds its number. */
const unsigned char *tvi_map_of(const tvi_env *env, const void *in_leaf) {
  const unsigned char *page = (const unsigned char *)in_leaf - (uintptr_t)in_leaf % env->page_bytes;
  return page - tvi_page_number(page) * env->page_bytes;
}

/*
 * Keeps the map out of forked children. They must not use it, and it would keep the data file open
 * in them, and with it the gate locked, should the parent be killed in its turn.
 */
void tvi_map_keep_from_children(tvi_env *env) {
  MDB_envinfo info;
  MDB_txn *mdb;
  const void *record = NULL;
  if (mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &mdb) != 0) return;
  record = tvi_catalogue_format_record(env, mdb);
  if (record != NULL && mdb_env_info(env->mdb, &info) == 0)
    (void)madvise((void *)(uintptr_t)tvi_map_of(env, record), info.me_mapsize, MADV_DONTFORK);
  mdb_txn_abort(mdb);
}

/* bytes 0: what the file's meta page says. */
static int map_resize(tvi_env *env, uint64_t bytes, int32_t wait_ms, tv_error *err) {
  int status, native = 0;
  pthread_mutex_lock(&env->lock);
  while (env->growing) pthread_cond_wait(&env->idle, &env->lock);
  env->growing = 1;
  status = map_wait_idle(env, wait_ms);
  if (status == TV_OK) native = mdb_env_set_mapsize(env->mdb, (size_t)bytes);
  if (status == TV_OK && native == 0) {
    env->grow_wanted = 0;
    tvi_map_keep_from_children(env);
  }
  env->growing = 0;
  tvi_pool_let_nooks_go(env);
  pthread_cond_broadcast(&env->idle);
  pthread_mutex_unlock(&env->lock);
  if (status != TV_OK)
    return tvi_error_set(err, status, 0,
                         "the map must grow, and open transactions of this process prevent it");
  if (native != 0)
    return tvi_lmdb_fail(err, native, "cannot map '%s' with %llu bytes", env->path,
                         (unsigned long long)bytes);
  return TV_OK;
}

int tvi_map_adopt(tvi_env *env, tv_error *err) {
  return map_resize(env, 0, 5000, err);
}

int tvi_map_prepare_write(tvi_env *env, const tvi_wait *wait, tv_error *err) {
  MDB_envinfo info;
  uint64_t used, want;
  int wanted, status;
  if (env->map_bytes_max == 0) return TV_OK;
  mdb_env_info(env->mdb, &info);
  used = ((uint64_t)info.me_last_pgno + 1) * env->page_bytes;
  pthread_mutex_lock(&env->lock);
  wanted = env->grow_wanted;
  pthread_mutex_unlock(&env->lock);
  if (info.me_mapsize >= env->map_bytes_max) return TV_OK;
  if (!wanted && used + MAP_HEADROOM_BYTES <= info.me_mapsize) return TV_OK;
  want = (uint64_t)info.me_mapsize * 2;
  if (want < used + 2 * MAP_HEADROOM_BYTES) want = used + 2 * MAP_HEADROOM_BYTES;
  if (want > env->map_bytes_max) want = env->map_bytes_max;
  want -= want % env->page_bytes;
  /* Merely low on room: grow only when nobody has to be waited for. */
  status = map_resize(env, want, wanted ? wait->wait_ms : 0, err);
  return status == TV_EBUSY && !wanted ? TV_OK : status;
}

int tvi_map_full_status(tvi_env *env) {
  MDB_envinfo info;
  mdb_env_info(env->mdb, &info);
  if (info.me_mapsize >= env->map_bytes_max) return TV_EFULL;
  pthread_mutex_lock(&env->lock);
  env->grow_wanted = 1;
  pthread_mutex_unlock(&env->lock);
  return TV_ERETRY;
}
