/* SPDX-License-Identifier: MIT */
/*
 * Locks by key, for engines whose plain interface has no transaction that reads and then writes.
 */
#ifndef TRIVET_BENCH_PEER_STRIPES_H
#define TRIVET_BENCH_PEER_STRIPES_H

#include <pthread.h>

#include "trivet.h"

#define PEER_STRIPES 64

typedef struct peer_stripes {
  pthread_mutex_t lock[PEER_STRIPES];
} peer_stripes;

void peer_stripes_begin(peer_stripes *stripes);
void peer_stripes_end(peer_stripes *stripes);
/* The key's lock. */
pthread_mutex_t *peer_stripe(peer_stripes *stripes, tv_slice key);

#endif
