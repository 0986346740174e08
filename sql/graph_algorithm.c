/* SPDX-License-Identifier: MIT */
/*
 * Algorithms over a whole graph as tables: what all of them do alike. The algorithm runs to its end
 * before the first row; its arrays take 4 or 8 bytes per node id and column meanwhile, and rows are
 * read from them, so that a LIMIT costs no more. Running it again for each of several
 * references in a statement is accepted: a cache would have to know whether the graph changed.
 */
#include "graph_algorithm_internal.h"

static const tvi_graph_algorithm *algorithm_of(const tvi_graph_cursor *base) {
  return base->spec->detail;
}

void tvi_graph_algorithm_estimate(tvi_graph_outlook *outlook) {
  outlook->rows = outlook->nodes;
  outlook->cost = 100 + outlook->nodes * 4 + outlook->edges;
}

void tvi_graph_algorithm_estimate_heavy(tvi_graph_outlook *outlook) {
  outlook->rows = outlook->nodes;
  outlook->cost = 100 + outlook->nodes * (4 + outlook->edges);
}

static int algorithm_interrupted(void *ctx) {
  return tvi_graph_poll_now(ctx);
}

int tvi_graph_algorithm_options(tvi_graph_cursor *cursor, int types_column,
                                tv_algorithm_options *options) {
  *options =
      (tv_algorithm_options){.limits = {.interrupted = algorithm_interrupted, .ctx = cursor}};
  return tvi_graph_argument_types(cursor, types_column, &options->types);
}

int tvi_graph_algorithm_node(tvi_graph_cursor *cursor, int column, tv_node *node, int *found) {
  *found = 0;
  if (cursor->given[column] == NULL || sqlite3_value_type(cursor->given[column]) == SQLITE_NULL)
    return SQLITE_OK;
  return tvi_graph_argument_node(cursor, column, node, found);
}

int tvi_graph_algorithm_weight(tvi_graph_cursor *cursor, int column, const char **weight) {
  sqlite3_value *value = cursor->given[column];

  *weight = NULL;
  if (value == NULL || sqlite3_value_type(value) == SQLITE_NULL) return SQLITE_OK;
  *weight = (const char *)sqlite3_value_text(value);
  if (*weight == NULL) return SQLITE_NOMEM;
  if (**weight == '\0') *weight = NULL;
  return SQLITE_OK;
}

static void algorithm_clear(tvi_graph_algorithm_cursor *cursor) {
  int i;

  for (i = 0; i < TVI_GRAPH_ALGORITHM_VALUES; i++) {
    tvi_free(cursor->values[i]);
    cursor->values[i] = NULL;
  }
  cursor->ids = cursor->at = 0;
}

static size_t algorithm_bytes(int kind) {
  return kind == TV_RESULT_LEVELS ? sizeof(uint32_t) : sizeof(uint64_t);
}

/* Arrays for as many ids as there are. */
static int algorithm_begin(tvi_graph_algorithm_cursor *cursor) {
  const tvi_graph_algorithm *algorithm = algorithm_of(&cursor->base);
  tv_graph_stat stat;
  int i, status;

  algorithm_clear(cursor);
  status = tv_graph_stat_get(cursor->base.graph, &stat);
  if (status != TV_OK) return tvi_graph_fail(&cursor->base, status);
  cursor->ids = stat.node_ids;
  for (i = 0; i < TVI_GRAPH_ALGORITHM_VALUES && algorithm->kinds[i] != 0; i++) {
    cursor->values[i] = tvi_alloc((size_t)(cursor->ids + 1) * algorithm_bytes(algorithm->kinds[i]));
    if (cursor->values[i] == NULL) return SQLITE_NOMEM;
  }
  return SQLITE_OK;
}

/* What was not reached, or has no node, has no value and no row. */
static int algorithm_has_value(const tvi_graph_algorithm_cursor *cursor) {
  switch (algorithm_of(&cursor->base)->kinds[0]) {
    case TV_RESULT_LEVELS:
      return ((const uint32_t *)cursor->values[0])[cursor->at] != TV_LEVEL_NONE;
    case TV_RESULT_NODES:
      return ((const tv_node *)cursor->values[0])[cursor->at] != TV_NODE_NONE;
    case TV_RESULT_NUMBERS: {
      double value = ((const double *)cursor->values[0])[cursor->at];
      return value - value == 0;
    }
    default:
      return 1;
  }
}

/* Passes over ids without a node or value. */
static int algorithm_settle(tvi_graph_algorithm_cursor *cursor) {
  tvi_graph_cursor *base = &cursor->base;
  int code = tvi_graph_attach(base);

  for (; code == SQLITE_OK && cursor->at < cursor->ids; cursor->at++) {
    tv_slice key;
    int status;
    if (!algorithm_has_value(cursor)) continue;
    status = tv_graph_node_key(base->graph, cursor->at, &key);
    if (status == TV_OK) break;
    if (status != TV_ENONODE) code = tvi_graph_fail(base, status);
  }
  base->eof = code != SQLITE_OK || cursor->at >= cursor->ids;
  return code;
}

int tvi_graph_algorithm_filter(tvi_graph_cursor *base) {
  tvi_graph_algorithm_cursor *cursor = (tvi_graph_algorithm_cursor *)base;
  const tvi_graph_algorithm *algorithm = algorithm_of(base);
  tv_algorithm_options options;
  int code = algorithm_begin(cursor);

  if (code != SQLITE_OK) return code;
  base->eof = 0; /* the algorithm sets it when there is nothing to run from */
  code = tvi_graph_algorithm_options(base, algorithm->types, &options);
  if (code == SQLITE_OK) code = algorithm->run(cursor, &options);
  tvi_free((void *)options.types.types);
  if (code != SQLITE_OK) base->eof = 1;
  return base->eof ? code : algorithm_settle(cursor);
}

int tvi_graph_algorithm_next(tvi_graph_cursor *base) {
  tvi_graph_algorithm_cursor *cursor = (tvi_graph_algorithm_cursor *)base;
  cursor->at++;
  return algorithm_settle(cursor);
}

/* Nodes in the second column are parents, shown by their keys; in the first they name groups. */
static int algorithm_value(tvi_graph_algorithm_cursor *cursor, sqlite3_context *context,
                           int value) {
  const void *values = cursor->values[value];
  uint64_t at = cursor->at;

  switch (algorithm_of(&cursor->base)->kinds[value]) {
    case TV_RESULT_LEVELS:
      sqlite3_result_int64(context, ((const uint32_t *)values)[at]);
      return SQLITE_OK;
    case TV_RESULT_NUMBERS:
      sqlite3_result_double(context, ((const double *)values)[at]);
      return SQLITE_OK;
    case TV_RESULT_NODES:
      if (value > 0) {
        tv_node parent = ((const tv_node *)values)[at];
        return parent == TV_NODE_NONE ? SQLITE_OK
                                      : tvi_graph_result_key(&cursor->base, context, parent);
      }
      break;
    default:
      break;
  }
  sqlite3_result_int64(context, (sqlite3_int64)((const uint64_t *)values)[at]);
  return SQLITE_OK;
}

int tvi_graph_algorithm_column(tvi_graph_cursor *base, sqlite3_context *context, int column) {
  tvi_graph_algorithm_cursor *cursor = (tvi_graph_algorithm_cursor *)base;
  const char *otherwise = algorithm_of(base)->otherwise[column];

  if (column == 0) return tvi_graph_result_key(base, context, cursor->at);
  if (column < base->spec->first_argument) return algorithm_value(cursor, context, column - 1);
  if (otherwise == NULL && base->given[column] == NULL) return SQLITE_OK;
  return tvi_graph_result_argument(base, context, column, otherwise == NULL ? "" : otherwise);
}

void tvi_graph_algorithm_close(tvi_graph_cursor *base) {
  algorithm_clear((tvi_graph_algorithm_cursor *)base);
}
