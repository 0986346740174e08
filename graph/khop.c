/* SPDX-License-Identifier: MIT */
/*
 * What is within some hops, as arrays: the visits of a breadth-first search, kept. Rejected: a
 * search of its own; it would differ in where it puts what it finds and in nothing else.
 */
#include "path_internal.h"

typedef struct khop_state {
  tv_reached *out;
  size_t capacity;
  int no_memory;
} khop_state;

static int khop_note(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                     const tv_edge_ref *edge) {
  khop_state *s = ctx;
  (void)parent;
  (void)edge;
  if (s->out->n == s->capacity) {
    size_t capacity = s->capacity == 0 ? 64 : s->capacity * 2;
    tv_node *nodes = tvi_realloc(s->out->nodes, capacity * sizeof *nodes);
    uint32_t *depths;
    s->no_memory = 1;
    if (nodes == NULL) return 1;
    s->out->nodes = nodes;
    depths = tvi_realloc(s->out->depths, capacity * sizeof *depths);
    if (depths == NULL) return 1;
    s->out->depths = depths;
    s->no_memory = 0;
    s->capacity = capacity;
  }
  s->out->nodes[s->out->n] = node;
  s->out->depths[s->out->n++] = depth;
  return 0;
}

int tv_graph_khop(tv_graph *graph, size_t n, const tv_node *starts, uint32_t depth_max,
                  const tv_path_options *options, tv_reached *out) {
  static const tv_path_options defaults = {{0, NULL}, {0, 0, NULL, NULL, NULL}, 0, NULL, 0};
  khop_state s = {.out = out};
  int status;
  if (options == NULL) options = &defaults;
  *out = (tv_reached){0};
  status = tv_graph_bfs(graph, n, starts, options->direction == 0 ? TV_OUT : options->direction,
                        options->types, depth_max, &options->limits, khop_note, &s);
  if (status == TV_STOP && s.no_memory)
    status = tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for %zu nodes reached", out->n);
  if (status != TV_OK) tv_graph_reached_free(out);
  return status;
}

void tv_graph_reached_free(tv_reached *reached) {
  if (reached == NULL) return;
  tvi_free(reached->nodes);
  tvi_free(reached->depths);
  *reached = (tv_reached){0};
}
