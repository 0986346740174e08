/* SPDX-License-Identifier: MIT */
/*
 * What the algorithms share: their views, the nodes that exist, and threads. Threads are begun for
 * each loop and end with it. Rejected: a pool of threads; a library that keeps none leaves nothing
 * behind after a fork or a close, and beginning one costs some 20 us where a loop takes
 * milliseconds.
 */
#include <inttypes.h>
#include <pthread.h>

#include "view_internal.h"

static int algorithm_note_node(void *ctx, tv_node node) {
  return tvi_node_set_add(ctx, node) < 0;
}

/* Learns which ids are of nodes. When none was ever deleted, all are. */
static int algorithm_nodes(tvi_algorithm *a, uint64_t ids) {
  tv_store *nodes;
  tv_node node;
  int status = tvi_graph_store(a->graph, TVI_GRAPH_NODES, &nodes);
  if (status == TV_OK) status = tv_store_count(nodes, &a->nodes);
  a->holes = status == TV_OK && (a->nodes != ids || a->graph->gone_count != 0);
  if (status != TV_OK || !a->holes) return status;
  if (tvi_node_set_open(&a->alive, ids) != TV_OK) return tvi_algorithm_no_memory(a);
  status = tv_graph_nodes(a->graph, NULL, algorithm_note_node, &a->alive);
  if (status != TV_OK) return status == TV_STOP ? tvi_algorithm_no_memory(a) : status;
  a->nodes = 0;
  for (node = 0; node < ids; node++) a->nodes += (uint64_t)tvi_node_set_has(&a->alive, node);
  return TV_OK;
}

static int algorithm_weight(tv_graph *graph, const char *name, uint32_t *weight) {
  int status = tvi_name_find(graph, TVI_NAME_PROPERTY, name, weight);
  return status == TV_NOTFOUND ? tvi_name_unknown(graph, TVI_NAME_PROPERTY, name) : status;
}

int tvi_algorithm_open_weighted(tvi_algorithm *a, tv_graph *graph,
                                const tv_algorithm_options *options, int directions,
                                const char *weight_name, uint64_t n) {
  static const tv_algorithm_options defaults = {.threads = 0};
  uint32_t weight = TVI_NO_WEIGHT;
  uint64_t ids;
  int status;
  *a = (tvi_algorithm){.graph = graph};
  status = tvi_graph_enter(graph);
  if (status != TV_OK) return status;
  if (options == NULL) options = &defaults;
  a->threads = options->threads == 0 ? 1 : options->threads;
  if (a->threads > TVI_WORKERS_MAX)
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "%" PRIu32 " threads are more than %u",
                        options->threads, TVI_WORKERS_MAX);
  if (directions < TV_OUT || directions > TV_BOTH)
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "%d is no direction of edges", directions);
  status = tvi_node_ids(graph, &ids);
  if (status == TV_OK && n != ids)
    status = tvi_txn_fail(graph->txn, TV_EINVAL, 0,
                          "the array has %" PRIu64 " elements, the graph %" PRIu64 " ids", n, ids);
  if (status == TV_OK) status = tvi_limits_begin(&a->limits, graph, &options->limits);
  if (status == TV_OK) status = tvi_type_set_open(graph, options->types, &a->types);
  if (status == TV_OK) status = algorithm_nodes(a, ids);
  if (status == TV_OK && weight_name != NULL)
    status = algorithm_weight(graph, weight_name, &weight);
  if (status == TV_OK && (directions & TV_OUT) != 0)
    status = tvi_view_take(&a->out, graph, TV_OUT, &a->types, weight, &a->damaged);
  if (status == TV_OK && (directions & TV_IN) != 0)
    status = tvi_view_take(&a->in, graph, TV_IN, &a->types, weight, &a->damaged);
  a->ids = (uint32_t)ids;
  return status;
}

int tvi_algorithm_open(tvi_algorithm *a, tv_graph *graph, const tv_algorithm_options *options,
                       int directions, uint64_t n) {
  return tvi_algorithm_open_weighted(a, graph, options, directions, NULL, n);
}

int tvi_algorithm_close(tvi_algorithm *a, int status) {
  if (status == TV_OK && a->damaged)
    status = tvi_graph_corrupt(a->graph, "a neighbour in the segments of a graph of nodes", a->ids);
  /* A view that was not opened to its end is not one to be kept. */
  if (status != TV_OK) a->damaged = 1;
  tvi_view_give(&a->out, TV_OUT, &a->types);
  tvi_view_give(&a->in, TV_IN, &a->types);
  tvi_node_set_close(&a->alive);
  tvi_type_set_close(&a->types);
  return status;
}

int tvi_algorithm_no_memory(tvi_algorithm *a) {
  return tvi_txn_fail(a->graph->txn, TV_ENOMEM, 0,
                      "no memory for an algorithm over %" PRIu32 " ids", a->ids);
}

/* ---- Threads ---- */

typedef struct algorithm_loop {
  tvi_work_fn work;
  void *ctx;
  uint32_t n, grain;
  uint64_t next; /* taken by whoever is free */
  int stop;
} algorithm_loop;

typedef struct algorithm_worker {
  algorithm_loop *loop;
  unsigned number;
} algorithm_worker;

/* One piece of the loop. 0: none is left. */
static int algorithm_piece(algorithm_loop *loop, unsigned worker) {
  uint64_t from = __atomic_fetch_add(&loop->next, loop->grain, __ATOMIC_RELAXED), to;
  if (from >= loop->n || __atomic_load_n(&loop->stop, __ATOMIC_RELAXED)) return 0;
  to = from + loop->grain < loop->n ? from + loop->grain : loop->n;
  loop->work(loop->ctx, worker, (uint32_t)from, (uint32_t)to);
  return 1;
}

static void *algorithm_thread(void *ctx) {
  algorithm_worker *worker = ctx;
  while (algorithm_piece(worker->loop, worker->number)) continue;
  return NULL;
}

int tvi_parallel(tvi_algorithm *a, uint32_t n, uint32_t grain, tvi_work_fn work, void *ctx) {
  algorithm_loop loop = {work, ctx, n, grain, 0, 0};
  algorithm_worker workers[TVI_WORKERS_MAX];
  pthread_t threads[TVI_WORKERS_MAX];
  unsigned begun = 0, i;
  int status = TV_OK;
  while (begun + 1 < a->threads && (uint64_t)grain * (begun + 1) < n) {
    workers[begun] = (algorithm_worker){&loop, begun + 1};
    /* One that cannot be begun leaves its share to the others. */
    if (pthread_create(&threads[begun], NULL, algorithm_thread, &workers[begun]) != 0) break;
    begun++;
  }
  while (status == TV_OK && algorithm_piece(&loop, 0)) {
    a->limits.polls = 0;
    status = tvi_limits_poll_now(&a->limits);
    if (status != TV_OK) __atomic_store_n(&loop.stop, 1, __ATOMIC_RELAXED);
  }
  for (i = 0; i < begun; i++) (void)pthread_join(threads[i], NULL);
  return status;
}
