/* SPDX-License-Identifier: MIT */
/*
 * An expression as a list of nodes, arguments first: evaluation is a loop, without recursion, and a
 * part that stands in several expressions (the product under SUM and AVG) is evaluated once. What
 * depends on no column is a constant before the first row. Compiling to machine code was rejected:
 * over vectors the time goes into the loops, not between them.
 */
#include <string.h>

#include "exec_internal.h"

#define PROGRAM_NODES_MAX 20000

/* A node of the tree on its way into the list. */
typedef struct program_frame {
  const tvi_expr *expr;
  int next; /* argument to add */
  int *arg;
} program_frame;

void tvi_program_free(tvi_program *program) {
  tvi_arena_drop(program->pool->memory, program->node, program->capacity, sizeof *program->node);
  program->node = NULL;
  program->count = 0;
  program->capacity = 0;
}

static int program_same_value(const tvi_value *a, const tvi_value *b) {
  if (a->type != b->type) return 0;
  if (a->type == SQLITE_FLOAT) /* 0.0 and -0.0 are two constants */
    return tvi_cell_from_real(a->as.real) == tvi_cell_from_real(b->as.real);
  return tvi_value_order(a, b, 0) == 0;
}

static int program_same(const tvi_node *a, const tvi_node *b) {
  if (a->constant != b->constant || a->slot != b->slot) return 0;
  if (a->constant) return program_same_value(&a->value, &b->value);
  if (a->slot >= 0) return 1;
  return a->expr->op == b->expr->op && a->args == b->args && a->expr->nocase == b->expr->nocase &&
         a->expr->affinity == b->expr->affinity && a->expr->slot == b->expr->slot &&
         memcmp(a->arg, b->arg, (size_t)a->args * sizeof *a->arg) == 0;
}

/* Puts a node at the end, or finds the one that is the same. */
static int program_put(tvi_program *program, const tvi_node *node, int *number) {
  void *nodes = program->node;
  int i;

  for (i = 0; i < program->count; i++) {
    *number = i;
    if (program_same(&program->node[i], node)) return TV_OK;
  }
  if (program->count == PROGRAM_NODES_MAX) return TV_ELIMIT;
  if (!tvi_arena_grow(program->pool->memory, &nodes, &program->capacity, (size_t)program->count + 1,
                      sizeof *program->node))
    return tvi_memory_status(program->pool->memory);
  program->node = nodes;
  *number = program->count;
  program->node[program->count++] = *node;
  return TV_OK;
}

/* A constant's bytes may be a parameter's, or another node's: they live as long as the program. */
static int program_fold(tvi_program *program, tvi_node *node) {
  tvi_value *args;
  int i, status;

  for (i = 0; i < node->args; i++)
    if (!program->node[node->arg[i]].constant) return TV_OK;
  args = tvi_arena_alloc(program->pool, ((size_t)node->args + 1) * sizeof *args);
  if (args == NULL) return tvi_memory_status(program->pool->memory);
  for (i = 0; i < node->args; i++) args[i] = program->node[node->arg[i]].value;
  status = tvi_value_apply(program->pool, node->expr, args, &node->value);
  node->constant = status == TV_OK;
  return status;
}

static int program_leaf(const tvi_program *program, const tvi_expr *expr, tvi_node *node) {
  switch (expr->op) {
    case TVI_X_CONST:
      node->constant = 1;
      node->value = expr->value;
      return 1;
    case TVI_X_PARAM:
      node->constant = 1;
      node->value = program->params[expr->slot];
      return 1;
    case TVI_X_COLUMN:
      node->slot = program->slots[expr->table] + expr->column;
      node->tables = UINT32_C(1) << expr->table;
      return 1;
    case TVI_X_KEY:
      node->slot = expr->slot;
      return 1;
    case TVI_X_AGGREGATE:
      node->slot = program->keys + expr->slot;
      return 1;
    default:
      return 0;
  }
}

/* The frame's arguments are all in the list: adds the node itself. */
static int program_finish(tvi_program *program, const program_frame *frame, int *number) {
  tvi_node node = {.expr = frame->expr, .slot = -1, .args = frame->expr->args, .arg = frame->arg};
  int i, status = TV_OK;

  node.value = tvi_value_null();
  if (!program_leaf(program, frame->expr, &node)) {
    for (i = 0; i < node.args; i++) node.tables |= program->node[node.arg[i]].tables;
    status = program_fold(program, &node);
  }
  return status == TV_OK ? program_put(program, &node, number) : status;
}

static int program_enter(tvi_program *program, program_frame *frame, const tvi_expr *expr) {
  frame->expr = expr;
  frame->next = 0;
  frame->arg = tvi_arena_zalloc(program->pool, ((size_t)expr->args + 1) * sizeof *frame->arg);
  return frame->arg == NULL ? tvi_memory_status(program->pool->memory) : TV_OK;
}

int tvi_program_add(tvi_program *program, const tvi_expr *expr, int *node) {
  program_frame *stack =
      tvi_arena_alloc(program->pool, (TVI_PLAN_DEPTH_MAX + 1) * sizeof(program_frame));
  int depth = 0, status;

  if (stack == NULL) return tvi_memory_status(program->pool->memory);
  status = program_enter(program, &stack[0], expr);
  while (status == TV_OK) {
    program_frame *top = &stack[depth];
    int number = 0;
    if (top->next < top->expr->args) {
      if (depth == TVI_PLAN_DEPTH_MAX) return TV_ELIMIT;
      status = program_enter(program, &stack[++depth], top->expr->arg[top->next]);
      continue;
    }
    status = program_finish(program, top, &number);
    if (status != TV_OK) return status;
    if (depth == 0) {
      *node = number;
      return TV_OK;
    }
    depth--;
    stack[depth].arg[stack[depth].next++] = number;
  }
  return status;
}

int tvi_program_single_slot(const tvi_program *program, int node) {
  unsigned char need[PROGRAM_NODES_MAX];
  int i, j, slot = -1;

  memset(need, 0, (size_t)node + 1);
  need[node] = 1;
  for (i = node; i >= 0; i--) {
    const tvi_node *n = &program->node[i];
    if (!need[i] || n->constant) continue;
    if (n->slot >= 0 && slot >= 0 && n->slot != slot) return -1;
    if (n->slot >= 0) slot = n->slot;
    for (j = 0; n->slot < 0 && j < n->args; j++) need[n->arg[j]] = 1;
  }
  return slot;
}
