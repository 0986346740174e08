/* SPDX-License-Identifier: MIT */
#include "random_tree.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Trees are walked as they are made, by functions that call each other; the generator bounds their
 * depth. */
/* NOLINTBEGIN(misc-no-recursion) */

static void *tree_room(void *old, size_t bytes) {
  void *room = realloc(old, bytes);
  if (room == NULL) abort();
  return room;
}

tree *tree_make(tree_pool *pool, tree_kind kind, const char *format, ...) {
  tree *node = tree_room(NULL, sizeof *node);
  char text[512];
  size_t size;
  va_list args;
  memset(node, 0, sizeof *node);
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  size = strlen(text) + 1;
  node->kind = kind;
  node->text = memcpy(tree_room(NULL, size), text, size);
  node->separator = ", ";
  node->next_made = pool->made;
  pool->made = node;
  return node;
}

void tree_add(tree *parent, tree *child) {
  if (parent->n == parent->capacity) {
    parent->capacity = parent->capacity * 2 + 2;
    parent->child = tree_room(parent->child, (size_t)parent->capacity * sizeof(tree *));
  }
  parent->child[parent->n++] = child;
}

void tree_pool_free(tree_pool *pool) {
  while (pool->made != NULL) {
    tree *node = pool->made;
    pool->made = node->next_made;
    free((char *)(uintptr_t)node->text);
    free(node->child);
    free(node);
  }
}

static void tree_say(tree_print *out, const char *text, size_t size) {
  if (out->size + size + 1 > out->capacity) {
    out->capacity = (out->size + size + 1) * 2;
    out->text = tree_room(out->text, out->capacity);
  }
  memcpy(out->text + out->size, text, size);
  out->size += size;
  out->text[out->size] = '\0';
}

static void tree_list(const tree *node, tree_print *out) {
  int i;
  if (node->n == 0) return;
  tree_say(out, node->text, strlen(node->text));
  for (i = 0; i < node->n; i++) {
    if (i > 0) tree_say(out, node->separator, strlen(node->separator));
    tree_out(node->child[i], out);
  }
}

/* Depth is bounded by the generator's. */
void tree_out(const tree *node, tree_print *out) {
  const char *at = node->text;
  int child = 0;
  char number[16];
  if (node->gone) return;
  if (node->kind == TREE_LIST) {
    tree_list(node, out);
    return;
  }
  if (node->kind == TREE_PARAMETER && out->parameters < TREE_PARAMETERS_MAX) {
    out->parameter[out->parameters++] = node->text;
    tree_say(out, number, (size_t)snprintf(number, sizeof number, "?%d", out->parameters));
    return;
  }
  while (*at != '\0') {
    size_t plain = strcspn(at, TREE_HOLE);
    tree_say(out, at, plain);
    at += plain;
    if (*at == '\0') break;
    if (child < node->n) tree_out(node->child[child++], out);
    at++;
  }
}

void tree_print_free(tree_print *out) {
  free(out->text);
  memset(out, 0, sizeof *out);
}
/* NOLINTEND(misc-no-recursion) */
