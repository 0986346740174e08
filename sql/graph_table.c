/* SPDX-License-Identifier: MIT */
/*
 * The part that all table functions over graphs have in common: hidden columns as arguments, the
 * plan, the graph in the connection's transaction. A module written out for each function was
 * rejected: they would differ where nobody wants them to, in their errors and estimates.
 *
 * idxNum: bit c: column c has a value; bit 12 + c: that value is a literal; then LIMIT and OFFSET.
 * xFilter's values come in that order.
 */
#include "graph_table_internal.h"

#include <string.h>

#define GRAPH_TABLE_LITERAL 12
#define GRAPH_TABLE_LIMIT (1 << 24)
#define GRAPH_TABLE_OFFSET (1 << 25)
#define GRAPH_TABLE_IMPOSSIBLE 1e99 /* without a required argument no join order is good */
#define GRAPH_TABLE_NODES 10000.0   /* of a graph whose name is not known yet */
#define GRAPH_TABLE_EDGES 100000.0

typedef struct graph_table_module {
  tvi_conn *conn;
  const tvi_graph_spec *spec;
} graph_table_module;

/* ---- Connecting ---- */

static int graph_table_connect(sqlite3 *sql, void *client, int argc, const char *const *argv,
                               sqlite3_vtab **out, char **message) {
  const graph_table_module *module = client;
  tvi_graph_table *table;
  int code;

  (void)argc;
  (void)argv;
  (void)message;
  code = sqlite3_declare_vtab(sql, module->spec->create);
  if (code != SQLITE_OK) return code;
  table = tvi_zalloc(sizeof *table);
  if (table == NULL) return SQLITE_NOMEM;
  table->sql = sql;
  table->conn = module->conn;
  table->spec = module->spec;
  *out = &table->base;
  return SQLITE_OK;
}

static int graph_table_disconnect(sqlite3_vtab *vtab) {
  tvi_free(vtab);
  return SQLITE_OK;
}

/* ---- The plan ---- */

typedef struct graph_table_plan {
  int at[TVI_GRAPH_COLUMNS_MAX]; /* constraint of each column; -1: none */
  int limit, offset;             /* constraints; -1: none */
  int others;                    /* left to SQLite */
} graph_table_plan;

static int graph_table_is_argument(const tvi_graph_spec *spec, int column) {
  return column >= spec->first_argument && column < spec->first_argument + spec->arguments;
}

/* SQLITE_CONSTRAINT: an argument is not available in this join order. */
static int graph_table_collect(const tvi_graph_spec *spec, sqlite3_index_info *info,
                               graph_table_plan *plan) {
  int i;

  for (i = 0; i < TVI_GRAPH_COLUMNS_MAX; i++) plan->at[i] = -1;
  plan->limit = plan->offset = -1;
  plan->others = 0;
  for (i = 0; i < info->nConstraint; i++) {
    const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
    int column = constraint->iColumn, op = constraint->op;
    int equal = op == SQLITE_INDEX_CONSTRAINT_EQ;

    if (op == SQLITE_INDEX_CONSTRAINT_LIMIT) {
      plan->limit = i;
    } else if (op == SQLITE_INDEX_CONSTRAINT_OFFSET) {
      plan->offset = i;
    } else if (equal && graph_table_is_argument(spec, column) && plan->at[column] < 0) {
      if (!constraint->usable) return SQLITE_CONSTRAINT;
      plan->at[column] = i;
    } else if (equal && column >= 0 && (spec->keyed >> column & 1) && plan->at[column] < 0 &&
               constraint->usable &&
               sqlite3_stricmp(sqlite3_vtab_collation(info, i), "BINARY") == 0) {
      plan->at[column] = i;
      plan->others++;
    } else {
      plan->others++;
    }
  }
  return SQLITE_OK;
}

static void graph_table_order(const tvi_graph_spec *spec, sqlite3_index_info *info) {
  if (spec->ordered_by < 0 || info->nOrderBy == 0) return;
  if (info->aOrderBy[0].iColumn != spec->ordered_by || info->aOrderBy[0].desc) return;
  info->orderByConsumed = info->nOrderBy == 1 || spec->order_unique;
}

/* LIMIT is a hint to stop early: only where SQLite drops no row and sorts none. */
static void graph_table_limit(sqlite3_index_info *info, graph_table_plan *plan) {
  if (plan->others == 0 && (info->nOrderBy == 0 || info->orderByConsumed)) return;
  plan->limit = plan->offset = -1;
}

/* Size of the graph, when its name is known. That it is missing is xFilter's to say. */
static int graph_table_measure(tvi_graph_table *table, tvi_graph_outlook *outlook, tv_error *err) {
  sqlite3_value *name = outlook->literal[table->spec->first_argument];
  const char *text = name == NULL ? NULL : (const char *)sqlite3_value_text(name);
  tv_graph_stat stat;
  tv_graph *graph;
  tv_txn *txn;
  int status;

  outlook->nodes = GRAPH_TABLE_NODES;
  outlook->edges = GRAPH_TABLE_EDGES;
  if (text != NULL) {
    status = tvi_conn_peek_begin(table->conn, &txn, err);
    if (status != TV_OK) return status;
    if (tv_graph_open(txn, text, 0, &graph) == TV_OK && tv_graph_stat_get(graph, &stat) == TV_OK) {
      outlook->nodes = (double)stat.nodes;
      outlook->edges = (double)stat.edges;
    }
    tvi_conn_peek_end(table->conn, txn);
  }
  outlook->degree = outlook->nodes > 0 ? outlook->edges / outlook->nodes : 0;
  return TV_OK;
}

/* Says the plan in words, for EXPLAIN QUERY PLAN. */
static char *graph_table_words(const tvi_graph_spec *spec, const graph_table_plan *plan) {
  char *words = NULL;
  int column;

  for (column = 0; column < TVI_GRAPH_COLUMNS_MAX; column++) {
    char *longer;
    if (plan->at[column] < 0) continue;
    longer = sqlite3_mprintf("%s%s%s=?", words == NULL ? "" : words, words == NULL ? "" : " ",
                             spec->columns[column]);
    sqlite3_free(words);
    if (longer == NULL) return NULL;
    words = longer;
  }
  return words == NULL ? sqlite3_mprintf("no arguments") : words;
}

static void graph_table_use(sqlite3_index_info *info, int constraint, int *values, int omit) {
  if (constraint < 0) return;
  info->aConstraintUsage[constraint].argvIndex = ++*values;
  info->aConstraintUsage[constraint].omit = (unsigned char)omit;
}

static void graph_table_assign(const tvi_graph_spec *spec, sqlite3_index_info *info,
                               const graph_table_plan *plan, const tvi_graph_outlook *outlook) {
  int column, values = 0;

  info->idxNum = outlook->given;
  for (column = 0; column < TVI_GRAPH_COLUMNS_MAX; column++) {
    graph_table_use(info, plan->at[column], &values, graph_table_is_argument(spec, column));
    if (outlook->literal[column] != NULL) info->idxNum |= 1 << (GRAPH_TABLE_LITERAL + column);
  }
  graph_table_use(info, plan->limit, &values, 0);
  graph_table_use(info, plan->offset, &values, 0);
  if (plan->limit >= 0) info->idxNum |= GRAPH_TABLE_LIMIT;
  if (plan->offset >= 0) info->idxNum |= GRAPH_TABLE_OFFSET;
  info->estimatedRows = (sqlite3_int64)(outlook->rows < 1 ? 1 : outlook->rows);
  info->estimatedCost = outlook->cost;
  if (outlook->unique) info->idxFlags |= SQLITE_INDEX_SCAN_UNIQUE;
}

static int graph_table_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  tvi_graph_table *table = (tvi_graph_table *)vtab;
  const tvi_graph_spec *spec = table->spec;
  tvi_graph_outlook outlook = {.given = 0};
  graph_table_plan plan;
  tv_error err = {0};
  int column, code = graph_table_collect(spec, info, &plan);
  int needed = (1 << spec->required) - 1;

  if (code != SQLITE_OK) return code;
  for (column = 0; column < TVI_GRAPH_COLUMNS_MAX; column++) {
    if (plan.at[column] < 0) continue;
    outlook.given |= 1 << column;
    if (sqlite3_vtab_rhs_value(info, plan.at[column], &outlook.literal[column]) != SQLITE_OK)
      outlook.literal[column] = NULL;
  }
  code = graph_table_measure(table, &outlook, &err);
  if (code != TV_OK) return tvi_vtab_fail(vtab, code, &err);
  spec->estimate(&outlook);
  if ((outlook.given >> spec->first_argument & needed) != needed)
    outlook.cost = GRAPH_TABLE_IMPOSSIBLE;
  graph_table_order(spec, info);
  graph_table_limit(info, &plan);
  graph_table_assign(spec, info, &plan, &outlook);
  info->idxStr = graph_table_words(spec, &plan);
  if (info->idxStr == NULL) return SQLITE_NOMEM;
  info->needToFreeIdxStr = 1;
  return SQLITE_OK;
}

/* ---- Cursors ---- */

static int graph_table_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  const tvi_graph_spec *spec = ((tvi_graph_table *)vtab)->spec;
  tvi_graph_cursor *cursor = tvi_zalloc(spec->cursor_bytes);

  if (cursor == NULL) return SQLITE_NOMEM;
  cursor->spec = spec;
  cursor->eof = 1;
  *out = &cursor->base;
  return SQLITE_OK;
}

static void graph_table_forget(tvi_graph_cursor *cursor) {
  int i;
  for (i = 0; i < TVI_GRAPH_COLUMNS_MAX; i++) {
    sqlite3_value_free(cursor->given[i]);
    cursor->given[i] = NULL;
  }
}

static int graph_table_close(sqlite3_vtab_cursor *base) {
  tvi_graph_cursor *cursor = (tvi_graph_cursor *)base;

  cursor->spec->close(cursor);
  graph_table_forget(cursor);
  (void)sqlite3_finalize(cursor->probe);
  tvi_buffer_free(&cursor->name);
  tvi_free(cursor);
  return SQLITE_OK;
}

const char *tvi_graph_title(const tvi_graph_cursor *cursor) {
  return (const char *)cursor->name.data;
}

int tvi_graph_complain(tvi_graph_cursor *cursor, int code, char *message) {
  sqlite3_vtab *vtab = cursor->base.pVtab;
  sqlite3_free(vtab->zErrMsg);
  vtab->zErrMsg = message;
  return message == NULL ? SQLITE_NOMEM : code;
}

int tvi_graph_fail(tvi_graph_cursor *cursor, int status) {
  const tv_error *err = cursor->txn != NULL ? tv_txn_error(cursor->txn) : NULL;
  return tvi_vtab_fail(cursor->base.pVtab, status,
                       err != NULL && err->status == status ? err : NULL);
}

int tvi_graph_attach(tvi_graph_cursor *cursor) {
  tvi_graph_table *table = (tvi_graph_table *)cursor->base.pVtab;
  uint64_t generation;
  tv_txn *txn;
  int status, code = tvi_conn_read(table->conn, &txn, &generation);

  if (code != SQLITE_OK) return code;
  if (txn == cursor->txn && generation == cursor->generation && tvi_txn_epoch(txn) == cursor->epoch)
    return SQLITE_OK;
  cursor->txn = NULL;
  status = tv_graph_open(txn, tvi_graph_title(cursor), 0, &cursor->graph);
  if (status == TV_ENOGRAPH)
    return tvi_graph_complain(
        cursor, SQLITE_ERROR,
        sqlite3_mprintf("%s: no such graph: %s", cursor->spec->module, tvi_graph_title(cursor)));
  if (status != TV_OK) return tvi_vtab_fail(cursor->base.pVtab, status, tv_txn_error(txn));
  cursor->txn = txn;
  cursor->generation = generation;
  cursor->epoch = tvi_txn_epoch(txn);
  return SQLITE_OK;
}

/* Copies the values, since the cursor needs them after xFilter. */
static int graph_table_take(tvi_graph_cursor *cursor, int plan, sqlite3_value **values) {
  sqlite3_int64 limit = -1, offset = 0;
  int column;

  graph_table_forget(cursor);
  cursor->plan = plan;
  cursor->rows_max = UINT64_MAX;
  for (column = 0; column < TVI_GRAPH_COLUMNS_MAX; column++) {
    if (!(plan >> column & 1)) continue;
    cursor->given[column] = sqlite3_value_dup(*values++);
    if (cursor->given[column] == NULL) return SQLITE_NOMEM;
  }
  if (plan & GRAPH_TABLE_LIMIT) limit = sqlite3_value_int64(*values++);
  if (plan & GRAPH_TABLE_OFFSET) offset = sqlite3_value_int64(*values++);
  if (limit >= 0) cursor->rows_max = (uint64_t)limit + (uint64_t)(offset > 0 ? offset : 0);
  return SQLITE_OK;
}

/* Checks the arguments that all functions have alike. *none becomes 1 when a NULL among them makes
 * the answer empty. */
static int graph_table_check(tvi_graph_cursor *cursor, int *none) {
  const tvi_graph_spec *spec = cursor->spec;
  const char *name;
  int i;

  *none = 0;
  for (i = 0; i < spec->required; i++) {
    if (cursor->given[spec->first_argument + i] != NULL) continue;
    return tvi_graph_complain(
        cursor, SQLITE_ERROR,
        sqlite3_mprintf("%s: argument \"%s\" is missing; write %s", spec->module,
                        spec->columns[spec->first_argument + i], spec->usage));
  }
  for (i = 0; i <= spec->node_arguments; i++)
    if (sqlite3_value_type(cursor->given[spec->first_argument + i]) == SQLITE_NULL) *none = 1;
  if (*none) return SQLITE_OK;
  name = (const char *)sqlite3_value_text(cursor->given[spec->first_argument]);
  if (name == NULL) return SQLITE_NOMEM;
  if (cursor->name.data != NULL && strcmp(name, tvi_graph_title(cursor)) == 0) return SQLITE_OK;
  cursor->txn = NULL; /* another graph than before */
  cursor->name.size = 0;
  if (tvi_buffer_append(&cursor->name, name, strlen(name) + 1) != TV_OK) return SQLITE_NOMEM;
  return SQLITE_OK;
}

static int graph_table_filter(sqlite3_vtab_cursor *base, int plan, const char *plan_text, int argc,
                              sqlite3_value **argv) {
  tvi_graph_cursor *cursor = (tvi_graph_cursor *)base;
  int none, code;

  (void)plan_text;
  (void)argc;
  cursor->eof = 1;
  cursor->interrupted = 0;
  code = graph_table_take(cursor, plan, argv);
  if (code == SQLITE_OK) code = graph_table_check(cursor, &none);
  if (code != SQLITE_OK || none) return code;
  code = tvi_graph_attach(cursor);
  if (code != SQLITE_OK || cursor->rows_max == 0) return code;
  return cursor->spec->filter(cursor);
}

static int graph_table_next(sqlite3_vtab_cursor *base) {
  tvi_graph_cursor *cursor = (tvi_graph_cursor *)base;
  return cursor->spec->next(cursor);
}

static int graph_table_eof(sqlite3_vtab_cursor *base) {
  return ((tvi_graph_cursor *)base)->eof;
}

static int graph_table_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column) {
  tvi_graph_cursor *cursor = (tvi_graph_cursor *)base;
  int code = tvi_graph_attach(cursor);
  return code == SQLITE_OK ? cursor->spec->column(cursor, context, column) : code;
}

/* Without xCreate the functions cannot be mistaken for tables to be created. */
static const sqlite3_module graph_table_methods = {
    .iVersion = 1,
    .xConnect = graph_table_connect,
    .xBestIndex = graph_table_best_index,
    .xDisconnect = graph_table_disconnect,
    .xOpen = graph_table_open,
    .xClose = graph_table_close,
    .xFilter = graph_table_filter,
    .xNext = graph_table_next,
    .xEof = graph_table_eof,
    .xColumn = graph_table_column,
};

int tvi_module_graph_register(sqlite3 *sql, tvi_conn *conn) {
  static const tvi_graph_spec *const specs[] = {
      &tvi_graph_nodes_spec,      &tvi_graph_edges_spec,    &tvi_graph_neighbors_spec,
      &tvi_graph_khop_spec,       &tvi_graph_path_spec,     &tvi_graph_pagerank_spec,
      &tvi_graph_components_spec, &tvi_graph_triangles_spec};
  size_t i;

  for (i = 0; i < sizeof specs / sizeof specs[0]; i++) {
    graph_table_module *module = tvi_alloc(sizeof *module);
    int code;
    if (module == NULL) return SQLITE_NOMEM;
    module->conn = conn;
    module->spec = specs[i];
    code = sqlite3_create_module_v2(sql, specs[i]->module, &graph_table_methods, module, tvi_free);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}
