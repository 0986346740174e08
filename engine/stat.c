/* SPDX-License-Identifier: MIT */
/*
 * Figures of the whole database, for people and for deciding: size, free pages, readers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "env_internal.h"
#include "lmdb_status_internal.h"

#define FULL_BYTES ((uint64_t)1 << 20) /* a disk with less room than this is full */

static int stat_reader(void *ctx, const tv_reader *reader) {
  tv_db_stat *stat = ctx;
  stat->readers++;
  if (stat->oldest_reader_txn_id == 0 || reader->snapshot < stat->oldest_reader_txn_id)
    stat->oldest_reader_txn_id = reader->snapshot;
  return 0;
}

/* One record per transaction that freed pages: its id, and a count before the page numbers. */
int tvi_freelist_scan(tvi_env *env, void (*visit)(void *ctx, uint64_t txn_id, uint64_t pages),
                      void *ctx, uint64_t *snapshot) {
  MDB_txn *mdb;
  MDB_cursor *cursor;
  MDB_val key, value;
  int native = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &mdb);
  if (native != 0) return native;
  *snapshot = mdb_txn_id(mdb);
  native = mdb_cursor_open(mdb, 0 /* LMDB's freelist */, &cursor);
  if (native == 0) {
    while ((native = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
      uint64_t txn_id, pages;
      if (key.mv_size < sizeof txn_id || value.mv_size < sizeof pages) continue;
      memcpy(&txn_id, key.mv_data, sizeof txn_id); /* LMDB's own native-endian words */
      memcpy(&pages, value.mv_data, sizeof pages);
      visit(ctx, txn_id, pages);
    }
    mdb_cursor_close(cursor);
  }
  mdb_txn_abort(mdb);
  return native == MDB_NOTFOUND ? 0 : native;
}

static void stat_add_free(void *ctx, uint64_t txn_id, uint64_t pages) {
  (void)txn_id;
  *(uint64_t *)ctx += pages;
}

static int stat_count_store(void *ctx, tv_slice name) {
  (void)name;
  ++*(uint32_t *)ctx;
  return 0;
}

int tv_stat(tv_txn *txn, tv_db_stat *out) {
  static const tvi_kind kinds[] = {TVI_KIND_STORE, TVI_KIND_BUCKET, TVI_KIND_GRAPH, TVI_KIND_SQL,
                                   TVI_KIND_COLUMNAR};
  tvi_env *env = txn->env;
  MDB_envinfo info;
  uint64_t snapshot;
  unsigned spares = 0;
  size_t i;
  int native, status = TV_OK;
  memset(out, 0, sizeof *out);
  mdb_env_info(env->mdb, &info);
  out->page_bytes = env->page_bytes;
  out->pages_used = info.me_last_pgno + 1;
  out->file_bytes = out->pages_used * env->page_bytes;
  out->map_bytes = info.me_mapsize;
  out->last_txn_id = info.me_last_txnid;
  out->readers_max = info.me_maxreaders;
  native = tvi_freelist_scan(env, stat_add_free, &out->pages_free, &snapshot);
  if (native == 0) native = tvi_catalogue_spares(env, txn->mdb, &spares);
  if (native != 0) return tvi_txn_lmdb_fail(txn, native, "cannot read");
  status = tv_readers(txn->db, stat_reader, out, &txn->error);
  out->stores_spare = spares;
  for (i = 0; i < sizeof kinds / sizeof kinds[0] && status == TV_OK; i++)
    status = tvi_store_list(txn, kinds[i], stat_count_store, &out->stores);
  return status;
}

/*
 * A big value begins 16 bytes into its first page, whose header holds the page's number: from that
 * and the file's size follows whether the next page can be touched.
 */
size_t tvi_value_tail(tv_txn *txn, tv_slice value) {
  tvi_env *env = txn->env;
  uint64_t page, pages = atomic_load_explicit(&env->file_pages, memory_order_relaxed), covered;
  uintptr_t start = (uintptr_t)value.data - 16;
  if (txn->write || start % env->page_bytes != 0) return 0;
  memcpy(&page, (const void *)start, sizeof page); /* LMDB's own native-endian word */
  covered = (16 + value.size + env->page_bytes - 1) / env->page_bytes;
  if (page + covered >= pages) {
    struct stat file;
    int fd;
    if (mdb_env_get_fd(env->mdb, &fd) != 0 || fstat(fd, &file) != 0) return 0;
    pages = (uint64_t)file.st_size / env->page_bytes;
    atomic_store_explicit(&env->file_pages, pages, memory_order_relaxed);
    if (page + covered >= pages) return covered * env->page_bytes - 16 - value.size;
  }
  return covered * env->page_bytes - 16 - value.size + env->page_bytes;
}

int tvi_env_is_full(tvi_env *env) {
  struct rlimit limit;
  struct statvfs room;
  struct stat file;
  int fd;
  if (mdb_env_get_fd(env->mdb, &fd) != 0 || fstat(fd, &file) != 0) return 0;
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      (uint64_t)file.st_size + env->page_bytes > limit.rlim_cur)
    return 1;
  return fstatvfs(fd, &room) == 0 && (uint64_t)room.f_bavail * room.f_frsize < FULL_BYTES;
}
