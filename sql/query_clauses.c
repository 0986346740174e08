/* SPDX-License-Identifier: MIT */
/*
 * The clauses of a statement whose names and meanings are known, put into the plan: FROM, WHERE,
 * GROUP BY, HAVING, the result, ORDER BY, LIMIT. Which filter runs first and which table is probed
 * is not decided here: that depends on what the tables hold when the plan runs.
 */
#include <string.h>

#include "query_internal.h"

static void *clauses_alloc(tvi_query_binder *binder, size_t count, size_t size) {
  void *room = tvi_plan_alloc(binder->plan, count * size);
  if (room == NULL) binder->query->status = TV_ENOMEM;
  return room;
}

/* ---- FROM ---- */

int tvi_query_plan_column(tvi_query_binder *binder, int table, int column) {
  tvi_plan_table *to = &binder->plan->table[table];
  int i;
  for (i = 0; i < to->columns; i++)
    if (to->column[i] == column) return i;
  to->column[to->columns] = column;
  return to->columns++;
}

static int clauses_tables(tvi_query_binder *binder) {
  tvi_plan *plan = binder->plan;
  int i;

  plan->table = clauses_alloc(binder, (size_t)binder->tables, sizeof *plan->table);
  if (plan->table == NULL) return TV_ENOMEM;
  plan->tables = binder->tables;
  for (i = 0; i < binder->tables; i++) {
    const tvi_query_table *from = &binder->table[i];
    const char *name = from->alias != NULL ? from->alias : from->name;
    size_t size = strlen(name) + 1;
    char *copy = clauses_alloc(binder, 1, size);
    plan->table[i].column = clauses_alloc(binder, (size_t)from->columns + 1, sizeof(int));
    if (copy == NULL || plan->table[i].column == NULL) return TV_ENOMEM;
    memcpy(copy, name, size);
    plan->table[i].name = copy;
    plan->table[i].columnar = from->columnar;
  }
  return TV_OK;
}

/* The statement that reads a row table. */
static void clauses_select(tvi_query_binder *binder, int table) {
  const tvi_query_table *from = &binder->table[table];
  tvi_plan_table *to = &binder->plan->table[table];
  sqlite3_str *text = sqlite3_str_new(binder->sql);
  char *made, *copy;
  int i;

  if (to->columns == 0) (void)tvi_query_plan_column(binder, table, from->has_rowid ? -1 : 0);
  for (i = 0; i < to->columns; i++) {
    const char *name = to->column[i] < 0 ? "rowid" : from->column[to->column[i]].name;
    sqlite3_str_appendf(text, "%s\"%w\"", i == 0 ? "SELECT " : ", ", name);
  }
  sqlite3_str_appendf(text, " FROM \"%w\".\"%w\"", from->database, from->name);
  made = sqlite3_str_finish(text);
  copy = made == NULL ? NULL : clauses_alloc(binder, 1, strlen(made) + 1);
  if (copy != NULL) memcpy(copy, made, strlen(made) + 1);
  sqlite3_free(made);
  to->select = copy;
  if (copy == NULL) binder->query->status = TV_ENOMEM;
}

/* ---- WHERE and ON ---- */

/* The expression, or each argument of an AND at its top, as conditions of their own. Only counts
 * them when there is no room yet. The depth is that of an expression, which has a limit. */
static void clauses_condition(tvi_plan *plan, tvi_expr *expr) {
  struct {
    tvi_expr *of;
    int next;
  } stack[TVI_PLAN_DEPTH_MAX + 1];
  int depth = 0;

  stack[0].of = expr;
  stack[0].next = 0;
  while (depth >= 0) {
    tvi_expr *at = stack[depth].of;
    if (at->op != TVI_X_AND) {
      if (plan->conjunct != NULL) plan->conjunct[plan->conjuncts] = at;
      plan->conjuncts++;
      depth--;
    } else if (depth < TVI_PLAN_DEPTH_MAX && stack[depth].next < at->args) {
      stack[depth + 1].of = at->arg[stack[depth].next++];
      stack[depth + 1].next = 0;
      depth++;
    } else {
      depth--;
    }
  }
}

static int clauses_each_condition(tvi_query_binder *binder) {
  tvi_plan *plan = binder->plan;
  const tvi_query *query = binder->query;
  int i, root, count = query->sources + binder->joins_count + 1;

  plan->conjuncts = 0;
  for (i = 0; i < count; i++) {
    tvi_expr *expr;
    if (i < query->sources)
      root = query->source[i].on;
    else
      root = i < count - 1 ? binder->joins[i - query->sources] : query->where;
    if (root < 0) continue;
    expr = tvi_query_expr(binder, root, TVI_PER_ROW);
    if (expr == NULL) {
      tvi_query_decline(binder->query, "a condition in it is not covered");
      return 0;
    }
    clauses_condition(plan, expr);
  }
  return 1;
}

static int clauses_where(tvi_query_binder *binder) {
  tvi_plan *plan = binder->plan;

  if (!clauses_each_condition(binder) || plan->conjuncts == 0) return binder->query->status;
  plan->conjunct = clauses_alloc(binder, (size_t)plan->conjuncts, sizeof *plan->conjunct);
  if (plan->conjunct != NULL) (void)clauses_each_condition(binder);
  return binder->query->status;
}

/* ---- GROUP BY ---- */

static int clauses_aggregates(const tvi_query_binder *binder) {
  int i, count = 0;
  for (i = 0; i < binder->query->nodes; i++)
    count += binder->bound[i].call == TVI_CALL_AGGREGATE && !binder->bound[i].skip;
  return count;
}

static int clauses_is_grouped(const tvi_query_binder *binder) {
  return binder->query->group >= 0 || binder->query->having >= 0 || clauses_aggregates(binder) > 0;
}

/* A key's expression is marked with how it groups, so it is one of its own. */
static tvi_expr *clauses_key(tvi_query_binder *binder, int node) {
  tvi_expr *of = tvi_query_expr(binder, node, TVI_PER_ROW), *key;
  int nocase = tvi_query_nocase(binder, node);

  if (of == NULL) {
    tvi_query_decline(binder->query, "a key of GROUP BY is not covered");
    return NULL;
  }
  if ((of->op == TVI_X_NULLIF || of->op == TVI_X_FUNCTION) && of->nocase != nocase)
    tvi_query_decline(binder->query, "a key of GROUP BY has two collations");
  key = clauses_alloc(binder, 1, sizeof *key);
  if (key == NULL) return NULL;
  *key = *of;
  if (of->op < TVI_X_EQ || of->op > TVI_X_IN) key->nocase = nocase;
  return key;
}

static int clauses_groups(tvi_query_binder *binder) {
  tvi_query *query = binder->query;
  tvi_plan *plan = binder->plan;
  int at, k, count = 0, aggregates = clauses_aggregates(binder);

  plan->grouped = 1;
  for (at = query->group; at >= 0; at = query->node[at].next) count++;
  if (count > TVI_PLAN_KEYS_MAX) {
    tvi_query_decline(query, "it groups by more than %d keys", TVI_PLAN_KEYS_MAX);
    return TV_OK;
  }
  plan->key = clauses_alloc(binder, (size_t)count + 1, sizeof *plan->key);
  plan->aggregate = clauses_alloc(binder, (size_t)aggregates + 1, sizeof *plan->aggregate);
  if (plan->key == NULL || plan->aggregate == NULL) return TV_ENOMEM;
  for (at = query->group; at >= 0; at = query->node[at].next) {
    tvi_expr *key = clauses_key(binder, at);
    if (key == NULL) return query->status;
    for (k = 0; k < query->nodes; k++)
      if (binder->bound[k].alike == binder->bound[at].alike && binder->bound[k].key < 0)
        binder->bound[k].key = plan->keys;
    plan->key[plan->keys++] = key;
  }
  return tvi_query_express(binder, TVI_PER_GROUP);
}

/* ---- The result, ORDER BY, LIMIT ---- */

static tvi_expr *clauses_result(tvi_query_binder *binder, int node, const char *clause) {
  tvi_expr *expr =
      tvi_query_expr(binder, node, binder->plan->grouped ? TVI_PER_GROUP : TVI_PER_ROW);
  if (expr == NULL && binder->query->status == TV_OK)
    tvi_query_decline(binder->query, "%s has a column that is neither grouped nor aggregated",
                      clause);
  return expr;
}

static int clauses_outputs(tvi_query_binder *binder) {
  tvi_plan *plan = binder->plan;
  int i;

  plan->output = clauses_alloc(binder, (size_t)binder->outputs, sizeof *plan->output);
  plan->output_nocase = clauses_alloc(binder, (size_t)binder->outputs, sizeof(int));
  if (plan->output == NULL || plan->output_nocase == NULL) return TV_ENOMEM;
  plan->outputs = binder->outputs;
  plan->distinct = binder->query->distinct;
  for (i = 0; i < binder->outputs; i++) {
    int node = binder->output[i].expression;
    plan->output[i] = clauses_result(binder, node, "the result");
    if (plan->output[i] == NULL) break;
    if (plan->distinct) plan->output_nocase[i] = tvi_query_nocase(binder, node);
  }
  return binder->query->status;
}

/* DISTINCT keeps the result's columns only. */
static int clauses_is_output(const tvi_query_binder *binder, int node) {
  int i;
  for (i = 0; i < binder->outputs; i++)
    if (binder->bound[binder->output[i].expression].alike == binder->bound[node].alike) return 1;
  return 0;
}

static int clauses_orders(tvi_query_binder *binder) {
  tvi_plan *plan = binder->plan;
  const tvi_query *query = binder->query;
  int i;

  if (query->orders == 0) return TV_OK;
  plan->order = clauses_alloc(binder, (size_t)query->orders, sizeof *plan->order);
  if (plan->order == NULL) return TV_ENOMEM;
  for (i = 0; i < query->orders; i++) {
    tvi_plan_order *order = &plan->order[i];
    int node = query->order[i].expression;
    order->by = clauses_result(binder, node, "ORDER BY");
    if (order->by == NULL) return query->status;
    order->nocase = tvi_query_nocase(binder, node);
    order->descending = query->order[i].descending;
    order->nulls_last =
        query->order[i].nulls == 0 ? order->descending : query->order[i].nulls == TVI_QT_LAST;
    if (plan->distinct && !clauses_is_output(binder, node))
      tvi_query_decline(binder->query, "it orders what DISTINCT has dropped");
  }
  plan->orders = query->orders;
  return query->status;
}

static tvi_expr *clauses_limit(tvi_query_binder *binder, int node) {
  tvi_expr *expr = node < 0 ? NULL : tvi_query_expr(binder, node, TVI_PER_ROW);
  if (node >= 0 && binder->query->status == TV_OK &&
      (expr == NULL || (expr->op != TVI_X_PARAM &&
                        (expr->op != TVI_X_CONST || expr->value.type != SQLITE_INTEGER))))
    tvi_query_decline(binder->query, "its LIMIT is neither an integer nor a parameter");
  return expr;
}

int tvi_query_bind_clauses(tvi_query_binder *binder) {
  tvi_query *query = binder->query;
  tvi_plan *plan = binder->plan;
  int i, status = clauses_tables(binder);

  if (status == TV_OK) status = tvi_query_express(binder, TVI_PER_ROW);
  if (status == TV_OK && query->reason[0] == '\0') status = clauses_where(binder);
  if (status == TV_OK && query->reason[0] == '\0' && clauses_is_grouped(binder))
    status = clauses_groups(binder);
  if (status == TV_OK && query->reason[0] == '\0') status = clauses_outputs(binder);
  if (status == TV_OK && query->reason[0] == '\0' && query->having >= 0)
    plan->having = clauses_result(binder, query->having, "HAVING");
  if (status == TV_OK && query->reason[0] == '\0') status = clauses_orders(binder);
  if (status != TV_OK || query->reason[0] != '\0') return status;
  plan->limit = clauses_limit(binder, query->limit);
  plan->offset = clauses_limit(binder, query->offset);
  plan->params = sqlite3_bind_parameter_count(binder->statement);
  for (i = 0; i < binder->tables && query->status == TV_OK; i++)
    if (binder->table[i].columnar == NULL) clauses_select(binder, i);
  return query->status;
}
