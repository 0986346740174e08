/* SPDX-License-Identifier: MIT */
/*
 * Ids of nodes and edges: dense, ascending, never given out twice. The next id is one more than the
 * last in the store or than the *floor* in the master store, whichever is higher; the floor is the
 * last id deleted while it was the last, and written only then. Rejected: counters kept as records,
 * which cost a put for each node and edge (or a hook before commit, which the engine does not
 * have): this way a load writes none, and commit, rollback and savepoints need no care at all.
 */
#include <inttypes.h>
#include <string.h>

#include "graph_internal.h"

/* Both kinds of id are keys of five bytes, be40. */
#define ID_KEY_BYTES 5
_Static_assert(TVI_NODE_KEY_BYTES == ID_KEY_BYTES && TVI_EDGE_KEY_BYTES == ID_KEY_BYTES, "be40");

typedef struct id_kind {
  tvi_graph_part part;
  char floor_key[2];
  const char *what;
} id_kind;
static const id_kind id_of_nodes = {TVI_GRAPH_NODES, {'f', 'n'}, "the last node id"};
static const id_kind id_of_edges = {TVI_GRAPH_EDGES, {'f', 'e'}, "the last edge id"};

static int id_last(tv_graph *graph, const id_kind *kind, uint64_t *next) {
  tv_store *store;
  tv_cursor *cursor;
  tv_slice key;
  int status = tvi_graph_store(graph, kind->part, &store);
  if (status == TV_OK) status = tv_cursor_open(store, &cursor);
  if (status != TV_OK) return status;
  status = tv_cursor_last(cursor, &key, NULL);
  *next = 0;
  if (status == TV_OK && key.size != ID_KEY_BYTES)
    status = tvi_graph_corrupt(graph, kind->what, 0);
  else if (status == TV_OK)
    *next = tvi_load_be40(key.data) + 1;
  else if (status == TV_END)
    status = TV_OK;
  tv_cursor_close(cursor);
  return status;
}

static int id_next(tv_graph *graph, tvi_id_source *source, const id_kind *kind, uint64_t *next) {
  tv_slice floor;
  int status;
  if (TVI_LIKELY(source->known)) {
    *next = source->next;
    return TV_OK;
  }
  status = id_last(graph, kind, &source->next);
  if (status != TV_OK) return status;
  status = tvi_sealed_get(graph->master, tv_bytes(kind->floor_key, 2), &floor);
  if (status == TV_ECORRUPT || (status == TV_OK && floor.size != ID_KEY_BYTES))
    return tvi_graph_corrupt(graph, kind->what, source->next);
  if (status == TV_OK && tvi_load_be40(floor.data) >= source->next)
    source->next = tvi_load_be40(floor.data) + 1;
  if (status != TV_OK && status != TV_NOTFOUND) return status;
  source->known = 1;
  *next = source->next;
  return TV_OK;
}

int tvi_node_ids(tv_graph *graph, uint64_t *next) {
  return id_next(graph, &graph->node_ids, &id_of_nodes, next);
}

int tvi_edge_ids(tv_graph *graph, uint64_t *next) {
  return id_next(graph, &graph->edge_ids, &id_of_edges, next);
}

static int id_retire(tv_graph *graph, const id_kind *kind, uint64_t id, uint64_t next) {
  unsigned char floor[ID_KEY_BYTES];
  if (id + 1 != next) return TV_OK;
  tvi_store_be40(floor, id);
  return tvi_sealed_put(graph->master, tv_bytes(kind->floor_key, 2), tv_bytes(floor, sizeof floor),
                        0);
}

int tvi_node_id_retire(tv_graph *graph, tv_node node) {
  uint64_t next;
  int status = tvi_node_ids(graph, &next);
  return status != TV_OK ? status : id_retire(graph, &id_of_nodes, node, next);
}

int tvi_edge_id_retire(tv_graph *graph, tv_edge edge) {
  uint64_t next;
  int status = tvi_edge_ids(graph, &next);
  return status != TV_OK ? status : id_retire(graph, &id_of_edges, edge, next);
}

int tvi_edge_ids_skip(tv_graph *graph, uint64_t n) {
  uint64_t next;
  int status = tvi_edge_ids(graph, &next);
  if (status == TV_OK) status = id_retire(graph, &id_of_edges, next + n - 1, next + n);
  if (status == TV_OK) graph->edge_ids.next = next + n;
  return status;
}

int tvi_node_check(tv_graph *graph, tv_node node) {
  unsigned char key[TVI_NODE_KEY_BYTES];
  tv_store *nodes;
  tv_slice value;
  int status;
  if (node >= TV_NODES_MAX || tvi_node_gone(graph, node)) return tvi_graph_no_node(graph, node);
  tvi_store_be40(key, node);
  status = tvi_graph_store(graph, TVI_GRAPH_NODES, &nodes);
  if (status == TV_OK) status = tv_store_get(nodes, tv_bytes(key, sizeof key), &value);
  return status == TV_NOTFOUND ? tvi_graph_no_node(graph, node) : status;
}

int tvi_node_check_cached(tv_graph *graph, tv_node node) {
  uint64_t *slot;
  int status;
  if (graph->known == NULL) {
    graph->known = tvi_zalloc(TVI_KNOWN_NODES * sizeof *graph->known);
    if (graph->known == NULL)
      return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for a graph's handle");
  }
  slot = &graph->known[node % TVI_KNOWN_NODES];
  if (*slot == node + 1 && node != TV_NODE_NONE) return TV_OK;
  status = tvi_node_check(graph, node);
  if (status == TV_OK) *slot = node + 1;
  return status;
}

void tvi_node_forget(tv_graph *graph, tv_node node) {
  if (graph->known != NULL) graph->known[node % TVI_KNOWN_NODES] = 0;
}
