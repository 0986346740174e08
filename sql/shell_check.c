/* SPDX-License-Identifier: MIT */
/*
 * .check: is the store sound? From the bottom up: first the file's pages, read without any trust in
 * them, then each stored value's checksum, then what each layer knows about its own records.
 * Stopping at the first problem was rejected: who has a damaged store wants to know what
 * is still whole. Only damaged pages end it, since nothing can be read through them safely.
 */
#include <string.h>
#include <unistd.h>

#include "shell_internal.h"
#include "trivet_sql.h"

enum { SHELL_CHECK_TOLD_MAX = 300 };

void shell_check_problem(void *ctx, const char *sentence) {
  shell_check_run *run = ctx;
  run->problems++;
  if (run->told++ < SHELL_CHECK_TOLD_MAX) fprintf(run->sh->out, "%s\n", sentence);
}

bool shell_check_progress(const shell_check_run *run, const char *what, const char *name,
                          uint64_t count) {
  if (run->shows_progress)
    fprintf(stderr, "\r\033[Kchecking %s %s: %llu", what, name, (unsigned long long)count);
  return shell_interrupted();
}

/* ---- The summary ---- */

enum { SHELL_CHECK_LAYERS = 4 };

/* Kept to the end, so that the problems do not stand between its rows. */
typedef struct shell_check_summary {
  const char *layer[SHELL_CHECK_LAYERS];
  uint64_t counts[SHELL_CHECK_LAYERS][3];
  int n;
  uint64_t problems;
} shell_check_summary;

/* One layer's row, from what the run counted since the last one. */
static void shell_check_row(shell_check_run *run, shell_check_summary *summary, const char *layer) {
  uint64_t counts[] = {run->things, run->records, run->problems};
  memcpy(summary->counts[summary->n], counts, sizeof counts);
  summary->layer[summary->n++] = layer;
  summary->problems += run->problems;
  run->things = run->records = run->problems = 0;
}

static int shell_check_print(shell *sh, const shell_check_summary *summary) {
  static const char *const titles[] = {"layer", "things", "records", "problems"};
  shell_rows_begin(sh, 4, titles);
  for (int i = 0; i < summary->n; i++) {
    shell_cell cells[] = {
        shell_cell_str(summary->layer[i]), shell_cell_count(summary->counts[i][0]),
        shell_cell_count(summary->counts[i][1]), shell_cell_count(summary->counts[i][2])};
    shell_rows_add(sh, cells);
  }
  return shell_rows_end(sh);
}

/* ---- Pages ---- */

static int shell_check_pages(shell_check_run *run, const char *path) {
  tv_error error = {0};
  tv_check_report report = {0};
  shell_check_progress(run, "the pages of", path, 0);
  int status = tv_check_file(path, shell_check_problem, run, &report, &error);
  if (status == TV_ECORRUPT || status == TV_ETRUNCATED) {
    if (report.problems == 0) report.problems = 1; /* too damaged to be walked */
    if (error.message[0] != '\0') fprintf(run->sh->out, "%s\n", error.message);
  } else if (status != TV_OK) {
    return shell_fail_status(run->sh, status, &error, path);
  }
  run->problems = report.problems; /* those that were only counted, too */
  run->things = report.pages_seen;
  run->records = report.entries;
  fprintf(run->sh->out, "pages: %llu in use, %llu free, %llu lost\n",
          (unsigned long long)report.pages_seen, (unsigned long long)report.pages_free,
          (unsigned long long)report.pages_lost);
  return 0;
}

/* ---- Buckets ---- */

static int shell_check_bucket_progress(void *ctx, tv_slice bucket, uint64_t entries) {
  char *name = shell_copy_bytes(bucket);
  bool ends = shell_check_progress(ctx, "bucket", name, entries);
  shell_free(name);
  return ends;
}

static int shell_check_buckets(shell_check_run *run) {
  tv_kv_check_hooks hooks = {shell_check_problem, shell_check_bucket_progress, run};
  tv_kv_check_report report = {0};
  int status = tv_kv_check(run->txn, NULL, &hooks, &report);
  run->things = report.buckets;
  run->records = report.entries;
  run->problems = report.problems;
  return status == TV_ECORRUPT && report.problems > 0 ? TV_OK : status;
}

/* ---- Tables ---- */

static void shell_check_sql_problem(void *ctx, uint32_t page, const char *sentence) {
  (void)page;
  shell_check_problem(ctx, sentence);
}

static int shell_check_sql_progress(void *ctx, uint64_t pages) {
  return shell_check_progress(ctx, "pages of", "tables", pages);
}

static int shell_check_sql_pages(shell_check_run *run) {
  tv_sql_check_hooks hooks = {shell_check_sql_problem, shell_check_sql_progress, run};
  tv_sql_check_report report = {0};
  int status = tv_sql_check_pages(run->txn, &hooks, &report);
  run->records = report.pages;
  run->problems = report.problems;
  return status == TV_ECORRUPT && report.problems > 0 ? TV_OK : status;
}

/* One of SQLite's checks, which answers "ok" or a row for each problem; `name` goes before them. */
static void shell_check_pragma(shell_check_run *run, const char *sql, const char *name) {
  sqlite3_stmt *statement = NULL;
  shell_text text = {0};
  uint64_t before = run->problems;
  int code = sqlite3_prepare_v2(run->sh->sql, sql, -1, &statement, NULL);
  while (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
    const char *problem = (const char *)sqlite3_column_text(statement, 0);
    if (problem == NULL || strcmp(problem, "ok") == 0) continue;
    text.size = 0;
    shell_text_format(&text, "%s%s%s", name != NULL ? "table " : "", name != NULL ? name : "",
                      name != NULL ? ": " : "");
    for (const char *c = problem; *c != '\0'; c++) shell_text_char(&text, *c == '\n' ? ' ' : *c);
    shell_check_problem(run, text.data);
  }
  if (statement != NULL) code = sqlite3_finalize(statement);
  if (code != SQLITE_OK && code != SQLITE_INTERRUPT && run->problems == before) {
    text.size = 0;
    shell_text_format(&text, "%s%s: %s", name != NULL ? "table " : "",
                      name != NULL ? name : "tables", sqlite3_errmsg(run->sh->sql));
    shell_check_problem(run, text.data);
  }
  shell_text_free(&text);
}

/* Names of all tables, before any of them is read. */
static size_t shell_check_table_names(shell *sh, char ***names) {
  sqlite3_stmt *statement = NULL;
  size_t n = 0;
  *names = NULL;
  if (sqlite3_prepare_v2(sh->sql,
                         "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0", -1,
                         &statement, NULL) != SQLITE_OK)
    return 0;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    *names = shell_realloc(*names, (n + 1) * sizeof **names);
    (*names)[n++] = shell_copy((const char *)sqlite3_column_text(statement, 0));
  }
  sqlite3_finalize(statement);
  return n;
}

/* Whether pages in place were verified before; sets whether they are. */
static bool shell_check_verify(shell *sh, bool on) {
  sqlite3_stmt *statement = NULL;
  bool before = false;
  if (sqlite3_prepare_v2(sh->sql, "PRAGMA tv_verify", -1, &statement, NULL) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW)
    before = sqlite3_column_int(statement, 0) != 0;
  sqlite3_finalize(statement);
  sqlite3_exec(sh->sql, on ? "PRAGMA tv_verify=1" : "PRAGMA tv_verify=0", NULL, NULL, NULL);
  return before;
}

static int shell_check_segments(void *ctx, uint64_t segments) {
  return shell_check_progress(ctx, "columnar tables:", "segments", segments);
}

static void shell_check_columnar(shell_check_run *run) {
  tv_sql_check_hooks hooks = {shell_check_sql_problem, shell_check_segments, run};
  tv_sql_check_report report = {0};
  int status = tv_sql_check_columnar(run->sh->sql, &hooks, &report, &run->sh->error);
  run->records += report.pages;
  if (status != TV_OK && status != TV_STOP && report.problems == 0)
    shell_check_problem(run, run->sh->error.message);
}

/*
 * The whole at once is cheapest but names no table: only when something is wrong, each table is
 * checked by itself. Verified reading, or a damaged page in place would pass for a sound one.
 */
static void shell_check_tables(shell_check_run *run) {
  char **names;
  shell_text sql = {0};
  size_t n = shell_check_table_names(run->sh, &names);
  uint64_t pages = run->problems;
  run->things = n;
  bool verified = shell_check_verify(run->sh, true);
  shell_check_progress(run, "the structure of", "tables", n);
  if (pages == 0) shell_check_pragma(run, "PRAGMA integrity_check", NULL);
  for (size_t i = 0; i < n && run->problems > 0 && !shell_interrupted(); i++) {
    sql.size = 0;
    shell_text_str(&sql, "PRAGMA integrity_check(");
    shell_quote_sql(&sql, tv_str(names[i]));
    shell_text_char(&sql, ')');
    shell_check_pragma(run, sql.data, names[i]);
  }
  shell_check_verify(run->sh, verified);
  if (!shell_interrupted()) shell_check_columnar(run);
  for (size_t i = 0; i < n; i++) shell_free(names[i]);
  shell_free(names);
  shell_text_free(&sql);
}

/* ---- All layers ---- */

typedef struct shell_check_layers {
  shell_check_run *run;
  shell_check_summary *summary;
} shell_check_layers;

static int shell_check_models(tv_txn *txn, void *ctx) {
  const shell_check_layers *layers = ctx;
  shell_check_run *run = layers->run;
  run->txn = txn;
  int status = shell_check_buckets(run);
  shell_check_row(run, layers->summary, "buckets");
  if (status == TV_OK) status = shell_check_graphs(run);
  shell_check_row(run, layers->summary, "graphs");
  if (status == TV_OK) status = shell_check_sql_pages(run);
  return status;
}

static int shell_check_open_store(shell_check_run *run, shell_check_summary *summary,
                                  const char *path) {
  shell_check_layers layers = {run, summary};
  int status = shell_read(run->sh, shell_check_models, &layers);
  if (status < 0) return shell_fail_status(run->sh, status, &run->sh->error, path);
  if (status == TV_OK) shell_check_tables(run);
  shell_check_row(run, summary, "tables");
  return 0;
}

/* A file that is not the open store: opened beside it, for reading. */
static int shell_check_other(shell_check_run *run, shell_check_summary *summary, const char *path) {
  tv_error error = {0};
  tv_options options = {.flags = TV_OPEN_READONLY};
  tv_db *mine = run->sh->db, *db = NULL;
  sqlite3 *my_sql = run->sh->sql, *sql = NULL;
  int status = tv_open(path, &options, &db, &error);
  if (status == TV_OK) status = tv_sql_open(db, TV_SQL_READONLY, &sql, &error);
  if (status != TV_OK) {
    tv_close(db, NULL);
    return shell_fail_status(run->sh, status, &error, path);
  }
  run->sh->db = db;
  run->sh->sql = sql;
  shell_interrupt_watch(sql);
  int rc = shell_check_open_store(run, summary, path);
  run->sh->db = mine;
  run->sh->sql = my_sql;
  shell_interrupt_watch(my_sql);
  sqlite3_close(sql);
  tv_close(db, NULL);
  return rc;
}

static int shell_check_run_all(shell_check_run *run, shell_check_summary *summary,
                               const char *path) {
  bool is_open = strcmp(path, run->sh->path) == 0;
  if (strcmp(path, ":memory:") != 0 && shell_check_pages(run, path) != 0) return 1;
  bool sound = run->problems == 0;
  shell_check_row(run, summary, "pages");
  int rc = 0;
  if (sound)
    rc = is_open ? shell_check_open_store(run, summary, path)
                 : shell_check_other(run, summary, path);
  if (run->shows_progress) fputs("\r\033[K", stderr);
  return rc == 0 && !shell_interrupted() ? shell_check_print(run->sh, summary) : rc;
}

int shell_check(shell *sh, const shell_args *args) {
  shell_check_run run = {.sh = sh};
  shell_check_summary summary = {0};
  const char *path = args->n > 0 ? args->v[0] : sh->path;
  if (!sqlite3_get_autocommit(sh->sql))
    return shell_fail(sh, "end it with COMMIT or ROLLBACK first", "a transaction is open");
  run.shows_progress = sh->interactive && isatty(STDERR_FILENO);
  if (shell_check_run_all(&run, &summary, path) != 0) return 1;
  if (shell_interrupted()) return shell_fail(sh, NULL, "interrupted");
  if (summary.problems > 0)
    return shell_fail(sh,
                      "restore it from a backup, or save what can be read with .dump and .export",
                      "%s is damaged: %llu problem%s", path, (unsigned long long)summary.problems,
                      summary.problems > 1 ? "s" : "");
  fprintf(sh->out, "%s is sound\n", path);
  return 0;
}
