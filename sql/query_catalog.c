/* SPDX-License-Identifier: MIT */
/*
 * What FROM names: a columnar table of this connection, or a row table that SQLite reads for the
 * plan. SQLite itself is asked (pragma functions, sqlite3_table_column_metadata), since it has
 * parsed the schema already; reading CREATE statements again was rejected.
 */
#include <string.h>

#include "query_internal.h"
#include "vfs_internal.h"

static char *catalog_copy(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = tvi_alloc(size);
  if (copy != NULL) memcpy(copy, text, size);
  return copy;
}

tvi_collation tvi_query_collation(const char *name) {
  if (name == NULL || sqlite3_stricmp(name, "BINARY") == 0) return TVI_COLLATE_BINARY;
  return sqlite3_stricmp(name, "NOCASE") == 0 ? TVI_COLLATE_NOCASE : TVI_COLLATE_OTHER;
}

/* datatype3.html, 3.1: the first of these rules that fits. */
tvi_affinity tvi_query_type_affinity(const char *type, size_t size) {
  static const struct {
    char word[5];
    unsigned char affinity;
  } rules[] = {{"INT", TVI_AFFINITY_INTEGER}, {"CHAR", TVI_AFFINITY_TEXT},
               {"CLOB", TVI_AFFINITY_TEXT},   {"TEXT", TVI_AFFINITY_TEXT},
               {"BLOB", TVI_AFFINITY_BLOB},   {"REAL", TVI_AFFINITY_REAL},
               {"FLOA", TVI_AFFINITY_REAL},   {"DOUB", TVI_AFFINITY_REAL}};
  size_t i, at;

  if (size == 0) return TVI_AFFINITY_BLOB;
  for (i = 0; i < sizeof rules / sizeof rules[0]; i++) {
    size_t length = strlen(rules[i].word);
    for (at = 0; at + length <= size; at++)
      if (sqlite3_strnicmp(type + at, rules[i].word, (int)length) == 0)
        return (tvi_affinity)rules[i].affinity;
  }
  return TVI_AFFINITY_NUMERIC;
}

void tvi_query_table_free(tvi_query_table *table) {
  int i;
  for (i = 0; i < table->columns; i++) tvi_free(table->column[i].name);
  tvi_free(table->column);
  tvi_free(table->name);
  tvi_free(table->database);
  tvi_free(table->alias);
  memset(table, 0, sizeof *table);
}

int tvi_query_table_column_find(const tvi_query_table *table, const char *name) {
  int i;
  for (i = 0; i < table->columns; i++)
    if (sqlite3_stricmp(table->column[i].name, name) == 0) return i;
  if (table->has_rowid &&
      (sqlite3_stricmp(name, "rowid") == 0 || sqlite3_stricmp(name, "oid") == 0 ||
       sqlite3_stricmp(name, "_rowid_") == 0))
    return -1;
  return -2;
}

/* ---- Which table ---- */

typedef struct catalog_entry {
  int rank; /* SQLite looks in temp, main, then in what is attached */
  int is_virtual, is_view, is_strict;
} catalog_entry;

static int catalog_rank(sqlite3 *sql, const char *database) {
  int i;
  if (sqlite3_stricmp(database, "temp") == 0) return 0;
  for (i = 0; i != 1 && sqlite3_db_name(sql, i) != NULL; i = i == 0 ? 2 : i + 1)
    if (sqlite3_stricmp(database, sqlite3_db_name(sql, i)) == 0) return i + 1;
  return INT32_MAX;
}

/* One row of pragma_table_list; keeps it when it comes before the one found so far. */
static int catalog_take(sqlite3 *sql, sqlite3_stmt *list, const char *wanted,
                        tvi_query_table *table, catalog_entry *entry) {
  const char *database = (const char *)sqlite3_column_text(list, 0);
  const char *name = (const char *)sqlite3_column_text(list, 1);
  const char *type = (const char *)sqlite3_column_text(list, 2);
  int rank;

  if (database == NULL || name == NULL || type == NULL) return TV_ENOMEM;
  if (wanted[0] != '\0' && sqlite3_stricmp(wanted, database) != 0) return TV_OK;
  rank = catalog_rank(sql, database);
  if (table->name != NULL && rank >= entry->rank) return TV_OK;
  tvi_free(table->name);
  tvi_free(table->database);
  table->name = catalog_copy(name);
  table->database = catalog_copy(database);
  *entry = (catalog_entry){rank, strcmp(type, "virtual") == 0, strcmp(type, "view") == 0,
                           sqlite3_column_int(list, 5) != 0};
  table->has_rowid = sqlite3_column_int(list, 4) == 0;
  return table->name == NULL || table->database == NULL ? TV_ENOMEM : TV_OK;
}

/* The status of a statement over the schema that ended with `code`. */
static int catalog_status(int status, int code) {
  if (status != TV_OK) return status;
  if (code == SQLITE_DONE || code == SQLITE_OK) return TV_OK;
  return code == SQLITE_NOMEM ? TV_ENOMEM : TV_ESQL;
}

static int catalog_locate(sqlite3 *sql, const char *wanted, const char *name,
                          tvi_query_table *table, catalog_entry *entry) {
  sqlite3_stmt *list = NULL;
  int status = TV_OK, code;

  code = sqlite3_prepare_v2(sql,
                            "SELECT schema, name, type, ncol, wr, strict "
                            "FROM pragma_table_list(?1)",
                            -1, &list, NULL);
  if (code == SQLITE_OK) code = sqlite3_bind_text(list, 1, name, -1, SQLITE_STATIC);
  if (code == SQLITE_OK)
    while (status == TV_OK && (code = sqlite3_step(list)) == SQLITE_ROW)
      status = catalog_take(sql, list, wanted, table, entry);
  (void)sqlite3_finalize(list);
  return catalog_status(status, code);
}

static tvi_columnar *catalog_columnar(tvi_conn *conn, const tvi_query_table *table) {
  tvi_col_module *module = conn->before_savepoint_ctx;
  tvi_columnar *columnar;

  if (module == NULL || sqlite3_stricmp(table->database, "main") != 0) return NULL;
  for (columnar = module->tables; columnar != NULL; columnar = columnar->next)
    if (sqlite3_stricmp(columnar->name, table->name) == 0) return columnar;
  return NULL;
}

/* ---- Its columns ---- */

static int catalog_columnar_columns(tvi_query_table *table) {
  const tvi_col_schema *schema = &table->columnar->schema;
  int i;

  table->column = tvi_zalloc((size_t)schema->columns * sizeof *table->column);
  if (table->column == NULL) return TV_ENOMEM;
  for (i = 0; i < schema->columns; i++) {
    const tvi_col_column *from = &schema->column[i];
    tvi_query_table_column *to = &table->column[i];
    const char *type = tvi_col_type_name(from->type);
    to->name = catalog_copy(from->name);
    if (to->name == NULL) return TV_ENOMEM;
    table->columns++;
    to->affinity = (uint8_t)tvi_query_type_affinity(type, strlen(type));
    to->collation = from->nocase ? TVI_COLLATE_NOCASE : TVI_COLLATE_BINARY;
    to->values = from->type == TVI_COL_DATE   ? TVI_VALUES_NO_NUMERAL
                 : from->type == TVI_COL_BLOB ? TVI_VALUES_NO_NUMERAL
                 : from->type == TVI_COL_TEXT ? TVI_VALUES_TEXT
                                              : TVI_VALUES_NUMBER;
  }
  return TV_OK;
}

static int catalog_row_column(sqlite3 *sql, sqlite3_stmt *info, const catalog_entry *entry,
                              const tvi_query_table *table, tvi_query_table_column *column) {
  const char *name = (const char *)sqlite3_column_text(info, 0);
  const char *type = (const char *)sqlite3_column_text(info, 1);
  const char *collation = NULL;

  if (name == NULL || type == NULL) return TV_ENOMEM;
  column->name = catalog_copy(name);
  if (column->name == NULL) return TV_ENOMEM;
  column->hidden = sqlite3_column_int(info, 2) == 1;
  if (sqlite3_table_column_metadata(sql, table->database, table->name, name, NULL, &collation, NULL,
                                    NULL, NULL) != SQLITE_OK)
    return TV_ESQL;
  column->collation = (uint8_t)tvi_query_collation(collation);
  column->affinity = (uint8_t)tvi_query_type_affinity(type, strlen(type));
  if (entry->is_strict && sqlite3_stricmp(type, "ANY") == 0) column->affinity = TVI_AFFINITY_BLOB;
  /* Only what SQLite itself stores was converted to its column's affinity. */
  if (entry->is_virtual)
    column->values = TVI_VALUES_ANY;
  else if (column->affinity == TVI_AFFINITY_TEXT)
    column->values = TVI_VALUES_TEXT;
  else if (column->affinity != TVI_AFFINITY_BLOB)
    column->values = TVI_VALUES_NO_NUMERAL;
  return TV_OK;
}

static int catalog_row_columns(sqlite3 *sql, const catalog_entry *entry, tvi_query_table *table) {
  sqlite3_stmt *info = NULL;
  int status = TV_OK, code;

  code = sqlite3_prepare_v2(sql, "SELECT name, type, hidden FROM pragma_table_xinfo(?1, ?2)", -1,
                            &info, NULL);
  if (code == SQLITE_OK) code = sqlite3_bind_text(info, 1, table->name, -1, SQLITE_STATIC);
  if (code == SQLITE_OK) code = sqlite3_bind_text(info, 2, table->database, -1, SQLITE_STATIC);
  while (code == SQLITE_OK || code == SQLITE_ROW) {
    tvi_query_table_column *grown;
    code = sqlite3_step(info);
    if (code != SQLITE_ROW) break;
    grown = tvi_realloc(table->column, (size_t)(table->columns + 1) * sizeof *grown);
    if (grown == NULL) {
      status = TV_ENOMEM;
      break;
    }
    table->column = grown;
    memset(&grown[table->columns], 0, sizeof *grown);
    status = catalog_row_column(sql, info, entry, table, &grown[table->columns]);
    table->columns++;
    if (status != TV_OK) break;
  }
  (void)sqlite3_finalize(info);
  return catalog_status(status, code == SQLITE_ROW ? SQLITE_DONE : code);
}

int tvi_query_table_is_large(sqlite3 *sql, const tvi_query_table *table, int *large) {
  char *text =
      sqlite3_mprintf("SELECT count(*) > %d FROM (SELECT 1 FROM \"%w\".\"%w\" LIMIT %d)",
                      TVI_QUERY_ROWS_MAX, table->database, table->name, TVI_QUERY_ROWS_MAX + 1);
  sqlite3_stmt *count = NULL;
  int code = text == NULL ? SQLITE_NOMEM : sqlite3_prepare_v2(sql, text, -1, &count, NULL);

  sqlite3_free(text);
  if (code == SQLITE_OK) code = sqlite3_step(count);
  *large = code == SQLITE_ROW ? sqlite3_column_int(count, 0) : 0;
  (void)sqlite3_finalize(count);
  return catalog_status(TV_OK, code == SQLITE_ROW ? SQLITE_DONE : code);
}

static int catalog_describe(tvi_query *query, sqlite3 *sql, tvi_conn *conn,
                            const catalog_entry *entry, tvi_query_table *table) {
  if (entry->is_view) {
    tvi_query_decline(query, "%s is a view", table->name);
    return TV_OK;
  }
  if (entry->is_virtual) table->columnar = catalog_columnar(conn, table);
  if (table->columnar != NULL) {
    if (table->columnar->utf16) tvi_query_decline(query, "the database's encoding is not UTF-8");
    return catalog_columnar_columns(table);
  }
  return catalog_row_columns(sql, entry, table);
}

int tvi_query_table_find(tvi_query *query, sqlite3 *sql, tvi_conn *conn,
                         const tvi_query_source *source, tvi_query_table *table) {
  char *name = tvi_query_unquote(query, source->name);
  char *database = tvi_query_unquote(query, source->database);
  catalog_entry entry = {0};
  int status = name == NULL || database == NULL ? TV_ENOMEM : TV_OK;

  if (status == TV_OK) {
    table->alias = source->alias.size > 0 ? tvi_query_unquote(query, source->alias) : NULL;
    if (source->alias.size > 0 && table->alias == NULL) status = TV_ENOMEM;
  }
  if (status == TV_OK) status = catalog_locate(sql, database, name, table, &entry);
  if (status == TV_OK && table->name == NULL) {
    tvi_query_decline(query, "%s is no stored table", name);
  } else if (status == TV_OK) {
    status = catalog_describe(query, sql, conn, &entry, table);
  }
  if (status == TV_ESQL) { /* what SQLite cannot say of a table, it will say when it runs */
    tvi_query_decline(query, "%s cannot be looked at: %s", name, sqlite3_errmsg(sql));
    status = TV_OK;
  }
  tvi_free(name);
  tvi_free(database);
  return status;
}
