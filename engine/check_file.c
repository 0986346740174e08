/* SPDX-License-Identifier: MIT */
/*
 * The check of a whole file: all trees, then the free tree, then what neither of them has. It
 * needs one bit per page and the path of one tree. Rejected: opening the file with LMDB and
 * comparing through its interface; LMDB ends the process, or reads where nothing is mapped, on
 * exactly those files that one wants to check.
 */
#include <string.h>

#include "check_internal.h"

/* Passes a store's records on to the catalogue's check and to the caller's hook. */
typedef struct check_file_store {
  tvi_check_catalogue *catalogue; /* NULL: another store's records */
  const tvi_check_hooks *hooks;
  tv_slice name;
} check_file_store;

static int check_file_visit(void *ctx, tvi_check *check, const tvi_check_node *node) {
  const check_file_store *store = ctx;
  int status = TV_OK;
  if (store->catalogue != NULL) status = tvi_check_catalogue_visit(store->catalogue, check, node);
  if (status == TV_OK && store->hooks != NULL && store->hooks->record != NULL) {
    status = store->hooks->record(store->hooks->ctx, store->name, node->key, node->value);
    if (status != TV_OK)
      (void)tvi_error_set(check->err, status, 0, "the check of '%s' was ended by its caller",
                          check->source->path);
  }
  return status;
}

static int check_file_tree(tvi_check *check, tvi_check_catalogue *catalogue,
                           const tvi_check_stores *stores, size_t index) {
  tvi_check_store store = tvi_check_stores_at(stores, index);
  check_file_store to = {NULL, check->hooks, tvi_check_store_name(stores, &store)};
  tvi_check_visitor visitor = {check_file_visit, &to, TVI_NODE_BIG, 0};
  char label[TVI_CHECK_LABEL_BYTES];
  int status;

  if (index == stores->catalogue) {
    to.catalogue = catalogue;
    visitor.large_values = 1;
    return tvi_check_tree(check, "the catalogue", &store.tree, &visitor);
  }
  if (check->hooks == NULL || check->hooks->record == NULL) {
    visitor.visit = NULL;
  } else {
    visitor.large_values = 1;
  }
  status = tvi_check_tree(check, tvi_check_catalogue_label(catalogue, to.name, label), &store.tree,
                          &visitor);
  check->label = NULL;
  return status;
}

static int check_file_stores(tvi_check *check, const tvi_check_stores *stores) {
  tvi_check_catalogue *catalogue = tvi_check_catalogue_new();
  uint64_t problems = check->problems;
  size_t index;
  int status;

  if (catalogue == NULL)
    return tvi_error_set(check->err, TV_ENOMEM, 0, "out of memory while checking '%s'",
                         check->source->path);
  status = check_file_tree(check, catalogue, stores, stores->catalogue);
  /* Entries may be missing only because their page is damaged, which has been said. */
  if (status == TV_OK && check->problems == problems)
    tvi_check_catalogue_judge(catalogue, check, stores);
  for (index = 0; status == TV_OK && index < stores->count; index++) {
    if (index != stores->catalogue) status = check_file_tree(check, catalogue, stores, index);
  }
  tvi_check_catalogue_free(catalogue);
  return status;
}

static int check_file_free_tree(tvi_check *check) {
  tvi_check_visitor visitor = {tvi_check_free_visit, NULL, TVI_NODE_BIG, 1};
  return tvi_check_tree(check, "the free tree", &check->source->meta.free_tree, &visitor);
}

static int check_file_trees(tvi_check *check) {
  const tvi_check_source *source = check->source;
  tvi_check_stores stores;
  int status = tvi_check_stores_collect(check, &stores);

  if (source->older != NULL)
    tvi_check_problem(check, "the older meta page is damaged: %s", source->older);
  if (status == TV_OK && stores.catalogue != SIZE_MAX) {
    status = check_file_stores(check, &stores);
  } else if (status == TV_OK && check->problems == 0 && source->meta.main_tree.entries != 0) {
    status = tvi_error_set(check->err, TV_ENOTDB, 0, "'%s' is an LMDB file but not a Trivet store",
                           source->path);
  }
  tvi_check_stores_free(&stores);
  if (status == TV_OK) status = check_file_free_tree(check);
  if (status == TV_OK && check->problems > 0 && tvi_check_source_moved(source))
    tvi_check_problem(check, "the file was written to meanwhile: check it again");
  return status;
}

int tvi_check_verdict(const tvi_check *check, tv_error *err) {
  int status = check->truncated ? TV_ETRUNCATED : TV_ECORRUPT;
  const char *path = check->source->path;

  if (check->problems == 0) return TV_OK;
  if (check->problems == 1)
    return tvi_error_set(err, status, 0, "'%s' is damaged: %s", path, check->first);
  return tvi_error_set(err, status, 0, "'%s' is damaged (%llu problems): %s", path,
                       (unsigned long long)check->problems, check->first);
}

int tvi_check_snapshot(const tvi_check_source *source, const tvi_check_hooks *hooks,
                       tv_check_report *out, tv_error *err) {
  tvi_check check;
  uint64_t pages = source->meta.last_page + 1;
  int status = tvi_check_begin(&check, source, 1, err);

  if (status != TV_OK) return status;
  check.hooks = hooks;
  status = check_file_trees(&check);
  if (status == TV_OK) status = tvi_check_verdict(&check, err);
  if (out != NULL) {
    out->pages_seen = check.pages_seen;
    out->pages_free = check.pages_free;
    out->pages_lost = pages - check.pages_seen - check.pages_free;
    out->entries = check.entries;
    out->problems = check.problems;
  }
  tvi_check_end(&check);
  return status;
}

int tvi_check_walk(const char *path, const tvi_check_hooks *hooks, tv_check_report *out,
                   tv_error *err) {
  tvi_check_source source;
  int status;

  if (out != NULL) *out = (tv_check_report){0};
  if (path == NULL || path[0] == '\0')
    return tvi_error_set(err, TV_EINVAL, 0, "the path of the file to check is missing");
  status = tvi_check_source_open(&source, path, err);
  if (status != TV_OK) return status;
  if (source.file_bytes == 0) {
    status = tvi_error_set(err, TV_ENOTDB, 0, "'%s' is empty, not a Trivet store", path);
  } else {
    status = tvi_check_source_read(&source, 0, err);
  }
  if (status == TV_OK) {
    status = tvi_check_snapshot(&source, hooks, out, err);
  } else if (out != NULL && (status == TV_ECORRUPT || status == TV_ETRUNCATED)) {
    out->problems = 1; /* nothing beyond the meta pages could be looked at */
    if (hooks != NULL && hooks->report != NULL && err != NULL)
      hooks->report(hooks->ctx, err->message);
  }
  tvi_check_source_close(&source);
  return status;
}

int tv_check_file(const char *path, void (*report)(void *ctx, const char *sentence), void *ctx,
                  tv_check_report *out, tv_error *err) {
  tvi_check_hooks hooks = {report, NULL, ctx};
  return tvi_check_walk(path, &hooks, out, err);
}
