/* SPDX-License-Identifier: MIT */
/*
 * The overlay: pages that SQLite wrote while an engine savepoint was open. SQLite rolls its own
 * pages back by its journal, the engine rolls back everything written since the savepoint; pages
 * written straight into the store would be rolled back twice, and wrongly. So they wait here, on
 * the heap and beyond TVI_OVERLAY_HEAP_SLOTS in a temporary file, until no savepoint is open.
 * Writing them to a second store was rejected: that is subject to the same savepoint.
 */
#include <stdlib.h>
#include <string.h>

#include "vfs_internal.h"

#define TVI_OVERLAY_BLOCK 64         /* slots in a heap block */
#define TVI_OVERLAY_HEAP_SLOTS 2048u /* 8 MiB of 4 KiB pages */

static size_t overlay_place(const tvi_overlay *overlay, uint32_t page) {
  size_t mask = overlay->capacity - 1;
  size_t at = (size_t)(page * UINT32_C(2654435761)) & mask;
  while (overlay->entries[at].page != 0 && overlay->entries[at].page != page) at = (at + 1) & mask;
  return at;
}

static int overlay_grow(tvi_overlay *overlay) {
  size_t old_capacity = overlay->capacity;
  tvi_overlay_entry *old = overlay->entries;
  size_t capacity = old_capacity == 0 ? 64 : old_capacity * 2;
  tvi_overlay_entry *entries = tvi_zalloc(capacity * sizeof *entries);
  if (entries == NULL) return TV_ENOMEM;
  overlay->entries = entries;
  overlay->capacity = capacity;
  for (size_t i = 0; i < old_capacity; i++)
    if (old[i].page != 0) entries[overlay_place(overlay, old[i].page)] = old[i];
  tvi_free(old);
  return TV_OK;
}

static int overlay_block_add(tvi_overlay *overlay) {
  size_t count = overlay->blocks_count + 1;
  unsigned char **blocks = tvi_realloc(overlay->blocks, count * sizeof *blocks);
  if (blocks == NULL) return TV_ENOMEM;
  overlay->blocks = blocks;
  blocks[count - 1] = tvi_alloc(TVI_OVERLAY_BLOCK * overlay->value_bytes);
  if (blocks[count - 1] == NULL) return TV_ENOMEM;
  overlay->blocks_count = count;
  return TV_OK;
}

static int overlay_spill_open(tvi_overlay *overlay) {
  sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
  int flags = SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
              SQLITE_OPEN_EXCLUSIVE | SQLITE_OPEN_DELETEONCLOSE;
  int given = 0;
  sqlite3_file *file;
  if (vfs == NULL) return TV_EIO;
  file = tvi_zalloc((size_t)vfs->szOsFile);
  if (file == NULL) return TV_ENOMEM;
  if (vfs->xOpen(vfs, NULL, file, flags, &given) != SQLITE_OK) {
    if (file->pMethods != NULL) file->pMethods->xClose(file);
    tvi_free(file);
    return TV_EIO;
  }
  overlay->spill = file;
  return TV_OK;
}

static sqlite3_int64 overlay_spill_offset(const tvi_overlay *overlay, uint32_t slot) {
  return (sqlite3_int64)(slot - TVI_OVERLAY_HEAP_SLOTS) * (sqlite3_int64)overlay->value_bytes;
}

static unsigned char *overlay_heap_slot(const tvi_overlay *overlay, uint32_t slot) {
  return overlay->blocks[slot / TVI_OVERLAY_BLOCK] +
         (size_t)(slot % TVI_OVERLAY_BLOCK) * overlay->value_bytes;
}

static int overlay_slot_write(tvi_overlay *overlay, uint32_t slot, const void *value) {
  int code, status;
  if (slot < TVI_OVERLAY_HEAP_SLOTS) {
    if (slot / TVI_OVERLAY_BLOCK >= overlay->blocks_count) {
      status = overlay_block_add(overlay);
      if (status != TV_OK) return status;
    }
    memcpy(overlay_heap_slot(overlay, slot), value, overlay->value_bytes);
    return TV_OK;
  }
  if (overlay->spill == NULL) {
    status = overlay_spill_open(overlay);
    if (status != TV_OK) return status;
  }
  code = overlay->spill->pMethods->xWrite(overlay->spill, value, (int)overlay->value_bytes,
                                          overlay_spill_offset(overlay, slot));
  if (code == SQLITE_FULL) return TV_ENOSPC;
  return code == SQLITE_OK ? TV_OK : TV_EIO;
}

static int overlay_slot_read(tvi_overlay *overlay, uint32_t slot, void *value) {
  int code;
  if (slot < TVI_OVERLAY_HEAP_SLOTS) {
    memcpy(value, overlay_heap_slot(overlay, slot), overlay->value_bytes);
    return TV_OK;
  }
  code = overlay->spill->pMethods->xRead(overlay->spill, value, (int)overlay->value_bytes,
                                         overlay_spill_offset(overlay, slot));
  return code == SQLITE_OK ? TV_OK : TV_EIO;
}

int tvi_overlay_put(tvi_overlay *overlay, uint32_t page, const void *value) {
  tvi_overlay_entry *entry;
  int status;
  if (overlay->count * 2 >= overlay->capacity) {
    status = overlay_grow(overlay);
    if (status != TV_OK) return status;
  }
  entry = &overlay->entries[overlay_place(overlay, page)];
  status = overlay_slot_write(overlay, entry->page != 0 ? entry->slot : overlay->slots, value);
  if (status != TV_OK) return status;
  if (entry->page == 0) {
    entry->page = page;
    entry->slot = overlay->slots++;
    overlay->count++;
  }
  entry->dropped = 0;
  return TV_OK;
}

int tvi_overlay_get(tvi_overlay *overlay, uint32_t page, void *value) {
  if (overlay->capacity != 0) {
    const tvi_overlay_entry *entry = &overlay->entries[overlay_place(overlay, page)];
    if (entry->page != 0 && !entry->dropped) return overlay_slot_read(overlay, entry->slot, value);
  }
  return overlay->truncated && page > overlay->store_limit ? TV_END : TV_NOTFOUND;
}

void tvi_overlay_truncate(tvi_overlay *overlay, uint32_t pages) {
  if (!overlay->truncated || pages < overlay->store_limit) overlay->store_limit = pages;
  overlay->truncated = 1;
  for (size_t i = 0; i < overlay->capacity; i++)
    if (overlay->entries[i].page > pages) overlay->entries[i].dropped = 1;
}

int tvi_overlay_is_empty(const tvi_overlay *overlay) {
  return overlay->count == 0 && !overlay->truncated;
}

static int overlay_by_page(const void *left, const void *right) {
  uint32_t a = ((const tvi_overlay_entry *)left)->page;
  uint32_t b = ((const tvi_overlay_entry *)right)->page;
  return (a > b) - (a < b);
}

int tvi_overlay_each(tvi_overlay *overlay,
                     int (*visit)(void *ctx, uint32_t page, const void *value), void *ctx) {
  tvi_overlay_entry *sorted;
  unsigned char *value;
  size_t n = 0;
  int status = TV_OK;
  if (overlay->count == 0) return TV_OK;
  sorted = tvi_alloc(overlay->count * sizeof *sorted);
  value = tvi_alloc(overlay->value_bytes);
  if (sorted == NULL || value == NULL) status = TV_ENOMEM;
  if (status == TV_OK) {
    for (size_t i = 0; i < overlay->capacity; i++)
      if (overlay->entries[i].page != 0 && !overlay->entries[i].dropped)
        sorted[n++] = overlay->entries[i];
    qsort(sorted, n, sizeof *sorted, overlay_by_page);
  }
  for (size_t i = 0; i < n && status == TV_OK; i++) {
    status = overlay_slot_read(overlay, sorted[i].slot, value);
    if (status == TV_OK) status = visit(ctx, sorted[i].page, value);
  }
  tvi_free(value);
  tvi_free(sorted);
  return status;
}

void tvi_overlay_clear(tvi_overlay *overlay) {
  size_t value_bytes = overlay->value_bytes;
  if (overlay->spill != NULL) {
    overlay->spill->pMethods->xClose(overlay->spill);
    tvi_free(overlay->spill);
  }
  for (size_t i = 0; i < overlay->blocks_count; i++) tvi_free(overlay->blocks[i]);
  tvi_free(overlay->blocks);
  tvi_free(overlay->entries);
  memset(overlay, 0, sizeof *overlay);
  overlay->value_bytes = value_bytes;
}
