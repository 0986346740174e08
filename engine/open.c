/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing.
 *
 * A file is looked at through pread before LMDB maps it, because LMDB trusts what it maps.
 * Everything happens under the registry lock: two threads that open one file get one environment.
 * Temporary and in-memory stores are ordinary files without a name: created, opened, unlinked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_internal.h"
#include "env_internal.h"
#include "lmdb_status_internal.h"

#ifndef TVI_MAP_BYTES_DEFAULT
#define TVI_MAP_BYTES_DEFAULT (UINT64_C(1) << 40)
#endif
#define MAP_BYTES_LEAST ((uint64_t)64 << 20)
#define PAGE_BYTES_MAX 32768 /* LMDB's */
#define MAP_TRIES 100
#define READERS_DEFAULT 1022
#define BUSY_WAIT_MS_DEFAULT 5000

static const tv_options open_defaults = {0};

/* ---- Environment memory ---- */

static void open_env_free(tvi_env *env) {
  if (env->mdb != NULL) mdb_env_close(env->mdb);
  tvi_keeper_destroy(&env->keeper);
  tvi_group_destroy(&env->group);
  tvi_gate_destroy(&env->gate);
  pthread_mutex_destroy(&env->handles_lock);
  pthread_mutex_destroy(&env->lock);
  pthread_cond_destroy(&env->idle);
  tvi_free(atomic_load(&env->metrics));
  tvi_free(env->path);
  tvi_free(env);
}

static tvi_env *open_env_new(const char *path) {
  tvi_env *env = tvi_zalloc(sizeof *env);
  size_t size = strlen(path) + 1;
  if (env == NULL) return NULL;
  env->path = tvi_alloc(size);
  if (env->path == NULL) {
    tvi_free(env);
    return NULL;
  }
  memcpy(env->path, path, size);
  if (pthread_mutex_init(&env->lock, NULL) != 0 || pthread_cond_init(&env->idle, NULL) != 0 ||
      pthread_mutex_init(&env->handles_lock, NULL) != 0 || tvi_gate_init(&env->gate) != TV_OK ||
      tvi_keeper_init(&env->keeper) != TV_OK || tvi_group_init(&env->group) != TV_OK) {
    tvi_free(env->path);
    tvi_free(env);
    return NULL;
  }
  atomic_store(&env->stamps, 1);
  return env;
}

/* ---- LMDB ---- */

static unsigned open_mdb_flags(const tv_options *options) {
  unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
  if ((options->flags & TV_OPEN_READONLY) != 0) flags |= MDB_RDONLY;
  if (options->durability == TV_LAZY) flags |= MDB_NOMETASYNC;
  if (options->durability == TV_BULK ||
      (options->flags & (TV_OPEN_MEMORY | TV_OPEN_TEMPORARY)) != 0)
    flags |= MDB_NOSYNC;
  return flags;
}

static int open_mdb_try(tvi_env *env, const char *path, const tv_options *options,
                        uint64_t map_bytes) {
  unsigned readers = options->readers_max != 0 ? options->readers_max : READERS_DEFAULT;
  int native = mdb_env_create(&env->mdb);
  if (native != 0) return native;
  native = mdb_env_set_maxdbs(env->mdb, TVI_DBI_MAX);
  if (native == 0) native = mdb_env_set_maxreaders(env->mdb, readers);
  if (native == 0) native = mdb_env_set_mapsize(env->mdb, (size_t)map_bytes);
  if (native == 0) native = mdb_env_open(env->mdb, path, open_mdb_flags(options), 0644);
  if (native != 0) {
    mdb_env_close(env->mdb);
    env->mdb = NULL;
  }
  return native;
}

/* Without a wish, reserves as much address space as there is, down from the default. */
static int open_mdb(tvi_env *env, const char *path, const tv_options *options) {
  uint64_t map_bytes = options->map_bytes != 0 ? options->map_bytes : TVI_MAP_BYTES_DEFAULT;
  int native;
  if (map_bytes < 16 * (uint64_t)env->page_bytes) map_bytes = 16 * (uint64_t)env->page_bytes;
  map_bytes -= map_bytes % env->page_bytes;
  if (options->map_bytes_max != 0 && map_bytes > options->map_bytes_max)
    map_bytes = options->map_bytes_max - options->map_bytes_max % env->page_bytes;
  for (;;) {
    native = open_mdb_try(env, path, options, map_bytes);
    /* EINVAL: what valgrind says to more than it can give. */
    if ((native != ENOMEM && native != EINVAL) || options->map_bytes != 0 ||
        map_bytes / 2 < MAP_BYTES_LEAST)
      break;
    map_bytes /= 2;
    map_bytes -= map_bytes % env->page_bytes;
  }
  env->map_bytes_max = options->map_bytes_max;
  return native;
}

/* ---- Format ---- */

/* Makes an empty LMDB file a Trivet store, unless another process was faster. */
static int open_create_format(tvi_env *env, tv_error *err) {
  MDB_txn *mdb;
  MDB_stat stat;
  int status = TV_OK, native = mdb_txn_begin(env->mdb, NULL, 0, &mdb);
  if (native != 0) return tvi_lmdb_fail(err, native, "cannot create the store '%s'", env->path);
  native = mdb_dbi_open(mdb, "trivet", 0, &env->meta);
  if (native == MDB_NOTFOUND) {
    native = mdb_stat(mdb, 1, &stat);
    if (native == 0 && stat.ms_entries != 0) {
      mdb_txn_abort(mdb);
      return tvi_error_set(err, TV_ENOTDB, 0, "'%s' is an LMDB file but not a Trivet store",
                           env->path);
    }
    if (native == 0) native = mdb_dbi_open(mdb, "trivet", MDB_CREATE, &env->meta);
    if (native == 0) status = tvi_catalogue_format(env, mdb, err);
  }
  if (native != 0) status = tvi_lmdb_fail(err, native, "cannot create the store '%s'", env->path);
  if (status != TV_OK) {
    mdb_txn_abort(mdb);
    return status;
  }
  native = mdb_txn_commit(mdb);
  return native == 0 ? TV_OK
                     : tvi_lmdb_fail(err, native, "cannot create the store '%s'", env->path);
}

/* Opens the catalogue's handle. TV_NOTFOUND: there is none. */
static int open_meta(tvi_env *env, tv_error *err) {
  MDB_txn *mdb;
  int status, native = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &mdb);
  if (native == 0) {
    native = mdb_dbi_open(mdb, "trivet", 0, &env->meta);
    if (native != 0) mdb_txn_abort(mdb);
  }
  if (native == MDB_NOTFOUND) return TV_NOTFOUND;
  if (native == MDB_INCOMPATIBLE)
    return tvi_error_set(err, TV_ENOTDB, native, "'%s' is an LMDB file but not a Trivet store",
                         env->path);
  if (native != 0) return tvi_lmdb_fail(err, native, "cannot read '%s'", env->path);
  status = tvi_catalogue_verify(env, mdb, err);
  native = mdb_txn_commit(mdb); /* keeps the handle */
  return status == TV_OK && native != 0 ? tvi_lmdb_fail(err, native, "cannot read '%s'", env->path)
                                        : status;
}

static int open_format_gated(tvi_env *env, tv_error *err) {
  int native, status = open_meta(env, err);
  if (status == TV_NOTFOUND) {
    status = open_create_format(env, err);
    if (status == TV_OK && (native = tvi_slots_top_up(env, NULL)) != 0)
      status = tvi_lmdb_fail(err, native, "cannot create the store '%s'", env->path);
  }
  return status;
}

static int open_format(tvi_env *env, tv_error *err) {
  static const tvi_wait wait = {60000, NULL, NULL};
  int native, status = open_meta(env, err);
  if (status == TV_NOTFOUND && env->readonly)
    return tvi_error_set(err, TV_ENOTDB, 0, "'%s' is empty: it has no Trivet store yet", env->path);
  if (status == TV_NOTFOUND) {
    status = tvi_env_gate_enter(env, &wait, err);
    if (status == TV_OK) {
      status = open_format_gated(env, err);
      tvi_env_gate_leave(env);
    }
  }
  if (status == TV_OK && (native = tvi_slots_open(env)) != 0)
    status = tvi_lmdb_fail(err, native, "cannot open the stores of '%s'", env->path);
  return status;
}

/* Another process may make the file larger than our map at any moment: nothing is open here yet. */
static int open_format_adopting(tvi_env *env, tv_error *err) {
  int tries = 0, status;
  while ((status = open_format(env, err)) == TV_ERETRY && tries++ < MAP_TRIES)
    if (mdb_env_set_mapsize(env->mdb, 0) != 0) break;
  return status;
}

/* ---- The file ---- */

static int open_env_fail(int native, const char *path, tv_error *err) {
  if (native == EACCES || native == EROFS || native == EPERM)
    return tvi_error_set(
        err, TV_EACCES, native,
        "cannot open '%s': permission denied (the file, its folder and '%s-lock' must be "
        "writable)",
        path, path);
  if (native == ENOENT)
    return tvi_error_set(err, TV_ENOENT, native, "cannot open '%s': no such file or folder", path);
  return tvi_lmdb_fail(err, native, "cannot open '%s'", path);
}

/* Opens an environment on a file. `path` is the file's; `shown` what messages and tv_db_path say.
 */
static int open_env(const char *path, const char *shown, const tv_options *options, tvi_env **out,
                    tv_error *err) {
  tvi_env *env = open_env_new(shown);
  struct stat file;
  int dead, native, status;
  if (env == NULL) return tvi_error_set(err, TV_ENOMEM, 0, "out of memory opening '%s'", path);
  env->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
  if (env->page_bytes > PAGE_BYTES_MAX) env->page_bytes = PAGE_BYTES_MAX;
  env->readonly = (options->flags & TV_OPEN_READONLY) != 0;
  env->is_private = (options->flags & (TV_OPEN_MEMORY | TV_OPEN_TEMPORARY)) != 0;
  env->durability = env->is_private ? TV_BULK : options->durability;
  status = tvi_check_open(path, env->page_bytes, err);
  if (status == TV_OK && (native = open_mdb(env, path, options)) != 0)
    status = open_env_fail(native, path, err);
  if (status == TV_OK && stat(path, &file) != 0) status = open_env_fail(errno, path, err);
  if (status == TV_OK) {
    env->device = file.st_dev;
    env->inode = file.st_ino;
    (void)mdb_reader_check(env->mdb, &dead);
    status = open_format_adopting(env, err);
    if (status == TV_OK) tvi_map_keep_from_children(env);
  }
  if (status != TV_OK) {
    open_env_free(env);
    return status;
  }
  tvi_registry_add(env);
  *out = env;
  return TV_OK;
}

static void open_remove(const char *path) {
  char lock[4096 + 8];
  size_t size = strlen(path);
  (void)unlink(path);
  if (size > 4096) return;
  memcpy(lock, path, size);
  memcpy(lock + size, "-lock", 6);
  (void)unlink(lock);
}

/* A nameless file: in memory (a tmpfs where there is one) or in the temporary folder. */
static int open_unnamed(const tv_options *options, tvi_env **out, tv_error *err) {
  const char *folder = getenv("TMPDIR");
  char path[4096];
  size_t size;
  int fd, status;
  if (folder == NULL || folder[0] == '\0' || strlen(folder) > 4000) folder = "/tmp";
  if ((options->flags & TV_OPEN_MEMORY) != 0 && access("/dev/shm", W_OK) == 0) folder = "/dev/shm";
  size = strlen(folder);
  memcpy(path, folder, size);
  memcpy(path + size, "/trivet-XXXXXX", 15);
  fd = mkstemp(path);
  if (fd < 0) return open_env_fail(errno, path, err);
  (void)close(fd);
  status = open_env(path, "", options, out, err);
  open_remove(path);
  return status;
}

/*
 * Makes the empty file. It is the claim: of several processes that want a new one, one gets it, and
 * a failure removes only what was made here. *made: 1 when it was not there before.
 */
static int open_claim(const char *path, const tv_options *options, int *made, tv_error *err) {
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  *made = fd >= 0;
  if (fd >= 0) {
    (void)close(fd);
    return TV_OK;
  }
  if (errno != EEXIST) return open_env_fail(errno, path, err);
  return (options->flags & TV_OPEN_NEW) == 0
             ? TV_OK
             : tvi_error_set(err, TV_EEXIST, 0, "'%s' exists already", path);
}

static int open_named(const char *path, const tv_options *options, tvi_env **out, tv_error *err) {
  struct stat file;
  int there = stat(path, &file) == 0, made = 0, status = TV_OK;
  if (!there && errno != ENOENT) return open_env_fail(errno, path, err);
  if (there && (options->flags & TV_OPEN_NEW) != 0)
    return tvi_error_set(err, TV_EEXIST, 0, "'%s' exists already", path);
  if (!there && (options->flags & (TV_OPEN_EXISTING | TV_OPEN_READONLY)) != 0)
    return tvi_error_set(err, TV_ENOENT, ENOENT, "'%s' does not exist", path);
  if (there && !S_ISREG(file.st_mode))
    return tvi_error_set(err, TV_ENOTDB, 0, "'%s' is not a regular file", path);
  if (there && (*out = tvi_registry_find(file.st_dev, file.st_ino)) != NULL) return TV_OK;
  if (!there) status = open_claim(path, options, &made, err);
  if (status == TV_OK) status = open_env(path, path, options, out, err);
  if (status != TV_OK && made && status != TV_EBUSY) open_remove(path);
  return status;
}

/* ---- Public ---- */

static int open_options_check(const tv_options *options, tv_error *err) {
  const uint32_t known =
      TV_OPEN_READONLY | TV_OPEN_EXISTING | TV_OPEN_NEW | TV_OPEN_TEMPORARY | TV_OPEN_MEMORY;
  if ((options->flags & ~known) != 0)
    return tvi_error_set(err, TV_EINVAL, 0, "unknown flags %#x for tv_open",
                         options->flags & ~known);
  if (options->durability < TV_SYNC || options->durability > TV_BULK)
    return tvi_error_set(err, TV_EINVAL, 0, "unknown durability %d", options->durability);
  if (options->readers_max > 100000)
    return tvi_error_set(err, TV_EINVAL, 0, "readers_max %u is more than 100,000",
                         options->readers_max);
  if ((options->flags & TV_OPEN_READONLY) != 0 &&
      (options->flags & (TV_OPEN_NEW | TV_OPEN_TEMPORARY | TV_OPEN_MEMORY)) != 0)
    return tvi_error_set(err, TV_EINVAL, 0, "a new store cannot be opened for reading only");
  return TV_OK;
}

/* A handle on an environment; the registry lock is held. */
static int open_handle(tvi_env *env, const tv_options *options, tv_db **out, tv_error *err) {
  tv_db *db;
  int readonly = (options->flags & TV_OPEN_READONLY) != 0;
  if (env->readonly && !readonly)
    return tvi_error_set(err, TV_EMISUSE, 0,
                         "'%s' is open for reading only in this process; close that first",
                         env->path);
  db = tvi_zalloc(sizeof *db);
  if (db == NULL) return tvi_error_set(err, TV_ENOMEM, 0, "out of memory opening '%s'", env->path);
  db->env = env;
  db->readonly = readonly;
  db->busy_wait_ms = options->busy_wait_ms != 0 ? options->busy_wait_ms : BUSY_WAIT_MS_DEFAULT;
  env->handles++;
  *out = db;
  return TV_OK;
}

static void open_env_unused(tvi_env *env) {
  if (env->handles > 0) return;
  tvi_registry_remove(env);
  tvi_pool_free(env);
  open_env_free(env);
}

int tv_open(const char *path, const tv_options *options, tv_db **out, tv_error *err) {
  tv_options wanted = options != NULL ? *options : open_defaults;
  tvi_env *env = NULL;
  int status = open_options_check(&wanted, err);
  *out = NULL;
  if (status != TV_OK) return status;
  if (path == NULL || strcmp(path, ":memory:") == 0) {
    if ((wanted.flags & TV_OPEN_TEMPORARY) == 0) wanted.flags |= TV_OPEN_MEMORY;
    path = "";
  } else if (path[0] == '\0' && (wanted.flags & (TV_OPEN_MEMORY | TV_OPEN_TEMPORARY)) == 0) {
    return tvi_error_set(err, TV_EINVAL, 0, "the path is empty");
  }
  tvi_registry_lock();
  if ((wanted.flags & (TV_OPEN_MEMORY | TV_OPEN_TEMPORARY)) != 0)
    status = open_unnamed(&wanted, &env, err);
  else
    status = open_named(path, &wanted, &env, err);
  if (status == TV_OK) {
    status = open_handle(env, &wanted, out, err);
    if (status != TV_OK) open_env_unused(env);
  }
  tvi_registry_unlock();
  return status;
}

int tv_close(tv_db *db, tv_error *err) {
  tvi_env *env;
  int status = TV_OK;
  if (db == NULL) return TV_OK;
  env = db->env;
  if (env->forks !=
      tvi_registry_forks()) { /* the parent's: forget our copy, touch nothing of LMDB's */
    tvi_free(db);
    return TV_OK;
  }
  tvi_registry_lock();
  if (tvi_pool_in_use(db)) {
    status =
        tvi_error_set(err, TV_EMISUSE, 0, "'%s' has open transactions; end them first", env->path);
  } else {
    tvi_free(db);
    if (--env->handles == 0 && env->durability != TV_SYNC && !env->is_private && !env->readonly &&
        !atomic_load(&env->failed)) {
      int native = mdb_env_sync(env->mdb, 1);
      if (native != 0) status = tvi_lmdb_fail(err, native, "cannot sync '%s'", env->path);
    }
    open_env_unused(env);
  }
  tvi_registry_unlock();
  return status;
}

int tv_sync(tv_db *db, tv_error *err) {
  int native;
  if (db->env->forks != tvi_registry_forks())
    return tvi_error_set(err, TV_EFORK, 0, "'%s' was opened before fork()", db->env->path);
  if (db->readonly || db->env->is_private) return TV_OK;
  native = mdb_env_sync(db->env->mdb, 1);
  if (native == 0) return TV_OK;
  atomic_store(&db->env->failed, 1);
  return tvi_lmdb_fail(err, native, "cannot sync '%s'", db->env->path);
}

const char *tv_db_path(const tv_db *db) {
  return db->env->path;
}

size_t tvi_page_bytes(const tv_db *db) {
  return db->env->page_bytes;
}

int tvi_db_is_readonly(const tv_db *db) {
  return db->readonly;
}

int32_t tvi_db_busy_wait_ms(const tv_db *db) {
  return db->busy_wait_ms;
}

uint64_t tvi_db_id(const tv_db *db) {
  return db->env->id;
}

int tvi_db_by_id(uint64_t id, tv_db **out, tv_error *err) {
  tv_options options = {0};
  tvi_env *env;
  int status = TV_NOTFOUND;
  *out = NULL;
  tvi_registry_lock();
  env = tvi_registry_find_id(id);
  if (env != NULL) {
    if (env->readonly) options.flags = TV_OPEN_READONLY;
    status = open_handle(env, &options, out, err);
  }
  tvi_registry_unlock();
  return status;
}
