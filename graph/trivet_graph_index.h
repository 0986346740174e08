/* SPDX-License-Identifier: MIT */
/*
 * trivet_graph_index.h - property indexes: nodes and edges in the order of a property's value.
 *
 * An index holds the nodes of a label (or all nodes) or the edges of a type (or all edges) that
 * have a property. Every call that changes a node or an edge keeps it exact in its own transaction,
 * deletion, sweeping and rollback included; readers see the index of their snapshot, a writer its
 * own writes.
 *
 * Order of values: bools (0, 1), then numbers, then texts, then blobs. Integers and doubles are
 * compared by their exact numeric value (1 equals 1.0; -0.0 equals 0.0), NaN equals NaN and comes
 * behind all other numbers. Texts and blobs are compared byte by byte. A value of one kind is never
 * equal to, less or greater than one of another. A property that is null is one that is not there.
 *
 * Example (compiled and run by tests/graph/test_property_index.c):
 *
 *     tv_index by_age = {TV_INDEX_NODES, "Person", "age"};
 *     tv_value thirty = {.type = TV_INT64, .as.integer = 30};
 *     tv_index_range older = {.from = &thirty};
 *     tv_index_cursor *cursor;
 *     uint64_t node;
 *     tv_graph_index_create(g, &by_age, 0);
 *     tv_index_cursor_open(g, &by_age, &older, &cursor);
 *     while (tv_index_cursor_next(cursor, &node) == TV_OK) printf("%d\n", (int)node);
 *     tv_index_cursor_close(cursor);
 */
#ifndef TRIVET_GRAPH_INDEX_H
#define TRIVET_GRAPH_INDEX_H

#include "trivet_graph.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TV_INDEXES_MAX 1024           /* of one graph */
#define TV_INDEX_VALUE_BYTES_MAX 248u /* bytes of a text or blob that its entry holds */

typedef enum tv_index_kind { TV_INDEX_NODES = 0, TV_INDEX_EDGES = 1 } tv_index_kind;

/* Which index. */
typedef struct tv_index {
  int32_t kind;         /* tv_index_kind */
  const char *label;    /* label of the nodes, or type of the edges; NULL: all of them */
  const char *property; /* its name */
} tv_index;

enum { TV_INDEX_UNIQUE = 1u << 0 /* no two nodes (edges) in the index have the same value */ };

/*
 * Makes an index and fills it with what is there. A label, type or property without nodes yet is
 * given its number. flags: TV_INDEX_UNIQUE or 0; from then on a call that would make two values
 * equal is refused with TV_EXISTS and changes nothing.
 * Returns TV_OK; TV_EXISTS: there is this index already, or two values are equal that must not be
 * (the index is then not made; the message tells which); TV_EINVAL, TV_ELIMIT, TV_EREADONLY.
 * Cost: O(nodes of the label, or all edges), a put for each that has the property; memory of the
 * library does not grow with them.
 */
TV_API int tv_graph_index_create(tv_graph *graph, const tv_index *index, unsigned flags);
/* Returns TV_NOTFOUND when there is none. Cost: O(entries). */
TV_API int tv_graph_index_drop(tv_graph *graph, const tv_index *index);
/* Calls visit for each index until it returns non-zero (TV_STOP). Lifetime of what *index points
 * at: the call of visit. */
typedef int (*tv_index_fn)(void *ctx, const tv_index *index, unsigned flags);
TV_API int tv_graph_index_list(tv_graph *graph, tv_index_fn visit, void *ctx);

/* Which part of an index. All zero is all of it, ascending. Both bounds are of one kind of value
 * (numbers, texts, ...), and a range with a bound holds values of that kind only. */
typedef struct tv_index_range {
  const tv_value *from, *to;  /* NULL: no bound; both the same: equality */
  int32_t from_open, to_open; /* 1: the bound itself is not in the range */
  int32_t descending;
} tv_index_range;

/*
 * Opens a cursor over the nodes or edges whose value is in the range, in the order of value, then
 * id. Texts and blobs that agree in their first TV_INDEX_VALUE_BYTES_MAX bytes and are longer come
 * in the order of id among themselves; bounds are exact at any length. range NULL: all.
 * Lifetime: until tv_index_cursor_close, which must come before the transaction ends; bounds are
 * copied. Writes are allowed meanwhile: what is not yet passed is seen as it is then. After a
 * rollback to a savepoint, tv_index_cursor_next is TV_EMISUSE.
 * Returns TV_OK, TV_NOTFOUND (no such index), TV_EINVAL (bounds of two kinds, or null), TV_ENOMEM.
 */
typedef struct tv_index_cursor tv_index_cursor;
TV_API int tv_index_cursor_open(tv_graph *graph, const tv_index *index, const tv_index_range *range,
                                tv_index_cursor **out);
/* The next node's or edge's id. Returns TV_OK, TV_END, TV_EMISUSE, TV_ECORRUPT. Cost: the first
 * O(log entries), each further one a step; one look-up more where a long text meets a bound. */
TV_API int tv_index_cursor_next(tv_index_cursor *cursor, uint64_t *id);
TV_API void tv_index_cursor_close(tv_index_cursor *cursor); /* NULL is allowed */

/* How many are in the range (descending is not looked at). As tv_index_cursor_open.
 * Cost: O(log entries + matches), 1 step each. */
TV_API int tv_graph_index_count(tv_graph *graph, const tv_index *index, const tv_index_range *range,
                                uint64_t *count);

/*
 * Compares two values in the order above: *order becomes -1, 0 or 1. Returns TV_OK, or
 * TV_MISMATCH when they are of two kinds or one is null.
 */
TV_API int tv_value_compare(const tv_value *a, const tv_value *b, int *order);

#ifdef __cplusplus
}
#endif
#endif
