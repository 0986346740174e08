/* SPDX-License-Identifier: MIT */
/*
 * One folder per program run, registered with atexit. The alternative, unlinking each file while it
 * is open, cannot work here: a store is closed and opened again by path.
 */
#include "scratch.h"

#include <errno.h>
#include <ftw.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool_heap.h"

#define SCRATCH_PATH_BYTES 512

static char scratch_path[SCRATCH_PATH_BYTES]; /* "": none made */

int scratch_in_memory(const char *path) {
  struct statfs fs;
  if (statfs(path, &fs) != 0) return 0;
  return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
}

static int scratch_remove_one(const char *path, const struct stat *st, int kind,
                              struct FTW *where) {
  (void)st, (void)kind, (void)where;
  return remove(path) != 0 ? errno : 0;
}

int scratch_remove(const char *folder) {
  int rc = nftw(folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
  return rc < 0 ? errno : rc;
}

static void scratch_at_exit(void) {
  if (scratch_path[0] != '\0') scratch_remove(scratch_path);
  scratch_path[0] = '\0';
}

void scratch_remove_at_once(void) {
  pid_t child;
  if (scratch_path[0] == '\0') return;
  child = fork();
  if (child == 0) {
    execl("/bin/rm", "rm", "-rf", "--", scratch_path, (char *)NULL);
    _exit(127);
  }
  if (child > 0) waitpid(child, NULL, 0);
}

static int scratch_try(const char *parent, int on_disk) {
  char path[SCRATCH_PATH_BYTES];
  if (parent == NULL || parent[0] == '\0') return 0;
  if (on_disk && scratch_in_memory(parent)) return 0;
  if (snprintf(path, sizeof path, "%s/trivet-bench.XXXXXX", parent) >= (int)sizeof path) return 0;
  if (mkdtemp(path) == NULL) return 0;
  memcpy(scratch_path, path, sizeof path);
  return 1;
}

const char *scratch_folder(int on_disk) {
  static int registered;
  if (scratch_path[0] == '\0') {
    if (!scratch_try(getenv("TMPDIR"), on_disk) && !scratch_try("/tmp", on_disk) &&
        !scratch_try("/var/tmp", on_disk) && !scratch_try(".", on_disk))
      heap_stop("no folder for temporary stores%s: set TMPDIR to one",
                on_disk ? " on a disk (durable writes are not measured in memory)" : "");
    if (!registered) atexit(scratch_at_exit);
    registered = 1;
  } else if (on_disk && scratch_in_memory(scratch_path)) {
    heap_stop("%s is in memory: set TMPDIR to a folder on a disk", scratch_path);
  }
  return scratch_path;
}

void scratch_subfolder(char *out, size_t size, const char *folder, const char *name) {
  if (snprintf(out, size, "%s/%s", folder, name) >= (int)size)
    heap_stop("the path of the temporary folder is too long: %s", folder);
  if (access(out, F_OK) == 0) scratch_remove(out);
  if (mkdir(out, 0700) != 0) heap_stop("cannot create %s: %s", out, strerror(errno));
}
