/* SPDX-License-Identifier: MIT */
/*
 * Node records: key, labels and properties in one value, in an envelope. Rejected: the key in a
 * store of its own; most questions about a node want two of the three, and each store costs a
 * descent.
 */
#include <inttypes.h>
#include <string.h>

#include "graph_internal.h"

/* Reads a varint and moves on; 0 when cut off. */
static int record_varint(const unsigned char **at, const unsigned char *end, uint64_t *value) {
  size_t n = tvi_varint_get(*at, (size_t)(end - *at), value);
  *at += n;
  return n != 0;
}

static int record_decode(tv_slice payload, tvi_node_view *out) {
  const unsigned char *at = payload.data, *end = at + payload.size, *labels;
  uint64_t size, label, above = 0, i;
  if (!record_varint(&at, end, &size) || size == 0 || size > TV_KEY_BYTES_MAX ||
      size > (uint64_t)(end - at))
    return TV_ECORRUPT;
  out->key = tv_bytes(at, (size_t)size);
  at += size;
  if (!record_varint(&at, end, &out->label_count) || out->label_count > TV_LABELS_MAX)
    return TV_ECORRUPT;
  labels = at;
  for (i = 0; i < out->label_count; i++) {
    if (!record_varint(&at, end, &label) || label < above || label >= TV_LABELS_MAX)
      return TV_ECORRUPT;
    above = label + 1;
  }
  out->labels = tv_bytes(labels, (size_t)(at - labels));
  out->properties = tv_bytes(at, (size_t)(end - at));
  return TV_OK;
}

int tvi_node_read(tv_graph *graph, tv_node node, tvi_node_view *out) {
  if (tvi_node_gone(graph, node)) return tvi_graph_no_node(graph, node);
  return tvi_node_read_raw(graph, node, out);
}

int tvi_node_decode(tv_graph *graph, tv_node node, tv_slice value, tvi_node_view *out) {
  unsigned char key[TVI_NODE_KEY_BYTES];
  tvi_envelope envelope;
  int status;
  tvi_store_be40(key, node);
  status = tvi_envelope_unwrap(&graph->codec, tv_bytes(key, sizeof key), value, 1, &envelope);
  if (status == TV_OK) status = record_decode(envelope.payload, out);
  return status == TV_ECORRUPT ? tvi_graph_corrupt(graph, "the record of node", node) : status;
}

int tvi_node_read_raw(tv_graph *graph, tv_node node, tvi_node_view *out) {
  unsigned char key[TVI_NODE_KEY_BYTES];
  tv_store *nodes;
  tv_slice value;
  int status;
  if (node >= TV_NODES_MAX) return tvi_graph_no_node(graph, node);
  tvi_store_be40(key, node);
  status = tvi_graph_store(graph, TVI_GRAPH_NODES, &nodes);
  if (status == TV_OK) status = tv_store_get(nodes, tv_bytes(key, sizeof key), &value);
  if (status == TV_NOTFOUND) return tvi_graph_no_node(graph, node);
  return status == TV_OK ? tvi_node_decode(graph, node, value, out) : status;
}

static int record_append(tvi_buffer *buffer, tv_slice bytes) {
  return bytes.size == 0 ? TV_OK : tvi_buffer_append(buffer, bytes.data, bytes.size);
}

/* What the write changes in the indexes. */
static int record_note(tv_graph *graph, tv_node node, const tvi_node_view *view, int is_new) {
  tvi_node_view before;
  int status = is_new ? TV_OK : tvi_node_read_raw(graph, node, &before);
  return status == TV_OK ? tvi_index_note_node(graph, node, is_new ? NULL : &before, view) : status;
}

int tvi_node_write(tv_graph *graph, tv_node node, const tvi_node_view *view, unsigned flags) {
  unsigned char key[TVI_NODE_KEY_BYTES], head[TVI_VARINT_BYTES_MAX];
  tvi_buffer *record = &graph->record;
  tv_store *nodes;
  tv_slice wrapped;
  int status;
  record->size = 0;
  status = tvi_buffer_append(record, head, tvi_varint_put(head, view->key.size));
  if (status == TV_OK) status = record_append(record, view->key);
  if (status == TV_OK)
    status = tvi_buffer_append(record, head, tvi_varint_put(head, view->label_count));
  if (status == TV_OK) status = record_append(record, view->labels);
  if (status == TV_OK) status = record_append(record, view->properties);
  tvi_store_be40(key, node);
  if (status == TV_OK)
    status = tvi_envelope_wrap(&graph->codec, tv_bytes(key, sizeof key),
                               tv_bytes(record->data, record->size), 0, 0, &wrapped);
  if (status != TV_OK)
    return tvi_txn_fail(graph->txn, status, 0, "the record of node %" PRIu64 " (%zu bytes) %s",
                        node, record->size,
                        status == TV_ELIMIT ? "is too large" : "finds no memory");
  if (graph->node_indexes != 0)
    status = record_note(graph, node, view, (flags & TV_PUT_APPEND) != 0);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_NODES, &nodes);
  if (status == TV_OK) status = tv_store_put(nodes, tv_bytes(key, sizeof key), wrapped, flags);
  return status == TV_OK && graph->node_indexes != 0 ? tvi_index_apply(graph) : status;
}

int tvi_node_label_next(const tvi_node_view *view, size_t *at, uint32_t *label) {
  uint64_t value = 0;
  size_t n = tvi_varint_get((const unsigned char *)view->labels.data + *at, view->labels.size - *at,
                            &value);
  if (n == 0) return TV_END;
  *at += n;
  *label = (uint32_t)value;
  return TV_OK;
}

int tvi_node_label_in(const tvi_node_view *view, uint32_t label) {
  uint32_t found;
  size_t at = 0;
  while (tvi_node_label_next(view, &at, &found) == TV_OK)
    if (found == label) return 1;
  return 0;
}
