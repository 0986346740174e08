/* SPDX-License-Identifier: MIT */
/*
 * Putting traversals together: the handle, its stages in order, and taking them apart. A failure
 * while building stays, so that a program need not look at each call. Rejected: a text that is
 * parsed; a program in C has no use for it, and SQL is there for people.
 */
#include <string.h>

#include "pipeline_internal.h"

int tvi_pipe_built(tv_traversal *t, int status) {
  if (status != TV_OK) t->status = status;
  return status;
}

int tvi_pipe_build(tv_traversal *t) {
  int status = t->status;
  if (status != TV_OK) return status;
  status = tvi_graph_enter(t->graph);
  if (status == TV_OK && t->begun)
    status = tvi_txn_fail(t->graph->txn, TV_EMISUSE, 0, "a traversal that is read gets no steps");
  return status == TV_OK ? TV_OK : tvi_pipe_built(t, status);
}

int tv_traversal_open(tv_graph *graph, unsigned flags, tv_traversal **out) {
  tv_traversal *t;
  int status = tvi_graph_enter(graph);
  *out = NULL;
  if (status != TV_OK) return status;
  if ((flags & ~(unsigned)TV_TRAVERSE_PATHS) != 0)
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "flags %u of a traversal are unknown", flags);
  t = tvi_zalloc(sizeof *t);
  if (t == NULL) return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for a traversal");
  t->graph = graph;
  t->epoch = graph->epoch;
  t->writes = graph->writes;
  t->flags = flags;
  t->keep_trails = (flags & TV_TRAVERSE_PATHS) != 0;
  t->trail_free = TVI_PIPE_TRAIL_NONE;
  t->given.rows_max = t->given.frontier_max = UINT64_MAX;
  t->given.depth_max = UINT32_MAX;
  *out = t;
  return TV_OK;
}

static void pipe_stage_free(tvi_pipe_stage *stage) {
  size_t i;
  tvi_pipe_batch_free(&stage->out);
  tvi_pipe_batch_free(&stage->now);
  tvi_pipe_batch_free(&stage->next);
  tvi_pipe_chain_free(&stage->chain);
  tvi_free(stage->nodes);
  tvi_free(stage->keys);
  tvi_free(stage->label);
  tv_index_cursor_close(stage->cursor);
  for (i = 0; i < stage->hop_count; i++) tvi_pipe_hop_free(stage->hops[i]);
  tvi_free(stage->hops);
  for (i = 0; i < stage->level_count; i++) {
    tvi_pipe_batch_free(&stage->levels[i]->batch);
    tvi_free(stage->levels[i]);
  }
  tvi_free(stage->levels);
  tvi_node_set_close(&stage->seen);
  tvi_free(stage);
}

void tv_traversal_close(tv_traversal *t) {
  size_t i;
  if (t == NULL) return;
  for (i = 0; i < t->stage_count; i++) pipe_stage_free(t->stages[i]);
  if (t->nodes != NULL) tv_cursor_close(t->nodes);
  tvi_free(t->trails);
  tvi_buffer_free(&t->path_nodes);
  tvi_buffer_free(&t->path_edges);
  tvi_free(t);
}

int tv_traversal_limit_to(tv_traversal *t, const tv_traversal_limits *limits) {
  static const tv_traversal_limits none = {0, 0, 0, 0, NULL, NULL, NULL};
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  t->given = limits == NULL ? none : *limits;
  if (t->given.rows_max == 0) t->given.rows_max = UINT64_MAX;
  if (t->given.frontier_max == 0) t->given.frontier_max = UINT64_MAX;
  if (t->given.depth_max == 0) t->given.depth_max = UINT32_MAX;
  return TV_OK;
}

/* ---- Stages ---- */

tvi_pipe_stage *tvi_pipe_stage_add(tv_traversal *t, int kind) {
  tvi_pipe_stage *last = t->stage_count == 0 ? NULL : t->stages[t->stage_count - 1];
  tvi_pipe_stage *stage;
  const char *problem = NULL;
  if (last == NULL && kind >= TVI_PIPE_EXPAND)
    problem = "a traversal begins with nodes, not with an expansion";
  else if (last != NULL && kind < TVI_PIPE_EXPAND)
    problem = "only the first step of a traversal is a start";
  else if (last != NULL && last->kind == TVI_PIPE_REPEAT && !last->closed)
    problem = "there is no repeat within a repeat";
  if (problem != NULL) {
    (void)tvi_pipe_built(t, tvi_txn_fail(t->graph->txn, TV_EINVAL, 0, "%s", problem));
    return NULL;
  }
  if (t->stage_count == TV_TRAVERSAL_STEPS_MAX) {
    (void)tvi_pipe_built(
        t, tvi_txn_fail(t->graph->txn, TV_ELIMIT, 0, "a traversal has no more than %d steps",
                        TV_TRAVERSAL_STEPS_MAX));
    return NULL;
  }
  stage = tvi_zalloc(sizeof *stage);
  if (stage == NULL) {
    (void)tvi_pipe_built(t, tvi_pipe_no_memory(t));
    return NULL;
  }
  stage->kind = kind;
  t->stages[t->stage_count++] = stage;
  return stage;
}

int tv_traversal_nodes(tv_traversal *t, size_t n, const tv_node *nodes) {
  tvi_pipe_stage *stage;
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  if (n != 0 && nodes == NULL)
    return tvi_pipe_built(
        t, tvi_txn_fail(t->graph->txn, TV_EINVAL, 0, "%zu nodes are announced, none given", n));
  stage = tvi_pipe_stage_add(t, TVI_PIPE_FROM_NODES);
  if (stage == NULL) return t->status;
  stage->nodes = tvi_alloc((n + 1) * sizeof *nodes);
  if (stage->nodes == NULL) return tvi_pipe_built(t, tvi_pipe_no_memory(t));
  if (n != 0) memcpy(stage->nodes, nodes, n * sizeof *nodes);
  stage->count = n;
  return TV_OK;
}

int tv_traversal_keys(tv_traversal *t, size_t n, const tv_slice *keys) {
  tvi_pipe_stage *stage;
  size_t i, bytes = 1, at = 0;
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  for (i = 0; i < n; i++) {
    if (keys == NULL || keys[i].data == NULL || keys[i].size == 0 ||
        keys[i].size > TV_KEY_BYTES_MAX)
      return tvi_pipe_built(t, tvi_txn_fail(t->graph->txn, TV_EKEYSIZE, 0,
                                            "a node's key has 1 to %d bytes", TV_KEY_BYTES_MAX));
    bytes += 2 + keys[i].size;
  }
  stage = tvi_pipe_stage_add(t, TVI_PIPE_FROM_KEYS);
  if (stage == NULL) return t->status;
  stage->keys = tvi_alloc(bytes);
  if (stage->keys == NULL) return tvi_pipe_built(t, tvi_pipe_no_memory(t));
  for (i = 0; i < n; i++) {
    tvi_store_le16(stage->keys + at, (uint16_t)keys[i].size);
    memcpy(stage->keys + at + 2, keys[i].data, keys[i].size);
    at += 2 + keys[i].size;
  }
  stage->count = at;
  return TV_OK;
}

int tv_traversal_label(tv_traversal *t, const char *label) {
  tvi_pipe_stage *stage;
  uint32_t number;
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  if (label != NULL) status = tvi_name_find(t->graph, TVI_NAME_LABEL, label, &number);
  if (status == TV_NOTFOUND) status = tvi_name_unknown(t->graph, TVI_NAME_LABEL, label);
  if (status != TV_OK) return tvi_pipe_built(t, status);
  stage = tvi_pipe_stage_add(t, TVI_PIPE_FROM_LABEL);
  if (stage == NULL || label == NULL) return t->status;
  stage->label = tvi_alloc(strlen(label) + 1);
  if (stage->label == NULL) return tvi_pipe_built(t, tvi_pipe_no_memory(t));
  memcpy(stage->label, label, strlen(label) + 1);
  return TV_OK;
}

int tv_traversal_index(tv_traversal *t, const tv_index *index, const tv_index_range *range) {
  tvi_pipe_stage *stage;
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  if (index == NULL || index->kind != TV_INDEX_NODES)
    return tvi_pipe_built(
        t, tvi_txn_fail(t->graph->txn, TV_EINVAL, 0, "a traversal begins with an index of nodes"));
  stage = tvi_pipe_stage_add(t, TVI_PIPE_FROM_INDEX);
  if (stage == NULL) return t->status;
  status = tv_index_cursor_open(t->graph, index, range, &stage->cursor);
  if (status == TV_NOTFOUND)
    (void)tvi_txn_fail(t->graph->txn, TV_NOTFOUND, 0, "there is no such index");
  return tvi_pipe_built(t, status);
}

/* ---- Expansions and repeats ---- */

static int pipe_hop_add(tv_traversal *t, tvi_pipe_stage *stage, int direction, tv_types types) {
  tvi_pipe_hop **hops = tvi_realloc(stage->hops, (stage->hop_count + 1) * sizeof *hops);
  tvi_pipe_hop *hop;
  int status;
  if (hops == NULL) return tvi_pipe_no_memory(t);
  stage->hops = hops;
  hop = tvi_alloc(sizeof *hop);
  if (hop == NULL) return tvi_pipe_no_memory(t);
  /* The readers, some kilobytes, are made when they are first needed. */
  hop->direction = direction;
  hop->types = (tvi_type_set){0};
  hop->open = 0;
  hop->owner = NULL;
  hop->run = (tvi_adj_run){0};
  hop->run_at = 0;
  hop->chain = (tvi_pipe_chain){0};
  hops[stage->hop_count++] = hop;
  status = tvi_type_set_open(t->graph, types, &hop->types);
  return status;
}

int tv_traversal_expand(tv_traversal *t, int direction, tv_types types) {
  tvi_pipe_stage *stage;
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  if (direction != TV_OUT && direction != TV_IN && direction != TV_BOTH)
    return tvi_pipe_built(
        t, tvi_txn_fail(t->graph->txn, TV_EINVAL, 0, "%d is no direction of edges", direction));
  stage = t->stage_count == 0 ? NULL : t->stages[t->stage_count - 1];
  if (stage == NULL || stage->kind != TVI_PIPE_REPEAT || stage->closed)
    stage = tvi_pipe_stage_add(t, TVI_PIPE_EXPAND);
  if (stage == NULL) return t->status;
  if (stage->hop_count == TV_TRAVERSAL_STEPS_MAX)
    return tvi_pipe_built(
        t, tvi_txn_fail(t->graph->txn, TV_ELIMIT, 0, "a repeat has no more than %d steps",
                        TV_TRAVERSAL_STEPS_MAX));
  return tvi_pipe_built(t, pipe_hop_add(t, stage, direction, types));
}

int tv_traversal_repeat(tv_traversal *t, uint32_t min, uint32_t max, int mode) {
  tvi_pipe_stage *stage;
  uint64_t ids = 0;
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  if (min > max || max == 0 || mode < TV_REPEAT_WALK || mode > TV_REPEAT_REACH)
    return tvi_pipe_built(t, tvi_txn_fail(t->graph->txn, TV_EINVAL, 0,
                                          "a repeat of %u to %u rounds in mode %d cannot be",
                                          (unsigned)min, (unsigned)max, mode));
  if (mode == TV_REPEAT_REACH) status = tvi_node_ids(t->graph, &ids);
  if (status != TV_OK) return tvi_pipe_built(t, status);
  stage = tvi_pipe_stage_add(t, TVI_PIPE_REPEAT);
  if (stage == NULL) return t->status;
  stage->min = min;
  stage->max = max;
  stage->mode = mode;
  if (mode == TV_REPEAT_TRAIL || mode == TV_REPEAT_ACYCLIC) t->keep_trails = 1;
  if (mode == TV_REPEAT_REACH && tvi_node_set_open(&stage->seen, ids) != TV_OK)
    return tvi_pipe_built(t, tvi_pipe_no_memory(t));
  return TV_OK;
}

int tv_traversal_repeat_end(tv_traversal *t) {
  tvi_pipe_stage *stage;
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  stage = t->stage_count == 0 ? NULL : t->stages[t->stage_count - 1];
  if (stage == NULL || stage->kind != TVI_PIPE_REPEAT || stage->closed || stage->hop_count == 0)
    return tvi_pipe_built(t, tvi_txn_fail(t->graph->txn, TV_EINVAL, 0,
                                          "there is no repeat with an expansion to end"));
  stage->closed = 1;
  return TV_OK;
}
