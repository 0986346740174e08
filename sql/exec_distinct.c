/* SPDX-License-Identifier: MIT */
/*
 * COUNT(DISTINCT x): the pairs of group and value that were seen, in one hash table per thread. A
 * set per group was rejected: there may be a million groups with three values each.
 */
#include <string.h>

#include "exec_internal.h"

static uint64_t distinct_hash(uint32_t group, uint64_t word) {
  return tvi_word_hash(word + (uint64_t)group * UINT64_C(0x9e3779b97f4a7c15));
}

static int distinct_slots(tvi_tally *tally, tvi_memory *memory) {
  uint32_t slots = tally->pair_mask == 0 ? 1024 : (tally->pair_mask + 1) * 2, i;
  void *room = tally->pair_slots;

  if (slots == 0) return TV_ELIMIT;
  if (!tvi_arena_grow(memory, &room, &tally->pair_slots_capacity, slots, sizeof *tally->pair_slots))
    return tvi_memory_status(memory);
  tally->pair_slots = room;
  tally->pair_mask = slots - 1;
  memset(tally->pair_slots, 0, slots * sizeof *tally->pair_slots);
  for (i = 0; i < tally->pairs; i++) {
    uint32_t at =
        (uint32_t)distinct_hash(tally->pair_group[i], tally->pair_word[i]) & tally->pair_mask;
    while (tally->pair_slots[at] != 0) at = (at + 1) & tally->pair_mask;
    tally->pair_slots[at] = i + 1;
  }
  return TV_OK;
}

int tvi_tally_pair(tvi_groups *groups, int aggregate, uint32_t group, uint64_t word) {
  tvi_tally *tally = &groups->tally[aggregate];
  void *words = tally->pair_word, *pair_groups = tally->pair_group;
  uint32_t at;
  int status = TV_OK;

  if (tally->pairs >= tally->pair_mask / 2) status = distinct_slots(tally, groups->memory);
  if (status != TV_OK) return status;
  at = (uint32_t)distinct_hash(group, word) & tally->pair_mask;
  for (; tally->pair_slots[at] != 0; at = (at + 1) & tally->pair_mask) {
    uint32_t pair = tally->pair_slots[at] - 1;
    if (tally->pair_word[pair] == word && tally->pair_group[pair] == group) return TV_OK;
  }
  if (!tvi_arena_grow(groups->memory, &words, &tally->pair_word_capacity, (size_t)tally->pairs + 1,
                      sizeof *tally->pair_word))
    return tvi_memory_status(groups->memory);
  tally->pair_word = words;
  if (!tvi_arena_grow(groups->memory, &pair_groups, &tally->pair_group_capacity,
                      (size_t)tally->pairs + 1, sizeof *tally->pair_group))
    return tvi_memory_status(groups->memory);
  tally->pair_group = pair_groups;
  tally->pair_word[tally->pairs] = word;
  tally->pair_group[tally->pairs] = group;
  tally->pair_slots[at] = ++tally->pairs;
  tally->sum[group]++;
  return TV_OK;
}
