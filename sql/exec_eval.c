/* SPDX-License-Identifier: MIT */
/*
 * Nodes evaluated for a vector of rows, each once per vector. Numbers have loops of their own
 * (exec_arith.c); the rest goes value by value through exec_operator.c, so that all of SQL is right
 * and what is common is fast. All branches of CASE are evaluated: nothing in them can fail.
 */
#include <string.h>

#include "exec_internal.h"

#define EVAL_ROOM_ROWS (TVI_EXEC_ROWS + TVI_EXEC_SLACK)

int tvi_eval_make(tvi_eval *eval, const tvi_program *program, tvi_memory *memory,
                  tvi_eval_fetch fetch, void *context) {
  size_t n = (size_t)program->count + 1;

  memset(eval, 0, sizeof *eval);
  eval->program = program;
  eval->rooms.memory = eval->pool.memory = memory;
  eval->fetch = fetch;
  eval->context = context;
  eval->result = tvi_arena_zalloc(&eval->rooms, n * sizeof *eval->result);
  eval->room = tvi_arena_zalloc(&eval->rooms, n * sizeof *eval->room);
  eval->done = tvi_arena_zalloc(&eval->rooms, n);
  eval->need = tvi_arena_zalloc(&eval->rooms, n);
  if (eval->result == NULL || eval->room == NULL || eval->done == NULL || eval->need == NULL)
    return tvi_memory_status(memory);
  return TV_OK;
}

void tvi_eval_free(tvi_eval *eval) {
  if (eval->program == NULL) return;
  tvi_arena_free(&eval->pool);
  tvi_arena_free(&eval->rooms);
  eval->program = NULL;
}

void tvi_eval_begin(tvi_eval *eval, uint32_t n) {
  eval->n = n;
  memset(eval->done, 0, (size_t)eval->program->count);
  tvi_arena_reset(&eval->pool);
}

int tvi_eval_take(tvi_eval *eval, int node, size_t width) {
  tvi_eval_room *room = &eval->room[node];

  if (room->nulls == NULL) {
    room->nulls = tvi_arena_alloc(&eval->rooms, EVAL_ROOM_ROWS);
    if (room->nulls == NULL) return 0;
  }
  if (room->bytes < width * EVAL_ROOM_ROWS) {
    room->data = tvi_arena_alloc(&eval->rooms, width * EVAL_ROOM_ROWS);
    room->bytes = room->data == NULL ? 0 : width * EVAL_ROOM_ROWS;
  }
  return room->data != NULL;
}

/* A constant as a vector of one value. */
static int eval_constant(tvi_eval *eval, int node, tvi_vec *out) {
  const tvi_value *value = &eval->program->node[node].value;

  if (eval->room[node].data == NULL)
    eval->room[node].data = tvi_arena_alloc(&eval->rooms, sizeof *value);
  if (eval->room[node].data == NULL) return tvi_memory_status(eval->rooms.memory);
  memset(out, 0, sizeof *out);
  out->constant = 1;
  out->as.any = eval->room[node].data;
  switch (value->type) {
    case SQLITE_INTEGER:
      out->kind = TVI_VEC_I64;
      out->lo = out->hi = out->as.i64[0] = value->as.integer;
      return TV_OK;
    case SQLITE_FLOAT:
      out->kind = TVI_VEC_REAL;
      out->as.real[0] = value->as.real;
      return TV_OK;
    case SQLITE_NULL:
      out->kind = TVI_VEC_NULL;
      return TV_OK;
    default:
      out->kind = value->type == SQLITE_TEXT ? TVI_VEC_TEXT : TVI_VEC_BLOB;
      out->as.bytes[0] = value->as.bytes;
      return TV_OK;
  }
}

/* Value by value. */
static int eval_each(tvi_eval *eval, int node, const tvi_vec *const *args, tvi_vec *out) {
  const tvi_node *n = &eval->program->node[node];
  tvi_value *values = tvi_arena_alloc(&eval->pool, ((size_t)n->args + 1) * sizeof *values);
  uint32_t row;
  int i, status = TV_OK;

  if (values == NULL || !tvi_eval_take(eval, node, sizeof *values))
    return tvi_memory_status(eval->rooms.memory);
  memset(out, 0, sizeof *out);
  out->kind = TVI_VEC_MIXED;
  out->as.any = eval->room[node].data;
  out->nulls = eval->room[node].nulls;
  for (row = 0; row < eval->n && status == TV_OK; row++) {
    for (i = 0; i < n->args; i++)
      if (!tvi_vec_value(&eval->pool, args[i], row, &values[i]))
        return tvi_memory_status(eval->rooms.memory);
    status = tvi_value_apply(&eval->pool, n->expr, values, &out->as.mixed[row]);
  }
  if (status != TV_OK) return status;
  tvi_vec_settle(out, eval->n);
  if (out->kind == TVI_VEC_MIXED) out->nulls = NULL;
  return TV_OK;
}

static int eval_one(tvi_eval *eval, int node) {
  const tvi_node *n = &eval->program->node[node];
  tvi_vec *out = &eval->result[node], *fetched;
  const tvi_vec **args;
  int i, done, status;

  if (n->constant) return eval_constant(eval, node, out);
  if (n->slot >= 0) {
    status = eval->fetch(eval->context, n->slot, &fetched);
    if (status == TV_OK) *out = *fetched;
    return status;
  }
  args = tvi_arena_alloc(&eval->pool, ((size_t)n->args + 1) * sizeof *args);
  if (args == NULL) return tvi_memory_status(eval->rooms.memory);
  for (i = 0; i < n->args; i++) args[i] = &eval->result[n->arg[i]];
  done = tvi_arith_apply(eval, node, args, out);
  if (done < 0) return tvi_memory_status(eval->rooms.memory);
  return done ? TV_OK : eval_each(eval, node, args, out);
}

int tvi_eval_node(tvi_eval *eval, int node, tvi_vec **out) {
  const tvi_program *program = eval->program;
  int i, j, status = TV_OK;

  *out = &eval->result[node];
  if (eval->done[node]) return TV_OK;
  memset(eval->need, 0, (size_t)node + 1);
  eval->need[node] = 1;
  for (i = node; i >= 0; i--) {
    const tvi_node *n = &program->node[i];
    if (!eval->need[i] || eval->done[i] || n->constant || n->slot >= 0) continue;
    for (j = 0; j < n->args; j++) eval->need[n->arg[j]] = 1;
  }
  for (i = 0; i <= node && status == TV_OK; i++) {
    if (!eval->need[i] || eval->done[i]) continue;
    status = eval_one(eval, i);
    eval->done[i] = status == TV_OK;
  }
  return status;
}

int tvi_eval_select(tvi_eval *eval, int node, uint16_t *out, uint32_t *kept) {
  tvi_vec *vec;
  uint32_t i, n = 0;
  int status = tvi_eval_node(eval, node, &vec);

  *kept = 0;
  if (status != TV_OK) return status;
  for (i = 0; i < eval->n; i++) {
    int truth;
    out[n] = (uint16_t)i;
    if (vec->kind == TVI_VEC_NULL) break;
    if (tvi_vec_is_int(vec)) {
      truth = tvi_vec_int(vec, i) != 0 && !tvi_vec_is_null(vec, i);
    } else {
      tvi_value value;
      if (!tvi_vec_value(&eval->pool, vec, i, &value)) return tvi_memory_status(eval->pool.memory);
      truth = tvi_value_truth(&value) == 1;
    }
    n += (uint32_t)truth;
  }
  *kept = n;
  return TV_OK;
}
