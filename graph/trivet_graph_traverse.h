/* SPDX-License-Identifier: MIT */
/*
 * trivet_graph_traverse.h - traversals put together from steps.
 *
 * A traversal is a row of steps: a start, which gives nodes, then steps that walk along edges,
 * filter, and cut. It is built by calls, one for each step in order, and read row by row; a row is
 * a node, the edge by which it was reached, and, where asked for, the path. Steps work in batches:
 * the nodes of a batch are sorted and expanded in one go, and no step works ahead further than its
 * next batch, so that a limit ends a large traversal early. Memory is a batch for each step, plus
 * what tv_traversal_repeat and tv_traversal_dedup say. Nothing recurses.
 *
 * A building call that fails returns why, and so does every call after it, so that looking at
 * the status of tv_traversal_next alone is enough.
 *
 * A traversal sees the transaction's snapshot and its own writes as they are when it is opened.
 * When the graph is written to, or a savepoint rolled back, reading on is TV_EMISUSE; a traversal
 * that is to change what it finds is read to its end first.
 *
 * The rows of a start come in its order. An expansion keeps no order.
 *
 * Example (compiled and run by tests/graph/test_pipeline.c): friends of friends older than 30.
 *
 *     tv_traversal *t;
 *     tv_slice ada = tv_str("ada");
 *     tv_value thirty = {.type = TV_INT64, .as.integer = 30};
 *     tv_row row;
 *     tv_traversal_open(g, 0, &t);
 *     tv_traversal_keys(t, 1, &ada);
 *     tv_traversal_repeat(t, 1, 2, TV_REPEAT_REACH);
 *     tv_traversal_expand(t, TV_OUT, knows);
 *     tv_traversal_repeat_end(t);
 *     tv_traversal_where(t, TV_ON_NODE, "age", TV_GT, &thirty);
 *     while (tv_traversal_next(t, &row) == TV_OK) printf("%d\n", (int)row.node);
 *     tv_traversal_close(t);
 */
#ifndef TRIVET_GRAPH_TRAVERSE_H
#define TRIVET_GRAPH_TRAVERSE_H

#include "trivet_graph_index.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tv_traversal tv_traversal;

#define TV_TRAVERSAL_STEPS_MAX 64 /* starts, expansions and repeats of one traversal */

enum { TV_TRAVERSE_PATHS = 1u << 0 /* rows have paths; 32 bytes more for each row held */ };

typedef struct tv_row {
  tv_node node;        /* where it stands */
  uint32_t depth;      /* edges from its start */
  tv_edge_ref edge;    /* the last of them; depth 0: all zero */
  const tv_path *path; /* from the start to here; NULL without TV_TRAVERSE_PATHS */
} tv_row;

/* Ends a traversal before it runs away: exceeding one is TV_ELIMIT, the last three TV_EINTR. Zero
 * means no limit of that kind. */
typedef struct tv_traversal_limits {
  uint64_t rows_max;             /* most rows delivered (or counted) */
  uint64_t frontier_max;         /* most rows held at one time, in all steps together */
  uint32_t depth_max;            /* most edges of a row */
  int64_t deadline_ms;           /* milliseconds from the first row that is asked for */
  const int *cancel;             /* polled for each node and run of edges; non-zero ends it */
  int (*interrupted)(void *ctx); /* asked now and then, on the calling thread; non-zero ends it */
  void *ctx;
} tv_traversal_limits;

/*
 * Opens a traversal without steps. flags: TV_TRAVERSE_PATHS or 0.
 * Lifetime: until tv_traversal_close, which must come before the transaction ends. What the calls
 * below are given (ids, keys, names, values) is copied.
 * Returns TV_OK, TV_EINVAL, TV_ENOMEM.
 */
TV_API int tv_traversal_open(tv_graph *graph, unsigned flags, tv_traversal **out);
TV_API void tv_traversal_close(tv_traversal *traversal); /* NULL is allowed */

/* limits NULL: none. To be set before the first row is asked for. */
TV_API int tv_traversal_limit_to(tv_traversal *traversal, const tv_traversal_limits *limits);

/* ---- Starts: the first step, and no other ---- */

/* These nodes, as often as they are named. Ids and keys of no node are passed over. */
TV_API int tv_traversal_nodes(tv_traversal *traversal, size_t n, const tv_node *nodes);
TV_API int tv_traversal_keys(tv_traversal *traversal, size_t n, const tv_slice *keys);
/* All nodes with a label (NULL: all), by id. TV_ENOLABEL. */
TV_API int tv_traversal_label(tv_traversal *traversal, const char *label);
/* The nodes in a range of an index of nodes, in its order. As tv_index_cursor_open; TV_NOTFOUND
 * when there is no such index, TV_EINVAL for one of edges. */
TV_API int tv_traversal_index(tv_traversal *traversal, const tv_index *index,
                              const tv_index_range *range);

/* ---- Steps ---- */

/* From each row along each edge of `types` (n == 0: all) in `direction`: a row for each edge. With
 * TV_BOTH an edge from a node to itself gives two. Returns TV_EINVAL, TV_ENOLABEL. */
TV_API int tv_traversal_expand(tv_traversal *traversal, int direction, tv_types types);

typedef enum tv_on { TV_ON_NODE = 0, TV_ON_EDGE = 1 } tv_on;

/* Comparisons as tv_value_compare has them; what is null or of another kind is not equal, less or
 * greater. */
typedef enum tv_operator {
  TV_EQ = 0,
  TV_NE = 1, /* not null, and not equal: values of another kind are kept */
  TV_LT = 2,
  TV_LE = 3,
  TV_GT = 4,
  TV_GE = 5,
  TV_HAS = 6,   /* not null; value is not looked at */
  TV_LACKS = 7, /* null; value is not looked at */
  TV_PREFIX = 8 /* a text or blob that begins with the value, of the same kind */
} tv_operator;

/* Keeps rows whose node (or last edge) has such a property; a start has no edge, so that on it
 * every property is null. A name that nobody uses is null everywhere. Returns TV_EINVAL. Cost: a
 * look-up of the record, once for all conditions that follow each other. */
TV_API int tv_traversal_where(tv_traversal *traversal, int on, const char *property, int op,
                              const tv_value *value);
/* Keeps rows whose node has the label. TV_ENOLABEL. */
TV_API int tv_traversal_has_label(tv_traversal *traversal, const char *label);
/* Keeps rows for which keep returns 1, drops those for which it returns 0; another value ends the
 * traversal with TV_STOP. The row lives until keep returns. */
typedef int (*tv_row_fn)(void *ctx, const tv_row *row);
TV_API int tv_traversal_filter(tv_traversal *traversal, tv_row_fn keep, void *ctx);
/* Keeps the first row of each node. Memory: at most 1 bit per node id. */
TV_API int tv_traversal_dedup(tv_traversal *traversal);
/* Drops the first n rows; ends after n rows. */
TV_API int tv_traversal_skip(tv_traversal *traversal, uint64_t n);
TV_API int tv_traversal_limit(tv_traversal *traversal, uint64_t n);

typedef enum tv_repeat_mode {
  TV_REPEAT_WALK = 0,    /* anything goes: n-fold ways give n rows */
  TV_REPEAT_TRAIL = 1,   /* no edge twice */
  TV_REPEAT_ACYCLIC = 2, /* no node twice, the one where the repeat begins included */
  TV_REPEAT_REACH = 3    /* each node once, by one of the shortest ways */
} tv_repeat_mode;

/*
 * Repeats the expansions and conditions up to tv_traversal_repeat_end (one tv_traversal_expand at
 * least; tv_traversal_where, _has_label, _filter after it) and gives the rows after every round
 * from the min-th to the max-th (UINT32_MAX: no end but the graph's and the limits'); min 0 gives
 * the rows that come in too. A row that a condition drops is not followed further.
 *
 * What must not come twice is looked for in the part of the path that this repeat made. WALK, TRAIL
 * and ACYCLIC go into depth batch by batch: their rows come in no order of length, and their memory
 * is a batch for each round. WALK with a max that is reached on a cycle grows without bound:
 * give it limits. TRAIL and ACYCLIC compare each new row with the rows before it: O(length) each.
 *
 * REACH takes all rows that come in as the starts of one breadth-first search: rows come in the
 * order of rounds, each node once in all, starts at round 0. With min above 0 the starts are never
 * given, but nodes in rounds below min are reached all the same. Memory: 1 bit per node id at
 * most, and two frontiers.
 *
 * Returns TV_EINVAL (min above max, max 0, no such mode, or a repeat in a repeat).
 */
TV_API int tv_traversal_repeat(tv_traversal *traversal, uint32_t min, uint32_t max, int mode);
TV_API int tv_traversal_repeat_end(tv_traversal *traversal);

/* ---- Reading ---- */

/*
 * The next row. Lifetime of the path: until the next call with this traversal.
 * Returns TV_OK; TV_END; what building returned when that failed; TV_STOP (a filter ended it);
 * TV_ELIMIT, TV_EINTR; TV_EMISUSE (the graph was written to since the traversal was opened, or it
 * has no start, or a repeat without end); TV_ENOMEM, TV_ECORRUPT. A failure stays.
 */
TV_API int tv_traversal_next(tv_traversal *traversal, tv_row *row);

/* How many rows there are from here on; the traversal is then at its end. As tv_traversal_next. */
TV_API int tv_traversal_count(tv_traversal *traversal, uint64_t *count);

#ifdef __cplusplus
}
#endif
#endif
