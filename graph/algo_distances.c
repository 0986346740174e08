/* SPDX-License-Identifier: MIT */
/*
 * Distances from one node to all others along weighted edges (LDBC Graphalytics' SSSP) by delta
 * stepping (Meyer, Sanders: Delta-stepping: a parallelizable shortest path algorithm, 2003, with a
 * worker's buckets its own as in Beamer's GAP suite): nodes are taken in order of distance divided
 * by delta, those of one bucket by all threads at once. Since a sum never falls, the distances are
 * bit for bit Dijkstra's, whatever the threads. Rejected: a heap, whose every step waits for the
 * one before. Rejected too: light and heavy edges apart, which needs rows sorted by weight.
 *
 * While all weights are integers and no distance reaches 2^32, the search keeps integers of half
 * the size, which is the same sums in half the cache.
 */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "view_internal.h"

#define DISTANCE_BUCKETS 256u /* that are looked ahead; what is farther waits in one more */
#define DISTANCE_GRAIN 256u
#define DISTANCE_AHEAD 8u
#define DISTANCE_SAMPLE 4096u
#define DISTANCE_POLL 65536u
#define DISTANCE_BUCKET_MAX (UINT64_C(1) << 60)

typedef struct distance_bucket {
  uint32_t *nodes;
  size_t count, capacity;
} distance_bucket;

typedef struct distance_search {
  tvi_algorithm a;
  const tvi_view *views[2];
  size_t view_count;
  double *distances;
  uint32_t *near;     /* instead of distances while the search runs; NULL: it has wide numbers */
  unsigned shift;     /* near: a distance's bucket is that many bits less */
  int outgrown;       /* near is too small; set by any worker */
  double per_delta;   /* distances: 1 / delta */
  uint64_t base, now; /* the first bucket looked ahead to, and the one being emptied */
  distance_bucket *buckets[TVI_WORKERS_MAX]; /* DISTANCE_BUCKETS, and that of what is farther */
  distance_bucket front;                     /* taken from all workers' buckets of `now` */
  int no_memory;                             /* set by any worker */
  uint32_t bad_node; /* has an edge whose weight is none; UINT32_MAX: no node has */
} distance_search;

static inline double distance_load(const double *at) {
  double distance;
  __atomic_load(at, &distance, __ATOMIC_RELAXED);
  return distance;
}

static inline uint64_t distance_bucket_of(const distance_search *s, double distance) {
  double bucket = distance * s->per_delta;
  return bucket < (double)DISTANCE_BUCKET_MAX ? (uint64_t)bucket : DISTANCE_BUCKET_MAX;
}

/* The bucket that a node belongs to by its distance now. */
static inline uint64_t distance_bucket_at(const distance_search *s, uint32_t node) {
  if (s->near != NULL) return __atomic_load_n(&s->near[node], __ATOMIC_RELAXED) >> s->shift;
  return distance_bucket_of(s, distance_load(&s->distances[node]));
}

static int distance_reserve(distance_bucket *bucket, size_t count) {
  size_t capacity = bucket->capacity == 0 ? 64 : bucket->capacity;
  uint32_t *nodes;
  if (count <= bucket->capacity) return TV_OK;
  while (capacity < count) capacity *= 2;
  nodes = tvi_realloc(bucket->nodes, capacity * sizeof *nodes);
  if (nodes == NULL) return TV_ENOMEM;
  bucket->nodes = nodes;
  bucket->capacity = capacity;
  return TV_OK;
}

static inline void distance_put(distance_search *s, unsigned worker, uint32_t node,
                                uint64_t number) {
  uint64_t ahead = number - s->base;
  distance_bucket *bucket =
      &s->buckets[worker][ahead < DISTANCE_BUCKETS ? ahead : DISTANCE_BUCKETS];
  if (TVI_UNLIKELY(bucket->count == bucket->capacity) &&
      distance_reserve(bucket, bucket->count + 1) != TV_OK) {
    __atomic_store_n(&s->no_memory, 1, __ATOMIC_RELAXED);
    return;
  }
  bucket->nodes[bucket->count++] = node;
}

/* 1: it was more, and is that now. Bits of numbers from 0 on are in the order of the numbers. */
static inline int distance_lower(double *at, double distance, int alone) {
  double old = distance_load(at);
  if (alone) {
    if (!(distance < old)) return 0;
    *at = distance;
    return 1;
  }
  while (distance < old)
    if (__atomic_compare_exchange(at, &old, &distance, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      return 1;
  return 0;
}

static inline __attribute__((always_inline)) void distance_relax_run(
    distance_search *s, const tvi_view *view, unsigned worker, uint32_t node, double distance,
    const tvi_view_run *run, const uint32_t encoding) {
  const int alone = s->a.threads == 1;
  uint32_t i;
  for (i = 0; i < run->n; i++) {
    double weight = tvi_column_number(encoding, run->weights, run->base, i);
    uint32_t to = tvi_view_at(view, run->list, i);
    if (TVI_UNLIKELY(!(weight >= 0 && weight <= DBL_MAX))) {
      __atomic_store_n(&s->bad_node, node, __ATOMIC_RELAXED);
      return;
    }
    if (distance_lower(&s->distances[to], distance + weight, alone))
      distance_put(s, worker, to, distance_bucket_of(s, distance + weight));
  }
}

static inline int distance_lower_near(uint32_t *at, uint32_t distance, int alone) {
  uint32_t old = __atomic_load_n(at, __ATOMIC_RELAXED);
  if (alone) {
    if (distance >= old) return 0;
    *at = distance;
    return 1;
  }
  while (distance < old)
    if (__atomic_compare_exchange_n(at, &old, distance, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      return 1;
  return 0;
}

static inline __attribute__((always_inline)) void distance_near_run(
    distance_search *s, const tvi_view *view, unsigned worker, uint64_t distance,
    const tvi_view_run *run, const uint32_t encoding) {
  const int alone = s->a.threads == 1;
  const uint64_t base = distance + (uint64_t)run->base; /* 0 where there is no column */
  uint32_t i;
  for (i = 0; i < run->n; i++) {
    const unsigned char *weights = run->weights;
    uint64_t sum = base + (encoding == TVI_COLUMN_ONES  ? 1u
                           : encoding == TVI_COLUMN_U8  ? weights[i]
                           : encoding == TVI_COLUMN_U16 ? tvi_load_le16(weights + 2 * (size_t)i)
                                                        : tvi_load_le32(weights + 4 * (size_t)i));
    uint32_t to = tvi_view_at(view, run->list, i);
    if (TVI_UNLIKELY(sum >= UINT32_MAX)) {
      __atomic_store_n(&s->outgrown, 1, __ATOMIC_RELAXED);
      return;
    }
    if (distance_lower_near(&s->near[to], (uint32_t)sum, alone))
      distance_put(s, worker, to, sum >> s->shift);
  }
}

static void distance_relax_near(distance_search *s, const tvi_view *view, unsigned worker,
                                uint32_t node) {
  uint64_t distance = __atomic_load_n(&s->near[node], __ATOMIC_RELAXED);
  tvi_view_run run = {0};
  while (tvi_view_next(view, node, &run)) {
    if (run.encoding == TVI_COLUMN_U8)
      distance_near_run(s, view, worker, distance, &run, TVI_COLUMN_U8);
    else if (run.encoding == TVI_COLUMN_U16)
      distance_near_run(s, view, worker, distance, &run, TVI_COLUMN_U16);
    else if (run.encoding == TVI_COLUMN_U32)
      distance_near_run(s, view, worker, distance, &run, TVI_COLUMN_U32);
    else
      distance_near_run(s, view, worker, distance, &run, TVI_COLUMN_ONES);
  }
}

/* A loop for each encoding, so that none is looked up for each edge. */
static void distance_relax(distance_search *s, const tvi_view *view, unsigned worker,
                           uint32_t node) {
  double distance = distance_load(&s->distances[node]);
  tvi_view_run run = {0};
  while (tvi_view_next(view, node, &run)) switch (run.encoding) {
      case TVI_COLUMN_ONES:
        distance_relax_run(s, view, worker, node, distance, &run, TVI_COLUMN_ONES);
        break;
      case TVI_COLUMN_U8:
        distance_relax_run(s, view, worker, node, distance, &run, TVI_COLUMN_U8);
        break;
      case TVI_COLUMN_U16:
        distance_relax_run(s, view, worker, node, distance, &run, TVI_COLUMN_U16);
        break;
      case TVI_COLUMN_F32:
        distance_relax_run(s, view, worker, node, distance, &run, TVI_COLUMN_F32);
        break;
      case TVI_COLUMN_F64:
        distance_relax_run(s, view, worker, node, distance, &run, TVI_COLUMN_F64);
        break;
      default:
        distance_relax_run(s, view, worker, node, distance, &run, run.encoding);
    }
}

/* Rows of nodes that come soon are fetched early: first where they are, then the rows. */
static inline void distance_fetch(const distance_search *s, uint32_t at, uint32_t end) {
  const tvi_view *view = s->views[0];
  const tvi_view_block *block;
  uint32_t node, row, from;
  if (view->layers != 1) return;
  if (at + DISTANCE_AHEAD < end) {
    node = s->front.nodes[at + DISTANCE_AHEAD];
    block = &view->rows[node >> TVI_BLOCK_BITS];
    row = node & (TVI_BLOCK_NODES - 1);
    if (s->near != NULL)
      __builtin_prefetch(&s->near[node]);
    else
      __builtin_prefetch(&s->distances[node]);
    if (row < block->nodes) __builtin_prefetch(block->offsets + 4 * (size_t)row);
  }
  if (at + DISTANCE_AHEAD / 2 < end) {
    node = s->front.nodes[at + DISTANCE_AHEAD / 2];
    block = &view->rows[node >> TVI_BLOCK_BITS];
    row = node & (TVI_BLOCK_NODES - 1);
    if (row >= block->nodes) return;
    from = tvi_load_le32(block->offsets + 4 * (size_t)row);
    __builtin_prefetch(block->neighbours + 4 * (size_t)from);
    __builtin_prefetch(block->weights + (size_t)from * tvi_column_width(block->encoding));
  }
}

static void distance_piece(void *ctx, unsigned worker, uint32_t from, uint32_t to) {
  distance_search *s = ctx;
  size_t v;
  for (; from < to; from++) {
    uint32_t node = s->front.nodes[from];
    distance_fetch(s, from, to);
    if (distance_bucket_at(s, node) != s->now) continue; /* it was done in an earlier one */
    for (v = 0; v < s->view_count; v++)
      if (s->near != NULL)
        distance_relax_near(s, s->views[v], worker, node);
      else
        distance_relax(s, s->views[v], worker, node);
  }
}

/* Takes what all workers have in a bucket. */
static int distance_take(distance_search *s, size_t bucket) {
  size_t count = 0;
  unsigned i;
  for (i = 0; i < s->a.threads; i++) count += s->buckets[i][bucket].count;
  if (count > UINT32_MAX || distance_reserve(&s->front, count + 1) != TV_OK)
    return tvi_algorithm_no_memory(&s->a);
  s->front.count = 0;
  for (i = 0; i < s->a.threads; i++) {
    distance_bucket *from = &s->buckets[i][bucket];
    if (from->count != 0)
      memcpy(s->front.nodes + s->front.count, from->nodes, from->count * sizeof *from->nodes);
    s->front.count += from->count;
    from->count = 0;
  }
  return TV_OK;
}

/* All buckets looked ahead to. */
static int distance_window(distance_search *s) {
  size_t ahead;
  int status = TV_OK;
  for (ahead = 0; ahead < DISTANCE_BUCKETS; ahead++) {
    s->now = s->base + ahead;
    while ((status = distance_take(s, ahead)) == TV_OK && s->front.count > 0) {
      status = tvi_parallel(&s->a, (uint32_t)s->front.count, DISTANCE_GRAIN, distance_piece, s);
      if (status == TV_OK && s->no_memory) status = tvi_algorithm_no_memory(&s->a);
      if (status != TV_OK || s->bad_node != UINT32_MAX || s->outgrown) return status;
    }
    if (status != TV_OK) return status;
  }
  return status;
}

/* Looks ahead from the nearest of what was too far. 0: nothing was. */
static int distance_next_window(distance_search *s, int *status) {
  uint64_t nearest = UINT64_MAX, done = s->base + DISTANCE_BUCKETS, bucket;
  size_t i;
  *status = distance_take(s, DISTANCE_BUCKETS);
  if (*status != TV_OK || s->front.count == 0) return 0;
  for (i = 0; i < s->front.count; i++) {
    bucket = distance_bucket_at(s, s->front.nodes[i]);
    if (bucket >= done && bucket < nearest) nearest = bucket;
  }
  if (nearest == UINT64_MAX) return 0;
  s->base = nearest;
  for (i = 0; i < s->front.count; i++) {
    uint32_t node = s->front.nodes[i];
    bucket = distance_bucket_at(s, node);
    if (bucket >= done) distance_put(s, 0, node, bucket);
  }
  if (s->no_memory) *status = tvi_algorithm_no_memory(&s->a);
  return *status == TV_OK;
}

/* Delta is a 64th of the mean weight, as GAP has it for Kronecker graphs, where few nodes are then
 * met again; on sparse graphs, with their long ways, it is the mean. */
static void distance_choose_delta(distance_search *s) {
  double sum = 0, degree = 0, mean;
  uint32_t i, count = 0;
  size_t v;
  for (v = 0; v < s->view_count; v++) {
    const tvi_view *view = s->views[v];
    uint64_t step = view->ids / DISTANCE_SAMPLE + 1, node;
    degree += (double)view->edges / view->ids;
    for (node = 0; node < view->ids; node += step) {
      tvi_view_run run = {0};
      while (tvi_view_next(view, (uint32_t)node, &run))
        for (i = 0; i < run.n && i < 8; i++) {
          double weight = tvi_view_weight(&run, i);
          if (!(weight >= 0 && weight <= DBL_MAX)) continue;
          sum += weight;
          count++;
        }
    }
  }
  mean = count == 0 ? 0 : sum / count;
  if (degree > 8) mean /= 64;
  s->per_delta = mean > 0 && isfinite(1 / mean) ? 1 / mean : 1;
  for (s->shift = 0; s->shift < 31 && mean >= (double)(UINT64_C(2) << s->shift);) s->shift++;
}

static int distance_run_all(distance_search *s, uint32_t start) {
  size_t j;
  unsigned i;
  int status;
  for (i = 0; i < s->a.threads; i++)
    for (j = 0; j <= DISTANCE_BUCKETS; j++) s->buckets[i][j].count = 0;
  s->base = 0;
  distance_put(s, 0, start, 0);
  if (s->no_memory) return tvi_algorithm_no_memory(&s->a);
  do {
    status = distance_window(s);
  } while (status == TV_OK && s->bad_node == UINT32_MAX && !s->outgrown &&
           distance_next_window(s, &status));
  return status;
}

static int distance_is_narrow(uint32_t encoding, double base) {
  return encoding <= TVI_COLUMN_U32 && base >= 0 && base < UINT32_MAX;
}

/* 1 when all weights are integers from 0 on. */
static int distance_are_narrow(const tvi_view *view) {
  size_t i, rows = (size_t)view->layers * view->blocks;
  for (i = 0; i < rows; i++)
    if (view->rows[i].nodes != 0 && !distance_is_narrow(view->rows[i].encoding, view->rows[i].base))
      return 0;
  for (i = 0; view->pieces_at != NULL && i < view->pieces_at[view->ids]; i++)
    if (!distance_is_narrow(view->pieces[i].encoding, view->pieces[i].base)) return 0;
  return 1;
}

/* The search with integers. *done is 0 when it could not be had. */
static int distance_run_near(distance_search *s, uint32_t start, int *done) {
  uint32_t node;
  int status;
  *done = 0;
  if (!distance_are_narrow(s->views[0]) ||
      (s->view_count == 2 && !distance_are_narrow(s->views[1])))
    return TV_OK;
  s->near = tvi_alloc(((size_t)s->a.ids + 1) * sizeof *s->near);
  if (s->near == NULL) return tvi_algorithm_no_memory(&s->a);
  for (node = 0; node < s->a.ids; node++) s->near[node] = UINT32_MAX;
  s->near[start] = 0;
  status = distance_run_all(s, start);
  for (node = 0; node < s->a.ids && status == TV_OK && !s->outgrown; node++)
    s->distances[node] = s->near[node] == UINT32_MAX ? (double)INFINITY : s->near[node];
  tvi_free(s->near);
  s->near = NULL;
  *done = !s->outgrown;
  s->outgrown = 0;
  return status;
}

static int distance_run(distance_search *s, uint32_t start) {
  uint32_t node;
  unsigned i;
  int status = TV_OK, done;
  for (i = 0; i < s->a.threads; i++) {
    s->buckets[i] = tvi_zalloc((DISTANCE_BUCKETS + 1) * sizeof **s->buckets);
    if (s->buckets[i] == NULL) return tvi_algorithm_no_memory(&s->a);
  }
  distance_choose_delta(s);
  status = distance_run_near(s, start, &done);
  if (status != TV_OK || done) return status;
  for (node = 0; node < s->a.ids; node++) s->distances[node] = INFINITY;
  s->distances[start] = 0;
  status = distance_run_all(s, start);
  if (status != TV_OK || s->bad_node == UINT32_MAX) return status;
  return tvi_txn_fail(s->a.graph->txn, TV_EINVAL, 0,
                      "an edge at node %" PRIu32 " has a weight that is no number from 0 on",
                      s->bad_node);
}

/* ---- Parents ---- */

/*
 * A search along edges that are as good as the distances say, after these are known: so that the
 * parents are a tree also where edges weigh nothing.
 */
static int distance_parents(distance_search *s, uint32_t start, tv_node *parents) {
  uint32_t at, tail = 1, i;
  size_t v;
  int status = TV_OK;
  for (i = 0; i < s->a.ids; i++) parents[i] = TV_NODE_NONE;
  if (distance_reserve(&s->front, (size_t)s->a.ids + 1) != TV_OK)
    return tvi_algorithm_no_memory(&s->a);
  s->front.nodes[0] = start;
  for (at = 0; at < tail && status == TV_OK; at++) {
    uint32_t node = s->front.nodes[at];
    for (v = 0; v < s->view_count; v++) {
      tvi_view_run run = {0};
      while (tvi_view_next(s->views[v], node, &run))
        for (i = 0; i < run.n; i++) {
          uint32_t to = tvi_view_at(s->views[v], run.list, i);
          if (parents[to] != TV_NODE_NONE || to == start) continue;
          if (s->distances[node] + tvi_view_weight(&run, i) != s->distances[to]) continue;
          parents[to] = node;
          s->front.nodes[tail++] = to;
        }
    }
    if (at % DISTANCE_POLL == 0) {
      s->a.limits.polls = 0;
      status = tvi_limits_poll_now(&s->a.limits);
    }
  }
  return status;
}

static void distance_close(distance_search *s) {
  size_t j;
  unsigned i;
  for (i = 0; i < TVI_WORKERS_MAX; i++) {
    for (j = 0; s->buckets[i] != NULL && j <= DISTANCE_BUCKETS; j++)
      tvi_free(s->buckets[i][j].nodes);
    tvi_free(s->buckets[i]);
  }
  tvi_free(s->front.nodes);
  tvi_free(s);
}

int tv_graph_distances(tv_graph *graph, const tv_algorithm_options *options, tv_node start,
                       int direction, const char *weight, double *distances, tv_node *parents,
                       uint64_t n) {
  distance_search *s = tvi_zalloc(sizeof *s);
  int status;
  if (s == NULL) return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for a search");
  s->distances = distances;
  s->bad_node = UINT32_MAX;
  status = tvi_algorithm_open_weighted(&s->a, graph, options, direction, weight, n);
  if (status == TV_OK) status = tvi_node_check(graph, start);
  if (status == TV_OK) {
    if ((direction & TV_OUT) != 0) s->views[s->view_count++] = &s->a.out;
    if ((direction & TV_IN) != 0) s->views[s->view_count++] = &s->a.in;
    status = distance_run(s, (uint32_t)start);
  }
  if (status == TV_OK && parents != NULL) status = distance_parents(s, (uint32_t)start, parents);
  status = tvi_algorithm_close(&s->a, status);
  distance_close(s);
  return status;
}
