/* SPDX-License-Identifier: MIT */
/*
 * DuckDB by its stable C API, loaded when it is asked for. Results are read chunk by chunk from its
 * vectors, which is how its manual says to read them fast; its row-at-a-time calls are deprecated.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peer_library.h"
#include "sql_engine.h"
#include "tool_heap.h"

/* Of duckdb.h, as far as it is used: these are fixed by its promise of a stable API. */
typedef struct duckdb_answer {
  uint64_t columns, rows, changed;
  void *deprecated;
  char *message;
  void *internal;
} duckdb_answer;

typedef enum duckdb_kind {
  DUCKDB_BOOLEAN = 1,
  DUCKDB_TINYINT,
  DUCKDB_SMALLINT,
  DUCKDB_INTEGER,
  DUCKDB_BIGINT,
  DUCKDB_UTINYINT,
  DUCKDB_USMALLINT,
  DUCKDB_UINTEGER,
  DUCKDB_UBIGINT,
  DUCKDB_FLOAT,
  DUCKDB_DOUBLE,
  DUCKDB_DATE = 13,
  DUCKDB_HUGEINT = 16,
  DUCKDB_VARCHAR = 17,
  DUCKDB_BLOB = 18,
  DUCKDB_DECIMAL = 19
} duckdb_kind;

typedef struct duckdb_calls {
  int (*open_ext)(const char *path, void **database, void *config, char **message);
  int (*connect)(void *database, void **connection);
  void (*disconnect)(void **connection);
  void (*close)(void **database);
  int (*create_config)(void **config);
  int (*set_config)(void *config, const char *name, const char *value);
  void (*destroy_config)(void **config);
  int (*query)(void *connection, const char *text, duckdb_answer *answer);
  void (*destroy_result)(duckdb_answer *answer);
  const char *(*result_error)(duckdb_answer *answer);
  int (*prepare)(void *connection, const char *text, void **statement);
  const char *(*prepare_error)(void *statement);
  int (*execute_prepared)(void *statement, duckdb_answer *answer);
  void (*destroy_prepare)(void **statement);
  void *(*fetch_chunk)(duckdb_answer answer);
  void (*destroy_data_chunk)(void **chunk);
  uint64_t (*column_count)(duckdb_answer *answer);
  int (*column_type)(duckdb_answer *answer, uint64_t column);
  void *(*column_logical_type)(duckdb_answer *answer, uint64_t column);
  void (*destroy_logical_type)(void **type);
  uint8_t (*decimal_scale)(void *type);
  int (*decimal_internal_type)(void *type);
  uint64_t (*chunk_size)(void *chunk);
  void *(*chunk_vector)(void *chunk, uint64_t column);
  void *(*vector_data)(void *vector);
  uint64_t *(*vector_validity)(void *vector);
  const char *(*library_version)(void);
} duckdb_calls;

static duckdb_calls duckdb;

#define DUCKDB_CALL(name, field) \
  { "duckdb_" name, offsetof(duckdb_calls, field) }
static const peer_symbol duckdb_symbols[] = {
    DUCKDB_CALL("open_ext", open_ext),
    DUCKDB_CALL("connect", connect),
    DUCKDB_CALL("disconnect", disconnect),
    DUCKDB_CALL("close", close),
    DUCKDB_CALL("create_config", create_config),
    DUCKDB_CALL("set_config", set_config),
    DUCKDB_CALL("destroy_config", destroy_config),
    DUCKDB_CALL("query", query),
    DUCKDB_CALL("destroy_result", destroy_result),
    DUCKDB_CALL("result_error", result_error),
    DUCKDB_CALL("prepare", prepare),
    DUCKDB_CALL("prepare_error", prepare_error),
    DUCKDB_CALL("execute_prepared", execute_prepared),
    DUCKDB_CALL("destroy_prepare", destroy_prepare),
    DUCKDB_CALL("fetch_chunk", fetch_chunk),
    DUCKDB_CALL("destroy_data_chunk", destroy_data_chunk),
    DUCKDB_CALL("column_count", column_count),
    DUCKDB_CALL("column_type", column_type),
    DUCKDB_CALL("column_logical_type", column_logical_type),
    DUCKDB_CALL("destroy_logical_type", destroy_logical_type),
    DUCKDB_CALL("decimal_scale", decimal_scale),
    DUCKDB_CALL("decimal_internal_type", decimal_internal_type),
    DUCKDB_CALL("data_chunk_get_size", chunk_size),
    DUCKDB_CALL("data_chunk_get_vector", chunk_vector),
    DUCKDB_CALL("vector_get_data", vector_data),
    DUCKDB_CALL("vector_get_validity", vector_validity),
    DUCKDB_CALL("library_version", library_version),
};

/* make deps-peers puts it beside the program; a packaged one is found as any library is. */
static char duckdb_beside[600];
static const char *const duckdb_files[] = {duckdb_beside, "build/peers/libduckdb.so",
                                           "libduckdb.so", NULL};
static peer_library duckdb_library = {
    .files = duckdb_files,
    .symbols = duckdb_symbols,
    .symbols_n = sizeof duckdb_symbols / sizeof duckdb_symbols[0],
    .calls = &duckdb,
};

static int duckdb_find(char *why) {
  static const char name[] = "peers/libduckdb.so";
  ssize_t size = readlink("/proc/self/exe", duckdb_beside, sizeof duckdb_beside - sizeof name);
  while (size > 0 && duckdb_beside[size - 1] != '/') size--;
  memcpy(duckdb_beside + (size > 0 ? size : 0), name, sizeof name);
  return peer_library_load(&duckdb_library, why, SQL_WHY_BYTES);
}

struct sql_engine {
  void *database, *connection;
  char path[1100];
};

struct sql_statement {
  sql_engine *engine;
  void *prepared;
};

static int duckdb_version(char *out, size_t size, char *why) {
  if (duckdb_find(why) != 0) return -1;
  snprintf(out, size, "%s", duckdb.library_version());
  return 0;
}

static int duckdb_fail(char *why, const char *message) {
  snprintf(why, SQL_WHY_BYTES, "%.240s", message != NULL ? message : "no reason given");
  return -1;
}

static int duckdb_run(sql_engine *engine, const char *text, char *why) {
  duckdb_answer answer;
  int rc = duckdb.query(engine->connection, text, &answer);
  if (rc != 0) duckdb_fail(why, duckdb.result_error(&answer));
  duckdb.destroy_result(&answer);
  return rc != 0 ? -1 : 0;
}

static void duckdb_close(sql_engine *engine) {
  if (engine->connection != NULL) duckdb.disconnect(&engine->connection);
  if (engine->database != NULL) duckdb.close(&engine->database);
  free(engine);
}

static int duckdb_open(const char *folder, sql_engine **out, char *why) {
  sql_engine *engine;
  char *message = NULL;
  void *config = NULL;
  if (duckdb_find(why) != 0) return -1;
  engine = heap_take(sizeof *engine);
  snprintf(engine->path, sizeof engine->path, "%s/duck.db", folder);
  if (duckdb.create_config(&config) != 0 || duckdb.set_config(config, "threads", "1") != 0 ||
      duckdb.open_ext(engine->path, &engine->database, config, &message) != 0 ||
      duckdb.connect(engine->database, &engine->connection) != 0) {
    duckdb_fail(why, message);
    duckdb.destroy_config(&config);
    duckdb_close(engine);
    return -1;
  }
  duckdb.destroy_config(&config);
  *out = engine;
  return 0;
}

static int duckdb_threads(sql_engine *engine, unsigned threads, char *why) {
  char text[40];
  snprintf(text, sizeof text, "SET threads = %u", threads);
  return duckdb_run(engine, text, why);
}

static int duckdb_create(sql_engine *engine, const sql_table *table, char *why) {
  char text[2048];
  snprintf(text, sizeof text, "CREATE TABLE %s(%s%s%s%s)", table->name, table->columns,
           table->key != NULL ? ", PRIMARY KEY(" : "", table->key != NULL ? table->key : "",
           table->key != NULL ? ")" : "");
  return duckdb_run(engine, text, why);
}

static int duckdb_load(sql_engine *engine, const sql_table *table, const char *path, char *why) {
  char text[2048];
  snprintf(text, sizeof text, "COPY %s FROM '%s' (DELIMITER '|', HEADER false)", table->name, path);
  return duckdb_run(engine, text, why);
}

static int duckdb_settle(sql_engine *engine, char *why) {
  return duckdb_run(engine, "CHECKPOINT", why);
}

static uint64_t duckdb_bytes(sql_engine *engine) {
  struct stat st;
  return stat(engine->path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static int duckdb_prepare(sql_engine *engine, const char *text, sql_statement **out, char *why) {
  sql_statement *statement = heap_take(sizeof *statement);
  statement->engine = engine;
  if (duckdb.prepare(engine->connection, text, &statement->prepared) != 0) {
    duckdb_fail(why, duckdb.prepare_error(statement->prepared));
    duckdb.destroy_prepare(&statement->prepared);
    free(statement);
    return -1;
  }
  *out = statement;
  return 0;
}

static void duckdb_finish(sql_statement *statement) {
  duckdb.destroy_prepare(&statement->prepared);
  free(statement);
}

/* ---- Reading vectors ---- */

typedef struct duckdb_column {
  int kind, scale; /* scale: of a decimal, whose values are of `kind`; else 0 */
  const unsigned char *data;
  const uint64_t *valid;
} duckdb_column;

static void duckdb_describe(duckdb_answer *answer, uint64_t i, duckdb_column *column) {
  void *type;
  column->kind = duckdb.column_type(answer, i);
  column->scale = 0;
  if (column->kind != DUCKDB_DECIMAL) return;
  type = duckdb.column_logical_type(answer, i);
  column->kind = duckdb.decimal_internal_type(type);
  column->scale = duckdb.decimal_scale(type);
  duckdb.destroy_logical_type(&type);
}

/* A whole number of up to eight bytes. */
static int64_t duckdb_whole(const duckdb_column *c, uint64_t row) {
  switch (c->kind) {
    case DUCKDB_BOOLEAN:
    case DUCKDB_UTINYINT:
      return c->data[row];
    case DUCKDB_TINYINT:
      return (int8_t)c->data[row];
    case DUCKDB_SMALLINT:
      return ((const int16_t *)(const void *)c->data)[row];
    case DUCKDB_USMALLINT:
      return ((const uint16_t *)(const void *)c->data)[row];
    case DUCKDB_INTEGER:
      return ((const int32_t *)(const void *)c->data)[row];
    case DUCKDB_UINTEGER:
      return ((const uint32_t *)(const void *)c->data)[row];
    default:
      return ((const int64_t *)(const void *)c->data)[row];
  }
}

/* Sixteen bytes, low half first; beyond 64 bits it is shown as a real. */
static void duckdb_take_huge(const duckdb_column *c, uint64_t row, sql_answer *answer) {
  const uint64_t *half = (const uint64_t *)(const void *)c->data + 2 * row;
  int64_t high = (int64_t)half[1];
  if (high == ((int64_t)half[0] < 0 ? -1 : 0))
    sql_answer_integer(answer, (int64_t)half[0]);
  else
    sql_answer_real(answer, (double)high * 18446744073709551616.0 + (double)half[0]);
}

static void duckdb_take_text(const duckdb_column *c, uint64_t row, sql_answer *answer) {
  const unsigned char *entry = c->data + 16 * row; /* length, then bytes or, behind 4, a pointer */
  const char *far;
  uint32_t size;
  memcpy(&size, entry, sizeof size);
  memcpy(&far, entry + 8, sizeof far);
  sql_answer_bytes(answer, size <= 12 ? (const void *)(entry + 4) : far, size);
}

/* Days since 1970 as SQLite's text has them. */
static void duckdb_take_date(const duckdb_column *c, uint64_t row, sql_answer *answer) {
  int64_t days = duckdb_whole(&(duckdb_column){DUCKDB_INTEGER, 0, c->data, NULL}, row) + 719468;
  int64_t era = (days >= 0 ? days : days - 146096) / 146097, in_era = days - era * 146097;
  int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  int64_t in_year = in_era - (365 * y + y / 4 - y / 100), month = (5 * in_year + 2) / 153;
  char text[64];
  int64_t shown = month < 10 ? month + 3 : month - 9;
  int size = snprintf(text, sizeof text, "%04" PRId64 "-%02" PRId64 "-%02" PRId64,
                      y + era * 400 + (shown <= 2), shown, in_year - (153 * month + 2) / 5 + 1);
  sql_answer_bytes(answer, text, (size_t)size);
}

static int duckdb_take(const duckdb_column *c, uint64_t row, sql_answer *answer, char *why) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                  1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
  if (c->valid != NULL && (c->valid[row / 64] >> (row % 64) & 1) == 0) {
    sql_answer_null(answer);
  } else if (c->scale > 0 && c->scale <= 18 && c->kind != DUCKDB_HUGEINT) {
    sql_answer_real(answer, (double)duckdb_whole(c, row) / powers[c->scale]);
  } else if (c->kind >= DUCKDB_BOOLEAN && c->kind <= DUCKDB_UBIGINT) {
    sql_answer_integer(answer, duckdb_whole(c, row));
  } else if (c->kind == DUCKDB_HUGEINT && c->scale == 0) {
    duckdb_take_huge(c, row, answer);
  } else if (c->kind == DUCKDB_DOUBLE) {
    sql_answer_real(answer, ((const double *)(const void *)c->data)[row]);
  } else if (c->kind == DUCKDB_FLOAT) {
    sql_answer_real(answer, (double)((const float *)(const void *)c->data)[row]);
  } else if (c->kind == DUCKDB_VARCHAR || c->kind == DUCKDB_BLOB) {
    duckdb_take_text(c, row, answer);
  } else if (c->kind == DUCKDB_DATE) {
    duckdb_take_date(c, row, answer);
  } else {
    snprintf(why, SQL_WHY_BYTES, "a column of DuckDB's type %d, which is not compared", c->kind);
    return -1;
  }
  return 0;
}

static int duckdb_read(duckdb_answer *result, sql_answer *answer, char *why) {
  uint64_t columns = duckdb.column_count(result), i, row;
  duckdb_column *column = heap_take((size_t)(columns + 1) * sizeof *column);
  void *chunk;
  int rc = 0;
  for (i = 0; i < columns; i++) duckdb_describe(result, i, &column[i]);
  while (rc == 0 && (chunk = duckdb.fetch_chunk(*result)) != NULL) {
    uint64_t rows = duckdb.chunk_size(chunk);
    for (i = 0; i < columns; i++) {
      void *vector = duckdb.chunk_vector(chunk, i);
      column[i].data = duckdb.vector_data(vector);
      column[i].valid = duckdb.vector_validity(vector);
    }
    for (row = 0; row < rows && rc == 0; row++) {
      for (i = 0; i < columns && rc == 0; i++) rc = duckdb_take(&column[i], row, answer, why);
      sql_answer_row(answer);
    }
    duckdb.destroy_data_chunk(&chunk);
  }
  free(column);
  return rc;
}

static int duckdb_execute(sql_statement *statement, sql_answer *answer, char *why) {
  duckdb_answer result;
  int rc = duckdb.execute_prepared(statement->prepared, &result);
  if (rc != 0)
    rc = duckdb_fail(why, duckdb.result_error(&result));
  else
    rc = duckdb_read(&result, answer, why);
  duckdb.destroy_result(&result);
  return rc;
}

const sql_kind sql_kind_duckdb = {
    .name = "DuckDB",
    .word = "duckdb",
    .settings = "a file, COPY, CHECKPOINT, prepared statements, answers read from its vectors",
    .version = duckdb_version,
    .open = duckdb_open,
    .close = duckdb_close,
    .threads = duckdb_threads,
    .run = duckdb_run,
    .create = duckdb_create,
    .load = duckdb_load,
    .settle = duckdb_settle,
    .bytes = duckdb_bytes,
    .prepare = duckdb_prepare,
    .execute = duckdb_execute,
    .finish = duckdb_finish,
};
