/* SPDX-License-Identifier: MIT */
/*
 * Which edges have expired, as sorted adjacency keys of one direction, so that they can be laid
 * over segments like the delta's own deletions. Rejected: asking the set of what has expired for
 * each edge that an algorithm reads.
 */
#include <string.h>

#include "view_delta_internal.h"

static int gone_add(tv_graph *graph, tvi_buffer *keys, tv_node node, uint32_t type,
                    tv_node neighbour, tv_edge edge) {
  unsigned char key[TVI_ADJ_KEY_BYTES];
  tvi_adj_key(key, node, type, neighbour, edge);
  if (tvi_buffer_append(keys, key, sizeof key) == TV_OK) return TV_OK;
  return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for the edges that have expired");
}

/* The edges of an expired node: seen from it (side == direction), or from their other end. */
static int gone_add_node(tv_graph *graph, int direction, int side, tv_node node, tvi_buffer *keys) {
  tvi_type_set all = {0};
  tvi_adj_reader reader;
  tvi_adj_run run;
  size_t i;
  int status = tvi_adj_open(&reader, graph, side, &all);
  if (status != TV_OK) return status;
  reader.raw = 1;
  tvi_adj_seek(&reader, node);
  while (status == TV_OK && (status = tvi_adj_next(&reader, &run)) == TV_OK)
    for (i = 0; i < run.n && status == TV_OK; i++)
      status = side == direction
                   ? gone_add(graph, keys, node, run.type, run.neighbours[i], run.edges[i])
                   : gone_add(graph, keys, run.neighbours[i], run.type, node, run.edges[i]);
  tvi_adj_close(&reader);
  return status == TV_END ? TV_OK : status;
}

static int gone_collect(tv_graph *graph, int direction, tvi_buffer *keys) {
  size_t i;
  int status = TV_OK;
  for (i = 0; i < graph->gone_slots && status == TV_OK; i++) {
    tv_edge_ref ref;
    tvi_mortal kind;
    uint64_t id;
    if (!tvi_gone_at(graph, i, &kind, &id)) continue;
    if (kind == TVI_MORTAL_NODE) {
      status = gone_add_node(graph, direction, TV_OUT, id, keys);
      if (status == TV_OK) status = gone_add_node(graph, direction, TV_IN, id, keys);
      continue;
    }
    status = tvi_edge_lookup(graph, id, &ref);
    if (status == TV_NOTFOUND) { /* swept in this transaction */
      status = TV_OK;
      continue;
    }
    if (status == TV_OK)
      status = direction == TV_OUT ? gone_add(graph, keys, ref.from, ref.type, ref.to, ref.edge)
                                   : gone_add(graph, keys, ref.to, ref.type, ref.from, ref.edge);
  }
  return status;
}

/* ---- Heap sort: in place, and no order of the keys makes it slow ---- */

static unsigned char *gone_at(unsigned char *keys, size_t i) {
  return keys + i * TVI_ADJ_KEY_BYTES;
}

static void gone_swap(unsigned char *keys, size_t i, size_t j) {
  unsigned char moved[TVI_ADJ_KEY_BYTES];
  memcpy(moved, gone_at(keys, i), sizeof moved);
  memcpy(gone_at(keys, i), gone_at(keys, j), sizeof moved);
  memcpy(gone_at(keys, j), moved, sizeof moved);
}

static int gone_less(unsigned char *keys, size_t i, size_t j) {
  return memcmp(gone_at(keys, i), gone_at(keys, j), TVI_ADJ_KEY_BYTES) < 0;
}

static void gone_sink(unsigned char *keys, size_t i, size_t n) {
  while (2 * i + 1 < n) {
    size_t child = 2 * i + 1;
    if (child + 1 < n && gone_less(keys, child, child + 1)) child++;
    if (!gone_less(keys, i, child)) return;
    gone_swap(keys, i, child);
    i = child;
  }
}

static void gone_sort(unsigned char *keys, size_t n) {
  size_t i;
  for (i = n / 2; i-- > 0;) gone_sink(keys, i, n);
  for (i = n; i-- > 1;) {
    gone_swap(keys, 0, i);
    gone_sink(keys, 0, i);
  }
}

int tvi_gone_keys(tv_graph *graph, int direction, tvi_buffer *keys) {
  size_t n, i, kept = 0;
  int status;
  if (graph->gone_count == 0) return TV_OK;
  status = gone_collect(graph, direction, keys);
  n = keys->size / TVI_ADJ_KEY_BYTES;
  if (status != TV_OK || n == 0) return status;
  gone_sort(keys->data, n);
  for (i = 1; i < n; i++)
    if (gone_less(keys->data, kept, i))
      memmove(gone_at(keys->data, ++kept), gone_at(keys->data, i), TVI_ADJ_KEY_BYTES);
  keys->size = (kept + 1) * TVI_ADJ_KEY_BYTES;
  return TV_OK;
}
