/* SPDX-License-Identifier: MIT */
/*
 * A joined table in memory, found by its keys. Where the key is one integer and the integers lie
 * close together, as keys of dimension tables do, an array has a place per integer: a look-up is
 * one load, and the set of keys as bits goes to the scan of the large table. Else a hash table with
 * chains in the order of rows. Sorting both sides was rejected: the large one would have to be
 * kept.
 */
#include <string.h>

#include "exec_internal.h"

#define JOIN_SPAN_SURE 65536u     /* so many places are always worth it */
#define JOIN_SPAN_MOST (1u << 28) /* and so many never */
#define JOIN_SPAN_PER_ROW 16u

int tvi_join_make(tvi_join *join, tvi_memory *memory, int columns) {
  int status = tvi_rows_make(&join->rows, memory, columns);

  join->pool.memory = memory;
  if (status == TV_OK) status = tvi_rows_make(&join->values, memory, join->keys);
  return status;
}

void tvi_join_free(tvi_join *join) {
  tvi_rows_free(&join->rows);
  tvi_rows_free(&join->values);
  if (join->pool.memory != NULL) tvi_arena_free(&join->pool);
}

/* ---- Building ---- */

/* The rows without a NULL key. */
static uint32_t join_whole(tvi_vec *const *keys, int count, uint32_t n, uint16_t *out) {
  uint32_t i, kept = 0;
  int k;

  for (i = 0; i < n; i++) {
    int null = 0;
    for (k = 0; k < count; k++) null |= tvi_vec_is_null(keys[k], i);
    out[kept] = (uint16_t)i;
    kept += !null;
  }
  return kept;
}

/* Leaves rows[0..n) of a vector, in memory of the pool's, since it may be another's. */
static int join_pick(tvi_arena *pool, tvi_vec *vec, const uint16_t *rows, uint32_t n,
                     uint32_t all) {
  size_t width = tvi_vec_width(vec->kind);
  unsigned char *nulls;
  void *room;

  if (n == all || vec->constant || vec->kind == TVI_VEC_NULL) return TV_OK;
  room = tvi_arena_alloc(pool, all * width);
  nulls = vec->nulls == NULL ? NULL : tvi_arena_alloc(pool, all);
  if (room == NULL || (vec->nulls != NULL && nulls == NULL)) return tvi_memory_status(pool->memory);
  memcpy(room, vec->as.any, all * width);
  if (nulls != NULL) memcpy(nulls, vec->nulls, all);
  vec->as.any = room;
  vec->nulls = nulls;
  tvi_vec_keep(vec, rows, n);
  return TV_OK;
}

int tvi_join_add(tvi_join *join, tvi_eval *eval, tvi_vec *const *columns, int count, uint32_t n) {
  uint16_t whole[TVI_EXEC_ROWS];
  tvi_vec *keys[TVI_PLAN_KEYS_MAX];
  uint32_t kept;
  int i, status = TV_OK;

  if (join->rows.rows > TVI_ROWS_MAX - n) return TV_ELIMIT;
  tvi_eval_begin(eval, n);
  for (i = 0; i < join->keys && status == TV_OK; i++)
    status = tvi_eval_node(eval, join->build[i], &keys[i]);
  if (status != TV_OK) return status;
  kept = join_whole(keys, join->keys, n, whole);
  for (i = 0; i < join->keys && status == TV_OK; i++) {
    tvi_vec key = *keys[i];
    status = join_pick(&eval->pool, &key, whole, kept, n);
    if (status == TV_OK) status = tvi_rows_append(&join->values, i, &key, kept);
  }
  for (i = 0; i < count && status == TV_OK; i++) {
    tvi_vec column;
    if (columns[i] == NULL) continue;
    column = *columns[i];
    status = join_pick(&eval->pool, &column, whole, kept, n);
    if (status == TV_OK) status = tvi_rows_append(&join->rows, i, &column, kept);
  }
  join->rows.rows += kept;
  join->values.rows += kept;
  return status;
}

static int64_t join_number(const tvi_rows_column *c, uint32_t row) {
  return c->kind == TVI_VEC_I64 ? c->as.i64[row] : c->as.i32[row];
}

/* Chains the rows from the last to the first, so that a chain ascends. */
static void join_chain(tvi_join *join, uint32_t place, uint32_t row) {
  if (join->first[place] != 0) join->unique = 0;
  join->next[row] = join->first[place];
  join->first[place] = row + 1;
}

static int join_finish_dense(tvi_join *join) {
  const tvi_rows_column *key = &join->values.column[0];
  size_t words = (size_t)join->span / 32 + 2;
  uint32_t row;

  join->first = tvi_arena_zalloc(&join->pool, ((size_t)join->span + 1) * sizeof *join->first);
  join->bits = tvi_arena_zalloc(&join->pool, words * sizeof *join->bits);
  if (join->first == NULL || join->bits == NULL) return tvi_memory_status(join->pool.memory);
  for (row = join->values.rows; row-- > 0;) {
    uint32_t place = (uint32_t)((uint64_t)join_number(key, row) - (uint64_t)join->base);
    join->bits[place / 32] |= UINT32_C(1) << (place % 32);
    join_chain(join, place, row);
  }
  return TV_OK;
}

static int join_hash_row(tvi_join *join, uint32_t row, uint64_t *hash) {
  int k;

  *hash = 0;
  if (join->by_number) {
    *hash = tvi_word_hash((uint64_t)join_number(&join->values.column[0], row));
    return 1;
  }
  for (k = 0; k < join->keys; k++) {
    tvi_value value;
    tvi_vec vec;
    tvi_rows_view(&join->values, k, row, &vec);
    if (!tvi_vec_value(&join->values.pool, &vec, 0, &value)) return 0;
    *hash = tvi_word_hash(*hash + tvi_value_hash(&value, join->nocase[k]));
  }
  return 1;
}

static int join_finish_hash(tvi_join *join) {
  uint32_t row, slots = 64, n = join->values.rows;
  uint64_t hash;

  while (slots < n && slots < UINT32_C(1) << 31) slots *= 2;
  join->mask = slots - 1;
  join->first = tvi_arena_zalloc(&join->pool, slots * sizeof *join->first);
  if (!join->by_number)
    join->hash = tvi_arena_alloc(&join->pool, ((size_t)n + 1) * sizeof *join->hash);
  if (join->first == NULL || (!join->by_number && join->hash == NULL))
    return tvi_memory_status(join->pool.memory);
  for (row = n; row-- > 0;) {
    if (!join_hash_row(join, row, &hash)) return tvi_memory_status(join->pool.memory);
    if (join->hash != NULL) join->hash[row] = hash;
    join_chain(join, (uint32_t)hash & join->mask, row);
  }
  join->unique = 0; /* a chain may hold other keys */
  return TV_OK;
}

int tvi_join_finish(tvi_join *join, uint64_t probes) {
  const tvi_rows_column *key = &join->values.column[0];
  uint64_t most = (uint64_t)join->values.rows * JOIN_SPAN_PER_ROW, range;

  join->unique = 1;
  join->by_number = join->keys == 1 && (key->kind == TVI_VEC_I64 || key->kind == TVI_VEC_DATE);
  join->next = tvi_arena_alloc(&join->pool, ((size_t)join->values.rows + 1) * sizeof *join->next);
  if (join->next == NULL) return tvi_memory_status(join->pool.memory);
  if (join->by_number) {
    range = (uint64_t)key->hi - (uint64_t)key->lo;
    if (most < JOIN_SPAN_SURE) most = JOIN_SPAN_SURE;
    if (most < probes) most = probes; /* clearing a place costs less than a probe by hash */
    join->dense = range < most && range < JOIN_SPAN_MOST;
    join->base = key->lo;
    join->span = join->dense ? (uint32_t)range + 1 : 0;
  }
  return join->dense ? join_finish_dense(join) : join_finish_hash(join);
}

/* ---- Probing ---- */

/* The number that a value of a vector would have as a key. 0: it is none. */
static int join_key_number(const tvi_join *join, const tvi_vec *vec, uint32_t row, int64_t *out) {
  int dates = join->values.column[0].kind == TVI_VEC_DATE;
  tvi_value value;

  if (tvi_vec_is_null(vec, row)) return 0;
  if (tvi_vec_is_int(vec) || vec->kind == TVI_VEC_DATE) {
    *out = tvi_vec_int(vec, row);
    return dates == (vec->kind == TVI_VEC_DATE);
  }
  if (!tvi_vec_value(NULL, vec, row, &value)) return 0; /* prints nothing: it is no date */
  if (value.type == SQLITE_TEXT) return dates && tvi_cell_parse_date(value.as.bytes, out);
  if (dates || value.type == SQLITE_BLOB) return 0;
  *out = tvi_value_to_integer(&value);
  return value.type == SQLITE_INTEGER || tvi_real_order(*out, value.as.real) == 0;
}

/* The first row + 1 that may match the input's row. */
static uint32_t join_first(const tvi_join *join, const tvi_vec *key, uint32_t row,
                           int64_t *number) {
  uint64_t place;

  if (!join_key_number(join, key, row, number)) return 0;
  if (!join->dense) return join->first[(uint32_t)tvi_word_hash((uint64_t)*number) & join->mask];
  place = (uint64_t)*number - (uint64_t)join->base;
  return place < join->span ? join->first[place] : 0;
}

static int join_probe_number(tvi_join *join, const tvi_vec *key, uint32_t n, tvi_probe *probe,
                             uint16_t *in, uint32_t *rows, uint32_t *count) {
  const tvi_rows_column *values = &join->values.column[0];
  int64_t number = 0;

  for (; probe->at < n; probe->at++, probe->started = 0) {
    uint32_t next = join_first(join, key, probe->at, &number);
    if (probe->started) next = probe->next;
    for (; next != 0; next = join->next[next - 1]) {
      if (!join->dense && join_number(values, next - 1) != number) continue;
      if (*count == TVI_EXEC_ROWS) {
        probe->next = next;
        probe->started = 1;
        return TV_OK;
      }
      in[*count] = (uint16_t)probe->at;
      rows[(*count)++] = next - 1;
    }
  }
  return TV_OK;
}

static int join_same(tvi_join *join, tvi_arena *pool, const tvi_value *keys, uint32_t row,
                     int *same) {
  int k;

  *same = 0;
  for (k = 0; k < join->keys; k++) {
    tvi_value value;
    tvi_vec vec;
    tvi_rows_view(&join->values, k, row, &vec);
    if (!tvi_vec_value(pool, &vec, 0, &value)) return tvi_memory_status(pool->memory);
    if (tvi_value_order(&value, &keys[k], join->nocase[k]) != 0) return TV_OK;
  }
  *same = 1;
  return TV_OK;
}

static int join_probe_values(tvi_join *join, tvi_eval *eval, tvi_vec *const *keys, tvi_probe *probe,
                             uint16_t *in, uint32_t *rows, uint32_t *count) {
  tvi_value values[TVI_PLAN_KEYS_MAX];
  int k, same, status = TV_OK;

  for (; probe->at < eval->n; probe->at++, probe->started = 0) {
    uint64_t hash = 0;
    uint32_t next;
    int null = 0;
    for (k = 0; k < join->keys; k++) {
      if (!tvi_vec_value(&eval->pool, keys[k], probe->at, &values[k]))
        return tvi_memory_status(eval->pool.memory);
      null |= values[k].type == SQLITE_NULL;
      hash = tvi_word_hash(hash + tvi_value_hash(&values[k], join->nocase[k]));
    }
    if (null) continue;
    next = probe->started ? probe->next : join->first[(uint32_t)hash & join->mask];
    for (; next != 0; next = join->next[next - 1]) {
      if (join->hash[next - 1] != hash) continue;
      status = join_same(join, &eval->pool, values, next - 1, &same);
      if (status != TV_OK) return status;
      if (!same) continue;
      if (*count == TVI_EXEC_ROWS) {
        probe->next = next;
        probe->started = 1;
        return TV_OK;
      }
      in[*count] = (uint16_t)probe->at;
      rows[(*count)++] = next - 1;
    }
  }
  return status;
}

int tvi_join_probe(tvi_join *join, tvi_eval *eval, tvi_probe *probe, uint16_t *in, uint32_t *rows,
                   uint32_t *count) {
  tvi_vec *keys[TVI_PLAN_KEYS_MAX] = {NULL};
  int k, status = TV_OK;

  *count = 0;
  for (k = 0; k < join->keys && status == TV_OK; k++)
    status = tvi_eval_node(eval, join->probe[k], &keys[k]);
  if (status != TV_OK || join->values.rows == 0) return status;
  if (join->by_number && keys[0] != NULL)
    return join_probe_number(join, keys[0], eval->n, probe, in, rows, count);
  return join_probe_values(join, eval, keys, probe, in, rows, count);
}
