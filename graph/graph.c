/* SPDX-License-Identifier: MIT */
/*
 * Graphs as things with a name: several stores of the engine under one name, and the handle that
 * hangs on the master store so that opening a graph again in a transaction costs a comparison.
 * Rejected: one store for everything with a prefix byte: it forbids appending ids in order, mixes
 * hot adjacency with cold records on the same pages, and has no entry counts of its own, which
 * serve here as the counts of nodes and edges.
 */
#include <inttypes.h>

#include "segment_internal.h"

static const char *const graph_part_names[TVI_GRAPH_PARTS_ALL] = {
    "keys", "nodes", "labels", "out", "in", "edges", "expiry", "segments", "props", "indexes"};

#define GRAPH_FEATURES_KEY "x" /* in the master store: one byte, sealed */

/* The master's record in the catalogue: le16 format version, le16 zero. */
#define GRAPH_OPTIONS_BYTES 4

const char *tvi_graph_name(const tv_graph *graph) {
  return tvi_store_name(graph->master);
}

int tvi_graph_corrupt(tv_graph *graph, const char *what, uint64_t id) {
  char shown[TVI_SHOW_BYTES];
  return tvi_txn_fail(graph->txn, TV_ECORRUPT, 0, "graph \"%s\": %s %" PRIu64 " is damaged",
                      tvi_show(tv_str(tvi_graph_name(graph)), shown), what, id);
}

int tvi_graph_no_node(tv_graph *graph, tv_node node) {
  char shown[TVI_SHOW_BYTES];
  return tvi_txn_fail(graph->txn, TV_ENONODE, 0, "graph \"%s\" has no node %" PRIu64,
                      tvi_show(tv_str(tvi_graph_name(graph)), shown), node);
}

static int graph_unknown(tv_txn *txn, const char *name) {
  char shown[TVI_SHOW_BYTES];
  return tvi_txn_fail(txn, TV_ENOGRAPH, 0, "there is no graph \"%s\"",
                      tvi_show(tv_str(name), shown));
}

static void graph_forget(tv_graph *graph) {
  int i;
  for (i = 0; i < TVI_GRAPH_PARTS_ALL; i++) graph->parts[i] = NULL;
  tvi_views_forget(graph);
  tvi_lifetimes_forget(graph);
  tvi_indexes_forget(graph);
  graph->features_known = 0;
  graph->columns_known = 0;
  graph->merge_state = 0;
  graph->merge_writes = 0;
  for (i = 0; i < TVI_NAME_SPACES; i++) tvi_names_forget(&graph->names[i]);
  graph->node_ids.known = 0;
  graph->edge_ids.known = 0;
  tvi_free(graph->known);
  graph->known = NULL;
}

static void graph_release(void *data) {
  tv_graph *graph = data;
  graph_forget(graph);
  tvi_codec_free(&graph->codec);
  tvi_buffer_free(&graph->record);
  tvi_buffer_free(&graph->values);
  tvi_buffer_free(&graph->index_changes);
  tvi_buffer_free(&graph->list);
  tvi_buffer_free(&graph->numbers);
  tvi_buffer_free(&graph->wrapped);
  tvi_free(graph);
}

/* What the transaction sees may have changed: is the graph still the one that was opened? Nothing
 * of *graph is read once the engine may have released it. */
static int graph_enter_anew(tv_graph *graph, uint64_t epoch) {
  tv_txn *txn = graph->txn;
  const char *name = tvi_graph_name(graph);
  char shown[TVI_SHOW_BYTES];
  tv_store *master;
  int status = tvi_store_open(txn, TVI_KIND_GRAPH, name, NULL, 0, tv_bytes(NULL, 0), &master);
  if (status == TV_NOTFOUND || (status == TV_OK && tvi_store_attached(master) != graph))
    return tvi_txn_fail(txn, TV_ENOGRAPH, 0, "graph \"%s\": the handle is of a graph rolled back",
                        tvi_show(tv_str(name), shown));
  if (status != TV_OK) return status;
  graph_forget(graph);
  graph->epoch = epoch;
  return TV_OK;
}

/* Learns what the graph has beyond the beginnings, and what of it has expired. */
static int graph_load_features(tv_graph *graph) {
  char shown[TVI_SHOW_BYTES];
  tv_slice value;
  int status = tvi_sealed_get(graph->master, tv_str(GRAPH_FEATURES_KEY), &value);
  if (status == TV_ECORRUPT || (status == TV_OK && value.size != 1))
    return tvi_txn_fail(graph->txn, TV_ECORRUPT, 0, "graph \"%s\": its list of features is damaged",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown));
  if (status != TV_OK && status != TV_NOTFOUND) return status;
  graph->features = status == TV_OK ? *(const unsigned char *)value.data : 0;
  if ((graph->features & ~TVI_GRAPH_FEATURES_KNOWN) != 0)
    return tvi_txn_fail(graph->txn, TV_EVERSION, 0,
                        "graph \"%s\" has features that this library does not know",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown));
  status = TV_OK;
  if ((graph->features & TVI_GRAPH_HAS_EXPIRY) != 0) status = tvi_lifetimes_load(graph);
  if (status == TV_OK && (graph->features & TVI_GRAPH_HAS_INDEXES) != 0)
    status = tvi_indexes_load(graph);
  if (status == TV_OK) graph->features_known = 1;
  return status;
}

int tvi_graph_add_feature(tv_graph *graph, unsigned feature, tvi_graph_part part) {
  unsigned char features = (unsigned char)(graph->features | feature);
  int status;
  if ((graph->features & feature) != 0) return TV_OK;
  status = tvi_store_open(graph->txn, TVI_KIND_GRAPH, tvi_graph_name(graph), graph_part_names[part],
                          TV_CREATE, tv_bytes(NULL, 0), &graph->parts[part]);
  if (status != TV_OK) {
    graph->parts[part] = NULL;
    return status;
  }
  status = tvi_sealed_put(graph->master, tv_str(GRAPH_FEATURES_KEY), tv_bytes(&features, 1), 0);
  if (status == TV_OK) graph->features = features;
  return status;
}

int tvi_graph_enter(tv_graph *graph) {
  uint64_t epoch;
  int status = TV_OK;
  if (graph == NULL) return TV_EINVAL;
  epoch = tvi_txn_epoch(graph->txn);
  if (TVI_LIKELY(epoch == graph->epoch && graph->features_known)) return TV_OK;
  if (epoch != graph->epoch) status = graph_enter_anew(graph, epoch);
  return status == TV_OK ? graph_load_features(graph) : status;
}

int tvi_graph_enter_write(tv_graph *graph) {
  char shown[TVI_SHOW_BYTES];
  int status = tvi_graph_enter(graph);
  if (status != TV_OK) return status;
  if (!tv_txn_is_write(graph->txn))
    return tvi_txn_fail(graph->txn, TV_EREADONLY, 0,
                        "graph \"%s\" cannot be changed in a read transaction",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown));
  if (graph->traversals != 0)
    return tvi_txn_fail(graph->txn, TV_EMISUSE, 0,
                        "graph \"%s\" cannot be changed from a callback of its own traversal",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown));
  graph->writes++;
  return TV_OK;
}

int tvi_graph_store(tv_graph *graph, tvi_graph_part part, tv_store **out) {
  char shown[TVI_SHOW_BYTES];
  int status;
  if (TVI_LIKELY(graph->parts[part] != NULL)) {
    *out = graph->parts[part];
    return TV_OK;
  }
  status = tvi_store_open(graph->txn, TVI_KIND_GRAPH, tvi_graph_name(graph), graph_part_names[part],
                          0, tv_bytes(NULL, 0), &graph->parts[part]);
  if (status == TV_NOTFOUND)
    return tvi_txn_fail(graph->txn, TV_ECORRUPT, 0, "graph \"%s\" has lost its store \"%s\"",
                        tvi_show(tv_str(tvi_graph_name(graph)), shown), graph_part_names[part]);
  if (status != TV_OK) {
    graph->parts[part] = NULL;
    return status;
  }
  *out = graph->parts[part];
  return TV_OK;
}

/* Takes back a creation that failed half-way; the first failure is what the caller sees. */
static void graph_uncreate(tv_txn *txn, const char *name, tv_store *master) {
  int i;
  for (i = 0; i < TVI_GRAPH_PARTS; i++) {
    tv_store *part;
    if (tvi_store_open(txn, TVI_KIND_GRAPH, name, graph_part_names[i], 0, tv_bytes(NULL, 0),
                       &part) == TV_OK)
      (void)tv_store_drop(part);
  }
  (void)tv_store_drop(master);
}

static int graph_create(tv_txn *txn, const char *name, tv_store **master) {
  unsigned char options[GRAPH_OPTIONS_BYTES] = {0};
  int status, i;
  tvi_store_le16(options, TVI_GRAPH_VERSION);
  status = tvi_store_open(txn, TVI_KIND_GRAPH, name, NULL, TV_CREATE | TV_ONLY_NEW,
                          tv_bytes(options, sizeof options), master);
  if (status != TV_OK) return status;
  for (i = 0; i < TVI_GRAPH_PARTS; i++) {
    tv_store *part;
    status = tvi_store_open(txn, TVI_KIND_GRAPH, name, graph_part_names[i], TV_CREATE | TV_ONLY_NEW,
                            tv_bytes(NULL, 0), &part);
    if (status != TV_OK) {
      graph_uncreate(txn, name, *master);
      return status;
    }
  }
  return TV_OK;
}

static int graph_check_version(tv_txn *txn, const char *name, tv_store *master) {
  tv_slice options = tvi_store_options(master);
  char shown[TVI_SHOW_BYTES];
  unsigned version;
  if (options.size < GRAPH_OPTIONS_BYTES)
    return tvi_txn_fail(txn, TV_ECORRUPT, 0, "graph \"%s\": its catalogue record is damaged",
                        tvi_show(tv_str(name), shown));
  version = tvi_load_le16(options.data);
  if (version != TVI_GRAPH_VERSION)
    return tvi_txn_fail(txn, TV_EVERSION, 0,
                        "graph \"%s\" has format %u, this library knows format %u",
                        tvi_show(tv_str(name), shown), version, (unsigned)TVI_GRAPH_VERSION);
  return TV_OK;
}

static int graph_attach(tv_txn *txn, const char *name, tv_store *master, tv_graph **out) {
  tv_graph *graph;
  int status = graph_check_version(txn, name, master);
  if (status != TV_OK) return status;
  graph = tvi_zalloc(sizeof *graph);
  if (graph == NULL) return tvi_txn_fail(txn, TV_ENOMEM, 0, "no memory for a graph's handle");
  graph->master = master;
  graph->txn = txn;
  graph->epoch = tvi_txn_epoch(txn);
  graph->merge_min = TVI_MERGE_MIN;
  tvi_store_attach(master, graph, graph_release);
  *out = graph;
  return TV_OK;
}

int tv_graph_open(tv_txn *txn, const char *name, unsigned flags, tv_graph **out) {
  tv_store *master;
  tv_graph *graph;
  char shown[TVI_SHOW_BYTES];
  int status;
  if (name == NULL || out == NULL || (flags & ~(unsigned)(TV_CREATE | TV_ONLY_NEW)) != 0)
    return tvi_txn_fail(txn, TV_EINVAL, 0, "tv_graph_open: name, out or flags are wrong");
  status = tvi_store_open(txn, TVI_KIND_GRAPH, name, NULL, 0, tv_bytes(NULL, 0), &master);
  if (status == TV_NOTFOUND) {
    if ((flags & TV_CREATE) == 0) return graph_unknown(txn, name);
    status = graph_create(txn, name, &master);
  } else if (status == TV_OK && (flags & TV_ONLY_NEW) != 0) {
    return tvi_txn_fail(txn, TV_EXISTS, 0, "graph \"%s\" exists already",
                        tvi_show(tv_str(name), shown));
  }
  if (status != TV_OK) return status;
  graph = tvi_store_attached(master);
  if (graph == NULL) return graph_attach(txn, name, master, out);
  /* The memory may have served an earlier transaction. */
  graph->master = master;
  graph->txn = txn;
  status = tvi_graph_enter(graph);
  if (status == TV_OK) *out = graph;
  return status;
}

static int graph_has_part(const tv_graph *graph, int part) {
  return part < TVI_GRAPH_PARTS || (graph->features >> (part - TVI_GRAPH_PARTS) & 1) != 0;
}

int tv_graph_drop(tv_txn *txn, const char *name) {
  tv_graph *graph;
  tv_store *master;
  int i, status = tv_graph_open(txn, name, 0, &graph);
  if (status == TV_OK) status = tvi_graph_enter_write(graph);
  if (status != TV_OK) return status;
  master = graph->master;
  for (i = 0; i < TVI_GRAPH_PARTS_ALL; i++) {
    tv_store *part;
    if (!graph_has_part(graph, i)) continue;
    status = tvi_graph_store(graph, (tvi_graph_part)i, &part);
    if (status == TV_OK) status = tv_store_drop(part);
    if (status != TV_OK) return status;
    graph->parts[i] = NULL;
  }
  status = tv_store_drop(master);
  /* A graph created anew under this name may get the same slot: it must not find this handle. */
  if (status == TV_OK) tvi_store_attach(master, NULL, NULL);
  return status;
}

int tv_graph_rename(tv_txn *txn, const char *name, const char *new_name) {
  tv_graph *graph;
  char shown[TVI_SHOW_BYTES];
  int status = tv_graph_open(txn, name, 0, &graph);
  if (status == TV_OK) status = tvi_graph_enter_write(graph);
  if (status != TV_OK) return status;
  if (new_name == NULL)
    return tvi_txn_fail(txn, TV_EINVAL, 0, "graph \"%s\" needs a new name",
                        tvi_show(tv_str(name), shown));
  return tvi_store_rename(txn, TVI_KIND_GRAPH, name, new_name);
}

int tv_graph_list(tv_txn *txn, int (*visit)(void *ctx, tv_slice name), void *ctx) {
  return tvi_store_list(txn, TVI_KIND_GRAPH, visit, ctx);
}

int tv_graph_stat_get(tv_graph *graph, tv_graph_stat *out) {
  uint32_t *counts[TVI_NAME_SPACES];
  tv_store_stat stat;
  uint64_t bulk = 0;
  int i, status = tvi_graph_enter(graph);
  *out = (tv_graph_stat){0};
  counts[TVI_NAME_LABEL] = &out->labels;
  counts[TVI_NAME_TYPE] = &out->types;
  counts[TVI_NAME_PROPERTY] = &out->property_names;
  if (status == TV_OK) status = tv_store_stat_get(graph->master, &stat);
  if (status != TV_OK) return status;
  out->bytes = stat.bytes;
  for (i = 0; i < TVI_GRAPH_PARTS_ALL; i++) {
    tv_store *part;
    if (!graph_has_part(graph, i)) continue;
    status = tvi_graph_store(graph, (tvi_graph_part)i, &part);
    if (status == TV_OK) status = tv_store_stat_get(part, &stat);
    if (status != TV_OK) return status;
    out->bytes += stat.bytes;
    if (i == TVI_GRAPH_NODES) out->nodes = stat.entries;
    if (i == TVI_GRAPH_EDGES) out->edges = stat.entries;
    if (i == TVI_GRAPH_OUT) out->delta_edges = stat.entries;
    if (i == TVI_GRAPH_SEGMENTS) {
      out->segments = stat.entries;
      out->segment_bytes = stat.bytes;
    }
  }
  status = tvi_range_count(graph, &bulk);
  out->edges += bulk;
  for (i = 0; i < TVI_NAME_SPACES && status == TV_OK; i++)
    status = tvi_name_count(graph, (tvi_name_space)i, counts[i]);
  if (status == TV_OK) status = tvi_node_ids(graph, &out->node_ids);
  return status;
}
