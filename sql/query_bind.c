/* SPDX-License-Identifier: MIT */
/*
 * A parsed statement into a plan, or the reason why SQLite is to run it. Statements that the
 * executor could run, but that SQLite runs better over the same tables, are declined too: a row by
 * its key, and all rows just as they are.
 */
#include <string.h>

#include "query_internal.h"

static void bind_free(tvi_query_binder *binder) {
  int i;
  for (i = 0; i < binder->tables; i++) tvi_query_table_free(&binder->table[i]);
  for (i = 0; i < binder->outputs; i++) tvi_free(binder->output[i].alias);
  tvi_free(binder->output);
  tvi_free(binder->joins);
  tvi_free(binder->bound);
}

static int bind_tables(tvi_query_binder *binder) {
  tvi_query *query = binder->query;
  int i, columnar = 0, status = TV_OK;

  if (query->sources > TVI_PLAN_TABLES_MAX)
    tvi_query_decline(query, "it joins more than %d tables", TVI_PLAN_TABLES_MAX);
  for (i = 0; i < query->sources && status == TV_OK && query->reason[0] == '\0'; i++) {
    binder->tables++;
    status = tvi_query_table_find(query, binder->sql, binder->conn, &query->source[i],
                                  &binder->table[i]);
    columnar += binder->table[i].columnar != NULL;
  }
  if (columnar == 0) tvi_query_decline(query, "it reads no columnar table");
  for (i = 0; i < binder->tables && status == TV_OK && query->reason[0] == '\0'; i++) {
    int large = 0;
    if (binder->table[i].columnar != NULL) continue;
    status = tvi_query_table_is_large(binder->sql, &binder->table[i], &large);
    if (large)
      tvi_query_decline(query, "row table %s has more than %d rows", binder->table[i].name,
                        TVI_QUERY_ROWS_MAX);
  }
  return status;
}

/* ---- What SQLite does better ---- */

static int bind_is_fixed(const tvi_expr *expr) {
  if (expr->op == TVI_X_AFFINITY) expr = expr->arg[0];
  return expr->op == TVI_X_CONST || expr->op == TVI_X_PARAM;
}

/* 1 when a condition leaves one value of that column of the only table. */
static int bind_has_equality(const tvi_plan *plan, int column) {
  int i, side;
  for (i = 0; i < plan->conjuncts; i++) {
    const tvi_expr *expr = plan->conjunct[i];
    if (expr->op != TVI_X_EQ) continue;
    for (side = 0; side < 2; side++)
      if (expr->arg[side]->op == TVI_X_COLUMN &&
          plan->table[0].column[expr->arg[side]->column] == column &&
          bind_is_fixed(expr->arg[!side]))
        return 1;
  }
  return 0;
}

static void bind_prefer_sqlite(tvi_query_binder *binder) {
  const tvi_plan *plan = binder->plan;
  const tvi_col_schema *schema;
  int i, keyed;

  if (plan->tables != 1) return;
  schema = &plan->table[0].columnar->schema;
  keyed = schema->keys > 0;
  for (i = 0; i < schema->keys; i++) keyed = keyed && bind_has_equality(plan, schema->key[i]);
  if (keyed || bind_has_equality(plan, -1))
    tvi_query_decline(binder->query, "SQLite finds the one row by its key");
  if (!plan->grouped && !plan->distinct && plan->conjuncts == 0 && plan->orders == 0)
    tvi_query_decline(binder->query, "SQLite hands out all rows as it reads them");
}

static void bind_ask_executor(tvi_query_binder *binder) {
  const char *why = NULL;
  if (tvi_exec_covers(binder->plan, &why) != TV_OK)
    tvi_query_decline(binder->query, "%s", why != NULL ? why : "the executor does not cover it");
}

/* LIKE can be made to regard case, for a connection and by no sign but this. */
static int bind_like(tvi_query_binder *binder) {
  sqlite3_stmt *statement = NULL;
  int i, code, same = 0;

  for (i = 0; i < binder->query->nodes; i++)
    if (binder->query->node[i].kind == TVI_QN_LIKE && binder->query->node[i].op == TVI_QT_LIKE)
      break;
  if (i == binder->query->nodes) return TV_OK;
  code = sqlite3_prepare_v2(binder->sql, "SELECT 'a' LIKE 'A'", -1, &statement, NULL);
  if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
    same = sqlite3_column_int(statement, 0);
  (void)sqlite3_finalize(statement);
  if (!same) tvi_query_decline(binder->query, "LIKE regards case on this connection");
  return code == SQLITE_NOMEM ? TV_ENOMEM : TV_OK;
}

int tvi_query_bind(tvi_query *query, sqlite3 *sql, tvi_conn *conn, sqlite3_stmt *statement,
                   tvi_plan **plan) {
  static int (*const passes[])(tvi_query_binder *) = {
      bind_tables,          tvi_query_bind_names,  bind_like, tvi_query_bind_meaning,
      tvi_query_bind_alike, tvi_query_bind_clauses};
  tvi_query_binder binder = {.query = query, .sql = sql, .conn = conn, .statement = statement};
  int status = TV_OK;
  size_t i;

  *plan = NULL;
  if (query->reason[0] != '\0') return TV_OK;
  binder.plan = tvi_plan_new();
  if (binder.plan == NULL) return TV_ENOMEM;
  binder.plan->sql = sql;
  for (i = 0; i < sizeof passes / sizeof passes[0]; i++) {
    status = passes[i](&binder);
    if (status == TV_OK) status = query->status;
    if (status != TV_OK || query->reason[0] != '\0') break;
  }
  if (status == TV_OK && query->reason[0] == '\0') bind_prefer_sqlite(&binder);
  if (status == TV_OK && query->reason[0] == '\0') bind_ask_executor(&binder);
  bind_free(&binder);
  if (status != TV_OK || query->reason[0] != '\0')
    tvi_plan_free(binder.plan);
  else
    *plan = binder.plan;
  return status;
}
