/* SPDX-License-Identifier: MIT */
/*
 * Which nodes are the same expression: GROUP BY a + 1 is found again in SELECT (A+1) * 2. Each node
 * is hashed over the classes of its children, which are known before it, so that no two trees are
 * ever compared. Comparing the statement's text was rejected: it takes t.a and a for two things.
 */
#include <string.h>

#include "query_internal.h"

static uint64_t alike_mix(uint64_t hash, uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15u + (hash << 6) + (hash >> 2);
  return hash * 0xff51afd7ed558ccdu;
}

/* 1: text of such a node counts with its case. */
static int alike_is_exact(int kind) {
  return kind == TVI_QN_STRING || kind == TVI_QN_VARIABLE;
}

static int alike_has_text(int kind) {
  return kind == TVI_QN_INTEGER || kind == TVI_QN_FLOAT || kind == TVI_QN_STRING ||
         kind == TVI_QN_BLOB || kind == TVI_QN_VARIABLE || kind == TVI_QN_CAST ||
         kind == TVI_QN_COLLATE || kind == TVI_QN_CALL;
}

static int alike_child(const tvi_query_binder *binder, int node) {
  return node < 0 ? -1 : binder->bound[node].alike;
}

static uint64_t alike_hash(const tvi_query_binder *binder, int node) {
  const tvi_query_node *at = &binder->query->node[node];
  const tvi_query_bound *bound = &binder->bound[node];
  uint64_t hash = alike_mix(at->kind, at->op);
  uint32_t i;
  int child;

  if (at->kind == TVI_QN_NAME)
    return alike_mix(alike_mix(hash, (uint64_t)bound->table), (uint64_t)bound->column);
  hash = alike_mix(hash, (uint64_t)alike_child(binder, at->left));
  hash = alike_mix(hash, (uint64_t)alike_child(binder, at->right));
  hash = alike_mix(hash, (uint64_t)alike_child(binder, at->third));
  for (child = at->list; child >= 0; child = binder->query->node[child].next)
    hash = alike_mix(hash, (uint64_t)alike_child(binder, child));
  if (alike_has_text(at->kind))
    for (i = 0; i < at->text.size; i++)
      hash = alike_mix(hash, (unsigned char)binder->query->sql[at->text.at + i] & 0xdfu);
  return hash;
}

static int alike_same_text(const tvi_query *query, const tvi_query_node *a,
                           const tvi_query_node *b) {
  const char *left = query->sql + a->text.at, *right = query->sql + b->text.at;
  if (!alike_has_text(a->kind)) return 1;
  if (a->text.size != b->text.size) return 0;
  if (alike_is_exact(a->kind)) return memcmp(left, right, a->text.size) == 0;
  return sqlite3_strnicmp(left, right, (int)a->text.size) == 0;
}

static int alike_equal(const tvi_query_binder *binder, int left, int right) {
  const tvi_query *query = binder->query;
  const tvi_query_node *a = &query->node[left], *b = &query->node[right];
  int i, j;

  if (a->kind != b->kind || a->op != b->op || a->distinct != b->distinct || a->star != b->star)
    return 0;
  if (a->kind == TVI_QN_NAME)
    return binder->bound[left].table >= 0 &&
           binder->bound[left].table == binder->bound[right].table &&
           binder->bound[left].column == binder->bound[right].column;
  if (a->kind == TVI_QN_VARIABLE && a->text.size == 1) return 0; /* each ? is another one */
  if (alike_child(binder, a->left) != alike_child(binder, b->left) ||
      alike_child(binder, a->right) != alike_child(binder, b->right) ||
      alike_child(binder, a->third) != alike_child(binder, b->third))
    return 0;
  for (i = a->list, j = b->list; i >= 0 && j >= 0; i = query->node[i].next, j = query->node[j].next)
    if (alike_child(binder, i) != alike_child(binder, j)) return 0;
  return i < 0 && j < 0 && alike_same_text(query, a, b);
}

int tvi_query_bind_alike(tvi_query_binder *binder) {
  int nodes = binder->query->nodes, buckets = 64, k, *head, *next;

  while (buckets < nodes) buckets *= 2;
  head = tvi_alloc(((size_t)buckets + (size_t)nodes) * sizeof *head);
  if (head == NULL) return TV_ENOMEM;
  next = head + buckets;
  for (k = 0; k < buckets; k++) head[k] = -1;
  for (k = 0; k < nodes; k++) {
    int node = tvi_query_nth(binder, k), bucket, other;
    tvi_query_bound *bound = &binder->bound[node];
    if (bound->same >= 0) {
      bound->alike = binder->bound[bound->same].alike;
      continue;
    }
    bucket = (int)(alike_hash(binder, node) & (uint64_t)(buckets - 1));
    for (other = head[bucket]; other >= 0; other = next[other])
      if (alike_equal(binder, other, node)) break;
    bound->alike = other >= 0 ? other : node;
    if (other >= 0) continue;
    next[node] = head[bucket];
    head[bucket] = node;
  }
  tvi_free(head);
  return TV_OK;
}
