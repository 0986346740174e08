/* SPDX-License-Identifier: MIT */
/*
 * The memory of a bound plan: pages that are filled from the front and freed together. Single
 * allocations were rejected: a tree that fails half-made would have to be taken apart again.
 */
#include <string.h>

#include "plan_internal.h"

#define PLAN_PAGE_BYTES 4000u

struct tvi_plan_page {
  struct tvi_plan_page *next;
  size_t used, size;
  max_align_t bytes[];
};

tvi_plan *tvi_plan_new(void) {
  return tvi_zalloc(sizeof(tvi_plan));
}

void tvi_plan_free(tvi_plan *plan) {
  struct tvi_plan_page *page, *next;

  if (plan == NULL) return;
  for (page = plan->pages; page != NULL; page = next) {
    next = page->next;
    tvi_free(page);
  }
  tvi_free(plan);
}

void *tvi_plan_alloc(tvi_plan *plan, size_t size) {
  struct tvi_plan_page *page = plan->pages;
  void *room;

  size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
  if (page == NULL || size > page->size - page->used) {
    size_t bytes = size > PLAN_PAGE_BYTES ? size : PLAN_PAGE_BYTES;
    page = tvi_zalloc(sizeof *page + bytes);
    if (page == NULL) return NULL;
    page->size = bytes;
    page->next = plan->pages;
    plan->pages = page;
  }
  room = (unsigned char *)page->bytes + page->used;
  page->used += size;
  return room;
}

tvi_expr *tvi_plan_expr(tvi_plan *plan, tvi_expr_op op, int args) {
  tvi_expr *expr = tvi_plan_alloc(plan, sizeof *expr);

  if (expr == NULL) return NULL;
  expr->op = op;
  expr->args = args;
  expr->value.type = SQLITE_NULL;
  if (args == 0) return expr;
  expr->arg = tvi_plan_alloc(plan, (size_t)args * sizeof(tvi_expr *));
  return expr->arg == NULL ? NULL : expr;
}
