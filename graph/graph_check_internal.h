/* SPDX-License-Identifier: MIT */
/* Between graph_check.c, which checks records one by one, and graph_check_edges.c, which checks
 * segments and the delta and whether both directions say the same. */
#ifndef TRIVET_GRAPH_CHECK_INTERNAL_H
#define TRIVET_GRAPH_CHECK_INTERNAL_H

#include "segment_internal.h"
#include "traversal_internal.h"

typedef struct tvi_graph_check {
  tv_graph *graph;
  int (*report)(void *ctx, const char *sentence); /* may be NULL */
  void *ctx;
  uint64_t problems;
  uint64_t node_ids, edge_ids; /* every id is below */
  uint32_t types;
  tvi_node_set nodes; /* those that exist */
  uint64_t edges[2];  /* seen by direction: out, in */
  uint64_t digest[2]; /* a sum over them, whatever their order */
} tvi_graph_check;

/* A problem. TV_OK; TV_STOP when the report ended the check. */
int tvi_check_say(tvi_graph_check *check, const char *format, ...) TVI_PRINTF(2, 3);
/* Passes a status on; of TV_ECORRUPT it makes a problem, in the transaction's words. */
int tvi_check_status(tvi_graph_check *check, int status);
/* Segments and the delta of both directions. */
int tvi_check_edges(tvi_graph_check *check);

#endif
