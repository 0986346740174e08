/* SPDX-License-Identifier: MIT */
/*
 * Whether indexes are exact: every entry is what its record says, and there are as many entries as
 * records that want one. Rejected: building a second index and comparing; it would take the memory
 * of the index, where two passes of look-ups take none.
 */
#include <inttypes.h>
#include <string.h>

#include "adjacency_internal.h"
#include "property_index_internal.h"

typedef struct index_check {
  tv_graph *graph;
  int (*report)(void *ctx, const char *sentence);
  void *ctx;
  tv_store *entries;
} index_check;

static int index_check_say(index_check *check, const tvi_index_def *def, uint64_t id,
                           const char *what) {
  char shown[TVI_SHOW_BYTES];
  tv_error problem;
  (void)tvi_error_set(&problem, TV_ECORRUPT, 0, "graph \"%s\": index %" PRIu32 " %s %s %" PRIu64,
                      tvi_show(tv_str(tvi_graph_name(check->graph)), shown), def->number, what,
                      def->kind == TV_INDEX_NODES ? "node" : "edge", id);
  return check->report(check->ctx, problem.message) != 0 ? TV_STOP : TV_OK;
}

static const tvi_index_def *index_check_def(const index_check *check, uint32_t number) {
  size_t i;
  for (i = 0; i < check->graph->index_count; i++)
    if (check->graph->indexes[i].number == number) return &check->graph->indexes[i];
  return NULL;
}

/* Whether the record of an entry is in the index at all, by label or type. */
static int index_check_member(index_check *check, const tvi_index_def *def, uint64_t id,
                              int *member) {
  tvi_node_view view;
  tv_edge_ref ref;
  int status;
  *member = 1;
  if (def->label == TVI_INDEX_ANY) return TV_OK;
  if (def->kind == TV_INDEX_NODES) {
    status = tvi_node_read_raw(check->graph, id, &view);
    if (status == TV_OK) *member = tvi_node_label_in(&view, def->label);
  } else {
    status = tvi_edge_lookup(check->graph, id, &ref);
    if (status == TV_OK) *member = ref.type == def->label;
  }
  return status;
}

static int index_check_entry(index_check *check, tv_slice key) {
  const tvi_index_def *def = NULL;
  tvi_index_key expected;
  tv_value value;
  uint64_t id;
  int status, member = 0;
  if (key.size > 2 + TVI_INDEX_ID_BYTES) def = index_check_def(check, tvi_load_be16(key.data));
  if (def == NULL) {
    static const tvi_index_def none = {UINT16_MAX, TV_INDEX_NODES, 0, 0, 0};
    return index_check_say(check, &none, 0, "does not exist but has an entry, as for");
  }
  id = tvi_load_be40((const unsigned char *)key.data + key.size - TVI_INDEX_ID_BYTES);
  status = tvi_index_value(check->graph, def, id, &value);
  if (status == TV_OK) status = index_check_member(check, def, id, &member);
  if (status == TV_NOTFOUND || status == TV_ENONODE || (status == TV_OK && !member))
    return index_check_say(check, def, id, "has an entry too many, of");
  if (status != TV_OK) return status;
  tvi_index_key_put(&expected, def->number, &value, id);
  if (key.size == expected.size && memcmp(key.data, expected.bytes, key.size) == 0) return TV_OK;
  return index_check_say(check, def, id, "has another value than the record of");
}

static int index_check_entries(index_check *check) {
  tv_cursor *cursor;
  tv_slice key;
  int status = tv_cursor_open(check->entries, &cursor);
  if (status != TV_OK) return status;
  while ((status = tv_cursor_next(cursor, &key, NULL)) == TV_OK) {
    status = index_check_entry(check, key);
    if (status != TV_OK) break;
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

/* Every index that a record belongs to must have its entry. */
static int index_check_record(index_check *check, const tvi_index_def *def, uint64_t id,
                              tv_slice list) {
  tvi_index_key key;
  tv_value value;
  tv_slice unused;
  int status = tvi_properties_get(list, def->property, &value);
  if (status == TV_NOTFOUND) return TV_OK;
  if (status != TV_OK) return index_check_say(check, def, id, "meets a damaged record, of");
  tvi_index_key_put(&key, def->number, &value, id);
  status = tv_store_get(check->entries, tv_bytes(key.bytes, key.size), &unused);
  return status == TV_NOTFOUND ? index_check_say(check, def, id, "lacks an entry, of") : status;
}

static int index_check_node(index_check *check, tv_node node) {
  tvi_node_view view;
  size_t i;
  int status = tvi_node_read_raw(check->graph, node, &view);
  for (i = 0; i < check->graph->index_count && status == TV_OK; i++) {
    const tvi_index_def *def = &check->graph->indexes[i];
    if (def->kind == TV_INDEX_NODES &&
        (def->label == TVI_INDEX_ANY || tvi_node_label_in(&view, def->label)))
      status = index_check_record(check, def, node, view.properties);
  }
  return status;
}

static int index_check_nodes(index_check *check) {
  tv_store *nodes;
  tv_cursor *cursor;
  tv_slice key;
  int status = tvi_graph_store(check->graph, TVI_GRAPH_NODES, &nodes);
  if (status == TV_OK) status = tv_cursor_open(nodes, &cursor);
  if (status != TV_OK) return status;
  while ((status = tv_cursor_next(cursor, &key, NULL)) == TV_OK) {
    if (key.size != TVI_NODE_KEY_BYTES) continue; /* the check of nodes tells */
    status = index_check_node(check, tvi_load_be40(key.data));
    if (status != TV_OK) break;
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

static int index_check_edge(index_check *check, const tv_edge_ref *ref) {
  tv_slice list;
  size_t i;
  int status = tvi_edge_list(check->graph, ref, &list);
  for (i = 0; i < check->graph->index_count && status == TV_OK; i++) {
    const tvi_index_def *def = &check->graph->indexes[i];
    if (def->kind == TV_INDEX_EDGES && (def->label == TVI_INDEX_ANY || def->label == ref->type))
      status = index_check_record(check, def, ref->edge, list);
  }
  return status;
}

static int index_check_edges(index_check *check) {
  tvi_type_set all = {0};
  tvi_adj_reader reader;
  tvi_adj_run run;
  size_t i;
  int status = tvi_adj_open(&reader, check->graph, TV_OUT, &all);
  if (status == TV_OK) {
    reader.raw = 1;
    status = tvi_adj_scan(&reader, NULL);
  }
  while (status == TV_OK && (status = tvi_adj_next(&reader, &run)) == TV_OK)
    for (i = 0; i < run.n && status == TV_OK; i++) {
      tv_edge_ref ref = tvi_adj_ref(&run, i, TV_OUT);
      status = index_check_edge(check, &ref);
    }
  tvi_adj_close(&reader);
  return status == TV_END ? TV_OK : status;
}

int tvi_index_check(tv_graph *graph, int (*report)(void *ctx, const char *sentence), void *ctx) {
  index_check check = {graph, report, ctx, NULL};
  int status = tvi_graph_enter(graph);
  if (status != TV_OK || (graph->features & TVI_GRAPH_HAS_INDEXES) == 0) return status;
  status = tvi_graph_store(graph, TVI_GRAPH_INDEXES, &check.entries);
  if (status == TV_OK) status = index_check_entries(&check);
  if (status == TV_OK && graph->node_indexes != 0) status = index_check_nodes(&check);
  if (status == TV_OK && graph->edge_indexes != 0) status = index_check_edges(&check);
  return status;
}
