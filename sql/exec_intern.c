/* SPDX-License-Identifier: MIT */
/*
 * Values numbered, so that keys of any type group as integers do. Values that are equal without
 * being the same have numbers of their own, since a group shows the one it met first, and lead to
 * one of them, by which they group.
 */
#include <string.h>

#include "envelope_internal.h"
#include "exec_internal.h"

int tvi_intern_make(tvi_intern *intern, tvi_memory *memory, int nocase) {
  memset(intern, 0, sizeof *intern);
  if (pthread_mutex_init(&intern->lock, NULL) != 0) return TV_ENOMEM;
  intern->memory = intern->pool.memory = memory;
  intern->nocase = nocase;
  return TV_OK;
}

void tvi_intern_free(tvi_intern *intern) {
  if (intern->memory == NULL) return;
  tvi_arena_drop(intern->memory, intern->value, intern->value_capacity, sizeof *intern->value);
  tvi_arena_drop(intern->memory, intern->hash, intern->hash_capacity, sizeof *intern->hash);
  tvi_arena_drop(intern->memory, intern->same, intern->same_capacity, sizeof *intern->same);
  tvi_arena_drop(intern->memory, intern->slots, intern->slots_capacity, sizeof *intern->slots);
  tvi_arena_free(&intern->pool);
  pthread_mutex_destroy(&intern->lock);
  intern->memory = NULL;
}

/* The finaliser of MurmurHash3 (A. Appleby, public domain). */
uint64_t tvi_word_hash(uint64_t word) {
  word ^= word >> 33;
  word *= UINT64_C(0xff51afd7ed558ccd);
  word ^= word >> 33;
  word *= UINT64_C(0xc4ceb9fe1a85ec53);
  return word ^ word >> 33;
}

static uint64_t intern_folded(tv_slice bytes) {
  const unsigned char *from = bytes.data;
  uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
  size_t i;

  for (i = 0; i < bytes.size; i++) {
    unsigned char c = from[i];
    if (c >= 'A' && c <= 'Z') c = (unsigned char)(c + ('a' - 'A'));
    hash = (hash ^ c) * UINT64_C(0x100000001b3);
  }
  return tvi_word_hash(hash);
}

uint64_t tvi_value_hash(const tvi_value *value, int nocase) {
  uint64_t bits;
  double real;

  switch (value->type) {
    case SQLITE_INTEGER:
      return tvi_word_hash((uint64_t)value->as.integer);
    case SQLITE_FLOAT:
      real = value->as.real;
      if (real >= -9223372036854775808.0 && real < 9223372036854775808.0 &&
          (double)(int64_t)real == real)
        return tvi_word_hash((uint64_t)(int64_t)real);
      memcpy(&bits, &real, sizeof bits);
      return tvi_word_hash(bits ^ 0x5bd1e995);
    case SQLITE_NULL:
      return 1;
    case SQLITE_TEXT:
      if (nocase) return intern_folded(value->as.bytes);
      return tvi_checksum(value->as.bytes.data, value->as.bytes.size);
    default:
      return tvi_checksum(value->as.bytes.data, value->as.bytes.size) + 1;
  }
}

static int intern_grow(tvi_intern *intern) {
  uint32_t slots = intern->mask == 0 ? 64 : (intern->mask + 1) * 2, i;
  void *room = intern->slots;

  if (slots == 0) return TV_ELIMIT;
  if (!tvi_arena_grow(intern->memory, &room, &intern->slots_capacity, slots, sizeof *intern->slots))
    return tvi_memory_status(intern->memory);
  intern->slots = room;
  intern->mask = slots - 1;
  memset(intern->slots, 0, slots * sizeof *intern->slots);
  for (i = 0; i < intern->count; i++) {
    uint32_t at = (uint32_t)intern->hash[i] & intern->mask;
    while (intern->slots[at] != 0) at = (at + 1) & intern->mask;
    intern->slots[at] = i + 1;
  }
  return TV_OK;
}

static int intern_add(tvi_intern *intern, const tvi_value *value, uint64_t hash, uint32_t at,
                      uint32_t same) {
  void *values = intern->value, *hashes = intern->hash, *sames = intern->same;
  size_t need = (size_t)intern->count + 1;
  tvi_value kept = *value;

  if (!tvi_arena_grow(intern->memory, &values, &intern->value_capacity, need,
                      sizeof *intern->value))
    return tvi_memory_status(intern->memory);
  intern->value = values;
  if (!tvi_arena_grow(intern->memory, &hashes, &intern->hash_capacity, need, sizeof *intern->hash))
    return tvi_memory_status(intern->memory);
  intern->hash = hashes;
  if (!tvi_arena_grow(intern->memory, &sames, &intern->same_capacity, need, sizeof *intern->same))
    return tvi_memory_status(intern->memory);
  intern->same = sames;
  if ((value->type == SQLITE_TEXT || value->type == SQLITE_BLOB) &&
      !tvi_arena_copy(&intern->pool, value->as.bytes, &kept.as.bytes))
    return tvi_memory_status(intern->memory);
  intern->value[intern->count] = kept;
  intern->hash[intern->count] = hash;
  intern->same[intern->count] = same == UINT32_MAX ? intern->count : same;
  if (same != UINT32_MAX) intern->folded = 1;
  intern->slots[at] = ++intern->count;
  return TV_OK;
}

int tvi_intern_put(tvi_intern *intern, const tvi_value *value, uint32_t *number) {
  uint64_t hash = tvi_value_hash(value, intern->nocase);
  uint32_t at, same = UINT32_MAX;
  int status = TV_OK;

  if (intern->count >= intern->mask / 2) status = intern_grow(intern);
  if (status != TV_OK) return status;
  at = (uint32_t)hash & intern->mask;
  for (; intern->slots[at] != 0; at = (at + 1) & intern->mask) {
    uint32_t entry = intern->slots[at] - 1;
    const tvi_value *there = &intern->value[entry];
    *number = entry;
    if (intern->hash[entry] != hash || tvi_value_order(there, value, intern->nocase) != 0) continue;
    if (there->type == value->type && tvi_value_order(there, value, 0) == 0) return TV_OK;
    same = intern->same[entry];
  }
  *number = intern->count;
  return intern_add(intern, value, hash, at, same);
}
