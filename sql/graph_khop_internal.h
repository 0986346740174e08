/* SPDX-License-Identifier: MIT */
/* What graph_khop's search from one node and its search from a list share. */
#ifndef TRIVET_GRAPH_KHOP_INTERNAL_H
#define TRIVET_GRAPH_KHOP_INTERNAL_H

#include "graph_table_internal.h"

enum {
  TVI_KHOP_NODE = 0,
  TVI_KHOP_DEPTH = 1,
  TVI_KHOP_PARENT = 2,
  TVI_KHOP_TYPE = 3,
  TVI_KHOP_EDGE = 4,
  TVI_KHOP_GRAPH = 5,
  TVI_KHOP_START = 6,
  TVI_KHOP_DEPTH_MAX = 7,
  TVI_KHOP_DIRECTION = 8,
  TVI_KHOP_TYPES = 9
};

typedef struct tvi_khop_row {
  tv_node node, parent; /* parent: TV_NODE_NONE at the start */
  tv_edge edge;
  uint32_t depth, type;
  size_t start; /* index among the starts */
} tvi_khop_row;

typedef struct tvi_khop_cursor {
  tvi_graph_cursor base;
  tvi_graph_starts starts;
} tvi_khop_cursor;

/* Collects what each of the starts reaches, as searches one after another would. A tv_status. */
int tvi_khop_list(tvi_khop_cursor *cursor, int direction, tv_types types, uint32_t depth_max);

#endif
