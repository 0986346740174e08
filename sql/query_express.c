/* SPDX-License-Identifier: MIT */
/*
 * Nodes into the plan's expressions: of rows, where a name is a column, and of groups, where it is
 * a key or stands in an aggregate. One builder serves both; a node that has no meaning at a level
 * (a bare column of a grouped query) has no expression there, nor has what contains it.
 */
#include <string.h>

#include "query_internal.h"

#define EXPRESS_SIZE_MAX 100000 /* BETWEEN and CASE say their operand more than once */

typedef struct express_work {
  tvi_query_binder *binder;
  tvi_query_level level;
  int node;
  const tvi_query_node *at;
} express_work;

static tvi_expr *express_new(express_work *work, tvi_expr_op op, int args) {
  tvi_expr *expr = tvi_plan_expr(work->binder->plan, op, args);
  if (expr == NULL) work->binder->query->status = TV_ENOMEM;
  return expr;
}

tvi_expr *tvi_query_expr(tvi_query_binder *binder, int node, tvi_query_level level) {
  tvi_query_bound *bound = &binder->bound[node];
  tvi_expr **place = level == TVI_PER_ROW ? &bound->row : &bound->group;

  if (*place == NULL && bound->constant) bound->row = bound->group = tvi_query_fold(binder, node);
  return *place;
}

static tvi_expr *express_child(express_work *work, int node) {
  return tvi_query_expr(work->binder, node, work->level);
}

/* An operation on children as they are. */
static tvi_expr *express_plain(express_work *work, tvi_expr_op op, const int *nodes, int count) {
  tvi_expr *expr = express_new(work, op, count);
  int i;

  for (i = 0; expr != NULL && i < count; i++) {
    expr->arg[i] = express_child(work, nodes[i]);
    if (expr->arg[i] == NULL) return NULL;
  }
  return expr;
}

static tvi_expr *express_pair(express_work *work, tvi_expr_op op, tvi_expr *left, tvi_expr *right) {
  tvi_expr *expr = left == NULL || right == NULL ? NULL : express_new(work, op, 2);
  if (expr == NULL) return NULL;
  expr->arg[0] = left;
  expr->arg[1] = right;
  return expr;
}

/* ---- Operators ---- */

static tvi_expr *express_chain(express_work *work) {
  const tvi_query_node *node = work->binder->query->node;
  int count = 2, at = work->node;
  tvi_expr *expr;

  while (work->binder->bound[node[at].left].is_chain) {
    at = node[at].left;
    count++;
  }
  expr = express_new(work, work->at->op == TVI_QT_AND ? TVI_X_AND : TVI_X_OR, count);
  if (expr == NULL) return NULL;
  for (at = work->node;; at = node[at].left) {
    expr->arg[--count] = express_child(work, node[at].right);
    if (expr->arg[count] == NULL) return NULL;
    if (!work->binder->bound[node[at].left].is_chain) break;
  }
  expr->arg[0] = express_child(work, node[at].left);
  return expr->arg[0] == NULL ? NULL : expr;
}

static tvi_expr *express_is(express_work *work) {
  int left = work->at->left, right = work->at->right;

  if (work->binder->query->node[right].kind == TVI_QN_NULL)
    return express_plain(work, TVI_X_ISNULL, &left, 1);
  if (work->binder->bound[right].truth) { /* IS TRUE asks for the truth, not for 1 */
    tvi_query_decline(work->binder->query, "IS TRUE and IS FALSE are not covered");
    return NULL;
  }
  return tvi_query_compare(work->binder, TVI_X_IS, left, right, work->level);
}

static tvi_expr *express_binary(express_work *work) {
  static const struct {
    unsigned char token, op, compares;
  } ops[] = {{TVI_QT_PLUS, TVI_X_ADD, 0},
             {TVI_QT_MINUS, TVI_X_SUBTRACT, 0},
             {TVI_QT_STAR, TVI_X_MULTIPLY, 0},
             {TVI_QT_SLASH, TVI_X_DIVIDE, 0},
             {TVI_QT_REM, TVI_X_REMAINDER, 0},
             {TVI_QT_BITAND, TVI_X_BITAND, 0},
             {TVI_QT_BITOR, TVI_X_BITOR, 0},
             {TVI_QT_LSHIFT, TVI_X_SHIFT_LEFT, 0},
             {TVI_QT_RSHIFT, TVI_X_SHIFT_RIGHT, 0},
             {TVI_QT_CONCAT, TVI_X_CONCAT, 0},
             {TVI_QT_EQ, TVI_X_EQ, 1},
             {TVI_QT_NE, TVI_X_NE, 1},
             {TVI_QT_LT, TVI_X_LT, 1},
             {TVI_QT_LE, TVI_X_LE, 1},
             {TVI_QT_GT, TVI_X_GT, 1},
             {TVI_QT_GE, TVI_X_GE, 1}};
  int both[2] = {work->at->left, work->at->right};
  size_t i;

  if (work->at->op == TVI_QT_AND || work->at->op == TVI_QT_OR)
    return work->binder->bound[work->node].is_chain ? NULL : express_chain(work);
  if (work->at->op == TVI_QT_IS) return express_is(work);
  for (i = 0; i < sizeof ops / sizeof ops[0]; i++) {
    if (ops[i].token != work->at->op) continue;
    if (!ops[i].compares) return express_plain(work, (tvi_expr_op)ops[i].op, both, 2);
    return tvi_query_compare(work->binder, (tvi_expr_op)ops[i].op, both[0], both[1], work->level);
  }
  return NULL;
}

/* NOT of IS has a name of its own. */
static tvi_expr *express_not(express_work *work, int left) {
  tvi_expr *of = express_child(work, left), *expr;
  tvi_expr_op op = TVI_X_NOT;

  if (of == NULL) return NULL;
  if (of->op == TVI_X_ISNULL) op = TVI_X_NOTNULL;
  if (of->op == TVI_X_IS) op = TVI_X_ISNOT;
  if (op == TVI_X_NOT) return express_plain(work, op, &left, 1);
  expr = express_new(work, op, of->args);
  if (expr == NULL) return NULL;
  memcpy(expr->arg, of->arg, (size_t)of->args * sizeof(tvi_expr *));
  expr->nocase = of->nocase;
  return expr;
}

static tvi_expr *express_unary(express_work *work) {
  int left = work->at->left;

  switch (work->at->op) {
    case TVI_QT_PLUS:
      return express_child(work, left);
    case TVI_QT_MINUS:
      return express_plain(work, TVI_X_NEGATE, &left, 1);
    case TVI_QT_BITNOT:
      return express_plain(work, TVI_X_BITNOT, &left, 1);
    case TVI_QT_ISNULL:
      return express_plain(work, TVI_X_ISNULL, &left, 1);
    case TVI_QT_NOTNULL:
      return express_plain(work, TVI_X_NOTNULL, &left, 1);
    default:
      return express_not(work, left);
  }
}

static tvi_expr *express_between(express_work *work) {
  tvi_query_binder *binder = work->binder;
  tvi_expr *low = tvi_query_compare(binder, TVI_X_GE, work->at->left, work->at->right, work->level);
  tvi_expr *high = low == NULL ? NULL
                               : tvi_query_compare(binder, TVI_X_LE, work->at->left,
                                                   work->at->third, work->level);
  return express_pair(work, TVI_X_AND, low, high);
}

static int express_list_length(const express_work *work) {
  int at, count = 0;
  for (at = work->at->list; at >= 0; at = work->binder->query->node[at].next) count++;
  return count;
}

/* The left side's affinity and collation count, not the list's; but x IN (constant) is x = it. */
static tvi_expr *express_in(express_work *work) {
  tvi_query_binder *binder = work->binder;
  int left = work->at->left, at = work->at->list, count = express_list_length(work), i = 1;
  int affinity = binder->bound[left].affinity;
  tvi_expr *expr;

  if (count == 0) { /* no matter what the left side is */
    expr = express_new(work, TVI_X_CONST, 0);
    if (expr != NULL) expr->value.type = SQLITE_INTEGER;
    return expr;
  }
  if (count == 1 && binder->bound[at].constant && !binder->bound[at].collates) {
    expr = express_new(work, TVI_X_EQ, 2);
  } else {
    expr = express_new(work, TVI_X_IN, count + 1);
    if (count == 1 && binder->bound[at].collates)
      tvi_query_decline(binder->query, "IN over COLLATE is not covered");
  }
  if (expr == NULL) return NULL;
  expr->nocase = tvi_query_nocase(binder, left);
  expr->arg[0] = tvi_query_operand(binder, left, work->level, affinity);
  if (expr->arg[0] == NULL) return NULL;
  for (; at >= 0; at = binder->query->node[at].next) {
    expr->arg[i] = tvi_query_operand(binder, at, work->level, affinity);
    if (expr->arg[i++] == NULL) return NULL;
  }
  return expr;
}

static tvi_expr *express_case(express_work *work) {
  tvi_query_binder *binder = work->binder;
  int count = express_list_length(work) + (work->at->third >= 0), i = 0, at;
  tvi_expr *expr = express_new(work, TVI_X_CASE, count);

  if (expr == NULL) return NULL;
  for (at = work->at->list; at >= 0; at = binder->query->node[at].next, i++) {
    int is_when = i % 2 == 0 && work->at->left >= 0;
    expr->arg[i] = is_when ? tvi_query_compare(binder, TVI_X_EQ, work->at->left, at, work->level)
                           : express_child(work, at);
    if (expr->arg[i] == NULL) return NULL;
  }
  if (work->at->third >= 0) {
    expr->arg[i] = express_child(work, work->at->third);
    if (expr->arg[i] == NULL) return NULL;
  }
  return expr;
}

static tvi_expr *express_like(express_work *work) {
  int nodes[3] = {work->at->left, work->at->right, work->at->third};

  if (work->at->op == TVI_QT_GLOB && nodes[2] >= 0) {
    tvi_query_decline(work->binder->query, "GLOB with ESCAPE is not covered");
    return NULL;
  }
  return express_plain(work, work->at->op == TVI_QT_LIKE ? TVI_X_LIKE : TVI_X_GLOB, nodes,
                       nodes[2] >= 0 ? 3 : 2);
}

/* ---- Calls ---- */

static tvi_expr *express_list(express_work *work, tvi_expr_op op) {
  tvi_expr *expr = express_new(work, op, express_list_length(work));
  int at, i = 0;

  for (at = work->at->list; expr != NULL && at >= 0; at = work->binder->query->node[at].next) {
    expr->arg[i] = express_child(work, at);
    if (expr->arg[i++] == NULL) return NULL;
  }
  return expr;
}

/* The collation of min, max and nullif is that of the first argument that has one. */
static int express_list_nocase(express_work *work) {
  int at;
  for (at = work->at->list; at >= 0; at = work->binder->query->node[at].next)
    if (work->binder->bound[at].collation != TVI_COLLATE_NONE)
      return tvi_query_nocase(work->binder, at);
  return 0;
}

static tvi_expr *express_function(express_work *work) {
  const tvi_query_bound *bound = &work->binder->bound[work->node];
  tvi_expr *expr;

  switch (bound->call) {
    case TVI_CALL_COALESCE:
      return express_list(work, TVI_X_COALESCE);
    case TVI_CALL_IIF:
      return express_list(work, TVI_X_CASE);
    case TVI_CALL_NULLIF:
      expr = express_list(work, TVI_X_NULLIF);
      break;
    default:
      expr = express_list(work, TVI_X_FUNCTION);
      if (expr != NULL) expr->slot = bound->code;
      break;
  }
  if (expr != NULL &&
      (bound->call == TVI_CALL_NULLIF || bound->code == TVI_F_MIN || bound->code == TVI_F_MAX))
    expr->nocase = express_list_nocase(work);
  return expr;
}

/* The aggregate's place in the plan; the same one said twice is computed once. */
static tvi_expr *express_aggregate(express_work *work) {
  tvi_query_binder *binder = work->binder;
  tvi_plan *plan = binder->plan;
  tvi_query_bound *bound = &binder->bound[work->node];
  tvi_plan_aggregate *aggregate;
  tvi_expr *expr;

  if (work->level == TVI_PER_ROW) return NULL;
  if (bound->alike != work->node) return binder->bound[bound->alike].group;
  expr = express_new(work, TVI_X_AGGREGATE, 0);
  if (expr == NULL) return NULL;
  aggregate = &plan->aggregate[plan->aggregates];
  aggregate->op = (tvi_aggregate_op)bound->code;
  if (aggregate->op != TVI_AGG_COUNT_ROWS) {
    aggregate->arg = tvi_query_expr(binder, work->at->list, TVI_PER_ROW);
    if (aggregate->arg == NULL) return NULL;
    aggregate->nocase = tvi_query_nocase(binder, work->at->list);
    aggregate->distinct =
        work->at->distinct && aggregate->op != TVI_AGG_MIN && aggregate->op != TVI_AGG_MAX;
  }
  expr->slot = plan->aggregates++;
  return expr;
}

/* ---- All nodes ---- */

static tvi_expr *express_name(express_work *work) {
  tvi_query_binder *binder = work->binder;
  tvi_query_bound *bound = &binder->bound[work->node];
  tvi_expr *expr;
  int column;

  if (work->level == TVI_PER_GROUP || bound->table < 0) return NULL;
  if (bound->alike != work->node && binder->bound[bound->alike].row != NULL)
    return binder->bound[bound->alike].row;
  column = tvi_query_plan_column(binder, bound->table, bound->column);
  expr = column < 0 ? NULL : express_new(work, TVI_X_COLUMN, 0);
  if (expr == NULL) return NULL;
  expr->table = bound->table;
  expr->column = column;
  return expr;
}

static tvi_expr *express_cast(express_work *work) {
  tvi_expr *expr = express_plain(work, TVI_X_CAST, &work->at->left, 1);
  if (expr != NULL) expr->affinity = work->binder->bound[work->node].affinity;
  return expr;
}

static tvi_expr *express_key(express_work *work, int key) {
  tvi_expr *expr = express_new(work, TVI_X_KEY, 0);
  if (expr != NULL) expr->slot = key;
  return expr;
}

static tvi_expr *express_node(express_work *work) {
  const tvi_query_bound *bound = &work->binder->bound[work->node];

  if (work->level == TVI_PER_GROUP && bound->key >= 0) return express_key(work, bound->key);
  switch (work->at->kind) {
    case TVI_QN_NAME:
      return express_name(work);
    case TVI_QN_VARIABLE: {
      tvi_expr *expr = express_new(work, TVI_X_PARAM, 0);
      if (expr != NULL) expr->slot = bound->column;
      return expr;
    }
    case TVI_QN_UNARY:
      return express_unary(work);
    case TVI_QN_BINARY:
      return express_binary(work);
    case TVI_QN_LIKE:
      return express_like(work);
    case TVI_QN_BETWEEN:
      return express_between(work);
    case TVI_QN_IN:
      return express_in(work);
    case TVI_QN_CASE:
      return express_case(work);
    case TVI_QN_CAST:
      return express_cast(work);
    case TVI_QN_COLLATE:
      return express_child(work, work->at->left);
    case TVI_QN_CALL:
      return bound->call == TVI_CALL_AGGREGATE ? express_aggregate(work) : express_function(work);
    default:
      return NULL;
  }
}

/* How deep and how large the expression can get; declines beyond the limits. */
static void express_measure(tvi_query_binder *binder, int node) {
  const tvi_query_node *at = &binder->query->node[node];
  tvi_query_bound *bound = &binder->bound[node];
  int below[3] = {at->left, at->right, at->third}, child, i, deepest = 0, size = 0, times;

  times = at->kind == TVI_QN_BETWEEN ? 2 : at->kind == TVI_QN_CASE && at->left >= 0 ? 1 : 0;
  for (child = at->list; child >= 0; child = binder->query->node[child].next) {
    if (binder->bound[child].depth > deepest) deepest = binder->bound[child].depth;
    size += binder->bound[child].size;
    if (at->kind == TVI_QN_CASE && at->left >= 0) size += binder->bound[at->left].size / 2;
    if (size > EXPRESS_SIZE_MAX) size = EXPRESS_SIZE_MAX;
  }
  for (i = 0; i < 3; i++) {
    if (below[i] < 0) continue;
    child = below[i];
    if (binder->bound[child].depth > deepest) deepest = binder->bound[child].depth;
    size += binder->bound[child].size * (i == 0 && times > 1 ? times : 1);
  }
  bound->depth = deepest + (bound->is_chain ? 0 : at->kind == TVI_QN_BETWEEN ? 3 : 2);
  bound->size = size + 3 > EXPRESS_SIZE_MAX ? EXPRESS_SIZE_MAX : size + 3;
  if (bound->depth > TVI_PLAN_DEPTH_MAX || bound->size >= EXPRESS_SIZE_MAX)
    tvi_query_decline(binder->query, "an expression in it is too large");
}

int tvi_query_express(tvi_query_binder *binder, tvi_query_level level) {
  tvi_query *query = binder->query;
  int k;

  for (k = 0; k < query->nodes && query->status == TV_OK && query->reason[0] == '\0'; k++) {
    int node = tvi_query_nth(binder, k);
    tvi_query_bound *bound = &binder->bound[node];
    express_work work = {binder, level, node, &query->node[node]};
    tvi_expr *expr;
    if (bound->skip) continue;
    if (bound->same >= 0 && (level == TVI_PER_ROW || bound->key < 0)) {
      expr = tvi_query_expr(binder, bound->same, level);
      bound->depth = binder->bound[bound->same].depth;
      bound->size = binder->bound[bound->same].size;
    } else {
      if (level == TVI_PER_ROW) express_measure(binder, node);
      if (bound->constant && !(level == TVI_PER_GROUP && bound->key >= 0)) continue;
      expr = express_node(&work);
    }
    if (level == TVI_PER_ROW)
      bound->row = expr;
    else
      bound->group = expr;
  }
  return query->status;
}
