/* SPDX-License-Identifier: MIT */
/*
 * xBestIndex of kv: which constraints the bucket's order answers, what that costs, and whether rows
 * come in the order asked for. Numbers come from the bucket itself where its name is known while
 * the statement is prepared. No constraint but the bucket's name is taken away from SQLite, which
 * compares each row again: narrowing need only never lose a row. Doing without that second look was
 * rejected: affinity makes `key = x` depend on where x comes from, which xFilter is not told.
 */
#include <string.h>

#include "kv_table_internal.h"

#define KV_PLAN_ROWS_UNKNOWN 100000.0 /* of a bucket whose name is not known yet */
#define KV_PLAN_IN_ROWS 25.0          /* SQLite's own guess for the length of an IN list */
#define KV_PLAN_SEEK_COST 8.0         /* one descent, in rows read by a scan */
#define KV_PLAN_IMPOSSIBLE 1e99       /* a use without a bucket: no join order prefers it */
#define KV_PLAN_KINDS 9               /* constraints that carry a value */

/* Constraint number of each kind, in the order of the TVI_KV_PLAN_ bits; -1: not there. */
typedef struct kv_plan {
  int at[KV_PLAN_KINDS];
  int bits;
  int others; /* constraints left to SQLite alone */
  double rows;
  int key_type; /* -1: not known */
} kv_plan;

static int kv_plan_kind(int bit) {
  int kind = 0;
  while ((bit >> kind) != 1) kind++;
  return kind;
}

static void kv_plan_take(kv_plan *plan, int bit, int constraint) {
  int kind = kv_plan_kind(bit);

  if (plan->at[kind] >= 0) {
    plan->others++;
    return;
  }
  plan->at[kind] = constraint;
  plan->bits |= bit;
}

static int kv_plan_binary(sqlite3_index_info *info, int i) {
  const char *collation = sqlite3_vtab_collation(info, i);
  return collation == NULL || sqlite3_stricmp(collation, "BINARY") == 0;
}

static void kv_plan_key(tvi_kv_table *table, sqlite3_index_info *info, int i, kv_plan *plan) {
  int op = info->aConstraint[i].op;
  int ranges = !table->utf16 && kv_plan_binary(info, i);

  if (op == SQLITE_INDEX_CONSTRAINT_LIKE) {
    kv_plan_take(plan, TVI_KV_PLAN_LIKE, i);
  } else if (op == SQLITE_INDEX_CONSTRAINT_GLOB) {
    kv_plan_take(plan, TVI_KV_PLAN_GLOB, i);
  } else if ((op == SQLITE_INDEX_CONSTRAINT_EQ || op == SQLITE_INDEX_CONSTRAINT_IS) &&
             kv_plan_binary(info, i)) {
    int in = op == SQLITE_INDEX_CONSTRAINT_EQ && sqlite3_vtab_in(info, i, -1);
    kv_plan_take(plan, in ? TVI_KV_PLAN_IN : TVI_KV_PLAN_EQ, i);
  } else if (ranges && (op == SQLITE_INDEX_CONSTRAINT_GT || op == SQLITE_INDEX_CONSTRAINT_GE)) {
    if (op == SQLITE_INDEX_CONSTRAINT_GT && plan->at[kv_plan_kind(TVI_KV_PLAN_LOWER)] < 0)
      plan->bits |= TVI_KV_PLAN_LOWER_OPEN;
    kv_plan_take(plan, TVI_KV_PLAN_LOWER, i);
  } else if (ranges && (op == SQLITE_INDEX_CONSTRAINT_LT || op == SQLITE_INDEX_CONSTRAINT_LE)) {
    if (op == SQLITE_INDEX_CONSTRAINT_LT && plan->at[kv_plan_kind(TVI_KV_PLAN_UPPER)] < 0)
      plan->bits |= TVI_KV_PLAN_UPPER_OPEN;
    kv_plan_take(plan, TVI_KV_PLAN_UPPER, i);
  } else {
    plan->others++;
  }
}

/* A second argument is a slip, or somebody's idea of a condition: neither is to be guessed. */
static int kv_plan_second(tvi_kv_table *table) {
  sqlite3_free(table->base.vtab.zErrMsg);
  table->base.vtab.zErrMsg = sqlite3_mprintf(
      "kv: takes one argument, the bucket; conditions go behind WHERE, as in kv('users') WHERE "
      "key = 'ada'");
  return table->base.vtab.zErrMsg == NULL ? SQLITE_NOMEM : SQLITE_ERROR;
}

/* Sorts the constraints into kinds. Returns SQLITE_CONSTRAINT when the bucket's name is given but
 * not available in this join order. */
static int kv_plan_collect(tvi_kv_table *table, sqlite3_index_info *info, kv_plan *plan) {
  int i;

  memset(plan, 0, sizeof *plan);
  for (i = 0; i < KV_PLAN_KINDS; i++) plan->at[i] = -1;
  for (i = 0; i < info->nConstraint; i++) {
    const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
    if (constraint->op == SQLITE_INDEX_CONSTRAINT_LIMIT) {
      if (constraint->usable) kv_plan_take(plan, TVI_KV_PLAN_LIMIT, i);
    } else if (constraint->op == SQLITE_INDEX_CONSTRAINT_OFFSET) {
      if (constraint->usable) kv_plan_take(plan, TVI_KV_PLAN_OFFSET, i);
    } else if (constraint->iColumn == TVI_KV_SECOND && table->bucket == NULL) {
      return kv_plan_second(table);
    } else if (constraint->iColumn == TVI_KV_BUCKET && table->bucket == NULL &&
               constraint->op == SQLITE_INDEX_CONSTRAINT_EQ) {
      if (!constraint->usable) return SQLITE_CONSTRAINT;
      kv_plan_take(plan, TVI_KV_PLAN_BUCKET, i);
    } else if (constraint->usable && constraint->iColumn == TVI_KV_KEY) {
      kv_plan_key(table, info, i, plan);
    } else {
      plan->others++;
    }
  }
  return SQLITE_OK;
}

/* One key beats a list, and a list beats a range: what is not used is left to SQLite. */
static void kv_plan_prefer(kv_plan *plan) {
  int point = plan->bits & TVI_KV_PLAN_EQ ? TVI_KV_PLAN_EQ : plan->bits & TVI_KV_PLAN_IN;
  int kind, keep = TVI_KV_PLAN_BUCKET | TVI_KV_PLAN_LIMIT | TVI_KV_PLAN_OFFSET;

  for (kind = 0; kind < KV_PLAN_KINDS; kind++) {
    int bit = 1 << kind;
    if (point == 0 || bit == point || (bit & keep) != 0 || plan->at[kind] < 0) continue;
    plan->at[kind] = -1;
    plan->bits &= ~bit;
    plan->others++;
  }
  if (point != 0) plan->bits &= ~(TVI_KV_PLAN_LOWER_OPEN | TVI_KV_PLAN_UPPER_OPEN);
}

/* The value of a constraint when it is a literal; NULL when it is not known yet. */
static sqlite3_value *kv_plan_literal(sqlite3_index_info *info, const kv_plan *plan, int bit) {
  sqlite3_value *value = NULL;
  int constraint = plan->at[kv_plan_kind(bit)];

  if (constraint < 0) return NULL;
  return sqlite3_vtab_rhs_value(info, constraint, &value) == SQLITE_OK ? value : NULL;
}

/* How many entries the range holds; a bound not known yet is taken to keep a quarter. */
static double kv_plan_range_rows(sqlite3_index_info *info, const kv_plan *plan, tv_bucket *bucket) {
  static const int kinds[] = {TVI_KV_PLAN_LOWER, TVI_KV_PLAN_UPPER, TVI_KV_PLAN_LIKE,
                              TVI_KV_PLAN_GLOB};
  tvi_kv_bounds bounds = {.from_size = 0};
  double rows = plan->rows;
  uint64_t count;
  size_t i;

  for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    sqlite3_value *value = kv_plan_literal(info, plan, kinds[i]);
    if ((plan->bits & kinds[i]) == 0) continue;
    if (value == NULL || bucket == NULL) {
      rows /= 4;
    } else if (kinds[i] == TVI_KV_PLAN_LOWER) {
      tvi_kv_bound_lower(&bounds, value, plan->key_type, plan->bits & TVI_KV_PLAN_LOWER_OPEN);
    } else if (kinds[i] == TVI_KV_PLAN_UPPER) {
      tvi_kv_bound_upper(&bounds, value, plan->key_type, plan->bits & TVI_KV_PLAN_UPPER_OPEN);
    } else if (kinds[i] == TVI_KV_PLAN_LIKE) {
      tvi_kv_bound_like(&bounds, value, plan->key_type);
    } else {
      tvi_kv_bound_glob(&bounds, value, plan->key_type);
    }
  }
  if (bounds.none) return 1;
  if (bucket != NULL && (bounds.from_size > 0 || bounds.to_size > 0) &&
      tv_kv_count_estimate(bucket, tvi_kv_bounds_range(&bounds), &count) == TV_OK &&
      (double)count < rows)
    rows = (double)count;
  return rows;
}

/* Looks the bucket up, if its name is known, and fills rows, key_type and the range's rows. A
 * bucket that is not there is xFilter's to report. */
static int kv_plan_measure(tvi_kv_table *table, sqlite3_index_info *info, kv_plan *plan,
                           double *range_rows, tv_error *err) {
  const char *name = table->bucket;
  tv_bucket *bucket = NULL;
  tv_bucket_options options;
  tv_txn *txn;
  uint64_t count;
  int status;

  plan->rows = KV_PLAN_ROWS_UNKNOWN;
  plan->key_type = -1;
  if (name == NULL) {
    sqlite3_value *value = kv_plan_literal(info, plan, TVI_KV_PLAN_BUCKET);
    if (value != NULL) name = (const char *)sqlite3_value_text(value);
  }
  if (name == NULL) {
    *range_rows = kv_plan_range_rows(info, plan, NULL);
    return TV_OK;
  }
  status = tvi_conn_peek_begin(table->module->conn, &txn, err);
  if (status != TV_OK) return status;
  if (tv_kv_open(txn, name, 0, NULL, &bucket) == TV_OK) {
    tv_kv_options(bucket, &options);
    plan->key_type = options.key_type;
    if (tv_kv_count(bucket, &count) == TV_OK) plan->rows = (double)count;
  } else {
    plan->rows = 1;
    bucket = NULL;
  }
  *range_rows = kv_plan_range_rows(info, plan, bucket);
  tvi_conn_peek_end(table->module->conn, txn);
  return TV_OK;
}

/* Rows in order of the key, either way? Whatever else is asked for behind a unique key is met. */
static void kv_plan_order(tvi_kv_table *table, sqlite3_index_info *info, kv_plan *plan) {
  if (info->nOrderBy == 0 || table->utf16 || info->aOrderBy[0].iColumn != TVI_KV_KEY) return;
  info->orderByConsumed = 1;
  if (info->aOrderBy[0].desc) plan->bits |= TVI_KV_PLAN_DESC;
}

/* LIMIT and OFFSET count rows that SQLite would have let through: only where it drops none. */
static void kv_plan_limit(sqlite3_index_info *info, kv_plan *plan) {
  int limits = TVI_KV_PLAN_LIMIT | TVI_KV_PLAN_OFFSET;
  int narrowed = plan->bits & (TVI_KV_PLAN_EQ | TVI_KV_PLAN_IN | TVI_KV_PLAN_LOWER |
                               TVI_KV_PLAN_UPPER | TVI_KV_PLAN_LIKE | TVI_KV_PLAN_GLOB);

  if (plan->others == 0 && !narrowed && (info->nOrderBy == 0 || info->orderByConsumed)) return;
  plan->at[kv_plan_kind(TVI_KV_PLAN_LIMIT)] = -1;
  plan->at[kv_plan_kind(TVI_KV_PLAN_OFFSET)] = -1;
  plan->bits &= ~limits;
}

/* Says the plan in words, for EXPLAIN QUERY PLAN. */
static char *kv_plan_words(const kv_plan *plan) {
  int bits = plan->bits;
  const char *lower = bits & TVI_KV_PLAN_LOWER_OPEN ? " key>?" : " key>=?";
  const char *upper = bits & TVI_KV_PLAN_UPPER_OPEN ? " key<?" : " key<=?";

  return sqlite3_mprintf(
      "%s%s%s%s%s%s%s%s%s%s%s", bits & TVI_KV_PLAN_BUCKET ? "bucket=?" : "scan",
      bits & TVI_KV_PLAN_EQ ? " key=?" : "", bits & TVI_KV_PLAN_IN ? " key IN (...)" : "",
      bits & TVI_KV_PLAN_LOWER ? lower : "", bits & TVI_KV_PLAN_UPPER ? upper : "",
      bits & TVI_KV_PLAN_LIKE ? " key LIKE ?" : "", bits & TVI_KV_PLAN_GLOB ? " key GLOB ?" : "",
      bits & TVI_KV_PLAN_LIMIT ? " limit" : "", bits & TVI_KV_PLAN_OFFSET ? " offset" : "",
      bits & TVI_KV_PLAN_DESC ? " descending" : "", bits & TVI_KV_PLAN_VALUE ? "" : " keys only");
}

static void kv_plan_cost(sqlite3_index_info *info, kv_plan *plan, double range_rows) {
  double rows = range_rows;

  if (plan->bits & TVI_KV_PLAN_EQ) {
    sqlite3_value *literal = kv_plan_literal(info, plan, TVI_KV_PLAN_EQ);
    rows = 1;
    if (literal != NULL) plan->bits |= TVI_KV_PLAN_LITERAL;
    /* A number compared with text keys may equal more than one ('7', '07'). */
    if (literal != NULL || plan->key_type == TV_COLUMN_BLOB || plan->key_type == TV_COLUMN_INTEGER)
      info->idxFlags |= SQLITE_INDEX_SCAN_UNIQUE;
  } else if (plan->bits & TVI_KV_PLAN_IN) {
    rows = plan->rows < KV_PLAN_IN_ROWS ? plan->rows : KV_PLAN_IN_ROWS;
  }
  if (rows < 1) rows = 1;
  info->estimatedRows = (sqlite3_int64)rows;
  info->estimatedCost =
      plan->bits & TVI_KV_PLAN_IN ? rows * KV_PLAN_SEEK_COST : KV_PLAN_SEEK_COST + rows;
}

int tvi_kv_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  tvi_kv_table *table = (tvi_kv_table *)vtab;
  tv_error err = {0};
  kv_plan plan;
  double range_rows = 1;
  int kind, values = 0;
  int status = kv_plan_collect(table, info, &plan);

  if (status != SQLITE_OK) return status;
  kv_plan_prefer(&plan);
  status = kv_plan_measure(table, info, &plan, &range_rows, &err);
  if (status != TV_OK) return tvi_vtab_fail(vtab, status, &err);
  kv_plan_order(table, info, &plan);
  kv_plan_limit(info, &plan);
  kv_plan_cost(info, &plan, range_rows);
  if (table->bucket == NULL && !(plan.bits & TVI_KV_PLAN_BUCKET))
    info->estimatedCost = KV_PLAN_IMPOSSIBLE;
  if (info->colUsed & (UINT64_C(1) << TVI_KV_VALUE)) plan.bits |= TVI_KV_PLAN_VALUE;
  for (kind = 0; kind < KV_PLAN_KINDS; kind++) {
    if (plan.at[kind] < 0) continue;
    info->aConstraintUsage[plan.at[kind]].argvIndex = ++values;
    info->aConstraintUsage[plan.at[kind]].omit =
        (1 << kind) == TVI_KV_PLAN_BUCKET || (1 << kind) == TVI_KV_PLAN_OFFSET;
    if ((1 << kind) == TVI_KV_PLAN_IN) sqlite3_vtab_in(info, plan.at[kind], 1);
  }
  info->idxNum = plan.bits;
  info->idxStr = kv_plan_words(&plan);
  if (info->idxStr == NULL) return SQLITE_NOMEM;
  info->needToFreeIdxStr = 1;
  return SQLITE_OK;
}
