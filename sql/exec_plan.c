/* SPDX-License-Identifier: MIT */
/*
 * How a plan is run: the largest table is scanned, the others are joined to it in memory, smallest
 * first, each by the equalities that lead to tables already there. Conditions of one table become
 * its sieves; others run as soon as their tables are joined. Trying orders by estimated cost was
 * rejected for now: in a star every order of the small tables is right, because all of them filter
 * the scan.
 */
#include <string.h>

#include "exec_internal.h"

/* ---- Programs ---- */

static int plan_add(tvi_exec *exec, tvi_program *program, const tvi_expr *expr, int *node,
                    tv_error *err) {
  int status = tvi_program_add(program, expr, node);

  if (status == TV_ELIMIT && !atomic_load(&exec->memory.exceeded))
    return tvi_error_set(err, TV_ELIMIT, 0, "an expression is too deep or too long");
  if (status == TV_EINVAL)
    return tvi_error_set(err, TV_EINVAL, 0, "an expression cannot be evaluated");
  return status;
}

static int *plan_nodes(tvi_exec *exec, int n) {
  return tvi_arena_zalloc(&exec->pool, ((size_t)n + 1) * sizeof(int));
}

/* A conjunct: a sieve of its table, a constant, or one that waits for its tables. */
static int plan_conjunct(tvi_exec *exec, int node) {
  const tvi_node *n = &exec->program.node[node];

  if (n->constant) {
    if (tvi_value_truth(&n->value) != 1) exec->empty = 1;
    return TV_OK;
  }
  if ((n->tables & (n->tables - 1)) == 0) return tvi_exec_sieve(exec, node);
  exec->conjunct[exec->conjuncts++] = node;
  return TV_OK;
}

static int plan_conjuncts(tvi_exec *exec, tv_error *err) {
  const tvi_plan *plan = exec->plan;
  int i, t, node = 0, status = TV_OK;

  exec->conjunct = plan_nodes(exec, plan->conjuncts);
  if (exec->conjunct == NULL) return tvi_memory_status(&exec->memory);
  for (t = 0; t < plan->tables; t++) {
    /* Joins add at most one sieve per table. */
    size_t most = (size_t)plan->conjuncts + TVI_PLAN_TABLES_MAX + 1;
    exec->sieve[t] = tvi_arena_zalloc(&exec->pool, most * sizeof(tvi_sieve));
    exec->late[t] = tvi_arena_zalloc(&exec->pool, (size_t)plan->table[t].columns + 1);
    if (exec->sieve[t] == NULL || exec->late[t] == NULL) return tvi_memory_status(&exec->memory);
  }
  for (i = 0; i < plan->conjuncts && status == TV_OK; i++) {
    status = plan_add(exec, &exec->program, plan->conjunct[i], &node, err);
    if (status == TV_OK) status = plan_conjunct(exec, node);
  }
  return status;
}

/* SELECT DISTINCT without groups: the outputs are the keys. */
static int plan_distinct(tvi_exec *exec, tv_error *err) {
  const tvi_plan *plan = exec->plan;
  int i, k, node = 0, status = TV_OK;

  for (i = 0; i < plan->outputs + plan->orders && status == TV_OK; i++) {
    tvi_expr *key = tvi_arena_zalloc(&exec->pool, sizeof *key);
    if (key == NULL) return tvi_memory_status(&exec->memory);
    key->op = TVI_X_KEY;
    key->slot = i;
    if (i < plan->outputs) {
      status = plan_add(exec, &exec->last, key, &exec->output[i], err);
      continue;
    }
    status = plan_add(exec, &exec->program, plan->order[i - plan->outputs].by, &node, err);
    for (k = 0; k < exec->keys && exec->key_node[k] != node; k++) continue;
    if (k == exec->keys)
      return tvi_error_set(err, TV_EINVAL, 0,
                           "SELECT DISTINCT ordered by what is not in the result");
    key->slot = k;
    if (status == TV_OK)
      status = plan_add(exec, &exec->last, key, &exec->order[i - plan->outputs], err);
  }
  return status;
}

static int plan_outputs(tvi_exec *exec, tv_error *err) {
  const tvi_plan *plan = exec->plan;
  tvi_program *program = plan->grouped ? &exec->last : &exec->program;
  int i, status = TV_OK;

  for (i = 0; i < plan->outputs && status == TV_OK; i++)
    status = plan_add(exec, program, plan->output[i], &exec->output[i], err);
  for (i = 0; i < plan->orders && status == TV_OK; i++)
    status = plan_add(exec, program, plan->order[i].by, &exec->order[i], err);
  if (status == TV_OK && plan->having != NULL)
    status = plan_add(exec, program, plan->having, &exec->having, err);
  return status;
}

static int plan_groups(tvi_exec *exec, tv_error *err) {
  const tvi_plan *plan = exec->plan;
  int i, distinct = !plan->grouped && plan->distinct, status = TV_OK;

  exec->grouped = plan->grouped || distinct;
  exec->keys = distinct ? plan->outputs : plan->keys;
  exec->aggregates = plan->aggregates;
  exec->having = -1;
  exec->key_node = plan_nodes(exec, exec->keys);
  exec->aggregate_node = plan_nodes(exec, exec->aggregates);
  exec->output = plan_nodes(exec, plan->outputs);
  exec->order = plan_nodes(exec, plan->orders);
  if (exec->key_node == NULL || exec->aggregate_node == NULL || exec->output == NULL ||
      exec->order == NULL)
    return tvi_memory_status(&exec->memory);
  exec->last.keys = exec->keys;
  for (i = 0; i < exec->keys && status == TV_OK; i++)
    status = plan_add(exec, &exec->program, distinct ? plan->output[i] : plan->key[i],
                      &exec->key_node[i], err);
  for (i = 0; i < exec->aggregates && status == TV_OK; i++) {
    exec->aggregate_node[i] = -1;
    if (plan->aggregate[i].arg != NULL)
      status =
          plan_add(exec, &exec->program, plan->aggregate[i].arg, &exec->aggregate_node[i], err);
  }
  if (status != TV_OK) return status;
  return distinct ? plan_distinct(exec, err) : plan_outputs(exec, err);
}

/* LIMIT and OFFSET: integers; a negative limit is none. */
static int plan_number(tvi_exec *exec, const tvi_expr *expr, int64_t *out, tv_error *err) {
  int node, status;
  tvi_value value;

  if (expr == NULL) return TV_OK;
  status = plan_add(exec, &exec->program, expr, &node, err);
  if (status != TV_OK) return status;
  value = exec->program.node[node].value;
  tvi_value_numeric(&value);
  *out = tvi_value_to_integer(&value);
  if (value.type != SQLITE_INTEGER &&
      (value.type != SQLITE_FLOAT || tvi_real_order(*out, value.as.real) != 0))
    return tvi_error_set(err, TV_EINVAL, 0, "datatype mismatch");
  return TV_OK;
}

static int plan_row_limit(tvi_exec *exec, tv_error *err) {
  int64_t limit = -1, offset = 0;
  int status = plan_number(exec, exec->plan->limit, &limit, err);

  if (status == TV_OK) status = plan_number(exec, exec->plan->offset, &offset, err);
  exec->limit = limit < 0 ? SIZE_MAX : (size_t)limit;
  exec->offset = offset < 0 ? 0 : (size_t)offset;
  exec->result.most = exec->limit > SIZE_MAX - exec->offset ? SIZE_MAX : exec->limit + exec->offset;
  return status;
}

/* ---- Joins ---- */

/* An equality that leads from `table` alone to the tables in `there`. */
static int plan_is_link(const tvi_exec *exec, int node, int table, uint32_t there, int *build,
                        int *probe) {
  const tvi_node *n = &exec->program.node[node];
  uint32_t bit = UINT32_C(1) << table, left, right;

  if (n->expr->op != TVI_X_EQ) return 0;
  left = exec->program.node[n->arg[0]].tables;
  right = exec->program.node[n->arg[1]].tables;
  *build = n->arg[left == bit ? 0 : 1];
  *probe = n->arg[left == bit ? 1 : 0];
  if (left == bit) return right != 0 && (right & ~there) == 0;
  return right == bit && left != 0 && (left & ~there) == 0;
}

static int plan_links(const tvi_exec *exec, int table, uint32_t there) {
  int i, build, probe, links = 0;

  for (i = 0; i < exec->conjuncts; i++)
    links += exec->conjunct[i] >= 0 &&
             plan_is_link(exec, exec->conjunct[i], table, there, &build, &probe);
  return links;
}

static int plan_join(tvi_exec *exec, int table, uint32_t there) {
  tvi_join *join = &exec->join[exec->joins];
  int i, build, probe, most = plan_links(exec, table, there);

  memset(join, 0, sizeof *join);
  join->table = table;
  join->build = plan_nodes(exec, most);
  join->probe = plan_nodes(exec, most);
  join->nocase = plan_nodes(exec, most);
  if (join->build == NULL || join->probe == NULL || join->nocase == NULL)
    return tvi_memory_status(&exec->memory);
  for (i = 0; i < exec->conjuncts; i++) {
    if (exec->conjunct[i] < 0 || join->keys == TVI_PLAN_KEYS_MAX) continue;
    if (!plan_is_link(exec, exec->conjunct[i], table, there, &build, &probe)) continue;
    join->build[join->keys] = build;
    join->probe[join->keys] = probe;
    join->nocase[join->keys++] = exec->program.node[exec->conjunct[i]].expr->nocase;
    exec->conjunct[i] = -1;
  }
  exec->joins++;
  return tvi_join_make(join, &exec->memory, exec->plan->table[table].columns);
}

/* Marks the columns that a node reads as needed behind their scan. */
void tvi_exec_mark(tvi_exec *exec, int node) {
  const tvi_program *program = &exec->program;
  unsigned char *need = exec->need;
  int i, a;

  memset(need, 0, (size_t)node + 1);
  need[node] = 1;
  for (i = node; i >= 0; i--) {
    const tvi_node *n = &program->node[i];
    if (!need[i] || n->constant) continue;
    if (n->slot >= 0) {
      int t = __builtin_ctz(n->tables);
      exec->late[t][n->slot - exec->slot[t]] = 1;
      continue;
    }
    for (a = 0; a < n->args; a++) need[n->arg[a]] = 1;
  }
}

static void plan_mark_ends(tvi_exec *exec) {
  int i;

  for (i = 0; i < exec->keys; i++) tvi_exec_mark(exec, exec->key_node[i]);
  for (i = 0; i < exec->aggregates; i++)
    if (exec->aggregate_node[i] >= 0) tvi_exec_mark(exec, exec->aggregate_node[i]);
  if (exec->grouped) return;
  for (i = 0; i < exec->plan->outputs; i++) tvi_exec_mark(exec, exec->output[i]);
  for (i = 0; i < exec->plan->orders; i++) tvi_exec_mark(exec, exec->order[i]);
}

static int plan_joins(tvi_exec *exec) {
  int t, next, tables = exec->plan->tables, i, k, status = TV_OK;
  uint32_t there;

  for (t = 1; t < tables; t++)
    if (exec->source[t].rows > exec->source[exec->driver].rows) exec->driver = t;
  exec->need = tvi_arena_alloc(&exec->pool, (size_t)exec->program.count + 1);
  if (exec->need == NULL) return tvi_memory_status(&exec->memory);
  plan_mark_ends(exec);
  for (i = 0; i < exec->conjuncts; i++) tvi_exec_mark(exec, exec->conjunct[i]);
  there = UINT32_C(1) << exec->driver;
  for (i = 1; i < tables && status == TV_OK; i++) {
    int best_links = 0;
    next = -1;
    for (t = 0; t < tables; t++) {
      int links;
      if (there >> t & 1) continue;
      links = plan_links(exec, t, there) > 0;
      if (next < 0 || links > best_links ||
          (links == best_links && exec->source[t].rows < exec->source[next].rows)) {
        next = t;
        best_links = links;
      }
    }
    if (next < 0) break;
    status = plan_join(exec, next, there);
    there |= UINT32_C(1) << next;
  }
  for (i = k = 0; i < exec->conjuncts; i++)
    if (exec->conjunct[i] >= 0) exec->conjunct[k++] = exec->conjunct[i];
  exec->conjuncts = k;
  return status;
}

int tvi_exec_arrange(tvi_exec *exec, tv_error *err) {
  int status = plan_conjuncts(exec, err);

  if (status == TV_OK) status = plan_groups(exec, err);
  if (status == TV_OK) status = plan_row_limit(exec, err);
  if (status == TV_OK) status = tvi_exec_bounds(exec);
  if (status == TV_OK && exec->plan->tables > 0) status = plan_joins(exec);
  return status;
}
