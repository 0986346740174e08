/* SPDX-License-Identifier: MIT */
/*
 * Merging: the changes of one group's domain (the rowids from its first up to the next group's) are
 * folded in by writing the group anew. A step handles one domain and at most a group's worth of the
 * delta, so a writer that does one knows what it costs. Levels of ever larger groups were rejected:
 * rows do not move between domains, so there is nothing to sort again.
 */
#include "columnar_internal.h"
#include "encode_internal.h"

#define MERGE_DELTA_ROWS TVI_COL_GROUP_ROWS     /* of the delta in a step */
#define MERGE_DELTA_BYTES ((size_t)32 << 20)    /* strings of these, about */
#define MERGE_DUE_MIN 16384u                    /* pending changes that are never due */
#define MERGE_DUE_SHARE 32u                     /* ... and the share of the rows that is */
#define MERGE_FULL (TVI_COL_GROUP_ROWS / 4 * 3) /* a group that new rows are not added to */

typedef struct merge_step {
  tvi_col_store *store;
  tvi_reader reader;
  tvi_batch batch;
  tvi_cell *cells;
  int64_t from, to; /* the domain, inclusive */
  int all;
  uint64_t delta; /* rows of the delta in the domain that this step takes */
  int64_t delta_first, delta_last;
  size_t delta_bytes;
  int64_t resume; /* where the next step goes on */
  int done;       /* 1: this domain was the last */
} merge_step;

int tvi_col_merge_due(const tvi_col_store *store) {
  uint64_t pending = store->header.delta + store->header.deleted;
  return pending > MERGE_DUE_MIN && pending > store->header.rows / MERGE_DUE_SHARE;
}

/* Counts the delta's rows of the domain, up to what a step takes. */
static int merge_count(merge_step *m) {
  unsigned char at[TVI_COL_KEY_BYTES], end[TVI_COL_KEY_BYTES];
  tv_slice key, value;
  tv_cursor *cursor;
  int status;

  m->delta = m->delta_bytes = 0;
  if (m->store->header.delta == 0) return TV_OK;
  status = tv_cursor_open(m->store->main, &cursor);
  if (status != TV_OK) return status;
  (void)tvi_col_key_row(end, m->to);
  status = tv_cursor_seek(cursor, tv_bytes(at, tvi_col_key_row(at, m->from)), &key, &value);
  while (status == TV_OK && m->delta < MERGE_DELTA_ROWS && m->delta_bytes < MERGE_DELTA_BYTES &&
         tvi_slice_order(key, tv_bytes(end, 9)) <= 0) {
    int64_t rowid = tvi_load_key_i64((const unsigned char *)key.data + 1);
    if (m->delta++ == 0) m->delta_first = rowid;
    m->delta_last = rowid;
    m->delta_bytes += value.size;
    status = tv_cursor_next(cursor, &key, &value);
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

/* The domain of the group in reader->group; without any group, all rowids. */
static int merge_domain(merge_step *m, int has_group) {
  tvi_col_group other;
  int status;

  m->from = INT64_MIN;
  m->to = INT64_MAX;
  if (!has_group) return TV_OK;
  status = tvi_col_group_seek(m->store, INT64_MIN, NULL, &other);
  if (status != TV_OK) return status == TV_END ? TV_ECORRUPT : status;
  if (other.first != m->reader.group.first) m->from = m->reader.group.first;
  if (m->reader.group.first == INT64_MAX) return TV_OK;
  status = tvi_col_group_seek(m->store, m->reader.group.first + 1, NULL, &other);
  if (status == TV_OK) m->to = other.first - 1;
  return status == TV_END ? TV_OK : status;
}

/* 1 when the group after the domain fits into the one being made. */
static int merge_joins(merge_step *m, uint64_t rows, tvi_col_group *next, int *joins) {
  int status;

  *joins = 0;
  if (!m->all || m->to == INT64_MAX) return TV_OK;
  status = tvi_col_group_seek(m->store, m->to + 1, NULL, next);
  if (status == TV_OK) *joins = rows + next->rows - next->deleted <= TVI_COL_GROUP_ROWS;
  return status == TV_END ? TV_OK : status;
}

/* ---- Choosing ---- */

/* Finds a domain with work at or behind `merged`. TV_END: there is none. */
static int merge_choose_all(merge_step *m) {
  int64_t at = m->store->header.merged;
  tvi_col_group *group = &m->reader.group, next;
  int status = tvi_col_group_find(m->store, at, m->reader.zone, group), joins;

  if (status == TV_END) { /* no group yet */
    status = merge_domain(m, 0);
    if (status == TV_OK) status = merge_count(m);
    return status == TV_OK && m->delta == 0 ? TV_END : status;
  }
  while (status == TV_OK) {
    status = merge_domain(m, 1);
    if (status == TV_OK) status = merge_count(m);
    if (status == TV_OK)
      status = merge_joins(m, group->rows - group->deleted + m->delta, &next, &joins);
    if (status != TV_OK) return status;
    if (m->delta > 0 || group->deleted > 0 || joins) return TV_OK;
    if (m->to == INT64_MAX) return TV_END;
    status = tvi_col_group_seek(m->store, m->to + 1, m->reader.zone, group);
  }
  return status;
}

/* The domain of the next row of the delta; without a delta, the next group with deleted rows. */
static int merge_choose(merge_step *m) {
  tvi_col_store *store = m->store;
  tv_slice record;
  int64_t rowid = store->header.merged;
  int status = tvi_col_row_seek(store, rowid, &rowid, &record), has_group;

  if (status == TV_END && store->header.delta == 0) {
    m->store->header.merged = INT64_MIN;
    return merge_choose_all(m);
  }
  if (status == TV_END) status = tvi_col_row_seek(store, INT64_MIN, &rowid, &record);
  if (status != TV_OK) return status;
  status = tvi_col_group_find(store, rowid, m->reader.zone, &m->reader.group);
  has_group = status == TV_OK;
  if (status != TV_OK && status != TV_END) return status;
  if (!has_group) m->reader.group.rows = 0;
  status = merge_domain(m, has_group);
  return status == TV_OK ? merge_count(m) : status;
}

/* ---- Doing ---- */

/* Adds the group's live rows to the batch. */
static int merge_take_group(merge_step *m) {
  tvi_reader *reader = &m->reader;
  uint32_t row;
  int status = TV_OK, deleted, i;

  tvi_reader_enter(reader);
  for (row = 0; row < reader->group.rows && status == TV_OK; row++) {
    int64_t rowid;
    status = tvi_reader_is_deleted(reader, row, &deleted);
    if (status != TV_OK || deleted) continue;
    status = tvi_reader_rowid(reader, row, &rowid);
    for (i = 0; i < m->store->schema->columns && status == TV_OK; i++)
      status = tvi_reader_cell(reader, i, row, &m->cells[i]);
    if (status == TV_OK) status = tvi_batch_add(&m->batch, rowid, m->cells);
  }
  tvi_reader_leave(reader);
  if (status == TV_OK) status = tvi_col_group_erase(m->store, &reader->group);
  m->store->header.deleted -= status == TV_OK ? reader->group.deleted : 0;
  return status;
}

/* Notes where the next step goes on: behind the domain, or behind what was taken of it. */
static void merge_note(merge_step *m) {
  int cut = m->delta >= MERGE_DELTA_ROWS || m->delta_bytes >= MERGE_DELTA_BYTES;
  int64_t last = cut ? m->delta_last : m->to;

  m->done = last == INT64_MAX;
  m->resume = m->done ? INT64_MIN : last + 1;
}

/* Moves the delta's rows to the batch. */
static int merge_take_delta(merge_step *m) {
  uint64_t i, taken = m->delta;
  int64_t rowid = m->delta_first;
  tv_slice record;
  int status = TV_OK;

  for (i = 0; i < taken && status == TV_OK; i++) {
    status = tvi_col_row_seek(m->store, rowid, &rowid, &record);
    if (status == TV_OK) status = tvi_col_row_cells(m->store, rowid, record, m->cells);
    if (status == TV_OK) status = tvi_batch_add(&m->batch, rowid, m->cells);
    if (status == TV_OK) status = tvi_col_row_delete(m->store, rowid);
    if (status == TV_OK) m->store->header.delta--;
  }
  merge_note(m);
  return status == TV_END ? TV_ECORRUPT : status;
}

/* Also takes the groups behind, while the sum is one group. */
static int merge_take_more(merge_step *m) {
  tvi_col_group next;
  int joins = 1, status = TV_OK;

  while (status == TV_OK && m->to != INT64_MAX && m->resume == m->to + 1 &&
         m->batch.bytes < MERGE_DELTA_BYTES) {
    status = merge_joins(m, m->batch.rows, &next, &joins);
    if (status != TV_OK || !joins) break;
    status = tvi_col_group_seek(m->store, next.first, m->reader.zone, &m->reader.group);
    if (status == TV_OK) status = merge_domain(m, 1);
    m->from = next.first; /* what lay before is taken already */
    if (status == TV_OK) status = merge_count(m);
    if (status != TV_OK || m->batch.rows + next.rows + m->delta > m->batch.capacity) break;
    status = merge_take_group(m);
    if (status == TV_OK) status = merge_take_delta(m);
  }
  return status;
}

static int merge_run(merge_step *m, int has_group) {
  const tvi_col_group *group = &m->reader.group;
  tvi_col_store *store = m->store;
  int status = TV_OK, append;

  append = has_group && group->deleted == 0 && group->rows >= MERGE_FULL && m->delta > 0 &&
           m->delta_first > group->last;
  if (has_group && !append) status = merge_take_group(m);
  if (status == TV_OK) status = merge_take_delta(m);
  if (status == TV_OK) status = merge_take_more(m);
  if (status == TV_OK) status = tvi_col_pack(store, &m->batch);
  store->header.merged = m->resume;
  return status;
}

int tvi_col_merge_step(tvi_col_store *store, int all, int *more) {
  merge_step m = {.store = store, .all = all};
  int status = tvi_reader_make(&m.reader, store);

  *more = 0;
  m.reader.copies = 1;
  m.cells = tvi_zalloc((size_t)store->schema->columns * sizeof *m.cells);
  if (status == TV_OK && m.cells == NULL) status = TV_ENOMEM;
  if (status == TV_OK)
    status = tvi_batch_make(&m.batch, store->schema, TVI_COL_GROUP_ROWS + MERGE_DELTA_ROWS);
  if (status == TV_OK) status = all ? merge_choose_all(&m) : merge_choose(&m);
  if (status == TV_OK) {
    status = merge_run(&m, m.reader.group.rows > 0);
    *more = status == TV_OK && !m.done;
  } else if (status == TV_END) {
    status = TV_OK;
  }
  tvi_batch_free(&m.batch);
  tvi_free(m.cells);
  tvi_reader_free(&m.reader);
  return status;
}
