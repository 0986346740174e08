/* SPDX-License-Identifier: MIT */
#include "random_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"

uint64_t world_pick(world *w, uint64_t n) {
  return test_random(&w->random) % n;
}

/* ---- Literals ---- */

static void literal_integer(world *w, int wild, char *out) {
  static const char *const extremes[] = {"9223372036854775807",
                                         "-9223372036854775808",
                                         "-9223372036854775807",
                                         "4294967296",
                                         "-2147483649",
                                         "9007199254740993",
                                         "0",
                                         "-1"};
  if (wild && world_pick(w, 3) == 0)
    snprintf(out, WORLD_LITERAL_BYTES, "%s", extremes[world_pick(w, 8)]);
  else if (wild)
    snprintf(out, WORLD_LITERAL_BYTES, "%lld",
             (long long)((int64_t)test_random(&w->random) >> world_pick(w, 60)));
  else
    snprintf(out, WORLD_LITERAL_BYTES, "%d", (int)world_pick(w, world_pick(w, 4) ? 12 : 2000) - 4);
}

static void literal_real(world *w, int wild, char *out) {
  static const char *const extremes[] = {
      "1e300", "-1e300", "9e999", "-9e999", "1e-300", "0.1", "9007199254740993.0", "9.3e18"};
  if (wild && world_pick(w, 3) == 0)
    snprintf(out, WORLD_LITERAL_BYTES, "%s", extremes[world_pick(w, 8)]);
  else if (wild)
    snprintf(out, WORLD_LITERAL_BYTES, "%.6g", ((double)world_pick(w, 2000000) - 1e6) / 977);
  else
    snprintf(out, WORLD_LITERAL_BYTES, "%d.%02d", (int)world_pick(w, 60) - 20,
             (int)world_pick(w, 4) * 25);
}

static void literal_text(world *w, char *out) {
  static const char *const words[] = {"",       "a",
                                      "A",      "abc",
                                      "ABC",    "abd",
                                      "b",      "B",
                                      "Zürich", "12",
                                      "12.0",   " 7",
                                      "-3",     "1e2",
                                      "0",      "x%y",
                                      "a_c",    "longer than sixteen bytes, a",
                                      "zz",     "longer than sixteen bytes, b",
                                      "it''s",  "Abc",
                                      "éa",     "ab"};
  if (world_pick(w, 8) == 0)
    snprintf(out, WORLD_LITERAL_BYTES, "'t%d'", (int)world_pick(w, 3000));
  else
    snprintf(out, WORLD_LITERAL_BYTES, "'%s'", words[world_pick(w, sizeof words / sizeof *words)]);
}

void world_literal(world *w, world_type type, char *out) {
  static const char *const blobs[] = {"x''", "x'00'", "x'00ff'", "x'616263'", "x'ffffffff'"};
  switch (type) {
    case WORLD_ID:
    case WORLD_REF:
    case WORLD_INT:
      literal_integer(w, 0, out);
      return;
    case WORLD_INT_WILD:
      literal_integer(w, 1, out);
      return;
    case WORLD_REAL:
    case WORLD_REAL_WILD:
      literal_real(w, type == WORLD_REAL_WILD, out);
      return;
    case WORLD_DATE:
      snprintf(out, WORLD_LITERAL_BYTES, "'%d-%02d-%02d'", 1998 + (int)world_pick(w, 3),
               1 + (int)world_pick(w, 12), 1 + (int)world_pick(w, 28));
      return;
    case WORLD_BLOB:
      snprintf(out, WORLD_LITERAL_BYTES, "%s", blobs[world_pick(w, 5)]);
      return;
    default:
      literal_text(w, out);
  }
}

/* ---- Making ---- */

static void *world_room(void *old, size_t bytes) {
  void *room = realloc(old, bytes);
  assert_non_null(room);
  return room;
}

static const char *world_copy(const char *text) {
  return strcpy(world_room(NULL, strlen(text) + 1), text);
}

static void world_columns(world *w, int t) {
  static const world_type types[] = {WORLD_INT,  WORLD_INT,  WORLD_REAL,      WORLD_TEXT,
                                     WORLD_TEXT, WORLD_DATE, WORLD_INT_WILD,  WORLD_NOCASE,
                                     WORLD_INT,  WORLD_TEXT, WORLD_REAL_WILD, WORLD_BLOB};
  world_table *table = &w->table[t];
  int i, refs = t == 0 ? w->tables - 1 : 0;
  snprintf(table->name, sizeof table->name, "t%d", t);
  table->columns = 1 + refs + 2 + (int)world_pick(w, 3);
  for (i = 0; i < table->columns; i++) {
    world_column *c = &table->column[i];
    memset(c, 0, sizeof *c);
    snprintf(c->name, sizeof c->name, "%c%d", 'a' + i, t);
    c->type = i == 0 ? WORLD_ID : i <= refs ? WORLD_REF : types[world_pick(w, 12)];
    c->target = i;
  }
}

static const char *world_cell(world *w, const world_table *table, int column, size_t row,
                              int nulls) {
  const world_column *c = &table->column[column];
  char text[WORLD_LITERAL_BYTES];
  if (c->type == WORLD_ID) {
    snprintf(text, sizeof text, "%d", (int)row * 2 + (int)(row % 3 == 0));
  } else if (world_pick(w, 8) == 0 && nulls) {
    snprintf(text, sizeof text, "NULL");
  } else if (c->type == WORLD_REF) {
    const world_table *target = &w->table[c->target];
    size_t n = target->n;
    if (n == 0 || world_pick(w, 10) == 0)
      snprintf(text, sizeof text, "%d", (int)world_pick(w, 100));
    else
      return world_copy(target->rows[world_pick(w, n)].cells[0]);
  } else {
    world_literal(w, c->type, text);
  }
  return world_copy(text);
}

static const char **world_cells(world *w, const world_table *table, size_t row, int nulls) {
  const char **cells = world_room(NULL, WORLD_COLUMNS_MAX * sizeof *cells);
  int i;
  for (i = 0; i < table->columns; i++) cells[i] = world_cell(w, table, i, row, nulls);
  return cells;
}

static size_t world_count(world *w, int t, int size) {
  if (t > 0) return world_pick(w, 12) == 0 ? 0 : 1 + world_pick(w, size > 0 ? 60 : 25);
  if (size == 2) return 66000 + world_pick(w, 3000);
  if (size == 1) return 900 + world_pick(w, 2500);
  return world_pick(w, 25) == 0 ? 0 : 1 + world_pick(w, world_pick(w, 3) == 0 ? 300 : 40);
}

static void world_rows(world *w, int t, int size) {
  world_table *table = &w->table[t];
  int nulls = world_pick(w, 4) != 0, late = world_pick(w, 4) != 0;
  int changes = table->columnar && world_pick(w, 3) == 0;
  size_t i, count = world_count(w, t, size);
  uint64_t rare = count < 400 ? 9 : count / 40; /* each change is a scan */
  table->rows = world_room(NULL, (count + 1) * sizeof *table->rows);
  table->n = 0;
  for (i = 0; i < count; i++) {
    world_row *row = &table->rows[i];
    memset(row, 0, sizeof *row);
    row->cells = world_cells(w, table, i, nulls);
    row->late = late && i >= count - count / 5;
    if (changes && world_pick(w, rare) == 0) row->deleted = 1;
    if (changes && world_pick(w, rare) == 0) row->old = world_cells(w, table, i, nulls);
    table->n++;
  }
}

void world_make(world *w, uint64_t seed, int size) {
  int t;
  memset(w, 0, sizeof *w);
  w->random = seed;
  w->tables = size == 2 ? 2 : 1 + (int)world_pick(w, WORLD_TABLES_MAX);
  w->open = world_pick(w, 4) == 0;
  for (t = w->tables - 1; t >= 0; t--) { /* what is referred to comes first */
    world_table *table = &w->table[t];
    world_columns(w, t);
    table->columnar = t == 0 || world_pick(w, 3) != 0;
    table->merged = world_pick(w, 4) != 0;
    table->sorted = world_pick(w, 3) == 0;
    world_rows(w, t, size);
  }
}

static void world_cells_free(const world_table *table, const char **cells) {
  int i;
  if (cells == NULL) return;
  for (i = 0; i < table->columns; i++) free((char *)(uintptr_t)cells[i]);
  free(cells);
}

void world_free(world *w) {
  int t;
  for (t = 0; t < w->tables; t++) {
    world_table *table = &w->table[t];
    size_t i;
    for (i = 0; i < table->n; i++) {
      world_cells_free(table, table->rows[i].cells);
      world_cells_free(table, table->rows[i].old);
    }
    free(table->rows);
    table->rows = NULL;
    table->n = 0;
  }
}

/* ---- Building ---- */

/* Statements go to a database, or to the screen. */
typedef struct world_target {
  sqlite3 *sql; /* NULL: print */
  int code;
  sqlite3_str *batch;
  int batched;
} world_target;

static void target_run(world_target *target, const char *text) {
  if (target->code != SQLITE_OK) return;
  if (target->sql == NULL) {
    print_message("%s;\n", text);
    return;
  }
  target->code = sqlite3_exec(target->sql, text, NULL, NULL, NULL);
  if (target->code != SQLITE_OK) print_message("%.300s: %s\n", text, sqlite3_errmsg(target->sql));
}

static void target_format(world_target *target, const char *format, ...) {
  va_list args;
  char *text;
  va_start(args, format);
  text = sqlite3_vmprintf(format, args);
  va_end(args);
  assert_non_null(text);
  target_run(target, text);
  sqlite3_free(text);
}

static void target_flush(world_target *target) {
  char *text;
  if (target->batch == NULL) return;
  text = sqlite3_str_finish(target->batch);
  target->batch = NULL;
  assert_non_null(text);
  target_run(target, text);
  sqlite3_free(text);
}

static void target_values(sqlite3_str *out, const world_table *table, const char **cells) {
  int i, first = 1;
  for (i = 0; i < table->columns; i++) {
    if (table->column[i].dropped) continue;
    sqlite3_str_appendf(out, "%s%s", first ? "(" : ", ", cells[i]);
    first = 0;
  }
  sqlite3_str_appendall(out, ")");
}

static void target_row(world_target *target, const world_table *table, const char **cells) {
  if (target->batch == NULL) {
    target->batch = sqlite3_str_new(NULL);
    target->batched = 0;
    sqlite3_str_appendf(target->batch, "INSERT INTO %s VALUES ", table->name);
  }
  if (target->batched++ > 0) sqlite3_str_appendall(target->batch, ", ");
  target_values(target->batch, table, cells);
  /* Lines that are shown must not be cut. */
  if (target->batched == (target->sql == NULL ? 10 : 200)) target_flush(target);
}

static const char *world_type_name(world_type type) {
  static const char *const names[] = {"INTEGER", "INTEGER", "INTEGER", "INTEGER",
                                      "REAL",    "REAL",    "TEXT",    "TEXT COLLATE NOCASE",
                                      "DATE",    "BLOB"};
  return names[type];
}

static void target_create(world_target *target, const world_table *table, int columnar) {
  sqlite3_str *text = sqlite3_str_new(NULL);
  char *whole;
  int i, first = 1;
  sqlite3_str_appendf(text, columnar ? "CREATE VIRTUAL TABLE %s USING columnar" : "CREATE TABLE %s",
                      table->name);
  for (i = 0; i < table->columns; i++) {
    const world_column *c = &table->column[i];
    if (c->dropped) continue;
    sqlite3_str_appendf(text, "%s%s %s", first ? "(" : ", ", c->name, world_type_name(c->type));
    first = 0;
  }
  if (columnar && table->sorted && !table->column[1].dropped)
    sqlite3_str_appendf(text, ", ORDER BY (%s)", table->column[1].name);
  sqlite3_str_appendall(text, ")");
  whole = sqlite3_str_finish(text);
  assert_non_null(whole);
  target_run(target, whole);
  sqlite3_free(whole);
}

static void target_insert(world_target *target, const world_table *table, int late) {
  size_t i;
  for (i = 0; i < table->n; i++)
    if (table->rows[i].late == late)
      target_row(target, table,
                 table->rows[i].old != NULL ? table->rows[i].old : table->rows[i].cells);
  target_flush(target);
}

static void target_change(world_target *target, const world_table *table) {
  size_t i;
  int c;
  for (i = 0; i < table->n; i++) {
    const world_row *row = &table->rows[i];
    for (c = 1; row->old != NULL && c < table->columns; c++)
      if (!table->column[c].dropped)
        target_format(target, "UPDATE %s SET %s = %s WHERE %s = %s", table->name,
                      table->column[c].name, row->cells[c], table->column[0].name, row->cells[0]);
    if (row->deleted)
      target_format(target, "DELETE FROM %s WHERE %s = %s", table->name, table->column[0].name,
                    row->cells[0]);
  }
}

static int world_build_into(const world *w, world_target *target) {
  int t;
  target_run(target, "BEGIN");
  for (t = 0; t < w->tables; t++) {
    target_create(target, &w->table[t], w->table[t].columnar);
    target_insert(target, &w->table[t], 0);
  }
  target_run(target, "COMMIT");
  for (t = 0; t < w->tables; t++)
    if (w->table[t].columnar && w->table[t].merged)
      target_format(target, "INSERT INTO %s(tv_command) VALUES ('merge')", w->table[t].name);
  target_run(target, "BEGIN");
  for (t = 0; t < w->tables; t++) {
    target_insert(target, &w->table[t], 1);
    target_change(target, &w->table[t]);
  }
  if (!w->open) target_run(target, "COMMIT");
  return target->code;
}

int world_build(const world *w, sqlite3 *sql) {
  world_target target = {.sql = sql};
  return world_build_into(w, &target);
}

void world_show(const world *w) {
  world_target target = {.sql = NULL};
  world_build_into(w, &target);
}

int world_build_plain(const world *w, sqlite3 *sql, int backwards) {
  world_target target = {.sql = sql};
  int t;
  target_run(&target, "BEGIN");
  for (t = 0; t < w->tables; t++) {
    const world_table *table = &w->table[t];
    size_t i;
    target_create(&target, table, 0);
    for (i = 0; i < table->n; i++) {
      const world_row *row = &table->rows[backwards ? table->n - 1 - i : i];
      if (!row->deleted) target_row(&target, table, row->cells);
    }
    target_flush(&target);
  }
  target_run(&target, "COMMIT");
  return target.code;
}
