/* SPDX-License-Identifier: MIT */
/*
 * What property indexes are inside. All indexes of a graph are in one store, the part "indexes":
 *
 *   key: be16 number of the index, value in order, be40 node or edge        value: empty
 *
 * and what they are in the master store:
 *
 *   key: 'i', be16 number   value: sealed kind ('n' or 'e'), flags, be16 label or type (0xffff:
 *                           all), be16 property
 *
 * A value in order is one byte of its kind (1 bool, 2 number, 3 text, 4 blob) and then
 *
 *   bool    one byte, 0 or 1
 *   number  10 bytes: the double next below or equal, as 8 bytes in memcmp order, and be16 what an
 *           integer is above that (0 for doubles)
 *   text,   its first 248 bytes, each 00 as 00 ff; then 00 00 when that is all, 00 01 when there is
 *   blob    more
 */
#ifndef TRIVET_PROPERTY_INDEX_INTERNAL_H
#define TRIVET_PROPERTY_INDEX_INTERNAL_H

#include "graph_internal.h"
#include "trivet_graph_index.h"

/* ---- Values in order (value_order.c) ---- */

enum { TVI_ORDER_BOOL = 1, TVI_ORDER_NUMBER = 2, TVI_ORDER_TEXT = 3, TVI_ORDER_BLOB = 4 };

#define TVI_ORDER_BYTES_MAX (1 + 2 * TV_INDEX_VALUE_BYTES_MAX + 2)

/* Its kind; 0 for null and what is no value. */
int tvi_order_kind(const tv_value *value);
/* Writes a value in order; returns its bytes. *cut becomes 1 when the value has more bytes than are
 * written. The value is not null. */
size_t tvi_order_put(unsigned char out[TVI_ORDER_BYTES_MAX], const tv_value *value, int *cut);
/* ---- Keys ---- */

#define TVI_INDEX_ID_BYTES 5
#define TVI_INDEX_KEY_BYTES_MAX (2 + TVI_ORDER_BYTES_MAX + TVI_INDEX_ID_BYTES)
#define TVI_INDEX_ANY 0xffffu /* instead of a label or type */

typedef struct tvi_index_def {
  uint32_t number;
  int kind; /* tv_index_kind */
  unsigned flags;
  uint32_t label, property; /* label or type, or TVI_INDEX_ANY */
} tvi_index_def;

typedef struct tvi_index_key {
  unsigned char bytes[TVI_INDEX_KEY_BYTES_MAX];
  size_t size;
  int cut; /* the value has more bytes than the key */
} tvi_index_key;

void tvi_index_key_put(tvi_index_key *key, uint32_t index, const tv_value *value, uint64_t id);
/* The value of a node or edge under a property. TV_OK, TV_NOTFOUND, TV_ECORRUPT. */
int tvi_index_value(tv_graph *graph, const tvi_index_def *def, uint64_t id, tv_value *value);
/* 1 when the node or edge has expired. */
int tvi_index_gone(tv_graph *graph, const tvi_index_def *def, uint64_t id, int *gone);

/* ---- Definitions (property_index.c) ---- */

/* TV_OK, TV_NOTFOUND (no message), TV_EINVAL. */
int tvi_index_find(tv_graph *graph, const tv_index *index, tvi_index_def *def);

/* ---- Keeping them exact (property_index_write.c) ---- */

/* Puts the entry of one more node or edge; unique indexes are asked first. */
int tvi_index_enter(tv_graph *graph, const tvi_index_def *def, tv_store *store, uint64_t id,
                    const tv_value *value);
/* Sets TV_EXISTS when another one in a unique index has that value. */
int tvi_index_check_unique(tv_graph *graph, const tvi_index_def *def, const tv_value *value,
                           uint64_t id);

#endif
