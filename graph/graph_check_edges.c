/* SPDX-License-Identifier: MIT */
/*
 * Checking edges: each segment by its checksum and order, each record of the delta, and both
 * directions against each other by sums over all edges, their numbers included; only when the sums
 * differ is every edge looked for on the other side. Rejected: doing that always, which costs a
 * search for each edge.
 */
#include <inttypes.h>

#include "adjacency_internal.h"
#include "graph_check_internal.h"

static uint64_t check_mix(uint64_t digest, uint64_t more) {
  digest = (digest ^ more) * UINT64_C(0x9E3779B97F4A7C15);
  return digest ^ digest >> 29;
}

static uint64_t check_edge_digest(int direction, tv_node node, uint32_t type, tv_node neighbour,
                                  tv_edge edge) {
  tv_node from = direction == TV_OUT ? node : neighbour,
          to = direction == TV_OUT ? neighbour : node;
  return check_mix(check_mix(check_mix(from, to), type), edge);
}

static uint64_t check_value_digest(tv_edge edge, uint32_t property, const tv_value *value) {
  uint64_t bits;
  memcpy(&bits, &value->as.integer, sizeof bits);
  return check_mix(check_mix(check_mix(edge, property), (uint64_t)value->type), bits);
}

/* Adds an edge to what was seen in a direction; takes: -1 takes one away. */
static void check_count(tvi_graph_check *check, int direction, uint64_t digest, int takes) {
  int side = direction == TV_IN;
  check->edges[side] += takes < 0 ? UINT64_MAX : 1;
  check->digest[side] += takes < 0 ? 0 - digest : digest;
}

/* The edge at a place of a segment, its columns included. */
static uint64_t check_place_digest(const tvi_segment *segment, int direction, tv_node node,
                                   uint32_t type, size_t at) {
  tv_edge edge = tvi_segment_edge(segment, at);
  uint64_t digest =
      check_edge_digest(direction, node, type, tvi_segment_neighbour(segment, at), edge);
  uint32_t i;
  for (i = 0; i < segment->columns; i++) {
    tvi_segment_column column;
    tv_value value;
    tvi_segment_column_at(segment, i, &column);
    if (tvi_segment_column_value(&column, at, &value))
      digest += check_value_digest(edge, column.property, &value);
  }
  return digest;
}

/* ---- Segments ---- */

/* An edge in a segment at a node that does not exist must be deleted in the delta. */
static int check_is_dead(tvi_graph_check *check, int direction, tv_node node, uint32_t type,
                         tv_node neighbour, tv_edge edge) {
  unsigned char key[TVI_ADJ_KEY_BYTES];
  tv_store *delta;
  tv_slice value;
  int status = tvi_graph_store(check->graph, tvi_delta_part(direction), &delta);
  tvi_adj_key(key, node, type, neighbour, edge);
  if (status == TV_OK) status = tv_store_get(delta, tv_bytes(key, sizeof key), &value);
  if (status == TV_OK && tvi_delta_is_dead(value)) return TV_OK;
  if (status != TV_OK && status != TV_NOTFOUND) return status;
  return tvi_check_say(check, "edge %" PRIu64 " at node %" PRIu64 " has an end that does not exist",
                       edge, node);
}

static int check_row(tvi_graph_check *check, const tvi_segment *segment, int direction,
                     tv_node node, uint32_t type, size_t from, size_t to) {
  size_t at;
  int status = TV_OK;
  for (at = from; at < to && status == TV_OK; at++) {
    uint32_t neighbour = tvi_segment_neighbour(segment, at);
    tv_edge edge = tvi_segment_edge(segment, at);
    if (at > from && (neighbour < tvi_segment_neighbour(segment, at - 1) ||
                      (neighbour == tvi_segment_neighbour(segment, at - 1) &&
                       edge <= tvi_segment_edge(segment, at - 1))))
      status = tvi_check_say(check, "the edges at node %" PRIu64 " are out of order", node);
    if (status == TV_OK &&
        (!tvi_node_set_has(&check->nodes, node) || !tvi_node_set_has(&check->nodes, neighbour)))
      status = check_is_dead(check, direction, node, type, neighbour, edge);
    if (status == TV_OK && edge >= check->edge_ids)
      status = tvi_check_say(check, "edge %" PRIu64 " has an id not given out yet", edge);
    check_count(check, direction, check_place_digest(segment, direction, node, type, at), 1);
  }
  return status;
}

static int check_segment(tvi_graph_check *check, tv_slice key, tv_slice value) {
  const unsigned char *bytes = key.data;
  int direction = bytes[0] == 'o' ? TV_OUT : TV_IN, status = TV_OK;
  uint64_t block = tvi_load_be32(bytes + 1);
  uint32_t type = tvi_load_be16(bytes + 5), row;
  size_t from = 0, to = 0, end = 0;
  tvi_segment segment;
  if (!tvi_segment_verify(key, value) || tvi_segment_decode(value, &segment) != TV_OK)
    return tvi_check_say(check, "a segment of block %" PRIu64 " (%s, type %u) is damaged", block,
                         direction == TV_OUT ? "out" : "in", (unsigned)type);
  if (type >= check->types)
    status = tvi_check_say(check, "a segment is of type %u, which has no name", (unsigned)type);
  for (row = 0; row < segment.nodes && status == TV_OK; row++) {
    if (!tvi_segment_row(&segment, row, &from, &to) || from != end)
      return tvi_check_say(check, "the rows of a segment of block %" PRIu64 " do not join", block);
    end = to;
    status = check_row(check, &segment, direction, (block << TVI_BLOCK_BITS) + row, type, from, to);
  }
  if (status == TV_OK && end != segment.edges)
    status = tvi_check_say(check, "the rows of a segment of block %" PRIu64 " end early", block);
  return status;
}

static int check_segments(tvi_graph_check *check) {
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  tv_store *segments;
  tv_cursor *cursor;
  tv_edge_ref ref;
  int status = tvi_graph_store(check->graph, TVI_GRAPH_SEGMENTS, &segments);
  if (status == TV_OK) status = tv_cursor_open(segments, &cursor);
  if (status != TV_OK) return status;
  while ((status = tv_cursor_next(cursor, &key, &value)) == TV_OK) {
    const char *letter = key.data;
    if ((*letter == 'o' || *letter == 'i') && key.size == TVI_SEGMENT_KEY_BYTES)
      status = check_segment(check, key, value);
    else if (*letter == 'r' && key.size == 1 + TVI_EDGE_KEY_BYTES) /* the record, if no more */
      status = tvi_range_find(check->graph, tvi_load_be40(letter + 1), &ref);
    else if (*letter != 'c' || key.size != 1)
      status = tvi_check_say(check, "a record among the segments has an unknown key");
    if (status == TV_NOTFOUND) status = TV_OK;
    status = tvi_check_status(check, status);
    if (status != TV_OK) break;
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

/* ---- The delta ---- */

/* Adds the numbers of a record to its digest. */
static int check_list(tvi_graph_check *check, tv_slice key, tv_slice value, uint64_t *digest) {
  tv_edge edge = tvi_load_be40((const unsigned char *)key.data + 12);
  tvi_property_reader reader;
  tv_value property;
  tv_slice list;
  uint32_t number;
  int status = tvi_delta_list(check->graph, key, value, &list);
  if (status == TV_OK) status = tvi_properties_begin(&reader, list);
  while (status == TV_OK) {
    status = tvi_properties_next(&reader, &number, &property);
    if (status == TV_OK && tvi_columns_takes(check->graph, number, &property))
      *digest += check_value_digest(edge, number, &property);
  }
  if (status == TV_END) return TV_OK;
  return status == TV_ECORRUPT
             ? tvi_check_say(check, "the properties of edge %" PRIu64 " are damaged", edge)
             : status;
}

static int check_delta_key(tvi_graph_check *check, int direction, tv_slice key, tv_slice value) {
  const unsigned char *bytes = key.data;
  tv_node node, neighbour;
  tv_edge edge;
  tvi_segment segment;
  uint32_t type;
  size_t at = 0;
  int status, in_segment, over = tvi_delta_is_over(value), dead = tvi_delta_is_dead(value);
  uint64_t digest;
  if (key.size != TVI_ADJ_KEY_BYTES)
    return tvi_check_say(check, "a record of the delta has a key of %zu bytes", key.size);
  node = tvi_load_be40(bytes);
  type = tvi_load_be16(bytes + 5);
  neighbour = tvi_load_be40(bytes + 7);
  edge = tvi_load_be40(bytes + 12);
  if (!dead && (!tvi_node_set_has(&check->nodes, node) || edge >= check->edge_ids ||
                !tvi_node_set_has(&check->nodes, neighbour) || type >= check->types))
    return tvi_check_say(check,
                         "edge %" PRIu64 " at node %" PRIu64
                         " has an end or a type that "
                         "does not exist",
                         edge, node);
  status = tvi_segment_get(check->graph, direction, tvi_block_of(node), type, &segment);
  if (status == TV_OK)
    status = tvi_segment_find(check->graph, &segment, node, neighbour, edge, &at);
  if (status != TV_OK && status != TV_NOTFOUND) return tvi_check_status(check, status);
  in_segment = status == TV_OK;
  if (in_segment != (over || dead))
    return tvi_check_say(check, "edge %" PRIu64 " at node %" PRIu64 " %s", edge, node,
                         in_segment ? "is in a segment and in the delta"
                                    : "is changed in the delta but in no segment");
  if (in_segment)
    check_count(check, direction, check_place_digest(&segment, direction, node, type, at), -1);
  if (dead) return TV_OK;
  digest = check_edge_digest(direction, node, type, neighbour, edge);
  status = check_list(check, key, value, &digest);
  check_count(check, direction, digest, 1);
  return status;
}

static int check_delta(tvi_graph_check *check, int direction) {
  tv_slice key = {NULL, 0}, value = {NULL, 0};
  tv_store *delta;
  tv_cursor *cursor;
  int status = tvi_graph_store(check->graph, tvi_delta_part(direction), &delta);
  if (status == TV_OK) status = tv_cursor_open(delta, &cursor);
  if (status != TV_OK) return status;
  while ((status = tv_cursor_next(cursor, &key, &value)) == TV_OK) {
    status = check_delta_key(check, direction, key, value);
    if (status != TV_OK) break;
  }
  tv_cursor_close(cursor);
  return status == TV_END ? TV_OK : status;
}

/* ---- One direction against the other ---- */

/* 1 in *there: the edge is at its other end, too. */
static int check_other_side(tvi_graph_check *check, int direction, tv_node node, uint32_t type,
                            tv_node neighbour, tv_edge edge, int *there) {
  unsigned char key[TVI_ADJ_KEY_BYTES];
  tvi_segment segment;
  tv_store *delta;
  tv_slice value = {NULL, 0};
  size_t at;
  int status = tvi_graph_store(check->graph, tvi_delta_part(direction), &delta);
  tvi_adj_key(key, node, type, neighbour, edge);
  if (status == TV_OK) status = tv_store_get(delta, tv_bytes(key, sizeof key), &value);
  *there = status == TV_OK && !tvi_delta_is_dead(value);
  if (status != TV_NOTFOUND) return status;
  status = tvi_segment_get(check->graph, direction, tvi_block_of(node), type, &segment);
  if (status == TV_OK)
    status = tvi_segment_find(check->graph, &segment, node, neighbour, edge, &at);
  *there = status == TV_OK;
  return status == TV_NOTFOUND ? TV_OK : status;
}

/* Looks for each edge of a direction in the other. */
static int check_missing(tvi_graph_check *check, int direction) {
  tvi_type_set all = {0};
  tvi_adj_reader reader;
  tvi_adj_run run;
  size_t i;
  int status = tvi_adj_open(&reader, check->graph, direction, &all), there;
  if (status != TV_OK) return status;
  reader.raw = 1;
  status = tvi_adj_scan(&reader, NULL);
  while (status == TV_OK && (status = tvi_adj_next(&reader, &run)) == TV_OK)
    for (i = 0; i < run.n && status == TV_OK; i++) {
      status = check_other_side(check, direction == TV_OUT ? TV_IN : TV_OUT, run.neighbours[i],
                                run.type, run.node, run.edges[i], &there);
      if (status == TV_OK && !there)
        status = tvi_check_say(
            check, "edge %" PRIu64 " is at its %s, node %" PRIu64 ", and not at node %" PRIu64,
            run.edges[i], direction == TV_OUT ? "source" : "target", run.node, run.neighbours[i]);
    }
  tvi_adj_close(&reader);
  return status == TV_END ? TV_OK : tvi_check_status(check, status);
}

int tvi_check_edges(tvi_graph_check *check) {
  uint64_t before;
  int status = TV_OK;
  if ((check->graph->features & TVI_GRAPH_HAS_SEGMENTS) != 0) status = check_segments(check);
  if (status == TV_OK) status = check_delta(check, TV_OUT);
  if (status == TV_OK) status = check_delta(check, TV_IN);
  before = check->problems;
  if (status != TV_OK || check->digest[0] == check->digest[1]) return status;
  status = check_missing(check, TV_OUT);
  if (status == TV_OK) status = check_missing(check, TV_IN);
  if (status == TV_OK && check->problems == before)
    status =
        tvi_check_say(check, "edges have other numbers at their sources than at their targets");
  return status;
}
