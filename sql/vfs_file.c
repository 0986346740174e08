/* SPDX-License-Identifier: MIT */
/*
 * The file that SQLite sees: sqlite3_io_methods over pages of the store. It has no content between
 * the pages and no life of its own: locks, commit and savepoints are conn.c's, the content is
 * vfs_pages.c's. A shared-memory (WAL) side does not exist, so SQLite never turns to WAL.
 */
#include <string.h>

#include "encode_internal.h"
#include "vfs_internal.h"

static tvi_conn *file_conn(sqlite3_file *file) {
  return ((tvi_vfs_file *)file)->conn;
}

static int file_close(sqlite3_file *file) {
  tvi_vfs_file *own = (tvi_vfs_file *)file;
  if (own->conn != NULL) tvi_conn_close(own->conn);
  own->conn = NULL;
  return SQLITE_OK;
}

/* What the pager remembers as "unchanged" must not be found again: see conn_join.c. */
static void file_version_spoil(tvi_conn *conn, unsigned char *out) {
  sqlite3_randomness(16, out);
  conn->stale = 0;
}

/* Another schema cookie than any before; written back, it would be as good as the true one. */
static void file_cookie_spoil(tvi_conn *conn, unsigned char *page) {
  uint32_t cookie;
  sqlite3_randomness(sizeof cookie, &cookie);
  tvi_store_be32(page + 40, cookie);
  conn->schema_stale = 0;
}

static int file_read_pages(tvi_conn *conn, unsigned char *out, size_t bytes, uint64_t at) {
  size_t done = 0;
  int code = SQLITE_OK;
  while (done < bytes && code == SQLITE_OK) {
    uint64_t page = (at + done) / conn->page_bytes + 1;
    size_t offset = (size_t)((at + done) % conn->page_bytes);
    size_t n = conn->page_bytes - offset;
    if (n > bytes - done) n = bytes - done;
    if (page > conn->pages) {
      memset(out + done, 0, bytes - done);
      return SQLITE_IOERR_SHORT_READ;
    }
    code = tvi_pages_read(conn, (uint32_t)page, offset, out + done, n);
    done += n;
  }
  return code;
}

/* The header is read once before any lock is held. */
static int file_read_unlocked(tvi_conn *conn, unsigned char *out, size_t bytes, uint64_t at) {
  tv_error err = {0, 0, ""};
  int code, status = tv_begin(conn->db, TV_READ, &conn->read, &err);
  if (status != TV_OK) {
    conn->read = NULL;
    sqlite3_log(tvi_sql_code(status), "Trivet: %s", err.message);
    return tvi_sql_page_code(status, SQLITE_IOERR_READ);
  }
  tvi_pages_forget(conn);
  code = tvi_pages_size(conn);
  if (code == SQLITE_OK) code = file_read_pages(conn, out, bytes, at);
  tv_abort(conn->read);
  conn->read = NULL;
  tvi_pages_forget(conn);
  return code;
}

static int file_read(sqlite3_file *file, void *out, int bytes, sqlite3_int64 at) {
  tvi_conn *conn = file_conn(file);
  int code;
  if (conn->stale && at == 24 && bytes == 16) {
    file_version_spoil(conn, out);
    return SQLITE_OK;
  }
  if (tvi_conn_current(conn) == NULL) {
    if (conn->lock != SQLITE_LOCK_NONE) return conn->forsaken ? SQLITE_ABORT : SQLITE_IOERR_READ;
    return file_read_unlocked(conn, out, (size_t)bytes, (uint64_t)at);
  }
  code = tvi_conn_join_check(conn);
  if (code != SQLITE_OK) return code;
  code = file_read_pages(conn, out, (size_t)bytes, (uint64_t)at);
  if (code == SQLITE_OK && conn->schema_stale && at == 0 && (size_t)bytes == conn->page_bytes)
    file_cookie_spoil(conn, out);
  return code;
}

static int file_write(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 at) {
  tvi_conn *conn = file_conn(file);
  uint64_t page = (uint64_t)at / conn->page_bytes + 1;
  if ((size_t)bytes != conn->page_bytes || (uint64_t)at % conn->page_bytes != 0 ||
      page >= UINT32_MAX || conn->lock < SQLITE_LOCK_RESERVED) {
    sqlite3_log(SQLITE_IOERR_WRITE,
                "Trivet: SQLite wrote %d bytes at %lld; the store takes pages of %u bytes", bytes,
                at, (unsigned)conn->page_bytes);
    return SQLITE_IOERR_WRITE;
  }
  if (tvi_conn_join_check(conn) != SQLITE_OK) return SQLITE_IOERR_WRITE;
  return tvi_pages_write(conn, (uint32_t)page, data);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
  tvi_conn *conn = file_conn(file);
  uint64_t pages = ((uint64_t)size + conn->page_bytes - 1) / conn->page_bytes;
  if (pages >= UINT32_MAX || conn->lock < SQLITE_LOCK_RESERVED ||
      tvi_conn_join_check(conn) != SQLITE_OK)
    return SQLITE_IOERR_TRUNCATE;
  return tvi_pages_truncate(conn, (uint32_t)pages);
}

/* The engine syncs when it commits, as its durability says. */
static int file_sync(sqlite3_file *file, int flags) {
  (void)file;
  (void)flags;
  return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
  tvi_conn *conn = file_conn(file);
  *size = (sqlite3_int64)conn->pages * (sqlite3_int64)conn->page_bytes;
  return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level) {
  return tvi_conn_lock(file_conn(file), level);
}

static int file_unlock(sqlite3_file *file, int level) {
  return tvi_conn_unlock(file_conn(file), level);
}

/* Only asked about a hot journal, and there never is one. */
static int file_check_reserved(sqlite3_file *file, int *reserved) {
  *reserved = file_conn(file)->lock >= SQLITE_LOCK_RESERVED;
  return SQLITE_OK;
}

static int file_name_vfs(char **out) {
  *out = sqlite3_mprintf("%s", TVI_VFS_NAME);
  return *out != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

static int file_control(sqlite3_file *file, int op, void *argument) {
  tvi_conn *conn = file_conn(file);
  switch (op) {
    case SQLITE_FCNTL_COMMIT_PHASETWO:
      return tvi_conn_commit(conn);
    case SQLITE_FCNTL_PRAGMA:
      return tvi_vfs_pragma(conn, argument);
    case SQLITE_FCNTL_PDB:
      conn->sql = *(sqlite3 **)argument;
      return SQLITE_OK;
    case SQLITE_FCNTL_VFSNAME:
      return file_name_vfs(argument);
    case SQLITE_FCNTL_HAS_MOVED:
      *(int *)argument = 0;
      return SQLITE_OK;
    case SQLITE_FCNTL_LOCKSTATE:
      *(int *)argument = conn->lock;
      return SQLITE_OK;
    case SQLITE_FCNTL_MMAP_SIZE: /* the size is the engine's; SQLite keeps its own number */
    case SQLITE_FCNTL_SYNC:
    case SQLITE_FCNTL_SIZE_HINT:
    case SQLITE_FCNTL_CHUNK_SIZE:
    case SQLITE_FCNTL_OVERWRITE:
      return SQLITE_OK;
    default:
      return SQLITE_NOTFOUND;
  }
}

static int file_sector_size(sqlite3_file *file) {
  return (int)file_conn(file)->page_bytes;
}

static int file_characteristics(sqlite3_file *file) {
  (void)file;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_SAFE_APPEND | SQLITE_IOCAP_SEQUENTIAL;
}

static int file_fetch(sqlite3_file *file, sqlite3_int64 at, int bytes, void **out) {
  tvi_conn *conn = file_conn(file);
  const void *data;
  int code;
  *out = NULL;
  if ((size_t)bytes != conn->page_bytes) return SQLITE_OK;
  code = tvi_place_fetch(conn, (uint32_t)((uint64_t)at / conn->page_bytes) + 1, &data);
  if (code == SQLITE_OK) memcpy(out, &data, sizeof data); /* SQLite promises not to write there */
  return code;
}

static int file_unfetch(sqlite3_file *file, sqlite3_int64 at, void *data) {
  (void)file;
  (void)at;
  (void)data;
  return SQLITE_OK;
}

const sqlite3_io_methods tvi_vfs_file_methods = {.iVersion = 3,
                                                 .xClose = file_close,
                                                 .xRead = file_read,
                                                 .xWrite = file_write,
                                                 .xTruncate = file_truncate,
                                                 .xSync = file_sync,
                                                 .xFileSize = file_size,
                                                 .xLock = file_lock,
                                                 .xUnlock = file_unlock,
                                                 .xCheckReservedLock = file_check_reserved,
                                                 .xFileControl = file_control,
                                                 .xSectorSize = file_sector_size,
                                                 .xDeviceCharacteristics = file_characteristics,
                                                 .xFetch = file_fetch,
                                                 .xUnfetch = file_unfetch};
