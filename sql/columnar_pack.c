/* SPDX-License-Identifier: MIT */
/*
 * A batch made into row groups. Groups divide the rowids between them, so that a rowid leads to its
 * group; ORDER BY sorts within a group, where each block of 1,024 rows has bounds of its own.
 * Sorting across groups was rejected: rowids are stable, and a row would have to move to another
 * group, or have no group that its rowid leads to.
 */
#include <stdlib.h>
#include <string.h>

#include "columnar_internal.h"

#define PACK_BYTES ((size_t)32 << 20) /* strings in a group, about */

/* ---- Sorting ---- */

static int pack_rowid_order(const void *left, const void *right, void *ctx) {
  const tvi_batch *batch = ctx;
  int64_t a = batch->rowids[*(const uint32_t *)left], b = batch->rowids[*(const uint32_t *)right];
  return a < b ? -1 : a > b;
}

static unsigned char pack_fold(unsigned char c) {
  return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

static int pack_nocase_order(tv_slice left, tv_slice right) {
  const unsigned char *a = left.data, *b = right.data;
  size_t i, n = left.size < right.size ? left.size : right.size;

  for (i = 0; i < n; i++) {
    int order = pack_fold(a[i]) - pack_fold(b[i]);
    if (order != 0) return order;
  }
  return left.size < right.size ? -1 : left.size > right.size;
}

static int pack_cell_order(const tvi_col_column *column, const tvi_cell *a, const tvi_cell *b) {
  if (a->null || b->null) return b->null - a->null;
  if (tvi_col_is_number(column->type)) return a->number < b->number ? -1 : a->number > b->number;
  return column->nocase ? pack_nocase_order(a->bytes, b->bytes)
                        : tvi_slice_order(a->bytes, b->bytes);
}

static int pack_order_by(const void *left, const void *right, void *ctx) {
  const tvi_batch *batch = ctx;
  const tvi_col_schema *schema = batch->schema;
  int i;

  for (i = 0; i < schema->orders; i++) {
    tvi_cell a, b;
    int order;
    tvi_batch_cell(batch, schema->order[i], *(const uint32_t *)left, &a);
    tvi_batch_cell(batch, schema->order[i], *(const uint32_t *)right, &b);
    order = pack_cell_order(&schema->column[schema->order[i]], &a, &b);
    if (order != 0) return order;
  }
  return pack_rowid_order(left, right, ctx);
}

static void pack_sort_rowids(tvi_batch *batch, uint32_t *order) {
  uint32_t i, ascending = 1;

  for (i = 0; i < batch->rows; i++) {
    order[i] = i;
    if (i > 0 && batch->rowids[i] < batch->rowids[i - 1]) ascending = 0;
  }
  if (!ascending) qsort_r(order, batch->rows, sizeof *order, pack_rowid_order, batch);
}

/* ---- Writing ---- */

static int pack_put(tvi_col_store *store, uint64_t group, unsigned column,
                    const tvi_buffer *value) {
  unsigned char key[TVI_COL_KEY_BYTES];
  return tv_store_put(store->main, tv_bytes(key, tvi_col_key_segment(key, group, column)),
                      tv_bytes(value->data, value->size), 0);
}

/* The segment of rowids, unless they can be counted. */
static int pack_rowids(tvi_col_store *store, const tvi_batch *batch, const uint32_t *order,
                       tvi_col_group *group, tvi_buffer *value) {
  int64_t *rowids = tvi_alloc(group->rows * sizeof *rowids);
  uint32_t i;
  int status = TV_OK;

  if (rowids == NULL) return TV_ENOMEM;
  group->dense = 1;
  for (i = 0; i < group->rows; i++) {
    rowids[i] = batch->rowids[order[i]];
    if ((uint64_t)rowids[i] != (uint64_t)group->first + i) group->dense = 0;
  }
  if (!group->dense) {
    status = tvi_segment_encode_numbers(rowids, group->rows, value);
    if (status == TV_OK) status = pack_put(store, group->id, TVI_COL_ROWIDS, value);
  }
  tvi_free(rowids);
  return status;
}

/* Writes rows order[0..n), which ascend by rowid, as a group. */
static int pack_group(tvi_col_store *store, tvi_batch *batch, uint32_t *order, uint32_t n) {
  const tvi_col_schema *schema = store->schema;
  tvi_col_group group = {.id = store->header.next_group, .rows = n};
  tvi_buffer value = {NULL, 0, 0};
  int i, status = TV_OK;

  group.first = batch->rowids[order[0]];
  group.last = batch->rowids[order[n - 1]];
  group.zone = tvi_zalloc((size_t)schema->columns * sizeof *group.zone);
  if (group.zone == NULL) return TV_ENOMEM;
  if (schema->orders > 0) qsort_r(order, n, sizeof *order, pack_order_by, batch);
  for (i = 0; i < schema->columns && status == TV_OK; i++) {
    status = tvi_segment_encode(batch, i, order, n, &value, &group.zone[i]);
    if (status == TV_OK) status = pack_put(store, group.id, (unsigned)i, &value);
  }
  if (status == TV_OK) status = pack_rowids(store, batch, order, &group, &value);
  if (status == TV_OK) status = tvi_col_group_put(store, &group);
  store->header.next_group++;
  tvi_buffer_free(&value);
  tvi_free(group.zone);
  return status;
}

static size_t pack_row_bytes(const tvi_batch *batch, uint32_t row) {
  size_t bytes = 0;
  int i;

  for (i = 0; i < batch->schema->columns; i++) {
    const uint32_t *ends = batch->column[i].ends;
    if (ends != NULL) bytes += ends[row] - (row > 0 ? ends[row - 1] : 0);
  }
  return bytes;
}

int tvi_col_pack(tvi_col_store *store, tvi_batch *batch) {
  uint32_t *order, from = 0, to, rows = batch->rows;
  uint32_t groups = (rows + TVI_COL_GROUP_ROWS - 1) / TVI_COL_GROUP_ROWS;
  int status = TV_OK;

  if (rows == 0) return TV_OK;
  order = tvi_alloc(rows * sizeof *order);
  if (order == NULL) return TV_ENOMEM;
  pack_sort_rowids(batch, order);
  while (from < rows && status == TV_OK) {
    uint32_t most = (rows + groups - 1) / groups;
    size_t bytes = 0;
    if (most > rows - from) most = rows - from;
    for (to = from; to < from + most && bytes <= PACK_BYTES; to++)
      if (batch->bytes > PACK_BYTES) bytes += pack_row_bytes(batch, order[to]);
    status = pack_group(store, batch, order + from, to - from);
    from = to;
  }
  tvi_free(order);
  return status;
}
