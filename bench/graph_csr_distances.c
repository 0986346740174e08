/* SPDX-License-Identifier: MIT */
/*
 * Cheapest paths by delta-stepping (Meyer, Sanders: J. Algorithms 2003) with bins of each thread's
 * own and fusion of short ones, as the GAP suite has it (Zhang et al.: CGO 2020). A heap (Dijkstra)
 * was rejected: it takes some three times as long on one thread and cannot use two.
 */
#include <stdlib.h>
#include <string.h>

#include "graph_bench.h"
#include "tool_heap.h"

#define STEP_PARTS                                                              \
  64 /* bins for the mean weight: 2 wide for weights of 1 to 255, as GAP has it \
      */
#define STEP_FAR INT32_MAX
#define STEP_FUSE 1000 /* a bin with fewer nodes is gone on with at once */

typedef struct step_bin {
  uint32_t *nodes;
  size_t n, capacity;
} step_bin;

/* A thread's bins; used[b] is bin b. */
typedef struct step_own {
  step_bin *bin;
  size_t bins;     /* made so far */
  size_t capacity; /* room in `bin` */
  char apart[64];
} step_own;

typedef struct csr_steps {
  const graph_csr *csr;
  uint32_t *distances;
  int alone;
  uint32_t *frontier;
  size_t frontier_n, frontier_capacity;
  uint32_t width;   /* of a bin, in weight */
  uint32_t current; /* number of the bin that the frontier is */
  step_own own[GRAPH_TEAM_MAX];
} csr_steps;

static void step_put(step_own *own, uint32_t bin, uint32_t node) {
  step_bin *b;
  if (bin >= own->bins) {
    size_t had = own->capacity;
    heap_grow(&own->bin, &own->capacity, (size_t)bin + 1, sizeof *own->bin);
    if (own->capacity > had) memset(own->bin + had, 0, (own->capacity - had) * sizeof *own->bin);
    own->bins = (size_t)bin + 1;
  }
  b = &own->bin[bin];
  if (b->n == b->capacity) heap_grow(&b->nodes, &b->capacity, b->n + 1, sizeof *b->nodes);
  b->nodes[b->n++] = node;
}

/* 1 when `distance` is less than what is known of the node, which it then replaces. */
static int step_lower(const csr_steps *s, uint32_t node, uint32_t distance) {
  uint32_t known = __atomic_load_n(&s->distances[node], __ATOMIC_RELAXED);
  if (s->alone) {
    if (distance >= known) return 0;
    s->distances[node] = distance;
    return 1;
  }
  while (distance < known)
    if (__atomic_compare_exchange_n(&s->distances[node], &known, distance, 0, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED))
      return 1;
  return 0;
}

static void step_relax(csr_steps *s, step_own *own, uint32_t node) {
  const graph_arc *arc = s->csr->arcs + s->csr->out_at[node];
  const graph_arc *end = s->csr->arcs + s->csr->out_at[node + 1];
  uint32_t so_far = __atomic_load_n(&s->distances[node], __ATOMIC_RELAXED);
  for (; arc < end; arc++) {
    uint32_t distance = so_far + arc->weight;
    if (distance >= STEP_FAR) heap_stop("distances of 2^31 and more are beyond the rows in memory");
    if (step_lower(s, arc->to, distance)) step_put(own, distance / s->width, arc->to);
  }
}

static void step_frontier(void *ctx, unsigned thread, uint64_t from, uint64_t to) {
  csr_steps *s = ctx;
  step_own *own = &s->own[thread];
  uint32_t least = s->current * s->width;
  step_bin batch = {NULL, 0, 0};
  for (; from < to; from++) {
    uint32_t node = s->frontier[from];
    /* Less: an earlier bin had it at a lower distance. */
    if (__atomic_load_n(&s->distances[node], __ATOMIC_RELAXED) >= least) step_relax(s, own, node);
  }
  while (s->current < own->bins && own->bin[s->current].n > 0 &&
         own->bin[s->current].n < STEP_FUSE) {
    step_bin swap = own->bin[s->current];
    size_t i;
    own->bin[s->current] = batch;
    own->bin[s->current].n = 0;
    batch = swap;
    for (i = 0; i < batch.n; i++) step_relax(s, own, batch.nodes[i]);
  }
  free(batch.nodes);
}

/* Makes the lowest bin that is not empty the frontier. Returns 0 when all are. */
static int step_next(csr_steps *s, unsigned threads) {
  uint32_t least = UINT32_MAX, b;
  size_t total = 0;
  unsigned t;
  for (t = 0; t < threads; t++)
    for (b = s->current; b < s->own[t].bins && b < least; b++)
      if (s->own[t].bin[b].n > 0) least = b;
  if (least == UINT32_MAX) return 0;
  for (t = 0; t < threads; t++)
    if (least < s->own[t].bins) total += s->own[t].bin[least].n;
  heap_grow(&s->frontier, &s->frontier_capacity, total, sizeof *s->frontier);
  s->frontier_n = 0;
  for (t = 0; t < threads; t++) {
    step_bin *bin = least < s->own[t].bins ? &s->own[t].bin[least] : NULL;
    if (bin == NULL || bin->n == 0) continue;
    memcpy(s->frontier + s->frontier_n, bin->nodes, bin->n * sizeof *bin->nodes);
    s->frontier_n += bin->n;
    bin->n = 0;
  }
  s->current = least;
  return 1;
}

void graph_csr_distances(const graph_csr *csr, graph_team *team, uint32_t start,
                         uint32_t *distances) {
  csr_steps *s = heap_take(sizeof *s);
  unsigned threads = graph_team_threads(team), t;
  size_t b;
  s->csr = csr;
  s->distances = distances;
  s->alone = threads == 1;
  s->width = csr->weight_mean < STEP_PARTS ? 1 : csr->weight_mean / STEP_PARTS;
  memset(distances, 0xff, (size_t)csr->nodes * sizeof *distances);
  distances[start] = 0;
  step_put(&s->own[0], 0, start);
  while (step_next(s, threads)) graph_team_share(team, s->frontier_n, 64, step_frontier, s);
  for (t = 0; t < threads; t++) {
    for (b = 0; b < s->own[t].bins; b++) free(s->own[t].bin[b].nodes);
    free(s->own[t].bin);
  }
  free(s->frontier);
  free(s);
}
