/* SPDX-License-Identifier: MIT */
/*
 * One run of a SELECT inside a table function: by the executor where there is a plan, else by
 * SQLite from the same text. A run that needs more memory than it may have is handed to SQLite too,
 * which sorts and groups on disk; failing there was rejected, since the same statement answers
 * without the executor.
 */
#include <time.h>

#include "query_internal.h"
#include "vfs_internal.h"

static int run_cancelled(void *context) {
  return tvi_columnar_interrupted(context);
}

static uint64_t run_deadline(const tvi_conn *conn) {
  struct timespec now;
  if (conn->deadline_ms == 0) return 0;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + conn->deadline_ms * 1000000u;
}

static int run_message(char **message, int status, const tv_error *err) {
  if (*message == NULL)
    *message =
        sqlite3_mprintf("%s", err->message[0] != '\0' ? err->message : tv_status_name(status));
  return *message == NULL ? SQLITE_NOMEM : tvi_sql_code(status);
}

/* ---- By the executor ---- */

static int run_value(sqlite3_value *from, tvi_value *to) {
  to->type = sqlite3_value_type(from);
  if (to->type == SQLITE_INTEGER) {
    to->as.integer = sqlite3_value_int64(from);
  } else if (to->type == SQLITE_FLOAT) {
    to->as.real = sqlite3_value_double(from);
  } else if (to->type != SQLITE_NULL) {
    const void *data =
        to->type == SQLITE_TEXT ? (const void *)sqlite3_value_text(from) : sqlite3_value_blob(from);
    to->as.bytes = tv_bytes(data, (size_t)sqlite3_value_bytes(from));
    if (data == NULL && to->as.bytes.size > 0) return TV_ENOMEM;
  }
  return TV_OK;
}

/* LIMIT and OFFSET take what becomes an integer without loss; the rest is SQLite's to refuse. */
static int run_limit_fits(const tvi_expr *expr, const tvi_value *params) {
  return expr == NULL || expr->op != TVI_X_PARAM || params[expr->slot].type == SQLITE_INTEGER;
}

static int run_exec_next(tvi_query_run *run, char **message) {
  int status = tvi_exec_next(run->exec, &run->row);
  tv_error err = {0};
  run->eof = status != TV_OK;
  return status == TV_OK || status == TV_END ? SQLITE_OK : run_message(message, status, &err);
}

/* TV_ELIMIT: SQLite is to run it. */
static int run_exec(tvi_query_run *run, const tvi_query_task *task, tv_error *err) {
  tvi_conn *conn = run->room->conn;
  tvi_exec_options options = {.threads = conn->threads,
                              .memory_bytes_max = conn->memory_bytes,
                              .deadline_ns = run_deadline(conn),
                              .cancelled = run_cancelled,
                              .context = run->room->sql};
  int status = tvi_columnar_flush_all(conn->before_savepoint_ctx, err);

  if (status == TV_OK) status = tvi_exec_open(task->plan, &options, run->params, &run->exec, err);
  if (status == TV_OK) status = tvi_exec_run(run->exec, err);
  if (status == TV_OK) tvi_query_room_keep_lines(run->room, run->exec);
  return status;
}

static int run_params(tvi_query_run *run, int argc, sqlite3_value **argv) {
  int i, status = TV_OK;
  run->params = tvi_zalloc((size_t)(argc + 1) * sizeof *run->params);
  if (run->params == NULL) return TV_ENOMEM;
  for (i = 0; i < argc && status == TV_OK; i++) status = run_value(argv[i], &run->params[i]);
  return status;
}

/* ---- By SQLite ---- */

static int run_inner_next(tvi_query_run *run, char **message) {
  int code = sqlite3_step(run->inner);
  run->eof = code != SQLITE_ROW;
  if (code == SQLITE_ROW || code == SQLITE_DONE) return SQLITE_OK;
  if (*message == NULL) *message = sqlite3_mprintf("%s", sqlite3_errmsg(run->room->sql));
  return code;
}

static int run_inner(tvi_query_run *run, const tvi_query_task *task, int argc, sqlite3_value **argv,
                     char **message) {
  int i, code = sqlite3_prepare_v2(run->room->sql, task->sql, -1, &run->inner, NULL);

  for (i = 0; i < argc && code == SQLITE_OK; i++)
    code = sqlite3_bind_value(run->inner, i + 1, argv[i]);
  if (code == SQLITE_OK && sqlite3_column_count(run->inner) != task->columns)
    return SQLITE_SCHEMA; /* SQLite prepares the statement again, and in the end says so */
  if (code == SQLITE_OK) return run_inner_next(run, message);
  if (*message == NULL) *message = sqlite3_mprintf("%s", sqlite3_errmsg(run->room->sql));
  return code;
}

/* ---- Either ---- */

int tvi_query_run_begin(tvi_query_run *run, tvi_query_room *room, const tvi_query_task *task,
                        int argc, sqlite3_value **argv, char **message) {
  tv_error err = {0};
  int status;

  tvi_query_run_end(run);
  tvi_query_room_forget_lines(room);
  run->room = room;
  run->eof = 1;
  if (task->plan == NULL) return run_inner(run, task, argc, argv, message);
  status = run_params(run, argc, argv);
  if (status == TV_OK && run_limit_fits(task->plan->limit, run->params) &&
      run_limit_fits(task->plan->offset, run->params))
    status = run_exec(run, task, &err);
  else if (status == TV_OK)
    status = TV_ELIMIT;
  if (status == TV_OK) return run_exec_next(run, message);
  if (status != TV_ELIMIT) return run_message(message, status, &err);
  tvi_query_run_end(run);
  run->room = room;
  sqlite3_snprintf(sizeof room->reason, room->reason, "%s",
                   err.message[0] != '\0' ? err.message : "its LIMIT is no integer");
  return run_inner(run, task, argc, argv, message);
}

int tvi_query_run_next(tvi_query_run *run, char **message) {
  return run->inner != NULL ? run_inner_next(run, message) : run_exec_next(run, message);
}

int tvi_query_run_value(const tvi_query_run *run, int column, tvi_value *out) {
  if (run->inner != NULL) return run_value(sqlite3_column_value(run->inner, column), out);
  *out = run->row[column];
  return TV_OK;
}

void tvi_query_run_column(tvi_query_run *run, sqlite3_context *context, int column, int copies) {
  const tvi_value *value;
  sqlite3_destructor_type keep = copies ? SQLITE_TRANSIENT : SQLITE_STATIC;

  if (run->eof) return;
  if (run->inner != NULL) {
    sqlite3_result_value(context, sqlite3_column_value(run->inner, column));
    return;
  }
  value = &run->row[column];
  switch (value->type) {
    case SQLITE_INTEGER:
      sqlite3_result_int64(context, value->as.integer);
      break;
    case SQLITE_FLOAT:
      sqlite3_result_double(context, value->as.real);
      break;
    case SQLITE_TEXT:
      sqlite3_result_text64(context, value->as.bytes.size > 0 ? value->as.bytes.data : "",
                            value->as.bytes.size, keep, SQLITE_UTF8);
      break;
    case SQLITE_BLOB:
      if (value->as.bytes.size == 0)
        sqlite3_result_zeroblob(context, 0);
      else
        sqlite3_result_blob64(context, value->as.bytes.data, value->as.bytes.size, keep);
      break;
    default:
      break;
  }
}

void tvi_query_run_end(tvi_query_run *run) {
  if (run->exec != NULL) tvi_exec_close(run->exec);
  tvi_free(run->params);
  (void)sqlite3_finalize(run->inner);
  *run = (tvi_query_run){.eof = 1};
}
