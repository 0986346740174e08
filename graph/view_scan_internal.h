/* SPDX-License-Identifier: MIT */
/*
 * Scans of a view, node after node within one block: where the block's rows are is looked up once
 * and not for each node, which for the many nodes with few neighbours is most of the work. It
 * serves blocks that one type of edges has to itself, and there nodes that the delta leaves alone;
 * the others are read run by run.
 */
#ifndef TRIVET_VIEW_SCAN_INTERNAL_H
#define TRIVET_VIEW_SCAN_INTERNAL_H

#include "view_internal.h"

typedef struct tvi_view_scan {
  tvi_view_block block; /* the only rows of the block */
  const uint32_t *pieces_at;
  int sole; /* 0: there is more than one */
} tvi_view_scan;

/* Of the block of a node. */
static inline tvi_view_scan tvi_view_scan_begin(const tvi_view *view, uint32_t node) {
  static const unsigned char nowhere[4] = {0};
  tvi_view_scan scan = {.pieces_at = view->pieces_at, .sole = 1};
  uint32_t layer, found = 0;
  scan.block.neighbours = nowhere;
  for (layer = 0; layer < view->layers; layer++) {
    const tvi_view_block *block = &view->rows[layer * view->blocks + (node >> TVI_BLOCK_BITS)];
    if (block->nodes == 0) continue;
    scan.block = *block;
    found++;
  }
  scan.sole = found <= 1;
  return scan;
}

/* A node of the block. 1: *list are all its *n neighbours. 0: read its runs. */
static inline int tvi_view_scan_at(const tvi_view_scan *scan, uint32_t node,
                                   const unsigned char **list, uint32_t *n) {
  uint32_t row = node & (TVI_BLOCK_NODES - 1), from;
  if (TVI_UNLIKELY(!scan->sole) ||
      (TVI_UNLIKELY(scan->pieces_at != NULL) && scan->pieces_at[node] != scan->pieces_at[node + 1]))
    return 0;
  *n = 0;
  *list = scan->block.neighbours;
  if (row >= scan->block.nodes) return 1;
  from = tvi_load_le32(scan->block.offsets + 4 * (size_t)row);
  *n = tvi_load_le32(scan->block.offsets + 4 * (size_t)row + 4) - from;
  *list += 4 * (size_t)from;
  return 1;
}

#endif
