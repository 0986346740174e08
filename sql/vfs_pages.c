/* SPDX-License-Identifier: MIT */
/*
 * SQLite's pages in the store: read with their checksum verified, written, truncated, flushed from
 * the overlay. A store without any page shows a made-up page 1, an empty database that already
 * reserves the 24 bytes: so every way to open it (tv_sql_open, the stock tool, ATTACH, read-only)
 * finds the right page layout. Setting SQLITE_FCNTL_RESERVE_BYTES after opening was rejected: it
 * reaches only connections that we set up ourselves.
 */
#include <string.h>

#include "encode_internal.h"
#include "envelope_internal.h"
#include "vfs_internal.h"

#define PAGES_PRISTINE_BYTES 108 /* database header and the header of an empty leaf */

static size_t pages_body_bytes(const tvi_conn *conn) {
  return conn->page_bytes - TVI_PAGE_RESERVED;
}

/* *out is NULL where the database has no SQL part yet. */
static int pages_store(tvi_conn *conn, unsigned flags, tv_store **out) {
  tv_txn *txn = tvi_conn_current(conn);
  int status;
  *out = NULL;
  if (txn == NULL) return TV_EMISUSE;
  if (conn->store == NULL || conn->store_txn != txn || conn->store_epoch != tvi_txn_epoch(txn)) {
    conn->store = NULL;
    status = tvi_store_open(txn, TVI_KIND_SQL, "main", NULL, flags, tv_bytes(NULL, 0), out);
    if (status == TV_NOTFOUND) return TV_OK;
    if (status != TV_OK) return status;
    conn->store = *out;
    conn->store_txn = txn;
    conn->store_epoch = tvi_txn_epoch(txn);
  }
  *out = conn->store;
  return TV_OK;
}

void tvi_pages_forget(tvi_conn *conn) {
  conn->store = NULL;
  conn->store_txn = NULL;
}

int tvi_pages_get(tvi_conn *conn, uint32_t page, tv_slice *value) {
  unsigned char key[4];
  tv_store *store;
  int status = pages_store(conn, 0, &store);
  if (status != TV_OK) return status;
  if (store == NULL) return TV_NOTFOUND;
  tvi_store_be32(key, page);
  return tv_store_get(store, tv_bytes(key, sizeof key), value);
}

int tvi_pages_verify(tvi_conn *conn, uint32_t page, tv_slice value) {
  size_t body = pages_body_bytes(conn);
  if (value.size != body + TVI_PAGE_SUM) {
    sqlite3_log(SQLITE_CORRUPT, "Trivet: SQL page %u of %s has %u bytes instead of %u", page,
                tv_db_path(conn->db), (unsigned)value.size, (unsigned)(body + TVI_PAGE_SUM));
    return SQLITE_CORRUPT;
  }
  if (tvi_checksum(value.data, body) != tvi_load_le64((const unsigned char *)value.data + body)) {
    sqlite3_log(SQLITE_CORRUPT, "Trivet: the checksum of SQL page %u of %s is wrong", page,
                tv_db_path(conn->db));
    return SQLITE_CORRUPT;
  }
  return SQLITE_OK;
}

static int pages_count_now(tvi_conn *conn, uint32_t *count) {
  tv_store *store;
  tv_cursor *cursor;
  tv_slice key = {NULL, 0};
  int status = pages_store(conn, 0, &store);
  *count = 0;
  if (status != TV_OK || store == NULL) return status;
  status = tv_cursor_open(store, &cursor);
  if (status != TV_OK) return status;
  status = tv_cursor_last(cursor, &key, NULL);
  if (status == TV_OK) {
    if (key.size == 4)
      *count = tvi_load_be32(key.data);
    else
      status = TV_ECORRUPT;
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

int tvi_pages_size(tvi_conn *conn) {
  int snapshot_only = conn->write == NULL && conn->joined == NULL && conn->read != NULL;
  uint64_t snapshot = snapshot_only ? tv_txn_snapshot(conn->read) + 1 : 0;
  uint32_t count;
  int status;
  if (snapshot_only && conn->size_snapshot == snapshot) {
    conn->pages = conn->size_pages;
    conn->pristine = conn->size_pristine;
    return SQLITE_OK;
  }
  status = pages_count_now(conn, &count);
  if (status != TV_OK) return tvi_sql_page_code(status, tvi_sql_code(status));
  conn->pristine = count == 0;
  conn->pages = count == 0 ? 1 : count;
  if (snapshot_only) {
    conn->size_snapshot = snapshot;
    conn->size_pages = conn->pages;
    conn->size_pristine = conn->pristine;
  }
  return SQLITE_OK;
}

/* Page 1 of an empty database; every further byte of the page is zero. */
static void pages_pristine(const tvi_conn *conn, unsigned char out[PAGES_PRISTINE_BYTES]) {
  size_t body = pages_body_bytes(conn);
  memset(out, 0, PAGES_PRISTINE_BYTES);
  memcpy(out, "SQLite format 3", 16);
  out[16] = (unsigned char)(conn->page_bytes >> 8);
  out[17] = (unsigned char)(conn->page_bytes >> 16);
  out[18] = out[19] = 1; /* rollback journal, not WAL */
  out[20] = TVI_PAGE_RESERVED;
  out[21] = 64;
  out[22] = out[23] = 32;
  out[31] = 1; /* size in pages */
  out[55] = conn->new_auto_vacuum != 0;
  out[67] = conn->new_auto_vacuum == 2;
  out[100] = 0x0d; /* an empty leaf of a table */
  tvi_store_be16(out + 105, (uint16_t)body);
}

static void pages_copy(const void *body, size_t body_bytes, size_t offset, void *out,
                       size_t bytes) {
  size_t n = offset >= body_bytes ? 0 : body_bytes - offset;
  if (n > bytes) n = bytes;
  if (n != 0) memcpy(out, (const unsigned char *)body + offset, n);
  memset((unsigned char *)out + n, 0, bytes - n);
}

static int pages_read_absent(tvi_conn *conn, uint32_t page, size_t offset, void *out,
                             size_t bytes) {
  unsigned char pristine[PAGES_PRISTINE_BYTES];
  if (page != 1) { /* a page that SQLite never wrote: the lock-byte page, free pages */
    memset(out, 0, bytes);
    return SQLITE_OK;
  }
  if (!conn->pristine) {
    sqlite3_log(SQLITE_CORRUPT, "Trivet: SQL page 1 of %s is missing", tv_db_path(conn->db));
    return SQLITE_CORRUPT;
  }
  pages_pristine(conn, pristine);
  pages_copy(pristine, sizeof pristine, offset, out, bytes);
  return SQLITE_OK;
}

int tvi_pages_read(tvi_conn *conn, uint32_t page, size_t offset, void *out, size_t bytes) {
  size_t body = pages_body_bytes(conn);
  tv_slice value;
  int status = TV_NOTFOUND, code;
  if (!tvi_overlay_is_empty(&conn->overlay)) {
    status = tvi_overlay_get(&conn->overlay, page, conn->value);
    value = tv_bytes(conn->value, body + TVI_PAGE_SUM);
  }
  if (status == TV_NOTFOUND) status = tvi_pages_get(conn, page, &value);
  if (status == TV_NOTFOUND || status == TV_END)
    return pages_read_absent(conn, page, offset, out, bytes);
  if (status != TV_OK) return tvi_sql_page_code(status, SQLITE_IOERR_READ);
  code = tvi_pages_verify(conn, page, value);
  if (code == SQLITE_OK) pages_copy(value.data, body, offset, out, bytes);
  return code;
}

static int pages_store_put(tvi_conn *conn, uint32_t page, const void *value) {
  unsigned char key[4];
  tv_store *store;
  int status = pages_store(conn, TV_CREATE, &store);
  if (status != TV_OK) return status;
  tvi_store_be32(key, page);
  return tv_store_put(store, tv_bytes(key, sizeof key),
                      tv_bytes(value, pages_body_bytes(conn) + TVI_PAGE_SUM), 0);
}

/* Says why a write failed where SQLite will only say "disk I/O error". */
static int pages_write_code(tvi_conn *conn, int status, uint32_t page) {
  const tv_txn *txn = tvi_conn_current(conn);
  int code = tvi_sql_page_code(status, SQLITE_IOERR_WRITE);
  if (code != SQLITE_OK)
    sqlite3_log(code, "Trivet: SQL page %u of %s cannot be written: %s", page, tv_db_path(conn->db),
                txn != NULL && tv_txn_error(txn)->message[0] != '\0' ? tv_txn_error(txn)->message
                                                                     : tv_status_name(status));
  return code;
}

/* data NULL: a page of zeros. */
static int pages_put(tvi_conn *conn, uint32_t page, const void *data) {
  size_t body = pages_body_bytes(conn);
  int status;
  if (data != NULL)
    memcpy(conn->value, data, body);
  else
    memset(conn->value, 0, body);
  tvi_store_le64(conn->value + body, tvi_checksum(conn->value, body));
  status = tvi_conn_overlays(conn) ? tvi_overlay_put(&conn->overlay, page, conn->value)
                                   : pages_store_put(conn, page, conn->value);
  if (status == TV_OK && page > conn->pages) conn->pages = page;
  return pages_write_code(conn, status, page);
}

int tvi_pages_write(tvi_conn *conn, uint32_t page, const void *data) {
  const unsigned char *header = data;
  if (page == 1) {
    size_t page_bytes = (size_t)header[16] << 8 | (size_t)header[17] << 16;
    if (page_bytes != conn->page_bytes || header[20] != TVI_PAGE_RESERVED) {
      sqlite3_log(
          SQLITE_IOERR_WRITE,
          "Trivet: a database with pages of %u bytes, %u of them reserved, cannot be copied "
          "page by page into a store of %u and %u; copy its tables instead",
          (unsigned)page_bytes, header[20], (unsigned)conn->page_bytes, TVI_PAGE_RESERVED);
      return SQLITE_IOERR_WRITE;
    }
  }
  return pages_put(conn, page, data);
}

static int pages_delete_beyond(tvi_conn *conn, uint32_t pages) {
  tv_store *store;
  tv_cursor *cursor;
  tv_slice key;
  unsigned char last[4];
  int status = pages_store(conn, 0, &store);
  if (status != TV_OK || store == NULL) return status;
  status = tv_cursor_open(store, &cursor);
  if (status != TV_OK) return status;
  while ((status = tv_cursor_last(cursor, &key, NULL)) == TV_OK && key.size == sizeof last) {
    memcpy(last, key.data, sizeof last);
    if (tvi_load_be32(last) <= pages) break;
    status = tv_store_delete(store, tv_bytes(last, sizeof last));
    if (status != TV_OK) break;
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

int tvi_pages_truncate(tvi_conn *conn, uint32_t pages) {
  tv_slice value;
  int status = TV_NOTFOUND;
  if (tvi_conn_overlays(conn))
    tvi_overlay_truncate(&conn->overlay, pages);
  else if ((status = pages_delete_beyond(conn, pages)) != TV_OK)
    return pages_write_code(conn, status, pages);
  conn->pages = pages;
  if (pages <= 1) return SQLITE_OK;
  /* The last page makes the size: it has to be there, even when SQLite never wrote it. */
  status = TV_NOTFOUND;
  if (!tvi_overlay_is_empty(&conn->overlay))
    status = tvi_overlay_get(&conn->overlay, pages, conn->value);
  if (status == TV_NOTFOUND) status = tvi_pages_get(conn, pages, &value);
  if (status == TV_NOTFOUND || status == TV_END) return pages_put(conn, pages, NULL);
  return pages_write_code(conn, status, pages);
}

static int pages_flush_one(void *ctx, uint32_t page, const void *value) {
  return pages_store_put(ctx, page, value);
}

int tvi_pages_flush(tvi_conn *conn) {
  int status = TV_OK;
  if (tvi_overlay_is_empty(&conn->overlay)) return SQLITE_OK;
  if (conn->overlay.truncated) status = pages_delete_beyond(conn, conn->overlay.store_limit);
  if (status == TV_OK) status = tvi_overlay_each(&conn->overlay, pages_flush_one, conn);
  if (status != TV_OK) return pages_write_code(conn, status, 0);
  tvi_overlay_clear(&conn->overlay);
  return SQLITE_OK;
}
