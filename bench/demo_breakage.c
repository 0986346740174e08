/* SPDX-License-Identifier: MIT */
/*
 * What breaks when a package goes. The reverse closure alone answers too much: a package that can
 * use an alternative survives. This walks backwards from what became unavailable and looks at
 * each group of alternatives it meets; iterating over all packages until nothing changes was
 * rejected (the test does that, as an independent computation).
 */
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "tool_heap.h"

typedef struct demo_edges {
  tv_edge_ref *items;
  size_t n, capacity;
} demo_edges;

typedef struct demo_breaking {
  tv_graph *graph;
  uint32_t hard[2], provides;
  size_t hard_n, provides_n; /* how many of the types occur at all */
  unsigned char *gone;       /* by node: a package that cannot be installed */
  unsigned char *lost;       /* by node: nothing of that name is left, not even provided */
  tv_node *queue;            /* lost nodes whose dependants are still to be looked at */
  size_t head, tail;
  demo_edges into, out, providers; /* kept apart: one is walked while another is filled */
} demo_breaking;

static int demo_edges_visit(void *ctx, const tv_edge_ref *edge) {
  demo_edges *edges = ctx;
  heap_grow(&edges->items, &edges->capacity, edges->n + 1, sizeof *edges->items);
  edges->items[edges->n++] = *edge;
  return 0;
}

static int demo_edges_read(tv_graph *graph, tv_node node, int direction, size_t n,
                           const uint32_t *types, demo_edges *edges) {
  tv_types set;
  edges->n = 0;
  if (n == 0) return TV_OK; /* an empty set would mean every type */
  set.n = n;
  set.types = types;
  return tv_graph_edges_at(graph, node, direction, set, demo_edges_visit, edges);
}

/* *available: 1 when a package of that name or one that provides it can be installed. */
static int demo_breaking_available(demo_breaking *b, tv_node node, int *available) {
  size_t i;
  int rc = tv_graph_label_has(b->graph, node, "Package");
  *available = rc == TV_OK && !b->gone[node];
  if (rc < 0 || *available) return rc < 0 ? rc : TV_OK;
  rc = demo_edges_read(b->graph, node, TV_IN, b->provides_n, &b->provides, &b->providers);
  for (i = 0; i < b->providers.n && rc == TV_OK && !*available; i++)
    *available = !b->gone[b->providers.items[i].from];
  return rc;
}

static int demo_breaking_check_name(demo_breaking *b, tv_node node) {
  int available, rc;
  if (b->lost[node]) return TV_OK;
  rc = demo_breaking_available(b, node, &available);
  if (rc != TV_OK || available) return rc;
  b->lost[node] = 1;
  b->queue[b->tail++] = node;
  return TV_OK;
}

/* A package cannot be installed any more: its own name and those it provides may be lost. */
static int demo_breaking_remove(demo_breaking *b, tv_node package) {
  size_t i;
  int rc;
  if (b->gone[package]) return TV_OK;
  b->gone[package] = 1;
  rc = demo_breaking_check_name(b, package);
  if (rc == TV_OK)
    rc = demo_edges_read(b->graph, package, TV_OUT, b->provides_n, &b->provides, &b->out);
  for (i = 0; i < b->out.n && rc == TV_OK; i++)
    rc = demo_breaking_check_name(b, b->out.items[i].to);
  return rc;
}

/* The group of alternatives an edge belongs to; 0: it stands alone. */
static int demo_breaking_group(demo_breaking *b, const tv_edge_ref *edge, int64_t *group) {
  tv_value value;
  int rc = tv_graph_edge_get(b->graph, edge, "alternative", &value);
  *group = rc == TV_OK ? value.as.integer : 0;
  return rc == TV_NOTFOUND ? TV_OK : rc;
}

/* *broken: 1 when no alternative of the edge's group is left. */
static int demo_breaking_edge(demo_breaking *b, const tv_edge_ref *edge, int *broken) {
  int64_t group, other;
  size_t i;
  int rc = demo_breaking_group(b, edge, &group);
  *broken = 1;
  if (rc != TV_OK || group == 0) return rc;
  rc = demo_edges_read(b->graph, edge->from, TV_OUT, 1, &edge->type, &b->out);
  for (i = 0; i < b->out.n && rc == TV_OK && *broken; i++) {
    rc = demo_breaking_group(b, &b->out.items[i], &other);
    if (rc == TV_OK && other == group && !b->lost[b->out.items[i].to]) *broken = 0;
  }
  return rc;
}

/* Follows what is lost until nothing more breaks. */
static int demo_breaking_run(demo_breaking *b) {
  int rc = TV_OK;
  while (b->head < b->tail && rc == TV_OK) {
    tv_node lost = b->queue[b->head++];
    size_t i;
    rc = demo_edges_read(b->graph, lost, TV_IN, b->hard_n, b->hard, &b->into);
    for (i = 0; i < b->into.n && rc == TV_OK; i++) {
      int broken;
      if (b->gone[b->into.items[i].from]) continue;
      rc = demo_breaking_edge(b, &b->into.items[i], &broken);
      if (rc == TV_OK && broken) rc = demo_breaking_remove(b, b->into.items[i].from);
    }
  }
  return rc;
}

typedef struct demo_node_list {
  tv_node *items;
  size_t n, capacity;
} demo_node_list;

static int demo_node_list_visit(void *ctx, tv_node node) {
  demo_node_list *list = ctx;
  heap_grow(&list->items, &list->capacity, list->n + 1, sizeof *list->items);
  list->items[list->n++] = node;
  return 0;
}

/* What was broken before anything was removed: names that nothing carries. */
static int demo_breaking_before(demo_breaking *b) {
  demo_node_list nodes = {NULL, 0, 0};
  size_t i;
  int rc = tv_graph_nodes(b->graph, "Virtual", demo_node_list_visit, &nodes);
  if (rc == TV_ENOLABEL) rc = TV_OK;
  for (i = 0; i < nodes.n && rc == TV_OK; i++) rc = demo_breaking_check_name(b, nodes.items[i]);
  free(nodes.items);
  return rc == TV_OK ? demo_breaking_run(b) : rc;
}

static int demo_breaking_name(demo_breaking *b, const unsigned char *before, uint64_t nodes,
                              tv_node start, demo_names *names) {
  tv_node node;
  int rc = TV_OK;
  for (node = 0; node < nodes && rc == TV_OK; node++) {
    tv_slice key;
    if (!b->gone[node] || before[node] || node == start) continue;
    rc = tv_graph_node_key(b->graph, node, &key);
    if (rc == TV_OK) demo_names_add(names, key);
  }
  return rc;
}

int demo_breakage(tv_graph *graph, tv_slice gone, demo_names *names) {
  demo_breaking b;
  tv_graph_stat stat;
  tv_node start;
  unsigned char *before;
  int rc = tv_graph_node_find(graph, gone, &start);
  if (rc == TV_OK) rc = tv_graph_stat_get(graph, &stat);
  if (rc != TV_OK) return rc;
  memset(&b, 0, sizeof b);
  b.graph = graph;
  b.hard_n = demo_hard_types(graph, b.hard);
  b.provides_n = tv_graph_type_find(graph, deb_relation_names[DEB_PROVIDES], &b.provides) == TV_OK;
  b.gone = heap_take(stat.node_ids);
  b.lost = heap_take(stat.node_ids);
  before = heap_take(stat.node_ids);
  b.queue = heap_take(stat.node_ids * sizeof *b.queue);
  rc = demo_breaking_before(&b);
  if (rc == TV_OK) {
    memcpy(before, b.gone, stat.node_ids);
    rc = demo_breaking_remove(&b, start);
  }
  if (rc == TV_OK) rc = demo_breaking_run(&b);
  if (rc == TV_OK) rc = demo_breaking_name(&b, before, stat.node_ids, start, names);
  free(b.gone);
  free(b.lost);
  free(before);
  free(b.queue);
  free(b.into.items);
  free(b.out.items);
  free(b.providers.items);
  return rc;
}
