/* SPDX-License-Identifier: MIT */
/*
 * Many edges at once, straight into segments: three counting sorts put them in the order of source
 * and target, then of target and source, and each block's rows are written once. Rejected: adding
 * them one by one and merging, which writes each edge three times into trees before that; sorting
 * by comparison, which is several times slower on numbers that are dense.
 */
#include <inttypes.h>
#include <string.h>

#include "edge_sort_internal.h"
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

static int bulk_write(bulk_load *load, int direction) {
  const uint32_t *places = direction == TV_OUT ? load->out_at : load->in_at;
  const uint32_t *neighbours = direction == TV_OUT ? load->targets : load->sources;
  tvi_appender to;
  tv_node node;
  uint32_t i;
  int status = TV_OK;
  tvi_append_begin(&to, load->graph, direction, load->type);
  for (node = 0; node < load->ids && status == TV_OK; node++)
    for (i = places[node]; i < places[node + 1] && status == TV_OK; i++) {
      uint32_t place = direction == TV_OUT ? i : load->positions[i];
      status = tvi_append_edge(&to, node, neighbours[i], load->first + place);
      if (status == TV_OK && load->order != NULL)
        status = bulk_add_values(load, &to.rows, load->order[place]);
    }
  return tvi_append_end(&to, status);
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
  if (status != TV_OK) return status;
  return tvi_bulk_finish(load->graph, load->type, load->first, load->n, load->column_count != 0);
}

int tvi_bulk_columns(tv_graph *graph, const tv_edges *edges, uint32_t columns[TVI_COLUMNS_MAX]) {
  char shown[TVI_SHOW_BYTES];
  size_t i, k;
  int status = TV_OK;
  if (edges->column_count > TVI_COLUMNS_MAX)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "%zu columns of edges are more than %d",
                        edges->column_count, TVI_COLUMNS_MAX);
  for (i = 0; i < edges->column_count && status == TV_OK; i++) {
    const tv_edge_column *column = &edges->columns[i];
    tv_value probe = {column->type, {0}};
    if (column->name == NULL || (column->type != TV_INT64 && column->type != TV_DOUBLE))
      return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "column %zu of edges has no name or type", i);
    status = tvi_name_intern(graph, TVI_NAME_PROPERTY, column->name, &columns[i]);
    for (k = 0; k < i && status == TV_OK; k++)
      if (columns[k] == columns[i])
        return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "property \"%s\" is given twice",
                            tvi_show(tv_str(column->name), shown));
    if (status == TV_OK) status = tvi_columns_note_one(graph, columns[i], &probe);
    if (status == TV_OK && !tvi_columns_takes(graph, columns[i], &probe))
      status =
          tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "the graph has no column left for property \"%s\"",
                       tvi_show(tv_str(column->name), shown));
  }
  return status;
}

int tv_graph_edges_load_with(tv_graph *graph, const tv_edges *edges, tv_edge *first) {
  bulk_load load = {.graph = graph};
  uint64_t n;
  size_t i;
  int status = tvi_graph_enter_write(graph);
  if (status != TV_OK) return status;
  if (edges == NULL || (edges->n != 0 && (edges->from == NULL || edges->to == NULL)) ||
      (edges->column_count != 0 && edges->columns == NULL))
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "tv_graph_edges_load_with: an array is missing");
  n = load.n = edges->n;
  status = tvi_name_intern(graph, TVI_NAME_TYPE, edges->type, &load.type);
  if (status == TV_OK) status = tvi_bulk_columns(graph, edges, load.column_names);
  load.columns = edges->columns;
  load.column_count = edges->column_count;
  for (i = 0; i < edges->column_count && status == TV_OK; i++)
    if (edges->columns[i].values == NULL && edges->n != 0)
      status = tvi_txn_fail(graph->txn, TV_EINVAL, 0, "column %zu of edges has no values", i);
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
