/* SPDX-License-Identifier: MIT */
/*
 * Lists of names, names as numbers, sums by name; and the number that stands for a set of them: a
 * sum of hashes, since the ways to an answer find its names in different orders. Sorting each
 * answer before comparing was rejected: it would be timed with it.
 */
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "tool_heap.h"

void demo_names_add(demo_names *names, tv_slice name) {
  heap_grow(&names->items, &names->capacity, names->n + 1, sizeof *names->items);
  names->items[names->n++] = heap_text(name.data, name.size);
}

static int demo_names_order(const void *a, const void *b) {
  char *const *x = a, *const *y = b;
  return strcmp(*x, *y);
}

void demo_names_sort(demo_names *names) {
  if (names->n > 0) qsort(names->items, names->n, sizeof *names->items, demo_names_order);
}

int demo_names_has(const demo_names *names, const char *name) {
  return names->n > 0 &&
         bsearch(&name, names->items, names->n, sizeof *names->items, demo_names_order) != NULL;
}

void demo_names_free(demo_names *names) {
  size_t i;
  for (i = 0; i < names->n; i++) free(names->items[i]);
  free(names->items);
  memset(names, 0, sizeof *names);
}

uint64_t demo_hash(tv_slice text) {
  const unsigned char *p = text.data;
  uint64_t h = UINT64_C(0xCBF29CE484222325); /* FNV-1a, then a mix so that sums of it are good */
  size_t i;
  for (i = 0; i < text.size; i++) h = (h ^ p[i]) * UINT64_C(0x100000001B3);
  h = (h ^ (h >> 32)) * UINT64_C(0xBF58476D1CE4E5B9);
  return h ^ (h >> 29);
}

uint32_t demo_intern(demo_interned *table, tv_slice name) {
  size_t i;
  if (2 * table->names.n >= table->slots_n) {
    size_t n = table->slots_n > 0 ? 2 * table->slots_n : 1024;
    free(table->slots);
    table->slots = heap_take(n * sizeof *table->slots);
    table->slots_n = n;
    for (i = 0; i < table->names.n; i++) {
      size_t at = demo_hash(tv_str(table->names.items[i])) & (n - 1);
      while (table->slots[at] != 0) at = (at + 1) & (n - 1);
      table->slots[at] = (uint32_t)i + 1;
    }
  }
  i = demo_hash(name) & (table->slots_n - 1);
  while (table->slots[i] != 0) {
    const char *known = table->names.items[table->slots[i] - 1];
    if (strlen(known) == name.size && memcmp(known, name.data, name.size) == 0)
      return table->slots[i] - 1;
    i = (i + 1) & (table->slots_n - 1);
  }
  demo_names_add(&table->names, name);
  table->slots[i] = (uint32_t)table->names.n;
  return (uint32_t)table->names.n - 1;
}

void demo_interned_free(demo_interned *table) {
  demo_names_free(&table->names);
  free(table->slots);
  memset(table, 0, sizeof *table);
}

void demo_totals_add(demo_totals *totals, tv_slice name, int64_t n) {
  size_t known = totals->names.names.n;
  uint32_t at = demo_intern(&totals->names, name);
  heap_grow(&totals->sums, &totals->capacity, totals->names.names.n, sizeof *totals->sums);
  if (at == known) totals->sums[at] = 0;
  totals->sums[at] += n;
}

uint64_t demo_totals_hash(const demo_totals *totals) {
  uint64_t sum = 0;
  size_t i;
  for (i = 0; i < totals->names.names.n; i++)
    sum += demo_hash(tv_str(totals->names.names.items[i])) * (2 * (uint64_t)totals->sums[i] + 1);
  return sum;
}

void demo_totals_free(demo_totals *totals) {
  demo_interned_free(&totals->names);
  free(totals->sums);
  memset(totals, 0, sizeof *totals);
}
