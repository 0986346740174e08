/* SPDX-License-Identifier: MIT */
/* Locks by key. One lock for all was rejected: writers of different keys would wait for each
 * other's syncs, which these engines share. */
#include "peer_stripes.h"

void peer_stripes_begin(peer_stripes *stripes) {
  int i;
  for (i = 0; i < PEER_STRIPES; i++) pthread_mutex_init(&stripes->lock[i], NULL);
}

void peer_stripes_end(peer_stripes *stripes) {
  int i;
  for (i = 0; i < PEER_STRIPES; i++) pthread_mutex_destroy(&stripes->lock[i]);
}

pthread_mutex_t *peer_stripe(peer_stripes *stripes, tv_slice key) {
  const unsigned char *bytes = key.data;
  unsigned hash = 0;
  size_t i;
  for (i = 0; i < key.size; i++) hash = hash * 31 + bytes[i];
  return &stripes->lock[hash % PEER_STRIPES];
}
