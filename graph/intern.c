/* SPDX-License-Identifier: MIT */
/*
 * Interned names: labels, edge types and property names as small numbers, given out in ascending
 * order and never taken back. Kept in the master store both ways; the handle caches what was asked
 * for, until the epoch changes. Rejected: loading all names when a graph is opened, which makes a
 * short read pay for 65,535 names that it does not use.
 */
#include <inttypes.h>
#include <string.h>

#include "graph_internal.h"

static const char *const intern_nouns[TVI_NAME_SPACES] = {"label", "edge type", "property"};
static const unsigned char intern_to_number[TVI_NAME_SPACES] = {'l', 't', 'p'};
static const unsigned char intern_to_name[TVI_NAME_SPACES] = {'L', 'T', 'P'};

#define INTERN_SLOTS_FIRST 32
#define INTERN_NUMBER_KEY_BYTES 3 /* letter, be16 number */

void tvi_names_forget(tvi_name_table *table) {
  uint32_t i;
  for (i = 0; i < table->numbers; i++) tvi_free(table->by_number[i]);
  tvi_free(table->by_number);
  tvi_free(table->slots);
  *table = (tvi_name_table){0};
}

/* FNV-1a: names are short and come from the program, not from an adversary's data. */
static uint32_t intern_hash(const char *name) {
  uint32_t hash = UINT32_C(2166136261);
  for (; *name != '\0'; name++) hash = (hash ^ (unsigned char)*name) * UINT32_C(16777619);
  return hash;
}

/* The slot that holds the name, or the free one where it belongs. */
static uint32_t intern_slot(const tvi_name_table *table, const char *name) {
  uint32_t mask = table->slot_count - 1, at = intern_hash(name) & mask;
  while (table->slots[at] != 0 && strcmp(table->by_number[table->slots[at] - 1], name) != 0)
    at = (at + 1) & mask;
  return at;
}

static int intern_grow_slots(tvi_name_table *table) {
  uint32_t count = table->slot_count == 0 ? INTERN_SLOTS_FIRST : table->slot_count * 2, i;
  uint32_t *old = table->slots;
  uint32_t *slots = tvi_zalloc(count * sizeof *slots);
  if (slots == NULL) return TV_ENOMEM;
  table->slots = slots;
  table->slot_count = count;
  for (i = 0; i < table->numbers; i++)
    if (table->by_number[i] != NULL) slots[intern_slot(table, table->by_number[i])] = i + 1;
  tvi_free(old);
  return TV_OK;
}

static int intern_grow_numbers(tvi_name_table *table, uint32_t number) {
  uint32_t count = table->numbers == 0 ? 16 : table->numbers;
  char **by_number;
  while (count <= number) count *= 2;
  if (count == table->numbers) return TV_OK;
  by_number = tvi_realloc(table->by_number, count * sizeof *by_number);
  if (by_number == NULL) return TV_ENOMEM;
  memset(by_number + table->numbers, 0, (count - table->numbers) * sizeof *by_number);
  table->by_number = by_number;
  table->numbers = count;
  return TV_OK;
}

static int intern_remember(tv_graph *graph, tvi_name_table *table, uint32_t number, tv_slice name) {
  char *copy = NULL;
  int status = intern_grow_numbers(table, number);
  if (status == TV_OK && table->by_number[number] != NULL) return TV_OK;
  if (status == TV_OK && (table->used + 1) * 4 > table->slot_count * 3)
    status = intern_grow_slots(table);
  if (status == TV_OK) copy = tvi_alloc(name.size + 1);
  if (copy == NULL) return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for a graph's names");
  memcpy(copy, name.data, name.size);
  copy[name.size] = '\0';
  table->slots[intern_slot(table, copy)] = number + 1;
  table->by_number[number] = copy;
  table->used++;
  return TV_OK;
}

static tv_slice intern_name_key(tvi_name_space space, const char *name, size_t size,
                                unsigned char buffer[TV_NAME_BYTES_MAX + 1]) {
  buffer[0] = intern_to_number[space];
  memcpy(buffer + 1, name, size);
  return tv_bytes(buffer, size + 1);
}

static tv_slice intern_number_key(tvi_name_space space, uint32_t number,
                                  unsigned char buffer[INTERN_NUMBER_KEY_BYTES]) {
  buffer[0] = intern_to_name[space];
  tvi_store_be16(buffer + 1, (uint16_t)number);
  return tv_bytes(buffer, INTERN_NUMBER_KEY_BYTES);
}

static int intern_damaged(tv_graph *graph, tvi_name_space space) {
  char shown[TVI_SHOW_BYTES];
  return tvi_txn_fail(graph->txn, TV_ECORRUPT, 0,
                      "graph \"%s\": a record of its %s names is damaged",
                      tvi_show(tv_str(tvi_graph_name(graph)), shown), intern_nouns[space]);
}

static int intern_bad(tv_graph *graph, tvi_name_space space, const char *name) {
  char shown[TVI_SHOW_BYTES];
  if (name == NULL || name[0] == '\0')
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "the name of a %s is empty", intern_nouns[space]);
  return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "the %s name \"%s\" is longer than %d bytes",
                      intern_nouns[space], tvi_show(tv_str(name), shown), TV_NAME_BYTES_MAX);
}

int tvi_name_find(tv_graph *graph, tvi_name_space space, const char *name, uint32_t *number) {
  tvi_name_table *table = &graph->names[space];
  unsigned char buffer[TV_NAME_BYTES_MAX + 1];
  tv_slice value;
  size_t size;
  int status;
  if (name == NULL || name[0] == '\0') return intern_bad(graph, space, name);
  if (table->slot_count != 0) {
    uint32_t known = table->slots[intern_slot(table, name)];
    if (known != 0) {
      *number = known - 1;
      return TV_OK;
    }
  }
  size = strlen(name);
  if (size > TV_NAME_BYTES_MAX) return intern_bad(graph, space, name);
  status = tvi_sealed_get(graph->master, intern_name_key(space, name, size, buffer), &value);
  if (status == TV_ECORRUPT || (status == TV_OK && value.size != 2))
    return intern_damaged(graph, space);
  if (status != TV_OK) return status;
  *number = tvi_load_be16(value.data);
  return intern_remember(graph, table, *number, tv_bytes(name, size));
}

/* Finds the first number not given out: one more than that of the last number -> name record. */
static int intern_next(tv_graph *graph, tvi_name_space space, uint32_t *next) {
  tvi_name_table *table = &graph->names[space];
  unsigned char end = (unsigned char)(intern_to_name[space] + 1);
  tv_cursor *cursor;
  tv_slice key;
  int status;
  if (!table->next_known) {
    status = tv_cursor_open(graph->master, &cursor);
    if (status != TV_OK) return status;
    status = tv_cursor_seek_before(cursor, tv_bytes(&end, 1), &key, NULL);
    table->next = 0;
    if (status == TV_OK && key.size == INTERN_NUMBER_KEY_BYTES &&
        *(const unsigned char *)key.data == intern_to_name[space])
      table->next = tvi_load_be16((const unsigned char *)key.data + 1) + 1u;
    tv_cursor_close(cursor);
    if (status != TV_OK && status != TV_END) return status;
    table->next_known = 1;
  }
  *next = table->next;
  return TV_OK;
}

int tvi_name_count(tv_graph *graph, tvi_name_space space, uint32_t *count) {
  return intern_next(graph, space, count);
}

int tvi_name_intern(tv_graph *graph, tvi_name_space space, const char *name, uint32_t *number) {
  unsigned char to_number[TV_NAME_BYTES_MAX + 1], to_name[INTERN_NUMBER_KEY_BYTES], value[2];
  char shown[TVI_SHOW_BYTES];
  uint32_t next;
  size_t size;
  int status = tvi_name_find(graph, space, name, number);
  if (status != TV_NOTFOUND) return status;
  status = intern_next(graph, space, &next);
  if (status != TV_OK) return status;
  if (next >= TV_LABELS_MAX)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "graph \"%s\" has %d %s names, no more fit",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown), TV_LABELS_MAX,
                        intern_nouns[space]);
  size = strlen(name);
  tvi_store_be16(value, (uint16_t)next);
  status = tvi_sealed_put(graph->master, intern_name_key(space, name, size, to_number),
                          tv_bytes(value, sizeof value), 0);
  if (status == TV_OK)
    status = tvi_sealed_put(graph->master, intern_number_key(space, next, to_name),
                            tv_bytes(name, size), 0);
  if (status != TV_OK) return status;
  graph->names[space].next = next + 1;
  *number = next;
  return intern_remember(graph, &graph->names[space], next, tv_bytes(name, size));
}

int tvi_name_text(tv_graph *graph, tvi_name_space space, uint32_t number, const char **text) {
  tvi_name_table *table = &graph->names[space];
  unsigned char key[INTERN_NUMBER_KEY_BYTES];
  tv_slice name;
  int status;
  if (number < table->numbers && table->by_number[number] != NULL) {
    *text = table->by_number[number];
    return TV_OK;
  }
  if (number >= TV_LABELS_MAX) return TV_NOTFOUND;
  status = tvi_sealed_get(graph->master, intern_number_key(space, number, key), &name);
  if (status == TV_OK && (name.size == 0 || memchr(name.data, '\0', name.size) != NULL))
    status = TV_ECORRUPT;
  if (status == TV_ECORRUPT) return intern_damaged(graph, space);
  if (status != TV_OK) return status;
  status = intern_remember(graph, table, number, name);
  if (status == TV_OK) *text = table->by_number[number];
  return status;
}

int tvi_name_unknown(tv_graph *graph, tvi_name_space space, const char *name) {
  char shown[TVI_SHOW_BYTES], shown_name[TVI_SHOW_BYTES];
  return tvi_txn_fail(graph->txn, TV_ENOLABEL, 0, "graph \"%s\" has no %s \"%s\"",
                      tvi_show(tv_str(tvi_graph_name(graph)), shown), intern_nouns[space],
                      tvi_show(tv_str(name), shown_name));
}

int tv_graph_type_find(tv_graph *graph, const char *name, uint32_t *type) {
  int status = tvi_graph_enter(graph);
  if (status == TV_OK) status = tvi_name_find(graph, TVI_NAME_TYPE, name, type);
  return status == TV_NOTFOUND ? tvi_name_unknown(graph, TVI_NAME_TYPE, name) : status;
}

int tv_graph_type_text(tv_graph *graph, uint32_t type, const char **name) {
  char shown[TVI_SHOW_BYTES];
  int status = tvi_graph_enter(graph);
  *name = NULL;
  if (status == TV_OK) status = tvi_name_text(graph, TVI_NAME_TYPE, type, name);
  if (status != TV_NOTFOUND) return status;
  return tvi_txn_fail(graph->txn, TV_ENOLABEL, 0, "graph \"%s\" has no edge type number %" PRIu32,
                      tvi_show(tv_str(tvi_graph_name(graph)), shown), type);
}

const char *tv_graph_type_name(tv_graph *graph, uint32_t type) {
  const char *name;
  return tv_graph_type_text(graph, type, &name) == TV_OK ? name : NULL;
}
