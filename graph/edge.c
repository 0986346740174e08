/* SPDX-License-Identifier: MIT */
/*
 * Adding, finding and deleting edges. An edge is a key in "out" (its properties are the value), the
 * mirrored key in "in", and a record by id in "edges". Keys carry everything a traversal needs, so
 * that it never reads a value; an edge without properties has an empty one and no checksum: what it
 * says is written three times, and the three are compared where they meet. Rejected: all properties
 * in both directions; only the numbers that algorithms read are.
 */
#include <inttypes.h>

#include "segment_internal.h"

void tvi_adj_key(unsigned char key[TVI_ADJ_KEY_BYTES], tv_node node, uint32_t type,
                 tv_node neighbour, tv_edge edge) {
  tvi_store_be40(key, node);
  tvi_store_be16(key + 5, (uint16_t)type);
  tvi_store_be40(key + 7, neighbour);
  tvi_store_be40(key + 12, edge);
}

typedef struct edge_stores {
  tv_store *out, *in, *edges;
} edge_stores;

static int edge_stores_open(tv_graph *graph, edge_stores *stores) {
  int status = tvi_graph_store(graph, TVI_GRAPH_OUT, &stores->out);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_IN, &stores->in);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_EDGES, &stores->edges);
  return status;
}

static int edge_put(tv_graph *graph, const tv_edge_ref *ref, tv_slice list) {
  unsigned char id[TVI_EDGE_KEY_BYTES], ends[TVI_ADJ_KEY_BYTES];
  tv_store *edges;
  int status = tvi_graph_store(graph, TVI_GRAPH_EDGES, &edges);
  tvi_store_be40(id, ref->edge);
  tvi_adj_key(ends, ref->from, ref->type, ref->to, ref->edge);
  if (status == TV_OK && graph->edge_indexes != 0)
    status = tvi_index_note_edge(graph, ref, NULL, &list);
  if (status == TV_OK) status = tvi_edge_put_side(graph, TVI_GRAPH_OUT, ref, list, 1);
  if (status == TV_OK) status = tvi_edge_put_side(graph, TVI_GRAPH_IN, ref, list, 1);
  if (status == TV_OK) /* source, type, target: the key without the id */
    status = tvi_sealed_put(edges, tv_bytes(id, sizeof id), tv_bytes(ends, TVI_EDGE_RECORD_BYTES),
                            TV_PUT_APPEND);
  return status == TV_OK && graph->edge_indexes != 0 ? tvi_index_apply(graph) : status;
}

int tv_graph_edge_add(tv_graph *graph, tv_node from, tv_node to, const char *type, size_t n,
                      const tv_property *properties, tv_edge *edge) {
  char shown[TVI_SHOW_BYTES];
  tv_edge_ref ref;
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = tvi_node_check_cached(graph, from);
  if (status == TV_OK) status = tvi_node_check_cached(graph, to);
  if (status == TV_OK) status = tvi_properties_build(graph, n, properties);
  if (status == TV_OK) status = tvi_name_intern(graph, TVI_NAME_TYPE, type, &ref.type);
  if (status == TV_OK)
    status = tvi_columns_note(graph, tv_bytes(graph->record.data, graph->record.size));
  if (status == TV_OK) status = tvi_edge_ids(graph, &ref.edge);
  if (status != TV_OK) return status;
  if (ref.edge >= TV_EDGES_MAX)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "graph \"%s\" has given out all its edge ids",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown));
  ref.from = from;
  ref.to = to;
  status = edge_put(graph, &ref, tv_bytes(graph->record.data, graph->record.size));
  if (status != TV_OK) return status;
  graph->edge_ids.next = ref.edge + 1;
  if (edge != NULL) *edge = ref.edge;
  tvi_merge_note(graph);
  status = tvi_lifetimes_sweep_step(graph);
  return status == TV_OK ? tvi_merge_step(graph) : status;
}

int tvi_edge_lookup(tv_graph *graph, tv_edge edge, tv_edge_ref *out) {
  unsigned char id[TVI_EDGE_KEY_BYTES];
  const unsigned char *ends;
  tv_store *edges;
  tv_slice record;
  int status;
  if (edge >= TV_EDGES_MAX) return TV_NOTFOUND;
  tvi_store_be40(id, edge);
  status = tvi_graph_store(graph, TVI_GRAPH_EDGES, &edges);
  if (status == TV_OK) status = tvi_sealed_get(edges, tv_bytes(id, sizeof id), &record);
  if (status == TV_NOTFOUND) return tvi_range_find(graph, edge, out);
  if (status == TV_ECORRUPT || (status == TV_OK && record.size != TVI_EDGE_RECORD_BYTES))
    return tvi_graph_corrupt(graph, "the record of edge", edge);
  if (status != TV_OK) return status;
  ends = record.data;
  out->from = tvi_load_be40(ends);
  out->type = tvi_load_be16(ends + 5);
  out->to = tvi_load_be40(ends + 7);
  out->edge = edge;
  return TV_OK;
}

static int edge_lookup(tv_graph *graph, tv_edge edge, tv_edge_ref *out) {
  int status = tvi_edge_lookup(graph, edge, out);
  if (status == TV_OK && tvi_edge_gone(graph, out->from, out->to, edge)) return TV_NOTFOUND;
  return status;
}

int tv_graph_edge_find(tv_graph *graph, tv_edge edge, tv_edge_ref *out) {
  int status = tvi_graph_enter(graph);
  return status == TV_OK ? edge_lookup(graph, edge, out) : status;
}

/* Takes an edge out of one direction: its delta record goes, or one that says so comes. */
static int edge_erase_side(tv_graph *graph, tv_store *store, tv_slice key) {
  static const unsigned char dead = TVI_DELTA_DEAD;
  tv_slice value;
  int status = tv_store_get(store, key, &value);
  if (status == TV_OK && tvi_delta_is_dead(value)) return TV_NOTFOUND;
  if (status == TV_OK && !tvi_delta_is_over(value)) return tv_store_delete(store, key);
  if (status != TV_OK && (status != TV_NOTFOUND || (graph->features & TVI_GRAPH_HAS_SEGMENTS) == 0))
    return status;
  return tv_store_put(store, key, tv_bytes(&dead, 1), 0);
}

/* Takes away what is found by the edge's id. */
static int edge_erase_id(tv_graph *graph, tv_store *edges, tv_edge edge) {
  unsigned char id[TVI_EDGE_KEY_BYTES];
  tv_store *props;
  int status;
  tvi_store_be40(id, edge);
  status = tv_store_delete(edges, tv_bytes(id, sizeof id));
  if (status == TV_NOTFOUND && (graph->features & TVI_GRAPH_HAS_SEGMENTS) != 0)
    status = tvi_range_count_add(graph, -1);
  if (status != TV_OK || (graph->features & TVI_GRAPH_HAS_PROPS) == 0) return status;
  status = tvi_graph_store(graph, TVI_GRAPH_PROPS, &props);
  if (status == TV_OK) status = tv_store_delete(props, tv_bytes(id, sizeof id));
  return status == TV_NOTFOUND ? TV_OK : status;
}

/* Notes for the indexes that an edge's properties become `after` (NULL: that it goes). */
static int edge_note_change(tv_graph *graph, const tv_edge_ref *ref, const tv_slice *after) {
  tv_slice before;
  int status = tvi_edge_list(graph, ref, &before);
  if (status == TV_NOTFOUND) return tvi_graph_corrupt(graph, "the record of edge", ref->edge);
  return status == TV_OK ? tvi_index_note_edge(graph, ref, &before, after) : status;
}

int tvi_edge_erase(tv_graph *graph, const tv_edge_ref *ref) {
  unsigned char key[TVI_ADJ_KEY_BYTES];
  edge_stores stores;
  int status = tvi_edge_id_retire(graph, ref->edge);
  tvi_merge_note(graph);
  if (status == TV_OK) status = edge_stores_open(graph, &stores);
  if (status == TV_OK && graph->edge_indexes != 0) status = edge_note_change(graph, ref, NULL);
  if (status != TV_OK) return status;
  tvi_adj_key(key, ref->from, ref->type, ref->to, ref->edge);
  status = edge_erase_side(graph, stores.out, tv_bytes(key, sizeof key));
  tvi_adj_key(key, ref->to, ref->type, ref->from, ref->edge);
  if (status == TV_OK) status = edge_erase_side(graph, stores.in, tv_bytes(key, sizeof key));
  if (status == TV_OK) status = edge_erase_id(graph, stores.edges, ref->edge);
  if (status == TV_OK && graph->edge_indexes != 0) status = tvi_index_apply(graph);
  if (status == TV_OK) return tvi_lifetime_forget(graph, TVI_MORTAL_EDGE, ref->edge);
  if (status != TV_NOTFOUND) return status;
  return tvi_graph_corrupt(graph, "one of the records of edge", ref->edge);
}

int tv_graph_edge_delete(tv_graph *graph, tv_edge edge) {
  tv_edge_ref ref;
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = edge_lookup(graph, edge, &ref);
  if (status == TV_OK) status = tvi_edge_erase(graph, &ref);
  return status == TV_OK ? tvi_merge_step(graph) : status;
}
