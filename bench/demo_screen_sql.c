/* SPDX-License-Identifier: MIT */
/*
 * The sections SQL and Across: a bar chart, and one statement over the three models, shown before
 * its answer so that the reader can type it into the shell.
 */
#include <stdio.h>
#include <string.h>

#include "demo_screen.h"
#include "paired.h"
#include "terminal.h"

const char demo_sql_sections[] =
    "SELECT section, count(*), coalesce(sum(installed_size), 0) AS kib\n"
    "FROM packages GROUP BY section ORDER BY kib DESC, section LIMIT 10";

const char demo_sql_across[] =
    "SELECT p.maintainer, count(*) AS packages,\n"
    "       sum(p.installed_size) * 1024 / 1e6 AS mb,\n"
    "       sum(s.value LIKE '%Multi-Arch: same%') AS multi_arch\n"
    "FROM graph_khop('debian', ?1, 1000000, 'out', ?2) AS hop  -- the graph\n"
    "JOIN packages AS p ON p.name = hop.node  -- the table\n"
    "JOIN kv('packages') AS s ON s.key = p.name  -- the bucket\n"
    "GROUP BY p.maintainer ORDER BY mb DESC, p.maintainer";

typedef struct demo_ask_rows {
  demo_store *store;
  const char *sql, *about;
  char *why;
  uint64_t rows;
} demo_ask_rows;

/* Steps through all rows: the time of a SQL question is that of its whole answer. */
static int demo_ask_all(void *ctx) {
  demo_ask_rows *ask = ctx;
  sqlite3_stmt *stmt = demo_statement(ask->store, ask->sql, ask->why);
  int rc;
  if (stmt == NULL) return -1;
  demo_bind(ask->store, stmt, ask->about);
  ask->rows = 0;
  while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) ask->rows++;
  sqlite3_reset(stmt);
  if (rc == SQLITE_DONE) return 0;
  snprintf(ask->why, PAIRED_TEXT_BYTES, "%.250s", sqlite3_errmsg(ask->store->sql));
  return -1;
}

#define DEMO_BAR_CELLS 48

static void demo_told_bar(double part) {
  int filled = (int)(part * DEMO_BAR_CELLS + 0.5), i;
  const char *block = term_block(stdout);
  fputs(term_on(stdout, TERM_CYAN), stdout);
  for (i = 0; i < DEMO_BAR_CELLS; i++) fputs(i < filled ? block : " ", stdout);
  fputs(term_off(stdout), stdout);
}

static int demo_screen_sections(demo_store *store, char *why) {
  demo_ask_rows ask = {store, demo_sql_sections, NULL, why, 0};
  sqlite3_stmt *stmt;
  double ns, most = 0;
  int status;
  demo_heading("SQL", "an ordinary table, kept by SQLite inside the store");
  ns = demo_timed(demo_ask_all, &ask, &status);
  if (status != 0) return -1;
  demo_asked(ns, "installed size by section, the ten largest");
  stmt = demo_statement(store, demo_sql_sections, why);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    char size[TERM_UNIT_BYTES], count[TERM_UNIT_BYTES];
    double bytes = 1024.0 * (double)sqlite3_column_int64(stmt, 2);
    if (most < bytes) most = bytes;
    printf("    %-14s ", (const char *)sqlite3_column_text(stmt, 0));
    demo_told_bar(most > 0 ? bytes / most : 0);
    printf(" %8s  %6s package%s\n", term_bytes(size, bytes),
           term_count(count, (uint64_t)sqlite3_column_int64(stmt, 1)),
           sqlite3_column_int64(stmt, 1) == 1 ? "" : "s");
  }
  sqlite3_reset(stmt);
  return 0;
}

/* The statement with its parameters filled in. */
static void demo_told_statement(const demo_store *store, const char *sql, const char *about) {
  const char *p;
  printf("%s    ", term_on(stdout, TERM_DIM));
  for (p = sql; *p != '\0'; p++) {
    if (*p == '?') {
      p++;
      printf("'%s'", *p == '1' ? about : store->hard);
    } else if (*p == '\n') {
      printf("\n    ");
    } else {
      putchar(*p);
    }
  }
  printf("%s\n", term_off(stdout));
}

#define DEMO_MAINTAINERS 6

typedef struct demo_maintainers {
  sqlite3_int64 packages, multi_arch;
  double mb;
} demo_maintainers;

static void demo_told_maintainer(term_table *table, term_style style, const char *name,
                                 const demo_maintainers *sum) {
  term_table_cell(table, style, "%s", name);
  term_table_cell(table, style, "%lld", sum->packages);
  term_table_cell(table, style, "%.1f MB", sum->mb);
  term_table_cell(table, style, "%lld", sum->multi_arch);
}

static void demo_maintainers_add(demo_maintainers *sum, const demo_maintainers *one) {
  sum->packages += one->packages;
  sum->multi_arch += one->multi_arch;
  sum->mb += one->mb;
}

/* The first rows one by one, the others together, all together. */
static int demo_told_maintainers(demo_store *store, term_table *table, char *why) {
  sqlite3_stmt *stmt = demo_statement(store, demo_sql_across, why);
  demo_maintainers rest = {0, 0, 0}, all = {0, 0, 0};
  char name[96];
  int n = 0;
  if (stmt == NULL) return -1;
  for (; sqlite3_step(stmt) == SQLITE_ROW; n++) {
    const char *text = (const char *)sqlite3_column_text(stmt, 0);
    demo_maintainers one;
    one.packages = sqlite3_column_int64(stmt, 1);
    one.mb = sqlite3_column_double(stmt, 2);
    one.multi_arch = sqlite3_column_int64(stmt, 3);
    demo_maintainers_add(&all, &one);
    /* Without the address, which fills the line. */
    text = text != NULL ? text : "(no maintainer)";
    snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "<"), text);
    if (n < DEMO_MAINTAINERS)
      demo_told_maintainer(table, TERM_PLAIN, name, &one);
    else
      demo_maintainers_add(&rest, &one);
  }
  sqlite3_reset(stmt);
  if (n > DEMO_MAINTAINERS) {
    snprintf(name, sizeof name, "and %d more", n - DEMO_MAINTAINERS);
    demo_told_maintainer(table, TERM_DIM, name, &rest);
  }
  snprintf(name, sizeof name, "%d maintainer%s", n, n == 1 ? "" : "s");
  demo_told_maintainer(table, TERM_BOLD, name, &all);
  return 0;
}

static int demo_screen_across(demo_store *store, const demo_cast *cast, char *why) {
  demo_ask_rows ask = {store, demo_sql_across, cast->server, why, 0};
  term_table *table;
  double ns;
  int status;
  size_t i;
  demo_heading("Across", "one statement over the graph, the table and the bucket, one snapshot");
  ns = demo_timed(demo_ask_all, &ask, &status);
  if (status != 0) return -1;
  demo_asked(ns, "whose packages does %s%s pull in, and how many MB?",
             cast->server_known ? "the web server " : "", cast->server);
  demo_told_statement(store, demo_sql_across, cast->server);
  table = term_table_make(4);
  for (i = 1; i < 4; i++) term_table_align(table, i, 1);
  term_table_cell(table, TERM_DIM, "maintainer");
  term_table_cell(table, TERM_DIM, "packages");
  term_table_cell(table, TERM_DIM, "installed");
  term_table_cell(table, TERM_DIM, "multi-arch");
  status = demo_told_maintainers(store, table, why);
  term_table_print(table, stdout, 4);
  term_table_free(table);
  return status;
}

int demo_screen_sql(demo_store *store, const demo_cast *cast, char *why) {
  if (demo_screen_sections(store, why) != 0) return -1;
  return demo_screen_across(store, cast, why);
}
