/* SPDX-License-Identifier: MIT */
/*
 * Names into columns, as SQLite resolves them: columns before aliases of the result, except where
 * an alias is the whole of an ORDER BY term. SQLite has accepted the statement, so a name that two
 * tables could mean was refused already, and the first match is the only one. Asking SQLite for
 * each name (its column metadata) was rejected: it tells of result columns only.
 */
#include <string.h>

#include "query_internal.h"

/* ---- Nodes that the statement does not have ---- */

static int names_room(tvi_query_binder *binder) {
  int wanted = binder->query->nodes + binder->query->nodes / 2 + 16;
  tvi_query_bound *grown;

  if (binder->query->nodes <= binder->bound_room) return TV_OK;
  grown = tvi_realloc(binder->bound, (size_t)wanted * sizeof *grown);
  if (grown == NULL) return TV_ENOMEM;
  memset(grown + binder->bound_room, 0, (size_t)(wanted - binder->bound_room) * sizeof *grown);
  for (; binder->bound_room < wanted; binder->bound_room++) {
    tvi_query_bound *bound = &grown[binder->bound_room];
    bound->table = bound->same = bound->key = -1;
    bound->alike = binder->bound_room;
  }
  binder->bound = grown;
  return TV_OK;
}

/* A NAME that means a column already. -1 without memory or beyond a limit. */
static int names_column(tvi_query_binder *binder, int table, int column) {
  int at = tvi_query_leaf(binder->query, TVI_QN_NAME, (tvi_query_text){0, 0});
  if (at < 0 || names_room(binder) != TV_OK) return -1;
  binder->bound[at].table = table;
  binder->bound[at].column = column;
  return at;
}

/* ---- The result's columns ---- */

static int names_output(tvi_query_binder *binder, int expression, char *alias) {
  tvi_query_output *grown =
      tvi_realloc(binder->output, (size_t)(binder->outputs + 1) * sizeof *grown);
  if (grown == NULL) {
    tvi_free(alias);
    return TV_ENOMEM;
  }
  binder->output = grown;
  grown[binder->outputs++] = (tvi_query_output){expression, alias};
  return TV_OK;
}

static char *names_copy(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = tvi_alloc(size);
  if (copy != NULL) memcpy(copy, text, size);
  return copy;
}

static const char *names_table_name(const tvi_query_table *table) {
  return table->alias != NULL ? table->alias : table->name;
}

/* [table.]*. Columns of USING are shown once, but for table.* */
static int names_expand(tvi_query_binder *binder, int star) {
  tvi_query_text of = binder->query->node[star].table;
  char *only = of.size > 0 ? tvi_query_unquote(binder->query, of) : NULL;
  int t, c, status = of.size > 0 && only == NULL ? TV_ENOMEM : TV_OK;

  for (t = 0; t < binder->tables && status == TV_OK; t++) {
    const tvi_query_table *table = &binder->table[t];
    if (only != NULL && sqlite3_stricmp(only, names_table_name(table)) != 0) continue;
    for (c = 0; c < table->columns && status == TV_OK; c++) {
      int at;
      char *alias;
      if (table->column[c].hidden || (only == NULL && table->column[c].joined)) continue;
      at = names_column(binder, t, c);
      alias = at < 0 ? NULL : names_copy(table->column[c].name);
      status = alias == NULL ? TV_ENOMEM : names_output(binder, at, alias);
    }
  }
  tvi_free(only);
  return status;
}

static int names_outputs(tvi_query_binder *binder) {
  tvi_query *query = binder->query;
  int i, status = TV_OK;

  for (i = 0; i < query->columns && status == TV_OK; i++) {
    const tvi_query_column *column = &query->column[i];
    char *alias = NULL;
    if (query->node[column->expression].kind == TVI_QN_STAR) {
      binder->bound[column->expression].skip = 1;
      status = names_expand(binder, column->expression);
      continue;
    }
    if (column->alias.size > 0) {
      alias = tvi_query_unquote(query, column->alias);
      if (alias == NULL) return TV_ENOMEM;
    }
    status = names_output(binder, column->expression, alias);
  }
  if (status == TV_OK && query->reason[0] == '\0' &&
      binder->outputs != sqlite3_column_count(binder->statement))
    tvi_query_decline(query, "it has %d columns for SQLite, and %d here",
                      sqlite3_column_count(binder->statement), binder->outputs);
  return status;
}

/* ---- USING ---- */

static int names_join(tvi_query_binder *binder, int right, int name_node) {
  tvi_query *query = binder->query;
  char *name = tvi_query_unquote(query, query->node[name_node].text);
  int left, here, there = -2, a, b, equal = -1, *grown;

  binder->bound[name_node].skip = 1;
  if (name == NULL) return TV_ENOMEM;
  here = tvi_query_table_column_find(&binder->table[right], name);
  for (left = 0; left < right; left++) {
    there = tvi_query_table_column_find(&binder->table[left], name);
    if (there >= 0) break;
  }
  tvi_free(name);
  if (here < 0 || there < 0) {
    tvi_query_decline(query, "a column of USING is not found");
    return TV_OK;
  }
  binder->table[right].column[here].joined = 1;
  a = names_column(binder, left, there);
  b = a < 0 ? -1 : names_column(binder, right, here);
  if (b >= 0) equal = tvi_query_branch(query, TVI_QN_BINARY, TVI_QT_EQ, a, b, -1);
  if (equal < 0 || names_room(binder) != TV_OK) return TV_ENOMEM;
  grown = tvi_realloc(binder->joins, (size_t)(binder->joins_count + 1) * sizeof *grown);
  if (grown == NULL) return TV_ENOMEM;
  binder->joins = grown;
  binder->joins[binder->joins_count++] = equal;
  return TV_OK;
}

static int names_using(tvi_query_binder *binder) {
  int i, at, status = TV_OK;
  for (i = 0; i < binder->query->sources && status == TV_OK; i++)
    for (at = binder->query->source[i].using_list; at >= 0 && status == TV_OK;
         at = binder->query->node[at].next)
      status = names_join(binder, i, at);
  return status;
}

/* ---- Terms that are a number or an alias ---- */

static int names_below_collate(const tvi_query_binder *binder, int node) {
  while (binder->query->node[node].kind == TVI_QN_COLLATE) node = binder->query->node[node].left;
  return node;
}

/* GROUP BY 2 and ORDER BY 2 mean the second column; so do +2 and -(-2). */
static void names_ordinal(tvi_query_binder *binder, int term) {
  const tvi_query_node *node;
  long long number = 0;
  int sign = 1;

  for (node = &binder->query->node[term];
       node->kind == TVI_QN_UNARY && (node->op == TVI_QT_PLUS || node->op == TVI_QT_MINUS);
       node = &binder->query->node[node->left])
    if (node->op == TVI_QT_MINUS) sign = -sign;
  if (node->kind != TVI_QN_INTEGER) return;
  if (node->text.size < 10) {
    uint32_t i;
    for (i = 0; i < node->text.size; i++)
      number = number * 10 + (binder->query->sql[node->text.at + i] - '0');
  }
  number *= sign;
  if (number < 1 || number > binder->outputs)
    tvi_query_decline(binder->query, "a column's number is not understood");
  else
    binder->bound[term].same = binder->output[number - 1].expression;
}

static void names_terms(tvi_query_binder *binder) {
  const tvi_query *query = binder->query;
  int i, at;

  for (at = query->group; at >= 0; at = query->node[at].next)
    names_ordinal(binder, names_below_collate(binder, at));
  for (i = 0; i < query->orders; i++) {
    at = names_below_collate(binder, query->order[i].expression);
    names_ordinal(binder, at);
    binder->bound[at].is_term = 1;
  }
}

/* ---- Names ---- */

static int names_alias(tvi_query_binder *binder, int node, const char *name) {
  int i;
  for (i = 0; i < binder->outputs; i++) {
    int target = binder->output[i].expression;
    if (binder->output[i].alias == NULL || sqlite3_stricmp(binder->output[i].alias, name) != 0)
      continue;
    if (target < binder->parsed && target >= node) return 0;
    binder->bound[node].same = target;
    return 1;
  }
  return 0;
}

static int names_find(tvi_query_binder *binder, int node, const char *database, const char *table,
                      const char *name) {
  int t;
  for (t = 0; t < binder->tables; t++) {
    const tvi_query_table *in = &binder->table[t];
    int column;
    if (table != NULL && sqlite3_stricmp(table, names_table_name(in)) != 0) continue;
    if (database != NULL && sqlite3_stricmp(database, in->database) != 0) continue;
    column = tvi_query_table_column_find(in, name);
    if (column == -2 || (table == NULL && column == -1 && binder->tables > 1)) continue;
    binder->bound[node].table = t;
    binder->bound[node].column = column;
    return 1;
  }
  return 0;
}

static void names_unknown(tvi_query_binder *binder, int node, const char *name) {
  const tvi_query_node *at = &binder->query->node[node];
  int quoted = binder->query->sql[at->text.at] == '"';
  int is_true = sqlite3_stricmp(name, "true") == 0, is_false = sqlite3_stricmp(name, "false") == 0;

  if (!quoted && at->table.size == 0 && (is_true || is_false))
    binder->bound[node].truth = 1;
  else
    tvi_query_decline(binder->query, "the name %s is not found", name);
}

static int names_resolve(tvi_query_binder *binder, int node) {
  const tvi_query_node *at = &binder->query->node[node];
  char *name = tvi_query_unquote(binder->query, at->text);
  char *table = at->table.size > 0 ? tvi_query_unquote(binder->query, at->table) : NULL;
  char *database = at->database.size > 0 ? tvi_query_unquote(binder->query, at->database) : NULL;
  int bare = at->table.size == 0, status = TV_OK;

  if (name == NULL || (!bare && table == NULL) || (at->database.size > 0 && database == NULL))
    status = TV_ENOMEM;
  else if (binder->bound[node].is_term && bare && names_alias(binder, node, name))
    status = TV_OK;
  else if (!names_find(binder, node, database, table, name) &&
           !(bare && names_alias(binder, node, name)))
    names_unknown(binder, node, name);
  tvi_free(name);
  tvi_free(table);
  tvi_free(database);
  return status;
}

int tvi_query_bind_names(tvi_query_binder *binder) {
  tvi_query *query = binder->query;
  int i, status;

  binder->parsed = query->nodes;
  status = names_room(binder);
  if (status == TV_OK) status = names_using(binder);
  if (status == TV_OK && query->reason[0] == '\0') status = names_outputs(binder);
  if (status != TV_OK || query->reason[0] != '\0')
    return query->status != TV_OK ? query->status : query->reason[0] != '\0' ? TV_OK : status;
  names_terms(binder);
  for (i = 0; i < binder->parsed && status == TV_OK; i++) {
    if (query->node[i].kind != TVI_QN_NAME || binder->bound[i].skip || binder->bound[i].same >= 0)
      continue;
    status = names_resolve(binder, i);
  }
  return status;
}
