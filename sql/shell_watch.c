/* SPDX-License-Identifier: MIT */
/*
 * Looking at a store at work: who reads it, how long calls take. Printed once when asked; a display
 * that refreshes itself was left to watch(1), which does it for any command.
 */
#include <string.h>

#include "shell_internal.h"

/* ---- .readers ---- */

static int shell_watch_reader(void *ctx, const tv_reader *reader) {
  shell_cell cells[] = {shell_cell_int(reader->pid), shell_cell_count(reader->snapshot),
                        shell_cell_count(reader->behind), shell_cell_count(reader->pages_pinned),
                        reader->age_ms >= 0 ? shell_cell_int(reader->age_ms) : shell_cell_null()};
  shell_rows_add(ctx, cells);
  return 0;
}

int shell_readers(shell *sh, const shell_args *args) {
  static const char *const titles[] = {"pid", "snapshot", "behind", "pages_pinned", "age_ms"};
  tv_error error = {0};
  int status = shell_has(args, "--reap") ? tv_readers_reap(sh->db, NULL, &error) : TV_OK;
  if (status == TV_OK) {
    shell_rows_begin(sh, 5, titles);
    status = tv_readers(sh->db, shell_watch_reader, sh, &error);
  }
  if (status == TV_OK) return shell_rows_end(sh);
  shell_rows_drop(sh);
  return shell_fail_status(sh, status, &error, sh->path);
}

/* ---- .metrics ---- */

static int shell_watch_metric(void *ctx, const tv_metric *metric) {
  if (metric->count == 0) return 0;
  double mean = (double)metric->sum_ns / (double)metric->count;
  shell_cell cells[] = {shell_cell_str(metric->name),      shell_cell_count(metric->count),
                        shell_cell_count((uint64_t)mean),  shell_cell_count(metric->p50_ns),
                        shell_cell_count(metric->p90_ns),  shell_cell_count(metric->p99_ns),
                        shell_cell_count(metric->p999_ns), shell_cell_count(metric->max_ns)};
  shell_rows_add(ctx, cells);
  return 0;
}

int shell_metrics(shell *sh, const shell_args *args) {
  static const char *const titles[] = {"call",   "count",  "mean_ns", "p50_ns",
                                       "p90_ns", "p99_ns", "p999_ns", "max_ns"};
  tv_error error = {0};
  bool on;
  int status;
  if (args->n > 0 && strcmp(args->v[0], "show") != 0) {
    if (shell_on_off(sh, args->v[0], &on) != 0) return 1;
    status = tv_metrics_enable(sh->db, on, &error);
    return status == TV_OK ? 0 : shell_fail_status(sh, status, &error, sh->path);
  }
  shell_rows_begin(sh, 8, titles);
  status = tv_metrics(sh->db, shell_watch_metric, sh);
  if (status == TV_OK) return shell_rows_end(sh);
  shell_rows_drop(sh);
  return shell_fail_status(sh, status, &error, sh->path);
}
