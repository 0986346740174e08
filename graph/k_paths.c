/* SPDX-License-Identifier: MIT */
/*
 * The k shortest loopless paths (Yen 1971, Lawler 1972). A path that was given out is left at each
 * of its nodes in turn, from where it left its own parent on: the way to that node stays, its nodes
 * and the edges that paths given out take from there are barred, and a search finds the best rest.
 * Rejected: Eppstein's algorithm, which is faster but whose paths may pass a node twice.
 */
#include <inttypes.h>
#include <string.h>

#include "path_internal.h"

#define YEN_FIRST 16

typedef struct yen_path {
  tv_path path;
  double weight;
  size_t parting; /* edges that it has in common with the path that it deviates from */
} yen_path;

typedef struct yen_list {
  yen_path *paths;
  size_t count, capacity;
} yen_list;

typedef struct yen_search {
  tvi_path_ask ask;
  tv_node to;
  yen_list given; /* in the order of weight */
  yen_list found; /* a heap: [0] comes before all others */
  tv_edge *barred;
  size_t barred_capacity;
} yen_search;

/* Below 0: a comes first. */
static int yen_compare(const yen_path *a, const yen_path *b) {
  size_t i;
  if (a->weight != b->weight) return a->weight < b->weight ? -1 : 1;
  if (a->path.length != b->path.length) return a->path.length < b->path.length ? -1 : 1;
  for (i = 0; i < a->path.length; i++)
    if (a->path.edges[i].edge != b->path.edges[i].edge)
      return a->path.edges[i].edge < b->path.edges[i].edge ? -1 : 1;
  return 0;
}

static int yen_room(yen_search *s, yen_list *list) {
  size_t capacity = list->capacity == 0 ? YEN_FIRST : list->capacity * 2;
  yen_path *paths;
  if (list->count < list->capacity) return TV_OK;
  paths = tvi_realloc(list->paths, capacity * sizeof *paths);
  if (paths == NULL) return tvi_path_no_memory(&s->ask, capacity);
  list->paths = paths;
  list->capacity = capacity;
  return TV_OK;
}

/* Takes the path over, whatever is returned. */
static int yen_push(yen_search *s, yen_path *path) {
  yen_list *list = &s->found;
  size_t i = list->count;
  int status = yen_room(s, list);
  if (status != TV_OK) {
    tv_graph_path_free(&path->path);
    return status;
  }
  list->count++;
  for (; i > 0 && yen_compare(path, &list->paths[(i - 1) / 2]) < 0; i = (i - 1) / 2)
    list->paths[i] = list->paths[(i - 1) / 2];
  list->paths[i] = *path;
  return TV_OK;
}

/* Moves the best path found to those given out. */
static int yen_take(yen_search *s) {
  yen_list *list = &s->found;
  yen_path last;
  size_t i = 0, child;
  int status = yen_room(s, &s->given);
  if (status != TV_OK) return status;
  s->given.paths[s->given.count++] = list->paths[0];
  last = list->paths[--list->count];
  while ((child = 2 * i + 1) < list->count) {
    if (child + 1 < list->count && yen_compare(&list->paths[child + 1], &list->paths[child]) < 0)
      child++;
    if (yen_compare(&list->paths[child], &last) >= 0) break;
    list->paths[i] = list->paths[child];
    i = child;
  }
  list->paths[i] = last;
  return TV_OK;
}

/* The edges by which paths that were given out go on after the first `spur` edges of one. */
static int yen_bar(yen_search *s, const tv_path *path, size_t spur) {
  size_t i, j;
  if (s->barred_capacity < s->given.count) {
    tv_edge *barred = tvi_realloc(s->barred, s->given.capacity * sizeof *barred);
    if (barred == NULL) return tvi_path_no_memory(&s->ask, s->given.capacity);
    s->barred = barred;
    s->barred_capacity = s->given.capacity;
  }
  s->ask.edges_out = s->barred;
  s->ask.edges_out_count = 0;
  for (i = 0; i < s->given.count; i++) {
    const tv_path *other = &s->given.paths[i].path;
    if (other->length <= spur) continue;
    for (j = spur; j > 0 && other->edges[j - 1].edge == path->edges[j - 1].edge; j--) continue;
    if (j == 0) s->barred[s->ask.edges_out_count++] = other->edges[spur].edge;
  }
  s->ask.nodes_out = path->nodes;
  s->ask.nodes_out_count = spur;
  s->ask.spur = path->nodes[spur];
  s->ask.limits.nodes_left = s->ask.limits.nodes_max == 0 ? UINT64_MAX : s->ask.limits.nodes_max;
  return TV_OK;
}

/* The best path that has the first `spur` edges in common with one and no more. */
static int yen_deviate(yen_search *s, const tv_path *path, size_t spur) {
  yen_path found = {.parting = spur};
  tv_path rest;
  size_t i;
  int status = yen_bar(s, path, spur);
  if (status == TV_OK) status = tvi_path_find(&s->ask, path->nodes[spur], s->to, &rest);
  if (status == TV_NOTFOUND) return TV_OK;
  if (status != TV_OK) return status;
  status = tvi_path_alloc(&s->ask, spur + rest.length, &found.path);
  for (i = 0; i < spur && status == TV_OK; i++) {
    found.path.nodes[i] = path->nodes[i];
    found.path.edges[i] = path->edges[i];
  }
  for (i = 0; i <= rest.length && status == TV_OK; i++) {
    found.path.nodes[spur + i] = rest.nodes[i];
    if (i < rest.length) found.path.edges[spur + i] = rest.edges[i];
  }
  tv_graph_path_free(&rest);
  if (status == TV_OK) status = tvi_path_sum(&s->ask, &found.path, &found.weight);
  if (status == TV_OK) return yen_push(s, &found);
  tv_graph_path_free(&found.path);
  return status;
}

static int yen_run(yen_search *s, tv_node from, uint32_t k, tv_path_fn visit, void *ctx) {
  yen_path first = {.parting = 0};
  int status = tvi_path_find(&s->ask, from, s->to, &first.path);
  if (status == TV_OK) status = tvi_path_sum(&s->ask, &first.path, &first.weight);
  if (status == TV_OK)
    status = yen_push(s, &first);
  else
    tv_graph_path_free(&first.path);
  while (status == TV_OK && s->found.count > 0) {
    const yen_path *given;
    size_t spur;
    status = yen_take(s);
    if (status != TV_OK) break;
    given = &s->given.paths[s->given.count - 1];
    status = tvi_path_emit(&s->ask, &given->path, given->weight, visit, ctx);
    if (s->given.count == k) break;
    for (spur = given->parting; spur < given->path.length && status == TV_OK; spur++)
      status = yen_deviate(s, &given->path, spur);
  }
  return status;
}

static void yen_list_free(yen_list *list) {
  size_t i;
  for (i = 0; i < list->count; i++) tv_graph_path_free(&list->paths[i].path);
  tvi_free(list->paths);
}

int tv_graph_k_shortest_paths(tv_graph *graph, tv_node from, tv_node to, uint32_t k,
                              const tv_path_options *options, tv_path_fn visit, void *ctx) {
  yen_search s = {.to = to};
  int status = tvi_path_ask_open(&s.ask, graph, from, to, options);
  if (status == TV_OK && k == 0)
    status = tvi_txn_fail(graph->txn, TV_EINVAL, 0, "0 shortest paths were asked for");
  if (status == TV_OK) status = yen_run(&s, from, k, visit, ctx);
  yen_list_free(&s.given);
  yen_list_free(&s.found);
  tvi_free(s.barred);
  tvi_path_ask_close(&s.ask);
  return status;
}
