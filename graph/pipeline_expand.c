/* SPDX-License-Identifier: MIT */
/*
 * One hop: from the rows of a batch along their edges, so many at a time. A hop can stop in the
 * middle of a node's edges and go on later, also when its readers served another batch meanwhile:
 * it then seeks the edge it took last. So a node with a million edges never needs a million rows.
 * Rejected: readers for each batch, which a repeat of a thousand rounds would need by the thousand.
 */
#include "pipeline_internal.h"

void tvi_pipe_hop_free(tvi_pipe_hop *hop) {
  if (hop->open) tvi_adj_pair_close(&hop->pair);
  tvi_type_set_close(&hop->types);
  tvi_pipe_chain_free(&hop->chain);
  tvi_free(hop);
}

/* Lets the readers stand where a batch's place is. */
static void hop_stand(tvi_pipe_hop *hop, const tvi_pipe_place *place, tv_node node) {
  tvi_adj_reader *reader = &hop->pair.readers[place->reader];
  hop->owner = place;
  hop->run.n = hop->run_at = 0;
  if (place->any_taken)
    tvi_adj_seek_after(reader, node, &place->last);
  else
    tvi_adj_seek(reader, node);
}

/* Notes the edge taken last, for when the readers stand elsewhere. */
static void hop_note(const tvi_pipe_hop *hop, tvi_pipe_place *place) {
  if (hop->run_at == 0) return;
  place->last = tvi_adj_ref(&hop->run, hop->run_at - 1, hop->pair.readers[place->reader].direction);
  place->any_taken = 1;
}

/* The next run of edges at a row. TV_END: it has no more. */
static int hop_next_run(tv_traversal *t, tvi_pipe_hop *hop, tvi_pipe_place *place,
                        const tvi_pipe_row *row) {
  int status = tvi_limits_poll(&t->limits);
  hop_note(hop, place);
  while (status == TV_OK) {
    hop->run.n = hop->run_at = 0;
    status = tvi_adj_next(&hop->pair.readers[place->reader], &hop->run);
    if (status != TV_END) break;
    hop->run.n = 0;
    if (++place->reader == hop->pair.n) return TV_END;
    place->any_taken = 0;
    hop_stand(hop, place, row->node);
    status = TV_OK;
  }
  if (status == TV_OK && TVI_UNLIKELY(row->depth >= t->given.depth_max))
    return tvi_txn_fail(t->graph->txn, TV_ELIMIT, 0, "the traversal goes deeper than %u edges",
                        (unsigned)t->given.depth_max);
  return status;
}

/* The edges of a run as rows of a batch, up to *rows of them. */
static int hop_take_straight(tv_traversal *t, tvi_pipe_hop *hop, const tvi_pipe_row *like,
                             size_t *rows, tvi_pipe_batch *batch) {
  size_t n = hop->run.n - hop->run_at, i;
  tvi_pipe_row *out;
  if (n > *rows) n = *rows;
  while (batch->capacity - batch->n < n) {
    int status = tvi_pipe_grow(t, batch);
    if (status != TV_OK) return status;
  }
  if (n > t->given.frontier_max - t->live) return tvi_pipe_frontier_full(t);
  out = batch->rows + batch->n;
  for (i = 0; i < n; i++) {
    out[i] = *like;
    out[i].node = hop->run.neighbours[hop->run_at + i];
    out[i].edge = hop->run.edges[hop->run_at + i];
  }
  batch->n += n;
  t->live += n;
  hop->run_at += n;
  *rows -= n;
  return TV_OK;
}

/* Takes edges at one row. TV_OK: *rows are used up, TV_END: the row is expanded. */
static int hop_expand_row(tv_traversal *t, tvi_pipe_hop *hop, tvi_pipe_place *place,
                          const tvi_pipe_row *row, size_t *rows, tvi_pipe_take take, void *ctx) {
  tvi_pipe_row next = {.from = row->node, .depth = row->depth + 1, .trail = TVI_PIPE_TRAIL_NONE};
  int status = TV_OK;
  for (;;) {
    if (hop->run_at == hop->run.n) {
      status = hop_next_run(t, hop, place, row);
      if (status != TV_OK) return status;
    }
    next.type = (uint16_t)hop->run.type;
    next.outward = hop->pair.readers[place->reader].direction == TV_OUT;
    if (take == NULL) {
      status = hop_take_straight(t, hop, &next, rows, ctx);
      if (status != TV_OK) return status;
      if (hop->run_at == hop->run.n) continue;
      hop_note(hop, place);
      return TV_OK;
    }
    while (hop->run_at < hop->run.n) {
      if (*rows == 0) {
        hop_note(hop, place);
        return TV_OK;
      }
      --*rows;
      next.node = hop->run.neighbours[hop->run_at];
      next.edge = hop->run.edges[hop->run_at++];
      if (t->keep_trails) {
        status = tvi_pipe_trail(t, &next, row->trail);
        if (status != TV_OK) return status;
      }
      status = take(t, ctx, &next);
      if (TVI_UNLIKELY(status != TV_OK)) return status == TV_END ? TV_NOTFOUND : status;
    }
  }
}

int tvi_pipe_expand(tv_traversal *t, tvi_pipe_hop *hop, tvi_pipe_batch *from, tvi_pipe_place *place,
                    size_t rows, tvi_pipe_take take, void *ctx) {
  int status = TV_OK;
  if (!hop->open) {
    status = tvi_adj_pair_open(&hop->pair, t->graph, hop->direction, &hop->types);
    hop->open = status == TV_OK;
  }
  while (status == TV_OK && from->at < from->n && rows > 0) {
    tvi_pipe_row *row = &from->rows[from->at];
    if (!place->within) {
      *place = (tvi_pipe_place){.within = 1};
      hop_stand(hop, place, row->node);
    } else if (hop->owner != place) {
      hop_stand(hop, place, row->node);
    }
    status = hop_expand_row(t, hop, place, row, &rows, take, ctx);
    if (status != TV_END) continue;
    status = TV_OK;
    place->within = 0;
    hop->owner = NULL;
    tvi_pipe_release(t, row);
    from->at++;
  }
  return status == TV_NOTFOUND ? TV_END : status; /* take wants no more */
}
