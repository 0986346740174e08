/* SPDX-License-Identifier: MIT */
/*
 * Labels of nodes, and walking over nodes. A label stands in the node's record and in an index
 * (label, node). Rejected: finding a label's nodes by reading all records: a label is the first
 * filter of most questions.
 */
#include <inttypes.h>
#include <string.h>

#include "graph_internal.h"

static tv_slice label_key(uint32_t label, tv_node node, unsigned char buffer[TVI_LABEL_KEY_BYTES]) {
  tvi_store_be16(buffer, (uint16_t)label);
  tvi_store_be40(buffer + 2, node);
  return tv_bytes(buffer, TVI_LABEL_KEY_BYTES);
}

int tvi_node_labels_edit(tv_graph *graph, tv_node node, tvi_node_view *view, uint32_t label,
                         int add, tvi_buffer *labels) {
  unsigned char bytes[3];
  uint32_t found;
  uint64_t count = 0;
  size_t at = 0;
  int status = TV_OK, pending = add, more;
  do {
    more = tvi_node_label_next(view, &at, &found) == TV_OK;
    if (pending && (!more || found > label)) {
      status = tvi_buffer_append(labels, bytes, tvi_varint_put(bytes, label));
      pending = 0;
      count++;
    }
    if (status != TV_OK || !more || (!add && found == label)) continue;
    status = tvi_buffer_append(labels, bytes, tvi_varint_put(bytes, found));
    count++;
  } while (more && status == TV_OK);
  if (status != TV_OK)
    return tvi_txn_fail(graph->txn, status, 0, "no memory for the labels of node %" PRIu64, node);
  view->labels = tv_bytes(labels->data, labels->size);
  view->label_count = count;
  return TV_OK;
}

/* Writes the node's record with `label` added or removed. */
static int label_rewrite(tv_graph *graph, tv_node node, tvi_node_view *view, uint32_t label,
                         int add) {
  tvi_buffer labels = {0};
  int status = tvi_node_labels_edit(graph, node, view, label, add, &labels);
  if (status == TV_OK) status = tvi_node_write(graph, node, view, 0);
  tvi_buffer_free(&labels);
  return status;
}

int tv_graph_label_add(tv_graph *graph, tv_node node, const char *label) {
  unsigned char key[TVI_LABEL_KEY_BYTES];
  tvi_node_view view;
  tv_store *labels;
  uint32_t number = 0;
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = tvi_node_check(graph, node);
  if (status == TV_OK) status = tvi_name_intern(graph, TVI_NAME_LABEL, label, &number);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_LABELS, &labels);
  if (status == TV_OK) status = tvi_node_read(graph, node, &view);
  if (status != TV_OK || tvi_node_label_in(&view, number)) return status;
  status = label_rewrite(graph, node, &view, number, 1);
  if (status != TV_OK) return status;
  return tv_store_put(labels, label_key(number, node, key), tv_bytes(NULL, 0), 0);
}

int tv_graph_label_remove(tv_graph *graph, tv_node node, const char *label) {
  unsigned char key[TVI_LABEL_KEY_BYTES];
  tvi_node_view view;
  tv_store *labels;
  uint32_t number;
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = tvi_node_read(graph, node, &view);
  if (status == TV_OK) status = tvi_name_find(graph, TVI_NAME_LABEL, label, &number);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_LABELS, &labels);
  if (status != TV_OK) return status;
  if (!tvi_node_label_in(&view, number)) return TV_NOTFOUND;
  status = label_rewrite(graph, node, &view, number, 0);
  if (status != TV_OK) return status;
  status = tv_store_delete(labels, label_key(number, node, key));
  return status == TV_NOTFOUND ? tvi_graph_corrupt(graph, "the label index of node", node) : status;
}

int tv_graph_label_has(tv_graph *graph, tv_node node, const char *label) {
  tvi_node_view view;
  uint32_t number;
  int status = tvi_graph_enter(graph);
  if (status == TV_OK) status = tvi_node_read(graph, node, &view);
  if (status != TV_OK) return status;
  status = tvi_name_find(graph, TVI_NAME_LABEL, label, &number);
  if (status != TV_OK) return status;
  return tvi_node_label_in(&view, number) ? TV_OK : TV_NOTFOUND;
}

static int label_visit_all(tv_graph *graph, tv_node node, const tvi_node_view *view,
                           int (*visit)(void *ctx, const char *label), void *ctx) {
  uint32_t label;
  size_t at = 0;
  while (tvi_node_label_next(view, &at, &label) == TV_OK) {
    const char *name;
    int status = tvi_name_text(graph, TVI_NAME_LABEL, label, &name);
    if (status == TV_NOTFOUND) return tvi_graph_corrupt(graph, "the record of node", node);
    if (status != TV_OK) return status;
    if (visit(ctx, name) != 0) return TV_STOP;
  }
  return TV_OK;
}

int tv_graph_node_labels(tv_graph *graph, tv_node node, int (*visit)(void *ctx, const char *label),
                         void *ctx) {
  tvi_node_view view;
  void *copy;
  int status = tvi_graph_enter(graph);
  if (status == TV_OK) status = tvi_node_read(graph, node, &view);
  if (status != TV_OK || view.labels.size == 0) return status;
  /* The callback may write to other stores, which may move the record. */
  copy = tvi_alloc(view.labels.size);
  if (copy == NULL)
    return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for the labels of node %" PRIu64,
                        node);
  memcpy(copy, view.labels.data, view.labels.size);
  view.labels.data = copy;
  graph->traversals++;
  status = label_visit_all(graph, node, &view, visit, ctx);
  graph->traversals--;
  tvi_free(copy);
  return status;
}

/* Walks keys of prefix_size + 5 bytes from `from` on, as long as they begin with from's prefix. */
static int label_walk(tv_graph *graph, tvi_graph_part part, tv_slice from, size_t prefix_size,
                      tv_node_fn visit, void *ctx) {
  char shown[TVI_SHOW_BYTES];
  tv_store *store;
  tv_cursor *cursor;
  tv_slice key;
  tv_node node;
  int status = tvi_graph_store(graph, part, &store);
  if (status == TV_OK) status = tv_cursor_open(store, &cursor);
  if (status != TV_OK) return status;
  graph->traversals++;
  status = tv_cursor_seek(cursor, from, &key, NULL);
  while (status == TV_OK) {
    if (key.size != prefix_size + TVI_NODE_KEY_BYTES) {
      status =
          tvi_txn_fail(graph->txn, TV_ECORRUPT, 0, "graph \"%s\": its list of nodes is damaged",
                       tvi_show(tv_str(tvi_graph_name(graph)), shown));
      break;
    }
    if (memcmp(key.data, from.data, prefix_size) != 0) break;
    node = tvi_load_be40((const unsigned char *)key.data + prefix_size);
    if (!tvi_node_gone(graph, node) && visit(ctx, node) != 0)
      status = TV_STOP;
    else
      status = tv_cursor_next(cursor, &key, NULL);
  }
  graph->traversals--;
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

int tv_graph_nodes_from(tv_graph *graph, const char *label, tv_node first, tv_node_fn visit,
                        void *ctx) {
  unsigned char from[TVI_LABEL_KEY_BYTES];
  uint32_t number;
  int status = tvi_graph_enter(graph);
  if (status != TV_OK || first >= TV_NODES_MAX) return status;
  if (label == NULL) {
    tvi_store_be40(from, first);
    return label_walk(graph, TVI_GRAPH_NODES, tv_bytes(from, TVI_NODE_KEY_BYTES), 0, visit, ctx);
  }
  status = tvi_name_find(graph, TVI_NAME_LABEL, label, &number);
  if (status == TV_NOTFOUND) return tvi_name_unknown(graph, TVI_NAME_LABEL, label);
  if (status != TV_OK) return status;
  return label_walk(graph, TVI_GRAPH_LABELS, label_key(number, first, from), 2, visit, ctx);
}

int tv_graph_nodes(tv_graph *graph, const char *label, tv_node_fn visit, void *ctx) {
  return tv_graph_nodes_from(graph, label, 0, visit, ctx);
}
