/* SPDX-License-Identifier: MIT */
/*
 * Runs SQL statements and the transactions of .kv and .graph. Those join the transaction that SQL's
 * BEGIN began, within a savepoint of their own, so that a failed command leaves nothing behind and
 * the user's transaction whole; without BEGIN each is a transaction of its own through tv_db_write.
 * Leading always with SQL's BEGIN was rejected: tv_db_write also survives the growth of the map.
 */
#include <stdarg.h>
#include <string.h>

#include "shell_internal.h"
#include "trivet_sql.h"

/* ---- Statements ---- */

void shell_clock_start(shell_clock *clock) {
  clock_gettime(CLOCK_MONOTONIC, &clock->real);
  getrusage(RUSAGE_SELF, &clock->used);
}

static double shell_run_seconds(struct timeval from, struct timeval to) {
  return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_usec - from.tv_usec) / 1e6;
}

void shell_clock_print(const shell *sh, const shell_clock *start) {
  shell_clock now;
  shell_clock_start(&now);
  double real = (double)(now.real.tv_sec - start->real.tv_sec) +
                (double)(now.real.tv_nsec - start->real.tv_nsec) / 1e9;
  fprintf(sh->out, "Run Time: real %.6f user %.6f sys %.6f\n", real,
          shell_run_seconds(start->used.ru_utime, now.used.ru_utime),
          shell_run_seconds(start->used.ru_stime, now.used.ru_stime));
}

/* The last rows of `statement`; finalizes it. */
int shell_sql_print(shell *sh, sqlite3_stmt *statement) {
  int columns = sqlite3_column_count(statement);
  int code = sqlite3_step(statement);
  if (columns > 0 && (code == SQLITE_ROW || code == SQLITE_DONE)) {
    const char **names = shell_alloc((size_t)columns * sizeof *names);
    shell_cell *cells = shell_alloc((size_t)columns * sizeof *cells);
    for (int i = 0; i < columns; i++) {
      const char *name = sqlite3_column_name(statement, i);
      names[i] = name != NULL ? name : "";
    }
    shell_rows_begin(sh, (size_t)columns, names);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
      for (int i = 0; i < columns; i++) cells[i] = shell_cell_column(statement, i);
      shell_rows_add(sh, cells);
      if (shell_interrupted()) sqlite3_interrupt(sh->sql);
    }
    shell_free(cells);
    shell_free(names);
  }
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  int rc = 0;
  if (code != SQLITE_DONE) {
    rc = shell_fail_sql(sh, tv_sql_text(statement));
    shell_rows_drop(sh);
  } else if (columns > 0) {
    rc = shell_rows_end(sh);
  }
  sqlite3_finalize(statement);
  return rc;
}

/* .profile: what the executor's operators did, or why SQLite ran it. */
static void shell_run_operator(void *ctx, int depth, const char *text, uint64_t rows, uint64_t ns) {
  const shell *sh = ctx;
  fprintf(sh->out, "%*s%-*s %12llu rows %12.3f ms\n", 2 * depth, "", 60 - 2 * depth, text,
          (unsigned long long)rows, (double)ns / 1e6);
}

static void shell_run_profile(shell *sh, bool is_select) {
  const char *declined = tv_sql_declined(sh->sql);
  if (!is_select) return;
  if (declined != NULL)
    fprintf(sh->out, "Run by SQLite: %s\n", declined);
  else
    tv_sql_profile(sh->sql, shell_run_operator, sh);
}

/* An EXPLAIN QUERY PLAN, by SQLite or by tv_sql_prepare. */
static bool shell_run_is_plan(sqlite3_stmt *statement) {
  if (sqlite3_stmt_isexplain(statement) == 2) return true;
  return strcmp(sqlite3_sql(statement), tv_sql_text(statement)) != 0 &&
         sqlite3_column_count(statement) == 4 &&
         strcmp(sqlite3_column_name(statement, 3), "detail") == 0 &&
         strcmp(sqlite3_column_name(statement, 2), "notused") == 0;
}

static int shell_run_statement(shell *sh, sqlite3_stmt *statement) {
  shell_clock clock;
  shell_clock_start(&clock);
  bool plan = shell_run_is_plan(statement);
  bool is_select = !plan && sqlite3_stmt_readonly(statement) && sqlite3_column_count(statement) > 0;
  int rc = plan ? shell_plan_print(sh, statement) : shell_sql_print(sh, statement);
  if (rc == 0 && sh->changes)
    fprintf(sh->out, "changes: %lld   total_changes: %lld\n", (long long)sqlite3_changes64(sh->sql),
            (long long)sqlite3_total_changes64(sh->sql));
  if (rc == 0 && sh->profile) shell_run_profile(sh, is_select);
  if (sh->timer) shell_clock_print(sh, &clock);
  return rc;
}

int shell_sql_run(shell *sh, const char *sql) {
  int rc = 0;
  while (*sql != '\0') {
    sqlite3_stmt *statement = NULL;
    const char *tail = NULL;
    if (tv_sql_prepare(sh->sql, sql, -1, &statement, &tail) != SQLITE_OK)
      return shell_fail_sql(sh, sql);
    if (statement != NULL && shell_run_statement(sh, statement) != 0) {
      rc = 1;
      if (sh->bail) return rc;
    }
    sql = tail;
  }
  return rc;
}

int shell_sql_quiet(shell *sh, const char *sql) {
  if (sqlite3_exec(sh->sql, sql, NULL, NULL, NULL) == SQLITE_OK) return 0;
  return shell_fail_sql(sh, NULL);
}

sqlite3_stmt *shell_sql_prepare(shell *sh, const char *sql, int n, const char *const *texts) {
  sqlite3_stmt *statement = NULL;
  if (sqlite3_prepare_v2(sh->sql, sql, -1, &statement, NULL) != SQLITE_OK) {
    shell_fail_sql(sh, sql);
    return NULL;
  }
  for (int i = 0; i < n; i++) sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_TRANSIENT);
  return statement;
}

/* ---- Transactions ---- */

typedef struct shell_run_work {
  shell_work_fn work;
  void *ctx;
  tv_error *error; /* of the work itself */
} shell_run_work;

static int shell_run_noting(tv_txn *txn, void *ctx) {
  const shell_run_work *run = ctx;
  int status = run->work(txn, run->ctx);
  if (status < 0 && run->error->status != status) *run->error = *tv_txn_error(txn);
  return status;
}

int shell_refuse(shell *sh, int status, const char *format, ...) {
  va_list args;
  va_start(args, format);
  sh->error = (tv_error){.status = status};
  vsnprintf(sh->error.message, sizeof sh->error.message, format, args);
  va_end(args);
  return status;
}

/* A failure to enter SQL's transaction or a savepoint in it, as a status. */
static int shell_run_sql_status(shell *sh) {
  sh->error.status = TV_ESQL;
  sh->error.native = sqlite3_extended_errcode(sh->sql);
  snprintf(sh->error.message, sizeof sh->error.message, "%s", sqlite3_errmsg(sh->sql));
  return TV_ESQL;
}

static int shell_run_exec(shell *sh, const char *sql) {
  return sqlite3_exec(sh->sql, sql, NULL, NULL, NULL) == SQLITE_OK ? TV_OK
                                                                   : shell_run_sql_status(sh);
}

static int shell_run_joined(shell *sh, unsigned mode, shell_run_work *run) {
  tv_txn *txn;
  int status = tv_sql_txn(sh->sql, mode, &txn, &sh->error);
  return status == TV_OK ? shell_run_noting(txn, run) : status;
}

int shell_read(shell *sh, shell_work_fn work, void *ctx) {
  shell_run_work run = {work, ctx, &sh->error};
  sh->error = (tv_error){0};
  if (!sqlite3_get_autocommit(sh->sql)) return shell_run_joined(sh, TV_READ, &run);
  tv_txn *txn;
  int status = tv_begin(sh->db, TV_READ, &txn, &sh->error);
  if (status != TV_OK) return status;
  status = shell_run_noting(txn, &run);
  tv_abort(txn);
  return status;
}

int shell_write(shell *sh, shell_work_fn work, void *ctx) {
  tv_error ended = {0};
  shell_run_work run = {work, ctx, &sh->error};
  sh->error = (tv_error){0};
  if (sqlite3_get_autocommit(sh->sql)) {
    int status = tv_db_write(sh->db, shell_run_noting, &run, &ended);
    if (status < 0 && sh->error.status != status) sh->error = ended;
    return status;
  }
  int status = shell_run_exec(sh, "SAVEPOINT trivet_shell");
  if (status != TV_OK) return status;
  status = shell_run_joined(sh, TV_WRITE, &run);
  if (status == TV_OK) return shell_run_exec(sh, "RELEASE trivet_shell");
  tv_error cause = sh->error;
  if (shell_run_exec(sh, "ROLLBACK TO trivet_shell; RELEASE trivet_shell") == TV_OK)
    sh->error = cause;
  return status;
}
