/* SPDX-License-Identifier: MIT */
/*
 * What is there: tables, schema, indexes, databases. All asked of SQLite by SQL, over the attached
 * databases too; reading sqlite_schema's rows by hand in C would only repeat its WHERE.
 */
#include <string.h>

#include "shell_internal.h"

/* "SELECT ... FROM <each database>.sqlite_schema ..." joined by UNION ALL; %1 in `select` stands
 * for the database's name as a literal, %2 for it as a name. */
static char *shell_schema_union(shell *sh, const char *select) {
  shell_text sql = {0};
  sqlite3_stmt *list = shell_sql_prepare(sh, "SELECT name FROM pragma_database_list", 0, NULL);
  while (list != NULL && sqlite3_step(list) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(list, 0);
    if (sql.size > 0) shell_text_str(&sql, " UNION ALL ");
    for (const char *c = select; *c != '\0'; c++) {
      if (c[0] == '%' && c[1] == '1') {
        shell_quote_sql(&sql, tv_str(name));
        c++;
      } else if (c[0] == '%' && c[1] == '2') {
        shell_quote_name(&sql, name);
        c++;
      } else {
        shell_text_char(&sql, *c);
      }
    }
  }
  sqlite3_finalize(list);
  return sql.data;
}

/* Names in columns, top to bottom, as ls prints them. */
static void shell_schema_columns(shell *sh, char **names, size_t n) {
  enum { SCREEN = 80 };
  size_t width = 1;
  for (size_t i = 0; i < n; i++) {
    size_t size = strlen(names[i]) + 2;
    if (size > width) width = size;
  }
  size_t columns = SCREEN / width > 0 ? SCREEN / width : 1;
  size_t lines = (n + columns - 1) / columns;
  for (size_t l = 0; l < lines; l++) {
    for (size_t i = l; i < n; i += lines) {
      int pad = i + lines < n ? (int)(width - strlen(names[i])) : 0;
      fprintf(sh->out, "%s%*s", names[i], pad, "");
    }
    fputc('\n', sh->out);
  }
}

static int shell_schema_names(shell *sh, const char *select, const char *bound) {
  char *sql = shell_schema_union(sh, select);
  char **names = NULL;
  size_t n = 0;
  if (sql == NULL) return 1;
  shell_text ordered = {0};
  shell_text_format(&ordered, "SELECT name FROM (%s) ORDER BY 1", sql);
  sqlite3_stmt *statement = shell_sql_prepare(sh, ordered.data, 1, &bound);
  int code = SQLITE_ERROR;
  while (statement != NULL && (code = sqlite3_step(statement)) == SQLITE_ROW) {
    names = shell_realloc(names, (n + 1) * sizeof *names);
    names[n++] = shell_copy((const char *)sqlite3_column_text(statement, 0));
  }
  int rc = statement == NULL ? 1 : code == SQLITE_DONE ? 0 : shell_fail_sql(sh, NULL);
  sqlite3_finalize(statement);
  if (rc == 0) shell_schema_columns(sh, names, n);
  for (size_t i = 0; i < n; i++) shell_free(names[i]);
  shell_free(names);
  shell_text_free(&ordered);
  shell_free(sql);
  return rc;
}

int shell_tables(shell *sh, const shell_args *args) {
  return shell_schema_names(
      sh,
      "SELECT iif(%1 = 'main', '', %1 || '.') || name AS name FROM %2.sqlite_schema"
      " WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name LIKE "
      "?1",
      args->n > 0 ? args->v[0] : "%");
}

int shell_indexes(shell *sh, const shell_args *args) {
  return shell_schema_names(sh,
                            "SELECT iif(%1 = 'main', '', %1 || '.') || name AS name"
                            " FROM %2.sqlite_schema WHERE type = 'index' AND tbl_name LIKE ?1",
                            args->n > 0 ? args->v[0] : "%");
}

int shell_schema(shell *sh, const shell_args *args) {
  const char *like = args->n > 0 ? args->v[0] : "%";
  char *sql = shell_schema_union(
      sh,
      "SELECT iif(%1 = 'main', '', '/* in ' || %1 || ' */ ') || sql || ';' FROM %2.sqlite_schema"
      " WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
      " AND (name LIKE ?1 OR tbl_name LIKE ?1)");
  sqlite3_stmt *statement = sql != NULL ? shell_sql_prepare(sh, sql, 1, &like) : NULL;
  int code = SQLITE_ERROR;
  while (statement != NULL && (code = sqlite3_step(statement)) == SQLITE_ROW)
    fprintf(sh->out, "%s\n", (const char *)sqlite3_column_text(statement, 0));
  int rc = statement == NULL ? 1 : code == SQLITE_DONE ? 0 : shell_fail_sql(sh, sql);
  sqlite3_finalize(statement);
  shell_free(sql);
  return rc;
}

int shell_databases(shell *sh, const shell_args *args) {
  (void)args;
  static const char *const names[] = {"name", "file", "access"};
  sqlite3_stmt *list =
      shell_sql_prepare(sh, "SELECT name, file FROM pragma_database_list", 0, NULL);
  if (list == NULL) return 1;
  shell_rows_begin(sh, 3, names);
  int code;
  while ((code = sqlite3_step(list)) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(list, 0);
    bool is_main = strcmp(name, "main") == 0;
    const char *file = is_main ? sh->path : (const char *)sqlite3_column_text(list, 1);
    int readonly = is_main ? sh->readonly : sqlite3_db_readonly(sh->sql, name) == 1;
    shell_cell cells[] = {shell_cell_str(name), shell_cell_str(file),
                          shell_cell_str(readonly ? "read-only" : "read and write")};
    shell_rows_add(sh, cells);
  }
  sqlite3_finalize(list);
  if (code == SQLITE_DONE) return shell_rows_end(sh);
  shell_rows_drop(sh);
  return shell_fail_sql(sh, NULL);
}
