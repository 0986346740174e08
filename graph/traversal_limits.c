/* SPDX-License-Identifier: MIT */
/*
 * Limits of traversals. The clock is read and the caller asked every 64 polls, a poll being a node
 * or a run of edges, that is at least every half millisecond; the cancel flag at every poll.
 * Rejected: a thread or a timer signal, which a library must not impose.
 */
#include <inttypes.h>
#include <time.h>

#include "traversal_internal.h"

static int64_t limits_clock_ns(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int tvi_limits_begin(tvi_limits *out, tv_graph *graph, const tv_limits *limits) {
  *out = (tvi_limits){0};
  out->graph = graph;
  out->nodes_left = UINT64_MAX;
  if (limits == NULL) return TV_OK;
  if (limits->deadline_ms < 0 || limits->deadline_ms > INT64_MAX / 2000000)
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "a deadline of %" PRId64 " ms cannot be",
                        limits->deadline_ms);
  if (limits->nodes_max != 0) out->nodes_left = out->nodes_max = limits->nodes_max;
  out->deadline_ms = limits->deadline_ms;
  if (limits->deadline_ms != 0)
    out->deadline_ns = limits_clock_ns() + limits->deadline_ms * 1000000;
  out->cancel = limits->cancel;
  out->interrupted = limits->interrupted;
  out->ctx = limits->ctx;
  return tvi_limits_poll_now(out);
}

int tvi_limits_poll_now(tvi_limits *limits) {
  if (limits->cancel != NULL && __atomic_load_n(limits->cancel, __ATOMIC_RELAXED) != 0)
    return tvi_txn_fail(limits->graph->txn, TV_EINTR, 0, "the traversal was cancelled");
  if (limits->interrupted != NULL && (limits->polls & 63) == 0 && limits->interrupted(limits->ctx))
    return tvi_txn_fail(limits->graph->txn, TV_EINTR, 0, "the traversal was interrupted");
  if (limits->deadline_ns != 0 && (limits->polls & 63) == 0 &&
      limits_clock_ns() >= limits->deadline_ns)
    return tvi_txn_fail(limits->graph->txn, TV_EINTR, 0,
                        "the traversal did not end within %" PRId64 " ms", limits->deadline_ms);
  return TV_OK;
}

int tvi_limits_full(tvi_limits *limits) {
  limits->nodes_left = 0;
  return tvi_txn_fail(limits->graph->txn, TV_ELIMIT, 0,
                      "the traversal reaches more than %" PRIu64 " nodes", limits->nodes_max);
}
