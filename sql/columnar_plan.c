/* SPDX-License-Identifier: MIT */
/*
 * xBestIndex of columnar tables: which conditions a scan evaluates itself, whether a rowid, the
 * primary key or a hash index leads to the rows, and what that costs. Selectivity comes from the
 * zone maps of a sample of groups. A condition is taken from SQLite only where the filter is exact:
 * comparisons of number columns, whose meaning does not depend on where the other side comes from.
 *
 * The plan's text is the conditions as letter and column (read back by columnar_scan.c), a blank,
 * and words for EXPLAIN QUERY PLAN.
 */
#include <string.h>

#include "columnar_internal.h"

#define PLAN_OPS_MAX 62 /* of a statement with more, the rest is SQLite's to compare */
#define PLAN_SAMPLE 32
#define PLAN_SEEK_COST 16.0

typedef struct plan_op {
  int op, column, constraint, nocase, exact;
  double share;   /* of the rows that pass, about */
  double matches; /* of an equality: rows with one value */
} plan_op;

typedef struct col_plan {
  tvi_columnar *table;
  sqlite3_index_info *info;
  plan_op ops[PLAN_OPS_MAX + 2];
  int count;
  int others; /* constraints left to SQLite */
  double rows;
} col_plan;

static int plan_letter(int op) {
  switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
      return TVI_COL_EQ;
    case SQLITE_INDEX_CONSTRAINT_IS:
      return TVI_COL_IS;
    case SQLITE_INDEX_CONSTRAINT_GT:
      return TVI_COL_GT;
    case SQLITE_INDEX_CONSTRAINT_GE:
      return TVI_COL_GE;
    case SQLITE_INDEX_CONSTRAINT_LT:
      return TVI_COL_LT;
    case SQLITE_INDEX_CONSTRAINT_LE:
      return TVI_COL_LE;
    case SQLITE_INDEX_CONSTRAINT_LIKE:
      return TVI_COL_LIKE;
    case SQLITE_INDEX_CONSTRAINT_ISNULL:
      return TVI_COL_ISNULL;
    case SQLITE_INDEX_CONSTRAINT_ISNOTNULL:
      return TVI_COL_NOTNULL;
    default:
      return 0;
  }
}

static int plan_is_range(int op) {
  return op == TVI_COL_GT || op == TVI_COL_GE || op == TVI_COL_LT || op == TVI_COL_LE;
}

static sqlite3_value *plan_literal(sqlite3_index_info *info, int constraint) {
  sqlite3_value *value = NULL;
  return sqlite3_vtab_rhs_value(info, constraint, &value) == SQLITE_OK ? value : NULL;
}

/* Can a filter on a string column stand for this comparison? It need not be exact. */
static int plan_string(col_plan *plan, plan_op *op, const tvi_col_column *column) {
  const char *collation = sqlite3_vtab_collation(plan->info, op->constraint);
  int binary = collation == NULL || sqlite3_stricmp(collation, "BINARY") == 0;
  int nocase = !binary && sqlite3_stricmp(collation, "NOCASE") == 0;

  if (op->op == TVI_COL_LIKE) return column->type == TVI_COL_TEXT;
  if (plan->table->utf16 && column->type == TVI_COL_TEXT) return 0;
  if (op->op == TVI_COL_IN) return binary;
  if (plan_is_range(op->op)) /* a text column compared with a numeric one may become numbers */
    return binary && (column->type == TVI_COL_BLOB || plan_literal(plan->info, op->constraint));
  op->nocase = nocase && column->type == TVI_COL_TEXT;
  return binary || op->nocase;
}

/* Takes a constraint into the plan, or leaves it to SQLite. */
static void plan_take(col_plan *plan, int i) {
  const struct sqlite3_index_constraint *c = &plan->info->aConstraint[i];
  const tvi_col_schema *schema = &plan->table->schema;
  plan_op *op = &plan->ops[plan->count];
  int number, taken = 0;

  memset(op, 0, sizeof *op);
  op->op = plan_letter(c->op);
  op->column = c->iColumn;
  op->constraint = i;
  op->share = 1;
  if (!c->usable || op->op == 0 || c->iColumn >= schema->columns || plan->count >= PLAN_OPS_MAX) {
    plan->others++;
    return;
  }
  number = c->iColumn < 0 || tvi_col_is_number(schema->column[c->iColumn].type);
  if (op->op == TVI_COL_EQ && sqlite3_vtab_in(plan->info, i, -1)) op->op = TVI_COL_IN;
  if (op->op == TVI_COL_ISNULL || op->op == TVI_COL_NOTNULL) {
    taken = op->exact = 1;
  } else if (number) {
    int date = c->iColumn >= 0 && schema->column[c->iColumn].type == TVI_COL_DATE;
    taken = op->op != TVI_COL_LIKE && !(date && plan->table->utf16);
    op->exact = taken && op->op != TVI_COL_IN;
  } else {
    taken = plan_string(plan, op, &schema->column[c->iColumn]);
  }
  plan->count += taken;
  plan->others += !taken;
}

/* ---- Statistics ---- */

static double plan_range_share(const tvi_filter *f, const tvi_zone *zone) {
  double lo = (double)zone->min, hi = (double)zone->max, from = (double)f->lo, to = (double)f->hi;

  if (from < lo) from = lo;
  if (to > hi) to = hi;
  if (to < from) return 0;
  return (to - from + 1) / (hi - lo + 1);
}

/* The share of a group's rows that pass. Without a value, shares that are usual. */
static double plan_zone_share(const plan_op *op, const tvi_filter *f, int type,
                              const tvi_zone *zone, uint32_t rows) {
  double equal = zone->distinct > 0 ? 1.0 / zone->distinct : 1.0;

  switch (op->op) {
    case TVI_COL_ISNULL:
      return (double)zone->nulls / rows;
    case TVI_COL_NOTNULL:
      return 1 - (double)zone->nulls / rows;
    case TVI_COL_LIKE:
      return 0.1;
    case TVI_COL_IN:
      return equal * 5 > 1 ? 1 : equal * 5;
    case TVI_COL_EQ:
    case TVI_COL_IS:
      return f != NULL && !tvi_filter_zone(f, type, zone, rows) ? 0 : equal;
    default:
      if (f == NULL) return 0.25;
      if (!tvi_filter_zone(f, type, zone, rows)) return 0;
      return tvi_col_is_number(type) ? plan_range_share(f, zone) : 0.3;
  }
}

/* Looks at a group for each condition. */
static void plan_sample_group(col_plan *plan, tvi_filter *filters, const int *known,
                              const tvi_col_group *group, double *sums) {
  int i;

  for (i = 0; i < plan->count; i++) {
    plan_op *op = &plan->ops[i];
    double matches;
    if (op->column < 0) continue;
    sums[i] += group->rows * plan_zone_share(op, known[i] ? &filters[i] : NULL,
                                             plan->table->schema.column[op->column].type,
                                             &group->zone[op->column], group->rows);
    /* A value that is rare in a group is taken to be rare everywhere. */
    matches = group->zone[op->column].distinct > group->rows / 4
                  ? (double)group->rows / group->zone[op->column].distinct
                  : plan->rows / (group->zone[op->column].distinct + 1.0);
    if (op->matches == 0 || matches < op->matches) op->matches = matches;
  }
}

static int plan_sample(col_plan *plan, tvi_col_store *store, tvi_filter *filters,
                       const int *known) {
  double sums[PLAN_OPS_MAX] = {0}, seen = 0;
  tvi_zone *zone = tvi_zalloc((size_t)plan->table->schema.columns * sizeof *zone);
  uint64_t last = UINT64_MAX;
  int i, status = TV_OK;

  if (zone == NULL) return TV_ENOMEM;
  for (i = 0; i < PLAN_SAMPLE && status == TV_OK; i++) {
    int64_t at = store->header.next_rowid / PLAN_SAMPLE * i;
    tvi_col_group group;
    status = tvi_col_group_find(store, at, zone, &group);
    if (status != TV_OK || group.id == last) continue;
    last = group.id;
    seen += group.rows;
    plan_sample_group(plan, filters, known, &group, sums);
  }
  for (i = 0; i < plan->count && seen > 0; i++)
    if (plan->ops[i].column >= 0) plan->ops[i].share = sums[i] / seen;
  tvi_free(zone);
  return status == TV_END ? TV_OK : status;
}

/* Fills rows and the shares. */
static int plan_measure(col_plan *plan, tv_error *err) {
  tvi_columnar *table = plan->table;
  tvi_col_store store = {.name = table->name, .schema = &table->schema};
  tvi_filter filters[PLAN_OPS_MAX];
  int known[PLAN_OPS_MAX] = {0}, i, status;
  tv_txn *txn;

  memset(filters, 0, sizeof filters);
  status = tvi_conn_peek_begin(table->module->conn, &txn, err);
  if (status != TV_OK) return status;
  status = tvi_col_store_open(&store, txn);
  if (status == TV_OK) plan->rows = (double)store.header.rows;
  for (i = 0; i < plan->count && status == TV_OK; i++) {
    plan_op *op = &plan->ops[i];
    sqlite3_value *value = op->op == TVI_COL_IN ? NULL : plan_literal(plan->info, op->constraint);
    tvi_filter_scope scope;
    if (value == NULL || op->column < 0) continue;
    status =
        tvi_filter_make(&filters[i], &table->schema, op->op, op->column, op->nocase, value, &scope);
    known[i] = scope == TVI_FILTER_SOME;
  }
  if (status == TV_OK && plan->count > 0) status = plan_sample(plan, &store, filters, known);
  if (status < 0 && err != NULL) *err = *tv_txn_error(txn);
  for (i = 0; i < plan->count; i++) tvi_filter_free(&filters[i]);
  tvi_conn_peek_end(table->module->conn, txn);
  return status;
}

/* ---- Strategy ---- */

static void plan_swap(col_plan *plan, int a, int b) {
  plan_op op = plan->ops[a];
  plan->ops[a] = plan->ops[b];
  plan->ops[b] = op;
}

/* Brings the condition that leads by rowid to the front. */
static int plan_rowid(col_plan *plan) {
  int i;
  for (i = 0; i < plan->count; i++) {
    if (plan->ops[i].column >= 0 || plan->ops[i].op != TVI_COL_EQ) continue;
    plan_swap(plan, 0, i);
    return 1;
  }
  return 0;
}

/* 1 when the comparison's collation is the one that the index folds by. */
static int plan_key_collates(const col_plan *plan, const plan_op *op) {
  const tvi_col_column *column = &plan->table->schema.column[op->column];
  return tvi_col_is_number(column->type) || op->nocase == column->nocase;
}

/* Brings an equality for each column of the primary key to the front, in the key's order. */
static int plan_key(col_plan *plan) {
  const tvi_col_schema *schema = &plan->table->schema;
  int key, i;

  for (key = 0; key < schema->keys; key++) {
    for (i = key; i < plan->count; i++)
      if (plan->ops[i].column == schema->key[key] && plan->ops[i].op == TVI_COL_EQ &&
          plan_key_collates(plan, &plan->ops[i]))
        break;
    if (i == plan->count) return 0;
    plan_swap(plan, key, i);
  }
  return schema->keys > 0;
}

/* IN lists on a key or rowid are better asked one element after another. */
static void plan_split_in(col_plan *plan) {
  const tvi_col_schema *schema = &plan->table->schema;
  int i;

  for (i = 0; i < plan->count; i++) {
    plan_op *op = &plan->ops[i];
    if (op->op == TVI_COL_IN &&
        (op->column < 0 || (schema->keys == 1 && op->column == schema->key[0])))
      op->op = TVI_COL_EQ;
  }
}

/* Brings the most selective equality with a value that comes from another table to the front. */
static int plan_hash(col_plan *plan) {
  int i, best = -1;

  for (i = 0; i < plan->count; i++) {
    const plan_op *op = &plan->ops[i];
    if (op->column < 0 || op->op != TVI_COL_EQ || op->nocase ||
        plan_literal(plan->info, op->constraint) != NULL)
      continue;
    if (best < 0 || op->matches < plan->ops[best].matches) best = i;
  }
  if (best < 0) return 0;
  plan_swap(plan, 0, best);
  return 1;
}

static void plan_cost(col_plan *plan, int strategy) {
  sqlite3_index_info *info = plan->info;
  double rows = plan->rows;
  int i;

  for (i = 0; i < plan->count; i++) rows *= plan->ops[i].share;
  if (strategy == TVI_COL_ROWID || strategy == TVI_COL_KEY) {
    rows = 1;
    info->estimatedCost = PLAN_SEEK_COST;
    info->idxFlags |= SQLITE_INDEX_SCAN_UNIQUE;
  } else if (strategy == TVI_COL_HASH) {
    if (rows > plan->ops[0].matches) rows = plan->ops[0].matches;
    info->estimatedCost = PLAN_SEEK_COST + 4 * plan->ops[0].matches;
  } else {
    /* Rows that a filter drops cost a twentieth of those that SQLite sees. */
    info->estimatedCost = PLAN_SEEK_COST * 4 + plan->rows / 20 + rows;
  }
  info->estimatedRows = rows < 1 ? 1 : (sqlite3_int64)rows;
}

/* LIMIT and OFFSET count rows that SQLite lets through: only where it drops none. */
static void plan_col_limit(col_plan *plan, int strategy) {
  sqlite3_index_info *info = plan->info;
  int i, exact = strategy == TVI_COL_SCAN && plan->others == 0 && info->nOrderBy == 0;

  for (i = 0; i < plan->count; i++) exact = exact && plan->ops[i].exact;
  for (i = 0; exact && i < info->nConstraint; i++) {
    int op = info->aConstraint[i].op;
    if (!info->aConstraint[i].usable ||
        (op != SQLITE_INDEX_CONSTRAINT_LIMIT && op != SQLITE_INDEX_CONSTRAINT_OFFSET))
      continue;
    plan->ops[plan->count] =
        (plan_op){op == SQLITE_INDEX_CONSTRAINT_LIMIT ? TVI_COL_LIMIT : TVI_COL_OFFSET,
                  0,
                  i,
                  0,
                  op == SQLITE_INDEX_CONSTRAINT_OFFSET,
                  1,
                  0};
    plan->count++;
  }
}

static const char *plan_word(int op) {
  switch (op) {
    case TVI_COL_EQ:
      return "=?";
    case TVI_COL_IS:
      return " IS ?";
    case TVI_COL_GT:
      return ">?";
    case TVI_COL_GE:
      return ">=?";
    case TVI_COL_LT:
      return "<?";
    case TVI_COL_LE:
      return "<=?";
    case TVI_COL_IN:
      return " IN (...)";
    case TVI_COL_LIKE:
      return " LIKE ?";
    case TVI_COL_ISNULL:
      return " IS NULL";
    default:
      return " IS NOT NULL";
  }
}

static char *plan_text(const col_plan *plan, int strategy) {
  static const char *const words[] = {"scan", "rowid", "primary key", "hash"};
  sqlite3_str *text = sqlite3_str_new(NULL);
  int i;

  for (i = 0; i < plan->count; i++)
    sqlite3_str_appendf(text, "%c%s%d", plan->ops[i].op, plan->ops[i].nocase ? "~" : "",
                        plan->ops[i].column);
  sqlite3_str_appendf(text, " %s", words[strategy]);
  for (i = 0; i < plan->count; i++) {
    int column = plan->ops[i].column, op = plan->ops[i].op;
    if (op == TVI_COL_LIMIT || op == TVI_COL_OFFSET)
      sqlite3_str_appendall(text, op == TVI_COL_LIMIT ? " limit" : " offset");
    else
      sqlite3_str_appendf(text, " %s%s",
                          column < 0 ? "rowid" : plan->table->schema.column[column].name,
                          plan_word(op));
  }
  return sqlite3_str_finish(text);
}

int tvi_columnar_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  col_plan plan = {.table = (tvi_columnar *)vtab, .info = info};
  tv_error err = {0};
  int i, strategy = TVI_COL_SCAN, status;

  for (i = 0; i < info->nConstraint; i++) {
    int op = info->aConstraint[i].op;
    if (op != SQLITE_INDEX_CONSTRAINT_LIMIT && op != SQLITE_INDEX_CONSTRAINT_OFFSET)
      plan_take(&plan, i);
  }
  status = plan_measure(&plan, &err);
  if (status != TV_OK) return tvi_vtab_fail(vtab, status, &err);
  plan_split_in(&plan);
  if (plan_rowid(&plan))
    strategy = TVI_COL_ROWID;
  else if (plan_key(&plan))
    strategy = TVI_COL_KEY;
  else if (plan_hash(&plan))
    strategy = TVI_COL_HASH;
  plan_cost(&plan, strategy);
  plan_col_limit(&plan, strategy);
  for (i = 0; i < plan.count; i++) {
    const plan_op *op = &plan.ops[i];
    info->aConstraintUsage[op->constraint].argvIndex = i + 1;
    info->aConstraintUsage[op->constraint].omit =
        (unsigned char)(op->exact && strategy == TVI_COL_SCAN);
    if (op->op == TVI_COL_IN) sqlite3_vtab_in(info, op->constraint, 1);
  }
  info->idxNum = strategy;
  info->idxStr = plan_text(&plan, strategy);
  if (info->idxStr == NULL) return SQLITE_NOMEM;
  info->needToFreeIdxStr = 1;
  return SQLITE_OK;
}
