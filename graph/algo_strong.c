/* SPDX-License-Identifier: MIT */
/*
 * Strongly connected components: Tarjan's algorithm with a stack of its own instead of recursion.
 * Rejected: forward and backward searches from pivots, which threads can share but which are
 * quadratic on long chains of small components.
 */
#include "view_internal.h"

#define STRONG_POLL 16384u

typedef struct strong_frame {
  uint32_t node;
  uint32_t at; /* the next neighbour of the run at place */
  tvi_view_place place;
} strong_frame;

typedef struct strong_search {
  tvi_algorithm a;
  uint32_t *number; /* in the order of discovery, from 1; 0: not reached */
  uint32_t *low;
  uint32_t *open; /* nodes whose component is not known yet */
  strong_frame *frames;
  uint32_t open_count, frame_count, next;
  tv_node *components; /* TV_NODE_NONE: not known yet */
  uint64_t found;
} strong_search;

static void strong_enter(strong_search *s, uint32_t node) {
  s->number[node] = s->low[node] = ++s->next;
  s->open[s->open_count++] = node;
  s->frames[s->frame_count++] = (strong_frame){node, 0, {0}};
}

/* All open nodes from `node` on are one component; its name is its lowest id. */
static void strong_close(strong_search *s, uint32_t node) {
  uint32_t first = s->open_count, lowest = node, i;
  do {
    first--;
    if (s->open[first] < lowest) lowest = s->open[first];
  } while (s->open[first] != node);
  for (i = first; i < s->open_count; i++) s->components[s->open[i]] = lowest;
  s->open_count = first;
  s->found++;
}

static void strong_meet(strong_search *s, uint32_t node, uint32_t to) {
  if (s->number[to] == 0)
    strong_enter(s, to);
  else if (s->components[to] == TV_NODE_NONE && s->number[to] < s->low[node])
    s->low[node] = s->number[to];
}

/* One step of the topmost frame: its neighbours up to a new one, or its end. */
static void strong_step(strong_search *s) {
  strong_frame *frame = &s->frames[s->frame_count - 1];
  uint32_t node = frame->node;
  tvi_view_run run = {.place = frame->place};
  while (tvi_view_next(&s->a.out, node, &run)) {
    uint32_t frames = s->frame_count;
    while (frame->at < run.n && s->frame_count == frames)
      strong_meet(s, node, tvi_view_at(&s->a.out, run.list, frame->at++));
    if (s->frame_count != frames) return;
    frame->place = run.place;
    frame->at = 0;
  }
  if (s->low[node] == s->number[node]) strong_close(s, node);
  s->frame_count--;
  if (s->frame_count > 0) {
    uint32_t parent = s->frames[s->frame_count - 1].node;
    if (s->low[node] < s->low[parent]) s->low[parent] = s->low[node];
  }
}

static int strong_run(strong_search *s) {
  uint32_t node, polls = 0;
  int status = TV_OK;
  for (node = 0; node < s->a.ids; node++) s->components[node] = TV_NODE_NONE;
  for (node = 0; node < s->a.ids && status == TV_OK; node++) {
    if (s->number[node] != 0 || !tvi_algorithm_alive(&s->a, node)) continue;
    strong_enter(s, node);
    while (s->frame_count > 0 && status == TV_OK) {
      strong_step(s);
      if (++polls % STRONG_POLL != 0) continue;
      s->a.limits.polls = 0;
      status = tvi_limits_poll_now(&s->a.limits);
    }
  }
  return status;
}

int tv_graph_strong_components(tv_graph *graph, const tv_algorithm_options *options,
                               tv_node *components, uint64_t n, uint64_t *count) {
  strong_search s = {.components = components};
  int status = tvi_algorithm_open(&s.a, graph, options, TV_OUT, n);
  if (status == TV_OK) {
    size_t ids = (size_t)s.a.ids + 1;
    s.number = tvi_zalloc(ids * sizeof *s.number);
    s.low = tvi_alloc(ids * sizeof *s.low);
    s.open = tvi_alloc(ids * sizeof *s.open);
    s.frames = tvi_alloc(ids * sizeof *s.frames);
    status = s.number == NULL || s.low == NULL || s.open == NULL || s.frames == NULL
                 ? tvi_algorithm_no_memory(&s.a)
                 : strong_run(&s);
  }
  if (count != NULL) *count = s.found;
  tvi_free(s.number);
  tvi_free(s.low);
  tvi_free(s.open);
  tvi_free(s.frames);
  return tvi_algorithm_close(&s.a, status);
}
