/* SPDX-License-Identifier: MIT */
/*
 * A table at its snapshot, as parts that threads can read: one thread looks up where segments lie
 * and which rows are deleted, since a transaction serves one thread; the others then touch mapped
 * memory only. A cursor per thread was rejected for that reason, and because looking up is little
 * work: one key per column and row group.
 */
#include <string.h>

#include "encode_internal.h"
#include "exec_internal.h"

static void source_columns(tvi_source *source, const tvi_col_schema *schema) {
  int i;

  for (i = 0; i < source->columns; i++) {
    tvi_source_column *c = &source->column[i];
    c->number = source->table->column[i];
    if (schema != NULL) c->type = c->number < 0 ? TVI_COL_INTEGER : schema->column[c->number].type;
    c->bounded = c->type == TVI_COL_INTEGER || c->type == TVI_COL_DATE;
    c->lo = INT64_MAX;
    c->hi = INT64_MIN;
  }
}

static void source_bounds(tvi_source_column *c, int64_t lo, int64_t hi) {
  if (lo < c->lo) c->lo = lo;
  if (hi > c->hi) c->hi = hi;
}

/* The sum of a segment is compared once per connection. */
static size_t source_bit(const tvi_columnar *table, uint64_t group, int number) {
  size_t columns = (size_t)table->schema.columns + 1;
  return group * columns + (number < 0 ? columns - 1 : (size_t)number);
}

static int source_segment(tvi_source *source, tvi_col_store *store, tvi_part *part, int column) {
  const tvi_columnar *table = source->table->columnar;
  unsigned char key[TVI_COL_KEY_BYTES];
  int number = source->column[column].number, status;
  size_t bit = source_bit(table, part->group.id, number);

  part->segment[column] = tv_bytes(NULL, 0);
  if (number < 0 && part->group.dense) return TV_OK;
  status = tv_store_get(
      store->main,
      tv_bytes(key, tvi_col_key_segment(key, part->group.id,
                                        number < 0 ? TVI_COL_ROWIDS : (unsigned)number)),
      &part->segment[column]);
  part->verify[column] =
      bit / 8 >= table->verified.size || (table->verified.data[bit / 8] >> (bit % 8) & 1) == 0;
  if (status == TV_NOTFOUND)
    return tvi_txn_fail(store->txn, TV_ECORRUPT, 0,
                        "columnar table \"%s\": segment of column %s in row group %llu is missing",
                        source->name, number < 0 ? "rowid" : table->schema.column[number].name,
                        (unsigned long long)part->group.id);
  return status;
}

static int source_deleted(tvi_source *source, tvi_col_store *store, tvi_col_image *kept,
                          tvi_part *part) {
  uint32_t block, blocks = (part->rows + TVI_COL_BLOCK - 1) / TVI_COL_BLOCK;
  int status = TV_OK;

  if (part->group.deleted == 0) return TV_OK;
  if (kept != NULL) status = tvi_image_deleted(kept, store, part->group.id, blocks, &part->deleted);
  if (status != TV_OK || part->deleted != NULL) return status;
  part->deleted = tvi_arena_alloc(&source->pool, (size_t)blocks * TVI_COL_BITS_BYTES);
  if (part->deleted == NULL) return tvi_memory_status(source->memory);
  for (block = 0; block < blocks && status == TV_OK; block++)
    status = tvi_col_deleted_get(store, part->group.id, block,
                                 part->deleted + (size_t)block * TVI_COL_BITS_BYTES);
  return status;
}

static int source_group(tvi_source *source, tvi_col_store *store, tvi_col_image *kept,
                        const tvi_col_group *group, const tvi_zone *zones) {
  size_t n = (size_t)source->columns + 1;
  void *parts = source->part;
  tvi_part *part;
  int i, status = TV_OK;

  if (!tvi_arena_grow(source->memory, &parts, &source->parts_capacity, (size_t)source->parts + 1,
                      sizeof *part))
    return tvi_memory_status(source->memory);
  source->part = parts;
  part = &source->part[source->parts++];
  memset(part, 0, sizeof *part);
  part->rows = group->rows;
  part->group = *group;
  part->group.zone = tvi_arena_zalloc(&source->pool, n * sizeof *part->group.zone);
  part->segment = tvi_arena_zalloc(&source->pool, n * sizeof *part->segment);
  part->verify = tvi_arena_zalloc(&source->pool, n);
  if (part->group.zone == NULL || part->segment == NULL || part->verify == NULL)
    return tvi_memory_status(source->memory);
  for (i = 0; i < source->columns && status == TV_OK; i++) {
    tvi_source_column *c = &source->column[i];
    tvi_zone *zone = &part->group.zone[i];
    if (c->number >= 0) {
      *zone = zones[c->number];
    } else {
      zone->min = group->first;
      zone->max = group->last;
    }
    if (zone->nulls > 0) c->nulls = 1;
    if (zone->nulls < group->rows) source_bounds(c, zone->min, zone->max);
    status = source_segment(source, store, part, i);
  }
  source->rows += group->rows - group->deleted;
  return status == TV_OK ? source_deleted(source, store, kept, part) : status;
}

static int source_groups(tvi_source *source, tvi_col_store *store, tvi_col_image *kept) {
  size_t columns = (size_t)store->schema->columns;
  tvi_zone *zones = tvi_arena_alloc(&source->pool, columns * sizeof *zones);
  tvi_col_group group;
  int64_t from = INT64_MIN;
  int status = TV_OK;

  if (zones == NULL) return tvi_memory_status(source->memory);
  while (status == TV_OK) {
    status = tvi_col_group_seek(store, from, zones, &group);
    if (status == TV_OK) status = source_group(source, store, kept, &group, zones);
    if (status != TV_OK || group.first == INT64_MAX) break;
    from = group.first + 1;
  }
  return status == TV_END ? TV_OK : status;
}

/* Cuts the image into parts as large as row groups. */
static int source_image(tvi_source *source) {
  const tvi_rows *image = source->kept != NULL ? source->kept : &source->image;
  uint32_t from, rows = image->rows;
  int i;

  for (from = 0; from < rows; from += TVI_COL_GROUP_ROWS) {
    void *parts = source->part;
    tvi_part *part;
    if (!tvi_arena_grow(source->memory, &parts, &source->parts_capacity, (size_t)source->parts + 1,
                        sizeof *part))
      return tvi_memory_status(source->memory);
    source->part = parts;
    part = &source->part[source->parts++];
    memset(part, 0, sizeof *part);
    part->image = image;
    part->map = source->map;
    part->from = from;
    part->rows = rows - from < TVI_COL_GROUP_ROWS ? rows - from : TVI_COL_GROUP_ROWS;
  }
  source->rows += rows;
  for (i = 0; i < source->columns; i++) {
    tvi_source_column *c = &source->column[i];
    const tvi_rows_column *r = &image->column[source->map == NULL ? i : source->map[i]];
    if (rows == 0) continue;
    if (r->nulls != NULL || r->kind == TVI_VEC_NULL || r->kind == TVI_VEC_MIXED) c->nulls = 1;
    if (r->kind == TVI_VEC_I64 || r->kind == TVI_VEC_DATE) {
      if (c->type == 0) c->bounded = 1;
      source_bounds(c, r->lo, r->hi);
    }
  }
  return TV_OK;
}

/* The delta: as it is kept, else the columns of this source only. */
static int source_delta(tvi_source *source, tvi_col_store *store, tvi_col_image *kept) {
  int i, status = TV_END;

  if (store->header.delta == 0) return TV_OK;
  if (kept != NULL) status = tvi_image_fill(kept, store, &source->kept);
  if (status == TV_END) {
    source->kept = NULL;
    return tvi_image_delta(source, store);
  }
  source->map = tvi_arena_alloc(&source->pool, ((size_t)source->columns + 1) * sizeof *source->map);
  if (source->map == NULL) return tvi_memory_status(source->memory);
  for (i = 0; i < source->columns; i++)
    source->map[i] =
        source->column[i].number < 0 ? store->schema->columns : source->column[i].number;
  return status;
}

static int source_columnar(tvi_source *source, tv_error *err) {
  tvi_columnar *table = source->table->columnar;
  tvi_col_store store = {.name = table->name, .schema = &table->schema};
  tvi_col_image *kept = NULL;
  uint64_t generation;
  tv_txn *txn;
  int status = tvi_columnar_flush(table, err);

  if (status != TV_OK) return status;
  if (tvi_conn_read(table->module->conn, &txn, &generation) != SQLITE_OK)
    return tvi_error_set(err, TV_EMISUSE, 0, "no transaction is open to read \"%s\" in",
                         table->name);
  source->name = table->name;
  source_columns(source, &table->schema);
  status = tvi_col_store_open(&store, txn);
  if (status == TV_OK) kept = tvi_image_kept(table, &store);
  if (status == TV_OK) status = source_groups(source, &store, kept);
  if (status == TV_OK) status = source_delta(source, &store, kept);
  if (status == TV_OK) status = source_image(source);
  if (status != TV_OK && status != TV_ENOMEM && status != TV_ELIMIT) {
    const tv_error *cause = tv_txn_error(txn);
    if (cause->status != TV_OK)
      return tvi_error_set(err, cause->status, cause->native, "%s", cause->message);
  }
  return status;
}

int tvi_source_open(tvi_source *source, const tvi_plan *plan, int table, tvi_memory *memory,
                    tv_error *err) {
  int status;

  memset(source, 0, sizeof *source);
  source->table = &plan->table[table];
  source->name = source->table->name;
  source->memory = source->pool.memory = memory;
  source->columns = source->table->columns;
  source->column =
      tvi_arena_zalloc(&source->pool, ((size_t)source->columns + 1) * sizeof *source->column);
  if (source->column == NULL) return tvi_memory_status(memory);
  status = tvi_rows_make(&source->image, memory, source->columns);
  if (status != TV_OK) return status;
  if (source->table->columnar != NULL) return source_columnar(source, err);
  source_columns(source, NULL);
  status = tvi_image_select(source, plan, err);
  return status == TV_OK ? source_image(source) : status;
}

/* Notes the sums that were compared. Without memory for that they are compared again. */
static void source_note_sums(tvi_source *source) {
  tvi_columnar *table = source->table->columnar;
  uint32_t p;
  int i;

  for (p = 0; p < source->parts; p++) {
    const tvi_part *part = &source->part[p];
    for (i = 0; part->verify != NULL && i < source->columns; i++) {
      size_t bit = source_bit(table, part->group.id, source->column[i].number);
      tvi_buffer *verified = &table->verified;
      if (part->verify[i] != 2) continue;
      if (bit / 8 >= verified->size) {
        if (tvi_buffer_reserve(verified, bit / 8 + 1) != TV_OK) return;
        memset(verified->data + verified->size, 0, bit / 8 + 1 - verified->size);
        verified->size = bit / 8 + 1;
      }
      verified->data[bit / 8] = (unsigned char)(verified->data[bit / 8] | 1u << (bit % 8));
    }
  }
}

void tvi_source_close(tvi_source *source) {
  if (source->memory == NULL) return;
  if (source->table->columnar != NULL) source_note_sums(source);
  tvi_arena_drop(source->memory, source->part, source->parts_capacity, sizeof *source->part);
  tvi_rows_free(&source->image);
  tvi_arena_free(&source->pool);
  source->memory = NULL;
}
