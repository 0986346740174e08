/* SPDX-License-Identifier: MIT */
/*
 * Running a plan: the snapshot's parts are looked up, the small tables are read into joins, then
 * threads take parts of the large table from a counter until none is left, each with its own groups
 * or rows, which are put together at the end. A part is the unit of work, of cancellation and of
 * time-outs: some 65,000 rows, less than a millisecond. A pool of threads that lives on was
 * rejected: starting one costs some 20 microseconds, and idle threads in a host program cost trust.
 */
#include <string.h>
#include <time.h>

#include "exec_internal.h"

#define EXEC_THREADS_MAX 256

static uint64_t exec_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* A sentence for failures that come without one. */
static int exec_explained(const tvi_exec *exec, int status, tv_error *err) {
  if (status == TV_OK || (err != NULL && err->status == status)) return status;
  switch (status) {
    case TV_ELIMIT:
      if (atomic_load(&exec->memory.exceeded))
        return tvi_error_set(err, status, 0, "the query needs more than its limit of %llu bytes",
                             (unsigned long long)exec->memory.most);
      return tvi_error_set(err, status, 0, "the query has more rows than the executor takes");
    case TV_EINTR:
      return tvi_error_set(err, status, 0, "interrupted");
    case TV_ENOMEM:
      return tvi_error_set(err, status, 0, "out of memory");
    case TV_ECORRUPT:
      return tvi_error_set(err, status, 0, "a value is beyond its zone map");
    default:
      return tvi_error_set(err, status, 0, "the query failed");
  }
}

/* ---- Opening ---- */

static int exec_params(tvi_exec *exec, const tvi_value *params) {
  size_t n = (size_t)exec->plan->params;
  size_t i;

  exec->params = tvi_arena_alloc(&exec->pool, (n + 1) * sizeof *exec->params);
  if (exec->params == NULL) return tvi_memory_status(&exec->memory);
  for (i = 0; i < n; i++) {
    exec->params[i] = params[i];
    if (params[i].type != SQLITE_TEXT && params[i].type != SQLITE_BLOB) continue;
    if (!tvi_arena_copy(&exec->pool, params[i].as.bytes, &exec->params[i].as.bytes))
      return tvi_memory_status(&exec->memory);
  }
  return TV_OK;
}

static int exec_open(tvi_exec *exec, const tvi_value *params, tv_error *err) {
  const tvi_plan *plan = exec->plan;
  int t, status = exec_params(exec, params);

  exec->program.pool = exec->last.pool = &exec->pool;
  exec->program.params = exec->last.params = exec->params;
  exec->program.slots = exec->last.slots = exec->slot;
  for (t = 0; t < plan->tables; t++) exec->slot[t + 1] = exec->slot[t] + plan->table[t].columns;
  for (t = 0; t < plan->tables && status == TV_OK; t++)
    status = tvi_source_open(&exec->source[t], plan, t, &exec->memory, err);
  tvi_result_make(&exec->result, &exec->memory, plan, SIZE_MAX);
  return status == TV_OK ? tvi_exec_arrange(exec, err) : status;
}

int tvi_exec_open(const tvi_plan *plan, const tvi_exec_options *options, const tvi_value *params,
                  tvi_exec **out, tv_error *err) {
  tv_error unused = {0, 0, ""};
  tvi_exec *exec = tvi_zalloc(sizeof *exec);
  int status;

  *out = NULL;
  if (err == NULL) err = &unused;
  if (exec == NULL) return tvi_error_set(err, TV_ENOMEM, 0, "out of memory");
  exec->plan = plan;
  exec->options = *options;
  exec->memory.most = options->memory_bytes_max;
  exec->pool.memory = &exec->memory;
  exec->kernels = tvi_kernels_at((tvi_kernel_level)options->kernels);
  if (exec->kernels == NULL) exec->kernels = tvi_kernels_at(TVI_KERNEL_PORTABLE);
  status = exec_open(exec, params, err);
  if (status == TV_OK) {
    tvi_exec_explain(exec);
    *out = exec;
    return TV_OK;
  }
  status = exec_explained(exec, status, err);
  tvi_exec_close(exec);
  return status;
}

void tvi_exec_close(tvi_exec *exec) {
  int i;

  if (exec == NULL) return;
  for (i = 0; i < exec->plan->tables; i++) tvi_source_close(&exec->source[i]);
  for (i = 0; i < exec->joins; i++) tvi_join_free(&exec->join[i]);
  for (i = 0; exec->grouping.key != NULL && i < exec->keys; i++)
    tvi_intern_free(&exec->grouping.key[i].values);
  for (i = 0; exec->grouping.distinct != NULL && i < exec->aggregates; i++)
    tvi_intern_free(&exec->grouping.distinct[i]);
  tvi_result_free(&exec->result);
  if (exec->program.pool != NULL) tvi_program_free(&exec->program);
  if (exec->last.pool != NULL) tvi_program_free(&exec->last);
  tvi_arena_free(&exec->pool);
  tvi_free(exec);
}

/* ---- Parts ---- */

/* The caller's thread also asks the caller. */
static int exec_poll(const tvi_exec *exec, int caller) {
  if (exec->options.deadline_ns > 0 && exec_now() > exec->options.deadline_ns) return TV_EINTR;
  if (caller && exec->options.cancelled != NULL && exec->options.cancelled(exec->options.context))
    return TV_EINTR;
  return TV_OK;
}

/* Takes parts until there are none. */
static void exec_work(tvi_pipe *pipe, int caller) {
  tvi_exec *exec = pipe->exec;
  uint64_t start = exec_now();
  int status = pipe->status;

  while (status == TV_OK && atomic_load(&exec->stop) == TV_OK) {
    uint32_t part = atomic_fetch_add(&exec->next_part, 1);
    if (part >= exec->source[pipe->table].parts || part > atomic_load(&exec->last_part)) break;
    status = exec_poll(exec, caller);
    if (status == TV_OK) status = tvi_pipe_part(pipe, part);
    if (status == TV_END && !exec->grouped) { /* enough rows: later parts have later ones */
      uint32_t last = atomic_load(&exec->last_part);
      while (part < last && !atomic_compare_exchange_weak(&exec->last_part, &last, part)) continue;
      status = TV_OK;
      break;
    }
  }
  pipe->status = status;
  if (status != TV_OK) atomic_store(&exec->stop, status);
  pipe->ns = exec_now() - start;
}

static void *exec_thread(void *context) {
  exec_work(context, 0);
  return NULL;
}

static void exec_begin_parts(tvi_exec *exec) {
  atomic_store(&exec->next_part, 0);
  atomic_store(&exec->last_part, UINT32_MAX);
  atomic_store(&exec->stop, TV_OK);
}

/* ---- Joins ---- */

static int exec_build(tvi_exec *exec, tvi_join *join, tv_error *err) {
  tvi_pipe pipe;
  int status = tvi_pipe_make(&pipe, exec, join->table, join);

  pipe.status = status;
  exec_begin_parts(exec);
  exec_work(&pipe, 1);
  status = pipe.status;
  if (status == TV_OK) status = tvi_join_finish(join, exec->source[exec->driver].rows);
  join->rows_out = join->rows.rows;
  join->ns = pipe.ns;
  if (status != TV_OK && pipe.err.status != TV_OK)
    tvi_error_set(err, pipe.err.status, pipe.err.native, "%s", pipe.err.message);
  tvi_pipe_free(&pipe);
  return status;
}

/* ---- The end ---- */

typedef struct exec_chunk {
  tvi_vec *column;
} exec_chunk;

static int exec_fetch_group(void *context, int slot, tvi_vec **out) {
  *out = &((exec_chunk *)context)->column[slot];
  return TV_OK;
}

/* Rows of the result from n groups whose keys and aggregates are in the chunk. */
static int exec_groups_out(tvi_exec *exec, tvi_eval *eval, uint32_t n, uint64_t *place) {
  int i, outputs = exec->plan->outputs, width = exec->result.stride, status = TV_OK;
  uint16_t rows[TVI_EXEC_ROWS];
  uint32_t r, kept = n;
  tvi_value *row = tvi_arena_alloc(&eval->rooms, ((size_t)width + 1) * sizeof *row);

  if (row == NULL) return tvi_memory_status(&exec->memory);
  tvi_eval_begin(eval, n);
  for (r = 0; r < n; r++) rows[r] = (uint16_t)r;
  if (exec->having >= 0) status = tvi_eval_select(eval, exec->having, rows, &kept);
  for (r = 0; r < kept && status == TV_OK; r++) {
    for (i = 0; i < width && status == TV_OK; i++) {
      tvi_vec *vec;
      status = tvi_eval_node(eval, i < outputs ? exec->output[i] : exec->order[i - outputs], &vec);
      if (status == TV_OK && !tvi_vec_value(&eval->pool, vec, rows[r], &row[i]))
        status = tvi_memory_status(&exec->memory);
    }
    if (status == TV_OK) status = tvi_result_add(&exec->result, row, (*place)++);
  }
  return status;
}

static int exec_chunk_make(tvi_exec *exec, tvi_arena *pool, exec_chunk *chunk) {
  int i, slots = exec->keys + exec->aggregates;

  chunk->column = tvi_arena_zalloc(pool, ((size_t)slots + 1) * sizeof *chunk->column);
  for (i = 0; chunk->column != NULL && i < slots; i++) {
    chunk->column[i].as.any = tvi_arena_alloc(pool, TVI_EXEC_ROWS * sizeof(tvi_value));
    if (chunk->column[i].as.any == NULL) return tvi_memory_status(&exec->memory);
  }
  return chunk->column == NULL ? tvi_memory_status(&exec->memory) : TV_OK;
}

/* Puts the groups through HAVING and the outputs. */
static int exec_groups(tvi_exec *exec, tvi_groups *groups) {
  int i, slots = exec->keys + exec->aggregates;
  tvi_arena pool = {.memory = &exec->memory}, texts = {.memory = &exec->memory};
  exec_chunk chunk = {NULL};
  tvi_value *values = tvi_arena_alloc(&pool, ((size_t)slots + 1) * sizeof *values);
  uint32_t group, n = 0;
  uint64_t place = 0;
  tvi_eval eval = {.program = NULL};
  int status;

  if (values == NULL) return tvi_memory_status(&exec->memory);
  status = exec_chunk_make(exec, &pool, &chunk);
  if (status == TV_OK)
    status = tvi_eval_make(&eval, &exec->last, &exec->memory, exec_fetch_group, &chunk);
  if (status == TV_OK && exec->keys == 0) status = tvi_groups_single(groups);
  for (group = 0; group < groups->count && status == TV_OK; group++) {
    if (groups->rows[group] == 0 && exec->keys > 0) continue;
    status = tvi_groups_values(groups, &texts, group, values);
    for (i = 0; i < slots; i++) chunk.column[i].kind = TVI_VEC_MIXED;
    for (i = 0; i < slots; i++) chunk.column[i].as.mixed[n] = values[i];
    if (status == TV_OK && ++n == TVI_EXEC_ROWS) {
      status = exec_groups_out(exec, &eval, n, &place);
      n = 0;
      tvi_arena_reset(&texts);
    }
  }
  if (status == TV_OK && n > 0) status = exec_groups_out(exec, &eval, n, &place);
  tvi_eval_free(&eval);
  tvi_arena_free(&texts);
  tvi_arena_free(&pool);
  return status;
}

static int exec_gather(tvi_exec *exec, tvi_pipe *pipes, int count) {
  int i, status = TV_OK;

  if (exec->grouped) {
    for (i = 1; i < count && status == TV_OK; i++)
      status = tvi_groups_merge(&pipes[0].groups, &pipes[i].groups);
    return status == TV_OK ? exec_groups(exec, &pipes[0].groups) : status;
  }
  for (i = 0; i < count && status == TV_OK; i++)
    status = tvi_result_merge(&exec->result, &pipes[i].result);
  return status;
}

/* ---- Running ---- */

static int exec_threads(const tvi_exec *exec) {
  uint32_t parts = exec->source[exec->driver].parts;
  int threads = exec->options.threads;

  if (threads > EXEC_THREADS_MAX) threads = EXEC_THREADS_MAX;
  if (threads > (int)parts) threads = (int)parts;
  return threads < 1 || exec->exact ? 1 : threads;
}

/* Runs the pipes: the caller's thread is the first. One that cannot be started leaves its work. */
static void exec_start(tvi_pipe *pipes, int count) {
  int i, started = 1;

  for (i = 1; i < count; i++, started++)
    if (pthread_create(&pipes[i].thread, NULL, exec_thread, &pipes[i]) != 0) break;
  exec_work(&pipes[0], 1);
  for (i = 1; i < started; i++) pthread_join(pipes[i].thread, NULL);
}

static int exec_scan(tvi_exec *exec, tv_error *err) {
  int i, count = exec_threads(exec), status = TV_OK;
  tvi_pipe *pipes = tvi_arena_zalloc(&exec->pool, (size_t)count * sizeof *pipes);

  if (pipes == NULL) return tvi_memory_status(&exec->memory);
  exec->grouping.exact = exec->exact;
  exec_begin_parts(exec);
  for (i = 0; i < count && status == TV_OK; i++)
    status = tvi_pipe_make(&pipes[i], exec, exec->driver, NULL);
  if (status == TV_OK && !exec->empty) exec_start(pipes, count);
  for (i = 0; i < count && status == TV_OK; i++) {
    status = pipes[i].status;
    if (status != TV_OK && pipes[i].err.status != TV_OK)
      tvi_error_set(err, pipes[i].err.status, pipes[i].err.native, "%s", pipes[i].err.message);
  }
  if (status == TV_OK) status = exec_gather(exec, pipes, count);
  tvi_exec_count(exec, pipes, count);
  for (i = 0; i < count; i++) tvi_pipe_free(&pipes[i]);
  return status;
}

static int exec_run(tvi_exec *exec, tv_error *err) {
  int i, status = TV_OK;

  for (i = 0; i < exec->joins && status == TV_OK && !exec->empty; i++)
    status = exec_build(exec, &exec->join[i], err);
  if (status == TV_OK) status = tvi_exec_settle(exec);
  if (status == TV_OK) status = exec_scan(exec, err);
  if (status == TV_END && exec->grouped && !exec->exact) {
    exec->exact = 1; /* sums may overflow, or are real: once more, in order */
    status = exec_scan(exec, err);
  }
  return status;
}

int tvi_exec_run(tvi_exec *exec, tv_error *err) {
  tv_error unused = {0, 0, ""};
  int status;

  if (err == NULL) err = &unused;
  status = exec_run(exec, err);
  if (status == TV_EINVAL) return tvi_error_set(err, TV_EINVAL, 0, "integer overflow");
  if (status == TV_OK) status = tvi_result_finish(&exec->result, exec->offset, exec->limit);
  return exec_explained(exec, status, err);
}

int tvi_exec_next(tvi_exec *exec, const tvi_value **row) {
  tvi_result *result = &exec->result;

  if (result->at >= result->end) return TV_END;
  *row = result->value + (size_t)result->order[result->at++] * (size_t)result->stride;
  return TV_OK;
}
