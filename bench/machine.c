/* SPDX-License-Identifier: MIT */
/*
 * The machine from uname, sysconf, /proc/cpuinfo and /etc/os-release. Host names are left out on
 * purpose: results are meant to be passed on.
 */
#include "machine.h"

#include <dlfcn.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "trivet.h"

/* The libraries below the engine are asked through the dynamic linker: only the engine and the
 * peers include their headers. */
static const char *machine_lmdb(void) {
  char *(*version)(int *, int *, int *);
  void *symbol = dlsym(RTLD_DEFAULT, "mdb_version");
  if (symbol == NULL) return "LMDB (version unknown)";
  memcpy(&version, &symbol, sizeof version);
  return version(NULL, NULL, NULL);
}

static const char *machine_lz4(void) {
  const char *(*version)(void);
  void *symbol = dlsym(RTLD_DEFAULT, "LZ4_versionString");
  if (symbol == NULL) return "(version unknown)";
  memcpy(&version, &symbol, sizeof version);
  return version();
}

static unsigned machine_xxhash(void) {
  unsigned (*version)(void);
  void *symbol = dlsym(RTLD_DEFAULT, "XXH_versionNumber");
  if (symbol == NULL) return 0;
  memcpy(&version, &symbol, sizeof version);
  return version();
}

/* Copies what follows `key` and a separator on its line, without quotes. */
static void machine_line(const char *path, const char *key, char *out) {
  char line[512];
  FILE *file = fopen(path, "r");
  out[0] = '\0';
  if (file == NULL) return;
  while (fgets(line, sizeof line, file) != NULL) {
    const char *from;
    size_t n;
    if (strncmp(line, key, strlen(key)) != 0) continue;
    from = line + strlen(key);
    from += strspn(from, " \t:=\"");
    n = strcspn(from, "\"\n");
    if (n >= MACHINE_TEXT_BYTES) n = MACHINE_TEXT_BYTES - 1;
    memcpy(out, from, n);
    out[n] = '\0';
    break;
  }
  fclose(file);
}

void machine_read(machine_facts *facts) {
  struct utsname name;
  cpu_set_t set;
  unsigned xxh = machine_xxhash();
  memset(facts, 0, sizeof *facts);
  machine_line("/proc/cpuinfo", "model name", facts->processor);
  machine_line("/etc/os-release", "PRETTY_NAME", facts->system);
  if (uname(&name) == 0) {
    if (facts->processor[0] == '\0')
      snprintf(facts->processor, sizeof facts->processor, "%.100s", name.machine);
    snprintf(facts->kernel, sizeof facts->kernel, "%.40s %.80s", name.sysname, name.release);
  }
  facts->processors = sysconf(_SC_NPROCESSORS_ONLN);
  if (sched_getaffinity(0, sizeof set, &set) == 0) facts->processors = CPU_COUNT(&set);
  facts->memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
#if defined(__clang__)
  snprintf(facts->compiler, sizeof facts->compiler, "clang %s", __clang_version__);
#elif defined(__GNUC__)
  snprintf(facts->compiler, sizeof facts->compiler, "gcc %s", __VERSION__);
#else
  snprintf(facts->compiler, sizeof facts->compiler, "unknown");
#endif
  snprintf(facts->libraries, sizeof facts->libraries, "Trivet %s, %.*s, SQLite %s, LZ4 %s",
           TV_VERSION_STRING, (int)strcspn(machine_lmdb(), ":"), machine_lmdb(),
           sqlite3_libversion(), machine_lz4());
  if (xxh > 0) /* 0: compiled in */
    snprintf(facts->libraries + strlen(facts->libraries),
             sizeof facts->libraries - strlen(facts->libraries), ", xxHash %u.%u.%u", xxh / 10000,
             xxh / 100 % 100, xxh % 100);
}

void machine_json(const machine_facts *facts, json_write *json) {
  json_object(json, "machine");
  json_text(json, "processor", facts->processor);
  json_integer(json, "processors", facts->processors);
  json_integer(json, "memory_bytes", (int64_t)facts->memory_bytes);
  json_text(json, "kernel", facts->kernel);
  json_text(json, "system", facts->system);
  json_text(json, "compiler", facts->compiler);
  json_object_end(json);
  json_text(json, "libraries", facts->libraries);
}
