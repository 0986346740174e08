/* SPDX-License-Identifier: MIT */
/*
 * LMDB's codes and errno as statuses and sentences, in one table, so that the same cause reads the
 * same wherever it is met. Rejected: mdb_strerror's texts; they speak of LMDB's inner parts and
 * never say what to do.
 */
#include "lmdb_status_internal.h"

#include <errno.h>
#include <lmdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct lmdb_status_row {
  int native;
  int status;
  const char *meaning; /* NULL: the operating system's own text */
  const char *advice;  /* NULL: none */
} lmdb_status_row;

static const lmdb_status_row lmdb_status_rows[] = {
    {MDB_SUCCESS, TV_OK, "no error", NULL},
    {MDB_NOTFOUND, TV_NOTFOUND, "no such key", NULL},
    {MDB_KEYEXIST, TV_EXISTS, "the key is there already", NULL},
    {MDB_PAGE_NOTFOUND, TV_ECORRUPT, "a page number leads nowhere",
     "the file is damaged, restore a backup"},
    {MDB_CORRUPTED, TV_ECORRUPT, "a page is of the wrong kind",
     "the file is damaged, restore a backup"},
    {MDB_PANIC, TV_EIO, "an earlier write to the file failed", "close the database and reopen it"},
    {MDB_VERSION_MISMATCH, TV_EVERSION, "the file or its lock table has another LMDB format",
     "use the version that wrote it"},
    {MDB_INVALID, TV_ENOTDB, "not a Trivet store", NULL},
    {MDB_MAP_FULL, TV_EFULL, "the file reached its size limit", "raise map_bytes_max"},
    {MDB_DBS_FULL, TV_ELIMIT, "too many stores", NULL},
    {MDB_READERS_FULL, TV_EREADERS, "all reader slots are taken",
     "end read transactions or raise readers_max"},
    {MDB_TLS_FULL, TV_ELIMIT, "too many thread-local keys", NULL},
    {MDB_TXN_FULL, TV_ELIMIT, "the transaction has changed too many pages",
     "commit in smaller parts"},
    {MDB_CURSOR_FULL, TV_ECORRUPT, "a tree is deeper than possible",
     "the file is damaged, restore a backup"},
    {MDB_PAGE_FULL, TV_ECORRUPT, "a page holds more than fits",
     "the file is damaged, restore a backup"},
    {MDB_MAP_RESIZED, TV_ERETRY, "another process has grown the file",
     "abort and run the transaction again"},
    {MDB_INCOMPATIBLE, TV_ECORRUPT, "a record is not of the kind that belongs there",
     "the file is damaged, restore a backup"},
    {MDB_BAD_RSLOT, TV_EMISUSE, "the reader slot is in use by another transaction", NULL},
    {MDB_BAD_TXN, TV_EMISUSE, "the transaction failed earlier or is in use", "abort it"},
    {MDB_BAD_VALSIZE, TV_EKEYSIZE, "a key or value has a size that cannot be stored", NULL},
    {MDB_BAD_DBI, TV_ECONFLICT, "a store changed underneath the transaction",
     "abort and run it again"},

    {ENOMEM, TV_ENOMEM, "out of memory", "lower map_bytes where the address space is limited"},
    {EACCES, TV_EACCES, NULL, "check the permissions of the file and of its folder"},
    {EPERM, TV_EACCES, NULL, "check the permissions of the file and of its folder"},
    {EROFS, TV_EACCES, NULL, "open it with TV_OPEN_READONLY"},
    {ENOENT, TV_ENOENT, NULL, NULL},
    {ENOTDIR, TV_ENOENT, NULL, NULL},
    {EEXIST, TV_EEXIST, NULL, NULL},
    {ENOSPC, TV_ENOSPC, NULL, "make room on the disk"},
    {EDQUOT, TV_ENOSPC, NULL, "make room on the disk"},
    {EFBIG, TV_ENOSPC, NULL, "raise the limit on file sizes"},
    {EINVAL, TV_EINVAL, NULL, NULL},
    {EISDIR, TV_EINVAL, NULL, "name a file"},
    {ENAMETOOLONG, TV_EINVAL, NULL, NULL},
    {ELOOP, TV_EINVAL, NULL, NULL},
    {EINTR, TV_EINTR, NULL, NULL},
    {EAGAIN, TV_EBUSY, NULL, "try again"},
    {EBUSY, TV_EBUSY, NULL, "try again"},
    {ETIMEDOUT, TV_EBUSY, NULL, "try again"},
    {EDEADLK, TV_EMISUSE, NULL, NULL},
    {EMFILE, TV_ELIMIT, NULL, "raise the limit on open files"},
    {ENFILE, TV_ELIMIT, NULL, NULL},
    {ENOSYS, TV_EUNSUPPORTED, NULL, NULL},
    {EOPNOTSUPP, TV_EUNSUPPORTED, NULL, NULL},
    {EIO, TV_EIO, NULL, "check the disk"},
};

static const lmdb_status_row *lmdb_status_find(int native) {
  size_t i;
  for (i = 0; i < sizeof lmdb_status_rows / sizeof lmdb_status_rows[0]; i++) {
    if (lmdb_status_rows[i].native == native) return &lmdb_status_rows[i];
  }
  return NULL;
}

int tvi_lmdb_status(int native) {
  const lmdb_status_row *row;
  if (native == MDB_SUCCESS) return TV_OK;
  if (native == MDB_NOTFOUND) return TV_NOTFOUND;
  row = lmdb_status_find(native);
  return row == NULL ? TV_EIO : row->status;
}

int tvi_lmdb_fail(tv_error *err, int native, const char *format, ...) {
  const lmdb_status_row *row = lmdb_status_find(native);
  int status = row == NULL ? TV_EIO : row->status;
  const char *meaning = row == NULL ? NULL : row->meaning;
  const char *advice = row == NULL ? NULL : row->advice;
  char head[sizeof err->message];
  char tail[sizeof err->message / 2];
  char system_text[80];
  va_list arguments;
  size_t room;

  if (err == NULL) return status;
  /* glibc's strerror_r: the text may or may not be in the buffer given. */
  if (meaning == NULL) meaning = strerror_r(native, system_text, sizeof system_text);
  (void)snprintf(tail, sizeof tail, ": %s%s%s", meaning, advice == NULL ? "" : "; ",
                 advice == NULL ? "" : advice);
  va_start(arguments, format);
  if (vsnprintf(head, sizeof head, format, arguments) < 0) head[0] = '\0';
  va_end(arguments);
  room = sizeof err->message - 1 - strlen(tail);
  if (strlen(head) > room) memcpy(head + room - 3, "...", 4);
  return tvi_error_set(err, status, native, "%s%s", head, tail);
}
