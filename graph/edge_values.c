/* SPDX-License-Identifier: MIT */
/*
 * Properties of edges: in the value of the delta's record while the edge has one; else those kept
 * in columns in its segment, and the rest by its id. Changing one that is in a column lays a delta
 * record over the edge in both directions. Rejected: changing the column in place, which writes a
 * segment for one number.
 */
#include <inttypes.h>
#include <string.h>

#include "segment_internal.h"

/* Wraps a property list under that key; an empty list is an empty value. */
static int edge_wrap(tv_graph *graph, tv_slice key, tv_edge edge, tv_slice list, tv_slice *value) {
  int status;
  *value = tv_bytes(NULL, 0);
  if (list.size == 0) return TV_OK;
  status = tvi_envelope_wrap(&graph->codec, key, list, 0, 0, value);
  if (status == TV_OK) return status;
  return tvi_txn_fail(graph->txn, status, 0, "the properties of edge %" PRIu64 " (%zu bytes) %s",
                      edge, list.size, status == TV_ELIMIT ? "are too large" : "find no memory");
}

static int edge_no_memory(tv_graph *graph, tv_edge edge) {
  return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for the properties of edge %" PRIu64,
                      edge);
}

static int edge_damaged(tv_graph *graph, tv_edge edge) {
  return tvi_graph_corrupt(graph, "the record of edge", edge);
}

/* Passes a status of a list on, with its message. */
static int edge_list_status(tv_graph *graph, tv_edge edge, int status) {
  if (status == TV_ECORRUPT) return edge_damaged(graph, edge);
  return status == TV_ENOMEM ? edge_no_memory(graph, edge) : status;
}

/* ---- Writing ---- */

/* *over: 1 when the edge is in a segment, so its delta record has to say that it replaces it. */
static int edge_is_over(tv_store *store, tv_slice key, int *over) {
  tv_slice value;
  int status = tv_store_get(store, key, &value);
  if (status != TV_OK && status != TV_NOTFOUND) return status;
  *over = status == TV_NOTFOUND || tvi_delta_is_over(value);
  return TV_OK;
}

int tvi_edge_put_side(tv_graph *graph, tvi_graph_part part, const tv_edge_ref *ref, tv_slice list,
                      int fresh) {
  static const unsigned char mark = TVI_DELTA_OVER;
  unsigned char bytes[TVI_ADJ_KEY_BYTES];
  tv_slice key = tv_bytes(bytes, sizeof bytes), value;
  tv_store *store;
  int over = 0, status = tvi_graph_store(graph, part, &store);
  if (part == TVI_GRAPH_OUT) {
    tvi_adj_key(bytes, ref->from, ref->type, ref->to, ref->edge);
  } else {
    tvi_adj_key(bytes, ref->to, ref->type, ref->from, ref->edge);
    graph->numbers.size = 0;
    if (status == TV_OK && list.size != 0)
      status =
          edge_list_status(graph, ref->edge, tvi_columns_split(graph, list, 1, &graph->numbers));
    list = tv_bytes(graph->numbers.data, graph->numbers.size);
  }
  if (status == TV_OK && !fresh) status = edge_is_over(store, key, &over);
  if (status == TV_OK) status = edge_wrap(graph, key, ref->edge, list, &value);
  if (status == TV_OK && over) {
    graph->wrapped.size = 0;
    if (tvi_buffer_append(&graph->wrapped, &mark, 1) != TV_OK ||
        (value.size != 0 && tvi_buffer_append(&graph->wrapped, value.data, value.size) != TV_OK))
      return edge_no_memory(graph, ref->edge);
    value = tv_bytes(graph->wrapped.data, graph->wrapped.size);
  }
  return status == TV_OK ? tv_store_put(store, key, value, 0) : status;
}

int tvi_edge_props_put(tv_graph *graph, tv_edge edge, tv_slice list) {
  unsigned char id[TVI_EDGE_KEY_BYTES];
  tv_slice value;
  tv_store *props;
  int status = TV_OK;
  if (list.size == 0 && (graph->features & TVI_GRAPH_HAS_PROPS) == 0) return TV_OK;
  status = tvi_graph_add_feature(graph, TVI_GRAPH_HAS_PROPS, TVI_GRAPH_PROPS);
  tvi_store_be40(id, edge);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_PROPS, &props);
  if (status == TV_OK && list.size == 0) {
    status = tv_store_delete(props, tv_bytes(id, sizeof id));
    return status == TV_NOTFOUND ? TV_OK : status;
  }
  if (status == TV_OK) status = edge_wrap(graph, tv_bytes(id, sizeof id), edge, list, &value);
  return status == TV_OK ? tv_store_put(props, tv_bytes(id, sizeof id), value, 0) : status;
}

/* ---- Reading ---- */

int tvi_delta_list(tv_graph *graph, tv_slice key, tv_slice value, tv_slice *list) {
  tvi_envelope envelope;
  int status;
  if (tvi_delta_is_over(value))
    value = tv_bytes((const unsigned char *)value.data + 1, value.size - 1);
  *list = tv_bytes(NULL, 0);
  if (value.size == 0) return TV_OK;
  status = tvi_envelope_unwrap(&graph->codec, key, value, 1, &envelope);
  if (status == TV_ECORRUPT)
    return edge_damaged(graph, tvi_load_be40((const unsigned char *)key.data + 12));
  if (status == TV_OK) *list = envelope.payload;
  return status;
}

/* Where an edge was found. */
typedef struct edge_found {
  tv_slice list;  /* of the delta's record, or by id */
  int in_segment; /* 1: its columns count too */
  tvi_segment segment;
  size_t at;
} edge_found;

/* Whether an edge without a delta record is in a segment, and its properties there. */
static int edge_read_segment(tv_graph *graph, const tv_edge_ref *ref, edge_found *found) {
  unsigned char id[TVI_EDGE_KEY_BYTES];
  tvi_envelope envelope;
  tv_store *props;
  tv_slice value;
  int status = tvi_segment_get(graph, TV_OUT, tvi_block_of(ref->from), ref->type, &found->segment);
  if (status == TV_OK)
    status = tvi_segment_find(graph, &found->segment, ref->from, ref->to, ref->edge, &found->at);
  if (status != TV_OK) return status;
  found->in_segment = 1;
  if ((graph->features & TVI_GRAPH_HAS_PROPS) == 0) return TV_OK;
  tvi_store_be40(id, ref->edge);
  status = tvi_graph_store(graph, TVI_GRAPH_PROPS, &props);
  if (status == TV_OK) status = tv_store_get(props, tv_bytes(id, sizeof id), &value);
  if (status != TV_OK) return status == TV_NOTFOUND ? TV_OK : status;
  status = tvi_envelope_unwrap(&graph->codec, tv_bytes(id, sizeof id), value, 1, &envelope);
  if (status == TV_OK) found->list = envelope.payload;
  return edge_list_status(graph, ref->edge, status);
}

/* Whether it has expired or not. TV_NOTFOUND (no message) when there is no such edge. */
static int edge_read_raw(tv_graph *graph, const tv_edge_ref *ref, edge_found *found) {
  unsigned char bytes[TVI_ADJ_KEY_BYTES];
  tv_store *out;
  tv_slice key = tv_bytes(bytes, sizeof bytes), value;
  int status = tvi_graph_store(graph, TVI_GRAPH_OUT, &out);
  found->list = tv_bytes(NULL, 0);
  found->in_segment = 0;
  if (status != TV_OK) return status;
  if (ref->from >= TV_NODES_MAX || ref->to >= TV_NODES_MAX || ref->edge >= TV_EDGES_MAX ||
      ref->type >= TV_LABELS_MAX)
    return TV_NOTFOUND;
  tvi_adj_key(bytes, ref->from, ref->type, ref->to, ref->edge);
  status = tv_store_get(out, key, &value);
  if (status == TV_NOTFOUND) return edge_read_segment(graph, ref, found);
  if (status != TV_OK || value.size == 0) return status;
  if (tvi_delta_is_dead(value)) return TV_NOTFOUND;
  return tvi_delta_list(graph, key, value, &found->list);
}

static int edge_read(tv_graph *graph, const tv_edge_ref *ref, edge_found *found) {
  if (tvi_edge_gone(graph, ref->from, ref->to, ref->edge)) return TV_NOTFOUND;
  return edge_read_raw(graph, ref, found);
}

/* Appends the entries of a list whose numbers are below `end`; *number is that of the one read. */
static int edge_take_entries(tvi_property_reader *reader, int *more, uint32_t *number, uint32_t end,
                             tvi_buffer *out, uint64_t *count) {
  while (*more == TV_OK && *number < end) {
    const unsigned char *entry = reader->entry;
    tv_value value;
    int status = tvi_buffer_append(out, entry, (size_t)(reader->at - entry));
    if (status != TV_OK) return status;
    ++*count;
    *more = tvi_properties_next(reader, number, &value);
  }
  return *more == TV_END ? TV_OK : *more;
}

/* Merges the columns' values into the list that is kept by the edge's id: *count entries. */
static int edge_merge(const edge_found *found, tvi_buffer *out, uint64_t *count) {
  unsigned char head[TVI_VARINT_BYTES_MAX];
  tvi_property_reader reader;
  tv_value value;
  uint32_t i, number = 0;
  int status = tvi_properties_begin(&reader, found->list), more;
  if (status != TV_OK) return status;
  more = tvi_properties_next(&reader, &number, &value);
  for (i = 0; i < found->segment.columns && status == TV_OK; i++) {
    tvi_segment_column column;
    tvi_segment_column_at(&found->segment, i, &column);
    if (!tvi_segment_column_value(&column, found->at, &value)) continue;
    status = edge_take_entries(&reader, &more, &number, column.property, out, count);
    if (status == TV_OK && more == TV_OK && number == column.property) return TV_ECORRUPT;
    if (status == TV_OK)
      status = tvi_buffer_append(out, head, tvi_varint_put(head, column.property));
    if (status == TV_OK) status = tvi_value_append(out, &value);
    ++*count;
  }
  if (status != TV_OK) return status;
  return edge_take_entries(&reader, &more, &number, UINT32_MAX, out, count);
}

/* All properties of an edge as one list, in graph->list when it has to be put together. */
static int edge_whole(tv_graph *graph, tv_edge edge, const edge_found *found, tv_slice *list) {
  unsigned char head[TVI_VARINT_BYTES_MAX];
  tvi_buffer *body = &graph->numbers;
  uint64_t count = 0;
  int status;
  *list = found->list;
  if (!found->in_segment || found->segment.columns == 0) return TV_OK;
  body->size = graph->list.size = 0;
  status = edge_merge(found, body, &count);
  if (status == TV_OK && count == 0) return TV_OK;
  if (status == TV_OK) status = tvi_buffer_append(&graph->list, head, tvi_varint_put(head, count));
  if (status == TV_OK) status = tvi_buffer_append(&graph->list, body->data, body->size);
  *list = tv_bytes(graph->list.data, graph->list.size);
  return edge_list_status(graph, edge, status);
}

int tvi_edge_list(tv_graph *graph, const tv_edge_ref *ref, tv_slice *list) {
  edge_found found;
  int status = edge_read_raw(graph, ref, &found);
  return status == TV_OK ? edge_whole(graph, ref->edge, &found, list) : status;
}

/* ---- Changing some ---- */

/* Whether two lists differ in what goes to columns. */
static int edge_columns_differ(tv_graph *graph, tv_slice a, tv_slice b, int *differ) {
  tvi_buffer of_a = {0}, of_b = {0};
  int status = tvi_columns_split(graph, a, 1, &of_a);
  if (status == TV_OK) status = tvi_columns_split(graph, b, 1, &of_b);
  *differ =
      of_a.size != of_b.size || (of_a.size != 0 && memcmp(of_a.data, of_b.data, of_a.size) != 0);
  tvi_buffer_free(&of_a);
  tvi_buffer_free(&of_b);
  return status;
}

/* Writes a changed list: over the edge in both directions, or by its id when its columns stay. */
static int edge_put_list(tv_graph *graph, const tv_edge_ref *ref, tv_slice before, tv_slice list) {
  tvi_buffer rest = {0};
  unsigned char bytes[TVI_ADJ_KEY_BYTES];
  tv_slice value;
  tv_store *out;
  int differ = 1, in_delta, status = tvi_graph_store(graph, TVI_GRAPH_OUT, &out);
  tvi_adj_key(bytes, ref->from, ref->type, ref->to, ref->edge);
  if (status == TV_OK) status = tv_store_get(out, tv_bytes(bytes, sizeof bytes), &value);
  if (status != TV_OK && status != TV_NOTFOUND) return status;
  in_delta = status == TV_OK;
  status = edge_list_status(graph, ref->edge, edge_columns_differ(graph, before, list, &differ));
  if (status == TV_OK && !differ && !in_delta) {
    status = edge_list_status(graph, ref->edge, tvi_columns_split(graph, list, 0, &rest));
    if (status == TV_OK)
      status = tvi_edge_props_put(graph, ref->edge, tv_bytes(rest.data, rest.size));
    tvi_buffer_free(&rest);
    return status;
  }
  tvi_merge_note(graph);
  if (status == TV_OK) status = tvi_edge_put_side(graph, TVI_GRAPH_OUT, ref, list, 0);
  if (status == TV_OK && differ) status = tvi_edge_put_side(graph, TVI_GRAPH_IN, ref, list, 0);
  return status;
}

/* What an edit makes of the edge's list, written and indexed. */
static int edge_edit(tv_graph *graph, const tv_edge_ref *ref, const tvi_property_edit *edit) {
  tv_slice before, list;
  int status = tvi_edge_list(graph, ref, &before);
  if (status == TV_NOTFOUND) status = edge_damaged(graph, ref->edge);
  graph->record.size = 0;
  if (status == TV_OK)
    status = edge_list_status(graph, ref->edge,
                              tvi_property_edit_apply(graph, edit, before, &graph->record));
  list = tv_bytes(graph->record.data, graph->record.size);
  if (status == TV_OK && graph->edge_indexes != 0)
    status = tvi_index_note_edge(graph, ref, &before, &list);
  if (status == TV_OK) status = edge_put_list(graph, ref, before, list);
  return status == TV_OK && graph->edge_indexes != 0 ? tvi_index_apply(graph) : status;
}

int tv_graph_edge_update(tv_graph *graph, tv_edge edge, size_t n, const tv_property *properties) {
  tvi_property_edit edit;
  tv_edge_ref ref;
  size_t i;
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = tv_graph_edge_find(graph, edge, &ref);
  if (status != TV_OK) return status;
  status = tvi_property_edit_open(graph, n, properties, &edit);
  for (i = 0; i < edit.n && status == TV_OK; i++) {
    tv_value value = {TV_NULL, {0}};
    if (edit.parts[i].size != 0) value.type = graph->values.data[edit.parts[i].at];
    status = tvi_columns_note_one(graph, edit.parts[i].number, &value);
  }
  if (status == TV_OK && edit.n != 0) status = edge_edit(graph, &ref, &edit);
  tvi_property_edit_close(&edit);
  return status == TV_OK ? tvi_merge_step(graph) : status;
}

int tv_graph_edge_set(tv_graph *graph, tv_edge edge, const char *name, tv_value value) {
  tv_property property = {name, value};
  return tv_graph_edge_update(graph, edge, 1, &property);
}

/* The value of one property of an edge that was found; TV_NULL with TV_NOTFOUND. */
static int edge_value(tv_graph *graph, tv_edge edge, const edge_found *found, uint32_t number,
                      tv_value *value) {
  tvi_segment_column column;
  int status;
  if (found->in_segment && tvi_segment_column_find(&found->segment, number, &column) &&
      tvi_segment_column_value(&column, found->at, value))
    return TV_OK;
  status = tvi_properties_get(found->list, number, value);
  if (status != TV_OK) value->type = TV_NULL;
  return edge_list_status(graph, edge, status);
}

int tvi_edge_value(tv_graph *graph, const tv_edge_ref *ref, uint32_t number, tv_value *value) {
  edge_found found;
  int status = edge_read_raw(graph, ref, &found);
  return status == TV_OK ? edge_value(graph, ref->edge, &found, number, value) : status;
}

int tv_graph_edge_get(tv_graph *graph, const tv_edge_ref *edge, const char *name, tv_value *value) {
  edge_found found;
  uint32_t number;
  int status = tvi_graph_enter(graph);
  value->type = TV_NULL;
  if (status == TV_OK) status = tvi_name_find(graph, TVI_NAME_PROPERTY, name, &number);
  if (status == TV_OK) status = edge_read(graph, edge, &found);
  return status == TV_OK ? edge_value(graph, edge->edge, &found, number, value) : status;
}

int tv_graph_edge_properties(tv_graph *graph, const tv_edge_ref *edge, tv_property_fn visit,
                             void *ctx) {
  tvi_buffer kept;
  edge_found found;
  tv_slice list;
  int status = tvi_graph_enter(graph);
  if (status == TV_OK) status = edge_read(graph, edge, &found);
  if (status == TV_OK) status = edge_whole(graph, edge->edge, &found, &list);
  if (status != TV_OK) return status;
  kept = graph->list; /* the callback may read other edges */
  graph->list = (tvi_buffer){0};
  status = tvi_properties_visit(graph, list, "the record of edge", edge->edge, visit, ctx);
  tvi_buffer_free(&graph->list);
  graph->list = kept;
  return status;
}
