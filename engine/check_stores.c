/* SPDX-License-Identifier: MIT */
/*
 * The named trees of a file, collected from the main tree before any of them is walked: so their
 * walks do not nest, and the catalogue can be read first, which knows what the others are called.
 */
#include <string.h>

#include "check_internal.h"

static int check_stores_visit(void *ctx, tvi_check *check, const tvi_check_node *node) {
  tvi_check_stores *stores = ctx;
  tvi_check_store store;
  int status;

  if (node->flags != TVI_NODE_TREE) {
    stores->strangers++;
    return TV_OK;
  }
  store = (tvi_check_store){.tree = tvi_tree_record_load(node->value.data),
                            .name_at = stores->names.size,
                            .name_size = node->key.size};
  status = tvi_buffer_append(&stores->names, node->key.data, node->key.size);
  if (status == TV_OK) status = tvi_buffer_append(&stores->records, &store, sizeof store);
  if (status != TV_OK)
    return tvi_error_set(check->err, status, 0, "out of memory while checking '%s'",
                         check->source->path);
  if (node->key.size == 6 && memcmp(node->key.data, "trivet", 6) == 0)
    stores->catalogue = stores->count;
  stores->count++;
  return TV_OK;
}

int tvi_check_stores_collect(tvi_check *check, tvi_check_stores *stores) {
  /* What another program's LMDB file may have in its main tree is let pass here and counted. */
  tvi_check_visitor visitor = {check_stores_visit, stores,
                               TVI_NODE_TREE | TVI_NODE_BIG | TVI_NODE_DUPLICATES, 0};
  size_t index;
  int status;

  *stores = (tvi_check_stores){.catalogue = SIZE_MAX};
  status = tvi_check_tree(check, "the main tree", &check->source->meta.main_tree, &visitor);
  if (status != TV_OK || stores->catalogue == SIZE_MAX) return status;
  if (stores->strangers > 0)
    tvi_check_problem(check, "the main tree: it has %llu records that are no stores",
                      (unsigned long long)stores->strangers);
  if (check->source->meta.main_tree.flags != 0)
    tvi_check_problem(check, "the main tree: its flags are wrong");
  for (index = 0; index < stores->count; index++) {
    tvi_check_store store = tvi_check_stores_at(stores, index);
    char shown[TVI_SHOW_BYTES];
    if (store.tree.flags != 0)
      tvi_check_problem(check, "the main tree: the flags of '%s' are wrong",
                        tvi_show(tvi_check_store_name(stores, &store), shown));
  }
  return TV_OK;
}

void tvi_check_stores_free(tvi_check_stores *stores) {
  tvi_buffer_free(&stores->names);
  tvi_buffer_free(&stores->records);
}

tvi_check_store tvi_check_stores_at(const tvi_check_stores *stores, size_t index) {
  tvi_check_store store;
  memcpy(&store, stores->records.data + index * sizeof store, sizeof store);
  return store;
}

tv_slice tvi_check_store_name(const tvi_check_stores *stores, const tvi_check_store *store) {
  return tv_bytes(stores->names.data + store->name_at, store->name_size);
}
