/* SPDX-License-Identifier: MIT */
/*
 * Places of nodes (open addressing, at most half full) and heaps of distances (binary, with entries
 * that are out of date left in). Rejected: arrays over all ids, whose clearing costs more than a
 * search between two near nodes; and heaps that find and move an entry, which need its place in
 * three arrays for a few entries less.
 */
#include "path_internal.h"

#define PLACE_SLOTS_FIRST 256
#define PLACE_HEAP_FIRST 64

static size_t place_hash(tv_node node, size_t mask) {
  return (size_t)(node * UINT64_C(0x9E3779B97F4A7C15) >> 24) & mask;
}

uint64_t tvi_places_find(const tvi_places *places, tv_node node) {
  size_t mask = places->slot_count - 1, i;
  if (places->slot_count == 0) return TVI_PLACE_NONE;
  for (i = place_hash(node, mask); places->slots[i] != 0; i = (i + 1) & mask)
    if (places->nodes[places->slots[i] - 1] == node) return places->slots[i] - 1;
  return TVI_PLACE_NONE;
}

static void place_insert(tvi_places *places, uint64_t place) {
  size_t mask = places->slot_count - 1, i = place_hash(places->nodes[place], mask);
  while (places->slots[i] != 0) i = (i + 1) & mask;
  places->slots[i] = place + 1;
}

static int places_grow(tvi_places *places) {
  size_t slots = places->slot_count == 0 ? PLACE_SLOTS_FIRST : places->slot_count * 2, i;
  tv_node *nodes = tvi_realloc(places->nodes, slots / 2 * sizeof *nodes);
  uint64_t *fresh;
  if (nodes == NULL) return TV_ENOMEM;
  places->nodes = nodes;
  places->capacity = slots / 2;
  fresh = tvi_zalloc(slots * sizeof *fresh);
  if (fresh == NULL) {
    places->capacity = places->count; /* so that the next call grows again */
    return TV_ENOMEM;
  }
  tvi_free(places->slots);
  places->slots = fresh;
  places->slot_count = slots;
  for (i = 0; i < places->count; i++) place_insert(places, i);
  return TV_OK;
}

int tvi_places_add(tvi_places *places, tv_node node) {
  if (places->count == places->capacity && places_grow(places) != TV_OK) return TV_ENOMEM;
  places->nodes[places->count] = node;
  place_insert(places, places->count++);
  return TV_OK;
}

void tvi_places_free(tvi_places *places) {
  tvi_free(places->nodes);
  tvi_free(places->slots);
  *places = (tvi_places){0};
}

int tvi_heap_push(tvi_heap *heap, double distance, uint64_t place) {
  size_t i = heap->count;
  if (heap->count == heap->capacity) {
    size_t capacity = heap->capacity == 0 ? PLACE_HEAP_FIRST : heap->capacity * 2;
    tvi_heap_entry *entries = tvi_realloc(heap->entries, capacity * sizeof *entries);
    if (entries == NULL) return TV_ENOMEM;
    heap->entries = entries;
    heap->capacity = capacity;
  }
  heap->count++;
  while (i > 0 && heap->entries[(i - 1) / 2].distance > distance) {
    heap->entries[i] = heap->entries[(i - 1) / 2];
    i = (i - 1) / 2;
  }
  heap->entries[i] = (tvi_heap_entry){distance, place};
  return TV_OK;
}

tvi_heap_entry tvi_heap_pop(tvi_heap *heap) {
  tvi_heap_entry top = heap->entries[0], last = heap->entries[--heap->count];
  size_t i = 0, child;
  while ((child = 2 * i + 1) < heap->count) {
    if (child + 1 < heap->count &&
        heap->entries[child + 1].distance < heap->entries[child].distance)
      child++;
    if (heap->entries[child].distance >= last.distance) break;
    heap->entries[i] = heap->entries[child];
    i = child;
  }
  heap->entries[i] = last;
  return top;
}

void tvi_heap_free(tvi_heap *heap) {
  tvi_free(heap->entries);
  *heap = (tvi_heap){0};
}
