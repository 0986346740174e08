/* SPDX-License-Identifier: MIT */
/*
 * The file under check: opened for reading only, read with pread only, so that nothing that its
 * bytes say can fault or write. Its meta pages are judged here, more strictly than LMDB does: LMDB
 * believes the one with the greater transaction id whatever else it holds. Rejected: mapping the
 * file and catching SIGBUS, which is the process's business and not a library's.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_internal.h"
#include "lmdb_status_internal.h"

#define CHECK_FILE_BYTES_MAX (UINT64_C(1) << 47) /* what a process can map */

/* ---- Opening and reading ---- */

static const char *check_source_kind(mode_t mode) {
  if (S_ISREG(mode)) return NULL;
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

int tvi_check_source_open(tvi_check_source *source, const char *path, tv_error *err) {
  struct stat stat_of;
  const char *kind;

  *source = (tvi_check_source){.fd = -1, .path = path};
  /* Asked first: the mere opening of a pipe or device can wait, or do things. */
  if (stat(path, &stat_of) != 0) return tvi_lmdb_fail(err, errno, "cannot open '%s'", path);
  kind = check_source_kind(stat_of.st_mode);
  if (kind == NULL) {
    do {
      source->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    } while (source->fd < 0 && errno == EINTR);
    if (source->fd < 0 || fstat(source->fd, &stat_of) != 0) {
      int native = errno;
      tvi_check_source_close(source);
      return tvi_lmdb_fail(err, native, "cannot open '%s'", path);
    }
    kind = check_source_kind(stat_of.st_mode);
  }
  if (kind != NULL) {
    tvi_check_source_close(source);
    return tvi_error_set(err, TV_ENOTDB, 0, "'%s' is %s, not a Trivet store", path, kind);
  }
  source->file_bytes = (uint64_t)stat_of.st_size;
  return TV_OK;
}

void tvi_check_source_close(tvi_check_source *source) {
  if (source->fd >= 0) (void)close(source->fd);
  source->fd = -1;
}

int tvi_check_source_pread(const tvi_check_source *source, void *to, size_t size, uint64_t offset,
                           tv_error *err) {
  size_t done = 0;

  while (done < size) {
    ssize_t got =
        pread(source->fd, (unsigned char *)to + done, size - done, (off_t)(offset + done));
    if (got == 0) return TV_END;
    if (got > 0) {
      done += (size_t)got;
    } else if (errno != EINTR) {
      return tvi_lmdb_fail(err, errno, "cannot read '%s'", source->path);
    }
  }
  return TV_OK;
}

/* ---- Meta pages ---- */

typedef struct check_meta {
  int is_lmdb; /* has LMDB's magic number */
  int is_cut;  /* has no more than that */
  tvi_meta meta;
} check_meta;

static int check_meta_read(const tvi_check_source *source, uint64_t offset, check_meta *out,
                           tv_error *err) {
  unsigned char bytes[TVI_META_BYTES] = {0};
  int status = tvi_check_source_pread(source, bytes, sizeof bytes, offset, err);

  if (status != TV_OK && status != TV_END) return status;
  out->is_cut = status == TV_END;
  out->meta = tvi_meta_load(bytes);
  out->is_lmdb = out->meta.magic == TVI_META_MAGIC;
  return TV_OK;
}

static int check_page_bytes_possible(uint32_t bytes) {
  return bytes >= TVI_PAGE_BYTES_MIN && bytes <= TVI_PAGE_BYTES_MAX && (bytes & (bytes - 1)) == 0;
}

/*
 * Reads both. Where the second stands is known from the first; when that is damaged, each possible
 * place is tried, so that a damaged store is told from a file that never was one.
 */
static int check_metas_read(const tvi_check_source *source, check_meta metas[2], tv_error *err) {
  uint32_t bytes;
  int status = check_meta_read(source, 0, &metas[0], err);

  if (status != TV_OK) return status;
  if (metas[0].is_lmdb && check_page_bytes_possible(metas[0].meta.page_bytes))
    return check_meta_read(source, metas[0].meta.page_bytes, &metas[1], err);
  for (bytes = TVI_PAGE_BYTES_MIN; bytes <= TVI_PAGE_BYTES_MAX; bytes *= 2) {
    status = check_meta_read(source, bytes, &metas[1], err);
    if (status != TV_OK || (metas[1].is_lmdb && metas[1].meta.page_bytes == bytes)) return status;
  }
  metas[1].is_lmdb = 0;
  return TV_OK;
}

/* What keeps LMDB from taking the page for a meta page; NULL: nothing. */
static const char *check_meta_frame(const tvi_meta *meta, unsigned index) {
  if (meta->page_number != index) return "its header names another page";
  if (meta->page_flags != TVI_PAGE_META) return "its header says that it is another kind of page";
  if (!check_page_bytes_possible(meta->page_bytes)) return "its page size is impossible";
  return NULL;
}

/* What is wrong with a meta page's content; NULL: nothing. */
static const char *check_meta_content(const tvi_meta *meta) {
  const char *reason;
  if (meta->last_page < TVI_PAGE_FIRST - 1 ||
      meta->last_page >= CHECK_FILE_BYTES_MAX / meta->page_bytes)
    return "its number of pages is impossible";
  if ((meta->free_tree.flags & TVI_TREE_INTEGER_KEYS) == 0) return "its flags are wrong";
  reason = tvi_check_tree_record(&meta->free_tree, meta->last_page);
  return reason != NULL ? reason : tvi_check_tree_record(&meta->main_tree, meta->last_page);
}

/* Transaction N writes meta page N % 2 one after the other; a new file has twice 0. */
static const char *check_meta_order(const check_meta metas[2]) {
  uint64_t even = metas[0].meta.txn_id, odd = metas[1].meta.txn_id;
  if (even == 0 && odd == 0) return NULL;
  if (even % 2 != 0 || odd % 2 != 1) return "their transactions are in the wrong places";
  if (even + 1 != odd && odd + 1 != even) return "their transactions do not follow each other";
  return NULL;
}

static int check_meta_damaged(const tvi_check_source *source, unsigned index, const char *reason,
                              tv_error *err) {
  return tvi_error_set(err, TV_ECORRUPT, 0, "meta page %u of '%s' is damaged: %s", index,
                       source->path, reason);
}

/* Both pages as LMDB looks at them, and whether their pages have the right size. */
static int check_metas_judge(const tvi_check_source *source, const check_meta metas[2],
                             size_t page_bytes_expected, tv_error *err) {
  unsigned index;

  if (!metas[0].is_lmdb && !metas[1].is_lmdb)
    return tvi_error_set(err, TV_ENOTDB, 0, "'%s' is not a Trivet store", source->path);
  for (index = 0; index < 2; index++) {
    const check_meta *meta = &metas[index];
    const char *reason;
    if (meta->is_cut)
      return tvi_error_set(err, TV_ETRUNCATED, 0, "'%s' is cut off within its meta pages",
                           source->path);
    if (!meta->is_lmdb)
      return check_meta_damaged(source, index, "its magic number is missing", err);
    if (meta->meta.version != TVI_META_VERSION) {
      if (metas[1 - index].is_lmdb && metas[1 - index].meta.version == TVI_META_VERSION)
        return check_meta_damaged(source, index, "its version is wrong", err);
      return tvi_error_set(err, TV_EVERSION, 0,
                           "'%s' has LMDB's format %u; this library reads format %u", source->path,
                           meta->meta.version, TVI_META_VERSION);
    }
    reason = check_meta_frame(&meta->meta, index);
    if (reason != NULL) return check_meta_damaged(source, index, reason, err);
  }
  if (metas[0].meta.page_bytes != metas[1].meta.page_bytes)
    return check_meta_damaged(source, 1, "its page size is not that of page 0", err);
  if (page_bytes_expected != 0 && metas[0].meta.page_bytes != page_bytes_expected)
    return tvi_error_set(err, TV_EVERSION, 0,
                         "'%s' has pages of %u bytes; this machine needs pages of %zu bytes",
                         source->path, metas[0].meta.page_bytes, page_bytes_expected);
  return TV_OK;
}

int tvi_check_source_read(tvi_check_source *source, size_t page_bytes_expected, tv_error *err) {
  check_meta metas[2] = {{0}};
  const char *reason;
  unsigned newest;
  struct stat stat_of;
  int status = check_metas_read(source, metas, err);

  if (status != TV_OK) return status;
  status = check_metas_judge(source, metas, page_bytes_expected, err);
  if (status != TV_OK) return status;
  newest = metas[0].meta.txn_id < metas[1].meta.txn_id;
  reason = check_meta_content(&metas[newest].meta);
  if (reason != NULL) return check_meta_damaged(source, newest, reason, err);
  reason = check_meta_order(metas);
  if (reason != NULL)
    return tvi_error_set(err, TV_ECORRUPT, 0, "the meta pages of '%s' are damaged: %s",
                         source->path, reason);
  source->meta = metas[newest].meta;
  source->older = check_meta_content(&metas[1 - newest].meta);
  source->page_bytes = source->meta.page_bytes;
  /* Asked after the meta pages were read: a writer makes the file longer first. */
  if (fstat(source->fd, &stat_of) != 0)
    return tvi_lmdb_fail(err, errno, "cannot read '%s'", source->path);
  source->file_bytes = (uint64_t)stat_of.st_size;
  source->file_pages = source->file_bytes / source->page_bytes;
  /* Pages at the end that were freed unwritten are few; this bounds the memory of a whole check. */
  if (source->meta.last_page / 64 > source->file_pages + 65536)
    return tvi_error_set(err, TV_ETRUNCATED, 0, "'%s' is cut off: it has %llu of %llu pages",
                         source->path, (unsigned long long)source->file_pages,
                         (unsigned long long)source->meta.last_page + 1);
  return TV_OK;
}

int tvi_check_source_moved(const tvi_check_source *source) {
  check_meta metas[2] = {{0}};
  uint64_t newest;
  if (check_metas_read(source, metas, NULL) != TV_OK) return 0;
  newest =
      metas[0].meta.txn_id > metas[1].meta.txn_id ? metas[0].meta.txn_id : metas[1].meta.txn_id;
  return newest > source->meta.txn_id + 1;
}
