/* SPDX-License-Identifier: MIT */
/*
 * The system calls by which LMDB writes, defined by the test program itself: the dynamic linker
 * binds liblmdb to these. They fail on demand, or record what was written and when it was synced.
 * To be included by one file of a test program only. Calls go on through syscall(), so nothing
 * loops.
 */
#ifndef TRIVET_IO_FAULTS_H
#define TRIVET_IO_FAULTS_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { IO_WRITE = 1, IO_SYNC = 2, IO_TRUNCATE = 4 };

typedef struct io_event {
  int kind;    /* IO_* */
  int durable; /* a write through a descriptor opened with O_DSYNC */
  off_t offset;
  size_t size;
  unsigned char *bytes;
} io_event;

static struct {
  dev_t device;
  ino_t inode;
  int watching;
  /* Failing. */
  int kinds;      /* which calls count */
  long countdown; /* the call that makes it 0 fails; negative: none */
  int error;
  int short_write; /* 1: that write writes half instead */
  long failures;
  /* Recording. */
  int recording;
  io_event *events;
  size_t count, capacity;
} io;

/* From now on only this file's calls count. */
static inline void io_watch(const char *path) {
  struct stat file;
  io.watching = stat(path, &file) == 0;
  io.device = file.st_dev;
  io.inode = file.st_ino;
}

static inline void io_fail_at(long call, int kinds, int error) {
  io.countdown = call;
  io.kinds = kinds;
  io.error = error;
  io.failures = 0;
}

static int io_is_watched(int fd) {
  struct stat file;
  int before = errno, is;
  if (!io.watching) return 0;
  is = fstat(fd, &file) == 0 && file.st_dev == io.device && file.st_ino == io.inode;
  errno = before;
  return is;
}

static int io_fails(int fd, int kind) {
  if (io.countdown < 0 || (io.kinds & kind) == 0 || !io_is_watched(fd)) return 0;
  if (io.countdown-- > 0) return 0;
  io.failures++;
  errno = io.error;
  return 1;
}

static void io_record(int fd, int kind, off_t offset, const void *bytes, size_t size) {
  io_event *event;
  int flags, before = errno;
  if (!io.recording || !io_is_watched(fd)) return;
  if (io.count == io.capacity) {
    io.capacity = io.capacity == 0 ? 64 : io.capacity * 2;
    io.events = realloc(io.events, io.capacity * sizeof *io.events);
    if (io.events == NULL) abort();
  }
  event = &io.events[io.count++];
  memset(event, 0, sizeof *event);
  event->kind = kind;
  event->offset = offset;
  event->size = size;
  flags = (int)syscall(SYS_fcntl, fd, F_GETFL, 0);
  event->durable = kind == IO_WRITE && (flags & O_DSYNC) != 0;
  if (size > 0 && bytes != NULL) {
    event->bytes = malloc(size);
    if (event->bytes == NULL) abort();
    memcpy(event->bytes, bytes, size);
  }
  errno = before;
}

#define IO_EXPORT __attribute__((visibility("default")))

IO_EXPORT ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
  ssize_t done;
  if (io_fails(fd, IO_WRITE)) {
    if (!io.short_write) return -1;
    size /= 2;
  }
  done = syscall(SYS_pwrite64, fd, bytes, size, offset);
  if (done > 0) io_record(fd, IO_WRITE, offset, bytes, (size_t)done);
  return done;
}

IO_EXPORT ssize_t write(int fd, const void *bytes, size_t size) {
  off_t at = io.watching ? lseek(fd, 0, SEEK_CUR) : 0;
  ssize_t done;
  if (io_fails(fd, IO_WRITE)) return -1;
  done = syscall(SYS_write, fd, bytes, size);
  if (done > 0) io_record(fd, IO_WRITE, at, bytes, (size_t)done);
  return done;
}

IO_EXPORT ssize_t writev(int fd, const struct iovec *parts, int count) {
  off_t at = io.watching ? lseek(fd, 0, SEEK_CUR) : 0;
  ssize_t done;
  int i;
  if (io_fails(fd, IO_WRITE)) {
    if (!io.short_write) return -1;
    count = (count + 1) / 2;
  }
  done = syscall(SYS_writev, fd, parts, count);
  for (i = 0; done > 0 && i < count; i++) {
    io_record(fd, IO_WRITE, at, parts[i].iov_base, parts[i].iov_len);
    at += (off_t)parts[i].iov_len;
  }
  return done;
}

IO_EXPORT int fdatasync(int fd) {
  if (io_fails(fd, IO_SYNC)) return -1;
  if (syscall(SYS_fdatasync, fd) != 0) return -1;
  io_record(fd, IO_SYNC, 0, NULL, 0);
  return 0;
}

IO_EXPORT int fsync(int fd) {
  if (io_fails(fd, IO_SYNC)) return -1;
  if (syscall(SYS_fsync, fd) != 0) return -1;
  io_record(fd, IO_SYNC, 0, NULL, 0);
  return 0;
}

IO_EXPORT int ftruncate(int fd, off_t size) {
  if (io_fails(fd, IO_TRUNCATE)) return -1;
  if (syscall(SYS_ftruncate, fd, size) != 0) return -1;
  io_record(fd, IO_TRUNCATE, size, NULL, 0);
  return 0;
}

#endif
