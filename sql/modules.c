/* SPDX-License-Identifier: MIT */
/*
 * The virtual tables of a connection, registered in one place, so that a connection opened by
 * tv_sql_open and one opened by the stock tool with the extension offer the same.
 */
#include "vfs_internal.h"

int tvi_modules_register(sqlite3 *sql, tvi_conn *conn) {
  int code = tvi_module_enlist_register(sql, conn);
  if (code == SQLITE_OK) code = tvi_module_kv_register(sql, conn);
  if (code == SQLITE_OK) code = tvi_module_graph_register(sql, conn);
  if (code == SQLITE_OK) code = tvi_module_columnar_register(sql, conn);
  if (code == SQLITE_OK) code = tvi_module_query_register(sql, conn);
  return code;
}
