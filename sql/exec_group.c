/* SPDX-License-Identifier: MIT */
/*
 * Groups: each row's keys become one number. Keys over a joined table were numbered once per row of
 * that table, integers within narrow bounds are their own numbers; where the product of all keys'
 * ranges is small, the group is a place in an array and no hash is computed. Else keys are words in
 * a hash table. Text is numbered first, by dictionary code where there is one: once per distinct
 * value of a row group. Hashing strings per row was rejected.
 */
#include <string.h>

#include "exec_internal.h"

#define GROUP_ROOM_FIRST 256u

int tvi_groups_make(tvi_groups *groups, tvi_grouping *grouping, tvi_memory *memory) {
  size_t keys = (size_t)grouping->keys + 1, aggregates = (size_t)grouping->aggregates + 1;

  memset(groups, 0, sizeof *groups);
  groups->grouping = grouping;
  groups->memory = groups->pool.memory = memory;
  groups->tally = tvi_arena_zalloc(&groups->pool, aggregates * sizeof *groups->tally);
  groups->memo = tvi_arena_zalloc(&groups->pool, keys * sizeof *groups->memo);
  groups->distinct_memo =
      tvi_arena_zalloc(&groups->pool, aggregates * sizeof *groups->distinct_memo);
  groups->group = tvi_arena_alloc(&groups->pool, TVI_EXEC_ROWS * sizeof *groups->group);
  groups->row_words =
      tvi_arena_alloc(&groups->pool, TVI_EXEC_ROWS * keys * sizeof *groups->row_words);
  groups->row_shown =
      tvi_arena_alloc(&groups->pool, TVI_EXEC_ROWS * keys * sizeof *groups->row_shown);
  if (groups->tally == NULL || groups->memo == NULL || groups->distinct_memo == NULL ||
      groups->group == NULL || groups->row_words == NULL || groups->row_shown == NULL)
    return tvi_memory_status(memory);
  return TV_OK;
}

void tvi_groups_free(tvi_groups *groups) {
  int i;

  if (groups->memory == NULL) return;
  for (i = 0; groups->tally != NULL && i < groups->grouping->aggregates; i++)
    tvi_tally_free(&groups->tally[i], groups->memory, groups->room);
  for (i = 0; groups->memo != NULL && i < groups->grouping->keys; i++)
    tvi_arena_drop(groups->memory, groups->memo[i].number, groups->memo[i].capacity, 4);
  for (i = 0; groups->distinct_memo != NULL && i < groups->grouping->aggregates; i++)
    tvi_arena_drop(groups->memory, groups->distinct_memo[i].number,
                   groups->distinct_memo[i].capacity, 4);
  tvi_arena_drop(groups->memory, groups->rows, groups->room, sizeof *groups->rows);
  tvi_arena_drop(groups->memory, groups->words, groups->words_capacity, sizeof *groups->words);
  tvi_arena_drop(groups->memory, groups->shown, groups->shown_capacity, sizeof *groups->shown);
  tvi_arena_drop(groups->memory, groups->slots, groups->slots_capacity, sizeof *groups->slots);
  tvi_arena_free(&groups->pool);
  groups->memory = NULL;
}

void tvi_groups_part(tvi_groups *groups) {
  int i;

  for (i = 0; i < groups->grouping->keys; i++) groups->memo[i].dict = NULL;
  for (i = 0; i < groups->grouping->aggregates; i++) groups->distinct_memo[i].dict = NULL;
}

/* Makes the arrays hold `need` groups. */
static int group_reserve(tvi_groups *groups, uint32_t need) {
  const tvi_grouping *g = groups->grouping;
  size_t capacity = groups->room;
  void *rows = groups->rows;
  uint32_t room = groups->room < GROUP_ROOM_FIRST ? GROUP_ROOM_FIRST : groups->room;
  int i, status = TV_OK;

  if (need <= groups->room) return TV_OK;
  if (need > UINT32_C(1) << 30) return TV_ELIMIT;
  if (g->dense > 0 || (g->keys == 0 && groups->room == 0)) room = need;
  while (room < need) room *= 2;
  for (i = 0; i < g->aggregates && status == TV_OK; i++)
    status = tvi_tally_reserve(&groups->tally[i], &g->aggregate[i], g->exact, groups->memory,
                               groups->room, room);
  if (status != TV_OK) return status;
  if (!tvi_memory_take(groups->memory, (int64_t)((room - capacity) * sizeof *groups->rows)))
    return tvi_memory_status(groups->memory);
  rows = tvi_realloc(rows, room * sizeof *groups->rows);
  if (rows == NULL) return TV_ENOMEM;
  groups->rows = rows;
  memset(groups->rows + groups->room, 0, (room - groups->room) * sizeof *groups->rows);
  groups->room = room;
  return TV_OK;
}

int tvi_groups_single(tvi_groups *groups) {
  groups->count = 1;
  return group_reserve(groups, 1);
}

/* ---- Numbers of values ---- */

/* Numbers of the vector's values, and of those that they group with; NULL gets UINT32_MAX. */
static int group_numbers(tvi_groups *groups, tvi_intern *intern, tvi_group_memo *memo,
                         const tvi_vec *vec, uint32_t n, uint32_t *out, uint32_t *same) {
  void *numbers = memo->number;
  uint32_t i;
  int status = TV_OK;

  if (vec->kind == TVI_VEC_CODE && memo->dict != vec->dict) {
    if (!tvi_arena_grow(groups->memory, &numbers, &memo->capacity, vec->dict->count, 4))
      return tvi_memory_status(groups->memory);
    memo->number = numbers;
    memset(memo->number, 0xff, vec->dict->count * sizeof *memo->number);
    memo->dict = vec->dict;
  }
  pthread_mutex_lock(&intern->lock);
  for (i = 0; i < n && status == TV_OK; i++) {
    tvi_value value;
    uint32_t code = vec->kind == TVI_VEC_CODE ? (uint32_t)vec->as.i32[vec->constant ? 0 : i] : 0;
    out[i] = UINT32_MAX;
    if (tvi_vec_is_null(vec, i)) continue;
    if (vec->kind == TVI_VEC_CODE) {
      out[i] = memo->number[code];
      if (out[i] != UINT32_MAX) continue;
    } else if (vec->constant && i > 0) {
      out[i] = out[0];
      continue;
    }
    if (!tvi_vec_value(&groups->pool, vec, i, &value)) status = tvi_memory_status(groups->memory);
    if (status == TV_OK) status = tvi_intern_put(intern, &value, &out[i]);
    if (vec->kind == TVI_VEC_CODE) memo->number[code] = out[i];
  }
  for (i = 0; i < n && status == TV_OK; i++)
    same[i] = out[i] == UINT32_MAX ? UINT32_MAX : intern->same[out[i]];
  pthread_mutex_unlock(&intern->lock);
  return status;
}

/* ---- Dense groups ---- */

static int group_dense_key(tvi_groups *groups, tvi_eval *eval, const tvi_group_key *key,
                           const uint32_t *rows, uint32_t stride) {
  uint32_t i, n = eval->n, *group = groups->group, span = (uint32_t)key->span, bad = 0;
  tvi_vec *vec;
  int status;

  if (key->kind == TVI_KEY_ROW) {
    for (i = 0; i < n; i++) group[i] += key->codes[rows[i]] * stride;
    return TV_OK;
  }
  status = tvi_eval_node(eval, key->node, &vec);
  if (status != TV_OK) return status;
  if (vec->kind == TVI_VEC_NULL) {
    for (i = 0; i < n; i++) group[i] += span * stride;
    return TV_OK;
  }
  for (i = 0; i < n; i++) {
    uint64_t code = (uint64_t)tvi_vec_int(vec, i) - (uint64_t)key->base;
    if (vec->nulls != NULL && vec->nulls[vec->constant ? 0 : i]) code = span;
    bad |= code > span;
    group[i] += (uint32_t)code * stride;
  }
  return bad ? TV_ECORRUPT : TV_OK; /* a number beyond its zone map */
}

static int group_dense(tvi_groups *groups, tvi_eval *eval, uint32_t *const *rows) {
  const tvi_grouping *g = groups->grouping;
  uint32_t stride = 1;
  int k, status = group_reserve(groups, g->dense);

  groups->count = g->dense;
  memset(groups->group, 0, eval->n * sizeof *groups->group);
  for (k = 0; k < g->keys && status == TV_OK; k++) {
    const tvi_group_key *key = &g->key[k];
    status = group_dense_key(groups, eval, key, key->kind == TVI_KEY_ROW ? rows[key->table] : NULL,
                             stride);
    stride *= (uint32_t)key->span + 1;
  }
  return status;
}

/* ---- Hashed groups ---- */

static int group_slots(tvi_groups *groups) {
  size_t width = (size_t)groups->grouping->keys + 1, k;
  uint32_t slots = groups->mask == 0 ? 1024 : (groups->mask + 1) * 2, i;
  void *room = groups->slots;

  if (slots == 0) return TV_ELIMIT;
  if (!tvi_arena_grow(groups->memory, &room, &groups->slots_capacity, slots, sizeof *groups->slots))
    return tvi_memory_status(groups->memory);
  groups->slots = room;
  groups->mask = slots - 1;
  memset(groups->slots, 0, slots * sizeof *groups->slots);
  for (i = 0; i < groups->count; i++) {
    uint64_t hash = 0;
    uint32_t at;
    for (k = 0; k < width; k++) hash = tvi_word_hash(hash + groups->words[i * width + k]);
    at = (uint32_t)hash & groups->mask;
    while (groups->slots[at] != 0) at = (at + 1) & groups->mask;
    groups->slots[at] = i + 1;
  }
  return TV_OK;
}

/* Finds the group with these words, or makes it, to be shown so. */
static int group_find(tvi_groups *groups, const uint64_t *words, const uint64_t *shown,
                      uint32_t *group) {
  size_t width = (size_t)groups->grouping->keys + 1, k;
  void *all = groups->words, *show = groups->shown;
  uint64_t hash = 0;
  uint32_t at;
  int status = TV_OK;

  if (groups->count >= groups->mask / 2) status = group_slots(groups);
  if (status != TV_OK) return status;
  for (k = 0; k < width; k++) hash = tvi_word_hash(hash + words[k]);
  at = (uint32_t)hash & groups->mask;
  for (; groups->slots[at] != 0; at = (at + 1) & groups->mask) {
    *group = groups->slots[at] - 1;
    if (memcmp(groups->words + *group * width, words, width * sizeof *words) == 0) return TV_OK;
  }
  status = group_reserve(groups, groups->count + 1);
  if (status != TV_OK) return status;
  if (!tvi_arena_grow(groups->memory, &all, &groups->words_capacity,
                      ((size_t)groups->count + 1) * width, sizeof *groups->words))
    return tvi_memory_status(groups->memory);
  groups->words = all;
  if (!tvi_arena_grow(groups->memory, &show, &groups->shown_capacity,
                      ((size_t)groups->count + 1) * width, sizeof *groups->shown))
    return tvi_memory_status(groups->memory);
  groups->shown = show;
  memcpy(groups->words + groups->count * width, words, width * sizeof *words);
  memcpy(groups->shown + groups->count * width, shown, (width - 1) * sizeof *shown);
  *group = groups->count;
  groups->slots[at] = ++groups->count;
  return TV_OK;
}

/* Puts a key's words into the rows of row_words. */
static int group_words(tvi_groups *groups, tvi_eval *eval, int number, const uint32_t *rows) {
  tvi_group_key *key = &groups->grouping->key[number];
  size_t width = (size_t)groups->grouping->keys + 1, last = width - 1;
  uint64_t *words = groups->row_words, *shown = groups->row_shown, bit = UINT64_C(1) << number;
  uint32_t i, codes[TVI_EXEC_ROWS] = {0}, same[TVI_EXEC_ROWS] = {0};
  tvi_vec *vec;
  int status;

  if (key->kind == TVI_KEY_ROW) {
    for (i = 0; i < eval->n; i++) {
      uint32_t code = key->codes[rows[i]];
      int null = code == key->span;
      if (null) words[i * width + last] |= bit;
      words[i * width + (size_t)number] = null ? 0 : key->values.same[code];
      shown[i * width + (size_t)number] = code;
    }
    return TV_OK;
  }
  status = tvi_eval_node(eval, key->node, &vec);
  if (status == TV_OK && key->kind == TVI_KEY_VALUE)
    status = group_numbers(groups, &key->values, &groups->memo[number], vec, eval->n, codes, same);
  if (status != TV_OK) return status;
  for (i = 0; i < eval->n; i++) {
    int null = tvi_vec_is_null(vec, i);
    uint64_t word = 0;
    if (null)
      words[i * width + last] |= bit;
    else
      word = key->kind == TVI_KEY_VALUE ? codes[i] : (uint64_t)tvi_vec_int(vec, i);
    shown[i * width + (size_t)number] = word;
    if (key->kind == TVI_KEY_VALUE && !null) word = same[i];
    words[i * width + (size_t)number] = word;
  }
  return TV_OK;
}

static int group_hashed(tvi_groups *groups, tvi_eval *eval, uint32_t *const *rows) {
  const tvi_grouping *g = groups->grouping;
  size_t width = (size_t)g->keys + 1;
  uint32_t i;
  int k, status = TV_OK;

  for (i = 0; i < eval->n; i++) groups->row_words[i * width + width - 1] = 0;
  for (k = 0; k < g->keys && status == TV_OK; k++)
    status =
        group_words(groups, eval, k, g->key[k].kind == TVI_KEY_ROW ? rows[g->key[k].table] : NULL);
  for (i = 0; i < eval->n && status == TV_OK; i++)
    status = group_find(groups, groups->row_words + i * width, groups->row_shown + i * width,
                        &groups->group[i]);
  return status;
}

/* ---- Adding ---- */

/* The word of a value for COUNT(DISTINCT). */
static int group_distinct(tvi_groups *groups, int aggregate, const tvi_vec *vec, uint32_t n) {
  tvi_grouping *g = groups->grouping;
  uint32_t i, codes[TVI_EXEC_ROWS] = {0}, same[TVI_EXEC_ROWS] = {0};
  int own = g->distinct_number[aggregate], status = TV_OK;

  if (!own)
    status = group_numbers(groups, &g->distinct[aggregate], &groups->distinct_memo[aggregate], vec,
                           n, codes, same);
  for (i = 0; i < n && status == TV_OK; i++) {
    if (tvi_vec_is_null(vec, i)) continue;
    status = tvi_tally_pair(groups, aggregate, groups->group[i],
                            own ? (uint64_t)tvi_vec_int(vec, i) : same[i]);
  }
  return status;
}

int tvi_groups_add(tvi_groups *groups, tvi_eval *eval, uint32_t *const *rows) {
  const tvi_grouping *g = groups->grouping;
  uint32_t i;
  int a, status;

  if (g->keys == 0) {
    status = tvi_groups_single(groups);
    memset(groups->group, 0, eval->n * sizeof *groups->group);
  } else {
    status = g->dense > 0 ? group_dense(groups, eval, rows) : group_hashed(groups, eval, rows);
  }
  if (status != TV_OK) return status;
  if (g->keys == 0)
    groups->rows[0] += eval->n;
  else
    for (i = 0; i < eval->n; i++) groups->rows[groups->group[i]]++;
  for (a = 0; a < g->aggregates && status == TV_OK; a++) {
    tvi_vec *vec;
    if (g->node[a] < 0) continue;
    status = tvi_eval_node(eval, g->node[a], &vec);
    if (status != TV_OK) return status;
    if (g->aggregate[a].distinct && g->aggregate[a].op == TVI_AGG_COUNT)
      status = group_distinct(groups, a, vec, eval->n);
    else
      status = tvi_tally_add(groups, a, vec, eval->n);
  }
  return status;
}

/* ---- Merging, and the end ---- */

/* The other's pairs of COUNT(DISTINCT), under the numbers that its groups have here. */
static int group_merge_pairs(tvi_groups *groups, const tvi_groups *other, const uint32_t *into) {
  uint32_t i;
  int a, status = TV_OK;

  for (a = 0; a < groups->grouping->aggregates; a++) {
    const tvi_tally *tally = &other->tally[a];
    for (i = 0; i < tally->pairs && status == TV_OK; i++)
      status = tvi_tally_pair(groups, a, into[tally->pair_group[i]], tally->pair_word[i]);
  }
  return status;
}

int tvi_groups_merge(tvi_groups *groups, tvi_groups *other) {
  const tvi_grouping *g = groups->grouping;
  size_t width = (size_t)g->keys + 1;
  uint32_t from, *into;
  int a, status = TV_OK;

  if (other->count == 0) return TV_OK;
  into = tvi_arena_alloc(&other->pool, other->count * sizeof *into);
  if (into == NULL) return tvi_memory_status(other->memory);
  if (g->keys == 0 || g->dense > 0) {
    status = group_reserve(groups, other->count);
    if (groups->count < other->count) groups->count = other->count;
  }
  for (from = 0; from < other->count && status == TV_OK; from++) {
    into[from] = from;
    if (other->rows[from] == 0) continue;
    if (g->keys > 0 && g->dense == 0)
      status =
          group_find(groups, other->words + from * width, other->shown + from * width, &into[from]);
    if (status != TV_OK) return status;
    groups->rows[into[from]] += other->rows[from];
    for (a = 0; a < g->aggregates && status == TV_OK; a++)
      status = tvi_tally_merge(groups, a, into[from], other, from);
  }
  return status == TV_OK ? group_merge_pairs(groups, other, into) : status;
}

static int group_key_value(tvi_arena *pool, const tvi_group_key *key, uint64_t word, int null,
                           tvi_value *out) {
  int64_t number = (int64_t)word;
  int32_t days;

  *out = tvi_value_null();
  if (null) return TV_OK;
  if (key->kind != TVI_KEY_NUMBER) {
    *out = key->values.value[word];
    return TV_OK;
  }
  *out = tvi_value_integer(number);
  if (!key->is_date) return TV_OK;
  days = (int32_t)number;
  tvi_vec vec = {.kind = TVI_VEC_DATE, .as.i32 = &days};
  return tvi_vec_value(pool, &vec, 0, out) ? TV_OK : tvi_memory_status(pool->memory);
}

int tvi_groups_values(tvi_groups *groups, tvi_arena *pool, uint32_t group, tvi_value *out) {
  const tvi_grouping *g = groups->grouping;
  size_t width = (size_t)g->keys + 1;
  uint64_t place = group;
  int k, a, status = TV_OK;

  for (k = 0; k < g->keys && status == TV_OK; k++) {
    const tvi_group_key *key = &g->key[k];
    uint64_t word;
    int null;
    if (g->dense > 0) {
      word = place % (key->span + 1);
      place /= key->span + 1;
      null = word == key->span;
      if (key->kind == TVI_KEY_NUMBER) word += (uint64_t)key->base;
    } else {
      word = groups->shown[group * width + (size_t)k];
      null = groups->words[group * width + width - 1] >> k & 1;
    }
    status = group_key_value(pool, key, word, null, &out[k]);
  }
  for (a = 0; a < g->aggregates && status == TV_OK; a++)
    status = tvi_tally_value(groups, a, group, &out[g->keys + a]);
  return status;
}
