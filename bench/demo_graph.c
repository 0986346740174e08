/* SPDX-License-Identifier: MIT */
/*
 * Closures and paths along Depends and Pre-Depends: one call of the graph each. The filter on edge
 * properties (first alternative only) was rejected: which alternative apt takes depends on
 * what is installed, so the edges as they are make the one answer that anybody can compute again.
 */
#include <string.h>

#include "demo.h"

size_t demo_hard_types(tv_graph *graph, uint32_t types[2]) {
  static const int hard[] = {DEB_DEPENDS, DEB_PRE_DEPENDS};
  size_t i, n = 0;
  for (i = 0; i < 2; i++)
    if (tv_graph_type_find(graph, deb_relation_names[hard[i]], &types[n]) == TV_OK) n++;
  return n;
}

typedef struct demo_closure_walk {
  tv_graph *graph;
  demo_names *names;
  uint32_t depth;
  int status;
} demo_closure_walk;

static int demo_closure_visit(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                              const tv_edge_ref *edge) {
  demo_closure_walk *walk = ctx;
  tv_slice key;
  (void)parent;
  (void)edge;
  if (depth == 0) return 0;
  if (depth > walk->depth) walk->depth = depth;
  if (walk->names == NULL) return 0;
  walk->status = tv_graph_label_has(walk->graph, node, "Package");
  if (walk->status == TV_NOTFOUND) {
    walk->status = TV_OK;
    return 0;
  }
  if (walk->status == TV_OK) walk->status = tv_graph_node_key(walk->graph, node, &key);
  if (walk->status != TV_OK) return 1;
  demo_names_add(walk->names, key);
  return 0;
}

int demo_closure(tv_graph *graph, tv_slice start, int direction, demo_names *names,
                 uint32_t *depth) {
  demo_closure_walk walk = {graph, names, 0, TV_OK};
  uint32_t types[2];
  tv_types hard;
  tv_node node;
  int rc = tv_graph_node_find(graph, start, &node);
  if (depth != NULL) *depth = 0;
  if (rc != TV_OK) return rc;
  hard.n = demo_hard_types(graph, types);
  hard.types = types;
  if (hard.n == 0) return TV_OK; /* no such edge anywhere; an empty set would mean every type */
  rc = tv_graph_bfs(graph, 1, &node, direction, hard, UINT32_MAX, NULL, demo_closure_visit, &walk);
  if (depth != NULL) *depth = walk.depth;
  return rc == TV_STOP ? walk.status : rc;
}

int demo_path(tv_graph *graph, tv_slice from, tv_slice to, demo_names *names, demo_names *types) {
  uint32_t numbers[2];
  tv_types hard;
  tv_node source, target;
  tv_path path;
  size_t i;
  int rc = tv_graph_node_find(graph, from, &source);
  if (rc == TV_OK) rc = tv_graph_node_find(graph, to, &target);
  if (rc != TV_OK) return rc;
  hard.n = demo_hard_types(graph, numbers);
  hard.types = numbers;
  if (hard.n == 0) return TV_NOTFOUND;
  memset(&path, 0, sizeof path);
  rc = tv_graph_shortest_path(graph, source, target, TV_OUT, hard, NULL, &path);
  if (rc != TV_OK) return rc;
  for (i = 0; i <= path.length && rc == TV_OK; i++) {
    tv_slice key;
    rc = tv_graph_node_key(graph, path.nodes[i], &key);
    if (rc == TV_OK) demo_names_add(names, key);
    if (rc == TV_OK && i < path.length)
      demo_names_add(types, tv_str(tv_graph_type_name(graph, path.edges[i].type)));
  }
  tv_graph_path_free(&path);
  return rc;
}
