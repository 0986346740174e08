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
#define KHOP_LIST_CHUNK_BITS 10
#define KHOP_LIST_CHUNK ((size_t)1 << KHOP_LIST_CHUNK_BITS)

typedef struct khop_list_place {
  uint64_t seen, next; /* bits of searches that reached it; that reach it in this step */
} khop_list_place;

typedef struct khop_list {
  tvi_khop_cursor *cursor;
  size_t first; /* of the starts, bit 0 */
  uint32_t depth;
  khop_list_place **chunks; /* places by id; a chunk gets memory when a node of it is reached */
  size_t chunk_count, chunks_used;
  tvi_buffer frontier, bits; /* tv_node, uint64_t: ascending nodes and their searches */
  tvi_buffer reached;        /* tv_node: those with `next` bits */
  int no_memory;
} khop_list;

/* The place of a node. NULL: no memory. */
static khop_list_place *khop_list_at(khop_list *list, tv_node node) {
  size_t at = (size_t)(node >> KHOP_LIST_CHUNK_BITS);

  if (at >= list->chunk_count) return NULL; /* an id that was never given out */
  if (list->chunks[at] == NULL) {
    list->chunks[at] = tvi_zalloc(KHOP_LIST_CHUNK * sizeof **list->chunks);
    if (list->chunks[at] == NULL) return NULL;
    list->chunks_used++;
  }
  return &list->chunks[at][node & (KHOP_LIST_CHUNK - 1)];
}

static int khop_list_open(khop_list *list) {
  tv_graph_stat stat;
  int status = tv_graph_stat_get(list->cursor->base.graph, &stat);

  if (status != TV_OK) return status;
  list->chunk_count = (size_t)(stat.node_ids >> KHOP_LIST_CHUNK_BITS) + 1;
  list->chunks = tvi_zalloc(list->chunk_count * sizeof *list->chunks);
  list->no_memory = list->chunks == NULL;
  return list->no_memory ? TV_ENOMEM : TV_OK;
}

/* Forgets the searches that are done. */
static void khop_list_clear(khop_list *list) {
  size_t i;

  for (i = 0; i < list->chunk_count; i++)
    if (list->chunks[i] != NULL)
      memset(list->chunks[i], 0, KHOP_LIST_CHUNK * sizeof **list->chunks);
  list->reached.size = 0;
}

static void khop_list_close(khop_list *list) {
  size_t i;

  for (i = 0; i < list->chunk_count && list->chunks != NULL; i++) tvi_free(list->chunks[i]);
  tvi_free(list->chunks);
  tvi_buffer_free(&list->frontier);
  tvi_buffer_free(&list->bits);
  tvi_buffer_free(&list->reached);
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
  khop_list_place *place = khop_list_at(list, node);

  list->no_memory = place == NULL;
  if (place == NULL) return 1;
  bits &= ~place->seen;
  if (bits == 0) return 0;
  if (place->next == 0 && tvi_buffer_append(&list->reached, &node, sizeof node) != TV_OK) {
    list->no_memory = 1;
    return 1;
  }
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

static int khop_list_take(khop_list *list, tv_node node, khop_list_place *place) {
  if (tvi_buffer_append(&list->frontier, &node, sizeof node) != TV_OK ||
      tvi_buffer_append(&list->bits, &place->next, sizeof place->next) != TV_OK)
    return TV_ENOMEM;
  place->next = 0;
  return TV_OK;
}

/* All places in order: for a frontier that is a good part of them. */
static int khop_list_turn_all(khop_list *list) {
  size_t i, j;
  int status = TV_OK;

  for (i = 0; i < list->chunk_count; i++) {
    khop_list_place *chunk = list->chunks[i];
    for (j = 0; chunk != NULL && j < KHOP_LIST_CHUNK && status == TV_OK; j++)
      if (chunk[j].next != 0)
        status = khop_list_take(list, (tv_node)(i << KHOP_LIST_CHUNK_BITS | j), &chunk[j]);
  }
  return status;
}

/* Makes the nodes that were reached the next frontier, in ascending order. */
static int khop_list_turn(khop_list *list) {
  size_t n = list->reached.size / sizeof(tv_node), i;
  tv_node *reached = (tv_node *)(void *)list->reached.data;
  int status = TV_OK;

  list->frontier.size = list->bits.size = list->reached.size = 0;
  if (n > list->chunks_used * (KHOP_LIST_CHUNK / 16)) return khop_list_turn_all(list);
  n = tvi_graph_nodes_sort(reached, n);
  for (i = 0; i < n && status == TV_OK; i++)
    status = khop_list_take(list, reached[i], khop_list_at(list, reached[i]));
  return status;
}

/* Up to 64 searches from `first` on. */
static int khop_list_run(khop_list *list, size_t n, int direction, tv_types types,
                         uint32_t depth_max) {
  tvi_khop_cursor *cursor = list->cursor;
  int status = TV_OK;
  size_t i;

  khop_list_clear(list);
  list->depth = 0;
  for (i = 0; i < n; i++)
    if (khop_list_arrive(list, UINT64_C(1) << i, cursor->starts.nodes[list->first + i],
                         TV_NODE_NONE, NULL))
      return list->no_memory ? TV_ENOMEM : TV_STOP;
  while (status == TV_OK && list->reached.size > 0 && list->depth < depth_max) {
    list->no_memory = khop_list_turn(list) != TV_OK;
    if (list->no_memory) return TV_ENOMEM;
    list->depth++;
    status = tv_graph_expand(cursor->base.graph, list->frontier.size / sizeof(tv_node),
                             (const tv_node *)(const void *)list->frontier.data, direction, types,
                             khop_list_visit, list);
  }
  return list->no_memory ? TV_ENOMEM : status;
}

int tvi_khop_list(tvi_khop_cursor *cursor, int direction, tv_types types, uint32_t depth_max) {
  khop_list list = {.cursor = cursor};
  int status = khop_list_open(&list);

  for (; status == TV_OK && list.first < cursor->starts.n; list.first += KHOP_LIST_WIDTH) {
    size_t n = cursor->starts.n - list.first;
    status = khop_list_run(&list, n < KHOP_LIST_WIDTH ? n : KHOP_LIST_WIDTH, direction, types,
                           depth_max);
  }
  khop_list_close(&list);
  if (list.no_memory) cursor->base.rows_status = TV_ENOMEM;
  return status;
}
