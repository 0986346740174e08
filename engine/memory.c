/* SPDX-License-Identifier: MIT */
/*
 * All memory of the library comes through these four functions, so that an application can count
 * it and a test can let any single allocation fail. Rejected: arenas per transaction; the handles
 * that live in one are few, kept and used again, and sanitizers see through malloc only.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "env_internal.h"

void *tvi_alloc(size_t bytes) {
  const tv_allocator *allocator = tvi_registry_allocator();
  assert(bytes > 0);
  return allocator == NULL ? malloc(bytes) : allocator->allocate(allocator->ctx, bytes);
}

void *tvi_zalloc(size_t bytes) {
  const tv_allocator *allocator = tvi_registry_allocator();
  void *memory;
  assert(bytes > 0);
  if (allocator == NULL) return calloc(1, bytes);
  memory = allocator->allocate(allocator->ctx, bytes);
  if (memory != NULL) memset(memory, 0, bytes);
  return memory;
}

void *tvi_realloc(void *old, size_t bytes) {
  const tv_allocator *allocator = tvi_registry_allocator();
  assert(bytes > 0);
  if (allocator == NULL) return realloc(old, bytes);
  if (old == NULL) return allocator->allocate(allocator->ctx, bytes);
  return allocator->reallocate(allocator->ctx, old, bytes);
}

void tvi_free(void *old) {
  const tv_allocator *allocator;
  if (old == NULL) return;
  allocator = tvi_registry_allocator();
  if (allocator == NULL) {
    free(old);
  } else {
    allocator->release(allocator->ctx, old);
  }
}

#define MEMORY_BUFFER_BYTES_MIN 64

int tvi_buffer_reserve(tvi_buffer *buffer, size_t capacity) {
  size_t grown = buffer->capacity;
  unsigned char *data;

  if (capacity <= buffer->capacity) return TV_OK;
  /* Growing by half again keeps appending linear and wastes less than doubling. */
  if (grown <= SIZE_MAX / 2) grown += grown / 2;
  if (grown < MEMORY_BUFFER_BYTES_MIN) grown = MEMORY_BUFFER_BYTES_MIN;
  if (grown < capacity) grown = capacity;
  data = tvi_realloc(buffer->data, grown);
  if (data == NULL) return TV_ENOMEM;
  buffer->data = data;
  buffer->capacity = grown;
  return TV_OK;
}

int tvi_buffer_append(tvi_buffer *buffer, const void *data, size_t size) {
  int status;

  if (size == 0) return TV_OK;
  if (size > SIZE_MAX - buffer->size) return TV_ENOMEM;
  status = tvi_buffer_reserve(buffer, buffer->size + size);
  if (status != TV_OK) return status;
  memcpy(buffer->data + buffer->size, data, size);
  buffer->size += size;
  return TV_OK;
}

void tvi_buffer_free(tvi_buffer *buffer) {
  tvi_free(buffer->data);
  *buffer = (tvi_buffer){0};
}
