/* SPDX-License-Identifier: MIT */
/*
 * Nodes: creating, finding and deleting them, their keys and properties. A node is in three
 * stores: by key, by id and, for each label, by label (node_label.c). Rejected: nodes identified
 * by their key alone, without ids: each edge would carry two keys twice, and a visited set could be
 * no bitmap.
 */
#include <inttypes.h>
#include <string.h>

#include "adjacency_internal.h"

static int node_key_check(tv_graph *graph, tv_slice key) {
  if (key.size != 0 && key.size <= TV_KEY_BYTES_MAX && key.data != NULL) return TV_OK;
  return tvi_txn_fail(graph->txn, TV_EKEYSIZE, 0,
                      "a node's key has 1 to %d bytes, this one has %zu", TV_KEY_BYTES_MAX,
                      key.size);
}

/* TV_OK, TV_NOTFOUND (no message), TV_ECORRUPT. */
static int node_lookup(tv_graph *graph, tv_slice key, tv_node *node) {
  char shown[TVI_SHOW_BYTES], shown_key[TVI_SHOW_BYTES];
  tv_store *keys;
  tv_slice value;
  int status = tvi_graph_store(graph, TVI_GRAPH_KEYS, &keys);
  if (status == TV_OK) status = tvi_sealed_get(keys, key, &value);
  if (status == TV_ECORRUPT || (status == TV_OK && value.size != TVI_NODE_KEY_BYTES))
    return tvi_txn_fail(graph->txn, TV_ECORRUPT, 0,
                        "graph \"%s\": the id of the node with key \"%s\" is damaged",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown), tvi_show(key, shown_key));
  if (status == TV_OK) *node = tvi_load_be40(value.data);
  return status;
}

static int node_put_label(tv_graph *graph, tv_node node, uint32_t label) {
  unsigned char key[TVI_LABEL_KEY_BYTES];
  tv_store *labels;
  int status = tvi_graph_store(graph, TVI_GRAPH_LABELS, &labels);
  tvi_store_be16(key, (uint16_t)label);
  tvi_store_be40(key + 2, node);
  return status == TV_OK ? tv_store_put(labels, tv_bytes(key, sizeof key), tv_bytes(NULL, 0), 0)
                         : status;
}

/* Puts a node's record and keys; label: its number, or -1 for none. */
static int node_create(tv_graph *graph, tv_slice key, int64_t label, tv_slice properties,
                       tv_node *node) {
  unsigned char id[TVI_NODE_KEY_BYTES], label_bytes[TVI_VARINT_BYTES_MAX];
  char shown[TVI_SHOW_BYTES];
  tvi_node_view view = {0};
  tv_store *keys;
  uint64_t next;
  int status = tvi_node_ids(graph, &next);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_KEYS, &keys);
  if (status != TV_OK) return status;
  if (next >= TV_NODES_MAX)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "graph \"%s\" has given out all its node ids",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown));
  view.key = key;
  view.properties = properties;
  if (label >= 0) {
    view.label_count = 1;
    view.labels = tv_bytes(label_bytes, tvi_varint_put(label_bytes, (uint64_t)label));
  }
  tvi_store_be40(id, next);
  status = tvi_node_write(graph, next, &view, TV_PUT_APPEND);
  if (status == TV_OK) status = tvi_sealed_put(keys, key, tv_bytes(id, sizeof id), 0);
  if (status == TV_OK && label >= 0) status = node_put_label(graph, next, (uint32_t)label);
  if (status != TV_OK) return status;
  graph->node_ids.next = next + 1;
  *node = next;
  return TV_OK;
}

/* Sets properties of a node that exists and gives it a label (-1: none), writing it once. */
static int node_change(tv_graph *graph, tv_node node, int64_t label,
                       const tvi_property_edit *edit) {
  tvi_buffer list = {0}, labels = {0};
  tvi_node_view view;
  int status = tvi_node_read(graph, node, &view), new_label;
  if (status != TV_OK) return status;
  new_label = label >= 0 && !tvi_node_label_in(&view, (uint32_t)label);
  if (!new_label && edit->n == 0) return TV_OK;
  if (new_label) status = tvi_node_labels_edit(graph, node, &view, (uint32_t)label, 1, &labels);
  if (status == TV_OK) status = tvi_property_edit_apply(graph, edit, view.properties, &list);
  if (status == TV_ECORRUPT) status = tvi_graph_corrupt(graph, "the record of node", node);
  view.properties = tv_bytes(list.data, list.size);
  if (status == TV_OK) status = tvi_node_write(graph, node, &view, 0);
  if (status == TV_OK && new_label) status = node_put_label(graph, node, (uint32_t)label);
  tvi_buffer_free(&list);
  tvi_buffer_free(&labels);
  return status;
}

/* The same for a key that is new, or whose node has expired. */
static int node_make(tv_graph *graph, tv_slice key, tv_node expired, int64_t label,
                     const tvi_property_edit *edit, tv_node *node) {
  uint64_t left = UINT64_MAX;
  tvi_buffer list = {0};
  int status = expired == TV_NODE_NONE ? TV_OK : tvi_node_erase(graph, expired, &left);
  if (status == TV_OK) status = tvi_property_edit_apply(graph, edit, tv_bytes(NULL, 0), &list);
  if (status == TV_OK)
    status = node_create(graph, key, label, tv_bytes(list.data, list.size), node);
  tvi_buffer_free(&list);
  return status;
}

int tv_graph_node_upsert(tv_graph *graph, tv_slice key, const char *label, size_t n,
                         const tv_property *properties, tv_node *node) {
  unsigned char key_copy[TV_KEY_BYTES_MAX];
  tv_node found = TV_NODE_NONE;
  tvi_property_edit edit;
  uint32_t number = 0;
  int64_t given = -1;
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = node_key_check(graph, key);
  if (status != TV_OK) return status;
  /* The key may be borrowed from this transaction, and the first write may move it. */
  memcpy(key_copy, key.data, key.size);
  key.data = key_copy;
  status = tvi_property_edit_open(graph, n, properties, &edit);
  if (status == TV_OK && label != NULL) {
    status = tvi_name_intern(graph, TVI_NAME_LABEL, label, &number);
    given = number;
  }
  if (status == TV_OK) status = node_lookup(graph, key, &found);
  if (status == TV_NOTFOUND || (status == TV_OK && tvi_node_gone(graph, found)))
    status = node_make(graph, key, found, given, &edit, &found);
  else if (status == TV_OK && (label != NULL || n != 0))
    status = node_change(graph, found, given, &edit);
  tvi_property_edit_close(&edit);
  if (status == TV_OK && node != NULL) *node = found;
  return status == TV_OK ? tvi_lifetimes_sweep_step(graph) : status;
}

int tv_graph_node_put(tv_graph *graph, tv_slice key, const char *label, tv_node *node) {
  return tv_graph_node_upsert(graph, key, label, 0, NULL, node);
}

int tv_graph_node_update(tv_graph *graph, tv_node node, size_t n, const tv_property *properties) {
  tvi_property_edit edit;
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = tvi_node_check(graph, node);
  if (status != TV_OK) return status;
  status = tvi_property_edit_open(graph, n, properties, &edit);
  if (status == TV_OK) status = node_change(graph, node, -1, &edit);
  tvi_property_edit_close(&edit);
  return status;
}

int tv_graph_node_find(tv_graph *graph, tv_slice key, tv_node *node) {
  tv_node found;
  int status = tvi_graph_enter(graph);
  if (status == TV_OK) status = node_key_check(graph, key);
  if (status == TV_OK) status = node_lookup(graph, key, &found);
  if (status == TV_OK && tvi_node_gone(graph, found)) return TV_NOTFOUND;
  if (status == TV_OK) *node = found;
  return status;
}

int tv_graph_node_key(tv_graph *graph, tv_node node, tv_slice *key) {
  tvi_node_view view;
  int status = tvi_graph_enter(graph);
  if (status == TV_OK) status = tvi_node_read(graph, node, &view);
  if (status == TV_OK) *key = view.key;
  return status;
}

/* Deletes the edges of one direction, a run at a time; the reader finds its place again by node,
 * because what it stood on is gone. */
static int node_delete_edges(tv_graph *graph, tv_node node, int direction, uint64_t *left) {
  tvi_type_set all = {0};
  tvi_adj_reader reader;
  tvi_adj_run run;
  tv_edge_ref last;
  int begun = 0, status = tvi_adj_open(&reader, graph, direction, &all);
  if (status != TV_OK) return status;
  reader.raw = 1;
  while (*left > 0) {
    size_t i;
    if (begun)
      tvi_adj_seek_after(&reader, node, &last);
    else
      tvi_adj_seek(&reader, node);
    status = tvi_adj_next(&reader, &run);
    for (i = 0; status == TV_OK && i<run.n && * left> 0; i++, --*left) {
      last = tvi_adj_ref(&run, i, direction);
      begun = 1;
      status = tvi_edge_erase(graph, &last);
    }
    if (status != TV_OK) break;
  }
  tvi_adj_close(&reader);
  return status == TV_END ? TV_OK : status;
}

static int node_delete_labels(tv_graph *graph, tv_node node) {
  unsigned char key[TVI_LABEL_KEY_BYTES];
  tvi_node_view view;
  tv_store *labels;
  uint32_t label;
  size_t at = 0;
  int status = tvi_graph_store(graph, TVI_GRAPH_LABELS, &labels);
  tvi_store_be40(key + 2, node);
  while (status == TV_OK) {
    /* Read anew each time: the delete before may have moved the record. */
    status = tvi_node_read_raw(graph, node, &view);
    if (status != TV_OK || tvi_node_label_next(&view, &at, &label) != TV_OK) break;
    tvi_store_be16(key, (uint16_t)label);
    status = tv_store_delete(labels, tv_bytes(key, sizeof key));
    if (status == TV_NOTFOUND) return tvi_graph_corrupt(graph, "the label index of node", node);
  }
  return status;
}

static int node_delete_records(tv_graph *graph, tv_node node) {
  unsigned char id[TVI_NODE_KEY_BYTES], key[TV_KEY_BYTES_MAX];
  tv_store *keys, *nodes;
  tvi_node_view view;
  size_t key_size;
  int status = tvi_node_id_retire(graph, node);
  if (status == TV_OK) status = tvi_node_read_raw(graph, node, &view);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_KEYS, &keys);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_NODES, &nodes);
  if (status != TV_OK) return status;
  if (graph->node_indexes != 0) {
    status = tvi_index_note_node(graph, node, &view, NULL);
    if (status != TV_OK) return status;
  }
  key_size = view.key.size;
  memcpy(key, view.key.data, key_size);
  tvi_store_be40(id, node);
  status = tv_store_delete(keys, tv_bytes(key, key_size));
  if (status == TV_OK) status = tv_store_delete(nodes, tv_bytes(id, sizeof id));
  if (status == TV_NOTFOUND) return tvi_graph_corrupt(graph, "the key of node", node);
  return status == TV_OK && graph->node_indexes != 0 ? tvi_index_apply(graph) : status;
}

int tvi_node_erase(tv_graph *graph, tv_node node, uint64_t *left) {
  int status;
  tvi_node_forget(graph, node);
  status = node_delete_edges(graph, node, TV_OUT, left);
  if (status == TV_OK) status = node_delete_edges(graph, node, TV_IN, left);
  if (status != TV_OK || *left == 0) return status;
  --*left;
  status = node_delete_labels(graph, node);
  if (status == TV_OK) status = node_delete_records(graph, node);
  return status == TV_OK ? tvi_lifetime_forget(graph, TVI_MORTAL_NODE, node) : status;
}

int tv_graph_node_delete(tv_graph *graph, tv_node node) {
  unsigned char id[TVI_NODE_KEY_BYTES];
  uint64_t left = UINT64_MAX;
  tv_store *nodes;
  tv_slice value;
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_NODES, &nodes);
  if (status != TV_OK) return status;
  if (node >= TV_NODES_MAX || tvi_node_gone(graph, node)) return TV_NOTFOUND;
  tvi_store_be40(id, node);
  status = tv_store_get(nodes, tv_bytes(id, sizeof id), &value);
  if (status == TV_OK) status = tvi_node_erase(graph, node, &left);
  return status == TV_OK ? tvi_merge_step(graph) : status;
}

int tv_graph_node_set(tv_graph *graph, tv_node node, const char *name, tv_value value) {
  tv_property property = {name, value};
  return tv_graph_node_update(graph, node, 1, &property);
}

int tv_graph_node_get(tv_graph *graph, tv_node node, const char *name, tv_value *value) {
  tvi_node_view view;
  uint32_t number;
  int status = tvi_graph_enter(graph), found;
  value->type = TV_NULL;
  if (status == TV_OK) status = tvi_node_read(graph, node, &view);
  if (status != TV_OK) return status;
  found = tvi_name_find(graph, TVI_NAME_PROPERTY, name, &number);
  if (found != TV_OK) return found;
  status = tvi_properties_get(view.properties, number, value);
  if (status != TV_OK) value->type = TV_NULL;
  return status == TV_ECORRUPT ? tvi_graph_corrupt(graph, "the record of node", node) : status;
}

int tv_graph_node_properties(tv_graph *graph, tv_node node, tv_property_fn visit, void *ctx) {
  tvi_node_view view;
  int status = tvi_graph_enter(graph);
  if (status == TV_OK) status = tvi_node_read(graph, node, &view);
  if (status != TV_OK) return status;
  return tvi_properties_visit(graph, view.properties, "the record of node", node, visit, ctx);
}
