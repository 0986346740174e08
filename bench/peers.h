/* SPDX-License-Identifier: MIT */
/* The choice of key-value engines for a run. */
#ifndef TRIVET_BENCH_PEERS_H
#define TRIVET_BENCH_PEERS_H

#include "paired_report.h"
#include "peer.h"

#define PEERS_MAX 5 /* Trivet included */

typedef struct peers_chosen {
  const char *command;   /* who asks, for messages */
  paired_report *report; /* told which are not installed; may be NULL */
  const peer_engine *engine[PEERS_MAX];
  size_t n;
} peers_chosen;

/*
 * Trivet, then those that the list names ("lmdb,rocksdb"; NULL: all), as far as they are installed;
 * says on stderr which are not. Returns 0, or -1 after saying what is wrong with the list.
 */
int peers_choose(peers_chosen *chosen, const char *list);

#endif
