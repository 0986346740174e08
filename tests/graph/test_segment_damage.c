/* SPDX-License-Identifier: MIT */
/*
 * Damaged segments: whatever their bytes, nothing crashes or reads outside, and every call succeeds
 * or says TV_ECORRUPT; a merge finds each flipped bit by the checksum.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "segment_internal.h"
#include "test_store.h"
#include "trivet_graph_algo.h"

enum { NODES = 300, EDGES = 2000, MUTANTS = 400 };

typedef struct fixture {
  uint64_t seed;
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  tv_store *segments;
} fixture;

static const tv_types all_types = {0, NULL};

static int set_up(void **state) {
  static fixture f;
  tv_property x = {"x", {TV_INT64, {0}}}, y = {"y", {TV_DOUBLE, {0}}};
  tv_node from[EDGES], to[EDGES];
  char key[16];
  int i;
  f.seed = test_seed();
  f.db = test_open_memory();
  f.txn = test_begin(f.db, TV_WRITE);
  test_ok(tv_graph_open(f.txn, "glass", TV_CREATE, &f.g));
  for (i = 0; i < NODES; i++) {
    snprintf(key, sizeof key, "%d", i);
    test_ok(tv_graph_node_put(f.g, tv_str(key), NULL, NULL));
  }
  for (i = 0; i < EDGES; i++) {
    from[i] = test_random(&f.seed) % NODES;
    to[i] = test_random(&f.seed) % NODES;
    x.value.as.integer = i;
    y.value.as.real = i / 7.0;
    if (i % 2) test_ok(tv_graph_edge_add(f.g, from[i], to[i], "f", 1, i % 4 == 1 ? &x : &y, NULL));
  }
  test_ok(tv_graph_compact(f.g, UINT64_MAX, NULL));
  test_ok(tv_graph_edges_load(f.g, "e", EDGES, from, to, NULL));
  test_ok(tv_graph_edge_delete(f.g, EDGES));
  test_ok(tvi_store_open(f.txn, TVI_KIND_GRAPH, "glass", "segments", 0, tv_bytes(NULL, 0),
                         &f.segments));
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  tv_abort(f->txn);
  test_close(f->db);
  return 0;
}

static void sound_or_corrupt(int status) {
  assert_true(status == TV_OK || status == TV_ECORRUPT || status == TV_NOTFOUND ||
              status == TV_EINVAL /* a weight that became negative */);
}

static int note_edge(void *ctx, const tv_edge_ref *edge) {
  *(uint64_t *)ctx += edge->to;
  return 0;
}

static int note_value(void *ctx, const char *name, tv_value value) {
  *(uint64_t *)ctx += (uint64_t)value.as.integer + (unsigned char)name[0];
  return 0;
}

static void read_everything(fixture *f) {
  uint32_t levels[NODES];
  double reals[NODES];
  tv_node nodes[NODES], i;
  uint64_t count = 0;
  tv_edge_ref ref;
  sound_or_corrupt(tv_graph_edges(f->g, NULL, note_edge, &count));
  for (i = 0; i < NODES; i += 7) {
    sound_or_corrupt(tv_graph_edges_at(f->g, i, TV_BOTH, all_types, note_edge, &count));
    sound_or_corrupt(tv_graph_edge_find(f->g, i * 10, &ref));
    sound_or_corrupt(tv_graph_edge_get(f->g, &ref, "x", &(tv_value){0}));
    if (tv_graph_edge_find(f->g, i, &ref) != TV_OK) continue;
    sound_or_corrupt(tv_graph_edge_properties(f->g, &ref, note_value, &count));
  }
  sound_or_corrupt(tv_graph_distances(f->g, NULL, 1, TV_BOTH, "x", reals, NULL, NODES));
  sound_or_corrupt(tv_graph_distances(f->g, NULL, 1, TV_OUT, "y", reals, NULL, NODES));
  sound_or_corrupt(tv_graph_check(f->g, NULL, NULL, NULL));
  sound_or_corrupt(tv_graph_khop_count(f->g, 1, TV_OUT, all_types, UINT32_MAX, NULL, &count));
  sound_or_corrupt(tv_graph_levels(f->g, NULL, 1, TV_OUT, levels, NULL, NODES));
  sound_or_corrupt(tv_graph_pagerank(f->g, NULL, 0.85, 2, NULL, reals, NODES));
  sound_or_corrupt(tv_graph_components(f->g, NULL, nodes, NODES, NULL));
  sound_or_corrupt(tv_graph_strong_components(f->g, NULL, nodes, NODES, NULL));
  sound_or_corrupt(tv_graph_triangles(f->g, NULL, &count));
  sound_or_corrupt(tv_graph_clustering(f->g, NULL, reals, NODES));
  sound_or_corrupt(tv_graph_label_propagation(f->g, NULL, 2, nodes, NODES));
}

/* A segment chosen at random: its key, and a copy of its value that is to be freed. */
static tv_slice pick(fixture *f, unsigned char key[TVI_SEGMENT_KEY_BYTES]) {
  uint64_t dice = test_random(&f->seed);
  tv_slice value;
  void *copy;
  tvi_segment_key(key, dice & 1 ? TV_OUT : TV_IN, 0, dice >> 1 & 1);
  test_ok(tv_store_get(f->segments, tv_bytes(key, TVI_SEGMENT_KEY_BYTES), &value));
  copy = malloc(value.size);
  assert_non_null(copy);
  memcpy(copy, value.data, value.size);
  return tv_bytes(copy, value.size);
}

/* Changes some bytes, cuts it off, or makes a number very large. */
static size_t mutate(fixture *f, unsigned char *bytes, size_t size) {
  unsigned i, kind = (unsigned)(test_random(&f->seed) % 4);
  if (kind == 0) return test_random(&f->seed) % size;
  for (i = 0; i < 1 + test_random(&f->seed) % 8; i++) {
    size_t at = test_random(&f->seed) % (kind == 1 ? TVI_SEGMENT_HEADER_BYTES : size - 4);
    if (kind == 3)
      tvi_store_le32(bytes + at, UINT32_MAX - (uint32_t)(test_random(&f->seed) % 3));
    else
      bytes[at] = (unsigned char)test_random(&f->seed);
  }
  return size;
}

static void no_bytes_of_a_segment_crash_a_reader(void **state) {
  fixture *f = *state;
  int i;
  for (i = 0; i < MUTANTS; i++) {
    unsigned char key[TVI_SEGMENT_KEY_BYTES], *bytes;
    tv_slice sound = pick(f, key);
    size_t size;
    bytes = malloc(sound.size);
    assert_non_null(bytes);
    memcpy(bytes, sound.data, sound.size);
    size = mutate(f, bytes, sound.size);
    test_ok(tv_store_put(f->segments, tv_bytes(key, sizeof key), tv_bytes(bytes, size), 0));
    read_everything(f);
    test_ok(tv_store_put(f->segments, tv_bytes(key, sizeof key), sound, 0));
    free(bytes);
    free((void *)sound.data);
  }
}

static void a_merge_finds_every_flipped_bit(void **state) {
  fixture *f = *state;
  int i;
  for (i = 0; i < 100; i++) {
    unsigned char key[TVI_SEGMENT_KEY_BYTES], *bytes;
    tv_slice sound = pick(f, key);
    tvi_segment segment;
    unsigned depth;
    size_t at, used;
    test_ok(tvi_segment_decode(sound, &segment));
    used = (size_t)segment.bytes;
    at = test_random(&f->seed) % used;
    bytes = malloc(sound.size);
    assert_non_null(bytes);
    memcpy(bytes, sound.data, sound.size);
    bytes[at] ^= (unsigned char)(1u << test_random(&f->seed) % 8);
    test_ok(tv_savepoint(f->txn, &depth));
    test_ok(tv_graph_edge_add(f->g, 1, 2, "f", 0, NULL, NULL));
    test_ok(tv_store_put(f->segments, tv_bytes(key, sizeof key), tv_bytes(bytes, sound.size), 0));
    test_status(tv_graph_check(f->g, NULL, NULL, NULL), TV_ECORRUPT);
    test_status(tv_graph_compact(f->g, UINT64_MAX, NULL), TV_ECORRUPT);
    assert_non_null(strstr(tv_txn_error(f->txn)->message, "glass"));
    test_ok(tv_savepoint_rollback(f->txn, depth));
    test_ok(tv_graph_open(f->txn, "glass", 0, &f->g));
    test_ok(tvi_store_open(f->txn, TVI_KIND_GRAPH, "glass", "segments", 0, tv_bytes(NULL, 0),
                           &f->segments));
    free(bytes);
    free((void *)sound.data);
  }
  test_ok(tv_graph_compact(f->g, UINT64_MAX, NULL));
}

#define with_graph(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      with_graph(no_bytes_of_a_segment_crash_a_reader),
      with_graph(a_merge_finds_every_flipped_bit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
