/* SPDX-License-Identifier: MIT */
/*
 * LMDB 0.9's file as bytes: what is known here about it is written down here, for those who read
 * pages without LMDB (the check, iteration in place). All numbers are little-endian, page
 * numbers 64 bits wide, as on every machine that Trivet runs on.
 *
 * A file is a row of pages of equal size. Pages 0 and 1 are the meta pages; transaction N writes
 * page N % 2, so the one with the greater transaction id is the newest and the other the one before
 * it. A tree's pages are never changed in place: a commit writes new ones and lists the old ones in
 * the free tree.
 *
 *   page header, 16 bytes
 *   0   8   the page's own number
 *   8   2   not used
 *   10  2   flags, TVI_PAGE_*: exactly one in a file
 *   12  2   end of the node offsets  } branch and leaf pages
 *   14  2   start of the nodes       }
 *   12  4   number of pages of the run; overflow pages
 *   16  ..  offset of each node from the page's start, 2 bytes each, in key order; the nodes
 *           themselves fill the page from its end. In an overflow page: the value; the run's
 *           further pages have no header.
 *
 *   node, at an even offset
 *   0   4   leaf: size of the value            }
 *   4   2   leaf: flags, TVI_NODE_*            } branch: number of the child page, 6 bytes
 *   6   2   size of the key
 *   8   ..  key, then in a leaf the value, or with TVI_NODE_BIG the number of its overflow page.
 *           The first key of a branch page means "less than all" whatever it is, often empty.
 *
 *   tree record, 48 bytes: in the meta pages, and as the value of a node with TVI_NODE_TREE
 *   0   4   not used; in the free tree's record: the size of a page
 *   4   2   flags, TVI_TREE_*
 *   6   2   depth; 0: empty
 *   8   8   branch pages
 *   16  8   leaf pages
 *   24  8   overflow pages
 *   32  8   entries
 *   40  8   number of the root page; all ones: empty
 *
 *   meta page
 *   16   4  TVI_META_MAGIC
 *   20   4  TVI_META_VERSION
 *   24   8  address of a fixed mapping; not used
 *   32   8  size of the map of who wrote it last
 *   40  48  free tree: key: le64 transaction id, value: le64 count, then so many page numbers,
 *           greatest first, which no snapshot from that transaction on uses
 *   88  48  main tree: the named trees
 *   136  8  the last page ever used. The file may be shorter when the rest is free.
 *   144  8  transaction id
 */
#ifndef TRIVET_LMDB_FORMAT_INTERNAL_H
#define TRIVET_LMDB_FORMAT_INTERNAL_H

#include "encode_internal.h"

#define TVI_PAGE_HEADER_BYTES 16
#define TVI_PAGE_BYTES_MIN 512
#define TVI_PAGE_BYTES_MAX 32768
#define TVI_PAGE_FIRST 2         /* the first that is not a meta page */
#define TVI_PAGE_NONE UINT64_MAX /* root of an empty tree */
#define TVI_PAGE_BRANCH 0x01u
#define TVI_PAGE_LEAF 0x02u
#define TVI_PAGE_OVERFLOW 0x04u
#define TVI_PAGE_META 0x08u

#define TVI_NODE_HEADER_BYTES 8
#define TVI_NODE_KEY_BYTES_MAX 511
#define TVI_NODE_BIG 0x01u        /* the value is in overflow pages */
#define TVI_NODE_TREE 0x02u       /* the value is a tree record */
#define TVI_NODE_DUPLICATES 0x04u /* several values; never in a Trivet store */

#define TVI_TREE_BYTES 48
#define TVI_TREE_DEPTH_MAX 32
#define TVI_TREE_INTEGER_KEYS 0x08u /* the free tree */

#define TVI_META_BYTES 152
#define TVI_META_MAGIC 0xBEEFC0DEu
#define TVI_META_VERSION 1u

static inline uint64_t tvi_page_number(const unsigned char *page) {
  return tvi_load_le64(page);
}
static inline unsigned tvi_page_flags(const unsigned char *page) {
  return tvi_load_le16(page + 10);
}
static inline unsigned tvi_page_lower(const unsigned char *page) {
  return tvi_load_le16(page + 12);
}
static inline unsigned tvi_page_upper(const unsigned char *page) {
  return tvi_load_le16(page + 14);
}
static inline uint32_t tvi_page_run(const unsigned char *page) {
  return tvi_load_le32(page + 12);
}
/* Number of nodes; meaningful when the lower bound is at least the header. */
static inline unsigned tvi_page_nodes(const unsigned char *page) {
  return (tvi_page_lower(page) - TVI_PAGE_HEADER_BYTES) / 2;
}
static inline unsigned tvi_page_node_offset(const unsigned char *page, unsigned index) {
  return tvi_load_le16(page + TVI_PAGE_HEADER_BYTES + 2 * (size_t)index);
}
/* The following take a node of a page that has been checked, or is trusted. */
static inline const unsigned char *tvi_page_node(const unsigned char *page, unsigned index) {
  return page + tvi_page_node_offset(page, index);
}
static inline size_t tvi_node_key_size(const unsigned char *node) {
  return tvi_load_le16(node + 6);
}
static inline const unsigned char *tvi_node_key(const unsigned char *node) {
  return node + TVI_NODE_HEADER_BYTES;
}
static inline uint64_t tvi_node_child(const unsigned char *node) {
  return (uint64_t)tvi_load_le32(node) | (uint64_t)tvi_load_le16(node + 4) << 32;
}
static inline size_t tvi_node_value_size(const unsigned char *node) {
  return tvi_load_le32(node);
}
static inline unsigned tvi_node_flags(const unsigned char *node) {
  return tvi_load_le16(node + 4);
}
static inline const unsigned char *tvi_node_value(const unsigned char *node) {
  return tvi_node_key(node) + tvi_node_key_size(node);
}
/* Pages that a value of `size` bytes takes when it is not kept in its leaf. */
static inline uint64_t tvi_overflow_pages(uint64_t size, size_t page_bytes) {
  return (TVI_PAGE_HEADER_BYTES - 1 + size) / page_bytes + 1;
}

typedef struct tvi_tree_record {
  unsigned flags, depth;
  uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
} tvi_tree_record;

static inline tvi_tree_record tvi_tree_record_load(const unsigned char *from) {
  tvi_tree_record tree;
  tree.flags = tvi_load_le16(from + 4);
  tree.depth = tvi_load_le16(from + 6);
  tree.branch_pages = tvi_load_le64(from + 8);
  tree.leaf_pages = tvi_load_le64(from + 16);
  tree.overflow_pages = tvi_load_le64(from + 24);
  tree.entries = tvi_load_le64(from + 32);
  tree.root = tvi_load_le64(from + 40);
  return tree;
}

typedef struct tvi_meta {
  uint32_t magic, version, page_bytes;
  unsigned page_flags;
  uint64_t page_number, last_page, txn_id;
  tvi_tree_record free_tree, main_tree;
} tvi_meta;

/* From the first TVI_META_BYTES of a meta page. */
static inline tvi_meta tvi_meta_load(const unsigned char *page) {
  tvi_meta meta;
  meta.page_number = tvi_page_number(page);
  meta.page_flags = tvi_page_flags(page);
  meta.magic = tvi_load_le32(page + 16);
  meta.version = tvi_load_le32(page + 20);
  meta.page_bytes = tvi_load_le32(page + 40);
  meta.free_tree = tvi_tree_record_load(page + 40);
  meta.main_tree = tvi_tree_record_load(page + 88);
  meta.last_page = tvi_load_le64(page + 136);
  meta.txn_id = tvi_load_le64(page + 144);
  return meta;
}

#endif
