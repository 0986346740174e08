/* SPDX-License-Identifier: MIT */
/*
 * What SQLite's rules give each expression beyond its value: affinity and collation, which decide
 * how comparisons convert and order (https://www.sqlite.org/datatype3.html, 4.2 and 7.1), and what
 * kinds of value it can have, so that conversions that change nothing are left out. Asking SQLite
 * was not possible: it tells neither of an expression.
 */
#include <string.h>

#include "query_internal.h"

/* SQLITE_AFF_NONE is less than BLOB's: a column of type BLOB has an affinity, an expression none.
 */
int tvi_query_affinity_of(const tvi_query_binder *binder, int left, int right) {
  const tvi_query_bound *a = &binder->bound[left], *b = &binder->bound[right];

  if (a->affinity != 0 && b->affinity != 0)
    return a->affinity >= TVI_AFFINITY_NUMERIC || b->affinity >= TVI_AFFINITY_NUMERIC
               ? TVI_AFFINITY_NUMERIC
               : TVI_AFFINITY_BLOB;
  return a->affinity != 0 ? a->affinity : b->affinity;
}

tvi_collation tvi_query_collation_of(const tvi_query_binder *binder, int left, int right) {
  const tvi_query_bound *a = &binder->bound[left], *b = &binder->bound[right];
  int found;

  if (a->collates)
    found = a->collation;
  else if (b->collates)
    found = b->collation;
  else
    found = a->collation != TVI_COLLATE_NONE ? a->collation : b->collation;
  return found == TVI_COLLATE_NONE ? TVI_COLLATE_BINARY : (tvi_collation)found;
}

/* ---- Leaves ---- */

static void meaning_name(tvi_query_binder *binder, int node) {
  tvi_query_bound *bound = &binder->bound[node];
  const tvi_query_table *table;

  if (bound->truth) {
    bound->constant = 1;
    bound->values = TVI_VALUES_NUMBER;
    return;
  }
  if (bound->table < 0) return;
  table = &binder->table[bound->table];
  bound->is_column = 1;
  if (bound->column < 0) {
    bound->affinity = TVI_AFFINITY_INTEGER;
    bound->collation = TVI_COLLATE_BINARY;
    bound->values = TVI_VALUES_NUMBER;
  } else {
    const tvi_query_table_column *column = &table->column[bound->column];
    bound->affinity = column->affinity;
    bound->collation = column->collation;
    bound->values = column->values;
  }
}

/* Numbers a parameter as SQLite does; *greatest is the greatest number before it. */
static int meaning_variable(tvi_query_binder *binder, int node, int *greatest) {
  const tvi_query_node *at = &binder->query->node[node];
  const char *text = binder->query->sql + at->text.at;
  int number = 0;

  if (at->text.size == 1) {
    number = *greatest + 1;
  } else {
    char *name = tvi_query_unquote(binder->query, at->text);
    uint32_t i;
    if (name == NULL) return TV_ENOMEM;
    for (i = 1; text[0] == '?' && i < at->text.size && number < 100000; i++)
      number = number * 10 + (text[i] - '0');
    if (text[0] != '?') number = sqlite3_bind_parameter_index(binder->statement, name);
    tvi_free(name);
  }
  if (number < 1 || number > sqlite3_bind_parameter_count(binder->statement))
    tvi_query_decline(binder->query, "a parameter's number is not understood");
  if (number > *greatest) *greatest = number;
  binder->bound[node].column = number - 1;
  return TV_OK;
}

/* ---- What a node takes from those below it ---- */

/* Calls visit for each child, in SQLite's order: left, the list, right. */
static void meaning_child(tvi_query_binder *binder, int node, int child) {
  tvi_query_bound *bound = &binder->bound[node];
  const tvi_query_bound *below = &binder->bound[child];

  bound->constant = bound->constant && below->constant;
  bound->aggregates = bound->aggregates || below->aggregates;
  if (!below->collates) return;
  if (!bound->collates) bound->collation = below->collation;
  bound->collates = 1;
}

static void meaning_children(tvi_query_binder *binder, int node) {
  const tvi_query *query = binder->query;
  const tvi_query_node *at = &query->node[node];
  int child;

  binder->bound[node].constant = 1;
  if (at->left >= 0) meaning_child(binder, node, at->left);
  for (child = at->list; child >= 0; child = query->node[child].next)
    meaning_child(binder, node, child);
  if (at->right >= 0) meaning_child(binder, node, at->right);
  if (at->third >= 0) meaning_child(binder, node, at->third);
}

static void meaning_collate(tvi_query_binder *binder, int node) {
  const tvi_query_node *at = &binder->query->node[node];
  tvi_query_bound *bound = &binder->bound[node];
  const tvi_query_bound *below = &binder->bound[at->left];
  char *name = tvi_query_unquote(binder->query, at->text);

  if (name == NULL) {
    binder->query->status = TV_ENOMEM;
    return;
  }
  bound->collation = (uint8_t)tvi_query_collation(name);
  bound->collates = 1;
  bound->affinity = below->affinity;
  bound->values = below->values;
  if (bound->collation == TVI_COLLATE_OTHER)
    tvi_query_decline(binder->query, "the collation %s is not covered", name);
  tvi_free(name);
}

static void meaning_cast(tvi_query_binder *binder, int node) {
  const tvi_query_node *at = &binder->query->node[node];
  tvi_query_bound *bound = &binder->bound[node];

  bound->affinity =
      (uint8_t)tvi_query_type_affinity(binder->query->sql + at->text.at, at->text.size);
  bound->values = bound->affinity == TVI_AFFINITY_TEXT   ? TVI_VALUES_TEXT
                  : bound->affinity == TVI_AFFINITY_BLOB ? TVI_VALUES_ANY
                                                         : TVI_VALUES_NUMBER;
  if (!bound->collates) bound->collation = binder->bound[at->left].collation;
}

static void meaning_operator(tvi_query_binder *binder, int node) {
  const tvi_query_node *at = &binder->query->node[node];
  tvi_query_bound *bound = &binder->bound[node];
  const tvi_query_bound *below = &binder->bound[at->left];

  bound->values = at->op == TVI_QT_CONCAT ? TVI_VALUES_TEXT : TVI_VALUES_NUMBER;
  if (at->kind == TVI_QN_UNARY && at->op == TVI_QT_PLUS) {
    bound->values = below->values;
    if (!bound->collates) bound->collation = below->collation;
  }
  if (at->kind == TVI_QN_BINARY && (at->op == TVI_QT_AND || at->op == TVI_QT_OR) &&
      binder->query->node[at->left].kind == TVI_QN_BINARY &&
      binder->query->node[at->left].op == at->op && binder->bound[at->left].same < 0)
    binder->bound[at->left].is_chain = 1;
}

static void meaning_call(tvi_query_binder *binder, int node) {
  tvi_query_bound *bound = &binder->bound[node];

  tvi_query_call_find(binder, node);
  if (bound->call == TVI_CALL_AGGREGATE) {
    bound->aggregates = 1;
    bound->constant = 0;
    if (bound->code != TVI_AGG_MIN && bound->code != TVI_AGG_MAX) bound->values = TVI_VALUES_NUMBER;
  }
  if (bound->call == TVI_CALL_FUNCTION && (bound->code == TVI_F_LENGTH || bound->code == TVI_F_ABS))
    bound->values = TVI_VALUES_NUMBER;
}

static void meaning_node(tvi_query_binder *binder, int node) {
  tvi_query_bound *bound = &binder->bound[node];
  int kind = binder->query->node[node].kind;

  if (kind == TVI_QN_NAME) {
    meaning_name(binder, node);
    return;
  }
  if (kind == TVI_QN_VARIABLE || kind == TVI_QN_STAR) return;
  meaning_children(binder, node);
  if (kind == TVI_QN_NULL || kind == TVI_QN_INTEGER || kind == TVI_QN_FLOAT)
    bound->values = TVI_VALUES_NUMBER;
  else if (kind == TVI_QN_STRING)
    bound->values = TVI_VALUES_TEXT;
  else if (kind == TVI_QN_BLOB)
    bound->values = TVI_VALUES_NO_NUMERAL;
  else if (kind == TVI_QN_COLLATE)
    meaning_collate(binder, node);
  else if (kind == TVI_QN_CAST)
    meaning_cast(binder, node);
  else if (kind == TVI_QN_CALL)
    meaning_call(binder, node);
  else if (kind != TVI_QN_CASE)
    meaning_operator(binder, node);
}

int tvi_query_bind_meaning(tvi_query_binder *binder) {
  tvi_query *query = binder->query;
  int k, greatest = 0, status = TV_OK;

  for (k = 0; k < binder->parsed && status == TV_OK; k++)
    if (query->node[k].kind == TVI_QN_VARIABLE) status = meaning_variable(binder, k, &greatest);
  for (k = 0; k < query->nodes && status == TV_OK; k++) {
    int node = tvi_query_nth(binder, k);
    tvi_query_bound *bound = &binder->bound[node];
    if (bound->skip) continue;
    if (bound->same >= 0) {
      const tvi_query_bound *of = &binder->bound[bound->same];
      bound->affinity = of->affinity;
      bound->collation = of->collation;
      bound->collates = of->collates;
      bound->values = of->values;
      bound->is_column = of->is_column;
      bound->aggregates = of->aggregates;
    } else {
      meaning_node(binder, node);
    }
    status = query->status;
  }
  return status;
}
