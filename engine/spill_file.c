/* SPDX-License-Identifier: MIT */
/*
 * Nameless files for what does not fit into memory: written at their end, read anywhere, gone when
 * closed or when the process ends. They lie in TMPDIR, else /tmp. Rejected: a temporary store; its
 * pages and trees are of no use to what is written once and read in order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer_internal.h"

static int spill_fail(tv_txn *txn, const char *what) {
  int code = errno;
  return tvi_txn_fail(txn, code == ENOSPC ? TV_ENOSPC : TV_EIO, code,
                      "a temporary file cannot be %s: error %d of the system", what, code);
}

static int spill_open(tv_txn *txn, tvi_spill *spill) {
  const char *folder = getenv("TMPDIR");
  char path[4096];
  size_t size;
  int fd;
  if (folder == NULL || folder[0] == '\0' || strlen(folder) > 4000) folder = "/tmp";
  size = strlen(folder);
  memcpy(path, folder, size);
  memcpy(path + size, "/trivet-XXXXXX", 15);
  fd = mkstemp(path);
  if (fd < 0) return spill_fail(txn, "made");
  (void)unlink(path);
  spill->file = fd + 1;
  return TV_OK;
}

int tvi_spill_append(tv_txn *txn, tvi_spill *spill, const void *data, size_t size) {
  const char *bytes = data;
  if (spill->file == 0) {
    int status = spill_open(txn, spill);
    if (status != TV_OK) return status;
  }
  while (size > 0) {
    ssize_t n = pwrite(spill->file - 1, bytes, size, (off_t)spill->size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return spill_fail(txn, "written");
    bytes += n;
    size -= (size_t)n;
    spill->size += (uint64_t)n;
  }
  return TV_OK;
}

int tvi_spill_read(tv_txn *txn, const tvi_spill *spill, uint64_t at, void *data, size_t size) {
  char *bytes = data;
  while (size > 0) {
    ssize_t n = pread(spill->file - 1, bytes, size, (off_t)at);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO; /* cut off by somebody else */
    if (n <= 0) return spill_fail(txn, "read");
    bytes += n;
    size -= (size_t)n;
    at += (uint64_t)n;
  }
  return TV_OK;
}

void tvi_spill_close(tvi_spill *spill) {
  if (spill->file != 0) (void)close(spill->file - 1);
  *spill = (tvi_spill){0};
}
