/* SPDX-License-Identifier: MIT */
/*
 * trivet_graph.h - property graphs.
 *
 * A graph has nodes and directed edges. A node has a key (bytes, unique in the graph), any number
 * of labels and typed properties, and a dense internal id. An edge has a type, typed properties and
 * an id; parallel edges of one type between the same nodes are allowed. Labels, types and property
 * names are interned: small numbers that the graph hands out.
 *
 * A graph is opened in a transaction and lives as long as it. Everything the engine says
 * about threads, lifetimes and errors holds here (see trivet.h). Traversals see the transaction's
 * snapshot and its own writes. None recurses; each has limits, and exceeding one is TV_ELIMIT,
 * never a shorter answer. A damaged record is TV_ECORRUPT with a message that names it; a call that
 * writes and fails for another reason than its arguments may have done half its work: roll back.
 *
 * Callbacks return non-zero to end the call that runs them, which then returns TV_STOP. They may
 * read the graph and start further traversals, and write to other graphs, buckets and stores, but
 * not to this graph: that is refused with TV_EMISUSE.
 *
 * Example (compiled and run by tests/graph/test_header_example.c):
 *
 *     tv_graph *g;
 *     tv_node ada, bob;
 *     tv_begin(db, TV_WRITE, &txn, &err);
 *     tv_graph_open(txn, "social", TV_CREATE, &g);
 *     tv_graph_node_put(g, tv_str("ada"), "Person", &ada);
 *     tv_graph_node_put(g, tv_str("bob"), "Person", &bob);
 *     tv_graph_edge_add(g, ada, bob, "knows", 0, NULL, NULL);
 *     tv_commit(txn, &err);
 */
#ifndef TRIVET_GRAPH_H
#define TRIVET_GRAPH_H

#include "trivet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tv_graph tv_graph;
typedef uint64_t tv_node; /* dense internal id: 0, 1, 2, ... below TV_NODES_MAX */
typedef uint64_t tv_edge; /* an edge's id, unique in its graph; below TV_EDGES_MAX */

#define TV_NODES_MAX (UINT64_C(1) << 40)
#define TV_EDGES_MAX (UINT64_C(1) << 40)
#define TV_NODE_NONE UINT64_MAX
#define TV_LABELS_MAX 65535 /* labels, edge types and property names, each */

typedef enum tv_value_type {
  TV_NULL = 0,
  TV_BOOL = 1,
  TV_INT64 = 2,
  TV_DOUBLE = 3,
  TV_TEXT = 4, /* UTF-8 */
  TV_BLOB = 5
} tv_value_type;

typedef struct tv_value {
  int32_t type; /* tv_value_type */
  union {
    int64_t integer; /* TV_INT64; TV_BOOL as 0 or 1 */
    double real;
    tv_slice bytes; /* TV_TEXT, TV_BLOB */
  } as;
} tv_value;

typedef struct tv_property {
  const char *name; /* ends in NUL */
  tv_value value;
} tv_property;

typedef enum tv_direction { TV_OUT = 1, TV_IN = 2, TV_BOTH = 3 } tv_direction;

/* Returns TV_OK, TV_ENOGRAPH, TV_EXISTS (TV_ONLY_NEW), TV_EINVAL, TV_ELIMIT. Lifetime: until the
 * transaction ends. */
TV_API int tv_graph_open(tv_txn *txn, const char *name, unsigned flags, tv_graph **out);
/* Handles of a graph that is dropped or renamed end with it. Both return TV_ENOGRAPH, TV_EREADONLY;
 * rename also TV_EXISTS. */
TV_API int tv_graph_drop(tv_txn *txn, const char *name);
TV_API int tv_graph_rename(tv_txn *txn, const char *name, const char *new_name);
TV_API int tv_graph_list(tv_txn *txn, int (*visit)(void *ctx, tv_slice name), void *ctx);

typedef struct tv_graph_stat {
  uint64_t nodes, edges;
  uint64_t node_ids; /* ids ever given out: every id is below */
  uint32_t labels, types, property_names;
  uint64_t bytes;    /* pages of all the graph's stores * page size */
  uint64_t segments; /* values of segments: one for each block, direction and edge type, and for
                        each column of numbers, and one for each range of bulk-loaded ids */
  uint64_t segment_bytes; /* of the pages that hold them */
  uint64_t delta_edges;   /* edges added or deleted and not merged into segments yet */
} tv_graph_stat;
TV_API int tv_graph_stat_get(tv_graph *graph, tv_graph_stat *out);

/*
 * Checks a graph: checksums, the order and bounds of segments and their columns, that both ends of
 * each edge know it with the same numbers, that counts, keys, labels, ids and property indexes
 * agree. Calls report (may be NULL) with a sentence for each problem, of the first 100, until it
 * returns non-zero; *problems (may be NULL) counts all. Returns TV_OK (sound), TV_ECORRUPT,
 * TV_STOP, TV_ENOMEM. Cost: reads the whole graph once, with a look-up for each node and each edge
 * that was not loaded in bulk; a bit of memory for each node id.
 */
TV_API int tv_graph_check(tv_graph *graph, int (*report)(void *ctx, const char *sentence),
                          void *ctx, uint64_t *problems);

/* ---- Nodes ---- */

/*
 * Finds the node with that key or creates it, and gives it `label` (NULL: none) in addition to
 * those it has. Returns TV_OK, TV_EKEYSIZE, TV_EREADONLY, TV_ELIMIT. Cost: O(log n).
 */
TV_API int tv_graph_node_put(tv_graph *graph, tv_slice key, const char *label, tv_node *node);
/* The same, and sets n properties (TV_NULL removes one; others stay), writing the node once.
 * Returns also TV_EINVAL for a name given twice, TV_EXISTS for a value that a unique index refuses
 * (nothing was changed). */
TV_API int tv_graph_node_upsert(tv_graph *graph, tv_slice key, const char *label, size_t n,
                                const tv_property *properties, tv_node *node);
/* Returns TV_NOTFOUND when no node has that key. */
TV_API int tv_graph_node_find(tv_graph *graph, tv_slice key, tv_node *node);
/* The key of a node. Returns TV_ENONODE. */
TV_API int tv_graph_node_key(tv_graph *graph, tv_node node, tv_slice *key);
/* Deletes a node with all its edges. Returns TV_NOTFOUND. Cost: O(degree). Its id is not given out
 * again. */
TV_API int tv_graph_node_delete(tv_graph *graph, tv_node node);
/* Names of labels, edge types and properties have 1 to TV_NAME_BYTES_MAX bytes; TV_EINVAL. */
TV_API int tv_graph_label_add(tv_graph *graph, tv_node node, const char *label);
/* Returns TV_NOTFOUND when the node has no such label. */
TV_API int tv_graph_label_remove(tv_graph *graph, tv_node node, const char *label);
/* TV_OK: it has the label. TV_NOTFOUND: it has not. */
TV_API int tv_graph_label_has(tv_graph *graph, tv_node node, const char *label);
/* Calls visit for each label of the node, in the order in which the graph first met them. */
TV_API int tv_graph_node_labels(tv_graph *graph, tv_node node,
                                int (*visit)(void *ctx, const char *label), void *ctx);

/* Sets one property, or n of them; null is absence: TV_NULL removes one. Returns TV_ENONODE,
 * TV_EINVAL, TV_EXISTS (a unique index refuses; nothing was changed). Cost: rewrites the node's
 * record once. */
TV_API int tv_graph_node_set(tv_graph *graph, tv_node node, const char *name, tv_value value);
TV_API int tv_graph_node_update(tv_graph *graph, tv_node node, size_t n,
                                const tv_property *properties);
/* Returns TV_NOTFOUND, and a value of TV_NULL, when it has none of that name. Bytes are borrowed.
 */
TV_API int tv_graph_node_get(tv_graph *graph, tv_node node, const char *name, tv_value *value);
typedef int (*tv_property_fn)(void *ctx, const char *name, tv_value value);
TV_API int tv_graph_node_properties(tv_graph *graph, tv_node node, tv_property_fn visit, void *ctx);

/* Calls visit for each node (with `label`; NULL: all) in the order of ids until it returns non-zero
 * (TV_STOP). TV_ENOLABEL. */
typedef int (*tv_node_fn)(void *ctx, tv_node node);
TV_API int tv_graph_nodes(tv_graph *graph, const char *label, tv_node_fn visit, void *ctx);
/* The same from the node `first` on (whether it exists or not): a walk that was stopped goes on. */
TV_API int tv_graph_nodes_from(tv_graph *graph, const char *label, tv_node first, tv_node_fn visit,
                               void *ctx);

/* ---- Edges ---- */

/* Adds an edge with n properties (those of TV_NULL are left out); *edge (may be NULL) gets its id.
 * Returns TV_ENONODE when an end does not exist, TV_EINVAL for a name given twice. Cost: three
 * puts, O(log edges), dense sources first are cheapest; and now and then a step of merging (see
 * tv_graph_compact). */
TV_API int tv_graph_edge_add(tv_graph *graph, tv_node from, tv_node to, const char *type, size_t n,
                             const tv_property *properties, tv_edge *edge);

/* What identifies an edge and is known without reading its properties. */
typedef struct tv_edge_ref {
  tv_node from, to;
  tv_edge edge;
  uint32_t type; /* number of the type; tv_graph_type_name */
} tv_edge_ref;

TV_API int tv_graph_edge_find(tv_graph *graph, tv_edge edge, tv_edge_ref *out); /* TV_NOTFOUND */
TV_API int tv_graph_edge_delete(tv_graph *graph, tv_edge edge);                 /* TV_NOTFOUND */
/* As tv_graph_node_set and tv_graph_node_update; TV_NOTFOUND when there is no such edge. */
TV_API int tv_graph_edge_set(tv_graph *graph, tv_edge edge, const char *name, tv_value value);
TV_API int tv_graph_edge_update(tv_graph *graph, tv_edge edge, size_t n,
                                const tv_property *properties);
/* TV_NOTFOUND, and a value of TV_NULL, when there is no such edge or it has no such property. Bytes
 * are borrowed. */
TV_API int tv_graph_edge_get(tv_graph *graph, const tv_edge_ref *edge, const char *name,
                             tv_value *value);
TV_API int tv_graph_edge_properties(tv_graph *graph, const tv_edge_ref *edge, tv_property_fn visit,
                                    void *ctx);

/* Number <-> name of an edge type. TV_ENOLABEL when unknown. Names live until the transaction
 * ends or rolls back to a savepoint. */
TV_API int tv_graph_type_find(tv_graph *graph, const char *name, uint32_t *type);
TV_API int tv_graph_type_text(tv_graph *graph, uint32_t type, const char **name);
/* The same for a number that is known to be one: NULL for whatever tv_graph_type_text would report,
 * which tv_txn_error then tells. */
TV_API const char *tv_graph_type_name(tv_graph *graph, uint32_t type);

typedef int (*tv_edge_fn)(void *ctx, const tv_edge_ref *edge);
/* Every edge (of `type`; NULL: all), in the order of source node, type, target. */
TV_API int tv_graph_edges(tv_graph *graph, const char *type, tv_edge_fn visit, void *ctx);
/* The same, beginning after the place of the edge `after` (NULL: at the start). */
TV_API int tv_graph_edges_after(tv_graph *graph, const char *type, const tv_edge_ref *after,
                                tv_edge_fn visit, void *ctx);

/* A set of edge types; n == 0 means all. */
typedef struct tv_types {
  size_t n;
  const uint32_t *types;
} tv_types;

/* The edges at a node, in the order of type, neighbour, id; for TV_BOTH first those out, then those
 * in, so that an edge from a node to itself is visited twice. visit's edge has from and to as
 * stored. Returns TV_OK, TV_STOP, TV_ENONODE, TV_ENOLABEL (an unknown type number), TV_EINVAL (no
 * direction). Cost: O(log edges + degree). tv_graph_degree counts what edges_at would visit. */
TV_API int tv_graph_edges_at(tv_graph *graph, tv_node node, int direction, tv_types types,
                             tv_edge_fn visit, void *ctx);
TV_API int tv_graph_degree(tv_graph *graph, tv_node node, int direction, tv_types types,
                           uint64_t *degree);

/* The edges of the given types from one node to another, parallel ones in the order of type, id.
 * Returns TV_OK, TV_STOP, TV_ENONODE, TV_ENOLABEL. Cost: O(log edges) for each type, whatever the
 * nodes' degrees. */
TV_API int tv_graph_edges_between(tv_graph *graph, tv_node from, tv_node to, tv_types types,
                                  tv_edge_fn visit, void *ctx);

/* ---- Lifetimes ---- */

/*
 * Lets a node or an edge expire ttl_ms milliseconds after the transaction's begin (tv_txn_now); 0:
 * it stays for ever. What has expired is found by no read: it is as if deleted, an expired node's
 * edges too, and an expired node's key is free. It still takes space and counts in tv_graph_stat
 * until it is swept: each tv_graph_node_put and tv_graph_edge_add sweeps some, tv_graph_sweep more.
 * Returns TV_OK, TV_EINVAL (a negative time), TV_ENONODE or TV_NOTFOUND. Cost: O(log n). A graph in
 * which no lifetime was ever set pays one comparison per read; else a transaction that first looks
 * at the graph pays O(expired and not yet swept).
 */
TV_API int tv_graph_node_expire(tv_graph *graph, tv_node node, int64_t ttl_ms);
TV_API int tv_graph_edge_expire(tv_graph *graph, tv_edge edge, int64_t ttl_ms);
/* When it expires by its own time, microseconds since 1970 UTC; 0: never. */
TV_API int tv_graph_node_expires(tv_graph *graph, tv_node node, int64_t *expires);
TV_API int tv_graph_edge_expires(tv_graph *graph, tv_edge edge, int64_t *expires);
/* Deletes up to `limit` nodes and edges that have expired; *swept (may be NULL) counts them. Less
 * than the limit: nothing is left. */
TV_API int tv_graph_sweep(tv_graph *graph, uint64_t limit, uint64_t *swept);

/* ---- Segments ---- */

/*
 * Edges are added to an ordered delta, which is merged into segments: compressed sparse rows that
 * traversals and above all algorithms read several times as fast and that take a fraction of the
 * space. Writers do so by themselves, a step for every 256 edges written, once the delta has more
 * than 4,096 edges and a sixty-fourth of the graph's; this merges the rest: up to `steps` blocks of
 * 4,096 nodes in one direction each; *merged (may be NULL) counts them, and fewer than `steps` mean
 * that no delta is left. Nothing but speed and space changes for readers, in this transaction or
 * any other. Returns TV_OK, TV_ELIMIT (node ids beyond 2^32), TV_ECORRUPT. Cost of a step: O(edges
 * at the block's nodes), 12 bytes of memory for each.
 */
TV_API int tv_graph_compact(tv_graph *graph, uint64_t steps, uint64_t *merged);

/* A property of many edges at once: one value for each. */
typedef struct tv_edge_column {
  const char *name;
  int32_t type;       /* TV_INT64 or TV_DOUBLE */
  const void *values; /* int64_t or double */
} tv_edge_column;

typedef struct tv_edges {
  const char *type;
  uint64_t n;
  const tv_node *from, *to;
  size_t column_count; /* 0: the edges have no properties */
  const tv_edge_column *columns;
} tv_edges;

/*
 * Adds edges of one type, from[i] -> to[i] with the i-th value of each column, straight into
 * segments. Their ids are *first (may be NULL) and those after it, in the order of source, target.
 * Returns TV_OK, TV_ENONODE (nothing was added), TV_EINVAL (a column without name, type or values),
 * TV_ELIMIT (2^32 edges or more in one call; see below for columns), TV_EXISTS (a unique index has
 * a value already: roll back). Cost: O(n + nodes); 12 bytes
 * of memory per edge, 4 more with columns, and 8 per node.
 *
 * Numbers of edges are kept in *columns* beside the neighbours, where algorithms read them as
 * weights, in the fewest bytes that hold a block's values exactly. A graph has columns for the
 * first 16 properties that were int64 or double on some edge, however the edges were added; further
 * ones are properties like any other.
 */
TV_API int tv_graph_edges_load_with(tv_graph *graph, const tv_edges *edges, tv_edge *first);
/* The same for edges without properties. */
TV_API int tv_graph_edges_load(tv_graph *graph, const char *type, uint64_t n, const tv_node *from,
                               const tv_node *to, tv_edge *first);

typedef enum tv_load_format {
  TV_LOAD_SNAP =
      0, /* two words a line, parted by blanks or commas; lines with # or % are comments */
  TV_LOAD_CSV = 1, /* a header, then lines whose first two fields are source and target (RFC 4180,
                      but a field has no line ends); a further field whose name
                      in the header ends in :int or :double is a property without the ending */
  TV_LOAD_MATRIX_MARKET =
      2 /* coordinate, square, general or symmetric; nodes are keyed 1, 2, ... */
} tv_load_format;

/* What was read so far. */
typedef struct tv_load_report {
  uint64_t lines, edges;
  uint64_t bad_lines, first_bad_line; /* first_bad_line counts from 1; 0: none was bad */
} tv_load_report;

typedef struct tv_load_options {
  int32_t format;         /* tv_load_format */
  int32_t skip_bad_lines; /* 0: the first bad line ends the load with TV_EINVAL, which names it; 1:
                             bad lines are counted and passed over */
  const char *type;       /* of the edges */
  const char *label;      /* given to nodes met first here; NULL: none */
  /* Reads up to `capacity` bytes of the text into buffer; *got 0: its end. Non-zero: TV_EIO. */
  int (*read)(void *ctx, void *buffer, size_t capacity, size_t *got);
  /* Called now and then; non-zero ends the load with TV_EINTR. May be NULL. */
  int (*progress)(void *ctx, const tv_load_report *report);
  void *ctx; /* of read and progress */
  /* Property that gets the number in a line's third word, as a double; NULL: none. Of CSV, the
   * header's field of that name. */
  const char *weight;
  /* Edges that would take more are sorted in a temporary file (in TMPDIR, else /tmp); 0: no limit.
   * Keys of nodes, some 50 bytes each, and a block of segments come on top. */
  uint64_t memory_bytes_max;
} tv_load_options;

/*
 * Loads an edge list from text: words are keys of nodes, found or created; edges go where
 * tv_graph_edges_load_with puts them, and words of a line that are not asked for are passed over.
 * *report (may be NULL)
 * is filled on failure too. After a failure roll back: nodes may have been created.
 * Returns TV_OK, TV_EINVAL, TV_EIO, TV_EINTR, TV_ELIMIT, TV_ENOMEM. Cost: 28 bytes of memory per
 * edge and some 50 per node.
 */
TV_API int tv_graph_load(tv_graph *graph, const tv_load_options *options, tv_load_report *report);

/* ---- Frontiers and traversals ---- */

/* Ends a traversal before it runs away; zero means no limit of that kind. */
typedef struct tv_limits {
  uint64_t nodes_max;  /* most nodes reached, the start included */
  int64_t deadline_ms; /* milliseconds from the call */
  const int *cancel;   /* polled; non-zero ends it with TV_EINTR */
  /* Asked every few thousand edges, on the calling thread; non-zero ends it with TV_EINTR. */
  int (*interrupted)(void *ctx);
  void *ctx;
} tv_limits;

/*
 * Expands a whole frontier in one call: for every edge of the given types at each of n nodes,
 * visit(ctx, index in the frontier, neighbour, edge), by index. Sorted frontiers are faster. A node
 * that was deleted has no edges; an id never given out is TV_ENONODE, before the first visit.
 * Cost: O(n log nodes + edges).
 */
typedef int (*tv_expand_fn)(void *ctx, size_t index, tv_node neighbour, const tv_edge_ref *edge);
TV_API int tv_graph_expand(tv_graph *graph, size_t n, const tv_node *frontier, int direction,
                           tv_types types, tv_expand_fn visit, void *ctx);

/*
 * Breadth-first search from a set of start nodes along edges of `types` in `direction`, up to
 * depth_max steps (UINT32_MAX: until exhausted): calls visit(ctx, node, depth, parent, edge) once
 * for each node reached, in order of depth; a start has depth 0, parent TV_NODE_NONE and edge NULL.
 * This is k-hop for a small depth, and with TV_IN and no bound the reverse closure. Returns TV_OK,
 * TV_STOP, TV_ENONODE, TV_ENOLABEL, TV_ELIMIT, TV_EINTR. A failure may come after some nodes were
 * visited. Cost: O(nodes + edges reached); at most 1 bit of memory per node id, and 24 bytes per
 * node of the largest frontier.
 */
typedef int (*tv_reach_fn)(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                           const tv_edge_ref *edge);
TV_API int tv_graph_bfs(tv_graph *graph, size_t n, const tv_node *starts, int direction,
                        tv_types types, uint32_t depth_max, const tv_limits *limits,
                        tv_reach_fn visit, void *ctx);

/* How many other nodes are within depth_max steps of a node. As tv_graph_bfs. */
TV_API int tv_graph_khop_count(tv_graph *graph, tv_node start, int direction, tv_types types,
                               uint32_t depth_max, const tv_limits *limits, uint64_t *count);

/* A path: length edges over length + 1 nodes. Free with tv_graph_path_free. */
typedef struct tv_path {
  size_t length;
  tv_node *nodes;
  tv_edge_ref *edges;
} tv_path;
/* A shortest path by number of edges (bidirectional search; nodes_max counts both sides).
 * TV_NOTFOUND when there is none. Cost: 32 bytes of memory per node reached. */
TV_API int tv_graph_shortest_path(tv_graph *graph, tv_node from, tv_node to, int direction,
                                  tv_types types, const tv_limits *limits, tv_path *out);
TV_API void tv_graph_path_free(tv_path *path);

#ifdef __cplusplus
}
#endif
#endif
