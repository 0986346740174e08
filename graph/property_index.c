/* SPDX-License-Identifier: MIT */
/*
 * Property indexes as things: which there are, making and dropping them. What they are is read once
 * into the handle and forgotten with the rest of it when the transaction's epoch changes. Rejected:
 * a store for each index; a file has a thousand, made ahead, and a graph may want fifty indexes.
 */
#include <inttypes.h>
#include <string.h>

#include "adjacency_internal.h"
#include "property_index_internal.h"

#define INDEX_DEF_KEY_BYTES 3 /* 'i', be16 number */
#define INDEX_DEF_BYTES 6     /* kind, flags, be16 label or type, be16 property */

static const char index_kind_letters[2] = {'n', 'e'}; /* by tv_index_kind */

static int index_damaged(tv_graph *graph) {
  char shown[TVI_SHOW_BYTES];
  return tvi_txn_fail(graph->txn, TV_ECORRUPT, 0, "graph \"%s\": its list of indexes is damaged",
                      tvi_show(tv_str(tvi_graph_name(graph)), shown));
}

void tvi_indexes_forget(tv_graph *graph) {
  tvi_free(graph->indexes);
  graph->indexes = NULL;
  graph->index_count = graph->node_indexes = graph->edge_indexes = 0;
}

/* Adds one to those that the handle knows. */
static int index_remember(tv_graph *graph, const tvi_index_def *def) {
  tvi_index_def *all =
      tvi_realloc(graph->indexes, (graph->index_count + 1) * sizeof *graph->indexes);
  if (all == NULL)
    return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for %zu indexes",
                        graph->index_count + 1);
  graph->indexes = all;
  all[graph->index_count++] = *def;
  *(def->kind == TV_INDEX_NODES ? &graph->node_indexes : &graph->edge_indexes) += 1;
  return TV_OK;
}

static tv_slice index_def_key(uint32_t number, unsigned char key[INDEX_DEF_KEY_BYTES]) {
  key[0] = 'i';
  tvi_store_be16(key + 1, (uint16_t)number);
  return tv_bytes(key, INDEX_DEF_KEY_BYTES);
}

static int index_def_read(tv_graph *graph, tv_slice key, tvi_index_def *def) {
  const unsigned char *bytes;
  tv_slice value;
  int status = tvi_sealed_get(graph->master, key, &value);
  if (status != TV_OK && status != TV_ECORRUPT) return status;
  if (status == TV_ECORRUPT || value.size != INDEX_DEF_BYTES) return index_damaged(graph);
  bytes = value.data;
  def->number = tvi_load_be16((const unsigned char *)key.data + 1);
  def->kind = bytes[0] == (unsigned char)index_kind_letters[TV_INDEX_EDGES] ? TV_INDEX_EDGES
                                                                            : TV_INDEX_NODES;
  def->flags = bytes[1];
  def->label = tvi_load_be16(bytes + 2);
  def->property = tvi_load_be16(bytes + 4);
  if (bytes[0] != (unsigned char)index_kind_letters[def->kind] || def->flags > TV_INDEX_UNIQUE)
    return index_damaged(graph);
  return TV_OK;
}

int tvi_indexes_load(tv_graph *graph) {
  unsigned char copy[INDEX_DEF_KEY_BYTES];
  tv_cursor *cursor;
  tv_slice key;
  tvi_index_def def;
  int status = tv_cursor_open(graph->master, &cursor);
  tvi_indexes_forget(graph);
  if (status != TV_OK) return status;
  status = tv_cursor_seek(cursor, tv_str("i"), &key, NULL);
  while (status == TV_OK && key.size == sizeof copy && *(const unsigned char *)key.data == 'i') {
    memcpy(copy, key.data, sizeof copy);
    status = index_def_read(graph, tv_bytes(copy, sizeof copy), &def);
    if (status == TV_OK) status = index_remember(graph, &def);
    if (status == TV_OK) status = tv_cursor_next(cursor, &key, NULL);
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

static int index_argument_check(tv_graph *graph, const tv_index *index) {
  if (index != NULL && (index->kind == TV_INDEX_NODES || index->kind == TV_INDEX_EDGES) &&
      index->property != NULL)
    return TV_OK;
  return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "an index has a kind and a property");
}

static tvi_name_space index_label_space(int kind) {
  return kind == TV_INDEX_NODES ? TVI_NAME_LABEL : TVI_NAME_TYPE;
}

int tvi_index_find(tv_graph *graph, const tv_index *index, tvi_index_def *def) {
  uint32_t label = TVI_INDEX_ANY, property;
  size_t i;
  int status = index_argument_check(graph, index);
  if (status == TV_OK) status = tvi_name_find(graph, TVI_NAME_PROPERTY, index->property, &property);
  if (status == TV_OK && index->label != NULL)
    status = tvi_name_find(graph, index_label_space(index->kind), index->label, &label);
  if (status != TV_OK) return status;
  for (i = 0; i < graph->index_count; i++) {
    *def = graph->indexes[i];
    if (def->kind == index->kind && def->label == label && def->property == property) return TV_OK;
  }
  return TV_NOTFOUND;
}

/* ---- Making one ---- */

static int index_fill_nodes(tv_graph *graph, const tvi_index_def *def, tv_store *entries) {
  unsigned char from[2];
  size_t prefix = def->label == TVI_INDEX_ANY ? 0 : sizeof from;
  tv_store *nodes;
  tv_cursor *cursor;
  tv_slice key;
  tv_value value;
  int status = tvi_graph_store(graph, prefix == 0 ? TVI_GRAPH_NODES : TVI_GRAPH_LABELS, &nodes);
  if (status == TV_OK) status = tv_cursor_open(nodes, &cursor);
  if (status != TV_OK) return status;
  tvi_store_be16(from, (uint16_t)def->label);
  status = prefix == 0 ? tv_cursor_first(cursor, &key, NULL)
                       : tv_cursor_seek(cursor, tv_bytes(from, sizeof from), &key, NULL);
  while (status == TV_OK && key.size == prefix + TVI_NODE_KEY_BYTES &&
         memcmp(key.data, from, prefix) == 0) {
    tv_node node = tvi_load_be40((const unsigned char *)key.data + prefix);
    status = tvi_index_value(graph, def, node, &value);
    if (status == TV_OK) status = tvi_index_enter(graph, def, entries, node, &value);
    if (status == TV_OK || status == TV_NOTFOUND) status = tv_cursor_next(cursor, &key, NULL);
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

static int index_fill_run(tv_graph *graph, const tvi_index_def *def, tv_store *entries,
                          const tvi_adj_run *run) {
  size_t i;
  int status = TV_OK;
  for (i = 0; i < run->n && status == TV_OK; i++) {
    tv_edge_ref ref = tvi_adj_ref(run, i, TV_OUT);
    tv_slice list;
    tv_value value;
    status = tvi_edge_list(graph, &ref, &list);
    if (status == TV_NOTFOUND || (status == TV_OK && list.size == 0)) {
      status = TV_OK;
      continue;
    }
    if (status == TV_OK) status = tvi_properties_get(list, def->property, &value);
    if (status == TV_ECORRUPT) return tvi_graph_corrupt(graph, "the record of edge", ref.edge);
    if (status == TV_OK) status = tvi_index_enter(graph, def, entries, ref.edge, &value);
    if (status == TV_NOTFOUND) status = TV_OK;
  }
  return status;
}

static int index_fill_edges(tv_graph *graph, const tvi_index_def *def, tv_store *entries) {
  tvi_type_set all = {0};
  tvi_adj_reader reader;
  tvi_adj_run run;
  int status = tvi_adj_open(&reader, graph, TV_OUT, &all);
  if (status == TV_OK) {
    reader.raw = 1;
    status = tvi_adj_scan(&reader, NULL);
  }
  while (status == TV_OK && (status = tvi_adj_next(&reader, &run)) == TV_OK)
    if (def->label == TVI_INDEX_ANY || def->label == run.type)
      status = index_fill_run(graph, def, entries, &run);
  tvi_adj_close(&reader);
  return status == TV_END ? TV_OK : status;
}

static int index_define(tv_graph *graph, const tvi_index_def *def) {
  unsigned char key[INDEX_DEF_KEY_BYTES], bytes[INDEX_DEF_BYTES];
  bytes[0] = (unsigned char)index_kind_letters[def->kind];
  bytes[1] = (unsigned char)def->flags;
  tvi_store_be16(bytes + 2, (uint16_t)def->label);
  tvi_store_be16(bytes + 4, (uint16_t)def->property);
  return tvi_sealed_put(graph->master, index_def_key(def->number, key),
                        tv_bytes(bytes, sizeof bytes), 0);
}

/* Removes entries and definition. */
static int index_remove(tv_graph *graph, const tvi_index_def *def) {
  unsigned char key_bytes[INDEX_DEF_KEY_BYTES], prefix[2], copy[TVI_INDEX_KEY_BYTES_MAX];
  tv_store *entries;
  tv_cursor *cursor;
  tv_slice key;
  int status = tvi_graph_store(graph, TVI_GRAPH_INDEXES, &entries);
  if (status == TV_OK) status = tv_cursor_open(entries, &cursor);
  if (status != TV_OK) return status;
  tvi_store_be16(prefix, (uint16_t)def->number);
  status = tv_cursor_seek(cursor, tv_bytes(prefix, sizeof prefix), &key, NULL);
  while (status == TV_OK && key.size >= sizeof prefix && key.size <= sizeof copy &&
         memcmp(key.data, prefix, sizeof prefix) == 0) {
    memcpy(copy, key.data, key.size);
    status = tv_store_delete(entries, tv_bytes(copy, key.size));
    if (status == TV_OK) status = tv_cursor_next(cursor, &key, NULL);
  }
  tv_cursor_close(cursor);
  if (status == TV_OK || status == TV_END)
    status = tv_store_delete(graph->master, index_def_key(def->number, key_bytes));
  if (status == TV_OK) graph->features_known = 0; /* read anew with the next call */
  return status == TV_NOTFOUND ? index_damaged(graph) : status;
}

static int index_make(tv_graph *graph, const tvi_index_def *def) {
  tv_store *entries;
  int status = tvi_graph_add_feature(graph, TVI_GRAPH_HAS_INDEXES, TVI_GRAPH_INDEXES);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_INDEXES, &entries);
  if (status == TV_OK) status = index_define(graph, def);
  if (status != TV_OK) return status;
  status = def->kind == TV_INDEX_NODES ? index_fill_nodes(graph, def, entries)
                                       : index_fill_edges(graph, def, entries);
  if (status == TV_OK) return index_remember(graph, def);
  /* Two equal values are the caller's affair: nothing is left of the index. */
  if (status == TV_EXISTS && index_remove(graph, def) != TV_OK)
    return tvi_txn_fail(graph->txn, TV_ECORRUPT, 0, "an index that was not made could not go");
  return status;
}

/* The least number that no index has. */
static uint32_t index_free_number(const tv_graph *graph) {
  uint32_t number = 0;
  size_t i = 0;
  while (i < graph->index_count) {
    if (graph->indexes[i++].number != number) continue;
    number++;
    i = 0;
  }
  return number;
}

int tv_graph_index_create(tv_graph *graph, const tv_index *index, unsigned flags) {
  char shown[TVI_SHOW_BYTES], shown_property[TVI_SHOW_BYTES];
  tvi_index_def def;
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = index_argument_check(graph, index);
  if (status != TV_OK) return status;
  if ((flags & ~(unsigned)TV_INDEX_UNIQUE) != 0)
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "flags %u of an index are unknown", flags);
  status = tvi_index_find(graph, index, &def);
  if (status == TV_OK)
    return tvi_txn_fail(graph->txn, TV_EXISTS, 0,
                        "graph \"%s\" has an index of the property \"%s\" already",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown),
                        tvi_show(tv_str(index->property), shown_property));
  if (status != TV_NOTFOUND) return status;
  if (graph->index_count >= TV_INDEXES_MAX)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "graph \"%s\" has %zu indexes, no more fit",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown), graph->index_count);
  def = (tvi_index_def){index_free_number(graph), index->kind, flags, TVI_INDEX_ANY, 0};
  status = tvi_name_intern(graph, TVI_NAME_PROPERTY, index->property, &def.property);
  if (status == TV_OK && index->label != NULL)
    status = tvi_name_intern(graph, index_label_space(index->kind), index->label, &def.label);
  return status == TV_OK ? index_make(graph, &def) : status;
}

int tv_graph_index_drop(tv_graph *graph, const tv_index *index) {
  tvi_index_def def;
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = tvi_index_find(graph, index, &def);
  return status == TV_OK ? index_remove(graph, &def) : status;
}

static int index_show(tv_graph *graph, const tvi_index_def *def, tv_index *index) {
  int status = tvi_name_text(graph, TVI_NAME_PROPERTY, def->property, &index->property);
  index->kind = def->kind;
  index->label = NULL;
  if (status == TV_OK && def->label != TVI_INDEX_ANY)
    status = tvi_name_text(graph, index_label_space(def->kind), def->label, &index->label);
  return status == TV_NOTFOUND ? index_damaged(graph) : status;
}

int tv_graph_index_list(tv_graph *graph, tv_index_fn visit, void *ctx) {
  size_t i;
  int status = tvi_graph_enter(graph);
  if (status != TV_OK) return status;
  graph->traversals++;
  for (i = 0; i < graph->index_count && status == TV_OK; i++) {
    tv_index index;
    status = index_show(graph, &graph->indexes[i], &index);
    if (status == TV_OK && visit(ctx, &index, graph->indexes[i].flags) != 0) status = TV_STOP;
  }
  graph->traversals--;
  return status;
}
