/* SPDX-License-Identifier: MIT */
/*
 * Random statements over random tables, beside SQLite on the same rows in ordinary tables of its
 * own: the same rows, the same types, the same names. Where an answer differs and SQLite itself
 * gives another one when its rows lie in the opposite order, the statement is ambiguous (which row
 * stands for a group, which of equal rows a LIMIT keeps) and only counted; else the case is made
 * small and shown.
 *
 * TV_TEST_QUERIES sets how many statements there are, TV_TEST_SEED repeats a run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "random_answer.h"
#include "random_query.h"
#include "random_shrink.h"
#include "sql_run.h"

enum { QUERIES_DEFAULT = 10000, WORLD_QUERIES = 100, SHRINK_TRIES = 3000 };

/* The databases of a world. */
typedef struct databases {
  tv_db *db;
  sqlite3 *trivet, *plain, *backwards; /* backwards: made when it is needed */
  const world *w;
  long covered; /* statements that ran in the executor */
} databases;

static void databases_open(databases *d, const world *w) {
  d->w = w;
  d->covered = 0;
  d->db = test_open_memory();
  d->trivet = sql_open(d->db, 0);
  d->backwards = NULL;
  assert_int_equal(sqlite3_open(":memory:", &d->plain), SQLITE_OK);
  assert_int_equal(world_build(w, d->trivet), SQLITE_OK);
  assert_int_equal(world_build_plain(w, d->plain, 0), SQLITE_OK);
}

static void databases_close(databases *d) {
  if (d->w->open) sqlite3_exec(d->trivet, "ROLLBACK", NULL, NULL, NULL);
  sql_close(d->trivet);
  sql_close(d->plain);
  if (d->backwards != NULL) sql_close(d->backwards);
  test_close(d->db);
}

/* The executor's, where it covers the statement; SQLite's where the database is no store. */
static void take(sqlite3 *sql, const tree_print *print, random_answer *answer) {
  sqlite3_stmt *stmt = NULL;
  int code = tv_sql_prepare(sql, print->text, -1, &stmt, NULL);
  random_answer_take(answer, sql, stmt, code, print);
}

/* 1: SQLite has another answer when its rows lie the other way round. */
static int is_ambiguous(databases *d, const random_query *query, const tree_print *print,
                        const random_answer *expected) {
  random_answer other;
  char why[256];
  int differs;
  if (d->backwards == NULL) {
    assert_int_equal(sqlite3_open(":memory:", &d->backwards), SQLITE_OK);
    assert_int_equal(world_build_plain(d->w, d->backwards, 1), SQLITE_OK);
  }
  take(d->backwards, print, &other);
  differs = random_answers_differ(expected, &other, query->ordered, query->summed, why);
  random_answer_free(&other);
  return differs;
}

typedef enum outcome { OUTCOME_SAME, OUTCOME_ERROR, OUTCOME_AMBIGUOUS, OUTCOME_WRONG } outcome;

/* Runs a statement on both. show: prints both answers. */
static outcome compare(databases *d, const random_query *query, int show) {
  tree_print print = {0};
  random_answer got, expected;
  outcome result = OUTCOME_SAME;
  char why[256];
  tree_out(query->root, &print);
  take(d->trivet, &print, &got);
  d->covered += tv_sql_declined(d->trivet) == NULL;
  take(d->plain, &print, &expected);
  if (random_answers_differ(&got, &expected, query->ordered, query->summed, why))
    result = is_ambiguous(d, query, &print, &expected) ? OUTCOME_AMBIGUOUS : OUTCOME_WRONG;
  else if (expected.code != SQLITE_DONE)
    result = OUTCOME_ERROR;
  if (show) {
    int i;
    print_message("%s;\n", print.text);
    for (i = 0; i < print.parameters; i++)
      print_message("-- ?%d = %s\n", i + 1, print.parameter[i]);
    print_message("difference: %s\nTrivet:\n", why);
    random_answer_show(&got);
    print_message("SQLite:\n");
    random_answer_show(&expected);
  }
  random_answer_free(&got);
  random_answer_free(&expected);
  tree_print_free(&print);
  return result;
}

static int case_fails(const random_case *c) {
  databases d;
  outcome result;
  databases_open(&d, c->w);
  result = compare(&d, c->query, 0);
  databases_close(&d);
  return result == OUTCOME_WRONG;
}

/* Makes the case small and prints it. */
static void show_failure(world *w, random_query *query) {
  random_case c = {w, query, case_fails, SHRINK_TRIES};
  databases d;
  random_shrink(&c);
  print_message("---- the smallest case found (%d steps left)\n", c.tries);
  world_show(w);
  databases_open(&d, w);
  compare(&d, query, 1);
  databases_close(&d);
}

typedef struct totals {
  long queries, covered, errors, ambiguous, wrong;
} totals;

static void run_query(databases *d, world *w, totals *sum) {
  random_query query;
  outcome result;
  random_query_make(&query, w);
  result = compare(d, &query, 0);
  sum->queries++;
  sum->errors += result == OUTCOME_ERROR;
  sum->ambiguous += result == OUTCOME_AMBIGUOUS;
  sum->wrong += result == OUTCOME_WRONG;
  if (result == OUTCOME_WRONG) show_failure(w, &query);
  random_query_free(&query);
}

static void run_world(uint64_t seed, long index, long queries, totals *sum) {
  world w;
  databases d;
  long i;
  int size = index % 100 == 50 ? 2 : index % 12 == 7 ? 1 : 0;
  if (size > 0) queries = queries / (size == 2 ? 5 : 2);
  world_make(&w, seed + (uint64_t)index * 1000003, size);
  databases_open(&d, &w);
  for (i = 0; i < queries && sum->wrong == 0; i++) run_query(&d, &w, sum);
  sum->covered += d.covered;
  databases_close(&d);
  world_free(&w);
}

static void random_statements_answer_as_sqlite_does(void **state) {
  const char *asked = getenv("TV_TEST_QUERIES"), *executor = getenv("TRIVET_EXECUTOR");
  long most = asked != NULL ? strtol(asked, NULL, 10) : QUERIES_DEFAULT, index = 0;
  uint64_t seed = test_seed();
  totals sum = {0};
  (void)state;
  while (sum.queries < most && sum.wrong == 0) run_world(seed, index++, WORLD_QUERIES, &sum);
  print_message(
      "%ld statements over %ld sets of tables: %ld in the executor, %ld failed alike, "
      "%ld ambiguous\n",
      sum.queries, index, sum.covered, sum.errors, sum.ambiguous);
  assert_int_equal(sum.wrong, 0);
  assert_true(sum.errors * 20 < sum.queries);
  assert_true(sum.ambiguous * 20 < sum.queries);
  if (executor == NULL || strcmp(executor, "off") != 0)
    assert_true(sum.covered * 10 > sum.queries * 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_statements_answer_as_sqlite_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
