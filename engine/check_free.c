/* SPDX-License-Identifier: MIT */
/*
 * The free tree's records: each a list of pages that no snapshot since a transaction uses. Read
 * when all other trees have been walked, so that a free page that is in use shows, which LMDB
 * would hand out and overwrite.
 */
#include "check_internal.h"

static void check_free_page(tvi_check *check, uint64_t page, uint64_t txn_id) {
  unsigned char bit = (unsigned char)(1u << page % 8);
  if (page < TVI_PAGE_FIRST || page > check->source->meta.last_page) {
    tvi_check_problem(check,
                      "the free tree: page %llu (of transaction %llu) is no page of the file",
                      (unsigned long long)page, (unsigned long long)txn_id);
  } else if ((check->seen[page / 8] & bit) != 0) {
    tvi_check_problem(check,
                      "the free tree: page %llu (of transaction %llu) is in use, or listed twice",
                      (unsigned long long)page, (unsigned long long)txn_id);
  } else {
    check->seen[page / 8] |= bit;
    check->pages_free++;
  }
}

int tvi_check_free_visit(void *ctx, tvi_check *check, const tvi_check_node *node) {
  const unsigned char *list = node->value.data;
  uint64_t txn_id = tvi_load_le64(node->key.data); /* 8 bytes: the walk has seen to it */
  uint64_t count, index, before = UINT64_MAX;

  (void)ctx;
  if (node->flags != 0 && node->flags != TVI_NODE_BIG) return TV_OK;
  if (txn_id == 0 || txn_id > check->source->meta.txn_id)
    tvi_check_problem(check, "the free tree: transaction %llu has not been",
                      (unsigned long long)txn_id);
  count = node->value.size >= 8 ? tvi_load_le64(list) : UINT64_MAX;
  if (count > node->value.size / 8 - 1 || node->value.size < 8) {
    tvi_check_problem(check, "the free tree: the list of transaction %llu is longer than its value",
                      (unsigned long long)txn_id);
    return TV_OK;
  }
  for (index = 1; index <= count; index++) {
    uint64_t page = tvi_load_le64(list + 8 * index);
    check_free_page(check, page, txn_id);
    if (page >= before)
      tvi_check_problem(check, "the free tree: the list of transaction %llu is out of order",
                        (unsigned long long)txn_id);
    before = page;
  }
  return TV_OK;
}
