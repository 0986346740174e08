/* SPDX-License-Identifier: MIT */
/*
 * Keys met in a load, and their nodes. Decimal numbers, which most edge lists name nodes by, index
 * an array as long as they are dense; the rest is in a hash table with open addressing whose slots
 * hold keys of up to 8 bytes themselves. Rejected: a slot that points to its key; that was two
 * cache misses more for each end of an edge, and 70 % of a load.
 */
#include <string.h>

#include "edge_list_internal.h"

#define TABLE_SLOTS_FIRST 1024u
#define TABLE_INLINE_BYTES 8u
#define TABLE_NUMBERS_FIRST (1u << 19)
#define TABLE_NUMBERS_MAX (1u << 30) /* the array ends here */
#define TABLE_NUMBERS_SPARSE 8u      /* elements of the array for each key met, at most */

/* A key of more than 8 bytes. */
typedef struct table_long {
  uint64_t at; /* of its bytes in table->bytes */
  tv_node node;
} table_long;

static uint64_t table_word(tv_slice key) {
  unsigned char bytes[TABLE_INLINE_BYTES] = {0};
  if (key.size > TABLE_INLINE_BYTES) return tvi_checksum(key.data, key.size);
  memcpy(bytes, key.data, key.size);
  return tvi_load_le64(bytes);
}

/* The same word may be a short key and the hash of a long one: the sizes differ. */
static uint32_t table_place(uint64_t word, uint32_t size, uint32_t mask) {
  return (uint32_t)((word + size) * UINT64_C(0x9E3779B97F4A7C15) >> 32) & mask;
}

static const table_long *table_long_at(const tvi_key_table *table, uint32_t i) {
  return (const table_long *)(const void *)table->longs.data + i;
}

/* The slot of a key, or the free one where it belongs. */
static tvi_key_slot *table_find(const tvi_key_table *table, tv_slice key, uint64_t word) {
  uint32_t mask = table->slot_count - 1, size = (uint32_t)key.size;
  uint32_t at = table_place(word, size, mask);
  for (;; at = (at + 1) & mask) {
    tvi_key_slot *slot = &table->slots[at];
    if (slot->size == 0) return slot;
    if (slot->word != word || slot->size != size) continue;
    if (size <= TABLE_INLINE_BYTES) return slot;
    if (memcmp(table->bytes.data + table_long_at(table, slot->value)->at, key.data, size) == 0)
      return slot;
  }
}

static int table_grow(tvi_key_table *table) {
  uint32_t count = table->slot_count == 0 ? TABLE_SLOTS_FIRST : table->slot_count * 2, i;
  tvi_key_slot *slots = count == 0 ? NULL : tvi_zalloc((size_t)count * sizeof *slots);
  if (slots == NULL) return TV_ENOMEM;
  for (i = 0; i < table->slot_count; i++) {
    const tvi_key_slot *old = &table->slots[i];
    uint32_t at;
    if (old->size == 0) continue;
    at = table_place(old->word, old->size, count - 1);
    while (slots[at].size != 0) at = (at + 1) & (count - 1);
    slots[at] = *old;
  }
  tvi_free(table->slots);
  table->slots = slots;
  table->slot_count = count;
  return TV_OK;
}

/* ---- Numbers ---- */

/* The number that a key spells, without leading zeros; UINT32_MAX: none below the array's end. */
static uint32_t table_number(tv_slice key) {
  const unsigned char *digits = key.data;
  uint32_t number = 0;
  size_t i;
  if (key.size > 9 || (digits[0] == '0' && key.size > 1)) return UINT32_MAX;
  for (i = 0; i < key.size; i++) {
    uint32_t digit = (uint32_t)digits[i] - '0';
    if (digit > 9) return UINT32_MAX;
    number = number * 10 + digit;
  }
  return number < TABLE_NUMBERS_MAX ? number : UINT32_MAX;
}

/* Makes room for a number unless that would leave the array too empty. 1: there is room. */
static int table_numbers_reach(tvi_key_table *table, uint32_t number) {
  uint32_t count = table->number_count == 0 ? TABLE_NUMBERS_FIRST : table->number_count, *numbers;
  if (number < table->number_count) return 1;
  while (count <= number) count *= 2;
  if (count > TABLE_NUMBERS_FIRST && count / TABLE_NUMBERS_SPARSE > table->used) return 0;
  numbers = tvi_realloc(table->numbers, (size_t)count * sizeof *numbers);
  if (numbers == NULL) return 0; /* the hash table takes it */
  memset(numbers + table->number_count, 0, (count - table->number_count) * sizeof *numbers);
  table->numbers = numbers;
  table->number_count = count;
  return 1;
}

int tvi_key_table_find(tvi_key_table *table, tv_slice key, tv_node *node) {
  const tvi_key_slot *slot;
  uint32_t number = table_number(key);
  if (number < table->number_count && table->numbers[number] != 0) {
    *node = table->numbers[number] - 1;
    return 1;
  }
  if (table->slot_count == 0) return 0;
  slot = table_find(table, key, table_word(key));
  if (slot->size == 0) return 0;
  *node = key.size <= TABLE_INLINE_BYTES ? slot->value : table_long_at(table, slot->value)->node;
  /* The array reaches a number that it did not when the key was met. */
  if (number < table->number_count) table->numbers[number] = (uint32_t)*node + 1;
  return 1;
}

int tvi_key_table_add(tvi_key_table *table, tv_slice key, tv_node node) {
  table_long added = {table->bytes.size, node};
  uint64_t word = table_word(key);
  uint32_t number = table_number(key);
  tvi_key_slot *slot;
  if (node >= UINT32_MAX) return TV_ELIMIT;
  if (number != UINT32_MAX && table_numbers_reach(table, number)) {
    table->numbers[number] = (uint32_t)node + 1;
    table->used++;
    return TV_OK;
  }
  if (table->hashed >= table->slot_count / 3 * 2 && table_grow(table) != TV_OK) return TV_ENOMEM;
  slot = table_find(table, key, word);
  *slot = (tvi_key_slot){word, (uint32_t)key.size, (uint32_t)node};
  if (key.size > TABLE_INLINE_BYTES) {
    slot->value = (uint32_t)(table->longs.size / sizeof added);
    if (tvi_buffer_append(&table->bytes, key.data, key.size) != TV_OK ||
        tvi_buffer_append(&table->longs, &added, sizeof added) != TV_OK) {
      slot->size = 0;
      return TV_ENOMEM;
    }
  }
  table->hashed++;
  table->used++;
  return TV_OK;
}

void tvi_key_table_free(tvi_key_table *table) {
  tvi_free(table->numbers);
  tvi_free(table->slots);
  tvi_buffer_free(&table->bytes);
  tvi_buffer_free(&table->longs);
  *table = (tvi_key_table){0};
}
