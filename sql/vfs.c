/* SPDX-License-Identifier: MIT */
/*
 * The VFS "trivet". It opens a Trivet store for a main database that asks for it (URI parameter
 * vfs=trivet or tvdb, or the file is a store already) and hands everything else to the default VFS:
 * temporary files, plain databases that are attached, VACUUM INTO. Wrapping all files was rejected:
 * it would cost the others a call each and gain nothing.
 */
#include <string.h>

#include "vfs_internal.h"

#define VFS_UNNAMED "/:trivet:" /* begins the name of a store that has no path */

static sqlite3_vfs *vfs_default(sqlite3_vfs *vfs) {
  return vfs->pAppData;
}

/* name comes from SQLite's core, with its URI parameters behind it. */
static int vfs_is_ours(const char *name) {
  const char *asked = sqlite3_uri_parameter(name, "vfs");
  if (asked != NULL && strcmp(asked, TVI_VFS_NAME) == 0) return 1;
  if (sqlite3_uri_parameter(name, "tvdb") != NULL) return 1;
  return tvi_is_store_file(name);
}

/* The code for a store that cannot be opened; the sentence goes to SQLite's log. */
static int vfs_open_failed(int status, const tv_error *err) {
  int code = tvi_sql_code(status);
  sqlite3_log(code, "Trivet: %s", err->message);
  return code;
}

static int vfs_open_store(const char *name, int flags, tv_db **db) {
  tv_options options = {0};
  tv_error err = {0, 0, ""};
  sqlite3_int64 id = sqlite3_uri_int64(name, "tvdb", 0);
  int status;
  if (id != 0) {
    status = tvi_db_by_id((uint64_t)id, db, &err);
  } else {
    if ((flags & SQLITE_OPEN_READONLY) != 0) options.flags |= TV_OPEN_READONLY;
    if ((flags & SQLITE_OPEN_CREATE) == 0) options.flags |= TV_OPEN_EXISTING;
    status = tv_open(name, &options, db, &err);
    if (status == TV_EACCES && (flags & SQLITE_OPEN_READONLY) == 0) { /* as SQLite's own VFS */
      options.flags |= TV_OPEN_READONLY | TV_OPEN_EXISTING;
      if (tv_open(name, &options, db, NULL) == TV_OK) status = TV_OK;
    }
  }
  return status == TV_OK ? SQLITE_OK : vfs_open_failed(status, &err);
}

/* These would go round the locks, or share one file among connections. */
static int vfs_parameters_allowed(const char *name) {
  const char *cache = sqlite3_uri_parameter(name, "cache");
  return !(cache != NULL && strcmp(cache, "shared") == 0) &&
         !sqlite3_uri_boolean(name, "nolock", 0) && !sqlite3_uri_boolean(name, "immutable", 0);
}

static int vfs_open_main(const char *name, tvi_vfs_file *file, int flags, int *out_flags) {
  tv_db *db;
  int readonly, status, code;
  if (!vfs_parameters_allowed(name)) {
    sqlite3_log(SQLITE_CANTOPEN, "Trivet: a store opens without cache=shared, nolock, immutable");
    return SQLITE_CANTOPEN;
  }
  code = vfs_open_store(name, flags, &db);
  if (code != SQLITE_OK) return code;
  readonly = (flags & SQLITE_OPEN_READONLY) != 0 || tvi_db_is_readonly(db);
  status = tvi_conn_new(db, readonly, &file->conn);
  if (status != TV_OK) {
    (void)tv_close(db, NULL);
    return tvi_sql_code(status);
  }
  file->conn->verify_fetch = sqlite3_uri_boolean(name, "tv_verify", 0);
  file->base.pMethods = &tvi_vfs_file_methods;
  /* SQLITE_OPEN_MEMORY: the journal is in memory from the first moment, and VACUUM and backup leave
   * the page size alone. */
  if (out_flags != NULL)
    *out_flags = SQLITE_OPEN_MEMORY | (readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
  return SQLITE_OK;
}

/* A journal or WAL beside a store: there is none, whatever a file of that name may be. */
static int vfs_is_beside_store(const char *name) {
  static const char *const suffixes[] = {"-journal", "-wal"};
  char path[1024];
  size_t size = strlen(name);
  if (strncmp(name, VFS_UNNAMED, strlen(VFS_UNNAMED)) == 0) return 1;
  for (size_t i = 0; i < 2; i++) {
    size_t tail = strlen(suffixes[i]);
    if (size <= tail || size - tail >= sizeof path || strcmp(name + size - tail, suffixes[i]) != 0)
      continue;
    memcpy(path, name, size - tail);
    path[size - tail] = '\0';
    return tvi_is_store_file(path);
  }
  return 0;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *out_flags) {
  file->pMethods = NULL;
  if (name != NULL && (flags & SQLITE_OPEN_MAIN_DB) != 0 && vfs_is_ours(name))
    return vfs_open_main(name, (tvi_vfs_file *)file, flags, out_flags);
  if (name != NULL && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)) != 0 &&
      vfs_is_beside_store(name))
    return SQLITE_CANTOPEN;
  return vfs_default(vfs)->xOpen(vfs_default(vfs), name, file, flags, out_flags);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out) {
  int code = vfs_default(vfs)->xAccess(vfs_default(vfs), name, flags, out);
  if (code == SQLITE_OK && *out && vfs_is_beside_store(name)) *out = 0;
  return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_folder) {
  return vfs_default(vfs)->xDelete(vfs_default(vfs), name, sync_folder);
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int bytes, char *out) {
  return vfs_default(vfs)->xFullPathname(vfs_default(vfs), name, bytes, out);
}

static void *vfs_dl_open(sqlite3_vfs *vfs, const char *name) {
  return vfs_default(vfs)->xDlOpen(vfs_default(vfs), name);
}

static void vfs_dl_error(sqlite3_vfs *vfs, int bytes, char *out) {
  vfs_default(vfs)->xDlError(vfs_default(vfs), bytes, out);
}

static void (*vfs_dl_sym(sqlite3_vfs *vfs, void *handle, const char *symbol))(void) {
  return vfs_default(vfs)->xDlSym(vfs_default(vfs), handle, symbol);
}

static void vfs_dl_close(sqlite3_vfs *vfs, void *handle) {
  vfs_default(vfs)->xDlClose(vfs_default(vfs), handle);
}

static int vfs_randomness(sqlite3_vfs *vfs, int bytes, char *out) {
  return vfs_default(vfs)->xRandomness(vfs_default(vfs), bytes, out);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
  return vfs_default(vfs)->xSleep(vfs_default(vfs), microseconds);
}

static int vfs_current_time(sqlite3_vfs *vfs, double *out) {
  return vfs_default(vfs)->xCurrentTime(vfs_default(vfs), out);
}

static int vfs_last_error(sqlite3_vfs *vfs, int bytes, char *out) {
  return vfs_default(vfs)->xGetLastError(vfs_default(vfs), bytes, out);
}

static int vfs_current_time_64(sqlite3_vfs *vfs, sqlite3_int64 *out) {
  double days;
  int code;
  if (vfs_default(vfs)->iVersion >= 2 && vfs_default(vfs)->xCurrentTimeInt64 != NULL)
    return vfs_default(vfs)->xCurrentTimeInt64(vfs_default(vfs), out);
  code = vfs_default(vfs)->xCurrentTime(vfs_default(vfs), &days);
  *out = (sqlite3_int64)(days * 86400000.0);
  return code;
}

/* SQLite links its VFS objects into a list of its own, so this one has to be writable. */
static sqlite3_vfs vfs_object = {.iVersion = 2,
                                 .zName = TVI_VFS_NAME,
                                 .xOpen = vfs_open,
                                 .xDelete = vfs_delete,
                                 .xAccess = vfs_access,
                                 .xFullPathname = vfs_full_path,
                                 .xDlOpen = vfs_dl_open,
                                 .xDlError = vfs_dl_error,
                                 .xDlSym = vfs_dl_sym,
                                 .xDlClose = vfs_dl_close,
                                 .xRandomness = vfs_randomness,
                                 .xSleep = vfs_sleep,
                                 .xCurrentTime = vfs_current_time,
                                 .xGetLastError = vfs_last_error,
                                 .xCurrentTimeInt64 = vfs_current_time_64};

static int vfs_register_locked(void) {
  sqlite3_vfs *found = sqlite3_vfs_find(TVI_VFS_NAME);
  sqlite3_vfs *fallback = sqlite3_vfs_find(NULL);
  if (found == &vfs_object) return SQLITE_OK;
  if (found != NULL || fallback == NULL) {
    sqlite3_log(SQLITE_MISUSE, "Trivet: another copy of Trivet serves this SQLite already");
    return SQLITE_MISUSE;
  }
  vfs_object.pAppData = fallback;
  vfs_object.mxPathname = fallback->mxPathname;
  vfs_object.szOsFile = fallback->szOsFile > (int)sizeof(tvi_vfs_file) ? fallback->szOsFile
                                                                       : (int)sizeof(tvi_vfs_file);
  return sqlite3_vfs_register(&vfs_object, 0);
}

int tvi_vfs_register(void) {
  sqlite3_mutex *mutex;
  int code;
#ifndef TVI_SQLITE_EXTENSION /* the host of an extension has done it */
  code = sqlite3_initialize();
  if (code != SQLITE_OK) return code;
#endif
  mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_VFS1);
  sqlite3_mutex_enter(mutex);
  code = vfs_register_locked();
  sqlite3_mutex_leave(mutex);
  return code;
}
