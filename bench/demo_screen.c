/* SPDX-License-Identifier: MIT */
/*
 * What the user sees after the load: questions, times, answers. Every question is asked once for
 * its answer and, where it is short, some more times for its time; what is printed is the mean of
 * those.
 */
#include "demo_screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "deb_control.h"
#include "paired.h"
#include "terminal.h"
#include "tool_heap.h"

#define DEMO_TIMED_NS 2000000.0

double demo_timed(int (*ask)(void *ctx), void *ctx, int *status) {
  uint64_t from = clock_ns(), runs, i;
  double once;
  *status = ask(ctx);
  once = (double)(clock_ns() - from);
  if (*status != 0 || once > DEMO_TIMED_NS) return once;
  runs = (uint64_t)(DEMO_TIMED_NS / (once + 1)) + 1;
  from = clock_ns();
  for (i = 0; i < runs && *status == 0; i++) *status = ask(ctx);
  return (double)(clock_ns() - from) / (double)runs;
}

static int demo_screen_columns(void) {
  int columns = term_columns(stdout);
  return columns < 100 ? columns : 100;
}

void demo_heading(const char *title, const char *about) {
  printf("\n%s%s%s  %s\n", term_on(stdout, TERM_BOLD), title, term_off(stdout), about);
}

void demo_asked(double ns, const char *format, ...) {
  char text[512], time[TERM_UNIT_BYTES];
  va_list args;
  int pad;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  if (ns < 0)
    time[0] = '\0';
  else
    term_time(time, ns);
  pad = demo_screen_columns() - 2 - (int)term_width(text) - (int)term_width(time);
  printf("  %s%s%s%*s%s%s%s\n", term_on(stdout, TERM_CYAN), text, term_off(stdout),
         pad > 1 ? pad : 1, "", term_on(stdout, TERM_GREEN), time, term_off(stdout));
}

void demo_told(const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  printf("    %s\n", text);
}

/* "a, b, c ..." as far as the line goes. */
static void demo_told_names(const demo_names *names) {
  size_t room = (size_t)demo_screen_columns() - 8, used = 0, i;
  printf("    ");
  for (i = 0; i < names->n; i++) {
    size_t width = term_width(names->items[i]) + 2;
    if (used + width > room) break;
    printf("%s%s", i > 0 ? ", " : "", names->items[i]);
    used += width;
  }
  printf("%s\n", i < names->n ? " ..." : "");
}

/* ---- KV ---- */

typedef struct demo_ask {
  demo_store *store;
  const char *about, *to;
  tv_slice value;
  uint64_t count, bytes;
  uint32_t depth;
  demo_names names, types;
} demo_ask;

static int demo_ask_get(void *ctx) {
  demo_ask *ask = ctx;
  return tv_kv_get(ask->store->bucket, tv_str(ask->about), &ask->value);
}

static int demo_ask_prefix(void *ctx) {
  demo_ask *ask = ctx;
  tv_kv_cursor *cursor;
  tv_slice key, stanza;
  int rc = tv_kv_cursor_open_prefix(ask->store->bucket, tv_str(ask->about), &cursor);
  if (rc != TV_OK) return rc;
  demo_names_free(&ask->names);
  ask->count = ask->bytes = 0;
  while ((rc = tv_kv_cursor_next(cursor, &key, &stanza)) == TV_OK) {
    if (ask->names.n < 8) demo_names_add(&ask->names, key);
    ask->count++;
    ask->bytes += stanza.size;
  }
  tv_kv_cursor_close(cursor);
  return rc == TV_END ? TV_OK : rc;
}

static int demo_screen_kv(demo_store *store, const demo_cast *cast) {
  demo_ask ask = {0};
  char count[TERM_UNIT_BYTES], bytes[TERM_UNIT_BYTES];
  tv_slice version, size, summary;
  double ns;
  int status;
  ask.store = store;
  ask.about = cast->point;
  demo_heading("KV", "a bucket of stanzas by package name, LZ4-compressed, checksums verified");
  ns = demo_timed(demo_ask_get, &ask, &status);
  if (status != TV_OK) return status;
  deb_field_find(ask.value, "Version", &version);
  deb_field_find(ask.value, "Installed-Size", &size);
  deb_field_find(ask.value, "Description", &summary);
  summary = deb_first_line(summary);
  demo_asked(ns, "get '%s'", ask.about);
  demo_told("a stanza of %zu bytes: version %.*s, %.*s KiB installed, \"%.*s%s\"", ask.value.size,
            (int)version.size, (const char *)version.data, (int)size.size, (const char *)size.data,
            (int)(summary.size < 40 ? summary.size : 40), (const char *)summary.data,
            summary.size < 40 ? "" : "...");
  ask.about = cast->prefix;
  ns = demo_timed(demo_ask_prefix, &ask, &status);
  if (status != TV_OK) return status;
  demo_asked(ns, "scan the prefix '%s'", ask.about);
  demo_told("%s stanzas, %s once unpacked:", term_count(count, ask.count),
            term_bytes(bytes, (double)ask.bytes));
  demo_told_names(&ask.names);
  demo_names_free(&ask.names);
  return TV_OK;
}

/* ---- Graph ---- */

static int demo_ask_closure(void *ctx) {
  demo_ask *ask = ctx;
  demo_names_free(&ask->names);
  return demo_closure(ask->store->graph, tv_str(ask->about), TV_IN, &ask->names, &ask->depth);
}

static int demo_ask_breakage(void *ctx) {
  demo_ask *ask = ctx;
  demo_names_free(&ask->names);
  return demo_breakage(ask->store->graph, tv_str(ask->about), &ask->names);
}

static int demo_ask_path(void *ctx) {
  demo_ask *ask = ctx;
  demo_names_free(&ask->names);
  demo_names_free(&ask->types);
  return demo_path(ask->store->graph, tv_str(ask->about), tv_str(ask->to), &ask->names,
                   &ask->types);
}

/* The way, broken into lines; => stands for a Pre-Depends. */
static void demo_told_path(const demo_ask *ask) {
  int room = demo_screen_columns() - 4, used = 0;
  size_t i;
  printf("    ");
  for (i = 0; i < ask->names.n; i++) {
    const char *arrow = "";
    int width = (int)term_width(ask->names.items[i]) + 4;
    if (i > 0)
      arrow = strcmp(ask->types.items[i - 1], deb_relation_names[DEB_PRE_DEPENDS]) == 0 ? " => "
                                                                                        : " -> ";
    if (used > 0 && used + width > room) {
      printf("\n     ");
      used = 1;
    }
    printf("%s%s%s%s", term_on(stdout, TERM_DIM), arrow, term_off(stdout), ask->names.items[i]);
    used += width;
  }
  putchar('\n');
}

/* How many names of `names` are not among `others`, which is sorted. */
static uint64_t demo_names_missing(const demo_names *names, const demo_names *others) {
  uint64_t missing = 0;
  size_t i;
  for (i = 0; i < names->n; i++)
    if (!demo_names_has(others, names->items[i])) missing++;
  return missing;
}

static void demo_told_breakage(demo_names *leaning, demo_names *broken) {
  char count[TERM_UNIT_BYTES], spared[TERM_UNIT_BYTES], through[TERM_UNIT_BYTES];
  demo_names_sort(leaning);
  demo_names_sort(broken);
  demo_told("%s packages: no alternative and no provider is left for something they need",
            term_count(count, broken->n));
  demo_told(
      "(%s of those above have an alternative or broke before; %s more break through a "
      "virtual name)",
      term_count(spared, demo_names_missing(leaning, broken)),
      term_count(through, demo_names_missing(broken, leaning)));
}

static int demo_screen_graph(demo_store *store, const demo_cast *cast) {
  demo_ask ask = {0};
  char count[TERM_UNIT_BYTES];
  demo_names leaning;
  double ns;
  int status;
  ask.store = store;
  ask.about = cast->base;
  demo_heading("Graph", "along Depends and Pre-Depends");
  ns = demo_timed(demo_ask_closure, &ask, &status);
  leaning = ask.names;
  memset(&ask.names, 0, sizeof ask.names);
  if (status == TV_OK) {
    demo_asked(ns, "what leans on %s, directly or over others?", ask.about);
    demo_told("%s packages, up to %u step%s away (the reverse closure, each alternative counted)",
              term_count(count, leaning.n), ask.depth, ask.depth == 1 ? "" : "s");
    ns = demo_timed(demo_ask_breakage, &ask, &status);
  }
  if (status == TV_OK) {
    demo_asked(ns, "what would the removal of %s break?", ask.about);
    demo_told_breakage(&leaning, &ask.names);
    ask.about = cast->path_from;
    ask.to = cast->path_to;
    ns = demo_timed(demo_ask_path, &ask, &status);
  }
  if (status == TV_OK || status == TV_NOTFOUND) {
    demo_asked(ns, "the shortest way from %s to %s (=> is a Pre-Depends)", ask.about, ask.to);
    if (status == TV_OK)
      demo_told_path(&ask);
    else
      demo_told("there is none");
    status = TV_OK;
  }
  demo_names_free(&leaning);
  demo_names_free(&ask.names);
  demo_names_free(&ask.types);
  return status;
}

int demo_screen(demo_store *store, const demo_cast *cast, char *why) {
  int status = demo_screen_kv(store, cast);
  if (status == TV_OK) status = demo_screen_graph(store, cast);
  if (status != TV_OK) {
    snprintf(why, PAIRED_TEXT_BYTES, "%s: %.200s", tv_status_name(status),
             tv_txn_error(store->txn)->message);
    return -1;
  }
  return demo_screen_sql(store, cast, why);
}
