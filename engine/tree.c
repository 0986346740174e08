/* SPDX-License-Identifier: MIT */
/*
 * Descent through a tree's pages in the map. LMDB's mdb_get sets up a cursor, looks up the tree's
 * record and calls a comparison for every probe, 1,500 instructions for four levels; the walk
 * itself needs a quarter of that, and knows enough to ask for the next two probes of a cold leaf
 * before it needs either. Rejected: a cache of upper levels beside the map, which every commit
 * would make stale, and which the processor's caches are already.
 */
#include "tree_internal.h"

#include "layer_internal.h"

#define TREE_PREFETCH_ROWS 4u /* fewer are compared as fast as they are fetched */

/* ---- Keys ---- */

static inline uint64_t tree_word(const unsigned char *from) {
  uint64_t word;
  memcpy(&word, from, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

/* Less than, equal to or greater than 0, as memcmp and then the sizes say. */
static inline int tree_compare(const unsigned char *a, size_t a_size, const unsigned char *b,
                               size_t b_size) {
  size_t n = a_size < b_size ? a_size : b_size, at = 0;
  if (n >= 8) {
    for (;;) {
      uint64_t x = tree_word(a + at), y = tree_word(b + at);
      if (x != y) return x < y ? -1 : 1;
      if (at + 8 == n) break;
      at = at + 16 <= n ? at + 8 : n - 8; /* the last words overlap: what is equal stays equal */
    }
  } else {
    for (; at < n; at++)
      if (a[at] != b[at]) return a[at] < b[at] ? -1 : 1;
  }
  return a_size < b_size ? -1 : a_size > b_size;
}

/* ---- Pages ---- */

/* A page of one of two kinds. NULL: out of bounds, or of another kind. */
static inline const unsigned char *tree_page(const tvi_tree *tree, uint64_t number,
                                             unsigned *rows) {
  const unsigned char *page;
  unsigned lower, flags;
  if (TVI_UNLIKELY(number < TVI_PAGE_FIRST || number >= tree->pages)) return NULL;
  page = tree->map + number * tree->page_bytes;
  lower = tvi_page_lower(page);
  flags = tvi_page_flags(page);
  if (TVI_UNLIKELY(flags != TVI_PAGE_LEAF && flags != TVI_PAGE_BRANCH)) return NULL;
  if (TVI_UNLIKELY(lower < TVI_PAGE_HEADER_BYTES + 2 || lower > tree->page_bytes)) return NULL;
  *rows = tvi_page_nodes(page);
  return page;
}

/* A node whose header and key lie in the page, else NULL. */
static inline const unsigned char *tree_node(const tvi_tree *tree, const unsigned char *page,
                                             unsigned index) {
  size_t offset = tvi_page_node_offset(page, index);
  const unsigned char *node = page + offset;
  if (TVI_UNLIKELY(offset + TVI_NODE_HEADER_BYTES > tree->page_bytes)) return NULL;
  if (TVI_UNLIKELY(offset + TVI_NODE_HEADER_BYTES + tvi_node_key_size(node) > tree->page_bytes))
    return NULL;
  return node;
}

/* Both rows that a search between low and high may look at next. */
static inline void tree_prefetch(const unsigned char *page, unsigned low, unsigned middle,
                                 unsigned high) {
  __builtin_prefetch(page + tvi_page_node_offset(page, (low + middle) / 2));
  __builtin_prefetch(page + tvi_page_node_offset(page, (middle + 1 + high) / 2));
}

/*
 * The first row from `low` on whose key is at least `key`; *exact: it is equal. Branch pages begin
 * at 1: their first key is less than all.
 */
static inline int tree_search(const tvi_tree *tree, const unsigned char *page, unsigned low,
                              unsigned rows, tv_slice key, unsigned *at, int *exact) {
  unsigned high = rows;
  *exact = 0;
  *at = rows;
  while (low < high) {
    unsigned middle = (low + high) / 2;
    const unsigned char *node;
    int order;
    if (high - low > TREE_PREFETCH_ROWS) tree_prefetch(page, low, middle, high - 1);
    node = tree_node(tree, page, middle);
    if (TVI_UNLIKELY(node == NULL)) return TV_ECORRUPT;
    order = tree_compare(tvi_node_key(node), tvi_node_key_size(node), key.data, key.size);
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
      if (order == 0) {
        *exact = 1;
        break;
      }
    }
  }
  *at = high;
  return TV_OK;
}

/* The child of a branch page under which the key belongs. */
static inline int tree_choose(const tvi_tree *tree, const unsigned char *page, unsigned rows,
                              tv_slice key, unsigned *index) {
  int exact, status = tree_search(tree, page, 1, rows, key, index, &exact);
  if (!exact) (*index)--;
  return status;
}

/* ---- Values ---- */

/* A value outside its leaf. */
static int tree_big_value(const tvi_tree *tree, const unsigned char *page,
                          const unsigned char *node, tv_slice *value) {
  const unsigned char *place = tvi_node_value(node), *run;
  size_t size = tvi_node_value_size(node);
  uint64_t number, pages = tvi_overflow_pages(size, tree->page_bytes);
  if ((size_t)(place - page) + 8 > tree->page_bytes) return TV_ECORRUPT;
  number = tvi_load_le64(place);
  if (number < TVI_PAGE_FIRST || number >= tree->pages || pages > tree->pages - number)
    return TV_ECORRUPT;
  run = tree->map + number * tree->page_bytes;
  if (tvi_page_flags(run) != TVI_PAGE_OVERFLOW || tvi_page_run(run) < pages) return TV_ECORRUPT;
  *value = tv_bytes(run + TVI_PAGE_HEADER_BYTES, size);
  return TV_OK;
}

static inline int tree_value(const tvi_tree *tree, const unsigned char *page,
                             const unsigned char *node, tv_slice *value) {
  const unsigned char *place = tvi_node_value(node);
  if (TVI_UNLIKELY(tvi_node_flags(node) != 0)) {
    if (tvi_node_flags(node) != TVI_NODE_BIG) return TV_ECORRUPT;
    return tree_big_value(tree, page, node, value);
  }
  *value = tv_bytes(place, tvi_node_value_size(node));
  return TVI_LIKELY((size_t)(place - page) + value->size <= tree->page_bytes) ? TV_OK : TV_ECORRUPT;
}

int tvi_tree_row(const tvi_tree *tree, const unsigned char *leaf, unsigned index, tv_slice *key,
                 tv_slice *value) {
  const unsigned char *node = tree_node(tree, leaf, index);
  if (node == NULL) return TV_ECORRUPT;
  *key = tv_bytes(tvi_node_key(node), tvi_node_key_size(node));
  return tree_value(tree, leaf, node, value);
}

int tvi_tree_get(const tvi_tree *tree, tv_slice key, tv_slice *value) {
  uint64_t number = tree->root;
  unsigned level, rows, index;
  int exact, status;
  if (number == TVI_PAGE_NONE) return TV_NOTFOUND;
  for (level = 0; level < TVI_TREE_DEPTH_MAX; level++) {
    const unsigned char *page = tree_page(tree, number, &rows), *node;
    if (TVI_UNLIKELY(page == NULL)) return TV_ECORRUPT;
    if (tvi_page_flags(page) == TVI_PAGE_LEAF) {
      status = tree_search(tree, page, 0, rows, key, &index, &exact);
      if (TVI_UNLIKELY(status != TV_OK)) return status;
      return exact ? tree_value(tree, page, tvi_page_node(page, index), value) : TV_NOTFOUND;
    }
    status = tree_choose(tree, page, rows, key, &index);
    if (TVI_UNLIKELY(status != TV_OK)) return status;
    node = tree_node(tree, page, index);
    if (TVI_UNLIKELY(node == NULL)) return TV_ECORRUPT;
    number = tvi_node_child(node);
  }
  return TV_ECORRUPT;
}

/* ---- Paths ---- */

enum { TREE_FIRST, TREE_LAST };

/* Appends the page `number` to the path. */
static int tree_enter(const tvi_tree *tree, tvi_tree_path *path, uint64_t number) {
  tvi_tree_step *step = &path->step[path->depth];
  if (path->depth == TVI_TREE_DEPTH_MAX) return TV_ECORRUPT;
  step->page = tree_page(tree, number, &step->rows);
  if (step->page == NULL) return TV_ECORRUPT;
  path->depth++;
  return TV_OK;
}

static tvi_tree_step *tree_last_step(tvi_tree_path *path) {
  return &path->step[path->depth - 1];
}

static int tree_at_leaf(tvi_tree_path *path) {
  return tvi_page_flags(tree_last_step(path)->page) == TVI_PAGE_LEAF;
}

/* The child where the last step stands. */
static int tree_enter_child(const tvi_tree *tree, tvi_tree_path *path) {
  const tvi_tree_step *step = tree_last_step(path);
  const unsigned char *node = tree_node(tree, step->page, step->index);
  return node == NULL ? TV_ECORRUPT : tree_enter(tree, path, tvi_node_child(node));
}

/* Down to the first or last row below the page `number`. */
static int tree_descend(const tvi_tree *tree, tvi_tree_path *path, uint64_t number, int end) {
  int status = tree_enter(tree, path, number);
  while (status == TV_OK) {
    tvi_tree_step *step = tree_last_step(path);
    step->index = end == TREE_FIRST ? 0 : step->rows - 1;
    if (tree_at_leaf(path)) return TV_OK;
    status = tree_enter_child(tree, path);
  }
  return status;
}

int tvi_tree_edge(const tvi_tree *tree, int last, tvi_tree_path *path) {
  path->depth = 0;
  if (tree->root == TVI_PAGE_NONE) return TV_END;
  return tree_descend(tree, path, tree->root, last ? TREE_LAST : TREE_FIRST);
}

/* To the leaf beside: up until a branch has a further child on that side, and down again. */
static int tree_sidestep(const tvi_tree *tree, tvi_tree_path *path, int end) {
  while (path->depth > 1) {
    tvi_tree_step *step = &path->step[path->depth - 2];
    const unsigned char *node;
    path->depth--;
    if (end == TREE_FIRST ? step->index + 1 >= step->rows : step->index == 0) continue;
    step->index = end == TREE_FIRST ? step->index + 1 : step->index - 1;
    node = tree_node(tree, step->page, step->index);
    if (node == NULL) return TV_ECORRUPT;
    return tree_descend(tree, path, tvi_node_child(node), end);
  }
  path->depth = 0;
  return TV_END;
}

int tvi_tree_next_leaf(const tvi_tree *tree, tvi_tree_path *path) {
  return tree_sidestep(tree, path, TREE_FIRST);
}

int tvi_tree_prev_leaf(const tvi_tree *tree, tvi_tree_path *path) {
  return tree_sidestep(tree, path, TREE_LAST);
}

int tvi_tree_seek(const tvi_tree *tree, tv_slice key, tvi_tree_path *path) {
  int exact, status;
  path->depth = 0;
  if (tree->root == TVI_PAGE_NONE) return TV_END;
  status = tree_enter(tree, path, tree->root);
  while (status == TV_OK) {
    tvi_tree_step *step = tree_last_step(path);
    if (tree_at_leaf(path)) {
      status = tree_search(tree, step->page, 0, step->rows, key, &step->index, &exact);
      if (status != TV_OK || step->index < step->rows) return status;
      return tree_sidestep(tree, path, TREE_FIRST); /* greater than all in this leaf */
    }
    status = tree_choose(tree, step->page, step->rows, key, &step->index);
    if (status == TV_OK) status = tree_enter_child(tree, path);
  }
  return status;
}
