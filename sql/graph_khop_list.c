/* SPDX-License-Identifier: MIT */
/*
 * Breadth-first searches from many nodes at once, for `start IN (...)`: 64 of them share one
 * frontier, in which each node carries a bit for every search that stands there (M. Then and
 * others, "The More the Merrier: Efficient Multi-Source Graph Traversal", VLDB 2014). A node that
 * several searches reach in the same step is expanded once for all. The rows are those of single
 * searches, so that an answer does not depend on the plan; one search from the whole set was
 * rejected, as it would tell of each node only its nearest start.
 */
#include <string.h>

#include "graph_khop_internal.h"

#define KHOP_LIST_WIDTH 64u
#define KHOP_LIST_SLOTS ((size_t)64) /* at first */

typedef struct khop_list_place {
  tv_node node;
  uint64_t seen, next; /* bits of searches that reached it; that reach it in this step */
} khop_list_place;

typedef struct khop_list {
  tvi_khop_cursor *cursor;
  size_t first; /* of the starts, bit 0 */
  uint32_t depth;
  tvi_buffer places; /* khop_list_place, in the order in which nodes were met */
  size_t *slots;     /* hash table of place + 1; 0 is free */
  size_t slot_count;
  tvi_buffer frontier, bits; /* tv_node, uint64_t: ascending nodes and their searches */
  tvi_buffer reached;        /* size_t: places with `next` bits */
  int no_memory;
} khop_list;

static khop_list_place *khop_list_at(const khop_list *list, size_t i) {
  return (khop_list_place *)(void *)list->places.data + i;
}

static size_t khop_list_slot(const khop_list *list, tv_node node) {
  size_t mask = list->slot_count - 1;
  size_t at = (size_t)((node * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & mask;

  while (list->slots[at] != 0 && khop_list_at(list, list->slots[at] - 1)->node != node)
    at = (at + 1) & mask;
  return at;
}

static int khop_list_grow(khop_list *list) {
  size_t count = list->slot_count == 0 ? KHOP_LIST_SLOTS : list->slot_count * 2, i;
  size_t n = list->places.size / sizeof(khop_list_place);
  size_t *slots = tvi_zalloc(count * sizeof *slots);

  if (slots == NULL) return TV_ENOMEM;
  tvi_free(list->slots);
  list->slots = slots;
  list->slot_count = count;
  for (i = 0; i < n; i++) slots[khop_list_slot(list, khop_list_at(list, i)->node)] = i + 1;
  return TV_OK;
}

/* The place of a node, made when it is new. TV_OK or TV_ENOMEM. */
static int khop_list_find(khop_list *list, tv_node node, size_t *place) {
  size_t n = list->places.size / sizeof(khop_list_place), at;
  khop_list_place fresh = {node, 0, 0};

  if ((list->slots == NULL || n >= list->slot_count / 2) && khop_list_grow(list) != TV_OK)
    return TV_ENOMEM;
  at = khop_list_slot(list, node);
  if (list->slots[at] == 0) {
    if (tvi_buffer_append(&list->places, &fresh, sizeof fresh) != TV_OK) return TV_ENOMEM;
    list->slots[at] = n + 1;
  }
  *place = list->slots[at] - 1;
  return TV_OK;
}

/* A row for each of the searches in `bits`. Non-zero: stop. */
static int khop_list_rows(khop_list *list, uint64_t bits, tv_node node, tv_node parent,
                          const tv_edge_ref *edge) {
  tvi_khop_row row = {.node = node, .parent = parent, .depth = list->depth};

  if (edge != NULL) {
    row.edge = edge->edge;
    row.type = edge->type;
  }
  for (; bits != 0; bits &= bits - 1) {
    row.start = list->first + (size_t)__builtin_ctzll(bits);
    if (tvi_graph_rows_add(&list->cursor->base, &row)) return 1;
  }
  return 0;
}

/* Searches in `bits` arrive at a node. Non-zero: stop. */
static int khop_list_arrive(khop_list *list, uint64_t bits, tv_node node, tv_node parent,
                            const tv_edge_ref *edge) {
  khop_list_place *place;
  size_t at;

  list->no_memory = 1;
  if (khop_list_find(list, node, &at) != TV_OK) return 1;
  place = khop_list_at(list, at);
  bits &= ~place->seen;
  if (bits != 0 && place->next == 0 && tvi_buffer_append(&list->reached, &at, sizeof at) != TV_OK)
    return 1;
  list->no_memory = 0;
  place->seen |= bits;
  place->next |= bits;
  return khop_list_rows(list, bits, node, parent, edge);
}

static int khop_list_visit(void *ctx, size_t index, tv_node neighbour, const tv_edge_ref *edge) {
  khop_list *list = ctx;
  const tv_node *frontier = (const tv_node *)(const void *)list->frontier.data;
  const uint64_t *bits = (const uint64_t *)(const void *)list->bits.data;

  if (tvi_graph_poll(&list->cursor->base)) return 1;
  return khop_list_arrive(list, bits[index], neighbour, frontier[index], edge);
}

/* Makes the nodes that were reached the next frontier, in ascending order. */
static int khop_list_turn(khop_list *list) {
  size_t n = list->reached.size / sizeof(size_t), i, at;
  const size_t *reached = (const size_t *)(const void *)list->reached.data;
  tv_node *frontier;

  list->frontier.size = list->bits.size = 0;
  for (i = 0; i < n; i++)
    if (tvi_buffer_append(&list->frontier, &khop_list_at(list, reached[i])->node,
                          sizeof(tv_node)) != TV_OK)
      return TV_ENOMEM;
  frontier = (tv_node *)(void *)list->frontier.data;
  n = tvi_graph_nodes_sort(frontier, n);
  for (i = 0; i < n; i++) {
    khop_list_place *place;
    if (khop_list_find(list, frontier[i], &at) != TV_OK) return TV_ENOMEM;
    place = khop_list_at(list, at);
    if (tvi_buffer_append(&list->bits, &place->next, sizeof place->next) != TV_OK) return TV_ENOMEM;
    place->next = 0;
  }
  list->reached.size = 0;
  return TV_OK;
}

/* Up to 64 searches from `first` on. */
static int khop_list_run(khop_list *list, size_t n, int direction, tv_types types,
                         uint32_t depth_max) {
  tvi_khop_cursor *cursor = list->cursor;
  int status = TV_OK;
  size_t i;

  list->places.size = list->reached.size = 0;
  if (list->slots != NULL) memset(list->slots, 0, list->slot_count * sizeof *list->slots);
  list->depth = 0;
  for (i = 0; i < n; i++)
    if (khop_list_arrive(list, UINT64_C(1) << i, cursor->starts.nodes[list->first + i],
                         TV_NODE_NONE, NULL))
      return list->no_memory ? TV_ENOMEM : TV_STOP;
  while (status == TV_OK && list->reached.size > 0 && list->depth < depth_max) {
    status = khop_list_turn(list);
    if (status != TV_OK) break;
    list->depth++;
    status = tv_graph_expand(cursor->base.graph, list->frontier.size / sizeof(tv_node),
                             (const tv_node *)(const void *)list->frontier.data, direction, types,
                             khop_list_visit, list);
  }
  return list->no_memory ? TV_ENOMEM : status;
}

int tvi_khop_list(tvi_khop_cursor *cursor, int direction, tv_types types, uint32_t depth_max) {
  khop_list list = {.cursor = cursor};
  int status = TV_OK;

  for (; status == TV_OK && list.first < cursor->starts.n; list.first += KHOP_LIST_WIDTH) {
    size_t n = cursor->starts.n - list.first;
    status = khop_list_run(&list, n < KHOP_LIST_WIDTH ? n : KHOP_LIST_WIDTH, direction, types,
                           depth_max);
  }
  tvi_buffer_free(&list.places);
  tvi_buffer_free(&list.frontier);
  tvi_buffer_free(&list.bits);
  tvi_buffer_free(&list.reached);
  tvi_free(list.slots);
  if (list.no_memory) cursor->base.rows_status = TV_ENOMEM;
  return status;
}
