/* SPDX-License-Identifier: MIT */
/* Edges in raw LMDB: what a transaction of the graph is compared with. */
#ifndef TRIVET_BENCH_PEER_LMDB_EDGES_H
#define TRIVET_BENCH_PEER_LMDB_EDGES_H

#include <stddef.h>
#include <stdint.h>

typedef struct lmdb_edges lmdb_edges;

/* All stop the program on a failure. Opens an empty environment in the folder, with LMDB's default
 * sync. */
lmdb_edges *lmdb_edges_open(const char *folder);
void lmdb_edges_close(lmdb_edges *edges);
/* One transaction: for each of n edges two puts of 17 bytes of key and no value, (from, to, id) and
 * (to, from, id), as the graph's delta has them. */
void lmdb_edges_add(lmdb_edges *edges, size_t n, const uint64_t *from, const uint64_t *to,
                    uint64_t first_id);
/* How many of the two records of an edge are there. */
unsigned lmdb_edges_find(lmdb_edges *edges, uint64_t from, uint64_t to, uint64_t id);

#endif
