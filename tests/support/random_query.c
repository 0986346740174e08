/* SPDX-License-Identifier: MIT */
#include "random_query.h"

#include <stdio.h>
#include <string.h>

/* Trees are walked as they are made, by functions that call each other; the generator bounds their
 * depth. */
/* NOLINTBEGIN(misc-no-recursion) */

enum { QUERY_TABLES_MAX = 4, QUERY_KEYS_MAX = 3, QUERY_DEPTH = 3 };

typedef struct maker {
  world *w;
  random_query *query;
  tree_pool *pool;
  int tables, table[QUERY_TABLES_MAX]; /* of the FROM clause */
  int qualified;
  int exact; /* 1: only values whose sums are exact */
} maker;

#define HOLE TREE_HOLE

static uint64_t pick(maker *m, uint64_t n) {
  return world_pick(m->w, n);
}

static tree *one(maker *m, const char *text, tree *a) {
  tree *node = tree_make(m->pool, TREE_EXPR, "%s", text);
  tree_add(node, a);
  return node;
}

static tree *two(maker *m, const char *text, tree *a, tree *b) {
  tree *node = one(m, text, a);
  tree_add(node, b);
  return node;
}

static tree *three(maker *m, const char *text, tree *a, tree *b, tree *c) {
  tree *node = two(m, text, a, b);
  tree_add(node, c);
  return node;
}

static tree *list(maker *m, const char *prefix, int min) {
  tree *node = tree_make(m->pool, TREE_LIST, "%s", prefix);
  node->min = min;
  return node;
}

static tree *number(maker *m, int depth);
static tree *text(maker *m, int depth);
static tree *truth(maker *m, int depth);

/* ---- Leaves ---- */

static tree *literal(maker *m, world_type type) {
  char room[WORLD_LITERAL_BYTES];
  world_literal(m->w, type, room);
  return tree_make(m->pool, pick(m, 6) == 0 ? TREE_PARAMETER : TREE_ATOM, "%s", room);
}

static int type_is_exact(world_type type) {
  return type == WORLD_INT || type == WORLD_REAL || type == WORLD_ID || type == WORLD_REF;
}

static int type_is_number(world_type type) {
  return type <= WORLD_REAL_WILD;
}

static tree *column_of(maker *m, int t, int c) {
  const world_table *table = &m->w->table[t];
  if (m->qualified)
    return tree_make(m->pool, TREE_ATOM, "%s.%s", table->name, table->column[c].name);
  return tree_make(m->pool, TREE_ATOM, "%s", table->column[c].name);
}

/* A column of one of the kinds: 'n' numbers, 's' text, 'd' dates, '*' any; NULL: there is none. */
static tree *column(maker *m, char kind, world_type *type) {
  int tries;
  for (tries = 0; tries < 12; tries++) {
    int t = m->table[pick(m, (uint64_t)m->tables)];
    const world_table *table = &m->w->table[t];
    int c = (int)pick(m, (uint64_t)table->columns);
    world_type found = table->column[c].type;
    if (kind == 'n' && (!type_is_number(found) || (m->exact && !type_is_exact(found)))) continue;
    if (kind == 's' && found != WORLD_TEXT && found != WORLD_NOCASE) continue;
    if (kind == 'd' && found != WORLD_DATE) continue;
    if (type != NULL) *type = found;
    return column_of(m, t, c);
  }
  return NULL;
}

/* ---- Expressions ---- */

static tree *number_leaf(maker *m) {
  tree *node = pick(m, 4) != 0 ? column(m, 'n', NULL) : NULL;
  if (node != NULL) return node;
  if (m->exact) return literal(m, pick(m, 3) != 0 ? WORLD_INT : WORLD_REAL);
  return literal(m, (world_type)(WORLD_INT + pick(m, 4)));
}

static tree *cases(maker *m, int depth, tree *(*make)(maker *m, int depth)) {
  tree *whens = list(m, "", 1), *node = tree_make(m->pool, TREE_EXPR, "CASE " HOLE HOLE " END");
  tree *rest = tree_make(m->pool, TREE_OPTION, " ELSE " HOLE);
  uint64_t n = 1 + pick(m, 2);
  whens->separator = " ";
  while (n-- > 0) {
    tree *when = tree_make(m->pool, TREE_PART, "WHEN " HOLE " THEN " HOLE);
    tree_add(when, truth(m, depth - 1));
    tree_add(when, make(m, depth - 1));
    tree_add(whens, when);
  }
  tree_add(rest, make(m, depth - 1));
  rest->gone = pick(m, 4) == 0;
  tree_add(node, whens);
  tree_add(node, rest);
  return node;
}

/* Sums of these stay exact, so that no order of adding shows. */
static tree *exact_number(maker *m, int depth) {
  if (depth <= 0) return number_leaf(m);
  switch (pick(m, 8)) {
    case 0:
      return two(m, "(" HOLE " + " HOLE ")", exact_number(m, depth - 1),
                 exact_number(m, depth - 1));
    case 1:
      return two(m, "(" HOLE " - " HOLE ")", exact_number(m, depth - 1),
                 exact_number(m, depth - 1));
    case 2:
      return two(m, "(" HOLE " * " HOLE ")", number_leaf(m), number_leaf(m));
    case 3:
      return cases(m, depth, exact_number);
    case 4:
      return two(m, "COALESCE(" HOLE ", " HOLE ")", number_leaf(m), exact_number(m, depth - 1));
    default:
      return number_leaf(m);
  }
}

static tree *number_rare(maker *m, int depth) {
  switch (pick(m, 8)) {
    case 0:
      return two(m, "(" HOLE " & " HOLE ")", number(m, depth - 1), number(m, depth - 1));
    case 1:
      return two(m, "(" HOLE " | " HOLE ")", number(m, depth - 1), number(m, depth - 1));
    case 2:
      return two(m, "(" HOLE " << " HOLE ")", number(m, depth - 1), literal(m, WORLD_INT));
    case 3:
      return one(m, "(~ " HOLE ")", number_leaf(m));
    case 4:
      return one(m, "length(" HOLE ")", text(m, depth - 1));
    case 5:
      return two(m, "nullif(" HOLE ", " HOLE ")", number(m, depth - 1), number_leaf(m));
    case 6:
      return two(m, "ifnull(" HOLE ", " HOLE ")", number(m, depth - 1), number_leaf(m));
    default:
      return one(m, "(+" HOLE ")", number_leaf(m));
  }
}

static tree *number(maker *m, int depth) {
  if (m->exact) return exact_number(m, depth);
  if (depth <= 0) return number_leaf(m);
  switch (pick(m, 16)) {
    case 0:
    case 1:
      return two(m, "(" HOLE " + " HOLE ")", number(m, depth - 1), number(m, depth - 1));
    case 2:
      return two(m, "(" HOLE " - " HOLE ")", number(m, depth - 1), number(m, depth - 1));
    case 3:
      return two(m, "(" HOLE " * " HOLE ")", number(m, depth - 1), number(m, depth - 1));
    case 4:
      return two(m, "(" HOLE " / " HOLE ")", number(m, depth - 1), number(m, depth - 1));
    case 5:
      return two(m, "(" HOLE " % " HOLE ")", number(m, depth - 1), number(m, depth - 1));
    case 6:
      return one(m, "(- " HOLE ")", number(m, depth - 1));
    case 7:
      return cases(m, depth, number);
    case 8:
      return two(m, "COALESCE(" HOLE ", " HOLE ")", number(m, depth - 1), number(m, depth - 1));
    case 9:
      return one(m, pick(m, 2) ? "CAST(" HOLE " AS INTEGER)" : "CAST(" HOLE " AS REAL)",
                 pick(m, 3) ? number(m, depth - 1) : text(m, depth - 1));
    case 10:
      return number_rare(m, depth);
    case 11:
      return one(m, HOLE, truth(m, depth - 1));
    default:
      return number_leaf(m);
  }
}

static tree *text_leaf(maker *m) {
  tree *node = pick(m, 4) != 0 ? column(m, 's', NULL) : NULL;
  if (node == NULL && pick(m, 4) == 0) node = column(m, 'd', NULL);
  return node != NULL ? node : literal(m, WORLD_TEXT);
}

static tree *text(maker *m, int depth) {
  if (depth <= 0) return text_leaf(m);
  switch (pick(m, 12)) {
    case 0:
      return two(m, "(" HOLE " || " HOLE ")", text(m, depth - 1), text(m, depth - 1));
    case 1:
      return cases(m, depth, text);
    case 2:
      return two(m, "COALESCE(" HOLE ", " HOLE ")", text(m, depth - 1), text(m, depth - 1));
    case 3:
      return one(m, "CAST(" HOLE " AS TEXT)", number_leaf(m));
    case 4:
      return one(m, pick(m, 2) ? "upper(" HOLE ")" : "lower(" HOLE ")", text(m, depth - 1));
    case 5:
      return one(m, pick(m, 2) ? "substr(" HOLE ", 1, 2)" : "substr(" HOLE ", 2)",
                 text(m, depth - 1));
    default:
      return text_leaf(m);
  }
}

static tree *any(maker *m, int depth) {
  tree *node = NULL;
  if (pick(m, 3) == 0) node = column(m, '*', NULL);
  if (node != NULL) return node;
  switch (pick(m, 6)) {
    case 0:
      return text(m, depth);
    case 1:
      return truth(m, depth);
    case 2:
      return tree_make(m->pool, TREE_ATOM, "NULL");
    default:
      return pick(m, 2) ? number(m, depth) : text(m, depth);
  }
}

/* ---- Conditions ---- */

static tree *compared(maker *m, int depth) {
  static const char *const operators[] = {"=", "<", "<=", ">", ">=", "<>", "IS", "IS NOT"};
  static const char *const collations[] = {
      "", "", "", "", "", " COLLATE NOCASE", " COLLATE BINARY"};
  char form[64];
  world_type type = WORLD_INT;
  tree *left, *right;
  int mixed = pick(m, 10) == 0;
  left = pick(m, 3) != 0 ? column(m, '*', &type) : NULL;
  if (left == NULL) {
    type = pick(m, 3) ? WORLD_INT : WORLD_TEXT;
    left = type == WORLD_TEXT ? text(m, depth) : number(m, depth);
  }
  if (mixed)
    right = any(m, depth - 1);
  else if (pick(m, 3) != 0)
    right = literal(m, type);
  else
    right = type_is_number(type) ? number(m, depth - 1) : text(m, depth - 1);
  snprintf(form, sizeof form, "(" HOLE " %s " HOLE "%s)", operators[pick(m, 8)],
           type_is_number(type) ? "" : collations[pick(m, 7)]);
  return two(m, form, left, right);
}

static tree *in_list(maker *m) {
  world_type type = WORLD_INT;
  tree *left = column(m, '*', &type), *items = list(m, "", 1), *node;
  uint64_t n = 1 + pick(m, 5);
  if (left == NULL) left = number_leaf(m);
  while (n-- > 0)
    tree_add(items, pick(m, 12) == 0   ? tree_make(m->pool, TREE_ATOM, "NULL")
                    : pick(m, 10) == 0 ? literal(m, WORLD_TEXT)
                                       : literal(m, type));
  node = tree_make(m->pool, TREE_EXPR, "(" HOLE " %sIN (" HOLE "))", pick(m, 4) == 0 ? "NOT " : "");
  tree_add(node, left);
  tree_add(node, items);
  return node;
}

static tree *between(maker *m, int depth) {
  world_type type = WORLD_INT;
  tree *left = column(m, '*', &type);
  if (left == NULL) left = number(m, depth - 1);
  return three(m,
               pick(m, 5) == 0 ? "(" HOLE " NOT BETWEEN " HOLE " AND " HOLE ")"
                               : "(" HOLE " BETWEEN " HOLE " AND " HOLE ")",
               left, literal(m, type), literal(m, type));
}

static tree *like(maker *m) {
  static const char *const patterns[] = {"a%", "A_c", "%b%", "1%", "longer%", "%", "", "_", "%é%"};
  tree *node = tree_make(m->pool, TREE_EXPR, "(" HOLE " %sLIKE '%s')",
                         pick(m, 4) == 0 ? "NOT " : "", patterns[pick(m, 9)]);
  tree_add(node, text_leaf(m));
  return node;
}

static tree *truth(maker *m, int depth) {
  if (depth <= 0) return compared(m, 0);
  switch (pick(m, 14)) {
    case 0:
    case 1:
      return two(m, "(" HOLE " AND " HOLE ")", truth(m, depth - 1), truth(m, depth - 1));
    case 2:
    case 3:
      return two(m, "(" HOLE " OR " HOLE ")", truth(m, depth - 1), truth(m, depth - 1));
    case 4:
      return one(m, "NOT (" HOLE ")", truth(m, depth - 1));
    case 5:
      return one(m, pick(m, 2) ? "(" HOLE " IS NULL)" : "(" HOLE " IS NOT NULL)", any(m, 0));
    case 6:
      return in_list(m);
    case 7:
      return between(m, depth);
    case 8:
      return like(m);
    case 9:
      return pick(m, 4) == 0 ? number_leaf(m) : compared(m, depth);
    default:
      return compared(m, depth - 1);
  }
}

/* ---- Clauses ---- */

/* Joins of the chosen tables go into `conditions`; t0 refers to each of the others. */
static void joins(maker *m, tree *conditions) {
  int i;
  for (i = 1; i < m->tables; i++) {
    int t = m->table[i];
    tree *node =
        tree_make(m->pool, TREE_PART, pick(m, 2) ? HOLE " = " HOLE : "(" HOLE " = " HOLE ")");
    tree *ref = column_of(m, 0, t), *id = column_of(m, t, 0);
    int turned = pick(m, 2) == 0;
    tree_add(node, turned ? id : ref);
    tree_add(node, turned ? ref : id);
    tree_add(conditions, node);
  }
}

/* FROM and WHERE, into the root. */
static void from_where(maker *m, tree *root) {
  tree *from = list(m, " FROM ", 1), *where = list(m, " WHERE ", 0);
  int as_join = pick(m, 3) == 0, i;
  uint64_t n;
  from->separator = ", ";
  where->separator = " AND ";
  if (as_join) {
    from->separator = " ";
    for (i = 0; i < m->tables; i++) {
      tree *item = tree_make(m->pool, TREE_PART, i == 0 ? "t0" : "JOIN %s ON " HOLE,
                             m->w->table[m->table[i]].name);
      if (i > 0) {
        tree *on = tree_make(m->pool, TREE_PART, HOLE " = " HOLE);
        tree_add(on, column_of(m, 0, m->table[i]));
        tree_add(on, column_of(m, m->table[i], 0));
        tree_add(item, on);
      }
      tree_add(from, item);
    }
  } else {
    int turn = (int)pick(m, (uint64_t)m->tables);
    for (i = 0; i < m->tables; i++)
      tree_add(from, tree_make(m->pool, TREE_PART, "%s",
                               m->w->table[m->table[(i + turn) % m->tables]].name));
    joins(m, where);
  }
  for (n = pick(m, 4); n > 0; n--) tree_add(where, truth(m, (int)pick(m, QUERY_DEPTH)));
  tree_add(root, from);
  tree_add(root, where);
}

static tree *order_item(maker *m, tree *expression) {
  static const char *const ways[] = {
      "", "", "", " ASC", " DESC", " DESC", " NULLS LAST", " DESC NULLS FIRST"};
  tree *node = tree_make(m->pool, TREE_PART, HOLE "%s", ways[pick(m, 8)]);
  tree_add(node, expression);
  return node;
}

static void limit(maker *m, tree *root) {
  tree *node = tree_make(m->pool, TREE_OPTION, " LIMIT %d" HOLE, (int)pick(m, 20));
  tree *offset = tree_make(m->pool, TREE_OPTION, " OFFSET %d", (int)pick(m, 10));
  node->gone = !m->query->ordered || pick(m, 2) == 0;
  offset->gone = pick(m, 3) != 0;
  tree_add(node, offset);
  tree_add(root, node);
}

/* ---- Statements ---- */

/* 1 when a NOCASE column stands in it: which spelling stands for equal ones is nobody's promise. */
static int spells(const maker *m, const tree *node) {
  tree_print print = {0};
  int t, c, found = 0;
  tree_out(node, &print);
  for (t = 0; t < m->w->tables; t++)
    for (c = 0; c < m->w->table[t].columns; c++)
      if (m->w->table[t].column[c].type == WORLD_NOCASE &&
          strstr(print.text, m->w->table[t].column[c].name) != NULL)
        found = 1;
  tree_print_free(&print);
  return found;
}

static tree *spelt(maker *m, tree *node) {
  tree *settled;
  if (!spells(m, node)) return node;
  settled = tree_make(m->pool, TREE_PART, "(" HOLE " COLLATE BINARY)");
  tree_add(settled, node);
  return settled;
}

static void plain(maker *m) {
  int distinct = pick(m, 4) == 0, i;
  tree *outputs = list(m, distinct ? "SELECT DISTINCT " : "SELECT ", 1), *order;
  tree *root = m->query->root = tree_make(m->pool, TREE_PART, HOLE HOLE HOLE HOLE HOLE);
  uint64_t n = 1 + pick(m, 4);
  for (i = 0; i < (int)n; i++) {
    tree *output = pick(m, 3) ? any(m, 0) : any(m, (int)pick(m, QUERY_DEPTH + 1));
    tree_add(outputs, distinct ? spelt(m, output) : output);
  }
  tree_add(root, outputs);
  from_where(m, root);
  order = list(m, " ORDER BY ", 0);
  if (pick(m, 2) == 0) {
    if (!distinct && pick(m, 2)) tree_add(order, order_item(m, any(m, 1)));
    if (distinct) /* all that is put out: what is equal there is one row */
      for (i = 1; i <= (int)n; i++)
        tree_add(order, order_item(m, tree_make(m->pool, TREE_PART, "%d", i)));
    for (i = 0; !distinct && i < m->tables; i++)
      tree_add(order, order_item(m, column_of(m, m->table[i], 0)));
    order->min = order->n; /* without them the order is not known */
    m->query->ordered = 1;
  }
  tree_add(root, order);
  limit(m, root);
}

static tree *aggregate(maker *m) {
  tree *node;
  switch (pick(m, 12)) {
    case 0:
    case 1:
      return tree_make(m->pool, TREE_ATOM, "count(*)");
    case 2:
      node = tree_make(m->pool, TREE_ATOM, "count(" HOLE ")");
      tree_add(node, any(m, 1));
      return node;
    case 3:
      node = tree_make(m->pool, TREE_ATOM, "count(DISTINCT " HOLE ")");
      tree_add(node, any(m, (int)pick(m, 2)));
      return node;
    case 4:
    case 5:
      node = tree_make(m->pool, TREE_ATOM, pick(m, 2) ? "min(" HOLE ")" : "max(" HOLE ")");
      tree_add(node, spelt(m, any(m, (int)pick(m, 2))));
      return node;
    default:
      node = tree_make(m->pool, TREE_ATOM, "%s(" HOLE ")",
                       (const char *[]){"sum", "sum", "sum", "avg", "total", "sum"}[pick(m, 6)]);
      m->exact = 1;
      tree_add(node, number(m, (int)pick(m, 3)));
      m->exact = 0;
      m->query->summed = 1;
      return node;
  }
}

static tree *group_key(maker *m) {
  tree *key = pick(m, 4) != 0 ? column(m, '*', NULL) : NULL, *node;
  if (key != NULL) return pick(m, 4) != 0 ? spelt(m, key) : key;
  node = tree_make(m->pool, TREE_ATOM, HOLE);
  tree_add(node, spelt(m, pick(m, 2) ? number(m, 1) : any(m, 1)));
  return node;
}

/* A key as it is put out. */
static tree *shown(maker *m, tree *key) {
  tree *node = key;
  if (key->kind == TREE_ATOM && spells(m, key)) {
    node = tree_make(m->pool, TREE_PART, "lower(" HOLE ")");
    tree_add(node, key);
  }
  return node;
}

/* An expression over aggregates and keys. */
static tree *over_groups(maker *m, tree *const *keys, int n, int depth) {
  if (depth > 0 && pick(m, 3) == 0) {
    static const char *const forms[] = {"(" HOLE " + " HOLE ")", "(" HOLE " - " HOLE ")",
                                        "(" HOLE " / " HOLE ")", "COALESCE(" HOLE ", " HOLE ")",
                                        "CASE WHEN " HOLE " > 3 THEN " HOLE " END"};
    return two(m, forms[pick(m, 5)], over_groups(m, keys, n, depth - 1),
               over_groups(m, keys, n, depth - 1));
  }
  if (n > 0 && pick(m, 3) == 0) return shown(m, keys[pick(m, (uint64_t)n)]);
  return aggregate(m);
}

static void grouped(maker *m) {
  tree *keys[QUERY_KEYS_MAX], *outputs = list(m, "SELECT ", 1), *group = list(m, " GROUP BY ", 0);
  tree *root = m->query->root = tree_make(m->pool, TREE_PART, HOLE HOLE HOLE HOLE HOLE HOLE HOLE);
  tree *having = tree_make(m->pool, TREE_OPTION, " HAVING " HOLE), *order, *condition;
  int i, n = pick(m, 4) == 0 ? 0 : 1 + (int)pick(m, QUERY_KEYS_MAX);
  uint64_t more = 1 + pick(m, 3);
  for (i = 0; i < n; i++) {
    keys[i] = group_key(m);
    tree_add(group, keys[i]);
    if (pick(m, 5) != 0) tree_add(outputs, shown(m, keys[i]));
  }
  while (more-- > 0) tree_add(outputs, over_groups(m, keys, n, 2));
  condition = tree_make(m->pool, TREE_EXPR, HOLE " %s " HOLE,
                        (const char *[]){">", "<=", "=", "IS NOT"}[pick(m, 4)]);
  tree_add(condition, over_groups(m, keys, n, 1));
  tree_add(condition, literal(m, WORLD_INT));
  tree_add(having, condition);
  having->gone = n == 0 || pick(m, 4) != 0;
  order = list(m, " ORDER BY ", 0);
  if (n > 0 && pick(m, 2) == 0) {
    if (pick(m, 2)) tree_add(order, order_item(m, over_groups(m, keys, n, 1)));
    for (i = 0; i < n; i++) tree_add(order, order_item(m, keys[i]));
    order->min = order->n;
    m->query->ordered = 1;
  }
  tree_add(root, outputs);
  from_where(m, root);
  tree_add(root, group);
  tree_add(root, having);
  tree_add(root, order);
  limit(m, root);
}

void random_query_make(random_query *query, world *w) {
  maker m = {.w = w, .query = query, .pool = &query->pool};
  int t;
  memset(query, 0, sizeof *query);
  m.qualified = pick(&m, 2) == 0;
  m.table[m.tables++] = 0;
  for (t = 1; t < w->tables; t++)
    if (pick(&m, 2)) m.table[m.tables++] = t;
  if (pick(&m, 2))
    plain(&m);
  else
    grouped(&m);
}

void random_query_free(random_query *query) {
  tree_pool_free(&query->pool);
}
/* NOLINTEND(misc-no-recursion) */
