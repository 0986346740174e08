/* SPDX-License-Identifier: MIT */
/*
 * The entry point of trivet.so, a loadable extension for a program that has its own SQLite: `.load
 * ./trivet` and then `.open file:app.tv?vfs=trivet` in the stock tool. It registers the VFS, and
 * asks SQLite to be called for each new connection, so that those on a store get the virtual tables
 * and the busy handler.
 */
#include "vfs_internal.h"

SQLITE_EXTENSION_INIT1

static int extension_connection(sqlite3 *sql, char **message, const sqlite3_api_routines *api) {
  tvi_conn *conn = tvi_conn_of(sql);
  int code = conn != NULL ? tvi_conn_setup(sql, conn) : SQLITE_OK;
  (void)api;
  if (code != SQLITE_OK)
    *message = sqlite3_mprintf("Trivet: cannot set the connection up: %s", sqlite3_errmsg(sql));
  return code;
}

__attribute__((visibility("default"))) int sqlite3_trivet_init(sqlite3 *sql, char **message,
                                                               const sqlite3_api_routines *api);

int sqlite3_trivet_init(sqlite3 *sql, char **message, const sqlite3_api_routines *api) {
  int code;
  (void)sql;
  SQLITE_EXTENSION_INIT2(api);
  code = tvi_vfs_register();
  if (code == SQLITE_OK)
    code = sqlite3_auto_extension((void (*)(void))(uintptr_t)extension_connection);
  if (code == SQLITE_OK) return SQLITE_OK_LOAD_PERMANENTLY; /* VFS and hook point into this file */
  *message = sqlite3_mprintf("Trivet: cannot register with SQLite: %s", sqlite3_errstr(code));
  return code;
}
