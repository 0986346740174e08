/* SPDX-License-Identifier: MIT */
/*
 * Bytes as one LZ4 block, for layers that keep sizes themselves. An envelope was rejected for
 * these: a segment holds many blocks under one checksum of its own.
 */
#include <lz4.h>

#include "envelope_internal.h"

size_t tvi_lz4_pack(const void *from, size_t size, void *to, size_t capacity) {
  int packed;

  if (size > LZ4_MAX_INPUT_SIZE) return 0;
  if (capacity > LZ4_MAX_INPUT_SIZE) capacity = LZ4_MAX_INPUT_SIZE;
  packed = LZ4_compress_default(from, to, (int)size, (int)capacity);
  return packed > 0 ? (size_t)packed : 0;
}

int tvi_lz4_unpack(const void *from, size_t size, void *to, size_t expected) {
  if (size > LZ4_MAX_INPUT_SIZE || expected > LZ4_MAX_INPUT_SIZE) return TV_ECORRUPT;
  return LZ4_decompress_safe(from, to, (int)size, (int)expected) == (int)expected ? TV_OK
                                                                                  : TV_ECORRUPT;
}
