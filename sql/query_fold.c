/* SPDX-License-Identifier: MIT */
/*
 * Constant expressions into values. SQLite evaluates them, from the statement's own text: its
 * reading of 1e400, its functions and its conversions are then not written a second time. Only
 * plain integers and strings, which are most, are read here.
 */
#include <string.h>

#include "query_internal.h"

static tvi_expr *fold_const(tvi_query_binder *binder, tvi_value value) {
  tvi_expr *expr = tvi_plan_expr(binder->plan, TVI_X_CONST, 0);
  if (expr != NULL) expr->value = value;
  return expr;
}

/* A copy of bytes that lives as long as the plan. */
static int fold_keep(tvi_query_binder *binder, const void *data, size_t size, tvi_value *value) {
  unsigned char *copy = tvi_plan_alloc(binder->plan, size + 1);
  if (copy == NULL) return TV_ENOMEM;
  if (size > 0) memcpy(copy, data, size);
  value->as.bytes = tv_bytes(copy, size);
  return TV_OK;
}

static int fold_take(tvi_query_binder *binder, sqlite3_value *from, tvi_value *value) {
  value->type = sqlite3_value_type(from);
  switch (value->type) {
    case SQLITE_INTEGER:
      value->as.integer = sqlite3_value_int64(from);
      return TV_OK;
    case SQLITE_FLOAT:
      value->as.real = sqlite3_value_double(from);
      return TV_OK;
    case SQLITE_NULL:
      return TV_OK;
    default: {
      const void *data = value->type == SQLITE_TEXT ? (const void *)sqlite3_value_text(from)
                                                    : sqlite3_value_blob(from);
      size_t size = (size_t)sqlite3_value_bytes(from);
      if (data == NULL && size > 0) return TV_ENOMEM;
      return fold_keep(binder, data, size, value);
    }
  }
}

/* Runs a SELECT of one value. TV_ESQL: it fails. */
static int fold_run(tvi_query_binder *binder, const char *text, int size, const tvi_value *bound,
                    int numeric, tvi_value *value) {
  sqlite3_stmt *statement = NULL;
  int status = TV_ESQL, code = sqlite3_prepare_v2(binder->sql, text, size, &statement, NULL);

  if (code == SQLITE_OK && bound != NULL) {
    if (bound->type == SQLITE_TEXT)
      code = sqlite3_bind_text64(statement, 1, bound->as.bytes.data, bound->as.bytes.size,
                                 SQLITE_STATIC, SQLITE_UTF8);
    else if (bound->type == SQLITE_FLOAT)
      code = sqlite3_bind_double(statement, 1, bound->as.real);
    else
      code = sqlite3_bind_int64(statement, 1, bound->as.integer);
  }
  if (code == SQLITE_OK) code = sqlite3_step(statement);
  if (code == SQLITE_ROW) {
    sqlite3_value *copy = sqlite3_value_dup(sqlite3_column_value(statement, 0));
    if (copy != NULL && numeric) (void)sqlite3_value_numeric_type(copy);
    status = copy == NULL ? TV_ENOMEM : fold_take(binder, copy, value);
    sqlite3_value_free(copy);
  }
  if (code == SQLITE_NOMEM) status = TV_ENOMEM;
  (void)sqlite3_finalize(statement);
  return status;
}

/* Decimal digits that fit. */
static int fold_integer(const char *text, uint32_t size, int negative, tvi_value *value) {
  uint64_t number = 0;
  uint32_t i;

  if (size > 19 || (size > 1 && (text[1] | 0x20) == 'x')) return 0;
  for (i = 0; i < size; i++) number = number * 10 + (uint64_t)(text[i] - '0');
  if (number > INT64_MAX) return 0;
  value->type = SQLITE_INTEGER;
  value->as.integer = negative ? -(int64_t)number : (int64_t)number;
  return 1;
}

static int fold_simple(tvi_query_binder *binder, int node, tvi_value *value, int *status) {
  const tvi_query *query = binder->query;
  const tvi_query_node *at = &query->node[node], *below;

  *status = TV_OK;
  if (at->kind == TVI_QN_NULL) {
    value->type = SQLITE_NULL;
    return 1;
  }
  if (at->kind == TVI_QN_INTEGER)
    return fold_integer(query->sql + at->text.at, at->text.size, 0, value);
  if (at->kind == TVI_QN_UNARY && at->op == TVI_QT_MINUS) {
    below = &query->node[at->left];
    return below->kind == TVI_QN_INTEGER &&
           fold_integer(query->sql + below->text.at, below->text.size, 1, value);
  }
  if (at->kind == TVI_QN_STRING) {
    char *text = tvi_query_unquote(query, at->text);
    value->type = SQLITE_TEXT;
    *status = text == NULL ? TV_ENOMEM : fold_keep(binder, text, strlen(text), value);
    tvi_free(text);
    return 1;
  }
  return 0;
}

tvi_expr *tvi_query_fold(tvi_query_binder *binder, int node) {
  tvi_query *query = binder->query;
  const tvi_query_node *at = &query->node[node];
  tvi_value value = {.type = SQLITE_NULL};
  int status;

  if (!fold_simple(binder, node, &value, &status)) {
    char *text = sqlite3_mprintf("SELECT %.*s", (int)(at->end - at->start), query->sql + at->start);
    status = text == NULL ? TV_ENOMEM : fold_run(binder, text, -1, NULL, 0, &value);
    sqlite3_free(text);
  }
  if (status == TV_ESQL) {
    tvi_query_decline(query, "a constant in it has no value: %s", sqlite3_errmsg(binder->sql));
    return NULL;
  }
  if (status == TV_OK) {
    tvi_expr *expr = fold_const(binder, value);
    if (expr != NULL) return expr;
  }
  query->status = TV_ENOMEM;
  return NULL;
}

int tvi_query_fold_affinity(tvi_query_binder *binder, tvi_value *value, int affinity) {
  tvi_value from = *value;
  int status = TV_OK;

  if (affinity >= TVI_AFFINITY_NUMERIC && from.type == SQLITE_TEXT)
    status = fold_run(binder, "SELECT ?1", -1, &from, 1, value);
  else if (affinity == TVI_AFFINITY_TEXT &&
           (from.type == SQLITE_INTEGER || from.type == SQLITE_FLOAT))
    status = fold_run(binder, "SELECT CAST(?1 AS TEXT)", -1, &from, 0, value);
  return status == TV_OK ? TV_OK : TV_ENOMEM;
}
