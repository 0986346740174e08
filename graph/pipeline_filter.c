/* SPDX-License-Identifier: MIT */
/*
 * Conditions on rows, and what cuts them: each new row goes through a chain of filters before it is
 * stored anywhere. Rejected: filters as stages with buffers of their own, which copy each row once
 * for each of them and make a limit end the traversal a batch too late.
 */
#include <string.h>

#include "pipeline_internal.h"

void tvi_pipe_chain_free(tvi_pipe_chain *chain) {
  size_t i;
  for (i = 0; i < chain->n; i++) {
    tvi_free(chain->filters[i].bytes);
    tvi_node_set_close(&chain->filters[i].seen);
  }
  tvi_free(chain->filters);
  *chain = (tvi_pipe_chain){0};
}

/* ---- Building ---- */

/* Adds a filter to whatever is last. NULL: t->status tells why not. */
static tvi_pipe_filter *pipe_filter_add(tv_traversal *t, int kind) {
  tvi_pipe_stage *stage = t->stage_count == 0 ? NULL : t->stages[t->stage_count - 1];
  tvi_pipe_chain *chain;
  tvi_pipe_filter *filters;
  int inside = stage != NULL && stage->kind == TVI_PIPE_REPEAT && !stage->closed;
  const char *problem = NULL;
  if (stage == NULL)
    problem = "a traversal begins with nodes, not with a condition";
  else if (inside && stage->hop_count == 0)
    problem = "a repeat begins with an expansion";
  else if (inside && kind >= TVI_PIPE_DEDUP)
    problem = "dedup, skip and limit are not for within a repeat";
  if (problem != NULL) {
    (void)tvi_pipe_built(t, tvi_txn_fail(t->graph->txn, TV_EINVAL, 0, "%s", problem));
    return NULL;
  }
  chain = inside ? &stage->hops[stage->hop_count - 1]->chain : &stage->chain;
  filters = tvi_realloc(chain->filters, (chain->n + 1) * sizeof *filters);
  if (filters == NULL) {
    (void)tvi_pipe_built(t, tvi_pipe_no_memory(t));
    return NULL;
  }
  chain->filters = filters;
  filters += chain->n++;
  *filters = (tvi_pipe_filter){.kind = kind};
  return filters;
}

static int where_check(tv_traversal *t, int on, const char *property, int op,
                       const tv_value *value) {
  tv_txn *txn = t->graph->txn;
  if (on != TV_ON_NODE && on != TV_ON_EDGE)
    return tvi_txn_fail(txn, TV_EINVAL, 0, "a condition is on the node or on the edge");
  if (property == NULL) return tvi_txn_fail(txn, TV_EINVAL, 0, "a condition names no property");
  if (op < TV_EQ || op > TV_PREFIX)
    return tvi_txn_fail(txn, TV_EINVAL, 0, "%d is no operator of a condition", op);
  if (op == TV_HAS || op == TV_LACKS) return TV_OK;
  if (value == NULL || tvi_order_kind(value) == 0)
    return tvi_txn_fail(txn, TV_EINVAL, 0, "a condition compares with null; TV_LACKS asks for it");
  if (op == TV_PREFIX && value->type != TV_TEXT && value->type != TV_BLOB)
    return tvi_txn_fail(txn, TV_EINVAL, 0, "only a text or blob is a prefix");
  return tvi_value_check(t->graph, property, value);
}

/* The filter's own copy of a value. */
static int where_copy(tv_traversal *t, tvi_pipe_filter *filter, const tv_value *value) {
  filter->value = *value;
  if ((value->type != TV_TEXT && value->type != TV_BLOB) || value->as.bytes.size == 0) return TV_OK;
  filter->bytes = tvi_alloc(value->as.bytes.size);
  if (filter->bytes == NULL) return tvi_pipe_no_memory(t);
  memcpy(filter->bytes, value->as.bytes.data, value->as.bytes.size);
  filter->value.as.bytes.data = filter->bytes;
  return TV_OK;
}

int tv_traversal_where(tv_traversal *t, int on, const char *property, int op,
                       const tv_value *value) {
  tvi_pipe_filter *filter;
  uint32_t number = UINT32_MAX;
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  status = where_check(t, on, property, op, value);
  if (status == TV_OK) status = tvi_name_find(t->graph, TVI_NAME_PROPERTY, property, &number);
  if (status != TV_OK && status != TV_NOTFOUND) return tvi_pipe_built(t, status);
  filter = pipe_filter_add(t, TVI_PIPE_WHERE);
  if (filter == NULL) return t->status;
  filter->on = on;
  filter->op = op;
  filter->number = status == TV_OK ? number : UINT32_MAX;
  if (op == TV_HAS || op == TV_LACKS) return TV_OK;
  return tvi_pipe_built(t, where_copy(t, filter, value));
}

int tv_traversal_has_label(tv_traversal *t, const char *label) {
  tvi_pipe_filter *filter;
  uint32_t number;
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  if (label == NULL)
    status = tvi_txn_fail(t->graph->txn, TV_EINVAL, 0, "a condition names no label");
  else
    status = tvi_name_find(t->graph, TVI_NAME_LABEL, label, &number);
  if (status == TV_NOTFOUND) status = tvi_name_unknown(t->graph, TVI_NAME_LABEL, label);
  if (status != TV_OK) return tvi_pipe_built(t, status);
  filter = pipe_filter_add(t, TVI_PIPE_LABEL);
  if (filter == NULL) return t->status;
  filter->number = number;
  return TV_OK;
}

int tv_traversal_filter(tv_traversal *t, tv_row_fn keep, void *ctx) {
  tvi_pipe_filter *filter;
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  if (keep == NULL)
    return tvi_pipe_built(t, tvi_txn_fail(t->graph->txn, TV_EINVAL, 0, "a filter has no function"));
  filter = pipe_filter_add(t, TVI_PIPE_CALL);
  if (filter == NULL) return t->status;
  filter->keep = keep;
  filter->ctx = ctx;
  return TV_OK;
}

static int pipe_filter_count(tv_traversal *t, int kind, uint64_t n) {
  tvi_pipe_filter *filter;
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  filter = pipe_filter_add(t, kind);
  if (filter == NULL) return t->status;
  filter->left = n;
  return TV_OK;
}

int tv_traversal_skip(tv_traversal *t, uint64_t n) {
  return pipe_filter_count(t, TVI_PIPE_SKIP, n);
}

int tv_traversal_limit(tv_traversal *t, uint64_t n) {
  return pipe_filter_count(t, TVI_PIPE_LIMIT, n);
}

int tv_traversal_dedup(tv_traversal *t) {
  tvi_pipe_filter *filter;
  uint64_t ids;
  int status = tvi_pipe_build(t);
  if (status != TV_OK) return status;
  status = tvi_node_ids(t->graph, &ids);
  if (status != TV_OK) return tvi_pipe_built(t, status);
  filter = pipe_filter_add(t, TVI_PIPE_DEDUP);
  if (filter == NULL) return t->status;
  if (tvi_node_set_open(&filter->seen, ids) != TV_OK)
    return tvi_pipe_built(t, tvi_pipe_no_memory(t));
  return TV_OK;
}

/* ---- Filtering ---- */

#define PIPE_STEPS_AHEAD 8 /* steps within a leaf are cheaper than a seek */

/* Moves the cursor to a node's record; some steps forward before a seek. TV_NOTFOUND, TV_END. */
static int pipe_seek_node(tv_traversal *t, tv_node node, tv_slice *value) {
  unsigned char bytes[TVI_NODE_KEY_BYTES];
  tv_node ahead = node - t->nodes_at, at = t->nodes_at;
  tv_slice key = {NULL, 0};
  int status = TV_OK;
  if (t->nodes_at != TV_NODE_NONE && ahead - 1 < PIPE_STEPS_AHEAD) {
    while (at < node && status == TV_OK) {
      status = tv_cursor_next(t->nodes, &key, value);
      if (status == TV_OK) at = key.size == sizeof bytes ? tvi_load_be40(key.data) : TV_NODE_NONE;
    }
  } else {
    tvi_store_be40(bytes, node);
    status = tv_cursor_seek(t->nodes, tv_bytes(bytes, sizeof bytes), &key, value);
    if (status == TV_OK) at = key.size == sizeof bytes ? tvi_load_be40(key.data) : TV_NODE_NONE;
  }
  t->nodes_at = status == TV_OK ? at : TV_NODE_NONE;
  return status == TV_OK && at != node ? TV_NOTFOUND : status;
}

/* Through a cursor: rows often come in the order of ids. */
static int pipe_read_node(tv_traversal *t, const tvi_pipe_row *row) {
  tv_slice value = {NULL, 0};
  tv_store *nodes;
  int status = TV_OK;
  if (t->view_known) return TV_OK;
  status = tvi_limits_poll(&t->limits);
  if (status == TV_OK && t->nodes == NULL) {
    status = tvi_graph_store(t->graph, TVI_GRAPH_NODES, &nodes);
    if (status == TV_OK) status = tv_cursor_open(nodes, &t->nodes);
    t->nodes_at = TV_NODE_NONE;
  }
  if (status == TV_OK) status = pipe_seek_node(t, row->node, &value);
  if (status == TV_NOTFOUND || status == TV_END)
    return tvi_graph_corrupt(t->graph, "the adjacency of node", row->from);
  if (status == TV_OK) status = tvi_node_decode(t->graph, row->node, value, &t->view);
  t->view_known = status == TV_OK;
  return status;
}

/* The property that a condition is on; TV_NULL when it is not there. */
static int where_value(tv_traversal *t, const tvi_pipe_filter *filter, const tvi_pipe_row *row,
                       tv_value *value) {
  tv_edge_ref ref = tvi_pipe_edge(row);
  int status;
  value->type = TV_NULL;
  if (filter->number == UINT32_MAX) return TV_OK;
  if (filter->on == TV_ON_NODE) {
    status = pipe_read_node(t, row);
    if (status != TV_OK) return status;
    status = tvi_properties_get(t->view.properties, filter->number, value);
    if (status == TV_ECORRUPT) return tvi_graph_corrupt(t->graph, "the record of node", row->node);
  } else {
    if (row->depth == 0) return TV_OK;
    status = tvi_limits_poll(&t->limits);
    if (status == TV_OK) status = tvi_edge_value(t->graph, &ref, filter->number, value);
    if (status != TV_OK && status != TV_NOTFOUND) return status;
  }
  if (status == TV_NOTFOUND) value->type = TV_NULL;
  return TV_OK;
}

static int where_prefix(const tv_value *value, const tv_value *prefix) {
  return value->type == prefix->type && value->as.bytes.size >= prefix->as.bytes.size &&
         (prefix->as.bytes.size == 0 ||
          memcmp(value->as.bytes.data, prefix->as.bytes.data, prefix->as.bytes.size) == 0);
}

static int where_holds(const tvi_pipe_filter *filter, const tv_value *value) {
  int order, same_kind;
  if (filter->op == TV_LACKS) return value->type == TV_NULL;
  if (value->type == TV_NULL) return 0;
  if (filter->op == TV_HAS) return 1;
  if (filter->op == TV_PREFIX) return where_prefix(value, &filter->value);
  same_kind = tv_value_compare(value, &filter->value, &order) == TV_OK;
  if (!same_kind) return filter->op == TV_NE;
  switch (filter->op) {
    case TV_EQ:
      return order == 0;
    case TV_NE:
      return order != 0;
    case TV_LT:
      return order < 0;
    case TV_LE:
      return order <= 0;
    case TV_GT:
      return order > 0;
    default:
      return order >= 0;
  }
}

/* What the program's function says: 0, 1, TV_STOP, or a failure. It may move records. */
static int filter_call(tv_traversal *t, const tvi_pipe_filter *filter, const tvi_pipe_row *row) {
  tv_row shown;
  int kept, status = tvi_pipe_show(t, row, &shown);
  t->view_known = 0;
  if (status != TV_OK) return status;
  kept = filter->keep(filter->ctx, &shown);
  return kept == 0 || kept == 1 ? kept : TV_STOP;
}

/* 1: kept, 0: dropped, TV_STOP, or a failure; *last becomes TVI_PIPE_LAST when a limit is full. */
static int filter_one(tv_traversal *t, tvi_pipe_filter *filter, const tvi_pipe_row *row,
                      int *last) {
  tv_value value;
  int status;
  switch (filter->kind) {
    case TVI_PIPE_WHERE:
      status = where_value(t, filter, row, &value);
      return status == TV_OK ? where_holds(filter, &value) : status;
    case TVI_PIPE_LABEL:
      status = pipe_read_node(t, row);
      return status == TV_OK ? tvi_node_label_in(&t->view, filter->number) : status;
    case TVI_PIPE_CALL:
      return filter_call(t, filter, row);
    case TVI_PIPE_DEDUP:
      status = tvi_node_set_add(&filter->seen, row->node);
      if (status == TV_ECORRUPT)
        return tvi_graph_corrupt(t->graph, "the adjacency of node", row->from);
      return status == TV_ENOMEM ? tvi_pipe_no_memory(t) : status;
    case TVI_PIPE_SKIP:
      if (filter->left == 0) return 1;
      filter->left--;
      return 0;
    default:
      if (filter->left <= 1) *last = TVI_PIPE_LAST;
      if (filter->left == 0) return 0;
      filter->left--;
      return 1;
  }
}

int tvi_pipe_filter_row(tv_traversal *t, tvi_pipe_chain *chain, const tvi_pipe_row *row) {
  size_t i;
  int last = 0;
  t->view_known = 0;
  for (i = 0; i < chain->n; i++) {
    int kept = filter_one(t, &chain->filters[i], row, &last);
    if (kept != 1) return kept == 0 ? last : kept;
  }
  return TVI_PIPE_KEEP | last;
}
