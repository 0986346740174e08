/* SPDX-License-Identifier: MIT */
/* The parser of SELECT: what it takes, what it leaves to SQLite, and that it binds operators as
 * SQLite does. The oracle is SQLite: an expression and the same one with every pair of brackets
 * written out, as the parser understood it, must have one value. */
#include "query_internal.h"
#include "sql_answer.h"

/* "" when the statement is parsed; else the reason. */
static void parse_is(const char *sql, const char *reason, int line) {
  tvi_query query;
  assert_int_equal(tvi_query_parse(&query, sql, (uint32_t)strlen(sql)), TV_OK);
  if (strcmp(query.reason, reason) != 0) {
    print_error("%s\n  gave:     \"%s\"\n  expected: \"%s\"\n", sql, query.reason, reason);
    _fail(__FILE__, line);
  }
  tvi_query_free(&query);
}
#define takes(sql) parse_is((sql), "", __LINE__)
#define leaves(sql, reason) parse_is((sql), (reason), __LINE__)

static void statements_that_are_covered_parse(void **state) {
  (void)state;
  takes("SELECT 1");
  takes("select all a, t.b AS c, main.t.d \"e f\", * , t.* from t;");
  takes("SELECT DISTINCT a FROM t, u AS v JOIN w USING (x, y) CROSS JOIN z ON z.a = t.a");
  takes("SELECT count(*), count(DISTINCT a), min(a, 2), now() FROM t GROUP BY 1, a + 1 HAVING 2");
  takes("SELECT a FROM t ORDER BY a DESC NULLS LAST, b ASC, 3 COLLATE NOCASE LIMIT 1 OFFSET ?2");
  takes("SELECT a FROM t LIMIT :from, @count");
  takes("SELECT CASE a WHEN 1 THEN 2 ELSE 3 END, CASE WHEN a THEN b END, CAST(a AS VARCHAR(3, 4))");
  takes("SELECT a NOT LIKE 'x%' ESCAPE '\\', a GLOB 'x', a NOT BETWEEN 1 AND 2 AND b, a NOT IN ()");
  takes("SELECT a IS NOT NULL, a NOTNULL, a ISNULL, a NOT NULL, a IS NOT DISTINCT FROM b, x'0aFF'");
  takes("SELECT 0x1f, 1e3, .5, 5., 'it''s', [a b], `c`, -- to the end\n 1 /* and * within */ + 2");
  takes("SELECT key, offset, first, \"select\" FROM plan AS query WHERE desc = by");
  takes("SELECT over, filter, row, temp FROM groups");
  takes("SELECT $a, ?, ?12 FROM t /* no end");
}

static void statements_that_are_not_covered_say_what_stopped_them(void **state) {
  (void)state;
  leaves("WITH x AS (SELECT 1) SELECT * FROM x", "WITH is not covered");
  leaves("SELECT a FROM t UNION SELECT b FROM u", "UNION is not covered");
  leaves("SELECT a FROM t LEFT JOIN u ON 1", "LEFT is not covered");
  leaves("SELECT a FROM t NATURAL JOIN u", "NATURAL is not covered");
  leaves("SELECT a FROM (SELECT 1)", "( is not covered");
  leaves("SELECT a FROM t WHERE a IN (SELECT 1)", "SELECT is not covered");
  leaves("SELECT a FROM t WHERE EXISTS (SELECT 1)", "EXISTS is not covered");
  leaves("SELECT sum(a) OVER (ORDER BY b) FROM t", "OVER is not covered");
  leaves("SELECT sum(a) FILTER (WHERE b) FROM t", "FILTER is not covered");
  leaves("SELECT (1, 2) = (3, 4)", ", is not covered");
  leaves("SELECT a -> '$.b' FROM t", "-> is not covered");
  leaves("SELECT a FROM t WINDOW w AS ()", "WINDOW is not covered");
  leaves("SELECT current_date", "current_date is not covered");
  leaves("VALUES (1)", "VALUES is not covered");
  leaves("SELECT a FROM generate_series(1, 2)", "( is not covered");
  leaves("SELECT 1 + ", "its end is not covered");
  leaves("SELECT 'no end", "' is not covered");
  leaves("SELECT 12ab", "12 is not covered");
}

static void nesting_beyond_the_stack_is_declined(void **state) {
  char sql[2000] = "SELECT ";
  size_t i, at = strlen(sql);
  (void)state;
  for (i = 0; i < 500; i++) sql[at++] = '(';
  sql[at++] = '1';
  for (i = 0; i < 500; i++) sql[at++] = ')';
  sql[at] = '\0';
  leaves(sql, "it nests deeper than 200");
}

static void a_long_chain_is_no_depth(void **state) {
  sqlite3_str *text = sqlite3_str_new(NULL);
  char *sql;
  int i;
  (void)state;
  sqlite3_str_appendall(text, "SELECT 1");
  for (i = 0; i < 5000; i++) sqlite3_str_appendf(text, " AND a%d", i);
  sql = sqlite3_str_finish(text);
  takes(sql);
  sqlite3_free(sql);
}

/* ---- Brackets written out ---- */

static uint64_t dice;

static unsigned roll(unsigned sides) {
  return (unsigned)(test_random(&dice) % sides);
}

/* An expression of constants with few brackets. */
static void write_expression(sqlite3_str *out, int terms) {
  static const char *const binary[] = {"+",
                                       "-",
                                       "*",
                                       "/",
                                       "%",
                                       "||",
                                       "<",
                                       "<=",
                                       ">",
                                       ">=",
                                       "=",
                                       "==",
                                       "!=",
                                       "<>",
                                       "AND",
                                       "OR",
                                       "&",
                                       "|",
                                       "<<",
                                       ">>",
                                       "IS",
                                       "IS NOT",
                                       "LIKE",
                                       "NOT LIKE",
                                       "GLOB",
                                       "IS DISTINCT FROM",
                                       "IS NOT DISTINCT FROM"};
  static const char *const unary[] = {"-", "+", "~", "NOT ", "- -", "NOT NOT "};
  static const char *const leaf[] = {"0",    "1",    "2",   "7",     "1.5", "'a'",
                                     "'12'", "NULL", "'A'", "x'61'", "1e2", "0x10"};
  int i, open = 0;
  for (i = 0; i < terms; i++) {
    if (i > 0) sqlite3_str_appendf(out, " %s ", binary[roll(sizeof binary / sizeof *binary)]);
    if (roll(4) == 0) sqlite3_str_appendall(out, unary[roll(6)]);
    if (roll(8) == 0) {
      sqlite3_str_appendall(out, "(");
      open++;
    }
    sqlite3_str_appendall(out, leaf[roll(12)]);
    if (roll(14) == 0) sqlite3_str_appendall(out, " COLLATE NOCASE");
    if (open > 0 && roll(2) == 0) {
      sqlite3_str_appendall(out, ")");
      open--;
    }
    if (roll(12) == 0) sqlite3_str_appendall(out, roll(2) ? " ISNULL" : " NOT NULL");
    if (roll(10) == 0)
      sqlite3_str_appendf(out, " %sBETWEEN %s AND %s", roll(2) ? "" : "NOT ", leaf[roll(12)],
                          leaf[roll(12)]);
    if (roll(12) == 0)
      sqlite3_str_appendf(out, " %sIN (%s, %s)", roll(2) ? "" : "NOT ", leaf[roll(12)],
                          leaf[roll(12)]);
  }
  while (open-- > 0) sqlite3_str_appendall(out, ")");
}

/* What the parser understood, bottom up: one text per node. */
static char *bracketed(const tvi_query *query) {
  static const char *const op_text[TVI_QT_COUNT] = {
      [TVI_QT_AND] = "AND",        [TVI_QT_OR] = "OR",     [TVI_QT_NOT] = "NOT",
      [TVI_QT_IS] = "IS",          [TVI_QT_PLUS] = "+",    [TVI_QT_MINUS] = "-",
      [TVI_QT_STAR] = "*",         [TVI_QT_SLASH] = "/",   [TVI_QT_REM] = "%",
      [TVI_QT_CONCAT] = "||",      [TVI_QT_EQ] = "=",      [TVI_QT_NE] = "<>",
      [TVI_QT_LT] = "<",           [TVI_QT_LE] = "<=",     [TVI_QT_GT] = ">",
      [TVI_QT_GE] = ">=",          [TVI_QT_BITAND] = "&",  [TVI_QT_BITOR] = "|",
      [TVI_QT_BITNOT] = "~",       [TVI_QT_LSHIFT] = "<<", [TVI_QT_RSHIFT] = ">>",
      [TVI_QT_LIKE] = "LIKE",      [TVI_QT_GLOB] = "GLOB", [TVI_QT_ISNULL] = "ISNULL",
      [TVI_QT_NOTNULL] = "NOTNULL"};
  char **text = calloc((size_t)query->nodes, sizeof *text), *last;
  int i;
  for (i = 0; i < query->nodes; i++) {
    const tvi_query_node *n = &query->node[i];
    const char *op = op_text[n->op];
    if (n->kind == TVI_QN_UNARY && (n->op == TVI_QT_ISNULL || n->op == TVI_QT_NOTNULL))
      text[i] = sqlite3_mprintf("(%s %s)", text[n->left], op);
    else if (n->kind == TVI_QN_UNARY)
      text[i] = sqlite3_mprintf("(%s %s)", op, text[n->left]);
    else if (n->kind == TVI_QN_BINARY || n->kind == TVI_QN_LIKE)
      text[i] = sqlite3_mprintf("(%s %s %s)", text[n->left], op, text[n->right]);
    else if (n->kind == TVI_QN_BETWEEN)
      text[i] =
          sqlite3_mprintf("(%s BETWEEN %s AND %s)", text[n->left], text[n->right], text[n->third]);
    else if (n->kind == TVI_QN_IN)
      text[i] = sqlite3_mprintf("(%s IN (%s, %s))", text[n->left], text[n->list],
                                text[query->node[n->list].next]);
    else if (n->kind == TVI_QN_COLLATE)
      text[i] = sqlite3_mprintf("(%s COLLATE NOCASE)", text[n->left]);
    else
      text[i] = sqlite3_mprintf("%.*s", (int)n->text.size, query->sql + n->text.at);
  }
  last = sqlite3_mprintf("SELECT %s", text[query->nodes - 1]);
  for (i = 0; i < query->nodes; i++) sqlite3_free(text[i]);
  free(text);
  return last;
}

static void operators_bind_as_in_sqlite(void **state) {
  sqlite3 *sql = NULL;
  int i, parsed = 0;
  (void)state;
  dice = test_seed();
  assert_int_equal(sqlite3_open(":memory:", &sql), SQLITE_OK);
  for (i = 0; i < 20000; i++) {
    sqlite3_str *out = sqlite3_str_new(NULL);
    char *text, *plain, *brackets, *expected, *answer;
    tvi_query query;
    sqlite3_str_appendall(out, "SELECT ");
    write_expression(out, 1 + (int)roll(6));
    text = sqlite3_str_finish(out);
    assert_int_equal(tvi_query_parse(&query, text, (uint32_t)strlen(text)), TV_OK);
    expected = sql_answer(sql, text);
    if (query.reason[0] != '\0') { /* SQLite takes it no more than we do */
      if (strstr(expected, "syntax error") == NULL) print_error("%s: %s\n", text, query.reason);
      assert_non_null(strstr(expected, "syntax error"));
    } else {
      brackets = bracketed(&query);
      answer = sql_answer(sql, brackets);
      if (strcmp(answer, expected) != 0)
        print_error("%s = %s\n%s = %s\n", text, expected, brackets, answer);
      assert_string_equal(answer, expected);
      free(answer);
      sqlite3_free(brackets);
      parsed++;
    }
    plain = text;
    free(expected);
    tvi_query_free(&query);
    sqlite3_free(plain);
  }
  assert_true(parsed > 10000);
  sqlite3_close(sql);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(statements_that_are_covered_parse),
      cmocka_unit_test(statements_that_are_not_covered_say_what_stopped_them),
      cmocka_unit_test(nesting_beyond_the_stack_is_declined),
      cmocka_unit_test(a_long_chain_is_no_depth),
      cmocka_unit_test(operators_bind_as_in_sqlite),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
