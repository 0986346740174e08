/* SPDX-License-Identifier: MIT */
/*
 * A columnar table in the store: the catalogue entry `c` NAME with all of it but the primary key,
 * which is the part "index". A store per kind of record was rejected: slots are few, and the
 * kinds differ by their first byte as well.
 *
 *   key                                    value
 *   'd' be64 group, be16 block             128 bytes of delete bits, le64 XXH3 of them
 *   'g' first rowid (8 bytes in order)     directory record (columnar_group.c)
 *   'h'                                    header: le64 XXH3 of the rest, then seven le64
 *   'r' rowid (8 bytes in order)           a row of the delta (columnar_cell.c)
 *   's' be64 group, be16 column            segment (columnar_segment.c); column 65535: rowids
 *
 *   index: key of columnar_cell.c          le64 rowid
 */
#include <string.h>

#include "columnar_internal.h"
#include "encode_internal.h"
#include "envelope_internal.h"

#define STORE_HEADER_FIELDS 7
#define STORE_HEADER_BYTES (8 + 8 * STORE_HEADER_FIELDS)

/* ---- Keys ---- */

size_t tvi_col_key_group(unsigned char *key, int64_t first) {
  key[0] = 'g';
  tvi_store_key_i64(key + 1, first);
  return 9;
}

size_t tvi_col_key_segment(unsigned char *key, uint64_t group, unsigned column) {
  key[0] = 's';
  tvi_store_be64(key + 1, group);
  tvi_store_be16(key + 9, (uint16_t)column);
  return TVI_COL_KEY_BYTES;
}

size_t tvi_col_key_deleted(unsigned char *key, uint64_t group, unsigned block) {
  (void)tvi_col_key_segment(key, group, block);
  key[0] = 'd';
  return TVI_COL_KEY_BYTES;
}

size_t tvi_col_key_row(unsigned char *key, int64_t rowid) {
  (void)tvi_col_key_group(key, rowid);
  key[0] = 'r';
  return 9;
}

/* ---- Opening ---- */

static int store_header_get(tvi_col_store *store) {
  const unsigned char *at;
  tv_slice value;
  int status = tv_store_get(store->main, tv_str("h"), &value);

  if (status < 0) return status;
  at = value.data;
  if (status == TV_NOTFOUND || value.size != STORE_HEADER_BYTES ||
      tvi_load_le64(at) != tvi_checksum(at + 8, STORE_HEADER_BYTES - 8))
    return tvi_txn_fail(store->txn, TV_ECORRUPT, 0, "columnar table \"%s\": its header is damaged",
                        store->name);
  store->header.next_rowid = (int64_t)tvi_load_le64(at + 8);
  store->header.next_group = tvi_load_le64(at + 16);
  store->header.rows = tvi_load_le64(at + 24);
  store->header.delta = tvi_load_le64(at + 32);
  store->header.deleted = tvi_load_le64(at + 40);
  store->header.merged = (int64_t)tvi_load_le64(at + 48);
  store->header.edits = tvi_load_le64(at + 56);
  return TV_OK;
}

int tvi_col_header_put(tvi_col_store *store) {
  unsigned char bytes[STORE_HEADER_BYTES];

  tvi_store_le64(bytes + 8, (uint64_t)store->header.next_rowid);
  tvi_store_le64(bytes + 16, store->header.next_group);
  tvi_store_le64(bytes + 24, store->header.rows);
  tvi_store_le64(bytes + 32, store->header.delta);
  tvi_store_le64(bytes + 40, store->header.deleted);
  tvi_store_le64(bytes + 48, (uint64_t)store->header.merged);
  tvi_store_le64(bytes + 56, ++store->header.edits);
  tvi_store_le64(bytes, tvi_checksum(bytes + 8, STORE_HEADER_BYTES - 8));
  return tv_store_put(store->main, tv_str("h"), tv_bytes(bytes, sizeof bytes), 0);
}

static int store_schema_check(tvi_col_store *store) {
  tv_slice stored = tvi_store_options(store->main);
  tvi_buffer record = {NULL, 0, 0};
  int status = tvi_col_schema_record(store->schema, &record);

  if (status == TV_OK &&
      (record.size != stored.size || memcmp(record.data, stored.data, stored.size) != 0))
    status = tvi_txn_fail(store->txn, TV_ECORRUPT, 0,
                          "columnar table \"%s\": its columns are not those of its declaration",
                          store->name);
  tvi_buffer_free(&record);
  return status;
}

int tvi_col_store_open(tvi_col_store *store, tv_txn *txn) {
  const tv_slice none = {NULL, 0};
  int status;

  if (store->txn == txn && store->epoch == tvi_txn_epoch(txn) && store->main != NULL) return TV_OK;
  store->txn = txn;
  store->index = store->main = NULL;
  status = tvi_store_open(txn, TVI_KIND_COLUMNAR, store->name, NULL, 0, none, &store->main);
  if (status == TV_OK && store->schema->keys > 0)
    status = tvi_store_open(txn, TVI_KIND_COLUMNAR, store->name, "index", 0, none, &store->index);
  if (status == TV_NOTFOUND)
    status = tvi_txn_fail(txn, TV_ENOSTORE, 0, "columnar table \"%s\" has no data in this store",
                          store->name);
  if (status == TV_OK) status = store_schema_check(store);
  if (status == TV_OK) status = store_header_get(store);
  if (status != TV_OK) store->main = NULL;
  store->epoch = tvi_txn_epoch(txn);
  return status;
}

int tvi_col_store_create(tvi_col_store *store, tv_txn *txn) {
  tvi_buffer record = {NULL, 0, 0};
  const tv_slice none = {NULL, 0};
  int status = tvi_col_schema_record(store->schema, &record);

  store->txn = txn;
  store->epoch = tvi_txn_epoch(txn);
  if (status == TV_OK)
    status = tvi_store_open(txn, TVI_KIND_COLUMNAR, store->name, NULL, TV_CREATE | TV_ONLY_NEW,
                            tv_bytes(record.data, record.size), &store->main);
  tvi_buffer_free(&record);
  if (status == TV_EXISTS)
    status = tvi_txn_fail(txn, TV_EEXIST, 0, "columnar table \"%s\" has data in this store already",
                          store->name);
  if (status == TV_OK && store->schema->keys > 0)
    status = tvi_store_open(txn, TVI_KIND_COLUMNAR, store->name, "index", TV_CREATE, none,
                            &store->index);
  memset(&store->header, 0, sizeof store->header);
  store->header.next_rowid = 1;
  store->header.merged = INT64_MIN;
  if (status == TV_OK) status = tvi_col_header_put(store);
  if (status != TV_OK) store->main = NULL;
  return status;
}

int tvi_col_store_drop(tvi_col_store *store) {
  int status = TV_OK;

  if (store->index != NULL) status = tv_store_drop(store->index);
  if (status == TV_OK) status = tv_store_drop(store->main);
  store->main = store->index = NULL;
  return status;
}

int tvi_col_store_rename(tvi_col_store *store, const char *name) {
  int status = tvi_store_rename(store->txn, TVI_KIND_COLUMNAR, store->name, name);
  store->main = store->index = NULL;
  if (status == TV_EXISTS)
    status = tvi_txn_fail(store->txn, TV_EEXIST, 0,
                          "columnar table \"%s\" has data in this store already", name);
  return status;
}

/* ---- The directory ---- */

static int store_group_take(tvi_col_store *store, tv_slice key, tv_slice value, tvi_zone *zone,
                            tvi_col_group *out) {
  char shown[TVI_SHOW_BYTES];

  if (tvi_group_read(value, store->schema->columns, zone, out) == TV_OK && key.size == 9 &&
      tvi_load_key_i64((const unsigned char *)key.data + 1) == out->first)
    return TV_OK;
  return tvi_txn_fail(store->txn, TV_ECORRUPT, 0,
                      "columnar table \"%s\": directory record %s is damaged", store->name,
                      tvi_show(key, shown));
}

/* before: 1 the last group that begins at or before rowid, 0 the first at or behind it. */
static int store_group_at(tvi_col_store *store, int64_t rowid, int before, tvi_zone *zone,
                          tvi_col_group *out) {
  unsigned char at[TVI_COL_KEY_BYTES];
  tv_slice key, value;
  tv_cursor *cursor;
  size_t size;
  int status = tv_cursor_open(store->main, &cursor);

  if (status != TV_OK) return status;
  size = tvi_col_key_group(at, rowid);
  if (before) {
    at[size++] = 0; /* just behind that key */
    status = tv_cursor_seek_before(cursor, tv_bytes(at, size), &key, &value);
  } else {
    status = tv_cursor_seek(cursor, tv_bytes(at, size), &key, &value);
  }
  if (status == TV_OK)
    status = key.size == 0 || *(const unsigned char *)key.data != 'g'
                 ? TV_END
                 : store_group_take(store, key, value, zone, out);
  tv_cursor_close(cursor);
  return status;
}

int tvi_col_group_seek(tvi_col_store *store, int64_t rowid, tvi_zone *zone, tvi_col_group *out) {
  return store_group_at(store, rowid, 0, zone, out);
}

int tvi_col_group_find(tvi_col_store *store, int64_t rowid, tvi_zone *zone, tvi_col_group *out) {
  int status = store_group_at(store, rowid, 1, zone, out);
  return status == TV_END ? tvi_col_group_seek(store, rowid, zone, out) : status;
}

int tvi_col_group_put(tvi_col_store *store, const tvi_col_group *group) {
  unsigned char key[TVI_COL_KEY_BYTES];
  tvi_buffer record = {NULL, 0, 0};
  int status = tvi_group_record(group, store->schema->columns, &record);

  if (status == TV_OK)
    status = tv_store_put(store->main, tv_bytes(key, tvi_col_key_group(key, group->first)),
                          tv_bytes(record.data, record.size), 0);
  tvi_buffer_free(&record);
  return status;
}

/* Deletes a key that may be absent. */
static int store_erase(tvi_col_store *store, const unsigned char *key, size_t size) {
  int status = tv_store_delete(store->main, tv_bytes(key, size));
  return status == TV_NOTFOUND ? TV_OK : status;
}

int tvi_col_group_erase(tvi_col_store *store, const tvi_col_group *group) {
  unsigned char key[TVI_COL_KEY_BYTES];
  uint32_t block, blocks = (group->rows + TVI_COL_BLOCK - 1) / TVI_COL_BLOCK;
  int i, status = store_erase(store, key, tvi_col_key_group(key, group->first));

  for (i = 0; i < store->schema->columns && status == TV_OK; i++)
    status = store_erase(store, key, tvi_col_key_segment(key, group->id, (unsigned)i));
  if (status == TV_OK && !group->dense)
    status = store_erase(store, key, tvi_col_key_segment(key, group->id, TVI_COL_ROWIDS));
  for (block = 0; group->deleted > 0 && block < blocks && status == TV_OK; block++)
    status = store_erase(store, key, tvi_col_key_deleted(key, group->id, block));
  return status;
}

/* ---- Delete bits ---- */

int tvi_col_deleted_get(tvi_col_store *store, uint64_t group, unsigned block,
                        unsigned char bits[TVI_COL_BITS_BYTES]) {
  unsigned char key[TVI_COL_KEY_BYTES];
  tv_slice value;
  int status =
      tv_store_get(store->main, tv_bytes(key, tvi_col_key_deleted(key, group, block)), &value);

  if (status == TV_NOTFOUND) {
    memset(bits, 0, TVI_COL_BITS_BYTES);
    return TV_OK;
  }
  if (status != TV_OK) return status;
  if (value.size != TVI_COL_BITS_BYTES + 8 ||
      tvi_load_le64((const unsigned char *)value.data + TVI_COL_BITS_BYTES) !=
          tvi_checksum(value.data, TVI_COL_BITS_BYTES))
    return tvi_txn_fail(store->txn, TV_ECORRUPT, 0,
                        "columnar table \"%s\": delete bits of block %u of row group %llu are "
                        "damaged",
                        store->name, block, (unsigned long long)group);
  memcpy(bits, value.data, TVI_COL_BITS_BYTES);
  return TV_OK;
}

int tvi_col_deleted_set(tvi_col_store *store, tvi_col_group *group, uint32_t row) {
  unsigned char bits[TVI_COL_BITS_BYTES + 8], key[TVI_COL_KEY_BYTES];
  unsigned block = row / TVI_COL_BLOCK, bit = row % TVI_COL_BLOCK;
  unsigned char mask = (unsigned char)(1u << (bit % 8));
  int status = tvi_col_deleted_get(store, group->id, block, bits);

  if (status != TV_OK) return status;
  bits[bit / 8] = (unsigned char)(bits[bit / 8] | mask);
  tvi_store_le64(bits + TVI_COL_BITS_BYTES, tvi_checksum(bits, TVI_COL_BITS_BYTES));
  status = tv_store_put(store->main, tv_bytes(key, tvi_col_key_deleted(key, group->id, block)),
                        tv_bytes(bits, sizeof bits), 0);
  if (status != TV_OK) return status;
  group->deleted++;
  store->header.deleted++;
  return tvi_col_group_put(store, group);
}

/* ---- Rows of the delta ---- */

int tvi_col_row_get(tvi_col_store *store, int64_t rowid, tv_slice *record) {
  unsigned char key[TVI_COL_KEY_BYTES];

  if (store->header.delta == 0) return TV_NOTFOUND;
  return tv_store_get(store->main, tv_bytes(key, tvi_col_key_row(key, rowid)), record);
}

int tvi_col_row_put(tvi_col_store *store, int64_t rowid, const tvi_cell *cells,
                    tvi_buffer *scratch) {
  unsigned char key[TVI_COL_KEY_BYTES];
  int status;

  scratch->size = 0;
  status = tvi_cells_record(store->schema, rowid, cells, scratch);
  if (status != TV_OK) return status;
  return tv_store_put(store->main, tv_bytes(key, tvi_col_key_row(key, rowid)),
                      tv_bytes(scratch->data, scratch->size), 0);
}

int tvi_col_row_delete(tvi_col_store *store, int64_t rowid) {
  unsigned char key[TVI_COL_KEY_BYTES];
  return tv_store_delete(store->main, tv_bytes(key, tvi_col_key_row(key, rowid)));
}

int tvi_col_row_seek(tvi_col_store *store, int64_t from, int64_t *rowid, tv_slice *record) {
  unsigned char at[TVI_COL_KEY_BYTES];
  tv_cursor *cursor;
  tv_slice key;
  int status;

  if (store->header.delta == 0) return TV_END;
  status = tv_cursor_open(store->main, &cursor);
  if (status != TV_OK) return status;
  status = tv_cursor_seek(cursor, tv_bytes(at, tvi_col_key_row(at, from)), &key, record);
  tv_cursor_close(cursor);
  if (status != TV_OK) return status;
  if (key.size != 9 || *(const unsigned char *)key.data != 'r') return TV_END;
  *rowid = tvi_load_key_i64((const unsigned char *)key.data + 1);
  return TV_OK;
}

int tvi_col_row_cells(tvi_col_store *store, int64_t rowid, tv_slice record, tvi_cell *cells) {
  if (tvi_cells_read(store->schema, rowid, record, cells) == TV_OK) return TV_OK;
  return tvi_txn_fail(store->txn, TV_ECORRUPT, 0,
                      "columnar table \"%s\": row %lld of the delta is damaged", store->name,
                      (long long)rowid);
}

int tvi_col_index_get(tvi_col_store *store, tv_slice key, int64_t *rowid) {
  tv_slice value;
  int status = tv_store_get(store->index, key, &value);

  if (status != TV_OK) return status;
  if (value.size != 8)
    return tvi_txn_fail(store->txn, TV_ECORRUPT, 0,
                        "columnar table \"%s\": an entry of its primary key is damaged",
                        store->name);
  *rowid = (int64_t)tvi_load_le64(value.data);
  return TV_OK;
}
