/* SPDX-License-Identifier: MIT */
/*
 * Running a traversal: stages are asked for a batch from the last one backwards and given it
 * forwards, in a loop, so that depth of the stack does not depend on the steps, and a stage works
 * only when the one behind it has nothing left. Rejected: pushing whole frontiers from the start to
 * the end; a limit could then only throw rows away.
 */
#include <inttypes.h>

#include "pipeline_internal.h"

#define PIPE_WANT_FIRST 32
#define PIPE_WANT_MAX 1024

/* No row behind this stage is wanted any more, so none of those before it is. */
static void pipe_end_stages(tv_traversal *t, const tvi_pipe_stage *last) {
  size_t i = 0;
  do t->stages[i]->ended = 1;
  while (t->stages[i++] != last);
}

int tvi_pipe_give(tv_traversal *t, tvi_pipe_stage *stage, tvi_pipe_row *row) {
  int wanted, status;
  if (TVI_LIKELY(stage->chain.n == 0)) return tvi_pipe_push(t, &stage->out, row);
  wanted = tvi_pipe_filter_row(t, &stage->chain, row);
  if (wanted < 0 || wanted == TV_STOP) return wanted;
  if ((wanted & TVI_PIPE_KEEP) != 0) {
    status = tvi_pipe_push(t, &stage->out, row);
    if (status != TV_OK) return status;
  } else {
    tvi_pipe_trail_release(t, row->trail);
  }
  if ((wanted & TVI_PIPE_LAST) == 0) return TV_OK;
  pipe_end_stages(t, stage);
  return TV_END;
}

/* ---- Starts ---- */

static int start_give(tv_traversal *t, tvi_pipe_stage *stage, tv_node node) {
  tvi_pipe_row row = {.node = node, .from = TV_NODE_NONE, .trail = TVI_PIPE_TRAIL_NONE};
  int status = t->keep_trails ? tvi_pipe_trail(t, &row, TVI_PIPE_TRAIL_NONE) : TV_OK;
  return status == TV_OK ? tvi_pipe_give(t, stage, &row) : status;
}

/* TV_OK: it exists, TV_NOTFOUND (no message): it does not. */
static int start_find(tv_traversal *t, tv_node node) {
  unsigned char key[TVI_NODE_KEY_BYTES];
  tv_store *nodes;
  tv_slice value;
  int status;
  if (node >= TV_NODES_MAX || tvi_node_gone(t->graph, node)) return TV_NOTFOUND;
  tvi_store_be40(key, node);
  status = tvi_graph_store(t->graph, TVI_GRAPH_NODES, &nodes);
  return status == TV_OK ? tv_store_get(nodes, tv_bytes(key, sizeof key), &value) : status;
}

/* The next node of a list, an array of keys or an index. TV_END. */
static int start_next(tv_traversal *t, tvi_pipe_stage *stage, tv_node *node) {
  size_t at = stage->at;
  if (stage->kind == TVI_PIPE_FROM_INDEX) return tv_index_cursor_next(stage->cursor, node);
  if (at == stage->count) return TV_END;
  if (stage->kind == TVI_PIPE_FROM_NODES) {
    *node = stage->nodes[stage->at++];
    return start_find(t, *node);
  }
  stage->at += 2 + (size_t)tvi_load_le16(stage->keys + at);
  return tv_graph_node_find(t->graph, tv_bytes(stage->keys + at + 2, stage->at - at - 2), node);
}

typedef struct start_walk {
  tv_traversal *t;
  tvi_pipe_stage *stage;
  int status;
} start_walk;

static int start_visit(void *ctx, tv_node node) {
  start_walk *walk = ctx;
  walk->stage->label_next = node + 1;
  walk->status = tvi_limits_poll(&walk->t->limits);
  if (walk->status == TV_OK) walk->status = start_give(walk->t, walk->stage, node);
  return walk->status != TV_OK || walk->stage->out.n >= walk->stage->want;
}

static int start_label(tv_traversal *t, tvi_pipe_stage *stage) {
  start_walk walk = {t, stage, TV_OK};
  int status = tv_graph_nodes_from(t->graph, stage->label, stage->label_next, start_visit, &walk);
  if (status == TV_OK) return TV_END;
  return status == TV_STOP ? walk.status : status;
}

int tvi_pipe_start(tv_traversal *t, tvi_pipe_stage *stage) {
  tv_node node = 0;
  int status = TV_OK;
  if (stage->kind == TVI_PIPE_FROM_LABEL) status = start_label(t, stage);
  while (stage->kind != TVI_PIPE_FROM_LABEL && status == TV_OK && stage->out.n < stage->want) {
    status = tvi_limits_poll(&t->limits);
    if (status == TV_OK) status = start_next(t, stage, &node);
    if (status == TV_OK)
      status = start_give(t, stage, node);
    else if (status == TV_NOTFOUND)
      status = TV_OK;
  }
  if (status != TV_END) return status;
  stage->ended = 1;
  return TV_OK;
}

/* ---- The loop ---- */

static int expand_give(tv_traversal *t, void *ctx, tvi_pipe_row *row) {
  return tvi_pipe_give(t, ctx, row);
}

static int pipe_expand_stage(tv_traversal *t, tvi_pipe_stage *stage, tvi_pipe_stage *before) {
  tvi_pipe_batch *from = &before->out;
  int status = TV_OK, straight;
  if (from->at == from->n) {
    stage->ended = before->ended;
    return before->ended ? TV_OK : TV_NOTFOUND;
  }
  if (from->at == 0 && !stage->place.within) status = tvi_pipe_sort(t, from);
  straight = stage->chain.n == 0 && !t->keep_trails;
  if (status == TV_OK)
    status = tvi_pipe_expand(t, stage->hops[0], from, &stage->place, stage->want,
                             straight ? NULL : expand_give,
                             straight ? (void *)&stage->out : (void *)stage);
  return status == TV_END ? TV_OK : status;
}

static int pipe_produce(tv_traversal *t, size_t at) {
  tvi_pipe_stage *stage = t->stages[at];
  tvi_pipe_batch_reset(&stage->out);
  if (stage->want == 0)
    stage->want = PIPE_WANT_FIRST;
  else if (stage->want < PIPE_WANT_MAX)
    stage->want *= 2;
  if (at == 0) return tvi_pipe_start(t, stage);
  if (stage->kind == TVI_PIPE_EXPAND) return pipe_expand_stage(t, stage, t->stages[at - 1]);
  return tvi_pipe_repeat(t, stage, t->stages[at - 1]);
}

/* Fills the last stage's buffer. TV_OK, TV_END, or what ends the traversal. */
static int traversal_advance(tv_traversal *t) {
  size_t last = t->stage_count - 1, at = last;
  for (;;) {
    tvi_pipe_stage *stage = t->stages[at];
    int status = TV_OK;
    if (!stage->ended) {
      status = pipe_produce(t, at);
      if (status == TV_NOTFOUND && at > 0) {
        at--;
        continue;
      }
      if (status != TV_OK) return status;
      if (stage->out.n == 0 && !stage->ended) continue; /* nothing of it was kept */
    }
    if (at < last)
      at++;
    else
      return stage->out.at < stage->out.n ? TV_OK : TV_END;
  }
}

static int pipe_begin(tv_traversal *t) {
  tvi_pipe_stage *last = t->stage_count == 0 ? NULL : t->stages[t->stage_count - 1];
  tv_limits limits = {0, t->given.deadline_ms, t->given.cancel, t->given.interrupted, t->given.ctx};
  if (last == NULL)
    return tvi_txn_fail(t->graph->txn, TV_EMISUSE, 0, "a traversal without a start has no rows");
  if (last->kind == TVI_PIPE_REPEAT && !last->closed)
    return tvi_txn_fail(t->graph->txn, TV_EMISUSE, 0, "a repeat of the traversal has no end");
  t->begun = 1;
  return tvi_limits_begin(&t->limits, t->graph, &limits);
}

/* Sees to it that the last stage's buffer has a row. */
static int pipe_ready(tv_traversal *t) {
  tvi_pipe_batch *out;
  int status = t->status;
  if (status != TV_OK) return status;
  status = tvi_graph_enter(t->graph);
  if (status == TV_OK && (t->graph->epoch != t->epoch || t->graph->writes != t->writes))
    status = tvi_txn_fail(t->graph->txn, TV_EMISUSE, 0,
                          "the graph changed while a traversal of it was read");
  if (status == TV_OK && !t->begun) status = pipe_begin(t);
  if (status != TV_OK) return tvi_pipe_built(t, status);
  out = &t->stages[t->stage_count - 1]->out;
  if (out->at < out->n) return TV_OK;
  t->graph->traversals++;
  status = traversal_advance(t);
  t->graph->traversals--;
  return tvi_pipe_built(t, status);
}

static int pipe_rows_full(tv_traversal *t) {
  return tvi_pipe_built(
      t, tvi_txn_fail(t->graph->txn, TV_ELIMIT, 0, "the traversal has more than %" PRIu64 " rows",
                      t->given.rows_max));
}

int tv_traversal_next(tv_traversal *t, tv_row *row) {
  tvi_pipe_batch *out;
  int status = pipe_ready(t);
  if (status != TV_OK) return status;
  if (t->delivered == t->given.rows_max) return pipe_rows_full(t);
  t->delivered++;
  out = &t->stages[t->stage_count - 1]->out;
  status = tvi_pipe_show(t, &out->rows[out->at], row);
  tvi_pipe_release(t, &out->rows[out->at++]);
  return tvi_pipe_built(t, status);
}

int tv_traversal_count(tv_traversal *t, uint64_t *count) {
  int status;
  *count = 0;
  while ((status = pipe_ready(t)) == TV_OK) {
    tvi_pipe_batch *out = &t->stages[t->stage_count - 1]->out;
    uint64_t n = out->n - out->at;
    if (n > t->given.rows_max - t->delivered) return pipe_rows_full(t);
    t->delivered += n;
    *count += n;
    for (; t->keep_trails && out->at < out->n; out->at++)
      tvi_pipe_trail_release(t, out->rows[out->at].trail);
    t->live -= n;
    out->at = out->n;
  }
  return status == TV_END ? TV_OK : status;
}
