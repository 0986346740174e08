/* SPDX-License-Identifier: MIT */
/* Answers of the executor against those of SQLite over the same tables: rows and the types of their
 * values. Comparisons are tried with every kind of operand on both sides, since affinity and
 * collation depend on where an operand comes from. */
#include "sql_answer.h"

static int open_tables(void **state) {
  fixture *f;
  if (open_store(state) != 0) return 1;
  f = *state;
  answer_is(
      f->sql,
      "PRAGMA tv_executor = on;"
      "CREATE VIRTUAL TABLE c USING columnar(i INTEGER, r REAL, s TEXT, n TEXT COLLATE NOCASE, "
      "d DATE, b BLOB);"
      "INSERT INTO c VALUES(1, 1.0, '1', 'one', '2020-01-01', x'31'), (5, 5.5, '5.0', 'ONE', "
      "'2020-02-29', x''), (NULL, NULL, NULL, NULL, NULL, NULL), (-7, 1e300, ' 5', 'Two', "
      "'0001-01-01', x'00ff'), (9223372036854775807, -0.5, 'abc', '', '9999-12-31', x'616263'), "
      "(-9223372036854775808, 5.0, '', 'b', '2020-01-02', x'35'), (0, 0.0, '1e1', 'B', "
      "'2020-01-01', x'3130'), (10, 10.0, 'ABC', 'abc', NULL, NULL), (5, NULL, 'x%y_z', 'ten', "
      "'1970-01-01', x'78'), (2, 2.25, '05', '5', '2024-12-31', x'3035');"
      "CREATE TABLE r(k INTEGER PRIMARY KEY, ti INT, tr REAL, tt TEXT, tn NUMERIC, tb BLOB, "
      "tx, tc TEXT COLLATE NOCASE);"
      "INSERT INTO r VALUES(1, 1, 1, 1, 1, 1, 1, 'one'), (5, '5', '5', '5', '5', '5', '5', 'b'), "
      "(7, 'abc', 'abc', 'abc', 'abc', 'abc', 'abc', 'ABC'), (8, NULL, NULL, NULL, NULL, NULL, "
      "NULL, NULL), (9, 5.5, 5.5, 5.5, 5.5, 5.5, 5.5, '5.5'), (10, x'35', x'35', x'35', x'35', "
      "x'35', x'35', 'TEN'), (11, 10, 10, '10', '1e1', '1e1', 10.0, 'ten');"
      "CREATE VIRTUAL TABLE big USING columnar(id INTEGER, g INTEGER, word TEXT, x REAL, "
      "PRIMARY KEY(id));"
      "INSERT INTO big WITH RECURSIVE q(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM q WHERE i < "
      "3000) SELECT i, nullif(i % 11, 3), 'w' || (i % 17), iif(i % 13, i * 0.25, NULL) FROM q;"
      "DELETE FROM big WHERE id % 50 = 0; UPDATE big SET x = -1 WHERE id % 77 = 0",
      "on");
  return 0;
}

/* ---- Answers ---- */

typedef struct lines {
  char **line;
  int count;
} lines;

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A row as a line that tells types apart. */
static char *row_text(sqlite3_stmt *s) {
  sqlite3_str *text = sqlite3_str_new(NULL);
  int i;
  for (i = 0; i < sqlite3_column_count(s); i++) {
    const unsigned char *blob;
    int j;
    switch (sqlite3_column_type(s, i)) {
      case SQLITE_INTEGER:
        sqlite3_str_appendf(text, "i%lld|", sqlite3_column_int64(s, i));
        break;
      case SQLITE_FLOAT: /* sums of reals may be added in another order */
        sqlite3_str_appendf(text, "r%.12g|", sqlite3_column_double(s, i));
        break;
      case SQLITE_TEXT:
        sqlite3_str_appendf(text, "t%s|", sqlite3_column_text(s, i));
        break;
      case SQLITE_BLOB:
        blob = sqlite3_column_blob(s, i);
        sqlite3_str_appendall(text, "x");
        for (j = 0; j < sqlite3_column_bytes(s, i); j++) sqlite3_str_appendf(text, "%02x", blob[j]);
        sqlite3_str_appendall(text, "|");
        break;
      default:
        sqlite3_str_appendall(text, "null|");
    }
  }
  return sqlite3_str_finish(text);
}

static lines collect(sqlite3 *sql, sqlite3_stmt *s, int ordered) {
  lines all = {NULL, 0};
  int code;
  while ((code = sqlite3_step(s)) == SQLITE_ROW) {
    all.line = realloc(all.line, (size_t)(all.count + 2) * sizeof *all.line);
    assert_non_null(all.line);
    all.line[all.count++] = row_text(s);
  }
  if (code != SQLITE_DONE) {
    all.line = realloc(all.line, (size_t)(all.count + 2) * sizeof *all.line);
    all.line[all.count++] = sqlite3_mprintf("error %d %s", code, sqlite3_errmsg(sql));
  }
  if (!ordered && all.count > 0) qsort(all.line, (size_t)all.count, sizeof *all.line, by_text);
  sqlite3_finalize(s);
  return all;
}

static void lines_free(lines *all) {
  int i;
  for (i = 0; i < all->count; i++) sqlite3_free(all->line[i]);
  free(all->line);
}

/* The executor covers the statement, and its answer is SQLite's. Rows of an ORDER BY come in its
 * order, which the statements here make total. */
static void same_answer(fixture *f, const char *sql) {
  sqlite3_stmt *ours = NULL, *theirs = NULL;
  lines a, b;
  int i;
  if (tv_sql_prepare(f->sql, sql, -1, &ours, NULL) != SQLITE_OK)
    fail_msg("%s: %s", sql, sqlite3_errmsg(f->sql));
  if (tv_sql_declined(f->sql) != NULL) fail_msg("%s: %s", sql, tv_sql_declined(f->sql));
  assert_int_equal(sqlite3_prepare_v2(f->sql, sql, -1, &theirs, NULL), SQLITE_OK);
  a = collect(f->sql, ours, strstr(sql, "ORDER BY") != NULL);
  if (tv_sql_declined(f->sql) != NULL) fail_msg("%s: %s", sql, tv_sql_declined(f->sql));
  b = collect(f->sql, theirs, strstr(sql, "ORDER BY") != NULL);
  for (i = 0; i < a.count && i < b.count; i++)
    if (strcmp(a.line[i], b.line[i]) != 0) break;
  if (i < a.count || i < b.count)
    fail_msg("%s\n  row %d\n  executor: %s\n  SQLite:   %s", sql, i,
             i < a.count ? a.line[i] : "none", i < b.count ? b.line[i] : "none");
  lines_free(&a);
  lines_free(&b);
}

/* ---- Every operand against every other ---- */

static const char *const operands[] = {"i",
                                       "r",
                                       "s",
                                       "n",
                                       "d",
                                       "b",
                                       "ti",
                                       "tr",
                                       "tt",
                                       "tn",
                                       "tb",
                                       "tx",
                                       "tc",
                                       "k",
                                       "c.rowid",
                                       "5",
                                       "5.5",
                                       "'5'",
                                       "'5.0'",
                                       "'abc'",
                                       "'ABC'",
                                       "NULL",
                                       "x'35'",
                                       "'2020-01-01'",
                                       "-7",
                                       "1e300",
                                       "i + 0",
                                       "s || ''",
                                       "+s",
                                       "+ti",
                                       "CAST(s AS INTEGER)",
                                       "CAST(i AS TEXT)",
                                       "CAST(tb AS NUMERIC)",
                                       "CAST(r AS BLOB)",
                                       "n COLLATE BINARY",
                                       "s COLLATE NOCASE",
                                       "upper(s)",
                                       "length(tt)",
                                       "coalesce(i, tt)",
                                       "CASE WHEN i > 0 THEN tt ELSE tn END",
                                       "max(i, 5)",
                                       "-r",
                                       "NOT i",
                                       "s LIKE 'a%'",
                                       "tt || 'x' COLLATE NOCASE",
                                       "9223372036854775807",
                                       "''"};
#define OPERANDS ((int)(sizeof operands / sizeof operands[0]))

static void comparisons_convert_and_collate_as_in_sqlite(void **state) {
  static const char *const compares[] = {"=", "<", "<=", ">", ">=", "<>", "IS", "IS NOT"};
  fixture *f = *state;
  int a, b;
  for (a = 0; a < OPERANDS; a++) {
    for (b = 0; b < OPERANDS; b++) {
      char *sql = sqlite3_mprintf("SELECT c.rowid, k, %s %s %s FROM c, r", operands[a],
                                  compares[(a + b) % 8], operands[b]);
      same_answer(f, sql);
      sqlite3_free(sql);
      sql = sqlite3_mprintf("SELECT c.rowid, k FROM c, r WHERE %s %s %s", operands[a],
                            compares[(a + 3 * b) % 8], operands[b]);
      same_answer(f, sql);
      sqlite3_free(sql);
    }
  }
}

static void lists_and_ranges_convert_by_their_left_side(void **state) {
  fixture *f = *state;
  int a, b;
  for (a = 0; a < OPERANDS; a++) {
    for (b = 0; b < OPERANDS; b++) {
      const char *other = operands[(a * 7 + b * 3 + 1) % OPERANDS];
      char *sql = NULL;
      switch ((a + b) % 4) {
        case 0:
          sql = sqlite3_mprintf("SELECT c.rowid, k, %s IN (%s, %s) FROM c, r", operands[a],
                                operands[b], other);
          break;
        case 1:
          sql = sqlite3_mprintf("SELECT c.rowid, k, %s NOT BETWEEN %s AND %s FROM c, r",
                                operands[a], operands[b], other);
          break;
        case 2:
          sql = sqlite3_mprintf(
              "SELECT c.rowid, k, CASE %s WHEN %s THEN 'x' WHEN %s THEN 2.5 END "
              "FROM c, r",
              operands[a], operands[b], other);
          break;
        default:
          sql = sqlite3_mprintf("SELECT c.rowid, k, nullif(%s, %s), min(%s, %s) FROM c, r",
                                operands[a], operands[b], operands[a], other);
      }
      if (strstr(sql, "IN (") == NULL || strstr(strstr(sql, "IN ("), "COLLATE") == NULL)
        same_answer(f, sql);
      sqlite3_free(sql);
    }
  }
}

static void operators_compute_as_in_sqlite(void **state) {
  static const char *const ops[] = {"+", "-",  "*",  "/",   "%",  "||",   "&",
                                    "|", "<<", ">>", "AND", "OR", "LIKE", "GLOB"};
  fixture *f = *state;
  int a, b;
  for (a = 0; a < OPERANDS; a++) {
    char *sql = sqlite3_mprintf(
        "SELECT c.rowid, k, -(%s), ~(%s), NOT %s, (%s) IS NULL, typeof(%s), "
        "length(%s), lower(%s), substr(%s, 2, 1) FROM c, r",
        operands[a], operands[a], operands[a], operands[a], operands[a], operands[a], operands[a],
        operands[a]);
    same_answer(f, sql);
    sqlite3_free(sql);
    for (b = 0; b < OPERANDS; b++) {
      sql = sqlite3_mprintf("SELECT c.rowid, k, (%s) %s (%s) FROM c, r", operands[a],
                            ops[(a + 5 * b) % 14], operands[b]);
      same_answer(f, sql);
      sqlite3_free(sql);
    }
  }
}

/* ---- Clauses ---- */

static const char *const clauses[] = {
    "SELECT count(*), sum(x), avg(x), total(id), min(word), max(x), count(x) FROM big WHERE 1",
    "SELECT count(*), sum(x), min(id) FROM big WHERE id < 0",
    "SELECT g, count(*), sum(x) FROM big GROUP BY g",
    "SELECT g + 1, word, count(DISTINCT x), max(id) - min(id) FROM big GROUP BY 2, g+1",
    "SELECT g AS h, count(*) AS n FROM big GROUP BY h HAVING n > 200 ORDER BY n DESC, h",
    "SELECT word FROM big GROUP BY word HAVING sum(x) > 10 AND max(g) = 10 ORDER BY word",
    "SELECT word, count(*) FROM big WHERE g GROUP BY word ORDER BY count(*) DESC, word LIMIT 5",
    "SELECT word AS w, sum(x) / count(*) FROM big GROUP BY w ORDER BY -sum(x), 1 LIMIT 3, 2",
    "SELECT DISTINCT g, word FROM big WHERE id % 3 = 1",
    "SELECT DISTINCT g FROM big ORDER BY g NULLS LAST",
    "SELECT DISTINCT g AS q FROM big ORDER BY q DESC NULLS FIRST LIMIT 4",
    "SELECT id, word FROM big WHERE x > 700 ORDER BY word DESC, id",
    "SELECT id FROM big WHERE x IS NULL ORDER BY id % 7, id LIMIT 20",
    "SELECT id FROM big ORDER BY x, id LIMIT 10",
    "SELECT id FROM big ORDER BY x DESC, id LIMIT 10",
    "SELECT id x FROM big ORDER BY x LIMIT 10",
    "SELECT -id AS id FROM big ORDER BY id LIMIT 5",
    "SELECT -id AS id FROM big ORDER BY id + 0 LIMIT 5",
    "SELECT id + 0 AS q FROM big WHERE q > 2990 ORDER BY q",
    "SELECT *, id FROM big WHERE id BETWEEN 10 AND 12 OR id IN (77, 78)",
    "SELECT big.*, word FROM big WHERE word = 'w3' AND x > 500",
    "SELECT a.id, b.id FROM big a, big AS b WHERE a.id = b.g AND b.x > 600 AND a.word = 'w5'",
    "SELECT k, count(*), sum(x) FROM big JOIN r ON g = k GROUP BY k",
    "SELECT tt, tn, count(*) FROM r JOIN big ON big.g = r.tn GROUP BY tt, tn",
    "SELECT count(*) FROM big JOIN r ON g = k AND x > 10 JOIN c ON c.i = k WHERE tc <> 'x'",
    "SELECT count(*) FROM big, r",
    "SELECT count(*) FROM c, r WHERE s = tt",
    "SELECT count(*) FROM c, r WHERE s = tx",
    "SELECT count(*) FROM c, r WHERE i = tt",
    "SELECT count(*) FROM c, r WHERE r = ti AND b <> tb",
    "SELECT count(*) FROM c, r WHERE n = tc",
    "SELECT count(*) FROM c, r WHERE s = tc",
    "SELECT count(*) FROM c, r WHERE tc = s",
    "SELECT count(*) FROM c x, c y WHERE x.d = y.d AND x.i < y.i",
    "SELECT CASE g WHEN 1 THEN 'one' WHEN 2 THEN 'two' END AS q, count(*) FROM big GROUP BY q",
    "SELECT sum(CASE WHEN g > 5 THEN x ELSE 0 END), count(nullif(g, 4)) FROM big",
    "SELECT substr(word, 1, 2), count(*) FROM big GROUP BY 1",
    "SELECT substr(word, -1), sum(length(word)) FROM big GROUP BY substr(word, -1)",
    "SELECT upper(word) || '!' AS u FROM big WHERE id < 20 ORDER BY u, id",
    "SELECT count(*) FROM big WHERE word LIKE 'W1_'",
    "SELECT count(*) FROM big WHERE word LIKE '%1%' AND word NOT LIKE 'w1%' ESCAPE '1'",
    "SELECT count(*) FROM big WHERE word GLOB 'w[13]*'",
    "SELECT count(*) FROM big WHERE NOT (g = 1 OR word = 'w2' AND x < 100)",
    "SELECT count(*) FROM big WHERE g IS NULL AND x IS NOT NULL",
    "SELECT count(*) FROM big WHERE true AND NOT false",
    "SELECT count(*), typeof(sum(g)), typeof(total(g)), typeof(avg(g)) FROM big",
    "SELECT sum(i) FROM c WHERE i < 100 AND i > -100",
    "SELECT sum(s), sum(r), total(s), avg(s), sum(b) FROM c",
    "SELECT min(s), max(s), min(d), max(d), min(b), max(b), min(r), max(i) FROM c",
    "SELECT count(DISTINCT n), count(DISTINCT s), count(DISTINCT n COLLATE BINARY) FROM c",
    "SELECT d, count(*) FROM c GROUP BY d ORDER BY d",
    "SELECT d FROM c WHERE d > '2020-01-01' ORDER BY d",
    "SELECT count(*) FROM c WHERE d BETWEEN date('2020-01-01', '-1 day') AND '2020-12-31'",
    "SELECT count(*) FROM c WHERE d = 2020 OR d > 5",
    "SELECT s FROM c ORDER BY s COLLATE NOCASE, s",
    "SELECT i FROM c ORDER BY i DESC",
    "SELECT tx, typeof(tx), count(*) FROM c, r GROUP BY tx, typeof(tx)",
    "SELECT count(*) FROM c WHERE i IN ()",
    "SELECT count(*) FROM c WHERE i NOT IN (1, NULL)",
    "SELECT count(*) FROM c WHERE s IN ('1', 5, 'abc')",
    "SELECT 'a', 5, NULL, 2.5, x'00' FROM c WHERE i = 1",
    "SELECT max(i, 3), min(r, i, 2) FROM c WHERE i > 0",
    "SELECT i / 0, i % 0, r / 0 FROM c WHERE i",
    "SELECT i + 1, i * 2, -i FROM c WHERE r > -9",
    "SELECT count(*) FROM big WHERE id > 2990 ORDER BY 1",
    "SELECT 1 FROM big WHERE id > 2990 LIMIT 0",
    "SELECT id FROM big ORDER BY id LIMIT -1 OFFSET 2930",
    "SELECT id FROM big ORDER BY id LIMIT 3, 2",
    "SELECT iif(g > 5, 'high', 'low') AS q, count(*) FROM big GROUP BY q",
    "SELECT ifnull(g, -1), coalesce(NULL, g, x, word) FROM big WHERE id < 30",
};

static void clauses_mean_what_they_mean_in_sqlite(void **state) {
  fixture *f = *state;
  size_t i;
  for (i = 0; i < sizeof clauses / sizeof clauses[0]; i++) same_answer(f, clauses[i]);
}

static void using_joins_and_shows_a_column_once(void **state) {
  fixture *f = *state;
  answer_is(f->sql,
            "CREATE TABLE g(g, word, note); INSERT INTO g VALUES(1, 'w1', 'a'), (2, 'w9', 'b'), "
            "(4, 'w4', 'c')",
            "");
  same_answer(f, "SELECT * FROM big JOIN g USING (g, word)");
  same_answer(f, "SELECT big.*, g.* FROM big JOIN g USING (g) WHERE big.word = 'w1'");
  same_answer(f, "SELECT g, note, count(*) FROM big JOIN g USING (g) GROUP BY g, note");
  same_answer(f, "SELECT * FROM g JOIN big USING (word) JOIN g AS h USING (word)");
}

static void parameters_take_no_affinity_of_their_own(void **state) {
  static const char *const statements[] = {
      "SELECT count(*), ?1 FROM c WHERE i = ?1",        "SELECT count(*) FROM c WHERE s = ?1",
      "SELECT count(*) FROM c WHERE s < ?1 OR r >= ?1", "SELECT count(*) FROM c WHERE b > ?1",
      "SELECT count(*) FROM c WHERE d <> ?1",           "SELECT count(*) FROM c WHERE i + 1 > ?1",
      "SELECT i FROM c WHERE i > 0 ORDER BY i LIMIT ?1"};
  fixture *f = *state;
  size_t i;
  int v;
  for (i = 0; i < sizeof statements / sizeof statements[0]; i++) {
    for (v = 0; v < 7; v++) {
      sqlite3_stmt *s[2] = {NULL, NULL};
      lines a, b;
      int j;
      assert_int_equal(tv_sql_prepare(f->sql, statements[i], -1, &s[0], NULL), SQLITE_OK);
      assert_null(tv_sql_declined(f->sql));
      assert_int_equal(sqlite3_prepare_v2(f->sql, statements[i], -1, &s[1], NULL), SQLITE_OK);
      for (j = 0; j < 2; j++) {
        if (v == 1) sqlite3_bind_int(s[j], 1, 5);
        if (v == 2) sqlite3_bind_double(s[j], 1, 5.5);
        if (v == 3) sqlite3_bind_text(s[j], 1, "5", -1, SQLITE_STATIC);
        if (v == 4) sqlite3_bind_text(s[j], 1, "abc", -1, SQLITE_STATIC);
        if (v == 5) sqlite3_bind_blob(s[j], 1, "5", 1, SQLITE_STATIC);
        if (v == 6) sqlite3_bind_double(s[j], 1, 1.0);
      }
      a = collect(f->sql, s[0], 1);
      b = collect(f->sql, s[1], 1);
      assert_int_equal(a.count, b.count);
      for (j = 0; j < a.count; j++) assert_string_equal(a.line[j], b.line[j]);
      lines_free(&a);
      lines_free(&b);
    }
  }
}

int main(void) {
#define store_test(name) cmocka_unit_test_setup_teardown(name, open_tables, close_store)
  const struct CMUnitTest tests[] = {
      store_test(comparisons_convert_and_collate_as_in_sqlite),
      store_test(lists_and_ranges_convert_by_their_left_side),
      store_test(operators_compute_as_in_sqlite),
      store_test(clauses_mean_what_they_mean_in_sqlite),
      store_test(using_joins_and_shows_a_column_once),
      store_test(parameters_take_no_affinity_of_their_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
