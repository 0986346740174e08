/* SPDX-License-Identifier: MIT */
/* The word lists of SSB's text columns, which it has from TPC-H (clause 4.2.2.13). */
#ifndef TRIVET_BENCH_SSB_WORDS_H
#define TRIVET_BENCH_SSB_WORDS_H

#include <stddef.h>

#define SSB_NATIONS 25
typedef struct ssb_nation {
  const char *name;
  const char *region;
} ssb_nation;
extern const ssb_nation ssb_nations[SSB_NATIONS];

typedef struct ssb_words {
  const char *const *list;
  unsigned count;
} ssb_words;
extern const ssb_words ssb_priorities, ssb_ship_modes, ssb_segments, ssb_colours;
extern const ssb_words ssb_type_finish, ssb_type_work, ssb_type_metal; /* a type has one of each */
extern const ssb_words ssb_container_size, ssb_container_kind;

#endif
