/* SPDX-License-Identifier: MIT */
/*
 * The leaf page that a cursor of a read transaction steps in, open to the layers so that a scan is
 * compiled into their loops: a call per row costs as much as the row. tvi_cursor_leaf gives a
 * cursor's.
 */
#ifndef TRIVET_LEAF_INTERNAL_H
#define TRIVET_LEAF_INTERNAL_H

#include "layer_internal.h"
#include "lmdb_format_internal.h"

typedef struct tvi_leaf {
  const unsigned char *page;
  unsigned index, rows; /* rows 0: nowhere */
  size_t page_bytes;
} tvi_leaf;

/* Lifetime: the cursor's. */
tvi_leaf *tvi_cursor_leaf(tv_cursor *cursor);

/*
 * The row `index`, when it lies in the page as a whole. 0: it does not (a large value), or the page
 * is damaged; tv_cursor_next and _prev tell which.
 */
static inline int tvi_leaf_row(tvi_leaf *leaf, unsigned index, size_t value_bytes_min,
                               tv_slice *key, tv_slice *value) {
  size_t offset = tvi_page_node_offset(leaf->page, index), key_size, value_size;
  const unsigned char *node = leaf->page + offset;
  if (TVI_UNLIKELY(offset + TVI_NODE_HEADER_BYTES > leaf->page_bytes)) return 0;
  if (TVI_UNLIKELY(tvi_node_flags(node) != 0)) return 0;
  key_size = tvi_node_key_size(node);
  value_size = tvi_node_value_size(node);
  if (TVI_UNLIKELY(value_size < value_bytes_min)) return 0;
  if (TVI_UNLIKELY(offset + TVI_NODE_HEADER_BYTES + key_size + value_size > leaf->page_bytes))
    return 0;
  key->data = tvi_node_key(node);
  key->size = key_size;
  value->data = tvi_node_key(node) + key_size;
  value->size = value_size;
  leaf->index = index;
  return 1;
}

static inline int tvi_leaf_next(tvi_leaf *leaf, size_t value_bytes_min, tv_slice *key,
                                tv_slice *value) {
  unsigned next = leaf->index + 1;
  return TVI_LIKELY(next < leaf->rows) && tvi_leaf_row(leaf, next, value_bytes_min, key, value);
}

#endif
