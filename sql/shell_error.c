/* SPDX-License-Identifier: MIT */
/*
 * Errors as the user reads them: where, what, and what to do about it. The remedies live here and
 * not in the library's messages, because "create it with .kv create" is the shell's way to do it
 * and wrong for a program; matching them by status keeps the two apart.
 */
#include <stdarg.h>
#include <string.h>

#include "shell_internal.h"

int shell_fail(shell *sh, const char *remedy, const char *format, ...) {
  va_list args;
  shell_text text = {0};
  fflush(sh->out); /* so that output and errors come in the order they arose */
  if (sh->interactive && shell_interrupted()) fputc('\n', stderr); /* behind the terminal's ^C */
  shell_text_str(&text, "Error: ");
  if (sh->source != NULL && sh->source->file != NULL) {
    shell_text_format(&text, "near line %ld", sh->source->start);
    if (sh->source->name != NULL) shell_text_format(&text, " of %s", sh->source->name);
    shell_text_str(&text, ": ");
  }
  va_start(args, format);
  char *message = sqlite3_vmprintf(format, args);
  va_end(args);
  shell_text_str(&text, message != NULL ? message : "out of memory");
  sqlite3_free(message);
  if (remedy != NULL) shell_text_format(&text, " - %s", remedy);
  fprintf(stderr, "%s\n", text.data);
  shell_text_free(&text);
  sh->failed = true;
  return 1;
}

/* ---- Names that were nearly right ---- */

/* Edits (insert, delete, replace, swap) between two short words, case ignored. */
static size_t shell_error_distance(const char *a, const char *b) {
  enum { LONGEST = 40 };
  size_t rows[3][LONGEST + 1];
  size_t na = strlen(a), nb = strlen(b);
  if (na > LONGEST || nb > LONGEST) return LONGEST;
  for (size_t j = 0; j <= nb; j++) rows[0][j] = j;
  for (size_t i = 1; i <= na; i++) {
    size_t *row = rows[i % 3], *above = rows[(i - 1) % 3], *above2 = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t j = 1; j <= nb; j++) {
      bool same = sqlite3_strnicmp(a + i - 1, b + j - 1, 1) == 0;
      size_t best = above[j - 1] + (same ? 0 : 1);
      if (above[j] + 1 < best) best = above[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      bool swapped = i > 1 && j > 1 && sqlite3_strnicmp(a + i - 1, b + j - 2, 1) == 0 &&
                     sqlite3_strnicmp(a + i - 2, b + j - 1, 1) == 0;
      if (swapped && above2[j - 2] + 1 < best) best = above2[j - 2] + 1;
      row[j] = best;
    }
  }
  return rows[na % 3][nb];
}

const char *shell_nearest(const char *word, const char *const *candidates, size_t count) {
  const char *nearest = NULL;
  size_t best = strlen(word) / 3 + 1; /* more edits than that are another word */
  for (size_t i = 0; i < count; i++) {
    size_t distance = shell_error_distance(word, candidates[i]);
    if (distance == 0 || distance > best || (distance == best && nearest != NULL)) continue;
    best = distance;
    nearest = candidates[i];
  }
  return nearest;
}

/* ---- Statuses ---- */

static void shell_error_remedy(const shell *sh, shell_text *out, int status, const char *name) {
  const char *what = name != NULL ? name : "NAME";
  switch (status) {
    case TV_ENOBUCKET:
      shell_text_format(out, "create it with .kv create %s, or list them with .buckets", what);
      return;
    case TV_ENOGRAPH:
      shell_text_format(out, "create it with .graph create %s, or list them with .graphs", what);
      return;
    case TV_ENOLABEL:
      shell_text_format(out, "list what is used with .graph edges %s and .graph nodes %s", what,
                        what);
      return;
    case TV_ENONODE:
      shell_text_format(out, "add it with .graph add-node %s, or list them with .graph nodes %s",
                        what, what);
      return;
    case TV_EBUSY:
      shell_text_str(out, "another program is writing; run it again when that has ended");
      return;
    case TV_ERETRY:
    case TV_ECONFLICT:
      shell_text_str(out, "ROLLBACK, then run the transaction again");
      return;
    case TV_EREADONLY:
      shell_text_str(out, "open it without -readonly to write");
      return;
    case TV_EKEYSIZE:
      shell_text_format(out, "a key has 1 to %d bytes", TV_KEY_BYTES_MAX);
      return;
    case TV_ENOENT:
      shell_text_format(out, "check the path%s",
                        sh->readonly ? "; without -readonly it is created" : "");
      return;
    case TV_EEXIST:
      shell_text_str(out, "choose another name, or remove the file first");
      return;
    case TV_EACCES:
      shell_text_str(out, "check the permissions of the file and its folder");
      return;
    case TV_ENOSPC:
      shell_text_str(out, "free space on the disk; nothing was changed");
      return;
    case TV_ENOTDB:
      shell_text_str(out, "it may be another program's file; choose a Trivet store");
      return;
    case TV_ECORRUPT:
    case TV_ETRUNCATED:
      shell_text_format(out, "list the damage with: trivet :memory: \".check %s\"",
                        name != NULL ? name : "FILE");
      return;
    case TV_EREADERS:
      shell_text_str(out, "close some of the programs that read it");
      return;
    default:
      return;
  }
}

int shell_fail_status(shell *sh, int status, const tv_error *error, const char *name) {
  shell_text remedy = {0};
  const char *message = error != NULL && error->message[0] != '\0' && error->status == status
                            ? error->message
                            : tv_status_name(status);
  if (status == TV_EINTR || shell_interrupted()) return shell_fail(sh, NULL, "interrupted");
  shell_error_remedy(sh, &remedy, status, name);
  int rc = shell_fail(sh, remedy.data, "%s", message);
  shell_text_free(&remedy);
  return rc;
}

/* ---- SQL ---- */

/* The names of all tables, as shell_nearest takes them. Free with sqlite3_free_table. */
static const char *shell_error_table(shell *sh, const char *word, char *room, size_t size) {
  char **names = NULL;
  int rows = 0;
  const char *found = NULL;
  if (sqlite3_get_table(sh->sql, "SELECT name FROM sqlite_schema WHERE type IN ('table','view')",
                        &names, &rows, NULL, NULL) == SQLITE_OK)
    found = shell_nearest(word, (const char *const *)names + 1, (size_t)rows);
  if (found != NULL) {
    snprintf(room, size, "%s", found);
    found = room;
  }
  sqlite3_free_table(names);
  return found;
}

/* A first word that is a command without its dot: "tables", "quit". */
static bool shell_error_undotted(const char *sql, shell_text *out) {
  size_t count;
  const shell_command *table = shell_command_table(&count);
  const char *at = sql + strspn(sql, " \t\n");
  size_t size = strcspn(at, " \t\n;");
  for (size_t i = 0; i < count && size > 1; i++) {
    const char *name = table[i].name + 1;
    if (strlen(name) != size || sqlite3_strnicmp(name, at, (int)size) != 0) continue;
    shell_text_format(out, "did you mean %s ?", table[i].name);
    return true;
  }
  return false;
}

/* "no such bucket: x" of the table functions, "there is no bucket 'x'" of the library. */
static bool shell_error_says_no(const char *message, const char *thing) {
  char such[32], plain[32];
  snprintf(such, sizeof such, "no such %s", thing);
  snprintf(plain, sizeof plain, "no %s ", thing);
  return strstr(message, such) != NULL || strstr(message, plain) != NULL;
}

static void shell_error_sql_remedy(shell *sh, int code, const char *message, const char *sql,
                                   shell_text *out) {
  static const char table[] = "no such table: ";
  char room[256];
  const char *name = strstr(message, table);
  if (name != NULL) {
    const char *near = shell_error_table(sh, name + strlen(table), room, sizeof room);
    if (near != NULL) {
      shell_text_format(out, "did you mean %s? .tables lists them", near);
    } else {
      shell_text_str(out, ".tables lists them");
    }
  } else if (strstr(message, "no such column") != NULL) {
    shell_text_str(out, ".schema shows each table's columns");
  } else if (shell_error_says_no(message, "bucket")) {
    shell_text_str(out, ".buckets lists them");
  } else if (shell_error_says_no(message, "graph")) {
    shell_text_str(out, ".graphs lists them");
  } else if (strstr(message, "syntax error") != NULL && sql != NULL) {
    shell_error_undotted(sql, out);
  } else if (code == SQLITE_BUSY_SNAPSHOT) {
    shell_text_str(out, "another program wrote meanwhile: ROLLBACK, then run it again");
  } else if ((code & 0xff) == SQLITE_BUSY) {
    shell_text_str(out,
                   "another program is writing: run it again, or wait longer with"
                   " PRAGMA busy_timeout = 60000");
  } else if ((code & 0xff) == SQLITE_READONLY) {
    shell_text_str(out, "open the store without -readonly to write");
  } else if ((code & 0xff) == SQLITE_FULL) {
    shell_text_str(out, "free space on the disk, then run it again");
  } else if ((code & 0xff) == SQLITE_CORRUPT) {
    shell_text_str(out, ".check tells what is damaged");
  }
}

/* The line of the statement that holds the error, with a mark below the place. */
static void shell_error_context(shell *sh, const char *sql) {
  int offset = sqlite3_error_offset(sh->sql);
  if (sql == NULL || offset < 0 || (size_t)offset > strlen(sql)) return;
  const char *at = sql + offset;
  const char *line = at;
  while (line > sql && line[-1] != '\n' && at - line < 40) line--;
  size_t before = (size_t)(at - line);
  size_t size = before + strcspn(at, "\n");
  if (size > 76) size = 76;
  while (size > before && (line[size] & 0xc0) == 0x80) size--; /* no half character */
  int columns = 0;
  for (size_t i = 0; i < before;) {
    int32_t point;
    i += shell_utf8_next(line + i, before - i, &point);
    columns += shell_utf8_width(point);
  }
  fprintf(stderr, "  %.*s\n  %*s^--- here\n", (int)size, line, columns, "");
}

int shell_fail_sql(shell *sh, const char *sql) {
  int code = sqlite3_extended_errcode(sh->sql);
  char *message = shell_copy(sqlite3_errmsg(sh->sql));
  shell_text remedy = {0}, context = {0};
  if ((code & 0xff) == SQLITE_INTERRUPT) {
    shell_fail(sh, NULL, "interrupted");
  } else {
    int offset = sqlite3_error_offset(sh->sql);
    shell_error_sql_remedy(sh, code, message, sql, &remedy);
    shell_fail(sh, remedy.data, "%s", message);
    if (offset >= 0 && sqlite3_error_offset(sh->sql) == offset) shell_error_context(sh, sql);
  }
  shell_text_free(&context);
  shell_text_free(&remedy);
  shell_free(message);
  return 1;
}
