/* SPDX-License-Identifier: MIT */
/*
 * Hot backup: LMDB copies one snapshot page by page (or, compacting, tree by tree) while others
 * read and write. The copy is synced before it is reported, and a failed one is removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "env_internal.h"
#include "lmdb_status_internal.h"

int tv_backup(tv_db *db, const char *path, int compact, tv_error *err) {
  tvi_env *env = db->env;
  int fd, native;
  if (env->forks != tvi_registry_forks())
    return tvi_error_set(err, TV_EFORK, 0, "'%s' was opened before fork()", env->path);
  fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return tvi_lmdb_fail(err, errno, "cannot create the backup '%s'", path);
  tvi_map_enter(env);
  native = mdb_env_copyfd2(env->mdb, fd, compact ? MDB_CP_COMPACT : 0);
  tvi_map_leave(env);
  if (native == 0 && fsync(fd) != 0) native = errno;
  if (close(fd) != 0 && native == 0) native = errno;
  if (native == 0) return TV_OK;
  (void)unlink(path);
  return tvi_lmdb_fail(err, native, "cannot write the backup '%s'", path);
}
