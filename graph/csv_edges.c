/* SPDX-License-Identifier: MIT */
/*
 * Lines of edges. An edge with all of the file's numbers and nothing else, or with no properties,
 * waits for the others of its type, and they are loaded straight into segments; any other is added
 * by itself. Adding all of them so was rejected: it costs several times as much.
 */
#include <string.h>

#include "csv_load_internal.h"

static void csv_batch_free(const tvi_csv_load *load, tvi_csv_batch *batch) {
  size_t i;

  for (i = 0; i < load->number_columns && batch->numbers != NULL; i++)
    tvi_buffer_free(&batch->numbers[i]);
  tvi_free(batch->numbers);
  tvi_free(batch->type);
  tvi_buffer_free(&batch->from);
  tvi_buffer_free(&batch->to);
}

void tvi_csv_edges_close(tvi_csv_load *load) {
  size_t i;

  for (i = 0; i < load->batch_count; i++) csv_batch_free(load, &load->batches[i]);
  tvi_free(load->batches);
}

/* The batch of a type, made when it is new. NULL: no memory. */
static tvi_csv_batch *csv_batch(tvi_csv_load *load, const char *type, int has_numbers) {
  tvi_csv_batch *batch;
  size_t i, size = strlen(type) + 1;

  for (i = 0; i < load->batch_count; i++)
    if (load->batches[i].has_numbers == has_numbers && strcmp(load->batches[i].type, type) == 0)
      return &load->batches[i];
  batch = tvi_realloc(load->batches, (load->batch_count + 1) * sizeof *batch);
  if (batch == NULL) return NULL;
  load->batches = batch;
  batch += load->batch_count;
  memset(batch, 0, sizeof *batch);
  batch->has_numbers = has_numbers;
  batch->type = tvi_alloc(size);
  batch->numbers = tvi_zalloc((load->number_columns + 1) * sizeof *batch->numbers);
  if (batch->type == NULL || batch->numbers == NULL) {
    csv_batch_free(load, batch);
    return NULL;
  }
  memcpy(batch->type, type, size);
  load->batch_count++;
  return batch;
}

/* Whether the line's properties are all of the file's numbers and nothing else. */
static int csv_is_numbers(const tvi_csv_load *load) {
  size_t i;

  if (load->value_count != load->number_columns) return 0;
  for (i = 0; i < load->value_count; i++)
    if (load->values[i].value.type != TV_INT64 && load->values[i].value.type != TV_DOUBLE) return 0;
  return 1;
}

static int csv_edge_keep(tvi_csv_load *load, tv_node from, tv_node to, const char *type) {
  tvi_csv_batch *batch = csv_batch(load, type, load->value_count > 0);
  size_t i;
  int status = batch == NULL ? TV_ENOMEM : TV_OK;

  if (status == TV_OK) status = tvi_buffer_append(&batch->from, &from, sizeof from);
  if (status == TV_OK) status = tvi_buffer_append(&batch->to, &to, sizeof to);
  for (i = 0; i < load->value_count && status == TV_OK; i++)
    status = tvi_buffer_append(&batch->numbers[i], &load->values[i].value.as,
                               sizeof(int64_t)); /* an int64 or a double: 8 bytes both */
  return status == TV_OK ? TV_OK : tvi_csv_no_memory(load);
}

/* ---- A line ---- */

/* The ends, found; created behind the last check of the line where the caller wants that. */
typedef struct csv_ends {
  tv_slice keys[2];
  tv_node nodes[2];
  int missing[2];
} csv_ends;

static int csv_ends_find(tvi_csv_load *load, csv_ends *ends, const char **problem) {
  int end, status;

  for (end = 0; end < 2; end++) {
    int column = load->at[end == 0 ? TVI_CSV_SOURCE : TVI_CSV_TARGET];
    ends->keys[end] = tvi_csv_text(&load->csv, (size_t)column);
    *problem = "does not name two nodes";
    if (ends->keys[end].size == 0) return TV_EINVAL;
    *problem = "has a key that is too long";
    if (ends->keys[end].size > TV_KEY_BYTES_MAX) return TV_EINVAL;
    status = tv_graph_node_find(load->graph, ends->keys[end], &ends->nodes[end]);
    if (status < 0) return status;
    ends->missing[end] = status == TV_NOTFOUND;
    *problem = end == 0 ? "has a source that is no node" : "has a target that is no node";
    if (ends->missing[end] && !load->options->create_nodes) return TV_EINVAL;
  }
  return TV_OK;
}

static int csv_ends_create(tvi_csv_load *load, csv_ends *ends) {
  int end, status = TV_OK;

  for (end = 0; end < 2 && status == TV_OK; end++)
    if (ends->missing[end])
      status =
          tv_graph_node_put(load->graph, ends->keys[end], load->options->label, &ends->nodes[end]);
  return status;
}

/* The type of the line's edge, ending in NUL. NULL: it has none that can be. */
static const char *csv_edge_type(tvi_csv_load *load, int *status) {
  tv_slice type = {NULL, 0};

  *status = TV_OK;
  if (load->at[TVI_CSV_EDGE_TYPE] >= 0)
    type = tvi_csv_text(&load->csv, (size_t)load->at[TVI_CSV_EDGE_TYPE]);
  if (type.size == 0) return load->options->type;
  if (type.size > TV_NAME_BYTES_MAX || memchr(type.data, '\0', type.size) != NULL) return NULL;
  load->text.size = 0;
  if (tvi_buffer_append(&load->text, type.data, type.size) != TV_OK ||
      tvi_buffer_append(&load->text, "", 1) != TV_OK)
    *status = tvi_csv_no_memory(load);
  return (const char *)load->text.data;
}

int tvi_csv_edge(tvi_csv_load *load) {
  csv_ends ends;
  const char *problem = "has no type, or one that is too long";
  int status = TV_OK;
  const char *type = csv_edge_type(load, &status);

  if (status != TV_OK) return status;
  if (type == NULL) return tvi_csv_bad(load, problem);
  status = csv_ends_find(load, &ends, &problem);
  if (status == TV_EINVAL) return tvi_csv_bad(load, problem);
  if (status != TV_OK) return status;
  status = tvi_csv_values(load, &problem);
  if (status == TV_EINVAL) return tvi_csv_bad(load, problem);
  if (status != TV_OK) return tvi_csv_no_memory(load);
  status = csv_ends_create(load, &ends);
  if (status == TV_OK)
    status = csv_is_numbers(load) || load->value_count == 0
                 ? csv_edge_keep(load, ends.nodes[0], ends.nodes[1], type)
                 : tv_graph_edge_add(load->graph, ends.nodes[0], ends.nodes[1], type,
                                     load->value_count, load->values, NULL);
  load->report->edges += status == TV_OK;
  return status;
}

/* ---- The end ---- */

static int csv_batch_load(tvi_csv_load *load, tvi_csv_batch *batch, tv_edge_column *columns) {
  tv_edges edges = {.type = batch->type,
                    .n = batch->from.size / sizeof(tv_node),
                    .from = (const tv_node *)(const void *)batch->from.data,
                    .to = (const tv_node *)(const void *)batch->to.data};
  size_t i;

  for (i = 0; i < load->n && batch->has_numbers; i++) {
    const tvi_csv_column *column = &load->columns[i];
    if (column->role != TVI_CSV_PROPERTY || (column->type != TV_INT64 && column->type != TV_DOUBLE))
      continue;
    columns[edges.column_count].name = column->name;
    columns[edges.column_count].type = column->type;
    columns[edges.column_count].values = batch->numbers[edges.column_count].data;
    edges.column_count++;
  }
  edges.columns = columns;
  return tv_graph_edges_load_with(load->graph, &edges, NULL);
}

int tvi_csv_edges_end(tvi_csv_load *load) {
  tv_edge_column *columns;
  size_t i;
  int status = TV_OK;

  if (load->batch_count == 0) return TV_OK;
  columns = tvi_alloc((load->number_columns + 1) * sizeof *columns);
  if (columns == NULL) return tvi_csv_no_memory(load);
  for (i = 0; i < load->batch_count && status == TV_OK; i++)
    status = csv_batch_load(load, &load->batches[i], columns);
  tvi_free(columns);
  return status;
}
