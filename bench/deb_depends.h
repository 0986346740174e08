/* SPDX-License-Identifier: MIT */
/*
 * A field of package relations: "a (>= 1.2) | b [amd64] <!nocheck>, c:any". Commas part groups, all
 * of which must hold; bars part the alternatives of a group, one of which must.
 */
#ifndef TRIVET_BENCH_DEB_DEPENDS_H
#define TRIVET_BENCH_DEB_DEPENDS_H

#include "trivet.h"

typedef struct deb_dependency {
  tv_slice name;
  tv_slice qualifier;     /* after a colon: "any", "native", an architecture; or empty */
  const char *relation;   /* "<<", "<=", "=", ">=", ">>"; "": no version is asked for */
  tv_slice version;       /* empty when relation is "" */
  tv_slice architectures; /* what stands in [...], or empty */
  tv_slice profiles;      /* "<...> <...>" with the brackets, or empty */
  unsigned group;         /* 1, 2, ...: those of one group are alternatives */
  unsigned alternatives;  /* how many the group has */
} deb_dependency;

/* A growing array of them. All zero is empty. */
typedef struct deb_dependencies {
  deb_dependency *items;
  size_t n, capacity;
  size_t malformed; /* parts passed over because they are no relation */
} deb_dependencies;

/* Parses a field and appends to the list. Groups begin at 1 in each field. The slices point into
 * the field. */
void deb_depends_parse(tv_slice field, deb_dependencies *list);
void deb_dependencies_free(deb_dependencies *list);

/* Orders two versions as dpkg does (deb-version(7)): negative, 0 or positive. */
int deb_version_compare(tv_slice a, tv_slice b);

#endif
