/* SPDX-License-Identifier: MIT */
/*
 * Pages in place: SQLite's xFetch gets the address of a page's value in the memory map, so that a
 * read copies nothing. A direct-mapped cache from page number to address saves the descent through
 * the store's tree; it is valid for one snapshot and one position of the map. A cache that is
 * carried over commits was rejected: nothing tells cheaply which pages a commit has moved.
 */
#include <string.h>

#include "vfs_internal.h"

#define TVI_PLACES_FIRST 256u
#define TVI_PLACES_MAX 65536u /* 1.5 MiB for 256 MiB of pages */
#define TVI_PLACE_TAIL (TVI_PAGE_RESERVED - TVI_PAGE_SUM)

static void place_grow(tvi_conn *conn) {
  size_t count = conn->places_count == 0 ? TVI_PLACES_FIRST : conn->places_count * 4;
  tvi_page_place *places;
  if (count > TVI_PLACES_MAX || conn->places_count >= conn->pages) return;
  places = tvi_zalloc(count * sizeof *places);
  if (places == NULL) return; /* only slower without */
  tvi_free(conn->places);
  conn->places = places;
  conn->places_count = count;
  conn->places_missed = 0;
}

void tvi_place_forget(tvi_conn *conn) {
  if (conn->places_stamp == UINT32_MAX) {
    memset(conn->places, 0, conn->places_count * sizeof *conn->places);
    conn->places_stamp = 0;
  }
  conn->places_stamp++;
}

/* Once for each read transaction: do the addresses still hold? */
static void place_begin(tvi_conn *conn) {
  tv_slice value = {NULL, 0};
  uint64_t snapshot = tv_txn_snapshot(conn->read);
  conn->places_ready = 1;
  if (tvi_pages_get(conn, 1, &value) != TV_OK) value.data = NULL;
  if (conn->places_stamp != 0 && snapshot == conn->places_snapshot &&
      value.data == conn->places_anchor)
    return;
  conn->places_snapshot = snapshot;
  conn->places_anchor = value.data;
  tvi_place_forget(conn);
}

static int place_find(tvi_conn *conn, uint32_t page, const void **data) {
  tv_slice value;
  int code;
  int status = tvi_pages_get(conn, page, &value);
  if (status != TV_OK || value.size != conn->page_bytes - TVI_PLACE_TAIL) return SQLITE_OK;
  if (conn->verify_fetch) {
    code = tvi_pages_verify(conn, page, value);
    if (code != SQLITE_OK) return code;
  }
  /* SQLite may read the reserved bytes too; at the end of the file there is nothing behind. */
  if (tvi_value_tail(conn->read, value) < TVI_PLACE_TAIL) return SQLITE_OK;
  *data = value.data;
  return SQLITE_OK;
}

int tvi_place_fetch(tvi_conn *conn, uint32_t page, const void **data) {
  tvi_page_place *place;
  int code;
  *data = NULL;
  /* A joined transaction may be ended by its owner while SQLite holds pages: no addresses then. */
  if (conn->write != NULL || conn->joined != NULL || conn->read == NULL) return SQLITE_OK;
  if (!conn->places_ready) place_begin(conn);
  if (conn->places_missed >= conn->places_count) place_grow(conn);
  if (conn->places_count == 0) return place_find(conn, page, data);
  place = &conn->places[page & (conn->places_count - 1)];
  if (place->page == page && place->stamp == conn->places_stamp) {
    *data = place->data;
    return SQLITE_OK;
  }
  code = place_find(conn, page, data);
  if (*data == NULL) return code;
  conn->places_missed++;
  place->page = page;
  place->stamp = conn->places_stamp;
  place->data = *data;
  return SQLITE_OK;
}
