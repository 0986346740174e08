/* SPDX-License-Identifier: MIT */
/*
 * A columnar table against an ordinary one: the same random statements on both, the same random
 * questions, the same answers, types included. Merges, savepoints and rollbacks come at random.
 */
#include "sql_run.h"

enum { COLUMNS_MAX = 6, TEXT_MAX = 8192 };

typedef struct world {
  sqlite3 *sql;
  uint64_t random;
  int columns;
  const char *type[COLUMNS_MAX];
  int nocase[COLUMNS_MAX];
  int has_key;
  int64_t next_id;
  int depth; /* savepoints open */
} world;

static uint64_t pick(world *w, uint64_t n) {
  return test_random(&w->random) % n;
}

static void add(char *text, const char *format, ...) {
  size_t size = strlen(text);
  va_list args;
  va_start(args, format);
  vsnprintf(text + size, TEXT_MAX - size, format, args);
  va_end(args);
}

/* ---- Values ---- */

static void add_integer(world *w, char *out) {
  static const char *const extremes[] = {"9223372036854775807", "-9223372036854775808", "0", "-1",
                                         "4294967296",          "9007199254740993"};
  switch (pick(w, 6)) {
    case 0:
      add(out, "%s", extremes[pick(w, 6)]);
      return;
    case 1:
      add(out, "%lld", (long long)(int64_t)test_random(&w->random));
      return;
    default:
      add(out, "%d", (int)pick(w, 40) - 5);
  }
}

static void add_real(world *w, char *out) {
  static const char *const extremes[] = {
      "1e300", "-1e-300", "9e999", "-9e999", "0.1", "-0.0", "9007199254740993.0", "9.3e18"};
  if (pick(w, 8) == 0)
    add(out, "%s", extremes[pick(w, 8)]);
  else
    add(out, "%d.%02d", (int)pick(w, 30) - 5, (int)pick(w, 4) * 25);
}

static void add_text(world *w, char *out) {
  static const char *const words[] = {"",
                                      "a",
                                      "A",
                                      "abc",
                                      "ABC",
                                      "abd",
                                      "b",
                                      "Zürich",
                                      "12",
                                      "12.0",
                                      "x%y",
                                      "a_c",
                                      "longer than sixteen bytes, a",
                                      "longer than sixteen bytes, b",
                                      "[x",
                                      "zz"};
  if (pick(w, 10) == 0)
    add(out, "'t%d'", (int)pick(w, 100000));
  else
    add(out, "'%s'", words[pick(w, sizeof words / sizeof words[0])]);
}

static void add_value(world *w, const char *type, char *out) {
  static const char *const blobs[] = {"x''", "x'00'", "x'00ff'", "x'616263'", "x'ffffffff'"};
  if (pick(w, 8) == 0)
    add(out, "NULL");
  else if (strcmp(type, "INTEGER") == 0)
    add_integer(w, out);
  else if (strcmp(type, "REAL") == 0)
    add_real(w, out);
  else if (strcmp(type, "DATE") == 0)
    add(out, "date('2020-01-01', '+%d days')", (int)pick(w, 60));
  else if (strcmp(type, "BLOB") == 0)
    add(out, "%s", blobs[pick(w, 5)]);
  else
    add_text(w, out);
}

/* What a column may be compared with: any type. */
static void add_other(world *w, const char *type, char *out) {
  switch (pick(w, 8)) {
    case 0:
      add_integer(w, out);
      return;
    case 1:
      add_real(w, out);
      return;
    case 2:
      add_text(w, out);
      return;
    case 3:
      add(out, "'2020-0%d'", (int)pick(w, 5));
      return;
    default:
      add_value(w, type, out);
  }
}

/* ---- Running on both ---- */

/* Replaces each @ by the table's name. */
static char *for_table(const char *text, const char *table) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  for (; *text != '\0'; text++)
    if (*text == '@')
      sqlite3_str_appendall(out, table);
    else
      sqlite3_str_appendchar(out, 1, *text);
  return sqlite3_str_finish(out);
}

static char *answer(world *w, const char *text) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  sqlite3_stmt *stmt = NULL;
  int code = sqlite3_prepare_v2(w->sql, text, -1, &stmt, NULL);
  char *result;
  while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
      int type = sqlite3_column_type(stmt, i);
      const char *value = (const char *)sqlite3_column_text(stmt, i);
      sqlite3_str_appendf(out, "%d:%s|", type, value != NULL ? value : "");
    }
    sqlite3_str_appendchar(out, 1, '\n');
    code = SQLITE_OK;
  }
  sqlite3_finalize(stmt);
  if (code != SQLITE_DONE) sqlite3_str_appendf(out, "error %d", code & 0xff);
  result = sqlite3_str_finish(out);
  return result != NULL ? result : sqlite3_mprintf("");
}

static void same(world *w, const char *text) {
  char *on_columnar = for_table(text, "c"), *on_ordinary = for_table(text, "o");
  char *got = answer(w, on_columnar), *expected = answer(w, on_ordinary);
  if (strcmp(got, expected) != 0) {
    print_message("%s\ncolumnar:\n%.2000s\nordinary:\n%.2000s\n%s\n", on_columnar, got, expected,
                  sqlite3_errmsg(w->sql));
    fail();
  }
  sqlite3_free(on_columnar);
  sqlite3_free(on_ordinary);
  sqlite3_free(got);
  sqlite3_free(expected);
}

/* ---- Tables ---- */

static void make_tables(world *w) {
  static const char *const types[] = {"INTEGER", "REAL", "TEXT", "DATE", "BLOB", "TEXT"};
  char columnar[TEXT_MAX] = "CREATE VIRTUAL TABLE c USING columnar(id INTEGER NOT NULL";
  char ordinary[TEXT_MAX] = "CREATE TABLE o(id INTEGER NOT NULL";
  w->columns = 2 + (int)pick(w, COLUMNS_MAX - 1);
  w->has_key = pick(w, 2) == 0;
  for (int i = 0; i < w->columns; i++) {
    w->type[i] = types[pick(w, 6)];
    w->nocase[i] = strcmp(w->type[i], "TEXT") == 0 && pick(w, 3) == 0;
    add(columnar, ", c%d %s%s", i, w->type[i], w->nocase[i] ? " COLLATE NOCASE" : "");
    add(ordinary, ", c%d %s%s", i, w->type[i], w->nocase[i] ? " COLLATE NOCASE" : "");
  }
  if (w->has_key) {
    add(columnar, ", PRIMARY KEY(id)");
    add(ordinary, ", UNIQUE(id)");
  }
  if (pick(w, 2) == 0)
    add(columnar, ", ORDER BY (c%d, c0)", 1 + (int)pick(w, (uint64_t)w->columns - 1));
  add(columnar, ")");
  add(ordinary, ")");
  sql_run(w->sql, columnar);
  sql_run(w->sql, ordinary);
}

static void add_condition(world *w, char *out, const char *prefix) {
  static const char *const ops[] = {"=", "<", "<=", ">", ">=", "IS", "IS NOT", "<>"};
  int c = (int)pick(w, (uint64_t)w->columns);
  const char *type = w->type[c];
  switch (pick(w, 10)) {
    case 0:
      add(out, "%sc%d IS %sNULL", prefix, c, pick(w, 2) ? "NOT " : "");
      return;
    case 1:
      add(out, "%sc%d IN (", prefix, c);
      for (uint64_t n = pick(w, 4); n > 0; n--) {
        add_other(w, type, out);
        add(out, ",");
      }
      add_value(w, type, out);
      add(out, ")");
      return;
    case 2:
      add(out, "%sc%d LIKE '%s'", prefix, c,
          (const char *[]){"a%", "A_c", "%x%", "1%", "Long%"}[pick(w, 5)]);
      return;
    case 3:
      add(out, "%sid BETWEEN %d AND %d", prefix, (int)pick(w, 2000), (int)pick(w, 12000));
      return;
    case 4:
      add(out, "%sid = %d", prefix, (int)pick(w, 3000));
      return;
    case 5:
      add(out, "%sid IN (%d, %d, 7.0, '8')", prefix, (int)pick(w, 300), (int)pick(w, 300));
      return;
    case 6:
      add(out, "(%sc%d = ", prefix, c);
      add_other(w, type, out);
      add(out, " OR %sid < %d)", prefix, (int)pick(w, 50));
      return;
    default:
      add(out, "%sc%d %s ", prefix, c, ops[pick(w, 8)]);
      add_other(w, type, out);
      if (strcmp(type, "TEXT") == 0 && pick(w, 5) == 0)
        add(out, " COLLATE %s", pick(w, 2) ? "NOCASE" : "BINARY");
  }
}

static void add_where(world *w, char *out, const char *prefix) {
  add(out, " WHERE ");
  add_condition(w, out, prefix);
  for (uint64_t n = pick(w, 3); n > 0; n--) {
    add(out, " AND ");
    add_condition(w, out, prefix);
  }
}

/* ---- Changes ---- */

static void add_row(world *w, char *out, int64_t id) {
  add(out, "(%lld", (long long)id);
  for (int i = 0; i < w->columns; i++) {
    add(out, ", ");
    add_value(w, w->type[i], out);
  }
  add(out, ")");
}

static void insert_rows(world *w) {
  static const char *const conflicts[] = {"", "", "OR REPLACE ", "OR IGNORE ", "OR FAIL "};
  char text[TEXT_MAX] = "";
  add(text, "INSERT %sINTO @ VALUES ", conflicts[pick(w, w->has_key ? 5 : 1)]);
  for (uint64_t n = 1 + pick(w, 5); n > 0; n--) {
    int64_t id = pick(w, 4) == 0 ? (int64_t)pick(w, 200) : w->next_id++;
    add_row(w, text, id);
    if (n > 1) add(text, ", ");
  }
  same(w, text);
}

/* Many rows, whose columns depend on the number in different ways. */
static void insert_bulk(world *w, int rows) {
  char text[TEXT_MAX] = "";
  add(text,
      "INSERT INTO @ WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < "
      "%d) SELECT i + %lld",
      rows, (long long)w->next_id);
  w->next_id += rows + 1;
  for (int i = 0; i < w->columns; i++) {
    unsigned mod = 1 + (unsigned)pick(w, 5000);
    if (strcmp(w->type[i], "DATE") == 0)
      add(text, ", date('2019-12-01', '+' || (i %% %u) || ' days')", mod);
    else if (strcmp(w->type[i], "TEXT") == 0)
      add(text, ", 'name' || (i * 7 %% %u)", mod);
    else if (strcmp(w->type[i], "BLOB") == 0)
      add(text, ", CAST(i %% %u AS BLOB)", mod);
    else if (strcmp(w->type[i], "REAL") == 0)
      add(text, ", iif(i %% 3 = 0, NULL, i %% %u * 0.25)", mod);
    else
      add(text, ", %s", pick(w, 2) ? "i / 100" : "(i * 7919) % 1000003 * 1000003");
  }
  add(text, " FROM s");
  same(w, text);
}

static void change_rows(world *w) {
  char text[TEXT_MAX] = "";
  if (pick(w, 3) == 0) {
    add(text, "DELETE FROM @");
  } else {
    int c = (int)pick(w, (uint64_t)w->columns);
    add(text, "UPDATE @ SET c%d = ", c);
    add_value(w, w->type[c], text);
    if (pick(w, 6) == 0) add(text, ", id = id + 1000000");
  }
  add_where(w, text, "");
  same(w, text);
}

static void move_savepoint(world *w) {
  if (w->depth == 0 || pick(w, 3) == 0) {
    if (w->depth == 4) return;
    sql_run(w->sql, "SAVEPOINT s");
    w->depth++;
  } else if (pick(w, 2) == 0) {
    sql_run(w->sql, "RELEASE s");
    w->depth--;
  } else {
    sql_run(w->sql, "ROLLBACK TO s");
  }
}

static void merge(world *w) {
  sql_run(w->sql, "INSERT INTO c(tv_command) VALUES ('merge')");
}

static void change(world *w) {
  switch (pick(w, 10)) {
    case 0:
      insert_bulk(w, 1 + (int)pick(w, 200));
      return;
    case 1:
      if (pick(w, 4) == 0) insert_bulk(w, 8192 + (int)pick(w, 3000));
      return;
    case 2:
    case 3:
      change_rows(w);
      return;
    case 4:
    case 5:
      move_savepoint(w);
      return;
    case 6:
      merge(w);
      return;
    default:
      insert_rows(w);
  }
}

/* ---- Questions ---- */

static void add_all(world *w, char *out, const char *prefix) {
  for (int i = 0; i < w->columns; i++) add(out, ", %sc%d", prefix, i);
}

static void ask(world *w) {
  char text[TEXT_MAX] = "";
  int c = (int)pick(w, (uint64_t)w->columns);
  switch (pick(w, 7)) {
    case 0:
      add(text,
          "SELECT count(*), count(c%d), min(c%d COLLATE BINARY), "
          "max(c%d COLLATE BINARY), count(DISTINCT c%d) FROM @",
          c, c, c, c);
      add_where(w, text, "");
      break;
    case 1:
      add(text, "SELECT c%d, count(*), min(id) FROM @", c);
      add_where(w, text, "");
      add(text, " GROUP BY c%d COLLATE BINARY ORDER BY 1 COLLATE BINARY, 2, 3", c);
      break;
    case 2:
      add(text, "SELECT x.id, y.id FROM @ x JOIN @ y ON x.c%d = y.c%d", c,
          (int)pick(w, (uint64_t)w->columns));
      add_where(w, text, "x.");
      add(text, " AND x.id < 60 AND y.id < 400 ORDER BY 1, 2");
      break;
    case 3:
      add(text, "SELECT count(*) FROM (SELECT 1 FROM @");
      add_where(w, text, "");
      add(text, " LIMIT %d OFFSET %d)", (int)pick(w, 50), (int)pick(w, 30));
      break;
    case 4:
      add(text, "SELECT y.id, x.id, x.c%d FROM @ y LEFT JOIN @ x ON x.id = y.id + 1 AND ", c);
      add_condition(w, text, "x.");
      add(text, " WHERE y.id < 100 ORDER BY 1, 2, 3");
      break;
    case 5:
      add(text, "SELECT DISTINCT c%d FROM @", c);
      add_where(w, text, "");
      add(text, " ORDER BY 1 COLLATE BINARY");
      if (w->nocase[c]) return; /* which spelling stands for the others is nobody's promise */
      break;
    default:
      add(text, "SELECT id");
      add_all(w, text, "");
      add(text, " FROM @");
      add_where(w, text, "");
      add(text, " ORDER BY 1");
      for (int i = 0; i < w->columns; i++) add(text, ", %d COLLATE BINARY", i + 2);
  }
  same(w, text);
}

static void run_world(uint64_t seed) {
  tv_db *db = test_open_memory();
  world w = {.sql = sql_open(db, 0), .random = seed, .next_id = 1};
  make_tables(&w);
  for (int step = 0; step < 60; step++) {
    change(&w);
    for (int i = 0; i < 3; i++) ask(&w);
  }
  while (w.depth-- > 0) sql_run(w.sql, "RELEASE s");
  merge(&w);
  for (int i = 0; i < 10; i++) ask(&w);
  sql_close(w.sql);
  test_close(db);
}

static void a_columnar_table_answers_as_an_ordinary_one(void **state) {
  uint64_t seed = test_seed();
  (void)state;
  for (int i = 0; i < 12; i++) run_world(seed + (uint64_t)i * 1000003);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_columnar_table_answers_as_an_ordinary_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
