/* SPDX-License-Identifier: MIT */
/*
 * Comparisons, with their operands converted as SQLite converts them: a constant at once, anything
 * else by a node of the plan, and nothing where a column's values cannot change by it. Leaving
 * conversions to the executor was rejected: it would apply them to every value of every row.
 */
#include "query_internal.h"

static int operands_collation(tvi_query_binder *binder, tvi_collation collation) {
  if (collation == TVI_COLLATE_OTHER)
    tvi_query_decline(binder->query, "a collation other than BINARY and NOCASE is not covered");
  return collation == TVI_COLLATE_NOCASE;
}

int tvi_query_nocase_of(tvi_query_binder *binder, int left, int right) {
  return operands_collation(binder, tvi_query_collation_of(binder, left, right));
}

int tvi_query_nocase(tvi_query_binder *binder, int node) {
  return operands_collation(binder, (tvi_collation)binder->bound[node].collation);
}

static int operands_unchanged(const tvi_query_bound *bound, int affinity) {
  if (affinity < TVI_AFFINITY_TEXT) return 1;
  if (affinity == TVI_AFFINITY_TEXT) return bound->values == TVI_VALUES_TEXT;
  return bound->values == TVI_VALUES_NUMBER || bound->values == TVI_VALUES_NO_NUMERAL;
}

tvi_expr *tvi_query_operand(tvi_query_binder *binder, int node, tvi_query_level level,
                            int affinity) {
  tvi_expr *of = tvi_query_expr(binder, node, level), *expr;

  if (of == NULL || affinity < TVI_AFFINITY_TEXT) return of;
  if (of->op == TVI_X_CONST) {
    tvi_value value = of->value;
    expr = tvi_query_fold_affinity(binder, &value, affinity) == TV_OK
               ? tvi_plan_expr(binder->plan, TVI_X_CONST, 0)
               : NULL;
    if (expr != NULL) expr->value = value;
  } else {
    if (operands_unchanged(&binder->bound[node], affinity)) return of;
    expr = tvi_plan_expr(binder->plan, TVI_X_AFFINITY, 1);
    if (expr != NULL) {
      expr->affinity = affinity;
      expr->arg[0] = of;
    }
  }
  if (expr == NULL) binder->query->status = TV_ENOMEM;
  return expr;
}

tvi_expr *tvi_query_compare(tvi_query_binder *binder, tvi_expr_op op, int left, int right,
                            tvi_query_level level) {
  int affinity = tvi_query_affinity_of(binder, left, right);
  tvi_expr *a = tvi_query_operand(binder, left, level, affinity);
  tvi_expr *b = a == NULL ? NULL : tvi_query_operand(binder, right, level, affinity);
  tvi_expr *expr = b == NULL ? NULL : tvi_plan_expr(binder->plan, op, 2);

  if (b != NULL && expr == NULL) binder->query->status = TV_ENOMEM;
  if (expr == NULL) return NULL;
  expr->arg[0] = a;
  expr->arg[1] = b;
  expr->nocase = tvi_query_nocase_of(binder, left, right);
  return expr;
}
