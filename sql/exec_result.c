/* SPDX-License-Identifier: MIT */
/*
 * Rows to give. They are kept as values, ordered by an array of their numbers; with a limit, a
 * thread throws away what cannot be among the first as soon as it holds four times as many. Equal
 * rows keep the order in which a scan by one thread would have met them, so that the number of
 * threads does not change the answer. A heap was rejected: it orders equals by chance.
 */
#include <stdlib.h>
#include <string.h>

#include "exec_internal.h"

#define RESULT_PRUNE_MIN 4096u

void tvi_result_make(tvi_result *result, tvi_memory *memory, const tvi_plan *plan, size_t most) {
  memset(result, 0, sizeof *result);
  result->memory = result->pool.memory = memory;
  result->plan = plan;
  result->stride = plan->outputs + plan->orders;
  result->most = most;
}

void tvi_result_free(tvi_result *result) {
  if (result->memory == NULL) return;
  tvi_arena_drop(result->memory, result->value, result->value_capacity, sizeof *result->value);
  tvi_arena_drop(result->memory, result->place, result->place_capacity, sizeof *result->place);
  tvi_arena_drop(result->memory, result->order, result->order_capacity, sizeof *result->order);
  tvi_arena_free(&result->pool);
  result->memory = NULL;
}

/* ---- Order ---- */

static int result_compare(const void *left, const void *right, void *context) {
  const tvi_result *result = context;
  const tvi_plan *plan = result->plan;
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  const tvi_value *x = result->value + (size_t)a * (size_t)result->stride + plan->outputs;
  const tvi_value *y = result->value + (size_t)b * (size_t)result->stride + plan->outputs;
  int i;

  for (i = 0; i < plan->orders; i++) {
    const tvi_plan_order *by = &plan->order[i];
    int null_x = x[i].type == SQLITE_NULL, null_y = y[i].type == SQLITE_NULL, order;
    if (null_x || null_y) {
      if (null_x && null_y) continue;
      return null_x == (by->nulls_last != 0) ? 1 : -1;
    }
    order = tvi_value_order(&x[i], &y[i], by->nocase);
    if (order != 0) return by->descending ? -order : order;
  }
  return result->place[a] < result->place[b] ? -1 : result->place[a] > result->place[b];
}

/* Fills result->order with the numbers of all rows, sorted. */
static int result_sort(tvi_result *result) {
  void *order = result->order;
  size_t i;

  if (!tvi_arena_grow(result->memory, &order, &result->order_capacity, result->rows + 1,
                      sizeof *result->order))
    return tvi_memory_status(result->memory);
  result->order = order;
  for (i = 0; i < result->rows; i++) result->order[i] = (uint32_t)i;
  if (result->rows > 1)
    qsort_r(result->order, result->rows, sizeof *result->order, result_compare, result);
  return TV_OK;
}

/* ---- Adding ---- */

static int result_put(tvi_result *result, const tvi_value *row, uint64_t place) {
  size_t stride = (size_t)result->stride;
  void *values = result->value, *places = result->place;
  tvi_value *to;
  size_t i;

  if (result->rows == TVI_ROWS_MAX) return TV_ELIMIT;
  if (!tvi_arena_grow(result->memory, &values, &result->value_capacity,
                      (result->rows + 1) * stride + 1, sizeof *result->value))
    return tvi_memory_status(result->memory);
  result->value = values;
  if (!tvi_arena_grow(result->memory, &places, &result->place_capacity, result->rows + 1,
                      sizeof *result->place))
    return tvi_memory_status(result->memory);
  result->place = places;
  to = result->value + result->rows * stride;
  for (i = 0; i < stride; i++) {
    to[i] = row[i];
    if (row[i].type != SQLITE_TEXT && row[i].type != SQLITE_BLOB) continue;
    if (!tvi_arena_copy(&result->pool, row[i].as.bytes, &to[i].as.bytes))
      return tvi_memory_status(result->memory);
  }
  result->place[result->rows++] = place;
  return TV_OK;
}

/* Keeps the first `most` rows. */
static int result_prune(tvi_result *result) {
  tvi_result kept;
  size_t i;
  int status = result_sort(result);

  tvi_result_make(&kept, result->memory, result->plan, result->most);
  for (i = 0; i < result->most && status == TV_OK; i++) {
    size_t row = result->order[i];
    status = result_put(&kept, result->value + row * (size_t)result->stride, result->place[row]);
  }
  tvi_result_free(result);
  *result = kept;
  return status;
}

int tvi_result_add(tvi_result *result, const tvi_value *row, uint64_t place) {
  int status = result_put(result, row, place);

  if (status != TV_OK || result->plan->distinct || result->rows < RESULT_PRUNE_MIN ||
      result->rows / 4 < result->most)
    return status;
  return result_prune(result);
}

int tvi_result_merge(tvi_result *result, const tvi_result *other) {
  size_t i;
  int status = TV_OK;

  for (i = 0; i < other->rows && status == TV_OK; i++)
    status = result_put(result, other->value + i * (size_t)other->stride, other->place[i]);
  return status;
}

/* ---- The end ---- */

static int result_same(const tvi_result *result, size_t a, size_t b) {
  const tvi_plan *plan = result->plan;
  const tvi_value *x = result->value + a * (size_t)result->stride;
  const tvi_value *y = result->value + b * (size_t)result->stride;
  int i;

  for (i = 0; i < plan->outputs; i++)
    if (tvi_value_order(&x[i], &y[i], plan->output_nocase != NULL && plan->output_nocase[i]) != 0)
      return 0;
  return 1;
}

/* Leaves the first of equal rows in the order. */
static int result_distinct(tvi_result *result) {
  size_t slots = 64, i, kept = 0;
  tvi_arena pool = {.memory = result->memory};
  uint32_t *table;

  while (slots < result->rows * 2) slots *= 2;
  table = tvi_arena_zalloc(&pool, slots * sizeof *table);
  if (table == NULL) return tvi_memory_status(result->memory);
  for (i = 0; i < result->rows; i++) {
    size_t row = result->order[i], at;
    const tvi_value *value = result->value + row * (size_t)result->stride;
    uint64_t hash = 0;
    int k;
    for (k = 0; k < result->plan->outputs; k++)
      hash = tvi_word_hash(hash + tvi_value_hash(&value[k], result->plan->output_nocase != NULL &&
                                                                result->plan->output_nocase[k]));
    at = (size_t)hash & (slots - 1);
    while (table[at] != 0 && !result_same(result, table[at] - 1, row)) at = (at + 1) & (slots - 1);
    if (table[at] != 0) continue;
    table[at] = (uint32_t)row + 1;
    result->order[kept++] = (uint32_t)row;
  }
  result->rows = kept;
  tvi_arena_free(&pool);
  return TV_OK;
}

int tvi_result_finish(tvi_result *result, size_t offset, size_t limit) {
  int status = result_sort(result);

  if (status == TV_OK && result->plan->distinct) status = result_distinct(result);
  if (status != TV_OK) return status;
  result->at = offset < result->rows ? offset : result->rows;
  result->end = limit < result->rows - result->at ? result->at + limit : result->rows;
  return TV_OK;
}
