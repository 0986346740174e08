/* SPDX-License-Identifier: MIT */
/*
 * What can be decided once the small tables are in memory: which joins the scan of the large table
 * can answer by a set of bits, in which order the rest runs, and how each key of GROUP BY becomes a
 * number. Deciding before was rejected: how many keys are left, and how close together, is known
 * now and was a guess then.
 */
#include <string.h>

#include "exec_internal.h"

#define SETTLE_PLACES_MOST (1u << 20) /* groups in an array */
#define SETTLE_PLACES_SURE 4096u

/* ---- Steps ---- */

/* The join's one key is a column of the scanned table, of the same type. */
static int settle_is_sifted(const tvi_exec *exec, const tvi_join *join) {
  const tvi_node *probe;
  const tvi_source_column *c;

  if (!join->dense || !join->unique) return 0;
  probe = &exec->program.node[join->probe[0]];
  if (probe->slot < 0 || probe->tables != UINT32_C(1) << exec->driver) return 0;
  c = &exec->source[exec->driver].column[probe->slot - exec->slot[exec->driver]];
  if (join->base < INT32_MIN || join->base > INT32_MAX - (int64_t)join->span) return 0;
  if (c->type == TVI_COL_DATE) return join->values.column[0].kind == TVI_VEC_DATE;
  return c->type == TVI_COL_INTEGER && join->values.column[0].kind == TVI_VEC_I64;
}

/* The keys that are there, as a sieve of the scan. A run of keys without gaps is a range. */
static void settle_sieve(tvi_exec *exec, const tvi_join *join) {
  int slot = exec->program.node[join->probe[0]].slot;
  tvi_sieve *sieve = &exec->sieve[exec->driver][exec->sieves[exec->driver]++];

  memset(sieve, 0, sizeof *sieve);
  sieve->column = slot - exec->slot[exec->driver];
  sieve->node = -1;
  if (join->values.rows == join->span) {
    sieve->kind = TVI_SIEVE_RANGE;
    sieve->lo = join->base;
    sieve->hi = join->base + join->span - 1;
    return;
  }
  sieve->kind = TVI_SIEVE_BITS;
  sieve->base = join->base;
  sieve->span = join->span;
  sieve->bits = join->bits;
}

static void settle_filters(tvi_exec *exec, uint32_t there) {
  int i;

  for (i = 0; i < exec->conjuncts; i++) {
    int node = exec->conjunct[i];
    if (node < 0 || (exec->program.node[node].tables & ~there) != 0) continue;
    exec->step[exec->steps].kind = TVI_EXEC_STEP_FILTER;
    exec->step[exec->steps++].node = node;
    exec->conjunct[i] = -1;
  }
}

/* FILTER steps are as many as conjuncts: room for them is made here. */
static int settle_steps(tvi_exec *exec) {
  size_t most = (size_t)exec->joins + (size_t)exec->conjuncts + 1;
  uint32_t there = UINT32_C(1) << exec->driver;
  int pass, j;

  exec->step = tvi_arena_zalloc(&exec->pool, most * sizeof *exec->step);
  if (exec->step == NULL) return tvi_memory_status(&exec->memory);
  for (pass = 1; pass >= 0; pass--) {
    for (j = 0; j < exec->joins; j++) {
      tvi_join *join = &exec->join[j];
      tvi_exec_step *step;
      if (settle_is_sifted(exec, join) != pass) continue;
      step = &exec->step[exec->steps++];
      step->kind = TVI_EXEC_STEP_JOIN;
      step->join = join;
      step->sifted = pass;
      if (pass) settle_sieve(exec, join);
      there |= UINT32_C(1) << join->table;
      settle_filters(exec, there);
    }
  }
  return TV_OK;
}

/* Marks anew what the steps and ends read, now that some of it is answered by codes. */
static void settle_marks(tvi_exec *exec) {
  int i, k, n, t;

  for (t = 0; t < exec->plan->tables; t++)
    memset(exec->late[t], 0, (size_t)exec->plan->table[t].columns);
  for (i = 0; i < exec->keys; i++)
    if (exec->grouping.key[i].kind != TVI_KEY_ROW) tvi_exec_mark(exec, exec->key_node[i]);
  for (i = 0; i < exec->aggregates; i++)
    if (exec->aggregate_node[i] >= 0) tvi_exec_mark(exec, exec->aggregate_node[i]);
  n = exec->grouped ? 0 : exec->plan->outputs;
  for (i = 0; i < n; i++) tvi_exec_mark(exec, exec->output[i]);
  n = exec->grouped ? 0 : exec->plan->orders;
  for (i = 0; i < n; i++) tvi_exec_mark(exec, exec->order[i]);
  for (i = exec->steps - 1; i >= 0; i--) {
    tvi_exec_step *step = &exec->step[i];
    if (step->kind == TVI_EXEC_STEP_FILTER) {
      tvi_exec_mark(exec, step->node);
      continue;
    }
    t = step->join->table;
    for (k = 0; k < exec->plan->table[t].columns; k++) step->need_rows |= exec->late[t][k];
    for (k = 0; k < exec->keys; k++)
      step->need_rows |=
          exec->grouping.key[k].kind == TVI_KEY_ROW && exec->grouping.key[k].table == t;
    if (step->sifted && !step->need_rows) continue;
    for (k = 0; k < step->join->keys; k++) tvi_exec_mark(exec, step->join->probe[k]);
  }
}

/* ---- Keys ---- */

typedef struct settle_view {
  const tvi_exec *exec;
  const tvi_join *join;
  uint32_t from;
  tvi_vec vec;
} settle_view;

static int settle_fetch(void *context, int slot, tvi_vec **out) {
  settle_view *view = context;
  tvi_rows_view(&view->join->rows, slot - view->exec->slot[view->join->table], view->from,
                &view->vec);
  *out = &view->vec;
  return TV_OK;
}

/* Numbers a key over a joined table: a code per row of it. */
static int settle_codes(tvi_exec *exec, tvi_group_key *key, const tvi_join *join) {
  settle_view view = {.exec = exec, .join = join};
  uint32_t rows = join->rows.rows, i, n;
  tvi_arena pool = {.memory = &exec->memory};
  tvi_eval eval;
  int status;

  key->codes = tvi_arena_alloc(&exec->pool, ((size_t)rows + 1) * sizeof *key->codes);
  if (key->codes == NULL) return tvi_memory_status(&exec->memory);
  status = tvi_eval_make(&eval, &exec->program, &exec->memory, settle_fetch, &view);
  for (view.from = 0; view.from < rows && status == TV_OK; view.from += n) {
    tvi_vec *vec;
    n = rows - view.from < TVI_EXEC_ROWS ? rows - view.from : TVI_EXEC_ROWS;
    tvi_eval_begin(&eval, n);
    status = tvi_eval_node(&eval, key->node, &vec);
    for (i = 0; i < n && status == TV_OK; i++) {
      uint32_t *code = &key->codes[view.from + i];
      tvi_value value;
      *code = UINT32_MAX;
      if (tvi_vec_is_null(vec, i)) continue;
      if (!tvi_vec_value(&pool, vec, i, &value)) status = tvi_memory_status(&exec->memory);
      if (status == TV_OK) status = tvi_intern_put(&key->values, &value, code);
    }
  }
  key->span = key->values.count;
  for (i = 0; i < rows && status == TV_OK; i++)
    if (key->codes[i] == UINT32_MAX) key->codes[i] = (uint32_t)key->span;
  tvi_eval_free(&eval);
  tvi_arena_free(&pool);
  return status;
}

static int settle_nocase(const tvi_exec *exec, int key) {
  const tvi_plan *plan = exec->plan;

  if (plan->grouped) return plan->key[key]->nocase;
  return plan->output_nocase != NULL && plan->output_nocase[key];
}

static int settle_key(tvi_exec *exec, int number) {
  tvi_group_key *key = &exec->grouping.key[number];
  const tvi_bounds *bounds = &exec->bounds[exec->key_node[number]];
  uint32_t tables = exec->program.node[exec->key_node[number]].tables;
  int j, status = tvi_intern_make(&key->values, &exec->memory, settle_nocase(exec, number));

  key->node = exec->key_node[number];
  key->kind = TVI_KEY_VALUE;
  if (status != TV_OK) return status;
  for (j = 0; j < exec->joins; j++) {
    if (tables != UINT32_C(1) << exec->join[j].table) continue;
    key->kind = TVI_KEY_ROW;
    key->table = exec->join[j].table;
    return settle_codes(exec, key, &exec->join[j]);
  }
  if (!bounds->known) return TV_OK;
  key->kind = TVI_KEY_NUMBER;
  key->is_date = bounds->is_date;
  key->base = bounds->lo;
  key->span = (uint64_t)bounds->hi - (uint64_t)bounds->lo;
  key->span = key->span < SETTLE_PLACES_MOST ? key->span + 1 : 0;
  return TV_OK;
}

/* Groups have places in an array when all keys have few values. */
static void settle_dense(tvi_exec *exec) {
  uint64_t product = 1, most = 4 * exec->source[exec->driver].rows;
  int k;

  if (most > SETTLE_PLACES_MOST) most = SETTLE_PLACES_MOST;
  if (most < SETTLE_PLACES_SURE) most = SETTLE_PLACES_SURE;
  for (k = 0; k < exec->keys; k++) {
    const tvi_group_key *key = &exec->grouping.key[k];
    if (key->kind == TVI_KEY_VALUE || key->values.folded ||
        (key->kind == TVI_KEY_NUMBER && key->span == 0))
      return;
    product *= key->span + 1;
    if (product > most) return;
  }
  exec->grouping.dense = exec->keys > 0 ? (uint32_t)product : 0;
}

/* 1 when sums may have to be added in the order of rows. */
static int settle_is_exact(const tvi_exec *exec, int aggregate) {
  const tvi_plan_aggregate *a = &exec->plan->aggregate[aggregate];
  const tvi_bounds *bounds;

  if (a->op != TVI_AGG_SUM && a->op != TVI_AGG_TOTAL && a->op != TVI_AGG_AVG) return 0;
  bounds = &exec->bounds[exec->aggregate_node[aggregate]];
  return !bounds->known || bounds->is_date;
}

static int settle_grouping(tvi_exec *exec) {
  tvi_grouping *g = &exec->grouping;
  size_t n = (size_t)exec->aggregates + 1;
  int i, status = TV_OK;

  g->aggregates = exec->aggregates;
  g->aggregate = exec->plan->aggregate;
  g->node = exec->aggregate_node;
  g->key = tvi_arena_zalloc(&exec->pool, ((size_t)exec->keys + 1) * sizeof *g->key);
  g->distinct = tvi_arena_zalloc(&exec->pool, n * sizeof *g->distinct);
  g->distinct_number = tvi_arena_zalloc(&exec->pool, n * sizeof *g->distinct_number);
  if (g->key == NULL || g->distinct == NULL || g->distinct_number == NULL)
    return tvi_memory_status(&exec->memory);
  for (; g->keys < exec->keys && status == TV_OK; g->keys++) status = settle_key(exec, g->keys);
  for (i = 0; i < exec->aggregates && status == TV_OK; i++) {
    if (settle_is_exact(exec, i)) exec->exact = 1;
    if (exec->aggregate_node[i] >= 0)
      g->distinct_number[i] = exec->bounds[exec->aggregate_node[i]].known;
    status = tvi_intern_make(&g->distinct[i], &exec->memory, g->aggregate[i].nocase);
  }
  if (status == TV_OK) settle_dense(exec);
  return status;
}

int tvi_exec_settle(tvi_exec *exec) {
  int status = settle_steps(exec);

  if (status == TV_OK && exec->grouped) status = settle_grouping(exec);
  if (status == TV_OK) settle_marks(exec);
  return status;
}
