/* SPDX-License-Identifier: MIT */
/*
 * Sealed records: the small bookkeeping values of a graph (ids, names, ends of edges) followed by
 * four bytes of checksum. Rejected: the engine's envelope, whose 9 bytes would nearly double
 * records of 5 to 12 bytes of which there is one for every edge; 32 bits are ample to find damage
 * in so few bytes.
 */
#include <string.h>

#include "graph_internal.h"

#define SEAL_INPUT_MAX (TV_KEY_BYTES_MAX + TVI_SEALED_BYTES_MAX)

/* The checksum covers the key too, so that a value under a wrong key is found out. */
static uint32_t seal_of(tv_slice key, tv_slice bytes) {
  unsigned char input[SEAL_INPUT_MAX];
  memcpy(input, key.data, key.size);
  if (bytes.size != 0) memcpy(input + key.size, bytes.data, bytes.size);
  return (uint32_t)tvi_checksum(input, key.size + bytes.size);
}

int tvi_sealed_put(tv_store *store, tv_slice key, tv_slice bytes, unsigned flags) {
  unsigned char value[TVI_SEALED_BYTES_MAX];
  memcpy(value, bytes.data, bytes.size);
  tvi_store_le32(value + bytes.size, seal_of(key, bytes));
  return tv_store_put(store, key, tv_bytes(value, bytes.size + TVI_SEAL_BYTES), flags);
}

int tvi_sealed_get(tv_store *store, tv_slice key, tv_slice *bytes) {
  tv_slice value, payload;
  int status = tv_store_get(store, key, &value);
  if (status != TV_OK) return status;
  if (value.size < TVI_SEAL_BYTES || value.size > TVI_SEALED_BYTES_MAX) return TV_ECORRUPT;
  payload = tv_bytes(value.data, value.size - TVI_SEAL_BYTES);
  if (tvi_load_le32((const unsigned char *)value.data + payload.size) != seal_of(key, payload))
    return TV_ECORRUPT;
  *bytes = payload;
  return TV_OK;
}
