/* SPDX-License-Identifier: MIT */
/*
 * Keeping indexes exact. The place that writes a record notes here what its change means for every
 * index, while the old record and the new are both at hand; then it writes the record, then what
 * was noted is applied. So a unique index refuses before anything is written, and no caller has to
 * know which call touches which index. Rejected: a change log that a later step reads; the index
 * would not be exact within the transaction.
 */
#include <inttypes.h>
#include <string.h>

#include "property_index_internal.h"

/* A noted change: one byte, 1: erase; le16 size; the key. */
#define INDEX_CHANGE_HEAD_BYTES 3

void tvi_index_key_put(tvi_index_key *key, uint32_t index, const tv_value *value, uint64_t id) {
  tvi_store_be16(key->bytes, (uint16_t)index);
  key->size = 2 + tvi_order_put(key->bytes + 2, value, &key->cut);
  tvi_store_be40(key->bytes + key->size, id);
  key->size += TVI_INDEX_ID_BYTES;
}

static const char *index_record_of(const tvi_index_def *def) {
  return def->kind == TV_INDEX_NODES ? "the record of node" : "the record of edge";
}

int tvi_index_value(tv_graph *graph, const tvi_index_def *def, uint64_t id, tv_value *value) {
  tvi_node_view view;
  tv_edge_ref ref;
  int status;
  if (def->kind == TV_INDEX_EDGES) {
    status = tvi_edge_lookup(graph, id, &ref);
    return status == TV_OK ? tvi_edge_value(graph, &ref, def->property, value) : status;
  }
  status = tvi_node_read_raw(graph, id, &view);
  if (status == TV_OK) status = tvi_properties_get(view.properties, def->property, value);
  return status == TV_ECORRUPT ? tvi_graph_corrupt(graph, index_record_of(def), id) : status;
}

int tvi_index_gone(tv_graph *graph, const tvi_index_def *def, uint64_t id, int *gone) {
  tv_edge_ref ref;
  int status;
  *gone = def->kind == TV_INDEX_NODES && tvi_node_gone(graph, id);
  if (def->kind == TV_INDEX_NODES || graph->gone_count == 0) return TV_OK;
  status = tvi_edge_lookup(graph, id, &ref);
  if (status == TV_NOTFOUND) return tvi_graph_corrupt(graph, "an index entry of edge", id);
  if (status == TV_OK) *gone = tvi_edge_gone(graph, ref.from, ref.to, id);
  return status;
}

/* Whether the entry of another one means the same value. */
static int index_entry_rivals(tv_graph *graph, const tvi_index_def *def, const tv_value *value,
                              uint64_t id, int cut, int *rivals) {
  tvi_buffer kept;
  tv_value other;
  int gone, order, status = tvi_index_gone(graph, def, id, &gone);
  *rivals = status == TV_OK && !gone;
  if (status != TV_OK || gone || !cut) return status;
  kept = graph->list; /* `value` may be in it */
  graph->list = (tvi_buffer){0};
  status = tvi_index_value(graph, def, id, &other);
  if (status == TV_OK) *rivals = tv_value_compare(&other, value, &order) == TV_OK && order == 0;
  tvi_buffer_free(&graph->list);
  graph->list = kept;
  return status;
}

int tvi_index_check_unique(tv_graph *graph, const tvi_index_def *def, const tv_value *value,
                           uint64_t id) {
  tvi_index_key key;
  tv_store *entries;
  tv_cursor *cursor;
  tv_slice found;
  tvi_buffer kept;
  size_t prefix;
  uint64_t other = 0;
  int status = tvi_graph_store(graph, TVI_GRAPH_INDEXES, &entries), rivals = 0;
  tvi_index_key_put(&key, def->number, value, 0);
  prefix = key.size - TVI_INDEX_ID_BYTES;
  if (status == TV_OK) status = tv_cursor_open(entries, &cursor);
  if (status != TV_OK) return status;
  kept = graph->list; /* the value may lie in it, and others are read */
  graph->list = (tvi_buffer){0};
  status = tv_cursor_seek(cursor, tv_bytes(key.bytes, prefix), &found, NULL);
  while (status == TV_OK && found.size == key.size && memcmp(found.data, key.bytes, prefix) == 0) {
    other = tvi_load_be40((const unsigned char *)found.data + prefix);
    if (other != id) status = index_entry_rivals(graph, def, value, other, key.cut, &rivals);
    if (status != TV_OK || rivals) break;
    status = tv_cursor_next(cursor, &found, NULL);
  }
  tv_cursor_close(cursor);
  tvi_buffer_free(&graph->list);
  graph->list = kept;
  if (rivals)
    return tvi_txn_fail(graph->txn, TV_EXISTS, 0,
                        "%s %" PRIu64 " and %" PRIu64 " would have equal values in a unique index",
                        def->kind == TV_INDEX_NODES ? "nodes" : "edges", other, id);
  return status == TV_END ? TV_OK : status;
}

int tvi_index_enter(tv_graph *graph, const tvi_index_def *def, tv_store *store, uint64_t id,
                    const tv_value *value) {
  tvi_index_key key;
  int gone = 0, status = TV_OK;
  tvi_index_key_put(&key, def->number, value, id);
  if ((def->flags & TV_INDEX_UNIQUE) != 0) {
    status = tvi_index_gone(graph, def, id, &gone);
    if (status == TV_OK && !gone) status = tvi_index_check_unique(graph, def, value, id);
  }
  return status == TV_OK ? tv_store_put(store, tv_bytes(key.bytes, key.size), tv_bytes(NULL, 0), 0)
                         : status;
}

/* ---- Noting ---- */

static int index_note(tv_graph *graph, const tvi_index_key *key, int erase) {
  unsigned char head[INDEX_CHANGE_HEAD_BYTES];
  int status;
  head[0] = (unsigned char)erase;
  tvi_store_le16(head + 1, (uint16_t)key->size);
  status = tvi_buffer_append(&graph->index_changes, head, sizeof head);
  if (status == TV_OK) status = tvi_buffer_append(&graph->index_changes, key->bytes, key->size);
  if (status != TV_OK)
    return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for the changes of an index");
  return TV_OK;
}

/* The key of a record's entry in an index. TV_NOTFOUND: it has none. list NULL: it is not in it. */
static int index_entry_of(tv_graph *graph, const tvi_index_def *def, uint64_t id,
                          const tv_slice *list, tv_value *value, tvi_index_key *key) {
  int status = list == NULL ? TV_NOTFOUND : tvi_properties_get(*list, def->property, value);
  if (status == TV_ECORRUPT) return tvi_graph_corrupt(graph, index_record_of(def), id);
  if (status == TV_OK) tvi_index_key_put(key, def->number, value, id);
  return status;
}

static int index_note_change(tv_graph *graph, const tvi_index_def *def, uint64_t id,
                             const tv_slice *before, const tv_slice *after) {
  tvi_index_key old_key, new_key;
  tv_value old_value, new_value;
  int had, has, same, status = TV_OK;
  had = index_entry_of(graph, def, id, before, &old_value, &old_key);
  has = index_entry_of(graph, def, id, after, &new_value, &new_key);
  if (had < 0) return had;
  if (has < 0) return has;
  same = had == TV_OK && has == TV_OK && old_key.size == new_key.size &&
         memcmp(old_key.bytes, new_key.bytes, new_key.size) == 0;
  if (has == TV_OK && (!same || new_key.cut) && (def->flags & TV_INDEX_UNIQUE) != 0)
    status = tvi_index_check_unique(graph, def, &new_value, id);
  if (status != TV_OK || same) return status;
  if (had == TV_OK) status = index_note(graph, &old_key, 1);
  if (status == TV_OK && has == TV_OK) status = index_note(graph, &new_key, 0);
  return status;
}

static int index_holds_node(const tvi_index_def *def, const tvi_node_view *view) {
  return view != NULL && (def->label == TVI_INDEX_ANY || tvi_node_label_in(view, def->label));
}

int tvi_index_note_node(tv_graph *graph, tv_node node, const tvi_node_view *before,
                        const tvi_node_view *after) {
  size_t i;
  int status = TV_OK;
  graph->index_changes.size = 0;
  for (i = 0; i < graph->index_count && status == TV_OK; i++) {
    const tvi_index_def *def = &graph->indexes[i];
    if (def->kind == TV_INDEX_NODES)
      status = index_note_change(graph, def, node,
                                 index_holds_node(def, before) ? &before->properties : NULL,
                                 index_holds_node(def, after) ? &after->properties : NULL);
  }
  return status;
}

int tvi_index_note_edge(tv_graph *graph, const tv_edge_ref *ref, const tv_slice *before,
                        const tv_slice *after) {
  size_t i;
  int status = TV_OK;
  graph->index_changes.size = 0;
  for (i = 0; i < graph->index_count && status == TV_OK; i++) {
    const tvi_index_def *def = &graph->indexes[i];
    if (def->kind == TV_INDEX_EDGES && (def->label == TVI_INDEX_ANY || def->label == ref->type))
      status = index_note_change(graph, def, ref->edge, before, after);
  }
  return status;
}

int tvi_index_apply(tv_graph *graph) {
  char shown[TVI_SHOW_BYTES];
  const unsigned char *at = graph->index_changes.data;
  const unsigned char *end = at + graph->index_changes.size;
  tv_store *entries;
  int status;
  if (at == end) return TV_OK;
  status = tvi_graph_store(graph, TVI_GRAPH_INDEXES, &entries);
  while (status == TV_OK && at < end) {
    tv_slice key = tv_bytes(at + INDEX_CHANGE_HEAD_BYTES, tvi_load_le16(at + 1));
    status = at[0] != 0 ? tv_store_delete(entries, key)
                        : tv_store_put(entries, key, tv_bytes(NULL, 0), 0);
    at += INDEX_CHANGE_HEAD_BYTES + key.size;
  }
  if (status == TV_NOTFOUND)
    return tvi_txn_fail(graph->txn, TV_ECORRUPT, 0, "graph \"%s\": an index lacks an entry",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown));
  return status;
}
