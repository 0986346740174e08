/* SPDX-License-Identifier: MIT */
/*
 * A statement as a tree that can be printed and made smaller. What a node may be replaced by is
 * known from its kind alone, so a shrinker needs no grammar.
 */
#ifndef TRIVET_RANDOM_TREE_H
#define TRIVET_RANDOM_TREE_H

#include <stddef.h>

#define TREE_HOLE "\1" /* in a node's text: where the next child stands */

typedef enum tree_kind {
  TREE_PART,      /* stays; its children may change */
  TREE_EXPR,      /* may become one of the expressions inside it, or a literal */
  TREE_ATOM,      /* an expression whose inside is left alone; may become a literal */
  TREE_PARAMETER, /* a literal that is bound: printed as ?N */
  TREE_LIST,      /* text, then the children with the separator between; nothing when it is empty */
  TREE_OPTION     /* may be left out */
} tree_kind;

typedef struct tree tree;
struct tree {
  tree_kind kind;
  const char *text, *separator;
  int min;  /* children that a list keeps */
  int gone; /* an option that is left out */
  int n, capacity;
  tree **child;
  tree *next_made; /* of the pool */
};

/* Everything that a tree is made of; emptied at once. */
typedef struct tree_pool {
  tree *made;
} tree_pool;

#define TREE_PARAMETERS_MAX 32
typedef struct tree_print {
  char *text;
  size_t size, capacity;
  const char *parameter[TREE_PARAMETERS_MAX]; /* literals for ?1, ?2, ... */
  int parameters;
} tree_print;

tree *tree_make(tree_pool *pool, tree_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tree_add(tree *parent, tree *child);
void tree_pool_free(tree_pool *pool);
/* Prints into out, whose text is grown; parameters are numbered as they come. */
void tree_out(const tree *node, tree_print *out);
void tree_print_free(tree_print *out);

#endif
