/* SPDX-License-Identifier: MIT */
/*
 * Building segments: rows are gathered in arrays and written once, with the narrowest ids that
 * hold them, padded to one of few sizes. Rejected: building in the store's page itself; the size
 * is known at the end only.
 */
#include <inttypes.h>

#include "segment_internal.h"

/* The smallest value: it must have pages of its own, so that it is read in place. */
#define SEGMENT_BYTES_MIN 4080
#define ROWS_CAPACITY_FIRST 256

static int rows_no_memory(tv_graph *graph) {
  return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for a segment");
}

static int rows_grow_column(tvi_segment_values *column, size_t capacity) {
  uint64_t *raw = tvi_realloc(column->raw, capacity * sizeof *raw);
  unsigned char *types;
  if (raw == NULL) return TV_ENOMEM;
  column->raw = raw;
  types = tvi_realloc(column->types, capacity);
  if (types == NULL) return TV_ENOMEM;
  column->types = types;
  return TV_OK;
}

static int rows_grow(tv_graph *graph, tvi_segment_rows *rows, size_t capacity) {
  uint32_t *neighbours = tvi_realloc(rows->neighbours, capacity * sizeof *neighbours);
  uint64_t *ids;
  uint32_t i;
  if (neighbours == NULL) return rows_no_memory(graph);
  rows->neighbours = neighbours;
  ids = tvi_realloc(rows->ids, capacity * sizeof *ids);
  if (ids == NULL) return rows_no_memory(graph);
  rows->ids = ids;
  for (i = 0; i < rows->column_count; i++)
    if (rows_grow_column(&rows->columns[i], capacity) != TV_OK) return rows_no_memory(graph);
  rows->capacity = capacity;
  return TV_OK;
}

int tvi_segment_rows_reserve(tv_graph *graph, tvi_segment_rows *rows, size_t more) {
  size_t capacity = rows->capacity == 0 ? ROWS_CAPACITY_FIRST : rows->capacity;
  if (more > UINT32_MAX - rows->count)
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0, "a segment cannot hold more edges");
  if (rows->offsets == NULL) {
    rows->offsets = tvi_alloc((TVI_BLOCK_NODES + 1) * sizeof *rows->offsets);
    if (rows->offsets == NULL) return rows_no_memory(graph);
  }
  if (rows->count + more <= rows->capacity) return TV_OK;
  while (capacity < rows->count + more) capacity *= 2;
  return rows_grow(graph, rows, capacity);
}

int tvi_segment_rows_add(tv_graph *graph, tvi_segment_rows *rows, uint32_t row, tv_node neighbour,
                         tv_edge edge) {
  uint32_t i;
  int status;
  if (TVI_UNLIKELY(rows->offsets == NULL || rows->count == rows->capacity)) {
    status = tvi_segment_rows_reserve(graph, rows, 1);
    if (status != TV_OK) return status;
  }
  if (TVI_UNLIKELY(neighbour >= TVI_SEGMENT_IDS_MAX))
    return tvi_txn_fail(graph->txn, TV_ELIMIT, 0,
                        "node %" PRIu64 " is beyond the ids that a segment can hold", neighbour);
  while (rows->nodes <= row) rows->offsets[rows->nodes++] = (uint32_t)rows->count;
  rows->neighbours[rows->count] = (uint32_t)neighbour;
  rows->ids[rows->count] = edge;
  for (i = 0; i < rows->column_count; i++) rows->columns[i].types[rows->count] = TV_NULL;
  rows->count++;
  return TV_OK;
}

/* The column of a property, made when it is met first. NULL: no memory. */
static tvi_segment_values *rows_column(tvi_segment_rows *rows, uint32_t property) {
  tvi_segment_values *columns, added = {property, NULL, NULL};
  uint32_t i = rows->column_count;
  while (i > 0 && rows->columns[i - 1].property >= property) i--;
  if (i < rows->column_count && rows->columns[i].property == property) return &rows->columns[i];
  columns = tvi_realloc(rows->columns, (rows->column_count + 1) * sizeof *columns);
  if (columns == NULL) return NULL;
  rows->columns = columns;
  if (rows_grow_column(&added, rows->capacity) != TV_OK) {
    tvi_free(added.raw);
    return NULL;
  }
  memset(added.types, TV_NULL, rows->count);
  memmove(columns + i + 1, columns + i, (rows->column_count - i) * sizeof *columns);
  columns[i] = added;
  rows->column_count++;
  return &columns[i];
}

static void rows_set(tvi_segment_values *column, size_t at, const tv_value *value) {
  column->types[at] = (unsigned char)value->type;
  if (value->type == TV_DOUBLE)
    memcpy(&column->raw[at], &value->as.real, 8);
  else
    memcpy(&column->raw[at], &value->as.integer, 8);
}

int tvi_segment_rows_value(tv_graph *graph, tvi_segment_rows *rows, uint32_t property,
                           tv_value value) {
  tvi_segment_values *column = rows_column(rows, property);
  if (column == NULL) return rows_no_memory(graph);
  rows_set(column, rows->count - 1, &value);
  return TV_OK;
}

static int rows_copy_columns(tv_graph *graph, tvi_segment_rows *rows, const tvi_segment *segment,
                             size_t from, size_t to) {
  size_t first = rows->count - (to - from), at;
  uint32_t i;
  for (i = 0; i < segment->columns; i++) {
    tvi_segment_column old;
    tvi_segment_values *column;
    tv_value value;
    tvi_segment_column_at(segment, i, &old);
    column = rows_column(rows, old.property);
    if (column == NULL) return rows_no_memory(graph);
    for (at = from; at < to; at++)
      if (tvi_segment_column_value(&old, at, &value)) rows_set(column, first + at - from, &value);
  }
  return TV_OK;
}

int tvi_segment_rows_copy(tv_graph *graph, tvi_segment_rows *rows, uint32_t row,
                          const tvi_segment *segment, size_t from, size_t to) {
  size_t at;
  uint32_t i;
  int status;
  if (from == to) return TV_OK;
  status = tvi_segment_rows_reserve(graph, rows, to - from);
  if (status != TV_OK) return status;
  while (rows->nodes <= row) rows->offsets[rows->nodes++] = (uint32_t)rows->count;
  for (i = 0; i < rows->column_count; i++)
    memset(rows->columns[i].types + rows->count, TV_NULL, to - from);
  for (at = from; at < to; at++) {
    rows->neighbours[rows->count] = tvi_segment_neighbour(segment, at);
    rows->ids[rows->count++] = tvi_segment_edge(segment, at);
  }
  return rows_copy_columns(graph, rows, segment, from, to);
}

int tvi_segment_rows_take(tv_graph *graph, tvi_segment_rows *rows, uint64_t block,
                          const tvi_segment *old, tvi_rows_cursor *cursor, uint32_t row,
                          size_t to) {
  for (; cursor->row < old->nodes && cursor->row <= row; cursor->row++) {
    size_t from, end;
    int status, sound = tvi_segment_row(old, cursor->row, &from, &end);
    if (cursor->row == row) end = to;
    if (!sound || cursor->at < from || cursor->at > end)
      return tvi_graph_corrupt(graph, "a segment of block", block);
    status = tvi_segment_rows_copy(graph, rows, cursor->row, old, cursor->at, end);
    if (status != TV_OK) return status;
    cursor->at = end;
    if (cursor->row == row) break;
  }
  return TV_OK;
}

void tvi_segment_rows_clear(tvi_segment_rows *rows) {
  rows->nodes = 0;
  rows->count = 0;
  while (rows->column_count > 0) {
    tvi_free(rows->columns[--rows->column_count].raw);
    tvi_free(rows->columns[rows->column_count].types);
  }
}

void tvi_segment_rows_free(tvi_segment_rows *rows) {
  tvi_segment_rows_clear(rows);
  tvi_free(rows->offsets);
  tvi_free(rows->neighbours);
  tvi_free(rows->ids);
  tvi_free(rows->columns);
  *rows = (tvi_segment_rows){0};
}

/* ---- Writing ---- */

static uint32_t rows_flags(const tvi_segment_rows *rows) {
  uint32_t flags = TVI_SEGMENT_DENSE;
  uint64_t first = rows->ids[0];
  size_t i;
  for (i = 0; i < rows->count; i++) {
    if (rows->ids[i] != first + i) flags &= ~(uint32_t)TVI_SEGMENT_DENSE;
    if (rows->ids[i] > UINT32_MAX) flags |= TVI_SEGMENT_WIDE;
  }
  if ((flags & TVI_SEGMENT_DENSE) != 0) flags = TVI_SEGMENT_DENSE;
  return rows->column_count == 0 ? flags : flags | TVI_SEGMENT_COLUMNS;
}

/* Sixteen sizes for each doubling: a value that is replaced by one of about its size leaves a hole
 * that fits the next, and padding takes 3 % on average. */
static size_t rows_size_class(uint64_t bytes) {
  uint64_t step = SEGMENT_BYTES_MIN + 16;
  if (bytes <= SEGMENT_BYTES_MIN) return SEGMENT_BYTES_MIN;
  while (step * 32 <= bytes) step *= 2;
  return (size_t)((bytes + 16 + step - 1) / step * step - 16);
}

static void rows_fill(const tvi_segment_rows *rows, uint32_t flags, unsigned char *bytes) {
  unsigned char *at = bytes + TVI_SEGMENT_HEADER_BYTES;
  size_t i, width = tvi_segment_id_bytes(flags);
  tvi_store_le32(bytes + 8, flags);
  tvi_store_le32(bytes + 12, rows->nodes);
  tvi_store_le64(bytes + 16, rows->count);
  tvi_store_le64(bytes + 24, width == 0 ? rows->ids[0] : 0);
  for (i = 0; i < rows->nodes; i++, at += 4) tvi_store_le32(at, rows->offsets[i]);
  tvi_store_le32(at, (uint32_t)rows->count);
  at += 4;
  for (i = 0; i < rows->count; i++, at += 4) tvi_store_le32(at, rows->neighbours[i]);
  if (width == 8)
    for (i = 0; i < rows->count; i++, at += 8) tvi_store_le64(at, rows->ids[i]);
  else if (width == 4)
    for (i = 0; i < rows->count; i++, at += 4) tvi_store_le32(at, (uint32_t)rows->ids[i]);
  if (rows->column_count != 0) tvi_rows_columns_fill(rows, at);
}

/* Columns in which no edge has a value any more go. */
static void rows_drop_columns(tvi_segment_rows *rows) {
  uint32_t i, kept = 0;
  for (i = 0; i < rows->column_count; i++) {
    tvi_segment_values column = rows->columns[i];
    size_t at = 0;
    while (at < rows->count && column.types[at] == TV_NULL) at++;
    if (at < rows->count) {
      rows->columns[kept++] = column;
      continue;
    }
    tvi_free(column.raw);
    tvi_free(column.types);
  }
  rows->column_count = kept;
}

int tvi_segment_rows_write(tv_graph *graph, tvi_segment_rows *rows, int direction, uint64_t block) {
  unsigned char key[TVI_SEGMENT_KEY_BYTES], *bytes;
  size_t size;
  uint64_t used;
  uint32_t flags;
  tv_store *segments;
  int status = tvi_graph_store(graph, TVI_GRAPH_SEGMENTS, &segments);
  tvi_segment_key(key, direction, block, rows->type);
  if (status != TV_OK) return status;
  if (rows->count == 0) {
    status = tv_store_delete(segments, tv_bytes(key, sizeof key));
    return status == TV_NOTFOUND ? TV_OK : status;
  }
  rows_drop_columns(rows);
  flags = rows_flags(rows);
  used = tvi_segment_row_bytes(rows->nodes, rows->count, flags) + tvi_rows_columns_bytes(rows);
  size = rows_size_class(used);
  bytes = tvi_alloc(size);
  if (bytes == NULL) return rows_no_memory(graph);
  memset(bytes + used, 0, size - (size_t)used);
  rows_fill(rows, flags, bytes);
  tvi_store_le64(bytes, tvi_segment_checksum(tv_bytes(key, sizeof key), bytes, used));
  status = tv_store_put(segments, tv_bytes(key, sizeof key), tv_bytes(bytes, size), 0);
  tvi_free(bytes);
  return status;
}
