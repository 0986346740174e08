/* SPDX-License-Identifier: MIT */
/* Between view.c and view_delta.c, which lays the delta over a view; and gone_keys.c, which says
 * which edges of a direction have expired. */
#ifndef TRIVET_VIEW_DELTA_INTERNAL_H
#define TRIVET_VIEW_DELTA_INTERNAL_H

#include "view_internal.h"

/* Sets TV_ENOMEM. */
int tvi_view_no_memory(const tvi_view *view);
/* 1 when edges of that type count. */
int tvi_type_set_has(const tvi_type_set *types, uint32_t type);
int tvi_view_lay_delta(tvi_view *view, int direction, const tvi_type_set *types);

/* Appends the adjacency keys of the edges that have expired, as seen in that direction, to *keys:
 * in order, each once. TV_OK, TV_ENOMEM, TV_ECORRUPT. */
int tvi_gone_keys(tv_graph *graph, int direction, tvi_buffer *keys);

#endif
