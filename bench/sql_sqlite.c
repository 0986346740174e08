/* SPDX-License-Identifier: MIT */
/*
 * The three engines that speak through SQLite: Trivet's columnar tables, SQLite's row tables inside
 * a Trivet store, and SQLite on a file of its own. One adapter serves them, so that what differs is
 * what is measured: where the rows are.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "interrupt.h"
#include "sql_engine.h"
#include "sql_lines.h"
#include "tool_heap.h"
#include "trivet_sql.h"

struct sql_engine {
  tv_db *db; /* NULL: SQLite's own file */
  sqlite3 *sql;
  int columnar;
  char path[1100];
};

struct sql_statement {
  sqlite3_stmt *stmt;
};

static int sqlite_version(char *out, size_t size, char *why) {
  (void)why;
  snprintf(out, size, "%s", sqlite3_libversion());
  return 0;
}

static int sqlite_trivet_version(char *out, size_t size, char *why) {
  (void)why;
  snprintf(out, size, "%s", TV_VERSION_STRING);
  return 0;
}

static int sqlite_fail(const sql_engine *engine, char *why) {
  snprintf(why, SQL_WHY_BYTES, "%.240s", sqlite3_errmsg(engine->sql));
  return -1;
}

static int sqlite_run(sql_engine *engine, const char *text, char *why) {
  return sqlite3_exec(engine->sql, text, NULL, NULL, NULL) == SQLITE_OK ? 0
                                                                        : sqlite_fail(engine, why);
}

static int sqlite_interrupted(void *ctx) {
  (void)ctx;
  return interrupt_seen();
}

static void sqlite_close(sql_engine *engine) {
  tv_error err;
  sqlite3_close(engine->sql);
  if (engine->db != NULL) tv_close(engine->db, &err);
  free(engine);
}

static int sqlite_ready(sql_engine *engine, sql_engine **out) {
  sqlite3_progress_handler(engine->sql, 10000, sqlite_interrupted, NULL);
  *out = engine;
  return 0;
}

static int sqlite_open(const char *folder, sql_engine **out, char *why) {
  sql_engine *engine = heap_take(sizeof *engine);
  snprintf(engine->path, sizeof engine->path, "%s/stock.db", folder);
  if (sqlite3_open(engine->path, &engine->sql) != SQLITE_OK ||
      sqlite_run(engine,
                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                 "PRAGMA mmap_size = 68719476736; PRAGMA cache_size = -262144",
                 why) != 0) {
    sqlite_fail(engine, why);
    sqlite_close(engine);
    return -1;
  }
  return sqlite_ready(engine, out);
}

static int sqlite_open_store(sql_engine *engine, int durability, char *why) {
  tv_options options = {.durability = durability};
  tv_error err = {0};
  int status = tv_open(engine->path, &options, &engine->db, &err);
  if (status == TV_OK) status = tv_sql_open(engine->db, TV_SQL_THREAD_BOUND, &engine->sql, &err);
  if (status == TV_OK) return 0;
  snprintf(why, SQL_WHY_BYTES, "%.240s", err.message);
  return -1;
}

static int sqlite_open_trivet(const char *folder, sql_engine **out, char *why) {
  sql_engine *engine = heap_take(sizeof *engine);
  snprintf(engine->path, sizeof engine->path, "%s/store.tv", folder);
  if (sqlite_open_store(engine, TV_SYNC, why) != 0) {
    sqlite_close(engine);
    return -1;
  }
  return sqlite_ready(engine, out);
}

static int sqlite_open_columnar(const char *folder, sql_engine **out, char *why) {
  int rc = sqlite_open_trivet(folder, out, why);
  if (rc == 0) (*out)->columnar = 1;
  return rc;
}

static int sqlite_threads(sql_engine *engine, unsigned threads, char *why) {
  char text[40];
  if (!engine->columnar) return 0; /* SQLite runs a statement on one thread */
  snprintf(text, sizeof text, "PRAGMA tv_threads = %u", threads);
  return sqlite_run(engine, text, why);
}

static int sqlite_create(sql_engine *engine, const sql_table *table, char *why) {
  char text[2048];
  snprintf(text, sizeof text, "CREATE %sTABLE %s%s(%s%s%s%s)", engine->columnar ? "VIRTUAL " : "",
           table->name, engine->columnar ? " USING columnar" : "", table->columns,
           table->key != NULL ? ", PRIMARY KEY(" : "", table->key != NULL ? table->key : "",
           table->key != NULL ? ")" : "");
  /* A single INTEGER key is SQLite's rowid when it is declared at its column or as here. */
  return sqlite_run(engine, text, why);
}

/* ---- Loading ---- */

static int sqlite_insert(sql_engine *engine, const sql_table *table, sqlite3_stmt **out,
                         char *why) {
  char text[512];
  size_t size;
  const char *at;
  int i, columns = 1;
  for (at = table->columns; *at != '\0'; at++) columns += *at == ',';
  size = (size_t)snprintf(text, sizeof text, "INSERT INTO %s VALUES(?", table->name);
  for (i = 1; i < columns && size < sizeof text - 4; i++) {
    memcpy(text + size, ",?", 2);
    size += 2;
  }
  memcpy(text + size, ")", 2);
  return sqlite3_prepare_v2(engine->sql, text, -1, out, NULL) == SQLITE_OK
             ? 0
             : sqlite_fail(engine, why);
}

static int sqlite_insert_line(sqlite3_stmt *stmt, const sql_lines *lines) {
  int i, n = sqlite3_bind_parameter_count(stmt);
  for (i = 0; i < n && i < lines->fields; i++)
    sqlite3_bind_text(stmt, i + 1, lines->field[i], lines->field_size[i], SQLITE_STATIC);
  for (; i < n; i++) sqlite3_bind_null(stmt, i + 1);
  sqlite3_step(stmt);
  return sqlite3_reset(stmt);
}

static int sqlite_load_lines(sql_engine *engine, const sql_table *table, sql_lines *lines,
                             char *why) {
  sqlite3_stmt *stmt;
  int rc = sqlite_run(engine, "BEGIN", why);
  if (rc == 0) rc = sqlite_insert(engine, table, &stmt, why);
  if (rc != 0) return rc;
  while (rc == 0 && sql_lines_next(lines)) {
    if (sqlite_insert_line(stmt, lines) != SQLITE_OK) rc = sqlite_fail(engine, why);
    if (interrupt_seen()) rc = -1;
  }
  sqlite3_finalize(stmt);
  if (rc != 0) {
    sqlite3_exec(engine->sql, "ROLLBACK", NULL, NULL, NULL);
    return -1;
  }
  return sqlite_run(engine, "COMMIT", why);
}

static int sqlite_load_progress(void *ctx, uint64_t rows) {
  (void)ctx, (void)rows;
  return interrupt_seen();
}

static int sqlite_load_columnar(sql_engine *engine, const sql_table *table, const sql_lines *lines,
                                char *why) {
  tv_sql_load_options options = {
      .flags = TV_SQL_LOAD_TRAILING, .separator = '|', .progress = sqlite_load_progress};
  tv_error err = {0};
  if (tv_sql_load(engine->sql, table->name, lines->bytes, lines->size, &options, NULL, &err) ==
      TV_OK)
    return 0;
  snprintf(why, SQL_WHY_BYTES, "%.240s", err.message);
  return -1;
}

static int sqlite_load(sql_engine *engine, const sql_table *table, const char *path, char *why) {
  sql_lines lines;
  int rc = sql_lines_open(&lines, path);
  if (rc != 0) {
    snprintf(why, SQL_WHY_BYTES, "%.150s: %.80s", path, strerror(rc));
    return -1;
  }
  rc = engine->columnar ? sqlite_load_columnar(engine, table, &lines, why)
                        : sqlite_load_lines(engine, table, &lines, why);
  sql_lines_close(&lines);
  return rc;
}

static int sqlite_settle(sql_engine *engine, char *why) {
  return engine->db != NULL ? 0 : sqlite_run(engine, "PRAGMA wal_checkpoint(TRUNCATE)", why);
}

static uint64_t sqlite_bytes(sql_engine *engine) {
  struct stat st;
  return stat(engine->path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* ---- Queries ---- */

static int sqlite_prepare(sql_engine *engine, const char *text, sql_statement **out, char *why) {
  sql_statement *statement = heap_take(sizeof *statement);
  int code = engine->db != NULL ? tv_sql_prepare(engine->sql, text, -1, &statement->stmt, NULL)
                                : sqlite3_prepare_v2(engine->sql, text, -1, &statement->stmt, NULL);
  if (code != SQLITE_OK) {
    free(statement);
    return sqlite_fail(engine, why);
  }
  *out = statement;
  return 0;
}

static void sqlite_take(sqlite3_stmt *stmt, int column, sql_answer *answer) {
  const void *data;
  switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_NULL:
      sql_answer_null(answer);
      return;
    case SQLITE_INTEGER:
      sql_answer_integer(answer, sqlite3_column_int64(stmt, column));
      return;
    case SQLITE_FLOAT:
      sql_answer_real(answer, sqlite3_column_double(stmt, column));
      return;
    default:
      data = sqlite3_column_blob(stmt, column);
      sql_answer_bytes(answer, data, (size_t)sqlite3_column_bytes(stmt, column));
  }
}

static int sqlite_execute(sql_statement *statement, sql_answer *answer, char *why) {
  sqlite3_stmt *stmt = statement->stmt;
  int i, columns = sqlite3_column_count(stmt);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    for (i = 0; i < columns; i++) sqlite_take(stmt, i, answer);
    sql_answer_row(answer);
  }
  if (sqlite3_reset(stmt) == SQLITE_OK) return 0;
  snprintf(why, SQL_WHY_BYTES, "%.240s", sqlite3_errmsg(sqlite3_db_handle(stmt)));
  return -1;
}

static void sqlite_finish(sql_statement *statement) {
  sqlite3_finalize(statement->stmt);
  free(statement);
}

static int sqlite_ask(sql_engine *engine, const char *text, const int64_t *keys, size_t n,
                      uint64_t *answer, char *why) {
  sqlite3_stmt *stmt;
  size_t i;
  int code = sqlite3_prepare_v2(engine->sql, text, -1, &stmt, NULL);
  *answer = 0;
  for (i = 0; i < n && code == SQLITE_OK; i++) {
    sqlite3_bind_int64(stmt, 1, keys[i]);
    while (sqlite3_step(stmt) == SQLITE_ROW) *answer += (uint64_t)sqlite3_column_int64(stmt, 0);
    code = sqlite3_reset(stmt);
  }
  sqlite3_finalize(stmt);
  return code == SQLITE_OK ? 0 : sqlite_fail(engine, why);
}

static int sqlite_unsynced(sql_engine *engine, char *why) {
  tv_error err = {0};
  if (engine->db == NULL) return sqlite_run(engine, "PRAGMA synchronous = OFF", why);
  sqlite3_close(engine->sql);
  tv_close(engine->db, &err);
  engine->db = NULL;
  engine->sql = NULL;
  return sqlite_open_store(engine, TV_BULK, why);
}

#define SQLITE_SHARED_CALLS                                                                       \
  .close = sqlite_close, .threads = sqlite_threads, .run = sqlite_run, .create = sqlite_create,   \
  .load = sqlite_load, .settle = sqlite_settle, .bytes = sqlite_bytes, .prepare = sqlite_prepare, \
  .execute = sqlite_execute, .finish = sqlite_finish, .ask = sqlite_ask,                          \
  .unsynced = sqlite_unsynced

const sql_kind sql_kind_columnar = {
    .name = "Trivet columnar",
    .word = "columnar",
    .settings = "columnar tables in a store, tv_sql_load",
    .version = sqlite_trivet_version,
    .open = sqlite_open_columnar,
    SQLITE_SHARED_CALLS,
};

const sql_kind sql_kind_rows = {
    .name = "Trivet rows",
    .word = "rows",
    .settings = "SQLite's tables with their pages in a store, prepared INSERT, one transaction",
    .version = sqlite_trivet_version,
    .open = sqlite_open_trivet,
    SQLITE_SHARED_CALLS,
};

const sql_kind sql_kind_sqlite = {
    .name = "SQLite",
    .word = "sqlite",
    .settings =
        "a file of its own, WAL, synchronous=NORMAL, mmap_size at its limit, cache of 256 "
        "MiB, prepared INSERT, one transaction",
    .version = sqlite_version,
    .open = sqlite_open,
    SQLITE_SHARED_CALLS,
};

const sql_kind *const sql_kinds[SQL_KINDS] = {&sql_kind_columnar, &sql_kind_duckdb, &sql_kind_rows,
                                              &sql_kind_sqlite};
