/* SPDX-License-Identifier: MIT */
/*
 * Checking a graph: every record is read, verified and compared with the others that say the same.
 * Problems are reported and the check goes on. Rejected: stopping at the first; whoever has a
 * damaged file wants to know how much of it is.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "graph_check_internal.h"

#define CHECK_SENTENCES_MAX 100
#define CHECK_SENTENCE_BYTES 256

int tvi_check_say(tvi_graph_check *check, const char *format, ...) {
  char sentence[CHECK_SENTENCE_BYTES];
  va_list list;
  if (++check->problems > CHECK_SENTENCES_MAX || check->report == NULL) return TV_OK;
  va_start(list, format);
  (void)vsnprintf(sentence, sizeof sentence, format, list);
  va_end(list);
  return check->report(check->ctx, sentence) == 0 ? TV_OK : TV_STOP;
}

int tvi_check_status(tvi_graph_check *check, int status) {
  if (status != TV_ECORRUPT) return status;
  return tvi_check_say(check, "%s", tv_txn_error(check->graph->txn)->message);
}

/* Calls fn for each entry of a part until it returns something else than TV_OK. */
static int check_each(tvi_graph_check *check, tvi_graph_part part,
                      int (*fn)(tvi_graph_check *check, tv_slice key, tv_slice value)) {
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  tv_store *store;
  tv_cursor *cursor;
  int status = tvi_graph_store(check->graph, part, &store);
  if (status == TV_OK) status = tv_cursor_open(store, &cursor);
  if (status != TV_OK) return tvi_check_status(check, status);
  while ((status = tv_cursor_next(cursor, &key, &value)) == TV_OK) {
    status = fn(check, key, value);
    if (status != TV_OK) break;
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : tvi_check_status(check, status);
}

/* ---- Nodes ---- */

static int check_node_id(tvi_graph_check *check, tv_slice key, tv_slice value) {
  tv_node node;
  (void)value;
  if (key.size != TVI_NODE_KEY_BYTES)
    return tvi_check_say(check, "a record of a node has a key of %zu bytes", key.size);
  node = tvi_load_be40(key.data);
  if (node >= check->node_ids)
    return tvi_check_say(check, "node %" PRIu64 " has an id not given out yet", node);
  return tvi_node_set_add(&check->nodes, node) == TV_ENOMEM
             ? tvi_txn_fail(check->graph->txn, TV_ENOMEM, 0, "no memory for the check of a graph")
             : TV_OK;
}

static int check_node_labels(tvi_graph_check *check, tv_node node, const tvi_node_view *view) {
  unsigned char key[TVI_LABEL_KEY_BYTES];
  tv_store *labels;
  size_t at = 0;
  uint32_t label;
  int status = tvi_graph_store(check->graph, TVI_GRAPH_LABELS, &labels);
  while (status == TV_OK && tvi_node_label_next(view, &at, &label) == TV_OK) {
    tv_slice value;
    tvi_store_be16(key, (uint16_t)label);
    tvi_store_be40(key + 2, node);
    status = tv_store_get(labels, tv_bytes(key, sizeof key), &value);
    if (status == TV_NOTFOUND)
      status =
          tvi_check_say(check, "label %u does not list its node %" PRIu64, (unsigned)label, node);
  }
  return status;
}

static int check_node(tvi_graph_check *check, tv_slice key, tv_slice value) {
  tvi_property_reader reader;
  tvi_node_view view;
  tv_store *keys;
  tv_slice id;
  uint32_t number;
  tv_value property;
  tv_node node;
  int status;
  (void)value;
  if (key.size != TVI_NODE_KEY_BYTES) return TV_OK; /* said before */
  node = tvi_load_be40(key.data);
  status = tvi_node_read_raw(check->graph, node, &view);
  if (status != TV_OK) return tvi_check_status(check, status);
  status = tvi_properties_begin(&reader, view.properties);
  while (status == TV_OK) status = tvi_properties_next(&reader, &number, &property);
  if (status == TV_ECORRUPT)
    status = tvi_check_say(check, "the properties of node %" PRIu64 " are damaged", node);
  if (status == TV_OK || status == TV_END) status = check_node_labels(check, node, &view);
  if (status == TV_OK) status = tvi_graph_store(check->graph, TVI_GRAPH_KEYS, &keys);
  if (status != TV_OK) return status;
  status = tvi_sealed_get(keys, view.key, &id);
  if (status == TV_OK && id.size == TVI_NODE_KEY_BYTES && tvi_load_be40(id.data) == node)
    return TV_OK;
  if (status != TV_OK && status != TV_NOTFOUND && status != TV_ECORRUPT) return status;
  return tvi_check_say(check, "the key of node %" PRIu64 " does not lead to it", node);
}

static int check_label(tvi_graph_check *check, tv_slice key, tv_slice value) {
  const unsigned char *bytes = key.data;
  tvi_node_view view;
  tv_node node;
  (void)value;
  if (key.size != TVI_LABEL_KEY_BYTES)
    return tvi_check_say(check, "an entry of a label has a key of %zu bytes", key.size);
  node = tvi_load_be40(bytes + 2);
  if (tvi_node_set_has(&check->nodes, node)) {
    int status = tvi_node_read_raw(check->graph, node, &view);
    if (status == TV_OK && tvi_node_label_in(&view, tvi_load_be16(bytes))) return TV_OK;
    if (status == TV_ECORRUPT) return TV_OK; /* said before */
    if (status != TV_OK && status != TV_ENONODE) return status;
  }
  return tvi_check_say(check, "label %u lists node %" PRIu64 ", which does not have it",
                       (unsigned)tvi_load_be16(bytes), node);
}

static int check_nodes(tvi_graph_check *check) {
  tv_store *keys, *nodes;
  uint64_t key_count = 0, node_count = 0;
  int status = check_each(check, TVI_GRAPH_NODES, check_node_id);
  if (status == TV_OK) status = check_each(check, TVI_GRAPH_NODES, check_node);
  if (status == TV_OK) status = check_each(check, TVI_GRAPH_LABELS, check_label);
  if (status == TV_OK) status = tvi_graph_store(check->graph, TVI_GRAPH_KEYS, &keys);
  if (status == TV_OK) status = tvi_graph_store(check->graph, TVI_GRAPH_NODES, &nodes);
  if (status == TV_OK) status = tv_store_count(keys, &key_count);
  if (status == TV_OK) status = tv_store_count(nodes, &node_count);
  if (status == TV_OK && key_count != node_count)
    status =
        tvi_check_say(check, "%" PRIu64 " keys lead to %" PRIu64 " nodes", key_count, node_count);
  return status;
}

/* ---- What is found by the id of an edge ---- */

static int check_edge_record(tvi_graph_check *check, tv_slice key, tv_slice value) {
  tv_edge_ref ref;
  tv_slice list;
  int status;
  (void)value;
  if (key.size != TVI_EDGE_KEY_BYTES)
    return tvi_check_say(check, "a record of an edge has a key of %zu bytes", key.size);
  status = tvi_edge_lookup(check->graph, tvi_load_be40(key.data), &ref);
  if (status == TV_OK) status = tvi_edge_list(check->graph, &ref, &list);
  if (status == TV_NOTFOUND)
    return tvi_check_say(check, "edge %" PRIu64 " has a record but is not at its source",
                         tvi_load_be40(key.data));
  return tvi_check_status(check, status);
}

static int check_edge_props(tvi_graph_check *check, tv_slice key, tv_slice value) {
  tvi_property_reader reader;
  tvi_envelope envelope;
  tv_edge_ref ref;
  uint32_t number;
  tv_value property;
  tv_edge edge;
  int status;
  if (key.size != TVI_EDGE_KEY_BYTES)
    return tvi_check_say(check, "properties of an edge have a key of %zu bytes", key.size);
  edge = tvi_load_be40(key.data);
  status = tvi_envelope_unwrap(&check->graph->codec, key, value, 1, &envelope);
  if (status == TV_OK) status = tvi_properties_begin(&reader, envelope.payload);
  while (status == TV_OK) status = tvi_properties_next(&reader, &number, &property);
  if (status == TV_ECORRUPT)
    return tvi_check_say(check, "the properties of edge %" PRIu64 " are damaged", edge);
  if (status != TV_END) return status;
  status = tvi_edge_lookup(check->graph, edge, &ref);
  if (status == TV_NOTFOUND)
    return tvi_check_say(check, "there are properties of edge %" PRIu64 ", which does not exist",
                         edge);
  return tvi_check_status(check, status);
}

/* As many edges as the counts say. */
static int check_counts(tvi_graph_check *check) {
  uint64_t single = 0, bulk = 0;
  tv_store *edges;
  int status = tvi_graph_store(check->graph, TVI_GRAPH_EDGES, &edges);
  if (status == TV_OK) status = tv_store_count(edges, &single);
  if (status == TV_OK) status = tvi_range_count(check->graph, &bulk);
  if (status == TV_OK && single + bulk != check->edges[0])
    status = tvi_check_say(check, "the graph counts %" PRIu64 " edges and has %" PRIu64,
                           single + bulk, check->edges[0]);
  return tvi_check_status(check, status);
}

static int check_all(tvi_graph_check *check) {
  int status = check_nodes(check);
  if (status == TV_OK) status = tvi_check_edges(check);
  if (status == TV_OK) status = check_each(check, TVI_GRAPH_EDGES, check_edge_record);
  if (status == TV_OK && (check->graph->features & TVI_GRAPH_HAS_PROPS) != 0)
    status = check_each(check, TVI_GRAPH_PROPS, check_edge_props);
  return status == TV_OK ? check_counts(check) : status;
}

static int check_index_problem(void *ctx, const char *sentence) {
  return tvi_check_say(ctx, "%s", sentence);
}

int tv_graph_check(tv_graph *graph, int (*report)(void *ctx, const char *sentence), void *ctx,
                   uint64_t *problems) {
  tvi_graph_check check = {.graph = graph, .report = report, .ctx = ctx};
  int status = tvi_graph_enter(graph);
  if (problems != NULL) *problems = 0;
  if (status != TV_OK) return status;
  graph->traversals++; /* the report must not write here */
  status = tvi_node_ids(graph, &check.node_ids);
  if (status == TV_OK) status = tvi_edge_ids(graph, &check.edge_ids);
  if (status == TV_OK) status = tvi_name_count(graph, TVI_NAME_TYPE, &check.types);
  if (status == TV_OK) status = tvi_columns_load(graph);
  if (status == TV_OK && tvi_node_set_open(&check.nodes, check.node_ids) != TV_OK)
    status = tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for the check of a graph");
  if (status == TV_OK) status = check_all(&check);
  /* Indexes are compared with records, which must be sound for that. */
  if (status == TV_OK && check.problems == 0)
    status = tvi_check_status(&check, tvi_index_check(graph, check_index_problem, &check));
  status = tvi_check_status(&check, status);
  tvi_node_set_close(&check.nodes);
  graph->traversals--;
  if (problems != NULL) *problems = check.problems;
  return status == TV_OK && check.problems != 0 ? TV_ECORRUPT : status;
}
