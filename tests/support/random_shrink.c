/* SPDX-License-Identifier: MIT */
/*
 * Greedy shrinking: each step takes something away and is kept when the case still fails, until no
 * step helps. Rows go in halves, then quarters, as delta debugging does it (A. Zeller, R.
 * Hildebrandt: Simplifying and isolating failure-inducing input, 2002).
 */
#include "random_shrink.h"

#include <stdlib.h>
#include <string.h>

#include "test_store.h"

/* Trees are walked as they are made, by functions that call each other; the generator bounds their
 * depth. */
/* NOLINTBEGIN(misc-no-recursion) */

static int shrink_fails(random_case *c) {
  if (c->tries <= 0) return 0;
  c->tries--;
  return c->fails(c);
}

/* ---- Rows ---- */

/* Tries without rows [from, from + n). */
static int shrink_rows_without(random_case *c, world_table *table, size_t from, size_t n) {
  size_t rest = table->n - from - n, bytes = n * sizeof *table->rows;
  world_row *taken = malloc(bytes);
  int fails;
  assert_non_null(taken);
  memcpy(taken, table->rows + from, bytes);
  memmove(table->rows + from, table->rows + from + n, rest * sizeof *table->rows);
  table->n -= n;
  fails = shrink_fails(c);
  if (!fails) {
    memmove(table->rows + from + n, table->rows + from, rest * sizeof *table->rows);
    memcpy(table->rows + from, taken, bytes);
    table->n += n;
  } /* else their cells stay with the world's leaks: the test has failed and ends */
  free(taken);
  return fails;
}

static int shrink_rows(random_case *c, world_table *table) {
  size_t chunk, from;
  int any = 0;
  for (chunk = table->n; chunk > 0; chunk /= 2)
    for (from = 0; from < table->n;) {
      size_t n = table->n - from < chunk ? table->n - from : chunk;
      if (shrink_rows_without(c, table, from, n))
        any = 1;
      else
        from += n;
    }
  return any;
}

/* ---- What else there is of a world ---- */

static int shrink_flag(random_case *c, int *flag, int value) {
  int before = *flag;
  if (before == value) return 0;
  *flag = value;
  if (shrink_fails(c)) return 1;
  *flag = before;
  return 0;
}

static int shrink_history(random_case *c, world_table *table) {
  size_t i;
  int any = shrink_flag(c, &table->sorted, 0) | shrink_flag(c, &table->merged, 0);
  for (i = 0; i < table->n && table->n <= 50; i++) {
    world_row *row = &table->rows[i];
    const char **old = row->old;
    any |= shrink_flag(c, &row->late, 0) | shrink_flag(c, &row->deleted, 0);
    if (old == NULL) continue;
    row->old = NULL;
    if (shrink_fails(c))
      any = 1;
    else
      row->old = old;
  }
  return any;
}

static int shrink_columns(random_case *c, world_table *table) {
  int i, any = 0;
  for (i = table->columns - 1; i >= 1; i--) any |= shrink_flag(c, &table->column[i].dropped, 1);
  return any;
}

static int shrink_world(random_case *c) {
  int t, any = shrink_flag(c, &c->w->open, 0);
  for (t = c->w->tables - 1; t >= 0; t--) any |= shrink_rows(c, &c->w->table[t]);
  for (t = 0; t < c->w->tables; t++)
    any |= shrink_history(c, &c->w->table[t]) | shrink_columns(c, &c->w->table[t]);
  while (c->w->tables > 1) {
    c->w->tables--;
    if (!shrink_fails(c)) {
      c->w->tables++;
      break;
    }
    any = 1;
  }
  return any;
}

/* ---- The statement ---- */

static int shrink_is_expression(const tree *node) {
  return node->kind == TREE_EXPR || node->kind == TREE_ATOM || node->kind == TREE_PARAMETER;
}

/* Puts another node in a child's place. */
static int shrink_replace(random_case *c, tree *parent, int i, tree *by) {
  tree *before = parent->child[i];
  parent->child[i] = by;
  if (shrink_fails(c)) return 1;
  parent->child[i] = before;
  return 0;
}

static int shrink_without_child(random_case *c, tree *node, int i) {
  tree *child = node->child[i];
  size_t rest = (size_t)(node->n - i - 1) * sizeof *node->child;
  memmove(node->child + i, node->child + i + 1, rest);
  node->n--;
  if (shrink_fails(c)) return 1;
  memmove(node->child + i + 1, node->child + i, rest);
  node->child[i] = child;
  node->n++;
  return 0;
}

static int shrink_expression(random_case *c, tree *parent, int i) {
  static const char *const literals[] = {"1", "NULL"};
  tree *node = parent->child[i];
  int k;
  size_t l;
  for (k = 0; node->kind == TREE_EXPR && k < node->n; k++)
    if (shrink_is_expression(node->child[k]) && shrink_replace(c, parent, i, node->child[k]))
      return 1;
  if (node->kind == TREE_ATOM && strlen(node->text) < 3) return 0;
  for (l = 0; l < 2; l++)
    if (strcmp(node->text, literals[l]) != 0 &&
        shrink_replace(c, parent, i, tree_make(&c->query->pool, TREE_ATOM, "%s", literals[l])))
      return 1;
  return 0;
}

static int shrink_tree(random_case *c, tree *node) {
  int i, any = 0;
  for (i = node->n - 1; i >= 0; i--) {
    tree *child = node->child[i];
    if (child->kind == TREE_OPTION && !child->gone) {
      child->gone = 1;
      if (shrink_fails(c)) {
        any = 1;
        continue;
      }
      child->gone = 0;
    }
    if (node->kind == TREE_LIST && node->n > node->min && shrink_without_child(c, node, i)) {
      any = 1;
      continue;
    }
    while (shrink_is_expression(node->child[i]) && shrink_expression(c, node, i)) any = 1;
    if (!node->child[i]->gone) any |= shrink_tree(c, node->child[i]);
  }
  return any;
}

void random_shrink(random_case *c) {
  int any = 1;
  while (any && c->tries > 0) {
    any = shrink_tree(c, c->query->root);
    any |= shrink_world(c);
  }
}
/* NOLINTEND(misc-no-recursion) */
