/* SPDX-License-Identifier: MIT */
/*
 * Triangles: nodes are renamed by descending degree and each keeps its distinct neighbours of lower
 * name, so that lists are short where there are many of them; a triangle is found once, from its
 * highest name, by looking up the neighbours' lists in a bitmap of its own. Merging sorted lists,
 * as the GAP suite does, was rejected: here the bitmap fits the first-level cache and took less
 * than half the time.
 */
#include <stdlib.h>
#include <string.h>

#include "graph_bench.h"
#include "tool_heap.h"

#define TURN_PIECE 256

typedef struct csr_turned {
  const graph_csr *csr;
  uint32_t *order, *name; /* order[name[v]] == v */
  uint64_t *at;           /* by name: where its list begins */
  uint32_t *size, *lists;
  uint64_t used;
  uint64_t *bits[GRAPH_TEAM_MAX];
  uint64_t sum;
} csr_turned;

static uint64_t turn_degree(const graph_csr *csr, uint64_t node) {
  return csr->out_at[node + 1] - csr->out_at[node] + csr->in_at[node + 1] - csr->in_at[node];
}

/* Counting sort by degree, descending; degrees above the number of nodes count as that. */
static void turn_names(csr_turned *t) {
  uint32_t nodes = t->csr->nodes, node;
  uint64_t *at = heap_take(((size_t)nodes + 2) * sizeof *at), i;
  for (node = 0; node < nodes; node++) {
    uint64_t degree = turn_degree(t->csr, node);
    at[nodes - (degree < nodes ? degree : nodes) + 1]++;
  }
  for (i = 1; i <= nodes; i++) at[i] += at[i - 1];
  for (node = 0; node < nodes; node++) {
    uint64_t degree = turn_degree(t->csr, node);
    uint64_t *place = &at[nodes - (degree < nodes ? degree : nodes)];
    t->name[node] = (uint32_t)*place;
    t->order[(*place)++] = node;
  }
  free(at);
}

/* The lower names among a node's neighbours: out and in are ascending and merged on the way.
 * Returns how many. */
static uint32_t turn_list(const csr_turned *t, uint32_t name, uint32_t *list) {
  const graph_csr *csr = t->csr;
  uint32_t node = t->order[name], n = 0, last = node; /* a loop is no neighbour */
  const uint32_t *a = csr->out + csr->out_at[node], *a_end = csr->out + csr->out_at[node + 1];
  const uint32_t *b = csr->in + csr->in_at[node], *b_end = csr->in + csr->in_at[node + 1];
  while (a < a_end || b < b_end) {
    uint32_t next;
    if (b == b_end || (a < a_end && *a <= *b))
      next = *a++;
    else
      next = *b++;
    if (next == last || next == node) continue;
    last = next;
    list[n] = t->name[next];
    n += list[n] < name;
  }
  return n;
}

/* Lists of a piece are made in a place of their own and copied to where there is room by then. */
static void turn_lists(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  csr_turned *t = ctx;
  uint64_t bound = 0, used = 0, name, at;
  uint32_t *lists;
  (void)thread;
  for (name = from; name < to; name++) bound += turn_degree(t->csr, t->order[name]);
  lists = malloc((size_t)(bound + 1) * sizeof *lists);
  if (lists == NULL) heap_stop("out of memory (lists of triangles)");
  for (name = from; name < to; name++) {
    t->size[name] = turn_list(t, (uint32_t)name, lists + used);
    used += t->size[name];
  }
  at = __atomic_fetch_add(&t->used, used, __ATOMIC_RELAXED);
  memcpy(t->lists + at, lists, (size_t)used * sizeof *lists);
  for (name = from; name < to; name++) {
    t->at[name] = at;
    at += t->size[name];
  }
  free(lists);
}

static void turn_count(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  csr_turned *t = ctx;
  uint64_t *bits = t->bits[thread], sum = 0, name;
  for (name = from; name < to; name++) {
    const uint32_t *list = t->lists + t->at[name];
    uint32_t n = t->size[name], i, j;
    if (n < 2) continue;
    for (i = 0; i < n; i++) bits[list[i] >> 6] |= UINT64_C(1) << (list[i] & 63);
    for (i = 0; i < n; i++) {
      const uint32_t *other = t->lists + t->at[list[i]];
      uint32_t size = t->size[list[i]];
      for (j = 0; j < size; j++) sum += bits[other[j] >> 6] >> (other[j] & 63) & 1;
    }
    for (i = 0; i < n; i++) bits[list[i] >> 6] = 0;
  }
  __atomic_fetch_add(&t->sum, sum, __ATOMIC_RELAXED);
}

uint64_t graph_csr_triangles(const graph_csr *csr, graph_team *team) {
  csr_turned *t = heap_take(sizeof *t);
  size_t ids = (size_t)csr->nodes + 1;
  uint64_t sum;
  unsigned i;
  t->csr = csr;
  t->order = heap_take(ids * sizeof *t->order);
  t->name = heap_take(ids * sizeof *t->name);
  t->at = heap_take(ids * sizeof *t->at);
  t->size = heap_take(ids * sizeof *t->size);
  t->lists = heap_take((size_t)(csr->edges + 1) * sizeof *t->lists);
  for (i = 0; i < graph_team_threads(team); i++) t->bits[i] = heap_take(ids / 8 + 16);
  turn_names(t);
  graph_team_share(team, csr->nodes, TURN_PIECE, turn_lists, t);
  graph_team_share(team, csr->nodes, 64, turn_count, t);
  sum = t->sum;
  for (i = 0; i < graph_team_threads(team); i++) free(t->bits[i]);
  free(t->order);
  free(t->name);
  free(t->at);
  free(t->size);
  free(t->lists);
  free(t);
  return sum;
}
