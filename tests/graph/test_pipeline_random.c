/* SPDX-License-Identifier: MIT */
/*
 * Random traversals of random graphs, in delta, segments and deletes, against an enumerator that
 * makes all rows of a step before the next. What the order of rows decides (which row dedup keeps)
 * is compared by node only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_store.h"
#include "trivet_graph_traverse.h"

enum { NODES = 14, EDGES = 44, TYPES = 3, LENGTH = 48, ROWS_MAX = 30000, GRAPHS = 30, CASES = 120 };

typedef struct model_edge {
  int alive, from, to, type;
  int64_t weight; /* 0: none */
} model_edge;

typedef struct model_row {
  int length; /* edges */
  int nodes[LENGTH + 1];
  int edges[LENGTH];
  int outward[LENGTH];
} model_row;

typedef struct model_rows {
  size_t n;
  model_row *rows;
} model_rows;

typedef struct world {
  uint64_t seed;
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  int alive[NODES], labelled[NODES];
  int64_t size[NODES]; /* 0: none */
  model_edge edges[EDGES];
  int edge_count;
  uint32_t types[TYPES];
  model_rows now, made;
  tv_traversal *t;
  int paths_known; /* 0: only the rows' nodes are */
  int too_many;
} world;

static int roll(world *w, int below) {
  return (int)(test_random(&w->seed) % (unsigned)below);
}

/* ---- Graphs ---- */

static void make_edge(world *w, const char *type, int number) {
  model_edge *e = &w->edges[w->edge_count];
  tv_property weight = {"weight", {.type = TV_INT64}};
  tv_edge id;
  *e = (model_edge){1, roll(w, NODES), roll(w, NODES), number, roll(w, 4)};
  weight.value.as.integer = e->weight;
  test_ok(tv_graph_edge_add(w->g, (tv_node)e->from, (tv_node)e->to, type, e->weight != 0, &weight,
                            &id));
  assert_int_equal(id, w->edge_count++);
}

static void make_graph(world *w) {
  static const char *const names[TYPES] = {"red", "green", "blue"};
  uint64_t merged;
  int i, merge_at = roll(w, EDGES * 2);
  w->db = test_open_memory();
  w->txn = test_begin(w->db, TV_WRITE);
  test_ok(tv_graph_open(w->txn, "g", TV_CREATE, &w->g));
  w->edge_count = 0;
  for (i = 0; i < NODES; i++) {
    tv_property size = {"size", {.type = TV_INT64}};
    char key[16];
    snprintf(key, sizeof key, "n%d", i);
    w->alive[i] = 1;
    w->labelled[i] = roll(w, 2);
    w->size[i] = roll(w, 5);
    size.value.as.integer = w->size[i];
    test_ok(tv_graph_node_upsert(w->g, tv_str(key), w->labelled[i] || i == 0 ? "L" : NULL,
                                 w->size[i] != 0, &size, NULL));
  }
  w->labelled[0] = 1;
  for (i = 0; i < EDGES; i++) {
    int type = i < TYPES ? i : roll(w, TYPES);
    make_edge(w, names[type], type);
    if (i == merge_at) test_ok(tv_graph_compact(w->g, 100, &merged));
  }
  for (i = 0; i < EDGES; i++)
    if (roll(w, 6) == 0 && w->edges[i].alive) {
      test_ok(tv_graph_edge_delete(w->g, (tv_edge)i));
      w->edges[i].alive = 0;
    }
  for (i = 1; i < NODES; i++)
    if (roll(w, 10) == 0) {
      int j;
      test_ok(tv_graph_node_delete(w->g, (tv_node)i));
      w->alive[i] = 0;
      for (j = 0; j < EDGES; j++)
        if (w->edges[j].from == i || w->edges[j].to == i) w->edges[j].alive = 0;
    }
  for (i = 0; i < TYPES; i++) test_ok(tv_graph_type_find(w->g, names[i], &w->types[i]));
  if (roll(w, 2)) { /* read what was committed */
    test_commit(w->txn);
    w->txn = test_begin(w->db, TV_READ);
    test_ok(tv_graph_open(w->txn, "g", 0, &w->g));
  }
}

/* ---- Steps, of the model ---- */

static void keep_row(world *w, model_rows *rows, const model_row *row) {
  if (rows->n == ROWS_MAX)
    w->too_many = 1;
  else
    rows->rows[rows->n++] = *row;
}

static void next_rows(world *w) {
  model_rows swap = w->now;
  w->now = w->made;
  w->made = swap;
  w->made.n = 0;
}

/* All rows one edge longer than a row. Returns how many. */
static void lengthen(world *w, const model_row *row, int direction, int types, model_rows *out) {
  int d, e, at = row->nodes[row->length];
  if (row->length == LENGTH) {
    w->too_many = 1;
    return;
  }
  for (d = TV_OUT; d <= TV_IN; d++)
    for (e = 0; e < w->edge_count && (direction & d) != 0; e++) {
      const model_edge *edge = &w->edges[e];
      model_row longer = *row;
      if (!edge->alive || (types >> edge->type & 1) == 0) continue;
      if ((d == TV_OUT ? edge->from : edge->to) != at) continue;
      longer.edges[row->length] = e;
      longer.outward[row->length] = d == TV_OUT;
      longer.nodes[++longer.length] = d == TV_OUT ? edge->to : edge->from;
      keep_row(w, out, &longer);
    }
}

typedef struct hop {
  int direction, types;
  int on, op; /* a condition; on -1: none */
  int64_t value;
} hop;

static int holds(int64_t have, int op, int64_t value) {
  switch (op) {
    case TV_EQ:
      return have != 0 && have == value;
    case TV_NE:
      return have != 0 && have != value;
    case TV_LT:
      return have != 0 && have < value;
    case TV_LE:
      return have != 0 && have <= value;
    case TV_GT:
      return have != 0 && have > value;
    case TV_GE:
      return have != 0 && have >= value;
    case TV_HAS:
      return have != 0;
    default:
      return have == 0;
  }
}

static int row_holds(const world *w, const model_row *row, int on, int op, int64_t value) {
  int64_t have;
  if (on == TV_ON_NODE)
    have = w->size[row->nodes[row->length]];
  else
    have = row->length == 0 ? 0 : w->edges[row->edges[row->length - 1]].weight;
  return holds(have, op, value);
}

static int recurs(const model_row *row, int base, int mode) {
  int i, last = row->length;
  for (i = base; i < last; i++) {
    if (mode == TV_REPEAT_ACYCLIC && row->nodes[i] == row->nodes[last]) return 1;
    if (mode == TV_REPEAT_TRAIL && i < last - 1 && row->edges[i] == row->edges[last - 1]) return 1;
  }
  return 0;
}

/* One hop of a repeat over w->now, into w->now. */
static void repeat_hop(world *w, const hop *h, int mode, int hops_done) {
  size_t i, kept = 0;
  for (i = 0; i < w->now.n; i++) lengthen(w, &w->now.rows[i], h->direction, h->types, &w->made);
  next_rows(w);
  for (i = 0; i < w->now.n; i++) {
    const model_row *row = &w->now.rows[i];
    if (h->on >= 0 && !row_holds(w, row, h->on, h->op, h->value)) continue;
    if (recurs(row, row->length - hops_done - 1, mode)) continue;
    w->now.rows[kept++] = *row;
  }
  w->now.n = kept;
}

static void reach_new(world *w, int *reached) {
  size_t i, kept = 0;
  for (i = 0; i < w->now.n; i++) {
    int node = w->now.rows[i].nodes[w->now.rows[i].length];
    if (reached[node]) continue;
    reached[node] = 1;
    w->now.rows[kept++] = w->now.rows[i];
  }
  w->now.n = kept;
}

static void model_repeat(world *w, int min, int max, int mode, const hop *hops, int hop_count) {
  static model_row given[ROWS_MAX];
  int reached[NODES] = {0}, round, i;
  size_t n = 0, j;
  if (mode == TV_REPEAT_REACH) reach_new(w, reached);
  for (round = 0; round <= max && !w->too_many; round++) {
    for (i = 0; i < hop_count && round > 0; i++)
      repeat_hop(w, &hops[i], mode, (round - 1) * hop_count + i);
    if (mode == TV_REPEAT_REACH && round > 0) reach_new(w, reached);
    for (j = 0; j < w->now.n && round >= min && !w->too_many; j++) {
      if (n == ROWS_MAX) w->too_many = 1;
      if (n < ROWS_MAX) given[n++] = w->now.rows[j];
    }
  }
  memcpy(w->now.rows, given, n * sizeof *given);
  w->now.n = n;
}

/* ---- Steps, of both ---- */

static tv_types type_set(const world *w, int bits, uint32_t out[TYPES]) {
  tv_types types = {0, out};
  int i;
  for (i = 0; i < TYPES; i++)
    if (bits >> i & 1) out[types.n++] = w->types[i];
  return bits == (1 << TYPES) - 1 ? (tv_types){0, NULL} : types;
}

static int keep_odd(void *ctx, const tv_row *row) {
  (void)ctx;
  if (row->path != NULL) {
    assert_int_equal(row->path->length, row->depth);
    assert_int_equal(row->path->nodes[row->depth], row->node);
  }
  return row->node % 2 == 1;
}

static void step_expand(world *w) {
  int direction = 1 + roll(w, 3), types = 1 + roll(w, (1 << TYPES) - 1);
  uint32_t set[TYPES];
  size_t i;
  test_ok(tv_traversal_expand(w->t, direction, type_set(w, types, set)));
  for (i = 0; i < w->now.n; i++) lengthen(w, &w->now.rows[i], direction, types, &w->made);
  next_rows(w);
}

static void step_where(world *w, int on) {
  int op = roll(w, TV_LACKS + 1), known = roll(w, 8) != 0;
  tv_value value = {.type = TV_INT64, .as.integer = roll(w, 6)};
  size_t i, kept = 0;
  const char *name = on == TV_ON_NODE ? "size" : "weight";
  test_ok(tv_traversal_where(w->t, on, known ? name : "nobody uses it", op, &value));
  for (i = 0; i < w->now.n; i++)
    if (known ? row_holds(w, &w->now.rows[i], on, op, value.as.integer) : op == TV_LACKS)
      w->now.rows[kept++] = w->now.rows[i];
  w->now.n = kept;
}

static void step_label(world *w) {
  size_t i, kept = 0;
  test_ok(tv_traversal_has_label(w->t, "L"));
  for (i = 0; i < w->now.n; i++)
    if (w->labelled[w->now.rows[i].nodes[w->now.rows[i].length]])
      w->now.rows[kept++] = w->now.rows[i];
  w->now.n = kept;
}

static void step_filter(world *w) {
  size_t i, kept = 0;
  test_ok(tv_traversal_filter(w->t, keep_odd, NULL));
  for (i = 0; i < w->now.n; i++)
    if (w->now.rows[i].nodes[w->now.rows[i].length] % 2 == 1) w->now.rows[kept++] = w->now.rows[i];
  w->now.n = kept;
}

static void step_dedup(world *w) {
  int reached[NODES] = {0};
  test_ok(tv_traversal_dedup(w->t));
  reach_new(w, reached);
  w->paths_known = 0;
}

static void step_repeat(world *w) {
  int mode = roll(w, 4), max = 1 + roll(w, mode == TV_REPEAT_WALK ? 3 : 4), min = roll(w, max + 1);
  int hop_count = 1 + roll(w, 4) / 3, i, endless = mode == TV_REPEAT_REACH && roll(w, 3) == 0;
  hop hops[2];
  test_ok(tv_traversal_repeat(w->t, (uint32_t)min, endless ? UINT32_MAX : (uint32_t)max, mode));
  for (i = 0; i < hop_count; i++) {
    hop *h = &hops[i];
    uint32_t set[TYPES];
    *h = (hop){1 + roll(w, 3), 1 + roll(w, (1 << TYPES) - 1), roll(w, 3) - 1, roll(w, TV_LACKS + 1),
               roll(w, 6)};
    /* Which of several rows reaches a node decides on later conditions on its edge: not at the end
     * of a search. */
    tv_value value = {.type = TV_INT64, .as.integer = h->value};
    test_ok(tv_traversal_expand(w->t, h->direction, type_set(w, h->types, set)));
    if (h->on >= 0)
      test_ok(
          tv_traversal_where(w->t, h->on, h->on == TV_ON_NODE ? "size" : "weight", h->op, &value));
  }
  test_ok(tv_traversal_repeat_end(w->t));
  model_repeat(w, min, endless ? NODES : max, mode, hops, hop_count);
  if (mode == TV_REPEAT_REACH) w->paths_known = 0;
}

static void start(world *w) {
  tv_node nodes[6];
  char bytes[6][16];
  tv_slice keys[6];
  int kind = roll(w, 3), n = kind == 2 ? NODES : 1 + roll(w, 6), i;
  w->now.n = w->made.n = 0;
  for (i = 0; i < n; i++) {
    int node = kind == 2 ? i : roll(w, NODES);
    model_row row = {0};
    row.nodes[0] = node;
    if (w->alive[node] && (kind != 2 || w->labelled[node])) keep_row(w, &w->now, &row);
    if (kind == 2) continue;
    nodes[i] = (tv_node)node;
    snprintf(bytes[i], sizeof bytes[i], "n%d", node);
    keys[i] = tv_str(bytes[i]);
  }
  if (kind == 0)
    test_ok(tv_traversal_nodes(w->t, (size_t)n, nodes));
  else if (kind == 1)
    test_ok(tv_traversal_keys(w->t, (size_t)n, keys));
  else
    test_ok(tv_traversal_label(w->t, "L"));
}

/* ---- Comparing ---- */

/* A row as numbers that sort: its end, or its whole path. */
typedef struct sign {
  int n;
  int numbers[2 * LENGTH + 1];
} sign;

static int by_sign(const void *a, const void *b) {
  return memcmp(a, b, sizeof(sign));
}

static sign sign_of_model(const world *w, const model_row *row) {
  sign s = {0};
  int i;
  if (!w->paths_known) {
    s.numbers[s.n++] = row->nodes[row->length];
    return s;
  }
  s.numbers[s.n++] = row->nodes[0];
  for (i = 0; i < row->length; i++) {
    s.numbers[s.n++] = row->edges[i];
    s.numbers[s.n++] = row->nodes[i + 1];
  }
  return s;
}

static sign sign_of_row(const world *w, const tv_row *row) {
  sign s = {0};
  size_t i;
  if (!w->paths_known) {
    s.numbers[s.n++] = (int)row->node;
    return s;
  }
  s.numbers[s.n++] = (int)row->path->nodes[0];
  for (i = 0; i < row->path->length; i++) {
    const tv_edge_ref *ref = &row->path->edges[i];
    const model_edge *edge = &w->edges[ref->edge];
    tv_node a = row->path->nodes[i], b = row->path->nodes[i + 1];
    assert_true(edge->alive && ref->from == (tv_node)edge->from && ref->to == (tv_node)edge->to);
    assert_int_equal(ref->type, w->types[edge->type]);
    assert_true((a == ref->from && b == ref->to) || (a == ref->to && b == ref->from));
    s.numbers[s.n++] = (int)ref->edge;
    s.numbers[s.n++] = (int)b;
  }
  if (row->depth > 0) assert_int_equal(row->edge.edge, row->path->edges[row->depth - 1].edge);
  return s;
}

/* Every sign of the traversal is one of the model's, as often at most. */
static void compare(const world *w, sign *have, size_t n, size_t skip, size_t limit) {
  static sign expected[ROWS_MAX];
  size_t i, j = 0, count = w->now.n < skip ? 0 : w->now.n - skip;
  if (count > limit) count = limit;
  assert_int_equal(n, count);
  for (i = 0; i < w->now.n; i++) expected[i] = sign_of_model(w, &w->now.rows[i]);
  qsort(expected, w->now.n, sizeof *expected, by_sign);
  qsort(have, n, sizeof *have, by_sign);
  for (i = 0; i < n; i++, j++) {
    while (j < w->now.n && by_sign(&expected[j], &have[i]) < 0) j++;
    assert_true(j < w->now.n && by_sign(&expected[j], &have[i]) == 0);
  }
}

static void read_all(world *w, size_t skip, size_t limit) {
  static sign have[ROWS_MAX];
  size_t n = 0;
  tv_row row;
  uint64_t count;
  int status;
  while ((status = tv_traversal_next(w->t, &row)) == TV_OK) {
    assert_true(n < ROWS_MAX);
    have[n++] = sign_of_row(w, &row);
    if (n == 100 && roll(w, 4) == 0 && !w->paths_known) {
      test_ok(tv_traversal_count(w->t, &count));
      assert_true(n + count <= w->now.n);
      return;
    }
  }
  test_status(status, TV_END);
  compare(w, have, n, skip, limit);
}

static void one_case(world *w) {
  int steps = roll(w, 5), wide = roll(w, 3) == 0, i, edge_known = 1;
  size_t skip = 0, limit = SIZE_MAX;
  w->too_many = 0;
  test_ok(tv_traversal_open(w->g, TV_TRAVERSE_PATHS, &w->t));
  w->paths_known = 1;
  start(w);
  for (i = 0; i < steps && !w->too_many; i++) {
    int kind = wide ? 8 * roll(w, 2) : roll(w, 10); /* wide: many rows, few conditions */
    if (kind < 3) step_expand(w);
    if (kind < 3) edge_known = 1;
    if (kind == 3) step_where(w, TV_ON_NODE);
    if (kind == 4 && edge_known) step_where(w, TV_ON_EDGE);
    if (kind == 5) step_label(w);
    if (kind == 6) step_filter(w);
    if (kind == 7) step_dedup(w);
    if (kind > 7) step_repeat(w);
    edge_known = edge_known && w->paths_known;
  }
  if (roll(w, 4) == 0) test_ok(tv_traversal_skip(w->t, skip = (size_t)roll(w, 50)));
  if (roll(w, 4) == 0) test_ok(tv_traversal_limit(w->t, limit = (size_t)roll(w, 200)));
  if (!w->too_many) read_all(w, skip, limit);
  tv_traversal_close(w->t);
}

static void random_traversals_give_the_rows_of_an_enumerator(void **state) {
  world *w = calloc(1, sizeof *w);
  int i, j;
  (void)state;
  assert_non_null(w);
  w->seed = test_seed();
  w->now.rows = malloc(ROWS_MAX * sizeof(model_row));
  w->made.rows = malloc(ROWS_MAX * sizeof(model_row));
  assert_true(w->now.rows != NULL && w->made.rows != NULL);
  for (i = 0; i < GRAPHS; i++) {
    make_graph(w);
    for (j = 0; j < CASES; j++) one_case(w);
    tv_abort(w->txn);
    test_close(w->db);
  }
  free(w->now.rows);
  free(w->made.rows);
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_traversals_give_the_rows_of_an_enumerator)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
