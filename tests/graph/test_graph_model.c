/* SPDX-License-Identifier: MIT */
/*
 * A model test: random changes of a graph, with savepoints, rollbacks, commits, aborts and
 * reopening, against plain arrays. After every few changes everything is compared: keys, labels,
 * properties, edges seen from both ends, with their weights as algorithms see them, and distances
 * against a plain breadth-first search.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph_index.h"
#include "view_internal.h"

enum {
  NODES = 60,    /* keys; a deleted node's key gets a new id */
  IDS = 4000,    /* ids at most given out */
  EDGES = 20000, /* edges at most given out */
  TYPES = 3,
  LABELS = 4,
  PROPERTIES = 3,
  DEPTH = 3, /* savepoints */
  ROUNDS = 700,
  STEPS = 120
};

typedef struct model_node {
  int alive, key;
  int labels;                     /* bits */
  int64_t properties[PROPERTIES]; /* 0: none */
} model_node;

typedef struct model_edge {
  int alive;
  tv_node from, to;
  int type;
  int64_t properties[PROPERTIES];
} model_edge;

typedef struct model {
  int node_count, edge_count;
  model_node nodes[IDS];
  model_edge edges[EDGES];
} model;

typedef struct world {
  uint64_t seed;
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  unsigned depth;
  int merging;
  model now, committed, saved[DEPTH];
} world;

static const char *const type_names[TYPES] = {"red", "green", "blue"};
static const char *const label_names[LABELS] = {"A", "B", "C", "D"};
static const char *const property_names[PROPERTIES] = {"x", "y", "z"};

static unsigned roll(world *w, unsigned below) {
  return (unsigned)(test_random(&w->seed) % below);
}

static void key_of(char *buffer, size_t size, int key) {
  snprintf(buffer, size, "key-%d", key);
}

static void begin(world *w) {
  w->txn = test_begin(w->db, TV_WRITE);
  test_ok(tv_graph_open(w->txn, "model", TV_CREATE, &w->g));
  if (w->merging) w->g->merge_min = roll(w, 100); /* writers merge, too */
  w->depth = 0;
}

/* An id that may be alive, dead or never given out. */
static tv_node any_node(world *w) {
  return w->now.node_count == 0 ? 0 : roll(w, (unsigned)w->now.node_count + 1);
}

static int node_alive(const model *m, tv_node node) {
  return node < (tv_node)m->node_count && m->nodes[node].alive;
}

/* ---- Steps ---- */

static void step_node_put(world *w) {
  int key = (int)roll(w, NODES), label = (int)roll(w, LABELS + 1), i;
  char name[16];
  tv_node node;
  for (i = 0; i < w->now.node_count; i++)
    if (w->now.nodes[i].alive && w->now.nodes[i].key == key) break;
  if (i == w->now.node_count) {
    if (i == IDS) return;
    w->now.nodes[i] = (model_node){.alive = 1, .key = key};
    w->now.node_count++;
  }
  key_of(name, sizeof name, key);
  test_ok(
      tv_graph_node_put(w->g, tv_str(name), label == LABELS ? NULL : label_names[label], &node));
  assert_int_equal(node, i);
  if (label < LABELS) w->now.nodes[i].labels |= 1 << label;
}

static void step_node_delete(world *w) {
  tv_node node = any_node(w);
  int i, alive = node_alive(&w->now, node);
  test_status(tv_graph_node_delete(w->g, node), alive ? TV_OK : TV_NOTFOUND);
  if (!alive) return;
  w->now.nodes[node].alive = 0;
  for (i = 0; i < w->now.edge_count; i++)
    if (w->now.edges[i].from == node || w->now.edges[i].to == node) w->now.edges[i].alive = 0;
}

static void step_label(world *w) {
  tv_node node = any_node(w);
  int label = (int)roll(w, LABELS), alive = node_alive(&w->now, node), had;
  if (!alive) {
    test_status(tv_graph_label_add(w->g, node, label_names[label]), TV_ENONODE);
    return;
  }
  had = w->now.nodes[node].labels >> label & 1;
  if (roll(w, 2)) {
    test_ok(tv_graph_label_add(w->g, node, label_names[label]));
    w->now.nodes[node].labels |= 1 << label;
  } else {
    test_status(tv_graph_label_remove(w->g, node, label_names[label]), had ? TV_OK : TV_NOTFOUND);
    w->now.nodes[node].labels &= ~(1 << label);
  }
}

/* A property is a number in the model: what it stands for is an int64, a double or a text. */
static tv_value value_of(int property, int64_t number, char text[24]) {
  tv_value value = {TV_INT64, {0}};
  value.as.integer = number;
  if (number == 0) value.type = TV_NULL;
  if (number % 5 == 1 && number < INT64_C(1) << 53) {
    value.type = TV_DOUBLE;
    value.as.real = (double)number;
  } else if (number % 11 == 2 && property == PROPERTIES - 1) {
    value.type = TV_TEXT;
    snprintf(text, 24, "%" PRId64, number);
    value.as.bytes = tv_str(text);
  }
  return value;
}

static tv_value random_value(world *w, int property, int64_t *number, char text[24]) {
  unsigned shift = roll(w, 3) == 0 ? roll(w, 60) : 56;
  *number = roll(w, 4) == 0 ? 0 : (int64_t)(test_random(&w->seed) >> shift) - 5;
  return value_of(property, *number, text);
}

static int is_value(const tv_value *value, int property, int64_t number) {
  char text[24];
  tv_value expected = value_of(property, number, text);
  if (value->type != expected.type) return 0;
  if (value->type == TV_DOUBLE) return value->as.real == expected.as.real;
  if (value->type == TV_INT64) return value->as.integer == number;
  return test_slice_is(value->as.bytes, text);
}

static void step_node_set(world *w) {
  tv_node node = any_node(w);
  int property = (int)roll(w, PROPERTIES);
  char text[24];
  int64_t number;
  tv_value value = random_value(w, property, &number, text);
  int alive = node_alive(&w->now, node);
  test_status(tv_graph_node_set(w->g, node, property_names[property], value),
              alive ? TV_OK : TV_ENONODE);
  if (alive) w->now.nodes[node].properties[property] = number;
}

static void step_edge_add(world *w) {
  tv_node from = any_node(w), to = any_node(w);
  int type = (int)roll(w, TYPES), i;
  size_t n = roll(w, PROPERTIES + 1), k;
  tv_property properties[PROPERTIES];
  char texts[PROPERTIES][24];
  model_edge *edge = &w->now.edges[w->now.edge_count];
  tv_edge id;
  if (w->now.edge_count == EDGES) return;
  *edge = (model_edge){1, from, to, type, {0}};
  i = (int)roll(w, PROPERTIES);
  for (k = 0; k < n; k++, i = (i + 1) % PROPERTIES) {
    properties[k].name = property_names[i];
    properties[k].value = random_value(w, i, &edge->properties[i], texts[i]);
  }
  if (!node_alive(&w->now, from) || !node_alive(&w->now, to)) {
    test_status(tv_graph_edge_add(w->g, from, to, type_names[type], n, properties, &id),
                TV_ENONODE);
    return;
  }
  test_ok(tv_graph_edge_add(w->g, from, to, type_names[type], n, properties, &id));
  assert_int_equal(id, w->now.edge_count);
  w->now.edge_count++;
}

static void step_edge_delete(world *w) {
  unsigned edge = roll(w, (unsigned)w->now.edge_count + 1);
  int alive = edge < (unsigned)w->now.edge_count && w->now.edges[edge].alive;
  test_status(tv_graph_edge_delete(w->g, edge), alive ? TV_OK : TV_NOTFOUND);
  if (alive) w->now.edges[edge].alive = 0;
}

static void step_edge_set(world *w) {
  unsigned edge = roll(w, (unsigned)w->now.edge_count + 1);
  int alive = edge < (unsigned)w->now.edge_count && w->now.edges[edge].alive;
  int property = (int)roll(w, PROPERTIES);
  char text[24];
  int64_t number;
  tv_value value = random_value(w, property, &number, text);
  test_status(tv_graph_edge_set(w->g, edge, property_names[property], value),
              alive ? TV_OK : TV_NOTFOUND);
  if (alive) w->now.edges[edge].properties[property] = number;
}

static void step_savepoint(world *w) {
  unsigned depth;
  if (w->depth < DEPTH && roll(w, 2)) {
    w->saved[w->depth++] = w->now;
    test_ok(tv_savepoint(w->txn, &depth));
    assert_int_equal(depth, w->depth);
  } else if (w->depth > 0) {
    depth = 1 + roll(w, w->depth);
    if (roll(w, 2)) {
      test_ok(tv_savepoint_release(w->txn, depth));
    } else {
      test_ok(tv_savepoint_rollback(w->txn, depth));
      w->now = w->saved[depth - 1];
    }
    w->depth = depth - 1;
  }
}

static int by_ends(const void *a, const void *b) {
  const model_edge *x = a, *y = b;
  if (x->from != y->from) return x->from < y->from ? -1 : 1;
  return x->to < y->to ? -1 : x->to > y->to;
}

/* Loads some edges between nodes that are alive, each with a number of its ends. */
static void step_load(world *w) {
  tv_node from[40], to[40];
  model_edge *edges = &w->now.edges[w->now.edge_count];
  int type = (int)roll(w, TYPES), column = (int)roll(w, 2), n = 0, i, tries;
  int64_t numbers[40];
  tv_edge_column x = {property_names[0], TV_INT64, numbers};
  tv_edges load = {.type = type_names[type], .from = from, .to = to, .columns = &x};
  tv_edge first;
  if (w->now.edge_count + 40 > EDGES) return;
  for (tries = 0; tries < 40; tries++) {
    from[n] = any_node(w);
    to[n] = any_node(w);
    if (!node_alive(&w->now, from[n]) || !node_alive(&w->now, to[n])) continue;
    numbers[n] = column ? (int64_t)(from[n] * 10 + 3) * 55 : 0;
    edges[n] = (model_edge){1, from[n], to[n], type, {numbers[n]}};
    n++;
  }
  qsort(edges, (size_t)n, sizeof *edges, by_ends);
  load.n = (uint64_t)n;
  load.column_count = (size_t)column;
  test_ok(tv_graph_edges_load_with(w->g, &load, &first));
  assert_int_equal(first, w->now.edge_count);
  for (i = 0; i < n; i++) assert_true(edges[i].alive);
  w->now.edge_count += n;
}

/* Makes or drops an index of nodes or edges; what it must hold is in the model anyway. */
static tv_index any_index(world *w) {
  unsigned label = roll(w, LABELS + 1), property = roll(w, PROPERTIES - 1); /* numbers only */
  tv_index index = {(int32_t)roll(w, 2), NULL, property_names[property]};
  if (index.kind == TV_INDEX_NODES && label < LABELS) index.label = label_names[label];
  if (index.kind == TV_INDEX_EDGES && label < TYPES) index.label = type_names[label];
  return index;
}

static void step_index(world *w) {
  tv_index index = any_index(w);
  int status = tv_graph_index_create(w->g, &index, 0);
  if (status == TV_EXISTS && roll(w, 2)) status = tv_graph_index_drop(w->g, &index);
  assert_true(status == TV_OK || status == TV_EXISTS);
}

/* Merges some or all of the delta. */
static void step_compact(world *w) {
  uint64_t steps = roll(w, 4) == 0 ? 1 : 100, merged;
  test_ok(tv_graph_compact(w->g, steps, &merged));
  assert_true(merged <= steps);
}

static void step(world *w) {
  unsigned kind = roll(w, 100);
  if (roll(w, 100) == 0) step_index(w);
  if (w->merging && roll(w, 150) == 0) step_compact(w);
  if (w->merging && roll(w, 400) == 0) step_load(w);
  if (kind < 25)
    step_node_put(w);
  else if (kind < 28)
    step_node_delete(w);
  else if (kind < 38)
    step_label(w);
  else if (kind < 48)
    step_node_set(w);
  else if (kind < 84)
    step_edge_add(w);
  else if (kind < 90)
    step_edge_delete(w);
  else if (kind < 95)
    step_edge_set(w);
  else
    step_savepoint(w);
}

/* ---- Comparing ---- */

typedef struct seen_edges {
  const model *m;
  tv_graph *g;
  unsigned char *seen; /* times each edge was seen */
  tv_node at;          /* TV_NODE_NONE: all edges are walked */
  int direction;
} seen_edges;

static int check_edge(void *ctx, const tv_edge_ref *ref) {
  seen_edges *s = ctx;
  const model_edge *edge = &s->m->edges[ref->edge];
  assert_true(ref->edge < (tv_edge)s->m->edge_count && edge->alive);
  assert_int_equal(ref->from, edge->from);
  assert_int_equal(ref->to, edge->to);
  assert_string_equal(tv_graph_type_name(s->g, ref->type), type_names[edge->type]);
  if (s->at != TV_NODE_NONE) {
    assert_int_equal(s->direction == TV_OUT ? ref->from : ref->to, s->at);
  }
  s->seen[ref->edge]++;
  return 0;
}

static void check_edge_properties(const model *m, tv_graph *g, tv_edge edge) {
  tv_edge_ref ref;
  int i;
  test_ok(tv_graph_edge_find(g, edge, &ref));
  for (i = 0; i < PROPERTIES; i++) {
    int64_t expected = m->edges[edge].properties[i];
    tv_value value;
    int status = tv_graph_edge_get(g, &ref, property_names[i], &value);
    assert_int_equal(status, expected == 0 ? TV_NOTFOUND : TV_OK);
    assert_true(expected == 0 || is_value(&value, i, expected));
  }
}

static void check_edges(const model *m, tv_graph *g) {
  static unsigned char seen[3][EDGES];
  tv_types all = {0, NULL};
  seen_edges s = {m, g, seen[0], TV_NODE_NONE, TV_OUT};
  tv_node node;
  int i, d;
  memset(seen, 0, sizeof seen);
  test_ok(tv_graph_edges(g, NULL, check_edge, &s));
  for (node = 0; node < (tv_node)m->node_count; node++) {
    if (!m->nodes[node].alive) continue;
    for (d = TV_OUT; d <= TV_IN; d++) {
      s = (seen_edges){m, g, seen[d], node, d};
      test_ok(tv_graph_edges_at(g, node, d, all, check_edge, &s));
    }
  }
  for (i = 0; i < m->edge_count; i++) {
    for (d = 0; d < 3; d++) assert_int_equal(seen[d][i], m->edges[i].alive);
    if (m->edges[i].alive) check_edge_properties(m, g, (tv_edge)i);
  }
}

static void check_node(const model *m, tv_graph *g, tv_node node) {
  const model_node *expected = &m->nodes[node];
  char name[16];
  tv_value value;
  tv_slice key;
  tv_node found;
  int i;
  test_status(tv_graph_node_key(g, node, &key), expected->alive ? TV_OK : TV_ENONODE);
  if (!expected->alive) return;
  key_of(name, sizeof name, expected->key);
  assert_true(test_slice_is(key, name));
  test_ok(tv_graph_node_find(g, tv_str(name), &found));
  assert_int_equal(found, node);
  for (i = 0; i < LABELS; i++)
    test_status(tv_graph_label_has(g, node, label_names[i]),
                expected->labels >> i & 1 ? TV_OK : TV_NOTFOUND);
  for (i = 0; i < PROPERTIES; i++) {
    int status = tv_graph_node_get(g, node, property_names[i], &value);
    assert_int_equal(status, expected->properties[i] == 0 ? TV_NOTFOUND : TV_OK);
    assert_true(status != TV_OK || is_value(&value, i, expected->properties[i]));
  }
}

static int count_node(void *ctx, tv_node node) {
  (void)node;
  ++*(int *)ctx;
  return 0;
}

static void check_counts(const model *m, tv_graph *g) {
  int nodes = 0, edges = 0, i, label;
  tv_graph_stat stat;
  for (i = 0; i < m->node_count; i++) nodes += m->nodes[i].alive;
  for (i = 0; i < m->edge_count; i++) edges += m->edges[i].alive;
  test_ok(tv_graph_stat_get(g, &stat));
  assert_int_equal(stat.nodes, nodes);
  assert_int_equal(stat.edges, edges);
  assert_int_equal(stat.node_ids, m->node_count);
  for (label = 0; label < LABELS; label++) {
    int expected = 0, counted = 0, status;
    for (i = 0; i < m->node_count; i++)
      expected += m->nodes[i].alive && (m->nodes[i].labels >> label & 1);
    status = tv_graph_nodes(g, label_names[label], count_node, &counted);
    assert_true(status == TV_OK || (status == TV_ENOLABEL && expected == 0));
    assert_int_equal(counted, expected);
  }
}

/* Distances from `start` by relaxing all edges until nothing changes. UINT32_MAX: not reached. */
static void distances(const model *m, tv_node start, int direction, int type, uint32_t *out) {
  int changed = 1, i;
  for (i = 0; i < m->node_count; i++) out[i] = UINT32_MAX;
  out[start] = 0;
  while (changed) {
    changed = 0;
    for (i = 0; i < m->edge_count; i++) {
      const model_edge *e = &m->edges[i];
      if (!e->alive || (type >= 0 && e->type != type)) continue;
      if ((direction & TV_OUT) && out[e->from] != UINT32_MAX && out[e->to] > out[e->from] + 1) {
        out[e->to] = out[e->from] + 1;
        changed = 1;
      }
      if ((direction & TV_IN) && out[e->to] != UINT32_MAX && out[e->from] > out[e->to] + 1) {
        out[e->from] = out[e->to] + 1;
        changed = 1;
      }
    }
  }
}

typedef struct reached {
  const model *m;
  uint32_t *distance;
  int count;
} reached;

static int check_reached(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                         const tv_edge_ref *edge) {
  reached *r = ctx;
  assert_int_equal(r->distance[node], depth);
  if (depth > 0) {
    assert_int_equal(r->distance[parent], depth - 1);
    assert_true(r->m->edges[edge->edge].alive);
  }
  r->count++;
  return 0;
}

static void check_path(const model *m, tv_graph *g, tv_node from, tv_node to, int direction,
                       tv_types types, uint32_t expected) {
  tv_path path;
  size_t i;
  int status = tv_graph_shortest_path(g, from, to, direction, types, NULL, &path);
  if (expected == UINT32_MAX) {
    assert_int_equal(status, TV_NOTFOUND);
    return;
  }
  assert_int_equal(status, TV_OK);
  assert_int_equal(path.length, expected);
  assert_true(path.nodes[0] == from && path.nodes[path.length] == to);
  for (i = 0; i < path.length; i++) {
    const model_edge *e = &m->edges[path.edges[i].edge];
    int along = e->from == path.nodes[i] && e->to == path.nodes[i + 1];
    int against = e->to == path.nodes[i] && e->from == path.nodes[i + 1];
    assert_true(e->alive);
    assert_true(((direction & TV_OUT) && along) || ((direction & TV_IN) && against));
  }
  tv_graph_path_free(&path);
}

static void check_traversals(world *w, const model *m, tv_graph *g) {
  static uint32_t distance[IDS];
  int round, i;
  for (round = 0; round < 6; round++) {
    tv_node start = any_node(w), to = any_node(w);
    int direction = TV_OUT + (int)roll(w, 3), type = (int)roll(w, TYPES + 1), expected = 0;
    reached r = {m, distance, 0};
    tv_types types = {0, NULL};
    uint32_t number, depth_max = roll(w, 2) ? UINT32_MAX : roll(w, 4);
    if (!node_alive(m, start)) continue;
    if (type < TYPES) {
      if (tv_graph_type_find(g, type_names[type], &number) != TV_OK) continue;
      types = (tv_types){1, &number};
    }
    distances(m, start, direction, type < TYPES ? type : -1, distance);
    for (i = 0; i < m->node_count; i++)
      expected += distance[i] != UINT32_MAX && distance[i] <= depth_max;
    test_ok(tv_graph_bfs(g, 1, &start, direction, types, depth_max, NULL, check_reached, &r));
    assert_int_equal(r.count, expected);
    if (node_alive(m, to)) check_path(m, g, start, to, direction, types, distance[to]);
  }
}

static int index_problem(void *ctx, const char *sentence) {
  (void)ctx;
  fail_msg("%s", sentence);
  return 0;
}

static int number_of(const char *const *names, int n, const char *name) {
  int i = 0;
  while (name != NULL && i < n && strcmp(names[i], name) != 0) i++;
  return name == NULL ? -1 : i;
}

/* The value that an index must hold for an id; 0: none. */
static int64_t indexed_value(const model *m, const tv_index *index, int label, int property,
                             int id) {
  if (index->kind == TV_INDEX_NODES)
    return m->nodes[id].alive && (label < 0 || (m->nodes[id].labels >> label & 1))
               ? m->nodes[id].properties[property]
               : 0;
  return m->edges[id].alive && (label < 0 || m->edges[id].type == label)
             ? m->edges[id].properties[property]
             : 0;
}

/* A random range of a random index, if there is one, against all values of the model. */
static void check_index(world *w, const model *m, tv_graph *g) {
  tv_index index = any_index(w);
  int label = index.kind == TV_INDEX_NODES ? number_of(label_names, LABELS, index.label)
                                           : number_of(type_names, TYPES, index.label);
  int property = number_of(property_names, PROPERTIES, index.property), expected = 0, i, status;
  int64_t low = (int64_t)(test_random(&w->seed) >> roll(w, 60)) - 5, last = low;
  tv_value from = {TV_INT64, {low}};
  tv_index_range range = {.from = &from};
  tv_index_cursor *cursor;
  uint64_t id;
  if (tv_index_cursor_open(g, &index, &range, &cursor) != TV_OK) return;
  for (i = 0; i < (index.kind == TV_INDEX_NODES ? m->node_count : m->edge_count); i++) {
    int64_t value = indexed_value(m, &index, label, property, i);
    expected += value != 0 && value >= low;
  }
  while ((status = tv_index_cursor_next(cursor, &id)) == TV_OK) {
    int64_t value = indexed_value(m, &index, label, property, (int)id);
    assert_true(value != 0 && value >= last);
    last = value;
    expected--;
  }
  assert_int_equal(status, TV_END);
  assert_int_equal(expected, 0);
  tv_index_cursor_close(cursor);
}

/* What identifies an edge as seen from one end, weight included. */
static uint64_t edge_digest(tv_node neighbour, double weight) {
  uint64_t bits;
  memcpy(&bits, &weight, sizeof bits);
  return (bits ^ neighbour * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93);
}

static double weight_of(int property, int64_t number) {
  char text[24];
  tv_value value = value_of(property, number, text);
  if (value.type == TV_DOUBLE) return value.as.real;
  return value.type == TV_INT64 ? (double)value.as.integer : 1;
}

/* Algorithms see each edge once in each direction, with its weight. */
static void check_view(const model *m, tv_graph *g, int direction, int property) {
  static uint64_t expected[IDS];
  tvi_type_set all = {0};
  int damaged = 0, i, negative = 0;
  uint64_t edges = 0;
  tvi_view view;
  uint32_t number = TVI_NO_WEIGHT, node;
  if (property >= 0 &&
      tvi_name_find(g, TVI_NAME_PROPERTY, property_names[property], &number) != TV_OK)
    return;
  memset(expected, 0, sizeof expected);
  for (i = 0; i < m->edge_count; i++) {
    const model_edge *e = &m->edges[i];
    double weight = property < 0 ? 1 : weight_of(property, e->properties[property]);
    if (!e->alive) continue;
    negative |= weight < 0;
    edges++;
    expected[direction == TV_OUT ? e->from : e->to] +=
        edge_digest(direction == TV_OUT ? e->to : e->from, weight);
  }
  test_ok(tvi_view_open(&view, g, direction, &all, number, &damaged));
  assert_int_equal(view.edges, edges);
  assert_true(!negative || view.negative);
  for (node = 0; node < view.ids; node++) {
    tvi_view_run run = {0};
    uint64_t found = 0;
    uint32_t k;
    while (tvi_view_next(&view, node, &run))
      for (k = 0; k < run.n; k++)
        found += edge_digest(tvi_view_at(&view, run.list, k), tvi_view_weight(&run, k));
    assert_int_equal(found, expected[node]);
  }
  assert_false(damaged);
  tvi_view_close(&view);
}

static void check_views(const model *m, tv_graph *g) {
  int direction, property;
  test_ok(tvi_graph_enter(g));
  for (direction = TV_OUT; direction <= TV_IN; direction++)
    for (property = -1; property < PROPERTIES; property++) check_view(m, g, direction, property);
}

static int graph_problem(void *ctx, const char *sentence) {
  (void)ctx;
  fail_msg("%s", sentence);
  return 0;
}

static void check_all(world *w, const model *m, tv_graph *g) {
  tv_node node;
  test_ok(tv_graph_check(g, graph_problem, NULL, NULL));
  int i;
  test_ok(tvi_index_check(g, index_problem, NULL));
  for (i = 0; i < 6; i++) check_index(w, m, g);
  for (node = 0; node < (tv_node)m->node_count; node++) check_node(m, g, node);
  check_counts(m, g);
  check_edges(m, g);
  check_views(m, g);
  check_traversals(w, m, g);
}

static void end_round(world *w, const char *path) {
  tv_graph *g;
  tv_txn *reader;
  if (roll(w, 4) == 0) {
    tv_abort(w->txn);
    w->now = w->committed;
  } else {
    test_commit(w->txn);
    w->committed = w->now;
  }
  if (roll(w, 4) == 0) {
    test_close(w->db);
    w->db = test_open(path, 0);
  }
  reader = test_begin(w->db, TV_READ);
  if (tv_graph_open(reader, "model", 0, &g) == TV_OK)
    check_all(w, &w->committed, g);
  else
    assert_int_equal(w->committed.node_count, 0);
  tv_abort(reader);
}

static void run_rounds(int rounds, int merging) {
  char *folder = test_folder_make(), path[512];
  world *w = calloc(1, sizeof *w);
  int round, i;
  assert_non_null(w);
  w->merging = merging;
  test_path(path, sizeof path, folder, "model.tv");
  w->seed = test_seed();
  w->db = test_open(path, 0);
  for (round = 0; round < rounds; round++) {
    begin(w);
    for (i = 0; i < STEPS; i++) step(w);
    check_all(w, &w->now, w->g);
    end_round(w, path);
  }
  test_close(w->db);
  free(w);
  test_folder_remove(folder);
}

static void a_random_graph_equals_its_model(void **state) {
  (void)state;
  run_rounds(ROUNDS / 2, 0);
}

static void a_random_graph_equals_its_model_while_segments_are_merged(void **state) {
  (void)state;
  run_rounds(ROUNDS / 2, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_random_graph_equals_its_model),
      cmocka_unit_test(a_random_graph_equals_its_model_while_segments_are_merged)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
