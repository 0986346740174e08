/* SPDX-License-Identifier: MIT */
/*
 * Batches on their way from a scan: through joins and conditions over several tables, to groups, to
 * the result, or into the hash table of a join. A join that finds exactly one row for each just
 * notes its number, and columns of joined tables are fetched by that number when an expression asks
 * for them; only a join that drops or multiplies rows makes a new batch. Columns of joined tables
 * copied at the join were rejected: most are needed for few rows, or only as a group's number.
 */
#include <string.h>

#include "exec_internal.h"

#define PIPE_ROOM_ROWS (TVI_EXEC_ROWS + TVI_EXEC_SLACK)

static int pipe_consume(void *context, tvi_flow *flow);

/* ---- Columns ---- */

static int pipe_table_of(const tvi_exec *exec, int slot) {
  int table = 0;
  while (slot >= exec->slot[table + 1]) table++;
  return table;
}

static int pipe_fetch(void *context, int slot, tvi_vec **out) {
  tvi_pipe *pipe = context;
  tvi_exec *exec = pipe->exec;
  int table = pipe_table_of(exec, slot), j;

  if (table == pipe->table) {
    *out = &pipe->flow->column[slot - exec->slot[table]];
    return TV_OK;
  }
  if (pipe->slot_room[slot] == NULL) {
    pipe->slot_room[slot] = tvi_arena_alloc(&pipe->pool, PIPE_ROOM_ROWS * sizeof(tvi_value));
    pipe->slot_nulls[slot] = tvi_arena_alloc(&pipe->pool, PIPE_ROOM_ROWS);
    if (pipe->slot_room[slot] == NULL || pipe->slot_nulls[slot] == NULL)
      return tvi_memory_status(&exec->memory);
  }
  for (j = 0; exec->join[j].table != table; j++) continue;
  tvi_rows_gather(&exec->join[j].rows, slot - exec->slot[table], pipe->flow->row[table],
                  pipe->flow->n, pipe->slot_room[slot], pipe->slot_nulls[slot], &pipe->gathered);
  *out = &pipe->gathered; /* the evaluation copies it at once */
  return TV_OK;
}

/* ---- Making ---- */

/* Memory for a stage's batch: the scanned table's columns that go on, and rows of all joins. */
static int pipe_make_stage(tvi_pipe *pipe, tvi_stage *stage) {
  tvi_exec *exec = pipe->exec;
  const tvi_source *source = &exec->source[pipe->table];
  size_t n = (size_t)source->columns + 1;
  tvi_flow *flow = &stage->flow;
  int i;

  flow->column = tvi_arena_zalloc(&pipe->pool, n * sizeof *flow->column);
  flow->room = tvi_arena_zalloc(&pipe->pool, n * sizeof *flow->room);
  flow->nulls = tvi_arena_zalloc(&pipe->pool, n * sizeof *flow->nulls);
  flow->row = tvi_arena_zalloc(&pipe->pool, (TVI_PLAN_TABLES_MAX + 1) * sizeof *flow->row);
  if (flow->column == NULL || flow->room == NULL || flow->nulls == NULL || flow->row == NULL)
    return tvi_memory_status(&exec->memory);
  for (i = 0; i < source->columns; i++) {
    if (!exec->late[pipe->table][i]) continue;
    flow->room[i] = tvi_arena_alloc(&pipe->pool, PIPE_ROOM_ROWS * sizeof(tvi_value));
    flow->nulls[i] = tvi_arena_alloc(&pipe->pool, PIPE_ROOM_ROWS);
    if (flow->room[i] == NULL || flow->nulls[i] == NULL) return tvi_memory_status(&exec->memory);
  }
  return TV_OK;
}

static int pipe_make_rows(tvi_pipe *pipe, tvi_flow *flow) {
  const tvi_exec *exec = pipe->exec;
  int i;

  for (i = 0; i < exec->joins; i++) {
    int table = exec->join[i].table;
    flow->row[table] = tvi_arena_zalloc(&pipe->pool, PIPE_ROOM_ROWS * sizeof **flow->row);
    if (flow->row[table] == NULL) return tvi_memory_status(&pipe->exec->memory);
  }
  return TV_OK;
}

static int pipe_make_stages(tvi_pipe *pipe) {
  tvi_exec *exec = pipe->exec;
  int i, stages = 1, status = TV_OK;

  for (i = 0; i < exec->steps; i++)
    stages += exec->step[i].kind == TVI_EXEC_STEP_JOIN && !exec->step[i].sifted;
  pipe->stage = tvi_arena_zalloc(&pipe->pool, (size_t)stages * sizeof *pipe->stage);
  if (pipe->stage == NULL) return tvi_memory_status(&exec->memory);
  status = pipe_make_rows(pipe, &pipe->scan.flow);
  for (i = 1; i < stages && status == TV_OK; i++) {
    status = pipe_make_stage(pipe, &pipe->stage[i]);
    if (status == TV_OK) status = pipe_make_rows(pipe, &pipe->stage[i].flow);
  }
  return status;
}

int tvi_pipe_make(tvi_pipe *pipe, tvi_exec *exec, int table, tvi_join *into) {
  size_t slots = (size_t)exec->slot[exec->plan->tables] + 1;
  int status;

  memset(pipe, 0, sizeof *pipe);
  pipe->exec = exec;
  pipe->table = table;
  pipe->into = into;
  pipe->pool.memory = &exec->memory;
  pipe->slot_room = tvi_arena_zalloc(&pipe->pool, slots * sizeof *pipe->slot_room);
  pipe->slot_nulls = tvi_arena_zalloc(&pipe->pool, slots * sizeof *pipe->slot_nulls);
  pipe->row = tvi_arena_zalloc(
      &pipe->pool, (size_t)(exec->plan->outputs + exec->plan->orders + 1) * sizeof *pipe->row);
  if (pipe->slot_room == NULL || pipe->slot_nulls == NULL || pipe->row == NULL)
    return tvi_memory_status(&exec->memory);
  status = tvi_scan_make(&pipe->scan, &exec->source[table], &exec->program, exec->slot[table],
                         exec->sieve[table], exec->sieves[table], exec->late[table], exec->kernels);
  pipe->scan.consume = pipe_consume;
  pipe->scan.context = pipe;
  pipe->scan.err = &pipe->err;
  if (status == TV_OK)
    status = tvi_eval_make(&pipe->eval, &exec->program, &exec->memory, pipe_fetch, pipe);
  if (status != TV_OK || into != NULL) return status;
  status = pipe_make_stages(pipe);
  tvi_result_make(&pipe->result, &exec->memory, exec->plan, exec->result.most);
  if (status == TV_OK && exec->grouped)
    status = tvi_groups_make(&pipe->groups, &exec->grouping, &exec->memory);
  return status;
}

void tvi_pipe_free(tvi_pipe *pipe) {
  if (pipe->exec == NULL) return;
  tvi_scan_free(&pipe->scan);
  tvi_eval_free(&pipe->eval);
  tvi_groups_free(&pipe->groups);
  tvi_result_free(&pipe->result);
  tvi_arena_free(&pipe->pool);
  pipe->exec = NULL;
}

/* ---- Steps in place ---- */

static void pipe_keep(tvi_pipe *pipe, tvi_flow *flow, const uint16_t *rows, uint32_t n) {
  const tvi_exec *exec = pipe->exec;
  uint32_t i;
  int c, j;

  if (n == flow->n) return;
  for (c = 0; c < exec->source[pipe->table].columns; c++)
    if (exec->late[pipe->table][c]) tvi_vec_keep(&flow->column[c], rows, n);
  for (j = 0; j < exec->joins; j++) {
    uint32_t *row = flow->row[exec->join[j].table];
    for (i = 0; i < n; i++) row[i] = row[rows[i]];
  }
  flow->n = n;
}

/* The sieve left rows that have exactly one match: one load each. */
static int pipe_look_up(tvi_pipe *pipe, tvi_flow *flow, const tvi_join *join) {
  uint32_t *row = flow->row[join->table], i;
  tvi_vec *key;
  int status = tvi_eval_node(&pipe->eval, join->probe[0], &key);

  if (status != TV_OK) return status;
  if (key->kind == TVI_VEC_I64)
    for (i = 0; i < flow->n; i++)
      row[i] = join->first[(uint64_t)key->as.i64[i] - (uint64_t)join->base];
  else
    pipe->exec->kernels->look_up32(key->as.i32, flow->n, (int32_t)join->base, join->first, row);
  for (i = 0; i < flow->n; i++) row[i]--;
  return TV_OK;
}

/* Runs steps from `step` on until one makes a new batch. *next is that one, or behind the last. */
static int pipe_advance(tvi_pipe *pipe, tvi_flow *flow, int step, int *next) {
  const tvi_exec *exec = pipe->exec;
  uint16_t rows[TVI_EXEC_ROWS];
  uint32_t kept;
  int status = TV_OK;

  pipe->flow = flow;
  tvi_eval_begin(&pipe->eval, flow->n);
  for (; step < exec->steps && status == TV_OK && flow->n > 0; step++) {
    const tvi_exec_step *s = &exec->step[step];
    if (s->kind == TVI_EXEC_STEP_FILTER) {
      status = tvi_eval_select(&pipe->eval, s->node, rows, &kept);
      if (status != TV_OK) return status;
      if (kept == flow->n) continue;
      pipe_keep(pipe, flow, rows, kept);
      tvi_eval_begin(&pipe->eval, flow->n);
    } else if (!s->sifted) {
      break;
    } else if (s->need_rows) {
      status = pipe_look_up(pipe, flow, s->join);
    }
  }
  *next = flow->n == 0 ? -1 : step;
  return status;
}

/* ---- Steps that make a batch ---- */

static void pipe_copy_column(const tvi_vec *from, const uint16_t *in, uint32_t n, void *room,
                             unsigned char *nulls, tvi_vec *to) {
  size_t width = tvi_vec_width(from->kind);
  uint32_t i;

  *to = *from;
  to->as.any = room;
  if (from->nulls != NULL) {
    for (i = 0; i < n; i++) nulls[i] = from->nulls[in[i]];
    to->nulls = nulls;
  }
  if (width == sizeof(int32_t))
    for (i = 0; i < n; i++) to->as.i32[i] = from->as.i32[in[i]];
  else if (width == sizeof(int64_t))
    for (i = 0; i < n; i++) to->as.i64[i] = from->as.i64[in[i]];
  else if (width == sizeof(tv_slice))
    for (i = 0; i < n; i++) to->as.bytes[i] = from->as.bytes[in[i]];
  else if (width == sizeof(tvi_value))
    for (i = 0; i < n; i++) to->as.mixed[i] = from->as.mixed[in[i]];
}

/* The next batch of a join: *n is 0 when there is none. */
static int pipe_expand(tvi_pipe *pipe, tvi_stage *from, tvi_stage *to, uint32_t *n) {
  tvi_exec *exec = pipe->exec;
  tvi_join *join = exec->step[from->step].join;
  uint16_t in[TVI_EXEC_ROWS];
  uint32_t i, rows[TVI_EXEC_ROWS];
  int c, j, status;

  pipe->flow = from->use;
  tvi_eval_begin(&pipe->eval, from->use->n);
  status = tvi_join_probe(join, &pipe->eval, &from->probe, in, rows, n);
  if (status != TV_OK || *n == 0) return status;
  for (c = 0; c < exec->source[pipe->table].columns; c++)
    if (exec->late[pipe->table][c])
      pipe_copy_column(&from->use->column[c], in, *n, to->flow.room[c], to->flow.nulls[c],
                       &to->flow.column[c]);
  for (j = 0; j < exec->joins; j++) {
    int table = exec->join[j].table;
    for (i = 0; i < *n; i++) to->flow.row[table][i] = from->use->row[table][in[i]];
  }
  memcpy(to->flow.row[join->table], rows, *n * sizeof *rows);
  to->flow.n = *n;
  to->use = &to->flow;
  memset(&to->probe, 0, sizeof to->probe);
  return TV_OK;
}

/* ---- The end ---- */

static int pipe_rows(tvi_pipe *pipe) {
  tvi_exec *exec = pipe->exec;
  int i, outputs = exec->plan->outputs, n = outputs + exec->plan->orders, status = TV_OK;
  uint32_t row;

  if (exec->plan->orders == 0 && pipe->result.rows >= exec->result.most) return TV_END;
  for (row = 0; row < pipe->eval.n && status == TV_OK; row++) {
    for (i = 0; i < n; i++) {
      tvi_vec *vec;
      status = tvi_eval_node(&pipe->eval, i < outputs ? exec->output[i] : exec->order[i - outputs],
                             &vec);
      if (status != TV_OK) return status;
      if (!tvi_vec_value(&pipe->eval.pool, vec, row, &pipe->row[i]))
        return tvi_memory_status(&exec->memory);
    }
    status = tvi_result_add(&pipe->result, pipe->row, pipe->place++);
  }
  return status;
}

static int pipe_end(tvi_pipe *pipe, tvi_flow *flow) {
  pipe->rows += flow->n;
  if (pipe->exec->grouped) return tvi_groups_add(&pipe->groups, &pipe->eval, flow->row);
  return pipe_rows(pipe);
}

static int pipe_into_join(tvi_pipe *pipe, tvi_flow *flow) {
  tvi_vec *columns[TVI_COL_COLUMNS_MAX + 1];
  int c, n = pipe->exec->source[pipe->table].columns;

  for (c = 0; c < n; c++) columns[c] = pipe->exec->late[pipe->table][c] ? &flow->column[c] : NULL;
  pipe->flow = flow;
  pipe->rows += flow->n;
  return tvi_join_add(pipe->into, &pipe->eval, columns, n, flow->n);
}

static int pipe_consume(void *context, tvi_flow *flow) {
  tvi_pipe *pipe = context;
  int level = 0, status;
  uint32_t n;

  if (pipe->into != NULL) return pipe_into_join(pipe, flow);
  pipe->stage[0].use = flow;
  memset(&pipe->stage[0].probe, 0, sizeof pipe->stage[0].probe);
  status = pipe_advance(pipe, flow, 0, &pipe->stage[0].step);
  while (status == TV_OK && level >= 0) {
    tvi_stage *stage = &pipe->stage[level];
    if (stage->step < 0) {
      level--;
    } else if (stage->step == pipe->exec->steps) {
      status = pipe_end(pipe, stage->use);
      level--;
    } else {
      status = pipe_expand(pipe, stage, stage + 1, &n);
      if (status == TV_OK && n > 0)
        status = pipe_advance(pipe, &stage[1].flow, stage->step + 1, &stage[1].step);
      level += n > 0 ? 1 : -1;
    }
  }
  return status;
}

int tvi_pipe_part(tvi_pipe *pipe, uint32_t part) {
  if (pipe->into == NULL && pipe->exec->grouped) tvi_groups_part(&pipe->groups);
  pipe->place = (uint64_t)part << 32;
  return tvi_scan_part(&pipe->scan, &pipe->exec->source[pipe->table].part[part]);
}
