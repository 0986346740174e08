/* SPDX-License-Identifier: MIT */
/*
 * .dump: row tables as SQL that sqlite3 reads as well. All of it comes from one snapshot. Rows are
 * written from the values themselves and not through SQL's quote(), which has no way to say a text
 * with a NUL byte. Virtual tables go the way sqlite3's own dump goes: their shadow tables are
 * ordinary tables, and they themselves become a row of sqlite_schema. Buckets and graphs have no
 * SQL form; comments say what there is and how to export it.
 */
#include <string.h>

#include "shell_internal.h"

/* The stored columns of a table, quoted, with commas; hidden and generated ones left out. */
static char *shell_dump_columns(shell *sh, const char *table, bool *all) {
  shell_text columns = {0};
  int stored = 0, total = 0;
  sqlite3_stmt *statement =
      shell_sql_prepare(sh, "SELECT name, hidden FROM pragma_table_xinfo(?1)", 1, &table);
  while (statement != NULL && sqlite3_step(statement) == SQLITE_ROW) {
    total++;
    if (sqlite3_column_int(statement, 1) != 0) continue;
    if (stored++ > 0) shell_text_char(&columns, ',');
    shell_quote_name(&columns, (const char *)sqlite3_column_text(statement, 0));
  }
  sqlite3_finalize(statement);
  *all = stored == total;
  return columns.data;
}

int shell_dump_rows(shell *sh, const char *name) {
  bool all;
  char *columns = shell_dump_columns(sh, name, &all);
  if (columns == NULL) return shell_fail(sh, ".tables lists them", "no such table: %s", name);
  shell_text sql = {0}, head = {0};
  shell_text_format(&sql, "SELECT %s FROM ", columns);
  shell_quote_name(&sql, name);
  shell_text_str(&sql, " NOT INDEXED"); /* in the table's own order */
  shell_text_str(&head, "INSERT INTO ");
  shell_quote_name(&head, name);
  if (!all) shell_text_format(&head, "(%s)", columns);
  shell_text_str(&head, " VALUES(");
  sqlite3_stmt *statement = shell_sql_prepare(sh, sql.data, 0, NULL);
  int code = SQLITE_ERROR;
  while (statement != NULL && (code = sqlite3_step(statement)) == SQLITE_ROW) {
    shell_text row = {0};
    shell_text_add(&row, head.data, head.size);
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
      shell_cell cell = shell_cell_column(statement, i);
      if (i > 0) shell_text_char(&row, ',');
      shell_cell_sql(&cell, &row);
    }
    shell_text_str(&row, ");\n");
    fwrite(row.data, 1, row.size, sh->out);
    shell_text_free(&row);
  }
  int rc = statement == NULL ? 1 : code == SQLITE_DONE ? 0 : shell_fail_sql(sh, NULL);
  sqlite3_finalize(statement);
  shell_text_free(&sql);
  shell_text_free(&head);
  shell_free(columns);
  return rc;
}

/* A virtual table: it is entered in the schema as it stands, since creating it anew would create
 * its shadow tables again. Those of Trivet show a bucket or graph, which sqlite3 does not have. */
static void shell_dump_virtual(shell *sh, const char *name, const char *sql, bool *opened) {
  if (sqlite3_strlike("%using%kv%(%", sql, 0) == 0) {
    fprintf(sh->out, "-- a view of a bucket: %s;\n", sql);
    return;
  }
  if (!*opened) fputs("PRAGMA writable_schema=ON;\n", sh->out);
  *opened = true;
  shell_text line = {0};
  shell_text_str(&line,
                 "INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql) VALUES('table',");
  shell_quote_sql(&line, tv_str(name));
  shell_text_char(&line, ',');
  shell_quote_sql(&line, tv_str(name));
  shell_text_str(&line, ",0,");
  shell_quote_sql(&line, tv_str(sql));
  fprintf(sh->out, "%s);\n", line.data);
  shell_text_free(&line);
}

static int shell_dump_table(shell *sh, const char *name, const char *sql, bool *opened) {
  if (strcmp(name, "sqlite_sequence") == 0) {
    fputs("DELETE FROM sqlite_sequence;\n", sh->out);
  } else if (sqlite3_strglob("sqlite_stat?", name) == 0) {
    fputs("ANALYZE sqlite_schema;\n", sh->out);
  } else if (sqlite3_strglob("sqlite_*", name) == 0) {
    return 0;
  } else if (sqlite3_strlike("CREATE VIRTUAL TABLE % USING columnar(%", sql, 0) == 0) {
    fprintf(sh->out, "%s;\n", sql); /* its rows are nowhere else */
  } else if (sqlite3_strnicmp(sql, "CREATE VIRTUAL TABLE", 20) == 0) {
    shell_dump_virtual(sh, name, sql, opened);
    return 0;
  } else if (sqlite3_strglob("CREATE TABLE ['\"]*", sql) == 0) {
    /* FTS and its like create shadow tables themselves once the schema is read. */
    fprintf(sh->out, "CREATE TABLE IF NOT EXISTS %s;\n", sql + 13);
  } else {
    fprintf(sh->out, "%s;\n", sql);
  }
  return shell_dump_rows(sh, name);
}

/* Tables first with their rows, then what refers to them. */
static int shell_dump_schema(shell *sh, const char *like) {
  static const char tables[] =
      "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL"
      " AND (name LIKE ?1 ESCAPE '\\' OR name = 'sqlite_sequence' AND ?1 = '%')"
      " ORDER BY name = 'sqlite_sequence', rowid";
  static const char others[] =
      "SELECT sql FROM sqlite_schema WHERE type IN ('index', 'trigger', 'view')"
      " AND sql IS NOT NULL AND tbl_name LIKE ?1 ESCAPE '\\' ORDER BY type = 'trigger', type = "
      "'view', rowid";
  bool opened = false;
  int rc = 0, code = SQLITE_ERROR;
  sqlite3_stmt *statement = shell_sql_prepare(sh, tables, 1, &like);
  while (rc == 0 && statement != NULL && (code = sqlite3_step(statement)) == SQLITE_ROW)
    rc = shell_dump_table(sh, (const char *)sqlite3_column_text(statement, 0),
                          (const char *)sqlite3_column_text(statement, 1), &opened);
  if (statement == NULL || (rc == 0 && code != SQLITE_DONE)) rc = shell_fail_sql(sh, tables);
  sqlite3_finalize(statement);
  if (rc != 0) return rc;
  statement = shell_sql_prepare(sh, others, 1, &like);
  while (statement != NULL && (code = sqlite3_step(statement)) == SQLITE_ROW)
    fprintf(sh->out, "%s;\n", (const char *)sqlite3_column_text(statement, 0));
  if (statement == NULL || code != SQLITE_DONE) rc = shell_fail_sql(sh, others);
  sqlite3_finalize(statement);
  if (opened) fputs("PRAGMA writable_schema=RESET;\n", sh->out);
  return rc;
}

/* ---- Comments on what SQL cannot say ---- */

static int shell_dump_bucket_note(void *ctx, tv_slice name) {
  const shell *sh = ctx;
  char *text = shell_copy_bytes(name);
  fprintf(sh->out, "-- bucket %s: .export FILE.jsonl %s --bucket\n", text, text);
  shell_free(text);
  return 0;
}

static int shell_dump_graph_note(void *ctx, tv_slice name) {
  const shell *sh = ctx;
  char *text = shell_copy_bytes(name);
  fprintf(sh->out, "-- graph %s: .export FILE.csv %s --graph\n", text, text);
  shell_free(text);
  return 0;
}

static int shell_dump_notes(tv_txn *txn, void *ctx) {
  int status = tv_kv_list(txn, shell_dump_bucket_note, ctx);
  return status == TV_OK ? tv_graph_list(txn, shell_dump_graph_note, ctx) : status;
}

int shell_dump_all(shell *sh, const char *like) {
  if (shell_sql_quiet(sh, "SAVEPOINT trivet_dump") != 0) return 1;
  fputs("PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", sh->out);
  int rc = shell_dump_schema(sh, like);
  if (rc == 0 && strcmp(like, "%") == 0) {
    int status = shell_read(sh, shell_dump_notes, sh);
    if (status < 0) rc = shell_fail_status(sh, status, &sh->error, NULL);
  }
  /* Half a dump must not be taken for a whole one. */
  fputs(rc == 0 ? "COMMIT;\n" : "ROLLBACK; -- the dump failed\n", sh->out);
  return rc | shell_sql_quiet(sh, "RELEASE trivet_dump");
}

int shell_dump(shell *sh, const shell_args *args) {
  return shell_dump_all(sh, args->n > 0 ? args->v[0] : "%");
}
