/* SPDX-License-Identifier: MIT */
/*
 * What the files of the graph layer share: the handle, its stores, interned names, ids, and the
 * records of nodes and edges. Adjacency has a header of its own, adjacency_internal.h: nothing but
 * graph/adjacency.c and the writers in edge.c know how edges at a node are stored.
 */
#ifndef TRIVET_GRAPH_INTERNAL_H
#define TRIVET_GRAPH_INTERNAL_H

#include "encode_internal.h"
#include "envelope_internal.h"
#include "layer_internal.h"
#include "trivet_graph.h"

/* ---- The handle and its stores (graph.c) ---- */

/* The stores beside the master; their names are part of the file format. */
typedef enum tvi_graph_part {
  TVI_GRAPH_KEYS = 0,     /* node key -> sealed be40 id */
  TVI_GRAPH_NODES = 1,    /* be40 id -> envelope(node record) */
  TVI_GRAPH_LABELS = 2,   /* be16 label, be40 id -> empty */
  TVI_GRAPH_OUT = 3,      /* adjacency key from the source -> see TVI_DELTA_DEAD */
  TVI_GRAPH_IN = 4,       /* adjacency key from the target -> the same */
  TVI_GRAPH_EDGES = 5,    /* be40 edge -> sealed be40 source, be16 type, be40 target */
  TVI_GRAPH_PARTS = 6,    /* those above are always there */
  TVI_GRAPH_EXPIRY = 6,   /* see lifetime.c */
  TVI_GRAPH_SEGMENTS = 7, /* see segment_internal.h */
  TVI_GRAPH_PROPS = 8,    /* be40 edge -> envelope(properties) of edges in segments */
  TVI_GRAPH_INDEXES = 9,  /* see property_index_internal.h */
  TVI_GRAPH_PARTS_ALL = 10
} tvi_graph_part;

/* What a graph has beyond the beginnings; kept as one byte in the master store. */
enum {
  TVI_GRAPH_HAS_EXPIRY = 1u << 0, /* in the order of the parts that they need */
  TVI_GRAPH_HAS_SEGMENTS = 1u << 1,
  TVI_GRAPH_HAS_PROPS = 1u << 2,
  TVI_GRAPH_HAS_INDEXES = 1u << 3
};
#define TVI_GRAPH_FEATURES_KNOWN 15u

#define TVI_GRAPH_VERSION 2
#define TVI_MERGE_MIN 4096 /* tv_graph.merge_min, unless a test wants less */
#define TVI_NODE_KEY_BYTES 5
#define TVI_EDGE_KEY_BYTES 5
#define TVI_LABEL_KEY_BYTES 7
#define TVI_ADJ_KEY_BYTES 17 /* be40 node, be16 type, be40 neighbour, be40 edge */
#define TVI_EDGE_RECORD_BYTES 12

/* Interned names: three spaces of numbers. The letters are keys of the master store. */
typedef enum tvi_name_space {
  TVI_NAME_LABEL = 0,
  TVI_NAME_TYPE = 1,
  TVI_NAME_PROPERTY = 2,
  TVI_NAME_SPACES = 3
} tvi_name_space;

typedef struct tvi_name_table {
  char **by_number; /* by_number[i] is NULL until number i was asked for */
  uint32_t numbers; /* elements of by_number */
  uint32_t *slots;  /* hash table of number + 1; 0 is free */
  uint32_t slot_count, used;
  uint32_t next; /* the first number not given out */
  int next_known;
} tvi_name_table;

/* Ids of nodes or of edges. */
typedef struct tvi_id_source {
  uint64_t next; /* every id given out is below */
  int known;
} tvi_id_source;

#define TVI_KNOWN_NODES ((size_t)4096) /* elements of tv_graph.known; a power of two */

#define TVI_COLUMNS_MAX 16 /* properties of edges that a graph keeps in columns */

struct tv_graph {
  tv_store *master;
  tv_txn *txn;
  uint64_t epoch; /* of everything below that is read from the file */
  tv_store *parts[TVI_GRAPH_PARTS_ALL];
  unsigned features;
  int features_known;
  tvi_name_table names[TVI_NAME_SPACES];
  tvi_id_source node_ids, edge_ids;
  uint64_t *known; /* node + 1 of nodes found to exist, by their low bits; NULL until needed */
  uint64_t *gone;  /* what has expired and is not swept; NULL when nothing */
  size_t gone_slots, gone_count;
  int swept; /* 1: nothing is left to be swept in this transaction */
  tvi_codec codec;
  tvi_buffer record;                 /* a record being built */
  tvi_buffer values;                 /* encoded property values, copied before the first write */
  tvi_buffer list;                   /* the property list of an edge, put together */
  tvi_buffer numbers;                /* what of a property list goes to columns */
  tvi_buffer wrapped;                /* a delta's value */
  uint32_t columns[TVI_COLUMNS_MAX]; /* numbers of properties kept in columns */
  uint32_t column_count;
  int columns_known;
  uint64_t merge_min;    /* edges in a direction's delta that are never merged by themselves */
  uint64_t merge_at[2];  /* the block to be merged next, by direction */
  unsigned merge_writes; /* edges written since the last step of merging */
  int merge_state;       /* 0: not known in this transaction; 1: on; 2: off, no room for stores */
  struct tvi_index_def *indexes;
  size_t index_count, node_indexes, edge_indexes; /* of both kinds, of each */
  tvi_buffer index_changes;    /* entries to be erased and put, see property_index_write.c */
  uint64_t writes;             /* calls that wrote, so that who reads in steps finds out */
  struct tvi_kept_views *kept; /* view_keep.c; NULL: none */
  unsigned traversals;         /* calls with callbacks that run now: writes are refused */
};

/* Frees what view_keep.c keeps. */
void tvi_views_forget(tv_graph *graph);

/* Begins a call: forgets what a savepoint rollback made stale. TV_OK, TV_EINVAL. */
int tvi_graph_enter(tv_graph *graph);
/* The same for a call that writes: TV_EREADONLY, and TV_EMISUSE from within a callback. */
int tvi_graph_enter_write(tv_graph *graph);
/* One of the stores. TV_OK, or TV_ECORRUPT when the graph lacks it. */
int tvi_graph_store(tv_graph *graph, tvi_graph_part part, tv_store **out);
/* Notes that the graph has a feature from now on, and creates the part that it needs. */
int tvi_graph_add_feature(tv_graph *graph, unsigned feature, tvi_graph_part part);
const char *tvi_graph_name(const tv_graph *graph);
/* Sets TV_ECORRUPT: `graph "g": what id is damaged`. */
int tvi_graph_corrupt(tv_graph *graph, const char *what, uint64_t id);
/* Sets TV_ENONODE. */
int tvi_graph_no_node(tv_graph *graph, tv_node node);

/* ---- Lifetimes (lifetime.c) ---- */

typedef enum tvi_mortal { TVI_MORTAL_NODE = 0, TVI_MORTAL_EDGE = 1 } tvi_mortal;

int tvi_lifetimes_load(tv_graph *graph);
void tvi_lifetimes_forget(tv_graph *graph);
int tvi_gone_find(const tv_graph *graph, tvi_mortal kind, uint64_t id);
/* What is in a slot of graph->gone; 0: nothing. */
int tvi_gone_at(const tv_graph *graph, size_t slot, tvi_mortal *kind, uint64_t *id);
/* To be called when a node or edge is deleted. */
int tvi_lifetime_forget(tv_graph *graph, tvi_mortal kind, uint64_t id);
/* A few of the expired go; to be called at the end of a write. */
int tvi_lifetimes_sweep_step(tv_graph *graph);

/* 1 when the node has expired in this transaction. */
static inline int tvi_node_gone(const tv_graph *graph, tv_node node) {
  return TVI_UNLIKELY(graph->gone_count != 0) && tvi_gone_find(graph, TVI_MORTAL_NODE, node);
}
/* 1 when the edge or one of its ends has. */
static inline int tvi_edge_gone(const tv_graph *graph, tv_node from, tv_node to, tv_edge edge) {
  return TVI_UNLIKELY(graph->gone_count != 0) &&
         (tvi_gone_find(graph, TVI_MORTAL_EDGE, edge) ||
          tvi_gone_find(graph, TVI_MORTAL_NODE, from) || tvi_gone_find(graph, TVI_MORTAL_NODE, to));
}

/* ---- Sealed records: few bytes and a 32-bit checksum over key and bytes (sealed_record.c) ---- */

#define TVI_SEAL_BYTES 4
#define TVI_SEALED_BYTES_MAX (TV_NAME_BYTES_MAX + TVI_SEAL_BYTES)

int tvi_sealed_put(tv_store *store, tv_slice key, tv_slice bytes, unsigned flags);
/* TV_OK, TV_NOTFOUND, TV_ECORRUPT (without a message: the caller knows what it looked for). */
int tvi_sealed_get(tv_store *store, tv_slice key, tv_slice *bytes);

/* ---- Interned names (intern.c) ---- */

/* TV_OK, TV_NOTFOUND (no message), TV_EINVAL (no such name can be), TV_ECORRUPT. */
int tvi_name_find(tv_graph *graph, tvi_name_space space, const char *name, uint32_t *number);
/* As find, but gives out a number where there is none. TV_ELIMIT. */
int tvi_name_intern(tv_graph *graph, tvi_name_space space, const char *name, uint32_t *number);
/* TV_OK, TV_NOTFOUND (no message), TV_ECORRUPT. Lifetime: until the epoch changes. */
int tvi_name_text(tv_graph *graph, tvi_name_space space, uint32_t number, const char **text);
/* Sets TV_ENOLABEL: `graph "g" has no edge type "x"`. */
int tvi_name_unknown(tv_graph *graph, tvi_name_space space, const char *name);
int tvi_name_count(tv_graph *graph, tvi_name_space space, uint32_t *count);
void tvi_names_forget(tvi_name_table *table);

/* ---- Ids (ids.c) ---- */

/* The first id not given out. */
int tvi_node_ids(tv_graph *graph, uint64_t *next);
int tvi_edge_ids(tv_graph *graph, uint64_t *next);
/* To be called before the node or edge with that id is deleted, so that it is not given out again.
 */
int tvi_node_id_retire(tv_graph *graph, tv_node node);
int tvi_edge_id_retire(tv_graph *graph, tv_edge edge);
/* Gives out n edge ids at once; n > 0. */
int tvi_edge_ids_skip(tv_graph *graph, uint64_t n);
/* TV_OK or TV_ENONODE. The second form remembers its answers: for loops of writes. */
int tvi_node_check(tv_graph *graph, tv_node node);
int tvi_node_check_cached(tv_graph *graph, tv_node node);
void tvi_node_forget(tv_graph *graph, tv_node node);

/* ---- Properties (property.c) ---- */

/* Checks a value. TV_EINVAL names `name`. */
int tvi_value_check(tv_graph *graph, const char *name, const tv_value *value);
/* Appends type byte and payload. */
int tvi_value_append(tvi_buffer *buffer, const tv_value *value);
typedef struct tvi_property_reader {
  const unsigned char *at, *end;
  uint64_t left;     /* properties still to come */
  uint64_t above;    /* the next number is at least this */
  const void *entry; /* where the property read last begins */
} tvi_property_reader;

/* TV_OK, or TV_ECORRUPT without a message. An empty slice is a list of none. */
int tvi_properties_begin(tvi_property_reader *reader, tv_slice bytes);
/* TV_OK, TV_END, TV_ECORRUPT without a message. */
int tvi_properties_next(tvi_property_reader *reader, uint32_t *number, tv_value *value);
/* TV_OK, TV_NOTFOUND, TV_ECORRUPT without a message. */
int tvi_properties_get(tv_slice bytes, uint32_t number, tv_value *value);
/* Several properties that are to be set or, where size is 0, removed. */
typedef struct tvi_property_part {
  uint32_t number;
  size_t at, size; /* its encoded value in graph->values */
  const char *name;
} tvi_property_part;
#define TVI_PROPERTY_PARTS_FIXED 16
typedef struct tvi_property_edit {
  size_t n;
  tvi_property_part *parts; /* ascending by number */
  tvi_property_part fixed[TVI_PROPERTY_PARTS_FIXED];
} tvi_property_edit;
/* Copies values and interns names (property_edit.c); the edit must not be moved and is closed
 * whatever is returned. TV_EINVAL for a bad or repeated one. */
int tvi_property_edit_open(tv_graph *graph, size_t n, const tv_property *properties,
                           tvi_property_edit *edit);
void tvi_property_edit_close(tvi_property_edit *edit);
/* Appends the list with the edit's changes; graph->values must be as the edit left it. TV_OK,
 * TV_ENOMEM, TV_ECORRUPT without a message. */
int tvi_property_edit_apply(tv_graph *graph, const tvi_property_edit *edit, tv_slice list,
                            tvi_buffer *out);
/* Builds the list of n properties into graph->record, interning their names. TV_EINVAL for a bad
 * or repeated one. */
int tvi_properties_build(tv_graph *graph, size_t n, const tv_property *properties);
/* Calls visit for each. `what` and `id` name the record in a message. */
int tvi_properties_visit(tv_graph *graph, tv_slice bytes, const char *what, uint64_t id,
                         tv_property_fn visit, void *ctx);

/* ---- Node records (node_record.c) ---- */

typedef struct tvi_node_view {
  tv_slice key;
  tv_slice labels; /* varints, ascending */
  uint64_t label_count;
  tv_slice properties;
} tvi_node_view;

/* Decodes what is in the part "nodes", verified; as tvi_node_read. */
int tvi_node_decode(tv_graph *graph, tv_node node, tv_slice value, tvi_node_view *out);
/* The same whether it has expired or not. */
int tvi_node_read_raw(tv_graph *graph, tv_node node, tvi_node_view *out);
/* Removes a node with its edges, expired or not; each removal takes one from *left, and at 0 it
 * ends with what is there yet kept for another call. */
int tvi_node_erase(tv_graph *graph, tv_node node, uint64_t *left);
/* Reads a node's record, verified. TV_OK, TV_ENONODE, TV_ECORRUPT. Borrowed. */
int tvi_node_read(tv_graph *graph, tv_node node, tvi_node_view *out);
/* Writes one; the view may borrow from the record it replaces but not from graph->record. */
int tvi_node_write(tv_graph *graph, tv_node node, const tvi_node_view *view, unsigned flags);
/* Labels of a view in turn; *at starts at 0. TV_OK, TV_END (the view was validated before). */
int tvi_node_label_next(const tvi_node_view *view, size_t *at, uint32_t *label);
/* Gives the view a label, or takes it; labels holds what the view then borrows. */
int tvi_node_labels_edit(tv_graph *graph, tv_node node, tvi_node_view *view, uint32_t label,
                         int add, tvi_buffer *labels);
/* 1 when the view has the label. */
int tvi_node_label_in(const tvi_node_view *view, uint32_t label);

/* ---- Property indexes (property_index.c, property_index_write.c) ---- */

int tvi_indexes_load(tv_graph *graph);
void tvi_indexes_forget(tv_graph *graph);
/*
 * Notes what the change of a node's or edge's record changes in the indexes, and refuses what a
 * unique one forbids (TV_EXISTS); the record is then written, and tvi_index_apply called. `before`
 * or `after` NULL: the node or edge comes or goes. The first form does nothing in a graph without
 * indexes, and so do the others when they are not called.
 */
int tvi_index_note_node(tv_graph *graph, tv_node node, const tvi_node_view *before,
                        const tvi_node_view *after);
int tvi_index_note_edge(tv_graph *graph, const tv_edge_ref *ref, const tv_slice *before,
                        const tv_slice *after);
int tvi_index_apply(tv_graph *graph);
/*
 * Whether indexes and records say the same: calls report for each difference, with a sentence.
 * Returns what reading returned; TV_STOP when report returned non-zero. Cost: O(entries) look-ups.
 */
int tvi_index_check(tv_graph *graph, int (*report)(void *ctx, const char *sentence), void *ctx);

/* ---- Edges (edge.c) ---- */

/*
 * The value of a delta record: nothing, or the envelope of a property list: of all properties in
 * "out", of those that are kept in columns in "in". TVI_DELTA_DEAD alone: the edge, which is in a
 * segment, is deleted. TVI_DELTA_OVER and then as above: it is in a segment, and these are its
 * properties now.
 */
#define TVI_DELTA_DEAD 0x40
#define TVI_DELTA_OVER 0x41
static inline int tvi_delta_is_over(tv_slice value) {
  return value.size >= 1 && *(const unsigned char *)value.data == TVI_DELTA_OVER;
}
static inline int tvi_delta_is_dead(tv_slice value) {
  return value.size == 1 && *(const unsigned char *)value.data == TVI_DELTA_DEAD;
}

void tvi_adj_key(unsigned char key[TVI_ADJ_KEY_BYTES], tv_node node, uint32_t type,
                 tv_node neighbour, tv_edge edge);
/* TV_OK, TV_NOTFOUND, TV_ECORRUPT; whether it has expired or not. */
int tvi_edge_lookup(tv_graph *graph, tv_edge edge, tv_edge_ref *out);
/* Sets the properties of an edge that is in a segment. */
int tvi_edge_props_put(tv_graph *graph, tv_edge edge, tv_slice list);
/* The property list of an edge, verified, expired or not; it lives until the next such call.
 * TV_NOTFOUND without a message. */
int tvi_edge_list(tv_graph *graph, const tv_edge_ref *ref, tv_slice *list);
/* One property of an edge, expired or not. TV_NOTFOUND without a message. */
int tvi_edge_value(tv_graph *graph, const tv_edge_ref *ref, uint32_t number, tv_value *value);
/* Removes the records of an edge. */
int tvi_edge_erase(tv_graph *graph, const tv_edge_ref *ref);
/* Writes one side's delta record of an edge with its property list: in the part TVI_GRAPH_OUT all
 * of it, in TVI_GRAPH_IN what goes to columns. fresh: 1 when the edge is in no segment. */
int tvi_edge_put_side(tv_graph *graph, tvi_graph_part part, const tv_edge_ref *ref, tv_slice list,
                      int fresh);
/* The property list in a delta's value, verified. TV_OK, TV_ECORRUPT. Borrowed. */
int tvi_delta_list(tv_graph *graph, tv_slice key, tv_slice value, tv_slice *list);

/* To be called for each edge written ... */
static inline void tvi_merge_note(tv_graph *graph) {
  graph->merge_writes++;
}
/* ... and at the end of a write: some of the delta is merged, in proportion (merge_step.c). */
int tvi_merge_step(tv_graph *graph);

/* ---- Properties of edges that are kept in columns (edge_columns.c) ---- */

/* Those that were int64 or double on some edge, up to TVI_COLUMNS_MAX of them. */
int tvi_columns_load(tv_graph *graph);
/* 1 when a value of that property and type goes to a column. Loaded before. */
int tvi_columns_takes(const tv_graph *graph, uint32_t property, const tv_value *value);
/* Takes a property in, or those of a list. Writes. */
int tvi_columns_note_one(tv_graph *graph, uint32_t property, const tv_value *value);
int tvi_columns_note(tv_graph *graph, tv_slice list);
/* Appends what of a list goes to columns (columns: 1) or does not (0), as a list.
 * TV_OK, TV_ENOMEM, TV_ECORRUPT (no message). Loaded before. */
int tvi_columns_split(const tv_graph *graph, tv_slice list, int columns, tvi_buffer *out);

#endif
