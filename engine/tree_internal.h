/* SPDX-License-Identifier: MIT */
/*
 * A store's tree as a snapshot has it, read page by page from the map without LMDB. Only for read
 * transactions, whose pages nobody changes. The layout is in lmdb_format_internal.h.
 *
 * Every page number, offset and size is compared with its bounds before it is followed, so a
 * damaged tree gives TV_ECORRUPT (no message: the caller knows whose tree it was).
 */
#ifndef TRIVET_TREE_INTERNAL_H
#define TRIVET_TREE_INTERNAL_H

#include "lmdb_format_internal.h"
#include "trivet.h"

typedef struct tvi_tree {
  const unsigned char *map; /* page 0 */
  uint64_t pages;           /* page numbers are below */
  uint64_t root;            /* TVI_PAGE_NONE: empty */
  size_t page_bytes;
} tvi_tree;

/* A page and a row of it: of a branch the child that was taken, of a leaf the row. */
typedef struct tvi_tree_step {
  const unsigned char *page;
  unsigned index, rows;
} tvi_tree_step;

/* From the root, step[0], to a leaf, step[depth - 1]. depth 0: nowhere. */
typedef struct tvi_tree_path {
  unsigned depth;
  tvi_tree_step step[TVI_TREE_DEPTH_MAX];
} tvi_tree_path;

/* The value of a key. TV_OK, TV_NOTFOUND, TV_ECORRUPT. */
int tvi_tree_get(const tvi_tree *tree, tv_slice key, tv_slice *value);

/* To the first row whose key is at least `key` (any length, also 0). TV_OK, TV_END, TV_ECORRUPT;
 * the path is of use after TV_OK only. */
int tvi_tree_seek(const tvi_tree *tree, tv_slice key, tvi_tree_path *path);
/* To the first row, or with last = 1 the last. */
int tvi_tree_edge(const tvi_tree *tree, int last, tvi_tree_path *path);
/* From a leaf to the first row of the next one, or the last row of the one before. */
int tvi_tree_next_leaf(const tvi_tree *tree, tvi_tree_path *path);
int tvi_tree_prev_leaf(const tvi_tree *tree, tvi_tree_path *path);
/* The row `index` of a leaf page. TV_OK, TV_ECORRUPT. */
int tvi_tree_row(const tvi_tree *tree, const unsigned char *leaf, unsigned index, tv_slice *key,
                 tv_slice *value);

#endif
