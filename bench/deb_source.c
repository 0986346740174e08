/* SPDX-License-Identifier: MIT */
/*
 * `apt-cache dumpavail` through a pipe. Reading /var/lib/apt/lists was rejected: those files may be
 * compressed in several ways, and apt-cache knows which of them count.
 */
#include "deb_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tool_heap.h"

#define DEB_WHY_BYTES 256

static int deb_source_stream(FILE *in, char **data, size_t *size) {
  size_t capacity = 0;
  *data = NULL;
  *size = 0;
  for (;;) {
    size_t got;
    heap_grow(data, &capacity, *size + (1u << 20), 1);
    got = fread(*data + *size, 1, capacity - *size, in);
    *size += got;
    if (got == 0) return ferror(in) ? -1 : 0;
  }
}

static int deb_source_apt(char **data, size_t *size, char *why) {
  FILE *in = popen("apt-cache dumpavail 2>/dev/null", "r"); /* NOLINT(cert-env33-c) */
  int rc, status;
  if (in == NULL) {
    snprintf(why, DEB_WHY_BYTES, "cannot run apt-cache: %.150s", strerror(errno));
    return -1;
  }
  rc = deb_source_stream(in, data, size);
  status = pclose(in);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
    snprintf(why, DEB_WHY_BYTES,
             "there is no apt-cache here; give a package index with --packages FILE");
    return -1;
  }
  if (rc != 0 || status != 0) {
    snprintf(why, DEB_WHY_BYTES, "apt-cache dumpavail failed (status %d)", status);
    return -1;
  }
  return 0;
}

int deb_source_read(const char *path, tv_slice *text, char *why) {
  char *data = NULL;
  size_t size = 0;
  int rc = 0;
  if (path == NULL) {
    rc = deb_source_apt(&data, &size, why);
  } else if (strcmp(path, "-") == 0) {
    rc = deb_source_stream(stdin, &data, &size);
    if (rc != 0) snprintf(why, DEB_WHY_BYTES, "cannot read standard input");
  } else {
    FILE *in = fopen(path, "r");
    rc = in == NULL ? -1 : deb_source_stream(in, &data, &size);
    if (rc != 0) snprintf(why, DEB_WHY_BYTES, "cannot read %.150s: %.60s", path, strerror(errno));
    if (in != NULL) fclose(in);
  }
  if (rc == 0 && size == 0) {
    rc = -1;
    if (path == NULL)
      snprintf(why, DEB_WHY_BYTES,
               "apt-cache knows no packages: run `apt-get update` (as root) first");
    else
      snprintf(why, DEB_WHY_BYTES, "%.150s is empty", path);
  }
  if (rc != 0) {
    free(data);
    data = NULL;
    size = 0;
  }
  *text = tv_bytes(data, size);
  return rc;
}

void deb_source_free(tv_slice text) {
  free((void *)text.data);
}
