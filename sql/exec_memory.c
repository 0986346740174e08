/* SPDX-License-Identifier: MIT */
/*
 * The memory of a run, counted against its limit before it is asked for. Pools give memory that
 * goes all at once, since a run frees by phases: a batch, a row group, the whole. Counting in the
 * allocator itself was rejected: it serves the whole process, and the limit is one statement's.
 */
#include <string.h>

#include "exec_value_internal.h"

#define POOL_PAGE_BYTES 65472u /* less than a power of two, for the allocator's own words */
#define POOL_ALIGN 64u

struct tvi_arena_page {
  struct tvi_arena_page *next;
  size_t used, size; /* bytes behind the header */
};

#define POOL_HEAD_BYTES ((sizeof(struct tvi_arena_page) + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN)

int tvi_memory_take(tvi_memory *memory, int64_t bytes) {
  uint64_t used = atomic_fetch_add_explicit(&memory->used, (uint64_t)bytes, memory_order_relaxed);

  if (bytes <= 0 || memory->most == 0 || used + (uint64_t)bytes <= memory->most) return 1;
  atomic_fetch_sub_explicit(&memory->used, (uint64_t)bytes, memory_order_relaxed);
  atomic_store(&memory->exceeded, 1);
  return 0;
}

int tvi_memory_status(const tvi_memory *memory) {
  return atomic_load(&memory->exceeded) ? TV_ELIMIT : TV_ENOMEM;
}

static struct tvi_arena_page *pool_page(tvi_arena *pool, size_t size) {
  struct tvi_arena_page *page;

  if (size < POOL_PAGE_BYTES) size = POOL_PAGE_BYTES;
  if (!tvi_memory_take(pool->memory, (int64_t)(size + POOL_HEAD_BYTES))) return NULL;
  page = tvi_alloc(size + POOL_HEAD_BYTES + POOL_ALIGN);
  if (page == NULL) {
    tvi_memory_take(pool->memory, -(int64_t)(size + POOL_HEAD_BYTES));
    return NULL;
  }
  page->next = pool->pages;
  page->used = 0;
  page->size = size;
  pool->pages = page;
  return page;
}

/* The page's bytes begin at a multiple of POOL_ALIGN, so that offsets align as addresses do. */
static void *pool_take(tvi_arena *pool, size_t size, size_t align) {
  struct tvi_arena_page *page = pool->pages;
  size_t at = page == NULL ? 0 : (page->used + align - 1) / align * align;
  uintptr_t start;

  if (size > SIZE_MAX / 2) return NULL;
  if (page == NULL || at > page->size || size > page->size - at) {
    page = pool_page(pool, size);
    at = 0;
    if (page == NULL) return NULL;
  }
  page->used = at + size;
  start = ((uintptr_t)page + POOL_HEAD_BYTES + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN;
  return (unsigned char *)page + (start - (uintptr_t)page) + at;
}

void *tvi_arena_alloc(tvi_arena *pool, size_t size) {
  return pool_take(pool, size, POOL_ALIGN);
}

void *tvi_arena_zalloc(tvi_arena *pool, size_t size) {
  void *room = tvi_arena_alloc(pool, size);
  if (room != NULL) memset(room, 0, size);
  return room;
}

int tvi_arena_copy(tvi_arena *pool, tv_slice bytes, tv_slice *out) {
  unsigned char *room;

  if (bytes.size == 0) {
    *out = tv_bytes("", 0);
    return 1;
  }
  room = pool_take(pool, bytes.size, 1);
  if (room == NULL) return 0;
  memcpy(room, bytes.data, bytes.size);
  *out = tv_bytes(room, bytes.size);
  return 1;
}

static void pool_page_free(tvi_arena *pool, struct tvi_arena_page *page) {
  tvi_memory_take(pool->memory, -(int64_t)(page->size + POOL_HEAD_BYTES));
  tvi_free(page);
}

void tvi_arena_reset(tvi_arena *pool) {
  struct tvi_arena_page *page = pool->pages, *next;

  if (page == NULL) return;
  for (next = page->next; next != NULL; next = page->next) {
    page->next = next->next;
    pool_page_free(pool, next);
  }
  page->used = 0;
}

void tvi_arena_free(tvi_arena *pool) {
  tvi_arena_reset(pool);
  if (pool->pages != NULL) pool_page_free(pool, pool->pages);
  pool->pages = NULL;
}

int tvi_arena_grow(tvi_memory *memory, void **array, size_t *capacity, size_t need, size_t size) {
  size_t room = *capacity;
  void *grown;

  if (need <= room) return 1;
  if (need > SIZE_MAX / 4 / size) return 0;
  if (room < 64) room = 64;
  while (room < need) room *= 2;
  if (!tvi_memory_take(memory, (int64_t)((room - *capacity) * size))) return 0;
  grown = tvi_realloc(*array, room * size);
  if (grown == NULL) {
    tvi_memory_take(memory, -(int64_t)((room - *capacity) * size));
    return 0;
  }
  *array = grown;
  *capacity = room;
  return 1;
}

void tvi_arena_drop(tvi_memory *memory, void *array, size_t capacity, size_t size) {
  if (array == NULL) return;
  tvi_memory_take(memory, -(int64_t)(capacity * size));
  tvi_free(array);
}
