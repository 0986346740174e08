/* SPDX-License-Identifier: MIT */
/*
 * xBestIndex of the table functions over graphs: which hidden columns are arguments, which ordinary
 * ones narrow, and what the rows cost by the graph's own numbers of nodes and edges and, where a
 * statement spells out the start, by that node's degree. Fixed guesses were rejected: a join that
 * begins at a node with a million edges is another join than one that begins at a leaf.
 */
#include "graph_table_internal.h"

#define GRAPH_PLAN_IMPOSSIBLE 1e99 /* without a required argument no join order is good */
#define GRAPH_PLAN_NODES 10000.0   /* of a graph whose name is not known yet */
#define GRAPH_PLAN_EDGES 100000.0
#define GRAPH_PLAN_LIST 25.0 /* SQLite's own guess for the length of an IN list */

typedef struct graph_plan {
  int at[TVI_GRAPH_COLUMNS_MAX]; /* constraint of each column; -1: none */
  int list;                      /* the column whose IN list comes whole; -1: none */
  int limit, offset;             /* constraints; -1: none */
  int others;                    /* left to SQLite */
} graph_plan;

/* A table is bound to its graph; a function is told it by an argument. */
static int graph_plan_is_argument(const tvi_graph_table *table, int column) {
  const tvi_graph_spec *spec = table->spec;
  if (table->bound != NULL && column == spec->first_argument) return 0;
  return column >= spec->first_argument && column < spec->first_argument + spec->arguments;
}

static int graph_plan_surplus(tvi_graph_table *table) {
  sqlite3_vtab *vtab = &table->base.vtab;
  sqlite3_free(vtab->zErrMsg);
  vtab->zErrMsg =
      sqlite3_mprintf("%s: too many arguments; write %s", table->spec->module, table->spec->usage);
  return vtab->zErrMsg == NULL ? SQLITE_NOMEM : SQLITE_ERROR;
}

/* A list is taken whole only by the first of the listed columns, so that its place is known. */
static void graph_plan_take(const tvi_graph_spec *spec, sqlite3_index_info *info, graph_plan *plan,
                            int i, int column) {
  plan->at[column] = i;
  if ((spec->listed >> column & 1) && plan->list < 0 && sqlite3_vtab_in(info, i, -1))
    plan->list = column;
}

/* `column = value` that the function can look up; SQLite compares again. The row id is the id. */
static int graph_plan_keyed(const tvi_graph_table *table, sqlite3_index_info *info,
                            const graph_plan *plan, int i, int column) {
  return (table->spec->keyed >> column & 1) && plan->at[column] < 0 &&
         info->aConstraint[i].usable &&
         sqlite3_stricmp(sqlite3_vtab_collation(info, i), "BINARY") == 0;
}

/* SQLITE_CONSTRAINT: an argument is not available in this join order. */
static int graph_plan_collect(tvi_graph_table *table, sqlite3_index_info *info, graph_plan *plan) {
  const tvi_graph_spec *spec = table->spec;
  int i;

  for (i = 0; i < TVI_GRAPH_COLUMNS_MAX; i++) plan->at[i] = -1;
  plan->list = plan->limit = plan->offset = -1;
  plan->others = 0;
  for (i = 0; i < info->nConstraint; i++) {
    const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
    int column = constraint->iColumn < 0 ? 0 : constraint->iColumn, op = constraint->op;
    int equal = op == SQLITE_INDEX_CONSTRAINT_EQ;

    if (op == SQLITE_INDEX_CONSTRAINT_LIMIT) {
      if (constraint->usable) plan->limit = i;
    } else if (op == SQLITE_INDEX_CONSTRAINT_OFFSET) {
      if (constraint->usable) plan->offset = i;
    } else if (spec->guard != 0 && table->bound == NULL && column == spec->guard) {
      return graph_plan_surplus(table);
    } else if (equal && graph_plan_is_argument(table, column) && plan->at[column] < 0) {
      if (!constraint->usable) return SQLITE_CONSTRAINT;
      graph_plan_take(spec, info, plan, i, column);
    } else if (equal && graph_plan_keyed(table, info, plan, i, column)) {
      graph_plan_take(spec, info, plan, i, column);
      plan->others++;
    } else {
      plan->others++;
    }
  }
  return SQLITE_OK;
}

/* What a list stands in front of is looked up one by one instead. */
static void graph_plan_settle_list(const tvi_graph_spec *spec, graph_plan *plan) {
  int column;

  for (column = 0; column < plan->list; column++)
    if ((spec->listed >> column & 1) && plan->at[column] >= 0) plan->list = -1;
}

static void graph_plan_order(const tvi_graph_spec *spec, sqlite3_index_info *info,
                             const graph_plan *plan) {
  if (spec->ordered_by < 0 || info->nOrderBy == 0 || plan->list >= 0) return;
  if (info->aOrderBy[0].iColumn != spec->ordered_by || info->aOrderBy[0].desc) return;
  info->orderByConsumed = info->nOrderBy == 1 || spec->order_unique;
}

/* LIMIT is a hint to stop early: only where SQLite drops no row and sorts none. */
static void graph_plan_limit(sqlite3_index_info *info, graph_plan *plan) {
  if (plan->others == 0 && (info->nOrderBy == 0 || info->orderByConsumed)) return;
  plan->limit = plan->offset = -1;
}

/* ---- What it costs ---- */

/* Edges at the node that the statement starts from, where it spells that out. */
static void graph_plan_fan(const tvi_graph_spec *spec, tvi_graph_outlook *outlook,
                           tv_graph *graph) {
  sqlite3_value *start = spec->start == 0 ? NULL : outlook->literal[spec->start];
  sqlite3_value *way = spec->start == 0 ? NULL : outlook->literal[spec->direction];
  const char *text = way == NULL ? NULL : (const char *)sqlite3_value_text(way);
  int direction = TV_OUT;
  uint64_t degree;
  tv_node node;

  if (start == NULL) return;
  if (text != NULL && sqlite3_stricmp(text, "in") == 0) direction = TV_IN;
  if (text != NULL && sqlite3_stricmp(text, "both") == 0) direction = TV_BOTH;
  if (tvi_graph_key_find(graph, start, &node) == TV_OK &&
      tv_graph_degree(graph, node, direction, (tv_types){0, NULL}, &degree) == TV_OK)
    outlook->fan = (double)degree;
}

/* Size of the graph, when its name is known. That it is missing is xFilter's to say. */
static int graph_plan_measure(tvi_graph_table *table, tvi_graph_outlook *outlook, tv_error *err) {
  const tvi_graph_spec *spec = table->spec;
  sqlite3_value *name = outlook->literal[spec->first_argument];
  const char *text = table->bound;
  tv_graph *graph = NULL;
  tv_graph_stat stat;
  tv_txn *txn;
  int status;

  if (text == NULL && name != NULL) text = (const char *)sqlite3_value_text(name);
  outlook->nodes = GRAPH_PLAN_NODES;
  outlook->edges = GRAPH_PLAN_EDGES;
  outlook->fan = outlook->matches = -1;
  if (text != NULL) {
    status = tvi_conn_peek_begin(table->base.conn, &txn, err);
    if (status != TV_OK) return status;
    if (tv_graph_open(txn, text, 0, &graph) == TV_OK && tv_graph_stat_get(graph, &stat) == TV_OK) {
      outlook->nodes = (double)stat.nodes;
      outlook->edges = (double)stat.edges;
      graph_plan_fan(spec, outlook, graph);
      if (spec->look != NULL) spec->look(outlook, graph);
    }
    tvi_conn_peek_end(table->base.conn, txn);
  }
  outlook->degree = outlook->nodes > 0 ? outlook->edges / outlook->nodes : 0;
  if (outlook->fan < 0) outlook->fan = outlook->degree;
  return TV_OK;
}

/* ---- Telling SQLite ---- */

/* Says the plan in words, for EXPLAIN QUERY PLAN. */
static char *graph_plan_words(const tvi_graph_spec *spec, const graph_plan *plan, const char *how) {
  sqlite3_str *words = sqlite3_str_new(NULL);
  int column;

  for (column = 0; column < TVI_GRAPH_COLUMNS_MAX; column++) {
    if (plan->at[column] < 0) continue;
    if (sqlite3_str_length(words) > 0) sqlite3_str_appendchar(words, 1, ' ');
    sqlite3_str_appendall(words, spec->columns[column]);
    sqlite3_str_appendall(words, column == plan->list ? " IN (...)" : "=?");
  }
  if (sqlite3_str_length(words) == 0) sqlite3_str_appendall(words, "no arguments");
  if (how != NULL) sqlite3_str_appendf(words, " by %s", how);
  if (plan->limit >= 0) sqlite3_str_appendall(words, " limit");
  return sqlite3_str_finish(words);
}

static void graph_plan_use(sqlite3_index_info *info, int constraint, int *values, int omit) {
  if (constraint < 0) return;
  info->aConstraintUsage[constraint].argvIndex = ++*values;
  info->aConstraintUsage[constraint].omit = (unsigned char)omit;
}

static void graph_plan_assign(const tvi_graph_table *table, sqlite3_index_info *info,
                              const graph_plan *plan, const tvi_graph_outlook *outlook) {
  int column, values = 0;

  info->idxNum = outlook->given;
  for (column = 0; column < TVI_GRAPH_COLUMNS_MAX; column++) {
    graph_plan_use(info, plan->at[column], &values, graph_plan_is_argument(table, column));
    if (outlook->literal[column] != NULL) info->idxNum |= 1 << (TVI_GRAPH_PLAN_LITERAL + column);
  }
  if (plan->list >= 0) {
    (void)sqlite3_vtab_in(info, plan->at[plan->list], 1);
    info->idxNum |= TVI_GRAPH_PLAN_LIST;
  }
  graph_plan_use(info, plan->limit, &values, 0);
  graph_plan_use(info, plan->offset, &values, 0);
  if (plan->limit >= 0) info->idxNum |= TVI_GRAPH_PLAN_LIMIT;
  if (plan->offset >= 0) info->idxNum |= TVI_GRAPH_PLAN_OFFSET;
  info->estimatedRows = (sqlite3_int64)(outlook->rows < 1 ? 1 : outlook->rows);
  info->estimatedCost = outlook->cost;
  if (outlook->unique && plan->list < 0) info->idxFlags |= SQLITE_INDEX_SCAN_UNIQUE;
}

static int graph_plan_is_complete(const tvi_graph_table *table, int given) {
  const tvi_graph_spec *spec = table->spec;
  int i;

  for (i = 0; i < spec->required; i++) {
    int column = spec->first_argument + i;
    if (!(given >> column & 1) && graph_plan_is_argument(table, column)) return 0;
  }
  return 1;
}

int tvi_graph_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  tvi_graph_table *table = (tvi_graph_table *)vtab;
  const tvi_graph_spec *spec = table->spec;
  tvi_graph_outlook outlook = {.given = 0};
  graph_plan plan;
  tv_error err = {0};
  int column, code = graph_plan_collect(table, info, &plan);

  if (code != SQLITE_OK) return code;
  graph_plan_settle_list(spec, &plan);
  for (column = 0; column < TVI_GRAPH_COLUMNS_MAX; column++) {
    if (plan.at[column] < 0) continue;
    outlook.given |= 1 << column;
    if (sqlite3_vtab_rhs_value(info, plan.at[column], &outlook.literal[column]) != SQLITE_OK)
      outlook.literal[column] = NULL;
  }
  code = graph_plan_measure(table, &outlook, &err);
  if (code != TV_OK) return tvi_vtab_fail(vtab, code, &err);
  outlook.starts = plan.list >= 0 ? GRAPH_PLAN_LIST : 1;
  spec->estimate(&outlook);
  if (!graph_plan_is_complete(table, outlook.given)) outlook.cost = GRAPH_PLAN_IMPOSSIBLE;
  graph_plan_order(spec, info, &plan);
  graph_plan_limit(info, &plan);
  graph_plan_assign(table, info, &plan, &outlook);
  info->idxStr = graph_plan_words(spec, &plan, outlook.how);
  if (info->idxStr == NULL) return SQLITE_NOMEM;
  info->needToFreeIdxStr = 1;
  return SQLITE_OK;
}
