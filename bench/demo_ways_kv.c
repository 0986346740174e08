/* SPDX-License-Identifier: MIT */
/*
 * The three questions answered by application code over the KV bucket alone: what one writes
 * when the store has no other model. It is written as well as one would write it, in one pass over
 * the bucket, so that the comparison is fair.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deb_control.h"
#include "deb_depends.h"
#include "demo.h"
#include "paired.h"
#include "tool_heap.h"

static int demo_kv_fail(const demo_store *store, char *why) {
  snprintf(why, PAIRED_TEXT_BYTES, "%.250s", tv_txn_error(store->txn)->message);
  return -1;
}

int demo_kv_version(demo_store *store, const char *about, uint64_t *answer, char *why) {
  tv_slice stanza, version;
  if (tv_kv_get(store->bucket, tv_str(about), &stanza) != TV_OK) return demo_kv_fail(store, why);
  if (!deb_field_find(stanza, "Version", &version)) return demo_kv_fail(store, why);
  *answer = demo_hash(version);
  return 0;
}

/* Calls visit for every stanza. */
static int demo_kv_each(demo_store *store, void (*visit)(void *ctx, tv_slice key, tv_slice stanza),
                        void *ctx, char *why) {
  tv_range all = {{NULL, 0}, {NULL, 0}};
  tv_kv_cursor *cursor;
  tv_slice key, stanza;
  int rc = tv_kv_cursor_open(store->bucket, all, &cursor);
  if (rc != TV_OK) return demo_kv_fail(store, why);
  while ((rc = tv_kv_cursor_next(cursor, &key, &stanza)) == TV_OK) visit(ctx, key, stanza);
  tv_kv_cursor_close(cursor);
  return rc == TV_END ? 0 : demo_kv_fail(store, why);
}

static void demo_kv_section(void *ctx, tv_slice key, tv_slice stanza) {
  deb_reader reader = deb_reader_of(stanza);
  tv_slice section = tv_str("unknown");
  deb_field field;
  int64_t size = -1;
  int rc, found = 0;
  (void)key;
  while (found < 2 && (rc = deb_field_next(&reader, &field)) != 0) {
    if (rc < 0) continue;
    if (deb_same_name(field.name, "Section")) {
      if (field.value.size > 0) section = field.value;
      found++;
    } else if (deb_same_name(field.name, "Installed-Size")) {
      size = deb_number(field.value);
      found++;
    }
  }
  demo_totals_add(ctx, section, size > 0 ? size : 0);
}

int demo_kv_sections(demo_store *store, const char *about, uint64_t *answer, char *why) {
  demo_totals totals;
  int rc;
  (void)about;
  memset(&totals, 0, sizeof totals);
  rc = demo_kv_each(store, demo_kv_section, &totals, why);
  *answer = demo_totals_hash(&totals);
  demo_totals_free(&totals);
  return rc;
}

/* ---- The closure: all dependencies of all stanzas, turned round, then breadth first ---- */

typedef struct demo_kv_need {
  uint32_t target, package;
} demo_kv_need;

typedef struct demo_kv_needs {
  demo_interned names;
  deb_dependencies parsed; /* of one stanza */
  demo_kv_need *items;
  size_t n, capacity;
} demo_kv_needs;

static void demo_kv_collect(void *ctx, tv_slice key, tv_slice stanza) {
  demo_kv_needs *needs = ctx;
  deb_reader reader = deb_reader_of(stanza);
  deb_field field;
  uint32_t package;
  size_t i;
  int rc;
  needs->parsed.n = 0;
  while ((rc = deb_field_next(&reader, &field)) != 0)
    if (rc > 0 &&
        (deb_same_name(field.name, "Depends") || deb_same_name(field.name, "Pre-Depends")))
      deb_depends_parse(field.value, &needs->parsed);
  if (needs->parsed.n == 0) return;
  package = demo_intern(&needs->names, key);
  heap_grow(&needs->items, &needs->capacity, needs->n + needs->parsed.n, sizeof *needs->items);
  for (i = 0; i < needs->parsed.n; i++) {
    needs->items[needs->n].target = demo_intern(&needs->names, needs->parsed.items[i].name);
    needs->items[needs->n++].package = package;
  }
}

/* Breadth first from `start` over the needs, grouped by target with one counting pass. */
static uint64_t demo_kv_walk(const demo_kv_needs *needs, uint32_t start) {
  size_t names = needs->names.names.n, i, head = 0, tail = 0;
  size_t *from = heap_take((names + 2) * sizeof *from);
  uint32_t *packages = heap_take((needs->n + 1) * sizeof *packages);
  uint32_t *queue = heap_take((names + 1) * sizeof *queue);
  unsigned char *seen = heap_take(names + 1);
  uint64_t sum = 0;
  for (i = 0; i < needs->n; i++) from[needs->items[i].target + 2]++;
  for (i = 0; i < names; i++) from[i + 2] += from[i + 1];
  for (i = 0; i < needs->n; i++)
    packages[from[needs->items[i].target + 1]++] = needs->items[i].package;
  queue[tail++] = start;
  seen[start] = 1;
  while (head < tail) {
    uint32_t at = queue[head++];
    for (i = from[at]; i < from[at + 1]; i++) {
      uint32_t package = packages[i];
      if (seen[package]) continue;
      seen[package] = 1;
      queue[tail++] = package;
      sum += demo_hash(tv_str(needs->names.names.items[package]));
    }
  }
  free(from);
  free(packages);
  free(queue);
  free(seen);
  return sum;
}

int demo_kv_closure(demo_store *store, const char *about, uint64_t *answer, char *why) {
  demo_kv_needs needs;
  int rc;
  memset(&needs, 0, sizeof needs);
  rc = demo_kv_each(store, demo_kv_collect, &needs, why);
  if (rc == 0) *answer = demo_kv_walk(&needs, demo_intern(&needs.names, tv_str(about)));
  demo_interned_free(&needs.names);
  deb_dependencies_free(&needs.parsed);
  free(needs.items);
  return rc;
}
