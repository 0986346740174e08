/* SPDX-License-Identifier: MIT */
/* Damaged records: each is TV_ECORRUPT with a message that names the graph and the node or edge,
 * and none crashes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph_internal.h"
#include "test_store.h"

typedef struct fixture {
  tv_db *db;
  tv_txn *txn;
  tv_graph *g;
  tv_node a, b;
  tv_edge e;
  tv_edge_ref ref;
} fixture;

static const tv_types all_types = {0, NULL};

static int set_up(void **state) {
  static fixture f;
  tv_property property = {"weight", {TV_INT64, {7}}};
  f.db = test_open_memory();
  f.txn = test_begin(f.db, TV_WRITE);
  test_ok(tv_graph_open(f.txn, "glass", TV_CREATE, &f.g));
  test_ok(tv_graph_node_put(f.g, tv_str("a"), "L", &f.a));
  test_ok(tv_graph_node_put(f.g, tv_str("b"), "L", &f.b));
  test_ok(tv_graph_node_set(f.g, f.b, "weight", property.value));
  test_ok(tv_graph_edge_add(f.g, f.a, f.b, "e", 1, &property, &f.e));
  test_ok(tv_graph_edge_find(f.g, f.e, &f.ref));
  *state = &f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  tv_abort(f->txn);
  test_close(f->db);
  return 0;
}

static tv_store *part(fixture *f, const char *name) {
  tv_store *store;
  test_ok(tvi_store_open(f->txn, TVI_KIND_GRAPH, "glass", name, 0, tv_bytes(NULL, 0), &store));
  return store;
}

static void check_message(fixture *f, const char *what) {
  const char *message = tv_txn_error(f->txn)->message;
  assert_int_equal(tv_txn_error(f->txn)->status, TV_ECORRUPT);
  assert_non_null(strstr(message, "glass"));
  assert_non_null(strstr(message, what));
}

static int ignore_property(void *ctx, const char *name, tv_value value) {
  (void)ctx, (void)name, (void)value;
  return 0;
}

static int ignore_edge(void *ctx, const tv_edge_ref *edge) {
  (void)ctx, (void)edge;
  return 0;
}

static int ignore_label(void *ctx, const char *label) {
  (void)ctx, (void)label;
  return 0;
}

static int ignore_reached(void *ctx, tv_node node, uint32_t depth, tv_node parent,
                          const tv_edge_ref *edge) {
  (void)ctx, (void)node, (void)depth, (void)parent, (void)edge;
  return 0;
}

/* Every byte of the stored value under `key`, flipped in turn, must make `use` fail. */
static void flip_each_byte(fixture *f, tv_store *store, tv_slice key, int (*use)(fixture *f),
                           const char *what) {
  unsigned char saved[256];
  tv_slice value;
  size_t size, i;
  test_ok(tv_store_get(store, key, &value));
  size = value.size;
  assert_true(size > 0 && size <= sizeof saved);
  memcpy(saved, value.data, size);
  for (i = 0; i < size; i++) {
    saved[i] ^= 0x41;
    test_ok(tv_store_put(store, key, tv_bytes(saved, size), 0));
    test_status(use(f), TV_ECORRUPT);
    check_message(f, what);
    saved[i] ^= 0x41;
  }
  for (i = 0; i < size; i++) {
    if (i == 0 && what[0] == 'e') continue; /* an edge without properties has an empty value */
    test_ok(tv_store_put(store, key, tv_bytes(saved, i), 0));
    test_status(use(f), TV_ECORRUPT);
  }
  test_ok(tv_store_put(store, key, tv_bytes(saved, size), 0));
  test_ok(use(f));
}

static int use_node(fixture *f) {
  tv_slice key;
  return tv_graph_node_key(f->g, f->b, &key);
}

static int use_key(fixture *f) {
  tv_node node;
  return tv_graph_node_find(f->g, tv_str("b"), &node);
}

static int use_edge_record(fixture *f) {
  tv_edge_ref ref;
  return tv_graph_edge_find(f->g, f->e, &ref);
}

static int use_edge_properties(fixture *f) {
  tv_value value;
  return tv_graph_edge_get(f->g, &f->ref, "weight", &value);
}

static void a_flipped_byte_is_found_wherever_it_is(void **state) {
  fixture *f = *state;
  unsigned char id[TVI_NODE_KEY_BYTES], edge[TVI_ADJ_KEY_BYTES];
  tvi_store_be40(id, f->b);
  flip_each_byte(f, part(f, "nodes"), tv_bytes(id, sizeof id), use_node, "node 1");
  flip_each_byte(f, part(f, "keys"), tv_str("b"), use_key, "\"b\"");
  tvi_store_be40(id, f->e);
  flip_each_byte(f, part(f, "edges"), tv_bytes(id, sizeof id), use_edge_record,
                 "the record of edge 0");
  tvi_adj_key(edge, f->a, f->ref.type, f->b, f->e);
  flip_each_byte(f, part(f, "out"), tv_bytes(edge, sizeof edge), use_edge_properties, "edge 0");
}

/* Puts a payload with a right checksum as node b's record. */
static void forge_node(fixture *f, const void *payload, size_t size) {
  unsigned char id[TVI_NODE_KEY_BYTES];
  tvi_codec codec = {0};
  tv_slice wrapped;
  tvi_store_be40(id, f->b);
  test_ok(
      tvi_envelope_wrap(&codec, tv_bytes(id, sizeof id), tv_bytes(payload, size), 0, 0, &wrapped));
  test_ok(tv_store_put(part(f, "nodes"), tv_bytes(id, sizeof id), wrapped, 0));
  tvi_codec_free(&codec);
}

static void check_forged_node(fixture *f) {
  tv_value value;
  int status = tv_graph_node_get(f->g, f->b, "weight", &value);
  assert_true(status == TV_OK || status == TV_NOTFOUND || status == TV_ECORRUPT);
  status = tv_graph_node_properties(f->g, f->b, ignore_property, NULL);
  assert_true(status == TV_OK || status == TV_ECORRUPT);
  status = tv_graph_node_labels(f->g, f->b, ignore_label, NULL);
  assert_true(status == TV_OK || status == TV_ECORRUPT);
  value = (tv_value){TV_INT64, {5}};
  status = tv_graph_node_set(f->g, f->b, "weight", value);
  assert_true(status == TV_OK || status == TV_ECORRUPT);
}

static void records_with_a_wrong_structure_and_a_right_checksum_are_refused(void **state) {
  static const struct {
    unsigned char bytes[12];
    size_t size;
  } wrong[] = {
      {{0}, 0},                                 /* nothing */
      {{0, 0}, 2},                              /* an empty key */
      {{5, 'b'}, 2},                            /* a key cut off */
      {{1, 'b'}, 2},                            /* no count of labels */
      {{1, 'b', 2, 0}, 4},                      /* labels cut off */
      {{1, 'b', 2, 1, 0}, 5},                   /* labels out of order */
      {{1, 'b', 1, 0xff, 0xff, 0xff, 0x7f}, 7}, /* a label beyond all numbers */
      {{0x80, 0x80, 0x80, 0x80}, 4},            /* a varint without end */
  };
  static const unsigned char bad_lists[][12] = {
      /* size of the list, then the list */
      {1, 0},                                 /* a count of none */
      {1, 1},                                 /* no property */
      {2, 1, 0},                              /* no type */
      {3, 1, 0, 9},                           /* an unknown type */
      {3, 1, 0, TV_INT64},                    /* no number */
      {4, 1, 0, TV_TEXT, 3},                  /* no bytes */
      {5, 1, 0, TV_DOUBLE, 1, 2},             /* half a double */
      {4, 1, 0, TV_BOOL, 2},                  /* a third truth */
      {5, 1, 0, TV_INT64, 2, 9},              /* bytes left over */
      {7, 2, 1, TV_INT64, 2, 0, TV_INT64, 2}, /* out of order */
      {4, 1, 0x77, TV_INT64, 2},              /* a property without a name */
  };
  fixture *f = *state;
  unsigned char payload[16];
  tv_slice key;
  size_t i;
  for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    forge_node(f, wrong[i].bytes, wrong[i].size);
    test_status(tv_graph_node_key(f->g, f->b, &key), TV_ECORRUPT);
    check_message(f, "node 1");
  }
  memcpy(payload, "\1b\0", 3);
  for (i = 0; i < sizeof bad_lists / sizeof *bad_lists; i++) {
    memcpy(payload + 3, bad_lists[i] + 1, bad_lists[i][0]);
    forge_node(f, payload, 3u + bad_lists[i][0]);
    test_status(tv_graph_node_properties(f->g, f->b, ignore_property, NULL), TV_ECORRUPT);
    check_message(f, "node 1");
  }
}

static void random_records_never_crash(void **state) {
  fixture *f = *state;
  uint64_t seed = test_seed();
  int i;
  for (i = 0; i < 20000; i++) {
    unsigned char payload[24] = {1, 'b', 1, 0, 2, 0, TV_INT64, 4, 1, TV_TEXT, 2, 'h', 'i'};
    size_t size = 13 + test_random(&seed) % 4, changes = 1 + test_random(&seed) % 3;
    while (changes-- > 0) payload[test_random(&seed) % size] = (unsigned char)test_random(&seed);
    forge_node(f, payload, test_random(&seed) % 4 == 0 ? test_random(&seed) % size : size);
    check_forged_node(f);
  }
}

static void a_key_of_a_wrong_length_in_the_adjacency_is_found(void **state) {
  fixture *f = *state;
  unsigned char key[TVI_ADJ_KEY_BYTES];
  tv_path path;
  tvi_adj_key(key, f->a, 0, f->b, 7);
  test_ok(tv_store_put(part(f, "out"), tv_bytes(key, 9), tv_bytes(NULL, 0), 0));
  test_status(tv_graph_edges_at(f->g, f->a, TV_OUT, all_types, ignore_edge, NULL), TV_ECORRUPT);
  check_message(f, "node 0");
  test_status(tv_graph_edges(f->g, NULL, ignore_edge, NULL), TV_ECORRUPT);
  test_status(
      tv_graph_bfs(f->g, 1, &f->a, TV_OUT, all_types, UINT32_MAX, NULL, ignore_reached, NULL),
      TV_ECORRUPT);
  test_status(tv_graph_shortest_path(f->g, f->a, f->b, TV_OUT, all_types, NULL, &path),
              TV_ECORRUPT);
}

static void a_neighbour_that_never_was_is_found(void **state) {
  fixture *f = *state;
  unsigned char key[TVI_ADJ_KEY_BYTES];
  tv_path path;
  tvi_adj_key(key, f->a, 0, TV_NODES_MAX - 1, 7);
  test_ok(tv_store_put(part(f, "out"), tv_bytes(key, sizeof key), tv_bytes(NULL, 0), 0));
  test_status(
      tv_graph_bfs(f->g, 1, &f->a, TV_OUT, all_types, UINT32_MAX, NULL, ignore_reached, NULL),
      TV_ECORRUPT);
  check_message(f, "node 0");
  test_ok(tv_graph_node_put(f->g, tv_str("far"), NULL, &f->b));
  test_status(tv_graph_shortest_path(f->g, f->a, f->b, TV_OUT, all_types, NULL, &path),
              TV_ECORRUPT);
}

static void an_edge_with_a_record_missing_is_found_when_it_is_deleted(void **state) {
  fixture *f = *state;
  unsigned char key[TVI_ADJ_KEY_BYTES];
  tvi_adj_key(key, f->b, f->ref.type, f->a, f->e);
  test_ok(tv_store_delete(part(f, "in"), tv_bytes(key, sizeof key)));
  test_status(tv_graph_edge_delete(f->g, f->e), TV_ECORRUPT);
  check_message(f, "edge 0");
}

static void an_index_without_its_entry_is_found(void **state) {
  fixture *f = *state;
  unsigned char key[TVI_LABEL_KEY_BYTES] = {0};
  tvi_store_be40(key + 2, f->a);
  test_ok(tv_store_delete(part(f, "labels"), tv_bytes(key, sizeof key)));
  test_status(tv_graph_label_remove(f->g, f->a, "L"), TV_ECORRUPT);
  check_message(f, "node 0");
}

static int ignore_node(void *ctx, tv_node node) {
  (void)ctx, (void)node;
  return 0;
}

static void keys_of_a_wrong_length_in_lists_of_nodes_are_found(void **state) {
  fixture *f = *state;
  test_ok(tv_store_put(part(f, "labels"), tv_bytes("\0\0\0", 3), tv_bytes(NULL, 0), 0));
  test_status(tv_graph_nodes(f->g, "L", ignore_node, NULL), TV_OK); /* before the first node */
  test_ok(tv_store_put(part(f, "labels"), tv_bytes("\0\0\0\0\0\0\0\0", 8), tv_bytes(NULL, 0), 0));
  test_status(tv_graph_nodes(f->g, "L", ignore_node, NULL), TV_ECORRUPT);
  check_message(f, "nodes");
  test_ok(tv_store_put(part(f, "nodes"), tv_bytes("\1", 1), tv_bytes(NULL, 0), 0));
  test_status(tv_graph_nodes(f->g, NULL, ignore_node, NULL), TV_ECORRUPT);
}

static void a_lost_store_is_named(void **state) {
  fixture *f = *state;
  tv_error err;
  test_ok(tv_commit(f->txn, &err));
  f->txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_store_drop(part(f, "in")));
  test_ok(tv_graph_open(f->txn, "glass", 0, &f->g));
  test_status(tv_graph_edges_at(f->g, f->a, TV_IN, all_types, ignore_edge, NULL), TV_ECORRUPT);
  check_message(f, "\"in\"");
}

static void damaged_names_and_floors_are_found(void **state) {
  fixture *f = *state;
  tv_store *master;
  tv_error err;
  uint32_t type;
  tv_value value;
  test_ok(tv_graph_edge_delete(f->g, f->e)); /* the last one: leaves a floor */
  test_ok(tvi_store_open(f->txn, TVI_KIND_GRAPH, "glass", NULL, 0, tv_bytes(NULL, 0), &master));
  test_ok(tv_store_put(master, tv_str("te"), tv_bytes("\0\0\0\0\0\0", 6), 0));
  test_ok(tv_store_put(master, tv_bytes("P\0\0", 3), tv_bytes("weigth\1\2\3\4", 10), 0));
  test_ok(tv_store_put(master, tv_str("fe"), tv_bytes("\0\0\0\0\7\0\0\0\0", 9), 0));
  test_ok(tv_commit(f->txn, &err));
  f->txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_graph_open(f->txn, "glass", 0, &f->g));
  test_status(tv_graph_type_find(f->g, "e", &type), TV_ECORRUPT);
  check_message(f, "edge type");
  test_ok(tv_graph_node_get(f->g, f->b, "weight", &value));
  tv_abort(f->txn);
  f->txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_graph_open(f->txn, "glass", 0, &f->g));
  test_status(tv_graph_node_properties(f->g, f->b, ignore_property, NULL), TV_ECORRUPT);
  check_message(f, "property");
  tv_abort(f->txn);
  f->txn = test_begin(f->db, TV_WRITE);
  test_ok(tv_graph_open(f->txn, "glass", 0, &f->g));
  test_status(tv_graph_edge_add(f->g, f->a, f->b, "other", 0, NULL, NULL), TV_ECORRUPT);
  check_message(f, "edge id");
}

#define damage_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      damage_test(a_flipped_byte_is_found_wherever_it_is),
      damage_test(records_with_a_wrong_structure_and_a_right_checksum_are_refused),
      damage_test(random_records_never_crash),
      damage_test(a_key_of_a_wrong_length_in_the_adjacency_is_found),
      damage_test(a_neighbour_that_never_was_is_found),
      damage_test(an_edge_with_a_record_missing_is_found_when_it_is_deleted),
      damage_test(an_index_without_its_entry_is_found),
      damage_test(keys_of_a_wrong_length_in_lists_of_nodes_are_found),
      damage_test(a_lost_store_is_named),
      damage_test(damaged_names_and_floors_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
