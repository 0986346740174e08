/* SPDX-License-Identifier: MIT */
/* tv_graph_check: a sound graph has no problem, and each kind of damage is reported. */
#include <stdio.h>
#include <string.h>

#include "segment_internal.h"
#include "test_store.h"

enum { NODES = 50, EDGES = 300 };

typedef struct fixture {
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  char said[4096];
} fixture;

/* Half of the edges in segments, some of these changed or deleted, half in the delta. */
static int set_up(void **state) {
  static fixture f;
  uint64_t seed = 7;
  tv_property properties[2] = {{"w", {TV_INT64, {0}}}, {"name", {TV_TEXT, {0}}}};
  char key[16];
  int i;
  f.said[0] = '\0';
  f.db = test_open_memory();
  f.txn = test_begin(f.db, TV_WRITE);
  test_ok(tv_graph_open(f.txn, "g", TV_CREATE, &f.g));
  for (i = 0; i < NODES; i++) {
    snprintf(key, sizeof key, "%d", i);
    test_ok(tv_graph_node_put(f.g, tv_str(key), i % 2 ? "odd" : NULL, NULL));
  }
  for (i = 0; i < EDGES; i++) {
    properties[0].value.as.integer = i;
    properties[1].value.as.bytes = tv_str("road");
    test_ok(tv_graph_edge_add(f.g, test_random(&seed) % NODES, test_random(&seed) % NODES, "e",
                              (size_t)(i % 3), properties, NULL));
    if (i == EDGES / 2) test_ok(tv_graph_compact(f.g, UINT64_MAX, NULL));
  }
  test_ok(tv_graph_edge_set(f.g, 10, "w", (tv_value){TV_INT64, {5}}));
  test_ok(tv_graph_edge_delete(f.g, 11));
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  tv_abort(f->txn);
  test_close(f->db);
  return 0;
}

static int note(void *ctx, const char *sentence) {
  fixture *f = ctx;
  size_t used = strlen(f->said);
  snprintf(f->said + used, sizeof f->said - used, "%s\n", sentence);
  return 0;
}

static tv_store *part(fixture *f, const char *name) {
  tv_store *store;
  test_ok(tvi_store_open(f->txn, TVI_KIND_GRAPH, "g", name, 0, tv_bytes(NULL, 0), &store));
  return store;
}

static void says(fixture *f, const char *expected) {
  uint64_t problems = 0;
  test_status(tv_graph_check(f->g, note, f, &problems), TV_ECORRUPT);
  assert_true(problems > 0);
  if (strstr(f->said, expected) == NULL) fail_msg("not said: %s, but:\n%s", expected, f->said);
}

static void a_sound_graph_has_no_problem(void **state) {
  fixture *f = *state;
  uint64_t problems = 9;
  test_ok(tv_graph_check(f->g, note, f, &problems));
  assert_int_equal(problems, 0);
  assert_string_equal(f->said, "");
}

static void the_adjacency_key_of(fixture *f, tv_edge edge, int direction,
                                 unsigned char key[TVI_ADJ_KEY_BYTES]) {
  tv_edge_ref ref;
  test_ok(tv_graph_edge_find(f->g, edge, &ref));
  if (direction == TV_OUT)
    tvi_adj_key(key, ref.from, ref.type, ref.to, ref.edge);
  else
    tvi_adj_key(key, ref.to, ref.type, ref.from, ref.edge);
}

static void an_edge_missing_at_one_end_is_named(void **state) {
  fixture *f = *state;
  unsigned char key[TVI_ADJ_KEY_BYTES];
  the_adjacency_key_of(f, EDGES - 1, TV_IN, key);
  test_ok(tv_store_delete(part(f, "in"), tv_bytes(key, sizeof key)));
  says(f, "edge 299 is at its source, node");
}

static void an_edge_missing_at_its_source_is_named(void **state) {
  fixture *f = *state;
  unsigned char key[TVI_ADJ_KEY_BYTES];
  the_adjacency_key_of(f, EDGES - 1, TV_OUT, key);
  test_ok(tv_store_delete(part(f, "out"), tv_bytes(key, sizeof key)));
  says(f, "edge 299 is at its target, node");
  assert_non_null(strstr(f->said, "edge 299 has a record but is not at its source"));
  assert_non_null(strstr(f->said, "the graph counts 299 edges and has 298"));
}

static void other_numbers_at_the_two_ends_are_found(void **state) {
  fixture *f = *state;
  unsigned char key[TVI_ADJ_KEY_BYTES];
  the_adjacency_key_of(f, 298, TV_IN, key); /* has the number, 298 % 3 == 1 */
  test_ok(tv_store_put(part(f, "in"), tv_bytes(key, sizeof key), tv_bytes(NULL, 0), 0));
  says(f, "other numbers");
}

static void a_deletion_of_what_is_in_no_segment_is_found(void **state) {
  static const unsigned char dead = TVI_DELTA_DEAD;
  fixture *f = *state;
  unsigned char key[TVI_ADJ_KEY_BYTES];
  the_adjacency_key_of(f, 297, TV_OUT, key);
  test_ok(tv_store_put(part(f, "out"), tv_bytes(key, sizeof key), tv_bytes(&dead, 1), 0));
  says(f, "edge 297 at node");
}

/* Changes one byte of a segment of the given direction. */
static void flip(fixture *f, int direction, size_t at) {
  unsigned char key[TVI_SEGMENT_KEY_BYTES], copy[16384];
  tv_slice value;
  tvi_segment_key(key, direction, 0, 0);
  test_ok(tv_store_get(part(f, "segments"), tv_bytes(key, sizeof key), &value));
  assert_true(value.size <= sizeof copy);
  memcpy(copy, value.data, value.size);
  copy[at] ^= 1;
  test_ok(
      tv_store_put(part(f, "segments"), tv_bytes(key, sizeof key), tv_bytes(copy, value.size), 0));
}

static void a_damaged_segment_is_named(void **state) {
  fixture *f = *state;
  flip(f, TV_IN, 500);
  says(f, "a segment of block 0 (in, type 0) is damaged");
}

static void properties_of_no_edge_are_found(void **state) {
  fixture *f = *state;
  unsigned char id[TVI_EDGE_KEY_BYTES];
  tv_slice value, wrapped;
  tv_store *props = part(f, "props");
  tvi_store_be40(id, 2);
  test_ok(tv_store_get(props, tv_bytes(id, sizeof id), &value));
  tvi_store_be40(id, 9999);
  test_ok(tvi_envelope_wrap(&f->g->codec, tv_bytes(id, sizeof id), tv_bytes("\1\1\1\1", 4), 0, 0,
                            &wrapped));
  test_ok(tv_store_put(props, tv_bytes(id, sizeof id), wrapped, 0));
  says(f, "there are properties of edge 9999, which does not exist");
  tvi_store_be40(id, 2);
  test_ok(tv_store_put(props, tv_bytes(id, sizeof id), tv_bytes("damage in here", 14), 0));
  says(f, "the properties of edge 2 are damaged");
}

static void keys_and_labels_that_lead_nowhere_are_found(void **state) {
  fixture *f = *state;
  unsigned char key[TVI_LABEL_KEY_BYTES] = {0, 0, 0, 0, 0, 0, 4};
  test_ok(tv_store_delete(part(f, "keys"), tv_str("7")));
  test_ok(tv_store_put(part(f, "labels"), tv_bytes(key, sizeof key), tv_bytes(NULL, 0), 0));
  key[6] = 5;
  test_ok(tv_store_delete(part(f, "labels"), tv_bytes(key, sizeof key)));
  says(f, "the key of node 7 does not lead to it");
  assert_non_null(strstr(f->said, "label 0 lists node 4, which does not have it"));
  assert_non_null(strstr(f->said, "label 0 does not list its node 5"));
  assert_non_null(strstr(f->said, "49 keys lead to 50 nodes"));
}

static int stop(void *ctx, const char *sentence) {
  (void)sentence;
  ++*(int *)ctx;
  return 1;
}

static void a_report_can_end_the_check(void **state) {
  fixture *f = *state;
  int calls = 0;
  flip(f, TV_IN, 500);
  test_ok(tv_store_delete(part(f, "keys"), tv_str("7")));
  test_status(tv_graph_check(f->g, stop, &calls, NULL), TV_STOP);
  assert_int_equal(calls, 1);
}

#define with_graph(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      with_graph(a_sound_graph_has_no_problem),
      with_graph(an_edge_missing_at_one_end_is_named),
      with_graph(an_edge_missing_at_its_source_is_named),
      with_graph(other_numbers_at_the_two_ends_are_found),
      with_graph(a_deletion_of_what_is_in_no_segment_is_found),
      with_graph(a_damaged_segment_is_named),
      with_graph(properties_of_no_edge_are_found),
      with_graph(keys_and_labels_that_lead_nowhere_are_found),
      with_graph(a_report_can_end_the_check),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
