/* SPDX-License-Identifier: MIT */
/* Threads that share the loops of the baseline's kernels. */
#ifndef TRIVET_BENCH_GRAPH_TEAM_H
#define TRIVET_BENCH_GRAPH_TEAM_H

#include <stdint.h>

#define GRAPH_TEAM_MAX 64

typedef struct graph_team graph_team;

/* The caller is thread 0; threads - 1 more are started and wait for work. */
graph_team *graph_team_make(unsigned threads);
void graph_team_free(graph_team *team);
unsigned graph_team_threads(const graph_team *team);

/* Work on [from, to); `thread` is below graph_team_threads. */
typedef void (*graph_team_fn)(void *ctx, unsigned thread, uint64_t from, uint64_t to);
/*
 * Shares [0, n) in pieces of `piece`, whoever is free takes the next one, and returns when all are
 * done. What threads wrote is visible to the caller then. After Ctrl-C pieces are left out: the run
 * that they belong to is dropped.
 */
void graph_team_share(graph_team *team, uint64_t n, uint64_t piece, graph_team_fn work, void *ctx);

#endif
