/* SPDX-License-Identifier: MIT */
/*
 * The quick check before a file is mapped: LMDB takes meta pages and roots on trust and crashes on
 * bad ones. No lock is held, and a writer in another process may use pages of the snapshot again
 * while they are looked at, so damage counts only when the file has stood still. Rejected: taking
 * a reader slot first, which needs the very mapping that is to be made safe.
 */
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check_internal.h"

#define CHECK_META_TRIES 3    /* a meta page may be caught half written, or a file half made */
#define CHECK_USED_TRIES 5000 /* ... by a process that has been put to sleep meanwhile */
#define CHECK_MOVE_TRIES 50   /* a writer that never rests */

/* The root page of one tree, and whether it is the kind of page that the depth asks for. */
static int check_open_root(tvi_check *check, const char *label, const tvi_tree_record *tree) {
  const char *reason = tvi_check_tree_record(tree, check->source->meta.last_page);
  int sound, status;

  check->label = label;
  if (reason != NULL) {
    tvi_check_problem(check, "%s: its record is damaged: %s", label, reason);
    return TV_OK;
  }
  if (tree->root == TVI_PAGE_NONE || !tvi_check_reach(check, tree->root, 1)) return TV_OK;
  status = tvi_check_read_page(check, tree->root, TVI_NODE_BIG, check->pages, &sound);
  if (status == TV_OK && sound &&
      (tvi_page_flags(check->pages) == TVI_PAGE_LEAF) != (tree->depth == 1))
    tvi_check_problem(check, "%s: its root, page %llu, is not of its depth", label,
                      (unsigned long long)tree->root);
  return status;
}

static int check_open_roots(tvi_check *check, const tvi_check_stores *stores) {
  int status = check_open_root(check, "the free tree", &check->source->meta.free_tree);
  size_t index;

  for (index = 0; status == TV_OK && index < stores->count; index++) {
    tvi_check_store store = tvi_check_stores_at(stores, index);
    char shown[TVI_SHOW_BYTES];
    status =
        check_open_root(check, tvi_show(tvi_check_store_name(stores, &store), shown), &store.tree);
  }
  return status;
}

static int check_open_snapshot(const tvi_check_source *source, tv_error *err) {
  tvi_check check;
  tvi_check_stores stores;
  int status;

  /* Pages at the end that were freed before they were ever written may be missing. */
  if (source->file_pages <= source->meta.last_page)
    return tvi_check_snapshot(source, NULL, NULL, err);
  status = tvi_check_begin(&check, source, 0, err);
  if (status != TV_OK) return status;
  status = tvi_check_stores_collect(&check, &stores);
  if (status == TV_OK && stores.catalogue == SIZE_MAX && check.problems == 0 &&
      source->meta.main_tree.entries != 0) {
    status = tvi_error_set(err, TV_ENOTDB, 0, "'%s' is an LMDB file but not a Trivet store",
                           source->path);
  }
  if (status == TV_OK) status = check_open_roots(&check, &stores);
  if (status == TV_OK) status = tvi_check_verdict(&check, err);
  tvi_check_stores_free(&stores);
  tvi_check_end(&check);
  return status;
}

static int check_open_is_damage(int status) {
  return status == TV_ECORRUPT || status == TV_ETRUNCATED || status == TV_ENOTDB ||
         status == TV_EVERSION;
}

/*
 * 1 when another process has the file open: LMDB then holds the first byte of the lock table.
 * Asking closes a descriptor of that file, which would drop such locks of this process; it has none
 * here, since a file that is open already is not opened a second time.
 */
static int check_open_is_used(const char *path) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
  tvi_buffer name = {0};
  int fd = -1, used = 0;
  if (tvi_buffer_append(&name, path, strlen(path)) == TV_OK &&
      tvi_buffer_append(&name, "-lock", sizeof "-lock") == TV_OK)
    fd = open((const char *)name.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  tvi_buffer_free(&name);
  if (fd < 0) return 0;
  used = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  (void)close(fd);
  return used;
}

static int check_open_source(tvi_check_source *source, size_t page_bytes_expected, tv_error *err) {
  const struct timespec pause = {0, 300000};
  int tries = 0, moves, status;

  for (moves = 0; moves < CHECK_MOVE_TRIES;) {
    status = tvi_check_source_read(source, page_bytes_expected, err);
    if (check_open_is_damage(status) &&
        ++tries < (check_open_is_used(source->path) ? CHECK_USED_TRIES : CHECK_META_TRIES)) {
      (void)nanosleep(&pause, NULL);
      continue;
    }
    if (status != TV_OK) return status;
    status = check_open_snapshot(source, err);
    if (!check_open_is_damage(status) || !tvi_check_source_moved(source)) return status;
    moves++;
  }
  /* Another process commits faster than can be looked: it has the file open, and it works. */
  return TV_OK;
}

int tvi_check_open(const char *path, size_t page_bytes_expected, tv_error *err) {
  tvi_check_source source;
  tv_error failure = {0};
  int status = tvi_check_source_open(&source, path, &failure);

  if (status == TV_OK && source.file_bytes != 0)
    status = check_open_source(&source, page_bytes_expected, &failure);
  if (status == TV_ENOENT) status = TV_OK; /* to be created */
  tvi_check_source_close(&source);
  if (status != TV_OK && err != NULL) *err = failure;
  return status;
}

int tvi_is_store_file(const char *path) {
  unsigned char head[TVI_PAGE_HEADER_BYTES + 4];
  int is, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return 0;
  is = pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head &&
       tvi_load_le32(head + TVI_PAGE_HEADER_BYTES) == TVI_META_MAGIC;
  (void)close(fd);
  return is;
}
