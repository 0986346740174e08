/* SPDX-License-Identifier: MIT */
/*
 * Which properties of edges are kept in columns: those that were a number on some edge, in the
 * order in which they came, up to a limit. A record in the master store lists them:
 *
 *   key: 'w'     value: sealed be16 numbers of names
 *
 * Rejected: having the program declare its weights, which is forgotten until an algorithm is slow;
 * and a column for whatever is a number, since each takes room at every edge of its type.
 */
#include <inttypes.h>

#include "graph_internal.h"

int tvi_columns_load(tv_graph *graph) {
  char shown[TVI_SHOW_BYTES];
  tv_slice record;
  uint32_t i;
  int status;
  if (TVI_LIKELY(graph->columns_known)) return TV_OK;
  graph->column_count = 0;
  status = tvi_sealed_get(graph->master, tv_str("w"), &record);
  if (status == TV_ECORRUPT ||
      (status == TV_OK &&
       (record.size % 2 != 0 || record.size > sizeof(uint16_t) * TVI_COLUMNS_MAX)))
    return tvi_txn_fail(graph->txn, TV_ECORRUPT, 0, "graph \"%s\": its list of columns is damaged",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown));
  if (status != TV_OK && status != TV_NOTFOUND) return status;
  for (i = 0; status == TV_OK && i < record.size / 2; i++)
    graph->columns[graph->column_count++] =
        tvi_load_be16((const unsigned char *)record.data + 2 * (size_t)i);
  graph->columns_known = 1;
  return TV_OK;
}

static int columns_has(const tv_graph *graph, uint32_t property) {
  uint32_t i;
  for (i = 0; i < graph->column_count; i++)
    if (graph->columns[i] == property) return 1;
  return 0;
}

static int columns_is_number(const tv_value *value) {
  return value->type == TV_INT64 || value->type == TV_DOUBLE;
}

int tvi_columns_takes(const tv_graph *graph, uint32_t property, const tv_value *value) {
  return columns_is_number(value) && columns_has(graph, property);
}

static int columns_store(tv_graph *graph) {
  unsigned char record[sizeof(uint16_t) * TVI_COLUMNS_MAX];
  uint32_t i;
  for (i = 0; i < graph->column_count; i++)
    tvi_store_be16(record + 2 * (size_t)i, (uint16_t)graph->columns[i]);
  return tvi_sealed_put(graph->master, tv_str("w"),
                        tv_bytes(record, 2 * (size_t)graph->column_count), 0);
}

/* Takes a property in when it is a number and there is room; the record is not written yet. */
static void columns_add(tv_graph *graph, uint32_t property, const tv_value *value) {
  if (!columns_is_number(value) || graph->column_count == TVI_COLUMNS_MAX ||
      columns_has(graph, property))
    return;
  graph->columns[graph->column_count++] = property;
}

static int columns_store_new(tv_graph *graph, uint32_t before) {
  int status;
  if (graph->column_count == before) return TV_OK;
  status = columns_store(graph);
  if (status != TV_OK) graph->columns_known = 0;
  return status;
}

int tvi_columns_note_one(tv_graph *graph, uint32_t property, const tv_value *value) {
  int status = tvi_columns_load(graph);
  uint32_t before = graph->column_count;
  if (status != TV_OK) return status;
  columns_add(graph, property, value);
  return columns_store_new(graph, before);
}

int tvi_columns_note(tv_graph *graph, tv_slice list) {
  tvi_property_reader reader;
  uint32_t number, before;
  tv_value value;
  int status;
  if (list.size == 0) return TV_OK;
  status = tvi_columns_load(graph);
  before = graph->column_count;
  if (status == TV_OK) status = tvi_properties_begin(&reader, list);
  while (status == TV_OK && (status = tvi_properties_next(&reader, &number, &value)) == TV_OK)
    columns_add(graph, number, &value);
  return status == TV_END ? columns_store_new(graph, before) : status;
}

int tvi_columns_split(const tv_graph *graph, tv_slice list, int columns, tvi_buffer *out) {
  unsigned char head[TVI_VARINT_BYTES_MAX];
  tvi_property_reader reader;
  uint32_t number;
  uint64_t count = 0;
  tv_value value;
  int status, pass;
  if (list.size == 0) return TV_OK;
  for (pass = 0; pass < 2; pass++) {
    status = tvi_properties_begin(&reader, list);
    if (pass == 1 && count == 0) return TV_OK;
    if (pass == 1) status = tvi_buffer_append(out, head, tvi_varint_put(head, count));
    while (status == TV_OK) {
      const unsigned char *entry;
      status = tvi_properties_next(&reader, &number, &value);
      if (status != TV_OK || tvi_columns_takes(graph, number, &value) != columns) continue;
      entry = reader.entry;
      count++;
      if (pass == 1) status = tvi_buffer_append(out, entry, (size_t)(reader.at - entry));
    }
    if (status != TV_END) return status;
  }
  return TV_OK;
}
