/* SPDX-License-Identifier: MIT */
/*
 * .import into a columnar table: the file is mapped and tv_sql_load takes it whole. A pipe cannot
 * be mapped; its rows are inserted one by one, as into any table.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shell_internal.h"
#include "trivet_sql.h"

static int shell_import_progress(void *ctx, uint64_t rows) {
  shell_import_call *call = ctx;
  if (call->sh->interactive && isatty(STDERR_FILENO)) fprintf(stderr, "\r%" PRIu64 " rows", rows);
  return shell_interrupted();
}

static bool shell_import_is_columnar(shell_import_call *call) {
  sqlite3_stmt *statement = shell_sql_prepare(
      call->sh,
      "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE AND sql LIKE "
      "'CREATE VIRTUAL TABLE%USING%columnar%'",
      1, &call->name);
  bool found = statement != NULL && sqlite3_step(statement) == SQLITE_ROW;
  sqlite3_finalize(statement);
  return found;
}

static int shell_import_refused(shell_import_call *call, int status) {
  static const char word[] = "line ";
  const char *message = call->sh->error.message, *what;
  if (status == TV_EINTR) return shell_fail(call->sh, shell_import_nothing, "interrupted");
  what = strstr(message, ": ");
  if (strncmp(message, word, strlen(word)) == 0 && what != NULL)
    return shell_fail(call->sh, shell_import_nothing, "%s:%.*s%s", call->path,
                      (int)(what - message - (ptrdiff_t)strlen(word)), message + strlen(word),
                      what);
  return shell_fail_status(call->sh, status, &call->sh->error, call->name);
}

int shell_import_columnar(shell_import_call *call, long from, long line, bool *taken) {
  tv_sql_load_options options = {.separator = call->separator,
                                 .line = (uint64_t)line,
                                 .progress = shell_import_progress,
                                 .ctx = call};
  struct stat st;
  char *map;
  int status;
  *taken = false;
  if (from < 0 || fstat(fileno(call->file), &st) != 0 || !S_ISREG(st.st_mode) ||
      st.st_size <= from || !shell_import_is_columnar(call))
    return 0;
  map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fileno(call->file), 0);
  if (map == MAP_FAILED) return 0;
  *taken = true;
  if (shell_has(call->args, "--nulls")) options.flags |= TV_SQL_LOAD_NULLS;
  status = tv_sql_load(call->sh->sql, call->name, map + from, (size_t)(st.st_size - from), &options,
                       &call->rows, &call->sh->error);
  munmap(map, (size_t)st.st_size);
  return status == TV_OK ? 0 : shell_import_refused(call, status);
}
