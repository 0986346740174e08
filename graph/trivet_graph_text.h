/* SPDX-License-Identifier: MIT */
/*
 * trivet_graph_text.h - graphs as text: export of a graph or a part of it to Graphviz, GraphML and
 * CSV, and loading CSV of nodes and of edges with typed columns. What the CSV export writes, the
 * load reads back as the same graph: keys, labels, types, properties with their types, parallel
 * edges; ids are given anew, and lifetimes and indexes are not written.
 *
 * Text goes out and comes in through callbacks, in pieces of some 64 KiB: no file is opened here.
 * Threads, lifetimes and errors are those of trivet_graph.h. The callbacks may read the graph, not
 * write to it.
 *
 * CSV is RFC 4180: fields in quotes may hold separators, line ends and doubled quotes. The first
 * line names the columns:
 *
 *     key,labels,age:int64,name:text                   of nodes
 *     source,target,type,km:double,toll:bool           of edges
 *
 * `key` is a node's key, `labels` its labels with `;` between (`\;` and `\\` stand for these
 * characters in a label); `source` and `target` (or `from` and `to`) are keys, `type` the type of
 * the edge. Any other column is a property, NAME:TYPE with one of bool, int64 (or int), double,
 * text, blob; without a type it is text. An empty field without quotes is a property that is not
 * there, "" an empty text. bool is true or false, blob hexadecimal digits, double what reads back
 * as the same number (inf, -inf, nan included). A property that has several types has a column for
 * each.
 *
 * Example (compiled and run by tests/graph/test_csv_load.c):
 *
 *     static int put(void *ctx, const void *data, size_t size) {
 *       return fwrite(data, 1, size, ctx) != size;
 *     }
 *
 *     tv_export_options dot = {.format = TV_EXPORT_DOT, .write = put, .ctx = stdout};
 *     tv_graph_export(g, &dot, NULL);
 */
#ifndef TRIVET_GRAPH_TEXT_H
#define TRIVET_GRAPH_TEXT_H

#include "trivet_graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Export ---- */

typedef enum tv_export_format {
  TV_EXPORT_DOT = 0,     /* Graphviz: keys and types are shown, the rest is in tooltips */
  TV_EXPORT_GRAPHML = 1, /* GraphML: labels, types and properties as data with declared types */
  TV_EXPORT_NODES_CSV = 2,
  TV_EXPORT_EDGES_CSV = 3
} tv_export_format;

typedef struct tv_export_report {
  uint64_t nodes, edges; /* written so far */
} tv_export_report;

/* All zero but for format and write is the whole graph. */
typedef struct tv_export_options {
  int32_t format;    /* tv_export_format */
  const char *label; /* only nodes with this label, and edges between them; NULL: all */
  tv_types types;    /* only edges of these types; n == 0: all */
  /* Only these nodes, in any order, and the edges between them; NULL: all. */
  const tv_node *nodes;
  size_t node_count;
  /* Takes the next `size` bytes. Non-zero: TV_EIO. */
  int (*write)(void *ctx, const void *data, size_t size);
  /* Called now and then; non-zero ends the export with TV_EINTR. May be NULL. */
  int (*progress)(void *ctx, const tv_export_report *report);
  void *ctx; /* of write and progress */
} tv_export_options;

/*
 * Writes a graph, or the part of it that some nodes span. Nodes come in the order of ids, edges in
 * that of source, type, target. A key that is no UTF-8 is shown as x'00ff' in DOT and GraphML, and
 * written as it is in CSV; other bytes that are none, or that XML cannot hold, are U+FFFD there.
 * *report (may be NULL) is filled on failure too.
 * Returns TV_OK, TV_EINVAL, TV_ENONODE, TV_ENOLABEL, TV_EIO, TV_EINTR, TV_ENOMEM, TV_ECORRUPT.
 * Cost: O(nodes + edges), twice where properties have to be declared first (all but DOT); 8 bytes
 * of memory per node, and a bit per id, where not all nodes are written.
 */
TV_API int tv_graph_export(tv_graph *graph, const tv_export_options *options,
                           tv_export_report *report);

/* ---- Loading CSV ---- */

typedef enum tv_csv_kind { TV_CSV_NODES = 0, TV_CSV_EDGES = 1 } tv_csv_kind;

/* What was read so far. */
typedef struct tv_csv_report {
  uint64_t lines, nodes, edges;       /* nodes: found or made by a file of nodes */
  uint64_t bad_lines, first_bad_line; /* first_bad_line counts from 1; 0: none was bad */
  char problem[128];                  /* of the first bad line */
} tv_csv_report;

typedef struct tv_csv_options {
  int32_t kind;           /* tv_csv_kind */
  int32_t skip_bad_lines; /* 0: the first bad line ends the load with TV_EINVAL, which names it; 1:
                             bad lines are counted and passed over */
  int32_t create_nodes;   /* of edges: 1: an end that is no node becomes one; 0: the line is bad */
  char separator;         /* 0: a comma */
  const char *label;      /* given to each node, beside those of its line; NULL: none */
  const char *type;       /* of edges whose line names none; NULL: such a line is bad */
  /* Reads up to `capacity` bytes of the text into buffer; *got 0: its end. Non-zero: TV_EIO. */
  int (*read)(void *ctx, void *buffer, size_t capacity, size_t *got);
  /* Called now and then; non-zero ends the load with TV_EINTR. May be NULL. */
  int (*progress)(void *ctx, const tv_csv_report *report);
  void *ctx; /* of read and progress */
} tv_csv_options;

/*
 * Loads nodes, or edges between nodes, from CSV. A node whose key is there already is given the
 * labels and properties of its line in addition to those it has. Edges whose properties are
 * numbers, all of them there, go straight into segments, as tv_graph_edges_load_with does; others
 * are added one by one (for a file of the first kind alone tv_graph_load is the faster). A line is
 * checked whole before anything of it is written. A bad header is always an error. *report (may be
 * NULL) is filled on failure too; after a failure roll back. Returns TV_OK, TV_EINVAL, TV_EIO,
 * TV_EINTR, TV_ELIMIT (a line of more than 16 MiB, or limits of the graph), TV_EXISTS (a unique
 * index refuses), TV_EREADONLY, TV_ENOMEM. Cost: of a node as tv_graph_node_upsert; of an edge two
 * look-ups of keys, and 16 bytes of memory, 8 more per number.
 */
TV_API int tv_graph_csv_load(tv_graph *graph, const tv_csv_options *options, tv_csv_report *report);

#ifdef __cplusplus
}
#endif
#endif
