/* SPDX-License-Identifier: MIT */
/*
 * The parsed statement. Its nodes lie in one array in the order in which the parser completes them,
 * children before parents, so that every later pass is a loop. A tree of pointers was rejected: it
 * is walked by recursion, and then a statement decides the depth of the stack.
 */
#include <stdarg.h>
#include <string.h>

#include "query_internal.h"

void tvi_query_decline(tvi_query *query, const char *format, ...) {
  va_list args;
  if (query->reason[0] != '\0') return;
  va_start(args, format);
  sqlite3_vsnprintf(sizeof query->reason, query->reason, format, args);
  va_end(args);
}

/* Makes room for one more element of an array. 0 without memory. */
static int tree_room(tvi_query *query, void *array, int used, int *room, size_t size) {
  int wanted = *room == 0 ? 16 : *room * 2;
  void *grown, *old;

  if (query->status != TV_OK) return 0;
  if (used < *room) return 1;
  memcpy(&old, array, sizeof old);
  grown = tvi_realloc(old, (size_t)wanted * size);
  if (grown == NULL) {
    query->status = TV_ENOMEM;
    return 0;
  }
  memcpy(array, &grown, sizeof grown);
  *room = wanted;
  return 1;
}

static int tree_make(tvi_query *query, tvi_query_kind kind) {
  tvi_query_node *node;

  if (query->nodes >= TVI_QUERY_NODES_MAX)
    tvi_query_decline(query, "it has more than %d expressions", TVI_QUERY_NODES_MAX);
  if (query->reason[0] != '\0') return -1;
  if (!tree_room(query, &query->node, query->nodes, &query->nodes_room, sizeof *node)) return -1;
  node = &query->node[query->nodes];
  memset(node, 0, sizeof *node);
  node->kind = (uint8_t)kind;
  node->left = node->right = node->third = node->list = node->next = -1;
  node->start = UINT32_MAX;
  return query->nodes++;
}

void tvi_query_extend(tvi_query *query, int at, tvi_query_text text) {
  tvi_query_node *node;
  if (at < 0 || query->nodes == 0) return;
  node = &query->node[at];
  if (text.at < node->start) node->start = text.at;
  if (text.at + text.size > node->end) node->end = text.at + text.size;
}

int tvi_query_leaf(tvi_query *query, tvi_query_kind kind, tvi_query_text text) {
  int at = tree_make(query, kind);
  if (at < 0) return at;
  query->node[at].text = text;
  tvi_query_extend(query, at, text);
  return at;
}

static void tree_cover(tvi_query *query, int at, int child) {
  if (child < 0) return;
  if (query->node[child].start < query->node[at].start)
    query->node[at].start = query->node[child].start;
  if (query->node[child].end > query->node[at].end) query->node[at].end = query->node[child].end;
}

int tvi_query_branch(tvi_query *query, tvi_query_kind kind, int op, int left, int right,
                     int third) {
  int at = tree_make(query, kind);
  if (at < 0) return at;
  query->node[at].op = (uint8_t)op;
  query->node[at].left = left;
  query->node[at].right = right;
  query->node[at].third = third;
  tree_cover(query, at, left);
  tree_cover(query, at, right);
  tree_cover(query, at, third);
  return at;
}

tvi_query_list tvi_query_append(tvi_query *query, tvi_query_list list, int node) {
  if (node < 0) return list;
  if (list.first < 0)
    list.first = node;
  else
    query->node[list.last].next = node;
  list.last = node;
  return list;
}

void tvi_query_add_column(tvi_query *query, int expression, const tvi_query_text *alias) {
  if (expression < 0 || !tree_room(query, &query->column, query->columns, &query->columns_room,
                                   sizeof *query->column))
    return;
  query->column[query->columns].expression = expression;
  query->column[query->columns].alias = alias != NULL ? *alias : (tvi_query_text){0, 0};
  query->columns++;
}

void tvi_query_add_source(tvi_query *query, const tvi_query_source *source) {
  if (!tree_room(query, &query->source, query->sources, &query->sources_room,
                 sizeof *query->source))
    return;
  query->source[query->sources++] = *source;
}

void tvi_query_add_order(tvi_query *query, int expression, int descending, int nulls) {
  if (expression < 0 ||
      !tree_room(query, &query->order, query->orders, &query->orders_room, sizeof *query->order))
    return;
  query->order[query->orders++] = (tvi_query_term){expression, (uint8_t)descending, (uint8_t)nulls};
}

int tvi_query_parse(tvi_query *query, const char *sql, uint32_t size) {
  int status;
  memset(query, 0, sizeof *query);
  query->sql = sql;
  query->size = size;
  query->where = query->having = query->group = query->limit = query->offset = -1;
  status = tvi_query_grammar(query);
  return status != TV_OK ? status : query->status;
}

void tvi_query_free(tvi_query *query) {
  tvi_free(query->node);
  tvi_free(query->column);
  tvi_free(query->source);
  tvi_free(query->order);
  query->node = NULL;
  query->column = NULL;
  query->source = NULL;
  query->order = NULL;
}

char *tvi_query_unquote(const tvi_query *query, tvi_query_text text) {
  const char *in = query->sql + text.at;
  char *out = tvi_alloc((size_t)text.size + 1), close;
  uint32_t i, n = 0;

  if (out == NULL) return NULL;
  close = text.size < 2 ? '\0' : in[0] == '[' ? ']' : in[0];
  if (close != ']' && close != '"' && close != '`' && close != '\'') {
    if (text.size > 0) memcpy(out, in, text.size);
    out[text.size] = '\0';
    return out;
  }
  for (i = 1; i + 1 < text.size; i++) {
    out[n++] = in[i];
    if (in[i] == close && close != ']') i++; /* written twice */
  }
  out[n] = '\0';
  return out;
}
