/* SPDX-License-Identifier: MIT */
/*
 * A package index in memory: one entry per package name, ordered by name, with its relations
 * parsed. All slices point into the text it was made from.
 *
 * Of several stanzas with one name the one with the highest version (as dpkg orders
 * them) is kept, of equal versions the first. A stanza without a package name or version, or with a
 * name longer than a Trivet key, is passed over and counted.
 */
#ifndef TRIVET_BENCH_DEB_INDEX_H
#define TRIVET_BENCH_DEB_INDEX_H

#include "deb_depends.h"
#include "trivet.h"

typedef enum deb_relation_type {
  DEB_DEPENDS = 0,
  DEB_PRE_DEPENDS,
  DEB_RECOMMENDS,
  DEB_SUGGESTS,
  DEB_CONFLICTS,
  DEB_PROVIDES,
  DEB_RELATION_TYPES
} deb_relation_type;

/* "Depends", "PreDepends", ...: the edge types of the graph. */
extern const char *const deb_relation_names[DEB_RELATION_TYPES];

typedef struct deb_package {
  tv_slice stanza;
  tv_slice name, version;
  tv_slice section;                                      /* "unknown" where the field is missing */
  tv_slice priority, architecture, maintainer, homepage; /* empty where missing */
  tv_slice description;                                  /* the synopsis */
  int64_t installed_size;                                /* KiB; -1: missing */
  int64_t size;                                          /* bytes of the archive; -1: missing */
  size_t relations_from[DEB_RELATION_TYPES + 1];         /* into deb_index.relations */
} deb_package;

typedef struct deb_index {
  deb_package *packages;
  size_t n, capacity;
  deb_dependencies relations;
  uint64_t stanzas;  /* in the text */
  uint64_t replaced; /* another version of a package was kept */
  uint64_t skipped;  /* no name or version, or a name too long */
} deb_index;

void deb_index_make(tv_slice text, deb_index *index);
void deb_index_free(deb_index *index);
/* The package of that name; NULL when there is none. */
const deb_package *deb_index_find(const deb_index *index, tv_slice name);
/* memcmp order, a prefix first. */
int deb_slice_compare(tv_slice a, tv_slice b);

#endif
