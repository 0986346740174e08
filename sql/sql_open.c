/* SPDX-License-Identifier: MIT */
/*
 * Opening a connection and giving it what makes it ours: the journal in memory, pages in place, the
 * busy handler, the virtual tables. The store is named in the URI by a number (tvdb) that the
 * engine looks up; a pointer there was rejected, since a URI can come from anywhere.
 */
#include <string.h>

#include "trivet_sql.h"
#include "vfs_internal.h"

tvi_conn *tvi_conn_of(sqlite3 *sql) {
  sqlite3_file *file = NULL;
  if (sql == NULL) return NULL;
  if (sqlite3_file_control(sql, NULL, SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return NULL;
  if (file == NULL || file->pMethods != &tvi_vfs_file_methods) return NULL;
  return ((tvi_vfs_file *)file)->conn;
}

tv_db *tv_sql_db(sqlite3 *connection) {
  tvi_conn *conn = tvi_conn_of(connection);
  return conn != NULL ? conn->db : NULL;
}

int tvi_conn_setup(sqlite3 *sql, tvi_conn *conn) {
  int code;
  if (conn->references > 1)
    return SQLITE_MISUSE; /* SQLite shares the file: sqlite3_enable_shared_cache */
  conn->sql = sql;
  conn->pragma_through = 1;
  code = sqlite3_exec(sql, "PRAGMA main.journal_mode=memory", NULL, NULL, NULL);
  conn->pragma_through = 0;
  /* Any size will do: it makes SQLite ask for pages in place. */
  if (code == SQLITE_OK)
    code = sqlite3_exec(sql, "PRAGMA main.mmap_size=2147418112", NULL, NULL, NULL);
  if (code == SQLITE_OK) code = sqlite3_busy_handler(sql, tvi_conn_busy, conn);
  if (code == SQLITE_OK) code = tvi_modules_register(sql, conn);
  return code;
}

/* The path with what a URI gives another meaning to written as %XX. */
static int open_append_path(tvi_buffer *uri, const char *path) {
  static const char digits[] = "0123456789ABCDEF";
  int status = TV_OK;
  for (; *path != '\0' && status == TV_OK; path++) {
    unsigned char byte = (unsigned char)*path;
    if (byte == '%' || byte == '?' || byte == '#') {
      char escaped[3] = {'%', digits[byte >> 4], digits[byte & 15]};
      status = tvi_buffer_append(uri, escaped, 3);
    } else {
      status = tvi_buffer_append(uri, path, 1);
    }
  }
  return status;
}

static int open_uri(tv_db *db, tvi_buffer *uri) {
  char name[64], tail[64];
  const char *path = tv_db_path(db);
  int status = tvi_buffer_append(uri, "file:", 5);
  sqlite3_snprintf(sizeof name, name, "/:trivet:%llu", (unsigned long long)tvi_db_id(db));
  sqlite3_snprintf(sizeof tail, tail, "?vfs=" TVI_VFS_NAME "&tvdb=%llu",
                   (unsigned long long)tvi_db_id(db));
  if (path[0] == '\0') path = name; /* in memory or temporary */
  if (path[0] == '/' && path[1] == '/' && status == TV_OK) status = tvi_buffer_append(uri, "//", 2);
  if (status == TV_OK) status = open_append_path(uri, path);
  if (status == TV_OK) status = tvi_buffer_append(uri, tail, strlen(tail) + 1);
  return status;
}

static int open_connect(tv_db *db, unsigned flags, const char *uri, sqlite3 **out, tv_error *err) {
  int readonly = (flags & TV_SQL_READONLY) != 0 || tvi_db_is_readonly(db);
  /* CREATE is for the plain databases that the connection may attach. */
  int mode = SQLITE_OPEN_URI | SQLITE_OPEN_PRIVATECACHE |
             (readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  int status = TV_OK, code = sqlite3_open_v2(uri, out, mode, TVI_VFS_NAME);
  tvi_conn *conn = code == SQLITE_OK ? tvi_conn_of(*out) : NULL;
  if (code == SQLITE_OK && conn == NULL) code = SQLITE_CANTOPEN;
  if (code == SQLITE_OK) {
    conn->thread_bound = (flags & TV_SQL_THREAD_BOUND) != 0;
    conn->wait_ms = tvi_db_busy_wait_ms(db); /* the caller's handle, not the connection's own */
    code = tvi_conn_setup(*out, conn);
  }
  if (code == SQLITE_OK) return TV_OK;
  status = tvi_sql_fail(*out, code, err);
  sqlite3_close(*out);
  *out = NULL;
  return status;
}

int tv_sql_open(tv_db *db, unsigned flags, sqlite3 **out, tv_error *err) {
  tvi_buffer uri = {NULL, 0, 0};
  int status, code;
  if (db == NULL || out == NULL)
    return tvi_error_set(err, TV_EINVAL, 0, "tv_sql_open needs a database and a place for *out");
  *out = NULL;
  if ((flags & ~(unsigned)(TV_SQL_READONLY | TV_SQL_THREAD_BOUND)) != 0)
    return tvi_error_set(err, TV_EINVAL, 0, "tv_sql_open: unknown flags 0x%x", flags);
  code = tvi_vfs_register();
  if (code != SQLITE_OK) return tvi_sql_fail(NULL, code, err);
  status = open_uri(db, &uri);
  if (status == TV_OK)
    status = open_connect(db, flags, (const char *)uri.data, out, err);
  else
    (void)tvi_error_set(err, status, 0, "out of memory opening a SQL connection");
  tvi_buffer_free(&uri);
  return status;
}
