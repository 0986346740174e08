/* SPDX-License-Identifier: MIT */
/*
 * Raw LMDB with the two puts of an edge in one named database: the direction is the key's first
 * bit. Two databases were rejected: each more costs LMDB pages in every commit, and the peer is to
 * be as fast as it can be.
 */
#include "peer_lmdb_edges.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "tool_heap.h"

#define EDGES_KEY_BYTES 17
#ifdef TVI_MAP_BYTES_DEFAULT
#define EDGES_MAP_BYTES ((size_t)TVI_MAP_BYTES_DEFAULT)
#else
#define EDGES_MAP_BYTES ((size_t)1 << 36)
#endif

struct lmdb_edges {
  MDB_env *env;
  MDB_dbi dbi;
};

static void edges_must(int rc, const char *what) {
  if (rc != 0) heap_stop("raw LMDB: %s: %s", what, mdb_strerror(rc));
}

lmdb_edges *lmdb_edges_open(const char *folder) {
  lmdb_edges *edges = heap_take(sizeof *edges);
  char path[1300];
  MDB_txn *txn;
  snprintf(path, sizeof path, "%s/lmdb", folder);
  edges_must(mdb_env_create(&edges->env), "making an environment");
  edges_must(mdb_env_set_mapsize(edges->env, EDGES_MAP_BYTES), "reserving the map");
  edges_must(mdb_env_set_maxdbs(edges->env, 4), "making an environment");
  edges_must(mdb_env_open(edges->env, path, MDB_NOSUBDIR | MDB_NOTLS, 0600), path);
  edges_must(mdb_txn_begin(edges->env, NULL, 0, &txn), "begin");
  edges_must(mdb_dbi_open(txn, "edges", MDB_CREATE, &edges->dbi), "making a database");
  edges_must(mdb_txn_commit(txn), "commit");
  return edges;
}

void lmdb_edges_close(lmdb_edges *edges) {
  mdb_env_close(edges->env);
  free(edges);
}

static void edges_number(unsigned char *to, uint64_t number) {
  int i;
  for (i = 4; i >= 0; i--, number >>= 8) to[i] = (unsigned char)number;
}

/* Five bytes of node, two of type, five of node, five of edge. */
static void edges_key(unsigned char *key, int in, uint64_t at, uint64_t other, uint64_t id) {
  edges_number(key, at | (in ? UINT64_C(1) << 39 : 0));
  key[5] = 0;
  key[6] = 1;
  edges_number(key + 7, other);
  edges_number(key + 12, id);
}

void lmdb_edges_add(lmdb_edges *edges, size_t n, const uint64_t *from, const uint64_t *to,
                    uint64_t first_id) {
  unsigned char bytes[EDGES_KEY_BYTES];
  MDB_val key = {EDGES_KEY_BYTES, bytes}, value = {0, NULL};
  MDB_txn *txn;
  size_t i;
  edges_must(mdb_txn_begin(edges->env, NULL, 0, &txn), "begin");
  for (i = 0; i < n; i++) {
    edges_key(bytes, 0, from[i], to[i], first_id + i);
    edges_must(mdb_put(txn, edges->dbi, &key, &value, 0), "put");
    edges_key(bytes, 1, to[i], from[i], first_id + i);
    edges_must(mdb_put(txn, edges->dbi, &key, &value, 0), "put");
  }
  edges_must(mdb_txn_commit(txn), "commit");
}

unsigned lmdb_edges_find(lmdb_edges *edges, uint64_t from, uint64_t to, uint64_t id) {
  unsigned char bytes[EDGES_KEY_BYTES];
  MDB_val key = {EDGES_KEY_BYTES, bytes}, value;
  MDB_txn *txn;
  unsigned found;
  edges_must(mdb_txn_begin(edges->env, NULL, MDB_RDONLY, &txn), "begin");
  edges_key(bytes, 0, from, to, id);
  found = mdb_get(txn, edges->dbi, &key, &value) == 0;
  edges_key(bytes, 1, to, from, id);
  found += mdb_get(txn, edges->dbi, &key, &value) == 0;
  mdb_txn_abort(txn);
  return found;
}
