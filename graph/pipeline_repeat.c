/* SPDX-License-Identifier: MIT */
/*
 * Repeats. WALK, TRAIL and ACYCLIC keep a batch of rows for each hop done, and always expand the
 * deepest one: what is held is a batch for each hop, whatever the number of walks. REACH is a
 * breadth-first search: whole frontiers, sorted, and a bitmap of nodes reached. Rejected: whole
 * frontiers for walks too; their number grows with the power of the rounds, and a limit that
 * wants ten of them would wait for all.
 */
#include "pipeline_internal.h"

/* Where rows made by an expansion go. */
typedef struct repeat_target {
  tvi_pipe_stage *stage;
  size_t hops;           /* done by them */
  tvi_pipe_batch *batch; /* where those that go on are kept */
} repeat_target;

/* Whether the row's last node or edge is in the part of its path that this repeat made. */
static int repeat_recurs(const tv_traversal *t, const tvi_pipe_stage *stage,
                         const tvi_pipe_row *row, size_t hops) {
  uint32_t at = t->trails[row->trail].parent;
  size_t i;
  for (i = 1; i <= hops; i++) {
    const tvi_pipe_step *entry = &t->trails[at];
    if (stage->mode == TV_REPEAT_ACYCLIC && entry->node == row->node) return 1;
    if (stage->mode == TV_REPEAT_TRAIL && i < hops && entry->edge == row->edge) return 1;
    at = entry->parent;
  }
  return 0;
}

/* Adds the row's node to those reached. 1: it is new; 0, or a failure. */
static int repeat_reach(tv_traversal *t, tvi_pipe_stage *stage, const tvi_pipe_row *row) {
  int added = tvi_node_set_add(&stage->seen, row->node);
  if (added == TV_ECORRUPT) return tvi_graph_corrupt(t->graph, "the adjacency of node", row->from);
  return added == TV_ENOMEM ? tvi_pipe_no_memory(t) : added;
}

/* Gives a copy of a row that is kept too. */
static int repeat_give_copy(tv_traversal *t, tvi_pipe_stage *stage, const tvi_pipe_row *row) {
  tvi_pipe_row copy = *row;
  tvi_pipe_trail_hold(t, copy.trail);
  return tvi_pipe_give(t, stage, &copy);
}

/* A row that an expansion made: condition, mode, round. */
static int repeat_take(tv_traversal *t, void *ctx, tvi_pipe_row *row) {
  const repeat_target *target = ctx;
  tvi_pipe_stage *stage = target->stage;
  tvi_pipe_hop *hop = stage->hops[(target->hops - 1) % stage->hop_count];
  int whole = target->hops % stage->hop_count == 0, wanted = TVI_PIPE_KEEP, status;
  uint64_t round = target->hops / stage->hop_count;
  if (hop->chain.n != 0) wanted = tvi_pipe_filter_row(t, &hop->chain, row);
  if (wanted < 0 || wanted == TV_STOP) return wanted;
  if (wanted && (stage->mode == TV_REPEAT_TRAIL || stage->mode == TV_REPEAT_ACYCLIC))
    wanted = !repeat_recurs(t, stage, row, target->hops);
  if (wanted && whole && stage->mode == TV_REPEAT_REACH) wanted = repeat_reach(t, stage, row);
  if (wanted < 0) return wanted;
  if (!wanted) {
    tvi_pipe_trail_release(t, row->trail);
    return TV_OK;
  }
  if (whole && round == stage->max) return tvi_pipe_give(t, stage, row);
  status = tvi_pipe_push(t, target->batch, row);
  if (status == TV_OK && whole && round >= stage->min) status = repeat_give_copy(t, stage, row);
  return status;
}

/* ---- WALK, TRAIL, ACYCLIC ---- */

static int repeat_level_add(tv_traversal *t, tvi_pipe_stage *stage) {
  tvi_pipe_level **levels;
  size_t count = stage->level_count;
  if ((count & (count - 1)) == 0) { /* room for twice as many */
    levels = tvi_realloc(stage->levels, (count == 0 ? 1 : 2 * count) * sizeof *levels);
    if (levels == NULL) return tvi_pipe_no_memory(t);
    stage->levels = levels;
  }
  stage->levels[count] = tvi_zalloc(sizeof *stage->levels[count]);
  if (stage->levels[count] == NULL) return tvi_pipe_no_memory(t);
  stage->level_count++;
  return TV_OK;
}

/* Takes the rows of the stage before as level 0. */
static int repeat_enter(tv_traversal *t, tvi_pipe_stage *stage, tvi_pipe_stage *before) {
  tvi_pipe_batch *batch, swap;
  size_t i;
  int status = stage->level_count == 0 ? repeat_level_add(t, stage) : TV_OK;
  if (status != TV_OK) return status;
  batch = &stage->levels[0]->batch;
  swap = *batch;
  *batch = before->out;
  before->out = swap;
  tvi_pipe_batch_reset(&before->out);
  status = tvi_pipe_sort(t, batch);
  for (i = batch->at; i < batch->n && status == TV_OK && stage->min == 0; i++)
    status = repeat_give_copy(t, stage, &batch->rows[i]);
  return status;
}

static int repeat_levels(tv_traversal *t, tvi_pipe_stage *stage, tvi_pipe_stage *before) {
  int status = TV_OK;
  while (status == TV_OK && stage->out.n < stage->want) {
    tvi_pipe_level *level = stage->level_count == 0 ? NULL : stage->levels[stage->level_top];
    repeat_target target = {stage, stage->level_top + 1, NULL};
    if (level == NULL || level->batch.at == level->batch.n) {
      if (level != NULL) tvi_pipe_batch_reset(&level->batch);
      if (stage->level_top > 0) {
        stage->level_top--;
        continue;
      }
      if (before->out.at == before->out.n) return before->ended ? TV_END : TV_NOTFOUND;
      status = repeat_enter(t, stage, before);
      continue;
    }
    if (target.hops == stage->level_count) status = repeat_level_add(t, stage);
    if (status != TV_OK) break;
    target.batch = &stage->levels[target.hops]->batch;
    status = tvi_pipe_expand(t, stage->hops[stage->level_top % stage->hop_count], &level->batch,
                             &level->place, stage->want, repeat_take, &target);
    if (status != TV_OK || target.batch->n == 0) continue;
    stage->level_top++;
    status = tvi_pipe_sort(t, target.batch);
  }
  return status;
}

/* ---- REACH ---- */

/* Takes rows of the stage before as starts of the search. */
static int repeat_starts(tv_traversal *t, tvi_pipe_stage *stage, tvi_pipe_stage *before) {
  int status = TV_OK;
  while (status == TV_OK && before->out.at < before->out.n) {
    tvi_pipe_row *row = &before->out.rows[before->out.at++];
    int added = repeat_reach(t, stage, row);
    if (added < 0) return added;
    t->live--; /* it moves, or goes */
    if (!added) {
      tvi_pipe_trail_release(t, row->trail);
      continue;
    }
    status = tvi_pipe_push(t, &stage->now, row);
    if (status == TV_OK && stage->min == 0) status = repeat_give_copy(t, stage, row);
  }
  if (status != TV_OK || !before->ended) return status == TV_OK ? TV_NOTFOUND : status;
  stage->searching = 1;
  return tvi_pipe_sort(t, &stage->now);
}

static int repeat_search(tv_traversal *t, tvi_pipe_stage *stage, tvi_pipe_stage *before) {
  int status = stage->searching ? TV_OK : repeat_starts(t, stage, before);
  while (status == TV_OK && stage->out.n < stage->want) {
    repeat_target target = {stage, stage->hop_number + 1, &stage->next};
    if (stage->now.at == stage->now.n) {
      tvi_pipe_batch swap = stage->now;
      stage->now = stage->next;
      stage->next = swap;
      tvi_pipe_batch_reset(&stage->next);
      if (stage->now.n == 0) return TV_END;
      stage->hop_number++;
      status = tvi_pipe_sort(t, &stage->now);
      continue;
    }
    status = tvi_pipe_expand(t, stage->hops[stage->hop_number % stage->hop_count], &stage->now,
                             &stage->place, stage->want, repeat_take, &target);
  }
  return status;
}

int tvi_pipe_repeat(tv_traversal *t, tvi_pipe_stage *stage, tvi_pipe_stage *before) {
  int status = stage->mode == TV_REPEAT_REACH ? repeat_search(t, stage, before)
                                              : repeat_levels(t, stage, before);
  if (status == TV_END) {
    stage->ended = 1;
    return TV_OK;
  }
  return status == TV_NOTFOUND && stage->out.n != 0 ? TV_OK : status;
}
