/* SPDX-License-Identifier: MIT */
/*
 * dlopen and a table of function pointers. Linking the peers was rejected: the tool would then not
 * start on a machine without them, and building it would need their headers.
 */
#include "peer_library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RocksDB's C interface does not tell its version, but the file behind the links is named for it:
 * librocksdb.so.7.8.3. */
static void peer_library_number(peer_library *library, void *symbol) {
  Dl_info info;
  char *path, *number;
  if (dladdr(symbol, &info) == 0 || info.dli_fname == NULL) return;
  path = realpath(info.dli_fname, NULL);
  number = path != NULL ? strstr(path, ".so.") : NULL;
  if (number != NULL) snprintf(library->number, sizeof library->number, "%.31s", number + 4);
  free(path);
}

int peer_library_load(peer_library *library, char *why, size_t size) {
  const char *const *file;
  void *handle = NULL, *symbol = NULL;
  size_t i;
  if (library->loaded) return 0;
  for (file = library->files; *file != NULL && handle == NULL; file++)
    handle = dlopen(*file, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    snprintf(why, size, "not installed: make deps-peers");
    return -1;
  }
  for (i = 0; i < library->symbols_n; i++) {
    symbol = dlsym(handle, library->symbols[i].name);
    if (symbol == NULL) {
      snprintf(why, size, "another version than the adapter knows: it has no %s",
               library->symbols[i].name);
      dlclose(handle);
      return -1;
    }
    memcpy((char *)library->calls + library->symbols[i].offset, &symbol, sizeof symbol);
  }
  peer_library_number(library, symbol);
  library->loaded = 1;
  return 0;
}
