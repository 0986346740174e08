/* SPDX-License-Identifier: MIT */
/*
 * What is counted in groups. Sums of integers are plain int64 additions in any order, while a bound
 * on every partial sum, kept per vector, shows that none can overflow (for AVG and TOTAL: that all
 * are exact as doubles). Where it does not, or where reals are added, whose sum depends on the
 * order, the query runs again in the order of rows, on one thread, and adds as SQLite does,
 * overflow included. 128-bit sums were rejected: SQLite's error depends on the partial sums, not on
 * the last.
 */
#include <string.h>

#include "exec_internal.h"

#define TALLY_SUM_MOST ((uint64_t)INT64_MAX)
#define TALLY_DOUBLE_MOST (UINT64_C(1) << 53)

static int tally_sums(tvi_aggregate_op op) {
  return op == TVI_AGG_SUM || op == TVI_AGG_TOTAL || op == TVI_AGG_AVG;
}

static int tally_grow(void **array, size_t width, tvi_memory *memory, uint32_t had, uint32_t room) {
  void *grown;

  if (!tvi_memory_take(memory, (int64_t)((room - had) * width))) return TV_ELIMIT;
  grown = tvi_realloc(*array, room * width);
  if (grown == NULL) {
    tvi_memory_take(memory, -(int64_t)((room - had) * width));
    return TV_ENOMEM;
  }
  *array = grown;
  memset((char *)grown + had * width, 0, (room - had) * width);
  return TV_OK;
}

int tvi_tally_reserve(tvi_tally *tally, const tvi_plan_aggregate *aggregate, int exact,
                      tvi_memory *memory, uint32_t had, uint32_t room) {
  void *sum = tally->sum, *real = tally->real, *flags = tally->flags, *nulls = tally->nulls;
  void *best = tally->best;
  uint32_t i;
  int status = TV_OK, sums = tally_sums(aggregate->op);

  if (sums || aggregate->op == TVI_AGG_COUNT)
    status = tally_grow(&sum, sizeof *tally->sum, memory, had, room);
  tally->sum = sum;
  if (status == TV_OK && sums && exact)
    status = tally_grow(&real, sizeof *tally->real, memory, had, room);
  tally->real = real;
  if (status == TV_OK && sums && exact) status = tally_grow(&flags, 1, memory, had, room);
  tally->flags = flags;
  if (status == TV_OK && aggregate->op != TVI_AGG_COUNT_ROWS)
    status = tally_grow(&nulls, sizeof *tally->nulls, memory, had, room);
  tally->nulls = nulls;
  if (status == TV_OK && (aggregate->op == TVI_AGG_MIN || aggregate->op == TVI_AGG_MAX)) {
    status = tally_grow(&best, sizeof *tally->best, memory, had, room);
    tally->best = best;
    for (i = had; status == TV_OK && i < room; i++) tally->best[i] = tvi_value_null();
  }
  return status;
}

void tvi_tally_free(tvi_tally *tally, tvi_memory *memory, uint32_t room) {
  tvi_arena_drop(memory, tally->sum, room, sizeof *tally->sum);
  tvi_arena_drop(memory, tally->real, room, sizeof *tally->real);
  tvi_arena_drop(memory, tally->flags, room, 1);
  tvi_arena_drop(memory, tally->nulls, room, sizeof *tally->nulls);
  tvi_arena_drop(memory, tally->best, room, sizeof *tally->best);
  tvi_arena_drop(memory, tally->pair_word, tally->pair_word_capacity, sizeof *tally->pair_word);
  tvi_arena_drop(memory, tally->pair_group, tally->pair_group_capacity, sizeof *tally->pair_group);
  tvi_arena_drop(memory, tally->pair_slots, tally->pair_slots_capacity, sizeof *tally->pair_slots);
  memset(tally, 0, sizeof *tally);
}

/* ---- Sums of integers ---- */

static void tally_bound(tvi_tally *tally, const tvi_vec *vec, uint32_t n) {
  uint64_t low = vec->lo < 0 ? 0 - (uint64_t)vec->lo : (uint64_t)vec->lo;
  uint64_t high = vec->hi < 0 ? 0 - (uint64_t)vec->hi : (uint64_t)vec->hi, more;

  if (high > low) low = high;
  if (__builtin_mul_overflow(low, (uint64_t)n, &more) ||
      __builtin_add_overflow(tally->bound, more, &tally->bound))
    tally->bound = UINT64_MAX;
}

static void tally_nulls(tvi_groups *groups, tvi_tally *tally, const tvi_vec *vec, uint32_t n) {
  uint32_t i;

  if (vec->nulls == NULL && vec->kind != TVI_VEC_NULL && vec->kind != TVI_VEC_MIXED) return;
  for (i = 0; i < n; i++)
    tally->nulls[groups->group[i]] += (uint64_t)(tvi_vec_is_null(vec, i) != 0);
}

static int64_t tally_total(const tvi_vec *vec, uint32_t n) {
  uint64_t sum = 0;
  uint32_t i;

  if (vec->constant) return (int64_t)((uint64_t)tvi_vec_int(vec, 0) * n);
  if (vec->kind == TVI_VEC_I64)
    for (i = 0; i < n; i++) sum += (uint64_t)vec->as.i64[i];
  else
    for (i = 0; i < n; i++) sum += (uint64_t)(int64_t)vec->as.i32[i];
  return (int64_t)sum;
}

static void tally_integers(tvi_groups *groups, tvi_tally *tally, const tvi_vec *vec, uint32_t n) {
  const uint32_t *group = groups->group;
  int64_t *sum = tally->sum;
  uint32_t i;

  tally_bound(tally, vec, n);
  if (vec->nulls != NULL) {
    for (i = 0; i < n; i++)
      if (!tvi_vec_is_null(vec, i))
        sum[group[i]] = (int64_t)((uint64_t)sum[group[i]] + (uint64_t)tvi_vec_int(vec, i));
  } else if (groups->grouping->keys == 0) {
    sum[0] = (int64_t)((uint64_t)sum[0] + (uint64_t)tally_total(vec, n));
  } else if (vec->kind == TVI_VEC_I64 && !vec->constant) {
    for (i = 0; i < n; i++)
      sum[group[i]] = (int64_t)((uint64_t)sum[group[i]] + (uint64_t)vec->as.i64[i]);
  } else {
    for (i = 0; i < n; i++)
      sum[group[i]] = (int64_t)((uint64_t)sum[group[i]] + (uint64_t)tvi_vec_int(vec, i));
  }
}

/* ---- Sums in the order of rows, as sumStep of SQLite 3.40 ---- */

static void tally_exact(tvi_tally *tally, uint32_t group, tvi_value value) {
  tvi_value_numeric(&value);
  if (value.type == SQLITE_INTEGER) {
    tally->real[group] += (double)value.as.integer;
    if (tally->flags[group] == 0 &&
        __builtin_add_overflow(tally->sum[group], value.as.integer, &tally->sum[group]))
      tally->flags[group] = TVI_TALLY_REAL | TVI_TALLY_OVER;
  } else {
    tally->real[group] += tvi_value_to_real(&value);
    tally->flags[group] |= TVI_TALLY_REAL;
  }
}

static int tally_in_order(tvi_groups *groups, tvi_tally *tally, const tvi_vec *vec, uint32_t n) {
  uint32_t i;

  for (i = 0; i < n; i++) {
    tvi_value value;
    if (tvi_vec_is_null(vec, i)) continue;
    if (!tvi_vec_value(&groups->pool, vec, i, &value)) return tvi_memory_status(groups->memory);
    tally_exact(tally, groups->group[i], value);
  }
  return TV_OK;
}

/* ---- Extremes ---- */

static int tally_keep(tvi_groups *groups, const tvi_plan_aggregate *aggregate, tvi_value *best,
                      const tvi_value *value) {
  int order;

  if (best->type != SQLITE_NULL) {
    order = tvi_value_order(value, best, aggregate->nocase);
    if (aggregate->op == TVI_AGG_MIN ? order >= 0 : order <= 0) return TV_OK;
  }
  *best = *value;
  if (value->type != SQLITE_TEXT && value->type != SQLITE_BLOB) return TV_OK;
  if (!tvi_arena_copy(&groups->pool, value->as.bytes, &best->as.bytes))
    return tvi_memory_status(groups->memory);
  return TV_OK;
}

static int tally_extreme(tvi_groups *groups, const tvi_plan_aggregate *aggregate, tvi_tally *tally,
                         const tvi_vec *vec, uint32_t n) {
  tvi_arena scratch = {.memory = groups->memory};
  uint32_t i;
  int status = TV_OK, min = aggregate->op == TVI_AGG_MIN;

  for (i = 0; i < n && status == TV_OK; i++) {
    tvi_value *best = &tally->best[groups->group[i]], value;
    if (tvi_vec_is_null(vec, i)) continue;
    if (tvi_vec_is_int(vec) && best->type == SQLITE_INTEGER) {
      int64_t number = tvi_vec_int(vec, i);
      if (min ? number < best->as.integer : number > best->as.integer) best->as.integer = number;
      continue;
    }
    if (!tvi_vec_value(&scratch, vec, i, &value))
      status = tvi_memory_status(groups->memory);
    else
      status = tally_keep(groups, aggregate, best, &value);
  }
  tvi_arena_free(&scratch);
  return status;
}

/* ---- All ---- */

int tvi_tally_add(tvi_groups *groups, int aggregate, const tvi_vec *vec, uint32_t n) {
  const tvi_plan_aggregate *a = &groups->grouping->aggregate[aggregate];
  tvi_tally *tally = &groups->tally[aggregate];

  tally_nulls(groups, tally, vec, n);
  if (a->op == TVI_AGG_COUNT || vec->kind == TVI_VEC_NULL) return TV_OK;
  if (a->op == TVI_AGG_MIN || a->op == TVI_AGG_MAX) return tally_extreme(groups, a, tally, vec, n);
  if (groups->grouping->exact) return tally_in_order(groups, tally, vec, n);
  if (!tvi_vec_is_int(vec)) return TV_END;
  tally_integers(groups, tally, vec, n);
  return TV_OK;
}

int tvi_tally_merge(tvi_groups *groups, int aggregate, uint32_t into, tvi_groups *other,
                    uint32_t from) {
  const tvi_plan_aggregate *a = &groups->grouping->aggregate[aggregate];
  tvi_tally *tally = &groups->tally[aggregate], *source = &other->tally[aggregate];

  if (a->op == TVI_AGG_COUNT_ROWS) return TV_OK;
  tally->nulls[into] += source->nulls[from];
  if (__builtin_add_overflow(tally->bound, source->bound, &tally->bound)) tally->bound = UINT64_MAX;
  source->bound = 0; /* counted once */
  if (a->op == TVI_AGG_COUNT && a->distinct) return TV_OK;
  if (a->op == TVI_AGG_MIN || a->op == TVI_AGG_MAX)
    return source->best[from].type == SQLITE_NULL
               ? TV_OK
               : tally_keep(groups, a, &tally->best[into], &source->best[from]);
  if (tally_sums(a->op))
    tally->sum[into] = (int64_t)((uint64_t)tally->sum[into] + (uint64_t)source->sum[from]);
  return TV_OK;
}

static int tally_sum_value(const tvi_groups *groups, const tvi_tally *tally, tvi_aggregate_op op,
                           uint32_t group, uint64_t count, tvi_value *out) {
  int exact = groups->grouping->exact;
  double real;

  *out = op == TVI_AGG_TOTAL ? tvi_value_real(0.0) : tvi_value_null();
  if (count == 0) return TV_OK;
  if (!exact && tally->bound > (op == TVI_AGG_SUM ? TALLY_SUM_MOST : TALLY_DOUBLE_MOST))
    return TV_END;
  if (op == TVI_AGG_SUM && exact && (tally->flags[group] & TVI_TALLY_OVER) != 0) return TV_EINVAL;
  if (op == TVI_AGG_SUM && !(exact && (tally->flags[group] & TVI_TALLY_REAL) != 0)) {
    *out = tvi_value_integer(tally->sum[group]);
    return TV_OK;
  }
  real = exact ? tally->real[group] : (double)tally->sum[group];
  if (op == TVI_AGG_AVG) real /= (double)count;
  *out = real != real ? tvi_value_null() : tvi_value_real(real);
  return TV_OK;
}

int tvi_tally_value(const tvi_groups *groups, int aggregate, uint32_t group, tvi_value *out) {
  const tvi_plan_aggregate *a = &groups->grouping->aggregate[aggregate];
  const tvi_tally *tally = &groups->tally[aggregate];
  uint64_t count = groups->rows[group];

  if (a->op == TVI_AGG_COUNT_ROWS) {
    *out = tvi_value_integer((int64_t)count);
    return TV_OK;
  }
  count -= tally->nulls[group];
  switch (a->op) {
    case TVI_AGG_COUNT:
      *out = tvi_value_integer(a->distinct ? tally->sum[group] : (int64_t)count);
      return TV_OK;
    case TVI_AGG_MIN:
    case TVI_AGG_MAX:
      *out = tally->best[group];
      return TV_OK;
    default:
      return tally_sum_value(groups, tally, a->op, group, count, out);
  }
}
