/* SPDX-License-Identifier: MIT */
/*
 * Whom the questions are about. Fixed names were rejected: an index without nginx (or a fixture of
 * twelve packages) must give a demo too.
 */
#include <stdio.h>
#include <string.h>

#include "demo_screen.h"

/* Copies the first name of the list (NULL at its end) that is a package of the graph. */
static int demo_cast_first(tv_graph *graph, const char *const *names, char *out) {
  tv_node node;
  for (; *names != NULL; names++) {
    int rc = tv_graph_node_find(graph, tv_str(*names), &node);
    if (rc == TV_OK) rc = tv_graph_label_has(graph, node, "Package");
    if (rc < 0) return rc;
    if (rc != TV_OK) continue;
    snprintf(out, DEMO_NAME_BYTES, "%s", *names);
    return TV_OK;
  }
  return TV_NOTFOUND;
}

typedef struct demo_cast_hub {
  tv_graph *graph;
  tv_types hard;
  tv_node best;
  uint64_t most;
  int status;
} demo_cast_hub;

static int demo_cast_visit(void *ctx, tv_node node) {
  demo_cast_hub *hub = ctx;
  uint64_t degree;
  hub->status = tv_graph_degree(hub->graph, node, TV_IN, hub->hard, &degree);
  if (hub->status != TV_OK) return 1;
  if (hub->best == TV_NODE_NONE || degree > hub->most) {
    hub->best = node;
    hub->most = degree;
  }
  return 0;
}

static int demo_cast_copy(tv_graph *graph, tv_node node, char *out) {
  tv_slice key;
  int rc = tv_graph_node_key(graph, node, &key);
  if (rc == TV_OK) snprintf(out, DEMO_NAME_BYTES, "%.*s", (int)key.size, (const char *)key.data);
  return rc;
}

/* The package with most dependants. */
static int demo_cast_most_needed(tv_graph *graph, char *out) {
  uint32_t types[2];
  demo_cast_hub hub = {graph, {0, NULL}, TV_NODE_NONE, 0, TV_OK};
  int rc;
  hub.hard.n = demo_hard_types(graph, types);
  hub.hard.types = types;
  rc = tv_graph_nodes(graph, "Package", demo_cast_visit, &hub);
  if (hub.status != TV_OK) return hub.status;
  if (rc != TV_OK) return rc;
  return hub.best == TV_NODE_NONE ? TV_NOTFOUND : demo_cast_copy(graph, hub.best, out);
}

/* The package farthest from `base`: breadth-first search names it last. `base` when none leans on
 * it. */
static int demo_cast_farthest(tv_graph *graph, const char *base, char *out) {
  demo_names names = {NULL, 0, 0};
  int rc = demo_closure(graph, tv_str(base), TV_IN, &names, NULL);
  if (rc == TV_OK)
    snprintf(out, DEMO_NAME_BYTES, "%s", names.n > 0 ? names.items[names.n - 1] : base);
  demo_names_free(&names);
  return rc;
}

/* Names that begin as many others do: up to and with the first hyphen of the point look-up's, where
 * the well-known one has none. */
static int demo_cast_prefix(demo_store *store, const char *fallback, char *out) {
  static const char wanted[] = "python3-";
  tv_kv_cursor *cursor;
  const char *hyphen = strchr(fallback, '-');
  int rc = tv_kv_cursor_open_prefix(store->bucket, tv_str(wanted), &cursor);
  if (rc != TV_OK) return rc;
  rc = tv_kv_cursor_next(cursor, NULL, NULL);
  tv_kv_cursor_close(cursor);
  if (rc == TV_OK)
    snprintf(out, DEMO_NAME_BYTES, "%s", wanted);
  else
    snprintf(out, DEMO_NAME_BYTES, "%.*s", hyphen != NULL ? (int)(hyphen - fallback) + 1 : 1,
             fallback);
  return rc == TV_END ? TV_OK : rc;
}

int demo_cast_choose(demo_store *store, demo_cast *cast) {
  static const char *const points[] = {"bash", "coreutils", "dpkg", NULL};
  static const char *const bases[] = {"libc6", "libc6.1", "libc0.3", NULL};
  static const char *const programs[] = {"libreoffice-writer", "firefox-esr", "gimp",
                                         "inkscape",           "emacs-gtk",   NULL};
  static const char *const leaves[] = {"perl-base", "libsystemd0", "libgcc-s1", "libc6", NULL};
  static const char *const servers[] = {"nginx", "apache2", "lighttpd", NULL};
  tv_graph *graph = store->graph;
  int rc;
  memset(cast, 0, sizeof *cast);
  rc = demo_cast_first(graph, bases, cast->base);
  if (rc == TV_NOTFOUND) rc = demo_cast_most_needed(graph, cast->base);
  if (rc == TV_OK) rc = demo_cast_first(graph, points, cast->point);
  if (rc == TV_NOTFOUND) rc = demo_cast_farthest(graph, cast->base, cast->point);
  if (rc == TV_OK) rc = demo_cast_prefix(store, cast->point, cast->prefix);
  if (rc == TV_OK) rc = demo_cast_first(graph, programs, cast->path_from);
  if (rc == TV_OK) rc = demo_cast_first(graph, leaves, cast->path_to);
  if (rc == TV_NOTFOUND) {
    snprintf(cast->path_to, sizeof cast->path_to, "%s", cast->base);
    rc = demo_cast_farthest(graph, cast->base, cast->path_from);
  }
  if (rc == TV_OK) rc = demo_cast_first(graph, servers, cast->server);
  cast->server_known = rc == TV_OK;
  if (rc == TV_NOTFOUND) rc = demo_cast_farthest(graph, cast->base, cast->server);
  return rc;
}
