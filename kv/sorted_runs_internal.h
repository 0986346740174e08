/* SPDX-License-Identifier: MIT */
/*
 * Pairs taken in any order and given back in key order, the last of each key, with bounded memory.
 */
#ifndef TRIVET_SORTED_RUNS_INTERNAL_H
#define TRIVET_SORTED_RUNS_INTERNAL_H

#include "layer_internal.h"

typedef struct tvi_runs tvi_runs;

/* folder: as in tv_kv_load_options; copied. NULL: out of memory. */
tvi_runs *tvi_runs_make(size_t memory_bytes, const char *folder);
void tvi_runs_free(tvi_runs *runs);
/* The key has 1 to TV_KEY_BYTES_MAX bytes, the value less than 4 GiB. */
int tvi_runs_add(tvi_runs *runs, tv_slice key, tv_slice value, tv_error *err);
/* The next pair in key order; borrowed until the next call. TV_END after the last one. The first
 * call ends the adding. */
int tvi_runs_next(tvi_runs *runs, tv_slice *key, tv_slice *value, tv_error *err);
/* 1 once tvi_runs_next was called. */
int tvi_runs_reading(const tvi_runs *runs);
/* Remembers the place before the next pair; back goes there. */
void tvi_runs_mark(tvi_runs *runs);
void tvi_runs_back(tvi_runs *runs);

#endif
