/* SPDX-License-Identifier: MIT */
/*
 * Pragmas that the file answers itself. How pages are laid out, journalled and locked is not the
 * application's choice here, so asking tells the truth and setting changes nothing: as stock SQLite
 * does with a journal mode that a database cannot have. Refusing with an error was rejected, as
 * common drivers set some of these at every start.
 */
#include <stdlib.h>
#include <string.h>

#include "vfs_internal.h"

static int pragma_answer(char **argument, const char *text) {
  argument[0] = sqlite3_mprintf("%s", text);
  return argument[0] != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

static int pragma_fail(char **argument, const char *text) {
  argument[0] = sqlite3_mprintf("%s", text);
  return SQLITE_ERROR;
}

static int pragma_number(const char *text, long low, long high, long *out) {
  char *end;
  *out = strtol(text, &end, 10);
  return end != text && *end == '\0' && *out >= low && *out <= high;
}

static int pragma_page_size(tvi_conn *conn, char **argument) {
  char text[16];
  if (argument[2] != NULL) return SQLITE_OK;
  sqlite3_snprintf(sizeof text, text, "%u", (unsigned)conn->page_bytes);
  return pragma_answer(argument, text);
}

static int pragma_busy_timeout(tvi_conn *conn, char **argument) {
  char text[16];
  long ms;
  if (argument[2] != NULL) {
    if (!pragma_number(argument[2], -1, INT32_MAX, &ms))
      return pragma_fail(argument, "busy_timeout is a number of milliseconds, -1: for ever");
    conn->wait_ms = (int32_t)ms;
  }
  sqlite3_snprintf(sizeof text, text, "%d", (int)conn->wait_ms);
  return pragma_answer(argument, text);
}

/* An empty database takes it over at once, as stock SQLite's would; any other at VACUUM. */
static int pragma_auto_vacuum(tvi_conn *conn, const char *value) {
  static const char *const names[] = {"none", "full", "incremental"};
  if (value == NULL || !conn->pristine || conn->lock != SQLITE_LOCK_NONE) return SQLITE_NOTFOUND;
  for (int i = 0; i < 3; i++) {
    if (sqlite3_stricmp(value, names[i]) == 0 || (value[0] == '0' + i && value[1] == '\0')) {
      conn->new_auto_vacuum = i;
      conn->stale = 1; /* page 1 may be in the cache already */
    }
  }
  return SQLITE_NOTFOUND; /* SQLite goes on with its own part */
}

static int pragma_verify(tvi_conn *conn, char **argument) {
  if (argument[2] != NULL) {
    if (strcmp(argument[2], "0") != 0 && strcmp(argument[2], "1") != 0)
      return pragma_fail(argument, "tv_verify is 0 or 1");
    conn->verify_fetch = argument[2][0] == '1';
    tvi_place_forget(conn);
  }
  return pragma_answer(argument, conn->verify_fetch ? "1" : "0");
}

/* ---- The analytic executor ---- */

static int pragma_executor(tvi_conn *conn, char **argument) {
  static const char *const words[] = {"off", "on", "0", "1", "false", "true", "no", "yes"};
  const char *value = argument[2];
  int i;
  for (i = 0; value != NULL && i < 8; i++)
    if (sqlite3_stricmp(value, words[i]) == 0) break;
  if (i == 8) return pragma_fail(argument, "tv_executor is on or off");
  if (value != NULL) conn->executor = i % 2;
  return pragma_answer(argument, conn->executor ? "on" : "off");
}

static int pragma_amount(char **argument, uint64_t *setting, uint64_t unit, long least, long most,
                         const char *sentence) {
  char text[24];
  long number;
  if (argument[2] != NULL) {
    if (!pragma_number(argument[2], least, most, &number)) return pragma_fail(argument, sentence);
    *setting = (uint64_t)number * unit;
  }
  sqlite3_snprintf(sizeof text, text, "%llu", (unsigned long long)(*setting / unit));
  return pragma_answer(argument, text);
}

static int pragma_threads(tvi_conn *conn, char **argument) {
  uint64_t threads = (uint64_t)conn->threads;
  int code = pragma_amount(argument, &threads, 1, 1, 256, "tv_threads is a number from 1 to 256");
  conn->threads = (int)threads;
  return code;
}

static int pragma_of_executor(tvi_conn *conn, char **argument) {
  const char *name = argument[1];
  if (sqlite3_stricmp(name, "tv_executor") == 0) return pragma_executor(conn, argument);
  if (sqlite3_stricmp(name, "tv_threads") == 0) return pragma_threads(conn, argument);
  if (sqlite3_stricmp(name, "tv_memory") == 0)
    return pragma_amount(argument, &conn->memory_bytes, 1u << 20, 0, INT32_MAX,
                         "tv_memory is a number of MiB, 0: no limit");
  if (sqlite3_stricmp(name, "tv_deadline") == 0)
    return pragma_amount(argument, &conn->deadline_ms, 1, 0, INT32_MAX,
                         "tv_deadline is a number of milliseconds, 0: none");
  return SQLITE_NOTFOUND;
}

/* argument: [0] the answer or message, [1] name, [2] value or NULL. */
int tvi_vfs_pragma(tvi_conn *conn, char **argument) {
  const char *name = argument[1];
  if (conn->pragma_through) return SQLITE_NOTFOUND;
  if (sqlite3_stricmp(name, "journal_mode") == 0) return pragma_answer(argument, "memory");
  if (sqlite3_stricmp(name, "locking_mode") == 0) return pragma_answer(argument, "normal");
  if (sqlite3_stricmp(name, "page_size") == 0) return pragma_page_size(conn, argument);
  if (sqlite3_stricmp(name, "busy_timeout") == 0) return pragma_busy_timeout(conn, argument);
  if (sqlite3_stricmp(name, "auto_vacuum") == 0) return pragma_auto_vacuum(conn, argument[2]);
  if (sqlite3_stricmp(name, "tv_verify") == 0) return pragma_verify(conn, argument);
  return pragma_of_executor(conn, argument);
}
