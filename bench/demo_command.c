/* SPDX-License-Identifier: MIT */
/*
 * `trivet-bench demo`: reads an index, loads it beside the old store, puts the new one in its
 * place, asks. The store is loaded under another name and renamed: a demo that is interrupted
 * leaves the last one's store as it was.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arguments.h"
#include "clock.h"
#include "deb_source.h"
#include "demo_screen.h"
#include "interrupt.h"
#include "paired.h"
#include "terminal.h"

#define DEMO_PATH_BYTES 1024

static int demo_fail(const char *what, const char *why) {
  fprintf(stderr, "trivet-bench demo: %s: %s\n", what, why);
  return 1;
}

/* Removes a store and its lock file, which may be missing. */
static void demo_remove(const char *path) {
  char lock[DEMO_PATH_BYTES + 8];
  snprintf(lock, sizeof lock, "%s-lock", path);
  remove(path);
  remove(lock);
}

static int demo_make(const char *path, const deb_index *index, demo_load_facts *facts) {
  char loading[DEMO_PATH_BYTES];
  tv_error err = {0};
  int rc;
  if (snprintf(loading, sizeof loading, "%s.loading", path) >= (int)sizeof loading)
    return demo_fail(path, "the path is too long");
  demo_remove(loading);
  rc = demo_load(loading, index, DEMO_BATCH, facts, &err);
  if (rc != TV_OK) {
    demo_remove(loading);
    if (rc == TV_EINTR) {
      fputs("Interrupted while loading; nothing was kept.\n", stderr);
      return 130;
    }
    return demo_fail(tv_status_name(rc), err.message);
  }
  demo_remove(path);
  if (rename(loading, path) != 0) return demo_fail(path, strerror(errno));
  demo_remove(loading);
  return 0;
}

static void demo_loaded(const char *path, demo_store *store, const deb_index *index,
                        const demo_load_facts *facts, double read_ns) {
  char a[TERM_UNIT_BYTES], b[TERM_UNIT_BYTES], c[TERM_UNIT_BYTES];
  tv_store_stat bucket = {0};
  tv_graph_stat graph = {0};
  struct stat file;
  tv_kv_stat(store->bucket, &bucket);
  tv_graph_stat_get(store->graph, &graph);
  demo_asked(read_ns, "read %s packages with %s relations", term_count(a, index->n),
             term_count(b, index->relations.n));
  if (index->replaced > 0 || index->skipped > 0 || index->relations.malformed > 0)
    demo_told(
        "older versions left out: %s; stanzas without name or version: %s; malformed "
        "relations: %s",
        term_count(a, index->replaced), term_count(b, index->skipped),
        term_count(c, index->relations.malformed));
  demo_asked((double)facts->load_ns,
             "loaded in %s transaction%s of %s packages, each into all three models:",
             term_count(a, facts->transactions), facts->transactions == 1 ? "" : "s",
             term_count(b, DEMO_BATCH));
  demo_told("KV bucket 'packages'   %s stanzas, %s", term_count(a, bucket.entries),
            term_bytes(b, (double)bucket.bytes));
  demo_told("graph 'debian'         %s nodes, %s edges, %s", term_count(a, graph.nodes),
            term_count(b, graph.edges), term_bytes(c, (double)graph.bytes));
  demo_told("SQL table packages     %s rows", term_count(a, facts->packages));
  demo_asked((double)facts->depends_ns,
             "SQL table depends, made from the graph by one statement, and synced");
  if (stat(path, &file) == 0)
    demo_told("all of it in %s, %s", path, term_bytes(a, (double)file.st_size));
}

static void demo_told_pie(void) {
  printf(
      "\n  %sPIE%s: of Pattern flexibility (any new question), Infinite scale (size and load) and "
      "Efficiency\n  (each answer on time) a data model gives two; which way is fastest above, and "
      "what it asks you to\n  write and keep, is that trade-off in numbers.\n",
      term_on(stdout, TERM_BOLD), term_off(stdout));
}

static int demo_show(const char *path, const deb_index *index, const demo_load_facts *facts,
                     double read_ns) {
  const char *about[DEMO_QUESTIONS];
  char why[PAIRED_TEXT_BYTES] = "";
  demo_store store;
  demo_cast cast;
  tv_error err;
  int rc = demo_open(path, &store, &err);
  if (rc != TV_OK) return demo_fail(tv_status_name(rc), err.message);
  demo_loaded(path, &store, index, facts, read_ns);
  rc = demo_cast_choose(&store, &cast);
  if (rc != TV_OK) {
    rc = demo_fail(tv_status_name(rc), tv_txn_error(store.txn)->message);
  } else if (demo_screen(&store, &cast, why) != 0) {
    rc = demo_fail("a question failed", why);
  } else {
    about[0] = cast.point;
    about[1] = cast.base;
    about[2] = "";
    rc = demo_pie(&store, about);
    demo_told_pie();
    printf("\n  Go on: build/trivet %s  (SQL and dot commands; try .help)\n", path);
  }
  demo_close(&store);
  return rc;
}

int demo_command(int argc, char **argv) {
  const char *path = "demo.tv", *packages = NULL;
  argument_option options[] = {
      {"--store", ARGUMENT_TEXT, &path, "FILE", "the store to make, replaced when it is there"},
      {"--packages", ARGUMENT_TEXT, &packages, "FILE",
       "a package index instead of `apt-cache dumpavail`; -: standard input"},
  };
  demo_load_facts facts;
  deb_index index;
  tv_slice text;
  char why[256];
  uint64_t started = clock_ns();
  double read_ns;
  int status =
      arguments_parse("trivet-bench demo", "The Debian package index as three models in one store.",
                      options, sizeof options / sizeof options[0], argc, argv);
  if (status != 0) return status < 0 ? 2 : 0;
  interrupt_arm();
  printf(
      "%sTrivet demo%s  Debian's package index as a KV bucket, a graph and a SQL table in one "
      "file\n\n",
      term_on(stdout, TERM_BOLD), term_off(stdout));
  fflush(stdout);
  if (deb_source_read(packages, &text, why) != 0) return demo_fail("no packages", why);
  deb_index_make(text, &index);
  read_ns = (double)(clock_ns() - started);
  if (index.n == 0)
    status = demo_fail("no packages", "there is no stanza with a Package and a Version field");
  else
    status = demo_make(path, &index, &facts);
  if (status == 0) status = demo_show(path, &index, &facts, read_ns);
  deb_index_free(&index);
  deb_source_free(text);
  return status;
}
