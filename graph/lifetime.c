/* SPDX-License-Identifier: MIT */
/*
 * Lifetimes of nodes and edges. A part of its own, made when the first lifetime of a graph is set,
 * orders them by their end and finds them by id:
 *
 *   key: 't', be64 microseconds since 1970, 'n' or 'e', be40 id     value: empty
 *   key: 'n' or 'e', be40 id                                        value: sealed be64 time
 *
 * A transaction's clock stands still, so what has expired for it is known when it first looks at
 * the graph: the rows up to now become a set in memory, and each read asks that set. A graph
 * without lifetimes has no set and pays a comparison; sweeping keeps the set small. Rejected: an
 * expiry time in each record. An edge is found by its key alone, so a traversal would read a value
 * for every edge it passes, and an edge at a node that expired has no time of its own.
 */
#include <inttypes.h>
#include <string.h>

#include "graph_internal.h"

#define LIFETIME_ROW_BYTES 15
#define LIFETIME_ID_BYTES 6
#define LIFETIME_GONE_FIRST 64
#define LIFETIME_SWEEP_STEP 16 /* things swept by each write */

static const char lifetime_letters[2] = {'n', 'e'}; /* by tvi_mortal */

/* ---- The set of what has expired ---- */

static size_t lifetime_slot(const uint64_t *slots, size_t count, uint64_t member) {
  size_t at = (size_t)(member * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (count - 1);
  while (slots[at] != 0 && slots[at] != member) at = (at + 1) & (count - 1);
  return at;
}

/* Never 0, which marks a free slot. */
static uint64_t lifetime_member(tvi_mortal kind, uint64_t id) {
  return (id + 1) << 1 | (uint64_t)kind;
}

int tvi_gone_find(const tv_graph *graph, tvi_mortal kind, uint64_t id) {
  uint64_t member = lifetime_member(kind, id);
  return graph->gone[lifetime_slot(graph->gone, graph->gone_slots, member)] == member;
}

int tvi_gone_at(const tv_graph *graph, size_t slot, tvi_mortal *kind, uint64_t *id) {
  uint64_t member = graph->gone[slot];
  if (member == 0) return 0;
  *kind = (member & 1) != 0 ? TVI_MORTAL_EDGE : TVI_MORTAL_NODE;
  *id = (member >> 1) - 1;
  return 1;
}

static int lifetime_gone_add(tv_graph *graph, uint64_t member) {
  size_t count = graph->gone_slots == 0 ? LIFETIME_GONE_FIRST : graph->gone_slots * 2, i;
  uint64_t *slots;
  if (graph->gone_count * 2 >= graph->gone_slots) {
    slots = tvi_zalloc(count * sizeof *slots);
    if (slots == NULL)
      return tvi_txn_fail(graph->txn, TV_ENOMEM, 0, "no memory for %zu expired things",
                          graph->gone_count);
    for (i = 0; i < graph->gone_slots; i++)
      if (graph->gone[i] != 0) slots[lifetime_slot(slots, count, graph->gone[i])] = graph->gone[i];
    tvi_free(graph->gone);
    graph->gone = slots;
    graph->gone_slots = count;
  }
  graph->gone[lifetime_slot(graph->gone, graph->gone_slots, member)] = member;
  graph->gone_count++;
  return TV_OK;
}

void tvi_lifetimes_forget(tv_graph *graph) {
  tvi_free(graph->gone);
  graph->gone = NULL;
  graph->gone_slots = graph->gone_count = 0;
  graph->swept = 0;
}

/* ---- Rows ---- */

static int lifetime_damaged(tv_graph *graph) {
  char shown[TVI_SHOW_BYTES];
  return tvi_txn_fail(graph->txn, TV_ECORRUPT, 0, "graph \"%s\": its list of lifetimes is damaged",
                      tvi_show(tv_str(tvi_graph_name(graph)), shown));
}

typedef struct lifetime_row {
  int64_t expires;
  tvi_mortal kind;
  uint64_t id;
} lifetime_row;

/* The first row, or the one after the cursor's. TV_END also when its time has not come. */
static int lifetime_next(tv_graph *graph, tv_cursor *cursor, int first, lifetime_row *row) {
  const unsigned char *bytes;
  tv_slice key = {NULL, 0};
  int status =
      first ? tv_cursor_seek(cursor, tv_str("t"), &key, NULL) : tv_cursor_next(cursor, &key, NULL);
  if (status != TV_OK) return status;
  bytes = key.data;
  if (key.size != LIFETIME_ROW_BYTES || bytes[0] != 't' || (bytes[9] != 'n' && bytes[9] != 'e'))
    return lifetime_damaged(graph);
  row->expires = (int64_t)tvi_load_be64(bytes + 1);
  row->kind = bytes[9] == 'n' ? TVI_MORTAL_NODE : TVI_MORTAL_EDGE;
  row->id = tvi_load_be40(bytes + 10);
  return row->expires > tv_txn_now(graph->txn) ? TV_END : TV_OK;
}

int tvi_lifetimes_load(tv_graph *graph) {
  tv_store *store;
  tv_cursor *cursor;
  lifetime_row row;
  int first = 1, status;
  tvi_lifetimes_forget(graph);
  status = tvi_graph_store(graph, TVI_GRAPH_EXPIRY, &store);
  if (status == TV_OK) status = tv_cursor_open(store, &cursor);
  if (status != TV_OK) return status;
  while ((status = lifetime_next(graph, cursor, first, &row)) == TV_OK) {
    first = 0;
    status = lifetime_gone_add(graph, lifetime_member(row.kind, row.id));
    if (status != TV_OK) break;
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

static tv_slice lifetime_row_key(const lifetime_row *row, unsigned char key[LIFETIME_ROW_BYTES]) {
  key[0] = 't';
  tvi_store_be64(key + 1, (uint64_t)row->expires);
  key[9] = (unsigned char)lifetime_letters[row->kind];
  tvi_store_be40(key + 10, row->id);
  return tv_bytes(key, LIFETIME_ROW_BYTES);
}

static tv_slice lifetime_id_key(const lifetime_row *row, unsigned char key[LIFETIME_ID_BYTES]) {
  key[0] = (unsigned char)lifetime_letters[row->kind];
  tvi_store_be40(key + 1, row->id);
  return tv_bytes(key, LIFETIME_ID_BYTES);
}

/* The time at which it ends; 0: never. */
static int lifetime_get(tv_graph *graph, tvi_mortal kind, uint64_t id, int64_t *expires) {
  unsigned char key[LIFETIME_ID_BYTES];
  lifetime_row row = {0, kind, id};
  tv_store *store;
  tv_slice time;
  int status;
  *expires = 0;
  if ((graph->features & TVI_GRAPH_HAS_EXPIRY) == 0) return TV_OK;
  status = tvi_graph_store(graph, TVI_GRAPH_EXPIRY, &store);
  if (status == TV_OK) status = tvi_sealed_get(store, lifetime_id_key(&row, key), &time);
  if (status == TV_NOTFOUND) return TV_OK;
  if (status == TV_ECORRUPT || (status == TV_OK && time.size != 8)) return lifetime_damaged(graph);
  if (status == TV_OK) *expires = (int64_t)tvi_load_be64(time.data);
  return status;
}

int tvi_lifetime_forget(tv_graph *graph, tvi_mortal kind, uint64_t id) {
  unsigned char key[LIFETIME_ROW_BYTES], id_key[LIFETIME_ID_BYTES];
  lifetime_row row = {0, kind, id};
  tv_store *store;
  int status = lifetime_get(graph, kind, id, &row.expires);
  if (status != TV_OK || row.expires == 0) return status;
  status = tvi_graph_store(graph, TVI_GRAPH_EXPIRY, &store);
  if (status == TV_OK) status = tv_store_delete(store, lifetime_row_key(&row, key));
  if (status == TV_OK) status = tv_store_delete(store, lifetime_id_key(&row, id_key));
  return status == TV_NOTFOUND ? lifetime_damaged(graph) : status;
}

static int lifetime_set(tv_graph *graph, tvi_mortal kind, uint64_t id, int64_t ttl_ms) {
  unsigned char key[LIFETIME_ROW_BYTES], id_key[LIFETIME_ID_BYTES], time[8];
  lifetime_row row = {0, kind, id};
  int64_t now = tv_txn_now(graph->txn);
  tv_store *store;
  int status;
  if (ttl_ms < 0 || ttl_ms > (INT64_MAX - now) / 1000)
    return tvi_txn_fail(graph->txn, TV_EINVAL, 0, "a lifetime of %" PRId64 " ms cannot be", ttl_ms);
  status = tvi_lifetime_forget(graph, kind, id);
  if (status != TV_OK || ttl_ms == 0) return status;
  row.expires = now + ttl_ms * 1000;
  tvi_store_be64(time, (uint64_t)row.expires);
  status = tvi_graph_add_feature(graph, TVI_GRAPH_HAS_EXPIRY, TVI_GRAPH_EXPIRY);
  if (status == TV_OK) status = tvi_graph_store(graph, TVI_GRAPH_EXPIRY, &store);
  if (status == TV_OK)
    status = tv_store_put(store, lifetime_row_key(&row, key), tv_bytes(NULL, 0), 0);
  if (status == TV_OK)
    status = tvi_sealed_put(store, lifetime_id_key(&row, id_key), tv_bytes(time, sizeof time), 0);
  return status;
}

int tv_graph_node_expire(tv_graph *graph, tv_node node, int64_t ttl_ms) {
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = tvi_node_check(graph, node);
  return status == TV_OK ? lifetime_set(graph, TVI_MORTAL_NODE, node, ttl_ms) : status;
}

int tv_graph_edge_expire(tv_graph *graph, tv_edge edge, int64_t ttl_ms) {
  tv_edge_ref ref;
  int status = tvi_graph_enter_write(graph);
  if (status == TV_OK) status = tv_graph_edge_find(graph, edge, &ref);
  return status == TV_OK ? lifetime_set(graph, TVI_MORTAL_EDGE, edge, ttl_ms) : status;
}

int tv_graph_node_expires(tv_graph *graph, tv_node node, int64_t *expires) {
  int status = tvi_graph_enter(graph);
  if (status == TV_OK) status = tvi_node_check(graph, node);
  return status == TV_OK ? lifetime_get(graph, TVI_MORTAL_NODE, node, expires) : status;
}

int tv_graph_edge_expires(tv_graph *graph, tv_edge edge, int64_t *expires) {
  tv_edge_ref ref;
  int status = tv_graph_edge_find(graph, edge, &ref);
  return status == TV_OK ? lifetime_get(graph, TVI_MORTAL_EDGE, edge, expires) : status;
}

/* ---- Sweeping ---- */

/* Removes what one row is about. An expired node's edges count, so that a step stays bounded. */
static int lifetime_sweep_row(tv_graph *graph, const lifetime_row *row, uint64_t *left) {
  tv_edge_ref ref;
  int status;
  if (row->kind == TVI_MORTAL_NODE) return tvi_node_erase(graph, row->id, left);
  status = tvi_edge_lookup(graph, row->id, &ref);
  if (status == TV_OK) status = tvi_edge_erase(graph, &ref);
  if (status == TV_NOTFOUND) return lifetime_damaged(graph);
  if (status == TV_OK) --*left;
  return status;
}

static int lifetime_sweep(tv_graph *graph, uint64_t limit, uint64_t *swept) {
  uint64_t left = limit;
  tv_store *store;
  tv_cursor *cursor;
  lifetime_row row;
  int status;
  *swept = 0;
  if (graph->gone_count == 0 || graph->swept) return TV_OK;
  status = tvi_graph_store(graph, TVI_GRAPH_EXPIRY, &store);
  if (status == TV_OK) status = tv_cursor_open(store, &cursor);
  if (status != TV_OK) return status;
  while (left > 0 && (status = lifetime_next(graph, cursor, 1, &row)) == TV_OK) {
    status = lifetime_sweep_row(graph, &row, &left);
    if (status != TV_OK) break;
  }
  tv_cursor_close(cursor);
  *swept = limit - left;
  if (status != TV_END) return status;
  graph->swept = 1; /* the clock stands still: nothing more expires in this transaction */
  return TV_OK;
}

int tvi_lifetimes_sweep_step(tv_graph *graph) {
  uint64_t swept;
  return lifetime_sweep(graph, LIFETIME_SWEEP_STEP, &swept);
}

int tv_graph_sweep(tv_graph *graph, uint64_t limit, uint64_t *swept) {
  uint64_t n = 0;
  int status = tvi_graph_enter_write(graph);
  if (swept != NULL) *swept = 0;
  if (status == TV_OK) status = lifetime_sweep(graph, limit, &n);
  if (swept != NULL) *swept = n;
  return status;
}
