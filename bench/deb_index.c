/* SPDX-License-Identifier: MIT */
/*
 * A sorted array with binary search. A hash table was rejected: the loader wants the packages in
 * key order anyway, which is the order a store takes fastest.
 */
#include "deb_index.h"

#include <stdlib.h>
#include <string.h>

#include "deb_control.h"
#include "tool_heap.h"

const char *const deb_relation_names[DEB_RELATION_TYPES] = {"Depends",  "PreDepends", "Recommends",
                                                            "Suggests", "Conflicts",  "Provides"};
static const char *const deb_relation_fields[DEB_RELATION_TYPES] = {
    "Depends", "Pre-Depends", "Recommends", "Suggests", "Conflicts", "Provides"};

int deb_slice_compare(tv_slice a, tv_slice b) {
  size_t n = a.size < b.size ? a.size : b.size;
  int order = n > 0 ? memcmp(a.data, b.data, n) : 0;
  if (order != 0) return order;
  return (a.size > b.size) - (a.size < b.size);
}

/* By name, then the version to keep first. Stanzas are slices of one text, so their addresses are
 * their order. */
static int deb_index_order(const void *a, const void *b) {
  const deb_package *x = a, *y = b;
  int order = deb_slice_compare(x->name, y->name);
  if (order == 0) order = deb_version_compare(y->version, x->version);
  if (order != 0) return order;
  return x->stanza.data < y->stanza.data ? -1 : x->stanza.data > y->stanza.data;
}

/* Where each wanted field goes. A repeated field counts once: the first. */
static void deb_index_field(deb_package *package, const deb_field *field, tv_slice *relations) {
  struct {
    const char *name;
    tv_slice *into;
  } texts[] = {{"Package", &package->name},
               {"Version", &package->version},
               {"Section", &package->section},
               {"Priority", &package->priority},
               {"Architecture", &package->architecture},
               {"Maintainer", &package->maintainer},
               {"Homepage", &package->homepage},
               {"Description", &package->description}};
  size_t i;
  for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
    if (texts[i].into->size == 0 && deb_same_name(field->name, texts[i].name)) {
      *texts[i].into = field->value;
      return;
    }
  for (i = 0; i < DEB_RELATION_TYPES; i++)
    if (relations[i].size == 0 && deb_same_name(field->name, deb_relation_fields[i])) {
      relations[i] = field->value;
      return;
    }
  if (package->installed_size < 0 && deb_same_name(field->name, "Installed-Size"))
    package->installed_size = deb_number(field->value);
  else if (package->size < 0 && deb_same_name(field->name, "Size"))
    package->size = deb_number(field->value);
}

static void deb_index_stanza(deb_index *index, tv_slice stanza) {
  deb_reader reader = deb_reader_of(stanza);
  tv_slice relations[DEB_RELATION_TYPES];
  deb_package package;
  deb_field field;
  int rc;
  size_t i;
  memset(&package, 0, sizeof package);
  memset(relations, 0, sizeof relations);
  package.stanza = stanza;
  package.installed_size = package.size = -1;
  while ((rc = deb_field_next(&reader, &field)) != 0)
    if (rc > 0) deb_index_field(&package, &field, relations);
  if (package.name.size == 0 || package.name.size > TV_KEY_BYTES_MAX || package.version.size == 0) {
    index->skipped++;
    return;
  }
  if (package.section.size == 0) package.section = tv_str("unknown");
  package.description = deb_first_line(package.description);
  for (i = 0; i < DEB_RELATION_TYPES; i++) {
    package.relations_from[i] = index->relations.n;
    deb_depends_parse(relations[i], &index->relations);
  }
  package.relations_from[DEB_RELATION_TYPES] = index->relations.n;
  heap_grow(&index->packages, &index->capacity, index->n + 1, sizeof *index->packages);
  index->packages[index->n++] = package;
}

void deb_index_make(tv_slice text, deb_index *index) {
  deb_reader reader = deb_reader_of(text);
  tv_slice stanza;
  size_t i, kept = 0;
  memset(index, 0, sizeof *index);
  while (deb_stanza_next(&reader, &stanza)) {
    index->stanzas++;
    deb_index_stanza(index, stanza);
  }
  if (index->n == 0) return;
  qsort(index->packages, index->n, sizeof *index->packages, deb_index_order);
  for (i = 0; i < index->n; i++) {
    if (kept > 0 && deb_slice_compare(index->packages[kept - 1].name, index->packages[i].name) == 0)
      index->replaced++;
    else
      index->packages[kept++] = index->packages[i];
  }
  index->n = kept;
}

void deb_index_free(deb_index *index) {
  free(index->packages);
  deb_dependencies_free(&index->relations);
  memset(index, 0, sizeof *index);
}

const deb_package *deb_index_find(const deb_index *index, tv_slice name) {
  size_t low = 0, high = index->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = deb_slice_compare(index->packages[middle].name, name);
    if (order == 0) return &index->packages[middle];
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}
