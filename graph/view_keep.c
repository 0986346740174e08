/* SPDX-License-Identifier: MIT */
/*
 * Views that a read transaction keeps from one algorithm to the next. Laying a delta of 1 % over
 * the segments takes as long as a breadth-first search, and within a snapshot it gives the same
 * each time. Kept are only views with a delta (others cost next to nothing to open), of all types,
 * one for each direction; in a write transaction the next write may move what they point at.
 * Rejected: keeping them in the database for all transactions of a snapshot, which needs a lock and
 * an owner.
 */
#include "view_internal.h"

struct tvi_kept_views {
  tvi_view view[2]; /* by direction; pieces_at NULL: none */
  tv_txn *hooked;   /* whose end is told of; NULL: none's */
};

static tvi_view *keep_place(tv_graph *graph, int direction) {
  return graph->kept == NULL ? NULL : &graph->kept->view[direction == TV_IN];
}

static void keep_drop(tv_graph *graph) {
  if (graph->kept == NULL) return;
  tvi_view_close(&graph->kept->view[0]);
  tvi_view_close(&graph->kept->view[1]);
}

static void keep_end(void *ctx, tv_txn *txn, int committed) {
  tv_graph *graph = ctx;
  (void)txn;
  (void)committed;
  keep_drop(graph);
  tvi_free(graph->kept);
  graph->kept = NULL;
}

void tvi_views_forget(tv_graph *graph) {
  if (graph->kept == NULL) return;
  if (graph->kept->hooked != NULL) tvi_txn_forget_on_end(graph->kept->hooked, keep_end, graph);
  keep_end(graph, NULL, 0);
}

int tvi_view_take(tvi_view *view, tv_graph *graph, int direction, const tvi_type_set *types,
                  uint32_t weight, int *damaged) {
  tvi_view *kept = keep_place(graph, direction);
  if (kept == NULL || kept->pieces_at == NULL || types->n != 0 || kept->weight != weight)
    return tvi_view_open(view, graph, direction, types, weight, damaged);
  *view = *kept;
  view->damaged = damaged;
  *kept = (tvi_view){0};
  return TV_OK;
}

/* Memory for kept views, and the hook that frees it. 0: there is none. */
static int keep_begin(tv_graph *graph) {
  if (graph->kept != NULL) return 1;
  graph->kept = tvi_zalloc(sizeof *graph->kept);
  if (graph->kept == NULL) return 0;
  if (tvi_txn_on_end(graph->txn, keep_end, graph) == TV_OK) {
    graph->kept->hooked = graph->txn;
    return 1;
  }
  tvi_free(graph->kept);
  graph->kept = NULL;
  return 0;
}

void tvi_view_give(tvi_view *view, int direction, const tvi_type_set *types) {
  tv_graph *graph = view->graph;
  tvi_view *kept;
  if (view->pieces_at == NULL || types->n != 0 || *view->damaged || tv_txn_is_write(graph->txn) ||
      !keep_begin(graph)) {
    tvi_view_close(view);
    return;
  }
  kept = keep_place(graph, direction);
  tvi_view_close(kept);
  *kept = *view;
  *view = (tvi_view){0};
}
