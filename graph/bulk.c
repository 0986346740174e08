/* SPDX-License-Identifier: MIT */
/*
 * Many edges at once, straight into segments: three counting sorts put them in the order of source
 * and target, then of target and source, and each block's rows are written once. Rejected: adding
 * them one by one and merging, which writes each edge three times into trees before that; sorting
 * by comparison, which is several times slower on numbers that are dense.
 */
#include <inttypes.h>
#include <string.h>

#include "segment_internal.h"
#include "traversal_internal.h"

typedef struct bulk_load {
  tv_graph *graph;
  uint32_t type;
  uint64_t n, ids;
  tv_edge first;
  uint32_t *out_at, *in_at;      /* ids + 1: where each node's edges begin */
  uint32_t *targets;             /* in the order of source, target */
  uint32_t *sources, *positions; /* in the order of target, source; place in targets */
  uint32_t *order;               /* of each place in targets, the caller's; NULL: no columns */
  size_t column_count;
  const tv_edge_column *columns;
  uint32_t column_names[TVI_COLUMNS_MAX];
} bulk_load;

static int bulk_no_memory(bulk_load *load) {
  return tvi_txn_fail(load->graph->txn, TV_ENOMEM, 0, "no memory for %" PRIu64 " edges", load->n);
}

static void *bulk_array(uint64_t n) {
  if (n >= SIZE_MAX / sizeof(uint32_t)) return NULL;
  return tvi_zalloc((size_t)(n + 1) * sizeof(uint32_t));
}

static int bulk_note_node(void *ctx, tv_node node) {
  return tvi_node_set_add(ctx, node) < 0;
}

/* Every end must exist. When no id was ever deleted, comparing with the ids suffices. */
static int bulk_check_ends(bulk_load *load, const tv_node *from, const tv_node *to) {
  tv_graph *graph = load->graph;
  tvi_node_set alive = {0};
  uint64_t nodes, i;
  tv_store *store;
  int status = tvi_graph_store(graph, TVI_GRAPH_NODES, &store), holes;
  if (status == TV_OK) status = tv_store_count(store, &nodes);
  if (status != TV_OK) return status;
  holes = nodes != load->ids || graph->gone_count != 0;
  if (holes) {
    if (tvi_node_set_open(&alive, load->ids) != TV_OK) return bulk_no_memory(load);
    status = tv_graph_nodes(graph, NULL, bulk_note_node, &alive);
    if (status == TV_STOP) status = bulk_no_memory(load);
  }
  for (i = 0; i < load->n && status == TV_OK; i++) {
    if (from[i] >= load->ids || (holes && !tvi_node_set_has(&alive, from[i])))
      status = tvi_graph_no_node(graph, from[i]);
    else if (to[i] >= load->ids || (holes && !tvi_node_set_has(&alive, to[i])))
      status = tvi_graph_no_node(graph, to[i]);
  }
  tvi_node_set_close(&alive);
  return status;
}

/* Turns counts at [i + 1] into places; then each place is where its node's edges begin. */
static void bulk_sum(uint32_t *at, uint64_t ids) {
  uint64_t i;
  for (i = 0; i < ids; i++) at[i + 1] += at[i];
}

/* Back to the beginnings after each place was moved to its node's end. */
static void bulk_rewind(uint32_t *at, uint64_t ids) {
  memmove(at + 1, at, (size_t)ids * sizeof *at);
  at[0] = 0;
}

static void bulk_sort(bulk_load *load, const tv_node *from, const tv_node *to) {
  uint64_t node, i;
  for (i = 0; i < load->n; i++) {
    load->out_at[from[i] + 1]++;
    load->in_at[to[i] + 1]++;
  }
  bulk_sum(load->out_at, load->ids);
  bulk_sum(load->in_at, load->ids);
  for (i = 0; i < load->n; i++) {
    uint32_t at = load->in_at[to[i]]++;
    load->sources[at] = (uint32_t)from[i];
    load->positions[at] = (uint32_t)i;
  }
  bulk_rewind(load->in_at, load->ids);
  for (node = 0; node < load->ids; node++)
    for (i = load->in_at[node]; i < load->in_at[node + 1]; i++) {
      uint32_t at = load->out_at[load->sources[i]]++;
      load->targets[at] = (uint32_t)node;
      if (load->order != NULL) load->order[at] = load->positions[i];
    }
  bulk_rewind(load->out_at, load->ids);
  for (node = 0; node < load->ids; node++)
    for (i = load->out_at[node]; i < load->out_at[node + 1]; i++) {
      uint32_t at = load->in_at[load->targets[i]]++;
      load->sources[at] = (uint32_t)node;
      load->positions[at] = (uint32_t)i;
    }
  bulk_rewind(load->in_at, load->ids);
}

static tv_value bulk_value(const tv_edge_column *column, uint32_t i) {
  tv_value value = {column->type, {0}};
  if (value.type == TV_INT64)
    value.as.integer = ((const int64_t *)column->values)[i];
  else
    value.as.real = ((const double *)column->values)[i];
  return value;
}

/* Gives the edge added last its values: those of the caller's i-th. */
static int bulk_add_values(bulk_load *load, tvi_segment_rows *rows, uint32_t i) {
  size_t c;
  int status = TV_OK;
  for (c = 0; c < load->column_count && status == TV_OK; c++)
    status = tvi_segment_rows_value(load->graph, rows, load->column_names[c],
                                    bulk_value(&load->columns[c], i));
  return status;
}

/* Enters the new edges into the indexes of edges, one by one. */
static int bulk_index(bulk_load *load, const tv_node *from, const tv_node *to) {
  tv_property properties[TVI_COLUMNS_MAX];
  tv_graph *graph = load->graph;
  uint64_t place;
  size_t c;
  int status = TV_OK;
  if (load->column_count == 0 || graph->edge_indexes == 0) return TV_OK;
  for (place = 0; place < load->n && status == TV_OK; place++) {
    uint32_t i = load->order[place];
    tv_edge_ref ref = {from[i], to[i], load->first + place, load->type};
    tv_slice list;
    for (c = 0; c < load->column_count; c++)
      properties[c] = (tv_property){load->columns[c].name, bulk_value(&load->columns[c], i)};
    status = tvi_properties_build(graph, load->column_count, properties);
    list = tv_bytes(graph->record.data, graph->record.size);
    if (status == TV_OK) status = tvi_index_note_edge(graph, &ref, NULL, &list);
    if (status == TV_OK) status = tvi_index_apply(graph);
  }
  return status;
}

/* Adds a node's old edges, of its segment, and new ones in order. */
static int bulk_add_row(bulk_load *load, const tvi_segment *old, tvi_segment_rows *rows,
                        int direction, tv_node node) {
  const uint32_t *places = direction == TV_OUT ? load->out_at : load->in_at;
  uint32_t row = (uint32_t)(node & (TVI_BLOCK_NODES - 1));
  size_t from = 0, to = 0, end, i;
  int status = TV_OK;
  if (old != NULL && !tvi_segment_row(old, row, &from, &to))
    return tvi_graph_corrupt(load->graph, "the segment of node", node);
  for (i = places[node]; i < places[node + 1] && status == TV_OK; i++) {
    uint32_t neighbour = direction == TV_OUT ? load->targets[i] : load->sources[i];
    size_t place = direction == TV_OUT ? i : load->positions[i];
    tv_edge edge = load->first + place;
    /* New ids are higher than all old ones. */
    for (end = from; end < to && tvi_segment_neighbour(old, end) <= neighbour;) end++;
    if (old != NULL) status = tvi_segment_rows_copy(load->graph, rows, row, old, from, end);
    from = end;
    if (status == TV_OK) status = tvi_segment_rows_add(load->graph, rows, row, neighbour, edge);
    if (status == TV_OK && load->order != NULL)
      status = bulk_add_values(load, rows, load->order[place]);
  }
  if (status != TV_OK || old == NULL) return status;
  return tvi_segment_rows_copy(load->graph, rows, row, old, from, to);
}

static int bulk_write_block(bulk_load *load, tvi_segment_rows *rows, int direction,
                            uint64_t block) {
  const uint32_t *places = direction == TV_OUT ? load->out_at : load->in_at;
  tv_node first = block << TVI_BLOCK_BITS, end = first + TVI_BLOCK_NODES, node;
  tvi_segment old;
  int status, has_old;
  if (end > load->ids) end = load->ids;
  if (places[first] == places[end]) return TV_OK;
  status = tvi_segment_get(load->graph, direction, block, load->type, &old);
  has_old = status == TV_OK;
  if (status != TV_OK && status != TV_NOTFOUND) return status;
  rows->type = load->type;
  tvi_segment_rows_clear(rows);
  status = TV_OK;
  for (node = first; node < end && status == TV_OK; node++)
    status = bulk_add_row(load, has_old ? &old : NULL, rows, direction, node);
  if (status == TV_OK) status = tvi_segment_rows_write(load->graph, rows, direction, block);
  if (status == TV_OK && direction == TV_OUT)
    status = tvi_range_put(load->graph, load->first + places[first], load->first + places[end] - 1,
                           load->type, block);
  return status;
}

static int bulk_write(bulk_load *load, int direction) {
  tvi_segment_rows rows = {0};
  uint64_t block;
  int status = TV_OK;
  for (block = 0; block << TVI_BLOCK_BITS < load->ids && status == TV_OK; block++)
    status = bulk_write_block(load, &rows, direction, block);
  tvi_segment_rows_free(&rows);
  return status;
}

static int bulk_run(bulk_load *load, const tv_node *from, const tv_node *to) {
  int status = bulk_check_ends(load, from, to);
  if (status != TV_OK) return status;
  load->out_at = bulk_array(load->ids);
  load->in_at = bulk_array(load->ids);
  load->targets = bulk_array(load->n);
  load->sources = bulk_array(load->n);
  load->positions = bulk_array(load->n);
  if (load->column_count != 0) load->order = bulk_array(load->n);
  if ((load->column_count != 0 && load->order == NULL) || load->out_at == NULL ||
      load->in_at == NULL || load->targets == NULL || load->sources == NULL ||
      load->positions == NULL)
    return bulk_no_memory(load);
  bulk_sort(load, from, to);
  status = tvi_graph_add_feature(load->graph, TVI_GRAPH_HAS_SEGMENTS, TVI_GRAPH_SEGMENTS);
  if (status == TV_OK) status = bulk_write(load, TV_OUT);
  if (status == TV_OK) status = bulk_write(load, TV_IN);
  if (status == TV_OK) status = tvi_range_count_add(load->graph, (int64_t)load->n);
  if (status == TV_OK) status = tvi_edge_ids_skip(load->graph, load->n);
  return status == TV_OK ? bulk_index(load, from, to) : status;
}

/* Interns the names of the columns and makes them columns of the graph. */
static int bulk_columns(bulk_load *load, const tv_edges *edges) {
  tv_txn *txn = load->graph->txn;
  char shown[TVI_SHOW_BYTES];
  size_t i, k;
  int status = TV_OK;
  if (edges->column_count > TVI_COLUMNS_MAX)
    return tvi_txn_fail(txn, TV_ELIMIT, 0, "%zu columns of edges are more than %d",
                        edges->column_count, TVI_COLUMNS_MAX);
  for (i = 0; i < edges->column_count && status == TV_OK; i++) {
    const tv_edge_column *column = &edges->columns[i];
    tv_value probe = {column->type, {0}};
    if (column->name == NULL || (column->values == NULL && edges->n != 0) ||
        (column->type != TV_INT64 && column->type != TV_DOUBLE))
      return tvi_txn_fail(txn, TV_EINVAL, 0, "column %zu of edges has no name, type or values", i);
    status = tvi_name_intern(load->graph, TVI_NAME_PROPERTY, column->name, &load->column_names[i]);
    for (k = 0; k < i && status == TV_OK; k++)
      if (load->column_names[k] == load->column_names[i])
        return tvi_txn_fail(txn, TV_EINVAL, 0, "property \"%s\" is given twice",
                            tvi_show(tv_str(column->name), shown));
    if (status == TV_OK) status = tvi_columns_note_one(load->graph, load->column_names[i], &probe);
    if (status == TV_OK && !tvi_columns_takes(load->graph, load->column_names[i], &probe))
      status = tvi_txn_fail(txn, TV_ELIMIT, 0, "the graph has no column left for property \"%s\"",
                            tvi_show(tv_str(column->name), shown));
  }
  load->columns = edges->columns;
  load->column_count = edges->column_count;
  return status;
}

int tv_graph_edges_load_with(tv_graph *graph, const tv_edges *edges, tv_edge *first) {
  bulk_load load = {.graph = graph};
  uint64_t n;
  int status = tvi_graph_enter_write(graph);
  if (status != TV_OK) return status;
  if (edges == NULL || (edges->n != 0 && (edges->from == NULL || edges->to == NULL)) ||
      (edges->column_count != 0 && edges->columns == NULL))
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "tv_graph_edges_load_with: an array is missing");
  n = load.n = edges->n;
  status = tvi_name_intern(graph, TVI_NAME_TYPE, edges->type, &load.type);
  if (status == TV_OK) status = bulk_columns(&load, edges);
  if (status == TV_OK) status = tvi_node_ids(graph, &load.ids);
  if (status == TV_OK) status = tvi_edge_ids(graph, &load.first);
  if (status != TV_OK) return status;
  if (first != NULL) *first = load.first;
  if (n == 0) return TV_OK;
  if (n >= UINT32_MAX || load.ids >= UINT32_MAX || n > TV_EDGES_MAX - load.first)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0,
                        "%" PRIu64 " edges are more than one load can hold", n);
  status = bulk_run(&load, edges->from, edges->to);
  tvi_free(load.out_at);
  tvi_free(load.in_at);
  tvi_free(load.targets);
  tvi_free(load.sources);
  tvi_free(load.positions);
  tvi_free(load.order);
  return status;
}

int tv_graph_edges_load(tv_graph *graph, const char *type, uint64_t n, const tv_node *from,
                        const tv_node *to, tv_edge *first) {
  tv_edges edges = {.type = type, .n = n, .from = from, .to = to};
  return tv_graph_edges_load_with(graph, &edges, first);
}
