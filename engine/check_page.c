/* SPDX-License-Identifier: MIT */
/*
 * One page by itself: everything that reading its nodes relies on. After this no offset or size in
 * the page needs to be looked at again. It returns a fixed phrase and not a formatted one, since
 * the same test runs on every page of a file and almost never fails.
 */
#include <string.h>

#include "check_internal.h"

/* Takes the node's bytes out of the unused ones; 0 when another node has some of them already. */
static int check_page_claim(unsigned char *scratch, size_t from, size_t to) {
  size_t first = from / 2, count = (to + 1) / 2 - first;
  if (memchr(scratch + first, 1, count) != NULL) return 0;
  memset(scratch + first, 1, count);
  return 1;
}

static const char *check_page_node(const unsigned char *page, size_t page_bytes, unsigned index,
                                   unsigned node_flags, unsigned char *scratch) {
  size_t from = tvi_page_node_offset(page, index), to;
  int is_leaf = tvi_page_flags(page) == TVI_PAGE_LEAF;
  const unsigned char *node = page + from;
  size_t key_size;

  if (from < tvi_page_upper(page) || from > page_bytes - TVI_NODE_HEADER_BYTES)
    return "a node lies outside it";
  if (from % 2 != 0) return "a node stands at an odd place";
  key_size = tvi_node_key_size(node);
  if (key_size > TVI_NODE_KEY_BYTES_MAX) return "a key is longer than possible";
  if (key_size == 0 && (is_leaf || index > 0)) return "a key is empty";
  to = from + TVI_NODE_HEADER_BYTES + key_size;
  if (is_leaf) {
    unsigned flags = tvi_node_flags(node);
    size_t value_size = (flags & TVI_NODE_BIG) != 0 ? 8 : tvi_node_value_size(node);
    if ((flags & ~node_flags) != 0) return "a node has flags that do not belong there";
    if ((flags & TVI_NODE_TREE) != 0 && (flags & TVI_NODE_DUPLICATES) == 0 &&
        (flags != TVI_NODE_TREE || value_size != TVI_TREE_BYTES))
      return "a tree record has the wrong size";
    if (to > page_bytes || value_size > page_bytes - to) return "a value ends behind it";
    to += value_size;
  }
  if (to > page_bytes) return "a node ends behind it";
  if (!check_page_claim(scratch, from, to)) return "two nodes overlap";
  return NULL;
}

const char *tvi_check_page(const unsigned char *page, size_t page_bytes, uint64_t page_number,
                           unsigned node_flags, unsigned char *scratch) {
  unsigned flags = tvi_page_flags(page), index, count;

  if (tvi_page_number(page) != page_number) return "its header names another page";
  if (flags != TVI_PAGE_LEAF && flags != TVI_PAGE_BRANCH)
    return "its header says that it is another kind of page";
  if (tvi_page_lower(page) < TVI_PAGE_HEADER_BYTES || tvi_page_lower(page) % 2 != 0 ||
      tvi_page_upper(page) < tvi_page_lower(page) || tvi_page_upper(page) > page_bytes)
    return "its bounds are wrong";
  count = tvi_page_nodes(page);
  if (count == 0) return "it is empty";
  memset(scratch, 0, page_bytes / 2);
  for (index = 0; index < count; index++) {
    const char *reason = check_page_node(page, page_bytes, index, node_flags, scratch);
    if (reason != NULL) return reason;
  }
  return NULL;
}

const char *tvi_check_tree_record(const tvi_tree_record *tree, uint64_t last_page) {
  if (tree->root == TVI_PAGE_NONE) {
    if (tree->depth != 0 || tree->branch_pages != 0 || tree->leaf_pages != 0 ||
        tree->overflow_pages != 0 || tree->entries != 0)
      return "a tree without a root is not empty";
    return NULL;
  }
  if (tree->root < TVI_PAGE_FIRST || tree->root > last_page) return "a root is no page of the file";
  if (tree->depth == 0 || tree->depth > TVI_TREE_DEPTH_MAX) return "a tree's depth is impossible";
  if (tree->leaf_pages == 0 || tree->leaf_pages > last_page || tree->branch_pages > last_page ||
      tree->overflow_pages > last_page || (tree->depth == 1) != (tree->branch_pages == 0))
    return "a tree's numbers of pages are impossible";
  return NULL;
}
