/* SPDX-License-Identifier: MIT */
/* A peer's shared library, loaded when a benchmark asks for the peer. */
#ifndef TRIVET_BENCH_PEER_LIBRARY_H
#define TRIVET_BENCH_PEER_LIBRARY_H

#include <stddef.h>

typedef struct peer_symbol {
  const char *name; /* of the function */
  size_t offset;    /* where its pointer goes in the adapter's table of calls */
} peer_symbol;

typedef struct peer_library {
  const char *const *files; /* tried in this order, up to NULL */
  const peer_symbol *symbols;
  size_t symbols_n;
  void *calls; /* the table */
  int loaded;
  char number[32]; /* the version that the file's own name carries, or "" */
} peer_library;

/* Loads the library, once. Returns 0; or -1, and `why` says what to do about it. */
int peer_library_load(peer_library *library, char *why, size_t size);

#endif
